//! Terraform: from a live resource to its address by the state, and from the address to its block.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::coverage::Coverage;
use super::hcl::{Block, Module};
use super::mapping::Mappings;
use super::shape::Written;
use super::state::{Instance, State};
use crate::item::{ConfigurationItem, GLOBAL};
use crate::location::{Certainty, Definition, Fact, Location, Mapping, Place};

/// All folders with files of Terraform, and the states that belong to them.
#[derive(Debug, Default)]
pub(super) struct Terraform {
    /// By the folder as the file system calls it.
    modules: BTreeMap<PathBuf, Module>,
    states: Vec<Placed>,
    by_arn: BTreeMap<String, Vec<Found>>,
    /// By the item's type and id.
    by_id: BTreeMap<(String, String), Vec<Found>>,
    /// What is a part of a resource, by the resource's type and what is said of it.
    parts: BTreeMap<(String, String), Vec<Found>>,
    /// Blocks that give a literal name, by the item's type and that name.
    by_name: BTreeMap<(String, String), Vec<(PathBuf, usize)>>,
}

/// A state with the folder of its root module.
#[derive(Debug)]
struct Placed {
    state: State,
    root: Option<PathBuf>,
}

/// A place in a state.
type Found = (usize, usize);

/// What a state may say of where its root module is.
pub(super) enum Hint {
    Folder(PathBuf),
    /// `s3://bucket/key`: a block `backend "s3"` may name it.
    Bucket(String, String),
    None,
}

/// A block, or the call of a module whose source is elsewhere.
struct Resolved<'t> {
    location: Location,
    block: Option<&'t Block>,
}

/// The blocks of one root module and those that it calls.
pub(super) struct Blocks<'t> {
    terraform: &'t Terraform,
    root: Option<PathBuf>,
}

impl<'t> Blocks<'t> {
    /// Where a resource is defined, and its block, unless that is elsewhere.
    pub(super) fn find(&self, modules: &[String], kind: &str, name: &str) -> Option<(Location, Option<&'t Block>)> {
        let Resolved { location, block } = self.terraform.resolve(self.root.as_deref()?, modules, kind, name)?;
        Some((location, block))
    }
}

impl Terraform {
    pub(super) fn module_mut(&mut self, folder: PathBuf) -> &mut Module {
        self.modules.entry(folder).or_default()
    }

    /// The attributes of states that are kept.
    pub(super) fn kept(mappings: &Mappings) -> BTreeSet<&str> {
        let parts = mappings.iter().flat_map(|mapped| &mapped.terraform);
        let named = parts.flat_map(|part| part.ids.iter().chain(&part.of).chain(&part.name).chain(&part.id));
        named.map(String::as_str).chain(["arn", "id"]).collect()
    }

    /// Takes a state in, once all files are. Without a folder that says where it belongs it is that of the folder whose
    /// blocks have most of its addresses.
    pub(super) fn add(&mut self, state: State, hint: Hint) {
        let root = match hint {
            Hint::Folder(folder) if self.modules.contains_key(&folder) => Some(folder),
            Hint::Bucket(bucket, key) => {
                let named = (Some(bucket), Some(key));
                let is_of = |module: &Module| {
                    module
                        .state
                        .as_ref()
                        .is_some_and(|(bucket, key)| (Some(bucket), Some(key)) == (named.0.as_ref(), named.1.as_ref()))
                };
                let by_backend = self.modules.iter().find(|(_, module)| is_of(module));
                by_backend.map(|(folder, _)| folder.clone()).or_else(|| self.best(&state))
            }
            Hint::Folder(_) | Hint::None => self.best(&state),
        };
        self.states.push(Placed { state, root });
    }

    /// The folder whose blocks have most of the addresses of a state; the first of equals.
    fn best(&self, state: &State) -> Option<PathBuf> {
        let addresses: BTreeSet<_> = state.instances.iter().map(|one| (&one.modules, &one.kind, &one.name)).collect();
        let score = |folder: &Path| {
            let resolved =
                addresses.iter().filter_map(|(modules, kind, name)| self.resolve(folder, modules, kind, name));
            resolved.filter(|resolved| resolved.block.is_some()).count()
        };
        let mut best = None;
        for folder in self.modules.keys() {
            let score = score(folder);
            if score > best.map_or(0, |(_, most)| most) {
                best = Some((folder, score));
            }
        }
        best.map(|(folder, _)| folder.clone())
    }

