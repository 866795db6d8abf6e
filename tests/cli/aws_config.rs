//! AWS Config's files, in both directions.

use std::path::Path;

use assize::history::History;
use serde_json::Value as Json;

use crate::common::{Folder, data};

/// Every file below a folder, sorted, with `/` between folders.
fn files(folder: &Path) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("the folder is there") {
            let path = entry.expect("it is there").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is inside").to_string_lossy();
                found.push(name.replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

/// The verdicts of a report, without what two reports may differ in.
fn verdicts(report: &Json) -> Vec<Json> {
    report["evaluations"].as_array().expect("a report has evaluations").clone()
}

#[test]
fn an_exported_snapshot_is_judged_as_the_snapshot_is() {
    let folder = Folder::new();
    let scan = folder.assize(&["collect", "--demo", "-o", "demo.jsonl.gz"]);
    assert!([0, 3].contains(&scan.code()), "{scan}");
    let direct = folder.assize(&["evaluate", "demo.jsonl.gz", "--format", "json"]);
    for format in ["aws-config", "jsonl"] {
        let export = folder.assize(&["export", "demo.jsonl.gz", "--to", format, "--format", format]);
        assert!([0, 3].contains(&export.code()), "{export}");
        let judged = folder.assize(&["evaluate", format, "--format", "json"]);
        // Listings are not told by AWS Config's form, so a rule that needs a whole one cannot judge. What is judged is
        // judged the same.
        let direct = verdicts(&direct.json());
        let told: Vec<Json> = verdicts(&judged.json())
            .into_iter()
            .filter(|verdict| verdict["complianceType"] != "INSUFFICIENT_DATA")
            .collect();
        assert!(told.len() > direct.len() / 2, "{} of {} are judged", told.len(), direct.len());
        let without_reason = |verdict: &Json| {
            let members = ["rule", "accountId", "awsRegion", "resourceType", "resourceId", "key", "complianceType"];
            members.map(|member| verdict[member].clone())
        };
        let direct: Vec<_> = direct.iter().map(without_reason).collect();
        for verdict in told.iter().map(without_reason) {
            assert!(direct.contains(&verdict), "{verdict:?}");
        }
    }
    let names = files(&folder.path().join("aws-config"));
    let day = "/ConfigSnapshot/111122223333_Config_";
    assert!(
        names.iter().filter(|name| name.starts_with("AWSLogs/111122223333/Config/")).all(|name| name.contains(day))
    );
    let again = folder.assize(&["export", "demo.jsonl.gz", "--to", "again"]);
    assert!([0, 3].contains(&again.code()), "{again}");
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).expect("it is there");
    for name in &names {
        assert_eq!(bytes(&format!("aws-config/{name}")), bytes(&format!("again/{name}")), "{name}");
    }
}

#[test]
fn the_history_of_a_store_is_exported_and_imported_again() {
    let folder = Folder::new();
    let first = std::fs::read_to_string(data("cli/findings.jsonl")).expect("the data is there");
    // On the second day one volume is another, one is gone and one is there; on the third the one that was gone is back.
    let second = first
        .replace("2026-01-02T", "2026-01-03T")
        .replace("1767323045678", "1767409445678")
        .replace("vol-0000000000000000c", "vol-0000000000000000d")
        .replacen("\"encrypted\": true", "\"encrypted\": false", 1);
    let third = second.replace("2026-01-03T", "2026-01-04T").replace("vol-0000000000000000d", "vol-0000000000000000c");
    for (day, text) in [first, second, third].iter().enumerate() {
        let name = format!("{day}.jsonl");
        folder.write(&name, text);
        folder.assize(&["evaluate", &name, "--store", "assize.db", "--rule", "encrypted-volumes"]);
    }
    let export = |arguments: &[&str]| {
        let ran = folder.assize(&[&["export", "--store", "assize.db"], arguments].concat());
        assert!([0, 3].contains(&ran.code()), "{ran}");
        ran
    };
    let told = |name: &str| -> Vec<String> {
        let line = |text: &str| -> String {
            let item: Json = serde_json::from_str(text).expect("an item is JSON");
            let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
            format!(
                "{} {} {}",
                text("configurationItemCaptureTime"),
                text("resourceId"),
                text("configurationItemStatus")
            )
        };
        let mut lines = Vec::new();
        for file in files(&folder.path().join(name)).iter().filter(|file| file.rsplit('.').next() == Some("gz")) {
            let bytes = std::fs::read(folder.path().join(name).join(file)).expect("it is there");
            let mut text = String::new();
            std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*bytes), &mut text).expect("it is gzip");
            lines.extend(text.lines().map(line));
        }
        lines
    };
    let ran = export(&["--since", "2026-01-01", "--to", "history"]);
    insta::assert_snapshot!(
        "an exported history",
        format!("{ran}{}", files(&folder.path().join("history")).join("\n"))
    );
    export(&["--since", "2026-01-01", "--to", "lines", "--format", "jsonl"]);
    insta::assert_snapshot!("versions of an exported history", told("lines").join("\n"));
    export(&["--since", "2026-01-03", "--until", "2026-01-03T12:00Z", "--to", "day", "--format", "jsonl"]);
    assert!(
        told("day").len() == 3 && told("day").iter().all(|line| line.starts_with("2026-01-03")),
        "{:?}",
        told("day")
    );
    let versions = |store: &str| {
        let sql = "SELECT resource_id, status, captured_at, configuration, tags, relationships, valid_from, valid_to
            FROM versions ORDER BY 1, 2, 3";
        folder.assize(&["query", "--store", store, "--sql", sql, "-f", "csv"]).stdout().to_owned()
    };
    assert_eq!(folder.assize(&["import", "history", "--store", "again.db"]).code(), 0);
    assert_eq!(versions("again.db"), versions("assize.db"));
    // Of a moment the state is written, as of any snapshot.
    for (moment, like) in
        [(&[][..], "2.jsonl"), (&["--at", "1"], "0.jsonl"), (&["--at", "2026-01-03T12:00Z"], "1.jsonl")]
    {
        std::fs::remove_dir_all(folder.path().join("state")).ok();
        std::fs::remove_dir_all(folder.path().join("like")).ok();
        export(&[moment, &["--to", "state", "--format", "jsonl"]].concat());
        folder.assize(&["export", like, "--to", "like", "--format", "jsonl"]);
        let ids = |name: &str| {
            let ids = told(name).into_iter().map(|line| line.split(' ').nth(1).unwrap_or_default().to_owned());
            ids.collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(ids("state"), ids("like"), "{moment:?}");
    }
    let neither = folder.assize(&["export", "--to", "out"]);
    assert!(neither.code() == 2 && neither.stderr().contains("--store"), "{neither}");
}

