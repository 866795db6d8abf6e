//! All items at one time, with what could not be read: what collecting makes, what rules judge, what is kept.
//!
//! A snapshot answers three questions and each of them honestly: which item has this key, which items of a type are
//! there, which items are related to this one. Where the listing that would tell is missing, the answer is the reason.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, BufRead, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::gap::Gap;
use crate::item::{ConfigurationItem, GLOBAL, Relationship, by_key};
use crate::value::{Unreadable, Value, code};

/// The first line of a snapshot file says that it is one, by this word.
pub const FORMAT: &str = "assize-snapshot";

/// The version of the file format. A reader refuses a newer one.
pub const VERSION: u32 = 1;

/// All items at one time, in the order of their keys.
#[derive(Clone, Debug)]
pub struct Snapshot {
    about: About,
    items: Vec<Arc<ConfigurationItem>>,
    /// The items by type, account and region: each a run of `items`.
    runs: BTreeMap<Place, std::ops::Range<usize>>,
    /// For relationships that have a name and no id.
    by_name: HashMap<(Arc<str>, String), usize>,
    /// For relationships that hold an ARN where the item has an id.
    listing_gaps: BTreeMap<Place, Arc<Unreadable>>,
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

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    format: String,
    version: u32,
    items: usize,
    #[serde(flatten)]
    about: About,
}

impl Snapshot {
    /// A snapshot of these items. Of two items with one key the later capture stays.
    pub fn new(about: About, mut items: Vec<ConfigurationItem>) -> Self {
        items.sort_by(|a, b| by_key(a, b).then_with(|| b.state_id.cmp(&a.state_id)));
        items.dedup_by(|later, earlier| later.key == earlier.key);
        for item in &mut items {
            let Some(pointers) = about.not_collected.get(item.key.resource_type.as_ref()) else { continue };
            for pointer in pointers {
                let name = pointer.rsplit('/').next().unwrap_or(pointer);
                item.obscure(pointer, &Arc::new(Unreadable::not_collected(name)));
            }
        }
        let items: Vec<_> = items.into_iter().map(Arc::new).collect();
        let mut runs = BTreeMap::<Place, std::ops::Range<usize>>::new();
        let mut by_name = HashMap::new();
        for (at, item) in items.iter().enumerate() {
            let place = Place {
                account_id: Arc::clone(&item.key.account_id),
                aws_region: Arc::clone(&item.key.region),
                resource_type: Arc::clone(&item.key.resource_type),
            };
            runs.entry(place).or_insert(at..at).end = at + 1;
            if let Some(name) = &item.resource_name
                && **name != *item.key.resource_id
            {
                by_name.entry((Arc::clone(&item.key.resource_type), name.clone())).or_insert(at);
            }
            if let Some(arn) = &item.arn {
                by_name.entry((Arc::clone(&item.key.resource_type), arn.clone())).or_insert(at);
            }
        }
        let listing_gaps = about
            .gaps
            .iter()
            .filter(|gap| gap.is_listing())
            .map(|gap| {
                let place = Place {
                    account_id: gap.account_id.as_str().into(),
                    aws_region: gap.aws_region.as_str().into(),
                    resource_type: gap.resource_type.as_str().into(),
                };
                (place, Arc::clone(&gap.reason))
            })
            .collect();
        Self { about, items, runs, by_name, listing_gaps }
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
        let mut gaps: Vec<Gap> = self.about.gaps.clone();
        gaps.extend(self.items.iter().flat_map(|item| item.full_gaps()));
        gaps.extend(self.items.iter().flat_map(|item| {
            item.unreadable_relationships
                .iter()
                .map(|links| item.full_gap(Some("/relationships".into()), &links.reason))
        }));
        gaps.retain(|gap| gap.reason.code != code::NOT_COLLECTED);
        gaps.sort();
        gaps.dedup();
        gaps
    }

    /// The items of one type in one account and region: those that are known, whether or not the listing is complete.
    pub fn of_type(&self, place: &Place) -> &[Arc<ConfigurationItem>] {
        self.runs.get(place).and_then(|run| self.items.get(run.clone())).unwrap_or(&[])
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
        Err(Arc::new(Unreadable::not_collected(format_args!(
            "the list of {} in {}",
            place.resource_type, place.aws_region
        ))))
    }

