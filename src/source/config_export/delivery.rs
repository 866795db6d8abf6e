//! What AWS Config says with the names of its files: who delivered which kind of file, for which region and when. What is
//! in a file is not looked at here.
//!
//! The names are those of AWS's documentation:
//!
//! ```text
//! [prefix/]AWSLogs/<account>/Config/<region>/<year>/<month>/<day>/ConfigSnapshot/
//!     <account>_Config_<region>_ConfigSnapshot_<time>_<uuid>.json.gz
//! …/ConfigHistory/
//!     <account>_Config_<region>_ConfigHistory_<type>_<first time>_<last time>_<number>.json.gz
//! …/OversizedChangeNotification/<type>/<id>/
//!     <account>_Config_<region>_ChangeNotification_<type>_<id>_<time>_<number>.json.gz
//! AWSLogs/<account>/Config/ConfigWritabilityCheckFile
//! ```
//!
//! Month and day have no leading zeros. The name of the file alone tells all that counts: folders may be lost when a
//! bucket is copied, and copying may rewrite the colons of a type.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::item::format_time;

/// The file that AWS Config puts into a bucket to see whether it may write there. It is empty.
const CHECK_FILE: &str = "ConfigWritabilityCheckFile";

/// What the name of a file tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Twelve digits.
    pub account_id: String,
    /// The region of the recorder that delivered the file.
    pub region: String,
    /// What the file holds.
    pub kind: Kind,
    /// The time of a snapshot, or the last time in a history: RFC 3339, UTC.
    pub at: String,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Every recorded resource of one account and region.
    Snapshot,
    /// The versions of the resources of one type that changed.
    History,
    /// One version that was too large for a notification.
    ChangeNotification,
}

/// What a file is, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A file with items.
    Delivery(Delivery),
    /// The empty file of the check.
    Check,
    /// None of AWS Config's.
    Other,
}

impl Name {
    /// Reads a key of a bucket, or a path.
    pub fn of_key(key: &str) -> Self {
        let name = key.rsplit(['/', '\\']).next().unwrap_or(key);
        match Delivery::of_name(name) {
            Some(delivery) => Self::Delivery(delivery),
            None if name == CHECK_FILE => Self::Check,
            None => Self::Other,
        }
    }
}

impl Delivery {
    /// Reads the name of a file, without its folders.
    pub fn of_name(name: &str) -> Option<Self> {
        let mut parts = name.split('_');
        let account_id = parts.next().filter(|account| is_account(account))?.to_owned();
        parts.next().filter(|word| *word == "Config")?;
        let region = parts.next().filter(|region| !region.is_empty())?.to_owned();
        let kind = match parts.next()? {
            "ConfigSnapshot" => Kind::Snapshot,
            "ConfigHistory" => Kind::History,
            "ChangeNotification" => Kind::ChangeNotification,
            _ => return None,
        };
        // The id of a resource may look like a time: what AWS Config adds comes last.
        let at = parts.filter_map(time).next_back()?;
        Some(Self { account_id, region, kind, at })
    }

    /// The day of the delivery.
    fn date(&self) -> Option<Date> {
        Some(self.at.parse::<jiff::Timestamp>().ok()?.to_zoned(TimeZone::UTC).date())
    }
}

/// `20260102T030405Z`, before an ending if there is one.
fn time(part: &str) -> Option<String> {
    let digits = part.split('.').next()?.strip_suffix('Z').filter(|digits| digits.len() == 15)?;
    let time = DateTime::strptime("%Y%m%dT%H%M%S", digits).ok()?;
    Some(format_time(time.to_zoned(TimeZone::UTC).ok()?.timestamp()))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Which deliveries are wanted. What is not named is not a condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Delivered on this day or later.
    pub since: Option<Date>,
    /// Delivered on this day or earlier.
    pub until: Option<Date>,
    /// By recorders of these accounts.
    pub accounts: BTreeSet<String>,
    /// By recorders of these regions.
    pub regions: BTreeSet<String>,
}

impl Filter {
    /// Whether there is no condition.
    pub fn takes_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a file is wanted.
    pub fn takes(&self, delivery: &Delivery) -> bool {
        self.takes_account(&delivery.account_id)
            && self.takes_region(&delivery.region)
            && delivery.date().is_none_or(|date| {
                self.since.is_none_or(|since| since <= date) && self.until.is_none_or(|until| date <= until)
            })
    }

