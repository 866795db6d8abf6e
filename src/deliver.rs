//! What is to be delivered of a new snapshot, as AWS Config would: a message for each resource that was created, changed or
//! deleted and for each rule that says something else of one, and the files of its bucket with the messages that speak of
//! them, in the order in which they are sent; and the findings for Security Hub.
//!
//! What changed is what the store tells of the snapshot's time, as `history` does: the first look at a place makes no
//! messages of resources, and a list that could not be read makes none either. Nothing here sends anything.

mod findings;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde_json::Value as Json;

pub use self::findings::findings;
use crate::diff::ChangeType;
use crate::evaluation::{ComplianceType, Evaluation};
use crate::export::{self, ExportError, ExportFile, Format};
use crate::history::{History, HistoryError, Interval, Recorded};
use crate::item::{ConfigurationItem, format_time};
use crate::notification;
use crate::timeline::{ChangeKind, ResourceHistory};

/// Something to deliver.
#[derive(Clone, Debug, PartialEq)]
pub enum Parcel {
    /// A message for whoever listens.
    Message(Json),
    /// A file for the bucket.
    File {
        /// The object's key.
        key: String,
        /// Its content, compressed.
        body: Vec<u8>,
        /// The message that is sent once it is there.
        completed: Json,
    },
    /// A message that is too large for a topic, and what a topic gets instead.
    Oversized {
        /// The whole message.
        message: Json,
        /// The object's key of its copy in the bucket.
        key: String,
        /// The summary, which says where the copy is.
        summary: Json,
    },
    /// A finding for Security Hub, as its API takes it.
    Finding {
        /// The region of the hub.
        hub: String,
        /// The finding.
        finding: Json,
    },
}

/// A bucket and what its keys begin with.
#[derive(Clone, Copy, Debug)]
pub struct Target<'t> {
    /// The bucket's name.
    pub bucket: &'t str,
    /// Empty, or ending in `/`.
    pub prefix: &'t str,
}

/// Why it cannot be told what is to be delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliverError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] HistoryError),
    /// A file cannot be named.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A file cannot be made.
    #[error("a file for the bucket cannot be made")]
    File(#[from] io::Error),
}

/// What is to be delivered of a snapshot of the store; files only if there is a bucket.
///
/// # Errors
/// The store cannot be read, or a file cannot be made.
pub fn of_snapshot(
    history: &History,
    snapshot: &Recorded,
    bucket: Option<Target<'_>>,
) -> Result<Vec<Parcel>, DeliverError> {
    let at = snapshot.time;
    let time = format_time(at);
    let looks = history.looks()?;
    let (mut items, mut answers) = (Vec::new(), Vec::new());
    for key in history.changed(None, Some(at), Some(at))? {
        let mut told = ResourceHistory::of(history, &looks, &key)?;
        let created = told.changes.iter().rfind(|change| change.kind == ChangeKind::Created && change.time <= at);
        let created = created.map(|change| change.time);
        told.restrict(Some(at), Some(at));
        let mut is_gone = false;
        for change in &told.changes {
            let kind = match change.kind {
                ChangeKind::Created => ChangeType::Create,
                ChangeKind::Changed => ChangeType::Update,
                ChangeKind::Deleted => ChangeType::Delete,
                ChangeKind::Found | ChangeKind::Judged => continue,
            };
            is_gone = kind == ChangeType::Delete;
            let message = notification::item_changed(kind, &change.item, &change.properties, &time);
            items.push(of_message(message, &change.item, at, bucket));
        }
        let intervals = history.compliance(&key)?;
        answers.extend(compliance(&intervals, at, created, is_gone).into_iter().map(Parcel::Message));
    }
    let mut parcels = items;
    if snapshot.rule_set.is_some() {
        let rules: Vec<String> = history.rules(snapshot.id)?.iter().map(|one| one.id().to_string()).collect();
        for (account, region) in snapshot.places() {
            parcels.push(Parcel::Message(notification::evaluation_started(account, region, &rules, &time)));
        }
    }
    parcels.append(&mut answers);
    if let Some(bucket) = bucket {
        files(history, at, &time, bucket, &mut parcels)?;
    }
    Ok(parcels)
}

