//! `assize rules check`: what cannot be right with rules, before any of them runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use assize::report::harmless;
use assize::report::terminal::counted;
use assize::rule::check::{self, Types};
use assize::rule::load;
use rayon::prelude::*;

use super::{BAD, BOLD, chosen, id_of, print, read};
use crate::cli::Definitions;
use crate::failure::Failure;
use crate::output::Colors;
use crate::{exit, input};

pub(super) fn run(
    folders: &[PathBuf],
    wanted: &[String],
    definitions: &Definitions,
    colors: Colors,
) -> Result<u8, Failure> {
    let (models, catalog) = input::definitions(definitions)?;
    let mut types = Types { names: catalog.types().map(ToString::to_string).collect(), schemas: BTreeMap::new() };
    let mut told = BTreeMap::<String, Vec<String>>::new();
    let mut rules = 0;
    for (folder, name) in read(folders)? {
        let ids = chosen(&folder, wanted)?;
        let of_folder =
            folder.rules.iter().filter(|(path, _)| ids.as_ref().is_none_or(|ids| ids.contains(id_of(path))));
        let loaded: Vec<_> =
            of_folder.map(|(path, files)| (path, files, load::rule(path, files, &folder.libraries))).collect();
        rules += loaded.len();
        for resource_type in loaded.iter().filter_map(|(.., rule)| rule.as_ref().ok()).flat_map(check::named) {
            if !types.schemas.contains_key(resource_type)
                && let Some(schema) = catalog.schema(resource_type, &models)
            {
                types.schemas.insert(resource_type.to_owned(), schema);
            }
        }
        told.par_extend(loaded.par_iter().map(|(path, files, rule)| {
            let mistakes = rule
                .as_ref()
                .map_err(ToString::to_string)
                .and_then(|rule| check::mistakes(rule, &files.metadata, &types).map_err(|error| error.to_string()));
            let lines = match mistakes {
                Ok(mistakes) => mistakes.iter().map(|one| format!("{name}/{one}")).collect(),
                Err(error) => vec![format!("{name}/{error}")],
            };
            (format!("{name}/{path}"), lines)
        }));
        for orphan in folder.orphans.iter().filter(|_| wanted.is_empty()) {
            told.insert(format!("{name}/{orphan}"), vec![format!("{name}/{orphan} belongs to no rule")]);
        }
    }
    let mut text = String::new();
    // What is wrong with a library is told of each rule that calls it.
    let mut said = BTreeSet::new();
    for line in told.values().flatten().filter(|line| said.insert(line.as_str())) {
        let mut lines = line.lines();
        _ = writeln!(text, "{}", harmless(lines.next().unwrap_or_default()));
        for more in lines {
            _ = writeln!(text, "  {}", harmless(more));
        }
    }
    let found = said.len();
    if found > 0 {
        text.push('\n');
    }
    let verdict = if found == 0 { "nothing to mend".to_owned() } else { counted(found, "mistake") };
    let style = if found == 0 { BOLD } else { BAD };
    _ = writeln!(text, "{style}{}: {verdict}{style:#}", counted(rules, "rule"));
    print(&text, colors)?;
    Ok(if found == 0 { exit::CLEAN } else { exit::FINDINGS })
}
