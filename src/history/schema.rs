//! The tables of a store, and how an older store becomes one of this version. `docs/store.md` explains them; the views
//! are what others may rely on.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// What SQLite keeps in the head of the file, so that a store can be told from other databases: `asze`.
pub(super) const APPLICATION_ID: i32 = 0x6173_7a65;

/// The version of the tables. A store of a newer one is refused.
pub(super) const VERSION: i32 = 2;

/// From each version to the next, starting with an empty file.
const MIGRATIONS: [&str; 2] = [include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// Makes the tables, or brings them up to this version. Of two processes that begin at once one waits and then finds
/// nothing to do.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    if version(connection)? >= VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = version(&transaction)?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(from).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    if from < VERSION {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    if from == 0 {
        create_key(&transaction)?;
    }
    transaction.commit()
}

/// SQLite seeds its generator (ChaCha20) from the system's randomness.
fn create_key(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute("INSERT INTO meta (name, value) VALUES ('secret key', randomblob(32))", [])?;
    Ok(())
}

/// The version of the tables in the file; 0 when there are none yet.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// What the file says that it is.
pub(super) fn application_id(connection: &Connection) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, "application_id", |row| row.get(0))
}

/// The query of a view that the tables of this version have.
pub(super) fn view(name: &str) -> &'static str {
    let made = format!("CREATE VIEW {name} AS");
    let (_, behind) = MIGRATIONS.iter().rev().find_map(|tables| tables.split_once(&made)).unwrap_or_default();
    behind.split(';').next().unwrap_or_default()
}
