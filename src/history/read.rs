//! What the store tells: a snapshot as it was read, the state of any moment.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::append::Origin;
use super::coverage::{Coverage, Listings};
use super::error::{Attempt, Fault, HistoryError, Result};
use super::facts::{self, Unknown};
use super::{History, Recorded, SnapshotId, sorted, timestamp};
use crate::item::{ConfigurationItem, ItemStatus, ResourceKey, UnreadableRelationship, format_time};
use crate::snapshot::{About, Place, SOURCE_AWS_CONFIG, Snapshot};
use crate::value::{Unreadable, code, intern};

/// A row of `span` with all that its item is made of.
pub(super) struct Spanned {
    pub(super) key: ResourceKey,
    resource: i64,
    place: i64,
    pub(super) start: i64,
    pub(super) stop: Option<i64>,
    since: i64,
    /// Whether the resource was not there, or not known, right before its content.
    is_discovery: bool,
    pub(super) content: i64,
    md5: [u8; 16],
    body: Vec<u8>,
    pub(super) unknown: Option<i64>,
    origin: Option<String>,
    /// The ids of CloudTrail's events that were found for it, as a list in JSON.
    events: String,
}

pub(super) const SPANNED: &str =
    "SELECT a.text, g.text, t.text, r.resource_id, s.resource, r.place, s.start, s.stop, s.since,
        NOT EXISTS (SELECT 1 FROM span b WHERE b.resource = s.resource AND b.stop = s.since),
        s.content, c.md5, c.body, s.unknown, s.origin,
        (SELECT json_group_array(event) FROM
            (SELECT e.event FROM related_event e WHERE e.resource = s.resource AND e.time = s.since ORDER BY e.event))
    FROM span s JOIN resource r ON r.id = s.resource JOIN place p ON p.id = r.place
        JOIN word a ON a.id = p.account JOIN word g ON g.id = p.region JOIN word t ON t.id = p.type
        JOIN content c ON c.id = s.content";

impl Spanned {
    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: key(row)?,
            resource: row.get(4)?,
            place: row.get(5)?,
            start: row.get(6)?,
            stop: row.get(7)?,
            since: row.get(8)?,
            is_discovery: row.get(9)?,
            content: row.get(10)?,
            md5: row.get(11)?,
            body: row.get(12)?,
            unknown: row.get(13)?,
            origin: row.get(14)?,
            events: row.get(15)?,
        })
    }

    /// The item with all its last known facts, captured when its content came to be.
    pub(super) fn item(&self) -> Attempt<ConfigurationItem> {
        let mut item = facts::unpack(&self.body, self.key.clone())?;
        if let Some(origin) = &self.origin {
            let origin: Origin = serde_json::from_str(origin)?;
            item.capture_time = origin.capture_time;
            item.state_id = origin.state_id;
            item.status = origin.status;
            item.md5_hash = origin.md5_hash;
            item.related_events = origin.related_events;
        } else {
            item.capture_time = format_time(timestamp(self.since)).into();
            item.state_id = self.since;
            item.status = if self.is_discovery { ItemStatus::ResourceDiscovered } else { ItemStatus::Ok };
        }
        if self.events != "[]" {
            item.related_events.extend(serde_json::from_str::<Vec<String>>(&self.events)?);
            item.related_events.sort();
            item.related_events.dedup();
        }
        if item.md5_hash.is_empty() {
            for half in self.md5.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
                item.md5_hash.extend(char::from_digit(u32::from(half), 16));
            }
        }
        Ok(item)
    }
}

impl History {
    /// A snapshot as it was read: the facts that it had, and no others. Times of capture are its own.
    ///
    /// # Errors
    /// There is no such snapshot, or the store cannot be read.
    pub fn snapshot(&self, id: SnapshotId) -> Result<Snapshot> {
        self.read(|connection| snapshot(connection, id))
    }

