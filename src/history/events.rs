//! CloudTrail's events beside the changes that they may have made: kept whole, as CloudTrail itself forgets them after 90
//! days, and told as the items' `relatedEvents`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::params;

use super::error::{Fault, Result};
use super::read::{number, parts};
use super::{History, timestamp};
use crate::event::TrailEvent;
use crate::item::ResourceKey;

impl History {
    /// Notes events that were found for a change that was seen at this time. Those that were noted before stay. The item of
    /// the version that began then has their ids; a deletion has no item, and its events are told by
    /// [`related`](Self::related) alone.
    ///
    /// # Errors
    /// The store does not have the resource, or cannot be written.
    pub fn relate(&mut self, key: &ResourceKey, change: Timestamp, events: &[TrailEvent]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let path = self.path.clone();
        self.write(|transaction| {
            let resource = number(transaction, key)?.ok_or(Fault::Missing("a resource that has events"))?;
            let sql = "INSERT INTO related_event (resource, time, event, body) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT DO UPDATE SET body = excluded.body";
            let mut statement = transaction.prepare_cached(sql)?;
            for event in events {
                let body = serde_json::to_string(event)?;
                statement.execute(params![resource, change.as_millisecond(), event.id, body])?;
            }
            Ok(())
        })
        .map_err(|fault| fault.at(&path))
    }

    /// The events that were noted for a resource, by the time at which their change was seen; of one change by their own
    /// time and id.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn related(&self, key: &ResourceKey) -> Result<BTreeMap<Timestamp, Vec<TrailEvent>>> {
        self.read(|connection| {
            let sql = "SELECT e.time, e.body FROM related_event e JOIN resource r ON r.id = e.resource
                    JOIN place p ON p.id = r.place JOIN word a ON a.id = p.account JOIN word g ON g.id = p.region
                    JOIN word t ON t.id = p.type
                WHERE a.text = ?1 AND g.text = ?2 AND t.text = ?3 AND r.resource_id = ?4";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(parts(key))?;
            let mut related = BTreeMap::<Timestamp, Vec<TrailEvent>>::new();
            while let Some(row) = rows.next()? {
                let event = serde_json::from_str(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
                related.entry(timestamp(row.get(0)?)).or_default().push(event);
            }
            for events in related.values_mut() {
                events.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
            }
            Ok(related)
        })
    }
}
