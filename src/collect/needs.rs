//! What is asked for, and what has to be read for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::RecordingProfile;
use crate::source::account;
use crate::source::descriptor::{Catalog, CatalogError, ResourceDescriptor, Scope};
use crate::source::model::Models;
use crate::value::Key;

/// Which parts of a type's items are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parts {
    /// These, beside what the listing tells.
    Named(BTreeSet<String>),
    /// All that there are.
    All,
}

impl Default for Parts {
    fn default() -> Self {
        Self::Named(BTreeSet::new())
    }
}

impl Parts {
    fn extend(&mut self, more: Self) {
        match (&mut *self, more) {
            (Self::Named(names), Self::Named(more)) => names.extend(more),
            (Self::All, _) => {}
            (Self::Named(_), Self::All) => *self = Self::All,
        }
    }
}

/// What is asked for: types, and parts of their items, wherever they are recorded.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    types: BTreeMap<String, Parts>,
    profile: Arc<RecordingProfile>,
}

impl Needs {
    /// Types with the names of their parts.
    pub fn of<'a, P: IntoIterator<Item = &'a str>>(needs: impl IntoIterator<Item = (&'a str, P)>) -> Self {
        let mut all = Self::default();
        for (resource_type, parts) in needs {
            all.add(resource_type, Parts::Named(parts.into_iter().map(str::to_owned).collect()));
        }
        all
    }

    /// All types with all parts: a full inventory.
    pub fn everything(catalog: &Catalog) -> Self {
        catalog.types().map(|resource_type| (resource_type.to_string(), Parts::All)).collect()
    }

    /// All types, with what their listings tell: what there is.
    pub fn listings(catalog: &Catalog) -> Self {
        catalog.types().map(|resource_type| (resource_type.to_string(), Parts::default())).collect()
    }

    /// Asks for a type, and parts of its items, beside what is asked for already.
    pub fn add(&mut self, resource_type: &str, parts: Parts) {
        self.types.entry(resource_type.to_owned()).or_default().extend(parts);
    }

    /// Asks for all that others ask for, too.
    pub fn merge(&mut self, others: &Self) {
        for (resource_type, parts) in &others.types {
            self.add(resource_type, parts.clone());
        }
    }

    /// Asks for the tags of all items, where they take a call of their own.
    pub fn add_tags(&mut self, catalog: &Catalog) {
        for (resource_type, parts) in &mut self.types {
            let descriptors = catalog.get(resource_type).iter();
            let names = descriptors.filter_map(|descriptor| descriptor.tags.as_ref()?.part.as_deref());
            parts.extend(Parts::Named(names.map(str::to_owned).collect()));
        }
    }

    /// The types and their parts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Parts)> {
        self.types.iter().map(|(resource_type, parts)| (resource_type.as_str(), parts))
    }

    /// The same, without what the profile leaves out.
    #[must_use]
    pub fn recorded_by(mut self, profile: &Arc<RecordingProfile>) -> Self {
        self.types.retain(|resource_type, _| profile.records_somewhere(resource_type));
        self.profile = Arc::clone(profile);
        self
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }
}

/// As rules tell them.
impl From<BTreeMap<String, BTreeSet<String>>> for Needs {
    fn from(needs: BTreeMap<String, BTreeSet<String>>) -> Self {
        needs.into_iter().map(|(resource_type, parts)| (resource_type, Parts::Named(parts))).collect()
    }
}

impl FromIterator<(String, Parts)> for Needs {
    fn from_iter<I: IntoIterator<Item = (String, Parts)>>(types: I) -> Self {
        Self { types: types.into_iter().collect(), profile: Arc::default() }
    }
}

/// One descriptor that is read.
#[derive(Clone, Debug)]
pub(super) struct Selected {
    pub(super) descriptor: Arc<ResourceDescriptor>,
    /// With all that they need.
    pub(super) parts: BTreeSet<Key>,
    /// Where among the selected the parent is.
    pub(super) parent: Option<usize>,
    /// The types that are asked for and need it, itself among them.
    wanted_by: BTreeSet<Key>,
    profile: Arc<RecordingProfile>,
}

impl Selected {
    /// Whether its list is read in a region, or in `global`: it is recorded there, or what is found by it.
    pub(super) fn is_listed_in(&self, region: &str) -> bool {
        let is_anywhere = self.descriptor.scope == Scope::Global;
        self.wanted_by.iter().any(|wanted| {
            self.profile.records(wanted, region) || (is_anywhere && self.profile.records_somewhere(wanted))
        })
    }