    /// All that was known at a moment: each resource by the last look at it. What could not be read at that time is
    /// unreadable, whatever was known before.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn state_at(&self, time: Timestamp) -> Result<Snapshot> {
        self.read(|connection| state_at(connection, time.as_millisecond()))
    }

    /// The resources that have this ARN, id or name, in the order of their keys; those that are gone too.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn find(&self, name: &str) -> Result<Vec<ResourceKey>> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {KEY} WHERE r.id IN (SELECT id FROM resource WHERE resource_id = ?1
                    UNION SELECT id FROM resource WHERE arn = ?1 UNION SELECT id FROM resource WHERE name = ?1)"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut keys = statement.query_map([name], key)?.collect::<rusqlite::Result<Vec<_>>>()?;
            keys.sort();
            Ok(keys)
        })
    }

    pub(super) fn recorded(&self) -> Attempt<Vec<Recorded>> {
        let transaction = self.connection.unchecked_transaction()?;
        let mut abouts = HashMap::<i64, Arc<About>>::new();
        let sql = "SELECT s.id, s.time, s.about, s.items, s.gaps, v.rule_set
            FROM snapshot s JOIN snapshots v ON v.id = s.id ORDER BY s.time, s.digest";
        let mut statement = transaction.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut recorded = Vec::new();
        while let Some(row) = rows.next()? {
            let document: i64 = row.get(2)?;
            let about = if let Some(about) = abouts.get(&document) {
                Arc::clone(about)
            } else {
                let about: Arc<About> = Arc::new(serde_json::from_slice(&text(&transaction, document)?)?);
                abouts.insert(document, Arc::clone(&about));
                about
            };
            recorded.push(Recorded {
                id: SnapshotId(row.get(0)?),
                time: timestamp(row.get(1)?),
                source: about.source.clone(),
                accounts: about.accounts.clone(),
                regions: about.regions.clone(),
                account_regions: about.account_regions.clone(),
                items: usize::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
                gaps: usize::try_from(row.get::<_, i64>(4)?).unwrap_or(0),
                rule_set: row.get(5)?,
            });
        }
        Ok(recorded)
    }

    /// Reads with what others write at the same time out of sight.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Attempt<T>) -> Result<T> {
        let read = || {
            let transaction = self.connection.unchecked_transaction()?;
            work(&transaction)
        };
        read().map_err(|fault: Fault| fault.at(&self.path))
    }
}

/// The columns of a resource's key, and where they are from.
pub(super) const KEY: &str = "a.text, g.text, t.text, r.resource_id FROM resource r JOIN place p ON p.id = r.place
    JOIN word a ON a.id = p.account JOIN word g ON g.id = p.region JOIN word t ON t.id = p.type";

/// The key that stands in the first four columns.
pub(super) fn key(row: &Row<'_>) -> rusqlite::Result<ResourceKey> {
    let text = |at| row.get_ref(at)?.as_str().map_err(rusqlite::Error::from);
    Ok(ResourceKey::new(text(0)?, text(1)?, text(2)?, text(3)?))
}

/// A key as the parameters of a statement.
pub(super) fn parts(key: &ResourceKey) -> [&str; 4] {
    [&key.account_id, &key.region, &key.resource_type, &key.resource_id]
}

/// The number of a resource, if the store ever had it.
pub(super) fn number(connection: &Connection, key: &ResourceKey) -> Attempt<Option<i64>> {
    let sql = "SELECT r.id FROM resource r JOIN place p ON p.id = r.place JOIN word a ON a.id = p.account
            JOIN word g ON g.id = p.region JOIN word t ON t.id = p.type
        WHERE a.text = ?1 AND g.text = ?2 AND t.text = ?3 AND r.resource_id = ?4";
    Ok(connection.prepare_cached(sql)?.query_row(parts(key), |row| row.get(0)).optional()?)
}

pub(super) fn text(connection: &Connection, document: i64) -> Attempt<Vec<u8>> {
    let sql = "SELECT body FROM document WHERE id = ?1";
    let body: Vec<u8> = connection.prepare_cached(sql)?.query_row([document], |row| row.get(0))?;
    Ok(facts::inflate(&body)?)
}

