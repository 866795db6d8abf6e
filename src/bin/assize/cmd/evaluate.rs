//! `assize evaluate`: judge what was read before, from files or from the store.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use assize::drift::Drift;
use assize::evaluate::{self, Judged, Options, Outcome};
use assize::exemption::Exemptions;
use assize::gap::Gap;
use assize::history::History;
use assize::iac::{self, Repository, Undeployed, Warning};
use assize::item::GLOBAL;
use assize::location::Places;
use assize::rule::RuleSet;
use assize::snapshot::Snapshot;
use assize::source::client::ConnectOptions;
use assize::source::config_export::TypeFacts;
use assize::source::descriptor::Catalog;
use assize::value::{Unreadable, code};

use crate::cli::{Before, Evaluate, Targets};
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::settings::Settings;
use crate::{input, repository, store};

pub(crate) fn run(mut flags: Evaluate, threads: usize, colors: Colors) -> Result<u8, Failure> {
    let mut settings = Settings::load(&flags.config)?;
    settings.choice(&mut flags.choice);
    settings.targets(&mut flags.targets);
    settings.definitions(&mut flags.definitions);
    settings.store(&mut flags.store);
    settings.iac(&mut flags.iac);
    settings.output(&mut flags.output);
    let threads = settings.threads(threads);
    let is_of_definitions = flags.before.template.is_some() || flags.before.plan.is_some();
    output::check(&flags.output, flags.store.store.is_some() && !is_of_definitions)?;
    let asked = settings.rules(&flags.choice)?;
    let anchor = output::anchor(&flags.output, settings.file(), &asked.lines)?;
    let (_, catalog) = input::definitions(&flags.definitions)?;
    let options = options(&flags.targets, &asked.exemptions, threads);
    let repository = repository::read(&flags.iac, &ConnectOptions::new(), colors)?;
    let repository = repository.as_ref();
    let told = if is_of_definitions {
        of_definitions(&flags.before, &catalog, asked.rules, &options, repository, colors)?
    } else if flags.snapshots.is_empty() {
        let history = store::existing(&flags.store, "a snapshot")?;
        of_store(&history, &flags, asked.rules, &options, repository)?
    } else {
        of_files(&flags, &catalog, asked.rules, &options, repository)?
    };
    // The rules that were recorded are not those of the packs that are asked for now.
    let packs = if flags.recorded_rules { Vec::new() } else { asked.packs };
    let Told { rules, judged, drift, stored, places, snapshot, unread } = told;
    let report = input::report(&rules, &catalog, judged).with_gaps(unread).with_exemptions(&asked.exemptions);
    let report = report.with_packs(&packs).with_drift(drift).with_places(places);
    let report = output::pictured(report, &flags.output, snapshot.as_deref());
    stored.and(output::report(report, &flags.output, anchor, colors))
}

/// What was judged by which rules, how that stands to what was found before, and where it is shown.
struct Told {
    rules: RuleSet,
    judged: Judged,
    drift: Option<Drift>,
    /// Why the store neither keeps nor tells anything, if it failed.
    stored: Result<(), Failure>,
    places: Places,
    /// Where it had to be at hand as a whole.
    snapshot: Option<Arc<Snapshot>>,
    /// Definitions of which nothing is in the snapshot.
    unread: Vec<Gap>,
}

impl Told {
    fn of(
        rules: RuleSet,
        snapshot: Arc<Snapshot>,
        outcome: Outcome,
        drift: Result<Option<Drift>, Failure>,
        repository: Option<&Repository>,
    ) -> Self {
        let places = repository::places(repository, &outcome.evaluations, snapshot.items());
        let (drift, stored) = store::or_else(drift);
        Self {
            rules,
            judged: Judged::of(&snapshot, outcome),
            drift,
            stored,
            places,
            snapshot: Some(snapshot),
            unread: Vec::new(),
        }
    }
}

