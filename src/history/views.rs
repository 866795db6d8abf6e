//! The views that a store shows to SQL, over a handle of their own that can only read.
//!
//! The file holds more than the views show, its secret key among it, so a guard decides on each table that a statement
//! reads. It goes by the name of the view on whose behalf SQLite reads. That name alone proves nothing: a `WITH` clause may
//! give the name of a view to a query of its own, and SQLite tells the guard the same name. So each view that is shown
//! stands before an inner one whose name is made at random for this handle, and only the inner ones may read tables. The
//! table with the key is read by none of them.

use std::io;

use rusqlite::functions::FunctionFlags;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, OpenFlags};

use super::error::{HistoryError, Result};
use super::{History, PATIENCE, facts, immutable, schema};

/// The views that are as the file has them.
const AS_KEPT: [&str; 3] = ["snapshots", "evaluations", "gaps"];

/// The views with what the bodies hold: the columns that a snapshot's items have for SQL, and since when.
const UNPACKED: [(&str, &str); 2] = [
    (
        "versions",
        "SELECT a.text AS account_id, g.text AS region, t.text AS resource_type, r.resource_id, r.name, r.arn,
    unpacked(c.body) ->> '$.availabilityZone' AS availability_zone,
    coalesce(s.origin ->> '$.configurationItemStatus',
        iif(EXISTS (SELECT 1 FROM main.span b WHERE b.resource = s.resource AND b.stop = s.since), 'OK',
            'ResourceDiscovered')) AS status,
    coalesce(s.origin ->> '$.captureTime', strftime('%Y-%m-%dT%H:%M:%fZ', s.since / 1000.0, 'unixepoch')) AS captured_at,
    unpacked(c.body) ->> '$.resourceCreationTime' AS created_at,
    coalesce(nullif(unpacked(c.body) -> '$.tags', 'null'), '{}') AS tags,
    coalesce(nullif(unpacked(c.body) -> '$.relationships', 'null'), '[]') AS relationships,
    coalesce(nullif(unpacked(c.body) -> '$.configuration', 'null'), '{}') AS configuration,
    coalesce(nullif(unpacked(c.body) -> '$.supplementaryConfiguration', 'null'), '{}') AS supplementary_configuration,
    strftime('%Y-%m-%dT%H:%M:%fZ', s.start / 1000.0, 'unixepoch') AS valid_from,
    strftime('%Y-%m-%dT%H:%M:%fZ', s.stop / 1000.0, 'unixepoch') AS valid_to,
    lower(hex(c.digest)) AS digest, lower(hex(c.md5)) AS md5
FROM main.span s JOIN main.resource r ON r.id = s.resource JOIN main.place p ON p.id = r.place
    JOIN main.word a ON a.id = p.account JOIN main.word g ON g.id = p.region JOIN main.word t ON t.id = p.type
    JOIN main.content c ON c.id = s.content",
    ),
    (
        "items",
        "SELECT account_id, region, resource_type, resource_id, name, arn, availability_zone, status, captured_at,
    created_at, tags, relationships, configuration, supplementary_configuration, valid_from, digest, md5
FROM versions WHERE valid_to IS NULL",
    ),
];

/// The tables that the inner views read.
const TABLES: [&str; 11] = [
    "word",
    "place",
    "resource",
    "content",
    "unknown",
    "span",
    "listing",
    "snapshot",
    "rule_set",
    "judgement",
    "verdict",
];

/// A table that unfolds JSON; it reads what it is given.
const OF_JSON: [&str; 2] = ["json_each", "json_tree"];

/// What makes a body text; the inner views alone may call it.
const UNPACKED_BODY: &str = "unpacked";

/// A handle that can only read, before its guard is set.
#[derive(Debug)]
pub(crate) struct Views {
    /// The handle.
    pub(crate) connection: Connection,
    /// Who may read what.
    pub(crate) guard: Guard,
}

/// Decides what a statement may read.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    inner: Vec<String>,
}

