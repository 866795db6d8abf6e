//! The functions of a template: what they come to before it is deployed, and what is known only then.
//!
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>)

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::mapping::Mappings;
use super::shape::at_path;
use super::template::Template;
use crate::tree::{Content, Member, Node};

/// How deep functions may be nested.
const MOST_DEPTH: usize = 50;

/// What stands for the account in policies, where nobody says which one it is.
pub(super) const NO_ACCOUNT: &str = "000000000000";

/// Resolves the functions of one template.
pub(super) struct Scope<'t> {
    template: &'t Template,
    /// Parameters with a value, and pseudo parameters that were given.
    values: BTreeMap<String, Content>,
    mappings: &'t Mappings,
    /// Conditions as far as they are known; those that are being asked for are not.
    conditions: RefCell<BTreeMap<String, Option<bool>>>,
}

impl<'t> Scope<'t> {
    /// With the values that are given; of other parameters the defaults.
    pub(super) fn new(template: &'t Template, given: &BTreeMap<String, String>, mappings: &'t Mappings) -> Self {
        let mut values = BTreeMap::new();
        for parameter in template.root.get("Parameters").map(Node::members).unwrap_or_default() {
            let kind = parameter.value.get("Type").and_then(Node::text).unwrap_or_default();
            // A default that is taken from the account's parameter store is a name, not a value.
            let default = parameter.value.get("Default").filter(|_| !kind.starts_with("AWS::SSM::"));
            let given = given.get(&parameter.name).map(|text| Content::Text(text.clone()));
            let Some(value) = given.or_else(|| default.map(|default| default.content.clone())) else { continue };
            let is_list = kind.starts_with("List<") || kind == "CommaDelimitedList";
            let value = match value {
                Content::Text(text) if is_list => {
                    let parts = text.split(',').map(|part| Content::Text(part.trim().to_owned()));
                    Content::List(parts.map(|content| Node { content, at: parameter.at }).collect())
                }
                other => other,
            };
            values.insert(parameter.name.clone(), value);
        }
        for (name, value) in given.iter().filter(|(name, _)| name.starts_with("AWS::")) {
            values.insert(name.clone(), Content::Text(value.clone()));
        }
        Self { template, values, mappings, conditions: RefCell::default() }
    }

    /// A value of the template, as far as it is known.
    pub(super) fn value(&self, node: &Node) -> Node {
        self.resolved(node, 0).unwrap_or(Node { content: Content::Null, at: node.at })
    }

    /// Whether a resource with this condition is made; not known counts as yes, as its facts are to be judged.
    pub(super) fn is_made(&self, condition: Option<&str>) -> bool {
        condition.is_none_or(|name| self.condition(name, 0) != Some(false))
    }

    /// Nothing where `AWS::NoValue` stands.
    fn resolved(&self, node: &Node, depth: usize) -> Option<Node> {
        if depth > MOST_DEPTH {
            return Some(unresolved(node, "functions are nested too deep"));
        }
        let at = node.at;
        let content = match &node.content {
            Content::List(elements) => {
                Content::List(elements.iter().filter_map(|element| self.resolved(element, depth + 1)).collect())
            }
            Content::Map(members) => match members.as_slice() {
                [Member { name, value, .. }] if name == "Ref" || name.starts_with("Fn::") => {
                    return self.called(name, value, node, depth + 1);
                }
                members => Content::Map(
                    members
                        .iter()
                        .filter_map(|member| {
                            let value = self.resolved(&member.value, depth + 1)?;
                            Some(Member { name: member.name.clone(), at: member.at, value })
                        })
                        .collect(),
                ),
            },
            other => other.clone(),
        };
        Some(Node { content, at })
    }

