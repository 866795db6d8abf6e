//! The store against what it promises: single cases here, and in `model` random histories against a model in plain Rust.

mod drift;
mod errors;
mod events;
mod judgement;
mod model;
mod reuse;

use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::gap::Gap;
use crate::item::{ConfigurationItem, ItemStatus, ResourceKey, UnreadableRelationship};
use crate::snapshot::{About, Place, Snapshot};
use crate::value::{Unreadable, Value};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const BUCKET: &str = "AWS::S3::Bucket";
const POLICY: &str = "/supplementaryConfiguration/BucketPolicy";

fn store() -> (TempDir, History) {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path().join("assize.db")).unwrap();
    // A test's store need not outlive the machine.
    history.connection.pragma_update(None, "synchronous", "OFF").unwrap();
    (folder, history)
}

fn place(resource_type: &str) -> Place {
    Place { account_id: ACCOUNT.into(), aws_region: REGION.into(), resource_type: resource_type.into() }
}

fn time(day: u32) -> String {
    format!("2026-10-{day:02}T00:00:00.000Z")
}

fn at(day: u32) -> Timestamp {
    time(day).parse().unwrap()
}

fn denied(call: &str) -> Arc<Unreadable> {
    Arc::new(Unreadable {
        operation: call.into(),
        action: Some(call.into()),
        code: "AccessDenied".into(),
        message: "you may not".into(),
    })
}

fn about(day: u32) -> About {
    About {
        captured_at: time(day),
        source: "account".into(),
        accounts: vec![ACCOUNT.into()],
        regions: vec![REGION.into()],
        listings: vec![place(BUCKET)],
        ..About::default()
    }
}

fn bucket(day: u32, id: &str, colour: &str) -> ConfigurationItem {
    let mut item = ConfigurationItem::new(ResourceKey::new(ACCOUNT, REGION, BUCKET, id), &time(day));
    item.arn = Some(format!("arn:aws:s3:::{id}").into());
    item.configuration = Value::object([("colour", colour.into())]);
    item.put(POLICY, "open".into());
    item
}

fn snapshot_of(day: u32, items: Vec<ConfigurationItem>) -> Snapshot {
    Snapshot::new(about(day), items)
}

/// The list of buckets is denied on that day.
fn unlisted(day: u32) -> Snapshot {
    let about = About { listings: Vec::new(), gaps: vec![place(BUCKET).gap(&denied("s3:ListBuckets"))], ..about(day) };
    Snapshot::new(about, Vec::new())
}

fn key(id: &str) -> ResourceKey {
    ResourceKey::new(ACCOUNT, REGION, BUCKET, id)
}

fn colours(history: &History, id: &str) -> Vec<String> {
    let versions = history.versions(&key(id)).unwrap();
    let text = |version: &Version| {
        let to = version.to.map_or("now".to_owned(), |to| to.strftime("%d").to_string());
        let colour = version.item.pointer("/configuration/colour").unwrap().to_string();
        format!("{colour} {}-{to}", version.from.strftime("%d"))
    };
    versions.iter().map(text).collect()
}

#[test]
fn an_unchanged_resource_has_one_version() {
    let (_folder, mut history) = store();
    for day in 1..=5 {
        let colour = if day < 4 { "red" } else { "blue" };
        history.append(&snapshot_of(day, vec![bucket(day, "a", colour), bucket(day, "b", "grey")]), None).unwrap();
    }
    assert_eq!(colours(&history, "a"), ["\"red\" 01-04", "\"blue\" 04-now"]);
    assert_eq!(colours(&history, "b"), ["\"grey\" 01-now"]);
    let spans: i64 = history.connection.query_row("SELECT count(*) FROM span", [], |row| row.get(0)).unwrap();
    assert_eq!(spans, 3);
}

