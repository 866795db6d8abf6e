//! `assize inventory` of files: exact columns, whatever stands in them.

use crate::common::{Folder, assize, data};

/// A snapshot file of AWS Config with types that assize reads, does not read, and that somebody thought up.
const RECORDED: &str = r#"{
  "configSnapshotId": "0a1b2c3d-0000-0000-0000-000000000000",
  "configurationItems": [
    {"resourceType": "AWS::EC2::Volume", "resourceId": "vol-1", "awsRegion": "eu-west-1"},
    {"resourceType": "AWS::EC2::Volume", "resourceId": "vol-2", "awsRegion": "eu-west-1"},
    {"resourceType": "AWS::EC2::Volume", "resourceId": "vol-3", "awsRegion": "us-east-1"},
    {"resourceType": "AWS::EC2::Volume", "resourceId": "vol-4", "awsRegion": "us-east-1", "configurationItemStatus": "ResourceDeleted"},
    {"resourceType": "AWS::Glue::Job", "resourceId": "nightly", "awsRegion": "eu-west-1"},
    {"resourceType": "AWS::IAM::User", "resourceId": "AIDA", "awsRegion": "global"},
    {"resourceType": "AWS::Mine::\u001b[31mRed\u202e", "resourceId": "x", "awsRegion": "eu-west-1"}
  ]
}"#;

fn recorded(folder: &Folder) {
    let text = RECORDED.replace(
        "\"resourceId\"",
        "\"awsAccountId\": \"111122223333\", \"configuration\": {\"a\": 1}, \
         \"configurationItemCaptureTime\": \"2026-01-02T03:04:05.000Z\", \"resourceId\"",
    );
    let text = text.replace("\"eu-west-1\"}", "\"eu-west-1\", \"configurationItemStatus\": \"OK\"}");
    let text = text.replace("\"us-east-1\"}", "\"us-east-1\", \"configurationItemStatus\": \"OK\"}");
    let text = text.replace("\"global\"}", "\"global\", \"configurationItemStatus\": \"OK\"}");
    folder.write("config.json", text);
}

#[test]
fn files_of_aws_config_are_counted_and_what_is_not_read_is_named() {
    let folder = Folder::new();
    recorded(&folder);
    insta::assert_snapshot!(folder.assize(&["inventory", "config.json"]));
    let json = folder.assize(&["inventory", "config.json", "--format", "json"]).json();
    assert_eq!(json["format"], "assize-inventory");
    assert_eq!(json["notCovered"][0]["resourceType"], "AWS::Glue::Job");
    assert_eq!(json["notCovered"][0]["seenBy"], serde_json::json!(["snapshot"]));
    // Text is kept as it is where nothing shows it.
    assert_eq!(json["notCovered"][1]["resourceType"], "AWS::Mine::\u{1b}[31mRed\u{202e}");
    let read = json["notRead"].as_array().expect("a list").len();
    assert!(read > 40, "{read} types are not in the file");
}

#[test]
fn what_could_not_be_read_is_told() {
    let gaps = assize(&["inventory", &data("cli/gaps.jsonl")]);
    insta::assert_snapshot!(gaps);
    assert_eq!(gaps.code(), 3);
}

#[test]
fn a_recording_without_the_overviews_says_that_they_are_missing() {
    let demo = assize(&["inventory", "--demo"]);
    assert_eq!(demo.code(), 3, "the listing of Lambda functions in eu-west-1 was denied: {demo}");
    let said = demo.stdout();
    assert!(said.contains("AWS::EC2::Volume                           eu-west-1   1\n"), "{said}");
    assert!(
        said.contains("gap[AccessDeniedException]: lambda:ListFunctions in eu-west-1 AWS::Lambda::Function"),
        "{said}"
    );
    assert!(said.contains("* the recording holds no answer to tag:GetResources"), "{said}");
}

#[test]
fn an_account_and_a_file_exclude_each_other() {
    let both = assize(&["inventory", "snapshot.jsonl", "--demo"]);
    assert_eq!(both.code(), 2);
    assert!(both.stderr().contains("cannot be used with"), "{both}");
}

#[test]
fn the_permissions_of_an_inventory_have_what_tells_of_other_types() {
    let policy = assize(&["permissions", "--inventory"]).json();
    let actions: Vec<&str> = policy["Statement"][0]["Action"]
        .as_array()
        .expect("a list of actions")
        .iter()
        .filter_map(serde_json::Value::as_str)
        .collect();
    for action in ["config:GetDiscoveredResourceCounts", "ec2:DescribeVolumes", "tag:GetResources"] {
        assert!(actions.contains(&action), "{action} is not in {actions:?}");
    }
    // An inventory reads no parts.
    assert!(!actions.contains(&"s3:GetBucketPolicy"), "{actions:?}");
}