    /// Whether its resources in a region, or in `global`, are kept.
    pub(super) fn is_recorded_in(&self, region: &str) -> bool {
        self.profile.records(&self.descriptor.resource_type, region)
    }

    /// Whether one of its resources is kept that is at home in a region. What is at home where nothing is read was seen from a
    /// place that is: there its list would lack it.
    pub(super) fn keeps(&self, home: &str, read: &BTreeSet<String>) -> bool {
        let is_elsewhere = self.descriptor.scope == Scope::Regional && !read.contains(home);
        self.is_recorded_in(home) || (is_elsewhere && self.places(read).next().is_some())
    }

    /// The places in which it is recorded, of these regions.
    pub(super) fn places(&self, regions: &BTreeSet<String>) -> impl Iterator<Item = String> {
        account::places(self.descriptor.scope, regions).into_iter().filter(|place| self.is_recorded_in(place))
    }
}

/// What has to be read: what is asked for, and the parents. Parents stand before their children.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    pub(super) types: Vec<Selected>,
    profile: Arc<RecordingProfile>,
}

impl Selection {
    pub(super) fn new(catalog: &Catalog, needs: &Needs) -> Result<Self, CatalogError> {
        let mut selection = Self { types: Vec::new(), profile: Arc::clone(&needs.profile) };
        for (resource_type, parts) in needs.iter() {
            let names: BTreeSet<&str> = match parts {
                Parts::Named(names) => names.iter().map(String::as_str).collect(),
                Parts::All => BTreeSet::new(),
            };
            catalog.check_wanted(resource_type, names.iter().copied())?;
            for descriptor in catalog.get(resource_type) {
                let wanted = descriptor.parts.iter().map(|part| &part.name);
                let wanted = match parts {
                    Parts::All => wanted.cloned().collect(),
                    Parts::Named(_) => wanted.filter(|name| names.contains(name.as_ref())).cloned().collect(),
                };
                selection.add(catalog, descriptor, &descriptor.with_needed(&wanted), &descriptor.resource_type);
            }
        }
        Ok(selection)
    }

    /// Adds a type with its parents, for one that is asked for.
    fn add(
        &mut self,
        catalog: &Catalog,
        descriptor: &Arc<ResourceDescriptor>,
        parts: &BTreeSet<Key>,
        wanted: &Key,
    ) -> usize {
        let parent = catalog.parent(descriptor).map(|parent| self.add(catalog, parent, &BTreeSet::new(), wanted));
        if let Some(at) = self.types.iter().position(|selected| Arc::ptr_eq(&selected.descriptor, descriptor)) {
            if let Some(selected) = self.types.get_mut(at) {
                selected.parts.extend(parts.iter().cloned());
                selected.wanted_by.insert(Arc::clone(wanted));
            }
            return at;
        }
        self.types.push(Selected {
            descriptor: Arc::clone(descriptor),
            parts: parts.clone(),
            parent,
            wanted_by: BTreeSet::from([Arc::clone(wanted)]),
            profile: Arc::clone(&self.profile),
        });
        self.types.len() - 1
    }

    /// Checks what is read against the models, which also notes the shapes that reading needs.
    pub(super) fn check(&self, catalog: &Catalog, models: &Models) -> Result<(), CatalogError> {
        let checked = self.types.iter().map(|selected| selected.descriptor.check(catalog, models));
        let errors: Vec<_> = checked.filter_map(Result::err).flatten().collect();
        if errors.is_empty() { Ok(()) } else { Err(CatalogError::Descriptors(errors)) }
    }

    /// Whether a type is read.
    pub(super) fn holds(&self, resource_type: &str) -> bool {
        self.types.iter().any(|selected| *selected.descriptor.resource_type == *resource_type)
    }

    /// By type, the pointers of what is not read.
    pub(super) fn not_collected(&self) -> BTreeMap<String, Vec<String>> {
        let mut pointers = BTreeMap::<String, BTreeSet<String>>::new();
        for Selected { descriptor, parts, .. } in &self.types {
            for part in descriptor.parts.iter().filter(|part| !parts.contains(&part.name)) {
                let tags = descriptor.tags.as_ref().and_then(|tags| tags.part.as_ref()) == Some(&part.name);
                let found = part.into.as_deref().into_iter().chain(tags.then_some("/tags"));
                let all = pointers.entry(descriptor.resource_type.to_string()).or_default();
                all.extend(found.map(str::to_owned));
            }
        }
        pointers.into_iter().map(|(name, pointers)| (name, pointers.into_iter().collect())).collect()
    }
}
