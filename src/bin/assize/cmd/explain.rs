//! `assize explain`: where a finding comes from. The facts that decided, the calls that told them and when, the change
//! since which the rule says so and who made it, as far as the store knows; and how to mend it.

mod alarm_path;
pub(crate) mod events;

use std::fmt::Write as _;

use anstyle::Style;
use assize::evaluate::{self, Judged};
use assize::evaluation::{ComplianceType, Evaluation, Evidence};
use assize::history::{History, HistoryError};
use assize::item::GLOBAL;
use assize::report::finding::fingerprint;
use assize::report::partition::console_link;
use assize::report::terminal::counted;
use assize::report::{Report, fix, harmless};
use assize::rule::fix::Placeholder;
use assize::source::descriptor::Catalog;
use assize::timeline::{Change, ResourceHistory};
use jiff::Timestamp;

use crate::cli::{ConfigFile, Explain, ExplainOther, Store};
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::settings::Settings;
use crate::{exit, input, store};

const BOLD: Style = Style::new().bold();

/// So many findings are named, or shown, where several are meant.
const NAMED: usize = 10;

/// So many digits of a fingerprint tell the findings of a resource apart.
const DIGITS: usize = 12;

/// What the store tells of the findings.
struct Past {
    /// The change since which the rule says so, of each.
    changes: Vec<Option<Change>>,
    /// The flags that lead to the store again.
    flags: String,
}

pub(crate) fn run(mut flags: Explain, colors: Colors) -> Result<u8, Failure> {
    if let Some(ExplainOther::AlarmPath(flags)) = flags.other {
        return alarm_path::run(flags, colors);
    }
    let finding = flags.finding.take().unwrap_or_default();
    let (_, catalog) = input::definitions(&flags.definitions)?;
    let named = named(&flags.store, &flags.config);
    let (report, history) = if let Some(path) = &flags.report {
        (output::saved(path)?, None)
    } else {
        Settings::load(&flags.config)?.store(&mut flags.store);
        let history = store::existing(&flags.store, "a report with --report")?;
        (of_store(&history, &flags, &catalog)?, Some(history))
    };
    let findings = find(&report, &finding, flags.resource.as_deref())?;
    let past = match &history {
        Some(history) => {
            let moment = store::moment(history, flags.at.as_deref())?;
            let changes = changes(history, &findings, moment.time).map_err(|error| store::failure(&error))?;
            Some(Past { changes, flags: named })
        }
        None => None,
    };
    let text = explained(&report, &findings, past.as_ref(), &catalog);
    output::stdout(colors, false, |out| out.write_all(text.as_bytes()))?;
    Ok(exit::CLEAN)
}

/// The flags that name the store, as they are written again. What is not among them holds without.
fn named(store: &Store, config: &ConfigFile) -> String {
    let written = |path: &std::path::Path| path.to_str().and_then(fix::argument).unwrap_or_else(|| "FILE".to_owned());
    let flags = [("--store", &store.store), ("--config", &config.config)];
    let given = flags.into_iter().filter_map(|(flag, path)| Some(format!(" {flag} {}", written(path.as_deref()?))));
    given.collect()
}

/// What was judged last up to the moment, judged again by the rules of then: that tells the facts.
fn of_store(history: &History, flags: &Explain, catalog: &Catalog) -> Result<Report, Failure> {
    let moment = store::moment(history, flags.at.as_deref())?;
    let id = store::last_judged(history, moment)?;
    let told = || Ok((history.rules(id)?, std::sync::Arc::new(history.snapshot(id)?)));
    let (rules, snapshot) = told().map_err(|error| store::failure(&error))?;
    let outcome = evaluate::run(&rules, &snapshot, &evaluate::Options::default());
    let drift = store::drift(Some(history), &rules, &snapshot, &outcome)?;
    Ok(input::report(&rules, catalog, Judged::of(&snapshot, outcome)).with_drift(drift))
}

