//! Every stage of assize as a module that can be called alone; `examples/library.rs` calls all of them.
//!
#![doc = include_str!("../README.md")]

pub mod canonical;
pub mod collect;
pub mod compare;
pub mod config;
pub mod deliver;
pub mod diff;
pub mod drift;
mod embedded;
pub mod evaluate;
pub mod evaluation;
pub mod event;
pub mod exemption;
pub mod export;
pub mod gap;
pub mod history;
pub mod iac;
pub mod integrity;
pub mod inventory;
pub mod item;
pub mod location;
pub mod nearest;
pub mod notification;
pub mod pack;
pub mod pattern;
pub mod query;
pub mod related;
pub mod report;
pub mod rule;
pub mod schema;
pub mod snapshot;
pub mod source;
pub mod timeline;
mod tree;
pub mod value;
