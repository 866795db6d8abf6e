//! What an account has beyond the types that assize reads: told by AWS's own overviews, never by guessing.
//!
//! Two reads see resources of any type: the tagging service tells those that have tags, or had some; AWS Config counts
//! those of the types that its recorder records. Neither sees everything, and what each cannot see is said with the
//! answer: see [`Discovery::limits`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::plan::Planned;
use crate::gap::Gap;
use crate::item::GLOBAL;
use crate::snapshot::Place;
use crate::source::account::{self, Account, Api};
use crate::source::arn::Arn;
use crate::value::{Unreadable, Value, code};

/// The reads that tell of resources of any type: service, operation, and the name by which a report shows it.
const SOURCES: [(&str, &str, &str); 2] = [
    ("resourcegroupstaggingapi", "GetResources", "tag:GetResources"),
    ("config", "GetDiscoveredResourceCounts", "config:GetDiscoveredResourceCounts"),
];

const UNTAGGED: &str = "tag:GetResources tells resources that have tags or had some: untagged resources of types that \
                        assize does not read are not seen by it";

/// What AWS's overviews told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// The ARNs of resources that have tags, or had some.
    pub tagged: BTreeSet<String>,
    /// How many resources AWS Config counts, by place.
    pub counted: BTreeMap<Place, u64>,
    /// Calls that failed: what they would have told is not known. Their type is `*`.
    pub gaps: Vec<Gap>,
    /// What could not be seen although every call was answered, as sentences.
    pub limits: BTreeSet<String>,
}

/// Asks AWS's overviews in these regions. What belongs to no region is asked for in the partition's own.
pub async fn discover<A: Api>(account: &Arc<Account<A>>, regions: &[String]) -> Discovery {
    let home = &account.identity().global_region;
    let all: BTreeSet<String> = regions.iter().chain([home]).cloned().collect();
    let places: Vec<(usize, String)> =
        (0..SOURCES.len()).flat_map(|source| all.iter().map(move |region| (source, region.clone()))).collect();
    let answers = account::in_order(account.at_once(), places.clone(), |(source, region)| {
        let account = Arc::clone(account);
        async move {
            let (service, operation, _) = SOURCES.get(source).copied().unwrap_or_default();
            account.call_named(&region, service, operation, &Value::object::<&str>([])).await
        }
    })
    .await;
    let mut found = Discovery::default();
    for ((source, region), answer) in places.into_iter().zip(answers) {
        // Of the region that was asked for its global resources only, nothing else was wanted.
        let wanted = regions.contains(&region);
        match (answer, source) {
            (Ok(answer), 0) => {
                found.tagged.extend(tagged(&answer, wanted));
                found.limits.insert(UNTAGGED.to_owned());
            }
            (Ok(answer), _) if wanted => found.count(account.identity().account_id.as_str(), &region, &answer),
            (Ok(_), _) => {}
            (Err(reason), source) => found.miss(account, source, &region, &reason),
        }
    }
    found.gaps.sort();
    found
}

fn tagged(answer: &Value, wanted: bool) -> impl Iterator<Item = String> {
    let all = answer.get("ResourceTagMappingList").and_then(Value::as_array).unwrap_or_default();
    all.iter()
        .filter_map(|one| one.get("ResourceARN")?.as_str())
        .filter(move |arn| wanted || Arn::parse(arn).is_some_and(|arn| arn.region.is_empty()))
        .map(str::to_owned)
}

impl Discovery {
    fn count(&mut self, account_id: &str, region: &str, answer: &Value) {
        let counts = answer.get("resourceCounts").and_then(Value::as_array).unwrap_or_default();
        if counts.is_empty() {
            self.limits.insert(format!("AWS Config records nothing in {region}"));
        }
        for count in counts {
            let resource_type = count.get("resourceType").and_then(Value::as_str);
            let number = count.get("count").and_then(Value::as_i64).and_then(|number| u64::try_from(number).ok());
            if let (Some(resource_type), Some(number)) = (resource_type, number) {
                let place = Place {
                    account_id: account_id.into(),
                    aws_region: region.into(),
                    resource_type: resource_type.into(),
                };
                self.counted.insert(place, number);
            }
        }
    }

    fn miss<A: Api>(&mut self, account: &Account<A>, source: usize, region: &str, reason: &Arc<Unreadable>) {
        let name = SOURCES.get(source).map_or("", |(.., name)| name);
        if reason.code == code::NOT_RECORDED {
            self.limits.insert(format!("the recording holds no answer to {name}"));
            return;
        }
        self.gaps.push(Gap {
            account_id: account.identity().account_id.clone(),
            aws_region: region.to_owned(),
            resource_type: "*".to_owned(),
            resource_id: None,
            path: None,
            reason: Arc::clone(reason),
        });
    }
}

/// The calls of [`discover`].
pub(super) fn planned() -> impl Iterator<Item = Planned> {
    SOURCES.iter().map(|(service, operation, _)| Planned::in_each_region(service, operation))
}

/// Where a resource belongs by its ARN.
pub fn region_of(arn: &Arn<'_>) -> String {
    if arn.region.is_empty() { GLOBAL.to_owned() } else { arn.region.to_owned() }
}
