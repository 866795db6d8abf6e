//! Reading an account: which types and parts are needed, where, in which order, how much at once. The result is a
//! [`Snapshot`], complete or with its gaps.
//!
//! Only what is asked for is read: a type's listing if a rule speaks of the type, a part if a rule reads it, and the
//! listings of parents on the way. What fails does not end the run: it becomes a gap exactly as wide as what is not
//! known because of it. The order of answers does not show in the result.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use assize::collect::{self, Needs, Options, Regions};
//! use assize::source::account::Account;
//! use assize::source::account::secret::SecretKey;
//! use assize::source::client::{Client, ConnectOptions};
//! use assize::source::descriptor::Catalog;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect(ConnectOptions::new().profile("audit")).await?;
//! let options = Options::by_client(&client, Regions::Enabled);
//! let account = Arc::new(Account::of_client(client, SecretKey::random()));
//! let needs = Needs::of([("AWS::S3::Bucket", ["BucketPolicy"])]);
//! let snapshot = collect::run(&account, &Catalog::builtin()?, &needs, &options).await?;
//! println!("{} buckets", snapshot.items().len());
//! for gap in snapshot.gaps() {
//!     println!("not read: {} {}", gap.aws_region, gap.reason);
//! }
//! # Ok(())
//! # }
//! ```

mod accounts;
mod discover;
mod fresh;
mod needs;
mod permissions;
mod plan;
mod profile;
mod regions;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::OnceCell;

pub use self::accounts::{Done, Member, each};
pub use self::discover::{Discovery, discover, region_of};
pub use self::fresh::{Reach, is_covered};
pub use self::needs::{Needs, Parts};
use self::needs::{Selected, Selection};
pub use self::permissions::Permissions;
pub use self::plan::{Counts, Per, Plan, Step};
pub use self::profile::{RecordedTypes, RecordingProfile};
pub use self::regions::Regions;
use crate::gap::Gap;
use crate::item::{ConfigurationItem, UnreadableRelationship};
use crate::snapshot::{About, Place, SOURCE_ACCOUNT, Snapshot, link_back};
use crate::source::account::{self, Account, Api, Draft, Listed};
use crate::source::client::Client;
use crate::source::descriptor::{Catalog, CatalogError, ResourceDescriptor, Scope};
use crate::value::{Key, Unreadable};

/// Who is told of events.
pub type Listener = Arc<dyn Fn(&Event) + Send + Sync>;

/// How to collect.
#[derive(Clone)]
pub struct Options {
    /// Where.
    pub regions: Regions,
    /// The time, for how long it took.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Is told what happens.
    pub progress: Option<Listener>,
}

impl Options {
    /// In these regions, by the machine's clock, in silence.
    pub fn in_regions<R: Into<String>>(regions: impl IntoIterator<Item = R>) -> Self {
        let regions = Regions::Named(regions.into_iter().map(Into::into).collect());
        Self { regions, clock: Arc::new(Timestamp::now), progress: None }
    }
}

impl Options {
    /// By a client's clock, in silence.
    pub fn by_client(client: &Client, regions: Regions) -> Self {
        let client = client.clone();
        let clock = move || Timestamp::try_from(client.now()).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { regions, clock: Arc::new(clock), progress: None }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("regions", &self.regions).finish_non_exhaustive()
    }
}

/// What happens while an account is read. The calls themselves are counted by the client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Reading begins.
    Started {
        /// How many types are read.
        types: usize,
        /// In which regions, sorted.
        regions: Vec<String>,
    },
    /// The resources of a type are known.
    Listed {
        /// The type.
        resource_type: Key,
        /// How many resources there are.
        resources: usize,
    },
    /// All of a type is read.
    Read {
        /// The type.
        resource_type: Key,
    },
    /// Something could not be read.
    Gap(Gap),
}

