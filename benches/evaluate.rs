//! How many evaluations one core makes in a second: the built-in rules on items as accounts have them.
//!
//! `cargo bench --bench evaluate`

mod items;

use std::sync::Arc;

use assize::evaluate::{self, Options};
use assize::rule::{RuleSet, Selection};
use assize::snapshot::Snapshot;
use divan::counter::ItemsCount;

/// Items of each measurement.
const COUNT: usize = 20_000;

fn main() {
    divan::main();
}

fn evaluations(rules: &RuleSet, snapshot: &Arc<Snapshot>) -> usize {
    let outcome = evaluate::run(rules, snapshot, &Options { threads: 1, ..Options::default() });
    assert_eq!(outcome.rule_errors, []);
    outcome.evaluations.len()
}

/// The whole mix.
#[divan::bench(sample_count = 10)]
fn all_rules(bencher: divan::Bencher<'_, '_>) {
    let rules = RuleSet::builtin();
    let snapshot = items::snapshot(COUNT);
    let count = evaluations(&rules, &snapshot);
    bencher.counter(ItemsCount::new(count)).bench(|| evaluations(&rules, &snapshot));
}

/// One rule alone, on the items of the mix that it judges.
#[divan::bench(sample_count = 10, args = RuleSet::builtin().iter().map(|chosen| chosen.rule.id.to_string()).collect::<Vec<_>>())]
fn one_rule(bencher: divan::Bencher<'_, '_>, id: &str) {
    let selection = Selection { rules: vec![id.to_owned()], ..Selection::default() };
    let rules = RuleSet::builtin().select(&selection).expect("the rule is built in");
    let snapshot = items::snapshot(COUNT);
    let count = evaluations(&rules, &snapshot);
    bencher.counter(ItemsCount::new(count)).bench(|| evaluations(&rules, &snapshot));
}
