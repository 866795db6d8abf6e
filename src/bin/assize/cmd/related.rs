//! `assize related`: what a change of a resource may touch.

use std::sync::Arc;

use assize::collect::Needs;
use assize::item::ConfigurationItem;
use assize::related;
use assize::report::related::{write_json, write_tree};
use assize::report::terminal::counted;
use assize::snapshot::Snapshot;
use assize::source::client::ConnectOptions;

use super::scan::{Wanted, read_all};
use crate::cli::{self, TextOrJson};
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::settings::Settings;
use crate::{exit, input, store};

/// So many resources of one name are listed; the others are counted.
const LISTED: usize = 20;

pub(crate) fn run(mut flags: cli::Related, colors: Colors) -> Result<u8, Failure> {
    let snapshot = snapshot(&mut flags)?;
    let root = find(&snapshot, &flags.resource, flags.resource_type.as_deref())?;
    let depth = Some(flags.depth).filter(|depth| *depth > 0);
    let related = related::walk(&snapshot, root, depth);
    let layout = output::layout(0, colors);
    output::stdout(colors, flags.format == TextOrJson::Json, |out| match flags.format {
        TextOrJson::Terminal => write_tree(&related, &layout, out),
        TextOrJson::Json => write_json(&related, &snapshot.about().captured_at, out),
    })?;
    Ok(if related.is_complete() { exit::CLEAN } else { exit::INCOMPLETE })
}

/// Of a file; or of the store, unless flags say which account is to be read.
fn snapshot(flags: &mut cli::Related) -> Result<Snapshot, Failure> {
    let (models, catalog) = input::definitions(&flags.definitions)?;
    if !flags.snapshots.is_empty() {
        return input::snapshot(&flags.snapshots, &catalog);
    }
    let mut settings = Settings::load(&flags.config)?;
    let account = &flags.account;
    let names_account = account.demo
        || account.replay.is_some()
        || account.credentials.profile.is_some()
        || account.credentials.role_arn.is_some();
    if !names_account {
        settings.store(&mut flags.store);
        if flags.store.store.is_some() || flags.at.is_some() {
            let history = store::existing(&flags.store, "a file with --snapshot, or an account")?;
            return store::state(&history, flags.at.as_deref());
        }
    }
    settings.account(&mut flags.account);
    let connect = ConnectOptions::new().models(models).endpoints(input::endpoints(&flags.definitions)?);
    // Which types are related is not known before they are read.
    let wanted = Wanted { needs: &Needs::everything(&catalog), overviews: false, key: None };
    read_all(&flags.account, connect, &catalog, wanted).map(|(snapshot, _)| snapshot)
}

/// The one resource that is called so.
fn find<'s>(
    snapshot: &'s Snapshot,
    name: &str,
    resource_type: Option<&str>,
) -> Result<&'s Arc<ConfigurationItem>, Failure> {
    let mut found = related::find(snapshot, name);
    found.retain(|item| resource_type.is_none_or(|kind| *item.key.resource_type == *kind));
    match found.as_slice() {
        [item] => Ok(item),
        [] => {
            let of_type = resource_type.map(|kind| format!(" of type {kind}")).unwrap_or_default();
            Err(Failure::new(format!("there is no resource{of_type} with the ARN, id or name `{name}`"))
                .help("assize query \"SELECT resourceId, arn\" lists what there is"))
        }
        several => {
            let mut lines = vec![format!("{} are called `{name}`", counted(several.len(), "resource"))];
            lines.extend(several.iter().take(LISTED).map(|item| item.key.to_string()));
            if let Some(more) = several.len().checked_sub(LISTED).filter(|more| *more > 0) {
                lines.push(format!("and {more} more"));
            }
            Err(Failure::new(lines.join("\n")).help("name one by its ARN, or say which type with --type"))
        }
    }
}
