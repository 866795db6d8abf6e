//! The calls behind changes: looked up in CloudTrail or in files of a trail, and kept in the store. What cannot be had is
//! a note, and nothing else changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use assize::event::TrailEvent;
use assize::history::History;
use assize::report::terminal::counted;
use assize::source::client::Client;
use assize::source::config_bucket::Address;
use assize::source::trail::files::Found;
use assize::source::trail::lookup::Lookup;
use assize::source::trail::{Wanted, bucket, files};
use assize::timeline::{Change, ResourceHistory};

use super::config_account::block_on;
use crate::cli::{Events, Trail};
use crate::failure::{Failure, causes};
use crate::input;

/// So many files that cannot be read are named; the others are counted.
const NAMED: usize = 5;

/// Adds to the changes the events that are found, and keeps them. Returns what the reader has to know.
pub(crate) fn add(history: &mut History, told: &mut [ResourceHistory], trail: &Trail) -> Result<Vec<String>, Failure> {
    let mut notes = match &trail.events {
        Events::None => return Ok(Vec::new()),
        Events::Folder(folder) => of_folder(told, folder),
        Events::Bucket(address) => of_bucket(told, trail, address)?,
        Events::Account => of_account(told, trail)?,
    };
    let kept = told.iter().flat_map(|told| &told.changes).try_for_each(|change| {
        history.relate(&change.item.key, change.time, change.events.as_deref().unwrap_or_default())
    });
    if let Err(error) = kept {
        notes.push(format!("the events are not kept in the store: {}", causes(&error)));
    }
    Ok(notes)
}

/// What is wanted for all changes; nothing if none of them can have events.
fn wanted(told: &[ResourceHistory]) -> Option<Wanted> {
    let windows: Vec<_> = told.iter().flat_map(ResourceHistory::windows).collect();
    let until = windows.iter().map(|window| window.until).max()?;
    let after = windows.iter().map(|window| window.after).min().flatten();
    let names = told.iter().flat_map(ResourceHistory::names).map(str::to_owned).collect();
    Some(Wanted { after, until: Some(until), names })
}

fn of_folder(told: &mut [ResourceHistory], folder: &Path) -> Vec<String> {
    let Some(wanted) = wanted(told) else { return Vec::new() };
    attach(told, &files::read(folder, &wanted), &folder.display().to_string())
}

fn of_bucket(told: &mut [ResourceHistory], trail: &Trail, address: &Address) -> Result<Vec<String>, Failure> {
    let Some(wanted) = wanted(told) else { return Ok(Vec::new()) };
    let connect = input::connect(&trail.credentials);
    let read = block_on(async {
        Ok(match Client::connect(connect).await {
            Ok(client) => bucket::read(&client, address, &wanted).await.map_err(|error| causes(&error)),
            Err(error) => Err(causes(&error)),
        })
    })?;
    Ok(match read {
        Ok(found) => attach(told, &found, &address.to_string()),
        Err(why) => vec![format!("no events could be read from {address}: {why}")],
    })
}

/// Adds the events of a trail's files, and says what is missing.
fn attach(told: &mut [ResourceHistory], found: &Found, place: &str) -> Vec<String> {
    let mut notes: Vec<String> = found.failed.iter().take(NAMED).map(|error| causes(error)).collect();
    if let Some(more) = found.failed.len().checked_sub(NAMED).filter(|more| *more > 0) {
        notes.push(format!("{} of the trail more cannot be read", counted(more, "file")));
    }
    let is_whole = found.failed.is_empty();
    if found.files == 0 && is_whole {
        notes.push(format!("{place} holds no file of a trail of that time"));
        return notes;
    }
    for history in told {
        history.attach(&found.events, None, is_whole);
    }
    notes
}

fn of_account(told: &mut [ResourceHistory], trail: &Trail) -> Result<Vec<String>, Failure> {
    if told.iter().all(|history| history.windows().is_empty()) {
        return Ok(Vec::new());
    }
    let mut connect = input::connect(&trail.credentials);
    // Whose credentials these are is asked in the partition of the resources.
    if let Some(history) = told.iter().find(|history| *history.key.region != *assize::item::GLOBAL) {
        connect = connect.region(&*history.key.region);
    }
    block_on(async {
        Ok(match Client::connect(connect).await {
            Ok(client) => ask(told, &Lookup::new(client)).await,
            Err(error) => vec![format!("no events could be looked up: {}", causes(&error))],
        })
    })
}

async fn ask(told: &mut [ResourceHistory], lookup: &Lookup) -> Vec<String> {
    let earliest = lookup.earliest();
    let (mut refused, mut others) = (BTreeMap::<String, String>::new(), BTreeSet::<String>::new());
    let (mut older, mut cut) = (0, Vec::new());
    for history in told.iter_mut().filter(|history| !history.windows().is_empty()) {
        let key = &history.key;
        if *key.account_id != *lookup.account_id() {
            others.insert(key.account_id.to_string());
            continue;
        }
        // Once CloudTrail said no in a region, it says so for each resource.
        if refused.contains_key(&*key.region) {
            continue;
        }
        match events(history, lookup).await {
            Ok((events, is_cut)) => {
                if is_cut {
                    cut.push(history.key.resource_id.to_string());
                }
                history.attach(&events, Some(earliest), !is_cut);
                let is_older = |change: &&Change| {
                    let window = change.window().filter(|_| change.events.is_none());
                    window.is_some_and(|window| window.after.is_none_or(|after| after < earliest))
                };
                older += history.changes.iter().filter(is_older).count();
            }
            Err(reason) => _ = refused.insert(history.key.region.to_string(), reason),
        }
    }
    let mut notes: Vec<String> = others
        .into_iter()
        .map(|account| {
            format!("no events of account {account} were looked up: the credentials are of {}", lookup.account_id())
        })
        .collect();
    notes.extend(
        refused.into_iter().map(|(region, reason)| format!("no events of {region} could be looked up: {reason}")),
    );
    if older > 0 {
        let (what, day) = (counted(older, "change"), earliest.strftime("%Y-%m-%d"));
        notes.push(format!(
            "{what} that may be from before {day}: CloudTrail's event history goes back 90 days; the files of a trail go back further"
        ));
    }
    if !cut.is_empty() {
        notes.push(format!("only the latest events were read of {}", cut.join(", ")));
    }
    notes
}

/// The events of all windows, and whether there are more; or why there are none.
async fn events(history: &ResourceHistory, lookup: &Lookup) -> Result<(Vec<TrailEvent>, bool), String> {
    let names: Vec<&str> = history.names().into_iter().collect();
    let earliest = lookup.earliest();
    let (mut events, mut is_cut) = (Vec::new(), false);
    for window in history.windows().into_iter().filter(|window| window.until >= earliest) {
        let wanted = Wanted {
            after: Some(window.after.map_or(earliest, |after| after.max(earliest))),
            until: Some(window.until),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let found = lookup.events(&history.key, &names, &wanted).await.map_err(|reason| match &reason.action {
            Some(action) if reason.code.contains("AccessDenied") => {
                format!("{reason} (it needs the permission {action})")
            }
            _ => reason.to_string(),
        })?;
        is_cut |= found.is_cut;
        events.extend(found.events);
    }
    Ok((events, is_cut))
}
