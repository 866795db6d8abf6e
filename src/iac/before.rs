//! Resources before they are deployed: those of templates and plans as configuration items, to be judged by the same rules.
//!
//! What is written becomes a fact at its place; what is known only after deployment is unreadable there, never absent. What
//! nobody writes has AWS's documented default, if the form of the type says one. What a template cannot tell at all, such as
//! the other resources of the account, is unreadable with [`code::NOT_IN_TEMPLATES`], and [`settle`] makes "not applicable" of
//! the answers that wanted it.

mod making;
mod targets;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use self::making::{Maker, Making};
use self::targets::{InPlan, InTemplate, Target};
use super::folder::{self, Kind};
use super::mapping::{Link, Mappings, Part};
use super::plan::{self, Plan, Planned};
use super::resolve::Scope;
use super::shape::at_path;
use super::template::{Resource, Template, is_function, is_macro};
use super::terraform::{self, Blocks};
use super::{Repository, Warning, root_of};
use crate::evaluation::{ComplianceType, Evaluation};
use crate::gap::Gap;
use crate::item::ResourceKey;
use crate::location::{Certainty, Definition, Mapping, Place};
use crate::snapshot::Snapshot;
use crate::tree::{Content, Member, Node};
use crate::value::{Unreadable, code};

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
    /// How many templates, or plans, it is made of.
    pub files: usize,
    /// What could not be read: files, and stacks within stacks whose templates are elsewhere.
    pub unread: Vec<Warning>,
}

/// What is known beside templates and plans.
#[derive(Debug)]
pub struct Given<'g> {
    /// Values of parameters, and of pseudo parameters such as `AWS::Region`.
    pub parameters: &'g BTreeMap<String, String>,
    /// The types that rules can ask for.
    pub parts: &'g Parts,
    /// By type, the JSON pointers of the secrets in its items.
    pub secrets: &'g BTreeMap<String, Vec<String>>,
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
    let mut unread = Vec::new();
    let found: Vec<_> = if path.is_dir() {
        folder::walk(&path, &root, &mut unread).into_iter().filter(|one| one.kind == Kind::Template).collect()
    } else {
        vec![folder::Found { name: folder::name(&path, &root), path: path.clone(), kind: Kind::Template }]
    };
    let mut maker = Maker::new(given);
    let (mut files, mut nested) = (BTreeSet::new(), Vec::new());
    for one in found {
        let read = folder::text(&one.path, folder::MOST_BYTES).map_err(|message| (1, message));
        match read.and_then(|text| Template::read(&text, &one.name)) {
            Ok(Some(template)) if template.unknown_macro().is_some() => {
                let (name, line) = template.unknown_macro().unwrap_or_default();
                let message = format!(
                    "the macro {name} makes another template of it, which is not known; aws cloudformation get-template \
                     --template-stage Processed has that of a stack"
                );
                unread.push(Warning::new(&one.name, line, message));
            }
            Ok(Some(template)) => {
                make_of_template(&mut maker, &template, given);
                nested.extend(template.resources().filter_map(|resource| nested_in(resource, &one)));
                let untyped = template.makers().filter(|maker| !is_function(maker));
                unread.extend(untyped.map(|resource| {
                    let message = format!("the type of the resource {} is no text: it may be anything", resource.name);
                    Warning::new(&one.name, resource.at.line, message)
                }));
                files.insert(one.path);
            }
            Ok(None) if path.is_dir() => {}
            Ok(None) => {
                unread.push(Warning::new(&one.name, 1, "this is no template: it has no resources".to_owned()));
            }
            Err((line, message)) => unread.push(Warning::new(&one.name, line, message)),
        }
    }
    let elsewhere = nested.into_iter().filter(|(file, _)| file.as_ref().is_none_or(|file| !files.contains(file)));
    unread.extend(elsewhere.map(|(_, warning)| warning));
    unread.sort();
    Ok(maker.finish(files.len(), unread))
}

