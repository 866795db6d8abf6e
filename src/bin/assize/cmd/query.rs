//! `assize query`: questions asked of items, in AWS Config's language or in SQL.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use assize::gap::Gap;
use assize::query::output::{self as answers, Table};
use assize::query::sql::{Database, SqlError};
use assize::query::{Answer, Query, QueryError};
use assize::report::terminal::Layout;
use assize::report::{csv, harmless, table};
use assize::snapshot::Snapshot;
use assize::value::Value;
use unicode_width::UnicodeWidthStr;

use crate::cli::{self, AnswerFormat};
use crate::failure::{Failure, causes};
use crate::output::{self, Colors};
use crate::settings::Settings;
use crate::{exit, input, store};

const NOTE: Style = AnsiColor::Magenta.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

pub(crate) fn run(mut flags: cli::Query, colors: Colors) -> Result<u8, Failure> {
    let text = text(&flags)?;
    // Files that are named need no store: what is wrong with the settings is nothing to them.
    if flags.snapshots.is_empty() {
        Settings::load(&flags.config)?.store(&mut flags.store);
    }
    if flags.sql {
        return sql(&flags, &text, colors);
    }
    // Before the snapshot is read: that takes a while.
    let query = Query::parse(&text)
        .map_err(|error| wrong(&error, &text).help("docs/query.md has the grammar; --sql takes SQL with tables"))?;
    let answer = query.run(&snapshot(&flags)?).map_err(|error| Failure::new(causes(&error)))?;
    output::stdout(colors, flags.format != AnswerFormat::Table, |out| match flags.format {
        AnswerFormat::Table => show(&answer.columns(), answer.rows(), colors, out),
        AnswerFormat::Json => answers::json(&answer, out),
        AnswerFormat::Csv => csv::table(&answer.columns(), answer.rows().map(|row| texts(&row)), out),
    })?;
    say(&notes(&answer), colors);
    Ok(if answer.is_complete() { exit::CLEAN } else { exit::INCOMPLETE })
}

fn sql(flags: &cli::Query, text: &str, colors: Colors) -> Result<u8, Failure> {
    let failed = |error: SqlError| match &error {
        SqlError::Statement(error) => wrong(error, text).help("docs/query.md has the tables and their columns"),
        SqlError::Store(error) => store::failure(error),
        _ => Failure::new(causes(&error)),
    };
    let (database, gaps) = if flags.snapshots.is_empty() && flags.at.is_none() {
        let history = store::existing(&flags.store, "a file with --snapshot")?;
        let database = Database::of_history(&history).map_err(failed)?;
        // What could be read again is no reason to doubt what is known today.
        let open = database.query("SELECT 1 FROM gaps WHERE valid_to IS NULL").map_err(failed)?;
        (database, open.rows.len())
    } else {
        let snapshot = snapshot(flags)?;
        (Database::of_snapshot(&snapshot).map_err(failed)?, snapshot.gaps().len())
    };
    let Table { columns, rows } = database.query(text).map_err(failed)?;
    output::stdout(colors, flags.format != AnswerFormat::Table, |out| match flags.format {
        AnswerFormat::Table => show(&columns, rows.into_iter(), colors, out),
        AnswerFormat::Json => answers::table_json(&Table { columns, rows }, out),
        AnswerFormat::Csv => csv::table(&columns, rows.iter().map(|row| texts(row)), out),
    })?;
    if gaps == 0 {
        return Ok(exit::CLEAN);
    }
    let facts = if gaps == 1 {
        "1 fact or list was not read and looks".to_owned()
    } else {
        format!("{gaps} facts or lists were not read and look")
    };
    say(&format!("{NOTE}gaps{NOTE:#}: {facts} unset to SQL; the table gaps says which\n"), colors);
    Ok(exit::INCOMPLETE)
}

/// The query's text: from the command line, from standard input, or from a file.
fn text(flags: &cli::Query) -> Result<String, Failure> {
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|error| Failure::of(format_args!("cannot read {}", path.display()), &error))
    };
    match (flags.text.as_deref(), &flags.file) {
        (_, Some(path)) => read(path),
        (Some("-"), None) => {
            let mut text = String::new();
            io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| Failure::of("cannot read the query from standard input", &error))?;
            Ok(text)
        }
        (text, None) => Ok(text.unwrap_or_default().to_owned()),
    }
}

/// The items to ask: of files, or of a moment of a store.
fn snapshot(flags: &cli::Query) -> Result<Snapshot, Failure> {
    if !flags.snapshots.is_empty() {
        let (_, catalog) = input::definitions(&flags.definitions)?;
        return input::snapshot(&flags.snapshots, &catalog);
    }
    let history = store::existing(&flags.store, "a file with --snapshot")?;
    store::state(&history, flags.at.as_deref())
}

/// The error with the line it is in, and a caret below the place.
fn wrong(error: &QueryError, text: &str) -> Failure {
    let line = text.lines().nth(error.line.saturating_sub(1)).unwrap_or_default();
    let before: String = line.chars().take(error.column.saturating_sub(1)).collect();
    let caret = " ".repeat(harmless(&before).width());
    Failure::new(format!("{error}\n{line}\n{caret}^"))
}

fn show(
    columns: &[String],
    rows: impl Iterator<Item = Vec<Value>>,
    colors: Colors,
    out: &mut dyn Write,
) -> io::Result<()> {
    let rows: Vec<Vec<String>> = rows.map(|row| row.iter().map(answers::cell).collect()).collect();
    let color = colors.stdout != anstream::ColorChoice::Never;
    table::write(columns, &rows, &Layout { width: output::width(), color, limit: None }, out)
}

/// What the reader of the rows has to know beside them.
fn notes(answer: &Answer<'_>) -> String {
    let mut text = String::new();
    for unknown in &answer.unknown {
        let near = unknown.nearest.as_deref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let line = format!("no item that may be meant has `{}`{near}", unknown.property);
        _ = writeln!(text, "{WARNING}warning{WARNING:#}: {}", harmless(&line));
    }
    let kinds = [
        ("undecided", &answer.undecided, "may belong to the answer"),
        ("unread", &answer.unread, "could not be read, of what is shown, counted or sorted by"),
        ("listings", &answer.listings, "may hold more of what is asked for"),
    ];
    for (label, gaps, meaning) in kinds {
        let mut causes = BTreeMap::<String, Vec<&Gap>>::new();
        for gap in gaps {
            causes.entry(gap.reason.to_string()).or_default().push(gap);
        }
        for (cause, gaps) in causes {
            let Some(first) = gaps.first() else { continue };
            let mut place = first.resource_type.clone();
            for part in [first.resource_id.as_deref(), first.path.as_deref()].into_iter().flatten() {
                _ = write!(place, " {part}");
            }
            if first.is_listing() && first.aws_region != "*" {
                _ = write!(place, " in {}", first.aws_region);
            }
            let more = if gaps.len() > 1 { format!(" and {} more", gaps.len() - 1) } else { String::new() };
            let line = format!("{place}{more} {meaning}: {cause}");
            _ = writeln!(text, "{NOTE}{label}{NOTE:#}: {}", harmless(&line));
        }
    }
    text
}

fn say(text: &str, colors: Colors) {
    let mut stderr = anstream::AutoStream::new(io::stderr().lock(), colors.stderr);
    // The exit code says it too, and where standard error is closed nobody listens.
    _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

fn texts(row: &[Value]) -> Vec<String> {
    row.iter().map(answers::cell).collect()
}
