//! Whether the files of a trail are as CloudTrail delivered them: the validation of `aws cloudtrail validate-logs`, of a bucket or
//! of a folder that is a copy of one.
//!
//! About once an hour CloudTrail delivers a digest of each region: the hashes of the log files of that hour, and hash and signature
//! of the digest before. It is signed itself. So one that is genuine vouches for its log files and for the digest before it
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html>).
//!
//! Everything that is read may be forged: nothing is looked for outside of the place that was named, sizes are bounded, and what
//! could not be read is never a verdict.

mod chain;
mod digest;
mod files;
mod keys;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::task::{JoinSet, spawn_blocking};

pub use self::keys::{KEYS_ACTION, KeyError, KeySource, PublicKeys};

use self::chain::{Before, Chain, Link, Verdict};
use self::digest::{Defect, Digest, HASH_ALGORITHM, Hash, LogFile, hash_of_log, unhex};
use self::files::{Absent, Files, Listing, Root};
use super::name::{DigestName, LogName, TrailFile};
use crate::integrity::{self, Kind, Problem, Reason, State, Verification};
use crate::source::client::{ApiError, Client};
use crate::source::config_bucket::{self, Address};

/// So many files are read at once.
const AT_ONCE: usize = 16;

/// The next digest may take so long to come: an hour, and one in which it is late.
const UNTIL_NEXT: SignedDuration = SignedDuration::from_hours(2);

/// Where the files are.
#[derive(Clone, Debug)]
pub enum Origin {
    /// In a folder: a copy of a bucket, or of a part of one.
    Folder(PathBuf),
    /// In a bucket.
    Bucket(Client, Address),
}

/// Which files are looked at. What is not named is not a condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Digests that cover this time or later, and log files delivered then.
    pub since: Option<Timestamp>,
    /// Digests that cover this time or earlier, and log files delivered until then.
    pub until: Option<Timestamp>,
    /// Of these accounts.
    pub accounts: BTreeSet<String>,
    /// Of calls in these regions.
    pub regions: BTreeSet<String>,
    /// Digests of the trail of this name. Log files do not say which trail they are of, so then none is told to be in no digest.
    pub trail: Option<String>,
}

/// A place that cannot be listed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A folder.
    #[error("cannot read {}", path.display())]
    Folder {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A bucket.
    #[error("cannot list {address}")]
    Bucket {
        /// What of it.
        address: Address,
        /// Why.
        #[source]
        source: ApiError,
    },
}

/// A policy document that allows an identity to verify what is at an address and nothing else, as JSON text. `partition` is
/// that of the bucket: `aws`. What is encrypted with a key of KMS's own needs `kms:Decrypt` for that key besides.
pub fn policy(address: &Address, partition: &str) -> String {
    let keys = json!({ "Sid": "AssizeKeys", "Effect": "Allow", "Action": KEYS_ACTION, "Resource": "*" });
    config_bucket::policy(&[address.statements(partition), vec![keys]].concat())
}

/// Verifies the files of all trails in a place. What a bucket has is expected to go on until `now`.
///
/// # Errors
/// The place itself cannot be listed. What below it cannot be is told with what was found.
pub async fn verify(
    origin: Origin,
    filter: &Filter,
    keys: &KeySource,
    now: Timestamp,
) -> Result<Verification, VerifyError> {
    // Of a copy nobody knows until when it should have digests, unless they were asked for.
    let expected = match origin {
        Origin::Folder(_) => filter.until.map(|until| until.min(now)),
        Origin::Bucket(..) => Some(filter.until.map_or(now, |until| until.min(now))),
    };
    let (files, listing) = match origin {
        Origin::Folder(path) => {
            Files::of_folder(&path, filter).map_err(|source| VerifyError::Folder { path, source })?
        }
        Origin::Bucket(client, address) => {
            let found = Files::of_bucket(client, address.clone(), filter).await;
            found.map_err(|source| VerifyError::Bucket { address, source })?
        }
    };
    let place = Place { files: Arc::new(files), filter, keys, expected };
    let mut chains = BTreeMap::<ChainKey, Vec<(String, DigestName)>>::new();
    for (here, name) in &listing.digests {
        chains.entry(ChainKey::of(name)).or_default().push((here.clone(), name.clone()));
    }
    let mut out = Verification::default();
    let mut named = Named::default();
    for (key, digests) in chains {
        out.chains.extend(place.chain(key, digests, &listing, &mut named).await);
    }
    if filter.trail.is_none() {
        for (here, log) in &listing.logs {
            match named.covers(here, log) {
                Covered::Yes => {}
                Covered::NotYet => out.waiting.push(here.clone()),
                Covered::No => out.uncovered.push(here.clone()),
            }
        }
    }
    out.unlisted = listing.unlisted;
    Ok(out)
}

