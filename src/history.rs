//! The store: what was read of accounts over time, in one SQLite file. The only writer of a database.
//!
//! A content is kept once, with the intervals in which it was the case; a snapshot of an account in which nothing
//! changed adds one row. From the intervals and from what each snapshot covered, any snapshot can be told again, and the
//! state of any moment: of each resource the facts of the last look at it.
//!
//! Three things keep the history honest:
//! - A resource has ended when a later look at its place had the complete list, and the resource was not in it.
//! - A fact that was not asked for, or that AWS refused, does not change: the last known one stays in the content. That
//!   it could not be read has an interval of its own, and a state shows it as unreadable in that interval.
//! - Time is that of the looks, not that of appending: a snapshot or a version from earlier times finds its place among
//!   the others, and the order of appending does not show.
//!
//! ```no_run
//! use assize::history::History;
//! # fn example(snapshot: &assize::snapshot::Snapshot) -> Result<(), assize::history::HistoryError> {
//! let mut history = History::open("assize.db")?;
//! history.append(snapshot, None)?;
//! let yesterday = history.resolve("latest~1")?;
//! println!("{} resources", history.state_at(yesterday.time)?.items().len());
//! # Ok(())
//! # }
//! ```

mod append;
mod coverage;
mod drift;
mod error;
mod events;
mod facts;
mod fold;
mod info;
mod judgement;
mod lives;
mod looks;
mod outbox;
mod prune;
mod read;
mod retell;
mod schema;
mod verify;
mod versions;
pub(crate) mod views;
mod writer;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{Span, Timestamp};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

pub use self::append::Imported;
pub use self::error::HistoryError;
use self::error::Result;
pub use self::info::{Growth, Info};
pub use self::judgement::{Interval, Judgement};
pub use self::looks::{Looks, Unread};
pub use self::outbox::Waiting;
pub use self::prune::Pruned;
pub use self::verify::Verified;
pub use self::versions::Version;

/// How long another process may hold the store before it is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much of the file SQLite may hold, in KiB: a large snapshot is written once, and not page by page again and again.
const CACHE: i32 = 64 << 10;

/// A store.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    connection: Connection,
}

/// The number of a snapshot in its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId(pub i64);

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A snapshot that is in the store.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Recorded {
    /// Its number.
    pub id: SnapshotId,
    /// The time that it is of.
    pub time: Timestamp,
    /// `account`, `aws-config`, or `template`.
    pub source: String,
    /// The accounts, sorted.
    pub accounts: Vec<String>,
    /// The regions that were read, sorted.
    pub regions: Vec<String>,
    /// By account, its own regions, where they are not all of them.
    pub account_regions: BTreeMap<String, Vec<String>>,
    /// How many items it has.
    pub items: usize,
    /// How many listings and facts could not be read.
    pub gaps: usize,
    /// The digest of the rules by which it was judged last, in hexadecimal digits; nothing if it was not.
    pub rule_set: Option<String>,
}

impl Recorded {
    /// The accounts, each with a region of it that was read; sorted.
    pub fn places(&self) -> impl Iterator<Item = (&str, &str)> {
        self.accounts.iter().flat_map(|account| {
            let regions = self.account_regions.get(account).unwrap_or(&self.regions);
            regions.iter().map(move |region| (account.as_str(), region.as_str()))
        })
    }
}

/// A point of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The time.
    pub time: Timestamp,
    /// The snapshot, if one was named.
    pub snapshot: Option<SnapshotId>,
}

