//! `--max-age`: whether the store has a snapshot that need not be made again.

use std::sync::Arc;

use assize::collect::{self, Needs, Reach, Regions};
use assize::history::History;
use assize::snapshot::Snapshot;
use assize::source::account::Account;
use assize::source::account::secret::SecretKey;
use assize::source::client::{Client, ConnectOptions};
use assize::source::descriptor::Catalog;
use jiff::{Span, Zoned};

use super::runtime;
use super::scan::{connected_as, of_flags};
use crate::failure::{Failure, causes};
use crate::{cli, input, store};

/// The latest snapshot of just the accounts and regions that are to be read, with all that is needed, if it is not older.
/// AWS is asked whose the credentials are, and which regions are enabled where that is not known.
pub(crate) fn find(
    flags: &cli::Account,
    connect: &ConnectOptions,
    catalog: &Arc<Catalog>,
    needs: &Needs,
    history: &History,
    age: Span,
) -> Result<Option<Snapshot>, Failure> {
    let now = Zoned::now();
    let since = now.checked_sub(age).map_err(|error| Failure::of("--max-age is too long", &error))?.timestamp();
    let mut young = history.snapshots().map_err(|error| store::failure(&error))?;
    young.retain(|recorded| (since..=now.timestamp()).contains(&recorded.time));
    if young.is_empty() {
        return Ok(None);
    }
    let own = [of_flags(&flags.credentials)];
    let accounts = if flags.accounts.is_empty() { &own[..] } else { &flags.accounts };
    let runtime = runtime()?;
    let mut reached = Vec::with_capacity(accounts.len());
    for account in accounts {
        let regions = if account.regions.is_empty() { &flags.regions } else { &account.regions };
        let connect = connected_as(connect.clone(), account, regions);
        let reach = runtime.block_on(async {
            let client = Client::connect(connect).await.ok()?;
            let home = || Regions::Named([client.home_region().to_owned()].into());
            let regions = input::regions(regions).unwrap_or_else(home);
            let account = Arc::new(Account::of_client(client, SecretKey::random()));
            Reach::of(&account, catalog, needs, &regions).await.ok()
        });
        // Of an account that cannot be reached, or is another one, the scan says so.
        let is_meant = |reach: &Reach| account.account_id.as_ref().is_none_or(|wanted| *wanted == reach.account_id);
        let Some(reach) = reach.filter(is_meant) else { return Ok(None) };
        reached.push(reach);
    }
    for recorded in young.iter().rev() {
        let snapshot = history.snapshot(recorded.id).map_err(|error| store::failure(&error))?;
        let covered = collect::is_covered(&snapshot, catalog, needs, &reached);
        if covered.map_err(|error| Failure::new(causes(&error)))? {
            return Ok(Some(snapshot));
        }
    }
    Ok(None)
}
