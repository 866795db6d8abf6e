//! The command line as a user sees it: exit codes, both streams, and files, whole.

#![expect(clippy::panic, reason = "a test fails by panicking")]

mod aws_config;
mod budget;
mod canary;
mod commands;
mod common;
mod config;
mod custom_rules;
mod definitions;
mod deliver;
mod diff;
mod digests;
mod errors;
mod explain;
mod iac;
mod inventory;
mod packs;
mod queries;
mod reference;
mod related;
mod reports;
mod store;
mod templates;
mod timeline;
mod trail;
