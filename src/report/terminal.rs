//! The report for people: findings by rule, what could not be judged, and the sums.
//!
//! The worst comes first and the sums last, where a terminal leaves them in sight. Styles are written only if the
//! layout asks for colour; the words say everything without it. Every text that is not assize's own goes through
//! [`harmless`]. Long words (ids, ARNs) are never broken, so that they can be copied and searched.

mod drift;
mod exemptions;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

pub use super::style::severity_style;
use super::style::{BOLD, BROKEN, DIM, GAP, GOOD, LINK, Styled, styled};
use super::{Report, RuleSummary, SnapshotSummary, harmless, is_denied};
use crate::evaluation::{Evaluation, Evidence, RuleError, Severity};
use crate::gap::Gap;
use crate::item::GLOBAL;
use crate::location::Location;

/// How the text is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The columns to fill.
    pub width: usize,
    /// Whether to write styles, as ANSI escapes.
    pub color: bool,
    /// The most findings, and places of a gap, that are shown of one kind; the others are counted. `None` shows all.
    pub limit: Option<usize>,
}

impl Default for Layout {
    fn default() -> Self {
        Self { width: 100, color: false, limit: None }
    }
}

/// The columns that text is wrapped at, however wide or narrow the terminal is: longer lines are hard to read.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=120;

/// How many of the facts that a rule read are shown: the last ones, since a rule answers as soon as it knows.
const SHOWN_EVIDENCE: usize = 3;

/// Writes the report.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, layout: &Layout, out: &mut dyn Write) -> io::Result<()> {
    let width = layout.width.clamp(*WIDTHS.start(), *WIDTHS.end());
    let mut page = Page { out, width, color: layout.color, limit: layout.limit.unwrap_or(usize::MAX) };
    page.findings(report)?;
    page.fixed(report)?;
    page.exempted(report)?;
    page.gaps(report)?;
    page.rule_errors(&report.rule_errors)?;
    page.exemption_remarks(&report.exemptions)?;
    super::packs::write(&report.packs, page.color, page.out)?;
    page.summary(report)
}

struct Page<'a> {
    out: &'a mut dyn Write,
    width: usize,
    color: bool,
    limit: usize,
}

