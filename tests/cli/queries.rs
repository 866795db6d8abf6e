//! Questions asked of items: the language, SQL, the formats, and what is said beside the rows.

use std::io::Write as _;
use std::process::Stdio;

use assize::history::History;
use assize::snapshot::Snapshot;

use crate::common::{Folder, Ran, assize, data};

const VOLUMES: &str = "SELECT resourceId, configuration.encrypted, tags.key WHERE resourceType = 'AWS::EC2::Volume'";

fn query(snapshot: &str, more: &[&str]) -> Ran {
    assize(&[&["query", "--snapshot", &data(snapshot)], more].concat())
}

#[test]
fn rows_as_a_table() {
    insta::assert_snapshot!(query("cli/findings.jsonl", &[VOLUMES]));
    // What does not fit is put below each other, and hostile text does nothing.
    insta::assert_snapshot!(
        "rows below each other",
        query("cli/findings.jsonl", &["SELECT *, tags WHERE tags.key = 'Name'"])
    );
}

#[test]
fn rows_as_json_and_csv() {
    insta::assert_snapshot!("rows as json", query("cli/findings.jsonl", &["--format", "json", VOLUMES]));
    insta::assert_snapshot!(
        "rows as csv",
        query("cli/findings.jsonl", &["--format", "csv", VOLUMES]).stdout().replace('\r', "[CR]")
    );
}

#[test]
fn what_could_not_be_read_is_told_beside_the_rows() {
    let open = "SELECT resourceId WHERE NOT configuration.encrypted = true";
    insta::assert_snapshot!("undecided rows", query("cli/gaps.jsonl", &[open]));
    insta::assert_snapshot!("undecided rows as json", query("cli/gaps.jsonl", &["-f", "json", open]));
    insta::assert_snapshot!("a list that failed", query("cli/unlisted.jsonl", &["SELECT COUNT(*)"]));
    let decided = query("cli/gaps.jsonl", &["SELECT resourceId WHERE configuration.state = 'in-use'"]);
    assert_eq!((decided.code(), decided.stderr()), (0, ""), "{decided}");
}

#[test]
fn a_slip_of_the_pen_is_a_warning() {
    insta::assert_snapshot!(query("cli/findings.jsonl", &["SELECT resourceId WHERE configuration.encryptd = false"]));
}

#[test]
fn errors_point_at_their_place() {
    insta::assert_snapshot!(
        "an error of the language",
        query("cli/findings.jsonl", &["SELECT resourceId,\n\ttags.Owner WHERE"])
    );
    insta::assert_snapshot!("no from", query("cli/findings.jsonl", &["SELECT resourceId FROM items"]));
    insta::assert_snapshot!("an error of sql", query("cli/findings.jsonl", &["--sql", "SELECT owner FROM items"]));
    insta::assert_snapshot!("sql that writes", query("cli/findings.jsonl", &["--sql", "DELETE FROM items"]));
    let nothing = assize(&["query", VOLUMES]);
    assert!(nothing.code() == 2 && nothing.stderr().contains("--snapshot"), "{nothing}");
}

#[test]
fn sql_joins_what_the_language_cannot() {
    let joined = "SELECT i.resource_id, link.value ->> '$.resourceId' AS instance \
        FROM items i, json_each(i.relationships) link ORDER BY 1";
    insta::assert_snapshot!(query("cli/findings.jsonl", &["--sql", joined]));
    let spoiled = query("cli/gaps.jsonl", &["--sql", "SELECT resource_id, path, code FROM gaps"]);
    insta::assert_snapshot!("sql over gaps", spoiled);
}

#[test]
fn a_query_comes_from_a_file_or_from_standard_input() {
    let folder = Folder::new();
    let snapshot = data("cli/findings.jsonl");
    folder.write("volumes.sql", VOLUMES);
    let direct = folder.assize(&["query", "--snapshot", &snapshot, VOLUMES]);
    let file = folder.assize(&["query", "--snapshot", &snapshot, "--file", "volumes.sql"]);
    assert_eq!((direct.code(), file.stdout()), (0, direct.stdout()));
    let mut command = folder.command(&["query", "--snapshot", &snapshot, "-"]);
    let mut running = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("assize runs");
    running.stdin.take().expect("it is piped").write_all(VOLUMES.as_bytes()).expect("it reads");
    let output = running.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout), direct.stdout());
}

