//! All items at one time, with what could not be read: what collecting makes, what rules judge, what is kept.
//!
//! A snapshot answers three questions and each of them honestly: which item has this key, which items of a type are
//! there, which items are related to this one. Where the listing that would tell is missing, the answer is the reason.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::gap::Gap;
use crate::item::{ConfigurationItem, GLOBAL, Relationship, ResourceKey, UnreadableRelationship, by_key};
use crate::value::{Unreadable, Value, code};

mod file;
mod told;

pub(crate) use file::{Block, Line, Reader};
pub(crate) use told::Told;

/// The first line of a snapshot file says that it is one, by this word.
pub const FORMAT: &str = "assize-snapshot";

/// The version of the file format. A reader refuses a newer one.
pub const VERSION: u32 = 1;

/// The source of a snapshot made of AWS Config's files: what is not in them was not recorded.
pub const SOURCE_AWS_CONFIG: &str = "aws-config";

/// The source of a snapshot that was read from accounts.
pub const SOURCE_ACCOUNT: &str = "account";

/// All items at one time, in the order of their keys.
#[derive(Clone, Debug)]
pub struct Snapshot {
    about: About,
    items: Vec<Arc<ConfigurationItem>>,
    /// The items by type, account and region: each a run of `items`.
    runs: BTreeMap<Place, std::ops::Range<usize>>,
    /// By account and type, where its items are and where it was listed: rules ask for it with each item.
    known: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Known>>,
    /// Items by the hash of type and id: positions in `items`, sorted. Made when it is first asked for. A search through
    /// the items themselves would read the key of each one that it passes, from all over the memory.
    by_id: OnceLock<Vec<(u32, u32)>>,
    /// Items by name and by ARN, for relationships that do not hold the id: positions in `items`, sorted by type and
    /// label. The labels themselves stay with the items.
    by_label: Vec<(u32, Label)>,
    /// Items by what they tell, made as it is asked for.
    tellers: told::Tellers,
    listing_gaps: BTreeMap<Place, Arc<Unreadable>>,
}

/// What is known of a type in an account.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Where it was, or should have been, listed, sorted.
    places: Vec<Place>,
    /// Whether all of these listings are complete.
    is_listed: bool,
    /// The items, wherever they are: runs of them in their order.
    runs: Vec<std::ops::Range<usize>>,
}

/// By which of its labels an item is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Name,
    Arn,
}

impl Label {
    fn of(self, item: &ConfigurationItem) -> Option<&str> {
        match self {
            Self::Name => item.resource_name.as_deref(),
            Self::Arn => item.arn.as_deref(),
        }
    }
}

/// One type in one account and region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Twelve digits.
    pub account_id: Arc<str>,
    /// A region's name, or `global`.
    pub aws_region: Arc<str>,
    /// `AWS::EC2::Volume`.
    pub resource_type: Arc<str>,
}

impl Place {
    /// The gap of its listing.
    pub fn gap(&self, reason: &Arc<Unreadable>) -> Gap {
        Gap {
            account_id: self.account_id.to_string(),
            aws_region: self.aws_region.to_string(),
            resource_type: self.resource_type.to_string(),
            resource_id: None,
            path: None,
            reason: Arc::clone(reason),
        }
    }

    /// Whether a resource is here.
    pub fn holds(&self, key: &ResourceKey) -> bool {
        // Types have more in common with each other than regions have.
        self.aws_region == key.region && self.resource_type == key.resource_type && self.account_id == key.account_id
    }
}

/// Where a resource is.
impl From<&ResourceKey> for Place {
    fn from(key: &ResourceKey) -> Self {
        Self {
            account_id: Arc::clone(&key.account_id),
            aws_region: Arc::clone(&key.region),
            resource_type: Arc::clone(&key.resource_type),
        }
    }
}

