//! The calls that reading will make, before the first is made.

use std::collections::{BTreeMap, BTreeSet};

use super::needs::{Needs, Selected, Selection};
use super::{CollectError, Regions, discover, is_regional};
use crate::snapshot::Snapshot;
use crate::source::account::REPORT_CALLS;
use crate::source::descriptor::{Call, Catalog, Detail, Part, PartSource, ResourceDescriptor};
use crate::source::model::{Models, Operation};
use crate::value::Value;

/// The calls that are made for what is asked for, by operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    steps: Vec<Step>,
}

/// An operation that is called, and for what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// The service's key: `s3`.
    pub service: String,
    /// The operation: `GetBucketPolicy`.
    pub operation: String,
    /// The type that it tells of; none if it tells of the account.
    pub resource_type: Option<String>,
    /// What it is called once for.
    pub per: Per,
    /// The IAM actions that allow it; none if everyone may call it.
    pub iam_actions: Vec<String>,
    /// Whether it lists the type's resources and may take several pages for it.
    pub has_pages: bool,
    /// Who asks for it: rules, by id.
    pub wanted_by: BTreeSet<String>,
}

/// What an operation is called once for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Per {
    /// The account; so often at most.
    Account(u64),
    /// Each region.
    Region,
    /// Each item of a type.
    Item(String),
    /// So many items of a type.
    Items(String, u64),
    /// Each of the elements that a part of a type's items is read for.
    Element {
        /// The type.
        resource_type: String,
        /// The part.
        part: String,
    },
}

/// How many there are of what calls are made for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Regions that are read.
    pub regions: u64,
    /// Items by type.
    pub items: BTreeMap<String, u64>,
    /// By type and part, elements that the part is read for; as many as there are items where nothing is said.
    pub elements: BTreeMap<(String, String), u64>,
}

/// AWS's listings give at least so many resources a page, as long as there are more.
const SMALLEST_PAGE: u64 = 50;

impl Plan {
    /// The calls for what is asked for, by who asks for it: rules' ids, or any other names.
    ///
    /// # Errors
    /// Something is asked for that is not known, or a descriptor does not fit the models.
    pub fn new(
        catalog: &Catalog,
        models: &Models,
        wanted: &BTreeMap<String, Needs>,
        regions: &Regions,
    ) -> Result<Self, CollectError> {
        Self::with(catalog, models, wanted, regions, None)
    }

    /// The calls of an inventory, which `who` asks for: the listings of these types, and what tells of types that
    /// nobody reads. How many resources the latter tell, and so how many pages, nobody knows.
    ///
    /// # Errors
    /// As of [`Plan::new`].
    pub fn of_inventory(
        catalog: &Catalog,
        models: &Models,
        who: &str,
        needs: Needs,
        regions: &Regions,
    ) -> Result<Self, CollectError> {
        let wanted = BTreeMap::from([(who.to_owned(), needs)]);
        Self::with(catalog, models, &wanted, regions, Some(who))
    }

    fn with(
        catalog: &Catalog,
        models: &Models,
        wanted: &BTreeMap<String, Needs>,
        regions: &Regions,
        discoverer: Option<&str>,
    ) -> Result<Self, CollectError> {
        // Calls of one type that are alike in all are made once; see the account's reader.
        let mut steps = BTreeMap::<Planned, BTreeSet<String>>::new();
        if let Some(who) = discoverer {
            steps.extend(discover::planned().map(|call| (call, BTreeSet::from([who.to_owned()]))));
        }
        for (who, needs) in wanted {
            let selection = Selection::new(catalog, needs)?;
            selection.check(catalog, models)?;
            let mut calls = vec![Planned::once("sts", "GetCallerIdentity")];
            if regions.must_be_found(&selection) {
                calls.push(Planned::once("ec2", "DescribeRegions"));
            }
            selection.types.iter().for_each(|selected| calls_of(selected, &mut calls));
            for call in calls {
                steps.entry(call).or_default().insert(who.clone());
            }
        }
        let steps = steps.into_iter().map(|(call, wanted_by)| {
            let known = models.service(&call.service).ok().and_then(|model| model.operation(&call.operation).ok());
            let has_pages = known.is_some_and(|operation| operation.pagination().is_some());
            Step {
                has_pages: call.lists && has_pages,
                iam_actions: known.map(needed_actions).unwrap_or_default(),
                service: call.service,
                operation: call.operation,
                resource_type: call.resource_type,
                per: call.per,
                wanted_by,
            }
        });
        Ok(Self { steps: steps.collect() })
    }

    /// The steps, by service and operation.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// At most so many calls are made, without what is tried again, for so many regions and items. Of the listings it
    /// is taken that a page that is not the last holds at least 50 resources.
    pub fn bound(&self, counts: &Counts) -> u64 {
        self.steps.iter().map(|step| step.bound(counts)).sum()
    }
}

impl Step {
    /// At most so many calls of this operation are made for this.
    pub fn bound(&self, counts: &Counts) -> u64 {
        let items = |resource_type: &str| counts.items.get(resource_type).copied().unwrap_or(0);
        let calls = match &self.per {
            Per::Account(times) => *times,
            Per::Region => counts.regions,
            Per::Item(resource_type) => items(resource_type),
            // The last group of each region, or of each parent, may be a small one.
            Per::Items(resource_type, size) => {
                items(resource_type).min(items(resource_type) / size + counts.regions.max(1))
            }
            Per::Element { resource_type, part } => {
                let key = (resource_type.clone(), part.clone());
                counts.elements.get(&key).copied().unwrap_or_else(|| items(resource_type))
            }
        };
        let pages = self.resource_type.as_deref().filter(|_| self.has_pages);
        calls + pages.map_or(0, |resource_type| items(resource_type) / SMALLEST_PAGE)
    }
}

