//! What a trail delivers to its bucket, made here: log files, and digests with hashes and signatures, in CloudTrail's form.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const BUCKET: &str = "amzn-s3-demo-bucket";

/// Who signs digests.
pub(crate) struct Signer {
    key: RsaKeyPair,
    /// As digests and lists of keys have it; CloudTrail does not say how it is made.
    pub(crate) fingerprint: String,
}

impl Signer {
    pub(crate) fn new(fingerprint: &str) -> Self {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key can be made");
        Self { key, fingerprint: fingerprint.to_owned() }
    }

    /// The public key as CloudTrail lists it.
    pub(crate) fn listed(&self) -> Json {
        json!({
            "Value": STANDARD.encode(self.key.public_key()), "Fingerprint": self.fingerprint,
            "ValidityStartTime": "2024-09-01T00:00:00+00:00", "ValidityEndTime": "2024-11-01T00:00:00+00:00",
        })
    }

    fn sign(&self, text: &str) -> String {
        let mut signature = vec![0; self.key.public_modulus_len()];
        let signed = self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
        signed.expect("a text can be signed");
        hex(&signature)
    }
}

/// What is in a bucket, by key.
pub(crate) type Objects = BTreeMap<String, Object>;

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) bytes: Vec<u8>,
    /// The metadata of a digest.
    pub(crate) signature: Option<String>,
}

/// A trail that delivers, hour by hour.
pub(crate) struct Trail<'s> {
    pub(crate) signer: &'s Signer,
    pub(crate) region: String,
    pub(crate) name: String,
    /// What its keys begin with: nothing, or a folder with `/` at its end.
    pub(crate) prefix: String,
    /// Its digests are of late files.
    pub(crate) is_backfill: bool,
    /// What was delivered.
    pub(crate) objects: Objects,
    /// The keys of digests, the earliest first.
    pub(crate) digests: Vec<String>,
    /// The keys of log files.
    pub(crate) logs: Vec<String>,
    /// The beginning of the next hour.
    pub(crate) now: Timestamp,
    /// Of the digest before: its key, hash and signature.
    before: Option<(String, String, String)>,
}

impl<'s> Trail<'s> {
    /// One that begins on the first of October 2024, at six o'clock.
    pub(crate) fn new(signer: &'s Signer) -> Self {
        Self {
            signer,
            region: REGION.to_owned(),
            name: "audit_of_all".to_owned(),
            prefix: String::new(),
            is_backfill: false,
            objects: Objects::new(),
            digests: Vec::new(),
            logs: Vec::new(),
            now: "2024-10-01T06:00:00Z".parse().expect("it is a time"),
            before: None,
        }
    }

    /// The same after so many hours with two log files each.
    pub(crate) fn after(mut self, hours: usize) -> Self {
        (0..hours).for_each(|_| self.hour(2));
        self
    }

    /// Delivers the log files of an hour, and their digest.
    pub(crate) fn hour(&mut self, logs: usize) {
        let (start, region, prefix) = (self.now, self.region.clone(), self.prefix.clone());
        self.now = start + SignedDuration::from_hours(1);
        let mut named = Vec::new();
        for number in 0..logs {
            let delivered = start + SignedDuration::from_mins(5 + 10 * i64::try_from(number).expect("it is small"));
            let (day, time) = (delivered.strftime("%Y/%m/%d"), delivered.strftime("%Y%m%dT%H%MZ"));
            let key = format!(
                "{prefix}AWSLogs/{ACCOUNT}/CloudTrail/{region}/{day}/{ACCOUNT}_CloudTrail_{region}_{time}_{number:016}.json.gz"
            );
            let content =
                json!({ "Records": [{ "eventID": format!("{time} {number}"), "eventTime": delivered.to_string() }] });
            named.push(json!({
                "s3Bucket": BUCKET, "s3Object": key, "hashValue": hash(content.to_string().as_bytes()),
                "hashAlgorithm": "SHA-256", "newestEventTime": delivered.to_string(), "oldestEventTime": delivered.to_string(),
            }));
            self.objects.insert(key.clone(), Object { bytes: gzip(content.to_string().as_bytes()), signature: None });
            self.logs.push(key);
        }
        let end = self.now;
        let (day, time) = (end.strftime("%Y/%m/%d"), end.strftime("%Y%m%dT%H%M%SZ"));
        let (name, late) = (&self.name, if self.is_backfill { "_backfill" } else { "" });
        let key = format!(
            "{prefix}AWSLogs/{ACCOUNT}/CloudTrail-Digest/{region}/{day}/{ACCOUNT}_CloudTrail-Digest_{region}_{name}_{REGION}_{time}{late}.json.gz"
        );
        let (previous, hash, signature) = match &self.before {
            Some((key, hash, signature)) => (json!(key), json!(hash), json!(signature)),
            None => (Json::Null, Json::Null, Json::Null),
        };
        let is_first = self.before.is_none();
        let content = json!({
            "awsAccountId": ACCOUNT, "digestStartTime": start.to_string(), "digestEndTime": end.to_string(),
            "digestS3Bucket": BUCKET, "digestS3Object": key, "digestPublicKeyFingerprint": self.signer.fingerprint,
            "digestSignatureAlgorithm": "SHA256withRSA", "newestEventTime": null, "oldestEventTime": null,
            "previousDigestS3Bucket": if is_first { Json::Null } else { json!(BUCKET) }, "previousDigestS3Object": previous,
            "previousDigestHashValue": hash, "previousDigestHashAlgorithm": if is_first { Json::Null } else { json!("SHA-256") },
            "previousDigestSignature": signature, "logFiles": named,
        });
        self.put(&key, &content);
        self.digests.push(key);
    }

