//! When somebody looked, which resources changed, and what could not be read in between: what a change's time is worth.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::coverage::Coverage;
use super::error::{Attempt, Result};
use super::read::{KEY, Unknowns, key, parts, place, text};
use super::{History, timestamp};
use crate::gap::Gap;
use crate::item::ResourceKey;
use crate::snapshot::Place;
use crate::value::{Unreadable, code};

/// When each place was looked at with a complete list.
#[derive(Clone, Debug, Default)]
pub struct Looks {
    /// By place, the beginnings of the looks, sorted.
    places: BTreeMap<Place, Vec<Timestamp>>,
    /// How long a look took: what it tells is of its beginning or of any time up to its end.
    durations: BTreeMap<Timestamp, SignedDuration>,
}

impl Looks {
    /// The last look at the place of a resource before a time.
    pub fn before(&self, key: &ResourceKey, time: Timestamp) -> Option<Timestamp> {
        let looks = self.places.get(&Place::from(key))?;
        looks.get(looks.partition_point(|look| *look < time).checked_sub(1)?).copied()
    }

    /// When the look ended that began at a time.
    pub fn end(&self, time: Timestamp) -> Timestamp {
        let duration = self.durations.get(&time).copied().unwrap_or_default();
        time.checked_add(duration).unwrap_or(time)
    }
}

/// A time in which a fact or links of a resource, or the whole list that it would be in, could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// From when on.
    pub from: Timestamp,
    /// Until when; nothing while it still cannot be read.
    pub to: Option<Timestamp>,
    /// What, and why.
    pub gap: Gap,
}

impl History {
    /// When each place was looked at.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn looks(&self) -> Result<Looks> {
        self.read(|connection| {
            let mut looks = Looks::default();
            let (mut coverages, mut times) = (BTreeMap::<i64, Vec<i64>>::new(), BTreeMap::<i64, Vec<Timestamp>>::new());
            let mut statement =
                connection.prepare_cached("SELECT time, duration_ms, coverage FROM snapshot ORDER BY time, digest")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let time = timestamp(row.get(0)?);
                let coverage: i64 = row.get(2)?;
                if let std::collections::btree_map::Entry::Vacant(new) = coverages.entry(coverage) {
                    let told: Coverage = serde_json::from_slice(&text(connection, coverage)?)?;
                    new.insert(told.complete);
                }
                for place in coverages.get(&coverage).into_iter().flatten() {
                    times.entry(*place).or_default().push(time);
                }
                let duration = SignedDuration::from_millis(row.get(1)?);
                let longest = looks.durations.entry(time).or_default();
                *longest = duration.max(*longest);
            }
            for (id, times) in times {
                looks.places.insert(place(connection, id)?, times);
            }
            Ok(looks)
        })
    }

    /// The resources of which something changed between two times, or of which a rule said something else: those of a type
    /// or of all, in the order of their keys. What was seen for the first time counts as changed.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn changed(
        &self,
        resource_type: Option<&str>,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Vec<ResourceKey>> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {KEY} WHERE (?1 IS NULL OR t.text = ?1) AND r.resource_id <> '' AND r.id IN (
                    SELECT resource FROM span WHERE start BETWEEN ?2 AND ?3 OR stop BETWEEN ?2 AND ?3
                    UNION SELECT resource FROM verdict WHERE start BETWEEN ?2 AND ?3 OR stop BETWEEN ?2 AND ?3)"
            );
            keys(connection, &sql, resource_type, since, until)
        })
    }

    /// Where something could not be read at some time between two: the resources, and for a list that could not be had its
    /// place, as a key without an id; those of a type or of all, in the order of their keys. What nobody asked for is not
    /// among it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn unreadable(
        &self,
        resource_type: Option<&str>,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Vec<ResourceKey>> {
        self.read(|connection| {
            let sql = format!(
                "WITH told (id) AS (
                    SELECT u.id FROM unknown u, json_each(u.body) kind, json_each(kind.value) e
                    WHERE json_extract(e.value, '$.code') NOT IN ('{NOT_COLLECTED}', '{NOT_RECORDED}'))
                SELECT {KEY} WHERE (?1 IS NULL OR t.text = ?1) AND r.id IN (
                    SELECT resource FROM span WHERE unknown IN (SELECT id FROM told)
                        AND start <= ?3 AND (stop IS NULL OR stop > ?2))
                UNION SELECT a.text, g.text, t.text, '' FROM listing l JOIN place p ON p.id = l.place
                    JOIN word a ON a.id = p.account JOIN word g ON g.id = p.region JOIN word t ON t.id = p.type
                WHERE (?1 IS NULL OR t.text = ?1) AND l.gap IS NOT NULL
                    AND l.start <= ?3 AND (l.stop IS NULL OR l.stop > ?2)",
                NOT_COLLECTED = code::NOT_COLLECTED,
                NOT_RECORDED = code::NOT_RECORDED,
            );
            keys(connection, &sql, resource_type, since, until)
        })
    }

    /// What could not be read of a resource, and the list of its place, from when to when; by time.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn unread(&self, key: &ResourceKey) -> Result<Vec<Unread>> {
        self.read(|connection| {
            let mut unread = BTreeSet::new();
            let mut unknowns = Unknowns::of(connection);
            let sql = "SELECT s.start, s.stop, s.unknown FROM span s JOIN resource r ON r.id = s.resource
                    JOIN place p ON p.id = r.place JOIN word a ON a.id = p.account JOIN word g ON g.id = p.region
                    JOIN word t ON t.id = p.type
                WHERE a.text = ?1 AND g.text = ?2 AND t.text = ?3 AND r.resource_id = ?4 ORDER BY s.start";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(parts(key))?;
            // What could not be read at the end of the interval before: since when.
            let mut open = BTreeMap::<(String, Arc<Unreadable>), (i64, Option<i64>)>::new();
            while let Some(row) = rows.next()? {
                let (start, stop): (i64, Option<i64>) = (row.get(0)?, row.get(1)?);
                let unknown = unknowns.get(row.get(2)?)?;
                let mut now = BTreeMap::new();
                for (path, reason) in unknown.iter().flat_map(|unknown| unknown.news()) {
                    let what = (path.to_owned(), Arc::clone(reason));
                    let from = match open.remove(&what) {
                        Some((from, until)) if until == Some(start) => from,
                        Some((from, until)) => {
                            unread.insert(of_item(key, &what, from, until));
                            start
                        }
                        None => start,
                    };
                    now.insert(what, (from, stop));
                }
                unread.extend(open.iter().map(|(what, (from, until))| of_item(key, what, *from, *until)));
                open = now;
            }
            unread.extend(open.iter().map(|(what, (from, until))| of_item(key, what, *from, *until)));
            lists(connection, key, &mut unread)?;
            Ok(unread.into_iter().collect())
        })
    }
}