/// Where something could not be read.
impl From<&Gap> for Place {
    fn from(gap: &Gap) -> Self {
        Self {
            account_id: gap.account_id.as_str().into(),
            aws_region: gap.aws_region.as_str().into(),
            resource_type: gap.resource_type.as_str().into(),
        }
    }
}

/// What a snapshot is of, and how it was made: the first line of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// The time that stands for the whole snapshot; a rule's `now()`. RFC 3339, UTC.
    pub captured_at: String,
    /// How long collecting took, in milliseconds.
    #[serde(default)]
    pub duration_ms: u64,
    /// `account`, `aws-config`, or `template`.
    pub source: String,
    /// The accounts, as twelve digits each, sorted.
    pub accounts: Vec<String>,
    /// The regions that were read, sorted; without `global`.
    pub regions: Vec<String>,
    /// By account, its own regions, where they are not those of the whole snapshot.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub account_regions: BTreeMap<String, Vec<String>>,
    /// The regions that were asked for and could not be, with the reason: `not enabled for this account`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped_regions: BTreeMap<String, String>,
    /// Calls made, by `service:Operation`; retries are counted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub requests: BTreeMap<String, u64>,
    /// The listings that are complete, sorted.
    #[serde(default)]
    pub listings: Vec<Place>,
    /// The listings that failed, sorted. (Gaps of single items stand with the item.)
    #[serde(default)]
    pub gaps: Vec<Gap>,
    /// By type, the JSON pointers of facts that nobody asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_collected: BTreeMap<String, Vec<String>>,
    /// By type, the other types whose items hold the links between the two. A question for related items of such a
    /// type needs the other type's listing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub linked_from: BTreeMap<String, BTreeSet<String>>,
}

impl About {
    /// The regions that were read of an account.
    pub fn regions_of(&self, account_id: &str) -> &[String] {
        self.account_regions.get(account_id).unwrap_or(&self.regions)
    }
}

/// A snapshot file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file could not be read at all.
    #[error("cannot read the snapshot")]
    Io(#[source] io::Error),
    /// The first line is not a snapshot's.
    #[error("line 1 is not the head of an assize snapshot: it needs \"format\": \"{FORMAT}\"")]
    NotASnapshot,
    /// Written by a newer assize.
    #[error("the snapshot has format version {0}; this assize reads version {VERSION}")]
    Version(u32),
    /// A line is not what it should be.
    #[error("line {line} of the snapshot is not a configuration item")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What the JSON parser says.
        #[source]
        source: serde_json::Error,
    },
    /// The file ends before all items came.
    #[error("the snapshot is cut off: its head promises {promised} items and it holds {found}")]
    CutOff {
        /// Of the head.
        promised: usize,
        /// In the file.
        found: usize,
    },
}

impl Snapshot {
    /// A snapshot of these items. Of two items with one key the later capture stays. Listings and gaps may be told in
    /// any order, and twice.
    pub fn new(mut about: About, mut items: Vec<ConfigurationItem>) -> Self {
        about.listings.sort();
        about.listings.dedup();
        about.gaps.sort();
        about.gaps.dedup();
        items.sort_by(|a, b| by_key(a, b).then_with(|| b.state_id.cmp(&a.state_id)));
        items.dedup_by(|later, earlier| later.key == earlier.key);
        let not_collected = NotCollected::of(&about);
        for item in &mut items {
            not_collected.obscure(item);
        }
        let items: Vec<_> = items.into_iter().map(Arc::new).collect();
        let mut runs = BTreeMap::<Place, std::ops::Range<usize>>::new();
        for (at, item) in items.iter().enumerate() {
            runs.entry(Place::from(&item.key)).or_insert(at..at).end = at + 1;
        }
        let mut by_label: Vec<(u32, Label)> = (0..)
            .zip(&items)
            .flat_map(|(at, item)| {
                [Label::Name, Label::Arn]
                    .into_iter()
                    .filter(|label| label.of(item).is_some_and(|text| *text != *item.key.resource_id))
                    .map(move |label| (at, label))
            })
            .collect();
        by_label.sort_by(|a, b| label_key(&items, *a).cmp(&label_key(&items, *b)).then(a.cmp(b)));
        let listing_gaps = about
            .gaps
            .iter()
            .filter(|gap| gap.is_listing())
            .map(|gap| (Place::from(gap), Arc::clone(&gap.reason)))
            .collect();
        let known = known(&about, &listing_gaps, &runs);
        let tellers = told::Tellers::default();
        Self { about, items, runs, known, by_id: OnceLock::new(), by_label, tellers, listing_gaps }
    }

