//! The ways for people: each link, what was read of it, and where it ends.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use assize::evaluation::Evaluation;
use assize::report::harmless;
use assize::report::terminal::{counted, wrap};
use assize::value::Unreadable;

use super::{Account, LINKS, Open, Told, Way, Ways};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const UNKNOWN: Style = AnsiColor::Yellow.on_default().bold();

/// So many facts stand below a link.
const FACTS: usize = 12;

/// So many events of one way are named.
const NAMED: usize = 20;

/// What is said of each account, with styles.
pub(super) fn text(title: &str, captured_at: &str, accounts: &[Account<'_>], width: usize) -> String {
    let mut text = String::new();
    for (at, account) in accounts.iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        let of = format!("{title} in account {}, as of {captured_at}", account.id);
        _ = writeln!(text, "{BOLD}{}{BOLD:#}", harmless(&of));
        match &account.told {
            Told::Nothing(gap) => {
                nothing(&mut text, &gap.reason.to_string(), width);
                missing(&mut text, &gap.reason, 2);
            }
            Told::Failed(message) => nothing(&mut text, &format!("the way cannot be followed: {message}"), width),
            Told::Open(open) => unread(&mut text, open, width),
            Told::Ways(told) => ways(&mut text, told, width),
        }
    }
    text
}

/// Of an account that could not be read, or in which the rule failed.
fn nothing(text: &mut String, reason: &str, width: usize) {
    let opening = "Whether somebody is notified cannot be told:";
    let mut lines = wrap(reason, width, opening.len() + 1, 2).into_iter();
    _ = writeln!(text, "{UNKNOWN}{opening}{UNKNOWN:#} {}", lines.next().unwrap_or_default());
    for line in lines {
        _ = writeln!(text, "  {line}");
    }
}

/// The IAM action that would have helped, if one is known.
fn missing(text: &mut String, reason: &Unreadable, indent: usize) {
    if let Some(action) = reason.action.as_deref() {
        _ = writeln!(text, "{:indent$}allow {} to the identity that scans", "", harmless(action));
    }
}

