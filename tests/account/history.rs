//! The store on an account that changes: scanned by the real binary again and again, and asked afterwards what was when.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{IpPermission, IpRange};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
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

/// What is another time in each run.
fn filters() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "[time]");
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
