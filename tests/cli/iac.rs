//! Findings at the lines that define their resources: a repository with Terraform and CloudFormation, and a snapshot of
//! what was made of it.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::common::{Folder, Ran};

const ACCOUNT: &str = "111122223333";

/// An item of a snapshot.
fn item(kind: &str, id: &str, more: &Json) -> Json {
    let mut item = json!({
        "configurationItemVersion": "1.3", "configurationItemCaptureTime": "2026-01-02T03:04:05.678Z",
        "awsAccountId": ACCOUNT, "configurationItemStatus": "ResourceDiscovered", "awsRegion": "eu-west-1",
        "resourceType": kind, "resourceId": id, "tags": {}, "relationships": [],
        "configuration": {}, "supplementaryConfiguration": {},
    });
    for (name, value) in more.as_object().expect("members") {
        item[name] = value.clone();
    }
    item
}

fn snapshot(items: &[Json]) -> String {
    let kinds: std::collections::BTreeSet<&str> =
        items.iter().filter_map(|item| item["resourceType"].as_str()).collect();
    let listings: Vec<Json> = kinds
        .iter()
        .map(|kind| json!({"accountId": ACCOUNT, "awsRegion": "eu-west-1", "resourceType": kind}))
        .collect();
    let head = json!({
        "format": "assize-snapshot", "version": 1, "items": items.len(), "capturedAt": "2026-01-02T03:04:05.678Z",
        "durationMs": 1, "source": "account", "accounts": [ACCOUNT], "regions": ["eu-west-1"], "skippedRegions": {},
        "requests": {}, "listings": listings, "gaps": [],
    });
    let mut lines = vec![head.to_string()];
    lines.extend(items.iter().map(Json::to_string));
    lines.join("\n") + "\n"
}

const TERRAFORM: &str = r#"resource "aws_db_instance" "orders" {
  identifier        = "orders"
  storage_encrypted = false
}

resource "aws_s3_bucket" "logs" {
  bucket = "shop-logs"
}

resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id
  versioning_configuration {
    status = "Suspended"
  }
}

module "queue" {
  source = "./key"
}
"#;

const KEY: &str =
    "resource \"aws_kms_key\" \"this\" {\n  for_each            = toset([\"a\"])\n  enable_key_rotation = false\n}\n";

const TEMPLATE: &str = r"AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Web:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: web
      SecurityGroupIngress:
        - IpProtocol: tcp
          FromPort: 22
          ToPort: 22
          CidrIp: 0.0.0.0/0
";

const RULES: &str =
    "rds-storage-encrypted,s3-bucket-versioning-enabled,cmk-backing-key-rotation-enabled,restricted-ssh";

/// What was made of the repository, and one key that nobody wrote down.
fn made() -> Vec<Json> {
    let key = |id: &str| {
        let configuration = json!({
            "keyId": id, "keyManager": "CUSTOMER", "keySpec": "SYMMETRIC_DEFAULT", "keyState": "Enabled",
            "origin": "AWS_KMS",
        });
        let arn = format!("arn:aws:kms:eu-west-1:{ACCOUNT}:key/{id}");
        let rotation = json!({"KeyRotationStatus": false});
        item(
            "AWS::KMS::Key",
            id,
            &json!({"ARN": arn, "configuration": configuration, "supplementaryConfiguration": rotation}),
        )
    };
    vec![
        item(
            "AWS::EC2::SecurityGroup",
            "sg-1",
            &json!({
                "resourceName": "web",
                "tags": {"aws:cloudformation:stack-name": "shop", "aws:cloudformation:logical-id": "Web"},
                "configuration": {"groupName": "web", "ipPermissionsEgress": [], "ipPermissions": [
                    {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipv4Ranges": [{"cidrIp": "0.0.0.0/0"}],
                     "ipRanges": ["0.0.0.0/0"], "ipv6Ranges": [], "prefixListIds": [], "userIdGroupPairs": []}]},
            }),
        ),
        key("11111111-1111-1111-1111-111111111111"),
        key("99999999-9999-9999-9999-999999999999"),
        item(
            "AWS::RDS::DBInstance",
            "db-ORDERS",
            &json!({
                "resourceName": "orders", "ARN": format!("arn:aws:rds:eu-west-1:{ACCOUNT}:db:orders"),
                "configuration": {"dBInstanceIdentifier": "orders", "storageEncrypted": false},
            }),
        ),
        item(
            "AWS::S3::Bucket",
            "shop-logs",
            &json!({
                "resourceName": "shop-logs", "ARN": "arn:aws:s3:::shop-logs",
                "supplementaryConfiguration": {"BucketVersioningConfiguration": {"status": "Suspended"}},
            }),
        ),
    ]
}

