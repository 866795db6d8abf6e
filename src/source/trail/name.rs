//! The names that CloudTrail gives its files, and what they tell: whose they are, of which region, and from when.
//!
//! ```text
//! [prefix/]AWSLogs/[<organization>/]<account>/CloudTrail/<region>/<year>/<month>/<day>/
//!     <account>_CloudTrail_<region>_<yyyymmdd>T<hhmm>Z_<text>.json.gz
//! [prefix/]AWSLogs/[<organization>/]<account>/CloudTrail-Digest/<region>/<year>/<month>/<day>/
//!     <account>_CloudTrail-Digest_<region>_<trail>_<home region>_<yyyymmdd>T<hhmmss>Z[_backfill].json.gz
//! ```
//!
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>.)
//! The time of a log file is that of its delivery, that of a digest the end of what it covers. A trail's name may have
//! underscores; nothing else may, so both ends of a name are taken off before what is left is the trail's.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

const DIGEST: &str = "CloudTrail-Digest";
const LOG: &str = "CloudTrail";
const INSIGHT: &str = "CloudTrail-Insight";
const ENDING: &str = ".json.gz";
const BACKFILL: &str = "_backfill";

/// A digest: the list of the log files that were delivered in about an hour.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DigestName {
    /// The account whose calls are in the log files: twelve digits.
    pub account_id: String,
    /// The region in which they were made.
    pub region: String,
    /// The trail.
    pub trail: String,
    /// The region in which the trail was made.
    pub home_region: String,
    /// The end of the time that the digest covers, in whole seconds.
    pub end: Timestamp,
    /// It lists log files that were too late for the digest of their hour.
    pub is_backfill: bool,
}

/// A log file: calls, in the order in which they came in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogName {
    /// The account whose calls are in it: twelve digits.
    pub account_id: String,
    /// The region in which they were made.
    pub region: String,
    /// When it was delivered, in whole minutes.
    pub delivered: Timestamp,
    /// What keeps the files of one minute apart: letters and digits.
    pub unique: String,
}

/// A file of a trail, by the last part of its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrailFile {
    /// A digest.
    Digest(DigestName),
    /// A log file.
    Log(LogName),
}

/// Where a file of a trail lies in its bucket, all of which its key says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrailKey {
    /// What the trail puts before all its keys; often nothing.
    pub prefix: Option<String>,
    /// The organization, if the trail is one's.
    pub organization_id: Option<String>,
    /// The file.
    pub file: TrailFile,
}

impl TrailFile {
    /// Reads a key of a bucket or a path: the last part alone counts, as folders may be lost in a copy.
    pub fn of_key(key: &str) -> Option<Self> {
        let name = key.rsplit('/').next().unwrap_or(key);
        let (account, rest) = name.strip_suffix(ENDING)?.split_once('_')?;
        let account_id = Some(account).filter(|account| is_account(account))?.to_owned();
        let (kind, rest) = rest.split_once('_')?;
        let (region, rest) = rest.split_once('_').filter(|(region, _)| is_region(region))?;
        let region = region.to_owned();
        match kind {
            LOG => {
                let (time, unique) = rest.split_once('_')?;
                let is_unique = !unique.is_empty() && unique.bytes().all(|byte| byte.is_ascii_alphanumeric());
                let delivered = time_of(time, "%Y%m%dT%H%MZ", 14).filter(|_| is_unique)?;
                Some(Self::Log(LogName { account_id, region, delivered, unique: unique.to_owned() }))
            }
            DIGEST => {
                let (rest, is_backfill) = rest.strip_suffix(BACKFILL).map_or((rest, false), |rest| (rest, true));
                let (rest, time) = rest.rsplit_once('_')?;
                let end = time_of(time, "%Y%m%dT%H%M%SZ", 16)?;
                let (trail, home) = rest.rsplit_once('_').filter(|(_, home)| is_region(home))?;
                let (trail, home_region) = (Some(trail).filter(|trail| is_trail(trail))?.to_owned(), home.to_owned());
                Some(Self::Digest(DigestName { account_id, region, trail, home_region, end, is_backfill }))
            }
            _ => None,
        }
    }

    /// The account whose calls it is about.
    pub fn account_id(&self) -> &str {
        match self {
            Self::Digest(digest) => &digest.account_id,
            Self::Log(log) => &log.account_id,
        }
    }

    /// The region of the calls.
    pub fn region(&self) -> &str {
        match self {
            Self::Digest(digest) => &digest.region,
            Self::Log(log) => &log.region,
        }
    }

    /// When a log file was delivered, or the end of what a digest covers.
    pub fn time(&self) -> Timestamp {
        match self {
            Self::Digest(digest) => digest.end,
            Self::Log(log) => log.delivered,
        }
    }
}

/// The last part of the key.
impl fmt::Display for TrailFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(LogName { account_id, region, delivered, unique }) => {
                let time = delivered.strftime("%Y%m%dT%H%MZ");
                write!(f, "{account_id}_{LOG}_{region}_{time}_{unique}{ENDING}")
            }
            Self::Digest(DigestName { account_id, region, trail, home_region, end, is_backfill }) => {
                let time = end.strftime("%Y%m%dT%H%M%SZ");
                let backfill = if *is_backfill { BACKFILL } else { "" };
                write!(f, "{account_id}_{DIGEST}_{region}_{trail}_{home_region}_{time}{backfill}{ENDING}")
            }
        }
    }
}

