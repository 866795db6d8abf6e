//! AWS Config's own files: snapshots, histories, and answers of its API.
//!
//! AWS Config writes an item in three dialects: delivered to a bucket, as `GetResourceConfigHistory` answers, and as
//! `BatchGetResourceConfig` and `SelectResourceConfig` do. The item's reader knows the spellings; here is what the file
//! around the items says, and what it does not say:
//!
//! - A snapshot file holds every resource of the types that are recorded. Which types those are it does not tell, so a
//!   type without items is *not recorded*, never *there are none*. Of several snapshots of a place the latest counts: what
//!   only an earlier one holds is gone.
//! - A history file and an answer of the API hold some resources, and of each any number of versions. The newest counts,
//!   and no listing is complete.
//! - Facts that assize asks AWS for and AWS Config does not record are unreadable, not unset.

pub mod delivery;
pub mod folder;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use self::delivery::{Delivery, Name};
use super::account::secret::{Net, SecretKey};
use super::descriptor::Catalog;
use crate::item::{ConfigurationItem, GLOBAL, UnreadableRelationship};
use crate::snapshot::{About, Place, SOURCE_AWS_CONFIG, Snapshot};
use crate::value::{Object, Unreadable, Value, code};

/// A file that cannot be read as one of AWS Config's.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", path.display())]
pub struct ConfigExportError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub reason: Defect,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Defect {
    /// The file could not be read at all, or its compression is broken.
    #[error("the file cannot be read")]
    Io(#[source] io::Error),
    /// Zero bytes: AWS Config puts such a file into the bucket to see whether it may write.
    #[error("the file is empty: AWS Config writes such a file to check that it may, and it holds no items")]
    Empty,
    /// The file may be small and hold more than a machine's memory.
    #[error("there are more than {limit} bytes in it")]
    TooLarge {
        /// The most that is read.
        limit: u64,
    },
    /// Not JSON, or an item is not one.
    #[error("not a file of AWS Config")]
    Json(#[source] serde_json::Error),
    /// JSON of another kind.
    #[error("neither a snapshot nor a history of AWS Config: there is no list `configurationItems`")]
    NoItems,
    /// A notification names an item that is in another file.
    #[error("the item is too large for a notification: read the file that `s3DeliverySummary` names")]
    Oversized,
    /// The rows of a query that asked for single members: which of the others are not set is not known.
    #[error("the query does not select `configuration` as a whole")]
    Partial,
    /// An item does not say which resource it is.
    #[error("item {number} has no `{member}`")]
    Incomplete {
        /// Its place in the file, from 1.
        number: usize,
        /// What it lacks.
        member: &'static str,
    },
}

/// The most that a compressed file may hold, in bytes. The largest snapshot files that AWS Config delivers have some
/// hundred thousand items of a few kilobytes each.
const LARGEST: u64 = 4 << 30;

fn inflate(bytes: &[u8], limit: u64) -> Result<Vec<u8>, Defect> {
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes).take(limit.saturating_add(1)).read_to_end(&mut plain).map_err(Defect::Io)?;
    if plain.len() as u64 > limit { Err(Defect::TooLarge { limit }) } else { Ok(plain) }
}

/// The items of one or several files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigExport {
    items: Vec<ConfigurationItem>,
    /// The places of which a snapshot file has items, and what the latest such file has.
    listings: BTreeMap<Place, Listing>,
    /// The latest time that a file is of, if one of them tells.
    delivered_at: Option<String>,
}

/// The resources of one place in a snapshot file.
#[derive(Clone, Debug, Default, PartialEq)]
struct Listing {
    /// When the snapshot was delivered, or the capture time of its newest item.
    at: String,
    ids: BTreeSet<Arc<str>>,
}

/// What assize knows of resource types and AWS Config's files do not tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TypeFacts {
    /// By type that is described, the JSON pointers of the facts that assize reads with calls of their own.
    pub supplements: BTreeMap<String, Vec<String>>,
    /// By type, the JSON pointers of secrets, of types too that only AWS Config records.
    pub secrets: BTreeMap<String, Vec<String>>,
}

impl TypeFacts {
    /// What the descriptors say.
    pub fn of(catalog: &Catalog) -> Self {
        let mut facts = Self::default();
        for descriptor in catalog.iter() {
            // A part that has no place of its own only tells the tags.
            let pointers = descriptor.parts.iter().map(|part| part.into.as_deref().unwrap_or("/tags").to_owned());
            facts.supplements.entry(descriptor.resource_type.to_string()).or_default().extend(pointers);
            let secrets = descriptor.secrets.iter().map(ToString::to_string);
            facts.secrets.entry(descriptor.resource_type.to_string()).or_default().extend(secrets);
        }
        for recorded in catalog.recorded() {
            let secrets = recorded.secrets.iter().map(ToString::to_string);
            facts.secrets.entry(recorded.resource_type.to_string()).or_default().extend(secrets);
        }
        facts
    }
}