/// What is one chain: the digests of a trail, for an account and a region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ChainKey {
    account_id: String,
    region: String,
    trail: String,
    home_region: String,
    is_backfill: bool,
}

impl ChainKey {
    fn of(name: &DigestName) -> Self {
        let DigestName { account_id, region, trail, home_region, is_backfill, end: _ } = name.clone();
        Self { account_id, region, trail, home_region, is_backfill }
    }
}

/// What digests say of log files that were found by their names.
#[derive(Debug, Default)]
struct Named {
    /// Names here.
    logs: BTreeSet<String>,
    /// By account and region, the latest time that a digest covers.
    latest: BTreeMap<(String, String), Timestamp>,
}

enum Covered {
    Yes,
    NotYet,
    No,
}

impl Named {
    fn covers(&self, here: &str, log: &LogName) -> Covered {
        if self.logs.contains(here) {
            return Covered::Yes;
        }
        let latest = self.latest.get(&(log.account_id.clone(), log.region.clone()));
        // Of the time of a delivery the name has the minute.
        let since = |latest: Timestamp| log.delivered.duration_since(latest);
        let awaits =
            latest.is_some_and(|latest| (-SignedDuration::from_mins(1)..=UNTIL_NEXT).contains(&since(*latest)));
        if awaits { Covered::NotYet } else { Covered::No }
    }
}

/// What does not change from one chain to the next.
struct Place<'f> {
    files: Arc<Files>,
    filter: &'f Filter,
    keys: &'f KeySource,
    /// Until when there should be digests.
    expected: Option<Timestamp>,
}

/// When a digest begins, by the end that is in its name: CloudTrail makes one each hour.
fn hour_before(end: Timestamp) -> Timestamp {
    end.checked_sub(SignedDuration::from_hours(1)).unwrap_or(end)
}

/// The ends of the digests that are valid.
fn valid_ends(chain: &Chain, verdicts: &[Option<Verdict>]) -> impl Iterator<Item = Timestamp> {
    let valid = chain.links.iter().zip(verdicts).filter(|(_, verdict)| verdict.is_none());
    valid.map(|(link, _)| link.name.end)
}

/// A log file to look at: once, however often digests name it.
struct Wanted {
    here: Option<String>,
    /// Whether its folder could be listed.
    is_seen: bool,
    /// What each digest that names it says of it, and what that digest is itself.
    named: Vec<(LogFile, State)>,
}

