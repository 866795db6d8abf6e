//! Which digests of one trail, account and region are as CloudTrail delivered them. Nothing is read here.
//!
//! A digest's signature stands in the metadata of its object, and in the digest after it, which has its hash too. So digests are
//! judged from the latest on. A signature that fits is proof, wherever it was found. One that does not fit, or another hash, is
//! none if it comes from a digest that is itself known to be changed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::digest::{Digest, HASH_ALGORITHM, SIGNATURE_ALGORITHM, unhex};
use super::files::Root;
use super::keys::{KeyRing, PublicKeys, Unusable};
use crate::integrity::{Kind, Problem, Reason, State};
use crate::source::trail::name::DigestName;

/// A digest that is there.
#[derive(Debug)]
pub(super) struct Link {
    /// Its name here.
    pub(super) here: String,
    pub(super) name: DigestName,
    /// What is in it, or why nobody knows.
    pub(super) digest: Result<Digest, Verdict>,
    /// What its object's metadata says.
    pub(super) signature: Option<String>,
    /// How names in it become names here. Nothing if it says that it lies elsewhere.
    pub(super) root: Option<Root>,
}

impl Link {
    /// Where it lies in its bucket, if it lies where it says.
    fn own_key(&self) -> Option<(&str, &str)> {
        let content = &self.digest.as_ref().ok().filter(|_| self.root.is_some())?.content;
        Some((&content.digest_s3_bucket, &content.digest_s3_object))
    }
}

/// What is known of a digest, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) state: State,
    pub(super) reason: Reason,
    pub(super) detail: String,
}

impl Verdict {
    pub(super) fn invalid(reason: Reason, detail: impl Into<String>) -> Self {
        Self { state: State::Invalid, reason, detail: detail.into() }
    }

    pub(super) fn unknown(reason: Reason, detail: impl Into<String>) -> Self {
        Self { state: State::NotVerified, reason, detail: detail.into() }
    }

    pub(super) fn problem(self, kind: Kind, object: impl Into<String>) -> Problem {
        let Self { state, reason, detail } = self;
        Problem { kind, object: object.into(), state, reason, detail }
    }
}

/// What a digest says of the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// There is none.
    None,
    /// It is this one of the chain.
    Here(usize),
    /// It should be here, under this name, and is not.
    Gone { here: String, end: Option<Timestamp> },
    /// It is of another bucket, or outside of what is looked at.
    Elsewhere(String),
    /// Nobody knows: the digest is no digest, or lies about where it is.
    Unknown,
}

/// Digests with what they say of each other.
#[derive(Debug)]
pub(super) struct Chain {
    /// By the end of what they cover.
    pub(super) links: Vec<Link>,
    /// Of each link.
    pub(super) before: Vec<Before>,
    /// Of each link, those later ones that name it as the one before them.
    after: Vec<Vec<usize>>,
}

impl Chain {
    /// Puts links in order.
    pub(super) fn new(mut links: Vec<Link>) -> Self {
        links.sort_by(|a, b| (a.name.end, &a.here).cmp(&(b.name.end, &b.here)));
        let at = links.iter().enumerate().map(|(at, link)| (link.here.as_str(), at)).collect();
        let there = links.iter().enumerate().filter_map(|(at, link)| Some((link.own_key()?, at))).collect();
        let known = Known { here: at, there };
        let before: Vec<Before> = links.iter().map(|link| before(link, &known)).collect();
        let mut after = vec![Vec::new(); links.len()];
        for (at, before) in before.iter().enumerate() {
            if let Before::Here(earlier) = before
                && *earlier < at
                && let Some(after) = after.get_mut(*earlier)
            {
                after.push(at);
            }
        }
        Self { links, before, after }
    }

    /// What is known of each link; nothing of one that is valid.
    pub(super) fn judge(&self, keys: &KeyRing) -> Vec<Option<Verdict>> {
        let mut verdicts: Vec<Option<Verdict>> = vec![None; self.links.len()];
        for at in (0..self.links.len()).rev() {
            let verdict = self.verdict(at, keys, &verdicts);
            if let Some(place) = verdicts.get_mut(at) {
                *place = verdict;
            }
        }
        verdicts
    }

