//! `assize history` and `assize timeline`: what the store knows of the past, and who made the changes.

use assize::history::{History, HistoryError};
use assize::item::ResourceKey;
use assize::report::terminal::counted;
use assize::report::timeline::{self, Told};
use assize::timeline::{ChangeKind, ResourceHistory};
use jiff::Timestamp;

use super::{events, only};
use crate::cli::{self, Past, TextOrJson};
use crate::exit;
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::settings::Settings;
use crate::store;

pub(crate) fn history(mut flags: cli::History, colors: Colors) -> Result<u8, Failure> {
    let mut history = open(&mut flags.past)?;
    let key = find(&history, &flags.resource, flags.past.resource_type.as_deref())?;
    let period = Period::of(&history, &flags.past)?;
    let mut told = read(&history, &[key], &period)?;
    let mut notes = events::add(&mut history, &mut told, &flags.trail)?;
    notes.extend(idle(&told));
    let shown = Told { histories: &told, notes: &notes };
    show(&flags.past, colors, shown, |layout, out| timeline::write_history(shown, layout, out))
}

pub(crate) fn timeline(mut flags: cli::Timeline, colors: Colors) -> Result<u8, Failure> {
    let mut history = open(&mut flags.past)?;
    let period = Period::of(&history, &flags.past)?;
    let resource_type = flags.past.resource_type.as_deref();
    let mut keys: Vec<ResourceKey> = if flags.resources.is_empty() {
        let Period { since, until } = period;
        let changed = history.changed(resource_type, since, until).map_err(|error| store::failure(&error))?;
        let unread = history.unreadable(resource_type, since, until).map_err(|error| store::failure(&error))?;
        changed.into_iter().chain(unread).collect()
    } else {
        let found = flags.resources.iter().map(|name| find(&history, name, resource_type));
        found.collect::<Result<_, _>>()?
    };
    keys.sort();
    keys.dedup();
    let mut told = read(&history, &keys, &period)?;
    let mut found = 0;
    if flags.resources.is_empty() {
        for history in &mut told {
            let changes = history.changes.len();
            history.changes.retain(|change| change.kind != ChangeKind::Found);
            found += changes - history.changes.len();
        }
    }
    told.retain(|history| !history.changes.is_empty() || !history.unread.is_empty());
    let mut notes = events::add(&mut history, &mut told, &flags.trail)?;
    if found > 0 {
        let what = counted(found, "resource");
        notes.push(format!("{what} that the first look at a type found are not shown; name them to see them"));
    }
    notes.extend(idle(&told));
    let shown = Told { histories: &told, notes: &notes };
    show(&flags.past, colors, shown, |layout, out| timeline::write_timeline(shown, layout, out))
}

fn open(past: &mut Past) -> Result<History, Failure> {
    Settings::load(&past.config)?.store(&mut past.store);
    let path = past.store.store.as_ref().ok_or_else(|| {
        Failure::new("the past of resources is in a store, and none is named").help("name it with --store FILE")
    })?;
    History::open_existing(path).map_err(|error| store::failure(&error))
}

/// What is said where there is no change: nothing changed, if all could be read.
fn idle(told: &[ResourceHistory]) -> Option<String> {
    if told.iter().any(|history| !history.changes.is_empty()) {
        return None;
    }
    let is_known = told.iter().all(|history| history.unread.is_empty());
    Some(
        if is_known { "nothing changed in that time" } else { "what could be read did not change in that time" }
            .to_owned(),
    )
}

/// From when to when, both included.
struct Period {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Period {
    fn of(history: &History, past: &Past) -> Result<Self, Failure> {
        let time = |word: &Option<String>| {
            let moment = word.as_deref().map(|word| history.resolve(word)).transpose();
            moment.map(|moment| moment.map(|moment| moment.time)).map_err(|error| store::failure(&error))
        };
        Ok(Self { since: time(&past.since)?, until: time(&past.until)? })
    }
}

/// The one resource that is called so.
fn find(history: &History, name: &str, resource_type: Option<&str>) -> Result<ResourceKey, Failure> {
    let found = history.find(name).map_err(|error| store::failure(&error))?;
    only(
        found,
        name,
        resource_type,
        |key| key,
        |what| {
            Failure::new(format!("the store never had a {what}"))
                .help("assize query --store FILE \"SELECT resourceId, arn\" lists what it has")
        },
    )
}

fn read(history: &History, keys: &[ResourceKey], period: &Period) -> Result<Vec<ResourceHistory>, Failure> {
    let told = || -> Result<Vec<ResourceHistory>, HistoryError> {
        let looks = history.looks()?;
        let mut told = Vec::new();
        for key in keys {
            let mut of_key = ResourceHistory::of(history, &looks, key)?;
            of_key.restrict(period.since, period.until);
            told.push(of_key);
        }
        Ok(told)
    };
    told().map_err(|error| store::failure(&error))
}

fn show(
    past: &Past,
    colors: Colors,
    told: Told<'_>,
    terminal: impl FnOnce(&assize::report::terminal::Layout, &mut dyn std::io::Write) -> std::io::Result<()>,
) -> Result<u8, Failure> {
    let layout = output::layout(past.limit, colors);
    output::stdout(colors, past.format == TextOrJson::Json, |out| match past.format {
        TextOrJson::Terminal => terminal(&layout, out),
        TextOrJson::Json => timeline::write_json(told, out),
    })?;
    Ok(exit::CLEAN)
}
