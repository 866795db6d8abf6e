//! Differences for code scanning: the newer state's SARIF report, in which each result says how it stands to the older
//! state (`baselineState`, SARIF 2.1.0 section 3.27.24).
//!
//! Findings that were there before and are no longer are results too, as `absent`. One that can no longer be judged is
//! not: it may be there still. It stays, as of the kind `open`, SARIF's word for what the tool had too little to decide
//! on, and is `updated`.

use std::io::{self, Write};

use super::Compared;
use crate::diff::{Diff, Drift};
use crate::evaluation::Evaluation;
use crate::report::Options;
use crate::report::sarif::{self, Anchor, Baseline};

/// Writes the newer state's report with its baseline.
///
/// # Errors
/// What the writer says, or that there is no report.
pub(super) fn write(compared: &Compared, anchor: &Anchor, out: &mut dyn Write) -> io::Result<()> {
    let report = compared.report.ok_or_else(|| io::Error::other("SARIF is made of the newer state's report"))?;
    let options = Options { anchor: anchor.clone(), ..Options::default() };
    sarif::write_with(report, Some(&baseline(compared.diff)), &options, out)
}

fn baseline<'a>(diff: &Diff<'a>) -> Baseline<'a> {
    let mut baseline = Baseline::default();
    for finding in &diff.still_open {
        baseline.states.insert(sarif::identity(finding), "unchanged");
    }
    for change in &diff.evaluations {
        let before: Option<&'a Evaluation> = change.before;
        match (change.drift, before) {
            (Drift::Updated, _) => {
                baseline.states.extend(change.after.map(|after| (sarif::identity(after), "updated")));
            }
            (Drift::Fixed | Drift::Gone, Some(before)) => baseline.absent.push(before),
            (Drift::NotJudged, Some(before)) if before.is_finding() => baseline.open.push(before),
            _ => {}
        }
    }
    baseline
}
