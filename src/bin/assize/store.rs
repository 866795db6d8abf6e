//! The store that is asked for, and what commands ask of it.

use assize::drift::Drift;
use assize::evaluate::{Before, Outcome};
use assize::history::{History, HistoryError, Judgement, Moment, SnapshotId};
use assize::rule::RuleSet;
use assize::snapshot::Snapshot;
use assize::source::account::secret::SecretKey;

use crate::cli;
use crate::failure::{Failure, causes};

/// The store to write to, if there is to be one. It is made before the first call: an error costs no scan.
pub(crate) fn open(flags: &cli::Store) -> Result<Option<History>, Failure> {
    flags.store.as_ref().map(|path| History::open(path).map_err(|error| failure(&error))).transpose()
}

/// The store to read from.
pub(crate) fn existing(flags: &cli::Store, instead: &str) -> Result<History, Failure> {
    let path = flags.store.as_ref().ok_or_else(|| {
        Failure::new("there is nothing to read").help(format!("name {instead}, or a store with --store FILE"))
    })?;
    History::open_existing(path).map_err(|error| failure(&error))
}

/// The key of a store's digests.
pub(crate) fn key(history: &History) -> Result<SecretKey, Failure> {
    history.secret_key().map(SecretKey::new).map_err(|error| failure(&error))
}

/// Keeps a snapshot, and what was found in it.
pub(crate) fn keep(
    history: Option<&mut History>,
    snapshot: &Snapshot,
    judgement: Option<&Judgement<'_>>,
) -> Result<(), Failure> {
    let Some(history) = history else { return Ok(()) };
    history.append(snapshot, judgement).map(drop).map_err(|error| failure(&error))
}

/// Keeps a snapshot and what was found in it, if there is a store, and tells how that stands to what was found before.
pub(crate) fn record(
    mut history: Option<&mut History>,
    rules: &RuleSet,
    snapshot: &Snapshot,
    outcome: &Outcome,
) -> Result<Option<Drift>, Failure> {
    keep(history.as_deref_mut(), snapshot, Some(&Judgement { rules, outcome }))?;
    drift(history.as_deref(), rules, snapshot, outcome)
}

/// What a store told, or nothing, and the failure: what was read and judged is shown all the same.
pub(crate) fn or_else<T>(told: Result<Option<T>, Failure>) -> (Option<T>, Result<(), Failure>) {
    match told {
        Ok(told) => (told, Ok(())),
        Err(failure) => (None, Err(failure)),
    }
}

/// How what was found stands to what was found before, if there is a store that knows.
pub(crate) fn drift(
    history: Option<&History>,
    rules: &RuleSet,
    snapshot: &Snapshot,
    outcome: &Outcome,
) -> Result<Option<Drift>, Failure> {
    history.map(|history| history.drift(rules, snapshot, outcome).map_err(|error| failure(&error))).transpose()
}

/// What was found in the last snapshot up to the time of this one that was judged.
pub(crate) fn before(history: &History, snapshot: &Snapshot) -> Result<Option<Before>, Failure> {
    let time = snapshot.about().captured_at.parse();
    let time = time.map_err(|error| Failure::of("the snapshot does not say when it was taken", &error))?;
    history.before(time).map_err(|error| failure(&error))
}

/// The moment that is asked for: the latest if none is.
pub(crate) fn moment(history: &History, word: Option<&str>) -> Result<Moment, Failure> {
    history.resolve(word.unwrap_or("latest")).map_err(|error| failure(&error))
}

/// What is known at the moment that is asked for: the last known state if none is; a snapshot that is named as it was read.
pub(crate) fn state(history: &History, word: Option<&str>) -> Result<Snapshot, Failure> {
    let moment = moment(history, word)?;
    match moment.snapshot {
        Some(id) if word.is_some() => history.snapshot(id).map_err(|error| failure(&error)),
        _ => state_at(history, moment.time),
    }
}

/// All that was known at a time. Before anything was read nothing is known: to say that there was nothing would be an answer.
pub(crate) fn state_at(history: &History, time: jiff::Timestamp) -> Result<Snapshot, Failure> {
    let state = history.state_at(time).map_err(|error| failure(&error))?;
    if state.items().is_empty() && state.about().accounts.is_empty() {
        let first = history.snapshots().map_err(|error| failure(&error))?.first().map(|first| first.time);
        let first = first.map(|time| format!(": the first snapshot is of {time}")).unwrap_or_default();
        return Err(Failure::new(format!("nothing was read up to {time}{first}")));
    }
    Ok(state)
}

/// The last snapshot up to a moment that was judged.
pub(crate) fn last_judged(history: &History, moment: Moment) -> Result<SnapshotId, Failure> {
    let found = history.judged_until(moment.time).map_err(|error| failure(&error))?;
    found.ok_or_else(|| {
        Failure::new(format!("no snapshot up to {} was judged", moment.time))
            .help("assize scan and assize evaluate keep what they find when --store is given")
    })
}

/// How an error of the store is told.
pub(crate) fn failure(error: &HistoryError) -> Failure {
    let failure = Failure::new(causes(error));
    match error {
        HistoryError::NoStore { .. } | HistoryError::Empty { .. } => {
            failure.help("assize scan --store FILE makes a store, and adds what it reads")
        }
        HistoryError::NotJudged { .. } => failure.help("assize evaluate judges what a store holds"),
        _ => failure,
    }
}
