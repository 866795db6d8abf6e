//! `assize explain alarm-path`: why nobody was told of an event. The way from the trail that records it to a person, step by
//! step, up to the first link that is broken, or that could not be read.
//!
//! The way is that of the rule `root-login-alarm` (`rules/lib/alarms.rhai`), walked by a rule of its own that answers step
//! by step. So what could not be read ends it as it ends every rule, and is never called broken.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use assize::evaluate;
use assize::evaluation::{ComplianceType, Evaluation};
use assize::gap::Gap;
use assize::item::ACCOUNT;
use assize::report::harmless;
use assize::report::terminal::{counted, wrap};
use assize::rule::load::{self, Files, Folder};
use assize::rule::set::Chosen;
use assize::rule::{ParameterValues, RuleSet};
use assize::value::{Value, code};
use serde_json::json;

use crate::cli::AlarmPath;
use crate::cmd::looked_at;
use crate::failure::{Failure, causes};
use crate::output::{self, Colors};
use crate::{exit, input};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const UNKNOWN: Style = AnsiColor::Yellow.on_default().bold();

/// The links of the way, with the types whose items tell of them.
const LINKS: [(&str, &str); 6] = [
    ("trail", "AWS::CloudTrail::Trail"),
    ("log group", "AWS::Logs::LogGroup"),
    ("metric filter", "AWS::Logs::LogGroup"),
    ("alarm", "AWS::CloudWatch::Alarm"),
    ("topic", "AWS::SNS::Topic"),
    ("subscription", "AWS::SNS::Topic"),
];

/// So many facts stand below a link.
const FACTS: usize = 6;

/// So many events of one way are named.
const NAMED: usize = 20;

/// What was found of one event's way.
#[derive(Default, PartialEq)]
struct Way {
    /// The steps that hold.
    held: Vec<String>,
    /// What is wrong with the next.
    broken: Option<String>,
}

pub(super) fn run(mut flags: AlarmPath, colors: Colors) -> Result<u8, Failure> {
    let (title, events) = sought(&flags)?;
    let rules = rules(&events)?;
    let snapshot = Arc::new(looked_at::snapshot(&mut flags.looked_at, |catalog| input::needs(&rules, catalog))?);
    let mut outcome = evaluate::run(&rules, &snapshot, &evaluate::Options::default());
    if let Some(error) = outcome.rule_errors.first() {
        return Err(Failure::new(format!("the way cannot be followed: {}", error.message)));
    }
    // What is not understood is a filter's pattern, which is told of the account; else the account was not read.
    let is_unread = |one: &Evaluation| {
        one.gap.as_deref().is_some_and(|gap| gap.resource_type == ACCOUNT && gap.reason.code != code::NOT_UNDERSTOOD)
    };
    outcome.evaluations.retain(|one| !is_unread(one));
    if outcome.evaluations.is_empty() {
        return Err(Failure::new("what was read does not have the account itself, of which this is asked")
            .help("assize collect --rule root-login-alarm reads all that is needed"));
    }
    let width = output::width();
    let mut text = String::new();
    let mut end = exit::CLEAN;
    for of_account in outcome.evaluations.chunk_by(|a, b| a.resource == b.resource) {
        let Some(first) = of_account.first() else { continue };
        let of = format!("{title} in account {}, as of {}", first.resource.account_id, snapshot.about().captured_at);
        _ = writeln!(text, "{BOLD}{}{BOLD:#}", harmless(&of));
        let told = match of_account.iter().find_map(|one| Some((one, one.gap.as_deref()?))) {
            Some((evaluation, gap)) => {
                unread(&mut text, evaluation, gap, width);
                exit::INCOMPLETE
            }
            None => ways(&mut text, of_account, width),
        };
        // A broken way is what was asked for, whatever else could not be read.
        end = if [end, told].contains(&exit::FINDINGS) { exit::FINDINGS } else { end.max(told) };
    }
    output::stdout(colors, false, |out| out.write_all(text.as_bytes()))?;
    Ok(end)
}

/// What is looked for, by name, as the rule takes it; and a title for it.
fn sought(flags: &AlarmPath) -> Result<(String, serde_json::Value), Failure> {
    let filter = |what: &str, wanted: &str, unlike: &str, pattern: &str| json!({"what": what, "wanted": wanted, "unlike": unlike, "pattern": pattern});
    if let Some(pattern) = &flags.pattern {
        let events = json!({"pattern": filter("what this pattern does", "", "", pattern)});
        return Ok((format!("The pattern {pattern}"), events));
    }
    if let Some(path) = &flags.event {
        let recorded = recorded(path)?;
        let title = format!("{} of {}", counted(recorded.len(), "event"), path.display());
        let event = |(at, event): (usize, &serde_json::Value)| {
            let name = event.get("eventName").and_then(serde_json::Value::as_str).unwrap_or("event");
            (format!("{name} {}", at + 1), filter(&format!("the event {name}"), &event.to_string(), "", ""))
        };
        return Ok((title, recorded.iter().enumerate().map(event).collect::<serde_json::Map<_, _>>().into()));
    }
    let events = flags.kind.events().into_iter().map(|(name, sought)| {
        let unlike = sought.unlike.map(|event| event.to_string()).unwrap_or_default();
        (name, filter(&sought.what, &sought.wanted.to_string(), &unlike, ""))
    });
    let name =
        clap::ValueEnum::to_possible_value(&flags.kind).map_or_else(String::new, |one| one.get_name().to_owned());
    Ok((name, events.collect::<serde_json::Map<_, _>>().into()))
}

