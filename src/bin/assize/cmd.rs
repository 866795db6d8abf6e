//! One file a command: each calls stages of the library in order.

pub(crate) mod compare_config;
pub(crate) mod config;
mod config_account;
pub(crate) mod deliver;
pub(crate) mod diff;
pub(crate) mod evaluate;
mod events;
pub(crate) mod explain;
pub(crate) mod export;
mod fresh;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod inventory;
mod looked_at;
pub(crate) mod packs;
mod pages;
pub(crate) mod plan;
mod progress;
pub(crate) mod query;
pub(crate) mod related;
pub(crate) mod report;
pub(crate) mod resources;
pub(crate) mod rules;
pub(crate) mod sarif;
pub(crate) mod scan;
pub(crate) mod schedule;
pub(crate) mod snapshots;
pub(crate) mod store;
pub(crate) mod trail;

use assize::item::ResourceKey;
use assize::report::terminal::counted;

pub(crate) use self::config_account::runtime;
pub(crate) use self::scan::unconnected;
use crate::failure::Failure;

/// So many resources of one name are listed; the others are counted.
const LISTED: usize = 20;

/// The one of the resources that are called so, and are of the type if one is named. `none` is told which there is not:
/// `resource with the ARN, id or name …`.
fn only<T>(
    mut found: Vec<T>,
    name: &str,
    resource_type: Option<&str>,
    key: impl Fn(&T) -> &ResourceKey,
    none: impl FnOnce(&str) -> Failure,
) -> Result<T, Failure> {
    found.retain(|one| resource_type.is_none_or(|kind| *key(one).resource_type == *kind));
    if found.len() > 1 {
        let mut lines = vec![format!("{} are called `{name}`", counted(found.len(), "resource"))];
        lines.extend(found.iter().take(LISTED).map(|one| key(one).to_string()));
        if let Some(more) = found.len().checked_sub(LISTED).filter(|more| *more > 0) {
            lines.push(format!("and {more} more"));
        }
        return Err(Failure::new(lines.join("\n")).help("name one by its ARN, or say which type with --type"));
    }
    found.pop().ok_or_else(|| {
        let of_type = resource_type.map(|kind| format!(" of type {kind}")).unwrap_or_default();
        none(&format!("resource{of_type} with the ARN, id or name `{name}`"))
    })
}
