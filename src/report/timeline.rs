//! What became of resources over time, for people and for programs: the latest last, as one reads a story.

use std::collections::BTreeSet;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::diff::property_text;
use super::harmless;
use super::style::{BOLD, DIM, GAP, GOOD, Styled, severity_style, styled};
use super::terminal::{Layout, wrap};
use crate::diff::{ChangeType, PropertyChange};
use crate::evaluation::{ComplianceType, Evaluation};
use crate::event::{Actor, TrailEvent};
use crate::gap::Gap;
use crate::history::Unread;
use crate::item::{GLOBAL, ResourceKey, format_time};
use crate::timeline::{AnswerChange, Change, ChangeKind, Entry, ResourceHistory, merged};
use crate::value::Value;

/// The first member of the JSON form says that it is one, by this word.
pub const FORMAT: &str = "assize-timeline";

/// The version of the JSON form. It is raised when a member changes its meaning.
pub const VERSION: u32 = 1;

/// What is told.
#[derive(Clone, Copy, Debug)]
pub struct Told<'t> {
    /// The resources, in the order of their keys.
    pub histories: &'t [ResourceHistory],
    /// What the reader has to know beside, sentence by sentence: which events could not be had, and why.
    pub notes: &'t [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TimelineFile<'t> {
    format: &'static str,
    version: u32,
    assize_version: &'static str,
    entries: Vec<EntryFile<'t>>,
    unread: Vec<UnreadFile<'t>>,
    notes: &'t [String],
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum EntryFile<'t> {
    Event(&'t TrailEvent),
    Change(Box<ChangeFile<'t>>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeFile<'t> {
    change: &'static str,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    account_id: &'t str,
    aws_region: &'t str,
    resource_type: &'t str,
    resource_id: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<&'t str>,
    #[serde(rename = "ARN", skip_serializing_if = "Option::is_none")]
    arn: Option<&'t str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<PropertyFile<'t>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed_answers: Vec<ChangedAnswerFile<'t>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compliance: Vec<AnswerFile<'t>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    related_events: Option<Vec<&'t str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    likely_event: Option<&'t str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PropertyFile<'t> {
    path: &'t str,
    change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'t Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'t Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerFile<'t> {
    rule: &'t str,
    #[serde(skip_serializing_if = "str::is_empty")]
    key: &'t str,
    compliance_type: ComplianceType,
    severity: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    annotation: &'t str,
    since: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangedAnswerFile<'t> {
    rule: &'t str,
    #[serde(skip_serializing_if = "str::is_empty")]
    key: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<ComplianceType>,
    after: ComplianceType,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UnreadFile<'t> {
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(flatten)]
    gap: &'t Gap,
}

impl<'t> From<Entry<'t>> for EntryFile<'t> {
    fn from(entry: Entry<'t>) -> Self {
        match entry {
            Entry::Event(event) => Self::Event(event),
            Entry::Change(change) => Self::Change(Box::new(change.into())),
        }
    }
}

impl<'t> From<&'t PropertyChange> for PropertyFile<'t> {
    fn from(property: &'t PropertyChange) -> Self {
        Self {
            path: &property.path,
            change: property.change.as_str(),
            before: property.before.as_ref(),
            after: property.after.as_ref(),
        }
    }
}

impl<'t> From<&'t Change> for ChangeFile<'t> {
    fn from(change: &'t Change) -> Self {
        let item = &change.item;
        let answers = change.compliance.iter().map(|answer| AnswerFile {
            rule: &answer.evaluation.rule,
            key: &answer.evaluation.key,
            compliance_type: answer.evaluation.compliance_type,
            severity: answer.evaluation.severity.as_str(),
            annotation: &answer.evaluation.annotation,
            since: format_time(answer.since),
        });
        let changed = change.answers.iter().map(|answer| ChangedAnswerFile {
            rule: &answer.after.evaluation.rule,
            key: &answer.after.evaluation.key,
            before: answer.before,
            after: answer.after.evaluation.compliance_type,
        });
        Self {
            change: change.kind.as_str(),
            time: format_time(change.time),
            after: change.after.map(format_time),
            account_id: &item.key.account_id,
            aws_region: &item.key.region,
            resource_type: &item.key.resource_type,
            resource_id: &item.key.resource_id,
            resource_name: item.resource_name.as_deref(),
            arn: item.arn.as_deref(),
            properties: change.properties.iter().map(Into::into).collect(),
            changed_answers: changed.collect(),
            compliance: answers.collect(),
            related_events: change.events.as_ref().map(|events| events.iter().map(|event| event.id.as_str()).collect()),
            likely_event: change.likely().map(|event| event.id.as_str()),
        }
    }
}