impl Place<'_> {
    /// Judges the digests of a chain and the log files that they name. Nothing if all of them are of another time.
    async fn chain(
        &self,
        key: ChainKey,
        digests: Vec<(String, DigestName)>,
        listing: &Listing,
        named: &mut Named,
    ) -> Option<integrity::Chain> {
        let reads = digests.into_iter().map(|(here, name)| {
            let files = Arc::clone(&self.files);
            async move { read(&files, here, name).await }
        });
        let read = in_order(reads).await;
        // What digests say of their time may be forged. Names may be too, but then they are told.
        let ends = || read.iter().map(|(link, _)| link.name.end);
        let (from, to) = (ends().min()?, ends().chain(read.iter().filter_map(|(_, made)| *made)).max()?);
        let keys = self.keys.of(&key.region, from, to).await;

        let chain = Chain::new(read.into_iter().map(|(link, _)| link).collect());
        let verdicts = chain.judge(&keys);
        let mut out = Telling::new(&key);
        let mut wanted = BTreeMap::<String, Wanted>::new();
        let (mut is_any, mut ends) = (false, Vec::new());
        for (at, (link, verdict)) in chain.links.iter().zip(&verdicts).enumerate() {
            let state = verdict.as_ref().map_or(State::Valid, |verdict| verdict.state);
            if !self.is_asked_for(link, state) {
                // It may say that the last one that is asked for is gone.
                if state != State::Invalid && self.is_gone_in_time(&chain, at) {
                    is_any = true;
                    self.before(&chain, at, listing, &mut out);
                }
                continue;
            }
            let logs = logs(link);
            named.logs.extend(logs.iter().filter_map(|(_, here)| here.clone()));
            is_any = true;
            ends.push(link.name.end);
            out.digest(link, verdict.as_ref(), logs.len());
            // What a changed digest says of other files is nobody's word.
            if state == State::Invalid {
                out.chain.log_files.not_verified += logs.len();
                continue;
            }
            self.before(&chain, at, listing, &mut out);
            for (log, here) in logs {
                let object =
                    here.clone().unwrap_or_else(|| format!("{}{}/{}", Address::SCHEME, log.bucket, log.object));
                let wanted = wanted.entry(object).or_insert_with(|| Wanted {
                    is_seen: here.as_deref().is_none_or(|here| listing.has_seen(here)),
                    here,
                    named: Vec::new(),
                });
                wanted.named.push((log, state));
            }
        }
        if !key.is_backfill
            && let Some(latest) = ends.into_iter().chain(valid_ends(&chain, &verdicts)).max()
        {
            out.chain.ends_at =
                self.expected.filter(|expected| expected.duration_since(latest) > UNTIL_NEXT).map(|_| latest);
            // Where the next one should be there long since, no log file waits for it.
            if out.chain.ends_at.is_none() {
                let known = named.latest.entry((key.account_id, key.region)).or_insert(latest);
                *known = latest.max(*known);
            }
        }
        if !is_any {
            return None;
        }
        let checks = wanted.into_iter().map(|(object, wanted)| {
            let files = Arc::clone(&self.files);
            async move { check(&files, object, wanted).await }
        });
        for (state, problem) in in_order(checks).await.into_iter().flatten() {
            out.chain.log_files.add(state);
            out.chain.problems.extend(problem);
        }
        out.chain.problems.sort();
        Some(out.chain)
    }

    /// Whether a digest is of the time that is asked for. One that is later may have been read for the signature that it has.
    /// Only one that is valid says by itself of which time it is: any other may say so to be passed over.
    fn is_asked_for(&self, link: &Link, state: State) -> bool {
        let end = link.name.end;
        let (start, end) = match &link.digest {
            Ok(digest) if state == State::Valid => (digest.start, digest.end),
            Ok(digest) => (digest.start.min(hour_before(end)), digest.end.max(end)),
            Err(_) => (hour_before(end), end),
        };
        self.filter.since.is_none_or(|since| end >= since) && self.filter.until.is_none_or(|until| start <= until)
    }

    /// Whether there is time that is asked for, and that the digest before this one covers and is not there, or that no digest
    /// covers as the chain begins anew with this one.
    fn is_gone_in_time(&self, chain: &Chain, at: usize) -> bool {
        let from = match chain.before.get(at) {
            Some(Before::Gone { end: Some(end), .. }) => Some(hour_before(*end)),
            Some(Before::None) => {
                chain.links.get(..at).unwrap_or_default().iter().map(|earlier| earlier.name.end).max()
            }
            _ => None,
        };
        from.is_some_and(|from| self.filter.until.is_none_or(|until| from <= until))
    }

    /// Tells what a digest, which is not known to be changed, says of the one before it.
    fn before(&self, chain: &Chain, at: usize, listing: &Listing, out: &mut Telling) {
        let (Some(link), Some(before)) = (chain.links.get(at), chain.before.get(at)) else { return };
        let Ok(digest) = &link.digest else { return };
        match before {
            Before::Here(_) | Before::Unknown => {}
            Before::None if self.filter.since.is_some_and(|since| since >= digest.start) => {}
            Before::None => {
                // What is before a beginning is of another chain, which ended; if it did so before the time that is asked for, it
                // was not looked at.
                let ends = chain.links.get(..at).unwrap_or_default().iter().map(|earlier| earlier.name.end);
                out.chain.breaks.extend(ends.max().or(self.filter.since).map(|end| (end, digest.start)));
            }
            Before::Elsewhere(object) => out.goes_on(at, object),
            Before::Gone { here, end } => {
                let end = end.unwrap_or(digest.start);
                let first = chain.links.first().map_or(end, |first| first.name.end);
                // Without a time to begin at, it is the first digest that says since when there are any.
                let is_asked_for = self.filter.since.map_or(end >= first, |since| end >= since);
                if !is_asked_for {
                    out.goes_on(at, here);
                } else if listing.has_seen(here) {
                    out.missing(here, &link.here);
                } else {
                    let detail = "its folder could not be listed";
                    out.unknown(here, Verdict::unknown(Reason::Unreadable, detail));
                }
            }
        }
    }
}

