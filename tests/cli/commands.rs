//! Help, and the commands that need neither an account nor a snapshot.

use crate::common::{Folder, assize};

#[test]
fn help() {
    insta::assert_snapshot!(assize(&["--help"]));
}

#[test]
fn help_of_each_command() {
    for command in [
        &["scan"][..],
        &["collect"],
        &["evaluate"],
        &["import"],
        &["export"],
        &["compare-config"],
        &["report"],
        &["query"],
        &["diff"],
        &["snapshots"],
        &["snapshots", "list"],
        &["snapshots", "show"],
        &["store"],
        &["store", "info"],
        &["store", "prune"],
        &["history"],
        &["timeline"],
        &["trail"],
        &["trail", "verify"],
        &["rules"],
        &["rules", "list"],
        &["rules", "show"],
        &["rules", "docs"],
        &["rules", "check"],
        &["rules", "test"],
        &["rules", "new"],
        &["resources"],
        &["resources", "docs"],
        &["inventory"],
        &["plan"],
        &["permissions"],
        &["config"],
        &["config", "check"],
        &["config", "show"],
        &["config", "schema"],
        &["sarif", "check"],
    ] {
        insta::assert_snapshot!(format!("help of {}", command.join(" ")), assize(&[command, &["--help"]].concat()));
    }
}