    /// The blocks of a root module that has most of these resources: by modules, kind and name.
    pub(super) fn blocks<'a>(&self, addresses: impl Iterator<Item = (&'a [String], &'a str, &'a str)>) -> Blocks<'_> {
        let instances = addresses.map(|(modules, kind, name)| Instance {
            modules: modules.to_vec(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            ..Instance::default()
        });
        let root = self.best(&State { instances: instances.collect() });
        Blocks { terraform: self, root }
    }

    /// Makes the tables by which resources are found, once all states are taken in.
    pub(super) fn index(&mut self, mappings: &Mappings) {
        self.modules.values_mut().for_each(Module::place);
        for (place, placed) in self.states.iter().enumerate() {
            for (at, instance) in placed.state.instances.iter().enumerate() {
                let found = (place, at);
                let value = |name: &String| instance.attributes.get(name).filter(|text| !text.is_empty());
                let mut is_part = false;
                for (name, part) in mappings.of_terraform(&instance.kind) {
                    if let Some(of) = &part.of {
                        is_part = true;
                        if let Some(of) = value(of) {
                            self.parts.entry((name.to_owned(), of.clone())).or_default().push(found);
                        }
                        continue;
                    }
                    for id in part.ids.iter().filter_map(value).collect::<BTreeSet<_>>() {
                        self.by_id.entry((name.to_owned(), id.clone())).or_default().push(found);
                    }
                }
                if let Some(arn) = instance.attributes.get("arn").filter(|_| !is_part) {
                    self.by_arn.entry(arn.clone()).or_default().push(found);
                }
            }
        }
        for (folder, module) in &self.modules {
            for (at, block) in module.resources.iter().enumerate() {
                for (name, part) in mappings.of_terraform(&block.kind).filter(|(_, part)| part.of.is_none()) {
                    let literal = |path: &String| block.body.get(path).and_then(|node| node.text());
                    let names: BTreeSet<&str> = part.id.iter().chain(&part.name).filter_map(literal).collect();
                    for text in names {
                        let key = (name.to_owned(), text.to_owned());
                        self.by_name.entry(key).or_default().push((folder.clone(), at));
                    }
                }
            }
        }
    }

    /// From an address to its block: through the calls of modules whose sources are folders here.
    fn resolve(&self, root: &Path, modules: &[String], kind: &str, name: &str) -> Option<Resolved<'_>> {
        let mut folder = root.to_owned();
        for step in modules {
            let call = self.modules.get(&folder)?.call(step)?;
            let source = call.source.as_deref().filter(|source| source.starts_with("./") || source.starts_with("../"));
            let local = source.map(|source| joined(&folder, source));
            match local.filter(|folder| self.modules.contains_key(folder)) {
                Some(local) => folder = local,
                // What is written here is the call.
                None => return Some(Resolved { location: call.at.in_file(&call.file), block: None }),
            }
        }
        let block = self.modules.get(&folder)?.resource(kind, name)?;
        Some(Resolved { location: block.at.in_file(&block.file), block: Some(block) })
    }

    fn instance(&self, (place, at): Found) -> Option<(&Instance, Option<Resolved<'_>>)> {
        let placed = self.states.get(place)?;
        let instance = placed.state.instances.get(at)?;
        let resolved = placed
            .root
            .as_deref()
            .and_then(|root| self.resolve(root, &instance.modules, &instance.kind, &instance.name));
        Some((instance, resolved))
    }

    /// What the states know of an item.
    pub(super) fn by_state(&self, item: &ConfigurationItem, mappings: &Mappings) -> Option<Definition> {
        let by_arn = item.arn.as_deref().and_then(|arn| self.by_arn.get(arn));
        let key = &item.key;
        let by_id = || {
            let found = self.by_id.get(&(key.resource_type.to_string(), key.resource_id.to_string()))?;
            let fits = |found: &&Found| {
                self.instance(**found).is_some_and(|(one, resolved)| {
                    // An ARN tells it better than the provider.
                    let block = resolved.and_then(|at| at.block).filter(|_| !one.attributes.contains_key("arn"));
                    is_of_place(one, item) && !block.is_some_and(|block| Self::is_elsewhere(block, item))
                })
            };
            let fitting: Vec<Found> = found.iter().filter(fits).copied().collect();
            (!fitting.is_empty()).then_some(fitting)
        };
        let (mapping, found) = match by_arn {
            Some(found) => (Mapping::TerraformArn, found.clone()),
            None => (Mapping::TerraformId, by_id()?),
        };
        let resolved: Vec<_> =
            found.iter().filter_map(|one| self.instance(*one)).filter_map(|(one, at)| Some((one, at?))).collect();
        let (instance, first) = resolved.first()?;
        let is_alone = resolved.iter().all(|(_, other)| other.location == first.location);
        let certainty = match mapping {
            _ if !is_alone => Certainty::Possible,
            Mapping::TerraformArn => Certainty::Certain,
            _ => Certainty::Likely,
        };
        let place = Place { location: first.location.clone(), address: instance.address.clone(), mapping, certainty };
        Some(self.definition(place, first.block, item, mappings))
    }

    /// The one block that gives a resource of the item's type its name.
    pub(super) fn by_name(&self, item: &ConfigurationItem, mappings: &Mappings) -> Vec<Definition> {
        let names: BTreeSet<&str> =
            [Some(&*item.key.resource_id), item.resource_name.as_deref()].into_iter().flatten().collect();
        let of = |name: &&str| self.by_name.get(&(item.key.resource_type.to_string(), (*name).to_owned()));
        let found: BTreeSet<_> = names.iter().filter_map(of).flatten().collect();
        let blocks = found.into_iter().filter_map(|(folder, at)| self.modules.get(folder)?.resources.get(*at));
        let blocks = blocks.filter(|block| !Self::is_elsewhere(block, item));
        blocks.map(|block| self.of_block(block, Mapping::Name, Certainty::Likely, item, mappings)).collect()
    }

    /// The blocks with a value of the tag `yor_trace`.
    pub(super) fn by_trace(&self, trace: &str, item: &ConfigurationItem, mappings: &Mappings) -> Vec<Definition> {
        let blocks = self.modules.values().flat_map(|module| &module.resources);
        let traced = blocks.filter(|block| block.trace.as_deref() == Some(trace));
        traced.map(|block| self.of_block(block, Mapping::YorTrace, Certainty::Certain, item, mappings)).collect()
    }

    /// The blocks of a file that make resources of the item's type, with a name if one is known.
    pub(super) fn in_file(
        &self,
        file: &str,
        name: Option<&str>,
        item: &ConfigurationItem,
        mappings: &Mappings,
    ) -> Vec<Definition> {
        let blocks = self.modules.values().flat_map(|module| &module.resources);
        let is_of_type = |block: &Block| {
            mappings.of_terraform(&block.kind).any(|(name, part)| part.of.is_none() && *name == *item.key.resource_type)
        };
        let fitting = blocks
            .filter(|block| &*block.file == file && is_of_type(block) && name.is_none_or(|name| block.name == name))
            .filter(|block| !Self::is_elsewhere(block, item));
        fitting.map(|block| self.of_block(block, Mapping::GitFile, Certainty::Likely, item, mappings)).collect()
    }

    /// Whether the provider of a block makes resources in another region or account than the item's.
    fn is_elsewhere(block: &Block, item: &ConfigurationItem) -> bool {
        let other = |told: &Option<String>, is: &str| told.as_deref().is_some_and(|told| told != is);
        let at = &block.whereabouts;
        (&*item.key.region != GLOBAL && other(&at.region, &item.key.region))
            || other(&at.account_id, &item.key.account_id)
    }

    fn of_block(
        &self,
        block: &Block,
        mapping: Mapping,
        certainty: Certainty,
        item: &ConfigurationItem,
        mappings: &Mappings,
    ) -> Definition {
        let address = format!("{}.{}", block.kind, block.name);
        let place = Place { location: block.at.in_file(&block.file), address, mapping, certainty };
        self.definition(place, Some(block), item, mappings)
    }

    /// A definition with the facts that are written in the block, and in those of its parts.
    fn definition(
        &self,
        place: Place,
        block: Option<&Block>,
        item: &ConfigurationItem,
        mappings: &Mappings,
    ) -> Definition {
        let mut facts = Vec::new();
        if let Some(block) = block {
            add_facts(block, &item.key.resource_type, mappings, &mut facts);
        }
        let said = [Some(&*item.key.resource_id), item.resource_name.as_deref(), item.arn.as_deref()];
        let said: BTreeSet<&str> = said.into_iter().flatten().collect();
        let parts =
            said.iter().filter_map(|said| self.parts.get(&(item.key.resource_type.to_string(), (*said).to_owned())));
        for found in parts.flatten().collect::<BTreeSet<_>>() {
            if let Some((_, Some(Resolved { block: Some(block), .. }))) = self.instance(*found) {
                add_facts(block, &item.key.resource_type, mappings, &mut facts);
            }
        }
        Definition { place, facts, is_ordered: false }
    }
}

