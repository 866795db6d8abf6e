//! Why a store cannot do what it is asked for: one sentence each.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::{SnapshotId, schema};

/// What goes wrong with a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// There is no file.
    #[error("there is no store {}", path.display())]
    NoStore {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file cannot be opened or made.
    #[error("cannot open the store {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is something else.
    #[error("{} is not a store of assize", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// Made by a newer assize.
    #[error("the store {} has version {version}; this assize knows versions up to {}", path.display(), schema::VERSION)]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i32,
    },
    /// The file is damaged.
    #[error("the store {} is damaged: {detail}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        detail: String,
    },
    /// Neither the file nor the folder may be written to.
    #[error("the store {} cannot be written: the file or its folder is read-only", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// Another process did not let go of it.
    #[error("the store {} is in use by another process that does not let go of it", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// There is no room for it.
    #[error("the disk that holds the store {} is full", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Whatever else SQLite says.
    #[error("the store {} failed", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What it says.
        #[source]
        source: rusqlite::Error,
    },
    /// The snapshot has no time that could be its place in the history.
    #[error("the snapshot says that it is of `{time}`, which is not a time")]
    NoTime {
        /// What it says.
        time: String,
    },
    /// An item has none.
    #[error("{resource} was captured at `{time}`, which is not a time")]
    NoItemTime {
        /// Which item.
        resource: String,
        /// What it says.
        time: String,
    },
    /// Nothing was stored yet.
    #[error("the store {} holds no snapshot yet", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// There is no snapshot of this number.
    #[error("the store has no snapshot {wanted}")]
    NoSnapshot {
        /// What was asked for.
        wanted: String,
    },
    /// The snapshot was kept and not judged.
    #[error("snapshot {snapshot} was not judged")]
    NotJudged {
        /// Which.
        snapshot: SnapshotId,
    },
    /// Not a point of the history.
    #[error(
        "`{wanted}` is no moment: write latest, latest~2, the number of a snapshot, 2026-10-01 or 2026-10-01T06:30Z"
    )]
    NoMoment {
        /// What was asked for.
        wanted: String,
    },
}

pub(super) type Result<T> = std::result::Result<T, HistoryError>;

/// What is tried inside.
pub(super) type Attempt<T> = std::result::Result<T, Fault>;

impl HistoryError {
    /// What an error of SQLite means for its user.
    pub(super) fn of(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotAStore { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, detail: error.to_string() },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { path },
            Some(ErrorCode::CannotOpen) if path.exists() => Self::ReadOnly { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            // Where a row may be missing, that is asked for.
            None if matches!(error, rusqlite::Error::QueryReturnedNoRows) => {
                Self::Damaged { path, detail: "a row is missing that another one needs".to_owned() }
            }
            _ => Self::Database { path, source: error },
        }
    }
}

/// What can go wrong inside, before it is known which file it is.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// A body that cannot be unpacked.
    #[error("a body is not what it should be")]
    Body(#[from] io::Error),
    #[error("a body is not what it should be")]
    Json(#[from] serde_json::Error),
    /// A row that another one needs is not there.
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error(transparent)]
    History(#[from] HistoryError),
}

impl Fault {
    pub(super) fn at(self, path: &Path) -> HistoryError {
        match self {
            Self::Sql(error) => HistoryError::of(path, error),
            Self::History(error) => error,
            Self::Body(error) => HistoryError::Damaged { path: path.to_owned(), detail: format!("a body: {error}") },
            Self::Json(error) => HistoryError::Damaged { path: path.to_owned(), detail: format!("a body: {error}") },
            Self::Missing(_) => HistoryError::Damaged { path: path.to_owned(), detail: self.to_string() },
        }
    }
}
