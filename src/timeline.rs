//! What became of resources over time: each change with what rules said from then on, and the calls that may have made it.
//!
//! A change is dated by the look that saw it, so it happened at some time after the look before. In that time the write
//! events of CloudTrail that name the resource are its related events. **An event is never proof**: a call may have
//! changed nothing, and what changed may have been done by a call that CloudTrail did not record. If there are several,
//! [`likely`] marks one by a simple rule, and all are told.
//!
//! Nothing here looks events up: [`Change::window`] says which are wanted, [`ResourceHistory::attach`] takes them.

mod answers;
mod likely;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

pub use self::answers::{Answer, AnswerChange};
pub use self::likely::likely;
use crate::diff::{self, PropertyChange};
use crate::event::{self, TrailEvent};
use crate::history::{History, HistoryError, Looks, Unread, Version};
use crate::item::{ConfigurationItem, ResourceKey};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// The first look at its place saw it: since when it is there is not known.
    Found,
    /// It is there, and was not at the look before.
    Created,
    /// Its facts changed.
    Changed,
    /// It is gone.
    Deleted,
    /// The resource is as it was, and rules say something else: time passed, another resource or the rule changed.
    Judged,
}

impl ChangeKind {
    /// As it is written in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
            Self::Judged => "judged",
        }
    }
}

/// A change of one resource.
#[derive(Clone, Debug)]
pub struct Change {
    /// The look that saw it.
    pub time: Timestamp,
    /// What happened.
    pub kind: ChangeKind,
    /// The last look before that could have seen it; nothing if there was none.
    pub after: Option<Timestamp>,
    /// When the look ended that saw it: a call may have been made while it went on.
    pub until: Timestamp,
    /// The resource as it is from then on; of one that is gone, as it was.
    pub item: Arc<ConfigurationItem>,
    /// Which facts changed, by path.
    pub properties: Vec<PropertyChange>,
    /// Which rules say something else from then on, by rule and key.
    pub answers: Vec<AnswerChange>,
    /// What all rules say from then on, by rule and key. Empty if nobody judged, and for what is gone.
    pub compliance: Vec<Answer>,
    /// The calls that may have made it, by time and id; nothing if nobody looked for any.
    pub events: Option<Vec<TrailEvent>>,
}

/// The time in which the events of a change are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// Events after this time; since ever if nothing.
    pub after: Option<Timestamp>,
    /// Events up to this time.
    pub until: Timestamp,
}

impl Window {
    fn holds(&self, time: Timestamp) -> bool {
        self.after.is_none_or(|after| time > after) && time <= self.until
    }
}

impl Change {
    /// When calls that may have made it were made. CloudTrail tells whole seconds, so the last second before the window
    /// belongs to it. What was found by the first look, or did not change itself, has none.
    pub fn window(&self) -> Option<Window> {
        if matches!(self.kind, ChangeKind::Found | ChangeKind::Judged) {
            return None;
        }
        let after = self.after.map(|after| after.checked_sub(SignedDuration::from_secs(1)).unwrap_or(after));
        Some(Window { after, until: self.until })
    }

    /// The one of the related events that [`likely`] names.
    pub fn likely(&self) -> Option<&TrailEvent> {
        likely(self.kind, &self.item.key.resource_type, self.events.as_deref()?)
    }
}

/// What became of one resource.
#[derive(Clone, Debug)]
pub struct ResourceHistory {
    /// Which resource.
    pub key: ResourceKey,
    /// Its changes, the earliest first.
    pub changes: Vec<Change>,
    /// What could not be read, from when to when.
    pub unread: Vec<Unread>,
}

impl ResourceHistory {
    /// All that a store knows of a resource, with the events that were noted before. `looks` is of the same store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn of(history: &History, looks: &Looks, key: &ResourceKey) -> Result<Self, HistoryError> {
        let unread = history.unread(key)?;
        let mut changes = of_versions(&history.versions(key)?, looks, &unread);
        answers::add(&mut changes, &history.compliance(key)?, looks);
        let related = history.related(key)?;
        for change in &mut changes {
            if let Some(events) = related.get(&change.time).filter(|_| change.window().is_some()) {
                change.events = Some(events.clone());
            }
        }
        Ok(Self { key: key.clone(), changes, unread })
    }

    /// Leaves out what was not seen between two times, both included.
    pub fn restrict(&mut self, since: Option<Timestamp>, until: Option<Timestamp>) {
        let within = |time: Timestamp| since.is_none_or(|since| time >= since) && until.is_none_or(|end| time <= end);
        self.changes.retain(|change| within(change.time));
        self.unread.retain(|unread| {
            since.is_none_or(|since| unread.to.is_none_or(|to| to > since))
                && until.is_none_or(|until| unread.from <= until)
        });
    }

    /// The times in which the events of its changes are, the earliest first. Those that touch are one.
    pub fn windows(&self) -> Vec<Window> {
        let mut windows: Vec<Window> = self.changes.iter().filter_map(Change::window).collect();
        windows.sort();
        windows.dedup_by(|later, earlier| {
            let touches = later.after.is_none_or(|after| after <= earlier.until);
            if touches {
                earlier.until = earlier.until.max(later.until);
            }
            touches
        });
        windows
    }

    /// What the resource is and was called: its id, its names and ARNs.
    pub fn names(&self) -> BTreeSet<&str> {
        self.changes.iter().flat_map(|change| event::names(&change.item)).collect()
    }

    /// Adds to each change those of the events that are on the resource and in the change's window. That there are none is
    /// known of a change only if `is_whole`, so that none is missing among the events, and if they reach back to where its
    /// window begins: there are none from before `earliest`.
    pub fn attach(&mut self, events: &[TrailEvent], earliest: Option<Timestamp>, is_whole: bool) {
        for change in &mut self.changes {
            let Some(window) = change.window() else { continue };
            let mut found =
                events.iter().filter(|event| window.holds(event.time) && event.is_on(&change.item)).peekable();
            let reaches = earliest.is_none_or(|earliest| window.after.is_some_and(|after| after >= earliest));
            if found.peek().is_none() && !(is_whole && reaches) {
                continue;
            }
            let related = change.events.get_or_insert_default();
            for event in found {
                if !related.iter().any(|known| known.id == event.id) {
                    related.push(event.clone());
                }
            }
            related.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
        }
    }
}

