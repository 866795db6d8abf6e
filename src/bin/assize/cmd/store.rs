//! `assize store`: the file itself. What it holds and how it grew, whether it is whole, and how it becomes smaller.

use std::fmt::Write as _;

use anstyle::Style;
use assize::history::{Growth, History, Info};
use assize::report::terminal::counted;
use assize::report::{harmless, table};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::cli::{Kept, TextOrJson, Upkeep};
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::settings::Settings;
use crate::{cli, exit, store};

const BOLD: Style = Style::new().bold();

pub(crate) fn run(command: Upkeep, colors: Colors) -> Result<u8, Failure> {
    match command {
        Upkeep::Info(mut kept) => {
            let history = open(&kept.config, &mut kept.store)?;
            info(&history, &kept, colors)?;
        }
        Upkeep::Prune { keep, mut store, config } => {
            let mut history = open(&config, &mut store)?;
            prune(&mut history, keep, colors)?;
        }
        Upkeep::Verify(mut kept) => {
            let history = open(&kept.config, &mut kept.store)?;
            verify(&history, kept.format, colors)?;
        }
        Upkeep::Vacuum { mut store, config } => {
            let mut history = open(&config, &mut store)?;
            vacuum(&mut history, colors)?;
        }
    }
    Ok(exit::CLEAN)
}

/// The store that is named.
pub(super) fn open(config: &cli::ConfigFile, flags: &mut cli::Store) -> Result<History, Failure> {
    Settings::load(config)?.store(flags);
    store::existing(flags, "no other file")
}

fn info(history: &History, kept: &Kept, colors: Colors) -> Result<(), Failure> {
    let info = history.info().map_err(|error| store::failure(&error))?;
    if kept.format == TextOrJson::Json {
        let growth = info.growth.iter().map(
            |one| json!({"month": one.month, "snapshots": one.snapshots, "versions": one.versions, "bytes": one.bytes}),
        );
        let time = |time: Option<Timestamp>| time.map(assize::item::format_time);
        let value = json!({
            "path": history.path().display().to_string(),
            "tables": info.tables,
            "bytes": info.bytes,
            "free": info.free,
            "snapshots": info.snapshots,
            "first": time(info.first),
            "last": time(info.last),
            "resources": info.resources,
            "versions": info.versions,
            "answers": info.answers,
            "waiting": info.waiting,
            "growth": growth.collect::<Vec<_>>(),
        });
        return output::json(&value, colors);
    }
    let layout = output::layout(0, colors);
    output::stdout(colors, false, |out| {
        out.write_all(described(history, &info).as_bytes())?;
        if info.growth.is_empty() {
            return Ok(());
        }
        let columns = ["month", "snapshots", "versions", "new contents"].map(str::to_owned);
        let row = |one: &Growth| {
            vec![one.month.clone(), one.snapshots.to_string(), one.versions.to_string(), size(one.bytes)]
        };
        out.write_all(b"\n")?;
        table::write(&columns, &info.growth.iter().map(row).collect::<Vec<_>>(), &layout, out)
    })
}

// Writing to a string cannot fail.
fn described(history: &History, info: &Info) -> String {
    let time = |time: Option<Timestamp>| time.map_or_else(|| "none".to_owned(), |time| time.to_string());
    let free = if info.free > 0 { format!(", {} of it free", size(info.free)) } else { String::new() };
    let mut text = String::new();
    for (label, value) in [
        ("Store", history.path().display().to_string()),
        ("Size", format!("{}{free}", size(info.bytes))),
        ("Tables", format!("version {}", info.tables)),
        ("Snapshots", info.snapshots.to_string()),
        ("First", time(info.first)),
        ("Last", time(info.last)),
        ("Resources", info.resources.to_string()),
        ("Versions", info.versions.to_string()),
        ("Answers", info.answers.to_string()),
        ("Waiting", info.waiting.to_string()),
    ] {
        _ = writeln!(text, "{BOLD}{label:>9}{BOLD:#} {}", harmless(&value));
    }
    text
}

/// `1.2 MB`, of a thousand each.
fn size(bytes: u64) -> String {
    let (mut whole, mut tenth, mut units) = (bytes, 0, ["kB", "MB", "GB", "TB"].into_iter());
    let mut unit = "bytes";
    while whole >= 1000 {
        let Some(next) = units.next() else { break };
        (whole, tenth, unit) = (whole / 1000, whole % 1000 / 100, next);
    }
    if unit == "bytes" { format!("{whole} {unit}") } else { format!("{whole}.{tenth} {unit}") }
}

fn verify(history: &History, format: TextOrJson, colors: Colors) -> Result<(), Failure> {
    let verified = history.verify().map_err(|error| store::failure(&error))?;
    if format == TextOrJson::Json {
        return output::json(&json!({"contents": verified.contents, "documents": verified.documents}), colors);
    }
    let (contents, documents) = (counted(verified.contents, "content"), counted(verified.documents, "other text"));
    output::note(colors, &format!("{contents} and {documents} are as their digests say"))
}

/// Days, weeks, months and years are those of the calendar in UTC.
fn prune(history: &mut History, keep: jiff::Span, colors: Colors) -> Result<(), Failure> {
    let before = Timestamp::now().to_zoned(TimeZone::UTC).checked_sub(keep);
    let before = before.map_err(|error| Failure::of("cannot tell the time from which on to keep", &error))?.timestamp();
    let pruned = history.prune(before).map_err(|error| store::failure(&error))?;
    let (snapshots, versions) = (counted(pruned.snapshots, "snapshot"), counted(pruned.versions, "version"));
    output::note(colors, &format!("{snapshots} and {versions} forgotten in {}", history.path().display()))
}

fn vacuum(history: &mut History, colors: Colors) -> Result<(), Failure> {
    let bytes = |history: &History| history.info().map(|info| info.bytes).map_err(|error| store::failure(&error));
    let before = bytes(history)?;
    history.vacuum().map_err(|error| store::failure(&error))?;
    let after = bytes(history)?;
    let given = size(before.saturating_sub(after));
    output::note(colors, &format!("{given} given back; {} has {}", history.path().display(), size(after)))
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_a_unit_that_people_read() {
        for (bytes, told) in
            [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (176_128, "176.1 kB"), (3_950_000_000, "3.9 GB")]
        {
            assert_eq!(size(bytes), told);
        }
    }
}
