//! One test for each case of each rule in `rules/`, and for what every rule has to have: three files of one name, the
//! kinds of cases, a case for each parameter, types and parts that the catalog of resource types knows, and no branch, fact
//! or call without which all cases hold.
//!
//! `cargo test --test rules encrypted-volumes` runs those of one rule. Reads the folder itself, so that a change of a
//! rule needs no rebuild.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use assize::evaluation::ComplianceType;
use assize::rule::case::{Cases, Types};
use assize::rule::load::{Files, Folder};
use assize::rule::{Rule, load};
use assize::source::descriptor::Catalog;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = Folder::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).expect("the rules can be read");
    let catalog = Catalog::builtin().expect("the built-in descriptors can be read");
    let types = Arc::new(types(&catalog));
    let mut trials = Vec::new();
    let orphans = folder.orphans.clone();
    trials.push(Trial::test("every file belongs to a rule", move || {
        if orphans.is_empty() { Ok(()) } else { Err(format!("no .yaml file beside {}", orphans.join(", ")).into()) }
    }));
    for (path, files) in &folder.rules {
        let id = path.rsplit('/').next().unwrap_or(path).to_owned();
        let (rule, cases) = match read(path, files, &folder) {
            Ok((rule, cases)) => (Arc::new(rule), Arc::new(cases)),
            Err(failure) => {
                trials.push(Trial::test(format!("{id}: loads"), move || Err(failure)));
                continue;
            }
        };
        let unknown = unknown_reads(&rule, &catalog);
        trials.push(Trial::test(format!("{id}: reads what is there"), move || unknown));
        let script = files.script.clone().unwrap_or_default();
        for (index, name) in cases.names().enumerate() {
            let (rule, cases, types) = (Arc::clone(&rule), Arc::clone(&cases), Arc::clone(&types));
            let test = move || {
                let outcome = cases.run_one(index, &rule, &types).ok_or("the case is gone")?;
                if outcome.failures.is_empty() { Ok(()) } else { Err(outcome.failures.join("\n").into()) }
            };
            trials.push(Trial::test(format!("{id}: {name}"), test));
        }
        let (whole, all, known) = (Arc::clone(&rule), Arc::clone(&cases), Arc::clone(&types));
        let untested = move || {
            let untested: Vec<String> = all.untested(&whole, &known).iter().map(ToString::to_string).collect();
            if untested.is_empty() { Ok(()) } else { Err(untested.join("\n").into()) }
        };
        trials.push(Trial::test(format!("{id}: leaves nothing untested"), untested));
        trials.push(Trial::test(format!("{id}: has all kinds of cases"), move || complete(&rule, &cases, &script)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What cases have to know of the types: where the facts of parts stand, and which items hold the links of others.
fn types(catalog: &Catalog) -> Types {
    let mut types = Types::default();
    for descriptor in catalog.iter() {
        let resource_type = descriptor.resource_type.to_string();
        let parts = types.parts.entry(resource_type.clone()).or_default();
        for part in &descriptor.parts {
            parts.insert(part.name.to_string(), part.into.as_deref().unwrap_or("/tags").to_owned());
        }
        let tags = descriptor.tags.as_ref().and_then(|tags| tags.part.as_ref());
        types.tags.extend(tags.map(|part| (resource_type.clone(), part.to_string())));
        for link in descriptor.links.iter().filter(|link| link.inverse.is_some()) {
            types.linked_from.entry(link.resource_type.to_string()).or_default().insert(resource_type.clone());
        }
    }
    types
}

fn unknown_reads(rule: &Rule, catalog: &Catalog) -> Result<(), Failed> {
    let known = |resource_type: &str, parts: Vec<&str>| {
        catalog.check_wanted(resource_type, parts).map_err(|error| Failed::from(error.to_string()))
    };
    for resource_type in &rule.resource_types {
        known(resource_type, Vec::new())?;
    }
    for (resource_type, parts) in &rule.reads {
        known(resource_type, parts.iter().map(|read| read.part.as_str()).collect())?;
    }
    Ok(())
}

fn read(path: &str, files: &Files, folder: &Folder) -> Result<(Rule, Cases), Failed> {
    let rule = load::rule(path, files, &folder.libraries).map_err(|error| error.to_string())?;
    let cases = files.cases.as_ref().ok_or_else(|| format!("{path}.test.yaml is missing"))?;
    let cases = Cases::parse(cases).map_err(|error| format!("{path}.test.yaml: {error}"))?;
    Ok((rule, cases))
}

/// A case for each answer that the rule can give, and for each parameter that it takes; no two of one name.
fn complete(rule: &Rule, cases: &Cases, script: &str) -> Result<(), Failed> {
    let mut wanted = vec![ComplianceType::Compliant, ComplianceType::NonCompliant, ComplianceType::InsufficientData];
    if script.contains("not_applicable(") {
        wanted.push(ComplianceType::NotApplicable);
    }
    let expected = cases.expected();
    let mut missing: Vec<String> = wanted
        .into_iter()
        .filter(|wanted| !expected.contains(wanted))
        .map(|wanted| format!("no case expects {}", wanted.as_str()))
        .collect();
    let given = cases.parameters();
    let unset = rule.parameters.keys().filter(|name| !given.contains(name.as_str()));
    missing.extend(unset.map(|name| format!("no case gives the parameter {name}")));
    let mut names = BTreeSet::new();
    missing
        .extend(cases.names().filter(|name| !names.insert(*name)).map(|name| format!("two cases are called: {name}")));
    if missing.is_empty() { Ok(()) } else { Err(missing.join("\n").into()) }
}
