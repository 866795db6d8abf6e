//! Differences for people at a terminal: by cause, then by type; the sums last, where a terminal leaves them in sight.
//!
//! A line for each fact that changed, cut at the end of the line, and at most so many of a kind: what a diff is read for
//! is at a glance, and all of it is in the JSON.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::{Compared, shown, why};
use crate::diff::{ChangeType, Diff, Drift, EvaluationChange, PropertyChange, ReadabilityChange, ResourceChange};
use crate::evaluation::Evaluation;
use crate::item::GLOBAL;
use crate::report::harmless;
use crate::report::style::{BOLD, DIM, GAP, GOOD, Styled, severity_style, styled};
use crate::report::terminal::{Layout, counted, cut, moment, wrap};

const CREATED: Style = AnsiColor::Green.on_default();
const UPDATED: Style = AnsiColor::Yellow.on_default();
const DELETED: Style = AnsiColor::Red.on_default();

/// The columns of the labels of the sums.
const LABEL: usize = 10;

/// Writes the differences.
///
/// # Errors
/// What the writer says.
pub(super) fn write(compared: &Compared, layout: &Layout, out: &mut dyn Write) -> io::Result<()> {
    let width = layout.width.clamp(60, 160);
    let mut page = Page { out, width, color: layout.color, limit: layout.limit.unwrap_or(usize::MAX) };
    page.resources(compared.diff)?;
    page.readability(compared.diff)?;
    page.rules(compared.diff)?;
    page.findings(compared.diff)?;
    page.sums(compared)
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

    /// `+`, `~` or `-`.
    fn sign(&self, change: ChangeType) -> Styled<&'static str> {
        match change {
            ChangeType::Create => self.styled(CREATED, "+"),
            ChangeType::Update => self.styled(UPDATED, "~"),
            ChangeType::Delete => self.styled(DELETED, "-"),
        }
    }

    fn left_out(&mut self, indent: usize, found: usize, what: &str) -> io::Result<()> {
        if found > self.limit {
            let more = found - self.limit;
            writeln!(self.out, "{:indent$}... and {more} {what}; --limit shows them", "")?;
        }
        Ok(())
    }

    fn resources(&mut self, diff: &Diff) -> io::Result<()> {
        let mut by_type = BTreeMap::<&str, Vec<&ResourceChange>>::new();
        for resource in &diff.resources {
            if let Some(item) = resource.item() {
                by_type.entry(&item.key.resource_type).or_default().push(resource);
            }
        }
        for (resource_type, resources) in by_type {
            writeln!(self.out, "{}", self.styled(BOLD, harmless(resource_type)))?;
            for resource in resources.iter().take(self.limit) {
                self.resource(resource)?;
            }
            self.left_out(2, resources.len(), "more resources")?;
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn resource(&mut self, resource: &ResourceChange) -> io::Result<()> {
        let Some(item) = resource.item() else { return Ok(()) };
        let key = &item.key;
        write!(self.out, "  {} {}", self.sign(resource.change), self.styled(BOLD, harmless(&key.resource_id)))?;
        if let Some(name) = item.resource_name.as_deref().filter(|name| **name != *key.resource_id) {
            write!(self.out, " ({})", harmless(name))?;
        }
        if *key.region != *GLOBAL {
            write!(self.out, " in {}", harmless(&key.region))?;
        }
        writeln!(self.out, " of {}", harmless(&key.account_id))?;
        for property in resource.properties.iter().take(self.limit) {
            self.property(property)?;
        }
        self.left_out(6, resource.properties.len(), "more changes")
    }

    fn property(&mut self, property: &PropertyChange) -> io::Result<()> {
        let sign = self.sign(property.change);
        writeln!(self.out, "      {sign} {}", property_text(property, self.width.saturating_sub(8)))
    }

    /// What has one cause is told together: the same call with the same answer.
    fn readability(&mut self, diff: &Diff) -> io::Result<()> {
        let mut by_cause = BTreeMap::<(bool, &str, &str), Vec<&ReadabilityChange>>::new();
        for change in &diff.readability {
            let reason = &change.gap.reason;
            let call = if reason.operation.is_empty() { &reason.message } else { &reason.operation };
            by_cause.entry((change.is_readable, &reason.code, call)).or_default().push(change);
        }
        for ((is_readable, code, call), changes) in by_cause {
            let label = if is_readable { "readable again" } else { "unreadable" };
            let label = format!("{label}[{}]", harmless(code));
            let style = if is_readable { GOOD } else { GAP };
            writeln!(self.out, "{}: {}", self.styled(style, label), harmless(call))?;
            for change in changes.iter().take(self.limit) {
                let gap = &change.gap;
                let what = match (&gap.resource_id, &gap.path) {
                    (None, _) => format!("the list of {}", gap.resource_type),
                    (Some(id), None) => format!("{} {id}", gap.resource_type),
                    (Some(id), Some(path)) => format!("{} {id}: {path}", gap.resource_type),
                };
                let place = format!("{what} in {} of {}", gap.aws_region, gap.account_id);
                write!(self.out, "  --> {}", harmless(&place))?;
                match change.resources {
                    0 => writeln!(self.out)?,
                    many => writeln!(self.out, " ({})", counted(many, "resource"))?,
                }
            }
            self.left_out(2, changes.len(), "more places")?;
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn rules(&mut self, diff: &Diff) -> io::Result<()> {
        if diff.rules.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "{}", self.styled(BOLD, "Rules"))?;
        for change in diff.rules.iter().take(self.limit) {
            let word = match change.change {
                ChangeType::Create => " was not run before",
                ChangeType::Delete => " was not run again",
                ChangeType::Update if change.text => " changed",
                ChangeType::Update => "",
            };
            writeln!(self.out, "  {} {}{word}", self.sign(change.change), harmless(&change.rule))?;
            for (name, before, after) in &change.parameters {
                let (before, after) = (shown(before.as_ref()), shown(after.as_ref()));
                let line = format!("{name}: {before} → {after}");
                writeln!(self.out, "      {}", cut(&harmless(&line), self.width - 6))?;
            }
        }
        self.left_out(2, diff.rules.len(), "more rules")?;
        writeln!(self.out)
    }

    fn findings(&mut self, diff: &Diff) -> io::Result<()> {
        for drift in Drift::ALL {
            let (title, style) = match drift {
                Drift::New => ("New findings", DELETED),
                Drift::Updated => ("Findings that changed", UPDATED),
                Drift::NotJudged => ("Not judged any more", GAP),
                Drift::Fixed => ("Fixed", GOOD),
                Drift::Gone => ("Gone", GOOD),
                Drift::Exempted => ("Exempted", UPDATED),
                Drift::JudgedAgain => ("Judged again", GOOD),
                // Nothing to do for anybody: the sums count it.
                Drift::Other => continue,
            };
            let changes: Vec<_> = diff.evaluations.iter().filter(|change| change.drift == drift).collect();
            if changes.is_empty() {
                continue;
            }
            writeln!(self.out, "{}", self.styled(style.bold(), title))?;
            for change in changes.iter().take(self.limit) {
                self.finding(change)?;
            }
            self.left_out(2, changes.len(), "more")?;
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn finding(&mut self, change: &EvaluationChange) -> io::Result<()> {
        let Some(answer) = change.evaluation() else { return Ok(()) };
        // What a listing that failed says is told of the resource that it is missing for.
        let subject = change.before.filter(|_| answer.resource.resource_id.is_empty()).unwrap_or(answer);
        let label = format!("{}[{}]", answer.severity.as_str(), harmless(&answer.rule));
        let label = self.styled(severity_style(answer.severity), label);
        writeln!(self.out, "  {label}: {}", self.styled(BOLD, harmless(&place(subject))))?;
        for line in wrap(&answer.annotation, self.width, 6, 6) {
            writeln!(self.out, "      {line}")?;
        }
        for cause in &change.causes {
            let line = cut(&why(cause, |text| harmless(text).into_owned()), self.width.saturating_sub(8).max(60));
            writeln!(self.out, "      {}", self.styled(DIM, format_args!("= {line}")))?;
        }
        Ok(())
    }

    fn sums(&mut self, compared: &Compared) -> io::Result<()> {
        let diff = compared.diff;
        let state = |name: &str, time: &str| format!("{} ({})", name, moment(time));
        self.line("From", &state(compared.from, diff.from))?;
        self.line("To", &state(compared.to, diff.to))?;
        let resources = [
            (diff.count_resources(ChangeType::Create), "created"),
            (diff.count_resources(ChangeType::Update), "changed"),
            (diff.count_resources(ChangeType::Delete), "deleted"),
            (diff.unchanged_resources, "as before"),
            (diff.not_compared.iter().map(|one| one.resources).sum(), "not compared"),
        ];
        self.sum("Resources", &resources)?;
        let again = diff.readability.iter().filter(|change| change.is_readable).count();
        self.sum("Facts", &[(diff.readability.len() - again, "unreadable"), (again, "readable again")])?;
        self.sum("Rules", &[(diff.rules.len(), "changed")])?;
        let findings = [
            (diff.count(Drift::New), "new"),
            (diff.count(Drift::Updated), "changed"),
            (diff.still_open.len(), "still open"),
            (diff.count(Drift::Fixed), "fixed"),
            (diff.count(Drift::Gone), "gone"),
            (diff.count(Drift::Exempted), "exempted"),
            (diff.count(Drift::NotJudged), "not judged any more"),
            (diff.count(Drift::JudgedAgain), "judged again"),
        ];
        self.sum("Findings", &findings)?;
        if diff.is_empty() {
            self.line("Changes", "none")?;
        }
        Ok(())
    }

    fn sum(&mut self, label: &str, counts: &[(usize, &str)]) -> io::Result<()> {
        let parts: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        if parts.is_empty() { Ok(()) } else { self.line(label, &parts.join(", ")) }
    }

    fn line(&mut self, label: &str, text: &str) -> io::Result<()> {
        let label = self.styled(BOLD, format_args!("{label:>LABEL$}")).to_string();
        writeln!(self.out, "{label} {}", harmless(text))
    }
}

/// `AWS::EC2::Volume vol-1 in eu-west-1`, or the list of the type.
fn place(answer: &Evaluation) -> String {
    let key = &answer.resource;
    let region = if *key.region == *GLOBAL { String::new() } else { format!(" in {}", key.region) };
    if key.resource_id.is_empty() {
        format!("the list of {}{region}", key.resource_type)
    } else {
        format!("{} {}{region}", key.resource_type, key.resource_id)
    }
}

/// A path and what was and is there, in about so many columns. The path is never cut; what is left is for the values.
pub(in crate::report) fn property_text(property: &PropertyChange, width: usize) -> String {
    let path = harmless(&property.path);
    let room = width.saturating_sub(path.width() + 3).max(24);
    let value = |value, room| cut(&harmless(&shown(value)), room);
    match property.change {
        ChangeType::Create => format!("{path} = {}", value(property.after.as_ref(), room)),
        ChangeType::Delete => format!("{path} = {}", value(property.before.as_ref(), room)),
        ChangeType::Update => {
            let before = value(property.before.as_ref(), room / 2);
            let after = value(property.after.as_ref(), room.saturating_sub(before.width() + 3).max(12));
            format!("{path}: {before} → {after}")
        }
    }
}
