//! Of which resources a part is one: a bucket's policy names the bucket by a reference, by a name, or by something that is
//! known only after deployment. What cannot be told is told as that, so that no part is lost silently.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

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
    found: Found,
}

/// What was found of resources that are asked for again and again, by their places. In a plan in which all parts refer to each
/// other there are as many ways as there are orders of them.
#[derive(Debug, Default)]
struct Found {
    /// The members of which a resource knows.
    mentioned: RefCell<BTreeMap<usize, Rc<BTreeSet<usize>>>>,
    /// After so many steps: of which members a part is one.
    targets: RefCell<BTreeMap<(usize, usize), Rc<Target>>>,
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

    fn is_empty(&self) -> bool {
        self.of.is_empty() && self.maybe.is_empty() && self.among.is_none()
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

    /// Who is meant by a text. One that none of them is known to have for a name may be that of one whose name is not known,
    /// or hold a name: an ARN, a name with an account before it or a version behind it.
    fn by_text(&self, text: &str) -> Target {
        self.by_name(text).unwrap_or_else(|| Target {
            maybe: self.held_by(text),
            among: self.is_uncertain.then_some(Among::Uncertain),
            ..Target::default()
        })
    }

    /// Who is meant by a text of which parts are known only after deployment, and by what it goes until then. An ARN that ends
    /// with a reference to a resource is that resource's.
    fn by_stand_in(&self, what: &str, stand_in: &str) -> Target {
        let last = stand_in.rsplit([':', '/']).next().unwrap_or_default();
        let is_its_arn =
            stand_in.starts_with("arn:") && what.split(", ").any(|part| part.strip_prefix("Ref ") == Some(last));
        let by_last = || self.by_name(last).filter(|_| is_its_arn);
        self.by_name(stand_in)
            .or_else(by_last)
            .unwrap_or_else(|| Target { maybe: self.held_by(stand_in), ..Target::among(Among::Named) })
    }

    /// The members whose names are pieces of a text that has colons.
    fn held_by(&self, text: &str) -> BTreeSet<usize> {
        if !text.contains(':') {
            return BTreeSet::new();
        }
        // Some names have slashes in them.
        let pieces = text.split(':').chain(text.split([':', '/']));
        pieces.filter_map(|piece| self.names.get(piece)).flatten().copied().collect()
    }

    /// Adds the members whose names stand anywhere in a tree.
    fn named_in(&self, node: &Node, found: &mut BTreeSet<usize>) {
        found.extend(node.text().and_then(|text| self.names.get(text)).into_iter().flatten());
        node.elements().iter().for_each(|element| self.named_in(element, found));
        node.members().iter().for_each(|member| self.named_in(&member.value, found));
    }

    /// The members of which a resource knows by others, however far away. `next` gives the resources to which one refers, and
    /// adds the members that it knows by name.
    fn mentioned(&self, from: usize, next: impl Fn(usize, &mut BTreeSet<usize>) -> Vec<usize>) -> Rc<BTreeSet<usize>> {
        if let Some(known) = self.found.mentioned.borrow().get(&from) {
            return Rc::clone(known);
        }
        let (mut seen, mut open, mut found) = (BTreeSet::from([from]), vec![from], BTreeSet::new());
        while let Some(at) = open.pop() {
            if self.members.contains_key(&at) {
                found.insert(at);
            } else if let Some(known) = self.found.mentioned.borrow().get(&at) {
                found.extend(known.iter());
            } else {
                open.extend(next(at, &mut found).into_iter().filter(|other| seen.insert(*other)));
            }
        }
        let found = Rc::new(found);
        self.found.mentioned.borrow_mut().insert(from, Rc::clone(&found));
        found
    }

    /// Whether a member has the name, alone or among others.
    fn is_called(&self, at: usize, name: &str) -> bool {
        self.names.get(name).is_some_and(|called| called.contains(&at))
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
            Content::Reference { what, stand_in } => alone(what, stand_in),
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
        let referred = self.referred(written, Some(known));
        if let Some(at) = referred.filter(|at| group.members.contains_key(at)) {
            return Target::of([at]);
        }
        match &known.content {
            Content::Text(text) => group.by_text(text),
            Content::Reference { what, stand_in } => match referred {
                // The resource may be called by the same.
                Some(at) => group.by_name(stand_in).unwrap_or_else(|| self.given_by(at, what, group)),
                None => group.by_stand_in(what, stand_in),
            },
            Content::Unresolved(_) | Content::Computed(_) => {
                let same = written.and_then(|written| group.by_name(&as_written(written)));
                same.unwrap_or_else(Target::any)
            }
            _ => Target::default(),
        }
    }

    /// Of whom another resource may give the name: what it gives may be what it was given. Code that is run, and another
    /// stack, may give any; an id or ARN that a resource of AWS has itself is nobody else's.
    fn given_by(&self, at: usize, what: &str, group: &Group) -> Target {
        let mentioned = self.mentioned(at, group);
        let kind = self.resources.get(at).map_or("", |resource| resource.kind);
        let is_code = !kind.starts_with("AWS::") || kind.starts_with("AWS::CloudFormation::");
        let is_own = what.starts_with("Ref ") || what.ends_with(".Arn");
        let among = (is_code || mentioned.is_empty() && !is_own).then_some(Among::Named);
        Target { among, ..Target::maybe(mentioned.as_ref().clone()) }
    }

    /// The members of a group of which a resource knows.
    fn mentioned(&self, from: usize, group: &Group) -> Rc<BTreeSet<usize>> {
        group.mentioned(from, |at, found| {
            let mut ids = Vec::new();
            if let Some(properties) = self.resources.get(at).and_then(|resource| resource.properties()) {
                mentions(properties, &mut ids);
                group.named_in(properties, found);
            }
            ids.into_iter().filter_map(|id| self.places.get(id).copied()).collect()
        })
    }
}

/// The logical id of a resource, if what goes by a text is a reference to it and nothing else: `Ref A` by `A`, and
/// `GetAtt A.Name` by `A.Name`.
fn alone<'w>(what: &'w str, stand_in: &str) -> Option<&'w str> {
    let (function, name) = what.split_once(' ')?;
    let is_alone = matches!(function, "Ref" | "GetAtt") && name == stand_in;
    name.split('.').next().filter(|_| is_alone)
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
    /// The resources to which any property of one refers, of those that were asked for.
    ways: RefCell<BTreeMap<usize, Rc<[usize]>>>,
}

