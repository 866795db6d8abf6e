//! `assize rules`: what rules there are, what they say, whether their cases hold, and the beginning of a new one.

mod beside;
mod check;
mod docs;
mod list;
mod show;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use assize::report::harmless;
use assize::report::terminal::counted;
use assize::rule::case::{CaseReport, Cases, Types, Untested};
use assize::rule::load::{self, Files, Folder};
use assize::rule::{RuleSet, Selection};
use rayon::prelude::*;

use crate::cli::{Definitions, Rules};
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::{exit, input};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

pub(crate) fn run(command: &Rules, colors: Colors) -> Result<u8, Failure> {
    match command {
        Rules::List { choice, format, definitions } => list::run(choice, *format, definitions, colors),
        Rules::Show { rule, folders, definitions } => show::run(rule, folders, definitions, colors),
        Rules::Docs { folder, choice, definitions } => docs::run(folder, choice, definitions, colors),
        Rules::Test { folders, rules, thorough, definitions } => test(folders, rules, *thorough, definitions, colors),
        Rules::Check { folders, rules, definitions } => check::run(folders, rules, definitions, colors),
        Rules::New { rule, resource_type, dir, definitions } => new(rule, resource_type, dir, definitions, colors),
    }
}

fn print(text: &str, colors: Colors) -> Result<(), Failure> {
    output::stdout(colors, false, |out| out.write_all(text.as_bytes()))
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
    for (folder, _) in &read(folders)? {
        let chosen = chosen(folder, wanted)?;
        let of_folder =
            folder.rules.par_iter().filter(|(path, _)| chosen.as_ref().is_none_or(|ids| ids.contains(id_of(path))));
        let id = |path: &str| id_of(path).to_owned();
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

/// The rules of folders, each with the folder's name; without any, the built-in ones.
fn read(folders: &[PathBuf]) -> Result<Vec<(Folder, String)>, Failure> {
    if folders.is_empty() {
        return Ok(vec![(Folder::builtin(), "rules".to_owned())]);
    }
    let read = |folder: &PathBuf| {
        let rules = Folder::read(folder).map_err(|error| Failure::of("cannot load the rules", &error))?;
        Ok((rules, folder.display().to_string().trim_end_matches('/').to_owned()))
    };
    folders.iter().map(read).collect()
}

/// The id of the rule at a path, which is the name of its files.
fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
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
        if folder.rules.keys().any(|path| id_of(path) == name) {
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
