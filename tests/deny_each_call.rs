//! What could not be seen is never a verdict, shown for every rule and every call that it takes its facts from.
//!
//! The account of `--demo` is read again and again from its recording, each time with every answer to one operation
//! spoiled in one way. Which operations a rule needs is taken from the plan, so a new rule is covered when it is there.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "how much was tried, for those who ask with --nocapture")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::{iter, thread};

use assize::collect::{self, Needs, Options, Plan, Regions};
use assize::evaluate;
use assize::evaluation::{ComplianceType, Evaluation};
use assize::gap::Gap;
use assize::item::ResourceKey;
use assize::rule::set::{Assignment, Selection};
use assize::rule::{Parameter, ParameterType, RuleSet};
use assize::snapshot::Snapshot;
use assize::source::account::Account;
use assize::source::account::secret::SecretKey;
use assize::source::client::{Client, ConnectOptions};
use assize::source::descriptor::Catalog;
use assize::source::model::Models;
use assize::source::recording::{Fault, Recording, Replay};

/// The regions of the recording.
const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// What AWS is asked before anything else: without an answer there is no scan, and so no verdict.
const WHO_AM_I: (&str, &str) = ("sts", "GetCallerIdentity");

/// The account, and what is known of it when nothing is spoiled.
#[derive(Clone)]
struct Demo {
    recording: Arc<Recording>,
    models: Arc<Models>,
    catalog: Catalog,
    rules: RuleSet,
    parameters: Vec<Assignment>,
    /// By operation, the rules that it is called for.
    wanted_by: BTreeMap<(String, String), BTreeSet<String>>,
    evaluations: Vec<Evaluation>,
}

/// The rules as they come.
static DEMO: LazyLock<Demo> = LazyLock::new(|| {
    let rules = RuleSet::builtin();
    assert_eq!(rules.errors(), [], "all built-in rules can be loaded");
    Demo::new(rules, Vec::new())
});

/// The rules that read more when a parameter is given, with it given.
static DEMO_WITH_PARAMETERS: LazyLock<Demo> = LazyLock::new(|| {
    let all = RuleSet::builtin();
    let mut selection = Selection::default();
    for rule in all.iter().map(|chosen| &chosen.rule) {
        for name in rule.reads.values().flatten().filter_map(|read| read.parameter.as_ref()) {
            let value = some_value(&rule.parameters[name]);
            selection.parameters.push(Assignment { rule: Some(rule.id.to_string()), name: name.clone(), value });
            selection.rules.push(rule.id.to_string());
        }
    }
    Demo::new(all.select(&selection).unwrap(), selection.parameters)
});

/// A value that a parameter may have.
fn some_value(parameter: &Parameter) -> String {
    if let Some(allowed) = parameter.allowed.first() {
        return allowed.as_str().map_or_else(|| allowed.to_string(), str::to_owned);
    }
    match parameter.kind {
        ParameterType::String | ParameterType::Csv => "444455556666".to_owned(),
        ParameterType::Integer | ParameterType::Number => parameter.minimum.unwrap_or(1.0).to_string(),
        ParameterType::Boolean => "true".to_owned(),
        ParameterType::Map => "{}".to_owned(),
    }
}

fn regions() -> Regions {
    Regions::Named(REGIONS.map(str::to_owned).into())
}

fn judge(rules: &RuleSet, snapshot: &Arc<Snapshot>) -> Vec<Evaluation> {
    let outcome = evaluate::run(rules, snapshot, &evaluate::Options { threads: 1, ..Default::default() });
    assert_eq!(outcome.rule_errors, [], "no rule breaks, whatever it may not see");
    outcome.evaluations
}