    /// Whether something below a prefix of a bucket may be wanted, as far as the prefix tells. Whoever goes down from
    /// prefix to prefix never lists the years that nobody asked for.
    pub fn may_take_below(&self, prefix: &str) -> bool {
        let Some(place) = Prefix::of(prefix) else { return true };
        let Prefix { account, service, region, ref date } = place;
        account.is_none_or(|account| self.takes_account(account))
            && service.is_none_or(|service| service == "Config")
            && region.is_none_or(|region| self.takes_region(region))
            && self.may_take_date(date)
    }

    /// Whether a prefix is of one month or one day, and no folder below it can be refused: it is best listed as a whole.
    pub fn takes_all_below(&self, prefix: &str) -> bool {
        let Some(Prefix { date, .. }) = Prefix::of(prefix) else { return false };
        match date.len() {
            0 | 1 => false,
            2 => {
                let begins = |limit: Option<Date>| limit.map(|limit| first_numbers(limit, 2));
                begins(self.since).is_none_or(|since| since < date)
                    && begins(self.until).is_none_or(|until| date < until)
            }
            _ => true,
        }
    }

    fn takes_account(&self, account: &str) -> bool {
        self.accounts.is_empty() || self.accounts.contains(account)
    }

    fn takes_region(&self, region: &str) -> bool {
        self.regions.is_empty() || self.regions.contains(region)
    }

    /// Whether a day of this year, or year and month, or this very day is wanted.
    fn may_take_date(&self, numbers: &[i16]) -> bool {
        let begins = |limit: Option<Date>| limit.map(|limit| first_numbers(limit, numbers.len()));
        begins(self.since).is_none_or(|since| since.as_slice() <= numbers)
            && begins(self.until).is_none_or(|until| numbers <= until.as_slice())
    }
}

/// Year, month and day, or the first of them.
fn first_numbers(date: Date, count: usize) -> Vec<i16> {
    [date.year(), i16::from(date.month()), i16::from(date.day())].into_iter().take(count).collect()
}

/// The folder below which all that AWS's services deliver lies.
const ROOT: &str = "AWSLogs";

/// What a prefix of a bucket tells of the files below it, as far as it goes.
#[derive(Debug, PartialEq, Eq)]
struct Prefix<'p> {
    account: Option<&'p str>,
    service: Option<&'p str>,
    region: Option<&'p str>,
    /// Year, month, day.
    date: Vec<i16>,
}

