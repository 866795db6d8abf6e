//! `assize diff`: what is different between two snapshots, in files or in a store, or between two reports.

use std::path::{Path, PathBuf};

use assize::diff::{self, Judged, RuleVersion, State};
use assize::report::diff::{Compared, Format, Options, write};
use assize::report::sarif::Anchor;
use assize::report::terminal::Layout;
use assize::report::{Report, json};
use assize::snapshot::Snapshot;

use crate::cli::{self, Diff};
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::settings::Settings;
use crate::{exit, input, store};

/// What is compared when nothing is named: the last scan with the one before it.
const FROM: &str = "latest~1";
const TO: &str = "latest";

/// What a file or a store holds.
enum Input {
    Snapshot(Box<Snapshot>),
    Report(Box<Report>, Vec<RuleVersion>),
}

impl Input {
    /// A file of that name, or else what the word means in the store.
    fn read(word: &str, flags: &Diff) -> Result<Self, Failure> {
        let path = Path::new(word);
        match &flags.store.store {
            Some(_) if !path.is_file() => Self::of_store(&flags.store, word),
            _ => Self::of_file(path, flags),
        }
    }

    fn of_store(store: &cli::Store, word: &str) -> Result<Self, Failure> {
        let history = store::existing(store, "two files")?;
        let moment = store::moment(&history, Some(word)).map_err(|failure| {
            failure.help("name a file, or of the store latest, latest~1, a snapshot's number or a time")
        })?;
        let snapshot = match moment.snapshot {
            Some(id) => history.snapshot(id),
            None => history.state_at(moment.time),
        };
        snapshot.map(|snapshot| Self::Snapshot(Box::new(snapshot))).map_err(|error| store::failure(&error))
    }

    fn of_file(path: &Path, flags: &Diff) -> Result<Self, Failure> {
        if input::is_report(path)? {
            let doing = format!("cannot read {}", path.display());
            let input = input::open(path).map_err(|error| Failure::of(&doing, &error))?;
            let report = json::read(input).map_err(|error| Failure::of(&doing, &error))?;
            let rules = report.rules.iter().map(assize::report::RuleSummary::version).collect();
            return Ok(Self::Report(Box::new(report), rules));
        }
        let (_, catalog) = input::definitions(&flags.definitions)?;
        input::snapshot(&[path.to_owned()], &catalog).map(|snapshot| Self::Snapshot(Box::new(snapshot)))
    }

    fn state(&self) -> State<'_> {
        match self {
            Self::Snapshot(snapshot) => {
                State { captured_at: &snapshot.about().captured_at, snapshot: Some(snapshot), judged: None }
            }
            Self::Report(report, rules) => State {
                captured_at: &report.snapshot.captured_at,
                snapshot: None,
                judged: Some(Judged { evaluations: &report.evaluations, rules }),
            },
        }
    }

    fn report(&self) -> Option<&Report> {
        match self {
            Self::Report(report, _) => Some(report),
            Self::Snapshot(_) => None,
        }
    }
}

pub(crate) fn run(mut flags: Diff, colors: Colors) -> Result<u8, Failure> {
    Settings::load(&flags.config)?.store(&mut flags.store);
    output::check_paths(flags.outputs.iter().map(|(_, path)| path))?;
    let sarif: Option<&PathBuf> =
        flags.outputs.iter().find(|(format, _)| *format == Format::Sarif).map(|(_, path)| path);
    let is_sarif = sarif.is_some() || flags.format == Format::Sarif;
    let anchor = if is_sarif { output::find_anchor(flags.anchor.as_deref(), None, sarif)? } else { Anchor::default() };
    let names = match (&flags.from, &flags.to, &flags.store.store) {
        (Some(from), Some(to), _) => [from.as_str(), to.as_str()],
        (Some(from), None, Some(_)) => [from.as_str(), TO],
        (None, _, Some(_)) => [FROM, TO],
        _ => {
            return Err(Failure::new("there are not two states to compare")
                .help("name two files, or --store FILE with the store of the scans"));
        }
    };
    let [from, to] = names.map(|name| Input::read(name, &flags));
    let (from, to) = (from?, to?);
    if from.report().is_some() != to.report().is_some() {
        return Err(Failure::new("a snapshot and a report cannot be compared")
            .help("compare two snapshots, or two JSON reports; assize evaluate makes a report of a snapshot"));
    }
    if is_sarif && to.report().is_none() {
        return Err(Failure::new("SARIF tells findings, and a snapshot has none")
            .help("compare two JSON reports: assize evaluate SNAPSHOT -o json=FILE makes one"));
    }
    let diff = diff::compare(from.state(), to.state());
    let compared = Compared { diff: &diff, from: names[0], to: names[1], report: to.report() };

    let mut options = Options { anchor, terminal: Layout::default() };
    let mut written = Ok(());
    for (format, path) in &flags.outputs {
        written = written.and(output::file(path, |out| write(&compared, *format, &options, out)));
    }
    options.terminal = output::layout(flags.limit, colors);
    let plain = flags.format != Format::Terminal;
    let shown = output::stdout(colors, plain, |out| write(&compared, flags.format, &options, out));
    written.and(shown)?;
    Ok(if flags.exit_code && !diff.is_empty() { exit::FINDINGS } else { exit::CLEAN })
}
