//! The schema of a type's items: what the descriptor makes of the shapes that the models have.

use std::collections::BTreeMap;

use super::{Check, Form, Stack};
use crate::schema::{Form as Fact, Link, TypeSchema};
use crate::source::descriptor::path::{Path, Step};
use crate::source::descriptor::template::{Node, Text};
use crate::source::descriptor::{Body, Case, Catalog, Part, PartSource, ResourceDescriptor};
use crate::source::model::{Kind, Models, ShapeId};
use crate::value::Value;

impl Catalog {
    /// The schema of a type's items; `None` if no descriptor tells how to read it.
    pub fn schema(&self, resource_type: &str, models: &Models) -> Option<TypeSchema> {
        let descriptors = self.get(resource_type).iter();
        descriptors.map(|descriptor| descriptor.schema(self, models)).reduce(TypeSchema::or)
    }
}

impl ResourceDescriptor {
    fn schema(&self, catalog: &Catalog, models: &Models) -> TypeSchema {
        let mut check = Check::new(self, catalog, models);
        let element = check.element();
        for part in &self.parts {
            let form = check.part_output(part);
            check.parts.insert(part.name.clone(), form);
        }
        let none = || Fact::Object(BTreeMap::new());
        let mut sections = none();
        sections.put(&["configuration"], check.body_form(&self.body, &element));
        sections.put(&["supplementaryConfiguration"], none());
        sections.put(&["tags"], Fact::Map(Box::new(Fact::Text)));
        let mut parts = BTreeMap::new();
        let mut needs = BTreeMap::new();
        for part in &self.parts {
            if let Some(into) = part.into.as_deref() {
                let steps: Vec<&str> = into.split('/').skip(1).collect();
                sections.put(&steps, check.part_form(part, &element));
            }
            parts.insert(part.name.to_string(), part.into.as_deref().unwrap_or("/tags").to_owned());
            let with = self.with_needed(&part.needs).iter().map(ToString::to_string).collect();
            needs.insert(part.name.to_string(), with);
        }
        let links = self.links.iter().map(|link| Link {
            to: link.resource_type.to_string(),
            part: link.part.as_deref().map(str::to_owned),
            inverse: link.inverse.is_some(),
        });
        TypeSchema {
            sections,
            parts,
            needs,
            tags: self.tags.as_ref().and_then(|tags| tags.part.as_deref()).map(str::to_owned),
            links: links.collect(),
        }
    }
}

impl<'m> Check<'m, '_> {
    fn body_form(&mut self, body: &Body, element: &Stack<'m>) -> Fact {
        if let Some(build) = &body.build {
            return self.node_form(&build.node, element);
        }
        let mut form = fact(&self.get(&body.from, body.from.at, element), body.case, &mut Vec::new());
        for path in &body.drop {
            // A path of the element, in the model's names, below what the body is made from.
            if let Some(steps) = path.steps.strip_prefix(body.from.steps.as_slice()) {
                form.remove(&names(steps, body.case));
            }
        }
        if let Fact::Object(members) = form {
            let renamed = |name: String| body.rename.get(&name).cloned().unwrap_or(name);
            let mut members: BTreeMap<String, Fact> =
                members.into_iter().map(|(name, form)| (renamed(name), form)).collect();
            for (name, template) in &body.set {
                members.insert(name.clone(), self.node_form(&template.node, element));
            }
            form = Fact::Object(members);
        }
        form
    }

    fn part_form(&mut self, part: &Part, element: &Stack<'m>) -> Fact {
        let output = self.parts.get(&part.name).cloned().unwrap_or(Form::Any);
        let form = match &part.build {
            Some(build) => {
                let stack = std::iter::once(output).chain(element.iter().cloned()).collect();
                self.node_form(&build.node, &stack)
            }
            None => match (&part.source, &output) {
                (PartSource::Each { size: None, .. } | PartSource::Shared { .. }, Form::List(one)) => {
                    Fact::List(Box::new(fact(one, part.case, &mut Vec::new())))
                }
                (PartSource::Each { .. }, Form::Map(one)) => Fact::Map(Box::new(fact(one, part.case, &mut Vec::new()))),
                (_, output) => fact(output, part.case, &mut Vec::new()),
            },
        };
        let constants = [&part.otherwise, &part.absent_value].into_iter().flatten();
        constants.filter(|value| **value != Value::Null).fold(form, |form, value| form.or(of_value(value)))
    }

    /// What a template makes.
    fn node_form(&mut self, node: &Node, stack: &Stack<'m>) -> Fact {
        match node {
            Node::Constant(value) => of_value(value),
            Node::Text(text) if text.is_value() => self.value_form(text, stack),
            Node::Text(_) => Fact::Text,
            Node::List(nodes) => Fact::List(Box::new(self.one_of(nodes, stack))),
            Node::Object(members) => Fact::Object(
                members.iter().map(|(name, node)| (name.to_string(), self.node_form(node, stack))).collect(),
            ),
            Node::Each { path, to } => {
                let inner = self.each(path, path.at, stack);
                Fact::List(Box::new(self.node_form(to, &inner)))
            }
            Node::Map { path, words } => {
                let before = self.path_form(path, stack);
                let words = words.iter().map(|(_, value)| of_value(value)).reduce(Fact::or);
                match (before, words) {
                    (Fact::List(element), Some(words)) => Fact::List(Box::new(element.or(words))),
                    (before, Some(words)) => before.or(words),
                    (before, None) => before,
                }
            }
            Node::Json(_) => Fact::Any,
            Node::Case { path, case, .. } => fact(&self.get(path, path.at, stack), *case, &mut Vec::new()),
            Node::Pairs(path) => {
                let value = match self.path_form(path, stack) {
                    Fact::Map(value) => *value,
                    _ => Fact::Any,
                };
                let pair = [("Key".to_owned(), Fact::Text), ("Value".to_owned(), value)];
                Fact::List(Box::new(Fact::Object(pair.into())))
            }
            Node::Entries { path, keys, value } => {
                let inner = self.each(path, path.at, stack);
                let value = self.node_form(value, &inner);
                keys.iter().fold(value, |value, _| Fact::Map(Box::new(value)))
            }
            Node::Merge(nodes) => self.one_of(nodes, stack),
            Node::If { then, otherwise, .. } => {
                let then = self.node_form(then, stack);
                match otherwise {
                    Some(otherwise) => then.or(self.node_form(otherwise, stack)),
                    None => then,
                }
            }
            Node::Optional(node) => self.node_form(node, stack),
        }
    }

    fn one_of(&mut self, nodes: &[Node], stack: &Stack<'m>) -> Fact {
        let forms: Vec<Fact> = nodes.iter().map(|node| self.node_form(node, stack)).collect();
        forms.into_iter().reduce(Fact::or).unwrap_or(Fact::Any)
    }

    fn path_form(&mut self, path: &Path, stack: &Stack<'m>) -> Fact {
        fact(&self.get(path, path.at, stack), Case::None, &mut Vec::new())
    }

    /// What a template that is one path leads to, and what its filters make of it.
    fn value_form(&mut self, text: &Text, stack: &Stack<'m>) -> Fact {
        let paths: Vec<_> = text.paths().collect();
        let forms: Vec<Fact> = paths.iter().map(|(path, _)| self.path_form(path, stack)).collect();
        let form = forms.into_iter().reduce(Fact::or).unwrap_or(Fact::Any);
        text.filtered_form(form)
    }
}

