//! `cloudtrail:LookupEvents`: the management events of the last 90 days, asked by the name of a resource.
//!
//! AWS allows two requests a second ([`rate`](crate::source::client::rate)), and this asks for changed resources only.
//! What CloudTrail denies or fails to answer is told as an [`Unreadable`], never as an empty list.

use std::sync::Arc;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};

use super::{Wanted, event, sorted};
use crate::event::{EventResource, TrailEvent};
use crate::item::{GLOBAL, ResourceKey, format_time};
use crate::source::client::{CallTarget, Client};
use crate::value::{Unreadable, Value, code};

/// How far back CloudTrail looks
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>).
pub const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The action that allows to look events up.
pub const LOOKUP_ACTION: &str = "cloudtrail:LookupEvents";

/// So many pages of 50 events are read for one name and time at most: a busy resource does not hold up all others.
const MOST_PAGES: usize = 20;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Calls that may have changed the resource, by time and id.
    pub events: Vec<TrailEvent>,
    /// Whether there are older ones that were not read.
    pub is_cut: bool,
}

/// The event history of an account.
#[derive(Clone, Debug)]
pub struct Lookup {
    client: Client,
}

impl Lookup {
    /// Asks through this client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The account whose events can be had.
    pub fn account_id(&self) -> &str {
        self.client.account_id()
    }

    /// The earliest time of which CloudTrail still has events.
    pub fn earliest(&self) -> Timestamp {
        let now = Timestamp::try_from(self.client.now()).or_else(|_| Timestamp::try_from(SystemTime::now()));
        now.ok().and_then(|now| now.checked_sub(KEPT).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The events on a resource that is called by these names, in the time that is wanted.
    ///
    /// # Errors
    /// The call that failed. If one page fails, all do.
    pub async fn events(&self, key: &ResourceKey, names: &[&str], wanted: &Wanted) -> Result<Found, Arc<Unreadable>> {
        let mut found = Found::default();
        for name in names {
            found.is_cut |= self.named(key, name, wanted, &mut found.events).await?;
        }
        found.events = sorted(found.events);
        Ok(found)
    }

    /// Adds the events that name the resource so, and says whether there are more.
    async fn named(
        &self,
        key: &ResourceKey,
        name: &str,
        wanted: &Wanted,
        events: &mut Vec<TrailEvent>,
    ) -> Result<bool, Arc<Unreadable>> {
        let global = self.client.partition().global_region();
        let target = CallTarget::region(if *key.region == *GLOBAL { global } else { &key.region });
        let mut next: Option<Value> = None;
        for _ in 0..MOST_PAGES {
            let attribute = Value::object([("AttributeKey", "ResourceName".into()), ("AttributeValue", name.into())]);
            let mut asked =
                vec![("LookupAttributes", Value::Array([attribute].into())), ("MaxResults", Value::Integer(50))];
            asked.extend(wanted.after.map(|time| ("StartTime", format_time(time).into())));
            asked.extend(wanted.until.map(|time| ("EndTime", format_time(time).into())));
            asked.extend(next.clone().map(|token| ("NextToken", token)));
            let answer = self.client.call(&target, "cloudtrail", "LookupEvents", &Value::object(asked)).await;
            let answer = answer.map_err(|error| Arc::new(error.to_unreadable(Some(LOOKUP_ACTION))))?;
            for listed in answer.get("Events").and_then(Value::as_array).unwrap_or_default() {
                let event = whole(listed, wanted).ok_or_else(|| malformed("an event has no record in JSON"))?;
                if event.is_write() && wanted.takes(event.time) {
                    events.push(event);
                }
            }
            let token = answer.get("NextToken").filter(|token| token.as_str().is_some_and(|text| !text.is_empty()));
            if token.is_none() {
                return Ok(false);
            }
            if token == next.as_ref() {
                return Err(malformed("a page leads to itself"));
            }
            next = token.cloned();
        }
        Ok(true)
    }
}

/// An event as `LookupEvents` lists it: the record as text, and beside it the resources by which it can be found.
fn whole(listed: &Value, wanted: &Wanted) -> Option<TrailEvent> {
    let record: Value = serde_json::from_str(listed.get("CloudTrailEvent")?.as_str()?).ok()?;
    let mut event = event(&record, &wanted.names)?;
    for resource in listed.get("Resources").and_then(Value::as_array).unwrap_or_default() {
        let text = |name: &str| resource.get(name).and_then(Value::as_str).map(str::to_owned);
        let Some(resource_name) = text("ResourceName") else { continue };
        event.resources.push(EventResource { resource_type: text("ResourceType"), resource_name });
    }
    Some(event)
}

fn malformed(message: &str) -> Arc<Unreadable> {
    Arc::new(Unreadable {
        operation: LOOKUP_ACTION.to_owned(),
        action: Some(LOOKUP_ACTION.to_owned()),
        code: code::MALFORMED.to_owned(),
        message: message.to_owned(),
    })
}
