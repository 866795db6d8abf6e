//! `assize diff`: what is different between two snapshots or two reports, in files or in a store, which has both.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assize::diff::{self, Judged, RuleVersion, State};
use assize::evaluate;
use assize::history::HistoryError;
use assize::report::diff::{Compared, Format, Options, write};
use assize::report::sarif::Anchor;
use assize::report::terminal::Layout;
use assize::report::{Report, json};
use assize::rule::RuleSet;
use assize::snapshot::Snapshot;
use assize::source::descriptor::Catalog;

use crate::cli::{self, Diff};
use crate::failure::{Failure, causes};
use crate::output::{self, Colors};
use crate::settings::Settings;
use crate::{exit, input, store};

/// What is compared when nothing is named: the last scan with the one before it.
const FROM: &str = "latest~1";
const TO: &str = "latest";

/// A state: what was read, what rules said of it, or both.
#[derive(Default)]
struct Input {
    snapshot: Option<Arc<Snapshot>>,
    report: Option<Report>,
    /// The rules of the report.
    rules: Vec<RuleVersion>,
    /// What a report of the store was made of: the rules as they were run, and the snapshot that they judged.
    judged: Option<(RuleSet, Arc<Snapshot>)>,
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

    /// What was read, with what was found in it then. Of a time between two scans: what was known, and found last.
    fn of_store(store: &cli::Store, word: &str) -> Result<Self, Failure> {
        let history = store::existing(store, "two files")?;
        let moment = store::moment(&history, Some(word)).map_err(|failure| {
            failure.help("name a file, or of the store latest, latest~1, a snapshot's number or a time")
        })?;
        let snapshot = Arc::new(match moment.snapshot {
            Some(id) => history.snapshot(id).map_err(|error| store::failure(&error))?,
            None => store::state_at(&history, moment.time)?,
        });
        let told = || {
            let judged = match moment.snapshot {
                Some(id) => Some(id),
                None => history.judged_until(moment.time)?,
            };
            let Some(id) = judged else { return Ok((snapshot, None)) };
            let outcome = match history.outcome(id) {
                // Such a snapshot can be compared, without what rules would say of it.
                Err(HistoryError::NotJudged { .. }) => return Ok((snapshot, None)),
                outcome => outcome?,
            };
            let of = if moment.snapshot.is_some() { Arc::clone(&snapshot) } else { Arc::new(history.snapshot(id)?) };
            Ok((snapshot, Some((history.rules(id)?, of, outcome))))
        };
        let (snapshot, judged) = told().map_err(|error| store::failure(&error))?;
        let Some((rules, of, outcome)) = judged else {
            return Ok(Self { snapshot: Some(snapshot), ..Self::default() });
        };
        let catalog = Catalog::builtin().map_err(|error| Failure::new(causes(&error)))?;
        let report = input::report(&rules, &catalog, evaluate::Judged::of(&of, outcome));
        Ok(Self { snapshot: Some(snapshot), judged: Some((rules, of)), ..Self::of_report(report) })
    }

    fn of_file(path: &Path, flags: &Diff) -> Result<Self, Failure> {
        if input::is_report(path)? {
            let doing = format!("cannot read {}", path.display());
            let input = input::open(path).map_err(|error| Failure::of(&doing, &error))?;
            return json::read(input).map(Self::of_report).map_err(|error| Failure::of(&doing, &error));
        }
        let (_, catalog) = input::definitions(&flags.definitions)?;
        let snapshot = input::snapshot(&[path.to_owned()], &catalog)?;
        Ok(Self { snapshot: Some(Arc::new(snapshot)), ..Self::default() })
    }

    fn of_report(report: Report) -> Self {
        let rules = report.rules.iter().map(assize::report::RuleSummary::version).collect();
        Self { report: Some(report), rules, ..Self::default() }
    }

    fn state(&self) -> State<'_> {
        let report = self.report.as_ref();
        let captured_at = match (&self.snapshot, report) {
            (Some(snapshot), _) => &snapshot.about().captured_at,
            (None, Some(report)) => &report.snapshot.captured_at,
            (None, None) => "",
        };
        let judged = report.map(|report| Judged { evaluations: &report.evaluations, rules: &self.rules });
        State { captured_at, snapshot: self.snapshot.as_deref(), judged }
    }

    /// A store does not keep what a rule read: the rules are run again on what they were run on, to know it.
    fn add_evidence(&mut self, rules: &BTreeSet<String>) {
        if let (Some(report), Some((all, snapshot))) = (&mut self.report, &self.judged) {
            evaluate::add_evidence(&mut report.evaluations, &all.restricted(rules), snapshot);
        }
    }
}

/// The rules that gave other answers, if both ran.
fn other_answers(diff: &diff::Diff<'_>) -> BTreeSet<String> {
    diff.evaluations.iter().filter_map(|change| Some(change.evaluation()?.rule.to_string())).collect()
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
    let (mut from, mut to) = (from?, to?);
    let has_both = |state: fn(&Input) -> bool| state(&from) && state(&to);
    if !has_both(|state| state.snapshot.is_some()) && !has_both(|state| state.report.is_some()) {
        return Err(Failure::new("a snapshot and a report cannot be compared")
            .help("compare two snapshots, or two JSON reports; assize evaluate makes a report of a snapshot"));
    }
    if is_sarif && !has_both(|state| state.report.is_some()) {
        return Err(Failure::new("SARIF tells findings, and a snapshot has none").help(
            "compare two JSON reports, which assize evaluate SNAPSHOT -o json=FILE makes, or two scans of a store",
        ));
    }
    let others = other_answers(&diff::compare(from.state(), to.state()));
    from.add_evidence(&others);
    to.add_evidence(&others);
    let diff = diff::compare(from.state(), to.state());
    let compared = Compared { diff: &diff, from: names[0], to: names[1], report: to.report.as_ref() };

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
