//! Telling the history of one place again, when something of its past became known. Every look at it is told again from
//! the intervals as they are and from what the look covered; the new ones find their place among them by time.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::params;

use super::append::{Look, Sight, gap_of, is_same_gap, start};
use super::coverage::{Coverage, Listings};
use super::error::Attempt;
use super::facts::{self, Backlinks, Unknown};
use super::fold::{Span, State, Timeline};
use super::writer::Writer;
use crate::canonical;
use crate::item::ResourceKey;
use crate::snapshot::Place;

/// What is to be told again of a place.
pub(super) struct Retelling {
    id: i64,
    place: Place,
    resources: BTreeMap<i64, Resource>,
    looks: Vec<PastLook>,
}

/// A resource of the place, as the store has it.
struct Resource {
    key: ResourceKey,
    spans: Vec<Span>,
    /// By time.
    imported: BTreeMap<i64, Option<State>>,
}

/// A snapshot that covered the place, by time.
struct PastLook {
    snapshot: i64,
    time: i64,
    coverage: Arc<Coverage>,
    listings: Arc<Listings>,
    backlinks: Backlinks,
}

/// What a look that is new to the store saw: the snapshot's number, the look, and the number of each of its resources.
pub(super) type News<'n> = (i64, &'n Look<'n>, &'n [(i64, Option<i64>)]);

impl Retelling {
    pub(super) fn of(writer: &mut Writer<'_>, id: i64) -> Attempt<Self> {
        let place = writer.place_of(id)?;
        let mut looks = Vec::new();
        for (snapshot, time, about, coverage) in writer.looks()? {
            let (coverage, listings) = (writer.coverage(coverage)?, writer.listings(about)?);
            if coverage.is_complete(id) || coverage.seen.contains_key(&id) || listings.get(&place).is_some() {
                let backlinks = listings.backlinks(&place);
                looks.push(PastLook { snapshot, time, coverage, listings, backlinks });
            }
        }
        let resources = resources(writer, id, &place)?;
        Ok(Self { id, place, resources, looks })
    }

    /// Tells it again, and writes what came out differently.
    pub(super) fn tell(&self, writer: &mut Writer<'_>, news: Option<News<'_>>) -> Attempt<()> {
        let mut sights = BTreeMap::new();
        if let Some((_, look, resources)) = news {
            for (sight, (resource, _)) in look.sights.iter().zip(resources) {
                sights.insert(*resource, sight);
            }
        }
        for (id, resource) in &self.resources {
            let timeline = self.tell_resource(writer, *id, resource, news.map(|(snapshot, ..)| snapshot), &sights)?;
            if timeline.spans == resource.spans {
                continue;
            }
            writer.transaction.prepare_cached("DELETE FROM span WHERE resource = ?1")?.execute([id])?;
            for span in &timeline.spans {
                start(writer.transaction, *id, span.start, span.stop, &span.state)?;
            }
        }
        self.tell_listings(writer)
    }

    fn tell_resource(
        &self,
        writer: &mut Writer<'_>,
        id: i64,
        resource: &Resource,
        news: Option<i64>,
        sights: &BTreeMap<i64, &Sight<'_>>,
    ) -> Attempt<Timeline> {
        let mut timeline = Timeline::default();
        let mut imported = resource.imported.iter().peekable();
        for look in &self.looks {
            // Of the same time, a snapshot counts for more than a single version.
            while let Some((time, version)) = imported.next_if(|(time, _)| **time <= look.time) {
                tell_version(writer, &mut timeline, resource, *time, version.as_ref())?;
            }
            let seen = if news == Some(look.snapshot) {
                sights.get(&id).map(|sight| Seen::New(sight))
            } else if look.coverage.holds(self.id, id) {
                resource.at(look.time).map(|state| Seen::Told {
                    content: state.content,
                    unknown: look.coverage.unknown(self.id, id),
                    origin: state.origin.clone(),
                })
            } else {
                None
            };
            match seen {
                Some(seen) => {
                    let state = seen.state(writer, timeline.state(), &resource.key, &look.backlinks)?;
                    timeline.seen(look.time, state);
                }
                None if look.coverage.is_complete(self.id) => timeline.gone(look.time),
                None => {}
            }
        }
        for (time, version) in imported {
            tell_version(writer, &mut timeline, resource, *time, version.as_ref())?;
        }
        Ok(timeline)
    }

    fn tell_listings(&self, writer: &Writer<'_>) -> Attempt<()> {
        // What is older than all looks was left by those that were forgotten.
        let first = self.looks.first().map_or(i64::MAX, |look| look.time);
        let sql = "SELECT start, gap FROM listing WHERE place = ?1 AND start < ?2 ORDER BY start";
        let mut statement = writer.transaction.prepare_cached(sql)?;
        let rows = statement.query_map([self.id, first], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut told: Vec<(i64, Option<String>)> = rows.collect::<rusqlite::Result<_>>()?;
        for look in &self.looks {
            let Some(listing) = look.listings.get(&self.place) else { continue };
            let gap = gap_of(&listing)?;
            if let Some((time, before)) = told.last_mut() {
                if is_same_gap(before.as_deref(), gap.as_deref())? {
                    continue;
                }
                if *time == look.time {
                    // Of two looks at the same time the one that had the list counts.
                    if gap.is_none() {
                        *before = None;
                    }
                    continue;
                }
            }
            told.push((look.time, gap));
        }
        told.dedup_by(|later, earlier| later.1 == earlier.1);
        writer.transaction.prepare_cached("DELETE FROM listing WHERE place = ?1")?.execute([self.id])?;
        let stops = told.iter().skip(1).map(|(time, _)| Some(*time)).chain([None]);
        for ((start, gap), stop) in told.iter().zip(stops) {
            let sql = "INSERT INTO listing (place, start, stop, gap) VALUES (?1, ?2, ?3, ?4)";
            writer.transaction.prepare_cached(sql)?.execute(params![self.id, start, stop, gap])?;
        }
        Ok(())
    }
}

impl Resource {
    /// The state at a time, as the store has it.
    fn at(&self, time: i64) -> Option<&State> {
        let next = self.spans.partition_point(|span| span.start <= time);
        let span = self.spans.get(next.checked_sub(1)?)?;
        span.stop.is_none_or(|stop| time < stop).then_some(&span.state)
    }
}

/// What a look saw of a resource.
enum Seen<'s> {
    /// As it is at hand.
    New(&'s Sight<'s>),
    /// As it can be told from the content that was the case after the look, and from what it did not know.
    Told { content: i64, unknown: Option<i64>, origin: Option<String> },
}

