//! What comes of judging a snapshot: formats, files, exit codes.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::Value as Json;

use crate::common::{Folder, Ran, assize, data};

const RULE: [&str; 2] = ["--rule", "encrypted-volumes"];

fn evaluate(snapshot: &str, more: &[&str]) -> Ran {
    assize(&[&["evaluate", &data(snapshot)], &RULE[..], more].concat())
}

#[test]
fn findings_on_the_terminal() {
    insta::assert_snapshot!(evaluate("cli/findings.jsonl", &[]));
}

#[test]
fn gaps_on_the_terminal() {
    insta::assert_snapshot!(evaluate("cli/both.jsonl", &[]));
}

#[test]
fn a_listing_that_failed_on_the_terminal() {
    insta::assert_snapshot!(evaluate("cli/unlisted.jsonl", &[]));
}

#[test]
fn a_report_as_json() {
    insta::assert_snapshot!(evaluate("cli/both.jsonl", &["--format", "json"]));
}

#[test]
fn each_exit_code() {
    for (snapshot, flags, code, why) in [
        ("cli/clean.jsonl", &[][..], 0, "nothing was found"),
        ("cli/findings.jsonl", &[], 1, "something was found"),
        ("cli/findings.jsonl", &["--fail-on", "high"], 1, "a high finding is at the threshold"),
        ("cli/findings.jsonl", &["--fail-on", "critical"], 0, "a high finding is below the threshold"),
        ("cli/findings.jsonl", &["--fail-on", "never"], 0, "findings do not matter"),
        ("cli/none.jsonl", &[], 2, "there is no such file"),
        ("cli/findings.jsonl", &["--fail-on", "sometimes"], 2, "there is no such threshold"),
        ("cli/gaps.jsonl", &[], 3, "a fact could not be read"),
        ("cli/gaps.jsonl", &["--fail-on", "never"], 3, "a fact could not be read, whatever the threshold"),
        ("cli/gaps.jsonl", &["--fail-on", "gaps"], 1, "what could not be read is a failure, as asked"),
        ("cli/findings.jsonl", &["--fail-on", "gaps"], 0, "findings alone are none then"),
        ("cli/findings.jsonl", &["--fail-on", "new"], 2, "nothing tells what is new"),
        ("cli/findings.jsonl", &["--baseline", "none.json"], 2, "there is no such report"),
        ("cli/unlisted.jsonl", &[], 3, "a listing could not be read"),
        ("cli/both.jsonl", &[], 1, "what was found holds, whatever could not be read"),
        ("cli/both.jsonl", &["--fail-on", "critical"], 3, "nothing at the threshold, and a fact could not be read"),
    ] {
        let ran = evaluate(snapshot, flags);
        assert_eq!(ran.code(), code, "{why}: {ran}");
    }
}

#[test]
fn only_what_a_saved_report_does_not_have_is_new() {
    let folder = Folder::new();
    let evaluate =
        |snapshot: &str, more: &[&str]| folder.assize(&[&["evaluate", &data(snapshot)], &RULE[..], more].concat());
    evaluate("cli/findings.jsonl", &["-o", "json=before.json"]);
    evaluate("cli/clean.jsonl", &["-o", "json=clean.json"]);
    let asked = ["--fail-on", "new", "--baseline"];
    let again = evaluate("cli/findings.jsonl", &[&asked[..], &["before.json"]].concat());
    assert_eq!(again.code(), 0, "{again}");
    assert!(again.stdout().contains("open since") && again.stdout().contains("0 new"), "{again}");
    let first = evaluate("cli/findings.jsonl", &[&asked[..], &["clean.json"]].concat());
    assert_eq!(first.code(), 1, "{first}");
}

