//! `assize explain`: where a finding comes from. The facts that decided, the calls that told them and when, the change
//! since which the rule says so and who made it, as far as the store knows; and how to mend it.

mod alarm_path;
pub(crate) mod events;

use std::fmt::Write as _;

use anstyle::Style;
use assize::evaluate::{self, Judged};
use assize::evaluation::{Evaluation, Evidence};
use assize::history::{History, HistoryError};
use assize::item::GLOBAL;
use assize::report::finding::fingerprint;
use assize::report::partition::console_link;
use assize::report::terminal::counted;
use assize::report::{Report, fix, harmless};
use assize::source::descriptor::Catalog;
use assize::timeline::{Change, ResourceHistory};
use jiff::Timestamp;

use crate::cli::{Explain, ExplainOther};
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::settings::Settings;
use crate::{exit, input, store};

const BOLD: Style = Style::new().bold();

/// So many findings are named where several are meant.
const NAMED: usize = 10;

pub(crate) fn run(mut flags: Explain, colors: Colors) -> Result<u8, Failure> {
    if let Some(ExplainOther::AlarmPath(flags)) = flags.other {
        return alarm_path::run(flags, colors);
    }
    let finding = flags.finding.take().unwrap_or_default();
    let (_, catalog) = input::definitions(&flags.definitions)?;
    let (report, history) = if let Some(path) = &flags.report {
        (output::saved(path)?, None)
    } else {
        Settings::load(&flags.config)?.store(&mut flags.store);
        let history = store::existing(&flags.store, "a report with --report")?;
        (of_store(&history, &flags, &catalog)?, Some(history))
    };
    let finding = find(&report, &finding, flags.resource.as_deref())?;
    let change = match &history {
        Some(history) => {
            let moment = store::moment(history, flags.at.as_deref())?;
            change(history, finding, moment.time).map_err(|error| store::failure(&error))?
        }
        None => None,
    };
    let text = explained(&report, finding, change.as_ref(), history.is_some(), &catalog);
    output::stdout(colors, false, |out| out.write_all(text.as_bytes()))?;
    Ok(exit::CLEAN)
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

/// The evaluation that is meant: by its fingerprint, or by rule and resource.
fn find<'r>(report: &'r Report, finding: &str, resource: Option<&str>) -> Result<&'r Evaluation, Failure> {
    let is_called = |one: &Evaluation, name: &str| {
        let names = [Some(&*one.resource.resource_id), one.resource_name.as_deref(), one.arn.as_deref()];
        names.contains(&Some(name))
    };
    let is_meant = |one: &&Evaluation| match resource {
        Some(name) => *one.rule == *finding && is_called(one, name),
        None => finding.len() >= 6 && fingerprint(one).starts_with(finding),
    };
    let meant: Vec<&Evaluation> = report.evaluations.iter().filter(is_meant).collect();
    match meant.as_slice() {
        [one] => Ok(one),
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

/// The change since which the rule says what it said at a time.
fn change(history: &History, finding: &Evaluation, at: Timestamp) -> Result<Option<Change>, HistoryError> {
    let mut told = ResourceHistory::of(history, &history.looks()?, &finding.resource)?;
    told.restrict(None, Some(at));
    let is_of = |change: &Change| {
        let answers = change.answers.iter().map(|answer| &answer.after.evaluation);
        answers.into_iter().any(|one| {
            one.rule == finding.rule && one.key == finding.key && one.compliance_type == finding.compliance_type
        })
    };
    Ok(told.changes.into_iter().filter(is_of).last())
}

// Writing to a string cannot fail.
fn explained(
    report: &Report,
    finding: &Evaluation,
    change: Option<&Change>,
    has_store: bool,
    catalog: &Catalog,
) -> String {
    let mut text = String::new();
    let key = &finding.resource;
    let rule = report.rule(&finding.rule);
    let title = rule.map_or("", |rule| &rule.title);
    _ = writeln!(text, "{BOLD}{}: {}{BOLD:#}", harmless(&finding.rule), harmless(title));
    _ = writeln!(text, "  finding   {}", fingerprint(finding));
    let region = if *key.region == *GLOBAL { String::new() } else { format!(" in {}", key.region) };
    let resource = format!("{} {}{region} of {}", key.resource_type, key.resource_id, key.account_id);
    _ = writeln!(text, "  resource  {}", harmless(&resource));
    if let Some(arn) = &finding.arn {
        _ = writeln!(text, "            {}", harmless(arn));
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
    facts(&mut text, report, finding, catalog);
    since(&mut text, report, finding, change, has_store);
    if let Some(rule) = rule {
        for (heading, words) in [("Why it matters", &rule.risk), ("How to mend it", &rule.remediation)] {
            _ = writeln!(text, "\n{BOLD}{heading}{BOLD:#}");
            for line in words.trim_end().lines() {
                _ = writeln!(text, "  {}", harmless(line));
            }
        }
        for one in fix::filled(&rule.fix, finding) {
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
    if let Some(link) = console_link(finding) {
        _ = writeln!(text, "\n{BOLD}In the console{BOLD:#}\n  {link}");
    }
    text
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

fn since(text: &mut String, report: &Report, finding: &Evaluation, change: Option<&Change>, has_store: bool) {
    let standing = report.drift.as_ref().and_then(|drift| drift.standing(finding));
    if standing.is_none() && change.is_none() && !has_store {
        return;
    }
    _ = writeln!(text, "\n{BOLD}Since when{BOLD:#}");
    match standing.map(|standing| &standing.open_since) {
        Some(Some(since)) => _ = writeln!(text, "  open since {}", harmless(since)),
        Some(None) => _ = writeln!(text, "  new"),
        None => {}
    }
    let Some(change) = change else {
        _ = writeln!(text, "  the store knows no change since which the rule says so");
        return;
    };
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
            let id = harmless(&finding.resource.resource_id);
            _ = writeln!(
                text,
                "  who made it is not recorded: assize history {id} --events account looks for the calls"
            );
        }
        None => _ = writeln!(text, "  no call was found that may have made it"),
    }
}
