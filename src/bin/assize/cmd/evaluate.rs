//! `assize evaluate`: judge what was read before, from files or from the store.

use std::sync::Arc;

use assize::drift::Drift;
use assize::evaluate::{self, Judged, Options, Outcome};
use assize::exemption::Exemptions;
use assize::history::{History, Judgement};
use assize::iac::Repository;
use assize::location::Places;
use assize::rule::RuleSet;
use assize::snapshot::Snapshot;
use assize::source::client::ConnectOptions;
use assize::source::descriptor::Catalog;

use crate::cli::{Evaluate, Targets};
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
    output::check(&flags.output)?;
    let asked = settings.rules(&flags.choice)?;
    let anchor = output::anchor(&flags.output, settings.file(), &asked.lines)?;
    let (_, catalog) = input::definitions(&flags.definitions)?;
    let options = options(&flags.targets, &asked.exemptions, threads);
    let repository = repository::read(&flags.iac, &ConnectOptions::new(), colors)?;
    let repository = repository.as_ref();
    let (rules, answers) = if flags.snapshots.is_empty() {
        let history = store::existing(&flags.store, "a snapshot")?;
        of_store(&history, &flags, asked.rules, &options, repository)?
    } else {
        let answers = of_files(&flags, &catalog, &asked.rules, &options, repository)?;
        (asked.rules, answers)
    };
    let Answers { judged, drift, places } = answers;
    let report = input::report(&rules, &catalog, judged).with_exemptions(&asked.exemptions);
    let report = report.with_drift(drift).with_places(places);
    output::report(&report, &flags.output, anchor, colors)
}

/// What was judged, how that stands to what was found before, and where it is shown.
struct Answers {
    judged: Judged,
    drift: Option<Drift>,
    places: Places,
}

impl Answers {
    fn of(snapshot: &Snapshot, outcome: Outcome, drift: Option<Drift>, repository: Option<&Repository>) -> Self {
        let places = repository::places(repository, &outcome.evaluations, snapshot.items());
        Self { judged: Judged::of(snapshot, outcome), drift, places }
    }
}

fn of_files(
    flags: &Evaluate,
    catalog: &Catalog,
    rules: &RuleSet,
    options: &Options,
    repository: Option<&Repository>,
) -> Result<Answers, Failure> {
    let Some(mut history) = store::open(&flags.store)? else {
        // The items are looked at again once it is known which of them have findings.
        if repository.is_some() {
            let snapshot = Arc::new(input::snapshot(&flags.snapshots, catalog)?);
            let outcome = evaluate::run(rules, &snapshot, options);
            return Ok(Answers::of(&snapshot, outcome, None, repository));
        }
        let judged = input::judge(&flags.snapshots, catalog, rules, options)?;
        return Ok(Answers { judged, drift: None, places: Places::default() });
    };
    let key = store::key(&history)?;
    let snapshot = Arc::new(input::snapshot_to_keep(&flags.snapshots, catalog, &key)?);
    let outcome = evaluate::run(rules, &snapshot, options);
    store::keep(Some(&mut history), &snapshot, Some(&Judgement { rules, outcome: &outcome }))?;
    let drift = store::drift(Some(&history), rules, &snapshot, &outcome)?;
    Ok(Answers::of(&snapshot, outcome, drift, repository))
}

/// The state of a moment, by today's rules or by those that were recorded last at that moment.
fn of_store(
    history: &History,
    flags: &Evaluate,
    rules: RuleSet,
    options: &Options,
    repository: Option<&Repository>,
) -> Result<(RuleSet, Answers), Failure> {
    let moment = store::moment(history, flags.at.as_deref())?;
    let rules = if flags.recorded_rules {
        let snapshot = store::last_judged(history, moment)?;
        history.rules(snapshot).map_err(|error| store::failure(&error))?
    } else {
        rules
    };
    let snapshot = Arc::new(history.state_at(moment.time).map_err(|error| store::failure(&error))?);
    let outcome = evaluate::run(&rules, &snapshot, options);
    let drift = store::drift(Some(history), &rules, &snapshot, &outcome)?;
    Ok((rules, Answers::of(&snapshot, outcome, drift, repository)))
}

/// Which resources are to be judged, and how.
pub(super) fn options(targets: &Targets, exemptions: &Exemptions, threads: usize) -> Options {
    let targets = evaluate::Targets { any: targets.any.clone(), all: targets.all.clone() };
    Options { targets, exemptions: exemptions.clone(), threads }
}
