//! Delivery to a topic and a bucket, by a role of its own, and what becomes of it when they refuse.

use std::collections::BTreeMap;
use std::fs;
use std::process::Output;

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::block_on;
use crate::moto::{self, Moto};
use crate::scan::assize_at;
use crate::seed::{HOME, Typed};

struct Watched {
    moto: Moto,
    folder: TempDir,
    made: BTreeMap<String, String>,
}

impl Watched {
    fn new() -> Option<Self> {
        if std::env::var_os(moto::SKIP).is_some_and(|value| value == "1") {
            return None;
        }
        let moto = Moto::start();
        let made = moto.python("deliver.py", &["make"], &BTreeMap::new());
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "store: assize.db\nrules: [s3-bucket-versioning-enabled]\ndeliver:\n  sns: {}\n  s3: s3://amzn-s3-demo-bucket/logs\n  \
                role_arn: arn:aws:iam::111122223333:role/deliver\n",
            made["topic"]
        );
        fs::write(folder.path().join("assize.yaml"), config).unwrap();
        Some(Self { moto, folder, made })
    }

    fn run(&self, command: &[&str]) -> Output {
        let config = self.folder.path().join("assize.yaml");
        let store = self.folder.path().join("assize.db");
        let settings = ["--config", config.to_str().unwrap(), "--store", store.to_str().unwrap()];
        assize_at(&self.moto, &[command, &settings].concat())
    }

    /// The messages of the queue in their order, and the keys of the bucket.
    fn take(&self) -> (Vec<Json>, Vec<String>) {
        let told = self.moto.python("deliver.py", &["take"], &self.made);
        let messages = told.iter().filter(|(name, _)| name.starts_with("message ")).map(|(_, body)| {
            let envelope: Json = serde_json::from_str(body).unwrap();
            assert!(envelope["Subject"].as_str().unwrap().len() <= 100);
            serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap()
        });
        let keys = told.keys().filter_map(|name| name.strip_prefix("object ")).map(str::to_owned);
        (messages.collect(), keys.collect())
    }

    fn bucket(&self, name: &str, make: bool) {
        let s3 = Typed::new(&self.moto, HOME).s3;
        block_on(async {
            if make {
                s3.create_bucket().bucket(name).send().await.unwrap();
            } else {
                s3.delete_bucket().bucket(name).send().await.unwrap();
            }
        });
    }
}

/// The kind of a message and the resource that it is about.
fn kinds(messages: &[Json]) -> Vec<String> {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let one = |message: &Json| {
        let id = [&message["configurationItem"]["resourceId"], &message["resourceId"]].map(text).concat();
        let change = text(&message["configurationItemDiff"]["changeType"]);
        format!("{} {id} {change}", text(&message["messageType"])).trim().to_owned()
    };
    messages.iter().map(one).collect()
}

fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn what_is_new_reaches_a_topic_and_a_bucket() {
    let Some(watched) = Watched::new() else { return };
    let scan = ["scan", "--region", HOME];
    for name in ["ledger", "scratch"] {
        watched.bucket(name, true);
    }
    let (code, told) = said(&watched.run(&scan));
    assert_eq!(code, Some(1), "{told}");
    let (messages, keys) = watched.take();
    let first = kinds(&messages);
    // What the first look finds is told by the files, and what is wrong with it by the rules.
    assert!(first.iter().all(|kind| !kind.starts_with("ConfigurationItemChangeNotification")), "{first:?}");
    assert_eq!(first.first().unwrap(), "ConfigRulesEvaluationStarted");
    assert!(first.contains(&"ComplianceChangeNotification ledger".to_owned()), "{first:?}");
    let completed = |kind: &str, messages: &[Json]| -> Vec<String> {
        let of_kind = messages.iter().filter(|message| message["messageType"] == kind);
        of_kind.map(|message| message["s3ObjectKey"].as_str().unwrap().to_owned()).collect()
    };
    let mut delivered = completed("ConfigurationSnapshotDeliveryCompleted", &messages);
    delivered.extend(completed("ConfigurationHistoryDeliveryCompleted", &messages));
    delivered.sort();
    assert!(!delivered.is_empty() && delivered.iter().all(|key| key.starts_with("logs/AWSLogs/111122223333/Config/")));
    assert_eq!(delivered, keys);
    // One comes and one goes, while the topic and then the bucket refuse.
    watched.bucket("scratch", false);
    watched.bucket("archive", true);
    watched.moto.wall(None, &BTreeMap::from([("sns:Publish", "deny"), ("s3:PutObject", "deny")]));
    let (code, told) = said(&watched.run(&scan));
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("sns:Publish") && told.contains("s3:PutObject") && told.contains("waiting for"), "{told}");
    let (messages, unchanged) = watched.take();
    assert_eq!((kinds(&messages), &unchanged), (Vec::new(), &keys));
    // The topic is back: what waited comes in its order, and says that the files do not.
    watched.moto.wall(None, &BTreeMap::from([("s3:PutObject", "deny")]));
    let (code, told) = said(&watched.run(&["deliver"]));
    assert_eq!(code, Some(2), "{told}");
    let (messages, _) = watched.take();
    let late = kinds(&messages);
    assert_eq!(
        &late[..4],
        [
            "ConfigurationItemChangeNotification archive CREATE",
            "ConfigurationItemChangeNotification scratch DELETE",
            "ConfigRulesEvaluationStarted",
            "ComplianceChangeNotification archive",
        ],
        "{late:?}"
    );
    assert!(late.contains(&"ConfigurationSnapshotDeliveryFailed".to_owned()), "{late:?}");
    // Then the bucket is: the files that waited are there, and are told.
    watched.moto.wall(None, &BTreeMap::new());
    let (code, told) = said(&watched.run(&["deliver"]));
    assert_eq!(code, Some(0), "{told}");
    let (messages, all) = watched.take();
    assert!(kinds(&messages).iter().all(|kind| kind.ends_with("DeliveryCompleted")), "{messages:?}");
    assert!(all.len() > keys.len() && keys.iter().all(|key| all.contains(key)), "{all:?}");
    let (code, told) = said(&watched.run(&["deliver"]));
    assert_eq!((code, told.as_str()), (Some(0), "0 messages delivered\n"));
    assert!(watched.take().0.is_empty(), "nothing is sent twice");
    // The bucket is one of AWS Config's: what is in it is read as such.
    let again = watched.folder.path().join("again.db");
    let import = ["import", "s3://amzn-s3-demo-bucket/logs", "--no-config", "--store", again.to_str().unwrap()];
    let (code, told) = said(&assize_at(&watched.moto, &import));
    assert!(matches!(code, Some(0 | 3)), "{told}");
    let known = assize::history::History::open_existing(&again).unwrap();
    assert_eq!(known.find("scratch").unwrap().len(), 1);
}
