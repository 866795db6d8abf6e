//! Conformance packs at the command line.

use crate::common::{Folder, assize};

/// Rules that are judged, that a person has to check, that are not there, and one with a parameter that is none.
const PACK: &str = "Description: Mine
Parameters:
  MaxAge: {Type: String, Default: '90'}
Resources:
  Volumes:
    Type: AWS::Config::ConfigRule
    Controls: ['A.1', 'A.2']
    Properties:
      ConfigRuleName: volumes
      Source: {Owner: AWS, SourceIdentifier: ENCRYPTED_VOLUMES}
  Keys:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: keys
      InputParameters: {maxAccessKeyAge: !Ref MaxAge}
      Source: {Owner: AWS, SourceIdentifier: ACCESS_KEYS_ROTATED}
  Ports:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: ports
      InputParameters: {blockedPort1: many}
      Source: {Owner: AWS, SourceIdentifier: RESTRICTED_INCOMING_TRAFFIC}
  Contacts:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: contacts
      Source: {Owner: AWS, SourceIdentifier: AWS_CONFIG_PROCESS_CHECK}
  Own:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: own
      Source: {Owner: CUSTOM_LAMBDA, SourceIdentifier: 'arn:aws:lambda:eu-west-1:111122223333:function:own'}
  Mend:
    Type: AWS::Config::RemediationConfiguration
    Properties: {ConfigRuleName: volumes}
";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("mine.yaml", PACK);
    folder
}

