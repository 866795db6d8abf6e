//! `assize packs`: conformance packs, what they ask for, and how much of it assize can run.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anstyle::Style;
use assize::pack::{Pack, Run, Source, choose};
use assize::report::harmless;
use assize::report::markdown::span;
use assize::report::terminal::counted;
use assize::rule::RuleSet;
use serde_json::json;

use crate::cli::{ListFormat, Packs};
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::{exit, input};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

pub(crate) fn run(command: &Packs, colors: Colors) -> Result<u8, Failure> {
    let (text, plain) = match command {
        Packs::List => (list()?, false),
        Packs::Show { pack, folders } => (show(&input::pack(pack)?, &input::all_rules(&folders.folders)?), false),
        Packs::Coverage { packs, format, folders } => {
            let rules = input::all_rules(&folders.folders)?;
            let coverages = read(packs)?.into_iter().map(|pack| Coverage::new(pack, &rules)).collect::<Vec<_>>();
            match format {
                ListFormat::Terminal => (terminal(&coverages), false),
                ListFormat::Markdown => (markdown(&coverages), true),
                ListFormat::Json => (json(&coverages), true),
            }
        }
    };
    output::stdout(colors, plain, |out| out.write_all(text.as_bytes()))?;
    Ok(exit::CLEAN)
}

fn list() -> Result<String, Failure> {
    let packs = Pack::builtin().map(input::pack).collect::<Result<Vec<_>, _>>()?;
    let columns = packs.iter().map(|pack| pack.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for pack in packs {
        let description = pack.description.unwrap_or_default();
        let rules = counted(pack.rules.len(), "rule");
        _ = writeln!(text, "{BOLD}{:columns$}{BOLD:#}  {rules:>9}  {description}", pack.name);
    }
    Ok(text)
}

fn show(pack: &Pack, all: &RuleSet) -> String {
    let mut text = format!("{BOLD}{}{BOLD:#}\n", harmless(&pack.name));
    if let Some(description) = &pack.description {
        _ = writeln!(text, "{}", harmless(description));
    }
    if !pack.parameters.is_empty() {
        _ = writeln!(text, "\n{BOLD}Parameters{BOLD:#}");
        for (name, value) in &pack.parameters {
            let value = value.as_deref().map_or_else(|| "(to be given)".into(), harmless);
            _ = writeln!(text, "  {} {DIM}={DIM:#} {value}", harmless(name));
        }
    }
    _ = writeln!(text, "\n{BOLD}Rules{BOLD:#}");
    let choice = choose(vec![pack.clone()], all, &RuleSet::default());
    for (rule, run) in choice.packs.iter().flat_map(|(pack, runs)| pack.rules.iter().zip(runs)) {
        let (name, note) = match run {
            Run::As(name) => (name.to_string(), String::new()),
            Run::ByHand => (rule.name.clone(), "a person has to check it".to_owned()),
            Run::NotImplemented(reason) | Run::Impossible(reason) => (called(&rule.source, &rule.name), reason.clone()),
        };
        let note = if note.is_empty() { note } else { format!(" {DIM}({}){DIM:#}", harmless(&note)) };
        _ = writeln!(text, "  {}{note}", harmless(&name));
        if let Ok(parameters) = &rule.parameters {
            for (name, value) in parameters {
                _ = writeln!(text, "    {DIM}{} = {}{DIM:#}", harmless(name), harmless(&value.to_string()));
            }
        }
        if !rule.controls.is_empty() {
            _ = writeln!(text, "    {DIM}controls: {}{DIM:#}", harmless(&rule.controls.join(", ")));
        }
    }
    for (name, kind) in &pack.others {
        _ = writeln!(text, "  {} {DIM}({}: not run){DIM:#}", harmless(name), harmless(kind));
    }
    text
}

fn called(source: &Source, name: &str) -> String {
    match source {
        Source::Managed(identifier) => identifier.clone(),
        _ => name.to_owned(),
    }
}

/// The packs that are named, those of folders, or all that come with assize.
fn read(named: &[String]) -> Result<Vec<Pack>, Failure> {
    if named.is_empty() {
        return Pack::builtin().map(input::pack).collect();
    }
    let mut packs = Vec::new();
    for name in named {
        if !Path::new(name).is_dir() {
            packs.push(input::pack(name)?);
            continue;
        }
        let entries = fs::read_dir(name).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = entries.map_err(|error| Failure::of(format!("cannot read {name}"), &error))?;
        let is_pack =
            |path: &PathBuf| path.extension().is_some_and(|end| end == "yaml" || end == "yml" || end == "json");
        let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).filter(is_pack).collect();
        paths.sort();
        for path in paths {
            packs.push(input::pack(&path.display().to_string())?);
        }
    }
    Ok(packs)
}

/// How much of a pack can be run.
struct Coverage {
    name: String,
    rules: usize,
    by_hand: usize,
    /// What cannot be run, in the order of the pack, with the reason.
    missing: Vec<(String, String)>,
    run: usize,
}

impl Coverage {
    fn new(pack: Pack, all: &RuleSet) -> Self {
        let mut coverage =
            Self { name: pack.name.clone(), rules: pack.rules.len(), by_hand: 0, missing: Vec::new(), run: 0 };
        let choice = choose(vec![pack], all, &RuleSet::default());
        for (rule, run) in choice.packs.iter().flat_map(|(pack, runs)| pack.rules.iter().zip(runs)) {
            match run {
                Run::As(_) => coverage.run += 1,
                Run::ByHand => coverage.by_hand += 1,
                Run::NotImplemented(reason) | Run::Impossible(reason) => {
                    coverage.missing.push((called(&rule.source, &rule.name), reason.clone()));
                }
            }
        }
        coverage
    }

    /// The rules that it has but cannot run.
    fn not_run(&self) -> usize {
        self.missing.len()
    }

    /// Of those that a program can check, in whole percent.
    fn percent(&self) -> usize {
        (self.run * 100).checked_div(self.rules - self.by_hand).unwrap_or(100)
    }
}

fn terminal(coverages: &[Coverage]) -> String {
    let columns = coverages.iter().map(|one| harmless(&one.name).chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for one in coverages {
        _ = writeln!(
            text,
            "{BOLD}{:columns$}{BOLD:#}  {:>3} %  {} of {} rules run, {} to check by hand, {} not implemented",
            harmless(&one.name),
            one.percent(),
            one.run,
            one.rules,
            one.by_hand,
            one.not_run(),
        );
        // What is missing of many packs is what `--format json` is for.
        if let [_] = coverages {
            for (name, reason) in &one.missing {
                _ = writeln!(text, "  {} {DIM}({}){DIM:#}", harmless(name), harmless(reason));
            }
        }
    }
    text
}

fn markdown(coverages: &[Coverage]) -> String {
    let mut text =
        "| pack | rules | run | by hand | not implemented | of those for a program |\n|---|--:|--:|--:|--:|--:|\n"
            .to_owned();
    for one in coverages {
        let name = span(&one.name).replace('|', "\\|");
        _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {} % |",
            one.rules,
            one.run,
            one.by_hand,
            one.not_run(),
            one.percent(),
        );
    }
    text
}

fn json(coverages: &[Coverage]) -> String {
    let missing = |(name, reason): &(String, String)| json!({"name": name, "reason": reason});
    let one = |one: &Coverage| {
        json!({
            "name": one.name,
            "rules": one.rules,
            "run": one.run,
            "manualProcessChecks": one.by_hand,
            "notImplemented": one.missing.iter().map(missing).collect::<serde_json::Value>(),
        })
    };
    format!("{:#}\n", coverages.iter().map(one).collect::<serde_json::Value>())
}