/// A chain as it is told, link by link.
struct Telling {
    chain: integrity::Chain,
    /// Digests that are not there are named by one digest each, unless somebody made it otherwise.
    gone: BTreeSet<String>,
}

impl Telling {
    fn new(key: &ChainKey) -> Self {
        let ChainKey { account_id, region, trail, home_region, is_backfill } = key.clone();
        let chain = integrity::Chain {
            account_id,
            region,
            trail,
            home_region,
            is_backfill,
            covers: None,
            goes_on_before: None,
            ends_at: None,
            breaks: Vec::new(),
            digests: integrity::Counts::default(),
            log_files: integrity::Counts::default(),
            problems: Vec::new(),
        };
        Self { chain, gone: BTreeSet::new() }
    }

    fn digest(&mut self, link: &Link, verdict: Option<&Verdict>, logs: usize) {
        self.chain.digests.add(verdict.map_or(State::Valid, |verdict| verdict.state));
        match (verdict, &link.digest) {
            (None, Ok(Digest { start, end, .. })) => {
                let (from, to) = self.chain.covers.unwrap_or((*start, *end));
                self.chain.covers = Some((from.min(*start), to.max(*end)));
            }
            (verdict, _) => {
                let Some(mut verdict) = verdict.cloned() else { return };
                if logs > 0 {
                    let (files, word) = if logs == 1 { ("log file", "it") } else { ("log files", "them") };
                    verdict.detail =
                        format!("{}; so its word for {logs} {files} does not verify {word}", verdict.detail);
                }
                self.chain.problems.push(verdict.problem(Kind::Digest, &link.here));
            }
        }
    }

    fn goes_on(&mut self, at: usize, object: &str) {
        if at == 0 || self.chain.goes_on_before.is_none() {
            self.chain.goes_on_before = Some(object.to_owned());
        }
    }

    fn missing(&mut self, here: &str, by: &str) {
        let detail = format!("it is named as the one before {by}, and is not there");
        self.unknown(here, Verdict { state: State::Missing, reason: Reason::NotFound, detail });
    }

    fn unknown(&mut self, here: &str, verdict: Verdict) {
        if self.gone.insert(here.to_owned()) {
            self.chain.digests.add(verdict.state);
            self.chain.problems.push(verdict.problem(Kind::Digest, here));
        }
    }
}

/// The end of what a digest covers, by its key.
fn end_of(key: &str) -> Option<Timestamp> {
    match TrailFile::of_key(key)? {
        TrailFile::Digest(digest) => Some(digest.end),
        TrailFile::Log(_) => None,
    }
}

/// The log files that a digest names, with their names here.
fn logs(link: &Link) -> Vec<(LogFile, Option<String>)> {
    let logs = link.digest.iter().flat_map(|digest| digest.content.log_files.iter().flatten());
    let here = |log: &LogFile| link.root.as_ref().and_then(|root: &Root| root.place(&log.bucket, &log.object));
    logs.map(|log| (log.clone(), here(log))).collect()
}

