//! What assize says when it cannot do its work: one sentence, and what to do about it. The exit code is 2.

use crate::common::{Folder, Ran, assize, data};

/// A run that ends in an error: exit code 2, nothing on standard output.
fn fails(ran: &Ran) -> String {
    assert_eq!((ran.code(), ran.stdout()), (2, ""), "{ran}");
    ran.to_string()
}

#[test]
fn nothing_is_asked() {
    insta::assert_snapshot!(fails(&assize(&[])));
}

#[test]
fn an_unknown_flag() {
    insta::assert_snapshot!(fails(&assize(&["scan", "--regoin", "eu-west-1"])));
}

#[test]
fn an_unknown_rule() {
    insta::assert_snapshot!(fails(&assize(&["scan", "--rule", "encrypted-volume"])));
}

#[test]
fn a_pattern_without_rules() {
    insta::assert_snapshot!(fails(&assize(&["scan", "--rule", "nothing-*"])));
}

#[test]
fn an_unknown_service() {
    // The services that there are grow with the rules.
    let said = fails(&assize(&["plan", "--service", "quantum"]));
    assert!(said.contains("error: there are no rules for the service quantum; there are some for "), "{said}");
    assert!(said.contains(", ec2, ") && said.contains("help: "), "{said}");
}

#[test]
fn an_unknown_parameter() {
    insta::assert_snapshot!(fails(&assize(&["scan", "--rule", "encrypted-volumes", "--param", "keyId=x"])));
}

#[test]
fn a_parameter_of_another_type() {
    insta::assert_snapshot!(fails(&assize(&[
        "scan",
        "--rule",
        "access-keys-rotated",
        "--param",
        "maxAccessKeyAge=soon"
    ])));
}

#[test]
fn a_parameter_without_a_value() {
    insta::assert_snapshot!(fails(&assize(&["scan", "--param", "kmsId"])));
}

#[test]
fn an_unknown_format() {
    insta::assert_snapshot!(fails(&assize(&["scan", "-o", "pdf=report.pdf"])));
}

#[test]
fn a_folder_that_is_not_there() {
    insta::assert_snapshot!(fails(&assize(&["scan", "-o", "json=no/such/folder/report.json"])));
    insta::assert_snapshot!(
        "a folder of rules that is not there",
        fails(&assize(&["rules", "list", "--rules", "none"]))
    );
}

#[test]
fn two_reports_in_one_file() {
    insta::assert_snapshot!(fails(&assize(&["scan", "-o", "json=report", "-o", "sarif=report"])));
}

#[test]
fn a_file_that_cannot_be_replaced() {
    let folder = Folder::new();
    folder.write("report.json/inside", "");
    let arguments = ["evaluate", &data("cli/clean.jsonl"), "--rule", "encrypted-volumes", "-o", "json=report.json"];
    insta::assert_snapshot!(fails(&folder.assize(&arguments)));
}

/// Linux has a device that is always full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    let folder = Folder::new();
    let snapshot = data("cli/findings.jsonl");
    let arguments =
        ["evaluate", &snapshot, "--rule", "encrypted-volumes", "-o", "json=/dev/full", "-o", "sarif=report.sarif"];
    let ran = folder.assize(&arguments);
    assert_eq!(
        (ran.code(), ran.stderr()),
        (2, "error: cannot write /dev/full: No space left on device (os error 28)\n")
    );
    assert!(ran.stdout().contains("Findings 1 high"), "the report is shown all the same: {ran}");
    assert_eq!(folder.names(), ["report.sarif"], "and written to the other place");

    let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
    let mut command = folder.command(&["evaluate", &snapshot, "--rule", "encrypted-volumes"]);
    let output = command.stdout(full).output().expect("assize runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), said.contains("cannot write to standard output")), (Some(2), true), "{said}");
}

#[test]
fn several_snapshots_at_once() {
    let both = [data("cli/clean.jsonl"), data("cli/findings.jsonl")];
    let said = fails(&assize(&["evaluate", &both[0], &both[1], "--rule", "encrypted-volumes"]));
    assert!(said.contains("is one of several snapshots") && said.contains("help: "), "{said}");
}

