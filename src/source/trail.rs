//! CloudTrail's events: from the last 90 days of an account ([`lookup`]), or from the files of a trail ([`files`], [`bucket`]).
//! Whether those files are as they were delivered is told by [`verify`].
//!
//! Both sources of events hold the same records
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>).
//! Of a record only what [`TrailEvent`] names is kept.

pub mod bucket;
pub mod files;
pub mod lookup;
pub mod name;
pub mod verify;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;

use crate::event::{Actor, EventResource, TrailEvent};
use crate::value::Value;

/// Which events are wanted: those between two times that name one of these resources, by id, name or ARN.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Events after this time.
    pub after: Option<Timestamp>,
    /// Events up to this time.
    pub until: Option<Timestamp>,
    /// Ids, names and ARNs.
    pub names: HashSet<String>,
}

impl Wanted {
    fn takes(&self, time: Timestamp) -> bool {
        self.after.is_none_or(|after| time > after) && self.until.is_none_or(|until| time <= until)
    }

    /// The record as an event, if it is one that is wanted: a call that may have changed something, in time, on one of the
    /// resources.
    fn event(&self, record: &Value) -> Option<TrailEvent> {
        let event = event(record, &self.names)?;
        let is_named = !event.mentions.is_empty()
            || event.resources.iter().any(|resource| self.names.contains(&resource.resource_name));
        (event.is_write() && self.takes(event.time) && is_named).then_some(event)
    }
}

/// A record as an event; nothing if it has no id, time or name. Of the call's parameters and answer those texts are kept
/// that are among `names`.
fn event(record: &Value, names: &HashSet<String>) -> Option<TrailEvent> {
    let text = |name: &str| record.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let own = |name: &str| text(name).map(str::to_owned);
    let mut mentions = BTreeSet::new();
    for part in ["requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"] {
        record.get(part).into_iter().for_each(|part| collect(part, names, &mut mentions));
    }
    let resources = record.get("resources").and_then(Value::as_array).unwrap_or_default();
    let resources = resources.iter().filter_map(|resource| {
        let text = |names: [&str; 2]| names.iter().find_map(|name| resource.get(name)?.as_str());
        Some(EventResource {
            resource_type: text(["type", "resourceType"]).map(str::to_owned),
            resource_name: text(["ARN", "resourceName"])?.to_owned(),
        })
    });
    Some(TrailEvent {
        id: own("eventID")?,
        time: text("eventTime")?.parse().ok()?,
        name: own("eventName")?,
        source: own("eventSource").unwrap_or_default(),
        actor: record.get("userIdentity").map(actor).unwrap_or_default(),
        source_address: own("sourceIPAddress"),
        user_agent: own("userAgent"),
        account_id: own("recipientAccountId"),
        aws_region: own("awsRegion").unwrap_or_default(),
        resources: resources.collect(),
        mentions,
        // CloudTrail's own copies of the event have it as text.
        read_only: record.get("readOnly").and_then(|flag| flag.as_bool().or_else(|| flag.as_str()?.parse().ok())),
        error_code: own("errorCode"),
    })
}

/// The texts of a tree that are among `names`, whole.
fn collect(value: &Value, names: &HashSet<String>, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            if let Some(name) = names.get(text.as_str()) {
                found.insert(name.clone());
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, names, found)),
        Value::Object(members) => members.iter().for_each(|(_, member)| collect(member, names, found)),
        _ => {}
    }
}

/// Who called, from the element `userIdentity`
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>). Access
/// keys are left behind.
fn actor(identity: &Value) -> Actor {
    let text = |pointer: &str| identity.pointer(pointer)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let kind = text("/type").unwrap_or_default();
    // A user of IAM Identity Center has no ARN: the id says who it is.
    let person = || text("/onBehalfOf/userId").filter(|_| kind == "IdentityCenterUser");
    let name = text("/arn")
        .or_else(person)
        .or_else(|| text("/userName"))
        .or_else(|| text("/accountId").filter(|_| matches!(kind.as_str(), "AWSAccount" | "Root")))
        .or_else(|| text("/invokedBy"))
        .or_else(|| text("/principalId"))
        .or_else(|| text("/accountId"))
        .unwrap_or_default();
    let issuer = text("/sessionContext/sessionIssuer/arn").filter(|issuer| *issuer != name);
    let invoked_by = text("/invokedBy").filter(|service| *service != name);
    Actor { kind, name, issuer, invoked_by }
}

/// Events by time and id, each once. Of two copies of one event the later's names of resources are added.
fn sorted(events: impl IntoIterator<Item = TrailEvent>) -> Vec<TrailEvent> {
    let mut all = BTreeMap::<(Timestamp, String), TrailEvent>::new();
    for event in events {
        let known = all.entry((event.time, event.id.clone())).or_insert_with(|| event.clone());
        known.mentions.extend(event.mentions);
        for resource in event.resources {
            if !known.resources.contains(&resource) {
                known.resources.push(resource);
            }
        }
    }
    all.into_values()
        .map(|mut event| {
            event.resources.sort();
            event
        })
        .collect()
}

#[cfg(test)]
mod tests;
