//! Items while they are put together: what a resource says, then what its parts say, and at last what cannot be told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::coverage::Coverage;
use super::super::mapping::{Link, Mappings, Part};
use super::super::resolve::NO_ACCOUNT;
use super::super::shape::{Written, escaped, unresolved};
use super::super::terraform::located;
use super::targets::{Among, Group, Target};
use super::{Given, Undeployed, not_in_templates, not_resolved};
use crate::gap::Gap;
use crate::iac::Warning;
use crate::item::{ConfigurationItem, GLOBAL, Relationship, ResourceKey, UnreadableRelationship};
use crate::location::{Definition, Fact, Place};
use crate::snapshot::{About, Snapshot};
use crate::source::account::secret::{Net, SecretKey};
use crate::tree::Node;
use crate::value::Value;

/// Makes items.
pub(super) struct Maker<'g> {
    given: &'g Given<'g>,
    pub(super) mappings: &'static Mappings,
    account_id: String,
    region: String,
    items: Vec<ConfigurationItem>,
    definitions: BTreeMap<ResourceKey, Definition>,
    not_covered: BTreeMap<String, usize>,
}

impl<'g> Maker<'g> {
    pub(super) fn new(given: &'g Given<'g>) -> Self {
        let pseudo =
            |name: &str, default: &str| given.parameters.get(name).map_or_else(|| default.to_owned(), Clone::clone);
        Self {
            given,
            mappings: Mappings::builtin(),
            account_id: pseudo("AWS::AccountId", NO_ACCOUNT),
            region: pseudo("AWS::Region", GLOBAL),
            items: Vec::new(),
            definitions: BTreeMap::new(),
            not_covered: BTreeMap::new(),
        }
    }

    /// Notes a kind of resource that no item is made of.
    pub(super) fn leave_out(&mut self, kind: &str) {
        *self.not_covered.entry(kind.to_owned()).or_default() += 1;
    }

    /// Makes the item. `facts` are where it is defined beside what was noted while it was put together.
    pub(super) fn push(&mut self, making: Making, place: Option<Place>, facts: Vec<Fact>, is_ordered: bool) {
        let account_id = making.account_id.as_deref().unwrap_or(&self.account_id);
        let key =
            ResourceKey::new(account_id, making.region.as_deref().unwrap_or(&self.region), &making.kind, &making.id);
        let mut item = ConfigurationItem::new(key.clone(), self.given.now);
        let section = |name: &str| making.facts.get(name).cloned().unwrap_or_else(|| Value::object::<&str>([]));
        item.configuration = section("configuration");
        item.supplementary_configuration = section("supplementaryConfiguration");
        item.tags = section("tags");
        item.arn = making.arn.map(Into::into);
        item.resource_name = Some(making.name.as_str().into());
        item.relationships = making.links;
        item.relationships.sort();
        let not_told = |what: &str| Arc::new(not_in_templates(what));
        // Links that nothing here makes may be made elsewhere.
        let linked: BTreeSet<&str> = item.relationships.iter().map(|link| &*link.resource_type).collect();
        let types = self.given.parts.keys().filter(|kind| !linked.contains(kind.as_str()));
        let unreadable = types.map(|kind| UnreadableRelationship {
            resource_type: kind.as_str().into(),
            reason: not_told("what is linked to a resource from elsewhere"),
        });
        item.unreadable_relationships = unreadable.collect();
        // Another kind of resource of the type says more than this one.
        for place in self.mappings.covered(&making.kind).into_iter().flat_map(Coverage::iter) {
            let readable = place.split("/*").next().unwrap_or_default();
            if !making.covered.touches(readable) {
                let message = format!("how {} says {readable} is not known", making.source);
                item.obscure(readable, &Arc::new(not_resolved(message)));
            }
        }
        for (part, pointer) in self.given.parts.get(&making.kind).into_iter().flatten() {
            if !making.covered.touches(pointer) {
                item.obscure(pointer, &not_told(part));
            }
        }
        for (place, what) in making.vague {
            item.put(&place, unresolved(&what));
        }
        // Nothing keeps these items, so that no two of their secrets have to be told apart.
        let secrets = self.given.secrets.get(&making.kind).into_iter().flatten();
        SecretKey::none().replace(&mut item, secrets.map(String::as_str), Net::Narrow);
        if let Some(place) = place {
            let facts = facts.into_iter().chain(making.written).collect();
            self.definitions.insert(key, Definition { place, facts, is_ordered });
        }
        self.items.push(item);
    }

    pub(super) fn finish(self, files: usize, unread: Vec<Warning>) -> Undeployed {
        let places = self.items.iter().map(|item| (&*item.key.account_id, &*item.key.region));
        let places: BTreeSet<_> = places.chain([(&*self.account_id, &*self.region)]).collect();
        let gap = |(account_id, region): (&str, &str), kind: &String| Gap {
            account_id: account_id.to_owned(),
            aws_region: region.to_owned(),
            resource_type: kind.clone(),
            resource_id: None,
            path: None,
            reason: Arc::new(not_in_templates("which resources the account has")),
        };
        let gaps = places.iter().flat_map(|place| self.given.parts.keys().map(|kind| gap(*place, kind))).collect();
        let about =
            About { captured_at: self.given.now.to_owned(), source: "template".to_owned(), gaps, ..About::default() };
        let Self { items, definitions, not_covered, .. } = self;
        Undeployed { snapshot: Snapshot::new(about, items), definitions, not_covered, files, unread }
    }
}