/// The message for all who take one of its size, or what stands for it.
fn of_message(message: Json, item: &ConfigurationItem, at: Timestamp, bucket: Option<Target<'_>>) -> Parcel {
    if message.to_string().len() <= notification::LARGEST {
        return Parcel::Message(message);
    }
    let name = export::oversized(item, at);
    let Some(bucket) = bucket else {
        let summary = notification::oversized(&message, &name);
        let failed = notification::failed(&summary, "NoBucket", "there is no bucket to put the message into");
        return Parcel::Oversized { message, key: name, summary: failed.unwrap_or(summary) };
    };
    let key = format!("{}{name}", bucket.prefix);
    let summary = notification::oversized(&message, &format!("{}/{key}", bucket.bucket));
    Parcel::Oversized { message, key, summary }
}

/// The rules whose answer on a resource is another one from a time on. The worst of a rule's answers counts. What a rule
/// said last before that time holds until then: a look that could not list the resource is no answer. What it said before
/// the resource was created anew is of another one.
fn compliance(intervals: &[Interval], at: Timestamp, created: Option<Timestamp>, is_gone: bool) -> Vec<Json> {
    let mut by_rule = BTreeMap::<&Arc<str>, Vec<&Interval>>::new();
    for interval in intervals {
        by_rule.entry(&interval.evaluation.rule).or_default().push(interval);
    }
    let time = format_time(at);
    let mut messages = Vec::new();
    for answers in by_rule.into_values() {
        let earlier = || {
            let ends = answers.iter().filter(|one| one.from < at).map(|one| (one.to.map_or(at, |to| to.min(at)), *one));
            ends.filter(|(end, _)| created.is_none_or(|created| *end > created))
        };
        let last = earlier().map(|(end, _)| end).max();
        let before = worst(earlier().filter(|(end, _)| Some(*end) == last).map(|(_, one)| one));
        let holds = |one: &&Interval| one.from <= at && one.to.is_none_or(|to| to > at);
        let after = worst(answers.iter().copied().filter(holds));
        let answer = |interval: Option<&Interval>| interval.map(|interval| interval.evaluation.compliance_type);
        let is_news = match (answer(before), answer(after)) {
            (None, after) => after == Some(ComplianceType::NonCompliant),
            // The rule was not run, or could not look: that is no answer.
            (Some(before), None) => is_gone && before != ComplianceType::NotApplicable,
            (before, after) => before != after,
        };
        if !is_news {
            continue;
        }
        let since = before.map(|before| format_time(before.from)).unwrap_or_default();
        let before = before.map(|before| (&before.evaluation, since.as_str()));
        let after = after.map(|after| (&after.evaluation, time.as_str()));
        messages.extend(notification::compliance_changed(before, after, &time));
    }
    messages
}

fn worst<'i>(answers: impl Iterator<Item = &'i Interval>) -> Option<&'i Interval> {
    answers.min_by_key(|one| rank(&one.evaluation))
}

fn rank(answer: &Evaluation) -> u8 {
    match answer.compliance_type {
        ComplianceType::NonCompliant => 0,
        ComplianceType::InsufficientData => 1,
        ComplianceType::Compliant => 2,
        ComplianceType::NotApplicable => 3,
    }
}

/// The state as snapshot files, and what began or ended at its time as history files.
fn files(
    history: &History,
    at: Timestamp,
    time: &str,
    bucket: Target<'_>,
    parcels: &mut Vec<Parcel>,
) -> Result<(), DeliverError> {
    let body = |file: &ExportFile<'_>| {
        let mut body = Vec::new();
        file.write(&mut body).map(|()| body)
    };
    let state = history.state_at(at)?;
    for file in export::snapshot(&state, Format::AwsConfig)? {
        let (key, id) = (format!("{}{}", bucket.prefix, file.name()), file.snapshot_id().unwrap_or_default());
        parcels.push(Parcel::Message(notification::snapshot_started(&id, time)));
        let completed = notification::snapshot_completed(&id, bucket.bucket, &key, time);
        parcels.push(Parcel::File { key, body: body(&file)?, completed });
    }
    let versions = history.history_items(Some(at), Some(at))?;
    for file in export::history(&versions, Format::AwsConfig)? {
        let key = format!("{}{}", bucket.prefix, file.name());
        let completed = notification::history_completed(bucket.bucket, &key, time);
        parcels.push(Parcel::File { key, body: body(&file)?, completed });
    }
    Ok(())
}

/// A message as the file that stands for it.
///
/// # Errors
/// None that memory does not make.
pub fn compressed(message: &Json) -> io::Result<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    serde_json::to_writer(&mut out, message)?;
    out.write_all(b"\n")?;
    out.finish()
}

#[cfg(test)]
mod tests;
