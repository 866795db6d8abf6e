//! Infrastructure as code: where the definition of a live resource stands in a repository.
//!
//! A resource is looked for in what Terraform and CloudFormation know of it, in what yor wrote into its tags, and last by
//! its name. Each answer says which of these it was and how sure it is. Nothing here calls AWS, and nothing that a
//! repository holds can do more than be told of: what cannot be read is a [`Warning`] with file and line, and the rest is
//! still mapped.

mod before;
mod coverage;
mod folder;
mod hcl;
mod mapping;
mod plan;
mod references;
mod resolve;
mod sam;
mod shape;
mod state;
mod template;
mod terraform;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::before::{Given, Parts, Undeployed, is_covered, of_plan, of_templates, settle};
use self::folder::{Found, Kind};
use self::mapping::Mappings;
pub use self::resolve::NO_ACCOUNT;
use self::state::State;
use self::template::Template;
use self::terraform::{Hint, Terraform};
use crate::item::{ConfigurationItem, ResourceKey};
use crate::location::{Certainty, Definition, Location, Mapping, Place};

/// Something in a repository that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// The file, from the repository's root.
    pub file: Arc<str>,
    /// From 1.
    pub line: u64,
    /// What is wrong with it.
    pub message: String,
}

impl Warning {
    fn new(file: &Arc<str>, line: u64, message: String) -> Self {
        Self { file: Arc::clone(file), line, message }
    }
}

/// `infra/main.tf:12: this is not HCL: …`.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// A state of Terraform that was named, with what it is called.
#[derive(Clone, Debug)]
pub struct NamedState {
    /// A path, or `s3://bucket/key`.
    pub name: String,
    /// What is in it: a state of version 4, or what `terraform show -json` prints.
    pub text: String,
}

/// The definitions that a repository has.
#[derive(Debug)]
pub struct Repository {
    terraform: Terraform,
    templates: Vec<Template>,
    files: BTreeSet<Arc<str>>,
    /// The names of the repository, as its remotes have them.
    names: BTreeSet<String>,
    mappings: &'static Mappings,
}

impl Repository {
    /// Reads what may define resources below a folder, and the states that were named beside. Locations are as seen from
    /// the root of the repository in which the folder is.
    ///
    /// # Errors
    /// The folder is not there, or is none.
    pub fn read(folder: &Path, states: Vec<NamedState>) -> io::Result<(Self, Vec<Warning>)> {
        let folder = fs::canonicalize(folder)?;
        if !folder.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let root = root_of(&folder);
        let mappings = Mappings::builtin();
        let mut warnings = Vec::new();
        let found = folder::walk(&folder, &root, &mut warnings);
        let mut repository = Self {
            terraform: Terraform::default(),
            templates: Vec::new(),
            files: found.iter().map(|one| Arc::clone(&one.name)).collect(),
            names: remotes(&root),
            mappings,
        };
        for one in found.iter().filter(|one| one.kind != Kind::State) {
            if let Err((line, message)) = repository.add(one) {
                warnings.push(Warning::new(&one.name, line, message));
            }
        }
        let kept = Terraform::kept(mappings);
        for one in found.iter().filter(|one| one.kind == Kind::State) {
            let state = folder::text(&one.path, folder::MOST_STATE_BYTES)
                .and_then(|text| State::parse(&text, &kept).map_err(|error| error.to_string()));
            match state {
                Ok(state) => repository.terraform.add(state, Hint::Folder(home(&one.path))),
                Err(message) => warnings.push(Warning::new(&one.name, 1, message)),
            }
        }
        for NamedState { name, text } in states {
            match State::parse(&text, &kept) {
                Ok(state) => repository.terraform.add(state, hint(&name)),
                Err(error) => warnings.push(Warning::new(&Arc::from(&*name), 1, error.to_string())),
            }
        }
        repository.terraform.index(mappings);
        warnings.sort();
        Ok((repository, warnings))
    }

    fn add(&mut self, one: &Found) -> Result<(), (u64, String)> {
        let text = folder::text(&one.path, folder::MOST_BYTES).map_err(|message| (1, message))?;
        let folder = || one.path.parent().unwrap_or(Path::new("")).to_owned();
        match one.kind {
            Kind::Hcl => self.terraform.module_mut(folder()).read(&text, &one.name),
            Kind::HclJson => self.terraform.module_mut(folder()).read_json(&text, &one.name),
            Kind::Template => {
                self.templates.extend(Template::read(&text, &one.name)?);
                Ok(())
            }
            Kind::State => Ok(()),
        }
    }

    /// Where an item is defined, by the surest way that tells it.
    pub fn definition(&self, item: &ConfigurationItem) -> Option<Definition> {
        let by_state = self.terraform.by_state(item, self.mappings);
        if by_state.as_ref().is_some_and(|one| one.place.certainty == Certainty::Certain) {
            return by_state;
        }
        self.by_trace(item)
            .or_else(|| self.by_stack(item))
            .or(by_state)
            .or_else(|| self.by_git_file(item))
            .or_else(|| self.by_name(item))
    }