    /// Every place in which the type was, or should have been, listed for an account: all regions for a regional type,
    /// `global` for a global one.
    pub fn places(&self, account_id: &str, resource_type: &str) -> Vec<Place> {
        let mut places: Vec<Place> = self
            .about
            .listings
            .iter()
            .chain(self.listing_gaps.keys())
            .filter(|place| *place.account_id == *account_id && *place.resource_type == *resource_type)
            .cloned()
            .collect();
        places.sort();
        places.dedup();
        places
    }

    /// The item a relationship of `from` points at: by id, in the same region, then `global`, then anywhere in the
    /// account; or by name or ARN.
    pub fn target(&self, from: &ConfigurationItem, link: &Relationship) -> Option<&Arc<ConfigurationItem>> {
        let account = &from.key.account_id;
        if let Some(id) = &link.resource_id {
            let regions =
                [from.key.region.as_ref(), GLOBAL].into_iter().chain(self.about.regions.iter().map(String::as_str));
            for region in regions {
                let wanted = (account.as_ref(), region, link.resource_type.as_ref(), id.as_ref());
                let found = self.items.binary_search_by(|item| {
                    let key = &item.key;
                    (key.account_id.as_ref(), key.region.as_ref(), key.resource_type.as_ref(), key.resource_id.as_ref())
                        .cmp(&wanted)
                });
                if let Ok(at) = found {
                    return self.items.get(at);
                }
            }
        }
        let name = link.resource_id.as_ref().or(link.resource_name.as_ref())?;
        let at = self.by_name.get(&(Arc::clone(&link.resource_type), name.to_string()))?;
        self.items.get(*at)
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
        if let Some(links) = item.unreadable_relationships.iter().find(|links| *links.resource_type == *resource_type) {
            return Err(Arc::clone(&links.reason));
        }
        let from_others = self.about.linked_from.get(item.key.resource_type.as_ref());
        if from_others.is_some_and(|types| types.contains(resource_type)) {
            let mut place = Place {
                account_id: Arc::clone(&item.key.account_id),
                aws_region: Arc::clone(&item.key.region),
                resource_type: resource_type.into(),
            };
            if *item.key.region == *GLOBAL {
                for region in &self.about.regions {
                    place.aws_region = region.as_str().into();
                    self.listing(&place)?;
                }
            } else {
                self.listing(&place)?;
            }
        }
        Ok(item.relationships.iter().filter(move |link| *link.resource_type == *resource_type))
    }

    /// Writes the snapshot as JSON lines: the head, then one item a line in AWS Config's delivered form.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        let head =
            Head { format: FORMAT.to_owned(), version: VERSION, items: self.items.len(), about: self.about.clone() };
        serde_json::to_writer(&mut out, &head)?;
        out.write_all(b"\n")?;
        for item in &self.items {
            serde_json::to_writer(&mut out, item.as_ref())?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Reads what [`Snapshot::write`] wrote.
    ///
    /// # Errors
    /// The line that is not what it should be. A file that is cut off is refused: a missing item would look deleted.
    pub fn read(mut input: impl BufRead) -> Result<Self, SnapshotError> {
        let mut line = Vec::new();
        input.read_until(b'\n', &mut line).map_err(SnapshotError::Io)?;
        let head: Head = serde_json::from_slice(&line).map_err(|_| SnapshotError::NotASnapshot)?;
        if head.format != FORMAT {
            return Err(SnapshotError::NotASnapshot);
        }
        if head.version > VERSION {
            return Err(SnapshotError::Version(head.version));
        }
        let mut items = Vec::new();
        for number in 2.. {
            line.clear();
            if input.read_until(b'\n', &mut line).map_err(SnapshotError::Io)? == 0 {
                break;
            }
            let item = serde_json::from_slice::<ConfigurationItem>(&line)
                .map_err(|source| SnapshotError::Line { line: number, source })?;
            items.push(item);
        }
        if items.len() != head.items {
            return Err(SnapshotError::CutOff { promised: head.items, found: items.len() });
        }
        Ok(Self::new(head.about, items))
    }
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
