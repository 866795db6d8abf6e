//! Resources and what could be read of them: two snapshots, side by side.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{ChangeType, Diff, NotCompared, ReadabilityChange, ResourceChange, properties};
use crate::item::ConfigurationItem;
use crate::snapshot::{Place, Snapshot};
use crate::value::{Unreadable, Value, code};

type Item = Arc<ConfigurationItem>;

/// Adds what is different between two snapshots.
pub(super) fn compare<'a>(from: &'a Snapshot, to: &'a Snapshot, diff: &mut Diff<'a>) {
    let mut unseen = Unseen::default();
    let (mut before, mut after) = (from.items().iter().peekable(), to.items().iter().peekable());
    loop {
        let order = match (before.peek(), after.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => old.key.cmp(&new.key),
        };
        let old = before.next_if(|_| order.is_le()).filter(|item| item.status.is_present());
        let new = after.next_if(|_| order.is_ge());
        match (old, new.filter(|item| item.status.is_present())) {
            (Some(old), Some(new)) => both(from, to, old, new, diff),
            // An item that says that its resource is gone is as good as a complete listing.
            (Some(old), None) => match to.listing(&Place::from(&old.key)) {
                Err(reason) if new.is_none() => unseen.add(Place::from(&old.key), reason, false),
                _ => diff.resources.push(change(ChangeType::Delete, Some(old), new)),
            },
            (None, Some(new)) => match from.listing(&Place::from(&new.key)) {
                Err(reason) if !is_younger(new, from) => unseen.add(Place::from(&new.key), reason, true),
                _ => diff.resources.push(change(ChangeType::Create, None, Some(new))),
            },
            (None, None) => {}
        }
    }
    listings(from, to, &unseen, diff);
    diff.readability.sort();
    diff.not_compared = unseen
        .0
        .into_iter()
        .map(|((place, is_newer), (reason, resources))| NotCompared { place, reason, is_newer, resources })
        .collect();
}

/// Resources of one side whose listing on the other is not complete: by place and side, the reason and their number.
#[derive(Default)]
struct Unseen(BTreeMap<(Place, bool), (Arc<Unreadable>, usize)>);

impl Unseen {
    fn add(&mut self, place: Place, reason: Arc<Unreadable>, is_newer: bool) {
        self.0.entry((place, is_newer)).or_insert((reason, 0)).1 += 1;
    }

    fn count(&self, place: &Place, is_newer: bool) -> usize {
        self.0.get(&(place.clone(), is_newer)).map_or(0, |(_, count)| *count)
    }
}

/// Whether the resource was created after the older snapshot was taken: then it is new, whatever could be listed.
fn is_younger(item: &ConfigurationItem, than: &Snapshot) -> bool {
    let time = |text: &str| text.parse::<jiff::Timestamp>().ok();
    let created = item.creation_time.as_deref().and_then(time);
    created.zip(time(&than.about().captured_at)).is_some_and(|(created, captured)| created > captured)
}

fn change<'a>(change: ChangeType, before: Option<&'a Item>, after: Option<&'a Item>) -> ResourceChange<'a> {
    ResourceChange { change, before, after, properties: Vec::new() }
}

/// A resource that both sides know.
fn both<'a>(from: &Snapshot, to: &Snapshot, before: &'a Item, after: &'a Item, diff: &mut Diff<'a>) {
    if Arc::ptr_eq(before, after) {
        diff.unchanged_resources += 1;
        return;
    }
    let links_are_known =
        |resource_type: &str| from.links(before, resource_type).is_ok() && to.links(after, resource_type).is_ok();
    let properties = properties::changes(before, after, links_are_known);
    if properties.is_empty() {
        diff.unchanged_resources += 1;
    } else {
        diff.resources.push(ResourceChange {
            change: ChangeType::Update,
            before: Some(before),
            after: Some(after),
            properties,
        });
    }
    facts(before, after, true, diff);
    facts(after, before, false, diff);
}

/// What `one` knows and `other` could not read.
fn facts(one: &Item, other: &Item, other_is_newer: bool, diff: &mut Diff) {
    let mut lost = |path: &str, reason: &Arc<Unreadable>| {
        diff.readability.push(ReadabilityChange {
            gap: other.full_gap(Some(path.to_owned()), reason),
            is_readable: !other_is_newer,
            resources: 0,
        });
    };
    for gap in other.gaps.iter().filter(|gap| gap.reason.code != code::NOT_COLLECTED) {
        if !is_hidden(one, &gap.path) {
            lost(&gap.path, &gap.reason);
        }
    }
    // Links are mostly read from facts that are gaps themselves.
    let told: BTreeSet<&Arc<Unreadable>> = other.gaps.iter().map(|gap| &gap.reason).collect();
    for links in other.unreadable_relationships.iter().filter(|links| links.reason.code != code::NOT_COLLECTED) {
        let is_known = one.unreadable_relationships.iter().all(|own| own.resource_type != links.resource_type);
        if is_known && !told.contains(&links.reason) {
            lost("/relationships", &links.reason);
        }
    }
}

/// Whether the item does not know the fact at a path, or one above it.
fn is_hidden(item: &ConfigurationItem, path: &str) -> bool {
    let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
    ends.filter_map(|end| item.pointer(path.get(..end)?)).any(|value| matches!(value, Value::Unreadable(_)))
}

/// Listings that were complete and are not any more, and the other way round. One that nobody asked for is neither.
fn listings(from: &Snapshot, to: &Snapshot, unseen: &Unseen, diff: &mut Diff) {
    let mut changed = |complete: &Snapshot, other: &Snapshot, other_is_newer: bool| {
        for place in &complete.about().listings {
            let (Ok(()), Err(reason)) = (complete.listing(place), other.listing(place)) else { continue };
            if reason.code == code::NOT_COLLECTED || reason.code == code::NOT_RECORDED {
                continue;
            }
            let resources = unseen.count(place, !other_is_newer);
            diff.readability.push(ReadabilityChange {
                gap: place.gap(&reason),
                is_readable: !other_is_newer,
                resources,
            });
        }
    };
    changed(from, to, true);
    changed(to, from, false);
}
