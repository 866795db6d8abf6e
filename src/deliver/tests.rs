//! What is delivered of a store that changes, in its order.

use tempfile::TempDir;

use super::*;
use crate::item::ResourceKey;
use crate::snapshot::{About, Place, Snapshot};
use crate::value::Value;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const BUCKET: &str = "AWS::S3::Bucket";

fn bucket(id: &str, colour: &str) -> ConfigurationItem {
    let mut item = ConfigurationItem::new(ResourceKey::new(ACCOUNT, REGION, BUCKET, id), "2026-01-01T00:00:00.000Z");
    item.configuration = Value::object([("colour", colour.into())]);
    item
}

fn store() -> (TempDir, History) {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path().join("assize.db")).unwrap();
    (folder, history)
}

fn append(history: &mut History, day: u32, items: Vec<ConfigurationItem>, is_listed: bool) {
    let place = Place { account_id: ACCOUNT.into(), aws_region: REGION.into(), resource_type: BUCKET.into() };
    let about = About {
        captured_at: format!("2026-10-{day:02}T00:00:00.000Z"),
        source: "account".into(),
        accounts: vec![ACCOUNT.into()],
        regions: vec![REGION.into()],
        listings: is_listed.then_some(place).into_iter().collect(),
        ..About::default()
    };
    history.append(&Snapshot::new(about, items), None).unwrap();
}

/// The kind of each parcel, with what it is about.
fn told(history: &History, target: Option<Target<'_>>) -> Vec<String> {
    let last = history.snapshots().unwrap().pop().unwrap();
    let one = |parcel: &Parcel| match parcel {
        Parcel::Message(message) => match message["configurationItemDiff"]["changeType"].as_str() {
            Some(change) => format!("{change} {}", message["configurationItem"]["resourceId"].as_str().unwrap()),
            None => message["messageType"].as_str().unwrap().to_owned(),
        },
        Parcel::File { key, completed, .. } => {
            assert_eq!(completed["s3ObjectKey"], **key);
            format!("file {} then {}", key.split('/').nth(8).unwrap(), completed["messageType"].as_str().unwrap())
        }
        Parcel::Oversized { summary, .. } => format!("oversized, {}", summary["messageType"].as_str().unwrap()),
    };
    of_snapshot(history, &last, target).unwrap().iter().map(one).collect()
}

#[test]
fn a_change_a_creation_and_a_deletion_are_three_messages() {
    let (_folder, mut history) = store();
    append(&mut history, 1, vec![bucket("a", "red"), bucket("b", "red"), bucket("c", "red")], true);
    assert_eq!(told(&history, None), Vec::<String>::new(), "what the first look finds is no news");
    append(&mut history, 2, vec![bucket("a", "blue"), bucket("c", "red"), bucket("d", "red")], true);
    assert_eq!(told(&history, None), ["UPDATE a", "DELETE b", "CREATE d"]);
    append(&mut history, 3, Vec::new(), false);
    assert_eq!(told(&history, None), Vec::<String>::new(), "a list that nobody asked for deletes nothing");
    append(&mut history, 4, vec![bucket("a", "blue"), bucket("c", "red"), bucket("d", "red")], true);
    assert_eq!(told(&history, None), Vec::<String>::new(), "nothing changed");
}

#[test]
fn the_files_of_a_snapshot_come_with_their_messages() {
    let (_folder, mut history) = store();
    let target = Target { bucket: "amzn-s3-demo-bucket", prefix: "logs/" };
    append(&mut history, 1, vec![bucket("a", "red")], true);
    let of_state =
        ["ConfigurationSnapshotDeliveryStarted", "file ConfigSnapshot then ConfigurationSnapshotDeliveryCompleted"];
    let of_history = ["file ConfigHistory then ConfigurationHistoryDeliveryCompleted"];
    assert_eq!(told(&history, Some(target)), [&of_state[..], &of_history].concat());
    append(&mut history, 2, vec![bucket("a", "red")], true);
    assert_eq!(told(&history, Some(target)), of_state, "without a change there is no history");
    append(&mut history, 3, vec![bucket("a", "blue")], true);
    assert_eq!(told(&history, Some(target)), [&["UPDATE a"], &of_state[..], &of_history].concat());
}

#[test]
fn what_is_too_large_for_a_topic_has_a_summary() {
    let (_folder, mut history) = store();
    let target = Target { bucket: "amzn-s3-demo-bucket", prefix: "" };
    append(&mut history, 1, vec![bucket("a", "red")], true);
    append(&mut history, 2, vec![bucket("a", &"red".repeat(100_000))], true);
    let with = told(&history, Some(target));
    assert_eq!(with.first().unwrap(), "oversized, OversizedConfigurationItemChangeNotification");
    assert_eq!(told(&history, None), ["oversized, OversizedConfigurationItemChangeDeliveryFailed"]);
    let last = history.snapshots().unwrap().pop().unwrap();
    let parcels = of_snapshot(&history, &last, Some(target)).unwrap();
    let Some(Parcel::Oversized { message, key, summary }) = parcels.first() else { panic!("{parcels:?}") };
    assert_eq!(summary["s3DeliverySummary"]["s3BucketLocation"], format!("amzn-s3-demo-bucket/{key}"));
    assert_eq!(summary["configurationItemSummary"]["resourceId"], "a");
    assert_eq!(summary["configurationItemSummary"]["changeType"], "UPDATE");
    assert!(summary.to_string().len() < 2_000 && message.to_string().len() > notification::LARGEST);
    assert!(
        key.contains(
            "/OversizedChangeNotification/AWS::S3::Bucket/a/111122223333_Config_eu-west-1_ChangeNotification_"
        )
    );
}

#[test]
fn only_what_is_new_is_made_ready() {
    let (_folder, mut history) = store();
    append(&mut history, 1, vec![bucket("a", "red")], true);
    assert!(history.undelivered().unwrap().is_empty(), "nobody asked for delivery");
    history.begin_delivery().unwrap();
    assert!(history.undelivered().unwrap().is_empty(), "what was there before is not new");
    for day in [2, 3] {
        append(&mut history, day, vec![bucket("a", "red")], true);
    }
    history.begin_delivery().unwrap();
    let new = history.undelivered().unwrap();
    assert_eq!(new.len(), 2);
    let waiting = |message: &str| crate::history::Waiting {
        channel: "sns".to_owned(),
        message: message.to_owned(),
        ..crate::history::Waiting::default()
    };
    let file = crate::history::Waiting { file: Some(("key".to_owned(), vec![0, 159])), ..waiting("{}") };
    history.settle(&[], &[waiting("one"), file.clone(), waiting("two")], Some(new[1].id)).unwrap();
    assert!(history.undelivered().unwrap().is_empty());
    let kept = history.waiting().unwrap();
    assert_eq!(kept.iter().map(|one| one.message.as_str()).collect::<Vec<_>>(), ["one", "{}", "two"]);
    assert_eq!(kept[1].file, file.file);
    history.settle(&[kept[0].id.unwrap()], &kept[1..], None).unwrap();
    assert_eq!(history.waiting().unwrap(), kept[1..], "what waits again keeps its place");
}
