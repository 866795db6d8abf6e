//! `assize rules show`: all there is to know of one rule, for people.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use anstyle::Style;
use assize::report::harmless;
use assize::report::rules::Beside;
use assize::report::terminal::{severity_style, wrap};
use assize::rule::set::Chosen;
use assize::rule::{Level, Parameter, Rule, Selection};

use super::beside::Sources;
use super::print;
use crate::cli::Definitions;
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::{exit, input};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

pub(super) fn run(name: &str, folders: &[PathBuf], definitions: &Definitions, colors: Colors) -> Result<u8, Failure> {
    let all = input::all_rules(folders)?;
    // Named alone, so that the message for an unknown one is the usual one; parameters may be missing here.
    let Some(chosen) = all.by_name(name) else {
        let selection = Selection { rules: vec![name.to_owned()], ..Selection::default() };
        return match all.select(&selection) {
            Err(error) => Err(input::unchosen(&all, &error)),
            Ok(_) => {
                Err(Failure::new(format!("{name} names several rules")).help("assize rules list --rule lists them"))
            }
        };
    };
    let beside = Sources::new(&all, definitions)?.of(chosen);
    print(&text(chosen, &beside, output::width()), colors)?;
    Ok(exit::CLEAN)
}

fn text(chosen: &Chosen, beside: &Beside, width: usize) -> String {
    let rule = &chosen.rule;
    let mut text = String::new();
    let style = severity_style(rule.severity);
    _ = writeln!(text, "{BOLD}{}{BOLD:#}", harmless(&rule.id));
    for line in wrap(&rule.title, width, 0, 0) {
        _ = writeln!(text, "{line}");
    }
    _ = writeln!(text, "\n  severity  {style}{}{style:#}", rule.severity.as_str());
    let mut before = "";
    for (label, value) in &fields(rule) {
        let shown = if *label == before { "" } else { label };
        before = label;
        for (at, line) in wrap(value, width, 12, 12).into_iter().enumerate() {
            _ = writeln!(text, "  {:8}  {line}", if at == 0 { shown } else { "" });
        }
    }
    section(&mut text, "", &rule.description, width);
    section(&mut text, "Risk", &rule.risk, width);
    section(&mut text, "Remediation", &rule.remediation, width);
    for snippet in rule.fix.snippets() {
        _ = writeln!(text, "\n{BOLD}{}{BOLD:#}", snippet.language().heading());
        for line in snippet.generic().lines() {
            _ = writeln!(text, "  {}", harmless(line));
        }
    }
    if !rule.parameters.is_empty() {
        _ = writeln!(text, "\n{BOLD}Parameters{BOLD:#}");
        for (name, parameter) in &rule.parameters {
            _ = writeln!(text, "  {BOLD}{}{BOLD:#} {DIM}({}){DIM:#}", harmless(name), harmless(&nature(parameter)));
            for line in wrap(&parameter.description, width, 4, 4) {
                _ = writeln!(text, "    {line}");
            }
        }
    }
    permissions(&mut text, beside, width);
    if !beside.packs.is_empty() {
        _ = writeln!(text, "\n{BOLD}Packs{BOLD:#}");
        for (pack, controls) in &beside.packs {
            for (at, line) in wrap(&with_controls(pack, controls), width, 2, 4).into_iter().enumerate() {
                _ = writeln!(text, "{}{line}", if at == 0 { "  " } else { "    " });
            }
        }
    }
    if !rule.references.is_empty() {
        _ = writeln!(text, "\n{BOLD}References{BOLD:#}");
        for page in &rule.references {
            _ = writeln!(text, "  {}", harmless(page));
        }
    }
    text
}

/// The short facts, each with its label.
fn fields(rule: &Rule) -> Vec<(&'static str, String)> {
    let types: Vec<&str> = rule.resource_types.iter().map(AsRef::as_ref).collect();
    let mut fields = vec![
        ("category", rule.category.to_string()),
        ("maturity", rule.maturity.to_string()),
        ("trigger", rule.trigger.to_string()),
        ("judges", types.join(", ") + level(rule)),
    ];
    for (resource_type, parts) in &rule.reads {
        let parts: Vec<String> = parts
            .iter()
            .map(|read| match &read.parameter {
                Some(parameter) => format!("{} (with {parameter})", read.part),
                None => read.part.clone(),
            })
            .collect();
        let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        fields.push(("reads", format!("{resource_type}{parts}")));
    }
    fields.extend(rule.aliases.iter().map(|alias| ("alias", alias.clone())));
    fields
}

/// Of a rule on the account itself, how often it is judged.
pub(super) fn level(rule: &Rule) -> &'static str {
    match rule.level {
        Some(Level::Account) => ", once",
        Some(Level::Region) => ", in each region",
        None => "",
    }
}

/// `a whole number, at least 1; 90 by default`.
pub(super) fn nature(parameter: &Parameter) -> String {
    let nature = parameter.expected();
    match &parameter.default {
        Some(default) => format!("{nature}; {default} by default"),
        None if parameter.required => format!("{nature}; required"),
        None => nature,
    }
}

/// `cis-aws-foundations-5.0: 2.2.1, 2.2.2`.
fn with_controls(pack: &str, controls: &BTreeSet<String>) -> String {
    let controls: Vec<&str> = controls.iter().map(String::as_str).collect();
    if controls.is_empty() { pack.to_owned() } else { format!("{pack}: {}", controls.join(", ")) }
}

fn permissions(text: &mut String, beside: &Beside, width: usize) {
    _ = writeln!(text, "\n{BOLD}Permissions{BOLD:#}");
    let mut lines = |intro: &str, actions: &BTreeSet<String>| {
        let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
        for line in wrap(&format!("{intro}{}", actions.join(", ")), width, 2, 2) {
            _ = writeln!(text, "  {line}");
        }
    };
    match &beside.permissions {
        Some(actions) => lines("", actions),
        None => lines("not known: the rule reads a type or a part that no descriptor tells of", &BTreeSet::new()),
    }
    for (parameter, actions) in &beside.permissions_with {
        lines(&format!("with {parameter} also "), actions);
    }
}

fn section(text: &mut String, heading: &str, body: &str, width: usize) {
    _ = writeln!(text);
    if !heading.is_empty() {
        _ = writeln!(text, "{BOLD}{heading}{BOLD:#}");
    }
    for (at, paragraph) in body.trim_end().split("\n\n").enumerate() {
        if at > 0 {
            _ = writeln!(text);
        }
        // A block of code stays as it is.
        if paragraph.lines().all(|line| line.starts_with("    ")) {
            for line in paragraph.lines() {
                _ = writeln!(text, "  {}", harmless(line));
            }
            continue;
        }
        for line in wrap(paragraph, width, 2, 2) {
            _ = writeln!(text, "  {line}");
        }
    }
}
