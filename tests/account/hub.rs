//! Delivery of findings to Security Hub: what is open is there, what is open no more is archived, and what the hub refuses waits.

use std::collections::BTreeMap;
use std::fs;
use std::process::Output;

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::block_on;
use crate::moto::{self, Moto};
use crate::scan::assize_at;
use crate::seed::{HOME, Typed};

/// The hub is in another region than the resources: it takes those of all.
const HUB: &str = "eu-west-1";

struct Hub {
    moto: Moto,
    folder: TempDir,
}

impl Hub {
    fn new() -> Option<Self> {
        if std::env::var_os(moto::SKIP).is_some_and(|value| value == "1") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "store: assize.db\nrules: [s3-bucket-versioning-enabled]\ndeliver:\n  security_hub: {HUB}\n  \
                role_arn: arn:aws:iam::111122223333:role/deliver\n"
        );
        fs::write(folder.path().join("assize.yaml"), config).unwrap();
        Some(Self { moto: Moto::start(), folder })
    }

    fn run(&self, command: &[&str]) -> (Option<i32>, String) {
        let config = self.folder.path().join("assize.yaml");
        let store = self.folder.path().join("assize.db");
        let settings = ["--config", config.to_str().unwrap(), "--store", store.to_str().unwrap()];
        let Output { status, stderr, .. } = assize_at(&self.moto, &[command, &settings].concat());
        (status.code(), String::from_utf8_lossy(&stderr).into_owned())
    }

    /// What the hub holds, by the name of the bucket.
    fn findings(&self) -> BTreeMap<String, Json> {
        let held = self.moto.python("deliver.py", &["findings", HUB], &BTreeMap::new());
        let findings = held.values().map(|text| serde_json::from_str::<Json>(text).unwrap());
        findings.map(|one| (one["ProductFields"]["assize/resourceId"].as_str().unwrap().to_owned(), one)).collect()
    }

    /// The status and the state of each finding, by the name of the bucket.
    fn states(&self) -> Vec<String> {
        let text = |value: &Json| value.as_str().unwrap().to_owned();
        let one = |(bucket, finding): (String, Json)| {
            format!("{bucket} {} {}", text(&finding["Compliance"]["Status"]), text(&finding["RecordState"]))
        };
        self.findings().into_iter().map(one).collect()
    }
}

