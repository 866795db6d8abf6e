//! Differences as JSON: everything, for programs.
//!
//! Within version 1 members are added and never renamed, removed or given another meaning. `docs/diff.schema.json` is the
//! schema. Every member is always there; what does not apply is `null`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value as Json, json};

use super::Compared;
use crate::diff::{
    Cause, ChangeType, Drift, EvaluationChange, NotCompared, ReadabilityChange, ResourceChange, RuleChange,
};
use crate::evaluation::Evaluation;
use crate::gap::Gap;
use crate::notification::changed_properties;

/// The value of `format`, by which a file says that it holds differences.
pub const FORMAT: &str = "assize-diff";

/// The version that is written.
pub const VERSION: u32 = 1;

/// Writes the differences as indented JSON with an end of line.
///
/// # Errors
/// What the writer says.
pub fn write(compared: &Compared, mut out: impl Write) -> io::Result<()> {
    let diff = compared.diff;
    let drifts: BTreeMap<&str, usize> = Drift::ALL.map(|drift| (drift.as_str(), diff.count(drift))).into();
    let lost = diff.readability.iter().filter(|change| !change.is_readable).count();
    let document = json!({
        "format": FORMAT,
        "version": VERSION,
        "assizeVersion": env!("CARGO_PKG_VERSION"),
        "from": {"name": compared.from, "capturedAt": diff.from},
        "to": {"name": compared.to, "capturedAt": diff.to},
        "summary": {
            "resources": {
                "created": diff.count_resources(ChangeType::Create),
                "updated": diff.count_resources(ChangeType::Update),
                "deleted": diff.count_resources(ChangeType::Delete),
                "unchanged": diff.unchanged_resources,
                "notCompared": diff.not_compared.iter().map(|one| one.resources).sum::<usize>(),
            },
            "readability": {"unreadable": lost, "readable": diff.readability.len() - lost},
            "rules": diff.rules.len(),
            "evaluations": drifts,
            "stillOpen": diff.still_open.len(),
        },
        "resources": diff.resources.iter().filter_map(resource).collect::<Vec<_>>(),
        "readability": diff.readability.iter().map(readability).collect::<Vec<_>>(),
        "notCompared": diff.not_compared.iter().map(not_compared).collect::<Vec<_>>(),
        "rules": diff.rules.iter().map(rule).collect::<Vec<_>>(),
        "evaluations": diff.evaluations.iter().filter_map(evaluation).collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut out, &document)?;
    out.write_all(b"\n")
}

fn resource(resource: &ResourceChange) -> Option<Json> {
    let item = resource.item()?;
    Some(json!({
        "accountId": *item.key.account_id,
        "awsRegion": *item.key.region,
        "resourceType": *item.key.resource_type,
        "resourceId": *item.key.resource_id,
        "resourceName": item.resource_name,
        "arn": item.arn,
        "configurationItemDiff": {
            "changeType": resource.change.as_str(),
            "changedProperties": changed_properties(&resource.properties, true),
        },
    }))
}

fn gap(gap: &Gap) -> Json {
    json!({
        "accountId": gap.account_id,
        "awsRegion": gap.aws_region,
        "resourceType": gap.resource_type,
        "resourceId": gap.resource_id,
        "path": gap.path,
        "operation": (!gap.reason.operation.is_empty()).then_some(&gap.reason.operation),
        "action": gap.reason.action,
        "code": gap.reason.code,
        "message": gap.reason.message,
    })
}

fn readability(change: &ReadabilityChange) -> Json {
    json!({
        "change": if change.is_readable { "readable" } else { "unreadable" },
        "resources": change.gap.is_listing().then_some(change.resources),
        "gap": gap(&change.gap),
    })
}

fn not_compared(one: &NotCompared) -> Json {
    json!({
        "accountId": *one.place.account_id,
        "awsRegion": *one.place.aws_region,
        "resourceType": *one.place.resource_type,
        "knownIn": if one.is_newer { "to" } else { "from" },
        "resources": one.resources,
        "code": one.reason.code,
        "message": one.reason.message,
    })
}

fn rule(change: &RuleChange) -> Json {
    let parameters = change
        .parameters
        .iter()
        .map(|(name, before, after)| json!({"name": name, "previousValue": before, "updatedValue": after}));
    json!({
        "rule": change.rule,
        "changeType": change.change.as_str(),
        "text": change.text,
        "parameters": parameters.collect::<Vec<_>>(),
    })
}

fn evaluation(change: &EvaluationChange) -> Option<Json> {
    let known = change.evaluation()?;
    let key = &known.resource;
    let answer = |answer: Option<&Evaluation>| {
        let answer = answer?;
        Some(json!({
            "complianceType": answer.compliance_type,
            "severity": answer.severity,
            "annotation": (!answer.annotation.is_empty()).then_some(&*answer.annotation),
        }))
    };
    let subject =
        change.after.filter(|after| !after.resource.resource_id.is_empty()).or(change.before).unwrap_or(known);
    Some(json!({
        "drift": change.drift.as_str(),
        "rule": *known.rule,
        "accountId": *key.account_id,
        "awsRegion": *subject.resource.region,
        "resourceType": *key.resource_type,
        "resourceId": *subject.resource.resource_id,
        "resourceName": subject.resource_name,
        "arn": subject.arn,
        "key": (!subject.key.is_empty()).then_some(&*subject.key),
        "before": answer(change.before),
        "after": answer(change.after),
        "causes": change.causes.iter().map(cause).collect::<Vec<_>>(),
    }))
}

fn cause(cause: &Cause) -> Json {
    match cause {
        Cause::Resource { resource, change, paths } => {
            json!({"cause": "resource", "resource": resource, "changeType": change.as_str(), "paths": paths})
        }
        Cause::Readability { gap: reason, is_readable } => {
            json!({"cause": "readability", "change": if *is_readable { "readable" } else { "unreadable" }, "gap": gap(reason)})
        }
        Cause::Rule { change, text, parameters } => {
            json!({"cause": "rule", "changeType": change.as_str(), "text": text, "parameters": parameters})
        }
        Cause::Exemption { id, is_in_force, reason } => {
            json!({"cause": "exemption", "id": id, "isInForce": is_in_force, "reason": reason})
        }
        Cause::Time => json!({"cause": "time"}),
        Cause::Unknown => json!({"cause": "unknown"}),
    }
}