fn state() -> String {
    let arn = |rest: &str| format!("arn:aws:{rest}");
    json!({"version": 4, "resources": [
        {"mode": "managed", "type": "aws_db_instance", "name": "orders", "instances": [{"attributes": {
            "id": "db-ORDERS", "resource_id": "db-ORDERS", "password": "hunter2-canary",
            "arn": arn(&format!("rds:eu-west-1:{ACCOUNT}:db:orders"))}}]},
        {"mode": "managed", "type": "aws_s3_bucket", "name": "logs", "instances": [{"attributes": {
            "id": "shop-logs", "bucket": "shop-logs", "arn": "arn:aws:s3:::shop-logs"}}]},
        {"mode": "managed", "type": "aws_s3_bucket_versioning", "name": "logs", "instances": [{"attributes": {
            "id": "shop-logs", "bucket": "shop-logs"}}]},
        {"mode": "managed", "module": "module.queue", "type": "aws_kms_key", "name": "this", "instances": [
            {"index_key": "a", "attributes": {"id": "11111111-1111-1111-1111-111111111111",
             "arn": arn(&format!("kms:eu-west-1:{ACCOUNT}:key/11111111-1111-1111-1111-111111111111"))}}]},
    ]})
    .to_string()
}

fn repository() -> Folder {
    let folder = Folder::new();
    folder.write(".git/HEAD", "ref: refs/heads/main\n");
    folder.write("assize.yaml", format!("fail_on: never\nrules: [{}]\n", RULES.replace(',', ",\n        ")));
    folder.write("infra/main.tf", TERRAFORM);
    folder.write("infra/key/main.tf", KEY);
    folder.write("infra/terraform.tfstate", state());
    folder.write("cfn/web server.yaml", TEMPLATE);
    folder.write("snapshot.jsonl", snapshot(&made()));
    folder
}

/// Of each finding: the resource, and where it is; and its fingerprint.
fn located(sarif: &str) -> BTreeMap<String, (String, String)> {
    let sarif: Json = serde_json::from_str(sarif).expect("it is JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let of = |result: &Json| {
        let physical = &result["locations"][0]["physicalLocation"];
        let definition = &result["properties"]["definition"];
        let how = format!("{} {}", definition["mapping"], definition["certainty"]);
        let place = format!(
            "{}:{} {}",
            physical["artifactLocation"]["uri"].as_str().unwrap_or_default(),
            physical["region"]["startLine"],
            how.replace('"', ""),
        );
        let print = result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap_or_default().to_owned();
        (result["properties"]["resourceId"].as_str().unwrap_or_default().to_owned(), (place, print))
    };
    results.iter().map(of).collect()
}

fn evaluate(folder: &Folder, more: &[&str]) -> Ran {
    let ran = folder.assize(&[&["evaluate", "snapshot.jsonl", "--iac", ".", "-o", "sarif=out.sarif"], more].concat());
    assert_eq!(ran.code(), 0, "{ran}");
    ran
}

fn places(folder: &Folder) -> Vec<String> {
    let located = located(&folder.read("out.sarif"));
    located.into_iter().map(|(id, (place, _))| format!("{id}: {place}")).collect()
}

#[test]
fn each_finding_is_at_the_line_that_defines_its_resource() {
    let folder = repository();
    let ran = evaluate(&folder, &[]);
    assert!(ran.stderr().is_empty(), "{ran}");
    assert_eq!(
        places(&folder),
        [
            "11111111-1111-1111-1111-111111111111: infra/key/main.tf:3 terraform-arn certain",
            // Nobody wrote it down: what asks for the rule is the place.
            "99999999-9999-9999-9999-999999999999: assize.yaml:4 null null",
            "db-ORDERS: infra/main.tf:3 terraform-arn certain",
            "sg-1: cfn/web%20server.yaml:10 cloudformation-tags likely",
            "shop-logs: infra/main.tf:13 terraform-arn certain",
        ]
    );
    assert!(ran.stdout().contains("at infra/main.tf:3 (aws_db_instance.orders, by terraform-arn: certain)"), "{ran}");
    assert!(!folder.read("out.sarif").contains("hunter2-canary"), "a secret of the state is in the report");
    let checked = folder.assize(&["sarif", "check", "out.sarif"]);
    assert_eq!(checked.code(), 0, "{checked}");
    assert_eq!(checked.stdout(), "out.sarif: would be accepted\n");
}

