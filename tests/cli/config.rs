//! The configuration file: what it asks for is done, flags override it, slips are told with their places.

use serde_json::Value as Json;

use crate::common::{Folder, Ran, assize, data};

/// What the file asks of the demonstration.
const FILE: &str = "\
regions: [eu-west-1]
rules:
  - s3-bucket-public-write-prohibited
  - rule: encrypted-volumes
    severity: low
exemptions:
  - rules: S3_BUCKET_PUBLIC_WRITE_PROHIBITED
    resource: {id: shop-uploads}
    reason: Customers upload their designs
    owner: web@example.com
    ticket: SEC-1234
    expires: 2099-12-31
outputs:
  json: report.json
  sarif: assize.sarif
";

fn with(file: &str) -> Folder {
    let folder = Folder::new();
    folder.write("assize.yaml", file);
    folder
}

fn report(folder: &Folder) -> Json {
    serde_json::from_str(&folder.read("report.json")).expect("it is JSON")
}

fn rules(report: &Json) -> Vec<&str> {
    report["rules"].as_array().expect("a list").iter().filter_map(|rule| rule["id"].as_str()).collect()
}

/// The rules of the open findings.
fn open(report: &Json) -> Vec<&str> {
    let evaluations = report["evaluations"].as_array().expect("a list").iter();
    evaluations
        .filter(|one| {
            let is_exempted = one.pointer("/exemption/state").is_some_and(|state| state == "in-force");
            one.get("complianceType").is_some_and(|answer| answer == "NON_COMPLIANT") && !is_exempted
        })
        .filter_map(|one| one.get("rule")?.as_str())
        .collect()
}

