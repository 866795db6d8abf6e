//! Differences as AWS Config's notifications, one JSON document a line: one for each resource that was created, changed or
//! deleted, then one for each rule whose answer on a resource is another one.

use std::io::{self, Write};

use serde_json::Value as Json;

use crate::diff::{ChangeType, ComplianceChange, Diff};
use crate::notification::{compliance_changed, item_changed};

/// Writes the notifications.
///
/// # Errors
/// What the writer says.
pub(super) fn write(diff: &Diff, out: &mut dyn Write) -> io::Result<()> {
    for resource in &diff.resources {
        // Of what is gone the item as it was is wanted: AWS Config's own item of it has nothing.
        let item =
            if resource.change == ChangeType::Delete { resource.before.or(resource.after) } else { resource.item() };
        let Some(item) = item else { continue };
        line(out, &item_changed(resource.change, item, &resource.properties, diff.to))?;
    }
    for change in &diff.compliance {
        if let Some(message) = of_compliance(diff, change) {
            line(out, &message)?;
        }
    }
    Ok(())
}

fn line(out: &mut dyn Write, message: &Json) -> io::Result<()> {
    serde_json::to_writer(&mut *out, message)?;
    out.write_all(b"\n")
}

/// Nothing if there is nothing that AWS Config would tell: a rule that was not run says nothing of a resource.
fn of_compliance(diff: &Diff, change: &ComplianceChange) -> Option<Json> {
    let known = change.after.or(change.before)?;
    let rule_is_gone = diff.rules.iter().any(|rule| *rule.rule == *known.rule && rule.change == ChangeType::Delete);
    if change.after.is_none() && rule_is_gone {
        return None;
    }
    let (before, after) = (change.before.map(|one| (one, diff.from)), change.after.map(|one| (one, diff.to)));
    compliance_changed(before, after, diff.to)
}