impl Seen<'_> {
    /// The state after the look.
    fn state(
        self,
        writer: &mut Writer<'_>,
        before: Option<&State>,
        key: &ResourceKey,
        backlinks: &Backlinks,
    ) -> Attempt<State> {
        let (unknown, origin) = match &self {
            Self::New(sight) => (Arc::new(sight.unknown.clone()), sight.origin.clone()),
            Self::Told { unknown, origin, .. } => (writer.unknown_of(*unknown)?, origin.clone()),
        };
        let content = self.content(writer, before, key, &unknown, backlinks)?;
        let unknown = writer.unknown_after(before.map(|before| before.unknown.unwrap_or(0)), &unknown, backlinks)?;
        Ok(State { content, unknown, since: 0, origin })
    }

    fn content(
        &self,
        writer: &mut Writer<'_>,
        before: Option<&State>,
        key: &ResourceKey,
        unknown: &Unknown,
        backlinks: &Backlinks,
    ) -> Attempt<i64> {
        let is_whole = unknown.is_empty() && backlinks.is_empty();
        let look = match self {
            Self::Told { content, .. } => {
                // What was last known already holds all that was seen.
                if is_whole || before.is_some_and(|before| before.content == *content) {
                    return Ok(*content);
                }
                facts::restrict(&writer.facts(*content, key)?, unknown, backlinks)
            }
            Self::New(sight) if is_whole || before.is_none() => {
                return writer.content(sight.item, &sight.digests, None);
            }
            Self::New(sight) => sight.item.clone(),
        };
        let merged = match before {
            Some(before) => facts::merge(&writer.facts(before.content, key)?, &look, unknown, backlinks),
            None => look,
        };
        writer.content(&merged, &canonical::digests(&merged), None)
    }
}

fn tell_version(
    writer: &mut Writer<'_>,
    timeline: &mut Timeline,
    resource: &Resource,
    time: i64,
    version: Option<&State>,
) -> Attempt<()> {
    match version {
        None => timeline.gone(time),
        Some(version) => {
            let seen =
                Seen::Told { content: version.content, unknown: version.unknown, origin: version.origin.clone() };
            let state = seen.state(writer, timeline.state(), &resource.key, &Backlinks::new())?;
            timeline.seen(time, state);
        }
    }
    Ok(())
}

fn resources(writer: &Writer<'_>, id: i64, place: &Place) -> Attempt<BTreeMap<i64, Resource>> {
    let mut resources = BTreeMap::new();
    let mut statement = writer.transaction.prepare_cached("SELECT id, resource_id FROM resource WHERE place = ?1")?;
    let mut rows = statement.query([id])?;
    while let Some(row) = rows.next()? {
        let resource_id: String = row.get(1)?;
        let key = ResourceKey::new(&place.account_id, &place.aws_region, &place.resource_type, &resource_id);
        resources.insert(row.get(0)?, Resource { key, spans: Vec::new(), imported: BTreeMap::new() });
    }
    let sql = "SELECT s.resource, s.start, s.stop, s.content, s.unknown, s.since, s.origin
        FROM span s JOIN resource r ON r.id = s.resource WHERE r.place = ?1 ORDER BY s.resource, s.start";
    let mut statement = writer.transaction.prepare_cached(sql)?;
    let mut rows = statement.query([id])?;
    while let Some(row) = rows.next()? {
        let resource: i64 = row.get(0)?;
        let state = State { content: row.get(3)?, unknown: row.get(4)?, since: row.get(5)?, origin: row.get(6)? };
        if let Some(resource) = resources.get_mut(&resource) {
            resource.spans.push(Span { start: row.get(1)?, stop: row.get(2)?, state });
        }
    }
    let sql = "SELECT i.resource, i.time, i.content, i.unknown, i.origin
        FROM imported i JOIN resource r ON r.id = i.resource WHERE r.place = ?1";
    let mut statement = writer.transaction.prepare_cached(sql)?;
    let mut rows = statement.query([id])?;
    while let Some(row) = rows.next()? {
        let (resource, time): (i64, i64) = (row.get(0)?, row.get(1)?);
        let content: Option<i64> = row.get(2)?;
        let (unknown, origin) = (row.get(3)?, row.get(4)?);
        let state = content.map(|content| State { content, unknown, since: time, origin });
        if let Some(resource) = resources.get_mut(&resource) {
            resource.imported.insert(time, state);
        }
    }
    Ok(resources)
}