#[test]
fn what_an_export_lacks_is_told() {
    let folder = Folder::new();
    let ran = folder.assize(&["export", &data("cli/both.jsonl"), "--to", "out"]);
    insta::assert_snapshot!(ran);
    let gaps: Json = serde_json::from_str(&folder.read("out/assize-gaps.json")).expect("it is JSON");
    assert_eq!(gaps["format"], "assize-gaps");
    assert!(gaps["gaps"].as_array().is_some_and(|gaps| !gaps.is_empty()));
    // What a complete export leaves behind is complete.
    let ran = folder.assize(&["export", &data("cli/clean.jsonl"), "--to", "out"]);
    assert_eq!(ran.code(), 0, "{ran}");
    assert!(!folder.path().join("out/assize-gaps.json").exists());
}

#[test]
fn hostile_items_do_not_leave_the_folder() {
    let folder = Folder::new();
    let line = |text: &str| format!("{text}\n");
    let head = r#"{"format":"assize-snapshot","version":1,"items":1,"capturedAt":"2026-01-02T03:04:05Z","source":"account","accounts":[],"regions":[]}"#;
    let item = r#"{"resourceType":"../../../type","resourceId":"../id","awsAccountId":"../../..","awsRegion":"/etc",
        "configurationItemStatus":"OK","configurationItemCaptureTime":"2026-01-02T03:04:05Z","configuration":{"a":1}}"#;
    folder.write("hostile.jsonl", [line(head), line(&item.replace('\n', ""))].concat());
    let ran = folder.assize(&["export", "hostile.jsonl", "--to", "deep/out"]);
    assert_eq!(ran.code(), 0, "{ran}");
    let names = files(folder.path());
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[0].starts_with("deep/out/AWSLogs/%2E%2E%2F%2E%2E%2F%2E%2E/Config/%2Fetc/2026/1/2/"), "{names:?}");
}

