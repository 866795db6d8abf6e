//! What could not be delivered yet: kept in the order in which it is to be sent, until it is. And up to which snapshot all was
//! made ready, so that a process that ends in between loses nothing: what it had made ready is made ready again.

use rusqlite::{OptionalExtension, params};

use super::error::Result;
use super::{History, Recorded, SnapshotId};
use crate::snapshot::SOURCE_AWS_CONFIG;

const UNTIL: &str = "delivered until";

/// Something that waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Its number, if it has waited before.
    pub id: Option<i64>,
    /// Where it is to go.
    pub channel: String,
    /// A message, as JSON; of a file the messages that are sent once it is there, by channel.
    pub message: String,
    /// A file: its name and content.
    pub file: Option<(String, Vec<u8>)>,
}

impl History {
    /// Says that from now on what is new is delivered. Of a store for which that was said before nothing changes.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn begin_delivery(&mut self) -> Result<()> {
        let path = self.path.clone();
        self.write(|transaction| {
            let sql = "INSERT INTO meta (name, value) SELECT ?1, coalesce(max(id), 0) FROM snapshot WHERE true
                ON CONFLICT DO NOTHING";
            transaction.execute(sql, [UNTIL])?;
            Ok(())
        })
        .map_err(|fault| fault.at(&path))
    }

    /// The snapshots of which nothing was made ready yet, but for those of AWS Config, in the order in which they were appended.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn undelivered(&self) -> Result<Vec<Recorded>> {
        let until: Option<i64> = self
            .connection
            .query_row("SELECT value FROM meta WHERE name = ?1", [UNTIL], |row| row.get(0))
            .optional()
            .map_err(|error| self.wrong(error))?;
        let Some(until) = until else { return Ok(Vec::new()) };
        let mut snapshots = self.snapshots()?;
        // What AWS Config recorded itself it has told itself.
        snapshots.retain(|snapshot| snapshot.id.0 > until && snapshot.source != SOURCE_AWS_CONFIG);
        snapshots.sort_by_key(|snapshot| snapshot.id);
        Ok(snapshots)
    }

    /// What waits, in its order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn waiting(&self) -> Result<Vec<Waiting>> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT id, channel, message, name, body FROM outbox ORDER BY id")?;
            let rows = statement.query_map([], |row| {
                let (name, body): (Option<String>, Option<Vec<u8>>) = (row.get(3)?, row.get(4)?);
                Ok(Waiting { id: row.get(0)?, channel: row.get(1)?, message: row.get(2)?, file: name.zip(body) })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Forgets what was sent, keeps what still waits, and notes up to which snapshot all was made ready; all at once.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn settle(&mut self, sent: &[i64], still: &[Waiting], until: Option<SnapshotId>) -> Result<()> {
        let path = self.path.clone();
        self.write(|transaction| {
            let mut forget = transaction.prepare_cached("DELETE FROM outbox WHERE id = ?1")?;
            for id in sent {
                forget.execute([id])?;
            }
            let sql = "INSERT INTO outbox (channel, message, name, body) VALUES (?1, ?2, ?3, ?4)";
            let mut keep = transaction.prepare_cached(sql)?;
            for one in still.iter().filter(|one| one.id.is_none()) {
                let file = one.file.as_ref();
                let (name, body) = (file.map(|(name, _)| name), file.map(|(_, body)| body));
                keep.execute(params![one.channel, one.message, name, body])?;
            }
            if let Some(until) = until {
                let sql = "UPDATE meta SET value = max(value, ?2) WHERE name = ?1";
                transaction.execute(sql, params![UNTIL, until.0])?;
            }
            Ok(())
        })
        .map_err(|fault| fault.at(&path))
    }
}
