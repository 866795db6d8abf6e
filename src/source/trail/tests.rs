//! Records in CloudTrail's documented form, made up; folders as a trail delivers them.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};

use super::*;

fn value(json: &Json) -> Value {
    serde_json::from_value(json.clone()).expect("it is JSON")
}

fn record(id: &str, time: &str, name: &str) -> Json {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:mara",
            "arn": "arn:aws:sts::111122223333:assumed-role/Operators/mara",
            "accountId": "111122223333",
            "accessKeyId": "ASIAEXAMPLEKEY",
            "sessionContext": {"sessionIssuer": {
                "type": "Role", "arn": "arn:aws:iam::111122223333:role/Operators", "userName": "Operators"
            }}
        },
        "eventTime": time,
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.30",
        "requestParameters": {
            "groupId": "sg-0123456789abcdef0",
            "password": "correct horse",
            "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": 22}]}
        },
        "responseElements": {"_return": true},
        "eventID": id,
        "readOnly": false,
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333"
    })
}

fn wanted(after: Option<&str>, until: Option<&str>) -> Wanted {
    let time = |text: &str| text.parse().expect("it is a time");
    Wanted {
        after: after.map(time),
        until: until.map(time),
        names: ["sg-0123456789abcdef0".to_owned()].into_iter().collect(),
    }
}

#[test]
fn a_record_keeps_what_is_named_and_no_more() {
    let record = value(&record("e1", "2026-10-01T06:30:00Z", "AuthorizeSecurityGroupIngress"));
    let event = wanted(None, None).event(&record).expect("it is wanted");
    assert_eq!(event.actor.name, "arn:aws:sts::111122223333:assumed-role/Operators/mara");
    assert_eq!(event.actor.issuer.as_deref(), Some("arn:aws:iam::111122223333:role/Operators"));
    assert_eq!(event.mentions.iter().collect::<Vec<_>>(), ["sg-0123456789abcdef0"]);
    assert_eq!(event.source_address.as_deref(), Some("198.51.100.7"));
    let kept = serde_json::to_string(&event).expect("it is JSON");
    assert!(!kept.contains("correct horse") && !kept.contains("ASIAEXAMPLEKEY"), "{kept}");
    assert_eq!(serde_json::from_str::<TrailEvent>(&kept).expect("it is read back"), event);
}

#[test]
fn only_successful_writes_in_time_on_the_resource_are_wanted() {
    let whole = record("e1", "2026-10-01T06:30:00Z", "AuthorizeSecurityGroupIngress");
    let with = |name: &str, member: Json| {
        let mut changed = whole.clone();
        changed[name] = member;
        value(&changed)
    };
    let any = wanted(None, None);
    assert!(any.event(&value(&whole)).is_some());
    // Trail files have a flag, copies elsewhere have text.
    assert!(any.event(&with("readOnly", json!(true))).is_none());
    assert!(any.event(&with("readOnly", json!("true"))).is_none());
    assert!(any.event(&with("readOnly", json!("false"))).is_some());
    assert!(any.event(&with("errorCode", json!("Client.UnauthorizedOperation"))).is_none());
    assert!(any.event(&with("requestParameters", json!({"groupId": "sg-0123456789abcdef0x"}))).is_none());
    assert!(any.event(&with("eventID", json!(null))).is_none());
    assert!(any.event(&with("eventTime", json!("yesterday"))).is_none());
    let listed =
        json!([{"ARN": "sg-0123456789abcdef0", "accountId": "111122223333", "type": "AWS::EC2::SecurityGroup"}]);
    let mut changed = whole.clone();
    (changed["requestParameters"], changed["resources"]) = (json!(null), listed);
    assert!(any.event(&value(&changed)).is_some());
    // The time after which something changed was seen before the change; the time until which, with it.
    assert!(wanted(Some("2026-10-01T06:30:00Z"), None).event(&value(&whole)).is_none());
    assert!(wanted(Some("2026-10-01T06:29:59Z"), Some("2026-10-01T06:30:00Z")).event(&value(&whole)).is_some());
    assert!(wanted(None, Some("2026-10-01T06:29:59Z")).event(&value(&whole)).is_none());
}