#[test]
fn a_finding_is_explained_from_a_report_and_from_the_store() {
    let folder = Folder::new();
    folder.assize(&["scan", "--demo", "--no-config", "--store", "a.db", "-o", "json=report.json"]);
    let report: Json = serde_json::from_str(&folder.read("report.json")).expect("it is JSON");
    let finding = report["evaluations"]
        .as_array()
        .and_then(|all| {
            all.iter().find(|one| one["complianceType"] == "NON_COMPLIANT" && one["rule"] == "encrypted-volumes")
        })
        .expect("a volume is not encrypted");
    let text = |name: &str| finding[name].as_str().expect("a text").to_owned();
    let explain = |arguments: &[&str]| folder.assize(&[&["explain"], arguments].concat());
    let told = explain(&[&text("fingerprint")[..8], "--report", "report.json"]);
    assert_eq!(told.code(), 0, "{told}");
    for needed in [
        "NON_COMPLIANT, high",
        "from ec2:DescribeVolumes",
        "/configuration/encrypted = false",
        "How to mend it",
        "console.aws.amazon.com/ec2/home",
    ] {
        assert!(told.stdout().contains(needed), "{needed}: {told}");
    }
    let by_name = explain(&["encrypted-volumes", &text("resourceId"), "--store", "a.db"]);
    for needed in [text("fingerprint").as_str(), "/configuration/encrypted = false", "Since when"] {
        assert!(by_name.stdout().contains(needed), "{needed}: {by_name}");
    }
    assert_eq!(explain(&["encrypted-volumes", "vol-none", "--report", "report.json"]).code(), 2);

    // A rule that finds several things wrong with a resource is told with all of them.
    let evaluations = report["evaluations"].as_array().expect("a list");
    let of_exposure: Vec<&Json> =
        evaluations.iter().filter(|one| one["rule"] == "security-group-port-exposure").collect();
    let id = of_exposure.iter().map(|one| &one["resourceId"]);
    let id = id.max_by_key(|id| of_exposure.iter().filter(|one| one["resourceId"] == **id).count());
    let meant: Vec<&&Json> = of_exposure.iter().filter(|one| Some(&one["resourceId"]) == id).collect();
    assert!(meant.len() > 2, "{meant:?}");
    let id = id.and_then(Json::as_str).expect("an id");
    for from in ["--report=report.json", "--store=a.db"] {
        let several = explain(&["security-group-port-exposure", id, from]);
        assert_eq!(several.code(), 0, "{several}");
        for one in &meant {
            for member in ["fingerprint", "key", "annotation"] {
                let text = one[member].as_str().expect("a text");
                assert!(several.stdout().contains(text), "{text}: {several}");
            }
        }
        for once in ["What the rule read", "How to mend it", "In the console"] {
            assert_eq!(several.stdout().matches(once).count(), 1, "{once}: {several}");
        }
    }
    // What it says of several resources is not mixed.
    let in_two_regions = explain(&["cloudtrail-enabled", "111122223333", "--report", "report.json"]);
    assert_eq!(in_two_regions.code(), 2, "{in_two_regions}");
    assert!(in_two_regions.stderr().contains("2 findings are meant by that"), "{in_two_regions}");
}

/// What checkers say of the workflow is in `tests/workflows`; here, that the files are what is printed, and name what there is.
#[test]
fn what_runs_scans_is_printed_and_pins_what_it_uses() {
    let print = |runner: &str| assize(&["schedule", runner]).stdout().to_owned();
    let github = print("github");
    assert_eq!(github, include_str!("../../examples/schedule/github.yml"));
    for line in github.lines().filter_map(|line| line.split("uses: ").nth(1)) {
        // Where assize's own source is, and which commit of it was looked at, only its user knows.
        if line == "OWNER/assize@COMMIT" {
            continue;
        }
        let commit = line.split_once('@').map_or("", |(_, rest)| rest.split(' ').next().unwrap_or_default());
        assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
    }
    assert_eq!(github.matches("uses: OWNER/assize@COMMIT\n").count(), 1, "{github}");
    // The job with credentials of AWS may write nothing; the one that may write has none.
    let (scan, upload) = github.split_once("\n  upload:").expect("two jobs");
    assert!(scan.contains("configure-aws-credentials") && !scan.contains("security-events"), "{scan}");
    assert!(
        upload.contains("security-events: write") && !upload.contains("id-token") && !upload.contains("aws-"),
        "{upload}"
    );
    let runners = [
        ("gitlab", "junit: assize.xml"),
        ("systemd", "OnCalendar="),
        ("cron", "17 3 * * *"),
        ("eventbridge", "AWS::Scheduler::Schedule"),
    ];
    for (runner, needed) in runners {
        let text = print(runner);
        assert!(text.contains(needed) && text.contains("assize scan"), "{runner}: {text}");
        // Each scan that is printed is one whose flags there are.
        let scan = text.split("assize scan ").nth(1).and_then(|rest| rest.lines().next()).expect("a scan");
        let scan = scan.split(" > ").next().unwrap_or(scan);
        let help = assize(&["scan", "--help"]).stdout().to_owned();
        for flag in scan.split_whitespace().filter(|word| word.starts_with("--")) {
            assert!(help.contains(flag), "{runner}: {flag}");
        }
    }
}