/// The ways that were found, those that are alike together.
fn ways(text: &mut String, told: &Ways<'_>, width: usize) {
    let mut alike: Vec<(&Way<'_>, Vec<&str>)> = Vec::new();
    for (name, way) in &told.by_event {
        // What one filter counts is told of each event in the same words but for its name.
        let is_like = |(other, _): &&mut (&Way<'_>, Vec<&str>)| {
            other.held == way.held && other.is_notified() == way.is_notified()
        };
        match alike.iter_mut().find(is_like) {
            Some((_, names)) => names.push(name),
            None => alike.push((way, vec![name])),
        }
    }
    let several = alike.len() > 1 || alike.iter().any(|(_, names)| names.len() > 1);
    for (way, names) in &alike {
        if several {
            let shown: Vec<&str> = names.iter().take(NAMED).copied().collect();
            let more = names.len() - shown.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let line = format!("{}: {}{more}", counted(names.len(), "event"), shown.join(", "));
            _ = writeln!(text);
            for line in wrap(&line, width, 0, 2) {
                _ = writeln!(text, "{line}");
            }
        }
        for (at, step) in way.held.iter().enumerate() {
            link(text, at, (GOOD, "holds"), step, width);
            facts(text, told.evaluation, at, step, way.held.get(4).copied());
        }
        let at = way.held.len();
        let name = LINKS.get(at).map_or("", |(name, _)| name);
        if let Some(reason) = way.broken {
            link(text, at, (BAD, "broken"), reason, width);
            _ = writeln!(text, "{BAD}Nobody is notified:{BAD:#} the way breaks at link {} of 6, the {name}.", at + 1);
        } else if let Some(reason) = way.open {
            link(text, at, (UNKNOWN, "open"), reason, width);
            _ = writeln!(
                text,
                "{UNKNOWN}Whether somebody is notified cannot be told:{UNKNOWN:#} the {name}, link {} of 6, leaves it open.",
                at + 1
            );
        } else {
            _ = writeln!(text, "{GOOD}Somebody is notified.{GOOD:#}");
        }
    }
}

/// The link that could not be read, after what was read of those before it.
fn unread(text: &mut String, open: &Open<'_>, width: usize) {
    let Open { evaluation, gap, at } = *open;
    let mut last = "";
    for (before, (_, kind)) in LINKS.iter().enumerate().take(at) {
        if *kind != last {
            link(text, before, (DIM, "read"), kind, width);
            let of_kind = evaluation.evidence.iter().filter(|fact| is_of(fact.resource.as_deref(), kind));
            for fact in of_kind.filter(|fact| fact.value.is_some() && is_fact(&fact.path)).take(FACTS) {
                fact_line(text, fact.resource.as_deref(), &fact.path, fact.value.as_deref());
            }
        }
        last = kind;
    }
    link(text, at, (UNKNOWN, "not read"), &gap.reason.to_string(), width);
    missing(text, &gap.reason, 6);
    let name = LINKS.get(at).map_or("", |(name, _)| name);
    _ = writeln!(
        text,
        "{UNKNOWN}Whether somebody is notified cannot be told:{UNKNOWN:#} the {name}, link {} of 6, could not be read.",
        at + 1
    );
}

fn link(text: &mut String, at: usize, (style, state): (Style, &str), words: &str, width: usize) {
    let name = LINKS.get(at).map_or("", |(name, _)| name);
    for (row, line) in wrap(words, width, 28, 28).into_iter().enumerate() {
        if row == 0 {
            _ = writeln!(text, "  {} {name:13} {style}{state:9}{style:#} {line}", at + 1);
        } else {
            _ = writeln!(text, "{:28}{line}", "");
        }
    }
}

/// What was read of the link: facts of the resource that its sentence names, or that the sentence has in it.
fn facts(text: &mut String, evaluation: &Evaluation, at: usize, step: &str, topic: Option<&str>) {
    let Some((_, kind)) = LINKS.get(at) else { return };
    let mut shown = Vec::new();
    for fact in evaluation.evidence.iter().filter(|fact| is_of(fact.resource.as_deref(), kind)) {
        let (Some(resource), Some(value)) = (fact.resource.as_deref(), fact.value.as_deref()) else { continue };
        let id = resource.split_once(' ').map_or("", |(_, id)| id);
        let plain = serde_json::from_str::<String>(value).unwrap_or_default();
        let in_sentence = !plain.is_empty() && step.contains(&plain);
        if !is_fact(&fact.path) {
            continue;
        }
        let is_meant = match at {
            1 => !fact.path.contains("/MetricFilters") && step.contains(id),
            2 => fact.path.contains("/MetricFilters/") && in_sentence,
            4 => !fact.path.contains("/Subscriptions") && step.contains(id),
            5 => fact.path.contains("/Subscriptions/") && topic.is_some_and(|topic| topic.contains(id)),
            _ => step.contains(id),
        };
        if is_meant && shown.len() < FACTS && !shown.contains(&&fact.path) {
            shown.push(&fact.path);
            fact_line(text, None, &fact.path, Some(value));
        }
    }
}

fn fact_line(text: &mut String, resource: Option<&str>, path: &str, value: Option<&str>) {
    let of = resource.and_then(|resource| resource.split_once(' ')).map(|(_, id)| format!("{id} ")).unwrap_or_default();
    let line = format!("{of}{path} = {}", value.unwrap_or_default());
    _ = writeln!(text, "      {DIM}| {}{DIM:#}", harmless(&line));
}

/// Whether the path is of what is configured, and not of what the item is called and where it is: that says the sentence.
fn is_fact(path: &str) -> bool {
    ["/configuration/", "/supplementaryConfiguration/"].iter().any(|section| path.starts_with(section))
}

/// Whether the resource, of which evidence names type and id, is of the type.
fn is_of(resource: Option<&str>, kind: &str) -> bool {
    resource.and_then(|resource| resource.split_once(' ')).is_some_and(|(of, _)| of == kind)
}