    /// What the snapshot is of.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// All items, in the order of their keys.
    pub fn items(&self) -> &[Arc<ConfigurationItem>] {
        &self.items
    }

    /// Every gap: of listings and of single items, sorted.
    pub fn gaps(&self) -> Vec<Gap> {
        self.contents().into_gaps(&self.about)
    }

    /// What there is in the snapshot, counted.
    pub fn contents(&self) -> Contents {
        let mut contents = Contents::default();
        for item in &self.items {
            contents.add(item);
        }
        contents
    }

    /// The items of one type in one account and region: those that are known, whether or not the listing is complete.
    pub fn of_type(&self, place: &Place) -> &[Arc<ConfigurationItem>] {
        self.runs.get(place).and_then(|run| self.items.get(run.clone())).unwrap_or(&[])
    }

    /// The items of one type in one account, wherever they are: a multi-region trail is seen from regions that it is not
    /// at home in.
    pub fn of_type_anywhere<'s>(
        &'s self,
        account_id: &'s str,
        resource_type: &'s str,
    ) -> impl Iterator<Item = &'s Arc<ConfigurationItem>> + 's {
        let runs = self.known(account_id, resource_type).map_or(&[][..], |known| &known.runs);
        runs.iter().flat_map(|run| self.items.get(run.clone()).unwrap_or(&[]))
    }

    fn known(&self, account_id: &str, resource_type: &str) -> Option<&Known> {
        self.known.get(account_id)?.get(resource_type)
    }

    /// Whether the listing of one type in one account and region is complete, and if not, why.
    ///
    /// # Errors
    /// The reason why the listing is missing.
    pub fn listing(&self, place: &Place) -> Result<(), Arc<Unreadable>> {
        if let Some(reason) = self.listing_gaps.get(place) {
            return Err(Arc::clone(reason));
        }
        if self.about.listings.binary_search(place).is_ok() {
            return Ok(());
        }
        let Place { aws_region, resource_type, .. } = place;
        if self.about.source == SOURCE_AWS_CONFIG {
            return Err(Arc::new(Unreadable {
                operation: String::new(),
                action: None,
                code: code::NOT_RECORDED.to_owned(),
                message: format!(
                    "AWS Config's files do not tell whether they hold all {resource_type} in {aws_region}"
                ),
            }));
        }
        Err(Arc::new(Unreadable::not_collected(format_args!("the list of {resource_type} in {aws_region}"))))
    }

    /// Every place in which the type was, or should have been, listed for an account: all regions of the snapshot for a
    /// regional type, `global` for a global one. Empty if nobody asked for the type: it is not known which of both it is.
    pub fn places(&self, account_id: &str, resource_type: &str) -> &[Place] {
        self.known(account_id, resource_type).map_or(&[], |known| &known.places)
    }

    /// Whether a type was listed in those places of an account that are asked for; where none is known of these, in
    /// `region`.
    ///
    /// # Errors
    /// The first place that was not, and why.
    pub fn is_listed(
        &self,
        account_id: &str,
        resource_type: &str,
        region: &str,
        is_asked_for: impl Fn(&Place) -> bool,
    ) -> Result<(), (Place, Arc<Unreadable>)> {
        let known = self.known(account_id, resource_type);
        let mut places = known.map_or(&[][..], |known| &known.places).iter().filter(|place| is_asked_for(place));
        let Some(first) = places.next() else {
            let place =
                Place { account_id: account_id.into(), aws_region: region.into(), resource_type: resource_type.into() };
            return self.listing(&place).map_err(|reason| (place, reason));
        };
        if known.is_some_and(|known| known.is_listed) {
            return Ok(());
        }
        let mut all = std::iter::once(first).chain(places);
        all.try_for_each(|place| self.listing(place).map_err(|reason| (place.clone(), reason)))
    }

    /// The items of this type and id in an account, in whichever regions.
    fn by_id<'s, 'k>(
        &'s self,
        account_id: &'k str,
        resource_type: &'k str,
        id: &'k str,
    ) -> impl Iterator<Item = &'s Arc<ConfigurationItem>> + use<'s, 'k> {
        let places = self.by_id.get_or_init(|| {
            let mut places: Vec<_> = (0..)
                .zip(&self.items)
                .map(|(at, item)| (id_hash(&item.key.resource_type, &item.key.resource_id), at))
                .collect();
            places.sort_unstable();
            places
        });
        let hash = id_hash(resource_type, id);
        let first = places.partition_point(|(other, _)| *other < hash);
        let alike = places.get(first..).unwrap_or(&[]).iter().take_while(move |(other, _)| *other == hash);
        alike.filter_map(|(_, at)| self.items.get(*at as usize)).filter(move |item| {
            let key = &item.key;
            *key.resource_id == *id && *key.resource_type == *resource_type && *key.account_id == *account_id
        })
    }

    /// The item a relationship of `from` points at: by id, in the same region, then `global`, then anywhere in the
    /// account; or by name or ARN.
    pub fn target(&self, from: &ConfigurationItem, link: &Relationship) -> Option<&Arc<ConfigurationItem>> {
        let account = &from.key.account_id;
        if let Some(id) = &link.resource_id {
            let found = self.by_id(account, &link.resource_type, id).min_by(|a, b| {
                let distance = |region: &Arc<str>| (*region != from.key.region, **region != *GLOBAL);
                let (a, b) = (&a.key.region, &b.key.region);
                distance(a).cmp(&distance(b)).then_with(|| a.cmp(b))
            });
            if found.is_some() {
                return found;
            }
        }
        let name = link.resource_id.as_ref().or(link.resource_name.as_ref())?;
        let wanted = (link.resource_type.as_ref(), name.as_ref());
        let first = self.by_label.partition_point(|entry| label_key(&self.items, *entry) < wanted);
        // Names are unique in an account and a region only.
        self.by_label
            .get(first..)?
            .iter()
            .take_while(|entry| label_key(&self.items, **entry) == wanted)
            .filter_map(|(at, _)| self.items.get(*at as usize))
            .filter(|item| item.key.account_id == *account)
            .min_by_key(|item| item.key.region != from.key.region)
    }

    /// Whether a type was listed wherever its items may hold links to items of this account and region.
    ///
    /// # Errors
    /// Why one of the lists is missing.
    pub(crate) fn is_listed_near(
        &self,
        account_id: &str,
        region: &str,
        resource_type: &str,
    ) -> Result<(), Arc<Unreadable>> {
        let is_near = |place: &Place| *region == *GLOBAL || [region, GLOBAL].contains(&&*place.aws_region);
        self.is_listed(account_id, resource_type, region, is_near).map_err(|(_, reason)| reason)
    }

    /// The links of an item to resources of one type, in the item's order.
    ///
    /// # Errors
    /// Why the links are not all known: the item's own facts, or the listing of the other type when the links stand
    /// with the other items, could not be read.
    pub fn links<'a>(
        &self,
        item: &'a ConfigurationItem,
        resource_type: &'a str,
    ) -> Result<impl Iterator<Item = &'a Relationship> + use<'a>, Arc<Unreadable>> {
        let of_type = |links: &&UnreadableRelationship| {
            *links.resource_type == *resource_type || *links.resource_type == *UnreadableRelationship::ANY
        };
        if let Some(links) = item.unreadable_relationships.iter().find(of_type) {
            return Err(Arc::clone(&links.reason));
        }
        let from_others = self.about.linked_from.get(item.key.resource_type.as_ref());
        if from_others.is_some_and(|types| types.contains(resource_type)) {
            self.is_listed_near(&item.key.account_id, &item.key.region, resource_type)?;
        }
        Ok(item.relationships.iter().filter(move |link| *link.resource_type == *resource_type))
    }
}