/// Why an account could not be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// What is asked for is not known, or a descriptor is wrong.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// It is not known which regions are enabled.
    #[error("cannot tell which regions are enabled: {0}; name the regions instead")]
    Regions(Arc<Unreadable>),
    /// None of several accounts could be reached.
    #[error("none of the accounts could be reached; {account_id}: {reason}")]
    Unreached {
        /// The first of them.
        account_id: String,
        /// Why it could not.
        reason: Arc<Unreadable>,
    },
}

/// Reads what is needed.
///
/// # Errors
/// Something is asked for that is not known, or the regions cannot be found. What cannot be read of the account itself
/// is no error but a gap in the snapshot.
pub async fn run<A: Api>(
    account: &Arc<Account<A>>,
    catalog: &Catalog,
    needs: &Needs,
    options: &Options,
) -> Result<Snapshot, CollectError> {
    let started = (options.clock)();
    let selection = Selection::new(catalog, needs)?;
    selection.check(catalog, account.models())?;
    let found = regions::find(account, &selection, &options.regions).await?;
    let tell = |event: Event| {
        if let Some(progress) = &options.progress {
            progress(&event);
        }
    };
    tell(Event::Started { types: selection.types.len(), regions: found.enabled.iter().cloned().collect() });

    let types = selection.types.iter().map(|selected| TypeRun { selected: selected.clone(), listing: OnceCell::new() });
    let run = Arc::new(Run {
        account: Arc::clone(account),
        regions: found.enabled,
        types: types.collect(),
        progress: options.progress.clone(),
    });
    let everything = (0..run.types.len()).collect();
    let read = account::in_order(usize::MAX, everything, |at| {
        let run = Arc::clone(&run);
        async move { run.read(at).await }
    })
    .await;

    let mut about = About {
        captured_at: account.identity().captured_at.clone(),
        source: SOURCE_ACCOUNT.to_owned(),
        accounts: vec![account.identity().account_id.clone()],
        regions: run.regions.iter().cloned().collect(),
        skipped_regions: found.skipped,
        not_collected: selection.not_collected(),
        linked_from: linked_from(catalog, &selection),
        ..About::default()
    };
    let mut items = Vec::new();
    for (selected, (listing, mut read)) in selection.types.iter().zip(read) {
        note_listings(&mut about, account, &run.regions, selected, &listing);
        items.append(&mut read);
    }
    link(&mut items, catalog, &selection);
    about.requests = account.requests();
    let duration = (options.clock)().duration_since(started);
    about.duration_ms = u64::try_from(duration.as_millis()).unwrap_or(0);
    Ok(Snapshot::new(about, items))
}

/// One run under way.
struct Run<A> {
    account: Arc<Account<A>>,
    regions: BTreeSet<String>,
    types: Vec<TypeRun>,
    progress: Option<Listener>,
}

struct TypeRun {
    selected: Selected,
    listing: OnceCell<Arc<TypeListing>>,
}

/// All resources of a type, from all places.
struct TypeListing {
    drafts: Vec<Arc<Draft>>,
    /// By region: why not all of them are known.
    gaps: BTreeMap<String, Arc<Unreadable>>,
}

impl<A: Api> Run<A> {
    fn tell(&self, event: &Event) {
        if let Some(progress) = &self.progress {
            progress(event);
        }
    }

    /// Reads the items of one type.
    async fn read(self: Arc<Self>, at: usize) -> (Arc<TypeListing>, Vec<ConfigurationItem>) {
        let listing = self.listing(at).await;
        let Some(TypeRun { selected, .. }) = self.types.get(at) else { return (listing, Vec::new()) };
        let descriptor = &selected.descriptor;
        let kept = listing.drafts.iter().filter(|draft| selected.keeps(&draft.key.region, &self.regions));
        let drafts: Vec<Arc<Draft>> = kept.cloned().collect();
        let outputs = self.account.read_parts(descriptor, &drafts, &selected.parts).await;
        let items: Vec<ConfigurationItem> =
            drafts.iter().zip(&outputs).map(|(draft, outputs)| self.account.item(descriptor, draft, outputs)).collect();
        for gap in items.iter().flat_map(ConfigurationItem::full_gaps) {
            self.tell(&Event::Gap(gap));
        }
        self.tell(&Event::Read { resource_type: Arc::clone(&descriptor.resource_type) });
        (listing, items)
    }

