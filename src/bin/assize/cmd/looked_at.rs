//! The snapshot that a question is asked of: files, a moment of the store, or an account that is read now.

use assize::collect::Needs;
use assize::snapshot::Snapshot;
use assize::source::descriptor::Catalog;

use super::scan::{Wanted, read_all};
use crate::cli::LookedAt;
use crate::failure::Failure;
use crate::settings::Settings;
use crate::{input, store};

/// Of files; or of the store, unless flags say which account is to be read. Of an account what is needed is read.
pub(crate) fn snapshot(flags: &mut LookedAt, needs: impl FnOnce(&Catalog) -> Needs) -> Result<Snapshot, Failure> {
    let (models, catalog) = input::definitions(&flags.definitions)?;
    if !flags.snapshots.is_empty() {
        return input::snapshot(&flags.snapshots, &catalog);
    }
    let mut settings = Settings::load(&flags.config)?;
    let account = &flags.account;
    let names_account = account.demo
        || account.replay.is_some()
        || account.record.is_some()
        || !account.regions.is_empty()
        || account.budget.is_some()
        || account.credentials.profile.is_some()
        || account.credentials.role_arn.is_some();
    if names_account && let Some(store) = &flags.store.store {
        let what = format!("both the store {} and an account are named, and one of them is looked at", store.display());
        return Err(Failure::new(what)
            .help("leave out --store; or --profile, --role-arn, --region, --budget, --record, --replay and --demo"));
    }
    if !names_account {
        settings.store(&mut flags.store);
        if flags.store.store.is_some() || flags.at.is_some() {
            let history = store::existing(&flags.store, "a file with --snapshot, or an account")?;
            return store::state(&history, flags.at.as_deref());
        }
    }
    settings.account(&mut flags.account);
    let connect = input::reading(models, &flags.definitions, flags.account.budget)?;
    let needs = needs(&catalog);
    let wanted = Wanted { needs: &needs, overviews: false, key: None };
    read_all(&flags.account, connect, &catalog, wanted).map(|(snapshot, _)| snapshot)
}