/// By account and type, what is known of it.
fn known(
    about: &About,
    listing_gaps: &BTreeMap<Place, Arc<Unreadable>>,
    runs: &BTreeMap<Place, std::ops::Range<usize>>,
) -> BTreeMap<Arc<str>, BTreeMap<Arc<str>, Known>> {
    let mut known = BTreeMap::<Arc<str>, BTreeMap<Arc<str>, Known>>::new();
    for place in about.listings.iter().chain(listing_gaps.keys()) {
        let types = known.entry(Arc::clone(&place.account_id)).or_default();
        types.entry(Arc::clone(&place.resource_type)).or_default().places.push(place.clone());
    }
    for (account_id, types) in &mut known {
        for (resource_type, Known { places, is_listed, .. }) in types {
            if places.iter().any(|place| *place.aws_region != *GLOBAL) {
                places.extend(about.regions_of(account_id).iter().map(|region| Place {
                    account_id: Arc::clone(account_id),
                    aws_region: region.as_str().into(),
                    resource_type: Arc::clone(resource_type),
                }));
            }
            places.sort();
            places.dedup();
            *is_listed = places
                .iter()
                .all(|place| !listing_gaps.contains_key(place) && about.listings.binary_search(place).is_ok());
        }
    }
    for (place, run) in runs {
        let types = known.entry(Arc::clone(&place.account_id)).or_default();
        types.entry(Arc::clone(&place.resource_type)).or_default().runs.push(run.clone());
    }
    known
}