#[test]
fn a_block_that_moves_keeps_its_findings_fingerprints() {
    let folder = repository();
    evaluate(&folder, &[]);
    let before = located(&folder.read("out.sarif"));
    folder.write("infra/main.tf", format!("# moved\n\n{TERRAFORM}"));
    folder.write("cfn/web server.yaml", format!("# moved\n{TEMPLATE}"));
    evaluate(&folder, &[]);
    let after = located(&folder.read("out.sarif"));
    let prints = |located: &BTreeMap<String, (String, String)>| -> Vec<String> {
        located.values().map(|(_, print)| print.clone()).collect()
    };
    assert_eq!(prints(&before), prints(&after));
    assert_eq!(before["db-ORDERS"].0, "infra/main.tf:3 terraform-arn certain");
    assert_eq!(after["db-ORDERS"].0, "infra/main.tf:5 terraform-arn certain");
    assert_eq!(after["sg-1"].0, "cfn/web%20server.yaml:11 cloudformation-tags likely");
}

#[test]
fn a_saved_report_knows_the_places_and_can_be_given_others() {
    let folder = repository();
    evaluate(&folder, &["-o", "json=report.json"]);
    let first = located(&folder.read("out.sarif"));
    let again = folder.assize(&["report", "report.json", "-o", "sarif=out.sarif"]);
    assert_eq!(again.code(), 1, "{again}");
    let saved = located(&folder.read("out.sarif"));
    assert_eq!(first["db-ORDERS"], saved["db-ORDERS"]);
    folder.write("infra/main.tf", format!("# moved\n\n{TERRAFORM}"));
    let again = folder.assize(&["report", "report.json", "--iac", "infra", "-o", "sarif=out.sarif"]);
    assert_eq!(again.code(), 1, "{again}");
    assert_eq!(located(&folder.read("out.sarif"))["db-ORDERS"].0, "infra/main.tf:5 terraform-arn certain");
    let json: Json = serde_json::from_str(&folder.read("report.json")).expect("it is JSON");
    let db = json["evaluations"].as_array().expect("a list").iter().find(|one| one["resourceId"] == "db-ORDERS");
    assert_eq!(
        db.expect("it was judged")["definition"],
        json!({
            "file": "infra/main.tf", "line": 3, "column": 3, "endColumn": 28,
            "address": "aws_db_instance.orders", "mapping": "terraform-arn", "certainty": "certain",
        })
    );
}

#[test]
fn the_configuration_file_names_the_folder_and_the_states() {
    let folder = repository();
    std::fs::rename(folder.path().join("infra/terraform.tfstate"), folder.path().join("state.json")).expect("moved");
    folder.write(
        "assize.yaml",
        format!("fail_on: never\niac: .\niac_states: state.json\nrules: [{RULES}]\noutputs: {{sarif: out.sarif}}\n"),
    );
    let ran = folder.assize(&["evaluate", "snapshot.jsonl"]);
    assert_eq!(ran.code(), 0, "{ran}");
    let located = located(&folder.read("out.sarif"));
    assert_eq!(located["shop-logs"].0, "infra/main.tf:13 terraform-arn certain");
}

#[test]
fn what_cannot_be_read_of_a_repository_is_a_warning_with_its_line() {
    let folder = repository();
    folder.write("infra/broken.tf", "resource \"aws_vpc\" \"x\" {\n  a =\n}\n");
    let ran = evaluate(&folder, &[]);
    assert!(ran.stderr().starts_with("warning: infra/broken.tf:2: this is not HCL: "), "{ran}");
    assert_eq!(located(&folder.read("out.sarif"))["db-ORDERS"].0, "infra/main.tf:3 terraform-arn certain");
    let ran = folder.assize(&["evaluate", "snapshot.jsonl", "--iac", "nowhere"]);
    assert_eq!(ran.code(), 2, "{ran}");
    assert!(ran.stderr().contains("cannot read the folder nowhere"), "{ran}");
    let ran = folder.assize(&["evaluate", "snapshot.jsonl", "--iac", ".", "--iac-state", "s3://b"]);
    assert_eq!(ran.code(), 2, "{ran}");
    assert!(ran.stderr().contains("is no address of a bucket"), "{ran}");
}

