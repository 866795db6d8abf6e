//! Several packs in one scan: what they share is read once, and no more is asked for than was planned.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::BufReader;

use assize::collect::{Counts, Per, Plan, Regions};
use assize::pack::{Pack, choose};
use assize::rule::RuleSet;
use assize::snapshot::Snapshot;
use assize::source::descriptor::Catalog;
use assize::source::model::Models;
use serde_json::Value as Json;

use crate::account;
use crate::scan::{assize, scan};
use crate::seed::{HOME, OTHER};

const PACKS: [&str; 3] = ["aws-foundational-security", "cis-aws-foundations-5.0", "starter"];

/// How often each operation was asked for, as a report tells it.
fn requests(report: &Json) -> BTreeMap<String, u64> {
    serde_json::from_value(report["snapshot"]["requests"].clone()).unwrap()
}

fn flags<'p>(packs: &[&'p str]) -> Vec<&'p str> {
    packs.iter().flat_map(|pack| ["--pack", pack]).collect()
}

#[test]
fn three_packs_read_each_type_once_and_no_more_than_planned() {
    let Some(account) = account() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("snapshot.jsonl");
    let alone: Vec<BTreeMap<String, u64>> =
        PACKS.iter().map(|pack| requests(&scan(&account, &["--pack", pack]).0)).collect();
    account.moto.requests();
    let (report, _) = scan(&account, &[flags(&PACKS), vec!["--snapshot-out", file.to_str().unwrap()]].concat());
    let together = requests(&report);
    assert_eq!(together, account.moto.requests(), "the report tells what the account was sent");
    assert_eq!(report["gaps"], serde_json::json!([]), "everything can be read");
    let names: Vec<&str> =
        report["packs"].as_array().unwrap().iter().map(|pack| pack["name"].as_str().unwrap()).collect();
    assert_eq!(names, PACKS);

    // What several packs want is asked for as if one of them wanted it.
    let sum: u64 = alone.iter().flat_map(BTreeMap::values).sum();
    println!("{} requests together, {sum} one after the other", together.values().sum::<u64>());
    assert!(together.values().sum::<u64>() < sum);
    let operations: BTreeSet<&String> = alone.iter().flat_map(BTreeMap::keys).collect();
    assert_eq!(together.keys().collect::<BTreeSet<_>>(), operations);

    // The plan of the three packs, for as many resources as there were.
    let catalog = Catalog::builtin().unwrap();
    let packs = PACKS.map(|pack| Pack::named(pack, &BTreeMap::new()).unwrap());
    let rules = choose(packs.to_vec(), &RuleSet::builtin(), &RuleSet::default()).rules;
    let wanted = rules.iter().map(|chosen| (chosen.id().to_string(), chosen.needs().into())).collect();
    let regions = Regions::Named([HOME, OTHER].map(str::to_owned).into());
    let plan = Plan::new(&catalog, &Models::builtin(), &wanted, &regions).unwrap();
    let snapshot = Snapshot::read(BufReader::new(fs::File::open(&file).unwrap())).unwrap();
    let counts = Counts::of(&catalog, &snapshot);
    let listings: BTreeSet<String> =
        catalog.iter().filter_map(|one| Some(one.listing.as_ref()?.call.to_string())).collect();
    let nothing = Counts { regions: counts.regions, ..Counts::default() };
    let mut planned = BTreeMap::<String, (u64, bool)>::new();
    for step in plan.steps() {
        let operation = format!("{}:{}", step.service, step.operation);
        let is_listing = listings.contains(&operation) && matches!(step.per, Per::Region | Per::Account(1));
        let (calls, is_exact) = planned.entry(operation).or_insert((0, true));
        *calls += step.bound(&counts);
        // Of the others there are as many as there are resources, in groups and under conditions; of these so many in each
        // region, or one, however many packs and rules want them.
        *is_exact &= is_listing && step.bound(&counts) == step.bound(&nothing);
    }
    assert_eq!(together.keys().collect::<Vec<_>>(), planned.keys().collect::<Vec<_>>());
    let exact = planned.values().filter(|(_, is_exact)| *is_exact).count();
    assert!(exact > 20, "{exact} listings");
    for (operation, (calls, is_exact)) in &planned {
        let made = together[operation];
        assert!(made == *calls || !is_exact && made < *calls, "{operation}: {made} requests, {calls} planned");
    }

    // `assize plan` says the same number.
    let regions = ["plan", "--region", HOME, "--region", OTHER, "--snapshot", file.to_str().unwrap()];
    let output = assize(&account, &[&regions[..], &flags(&PACKS)].concat());
    let said = String::from_utf8(output.stdout).unwrap();
    let sum: u64 = planned.values().map(|(calls, _)| calls).sum();
    assert!(said.contains(&format!("at most {sum} calls")), "{said}");
}
