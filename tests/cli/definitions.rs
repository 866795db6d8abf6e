//! Every type that a built-in rule judges, before it is deployed: what a template and a plan say of it is judged both ways, or
//! it is written down why it cannot be.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use assize::rule::RuleSet;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::common::Folder;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "type")]
    resource_type: String,
    rule: Option<String>,
    #[serde(default)]
    template: Map<String, Json>,
    #[serde(default)]
    plan: Map<String, Json>,
    /// By address, what of the plan is known only after it is applied, as `after_unknown` says it.
    #[serde(default)]
    unknown: BTreeMap<String, Json>,
    /// By address, to what the arguments refer that are not written as values.
    #[serde(default)]
    references: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// What cannot be, and why: `template`, `plan COMPLIANT`, …
    #[serde(default)]
    lacks: BTreeMap<String, String>,
}

fn cases() -> Vec<Case> {
    serde_saphyr::from_str(include_str!("../data/definitions.yaml")).expect("the cases are well-formed")
}

/// Every rule's answers by (rule, id), what is after `#` of a template's.
fn answers(folder: &Folder, flags: &[&str]) -> BTreeMap<(String, String), String> {
    let ran = folder.assize(&[&["evaluate", "-f", "json"], flags].concat());
    assert_eq!(ran.code(), 1, "{ran}");
    assert!(!ran.stderr().contains("warning"), "{ran}");
    let report = ran.json();
    let text = |one: &Json, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let answer = |one: &Json| {
        let id = text(one, "resourceId");
        let id = id.rsplit('#').next().unwrap_or_default().to_owned();
        ((text(one, "rule"), id), text(one, "complianceType"))
    };
    report["evaluations"].as_array().expect("a list").iter().map(answer).collect()
}

/// The resources of a case in a plan: each as it is to be, and as its block is written.
fn planned(case: &Case) -> Vec<(Json, Json)> {
    for address in case.unknown.keys().chain(case.references.keys()) {
        assert!(case.plan.contains_key(address), "{address} is not in the plan of its case");
    }
    let planned = case.plan.iter().map(|(address, after)| {
        let (kind, name) = address.split_once('.').expect("an address");
        let unknown = case.unknown.get(address).cloned().unwrap_or_else(|| json!({}));
        let values = after
            .as_object()
            .expect("arguments")
            .iter()
            .map(|(name, value)| (name.clone(), json!({"constant_value": value})));
        let references = case.references.get(address).into_iter().flatten();
        let references = references.map(|(name, to)| (name.clone(), json!({"references": to})));
        let expressions: Map<String, Json> = values.chain(references).collect();
        let change = json!({"address": address, "mode": "managed", "type": kind, "name": name,
                            "change": {"actions": ["create"], "after": after, "after_unknown": unknown}});
        (change, json!({"mode": "managed", "type": kind, "name": name, "expressions": expressions}))
    });
    planned.collect()
}

/// What does not answer as its name says, and what nothing says.
fn wrong(cases: &[Case], form: &str, answers: &BTreeMap<(String, String), String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| !case.lacks.contains_key(form)) {
        let Some(rule) = &case.rule else { continue };
        let written = if form == "template" { &case.template } else { &case.plan };
        let mut said = BTreeSet::new();
        for id in written.keys() {
            let expected = match id.to_lowercase() {
                id if id.ends_with("good") => "COMPLIANT",
                id if id.ends_with("bad") => "NON_COMPLIANT",
                _ => continue,
            };
            // Its parts have no answers of their own.
            let Some(answer) = answers.get(&(rule.clone(), id.clone())) else { continue };
            said.insert(expected);
            if answer != expected {
                wrong.push(format!("{form}: {rule} says {answer} of {id}"));
            }
        }
        for expected in ["COMPLIANT", "NON_COMPLIANT"] {
            let is_there = said.contains(expected);
            if is_there == case.lacks.contains_key(&format!("{form} {expected}")) {
                let word = if is_there { "can be, and is said not to" } else { "is nowhere" };
                wrong.push(format!("{form}: {} {expected} {word}", case.resource_type));
            }
        }
    }
    wrong
}

#[test]
fn every_type_that_a_rule_judges_is_judged_before_it_is_deployed() {
    let cases = cases();
    let rules = RuleSet::builtin();
    let judged: BTreeSet<String> =
        rules.iter().flat_map(|one| one.rule.resource_types.iter().map(ToString::to_string)).collect();
    let named: BTreeSet<String> = cases.iter().map(|case| case.resource_type.clone()).collect();
    assert_eq!(named, judged, "`tests/data/definitions.yaml` and the types of the built-in rules");
    for case in &cases {
        let is_left_out = case.lacks.contains_key("definitions") || case.lacks.contains_key("judgement");
        assert_eq!(case.rule.is_none(), is_left_out, "{}", case.resource_type);
        let is_covered = assize::iac::is_covered(&case.resource_type);
        assert!(is_covered || is_left_out, "{} has no form", case.resource_type);
    }
    let ids: BTreeSet<&str> = cases.iter().filter_map(|case| case.rule.as_deref()).collect();
    let ids = ids.into_iter().collect::<Vec<_>>().join(",");
    let folder = Folder::new();
    let resources: Map<String, Json> = cases.iter().flat_map(|case| case.template.clone()).collect();
    let template = json!({"Transform": "AWS::Serverless-2016-10-31", "Parameters": {"Anything": {"Type": "String"}}, "Resources": resources});
    folder.write("t.json", template.to_string());
    let mut faults = wrong(&cases, "template", &answers(&folder, &["--template", "t.json", "--rule", &ids]));
    let (changes, written): (Vec<Json>, Vec<Json>) = cases.iter().flat_map(planned).unzip();
    let configuration = json!({"root_module": {"resources": written}});
    let plan = json!({"format_version": "1.2", "resource_changes": changes, "configuration": configuration});
    folder.write("plan.json", plan.to_string());
    faults.extend(wrong(&cases, "plan", &answers(&folder, &["--plan", "plan.json", "--rule", &ids])));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