/// The keys that a query tells of a type (`?1`) between two times (`?2`, `?3`), sorted.
fn keys(
    connection: &Connection,
    sql: &str,
    resource_type: Option<&str>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Attempt<Vec<ResourceKey>> {
    let mut statement = connection.prepare_cached(sql)?;
    let since = since.map_or(i64::MIN, Timestamp::as_millisecond);
    let until = until.map_or(i64::MAX, Timestamp::as_millisecond);
    let rows = statement.query_map(params![resource_type, since, until], key)?;
    let mut keys = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    keys.sort();
    Ok(keys)
}

/// The times in which the list of a resource's place could not be had.
fn lists(connection: &Connection, key: &ResourceKey, unread: &mut BTreeSet<Unread>) -> Attempt<()> {
    let sql =
        "SELECT l.start, l.stop, l.gap FROM listing l JOIN place p ON p.id = l.place JOIN word a ON a.id = p.account
            JOIN word g ON g.id = p.region JOIN word t ON t.id = p.type
        WHERE a.text = ?1 AND g.text = ?2 AND t.text = ?3 AND l.gap IS NOT NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([&*key.account_id, &*key.region, &*key.resource_type])?;
    while let Some(row) = rows.next()? {
        let reason = serde_json::from_str(row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?)?;
        let gap = Place::from(key).gap(&Arc::new(reason));
        unread.insert(Unread { from: timestamp(row.get(0)?), to: row.get::<_, Option<i64>>(1)?.map(timestamp), gap });
    }
    Ok(())
}

fn of_item(key: &ResourceKey, what: &(String, Arc<Unreadable>), from: i64, until: Option<i64>) -> Unread {
    let gap = Gap { path: Some(what.0.clone()), ..gap_of(key, Arc::clone(&what.1)) };
    Unread { from: timestamp(from), to: until.map(timestamp), gap }
}

fn gap_of(key: &ResourceKey, reason: Arc<Unreadable>) -> Gap {
    Gap {
        account_id: key.account_id.to_string(),
        aws_region: key.region.to_string(),
        resource_type: key.resource_type.to_string(),
        resource_id: Some(key.resource_id.to_string()),
        path: None,
        reason,
    }
}