/// The folder of a module's source, as its text leads there.
fn joined(folder: &Path, source: &str) -> PathBuf {
    let mut joined = folder.to_owned();
    for part in Path::new(source).components() {
        match part {
            Component::ParentDir => _ = joined.pop(),
            Component::Normal(name) => joined.push(name),
            _ => {}
        }
    }
    joined
}

/// Ids are unique within an account and a region only. Where the state tells an ARN, its place has to be the item's.
fn is_of_place(instance: &Instance, item: &ConfigurationItem) -> bool {
    let Some(arn) = instance.attributes.get("arn") else { return true };
    let pieces: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, _, region, account, _] = pieces.as_slice() else { return true };
    (region.is_empty() || *region == &*item.key.region || &*item.key.region == GLOBAL)
        && (account.is_empty() || *account == &*item.key.account_id)
}

pub(super) fn add_facts(block: &Block, resource_type: &str, mappings: &Mappings, facts: &mut Vec<Fact>) {
    for (_, part) in mappings.of_terraform(&block.kind).filter(|(name, _)| *name == resource_type) {
        let Some(shape) = &part.item else { continue };
        let mut written = Vec::new();
        shape.facts(&block.body, "", &mut written);
        // What a part says as a whole begins with its block.
        if part.of.is_some() {
            for path in
                Coverage::of([shape]).tops().into_iter().filter(|path| !written.iter().any(|one| one.path == *path))
            {
                facts.push(Fact { path, location: block.at.in_file(&block.file), value: None });
            }
        }
        facts.extend(located(written, &block.file));
    }
}

pub(super) fn located(written: Vec<Written>, file: &Arc<str>) -> impl Iterator<Item = Fact> {
    written.into_iter().map(|Written { path, at, value }| Fact { path, location: at.in_file(file), value })
}
