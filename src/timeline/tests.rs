//! Which event is likely, and in which order a timeline is.

use super::*;
use crate::event::Actor;

fn event(id: &str, time: &str, name: &str) -> TrailEvent {
    TrailEvent {
        id: id.to_owned(),
        time: time.parse().expect("it is a time"),
        name: name.to_owned(),
        source: "ec2.amazonaws.com".to_owned(),
        actor: Actor::default(),
        source_address: None,
        user_agent: None,
        account_id: Some("111122223333".to_owned()),
        aws_region: "eu-west-1".to_owned(),
        resources: Vec::new(),
        mentions: ["a".to_owned(), "b".to_owned()].into(),
        read_only: Some(false),
        error_code: None,
    }
}

fn change(id: &str, time: &str, kind: ChangeKind) -> Change {
    let key = ResourceKey::new("111122223333", "eu-west-1", "AWS::EC2::SecurityGroup", id);
    let time: Timestamp = time.parse().expect("it is a time");
    Change {
        time,
        kind,
        after: Some(time - SignedDuration::from_hours(1)),
        until: time,
        item: Arc::new(ConfigurationItem::new(key, "")),
        properties: Vec::new(),
        answers: Vec::new(),
        compliance: Vec::new(),
        events: None,
    }
}

fn history(changes: Vec<Change>) -> ResourceHistory {
    ResourceHistory { key: changes[0].item.key.clone(), changes, unread: Vec::new() }
}

#[test]
fn the_likely_event_speaks_of_what_happened() {
    let of =
        |kind, events: &[TrailEvent]| likely(kind, "AWS::EC2::SecurityGroup", events).map(|event| event.id.clone());
    let launch = event("launch", "2026-10-01T05:50:00Z", "RunInstances");
    let open = event("open", "2026-10-01T05:40:00Z", "AuthorizeSecurityGroupIngress");
    let close = event("close", "2026-10-01T05:45:00Z", "RevokeSecurityGroupIngress");
    let create = event("create", "2026-10-01T05:30:00Z", "CreateSecurityGroup");
    let all = [launch.clone(), open, close, create];
    assert_eq!(of(ChangeKind::Changed, &all).as_deref(), Some("close"));
    assert_eq!(of(ChangeKind::Created, &all).as_deref(), Some("create"));
    assert_eq!(of(ChangeKind::Deleted, &all).as_deref(), Some("close"));
    assert_eq!(of(ChangeKind::Changed, &[launch]).as_deref(), Some("launch"));
    assert_eq!(of(ChangeKind::Changed, &[]), None);
}

#[test]
fn at_equal_times_the_order_is_the_same_whatever_came_first() {
    let now = "2026-10-01T06:00:00Z";
    let mut told = [
        history(vec![change("b", now, ChangeKind::Changed)]),
        history(vec![change("a", now, ChangeKind::Deleted), change("a", now, ChangeKind::Created)]),
    ];
    let events = [event("2", now, "CreateTags"), event("1", now, "CreateTags")];
    let order = |told: &[ResourceHistory]| -> Vec<String> {
        let name = |entry: &Entry<'_>| match entry {
            Entry::Event(event) => event.id.clone(),
            Entry::Change(change) => format!("{} {}", change.item.key.resource_id, change.kind.as_str()),
        };
        merged(told).iter().map(name).collect()
    };
    for history in &mut told {
        history.attach(&events, None);
    }
    let expected = ["1", "2", "a created", "a deleted", "b changed"];
    assert_eq!(order(&told), expected);
    told.reverse();
    assert_eq!(order(&told), expected);
}

#[test]
fn a_window_is_from_look_to_look_and_holds_the_second_before() {
    let mut told = history(vec![change("a", "2026-10-01T06:00:00.5Z", ChangeKind::Changed)]);
    let at = |id: &str, time: &str| event(id, time, "CreateTags");
    told.attach(
        &[
            at("too early", "2026-10-01T04:59:59Z"),
            at("in the second of the look before", "2026-10-01T05:00:00Z"),
            at("in time", "2026-10-01T06:00:00Z"),
            at("too late", "2026-10-01T06:00:01Z"),
        ],
        None,
    );
    let ids: Vec<&str> = told.changes[0].events.iter().flatten().map(|event| event.id.as_str()).collect();
    assert_eq!(ids, ["in the second of the look before", "in time"]);
    // Of what CloudTrail has forgotten nothing is known, not even that there was nothing.
    let mut old = history(vec![change("a", "2026-10-01T06:00:00Z", ChangeKind::Changed)]);
    old.attach(&[], Some("2026-10-02T00:00:00Z".parse().expect("it is a time")));
    assert_eq!(old.changes[0].events, None);
}