/// The sets of unknown facts of some resources: each is read when it is first asked for. A store may have one for each
/// resource that was ever denied.
pub(super) struct Unknowns<'c> {
    connection: &'c Connection,
    read: HashMap<i64, Arc<Unknown>>,
}

impl<'c> Unknowns<'c> {
    pub(super) fn of(connection: &'c Connection) -> Self {
        Self { connection, read: HashMap::new() }
    }

    /// The set of a number; nothing where all is known.
    pub(super) fn get(&mut self, number: Option<i64>) -> Attempt<Option<Arc<Unknown>>> {
        let Some(number) = number else { return Ok(None) };
        if let Some(unknown) = self.read.get(&number) {
            return Ok(Some(Arc::clone(unknown)));
        }
        let sql = "SELECT body FROM unknown WHERE id = ?1";
        let body: Option<String> =
            self.connection.prepare_cached(sql)?.query_row([number], |row| row.get(0)).optional()?;
        let body = body.ok_or(Fault::Missing("a gap"))?;
        let unknown: Arc<Unknown> = Arc::new(serde_json::from_str(&body)?);
        self.read.insert(number, Arc::clone(&unknown));
        Ok(Some(unknown))
    }
}

/// All sets of unknown facts by their numbers.
fn unknowns(connection: &Connection) -> Attempt<HashMap<i64, Unknown>> {
    let mut statement = connection.prepare_cached("SELECT id, body FROM unknown")?;
    let mut rows = statement.query([])?;
    let mut unknowns = HashMap::new();
    while let Some(row) = rows.next()? {
        unknowns.insert(row.get(0)?, serde_json::from_str(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(unknowns)
}

/// What was the case at a time, in all places or in those that are wanted.
fn spans_at(connection: &Connection, time: i64, wanted: impl Fn(i64, i64) -> bool) -> Attempt<Vec<Spanned>> {
    let sql = format!("{SPANNED} WHERE s.start <= ?1 AND (s.stop IS NULL OR s.stop > ?1)");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([time])?;
    let mut spans = Vec::new();
    while let Some(row) = rows.next()? {
        if wanted(row.get(5)?, row.get(4)?) {
            spans.push(Spanned::of(row)?);
        }
    }
    Ok(spans)
}

fn snapshot(connection: &Connection, id: SnapshotId) -> Attempt<Snapshot> {
    let sql = "SELECT time, captured_at, duration_ms, about, requests, coverage FROM snapshot WHERE id = ?1";
    let found: Option<(i64, String, i64, i64, i64, i64)> = connection
        .prepare_cached(sql)?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)))
        .optional()?;
    let Some((time, captured_at, duration, about, requests, coverage)) = found else {
        return Err(HistoryError::NoSnapshot { wanted: id.to_string() }.into());
    };
    let mut about: About = serde_json::from_slice(&text(connection, about)?)?;
    about.captured_at = captured_at;
    about.duration_ms = u64::try_from(duration).unwrap_or(0);
    about.requests = serde_json::from_slice(&text(connection, requests)?)?;
    let coverage: Coverage = serde_json::from_slice(&text(connection, coverage)?)?;
    let listings = Listings::of(&about);
    let unknowns = unknowns(connection)?;
    let nothing = Unknown::default();
    let spans = spans_at(connection, time, |place, resource| coverage.holds(place, resource))?;
    let items: Vec<ConfigurationItem> = spans
        .par_iter()
        .map(|span| {
            let unknown = coverage.unknown(span.place, span.resource);
            let unknown = unknown.map_or(Some(&nothing), |id| unknowns.get(&id)).ok_or(Fault::Missing("a gap"))?;
            let mut item = facts::restrict(&span.item()?, unknown, &listings.backlinks(&Place::from(&span.key)));
            unknown.lay_over(&mut item, |_| true);
            if about.source != SOURCE_AWS_CONFIG {
                item.capture_time = about.captured_at.as_str().into();
                item.state_id = time;
            }
            Ok(item)
        })
        .collect::<Attempt<_>>()?;
    Ok(Snapshot::new(about, items))
}

