//! Names as AWS documents them, and any others that its rules allow.

use super::*;

/// Numbers that come back with their seed.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn text(&mut self, signs: &str, least: u64, most: u64) -> String {
        let length = least + self.below(most - least + 1);
        let signs: Vec<char> = signs.chars().collect();
        (0..length).map(|_| signs[usize::try_from(self.below(signs.len() as u64)).unwrap()]).collect()
    }

    fn one(&mut self, of: &[&str]) -> String {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()].to_owned()
    }

    fn time(&mut self, unit: i64) -> Timestamp {
        let second = i64::try_from(self.below(4_000_000_000)).unwrap();
        Timestamp::from_second(second / unit * unit).unwrap()
    }

    fn key(&mut self) -> TrailKey {
        let regions = ["eu-west-1", "us-gov-east-1", "ap-southeast-12", "cn-north-1", "us-isob-east-1"];
        let account_id = self.text("0123456789", 12, 12);
        let file = if self.below(2) == 0 {
            TrailFile::Log(LogName {
                account_id,
                region: self.one(&regions),
                delivered: self.time(60),
                unique: self.text("abcdefgXYZ0189", 16, 16),
            })
        } else {
            TrailFile::Digest(DigestName {
                account_id,
                region: self.one(&regions),
                // Names that look like what stands around them are the hard ones.
                trail: match self.below(5) {
                    0 => "a_eu-west-1_20261001T060000Z_backfill".to_owned(),
                    1 => "CloudTrail-Digest_us-east-1_x".to_owned(),
                    2 => "eu-west-1_eu-west-1".to_owned(),
                    _ => self.text("abzAZ019._-", 3, 128),
                },
                home_region: self.one(&regions),
                end: self.time(1),
                is_backfill: self.below(4) == 0,
            })
        };
        let prefix = match self.below(4) {
            0 => Some("logs/of/AWSLogs/111122223333".to_owned()),
            1 => Some(self.text("abc/ _.-!", 1, 20).trim_matches('/').to_owned()).filter(|prefix| !prefix.is_empty()),
            _ => None,
        };
        let organization_id = (self.below(3) == 0).then(|| format!("o-{}", self.text("abc019", 10, 32)));
        TrailKey { prefix, organization_id, file }
    }
}

#[test]
fn what_a_name_says_is_what_it_was_made_of() {
    for seed in 0..5_000 {
        let mut random = Random(seed);
        let key = random.key();
        let text = key.to_string();
        assert_eq!(TrailKey::of_key(&text).as_ref(), Some(&key), "seed {seed}: {text}");
        let name = key.file.to_string();
        assert_eq!(TrailFile::of_key(&name).as_ref(), Some(&key.file), "seed {seed}: {name}");
        // With one sign less or another, it is no name, or the name of something else.
        let at = usize::try_from(random.below(name.len() as u64)).unwrap();
        let without: String = name.chars().enumerate().filter(|(index, _)| *index != at).map(|(_, c)| c).collect();
        if let Some(other) = TrailFile::of_key(&without) {
            assert_eq!(other.to_string(), without, "seed {seed}");
            assert_ne!(other, key.file, "seed {seed}");
        }
        let folder = text.strip_suffix(&name).unwrap();
        let (begin, end) = Folder::of_path(folder).times.unwrap();
        assert!(begin <= key.file.time() && key.file.time() < end, "seed {seed}: {folder}");
    }
}

