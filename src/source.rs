//! Where configuration items come from. Sources know no rules.

pub mod descriptor;
pub mod model;
