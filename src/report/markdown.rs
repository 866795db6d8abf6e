//! The report for a job's summary, a ticket or a pull request: Markdown of GitHub's flavour.
//!
//! Every text that is not assize's own stands in a code span. There nothing is markup: no HTML, no link, no image, no
//! mention of anybody; a backslash would not do, as mentions and addresses are looked for after it is gone. Ends of lines
//! are written as `\n`, so no text leaves its span, and a span is fenced by more backticks than it holds. No text of others
//! stands in a table, whose cells end at a bar even inside a span.
//!
//! A summary of GitHub takes a mebibyte and refuses what is longer, whole. So what does not fit is counted.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use super::controls::{Control, Controls};
use super::finding::fingerprint;
use super::packs::{compliance, score, sums};
use super::terminal::{counted, cut, moment};
use super::{Report, RuleSummary, harmless};
use crate::evaluation::{Evaluation, Severity};
use crate::item::GLOBAL;
use crate::pack::standing::Standing;
use crate::rule::fix::Language;

/// The bytes that a step's summary takes
/// (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>), less what other lines of
/// the step may need.
pub const MOST_BYTES: usize = 1_000_000;

/// What is kept of it for the sums at the end.
const TAIL: usize = 20_000;

/// The most columns of one text: a policy may have thousands.
const LONGEST: usize = 160;

/// So many facts of a finding are shown: the last ones, since a rule answers as soon as it knows.
const SHOWN_EVIDENCE: usize = 3;

/// So many controls are named with a rule.
const SHOWN_CONTROLS: usize = 12;

/// So many causes of gaps, and rules that broke, are listed.
const SHOWN_CAUSES: usize = 50;

/// Writes the report, in at most [`MOST_BYTES`].
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page { text: String::new(), left_out: BTreeMap::new() };
    page.head(report);
    page.findings(report);
    page.tail(report);
    out.write_all(page.text.as_bytes())
}

struct Page {
    text: String,
    /// Findings that did not fit, by severity.
    left_out: BTreeMap<Severity, usize>,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn head(&mut self, report: &Report) {
        let counts = report.counts();
        let found: usize = counts.findings.values().sum();
        let title = if found == 0 { "no findings".to_owned() } else { counted(found, "finding") };
        self.line(&format!("# assize: {title}\n"));
        let accounts: Vec<String> = report.snapshot.accounts.iter().take(20).map(|account| code(account)).collect();
        let of = match report.snapshot.accounts.len() {
            0 => "no account".to_owned(),
            1..=20 => format!("account {}", accounts.join(", ")),
            many => format!("{many} accounts"),
        };
        let items: usize = report.snapshot.items.values().sum();
        let time = code(&moment(&report.snapshot.captured_at));
        self.line(&format!("{} of {of}, as of {time}.\n", counted(items, "resource")));
        self.line("| severity | findings |\n|---|---:|");
        for severity in Severity::ALL {
            self.line(&format!("| {} | {} |", severity.as_str(), counts.of(severity)));
        }
        self.line("");
        let sums = [
            (counts.compliant, "compliant"),
            (counts.not_applicable, "not applicable"),
            (counts.exempted, "exempted"),
            (counts.insufficient_data, "not judged"),
        ];
        let sums: Vec<String> = sums.iter().map(|(count, word)| format!("{count} {word}")).collect();
        self.line(&format!("Beside these: {}.", sums.join(", ")));
        if let Some(drift) = report.drift.as_ref().filter(|drift| drift.previous.is_some()) {
            let (new, open) = report.new_and_open(drift);
            let since = code(&moment(drift.previous.as_deref().unwrap_or_default()));
            self.line(&format!("\nSince {since}: {new} new, {} fixed, {open} still open.", drift.fixed.len()));
        }
        let packs: Vec<String> = report.packs.iter().map(pack).collect();
        self.list("Packs", &packs);
    }

    /// Findings by rule, the worst first; each of which is there whole or counted as left out.
    fn findings(&mut self, report: &Report) {
        let controls = Controls::of(report);
        let mut by_rule = BTreeMap::<&str, Vec<&Evaluation>>::new();
        for finding in report.findings() {
            by_rule.entry(&finding.rule).or_default().push(finding);
        }
        let mut groups: Vec<(&str, Vec<&Evaluation>)> = by_rule.into_iter().collect();
        for (_, findings) in &mut groups {
            findings.sort_by_key(|finding| Reverse(finding.severity));
        }
        groups.sort_by_key(|(_, findings)| Reverse(findings.first().map(|worst| worst.severity)));
        for (id, findings) in groups {
            let mut section = heading(report.rule(id), controls.of_rule(id), id, &findings);
            let mut has_room = true;
            for finding in findings {
                let entry = entry(report, finding);
                has_room = has_room && self.text.len() + section.len() + entry.len() <= MOST_BYTES - TAIL;
                if has_room {
                    section.push_str(&entry);
                } else {
                    *self.left_out.entry(finding.severity).or_default() += 1;
                }
            }
            // A rule none of whose findings fit may still have room for its heading.
            if self.text.len() + section.len() <= MOST_BYTES - TAIL {
                self.text.push_str(&section);
            }
        }
    }

