//! The store on an account that changes: scanned by the real binary again and again, and asked afterwards what was when.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{IpPermission, IpRange};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::block_on;
use crate::moto::{self, Moto};
use crate::scan::assize_at;
use crate::seed::{HOME, OTHER, Typed};

/// An account, its store, and the names of what has ids that are made up anew each time. Of a type with such ids only one
/// resource in a region changes: their order is another one each time too.
struct Watched {
    moto: Moto,
    folder: TempDir,
    home: Typed,
    other: Typed,
    ids: BTreeMap<String, String>,
}

impl Watched {
    /// A group and two buckets in one region, a group in the other. `None` when these tests are to be left out.
    fn new() -> Option<Self> {
        if std::env::var_os(moto::SKIP).is_some_and(|value| value == "1") {
            return None;
        }
        let moto = Moto::start();
        // What is said of resources goes by their ids.
        moto.seed();
        let (home, other) = (Typed::new(&moto, HOME), Typed::new(&moto, OTHER));
        let folder = tempfile::tempdir().unwrap();
        let mut watched = Self { moto, folder, home, other, ids: BTreeMap::new() };
        watched.group(HOME, "web");
        watched.group(OTHER, "far");
        block_on(async {
            for bucket in ["ledger", "scratch"] {
                watched.home.s3.create_bucket().bucket(bucket).send().await.unwrap();
            }
        });
        Some(watched)
    }

    /// A security group that lets nobody in.
    fn group(&mut self, region: &str, name: &str) {
        let ec2 = if region == HOME { &self.home.ec2 } else { &self.other.ec2 };
        let made = block_on(ec2.create_security_group().group_name(name).description(name).send()).unwrap();
        self.ids.insert(name.to_owned(), made.group_id().unwrap().to_owned());
    }

    /// A group is opened; a bucket is protected, one goes, and one comes.
    fn change(&self) {
        let everyone = IpRange::builder().cidr_ip("0.0.0.0/0").build();
        let ssh = IpPermission::builder().ip_protocol("tcp").from_port(22).to_port(22).ip_ranges(everyone).build();
        let kept = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let (ec2, s3) = (&self.home.ec2, &self.home.s3);
        block_on(async {
            let web = &self.ids["web"];
            ec2.authorize_security_group_ingress().group_id(web).ip_permissions(ssh).send().await.unwrap();
            s3.put_bucket_versioning().bucket("ledger").versioning_configuration(kept).send().await.unwrap();
            s3.delete_bucket().bucket("scratch").send().await.unwrap();
            s3.create_bucket().bucket("archive").send().await.unwrap();
        });
    }

    /// Nobody may list the groups of the other region any more, or everybody may again.
    fn deny(&self, denied: bool) {
        let call = format!("ec2:DescribeSecurityGroups {OTHER}");
        let faults = if denied { BTreeMap::from([(call.as_str(), "deny")]) } else { BTreeMap::new() };
        self.moto.wall(None, &faults);
    }

    /// A scan that is kept.
    fn scan(&self) {
        let regions = ["--region", HOME, "--region", OTHER];
        let rules = ["--rule", "restricted-ssh", "--rule", "s3-bucket-versioning-enabled"];
        let told = self.run(&[&["scan", "--format", "json"], &regions[..], &rules].concat());
        assert!(told.starts_with("exit code 1\n") || told.starts_with("exit code 3\n"), "{told}");
    }