/// Of a stack within a stack, the file of its template if it is one beside the outer one's, and what to say if that is not
/// read as well.
fn nested_in(resource: Resource<'_>, outer: &folder::Found) -> Option<(Option<PathBuf>, Warning)> {
    let property = match resource.kind {
        "AWS::CloudFormation::Stack" => "TemplateURL",
        "AWS::Serverless::Application" => "Location",
        _ => return None,
    };
    let place = resource.properties().and_then(|properties| properties.get(property)).and_then(Node::text);
    let file = place.and_then(|place| fs::canonicalize(outer.path.parent()?.join(place)).ok());
    let message = match place {
        Some(place) => format!("the stack {} is made of {place}, which was not read", resource.id),
        None => format!("the template of the stack {} is not known before it is deployed", resource.id),
    };
    Some((file, Warning::new(&outer.name, resource.member.at.line, message)))
}

/// A resource of a template that may be made.
struct Made<'t> {
    resource: Resource<'t>,
    properties: Node,
    /// Whether it is made for certain.
    is_sure: bool,
}

fn make_of_template(maker: &mut Maker<'_>, template: &Template, given: &Given<'_>) {
    let mappings = maker.mappings;
    let scope = Scope::new(template, given.parameters, mappings);
    let made = |resource: Resource<'_>| {
        let is_made = scope.is_made(resource);
        (is_made != Some(false))
            .then(|| with_logical_id(scope.properties(resource), resource))
            .map(|properties| (properties, is_made == Some(true)))
    };
    let made: Vec<Made<'_>> = template
        .resources()
        .filter_map(|resource| made(resource).map(|(properties, is_sure)| Made { resource, properties, is_sure }))
        .collect();
    let within = InTemplate::new(made.iter().map(|one| one.resource));
    let mut types = BTreeMap::<&str, making::Parts<'_>>::new();
    for (at, Made { resource, properties, .. }) in made.iter().enumerate() {
        for (kind, part) in mappings.of_cloudformation(resource.kind).filter(|(_, part)| part.of.is_none()) {
            let group = &mut types.entry(kind).or_default().group;
            group.add(at, part, properties, resource.kept(), Some(resource.id));
        }
    }
    for (at, Made { resource, properties, is_sure }) in made.iter().enumerate() {
        for (kind, part) in mappings.of_cloudformation(resource.kind) {
            let Some((parts, of)) = types.get_mut(kind).zip(part.of.as_deref()) else { continue };
            let written = resource.kept().and_then(|node| at_path(node, of));
            let mut target = within.target(&parts.group, written, at_path(properties, of));
            if !is_sure {
                // It is there for certain only where its condition is that of the other resource.
                let is_with =
                    |of: &usize| made.get(*of).is_some_and(|of| of.resource.condition() == resource.condition());
                let (with, without) = std::mem::take(&mut target.of).into_iter().partition(is_with);
                target.of = with;
                target.maybe.extend::<BTreeSet<usize>>(without);
            }
            parts.put(at, resource.id, part, target);
        }
    }
    for maker_of_resources in template.makers() {
        // What it makes is not known, and may be parts of anything.
        if is_function(maker_of_resources) {
            maker.leave_out(&maker_of_resources.name.splitn(3, "::").take(2).collect::<Vec<_>>().join("::"));
        }
        let kinds =
            maker_of_resources.name.starts_with("Fn::ForEach").then(|| types_in(&maker_of_resources.value)).flatten();
        let may_be = |kind: &str| kinds.as_ref().is_none_or(|kinds| kinds.contains(kind));
        for mapped in mappings.iter() {
            let Some(parts) = types.get_mut(mapped.name.as_str()) else { continue };
            for part in mapped.cloudformation.iter().filter(|part| part.of.is_some() && may_be(&part.resource)) {
                parts.put(0, &maker_of_resources.name, part, Target::any());
            }
        }
    }
    for (at, Made { resource, properties, .. }) in made.iter().enumerate() {
        let parts: Vec<_> = mappings.of_cloudformation(resource.kind).collect();
        if !says_anything(&parts) {
            maker.leave_out(resource.kind);
        }
        for (kind, part) in parts.into_iter().filter(|(_, part)| part.of.is_none() && part.item.is_some()) {
            let Some(parts) = types.get(kind) else { continue };
            let name = |resource: &Resource<'_>| format!("{}#{}", template.file, resource.id);
            let mut making = Making::new(kind, part, properties, &name(resource), resource.id);
            for (other, part) in [(at, part)].iter().chain(parts.of(at)) {
                let Some(Made { resource: other, properties, .. }) = made.get(*other) else { continue };
                let target = |link: &Link| {
                    if link.property == "." {
                        return vec![name(other)];
                    }
                    let Some(parts) = types.get(link.resource_type.as_str()) else { return Vec::new() };
                    let written = other.kept().and_then(|node| at_path(node, &link.property));
                    let target = within.target(&parts.group, written, at_path(properties, &link.property));
                    target.of.iter().filter_map(|at| Some(name(&made.get(*at)?.resource))).collect()
                };
                making.add(part, properties, Some(&template.file), target);
            }
            making.vague = parts.vague(at);
            let place = Place {
                location: resource.member.at.in_file(&template.file),
                address: resource.id.to_owned(),
                mapping: Mapping::CloudformationTemplate,
                certainty: Certainty::Certain,
            };
            maker.push(making, Some(place), Vec::new(), true);
        }
    }
}

