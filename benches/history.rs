//! How fast the store takes and tells history, and how it grows.
//!
//! `ITEMS=100000 DAYS=365 cargo bench --bench history` appends a snapshot of so many items, then (of a tenth as many) one a
//! day with one item in a hundred changed, and prints times and sizes. With `MOST=1000000` it appends snapshots of 10,000
//! items, 100,000 and so on as well, and tells how time and room grow with them.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]
#![expect(clippy::cast_precision_loss, reason = "ratios are printed with few digits")]

mod items;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use assize::history::History;
use assize::item::ConfigurationItem;
use assize::snapshot::{About, Snapshot};
use assize::timeline::ResourceHistory;
use jiff::{SignedDuration, Timestamp};

fn main() {
    let count = number("ITEMS", 100_000);
    let days = number("DAYS", 365);
    let folder = tempfile::tempdir().expect("there is a temporary folder");

    let path = folder.path().join("large.db");
    let snapshot = of_day(&items::snapshot(count), 0, 0);
    let start = Instant::now();
    let mut history = History::open(&path).expect("a store can be made");
    history.append(&snapshot, None).expect("it can be appended");
    println!("{count} items appended in {:.2} s", start.elapsed().as_secs_f64());
    drop(history);
    let first = size(&path);
    println!("{} MB, {} bytes an item", first / 1_000_000, first / count as u64);

    let mut history = History::open(&path).expect("it is a store");
    let unchanged = of_day(&snapshot, 1, 0);
    let start = Instant::now();
    history.append(&unchanged, None).expect("it can be appended");
    println!("appended again unchanged in {:.2} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let state = history.state_at(Timestamp::now()).expect("it can be read");
    println!("state of {} items read in {:.2} s", state.items().len(), start.elapsed().as_secs_f64());
    drop((state, history));
    let second = size(&path);
    println!("grown by {} bytes, {:.3} %", second - first, (second - first) as f64 / first as f64 * 100.0);

    let path = folder.path().join("daily.db");
    let count = (count / 10).max(100);
    let mut history = History::open(&path).expect("a store can be made");
    let mut snapshot = of_day(&items::snapshot(count), 0, 0);
    let mut one = 0;
    let start = Instant::now();
    for day in 0..days {
        if day > 0 {
            snapshot = of_day(&snapshot, day, 100);
        }
        history.append(&snapshot, None).expect("it can be appended");
        if day == 0 {
            drop(history);
            one = size(&path);
            history = History::open(&path).expect("it is a store");
        }
    }
    println!("{days} snapshots of {count} items, 1 % changed a day, in {:.1} s", start.elapsed().as_secs_f64());
    let key = snapshot.items().first().expect("there are items").key.clone();
    let start = Instant::now();
    let versions = history.versions(&key).expect("they can be read").len();
    println!("{versions} versions of a resource in {:.1} ms", milliseconds(start));
    let start = Instant::now();
    let looks = history.looks().expect("they can be read");
    let told = ResourceHistory::of(&history, &looks, &key).expect("it can be read").changes.len();
    println!("the timeline of a resource: {told} entries over {days} snapshots in {:.1} ms", milliseconds(start));
    drop(history);
    println!("{} MB, {:.2} times one snapshot", size(&path) / 1_000_000, size(&path) as f64 / one as f64);
    grow(folder.path(), number("MOST", 0));
}

/// Snapshots of more and more items, each in a store of its own: read, changed, and told apart.
fn grow(folder: &Path, most: usize) {
    for count in std::iter::successors(Some(10_000), |count| Some(count * 10)).take_while(|count| *count <= most) {
        let path = folder.join(format!("{count}.db"));
        let snapshot = of_day(&items::snapshot(count), 0, 0);
        let mut history = History::open(&path).expect("a store can be made");
        let start = Instant::now();
        history.append(&snapshot, None).expect("it can be appended");
        let appended = milliseconds(start);
        let later = of_day(&snapshot, 1, 100);
        let start = Instant::now();
        history.append(&later, None).expect("it can be appended");
        let changed = milliseconds(start);
        let start = Instant::now();
        let state = history.state_at(Timestamp::now()).expect("it can be read").items().len();
        let told = milliseconds(start);
        drop((snapshot, later, history));
        println!(
            "{state} items: appended in {appended:.0} ms, one in a hundred changed in {changed:.0} ms, read in {told:.0} ms, \
                {} bytes an item",
            size(&path) / count as u64
        );
        fs::remove_file(&path).expect("it is there");
    }
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1_000.0
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(default)
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

/// The snapshot as it is on a later day, with every nth item changed: another one each day, and the first one always.
fn of_day(snapshot: &Arc<Snapshot>, day: usize, each: usize) -> Arc<Snapshot> {
    let time = "2026-03-01T00:00:00Z".parse::<Timestamp>().expect("it is a time");
    let time = time + SignedDuration::from_hours(24 * i64::try_from(day).unwrap_or(0));
    let captured_at = assize::item::format_time(time);
    let item = |(at, item): (usize, &Arc<ConfigurationItem>)| {
        let mut item = ConfigurationItem::clone(item);
        item.capture_time = captured_at.as_str().into();
        item.state_id = time.as_millisecond();
        if each > 0 && (at == 0 || at % each == day % each) {
            item.put("/tags/Changed", format!("on day {day}").into());
        }
        item
    };
    let items = snapshot.items().iter().enumerate().map(item).collect();
    Arc::new(Snapshot::new(About { captured_at: captured_at.clone(), ..snapshot.about().clone() }, items))
}