impl Counts {
    /// What a snapshot holds.
    pub fn of(catalog: &Catalog, snapshot: &Snapshot) -> Self {
        let regions = u64::try_from(snapshot.about().regions.len()).unwrap_or(u64::MAX);
        let mut counts = Self { regions, ..Self::default() };
        for item in snapshot.items() {
            let resource_type = item.key.resource_type.to_string();
            *counts.items.entry(resource_type.clone()).or_default() += 1;
            let parts = catalog.get(&resource_type).iter().flat_map(|descriptor| &descriptor.parts);
            for part in parts {
                let PartSource::Each { size, .. } = part.source else { continue };
                let elements =
                    part.into.as_deref().and_then(|into| item.pointer(into)).map_or(0, |value| match value {
                        Value::Array(elements) => elements.len(),
                        Value::Object(members) => members.len(),
                        _ => 1,
                    });
                let calls = elements.div_ceil(size.unwrap_or(1));
                *counts.elements.entry((resource_type.clone(), part.name.to_string())).or_default() +=
                    u64::try_from(calls).unwrap_or(u64::MAX);
            }
        }
        counts
    }
}

/// Everyone may ask who they are
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>).
fn needed_actions(operation: &Operation) -> Vec<String> {
    let free = |action: &&String| *action != "sts:GetCallerIdentity";
    operation.iam_actions().iter().filter(free).cloned().collect()
}

/// One call of a plan; what is equal is called once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Planned {
    service: String,
    operation: String,
    resource_type: Option<String>,
    per: Per,
    params: String,
    lists: bool,
}

impl Planned {
    /// All pages in each region.
    pub(super) fn in_each_region(service: &str, operation: &str) -> Self {
        Self { per: Per::Region, lists: true, ..Self::once(service, operation) }
    }

    fn once(service: &str, operation: &str) -> Self {
        Self {
            service: service.to_owned(),
            operation: operation.to_owned(),
            resource_type: None,
            per: Per::Account(1),
            params: String::new(),
            lists: false,
        }
    }

    fn of(call: &Call, resource_type: &str, per: Per, lists: bool) -> Self {
        Self {
            service: call.service.to_string(),
            operation: call.operation.to_string(),
            resource_type: Some(resource_type.to_owned()),
            per,
            params: call.params.to_string(),
            lists,
        }
    }
}

fn calls_of(selected: &Selected, calls: &mut Vec<Planned>) {
    let descriptor = &selected.descriptor;
    let resource_type = descriptor.resource_type.as_ref();
    let place = if is_regional(descriptor) { Per::Region } else { Per::Account(1) };
    if let Some(listing) = &descriptor.listing {
        let per = listing.for_each.as_ref().map_or_else(|| place.clone(), |parent| Per::Item(parent.to_string()));
        calls.push(Planned::of(&listing.call, resource_type, per, true));
        match &listing.detail {
            Detail::None => {}
            Detail::Describe(describe) => {
                calls.push(Planned::of(&describe.call, resource_type, Per::Item(resource_type.to_owned()), false));
            }
            Detail::Batch(batch) => {
                // Each parent's items are a group, so that every item may be one alone.
                let size = if listing.for_each.is_some() { 1 } else { batch.size };
                calls.push(Planned::of(&batch.call, resource_type, items(resource_type, size), false));
            }
        }
    }
    for part in descriptor.parts.iter().filter(|part| selected.parts.contains(&part.name)) {
        calls_of_part(descriptor, part, &place, calls);
    }
}

fn items(resource_type: &str, size: usize) -> Per {
    Per::Items(resource_type.to_owned(), u64::try_from(size).unwrap_or(1))
}

fn calls_of_part(descriptor: &ResourceDescriptor, part: &Part, place: &Per, calls: &mut Vec<Planned>) {
    let resource_type = descriptor.resource_type.as_ref();
    let per = match &part.source {
        // Without a listing there is one item in each place: how many is known before the first call.
        PartSource::Call(_) if descriptor.listing.is_none() => place.clone(),
        PartSource::Call(_) => Per::Item(resource_type.to_owned()),
        PartSource::Each { .. } => {
            Per::Element { resource_type: resource_type.to_owned(), part: part.name.to_string() }
        }
        PartSource::Batch { size, .. } => items(resource_type, *size),
        PartSource::Shared { .. } => place.clone(),
        PartSource::Code(collector) => {
            // The account's one report serves all types.
            for ((service, operation), times) in collector.operations().iter().zip(REPORT_CALLS) {
                calls.push(Planned { per: Per::Account(times), ..Planned::once(service, operation) });
            }
            return;
        }
    };
    if let Some(call) = part.source.call() {
        calls.push(Planned::of(call, resource_type, per, false));
    }
}

/// The name of an operation as reports write it.
impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{} {}", self.service, self.operation, self.per)
    }
}

impl std::fmt::Display for Per {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Account(1) => f.write_str("once"),
            Self::Account(times) => write!(f, "up to {times} times"),
            Self::Region => f.write_str("once a region"),
            Self::Item(resource_type) => write!(f, "for each {resource_type}"),
            Self::Items(resource_type, size) => write!(f, "for each {size} {resource_type}"),
            Self::Element { resource_type, part } => write!(f, "for each of the {part} of each {resource_type}"),
        }
    }
}
