//! Differences for people who read them in a ticket, a pull request or a mail: Markdown of GitHub's flavour.
//!
//! Every text that is not assize's own stands in a code span, as in the report on one run.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{Compared, shown, why};
use crate::diff::{ChangeType, Diff, Drift, EvaluationChange, ResourceChange};
use crate::item::GLOBAL;
use crate::report::markdown::code;
use crate::report::terminal::counted;

/// Writes the differences, of each kind at most `limit`.
///
/// # Errors
/// What the writer says.
pub(super) fn write(compared: &Compared, limit: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let limit = limit.unwrap_or(usize::MAX);
    let diff = compared.diff;
    writeln!(out, "# What changed\n")?;
    writeln!(out, "From {} ({}) to {} ({}).", code(compared.from), code(diff.from), code(compared.to), code(diff.to))?;
    if diff.is_empty() {
        return writeln!(out, "\nNothing is different.");
    }
    findings(diff, limit, out)?;
    resources(diff, limit, out)?;
    readability(diff, limit, out)?;
    rules(diff, limit, out)
}

fn more(found: usize, limit: usize, out: &mut dyn Write) -> io::Result<()> {
    if found > limit { writeln!(out, "- and {} more", found - limit) } else { Ok(()) }
}

fn heading(text: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n## {text}\n")
}

fn findings(diff: &Diff, limit: usize, out: &mut dyn Write) -> io::Result<()> {
    for (drift, title) in [
        (Drift::New, "New findings"),
        (Drift::Updated, "Findings that changed"),
        (Drift::NotJudged, "Not judged any more"),
        (Drift::Fixed, "Fixed"),
        (Drift::Gone, "Gone"),
        (Drift::Exempted, "Exempted"),
        (Drift::JudgedAgain, "Judged again"),
    ] {
        let changes: Vec<&EvaluationChange> = diff.evaluations.iter().filter(|change| change.drift == drift).collect();
        if changes.is_empty() {
            continue;
        }
        heading(&format!("{title} ({})", changes.len()), out)?;
        for change in changes.iter().take(limit) {
            let Some(answer) = change.evaluation() else { continue };
            let subject = change.before.filter(|_| answer.resource.resource_id.is_empty()).unwrap_or(answer);
            let key = &subject.resource;
            write!(out, "- {} {}", answer.severity.as_str(), code(&answer.rule))?;
            if key.resource_id.is_empty() {
                write!(out, " on the list of {}", code(&key.resource_type))?;
            } else {
                write!(out, " on {} {}", code(&key.resource_type), code(&key.resource_id))?;
            }
            if *key.region != *GLOBAL {
                write!(out, " in {}", code(&key.region))?;
            }
            if !answer.annotation.is_empty() {
                write!(out, ": {}", code(&answer.annotation))?;
            }
            writeln!(out)?;
            for cause in &change.causes {
                writeln!(out, "  - {}", why(cause, code))?;
            }
        }
        more(changes.len(), limit, out)?;
    }
    if !diff.still_open.is_empty() {
        writeln!(out, "\n{} still open.", counted(diff.still_open.len(), "finding"))?;
    }
    Ok(())
}

fn resources(diff: &Diff, limit: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut by_type = BTreeMap::<&str, Vec<&ResourceChange>>::new();
    for resource in &diff.resources {
        if let Some(item) = resource.item() {
            by_type.entry(&item.key.resource_type).or_default().push(resource);
        }
    }
    if by_type.is_empty() {
        return Ok(());
    }
    heading(&format!("Resources ({})", diff.resources.len()), out)?;
    for (resource_type, resources) in by_type {
        writeln!(out, "- {}", code(resource_type))?;
        for resource in resources.iter().take(limit) {
            let Some(item) = resource.item() else { continue };
            let word = match resource.change {
                ChangeType::Create => "created",
                ChangeType::Update => "changed",
                ChangeType::Delete => "deleted",
            };
            write!(out, "  - {word}: {}", code(&item.key.resource_id))?;
            if let Some(name) = item.resource_name.as_deref().filter(|name| **name != *item.key.resource_id) {
                write!(out, " ({})", code(name))?;
            }
            if *item.key.region != *GLOBAL {
                write!(out, " in {}", code(&item.key.region))?;
            }
            writeln!(out, " of {}", code(&item.key.account_id))?;
            for property in resource.properties.iter().take(limit) {
                write!(out, "    - {}: ", code(&property.path))?;
                match property.change {
                    ChangeType::Create => writeln!(out, "new {}", code(&shown(property.after.as_ref())))?,
                    ChangeType::Delete => writeln!(out, "was {}", code(&shown(property.before.as_ref())))?,
                    ChangeType::Update => {
                        let (before, after) = (shown(property.before.as_ref()), shown(property.after.as_ref()));
                        writeln!(out, "{} → {}", code(&before), code(&after))?;
                    }
                }
            }
            if resource.properties.len() > limit {
                writeln!(out, "    - and {} more", resource.properties.len() - limit)?;
            }
        }
        if resources.len() > limit {
            writeln!(out, "  - and {} more", resources.len() - limit)?;
        }
    }
    Ok(())
}

fn readability(diff: &Diff, limit: usize, out: &mut dyn Write) -> io::Result<()> {
    for (is_readable, title) in [(false, "Not readable any more"), (true, "Readable again")] {
        let changes: Vec<_> = diff.readability.iter().filter(|change| change.is_readable == is_readable).collect();
        if changes.is_empty() {
            continue;
        }
        heading(&format!("{title} ({})", changes.len()), out)?;
        for change in changes.iter().take(limit) {
            let gap = &change.gap;
            match (&gap.resource_id, &gap.path) {
                (None, _) => write!(out, "- the list of {}", code(&gap.resource_type))?,
                (Some(id), None) => write!(out, "- {} {}", code(&gap.resource_type), code(id))?,
                (Some(id), Some(path)) => {
                    write!(out, "- {} of {} {}", code(path), code(&gap.resource_type), code(id))?;
                }
            }
            write!(out, " in {} of {}", code(&gap.aws_region), code(&gap.account_id))?;
            if change.resources > 0 {
                write!(out, ", with {}", counted(change.resources, "resource"))?;
            }
            writeln!(out, ": {}", code(&gap.reason.to_string()))?;
        }
        more(changes.len(), limit, out)?;
    }
    Ok(())
}

fn rules(diff: &Diff, limit: usize, out: &mut dyn Write) -> io::Result<()> {
    if diff.rules.is_empty() {
        return Ok(());
    }
    heading(&format!("Rules ({})", diff.rules.len()), out)?;
    for change in diff.rules.iter().take(limit) {
        let word = match change.change {
            ChangeType::Create => "was not run before",
            ChangeType::Delete => "was not run again",
            ChangeType::Update if change.text => "changed",
            ChangeType::Update => "has other parameters",
        };
        writeln!(out, "- {} {word}", code(&change.rule))?;
        for (name, before, after) in &change.parameters {
            let (before, after) = (shown(before.as_ref()), shown(after.as_ref()));
            writeln!(out, "  - {}: {} → {}", code(name), code(&before), code(&after))?;
        }
    }
    more(diff.rules.len(), limit, out)
}
