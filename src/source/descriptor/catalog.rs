//! All descriptors that are known: the built-in ones, and those of a user's folder.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use super::path::Position;
use super::{
    Contents, DescriptorError, Origin, RecordedType, ResourceDescriptor, Scope, of_json, read, recorded_of_json,
};
use crate::nearest;
use crate::source::model::Models;
use crate::value::Key;

include!(concat!(env!("OUT_DIR"), "/resources.rs"));

/// A built-in descriptor, as the build makes it of a file in `resources/`.
struct Embedded {
    service: &'static str,
    file: &'static str,
    line: u64,
    column: u64,
    json: &'static str,
}

/// The descriptors by type. A type has one for each scope in which it is listed; nearly all have one. Beside them stands what
/// is known of types that only AWS Config records.
#[derive(Clone, Debug)]
pub struct Catalog {
    types: BTreeMap<Key, Vec<Arc<ResourceDescriptor>>>,
    recorded: Vec<Arc<RecordedType>>,
}

/// A catalog that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// Descriptors are not as they should be: all errors found, in the order of files and lines.
    #[error("{}", lines(.0))]
    Descriptors(Vec<DescriptorError>),
    /// A folder or file cannot be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A type that no descriptor tells how to read.
    #[error("there is no resource type `{resource_type}`{hint}")]
    UnknownType {
        /// As it was asked for.
        resource_type: String,
        /// The one that was meant, in words, or nothing.
        hint: String,
    },
    /// A part that the type does not have.
    #[error("{resource_type} has no part `{part}`{hint}")]
    UnknownPart {
        /// The type.
        resource_type: String,
        /// As it was asked for.
        part: String,
        /// The one that was meant, in words, or nothing.
        hint: String,
    },
}

fn lines(errors: &[DescriptorError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Catalog {
    /// The built-in descriptors. They are checked against the models when assize is tested, not each time it runs.
    ///
    /// # Errors
    /// None that a tested assize has.
    pub fn builtin() -> Result<Self, CatalogError> {
        Self::assemble(embedded(), [])
    }

    /// The built-in descriptors and those of a folder's `*.yaml` files, which are checked against the models; a type of
    /// the folder replaces the built-in one of the same scope. What it says of secrets of recorded types is added.
    ///
    /// # Errors
    /// All that is wrong with the folder's descriptors, or that the folder cannot be read.
    pub fn with_dirs(resources: Option<&FilePath>, models: &Models) -> Result<Self, CatalogError> {
        let Some(folder) = resources else { return Self::builtin() };
        let texts = texts(folder)?;
        let catalog = Self::assemble(embedded(), texts.iter().map(|(file, text)| read(file, text)))?;
        let files: BTreeSet<&str> = texts.iter().map(|(file, _)| file.as_str()).collect();
        catalog.check(models, |descriptor| files.contains(descriptor.origin.file.as_ref()))?;
        Ok(catalog)
    }

    /// The descriptors of these texts alone, each with its file's name, checked against the models.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn of_texts<'t>(
        texts: impl IntoIterator<Item = (String, &'t str)>,
        models: &Models,
    ) -> Result<Self, CatalogError> {
        let catalog = Self::assemble(texts.into_iter().map(|(file, text)| read(&file, text)), [])?;
        catalog.check(models, |_| true)?;
        Ok(catalog)
    }

    /// Checks all descriptors against the models, so that none asks for what the service does not know.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn check_all(&self, models: &Models) -> Result<(), CatalogError> {
        self.check(models, |_| true)
    }

    fn check(&self, models: &Models, wanted: impl Fn(&ResourceDescriptor) -> bool) -> Result<(), CatalogError> {
        let mut errors: Vec<DescriptorError> = self
            .iter()
            .filter(|descriptor| wanted(descriptor))
            .flat_map(|descriptor| descriptor.check(self, models).err().unwrap_or_default())
            .collect();
        if errors.is_empty() {
            return Ok(());
        }
        errors.sort();
        errors.dedup();
        Err(CatalogError::Descriptors(errors))
    }

    /// `over` replaces what `base` has of the same type and scope.
    fn assemble(
        base: impl IntoIterator<Item = Read>,
        over: impl IntoIterator<Item = Read>,
    ) -> Result<Self, CatalogError> {
        let mut errors = Vec::new();
        let (base, over) = (Layer::of(base, &mut errors), Layer::of(over, &mut errors));
        let mut all = base.types;
        all.extend(over.types);
        let mut types = BTreeMap::<Key, Vec<_>>::new();
        for ((resource_type, _), descriptor) in all {
            types.entry(resource_type).or_default().push(descriptor);
        }
        let recorded = base.recorded.into_values().chain(over.recorded.into_values()).collect();
        let catalog = Self { types, recorded };
        errors.extend(catalog.check_parents());
        if errors.is_empty() { Ok(catalog) } else { Err(CatalogError::Descriptors(errors)) }
    }

    /// Parents exist, in the same scope, and no type is its own ancestor.
    fn check_parents(&self) -> Vec<DescriptorError> {
        let mut errors = Vec::new();
        for descriptor in self.iter() {
            let mut seen = BTreeSet::from([&descriptor.resource_type]);
            let mut at = descriptor;
            while let Some(parent) = at.listing.as_ref().and_then(|listing| listing.for_each.as_ref()) {
                let mut say =
                    |message: String| errors.push(DescriptorError { origin: descriptor.origin.clone(), message });
                let Some(found) = self.parent(at) else {
                    let hint = nearest::hint(parent, self.types.keys());
                    say(format!("`for_each`: there is no {} type {parent}{hint}", at.scope.as_str()));
                    break;
                };
                if !seen.insert(parent) {
                    say(format!("`for_each`: {parent} is listed for each of its own items"));
                    break;
                }
                at = found;
            }
        }
        errors
    }

    /// The descriptor of a type's parent, if the type is listed for each item of another.
    pub fn parent(&self, child: &ResourceDescriptor) -> Option<&Arc<ResourceDescriptor>> {
        let parent = child.listing.as_ref()?.for_each.as_ref()?;
        self.get(parent).iter().find(|descriptor| descriptor.scope == child.scope)
    }

    /// The descriptors of a type: none if it is not known.
    pub fn get(&self, resource_type: &str) -> &[Arc<ResourceDescriptor>] {
        self.types.get(resource_type).map_or(&[], Vec::as_slice)
    }

    /// All descriptors, by type.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ResourceDescriptor>> {
        self.types.values().flatten()
    }

    /// What is known of types that only AWS Config records, by type. What a user's folder says stands behind.
    pub fn recorded(&self) -> impl Iterator<Item = &RecordedType> {
        self.recorded.iter().map(AsRef::as_ref)
    }

    /// All types, sorted.
    pub fn types(&self) -> impl Iterator<Item = &Key> {
        self.types.keys()
    }

    /// Whether a type, and the parts that are asked of it, are known.
    ///
    /// # Errors
    /// What is not known, and what was likely meant.
    pub fn check_wanted<'a>(
        &self,
        resource_type: &str,
        parts: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), CatalogError> {
        let descriptors = self.get(resource_type);
        if descriptors.is_empty() {
            return Err(CatalogError::UnknownType {
                resource_type: resource_type.to_owned(),
                hint: nearest::hint(resource_type, self.types.keys()),
            });
        }
        let names: BTreeSet<&Key> = descriptors.iter().flat_map(|one| &one.parts).map(|part| &part.name).collect();
        for part in parts {
            if !names.iter().any(|name| ***name == *part) {
                return Err(CatalogError::UnknownPart {
                    resource_type: resource_type.to_owned(),
                    part: part.to_owned(),
                    hint: nearest::hint(part, names.iter().copied()),
                });
            }
        }
        Ok(())
    }
}

