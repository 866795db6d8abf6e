//! Several packs in one scan: what they share is read once, and no more is asked for than was planned.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::BufReader;

use assize::collect::{Counts, Per, Plan, Regions, Step};
use assize::pack::{Pack, choose};
use assize::rule::RuleSet;
use assize::snapshot::Snapshot;
use assize::source::descriptor::{Catalog, PartSource};
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

/// Why fewer calls may be made than a step of the plan allows, for as many resources as there turned out to be. Nothing of most
/// steps: their calls are as many as their regions or resources are.
fn reasons_for_fewer(catalog: &Catalog, step: &Step) -> BTreeSet<&'static str> {
    let mut reasons = BTreeSet::new();
    if matches!(step.per, Per::Account(times) if times > 1) {
        reasons.insert("the credential report is asked for until it is made");
    }
    if matches!(step.per, Per::Items(..)) {
        reasons.insert("groups are counted as if each region's last one were a small one");
    }
    let descriptors = step.resource_type.as_deref().map(|name| catalog.get(name)).unwrap_or_default();
    for part in descriptors.iter().flat_map(|descriptor| &descriptor.parts) {
        let is_it =
            part.source.call().is_some_and(|call| *call.service == *step.service && *call.operation == *step.operation);
        if is_it && !part.when.is_empty() {
            reasons.insert("only elements are asked for that fulfil a condition");
        }
        if is_it && matches!(part.source, PartSource::Shared { .. }) {
            reasons.insert("a region without a resource of the type is not asked what is said of all of them");
        }
    }
    reasons
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
    let mut planned = BTreeMap::<String, (u64, BTreeSet<&str>)>::new();
    for step in plan.steps() {
        let (calls, reasons) = planned.entry(format!("{}:{}", step.service, step.operation)).or_default();
        *calls += step.bound(&counts);
        reasons.extend(reasons_for_fewer(&catalog, step));
    }
    assert_eq!(together.keys().collect::<Vec<_>>(), planned.keys().collect::<Vec<_>>());
    let exact = planned.values().filter(|(_, reasons)| reasons.is_empty()).count();
    println!("{exact} of {} operations are asked for exactly as often as planned", planned.len());
    let mut wrong = Vec::new();
    for (operation, (calls, reasons)) in &planned {
        let made = together[operation];
        if made > *calls || made < *calls && reasons.is_empty() {
            wrong.push(format!("{operation}: {made} requests, {calls} planned, {reasons:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // `assize plan` says the same number.
    let regions = ["plan", "--region", HOME, "--region", OTHER, "--snapshot", file.to_str().unwrap()];
    let output = assize(&account, &[&regions[..], &flags(&PACKS)].concat());
    let said = String::from_utf8(output.stdout).unwrap();
    let sum: u64 = planned.values().map(|(calls, _)| calls).sum();
    assert!(said.contains(&format!("at most {sum} calls")), "{said}");
}
