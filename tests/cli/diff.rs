//! What is different between two files: formats, exit codes, what cannot be compared.

use assize::history::History;
use assize::snapshot::Snapshot;
use serde_json::Value as Json;

use crate::common::{Folder, data};

/// A folder with a snapshot, and the same a day later: one volume more, one less, one changed; one region in place of
/// the old lets nobody list.
fn folder() -> Folder {
    let folder = Folder::new();
    let before = std::fs::read_to_string(data("cli/findings.jsonl")).expect("the data is there");
    folder.write("before.jsonl", &before);
    let after = before
        .replace("2026-01-02T03:04:05.678Z", "2026-01-03T03:04:05.678Z")
        .replace("vol-0000000000000000c", "vol-0000000000000000d")
        .replacen("\"encrypted\": true", "\"encrypted\": false", 1);
    assert_ne!(before, after);
    folder.write("after.jsonl", after);
    folder.write("denied.jsonl", std::fs::read_to_string(data("cli/unlisted.jsonl")).expect("the data is there"));
    folder
}

/// The same with a report of each.
fn judged() -> Folder {
    let folder = folder();
    for name in ["before", "after"] {
        let output = format!("json={name}.json");
        folder.assize(&["evaluate", &format!("{name}.jsonl"), "--rule", "encrypted-volumes", "-o", &output]);
    }
    folder
}

#[test]
fn two_snapshots_on_the_terminal() {
    insta::assert_snapshot!(folder().assize(&["diff", "before.jsonl", "after.jsonl"]));
}

#[test]
fn a_listing_that_was_denied_deletes_nothing() {
    insta::assert_snapshot!(folder().assize(&["diff", "before.jsonl", "denied.jsonl"]));
}

#[test]
fn two_reports_on_the_terminal() {
    insta::assert_snapshot!(judged().assize(&["diff", "before.json", "after.json"]));
}

#[test]
fn each_exit_code() {
    let folder = judged();
    for (from, to, flags, code, why) in [
        ("before.jsonl", "after.jsonl", &[][..], 0, "differences are no failure by themselves"),
        ("before.jsonl", "after.jsonl", &["--exit-code"], 1, "they are when asked for"),
        ("before.jsonl", "before.jsonl", &["--exit-code"], 0, "nothing is different"),
        ("before.json", "after.json", &["--exit-code"], 1, "answers are different"),
        ("before.json", "before.json", &["--exit-code"], 0, "no answer is different"),
        ("before.json", "after.jsonl", &[], 2, "a report and a snapshot cannot be compared"),
        ("before.jsonl", "after.jsonl", &["--format", "sarif"], 2, "a snapshot has no findings"),
        ("before.jsonl", "none.jsonl", &[], 2, "there is no such file"),
    ] {
        let ran = folder.assize(&[&["diff", from, to], flags].concat());
        assert_eq!(ran.code(), code, "{why}: {ran}");
    }
    assert_eq!(folder.assize(&["diff"]).code(), 2, "nothing to compare");
}