    fn called(&self, function: &str, of: &Node, node: &Node, depth: usize) -> Option<Node> {
        let known = |content: Content| Some(Node { content, at: node.at });
        let argument = |at: usize| of.elements().get(at);
        match function {
            "Ref" => {
                let name = of.text().unwrap_or_default();
                if name == "AWS::NoValue" { None } else { known(self.named(name, "Ref")) }
            }
            "Fn::GetAtt" => {
                let [resource, attribute] = of.elements() else { return Some(unresolved(node, "Fn::GetAtt")) };
                let (resource, attribute) = (resource.text().unwrap_or_default(), attribute.text().unwrap_or("…"));
                known(self.attribute(resource, attribute))
            }
            "Fn::Sub" => known(self.substituted(of, depth)),
            "Fn::Join" => {
                let parts = argument(1).and_then(|list| self.resolved(list, depth));
                let between = argument(0).and_then(Node::text);
                match (between, parts) {
                    (Some(between), Some(Node { content: Content::List(parts), .. })) => known(joined(&parts, between)),
                    (_, parts) => {
                        Some(unresolved(node, parts.as_ref().and_then(Node::unresolved).unwrap_or("Fn::Join")))
                    }
                }
            }
            "Fn::If" => {
                let name = argument(0).and_then(Node::text).unwrap_or_default();
                match self.condition(name, depth) {
                    Some(truth) => self.resolved(argument(if truth { 1 } else { 2 })?, depth),
                    None => Some(unresolved(node, &format!("condition {name}"))),
                }
            }
            "Fn::FindInMap" => {
                let keys: Option<Vec<String>> =
                    of.elements().iter().take(3).map(|key| self.resolved(key, depth)?.plain()).collect();
                let found = keys.as_deref().and_then(|keys| {
                    let [map, first, second] = keys else { return None };
                    self.template.root.get("Mappings")?.get(map)?.get(first)?.get(second)
                });
                Some(
                    found
                        .cloned()
                        .map_or_else(|| unresolved(node, "Fn::FindInMap"), |found| Node { at: node.at, ..found }),
                )
            }
            "Fn::Select" => {
                let place = argument(0).and_then(|at| self.resolved(at, depth)?.plain()?.parse::<usize>().ok());
                let list = argument(1).and_then(|list| self.resolved(list, depth));
                let found = place.zip(list.as_ref()).and_then(|(at, list)| list.elements().get(at).cloned());
                Some(found.unwrap_or_else(|| unresolved(node, "Fn::Select")))
            }
            "Fn::Split" => {
                let text = argument(1).and_then(|text| self.resolved(text, depth)?.plain());
                match (argument(0).and_then(Node::text), text) {
                    (Some(between), Some(text)) if !between.is_empty() => {
                        let parts = text.split(between).map(|part| Content::Text(part.to_owned()));
                        known(Content::List(parts.map(|content| Node { content, at: node.at }).collect()))
                    }
                    _ => Some(unresolved(node, "Fn::Split")),
                }
            }
            other => Some(unresolved(node, other)),
        }
    }

    /// What a name stands for: a parameter, a pseudo parameter, or what a resource is known by.
    fn named(&self, name: &str, how: &str) -> Content {
        if let Some(value) = self.values.get(name) {
            return value.clone();
        }
        let region = || self.values.get("AWS::Region").and_then(Content::text);
        match name {
            // It follows from the region alone.
            "AWS::Partition" if region().is_some() => Content::Text(partition(region().unwrap_or_default()).to_owned()),
            "AWS::URLSuffix" if region().is_some() => {
                let is_china = region().is_some_and(|region| region.starts_with("cn-"));
                Content::Text(if is_china { "amazonaws.com.cn" } else { "amazonaws.com" }.to_owned())
            }
            "AWS::AccountId" => reference(name, NO_ACCOUNT),
            "AWS::Partition" => reference(name, "aws"),
            "AWS::Region" => reference(name, "region"),
            "AWS::URLSuffix" => reference(name, "amazonaws.com"),
            "AWS::StackName" | "AWS::StackId" => reference(name, "stack"),
            _ => match self.template.resources().find(|resource| resource.id == name) {
                // Its own name, if the template chooses one; otherwise it is known by its logical id.
                Some(resource) => match self.chosen_name(resource.kind, resource.properties()) {
                    Some(name) => Content::Text(name),
                    None => reference(&format!("{how} {name}"), name),
                },
                None => Content::Unresolved(format!("{how} {name}")),
            },
        }
    }