/// What AWS Config leaves out of an item where it is not set, so that its absence says: not set. Whatever else of the
/// supplementary facts is absent was not recorded.
const OMITTED: [(&str, &[&str]); 3] = [
    (
        "AWS::S3::Bucket",
        &[
            "/supplementaryConfiguration/BucketCrossOriginConfiguration",
            "/supplementaryConfiguration/BucketLifecycleConfiguration",
            "/supplementaryConfiguration/BucketReplicationConfiguration",
            "/supplementaryConfiguration/BucketWebsiteConfiguration",
            "/supplementaryConfiguration/ObjectLockConfiguration",
            "/supplementaryConfiguration/PublicAccessBlockConfiguration",
            "/supplementaryConfiguration/ServerSideEncryptionConfiguration",
        ],
    ),
    ("AWS::AutoScaling::AutoScalingGroup", &["/supplementaryConfiguration/LifeCycleHooks"]),
    ("AWS::Lambda::Function", &["/supplementaryConfiguration/Concurrency"]),
];

impl ConfigExport {
    /// Reads a file, compressed or not. The times in the names that AWS Config gives its files are used, since the files
    /// themselves do not tell when they were delivered.
    ///
    /// # Errors
    /// Why it is not a file of AWS Config.
    pub fn open(path: &Path) -> Result<Self, ConfigExportError> {
        let wrong = |reason| ConfigExportError { path: path.to_owned(), reason };
        let bytes = fs::read(path).map_err(|error| wrong(Defect::Io(error)))?;
        let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
        Self::named(&name, &bytes).map_err(wrong)
    }

    /// Reads the content of a file, compressed or not, and what its name tells: that of a file or the key of an object.
    ///
    /// # Errors
    /// Why it is not a file of AWS Config.
    pub fn named(name: &str, bytes: &[u8]) -> Result<Self, Defect> {
        let mut export = Self::read(bytes)?;
        if let Name::Delivery(delivery) = Name::of_key(name) {
            export.delivered(&delivery);
        }
        Ok(export)
    }

    /// Reads the content of a file, compressed or not.
    ///
    /// # Errors
    /// Why it is not a file of AWS Config.
    pub fn read(bytes: &[u8]) -> Result<Self, Defect> {
        if bytes.is_empty() {
            return Err(Defect::Empty);
        }
        if bytes.starts_with(&[0x1f, 0x8b]) {
            let plain = inflate(bytes, LARGEST)?;
            return if plain.is_empty() { Err(Defect::Empty) } else { Self::from_json(&plain) };
        }
        Self::from_json(bytes)
    }

    fn from_json(json: &[u8]) -> Result<Self, Defect> {
        let first = json.iter().find(|byte| !byte.is_ascii_whitespace());
        if first == Some(&b'[') {
            return Self::of(serde_json::from_slice(json).map_err(Defect::Json)?, false);
        }
        let mut documents = serde_json::Deserializer::from_slice(json).into_iter::<Body>();
        let Some(body) = documents.next() else { return Err(Defect::Empty) };
        let rest = json.get(documents.byte_offset()..).unwrap_or_default();
        if rest.iter().any(|byte| !byte.is_ascii_whitespace()) {
            // Several documents: an item a line.
            body.map_err(Defect::Json)?;
            let items: Result<_, _> = serde_json::Deserializer::from_slice(json).into_iter().collect();
            return Self::of(items.map_err(Defect::Json)?, false);
        }
        let body = body.map_err(Defect::Json)?;
        if let Some(items) = body.configuration_items {
            return Self::of(items, body.config_snapshot_id.is_some());
        }
        if let Some(mut items) = body.base_configuration_items {
            for item in &mut items {
                without_links(item);
            }
            return Self::of(items, false);
        }
        if let Some(rows) = body.results {
            let fields = body.query_info.map(|info| info.select_fields).unwrap_or_default();
            if !fields.iter().any(|field| field.name == "configuration") {
                return Err(Defect::Partial);
            }
            return Self::of_rows(&rows);
        }
        if let Some(item) = body.configuration_item {
            return Self::of(vec![item], false);
        }
        if body.configuration_item_summary.is_some() {
            return Err(Defect::Oversized);
        }
        if body.resource_type.is_some() {
            return Self::of(vec![serde_json::from_slice(json).map_err(Defect::Json)?], false);
        }
        Err(Defect::NoItems)
    }

