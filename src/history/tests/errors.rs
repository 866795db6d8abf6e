//! What a store says when the file, the disk or another process is in its way: one sentence each, and nothing lost.

use super::*;

#[test]
fn a_damaged_file_is_told_as_such() {
    let (folder, mut history) = store();
    for day in 1..=9 {
        let items = (0..60).map(|at| bucket(day, &format!("b{at}"), &format!("red {day} {at}"))).collect();
        history.append(&snapshot_of(day, items), None).unwrap();
    }
    let path = history.path().to_owned();
    history.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(history);
    let whole = fs::read(&path).unwrap();
    let mut told = 0;
    // Each page but the first in turn: some are never read, and the others are told or their content is.
    for page in 1..whole.len() / 4096 {
        let mut spoiled = whole.clone();
        spoiled[page * 4096..(page + 1) * 4096].fill(0xa5);
        fs::write(&path, spoiled).unwrap();
        let read = History::open_existing(&path).and_then(|history| {
            let last = history.snapshots()?.pop().map(|last| last.id);
            last.map(|last| history.snapshot(last)).transpose()
        });
        match read {
            Err(HistoryError::Damaged { path: told_path, .. }) => {
                assert_eq!(told_path, path);
                told += 1;
            }
            // A page of an index, or of older versions: nothing of it was wanted.
            Ok(_) => {}
            Err(error) => panic!("page {page}: {error:?}"),
        }
    }
    assert!(told > 0, "no damage was noticed");
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let cut = History::open_existing(&path).and_then(|history| history.state_at(at(9)).map(drop));
    assert!(matches!(cut, Err(HistoryError::Damaged { .. })), "{cut:?}");
    drop(folder);
}

#[test]
fn a_full_disk_keeps_what_was_there() {
    let (_folder, mut history) = store();
    history.append(&snapshot_of(1, vec![bucket(1, "a", "red")]), None).unwrap();
    let pages: i64 = history.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    history.connection.pragma_update(None, "max_page_count", pages + 2).unwrap();
    let many = (0..500).map(|at| bucket(2, &format!("b{at}"), &format!("red {at}"))).collect();
    let error = history.append(&snapshot_of(2, many), None).unwrap_err();
    assert!(matches!(error, HistoryError::Full { .. }), "{error:?}");
    assert!(error.to_string().contains("is full"), "{error}");
    assert_eq!(history.snapshots().unwrap().len(), 1);
    assert_eq!(history.state_at(at(2)).unwrap().items().len(), 1);
    history.connection.pragma_update(None, "max_page_count", 1_000_000).unwrap();
    history.append(&snapshot_of(3, vec![bucket(3, "a", "blue")]), None).unwrap();
}

#[test]
fn a_store_that_another_process_holds_is_told_as_such() {
    let (_folder, mut history) = store();
    history.append(&snapshot_of(1, vec![bucket(1, "a", "red")]), None).unwrap();
    let other = Connection::open(history.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    history.connection.busy_timeout(Duration::from_millis(20)).unwrap();
    let error = history.append(&snapshot_of(2, vec![bucket(2, "a", "blue")]), None).unwrap_err();
    assert!(matches!(error, HistoryError::Locked { .. }), "{error:?}");
    // Who only reads is not in anybody's way.
    assert_eq!(history.state_at(at(2)).unwrap().items().len(), 1);
    other.execute_batch("ROLLBACK").unwrap();
    history.append(&snapshot_of(2, vec![bucket(2, "a", "blue")]), None).unwrap();
}

#[test]
fn a_resource_seen_in_a_place_that_was_never_listed_ends_when_it_is() {
    for is_late in [false, true] {
        let (_folder, mut history) = store();
        // Seen from elsewhere: its own place was not asked for.
        let mut seen = snapshot_of(1, vec![bucket(1, "a", "red"), bucket(1, "b", "red")]).about().clone();
        seen.listings.clear();
        let seen = Snapshot::new(seen, vec![bucket(1, "a", "red"), bucket(1, "b", "red")]);
        let listed = snapshot_of(3, vec![bucket(3, "b", "red")]);
        let order = if is_late { [&listed, &seen] } else { [&seen, &listed] };
        for snapshot in order {
            history.append(snapshot, None).unwrap();
        }
        assert_eq!(colours(&history, "a"), ["\"red\" 01-03"], "late: {is_late}");
        assert_eq!(colours(&history, "b"), ["\"red\" 01-now"], "late: {is_late}");
        assert_eq!(history.state_at(at(4)).unwrap().items().len(), 1);
    }
}
