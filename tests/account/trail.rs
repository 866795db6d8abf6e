//! `assize trail verify s3://…`: a trail's bucket, where digests have their signatures, and CloudTrail, which tells its keys.

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use serde_json::{Value as Json, json};

use crate::block_on;
use crate::digests::{BUCKET, Object, REGION, Signer, Trail, gzip, listed};
use crate::moto::{self, Moto};
use crate::scan::assize_at;
use crate::seed::Typed;

/// Half an hour after the latest digest.
const UNTIL: &str = "2024-10-01T13:30:00Z";

/// Fills a bucket of its own with what a trail delivered, and with what others did.
fn fill(moto: &Moto, trail: &Trail<'_>) {
    block_on(async {
        let s3 = Typed::new(moto, REGION).s3;
        let place =
            CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(REGION)).build();
        s3.create_bucket().bucket(BUCKET).create_bucket_configuration(place).send().await.unwrap();
        for (key, object) in &trail.objects {
            put(moto, key, object).await;
        }
        let config = "logs/AWSLogs/111122223333/Config/eu-west-1/2024/10/1/a.json.gz";
        s3.put_object().bucket(BUCKET).key(config).body(ByteStream::from_static(b"another's")).send().await.unwrap();
    });
}

async fn put(moto: &Moto, key: &str, Object { bytes, signature }: &Object) {
    let mut put =
        Typed::new(moto, REGION).s3.put_object().bucket(BUCKET).key(key).body(ByteStream::from(bytes.clone()));
    if let Some(signature) = signature {
        put = put.metadata("signature", signature).metadata("signature-algorithm", "SHA256withRSA");
    }
    put.send().await.unwrap();
}

fn verify(moto: &Moto, arguments: &[&str]) -> (Option<i32>, Json) {
    moto.requests();
    let place = format!("s3://{BUCKET}/logs");
    let until = ["--until", UNTIL].iter().filter(|_| !arguments.contains(&"--until"));
    let ran = assize_at(
        moto,
        &[&["trail", "verify", &place, "-f", "json"], arguments, &until.copied().collect::<Vec<_>>()].concat(),
    );
    let told = serde_json::from_slice(&ran.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&ran.stderr)));
    (ran.status.code(), told)
}

fn problems(told: &Json) -> Vec<(&str, &str, &str)> {
    let chains = told["chains"].as_array().unwrap().iter();
    let problems = chains.flat_map(|chain| chain["problems"].as_array().unwrap());
    problems
        .map(|problem| ["object", "state", "reason"].map(|name| problem[name].as_str().unwrap()))
        .map(Into::into)
        .collect()
}

