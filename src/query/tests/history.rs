//! SQL over a store: the whole history, and nothing else of the file.

use jiff::Timestamp;

use super::super::output;
use super::super::sql::Database;
use super::{snapshot, volumes};
use crate::history::History;
use crate::snapshot::Snapshot;

/// A store with three looks, between which a volume changed.
fn store() -> (tempfile::TempDir, History) {
    let folder = tempfile::tempdir().unwrap();
    let mut history = History::open(folder.path().join("history's #1.db")).unwrap();
    let mut items = volumes();
    for day in ["2026-01-02", "2026-01-03", "2026-01-04"] {
        let mut about = snapshot(Vec::new()).about().clone();
        about.captured_at = format!("{day}T03:04:05.678Z");
        if day == "2026-01-03" {
            items[0].configuration = serde_json::from_str(r#"{"size": 9, "encrypted": true}"#).unwrap();
        }
        history.append(&Snapshot::new(about, items.clone()), None).unwrap();
    }
    (folder, history)
}

#[test]
fn a_store_is_asked_over_its_whole_history() {
    let (_folder, history) = store();
    let database = Database::of_history(&history).unwrap();
    let ask = |text: &str| {
        let table = database.query(text).unwrap();
        table.rows.iter().map(|row| row.iter().map(output::cell).collect::<Vec<_>>().join("|")).collect::<Vec<_>>()
    };
    assert_eq!(
        ask(
            "SELECT resource_id, configuration ->> '$.size', status, substr(valid_from, 1, 10), substr(valid_to, 1, 10)
            FROM versions WHERE resource_id = 'vol-a' ORDER BY valid_from"
        ),
        ["vol-a|8|ResourceDiscovered|2026-01-02|2026-01-03", "vol-a|9|OK|2026-01-03|"]
    );
    assert_eq!(ask("SELECT configuration ->> '$.size' FROM items WHERE resource_id = 'vol-a'"), ["9"]);
    assert_eq!(ask("SELECT count(*) FROM snapshots"), ["3"]);
    assert_eq!(ask("SELECT count(*) FROM evaluations"), ["0"]);
    assert_eq!(ask("SELECT count(*) FROM gaps"), ["0"]);
    // What is asked of a snapshot can be asked of the store.
    let of_snapshot = Database::of_snapshot(&history.state_at(Timestamp::now()).unwrap()).unwrap();
    for table in ["items", "gaps"] {
        let all = format!("SELECT * FROM {table}");
        let (store, snapshot) = (database.query(&all).unwrap(), of_snapshot.query(&all).unwrap());
        let missing: Vec<_> = snapshot.columns.iter().filter(|column| !store.columns.contains(column)).collect();
        assert!(missing.is_empty(), "{table}: {missing:?}");
        let columns = snapshot.columns.join(", ");
        let same = format!("SELECT {columns} FROM {table} ORDER BY 1, 2, 3, 4");
        assert_eq!(database.query(&same).unwrap().rows, of_snapshot.query(&same).unwrap().rows);
    }
}

#[test]
fn nothing_of_a_store_but_its_views_can_be_reached() {
    let (folder, history) = store();
    let key = history.secret_key().unwrap();
    let database = Database::of_history(&history).unwrap();
    let bytes = |path: &std::path::Path| std::fs::read(path).unwrap();
    let before = bytes(history.path());
    let other = folder.path().join("other.db").display().to_string();
    for forbidden in [
        "SELECT * FROM meta",
        "SELECT value FROM main.meta",
        "SELECT count(*) FROM meta",
        "SELECT 1 FROM items, meta",
        "SELECT (SELECT hex(value) FROM meta) FROM items",
        "SELECT * FROM items WHERE EXISTS (SELECT 1 FROM meta WHERE value LIKE 'a%')",
        "SELECT resource_id FROM items UNION SELECT value FROM meta",
        "SELECT count(*) FROM items ORDER BY (SELECT value FROM meta)",
        "SELECT key FROM json_each((SELECT json_group_array(hex(value)) FROM meta))",
        "SELECT sum(1) OVER (ORDER BY value) FROM meta",
        // A query of one's own may have the name of a view, and the guard is told that name.
        "WITH items AS (SELECT value FROM meta) SELECT * FROM items",
        "WITH versions AS MATERIALIZED (SELECT value FROM meta) SELECT * FROM versions",
        "WITH versions AS (SELECT * FROM span) SELECT * FROM versions",
        "WITH gaps AS (SELECT * FROM main.word) SELECT count(*) FROM gaps",
        "WITH RECURSIVE items(x) AS (SELECT 1 UNION SELECT start FROM span) SELECT * FROM items",
        "SELECT * FROM (SELECT * FROM content) AS items",
        "SELECT unpacked(body) FROM main.items",
        "WITH items AS (SELECT unpacked(x'789c') AS a) SELECT a FROM items",
        "SELECT unpacked(x'789c')",
        "SELECT * FROM main.items",
        "SELECT * FROM main.gaps",
        "SELECT * FROM span",
        "SELECT * FROM document",
        "SELECT * FROM imported",
        "SELECT * FROM related_event",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM sqlite_schema",
        "SELECT sql FROM main.sqlite_schema",
        "SELECT * FROM sqlite_temp_master",
        "SELECT name FROM temp.sqlite_schema",
        "SELECT * FROM sqlite_sequence",
        "SELECT * FROM dbstat",
        "SELECT * FROM dbstat('main', 1)",
        "SELECT * FROM sqlite_dbpage",
        "SELECT * FROM sqlite_stmt",
        "SELECT * FROM bytecode('SELECT 1')",
        "SELECT * FROM pragma_table_list",
        "SELECT * FROM pragma_table_info('meta')",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM pragma_module_list",
        "PRAGMA table_info(meta)",
        "PRAGMA query_only = 0",
        "PRAGMA writable_schema = 1",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "EXPLAIN SELECT * FROM items",
        "EXPLAIN QUERY PLAN SELECT * FROM items",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'other.db'",
        "CREATE VIEW x AS SELECT * FROM meta",
        "CREATE TEMP VIEW x AS SELECT * FROM meta",
        "CREATE TEMP TRIGGER x INSTEAD OF DELETE ON items BEGIN SELECT 1; END",
        "CREATE VIRTUAL TABLE temp.x USING fts5(a, content=meta)",
        "CREATE VIRTUAL TABLE temp.x USING fts5vocab(main, meta, row)",
        "SELECT rtreecheck('main', 'meta')",
        "SELECT fts3_tokenizer('simple')",
        "SELECT fts5(x'00')",
        "SELECT load_extension('x')",
        "SELECT sqlite_compileoption_get(1)",
        "INSERT INTO items (arn) VALUES ('x')",
        "UPDATE span SET stop = 0",
        "DELETE FROM meta",
        "DROP VIEW items",
        "ALTER TABLE meta RENAME TO other",
        "REINDEX",
        "ANALYZE",
        "BEGIN IMMEDIATE",
        "SELECT 1; SELECT * FROM meta",
    ] {
        let forbidden = forbidden.replace("other.db", &other);
        let error = database.query(&forbidden).map(|table| table.rows).expect_err(&forbidden).to_string();
        let is_refused =
            ["only queries are allowed", "not authorized", "prohibited", "no such"].map(|why| error.contains(why));
        assert!(is_refused.contains(&true), "{forbidden}: {error}");
        assert!(!error.contains(&hex(&key)), "{forbidden}: {error}");
    }
    assert!(!folder.path().join("other.db").exists());
    assert_eq!(bytes(history.path()), before);
    assert_eq!(database.query("WITH items AS (SELECT 7 AS x) SELECT x FROM items").unwrap().rows.len(), 1);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02X}"))
}
