//! What is recorded: types that are left out, everywhere or in some regions.
//!
//! What is left out is neither listed nor asked for, unless something that is recorded is found by it: an ECS service by its
//! cluster. Then its list is read and not kept. To a rule it is as if nobody had asked, which is never a verdict.

use std::collections::BTreeMap;

use crate::pattern::{Pattern, Patterns};

/// Which types are recorded, and where. All of them everywhere, by default.
#[derive(Clone, Debug, Default)]
pub struct RecordingProfile {
    /// In all places without types of their own.
    pub everywhere: RecordedTypes,
    /// By region, or `global`, what is recorded there instead.
    pub regions: BTreeMap<String, RecordedTypes>,
}

/// Types, by patterns of their names.
#[derive(Clone, Debug, Default)]
pub struct RecordedTypes {
    /// These; all of them without any.
    pub only: Patterns,
    /// But not these.
    pub except: Vec<Pattern>,
}

impl RecordedTypes {
    fn have(&self, resource_type: &str) -> bool {
        self.only.matches(resource_type) && !self.except.iter().any(|pattern| pattern.matches(resource_type))
    }
}

impl RecordingProfile {
    /// Whether resources of a type are recorded in a region, or in `global`.
    pub fn records(&self, resource_type: &str, region: &str) -> bool {
        self.regions.get(region).unwrap_or(&self.everywhere).have(resource_type)
    }

    /// Whether a type is recorded in some place.
    pub fn records_somewhere(&self, resource_type: &str) -> bool {
        self.everywhere.have(resource_type) || self.regions.values().any(|types| types.have(resource_type))
    }
}
