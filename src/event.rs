//! An event of CloudTrail: who called what, when and from where. Data only.
//!
//! Of a call's parameters and answer nothing is kept but the names of resources that somebody asked about: the rest may
//! hold secrets. All of it was written by whoever made the call, and is hostile text.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::ConfigurationItem;

/// One call, as CloudTrail recorded it
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrailEvent {
    /// The event's id, a UUID.
    #[serde(rename = "eventId")]
    pub id: String,
    /// When the call was made; CloudTrail tells whole seconds.
    #[serde(rename = "eventTime", with = "rfc3339")]
    pub time: Timestamp,
    /// The operation: `AuthorizeSecurityGroupIngress`.
    #[serde(rename = "eventName")]
    pub name: String,
    /// The service's host: `ec2.amazonaws.com`.
    #[serde(rename = "eventSource")]
    pub source: String,
    /// Who called.
    pub actor: Actor,
    /// From where: an address, or the name of the service that called.
    #[serde(rename = "sourceIPAddress", default, skip_serializing_if = "Option::is_none")]
    pub source_address: Option<String>,
    /// With what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The account in which it happened.
    #[serde(rename = "recipientAccountId", default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The region that was asked. Calls to global services are recorded in one region.
    pub aws_region: String,
    /// The resources that CloudTrail itself names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<EventResource>,
    /// Names of resources that stand in the call's parameters or answer, of those that were asked about.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub mentions: BTreeSet<String>,
    /// Whether the call can only read; unknown in old events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// Why the call failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
}

/// Who made a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    /// CloudTrail's word: `AssumedRole`, `IAMUser`, `Root`, `AWSService`, and so on; empty if it says none.
    #[serde(rename = "type")]
    pub kind: String,
    /// The best name that CloudTrail tells: the ARN, or else a user, an account, a service, a principal.
    pub name: String,
    /// The role or user behind temporary credentials, where it is another than the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The AWS service that called on behalf of the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoked_by: Option<String>,
}

/// A resource that CloudTrail names in an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventResource {
    /// `AWS::EC2::SecurityGroup`, where it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// An ARN, an id or a name.
    pub resource_name: String,
}

impl TrailEvent {
    /// Whether the call may have changed something: it is none that only reads, and it did not fail.
    pub fn is_write(&self) -> bool {
        self.read_only != Some(true) && self.error_code.is_none()
    }

    /// Whether the event is on this resource: it is of its account and region, and names it. CloudTrail's own list counts
    /// as it is, and so does the ARN wherever it stands. An id or a name in the parameters or the answer counts only if
    /// the call was to the resource's own service: `default` is the name of many things.
    pub fn is_on(&self, item: &ConfigurationItem) -> bool {
        let key = &item.key;
        if self.account_id.as_deref().is_some_and(|account| account != key.account_id.as_ref()) {
            return false;
        }
        // A bucket's name is its own in the whole partition, and it is made through any region.
        let is_anywhere = *key.region == *crate::item::GLOBAL || key.resource_type.starts_with("AWS::S3::");
        if !is_anywhere && self.aws_region != *key.region {
            return false;
        }
        let names = names(item);
        let listed = |resource: &EventResource| {
            resource.resource_type.as_deref().is_none_or(|kind| kind == key.resource_type.as_ref())
                && names.contains(&resource.resource_name.as_str())
        };
        if self.resources.iter().any(listed) {
            return true;
        }
        let own_service = self.source.strip_suffix(".amazonaws.com").is_some_and(|host| host == service(item));
        names.iter().any(|name| self.mentions.contains(*name) && (own_service || Some(*name) == item.arn.as_deref()))
    }
}

/// What a resource is called in events: its id, its name and its ARN, each once.
pub fn names(item: &ConfigurationItem) -> Vec<&str> {
    let mut names = vec![item.key.resource_id.as_ref()];
    names.extend(item.resource_name.as_deref());
    names.extend(item.arn.as_deref());
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    names
}

/// What stands before `.amazonaws.com` in the events of a resource's service. It is the ARN's word, but for `CloudWatch`'s;
/// where there is no ARN, the type's.
fn service(item: &ConfigurationItem) -> String {
    let of_arn = item.arn.as_deref().and_then(|arn| arn.split(':').nth(2)).filter(|service| !service.is_empty());
    let word = of_arn
        .map_or_else(|| item.key.resource_type.split("::").nth(1).unwrap_or_default().to_lowercase(), str::to_owned);
    match word.as_str() {
        "cloudwatch" => "monitoring".to_owned(),
        "elasticloadbalancingv2" => "elasticloadbalancing".to_owned(),
        "efs" => "elasticfilesystem".to_owned(),
        "elasticsearch" | "opensearchservice" | "opensearch" => "es".to_owned(),
        "stepfunctions" => "states".to_owned(),
        "apigatewayv2" => "apigateway".to_owned(),
        _ => word,
    }
}

/// Times as text.
mod rfc3339 {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(time)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(text: D) -> Result<Timestamp, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(text)?;
        text.parse().map_err(|_| de::Error::custom(format_args!("`{text}` is not a time")))
    }
}

#[cfg(test)]
mod tests;
