//! Appending a look at accounts, and single versions. Places that were last looked at before are brought forward from
//! their open intervals; a place for which this is news of the past is told again from the beginning.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::Arc;
use std::thread::{self, Scope, ScopedJoinHandle};

use compact_str::CompactString;
use jiff::Timestamp;
use rayon::prelude::*;
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::coverage::{Coverage, Listings};
use super::error::{Attempt, Fault, HistoryError, Result};
use super::facts::{self, Backlinks, Unknown};
use super::fold::State;
use super::judgement::{self, Judgement};
use super::retell::Retelling;
use super::writer::Writer;
use super::{History, SnapshotId, timestamp};
use crate::canonical::{self, Digests};
use crate::item::{ConfigurationItem, ItemStatus, format_time};
use crate::snapshot::{About, Place, SOURCE_AWS_CONFIG, Snapshot};
use crate::value::Unreadable;

/// So many bodies are compressed at a time.
const BATCH: usize = 4_096;

/// What came of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// How many versions are new.
    pub new: usize,
    /// How many were there already.
    pub known: usize,
}

/// What AWS Config says of a version beside its content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Origin {
    pub(super) capture_time: CompactString,
    #[serde(rename = "configurationStateId")]
    pub(super) state_id: i64,
    #[serde(rename = "configurationItemStatus")]
    pub(super) status: ItemStatus,
    #[serde(rename = "configurationStateMd5Hash", default, skip_serializing_if = "CompactString::is_empty")]
    pub(super) md5_hash: CompactString,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) related_events: Vec<String>,
}

impl Origin {
    /// Of a version that began before this time, when the looks of that time are forgotten.
    pub(super) fn known_at(time: i64) -> Attempt<String> {
        Ok(serde_json::to_string(&Self {
            capture_time: format_time(timestamp(time)).into(),
            state_id: time,
            status: ItemStatus::Ok,
            ..Self::default()
        })?)
    }

    fn of(item: &ConfigurationItem) -> Attempt<String> {
        Ok(serde_json::to_string(&Self {
            capture_time: item.capture_time.clone(),
            state_id: item.state_id,
            status: item.status,
            md5_hash: item.md5_hash.clone(),
            related_events: item.related_events.clone(),
        })?)
    }
}

/// One item of a look.
pub(super) struct Sight<'s> {
    pub(super) item: &'s ConfigurationItem,
    pub(super) digests: Digests,
    pub(super) unknown: Unknown,
    pub(super) origin: Option<String>,
}

impl<'s> Sight<'s> {
    fn of(item: &'s ConfigurationItem, is_imported: bool) -> Attempt<Self> {
        let origin = is_imported.then(|| Origin::of(item)).transpose()?;
        Ok(Self { item, digests: canonical::digests(item), unknown: Unknown::of(item), origin })
    }
}

/// One place in a look.
#[derive(Default)]
pub(super) struct Look<'s> {
    pub(super) sights: Vec<Sight<'s>>,
    /// Whether its list was complete, or why not; nothing if it was not asked for.
    pub(super) listing: Option<std::result::Result<(), Arc<Unreadable>>>,
    pub(super) backlinks: Backlinks,
}

impl History {
    /// Appends a snapshot, whole or not at all, with what was found when it was judged. One that is in the store already is
    /// not doubled; it may be judged again. It may be of any time.
    ///
    /// # Errors
    /// The snapshot does not say of which time it is, or the store cannot be written.
    pub fn append(&mut self, snapshot: &Snapshot, judgement: Option<&Judgement<'_>>) -> Result<SnapshotId> {
        let about = snapshot.about();
        let time = about
            .captured_at
            .parse::<Timestamp>()
            .map_err(|_| HistoryError::NoTime { time: about.captured_at.clone() })?
            .as_millisecond();
        let is_imported = about.source == SOURCE_AWS_CONFIG;
        let looks = looks(snapshot, is_imported).map_err(|fault| fault.at(&self.path))?;
        let path = self.path.clone();
        self.write(|transaction| {
            let mut writer = Writer::new(transaction);
            let id = append(&mut writer, snapshot, time, looks, is_imported)?;
            if let Some(judgement) = judgement {
                judgement::record(&mut writer, id, snapshot, *judgement)?;
            }
            Ok(id)
        })
        .map_err(|fault| fault.at(&path))
    }

