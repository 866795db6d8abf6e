//! What the process says when it ends. Scripts rely on these numbers: they never change their meaning.
//!
//! When findings and gaps come together, findings win: what was found holds whatever else could not be read. The
//! report says both.

use assize::report::{FailOn, Report};

/// Everything asked for was judged, and nothing was found at or above `--fail-on`.
pub(crate) const CLEAN: u8 = 0;

/// Something was found at or above `--fail-on`, or a case of a rule does not hold.
pub(crate) const FINDINGS: u8 = 1;

/// assize could not do its work: wrong flags, no credentials, a file that cannot be read or written.
pub(crate) const FAILED: u8 = 2;

/// Nothing was found at or above `--fail-on`, but not everything asked for could be read or judged: there are gaps,
/// rules that broke, or packs that could not be run.
pub(crate) const INCOMPLETE: u8 = 3;

/// The exit code that a report stands for.
pub(crate) fn code(report: &Report, fail_on: Option<FailOn>) -> u8 {
    match fail_on.unwrap_or_default() {
        fail_on if fail_on.is_failed(report) => FINDINGS,
        _ if !report.is_complete() => INCOMPLETE,
        _ => CLEAN,
    }
}