impl<'p> InPlan<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let mut blocks = BTreeMap::<_, Vec<_>>::new();
        for (at, one) in plan.planned.iter().enumerate() {
            blocks.entry(bare(&one.address)).or_default().push((at, one));
        }
        Self { plan, blocks, ways: RefCell::default() }
    }

    /// The resources to which a property refers, as far as they are in the plan, each with whether it is no more than their
    /// ids; and whether it may be others.
    fn referred(&self, from: &Planned, property: &str) -> (BTreeMap<usize, bool>, bool) {
        let Trace { found, is_cut } = self.plan.configuration.trace(from, property);
        let mut all = BTreeMap::new();
        for one in &found {
            let block = self.blocks.get(&one.bare()).map(Vec::as_slice).unwrap_or_default();
            for (at, _) in one.of(block, from) {
                *all.entry(at).or_insert(true) &= one.is_id();
            }
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

    /// The target of another part, which was found after so many steps.
    fn target_after<'m>(
        &self,
        group: &Group,
        (at, part): (usize, &Planned),
        property: &str,
        of: &impl Fn(&str) -> Option<&'m str>,
        steps: usize,
    ) -> Rc<Target> {
        if let Some(known) = group.found.targets.borrow().get(&(steps, at)) {
            return Rc::clone(known);
        }
        let target = Rc::new(self.target_of(group, part, property, of, steps));
        group.found.targets.borrow_mut().insert((steps, at), Rc::clone(&target));
        target
    }

    fn target_of<'m>(
        &self,
        group: &Group,
        part: &Planned,
        property: &str,
        of: &impl Fn(&str) -> Option<&'m str>,
        steps: usize,
    ) -> Target {
        let Some(known) = at_path(&part.body, property) else { return Target::default() };
        let (elements, is_list) = match &known.content {
            Content::List(elements) => (elements.as_slice(), true),
            Content::Null => return Target::default(),
            _ => (std::slice::from_ref(known), false),
        };
        let mut target = Target::default();
        let mut open = Vec::new();
        for element in elements {
            match element.text().and_then(|text| group.by_name(text)).filter(|found| !found.of.is_empty()) {
                Some(found) => target.and(found),
                None => open.push(element.text()),
            }
        }
        if open.is_empty() {
            return target;
        }
        // What is written there leads to what it comes from, and to what it may be besides.
        let (referred, is_cut) = self.referred(part, property);
        let (mut led, mut beside) = (BTreeSet::new(), Target::default());
        let is_text = open.iter().all(Option::is_some);
        let mut is_elsewhere = false;
        for (at, is_id) in referred {
            if group.members.contains_key(&at) {
                led.insert(at);
            } else if let Some(other) = self.plan.planned.get(at) {
                if let Some(property) = of(&other.kind).filter(|_| steps < MOST_STEPS) {
                    // What a part of a resource gives of it is the resource.
                    let of_other = self.target_after(group, (at, other), property, of, steps + 1);
                    led.extend(&of_other.of);
                    beside.and(Target { among: of_other.among, ..Target::maybe(of_other.maybe.clone()) });
                } else {
                    let mentioned = self.mentioned(at, group);
                    // The id of a resource of AWS is nobody else's; of others it may be a name that was made: a random one.
                    let is_own = is_id && other.kind.starts_with("aws_");
                    is_elsewhere |= mentioned.is_empty() && is_own;
                    let among = (mentioned.is_empty() && !is_own && !is_text).then_some(Among::Named);
                    beside.and(Target { among, ..Target::maybe(mentioned.as_ref().clone()) });
                }
            }
        }
        led.retain(|at| !target.of.contains(at));
        for text in open.iter().copied().flatten() {
            // Of several of one name the reference tells which one it is. A text that is no name is at most built of one.
            let is_one = led.iter().any(|at| group.is_called(*at, text));
            if !is_one {
                beside.and(group.by_text(text));
            }
        }
        let is_called = |at: &usize| open.iter().any(|text| text.is_none_or(|text| group.is_called(*at, text)));
        let is_sure = led.len() <= open.len() && led.iter().all(is_called) && (is_list || !is_cut && beside.is_empty());
        if is_sure {
            target.of.extend(&led);
        } else {
            beside.maybe.extend(&led);
        }
        if !is_text {
            if is_cut {
                beside.and(Target::any());
            } else if led.is_empty() && beside.is_empty() && !is_elsewhere {
                // Something gives it that is not followed here.
                beside.and(Target::among(Among::Named));
            }
        }
        target.and(beside);
        target
    }

    /// The members of a group of which a resource knows.
    fn mentioned(&self, from: usize, group: &Group) -> Rc<BTreeSet<usize>> {
        group.mentioned(from, |at, found| {
            let Some(one) = self.plan.planned.get(at) else { return Vec::new() };
            group.named_in(&one.body, found);
            self.ways(at, one).to_vec()
        })
    }

    /// The resources to which any property of one refers.
    fn ways(&self, at: usize, one: &Planned) -> Rc<[usize]> {
        if let Some(known) = self.ways.borrow().get(&at) {
            return Rc::clone(known);
        }
        let written = self.plan.configuration.written(&one.address);
        let properties = written.into_iter().flat_map(|written| written.expressions.keys());
        let ways: BTreeSet<usize> =
            properties.flat_map(|property| self.referred(one, property).0.into_keys()).collect();
        let ways: Rc<[usize]> = ways.into_iter().collect();
        self.ways.borrow_mut().insert(at, Rc::clone(&ways));
        ways
    }
}
