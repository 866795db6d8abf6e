//! What there is: how many resources of which type where, and which types there are that nobody reads.
//!
//! A number is a number only where the listing behind it is complete. What assize has no descriptor for is told as far as
//! some source knows of it, by name, and each source says what it cannot see: a type is never silently absent.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::collect::{Discovery, region_of};
use crate::gap::Gap;
use crate::snapshot::{Place, SOURCE_AWS_CONFIG, Snapshot};
use crate::source::arn::Arn;
use crate::source::descriptor::Catalog;

/// The first member of an inventory as JSON says that it is one, by this word.
pub const FORMAT: &str = "assize-inventory";

/// The version of the JSON form.
pub const VERSION: u32 = 1;

/// An inventory, in the form in which it is written as JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    format: &'static str,
    version: u32,
    /// The time that stands for the whole: RFC 3339, UTC.
    pub captured_at: String,
    /// `account` or `aws-config`.
    pub source: String,
    /// The accounts, as twelve digits each, sorted.
    pub accounts: Vec<String>,
    /// The regions that were read, sorted; without `global`.
    pub regions: Vec<String>,
    /// The regions that were asked for and could not be, with the reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped_regions: BTreeMap<String, String>,
    /// The types that assize reads: every place that was listed, also where there is nothing. Sorted by type.
    pub types: Vec<Count>,
    /// The types that assize does not read, as far as a source tells of them. Sorted by type.
    pub not_covered: Vec<NotCovered>,
    /// The types that assize reads and was not asked for here, sorted.
    pub not_read: Vec<String>,
    /// What could not be read, sorted.
    pub gaps: Vec<Gap>,
    /// What the sources of `notCovered` cannot see, as sentences.
    pub limits: Vec<String>,
}

/// The resources of one type in one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    /// `AWS::EC2::Volume`.
    pub resource_type: String,
    /// Twelve digits.
    pub account_id: String,
    /// A region's name, or `global`.
    pub aws_region: String,
    /// How many resources are known.
    pub resources: u64,
    /// Whether these are all.
    pub complete: bool,
}

/// The resources of a type that assize does not read, in one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotCovered {
    /// As AWS Config names it, or `service:kind` as the service's ARNs do.
    pub resource_type: String,
    /// Twelve digits; empty where the ARN does not tell.
    pub account_id: String,
    /// A region's name, or `global`.
    pub aws_region: String,
    /// There are at least so many.
    pub resources: u64,
    /// Who told of them, sorted: calls, or `snapshot`.
    pub seen_by: BTreeSet<String>,
}

/// By type, account and region.
type Sight = (String, String, String);

impl Inventory {
    /// The inventory of a snapshot, with what AWS's overviews told if they were asked.
    pub fn new(snapshot: &Snapshot, catalog: &Catalog, discovery: Option<&Discovery>) -> Self {
        let about = snapshot.about();
        let mut counts = BTreeMap::<Sight, u64>::new();
        let listed = about.listings.iter().map(|place| (place, true));
        let failed: Vec<Place> = about.gaps.iter().filter(|gap| gap.is_listing()).map(Place::from).collect();
        for (place, _) in listed.chain(failed.iter().map(|place| (place, false))) {
            counts.entry(sight(place)).or_default();
        }
        for item in snapshot.items().iter().filter(|item| item.status.is_present()) {
            let key = &item.key;
            *counts
                .entry((key.resource_type.to_string(), key.account_id.to_string(), key.region.to_string()))
                .or_default() += 1;
        }
        let mut unknown = BTreeMap::<Sight, (u64, BTreeSet<String>)>::new();
        let mut types = Vec::new();
        for ((resource_type, account_id, aws_region), resources) in counts {
            if catalog.get(&resource_type).is_empty() {
                see(&mut unknown, (resource_type, account_id, aws_region), resources, "snapshot");
                continue;
            }
            let place = Place {
                account_id: account_id.as_str().into(),
                aws_region: aws_region.as_str().into(),
                resource_type: resource_type.as_str().into(),
            };
            let complete = snapshot.listing(&place).is_ok();
            types.push(Count { resource_type, account_id, aws_region, resources, complete });
        }
        let mut gaps = snapshot.gaps();
        let mut limits = BTreeSet::new();
        if let Some(discovery) = discovery {
            note_tagged(&mut unknown, snapshot, catalog, &discovery.tagged);
            for (place, number) in &discovery.counted {
                if catalog.get(&place.resource_type).is_empty() && *number > 0 {
                    see(&mut unknown, sight(place), *number, "config:GetDiscoveredResourceCounts");
                }
            }
            gaps.extend(discovery.gaps.iter().cloned());
            gaps.sort();
            limits.extend(discovery.limits.iter().cloned());
        } else {
            limits.insert(if about.source == SOURCE_AWS_CONFIG {
                "the files hold what AWS Config recorded and was told to deliver: other resources are not seen"
                    .to_owned()
            } else {
                "a snapshot holds the types that were asked for when it was taken: others are not seen".to_owned()
            });
        }
        let seen: BTreeSet<&str> = types.iter().map(|count| count.resource_type.as_str()).collect();
        let not_read = catalog.types().filter(|name| !seen.contains(name.as_ref())).map(ToString::to_string).collect();
        Self {
            format: FORMAT,
            version: VERSION,
            captured_at: about.captured_at.clone(),
            source: about.source.clone(),
            accounts: about.accounts.clone(),
            regions: about.regions.clone(),
            skipped_regions: about.skipped_regions.clone(),
            not_read,
            types,
            not_covered: unknown
                .into_iter()
                .map(|((resource_type, account_id, aws_region), (resources, seen_by))| NotCovered {
                    resource_type,
                    account_id,
                    aws_region,
                    resources,
                    seen_by,
                })
                .collect(),
            gaps,
            limits: limits.into_iter().collect(),
        }
    }

