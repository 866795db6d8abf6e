//! What is new in a store goes to a file, and waits where it cannot.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use serde_json::Value as Json;

use crate::common::{Folder, data};

const CONFIG: &str = "store: assize.db\nrules: [encrypted-volumes]\ndeliver:\n  file: out/messages.jsonl\n";

/// Evaluates a snapshot of this day into the store; what it holds is told by `deliver`.
fn day(folder: &Folder, day: &str, change: impl Fn(String) -> String) {
    let text = std::fs::read_to_string(data("cli/findings.jsonl")).expect("it is there");
    folder.write("snapshot.jsonl", change(text.replace("2026-01-02T", &format!("2026-01-{day}T"))));
    let ran = folder.assize(&["evaluate", "snapshot.jsonl"]);
    assert!([0, 1].contains(&ran.code()), "{ran}");
}

fn messages(folder: &Folder) -> Vec<String> {
    let one = |line: &str| {
        let message: Json = serde_json::from_str(line).expect("a message is JSON");
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let item = &message["configurationItem"];
        let id = [&item["resourceId"], &message["resourceId"]].map(text).concat();
        let change = text(&message["configurationItemDiff"]["changeType"]);
        let answers = ["oldEvaluationResult", "newEvaluationResult"].map(|name| text(&message[name]["complianceType"]));
        let told = [text(&message["messageType"]), id, change, answers.join(" ")];
        told.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    };
    folder.read("out/messages.jsonl").lines().map(one).collect()
}

#[test]
fn messages_go_to_a_file_once_and_wait_while_it_cannot_be_written() {
    let folder = Folder::new();
    folder.write("assize.yaml", CONFIG);
    std::fs::create_dir(folder.path().join("out")).expect("a folder");
    day(&folder, "02", |text| text);
    // From now on what is new is delivered; what was there is not.
    let first = folder.assize(&["deliver"]);
    assert_eq!((first.code(), first.stderr()), (0, "0 messages delivered\n"), "{first}");
    let changed = |text: String| {
        text.replace("vol-0000000000000000c", "vol-0000000000000000d").replacen(
            "\"encrypted\": true",
            "\"encrypted\": false",
            1,
        )
    };
    day(&folder, "03", changed);
    // The folder is gone: everything waits, and the exit code says so.
    std::fs::remove_dir(folder.path().join("out")).expect("it is empty");
    insta::assert_snapshot!("messages that wait", folder.assize(&["deliver"]));
    day(&folder, "04", changed);
    std::fs::create_dir(folder.path().join("out")).expect("a folder");
    let second = folder.assize(&["deliver"]);
    assert_eq!(second.code(), 0, "{second}");
    insta::assert_debug_snapshot!("messages of two days", messages(&folder));
    let lines = folder.read("out/messages.jsonl");
    insta::assert_snapshot!("the message of a change", lines.lines().next().expect("a message"));
    // All has been told.
    assert_eq!(folder.assize(&["deliver"]).stderr(), "0 messages delivered\n");
    assert_eq!(folder.read("out/messages.jsonl"), lines);
}

#[test]
fn a_look_that_could_not_list_is_no_news_of_a_rule() {
    let folder = Folder::new();
    folder.write("assize.yaml", CONFIG);
    std::fs::create_dir(folder.path().join("out")).expect("a folder");
    day(&folder, "02", |text| text);
    assert_eq!(folder.assize(&["deliver"]).code(), 0);
    let unlisted = std::fs::read_to_string(data("cli/unlisted.jsonl")).expect("it is there");
    folder.write("unlisted.jsonl", unlisted.replace("2026-01-02T", "2026-01-03T"));
    assert_eq!(folder.assize(&["evaluate", "unlisted.jsonl"]).code(), 3);
    day(&folder, "04", |text| text);
    assert_eq!(folder.assize(&["deliver"]).code(), 0);
    assert!(messages(&folder).iter().all(|one| one == "ConfigRulesEvaluationStarted"), "{:?}", messages(&folder));
    let history = folder.assize(&["timeline", "-f", "json"]).json();
    let entries = history["entries"].as_array().expect("a list");
    assert!(entries.is_empty(), "{entries:#?}");
    // What is mended after another such look is told.
    folder.write("unlisted.jsonl", unlisted.replace("2026-01-02T", "2026-01-05T"));
    folder.assize(&["evaluate", "unlisted.jsonl"]);
    day(&folder, "06", |text| text.replace("\"encrypted\": false", "\"encrypted\": true"));
    assert_eq!(folder.assize(&["deliver"]).code(), 0);
    let mended = messages(&folder).into_iter().filter(|one| one.starts_with("ComplianceChange")).collect::<Vec<_>>();
    let expected = "ComplianceChangeNotification vol-0000000000000000b NON_COMPLIANT COMPLIANT";
    assert!(mended.contains(&expected.to_owned()), "{mended:?}");
}

