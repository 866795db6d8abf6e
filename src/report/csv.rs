//! The report as a table for spreadsheets: one evaluation a row, under names that the JSON report has too. And tables that
//! others make, by the same rules.
//!
//! A spreadsheet takes a cell for a formula by its first character, and a formula can send the sheet to anybody. So every
//! cell is quoted, and one that could begin a formula begins with an apostrophe instead, which spreadsheets take as *this
//! is text* (<https://owasp.org/www-community/attacks/CSV_Injection>). Control characters are written as in the other
//! formats for people.

use std::io::{self, Write};

use csv::{QuoteStyle, Terminator, WriterBuilder};

use super::controls::{Control, Controls};
use super::finding::{Light, fingerprint};
use super::{Extent, Report, harmless};
use crate::evaluation::{Evaluation, Evidence};

/// The columns. Further ones are added at the end; none is renamed, moved or given another meaning.
pub const COLUMNS: [&str; 24] = [
    "fingerprint",
    "status",
    "complianceType",
    "severity",
    "rule",
    "title",
    "category",
    "accountId",
    "awsRegion",
    "resourceType",
    "resourceId",
    "resourceName",
    "arn",
    "key",
    "annotation",
    "evidence",
    "gap",
    "exemption",
    "exemptionReason",
    "exemptionExpires",
    "openSince",
    "capturedAt",
    "reference",
    "controls",
];

/// Writes the rows that the extent asks for.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, extent: Extent, out: &mut dyn Write) -> io::Result<()> {
    let mut table =
        WriterBuilder::new().quote_style(QuoteStyle::Always).terminator(Terminator::CRLF).from_writer(&mut *out);
    table.write_record(COLUMNS).map_err(plain)?;
    let controls = Controls::of(report);
    for evaluation in report.extent(extent) {
        table.write_record(row(report, &controls, evaluation).iter().map(|text| cell(text))).map_err(plain)?;
    }
    table.flush()
}

fn row(report: &Report, controls: &Controls<'_>, evaluation: &Evaluation) -> [String; COLUMNS.len()] {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let key = &evaluation.resource;
    let rule = report.rule(&evaluation.rule);
    let mark = evaluation.exemption.as_deref();
    let standing = report.drift.as_ref().and_then(|drift| drift.standing(evaluation));
    let evidence: Vec<String> = evaluation.evidence.iter().filter_map(fact).collect();
    let controls: Vec<String> = controls.of_rule(&evaluation.rule).iter().flat_map(Control::names).collect();
    [
        fingerprint(evaluation),
        Light::of(evaluation).as_str().to_owned(),
        evaluation.compliance_type.as_str().to_owned(),
        evaluation.severity.as_str().to_owned(),
        evaluation.rule.to_string(),
        text(rule.map(|rule| rule.title.as_str())),
        text(rule.map(|rule| rule.category.as_str())),
        key.account_id.to_string(),
        key.region.to_string(),
        key.resource_type.to_string(),
        key.resource_id.to_string(),
        text(evaluation.resource_name.as_deref()),
        text(evaluation.arn.as_deref()),
        evaluation.key.to_string(),
        evaluation.annotation.to_string(),
        evidence.join("; "),
        evaluation.gap.as_deref().map(|gap| gap.reason.to_string()).unwrap_or_default(),
        text(mark.map(|mark| mark.state.as_str())),
        text(mark.map(|mark| mark.reason.as_str())),
        text(mark.and_then(|mark| mark.expires.as_deref())),
        text(standing.and_then(|standing| standing.open_since.as_deref())),
        report.snapshot.captured_at.clone(),
        text(rule.and_then(|rule| rule.references.first()).map(String::as_str)),
        controls.join("; "),
    ]
}

fn fact(evidence: &Evidence) -> Option<String> {
    let value = evidence.value.as_deref()?;
    let of = evidence.resource.as_deref().map(|resource| format!("{resource} ")).unwrap_or_default();
    Some(format!("{of}{} = {value}", evidence.path))
}

/// Writes rows as RFC 4180 says, in UTF-8 with the columns' names first.
///
/// # Errors
/// What the writer says.
pub fn table(columns: &[String], rows: impl Iterator<Item = Vec<String>>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
    table.write_record(columns.iter().map(|name| cell(name))).map_err(plain)?;
    for row in rows {
        table.write_record(row.iter().map(|text| cell(text))).map_err(plain)?;
    }
    table.flush()
}

/// What the writer below the table said.
fn plain(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A cell that is text to every spreadsheet, and to a terminal.
fn cell(text: &str) -> String {
    // A number is one, whatever sign it begins with.
    if text.bytes().all(|byte| b"+-.eE0123456789".contains(&byte)) && text.parse::<f64>().is_ok() {
        return text.to_owned();
    }
    let text = harmless(text);
    // Some programs look behind spaces, and some take the wide forms of East Asian scripts for the same signs.
    let begins = text.trim_start().chars().next();
    let is_formula = begins.is_some_and(|c| "=+-@＝＋－＠\\|%".contains(c));
    if is_formula { format!("'{text}") } else { text.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_takes_nothing_for_a_formula_and_reads_back_what_shows() {
        let plain = ["plain", "a,b", "say \"hi\"", "", "'=x", "-5", "+1", "1e5", "-0.5"];
        let formulas = ["=1+1", "-x", "@a", " =1", "|a", "%a", "-inf", "+1+1", "＝1"];
        let rows = plain.iter().chain(&formulas).map(|text| vec![(*text).to_owned(), "x".to_owned()]);
        let rows = rows.chain([vec!["\u{1b}[2J\u{202e}two\nlines".to_owned(), String::new()]]);
        let mut out = Vec::new();
        table(&["=name".to_owned(), "n".to_owned()], rows, &mut out).unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(out.as_slice());
        let read: Vec<String> = reader.records().map(|record| record.unwrap()[0].to_owned()).collect();
        let guarded = formulas.map(|text| format!("'{text}"));
        let wanted: Vec<&str> = ["'=name"].into_iter().chain(plain).chain(guarded.iter().map(String::as_str)).collect();
        assert_eq!(read[..wanted.len()], wanted);
        assert!(!read[wanted.len()].contains(['\u{1b}', '\u{202e}', '\n']), "{:?}", read[wanted.len()]);
    }

    #[test]
    fn a_reader_that_has_seen_enough_is_told_of_as_such() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let rows = std::iter::repeat_n(vec!["x".repeat(1000)], 100);
        let error = table(&["a".to_owned()], rows, &mut Closed).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