#[test]
fn what_is_open_is_in_security_hub_and_what_is_not_any_more_is_archived() {
    let Some(hub) = Hub::new() else { return };
    let s3 = Typed::new(&hub.moto, HOME).s3;
    let scan = ["scan", "--region", HOME];
    for name in ["archive", "ledger", "scratch"] {
        block_on(s3.create_bucket().bucket(name).send()).unwrap();
    }
    // Nobody has switched the hub on: it refuses each finding by itself, and all of them wait.
    let (code, told) = hub.run(&scan);
    assert_eq!(code, Some(2), "{told}");
    let refused = "waiting for Security Hub in eu-west-1: 3 findings, as it refused them: InvalidAccess: ";
    assert!(told.contains(refused), "{told}");
    assert_eq!(hub.states(), Vec::<String>::new());
    hub.moto.python("deliver.py", &["enable", HUB], &BTreeMap::new());
    // One throttle is waited for.
    hub.moto.wall(None, &BTreeMap::from([("securityhub:BatchImportFindings", "throttle")]));
    let (code, told) = hub.run(&["deliver"]);
    assert_eq!((code, told.as_str()), (Some(0), "0 messages, 3 findings delivered\n"));
    assert_eq!(hub.states(), ["archive FAILED ACTIVE", "ledger FAILED ACTIVE", "scratch FAILED ACTIVE"]);
    let first = hub.findings();
    let ledger = &first["ledger"];
    let product = format!("arn:aws:securityhub:{HUB}:111122223333:product/111122223333/default");
    assert_eq!((&ledger["ProductArn"], &ledger["Region"]), (&Json::from(product), &Json::from(HUB)));
    assert_eq!((&ledger["Resources"][0]["Region"], &ledger["CreatedAt"]), (&Json::from(HOME), &ledger["UpdatedAt"]));

    // One is mended, one is gone, one cannot be looked at; and the role may not deliver.
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    block_on(s3.put_bucket_versioning().bucket("archive").versioning_configuration(on).send()).unwrap();
    block_on(s3.delete_bucket().bucket("scratch").send()).unwrap();
    let denied = [("s3:GetBucketVersioning ledger", "deny"), ("securityhub:BatchImportFindings", "deny")];
    hub.moto.wall(None, &BTreeMap::from(denied));
    let (code, told) = hub.run(&scan);
    assert!(code == Some(2) && told.contains("securityhub:BatchImportFindings"), "{told}");
    assert_eq!(hub.findings(), first);
    hub.moto.wall(None, &BTreeMap::new());
    let (code, told) = hub.run(&["deliver"]);
    assert_eq!((code, told.as_str()), (Some(0), "0 messages, 3 findings delivered\n"));
    // What could not be read has passed nothing.
    assert_eq!(hub.states(), ["archive PASSED ARCHIVED", "ledger WARNING ACTIVE", "scratch NOT_AVAILABLE ARCHIVED"]);
    let second = hub.findings();
    for (bucket, before) in &first {
        assert_eq!((&before["Id"], &before["CreatedAt"]), (&second[bucket]["Id"], &second[bucket]["CreatedAt"]));
        assert!(second[bucket]["UpdatedAt"].as_str() > before["UpdatedAt"].as_str(), "{bucket}");
    }

    // It can be looked at again, and is as it was.
    let (code, told) = hub.run(&scan);
    assert_eq!(code, Some(1), "{told}");
    assert_eq!(hub.states(), ["archive PASSED ARCHIVED", "ledger FAILED ACTIVE", "scratch NOT_AVAILABLE ARCHIVED"]);
    assert_eq!(hub.findings()["ledger"]["CreatedAt"], ledger["CreatedAt"]);
    let (code, told) = hub.run(&["deliver"]);
    assert_eq!((code, told.as_str()), (Some(0), "0 messages, 0 findings delivered\n"), "nothing is sent twice");
}

#[test]
fn a_finding_goes_to_the_hub_of_its_region_and_those_of_other_accounts_are_told() {
    let Some(hub) = Hub::new() else { return };
    let folder = hub.folder.path();
    let config = folder.join("assize.yaml");
    let both = fs::read_to_string(&config).unwrap().replace(HUB, &format!("[{HUB}, {HOME}]"));
    fs::write(&config, &both).unwrap();
    for region in [HUB, HOME] {
        hub.moto.python("deliver.py", &["enable", region], &BTreeMap::new());
    }
    let s3 = Typed::new(&hub.moto, HOME).s3;
    block_on(s3.create_bucket().bucket("ledger").send()).unwrap();
    let (code, told) = hub.run(&["scan", "--region", HOME]);
    assert_eq!(code, Some(1), "{told}");
    assert!(hub.findings().is_empty());
    assert_eq!(hub.moto.python("deliver.py", &["findings", HOME], &BTreeMap::new()).len(), 1);
    // Those of a snapshot of another account are not for this one's hub: they are told, and do not wait.
    let other = folder.join("other.jsonl");
    fs::write(&other, include_str!("../data/cli/findings.jsonl").replace("111122223333", "444455556666")).unwrap();
    fs::write(&config, both.replace("s3-bucket-versioning-enabled", "encrypted-volumes")).unwrap();
    assert_eq!(hub.run(&["evaluate", other.to_str().unwrap()]).0, Some(1));
    let (code, told) = hub.run(&["deliver"]);
    assert!(code == Some(0) && told.contains("of other accounts not sent"), "{told}");
    assert!(told.ends_with("0 messages, 0 findings delivered\n"), "{told}");
    assert_eq!(hub.run(&["deliver"]).1, "0 messages, 0 findings delivered\n");
}
