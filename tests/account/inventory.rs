//! `assize inventory` on an account that has more than assize reads.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value as Json;

use crate::moto::{self, Moto};
use crate::scan::assize_at;

/// Two volumes, a tagged parameter of SSM, and a tagged queue, which is read.
const SEED: &str = r#"
import sys, boto3
session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1")
client = lambda service: session.client(service, endpoint_url=sys.argv[1])
for size in (1, 2):
    client("ec2").create_volume(AvailabilityZone="eu-west-1a", Size=size)
client("glue").create_database(DatabaseInput={"Name": "figures"}, Tags={"team": "shop"})
client("sqs").create_queue(QueueName="orders", tags={"team": "shop"})
"#;

fn inventory(moto: &Moto, arguments: &[&str]) -> (Json, i32) {
    let output = assize_at(moto, &[&["inventory", "--region", "eu-west-1", "--format", "json"], arguments].concat());
    let json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (json, output.status.code().unwrap())
}

fn of<'a>(json: &'a Json, list: &str, resource_type: &str) -> Vec<&'a Json> {
    json[list].as_array().unwrap().iter().filter(|one| one["resourceType"] == resource_type).collect()
}

#[test]
fn what_is_there_is_counted_and_what_is_not_read_is_named() {
    if std::env::var_os(moto::SKIP).is_some_and(|value| value == "1") {
        return;
    }
    let moto = Moto::start();
    let seeded = Command::new(moto.interpreter()).args(["-c", SEED, &moto.endpoint()]).status().unwrap();
    assert!(seeded.success());
    moto.requests();

    let denied = BTreeMap::from([("config:GetDiscoveredResourceCounts", "deny")]);
    moto.wall(None, &denied);
    let (json, code) = inventory(&moto, &[]);
    let [volumes] = of(&json, "types", "AWS::EC2::Volume")[..] else { panic!("one region was read") };
    assert_eq!((&volumes["awsRegion"], &volumes["resources"]), (&"eu-west-1".into(), &2.into()));
    assert_eq!(volumes["complete"], true);
    assert_eq!(of(&json, "types", "AWS::EC2::NatGateway")[0]["resources"], 0, "nothing is said to be nothing");
    let [database] = of(&json, "notCovered", "glue:database")[..] else { panic!("{json:#}") };
    assert_eq!(database["resources"], 1);
    assert_eq!(database["accountId"], moto::ACCOUNT);
    assert_eq!(database["seenBy"], serde_json::json!(["tag:GetResources"]));
    assert!(of(&json, "notCovered", "AWS::SQS::Queue").is_empty(), "a type that is read is no other");
    assert_eq!(json["notRead"], serde_json::json!([]));
    // In the region that was asked for, and where the partition's global resources are told.
    let gaps = json["gaps"].as_array().unwrap();
    assert!(gaps.iter().all(|gap| gap["operation"] == "config:GetDiscoveredResourceCounts"), "{gaps:#?}");
    let regions: Vec<_> = gaps.iter().map(|gap| gap["awsRegion"].as_str().unwrap()).collect();
    assert_eq!(regions, ["eu-west-1", "us-east-1"]);
    assert!(gaps.iter().all(|gap| gap["action"] == "config:GetDiscoveredResourceCounts"), "{gaps:#?}");
    assert_eq!(code, 3, "a call that was denied is a gap");
    let requests = moto.requests();
    assert_eq!(requests.iter().filter(|(call, _)| call.ends_with(":GetResources")).map(|(_, n)| n).sum::<u64>(), 2);
}