#[test]
fn the_way_of_a_chain_is_shown_with_each_resource_at_its_place() {
    let folder = Folder::new();
    folder.write(".git/HEAD", "x");
    folder.write("assize.yaml", "fail_on: never\nrules: [root-login-alarm]\n");
    folder.write("main.tf", "resource \"aws_cloudtrail\" \"main\" {\n  name = \"main\"\n}\nresource \"aws_cloudwatch_log_group\" \"trail\" {\n  name = \"trail\"\n}\n");
    let group = format!("arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:trail:*");
    let items = [
        item("AWS::::Account", ACCOUNT, &json!({"awsRegion": "global"})),
        item(
            "AWS::CloudTrail::Trail",
            "main",
            &json!({
                "configuration": {"name": "main", "homeRegion": "eu-west-1", "isMultiRegionTrail": true, "cloudWatchLogsLogGroupArn": group},
                "supplementaryConfiguration": {
                    "TrailStatus": {"isLogging": true},
                    "EventSelectors": {
                        "eventSelectors": [{"readWriteType": "All", "includeManagementEvents": true}],
                        "advancedEventSelectors": [],
                    },
                },
            }),
        ),
        item(
            "AWS::Logs::LogGroup",
            "trail",
            &json!({
                "resourceName": "trail", "ARN": group, "configuration": {"LogGroupName": "trail"},
                "supplementaryConfiguration": {"MetricFilters": []},
            }),
        ),
    ];
    folder.write("snapshot.jsonl", snapshot(&items));
    let ran = folder.assize(&["evaluate", "snapshot.jsonl", "--iac", ".", "-f", "sarif"]);
    let sarif = ran.json();
    let result = &sarif["runs"][0]["results"][0];
    let steps: Vec<String> = result["codeFlows"][0]["threadFlows"][0]["locations"]
        .as_array()
        .unwrap_or_else(|| panic!("{ran}"))
        .iter()
        .map(|step| {
            let location = &step["location"];
            let physical = &location["physicalLocation"];
            let name = location["logicalLocations"][0]["fullyQualifiedName"].as_str().unwrap_or_default();
            format!("{name} at {}:{}", physical["artifactLocation"]["uri"], physical["region"]["startLine"])
        })
        .collect();
    assert_eq!(steps, ["AWS::CloudTrail::Trail main at \"main.tf\":1", "AWS::Logs::LogGroup trail at \"main.tf\":4"]);
    assert_eq!(result["relatedLocations"].as_array().map(Vec::len), Some(2));
    folder.write("out.sarif", ran.stdout());
    assert_eq!(folder.assize(&["sarif", "check", "out.sarif"]).code(), 0);
}

#[test]
fn more_than_code_scanning_shows_is_said() {
    let folder = Folder::new();
    folder.write(".git/HEAD", "x");
    folder.write("assize.yaml", "fail_on: never\nrules: [rds-instance-public-access-check]\n");
    let one = |at: usize| {
        item("AWS::RDS::DBInstance", &format!("db-{at:05}"), &json!({"configuration": {"publiclyAccessible": true}}))
    };
    folder.write("snapshot.jsonl", snapshot(&(0..5_001).map(one).collect::<Vec<_>>()));
    let ran = folder.assize(&["evaluate", "snapshot.jsonl", "-o", "sarif=out.sarif", "--limit", "1"]);
    assert_eq!(ran.code(), 0, "{ran}");
    let told = format!(
        "note: SARIF of account {ACCOUNT}: code scanning shows the 5000 most severe results of a run, and not 1 more\n"
    );
    assert_eq!(ran.stderr(), told);
    let checked = folder.assize(&["sarif", "check", "out.sarif", "-f", "json"]);
    assert_eq!(checked.code(), 0, "{checked}");
    assert_eq!(checked.json()[0]["accepted"], true);
    assert_eq!(checked.json()[0]["remarks"][0]["consequence"], "cut");
}

#[test]
fn a_file_that_would_be_refused_is_told_with_its_reason() {
    let folder = Folder::new();
    folder.write("bad.sarif", r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": [{"ruleId": "r", "message": {"text": "m"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "api:7"}, "region": {"startLine": 1}}}]}]}]}"#);
    let ran = folder.assize(&["sarif", "check", "bad.sarif"]);
    assert_eq!(ran.code(), 1, "{ran}");
    insta::assert_snapshot!(ran);
    let ran = folder.assize(&["sarif", "check", "missing.sarif"]);
    assert_eq!(ran.code(), 2, "{ran}");
}
