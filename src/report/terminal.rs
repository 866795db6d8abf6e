//! The report for people: findings by rule, what could not be judged, and the sums.
//!
//! The worst comes first and the sums last, where a terminal leaves them in sight. Styles are written only if the
//! layout asks for colour; the words say everything without it. Every text that is not assize's own goes through
//! [`harmless`]. Long words (ids, ARNs) are never broken, so that they can be copied and searched.

mod advice;
mod drift;
mod exemptions;
mod gaps;
mod summary;
mod words;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

pub use self::words::{counted, wrap};
pub(in crate::report) use self::words::{cut, moment};
pub use super::style::severity_style;
use super::style::{BOLD, DIM, LINK, Styled, styled};
use super::{Report, harmless};
use crate::evaluation::{Evaluation, Evidence, Severity};
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
    let by_rule = by_rule(report);
    page.findings(&by_rule, report)?;
    page.fixed(report)?;
    page.exempted(report)?;
    page.gaps(report)?;
    page.rule_errors(&report.rule_errors)?;
    page.exemption_remarks(&report.exemptions)?;
    super::packs::write(&report.packs, page.color, page.out)?;
    page.summary(&by_rule, report)
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
    fn findings(&mut self, by_rule: &[OfRule<'_>], report: &Report) -> io::Result<()> {
        for (worst, id, findings) in by_rule {
            let worst = *worst;
            let rule = report.rule(id);
            let label = format!("{}[{}]", worst.as_str(), harmless(id));
            self.heading(severity_style(worst), &label, rule.map_or("", |rule| &rule.title))?;
            let shown = findings.get(..self.limit.min(findings.len())).unwrap_or_default();
            for resource in by_resource(shown) {
                self.resource(&resource, worst, report)?;
            }
            self.left_out(findings.len(), "more findings")?;
            if let Some(rule) = rule {
                self.advice(rule, findings, report)?;
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
}

/// The open findings of a rule, behind the severity of the worst and the rule's id.
type OfRule<'r> = (Severity, &'r str, Vec<&'r Evaluation>);

/// The open findings by rule: the rule with the worst first, then the one with the most.
fn by_rule(report: &Report) -> Vec<OfRule<'_>> {
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
    groups
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

struct Place<'a> {
    resource_type: &'a str,
    resource_id: Option<&'a str>,
    resource_name: Option<&'a str>,
    region: &'a str,
    account_id: Option<&'a str>,
}
