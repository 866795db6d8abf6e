//! AWS Config's notifications as JSON, as its topic delivers them
//! (<https://docs.aws.amazon.com/config/latest/developerguide/notifications-for-AWS-Config.html>): what changed, what rules say
//! now, and how the delivery of files went.
//!
//! What became unreadable is no message: AWS Config has none for it.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::canonical;
use crate::diff::{ChangeType, PropertyChange};
use crate::evaluation::{ComplianceType, Evaluation};
use crate::item::{ConfigurationItem, ItemStatus};
use crate::value::{Object, Value};

/// The bytes that a message of AWS's topics may have
/// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
pub const LARGEST: usize = 256 * 1024;

/// A resource was created, changed or deleted: `item` as it is, or as it was last.
pub fn item_changed(change: ChangeType, item: &ConfigurationItem, properties: &[PropertyChange], time: &str) -> Json {
    // Of what is gone the sections that it had; of what was created nothing, as the item tells it.
    let changed = match change {
        ChangeType::Delete => sections(item),
        ChangeType::Create | ChangeType::Update => changed_properties(properties, false),
    };
    let mut told = item.clone();
    if told.md5_hash.is_empty() {
        told.md5_hash = canonical::md5(&told).into();
    }
    match change {
        ChangeType::Create => told.status = ItemStatus::ResourceDiscovered,
        ChangeType::Update => told.status = ItemStatus::Ok,
        ChangeType::Delete => told = told.deleted(time),
    }
    json!({
        "messageType": "ConfigurationItemChangeNotification",
        "recordVersion": "1.3",
        "notificationCreationTime": time,
        "configurationItem": told,
        "configurationItemDiff": {"changeType": change.as_str(), "changedProperties": changed},
    })
}

fn sections(item: &ConfigurationItem) -> Map<String, Json> {
    let whole = [("Configuration", &item.configuration)];
    let parts = item.supplementary_configuration.as_object().into_iter().flat_map(Object::iter);
    let parts = parts.filter(|(_, value)| value.as_unreadable().is_none());
    let parts = parts.map(|(name, value)| (format!("SupplementaryConfiguration.{name}"), json!(value)));
    let tags = item.tags.as_object().into_iter().flat_map(Object::iter);
    let tags = tags.map(|(name, value)| (format!("Tags.{name}"), json!(value)));
    let links = item.relationships.iter().enumerate().map(|(at, link)| (format!("Relationships.{at}"), json!(link)));
    let gone = |value: Json| json!({"previousValue": value, "updatedValue": null, "changeType": "DELETE"});
    whole
        .into_iter()
        .filter(|(_, value)| value.as_unreadable().is_none())
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .chain(parts)
        .chain(tags)
        .chain(links)
        .map(|(name, value)| (name, gone(value)))
        .collect()
}

/// `changedProperties`. With `paths` each has the JSON pointer too, which is not part of AWS Config's form.
pub(crate) fn changed_properties(properties: &[PropertyChange], paths: bool) -> Map<String, Json> {
    let mut changed = Map::new();
    for property in properties {
        let mut entry = json!({
            "previousValue": property.before.as_ref().map(value),
            "updatedValue": property.after.as_ref().map(value),
            "changeType": property.change.as_str(),
        });
        if paths && let Some(members) = entry.as_object_mut() {
            members.insert("path".to_owned(), json!(property.path));
        }
        // Two names that differ in the case of their first letter have one name there: the second keeps its own.
        let name = if changed.contains_key(&property.config_path) { &property.path } else { &property.config_path };
        changed.insert(name.clone(), entry);
    }
    changed
}

fn value(value: &Value) -> Json {
    json!(value)
}

/// An answer with the time from which it holds.
pub type At<'e> = (&'e Evaluation, &'e str);

/// A rule says something else of a resource. Of a resource that is gone AWS Config says that the rule does not speak of it.
/// Nothing if there is no answer at all, or the answer is of a whole place.
pub fn compliance_changed(before: Option<At<'_>>, after: Option<At<'_>>, time: &str) -> Option<Json> {
    let (known, _) = after.or(before)?;
    let key = &known.resource;
    if key.resource_id.is_empty() {
        return None;
    }
    let result = |answer: Option<At<'_>>| {
        let (answer, time) = answer?;
        Some(json!({
            "evaluationResultIdentifier": {
                "evaluationResultQualifier": {
                    "configRuleName": *known.rule,
                    "resourceType": *key.resource_type,
                    "resourceId": *key.resource_id,
                },
                "orderingTimestamp": time,
            },
            "complianceType": answer.compliance_type,
            "resultRecordedTime": time,
            "configRuleInvokedTime": time,
            "annotation": (!answer.annotation.is_empty()).then_some(&*answer.annotation),
            "resultToken": null,
        }))
    };
    let gone = Evaluation {
        compliance_type: ComplianceType::NotApplicable,
        annotation: Arc::from("the resource is gone"),
        ..known.clone()
    };
    Some(json!({
        "messageType": "ComplianceChangeNotification",
        "recordVersion": "1.0",
        "notificationCreationTime": time,
        "awsAccountId": *key.account_id,
        "awsRegion": *key.region,
        "configRuleName": *known.rule,
        "configRuleARN": null,
        "resourceType": *key.resource_type,
        "resourceId": *key.resource_id,
        "newEvaluationResult": result(Some(after.unwrap_or((&gone, time)))),
        "oldEvaluationResult": result(before),
    }))
}

