//! `assize import s3://…`: a bucket to which AWS Config delivers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Output;

use assize::history::History;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use crate::block_on;
use crate::moto::{self, Moto};
use crate::scan::assize_at;
use crate::seed::{OTHER, Typed};

const BUCKET: &str = "amzn-s3-demo-bucket";
const PLACE: &str = "AWSLogs/111122223333/Config/eu-west-1";
const NAME: &str = "111122223333_Config_eu-west-1";
const VOLUME: &str = "vol-0a1b2c3d4e5f60718";

/// A snapshot, a history, a broken history, and what others put there; so many check files come before the snapshot in
/// its folder that it is on a later page of a list.
fn files() -> Vec<(String, Vec<u8>)> {
    let read = |name: &str| {
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/config-export").join(name)).unwrap()
    };
    let history = |day: u8| {
        format!(
            "{PLACE}/2025/11/{day}/ConfigHistory/{NAME}_ConfigHistory_AWS::EC2::Volume_2025110{day}T060000Z_2025110{day}T120000Z_1.json"
        )
    };
    let mut files = vec![
        (
            format!("{PLACE}/2025/11/3/ConfigSnapshot/{NAME}_ConfigSnapshot_20251103T130000Z_a.json"),
            read("snapshot.json"),
        ),
        (history(3), read("history.json")),
        (history(4), b"{broken".to_vec()),
        ("AWSLogs/111122223333/Config/ConfigWritabilityCheckFile".to_owned(), Vec::new()),
        ("AWSLogs/111122223333/CloudTrail/eu-west-1/2025/11/3/a.json.gz".to_owned(), b"another's".to_vec()),
    ];
    files.extend((0..9).map(|at| (format!("{PLACE}/2025/11/3/{at}/ConfigWritabilityCheckFile"), Vec::new())));
    files
}

fn fill(moto: &Moto, files: &[(String, Vec<u8>)]) {
    block_on(async {
        let s3 = Typed::new(moto, OTHER).s3;
        let place =
            CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(OTHER)).build();
        s3.create_bucket().bucket(BUCKET).create_bucket_configuration(place).send().await.unwrap();
        let elsewhere = [("logs-old/read me.txt".to_owned(), b"no file of AWS Config".to_vec())];
        let below = files.iter().map(|(name, body)| (format!("logs/{name}"), body.clone()));
        for (key, body) in below.chain(elsewhere) {
            s3.put_object().bucket(BUCKET).key(key).body(ByteStream::from(body)).send().await.unwrap();
        }
    });
}

/// What a store knows of a resource: when each version began and ended, and what it says.
fn versions(store: &Path) -> Vec<String> {
    let history = History::open_existing(store).unwrap();
    let [key] = history.find(VOLUME).unwrap().try_into().unwrap();
    let versions = history.versions(&key).unwrap();
    versions.iter().map(|version| format!("{} {:?} {:?}", version.from, version.to, version.item)).collect()
}

fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_bucket_of_aws_config_becomes_a_history() {
    if std::env::var_os(moto::SKIP).is_some_and(|value| value == "1") {
        return;
    }
    let (moto, files) = (Moto::start(), files());
    fill(&moto, &files);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let import = |store: &str, arguments: &[&str]| {
        moto.requests();
        let store = path(store);
        said(&assize_at(&moto, &[&["import", "--store", store.to_str().unwrap()], arguments].concat()))
    };
    let logs = format!("s3://{BUCKET}/logs");
    for (name, body) in &files {
        let path = path("copy").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, body).unwrap();
    }
    // Nothing but what the policy of `assize permissions --import` allows is asked for.
    let allowed = ["sts:GetCallerIdentity", "s3:HeadBucket", "s3:ListObjectsV2", "s3:GetObject"];
    let allowed: BTreeSet<String> = allowed.map(str::to_owned).into();
    moto.wall(Some(&allowed), &BTreeMap::new());

    let (code, whole) = import("whole.db", &[&logs]);
    assert_eq!(code, Some(3), "{whole}");
    let requests = moto.requests();
    assert_eq!(requests["s3:GetObject"], 3, "only AWS Config's files are read: {requests:?}");
    let broken =
        format!("cannot read {logs}/{PLACE}/2025/11/4/ConfigHistory/{NAME}_ConfigHistory_AWS::EC2::Volume_20251104");
    assert_eq!(whole.lines().count(), 2, "{whole}");
    assert!(whole.starts_with(&broken) && whole.contains("of 2 files in"), "{whole}");
    let (_, copied) = import("copy.db", &[path("copy").join(PLACE).to_str().unwrap()]);
    assert!(copied.contains("of 2 files in"), "{copied}");
    assert_eq!(versions(&path("whole.db")), versions(&path("copy.db")));
    assert_eq!(versions(&path("whole.db")).len(), 5, "{:#?}", versions(&path("whole.db")));

    // A folder, its files and one file are the same as the whole of it.
    let (code, day) =
        import("day.db", &[&logs, "--since", "2025-11-03", "--until", "2025-11-03", "--account", moto::ACCOUNT]);
    assert_eq!((code, moto.requests()["s3:GetObject"]), (Some(0), 2), "{day}");
    assert_eq!(versions(&path("day.db")), versions(&path("whole.db")));
    let one: Vec<String> = files.iter().take(2).map(|(name, _)| format!("{logs}/{name}")).collect();
    let (code, named) = import("one.db", &[&one[1], &one[0]]);
    assert_eq!((code, versions(&path("one.db"))), (Some(0), versions(&path("whole.db"))), "{named}");
    // What a filter refuses is not listed.
    let (code, none) = import("none.db", &[&logs, "--region", "us-east-1"]);
    let requests = moto.requests();
    assert_eq!((code, requests["s3:ListObjectsV2"], requests.get("s3:GetObject")), (Some(0), 5, None), "{none}");

    // What is refused is told, and the rest is read.
    moto.wall(None, &BTreeMap::from([("s3:GetObject 20251103T130000Z", "deny")]));
    let (code, partly) = import("partly.db", &[&logs, "--until", "2025-11-03"]);
    assert_eq!(code, Some(3), "{partly}");
    assert!(partly.contains("ConfigSnapshot_20251103T130000Z_a.json: s3:GetObject answered AccessDenied"), "{partly}");
    assert!(partly.contains("(it needs the permission s3:GetObject)") && partly.contains("of 1 file in"), "{partly}");
    moto.wall(None, &BTreeMap::from([("s3:GetObject", "truncate")]));
    let (code, cut) = import("cut.db", &[&logs, "--until", "2025-11-03"]);
    assert_eq!((code, cut.lines().count()), (Some(3), 3), "{cut}");
    assert!(cut.contains("0 versions of 0 files"), "what was cut off is nothing: {cut}");

    // Where nothing can be read, no store is made.
    moto.wall(None, &BTreeMap::from([("s3:ListObjectsV2", "deny")]));
    let (code, denied) = import("denied.db", &[&logs]);
    assert!(code == Some(2) && denied.contains("it needs the permission s3:ListBucket"), "{denied}");
    moto.wall(None, &BTreeMap::new());
    let (code, nothing) = import("denied.db", &[&format!("s3://{BUCKET}/log")]);
    assert!(code == Some(2) && nothing.contains("there is nothing at"), "{nothing}");
    let (code, missing) = import("denied.db", &["s3://amzn-s3-demo-bucket2"]);
    assert!(code == Some(2) && missing.contains("NoSuchBucket"), "{missing}");
    assert!(!path("denied.db").exists());
}
