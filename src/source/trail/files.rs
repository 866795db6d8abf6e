//! The files of a trail in a folder, as it delivers them to a bucket:
//! `AWSLogs/<account>/CloudTrail/<region>/<year>/<month>/<day>/*.json.gz`
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>).
//!
//! One record is in memory at a time, and those that are wanted are kept. Files whose names say that they cannot hold any
//! are not opened.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Wanted, sorted};
use crate::event::TrailEvent;
use crate::value::Value;

/// A trail delivers mostly within minutes, and a file that is this much younger than an event does not hold it.
pub(super) const LATEST: SignedDuration = SignedDuration::from_hours(24);

/// What a folder of a trail gave.
#[derive(Debug, Default)]
pub struct Found {
    /// Calls that may have changed one of the resources, by time and id.
    pub events: Vec<TrailEvent>,
    /// How many files were read to their end.
    pub files: usize,
    /// What could not be read, by path: the events that it holds from there on are missing.
    pub failed: Vec<TrailError>,
}

/// A file or a folder of a trail that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", path.display())]
pub struct TrailError {
    /// Which one.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// The wanted events of the trail files in a folder and all folders below it. Links to folders are not followed: they may
/// lead in a circle. A file that cannot be read does not keep the events of others out.
pub fn read(folder: &Path, wanted: &Wanted) -> Found {
    let mut found = Found::default();
    let mut folders = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        match entries {
            Ok(entries) => {
                for entry in entries {
                    match entry.file_type() {
                        Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                        Ok(_) => files.push(entry.path()),
                        Err(source) => found.failed.push(TrailError { path: entry.path(), source }),
                    }
                }
            }
            Err(source) => found.failed.push(TrailError { path: folder, source }),
        }
    }
    files.retain(|path| may_hold(path, wanted));
    files.sort();
    for path in files {
        let mut take = |record: &Value| found.events.extend(wanted.event(record));
        match File::open(&path).and_then(|file| read_file(BufReader::new(file), &mut take)) {
            Ok(()) => found.files += 1,
            Err(source) => found.failed.push(TrailError { path, source }),
        }
    }
    found.failed.sort_by(|a, b| a.path.cmp(&b.path));
    found.events = sorted(found.events);
    found
}

/// Whether the name of a file says that there may be wanted events in it:
/// `<account>_CloudTrail_<region>_20261001T0630Z_<text>.json.gz`. The time is that of the delivery. A name of another form
/// says nothing, so the file is read if it is JSON. Digests and insights have no calls in them.
pub(super) fn may_hold(path: &Path, wanted: &Wanted) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let Some(stem) = name.strip_suffix(".gz").unwrap_or(&name).strip_suffix(".json") else { return false };
    if stem.contains("_CloudTrail-Digest_") || stem.contains("_CloudTrail-Insight_") {
        return false;
    }
    let parts: Vec<&str> = stem.split('_').collect();
    let Some(delivered) = parts.get(3).filter(|_| parts.get(1) == Some(&"CloudTrail")).and_then(|text| time(text))
    else {
        return true;
    };
    let too_early = wanted.after.is_some_and(|after| delivered < after);
    let too_late = wanted.until.is_some_and(|until| delivered.duration_since(until) > LATEST);
    !too_early && !too_late
}

/// `20261001T0630Z`.
fn time(text: &str) -> Option<Timestamp> {
    let time = DateTime::strptime("%Y%m%dT%H%M", text.strip_suffix('Z')?).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Hands on each record of a file, compressed or not.
pub(super) fn read_file(mut input: impl Read, take: &mut dyn FnMut(&Value)) -> io::Result<()> {
    let mut magic = Vec::new();
    input.by_ref().take(2).read_to_end(&mut magic)?;
    let is_compressed = magic == [0x1f, 0x8b];
    let whole = io::Cursor::new(magic).chain(input);
    let reader: Box<dyn Read + '_> =
        if is_compressed { Box::new(BufReader::new(MultiGzDecoder::new(whole))) } else { Box::new(whole) };
    let mut json = serde_json::Deserializer::from_reader(reader);
    Records(take).deserialize(&mut json).map_err(io::Error::from)?;
    json.end().map_err(io::Error::from)
}

/// `{"Records": [record, …]}`: each record is handed on and let go.
struct Records<'t>(&'t mut dyn FnMut(&Value));

impl<'de> DeserializeSeed<'de> for Records<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Records<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a file of a trail, an object with `Records`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut has_records = false;
        while let Some(name) = members.next_key::<String>()? {
            if name == "Records" {
                has_records = true;
                members.next_value_seed(List(&mut *self.0))?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        if has_records { Ok(()) } else { Err(serde::de::Error::missing_field("Records")) }
    }
}

struct List<'t>(&'t mut dyn FnMut(&Value));

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
        while let Some(record) = records.next_element::<Value>()? {
            (self.0)(&record);
        }
        Ok(())
    }
}