    fn tail(&mut self, report: &Report) {
        if !self.left_out.is_empty() {
            let sums: Vec<String> = Severity::ALL
                .into_iter()
                .filter_map(|severity| Some(format!("{} {}", self.left_out.get(&severity)?, severity.as_str())))
                .collect();
            self.line(&format!("\n> **Not all findings are here**: {} more, as a summary", sums.join(", ")));
            self.line("> of GitHub takes 1 MiB. Every other format of the report has all of them.");
        }
        let mut lines = Vec::new();
        for (gap, rules) in report.gaps_and_rules() {
            let place = match &gap.resource_id {
                Some(id) => format!("{} {}", code(&gap.resource_type), code(id)),
                None => format!("the list of {}", code(&gap.resource_type)),
            };
            let mut text = format!(
                "- {place} in {} of {}: {}",
                code(&gap.aws_region),
                code(&gap.account_id),
                code(&gap.reason.to_string())
            );
            let rules: usize = rules.values().sum();
            if rules > 0 {
                _ = write!(text, " ({} not judged)", counted(rules, "evaluation"));
            }
            lines.push(text);
        }
        self.list("Not judged", &lines);
        let broken: Vec<String> = report
            .rule_errors
            .iter()
            .map(|error| format!("- {}: {}", code(&error.rule), code(&error.message)))
            .collect();
        self.list("Rules that failed", &broken);
    }

    fn list(&mut self, title: &str, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.line(&format!("\n## {title} ({})\n", lines.len()));
        let mut shown = 0;
        for line in lines.iter().take(SHOWN_CAUSES) {
            if self.text.len() + line.len() > MOST_BYTES - 200 {
                break;
            }
            self.line(line);
            shown += 1;
        }
        if lines.len() > shown {
            self.line(&format!("- and {} more", lines.len() - shown));
        }
    }
}

fn pack(pack: &Standing) -> String {
    let score = score(pack).map_or_else(String::new, |score| format!(", {score}"));
    format!("- {}: **{}**{score}; {}", code(&pack.pack), compliance(pack), sums(pack))
}

// Writing to a string cannot fail.
fn heading(rule: Option<&RuleSummary>, controls: &[Control<'_>], id: &str, findings: &[&Evaluation]) -> String {
    let worst = findings.first().map_or("", |worst| worst.severity.as_str());
    let mut text = format!("\n## {worst}: {} ({})\n\n", code(id), findings.len());
    if let Some(rule) = rule {
        _ = write!(text, "{}\n\n", code(&rule.title));
        // The page is AWS's own, and a link only if it can be nothing else.
        if let Some(page) = rule.references.iter().find(|page| is_plain_address(page)) {
            _ = write!(text, "How to mend it: <{page}>\n\n");
        }
        let controls: Vec<String> = controls.iter().flat_map(Control::names).map(|name| code(&name)).collect();
        if !controls.is_empty() {
            let more = controls.len().saturating_sub(SHOWN_CONTROLS);
            let shown: Vec<String> = controls.into_iter().take(SHOWN_CONTROLS).collect();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            _ = write!(text, "Controls: {}{more}\n\n", shown.join(", "));
        }
        // For all its findings at once: names would take a block for each.
        for snippet in rule.fix.snippets() {
            let language = snippet.language();
            _ = write!(text, "{}:\n\n{}\n\n", language.heading(), fenced(language, &snippet.generic()));
        }
    }
    text
}

/// An address of `https` with nothing in it that could end a link.
fn is_plain_address(page: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/?#=&%:+".contains(&byte);
    page.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_plain))
}

fn entry(report: &Report, finding: &Evaluation) -> String {
    let key = &finding.resource;
    let mut text = format!("- {} {}", code(&key.resource_type), code(&key.resource_id));
    let name = finding.resource_name.as_deref().filter(|name| !name.is_empty() && **name != *key.resource_id);
    if let Some(name) = name {
        _ = write!(text, " ({})", code(name));
    }
    if *key.region != *GLOBAL {
        _ = write!(text, " in {}", code(&key.region));
    }
    if report.snapshot.accounts.len() > 1 {
        _ = write!(text, " of {}", code(&key.account_id));
    }
    _ = write!(text, ": **{}**, {}", finding.severity.as_str(), code(&finding.annotation));
    let drift = report.drift.as_ref().filter(|drift| drift.previous.is_some());
    if let Some(standing) = drift.and_then(|drift| drift.standing(finding)) {
        match &standing.open_since {
            Some(since) => _ = write!(text, ", open since {}", code(&moment(since))),
            None => text.push_str(", new"),
        }
    }
    _ = writeln!(text, " (finding {})", code(&fingerprint(finding)));
    let valued: Vec<_> = finding.evidence.iter().filter(|fact| fact.value.is_some()).collect();
    for fact in valued.iter().skip(valued.len().saturating_sub(SHOWN_EVIDENCE)) {
        let of = fact.resource.as_deref().map(|resource| format!("{resource} ")).unwrap_or_default();
        let value = fact.value.as_deref().unwrap_or_default();
        _ = writeln!(text, "  - {}", code(&format!("{of}{} = {value}", fact.path)));
    }
    text
}

/// Lines of code as a block that none of them ends, each line harmless. There is no end of a line behind it.
pub fn fenced(language: Language, code: &str) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let lines: Vec<_> = code.trim_end().lines().map(harmless).collect();
    format!("{fence}{}\n{}\n{fence}", language.fence(), lines.join("\n"))
}

/// Text of others as a code span, cut where it is long.
pub(super) fn code(text: &str) -> String {
    span(&cut(&harmless(text), LONGEST))
}

/// Text as a code span, whatever is in it.
pub fn span(text: &str) -> String {
    let text = harmless(text);
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // One space at each end is taken off again, where both are there.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_of_code_ends_where_it_should() {
        assert_eq!(fenced(Language::Shell, "one\n  two\n"), "```sh\none\n  two\n```");
        assert_eq!(fenced(Language::Hcl, "```\nrm\n"), "````hcl\n```\nrm\n````");
        assert_eq!(fenced(Language::Shell, "a \u{1b}[2J b"), "```sh\na \\u{1b}[2J b\n```");
    }
}