#[test]
fn what_waits_for_a_channel_that_is_named_no_more_is_told_until_it_is_forgotten() {
    let folder = Folder::new();
    folder.write("assize.yaml", CONFIG);
    day(&folder, "02", |text| text);
    assert_eq!(folder.assize(&["deliver"]).code(), 0);
    day(&folder, "03", |text| text);
    assert_eq!(folder.assize(&["deliver"]).code(), 2);
    let other = "sns: arn:aws:sns:eu-west-1:111122223333:config-topic\n  profile: writer";
    folder.write("assize.yaml", CONFIG.replace("file: out/messages.jsonl", other));
    insta::assert_snapshot!("messages for a channel that is named no more", folder.assize(&["deliver"]));
    assert_eq!(folder.assize(&["deliver"]).code(), 2, "it is told each time");
    let forgotten = folder.assize(&["deliver", "--forget"]);
    assert_eq!((forgotten.code(), forgotten.stderr()), (0, "0 messages delivered\n"), "{forgotten}");
    assert_eq!(folder.assize(&["deliver"]).code(), 0);
}

#[test]
fn a_scan_delivers_and_ends_whatever_becomes_of_it() {
    let folder = Folder::new();
    folder.write(
        "assize.yaml",
        "store: assize.db\nrules: [s3-bucket-versioning-enabled]\ndeliver: {file: none/messages.jsonl}\n",
    );
    let scan = folder.assize(&["scan", "--demo", "-o", "json=report.json"]);
    assert_eq!(scan.code(), 2, "{scan}");
    assert!(scan.stderr().contains("the store keeps it; the next scan, or assize deliver, tries again"), "{scan}");
    assert!(scan.stdout().contains("s3-bucket-versioning-enabled") && folder.path().join("report.json").is_file());
    folder.write("none/keep", "");
    let again = folder.assize(&["deliver"]);
    assert_eq!(again.code(), 0, "{again}");
    let told = folder.read("none/messages.jsonl");
    assert!(told.contains("ConfigRulesEvaluationStarted") && told.contains("ComplianceChangeNotification"), "{told}");
    // What the first look finds is no change.
    assert!(!told.contains("ConfigurationItemChangeNotification"), "{told}");
    let without = folder.assize(&["scan", "--demo", "--no-store"]);
    assert!(without.code() == 2 && without.stderr().contains("needs a store"), "{without}");
}

#[test]
fn what_is_wrong_with_the_section_is_told_with_its_place() {
    let folder = Folder::new();
    folder.write(
        "assize.yaml",
        "deliver:\n  sns: config-topic\n  s3: amzn-s3-demo-bucket\n  external_id: a\n  security_hub: all\n  tpoic: x\n",
    );
    insta::assert_snapshot!("mistakes in deliver", folder.assize(&["config", "check"]));
    folder.write("assize.yaml", "deliver: {s3: \"s3://amzn-s3-demo-bucket\"}\n");
    insta::assert_snapshot!("nobody to deliver as", folder.assize(&["config", "check"]));
    folder.write("assize.yaml", "deliver: {profile: writer}\n");
    insta::assert_snapshot!("nowhere to deliver to", folder.assize(&["config", "check"]));
    assert_eq!(Folder::new().assize(&["deliver", "--store", "x.db"]).code(), 2);
}

#[test]
fn the_role_that_delivers_may_do_nothing_else() {
    let folder = Folder::new();
    folder.write(
        "assize.yaml",
        "deliver:\n  sns: arn:aws:sns:eu-west-1:111122223333:config-topic\n  s3: s3://amzn-s3-demo-bucket/logs\n  \
            security_hub: [eu-west-1, us-east-1]\n  role_arn: arn:aws:iam::111122223333:role/deliver\n",
    );
    insta::assert_snapshot!("a policy for delivery", folder.assize(&["permissions", "--deliver"]));
    // Without a topic nothing but the region says in which partition the bucket is.
    let bucket = "deliver: {s3: \"s3://amzn-s3-demo-bucket\", profile: writer}\n";
    folder.write("assize.yaml", bucket);
    let told = folder.assize(&["permissions", "--deliver", "--region", "cn-north-1"]);
    assert!(told.stdout().contains("arn:aws-cn:s3:::amzn-s3-demo-bucket/AWSLogs/*"), "{told}");
    folder.write("assize.yaml", format!("regions: [us-gov-west-1]\n{bucket}"));
    let told = folder.assize(&["permissions", "--deliver"]);
    assert!(told.stdout().contains("arn:aws-us-gov:s3:::amzn-s3-demo-bucket/AWSLogs/*"), "{told}");
    let nothing = Folder::new().assize(&["permissions", "--deliver"]);
    assert!(nothing.code() == 2 && nothing.stderr().contains("deliver"), "{nothing}");
}