    /// Adds single versions, as AWS Config recorded them: each counts from its own capture time on, until a later look.
    /// They may come in any order and more than once.
    ///
    /// # Errors
    /// An item does not say when it was captured, or the store cannot be written.
    pub fn import(&mut self, items: impl IntoIterator<Item = ConfigurationItem>) -> Result<Imported> {
        let items: Vec<ConfigurationItem> = items.into_iter().collect();
        if let Some(item) = items.iter().find(|item| item.capture_time.parse::<Timestamp>().is_err()) {
            return Err(HistoryError::NoItemTime {
                resource: item.key.to_string(),
                time: item.capture_time.to_string(),
            });
        }
        let path = self.path.clone();
        self.write(|transaction| {
            let mut writer = Writer::new(transaction);
            let (imported, places) = import(&mut writer, &items)?;
            for place in places {
                Retelling::of(&mut writer, place)?.tell(&mut writer, None)?;
            }
            Ok(imported)
        })
        .map_err(|fault| fault.at(&path))
    }

    /// One transaction: all of it or nothing. Who writes next waits.
    pub(super) fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Attempt<T>) -> Attempt<T> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }
}

/// The places of a snapshot, with what was seen there.
fn looks(snapshot: &Snapshot, is_imported: bool) -> Attempt<BTreeMap<Place, Look<'_>>> {
    let about = snapshot.about();
    let listings = Listings::of(about);
    let mut looks = BTreeMap::<Place, Look<'_>>::new();
    let present: Vec<&ConfigurationItem> =
        snapshot.items().iter().map(AsRef::as_ref).filter(|item| item.status.is_present()).collect();
    let sights: Vec<_> = present.into_par_iter().map(|item| Sight::of(item, is_imported)).collect();
    for sight in sights {
        let sight = sight?;
        // Items come in the order of their places.
        match looks.last_entry() {
            Some(mut last) if last.key().holds(&sight.item.key) => last.get_mut().sights.push(sight),
            _ => looks.entry(Place::from(&sight.item.key)).or_default().sights.push(sight),
        }
    }
    for place in &about.listings {
        looks.entry(place.clone()).or_default();
    }
    for gap in about.gaps.iter().filter(|gap| gap.is_listing()) {
        looks.entry(Place::from(gap)).or_default();
    }
    for (place, look) in &mut looks {
        look.listing = listings.get(place);
        look.backlinks = listings.backlinks(place);
    }
    Ok(looks)
}

fn append(
    writer: &mut Writer<'_>,
    snapshot: &Snapshot,
    time: i64,
    looks: BTreeMap<Place, Look<'_>>,
    is_imported: bool,
) -> Attempt<SnapshotId> {
    let about = snapshot.about();
    let digest = digest(about, &looks)?;
    let find = "SELECT id FROM snapshot WHERE digest = ?1";
    if let Some(id) = writer.transaction.query_row(find, [&digest], |row| row.get(0)).optional()? {
        return Ok(SnapshotId(id));
    }
    let mut changed = BTreeSet::new();
    if is_imported {
        // What AWS Config recorded counts from when it was recorded, not only from when it was delivered.
        let earlier = snapshot.items().iter().map(AsRef::as_ref).filter(|item: &&ConfigurationItem| {
            item.capture_time.parse::<Timestamp>().is_ok_and(|captured| captured.as_millisecond() < time)
        });
        (_, changed) = import(writer, earlier)?;
    }
    let mut coverage = Coverage::default();
    let mut places = Vec::with_capacity(looks.len());
    for (place, look) in looks {
        let id = writer.place(&place)?;
        if matches!(look.listing, Some(Ok(()))) {
            coverage.complete.push(id);
        }
        places.push((id, look));
    }
    coverage.complete.sort_unstable();
    let mut seen = Vec::with_capacity(places.len());
    let mut late = Vec::new();
    for (place, look) in places {
        seen.push(place);
        let is_news = writer.last_look(place)?.is_none_or(|last| last < time) && !changed.remove(&place);
        if is_news {
            let resources = bring_forward(writer, place, time, &look)?;
            coverage.note(place, &resources);
            tell_listing(writer, place, time, &look)?;
        } else {
            let mut resources = Vec::with_capacity(look.sights.len());
            for sight in &look.sights {
                resources.push((writer.resource(place, sight.item)?, writer.unknown(&sight.unknown)?));
            }
            coverage.note(place, &resources);
            late.push((place, look, resources));
        }
    }
    let document = writer.document(&serde_json::to_vec(&coverage)?)?;
    let (head, requests) = documents(about)?;
    let (head, requests) = (writer.document(&head)?, writer.document(&requests)?);
    let sql = "INSERT INTO snapshot (time, captured_at, duration_ms, digest, about, requests, coverage, items, gaps)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let row = params![
        time,
        about.captured_at,
        i64::try_from(about.duration_ms).unwrap_or(i64::MAX),
        digest,
        head,
        requests,
        document,
        i64::try_from(snapshot.items().len()).unwrap_or(i64::MAX),
        i64::try_from(snapshot.gaps().len()).unwrap_or(i64::MAX),
    ];
    let id = writer.transaction.prepare_cached(sql)?.insert(row)?;
    for (place, look, resources) in late {
        Retelling::of(writer, place)?.tell(writer, Some((id, &look, &resources)))?;
    }
    for place in changed {
        Retelling::of(writer, place)?.tell(writer, None)?;
    }
    for place in seen {
        writer.looked(place, time)?;
    }
    Ok(SnapshotId(id))
}

