//! `assize trail verify` on folders: what CloudTrail delivered, and what became of it.

use std::fs;
use std::sync::LazyLock;

use serde_json::{Value as Json, json};

use crate::common::{Folder, Ran};
use crate::digests::{ACCOUNT, BUCKET, Objects, Signer, Trail, gzip, listed};

static CLOUDTRAIL: LazyLock<Signer> = LazyLock::new(|| Signer::new("31e8b5433410dfb61a9dc45cc65b22ff"));
static STRANGER: LazyLock<Signer> = LazyLock::new(|| Signer::new("8933b39ddc64d26d8e14ffbf6566fee4"));

/// The last digest of four hours has its signature only in the bucket. Up to here, all others can be verified.
const UNTIL: [&str; 2] = ["--until", "2024-10-01T08:30:00Z"];

fn trail() -> Trail<'static> {
    Trail::new(&CLOUDTRAIL).after(4)
}

/// A folder with a copy of the bucket, and CloudTrail's keys.
fn copy(objects: &Objects) -> Folder {
    let folder = Folder::new();
    for (key, object) in objects {
        folder.write(&format!("copy/{key}"), &object.bytes);
    }
    folder.write("keys.json", listed(&[&CLOUDTRAIL]));
    folder
}

fn verify_in(folder: &Folder, place: &str, arguments: &[&str]) -> Ran {
    folder.assize(&[&["trail", "verify", place, "--public-keys", "keys.json"], arguments].concat())
}

fn verify(trail: &Trail<'_>, arguments: &[&str]) -> (i32, Json) {
    let ran = verify_in(&copy(&trail.objects), "copy", &[&["-f", "json"], arguments].concat());
    assert!(ran.stderr().is_empty(), "{ran}");
    let told = ran.json();
    keeps_to_the_schema(&told);
    (ran.code(), told)
}

fn keeps_to_the_schema(told: &Json) {
    static VALIDATOR: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let schema: Json = serde_json::from_str(include_str!("../../docs/trail.schema.json")).expect("it is JSON");
        jsonschema::validator_for(&schema).expect("the schema is one")
    });
    let errors: Vec<String> =
        VALIDATOR.iter_errors(told).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new());
}

/// Of all problems the kind, the object, the state and the reason.
fn problems(told: &Json) -> Vec<[String; 4]> {
    let chains = told["chains"].as_array().expect("there are chains");
    let problems = chains.iter().flat_map(|chain| chain["problems"].as_array().expect("there are problems"));
    let text = |problem: &Json, name: &str| problem[name].as_str().expect("it is a text").to_owned();
    problems.map(|problem| ["kind", "object", "state", "reason"].map(|name| text(problem, name))).collect()
}

fn problem(kind: &str, object: &str, state: &str, reason: &str) -> [String; 4] {
    [kind, object, state, reason].map(str::to_owned)
}

fn counts([valid, invalid, missing, not_verified]: [usize; 4]) -> Json {
    json!({ "valid": valid, "invalid": invalid, "missing": missing, "notVerified": not_verified })
}

#[test]
fn what_was_delivered_is_valid() {
    let (code, told) = verify(&trail(), &UNTIL);
    assert_eq!((code, problems(&told)), (0, vec![]), "{told:#}");
    assert_eq!(told["outcome"], "valid");
    assert_eq!((&told["digests"], &told["logFiles"]), (&counts([3, 0, 0, 0]), &counts([6, 0, 0, 0])));
    let chain = &told["chains"][0];
    assert_eq!(chain["covers"], json!({"from": "2024-10-01T06:00:00Z", "to": "2024-10-01T09:00:00Z"}));
    assert_eq!((&chain["trail"], &chain["homeRegion"]), (&json!("audit_of_all"), &json!("eu-west-1")));
    assert_eq!((&chain["breaks"], &chain["goesOnBefore"]), (&json!([]), &Json::Null));
}

