//! Every form of AWS Config's files, and what must not be read out of them.

use std::io::Write;

use super::*;
use crate::item::ItemStatus;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/config-export").join(name)
}

fn open(name: &str) -> ConfigExport {
    ConfigExport::open(&data(name)).expect("the file is one of AWS Config's")
}

fn snapshot(name: &str) -> Snapshot {
    open(name).into_snapshot(&TypeFacts::default())
}

fn item<'a>(snapshot: &'a Snapshot, id: &str) -> &'a ConfigurationItem {
    snapshot.items().iter().find(|item| *item.key.resource_id == *id).expect("the item is there")
}

const VOLUME: &str = "vol-0a1b2c3d4e5f60718";
const BUCKET: &str = "assets-of-the-shop";

fn place(region: &str, resource_type: &str) -> Place {
    Place { account_id: "111122223333".into(), aws_region: region.into(), resource_type: resource_type.into() }
}

#[test]
fn a_snapshot_is_of_the_places_it_has_items_of() {
    let snapshot = snapshot("snapshot.json");
    let about = snapshot.about();
    assert_eq!(about.source, "aws-config");
    assert_eq!(
        (about.accounts.as_slice(), about.regions.as_slice()),
        (&["111122223333".into()][..], &["eu-west-1".into()][..])
    );
    assert_eq!(snapshot.items().len(), 4);
    for (region, resource_type) in
        [("eu-west-1", "AWS::EC2::Volume"), ("eu-west-1", "AWS::S3::Bucket"), ("global", "AWS::IAM::User")]
    {
        assert_eq!(snapshot.listing(&place(region, resource_type)), Ok(()));
    }
    let reason = snapshot.listing(&place("eu-west-1", "AWS::EC2::Instance")).expect_err("it is not known");
    assert_eq!(reason.code, code::NOT_RECORDED);
}

#[test]
fn a_deleted_resource_is_kept_as_such() {
    let snapshot = snapshot("snapshot.json");
    let deleted = item(&snapshot, "vol-0deadbeef00000000");
    assert_eq!(deleted.status, ItemStatus::ResourceDeleted);
    assert!(!deleted.status.is_present() && deleted.gaps.is_empty());
}

#[test]
fn the_dialects_say_the_same() {
    let delivered = snapshot("snapshot.json");
    let answered = snapshot("resource-config-history.json");
    for id in [VOLUME, BUCKET] {
        let (a, mut b) = (item(&delivered, id).clone(), item(&answered, id).clone());
        b.status = a.status;
        assert_eq!(a, b);
    }
    let bucket = item(&answered, BUCKET);
    let grantee = bucket.pointer("/supplementaryConfiguration/AccessControlList/grantList/0/grantee/id");
    assert_eq!(grantee, Some(&"0f9e8d".into()), "text within text is read");
    assert_eq!(bucket.pointer("/supplementaryConfiguration/IsRequesterPaysEnabled"), Some(&false.into()));

    let selected = snapshot("select-resource-config.json");
    let (volume, full) = (item(&selected, VOLUME), item(&delivered, VOLUME));
    assert_eq!((&volume.tags, &volume.arn, &volume.capture_time), (&full.tags, &full.arn, &full.capture_time));
    assert_eq!((&volume.creation_time, volume.state_id), (&full.creation_time, full.state_id));
    assert_eq!(volume.pointer("/configuration/encrypted"), Some(&false.into()));
    let links: Vec<_> = selected.links(volume, "AWS::EC2::Instance").expect("links are told").collect();
    assert_eq!(links.len(), 1);
}

