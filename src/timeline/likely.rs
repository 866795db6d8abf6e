//! Which of several related events most likely made a change. A rule of thumb, and told as such.

use super::ChangeKind;
use crate::event::TrailEvent;

/// How the names of operations begin that make a resource.
const CREATES: &[&str] = &["Create", "Run", "Allocate", "Register", "Request", "Import", "Copy", "Restore", "Put"];

/// How the names of operations begin that end one.
const DELETES: &[&str] = &["Delete", "Terminate", "Release", "Deregister", "Remove"];

/// The event that most likely made a change: of those whose name begins like what happened (`Create…` for what is new,
/// `Delete…` for what is gone), of those whose name speaks of the resource's type (`AuthorizeSecurityGroupIngress` of
/// `AWS::EC2::SecurityGroup`), the last one. Where a step leaves none, it is left out.
pub fn likely<'e>(kind: ChangeKind, resource_type: &str, events: &'e [TrailEvent]) -> Option<&'e TrailEvent> {
    let begins = |event: &TrailEvent| match kind {
        ChangeKind::Created => begins_with(&event.name, CREATES),
        ChangeKind::Deleted => begins_with(&event.name, DELETES),
        _ => true,
    };
    let word = resource_type.rsplit("::").next().unwrap_or_default().to_lowercase();
    let speaks = |event: &TrailEvent| event.name.to_lowercase().contains(&word);
    events.iter().max_by_key(|event| (begins(event), speaks(event), event.time, &event.id))
}

fn begins_with(name: &str, words: &[&str]) -> bool {
    words.iter().any(|word| name.starts_with(word))
}
