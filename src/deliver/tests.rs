//! What is delivered of a store that changes, in its order.

use tempfile::TempDir;

use super::*;
use crate::evaluate::Outcome;
use crate::history::Judgement;
use crate::item::ResourceKey;
use crate::rule::{RuleSet, Selection};
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
        Parcel::Finding { hub, .. } => format!("finding for {hub}"),
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

/// What a rule said by its key from one day of October to another; without an end it still says so.
fn said(key: &str, compliance_type: ComplianceType, from: u32, to: Option<u32>) -> Interval {
    let evaluation = Evaluation { key: key.into(), ..Evaluation::sample("r", BUCKET, "a", compliance_type) };
    Interval { evaluation, from: day(from), to: to.map(day) }
}

fn day(day: u32) -> Timestamp {
    format!("2026-10-{day:02}T00:00:00Z").parse().unwrap()
}

#[test]
fn a_look_that_could_not_list_is_no_answer_of_a_rule() {
    use ComplianceType::{Compliant, NonCompliant};
    // What is told at the fourth day: the answer before and after.
    let told = |intervals: &[Interval], created: Option<u32>, is_gone: bool| -> Vec<String> {
        let messages = compliance(intervals, day(4), created.map(day), is_gone);
        let answer = |message: &Json, name: &str| message[name]["complianceType"].as_str().unwrap_or("none").to_owned();
        let one =
            |message: &Json| ["oldEvaluationResult", "newEvaluationResult"].map(|name| answer(message, name)).join(" ");
        messages.iter().map(one).collect()
    };
    let bad = |to: Option<u32>| said("", NonCompliant, 1, to);
    let again = |compliance_type| said("", compliance_type, 4, None);
    // Without a hole.
    assert_eq!(told(&[bad(Some(4)), again(Compliant)], None, false), ["NON_COMPLIANT COMPLIANT"]);
    // The list was denied on the third day.
    assert_eq!(told(&[bad(Some(3)), again(Compliant)], None, false), ["NON_COMPLIANT COMPLIANT"]);
    assert_eq!(told(&[bad(Some(3)), again(NonCompliant)], None, false), [""; 0]);
    assert_eq!(told(&[bad(Some(3))], None, true), ["NON_COMPLIANT NOT_APPLICABLE"]);
    assert_eq!(told(&[bad(Some(3))], None, false), [""; 0], "nobody judged");
    assert_eq!(told(&[bad(Some(4))], None, false), [""; 0], "now the list is denied");
    // It was gone, and another one of its name was made: then, or before.
    assert_eq!(told(&[bad(Some(3)), again(NonCompliant)], Some(4), false), ["none NON_COMPLIANT"]);
    assert_eq!(told(&[bad(Some(2)), again(NonCompliant)], Some(3), false), ["none NON_COMPLIANT"]);
    // The last word counts, and of it the worst.
    let fixed = said("", Compliant, 2, Some(3));
    assert_eq!(told(&[bad(Some(2)), fixed, again(NonCompliant)], None, false), ["COMPLIANT NON_COMPLIANT"]);
    let two = [said("22", NonCompliant, 1, Some(3)), said("80", Compliant, 1, Some(3)), again(Compliant)];
    assert_eq!(told(&two, None, false), ["NON_COMPLIANT COMPLIANT"]);
}

#[test]
fn each_oversized_message_has_a_file_of_its_own() {
    let (_folder, mut history) = store();
    let target = Target { bucket: "amzn-s3-demo-bucket", prefix: "" };
    let large = "red".repeat(100_000);
    append(&mut history, 1, vec![bucket("a", "red")], true);
    let mut keys = std::collections::BTreeSet::new();
    for (at, items) in [(2, vec![bucket("a", &large)]), (3, Vec::new())] {
        append(&mut history, at, items, true);
        let last = history.snapshots().unwrap().pop().unwrap();
        let parcels = of_snapshot(&history, &last, Some(target)).unwrap();
        let Some(Parcel::Oversized { key, .. }) = parcels.into_iter().next() else { panic!("day {at}") };
        assert!(keys.insert(key), "{keys:?}");
    }
}

#[test]
fn evaluations_are_said_to_have_started_where_they_did() {
    let (_folder, mut history) = store();
    let about = About {
        captured_at: "2026-10-01T00:00:00.000Z".into(),
        source: "account".into(),
        accounts: vec![ACCOUNT.into(), "444455556666".into()],
        regions: vec![REGION.into(), "us-east-1".into()],
        account_regions: [("444455556666".to_owned(), vec!["us-east-1".to_owned()])].into(),
        ..About::default()
    };
    let snapshot = Snapshot::new(about, Vec::new());
    let wanted = Selection { rules: vec!["s3-bucket-versioning-enabled".into()], ..Selection::default() };
    let rules = RuleSet::builtin().select(&wanted).unwrap();
    let outcome = Outcome::default();
    history.append(&snapshot, Some(&Judgement { rules: &rules, outcome: &outcome })).unwrap();
    let parcels = of_snapshot(&history, &history.snapshots().unwrap()[0], None).unwrap();
    let places = parcels.iter().map(|parcel| {
        let Parcel::Message(message) = parcel else { panic!("{parcel:?}") };
        assert_eq!(message["configRuleNames"], serde_json::json!(["s3-bucket-versioning-enabled"]));
        format!("{} {}", message["awsAccountId"].as_str().unwrap(), message["awsRegion"].as_str().unwrap())
    });
    let expected = ["111122223333 eu-west-1", "111122223333 us-east-1", "444455556666 us-east-1"];
    assert_eq!(places.collect::<Vec<_>>(), expected);
}
