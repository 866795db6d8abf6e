//! Items as the files that AWS Config delivers, so that whatever reads those reads these: a snapshot of each account and
//! region, a history of each type, in AWS Config's folders, under its names, in its form.
//!
//! Where files go is the caller's matter; here is what they are called and what is in them. No name leads out of the
//! folder that it is put into, whatever the items say.
//!
//! AWS Config's form has no place for what could not be read: a fact that is missing is one that is not set. So each item
//! has its gaps in a member of its own, `gaps`, which AWS Config's readers pass over and assize reads, and all gaps
//! together are a file beside AWS Config's folders: see [`Missing`].

mod name;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use self::name::{Folder, Uuid};
use crate::gap::Gap;
use crate::item::{ConfigurationItem, GLOBAL, ResourceKey};
use crate::snapshot::Snapshot;
use crate::value::{Unreadable, Value, escape};

/// How the items of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As AWS Config does: one JSON document a file, with all its items in a list.
    AwsConfig,
    /// An item a line. Engines that split files read these in parts; a list of a million items they do not.
    Jsonl,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 2] = [Self::AwsConfig, Self::Jsonl];

    /// As a flag has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AwsConfig => "aws-config",
            Self::Jsonl => "jsonl",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::AwsConfig => "json.gz",
            Self::Jsonl => "jsonl.gz",
        }
    }
}

/// A file that cannot be named, since names hold times.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The snapshot does not say when it was taken.
    #[error("the snapshot was captured at `{0}`, which is no time")]
    SnapshotTime(String),
    /// A version does not say when it was captured.
    #[error("{resource} was captured at `{time}`, which is no time")]
    ItemTime {
        /// Which resource.
        resource: ResourceKey,
        /// What stands where the time should.
        time: String,
    },
}

/// One file, ready to be written.
#[derive(Debug)]
pub struct ExportFile<'i> {
    name: String,
    format: Format,
    snapshot_id: Option<Uuid>,
    items: Vec<&'i ConfigurationItem>,
}

impl ExportFile<'_> {
    /// Its place below the folder or the prefix that the export goes to; folders are parted by `/`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the snapshot, if it is one.
    pub fn snapshot_id(&self) -> Option<String> {
        self.snapshot_id.map(|id| id.to_string())
    }

    /// How many items it holds.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether it holds none, which no file of an export does.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Writes the content, compressed. The same items give the same bytes.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, out: impl Write) -> io::Result<()> {
        // The encoder's head has neither a name nor a time unless it is given one.
        let mut out = GzEncoder::new(out, Compression::default());
        match self.format {
            Format::AwsConfig => self.write_document(&mut out)?,
            Format::Jsonl => {
                for item in &self.items {
                    serde_json::to_writer(&mut out, delivered(item).as_ref())?;
                    out.write_all(b"\n")?;
                }
            }
        }
        out.finish()?.flush()
    }

    /// On one line: the readers of AWS's query engines take a line for a row.
    fn write_document(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(br#"{"fileVersion":"1.0","#)?;
        if let Some(id) = &self.snapshot_id {
            write!(out, r#""configSnapshotId":"{id}","#)?;
        }
        out.write_all(br#""configurationItems":["#)?;
        for (at, item) in self.items.iter().enumerate() {
            if at > 0 {
                out.write_all(b",")?;
            }
            serde_json::to_writer(&mut *out, delivered(item).as_ref())?;
        }
        out.write_all(b"]}\n")
    }
}

/// The snapshot files: one for each account and region that has items, in the order of their names.
///
/// # Errors
/// The snapshot's time is none.
pub fn snapshot(snapshot: &Snapshot, format: Format) -> Result<Vec<ExportFile<'_>>, ExportError> {
    let captured_at = &snapshot.about().captured_at;
    let at = captured_at.parse().map_err(|_| ExportError::SnapshotTime(captured_at.clone()))?;
    let mut by_place = BTreeMap::<(&str, &str), Vec<&ConfigurationItem>>::new();
    for item in snapshot.items() {
        by_place.entry((&item.key.account_id, recorder_region(item))).or_default().push(item);
    }
    let files = by_place.into_iter().map(|((account, region), items)| {
        let id = snapshot_id(&items, captured_at);
        let name = Folder { account, region, at }.snapshot(&id, format.ending());
        ExportFile { name, format, snapshot_id: Some(id), items }
    });
    Ok(files.collect())
}

/// The name of the file that holds a message about an item that is too large for a topic. `at` is when what it tells of
/// was seen: an item that is gone has the time of its last version.
pub fn oversized(item: &ConfigurationItem, at: Timestamp) -> String {
    let folder = Folder { account: &item.key.account_id, region: recorder_region(item), at };
    folder.oversized(&item.key.resource_type, &item.key.resource_id)
}

/// So often AWS Config delivers what changed, in hours.
const HISTORY_HOURS: i64 = 6;

/// So many versions are put into one history file at most, so that a file's one line stays far below the 32 MB that AWS's
/// query engine takes for a row. What is more goes to a file of the next number.
const HISTORY_ITEMS: usize = 2_000;

/// The history files of these versions, in the order of their names: one for each account, region and type, and each six
/// hours in which something changed, with its versions in the order of time.
///
/// # Errors
/// A version's time is none.
pub fn history<'i>(
    versions: impl IntoIterator<Item = &'i ConfigurationItem>,
    format: Format,
) -> Result<Vec<ExportFile<'i>>, ExportError> {
    let mut by_window = BTreeMap::<(&str, &str, &str, i64), Vec<(Timestamp, &ConfigurationItem)>>::new();
    for item in versions {
        let at: Timestamp = item
            .capture_time
            .parse()
            .map_err(|_| ExportError::ItemTime { resource: item.key.clone(), time: item.capture_time.to_string() })?;
        let window = at.as_second().div_euclid(HISTORY_HOURS * 60 * 60);
        let key = (&*item.key.account_id, recorder_region(item), &*item.key.resource_type, window);
        by_window.entry(key).or_default().push((at, item));
    }
    let mut files = Vec::new();
    for ((account, region, resource_type, _), mut versions) in by_window {
        versions.sort_by(|(a, one), (b, other)| a.cmp(b).then_with(|| one.key.cmp(&other.key)));
        for (number, part) in versions.chunks(HISTORY_ITEMS).enumerate() {
            let (Some((first, _)), Some((last, _))) = (part.first(), part.last()) else { continue };
            let folder = Folder { account, region, at: *last };
            let name = folder.history(resource_type, *first, number + 1, format.ending());
            files.push(ExportFile {
                name,
                format,
                snapshot_id: None,
                items: part.iter().map(|(_, item)| *item).collect(),
            });
        }
    }
    Ok(files)
}

