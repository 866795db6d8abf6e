//! Of which resources a part is one: a bucket's policy names the bucket by a reference, by a name, or by something that is
//! known only after deployment. What cannot be told is told as that, so that no part is lost silently.

use std::collections::{BTreeMap, BTreeSet};

use super::super::mapping::Part;
use super::super::plan::{Plan, Planned};
use super::super::references::{Trace, bare};
use super::super::shape::{as_it_is, at_path};
use super::super::template::{Resource, referent};
use crate::tree::{Content, Node};

/// How many parts may refer to each other in a row.
const MOST_STEPS: usize = 5;

/// The resources of a type, by what others may call them. They go by their places among all of a template or plan.
#[derive(Debug, Default)]
pub(super) struct Group {
    members: BTreeMap<usize, Naming>,
    names: BTreeMap<String, BTreeSet<usize>>,
    /// Whether the name of any is known only after deployment.
    is_uncertain: bool,
}

/// What a definition says of a resource's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Naming {
    /// Nothing: it will get one that nobody can know yet.
    None,
    Known,
    /// It says one that is known only after deployment.
    Unknown,
}

/// Resources of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Among {
    All,
    /// Those that are given a name.
    Named,
    /// Those whose name is known only after deployment.
    Uncertain,
}

/// Of which resources a part is one.
#[derive(Debug, Default)]
pub(super) struct Target {
    /// Certainly of these.
    pub(super) of: BTreeSet<usize>,
    /// Perhaps of these.
    pub(super) maybe: BTreeSet<usize>,
    /// Perhaps of any of those.
    pub(super) among: Option<Among>,
}

impl Target {
    fn and(&mut self, other: Self) {
        self.of.extend(other.of);
        self.maybe.extend(other.maybe);
        self.among = match (self.among, other.among) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    /// Perhaps any.
    pub(super) fn any() -> Self {
        Self::among(Among::All)
    }

    fn among(among: Among) -> Self {
        Self { among: Some(among), ..Self::default() }
    }

    fn of(of: impl IntoIterator<Item = usize>) -> Self {
        Self { of: of.into_iter().collect(), ..Self::default() }
    }

    fn maybe(maybe: BTreeSet<usize>) -> Self {
        Self { maybe, ..Self::default() }
    }
}

impl Group {
    /// Takes a member in. `definition` is what is known of it, `written` what stands there, if that is something else, and
    /// `id` what it goes by within its template.
    pub(super) fn add(&mut self, at: usize, part: &Part, definition: &Node, written: Option<&Node>, id: Option<&str>) {
        let mut naming = Naming::None;
        let mut names: Vec<String> = id.into_iter().map(str::to_owned).collect();
        for path in part.id.iter().chain(&part.name) {
            match at_path(definition, path).map(|node| &node.content) {
                Some(Content::Text(text)) => {
                    naming = Naming::Known;
                    names.push(text.clone());
                }
                Some(Content::Reference { stand_in, .. }) => {
                    naming = Naming::Unknown;
                    names.push(stand_in.clone());
                }
                Some(Content::Unresolved(_)) => {
                    naming = Naming::Unknown;
                    names.extend(written.and_then(|written| at_path(written, path)).map(as_written));
                }
                _ => {}
            }
        }
        let arns: Vec<String> =
            names.iter().filter_map(|name| Some(part.arn.as_ref()?.replace("{id}", name))).collect();
        let attributes = ["id", "arn"].iter().filter_map(|name| definition.get(name)?.text().map(str::to_owned));
        for name in names.into_iter().chain(arns).chain(attributes) {
            self.names.entry(name).or_default().insert(at);
        }
        self.is_uncertain |= naming == Naming::Unknown;
        self.members.insert(at, naming);
    }

    /// Whether a member is one of those.
    pub(super) fn is_among(&self, at: usize, among: Among) -> bool {
        self.members.get(&at).is_some_and(|naming| match among {
            Among::All => true,
            Among::Named => *naming != Naming::None,
            Among::Uncertain => *naming == Naming::Unknown,
        })
    }