#[test]
fn a_scan_does_what_the_file_asks_for() {
    let folder = with(FILE);
    let ran = folder.assize(&["scan", "--demo"]);
    assert_eq!(ran.code(), 1, "{ran}");
    let report = report(&folder);
    assert_eq!(rules(&report), ["encrypted-volumes", "s3-bucket-public-write-prohibited"]);
    let findings = open(&report);
    assert!(!findings.is_empty() && findings.iter().all(|rule| *rule == "encrypted-volumes"), "{findings:?}");
    assert_eq!(
        (&report["rules"][0]["severity"], &report["rules"][0]["defaultSeverity"]),
        (&"low".into(), &"high".into())
    );
    assert_eq!(report["summary"]["exempted"], 1);
    assert_eq!(report["summary"]["findings"]["low"], findings.len());
    let exemption = &report["exemptions"][0];
    assert_eq!((&exemption["origin"], &exemption["exempted"]), (&"assize.yaml:7".into(), &1.into()));
    assert_eq!(exemption["rules"], serde_json::json!(["s3-bucket-public-write-prohibited"]), "by its id");
    assert!(ran.stdout().contains("  Exempted 1 finding\n"), "{ran}");
    assert!(
        ran.stdout().contains("  = accepted: by web@example.com, SEC-1234, until 2099-12-31, in assize.yaml:7\n"),
        "{ran}"
    );
    assert!(ran.stdout().contains("  = severity: low in this run; the rule says high\n"), "{ran}");

    // Each result is at the line that asks for its rule, and none is of the exempted finding.
    let sarif: Json = serde_json::from_str(&folder.read("assize.sarif")).expect("it is JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert_eq!(results.len(), findings.len());
    for result in results {
        let location = &result["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "assize.yaml");
        assert_eq!(location["region"]["startLine"], 4, "{result}");
    }
}

#[test]
fn a_pattern_is_the_line_of_all_rules_that_it_asks_for() {
    let folder = with("# the buckets\nrules:\n  - \"s3-bucket-public-*\"\noutputs: {sarif: assize.sarif}\n");
    folder.assize(&["scan", "--demo"]);
    let sarif: Json = serde_json::from_str(&folder.read("assize.sarif")).expect("it is JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert!(!results.is_empty());
    for result in results {
        assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 3, "{result}");
    }
}

#[test]
fn flags_override_the_file_and_the_file_the_defaults() {
    let file = format!("{FILE}fail_on: critical\n");
    let folder = with(&file);
    assert_eq!(folder.assize(&["scan", "--demo"]).code(), 3, "what is left is low, and a gap");
    assert_eq!(folder.assize(&["scan", "--demo", "--fail-on", "low"]).code(), 1);
    assert_eq!(folder.assize(&["scan", "--demo", "--rule", "encrypted-volumes", "-o", "json=other.json"]).code(), 0);
    let other: Json = serde_json::from_str(&folder.read("other.json")).expect("it is JSON");
    assert_eq!(rules(&other), ["encrypted-volumes"]);
    assert_eq!(other["rules"][0]["severity"], "low", "the severities of the file stay");
    // Without the file its exemption is none.
    let without = folder.assize(&["scan", "--demo", "--no-config", "--rule", "s3-bucket-public-write-prohibited"]);
    assert_eq!(without.code(), 1, "{without}");
    folder.write("sub/strict.yaml", "fail_on: never\noutputs: {json: here.json}\n");
    let other = folder.assize(&["scan", "--demo", "--config", "sub/strict.yaml", "--rule", "encrypted-volumes"]);
    assert_eq!(other.code(), 0, "{other}");
    assert!(folder.read("sub/here.json").contains("assize-report"), "paths are as seen from the file");
}

#[test]
fn parameters_of_the_command_line_come_last() {
    let folder = with("rules:\n  - rule: access-keys-rotated\n    parameters: {maxAccessKeyAge: 30}\n");
    let value = |flags: &[&str]| {
        let ran = folder.assize(&[&["scan", "--demo", "--format", "json"], flags].concat());
        ran.json()["rules"][0]["parameters"]["maxAccessKeyAge"].clone()
    };
    assert_eq!(value(&[]), 30);
    assert_eq!(value(&["--param", "maxAccessKeyAge=45"]), 45);
    assert_eq!(value(&["--no-config", "--rule", "access-keys-rotated"]), 90);
}

#[test]
fn what_was_collected_is_judged_with_the_file_too() {
    let folder = with(FILE);
    folder.assize(&["scan", "--demo"]);
    let scanned = folder.read("report.json");
    folder.assize(&["collect", "--demo", "-o", "snapshot.jsonl"]);
    let judged = folder.assize(&["evaluate", "snapshot.jsonl"]);
    assert_eq!((judged.code(), folder.read("report.json")), (1, scanned), "{judged}");
}

#[test]
fn targets_of_the_file_are_those_of_the_flags() {
    let judged = |file: &str, flags: &[&str]| {
        let folder = with(file);
        let snapshot = data("cli/findings.jsonl");
        let arguments = [&["evaluate", &snapshot, "--rule", "encrypted-volumes", "--format", "json"], flags].concat();
        let report = folder.assize(&arguments).json();
        let evaluations = report["evaluations"].as_array().expect("a list").clone();
        evaluations
            .iter()
            .filter_map(|one| one["resourceId"].as_str())
            .map(|id| id[20..].to_owned())
            .collect::<String>()
    };
    assert_eq!(judged("targets: {any: [Team=shop]}", &[]), "ac");
    assert_eq!(judged("targets: {any: [Team=shop, Name]}", &[]), "abc");
    assert_eq!(judged("targets: {all: [Team=data, Name]}", &[]), "b");
    assert_eq!(judged("targets: {any: [Team=shop, Team=data], all: [Name]}", &[]), "b", "both lists");
    assert_eq!(judged("targets: {all: [Team=data, Name]}", &["--tag", "Team=shop"]), "ac");
}

/// The finding is on the volume `b`, of the team `data`.
fn exempted(exemption: &str) -> Ran {
    let folder = with(&format!("rules: [encrypted-volumes]\nexemptions:\n  - {{{exemption}}}\n"));
    folder.assize(&["evaluate", &data("cli/findings.jsonl")])
}

#[test]
fn an_exemption_decides_the_exit_code_and_is_shown() {
    let by_tag = "rules: encrypted-volumes, resource: {tags: {Team: data}}, reason: It is scratch, expires: ";
    let in_force = exempted(&format!("{by_tag}2026-01-02"));
    assert_eq!(in_force.code(), 0, "the snapshot is of that day: {in_force}");
    insta::assert_snapshot!("an exemption in force", in_force);
    let expired = exempted(&format!("{by_tag}2026-01-01"));
    assert_eq!(expired.code(), 1, "{expired}");
    insta::assert_snapshot!("an exemption that has expired", expired);
    let unused =
        exempted("rules: encrypted-volumes, resource: {tags: {Team: shop}}, reason: None of theirs, expires: never");
    assert_eq!(unused.code(), 1, "{unused}");
    assert!(
        unused.stdout().contains("]: exempts nothing: ") && unused.stdout().contains("  --> assize.yaml:3\n"),
        "{unused}"
    );
}

#[test]
fn what_could_not_be_judged_is_exempted_only_if_that_is_said() {
    let code = |more: &str| {
        let folder = with(&format!(
            "rules: [encrypted-volumes]\nexemptions:\n  - {{rules: \"encrypted-*\", resource: \"*\", reason: x, expires: never{more}}}\n"
        ));
        folder.assize(&["evaluate", &data("cli/gaps.jsonl")]).code()
    };
    assert_eq!(code(""), 3);
    assert_eq!(code(", insufficient_data: true"), 0);
}

#[test]
fn the_file_is_checked() {
    insta::assert_snapshot!(with(FILE).assize(&["config", "check"]));
    let folder = with("regoins: [eu-west-1]\nfail_on: hihg\n");
    folder.write(
        "rules.yaml",
        "rules:\n  - encrypted-volume\n  - rule: access-keys-rotated\n    parameters: {maxAge: 3}\n",
    );
    insta::assert_snapshot!("a file with mistakes", folder.assize(&["config", "check"]));
    insta::assert_snapshot!("a file with rules that there are not", folder.assize(&["config", "check", "rules.yaml"]));
    // What is wrong with packs is told beside what is wrong with rules.
    folder.write("both.yaml", "rules: [encrypted-volume]\npacks: [startr]\nresources: none\n");
    insta::assert_snapshot!(
        "a file with rules, packs and a folder that there are not",
        folder.assize(&["config", "check", "both.yaml"])
    );
    insta::assert_snapshot!("no file to check", folder.assize(&["config", "check", "none.yaml"]));
    let of_packs = FILE.replace("S3_BUCKET_PUBLIC_WRITE_PROHIBITED", "\"*@starter\"");
    let checked = with(&of_packs).assize(&["config", "check"]);
    assert!(
        checked.stderr().contains("assize.yaml:7:5: ") && checked.stderr().contains("asks for no packs"),
        "{checked}"
    );
    let folder = with(&format!("{of_packs}packs: [starter]\n"));
    assert_eq!(folder.assize(&["config", "check"]).code(), 0);
    // A file of the working directory is nothing to a file of another folder.
    folder.write("mine", "no pack at all");
    folder.write("sub/assize.yaml", "packs: [mine]\n");
    let checked = folder.assize(&["config", "check", "sub/assize.yaml"]);
    assert!(checked.stderr().contains("there is no pack mine") && checked.code() == 2, "{checked}");
}

#[test]
fn what_is_asked_for_is_shown_with_where_it_comes_from() {
    let folder = with(FILE);
    insta::assert_snapshot!(folder.assize(&[
        "config",
        "show",
        "--fail-on",
        "high",
        "--param",
        "access-keys-rotated.maxAccessKeyAge=60"
    ]));
    insta::assert_snapshot!(
        "the values of a recording",
        folder.assize(&["config", "show", "--demo", "--rule", "s3-*"])
    );
    insta::assert_snapshot!("the values without a file", assize(&["config", "show"]));
}

#[test]
fn the_schema_is_written_as_it_is_documented() {
    let ran = assize(&["config", "schema"]);
    assert_eq!((ran.code(), ran.stdout()), (0, include_str!("../../docs/assize.schema.json")));
}

#[test]
fn the_plan_and_the_policy_are_of_what_the_file_asks_for() {
    let folder = with("rules: [encrypted-volumes]\n");
    assert_eq!(folder.assize(&["plan"]).stdout(), assize(&["plan", "--rule", "encrypted-volumes"]).stdout());
    // Tags of a bucket take a call of their own.
    let rules = "rules: [s3-bucket-versioning-enabled]\n";
    let exemption = "exemptions:\n  - {rules: \"s3-*\", resource: {tags: {A: b}}, reason: x, expires: never}\n";
    let actions = |file: &str| with(file).assize(&["permissions"]).stdout().contains("s3:GetBucketTagging");
    assert!(!actions(rules) && actions(&format!("{rules}{exemption}")));
}

#[test]
fn accounts_that_cannot_be_reached_are_told() {
    let folder =
        with("accounts:\n  - {profile: a, account_id: 111122223333}\n  - {profile: b, account_id: 444455556666}\n");
    let ran = folder.assize(&["scan", "--rule", "encrypted-volumes", "--region", "eu-west-1"]);
    assert_eq!((ran.code(), ran.stdout()), (2, ""), "{ran}");
    assert!(ran.stderr().contains("none of the accounts could be reached; 111122223333: "), "{ran}");
    assert!(ran.stderr().contains("there is no profile `a`"), "{ran}");
    let ran = folder.assize(&["scan", "--record", "x.jsonl"]);
    assert!(ran.code() == 2 && ran.stderr().contains("a recording is of one account, and 2 are named"), "{ran}");
}

#[test]
fn what_is_not_recorded_is_neither_asked_for_nor_judged() {
    let folder = with("record: {only: \"AWS::EC2::*\", regions: {us-east-1: {only: \"AWS::S3::Bucket\"}}}\n");
    let rules = ["--rule", "encrypted-volumes", "--rule", "iam-root-access-key-check"];
    let told =
        folder.assize(&[&["scan", "--demo", "--format", "json", "--fail-on", "never"][..], &rules].concat()).json();
    assert_eq!(told.pointer("/snapshot/items"), Some(&serde_json::json!({ "AWS::EC2::Volume": 1 })), "{told:#}");
    let answers = |region: &str| -> Vec<&str> {
        let all = told["evaluations"].as_array().expect("a list").iter();
        let here = all.filter(|one| one.get("awsRegion").is_some_and(|other| other == region));
        here.filter_map(|one| one.get("complianceType")?.as_str()).collect()
    };
    assert_eq!(answers("eu-west-1"), ["NOT_APPLICABLE"], "{told:#}");
    assert_eq!((answers("us-east-1"), answers("global")), (vec!["INSUFFICIENT_DATA"], vec!["INSUFFICIENT_DATA"]));
    let allowed = folder.assize(&[&["permissions"][..], &rules].concat()).json();
    assert_eq!(
        allowed.pointer("/Statement/0/Action"),
        Some(&serde_json::json!(["ec2:DescribeVolumes"])),
        "{allowed:#}"
    );
    folder.write("assize.yaml", "record: {only: [\"AWS::EC2::Volumes\"]}\n");
    for command in [&["config", "check"][..], &["scan", "--demo"]] {
        let ran = folder.assize(command);
        assert_eq!(ran.code(), 2, "{ran}");
        assert!(ran.stderr().contains("assize.yaml:1:17: in `record` no resource type is called"), "{ran}");
    }
}
