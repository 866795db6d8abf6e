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

pub(crate) use self::config_account::runtime;
pub(crate) use self::scan::unconnected;