#[test]
fn what_a_query_did_not_select_is_not_known() {
    let text = fs::read_to_string(data("select-resource-config.json")).expect("the data is there");
    let read = |text: &str| ConfigExport::read(text.as_bytes());
    let snapshot = read(&text).expect("it selects the configuration").into_snapshot(&TypeFacts::default());
    let volume = item(&snapshot, VOLUME);
    assert!(volume.supplementary_configuration.as_unreadable().is_some());
    let without = text.replace(r#"\"relationships\""#, r#"\"other\""#).replace(r#"\"tags\""#, r#"\"more\""#);
    let snapshot = read(&without).expect("it selects the configuration").into_snapshot(&TypeFacts::default());
    let volume = item(&snapshot, VOLUME);
    assert!(volume.tags.as_unreadable().is_some() && snapshot.links(volume, "AWS::EC2::Instance").is_err());
    let single = text.replace(r#""Name": "configuration""#, r#""Name": "configuration.encrypted""#);
    assert!(matches!(read(&single), Err(Defect::Partial)));
}

#[test]
fn batch_get_does_not_tell_tags_and_links() {
    let snapshot = snapshot("batch-get-resource-config.json");
    let volume = item(&snapshot, VOLUME);
    assert_eq!(volume.capture_time, "2025-11-03T10:20:30.400Z");
    assert_eq!(volume.tags.as_unreadable().map(|why| why.code.as_str()), Some(code::NOT_RECORDED));
    let links = snapshot.links(volume, "AWS::EC2::Instance").map(Iterator::count);
    assert_eq!(links.expect_err("no links is not what it says").code, code::NOT_RECORDED);
}

#[test]
fn a_notification_may_have_nulls() {
    let snapshot = snapshot("change-notification.json");
    let volume = item(&snapshot, VOLUME);
    assert_eq!(volume.pointer("/configuration/encrypted"), Some(&false.into()));
    assert!(volume.relationships.is_empty() && volume.creation_time.is_none());
}

#[test]
fn the_newest_of_a_history_counts_and_lists_nothing() {
    let snapshot = snapshot("history.json");
    assert_eq!(snapshot.items().len(), 1);
    assert_eq!(item(&snapshot, VOLUME).pointer("/configuration/encrypted"), Some(&true.into()));
    assert_eq!(snapshot.about().captured_at, "2025-11-03T11:00:00.000Z");
    assert!(snapshot.listing(&place("eu-west-1", "AWS::EC2::Volume")).is_err(), "a history holds what changed");
}

#[test]
fn what_aws_config_does_not_record_is_unreadable() {
    let supplements = BTreeMap::from([(
        "AWS::S3::Bucket".to_owned(),
        [
            "/supplementaryConfiguration/BucketPolicy",
            "/supplementaryConfiguration/PublicAccessBlockConfiguration",
            "/supplementaryConfiguration/PolicyStatus",
        ]
        .map(str::to_owned)
        .into(),
    )]);
    let facts = TypeFacts { supplements, ..TypeFacts::default() };
    let snapshot = open("snapshot.json").into_snapshot(&facts);
    let bucket = item(&snapshot, BUCKET);
    let status = bucket.pointer("/supplementaryConfiguration/PolicyStatus").and_then(Value::as_unreadable);
    assert_eq!(status.map(|why| why.code.as_str()), Some(code::NOT_RECORDED));
    assert_eq!(bucket.pointer("/supplementaryConfiguration/BucketPolicy/policyText"), Some(&Value::Null));
    let block = bucket.pointer("/supplementaryConfiguration/PublicAccessBlockConfiguration");
    assert_eq!(block, None, "AWS Config leaves it out where it is not set");
    assert!(snapshot.gaps().is_empty(), "that it is not recorded is no failure");
}

#[test]
fn files_are_read_compressed_and_dated_by_their_names() {
    let plain = fs::read(data("snapshot.json")).expect("the data is there");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).expect("memory takes it");
    let gzip = gzip.finish().expect("memory takes it");
    assert_eq!(ConfigExport::read(&gzip).expect("gzip is read"), ConfigExport::read(&plain).expect("so is JSON"));
    let broken = ConfigExport::read(&gzip[..gzip.len() / 2]);
    assert!(matches!(broken, Err(Defect::Io(_))), "{broken:?}");

    let folder = tempfile::tempdir().expect("a folder");
    let name =
        "111122223333_Config_eu-west-1_ConfigSnapshot_20251104T000102Z_5e0f7c1a-0d2b-4c55-9a3e-7b1d2f6c8e90.json.gz";
    fs::write(folder.path().join(name), &gzip).expect("it is written");
    let export = ConfigExport::open(&folder.path().join(name)).expect("it is read");
    assert_eq!(export.into_snapshot(&TypeFacts::default()).about().captured_at, "2025-11-04T00:01:02.000Z");
    // Without a name that tells, the newest item does.
    assert_eq!(snapshot("snapshot.json").about().captured_at, "2025-11-03T12:00:00.000Z");
}

#[test]
fn files_of_several_regions_are_one_snapshot() {
    let mut export = open("snapshot.json");
    let text = fs::read_to_string(data("snapshot.json")).expect("the data is there");
    export.extend(ConfigExport::read(text.replace("eu-west-1", "us-east-1").as_bytes()).expect("it is one"));
    let snapshot = export.into_snapshot(&TypeFacts::default());
    assert_eq!(snapshot.about().regions, ["eu-west-1", "us-east-1"]);
    assert_eq!(snapshot.items().len(), 7, "the user of region global is one");
    assert_eq!(snapshot.listing(&place("us-east-1", "AWS::S3::Bucket")), Ok(()));
}

#[test]
fn other_files_are_refused_with_a_sentence() {
    let refused = |text: &str| ConfigExport::read(text.as_bytes()).expect_err("it is refused").to_string();
    assert!(refused("").contains("writes such a file to check that it may"));
    assert!(refused("{}").contains("no list `configurationItems`"));
    assert!(refused("<html>").contains("not a file of AWS Config"));
    assert!(refused(r#"{"configurationItemSummary": {}, "s3DeliverySummary": {}}"#).contains("s3DeliverySummary"));
    let item = r#"{"resourceType": "AWS::EC2::Volume", "resourceId": "v", "awsAccountId": "111122223333"}"#;
    assert_eq!(refused(item), "item 1 has no `awsRegion`");
    assert!(
        matches!(ConfigExport::open(Path::new("no/such/file.json")), Err(error) if matches!(error.reason, Defect::Io(_)))
    );
}

#[test]
fn an_item_without_its_configuration_has_a_gap() {
    let text = r#"[{"resourceType": "AWS::EC2::Volume", "resourceId": "v", "awsAccountId": "111122223333",
        "awsRegion": "eu-west-1", "configurationItemStatus": "OK", "configuration": null}]"#;
    let snapshot = ConfigExport::read(text.as_bytes()).expect("a list of items").into_snapshot(&TypeFacts::default());
    let reason = snapshot.items()[0].pointer("/configuration/encrypted");
    assert!(reason.is_none());
    assert!(snapshot.items()[0].configuration.as_unreadable().is_some());
    assert_eq!(snapshot.gaps().len(), 1);
}

#[test]
fn a_file_of_an_item_a_line_is_read() {
    let text = fs::read_to_string(data("snapshot.json")).expect("the data is there");
    let body: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let items = body["configurationItems"].as_array().expect("it is a list");
    let lines = items.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n") + "\n";
    let read = ConfigExport::read(lines.as_bytes()).expect("lines are read");
    assert_eq!(read.items, open("snapshot.json").items);
    assert!(read.listings.is_empty(), "nothing says that these are all");
    let cut = ConfigExport::read(&lines.as_bytes()[..lines.len() - 20]);
    assert!(matches!(cut, Err(Defect::Json(_))), "{cut:?}");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("111122223333_Config_eu-west-1_ConfigSnapshot_20251104T000102Z_x.jsonl");
    fs::write(&path, lines).expect("it is written");
    let read = ConfigExport::open(&path).expect("lines are read");
    assert!(read.listings.contains_key(&place("eu-west-1", "AWS::EC2::Volume")), "the name says so");
}

/// A snapshot of two volumes, or a history: its name, and which volumes at which time.
fn volumes(name: &str, found: &[(&str, &str, &str)]) -> ConfigExport {
    let items: Vec<_> = found
        .iter()
        .map(|(id, status, captured)| {
            serde_json::json!({
                "resourceType": "AWS::EC2::Volume", "resourceId": id, "awsAccountId": "111122223333", "awsRegion": "eu-west-1",
                "configurationItemStatus": status, "configurationItemCaptureTime": captured, "configuration": {"size": 8},
            })
        })
        .collect();
    let mut body = serde_json::json!({"fileVersion": "1.0", "configurationItems": items});
    if name.contains("Snapshot") {
        body["configSnapshotId"] = "5e0f7c1a".into();
    }
    let mut export = ConfigExport::read(body.to_string().as_bytes()).expect("it is one");
    export.delivered(
        &Delivery::of_name(&format!("111122223333_Config_eu-west-1_{name}_x.json.gz")).expect("it is a name"),
    );
    export
}

#[test]
fn what_only_an_earlier_snapshot_has_is_gone() {
    let first = volumes(
        "ConfigSnapshot_20250101T000000Z",
        &[("vol-1", "OK", "2024-06-01T00:00:00Z"), ("vol-2", "OK", "2024-06-01T00:00:00Z")],
    );
    let history = volumes(
        "ConfigHistory_AWS_20250103T000000Z_20250103T060000Z",
        &[("vol-1", "OK", "2025-01-03T01:00:00Z"), ("vol-3", "ResourceDiscovered", "2025-01-03T01:00:00Z")],
    );
    let second = volumes("ConfigSnapshot_20250102T000000Z", &[("vol-1", "OK", "2024-06-01T00:00:00Z")]);
    let ended = volumes(
        "ConfigHistory_AWS_20250104T000000Z_20250104T060000Z",
        &[("vol-3", "ResourceDeleted", "2025-01-04T01:00:00Z")],
    );
    let states = |exports: &[&ConfigExport]| -> Vec<(String, bool)> {
        let mut all = ConfigExport::default();
        for export in exports {
            all.extend((*export).clone());
        }
        let snapshot = all.into_snapshot(&TypeFacts::default());
        let state = |item: &Arc<ConfigurationItem>| (item.key.resource_id.to_string(), item.status.is_present());
        snapshot.items().iter().map(state).collect()
    };
    let state = |id: &str, present| (id.to_owned(), present);
    for order in [[&first, &second, &history, &ended], [&ended, &history, &second, &first]] {
        assert_eq!(states(&order), [state("vol-1", true), state("vol-3", false)]);
    }
    assert_eq!(states(&[&first, &history]), [state("vol-1", true), state("vol-2", true), state("vol-3", true)]);
}

#[test]
fn versions_for_a_history_have_gaps_and_no_secrets() {
    let text = r#"[{"resourceType": "AWS::Lambda::Function", "resourceId": "f", "awsAccountId": "111122223333",
        "awsRegion": "eu-west-1", "configuration": {"environment": {"variables": {"TOKEN": "hunter2", "SIZE": 3}}}}]"#;
    let facts = TypeFacts {
        supplements: BTreeMap::from([(
            "AWS::Lambda::Function".into(),
            vec!["/supplementaryConfiguration/Policy".into()],
        )]),
        secrets: BTreeMap::from([(
            "AWS::Lambda::Function".into(),
            vec!["/configuration/environment/variables".into()],
        )]),
    };
    let key = SecretKey::new([3; 32]);
    let read = |text: &str| {
        let mut export = ConfigExport::read(text.as_bytes()).expect("a list of items");
        export.hide_secrets(&facts, &key);
        export.into_versions(&facts)
    };
    let versions = read(text);
    let [function] = versions.as_slice() else { panic!("there is one: {versions:?}") };
    let digest = Value::from(key.digest("hunter2"));
    assert_eq!(function.pointer("/configuration/environment/variables/TOKEN"), Some(&digest));
    assert_eq!(function.gaps[0].path, "/supplementaryConfiguration/Policy");
    assert_eq!(function.gaps[0].reason.code, code::NOT_RECORDED);
    // What such a version is written as is read as the same.
    let written = serde_json::to_string(&versions).expect("items are JSON");
    assert!(!written.contains("hunter2"));
    assert_eq!(read(&written), versions);
}