fn of_versions(versions: &[Version], looks: &Looks, unread: &[Unread]) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut before: Option<(&Version, Arc<ConfigurationItem>)> = None;
    for version in versions {
        let item = Arc::new(version.item.clone());
        let mut push = |time, kind, item: &Arc<ConfigurationItem>, properties| {
            changes.push(change(time, kind, item, properties, looks));
        };
        match &before {
            None if looks.before(&version.item.key, version.from).is_none() => {
                push(version.from, ChangeKind::Found, &item, Vec::new());
            }
            None => push(version.from, ChangeKind::Created, &item, Vec::new()),
            Some((last, old)) if last.to == Some(version.from) => {
                let properties = diff::versions(old, &item);
                // Without any, more is known of the resource than before, and nothing changed.
                if !properties.is_empty() {
                    push(version.from, ChangeKind::Changed, &item, properties);
                }
            }
            Some((last, old)) => {
                push(last.to.unwrap_or(version.from), ChangeKind::Deleted, old, Vec::new());
                push(version.from, ChangeKind::Created, &item, Vec::new());
            }
        }
        before = Some((version, item));
    }
    if let Some((Version { to: Some(to), .. }, item)) = &before {
        changes.push(change(*to, ChangeKind::Deleted, item, Vec::new(), looks));
    }
    // A version of AWS Config has no look before it: then the change before is the last time that it was seen. What could
    // not be read until then may have changed at any time in which it could not be read.
    let mut last = None;
    for change in &mut changes {
        let blind = unread.iter().filter(|unread| unread.to == Some(change.time)).map(|unread| unread.from).min();
        change.after = match blind {
            Some(from) => looks.before(&change.item.key, from),
            None => change.after.max(last),
        };
        last = Some(change.time);
    }
    changes
}

fn change(
    time: Timestamp,
    kind: ChangeKind,
    item: &Arc<ConfigurationItem>,
    properties: Vec<PropertyChange>,
    looks: &Looks,
) -> Change {
    Change {
        time,
        kind,
        after: looks.before(&item.key, time),
        until: looks.end(time),
        item: Arc::clone(item),
        properties,
        answers: Vec::new(),
        compliance: Vec::new(),
        events: None,
    }
}

/// One line of a timeline.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'h> {
    /// A call that may have changed something.
    Event(&'h TrailEvent),
    /// A change that was seen.
    Change(&'h Change),
}

impl Entry<'_> {
    /// When it was, or was seen.
    pub fn time(&self) -> Timestamp {
        match self {
            Self::Event(event) => event.time,
            Self::Change(change) => change.time,
        }
    }
}

/// The changes of several resources and their events in one line of time, each event once. At the same time calls stand
/// before changes; calls are in the order of their ids, changes in that of the resources and of what happened.
pub fn merged<'h>(histories: impl IntoIterator<Item = &'h ResourceHistory>) -> Vec<Entry<'h>> {
    let mut changes = Vec::new();
    for history in histories {
        changes.extend(&history.changes);
    }
    let mut events: Vec<&TrailEvent> = changes.iter().flat_map(|change| change.events.iter().flatten()).collect();
    events.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
    events.dedup_by(|a, b| a.id == b.id);
    changes.sort_by(|a, b| (a.time, &a.item.key, a.kind).cmp(&(b.time, &b.item.key, b.kind)));
    let mut entries: Vec<Entry<'h>> = events.into_iter().map(Entry::Event).collect();
    entries.extend(changes.into_iter().map(Entry::Change));
    // The sort is stable: of equal times, what is said above stays.
    entries.sort_by_key(Entry::time);
    entries
}

#[cfg(test)]
mod tests;
