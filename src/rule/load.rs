//! From the files of a rule to a checked [`Rule`]: unknown keys, missing sentences and defects of the script are errors
//! with file and position. A file that is wrong is an error of that rule only.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fix::{self, Fix};
use super::script::{Defect, Script};
use super::{Category, Level, Maturity, Parameter, PartRead, Rule, Trigger};
use crate::evaluation::Severity;
use crate::item::ACCOUNT;
use crate::value::intern;

/// A rule that could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The `.yaml` file is not what it should be.
    #[error("{path}.yaml: {message}")]
    Metadata {
        /// Without the ending.
        path: String,
        /// What is wrong, with line and column.
        message: String,
    },
    /// The `.rhai` file is not what it should be.
    #[error("{path}.rhai: {message}")]
    Script {
        /// Without the ending.
        path: String,
        /// What is wrong, with line and column.
        message: String,
    },
}

/// The `.yaml` file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    id: String,
    title: String,
    severity: Severity,
    category: Category,
    maturity: Maturity,
    trigger: Trigger,
    resource_types: Vec<String>,
    level: Option<Level>,
    #[serde(default)]
    reads: BTreeMap<String, BTreeSet<PartRead>>,
    description: String,
    risk: String,
    remediation: String,
    #[serde(default)]
    fix: Option<FixFile>,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    #[serde(default)]
    aliases: Vec<String>,
    references: Vec<String>,
    /// Names of scripts in `lib/` whose functions this rule's script calls.
    #[serde(default)]
    libraries: Vec<String>,
}

/// How to mend a finding, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FixFile {
    cli: Option<String>,
    terraform: Option<String>,
}

/// Makes a rule of its texts.
///
/// `path` is that of the files without their endings, `ec2/encrypted-volumes`: the last part is the rule's id, the one
/// before it the service. `libraries` are the shared scripts by name.
///
/// # Errors
/// The first thing that is wrong, with its position.
pub fn rule(path: &str, files: &Files, libraries: &BTreeMap<String, String>) -> Result<Rule, LoadError> {
    let metadata = serde_saphyr::from_str(&files.metadata)
        .map_err(|error| LoadError::Metadata { path: path.to_owned(), message: one_line(&error) })?;
    let text = files.metadata.clone().into();
    let rule = checked(path, metadata, text, files.script.as_deref(), libraries, Fix::new)?;
    match rule.script.compiled() {
        Ok(_) => Ok(rule),
        Err(Defect { path, message }) => Err(LoadError::Script { path: path.clone(), message: message.clone() }),
    }
}

/// A built-in rule, whose metadata the build made JSON of, and whose script is known to compile.
pub(super) fn embedded(
    path: &str,
    text: Cow<'static, str>,
    script: Option<&str>,
    libraries: &BTreeMap<String, String>,
) -> Result<Rule, LoadError> {
    let metadata = serde_json::from_str(&text)
        .map_err(|error| LoadError::Metadata { path: path.to_owned(), message: error.to_string() })?;
    checked(path, metadata, text, script, libraries, Fix::known)
}

/// The texts of a rule as it was run once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// Where it stood, without endings: `ec2/encrypted-volumes`.
    pub path: String,
    /// What it is: YAML, of which JSON is a part.
    pub metadata: String,
    /// Its script by path without ending, after the libraries (`lib/…`) that it calls.
    pub scripts: Vec<(String, String)>,
}

impl Texts {
    /// The rule that they make.
    ///
    /// # Errors
    /// The first thing that is wrong, with its position: another assize may ask for more than the one that kept them.
    pub fn rule(&self) -> Result<Rule, LoadError> {
        let named = |(path, text): &(String, String)| Some((path.strip_prefix("lib/")?.to_owned(), text.clone()));
        let libraries = self.scripts.iter().filter_map(named).collect();
        let script = self.scripts.iter().find(|(path, _)| *path == self.path).map(|(_, text)| text.clone());
        rule(&self.path, &Files { metadata: self.metadata.clone(), script, cases: None }, &libraries)
    }
}

