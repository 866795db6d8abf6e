//! What rules said, from when to when.

use super::*;
use crate::evaluate::{self, Options, Outcome};
use crate::evaluation::ComplianceType;
use crate::rule::{RuleSet, Selection};

const RULE: &str = "s3-bucket-versioning-enabled";

pub(super) fn rules() -> RuleSet {
    let wanted = Selection { rules: vec![RULE.into()], ..Selection::default() };
    RuleSet::builtin().select(&wanted).unwrap()
}

pub(super) fn versioned(day: u32, id: &str, status: Option<&str>) -> ConfigurationItem {
    let mut item = bucket(day, id, "red");
    let path = "/supplementaryConfiguration/BucketVersioningConfiguration";
    match status {
        Some(status) => item.put(path, Value::object([("status", status.into())])),
        None => item.add_gap(path, &denied("s3:GetBucketVersioning")),
    }
    item
}

fn judged(snapshot: Snapshot) -> (Snapshot, Outcome) {
    let snapshot = Arc::new(snapshot);
    let outcome = evaluate::run(&rules(), &snapshot, &Options::default());
    (Arc::unwrap_or_clone(snapshot), outcome)
}

pub(super) fn append(history: &mut History, snapshot: Snapshot) -> (SnapshotId, Outcome) {
    let (snapshot, outcome) = judged(snapshot);
    let id = history.append(&snapshot, Some(&Judgement { rules: &rules(), outcome: &outcome })).unwrap();
    (id, outcome)
}

fn said(history: &History, id: &str) -> Vec<(&'static str, Timestamp, Option<Timestamp>)> {
    let intervals = history.compliance(&key(id)).unwrap();
    intervals.iter().map(|one| (one.evaluation.compliance_type.as_str(), one.from, one.to)).collect()
}

fn without_evidence(mut outcome: Outcome) -> Outcome {
    for evaluation in &mut outcome.evaluations {
        evaluation.evidence = Arc::default();
    }
    outcome
}

#[test]
fn an_answer_lasts_until_there_is_another_one() {
    let (_folder, mut history) = store();
    let days: [(u32, Option<&str>); 4] =
        [(1, Some("Enabled")), (2, Some("Enabled")), (3, Some("Suspended")), (5, None)];
    let mut appended = Vec::new();
    for (day, status) in days {
        appended.push(append(&mut history, snapshot_of(day, vec![versioned(day, "a", status)])));
    }
    let until_then =
        [("COMPLIANT", at(1), Some(at(3))), ("NON_COMPLIANT", at(3), Some(at(5))), ("INSUFFICIENT_DATA", at(5), None)];
    assert_eq!(said(&history, "a"), until_then);
    // One of the past finds its place.
    appended.push(append(&mut history, snapshot_of(4, vec![versioned(4, "a", Some("Enabled"))])));
    let after = [
        ("COMPLIANT", at(1), Some(at(3))),
        ("NON_COMPLIANT", at(3), Some(at(4))),
        ("COMPLIANT", at(4), Some(at(5))),
        ("INSUFFICIENT_DATA", at(5), None),
    ];
    assert_eq!(said(&history, "a"), after);
    append(&mut history, snapshot_of(6, Vec::new()));
    assert_eq!(said(&history, "a")[3], ("INSUFFICIENT_DATA", at(5), Some(at(6))));
    for (id, outcome) in appended {
        assert_eq!(history.outcome(id).unwrap(), without_evidence(outcome), "snapshot {id}");
    }
}

#[test]
fn a_scan_by_other_rules_ends_no_answer() {
    let (_folder, mut history) = store();
    append(&mut history, snapshot_of(1, vec![versioned(1, "a", Some("Enabled"))]));
    let other = Selection { rules: vec!["s3-bucket-logging-enabled".into()], ..Selection::default() };
    let other = RuleSet::builtin().select(&other).unwrap();
    let snapshot = snapshot_of(2, vec![bucket(2, "a", "red")]);
    let outcome = evaluate::run(&other, &Arc::new(snapshot.clone()), &Options::default());
    history.append(&snapshot, Some(&Judgement { rules: &other, outcome: &outcome })).unwrap();
    let of_rule = said(&history, "a").into_iter().filter(|(_, from, _)| *from == at(1)).collect::<Vec<_>>();
    assert_eq!(of_rule, [("COMPLIANT", at(1), None)]);
}

#[test]
fn a_place_whose_list_was_refused_has_an_answer_of_its_own() {
    let (_folder, mut history) = store();
    append(&mut history, snapshot_of(1, vec![versioned(1, "a", Some("Enabled"))]));
    let (id, outcome) = append(&mut history, unlisted(2));
    assert_eq!(outcome.evaluations[0].compliance_type, ComplianceType::InsufficientData);
    assert_eq!(history.outcome(id).unwrap(), outcome);
    assert_eq!(said(&history, "a"), [("COMPLIANT", at(1), Some(at(2)))]);
    append(&mut history, snapshot_of(3, vec![versioned(3, "a", Some("Enabled"))]));
    assert_eq!(said(&history, ""), [("INSUFFICIENT_DATA", at(2), Some(at(3)))]);
}

#[test]
fn the_rules_of_that_time_can_be_run_again() {
    let (_folder, mut history) = store();
    let all = RuleSet::builtin().select(&Selection::default()).unwrap();
    let snapshot = Arc::new(snapshot_of(1, vec![versioned(1, "a", Some("Suspended"))]));
    let outcome = evaluate::run(&all, &snapshot, &Options::default());
    let id = history.append(&snapshot, Some(&Judgement { rules: &all, outcome: &outcome })).unwrap();
    let recorded = history.rules(id).unwrap();
    assert_eq!(recorded.errors(), []);
    assert_eq!(recorded.len(), all.len());
    let again = evaluate::run(&recorded, &Arc::new(history.snapshot(id).unwrap()), &Options::default());
    assert_eq!(again, outcome);
    assert_eq!(history.judged_until(at(1)).unwrap(), Some(id));
}
