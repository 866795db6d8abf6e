//! The functions of a template: what they come to before it is deployed, and what is known only then.
//!
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>)

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::mapping::Mappings;
use super::shape::at_path;
use super::template::{Resource, Template, is_function, macro_in};
use crate::tree::{Content, Member, Node, Size};

/// How deep functions may be nested, those among them that a name stands for.
const MOST_DEPTH: usize = 50;

/// How long a text that functions make may be.
const MOST_TEXT: usize = 64 << 10;
const TOO_LONG: &str = "a text that is too long";

/// What stands for the account in policies, where nobody says which one it is.
pub const NO_ACCOUNT: &str = "000000000000";

/// Resolves the functions of one template.
pub(super) struct Scope<'t> {
    template: &'t Template,
    /// Parameters with a value, and pseudo parameters that were given.
    values: BTreeMap<String, Content>,
    /// The parameters with `NoEcho`, whose values are secrets. Conditions may look at them, and nothing else.
    secrets: BTreeSet<&'t str>,
    /// Whether a condition is being decided.
    is_deciding: Cell<bool>,
    mappings: &'t Mappings,
    resources: BTreeMap<&'t str, Resource<'t>>,
    /// Conditions as far as they are known; those that are being asked for are not.
    conditions: RefCell<BTreeMap<String, Option<bool>>>,
    /// The names that resources choose, by logical id; those that are being asked for are not known.
    names: RefCell<BTreeMap<&'t str, Option<String>>>,
    /// What functions have come to.
    spent: Cell<Size>,
}