/// What there is in a snapshot, counted: what a report needs to know of the items, when they are gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The number of items by type.
    pub items: BTreeMap<Arc<str>, usize>,
    /// The number of links that items have to others.
    pub relationships: usize,
    gaps: Vec<Gap>,
}

impl Contents {
    /// Counts one more item.
    pub(crate) fn add(&mut self, item: &ConfigurationItem) {
        self.count(&item.key.resource_type, 1);
        self.relationships += item.relationships.len();
        let links = item.unreadable_relationships.iter();
        let links = links.map(|links| item.full_gap(Some("/relationships".into()), &links.reason));
        self.gaps.extend(item.full_gaps().chain(links).filter(is_missed));
    }

    /// Counts what was counted elsewhere.
    pub(crate) fn extend(&mut self, other: Self) {
        for (kind, count) in &other.items {
            self.count(kind, *count);
        }
        self.relationships += other.relationships;
        self.gaps.extend(other.gaps);
    }

    fn count(&mut self, kind: &Arc<str>, more: usize) {
        if let Some(count) = self.items.get_mut(kind) {
            *count += more;
        } else {
            self.items.insert(Arc::clone(kind), more);
        }
    }

    /// Every gap of the snapshot that this was counted of: of listings and of single items, sorted.
    pub fn into_gaps(self, about: &About) -> Vec<Gap> {
        let mut gaps = about.gaps.clone();
        gaps.retain(is_missed);
        gaps.extend(self.gaps);
        gaps.sort();
        gaps.dedup();
        gaps
    }
}

/// Whether a gap is one to tell of: neither did nobody ask for the fact, nor is it one that templates do not have.
fn is_missed(gap: &Gap) -> bool {
    ![code::NOT_COLLECTED, code::NOT_IN_TEMPLATES].contains(&gap.reason.code.as_str())
}

