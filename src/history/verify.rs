//! Whether a store still holds what was put into it: SQLite's own checks, and every digest made anew.

use std::collections::HashMap;

use rayon::prelude::*;
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::error::{Attempt, Fault, HistoryError, Result};
use super::{History, facts};
use crate::canonical::{self, Digests};
use crate::item::ResourceKey;

/// So many bodies are in memory at a time.
const BATCH: usize = 4_096;

/// What was looked through and is as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many contents of resources.
    pub contents: usize,
    /// How many other texts: rules, what snapshots were of, what could not be read.
    pub documents: usize,
}

/// A row with a body: its number, digest, MD5 and body.
type Body = (i64, [u8; 32], Option<[u8; 16]>, Vec<u8>);

impl History {
    /// Looks through the whole store: the file, what its rows say of each other, and the digest of every content and text.
    ///
    /// # Errors
    /// The first thing that is not as it should be, or the store cannot be read.
    pub fn verify(&self) -> Result<Verified> {
        self.read(|connection| {
            self.intact(connection)?;
            let mut verified = Verified::default();
            let types = types(connection)?;
            verified.contents = each(connection, "SELECT id, digest, md5, body FROM content", |body| {
                // Which lists are sequences depends on the type; nothing that is told is of a content without one.
                let mut types = types.get(&body.0).into_iter().flatten().peekable();
                if types.peek().is_none() {
                    return Ok(true);
                }
                for kind in types {
                    let item = facts::unpack(&body.3, ResourceKey::new("", "", kind, ""))?;
                    let Digests { sha256, md5 } = canonical::digests(&item);
                    if sha256 == body.1 && body.2 == Some(md5) {
                        return Ok(true);
                    }
                }
                Ok(false)
            })
            .map_err(|fault| self.named("content", fault))?;
            verified.documents = each(connection, "SELECT id, digest, NULL, body FROM document", |body| {
                let text = facts::inflate(&body.3)?;
                Ok(<[u8; 32]>::from(Sha256::digest(text)) == body.1)
            })
            .map_err(|fault| self.named("document", fault))?;
            verified.documents +=
                each(connection, "SELECT id, digest, NULL, CAST(body AS BLOB) FROM unknown", |body| {
                    Ok(<[u8; 32]>::from(Sha256::digest(&body.3)) == body.1)
                })
                .map_err(|fault| self.named("set of gaps", fault))?;
            Ok(verified)
        })
    }

    fn intact(&self, connection: &Connection) -> Attempt<()> {
        let said: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if said != "ok" {
            return Err(self.damaged(said).into());
        }
        let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
        let mut rows = statement.query([])?;
        match rows.next()? {
            None => Ok(()),
            Some(row) => {
                let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
                Err(self.damaged(format!("a row of `{table}` speaks of one of `{parent}` that is not there")).into())
            }
        }
    }

    fn damaged(&self, detail: String) -> HistoryError {
        HistoryError::Damaged { path: self.path.clone(), detail }
    }

    /// What a fault in one body is called.
    fn named(&self, what: &str, fault: Wrong) -> Fault {
        match fault {
            Wrong::Fault(fault) => fault,
            Wrong::Body(id) => self.damaged(format!("{what} {id} is not what its digest says")).into(),
        }
    }
}

/// The types of the resources that each content is of.
fn types(connection: &Connection) -> Attempt<HashMap<i64, Vec<String>>> {
    let sql = "SELECT DISTINCT s.content, t.text FROM
            (SELECT resource, content FROM span UNION SELECT resource, content FROM imported WHERE content IS NOT NULL) s
        JOIN resource r ON r.id = s.resource JOIN place p ON p.id = r.place JOIN word t ON t.id = p.type";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut types = HashMap::<i64, Vec<String>>::new();
    while let Some(row) = rows.next()? {
        types.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(types)
}

/// Why bodies are not as they should be.
enum Wrong {
    /// The body of this number.
    Body(i64),
    Fault(Fault),
}

impl From<rusqlite::Error> for Wrong {
    fn from(error: rusqlite::Error) -> Self {
        Self::Fault(error.into())
    }
}

/// How many bodies there are, if all are right. One that cannot be unpacked is wrong.
fn each(
    connection: &Connection,
    sql: &str,
    is_right: impl Fn(&Body) -> Attempt<bool> + Sync,
) -> std::result::Result<usize, Wrong> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let (mut count, mut batch) = (0, Vec::<Body>::new());
    loop {
        let next = match rows.next()? {
            Some(row) => Some((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            None => None,
        };
        let is_last = next.is_none();
        batch.extend(next);
        if is_last || batch.len() == BATCH {
            let wrong = batch.par_iter().filter(|body| !is_right(body).unwrap_or(false)).map(|body| body.0).min();
            if let Some(id) = wrong {
                return Err(Wrong::Body(id));
            }
            count += batch.len();
            batch.clear();
        }
        if is_last {
            return Ok(count);
        }
    }
}