/// Writes the JSON form: calls and changes in one line of time, the earliest first.
///
/// # Errors
/// What the writer says.
pub fn write_json(told: Told<'_>, mut out: impl Write) -> io::Result<()> {
    let unread = unread(told.histories).into_iter().map(|unread| UnreadFile {
        from: format_time(unread.from),
        to: unread.to.map(format_time),
        gap: &unread.gap,
    });
    let file = TimelineFile {
        format: FORMAT,
        version: VERSION,
        assize_version: env!("CARGO_PKG_VERSION"),
        entries: merged(told.histories).into_iter().map(Into::into).collect(),
        unread: unread.collect(),
        notes: told.notes,
    };
    serde_json::to_writer_pretty(&mut out, &file)?;
    out.write_all(b"\n")
}

/// What could not be read, by time. The list of a place is told once, not for each of its resources.
fn unread(histories: &[ResourceHistory]) -> Vec<&Unread> {
    let mut unread: Vec<_> = histories.iter().flat_map(|history| &history.unread).collect();
    unread.sort();
    unread.dedup();
    unread
}

/// The same without links that could not be read for a reason that is told anyway: a list that was denied keeps the links
/// of many resources from being known.
fn unread_by_cause(histories: &[ResourceHistory]) -> Vec<&Unread> {
    let is_of_links = |unread: &Unread| unread.gap.path.as_deref() == Some("/relationships");
    let unread = unread(histories);
    let causes: BTreeSet<_> = unread.iter().filter(|one| !is_of_links(one)).map(|one| cause(one)).collect();
    unread.iter().copied().filter(|one| !is_of_links(one) || !causes.contains(&cause(one))).collect()
}

/// Whose call failed, and how.
fn cause(unread: &Unread) -> (&str, &str, &str) {
    let Gap { account_id, reason, .. } = &unread.gap;
    (account_id, &reason.operation, &reason.code)
}

/// Writes the history of each resource for people, the latest change last.
///
/// # Errors
/// What the writer says.
pub fn write_history(told: Told<'_>, layout: &Layout, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, layout };
    for history in told.histories {
        if history.changes.is_empty() && history.unread.is_empty() {
            continue;
        }
        let last = history.changes.last().map(|change| &change.item);
        let name = last.and_then(|item| item.resource_name.as_deref());
        writeln!(page.out, "{}", page.styled(BOLD, harmless(&resource(&history.key, name))))?;
        if let Some(arn) = last.and_then(|item| item.arn.as_deref()) {
            writeln!(page.out, "{}", page.styled(DIM, harmless(arn)))?;
        }
        for change in &history.changes {
            writeln!(page.out)?;
            writeln!(page.out, "{}  {}", moment(change.time), page.kind(change))?;
            page.change(change)?;
            for event in change.events.iter().flatten() {
                let is_likely = change.likely().is_some_and(|likely| likely.id == event.id);
                page.event(event, 2, if is_likely { "likely " } else { "" })?;
            }
            if change.events.as_ref().is_some_and(Vec::is_empty) {
                page.line(2, DIM, "no event of CloudTrail names it in that time")?;
            }
        }
        if !history.unread.is_empty() {
            writeln!(page.out)?;
        }
        for unread in &history.unread {
            page.unread(unread, unread.gap.path.clone())?;
        }
        writeln!(page.out)?;
    }
    page.notes(told.notes)
}

