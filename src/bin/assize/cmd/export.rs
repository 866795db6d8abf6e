//! `assize export`: what was read, as the files that AWS Config would have delivered.

use std::fs;
use std::path::Path;

use assize::export::{self, ExportFile, Missing};
use assize::history::History;
use assize::report::terminal::counted;

use crate::cli::Export;
use crate::failure::{Failure, causes};
use crate::output::{self, Colors};
use crate::settings::Settings;
use crate::{exit, input, store};

pub(crate) fn run(mut flags: Export, colors: Colors) -> Result<u8, Failure> {
    if flags.to.exists() && !flags.to.is_dir() {
        return Err(Failure::new(format!("cannot write to {}: it is no folder", flags.to.display())));
    }
    let snapshot = if flags.snapshots.is_empty() {
        Settings::load(&flags.config)?.store(&mut flags.store);
        let history = store::existing(&flags.store, "a snapshot")?;
        if flags.since.is_some() || flags.until.is_some() {
            return write_history(&flags, &history, colors);
        }
        store::state(&history, flags.at.as_deref())?
    } else {
        let (_, catalog) = input::definitions(&flags.definitions)?;
        input::snapshot(&flags.snapshots, &catalog)?
    };
    let mut missing = Missing::new(snapshot.about().gaps.iter().cloned());
    let files = export::snapshot(&snapshot, flags.format).map_err(|error| Failure::new(causes(&error)))?;
    let written = write(&flags.to, &files, &mut missing)?;
    finish(&flags, &written, missing, colors)
}

/// The versions of a time. What could not be read in between is no version: the lists that failed are those of its end.
fn write_history(flags: &Export, history: &History, colors: Colors) -> Result<u8, Failure> {
    let time = |word: &Option<String>| {
        let moment = word.as_deref().map(|word| store::moment(history, Some(word))).transpose();
        moment.map(|moment| moment.map(|moment| moment.time))
    };
    let (since, until) = (time(&flags.since)?, time(&flags.until)?);
    let read = || {
        let end = history.state_at(until.unwrap_or(jiff::Timestamp::MAX))?;
        Ok((history.history_items(since, until)?, end))
    };
    let (versions, end) = read().map_err(|error| store::failure(&error))?;
    let mut missing = Missing::new(end.about().gaps.iter().cloned());
    let files = export::history(&versions, flags.format).map_err(|error| Failure::new(causes(&error)))?;
    let written = write(&flags.to, &files, &mut missing)?;
    finish(flags, &written, missing, colors)
}

/// What was written.
#[derive(Default)]
struct Written {
    files: usize,
    items: usize,
}

fn write(folder: &Path, files: &[ExportFile<'_>], missing: &mut Missing) -> Result<Written, Failure> {
    let mut written = Written::default();
    for file in files {
        // Names have no part that leads up, and none that begins at the root.
        let path = file.name().split('/').fold(folder.to_owned(), |path, part| path.join(part));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .map_err(|error| Failure::of(format_args!("cannot make the folder {}", parent.display()), &error))?;
        }
        output::compressed_file(&path, |out| file.write(out))?;
        missing.add(file);
        written.files += 1;
        written.items += file.len();
    }
    Ok(written)
}

/// Tells what AWS Config's form cannot say, and what was done.
fn finish(flags: &Export, written: &Written, mut missing: Missing, colors: Colors) -> Result<u8, Failure> {
    let gaps = flags.to.join(Missing::NAME);
    let complete = missing.is_empty();
    if complete {
        // One of an earlier export would speak of other items.
        if gaps.exists() {
            fs::remove_file(&gaps)
                .map_err(|error| Failure::of(format_args!("cannot remove {}", gaps.display()), &error))?;
        }
    } else {
        fs::create_dir_all(&flags.to)
            .map_err(|error| Failure::of(format_args!("cannot make the folder {}", flags.to.display()), &error))?;
        output::file(&gaps, |out| missing.write(out))?;
    }
    let Written { files, items } = written;
    output::note(
        colors,
        &format!("{} in {} below {}", counted(*items, "item"), counted(*files, "file"), flags.to.display()),
    )?;
    if !complete {
        let lacking = missing.items();
        output::note(
            colors,
            &format!(
                "{} without facts that could not be read or were not asked for; to a reader of AWS Config's form these look as \
                 if they were not set: {} lists them",
                counted(lacking, "item"),
                gaps.display()
            ),
        )?;
    }
    Ok(if complete { exit::CLEAN } else { exit::INCOMPLETE })
}
