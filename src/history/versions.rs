//! The versions of resources, one after another: of one resource, or of all that changed in a time, as AWS Config's history
//! has them.

use jiff::Timestamp;
use rusqlite::params;

use super::error::{Attempt, Result};
use super::read::{SPANNED, Spanned, Unknowns, parts};
use super::{History, timestamp};
use crate::item::{ConfigurationItem, ResourceKey, format_time};

/// A resource as it was from one time to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// The facts, with the last known ones where some could not be read at times. Facts that were never known in this
    /// version are unreadable.
    pub item: ConfigurationItem,
    /// From when on.
    pub from: Timestamp,
    /// When it was another way, or gone; nothing while it is still so.
    pub to: Option<Timestamp>,
}

impl History {
    /// The versions of a resource, from the earliest on. Between two of them it may have been gone.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn versions(&self, key: &ResourceKey) -> Result<Vec<Version>> {
        self.read(|connection| {
            let sql = format!(
                "{SPANNED} WHERE a.text = ?1 AND g.text = ?2 AND t.text = ?3 AND r.resource_id = ?4 ORDER BY s.start"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let spans = statement.query_map(parts(key), Spanned::of)?.collect::<rusqlite::Result<Vec<_>>>()?;
            versions(&spans, &mut Unknowns::of(connection))
        })
    }

    /// What AWS Config's history would have of a time, both ends included: each version that began in it, and for each
    /// resource that was gone from some time in it an item that says so. By key and time.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn history_items(&self, since: Option<Timestamp>, until: Option<Timestamp>) -> Result<Vec<ConfigurationItem>> {
        self.read(|connection| {
            let sql = format!(
                "{SPANNED} WHERE s.resource IN (
                    SELECT resource FROM span WHERE start BETWEEN ?1 AND ?2 OR stop BETWEEN ?1 AND ?2)
                ORDER BY a.text, g.text, t.text, r.resource_id, s.start"
            );
            let (since, until) = (since.unwrap_or(Timestamp::MIN), until.unwrap_or(Timestamp::MAX));
            let mut unknowns = Unknowns::of(connection);
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![since.as_millisecond(), until.as_millisecond()])?;
            let (mut items, mut of_one) = (Vec::new(), Vec::<Spanned>::new());
            let is_meant = |time: &Timestamp| (since..=until).contains(time);
            loop {
                let next = rows.next()?.map(Spanned::of).transpose()?;
                if of_one.first().is_some_and(|first| next.as_ref().is_none_or(|next| next.key != first.key)) {
                    tell(&versions(&of_one, &mut unknowns)?, is_meant, &mut items);
                    of_one.clear();
                }
                let Some(next) = next else { return Ok(items) };
                of_one.push(next);
            }
        })
    }
}

/// Adds the versions that began at times that are meant, and the ends that have no next version.
fn tell(versions: &[Version], is_meant: impl Fn(&Timestamp) -> bool, items: &mut Vec<ConfigurationItem>) {
    for (at, version) in versions.iter().enumerate() {
        items.extend(is_meant(&version.from).then(|| version.item.clone()));
        let next = versions.get(at + 1).map(|next| next.from);
        if let Some(gone) = version.to.filter(|to| Some(*to) != next && is_meant(to)) {
            items.push(version.item.deleted(&format_time(gone)));
        }
    }
}

fn versions(spans: &[Spanned], unknowns: &mut Unknowns<'_>) -> Attempt<Vec<Version>> {
    let mut versions = Vec::new();
    for run in spans.chunk_by(|a, b| a.content == b.content && a.stop == Some(b.start)) {
        // The last look knew most of it.
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let mut item = first.item()?;
        if let Some(unknown) = unknowns.get(last.unknown)? {
            unknown.never_known().lay_over(&mut item, |_| false);
        }
        versions.push(Version { item, from: timestamp(first.start), to: last.stop.map(timestamp) });
    }
    Ok(versions)
}
