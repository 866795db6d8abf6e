//! The files of a trail, where they are: a folder, which may be a copy of a part of a bucket, or a bucket.
//!
//! What is read of a folder is what was found by walking it, links left aside: no text of a digest becomes a path.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use super::Filter;
use crate::integrity::Unlisted;
use crate::source::client::{ApiError, CallTarget, Client};
use crate::source::config_bucket::{Address, Listing as Objects};
use crate::source::trail::name::{DigestName, Folder, LogName, TrailFile};

/// The most bytes that an object may have, as it is kept. A trail's files have far less.
const LARGEST: u64 = 64 << 20;

/// A file lies in the folder of a day that is at most so far from any time that counts.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// So much later than the end of what is asked for is the end of the digest that has the signature of the last one.
pub(super) const NEXT: SignedDuration = SignedDuration::from_hours(3);

/// The metadata of a digest's object that holds its signature.
const SIGNATURE: &str = "signature";

/// The metadata that says when a digest of late files was made.
const GENERATED: &str = "backfill-generation-timestamp";

/// A place with files of trails.
#[derive(Debug)]
pub(super) enum Files {
    /// Each file by its path below the folder.
    Folder(BTreeMap<String, Entry>),
    Bucket {
        client: Client,
        target: CallTarget,
        address: Address,
    },
}

#[derive(Debug)]
pub(super) enum Entry {
    File(PathBuf),
    Link,
}

/// What there is, sorted.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) digests: Vec<(String, DigestName)>,
    pub(super) logs: Vec<(String, LogName)>,
    pub(super) unlisted: Vec<Unlisted>,
}

/// A file that is there.
#[derive(Debug)]
pub(super) struct Found {
    body: Body,
    pub(super) signature: Option<String>,
    pub(super) generated: Option<Timestamp>,
}

#[derive(Debug)]
enum Body {
    Bytes(Bytes),
    File(PathBuf),
}

/// Why there is no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// There is none of this name.
    NotThere,
    /// It lies outside of what is looked at.
    Elsewhere,
    /// It could not be read, for this reason.
    Unreadable(String),
}

impl Found {
    /// Its bytes.
    pub(super) fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match &self.body {
            Body::Bytes(bytes) => Box::new(&**bytes),
            Body::File(path) => Box::new(File::open(path)?),
        })
    }
}

impl Files {
    /// Walks a folder, and lists what of it is wanted.
    pub(super) fn of_folder(root: &Path, filter: &Filter) -> io::Result<(Self, Listing)> {
        let mut files = BTreeMap::new();
        let mut listing = Listing::default();
        let mut folders = vec![(root.to_owned(), String::new())];
        while let Some((path, name)) = folders.pop() {
            let entries = fs::read_dir(&path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let entries = match entries {
                Ok(entries) => entries,
                Err(error) if name.is_empty() => return Err(error),
                Err(error) => {
                    listing.unlisted.push(Unlisted { folder: name, reason: error.to_string() });
                    continue;
                }
            };
            for entry in entries {
                // CloudTrail's names are ASCII: what is no text is none of its files.
                let Ok(own) = entry.file_name().into_string() else { continue };
                let below = format!("{name}{own}");
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push((entry.path(), format!("{below}/"))),
                    Ok(kind) if kind.is_file() => _ = files.insert(below, Entry::File(entry.path())),
                    Ok(kind) if kind.is_symlink() && entry.path().is_dir() => {
                        let reason = "it is a link, and links are not followed".to_owned();
                        listing.unlisted.push(Unlisted { folder: format!("{below}/"), reason });
                    }
                    Ok(kind) if kind.is_symlink() => _ = files.insert(below, Entry::Link),
                    // Neither a pipe nor a device is a file of a trail.
                    Ok(_) => {}
                    Err(error) => listing.unlisted.push(Unlisted { folder: below, reason: error.to_string() }),
                }
            }
        }
        for name in files.keys() {
            listing.add(name, filter);
        }
        listing.unlisted.sort();
        Ok((Self::Folder(files), listing))
    }

    /// Lists what of a bucket is wanted. Folders that cannot have any of it are not looked into.
    pub(super) async fn of_bucket(
        client: Client,
        address: Address,
        filter: &Filter,
    ) -> Result<(Self, Listing), ApiError> {
        let target = address.target(&client).await;
        let root = address.folder();
        let mut listing = Listing::default();
        let mut running = JoinSet::new();
        let list = |running: &mut JoinSet<_>, folder: String| {
            let (client, target, address) = (client.clone(), target.clone(), address.clone());
            let whole = filter.wants_all_below(&folder);
            running.spawn(async move {
                let found = address.list_folder(&client, &target, &folder, whole).await;
                (folder, found)
            });
        };
        list(&mut running, root.clone());
        while let Some(done) = running.join_next().await {
            let (folder, found) = match done {
                Ok(done) => done,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            };
            let Objects { objects, folders } = match found {
                Ok(found) => found,
                Err(error) if folder == root => return Err(error),
                Err(error) => {
                    listing.unlisted.push(Unlisted { folder, reason: error.to_string() });
                    continue;
                }
            };
            for object in objects {
                listing.add(&object.key, filter);
            }
            // An answer that leads elsewhere, or back, would never end.
            let leads_down = |next: &String| next.starts_with(&folder) && next.len() > folder.len();
            for next in folders.into_iter().filter(leads_down).filter(|next| filter.leads(next)) {
                list(&mut running, next);
            }
        }
        listing.digests.sort();
        listing.logs.sort();
        listing.unlisted.sort();
        Ok((Self::Bucket { client, target, address }, listing))
    }