    /// What `Ref` gives of a resource whose id one chooses.
    pub(super) fn chosen_name(&self, kind: &str, properties: Option<&Node>) -> Option<String> {
        let mut parts = self.mappings.of_cloudformation(kind).filter(|(_, part)| part.of.is_none());
        let id = parts.find_map(|(_, part)| part.id.as_deref())?;
        match self.resolved(at_path(properties?, id)?, 1)?.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// An ARN is known as far as the name is; other attributes are AWS's to give.
    fn attribute(&self, resource: &str, attribute: &str) -> Content {
        let what = format!("GetAtt {resource}.{attribute}");
        let Some(found) = self.template.resources().find(|one| one.id == resource) else {
            return Content::Unresolved(what);
        };
        let arn = self.mappings.of_cloudformation(found.kind).find_map(|(_, part)| part.arn.as_deref());
        match arn.filter(|_| attribute == "Arn") {
            Some(form) => {
                let name = self.chosen_name(found.kind, found.properties());
                reference(&what, &form.replace("{id}", name.as_deref().unwrap_or(resource)))
            }
            None => reference(&what, &format!("{resource}.{attribute}")),
        }
    }

    /// `${Name}`, `${Resource.Attribute}`, and `${!Literal}`.
    fn substituted(&self, of: &Node, depth: usize) -> Content {
        let (text, own) = match of.elements() {
            [text, own] => (text.text(), own.members()),
            _ => (of.text(), &[][..]),
        };
        let Some(mut rest) = text else { return Content::Unresolved("Fn::Sub".to_owned()) };
        let mut parts = Vec::new();
        let part = |content| Node { content, at: of.at };
        while let Some((before, after)) = rest.split_once("${") {
            parts.push(part(Content::Text(before.to_owned())));
            let Some((name, after)) = after.split_once('}') else {
                return Content::Unresolved("Fn::Sub".to_owned());
            };
            rest = after;
            let name = name.trim();
            if let Some(literal) = name.strip_prefix('!') {
                parts.push(part(Content::Text(format!("${{{literal}}}"))));
            } else if let Some(member) = own.iter().find(|member| member.name == name) {
                parts.extend(self.resolved(&member.value, depth));
            } else if let Some((resource, attribute)) = name.split_once('.') {
                parts.push(part(self.attribute(resource, attribute)));
            } else {
                parts.push(part(self.named(name, "Ref")));
            }
        }
        parts.push(part(Content::Text(rest.to_owned())));
        joined(&parts, "")
    }

    fn condition(&self, name: &str, depth: usize) -> Option<bool> {
        if let Some(known) = self.conditions.borrow().get(name) {
            return *known;
        }
        // A condition that asks for itself is not known.
        self.conditions.borrow_mut().insert(name.to_owned(), None);
        let condition = self.template.root.get("Conditions").and_then(|all| all.get(name));
        let known = condition.and_then(|node| self.holds(node, depth + 1));
        self.conditions.borrow_mut().insert(name.to_owned(), known);
        known
    }

    fn holds(&self, node: &Node, depth: usize) -> Option<bool> {
        let [Member { name, value, .. }] = node.members() else { return None };
        if depth > MOST_DEPTH {
            return None;
        }
        let each = || value.elements().iter().map(|one| self.holds(one, depth + 1));
        match name.as_str() {
            "Condition" => self.condition(value.text()?, depth),
            "Fn::Equals" => {
                let [left, right] = value.elements() else { return None };
                Some(self.resolved(left, depth)?.plain()? == self.resolved(right, depth)?.plain()?)
            }
            "Fn::Not" => each().next()?.map(|truth| !truth),
            "Fn::And" if each().any(|one| one == Some(false)) => Some(false),
            "Fn::And" => each().all(|one| one == Some(true)).then_some(true),
            "Fn::Or" if each().any(|one| one == Some(true)) => Some(true),
            "Fn::Or" => each().all(|one| one == Some(false)).then_some(false),
            _ => None,
        }
    }
}

pub(super) fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

fn unresolved(node: &Node, what: &str) -> Node {
    Node { content: Content::Unresolved(what.to_owned()), at: node.at }
}

fn reference(what: &str, stand_in: &str) -> Content {
    Content::Reference { what: what.to_owned(), stand_in: stand_in.to_owned() }
}

/// Texts in a row. One that is not known makes the whole not known.
fn joined(parts: &[Node], between: &str) -> Content {
    let mut texts = Vec::new();
    let mut whats = Vec::new();
    for part in parts {
        match &part.content {
            Content::Reference { what, stand_in } => {
                texts.push(stand_in.clone());
                whats.push(what.clone());
            }
            Content::Unresolved(what) => return Content::Unresolved(what.clone()),
            _ => match part.plain() {
                Some(text) => texts.push(text),
                None => return Content::Unresolved("a list in a text".to_owned()),
            },
        }
    }
    let text = texts.join(between);
    if whats.is_empty() { Content::Text(text) } else { reference(&whats.join(", "), &text) }
}
