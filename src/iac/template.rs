//! CloudFormation's and SAM's templates: which resources they have, and on which lines.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::mapping::Mappings;
use super::sam::{self, SAM};
use super::shape::at_path;
use super::terraform::located;
use crate::item::ConfigurationItem;
use crate::location::{Certainty, Definition, Mapping, Place};
use crate::tree::yaml::{self, Defect};
use crate::tree::{Content, Member, Node};

/// One template.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub(super) file: Arc<str>,
    pub(super) root: Node,
}

/// A resource of a template.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resource<'t> {
    pub(super) id: &'t str,
    pub(super) kind: &'t str,
    pub(super) member: &'t Member,
    /// The macro that stands among all resources, if there is one.
    among: Option<&'t Member>,
}

impl<'t> Resource<'t> {
    pub(super) fn properties(self) -> Option<&'t Node> {
        self.member.value.get("Properties")
    }

    /// The macro that stands beside it or beside its type: on deployment it makes anything of what it stands beside, the
    /// condition as well.
    pub(super) fn remaker(self) -> Option<&'t str> {
        let found = self.among.or_else(|| macro_in(&self.member.value));
        found.map(|member| member.name.as_str())
    }

    /// The macro that makes anything of its properties: one that remakes it, or one that stands among them.
    pub(super) fn rewriter(self) -> Option<&'t str> {
        // A function alone is the value that it comes to.
        let properties = || self.properties().filter(|properties| properties.members().len() > 1);
        self.remaker().or_else(|| macro_in(properties()?).map(|member| member.name.as_str()))
    }

    /// The properties as they stand there, if they stay so.
    pub(super) fn kept(self) -> Option<&'t Node> {
        self.properties().filter(|_| self.rewriter().is_none())
    }

    /// The name of the condition on which it is made.
    pub(super) fn condition(self) -> Option<&'t str> {
        self.member.value.get("Condition").and_then(Node::text)
    }
}

/// Macros of AWS whose work is done here, or that only add what no rule judges.
const FOLLOWED: [&str; 3] = [SAM, "AWS::LanguageExtensions", "AWS::CodeDeployBlueGreen"];

impl Template {
    /// Reads a text that may be a template; nothing if it is something else.
    pub(super) fn read(text: &str, file: &Arc<str>) -> Result<Option<Self>, Defect> {
        let says_so = text.contains("AWSTemplateFormatVersion") || text.contains(SAM);
        if !(text.contains("Resources") && (says_so || text.contains("AWS::"))) {
            return Ok(None);
        }
        let root = match yaml::parse(text) {
            Ok(Some(root)) => root,
            Ok(None) => return Ok(None),
            // What is not a template may be written in any way.
            Err(_) if !says_so => return Ok(None),
            Err(defect) => return Err(defect),
        };
        let mut template = Self { file: Arc::clone(file), root };
        // Without a word of its own that it is one, a file whose resources all lack a type is something else.
        let has_makers = template.makers().any(|maker| says_so || is_function(maker));
        if template.resources().next().is_none() && !has_makers {
            return Ok(None);
        }
        if sam::is_sam(&template.root) {
            sam::put_globals_in(&mut template.root).map_err(|message| (1, message))?;
        }
        Ok(Some(template))
    }