/// What makes a snapshot this one: the time, what it was of, and what was seen. How long it took does not.
fn digest(about: &About, looks: &BTreeMap<Place, Look<'_>>) -> Attempt<[u8; 32]> {
    let (head, _) = documents(about)?;
    let mut hash = Sha256::new().chain_update(&about.captured_at).chain_update([0]).chain_update(head);
    for sight in looks.values().flat_map(|look| &look.sights) {
        hash.update(sight.item.key.to_string());
        hash.update([0]);
        hash.update(&sight.item.capture_time);
        hash.update(sight.digests.sha256);
        hash.update(serde_json::to_vec(&sight.unknown)?);
    }
    Ok(hash.finalize().into())
}

/// What a snapshot is of, without what is different each time; and the calls that it took.
fn documents(about: &About) -> std::result::Result<(Vec<u8>, Vec<u8>), Fault> {
    let mut head = About { captured_at: String::new(), duration_ms: 0, ..about.clone() };
    let requests = std::mem::take(&mut head.requests);
    Ok((serde_json::to_vec(&head)?, serde_json::to_vec(&requests)?))
}

/// The last known state of a resource.
struct Before {
    resource: i64,
    start: i64,
    state: State,
    digest: [u8; 32],
    seen: bool,
}

/// The resources of a place that are there, and where each of them stands in the list, by its id.
type LastKnown = (Vec<Before>, HashMap<Box<str>, usize>);

/// The facts of an item and their digests.
type Facts<'s> = (Cow<'s, ConfigurationItem>, Digests);

/// What becomes of a resource.
struct Change<'s> {
    sight: &'s Sight<'s>,
    before: Option<usize>,
    /// The facts and their digests, if they are others than before.
    facts: Option<Facts<'s>>,
    unknown: Option<i64>,
}

/// From the open intervals of a place to those after a later look. Gives back what was seen: each resource, and what was
/// not known of it.
fn bring_forward(writer: &mut Writer<'_>, place: i64, time: i64, look: &Look<'_>) -> Attempt<Vec<(i64, Option<i64>)>> {
    let (mut before, by_id) = last_known(writer, place)?;
    let mut resources = vec![(0, None); look.sights.len()];
    let mut changes = Vec::new();
    let mut after = HashMap::<(Option<i64>, Option<i64>), Option<i64>>::new();
    for (at, sight) in look.sights.iter().enumerate() {
        let unknown = writer.unknown(&sight.unknown)?;
        if let Some(seen) = resources.get_mut(at) {
            seen.1 = unknown;
        }
        let known = by_id.get(sight.item.key.resource_id.as_ref()).copied();
        let prior = known.and_then(|known| before.get_mut(known));
        let transition = (prior.as_ref().map(|prior| prior.state.unknown.unwrap_or(0)), unknown);
        let unknown = if let Some(unknown) = after.get(&transition) {
            *unknown
        } else {
            let unknown = writer.unknown_after(transition.0, &sight.unknown, &look.backlinks)?;
            after.insert(transition, unknown);
            unknown
        };
        let facts = match prior {
            None => Some((Cow::Borrowed(sight.item), sight.digests)),
            Some(prior) => {
                prior.seen = true;
                if let Some(seen) = resources.get_mut(at) {
                    seen.0 = prior.resource;
                }
                let facts = newer_facts(writer, prior, sight, &look.backlinks)?;
                if facts.is_none() && unknown == prior.state.unknown {
                    continue;
                }
                facts
            }
        };
        changes.push((at, Change { sight, before: known, facts, unknown }));
    }
    // While one batch is written, the next one is packed.
    thread::scope(|scope| {
        let mut batches = changes.chunks(BATCH);
        let mut next = batches.next().map(|batch| pack(scope, writer, batch)).transpose()?;
        while let Some((batch, packing)) = next {
            next = batches.next().map(|batch| pack(scope, writer, batch)).transpose()?;
            let bodies = packing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            for ((at, change), body) in batch.iter().zip(&bodies) {
                let prior = change.before.and_then(|at| before.get(at));
                let resource = apply(writer, place, time, change, prior, body.as_deref())?;
                if let Some(seen) = resources.get_mut(*at) {
                    seen.0 = resource;
                }
            }
        }
        Attempt::Ok(())
    })?;
    if matches!(look.listing, Some(Ok(()))) {
        for gone in before.iter().filter(|before| !before.seen) {
            stop(writer.transaction, gone.resource, gone.start, time)?;
        }
    }
    Ok(resources)
}

