//! Which event is likely, and in which order a timeline is.

use super::*;
use crate::evaluation::{ComplianceType, Evaluation};
use crate::event::Actor;
use crate::history::Interval;

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
        history.attach(&events, None, true);
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
        true,
    );
    let ids: Vec<&str> = told.changes[0].events.iter().flatten().map(|event| event.id.as_str()).collect();
    assert_eq!(ids, ["in the second of the look before", "in time"]);
}

#[test]
fn that_there_is_no_event_is_known_only_where_none_can_be_missing() {
    let no_event = |earliest: Option<&str>, is_whole: bool| {
        let mut told = history(vec![change("a", "2026-10-01T06:00:00Z", ChangeKind::Changed)]);
        told.attach(&[], earliest.map(|time| time.parse().expect("it is a time")), is_whole);
        told.changes[0].events.is_some()
    };
    assert!(no_event(None, true));
    // A file of the trail could not be read, or CloudTrail told the latest only.
    assert!(!no_event(None, false));
    // What CloudTrail has forgotten, or a part of it: the window begins at the second before 05:00.
    assert!(!no_event(Some("2026-10-02T00:00:00Z"), true));
    assert!(!no_event(Some("2026-10-01T05:00:00Z"), true));
    assert!(no_event(Some("2026-10-01T04:59:59Z"), true));
    // What is found is told all the same, and what was noted before stays.
    let mut told = history(vec![change("a", "2026-10-01T06:00:00Z", ChangeKind::Changed)]);
    told.attach(&[event("1", "2026-10-01T05:30:00Z", "CreateTags")], None, false);
    told.attach(&[], None, false);
    assert_eq!(told.changes[0].events.as_ref().map(Vec::len), Some(1));
}

const CREATED: ChangeKind = ChangeKind::Created;
const CHANGED: ChangeKind = ChangeKind::Changed;

/// What a rule said by its key from one day of October to another; without an end it still says so.
fn said(key: &str, compliance_type: ComplianceType, from: i8, to: Option<i8>) -> Interval {
    let sample = Evaluation::sample("restricted-ssh", "AWS::EC2::SecurityGroup", "a", compliance_type);
    Interval { evaluation: Evaluation { key: key.into(), ..sample }, from: day(from), to: to.map(day) }
}

fn day(day: i8) -> Timestamp {
    jiff::civil::date(2026, 10, day).to_zoned(jiff::tz::TimeZone::UTC).expect("it is a day").timestamp()
}

/// The changes with which rules said something else: day, kind, what was said before, what after, since which day.
fn news(changes: &[(i8, ChangeKind)], intervals: &[Interval]) -> Vec<String> {
    let changes =
        changes.iter().map(|(at, kind)| Change { time: day(*at), ..change("a", "2026-10-01T00:00:00Z", *kind) });
    let mut changes: Vec<Change> = changes.collect();
    answers::add(&mut changes, intervals, &Looks::default());
    let mut told = Vec::new();
    for change in &changes {
        for AnswerChange { before, after } in &change.answers {
            let before = before.map_or("nothing", ComplianceType::as_str);
            let (kind, since) = (change.kind.as_str(), after.since.strftime("%-d"));
            let (key, answer) = (&after.evaluation.key, after.evaluation.compliance_type.as_str());
            told.push(format!("{} {kind} {key} {before} to {answer} since {since}", change.time.strftime("%-d")));
        }
    }
    told
}

#[test]
fn a_look_that_could_not_list_breaks_no_answer() {
    use ComplianceType::{Compliant, NonCompliant};
    let found = [(1, ChangeKind::Found)];
    let first = "1 found  nothing to NON_COMPLIANT since 1";
    let bad = said("", NonCompliant, 1, Some(3));
    // The list was denied on the third: the same afterwards is no news, and another answer is.
    assert_eq!(news(&found, &[bad.clone(), said("", NonCompliant, 4, None)]), [first]);
    assert_eq!(
        news(&found, &[bad.clone(), said("", Compliant, 4, None)]),
        [first, "4 judged  NON_COMPLIANT to COMPLIANT since 4"]
    );
    // Since when a rule says so reaches over the hole.
    let later = [(1, ChangeKind::Found), (5, CHANGED)];
    let mut changes: Vec<Change> = later
        .iter()
        .map(|(at, kind)| Change { time: day(*at), ..change("a", "2026-10-01T00:00:00Z", *kind) })
        .collect();
    answers::add(&mut changes, &[bad.clone(), said("", NonCompliant, 4, None)], &Looks::default());
    assert_eq!(changes[1].compliance[0].since, day(1));
    // A resource that was made anew has nothing behind it.
    let anew = [(1, ChangeKind::Found), (3, ChangeKind::Deleted), (4, CREATED)];
    assert_eq!(
        news(&anew, &[bad.clone(), said("", NonCompliant, 4, None)]),
        [first, "4 created  nothing to NON_COMPLIANT since 4"]
    );
    // In the hole of one finding the rule spoke of another: it was judged, and the first was not there.
    let one = said("22", NonCompliant, 1, Some(3));
    let other = said("3389", NonCompliant, 1, None);
    assert_eq!(
        news(&found, &[one, other, said("22", NonCompliant, 4, None)]),
        [
            "1 found 22 nothing to NON_COMPLIANT since 1",
            "1 found 3389 nothing to NON_COMPLIANT since 1",
            "4 judged 22 nothing to NON_COMPLIANT since 4"
        ]
    );
}
