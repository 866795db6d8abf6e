//! `assize import s3://…`: a bucket to which AWS Config delivers; `--events s3://…`: one to which a trail does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Output;

use assize::history::History;
use assize::item::{ConfigurationItem, ResourceKey};
use assize::snapshot::{About, Place, Snapshot};
use assize::value::Value;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use serde_json::Value as Json;

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

const GROUP: &str = "sg-0123456789abcdef0";

/// A store of two looks at a group, a day apart: it was opened in between.
fn opened(store: &Path) {
    let mut history = History::open(store).unwrap();
    for (day, source) in [(3, "10.0.0.0/8"), (4, "0.0.0.0/0")] {
        let key = ResourceKey::new(moto::ACCOUNT, "eu-west-1", "AWS::EC2::SecurityGroup", GROUP);
        let about = About {
            captured_at: format!("2025-11-{day:02}T06:00:00.000Z"),
            source: "account".into(),
            accounts: vec![moto::ACCOUNT.into()],
            regions: vec!["eu-west-1".into()],
            listings: vec![Place::from(&key)],
            ..About::default()
        };
        let mut item = ConfigurationItem::new(key, &about.captured_at);
        item.configuration = Value::object([("source", source.into())]);
        history.append(&Snapshot::new(about, vec![item]), None).unwrap();
    }
}

/// The files of a trail: one of each day with a call of that day on the group, a digest, and what is no file of a trail.
fn trail() -> Vec<(String, Vec<u8>)> {
    let place = format!("trail/AWSLogs/{}/CloudTrail", moto::ACCOUNT);
    let file = |day: u8, name: &str| {
        let record = serde_json::json!({
            "eventVersion": "1.11", "eventID": format!("e-{day}"), "eventTime": format!("2025-11-{day:02}T12:00:00Z"),
            "eventName": "AuthorizeSecurityGroupIngress", "eventSource": "ec2.amazonaws.com", "awsRegion": "eu-west-1",
            "readOnly": false, "recipientAccountId": moto::ACCOUNT, "userIdentity": {"type": "Root"},
            "requestParameters": {"groupId": name},
        });
        let body = serde_json::json!({"Records": [record]}).to_string().into_bytes();
        let account = moto::ACCOUNT;
        (format!("{place}/eu-west-1/2025/11/{day:02}/{account}_CloudTrail_eu-west-1_202511{day:02}T1215Z_a.json"), body)
    };
    let mut files: Vec<_> = (1..=9).map(|day| file(day, GROUP)).collect();
    files.push((format!("{place}-Digest/eu-west-1/2025/11/03/digest.json"), b"{}".to_vec()));
    files.push((format!("{place}/us-east-1/2024/11/03/old.json"), b"another year's".to_vec()));
    files.push(("trail/read me.txt".to_owned(), b"no file of a trail".to_vec()));
    files
}

#[test]
fn a_trails_bucket_says_who_made_a_change() {
    if std::env::var_os(moto::SKIP).is_some_and(|value| value == "1") {
        return;
    }
    let moto = Moto::start();
    fill(&moto, &trail());
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("assize.db");
    let address = format!("s3://{BUCKET}/logs/trail");
    let told = |events: &str| -> (Json, Vec<String>) {
        // What was found is kept: each question has a store of its own.
        fs::remove_file(&store).ok();
        opened(&store);
        moto.requests();
        let arguments = ["history", GROUP, "--store", store.to_str().unwrap(), "--events", events, "-f", "json"];
        let ran = assize_at(&moto, &arguments);
        let (code, errors) = said(&ran);
        assert_eq!(code, Some(0), "{errors}");
        let told: Json = serde_json::from_slice(&ran.stdout).unwrap();
        let notes = told["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap().to_owned()).collect();
        let changed = told["entries"].as_array().unwrap().iter().find(|entry| entry["change"] == "changed").unwrap();
        (changed.get("relatedEvents").cloned().unwrap_or_default(), notes)
    };
    // Nothing but what the policy of `assize permissions --import` allows is asked for.
    let allowed = ["sts:GetCallerIdentity", "s3:HeadBucket", "s3:ListObjectsV2", "s3:GetObject"];
    let allowed: BTreeSet<String> = allowed.map(str::to_owned).into();
    moto.wall(Some(&allowed), &BTreeMap::new());
    assert_eq!(told(&address), (serde_json::json!(["e-3"]), Vec::new()));
    let requests = moto.requests();
    // The looks are of the mornings of the third and the fourth, and a file may be a day late.
    assert_eq!(requests["s3:GetObject"], 2, "{requests:?}");
    // The folders down to those of the regions, and in the one that is of that year down to three days; the list of the
    // month has three pages.
    assert_eq!(requests["s3:ListObjectsV2"], 13, "{requests:?}");

    // What could not be read is told, and says of no change that nobody made it.
    moto.wall(None, &BTreeMap::from([("s3:GetObject 20251103T1215Z", "deny")]));
    let (events, notes) = told(&address);
    assert_eq!((events, notes.len()), (Json::Null, 1), "{notes:?}");
    assert!(notes[0].contains("_20251103T1215Z_a.json") && notes[0].contains("s3:GetObject"), "{notes:?}");
    moto.wall(None, &BTreeMap::from([("s3:ListObjectsV2 2025%2F11%2F03%2F", "deny")]));
    let (events, notes) = told(&address);
    assert_eq!((events, notes.len()), (Json::Null, 1), "{notes:?}");
    assert!(notes[0].contains("2025/11/03/") && notes[0].contains("AccessDenied"), "{notes:?}");
    moto.wall(None, &BTreeMap::from([("s3:GetObject", "truncate")]));
    let (events, notes) = told(&address);
    assert_eq!((events, notes.len()), (Json::Null, 2), "{notes:?}");
    moto.wall(None, &BTreeMap::from([("s3:ListObjectsV2", "deny")]));
    let (events, notes) = told(&address);
    assert_eq!(events, Json::Null);
    assert!(notes[0].starts_with(&format!("no events could be read from {address}: ")), "{notes:?}");
    moto.wall(None, &BTreeMap::new());
    let (events, notes) = told(&format!("s3://{BUCKET}/logs/nothing"));
    assert_eq!(events, Json::Null);
    assert!(notes[0].contains("holds no file of a trail of that time"), "{notes:?}");
}