#[test]
fn a_trails_bucket_is_verified_to_its_latest_digest() {
    if std::env::var_os(moto::SKIP).is_some_and(|value| value == "1") {
        return;
    }
    let moto = Moto::start();
    let (cloudtrail, stranger) = (Signer::new("31e8b5433410dfb61a9dc45cc65b22ff"), Signer::new("00ff"));
    let mut trail = Trail::new(&cloudtrail);
    trail.prefix = "logs/".to_owned();
    let mut trail = trail.after(2);
    trail.stop(3);
    let mut trail = trail.after(2);
    fill(&moto, &trail);
    let key = |signer: &Signer| {
        let mut key = signer.listed();
        // Seconds since 1970, as the API tells them: September and October 2024.
        (key["ValidityStartTime"], key["ValidityEndTime"]) = (json!(1_725_148_800), json!(1_730_419_200));
        key
    };
    let other = Signer::new("another key of that time");
    moto.facts(&json!({ "publicKeys": { REGION: [key(&other), key(&cloudtrail)] } }));

    // Nothing but what the policy of `assize permissions --trail` allows is asked for.
    let allowed =
        ["sts:GetCallerIdentity", "s3:HeadBucket", "s3:ListObjectsV2", "s3:GetObject", "cloudtrail:ListPublicKeys"];
    moto.wall(Some(&allowed.map(str::to_owned).into()), &BTreeMap::new());
    let (code, told) = verify(&moto, &[]);
    // All that is there is valid, and there is a time of which nothing is.
    assert_eq!((code, problems(&told)), (Some(3), vec![]), "{told:#}");
    assert_eq!((&told["digests"]["valid"], &told["logFiles"]["valid"]), (&json!(4), &json!(8)));
    assert_eq!(told["chains"][0]["breaks"], json!([{"from": "2024-10-01T08:00:00Z", "to": "2024-10-01T11:00:00Z"}]));
    let requests = moto.requests();
    assert_eq!((requests["s3:GetObject"], requests["cloudtrail:ListPublicKeys"]), (12, 2), "{requests:?}");
    // Up to now there should be many more.
    let (code, told) = verify(&moto, &["--until", "2099-01-01"]);
    assert_eq!((code, &told["chains"][0]["endsAt"]), (Some(3), &json!("2024-10-01T13:00:00Z")), "{told:#}");
    // A pause is told wherever the time that is asked for begins or ends in it.
    for (times, breaks) in [
        (["--since", "2024-10-01T06:30:00Z", "--until", "2024-10-01T10:30:00Z"], "2024-10-01T08:00:00Z"),
        (["--since", "2024-10-01T09:30:00Z", "--until", "2024-10-01T12:30:00Z"], "2024-10-01T09:30:00Z"),
    ] {
        let (code, told) = verify(&moto, &times);
        let breaks = json!([{ "from": breaks, "to": "2024-10-01T11:00:00Z" }]);
        assert_eq!((code, &told["chains"][0]["breaks"]), (Some(3), &breaks), "{told:#}");
    }
    // What was not asked for is neither read nor listed.
    moto.requests();
    let (code, told) = verify(&moto, &["--since", "2024-10-01T11:30:00Z", "--until", "2024-10-01T11:40:00Z"]);
    assert_eq!(
        (code, &told["digests"]["valid"], &told["logFiles"]["valid"]),
        (Some(0), &json!(1), &json!(2)),
        "{told:#}"
    );
    assert_eq!(moto.requests()["s3:GetObject"], 4, "a digest, the next one, and two log files");
    let keys = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(keys.path(), listed(&[&cloudtrail])).unwrap();
    let (code, _) = verify(&moto, &["--public-keys", keys.path().to_str().unwrap()]);
    assert_eq!((code, moto.requests().get("cloudtrail:ListPublicKeys")), (Some(3), None));

    // What could not be read, or had, is no verdict.
    moto.wall(None, &BTreeMap::from([("cloudtrail:ListPublicKeys", "deny")]));
    let (code, told) = verify(&moto, &[]);
    assert_eq!((code, &told["digests"]["notVerified"]), (Some(3), &json!(4)), "{told:#}");
    assert!(problems(&told).iter().all(|(_, _, reason)| *reason == "keys-unknown"), "{told:#}");
    let detail = told["chains"][0]["problems"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("it needs the permission cloudtrail:ListPublicKeys"), "{detail}");
    moto.wall(None, &BTreeMap::from([("s3:GetObject _20241001T0605Z_", "deny")]));
    let (code, told) = verify(&moto, &[]);
    assert_eq!((code, problems(&told)), (Some(3), vec![(trail.logs[0].as_str(), "not-verified", "unreadable")]));
    moto.wall(None, &BTreeMap::from([("s3:GetObject _20241001T080000Z", "deny")]));
    let (code, told) = verify(&moto, &[]);
    assert_eq!((code, problems(&told)[0]), (Some(3), (trail.digests[1].as_str(), "not-verified", "unreadable")));
    moto.wall(None, &BTreeMap::from([("s3:ListObjectsV2 CloudTrail-Digest%2Feu-west-1", "deny")]));
    let (code, told) = verify(&moto, &[]);
    assert_eq!((code, told["unlisted"].as_array().unwrap().len()), (Some(3), 1), "{told:#}");
    moto.wall(None, &BTreeMap::from([("s3:ListObjectsV2", "deny")]));
    let denied = assize_at(&moto, &["trail", "verify", &format!("s3://{BUCKET}/logs")]);
    let said = String::from_utf8_lossy(&denied.stderr).into_owned();
    assert!(denied.status.code() == Some(2) && said.contains("it needs the permission s3:ListBucket"), "{said}");
    moto.wall(None, &BTreeMap::new());

    // What was changed is found: a log file, one that is gone, and digests that somebody else signed.
    block_on(async {
        put(&moto, &trail.logs[0], &Object { bytes: gzip(b"{}"), signature: None }).await;
        let s3 = Typed::new(&moto, REGION).s3;
        s3.delete_object().bucket(BUCKET).key(&trail.logs[1]).send().await.unwrap();
    });
    let (code, told) = verify(&moto, &[]);
    let found = [(trail.logs[0].as_str(), "invalid", "hash-differs"), (trail.logs[1].as_str(), "missing", "not-found")];
    assert_eq!((code, problems(&told)), (Some(1), found.to_vec()));
    let latest = trail.digests[3].clone();
    trail.change(3, |content| content["logFiles"] = json!([]));
    block_on(put(&moto, &latest, &trail.objects[&latest]));
    let (code, told) = verify(&moto, &["--since", "2024-10-01T12:01:00Z"]);
    assert_eq!((code, problems(&told)), (Some(1), vec![(latest.as_str(), "invalid", "signature-invalid")]));
    assert_eq!(told["uncovered"], json!(trail.logs[6..]));
    trail.sign_again(2, &stranger);
    block_on(async {
        for key in &trail.digests[2..] {
            put(&moto, key, &trail.objects[key]).await;
        }
    });
    let (code, told) = verify(&moto, &["--since", "2024-10-01T11:30:00Z"]);
    let found = [&trail.digests[2], &trail.digests[3]].map(|key| (key.as_str(), "invalid", "key-unknown"));
    assert_eq!((code, problems(&told)), (Some(1), found.to_vec()));
}