    /// The listing of a type: made by the first who asks, for its items or for those of its children.
    fn listing(self: &Arc<Self>, at: usize) -> Pin<Box<dyn Future<Output = Arc<TypeListing>> + Send + '_>> {
        Box::pin(async move {
            let Some(TypeRun { selected, listing }) = self.types.get(at) else {
                return Arc::new(TypeListing { drafts: Vec::new(), gaps: BTreeMap::new() });
            };
            Arc::clone(listing.get_or_init(|| self.list(selected)).await)
        })
    }

    async fn list(self: &Arc<Self>, selected: &Selected) -> Arc<TypeListing> {
        let descriptor = &selected.descriptor;
        let (inputs, mut gaps) = match selected.parent {
            None => {
                let places = account::places(descriptor.scope, &self.regions).into_iter();
                let places = places.filter(|place| selected.is_listed_in(place));
                (places.map(|place| (place, None)).collect::<Vec<_>>(), BTreeMap::new())
            }
            Some(parent) => {
                let parents = self.listing(parent).await;
                let mut gaps = parents.gaps.clone();
                let mut inputs = Vec::new();
                for draft in parents.drafts.iter().filter(|draft| selected.is_listed_in(&draft.key.region)) {
                    match draft.as_parent() {
                        Ok(parent) => inputs.push((draft.key.region.to_string(), Some(parent))),
                        Err(reason) => _ = gaps.entry(draft.key.region.to_string()).or_insert(reason),
                    }
                }
                (inputs, gaps)
            }
        };
        let regions: Vec<String> = inputs.iter().map(|(region, _)| region.clone()).collect();
        let answers = account::in_order(self.account.at_once(), inputs, |(region, parent)| {
            let (account, descriptor) = (Arc::clone(&self.account), Arc::clone(descriptor));
            async move { account.list(&descriptor, &region, parent).await }
        })
        .await;
        let mut drafts = Vec::new();
        for (region, Listed { drafts: listed, gap }) in regions.into_iter().zip(answers) {
            if let Some(reason) = gap {
                gaps.entry(region.clone()).or_insert(reason);
            }
            drafts.extend(listed.into_iter().map(|draft| (region.clone(), draft)));
        }
        let drafts: Vec<Arc<Draft>> = account::merge(drafts).into_iter().map(Arc::new).collect();
        for (region, reason) in gaps.iter().filter(|(region, _)| selected.is_recorded_in(region)) {
            self.tell(&Event::Gap(listing_gap(&self.account, region, descriptor, reason)));
        }
        let resource_type = Arc::clone(&descriptor.resource_type);
        self.tell(&Event::Listed { resource_type, resources: drafts.len() });
        Arc::new(TypeListing { drafts, gaps })
    }
}

fn listing_gap<A: Api>(
    account: &Account<A>,
    region: &str,
    descriptor: &ResourceDescriptor,
    reason: &Arc<Unreadable>,
) -> Gap {
    Gap {
        account_id: account.identity().account_id.clone(),
        aws_region: region.to_owned(),
        resource_type: descriptor.resource_type.to_string(),
        resource_id: None,
        path: None,
        reason: Arc::clone(reason),
    }
}

/// Which listings of a type are complete, and why the others are not.
fn note_listings<A: Api>(
    about: &mut About,
    account: &Account<A>,
    regions: &BTreeSet<String>,
    selected: &Selected,
    listing: &TypeListing,
) {
    let descriptor = &selected.descriptor;
    for region in selected.places(regions) {
        if !listing.gaps.contains_key(&region) {
            about.listings.push(Place {
                account_id: account.identity().account_id.as_str().into(),
                aws_region: region.into(),
                resource_type: Arc::clone(&descriptor.resource_type),
            });
        }
    }
    let gaps = listing.gaps.iter().filter(|(region, _)| selected.is_recorded_in(region));
    let gaps = gaps.map(|(region, reason)| listing_gap(account, region, descriptor, reason));
    about.gaps.extend(gaps);
}