#[test]
fn aws_own_examples_are_read() {
    let digest = "AWSLogs/111122223333/CloudTrail-Digest/us-east-2/2015/08/17/111122223333_CloudTrail-Digest_us-east-2_your-trail-name_us-east-2_20150817T150131Z.json.gz";
    let key = TrailKey::of_key(digest).unwrap();
    assert_eq!((key.prefix.as_deref(), key.organization_id.as_deref()), (None, None));
    let TrailFile::Digest(name) = key.file else { panic!("it is a digest") };
    assert_eq!((name.trail.as_str(), name.home_region.as_str()), ("your-trail-name", "us-east-2"));
    assert_eq!(name.end.to_string(), "2015-08-17T15:01:31Z");
    let log = "AWSLogs/111122223333/CloudTrail/us-east-2/2015/08/17/111122223333_CloudTrail_us-east-2_20150817T1445Z_9nYN7gp2eWAJHIfT.json.gz";
    let TrailFile::Log(name) = TrailKey::of_key(log).unwrap().file else { panic!("it is a log file") };
    assert_eq!(
        (name.unique.as_str(), name.delivered.to_string().as_str()),
        ("9nYN7gp2eWAJHIfT", "2015-08-17T14:45:00Z")
    );
}

#[test]
fn what_is_no_name_is_none() {
    for wrong in [
        "",
        "/",
        "111122223333_CloudTrail_eu-west-1_20261001T0630Z_.json.gz",
        "111122223333_CloudTrail_eu-west-1_20261001T0630Z_a b.json.gz",
        "111122223333_CloudTrail_eu-west-1_20261001T0630Z_abc.json",
        "111122223333_CloudTrail_eu-west-1_20261301T0630Z_abc.json.gz",
        "111122223333_CloudTrail_eu-west-1_20261001T063Z_abc.json.gz",
        "11112222333_CloudTrail_eu-west-1_20261001T0630Z_abc.json.gz",
        "111122223333_CloudTrail_evil.example/_20261001T0630Z_abc.json.gz",
        "111122223333_CloudTrail_EU-west-1_20261001T0630Z_abc.json.gz",
        "111122223333_CloudTrail-Insight_eu-west-1_20261001T0630Z_abc.json.gz",
        "111122223333_CloudTrail-Digest_eu-west-1_ab_eu-west-1_20261001T060000Z.json.gz",
        "111122223333_CloudTrail-Digest_eu-west-1_audit_eu-west-1_20261001T0600Z.json.gz",
        "111122223333_CloudTrail-Digest_eu-west-1_audit_20261001T060000Z.json.gz",
        "111122223333_CloudTrail-Digest_eu-west-1_au dit_eu-west-1_20261001T060000Z.json.gz",
        "111122223333_Config_eu-west-1_ConfigSnapshot_20261001T060000Z_a.json.gz",
    ] {
        assert_eq!(TrailFile::of_key(wrong), None, "{wrong}");
    }
    // Folders that do not fit the name.
    let name = "111122223333_CloudTrail_eu-west-1_20261001T0630Z_abc.json.gz";
    for folder in [
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10/02",
        "AWSLogs/111122223333/CloudTrail/eu-west-2/2026/10/01",
        "AWSLogs/444455556666/CloudTrail/eu-west-1/2026/10/01",
        "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/10/01",
        "xAWSLogs/111122223333/CloudTrail/eu-west-1/2026/10/01",
        "111122223333/CloudTrail/eu-west-1/2026/10/01",
    ] {
        assert_eq!(TrailKey::of_key(&format!("{folder}/{name}")), None, "{folder}");
    }
}

#[test]
fn a_folder_says_whose_it_is_and_of_when() {
    let folder = Folder::of_path("logs/AWSLogs/o-0123456789/111122223333/CloudTrail-Digest/eu-west-1/2026/02/");
    assert_eq!((folder.account, folder.kind), (Some("111122223333"), Some("CloudTrail-Digest")));
    assert_eq!(folder.region, Some("eu-west-1"));
    let (begin, end) = folder.times.unwrap();
    assert_eq!(
        (begin.to_string().as_str(), end.to_string().as_str()),
        ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")
    );
    let copied = Folder::of_path("CloudTrail/eu-west-1/2026/10/01");
    assert_eq!((copied.account, copied.kind, copied.region), (None, Some("CloudTrail"), Some("eu-west-1")));
    assert_eq!(Folder::of_path("2026/10/01"), Folder::default());
    assert_eq!(Folder::of_path("AWSLogs/111122223333/Config/eu-west-1/2026/10/1").times, None);
}
