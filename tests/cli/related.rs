//! What is related to a resource: in the account of the demo, in a store, and where something could not be read.

use crate::common::{Folder, assize, data};

#[test]
fn the_surroundings_of_a_resource() {
    let folder = Folder::new();
    let scan = folder.assize(&["collect", "--demo", "--all", "-o", "demo.jsonl"]);
    assert!([0, 3].contains(&scan.code()), "{scan}");
    // What Systems Manager knows of an instance has the instance's id.
    let kind = ["--type", "AWS::EC2::Instance"];
    let related =
        |arguments: &[&str]| folder.assize(&[&["related", "--snapshot", "demo.jsonl"], &kind[..], arguments].concat());
    let volume = "SELECT resourceId WHERE resourceType = 'AWS::EC2::Instance' ORDER BY resourceId LIMIT 1";
    let found = folder.assize(&["query", "--snapshot", "demo.jsonl", "-f", "csv", volume]);
    let id = found.stdout().lines().nth(1).expect("the demo has an instance").trim();
    insta::assert_snapshot!("related within two steps", related(&[id]));
    insta::assert_snapshot!("related within one step", related(&[id, "--depth", "1"]));
    let all = related(&[id, "--depth", "0", "-f", "json"]).json();
    assert_eq!((&all["format"], &all["whole"]), (&"assize-related".into(), &true.into()));
    let resources = all["resources"].as_array().expect("resources");
    // Each is met once, and no link leads out of the list.
    let names: std::collections::BTreeSet<String> = resources
        .iter()
        .map(|one| format!("{} {} {}", one["resourceType"], one["awsRegion"], one["resourceId"]))
        .collect();
    assert_eq!(names.len(), resources.len());
    for link in all["relationships"].as_array().expect("relationships") {
        let ends = [&link["from"], &link["to"]].map(|end| end.as_u64().expect("a number"));
        assert!(ends.iter().all(|end| usize::try_from(*end).expect("it is small") < resources.len()), "{link}");
    }
    // A recording is read anew, and says the same.
    let live = folder.assize(&["related", "--demo", id, "--type", "AWS::EC2::Instance"]);
    assert_eq!(live.stdout(), related(&[id]).stdout());
}

#[test]
fn the_store_is_asked_for_any_moment() {
    let folder = Folder::new();
    let text = std::fs::read_to_string(data("cli/findings.jsonl")).expect("it is there");
    folder.write("one.jsonl", &text);
    let later = text.replace("2026-01-02T", "2026-01-09T").replace("i-0aa11bb22cc33dd44", "i-0bb11bb22cc33dd44");
    folder.write("two.jsonl", later);
    for name in ["one.jsonl", "two.jsonl"] {
        folder.assize(&["evaluate", name, "--store", "assize.db", "--rule", "encrypted-volumes"]);
    }
    let related =
        |more: &[&str]| folder.assize(&[&["related", "vol-0000000000000000a", "--store", "assize.db"], more].concat());
    insta::assert_snapshot!("related in a store", related(&[]));
    let before = related(&["--at", "2026-01-03"]);
    assert!(before.stdout().contains("i-0aa11bb22cc33dd44") && before.code() == 3, "{before}");
    let json = related(&["-f", "json"]).json();
    assert_eq!(json["resources"][1]["unresolved"], true);
    assert_eq!(json["resources"][1]["reason"]["code"], "NotCollected");
}

#[test]
fn one_thing_is_looked_at() {
    let snapshot = data("cli/findings.jsonl");
    for command in [&["related", "vol-0000000000000000a"][..], &["explain", "alarm-path"]] {
        for (flags, said) in [
            (&["--at", "latest", "--demo"][..], "cannot be used with"),
            (&["--at", "latest", "--region", "eu-west-1"], "cannot be used with"),
            (&["--at", "latest", "--profile", "audit"], "cannot be used with"),
            (&["--snapshot", &snapshot, "--at", "latest"], "cannot be used with"),
            (&["--snapshot", &snapshot, "--store", "assize.db"], "cannot be used with"),
            (&["--snapshot", &snapshot, "--demo"], "cannot be used with"),
            (&["--store", "assize.db", "--demo"], "both the store assize.db and an account are named"),
            (&["--store", "assize.db", "--region", "eu-west-1"], "both the store assize.db and an account are named"),
        ] {
            let asked = assize(&[command, flags].concat());
            assert!(asked.code() == 2 && asked.stderr().contains(said), "{flags:?}: {asked}");
        }
    }
}

#[test]
fn a_resource_has_to_be_found() {
    let snapshot = data("cli/findings.jsonl");
    let related = |arguments: &[&str]| assize(&[&["related", "--snapshot", &snapshot], arguments].concat());
    insta::assert_snapshot!("no such resource", related(&["vol-none"]));
    let typed = related(&["vol-0000000000000000a", "--type", "AWS::EC2::Instance"]);
    assert!(typed.code() == 2 && typed.stderr().contains("of type AWS::EC2::Instance"), "{typed}");
    assert!(!related(&["vol-0000000000000000b"]).stdout().contains('\u{1b}'));
}
