//! How long it takes to tell two snapshots of 100,000 items apart, and to make the digests of as many.
//!
//! `cargo bench --bench diff`; with `ITEMS=1000000` of so many, and with `MOST=1000000` of 10,000, 100,000 and so on up to that.

mod items;

use assize::canonical;
use assize::diff::{State, compare};
use assize::item::ConfigurationItem;
use assize::snapshot::{About, Snapshot};
use divan::counter::ItemsCount;

/// Items of each snapshot.
fn counts() -> Vec<usize> {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    match number("MOST") {
        Some(most) => {
            std::iter::successors(Some(10_000), |count| Some(count * 10)).take_while(|count| *count <= most).collect()
        }
        None => vec![number("ITEMS").unwrap_or(100_000)],
    }
}

/// One in so many items is changed.
const CHANGED: usize = 100;

fn main() {
    divan::main();
}

fn state(snapshot: &Snapshot) -> State<'_> {
    State { captured_at: &snapshot.about().captured_at, snapshot: Some(snapshot), judged: None }
}

/// The same items in a tree of their own, as two files give them: none is the same in memory.
fn later(snapshot: &Snapshot) -> Snapshot {
    let about = About { captured_at: "2026-12-31T00:00:00.000Z".to_owned(), ..snapshot.about().clone() };
    let items = snapshot.items().iter().enumerate().map(|(at, item)| {
        let text = serde_json::to_string(&**item).expect("an item is JSON");
        let mut item: ConfigurationItem = serde_json::from_str(&text).expect("what was written can be read");
        if at % CHANGED == 0 {
            item.put("/tags/Changed", "yes".into());
        }
        item
    });
    Snapshot::new(about, items.collect())
}

#[divan::bench(sample_count = 10, args = counts())]
fn one_in_a_hundred_changed(bencher: divan::Bencher<'_, '_>, count: usize) {
    let before = items::snapshot(count);
    let after = later(&before);
    let changed = compare(state(&before), state(&after)).resources.len();
    assert_eq!(changed, before.items().len().div_ceil(CHANGED), "each change is seen");
    bencher
        .counter(ItemsCount::new(before.items().len()))
        .bench(|| compare(state(&before), state(&after)).resources.len());
}

#[divan::bench(sample_count = 10, args = counts())]
fn digests(bencher: divan::Bencher<'_, '_>, count: usize) {
    let snapshot = items::snapshot(count);
    bencher
        .counter(ItemsCount::new(snapshot.items().len()))
        .bench(|| snapshot.items().iter().map(|item| canonical::digests(item)).fold(0, |all, one| all ^ one.sha256[0]));
}