#[test]
fn a_folder_without_files_of_aws_config_is_refused() {
    let folder = Folder::new();
    folder.write("notes/snapshot.json", "{}");
    insta::assert_snapshot!(folder.assize(&["evaluate", "notes"]));
}

/// AWS Config's two answers, as AWS's command line prints them.
fn results(of: &[(&str, &str)]) -> String {
    let rule = |name: &str, owner: &str, identifier: &str, parameters: &str| {
        serde_json::json!({
            "ConfigRuleName": name,
            "ConfigRuleArn": format!("arn:aws:config:eu-west-1:111122223333:config-rule/config-rule-{name}"),
            "Source": {"Owner": owner, "SourceIdentifier": identifier},
            "InputParameters": parameters,
        })
    };
    let rules = [
        rule("volumes", "AWS", "ENCRYPTED_VOLUMES", r#"{"kmsId": ""}"#),
        rule("own", "CUSTOM_LAMBDA", "arn:aws:lambda:eu-west-1:111122223333:function:f", "{}"),
        rule("rare", "AWS", "A_RULE_OF_TOMORROW", "{}"),
    ];
    let results: Vec<Json> = of
        .iter()
        .map(|(id, answer)| {
            serde_json::json!({
                "EvaluationResultIdentifier": {"EvaluationResultQualifier": {
                    "ConfigRuleName": "volumes", "ResourceType": "AWS::EC2::Volume", "ResourceId": id}},
                "ComplianceType": answer,
                "ResultRecordedTime": "2026-01-02T03:04:05Z",
            })
        })
        .collect();
    format!("{}\n{}\n", serde_json::json!({"ConfigRules": rules}), serde_json::json!({"EvaluationResults": results}))
}

#[test]
fn disagreements_with_aws_config_are_told_one_by_one() {
    let folder = Folder::new();
    let snapshot = data("cli/both.jsonl");
    let ours = folder.assize(&["evaluate", &snapshot, "--rule", "encrypted-volumes", "--format", "json"]).json();
    let verdicts: Vec<(String, String)> = verdicts(&ours)
        .iter()
        .map(|verdict| {
            let text = |member: &str| verdict[member].as_str().expect("it is text").to_owned();
            (text("resourceId"), text("complianceType"))
        })
        .collect();
    assert!(verdicts.len() >= 3, "{verdicts:?}");
    let other = |answer: &str| if answer == "COMPLIANT" { "NON_COMPLIANT" } else { "COMPLIANT" };
    // The same verdicts, but for the first; and a volume that we do not know.
    let mut theirs: Vec<(&str, &str)> = verdicts.iter().map(|(id, answer)| (id.as_str(), answer.as_str())).collect();
    for (_, answer) in &mut theirs {
        if *answer == "INSUFFICIENT_DATA" {
            *answer = "COMPLIANT";
        }
    }
    let agreeing = theirs.clone();
    theirs[0].1 = other(theirs[0].1);
    theirs.push(("vol-0ffffffffffffffff", "NON_COMPLIANT"));
    folder.write("results.json", results(&theirs));
    let compare = ["compare-config", &snapshot, "--results", "results.json"];
    insta::assert_snapshot!(folder.assize(&compare));
    insta::assert_snapshot!(folder.assize(&[&compare[..], &["--format", "json"]].concat()));
    // A parameter of our own is told: the two are not run alike.
    let own = folder.assize(&[&compare[..], &["--param", "kmsId=1234abcd"]].concat());
    assert!(own.stdout().contains("parameter kmsId: not set in AWS Config, `1234abcd` here"), "{own}");

    folder.write("results.json", results(&agreeing));
    let ran = folder.assize(&compare);
    assert_eq!(ran.code(), 3, "what could not be judged is neither agreement nor disagreement: {ran}");
    folder.write("results.json", "{}");
    assert_eq!(folder.assize(&compare).code(), 2);
}

/// The versions of one resource in a store, as their times of capture and one fact.
fn versions(store: &Path, id: &str) -> Vec<(String, Option<String>)> {
    let history = History::open_existing(store).expect("the store is there");
    let [key] = history.find(id).expect("it can be read").try_into().expect("there is one such resource");
    let versions = history.versions(&key).expect("it can be read");
    let fact =
        |item: &assize::item::ConfigurationItem| item.pointer("/configuration/encrypted").map(ToString::to_string);
    versions.iter().map(|version| (version.item.capture_time.to_string(), fact(&version.item))).collect()
}

#[test]
fn a_folder_of_aws_config_becomes_a_history() {
    let folder = Folder::new();
    let place = "bucket/AWSLogs/111122223333/Config/eu-west-1";
    let name = "111122223333_Config_eu-west-1";
    let read = |name: &str| std::fs::read_to_string(data(&format!("config-export/{name}"))).expect("the data is there");
    folder.write(
        &format!("{place}/2025/11/3/ConfigSnapshot/{name}_ConfigSnapshot_20251103T130000Z_a.json"),
        read("snapshot.json"),
    );
    let volumes = format!("{name}_ConfigHistory_AWS::EC2::Volume");
    folder.write(
        &format!("{place}/2025/11/3/ConfigHistory/{volumes}_20251103T060000Z_20251103T120000Z_1.json"),
        read("history.json"),
    );
    folder.write(
        &format!("{place}/2025/11/4/ConfigHistory/{volumes}_20251104T060000Z_20251104T120000Z_1.json"),
        "{broken",
    );
    folder.write("bucket/AWSLogs/111122223333/Config/ConfigWritabilityCheckFile", "");
    folder.write("bucket/AWSLogs/111122223333/elasticloadbalancing/log.txt", "h2 2025");
    let ran = folder.assize(&["import", "bucket", "--store", "assize.db"]);
    insta::assert_snapshot!(ran);
    let once = versions(&folder.path().join("assize.db"), "vol-0a1b2c3d4e5f60718");
    assert!(once.len() > 1, "{once:?}");
    // What the files of two sorts say of it, all of it.
    for time in ["2025-11-03T10:20:30.400Z", "2025-11-03T11:00:00.000Z"] {
        assert!(once.iter().any(|(captured, _)| captured == time), "{time}: {once:?}");
    }
    assert!(once.iter().any(|(_, encrypted)| encrypted.as_deref() == Some("true")), "{once:?}");
    // Again, and in another order: the same.
    let again = folder.assize(&["import", "bucket", "bucket", "--store", "assize.db"]);
    assert_eq!(again.code(), 3, "{again}");
    assert_eq!(versions(&folder.path().join("assize.db"), "vol-0a1b2c3d4e5f60718"), once);

    let one_day =
        folder.assize(&["import", "bucket", "--store", "day.db", "--until", "2025-11-03", "--region", "eu-west-1"]);
    assert_eq!(one_day.code(), 0, "{one_day}");
    assert_eq!(versions(&folder.path().join("day.db"), "vol-0a1b2c3d4e5f60718"), once);
    let nothing = folder.assize(&["import", "bucket", "--store", "none.db", "--account", "444455556666"]);
    assert!(nothing.stderr().contains("0 versions of 0 files"), "{nothing}");
    assert_eq!(folder.assize(&["import", "missing", "--store", "x.db"]).code(), 2);
    assert!(!folder.path().join("x.db").exists());
}