    /// Which of them a name is; it may be that of several, such as of stages of one name.
    fn by_name(&self, name: &str) -> Option<Target> {
        self.names.get(name).map(|found| match found.len() {
            1 => Target::of(found.iter().copied()),
            _ => Target::maybe(found.clone()),
        })
    }

    /// Who may be meant by a name that none of them is known to have.
    fn by_other_name(&self) -> Target {
        Target { among: self.is_uncertain.then_some(Among::Uncertain), ..Target::default() }
    }
}

/// What stands in a template, as a name for what it will come to.
fn as_written(node: &Node) -> String {
    serde_json::to_string(&as_it_is(node)).unwrap_or_default()
}

/// A template, to find targets in it.
pub(super) struct InTemplate<'t> {
    resources: Vec<Resource<'t>>,
    places: BTreeMap<&'t str, usize>,
}

impl<'t> InTemplate<'t> {
    pub(super) fn new(resources: impl Iterator<Item = Resource<'t>>) -> Self {
        let resources: Vec<_> = resources.collect();
        let mut places = BTreeMap::new();
        for (at, resource) in resources.iter().enumerate() {
            places.entry(resource.id).or_insert(at);
        }
        Self { resources, places }
    }

    /// The resource to which a property refers.
    pub(super) fn referred(&self, written: Option<&Node>, known: Option<&Node>) -> Option<usize> {
        let by_stand_in = || match &known?.content {
            Content::Reference { stand_in, .. } => stand_in.split('.').next(),
            _ => None,
        };
        let of = |id: &str| self.places.get(id).copied();
        written.and_then(referent).and_then(of).or_else(|| by_stand_in().and_then(of))
    }

    /// Of which of the group a part is whose property stands there as `written` and is known as `known`.
    pub(super) fn target(&self, group: &Group, written: Option<&Node>, known: Option<&Node>) -> Target {
        let Some(known) = known else { return Target::default() };
        if let Content::List(elements) = &known.content {
            let written = written.map(Node::elements).filter(|written| written.len() == elements.len());
            let mut target = Target::default();
            for (at, element) in elements.iter().enumerate() {
                target.and(self.target(group, written.and_then(|written| written.get(at)), Some(element)));
            }
            return target;
        }
        if let Some(at) = self.referred(written, Some(known)) {
            return if group.members.contains_key(&at) {
                Target::of([at])
            } else {
                // What another resource gives may be what that was given.
                Target::maybe(self.mentioned(at, group))
            };
        }
        match &known.content {
            Content::Text(text) => group.by_name(text).unwrap_or_else(|| group.by_other_name()),
            Content::Reference { stand_in, .. } => {
                group.by_name(stand_in).unwrap_or_else(|| Target::among(Among::Named))
            }
            Content::Unresolved(_) | Content::Computed(_) => {
                let same = written.and_then(|written| group.by_name(&as_written(written)));
                same.unwrap_or_else(Target::any)
            }
            _ => Target::default(),
        }
    }

    /// The members of a group of which a resource knows.
    fn mentioned(&self, from: usize, group: &Group) -> BTreeSet<usize> {
        let (mut seen, mut open, mut found) = (BTreeSet::from([from]), vec![from], BTreeSet::new());
        while let Some(at) = open.pop() {
            if group.members.contains_key(&at) {
                found.insert(at);
                continue;
            }
            let mut ids = Vec::new();
            if let Some(properties) = self.resources.get(at).and_then(|resource| resource.properties()) {
                mentions(properties, &mut ids);
            }
            let others = ids.into_iter().filter_map(|id| self.places.get(id).copied());
            open.extend(others.filter(|other| seen.insert(*other)));
        }
        found
    }
}

/// The logical ids that stand in a tree.
fn mentions<'n>(node: &'n Node, ids: &mut Vec<&'n str>) {
    ids.extend(referent(node));
    if let Some(text) = node.get("Fn::Sub").and_then(|of| of.text().or_else(|| of.elements().first()?.text())) {
        let names = text.split("${").skip(1).filter_map(|rest| rest.split(['}', '.']).next());
        ids.extend(names);
    }
    node.elements().iter().for_each(|element| mentions(element, ids));
    node.members().iter().for_each(|member| mentions(&member.value, ids));
}

