//! `assize report`: a saved JSON report in other formats, or what the store recorded.

use assize::evaluate::Judged;
use assize::report;
use assize::source::client::ConnectOptions;
use assize::source::descriptor::Catalog;

use crate::cli::Report;
use crate::failure::{Failure, causes};
use crate::output::{self, Colors};
use crate::settings::Settings;
use crate::{input, repository, store};

pub(crate) fn run(mut flags: Report, colors: Colors) -> Result<u8, Failure> {
    // What was saved, and what a store has, may tell what is new.
    output::check(&flags.output, true)?;
    let anchor = output::anchor(&flags.output, None, &std::collections::BTreeMap::new())?;
    let mut settings = Settings::load(&flags.config)?;
    settings.iac(&mut flags.iac);
    let repository = repository::read(&flags.iac, &ConnectOptions::new(), colors)?;
    let mut report = if let Some(path) = &flags.file {
        output::saved(path)?
    } else {
        settings.store(&mut flags.store);
        of_store(&flags)?
    };
    if let Some(repository) = &repository {
        let places = repository::places_of_report(repository, &report);
        report = report.with_places(places);
    }
    output::report(report, &flags.output, anchor, colors)
}

/// What was found at the time, by the rules of that time: nothing is judged again.
fn of_store(flags: &Report) -> Result<report::Report, Failure> {
    let history = store::existing(&flags.store, "a report")?;
    let moment = store::moment(&history, flags.at.as_deref())?;
    let id = store::last_judged(&history, moment)?;
    let told = || Ok((history.rules(id)?, history.snapshot(id)?, history.outcome(id)?));
    let (rules, snapshot, outcome) = told().map_err(|error| store::failure(&error))?;
    let catalog = Catalog::builtin().map_err(|error| Failure::new(causes(&error)))?;
    let drift = store::drift(Some(&history), &rules, &snapshot, &outcome)?;
    let report = input::report(&rules, &catalog, Judged::of(&snapshot, outcome)).with_drift(drift);
    Ok(output::pictured(report, &flags.output, Some(&snapshot)))
}
