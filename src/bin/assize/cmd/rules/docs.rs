//! `assize rules docs`: all there is to know of rules as pages of Markdown, one for each service, and an index.
//!
//! `docs/rules` is what it writes of the built-in rules; `tests/cli/reference.rs` keeps it so. Descriptions are Markdown of
//! their authors and stand as they are; everything else is written so that it does nothing but show.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use assize::report::markdown::{fenced, span};
use assize::report::rules::Beside;
use assize::report::terminal::counted;
use assize::rule::RuleSet;
use assize::rule::set::Chosen;

use super::beside::Sources;
use super::show::{level, nature};
use crate::cli::{Choice, Definitions};
use crate::cmd::pages;
use crate::failure::Failure;
use crate::output::Colors;
use crate::{exit, input};

pub(super) fn run(folder: &Path, choice: &Choice, definitions: &Definitions, colors: Colors) -> Result<u8, Failure> {
    let all = input::all_rules(&choice.folders)?;
    let rules = input::chosen(&all, choice)?.rules;
    let sources = Sources::new(&all, definitions)?;
    let mut services = BTreeMap::<&str, Vec<&Chosen>>::new();
    for chosen in rules.iter() {
        services.entry(&chosen.rule.service).or_default().push(chosen);
    }
    let mut texts: BTreeMap<String, String> =
        services.iter().map(|(service, rules)| (format!("{service}.md"), page(service, rules, &sources))).collect();
    texts.insert("README.md".to_owned(), index(&rules, &services));
    pages::write(folder, &texts, colors)?;
    Ok(if rules.errors().is_empty() { exit::CLEAN } else { exit::INCOMPLETE })
}

/// A line of a table of rules. `name` is the rule as it stands in the first cell.
pub(super) fn row(chosen: &Chosen, name: &str) -> String {
    let (severity, category) = (chosen.severity().as_str(), chosen.rule.category.as_str());
    format!("| {name} | {severity} | {category} | {} |\n", pages::plain(&chosen.rule.title))
}

fn index(rules: &RuleSet, services: &BTreeMap<&str, Vec<&Chosen>>) -> String {
    let mut text = format!(
        "# Rules\n\n\
         {} of {}. Written by `assize rules docs`; do not edit. `assize rules show RULE` tells the same on a terminal, and\n\
         `assize rules list --format json` to programs (`docs/rules.schema.json`).\n\n\
         The permissions of a rule are what reading takes in regions that are named. `--region all` takes\n\
         `ec2:DescribeRegions` beside them. `{{{{awsRegion}}}}` and its like in commands stand for facts of a finding.\n",
        counted(rules.len(), "rule"),
        counted(services.len(), "service"),
    );
    for (service, rules) in services {
        _ = write!(
            text,
            "\n## [{service}]({service}.md)\n\n| rule | severity | category | title |\n|---|---|---|---|\n"
        );
        for chosen in rules {
            text.push_str(&row(chosen, &format!("[{0}]({service}.md#{1})", chosen.id(), pages::anchor(chosen.id()))));
        }
    }
    text
}

fn page(service: &str, rules: &[&Chosen], sources: &Sources) -> String {
    let mut text = format!("# Rules: {service}\n\n| rule | severity | category | title |\n|---|---|---|---|\n");
    for chosen in rules {
        text.push_str(&row(chosen, &format!("[{0}](#{1})", chosen.id(), pages::anchor(chosen.id()))));
    }
    for chosen in rules {
        entry(&mut text, chosen, &sources.of(chosen));
    }
    text
}

fn entry(text: &mut String, chosen: &Chosen, beside: &Beside) {
    let rule = &chosen.rule;
    _ = write!(text, "\n## {}\n\n{}.\n\n", chosen.id(), pages::plain(&rule.title));
    let judges: Vec<String> = rule.resource_types.iter().map(|kind| span(kind)).collect();
    let mut rows = vec![
        ("severity", chosen.severity().as_str().to_owned()),
        ("category", rule.category.to_string()),
        ("maturity", rule.maturity.to_string()),
        ("trigger", rule.trigger.to_string()),
        ("judges", judges.join(", ") + level(rule)),
    ];
    if !rule.reads.is_empty() {
        let reads: Vec<String> = rule
            .reads
            .iter()
            .map(|(resource_type, parts)| {
                let parts: Vec<String> = parts
                    .iter()
                    .map(|read| match &read.parameter {
                        Some(parameter) => format!("{} (with {})", span(&read.part), span(parameter)),
                        None => span(&read.part),
                    })
                    .collect();
                let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
                format!("{}{parts}", span(resource_type))
            })
            .collect();
        rows.push(("reads", reads.join("<br>")));
    }
    if !rule.aliases.is_empty() {
        rows.push(("alias", spans(rule.aliases.iter())));
    }
    rows.push((
        "permissions",
        match &beside.permissions {
            Some(actions) => permissions(actions, beside),
            None => "not known: the rule reads a type or a part that no descriptor tells of".to_owned(),
        },
    ));
    text.push_str("| | |\n|---|---|\n");
    for (name, value) in rows {
        _ = writeln!(text, "| {name} | {} |", value.replace('|', "\\|"));
    }
    _ = write!(
        text,
        "\n{}\n\n**Risk.** {}\n\n**Remediation.** {}\n",
        rule.description.trim(),
        rule.risk.trim(),
        rule.remediation.trim()
    );
    for snippet in rule.fix.snippets() {
        let language = snippet.language();
        _ = write!(text, "\n**{}**\n\n{}\n", language.heading(), fenced(language, snippet.text()));
    }
    if !rule.parameters.is_empty() {
        text.push_str("\n**Parameters**\n\n");
        for (name, parameter) in &rule.parameters {
            let description = parameter.description.split_whitespace().collect::<Vec<_>>().join(" ");
            _ = writeln!(text, "- {} ({}): {description}", span(name), pages::plain(&nature(parameter)));
        }
    }
    if !beside.packs.is_empty() {
        text.push_str("\n**Packs**\n\n");
        for (pack, controls) in &beside.packs {
            let controls = controls.iter().map(|control| pages::plain(control)).collect::<Vec<_>>().join(", ");
            let controls = if controls.is_empty() { controls } else { format!(": {controls}") };
            _ = writeln!(text, "- {}{controls}", span(pack));
        }
    }
    text.push_str("\n**References**\n\n");
    for page in &rule.references {
        _ = writeln!(text, "- <{}>", page.replace(['<', '>', ' '], ""));
    }
}

fn permissions(actions: &BTreeSet<String>, beside: &Beside) -> String {
    let mut told = spans(actions);
    for (parameter, actions) in &beside.permissions_with {
        _ = write!(told, "<br>with {} also {}", span(parameter), spans(actions));
    }
    told
}

fn spans<'t>(texts: impl IntoIterator<Item = &'t String>) -> String {
    texts.into_iter().map(|text| span(text)).collect::<Vec<_>>().join(", ")
}