/// Writes calls and changes in one line of time for people, the latest last.
///
/// # Errors
/// What the writer says.
pub fn write_timeline(told: Told<'_>, layout: &Layout, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, layout };
    for entry in merged(told.histories) {
        match entry {
            Entry::Event(event) => {
                write!(page.out, "{}  ", moment(event.time))?;
                page.event(event, 0, "")?;
            }
            Entry::Change(change) => {
                let resource = resource(&change.item.key, change.item.resource_name.as_deref());
                let (kind, resource) = (page.kind(change), page.styled(BOLD, harmless(&resource)));
                writeln!(page.out, "{}  {kind}: {resource}", moment(change.time))?;
                page.change(change)?;
                if let Some(event) = change.likely() {
                    page.line(2, DIM, &format!("likely by {} ({})", event.name, event.id))?;
                }
            }
        }
    }
    let unread = unread_by_cause(told.histories);
    let limit = layout.limit.unwrap_or(usize::MAX);
    for unread in unread.iter().take(limit) {
        let Gap { resource_type, resource_id, path, .. } = &unread.gap;
        let id = resource_id.as_ref().map(|id| format!("{resource_type} {id}"));
        page.unread(unread, id.map(|id| path.as_ref().map_or(id.clone(), |path| format!("{id} {path}"))))?;
    }
    if let Some(more) = unread.len().checked_sub(limit).filter(|more| *more > 0) {
        page.line(0, GAP, &format!("… and {more} more that could not be read; --limit shows them"))?;
    }
    page.notes(told.notes)
}

/// `AWS::EC2::SecurityGroup sg-0123 (web) in eu-west-1 of 111122223333`.
fn resource(key: &ResourceKey, name: Option<&str>) -> String {
    let name = name.filter(|name| *name != key.resource_id.as_ref());
    let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
    let region = if *key.region == *GLOBAL { String::new() } else { format!(" in {}", key.region) };
    format!("{} {}{name}{region} of {}", key.resource_type, key.resource_id, key.account_id)
}

/// Who made a call, in words.
fn actor(actor: &Actor) -> String {
    let Actor { kind, name, issuer, invoked_by } = actor;
    let mut text = match (kind.as_str(), name.is_empty()) {
        ("", true) => "somebody whom CloudTrail does not name".to_owned(),
        (kind, true) => format!("{kind} without a name"),
        ("Root", false) => format!("the root user {name}"),
        ("AWSAccount", false) => format!("account {name}"),
        ("IdentityCenterUser", false) => format!("IAM Identity Center user {name}"),
        (_, false) => name.clone(),
    };
    if let Some(issuer) = issuer {
        text = format!("{text} of {issuer}");
    }
    if let Some(service) = invoked_by {
        text = format!("{text} through {service}");
    }
    text
}

/// `2026-01-02 03:04:05 UTC`.
fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

struct Page<'o> {
    out: &'o mut dyn Write,
    layout: &'o Layout,
}