/// The rule, without a look at what its script says.
fn checked(
    path: &str,
    metadata: Metadata,
    text: Cow<'static, str>,
    script: Option<&str>,
    libraries: &BTreeMap<String, String>,
    make_fix: fn(Option<&str>, Option<&str>) -> Result<Fix, fix::Defect>,
) -> Result<Rule, LoadError> {
    let wrong = |message: String| LoadError::Metadata { path: path.to_owned(), message };
    let (folder, stem) = path.rsplit_once('/').unwrap_or(("", path));
    if let Some(defect) = defect(&metadata, stem) {
        return Err(wrong(defect));
    }
    let fix = match &metadata.fix {
        Some(FixFile { cli: None, terraform: None }) => {
            return Err(wrong("`fix` says neither `cli` nor `terraform`".to_owned()));
        }
        Some(FixFile { cli, terraform }) => {
            make_fix(cli.as_deref(), terraform.as_deref()).map_err(|defect| wrong(at_line(&text, &defect)))?
        }
        None => Fix::default(),
    };
    let mut parts = Vec::new();
    for name in &metadata.libraries {
        let library = libraries.get(name).ok_or_else(|| wrong(format!("there is no library lib/{name}.rhai")))?;
        parts.push((format!("lib/{name}"), library.clone()));
    }
    let own =
        script.ok_or_else(|| LoadError::Script { path: path.to_owned(), message: "the file is missing".to_owned() })?;
    parts.push((path.to_owned(), own.to_owned()));
    let script = Arc::new(Script::new(&metadata.id, parts));
    let service = match folder.rsplit('/').next() {
        Some(folder) if !folder.is_empty() => folder.to_owned(),
        _ => service_of(metadata.resource_types.first().map_or("", String::as_str)),
    };
    if !is_kebab_case(&service) {
        return Err(wrong(format!(
            "the folder {service} names the service of the rule, which has to be lower-case words between hyphens"
        )));
    }
    Ok(Rule {
        id: Arc::from(metadata.id),
        title: metadata.title,
        service,
        severity: metadata.severity,
        category: metadata.category,
        maturity: metadata.maturity,
        trigger: metadata.trigger,
        resource_types: metadata.resource_types.iter().map(|kind| intern(kind)).collect(),
        level: metadata.level,
        reads: metadata.reads.into_iter().map(|(kind, parts)| (intern(&kind), parts)).collect(),
        description: metadata.description,
        risk: metadata.risk,
        remediation: metadata.remediation,
        fix,
        parameters: metadata.parameters,
        aliases: metadata.aliases,
        references: metadata.references,
        path: path.into(),
        metadata: text,
        script,
    })
}

/// The defect with the line of the file it is on: a block of YAML has its lines as they are, one after the other.
fn at_line(file: &str, defect: &fix::Defect) -> String {
    let key = format!("{}:", defect.language.key());
    let mut lines = (1..).zip(file.lines()).skip_while(|(_, line)| !line.starts_with("fix:"));
    match lines.find(|(_, line)| line.trim_start().starts_with(&key)) {
        Some((at, line)) if line.trim_end().ends_with(['|', '-', '+']) => {
            format!("line {}: {defect}", at + defect.line)
        }
        Some((at, _)) => format!("line {at}: {defect}"),
        None => defect.to_string(),
    }
}

/// The error and its sources in one line: what reads it may be a table.
pub(super) fn one_line(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("not YAML");
    first.trim().trim_start_matches("error: ").to_owned()
}

/// `AWS::EC2::Volume` is of the service `ec2`.
fn service_of(resource_type: &str) -> String {
    match resource_type.split("::").nth(1) {
        Some("") | None => "account".to_owned(),
        Some(service) => service.to_lowercase(),
    }
}

