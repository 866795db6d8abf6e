//! What AWS's documentation shows, read as it says. Whole trails are verified by the tests of the command.

use super::digest::{Digest, hex};
use super::keys::PublicKeys;
use super::*;

/// The keys of <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html>: two in the
/// form of PKCS #1, and one in X.509's.
const KEYS: &str = r#"{"publicKeyList": [
    {"ValidityStartTime": "1436317441.0", "ValidityEndTime": "1438909441.0", "Fingerprint": "8eba5db5bea9b640d1c96a77256fe7f2",
     "Value": "MIIBCgKCAQEAn11L2YZ9h7onug2ILi1MWyHiMRsTQjfWE+pHVRLk1QjfWhirG+lpOa8NrwQ/r7Ah5bNL6HepznOU9XTDSfmmnP97mqyc7z/upfZdS/AHhYcGaz7n6Wc/RRBU6VmiPCrAUojuSk6/GjvA8iOPFsYDuBtviXarvuLPlrT9kAd4Lb+rFfR5peEgBEkhlzc5HuWO7S0y+KunqxX6jQBnXGMtxmPBPP0FylgWGNdFtks/4YSKcgqwH0YDcawP9GGGDAeCIqPWIXDLG1jOjRRzWfCmD0iJUkz8vTsn4hq/5ZxRFE7UBAUiVcGbdnDdvVfhF9C3dQiDq3k7adQIziLT0cShgQIDAQAB"},
    {"ValidityStartTime": "1434589370.0", "ValidityEndTime": "1437181370.0", "Fingerprint": "31e8b5433410dfb61a9dc45cc65b22ff",
     "Value": "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqlzPJbvZJ42UdcmLfPUqXYNfOs6I8lCfao/tOs8CmzPOEdtLWugB9xoIUz78qVHdKIqxbaG4jWHfJBiOSSFBM0lt8cdVo4TnRa7oG9io5pysS6DJhBBAeXsicufsiFJR+wrUNh8RSLxL4k6G1+BhLX20tJkZ/erT97tDGBujAelqseGg3vPZbTx9SMfOLN65PdLFudLP7Gat0Z9p5jw/rjpclKfo9Bfc3heeBxWGKwBBOKnFAaN9V57pOaosCvPKmHd9bg7jsQkI9Xp22IzGLsTFJZYVA3KiTAElDMu80iFXPHEq9hKNbt9e4URFam+1utKVEiLkR2disdCmPTK0VQIDAQAB"},
    {"ValidityStartTime": "0", "ValidityEndTime": "0", "Fingerprint": "no key", "Value": "AAAA"}
]}"#;

fn digest(previous: &str) -> Digest {
    let json = format!(
        r#"{{
            "awsAccountId": "111122223333", "digestStartTime": "2015-08-17T14:01:31Z", "digestEndTime": "2015-08-17T15:01:31Z",
            "digestS3Bucket": "S3-bucket-name", "digestS3Object": "AWSLogs/a.json.gz", "newestEventTime": null,
            "digestPublicKeyFingerprint": "31e8b5433410dfb61a9dc45cc65b22ff", "digestSignatureAlgorithm": "SHA256withRSA",
            "previousDigestSignature": {previous}, "logFiles": []
        }}"#
    );
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::Write::write_all(&mut gzip, json.as_bytes()).unwrap();
    Digest::read(&*gzip.finish().unwrap()).unwrap()
}

#[test]
fn what_is_signed_has_four_lines() {
    let later = digest("\"50887ccf\"");
    let hash = hex(&later.hash);
    assert_eq!(later.signed(), format!("2015-08-17T15:01:31Z\nS3-bucket-name/AWSLogs/a.json.gz\n{hash}\n50887ccf"));
    assert!(digest("null").signed().ends_with("\nnull"), "a first one says so");
}

#[test]
fn keys_are_taken_in_both_forms() {
    let mut keys = PublicKeys::default();
    keys.add(KEYS.as_bytes()).unwrap();
    for fingerprint in ["8eba5db5bea9b640d1c96a77256fe7f2", "31e8b5433410dfb61a9dc45cc65b22ff"] {
        let key = keys.key(fingerprint).unwrap().unwrap();
        assert!(!key.fits("text", &"00".repeat(256)) && !key.fits("text", "no digits"));
    }
    assert!(keys.key("no key").unwrap().is_err());
    assert!(keys.key("another").is_none());
}

#[test]
fn hexadecimal_digits_come_in_pairs() {
    assert_eq!(unhex("00fF10"), Some(vec![0, 255, 16]));
    assert_eq!(unhex(""), Some(vec![]));
    for wrong in ["0", "0g", "+1", "é0", "0 "] {
        assert_eq!(unhex(wrong), None, "{wrong}");
    }
}
