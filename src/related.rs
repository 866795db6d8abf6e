//! What is related to a resource, step by step: whatever a change of it may touch. Links are walked in both directions, and
//! each resource is met once, on a shortest way, so that cycles end.
//!
//! A link that leads to no item of the snapshot is told as unresolved, with the reason where there is one; links that
//! could not be read are told beside the resource whose links they would be. The walk never goes on as if there were none.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use crate::item::{ConfigurationItem, GLOBAL, Relationship, ResourceKey, UnreadableRelationship};
use crate::snapshot::{Place, Snapshot};
use crate::value::Unreadable;

/// What was met on the way from one resource.
#[derive(Clone, Debug)]
pub struct Related<'s> {
    /// The resources in the order in which they were met: the one that was asked about first, then those that are one step
    /// away, and so on.
    pub resources: Vec<Resource<'s>>,
    /// The links between them, in the order in which they were met, each once.
    pub links: Vec<Link>,
    /// Links of the resources that could not be read.
    pub unread: Vec<UnreadLinks>,
    /// Whether the walk ended because there was nothing more to meet, and not because it had gone far enough.
    pub is_whole: bool,
}

/// A resource on the way.
#[derive(Clone, Debug)]
pub struct Resource<'s> {
    /// What the snapshot has of it.
    pub found: Found<'s>,
    /// How many steps it is away.
    pub distance: usize,
    /// The number of the resource that it was met from; nothing for the first.
    pub met_from: Option<usize>,
}

/// What a link leads to.
#[derive(Clone, Debug)]
pub enum Found<'s> {
    /// An item of the snapshot.
    Item(&'s Arc<ConfigurationItem>),
    /// A resource that no item is of.
    Unresolved {
        /// The account of the item that links to it.
        account_id: Arc<str>,
        /// Its type.
        resource_type: Arc<str>,
        /// Its id, or its name where the link has no id.
        label: Arc<str>,
        /// Why the list that it would be in is not known; nothing if all such lists are complete and it is in none.
        reason: Option<Arc<Unreadable>>,
    },
}

/// A link from one resource to another, by their numbers, as the first one's item has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// The resource whose item has the link.
    pub from: usize,
    /// The other.
    pub to: usize,
    /// AWS Config's words, such as `Is attached to Instance`.
    pub name: Arc<str>,
}

/// Links that may be there.
#[derive(Clone, Debug)]
pub struct UnreadLinks {
    /// The number of the resource.
    pub resource: usize,
    /// The type of the others; [`UnreadableRelationship::ANY`] for all.
    pub resource_type: Arc<str>,
    /// Why they could not be read.
    pub reason: Arc<Unreadable>,
}

/// How a resource on the way is known.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Identity {
    Item(ResourceKey),
    Unresolved(Arc<str>, Arc<str>, Arc<str>),
}

/// The items that have this ARN, id or name, in the order of their keys.
pub fn find<'s>(snapshot: &'s Snapshot, name: &str) -> Vec<&'s Arc<ConfigurationItem>> {
    let is_meant = |item: &&Arc<ConfigurationItem>| {
        *item.key.resource_id == *name
            || item.arn.as_deref() == Some(name)
            || item.resource_name.as_deref() == Some(name)
    };
    snapshot.items().iter().filter(|item| item.status.is_present()).filter(is_meant).collect()
}

/// Walks from an item of the snapshot over at most so many links; without a depth until nothing new is met.
pub fn walk<'s>(snapshot: &'s Snapshot, root: &'s Arc<ConfigurationItem>, depth: Option<usize>) -> Related<'s> {
    let mut walk = Walk {
        snapshot,
        linking: linking(snapshot),
        met: HashMap::new(),
        related: Related { resources: Vec::new(), links: Vec::new(), unread: Vec::new(), is_whole: true },
        queue: VecDeque::new(),
    };
    walk.meet(Found::Item(root), None);
    while let Some(at) = walk.queue.pop_front() {
        let Some((item, distance)) = walk.item(at) else { continue };
        let goes_on = depth.is_none_or(|depth| distance < depth);
        walk.visit(at, item, goes_on);
    }
    let mut seen = BTreeSet::new();
    walk.related.links.retain(|link| seen.insert(link.clone()));
    walk.related
}

/// The links to each item that other items have.
type Linking<'s> = BTreeMap<&'s ResourceKey, Vec<(&'s Arc<ConfigurationItem>, &'s Relationship)>>;

fn linking(snapshot: &Snapshot) -> Linking<'_> {
    let mut linking = Linking::new();
    for item in snapshot.items().iter().filter(|item| item.status.is_present()) {
        for link in &item.relationships {
            if let Some(target) = snapshot.target(item, link) {
                linking.entry(&target.key).or_default().push((item, link));
            }
        }
    }
    linking
}