#[test]
fn the_latest_digest_of_a_folder_is_neither_valid_nor_invalid() {
    let trail = trail();
    let (code, told) = verify(&trail, &[]);
    assert_eq!(code, 3, "{told:#}");
    assert_eq!(problems(&told), [problem("digest", &trail.digests[3], "not-verified", "signature-unknown")]);
    assert_eq!((&told["digests"], &told["logFiles"]), (&counts([3, 0, 0, 1]), &counts([6, 0, 0, 2])));
    // What is wrong by its word is wrong all the same: one of the two was changed.
    let mut changed = Trail::new(&CLOUDTRAIL).after(4);
    changed.objects.remove(&trail.logs[7]);
    let (code, told) = verify(&changed, &[]);
    assert_eq!((code, &told["logFiles"]), (1, &counts([6, 0, 1, 1])), "{told:#}");
}

#[test]
fn log_files_that_were_changed_or_deleted_are_found() {
    let mut trail = trail();
    let [changed, deleted, longer, cut, plain] = [0, 1, 2, 3, 4].map(|at| trail.logs[at].clone());
    trail.objects.get_mut(&changed).unwrap().bytes = gzip(br#"{"Records": []}"#);
    trail.objects.remove(&deleted);
    // Another gzip stream behind the first is read by many, and its hash is not asked for.
    trail.objects.get_mut(&longer).unwrap().bytes.extend(gzip(br#"{"Records": []}"#));
    let bytes = &mut trail.objects.get_mut(&cut).unwrap().bytes;
    bytes.truncate(bytes.len() - 9);
    trail.objects.get_mut(&plain).unwrap().bytes = b"{}".to_vec();
    let (code, told) = verify(&trail, &UNTIL);
    let expected = [
        problem("log-file", &changed, "invalid", "hash-differs"),
        problem("log-file", &deleted, "missing", "not-found"),
        problem("log-file", &longer, "invalid", "malformed"),
        problem("log-file", &cut, "invalid", "malformed"),
        problem("log-file", &plain, "invalid", "malformed"),
    ];
    assert_eq!((code, problems(&told)), (1, expected.to_vec()));
    assert_eq!((&told["digests"], &told["logFiles"]), (&counts([3, 0, 0, 0]), &counts([1, 4, 1, 0])));
}

#[test]
fn a_digest_that_was_changed_is_found() {
    let mut early = trail();
    early.change(1, |content| content["logFiles"] = json!([]));
    let (code, told) = verify(&early, &UNTIL);
    assert_eq!((code, problems(&told)), (1, vec![problem("digest", &early.digests[1], "invalid", "hash-differs")]));
    // The log files that it does not name any more are in no digest.
    assert_eq!(told["uncovered"], json!(early.logs[2..4]));
    assert_eq!(told["digests"], counts([2, 1, 0, 0]));
    // By the word of the last one, which is not verified itself: one of the two was changed.
    let mut late = trail();
    late.change(2, |content| content["logFiles"] = json!([]));
    let (code, told) = verify(&late, &[]);
    let expected = [
        problem("digest", &late.digests[2], "invalid", "hash-differs"),
        problem("digest", &late.digests[3], "not-verified", "signature-unknown"),
    ];
    assert_eq!((code, problems(&told)), (1, expected.to_vec()));
    // What a changed digest says of another is no word against that.
    let mut liar = trail();
    liar.change(2, |content| {
        content["previousDigestHashValue"] = json!("00".repeat(32));
        content["previousDigestSignature"] = json!("00".repeat(256));
    });
    let (code, told) = verify(&liar, &UNTIL);
    let expected = [
        problem("digest", &liar.digests[1], "not-verified", "signature-unknown"),
        problem("digest", &liar.digests[2], "invalid", "hash-differs"),
    ];
    assert_eq!((code, problems(&told)), (1, expected.to_vec()));
    let mut broken = trail();
    broken.objects.get_mut(&broken.digests[1]).unwrap().bytes = gzip(b"{}");
    let (code, told) = verify(&broken, &UNTIL);
    assert_eq!(code, 1);
    assert!(problems(&told).contains(&problem("digest", &broken.digests[1], "invalid", "malformed")), "{told:#}");
}

#[test]
fn a_digest_that_says_it_is_of_another_time_is_not_passed_over() {
    for forged in ["2100-01-01T00:00:00Z", "1970-01-01T00:00:00Z"] {
        let mut trail = trail();
        trail.change(1, |content| {
            content["digestStartTime"] = json!(forged);
            content["digestEndTime"] = json!(forged);
        });
        let (code, told) = verify(&trail, &UNTIL);
        assert_eq!(code, 1, "{told:#}");
        let wrong = problems(&told);
        assert!(
            wrong.iter().any(|one| *one == problem("digest", &trail.digests[1], "invalid", "hash-differs")),
            "{wrong:?}"
        );
    }
}

#[test]
fn the_last_digest_that_is_asked_for_is_missed_when_it_is_gone() {
    let mut trail = trail();
    trail.objects.remove(&trail.digests[2]);
    let (code, told) = verify(&trail, &UNTIL);
    assert_eq!(code, 1, "{told:#}");
    assert!(problems(&told).contains(&problem("digest", &trail.digests[2], "missing", "not-found")), "{told:#}");
}

#[test]
fn a_log_file_is_judged_by_each_word_for_it() {
    let mut trail = trail();
    let mut content = trail.content(0);
    let log = content["logFiles"][0].clone();
    let mut other = log.clone();
    other["hashValue"] = json!("00".repeat(32));
    let logs = content["logFiles"].as_array_mut().unwrap();
    logs.extend([log, other]);
    let mut alone = Trail::new(&CLOUDTRAIL);
    alone.put(&trail.digests[0], &content);
    alone.objects.extend(trail.logs[..2].iter().map(|log| (log.clone(), trail.objects.remove(log).unwrap())));
    alone.now = "2024-10-01T07:00:00Z".parse().unwrap();
    let (code, told) = verify(&alone.after(2), &["--until", "2024-10-01T06:30:00Z"]);
    assert_eq!((code, &told["logFiles"]), (1, &counts([3, 1, 0, 0])), "{told:#}");
    assert_eq!(problems(&told), [problem("log-file", &trail.logs[0], "invalid", "hash-differs")]);
}

#[test]
fn a_digest_that_was_deleted_is_a_gap_in_the_chain() {
    let mut trail = trail();
    trail.objects.remove(&trail.digests[1]);
    let (code, told) = verify(&trail, &UNTIL);
    let expected = [
        // It was the one that had the signature of the first.
        problem("digest", &trail.digests[0], "not-verified", "signature-unknown"),
        problem("digest", &trail.digests[1], "missing", "not-found"),
    ];
    assert_eq!((code, problems(&told)), (1, expected.to_vec()));
    assert_eq!((&told["digests"], &told["uncovered"]), (&counts([1, 0, 1, 1]), &json!(trail.logs[2..4])));
}

#[test]
fn digests_that_somebody_else_signed_are_found() {
    // One in the middle does not fit the next.
    let mut one = trail();
    let [next, last] = [2, 3].map(|at| (one.digests[at].clone(), one.objects[&one.digests[at]].clone()));
    one.sign_again(1, &STRANGER);
    one.objects.extend([next, last]);
    let (code, told) = verify(&one, &UNTIL);
    assert_eq!((code, problems(&told)), (1, vec![problem("digest", &one.digests[1], "invalid", "hash-differs")]));
    // All from one on fit each other, and no key of CloudTrail's.
    let mut all = trail();
    all.sign_again(1, &STRANGER);
    let (code, told) = verify(&all, &UNTIL);
    let expected = [
        problem("digest", &all.digests[1], "not-verified", "key-unknown"),
        problem("digest", &all.digests[2], "not-verified", "key-unknown"),
    ];
    assert_eq!((code, problems(&told)), (3, expected.to_vec()));
    // With the name of a key that is CloudTrail's, there is no doubt.
    let impostor = Signer::new(&CLOUDTRAIL.fingerprint);
    let mut all = trail();
    all.sign_again(1, &impostor);
    let (code, told) = verify(&all, &UNTIL);
    let found = problems(&told);
    assert_eq!(code, 1, "{told:#}");
    assert_eq!(found[1], problem("digest", &all.digests[2], "invalid", "signature-invalid"));
}

#[test]
fn digests_out_of_their_order_are_found() {
    // Each in the place of the other.
    let mut trail = trail();
    let [one, two] = [1, 2].map(|at| trail.digests[at].clone());
    let [first, second] = [&one, &two].map(|key| trail.objects[key].clone());
    trail.objects.extend([(one.clone(), second), (two.clone(), first)]);
    let (code, told) = verify(&trail, &UNTIL);
    assert_eq!(code, 1);
    let found = problems(&told);
    assert!(found.contains(&problem("digest", &one, "invalid", "moved")), "{found:?}");
    assert!(found.contains(&problem("digest", &two, "invalid", "moved")), "{found:?}");
    // One that names a later one, or itself, as the one before.
    let mut trail = Trail::new(&CLOUDTRAIL).after(4);
    let later = trail.digests[3].clone();
    trail.change(1, |content| content["previousDigestS3Object"] = json!(later));
    let (code, told) = verify(&trail, &UNTIL);
    assert_eq!(
        (code, problems(&told).contains(&problem("digest", &trail.digests[1], "invalid", "out-of-order"))),
        (1, true)
    );
    // One under another name: a forged hour.
    let mut trail = Trail::new(&CLOUDTRAIL).after(4);
    let forged = trail.digests[1].replace("T080000Z", "T083000Z");
    trail.objects.insert(forged.clone(), trail.objects[&trail.digests[1]].clone());
    let (code, told) = verify(&trail, &UNTIL);
    assert_eq!((code, problems(&told)), (1, vec![problem("digest", &forged, "invalid", "moved")]));
}

#[test]
fn a_trail_that_was_stopped_begins_a_new_chain() {
    let mut trail = Trail::new(&CLOUDTRAIL).after(2);
    trail.stop(5);
    let trail = trail.after(3);
    let (code, told) = verify(&trail, &["--until", "2024-10-01T14:30:00Z"]);
    assert_eq!(code, 3, "{told:#}");
    // The last one before the pause has its signature in the bucket alone.
    assert_eq!(problems(&told), [problem("digest", &trail.digests[1], "not-verified", "signature-unknown")]);
    assert_eq!(told["chains"][0]["breaks"], json!([{"from": "2024-10-01T08:00:00Z", "to": "2024-10-01T13:00:00Z"}]));
    // What is before a copy is told, and is not missing; what is asked for is.
    let mut rest = Trail::new(&CLOUDTRAIL).after(5);
    rest.objects.remove(&rest.digests[0]);
    rest.logs[..2].iter().for_each(|log| _ = rest.objects.remove(log));
    let until = ["--until", "2024-10-01T09:30:00Z"];
    let (code, told) = verify(&rest, &until);
    assert_eq!((code, &told["chains"][0]["goesOnBefore"]), (0, &json!(rest.digests[0])), "{told:#}");
    let (code, told) = verify(&rest, &[&until[..], &["--since", "2024-10-01T06:30:00Z"]].concat());
    assert_eq!((code, problems(&told)), (1, vec![problem("digest", &rest.digests[0], "missing", "not-found")]));
    let (code, _) = verify(&rest, &[&until[..], &["--since", "2024-10-01T07:30:00Z"]].concat());
    assert_eq!(code, 0);
}

#[test]
fn where_a_trail_ends_before_the_time_is_told() {
    // Whoever deletes the latest digests and log files leaves nothing that names them.
    let mut trail = Trail::new(&CLOUDTRAIL).after(6);
    let until = ["--until", "2024-10-01T11:30:00Z"];
    for key in trail.digests.split_off(3).into_iter().chain(trail.logs.split_off(6)) {
        trail.objects.remove(&key);
    }
    let (code, told) = verify(&trail, &until);
    assert_eq!((code, &told["chains"][0]["endsAt"]), (3, &json!("2024-10-01T09:00:00Z")), "{told:#}");
    let (_, told) = verify(&trail, &["--until", "2024-10-01T10:30:00Z"]);
    assert_eq!(told["chains"][0]["endsAt"], Json::Null, "the next one may be late");
}

#[test]
fn digests_of_late_files_are_a_chain_of_their_own() {
    let mut trail = trail();
    let mut late = Trail::new(&CLOUDTRAIL);
    late.is_backfill = true;
    let mut late = late.after(2);
    // They name what came too late for the others.
    for (key, object) in late.objects.clone() {
        trail.objects.insert(key, object);
    }
    trail.change(0, |content| content["logFiles"] = json!([]));
    let (code, told) = verify(&trail, &["--until", "2024-10-01T06:30:00Z"]);
    let chains = &told["chains"];
    assert_eq!((code, chains.as_array().unwrap().len(), &chains[1]["backfill"]), (1, 2, &json!(true)), "{told:#}");
    assert_eq!((&chains[1]["digests"], &chains[1]["logFiles"]), (&counts([1, 0, 0, 0]), &counts([2, 0, 0, 0])));
    assert_eq!(told["uncovered"], json!([]));
    late.objects.remove(&late.digests[0]);
    let (code, told) = verify(&late, &["--since", "2024-10-01T06:30:00Z"]);
    assert_eq!((code, &told["digests"]), (1, &counts([0, 0, 1, 1])), "{told:#}");
}

#[test]
fn log_files_that_no_digest_names_are_told() {
    let mut trail = trail();
    let forged = trail.logs[2].replace("_0000000000000000", "_forged0000000000");
    let fresh = trail.logs[7].replace("T0915Z", "T1030Z");
    let late = trail.logs[7].replace("T0915Z", "T1230Z");
    for key in [&forged, &fresh, &late] {
        trail.objects.insert(key.clone(), trail.objects[&trail.logs[0]].clone());
    }
    let (code, told) = verify(&trail, &[]);
    assert_eq!((code, &told["uncovered"], &told["waiting"]), (3, &json!([forged, late]), &json!([fresh])));
    let (code, told) = verify(&trail, &UNTIL);
    assert_eq!((code, &told["uncovered"]), (3, &json!([forged])));
    // A log file does not say which trail it is of.
    let (code, told) = verify(&trail, &[&UNTIL[..], &["--trail", "audit_of_all"]].concat());
    assert_eq!((code, &told["uncovered"]), (0, &json!([])));
}

#[test]
fn a_part_of_a_bucket_is_enough() {
    let mut trail = Trail::new(&CLOUDTRAIL);
    trail.prefix = "logs/of trails/".to_owned();
    let folder = copy(&trail.after(4).objects);
    let told = |place: &str| {
        let ran = verify_in(&folder, place, &[&UNTIL[..], &["-f", "json"]].concat());
        (ran.code(), ran.json()["logFiles"].clone(), ran.json()["uncovered"].clone())
    };
    let whole = (0, counts([6, 0, 0, 0]), json!([]));
    assert_eq!(told("copy"), whole);
    assert_eq!(told("."), whole, "a folder of copies");
    assert_eq!(told("copy/logs/of trails/AWSLogs"), whole);
    let account = format!("copy/logs/of trails/AWSLogs/{ACCOUNT}");
    assert_eq!(told(&account), whole);
    // Log files that are not in the copy cannot be missing from it.
    assert_eq!(told(&format!("{account}/CloudTrail-Digest")), (3, counts([0, 0, 0, 6]), json!([])));
}

#[test]
fn each_region_and_trail_is_told_and_chosen() {
    let mut objects = trail().objects;
    let mut other = Trail::new(&CLOUDTRAIL);
    (other.region, other.name) = ("us-east-1".to_owned(), "second".to_owned());
    objects.extend(other.after(4).objects);
    let folder = copy(&objects);
    let names = |arguments: &[&str]| -> Vec<String> {
        let told = verify_in(&folder, "copy", &[&UNTIL[..], &["-f", "json"], arguments].concat()).json();
        let chains = told["chains"].as_array().unwrap().iter();
        chains
            .map(|chain| format!("{} {}", chain["awsRegion"].as_str().unwrap(), chain["trail"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(names(&[]), ["eu-west-1 audit_of_all", "us-east-1 second"]);
    assert_eq!(names(&["--region", "us-east-1", "--account", ACCOUNT]), ["us-east-1 second"]);
    assert_eq!(names(&["--trail", "audit_of_all"]), ["eu-west-1 audit_of_all"]);
    let none = verify_in(&folder, "copy", &["--account", "444455556666"]);
    assert_eq!(none.code(), 2);
    insta::assert_snapshot!("nothing of that account", none);
}

#[test]
fn nothing_outside_of_the_folder_is_read_and_nothing_is_too_large() {
    let mut trail = trail();
    // A digest that names what is elsewhere, as an attacker who signs would write it: by a key that is taken for CloudTrail's.
    let outside = ["../secret.json.gz", "/etc/hostname", "AWSLogs/../../secret.json.gz"];
    let mut content = trail.content(0);
    let log = content["logFiles"][0].clone();
    let named = outside.iter().map(|key| {
        let mut log = log.clone();
        log["s3Object"] = json!(key);
        log
    });
    let mut logs: Vec<Json> = named.collect();
    let mut other = log.clone();
    other["s3Bucket"] = json!("amzn-s3-demo-bucket2");
    logs.push(other);
    content["logFiles"] = json!(logs);
    let mut alone = Trail::new(&CLOUDTRAIL);
    let key = trail.digests[0].clone();
    alone.put(&key, &content);
    alone.now = "2024-10-01T07:00:00Z".parse().unwrap();
    let alone = alone.after(2);
    let folder = copy(&alone.objects);
    folder.write("secret.json.gz", &trail.objects[&trail.logs[0]].bytes);
    let ran = verify_in(&folder, "copy", &["--until", "2024-10-01T06:30:00Z", "-f", "json"]);
    let told = ran.json();
    assert_eq!((ran.code(), &told["logFiles"]), (1, &counts([0, 0, 3, 1])), "{told:#}");

    // A bomb, and a link.
    let bomb = gzip(&vec![b' '; (64 << 20) + 1]);
    trail.objects.get_mut(&trail.digests[1]).unwrap().bytes = bomb;
    let folder = copy(&trail.objects);
    let linked = folder.path().join("copy").join(&trail.logs[0]);
    fs::rename(&linked, folder.path().join("elsewhere")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), &linked).unwrap();
    let ran = verify_in(&folder, "copy", &[&UNTIL[..], &["-f", "json"]].concat());
    let found = problems(&ran.json());
    assert!(found.contains(&problem("digest", &trail.digests[1], "not-verified", "unreadable")), "{found:?}");
    #[cfg(unix)]
    assert!(found.contains(&problem("log-file", &trail.logs[0], "not-verified", "unreadable")), "{found:?}");
}

#[test]
fn a_person_reads_what_is_wrong() {
    let mut trail = trail();
    trail.objects.get_mut(&trail.logs[0]).unwrap().bytes = gzip(b"changed");
    trail.objects.remove(&trail.logs[3]);
    trail.change(2, |content| content["digestS3Object"] = json!("\u{1b}[2J\u{202e}elsewhere\n::error::"));
    let forged = trail.logs[2].replace("_0000000000000000", "_forged0000000000");
    trail.objects.insert(forged, trail.objects[&trail.logs[2]].clone());
    insta::assert_snapshot!("a trail that was changed", verify_in(&copy(&trail.objects), "copy", &[]));
    insta::assert_snapshot!(
        "a trail that is whole",
        verify_in(&copy(&Trail::new(&CLOUDTRAIL).after(4).objects), "copy", &UNTIL)
    );
}

#[test]
fn what_cannot_be_done_says_why() {
    let folder = copy(&trail().objects);
    folder.write("wrong.json", b"{}");
    folder.write("broken.json", br#"{"PublicKeyList": [{"Value": "!", "Fingerprint": "abc"}]}"#);
    let ran = |arguments: &[&str]| folder.assize(&[&["trail", "verify"], arguments].concat());
    insta::assert_snapshot!("no file of keys", ran(&["copy", "--public-keys", "wrong.json"]));
    insta::assert_snapshot!("a key that is none", ran(&["copy", "--public-keys", "broken.json"]));
    insta::assert_snapshot!("no folder", ran(&["elsewhere", "--public-keys", "keys.json"]));
    insta::assert_snapshot!("nobody to ask for keys", ran(&["copy"]));
    insta::assert_snapshot!("no time", ran(&["copy", "--since", "yesterday"]));
    insta::assert_snapshot!(
        "an end before the beginning",
        ran(&["copy", "--since", "2024-10-02", "--until", "2024-10-01"])
    );
    let policy = folder.assize(&["permissions", "--trail", &format!("s3://{BUCKET}/logs")]);
    insta::assert_snapshot!("a policy for a trail", policy);
}
