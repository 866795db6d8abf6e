//! `assize import`: what AWS Config recorded, from its files, its bucket or its API, into a store.

mod bucket;

use std::path::Path;

use assize::gap::Gap;
use assize::history::{History, HistoryError};
use assize::report::terminal::counted;
use assize::source::account::secret::SecretKey;
use assize::source::config_bucket::{Address, LIST_ACTION, ObjectDefect, ObjectError, READ_ACTION};
use assize::source::config_export::delivery::Filter;
use assize::source::config_export::{ConfigExport, TypeFacts, folder};
use assize::value::Unreadable;

use self::bucket::Bucket;
use super::config_account;
use crate::cli::{Import, Origin};
use crate::failure::{Failure, causes};
use crate::output::{self, Colors};
use crate::settings::Settings;
use crate::{exit, input, store};

/// So many files that AWS Config did not write are named; the others are counted.
const NAMED: usize = 5;

pub(crate) fn run(mut flags: Import, colors: Colors) -> Result<u8, Failure> {
    Settings::load(&flags.config)?.store(&mut flags.store);
    let (_, catalog) = input::definitions(&flags.definitions)?;
    let facts = TypeFacts::of(&catalog);
    let filter = Filter {
        since: flags.since,
        until: flags.until,
        accounts: flags.accounts.iter().cloned().collect(),
        regions: flags.account.regions.iter().cloned().collect(),
    };
    // What is wrong with the flags is found before a store is made.
    let mut addresses = Vec::new();
    for origin in &flags.origins {
        match origin {
            Origin::Bucket(address) => addresses.push(address.clone()),
            Origin::Path(path) if path.exists() => {}
            Origin::Path(path) => return Err(Failure::new(format!("there is no file or folder {}", path.display()))),
        }
    }
    let buckets = Bucket::list(&addresses, &flags.account, &filter)?;
    let mut history = store::open(&flags.store)?.ok_or_else(|| {
        Failure::new("there is no store to import into")
            .help("name one with --store FILE: it is made if it is not there")
    })?;
    let key = store::key(&history)?;
    let mut import = Importing { history: &mut history, facts: &facts, key: &key, colors, done: Done::default() };
    for origin in &flags.origins {
        match origin {
            Origin::Path(path) => import.files(path, &filter)?,
            Origin::Bucket(address) => buckets.get(address).map_or(Ok(()), |bucket| import.bucket(address, bucket))?,
        }
    }
    if flags.from_api {
        import.api(&flags)?;
    }
    import.finish()
}

#[derive(Default)]
struct Done {
    files: usize,
    items: usize,
    failed: usize,
}

struct Importing<'a> {
    history: &'a mut History,
    facts: &'a TypeFacts,
    key: &'a SecretKey,
    colors: Colors,
    done: Done,
}

impl Importing<'_> {
    /// File by file: of years of history one at a time is in memory.
    fn files(&mut self, path: &Path, filter: &Filter) -> Result<(), Failure> {
        if !path.is_dir() {
            return self.file(path);
        }
        let found = folder::walk(path, filter).map_err(|(path, error)| input::unread(&path, &error))?;
        for path in &found.deliveries {
            self.file(path)?;
        }
        let others: Vec<String> = found.others.iter().map(|other| other.display().to_string()).collect();
        self.others(&others)
    }

    /// What AWS Config did not write is not read, and told.
    fn others(&mut self, others: &[String]) -> Result<(), Failure> {
        for other in others.iter().take(NAMED) {
            self.note(&format!("{other} is no file of AWS Config"))?;
        }
        if let Some(more) = others.len().checked_sub(NAMED).filter(|more| *more > 0) {
            self.note(&format!("and {} more that AWS Config did not write", counted(more, "file")))?;
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        match ConfigExport::open(path) {
            Ok(export) => self.export(export, &path.display().to_string()),
            Err(error) => self.fail(&causes(&error)),
        }
    }

    fn bucket(&mut self, address: &Address, bucket: &Bucket) -> Result<(), Failure> {
        for (folder, error) in &bucket.found.unlisted {
            let why = advice(&error.to_unreadable(Some(LIST_ACTION)));
            self.fail(&format!("cannot list {}: {why}", address.of(folder)))?;
        }
        bucket.read(|object, export| {
            let name = address.of(&object.key);
            match export {
                Ok(export) => self.export(export, &name),
                Err(ObjectError { reason: ObjectDefect::NotGiven(error), .. }) => {
                    self.fail(&format!("cannot read {name}: {}", advice(&error.to_unreadable(Some(READ_ACTION)))))
                }
                Err(error) => self.fail(&causes(&error)),
            }
        })?;
        let others: Vec<String> = bucket.found.files.others.iter().map(|other| address.of(&other.key)).collect();
        self.others(&others)
    }

    /// A file that is broken is told and does not keep the others out.
    fn export(&mut self, export: ConfigExport, name: &str) -> Result<(), Failure> {
        match self.keep(export) {
            Ok(items) => {
                self.done.files += 1;
                self.done.items += items;
                Ok(())
            }
            // Only this file is to blame.
            Err(error @ (HistoryError::NoItemTime { .. } | HistoryError::NoTime { .. })) => {
                self.fail(&format!("cannot import {name}: {}", causes(&error)))
            }
            Err(error) => Err(Failure::new(causes(&error))),
        }
    }

    /// A snapshot says which resources there are, so it is kept as one; other files hold versions.
    fn keep(&mut self, mut export: ConfigExport) -> Result<usize, HistoryError> {
        export.hide_secrets(self.facts, self.key);
        if export.is_snapshot() {
            let snapshot = export.into_snapshot(self.facts);
            self.history.append(&snapshot, None)?;
            return Ok(snapshot.items().len());
        }
        let versions = export.into_versions(self.facts);
        let items = versions.len();
        self.history.import(versions)?;
        Ok(items)
    }

    fn api(&mut self, flags: &Import) -> Result<(), Failure> {
        let (exports, gaps) = config_account::recorded(&flags.account, flags.aggregator.as_deref())?;
        for export in exports {
            self.done.items += self.keep(export).map_err(|error| Failure::new(causes(&error)))?;
        }
        for Gap { account_id, aws_region, resource_type, resource_id, reason, .. } in gaps {
            let what = [account_id, aws_region, resource_type, resource_id.unwrap_or_default()].join(" ");
            self.fail(&format!("{}: {}", what.trim(), advice(&reason)))?;
        }
        Ok(())
    }

    fn fail(&mut self, sentence: &str) -> Result<(), Failure> {
        self.done.failed += 1;
        self.note(sentence)
    }

    fn note(&self, sentence: &str) -> Result<(), Failure> {
        output::note(self.colors, sentence)
    }

    fn finish(self) -> Result<u8, Failure> {
        let Done { files, items, failed } = self.done;
        let path = self.history.path().display();
        output::note(self.colors, &format!("{} of {} in {path}", counted(items, "version"), counted(files, "file")))?;
        Ok(if failed == 0 { exit::CLEAN } else { exit::INCOMPLETE })
    }
}

/// Why something is missing, and the permission that would give it.
fn advice(reason: &Unreadable) -> String {
    match &reason.action {
        Some(action) if reason.code.contains("AccessDenied") => format!("{reason} (it needs the permission {action})"),
        _ => reason.to_string(),
    }
}