/// cfn-lint's word on the template is in `tests/account`; here assize's own.
#[test]
fn the_template_that_runs_scans_keeps_to_the_rules() {
    let folder = Folder::new();
    folder.write("eventbridge.yaml", assize(&["schedule", "eventbridge"]).stdout());
    let judge = ["evaluate", "--template", "eventbridge.yaml", "-f", "json", "--no-config"];
    let report = folder.assize(&judge).json();
    let evaluations = report["evaluations"].as_array().expect("a list");
    let told = |type_: &str| evaluations.iter().filter(|one| one["complianceType"] == type_).count();
    assert!(told("COMPLIANT") > 10, "{report:#}");
    let bad: Vec<_> = evaluations.iter().filter(|one| one["complianceType"] == "NON_COMPLIANT").collect();
    // A key of KMS costs, and is its user's to decide.
    let worse = bad.iter().filter(|one| one["severity"] != "low" && one["rule"] != "s3-default-encryption-kms");
    assert_eq!(worse.count(), 0, "{bad:#?}");
    // The role that scans may do what its policy says, and nothing else; what it may pass on, nobody.
    let (_, role) = folder
        .read("eventbridge.yaml")
        .split_once("  ScanRole:\n")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .expect("a role");
    let role = role.split("\n\n").next().unwrap_or_default();
    assert!(role.contains("ManagedPolicyArns: [!Ref ScanPolicyArn]") && !role.contains("Policies:\n"), "{role}");
}

#[test]
fn a_rule_that_breaks_is_told_apart_from_findings() {
    let folder = Folder::new();
    folder.assize(&["rules", "new", "breaks"]);
    folder.write("rules/ec2/breaks.rhai", "fn evaluate(item, parameters) { item.configuration.state < 3 }\n");
    let ran = folder.assize(&["evaluate", &data("cli/clean.jsonl"), "--rules", "rules", "--rule", "breaks"]);
    insta::assert_snapshot!(ran);
}

#[test]
fn one_bad_file_is_an_error_of_that_rule_only() {
    let folder = Folder::new();
    folder.assize(&["rules", "new", "good"]);
    let yaml = folder.read("rules/ec2/good.yaml");
    folder.write("rules/ec2/bad.yaml", yaml.replace("id: good", "id: bad").replace("severity: low", "severty: low"));
    folder.write("rules/ec2/bad.rhai", folder.read("rules/ec2/good.rhai"));
    let arguments =
        ["evaluate", &data("cli/clean.jsonl"), "--rules", "rules", "--rule", "good", "--param", "tagKey=Team"];
    insta::assert_snapshot!(folder.assize(&arguments));
    insta::assert_snapshot!(
        "the bad rule itself",
        folder.assize(&["evaluate", &data("cli/clean.jsonl"), "--rules", "rules", "--rule", "bad"])
    );
}

#[test]
fn only_resources_with_the_tags_are_judged() {
    let judged = |flags: &[&str]| {
        let report = evaluate("cli/findings.jsonl", &[&["--format", "json"], flags].concat()).json();
        let evaluations = report["evaluations"].as_array().expect("a list").clone();
        evaluations
            .iter()
            .filter_map(|one| one["resourceId"].as_str())
            .map(|id| id[20..].to_owned())
            .collect::<String>()
    };
    assert_eq!(judged(&[]), "abc");
    assert_eq!(judged(&["--tag", "Team=shop"]), "ac");
    assert_eq!(judged(&["--tag", "Team=shop", "--tag", "Name"]), "abc", "any of them");
    assert_eq!(judged(&["--tag", "Team=data", "--tag", "Name", "--all-tags"]), "b", "all of them");
}