/// The facts that nobody asked for, by type: where they would stand, and what stands there instead.
pub(crate) struct NotCollected<'a>(BTreeMap<&'a str, Vec<(&'a str, Arc<Unreadable>)>>);

impl<'a> NotCollected<'a> {
    pub(crate) fn of(about: &'a About) -> Self {
        let reason = |pointer: &'a String| {
            let name = pointer.rsplit('/').next().unwrap_or(pointer);
            (pointer.as_str(), Arc::new(Unreadable::not_collected(name)))
        };
        let types = about.not_collected.iter();
        Self(types.map(|(kind, pointers)| (kind.as_str(), pointers.iter().map(reason).collect())).collect())
    }

    /// Puts the reason where the facts of an item would stand.
    pub(crate) fn obscure(&self, item: &mut ConfigurationItem) {
        let Some(facts) = self.0.get(item.key.resource_type.as_ref()) else { return };
        for (pointer, reason) in facts {
            item.obscure(pointer, reason);
        }
    }
}

/// Half of a hash is enough to find a few candidates by.
#[expect(clippy::cast_possible_truncation, reason = "the lower half is wanted")]
fn id_hash(resource_type: &str, id: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    (resource_type, id).hash(&mut hasher);
    hasher.finish() as u32
}

fn label_key(items: &[Arc<ConfigurationItem>], (at, label): (u32, Label)) -> (&str, &str) {
    items.get(at as usize).map_or(("", ""), |item| (&item.key.resource_type, label.of(item).unwrap_or_default()))
}

/// Adds the other direction of each relationship: `inverse` names it by the two types and the name. An existing link is
/// not doubled. Links to resources that are not in the snapshot have no other direction to add.
pub fn link_back(items: &mut [ConfigurationItem], inverse: impl Fn(&str, &Relationship) -> Option<Arc<str>>) {
    let mut places = HashMap::<(Arc<str>, Arc<str>, Arc<str>), Vec<usize>>::new();
    for (at, item) in items.iter().enumerate() {
        let names = [Some(item.key.resource_id.as_ref()), item.resource_name.as_deref(), item.arn.as_deref()];
        let mut names: Vec<&str> = names.into_iter().flatten().collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let place = (Arc::clone(&item.key.account_id), Arc::clone(&item.key.resource_type), Arc::from(name));
            places.entry(place).or_default().push(at);
        }
    }
    let mut back = Vec::new();
    for item in &*items {
        for link in &item.relationships {
            let Some(name) = inverse(&item.key.resource_type, link) else { continue };
            let Some(target) = link.resource_id.as_ref().or(link.resource_name.as_ref()) else { continue };
            let place = (Arc::clone(&item.key.account_id), Arc::clone(&link.resource_type), Arc::clone(target));
            let candidates = places.get(&place).map_or(&[][..], Vec::as_slice);
            // The same id may stand in several regions (names of log groups, of functions).
            let same_region = |at: &&usize| items.get(**at).is_some_and(|other| other.key.region == item.key.region);
            let Some(at) = candidates.iter().find(same_region).or_else(|| candidates.first()) else { continue };
            back.push((
                *at,
                Relationship {
                    resource_type: Arc::clone(&item.key.resource_type),
                    resource_id: Some(Arc::clone(&item.key.resource_id)),
                    resource_name: item.resource_name.as_deref().map(Arc::from),
                    name,
                },
            ));
        }
    }
    for (at, link) in back {
        let Some(item) = items.get_mut(at) else { continue };
        let known = item
            .relationships
            .iter()
            .any(|other| other.resource_type == link.resource_type && other.resource_id == link.resource_id);
        if !known {
            item.relationships.push(link);
        }
    }
    for item in items {
        item.relationships.sort();
        item.relationships.dedup();
    }
}