/// The properties of a resource, and as `$logicalId` what it goes by until it has a name.
fn with_logical_id(mut properties: Node, resource: Resource<'_>) -> Node {
    if let Content::Map(members) = &mut properties.content {
        let content = Content::Reference { what: format!("Ref {}", resource.id), stand_in: resource.id.to_owned() };
        let at = resource.member.at;
        members.push(Member { name: "$logicalId".to_owned(), at, value: Node { content, at } });
    }
    properties
}

/// Whether parts of a kind of resource say anything of items.
fn says_anything(parts: &[(&str, &Part)]) -> bool {
    parts.iter().any(|(_, part)| part.item.is_some() || !part.links.is_empty())
}

/// The types of the resources that stand in a tree; nothing if there may be others.
fn types_in(node: &Node) -> Option<BTreeSet<&str>> {
    if let Some(kind) = node.get("Type") {
        // A part of it may stand for each of the names.
        return kind.text().filter(|kind| !kind.contains('{')).map(|kind| BTreeSet::from([kind]));
    }
    let mut kinds = BTreeSet::new();
    for member in node.members() {
        if is_macro(member) {
            return None;
        }
        kinds.extend(types_in(&member.value)?);
    }
    for element in node.elements() {
        kinds.extend(types_in(element)?);
    }
    Some(kinds)
}

/// The items of a plan, with the blocks that define them if a repository is known.
///
/// # Errors
/// Why the text is no plan.
pub fn of_plan(text: &str, repository: Option<&Repository>, given: &Given<'_>) -> Result<Undeployed, String> {
    let mut plan = plan::parse(text).map_err(|error| error.to_string())?;
    let blocks = repository.map(|repository| {
        let addresses = plan.planned.iter().map(|one| (one.modules.as_slice(), one.kind.as_str(), one.name.as_str()));
        repository.terraform.blocks(addresses)
    });
    if let Some(blocks) = &blocks {
        plan.planned.iter_mut().for_each(|planned| put_dynamic_blocks(planned, blocks));
    }
    let mut maker = Maker::new(given);
    make_of_plan(&mut maker, &plan, blocks.as_ref());
    Ok(maker.finish(1, Vec::new()))
}