    /// The definitions of all items that have one.
    pub fn definitions<'i>(
        &self,
        items: impl IntoIterator<Item = &'i ConfigurationItem>,
    ) -> BTreeMap<ResourceKey, Definition> {
        items.into_iter().filter_map(|item| Some((item.key.clone(), self.definition(item)?))).collect()
    }

    /// The tag `yor_trace` names one block in the world, unless somebody copied it.
    fn by_trace(&self, item: &ConfigurationItem) -> Option<Definition> {
        let trace = tag(item, "yor_trace").filter(|trace| trace.len() >= 8)?;
        let mut found = self.terraform.by_trace(trace, item, self.mappings);
        for template in &self.templates {
            found.extend(template.traced(trace).into_iter().map(|resource| {
                let kind = &item.key.resource_type;
                template.definition(resource, kind, Mapping::YorTrace, Certainty::Certain, self.mappings)
            }));
        }
        first_of(found)
    }

    /// CloudFormation tags what it makes with the stack and the logical id.
    fn by_stack(&self, item: &ConfigurationItem) -> Option<Definition> {
        let logical_id = tag(item, "aws:cloudformation:logical-id")?;
        let stack = tag(item, "aws:cloudformation:stack-name").unwrap_or_default();
        let kind = &item.key.resource_type;
        let mut found: Vec<_> = self
            .templates
            .iter()
            .filter_map(|template| Some((template, template.find(logical_id, kind, self.mappings)?)))
            .collect();
        // A repository with a template for each environment: the stack is often called as its file.
        let is_called = |template: &Template| {
            let name = Path::new(&*template.file).file_name().unwrap_or_default().to_string_lossy().into_owned();
            let stem = name.split('.').next().unwrap_or_default();
            !stem.is_empty() && (stack == stem || stack.split('-').any(|word| word == stem))
        };
        if found.len() > 1 && found.iter().any(|(template, _)| is_called(template)) {
            found.retain(|(template, _)| is_called(template));
        }
        let certainty = if found.len() == 1 { Certainty::Likely } else { Certainty::Possible };
        let (template, resource) = found.first()?;
        Some(template.definition(*resource, kind, Mapping::CloudformationTags, certainty, self.mappings))
    }

    /// The tags of yor name the file, and newer ones the block.
    fn by_git_file(&self, item: &ConfigurationItem) -> Option<Definition> {
        let file = tag(item, "git_file")?;
        let is_other = tag(item, "git_repo").is_some_and(|name| !self.names.is_empty() && !self.names.contains(name));
        let file = self.files.get(file).filter(|_| !is_other)?;
        let found = self.terraform.in_file(file, tag(item, "yor_name"), item, self.mappings);
        if let [_] = found.as_slice() {
            return found.into_iter().next();
        }
        let location = Location { file: Arc::clone(file), line: 1, column: 1, end_column: 1 };
        let address = file.to_string();
        let place = Place { location, address, mapping: Mapping::GitFile, certainty: Certainty::Possible };
        Some(Definition { place, facts: Vec::new(), is_ordered: false })
    }

    /// The one place that gives a resource of the type this name. Of several none is it.
    fn by_name(&self, item: &ConfigurationItem) -> Option<Definition> {
        let mut found = self.terraform.by_name(item, self.mappings);
        for template in &self.templates {
            found.extend(template.named(item, self.mappings).into_iter().map(|resource| {
                let kind = &item.key.resource_type;
                template.definition(resource, kind, Mapping::Name, Certainty::Likely, self.mappings)
            }));
        }
        let mut found = found.into_iter();
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }
}

/// The first of several, which is then not sure.
fn first_of(found: Vec<Definition>) -> Option<Definition> {
    let is_alone = found.len() == 1;
    let mut first = found.into_iter().next()?;
    if !is_alone {
        first.place.certainty = Certainty::Possible;
    }
    Some(first)
}

fn tag<'i>(item: &'i ConfigurationItem, key: &str) -> Option<&'i str> {
    item.tags.get(key)?.as_str().filter(|value| !value.is_empty())
}

/// The root of the repository in which a folder is, or the folder.
fn root_of(folder: &Path) -> PathBuf {
    folder.ancestors().find(|above| above.join(".git").exists()).unwrap_or(folder).to_owned()
}

/// The folder of the root module that a state found in the repository is of. Workspaces have theirs two folders below.
fn home(state: &Path) -> PathBuf {
    let folder = state.parent().unwrap_or(Path::new(""));
    let of_workspaces =
        folder.parent().filter(|above| above.file_name().is_some_and(|name| name == "terraform.tfstate.d"));
    of_workspaces.and_then(Path::parent).unwrap_or(folder).to_owned()
}

fn hint(name: &str) -> Hint {
    if let Some((bucket, key)) = name.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) {
        return Hint::Bucket(bucket.to_owned(), key.to_owned());
    }
    fs::canonicalize(name).map_or(Hint::None, |path| Hint::Folder(home(&path)))
}

/// The last parts of the URLs of a repository's remotes: `git@github.com:shop/infra.git` → `infra`.
fn remotes(root: &Path) -> BTreeSet<String> {
    let Ok(config) = fs::read_to_string(root.join(".git").join("config")) else { return BTreeSet::new() };
    let urls = config.lines().filter_map(|line| line.trim().strip_prefix("url")?.trim_start().strip_prefix('='));
    urls.filter_map(|url| {
        let name = url.trim().trim_end_matches('/').rsplit(['/', ':']).next()?;
        Some(name.strip_suffix(".git").unwrap_or(name).to_owned())
    })
    .collect()
}