    /// What a command says of the store as JSON.
    fn json(&self, arguments: &[&str]) -> Json {
        let store = self.folder.path().join("assize.db");
        let asked = [arguments, &["--format", "json", "--store", store.to_str().unwrap()]].concat();
        let ran = assize_at(&self.moto, &asked);
        serde_json::from_slice(&ran.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&ran.stderr)))
    }

    /// When the scans were that the store has.
    fn scans(&self) -> Vec<Timestamp> {
        let history = assize::history::History::open_existing(self.folder.path().join("assize.db")).unwrap();
        history.snapshots().unwrap().iter().map(|snapshot| snapshot.time).collect()
    }

    /// What a command says of the store, with names in the place of ids, and without times.
    fn run(&self, arguments: &[&str]) -> String {
        let store = self.folder.path().join("assize.db");
        let ran = assize_at(&self.moto, &[arguments, &["--store", store.to_str().unwrap()]].concat());
        let code = ran.status.code().unwrap();
        let mut told = format!("exit code {code}\n{}", String::from_utf8(ran.stdout).unwrap());
        if !ran.stderr.is_empty() {
            told.push_str("---- stderr\n");
            told.push_str(std::str::from_utf8(&ran.stderr).unwrap());
        }
        for (name, id) in &self.ids {
            // As long as the id: columns keep their widths.
            told = told.replace(id, &format!("{:x<20}", format!("sg-{name}-")));
        }
        told
    }
}

/// Each change that a history or a timeline tells, in lines: in which of the scans it was seen first and what became of the
/// resource; which facts changed; which answers changed; and what rules said from then on, and since which scan.
fn changes(told: &Json, scans: &[Timestamp], ids: &BTreeMap<String, String>) -> Vec<String> {
    let list = |of: &Json| of.as_array().cloned().unwrap_or_default();
    let text = |of: &Json| of.as_str().unwrap_or("-").to_owned();
    let number = |time: &Json| {
        let time: Timestamp = time.as_str().unwrap().parse().unwrap();
        let at = scans.iter().position(|scan| *scan == time);
        at.unwrap_or_else(|| panic!("{time} is the time of no scan: {scans:?}")) + 1
    };
    let lines = |change: &Json| {
        let id = text(&change["resourceId"]);
        let name = ids.iter().find(|(_, known)| **known == id).map_or(&id, |(name, _)| name);
        let mut lines = vec![format!("scan {}: {name} {}", number(&change["time"]), text(&change["change"]))];
        lines.extend(list(&change["properties"]).iter().map(|fact| format!("  {}", text(&fact["path"]))));
        for one in list(&change["changedAnswers"]) {
            lines.push(format!("  {}: {} > {}", text(&one["rule"]), text(&one["before"]), text(&one["after"])));
        }
        for one in list(&change["compliance"]) {
            let verdict = text(&one["complianceType"]);
            lines.push(format!("  {}: {verdict} since scan {}", text(&one["rule"]), number(&one["since"])));
        }
        lines
    };
    list(&told["entries"]).iter().filter(|entry| entry["kind"] == "change").flat_map(lines).collect()
}

/// What is another time in each run.
fn filters() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.add_filter(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "[time]");
    settings.add_filter(r"in \d+(\.\d+)? m?s\b", "in [duration]");
    settings.bind_to_scope()
}

const GROUPS: &str = "SELECT awsRegion, resourceName, configuration.ipPermissions.fromPort \
    WHERE resourceType = 'AWS::EC2::SecurityGroup' ORDER BY awsRegion, resourceName";
const BUCKETS: &str = "SELECT resourceId, supplementaryConfiguration.BucketVersioningConfiguration.status \
    WHERE resourceType = 'AWS::S3::Bucket' ORDER BY resourceId";
const JUDGE: [&str; 4] = ["--rule", "restricted-ssh", "--rule", "s3-bucket-versioning-enabled"];

#[test]
fn the_store_tells_what_was_changed_created_and_deleted() {
    let Some(account) = Watched::new() else { return };
    let _filters = filters();
    account.scan();
    account.change();
    account.scan();
    insta::assert_snapshot!("what changed", account.run(&["diff"]));
    for moment in ["1", "2"] {
        insta::assert_snapshot!(format!("groups of scan {moment}"), account.run(&["query", GROUPS, "--at", moment]));
        insta::assert_snapshot!(format!("buckets of scan {moment}"), account.run(&["query", BUCKETS, "--at", moment]));
        let judged = account.run(&[&["evaluate", "--at", moment], &JUDGE[..]].concat());
        insta::assert_snapshot!(format!("judged as of scan {moment}"), judged);
        // Today's rules are those of the scans: what was found then is found again. Evidence is not recorded.
        let findings = |told: &str| -> Vec<String> {
            let told = told.lines().take_while(|line| !line.starts_with("  Snapshot "));
            told.filter(|line| !line.starts_with("      | ")).map(str::to_owned).collect()
        };
        assert_eq!(findings(&account.run(&["report", "--at", moment])), findings(&judged), "{moment}");
    }
    assert_eq!(account.run(&["query", GROUPS]), account.run(&["query", GROUPS, "--at", "latest"]));
    insta::assert_snapshot!("what was found last", account.run(&["report"]));
}

