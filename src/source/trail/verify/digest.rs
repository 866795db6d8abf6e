//! A digest as CloudTrail writes it
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>), and
//! what of it is signed
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html>).
//!
//! Hashes are of what is compressed, not of the compressed file.

use std::fmt::Write as _;
use std::io::{self, Read};

use flate2::bufread::GzDecoder;
use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// The most bytes that a digest may have when it is decompressed: room for some hundred thousand log files.
const LARGEST_DIGEST: u64 = 64 << 20;

/// The most bytes that a log file may have when it is decompressed. A trail's files have far less.
const LARGEST_LOG: u64 = 4 << 30;

/// The longest name of a bucket and of an object in it, in bytes, as the oldest buckets of Amazon S3 may have it.
const LONGEST_NAME: usize = 255 + 1_024;

/// The one way of signing that there is.
pub(super) const SIGNATURE_ALGORITHM: &str = "SHA256withRSA";

/// The one way of hashing that there is.
pub(super) const HASH_ALGORITHM: &str = "SHA-256";

/// The hash of a file's content.
pub(super) type Hash = [u8; 32];

/// A digest that was read.
#[derive(Clone, Debug)]
pub(super) struct Digest {
    pub(super) content: Content,
    /// Of all of its content.
    pub(super) hash: Hash,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

/// What stands in a digest.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Content {
    pub(super) digest_start_time: String,
    pub(super) digest_end_time: String,
    pub(super) digest_s3_bucket: String,
    pub(super) digest_s3_object: String,
    pub(super) digest_public_key_fingerprint: String,
    pub(super) digest_signature_algorithm: Option<String>,
    pub(super) previous_digest_s3_bucket: Option<String>,
    pub(super) previous_digest_s3_object: Option<String>,
    pub(super) previous_digest_hash_value: Option<String>,
    pub(super) previous_digest_hash_algorithm: Option<String>,
    pub(super) previous_digest_signature: Option<String>,
    pub(super) log_files: Option<Vec<LogFile>>,
}

/// A log file, as a digest names it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogFile {
    #[serde(rename = "s3Bucket")]
    pub(super) bucket: String,
    #[serde(rename = "s3Object")]
    pub(super) object: String,
    pub(super) hash_value: String,
    pub(super) hash_algorithm: String,
}

/// Why what was read cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Defect {
    /// It is not what it should be.
    #[error("{0}")]
    Malformed(String),
    /// It is too large to be looked at.
    #[error("it has more than {0} bytes when it is decompressed")]
    TooLarge(u64),
    /// Reading it failed.
    #[error(transparent)]
    Io(io::Error),
}

impl Digest {
    /// Reads a compressed digest.
    pub(super) fn read(compressed: impl Read) -> Result<Self, Defect> {
        let mut plain = Vec::new();
        inflate(compressed, LARGEST_DIGEST, |bytes| plain.extend_from_slice(bytes))?;
        let malformed = |error: &dyn std::fmt::Display| Defect::Malformed(format!("it is no digest: {error}"));
        let content: Content = serde_json::from_slice(&plain).map_err(|error| malformed(&error))?;
        if content.log_files.iter().flatten().any(|log| log.bucket.len() + log.object.len() > LONGEST_NAME) {
            return Err(malformed(&format_args!("a name of a log file is longer than {LONGEST_NAME} bytes")));
        }
        let time = |text: &str| text.parse::<Timestamp>().map_err(|error| malformed(&error));
        let (start, end) = (time(&content.digest_start_time)?, time(&content.digest_end_time)?);
        Ok(Self { content, hash: Sha256::digest(&plain).into(), start, end })
    }

    /// The text that CloudTrail signed.
    pub(super) fn signed(&self) -> String {
        let Content { digest_end_time, digest_s3_bucket, digest_s3_object, previous_digest_signature, .. } =
            &self.content;
        // The first digest of a chain has no one before it, and says so in this word.
        let previous = previous_digest_signature.as_deref().unwrap_or("null");
        format!("{digest_end_time}\n{digest_s3_bucket}/{digest_s3_object}\n{}\n{previous}", hex(&self.hash))
    }
}

/// The hash of a compressed log file's content.
pub(super) fn hash_of_log(compressed: impl Read) -> Result<Hash, Defect> {
    let mut hash = Sha256::new();
    inflate(compressed, LARGEST_LOG, |bytes| hash.update(bytes))?;
    Ok(hash.finalize().into())
}

/// Hands on the content of a file that is one gzip stream and nothing else: what stands behind it would be read by others,
/// and is not hashed.
fn inflate(compressed: impl Read, limit: u64, mut take: impl FnMut(&[u8])) -> Result<(), Defect> {
    let mut plain = GzDecoder::new(io::BufReader::new(compressed));
    let mut buffer = vec![0; 1 << 16];
    let mut length = 0;
    loop {
        let read = match plain.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(error)),
        };
        length += read as u64;
        if length > limit {
            return Err(Defect::TooLarge(limit));
        }
        take(buffer.get(..read).unwrap_or_default());
    }
    let mut behind = plain.into_inner();
    match behind.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(Defect::Malformed("there is something behind the end of what is compressed".to_owned())),
        Err(error) => Err(Defect::Io(error)),
    }
}

/// What the decoder says of the bytes, apart from what keeps it from reading them.
fn broken(error: io::Error) -> Defect {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            Defect::Malformed(format!("it is no whole file of gzip: {error}"))
        }
        _ => Defect::Io(error),
    }
}

/// Bytes as CloudTrail writes them.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of such a text.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    });
    pairs.collect()
}
