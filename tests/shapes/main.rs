//! What descriptors make of AWS's answers is what AWS Config makes of the same resources: paths, types, values, names of
//! links. The data and how to add to it: `tests/data/shapes/README.md`.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod case;
mod facts;
mod links;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use assize::collect::{self, Needs, Options, Parts};
use assize::item::{ConfigurationItem, GLOBAL};
use assize::source::account::secret::SecretKey;
use assize::source::account::{Account, Identity};
use assize::source::descriptor::{Catalog, ResourceDescriptor, Scope};
use assize::source::model::Models;
use assize::value::Value;
use libtest_mimic::{Arguments, Failed, Trial};

use crate::case::{ACCOUNT, Answers, Case};
use crate::facts::{Allowed, Facts};

/// What the tests are about.
struct World {
    models: Arc<Models>,
    catalog: Catalog,
    facts: BTreeMap<String, Facts>,
    cases: BTreeMap<String, Case>,
}

fn main() -> ExitCode {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/shapes");
    let world = Arc::new(World {
        models: Arc::new(Models::builtin()),
        catalog: Catalog::builtin().unwrap_or_else(|error| panic!("{error}")),
        facts: facts::all(&data.join("facts")).expect("the facts can be read"),
        cases: cases(&data.join("cases")).expect("the cases can be read"),
    });
    let links = fs::read_to_string(data.join("links.yaml")).expect("links.yaml can be read");
    let mut trials = vec![
        trial("every descriptor has a case", &world, complete),
        trial("links are those of AWS Config, in both directions", &world, move |world| {
            links::complaints(&links, &world.catalog, &world.facts)
        }),
    ];
    for stem in world.cases.keys() {
        let name = stem.replacen('_', "::", 2);
        trials.push(trial(&format!("{name}: answers as the model has them"), &world, {
            let stem = stem.clone();
            move |world| world.cases.get(&stem).map(|case| case.malformed(&world.models)).unwrap_or_default()
        }));
        trials.push(trial(&format!("{name}: the item"), &world, {
            let stem = stem.clone();
            move |world| world.cases.get(&stem).map(|case| check(world, case)).unwrap_or_default()
        }));
        trials.push(trial(&format!("{name}: as AWS Config writes it"), &world, {
            let stem = stem.clone();
            move |world| world.cases.get(&stem).map(|case| known(world, case)).unwrap_or_default()
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(name: &str, world: &Arc<World>, complaints: impl Fn(&World) -> Vec<String> + Send + 'static) -> Trial {
    let world = Arc::clone(world);
    Trial::test(name, move || {
        let complaints = complaints(&world);
        if complaints.is_empty() { Ok(()) } else { Err(Failed::from(complaints.join("\n"))) }
    })
}

/// The type as a file's name: each run of colons is one `_`.
fn file_name(resource_type: &str) -> String {
    resource_type.split(':').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

/// The YAML files of a folder: stem and text, sorted.
fn read(folder: &Path) -> Result<Vec<(String, String)>, String> {
    let say = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).map_err(say)? {
        let path = entry.map_err(say)?.path();
        if let Some(stem) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".yaml")) {
            texts.push((stem.to_owned(), fs::read_to_string(&path).map_err(say)?));
        }
    }
    texts.sort();
    Ok(texts)
}

fn cases(folder: &Path) -> Result<BTreeMap<String, Case>, String> {
    let mut cases = BTreeMap::new();
    for (stem, text) in read(folder)? {
        let case: Case = serde_saphyr::from_str(&text).map_err(|error| format!("cases/{stem}.yaml: {error}"))?;
        let name = file_name(&case.resource_type);
        if !stem.strip_prefix(&name).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')) {
            return Err(format!("cases/{stem}.yaml is a case of {}", case.resource_type));
        }
        cases.insert(stem, case);
    }
    Ok(cases)
}

fn complete(world: &World) -> Vec<String> {
    let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
    for descriptor in world.catalog.iter() {
        *wanted.entry(&descriptor.resource_type).or_default() += 1;
    }
    let mut wrong = Vec::new();
    for (resource_type, descriptors) in wanted {
        let cases = world.cases.values().filter(|case| case.resource_type == resource_type).count();
        if cases < descriptors {
            wrong.push(format!("{resource_type} has {descriptors} descriptors and {cases} cases"));
        }
    }
    wrong
}

/// The descriptor whose item a case is about: of two, the one of its scope.
fn descriptor<'w>(world: &'w World, case: &Case) -> Result<&'w Arc<ResourceDescriptor>, String> {
    let mut descriptors =
        world.catalog.get(&case.resource_type).iter().filter(|one| case.scope.is_none_or(|scope| scope == one.scope));
    match (descriptors.next(), descriptors.next()) {
        (Some(descriptor), None) => Ok(descriptor),
        (None, _) => Err(format!("there is no such descriptor of {}", case.resource_type)),
        (Some(_), Some(_)) => Err("the case has to say its `scope`: there are two descriptors".to_owned()),
    }
}