fn state_at(connection: &Connection, time: i64) -> Attempt<Snapshot> {
    let looked = Looked::until(connection, time)?;
    let unknowns = unknowns(connection)?;
    let spans = spans_at(connection, time, |_, _| true)?;
    let mut about = looked.about(time);
    let listed = listings_at(connection, time)?;
    let mut gaps = BTreeMap::<i64, Arc<Unreadable>>::new();
    for (id, place, gap) in listed {
        match gap {
            None => about.listings.push(place),
            Some(reason) => {
                about.gaps.push(place.gap(&reason));
                gaps.insert(id, reason);
            }
        }
    }
    about.not_collected = never_collected(&looked, &spans, &unknowns);
    let seen = seen_without_list(connection, time, &gaps)?;
    let items: Vec<ConfigurationItem> = spans
        .par_iter()
        .map(|span| {
            let mut item = span.item()?;
            let told = about.not_collected.get(span.key.resource_type.as_ref());
            if let Some(unknown) = span.unknown {
                let unknown = unknowns.get(&unknown).ok_or(Fault::Missing("a gap"))?;
                unknown.lay_over(&mut item, |path| told.is_some_and(|told| told.iter().any(|other| other == path)));
            }
            match gaps.get(&span.place) {
                Some(reason) if !seen.contains(&(span.place, span.resource)) => out_of_sight(&mut item, reason),
                _ => {}
            }
            Ok(item)
        })
        .collect::<Attempt<_>>()?;
    Ok(Snapshot::new(about, items))
}

/// It is not known whether a resource is still there, nor how it is.
fn out_of_sight(item: &mut ConfigurationItem, reason: &Arc<Unreadable>) {
    item.gaps.clear();
    for section in ["/configuration", "/supplementaryConfiguration", "/tags"] {
        item.add_gap(section, reason);
    }
    item.relationships.clear();
    item.unreadable_relationships =
        vec![UnreadableRelationship { resource_type: intern(UnreadableRelationship::ANY), reason: Arc::clone(reason) }];
}

/// What the looks up to a time were of, the latest first; each kind of look once.
struct Looked {
    abouts: Vec<About>,
}