/// Rules were run in an account and region.
pub fn evaluation_started(account_id: &str, region: &str, rules: &[String], time: &str) -> Json {
    json!({
        "messageType": "ConfigRulesEvaluationStarted",
        "recordVersion": "1.0",
        "notificationCreationTime": time,
        "awsAccountId": account_id,
        "awsRegion": region,
        "configRuleNames": rules,
    })
}

/// A snapshot file is about to be put into the bucket.
pub fn snapshot_started(snapshot_id: &str, time: &str) -> Json {
    json!({
        "messageType": "ConfigurationSnapshotDeliveryStarted",
        "recordVersion": "1.1",
        "notificationCreationTime": time,
        "configSnapshotId": snapshot_id,
    })
}

/// A snapshot file is in the bucket.
pub fn snapshot_completed(snapshot_id: &str, bucket: &str, key: &str, time: &str) -> Json {
    json!({
        "messageType": "ConfigurationSnapshotDeliveryCompleted",
        "recordVersion": "1.1",
        "notificationCreationTime": time,
        "configSnapshotId": snapshot_id,
        "s3ObjectKey": key,
        "s3Bucket": bucket,
    })
}

/// A history file is in the bucket.
pub fn history_completed(bucket: &str, key: &str, time: &str) -> Json {
    json!({
        "messageType": "ConfigurationHistoryDeliveryCompleted",
        "recordVersion": "1.1",
        "notificationCreationTime": time,
        "s3ObjectKey": key,
        "s3Bucket": bucket,
    })
}

/// What stands for a change that is too large for a topic: a summary, and where the whole message is.
pub fn oversized(message: &Json, location: &str) -> Json {
    let at = |pointer: &str| message.pointer(pointer).cloned().unwrap_or_default();
    let mut summary = Map::new();
    summary.insert("changeType".to_owned(), at("/configurationItemDiff/changeType"));
    for name in [
        "configurationItemVersion",
        "configurationItemCaptureTime",
        "configurationStateId",
        "awsAccountId",
        "configurationItemStatus",
        "resourceType",
        "resourceId",
        "resourceName",
        "ARN",
        "awsRegion",
        "availabilityZone",
        "configurationStateMd5Hash",
        "resourceCreationTime",
    ] {
        summary.insert(name.to_owned(), at(&format!("/configurationItem/{name}")));
    }
    json!({
        "messageType": "OversizedConfigurationItemChangeNotification",
        "recordVersion": "1.0",
        "notificationCreationTime": at("/notificationCreationTime"),
        "configurationItemSummary": summary,
        "s3DeliverySummary": {"s3BucketLocation": location, "errorCode": null, "errorMessage": null},
    })
}

/// What is told instead when a file cannot be put into the bucket; nothing for what is of no file.
pub fn failed(completed: &Json, code: &str, message: &str) -> Option<Json> {
    let mut told = completed.as_object()?.clone();
    let kind = match told.get("messageType")?.as_str()? {
        "ConfigurationSnapshotDeliveryCompleted" => "ConfigurationSnapshotDeliveryFailed",
        "ConfigurationHistoryDeliveryCompleted" => "ConfigurationHistoryDeliveryFailed",
        "OversizedConfigurationItemChangeNotification" => "OversizedConfigurationItemChangeDeliveryFailed",
        _ => return None,
    };
    told.insert("messageType".to_owned(), kind.into());
    if let Some(summary) = told.get_mut("s3DeliverySummary") {
        *summary = json!({"s3BucketLocation": null, "errorCode": code, "errorMessage": message});
    } else {
        told.insert("errorCode".to_owned(), code.into());
        told.insert("errorMessage".to_owned(), message.into());
    }
    Some(told.into())
}

/// The subject under which a message is sent: AWS's topics take up to 100 characters of ASCII, without ends of lines.
pub fn subject(message: &Json) -> String {
    let first = |pointers: &[&str]| pointers.iter().find_map(|pointer| message.pointer(pointer)?.as_str());
    let of_item = |name: &str| {
        let places = ["/configurationItem", "/configurationItemSummary", ""].map(|place| format!("{place}/{name}"));
        first(&places.each_ref().map(String::as_str)).unwrap_or_default()
    };
    let resource = || format!("{} {}", of_item("resourceType"), of_item("resourceId"));
    let what = match first(&["/messageType"]).unwrap_or_default() {
        "ConfigurationItemChangeNotification" | "OversizedConfigurationItemChangeNotification" => {
            let done = match first(&["/configurationItemDiff/changeType", "/configurationItemSummary/changeType"]) {
                Some("CREATE") => "Created",
                Some("DELETE") => "Deleted",
                _ => "Updated",
            };
            format!("{} {done}", resource())
        }
        "ComplianceChangeNotification" => {
            let answer = first(&["/newEvaluationResult/complianceType"]).unwrap_or_default();
            format!("{} is {answer}", resource())
        }
        kind => kind.to_owned(),
    };
    let part = |before: &str, text: &str, behind: &str| match text {
        "" => String::new(),
        text => format!("{before}{text}{behind}"),
    };
    let plain = |text: &str, longest: usize| -> String {
        text.chars().take(longest).map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
    };
    let place = plain(&part("[AWS Config:", of_item("awsRegion"), "] "), 40);
    let whose = plain(&part(" in Account ", of_item("awsAccountId"), ""), 40);
    let what = plain(&what, 100 - place.len() - whose.len());
    format!("{place}{what}{whose}")
}

#[cfg(test)]
mod tests;
