//! `assize snapshots`: the looks that a store holds.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::Style;
use assize::history::{History, Recorded};
use assize::report::{harmless, table};
use assize::snapshot::Snapshot;
use serde_json::{Value as Json, json};

use super::store::open;
use crate::cli::{Kept, Snapshots, TextOrJson};
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::{exit, store};

const BOLD: Style = Style::new().bold();

/// So many digits tell the rule sets of one store apart.
const DIGITS: usize = 12;

pub(crate) fn run(command: Snapshots, colors: Colors) -> Result<u8, Failure> {
    match command {
        Snapshots::List(mut kept) => {
            let history = open(&kept.config, &mut kept.store)?;
            list(&history, kept.format, colors)?;
        }
        Snapshots::Show { snapshot, mut kept } => {
            let history = open(&kept.config, &mut kept.store)?;
            show(&history, &snapshot, &kept, colors)?;
        }
    }
    Ok(exit::CLEAN)
}

fn list(history: &History, format: TextOrJson, colors: Colors) -> Result<(), Failure> {
    let recorded = history.snapshots().map_err(|error| store::failure(&error))?;
    if format == TextOrJson::Json {
        return output::json(&recorded.iter().map(json_of).collect(), colors);
    }
    let columns = ["id", "time", "source", "accounts", "regions", "items", "gaps", "rules"].map(str::to_owned);
    let rows: Vec<Vec<String>> = recorded.iter().map(row).collect();
    output::stdout(colors, false, |out| table::write(&columns, &rows, &output::layout(0, colors), out))
}

fn row(one: &Recorded) -> Vec<String> {
    vec![
        one.id.to_string(),
        one.time.to_string(),
        one.source.clone(),
        one.accounts.join(" "),
        one.regions.join(" "),
        one.items.to_string(),
        one.gaps.to_string(),
        one.rule_set.as_deref().map_or_else(|| "not judged".to_owned(), |digest| digest.chars().take(DIGITS).collect()),
    ]
}

fn json_of(one: &Recorded) -> Json {
    json!({
        "id": one.id.0,
        "time": one.time.to_string(),
        "source": one.source,
        "accounts": one.accounts,
        "regions": one.regions,
        "items": one.items,
        "gaps": one.gaps,
        "ruleSet": one.rule_set,
    })
}

fn show(history: &History, word: &str, kept: &Kept, colors: Colors) -> Result<(), Failure> {
    let moment = store::moment(history, Some(word))?;
    let id = moment.snapshot.ok_or_else(|| {
        Failure::new(format!("{word} is a time, and no snapshot")).help("assize snapshots list shows their numbers")
    })?;
    let recorded = history.snapshots().map_err(|error| store::failure(&error))?;
    let Some(recorded) = recorded.iter().find(|one| one.id == id) else {
        return Err(Failure::new(format!("there is no snapshot {word}")));
    };
    let snapshot = history.snapshot(id).map_err(|error| store::failure(&error))?;
    let mut types = BTreeMap::<&str, usize>::new();
    for item in snapshot.items() {
        *types.entry(item.key.resource_type.as_ref()).or_default() += 1;
    }
    if kept.format == TextOrJson::Json {
        let gaps = snapshot.gaps();
        return output::json(&json!({"snapshot": json_of(recorded), "types": types, "unread": gaps}), colors);
    }
    let text = described(recorded, &snapshot, &types);
    output::stdout(colors, false, |out| out.write_all(text.as_bytes()))
}

fn described(recorded: &Recorded, snapshot: &Snapshot, types: &BTreeMap<&str, usize>) -> String {
    let rules = recorded.rule_set.as_deref().unwrap_or("not judged");
    let mut text = String::new();
    for (label, value) in [
        ("Snapshot", recorded.id.to_string()),
        ("Time", recorded.time.to_string()),
        ("Source", recorded.source.clone()),
        ("Accounts", recorded.accounts.join(" ")),
        ("Regions", recorded.regions.join(" ")),
        ("Rules", rules.to_owned()),
        ("Items", recorded.items.to_string()),
    ] {
        _ = writeln!(text, "{BOLD}{label:>8}{BOLD:#} {}", harmless(&value));
    }
    for (resource_type, count) in types {
        _ = writeln!(text, "         {count} {}", harmless(resource_type));
    }
    _ = writeln!(text, "{BOLD}{:>8}{BOLD:#} {}", "Gaps", recorded.gaps);
    for gap in snapshot.gaps() {
        let place = match (gap.resource_id.as_deref(), gap.path.as_deref()) {
            (None, _) => format!("the list of {}", gap.resource_type),
            (Some(id), None) => format!("{} {id}", gap.resource_type),
            (Some(id), Some(path)) => format!("{} {id} {path}", gap.resource_type),
        };
        let line = format!("{place} in {} of {}: {}", gap.aws_region, gap.account_id, gap.reason);
        _ = writeln!(text, "         {}", harmless(&line));
    }
    text
}