/// What is to be deployed, by the same rules.
fn of_definitions(
    flags: &Before,
    catalog: &Catalog,
    rules: RuleSet,
    options: &Options,
    repository: Option<&Repository>,
    colors: Colors,
) -> Result<Told, Failure> {
    let parameters: BTreeMap<String, String> = flags.template_parameters.iter().cloned().collect();
    let parts = input::pointers(catalog);
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    let secrets = TypeFacts::of(catalog).secrets;
    let given = iac::Given { parameters: &parameters, parts: &parts, secrets: &secrets, now: &now };
    let undeployed = match (&flags.template, &flags.plan) {
        (Some(path), _) => iac::of_templates(path, &given).map_err(|error| input::unread(path, &error))?,
        (None, Some(path)) => {
            let text = fs::read_to_string(path).map_err(|error| input::unread(path, &error))?;
            iac::of_plan(&text, repository, &given)
                .map_err(|error| Failure::new(format!("cannot read the plan {}: {error}", path.display())))?
        }
        (None, None) => return Err(Failure::new("there is neither a template nor a plan")),
    };
    let Undeployed { snapshot, definitions, not_covered, files, unread } = undeployed;
    if files == 0 {
        let place = flags.template.as_deref().unwrap_or(Path::new(""));
        return Err(match unread.as_slice() {
            [] => Failure::new(format!("there is no template below {}", place.display())),
            [first, rest @ ..] => {
                let failure = Failure::new(format!("cannot read the template {first}"));
                if rest.is_empty() { failure } else { failure.help(format!("nor {} others", rest.len())) }
            }
        });
    }
    let inapplicable: Vec<&str> = rules
        .iter()
        .filter(|one| !one.rule.resource_types.iter().any(|kind| iac::is_covered(kind)))
        .map(|one| &*one.rule.id)
        .collect();
    if !inapplicable.is_empty() {
        output::note(colors, &format!("note: not applicable to templates: {}", inapplicable.join(", ")))?;
    }
    if !not_covered.is_empty() {
        let kinds: Vec<String> = not_covered.iter().map(|(kind, count)| format!("{kind} ({count})")).collect();
        output::note(colors, &format!("note: not covered: {}", kinds.join(", ")))?;
    }
    let snapshot = Arc::new(snapshot);
    let mut outcome = evaluate::run(&rules, &snapshot, options);
    iac::settle(&mut outcome.evaluations);
    // A rule about the account has nothing to say of a template: that the account was not read is no gap of the template.
    outcome.evaluations.retain(|one| !(one.resource.resource_id.is_empty() && one.gap.is_none()));
    let places = Places::new(&outcome.evaluations, &definitions);
    let unread = unread.iter().map(|one| gap_of(one, &parameters)).collect();
    let judged = Judged::of(&snapshot, outcome);
    Ok(Told { rules, judged, drift: None, stored: Ok(()), places, snapshot: Some(snapshot), unread })
}

/// A template that was not read: what it makes is not known, so it is the stack that is missing.
fn gap_of(unread: &Warning, parameters: &BTreeMap<String, String>) -> Gap {
    let pseudo = |name: &str, default: &str| parameters.get(name).map_or(default, String::as_str).to_owned();
    Gap {
        account_id: pseudo("AWS::AccountId", iac::NO_ACCOUNT),
        aws_region: pseudo("AWS::Region", GLOBAL),
        resource_type: "AWS::CloudFormation::Stack".to_owned(),
        resource_id: Some(unread.file.to_string()),
        path: None,
        reason: Arc::new(Unreadable {
            operation: String::new(),
            action: None,
            code: code::NOT_UNDERSTOOD.to_owned(),
            message: format!("line {}: {}", unread.line, unread.message),
        }),
    }
}

fn of_files(
    flags: &Evaluate,
    catalog: &Catalog,
    rules: RuleSet,
    options: &Options,
    repository: Option<&Repository>,
) -> Result<Told, Failure> {
    let mut history = store::open(&flags.store)?;
    // The items are looked at again, where places or pictures are wanted, once it is known which of them have findings.
    if history.is_none() && repository.is_none() && !output::has_pictures(&flags.output) {
        let judged = input::judge(&flags.snapshots, catalog, &rules, options)?;
        let places = Places::default();
        return Ok(Told { rules, judged, drift: None, stored: Ok(()), places, snapshot: None, unread: Vec::new() });
    }
    let snapshot = Arc::new(match &history {
        Some(history) => input::snapshot_to_keep(&flags.snapshots, catalog, &store::key(history)?)?,
        None => input::snapshot(&flags.snapshots, catalog)?,
    });
    let outcome = evaluate::run(&rules, &snapshot, options);
    let drift = store::record(history.as_mut(), &rules, &snapshot, &outcome);
    Ok(Told::of(rules, snapshot, outcome, drift, repository))
}

/// The state of a moment, by today's rules or by those that were recorded last at that moment.
fn of_store(
    history: &History,
    flags: &Evaluate,
    rules: RuleSet,
    options: &Options,
    repository: Option<&Repository>,
) -> Result<Told, Failure> {
    let moment = store::moment(history, flags.at.as_deref())?;
    let rules = if flags.recorded_rules {
        let snapshot = store::last_judged(history, moment)?;
        history.rules(snapshot).map_err(|error| store::failure(&error))?
    } else {
        rules
    };
    let snapshot = Arc::new(store::state_at(history, moment.time)?);
    let outcome = evaluate::run(&rules, &snapshot, options);
    let drift = store::drift(Some(history), &rules, &snapshot, &outcome);
    Ok(Told::of(rules, snapshot, outcome, drift, repository))
}

/// Which resources are to be judged, and how.
pub(super) fn options(targets: &Targets, exemptions: &Exemptions, threads: usize) -> Options {
    let targets = evaluate::Targets { any: targets.any.clone(), all: targets.all.clone() };
    Options { targets, exemptions: exemptions.clone(), threads }
}
