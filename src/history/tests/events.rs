//! Events beside changes, and what a change's time is worth.

use super::*;
use crate::event::{Actor, TrailEvent};

fn event(id: &str) -> TrailEvent {
    TrailEvent {
        id: id.to_owned(),
        time: at(1),
        name: "PutBucketPolicy".to_owned(),
        source: "s3.amazonaws.com".to_owned(),
        actor: Actor { kind: "Root".to_owned(), ..Actor::default() },
        source_address: None,
        user_agent: None,
        account_id: None,
        aws_region: REGION.to_owned(),
        resources: Vec::new(),
        mentions: std::collections::BTreeSet::new(),
        read_only: None,
        error_code: None,
    }
}

#[test]
fn the_item_of_a_change_has_the_ids_of_its_events() {
    let (_folder, mut history) = store();
    for (day, colour) in [(1, "red"), (2, "blue"), (3, "blue")] {
        history.append(&snapshot_of(day, vec![bucket(day, "a", colour)]), None).unwrap();
    }
    let key = bucket(1, "a", "red").key;
    history.relate(&key, at(2), &[event("e2"), event("e1")]).unwrap();
    history.relate(&key, at(2), &[event("e2")]).unwrap();
    history.relate(&key, at(2), &[]).unwrap();
    let ids = |day: u32| history.state_at(at(day)).unwrap().items()[0].related_events.clone();
    assert_eq!(
        (ids(1), ids(2), ids(3)),
        (vec![], vec!["e1".to_owned(), "e2".to_owned()], vec!["e1".to_owned(), "e2".to_owned()])
    );
    let versions = history.versions(&key).unwrap();
    assert_eq!(versions.iter().map(|version| version.item.related_events.len()).collect::<Vec<_>>(), [0, 2]);
    let related = history.related(&key).unwrap();
    assert_eq!(related.into_iter().collect::<Vec<_>>(), [(at(2), vec![event("e1"), event("e2")])]);
    // A snapshot that is the same is still the same: events are no content.
    history.append(&snapshot_of(4, vec![bucket(4, "a", "blue")]), None).unwrap();
    assert_eq!(history.versions(&key).unwrap().len(), 2);
    history.prune(at(3)).unwrap();
    assert!(history.related(&key).unwrap().is_empty());
    let unknown = ResourceKey::new(ACCOUNT, REGION, BUCKET, "none");
    assert!(history.relate(&unknown, at(2), &[event("e1")]).is_err());
}

#[test]
fn a_look_counts_with_a_complete_list_and_until_its_end() {
    let (_folder, mut history) = store();
    let mut long = snapshot_of(1, vec![bucket(1, "a", "red")]).about().clone();
    long.duration_ms = 60_000;
    history.append(&Snapshot::new(long, vec![bucket(1, "a", "red")]), None).unwrap();
    let mut other = about(2);
    other.listings = vec![place("AWS::EC2::Volume")];
    history.append(&Snapshot::new(other, Vec::new()), None).unwrap();
    let looks = history.looks().unwrap();
    let key = bucket(1, "a", "red").key;
    assert_eq!(looks.before(&key, at(3)), Some(at(1)));
    assert_eq!(looks.before(&key, at(1)), None);
    assert_eq!(looks.end(at(1)).duration_since(at(1)).as_secs(), 60);
    assert_eq!(history.changed(None, None, None).unwrap(), std::slice::from_ref(&key));
    assert_eq!(history.changed(Some("AWS::EC2::Volume"), None, None).unwrap(), []);
    assert_eq!(history.changed(None, Some(at(2)), None).unwrap(), []);
}

#[test]
fn what_could_not_be_read_has_its_time() {
    let (_folder, mut history) = store();
    let hidden = |day: u32, colour: &str| {
        let mut item = bucket(day, "a", colour);
        item.put(POLICY, Value::Unreadable(denied("s3:GetBucketPolicy")));
        item
    };
    history.append(&snapshot_of(1, vec![bucket(1, "a", "red")]), None).unwrap();
    // Another change in the midst does not make two times of it.
    history.append(&snapshot_of(2, vec![hidden(2, "red")]), None).unwrap();
    history.append(&snapshot_of(3, vec![hidden(3, "blue")]), None).unwrap();
    history.append(&snapshot_of(4, vec![bucket(4, "a", "blue")]), None).unwrap();
    let unread = history.unread(&bucket(1, "a", "red").key).unwrap();
    let told: Vec<_> = unread.iter().map(|one| (one.from, one.to, one.gap.path.as_deref())).collect();
    assert_eq!(told, [(at(2), Some(at(4)), Some(POLICY))]);
}
