//! `assize report`: a saved JSON report in other formats.

use assize::report::json;

use crate::cli::Report;
use crate::failure::Failure;
use crate::input;
use crate::output::{self, Colors};

pub(crate) fn run(flags: &Report, colors: Colors) -> Result<u8, Failure> {
    output::check(&flags.output)?;
    let anchor = output::anchor(&flags.output, None, &std::collections::BTreeMap::new())?;
    let doing = format!("cannot read {}", flags.report.display());
    let input = input::open(&flags.report).map_err(|error| Failure::of(&doing, &error))?;
    let report = json::read(input).map_err(|error| {
        Failure::of(&doing, &error).help("a report is what --format json writes; assize evaluate judges a snapshot")
    })?;
    output::report(&report, &flags.output, anchor, colors)
}
