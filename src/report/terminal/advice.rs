//! What the report for people says of a rule under its findings: how to mend them, and where to read on.

use std::io;

use super::Page;
use crate::evaluation::Evaluation;
use crate::report::finding::fingerprint;
use crate::report::style::LINK;
use crate::report::{Report, RuleSummary, fix, harmless};
use crate::rule::fix::Language;

/// So many lines of commands are shown; a command is shown whole or not at all, and the first one always.
const SHOWN_LINES: usize = 6;

/// So many digits of a fingerprint name a finding.
const NAMING_DIGITS: usize = 12;

impl Page<'_> {
    pub(super) fn advice(&mut self, rule: &RuleSummary, findings: &[&Evaluation], report: &Report) -> io::Result<()> {
        if let Some(default) = rule.default_severity {
            let text = format!("{} in this run; the rule says {}", rule.severity.as_str(), default.as_str());
            self.note("severity", &text)?;
        }
        let (paragraph, announced) = first_step(&rule.remediation);
        if !paragraph.is_empty() {
            self.note("help", &paragraph)?;
        }
        if rule.fix.cli.is_some() {
            self.commands(rule, findings, report)?;
        } else {
            announced.into_iter().try_for_each(|line| self.code(line))?;
        }
        if let Some(page) = rule.references.first() {
            self.note("see", page)?;
        }
        Ok(())
    }

    /// The first of the rule's commands. With one finding they have the names of its resource; with several, words in their
    /// places, since no line is right for all.
    fn commands(&mut self, rule: &RuleSummary, findings: &[&Evaluation], report: &Report) -> io::Result<()> {
        let Some(snippet) = &rule.fix.cli else { return Ok(()) };
        let only = if let [one] = findings { Some(*one) } else { None };
        let filled = only.and_then(|finding| {
            fix::filled(&rule.fix, finding).into_iter().find(|one| one.language == Language::Shell)
        });
        let text = filled.map_or_else(|| snippet.generic(), |filled| filled.text);
        let lines: Vec<&str> = text.lines().collect();
        let shown = whole_commands(&lines);
        lines.iter().take(shown).try_for_each(|line| self.code(line))?;
        if shown == lines.len() {
            return Ok(());
        }
        // Without a store there may be nothing that `explain` could look the finding up in.
        let rest = match only.filter(|_| report.drift.is_some()) {
            Some(finding) => format!("explain {}", fingerprint(finding).get(..NAMING_DIGITS).unwrap_or_default()),
            None => format!("rules show {}", rule.id),
        };
        let more = super::counted(lines.len() - shown, "more line");
        let dots = self.styled(LINK, "...");
        writeln!(self.out, "            {dots} and {more}; assize {} shows them", harmless(&rest))
    }

    fn code(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "            {}", harmless(line))
    }
}

/// How many of the lines to show: commands with the comments in front of them, as long as there is room.
fn whole_commands(lines: &[&str]) -> usize {
    let goes_on = |line: &str| line.starts_with('#') || line.ends_with('\\');
    let ends = (1..=lines.len()).filter(|&end| {
        let (before, after) = lines.split_at(end);
        !before.last().is_some_and(|line| goes_on(line)) && !after.first().is_some_and(|line| line.starts_with(' '))
    });
    let mut shown = None;
    for end in ends {
        if shown.is_some() && end > SHOWN_LINES {
            break;
        }
        shown = Some(end);
    }
    shown.unwrap_or(lines.len())
}

/// The first paragraph of a Markdown text, on one line; and, if it ends in a colon, the lines of the code block that it
/// announces.
fn first_step(text: &str) -> (String, Vec<&str>) {
    let mut lines = text.trim().lines();
    let paragraph: Vec<&str> = lines.by_ref().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    if !paragraph.ends_with(':') {
        return (paragraph, Vec::new());
    }
    let mut block = lines.skip_while(|line| line.trim().is_empty()).peekable();
    let is_fence = |line: &&str| line.starts_with("```");
    let code = if block.next_if(is_fence).is_some() {
        block.take_while(|line| !is_fence(line)).collect()
    } else {
        block.map_while(|line| line.strip_prefix("    ")).collect()
    };
    (paragraph, code)
}