    fn of(mut items: Vec<ConfigurationItem>, is_snapshot: bool) -> Result<Self, Defect> {
        for (at, item) in items.iter().enumerate() {
            let key = &item.key;
            let members =
                [("awsAccountId", &key.account_id), ("awsRegion", &key.region), ("resourceId", &key.resource_id)];
            if let Some((member, _)) = members.into_iter().find(|(_, text)| text.is_empty()) {
                return Err(Defect::Incomplete { number: at + 1, member });
            }
        }
        for item in &mut items {
            // Found, and so large or so new that its body was left out.
            if item.status.is_present() && item.configuration.as_object().is_some_and(Object::is_empty) {
                item.add_gap("/configuration", &not_recorded("the item's configuration is not in the file"));
            }
        }
        let mut export = Self { items, ..Self::default() };
        if is_snapshot {
            export.list();
        }
        Ok(export)
    }

    /// Each place that has items is listed as a whole.
    fn list(&mut self) {
        let newest = self.items.iter().map(|item| item.capture_time.as_str()).max().unwrap_or_default().to_owned();
        for item in &self.items {
            let listing = self.listings.entry(Place::from(&item.key)).or_default();
            listing.at.clone_from(&newest);
            listing.ids.insert(Arc::clone(&item.key.resource_id));
        }
    }

    /// Takes over what the file's name tells.
    fn delivered(&mut self, delivery: &Delivery) {
        if delivery.kind == delivery::Kind::Snapshot && self.listings.is_empty() {
            // In the form of an item a line nothing but the name says that this is a snapshot.
            self.list();
        }
        // A name may lie, and an item cannot have been captured after its delivery.
        for listing in self.listings.values_mut() {
            listing.at = listing.at.clone().max(delivery.at.clone());
        }
        self.delivered_at = Some(delivery.at.clone());
    }

    /// Items that an API answered; no list of them is known to be complete.
    pub fn of_items(items: Vec<ConfigurationItem>) -> Self {
        Self { items, ..Self::default() }
    }

    /// The items of rows that selected all of an item.
    pub(super) fn of_rows(rows: &[String]) -> Result<Self, Defect> {
        let items: Result<Vec<ConfigurationItem>, _> = rows.iter().map(|row| selected(row)).collect();
        Self::of(items.map_err(Defect::Json)?, false)
    }

    /// The items as they stand in the files.
    pub fn into_items(self) -> Vec<ConfigurationItem> {
        self.items
    }

    /// Adds the items of another file, such as that of another region or another day.
    pub fn extend(&mut self, other: Self) {
        self.items.extend(other.items);
        for (place, listing) in other.listings {
            let latest = self.listings.entry(place).or_default();
            if listing.at >= latest.at {
                *latest = listing;
            }
        }
        self.delivered_at = self.delivered_at.take().max(other.delivered_at);
    }

    /// Whether the files are snapshots: of each place that has items, all are there.
    pub fn is_snapshot(&self) -> bool {
        !self.listings.is_empty()
    }

    /// Replaces secrets by digests under this key.
    pub fn hide_secrets(&mut self, facts: &TypeFacts, key: &SecretKey) {
        for item in &mut self.items {
            let secrets = facts.secrets.get(item.key.resource_type.as_ref());
            let is_described = facts.supplements.contains_key(item.key.resource_type.as_ref());
            let net = if is_described { Net::Narrow } else { Net::Wide };
            key.replace(item, secrets.into_iter().flatten().map(String::as_str), net);
        }
    }

    /// Every version that the files hold, for a history: what AWS Config did not record is a gap.
    pub fn into_versions(mut self, facts: &TypeFacts) -> Vec<ConfigurationItem> {
        for item in &mut self.items {
            for (pointer, reason) in unrecorded(item, facts) {
                item.add_gap(&pointer, &reason);
            }
        }
        self.items
    }