/// A plan, to find targets in it.
pub(super) struct InPlan<'p> {
    plan: &'p Plan,
    /// By address without any index.
    blocks: BTreeMap<String, Vec<(usize, &'p Planned)>>,
}

impl<'p> InPlan<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let mut blocks = BTreeMap::<_, Vec<_>>::new();
        for (at, one) in plan.planned.iter().enumerate() {
            blocks.entry(bare(&one.address)).or_default().push((at, one));
        }
        Self { plan, blocks }
    }

    /// The resources to which a property refers, as far as they are in the plan, and whether it may be others.
    pub(super) fn referred(&self, from: &Planned, property: &str) -> (BTreeSet<usize>, bool) {
        let Trace { found, is_cut } = self.plan.configuration.trace(from, property);
        let mut all = BTreeSet::new();
        for one in &found {
            let block = self.blocks.get(&one.bare()).map(Vec::as_slice).unwrap_or_default();
            all.extend(one.of(block, from).into_iter().map(|(at, _)| at));
        }
        (all, is_cut || found.is_empty())
    }

    /// Of which of the group a part is. `of` tells the property by which a kind of resource is a part of the group.
    pub(super) fn target<'m>(
        &self,
        group: &Group,
        part: &Planned,
        property: &str,
        of: &impl Fn(&str) -> Option<&'m str>,
    ) -> Target {
        self.target_of(group, part, property, of, 0)
    }

    fn target_of<'m>(
        &self,
        group: &Group,
        part: &Planned,
        property: &str,
        of: &impl Fn(&str) -> Option<&'m str>,
        depth: usize,
    ) -> Target {
        let Some(known) = at_path(&part.body, property) else { return Target::default() };
        let (elements, is_list) = match &known.content {
            Content::List(elements) => (elements.as_slice(), true),
            Content::Null => return Target::default(),
            _ => (std::slice::from_ref(known), false),
        };
        let mut target = Target::default();
        let mut unknown = 0;
        for element in elements {
            match element.text().and_then(|text| group.by_name(text)).filter(|found| !found.of.is_empty()) {
                Some(found) => target.and(found),
                None => unknown += 1,
            }
        }
        if unknown == 0 {
            return target;
        }
        let (referred, is_cut) = self.referred(part, property);
        let mut led = BTreeSet::new();
        for at in referred {
            if group.members.contains_key(&at) {
                led.insert(at);
            } else if let Some(other) = self.plan.planned.get(at) {
                match of(&other.kind).filter(|_| depth < MOST_STEPS) {
                    // What a part of a resource gives of it is the resource.
                    Some(property) => {
                        let of_other = self.target_of(group, other, property, of, depth + 1);
                        led.extend(of_other.of);
                        target.and(Target { of: BTreeSet::new(), ..of_other });
                    }
                    None => target.maybe.extend(self.mentioned(at, group)),
                }
            }
        }
        led.retain(|at| !target.of.contains(at));
        let is_text = elements.iter().all(|element| element.text().is_some());
        if !led.is_empty() && led.len() <= unknown && (!is_cut || is_list) {
            target.of.extend(led);
        } else if !led.is_empty() {
            // An expression that chooses among them.
            target.maybe.extend(led);
        } else if is_text {
            for text in elements.iter().filter_map(Node::text) {
                target.and(group.by_name(text).unwrap_or_else(|| group.by_other_name()));
            }
        }
        if is_cut && !is_text {
            target.among = Some(Among::All);
        }
        target
    }

    /// The members of a group of which a resource knows.
    fn mentioned(&self, from: usize, group: &Group) -> BTreeSet<usize> {
        let (mut seen, mut open, mut found) = (BTreeSet::from([from]), vec![from], BTreeSet::new());
        while let Some(at) = open.pop() {
            if group.members.contains_key(&at) {
                found.insert(at);
                continue;
            }
            let Some(one) = self.plan.planned.get(at) else { continue };
            let written = self.plan.configuration.written(&one.address);
            for property in written.into_iter().flat_map(|written| written.expressions.keys()) {
                open.extend(self.referred(one, property).0.into_iter().filter(|other| seen.insert(*other)));
            }
        }
        found
    }
}
