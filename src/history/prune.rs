//! Forgetting: what ended before a time is taken out of the store, and the room it took is given back.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::append::Origin;
use super::coverage::Coverage;
use super::error::{Attempt, Result};
use super::{History, judgement, read};

/// What was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many snapshots.
    pub snapshots: usize,
    /// How many versions of resources.
    pub versions: usize,
}

impl History {
    /// Forgets all that was over before a time: snapshots of earlier times, versions, answers of rules and gaps that ended
    /// by then. What was still so at that time stays, as of that time.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn prune(&mut self, before: Timestamp) -> Result<Pruned> {
        let path = self.path.clone();
        let before = before.as_millisecond();
        let pruned = self.write(|transaction| forget(transaction, before)).map_err(|fault| fault.at(&path))?;
        // What is deleted leaves pages behind that could still be read.
        self.vacuum()?;
        Ok(pruned)
    }
}

fn forget(transaction: &Transaction<'_>, before: i64) -> Attempt<Pruned> {
    let snapshots = {
        let judged = "DELETE FROM judgement WHERE snapshot IN (SELECT id FROM snapshot WHERE time < ?1)";
        transaction.execute(judged, [before])?;
        transaction.execute("DELETE FROM snapshot WHERE time < ?1", [before])?
    };
    let versions = transaction.execute("DELETE FROM span WHERE stop <= ?1", [before])?;
    for table in ["verdict", "listing"] {
        transaction.execute(&format!("DELETE FROM {table} WHERE stop <= ?1"), [before])?;
    }
    for table in ["imported", "related_event"] {
        transaction.execute(&format!("DELETE FROM {table} WHERE time < ?1"), [before])?;
    }
    // What was still so counts from that time on: nothing in the store is of an earlier one. It is noted as seen then, as
    // the looks that saw it are gone; and it was known before, so that nobody takes it for discovered then.
    let origin = Origin::known_at(before)?;
    transaction.execute(
        "INSERT INTO imported (resource, time, content, unknown, origin)
            SELECT resource, ?1, content, unknown, ?2 FROM span WHERE start < ?1 ON CONFLICT DO NOTHING",
        params![before, origin],
    )?;
    transaction
        .execute("UPDATE span SET start = ?1, origin = ?2, since = ?1 WHERE start < ?1", params![before, origin])?;
    for table in ["verdict", "listing"] {
        transaction.execute(&format!("UPDATE {table} SET start = ?1 WHERE start < ?1"), params![before])?;
    }
    transaction.execute("UPDATE span SET origin = ?2, since = ?1 WHERE since < ?1", params![before, origin])?;
    transaction.execute_batch(
        "DELETE FROM resource WHERE id NOT IN (SELECT resource FROM span)
            AND id NOT IN (SELECT resource FROM verdict) AND id NOT IN (SELECT resource FROM imported)
            AND id NOT IN (SELECT resource FROM related_event);
        DELETE FROM content WHERE id NOT IN (SELECT content FROM span)
            AND id NOT IN (SELECT content FROM imported WHERE content IS NOT NULL);
        DELETE FROM rule_set WHERE id NOT IN (SELECT rule_set FROM judgement);",
    )?;
    sweep(transaction)?;
    Ok(Pruned { snapshots, versions })
}

/// Takes out the documents, sets of unknown facts and words of which nothing speaks any more.
fn sweep(transaction: &Transaction<'_>) -> Attempt<()> {
    // Documents speak of others by number, and SQL cannot look into them.
    let mut documents = numbers(
        transaction,
        "SELECT about FROM snapshot UNION SELECT requests FROM snapshot UNION SELECT coverage FROM snapshot
            UNION SELECT rules FROM rule_set UNION SELECT errors FROM judgement",
    )?;
    for list in numbers(transaction, "SELECT rules FROM rule_set")? {
        documents.extend(judgement::texts_of(&read::text(transaction, list)?)?);
    }
    let mut unknowns = numbers(
        transaction,
        "SELECT unknown FROM span WHERE unknown IS NOT NULL
            UNION SELECT unknown FROM imported WHERE unknown IS NOT NULL",
    )?;
    for document in numbers(transaction, "SELECT coverage FROM snapshot")? {
        let coverage: Coverage = serde_json::from_slice(&read::text(transaction, document)?)?;
        unknowns.extend(coverage.unknowns());
    }
    for (table, kept) in [("document", documents), ("unknown", unknowns)] {
        let mut delete = transaction.prepare(&format!("DELETE FROM {table} WHERE id = ?1"))?;
        for orphan in numbers(transaction, &format!("SELECT id FROM {table}"))?.difference(&kept) {
            delete.execute([orphan])?;
        }
    }
    transaction.execute_batch(
        "DELETE FROM word WHERE id NOT IN (
            SELECT account FROM place UNION SELECT region FROM place UNION SELECT type FROM place
            UNION SELECT rule FROM verdict
            UNION SELECT annotation FROM verdict WHERE annotation IS NOT NULL
            UNION SELECT gap FROM verdict WHERE gap IS NOT NULL
            UNION SELECT exemption FROM verdict WHERE exemption IS NOT NULL)",
    )?;
    Ok(())
}

fn numbers(transaction: &Transaction<'_>, sql: &str) -> Attempt<BTreeSet<i64>> {
    let mut statement = transaction.prepare(sql)?;
    let numbers = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(numbers)
}