#[test]
fn a_snapshot_is_told_as_it_was_read() {
    let (_folder, mut history) = store();
    let mut spoiled = bucket(2, "a", "blue");
    spoiled.add_gap(POLICY, &denied("s3:GetBucketPolicy"));
    let mut about = about(2);
    about.not_collected.insert(BUCKET.into(), vec!["/supplementaryConfiguration/Logging".into()]);
    about.requests.insert("s3:ListBuckets".into(), 1);
    about.duration_ms = 17;
    let first = snapshot_of(1, vec![bucket(1, "a", "red"), bucket(1, "b", "grey")]);
    let second = Snapshot::new(about, vec![spoiled]);
    let ids = [history.append(&first, None).unwrap(), history.append(&second, None).unwrap()];
    for (id, before) in ids.into_iter().zip([first, second]) {
        let after = history.snapshot(id).unwrap();
        assert_eq!(after.about(), before.about());
        assert_eq!(after.gaps(), before.gaps());
        let facts = |snapshot: &Snapshot| {
            let plain = |item: &Arc<ConfigurationItem>| ConfigurationItem {
                status: ItemStatus::Ok,
                md5_hash: "".into(),
                ..ConfigurationItem::clone(item)
            };
            snapshot.items().iter().map(plain).collect::<Vec<_>>()
        };
        assert_eq!(facts(&after), facts(&before));
    }
    let back = history.snapshot(ids[1]).unwrap();
    assert!(back.items()[0].pointer("/supplementaryConfiguration/Logging").unwrap().as_unreadable().is_some());
}

#[test]
fn a_lost_permission_is_no_change_and_what_changed_meanwhile_is_dated_when_it_is_seen() {
    let (_folder, mut history) = store();
    let with = |day, policy: Option<&str>| {
        let mut item = bucket(day, "a", "red");
        match policy {
            Some(policy) => item.put(POLICY, policy.into()),
            None => item.add_gap(POLICY, &denied("s3:GetBucketPolicy")),
        }
        snapshot_of(day, vec![item])
    };
    for (day, policy) in [(1, Some("open")), (2, None), (3, Some("open")), (4, None), (5, Some("shut"))] {
        history.append(&with(day, policy), None).unwrap();
    }
    let versions = history.versions(&key("a")).unwrap();
    let times: Vec<_> = versions.iter().map(|version| (version.from, version.to)).collect();
    assert_eq!(times, [(at(1), Some(at(5))), (at(5), None)]);
    assert_eq!(versions[0].item.pointer(POLICY), Some(&"open".into()));
    let policy = |day| history.state_at(at(day)).unwrap().items()[0].pointer(POLICY).cloned().unwrap();
    assert_eq!(policy(1), "open".into());
    assert_eq!(policy(2), Value::Unreadable(denied("s3:GetBucketPolicy")));
    assert_eq!(policy(3), "open".into());
    assert_eq!(policy(5), "shut".into());
}

#[test]
fn a_resource_ends_only_where_the_list_was_complete() {
    let (_folder, mut history) = store();
    history.append(&snapshot_of(1, vec![bucket(1, "a", "red")]), None).unwrap();
    let mut unasked = about(2);
    unasked.listings.clear();
    history.append(&Snapshot::new(unasked, Vec::new()), None).unwrap();
    history.append(&unlisted(3), None).unwrap();
    let state = history.state_at(at(2)).unwrap();
    assert_eq!(state.listing(&place(BUCKET)), Ok(()));
    assert_eq!(state.items()[0].pointer("/configuration/colour"), Some(&"red".into()));
    let state = history.state_at(at(3)).unwrap();
    assert_eq!(state.listing(&place(BUCKET)), Err(denied("s3:ListBuckets")));
    assert_eq!(state.items()[0].configuration, Value::Unreadable(denied("s3:ListBuckets")));
    assert_eq!(colours(&history, "a"), ["\"red\" 01-now"]);
    history.append(&snapshot_of(4, Vec::new()), None).unwrap();
    assert_eq!(colours(&history, "a"), ["\"red\" 01-04"]);
    assert!(history.state_at(at(4)).unwrap().items().is_empty());
    assert_eq!(history.state_at(at(3)).unwrap().items().len(), 1);
}

