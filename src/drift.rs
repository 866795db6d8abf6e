//! How the findings of a run stand to what was found before: new, open since when, fixed. Data only; the store knows what
//! was found before, and says it ([`History::drift`](crate::history::History::drift)).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::evaluation::Evaluation;
use crate::item::ResourceKey;

/// The findings of a run against those before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drift {
    /// The time of the last snapshot before this one that was judged; nothing if this is the first. RFC 3339, UTC.
    pub previous: Option<String>,
    /// The findings before that are none any more, by resource, rule and key.
    pub fixed: Vec<Fixed>,
    standings: BTreeMap<ResourceKey, Vec<Standing>>,
}

/// How long a rule has said `NON_COMPLIANT` of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The rule's id.
    pub rule: Arc<str>,
    /// The finding's key.
    pub key: Box<str>,
    /// Since when it has been open: the first snapshot in which the rule found it, with no other answer since. RFC 3339,
    /// UTC. Nothing for a new one.
    pub open_since: Option<String>,
    /// The version of the resource in which it was found first, if the store knows it.
    pub version: Option<FirstVersion>,
}

/// The version of a resource in which a rule found it non-compliant first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstVersion {
    /// Since when the resource was so: RFC 3339, UTC.
    pub from: String,
    /// The ids of the events that led to the version, as far as they are recorded with it.
    pub related_events: Vec<String>,
}

/// A finding that is none any more.
#[derive(Clone, Debug, PartialEq)]
pub struct Fixed {
    /// What was found, without evidence.
    pub finding: Evaluation,
    /// Since when it had been open: RFC 3339, UTC.
    pub open_since: String,
    /// The resource itself is gone.
    pub is_gone: bool,
}

impl Drift {
    /// With the standing of each non-compliant evaluation.
    pub fn new(
        previous: Option<String>,
        standings: impl IntoIterator<Item = (ResourceKey, Standing)>,
        fixed: Vec<Fixed>,
    ) -> Self {
        let mut by_resource = BTreeMap::<ResourceKey, Vec<Standing>>::new();
        for (resource, standing) in standings {
            by_resource.entry(resource).or_default().push(standing);
        }
        Self { previous, fixed, standings: by_resource }
    }

    /// How a non-compliant evaluation stands; nothing for others.
    pub fn standing(&self, evaluation: &Evaluation) -> Option<&Standing> {
        let of_resource = self.standings.get(&evaluation.resource)?;
        of_resource.iter().find(|one| one.rule == evaluation.rule && one.key == evaluation.key)
    }
}
