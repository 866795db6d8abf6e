//! `assize inventory`: what there is, by type and region, and what assize does not read.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use assize::collect::Needs;
use assize::gap::Gap;
use assize::inventory::Inventory;
use assize::report::harmless;
use assize::report::terminal::{counted, wrap};
use unicode_width::UnicodeWidthStr as _;

use super::scan::{Wanted, read_all};
use crate::cli::{self, TextOrJson};
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::{exit, input};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GAP: Style = AnsiColor::Yellow.on_default().bold();

pub(crate) fn run(flags: &cli::Inventory, colors: Colors) -> Result<u8, Failure> {
    let (models, catalog) = input::definitions(&flags.definitions)?;
    let (snapshot, discovery) = if flags.snapshots.is_empty() {
        let connect = input::reading(models, &flags.definitions, flags.account.budget)?;
        read_all(
            &flags.account,
            connect,
            &catalog,
            Wanted { needs: &Needs::listings(&catalog), overviews: true, key: None },
        )?
    } else {
        (input::snapshot(&flags.snapshots, &catalog)?, None)
    };
    let inventory = Inventory::new(&snapshot, &catalog, discovery.as_ref());
    match flags.format {
        TextOrJson::Terminal => {
            let text = table(&inventory);
            output::stdout(colors, false, |out| out.write_all(text.as_bytes()))?;
        }
        TextOrJson::Json => output::stdout(colors, true, |out| {
            serde_json::to_writer_pretty(&mut *out, &inventory)?;
            out.write_all(b"\n")
        })?,
    }
    Ok(if inventory.is_complete() { exit::CLEAN } else { exit::INCOMPLETE })
}

/// What there is, then what is not read, what could not be, and what cannot be seen.
fn table(inventory: &Inventory) -> String {
    let mut text = String::new();
    let several_accounts = inventory.accounts.len() > 1;
    let place = |account: &str, region: &str| {
        if several_accounts { format!("{} {}", harmless(account), harmless(region)) } else { harmless(region).into() }
    };
    let found: Vec<[String; 4]> = inventory
        .types
        .iter()
        .filter(|count| count.resources > 0)
        .map(|count| {
            let known = if count.complete { "" } else { "at least" };
            let (resource_type, place) = (harmless(&count.resource_type), place(&count.account_id, &count.aws_region));
            [resource_type.into_owned(), place, count.resources.to_string(), known.to_owned()]
        })
        .collect();
    rows(&mut text, &found);
    let missing: Vec<[String; 4]> = inventory
        .not_covered
        .iter()
        .map(|one| {
            let by: Vec<&str> = one.seen_by.iter().map(String::as_str).collect();
            let (resource_type, place) = (harmless(&one.resource_type), place(&one.account_id, &one.aws_region));
            [resource_type.into_owned(), place, one.resources.to_string(), format!("seen by {}", by.join(", "))]
        })
        .collect();
    if !missing.is_empty() {
        _ = writeln!(text, "\n{BOLD}Not covered{BOLD:#}: assize does not read these types");
        rows(&mut text, &missing);
    }
    gaps(&mut text, &inventory.gaps);
    notes(&mut text, inventory);
    let resources = inventory.types.iter().map(|count| count.resources).sum::<u64>();
    let types = distinct(found.iter().map(|row| &row[0]));
    let not_covered = distinct(missing.iter().map(|row| &row[0]));
    _ = writeln!(
        text,
        "\n{BOLD}{} of {}{BOLD:#}, {} seen that assize does not read, {}",
        counted(usize::try_from(resources).unwrap_or(usize::MAX), "resource"),
        counted(types, "type"),
        counted(not_covered, "type"),
        counted(inventory.gaps.len(), "gap"),
    );
    text
}

/// Aligned columns: type, place, number, remark. A type stands in its first row only.
fn rows(text: &mut String, rows: &[[String; 4]]) {
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
    let (types, places, numbers) = (width(0), width(1), width(2));
    let mut above = "";
    for [resource_type, place, number, remark] in rows {
        let shown = if resource_type == above { "" } else { resource_type };
        above = resource_type;
        let gap = |cell: &str, columns: usize| " ".repeat(columns.saturating_sub(cell.width()));
        let remark = if remark.is_empty() { String::new() } else { format!("  {DIM}{remark}{DIM:#}") };
        _ = writeln!(
            text,
            "{BOLD}{shown}{BOLD:#}{}  {place}{}  {}{number}{remark}",
            gap(shown, types),
            gap(place, places),
            gap(number, numbers),
        );
    }
}

/// One line a cause, with the places that it concerns.
fn gaps(text: &mut String, gaps: &[Gap]) {
    let width = output::width();
    if !gaps.is_empty() {
        _ = writeln!(text);
    }
    for gap in gaps {
        let reason = &gap.reason;
        let call = if reason.operation.is_empty() { &reason.message } else { &reason.operation };
        let of = if gap.resource_type == "*" { String::new() } else { format!(" {}", harmless(&gap.resource_type)) };
        let id = gap.resource_id.as_deref().map(|id| format!(" {}", harmless(id))).unwrap_or_default();
        _ = writeln!(
            text,
            "{GAP}gap[{}]{GAP:#}: {} in {}{of}{id}",
            harmless(&reason.code),
            harmless(call),
            harmless(&gap.aws_region)
        );
        for line in wrap(&reason.message, width, 4, 4).iter().filter(|_| !reason.operation.is_empty()) {
            _ = writeln!(text, "    {line}");
        }
    }
}

/// What is not in the numbers, and why.
fn notes(text: &mut String, inventory: &Inventory) {
    let width = output::width();
    let mut notes: Vec<String> =
        inventory.skipped_regions.iter().map(|(region, reason)| format!("{region} was not read: {reason}")).collect();
    if !inventory.not_read.is_empty() {
        let types = counted(inventory.not_read.len(), "type");
        notes.push(format!("{types} that assize can read are not part of this; --format json names them"));
    }
    notes.extend(inventory.limits.iter().cloned());
    if !notes.is_empty() {
        _ = writeln!(text);
    }
    for note in notes {
        for (at, line) in wrap(&note, width, 2, 2).into_iter().enumerate() {
            _ = writeln!(text, "{} {line}", if at == 0 { "*" } else { " " });
        }
    }
}

fn distinct<'t>(types: impl Iterator<Item = &'t String>) -> usize {
    types.collect::<std::collections::BTreeSet<_>>().len()
}