impl History {
    /// The views, for SQL.
    pub(crate) fn views(&self) -> Result<Views> {
        let connection = self.reader()?;
        let made = || {
            unpacking(&connection)?;
            connection.pragma_update(None, "temp_store", "MEMORY")?;
            // SQLite seeds its generator from the system's randomness; no statement can learn of it what was drawn before.
            let secret: String = connection.query_row("SELECT lower(hex(randomblob(16)))", [], |row| row.get(0))?;
            let mut inner = Vec::new();
            let mut make = |name: &str, query: &str| {
                let hidden = format!("{name}_{secret}");
                let sql = format!(
                    "CREATE TEMP VIEW {hidden} AS {query};
                    CREATE TEMP VIEW {name} AS SELECT * FROM {hidden};"
                );
                inner.push(hidden);
                connection.execute_batch(&sql)
            };
            for name in AS_KEPT {
                make(name, schema::view(name))?;
            }
            let of_versions = format!("versions_{secret}");
            for (name, query) in UNPACKED {
                make(name, &query.replace("FROM versions", &format!("FROM {of_versions}")))?;
            }
            Ok(inner)
        };
        let inner = made().map_err(|error| self.wrong(error))?;
        Ok(Views { connection, guard: Guard { inner } })
    }

    /// Another handle on the file, by which nothing can be written.
    fn reader(&self) -> Result<Connection> {
        let failed = |error| HistoryError::of(&self.path, error);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let plain = Connection::open_with_flags(&self.path, flags).and_then(readable);
        let connection = match plain.map_err(failed) {
            // As when a store is opened: nobody can write a log there, so the file alone is the store.
            Err(HistoryError::ReadOnly { .. }) => {
                let flags = flags | OpenFlags::SQLITE_OPEN_URI;
                Connection::open_with_flags(immutable(&self.path), flags).and_then(readable).map_err(failed)?
            }
            opened => opened?,
        };
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        Ok(connection)
    }
}

/// SQLite opens a file when it is first read.
fn readable(connection: Connection) -> rusqlite::Result<Connection> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    Ok(connection)
}

fn unpacking(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(UNPACKED_BODY, 1, flags, |context| {
        let body = context.get_raw(0).as_blob().map_err(rusqlite::Error::from)?;
        let text = facts::inflate(body).and_then(|text| String::from_utf8(text).map_err(io::Error::other));
        text.map_err(|error| rusqlite::Error::UserFunctionError(error.into()))
    })
}

impl Guard {
    /// What SQLite is told when a statement wants to do this.
    pub(crate) fn answer(&self, context: &AuthContext<'_>) -> Authorization {
        if self.allows(context) { Authorization::Allow } else { Authorization::Deny }
    }

    fn allows(&self, context: &AuthContext<'_>) -> bool {
        let is_view = |name: &str| AS_KEPT.contains(&name) || UNPACKED.iter().any(|(view, _)| *view == name);
        let is_inner = |name: &str| self.inner.iter().any(|inner| inner == name);
        let for_inner = context.accessor.is_some_and(is_inner);
        match context.action {
            AuthAction::Select | AuthAction::Recursive => true,
            AuthAction::Function { function_name } if function_name.eq_ignore_ascii_case(UNPACKED_BODY) => for_inner,
            AuthAction::Function { function_name } => is_plain(function_name),
            // Where no column is wanted SQLite asks in nobody's name: how many rows there are is no secret.
            AuthAction::Read { table_name, column_name: "" } => {
                is_view(table_name) || is_inner(table_name) || TABLES.contains(&table_name)
            }
            AuthAction::Read { table_name, .. } => match context.database_name {
                Some("temp") => is_view(table_name) || is_inner(table_name),
                Some("main") => OF_JSON.contains(&table_name) || (for_inner && TABLES.contains(&table_name)),
                _ => false,
            },
            _ => false,
        }
    }
}

/// Whether a function computes and nothing else. Those that look into tables or load code are of SQLite's extensions.
pub(crate) fn is_plain(function: &str) -> bool {
    let name = function.to_ascii_lowercase();
    name != "load_extension" && !["fts", "rtree", "sqlite_", "dbstat"].iter().any(|prefix| name.starts_with(prefix))
}
