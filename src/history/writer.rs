//! What writing has in common: numbers for words, places, resources, contents and documents, each made when it is first
//! met, within one transaction.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

use super::coverage::{Coverage, Listings};
use super::error::Attempt;
use super::facts::{self, Backlinks, Unknown};
use super::read;
use crate::canonical::Digests;
use crate::item::{ConfigurationItem, ResourceKey};
use crate::snapshot::{About, Place};

/// A store that is being written to.
pub(super) struct Writer<'t> {
    pub(super) transaction: &'t Transaction<'t>,
    words: HashMap<Arc<str>, i64>,
    places: HashMap<Place, i64>,
    unknown_ids: HashMap<Arc<Unknown>, i64>,
    unknowns: HashMap<i64, Arc<Unknown>>,
    coverages: HashMap<i64, Arc<Coverage>>,
    listings: HashMap<i64, Arc<Listings>>,
}

impl<'t> Writer<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>) -> Self {
        Self {
            transaction,
            words: HashMap::new(),
            places: HashMap::new(),
            unknown_ids: HashMap::new(),
            unknowns: HashMap::new(),
            coverages: HashMap::new(),
            listings: HashMap::new(),
        }
    }

    pub(super) fn word(&mut self, text: &Arc<str>) -> Attempt<i64> {
        if let Some(id) = self.words.get(text) {
            return Ok(*id);
        }
        let id = find_or_make(
            self.transaction,
            "SELECT id FROM word WHERE text = ?1",
            "INSERT INTO word (text) VALUES (?1)",
            &[&text.as_ref()],
            &[],
        )?;
        self.words.insert(Arc::clone(text), id);
        Ok(id)
    }

    /// The number of a place.
    pub(super) fn place(&mut self, place: &Place) -> Attempt<i64> {
        if let Some(id) = self.places.get(place) {
            return Ok(*id);
        }
        let words = [self.word(&place.account_id)?, self.word(&place.aws_region)?, self.word(&place.resource_type)?];
        let find = "SELECT id FROM place WHERE account = ?1 AND region = ?2 AND type = ?3";
        let found: Option<i64> =
            self.transaction.prepare_cached(find)?.query_row(words, |row| row.get(0)).optional()?;
        let id = if let Some(id) = found {
            id
        } else {
            let make = "INSERT INTO place (account, region, type) VALUES (?1, ?2, ?3)";
            self.transaction.prepare_cached(make)?.insert(words)?
        };
        self.places.insert(place.clone(), id);
        Ok(id)
    }

    /// Notes that a place was looked at.
    pub(super) fn looked(&mut self, place: i64, time: i64) -> Attempt<()> {
        let sql = "UPDATE place SET last = max(coalesce(last, ?2), ?2) WHERE id = ?1";
        self.transaction.prepare_cached(sql)?.execute(params![place, time])?;
        Ok(())
    }

    /// When a place was last looked at.
    pub(super) fn last_look(&self, place: i64) -> Attempt<Option<i64>> {
        let sql = "SELECT last FROM place WHERE id = ?1";
        Ok(self.transaction.prepare_cached(sql)?.query_row([place], |row| row.get(0))?)
    }

    /// The number of a resource, with the name and ARN by which it is found.
    pub(super) fn resource(&mut self, place: i64, item: &ConfigurationItem) -> Attempt<i64> {
        let sql = "INSERT INTO resource (place, resource_id, name, arn) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (place, resource_id)
            DO UPDATE SET name = coalesce(excluded.name, name), arn = coalesce(excluded.arn, arn)
            RETURNING id";
        let row = params![place, item.key.resource_id.as_ref(), item.resource_name.as_deref(), item.arn.as_deref()];
        Ok(self.transaction.prepare_cached(sql)?.query_row(row, |row| row.get(0))?)
    }

    /// The number of a content; `body` is the packed item, if it was made already.
    pub(super) fn content(&mut self, item: &ConfigurationItem, digests: &Digests, body: Option<&[u8]>) -> Attempt<i64> {
        // Who packed a body found that the content is new, and it mostly still is.
        if body.is_none()
            && let Some(id) = self.known_content(&digests.sha256)?
        {
            return Ok(id);
        }
        let body = body.map_or_else(|| facts::pack(item).map(Cow::Owned), |body| Ok(Cow::Borrowed(body)))?;
        let make = "INSERT INTO content (digest, md5, body) VALUES (?1, ?2, ?3)
            ON CONFLICT (digest) DO UPDATE SET digest = digest RETURNING id";
        let row = params![digests.sha256, digests.md5, body];
        Ok(self.transaction.prepare_cached(make)?.query_row(row, |row| row.get(0))?)
    }

    pub(super) fn known_content(&self, digest: &[u8; 32]) -> Attempt<Option<i64>> {
        let find = "SELECT id FROM content WHERE digest = ?1";
        Ok(self.transaction.prepare_cached(find)?.query_row([digest], |row| row.get(0)).optional()?)
    }

    /// The facts of a content.
    pub(super) fn facts(&self, content: i64, key: &ResourceKey) -> Attempt<ConfigurationItem> {
        let sql = "SELECT body FROM content WHERE id = ?1";
        let body: Vec<u8> = self.transaction.prepare_cached(sql)?.query_row([content], |row| row.get(0))?;
        Ok(facts::unpack(&body, key.clone())?)
    }

    /// The number of a set of unknown facts; nothing for the empty one.
    pub(super) fn unknown(&mut self, unknown: &Unknown) -> Attempt<Option<i64>> {
        if unknown.is_empty() {
            return Ok(None);
        }
        if let Some(id) = self.unknown_ids.get(unknown) {
            return Ok(Some(*id));
        }
        let body = serde_json::to_string(unknown)?;
        let digest: [u8; 32] = Sha256::digest(&body).into();
        let id = find_or_make(
            self.transaction,
            "SELECT id FROM unknown WHERE digest = ?1",
            "INSERT INTO unknown (digest, body) VALUES (?1, ?2)",
            &[&digest],
            &[&body],
        )?;
        let unknown = Arc::new(unknown.clone());
        self.unknown_ids.insert(Arc::clone(&unknown), id);
        self.unknowns.insert(id, unknown);
        Ok(Some(id))
    }

    /// The set of unknown facts of a number.
    pub(super) fn unknown_of(&mut self, id: Option<i64>) -> Attempt<Arc<Unknown>> {
        let Some(id) = id else { return Ok(Arc::default()) };
        if let Some(unknown) = self.unknowns.get(&id) {
            return Ok(Arc::clone(unknown));
        }
        let sql = "SELECT body FROM unknown WHERE id = ?1";
        let body: String = self.transaction.prepare_cached(sql)?.query_row([id], |row| row.get(0))?;
        let unknown: Arc<Unknown> = Arc::new(serde_json::from_str(&body)?);
        self.unknown_ids.insert(Arc::clone(&unknown), id);
        self.unknowns.insert(id, Arc::clone(&unknown));
        Ok(unknown)
    }

    /// What is not known after a look: the number of it. `before` is 0 where all was known, and nothing for a resource
    /// that was not.
    pub(super) fn unknown_after(
        &mut self,
        before: Option<i64>,
        look: &Unknown,
        backlinks: &Backlinks,
    ) -> Attempt<Option<i64>> {
        let before = before.map(|id| self.unknown_of((id != 0).then_some(id))).transpose()?;
        let after = Unknown::after(before.as_deref(), look, backlinks);
        self.unknown(&after)
    }

    /// The snapshots by time: number, time, and the documents of what each was of and of what it covered.
    pub(super) fn looks(&self) -> Attempt<Vec<(i64, i64, i64, i64)>> {
        let sql = "SELECT id, time, about, coverage FROM snapshot ORDER BY time, digest";
        let mut statement = self.transaction.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The place of a number.
    pub(super) fn place_of(&self, id: i64) -> Attempt<Place> {
        read::place(self.transaction, id)
    }

    /// What a snapshot covered.
    pub(super) fn coverage(&mut self, document: i64) -> Attempt<Arc<Coverage>> {
        if let Some(coverage) = self.coverages.get(&document) {
            return Ok(Arc::clone(coverage));
        }
        let coverage: Arc<Coverage> = Arc::new(serde_json::from_slice(&read::text(self.transaction, document)?)?);
        self.coverages.insert(document, Arc::clone(&coverage));
        Ok(coverage)
    }

    /// What a snapshot says of its listings.
    pub(super) fn listings(&mut self, document: i64) -> Attempt<Arc<Listings>> {
        if let Some(listings) = self.listings.get(&document) {
            return Ok(Arc::clone(listings));
        }
        let about: About = serde_json::from_slice(&read::text(self.transaction, document)?)?;
        let listings = Arc::new(Listings::of(&about));
        self.listings.insert(document, Arc::clone(&listings));
        Ok(listings)
    }

    /// The number of a text.
    pub(super) fn document(&mut self, text: &[u8]) -> Attempt<i64> {
        let digest: [u8; 32] = Sha256::digest(text).into();
        let body = facts::deflate(text)?;
        find_or_make(
            self.transaction,
            "SELECT id FROM document WHERE digest = ?1",
            "INSERT INTO document (digest, body) VALUES (?1, ?2)",
            &[&digest],
            &[&body],
        )
    }
}

fn find_or_make(
    transaction: &Transaction<'_>,
    find: &str,
    make: &str,
    by: &[&dyn rusqlite::ToSql],
    rest: &[&dyn rusqlite::ToSql],
) -> Attempt<i64> {
    let found: Option<i64> = transaction.prepare_cached(find)?.query_row(by, |row| row.get(0)).optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    let row: Vec<&dyn rusqlite::ToSql> = by.iter().chain(rest).copied().collect();
    Ok(transaction.prepare_cached(make)?.insert(row.as_slice())?)
}