/// A plan does not say of blocks that are made for each of something unknown that anybody wrote them.
fn put_dynamic_blocks(planned: &mut Planned, blocks: &Blocks<'_>) {
    let block = blocks.find(&planned.modules, &planned.kind, &planned.name).and_then(|(_, block)| block);
    let (Some(block), Content::Map(members)) = (block, &mut planned.body.content) else { return };
    for member in members {
        if let (Content::Computed(what), Some(_)) = (&member.value.content, block.body.get(&member.name)) {
            member.value.content = Content::Unresolved(what.clone());
        }
    }
}

fn make_of_plan(maker: &mut Maker<'_>, plan: &Plan, blocks: Option<&Blocks<'_>>) {
    let mappings = maker.mappings;
    let within = InPlan::new(plan);
    let mut types = BTreeMap::<&str, making::Parts<'_>>::new();
    for (at, one) in plan.planned.iter().enumerate() {
        for (kind, part) in mappings.of_terraform(&one.kind).filter(|(_, part)| part.of.is_none()) {
            types.entry(kind).or_default().group.add(at, part, &one.body, None, None);
        }
    }
    for (at, one) in plan.planned.iter().enumerate() {
        for (kind, part) in mappings.of_terraform(&one.kind) {
            let Some((parts, of)) = types.get_mut(kind).zip(part.of.as_deref()) else { continue };
            let property = |other: &str| {
                let mut parts = mappings.of_terraform(other).filter(|(name, _)| *name == kind);
                parts.find_map(|(_, part)| part.of.as_deref())
            };
            let target = within.target(&parts.group, one, of, &property);
            parts.put(at, &one.address, part, target);
        }
    }
    for (at, one) in plan.planned.iter().enumerate() {
        let parts: Vec<_> = mappings.of_terraform(&one.kind).collect();
        if !says_anything(&parts) {
            maker.leave_out(&one.kind);
        }
        for (kind, part) in parts.into_iter().filter(|(_, part)| part.of.is_none() && part.item.is_some()) {
            let Some(parts) = types.get(kind) else { continue };
            let mut making = Making::new(kind, part, &one.body, &one.address, &one.name);
            making.region.clone_from(&one.region);
            making.account_id.clone_from(&one.account_id);
            let mut facts = Vec::new();
            let mut add_facts = |one: &Planned| {
                let (location, block) = blocks?.find(&one.modules, &one.kind, &one.name)?;
                if let Some(block) = block {
                    terraform::add_facts(block, kind, mappings, &mut facts);
                }
                Some(location)
            };
            let location = add_facts(one);
            for (other_at, part) in [(at, part)].iter().chain(parts.of(at)) {
                let Some(other) = plan.planned.get(*other_at) else { continue };
                let target = |link: &Link| {
                    if link.property == "." {
                        return vec![other.address.clone()];
                    }
                    let Some(parts) = types.get(link.resource_type.as_str()) else { return Vec::new() };
                    let target = within.target(&parts.group, other, &link.property, &|_| None);
                    target.of.iter().filter_map(|at| Some(plan.planned.get(*at)?.address.clone())).collect()
                };
                making.add(part, &other.body, None, target);
                if *other_at != at {
                    add_facts(other);
                }
            }
            making.vague = parts.vague(at);
            let place = location.map(|location| Place {
                location,
                address: one.address.clone(),
                mapping: Mapping::TerraformPlan,
                certainty: Certainty::Certain,
            });
            maker.push(making, place, facts, false);
        }
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

fn not_resolved(message: String) -> Unreadable {
    Unreadable { operation: String::new(), action: None, code: code::UNRESOLVED.to_owned(), message }
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
            is_fact && !mappings.covered(kind).is_some_and(|covered| covered.says(&fact.path))
        });
        if let Some(path) = unsaid.map(|fact| fact.path.to_string()) {
            let reason = not_resolved(format!("how a template says {path} is not known"));
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
    Mappings::builtin().covered(resource_type).is_some()
}

#[cfg(test)]
mod tests;