    /// The snapshot that the files make up: of each resource its newest version, unless the latest snapshot file of its
    /// place is later and does not have it. What AWS Config did not record is unreadable.
    pub fn into_snapshot(mut self, facts: &TypeFacts) -> Snapshot {
        let listings = &self.listings;
        self.items.retain(|item| {
            let listing = listings.get(&Place::from(&item.key));
            listing
                .is_none_or(|listing| listing.ids.contains(&item.key.resource_id) || *item.capture_time > *listing.at)
        });
        for item in &mut self.items {
            for (pointer, reason) in unrecorded(item, facts) {
                item.obscure(&pointer, &reason);
            }
        }
        let newest = self.items.iter().map(|item| item.capture_time.as_str()).max().unwrap_or_default();
        // A name may lie, and an item cannot have been captured after its delivery.
        let captured_at = self.delivered_at.filter(|time| time.as_str() >= newest).unwrap_or_else(|| newest.to_owned());
        let accounts: BTreeSet<String> = self.items.iter().map(|item| item.key.account_id.to_string()).collect();
        let regions: BTreeSet<String> =
            self.items.iter().map(|item| item.key.region.to_string()).filter(|region| region != GLOBAL).collect();
        let about = About {
            captured_at,
            source: SOURCE_AWS_CONFIG.to_owned(),
            accounts: accounts.into_iter().collect(),
            regions: regions.into_iter().collect(),
            listings: self.listings.into_keys().collect(),
            ..About::default()
        };
        Snapshot::new(about, self.items)
    }
}

/// The file around the items, in any of its forms. Members that are not named here are of no use.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    /// Only snapshot files have it.
    config_snapshot_id: Option<String>,
    /// Snapshot and history files, and `GetResourceConfigHistory`.
    configuration_items: Option<Vec<ConfigurationItem>>,
    /// `BatchGetResourceConfig`.
    base_configuration_items: Option<Vec<ConfigurationItem>>,
    /// `SelectResourceConfig`: each row is JSON text.
    #[serde(rename = "Results")]
    results: Option<Vec<String>>,
    /// What `SelectResourceConfig` was asked for.
    #[serde(rename = "QueryInfo")]
    query_info: Option<QueryInfo>,
    /// A notification of a change.
    configuration_item: Option<ConfigurationItem>,
    /// A notification of a change that is too large for it.
    configuration_item_summary: Option<Value>,
    /// An item alone.
    resource_type: Option<Value>,
}

#[derive(Deserialize)]
struct QueryInfo {
    #[serde(rename = "SelectFields", default)]
    select_fields: Vec<SelectField>,
}

#[derive(Deserialize)]
struct SelectField {
    #[serde(rename = "Name")]
    name: String,
}

/// A row of `SelectResourceConfig` has what the query selected; what it did not is not known.
fn selected(row: &str) -> Result<ConfigurationItem, serde_json::Error> {
    let members: Value = serde_json::from_str(row)?;
    let mut item: ConfigurationItem = serde_json::from_str(row)?;
    let reason = not_recorded("the query did not select it");
    for section in ["tags", "supplementaryConfiguration"] {
        if members.get(section).is_none() {
            item.obscure(&format!("/{section}"), &reason);
        }
    }
    if members.get("relationships").is_none() {
        item.unreadable_relationships = any_link(reason);
    }
    Ok(item)
}

/// `BatchGetResourceConfig` answers with neither tags nor relationships: that there are none cannot be told from it.
fn without_links(item: &mut ConfigurationItem) {
    let reason = not_recorded("BatchGetResourceConfig does not tell tags and relationships");
    item.obscure("/tags", &reason);
    item.unreadable_relationships = any_link(reason);
}

fn any_link(reason: Arc<Unreadable>) -> Vec<UnreadableRelationship> {
    vec![UnreadableRelationship { resource_type: UnreadableRelationship::ANY.into(), reason }]
}

fn not_recorded(message: impl Into<String>) -> Arc<Unreadable> {
    Arc::new(Unreadable {
        operation: String::new(),
        action: None,
        code: code::NOT_RECORDED.to_owned(),
        message: message.into(),
    })
}

/// The facts of an item that AWS Config did not record, and why each cannot be read.
fn unrecorded(item: &ConfigurationItem, facts: &TypeFacts) -> Vec<(String, Arc<Unreadable>)> {
    let resource_type = item.key.resource_type.as_ref();
    let omitted = OMITTED.iter().find(|(name, _)| *name == resource_type).map_or(&[][..], |(_, paths)| *paths);
    let pointers = facts.supplements.get(resource_type).into_iter().flatten();
    let missing = pointers.filter(|pointer| item.pointer(pointer).is_none() && !omitted.contains(&pointer.as_str()));
    missing
        .map(|pointer| {
            let name = pointer.rsplit('/').next().unwrap_or(pointer);
            (pointer.clone(), not_recorded(format!("AWS Config did not record {name}")))
        })
        .collect()
}

#[cfg(test)]
mod tests;
