//! The files of a repository that may define resources. What is in a repository is as hostile as what is in an account:
//! nothing outside of the folder is read, nothing large, and nothing without end.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Warning;

/// The most bytes of a file of definitions, of a file of Terraform's state, the most files, and how deep they may be.
pub(super) const MOST_BYTES: u64 = 4 << 20;
pub(super) const MOST_STATE_BYTES: u64 = 256 << 20;
const MOST_FILES: usize = 100_000;
const MOST_DEPTH: usize = 32;

/// A file, its name as seen from the repository's root, and what it is by its ending.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) name: Arc<str>,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Hcl,
    HclJson,
    State,
    /// YAML or JSON that may be a template.
    Template,
}

fn kind(name: &str) -> Option<Kind> {
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    Some(match name {
        _ if ends(&[".tf.json", ".tofu.json"]) => Kind::HclJson,
        _ if ends(&[".tf", ".tofu"]) => Kind::Hcl,
        _ if ends(&[".tfstate"]) => Kind::State,
        _ if ends(&[".yaml", ".yml", ".json", ".template"]) => Kind::Template,
        _ => return None,
    })
}

/// The files below a folder, sorted by name. Links that lead out of it are told of; others are of what is there anyway.
/// What tools keep for themselves (`.terraform`, `node_modules`) is not looked at.
pub(super) fn walk(folder: &Path, root: &Path, warnings: &mut Vec<Warning>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0_usize)];
    while let Some((at, depth)) = folders.pop() {
        let entries = match fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(error) => {
                warnings.push(Warning::new(&name(&at, root), 1, format!("the folder cannot be read: {error}")));
                continue;
            }
        };
        let paths: BTreeSet<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        for path in paths {
            let Some(short) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
            let Ok(about) = fs::symlink_metadata(&path) else { continue };
            if about.is_symlink() {
                let inside = fs::canonicalize(&path).is_ok_and(|target| target.starts_with(folder));
                if !inside && (kind(&short).is_some() || path.is_dir()) {
                    let text = "a link that leads out of the folder is not followed".to_owned();
                    warnings.push(Warning::new(&name(&path, root), 1, text));
                }
            } else if about.is_dir() {
                let of_tools = short.starts_with('.') || short == "node_modules";
                if depth >= MOST_DEPTH {
                    let text = format!("folders are looked at down to a depth of {MOST_DEPTH}");
                    warnings.push(Warning::new(&name(&path, root), 1, text));
                } else if !of_tools || short == "terraform.tfstate.d" {
                    folders.push((path, depth + 1));
                }
            } else if let Some(kind) = kind(&short).filter(|_| about.is_file()) {
                if found.len() >= MOST_FILES {
                    let text = format!("there are more than {MOST_FILES} files that may define resources");
                    warnings.push(Warning::new(&name(&path, root), 1, text));
                    folders.clear();
                    break;
                }
                found.push(Found { name: name(&path, root), path, kind });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// How a path is called, seen from the root.
pub(super) fn name(path: &Path, root: &Path) -> Arc<str> {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = inside
        .components()
        .filter_map(|part| match part {
            std::path::Component::Normal(part) => Some(part.to_string_lossy()),
            _ => None,
        })
        .collect();
    parts.join("/").into()
}

/// The text of a file of at most so many bytes.
///
/// # Errors
/// Why it cannot be had, in a sentence.
pub(super) fn text(path: &Path, most: u64) -> Result<String, String> {
    let read = |error: std::io::Error| format!("the file cannot be read: {error}");
    let file = File::open(path).map_err(read)?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() as u64 > most {
        return Err(format!("the file has more than {} MiB and is not read", most >> 20));
    }
    String::from_utf8(bytes).map_err(|error| format!("byte {} is not UTF-8", error.utf8_error().valid_up_to()))
}