#[test]
fn a_snapshot_that_is_none() {
    let folder = Folder::new();
    folder.write("text.txt", "volumes\n");
    folder.write("empty.json", "");
    folder.write("report.json", "{\n  \"format\": \"assize-report\",\n  \"version\": 1\n}\n");
    for name in ["text.txt", "empty.json", "report.json", "none.json"] {
        insta::assert_snapshot!(format!("a snapshot that is none {name}"), fails(&folder.assize(&["evaluate", name])));
    }
}

#[test]
fn a_report_that_is_none() {
    insta::assert_snapshot!(fails(&assize(&["report", &data("cli/clean.jsonl")])).replace(&data(""), "[data]/"));
}

#[test]
fn an_anchor_outside_of_the_repository() {
    let folder = Folder::new();
    let elsewhere = Folder::new();
    let file = elsewhere.write("x.tf", "");
    let anchor = file.display().to_string();
    let arguments = ["evaluate", &data("cli/clean.jsonl"), "--format", "sarif", "--anchor", &anchor];
    let said = fails(&folder.assize(&arguments));
    assert!(said.contains("is not in the repository") && said.contains("help: "), "{said}");
}

#[test]
fn an_unknown_resource_type() {
    insta::assert_snapshot!(fails(&assize(&["resources", "show", "AWS::EC2::Volum"])));
}

#[test]
fn a_descriptor_that_is_wrong() {
    let folder = Folder::new();
    folder.write(
        "types/mine.yaml",
        "service: ec2\ntypes:\n  - type: My::Own::Type\n    scope: regional\n    lst: {}\n    id: \"{X}\"\n",
    );
    insta::assert_snapshot!(fails(&folder.assize(&["resources", "list", "--resources", "types"])));
}

#[test]
fn a_model_that_could_write() {
    let folder = Folder::new();
    let model = include_str!("../../models/sqs.json").replace("\"ListQueues\"", "\"DeleteQueue\"");
    folder.write("models/sqs.json", model);
    let said = fails(&folder.assize(&["resources", "list", "--models", "models"]));
    assert!(said.contains("DeleteQueue"), "{said}");
}

#[test]
fn endpoints_that_are_none() {
    let folder = Folder::new();
    folder.write("models/endpoints.json", "{}}");
    let said = fails(&folder.assize(&["scan", "--demo", "--models", "models"]));
    assert!(said.contains("cannot load the endpoints") && said.contains("endpoints.json"), "{said}");
}

#[test]
fn no_credentials() {
    let said = fails(&assize(&["scan", "--rule", "encrypted-volumes", "--region", "eu-west-1"]));
    assert!(said.starts_with("exit code 2\n---- stderr\nerror: no AWS credentials were found"), "{said}");
}

#[test]
fn a_recording_that_is_none() {
    let folder = Folder::new();
    folder.write("recording.jsonl", "{}\n");
    insta::assert_snapshot!(fails(&folder.assize(&["scan", "--replay", "recording.jsonl"])));
}

#[test]
fn a_rule_of_a_bad_name() {
    insta::assert_snapshot!(fails(&assize(&["rules", "new", "../escape"])));
}

#[test]
fn a_snippet_that_a_name_could_leave() {
    let folder = Folder::new();
    folder.assize(&["rules", "new", "mended"]);
    let yaml = folder.read("rules/ec2/mended.yaml");
    let with = |fix: &str| {
        folder.write("rules/ec2/mended.yaml", format!("{yaml}fix:\n{fix}"));
        folder.assize(&["rules", "test", "rules"])
    };
    insta::assert_snapshot!(
        "a command",
        with("  cli: |\n    aws ec2 delete-volume \\\n      --volume-id \"{{resourceId}}\"\n")
    );
    insta::assert_snapshot!(
        "a block",
        with("  terraform: |\n    resource \"aws_ebs_volume\" \"x\" {\n      size =\n    }\n")
    );
    insta::assert_snapshot!("nothing", with("  {}\n"));
}