impl Demo {
    fn new(rules: RuleSet, parameters: Vec<Assignment>) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/account.jsonl.gz");
        let recording = Arc::new(Recording::load(&std::fs::read(path).unwrap()).unwrap());
        let models = Arc::new(Models::builtin());
        let catalog = Catalog::builtin().unwrap();
        let wanted: BTreeMap<String, Needs> =
            rules.iter().map(|chosen| (chosen.rule.id.to_string(), chosen.needs().into())).collect();
        let mut wanted_by = BTreeMap::<(String, String), BTreeSet<String>>::new();
        for step in Plan::new(&catalog, &models, &wanted, &regions()).unwrap().steps() {
            let operation = (step.service.clone(), step.operation.clone());
            wanted_by.entry(operation).or_default().extend(step.wanted_by.iter().cloned());
        }
        wanted_by.remove(&(WHO_AM_I.0.to_owned(), WHO_AM_I.1.to_owned()));
        let mut demo = Self { recording, models, catalog, rules, parameters, wanted_by, evaluations: Vec::new() };
        let snapshot = demo.read(&demo.rules, Replay::new(Arc::clone(&demo.recording))).unwrap();
        demo.evaluations = judge(&demo.rules, &snapshot);
        demo
    }

    /// Reads what these rules need.
    fn read(&self, rules: &RuleSet, replay: Replay) -> Result<Arc<Snapshot>, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let options = ConnectOptions::new().replay(replay).models(Arc::clone(&self.models));
            let client = Client::connect(options).await.map_err(|error| format!("{error:?}"))?;
            let options = Options::by_client(&client, regions());
            let account = Arc::new(Account::of_client(client, SecretKey::new([0; 32])));
            let read = collect::run(&account, &self.catalog, &rules.needs().into(), &options).await;
            read.map(Arc::new).map_err(|error| format!("{error:?}"))
        })
    }

    fn rules(&self, ids: &BTreeSet<String>) -> RuleSet {
        let of_one = |given: &&Assignment| given.rule.as_ref().is_some_and(|rule| ids.contains(rule));
        let parameters = self.parameters.iter().filter(of_one).cloned().collect();
        let selection = Selection { rules: ids.iter().cloned().collect(), parameters, ..Selection::default() };
        self.rules.select(&selection).unwrap()
    }

    /// Whether other regions list resources of this type too, as they do multi-region trails.
    fn is_seen_from_elsewhere(&self, resource_type: &str) -> bool {
        self.catalog.get(resource_type).iter().any(|descriptor| descriptor.region.is_some())
    }

    /// Whether an operation lists what belongs to each of several parents.
    fn lists_for_parents(&self, service: &str, operation: &str) -> bool {
        let listings = self.catalog.iter().filter_map(|descriptor| descriptor.listing.as_ref());
        let mut of_parents = listings.filter(|listing| listing.for_each.is_some());
        of_parents.any(|listing| *listing.call.service == *service && *listing.call.operation == *operation)
    }

    /// Whether an operation answers in pages.
    fn has_pages(&self, service: &str, operation: &str) -> bool {
        self.models.service(service).unwrap().operation(operation).unwrap().pagination().is_some()
    }
}

/// One thing that goes wrong.
#[derive(Clone, Copy)]
struct Case<'a> {
    service: &'a str,
    operation: &'a str,
    fault: Fault,
    /// Where; everywhere if no region is named.
    region: Option<&'static str>,
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, operation, fault, region } = self;
        write!(f, "{service}:{operation} {fault:?} in {}", region.unwrap_or("every region"))
    }
}

