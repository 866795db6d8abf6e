//! `--iac-state s3://…`: a state of Terraform in the bucket of its backend, read with the credentials of the scan.

use std::collections::BTreeMap;
use std::fs;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use serde_json::{Value as Json, json};

use crate::block_on;
use crate::moto::{self, Moto};
use crate::scan::assize_at;
use crate::seed::{OTHER, Typed};

const STATES: &str = "amzn-s3-demo-states";
const LOGS: &str = "amzn-s3-demo-logs";
const KEY: &str = "prod/shop/terraform.tfstate";

const MAIN: &str = r#"terraform {
  backend "s3" {
    bucket = "amzn-s3-demo-states"
    key    = "prod/shop/terraform.tfstate"
  }
}

resource "aws_s3_bucket" "logs" {
  bucket_prefix = "amzn-s3-demo-"
}
"#;

#[test]
fn a_state_in_a_bucket_leads_to_the_block() {
    if std::env::var_os(moto::SKIP).is_some_and(|value| value == "1") {
        return;
    }
    let moto = Moto::start();
    let state = json!({"version": 4, "resources": [{
        "mode": "managed", "type": "aws_s3_bucket", "name": "logs",
        "instances": [{"attributes": {"id": LOGS, "bucket": LOGS, "arn": format!("arn:aws:s3:::{LOGS}")}}],
    }]});
    block_on(async {
        let s3 = Typed::new(&moto, OTHER).s3;
        for bucket in [STATES, LOGS] {
            let place =
                CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(OTHER)).build();
            s3.create_bucket().bucket(bucket).create_bucket_configuration(place).send().await.unwrap();
        }
        let body = ByteStream::from(state.to_string().into_bytes());
        s3.put_object().bucket(STATES).key(KEY).body(body).send().await.unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(".git/HEAD", "x");
    write("infra/shop/main.tf", MAIN);
    let infra = folder.path().join("infra");
    let object = format!("s3://{STATES}/{KEY}");
    let scan = |state: &str| {
        let flags = ["scan", "--rule", "s3-bucket-versioning-enabled", "-f", "json", "--region", OTHER];
        assize_at(&moto, &[&flags[..], &["--iac", infra.to_str().unwrap(), "--iac-state", state]].concat())
    };
    moto.requests();
    let output = scan(&object);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(moto.requests()["s3:GetObject"], 1, "the state, and nothing else");
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    let found = report["evaluations"].as_array().unwrap().iter().find(|one| one["resourceId"] == LOGS).unwrap();
    let definition = &found["definition"];
    assert_eq!(definition["file"], "infra/shop/main.tf", "{found}");
    assert_eq!(definition["line"], 8, "{found}");
    assert_eq!(definition["address"], "aws_s3_bucket.logs");
    assert_eq!((&definition["mapping"], &definition["certainty"]), (&json!("terraform-arn"), &json!("certain")));

    // What cannot be read is told before the account is asked for anything.
    let failed = |state: &str| {
        let output = scan(state);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, missing) = failed(&format!("s3://{STATES}/none"));
    assert!(code == Some(2) && missing.contains("s3://amzn-s3-demo-states/none"), "{code:?} {missing}");
    moto.wall(None, &BTreeMap::from([("s3:GetObject", "deny")]));
    let (code, denied) = failed(&object);
    assert!(code == Some(2) && denied.contains("s3:GetObject in eu-west-1 answered AccessDenied"), "{code:?} {denied}");
}
