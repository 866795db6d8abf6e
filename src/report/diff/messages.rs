//! AWS Config's notifications, one JSON document a line, as its topic delivers them
//! (<https://docs.aws.amazon.com/config/latest/developerguide/notifications-for-AWS-Config.html>): a
//! `ConfigurationItemChangeNotification` for each resource that was created, changed or deleted, then a
//! `ComplianceChangeNotification` for each rule whose answer on a resource is another one.
//!
//! What became unreadable is no message: AWS Config has none for it.

use std::io::{self, Write};
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::canonical;
use crate::diff::{ChangeType, ComplianceChange, Diff, PropertyChange, ResourceChange};
use crate::evaluation::{ComplianceType, Evaluation};
use crate::item::{ConfigurationItem, ItemStatus};
use crate::value::{Object, Value};

/// Writes the notifications.
///
/// # Errors
/// What the writer says.
pub(super) fn write(diff: &Diff, out: &mut dyn Write) -> io::Result<()> {
    for resource in &diff.resources {
        let Some(item) = resource.item() else { continue };
        line(out, &item_changed(diff, resource, item))?;
    }
    for change in &diff.compliance {
        if let Some(message) = compliance_changed(diff, change) {
            line(out, &message)?;
        }
    }
    Ok(())
}

fn line(out: &mut dyn Write, message: &Json) -> io::Result<()> {
    serde_json::to_writer(&mut *out, message)?;
    out.write_all(b"\n")
}

fn item_changed(diff: &Diff, resource: &ResourceChange, item: &Arc<ConfigurationItem>) -> Json {
    let mut item = ConfigurationItem::clone(item);
    let change = resource.change;
    if item.md5_hash.is_empty() {
        item.md5_hash = canonical::md5(&item).into();
    }
    match change {
        ChangeType::Create => item.status = ItemStatus::ResourceDiscovered,
        ChangeType::Update => item.status = ItemStatus::Ok,
        ChangeType::Delete => item = item.deleted(diff.to),
    }
    json!({
        "messageType": "ConfigurationItemChangeNotification",
        "recordVersion": "1.3",
        "notificationCreationTime": diff.to,
        "configurationItem": item,
        "configurationItemDiff": item_diff(resource),
    })
}

/// `configurationItemDiff`: of what was changed each property, of what is gone the sections that it had. A resource that
/// was created has no changed properties.
fn item_diff(resource: &ResourceChange) -> Json {
    let properties = match (resource.change, resource.before) {
        (ChangeType::Delete, Some(before)) => sections(before),
        _ => changed_properties(&resource.properties, false),
    };
    json!({"changeType": resource.change.as_str(), "changedProperties": properties})
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
pub(super) fn changed_properties(properties: &[PropertyChange], paths: bool) -> Map<String, Json> {
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

/// Nothing if there is nothing that AWS Config would tell: a rule that was not run says nothing of a resource.
fn compliance_changed(diff: &Diff, change: &ComplianceChange) -> Option<Json> {
    let known = change.after.or(change.before)?;
    let key = &known.resource;
    let is_of_a_place = key.resource_id.is_empty();
    let is_gone = change.after.is_none();
    let rule_is_gone = diff.rules.iter().any(|rule| *rule.rule == *known.rule && rule.change == ChangeType::Delete);
    if is_of_a_place || (is_gone && rule_is_gone) {
        return None;
    }
    let result = |answer: Option<&Evaluation>, time: &str| {
        let answer = answer?;
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
    // Of a resource that is gone AWS Config says that the rule does not speak of it.
    let gone = is_gone.then(|| Evaluation {
        compliance_type: ComplianceType::NotApplicable,
        annotation: Arc::from("the resource is gone"),
        ..known.clone()
    });
    Some(json!({
        "messageType": "ComplianceChangeNotification",
        "recordVersion": "1.0",
        "notificationCreationTime": diff.to,
        "awsAccountId": *key.account_id,
        "awsRegion": *key.region,
        "configRuleName": *known.rule,
        "configRuleARN": null,
        "resourceType": *key.resource_type,
        "resourceId": *key.resource_id,
        "newEvaluationResult": result(change.after.or(gone.as_ref()), diff.to),
        "oldEvaluationResult": result(change.before, diff.from),
    }))
}