impl TrailKey {
    /// Reads a whole key. Folders that say something else than the file's name are none of CloudTrail's.
    pub fn of_key(key: &str) -> Option<Self> {
        let file = TrailFile::of_key(key)?;
        let folder = key.strip_suffix(&file.to_string())?.strip_suffix('/')?;
        let base = folder.strip_suffix(&folders(&file))?.strip_suffix('/')?;
        let base = base.strip_suffix(file.account_id())?.strip_suffix('/')?;
        let (base, organization_id) = match base.rsplit_once('/') {
            Some((base, last)) if is_organization(last) => (base, Some(last.to_owned())),
            _ => (base, None),
        };
        let prefix = match base.strip_suffix("AWSLogs")? {
            "" => None,
            prefix => Some(prefix.strip_suffix('/').filter(|prefix| !prefix.is_empty())?.to_owned()),
        };
        Some(Self { prefix, organization_id, file })
    }
}

/// The key.
impl fmt::Display for TrailKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { prefix, organization_id, file } = self;
        for part in prefix.iter().map(String::as_str).chain(["AWSLogs"]).chain(organization_id.as_deref()) {
            write!(f, "{part}/")?;
        }
        write!(f, "{}/{}/{file}", file.account_id(), folders(file))
    }
}

/// The folders below that of the account.
fn folders(file: &TrailFile) -> String {
    let kind = match file {
        TrailFile::Digest(_) => DIGEST,
        TrailFile::Log(_) => LOG,
    };
    format!("{kind}/{}/{}", file.region(), file.time().strftime("%Y/%m/%d"))
}

/// `text` with so many signs as a time in UTC; the length is looked at, as the pattern takes fewer digits too.
fn time_of(text: &str, pattern: &str, length: usize) -> Option<Timestamp> {
    let time = DateTime::strptime(pattern, text).ok().filter(|_| text.len() == length)?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// It becomes part of the name of a host when its keys are asked for: nothing else may stand in it.
fn is_region(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= 40
        && text.contains('-')
        && text.bytes().all(is_plain)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html>.
fn is_trail(text: &str) -> bool {
    (3..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html>.
pub(super) fn is_organization(text: &str) -> bool {
    text.strip_prefix("o-").is_some_and(|id| {
        (10..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

/// What the path of a folder says of the files below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Folder<'p> {
    /// The account, if the folder is one's.
    pub(super) account: Option<&'p str>,
    /// What delivered them, as AWS calls it here: `CloudTrail`, `CloudTrail-Digest`, `Config`.
    pub(super) kind: Option<&'p str>,
    /// The region.
    pub(super) region: Option<&'p str>,
    /// From the first to the last moment that is of it; nothing for a folder that is of no time.
    pub(super) times: Option<(Timestamp, Timestamp)>,
}

impl<'p> Folder<'p> {
    /// Reads a path, with `/` at its end or without. Where a copy begins below `AWSLogs` less is known.
    pub(super) fn of_path(path: &'p str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let mut folder = Self::default();
        let kind = match parts.iter().rposition(|part| *part == "AWSLogs") {
            Some(at) => {
                let organization = parts.get(at + 1).is_some_and(|part| is_organization(part));
                let account = at + 1 + usize::from(organization);
                folder.account = parts.get(account).copied();
                account + 1
            }
            // A trail's prefix may be called anything: only the very names count.
            None => match parts.iter().rposition(|part| [LOG, DIGEST, INSIGHT].contains(part)) {
                Some(at) => at,
                None => return folder,
            },
        };
        folder.kind = parts.get(kind).copied();
        folder.region = parts.get(kind + 1).copied().filter(|region| is_region(region));
        if folder.kind.is_some_and(|kind| [LOG, DIGEST, INSIGHT].contains(&kind)) {
            folder.times = times(parts.get(kind + 2..).unwrap_or_default());
        }
        folder
    }
}

/// The time of `<year>[/<month>[/<day>]]`.
fn times(parts: &[&str]) -> Option<(Timestamp, Timestamp)> {
    let number = |text: &&str| text.parse::<i16>().ok();
    let small = |text: &&str| text.parse::<i8>().ok();
    let (first, last) = match parts {
        [year] => (Date::new(number(year)?, 1, 1).ok()?, Date::new(number(year)?, 12, 31).ok()?),
        [year, month] => {
            let first = Date::new(number(year)?, small(month)?, 1).ok()?;
            (first, first.last_of_month())
        }
        [year, month, day] => {
            let day = Date::new(number(year)?, small(month)?, small(day)?).ok()?;
            (day, day)
        }
        _ => return None,
    };
    let begin = |day: Date| Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp());
    Some((begin(first)?, begin(last.tomorrow().ok()?)?))
}

#[cfg(test)]
mod tests;