#[test]
fn a_resource_is_discovered_and_then_changes() {
    let (_folder, mut history) = store();
    history.append(&snapshot_of(1, vec![bucket(1, "a", "red")]), None).unwrap();
    history.append(&snapshot_of(2, vec![bucket(2, "a", "red"), bucket(2, "b", "red")]), None).unwrap();
    let state = history.state_at(at(2)).unwrap();
    let found: Vec<_> = state.items().iter().map(|item| (item.status, item.capture_time.to_string())).collect();
    assert_eq!(found, [(ItemStatus::ResourceDiscovered, time(1)), (ItemStatus::ResourceDiscovered, time(2))]);
    assert_eq!(state.items()[0].md5_hash, crate::canonical::md5(&bucket(1, "a", "red")));
    history.append(&snapshot_of(3, vec![bucket(3, "a", "blue")]), None).unwrap();
    history.append(&snapshot_of(4, vec![bucket(4, "a", "blue"), bucket(4, "b", "red")]), None).unwrap();
    let told = |since: Option<u32>, until: Option<u32>| -> Vec<String> {
        let items = history.history_items(since.map(at), until.map(at)).unwrap();
        let told = |item: &ConfigurationItem| {
            format!("{} {} {:?}", item.key.resource_id, &item.capture_time[8..10], item.status)
        };
        items.iter().map(told).collect()
    };
    let all = [
        "a 01 ResourceDiscovered",
        "a 03 Ok",
        "b 02 ResourceDiscovered",
        "b 03 ResourceDeleted",
        "b 04 ResourceDiscovered",
    ];
    assert_eq!(told(None, None), all);
    assert_eq!(told(Some(2), Some(3)), [all[1], all[2], all[3]]);
    assert_eq!(told(Some(4), None), [all[4]]);
    let gone = &history.history_items(Some(at(3)), Some(at(3))).unwrap()[1];
    assert_eq!((&gone.configuration, gone.arn.is_some()), (&Value::Null, bucket(2, "b", "red").arn.is_some()));
}

#[test]
fn an_imported_version_finds_its_place_in_time() {
    let (_folder, mut history) = store();
    history.append(&snapshot_of(1, vec![bucket(1, "a", "red")]), None).unwrap();
    history.append(&snapshot_of(5, vec![bucket(5, "a", "red")]), None).unwrap();
    let recorded = ConfigurationItem { status: ItemStatus::Ok, ..bucket(3, "a", "blue") };
    let imported = history.import([recorded.clone()]).unwrap();
    assert_eq!(imported, Imported { new: 1, known: 0 });
    assert_eq!(history.import([recorded]).unwrap(), Imported { new: 0, known: 1 });
    assert_eq!(colours(&history, "a"), ["\"red\" 01-03", "\"blue\" 03-05", "\"red\" 05-now"]);
    let gone = ConfigurationItem { status: ItemStatus::ResourceDeleted, ..bucket(4, "a", "blue") };
    history.import([gone]).unwrap();
    assert_eq!(colours(&history, "a"), ["\"red\" 01-03", "\"blue\" 03-04", "\"red\" 05-now"]);
}

