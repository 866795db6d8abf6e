//! CloudFormation's and SAM's templates: which resources they have, and on which lines.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::mapping::Mappings;
use super::shape::at_path;
use super::terraform::located;
use crate::item::ConfigurationItem;
use crate::location::{Certainty, Definition, Mapping, Place};
use crate::tree::yaml::{self, Defect};
use crate::tree::{Member, Node};

/// What transforms a template of SAM.
const SAM: &str = "AWS::Serverless-2016-10-31";

/// What SAM makes of its own types, beside the same logical id: the suffix of that, and the type. The properties of a
/// function, a table or a topic's policy have the names that CloudFormation gives them.
const EXPANDED: &[(&str, &str, &str)] = &[
    ("AWS::Serverless::Api", "", "AWS::ApiGateway::RestApi"),
    ("AWS::Serverless::Function", "", "AWS::Lambda::Function"),
    ("AWS::Serverless::Function", "Role", "AWS::IAM::Role"),
    ("AWS::Serverless::HttpApi", "", "AWS::ApiGatewayV2::Api"),
    ("AWS::Serverless::LayerVersion", "", "AWS::Lambda::LayerVersion"),
    ("AWS::Serverless::SimpleTable", "", "AWS::DynamoDB::Table"),
    ("AWS::Serverless::StateMachine", "", "AWS::StepFunctions::StateMachine"),
    ("AWS::Serverless::StateMachine", "Role", "AWS::IAM::Role"),
];

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
}

impl<'t> Resource<'t> {
    pub(super) fn properties(self) -> Option<&'t Node> {
        self.member.value.get("Properties")
    }
}

impl Template {
    /// Reads a text that may be a template; nothing if it is something else.
    pub(super) fn read(text: &str, file: &Arc<str>) -> Result<Option<Self>, Defect> {
        let says_so = text.contains("AWSTemplateFormatVersion") || text.contains(SAM);
        if !(text.contains("Resources") && (says_so || text.contains("AWS::"))) {
            return Ok(None);
        }
        let root = match yaml::parse(text) {
            Ok(root) => root,
            // What is not a template may be written in any way.
            Err(_) if !says_so => return Ok(None),
            Err(defect) => return Err(defect),
        };
        let template = root.map(|root| Self { file: Arc::clone(file), root });
        Ok(template.filter(|template| template.resources().next().is_some()))
    }

    /// The resources, in their order.
    pub(super) fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        let members = self.root.get("Resources").map(Node::members).unwrap_or_default();
        members.iter().filter_map(|member| {
            let kind = member.value.get("Type")?.text()?;
            Some(Resource { id: &member.name, kind, member })
        })
    }

    pub(super) fn is_sam(&self) -> bool {
        self.root.get("Transform").is_some_and(|transform| transform.holds(SAM))
    }

    /// The types that a resource becomes, with the logical id of each.
    pub(super) fn becomes<'r>(&self, resource: Resource<'r>) -> Vec<(String, &'r str)> {
        let expanded = EXPANDED.iter().filter(|(kind, ..)| self.is_sam() && *kind == resource.kind);
        let made: Vec<_> = expanded.map(|(_, suffix, made)| (format!("{}{suffix}", resource.id), *made)).collect();
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
                    Some(of) => {
                        other.properties().and_then(|node| at_path(node, of)).is_some_and(|of| refers(of, resource.id))
                    }
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

/// Whether a value is a reference to the resource of this logical id.
pub(super) fn refers(value: &Node, logical_id: &str) -> bool {
    let is = |node: &Node| node.text() == Some(logical_id);
    value.get("Ref").is_some_and(is)
        || value.get("Fn::GetAtt").is_some_and(|of| {
            of.elements().first().is_some_and(is)
                || of.text().is_some_and(|text| text.split('.').next() == Some(logical_id))
        })
        || value.get("Fn::Sub").and_then(Node::text).is_some_and(|text| {
            text.contains(&format!("${{{logical_id}}}")) || text.contains(&format!("${{{logical_id}."))
        })
}