impl Page<'_> {
    fn styled<T>(&self, style: Style, text: T) -> Styled<T> {
        styled(self.layout.color, style, text)
    }

    /// One text in the lines that it needs.
    fn line(&mut self, indent: usize, style: Style, text: &str) -> io::Result<()> {
        for (at, line) in wrap(text, self.layout.width, indent, indent + 2).into_iter().enumerate() {
            let indent = if at == 0 { indent } else { indent + 2 };
            writeln!(self.out, "{:indent$}{}", "", self.styled(style, line))?;
        }
        Ok(())
    }

    fn kind(&self, change: &Change) -> Styled<&'static str> {
        let style = match change.kind {
            ChangeKind::Found | ChangeKind::Judged => BOLD,
            ChangeKind::Created => GOOD.bold(),
            ChangeKind::Changed => AnsiColor::Yellow.on_default().bold(),
            ChangeKind::Deleted => AnsiColor::Red.on_default().bold(),
        };
        self.styled(style, change.kind.as_str())
    }

    fn change(&mut self, change: &Change) -> io::Result<()> {
        let limit = self.layout.limit.unwrap_or(usize::MAX);
        for property in change.properties.iter().take(limit) {
            let (sign, style) = match property.change {
                ChangeType::Create => ("+", GOOD),
                ChangeType::Update => ("~", AnsiColor::Yellow.on_default()),
                ChangeType::Delete => ("-", AnsiColor::Red.on_default()),
            };
            let text = property_text(property, self.layout.width.saturating_sub(4));
            writeln!(self.out, "  {} {text}", self.styled(style, sign))?;
        }
        if let Some(more) = change.properties.len().checked_sub(limit).filter(|more| *more > 0) {
            writeln!(self.out, "  … and {more} more; --limit shows them")?;
        }
        for answer in &change.answers {
            self.answer(answer)?;
        }
        self.unchanged(change)
    }

    fn answer(&mut self, answer: &AnswerChange) -> io::Result<()> {
        let Evaluation { rule, key, compliance_type, severity, annotation, .. } = &answer.after.evaluation;
        // What a rule did not complain of to begin with is counted with the others.
        if answer.before.is_none() && *compliance_type != ComplianceType::NonCompliant {
            return Ok(());
        }
        let style = match compliance_type {
            ComplianceType::NonCompliant => severity_style(*severity),
            ComplianceType::InsufficientData => GAP,
            _ => GOOD,
        };
        let before = answer.before.map(|before| format!(", was {}", before.as_str())).unwrap_or_default();
        let key = if key.is_empty() { String::new() } else { format!(" {key}") };
        let label = self.styled(style, compliance_type.as_str()).to_string();
        let text = format!("{rule}{key}{before}: {annotation}");
        let text = text.strip_suffix(": ").unwrap_or(&text);
        let first = 2 + compliance_type.as_str().width() + 1;
        for (at, line) in wrap(text, self.layout.width, first, 4).into_iter().enumerate() {
            if at == 0 {
                writeln!(self.out, "  {label} {line}")?;
            } else {
                writeln!(self.out, "    {line}")?;
            }
        }
        Ok(())
    }

    /// How many rules say what, in a line.
    fn unchanged(&mut self, change: &Change) -> io::Result<()> {
        let kinds = [
            (ComplianceType::NonCompliant, "non-compliant"),
            (ComplianceType::Compliant, "compliant"),
            (ComplianceType::InsufficientData, "not judged"),
        ];
        let count = |kind| change.compliance.iter().filter(|one| one.evaluation.compliance_type == kind).count();
        let counts = kinds.iter().map(|(kind, word)| (count(*kind), word)).filter(|(count, _)| *count > 0);
        let text: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
        if text.is_empty() { Ok(()) } else { self.line(2, DIM, &format!("rules: {}", text.join(", "))) }
    }

    fn event(&mut self, event: &TrailEvent, indent: usize, label: &str) -> io::Result<()> {
        let source = event.source.strip_suffix(".amazonaws.com").unwrap_or(&event.source);
        let address = event.source_address.as_deref().map(|from| format!(" from {from}")).unwrap_or_default();
        let by = actor(&event.actor);
        let time = if indent > 0 { format!("{} ", moment(event.time)) } else { String::new() };
        let text = format!("{label}{time}{source}:{} by {by}{address}, event {}", event.name, event.id);
        // In a timeline the time stands before it.
        let style = Style::new();
        let first = if indent == 0 { moment(event.time).width() + 2 } else { indent };
        for (at, line) in wrap(&text, self.layout.width, first, 4).into_iter().enumerate() {
            let space = if at == 0 { indent } else { 4 };
            writeln!(self.out, "{:space$}{}", "", self.styled(style, line))?;
        }
        Ok(())
    }

    /// `what` of a resource; nothing for the list of its place.
    fn unread(&mut self, Unread { from, to, gap }: &Unread, what: Option<String>) -> io::Result<()> {
        let (from, until) = (*from, to.map_or_else(|| "still".to_owned(), |to| format!("until {}", moment(to))));
        let what = what.unwrap_or_else(|| format!("the list of {} in {}", gap.resource_type, gap.aws_region));
        self.line(0, GAP, &format!("unreadable from {}, {until}: {what}: {}", moment(from), gap.reason))
    }

    fn notes(&mut self, notes: &[String]) -> io::Result<()> {
        for note in notes {
            self.line(0, GAP, &format!("note: {note}"))?;
        }
        Ok(())
    }
}