/// The region of the recorder that would deliver the item. What is of no region is recorded in the region where the
/// partition's global services are at home.
fn recorder_region(item: &ConfigurationItem) -> &str {
    if *item.key.region != *GLOBAL {
        return &item.key.region;
    }
    match item.arn.as_deref().and_then(|arn| arn.split(':').nth(1)) {
        Some("aws-cn") => "cn-north-1",
        Some("aws-us-gov") => "us-gov-west-1",
        _ => "us-east-1",
    }
}

/// An id that is the same for the same content.
fn snapshot_id(items: &[&ConfigurationItem], captured_at: &str) -> Uuid {
    let mut digest = Digest(Sha256::new_with_prefix(captured_at));
    for item in items {
        // What cannot be written here fails again, and is told, when the file is written.
        let _ = serde_json::to_writer(&mut digest, delivered(item).as_ref());
    }
    Uuid::of_digest(&digest.0.finalize().into())
}

/// Takes bytes into a digest.
struct Digest(Sha256);

impl Write for Digest {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The item with all its unreadable facts among its gaps, those included that nobody asked for: the file has no other
/// place that says so.
fn delivered(item: &ConfigurationItem) -> Cow<'_, ConfigurationItem> {
    let mut unreadable = Vec::new();
    for (section, value) in [
        ("/configuration", &item.configuration),
        ("/supplementaryConfiguration", &item.supplementary_configuration),
        ("/tags", &item.tags),
    ] {
        find_unreadable(value, section, &mut unreadable);
    }
    unreadable.retain(|(pointer, _)| item.gaps.iter().all(|gap| gap.path != *pointer));
    if unreadable.is_empty() {
        return Cow::Borrowed(item);
    }
    let mut item = item.clone();
    for (pointer, reason) in unreadable {
        item.add_gap(&pointer, &reason);
    }
    Cow::Owned(item)
}

fn find_unreadable(value: &Value, pointer: &str, found: &mut Vec<(String, Arc<Unreadable>)>) {
    match value {
        Value::Unreadable(reason) => found.push((pointer.to_owned(), Arc::clone(reason))),
        Value::Object(members) => {
            for (name, value) in members.iter() {
                find_unreadable(value, &format!("{pointer}/{}", escape(name)), found);
            }
        }
        Value::Array(elements) => {
            for (at, value) in elements.iter().enumerate() {
                find_unreadable(value, &format!("{pointer}/{at}"), found);
            }
        }
        _ => {}
    }
}

/// What the exported items lack, in the form of the file that says so.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Missing {
    format: &'static str,
    version: u32,
    /// How many items lack facts.
    items: usize,
    /// Listings that could not be read, and facts of single items, sorted.
    gaps: Vec<Gap>,
}

impl Missing {
    /// The name of the file. It stands beside AWS Config's folders, where no query over them finds it.
    pub const NAME: &'static str = "assize-gaps.json";

    /// No gaps yet, but those of listings.
    pub fn new(listings: impl IntoIterator<Item = Gap>) -> Self {
        Self { format: "assize-gaps", version: 1, items: 0, gaps: listings.into_iter().collect() }
    }

    /// Adds the gaps of the items of a file.
    pub fn add(&mut self, file: &ExportFile<'_>) {
        for item in &file.items {
            let item = delivered(item);
            let links = item
                .unreadable_relationships
                .iter()
                .map(|links| item.full_gap(Some("/relationships".to_owned()), &links.reason));
            let before = self.gaps.len();
            self.gaps.extend(item.full_gaps().chain(links));
            self.items += usize::from(self.gaps.len() > before);
        }
    }

    /// How many items lack facts.
    pub fn items(&self) -> usize {
        self.items
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.gaps.is_empty()
    }

    /// Writes the file.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&mut self, mut out: impl Write) -> io::Result<()> {
        self.gaps.sort();
        self.gaps.dedup();
        serde_json::to_writer_pretty(&mut out, self)?;
        out.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests;
