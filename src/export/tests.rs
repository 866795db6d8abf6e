//! What is written is what AWS Config would have, and reads back as what it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::*;
use crate::item::{Relationship, UnreadableRelationship};
use crate::snapshot::About;
use crate::source::config_export::delivery::{Filter, Kind, Name};
use crate::source::config_export::{ConfigExport, TypeFacts, folder};

/// Every item of `tests/data/config-export/items`: one or several of each of 75 types, in AWS Config's three dialects.
fn examples() -> Vec<ConfigurationItem> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/config-export/items");
    let mut paths: Vec<_> =
        fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("it is").path()).collect();
    paths.sort();
    let items: Vec<_> = paths
        .iter()
        .flat_map(|path| items(ConfigExport::open(path).unwrap_or_else(|error| panic!("{error}: {:?}", error.reason))))
        .collect();
    assert_eq!(items.len(), 78);
    items
}

/// The items as they stand in the file.
fn items(export: ConfigExport) -> Vec<ConfigurationItem> {
    export.into_versions(&TypeFacts::default())
}

fn written(file: &ExportFile<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.write(&mut bytes).expect("memory takes it");
    bytes
}

fn snapshot_of(items: Vec<ConfigurationItem>) -> Snapshot {
    let about = About { captured_at: "2026-01-02T03:04:05.678Z".into(), source: "account".into(), ..About::default() };
    Snapshot::new(about, items)
}

/// By key and time, as files do not keep the order.
fn sorted(mut items: Vec<ConfigurationItem>) -> Vec<ConfigurationItem> {
    items.sort_by(|a, b| (&a.key, &a.capture_time).cmp(&(&b.key, &b.capture_time)));
    items
}

#[test]
fn every_item_is_the_same_after_a_journey() {
    let before = sorted(examples());
    let snapshot = snapshot_of(before.clone());
    for format in Format::ALL {
        for files in [super::snapshot(&snapshot, format), history(&before, format)] {
            let files = files.expect("all times are times");
            let read = files.iter().map(|file| ConfigExport::read(&written(file)).expect("it is a file of AWS Config"));
            let after = sorted(read.flat_map(items).collect());
            assert_eq!(after.len(), before.len());
            for (after, before) in after.iter().zip(&before) {
                assert_eq!(after, before);
            }
        }
    }
}

#[test]
fn files_are_found_and_read_in_the_folder_they_were_written_to() {
    let (examples, target) = (examples(), tempfile::tempdir().expect("a folder"));
    let snapshot = snapshot_of(examples.clone());
    let files = [super::snapshot(&snapshot, Format::AwsConfig), history(&examples, Format::Jsonl)];
    let mut names = Vec::new();
    for file in files.into_iter().flat_map(|files| files.expect("all times are times")) {
        let path = target.path().join(file.name());
        fs::create_dir_all(path.parent().expect("it has one")).expect("folders can be made");
        fs::write(&path, written(&file)).expect("it is written");
        names.push(file.name().to_owned());
    }
    let found = folder::walk(target.path(), &Filter::default()).expect("it is read");
    assert_eq!((found.deliveries.len(), found.others.len()), (names.len(), 0));
    let mut all = ConfigExport::default();
    for path in &found.deliveries {
        all.extend(ConfigExport::open(path).expect("it is a file of AWS Config"));
    }
    let read = all.into_snapshot(&TypeFacts::default());
    assert_eq!(read.items(), snapshot.items());
    assert_eq!(read.about().captured_at, "2026-01-02T03:04:06.000Z");
}

#[test]
fn names_are_those_of_aws_config() {
    let volume = |region: &str, id: &str, time: &str| {
        ConfigurationItem::new(ResourceKey::new("111122223333", region, "AWS::EC2::Volume", id), time)
    };
    let mut user = ConfigurationItem::new(
        ResourceKey::new("111122223333", GLOBAL, "AWS::IAM::User", "AIDA"),
        "2026-01-02T03:00:00Z",
    );
    let items = vec![
        volume("eu-west-1", "vol-1", "2026-01-02T05:59:59.999Z"),
        volume("eu-west-1", "vol-2", "2026-01-02T03:00:00.000Z"),
        volume("eu-west-1", "vol-1", "2026-01-02T06:00:00.000Z"),
        user.clone(),
    ];
    let names: Vec<String> =
        history(&items, Format::AwsConfig).expect("times").iter().map(|file| file.name().to_owned()).collect();
    let place =
        "AWSLogs/111122223333/Config/eu-west-1/2026/1/2/ConfigHistory/111122223333_Config_eu-west-1_ConfigHistory";
    assert_eq!(
        names,
        [
            format!("{place}_AWS::EC2::Volume_20260102T030000Z_20260102T060000Z_1.json.gz"),
            format!("{place}_AWS::EC2::Volume_20260102T060000Z_20260102T060000Z_1.json.gz"),
            // What is of no region is delivered where global services are at home.
            "AWSLogs/111122223333/Config/us-east-1/2026/1/2/ConfigHistory/111122223333_Config_us-east-1_ConfigHistory_\
             AWS::IAM::User_20260102T030000Z_20260102T030000Z_1.json.gz"
                .to_owned(),
        ]
    );
    user.arn = Some("arn:aws-cn:iam::111122223333:user/u".into());
    assert_eq!(recorder_region(&user), "cn-north-1");

    let snapshot = snapshot_of(items);
    let files = super::snapshot(&snapshot, Format::AwsConfig).expect("it has a time");
    assert_eq!(files.iter().map(ExportFile::len).collect::<Vec<_>>(), [2, 1]);
    for file in &files {
        let Name::Delivery(delivery) = Name::of_key(file.name()) else { panic!("{}", file.name()) };
        assert_eq!((delivery.kind, delivery.at.as_str()), (Kind::Snapshot, "2026-01-02T03:04:06.000Z"));
        let plain = String::from_utf8(unzipped(&written(file))).expect("it is text");
        let body: serde_json::Value = serde_json::from_str(&plain).expect("it is JSON");
        assert_eq!(body["fileVersion"], "1.0");
        assert!(file.name().contains(body["configSnapshotId"].as_str().expect("it has an id")));
        assert_eq!(plain.trim_end().lines().count(), 1, "a row is a line");
    }
}

fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(bytes), &mut plain).expect("it is gzip");
    plain
}

#[test]
fn the_same_items_are_the_same_bytes_and_others_are_not() {
    let files = |snapshot: &Snapshot| -> BTreeMap<String, Vec<u8>> {
        let files = super::snapshot(snapshot, Format::AwsConfig).expect("it has a time");
        files.iter().map(|file| (file.name().to_owned(), written(file))).collect()
    };
    let examples = examples();
    let once = files(&snapshot_of(examples.clone()));
    let mut reversed = examples.clone();
    reversed.reverse();
    assert_eq!(once, files(&snapshot_of(reversed)));
    let mut changed = examples;
    changed[0].tags = Value::object([("new", "tag".into())]);
    let changed = files(&snapshot_of(changed));
    assert_ne!(once.keys().collect::<Vec<_>>(), changed.keys().collect::<Vec<_>>(), "another content has another id");
}

#[test]
fn what_could_not_be_read_is_told_beside_and_read_again() {
    let key = ResourceKey::new("111122223333", "eu-west-1", "AWS::S3::Bucket", "b");
    let mut bucket = ConfigurationItem::new(key, "2026-01-02T03:00:00Z");
    let denied = Arc::new(Unreadable {
        operation: "s3:GetBucketPolicy".into(),
        action: Some("s3:GetBucketPolicy".into()),
        code: "AccessDenied".into(),
        message: "no".into(),
    });
    let nobody_asked = Arc::new(Unreadable::not_collected("BucketLifecycleConfiguration"));
    bucket.configuration = Value::object([("name", "b".into())]);
    bucket.add_gap("/supplementaryConfiguration/BucketPolicy", &denied);
    // In a snapshot of assize its head says so; here only the item can.
    bucket.obscure("/supplementaryConfiguration/BucketLifecycleConfiguration", &nobody_asked);
    bucket.unreadable_relationships =
        vec![UnreadableRelationship { resource_type: "AWS::KMS::Key".into(), reason: Arc::clone(&denied) }];
    bucket.relationships = vec![Relationship {
        resource_type: "AWS::IAM::User".into(),
        resource_id: None,
        resource_name: Some("u".into()),
        name: "Is associated with ".into(),
    }];
    let snapshot = snapshot_of(vec![bucket.clone()]);
    let files = super::snapshot(&snapshot, Format::AwsConfig).expect("it has a time");
    let [file] = files.as_slice() else { panic!("there is one") };
    let read = items(ConfigExport::read(&written(file)).expect("it is a file of AWS Config"));
    let [again] = read.as_slice() else { panic!("there is one") };
    assert_eq!(again.supplementary_configuration, bucket.supplementary_configuration);
    assert_eq!(again.unreadable_relationships, bucket.unreadable_relationships);

    let mut gaps = Missing::new([]);
    gaps.add(file);
    let mut text = Vec::new();
    gaps.write(&mut text).expect("memory takes it");
    let told: serde_json::Value = serde_json::from_slice(&text).expect("it is JSON");
    assert_eq!((told["items"].as_u64(), told["gaps"].as_array().map(Vec::len)), (Some(1), Some(3)));
    assert_eq!(told["gaps"][0]["resourceId"], "b");
    assert!(!gaps.is_empty() && gaps.items() == 1);
}

#[test]
fn more_versions_than_a_file_takes_are_several_files() {
    let versions: Vec<_> = (0..=HISTORY_ITEMS)
        .map(|at| {
            let key = ResourceKey::new("111122223333", "eu-west-1", "AWS::EC2::Volume", &format!("vol-{at:05}"));
            ConfigurationItem::new(key, "2026-01-02T03:00:00Z")
        })
        .collect();
    let files = history(&versions, Format::AwsConfig).expect("times");
    assert_eq!(files.iter().map(ExportFile::len).collect::<Vec<_>>(), [HISTORY_ITEMS, 1]);
    assert!(files[0].name().ends_with("_1.json.gz") && files[1].name().ends_with("_2.json.gz"));
}

#[test]
fn what_has_no_time_has_no_name() {
    let key = ResourceKey::new("111122223333", "eu-west-1", "AWS::EC2::Volume", "vol-1");
    let error = history(&[ConfigurationItem::new(key, "")], Format::Jsonl).expect_err("there is no time");
    assert_eq!(error.to_string(), "111122223333 eu-west-1 AWS::EC2::Volume vol-1 was captured at ``, which is no time");
    let snapshot = Snapshot::new(About { captured_at: "now".into(), ..About::default() }, Vec::new());
    assert!(matches!(super::snapshot(&snapshot, Format::Jsonl), Err(ExportError::SnapshotTime(_))));
}