impl<'t> Scope<'t> {
    /// With the values that are given; of other parameters the defaults.
    pub(super) fn new(template: &'t Template, given: &BTreeMap<String, String>, mappings: &'t Mappings) -> Self {
        let (mut values, mut secrets) = (BTreeMap::new(), BTreeSet::new());
        for parameter in template.root.get("Parameters").map(Node::members).unwrap_or_default() {
            let kind = parameter.value.get("Type").and_then(Node::text).unwrap_or_default();
            let no_echo = parameter.value.get("NoEcho").and_then(Node::plain);
            if no_echo.is_some_and(|text| text.eq_ignore_ascii_case("true")) {
                secrets.insert(parameter.name.as_str());
            }
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
        let mut resources = BTreeMap::new();
        for resource in template.resources() {
            resources.entry(resource.id).or_insert(resource);
        }
        Self {
            template,
            values,
            secrets,
            is_deciding: Cell::new(false),
            mappings,
            resources,
            conditions: RefCell::default(),
            names: RefCell::default(),
            spent: Cell::default(),
        }
    }

    /// A value of the template, as far as it is known.
    pub(super) fn value(&self, node: &Node) -> Node {
        self.resolved(node, 0).unwrap_or(Node { content: Content::Null, at: node.at })
    }

    /// The properties of a resource, as far as they are known.
    pub(super) fn properties(&self, resource: Resource<'_>) -> Node {
        let at = resource.member.at;
        let content = match (resource.rewriter(), resource.properties()) {
            (Some(function), _) => Content::Unresolved(function.to_owned()),
            (None, Some(properties)) => return self.value(properties),
            (None, None) => Content::Map(Vec::new()),
        };
        Node { content, at }
    }

    /// Whether a resource is made, as far as that is known.
    pub(super) fn is_made(&self, resource: Resource<'_>) -> Option<bool> {
        // What remakes a resource may put a condition there, or take it away.
        if resource.remaker().is_some() {
            return None;
        }
        resource.condition().map_or(Some(true), |name| self.condition(name, 0))
    }

    /// The resource of a logical id.
    pub(super) fn resource(&self, id: &str) -> Option<Resource<'t>> {
        self.resources.get(id).copied()
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
                [member] if member.name == "Ref" || is_function(member) => {
                    return self.called(&member.name, &member.value, node, depth + 1).map(|made| self.bounded(made));
                }
                // A macro makes anything of what stands beside it, and a loop adds to that.
                members if members.iter().any(is_function) => {
                    let function = members.iter().find(|member| is_function(member));
                    return function.map(|function| unresolved(node, &function.name));
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

    /// What a function came to, unless it or all of them together are more than a template is made of.
    fn bounded(&self, made: Node) -> Node {
        let size = Size::of(&made);
        let spent = self.spent.get().and(size);
        self.spent.set(spent);
        if spent.is_too_much() {
            return unresolved(&made, &format!("functions that come to {}", Size::TOO_MUCH));
        }
        if made.text().is_some_and(|text| text.len() > MOST_TEXT) { unresolved(&made, TOO_LONG) } else { made }
    }

    fn called(&self, function: &str, of: &Node, node: &Node, depth: usize) -> Option<Node> {
        let known = |content: Content| Some(Node { content, at: node.at });
        let argument = |at: usize| of.elements().get(at);
        match function {
            "Ref" => {
                let name = of.text().unwrap_or_default();
                if name == "AWS::NoValue" { None } else { known(self.named(name, "Ref", depth)) }
            }
            "Fn::GetAtt" => {
                let [resource, attribute] = of.elements() else { return Some(unresolved(node, "Fn::GetAtt")) };
                let (resource, attribute) = (resource.text().unwrap_or_default(), attribute.text().unwrap_or("…"));
                known(self.attribute(resource, attribute, depth))
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
                    let [_, _, _] = keys else { return None };
                    keys.iter().try_fold(self.template.root.get("Mappings")?, |node, key| stays(node)?.get(key))
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
    fn named(&self, name: &str, how: &str, depth: usize) -> Content {
        if let Some(value) = self.values.get(name) {
            if self.secrets.contains(name) && !self.is_deciding.get() && !is_blank(value) {
                // That there is one is known; it is no value that a rule could compare with another.
                return reference(&format!("{how} {name}, which NoEcho hides"), &hidden(name));
            }
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
            _ => match self.resource(name) {
                // Its own name, if the template chooses one; otherwise it is known by its logical id.
                Some(resource) => match self.chosen_name(resource, depth) {
                    Some(name) => Content::Text(name),
                    None => reference(&format!("{how} {name}"), name),
                },
                None => Content::Unresolved(format!("{how} {name}")),
            },
        }
    }

    /// What `Ref` gives of a resource whose id one chooses.
    fn chosen_name(&self, resource: Resource<'t>, depth: usize) -> Option<String> {
        if let Some(known) = self.names.borrow().get(resource.id) {
            return known.clone();
        }
        let mut parts = self.mappings.of_cloudformation(resource.kind).filter(|(_, part)| part.of.is_none());
        let id = parts.find_map(|(_, part)| part.id.as_deref())?;
        let written = at_path(resource.kept()?, id)?;
        // A name that is made of itself is not known.
        self.names.borrow_mut().insert(resource.id, None);
        // The name stays, whoever asks for it first.
        let was_deciding = self.is_deciding.replace(false);
        let resolved = self.resolved(written, depth + 1);
        self.is_deciding.set(was_deciding);
        let name = match resolved?.content {
            Content::Text(text) => Some(text),
            _ => None,
        };
        self.names.borrow_mut().insert(resource.id, name.clone());
        name
    }

    /// An ARN is known as far as the name is; other attributes are AWS's to give.
    fn attribute(&self, resource: &str, attribute: &str, depth: usize) -> Content {
        let what = format!("GetAtt {resource}.{attribute}");
        let Some(found) = self.resource(resource) else { return Content::Unresolved(what) };
        let arn = self.mappings.of_cloudformation(found.kind).find_map(|(_, part)| part.arn.as_deref());
        match arn.filter(|_| attribute == "Arn") {
            Some(form) => {
                let name = self.chosen_name(found, depth);
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
                parts.push(part(self.attribute(resource, attribute, depth)));
            } else {
                parts.push(part(self.named(name, "Ref", depth)));
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
        let condition = self.template.root.get("Conditions").and_then(stays).and_then(|all| all.get(name));
        let was_deciding = self.is_deciding.replace(true);
        let known = condition.and_then(|node| self.holds(node, depth + 1));
        self.is_deciding.set(was_deciding);
        self.conditions.borrow_mut().insert(name.to_owned(), known);
        known
    }

    fn holds(&self, node: &Node, depth: usize) -> Option<bool> {
        let [Member { name, value, .. }] = node.members() else { return None };
        if depth > MOST_DEPTH {
            return None;
        }
        let each = || value.elements().iter().map(|one| self.holds(one, depth + 1)).collect::<Vec<_>>();
        // One member decides alone; all have to be known otherwise.
        let unless = |deciding: bool| {
            let members = each();
            let is_decided = members.contains(&Some(deciding));
            if is_decided { Some(deciding) } else { (!members.contains(&None)).then_some(!deciding) }
        };
        match name.as_str() {
            "Condition" => self.condition(value.text()?, depth),
            "Fn::Equals" => {
                let [left, right] = value.elements() else { return None };
                Some(self.resolved(left, depth)?.plain()? == self.resolved(right, depth)?.plain()?)
            }
            "Fn::Not" => each().first().copied().flatten().map(|truth| !truth),
            "Fn::And" => unless(false),
            "Fn::Or" => unless(true),
            _ => None,
        }
    }
}

/// What stands among mappings or conditions, unless a macro beside it makes anything of it.
fn stays(section: &Node) -> Option<&Node> {
    Some(section).filter(|section| macro_in(section).is_none())
}

/// Whether a value is as good as none: a parameter without one is an empty text, or a list of one.
fn is_blank(value: &Content) -> bool {
    match value {
        Content::Text(text) => text.is_empty(),
        Content::List(elements) => elements.iter().all(|element| is_blank(&element.content)),
        _ => false,
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

/// What stands for a secret in texts that are made of it. It says which one, as names are compared.
pub(super) fn hidden(which: impl Display) -> String {
    format!("(hidden {which})")
}

fn reference(what: &str, stand_in: &str) -> Content {
    Content::Reference { what: what.to_owned(), stand_in: stand_in.to_owned() }
}

/// Texts in a row. One that is not known makes the whole not known.
fn joined(parts: &[Node], between: &str) -> Content {
    let mut texts = Vec::new();
    let mut whats = Vec::new();
    let mut length = 0;
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
        length += texts.last().map_or(0, String::len) + between.len();
        if length > MOST_TEXT {
            return Content::Unresolved(TOO_LONG.to_owned());
        }
    }
    let text = texts.join(between);
    if whats.is_empty() { Content::Text(text) } else { reference(&whats.join(", "), &text) }
}
