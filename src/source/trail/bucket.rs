//! The files of a trail in the bucket to which it delivers. Folders of days that cannot hold wanted events are not listed, and
//! objects whose names say that they hold none are not read.

use std::io;
use std::path::PathBuf;

use super::files::{Found, LATEST, TrailError, may_hold, read_file};
use super::name::Folder;
use super::{Wanted, sorted};
use crate::source::client::{ApiError, Client};
use crate::source::config_bucket::Address;
use crate::value::Value;

/// A trail's files have far less; one with more bytes is not read.
const LARGEST: u64 = 1 << 30;

/// The wanted events of the trail files at an address. An object, or a folder below the address, that cannot be read does
/// not keep the events of others out.
///
/// # Errors
/// The address itself cannot be listed.
pub async fn read(client: &Client, address: &Address, wanted: &Wanted) -> Result<Found, ApiError> {
    let target = address.target(client).await;
    let mut found = Found::default();
    let (mut folders, mut keys) = (vec![address.folder()], Vec::new());
    let mut is_first = true;
    while let Some(folder) = folders.pop() {
        match address.list_folder(client, &target, &folder, false).await {
            Ok(listing) => {
                keys.extend(listing.objects.into_iter().map(|object| object.key));
                // An answer that leads elsewhere, or back, would never end.
                let leads_down = |next: &String| next.starts_with(&folder) && next.len() > folder.len();
                folders.extend(listing.folders.into_iter().filter(leads_down).filter(|next| may_lead(next, wanted)));
            }
            Err(error) if is_first => return Err(error),
            Err(error) => found.failed.push(failed(address, &folder, io::Error::other(error))),
        }
        is_first = false;
    }
    keys.retain(|key| may_hold(key.as_ref(), wanted));
    keys.sort();
    for key in keys {
        let mut take = |record: &Value| found.events.extend(wanted.event(record));
        let read = match client.object(&target, address.bucket(), &key, LARGEST).await {
            Ok(bytes) => read_file(&*bytes, &mut take),
            Err(error) => Err(io::Error::other(error)),
        };
        match read {
            Ok(()) => found.files += 1,
            Err(source) => found.failed.push(failed(address, &key, source)),
        }
    }
    found.failed.sort_by(|a, b| a.path.cmp(&b.path));
    found.events = sorted(found.events);
    Ok(found)
}

/// Whether wanted events may be below a folder: `…/CloudTrail/<region>/<year>/<month>/<day>/` holds what was delivered on
/// that day, and the folders of digests and insights hold no calls.
fn may_lead(folder: &str, wanted: &Wanted) -> bool {
    if folder.split('/').any(|part| ["CloudTrail-Digest", "CloudTrail-Insight"].contains(&part)) {
        return false;
    }
    let Some((begin, end)) = Folder::of_path(folder).times else { return true };
    let too_early = wanted.after.is_some_and(|after| end < after);
    let too_late = wanted.until.is_some_and(|until| begin.duration_since(until) > LATEST);
    !too_early && !too_late
}

fn failed(address: &Address, key: &str, source: io::Error) -> TrailError {
    TrailError { path: PathBuf::from(format!("{}{}/{key}", Address::SCHEME, address.bucket())), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_other_days_are_passed_over() {
        let wanted = Wanted {
            after: "2026-10-03T06:00:00Z".parse().ok(),
            until: "2026-10-05T06:00:00Z".parse().ok(),
            ..Wanted::default()
        };
        let below = "logs/AWSLogs/111122223333/CloudTrail/eu-west-1/";
        for (folder, leads) in [
            ("", true),
            ("2026/", true),
            ("2025/", false),
            ("2027/", false),
            ("2026/10/", true),
            ("2026/09/", false),
            ("2026/11/", false),
            ("2026/10/02/", false),
            ("2026/10/03/", true),
            ("2026/10/06/", true),
            ("2026/10/07/", false),
            ("2026/10/99/", true),
        ] {
            assert_eq!(may_lead(&format!("{below}{folder}"), &wanted), leads, "{folder}");
        }
        assert!(!may_lead("AWSLogs/111122223333/CloudTrail-Digest/", &wanted));
        assert!(may_lead("AWSLogs/111122223333/", &wanted));
        assert!(may_lead(&format!("{below}2026/"), &Wanted::default()));
    }
}