impl Looked {
    fn until(connection: &Connection, time: i64) -> Attempt<Self> {
        let sql = "SELECT about FROM snapshot WHERE time <= ?1 GROUP BY about ORDER BY max(time) DESC, about";
        let mut statement = connection.prepare_cached(sql)?;
        let documents: Vec<i64> = statement.query_map([time], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        let abouts = documents.into_iter().map(|document| Ok(serde_json::from_slice(&text(connection, document)?)?));
        Ok(Self { abouts: abouts.collect::<Attempt<_>>()? })
    }

    fn about(&self, time: i64) -> About {
        let mut about = About {
            captured_at: format_time(timestamp(time)),
            source: self.abouts.first().map_or_else(|| SOURCE_AWS_CONFIG.to_owned(), |last| last.source.clone()),
            accounts: sorted(self.abouts.iter().flat_map(|about| about.accounts.iter().cloned())),
            regions: sorted(self.abouts.iter().flat_map(|about| about.regions.iter().cloned())),
            ..About::default()
        };
        for earlier in &self.abouts {
            for (region, reason) in &earlier.skipped_regions {
                if !about.regions.contains(region) {
                    about.skipped_regions.entry(region.clone()).or_insert_with(|| reason.clone());
                }
            }
            for (kind, others) in &earlier.linked_from {
                about.linked_from.entry(kind.clone()).or_default().extend(others.iter().cloned());
            }
        }
        about
    }
}

/// By type, what nobody ever asked for: of what the last look at the type did not ask for, that which is known of none
/// of its resources.
fn never_collected(
    looked: &Looked,
    spans: &[Spanned],
    unknowns: &HashMap<i64, Unknown>,
) -> BTreeMap<String, Vec<String>> {
    let mut pointers = BTreeMap::<String, BTreeSet<String>>::new();
    for about in &looked.abouts {
        let kinds: BTreeSet<&str> = about.listings.iter().map(|place| place.resource_type.as_ref()).collect();
        for kind in kinds {
            let asked = || about.not_collected.get(kind).into_iter().flatten().cloned().collect();
            pointers.entry(kind.to_owned()).or_insert_with(asked);
        }
    }
    for span in spans {
        let Some(pointers) = pointers.get_mut(span.key.resource_type.as_ref()) else { continue };
        let unknown = span.unknown.and_then(|id| unknowns.get(&id));
        pointers.retain(|pointer| {
            let missing = unknown.and_then(|unknown| unknown.paths.get(pointer));
            missing.is_some_and(|missing| missing.reason.code == code::NOT_COLLECTED)
        });
    }
    pointers.retain(|_, pointers| !pointers.is_empty());
    pointers.into_iter().map(|(kind, pointers)| (kind, pointers.into_iter().collect())).collect()
}

type Listed = (i64, Place, Option<Arc<Unreadable>>);

fn listings_at(connection: &Connection, time: i64) -> Attempt<Vec<Listed>> {
    let sql = "SELECT l.place, a.text, g.text, t.text, l.gap FROM listing l JOIN place p ON p.id = l.place
            JOIN word a ON a.id = p.account JOIN word g ON g.id = p.region JOIN word t ON t.id = p.type
        WHERE l.start <= ?1 AND (l.stop IS NULL OR l.stop > ?1)";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([time])?;
    let mut listed = Vec::new();
    while let Some(row) = rows.next()? {
        let word = |at| row.get_ref(at)?.as_str().map(intern).map_err(rusqlite::Error::from);
        let place = Place { account_id: word(1)?, aws_region: word(2)?, resource_type: word(3)? };
        let gap: Option<String> = row.get(4)?;
        let gap = gap.map(|gap| serde_json::from_str(&gap)).transpose()?;
        listed.push((row.get(0)?, place, gap));
    }
    Ok(listed)
}

/// The resources that the last look at a place saw although it could not have the list.
fn seen_without_list(
    connection: &Connection,
    time: i64,
    gaps: &BTreeMap<i64, Arc<Unreadable>>,
) -> Attempt<BTreeSet<(i64, i64)>> {
    let mut seen = BTreeSet::new();
    let mut open: BTreeSet<i64> = gaps.keys().copied().collect();
    if open.is_empty() {
        return Ok(seen);
    }
    let sql = "SELECT about, coverage FROM snapshot WHERE time <= ?1 ORDER BY time DESC, digest DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![time])?;
    let mut places = HashMap::new();
    while let Some(row) = rows.next()?
        && !open.is_empty()
    {
        let about: About = serde_json::from_slice(&text(connection, row.get(0)?)?)?;
        let listings = Listings::of(&about);
        let coverage: Coverage = serde_json::from_slice(&text(connection, row.get(1)?)?)?;
        for id in open.clone() {
            let place = match places.get(&id) {
                Some(place) => place,
                None => places.entry(id).or_insert(place(connection, id)?),
            };
            if listings.get(place).is_some() {
                open.remove(&id);
                let only = coverage.seen.get(&id).and_then(|seen| seen.only.as_ref());
                seen.extend(only.into_iter().flatten().map(|resource| (id, *resource)));
            }
        }
    }
    Ok(seen)
}

pub(super) fn place(connection: &Connection, id: i64) -> Attempt<Place> {
    let sql = "SELECT a.text, g.text, t.text FROM place p JOIN word a ON a.id = p.account
        JOIN word g ON g.id = p.region JOIN word t ON t.id = p.type WHERE p.id = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([id], |row| {
        let word = |at| row.get_ref(at)?.as_str().map(intern).map_err(rusqlite::Error::from);
        Ok(Place { account_id: word(0)?, aws_region: word(1)?, resource_type: word(2)? })
    })?)
}
