//! The report as lines of JSON, for pipes and log collectors: one record a line, each with its `kind`.
//!
//! The first line is the `report`: the file's format and version, what was looked at, and the sums. Then come the
//! `rule`s, the `evaluation`s, the `gap`s, the `ruleError`s, the `exemption`s, the `pack`s and the `definition`s, with the members that they have in the
//! JSON report. It has all that the JSON report has, and its version rises with that one's.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use super::json::{
    DriftV1, EvaluationV1, ExemptionV1, GapV1, PackV1, ResourceV1, RuleErrorV1, RuleV1, SnapshotV1, SummaryV1, VERSION,
};

/// The value of `format` in the first line.
pub const FORMAT: &str = "assize-report-lines";

#[derive(Serialize)]
struct Line<W> {
    kind: &'static str,
    #[serde(flatten)]
    record: W,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeadV1<'a> {
    format: &'static str,
    version: u32,
    assize_version: &'a str,
    snapshot: SnapshotV1<'a>,
    summary: SummaryV1,
    drift: Option<DriftV1<'a>>,
    reused: Option<usize>,
}

/// Writes the report, one record a line.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let head = HeadV1 {
        format: FORMAT,
        version: VERSION,
        assize_version: &report.assize_version,
        snapshot: SnapshotV1::new(&report.snapshot),
        summary: SummaryV1::new(&report.counts()),
        drift: report.drift.as_ref().map(|drift| DriftV1::new(report, drift)),
        reused: report.reused,
    };
    line(out, "report", head)?;
    report.rules.iter().try_for_each(|rule| line(out, "rule", RuleV1::new(rule)))?;
    report.evaluations.iter().try_for_each(|one| line(out, "evaluation", EvaluationV1::of(report, one)))?;
    report.gaps.iter().try_for_each(|gap| line(out, "gap", GapV1::new(gap)))?;
    report.rule_errors.iter().try_for_each(|error| line(out, "ruleError", RuleErrorV1::new(error)))?;
    report.exemptions.iter().try_for_each(|one| line(out, "exemption", ExemptionV1::new(one)))?;
    report.packs.iter().try_for_each(|pack| line(out, "pack", PackV1::new(pack)))?;
    ResourceV1::all(&report.places).iter().try_for_each(|one| line(out, "definition", one))
}

fn line(out: &mut dyn Write, kind: &'static str, record: impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Line { kind, record })?;
    out.write_all(b"\n")
}