#[test]
fn the_rules_of_a_pack_run_and_each_is_accounted_for() {
    let folder = folder();
    let scan = folder.assize(&["scan", "--demo", "--pack", "mine.yaml", "--format", "json"]);
    let json = scan.json();
    let ids: Vec<_> = json["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["access-keys-rotated", "encrypted-volumes"]);
    let [pack] = json["packs"].as_array().unwrap().as_slice() else { panic!("{scan}") };
    assert_eq!((&pack["name"], &pack["compliance"]), (&"mine".into(), &"NON_COMPLIANT".into()));
    let ends: Vec<_> = pack["rules"].as_array().unwrap().iter().map(|rule| rule["outcome"].as_str().unwrap()).collect();
    assert_eq!(ends, ["non_compliant", "non_compliant", "cannot_be_judged", "manual_process_check", "not_implemented"]);
    let sum: u64 = pack["summary"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(sum, 5);
    assert_eq!(pack["rules"][0]["controls"], serde_json::json!(["A.1", "A.2"]));
    let scan = folder.assize(&["scan", "--demo", "--pack", "mine.yaml"]);
    let said = scan.stdout();
    assert!(said.contains("pack mine: non-compliant, "), "{said}");
    assert!(
        said.contains("5 rules: 2 non-compliant, 1 cannot be judged, 1 to check by hand, 1 not implemented"),
        "{said}"
    );
}

#[test]
fn a_saved_report_keeps_its_packs() {
    let folder = folder();
    let scan = folder.assize(&["scan", "--demo", "--pack", "mine.yaml", "-f", "json"]);
    folder.write("saved.json", scan.stdout());
    assert_eq!(folder.assize(&["report", "saved.json", "-f", "json"]).stdout(), scan.stdout());
}

#[test]
fn a_parameter_of_a_pack_reaches_its_rule() {
    let folder = folder();
    let age = |flags: &[&str]| {
        let json = folder.assize(&[&["scan", "--demo", "-f", "json", "--pack", "mine.yaml"], flags].concat()).json();
        json["rules"][0]["parameters"]["maxAccessKeyAge"].clone()
    };
    assert_eq!(age(&[]), 90);
    assert_eq!(age(&["--pack-parameter", "MaxAge=7"]), 7);
    assert_eq!(age(&["--pack-parameter", "mine.MaxAge=8"]), 8);
    folder.write("assize.yaml", "packs:\n  - {pack: mine.yaml, parameters: {MaxAge: 9}}\n");
    let json = folder.assize(&["scan", "--demo", "-f", "json"]).json();
    assert_eq!(json["rules"][0]["parameters"]["maxAccessKeyAge"], 9);
    assert_eq!(json["packs"][0]["name"], "mine");
}

#[test]
fn rules_beside_packs_run_too_and_exemptions_cover_both_names() {
    let folder = folder();
    let flags = ["--pack", "mine.yaml", "--pack-parameter", "MaxAge=7", "--rule", "access-keys-rotated"];
    let json = folder.assize(&[&["scan", "--demo", "-f", "json"], flags.as_slice()].concat()).json();
    let ids: Vec<_> = json["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["access-keys-rotated", "access-keys-rotated@mine", "encrypted-volumes"]);
    folder.write(
        "assize.yaml",
        "exemptions:\n  - {rules: access-keys-rotated, resource: '*', reason: not ours, expires: never}\n",
    );
    let json = folder.assize(&[&["scan", "--demo", "-f", "json"], flags.as_slice()].concat()).json();
    for evaluation in json["evaluations"].as_array().unwrap() {
        if evaluation["complianceType"] == "NON_COMPLIANT" {
            let of_keys = evaluation["rule"].as_str().unwrap().starts_with("access-keys-rotated");
            assert_eq!(!evaluation["exemption"].is_null(), of_keys, "{evaluation}");
        }
    }
}

#[test]
fn what_is_asked_for_wrongly_is_told_with_what_would_be_right() {
    let folder = folder();
    insta::assert_snapshot!(folder.assize(&["scan", "--demo", "--pack", "startr"]));
    insta::assert_snapshot!(folder.assize(&["scan", "--demo", "--pack", "mine.yaml", "--pack-parameter", "MaxAges=1"]));
    insta::assert_snapshot!(folder.assize(&[
        "scan",
        "--demo",
        "--pack",
        "mine.yaml",
        "--pack-parameter",
        "other.MaxAge=1"
    ]));
    folder.write("broken.yaml", PACK.replace("!Ref MaxAge", "!Ref MinAge"));
    insta::assert_snapshot!(folder.assize(&["scan", "--demo", "--pack", "broken.yaml"]));
}

#[test]
fn a_pack_that_could_not_be_run_is_no_clean_one() {
    let folder = folder();
    // Nothing of it is there: each rule has its end all the same.
    folder.write("other.yaml", PACK.replace("ENCRYPTED_VOLUMES", "X").replace("ACCESS_KEYS_ROTATED", "Y"));
    insta::assert_snapshot!(folder.assize(&["scan", "--demo", "--pack", "other.yaml"]));
    // One rule cannot run, and the others found nothing that fails.
    let scan = folder.assize(&["scan", "--demo", "--pack", "mine.yaml", "--fail-on", "never"]);
    assert_eq!(scan.code(), 3, "{scan}");
}

#[test]
fn what_narrows_rules_does_not_pretend_to_narrow_packs() {
    let folder = folder();
    folder.write("assize.yaml", "packs: [mine.yaml]\n");
    for flags in [["--severity", "low"], ["--service", "ec2"], ["--category", "cost"]] {
        let scan = folder.assize(&[&["scan", "--demo"], flags.as_slice()].concat());
        assert!(scan.stderr().contains("choose among rules, and packs are asked for"), "{scan}");
        assert_eq!(scan.code(), 2, "{scan}");
    }
    let scan = folder.assize(&["scan", "--demo", "--param", "maxAccessKeyAge=1"]);
    assert!(scan.stderr().contains("--param sets parameters of rules that --rule names"), "{scan}");
    // Those who show rules do not read the file, and refuse it too.
    for command in [&["rules", "list"][..], &["rules", "docs", "pages"]] {
        let flags = ["--pack", "mine.yaml", "--param", "maxAccessKeyAge=1"];
        let shown = folder.assize(&[command, &flags[..]].concat());
        assert!(shown.stderr().contains("--param sets parameters of rules that --rule names"), "{shown}");
        assert_eq!(shown.code(), 2, "{shown}");
    }
    let scan =
        folder.assize(&["scan", "--demo", "--pack", "mine.yaml", "--rule", "encrypted-volumes", "--param", "kmsId=1"]);
    assert_eq!(scan.code(), 1, "{scan}");
    // What the file says of rules stays there beside packs.
    folder.write(
        "assize.yaml",
        "packs: [mine.yaml]\nrules: [{rule: access-keys-rotated, parameters: {maxAccessKeyAge: 30}}]\n",
    );
    assert_eq!(folder.assize(&["scan", "--demo", "--pack", "mine.yaml"]).code(), 1);
}

#[test]
fn the_answers_of_several_packs_on_one_rule_have_causes_too() {
    let folder = folder();
    for (name, parameters) in [("one", "{}"), ("two", "{kmsId: 1234abcd-12ab-34cd-56ef-1234567890ab}")] {
        let volumes = "      ConfigRuleName: volumes\n";
        let text = PACK.replace(volumes, &format!("{volumes}      InputParameters: {parameters}\n"));
        folder.write(&format!("{name}.yaml"), text);
    }
    for (day, encrypted) in [("02", true), ("03", false)] {
        let snapshot = format!(
            r#"{{"format":"assize-snapshot","version":1,"items":1,"capturedAt":"2026-01-{day}T00:00:00.000Z","source":"account","accounts":["111122223333"],"regions":["eu-west-1"],"listings":[{{"accountId":"111122223333","awsRegion":"eu-west-1","resourceType":"AWS::EC2::Volume"}}],"gaps":[],"requests":{{}}}}
{{"configurationItemVersion":"1.3","configurationItemCaptureTime":"2026-01-{day}T00:00:00.000Z","configurationItemStatus":"OK","configurationStateId":1,"awsAccountId":"111122223333","resourceType":"AWS::EC2::Volume","resourceId":"vol-1","awsRegion":"eu-west-1","relationships":[{{"resourceType":"AWS::EC2::Instance","resourceId":"i-1","name":"Is attached to Instance"}}],"configuration":{{"encrypted":{encrypted},"kmsKeyId":"1234abcd-12ab-34cd-56ef-1234567890ab"}}}}
"#
        );
        folder.write("snapshot.jsonl", snapshot);
        let packs = ["--pack", "one.yaml", "--pack", "two.yaml"];
        let ran = folder.assize(&[&["evaluate", "snapshot.jsonl", "--store", "store.db"], packs.as_slice()].concat());
        assert_eq!(ran.stderr(), "", "{ran}");
    }
    let diff = folder.assize(&["diff", "--store", "store.db", "1", "2", "--format", "json"]).json();
    let told = diff["evaluations"].as_array().expect("a list of changes").iter();
    let told: Vec<_> =
        told.map(|one| (one["rule"].as_str(), &one["causes"][0]["cause"], &one["causes"][0]["paths"])).collect();
    let paths = serde_json::json!(["/configuration/encrypted"]);
    assert_eq!(
        told,
        [
            (Some("encrypted-volumes@one"), &"resource".into(), &paths),
            (Some("encrypted-volumes@two"), &"resource".into(), &paths)
        ],
        "{diff:#}"
    );
}

#[test]
fn packs_are_listed_shown_and_counted() {
    let folder = folder();
    let list = assize(&["packs", "list"]);
    for name in ["aws-foundational-security", "cis-aws-foundations-3.0", "cis-aws-foundations-5.0", "starter"] {
        assert!(list.stdout().contains(name), "{list}");
    }
    insta::assert_snapshot!(folder.assize(&["packs", "show", "mine.yaml"]));
    insta::assert_snapshot!(folder.assize(&["packs", "coverage", "mine.yaml"]));
    let json = folder.assize(&["packs", "coverage", ".", "--format", "json"]).json();
    assert_eq!((&json[0]["rules"], &json[0]["run"]), (&5.into(), &2.into()));
    let starter = assize(&["packs", "coverage", "starter"]);
    assert!(starter.stdout().starts_with("starter  100 %  20 of 20 rules run"), "{starter}");
}

/// AWS publishes its packs apart from this project; where a copy is at hand, the page's table is held against it.
#[test]
fn the_page_tells_how_much_of_the_packs_of_aws_can_be_run() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("ASSIZE_CONFORMANCE_PACKS")
        .map_or_else(|| root.join("../shared/facts/conformance_packs"), std::path::PathBuf::from);
    if !folder.is_dir() {
        println!("no copy of AWS's packs is at hand: set ASSIZE_CONFORMANCE_PACKS to a folder of them");
        return;
    }
    let table = assize(&["packs", "coverage", &folder.display().to_string(), "--format", "markdown"]);
    let page = std::fs::read_to_string(root.join("docs/packs.md")).expect("the page is there");
    let told =
        page.split_once("assize packs coverage FOLDER --format markdown").expect("the page says how it is made").1;
    assert!(told.contains(table.stdout()), "docs/packs.md has another table than\n{}", table.stdout());
}

#[test]
fn the_tags_that_a_scope_asks_for_are_read() {
    let folder = folder();
    folder.write(
        "tagged.yaml",
        PACK.replace(
            "      ConfigRuleName: volumes\n",
            "      ConfigRuleName: volumes\n      Scope: {TagKey: data, TagValue: personal}\n",
        )
        .replace("ENCRYPTED_VOLUMES", "S3_BUCKET_VERSIONING_ENABLED"),
    );
    let actions = |pack: &str| folder.assize(&["permissions", "--pack", pack]).stdout().contains("s3:GetBucketTagging");
    assert_eq!((actions("mine.yaml"), actions("tagged.yaml")), (false, true));
    let report = folder.assize(&["scan", "--demo", "--pack", "tagged.yaml", "-f", "json"]).json();
    let evaluations = report["evaluations"].as_array().expect("a list");
    let of_buckets = evaluations.iter().filter(|one| one["rule"] == "s3-bucket-versioning-enabled");
    let told: Vec<_> = of_buckets.map(|one| (&one["resourceId"], &one["complianceType"])).collect();
    assert_eq!(told, [(&"shop-payroll".into(), &"COMPLIANT".into())]);
}

#[test]
fn a_rule_of_ones_own_that_is_broken_is_told_beside_packs_too() {
    let folder = folder();
    folder.write("own/ec2/broken.yaml", "id: broken\n");
    let report = folder.assize(&["scan", "--demo", "--pack", "mine.yaml", "--rules", "own", "-f", "json"]).json();
    assert_eq!(report["ruleErrors"][0]["rule"], "ec2/broken");
}

#[test]
fn an_exemption_may_name_a_rule_as_it_answers_for_one_pack() {
    let folder = folder();
    folder.write("other.yaml", PACK.replace("'90'", "'7'"));
    folder.write(
        "assize.yaml",
        "packs: [mine.yaml, other.yaml]\nexemptions:\n  - {rules: access-keys-rotated@other, resource: '*', reason: a \
         second opinion, expires: never}\n",
    );
    let report = folder.assize(&["scan", "--demo", "-f", "json"]).json();
    let of = |rule: &str| {
        let all = report["evaluations"].as_array().expect("a list").iter();
        let found = all.filter(|one| one["rule"] == rule && one["complianceType"] == "NON_COMPLIANT");
        found.map(|one| one["exemption"].is_null()).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!((of("access-keys-rotated@mine"), of("access-keys-rotated@other")), ([true].into(), [false].into()));
}