    /// Reads a file by its name here.
    pub(super) async fn read(&self, name: &str) -> Result<Found, Absent> {
        match self {
            Self::Folder(files) => match files.get(name) {
                Some(Entry::File(path)) => {
                    Ok(Found { body: Body::File(path.clone()), signature: None, generated: None })
                }
                Some(Entry::Link) => Err(Absent::Unreadable("it is a link, and links are not followed".to_owned())),
                None => Err(Absent::NotThere),
            },
            Self::Bucket { client, target, address } => {
                if !name.starts_with(&address.folder()) {
                    return Err(Absent::Elsewhere);
                }
                let read = client.object_with_metadata(target, address.bucket(), name, LARGEST).await;
                let object = read.map_err(|error| match error.code.as_str() {
                    "NoSuchKey" => Absent::NotThere,
                    _ => Absent::Unreadable(error.to_string()),
                })?;
                let metadata = |name: &str| object.metadata.get(name).filter(|text| !text.is_empty());
                Ok(Found {
                    signature: metadata(SIGNATURE).cloned(),
                    generated: metadata(GENERATED).and_then(|time| time.parse().ok()),
                    body: Body::Bytes(object.bytes),
                })
            }
        }
    }

    /// How names in digests become names here, if a digest that lies here under a name says that it lies there. A folder may be
    /// a copy of a part of a bucket, or of more: then one of the two names ends with the other.
    pub(super) fn root(&self, here: &str, bucket: &str, there: &str) -> Option<Root> {
        let root = |here: &str, there: &str| Root {
            bucket: bucket.to_owned(),
            here: here.to_owned(),
            there: there.to_owned(),
        };
        if let Self::Bucket { address, .. } = self {
            return (bucket == address.bucket() && here == there).then(|| root("", ""));
        }
        let before = |whole: &str, end: &str| {
            whole.strip_suffix(end).filter(|rest| rest.is_empty() || rest.ends_with('/')).map(str::to_owned)
        };
        before(there, here).map(|rest| root("", &rest)).or_else(|| before(here, there).map(|rest| root(&rest, "")))
    }
}

/// How keys of a bucket become names here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Root {
    bucket: String,
    here: String,
    there: String,
}

impl Root {
    /// The name here of an object, if it can be here.
    pub(super) fn place(&self, bucket: &str, key: &str) -> Option<String> {
        let below = key.strip_prefix(&self.there).filter(|_| bucket == self.bucket)?;
        Some(format!("{}{below}", self.here))
    }
}

impl Listing {
    fn add(&mut self, key: &str, filter: &Filter) {
        let Some(file) = TrailFile::of_key(key).filter(|file| filter.takes(file)) else { return };
        match file {
            TrailFile::Digest(digest) => self.digests.push((key.to_owned(), digest)),
            TrailFile::Log(log) => self.logs.push((key.to_owned(), log)),
        }
    }

    /// Whether what should be at a name would be known to be there.
    pub(super) fn has_seen(&self, name: &str) -> bool {
        !self.unlisted.iter().any(|unlisted| name.starts_with(&unlisted.folder))
    }
}

impl Filter {
    fn takes(&self, file: &TrailFile) -> bool {
        let time = file.time();
        let is_wanted = |set: &std::collections::BTreeSet<String>, name: &str| set.is_empty() || set.contains(name);
        let in_time = match file {
            TrailFile::Digest(digest) => {
                let is_trail = self.trail.as_ref().is_none_or(|trail| *trail == digest.trail);
                let until = self.until.and_then(|until| until.checked_add(NEXT).ok());
                is_trail && until.is_none_or(|until| time <= until)
            }
            TrailFile::Log(_) => self.until.is_none_or(|until| time <= until),
        };
        in_time
            && self.since.is_none_or(|since| time >= since)
            && is_wanted(&self.accounts, file.account_id())
            && is_wanted(&self.regions, file.region())
    }

    /// Whether wanted files may be below a folder of a bucket.
    fn leads(&self, folder: &str) -> bool {
        let Folder { account, kind, region, times } = Folder::of_path(folder);
        let is_wanted = |set: &std::collections::BTreeSet<String>, name: Option<&str>| {
            set.is_empty() || name.is_none_or(|name| set.contains(name))
        };
        let in_time = times.is_none_or(|(begin, end)| {
            self.since.is_none_or(|since| since.duration_since(end) <= A_DAY)
                && self.until.is_none_or(|until| begin.duration_since(until) <= A_DAY)
        });
        in_time
            && kind.is_none_or(|kind| ["CloudTrail", "CloudTrail-Digest"].contains(&kind))
            && is_wanted(&self.accounts, account)
            && is_wanted(&self.regions, region)
    }

    /// Whether all below a folder may be listed at once: it is one region's, and no time is asked for.
    fn wants_all_below(&self, folder: &str) -> bool {
        let is_of_region = Folder::of_path(folder).region.is_some();
        is_of_region && folder.ends_with('/') && self.since.is_none() && self.until.is_none() && self.leads(folder)
    }
}