    /// Whether everything that was asked for could be read.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }
}

fn sight(place: &Place) -> Sight {
    (place.resource_type.to_string(), place.account_id.to_string(), place.aws_region.to_string())
}

/// Two sources may see the same resources: the larger number counts.
fn see(unknown: &mut BTreeMap<Sight, (u64, BTreeSet<String>)>, sight: Sight, resources: u64, source: &str) {
    let (number, seen_by) = unknown.entry(sight).or_default();
    *number = (*number).max(resources);
    seen_by.insert(source.to_owned());
}

/// The tagged resources that no item and no descriptor accounts for. A resource of a type that is read and that the
/// listing does not have is none of them: the tagging service tells resources for a while after they are gone.
fn note_tagged(
    unknown: &mut BTreeMap<Sight, (u64, BTreeSet<String>)>,
    snapshot: &Snapshot,
    catalog: &Catalog,
    tagged: &BTreeSet<String>,
) {
    let known: BTreeSet<&str> = snapshot.items().iter().filter_map(|item| item.arn.as_deref()).collect();
    let mut seen = BTreeMap::<Sight, u64>::new();
    for text in tagged.iter().filter(|text| !known.contains(text.as_str())) {
        let Some(arn) = Arn::parse(text) else { continue };
        let resource_type = arn.resource_type().map_or_else(|| arn.kind(), str::to_owned);
        if catalog.get(&resource_type).is_empty() {
            let account = if arn.account.is_empty() { only(&snapshot.about().accounts) } else { arn.account };
            *seen.entry((resource_type, account.to_owned(), region_of(&arn))).or_default() += 1;
        }
    }
    for (sight, resources) in seen {
        see(unknown, sight, resources, "tag:GetResources");
    }
}

/// The account, where there is but one.
fn only(accounts: &[String]) -> &str {
    match accounts {
        [account] => account,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{ConfigurationItem, ResourceKey};
    use crate::snapshot::About;

    const ACCOUNT: &str = "111122223333";

    #[test]
    fn overviews_tell_what_no_item_and_no_descriptor_accounts_for() {
        let place = |resource_type: &str| Place {
            account_id: ACCOUNT.into(),
            aws_region: "eu-west-1".into(),
            resource_type: resource_type.into(),
        };
        let about = About {
            accounts: vec![ACCOUNT.to_owned()],
            regions: vec!["eu-west-1".to_owned()],
            listings: vec![place("AWS::EC2::Volume")],
            ..About::default()
        };
        let mut volume =
            ConfigurationItem::new(ResourceKey::new(ACCOUNT, "eu-west-1", "AWS::EC2::Volume", "vol-1"), "");
        volume.arn = Some("arn:aws:ec2:eu-west-1:111122223333:volume/vol-1".into());
        let tagged = [
            "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1",
            // Gone, but still told.
            "arn:aws:ec2:eu-west-1:111122223333:volume/vol-0",
            "arn:aws:ec2:eu-west-1:111122223333:key-pair/key-1",
            "arn:aws:globalaccelerator::111122223333:accelerator/a1",
            "arn:aws:apigateway:eu-west-1::/domainnames/a.example",
            "arn:aws:apigateway:eu-west-1::/domainnames/b.example",
            "no ARN",
        ];
        let discovery = Discovery {
            tagged: tagged.map(str::to_owned).into(),
            counted: [(place("AWS::EC2::KeyPair"), 3), (place("AWS::EC2::Volume"), 9), (place("AWS::Glue::Job"), 0)]
                .into(),
            ..Discovery::default()
        };
        let catalog = Catalog::builtin().unwrap();
        let inventory = Inventory::new(&Snapshot::new(about, vec![volume]), &catalog, Some(&discovery));
        let counted: Vec<_> = inventory.types.iter().map(|count| (count.resources, count.complete)).collect();
        assert_eq!(counted, [(1, true)]);
        let not_covered: Vec<String> = inventory
            .not_covered
            .iter()
            .map(|one| {
                let by: Vec<&str> = one.seen_by.iter().map(String::as_str).collect();
                format!(
                    "{} {} {} {}: {}",
                    one.resource_type,
                    one.account_id,
                    one.aws_region,
                    one.resources,
                    by.join(", ")
                )
            })
            .collect();
        assert_eq!(
            not_covered,
            [
                "AWS::EC2::KeyPair 111122223333 eu-west-1 3: config:GetDiscoveredResourceCounts, tag:GetResources",
                "apigateway:domainnames 111122223333 eu-west-1 2: tag:GetResources",
                "globalaccelerator:accelerator 111122223333 global 1: tag:GetResources",
            ]
        );
        assert!(inventory.is_complete());
    }
}