/// Which types' items hold the links that others show only backwards.
fn linked_from(catalog: &Catalog, selection: &Selection) -> BTreeMap<String, BTreeSet<String>> {
    let mut linked = BTreeMap::<String, BTreeSet<String>>::new();
    for descriptor in catalog.iter() {
        for link in descriptor.links.iter().filter(|link| link.inverse.is_some()) {
            if selection.holds(&link.resource_type) && !links_itself(catalog, &link.resource_type, descriptor) {
                linked.entry(link.resource_type.to_string()).or_default().insert(descriptor.resource_type.to_string());
            }
        }
    }
    linked
}

/// Whether a type's own items tell their links to the other type, so that the other's are not needed for it.
fn links_itself(catalog: &Catalog, resource_type: &str, other: &ResourceDescriptor) -> bool {
    let own = catalog.get(resource_type).iter().flat_map(|descriptor| &descriptor.links);
    own.into_iter().any(|link| link.resource_type == other.resource_type)
}

/// Adds the links' other direction, and marks it where it cannot be known.
fn link(items: &mut [ConfigurationItem], catalog: &Catalog, selection: &Selection) {
    let mut inverses = BTreeMap::new();
    for descriptor in selection.types.iter().map(|selected| &selected.descriptor) {
        for link in &descriptor.links {
            if let Some(inverse) = &link.inverse {
                let key =
                    (Arc::clone(&descriptor.resource_type), Arc::clone(&link.resource_type), Arc::clone(&link.name));
                inverses.insert(key, Arc::clone(inverse));
            }
        }
    }
    link_back(items, |resource_type, link| {
        let key = (Arc::from(resource_type), Arc::clone(&link.resource_type), Arc::clone(&link.name));
        inverses.get(&key).cloned()
    });
    mark_unknown_back_links(items, catalog, selection);
}

/// A resource whose links stand with others does not know them where those others could not tell.
fn mark_unknown_back_links(items: &mut [ConfigurationItem], catalog: &Catalog, selection: &Selection) {
    // By the type that is linked to and the type that tells: why it could not, and in which region.
    let mut unknown = BTreeMap::<(Key, Key), Vec<(Key, Arc<Unreadable>)>>::new();
    let told: BTreeSet<(Key, Key)> = (selection.types.iter())
        .flat_map(|selected| selected.descriptor.links.iter().map(move |link| (&selected.descriptor, link)))
        .filter(|(descriptor, link)| link.inverse.is_some() && !links_itself(catalog, &link.resource_type, descriptor))
        .map(|(descriptor, link)| (Arc::clone(&descriptor.resource_type), Arc::clone(&link.resource_type)))
        .collect();
    for item in &*items {
        for links in &item.unreadable_relationships {
            let (teller, target) = (&item.key.resource_type, &links.resource_type);
            if told.contains(&(Arc::clone(teller), Arc::clone(target))) {
                let reasons = unknown.entry((Arc::clone(target), Arc::clone(teller))).or_default();
                if !reasons.iter().any(|(region, _)| *region == item.key.region) {
                    reasons.push((Arc::clone(&item.key.region), Arc::clone(&links.reason)));
                }
            }
        }
    }
    for item in items {
        for ((target, teller), reasons) in &unknown {
            if *target != item.key.resource_type {
                continue;
            }
            let near = |(region, _): &&(Key, Arc<Unreadable>)| {
                *region == item.key.region
                    || **region == *crate::item::GLOBAL
                    || *item.key.region == *crate::item::GLOBAL
            };
            let Some((_, reason)) = reasons.iter().find(near) else { continue };
            item.unreadable_relationships
                .push(UnreadableRelationship { resource_type: Arc::clone(teller), reason: Arc::clone(reason) });
        }
        item.unreadable_relationships.sort();
        item.unreadable_relationships.dedup();
    }
}

/// Whether a type is listed in regions.
fn is_regional(descriptor: &ResourceDescriptor) -> bool {
    descriptor.scope == Scope::Regional
}