/// What became of one file, or of one built-in entry.
type Read = Result<Contents, Vec<DescriptorError>>;

/// The built-in descriptors, and what is known of recorded types.
fn embedded() -> impl Iterator<Item = Read> {
    let origin = |one: &Embedded| Origin { file: one.file.into(), at: Position { line: one.line, column: one.column } };
    let described = DESCRIPTORS.iter().map(move |one| {
        let descriptor = of_json(one.service, origin(one), one.json)?;
        Ok(Contents { types: vec![descriptor], ..Contents::default() })
    });
    let recorded = RECORDED.iter().map(move |one| {
        let recorded = recorded_of_json(origin(one), one.json)?;
        Ok(Contents { recorded: vec![recorded], ..Contents::default() })
    });
    described.chain(recorded)
}

/// What stands in files that do not replace each other.
#[derive(Default)]
struct Layer {
    types: BTreeMap<(Key, Scope), Arc<ResourceDescriptor>>,
    recorded: BTreeMap<Key, Arc<RecordedType>>,
}

impl Layer {
    fn of(read: impl IntoIterator<Item = Read>, errors: &mut Vec<DescriptorError>) -> Self {
        let mut layer = Self::default();
        for one in read {
            let contents = one.unwrap_or_else(|found| {
                errors.extend(found);
                Contents::default()
            });
            for descriptor in contents.types {
                let key = (Arc::clone(&descriptor.resource_type), descriptor.scope);
                if let Some(other) = layer.types.get(&key) {
                    let message = format!("{} is described already at {}", key.0, other.origin);
                    errors.push(DescriptorError { origin: descriptor.origin.clone(), message });
                    continue;
                }
                layer.types.insert(key, Arc::new(descriptor));
            }
            for recorded in contents.recorded {
                let key = Arc::clone(&recorded.resource_type);
                if let Some(other) = layer.recorded.get(&key) {
                    let message = format!("the secrets of {key} stand already at {}", other.origin);
                    errors.push(DescriptorError { origin: recorded.origin.clone(), message });
                    continue;
                }
                layer.recorded.insert(key, Arc::new(recorded));
            }
        }
        // What a type has of secrets is said in one place.
        for recorded in layer.recorded.values() {
            let described = layer.types.iter().find(|((kind, _), _)| *kind == recorded.resource_type);
            if let Some((_, descriptor)) = described {
                let message = format!(
                    "{} is described at {}: its secrets belong there",
                    recorded.resource_type, descriptor.origin
                );
                errors.push(DescriptorError { origin: recorded.origin.clone(), message });
            }
        }
        layer
    }
}

/// The texts of a folder's `*.yaml` files, by name.
fn texts(folder: &FilePath) -> Result<Vec<(String, String)>, CatalogError> {
    let failed = |path: &FilePath| {
        let path = path.to_owned();
        move |source| CatalogError::Io { path, source }
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            files.push(path);
        }
    }
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).map_err(failed(&path))?;
            Ok((path.display().to_string(), text))
        })
        .collect()
}