/// A batch of changes, and the bodies that are being made of those of their contents that are not in the store yet.
type Packing<'scope, 'c> = (&'c [(usize, Change<'c>)], ScopedJoinHandle<'scope, io::Result<Vec<Option<Vec<u8>>>>>);

fn pack<'scope, 'c: 'scope>(
    scope: &'scope Scope<'scope, '_>,
    writer: &Writer<'_>,
    batch: &'c [(usize, Change<'c>)],
) -> Attempt<Packing<'scope, 'c>> {
    let missing = batch.iter().map(|(_, change)| {
        let Some((item, digests)) = &change.facts else { return Ok(None) };
        Attempt::Ok(writer.known_content(&digests.sha256)?.is_none().then_some(item.as_ref()))
    });
    let missing: Vec<Option<&ConfigurationItem>> = missing.collect::<std::result::Result<_, _>>()?;
    let packed = move || missing.into_par_iter().map(|item| item.map(facts::pack).transpose()).collect();
    Ok((batch, scope.spawn(packed)))
}

/// The resources of a place that are there, with their open intervals, and where each stands in the list.
fn last_known(writer: &Writer<'_>, place: i64) -> Attempt<LastKnown> {
    let sql = "SELECT r.resource_id, r.id, s.start, s.content, s.unknown, s.since, s.origin, c.digest
        FROM resource r JOIN span s ON s.resource = r.id AND s.stop IS NULL JOIN content c ON c.id = s.content
        WHERE r.place = ?1";
    let mut statement = writer.transaction.prepare_cached(sql)?;
    let mut rows = statement.query([place])?;
    let (mut before, mut by_id) = (Vec::new(), HashMap::new());
    while let Some(row) = rows.next()? {
        by_id.insert(Box::from(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?), before.len());
        before.push(Before {
            resource: row.get(1)?,
            start: row.get(2)?,
            state: State { content: row.get(3)?, unknown: row.get(4)?, since: row.get(5)?, origin: row.get(6)? },
            digest: row.get(7)?,
            seen: false,
        });
    }
    Ok((before, by_id))
}

/// The facts after a look, if they are others than before.
fn newer_facts<'s>(
    writer: &Writer<'_>,
    before: &Before,
    sight: &'s Sight<'s>,
    backlinks: &Backlinks,
) -> Attempt<Option<Facts<'s>>> {
    // Where all that was seen is all that was known, nothing is missing from either.
    if before.digest == sight.digests.sha256 {
        return Ok(None);
    }
    if sight.unknown.is_empty() && backlinks.is_empty() {
        return Ok(Some((Cow::Borrowed(sight.item), sight.digests)));
    }
    let known = writer.facts(before.state.content, &sight.item.key)?;
    let merged = facts::merge(&known, sight.item, &sight.unknown, backlinks);
    let digests = canonical::digests(&merged);
    Ok((digests.sha256 != before.digest).then(|| (Cow::Owned(merged), digests)))
}

fn apply(
    writer: &mut Writer<'_>,
    place: i64,
    time: i64,
    change: &Change<'_>,
    before: Option<&Before>,
    body: Option<&[u8]>,
) -> Attempt<i64> {
    let content = change.facts.as_ref().map(|(item, digests)| writer.content(item, digests, body)).transpose()?;
    let resource = match before {
        // The name may be another one.
        Some(before) if content.is_none() => before.resource,
        _ => writer.resource(place, change.sight.item)?,
    };
    let state = match (before, content) {
        (Some(before), None) => State { unknown: change.unknown, ..before.state.clone() },
        (_, Some(content)) => {
            State { content, unknown: change.unknown, since: time, origin: change.sight.origin.clone() }
        }
        (None, None) => return Err(Fault::Missing("a content")),
    };
    if let Some(before) = before {
        stop(writer.transaction, resource, before.start, time)?;
    }
    start(writer.transaction, resource, time, None, &state)?;
    Ok(resource)
}