    /// The resources, in their order.
    pub(super) fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        let resources = self.root.get("Resources");
        let among = resources.and_then(macro_in);
        resources.map(Node::members).unwrap_or_default().iter().filter_map(move |member| {
            let kind = member.value.get("Type")?.text()?;
            Some(Resource { id: &member.name, kind, member, among })
        })
    }

    /// What stands among the resources and makes more of them on deployment (`Fn::ForEach::Name`, a macro), and the
    /// resources of which nobody can say what they are, as their type is no text.
    pub(super) fn makers(&self) -> impl Iterator<Item = &Member> {
        let members = self.root.get("Resources").map(Node::members).unwrap_or_default();
        members.iter().filter(|member| is_function(member) || member.value.get("Type").and_then(Node::text).is_none())
    }

    /// A macro that may make anything of the template, by its name and line.
    pub(super) fn unknown_macro(&self) -> Option<(&str, u64)> {
        let transforms = ["Transform", "Fn::Transform"].into_iter().filter_map(|name| self.root.get(name));
        let mut macros = transforms.flat_map(|transform| match &transform.content {
            Content::List(macros) => macros.as_slice(),
            Content::Null => &[],
            _ => std::slice::from_ref(transform),
        });
        macros.find_map(|one| {
            let name = one.text().or_else(|| one.get("Name")?.text()).unwrap_or("a macro without a name");
            let is_followed = FOLLOWED.contains(&name) || name.starts_with("AWS::SecretsManager-");
            (!is_followed).then_some((name, one.at.line))
        })
    }

    /// The types that a resource becomes, with the logical id of each.
    pub(super) fn becomes<'r>(&self, resource: Resource<'r>) -> Vec<(String, &'r str)> {
        let made = if sam::is_sam(&self.root) { sam::becomes(resource) } else { Vec::new() };
        if made.is_empty() { vec![(resource.id.to_owned(), resource.kind)] } else { made }
    }

    /// The resource that is deployed under a logical id as this type.
    pub(super) fn find(&self, logical_id: &str, resource_type: &str, mappings: &Mappings) -> Option<Resource<'_>> {
        self.resources().find(|resource| {
            self.becomes(*resource).iter().any(|(id, kind)| {
                let is_type = *kind == resource_type
                    || mappings.of_cloudformation(kind).any(|(name, part)| part.of.is_none() && name == resource_type);
                id == logical_id && is_type
            })
        })
    }

    /// The resources of the type that give themselves this name.
    pub(super) fn named(&self, item: &ConfigurationItem, mappings: &Mappings) -> Vec<Resource<'_>> {
        let names: BTreeSet<&str> =
            [Some(&*item.key.resource_id), item.resource_name.as_deref()].into_iter().flatten().collect();
        let is_named = |resource: &Resource<'_>| {
            let parts = mappings.of_cloudformation(resource.kind);
            let mut of_type = parts.filter(|(name, part)| part.of.is_none() && **name == *item.key.resource_type);
            of_type.any(|(_, part)| {
                let literal = |path: &String| at_path(resource.properties()?, path)?.text();
                part.id.iter().chain(&part.name).filter_map(literal).any(|text| names.contains(text))
            })
        };
        self.resources().filter(is_named).collect()
    }

    /// The resources with a value of the tag `yor_trace`.
    pub(super) fn traced(&self, trace: &str) -> Vec<Resource<'_>> {
        self.resources().filter(|resource| resource.member.value.holds(trace)).collect()
    }

    /// What a resource of the template defines.
    pub(super) fn definition(
        &self,
        resource: Resource<'_>,
        resource_type: &str,
        mapping: Mapping,
        certainty: Certainty,
        mappings: &Mappings,
    ) -> Definition {
        let location = resource.member.at.in_file(&self.file);
        let place = Place { location, address: resource.id.to_owned(), mapping, certainty };
        let mut facts = Vec::new();
        for other in self.resources() {
            let parts = mappings.of_cloudformation(other.kind).filter(|(name, _)| *name == resource_type);
            for (_, part) in parts {
                let is_of = match &part.of {
                    None => other.id == resource.id,
                    Some(of) => other.properties().and_then(|node| at_path(node, of)).is_some_and(|of| {
                        let elements = if of.elements().is_empty() { std::slice::from_ref(of) } else { of.elements() };
                        elements.iter().any(|one| referent(one) == Some(resource.id))
                    }),
                };
                if let (true, Some(shape), Some(properties)) = (is_of, &part.item, other.properties()) {
                    let mut written = Vec::new();
                    shape.facts(properties, "", &mut written);
                    facts.extend(located(written, &self.file));
                }
            }
        }
        Definition { place, facts, is_ordered: false }
    }
}

/// Whether a member is a function, and no name that somebody chose.
pub(super) fn is_function(member: &Member) -> bool {
    member.name.starts_with("Fn::") || is_macro(member)
}

/// Whether a member hands what it stands beside to a macro. Of the two names that this has, the short one may be anything's, and
/// is told by what stands there.
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-transform.html>)
pub(super) fn is_macro(member: &Member) -> bool {
    let is_call = || {
        let parts = member.value.members();
        member.value.get("Name").and_then(Node::text).is_some()
            && parts.iter().all(|part| ["Name", "Parameters"].contains(&part.name.as_str()))
    };
    member.name == "Fn::Transform" || member.name == "Transform" && is_call()
}

/// The macro among the members of a mapping.
pub(super) fn macro_in(node: &Node) -> Option<&Member> {
    node.members().iter().find(|member| is_macro(member))
}

/// The logical id, or the parameter, to which a value is a reference and nothing else.
pub(super) fn referent(value: &Node) -> Option<&str> {
    let [Member { name, value, .. }] = value.members() else { return None };
    match name.as_str() {
        "Ref" => value.text(),
        "Fn::GetAtt" => value.elements().first().map_or_else(|| value.text()?.split('.').next(), Node::text),
        "Fn::Sub" => {
            let inner = value.text()?.strip_prefix("${")?.strip_suffix('}')?;
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == ':';
            inner.chars().all(is_name).then(|| inner.split('.').next()).flatten()
        }
        _ => None,
    }
}
