//! What one look at accounts covered: the places whose list was complete, the resources that were seen elsewhere, and
//! what could not be seen of them. From it and the intervals the look can be told again exactly.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::facts::Backlinks;
use crate::snapshot::{About, Place, Snapshot};
use crate::value::Unreadable;

/// Numbers are those of the tables `place`, `resource` and `unknown`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Coverage {
    /// The places whose list was complete, sorted.
    pub(super) complete: Vec<i64>,
    /// By place: what was seen, where that cannot be told from the intervals alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) seen: BTreeMap<i64, Seen>,
}

/// What was seen of the resources of one place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// What was not known of most of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unknown: Option<i64>,
    /// What was not known of the others; 0 for nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) others: BTreeMap<i64, i64>,
    /// Where the list was not complete: the resources that were seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) only: Option<BTreeSet<i64>>,
}

impl Coverage {
    pub(super) fn is_complete(&self, place: i64) -> bool {
        self.complete.binary_search(&place).is_ok()
    }

    /// Whether a resource that was there was seen.
    pub(super) fn holds(&self, place: i64, resource: i64) -> bool {
        match self.seen.get(&place).and_then(|seen| seen.only.as_ref()) {
            Some(only) => only.contains(&resource),
            None => self.is_complete(place),
        }
    }

    /// What was not known of a resource.
    pub(super) fn unknown(&self, place: i64, resource: i64) -> Option<i64> {
        let seen = self.seen.get(&place)?;
        seen.others.get(&resource).copied().or(seen.unknown).filter(|number| *number != 0)
    }

    /// All sets of unknown facts that it speaks of.
    pub(super) fn unknowns(&self) -> impl Iterator<Item = i64> {
        self.seen.values().flat_map(|seen| seen.unknown.into_iter().chain(seen.others.values().copied()))
    }

    /// Notes what was seen in a place: of each resource what was not known of it.
    pub(super) fn note(&mut self, place: i64, resources: &[(i64, Option<i64>)]) {
        let mut counts = HashMap::<Option<i64>, usize>::new();
        for (_, unknown) in resources {
            *counts.entry(*unknown).or_default() += 1;
        }
        // The smaller number of two that are equally frequent: same input, same bytes.
        let mut counts: Vec<_> =
            counts.into_iter().map(|(unknown, count)| (std::cmp::Reverse(count), unknown)).collect();
        counts.sort_unstable();
        let most = counts.first().and_then(|(_, unknown)| *unknown);
        let others = resources.iter().filter(|(_, unknown)| *unknown != most);
        let seen = Seen {
            unknown: most,
            others: others.map(|(resource, unknown)| (*resource, unknown.unwrap_or(0))).collect(),
            only: (!self.is_complete(place)).then(|| resources.iter().map(|(resource, _)| *resource).collect()),
        };
        if seen != Seen::default() {
            self.seen.insert(place, seen);
        }
    }
}

/// What a look says of places: whether each was listed, and which links stand with items that were not read.
#[derive(Clone, Debug)]
pub(super) struct Listings {
    empty: Arc<Snapshot>,
}

impl Listings {
    pub(super) fn of(about: &About) -> Self {
        Self { empty: Arc::new(Snapshot::new(about.clone(), Vec::new())) }
    }

    /// Whether the place was listed; why not, if it was tried; nothing if nobody asked.
    pub(super) fn get(&self, place: &Place) -> Option<Result<(), Arc<Unreadable>>> {
        let about = self.empty.about();
        let failed = about.gaps.iter().any(|gap| {
            gap.is_listing()
                && gap.resource_type == *place.resource_type
                && gap.aws_region == *place.aws_region
                && gap.account_id == *place.account_id
        });
        let asked = failed || about.listings.binary_search(place).is_ok();
        asked.then(|| self.empty.listing(place))
    }

    /// The types whose links to the items of a place were not read.
    pub(super) fn backlinks(&self, place: &Place) -> Backlinks {
        let about = self.empty.about();
        let types = about.linked_from.get(place.resource_type.as_ref()).into_iter().flatten();
        let unlisted = |kind| self.empty.is_listed_near(&place.account_id, &place.aws_region, kind).err();
        types.filter_map(|kind| Some((kind.clone(), unlisted(kind)?))).collect()
    }
}