/// Reads a digest, and when it was made if it says so.
async fn read(files: &Files, here: String, name: DigestName) -> (Link, Option<Timestamp>) {
    let found = match files.read(&here).await {
        Ok(found) => found,
        Err(absent) => {
            let link = Link { here, name, digest: Err(unread(absent)), signature: None, root: None };
            return (link, None);
        }
    };
    let (signature, generated) = (found.signature.clone(), found.generated);
    let digest = on_a_thread(move || found.open().map_err(Defect::Io).and_then(Digest::read)).await.map_err(verdict);
    let root = digest.as_ref().ok().and_then(|digest| {
        let content = &digest.content;
        files.root(&here, &content.digest_s3_bucket, &content.digest_s3_object)
    });
    (Link { here, name, digest, signature, root }, generated)
}

/// Compares a log file with what each digest that names it says of it.
async fn check(files: &Files, object: String, wanted: Wanted) -> Vec<(State, Option<Problem>)> {
    let Wanted { here, is_seen, named } = wanted;
    let hash = match here {
        None => Err(unread(Absent::Elsewhere)),
        Some(here) => match files.read(&here).await {
            Ok(found) => {
                on_a_thread(move || found.open().map_err(Defect::Io).and_then(hash_of_log)).await.map_err(verdict)
            }
            Err(Absent::NotThere) if !is_seen => {
                Err(Verdict::unknown(Reason::Unreadable, "its folder could not be listed"))
            }
            Err(Absent::NotThere) => Err(Verdict {
                state: State::Missing,
                reason: Reason::NotFound,
                detail: "a digest names it, and it is not there".to_owned(),
            }),
            Err(absent) => Err(unread(absent)),
        },
    };
    let judge = |(log, digest): (LogFile, State)| match hash.clone().and_then(|hash| compare(hash, &log)) {
        // A digest that is not verified itself vouches for nothing.
        Ok(()) => (digest, None),
        Err(mut verdict) => {
            if digest != State::Valid && verdict.state != State::NotVerified {
                verdict.detail = format!("{}; the digest is not verified itself", verdict.detail);
            }
            (verdict.state, Some(verdict.problem(Kind::LogFile, object.as_str())))
        }
    };
    named.into_iter().map(judge).collect()
}

fn compare(hash: Hash, log: &LogFile) -> Result<(), Verdict> {
    if log.hash_algorithm != HASH_ALGORITHM {
        let detail = format!("it is hashed with {}, and only {HASH_ALGORITHM} is known", log.hash_algorithm);
        return Err(Verdict::unknown(Reason::UnknownAlgorithm, detail));
    }
    if unhex(&log.hash_value).is_some_and(|expected| expected == hash) {
        return Ok(());
    }
    Err(Verdict::invalid(Reason::HashDiffers, "its content is not what the digest says that names it"))
}

/// What it means that a file could not be had. One that was listed and is gone since was not there to be judged.
fn unread(absent: Absent) -> Verdict {
    match absent {
        Absent::NotThere => Verdict::unknown(Reason::Unreadable, "it is gone since it was listed"),
        Absent::Elsewhere => Verdict::unknown(Reason::Elsewhere, "it lies outside of what was looked at"),
        Absent::Unreadable(why) => Verdict::unknown(Reason::Unreadable, why),
    }
}

/// What it means that a file could be had and not used.
fn verdict(defect: Defect) -> Verdict {
    match defect {
        Defect::Malformed(why) => Verdict::invalid(Reason::Malformed, why),
        Defect::TooLarge(_) | Defect::Io(_) => Verdict::unknown(Reason::Unreadable, defect.to_string()),
    }
}

/// Runs what takes long, and waits for files, beside what waits for AWS.
async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Runs some at once, and gives what comes of them in their order.
async fn in_order<T, F>(work: impl IntoIterator<Item = F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut waiting = work.into_iter().enumerate();
    let (mut running, mut done) = (JoinSet::new(), BTreeMap::new());
    loop {
        while running.len() < AT_ONCE
            && let Some((at, work)) = waiting.next()
        {
            running.spawn(async move { (at, work.await) });
        }
        match running.join_next().await {
            None => return done.into_values().collect(),
            Some(Ok((at, out))) => _ = done.insert(at, out),
            Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

#[cfg(test)]
mod tests;
