//! Which regions are read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::needs::Selection;
use super::{CollectError, is_regional};
use crate::source::account::{Account, Api};
use crate::value::{Unreadable, Value};

/// Which regions to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Regions {
    /// All that are enabled for the account.
    Enabled,
    /// These. One that is not enabled is skipped and reported.
    Named(BTreeSet<String>),
}

/// The regions of the `aws` partition that need not be enabled: those from before 20 March 2019
/// (<https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>). Later ones are off until the
/// account turns them on.
const ALWAYS_ENABLED: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

impl Regions {
    /// Whether AWS has to be asked which regions are enabled.
    pub(super) fn must_be_found(&self, selection: &Selection) -> bool {
        let regional = selection.types.iter().any(|selected| is_regional(&selected.descriptor));
        regional
            && match self {
                Self::Enabled => true,
                Self::Named(names) => names.iter().any(|name| !ALWAYS_ENABLED.contains(&name.as_str())),
            }
    }
}

/// The regions that are read, and those that are not, with the reason.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) enabled: BTreeSet<String>,
    pub(super) skipped: BTreeMap<String, String>,
}

pub(super) async fn find<A: Api>(
    account: &Arc<Account<A>>,
    selection: &Selection,
    wanted: &Regions,
) -> Result<Found, CollectError> {
    let named = match wanted {
        Regions::Enabled => None,
        Regions::Named(names) => Some(names),
    };
    if !wanted.must_be_found(selection) {
        return Ok(Found { enabled: named.cloned().unwrap_or_default(), skipped: BTreeMap::new() });
    }
    match (account.regions().await, named) {
        (Ok(answer), named) => Ok(sort_out(&answer, named)),
        // Asked for by name, so they are tried: what then fails is a gap.
        (Err(_), Some(tried)) => Ok(Found { enabled: tried.clone(), skipped: BTreeMap::new() }),
        (Err(reason), None) => Err(CollectError::Regions(reason)),
    }
}

impl<A: Api> Account<A> {
    /// All regions of the partition, with whether the account has them.
    async fn regions(&self) -> Result<Value, Arc<Unreadable>> {
        let region = self.identity().global_region.clone();
        self.call_named(&region, "ec2", "DescribeRegions", &Value::object([("AllRegions", Value::from(true))])).await
    }
}

fn sort_out(answer: &Value, named: Option<&BTreeSet<String>>) -> Found {
    let mut found = Found { enabled: BTreeSet::new(), skipped: BTreeMap::new() };
    for region in answer.get("Regions").and_then(Value::as_array).unwrap_or_default() {
        let Some(name) = region.get("RegionName").and_then(Value::as_str) else { continue };
        if named.is_some_and(|named| !named.contains(name)) {
            continue;
        }
        if region.get("OptInStatus").and_then(Value::as_str) == Some("not-opted-in") {
            found.skipped.insert(name.to_owned(), "not enabled for this account".to_owned());
        } else {
            found.enabled.insert(name.to_owned());
        }
    }
    for name in named.into_iter().flatten() {
        if !found.enabled.contains(name) && !found.skipped.contains_key(name) {
            found.skipped.insert(name.clone(), "AWS has no such region for this account".to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_enabled_skipped_or_unknown() {
        let answer: Value = serde_json::from_str(
            r#"{"Regions":[{"RegionName":"eu-west-1","OptInStatus":"opt-in-not-required"},
                           {"RegionName":"af-south-1","OptInStatus":"not-opted-in"},
                           {"RegionName":"eu-south-1","OptInStatus":"opted-in"}]}"#,
        )
        .unwrap();
        let all = sort_out(&answer, None);
        assert_eq!(all.enabled.iter().collect::<Vec<_>>(), ["eu-south-1", "eu-west-1"]);
        assert_eq!(all.skipped["af-south-1"], "not enabled for this account");
        let named = ["af-south-1", "eu-wset-1", "eu-west-1"].map(str::to_owned).into();
        let some = sort_out(&answer, Some(&named));
        assert_eq!(some.enabled.iter().collect::<Vec<_>>(), ["eu-west-1"]);
        assert_eq!(some.skipped.keys().collect::<Vec<_>>(), ["af-south-1", "eu-wset-1"]);
    }
}
