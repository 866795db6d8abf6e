//! The tables of a store, and how an older store becomes one of this version. `docs/store.md` explains them; the views
//! are what others may rely on.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// What SQLite keeps in the head of the file, so that a store can be told from other databases: `asze`.
pub(super) const APPLICATION_ID: i32 = 0x6173_7a65;

/// The version of the tables. A store of a newer one is refused.
pub(super) const VERSION: i32 = 1;

/// From each version to the next, starting with an empty file. A file that was released is not changed any more: what comes
/// later is a further one.
const MIGRATIONS: [&str; VERSION as usize] = [include_str!("schema/1.sql")];

/// Makes the tables, or brings them up to this version.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    migrate_by(connection, &MIGRATIONS)
}

/// Of two processes that begin at once one waits and then finds nothing to do.
fn migrate_by(connection: &mut Connection, migrations: &[&str]) -> rusqlite::Result<()> {
    if pending(connection, migrations)?.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = version(&transaction)?;
    let pending = pending(&transaction, migrations)?;
    for (migration, to) in pending.iter().zip(from + 1..) {
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", to)?;
    }
    if !pending.is_empty() {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    if from == 0 {
        create_key(&transaction)?;
    }
    transaction.commit()
}

/// The migrations that the file still lacks.
fn pending<'m>(connection: &Connection, migrations: &'m [&'m str]) -> rusqlite::Result<&'m [&'m str]> {
    let done = usize::try_from(version(connection)?).unwrap_or(0);
    Ok(migrations.get(done..).unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_file_gets_what_came_later_and_keeps_what_it_has() {
        let later = "CREATE TABLE later (x); INSERT INTO later SELECT count(*) FROM meta;";
        let key = |connection: &Connection| -> [u8; 32] {
            connection.query_row("SELECT value FROM meta WHERE name = 'secret key'", [], |row| row.get(0)).unwrap()
        };
        let mut file = Connection::open_in_memory().unwrap();
        migrate(&mut file).unwrap();
        let before = key(&file);
        assert_eq!((version(&file).unwrap(), application_id(&file).unwrap()), (VERSION, APPLICATION_ID));
        let migrations = [&MIGRATIONS[..], &[later]].concat();
        for _ in 0..2 {
            migrate_by(&mut file, &migrations).unwrap();
            assert_eq!((version(&file).unwrap(), key(&file)), (VERSION + 1, before));
            let counted: Vec<i64> = file
                .prepare("SELECT x FROM later")
                .unwrap()
                .query_map([], |row| row.get(0))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            assert_eq!(counted, [1], "it ran once, and on what was there");
        }
        // A step that fails leaves the file as it was.
        let wrong = [&migrations[..], &["CREATE TABLE half (x); CREATE TABLE half (x);"]].concat();
        migrate_by(&mut file, &wrong).unwrap_err();
        assert_eq!(version(&file).unwrap(), VERSION + 1);
        let half: i64 =
            file.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'half'", [], |row| row.get(0)).unwrap();
        assert_eq!(half, 0);
    }
}