/// What is wrong with what the rules said when this went wrong, one sentence each; and which rules took notice.
fn try_out(demo: &Demo, case: Case<'_>) -> (Vec<String>, BTreeSet<String>) {
    let Case { service, operation, fault, region } = case;
    let rules = demo.rules(&demo.wanted_by[&(service.to_owned(), operation.to_owned())]);
    let spoiled = (service.to_owned(), operation.to_owned());
    let replay = Replay::new(Arc::clone(&demo.recording)).with_faults(move |service, operation, place| {
        let meant = spoiled.0 == service && spoiled.1 == operation && region.is_none_or(|region| region == place);
        meant.then_some(fault)
    });
    let blind = match demo.read(&rules, replay) {
        Ok(snapshot) => snapshot,
        Err(error) => return (vec![format!("nothing could be read at all: {error}")], BTreeSet::new()),
    };
    let name = format!("{service}:{operation}");
    let gaps: Vec<Gap> = blind.gaps().into_iter().filter(|gap| gap.reason.operation == name).collect();
    let said = judge(&rules, &blind);
    let before: Vec<&Evaluation> =
        demo.evaluations.iter().filter(|evaluation| rules.by_name(&evaluation.rule).is_some()).collect();
    let mut wrong = Vec::new();

    if fault == Fault::LosePage && !demo.has_pages(service, operation) {
        if before.len() != said.len() || before.iter().zip(&said).any(|(a, b)| *a != b) {
            wrong.push("there is no second page to lose, and yet something changed".to_owned());
        }
        return (wrong, BTreeSet::new());
    }

    // Each call that was refused left a gap. (Of the other faults each may be several requests, and listings for several parents
    // are one listing.)
    let calls = blind.about().requests.get(&name).copied().unwrap_or(0);
    let each_once = fault == Fault::AccessDenied && region.is_none() && !demo.lists_for_parents(service, operation);
    if gaps.is_empty() || (each_once && (gaps.len() as u64) < calls) {
        wrong.push(format!("{calls} calls failed, and there are {} gaps", gaps.len()));
    }

    let judged: BTreeMap<(&str, &ResourceKey, &str), &Evaluation> = before
        .iter()
        .map(|evaluation| ((evaluation.rule.as_ref(), &evaluation.resource, evaluation.key.as_ref()), *evaluation))
        .collect();
    let mut noticed = BTreeSet::new();
    for evaluation in &said {
        let was = judged.get(&(evaluation.rule.as_ref(), &evaluation.resource, evaluation.key.as_ref())).copied();
        if was == Some(evaluation) {
            continue;
        }
        match &evaluation.gap {
            Some(gap) if gap.reason.operation == name => {
                assert_eq!(evaluation.compliance_type, ComplianceType::InsufficientData);
                noticed.insert(evaluation.rule.to_string());
            }
            _ => wrong.push(format!("{} was {}", describe(evaluation), was.map_or_else(|| "nothing".into(), describe))),
        }
    }
    for evaluation in before {
        let kept = said.iter().any(|now| now == evaluation);
        let blinded = said.iter().any(|now| {
            now.compliance_type == ComplianceType::InsufficientData
                && now.rule == evaluation.rule
                && same_place(&now.resource, &evaluation.resource)
                && (now.resource.resource_id.is_empty() || now.resource.resource_id == evaluation.resource.resource_id)
        });
        if !kept && !blinded {
            wrong.push(format!("{} is gone without a word", describe(evaluation)));
        }
        if kept && evaluation.compliance_type != ComplianceType::InsufficientData {
            let elsewhere = region.is_some() && demo.is_seen_from_elsewhere(&evaluation.resource.resource_type);
            let spoiled = gaps.iter().find(|gap| !(elsewhere && gap.is_listing()) && rests_on(evaluation, gap));
            wrong.extend(spoiled.map(|gap| format!("{} though it rests on {gap:?}", describe(evaluation))));
        }
    }
    (wrong, noticed)
}

fn describe(evaluation: &Evaluation) -> String {
    format!("{}: {} of {}", evaluation.rule, evaluation.compliance_type.as_str(), evaluation.resource)
}

fn same_place(a: &ResourceKey, b: &ResourceKey) -> bool {
    a.account_id == b.account_id && a.region == b.region && a.resource_type == b.resource_type
}

/// Whether an evaluation was reached by a fact that is now missing: its resource, or one whose facts it read, is in a
/// listing that failed, or a path that it read is one that could not be read.
fn rests_on(evaluation: &Evaluation, gap: &Gap) -> bool {
    let own = &evaluation.resource;
    let in_gap_of = |resource_type: &str, id: &str, path: Option<&str>| {
        if gap.resource_type != resource_type {
            return false;
        }
        match (&gap.resource_id, &gap.path, path) {
            (Some(missing), ..) if missing != id => false,
            (Some(_), Some(missing), Some(path)) => {
                path == missing || path.starts_with(&format!("{missing}/")) || missing.starts_with(&format!("{path}/"))
            }
            (Some(_), Some(_), None) => false,
            (None, ..) | (Some(_), None, _) => true,
        }
    };
    let here = gap.aws_region == *own.region;
    (here && in_gap_of(&own.resource_type, &own.resource_id, None))
        || evaluation.evidence.iter().any(|evidence| match &evidence.resource {
            None => here && in_gap_of(&own.resource_type, &own.resource_id, Some(&evidence.path)),
            Some(other) => {
                let (resource_type, id) = other.split_once(' ').unwrap();
                // The account has an item in each region, all of one id.
                let tells_the_region = gap.resource_id.is_some() && resource_type != "AWS::::Account";
                in_gap_of(resource_type, id, Some(&evidence.path)) && (tells_the_region || here)
            }
        })
}

