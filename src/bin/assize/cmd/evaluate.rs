//! `assize evaluate`: judge what was read before.

use assize::evaluate::{self, Options};

use crate::cli::{Evaluate, Targets};
use crate::failure::Failure;
use crate::input;
use crate::output::{self, Colors};

pub(crate) fn run(flags: &Evaluate, threads: usize, colors: Colors) -> Result<u8, Failure> {
    output::check(&flags.output)?;
    let anchor = output::anchor(&flags.output)?;
    let rules = input::rules(&flags.choice)?;
    let (_, catalog) = input::definitions(&flags.definitions)?;
    let judged = input::judge(&flags.snapshots, &catalog, &rules, &options(&flags.targets, threads))?;
    let report = input::report(&rules, &catalog, judged);
    output::report(&report, &flags.output, anchor, colors)
}

/// Which resources are to be judged, and how.
pub(super) fn options(targets: &Targets, threads: usize) -> Options {
    Options {
        targets: evaluate::Targets { tags: targets.tags.clone(), all: targets.all_tags },
        threads,
        ..Options::default()
    }
}
