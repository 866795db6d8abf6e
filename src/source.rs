//! Where configuration items come from. Sources know no rules.

pub mod account;
pub mod arn;
pub mod client;
pub mod codec;
pub mod config_api;
pub mod config_bucket;
pub mod config_export;
pub mod config_results;
pub mod delivery;
pub mod descriptor;
pub mod endpoint;
pub mod model;
pub mod recording;
pub mod trail;