#[test]
fn each_version_has_its_time_and_what_rules_said_from_then_on() {
    let Some(account) = Watched::new() else { return };
    let _filters = filters();
    account.scan();
    account.change();
    account.scan();
    let scans = account.scans();
    assert_eq!(scans.len(), 2, "{scans:?}");
    let told = |command: &[&str]| changes(&account.json(command), &scans, &account.ids);
    let web = [
        "scan 2: web changed",
        "  /configuration/ipPermissions/0",
        "  restricted-ssh: COMPLIANT > NON_COMPLIANT",
        "  restricted-ssh: NON_COMPLIANT since scan 2",
    ];
    let ledger = [
        "scan 2: ledger changed",
        "  /supplementaryConfiguration/BucketVersioningConfiguration/status",
        "  s3-bucket-versioning-enabled: NON_COMPLIANT > COMPLIANT",
        "  s3-bucket-versioning-enabled: COMPLIANT since scan 2",
    ];
    let archive = [
        "scan 2: archive created",
        "  s3-bucket-versioning-enabled: - > NON_COMPLIANT",
        "  s3-bucket-versioning-enabled: NON_COMPLIANT since scan 2",
    ];
    let scratch = ["scan 2: scratch deleted"];
    let found_group = |name: &str| {
        [
            format!("scan 1: {name} found"),
            "  restricted-ssh: - > COMPLIANT".to_owned(),
            "  restricted-ssh: COMPLIANT since scan 1".to_owned(),
        ]
    };
    let found_bucket = |name: &str| {
        [
            format!("scan 1: {name} found"),
            "  s3-bucket-versioning-enabled: - > NON_COMPLIANT".to_owned(),
            "  s3-bucket-versioning-enabled: NON_COMPLIANT since scan 1".to_owned(),
        ]
    };
    let lines = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
    let history = |name: &str| told(&["history", account.ids.get(name).map_or(name, String::as_str)]);
    assert_eq!(history("web"), [&found_group("web")[..], &lines(&web)].concat());
    assert_eq!(history("far"), found_group("far"));
    assert_eq!(history("ledger"), [&found_bucket("ledger")[..], &lines(&ledger)].concat());
    assert_eq!(history("scratch"), [&found_bucket("scratch")[..], &lines(&scratch)].concat());
    assert_eq!(history("archive"), archive);
    // What the first look found is no change, unless a resource is asked for.
    assert_eq!(told(&["timeline"]), [&web[..], &archive, &ledger, &scratch].concat());
    assert_eq!(told(&["timeline", "ledger", "--until", "1"]), found_bucket("ledger"));
    for name in ["ledger", "scratch", "web"] {
        let resource = account.ids.get(name).map_or(name, String::as_str);
        insta::assert_snapshot!(format!("history of {name}"), account.run(&["history", resource]));
    }
    insta::assert_snapshot!("timeline", account.run(&["timeline"]));

    // A moment is of the last scan before it, to the millisecond.
    let just_before = scans[1] - SignedDuration::from_millis(1);
    for (moment, scan) in [(scans[0], "1"), (just_before, "1"), (scans[1], "2")] {
        let moment = format!("{moment:.3}");
        for query in [GROUPS, BUCKETS] {
            assert_eq!(account.run(&["query", query, "--at", &moment]), account.run(&["query", query, "--at", scan]));
        }
    }
    let before_all = format!("{:.3}", scans[0] - SignedDuration::from_millis(1));
    insta::assert_snapshot!("before the first scan", account.run(&["query", BUCKETS, "--at", &before_all]));
    // By numbers or by default, the same is different.
    let differences = |moments: &[&str]| account.json(&[&["diff"], moments].concat())["resources"].clone();
    assert_eq!(differences(&["1", "2"]), differences(&[]));
    assert_ne!(differences(&["1", "2"]), differences(&["2", "1"]));
}