/// The events of a file: one, or the records of a log file of `CloudTrail`.
fn recorded(path: &Path) -> Result<Vec<serde_json::Value>, Failure> {
    let help = "it has to be one event as CloudTrail writes it, or a log file with `Records`";
    let input = input::open(path).map_err(|error| input::unread(path, &error))?;
    let mut value: serde_json::Value =
        serde_json::from_reader(input).map_err(|error| input::unread(path, &error).help(help))?;
    let events = match value.get_mut("Records").map(serde_json::Value::take) {
        Some(serde_json::Value::Array(records)) => records,
        _ => vec![value],
    };
    let is_event = |event: &serde_json::Value| event.get("eventName").is_some_and(serde_json::Value::is_string);
    if events.is_empty() || !events.iter().all(is_event) {
        return Err(Failure::new(format!("{} holds something that is no event", path.display())).help(help));
    }
    Ok(events)
}

/// The rule that walks the way, for these events.
fn rules(events: &serde_json::Value) -> Result<RuleSet, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::new(format!("the way cannot be followed: {}", causes(error)));
    let files = Files {
        metadata: include_str!("alarm_path.yaml").to_owned(),
        script: Some(include_str!("alarm_path.rhai").to_owned()),
        cases: None,
    };
    let rule =
        load::rule("account/alarm-path", &files, &Folder::builtin().libraries).map_err(|error| failed(&error))?;
    let events: Value = serde_json::from_str(&events.to_string()).map_err(|error| failed(&error))?;
    let given = BTreeMap::from([("events".to_owned(), events)]);
    let parameters = ParameterValues::new(&rule, &given).map_err(|error| failed(&error))?;
    Ok(RuleSet::builtin().without_rules().with([Chosen::new(Arc::new(rule), parameters)]))
}

/// The ways that were found, those that are alike together.
fn ways(text: &mut String, evaluations: &[Evaluation], width: usize) -> u8 {
    let mut by_event = BTreeMap::<&str, Way>::new();
    for evaluation in evaluations {
        let (name, _) = evaluation.key.rsplit_once(' ').unwrap_or((&evaluation.key, ""));
        let way = by_event.entry(name).or_default();
        match evaluation.compliance_type {
            ComplianceType::NonCompliant => way.broken = Some(evaluation.annotation.to_string()),
            _ => way.held.push(evaluation.annotation.to_string()),
        }
    }
    let mut alike: Vec<(Way, Vec<&str>)> = Vec::new();
    for (name, way) in by_event {
        // What one filter counts is told of each event in the same words but for its name.
        let is_like = |(other, _): &&mut (Way, Vec<&str>)| {
            other.held == way.held && other.broken.is_some() == way.broken.is_some()
        };
        match alike.iter_mut().find(is_like) {
            Some((_, names)) => names.push(name),
            None => alike.push((way, vec![name])),
        }
    }
    let evidence = evaluations.first();
    let several = alike.len() > 1 || alike.iter().any(|(_, names)| names.len() > 1);
    let mut code = exit::CLEAN;
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
            facts(text, evidence, at, step, way.held.get(4));
        }
        let Some(reason) = &way.broken else {
            _ = writeln!(text, "{GOOD}Somebody is notified.{GOOD:#}");
            continue;
        };
        let at = way.held.len();
        link(text, at, (BAD, "broken"), reason, width);
        let name = LINKS.get(at).map_or("", |(name, _)| name);
        _ = writeln!(text, "{BAD}Nobody is notified:{BAD:#} the way breaks at link {} of 6, the {name}.", at + 1);
        code = exit::FINDINGS;
    }
    code
}

/// The link that could not be read, after what was read of those before it.
fn unread(text: &mut String, evaluation: &Evaluation, gap: &Gap, width: usize) {
    let path = gap.path.as_deref().unwrap_or_default();
    let at = match &*gap.resource_type {
        "AWS::CloudTrail::Trail" => 0,
        "AWS::Logs::LogGroup" if !path.contains("MetricFilters") => 1,
        "AWS::CloudWatch::Alarm" => 3,
        "AWS::SNS::Topic" if !path.contains("Subscriptions") => 4,
        "AWS::SNS::Topic" => 5,
        // A filter's pattern that is not understood is told of the account.
        _ => 2,
    };
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
    if let Some(action) = gap.reason.action.as_deref() {
        _ = writeln!(text, "      allow {} to the identity that scans", harmless(action));
    }
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
fn facts(text: &mut String, evaluation: Option<&Evaluation>, at: usize, step: &str, topic: Option<&String>) {
    let (Some(evaluation), Some((_, kind))) = (evaluation, LINKS.get(at)) else { return };
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
