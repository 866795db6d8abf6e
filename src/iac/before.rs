//! Resources before they are deployed: those of templates and plans as configuration items, to be judged by the same rules.
//!
//! What is written becomes a fact at its place; what is known only after deployment is unreadable there, never absent. What
//! nobody writes has AWS's documented default, if the form of the type says one. What a template cannot tell at all, such as
//! the other resources of the account, is unreadable with [`code::NOT_IN_TEMPLATES`], and [`settle`] makes "not applicable" of
//! the answers that wanted it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use super::folder::{self, Kind};
use super::mapping::{Mappings, Part};
use super::plan::{self, Planned};
use super::resolve::{NO_ACCOUNT, Scope};
use super::shape::{Written, at_path};
use super::template::{Resource, Template, refers};
use super::terraform::{self, located};
use super::{Repository, Warning, root_of};
use crate::evaluation::{ComplianceType, Evaluation};
use crate::gap::Gap;
use crate::item::{ConfigurationItem, GLOBAL, Relationship, ResourceKey, UnreadableRelationship};
use crate::location::{Certainty, Definition, Fact, Mapping, Place};
use crate::snapshot::{About, Snapshot};
use crate::tree::Node;
use crate::value::{Unreadable, Value, code};

/// By type, where the facts of its parts stand in an item, by the part's name.
pub type Parts = BTreeMap<String, BTreeMap<String, String>>;

/// Resources that are not deployed yet.
#[derive(Debug)]
pub struct Undeployed {
    /// Their items.
    pub snapshot: Snapshot,
    /// Where each is defined.
    pub definitions: BTreeMap<ResourceKey, Definition>,
    /// Kinds of resources that no item was made of, and how many there are.
    pub not_covered: BTreeMap<String, usize>,
    /// What could not be read.
    pub warnings: Vec<Warning>,
}

/// What is known beside templates and plans.
#[derive(Debug)]
pub struct Given<'g> {
    /// Values of parameters, and of pseudo parameters such as `AWS::Region`.
    pub parameters: &'g BTreeMap<String, String>,
    /// The types that rules can ask for.
    pub parts: &'g Parts,
    /// What rules take as now: RFC 3339.
    pub now: &'g str,
}

/// The items of a template, or of all templates below a folder.
///
/// # Errors
/// The file or folder is not there.
pub fn of_templates(path: &Path, given: &Given<'_>) -> io::Result<Undeployed> {
    let path = fs::canonicalize(path)?;
    let folder = if path.is_dir() { &*path } else { path.parent().unwrap_or(&path) };
    let root = root_of(folder);
    let mut warnings = Vec::new();
    let found: Vec<_> = if path.is_dir() {
        folder::walk(&path, &root, &mut warnings).into_iter().filter(|one| one.kind == Kind::Template).collect()
    } else {
        vec![folder::Found { name: folder::name(&path, &root), path: path.clone(), kind: Kind::Template }]
    };
    let mut maker = Maker::new(given);
    for one in found {
        let read = folder::text(&one.path, folder::MOST_BYTES).map_err(|message| (1, message));
        match read.and_then(|text| Template::read(&text, &one.name)) {
            Ok(Some(template)) => maker.template(&template),
            Ok(None) if path.is_dir() => {}
            Ok(None) => {
                warnings.push(Warning::new(&one.name, 1, "this is no template: it has no resources".to_owned()));
            }
            Err((line, message)) => warnings.push(Warning::new(&one.name, line, message)),
        }
    }
    Ok(maker.finish(warnings))
}

/// The items of a plan, with the blocks that define them if a repository is known.
///
/// # Errors
/// Why the text is no plan.
pub fn of_plan(text: &str, repository: Option<&Repository>, given: &Given<'_>) -> Result<Undeployed, String> {
    let planned = plan::parse(text).map_err(|error| error.to_string())?;
    let mut maker = Maker::new(given);
    let mappings = maker.mappings;
    let blocks = repository.map(|repository| {
        let addresses = planned.iter().map(|one| (one.modules.as_slice(), one.kind.as_str(), one.name.as_str()));
        repository.terraform.blocks(addresses)
    });
    for one in &planned {
        let parts: Vec<_> = mappings.of_terraform(&one.kind).collect();
        if parts.iter().all(|(_, part)| part.item.is_none() && part.links.is_empty()) {
            *maker.not_covered.entry(one.kind.clone()).or_default() += 1;
        }
        for (kind, part) in parts.into_iter().filter(|(_, part)| part.of.is_none() && part.item.is_some()) {
            let chosen = part.chosen(&one.body);
            let mut making = Making::new(kind, &one.address, chosen.as_deref().unwrap_or(&one.name));
            let mut facts = Vec::new();
            let mut add_facts = |one: &Planned| {
                let block = blocks.as_ref().and_then(|blocks| blocks.find(&one.modules, &one.kind, &one.name));
                let (location, block) = block?;
                if let Some(block) = block {
                    terraform::add_facts(block, kind, mappings, &mut facts);
                }
                Some(location)
            };
            making.add(part, &one.body, None, |_| None);
            let location = add_facts(one);
            let id = at_path(&one.body, "id").and_then(Node::text);
            for other in &planned {
                for (_, part) in mappings.of_terraform(&other.kind).filter(|(name, _)| *name == kind) {
                    let Some(of) = &part.of else { continue };
                    let said = at_path(&other.body, of).and_then(Node::text);
                    let is_of = other
                        .refers(of, &one.address)
                        .unwrap_or_else(|| said.is_some() && (said == chosen.as_deref() || said == id));
                    if is_of {
                        let target = |property: &str| {
                            let is_target = |one: &&Planned| other.refers(property, &one.address) == Some(true);
                            planned.iter().find(is_target).map(|one| one.address.clone())
                        };
                        making.add(part, &other.body, None, target);
                        add_facts(other);
                    }
                }
            }
            let place = location.map(|location| Place {
                location,
                address: one.address.clone(),
                mapping: Mapping::TerraformPlan,
                certainty: Certainty::Certain,
            });
            maker.push(making, place, facts, false, part);
        }
    }
    Ok(maker.finish(Vec::new()))
}