/// A value of this shape, with its members renamed. Shapes that hold themselves are not followed for ever.
fn fact(form: &Form<'_>, case: Case, open: &mut Vec<ShapeId>) -> Fact {
    let (model, shape) = match form {
        Form::Shape(model, shape) => (*model, *shape),
        Form::List(element) => return Fact::List(Box::new(fact(element, case, open))),
        Form::Map(value) => return Fact::Map(Box::new(fact(value, case, open))),
        Form::Text => return Fact::Text,
        Form::Any => return Fact::Any,
        Form::Nothing => return Fact::Object(BTreeMap::new()),
    };
    let element = |open: &mut Vec<ShapeId>| {
        let element = model.element(shape).map(|shape| fact(&Form::Shape(model, shape), case, open));
        Box::new(element.unwrap_or(Fact::Any))
    };
    match model.kind(shape) {
        Kind::Structure if open.contains(&shape) => Fact::Any,
        Kind::Structure => {
            open.push(shape);
            let members = model.members(shape).map(|(name, member)| {
                let form =
                    if model.is_json(shape, name) { Fact::Any } else { fact(&Form::Shape(model, member), case, open) };
                (case.rename(name), form)
            });
            let members = members.collect();
            open.pop();
            Fact::Object(members)
        }
        Kind::List => Fact::List(element(open)),
        Kind::Map => Fact::Map(element(open)),
        Kind::Boolean => Fact::Truth,
        Kind::Integer => Fact::Integer,
        Kind::Float => Fact::Number,
        Kind::Timestamp if case == Case::Bean => Fact::Integer,
        Kind::String | Kind::Blob | Kind::Timestamp => Fact::Text,
        Kind::Document => Fact::Any,
    }
}

/// A constant of a descriptor.
fn of_value(value: &Value) -> Fact {
    match value {
        Value::Bool(_) => Fact::Truth,
        Value::Integer(_) => Fact::Integer,
        Value::Float(_) => Fact::Number,
        Value::String(_) => Fact::Text,
        Value::Array(elements) => {
            Fact::List(Box::new(elements.iter().map(of_value).reduce(Fact::or).unwrap_or(Fact::Any)))
        }
        Value::Object(members) => {
            Fact::Object(members.iter().map(|(name, value)| (name.to_string(), of_value(value))).collect())
        }
        Value::Null | Value::Unreadable(_) => Fact::Any,
    }
}

/// The names on the way, after the case change; lists are gone through by themselves.
fn names(steps: &[Step], case: Case) -> Vec<String> {
    steps
        .iter()
        .filter_map(|step| match step {
            Step::Member(name) => Some(case.rename(name)),
            Step::Each => None,
        })
        .collect()
}
