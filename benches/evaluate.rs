//! How many evaluations one core makes in a second: the built-in rules on items as accounts have them. And what stands
//! before the first of them: loading and compiling rules.
//!
//! `cargo bench --bench evaluate`; of the names below one alone with `-- name`.

mod items;

use std::sync::Arc;

use assize::evaluate::{self, Options};
use assize::item::{ConfigurationItem, ResourceKey};
use assize::rule::{RuleSet, Selection};
use assize::snapshot::{About, Snapshot};
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

/// A hundred thousand items, as many as a large account has.
#[divan::bench(sample_count = 3)]
fn hundred_thousand_items(bencher: divan::Bencher<'_, '_>) {
    let rules = RuleSet::builtin();
    let snapshot = items::snapshot(100_000);
    let count = evaluations(&rules, &snapshot);
    bencher.counter(ItemsCount::new(count)).bench(|| evaluations(&rules, &snapshot));
}

/// A hundred thousand items of every type that a rule judges, in the states that the rules' cases name: more findings than
/// any account has.
#[divan::bench(sample_count = 3)]
fn hundred_thousand_items_of_every_type(bencher: divan::Bencher<'_, '_>) {
    let rules = RuleSet::builtin();
    let snapshot = items::every_type::snapshot(100_000);
    let count = evaluations(&rules, &snapshot);
    bencher.counter(ItemsCount::new(count)).bench(|| evaluations(&rules, &snapshot));
}

/// One item of each type that a rule judges, with nothing in it: judging it is compiling the script.
fn one_of_each_type() -> Arc<Snapshot> {
    let rules = RuleSet::builtin();
    let types = rules.iter().flat_map(|chosen| &chosen.rule.resource_types);
    let items = types.flat_map(|kind| {
        ["eu-west-1", "global"].map(|region| {
            ConfigurationItem::new(ResourceKey::new("111122223333", region, kind, "one"), "2026-03-01T00:00:00.000Z")
        })
    });
    Arc::new(Snapshot::new(About::default(), items.collect()))
}

/// All rules, from the table in the binary to the first answer of each script.
#[divan::bench(sample_count = 10)]
fn load_and_compile_all_rules(bencher: divan::Bencher<'_, '_>) {
    let snapshot = one_of_each_type();
    let options = Options { threads: 1, ..Options::default() };
    bencher.bench(|| evaluate::run(&RuleSet::builtin(), &snapshot, &options).evaluations.len());
}

/// One chosen rule, likewise.
#[divan::bench(sample_count = 10)]
fn load_and_compile_one_rule(bencher: divan::Bencher<'_, '_>) {
    let snapshot = one_of_each_type();
    let options = Options { threads: 1, ..Options::default() };
    let selection = Selection { rules: vec!["encrypted-volumes".to_owned()], ..Selection::default() };
    bencher.bench(|| {
        let rules = RuleSet::builtin().select(&selection).expect("the rule is built in");
        evaluate::run(&rules, &snapshot, &options).evaluations.len()
    });
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