    fn verdict(&self, at: usize, keys: &KeyRing, later: &[Option<Verdict>]) -> Option<Verdict> {
        let link = self.links.get(at)?;
        let digest = match &link.digest {
            Ok(digest) => digest,
            Err(verdict) => return Some(verdict.clone()),
        };
        let content = &digest.content;
        if link.root.is_none() {
            let (bucket, object) = (&content.digest_s3_bucket, &content.digest_s3_object);
            return Some(Verdict::invalid(Reason::Moved, format!("it says that it is s3://{bucket}/{object}")));
        }
        if let Some(Before::Here(earlier)) = self.before.get(at)
            && *earlier >= at
        {
            return Some(Verdict::invalid(Reason::OutOfOrder, "it names one that is not earlier as the one before it"));
        }
        // The digests after it, and whether each is verified; those that are changed prove nothing.
        let state = |at: usize| later.get(at).and_then(Option::as_ref).map_or(State::Valid, |verdict| verdict.state);
        let after = self.after.get(at).map(Vec::as_slice).unwrap_or_default();
        let named_by = |at: &usize| Some((self.links.get(*at)?, state(*at)));
        let after: Vec<(&Link, State)> = after.iter().filter_map(named_by).collect();
        for (next, state) in after.iter().filter(|(_, state)| *state != State::Invalid) {
            if let Some(verdict) = hash_of(digest, next, *state) {
                return Some(verdict);
            }
        }
        let key = match key(keys, &content.digest_public_key_fingerprint, link.name.is_backfill) {
            Ok(key) => key,
            Err(verdict) => return Some(verdict),
        };
        if let Some(algorithm) = content.digest_signature_algorithm.as_deref()
            && algorithm != SIGNATURE_ALGORITHM
        {
            let detail = format!("it is signed with {algorithm}, and only {SIGNATURE_ALGORITHM} is known");
            return Some(Verdict::unknown(Reason::UnknownAlgorithm, detail));
        }
        let signed = digest.signed();
        if let Some(signature) = &link.signature {
            let detail = "the signature of its metadata is not that of its content";
            return (!key.fits(&signed, signature)).then(|| Verdict::invalid(Reason::SignatureInvalid, detail));
        }
        let mut wrong = None;
        for (next, state) in &after {
            let Some(signature) =
                next.digest.as_ref().ok().and_then(|next| next.content.previous_digest_signature.as_ref())
            else {
                continue;
            };
            if key.fits(&signed, signature) {
                return None;
            }
            if *state != State::Invalid && wrong.is_none() {
                let detail = format!(
                    "the signature that the next digest has of it is not that of its content{}",
                    said(next, *state)
                );
                wrong = Some(Verdict::invalid(Reason::SignatureInvalid, detail));
            }
        }
        Some(wrong.unwrap_or_else(|| Verdict::unknown(Reason::SignatureUnknown, self.unsigned(at, !after.is_empty()))))
    }

    /// Why the signature of a digest is not known.
    fn unsigned(&self, at: usize, is_named: bool) -> &'static str {
        if is_named {
            "the digest that has its signature is not valid, and it has none of its own"
        } else if at + 1 == self.links.len() {
            "it is the latest one, and its signature is only in the metadata of the object in the bucket"
        } else {
            "no later digest names it, which would have its signature, and it has none of its own"
        }
    }
}

/// The links of a chain by their names.
struct Known<'l> {
    /// Here.
    here: BTreeMap<&'l str, usize>,
    /// In the bucket, of those that lie where they say.
    there: BTreeMap<(&'l str, &'l str), usize>,
}

fn before(link: &Link, known: &Known<'_>) -> Before {
    let Ok(digest) = &link.digest else { return Before::Unknown };
    let content = &digest.content;
    let (Some(bucket), Some(object)) = (&content.previous_digest_s3_bucket, &content.previous_digest_s3_object) else {
        return Before::None;
    };
    let here = link.root.as_ref().map(|root| root.place(bucket, object));
    let named = here.iter().flatten().find_map(|here| known.here.get(here.as_str()));
    match (named.or_else(|| known.there.get(&(bucket.as_str(), object.as_str()))), here) {
        (Some(at), _) => Before::Here(*at),
        // What it says of itself is not so: what it says of others is not looked for.
        (None, None) => Before::Unknown,
        (None, Some(None)) => Before::Elsewhere(format!("s3://{bucket}/{object}")),
        (None, Some(Some(here))) => Before::Gone { end: super::end_of(object), here },
    }
}

/// What the next digest's hash of it says against a digest.
fn hash_of(digest: &Digest, next: &Link, state: State) -> Option<Verdict> {
    let content = &next.digest.as_ref().ok()?.content;
    let expected = content.previous_digest_hash_value.as_ref()?;
    // A hash of another kind says nothing; the signature will.
    if content.previous_digest_hash_algorithm.as_deref().is_some_and(|algorithm| algorithm != HASH_ALGORITHM) {
        return None;
    }
    let is_same = unhex(expected).is_some_and(|expected| expected == digest.hash);
    let detail = || format!("its content is not what the next digest says{}", said(next, state));
    (!is_same).then(|| Verdict::invalid(Reason::HashDiffers, detail()))
}

/// Which digest says so, and what its word is worth.
fn said(next: &Link, state: State) -> String {
    let not = if state == State::Valid { "" } else { ", which is not verified itself" };
    format!(": {}{not}", next.here)
}

/// The key of a fingerprint, or what it means that there is none.
fn key(ring: &KeyRing, fingerprint: &str, is_backfill: bool) -> Result<super::keys::Key, Verdict> {
    let (keys, is_all): (&PublicKeys, bool) = match ring {
        KeyRing::All(keys) => (keys, true),
        KeyRing::Some(keys) => (keys, false),
        KeyRing::None(why) => return Err(Verdict::unknown(Reason::KeysUnknown, format!("there are no keys: {why}"))),
    };
    match keys.key(fingerprint) {
        Some(Ok(key)) => Ok(key),
        Some(Err(Unusable)) => Err(Verdict::unknown(
            Reason::KeysUnknown,
            format!("its key {fingerprint} is not one of RSA as it should be"),
        )),
        // Digests of late files are signed whenever they are made.
        None if is_all && !is_backfill => {
            let detail = format!("CloudTrail did not sign with its key {fingerprint} in that time");
            Err(Verdict::invalid(Reason::KeyUnknown, detail))
        }
        None => Err(Verdict::unknown(
            Reason::KeyUnknown,
            format!(
                "its key {fingerprint} is none of those that are known: somebody else signed it, or the keys are not all"
            ),
        )),
    }
}