/// The evaluations that are meant: one by its fingerprint, or all of a rule on a resource, findings first.
fn find<'r>(report: &'r Report, finding: &str, resource: Option<&str>) -> Result<Vec<&'r Evaluation>, Failure> {
    let is_called = |one: &Evaluation, name: &str| {
        let names = [Some(&*one.resource.resource_id), one.resource_name.as_deref(), one.arn.as_deref()];
        names.contains(&Some(name))
    };
    let is_meant = |one: &&Evaluation| match resource {
        Some(name) => *one.rule == *finding && is_called(one, name),
        None => finding.len() >= 6 && fingerprint(one).starts_with(finding),
    };
    let mut meant: Vec<&Evaluation> = report.evaluations.iter().filter(is_meant).collect();
    match meant.as_slice() {
        [_] => Ok(meant),
        [first, rest @ ..] if resource.is_some() && rest.iter().all(|one| one.resource == first.resource) => {
            meant.sort_by_key(|one| one.compliance_type != ComplianceType::NonCompliant);
            Ok(meant)
        }
        [] => Err(Failure::new(format!("there is no finding `{finding}`{}", resource.map_or_else(String::new, |name| format!(" on `{name}`"))))
            .help("name it by the fingerprint that reports have, six digits or more, or by rule and resource: assize explain RULE RESOURCE")),
        several => {
            let mut lines = vec![format!("{} are meant by that", counted(several.len(), "finding"))];
            let shown = several.iter().take(NAMED);
            lines.extend(shown.map(|one| format!("{}  {} {} {}", fingerprint(one), one.rule, one.resource, one.key)));
            Err(Failure::new(lines.join("\n")).help("name one by its fingerprint"))
        }
    }
}

/// The change since which the rule says what it said at a time, of each of the findings on one resource.
fn changes(history: &History, findings: &[&Evaluation], at: Timestamp) -> Result<Vec<Option<Change>>, HistoryError> {
    let Some(first) = findings.first() else { return Ok(Vec::new()) };
    let mut told = ResourceHistory::of(history, &history.looks()?, &first.resource)?;
    told.restrict(None, Some(at));
    let is_of = |change: &Change, finding: &Evaluation| {
        let mut answers = change.answers.iter().map(|answer| &answer.after.evaluation);
        answers.any(|one| {
            one.rule == finding.rule && one.key == finding.key && one.compliance_type == finding.compliance_type
        })
    };
    let last = |finding: &&Evaluation| told.changes.iter().rfind(|change| is_of(change, finding)).cloned();
    Ok(findings.iter().map(last).collect())
}

// Writing to a string cannot fail.
fn explained(report: &Report, findings: &[&Evaluation], past: Option<&Past>, catalog: &Catalog) -> String {
    let mut text = String::new();
    let Some(first) = findings.first() else { return text };
    let key = &first.resource;
    let rule = report.rule(&first.rule);
    let title = rule.map_or("", |rule| &rule.title);
    _ = writeln!(text, "{BOLD}{}: {}{BOLD:#}", harmless(&first.rule), harmless(title));
    let region = if *key.region == *GLOBAL { String::new() } else { format!(" in {}", key.region) };
    let resource = format!("{} {}{region} of {}", key.resource_type, key.resource_id, key.account_id);
    _ = writeln!(text, "  resource  {}", harmless(&resource));
    if let Some(arn) = &first.arn {
        _ = writeln!(text, "            {}", harmless(arn));
    }
    for finding in findings.iter().take(NAMED) {
        answer(&mut text, finding);
    }
    if findings.len() > NAMED {
        let more = counted(findings.len() - NAMED, "more answer");
        _ = writeln!(text, "  and {more} of the rule on the resource: a report names each by its fingerprint");
    }
    // The rule read once, whatever it answered.
    let read = findings.iter().find(|one| !one.evidence.is_empty()).unwrap_or(first);
    facts(&mut text, report, read, catalog);
    since(&mut text, report, findings, past);
    if let Some(rule) = rule {
        for (heading, words) in [("Why it matters", &rule.risk), ("How to mend it", &rule.remediation)] {
            _ = writeln!(text, "\n{BOLD}{heading}{BOLD:#}");
            for line in words.trim_end().lines() {
                _ = writeln!(text, "  {}", harmless(line));
            }
        }
        for one in fix::filled(&rule.fix, first) {
            _ = writeln!(text, "\n{BOLD}{}{BOLD:#}", one.language.heading());
            for line in one.text.lines() {
                _ = writeln!(text, "  {}", harmless(line));
            }
            if !one.open.is_empty() {
                let words: Vec<&str> = one.open.iter().map(|name| name.word()).collect();
                _ = writeln!(text, "  to be filled in: {}", words.join(", "));
            }
        }
        if !rule.references.is_empty() {
            _ = writeln!(text, "\n{BOLD}Read on{BOLD:#}");
        }
        for page in &rule.references {
            _ = writeln!(text, "  {}", harmless(page));
        }
    }
    if let Some(link) = console_link(first) {
        _ = writeln!(text, "\n{BOLD}In the console{BOLD:#}\n  {link}");
    }
    text
}