    /// Stops for so many hours: the next digest has none before it.
    pub(crate) fn stop(&mut self, hours: i64) {
        self.now += SignedDuration::from_hours(hours);
        self.before = None;
    }

    /// Signs a digest and puts it there; the next one follows it.
    pub(crate) fn put(&mut self, key: &str, content: &Json) {
        let signature = self.signer.sign(&signed(content));
        let bytes = content.to_string().into_bytes();
        self.before = Some((key.to_owned(), hash(&bytes), signature.clone()));
        self.objects.insert(key.to_owned(), Object { bytes: gzip(&bytes), signature: Some(signature) });
    }

    /// What a digest says.
    pub(crate) fn content(&self, digest: usize) -> Json {
        let key = self.digests.get(digest).expect("there are so many");
        plain(&self.objects.get(key).expect("it was delivered").bytes)
    }

    /// Changes what a digest says, and leaves its signature as it is.
    pub(crate) fn change(&mut self, digest: usize, change: impl FnOnce(&mut Json)) {
        let key = self.digests.get(digest).expect("there are so many");
        let object = self.objects.get_mut(key).expect("it was delivered");
        let mut content = plain(&object.bytes);
        change(&mut content);
        object.bytes = gzip(content.to_string().as_bytes());
    }

    /// What somebody else does who can write to the bucket: signs all digests from this one on with a key of his own, each with
    /// hash and signature of the one before.
    pub(crate) fn sign_again(&mut self, from: usize, signer: &'s Signer) {
        self.signer = signer;
        self.before = None;
        for (at, key) in self.digests.clone().into_iter().enumerate().skip(from) {
            let mut content = self.content(at);
            let mut set = |name: &str, text: &str| {
                let members = content.as_object_mut().expect("a digest is an object");
                members.insert(name.to_owned(), json!(text));
            };
            set("digestPublicKeyFingerprint", &signer.fingerprint);
            if let Some((_, hash, signature)) = self.before.as_ref().filter(|_| at > from) {
                set("previousDigestHashValue", hash);
                set("previousDigestSignature", signature);
            }
            self.put(&key, &content);
        }
    }
}

/// The text that is signed: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html>.
fn signed(content: &Json) -> String {
    let text = |name: &str| content[name].as_str().unwrap_or("null");
    let path = format!("{}/{}", text("digestS3Bucket"), text("digestS3Object"));
    let hash = hash(content.to_string().as_bytes());
    [text("digestEndTime"), &path, &hash, text("previousDigestSignature")].join("\n")
}

/// An answer of `aws cloudtrail list-public-keys`.
pub(crate) fn listed(signers: &[&Signer]) -> String {
    json!({ "PublicKeyList": signers.iter().map(|signer| signer.listed()).collect::<Vec<_>>() }).to_string()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).expect("it is written to memory");
    gzip.finish().expect("it is written to memory")
}

fn plain(bytes: &[u8]) -> Json {
    serde_json::from_reader(flate2::read::GzDecoder::new(bytes)).expect("it is JSON")
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("it is written to memory");
        text
    })
}