#[test]
fn a_region_that_is_denied_for_a_while_loses_nothing() {
    let Some(account) = Watched::new() else { return };
    let _filters = filters();
    account.scan();
    account.change();
    account.deny(true);
    account.scan();
    account.deny(false);
    account.scan();
    insta::assert_snapshot!("denied", account.run(&["diff", "1", "2"]));
    insta::assert_snapshot!("groups while denied", account.run(&["query", GROUPS, "--at", "2"]));
    insta::assert_snapshot!("judged while denied", account.run(&["report", "--at", "2"]));
    insta::assert_snapshot!("readable again", account.run(&["diff", "2", "3"]));
    // Over the gap nothing was made and nothing went in that region.
    let over = account.run(&["diff", "1", "3", "--format", "jsonl"]);
    assert!(over.contains(HOME) && !over.contains(OTHER), "{over}");

    let history = assize::history::History::open_existing(account.folder.path().join("assize.db")).unwrap();
    let [far] = &history.find(&account.ids["far"]).unwrap()[..] else { panic!("it is in the store") };
    let versions = history.versions(far).unwrap();
    assert_eq!(versions.len(), 1, "{versions:#?}");
    assert_eq!(versions[0].to, None);
    assert_eq!(versions[0].from, history.snapshots().unwrap()[0].time);
}

#[test]
fn within_the_age_nothing_is_read_again() {
    let Some(account) = Watched::new() else { return };
    // What a scan with these flags asked for, and in which exit code it ended.
    let asked = |flags: &[&str]| {
        account.moto.requests();
        let store = account.folder.path().join("assize.db");
        let regions = ["scan", "--format", "json", "--region", HOME, "--region", OTHER];
        let ran = assize_at(&account.moto, &[&regions[..], flags, &["--store", store.to_str().unwrap()]].concat());
        let calls = account.moto.requests().into_keys().filter(|call| call != "sts:GetCallerIdentity");
        (ran.status.code(), calls.collect::<Vec<_>>())
    };
    let groups = ["--rule", "restricted-ssh", "--max-age", "1h"];
    let listed = |calls: &[String]| calls.iter().any(|call| call == "ec2:DescribeSecurityGroups");
    account.moto.wall(None, &BTreeMap::new());
    let (code, calls) = asked(&groups);
    assert!(code == Some(0) && listed(&calls), "there is nothing yet: {code:?} {calls:?}");
    account.change();
    account.moto.requests();
    assert_eq!(asked(&groups), (Some(0), vec![]), "as it was");
    assert_eq!(account.scans().len(), 1);
    // A rule that needs more, one region less, and an age that is over.
    let (_, calls) = asked(&["--rule", "s3-bucket-versioning-enabled", "--max-age", "1h"]);
    assert!(calls.iter().any(|call| call == "s3:ListBuckets"), "{calls:?}");
    let (code, calls) = asked(&["--rule", "restricted-ssh", "--max-age", "1ms"]);
    assert!(code == Some(1) && listed(&calls), "{code:?} {calls:?}");
    assert_eq!(asked(&groups), (Some(1), vec![]));
    let one = ["scan", "--rule", "restricted-ssh", "--max-age", "1h", "--region", HOME, "--format", "json"];
    account.run(&one);
    assert!(listed(&account.moto.requests().into_keys().collect::<Vec<_>>()));
    // What could not be read is read again.
    let store = account.folder.path().join("another.db");
    let scan = ["scan", "--format", "json", "--region", HOME, "--region", OTHER, "--store", store.to_str().unwrap()];
    let is_read = || {
        account.moto.requests();
        assert_eq!(assize_at(&account.moto, &[&scan[..], &groups].concat()).status.code(), Some(1));
        listed(&account.moto.requests().into_keys().collect::<Vec<_>>())
    };
    account.deny(true);
    assert!(is_read());
    account.deny(false);
    assert!(is_read() && !is_read());
}