fn answer(text: &mut String, finding: &Evaluation) {
    _ = writeln!(text, "  finding   {}", fingerprint(finding));
    if !finding.key.is_empty() {
        _ = writeln!(text, "  key       {}", harmless(&finding.key));
    }
    _ = writeln!(text, "  answer    {}, {}", finding.compliance_type.as_str(), finding.severity.as_str());
    if !finding.annotation.is_empty() {
        _ = writeln!(text, "            {}", harmless(&finding.annotation));
    }
    if let Some(gap) = &finding.gap {
        _ = writeln!(text, "            {}", harmless(&gap.reason.to_string()));
    }
    if let Some(mark) = &finding.exemption {
        _ = writeln!(text, "  exemption {}: {}", mark.state.as_str(), harmless(&mark.reason));
    }
}

/// The facts in the order in which the rule read them, each with the call that told it.
fn facts(text: &mut String, report: &Report, finding: &Evaluation, catalog: &Catalog) {
    _ = writeln!(text, "\n{BOLD}What the rule read, as of {}{BOLD:#}", harmless(&report.snapshot.captured_at));
    let mut last = String::new();
    for fact in finding.evidence.iter() {
        let Some(value) = &fact.value else { continue };
        let call = call(catalog, finding, fact);
        let of = fact.resource.as_deref().map(|resource| format!(" of {resource}")).unwrap_or_default();
        let source = format!("{call}{of}");
        if source != last {
            _ = writeln!(text, "  from {}", harmless(&source));
            last = source;
        }
        _ = writeln!(text, "    {} = {}", harmless(&fact.path), harmless(value));
    }
    if last.is_empty() {
        _ = writeln!(text, "  no facts are recorded with it");
    }
}

/// The call behind a fact: that of the part it stands in, or else the listing of its type.
fn call(catalog: &Catalog, finding: &Evaluation, fact: &Evidence) -> String {
    let kind = fact.resource.as_deref().and_then(|resource| resource.split(' ').next());
    let descriptors = catalog.get(kind.unwrap_or(&finding.resource.resource_type));
    let is_below =
        |pointer: &str| fact.path.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let parts = descriptors.iter().flat_map(|descriptor| &descriptor.parts);
    let part = parts.filter(|part| part.into.as_deref().is_some_and(is_below)).find_map(|part| part.source.call());
    let listing = || descriptors.iter().find_map(|descriptor| descriptor.listing.as_ref()).map(|listing| &listing.call);
    part.or_else(listing).map_or_else(|| "what assize itself tells".to_owned(), ToString::to_string)
}

fn since(text: &mut String, report: &Report, findings: &[&Evaluation], past: Option<&Past>) {
    let standing = |finding: &Evaluation| report.drift.as_ref().and_then(|drift| drift.standing(finding));
    if past.is_none() && !findings.iter().any(|finding| standing(finding).is_some()) {
        return;
    }
    _ = writeln!(text, "\n{BOLD}Since when{BOLD:#}");
    for (at, finding) in findings.iter().enumerate().take(NAMED) {
        if findings.len() > 1 {
            let mut name = fingerprint(finding);
            name.truncate(DIGITS);
            _ = writeln!(text, "  finding {name} {}", harmless(&finding.key));
        }
        match standing(finding).map(|standing| &standing.open_since) {
            Some(Some(since)) => _ = writeln!(text, "  open since {}", harmless(since)),
            Some(None) => _ = writeln!(text, "  new"),
            None => {}
        }
        let Some(past) = past else { continue };
        match past.changes.get(at).and_then(Option::as_ref) {
            Some(change) => changed(text, finding, change, &past.flags),
            None => _ = writeln!(text, "  the store knows no change since which the rule says so"),
        }
    }
}

/// What changed, and the call that may have done it; or else how to look for that.
fn changed(text: &mut String, finding: &Evaluation, change: &Change, flags: &str) {
    _ = writeln!(text, "  {} at {}", change.kind.as_str(), assize::item::format_time(change.time));
    for property in &change.properties {
        _ = writeln!(text, "    {}", harmless(&property.path));
    }
    match change.likely() {
        Some(event) => {
            let what = format!("{} {} by {} at {}", event.source, event.name, event.actor.name, event.time);
            _ = writeln!(text, "  {}, event {}", harmless(&what), harmless(&event.id));
        }
        None if change.events.is_none() => {
            // To be copied: whoever named the resource has no say in what is run.
            let id = fix::argument(&finding.resource.resource_id);
            let id = id.as_deref().unwrap_or(Placeholder::ResourceId.word());
            _ = writeln!(text, "  who made it is not recorded; this looks for the calls:");
            _ = writeln!(text, "    assize history {id}{flags} --events account");
        }
        None => _ = writeln!(text, "  no call was found that may have made it"),
    }
}
