//! `assize rules`: what rules there are, what they say, whether their cases hold, and the beginning of a new one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use assize::report::harmless;
use assize::report::terminal::{counted, severity_style, wrap};
use assize::rule::case::{CaseReport, Cases, Types, Untested};
use assize::rule::load::{self, Files, Folder};
use assize::rule::set::Chosen;
use assize::rule::{Parameter, RuleSet, Selection};
use rayon::prelude::*;

use crate::cli::{Choice, Definitions, Rules};
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::{exit, input};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

pub(crate) fn run(command: &Rules, colors: Colors) -> Result<u8, Failure> {
    match command {
        Rules::List { choice } => list(choice, colors),
        Rules::Show { rule, folders } => show(rule, folders, colors),
        Rules::Test { folders, rules, thorough, definitions } => test(folders, rules, *thorough, definitions, colors),
        Rules::New { rule, resource_type, dir, definitions } => new(rule, resource_type, dir, definitions, colors),
    }
}

fn print(text: &str, colors: Colors) -> Result<(), Failure> {
    output::stdout(colors, false, |out| out.write_all(text.as_bytes()))
}

fn list(choice: &Choice, colors: Colors) -> Result<u8, Failure> {
    let rules = input::rules(choice)?;
    let mut text = String::new();
    let columns = |of: fn(&Chosen) -> &str| rules.iter().map(|chosen| of(chosen).len()).max().unwrap_or(0);
    let ids = columns(|chosen| &chosen.rule.id);
    let severities = columns(|chosen| chosen.rule.severity.as_str());
    let categories = columns(|chosen| chosen.rule.category.as_str());
    for Chosen { rule, .. } in rules.iter() {
        let style = severity_style(rule.severity);
        let severity = rule.severity.as_str();
        _ = writeln!(
            text,
            "{BOLD}{:ids$}{BOLD:#}  {style}{severity}{style:#}{:gap$}  {DIM}{:categories$}{DIM:#}  {}",
            harmless(&rule.id),
            "",
            rule.category.as_str(),
            harmless(&rule.title),
            gap = severities - severity.len(),
        );
    }
    print(&text, colors)?;
    broken(&rules, colors)
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

fn show(name: &str, folders: &[PathBuf], colors: Colors) -> Result<u8, Failure> {
    let all = input::all_rules(folders)?;
    // Named alone, so that the message for an unknown one is the usual one; parameters may be missing here.
    let Some(Chosen { rule, .. }) = all.by_name(name) else {
        let selection = Selection { rules: vec![name.to_owned()], ..Selection::default() };
        return match all.select(&selection) {
            Err(error) => Err(input::unchosen(&all, &error)),
            Ok(_) => {
                Err(Failure::new(format!("{name} names several rules")).help("assize rules list --rule lists them"))
            }
        };
    };
    let width = output::width();
    let mut text = String::new();
    let style = severity_style(rule.severity);
    _ = writeln!(text, "{BOLD}{}{BOLD:#}", harmless(&rule.id));
    for line in wrap(&rule.title, width, 0, 0) {
        _ = writeln!(text, "{line}");
    }
    _ = writeln!(text, "\n  severity  {style}{}{style:#}", rule.severity.as_str());
    let types: Vec<&str> = rule.resource_types.iter().map(AsRef::as_ref).collect();
    let mut fields = vec![
        ("category", rule.category.to_string()),
        ("maturity", rule.maturity.to_string()),
        ("trigger", rule.trigger.to_string()),
        ("judges", types.join(", ")),
    ];
    for (resource_type, parts) in &rule.reads {
        let parts: Vec<&str> = parts.iter().map(|read| read.part.as_str()).collect();
        let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        fields.push(("reads", format!("{resource_type}{parts}")));
    }
    fields.extend(rule.aliases.iter().map(|alias| ("alias", alias.clone())));
    let mut before = "";
    for (label, value) in &fields {
        let shown = if *label == before { "" } else { label };
        before = label;
        for (at, line) in wrap(value, width, 12, 12).into_iter().enumerate() {
            _ = writeln!(text, "  {:8}  {line}", if at == 0 { shown } else { "" });
        }
    }
    section(&mut text, "", &rule.description, width);
    section(&mut text, "Risk", &rule.risk, width);
    section(&mut text, "Remediation", &rule.remediation, width);
    if !rule.parameters.is_empty() {
        _ = writeln!(text, "\n{BOLD}Parameters{BOLD:#}");
        for (name, parameter) in &rule.parameters {
            _ = writeln!(text, "  {BOLD}{}{BOLD:#} {DIM}({}){DIM:#}", harmless(name), nature(parameter));
            for line in wrap(&parameter.description, width, 4, 4) {
                _ = writeln!(text, "    {line}");
            }
        }
    }
    if !rule.references.is_empty() {
        _ = writeln!(text, "\n{BOLD}References{BOLD:#}");
        for page in &rule.references {
            _ = writeln!(text, "  {}", harmless(page));
        }
    }
    print(&text, colors)?;
    Ok(exit::CLEAN)
}

/// `a whole number, 90 by default`.
fn nature(parameter: &Parameter) -> String {
    let mut nature = parameter.kind.to_string();
    if let Some(default) = &parameter.default {
        nature = format!("{nature}, {} by default", harmless(&default.to_string()));
    } else if parameter.required {
        nature.push_str(", required");
    }
    if !parameter.allowed.is_empty() {
        let allowed: Vec<String> = parameter.allowed.iter().map(ToString::to_string).collect();
        nature = format!("{nature}, one of {}", harmless(&allowed.join(", ")));
    }
    nature
}

fn section(text: &mut String, heading: &str, body: &str, width: usize) {
    _ = writeln!(text);
    if !heading.is_empty() {
        _ = writeln!(text, "{BOLD}{heading}{BOLD:#}");
    }
    for (at, paragraph) in body.trim().split("\n\n").enumerate() {
        if at > 0 {
            _ = writeln!(text);
        }
        for line in wrap(paragraph, width, 2, 2) {
            _ = writeln!(text, "  {line}");
        }
    }
}

/// Cases are run as a scan would run the rule: only what it says that it reads is there.
fn test(
    folders: &[PathBuf],
    wanted: &[String],
    thorough: bool,
    definitions: &Definitions,
    colors: Colors,
) -> Result<u8, Failure> {
    let (_, catalog) = input::definitions(definitions)?;
    let types = input::case_types(&catalog);
    let mut tested = BTreeMap::<String, Result<Tested, String>>::new();
    let mut errors = Vec::new();
    let folders = if folders.is_empty() {
        vec![Folder::builtin()]
    } else {
        let read =
            |folder: &PathBuf| Folder::read(folder).map_err(|error| Failure::of("cannot load the rules", &error));
        folders.iter().map(read).collect::<Result<Vec<_>, _>>()?
    };
    for folder in &folders {
        let chosen = chosen(folder, wanted)?;
        let id = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let of_folder =
            folder.rules.par_iter().filter(|(path, _)| chosen.as_ref().is_none_or(|ids| ids.contains(&id(path))));
        tested.par_extend(of_folder.map(|(path, files)| (id(path), run_cases(path, files, folder, &types, thorough))));
        errors.extend(folder.orphans.iter().map(|orphan| format!("{orphan} belongs to no rule")));
    }
    let mut text = String::new();
    let (mut cases, mut failed, mut loose) = (0, errors.len(), 0);
    for (id, report) in &tested {
        match report {
            Ok(Tested { report, untested }) => {
                cases += report.outcomes.len();
                if report.passed() {
                    _ = writeln!(
                        text,
                        "{GOOD}ok{GOOD:#}      {} {DIM}({} cases){DIM:#}",
                        harmless(id),
                        report.outcomes.len()
                    );
                    for one in untested {
                        _ = writeln!(text, "        {}", harmless(&one.to_string()));
                    }
                    loose += untested.len();
                    continue;
                }
                _ = writeln!(text, "{BAD}failed{BAD:#}  {}", harmless(id));
                for outcome in report.outcomes.iter().filter(|outcome| !outcome.failures.is_empty()) {
                    failed += 1;
                    _ = writeln!(text, "        {}", harmless(&outcome.name));
                    for line in outcome.failures.iter().flat_map(|failure| failure.lines()) {
                        _ = writeln!(text, "          {}", harmless(line));
                    }
                }
            }
            Err(message) => {
                failed += 1;
                _ = writeln!(text, "{BAD}failed{BAD:#}  {}", harmless(id));
                for line in message.lines() {
                    _ = writeln!(text, "        {}", harmless(line));
                }
            }
        }
    }
    for error in &errors {
        _ = writeln!(text, "{BAD}failed{BAD:#}  {}", harmless(error));
    }
    let mut verdict = if failed == 0 { "all hold".to_owned() } else { format!("{failed} failed") };
    if loose > 0 {
        _ = write!(verdict, ", {loose} untested");
    }
    let (rules, cases) = (counted(tested.len(), "rule"), counted(cases, "case"));
    _ = writeln!(text, "\n{BOLD}{rules}, {cases}: {verdict}{BOLD:#}");
    print(&text, colors)?;
    Ok(if failed == 0 && loose == 0 { exit::CLEAN } else { exit::FINDINGS })
}

/// What came of the cases of a rule that loads.
struct Tested {
    report: CaseReport,
    /// If that was asked, and all cases hold.
    untested: Vec<Untested>,
}

/// The ids that the patterns stand for. A rule that does not load has an id too: that of its file.
fn chosen(folder: &Folder, wanted: &[String]) -> Result<Option<BTreeSet<String>>, Failure> {
    if wanted.is_empty() {
        return Ok(None);
    }
    let set = RuleSet::from_folder(folder);
    let selection = Selection { rules: wanted.to_vec(), ..Selection::default() };
    let mut ids = BTreeSet::new();
    for name in wanted {
        if folder.rules.keys().any(|path| path.rsplit('/').next() == Some(name)) {
            ids.insert(name.clone());
        }
    }
    if ids.len() < wanted.len() {
        let selected = set.select(&selection).map_err(|error| input::unchosen(&set, &error))?;
        ids.extend(selected.iter().map(|chosen| chosen.rule.id.to_string()));
    }
    Ok(Some(ids))
}

fn run_cases(path: &str, files: &Files, folder: &Folder, types: &Types, thorough: bool) -> Result<Tested, String> {
    let rule = load::rule(path, files, &folder.libraries).map_err(|error| error.to_string())?;
    let cases = files.cases.as_deref().ok_or_else(|| format!("{path}.test.yaml is missing"))?;
    let cases = Cases::parse(cases).map_err(|error| format!("{path}.test.yaml: {error}"))?;
    let rule = Arc::new(rule);
    let report = cases.run(&rule, types);
    let untested = if thorough && report.passed() { cases.untested(&rule, types) } else { Vec::new() };
    Ok(Tested { report, untested })
}

/// Writes the three files of a rule that works: it asks for a tag, which every type has.
fn new(id: &str, resource_type: &str, dir: &Path, definitions: &Definitions, colors: Colors) -> Result<u8, Failure> {
    let (_, catalog) = input::definitions(definitions)?;
    input::known_type(&catalog, resource_type)?;
    // Where the tags take a call of their own, the rule has to say that it reads them.
    let tags = catalog.get(resource_type).iter().find_map(|descriptor| descriptor.tags.as_ref()?.part.as_deref());
    let reads = tags.map(|part| format!("reads:\n  {resource_type}: [{part}]\n")).unwrap_or_default();
    let service = resource_type.split("::").nth(1).unwrap_or_default().to_lowercase();
    let path = format!("{service}/{id}");
    let texts = [
        ("yaml", include_str!("rules/new.yaml")),
        ("rhai", include_str!("rules/new.rhai")),
        ("test.yaml", include_str!("rules/new.test.yaml")),
    ]
    .map(|(ending, text)| {
        (ending, text.replace("READS\n", &reads).replace("RULE_ID", id).replace("RESOURCE_TYPE", resource_type))
    });
    let [metadata, script, cases] = &texts;
    let files = Files { metadata: metadata.1.clone(), script: Some(script.1.clone()), cases: Some(cases.1.clone()) };
    load::rule(&path, &files, &BTreeMap::new()).map_err(|error| {
        Failure::of("cannot begin the rule", &error).help("an id is lower-case words with hyphens between them")
    })?;
    let folder = dir.join(&service);
    let failed = |path: &Path, error| Failure::of(format_args!("cannot write {}", path.display()), &error);
    fs::create_dir_all(&folder).map_err(|error| failed(&folder, error))?;
    let targets = texts.map(|(ending, text)| (folder.join(format!("{id}.{ending}")), text));
    if let Some((path, _)) = targets.iter().find(|(path, _)| path.exists()) {
        return Err(Failure::new(format!("{} is there already", path.display())));
    }
    let mut said = String::new();
    for (path, text) in &targets {
        // Never over what is there, also if it came there just now.
        File::create_new(path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| failed(path, error))?;
        _ = writeln!(said, "{}", harmless(&path.display().to_string()));
    }
    let dir = harmless(&dir.display().to_string()).into_owned();
    _ = writeln!(said, "\nassize rules test {dir}\nassize scan --rules {dir} --rule {id}");
    print(&said, colors)?;
    Ok(exit::CLEAN)
}
