//! The names of AWS Config's files, out of text that nobody has checked.

use std::fmt;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

/// The deliveries of one recorder on one day.
pub(super) struct Folder<'f> {
    pub(super) account: &'f str,
    pub(super) region: &'f str,
    /// When the file is delivered: a snapshot's time, or the last one in a history.
    pub(super) at: Timestamp,
}

impl Folder<'_> {
    /// `AWSLogs/…/ConfigSnapshot/…_ConfigSnapshot_<time>_<id>.json.gz`
    pub(super) fn snapshot(&self, id: &Uuid, ending: &str) -> String {
        let (folder, file) = self.begin("ConfigSnapshot");
        format!("{folder}/{file}_{}_{id}.{ending}", time(delivery(self.at)))
    }

    /// `AWSLogs/…/ConfigHistory/…_ConfigHistory_<type>_<first>_<last>_<number>.json.gz`
    pub(super) fn history(&self, resource_type: &str, first: Timestamp, number: usize, ending: &str) -> String {
        let (folder, file) = self.begin("ConfigHistory");
        let (first, last) = (time(first), time(delivery(self.at)));
        format!("{folder}/{file}_{}_{first}_{last}_{number}.{ending}", word(resource_type))
    }

    /// `AWSLogs/…/OversizedChangeNotification/<type>/<id>/…_ChangeNotification_<type>_<id>_<time>_0.json.gz`
    pub(super) fn oversized(&self, resource_type: &str, id: &str) -> String {
        let (folder, _) = self.begin("OversizedChangeNotification");
        let (_, file) = self.begin("ChangeNotification");
        let (resource_type, id) = (word(resource_type), word(id));
        format!("{folder}/{resource_type}/{id}/{file}_{resource_type}_{id}_{}_0.json.gz", time(delivery(self.at)))
    }

    /// The folder of a kind of file, and how its files' names begin.
    fn begin(&self, kind: &str) -> (String, String) {
        let (account, region) = (word(self.account), word(self.region));
        let day = delivery(self.at).to_zoned(TimeZone::UTC).date();
        let (year, month, day) = (day.year(), day.month(), day.day());
        (
            format!("AWSLogs/{account}/Config/{region}/{year}/{month}/{day}/{kind}"),
            format!("{account}_Config_{region}_{kind}"),
        )
    }
}

/// The first whole second that is not before this time: no item is captured after its delivery.
fn delivery(at: Timestamp) -> Timestamp {
    let second = at.as_second() + i64::from(at.subsec_nanosecond() > 0);
    Timestamp::from_second(second).unwrap_or(at)
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Longer than any account, region or type of AWS, and short enough for every file system.
const LONGEST_WORD: usize = 80;

/// A word of AWS's as a part of a name. Whatever else comes is percent-encoded, so that neither a folder nor an underscore
/// can be made up, and two words are never one name. (Windows does not take the colons of types.)
fn word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || (byte == b':' && !cfg!(windows));
    let mut word = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) {
            word.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(word, "%{byte:02X}");
        }
    }
    if word.len() > LONGEST_WORD {
        word = format!("%{}", Uuid::of_digest(&Sha256::digest(text).into()));
    }
    if word.is_empty() { "%".to_owned() } else { word }
}

/// A UUID of version 8, whose bits are the maker's own (RFC 9562, section 5.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Uuid(u128);

impl Uuid {
    pub(super) fn of_digest(digest: &[u8; 32]) -> Self {
        let bits = digest.iter().take(16).fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        let version = (bits & !(0xf << 76)) | 0x8 << 76;
        Self((version & !(0b11 << 62)) | 0b10 << 62)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0;
        let part = |shift: u32, digits: u32| bits >> shift & ((1 << (digits * 4)) - 1);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            part(96, 8),
            part(80, 4),
            part(64, 4),
            part(48, 4),
            part(0, 12)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_aws_stay_and_others_cannot_leave_their_folder() {
        for plain in ["111122223333", "eu-west-1", "AWS::EC2::Volume", "AWS::::Account"] {
            assert_eq!(word(plain), if cfg!(windows) { plain.replace(':', "%3A") } else { plain.to_owned() });
        }
        for (hostile, expected) in [
            ("..", "%2E%2E"),
            ("../../etc", "%2E%2E%2F%2E%2E%2Fetc"),
            ("a\\b", "a%5Cb"),
            ("a_b", "a%5Fb"),
            ("a%2Eb", "a%252Eb"),
            ("a\0\n", "a%00%0A"),
            ("", "%"),
        ] {
            assert_eq!(word(hostile), expected);
        }
        let long = word(&"x".repeat(5_000));
        assert!(long.len() <= LONGEST_WORD && long != word(&"x".repeat(5_001)));
    }

    #[test]
    fn a_uuid_says_that_it_is_one_of_ours() {
        assert_eq!(Uuid::of_digest(&[0xff; 32]).to_string(), "ffffffff-ffff-8fff-bfff-ffffffffffff");
        assert_eq!(Uuid::of_digest(&[0; 32]).to_string(), "00000000-0000-8000-8000-000000000000");
    }

    #[test]
    fn a_delivery_is_not_before_what_it_holds() {
        let at: Timestamp = "2025-12-31T23:59:59.001Z".parse().expect("it is a time");
        let folder = Folder { account: "111122223333", region: "eu-west-1", at };
        let name = folder.snapshot(&Uuid::of_digest(&[0; 32]), "json.gz");
        assert_eq!(
            name,
            "AWSLogs/111122223333/Config/eu-west-1/2026/1/1/ConfigSnapshot/\
             111122223333_Config_eu-west-1_ConfigSnapshot_20260101T000000Z_00000000-0000-8000-8000-000000000000.json.gz"
        );
        let name = folder.history("AWS", at, 2, "jsonl.gz");
        assert!(name.ends_with("_ConfigHistory_AWS_20251231T235959Z_20260101T000000Z_2.jsonl.gz"), "{name}");
    }
}
