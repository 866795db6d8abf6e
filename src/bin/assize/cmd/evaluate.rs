//! `assize evaluate`: judge what was read before, from files or from the store.

use std::sync::Arc;

use assize::drift::Drift;
use assize::evaluate::{self, Judged, Options};
use assize::exemption::Exemptions;
use assize::history::{History, Judgement};
use assize::rule::RuleSet;
use assize::source::descriptor::Catalog;

use crate::cli::{Evaluate, Targets};
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::settings::Settings;
use crate::{input, store};

pub(crate) fn run(mut flags: Evaluate, threads: usize, colors: Colors) -> Result<u8, Failure> {
    let mut settings = Settings::load(&flags.config)?;
    settings.choice(&mut flags.choice);
    settings.targets(&mut flags.targets);
    settings.definitions(&mut flags.definitions);
    settings.store(&mut flags.store);
    settings.output(&mut flags.output);
    let threads = settings.threads(threads);
    output::check(&flags.output)?;
    let asked = settings.rules(&flags.choice)?;
    let anchor = output::anchor(&flags.output, settings.file(), &asked.lines)?;
    let (_, catalog) = input::definitions(&flags.definitions)?;
    let options = options(&flags.targets, &asked.exemptions, threads);
    let (rules, judged, drift) = if flags.snapshots.is_empty() {
        let history = store::existing(&flags.store, "a snapshot")?;
        of_store(&history, &flags, asked.rules, &options)?
    } else {
        let (judged, drift) = of_files(&flags, &catalog, &asked.rules, &options)?;
        (asked.rules, judged, drift)
    };
    let report = input::report(&rules, &catalog, judged).with_exemptions(&asked.exemptions).with_drift(drift);
    output::report(&report, &flags.output, anchor, colors)
}

fn of_files(
    flags: &Evaluate,
    catalog: &Catalog,
    rules: &RuleSet,
    options: &Options,
) -> Result<(Judged, Option<Drift>), Failure> {
    let Some(mut history) = store::open(&flags.store)? else {
        return input::judge(&flags.snapshots, catalog, rules, options).map(|judged| (judged, None));
    };
    let key = store::key(&history)?;
    let snapshot = Arc::new(input::snapshot_to_keep(&flags.snapshots, catalog, &key)?);
    let outcome = evaluate::run(rules, &snapshot, options);
    store::keep(Some(&mut history), &snapshot, Some(&Judgement { rules, outcome: &outcome }))?;
    let drift = store::drift(Some(&history), rules, &snapshot, &outcome)?;
    Ok((Judged::of(&snapshot, outcome), drift))
}

/// The state of a moment, by today's rules or by those that were recorded last at that moment.
fn of_store(
    history: &History,
    flags: &Evaluate,
    rules: RuleSet,
    options: &Options,
) -> Result<(RuleSet, Judged, Option<Drift>), Failure> {
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
    Ok((rules, Judged::of(&snapshot, outcome), drift))
}

/// Which resources are to be judged, and how.
pub(super) fn options(targets: &Targets, exemptions: &Exemptions, threads: usize) -> Options {
    let targets = evaluate::Targets { any: targets.any.clone(), all: targets.all.clone() };
    Options { targets, exemptions: exemptions.clone(), threads }
}