#[test]
fn what_is_forgotten_leaves_what_is_still_so() {
    let (_folder, mut history) = store();
    for (day, colour) in [(1, "red"), (2, "blue"), (6, "green")] {
        history.append(&snapshot_of(day, vec![bucket(day, "a", colour), bucket(day, "b", "grey")]), None).unwrap();
    }
    let pruned = history.prune(at(4)).unwrap();
    assert_eq!(pruned, Pruned { snapshots: 2, versions: 1 });
    assert_eq!(colours(&history, "a"), ["\"blue\" 04-06", "\"green\" 06-now"]);
    assert_eq!(colours(&history, "b"), ["\"grey\" 04-now"]);
    // It was known before: nobody discovers it then.
    let statuses = |history: &History| -> Vec<(ItemStatus, String)> {
        let items = history.state_at(at(6)).unwrap().items().to_vec();
        items.iter().map(|item| (item.status, item.capture_time.to_string())).collect()
    };
    assert_eq!(statuses(&history), [(ItemStatus::Ok, time(6)), (ItemStatus::Ok, time(4))]);
    let contents =
        || -> i64 { history.connection.query_row("SELECT count(*) FROM content", [], |row| row.get(0)).unwrap() };
    assert_eq!(contents(), 3);
    assert!(history.state_at(at(3)).unwrap().items().is_empty());
    assert_eq!(history.state_at(at(5)).unwrap().listing(&place(BUCKET)), Ok(()));
    // News of the past does not lose what the forgotten looks saw.
    history.import([ConfigurationItem { status: ItemStatus::Ok, ..bucket(5, "a", "red") }]).unwrap();
    assert_eq!(colours(&history, "a"), ["\"blue\" 04-05", "\"red\" 05-06", "\"green\" 06-now"]);
    assert_eq!(colours(&history, "b"), ["\"grey\" 04-now"]);
    assert_eq!(statuses(&history), [(ItemStatus::Ok, time(6)), (ItemStatus::Ok, time(4))]);
    assert_eq!(history.state_at(at(5)).unwrap().listing(&place(BUCKET)), Ok(()));
}