pub(super) fn start(
    transaction: &Transaction<'_>,
    resource: i64,
    time: i64,
    stop: Option<i64>,
    state: &State,
) -> Attempt<()> {
    let sql = "INSERT INTO span (resource, start, stop, since, content, unknown, origin)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let row = params![resource, time, stop, state.since, state.content, state.unknown, state.origin];
    transaction.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

fn stop(transaction: &Transaction<'_>, resource: i64, start: i64, time: i64) -> Attempt<()> {
    let sql = "UPDATE span SET stop = ?3 WHERE resource = ?1 AND start = ?2";
    transaction.prepare_cached(sql)?.execute([resource, start, time])?;
    Ok(())
}

/// Notes whether the list of a place is complete from now on.
fn tell_listing(writer: &mut Writer<'_>, place: i64, time: i64, look: &Look<'_>) -> Attempt<()> {
    let Some(listing) = &look.listing else { return Ok(()) };
    let gap = gap_of(listing)?;
    let sql = "SELECT start, gap FROM listing WHERE place = ?1 AND stop IS NULL";
    let now: Option<(i64, Option<String>)> =
        writer.transaction.prepare_cached(sql)?.query_row([place], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    if let Some((start, before)) = now {
        if is_same_gap(before.as_deref(), gap.as_deref())? {
            return Ok(());
        }
        let sql = "UPDATE listing SET stop = ?3 WHERE place = ?1 AND start = ?2";
        writer.transaction.prepare_cached(sql)?.execute([place, start, time])?;
    }
    let sql = "INSERT INTO listing (place, start, gap) VALUES (?1, ?2, ?3)";
    writer.transaction.prepare_cached(sql)?.execute(params![place, time, gap])?;
    Ok(())
}

pub(super) fn gap_of(listing: &std::result::Result<(), Arc<Unreadable>>) -> Attempt<Option<String>> {
    Ok(listing.as_ref().err().map(serde_json::to_string).transpose()?)
}

/// Whether a list is missing for the same reason: the words of it may differ each time.
pub(super) fn is_same_gap(a: Option<&str>, b: Option<&str>) -> Attempt<bool> {
    let (Some(a), Some(b)) = (a, b) else { return Ok(a.is_none() && b.is_none()) };
    let (a, b): (Unreadable, Unreadable) = (serde_json::from_str(a)?, serde_json::from_str(b)?);
    Ok((a.operation, a.action, a.code) == (b.operation, b.action, b.code))
}

/// Notes single versions, and gives back the places in which one of them is new.
fn import<'i>(
    writer: &mut Writer<'_>,
    items: impl IntoIterator<Item = &'i ConfigurationItem>,
) -> std::result::Result<(Imported, BTreeSet<i64>), Fault> {
    let (mut imported, mut places) = (Imported::default(), BTreeSet::new());
    let find = "SELECT 1 FROM imported WHERE resource = ?1 AND time = ?2";
    let make = "INSERT INTO imported (resource, time, content, unknown, origin) VALUES (?1, ?2, ?3, ?4, ?5)";
    for item in items {
        // Found, and not recorded: nothing is known of it.
        if matches!(item.status, ItemStatus::ResourceNotRecorded) {
            continue;
        }
        let Ok(time) = item.capture_time.parse::<Timestamp>().map(Timestamp::as_millisecond) else { continue };
        let place = writer.place(&Place::from(&item.key))?;
        let resource = writer.resource(place, item)?;
        let known: Option<i64> =
            writer.transaction.prepare_cached(find)?.query_row([resource, time], |row| row.get(0)).optional()?;
        if known.is_some() {
            imported.known += 1;
            continue;
        }
        let sight = Sight::of(item, true)?;
        let (content, unknown) = if item.status.is_present() {
            (Some(writer.content(item, &sight.digests, None)?), writer.unknown(&sight.unknown)?)
        } else {
            (None, None)
        };
        let row = params![resource, time, content, unknown, sight.origin];
        writer.transaction.prepare_cached(make)?.execute(row)?;
        writer.looked(place, time)?;
        imported.new += 1;
        places.insert(place);
    }
    Ok((imported, places))
}
