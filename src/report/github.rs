//! The report as workflow commands of GitHub: the findings are shown as annotations of the run.
//!
//! A line is a command, and whatever stands behind it is its text
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>). So no end of a line may come
//! from a name, and the signs that part a command's members are written as codes, as GitHub's own toolkit does. A step
//! shows ten annotations of each level: the worst are written, then how the packs stand, and the last line says how many more
//! findings there are.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use super::packs::{compliance, score, sums};
use super::terminal::counted;
use super::{Options, Report, harmless};
use crate::evaluation::{Evaluation, Severity};
use crate::item::GLOBAL;

/// As many of a level as GitHub shows of a step. One place is kept for what was left out, and one for the gaps.
const MOST: usize = 9;

/// So many packs have a line of their own: these are notices too, of which findings need some.
const MOST_PACKS: usize = 3;

/// Writes the commands.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut findings: Vec<&Evaluation> = report.findings().collect();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    let packs = packs(report);
    let mut written = BTreeMap::from([("notice", packs.len())]);
    let mut left_out = 0;
    for finding in findings {
        let level = level(finding.severity);
        let count = written.entry(level).or_default();
        if *count == MOST {
            left_out += 1;
            continue;
        }
        *count += 1;
        let title = report.rule(&finding.rule).map_or(&*finding.rule, |rule| &rule.title);
        let title = format!("{}: {title}", finding.severity.as_str());
        let (file, line) = match report.places.of(finding) {
            Some(place) => (place.location.file.to_string(), place.location.line.to_string()),
            None => (options.anchor.path(), options.anchor.line(&finding.rule).to_string()),
        };
        let place = [("file", file), ("line", line), ("title", title)];
        command(out, level, &place, &sentence(report, finding))?;
    }
    let gaps = report.gaps_and_rules().len() + report.rule_errors.len();
    if gaps > 0 {
        let text = format!("{} could not be read or judged; the report names them", counted(gaps, "thing"));
        command(out, "warning", &[("title", "assize: not everything was judged".to_owned())], &text)?;
    }
    for (title, text) in packs {
        command(out, "notice", &[("title", title)], &text)?;
    }
    if left_out > 0 {
        let text = format!("{} more; the report has all of them", counted(left_out, "finding"));
        command(out, "notice", &[("title", "assize: not all findings are shown here".to_owned())], &text)?;
    }
    Ok(())
}

/// A title and a sentence for each pack, or for those together that have none of their own.
fn packs(report: &Report) -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = report
        .packs
        .iter()
        .map(|pack| {
            let score = score(pack).map_or_else(String::new, |score| format!("; {score}"));
            (format!("pack {}: {}", pack.pack, compliance(pack)), format!("{}{score}", sums(pack)))
        })
        .collect();
    if lines.len() > MOST_PACKS {
        let more = lines.len() - (MOST_PACKS - 1);
        lines.truncate(MOST_PACKS - 1);
        let text = format!("{} more; the report has all of them", counted(more, "pack"));
        lines.push(("assize: not all packs are shown here".to_owned(), text));
    }
    lines
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Informational => "notice",
    }
}

fn sentence(report: &Report, finding: &Evaluation) -> String {
    let key = &finding.resource;
    let mut text = format!("{} {}", key.resource_type, key.resource_id);
    let name = finding.resource_name.as_deref().filter(|name| !name.is_empty() && **name != *key.resource_id);
    if let Some(name) = name {
        text = format!("{text} ({name})");
    }
    if *key.region != *GLOBAL {
        text = format!("{text} in {}", key.region);
    }
    if report.snapshot.accounts.len() > 1 {
        text = format!("{text} of {}", key.account_id);
    }
    format!("{text}: {} [{}]", finding.annotation, finding.rule)
}

fn command(out: &mut dyn Write, name: &str, members: &[(&str, String)], text: &str) -> io::Result<()> {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("{name}={}", member(value))).collect();
    writeln!(out, "::{name} {}::{}", members.join(","), data(text))
}

/// The text of a command.
fn data(text: &str) -> String {
    harmless(text).replace('%', "%25")
}

/// The value of a command's member.
fn member(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