#[test]
fn every_format_is_written_at_once() {
    let folder = Folder::new();
    folder.write("assize.yaml", "rules:\n  - encrypted-volumes\n");
    let snapshot = data("cli/both.jsonl");
    let outputs = ["-o", "json=report.json", "-o", "sarif=report.sarif", "-o", "terminal=report.txt"];
    let ran = folder.assize(&[&["evaluate", &snapshot], &RULE[..], &outputs[..]].concat());
    assert_eq!(ran.code(), 1, "{ran}");
    assert_eq!(folder.read("report.txt"), ran.stdout(), "the terminal's text, as on standard output");
    assert_eq!(
        folder.names(),
        ["assize.yaml", "report.json", "report.sarif", "report.txt"],
        "and nothing else is left"
    );

    let json: Json = serde_json::from_str(&folder.read("report.json")).expect("it is JSON");
    let schema: Json = serde_json::from_str(include_str!("../../docs/report.schema.json")).expect("it is JSON");
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    let findings = json["evaluations"].as_array().expect("a list");
    let findings = findings.iter().filter(|one| one["complianceType"] == "NON_COMPLIANT").count();

    let sarif: Json = serde_json::from_str(&folder.read("report.sarif")).expect("it is JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert_eq!(results.len(), findings);
    for result in results {
        let location = &result["locations"][0]["physicalLocation"];
        let uri = location["artifactLocation"]["uri"].as_str().expect("a location");
        assert!(folder.path().join(uri).is_file(), "{uri} is there");
        assert_eq!(location["region"]["startLine"], 2, "the line that asks for the rule");
    }
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);

    // The same again, from the saved report.
    let again = folder.assize(&["report", "report.json", "-o", "sarif=again.sarif"]);
    assert_eq!((again.stdout(), again.code()), (ran.stdout(), 1));
    assert_eq!(folder.read("again.sarif"), folder.read("report.sarif"));
}

#[test]
fn sarif_is_anchored_in_a_file_that_is_there() {
    let snapshot = data("cli/findings.jsonl");
    let uri = |folder: &Folder, flags: &[&str]| {
        let arguments = [&["evaluate", &snapshot, "-o", "sarif=out.sarif"], &RULE[..], flags].concat();
        let ran = folder.assize(&arguments);
        assert_eq!(ran.code(), 1, "{ran}");
        let sarif: Json = serde_json::from_str(&folder.read("out.sarif")).expect("it is JSON");
        let location = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
        location["uri"].as_str().expect("a location").to_owned()
    };
    let folder = Folder::new();
    assert_eq!(uri(&folder, &[]), "out.sarif", "without another file the report itself");
    folder.write("README.md", "# A project\n");
    assert_eq!(uri(&folder, &[]), "README.md");
    folder.write("assize.yaml", "");
    assert_eq!(uri(&folder, &[]), "assize.yaml");
    folder.write("infra/main file.tf", "");
    assert_eq!(uri(&folder, &["--anchor", "infra/main file.tf"]), "infra/main%20file.tf");
    // In a folder of a repository, paths are as seen from its root.
    folder.write(".git/HEAD", "");
    folder.write("sub/x.tf", "");
    let mut command =
        folder.command(&["evaluate", &data("cli/findings.jsonl"), "--format", "sarif", "--anchor", "x.tf"]);
    let output = command.args(RULE).current_dir(folder.path().join("sub")).output().expect("assize runs");
    let sarif: Json = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let location = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(location["uri"], "sub/x.tf");
}

#[test]
fn the_same_snapshot_gives_the_same_bytes_on_any_number_of_threads() {
    let one = evaluate("cli/both.jsonl", &["--format", "json", "--threads", "1"]);
    let many = evaluate("cli/both.jsonl", &["--format", "json", "--threads", "7"]);
    assert_eq!(one.stdout(), many.stdout());
}

