//! `assize evaluate`: judge what was read before.

use assize::evaluate::{self, Options};
use assize::exemption::Exemptions;

use crate::cli::{Evaluate, Targets};
use crate::failure::Failure;
use crate::input;
use crate::output::{self, Colors};
use crate::settings::Settings;

pub(crate) fn run(mut flags: Evaluate, threads: usize, colors: Colors) -> Result<u8, Failure> {
    let mut settings = Settings::load(&flags.config)?;
    settings.choice(&mut flags.choice);
    settings.targets(&mut flags.targets);
    settings.definitions(&mut flags.definitions);
    settings.output(&mut flags.output);
    let threads = settings.threads(threads);
    output::check(&flags.output)?;
    let asked = settings.rules(&flags.choice)?;
    let anchor = output::anchor(&flags.output, settings.file(), &asked.lines)?;
    let (_, catalog) = input::definitions(&flags.definitions)?;
    let options = options(&flags.targets, &asked.exemptions, threads);
    let judged = input::judge(&flags.snapshots, &catalog, &asked.rules, &options)?;
    let report = input::report(&asked.rules, &catalog, judged).with_exemptions(&asked.exemptions);
    output::report(&report, &flags.output, anchor, colors)
}

/// Which resources are to be judged, and how.
pub(super) fn options(targets: &Targets, exemptions: &Exemptions, threads: usize) -> Options {
    let targets = evaluate::Targets { any: targets.any.clone(), all: targets.all.clone() };
    Options { targets, exemptions: exemptions.clone(), threads }
}