impl History {
    /// Opens a store, or makes it if there is none. Several processes may have it open: one of them writes at a time.
    ///
    /// # Errors
    /// The file cannot be opened, is not a store, or was made by a newer assize.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        make(path).map_err(|source| HistoryError::Open { path: path.to_owned(), source })?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut history = Self::connect(path, Connection::open_with_flags(path, flags))?;
        history.check(true)?;
        history.prepare().map_err(|error| history.wrong(error))?;
        Ok(history)
    }

    /// Opens a store that is there. It may be in a folder that cannot be written to.
    ///
    /// # Errors
    /// There is no such file, it cannot be opened, is not a store, or was made by a newer assize.
    pub fn open_existing(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let found = fs::metadata(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => HistoryError::NoStore { path: path.to_owned() },
            _ => HistoryError::Open { path: path.to_owned(), source },
        })?;
        if found.len() == 0 {
            return Err(HistoryError::NotAStore { path: path.to_owned() });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let history = Self::connect(path, Connection::open_with_flags(path, flags))?;
        match history.check(false) {
            Ok(()) => {}
            // A log beside the file is needed to read it while another process writes. Where none can be made, nobody
            // writes, and the file alone is the store.
            Err(HistoryError::ReadOnly { .. }) => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
                let history = Self::connect(path, Connection::open_with_flags(immutable(path), flags))?;
                history.check(false)?;
                return Ok(history);
            }
            Err(error) => return Err(error),
        }
        let mut history = history;
        history.prepare().map_err(|error| history.wrong(error))?;
        Ok(history)
    }

    fn connect(path: &Path, connection: rusqlite::Result<Connection>) -> Result<Self> {
        let failed = |error| HistoryError::of(path, error);
        let connection = connection.map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self { path: path.to_owned(), connection })
    }

    /// Fails for a file that is something else. An empty one may become a store.
    fn check(&self, may_be_empty: bool) -> Result<()> {
        let failed = |error| self.wrong(error);
        // In one transaction: another process may be making the tables.
        let at_once = self.connection.unchecked_transaction().map_err(failed)?;
        let version = schema::version(&at_once).map_err(failed)?;
        let application = schema::application_id(&at_once).map_err(failed)?;
        let tables: i64 =
            at_once.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
        drop(at_once);
        let is_empty = version == 0 && application == 0 && tables == 0;
        if application != schema::APPLICATION_ID && !(may_be_empty && is_empty) {
            return Err(HistoryError::NotAStore { path: self.path.clone() });
        }
        if version > schema::VERSION {
            return Err(HistoryError::Newer { path: self.path.clone(), version });
        }
        Ok(())
    }

    fn prepare(&mut self) -> rusqlite::Result<()> {
        // Two processes that turn an empty file into a store at once refuse each other here without waiting.
        let mut patience = 200;
        loop {
            match self.connection.pragma_update(None, "journal_mode", "WAL") {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && patience > 0 => {
                    patience -= 1;
                    std::thread::sleep(Duration::from_millis(25));
                }
                done => break done?,
            }
        }
        // What was appended is on the disk when `append` returns.
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        self.connection.pragma_update(None, "foreign_keys", true)?;
        self.connection.pragma_update(None, "cache_size", -CACHE)?;
        schema::migrate(&mut self.connection)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key with which secrets are made digests, so that an unchanged secret has the same one in each snapshot.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn secret_key(&self) -> Result<[u8; 32]> {
        self.connection
            .query_row("SELECT value FROM meta WHERE name = 'secret key'", [], |row| row.get(0))
            .map_err(|error| self.wrong(error))
    }

    /// The snapshots, from the earliest on.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn snapshots(&self) -> Result<Vec<Recorded>> {
        self.recorded().map_err(|error| error.at(&self.path))
    }

    /// The moment that a word means: `latest`; `latest~2`, the one two before it; the number of a snapshot; a time
    /// (`2026-10-01T06:30Z`); a day, which is its first moment in UTC; an age (`7d`), as of the last snapshot.
    ///
    /// # Errors
    /// The word means none of these, or there is no such snapshot.
    pub fn resolve(&self, word: &str) -> Result<Moment> {
        let unknown = || HistoryError::NoMoment { wanted: word.to_owned() };
        let wanted = word.trim();
        if let Some(back) = wanted.strip_prefix("latest") {
            let back: u32 = match back.strip_prefix('~') {
                Some(number) => number.parse().map_err(|_| unknown())?,
                None if back.is_empty() => 0,
                None => return Err(unknown()),
            };
            let sql = "SELECT id, time FROM snapshot ORDER BY time DESC, digest DESC LIMIT 1 OFFSET ?1";
            return self.moment(sql, i64::from(back))?.ok_or_else(|| match self.count() {
                Ok(0) => HistoryError::Empty { path: self.path.clone() },
                _ => HistoryError::NoSnapshot { wanted: word.to_owned() },
            });
        }
        if wanted.len() < 8 && wanted.bytes().all(|byte| byte.is_ascii_digit()) && !wanted.is_empty() {
            let id = wanted.parse().map_err(|_| unknown())?;
            let found = self.moment("SELECT id, time FROM snapshot WHERE id = ?1", id)?;
            return found.ok_or_else(|| HistoryError::NoSnapshot { wanted: word.to_owned() });
        }
        if let Some(age) =
            wanted.starts_with(|c: char| c.is_ascii_digit()).then(|| wanted.parse::<Span>().ok()).flatten()
        {
            // As of the last snapshot: what it is asked of does not move with the clock.
            let last = self.resolve("latest")?.time;
            let before = last.to_zoned(jiff::tz::TimeZone::UTC).checked_sub(age).map_err(|_| unknown())?;
            return Ok(Moment { time: before.timestamp(), snapshot: None });
        }
        let time = wanted.parse::<Timestamp>().ok().or_else(|| {
            let day = wanted.parse::<jiff::civil::Date>().ok().filter(|_| !wanted.contains(['T', 't', ' ', ':']))?;
            day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|day| day.timestamp())
        });
        Ok(Moment { time: time.ok_or_else(unknown)?, snapshot: None })
    }

    fn moment(&self, sql: &str, parameter: i64) -> Result<Option<Moment>> {
        let found: Option<(i64, i64)> = self
            .connection
            .query_row(sql, [parameter], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .map_err(|error| self.wrong(error))?;
        Ok(found.map(|(id, time)| Moment { time: timestamp(time), snapshot: Some(SnapshotId(id)) }))
    }

    fn count(&self) -> Result<i64> {
        self.connection
            .query_row("SELECT count(*) FROM snapshot", [], |row| row.get(0))
            .map_err(|error| self.wrong(error))
    }

    fn wrong(&self, error: rusqlite::Error) -> HistoryError {
        HistoryError::of(&self.path, error)
    }
}

/// Makes the file for its owner alone: an inventory is nobody else's business.
fn make(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// The address by which SQLite opens a file that nobody writes.
fn immutable(path: &Path) -> String {
    // What is not ASCII is escaped too, so that the name of a file need not be UTF-8.
    const MARKS: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');
    format!("file:{}?immutable=1", percent_encode(path.as_os_str().as_encoded_bytes(), MARKS))
}

fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}

/// A list of texts in the order of the alphabet, each once.
fn sorted(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let set: std::collections::BTreeSet<String> = texts.into_iter().collect();
    set.into_iter().collect()
}