struct Walk<'s> {
    snapshot: &'s Snapshot,
    linking: Linking<'s>,
    met: HashMap<Identity, usize>,
    related: Related<'s>,
    queue: VecDeque<usize>,
}

impl<'s> Walk<'s> {
    fn item(&self, at: usize) -> Option<(&'s Arc<ConfigurationItem>, usize)> {
        let resource = self.related.resources.get(at)?;
        match resource.found {
            Found::Item(item) => Some((item, resource.distance)),
            Found::Unresolved { .. } => None,
        }
    }

    /// The number of a resource, which is new if it was not met before.
    fn meet(&mut self, found: Found<'s>, from: Option<usize>) -> usize {
        let identity = identity(&found);
        if let Some(at) = self.met.get(&identity) {
            return *at;
        }
        let distance = from.and_then(|from| self.related.resources.get(from)).map_or(0, |from| from.distance + 1);
        let at = self.related.resources.len();
        self.related.resources.push(Resource { found, distance, met_from: from });
        self.met.insert(identity, at);
        self.queue.push_back(at);
        at
    }

    /// Notes the links of an item: all, or at the end of the way those to resources that were met.
    fn visit(&mut self, at: usize, item: &'s Arc<ConfigurationItem>, goes_on: bool) {
        let own = item.relationships.iter().map(|link| (self.target(item, link), &link.name, true));
        let others = self.linking.get(&item.key).into_iter().flatten();
        let others = others.map(|(other, link)| (Found::Item(other), &link.name, false));
        for (found, name, is_own) in own.chain(others).collect::<Vec<_>>() {
            let other = match self.met.get(&identity(&found)) {
                Some(other) => *other,
                None if goes_on => self.meet(found, Some(at)),
                None => {
                    self.related.is_whole = false;
                    continue;
                }
            };
            let (from, to) = if is_own { (at, other) } else { (other, at) };
            self.related.links.push(Link { from, to, name: Arc::clone(name) });
        }
        for (resource_type, reason) in self.unread(item) {
            self.related.unread.push(UnreadLinks { resource: at, resource_type, reason });
        }
    }

    fn target(&self, item: &ConfigurationItem, link: &Relationship) -> Found<'s> {
        if let Some(target) = self.snapshot.target(item, link).filter(|target| target.status.is_present()) {
            return Found::Item(target);
        }
        let label = link.resource_id.as_ref().or(link.resource_name.as_ref());
        Found::Unresolved {
            account_id: Arc::clone(&item.key.account_id),
            resource_type: Arc::clone(&link.resource_type),
            label: label.map_or_else(|| Arc::from(""), Arc::clone),
            reason: self.unlisted(item, &link.resource_type),
        }
    }

    /// Why it is not known whether there is such a resource near an item.
    fn unlisted(&self, item: &ConfigurationItem, resource_type: &Arc<str>) -> Option<Arc<Unreadable>> {
        let account = &item.key.account_id;
        let is_near =
            |place: &Place| [&*item.key.region, GLOBAL].contains(&&*place.aws_region) || *item.key.region == *GLOBAL;
        let listed = self.snapshot.is_listed(account, resource_type, &item.key.region, is_near);
        listed.err().map(|(_, reason)| reason)
    }

    /// The links of an item that could not be read, by type: its own, and those that stand with items of other types.
    fn unread(&self, item: &ConfigurationItem) -> BTreeMap<Arc<str>, Arc<Unreadable>> {
        let own = item.unreadable_relationships.iter();
        let mut unread: BTreeMap<Arc<str>, Arc<Unreadable>> =
            own.map(|links| (Arc::clone(&links.resource_type), Arc::clone(&links.reason))).collect();
        if unread.contains_key(UnreadableRelationship::ANY) {
            return unread;
        }
        for kind in self.snapshot.about().linked_from.get(&*item.key.resource_type).into_iter().flatten() {
            if let Err(reason) = self.snapshot.links(item, kind) {
                unread.entry(Arc::from(kind.as_str())).or_insert(reason);
            }
        }
        unread
    }
}

fn identity(found: &Found<'_>) -> Identity {
    match found {
        Found::Item(item) => Identity::Item(item.key.clone()),
        Found::Unresolved { account_id, resource_type, label, .. } => {
            Identity::Unresolved(Arc::clone(account_id), Arc::clone(resource_type), Arc::clone(label))
        }
    }
}

impl Related<'_> {
    /// Whether nothing that could not be read may be missing. A walk that had gone far enough is complete all the same.
    pub fn is_complete(&self) -> bool {
        let known = |resource: &Resource<'_>| !matches!(&resource.found, Found::Unresolved { reason: Some(_), .. });
        self.unread.is_empty() && self.resources.iter().all(known)
    }
}

#[cfg(test)]
mod tests;
