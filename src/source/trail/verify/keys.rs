//! CloudTrail's public keys, by their fingerprints: asked for, or given in a file.
//!
//! CloudTrail signs with keys of each region's own, and changes them from time to time.

use std::collections::BTreeMap;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::digest::unhex;
use crate::item::format_time;
use crate::source::client::{ApiError, CallTarget, Client};
use crate::value::Value;

/// The action that allows to ask for the keys.
pub const KEYS_ACTION: &str = "cloudtrail:ListPublicKeys";

/// So much more than the time of digests is asked for: a digest covers an hour, and is signed after it.
const MARGIN: SignedDuration = SignedDuration::from_hours(2);

/// Keys that a user has, for where CloudTrail cannot be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicKeys(BTreeMap<String, Vec<u8>>);

/// A file of keys that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is no list of keys.
    #[error("it is no answer of `aws cloudtrail list-public-keys`")]
    Form(#[source] serde_json::Error),
    /// A key is not written as AWS writes keys.
    #[error("the key {fingerprint} is not base64")]
    Encoding {
        /// Which one.
        fingerprint: String,
    },
}

#[derive(Deserialize)]
struct KeyFile {
    #[serde(rename = "PublicKeyList", alias = "publicKeyList")]
    keys: Vec<KeyOfFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyOfFile {
    value: String,
    fingerprint: String,
}

impl PublicKeys {
    /// Adds the keys of an answer of `aws cloudtrail list-public-keys`.
    ///
    /// # Errors
    /// It is none.
    pub fn add(&mut self, json: &[u8]) -> Result<(), KeyError> {
        let file: KeyFile = serde_json::from_slice(json).map_err(KeyError::Form)?;
        for KeyOfFile { value, fingerprint } in file.keys {
            let Ok(key) = STANDARD.decode(&value) else { return Err(KeyError::Encoding { fingerprint }) };
            self.0.insert(fingerprint, key);
        }
        Ok(())
    }
}

/// Where keys come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// CloudTrail is asked, in each region.
    Account(Client),
    /// These, of all regions. There may be others.
    Given(PublicKeys),
}

/// What is known of the keys of a region.
#[derive(Clone, Debug)]
pub(super) enum KeyRing {
    /// All that CloudTrail signed with in a time.
    All(PublicKeys),
    /// Some.
    Some(PublicKeys),
    /// None could be had, for this reason.
    None(String),
}

impl KeySource {
    /// The keys of a region with which digests were signed that end in a time.
    pub(super) async fn of(&self, region: &str, from: Timestamp, to: Timestamp) -> KeyRing {
        match self {
            Self::Given(keys) => KeyRing::Some(keys.clone()),
            Self::Account(client) => match ask(client, region, from, to).await {
                Ok(Some(keys)) => KeyRing::All(keys),
                Ok(None) => KeyRing::None(format!("CloudTrail has no keys of {region} for that time")),
                Err(error) if error.is_access_denied() => {
                    KeyRing::None(format!("{error} (it needs the permission {KEYS_ACTION})"))
                }
                Err(error) => KeyRing::None(error.to_string()),
            },
        }
    }
}

/// Nothing if there are none, or not all can be read.
async fn ask(client: &Client, region: &str, from: Timestamp, to: Timestamp) -> Result<Option<PublicKeys>, ApiError> {
    let now = Timestamp::try_from(client.now()).unwrap_or(Timestamp::MAX);
    let from = from.min(now).saturating_sub(MARGIN).unwrap_or(Timestamp::MIN);
    let to = to.min(now).saturating_add(MARGIN).unwrap_or(Timestamp::MAX);
    let times = [("StartTime", from), ("EndTime", to)].map(|(name, time)| (name, Value::from(format_time(time))));
    let target = CallTarget::region(region);
    let answer = client.call_all(&target, "cloudtrail", "ListPublicKeys", &Value::object(times)).await?;
    let list = answer.get("PublicKeyList").and_then(Value::as_array).unwrap_or_default();
    let key = |key: &Value| {
        let value = STANDARD.decode(key.get("Value")?.as_str()?).ok()?;
        Some((key.get("Fingerprint")?.as_str()?.to_owned(), value))
    };
    let keys: Option<_> = list.iter().map(key).collect();
    Ok(keys.filter(|keys: &BTreeMap<_, _>| !keys.is_empty()).map(PublicKeys))
}

/// A key that can be used.
#[derive(Debug)]
pub(super) struct Key(ParsedPublicKey);

impl Key {
    /// Whether a signature, in hexadecimal digits, is that of a text by this key.
    pub(super) fn fits(&self, text: &str, signature: &str) -> bool {
        unhex(signature).is_some_and(|signature| self.0.verify_sig(text.as_bytes(), &signature).is_ok())
    }
}

impl PublicKeys {
    /// The key of this fingerprint, if there is one; an error if it is of no form or size that is known.
    pub(super) fn key(&self, fingerprint: &str) -> Option<Result<Key, Unusable>> {
        // The keys are in PKCS #1 form; those in X.509's are taken too.
        let parse = |key: &Vec<u8>| ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        self.0.get(fingerprint).map(|key| parse(key).map(Key).map_err(|_| Unusable))
    }
}

/// A key is not one of RSA, or cannot be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unusable;