/// Makes items.
struct Maker<'g> {
    given: &'g Given<'g>,
    mappings: &'static Mappings,
    account_id: String,
    region: String,
    items: Vec<ConfigurationItem>,
    definitions: BTreeMap<ResourceKey, Definition>,
    not_covered: BTreeMap<String, usize>,
}

impl<'g> Maker<'g> {
    fn new(given: &'g Given<'g>) -> Self {
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

    fn template(&mut self, template: &Template) {
        let mappings = self.mappings;
        let scope = Scope::new(template, self.given.parameters, mappings);
        let is_made =
            |resource: &Resource<'_>| scope.is_made(resource.member.value.get("Condition").and_then(Node::text));
        let made: Vec<(Resource<'_>, Node)> = template
            .resources()
            .filter(is_made)
            .map(|resource| {
                let empty = Node { content: crate::tree::Content::Map(Vec::new()), at: resource.member.at };
                (resource, scope.value(resource.properties().unwrap_or(&empty)))
            })
            .collect();
        for (resource, properties) in &made {
            let parts: Vec<_> = mappings.of_cloudformation(resource.kind).collect();
            if parts.iter().all(|(_, part)| part.item.is_none() && part.links.is_empty()) {
                *self.not_covered.entry(resource.kind.to_owned()).or_default() += 1;
            }
            for (kind, part) in parts.into_iter().filter(|(_, part)| part.of.is_none() && part.item.is_some()) {
                let id = format!("{}#{}", template.file, resource.id);
                let chosen = part.chosen(properties);
                let mut making = Making::new(kind, &id, chosen.as_deref().unwrap_or(resource.id));
                making.chosen = chosen;
                making.add(part, properties, Some(&template.file), |_| None);
                for (other, theirs) in &made {
                    for (_, part) in mappings.of_cloudformation(other.kind).filter(|(name, _)| *name == kind) {
                        let Some(of) = &part.of else { continue };
                        let written = other.properties().and_then(|node| at_path(node, of));
                        let names = at_path(theirs, of).and_then(Node::text);
                        let is_of = written.is_some_and(|written| refers(written, resource.id))
                            || names.is_some() && names == making.chosen.as_deref();
                        if is_of {
                            let target = |property: &str| {
                                let written = at_path(other.properties()?, property)?;
                                let found = made.iter().find(|(one, _)| refers(written, one.id))?;
                                Some(format!("{}#{}", template.file, found.0.id))
                            };
                            making.add(part, theirs, Some(&template.file), target);
                        }
                    }
                }
                let place = Place {
                    location: resource.member.at.in_file(&template.file),
                    address: resource.id.to_owned(),
                    mapping: Mapping::CloudformationTemplate,
                    certainty: Certainty::Certain,
                };
                self.push(making, Some(place), Vec::new(), true, part);
            }
        }
    }

    fn push(&mut self, making: Making, place: Option<Place>, facts: Vec<Fact>, is_ordered: bool, part: &Part) {
        let key = ResourceKey::new(&self.account_id, &self.region, &making.kind, &making.id);
        let mut item = ConfigurationItem::new(key.clone(), self.given.now);
        let section = |name: &str| making.facts.get(name).cloned().unwrap_or_else(|| Value::object::<&str>([]));
        item.configuration = section("configuration");
        item.supplementary_configuration = section("supplementaryConfiguration");
        item.tags = section("tags");
        item.arn = part.arn.as_deref().map(|form| form.replace("{id}", &making.name).into());
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
        for (part, pointer) in self.given.parts.get(&making.kind).into_iter().flatten() {
            if !making.covered.iter().any(|covered| tells(covered, pointer)) {
                item.obscure(pointer, &not_told(part));
            }
        }
        if let Some(place) = place {
            let facts = facts.into_iter().chain(making.written).collect();
            self.definitions.insert(key, Definition { place, facts, is_ordered });
        }
        self.items.push(item);
    }

    fn finish(self, warnings: Vec<Warning>) -> Undeployed {
        let gap = |kind: &String| Gap {
            account_id: self.account_id.clone(),
            aws_region: self.region.clone(),
            resource_type: kind.clone(),
            resource_id: None,
            path: None,
            reason: Arc::new(not_in_templates("which resources the account has")),
        };
        let gaps = self.given.parts.keys().map(gap).collect();
        let about =
            About { captured_at: self.given.now.to_owned(), source: "template".to_owned(), gaps, ..About::default() };
        let Self { items, definitions, not_covered, .. } = self;
        Undeployed { snapshot: Snapshot::new(about, items), definitions, not_covered, warnings }
    }
}

/// An item while its parts are put together.
struct Making {
    kind: String,
    id: String,
    name: String,
    /// The id that the definition chooses, if it does.
    chosen: Option<String>,
    facts: Value,
    written: Vec<Fact>,
    links: Vec<Relationship>,
    covered: Vec<String>,
}

impl Making {
    fn new(kind: &str, id: &str, name: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.to_owned(),
            name: name.to_owned(),
            chosen: None,
            facts: Value::object::<&str>([]),
            written: Vec::new(),
            links: Vec::new(),
            covered: Vec::new(),
        }
    }

    /// Adds what a part says. `target` is the id of the item to which a property refers.
    fn add(
        &mut self,
        part: &Part,
        properties: &Node,
        file: Option<&Arc<str>>,
        target: impl Fn(&str) -> Option<String>,
    ) {
        let mut written = Vec::new();
        if let Some(shape) = &part.item {
            shape.covered("", &mut self.covered);
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
            self.written.retain(|old| !written.iter().any(|new: &Written| new.path == old.path));
            self.written.extend(located(written, file));
        }
        for link in &part.links {
            if let Some(id) = target(&link.property) {
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
                let below = format!("{path}/{}", super::shape::escaped(name));
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

fn not_in_templates(what: &str) -> Unreadable {
    Unreadable {
        operation: String::new(),
        action: None,
        code: code::NOT_IN_TEMPLATES.to_owned(),
        message: format!("a template does not tell {what}"),
    }
}

/// Whether what is said at one place tells of another: it is that place, above it or below it.
fn tells(covered: &str, path: &str) -> bool {
    let mut covered = covered.split('/');
    let mut path = path.split('/');
    loop {
        match (covered.next(), path.next()) {
            (None, _) | (_, None) => return true,
            (Some(said), Some(read)) => {
                let is_place = !read.is_empty() && read.bytes().all(|byte| byte.is_ascii_digit());
                if said != read && !(said == "*" && is_place) {
                    return false;
                }
            }
        }
    }
}

/// Puts answers right that were given of templates: what wanted something that no template tells does not apply to
/// templates, and what read a fact of which the form of its type says nothing is not decided.
pub fn settle(evaluations: &mut [Evaluation]) {
    let mappings = Mappings::builtin();
    for evaluation in evaluations {
        if let Some(gap) = evaluation.gap.as_deref().filter(|gap| gap.reason.code == code::NOT_IN_TEMPLATES) {
            evaluation.annotation = format!("not applicable to templates: {}", gap.reason.message).into();
            evaluation.compliance_type = ComplianceType::NotApplicable;
            evaluation.gap = None;
            continue;
        }
        if evaluation.compliance_type == ComplianceType::InsufficientData {
            continue;
        }
        let unsaid = evaluation.evidence.iter().find(|fact| {
            let kind = match fact.resource.as_deref() {
                Some(other) => other.split(' ').next().unwrap_or_default(),
                None => &evaluation.resource.resource_type,
            };
            let is_fact = ["/configuration", "/supplementaryConfiguration", "/tags"]
                .iter()
                .any(|section| fact.path.strip_prefix(section).is_some_and(|rest| rest.starts_with('/')));
            is_fact && !mappings.tells(kind, |covered| tells(covered, &fact.path))
        });
        if let Some(path) = unsaid.map(|fact| fact.path.to_string()) {
            let message = format!("how a template says {path} is not known");
            let reason = Unreadable { code: code::UNRESOLVED.to_owned(), message, ..not_in_templates("") };
            let key = &evaluation.resource;
            evaluation.gap = Some(Box::new(Gap {
                account_id: key.account_id.to_string(),
                aws_region: key.region.to_string(),
                resource_type: key.resource_type.to_string(),
                resource_id: Some(key.resource_id.to_string()),
                path: Some(path),
                reason: Arc::new(reason),
            }));
            evaluation.compliance_type = ComplianceType::InsufficientData;
            evaluation.annotation = Arc::default();
        }
    }
}

/// Whether items of the type can be made of templates or plans.
pub fn is_covered(resource_type: &str) -> bool {
    Mappings::builtin().tells(resource_type, |_| true)
}

#[cfg(test)]
mod tests;
