//! Snapshots as files: what was written comes back, and what lost a part is refused.

use std::sync::Arc;

use super::*;
use crate::item::ResourceKey;
use crate::snapshot::{Place, is_not_collected};
use crate::value::{Unreadable, Value};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";

fn item(resource_type: &str, id: &str) -> ConfigurationItem {
    ConfigurationItem::new(ResourceKey::new(ACCOUNT, REGION, resource_type, id), "2026-01-02T03:04:05.678Z")
}

fn about(listed: &[&str]) -> About {
    let place =
        |name: &&str| Place { account_id: ACCOUNT.into(), aws_region: REGION.into(), resource_type: (*name).into() };
    About {
        captured_at: "2026-01-02T03:04:05.678Z".into(),
        source: "account".into(),
        accounts: vec![ACCOUNT.into()],
        regions: vec![REGION.into()],
        listings: listed.iter().map(place).collect(),
        ..About::default()
    }
}

fn denied() -> Arc<Unreadable> {
    Arc::new(Unreadable {
        operation: "s3:GetBucketPolicy".into(),
        action: Some("s3:GetBucketPolicy".into()),
        code: "AccessDenied".into(),
        message: "access denied".into(),
    })
}

fn written(snapshot: &Snapshot) -> Vec<u8> {
    let mut bytes = Vec::new();
    snapshot.write(&mut bytes).expect("writing to memory works");
    bytes
}

#[test]
fn a_file_gives_back_what_was_written_with_its_gaps() {
    let mut bucket = item("AWS::S3::Bucket", "logs");
    bucket.configuration = Value::object([("name", "logs".into())]);
    bucket.add_gap("/supplementaryConfiguration/BucketPolicy", &denied());
    let mut about = about(&["AWS::S3::Bucket"]);
    about.not_collected.insert("AWS::S3::Bucket".into(), vec!["/supplementaryConfiguration/PolicyStatus".into()]);
    let before = Snapshot::new(about, vec![bucket]);
    let after = Snapshot::read(&*written(&before)).expect("what was written can be read");
    assert_eq!(after.items(), before.items());
    assert_eq!(after.about(), before.about());
    assert_eq!(after.gaps().len(), 1);
    let status = after.items()[0].pointer("/supplementaryConfiguration/PolicyStatus").expect("it is obscured");
    assert!(is_not_collected(status));
}

#[test]
fn a_file_that_lost_its_end_is_refused() {
    let snapshot = Snapshot::new(about(&[]), vec![item("AWS::EC2::VPC", "a"), item("AWS::EC2::VPC", "b")]);
    let bytes = written(&snapshot);
    let second_line = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).expect("three lines").0;
    let error = Snapshot::read(&bytes[..=second_line]).expect_err("an item is missing");
    assert!(matches!(error, SnapshotError::CutOff { promised: 2, found: 1 }), "{error}");
}