/// The facts of a type that nobody asked for, as the tree shows them.
pub fn is_not_collected(value: &Value) -> bool {
    value.as_unreadable().is_some_and(|why| why.code == code::NOT_COLLECTED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::ResourceKey;

    const ACCOUNT: &str = "111122223333";
    const REGION: &str = "eu-west-1";

    fn place(resource_type: &str) -> Place {
        Place { account_id: ACCOUNT.into(), aws_region: REGION.into(), resource_type: resource_type.into() }
    }

    fn item(resource_type: &str, id: &str) -> ConfigurationItem {
        ConfigurationItem::new(ResourceKey::new(ACCOUNT, REGION, resource_type, id), "2026-01-02T03:04:05.678Z")
    }

    fn link(resource_type: &str, id: &str, name: &str) -> Relationship {
        Relationship {
            resource_type: resource_type.into(),
            resource_id: Some(id.into()),
            resource_name: None,
            name: name.into(),
        }
    }

    fn denied() -> Arc<Unreadable> {
        Arc::new(Unreadable {
            operation: "ec2:DescribeInstances".into(),
            action: Some("ec2:DescribeInstances".into()),
            code: "UnauthorizedOperation".into(),
            message: "you are not authorized to perform this operation".into(),
        })
    }

    fn about(listed: &[&str], failed: &[&str]) -> About {
        let gap = |resource_type: &&str| Gap {
            account_id: ACCOUNT.into(),
            aws_region: REGION.into(),
            resource_type: (*resource_type).into(),
            resource_id: None,
            path: None,
            reason: denied(),
        };
        About {
            captured_at: "2026-01-02T03:04:05.678Z".into(),
            source: "account".into(),
            accounts: vec![ACCOUNT.into()],
            regions: vec![REGION.into()],
            listings: listed.iter().map(|name| place(name)).collect(),
            gaps: failed.iter().map(gap).collect(),
            ..About::default()
        }
    }

    #[test]
    fn a_listing_is_complete_or_failed_or_was_never_asked_for() {
        let snapshot = Snapshot::new(about(&["AWS::EC2::VPC"], &["AWS::EC2::Instance"]), Vec::new());
        assert_eq!(snapshot.listing(&place("AWS::EC2::VPC")), Ok(()));
        assert_eq!(snapshot.listing(&place("AWS::EC2::Instance")), Err(denied()));
        let never = snapshot.listing(&place("AWS::EC2::Volume")).expect_err("volumes were not listed");
        assert_eq!(never.code, code::NOT_COLLECTED);
    }

    #[test]
    fn links_that_stand_with_the_other_items_need_their_listing() {
        let mut about = about(&["AWS::EC2::VPC"], &["AWS::EC2::Instance"]);
        about.linked_from.insert("AWS::EC2::VPC".into(), ["AWS::EC2::Instance".into()].into());
        let snapshot = Snapshot::new(about, vec![item("AWS::EC2::VPC", "vpc-1")]);
        let vpc = &snapshot.items()[0];
        assert_eq!(snapshot.links(vpc, "AWS::EC2::Instance").err(), Some(denied()));
        assert_eq!(snapshot.links(vpc, "AWS::EC2::Subnet").expect("own links are known").count(), 0);
    }

    #[test]
    fn links_to_what_is_global_need_the_listings_of_the_type_wherever_it_is() {
        let mut group = item("AWS::IAM::Group", "AGPA1");
        group.key.region = GLOBAL.into();
        let mut about = about(&["AWS::EC2::VPC"], &["AWS::EC2::Instance"]);
        let tellers = ["AWS::IAM::User", "AWS::EC2::VPC", "AWS::EC2::Instance", "AWS::IAM::Role"];
        about.linked_from.insert("AWS::IAM::Group".into(), tellers.map(str::to_owned).into());
        about.listings.push(Place { aws_region: GLOBAL.into(), ..place("AWS::IAM::User") });
        let snapshot = Snapshot::new(about, vec![group]);
        let group = &snapshot.items()[0];
        assert_eq!(snapshot.links(group, "AWS::IAM::User").map(Iterator::count), Ok(0), "users have no regions");
        assert_eq!(snapshot.links(group, "AWS::EC2::VPC").map(Iterator::count), Ok(0));
        assert_eq!(snapshot.links(group, "AWS::EC2::Instance").map(Iterator::count), Err(denied()));
        let never = snapshot.links(group, "AWS::IAM::Role").map(Iterator::count).expect_err("roles were not listed");
        assert_eq!(never.code, code::NOT_COLLECTED);
    }

    #[test]
    fn relationships_gain_their_other_direction_once() {
        let mut volume = item("AWS::EC2::Volume", "vol-1");
        volume.relationships.push(link("AWS::EC2::Instance", "i-1", "Is attached to Instance"));
        let mut items = vec![item("AWS::EC2::Instance", "i-1"), volume];
        for _ in 0..2 {
            link_back(&mut items, |_, _| Some("Is attached to Volume".into()));
        }
        assert_eq!(items[0].relationships, [link("AWS::EC2::Volume", "vol-1", "Is attached to Volume")]);
        assert_eq!(items[1].relationships.len(), 1);
    }

    #[test]
    fn a_target_is_found_by_id_name_or_arn() {
        let mut group = item("AWS::AutoScaling::AutoScalingGroup", "arn:aws:autoscaling:…:web");
        group.resource_name = Some("web".into());
        let mut role = item("AWS::IAM::Role", "AROA1");
        role.key.region = GLOBAL.into();
        role.arn = Some("arn:aws:iam::111122223333:role/web".into());
        let instance = item("AWS::EC2::Instance", "i-1");
        let mut trail = item("AWS::CloudTrail::Trail", "main");
        trail.key.region = "ap-south-1".into();
        let snapshot = Snapshot::new(about(&[], &[]), vec![group, role, trail, instance.clone()]);
        let find = |resource_type, id: Option<&str>, name: Option<&str>| {
            let mut to = link(resource_type, "", "");
            to.resource_id = id.map(Arc::from);
            to.resource_name = name.map(Arc::from);
            snapshot.target(&instance, &to).map(|item| item.key.resource_id.to_string())
        };
        assert_eq!(find("AWS::IAM::Role", Some("AROA1"), None).as_deref(), Some("AROA1"));
        assert_eq!(find("AWS::IAM::Role", Some("arn:aws:iam::111122223333:role/web"), None).as_deref(), Some("AROA1"));
        let by_name = find("AWS::AutoScaling::AutoScalingGroup", None, Some("web"));
        assert_eq!(by_name.as_deref(), Some("arn:aws:autoscaling:…:web"));
        assert_eq!(find("AWS::IAM::Role", None, Some("api")), None);
        assert_eq!(find("AWS::CloudTrail::Trail", Some("main"), None).as_deref(), Some("main"));
    }

    #[test]
    fn listings_are_found_in_whatever_order_they_are_told() {
        let mut about = about(&["AWS::SNS::Topic", "AWS::EC2::VPC", "AWS::SNS::Topic", "AWS::EC2::Volume"], &[]);
        about.linked_from.insert("AWS::EC2::VPC".into(), ["AWS::SNS::Topic".into()].into());
        let snapshot = Snapshot::new(about, vec![item("AWS::EC2::VPC", "vpc-1")]);
        let types = ["AWS::EC2::VPC", "AWS::EC2::Volume", "AWS::SNS::Topic"];
        assert_eq!(snapshot.about().listings, types.map(place), "each once");
        for kind in types {
            assert_eq!(snapshot.listing(&place(kind)), Ok(()), "{kind}");
        }
        assert_eq!(snapshot.links(&snapshot.items()[0], "AWS::SNS::Topic").map(Iterator::count), Ok(0));
    }

    #[test]
    fn of_two_items_of_one_resource_the_later_stays() {
        let mut later = item("AWS::EC2::VPC", "a");
        later.state_id += 1;
        let snapshot = Snapshot::new(about(&[], &[]), vec![item("AWS::EC2::VPC", "a"), later.clone()]);
        assert_eq!(snapshot.items().len(), 1);
        assert_eq!(snapshot.items()[0].state_id, later.state_id);
    }
}