/// What is wrong with the metadata beyond its form.
fn defect(metadata: &Metadata, stem: &str) -> Option<String> {
    let Metadata { id, resource_types, reads, parameters, .. } = metadata;
    if id != stem {
        return Some(format!("the id is {id} and the file is called {stem}: they have to be the same"));
    }
    if !is_kebab_case(id) {
        return Some(format!("the id {id} has to be lower-case words between hyphens"));
    }
    let sentences = [
        ("title", &metadata.title),
        ("description", &metadata.description),
        ("risk", &metadata.risk),
        ("remediation", &metadata.remediation),
    ];
    if let Some((name, _)) = sentences.iter().find(|(_, text)| text.trim().is_empty()) {
        return Some(format!("`{name}` is empty"));
    }
    if metadata.title.contains('\n') || metadata.title.trim_end().ends_with('.') {
        return Some("`title` has to be one line without a full stop".to_owned());
    }
    if metadata.references.is_empty() {
        return Some("`references` is empty".to_owned());
    }
    if let Some(link) = metadata.references.iter().find(|link| !link.starts_with("https://")) {
        return Some(format!("the reference {link} is not an https link"));
    }
    if resource_types.is_empty() {
        return Some("`resource_types` is empty".to_owned());
    }
    if let Some(kind) = resource_types.iter().chain(reads.keys()).find(|kind| !is_resource_type(kind)) {
        return Some(format!("{kind} is not a resource type: they look like AWS::EC2::Volume"));
    }
    let unknown = reads.values().flatten().filter_map(|read| read.parameter.as_ref());
    if let Some(name) = unknown.into_iter().find(|name| !parameters.contains_key(*name)) {
        return Some(format!("`reads` names the parameter `{name}`, which the rule does not declare"));
    }
    let distinct: BTreeSet<&String> = resource_types.iter().collect();
    if distinct.len() != resource_types.len() {
        return Some("`resource_types` names a type twice".to_owned());
    }
    let on_account = resource_types.iter().any(|kind| kind == ACCOUNT);
    if on_account != metadata.level.is_some() {
        return Some(format!("`level` (account or region) stands with rules on {ACCOUNT}, and with no others"));
    }
    parameters.iter().find_map(|(name, parameter)| {
        if !is_identifier(name) {
            return Some(format!("the parameter `{name}` cannot be named in a script"));
        }
        parameter.defect().map(|defect| format!("parameter `{name}`: {defect}"))
    })
}

fn is_kebab_case(id: &str) -> bool {
    id.split('-')
        .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_resource_type(kind: &str) -> bool {
    kind == ACCOUNT
        || (kind.split("::").count() >= 3
            && kind.split("::").all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric())))
}

/// The texts of the rules in a folder and its subfolders.
#[derive(Debug, Default)]
pub struct Folder {
    /// By path without ending, relative to the folder.
    pub rules: BTreeMap<String, Files>,
    /// The shared scripts of its `lib/`, by name.
    pub libraries: BTreeMap<String, String>,
    /// The paths of files that belong to no rule.
    pub orphans: Vec<String>,
}

/// The texts of one rule.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The `.yaml` file.
    pub metadata: String,
    /// The `.rhai` file.
    pub script: Option<String>,
    /// The `.test.yaml` file.
    pub cases: Option<String>,
}

impl Folder {
    /// Reads all rules below a folder.
    ///
    /// # Errors
    /// A folder or file that cannot be read.
    pub fn read(root: &Path) -> Result<Self, LoadError> {
        let mut paths = Vec::new();
        walk(root, &mut paths)?;
        let mut texts = BTreeMap::new();
        for path in paths {
            if path.extension().is_some_and(|ending| ending == "yaml" || ending == "rhai") {
                let text = fs::read_to_string(&path).map_err(|source| LoadError::Io { path: path.clone(), source })?;
                texts.insert(relative(root, &path), text);
            }
        }
        Ok(Self::from_texts(texts))
    }

    /// Sorts texts by the rule they belong to. The `.yaml` file makes the rule; its two siblings are looked for beside
    /// it.
    pub fn from_texts(mut texts: BTreeMap<String, String>) -> Self {
        let mut folder = Self::default();
        let stems: Vec<String> = texts
            .keys()
            .filter_map(|path| path.strip_suffix(".yaml"))
            .filter(|stem| stem.strip_suffix(".test").is_none())
            .map(str::to_owned)
            .collect();
        for stem in stems {
            let files = Files {
                metadata: texts.remove(&format!("{stem}.yaml")).unwrap_or_default(),
                script: texts.remove(&format!("{stem}.rhai")),
                cases: texts.remove(&format!("{stem}.test.yaml")),
            };
            folder.rules.insert(stem, files);
        }
        for (path, text) in texts {
            match path.strip_prefix("lib/").and_then(|path| path.strip_suffix(".rhai")) {
                Some(library) => {
                    folder.libraries.insert(library.to_owned(), text);
                }
                None => folder.orphans.push(path),
            }
        }
        folder
    }
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), LoadError> {
    let failed = |source| LoadError::Io { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() { walk(&path, paths)? } else { paths.push(path) }
    }
    Ok(())
}

fn relative(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