/// Where items are listed.
fn region<'c>(case: &'c Case, descriptor: &ResourceDescriptor) -> &'c str {
    if descriptor.scope == Scope::Global { GLOBAL } else { &case.region }
}

/// The item, and where it is not the expected one.
fn check(world: &World, case: &Case) -> Vec<String> {
    let descriptor = match descriptor(world, case) {
        Ok(descriptor) => descriptor,
        Err(why) => return vec![why],
    };
    let answers = Answers::of(case);
    let items = match items(world, case, descriptor, answers.clone()) {
        Ok(items) => items,
        Err(why) => return vec![why],
    };
    let [item] = items.as_slice() else {
        return vec![format!("one item expected, {} found", items.len())];
    };
    let mut wrong = Vec::new();
    let found: Value = serde_json::from_value(serde_json::to_value(item.as_ref()).unwrap()).unwrap();
    case::differences(&case.expected(region(case, descriptor)), &case::normal(&found), "", &mut wrong);
    wrong.extend(answers.unused().into_iter().map(|call| format!("{call} was not called")));
    wrong
}

/// All items of the case's type that its answers give, with all their parts: read as an account is.
fn items(
    world: &World,
    case: &Case,
    descriptor: &ResourceDescriptor,
    answers: Answers,
) -> Result<Vec<Arc<ConfigurationItem>>, String> {
    let identity = Identity {
        account_id: ACCOUNT.to_owned(),
        partition: "aws".to_owned(),
        global_region: "us-east-1".to_owned(),
        captured_at: "2026-02-03T04:05:06.789Z".to_owned(),
    };
    let account = Arc::new(Account::new(answers, Arc::clone(&world.models), identity, SecretKey::new([7; 32]), 4));
    let mut needs = Needs::default();
    needs.add(&case.resource_type, Parts::All);
    let options = Options::in_regions([case.region.as_str()]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    let snapshot = runtime
        .block_on(collect::run(&account, &world.catalog, &needs, &options))
        .map_err(|error| error.to_string())?;
    let region = region(case, descriptor);
    if let Some(gap) = snapshot.gaps().iter().find(|gap| gap.is_listing() && gap.aws_region == region) {
        return Err(format!("{} cannot be listed: {}", gap.resource_type, gap.reason));
    }
    let wanted = |item: &Arc<ConfigurationItem>| *item.key.resource_type == *case.resource_type;
    let at_home = |item: &Arc<ConfigurationItem>| (*item.key.region == *GLOBAL) == (descriptor.scope == Scope::Global);
    Ok(snapshot.items().iter().filter(|item| wanted(item) && at_home(item)).cloned().collect())
}

/// Where the expected item is not what AWS Config is known to write.
fn known(world: &World, case: &Case) -> Vec<String> {
    let Some(facts) = world.facts.get(&case.resource_type) else {
        let said = case.beyond.iter().chain(&case.missing).chain(&case.documents);
        return said.map(|path| format!("{path}: without facts there is nothing to differ from")).collect();
    };
    let allowed = Allowed { beyond: &case.beyond, missing: &case.missing, documents: &case.documents };
    match descriptor(world, case) {
        Ok(descriptor) => facts.complaints(&case.expected(region(case, descriptor)), &allowed),
        Err(why) => vec![why],
    }
}
