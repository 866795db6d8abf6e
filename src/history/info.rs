//! What a store's file holds and how it grew.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::error::{Attempt, Result};
use super::{History, timestamp};

/// What a store's file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// The version of the tables.
    pub tables: i32,
    /// The bytes of the file and of its log.
    pub bytes: u64,
    /// How many of them hold nothing any more, and are given back by [`History::vacuum`].
    pub free: u64,
    /// How many snapshots.
    pub snapshots: usize,
    /// The time of the earliest snapshot.
    pub first: Option<Timestamp>,
    /// The time of the latest snapshot.
    pub last: Option<Timestamp>,
    /// How many resources, those that are gone included.
    pub resources: usize,
    /// How many versions they have.
    pub versions: usize,
    /// How many answers of rules, each with the time in which it was given without a change.
    pub answers: usize,
    /// How many messages and files wait to be delivered.
    pub waiting: usize,
    /// What was new in each month that had something, the earliest first.
    pub growth: Vec<Growth>,
}

/// What was new in a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// `2026-10`, in UTC.
    pub month: String,
    /// Snapshots of it.
    pub snapshots: usize,
    /// Versions of resources that began in it.
    pub versions: usize,
    /// The bytes of contents that no resource had before, as they are kept.
    pub bytes: u64,
}

impl History {
    /// What the file holds.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn info(&self) -> Result<Info> {
        let mut log = PathBuf::from(&self.path).into_os_string();
        log.push("-wal");
        let size = |path: &std::path::Path| fs::metadata(path).map_or(0, |file| file.len());
        let bytes = size(&self.path) + size(log.as_ref());
        self.read(|connection| {
            let number = |sql: &str| -> Attempt<i64> { Ok(connection.query_row(sql, [], |row| row.get(0))?) };
            let count = |sql: &str| -> Attempt<usize> { Ok(usize::try_from(number(sql)?).unwrap_or(0)) };
            let time = |sql: &str| -> Attempt<Option<Timestamp>> {
                Ok(connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0))?.map(timestamp))
            };
            let free = number("PRAGMA freelist_count")? * number("PRAGMA page_size")?;
            Ok(Info {
                tables: super::schema::version(connection)?,
                bytes,
                free: u64::try_from(free).unwrap_or(0),
                snapshots: count("SELECT count(*) FROM snapshot")?,
                first: time("SELECT min(time) FROM snapshot")?,
                last: time("SELECT max(time) FROM snapshot")?,
                resources: count("SELECT count(DISTINCT resource) FROM span")?,
                versions: count("SELECT count(*) FROM span WHERE start = since")?,
                answers: count("SELECT count(*) FROM verdict")?,
                waiting: count("SELECT count(*) FROM outbox")?,
                growth: growth(connection)?,
            })
        })
    }

    /// Gives the room back that nothing is kept in any more. In between the file takes up to twice its room on the disk.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn vacuum(&mut self) -> Result<()> {
        self.connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").map_err(|error| self.wrong(error))
    }
}

/// Contents are counted in the month in which the first resource had them.
fn growth(connection: &rusqlite::Connection) -> Attempt<Vec<Growth>> {
    let sql = "WITH told (time, snapshots, versions, bytes) AS (
            SELECT time, 1, 0, 0 FROM snapshot
            UNION ALL SELECT since, 0, 1, 0 FROM span WHERE start = since
            UNION ALL SELECT min(s.since), 0, 0, length(c.body) FROM content c JOIN span s ON s.content = c.id GROUP BY c.id)
        SELECT time, sum(snapshots), sum(versions), sum(bytes) FROM told GROUP BY time";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    // SQLite knows no months before the year -4713, and a snapshot may say that it is of any time.
    let mut months = BTreeMap::<(i16, i8), Growth>::new();
    while let Some(row) = rows.next()? {
        let number = |at| Ok::<_, rusqlite::Error>(u64::try_from(row.get::<_, i64>(at)?).unwrap_or(0));
        let count = |at| Ok::<_, rusqlite::Error>(usize::try_from(number(at)?).unwrap_or(usize::MAX));
        let day = timestamp(row.get(0)?).to_zoned(TimeZone::UTC).date();
        let month = months.entry((day.year(), day.month())).or_default();
        if month.month.is_empty() {
            month.month = day.strftime("%Y-%m").to_string();
        }
        month.snapshots += count(1)?;
        month.versions += count(2)?;
        month.bytes += number(3)?;
    }
    Ok(months.into_values().collect())
}