#[test]
fn files_of_aws_config_are_asked_too() {
    let asked = query("config-export/snapshot.json", &["SELECT resourceType, COUNT(*) GROUP BY resourceType"]);
    assert!(asked.code() == 0 && asked.stdout().contains("AWS::EC2::Volume"), "{asked}");
    // An answer of AWS Config's own, and what assize answers to the same question.
    let answer = "config-export/select-resource-config.json";
    let own = query(
        answer,
        &["-f", "json", "SELECT *, configurationItemStatus, configurationStateId, tags, relationships, configuration"],
    );
    let theirs: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(data(answer)).expect("it is there")).expect("it is JSON");
    let row = |answer: &serde_json::Value| -> serde_json::Value {
        serde_json::from_str(answer["Results"][0].as_str().expect("a text")).expect("that holds JSON")
    };
    assert_eq!(row(&own.json()), row(&theirs));
}

#[test]
fn the_store_is_asked_for_any_moment() {
    let folder = Folder::new();
    let path = folder.path().join("assize.db");
    let text = std::fs::read_to_string(data("cli/findings.jsonl")).expect("it is there");
    let later = text
        .replace("2026-01-02T", "2026-01-09T")
        .replace("1767323045678", "1767927845678")
        .replace("\"encrypted\": true", "\"encrypted\": false");
    let mut history = History::open(&path).expect("a store can be made");
    for one in [&text, &later] {
        let snapshot = Snapshot::read(one.as_bytes()).expect("a snapshot");
        history.append(&snapshot, None).expect("it can be kept");
    }
    drop(history);
    let count = |at: &[&str]| {
        let asked = "SELECT COUNT(*) WHERE configuration.encrypted = true";
        folder.assize(&[&["query", "--store", "assize.db"], at, &[asked]].concat())
    };
    for (at, found) in [
        (&[][..], "0"),
        (&["--at", "2026-01-03"], "1"),
        (&["--at", "latest~1"], "1"),
        (&["--at", "2026-01-09T12:00Z"], "0"),
    ] {
        let ran = count(at);
        assert_eq!(ran.stdout().lines().nth(1), Some(found), "{at:?}: {ran}");
    }
    let none = count(&["--at", "never"]);
    assert_eq!(none.code(), 2, "{none}");
    let sql = folder.assize(&["query", "--store", "assize.db", "--sql", "SELECT count(*) FROM items"]);
    assert!(sql.stdout().starts_with("count(*)\n3"), "{sql}");
    let sql = |more: &[&str], text: &str| {
        folder.assize(&[&["query", "--store", "assize.db", "-f", "csv", "--sql"], more, &[text]].concat())
    };
    let since = "SELECT substr(valid_from, 1, 10) AS day, configuration ->> '$.encrypted' AS encrypted FROM versions
        WHERE resource_id = (SELECT resource_id FROM versions WHERE valid_to IS NOT NULL) ORDER BY 1";
    insta::assert_snapshot!("sql over the history of a store", sql(&[], since).stdout().replace('\r', "[CR]"));
    // A moment has no past.
    let of_moment = sql(&["--at", "2026-01-03"], "SELECT count(*) FROM versions");
    assert!(of_moment.stderr().contains("no such table: versions"), "{of_moment}");
    for text in ["SELECT value FROM meta", "WITH items AS (SELECT value FROM meta) SELECT * FROM items"] {
        let refused = sql(&[], text);
        assert!(refused.code() == 2 && refused.stdout().is_empty(), "{refused}");
    }
    // What is asked leaves no trace: not even where nothing could be written.
    let before = std::fs::read(&path).expect("it is there");
    assert_eq!(sql(&[], "SELECT count(*) FROM evaluations").code(), 0);
    assert_eq!(std::fs::read(&path).expect("it is there"), before);
}