#[test]
fn files_of_aws_config_are_judged_too() {
    insta::assert_snapshot!(evaluate("config-export/snapshot.json", &[]));
    let answered = evaluate("config-export/resource-config-history.json", &["--format", "json"]).json();
    let types: Vec<&str> = answered["evaluations"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["complianceType"].as_str())
        .collect();
    assert!(
        types.contains(&"NON_COMPLIANT") && types.contains(&"INSUFFICIENT_DATA"),
        "no listing is complete: {types:?}"
    );
}

#[test]
fn colours_are_for_terminals_and_those_who_ask() {
    let plain = evaluate("cli/findings.jsonl", &[]);
    assert!(!plain.stdout().contains('\u{1b}'), "{plain}");
    let coloured = evaluate("cli/findings.jsonl", &["--color", "always"]);
    assert!(coloured.stdout().contains("\u{1b}[1m"), "{coloured}");
    let json = evaluate("cli/findings.jsonl", &["--color", "always", "--format", "json"]);
    assert!(!json.stdout().contains('\u{1b}'), "{json}");
    // What AWS calls a resource never colours anything.
    assert!(plain.stdout().contains("web tier \\u{1b}[31m"), "{plain}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = Folder::new();
    let seen = |arguments: &[&str], wanted: i32| {
        let mut child =
            folder.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let mut line = String::new();
        let mut stdout = BufReader::with_capacity(1, child.stdout.take().expect("it is piped"));
        stdout.read_line(&mut line).expect("a line comes");
        drop(stdout);
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.as_str()), (Some(wanted), ""), "{arguments:?} after {line}");
    };
    let file = data("cli/findings.jsonl");
    for format in ["terminal", "json", "jsonl", "sarif", "html", "markdown", "junit", "csv", "ocsf", "asff", "github"] {
        seen(&["evaluate", &file, "--rule", "encrypted-volumes", "--format", format], 1);
    }
    for format in ["table", "json", "csv"] {
        seen(&["query", "--snapshot", &file, "SELECT resourceId", "--format", format], 0);
    }
}

#[test]
fn a_compressed_snapshot_is_read_and_a_cut_off_one_is_refused() {
    let folder = Folder::new();
    let plain = std::fs::read(data("cli/findings.jsonl")).expect("the data is there");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).expect("memory takes it");
    folder.write("whole.jsonl.gz", gzip.finish().expect("memory takes it"));
    let whole = folder.assize(&[&["evaluate", "whole.jsonl.gz"], &RULE[..]].concat());
    assert_eq!(whole.code(), 1, "{whole}");
    let end = plain.iter().rposition(|byte| *byte == b'{').expect("there is an item");
    folder.write("cut.jsonl", &plain[..end]);
    insta::assert_snapshot!(folder.assize(&[&["evaluate", "cut.jsonl"], &RULE[..]].concat()));
}

/// What is read from a pipe is held whole, and a file is judged as it is read.
#[test]
fn a_snapshot_gives_one_report_from_a_file_compressed_or_not_and_from_a_pipe() {
    let folder = Folder::new();
    for name in ["demo.jsonl", "demo.jsonl.gz"] {
        let ran = folder.assize(&["collect", "--demo", "-o", name]);
        assert!(ran.stderr().is_empty(), "{ran}");
    }
    for flags in [&["--format", "json"][..], &["--format", "sarif"], &["--format", "json", "--tag", "Environment"], &[]]
    {
        for threads in ["1", "3"] {
            let arguments = |name| [&["evaluate", name, "--threads", threads], flags].concat();
            let mut child = folder
                .command(&arguments("/dev/stdin"))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("it runs");
            let content = folder.read("demo.jsonl");
            child.stdin.take().expect("it is open").write_all(content.as_bytes()).expect("it is read");
            let piped = child.wait_with_output().expect("it ends");
            assert!(piped.stdout.len() > 10_000, "{flags:?}");
            for name in ["demo.jsonl", "demo.jsonl.gz"] {
                let ran = folder.assize(&arguments(name));
                assert_eq!(Some(ran.code()), piped.status.code(), "{ran}");
                assert!(ran.stdout().as_bytes() == piped.stdout, "{name} {flags:?} {threads}");
            }
        }
    }
}
