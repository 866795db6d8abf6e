//! `assize rules list`: which rules there are, for people, for a page and for programs.

use std::fmt::Write as _;

use anstyle::Style;
use assize::report::harmless;
use assize::report::terminal::severity_style;
use assize::rule::RuleSet;
use assize::rule::set::Chosen;

use super::beside::Sources;
use super::docs::row;
use super::{BAD, print};
use crate::cli::{Choice, Definitions, ListFormat};
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::{exit, input};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

pub(super) fn run(
    choice: &Choice,
    format: ListFormat,
    definitions: &Definitions,
    colors: Colors,
) -> Result<u8, Failure> {
    let all = input::all_rules(&choice.folders)?;
    let rules = input::chosen(&all, choice)?.rules;
    match format {
        ListFormat::Terminal => {
            print(&terminal(&rules), colors)?;
            return broken(&rules, colors);
        }
        ListFormat::Markdown => {
            let mut text = "| rule | severity | category | title |\n|---|---|---|---|\n".to_owned();
            rules.iter().for_each(|chosen| text.push_str(&row(chosen, chosen.id())));
            output::stdout(colors, true, |out| out.write_all(text.as_bytes()))?;
        }
        ListFormat::Json => {
            let sources = Sources::new(&all, definitions)?;
            let told: Vec<_> = rules.iter().map(|chosen| (chosen, sources.of(chosen))).collect();
            output::stdout(colors, true, |out| assize::report::rules::write(&told, rules.errors(), out))?;
        }
    }
    Ok(if rules.errors().is_empty() { exit::CLEAN } else { exit::INCOMPLETE })
}

fn terminal(rules: &RuleSet) -> String {
    let mut text = String::new();
    let columns = |of: fn(&Chosen) -> &str| rules.iter().map(|chosen| of(chosen).len()).max().unwrap_or(0);
    let ids = columns(|chosen| chosen.id());
    let severities = columns(|chosen| chosen.severity().as_str());
    let categories = columns(|chosen| chosen.rule.category.as_str());
    for chosen in rules.iter() {
        let style = severity_style(chosen.severity());
        let severity = chosen.severity().as_str();
        _ = writeln!(
            text,
            "{BOLD}{:ids$}{BOLD:#}  {style}{severity}{style:#}{:gap$}  {DIM}{:categories$}{DIM:#}  {}",
            harmless(chosen.id()),
            "",
            chosen.rule.category.as_str(),
            harmless(&chosen.rule.title),
            gap = severities - severity.len(),
        );
    }
    text
}

/// Rules that could not be loaded are told, and the exit code says so.
fn broken(rules: &RuleSet, colors: Colors) -> Result<u8, Failure> {
    let mut text = String::new();
    for error in rules.errors() {
        let mut lines = error.message.lines();
        let first = lines.next().unwrap_or_default();
        _ = writeln!(text, "{BAD}rule error[{}]{BAD:#}: {}", harmless(&error.rule), harmless(first));
        for line in lines {
            _ = writeln!(text, "  {}", harmless(line));
        }
    }
    print(&text, colors)?;
    Ok(if rules.errors().is_empty() { exit::CLEAN } else { exit::INCOMPLETE })
}