impl Page<'_> {
    fn styled<T>(&self, style: Style, text: T) -> Styled<T> {
        styled(self.color, style, text)
    }

    /// Findings by rule: the rule with the worst finding first, then the one with the most.
    fn findings(&mut self, report: &Report) -> io::Result<()> {
        let mut by_rule = BTreeMap::<&str, Vec<&Evaluation>>::new();
        for finding in report.findings() {
            by_rule.entry(&finding.rule).or_default().push(finding);
        }
        let mut groups: Vec<_> = by_rule
            .into_iter()
            .map(|(rule, mut findings)| {
                // Stable: findings of one severity stay in the report's order.
                findings.sort_by_key(|finding| Reverse(finding.severity));
                (findings.first().map_or(Severity::Informational, |worst| worst.severity), rule, findings)
            })
            .collect();
        groups.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| b.2.len().cmp(&a.2.len())).then_with(|| a.1.cmp(b.1)));
        for (worst, id, findings) in groups {
            let rule = report.rule(id);
            let label = format!("{}[{}]", worst.as_str(), harmless(id));
            self.heading(severity_style(worst), &label, rule.map_or("", |rule| &rule.title))?;
            let shown = findings.get(..self.limit.min(findings.len())).unwrap_or_default();
            for resource in by_resource(shown) {
                self.resource(&resource, worst, report)?;
            }
            self.left_out(findings.len(), "more findings")?;
            if let Some(rule) = rule {
                self.advice(rule)?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn heading(&mut self, style: Style, label: &str, title: &str) -> io::Result<()> {
        if title.is_empty() {
            return writeln!(self.out, "{}", self.styled(style, label));
        }
        let mut lines = wrap(title, self.width, label.width() + 2, 2).into_iter();
        let first = lines.next().unwrap_or_default();
        writeln!(self.out, "{}{} {}", self.styled(style, label), self.styled(BOLD, ":"), self.styled(BOLD, first))?;
        for line in lines {
            writeln!(self.out, "  {}", self.styled(BOLD, line))?;
        }
        Ok(())
    }

    /// The findings of one rule on one resource. What was read is shown once if it was the same for all.
    fn resource(&mut self, findings: &[&Evaluation], worst: Severity, report: &Report) -> io::Result<()> {
        let Some(first) = findings.first() else { return Ok(()) };
        let several_accounts = report.snapshot.accounts.len() > 1;
        let key = &first.resource;
        let place = Place {
            resource_type: &key.resource_type,
            resource_id: Some(&key.resource_id),
            resource_name: first.resource_name.as_deref(),
            region: &key.region,
            account_id: several_accounts.then_some(&key.account_id),
        };
        self.place(&place, "")?;
        let mut findings = findings.iter().peekable();
        while let Some(finding) = findings.next() {
            // A finding that is less bad than its group says so.
            if finding.severity == worst {
                self.paragraph(&finding.annotation, 6)?;
            } else {
                self.paragraph(&format!("{}: {}", finding.severity.as_str(), finding.annotation), 6)?;
            }
            if let Some(mark) = &finding.exemption {
                self.not_exempted(mark)?;
            }
            // In the first run of a store all is new.
            let drift = report.drift.as_ref().filter(|drift| drift.previous.is_some());
            if let Some(standing) = drift.and_then(|drift| drift.standing(finding)) {
                self.standing(standing, &report.snapshot.captured_at)?;
            }
            if let Some(place) = report.places.of(finding) {
                let Location { file, line, .. } = &place.location;
                let how = format!("{}, by {}: {}", place.address, place.mapping.as_str(), place.certainty.as_str());
                self.paragraph(&format!("at {file}:{line} ({how})"), 6)?;
            }
            if findings.peek().is_some_and(|next| next.evidence == finding.evidence) {
                continue;
            }
            let valued: Vec<&Evidence> = finding.evidence.iter().filter(|evidence| evidence.value.is_some()).collect();
            for evidence in valued.iter().skip(valued.len().saturating_sub(SHOWN_EVIDENCE)) {
                self.evidence(evidence)?;
            }
        }
        Ok(())
    }

    fn place(&mut self, place: &Place<'_>, suffix: &str) -> io::Result<()> {
        write!(self.out, "  {} ", self.styled(LINK, "-->"))?;
        if place.resource_id.is_none_or(str::is_empty) {
            write!(self.out, "the list of {}", harmless(place.resource_type))?;
        } else {
            let id = harmless(place.resource_id.unwrap_or_default());
            write!(self.out, "{} {}", harmless(place.resource_type), self.styled(BOLD, id))?;
        }
        if let Some(name) = place.resource_name.filter(|name| Some(*name) != place.resource_id && !name.is_empty()) {
            write!(self.out, " ({})", harmless(name))?;
        }
        if place.region != GLOBAL {
            write!(self.out, " in {}", harmless(place.region))?;
        }
        if let Some(account_id) = place.account_id {
            write!(self.out, " of {}", harmless(account_id))?;
        }
        writeln!(self.out, "{}", harmless(suffix))
    }

    fn evidence(&mut self, evidence: &Evidence) -> io::Result<()> {
        let mut line = String::new();
        if let Some(resource) = &evidence.resource {
            line.push_str(&harmless(resource));
            line.push(' ');
        }
        line.push_str(&harmless(&evidence.path));
        line.push_str(" = ");
        let value = harmless(evidence.value.as_deref().unwrap_or_default());
        // The path is never cut, the value is, at the end of the line.
        let room = self.width.saturating_sub(8 + line.width()).max(16);
        line.push_str(&cut(&value, room));
        writeln!(self.out, "      {} {}", self.styled(DIM, "|"), self.styled(DIM, line))
    }

    fn left_out(&mut self, found: usize, what: &str) -> io::Result<()> {
        if found > self.limit {
            let more = found - self.limit;
            writeln!(self.out, "  {} and {more} {what}; --limit shows them", self.styled(LINK, "..."))?;
        }
        Ok(())
    }

    fn advice(&mut self, rule: &RuleSummary) -> io::Result<()> {
        if let Some(default) = rule.default_severity {
            let text = format!("{} in this run; the rule says {}", rule.severity.as_str(), default.as_str());
            self.note("severity", &text)?;
        }
        let (paragraph, code) = first_step(&rule.remediation);
        if !paragraph.is_empty() {
            self.note("help", &paragraph)?;
            for line in code {
                writeln!(self.out, "            {}", harmless(line))?;
            }
        }
        if let Some(page) = rule.references.first() {
            self.note("see", page)?;
        }
        Ok(())
    }

    /// `  = help: …`, with the lines after the first one under the text.
    fn note(&mut self, label: &str, text: &str) -> io::Result<()> {
        let indent = 4 + label.len() + 2;
        let mut lines = wrap(text, self.width, indent, indent).into_iter();
        let first = lines.next().unwrap_or_default();
        writeln!(self.out, "  {} {}: {first}", self.styled(LINK, "="), self.styled(BOLD, label))?;
        for line in lines {
            writeln!(self.out, "{:indent$}{line}", "")?;
        }
        Ok(())
    }

    fn paragraph(&mut self, text: &str, indent: usize) -> io::Result<()> {
        for line in wrap(text, self.width, indent, indent) {
            writeln!(self.out, "{:indent$}{line}", "")?;
        }
        Ok(())
    }

    /// Gaps that have one cause are shown together: the same call with the same answer.
    fn gaps(&mut self, report: &Report) -> io::Result<()> {
        let several_accounts = report.snapshot.accounts.len() > 1;
        let mut causes = BTreeMap::<Cause<'_>, Effects<'_>>::new();
        for (gap, rules) in report.gaps_and_rules() {
            let effects = causes.entry(Cause::of(gap)).or_default();
            effects.message.get_or_insert(&gap.reason.message);
            effects.gaps.insert(gap);
            for (rule, count) in rules {
                *effects.rules.entry(rule).or_default() += count;
            }
        }
        for (cause, effects) in causes {
            let label = format!("gap[{}]", harmless(cause.code));
            let message = effects.message.unwrap_or_default();
            self.heading(GAP, &label, if cause.operation.is_empty() { message } else { cause.operation })?;
            for gap in effects.gaps.iter().take(self.limit) {
                let place = Place {
                    resource_type: &gap.resource_type,
                    resource_id: gap.resource_id.as_deref(),
                    resource_name: None,
                    region: &gap.aws_region,
                    account_id: several_accounts.then_some(&gap.account_id),
                };
                let path = gap.path.as_deref().map(|path| format!(": {path}")).unwrap_or_default();
                self.place(&place, &path)?;
            }
            self.left_out(effects.gaps.len(), "more places")?;
            if !cause.operation.is_empty() {
                self.note("answer", message)?;
            }
            if !effects.rules.is_empty() {
                let rules: Vec<String> =
                    effects.rules.iter().map(|(rule, count)| format!("{rule} ({count})")).collect();
                self.note("not judged", &rules.join(", "))?;
            }
            if let Some(action) = cause.action.filter(|_| is_denied(cause.code)) {
                self.note("help", &format!("allow {action} to the identity that scans"))?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn rule_errors(&mut self, errors: &[RuleError]) -> io::Result<()> {
        let mut by_message = BTreeMap::<(&str, &str), Vec<&str>>::new();
        for error in errors {
            let resources = by_message.entry((&error.rule, &error.message)).or_default();
            resources.extend(error.resource.as_deref());
        }
        for ((rule, message), resources) in by_message {
            let label = format!("rule error[{}]", harmless(rule));
            let mut lines = message.lines();
            self.heading(BROKEN, &label, lines.next().unwrap_or_default())?;
            // What a parser shows of the file keeps its columns.
            for line in lines {
                writeln!(self.out, "  {}", harmless(line))?;
            }
            for resource in resources.iter().take(self.limit) {
                writeln!(self.out, "  {} {}", self.styled(LINK, "-->"), harmless(resource))?;
            }
            self.left_out(resources.len(), "more resources")?;
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn summary(&mut self, report: &Report) -> io::Result<()> {
        self.snapshot(&report.snapshot)?;
        let counts = report.counts();
        let judged = [
            (counts.compliant, "compliant"),
            (counts.non_compliant, "non-compliant"),
            (counts.not_applicable, "not applicable"),
            (counts.insufficient_data, "not judged"),
        ];
        let total: usize = judged.iter().map(|(count, _)| count).sum();
        let parts: Vec<String> =
            judged.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        let mut line = counted(report.rules.len(), "rule");
        if total > 0 {
            line = format!("{line} made {}: {}", counted(total, "evaluation"), parts.join(", "));
        }
        let idle = report.idle_rules();
        if idle > 0 {
            line = format!("{line}; {} found nothing to judge", counted(idle, "rule"));
        }
        if let Some(reused) = report.reused {
            line = format!("{line}; {reused} of the evaluations are of before, as nothing changed for them");
        }
        self.line("Rules", BOLD, &line)?;
        self.counted_findings(report)?;
        self.counted_drift(report)?;
        self.counted_exempted(report)?;
        let broken = report.rule_errors.len();
        let gaps = report.gaps_and_rules().len();
        if gaps > 0 {
            let text = format!(
                "{}: {} could not be judged",
                counted(gaps, "gap"),
                counted(counts.insufficient_data, "evaluation")
            );
            self.line("Gaps", GAP, &text)?;
        }
        if broken > 0 {
            self.line("Errors", BROKEN, &counted(broken, "rule error"))?;
        }
        Ok(())
    }

    fn snapshot(&mut self, snapshot: &SnapshotSummary) -> io::Result<()> {
        let accounts = match snapshot.accounts.as_slice() {
            [] => "no account".to_owned(),
            [one] => format!("account {one}"),
            many => format!("{} accounts", many.len()),
        };
        let regions = match snapshot.regions.as_slice() {
            [] => String::new(),
            few if few.len() <= 4 => format!(" in {}", few.join(", ")),
            many => format!(" in {} regions", many.len()),
        };
        self.line("Snapshot", BOLD, &format!("{accounts}{regions}, as of {}", moment(&snapshot.captured_at)))?;
        let items = snapshot.items.values().sum::<usize>();
        let mut line = format!(
            "{} of {}, {} between them",
            counted(items, "item"),
            counted(snapshot.items.len(), "type"),
            counted(snapshot.relationships, "relationship")
        );
        let requests: u64 = snapshot.requests.values().sum();
        if requests > 0 {
            let requests = counted(usize::try_from(requests).unwrap_or(usize::MAX), "request");
            line = format!("{line}, from {requests}");
        }
        if snapshot.duration_ms > 0 {
            #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
            let seconds = snapshot.duration_ms as f64 / 1_000.0;
            line = format!("{line} in {seconds:.1} s");
        }
        self.line("Items", BOLD, &line)?;
        for (region, reason) in &snapshot.skipped_regions {
            self.line("Skipped", GAP, &format!("{region}: {reason}"))?;
        }
        Ok(())
    }

    fn counted_findings(&mut self, report: &Report) -> io::Result<()> {
        let counts = report.counts();
        if counts.findings.is_empty() {
            return self.line("Findings", GOOD, "none");
        }
        write!(self.out, "{} ", self.styled(BOLD, format_args!("{:>LABEL$}", "Findings")))?;
        let mut first = true;
        for severity in Severity::ALL {
            let count = counts.of(severity);
            if count == 0 {
                continue;
            }
            let comma = if first { "" } else { ", " };
            first = false;
            let text = format!("{count} {}", severity.as_str());
            write!(self.out, "{comma}{}", self.styled(severity_style(severity), text))?;
        }
        writeln!(self.out)
    }

    /// A line of the summary, its label aligned to the right.
    fn line(&mut self, label: &str, style: Style, text: &str) -> io::Result<()> {
        let mut lines = wrap(text, self.width, LABEL + 1, LABEL + 1).into_iter();
        let first = lines.next().unwrap_or_default();
        writeln!(self.out, "{} {first}", self.styled(style, format_args!("{label:>LABEL$}")))?;
        for line in lines {
            writeln!(self.out, "{:LABEL$} {line}", "")?;
        }
        Ok(())
    }
}

/// Findings of one resource together, resources in the order of their first.
fn by_resource<'a>(findings: &[&'a Evaluation]) -> Vec<Vec<&'a Evaluation>> {
    let mut places = BTreeMap::new();
    let mut resources: Vec<Vec<&Evaluation>> = Vec::new();
    for finding in findings {
        let at = *places.entry(&finding.resource).or_insert(resources.len());
        match resources.get_mut(at) {
            Some(resource) => resource.push(finding),
            None => resources.push(vec![finding]),
        }
    }
    resources
}

/// The columns of the summary's labels.
const LABEL: usize = 10;

struct Place<'a> {
    resource_type: &'a str,
    resource_id: Option<&'a str>,
    resource_name: Option<&'a str>,
    region: &'a str,
    account_id: Option<&'a str>,
}

/// What gaps have in common. Where no call is involved the message is the cause.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Cause<'a> {
    code: &'a str,
    operation: &'a str,
    action: Option<&'a str>,
    message: &'a str,
}

impl<'a> Cause<'a> {
    fn of(gap: &'a Gap) -> Self {
        let reason = &gap.reason;
        Self {
            code: &reason.code,
            operation: &reason.operation,
            action: reason.action.as_deref(),
            message: if reason.operation.is_empty() { &reason.message } else { "" },
        }
    }
}

#[derive(Default)]
struct Effects<'a> {
    message: Option<&'a str>,
    gaps: BTreeSet<&'a Gap>,
    rules: BTreeMap<&'a str, usize>,
}

/// `1 rule`, `2 rules`.
pub fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// `2026-01-02 03:04:05 UTC`; a text that is no such time as it is.
pub(super) fn moment(time: &str) -> String {
    match (time.get(..10), time.get(10..11), time.get(11..19)) {
        (Some(date), Some("T"), Some(clock)) if time.ends_with('Z') => format!("{date} {clock} UTC"),
        _ => time.to_owned(),
    }
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

/// Text made harmless, and broken between words into lines of at most `width` columns, the first of which begins at column
/// `first` and the others at column `rest`. A longer word has a line of its own.
pub fn wrap(text: &str, width: usize, first: usize, rest: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut column = first;
    for word in text.split_whitespace() {
        let word = harmless(word);
        let columns = word.width();
        if line.is_empty() {
            column += columns;
        } else if column + 1 + columns <= width {
            line.push(' ');
            column += 1 + columns;
        } else {
            lines.push(std::mem::take(&mut line));
            column = rest + columns;
        }
        line.push_str(&word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// At most so many columns, with an ellipsis where something was left out.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used > columns {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}
