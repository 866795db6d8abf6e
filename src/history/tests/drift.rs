//! New, fixed, still open: single cases, each a story of a few days.

use super::judgement::{append, rules, versioned};
use super::*;
use crate::drift::Drift;
use crate::evaluate::{self, Options, Outcome};
use crate::rule::{RuleSet, Selection};

/// Appends a day and tells its drift: `id new`, `id since DAY in DAY`, `id fixed`, `id gone`.
fn day(history: &mut History, snapshot: Snapshot) -> Vec<String> {
    let again = Arc::new(snapshot.clone());
    let (_, outcome) = append(history, snapshot);
    let drift = history.drift(&rules(), &again, &outcome).unwrap();
    told(&drift, &outcome)
}

fn told(drift: &Drift, outcome: &Outcome) -> Vec<String> {
    let day = |time: &str| time.get(8..10).unwrap().to_owned();
    let mut told = Vec::new();
    for evaluation in &outcome.evaluations {
        let Some(standing) = drift.standing(evaluation) else { continue };
        let version = day(&standing.version.as_ref().unwrap().from);
        let id = &evaluation.resource.resource_id;
        told.push(match &standing.open_since {
            Some(since) => format!("{id} since {} in {version}", day(since)),
            None => format!("{id} new in {version}"),
        });
    }
    for fixed in &drift.fixed {
        let how = if fixed.is_gone { "gone" } else { "fixed" };
        told.push(format!("{} {how}", fixed.finding.resource.resource_id));
    }
    told
}

fn bad(day: u32, id: &str) -> ConfigurationItem {
    versioned(day, id, Some("Suspended"))
}

fn good(day: u32, id: &str) -> ConfigurationItem {
    versioned(day, id, Some("Enabled"))
}

#[test]
fn a_finding_is_new_then_open_then_fixed_and_new_again() {
    let (_folder, mut history) = store();
    assert_eq!(day(&mut history, snapshot_of(1, vec![good(1, "a")])), Vec::<String>::new());
    assert_eq!(day(&mut history, snapshot_of(2, vec![bad(2, "a")])), ["a new in 02"]);
    assert_eq!(day(&mut history, snapshot_of(3, vec![bad(3, "a")])), ["a since 02 in 02"]);
    assert_eq!(day(&mut history, snapshot_of(4, vec![good(4, "a")])), ["a fixed"]);
    assert_eq!(day(&mut history, snapshot_of(5, vec![good(5, "a")])), Vec::<String>::new());
    assert_eq!(day(&mut history, snapshot_of(6, vec![bad(6, "a")])), ["a new in 06"]);
}

#[test]
fn what_cannot_be_judged_is_neither_fixed_nor_new_afterwards() {
    let (_folder, mut history) = store();
    day(&mut history, snapshot_of(1, vec![bad(1, "a"), bad(1, "b")]));
    // One fact is denied, then the whole list.
    assert_eq!(day(&mut history, snapshot_of(2, vec![versioned(2, "a", None), bad(2, "b")])), ["b since 01 in 01"]);
    assert_eq!(day(&mut history, unlisted(3)), Vec::<String>::new());
    assert_eq!(
        day(&mut history, snapshot_of(4, vec![bad(4, "a"), bad(4, "b")])),
        ["a since 01 in 01", "b since 01 in 01"]
    );
    day(&mut history, unlisted(5));
    assert_eq!(day(&mut history, snapshot_of(6, vec![good(6, "a"), bad(6, "b")])), ["b since 01 in 01", "a fixed"]);
}

#[test]
fn a_resource_that_is_gone_is_told_and_begins_anew() {
    let (_folder, mut history) = store();
    day(&mut history, snapshot_of(1, vec![bad(1, "a")]));
    assert_eq!(day(&mut history, snapshot_of(2, Vec::new())), ["a gone"]);
    assert_eq!(day(&mut history, snapshot_of(3, Vec::new())), Vec::<String>::new());
    assert_eq!(day(&mut history, snapshot_of(4, vec![bad(4, "a")])), ["a new in 04"]);
}

#[test]
fn a_resource_that_was_gone_while_the_rule_did_not_run_begins_anew() {
    let gone = || {
        let (folder, mut history) = store();
        day(&mut history, snapshot_of(1, vec![bad(1, "a")]));
        history.append(&snapshot_of(2, Vec::new()), None).unwrap();
        (folder, history)
    };
    let (_folder, mut history) = gone();
    assert_eq!(day(&mut history, snapshot_of(3, vec![bad(3, "a")])), ["a new in 03"]);
    assert_eq!(day(&mut history, snapshot_of(4, vec![bad(4, "a")])), ["a since 03 in 03"]);
    let intervals = history.compliance(&key("a")).unwrap();
    let times: Vec<_> = intervals.iter().map(|one| (one.from, one.to)).collect();
    assert_eq!(times, [(at(1), Some(at(2))), (at(3), None)]);
    // What was found last is told once, whatever became of it.
    let (_folder, mut history) = gone();
    assert_eq!(day(&mut history, snapshot_of(3, vec![good(3, "a")])), ["a fixed"]);
    assert_eq!(day(&mut history, snapshot_of(4, vec![good(4, "a")])), Vec::<String>::new());
    let (_folder, mut history) = gone();
    assert_eq!(day(&mut history, snapshot_of(3, Vec::new())), ["a gone"]);
    assert_eq!(day(&mut history, snapshot_of(4, Vec::new())), Vec::<String>::new());
}

#[test]
fn a_rule_that_comes_later_finds_in_an_older_version() {
    let (_folder, mut history) = store();
    history.append(&snapshot_of(1, vec![bad(1, "a")]), None).unwrap();
    assert_eq!(day(&mut history, snapshot_of(3, vec![bad(3, "a")])), ["a new in 01"]);
    // A look without judgement changes nothing.
    history.append(&snapshot_of(4, vec![bad(4, "a")]), None).unwrap();
    assert_eq!(day(&mut history, snapshot_of(5, vec![bad(5, "a")])), ["a since 03 in 01"]);
}

#[test]
fn what_was_not_run_or_not_a_target_is_not_fixed() {
    let (_folder, mut history) = store();
    day(&mut history, snapshot_of(1, vec![bad(1, "a")]));
    let next = Arc::new(snapshot_of(2, vec![good(2, "a")]));
    let other = Selection { rules: vec!["s3-bucket-ssl-requests-only".into()], ..Selection::default() };
    let other = RuleSet::builtin().select(&other).unwrap();
    let outcome = evaluate::run(&other, &next, &Options::default());
    assert_eq!(history.drift(&other, &next, &outcome).unwrap().fixed, []);
    assert_eq!(history.drift(&rules(), &next, &Outcome::default()).unwrap().fixed, []);
    let outcome = evaluate::run(&rules(), &next, &Options::default());
    let drift = history.drift(&rules(), &next, &outcome).unwrap();
    assert_eq!(drift.previous.as_deref(), Some("2026-10-01T00:00:00.000Z"));
    assert_eq!(told(&drift, &outcome), ["a fixed"]);
}
