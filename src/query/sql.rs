//! Plain SQL over items: SQLite, for everything that AWS Config's language cannot say.
//!
//! A snapshot becomes a database in memory, with the tables that `docs/query.md` describes; of a store the views of its whole
//! history are asked. A statement can read and nothing else: SQLite asks for leave at each step of it before it runs. What
//! could not be read stands in the table `gaps`: SQL itself cannot tell it from what is not set.

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};

use super::QueryError;
use super::output::Table;
use crate::history::views::is_plain;
use crate::history::{History, HistoryError};
use crate::snapshot::Snapshot;
use crate::value::Value;

/// The tables that a snapshot becomes. Columns have the names of those of the history's views.
const TABLES: &str = "\
CREATE TABLE items (
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    name TEXT,
    arn TEXT,
    availability_zone TEXT,
    status TEXT NOT NULL,
    captured_at TEXT NOT NULL,
    created_at TEXT,
    tags TEXT NOT NULL,
    relationships TEXT NOT NULL,
    configuration TEXT NOT NULL,
    supplementary_configuration TEXT NOT NULL,
    PRIMARY KEY (account_id, region, resource_type, resource_id)
) WITHOUT ROWID;
CREATE TABLE gaps (
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id TEXT,
    path TEXT,
    operation TEXT NOT NULL,
    action TEXT,
    code TEXT NOT NULL,
    message TEXT NOT NULL
);";

/// Why SQL gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// The statement is wrong at a place that SQLite knows.
    #[error(transparent)]
    Statement(#[from] QueryError),
    /// The statement would do something else than read.
    #[error("only queries are allowed: {0}")]
    Forbidden(String),
    /// What SQLite says.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] HistoryError),
    /// An item cannot be written as JSON.
    #[error("cannot write an item as JSON")]
    Json(#[from] serde_json::Error),
}

/// A database that can only be read.
#[derive(Debug)]
pub struct Database(Connection);

impl Database {
    /// A database in memory that holds a snapshot.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn of_snapshot(snapshot: &Snapshot) -> Result<Self, SqlError> {
        let mut connection = Connection::open_in_memory()?;
        connection.execute_batch(TABLES)?;
        let all = connection.transaction()?;
        {
            let mut insert = all.prepare("INSERT INTO items VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)")?;
            for item in snapshot.items() {
                let key = &item.key;
                let status = serde_json::to_value(item.status)?;
                insert.execute(params![
                    key.account_id.as_ref(),
                    key.region.as_ref(),
                    key.resource_type.as_ref(),
                    key.resource_id.as_ref(),
                    item.resource_name.as_deref(),
                    item.arn.as_deref(),
                    item.availability_zone.as_deref(),
                    status.as_str(),
                    item.capture_time.as_str(),
                    item.creation_time.as_deref(),
                    object(&item.tags),
                    serde_json::to_string(&item.relationships)?,
                    object(&item.configuration),
                    object(&item.supplementary_configuration),
                ])?;
            }
            let mut insert = all.prepare("INSERT INTO gaps VALUES (?,?,?,?,?,?,?,?,?)")?;
            for gap in snapshot.gaps() {
                let reason = &gap.reason;
                insert.execute(params![
                    gap.account_id,
                    gap.aws_region,
                    gap.resource_type,
                    gap.resource_id,
                    gap.path,
                    reason.operation,
                    reason.action,
                    reason.code,
                    reason.message,
                ])?;
            }
        }
        all.commit()?;
        Self::guarded(
            connection,
            |context| {
                if is_read(&context.action) { Authorization::Allow } else { Authorization::Deny }
            },
        )
    }

    /// The views of a store's whole history.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn of_history(history: &History) -> Result<Self, SqlError> {
        let views = history.views()?;
        Self::guarded(views.connection, move |context| views.guard.answer(context))
    }

    fn guarded(
        mut connection: Connection,
        mut answer: impl FnMut(&AuthContext<'_>) -> Authorization + Send + 'static,
    ) -> Result<Self, SqlError> {
        connection.pragma_update(None, "query_only", true)?;
        connection.authorizer(Some(move |context: AuthContext<'_>| answer(&context)))?;
        Ok(Self(connection))
    }

    /// Runs one query.
    ///
    /// # Errors
    /// Where the statement is wrong, that it is no query, or what SQLite says.
    pub fn query(&self, text: &str) -> Result<Table, SqlError> {
        let mut statement = self.0.prepare(text).map_err(|error| explained(error, text))?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        if columns.is_empty() {
            return Err(SqlError::Forbidden("there is nothing to run".to_owned()));
        }
        // How SQLite goes about it is told in names of its own.
        if statement.is_explain() != 0 {
            return Err(SqlError::Forbidden("EXPLAIN asks nothing of the items".to_owned()));
        }
        let rows = statement.query_map([], |row| row_values(row, columns.len()))?;
        let rows = rows.collect::<Result<Vec<_>, _>>().map_err(|error| explained(error, text))?;
        Ok(Table { columns, rows })
    }
}

/// A list of what may be done, since SQLite learns new things to do.
fn is_read(action: &AuthAction<'_>) -> bool {
    match action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => is_plain(function_name),
        _ => false,
    }
}

/// The JSON of a section. One that could not be read at all is an empty object here, and stands in `gaps`.
fn object(section: &Value) -> String {
    if section.as_unreadable().is_some() { "{}".to_owned() } else { section.to_string() }
}

fn row_values(row: &Row<'_>, columns: usize) -> rusqlite::Result<Vec<Value>> {
    (0..columns)
        .map(|at| {
            Ok(match row.get_ref(at)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Integer(number),
                ValueRef::Real(number) => Value::Float(number),
                ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
                ValueRef::Blob(bytes) => format!("({} bytes)", bytes.len()).into(),
            })
        })
        .collect()
}

/// SQLite's error with its place in the text.
fn explained(error: rusqlite::Error, text: &str) -> SqlError {
    match &error {
        rusqlite::Error::SqlInputError { msg, offset, error: code, .. } => {
            if code.code == rusqlite::ErrorCode::AuthorizationForStatementDenied {
                return SqlError::Forbidden(msg.clone());
            }
            SqlError::Statement(at(msg, usize::try_from(*offset).unwrap_or(0), text))
        }
        rusqlite::Error::SqliteFailure(code, message)
            if code.code == rusqlite::ErrorCode::AuthorizationForStatementDenied =>
        {
            SqlError::Forbidden(message.clone().unwrap_or_else(|| "not authorized".to_owned()))
        }
        // SQLite names no place here, but often the word that is wrong.
        rusqlite::Error::SqliteFailure(code, Some(message)) if code.code == rusqlite::ErrorCode::Unknown => {
            let word = message.rsplit(": ").next().unwrap_or_default();
            SqlError::Statement(at(message, text.find(word).unwrap_or(0), text))
        }
        rusqlite::Error::MultipleStatement => SqlError::Forbidden("one statement at a time".to_owned()),
        _ => SqlError::Sqlite(error),
    }
}

fn at(message: &str, offset: usize, text: &str) -> QueryError {
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    QueryError { line, column, message: message.to_owned() }
}
