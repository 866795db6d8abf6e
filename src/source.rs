//! Where configuration items come from. Sources know no rules.

pub mod codec;
pub mod config_export;
pub mod descriptor;
pub mod model;
