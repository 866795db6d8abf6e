//! The items of a case: what its file says, changed by a merge patch, with what every item has added and its marks put into
//! force.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{ACCOUNT_ID, CaseError, REGION};
use crate::item::{ACCOUNT, ConfigurationItem, GLOBAL};
use crate::rule::{Level, Rule};
use crate::value::{Unreadable, Value, code, escape};

/// Where items that name no region are at home.
#[derive(Clone, Copy)]
pub(super) enum Home {
    Region,
    Global,
}

impl Home {
    /// The account item of a rule on the account as a whole is global.
    pub(super) fn of(rule: &Rule) -> Self {
        if rule.level == Some(Level::Account) { Self::Global } else { Self::Region }
    }
}

/// RFC 7396.
pub(super) fn merge(target: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        // A case without a change has none, rather than an item that is null.
        return if *patch == Value::Null { target.clone() } else { patch.clone() };
    };
    // A mark stands for the whole fact: it is not merged into what was there.
    if let Some(("$unreadable" | "$unresolved", _)) = patch.iter().next().map(|(key, value)| (key.as_ref(), value)) {
        return Value::Object(patch.clone());
    }
    // In a merge patch `null` takes a member away, so a member that is null needs a mark of its own.
    if patch.len() == 1 && patch.get("$null").is_some() {
        return Value::Null;
    }
    let mut members: BTreeMap<&str, Value> = BTreeMap::new();
    if let Value::Object(target) = target {
        members.extend(target.iter().map(|(key, value)| (key.as_ref(), value.clone())));
    }
    for (key, value) in patch.iter() {
        if *value == Value::Null {
            members.remove(key.as_ref());
        } else {
            let before = members.get(key.as_ref()).cloned().unwrap_or_default();
            members.insert(key, merge(&before, value));
        }
    }
    Value::object(members)
}

/// A configuration item of what the file says, with what every item needs added, and its marks put into force.
pub(super) fn item(value: &Value, what: &str, now: &str, home: Home) -> Result<ConfigurationItem, CaseError> {
    let mut members: BTreeMap<&str, Value> = BTreeMap::new();
    let kind = value.get("resourceType").and_then(Value::as_str).unwrap_or_default();
    let region = match home {
        Home::Global if kind == ACCOUNT => GLOBAL,
        _ if kind.starts_with("AWS::IAM::") => GLOBAL,
        _ => REGION,
    };
    let id = if kind == ACCOUNT { ACCOUNT_ID } else { "" };
    for (key, value) in [
        ("awsAccountId", ACCOUNT_ID),
        ("awsRegion", region),
        ("resourceId", id),
        ("configurationItemCaptureTime", now),
        ("configurationItemStatus", "OK"),
    ] {
        members.insert(key, value.into());
    }
    for section in ["configuration", "supplementaryConfiguration", "tags"] {
        members.insert(section, Value::object::<&str>([]));
    }
    if let Value::Object(object) = value {
        members.extend(object.iter().map(|(key, value)| (key.as_ref(), value.clone())));
    }
    let known = [
        "relationships",
        "configuration",
        "supplementaryConfiguration",
        "tags",
        "awsAccountId",
        "awsRegion",
        "resourceType",
        "resourceId",
        "resourceName",
        "ARN",
        "availabilityZone",
        "resourceCreationTime",
        "configurationItemCaptureTime",
        "configurationItemStatus",
        "unreadableRelationships",
    ];
    if let Some(unknown) = members.keys().find(|key| !known.contains(*key)) {
        return Err(CaseError::Form(format!(
            "{what} has no `{unknown}`: a configuration item has {}",
            known.join(", ")
        )));
    }
    let text = Value::object(members).to_string();
    let mut item: ConfigurationItem =
        serde_json::from_str(&text).map_err(|source| CaseError::Item { what: what.to_owned(), source })?;
    let mut marks = Vec::new();
    for (section, value) in [
        ("configuration", &item.configuration),
        ("supplementaryConfiguration", &item.supplementary_configuration),
        ("tags", &item.tags),
    ] {
        find_marks(value, &format!("/{section}"), &mut marks);
    }
    for (pointer, reason) in marks {
        item.add_gap(&pointer, &Arc::new(reason));
    }
    Ok(item)
}

fn find_marks(value: &Value, pointer: &str, marks: &mut Vec<(String, Unreadable)>) {
    match value {
        Value::Object(members) => {
            let mut all = members.iter();
            match (all.next(), all.next()) {
                (Some((key, what)), None) if key.as_ref() == "$unreadable" => {
                    marks.push((pointer.to_owned(), unreadable("", what.as_str().unwrap_or("AccessDenied"))));
                }
                (Some((key, what)), None) if key.as_ref() == "$unresolved" => {
                    let message = format!("{} is known only after deployment", what.as_str().unwrap_or("the value"));
                    let reason = Unreadable {
                        operation: String::new(),
                        action: None,
                        code: code::UNRESOLVED.to_owned(),
                        message,
                    };
                    marks.push((pointer.to_owned(), reason));
                }
                _ => {
                    for (key, value) in members.iter() {
                        find_marks(value, &format!("{pointer}/{}", escape(key)), marks);
                    }
                }
            }
        }
        Value::Array(elements) => {
            for (at, value) in elements.iter().enumerate() {
                find_marks(value, &format!("{pointer}/{at}"), marks);
            }
        }
        _ => {}
    }
}

pub(super) fn unreadable(operation: &str, error: &str) -> Unreadable {
    Unreadable {
        operation: operation.to_owned(),
        action: (!operation.is_empty()).then(|| operation.to_owned()),
        code: error.to_owned(),
        message: "the case says so".to_owned(),
    }
}