impl<'p> Prefix<'p> {
    /// Nothing for a prefix that does not lead below [`ROOT`].
    fn of(prefix: &'p str) -> Option<Self> {
        let mut folders = prefix.split('/').filter(|folder| !folder.is_empty());
        folders.find(|folder| *folder == ROOT)?;
        // In a bucket of an organization's trail the id of the organization comes first.
        let mut folders = folders.skip_while(|folder| folder.starts_with("o-"));
        let (account, service, region) = (folders.next(), folders.next(), folders.next());
        let date = folders.map_while(|folder| folder.parse().ok()).take(3).collect();
        Some(Self { account, service, region, date })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNAPSHOT: &str = "AWSLogs/111122223333/Config/eu-west-1/2025/11/4/ConfigSnapshot/\
        111122223333_Config_eu-west-1_ConfigSnapshot_20251104T000102Z_5e0f7c1a-0d2b-4c55-9a3e-7b1d2f6c8e90.json.gz";

    fn delivery(kind: Kind, at: &str) -> Name {
        Name::Delivery(Delivery { account_id: "111122223333".into(), region: "eu-west-1".into(), kind, at: at.into() })
    }

    #[test]
    fn names_tell_kind_place_and_time() {
        assert_eq!(Name::of_key(SNAPSHOT), delivery(Kind::Snapshot, "2025-11-04T00:01:02.000Z"));
        // Copied to where colons cannot be, or unpacked.
        for resource_type in ["AWS::EC2::Volume", "AWS%3A%3AEC2%3A%3AVolume", "AWS__EC2__Volume"] {
            for ending in [".json.gz", ".json", ".jsonl.gz"] {
                let name = format!(
                    "111122223333_Config_eu-west-1_ConfigHistory_{resource_type}_20251103T060000Z_20251103T120000Z_1{ending}"
                );
                assert_eq!(Name::of_key(&name), delivery(Kind::History, "2025-11-03T12:00:00.000Z"), "{name}");
            }
        }
        let large = "111122223333_Config_eu-west-1_ChangeNotification_AWS::S3::Bucket_20240101T000000Z_x_20251103T120000Z_1.json.gz";
        assert_eq!(Name::of_key(large), delivery(Kind::ChangeNotification, "2025-11-03T12:00:00.000Z"));
        assert_eq!(Name::of_key("AWSLogs/111122223333/Config/ConfigWritabilityCheckFile"), Name::Check);
        for other in [
            "snapshot.json",
            "x_Config_eu-west-1_ConfigSnapshot_20251104T000102Z_y.json.gz",
            "111122223333_Config_eu-west-1_ConfigSnapshot_20251399T000000Z_y.json.gz",
            "111122223333_CloudTrail_eu-west-1_20251103T1200Z_x.json.gz",
            "",
        ] {
            assert_eq!(Name::of_key(other), Name::Other, "{other}");
        }
    }

    #[test]
    fn a_filter_takes_days_accounts_and_regions() {
        let Name::Delivery(delivery) = Name::of_key(SNAPSHOT) else { unreachable!("it is one") };
        let day = |text: &str| Some(text.parse().expect("it is a day"));
        let set = |text: &str| BTreeSet::from([text.to_owned()]);
        let none = Filter::default;
        assert!(none().takes_all() && none().takes(&delivery));
        for taken in [
            Filter { since: day("2025-11-04"), until: day("2025-11-04"), ..none() },
            Filter { accounts: set("111122223333"), ..none() },
            Filter { regions: set("eu-west-1"), ..none() },
        ] {
            assert!(taken.takes(&delivery) && taken.may_take_below(SNAPSHOT), "{taken:?}");
        }
        for refused in [
            Filter { since: day("2025-11-05"), ..none() },
            Filter { until: day("2025-11-03"), ..none() },
            Filter { accounts: set("444455556666"), ..none() },
            Filter { regions: set("us-east-1"), ..none() },
        ] {
            assert!(!refused.takes(&delivery) && !refused.may_take_below(SNAPSHOT), "{refused:?}");
        }
    }

    #[test]
    fn prefixes_are_refused_as_soon_as_they_tell() {
        let filter = Filter {
            since: Some("2024-11-30".parse().expect("it is a day")),
            until: Some("2025-02-01".parse().expect("it is a day")),
            ..Filter::default()
        };
        let below = |tail: &str| filter.may_take_below(&format!("logs/AWSLogs/111122223333/Config/eu-west-1/{tail}"));
        for taken in ["", "2024/", "2024/12/", "2024/11/30/", "2025/", "2025/1/31/", "2025/2/1/ConfigHistory/"] {
            assert!(below(taken), "{taken}");
        }
        for refused in ["2023/", "2024/10/", "2024/11/29/", "2025/2/2/", "2026/"] {
            assert!(!below(refused), "{refused}");
        }
        assert!(filter.may_take_below("logs/") && filter.may_take_below("logs/AWSLogs/o-a1b2c3/111122223333/"));
        assert!(!filter.may_take_below("AWSLogs/111122223333/CloudTrail/"));
        let all = |tail: &str| filter.takes_all_below(&format!("AWSLogs/o-a1/111122223333/Config/eu-west-1/{tail}"));
        assert!(all("2024/12/") && all("2025/1/") && all("2024/11/30/") && all("2025/2/1/ConfigHistory/"));
        assert!(!all("") && !all("2024/") && !all("2024/11/") && !all("2025/2/"));
        assert!(!filter.takes_all_below("a/b/c/d/2024/12/"));
        let unlimited = Filter::default();
        assert!(unlimited.takes_all_below("AWSLogs/111122223333/Config/eu-west-1/2025/2/"));
        assert!(!unlimited.takes_all_below("AWSLogs/111122223333/Config/eu-west-1/2025/"));
    }
}