#[test]
fn every_kind_of_identity_has_a_name() {
    let cases = [
        (
            json!({"type": "Root", "principalId": "111122223333", "arn": "arn:aws:iam::111122223333:root",
                "accountId": "111122223333"}),
            ("Root", "arn:aws:iam::111122223333:root", None, None),
        ),
        (
            json!({"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": "arn:aws:iam::111122223333:user/mara",
                "accountId": "111122223333", "accessKeyId": "AKIAEXAMPLE", "userName": "mara"}),
            ("IAMUser", "arn:aws:iam::111122223333:user/mara", None, None),
        ),
        (
            json!({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/ci",
                "invokedBy": "cloudformation.amazonaws.com",
                "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/Deploy"}}}),
            (
                "AssumedRole",
                "arn:aws:sts::111122223333:assumed-role/Deploy/ci",
                Some("arn:aws:iam::111122223333:role/Deploy"),
                Some("cloudformation.amazonaws.com"),
            ),
        ),
        (
            json!({"type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/mara",
                "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/broker"}}}),
            (
                "FederatedUser",
                "arn:aws:sts::111122223333:federated-user/mara",
                Some("arn:aws:iam::111122223333:user/broker"),
                None,
            ),
        ),
        (
            json!({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}),
            ("AWSService", "autoscaling.amazonaws.com", None, None),
        ),
        (
            json!({"type": "AWSAccount", "principalId": "AIDAOTHER", "accountId": "444455556666"}),
            ("AWSAccount", "444455556666", None, None),
        ),
        (
            json!({"type": "IdentityCenterUser", "accountId": "111122223333", "credentialId": "EXAMPLE",
                "onBehalfOf": {"userId": "544894e8-80c1-707f-60e3-3ba6510dfac1",
                    "identityStoreArn": "arn:aws:identitystore::111122223333:identitystore/d-9067642ac7"}}),
            ("IdentityCenterUser", "544894e8-80c1-707f-60e3-3ba6510dfac1", None, None),
        ),
        (
            json!({"type": "WebIdentityUser", "principalId": "accounts.google.com:app:user", "userName": "user",
                "identityProvider": "accounts.google.com"}),
            ("WebIdentityUser", "user", None, None),
        ),
        (json!({"type": "SAMLUser", "principalId": "EXAMPLE:mara"}), ("SAMLUser", "EXAMPLE:mara", None, None)),
        (json!({}), ("", "", None, None)),
    ];
    for (identity, (kind, name, issuer, invoked_by)) in cases {
        let actor = actor(&value(&identity));
        let told = (actor.kind.as_str(), actor.name.as_str(), actor.issuer.as_deref(), actor.invoked_by.as_deref());
        assert_eq!(told, (kind, name, issuer, invoked_by), "{identity}");
    }
}

fn write(folder: &Path, name: &str, records: &[Json]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("it has one")).expect("folders can be made");
    let text = json!({"Records": records}).to_string();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).expect("memory takes it");
    fs::write(path, gzip.finish().expect("memory takes it")).expect("it is written");
}

#[test]
fn a_folder_of_a_trail_gives_each_event_once_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let day = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10/01";
    let late = record("e2", "2026-10-01T08:00:00Z", "RevokeSecurityGroupIngress");
    let early = record("e1", "2026-10-01T06:30:00Z", "AuthorizeSecurityGroupIngress");
    let same_time = record("e0", "2026-10-01T06:30:00Z", "CreateTags");
    let mut other = early.clone();
    (other["eventID"], other["requestParameters"]) = (json!("e9"), json!({"groupId": "sg-other"}));
    let name = |time: &str, end: &str| format!("{day}/111122223333_CloudTrail_eu-west-1_{time}_{end}.json.gz");
    write(folder.path(), &name("20261001T0810Z", "a"), &[late.clone(), other]);
    write(folder.path(), &name("20261001T0635Z", "b"), &[early.clone(), same_time]);
    // Delivered twice, and a file that cannot hold anything of that time: it would fail if it were opened.
    write(folder.path(), &name("20261001T0640Z", "c"), &[early]);
    fs::write(folder.path().join(name("20260901T0000Z", "d")), "no trail").expect("it is written");
    fs::write(folder.path().join(name("20261101T0000Z", "d")), "no trail").expect("it is written");
    write(folder.path(), "notes/plain.json.gz", &[]);
    fs::write(folder.path().join("notes/read me.txt"), "no trail").expect("it is written");
    let wanted = wanted(Some("2026-10-01T00:00:00Z"), Some("2026-10-02T00:00:00Z"));
    let found = files::read(folder.path(), &wanted);
    let ids: Vec<&str> = found.events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids, ["e0", "e1", "e2"]);
    assert_eq!((found.files, found.failed.len()), (4, 0));
}

#[test]
fn a_broken_file_is_told_and_keeps_no_others_out() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "a.json.gz", &[record("e1", "2026-10-01T06:30:00Z", "CreateTags")]);
    let whole = fs::read(folder.path().join("a.json.gz")).expect("it is there");
    fs::write(folder.path().join("cut.json.gz"), &whole[..whole.len() / 2]).expect("it is written");
    fs::write(folder.path().join("list.json"), "[]").expect("it is written");
    fs::write(folder.path().join("other.json"), r#"{"configurationItems": []}"#).expect("it is written");
    let found = files::read(folder.path(), &wanted(None, None));
    assert_eq!((found.events.len(), found.files), (1, 1));
    let failed: Vec<_> = found.failed.iter().filter_map(|error| error.path.file_name()).collect();
    assert_eq!(failed, ["cut.json.gz", "list.json", "other.json"]);
    assert_eq!(files::read(&folder.path().join("none"), &wanted(None, None)).failed.len(), 1);
}