#[test]
fn every_format_is_written_at_once() {
    let folder = judged();
    let outputs = ["json=d.json", "jsonl=d.jsonl", "markdown=d.md", "sarif=d.sarif", "terminal=d.txt"];
    let outputs: Vec<&str> = outputs.iter().flat_map(|output| ["-o", output]).collect();
    let ran = folder.assize(&[&["diff", "before.json", "after.json"], outputs.as_slice()].concat());
    assert_eq!(folder.read("d.txt"), ran.stdout(), "{ran}");
    let json: Json = serde_json::from_str(&folder.read("d.json")).expect("it is JSON");
    assert_eq!(json["format"], "assize-diff");
    let messages = folder.read("d.jsonl");
    assert!(messages.lines().count() > 0 && messages.lines().all(|line| line.contains("ComplianceChangeNotification")));
    assert!(folder.read("d.md").starts_with("# What changed\n"));
    let sarif: Json = serde_json::from_str(&folder.read("d.sarif")).expect("it is JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert!(results.iter().all(|result| result["baselineState"].is_string()));
    let states: Vec<&str> = results.iter().filter_map(|result| result["baselineState"].as_str()).collect();
    assert!(states.contains(&"new") && states.contains(&"unchanged"), "{states:?}");
    // A diff is not a report that can be compared again.
    assert_eq!(folder.assize(&["diff", "d.json", "after.json"]).code(), 2);
}

#[test]
fn a_store_is_compared_by_moments_and_with_files() {
    let folder = folder();
    let mut history = History::open(folder.path().join("store.db")).expect("a store can be made");
    for name in ["before.jsonl", "after.jsonl"] {
        let snapshot = Snapshot::read(folder.read(name).as_bytes()).expect("it is a snapshot");
        history.append(&snapshot, None).expect("it can be appended");
    }
    drop(history);
    let files = folder.assize(&["diff", "before.jsonl", "after.jsonl", "--format", "jsonl"]);
    assert_eq!(files.stdout().lines().count(), 3, "{files}");
    for words in [
        &[][..],
        &["latest~1"],
        &["1", "2"],
        &["2026-01-02T12:00Z", "2026-01-04"],
        &["before.jsonl", "latest"],
        &["latest~1", "after.jsonl"],
    ] {
        let arguments = [&["diff", "--store", "store.db", "--format", "jsonl"], words].concat();
        let ran = folder.assize(&arguments);
        assert_eq!((ran.code(), ran.stdout().lines().count()), (0, 3), "{words:?}: {ran}");
    }
    let unknown = folder.assize(&["diff", "--store", "store.db", "yesterday"]);
    assert_eq!(unknown.code(), 2, "{unknown}");
}

/// A store of four scans: a day later a volume is another one and one is gone, then a parameter is another, then a
/// deviation is accepted.
fn scanned() -> Folder {
    let folder = folder();
    let later = |day: &str| folder.read("after.jsonl").replace("2026-01-03T", &format!("2026-01-{day}T"));
    folder.write("third.jsonl", later("04"));
    folder.write("fourth.jsonl", later("05"));
    let config = "rules:\n  - encrypted-volumes\nexemptions:\n  - rules: [encrypted-volumes]\n    \
        resource: {id: vol-0000000000000000a}\n    reason: it holds test data\n    owner: data team\n    expires: 2099-01-31\n";
    folder.write("accepted.yaml", config);
    let parameter = &["--param", "kmsId=1234abcd-12ab-34cd-56ef-1234567890ab"];
    for (file, more) in [
        ("before.jsonl", &[][..]),
        ("after.jsonl", &[]),
        ("third.jsonl", parameter),
        ("fourth.jsonl", &[parameter, &["--config", "accepted.yaml"][..]].concat()),
    ] {
        let ran =
            folder.assize(&[&["evaluate", file, "--store", "store.db", "--rule", "encrypted-volumes"], more].concat());
        assert!([0, 1].contains(&ran.code()), "{file}: {ran}");
    }
    folder
}

#[test]
fn two_scans_of_a_store_tell_findings_and_why() {
    let folder = scanned();
    let diff = |from: &str, to: &str| folder.assize(&["diff", "--store", "store.db", from, to]);
    insta::assert_snapshot!("scans between which resources changed", diff("1", "2"));
    insta::assert_snapshot!("scans between which a parameter changed", diff("2", "3"));
    insta::assert_snapshot!("scans between which a deviation was accepted", diff("latest~1", "latest"));
    // The file of the second scan has no findings of its own, and neither side tells any.
    let with_file = folder.assize(&["diff", "--store", "store.db", "1", "after.jsonl", "-f", "json"]).json();
    assert_eq!((&with_file["evaluations"], &with_file["rules"]), (&serde_json::json!([]), &serde_json::json!([])));
    // A saved report can be held against the store.
    folder.assize(&["report", "--store", "store.db", "--at", "1", "-o", "json=first.json"]);
    let with_report = folder.assize(&["diff", "--store", "store.db", "first.json", "2", "-f", "json"]).json();
    let of_store = folder.assize(&["diff", "--store", "store.db", "1", "2", "-f", "json"]).json();
    assert_eq!(with_report["summary"]["evaluations"], of_store["summary"]["evaluations"]);
    // A time between scans has what was found last.
    let between =
        folder.assize(&["diff", "--store", "store.db", "2026-01-02T12:00Z", "2026-01-03T12:00Z", "-f", "json"]);
    assert_eq!(between.json()["evaluations"], of_store["evaluations"]);
}

#[test]
fn two_scans_of_a_store_as_sarif() {
    let folder = scanned();
    let sarif = folder.assize(&["diff", "--store", "store.db", "1", "2", "-f", "sarif"]).json();
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let mut states: Vec<(&str, &str)> = results
        .iter()
        .map(|result| {
            let place = &result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
            (result["baselineState"].as_str().expect("a state"), place.as_str().expect("a place"))
        })
        .collect();
    states.sort_unstable();
    insta::assert_debug_snapshot!("baseline states of two scans", states);
    let accepted = folder.assize(&["diff", "--store", "store.db", "3", "latest", "-f", "sarif"]).json();
    let unchanged = accepted["runs"][0]["results"].as_array().expect("results");
    assert!(unchanged.iter().all(|result| result["baselineState"] == "unchanged"), "{unchanged:#?}");
}