/// What `work` makes of each of these, in their order. Threads of its own, because the evaluation inside has a pool too,
/// and threads of a pool that wait take up other work, one case within another.
fn on_all_cores<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < all.len());
                    iter::from_fn(take).map(|at| (at, work(&all[at]))).collect::<Vec<_>>()
                })
            })
            .collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Every operation that a rule asks for × every fault × everywhere and each region alone.
fn deny_each_call(demo: &Demo) {
    let mut cases = Vec::new();
    for (service, operation) in demo.wanted_by.keys() {
        let asked = |region: &str| {
            let mut exchanges = demo.recording.exchanges().iter();
            exchanges.any(|it| it.service == *service && it.operation == *operation && it.region == region)
        };
        let regions = REGIONS.into_iter().filter(|region| asked(region)).map(Some);
        for region in iter::once(None).chain(regions) {
            cases.extend(Fault::ALL.map(|fault| Case { service, operation, fault, region }));
        }
    }
    let results = on_all_cores(&cases, |case| try_out(demo, *case));
    println!("{} rules, {} operations, {} cases", demo.rules.len(), demo.wanted_by.len(), cases.len());
    let mut report = String::new();
    for (case, (mut wrong, noticed)) in cases.into_iter().zip(results) {
        let Case { service, operation, fault, region } = case;
        if region.is_none() && (fault != Fault::LosePage || demo.has_pages(service, operation)) {
            // A call that changes nothing need not be made; a fault that changes nothing was not seen.
            let rules = &demo.wanted_by[&(service.to_owned(), operation.to_owned())];
            wrong.extend(rules.difference(&noticed).map(|rule| format!("{rule} asks for it and did not notice")));
        }
        for wrong in wrong {
            writeln!(report, "{case}: {wrong}").unwrap();
        }
    }
    assert!(report.is_empty(), "{} defects\n{report}", report.lines().count());
}

#[test]
fn no_verdict_rests_on_a_call_that_failed() {
    deny_each_call(&DEMO);
    deny_each_call(&DEMO_WITH_PARAMETERS);
}

/// A test that cannot fail shows nothing: here the policy of a bucket that may not be read is taken for none.
#[test]
fn a_denial_that_is_taken_for_an_answer_is_found() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("resources");
    let mut files = BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        files.insert(path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap());
    }
    let right = "codes: [NoSuchBucketPolicy], value: {policyText: null}";
    let wrong = "codes: [NoSuchBucketPolicy, AccessDenied], value: {policyText: null}";
    let s3 = files.get_mut("s3.yaml").unwrap();
    assert!(s3.contains(right));
    *s3 = s3.replace(right, wrong);
    let texts = files.iter().map(|(name, text)| (name.clone(), text.as_str()));
    let careless = Demo { catalog: Catalog::of_texts(texts, &DEMO.models).unwrap(), ..DEMO.clone() };

    let case = Case { service: "s3", operation: "GetBucketPolicy", fault: Fault::AccessDenied, region: None };
    let (wrong, noticed) = try_out(&careless, case);
    assert!(!wrong.is_empty() && noticed.is_empty(), "{wrong:?} {noticed:?}");
    assert_eq!(try_out(&DEMO, case).0, [""; 0]);
}

#[test]
fn without_knowing_whose_the_account_is_nothing_is_said() {
    let demo = &*DEMO;
    for fault in Fault::ALL.into_iter().filter(|fault| *fault != Fault::LosePage) {
        let replay = Replay::new(Arc::clone(&demo.recording)).with_fault(WHO_AM_I.0, WHO_AM_I.1, fault);
        assert!(demo.read(&demo.rules, replay).is_err(), "{fault:?}");
    }
}

#[test]
fn the_recording_holds_something_of_everything() {
    let demo = &*DEMO;
    let verdicts: BTreeSet<ComplianceType> =
        demo.evaluations.iter().map(|evaluation| evaluation.compliance_type).collect();
    assert_eq!(verdicts.len(), 4, "{verdicts:?}");
    let silent: Vec<&str> = demo
        .rules
        .iter()
        .map(|chosen| chosen.rule.id.as_ref())
        .filter(|id| !demo.evaluations.iter().any(|evaluation| *evaluation.rule == **id))
        .collect();
    assert!(silent.is_empty(), "nothing to judge for {silent:?}");
}