/// The resources of one type, and which parts belong to them. They go by their places among all of a template or plan.
#[derive(Default)]
pub(super) struct Parts<'m> {
    pub(super) group: Group,
    of: BTreeMap<usize, Vec<(usize, &'m Part)>>,
    /// What may be told by a part, and by which: of a member, and of any of those.
    vague_of: BTreeMap<(usize, String), String>,
    vague: BTreeMap<(Among, String), String>,
}

impl<'m> Parts<'m> {
    /// Takes in a part that stands at a place, called so.
    pub(super) fn put(&mut self, at: usize, name: &str, part: &'m Part, target: Target) {
        for of in target.of {
            self.of.entry(of).or_default().push((at, part));
        }
        for maybe in target.maybe {
            self.put_vague(maybe, name, part);
        }
        if let Some(among) = target.among {
            for top in Coverage::of(&part.item).tops() {
                self.vague.entry((among, top)).or_insert_with(|| name.to_owned());
            }
        }
    }

    /// Takes in that a part may be one of this member.
    pub(super) fn put_vague(&mut self, of: usize, name: &str, part: &Part) {
        for top in Coverage::of(&part.item).tops() {
            self.vague_of.entry((of, top)).or_insert_with(|| name.to_owned());
        }
    }

    /// The parts of a member, in their order.
    pub(super) fn of(&self, at: usize) -> &[(usize, &'m Part)] {
        self.of.get(&at).map(Vec::as_slice).unwrap_or_default()
    }

    /// The places of a member of which it is not known whether a part tells them, and what is not known.
    pub(super) fn vague(&self, at: usize) -> BTreeMap<String, String> {
        let own = self.vague_of.range((at, String::new())..(at + 1, String::new()));
        let own = own.map(|((_, top), name)| (top, name));
        let of_any = self.vague.iter().filter(|((among, _), _)| self.group.is_among(at, *among));
        let of_any = of_any.map(|((_, top), name)| (top, name));
        let mut vague = BTreeMap::new();
        for (top, name) in own.chain(of_any) {
            vague.entry(top.clone()).or_insert_with(|| format!("which resource {name} is a part of"));
        }
        vague
    }
}

/// An item while its parts are put together.
pub(super) struct Making {
    kind: String,
    /// The kind of resource that it is made of.
    source: String,
    id: String,
    name: String,
    arn: Option<String>,
    /// Where it is to be, if that is known.
    pub(super) account_id: Option<String>,
    pub(super) region: Option<String>,
    facts: Value,
    written: Vec<Fact>,
    links: Vec<Relationship>,
    covered: Coverage,
    /// Places of which it is not known what tells them.
    pub(super) vague: BTreeMap<String, String>,
}

impl Making {
    /// An item of this type by this part, which goes by its logical id where it has no name.
    pub(super) fn new(kind: &str, part: &Part, definition: &Node, id: &str, logical_id: &str) -> Self {
        let name = part.chosen(definition).unwrap_or_else(|| logical_id.to_owned());
        Self {
            kind: kind.to_owned(),
            source: part.resource.clone(),
            id: id.to_owned(),
            arn: part.arn.as_deref().map(|form| form.replace("{id}", &name)),
            name,
            account_id: None,
            region: None,
            facts: Value::object::<&str>([]),
            written: Vec::new(),
            links: Vec::new(),
            covered: Coverage::default(),
            vague: BTreeMap::new(),
        }
    }

    /// Adds what a part says. `target` gives the ids of the items to which a link leads.
    pub(super) fn add(
        &mut self,
        part: &Part,
        properties: &Node,
        file: Option<&Arc<str>>,
        target: impl Fn(&Link) -> Vec<String>,
    ) {
        let mut written = Vec::new();
        if let Some(shape) = &part.item {
            self.covered.add([shape]);
            if let Some(facts) = shape.facts(properties, "", &mut written) {
                let mut lists = Vec::new();
                self.facts = merged(&self.facts, &facts, part.adds, "", &mut lists);
                for (path, by) in lists {
                    written = written.into_iter().map(|one| one.moved(&path, by)).collect();
                }
            }
        }
        if let Some(file) = file {
            // A part that says it again is where it is said.
            let said: BTreeSet<&str> = written.iter().map(|one: &Written| one.path.as_str()).collect();
            self.written.retain(|old| !said.contains(old.path.as_str()));
            self.written.extend(located(written, file));
        }
        for link in &part.links {
            for id in target(link) {
                self.links.push(Relationship {
                    resource_type: link.resource_type.as_str().into(),
                    resource_id: Some(id.into()),
                    resource_name: None,
                    name: link.name.as_str().into(),
                });
            }
        }
    }
}

/// One tree over another. Lists are put in the place of those before, or added to them; how many came before is told.
fn merged(base: &Value, over: &Value, adds: bool, path: &str, lists: &mut Vec<(String, usize)>) -> Value {
    match (base, over) {
        (Value::Object(before), Value::Object(after)) => {
            let mut both = before.clone();
            for (name, value) in after.iter() {
                let below = format!("{path}/{}", escaped(name));
                let value =
                    before.get(name).map_or_else(|| value.clone(), |old| merged(old, value, adds, &below, lists));
                both = both.with(name, value);
            }
            Value::Object(both)
        }
        (Value::Array(before), Value::Array(after)) if adds => {
            lists.push((path.to_owned(), before.len()));
            Value::Array(before.iter().chain(after.iter()).cloned().collect())
        }
        (Value::Unreadable(_), Value::Array(_)) if adds => base.clone(),
        _ => over.clone(),
    }
}