#[test]
fn what_is_forgotten_leaves_nothing_behind() {
    let (_folder, mut history) = store();
    let mut spoiled = bucket(1, "a", "red");
    spoiled.add_gap(POLICY, &denied("s3:GetBucketPolicy"));
    history.append(&snapshot_of(1, vec![spoiled]), None).unwrap();
    let later = snapshot_of(2, vec![bucket(2, "a", "red")]);
    let later_id = history.append(&later, None).unwrap();
    let count = |history: &History, table: &str| -> i64 {
        history.connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!(count(&history, "unknown"), 1);
    let documents = count(&history, "document");
    let told = history.snapshot(later_id).unwrap();
    history.prune(at(2)).unwrap();
    assert_eq!(count(&history, "unknown"), 0);
    assert!((1..documents).contains(&count(&history, "document")));
    let again = history.snapshot(later_id).unwrap();
    let facts = |snapshot: &Snapshot| -> Vec<_> {
        snapshot.items().iter().map(|item| (item.key.clone(), item.supplementary_configuration.clone())).collect()
    };
    assert_eq!((again.about(), facts(&again)), (told.about(), facts(&told)), "the others are told as before");
    history.prune(at(9)).unwrap();
    assert_eq!(count(&history, "document"), 0);
    assert_eq!(count(&history, "word"), 3, "account, region and type of the place");
}

#[test]
fn what_was_denied_of_others_is_not_read_for_one() {
    let (_folder, mut history) = store();
    let spoiled = |id: &str| {
        let mut item = bucket(1, id, "red");
        item.add_gap(POLICY, &denied(&format!("s3:GetBucketPolicy of {id}")));
        item
    };
    history.append(&snapshot_of(1, vec![spoiled("a"), spoiled("b")]), None).unwrap();
    history.connection.execute("UPDATE unknown SET body = 'no JSON' WHERE body LIKE '%of b%'", []).unwrap();
    assert_eq!((history.versions(&key("a")).unwrap().len(), history.unread(&key("a")).unwrap().len()), (1, 1));
    assert!(matches!(history.versions(&key("b")), Err(HistoryError::Damaged { .. })));
    assert!(matches!(history.unread(&key("b")), Err(HistoryError::Damaged { .. })));
}

#[test]
fn a_row_that_is_not_there_is_damage() {
    let (_folder, mut history) = store();
    let mut spoiled = bucket(1, "a", "red");
    spoiled.add_gap(POLICY, &denied("s3:GetBucketPolicy"));
    let id = history.append(&snapshot_of(1, vec![spoiled]), None).unwrap();
    history.connection.pragma_update(None, "foreign_keys", false).unwrap();
    let said = |error: HistoryError| match error {
        HistoryError::Damaged { detail, .. } => detail,
        other => panic!("{other}"),
    };
    history.connection.execute("DELETE FROM unknown", []).unwrap();
    for error in [
        history.versions(&key("a")).unwrap_err(),
        history.unread(&key("a")).unwrap_err(),
        history.snapshot(id).unwrap_err(),
        history.state_at(at(1)).unwrap_err(),
    ] {
        assert_eq!(said(error), "a gap is missing");
    }
    history.connection.execute("DELETE FROM document", []).unwrap();
    assert_eq!(said(history.snapshots().unwrap_err()), "a row is missing that another one needs");
}

#[test]
fn growth_is_told_of_any_time() {
    let (_folder, mut history) = store();
    for (year, colour) in [("-005000", "red"), ("2026", "blue"), ("-004000", "green")] {
        let captured_at = format!("{year}-10-01T00:00:00.000Z");
        history.append(&Snapshot::new(About { captured_at, ..about(1) }, vec![bucket(1, "a", colour)]), None).unwrap();
    }
    let growth = history.info().unwrap().growth;
    let told: Vec<_> = growth.iter().map(|one| (one.month.as_str(), one.snapshots, one.versions)).collect();
    assert_eq!(told, [("-5000-10", 1, 1), ("-4000-10", 1, 1), ("2026-10", 1, 1)]);
    assert!(growth.iter().all(|one| one.bytes > 0), "{growth:?}");
}

#[test]
fn links_that_could_not_be_read_are_no_idle_time() {
    let (_folder, mut history) = store();
    let mut spoiled = bucket(2, "a", "red");
    let unread = |kind: &str| UnreadableRelationship { resource_type: kind.into(), reason: denied("kms:ListKeys") };
    spoiled.unreadable_relationships = vec![unread("AWS::KMS::Alias"), unread("AWS::KMS::Key")];
    let mut unasked = bucket(2, "b", "red");
    let nobody = Arc::new(Unreadable::not_collected("the list of AWS::SNS::Topic"));
    unasked.unreadable_relationships =
        vec![UnreadableRelationship { resource_type: "AWS::SNS::Topic".into(), reason: nobody }];
    history.append(&snapshot_of(1, vec![bucket(1, "a", "red"), bucket(1, "b", "red")]), None).unwrap();
    history.append(&snapshot_of(2, vec![spoiled, unasked]), None).unwrap();
    history.append(&snapshot_of(4, vec![bucket(4, "a", "red"), bucket(4, "b", "red")]), None).unwrap();
    let links = Gap {
        resource_id: Some("a".into()),
        path: Some("/relationships".into()),
        ..place(BUCKET).gap(&denied("kms:ListKeys"))
    };
    let told = [Unread { from: at(2), to: Some(at(4)), gap: links }];
    assert_eq!(history.unread(&key("a")).unwrap(), told, "two kinds of links, for one reason");
    assert_eq!(history.unread(&key("b")).unwrap(), [], "nobody asked");
    let unreadable =
        |since: Option<u32>, until: Option<u32>| history.unreadable(None, since.map(at), until.map(at)).unwrap();
    assert_eq!(unreadable(None, None), [key("a")]);
    assert_eq!((unreadable(Some(4), None), unreadable(None, Some(1))), (Vec::new(), Vec::new()));
    let rows: Vec<String> = history
        .connection
        .prepare(
            "SELECT resource_id || ' ' || path || ' ' || operation || ' ' || valid_from || ' ' || valid_to FROM gaps",
        )
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(rusqlite::Result::unwrap)
        .collect();
    assert_eq!(rows, [format!("a /relationships kms:ListKeys {} {}", time(2), time(4))]);
}

#[test]
fn the_views_speak_for_themselves() {
    let (_folder, mut history) = store();
    let mut spoiled = bucket(2, "a", "red");
    spoiled.add_gap(POLICY, &denied("s3:GetBucketPolicy"));
    history.append(&snapshot_of(1, vec![bucket(1, "a", "red")]), None).unwrap();
    history.append(&snapshot_of(2, vec![spoiled]), None).unwrap();
    let row = |sql: &str| -> String { history.connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap() };
    assert_eq!(row("SELECT resource_id || ' ' || valid_from FROM items"), format!("a {}", time(2)));
    assert_eq!(
        row("SELECT path || ' ' || code || ' ' || valid_from FROM gaps"),
        format!("{POLICY} AccessDenied {}", time(2))
    );
    assert_eq!(row("SELECT max(captured_at) FROM snapshots"), time(2));
    assert_eq!(row("SELECT count(*) || '' FROM evaluations"), "0");
}

#[test]
fn what_is_appended_twice_is_there_once() {
    let (_folder, mut history) = store();
    let snapshot = snapshot_of(1, vec![bucket(1, "a", "red")]);
    let id = history.append(&snapshot, None).unwrap();
    assert_eq!(history.append(&snapshot, None).unwrap(), id);
    assert_eq!(history.snapshots().unwrap().len(), 1);
}

#[test]
fn moments_have_words() {
    let (_folder, mut history) = store();
    assert!(matches!(history.resolve("latest"), Err(HistoryError::Empty { .. })));
    for day in [2, 3, 1] {
        history.append(&snapshot_of(day, vec![bucket(day, "a", "red")]), None).unwrap();
    }
    let resolve = |word: &str| history.resolve(word).unwrap();
    assert_eq!(resolve("latest"), Moment { time: at(3), snapshot: Some(SnapshotId(2)) });
    assert_eq!(resolve("latest~2"), Moment { time: at(1), snapshot: Some(SnapshotId(3)) });
    assert_eq!(resolve("1"), Moment { time: at(2), snapshot: Some(SnapshotId(1)) });
    assert_eq!(resolve("2026-10-02"), Moment { time: at(2), snapshot: None });
    assert_eq!(resolve("2026-10-02T02:00+02:00").time, at(2));
    // As of the last snapshot.
    assert_eq!((resolve("1d"), resolve("48h").time), (Moment { time: at(2), snapshot: None }, at(1)));
    assert_eq!(resolve("2026-10-02T00:00Z").time, at(2));
    for word in ["", "latest~", "latest~3", "newest", "9", "2026-13-01"] {
        assert!(history.resolve(word).is_err(), "{word}");
    }
}

#[test]
fn resources_are_found_by_arn_id_and_name() {
    let (_folder, mut history) = store();
    let mut named = bucket(1, "a", "red");
    named.resource_name = Some("logs".into());
    history.append(&snapshot_of(1, vec![named, bucket(1, "b", "red")]), None).unwrap();
    for word in ["a", "logs", "arn:aws:s3:::a"] {
        assert_eq!(history.find(word).unwrap(), [key("a")]);
    }
    assert!(history.find("c").unwrap().is_empty());
}

#[test]
fn other_files_are_refused_with_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("assize.db");
    let said = |error: HistoryError| error.to_string().replace(&path.display().to_string(), "FILE");
    assert_eq!(said(History::open_existing(&path).unwrap_err()), "there is no store FILE");
    fs::write(&path, "no database, but long enough to have a head of one hundred bytes, as SQLite reads it".repeat(9))
        .unwrap();
    assert_eq!(said(History::open(&path).unwrap_err()), "FILE is not a store of assize");
    fs::remove_file(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(other);
    assert_eq!(said(History::open(&path).unwrap_err()), "FILE is not a store of assize");
    fs::remove_file(&path).unwrap();
    let history = History::open(&path).unwrap();
    history.connection.pragma_update(None, "user_version", 99).unwrap();
    drop(history);
    let newer = "the store FILE has version 99; this assize knows versions up to 1";
    assert_eq!(said(History::open(&path).unwrap_err()), newer);
    let nowhere = folder.path().join("none").join("assize.db");
    assert!(matches!(History::open(nowhere), Err(HistoryError::Open { .. })));
}

#[test]
fn two_processes_make_one_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("assize.db");
    let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
        let open = || History::open(&path).unwrap().secret_key().unwrap();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]));
}