#[test]
fn the_version_is_told() {
    let ran = assize(&["--version"]);
    assert_eq!(ran.to_string(), format!("exit code 0\n---- stdout\nassize {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn rules_are_listed_by_choice() {
    insta::assert_snapshot!(assize(&["rules", "list", "--rule", "encrypted-volumes,ROOT_ACCOUNT_MFA_ENABLED"]));
    let all = assize(&["rules", "list"]);
    let high = assize(&["rules", "list", "--severity", "high"]);
    assert!(high.stdout().lines().count() < all.stdout().lines().count(), "{high}");
    assert!(high.stdout().lines().all(|line| line.contains("  high ")), "{high}");
}

#[test]
fn a_rule_is_shown_by_its_identifier_too() {
    let shown = assize(&["rules", "show", "ENCRYPTED_VOLUMES"]);
    insta::assert_snapshot!(shown);
    assert_eq!(shown.to_string(), assize(&["rules", "show", "encrypted-volumes"]).to_string());
}

#[test]
fn a_new_rule_passes_its_own_cases_and_runs() {
    let folder = Folder::new();
    insta::assert_snapshot!("new rule", folder.assize(&["rules", "new", "volumes-have-owners"]));
    let tested = folder.assize(&["rules", "test", "rules"]);
    insta::assert_snapshot!("new rule tested", tested);
    let snapshot = crate::common::data("cli/findings.jsonl");
    let arguments =
        ["evaluate", &snapshot, "--rules", "rules", "--rule", "volumes-have-owners", "--param", "tagKey=Team"];
    let judged = folder.assize(&arguments);
    assert_eq!(judged.code(), 0, "{judged}");
    // A second one of the name does not take the place of the first.
    insta::assert_snapshot!("new rule again", folder.assize(&["rules", "new", "volumes-have-owners"]));
}

#[test]
fn a_new_rule_says_that_it_reads_tags_where_they_take_a_call() {
    let folder = Folder::new();
    folder.assize(&["rules", "new", "buckets-have-owners", "--type", "AWS::S3::Bucket"]);
    assert!(folder.read("rules/s3/buckets-have-owners.yaml").contains("reads:\n  AWS::S3::Bucket: [Tags]\n"));
    let tested = folder.assize(&["rules", "test", "rules"]);
    assert!(tested.code() == 0 && tested.stdout().contains("all hold"), "{tested}");
    let unknown = folder.assize(&["rules", "new", "buckets-have-owners", "--type", "AWS::S3::Bucked"]);
    assert!(unknown.code() == 2 && unknown.stderr().contains("did you mean `AWS::S3::Bucket`?"), "{unknown}");
}

#[test]
fn a_case_that_does_not_hold_is_shown() {
    let folder = Folder::new();
    folder.assize(&["rules", "new", "volumes-have-owners"]);
    let cases = folder.read("rules/ec2/volumes-have-owners.test.yaml");
    let wrong = cases.replacen("expect: COMPLIANT", "expect: NON_COMPLIANT", 1);
    folder.write("rules/ec2/volumes-have-owners.test.yaml", wrong);
    insta::assert_snapshot!(folder.assize(&["rules", "test", "rules"]));
}

#[test]
fn a_thorough_test_names_what_the_cases_leave_open() {
    let folder = Folder::new();
    folder.assize(&["rules", "new", "volumes-have-owners"]);
    let thorough = folder.assize(&["rules", "test", "rules", "--thorough"]);
    assert!(thorough.code() == 0 && thorough.stdout().ends_with("all hold\n"), "{thorough}");
    // A limit that no case comes near, with a default that no case needs, in a branch that none takes.
    let script = folder.read("rules/ec2/volumes-have-owners.rhai");
    let large = "    if (item.configuration.get(\"size\") ?? 0) > 1000 {\n        return not_applicable(\"the volume is large\");\n    }\n";
    folder.write("rules/ec2/volumes-have-owners.rhai", script.replacen("    if ", &format!("{large}    if "), 1));
    insta::assert_snapshot!(folder.assize(&["rules", "test", "rules", "--thorough"]));
}

#[test]
fn a_thorough_test_names_calls_whose_denial_no_case_notices() {
    let folder = Folder::new();
    folder.assize(&["rules", "new", "buckets-have-owners", "--type", "AWS::S3::Bucket"]);
    let metadata = folder.read("rules/s3/buckets-have-owners.yaml");
    let more = metadata.replace("[Tags]", "[Tags, BucketPolicy]\n  AWS::KMS::Key: []");
    folder.write("rules/s3/buckets-have-owners.yaml", more);
    let script = folder.read("rules/s3/buckets-have-owners.rhai");
    let asks = "    if parameters.tagKey == \"Key\" && resources(\"AWS::KMS::Key\").is_empty() {\n        return compliant();\n    }\n";
    folder.write("rules/s3/buckets-have-owners.rhai", script.replacen("    if ", &format!("{asks}    if "), 1));
    insta::assert_snapshot!(folder.assize(&["rules", "test", "rules", "--thorough"]));
}

#[test]
fn the_cases_of_the_built_in_rules_hold() {
    let ran = assize(&["rules", "test", "--rule", "encrypted-volumes"]);
    assert!(ran.code() == 0 && ran.stdout().contains("1 rule, ") && ran.stdout().contains("all hold"), "{ran}");
}

#[test]
fn resource_types_are_listed_and_shown() {
    let listed = assize(&["resources", "list"]);
    assert!(listed.code() == 0 && listed.stdout().lines().count() > 40, "{listed}");
    insta::assert_snapshot!(assize(&["resources", "show", "AWS::EC2::Volume"]));
}

#[test]
fn a_plan_says_what_is_called_how_often_and_for_whom() {
    insta::assert_snapshot!(assize(&["plan", "--rule", "encrypted-volumes,cmk-backing-key-rotation-enabled"]));
    let snapshot = crate::common::data("cli/findings.jsonl");
    let counted = assize(&[
        "plan",
        "--rule",
        "encrypted-volumes",
        "--snapshot",
        &snapshot,
        "--region",
        "eu-west-1,eu-west-2,us-east-1",
    ]);
    assert!(counted.stdout().contains("at most 4 calls"), "one in each region, and whose account it is: {counted}");
}

#[test]
fn permissions_are_a_policy_of_what_the_plan_calls() {
    insta::assert_snapshot!(assize(&["permissions", "--rule", "encrypted-volumes"]));
    insta::assert_snapshot!(
        "permissions by rule",
        assize(&["permissions", "--rule", "encrypted-volumes", "--by-rule"])
    );
    let all = assize(&["permissions", "--all"]).json();
    let actions = all["Statement"][0]["Action"].as_array().expect("a list of actions");
    assert!(actions.len() > 50, "{all}");
    let own = assize(&["permissions"]).json();
    let own = own["Statement"][0]["Action"].as_array().expect("a list of actions");
    assert!(own.iter().all(|action| actions.contains(action)) && own.len() < actions.len());
    assert!(!actions.iter().any(|action| action == "s3:GetObject"), "no scan reads what is in a bucket");
}

#[test]
fn commands_that_ask_for_what_no_scan_reads_have_permissions_of_their_own() {
    let actions = |arguments: &[&str]| {
        let policy = assize(&[&["permissions"], arguments].concat()).json();
        let actions = policy["Statement"][0]["Action"].as_array().expect("a list").clone();
        actions.iter().map(|action| action.as_str().expect("a text").to_owned()).collect::<Vec<_>>()
    };
    for (command, expected) in [
        ("history", &["cloudtrail:LookupEvents"][..]),
        ("import", &["config:GetResourceConfigHistory", "config:SelectResourceConfig"]),
        ("import-aggregator", &["config:SelectAggregateResourceConfig"]),
        ("compare-config", &["config:DescribeConfigRules", "config:GetComplianceDetailsByConfigRule"]),
        ("history,import-aggregator", &["cloudtrail:LookupEvents", "config:SelectAggregateResourceConfig"]),
    ] {
        assert_eq!(actions(&["--for", command]), expected, "{command}");
    }
    let scan = ["--rule", "encrypted-volumes"];
    assert_eq!(actions(&[&scan[..], &["--for", "scan"]].concat()), actions(&scan));
    let both = actions(&[&scan[..], &["--for", "scan,history"]].concat());
    assert_eq!(both, [&["cloudtrail:LookupEvents".to_owned()], actions(&scan).as_slice()].concat());
    let by_whom = assize(&["permissions", "--for", "history", "--by-rule"]);
    assert!(by_whom.stdout().contains("cloudtrail:LookupEvents\n  history --events account"), "{by_whom}");
}

#[test]
fn the_permissions_of_an_import_are_those_that_the_documentation_shows() {
    let ran = assize(&["permissions", "--import", "s3://amzn-s3-demo-bucket/logs"]);
    assert_eq!(ran.code(), 0, "{ran}");
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/aws-config.md")).expect("it is there");
    assert!(page.contains(&format!("```json\n{}```\n", ran.stdout())), "{ran}");
    let china = assize(&["permissions", "--import", "s3://amzn-s3-demo-bucket", "--region", "cn-north-1"]);
    assert!(china.stdout().contains("\"arn:aws-cn:s3:::amzn-s3-demo-bucket/*\""), "{china}");
    assert_eq!(assize(&["permissions", "--import", "bucket"]).code(), 2);
}

#[test]
fn the_demonstration_shows_what_assize_does() {
    let folder = Folder::new();
    let shown = folder.assize(&["scan", "--demo", "-o", "json=report.json"]);
    assert_eq!((shown.code(), shown.stderr()), (1, ""), "{shown}");
    let report: serde_json::Value = serde_json::from_str(&folder.read("report.json")).expect("it is JSON");
    let evaluations = report["evaluations"].as_array().expect("a list");
    let services: std::collections::BTreeSet<&str> = evaluations
        .iter()
        .filter(|one| one["complianceType"] == "NON_COMPLIANT")
        .filter_map(|one| one["resourceType"].as_str()?.split("::").nth(1))
        .collect();
    assert!(services.len() >= 5, "findings of several services: {services:?}");
    assert!(!report["gaps"].as_array().expect("a list").is_empty(), "something could not be read");
    assert_eq!(report["ruleErrors"], serde_json::json!([]));
    assert!(report["snapshot"]["relationships"].as_u64() > Some(50));
    assert!(report["snapshot"]["regions"].as_array().expect("a list").len() > 1);
    // Nothing in it depends on the day or on the order of answers.
    assert_eq!(folder.assize(&["scan", "--demo"]).stdout(), shown.stdout());
}

#[test]
fn what_was_collected_is_judged_like_the_scan() {
    let folder = Folder::new();
    let scanned = folder.assize(&["scan", "--demo", "--format", "json"]);
    let collected = folder.assize(&["collect", "--demo", "-o", "snapshot.jsonl.gz"]);
    assert_eq!((collected.code(), collected.stdout()), (3, ""), "there is a gap: {collected}");
    let judged = folder.assize(&["evaluate", "snapshot.jsonl.gz", "--format", "json"]);
    assert_eq!((judged.stdout(), judged.code()), (scanned.stdout(), 1));
    // A full inventory has more gaps and more items, and the rules say the same.
    folder.assize(&["collect", "--demo", "--all", "-o", "all.jsonl"]);
    let (all, own) = (folder.assize(&["evaluate", "all.jsonl", "--format", "json"]).json(), scanned.json());
    assert_eq!((&all["evaluations"], &all["gaps"]), (&own["evaluations"], &own["gaps"]));
}

#[test]
fn the_readme_shows_what_the_demonstration_prints() {
    let readme = include_str!("../../README.md");
    let shown =
        readme.split("```console\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block of a run");
    let mut lines = shown.lines();
    assert_eq!(lines.next(), Some("$ cargo run --release -- scan --demo"));
    let ran = assize(&["scan", "--demo"]);
    let mut printed = ran.stdout().lines();
    for line in lines.filter(|line| *line != "…") {
        assert!(printed.any(|other| other == line), "the demonstration does not print, or not at this place: {line}");
    }
}
