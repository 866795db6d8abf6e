//! Checks descriptors against the services' models: each operation, parameter and path exists and is of the right kind.
//!
//! It walks the paths as the account's reader does, over shapes in place of values. What the reader needs to know of
//! shapes later, where to begin renaming members, is noted on the way.

mod schema;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::path::{Path, Position, Root, Step};
use super::template::{Condition, Node, Operand, Template, Test, Text};
use super::{
    Batch, Call, Case, Catalog, Describe, DescriptorError, Detail, Listing, Origin, Part, PartSource,
    ResourceDescriptor,
};
use crate::nearest;
use crate::source::model::{Kind, ModelError, Models, ServiceModel, ShapeId, is_read};
use crate::value::Key;

/// What is known of the values at a place.
#[derive(Clone)]
enum Form<'m> {
    Shape(&'m ServiceModel, ShapeId),
    List(Box<Form<'m>>),
    Map(Box<Form<'m>>),
    Text,
    /// Documents, and what code makes: anything may be there.
    Any,
    /// There is no element.
    Nothing,
}

/// The form of a value and of those around it, the innermost first.
type Stack<'m> = Vec<Form<'m>>;

impl Form<'_> {
    fn kind(&self) -> Option<Kind> {
        match self {
            Self::Shape(model, shape) => Some(model.kind(*shape)),
            Self::List(_) => Some(Kind::List),
            Self::Map(_) => Some(Kind::Map),
            Self::Text => Some(Kind::String),
            Self::Any | Self::Nothing => None,
        }
    }

    fn is_plain(&self) -> bool {
        !matches!(self.kind(), Some(Kind::Structure | Kind::List | Kind::Map)) && !matches!(self, Self::Nothing)
    }

    fn member(&self, name: &str) -> Result<Self, String> {
        match self {
            Self::Any => Ok(Self::Any),
            Self::Nothing => Err(format!("there is no element that could have `{name}`")),
            Self::Map(value) => Ok(value.as_ref().clone()),
            Self::List(_) => Err(format!("`{name}` is looked for in a list; write `[]` behind the list")),
            Self::Text => Err(format!("`{name}` is looked for in text")),
            Self::Shape(model, shape) => match model.kind(*shape) {
                Kind::Structure => model.member(*shape, name).map(|shape| Self::Shape(model, shape)).ok_or_else(|| {
                    let hint = nearest::hint(name, model.members(*shape).map(|(name, _)| name));
                    format!("there is no member `{name}`{hint}")
                }),
                Kind::Map => Ok(model.element(*shape).map_or(Self::Any, |shape| Self::Shape(model, shape))),
                Kind::Document => Ok(Self::Any),
                Kind::List => Err(format!("`{name}` is looked for in a list; write `[]` behind the list")),
                _ => Err(format!("`{name}` is looked for in a plain value")),
            },
        }
    }

    fn element(&self) -> Result<Self, String> {
        match self {
            Self::Any => Ok(Self::Any),
            Self::List(element) => Ok(element.as_ref().clone()),
            Self::Shape(model, shape) if model.kind(*shape) == Kind::List => {
                Ok(model.element(*shape).map_or(Self::Any, |shape| Self::Shape(model, shape)))
            }
            Self::Shape(model, shape) if model.kind(*shape) == Kind::Document => Ok(Self::Any),
            _ => Err("`[]` stands behind what is not a list".to_owned()),
        }
    }
}

/// One descriptor under check.
struct Check<'m, 'd> {
    models: &'m Models,
    descriptor: &'d ResourceDescriptor,
    parent: Option<Form<'m>>,
    parts: BTreeMap<Key, Form<'m>>,
    errors: Vec<DescriptorError>,
}

impl ResourceDescriptor {
    /// Checks the descriptor against the models. It must have been checked before it is used for reading.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn check(&self, catalog: &Catalog, models: &Models) -> Result<(), Vec<DescriptorError>> {
        let mut check = Check::new(self, catalog, models);
        check.all();
        if check.errors.is_empty() { Ok(()) } else { Err(check.errors) }
    }
}

impl<'m, 'd> Check<'m, 'd> {
    fn new(descriptor: &'d ResourceDescriptor, catalog: &Catalog, models: &'m Models) -> Self {
        let parent = catalog.parent(descriptor).map(|parent| {
            let mut check =
                Check { models, descriptor: parent, parent: None, parts: BTreeMap::new(), errors: Vec::new() };
            // What is wrong with the parent is said when the parent is checked.
            check.parent = parent.listing.as_ref().and_then(|listing| listing.for_each.as_ref()).map(|_| Form::Any);
            check.element().into_iter().next().unwrap_or(Form::Any)
        });
        Check { models, descriptor, parent, parts: BTreeMap::new(), errors: Vec::new() }
    }

    fn fail(&mut self, at: Position, message: impl Into<String>) {
        let file = Arc::clone(&self.descriptor.origin.file);
        // A template's paths have no place of their own, and neither have defaults.
        let at = if at.line == 0 { self.descriptor.origin.at } else { at };
        self.errors.push(DescriptorError { origin: Origin { file, at }, message: message.into() });
    }

    fn all(&mut self) {
        let descriptor = self.descriptor;
        if self.models.service(&descriptor.service).is_err() && descriptor.calls().next().is_none() {
            self.fail(descriptor.origin.at, format!("there is no model of the service {}", descriptor.service));
        }
        let element = self.element();
        for part in &descriptor.parts {
            let form = self.part_output(part);
            self.parts.insert(Arc::clone(&part.name), form);
        }
        self.conditions(&descriptor.filter, &element);
        self.text(&descriptor.id, &element);
        for text in [&descriptor.name, &descriptor.arn, &descriptor.region].into_iter().flatten() {
            self.text(text, &element);
        }
        if descriptor.region.is_some() && descriptor.scope == super::Scope::Global {
            self.fail(descriptor.origin.at, "`region` has a meaning with `scope: regional` only");
        }
        if let Some(created) = &descriptor.created {
            self.plain(created, &element);
        }
        if let Some(super::Zone::Path(zone)) = &descriptor.zone {
            self.plain(zone, &element);
        }
        self.body(&element);
        for part in &descriptor.parts {
            self.part(part, &element);
        }
        self.tags(&element);
        for link in &descriptor.links {
            let stack = self.beginning(link.part.as_ref(), &element);
            let stack = self.each(&link.each, link.at, &stack);
            let is_text = stack.first().and_then(Form::kind).is_none_or(|kind| kind == Kind::String);
            if link.split.is_some() && !is_text {
                self.fail(link.at, format!("`{}` is not a text that can be split", link.each));
            }
            self.conditions(&link.filter, &stack);
            for text in [&link.id, &link.resource_name].into_iter().flatten() {
                self.text(text, &stack);
            }
        }
    }

    /// The part's output with the element around it, or the element.
    fn beginning(&self, part: Option<&Key>, element: &Stack<'m>) -> Stack<'m> {
        match part {
            Some(part) => {
                let output = self.parts.get(part).cloned().unwrap_or(Form::Any);
                std::iter::once(output).chain(element.iter().cloned()).collect()
            }
            None => element.clone(),
        }
    }

    /// The form of the descriptor's element, with what is around it.
    fn element(&mut self) -> Stack<'m> {
        let Some(listing) = &self.descriptor.listing else { return vec![Form::Nothing] };
        let nothing = vec![Form::Nothing];
        let output = self.call(&listing.call, None, &nothing);
        let listed = self.each_as_written(&listing.items, &vec![output]);
        self.detail(listing, listed)
    }

    fn detail(&mut self, listing: &Listing, listed: Stack<'m>) -> Stack<'m> {
        let around = |form: Form<'m>, listed: &Stack<'m>| std::iter::once(form).chain(listed.iter().cloned()).collect();
        match &listing.detail {
            Detail::None => listed,
            Detail::Describe(describe) => {
                let Describe { call, item, id, .. } = describe.as_ref();
                let output = self.call(call, None, &listed);
                if let Some(id) = id {
                    self.text(id, &listed);
                }
                let described = self.get(item, item.at, &vec![output]);
                around(described, &listed)
            }
            Detail::Batch(batch) => {
                let Batch { call, ids, value, id, items, failures, .. } = batch.as_ref();
                let output = vec![self.call(call, Some(ids), &listed)];
                self.template(value, &listed, None);
                self.text(id, &listed);
                if let Some(failures) = failures {
                    let failure = self.each(&failures.items, failures.items.at, &output);
                    self.text(&failures.id, &failure);
                    self.plain(&failures.code, &failure);
                }
                let described = self.each(items, items.at, &output).into_iter().next().unwrap_or(Form::Any);
                around(described, &listed)
            }
        }
    }

    /// The form of a call's answer. `ids` is a parameter that is filled in elsewhere.
    fn call(&mut self, call: &Call, ids: Option<&Key>, stack: &Stack<'m>) -> Form<'m> {
        let found = self.models.service(&call.service).and_then(|model| Ok((model, model.operation(&call.operation)?)));
        let (model, operation) = match found {
            Ok(found) => found,
            Err(ModelError::UnknownOperation { .. }) if !is_read(&call.service, &call.operation) => {
                let message = format!("{call} is refused: assize calls only operations that read and give no secrets");
                self.fail(call.at, message);
                return Form::Any;
            }
            Err(error) => {
                self.fail(call.at, error.to_string());
                return Form::Any;
            }
        };
        self.template(&call.params, stack, None);
        match operation.input_shape() {
            Some(input) => {
                self.params(&call.params.node, model, input, call.params.at);
                let given = |name: &str| {
                    ids.is_some_and(|ids| **ids == *name)
                        || matches!(&call.params.node, Node::Object(members) if members.iter().any(|(key, _)| **key == *name))
                };
                for name in model.required(input) {
                    if !given(name) {
                        self.fail(call.at, format!("{call} needs the parameter `{name}`"));
                    }
                }
                if let Some(ids) = ids
                    && !model.member(input, ids).is_some_and(|shape| model.kind(shape) == Kind::List)
                {
                    let hint = nearest::hint(ids, model.members(input).map(|(name, _)| name));
                    self.fail(call.at, format!("{call} takes no list `{ids}`{hint}"));
                }
            }
            None => {
                if !matches!(&call.params.node, Node::Object(members) if members.is_empty()) || ids.is_some() {
                    self.fail(call.at, format!("{call} takes no parameters"));
                }
            }
        }
        operation.output_shape().map_or(Form::Nothing, |shape| Form::Shape(model, shape))
    }

    /// Names of parameters exist, at every depth.
    fn params(&mut self, node: &Node, model: &ServiceModel, shape: ShapeId, at: Position) {
        match (node, model.kind(shape)) {
            (Node::Object(members), Kind::Structure) => {
                for (name, node) in members {
                    if let Some(shape) = model.member(shape, name) {
                        self.params(node, model, shape, at);
                    } else {
                        let hint = nearest::hint(name, model.members(shape).map(|(name, _)| name));
                        self.fail(at, format!("there is no parameter `{name}`{hint}"));
                    }
                }
            }
            (Node::List(nodes), Kind::List) => {
                for node in nodes {
                    if let Some(element) = model.element(shape) {
                        self.params(node, model, element, at);
                    }
                }
            }
            (Node::Object(_), kind) if !matches!(kind, Kind::Map | Kind::Document) => {
                self.fail(at, "an object stands where the parameter is none");
            }
            (Node::List(_), kind) if kind != Kind::Document => {
                self.fail(at, "a list stands where the parameter is none");
            }
            (Node::Constant(_), kind @ (Kind::List | Kind::Structure)) => {
                self.fail(at, format!("a plain value stands where the parameter is a {kind:?}").to_lowercase());
            }
            _ => {}
        }
    }

    fn part_output(&mut self, part: &Part) -> Form<'m> {
        let found = part.source.call().and_then(|call| {
            let model = self.models.service(&call.service).ok()?;
            Some((model, model.operation(&call.operation).ok()?))
        });
        let Some((model, operation)) = found else { return Form::Any };
        let answer = vec![operation.output_shape().map_or(Form::Nothing, |shape| Form::Shape(model, shape))];
        match &part.source {
            PartSource::Call(_) => self.get(&part.take, part.at, &answer),
            PartSource::Each { size: Some(_), .. } => {
                let taken = self.get(&part.take, part.at, &answer);
                if !matches!(taken.kind(), None | Some(Kind::List)) {
                    self.fail(part.at, format!("`size` needs lists to put together, and `{}` is none", part.take));
                }
                taken
            }
            PartSource::Each { key, .. } => {
                let taken = Box::new(self.get(&part.take, part.at, &answer));
                if key.is_some() { Form::Map(taken) } else { Form::List(taken) }
            }
            PartSource::Batch { items, key, .. } | PartSource::Shared { items, key, .. } => {
                let element = self.each(items, part.at, &answer);
                self.plain(key, &element);
                let element = element.into_iter().next().unwrap_or(Form::Any);
                if matches!(part.source, PartSource::Shared { .. }) {
                    Form::List(Box::new(element))
                } else {
                    self.get(&part.take, part.at, &vec![element])
                }
            }
            PartSource::Code(_) => Form::Any,
        }
    }

    fn part(&mut self, part: &Part, element: &Stack<'m>) {
        self.conditions(&part.when, element);
        match &part.source {
            PartSource::Call(call) => {
                self.call(call, None, element);
            }
            PartSource::Each { call, path, key, size } => {
                let mut stack = self.each(path, part.at, element);
                if size.is_some() && !stack.is_empty() {
                    let one = stack.remove(0);
                    stack.insert(0, Form::List(Box::new(one)));
                }
                self.call(call, None, &stack);
                if let Some(key) = key {
                    self.text(key, &stack);
                }
            }
            PartSource::Batch { call, ids, value, .. } => {
                self.call(call, Some(ids), &vec![Form::Nothing]);
                self.template(value, element, None);
                self.stands_alone(part);
            }
            PartSource::Shared { call, value, .. } => {
                self.call(call, None, &vec![Form::Nothing]);
                self.template(value, element, None);
                self.stands_alone(part);
            }
            PartSource::Code(collector) => {
                for (service, operation) in collector.operations() {
                    if let Err(error) = self.models.service(service).and_then(|model| model.operation(operation)) {
                        self.fail(part.at, error.to_string());
                    }
                }
            }
        }
        let output = self.parts.get(&part.name).cloned().unwrap_or(Form::Any);
        let one = match (&part.source, &output) {
            (PartSource::Each { size: None, .. } | PartSource::Shared { .. }, Form::List(one) | Form::Map(one)) => {
                one.as_ref()
            }
            (_, output) => output,
        };
        if part.case != Case::None {
            match one {
                Form::Shape(_, shape) => _ = part.shape.set(*shape),
                _ => self.fail(part.at, "`case` needs an output that the model knows"),
            }
        }
        if part.case != Case::None && part.build.is_some() {
            self.fail(part.at, "`build` and `case` exclude each other; in `build` there is `$case`");
        }
        if let Some(build) = &part.build {
            let stack = std::iter::once(output).chain(element.iter().cloned()).collect();
            self.template(build, &stack, part.source.call().map(|call| &*call.service));
        }
    }

    /// What is read for several items at once comes before what is read for each.
    fn stands_alone(&mut self, part: &Part) {
        if !part.needs.is_empty() {
            self.fail(part.at, "a part with `batch` or `shared` cannot read other parts");
        }
    }

    fn body(&mut self, element: &Stack<'m>) {
        let descriptor = self.descriptor;
        let body = &descriptor.body;
        let at = descriptor.origin.at;
        let service = descriptor.element_call().map(|call| &*call.service);
        if let Some(build) = &body.build {
            self.template(build, element, service);
            return;
        }
        let form = self.get(&body.from, at, element);
        if let Form::Shape(_, shape) = &form {
            let _ = body.shape.set(*shape);
        } else if body.case != Case::None && !matches!(form, Form::Any) {
            self.fail(at, "`case` needs a body that the model knows");
        }
        for path in &body.drop {
            self.get(path, path.at, element);
        }
        if let Form::Shape(model, shape) = &form
            && model.kind(*shape) == Kind::Structure
        {
            let names: Vec<String> = model.members(*shape).map(|(name, _)| body.case.rename(name)).collect();
            for name in body.rename.keys().filter(|name| !names.contains(name)) {
                let hint = nearest::hint(name, &names);
                self.fail(at, format!("`rename`: there is no member `{name}` after the case change{hint}"));
            }
        }
        for template in body.set.values() {
            self.template(template, element, service);
        }
    }

    fn tags(&mut self, element: &Stack<'m>) {
        let Some(tags) = &self.descriptor.tags else { return };
        let at = if tags.path.at.line == 0 { self.descriptor.origin.at } else { tags.path.at };
        let stack = self.beginning(tags.part.as_ref(), element);
        if let Some((key, value)) = &tags.pair {
            let tag = self.each(&tags.path, at, &stack);
            self.plain_at(key, at, &tag);
            self.plain_at(value, at, &tag);
            return;
        }
        let form = self.get(&tags.path, at, &stack);
        if !matches!(form.kind(), None | Some(Kind::Map | Kind::Document)) {
            self.fail(at, format!("`{}` is not a map", tags.path));
        }
    }

    fn conditions(&mut self, conditions: &[Condition], stack: &Stack<'m>) {
        for condition in conditions {
            self.get(&condition.path, condition.path.at, stack);
            for test in &condition.tests {
                match test {
                    Test::In(operands) | Test::NotIn(operands) => {
                        for operand in operands {
                            if let Operand::Text(text) = operand {
                                self.text_at(text, condition.path.at, stack);
                            }
                        }
                    }
                    Test::Prefix(text) => self.text_at(text, condition.path.at, stack),
                    Test::Present(_) => {}
                }
            }
        }
    }

    fn text(&mut self, text: &Text, stack: &Stack<'m>) {
        self.text_at(text, text.at, stack);
    }

    /// Each path exists, and leads to what can stand in text.
    fn text_at(&mut self, text: &Text, at: Position, stack: &Stack<'m>) {
        for (path, filtered) in text.paths() {
            let form = self.get(path, at, stack);
            if !filtered && !form.is_plain() {
                self.fail(at, format!("`{path}` in `{text}` is not a plain value"));
            }
        }
    }

    fn plain(&mut self, path: &Path, stack: &Stack<'m>) {
        self.plain_at(path, path.at, stack);
    }

    fn plain_at(&mut self, path: &Path, at: Position, stack: &Stack<'m>) {
        if !self.get(path, at, stack).is_plain() {
            self.fail(at, format!("`{path}` is not a plain value"));
        }
    }

    /// `service` is the model by which `$case` renames.
    fn template(&mut self, template: &Template, stack: &Stack<'m>, service: Option<&str>) {
        self.node(&template.node, template.at, stack, service);
    }

    fn node(&mut self, node: &Node, at: Position, stack: &Stack<'m>, service: Option<&str>) {
        match node {
            Node::Constant(_) => {}
            Node::Text(text) if text.is_value() => {
                for (path, _) in text.paths() {
                    self.get(path, at, stack);
                }
            }
            Node::Text(text) => self.text_at(text, at, stack),
            Node::List(nodes) | Node::Merge(nodes) => nodes.iter().for_each(|node| self.node(node, at, stack, service)),
            Node::Object(members) => members.iter().for_each(|(_, node)| self.node(node, at, stack, service)),
            Node::Each { path, to } => {
                let inner = self.each(path, at, stack);
                self.node(to, at, &inner, service);
            }
            Node::Map { path, .. } | Node::Json(path) => _ = self.get(path, at, stack),
            Node::Pairs(path) => {
                let form = self.get(path, at, stack);
                if !matches!(form.kind(), None | Some(Kind::Map | Kind::Structure | Kind::Document)) {
                    self.fail(at, format!("`$pairs`: `{path}` is not a map"));
                }
            }
            Node::Case { path, shape, .. } => match self.get(path, at, stack) {
                Form::Shape(model, found) if Some(model.name()) == service => _ = shape.set(found),
                Form::Any => {}
                _ => self.fail(at, format!("`$case`: the model of the call does not know `{path}`")),
            },
            Node::Entries { path, keys, value } => {
                let inner = self.each(path, at, stack);
                for key in keys {
                    self.plain_at(key, at, &inner);
                }
                self.node(value, at, &inner, service);
            }
            Node::If { path, then, otherwise, .. } => {
                self.get(path, at, stack);
                self.node(then, at, stack, service);
                if let Some(otherwise) = otherwise {
                    self.node(otherwise, at, stack, service);
                }
            }
            Node::Optional(node) => self.node(node, at, stack, service),
        }
    }

    /// The form of the value that a path leads to.
    fn get(&mut self, path: &Path, at: Position, stack: &Stack<'m>) -> Form<'m> {
        match self.walk(path, stack) {
            Ok(found) => {
                let form = found.into_iter().next().unwrap_or(Form::Any);
                if path.is_plural() { Form::List(Box::new(form)) } else { form }
            }
            Err(why) => {
                self.fail(if at.line == 0 { path.at } else { at }, format!("`{path}`: {why}"));
                Form::Any
            }
        }
    }

    /// The form of the elements that a path goes to, with what is around them.
    fn each(&mut self, path: &Path, at: Position, stack: &Stack<'m>) -> Stack<'m> {
        match self.walk(path, stack) {
            Ok(found) if path.steps.last() != Some(&Step::Each) => match found.first() {
                Some(form) if matches!(form.kind(), Some(Kind::List)) => {
                    let element = form.element().unwrap_or(Form::Any);
                    let listed = usize::from(!path.steps.is_empty());
                    std::iter::once(element).chain(found.into_iter().skip(listed)).collect()
                }
                _ => found,
            },
            Ok(found) => found,
            Err(why) => {
                self.fail(if at.line == 0 { path.at } else { at }, format!("`{path}`: {why}"));
                vec![Form::Any; 4]
            }
        }
    }

    /// A listing's path says by `[]` whether there is one element or any number.
    fn each_as_written(&mut self, path: &Path, stack: &Stack<'m>) -> Stack<'m> {
        if path.steps.last() != Some(&Step::Each)
            && let Ok(found) = self.walk(path, stack)
            && found.first().and_then(Form::kind) == Some(Kind::List)
        {
            self.fail(path.at, format!("`{path}` is a list: write `{path}[]`"));
        }
        self.each(path, path.at, stack)
    }

    fn walk(&self, path: &Path, stack: &Stack<'m>) -> Result<Stack<'m>, String> {
        let start: Stack<'m> = match &path.root {
            Root::Element(up) => {
                let start: Stack<'m> = stack.iter().skip(*up).cloned().collect();
                if start.is_empty() {
                    return Err("there is nothing around the element that far out".into());
                }
                start
            }
            Root::Parent | Root::ParentAttribute(_) if self.parent.is_none() => {
                return Err("the type has no `for_each`, so there is no parent".into());
            }
            Root::Place(_) | Root::ParentAttribute(_) => vec![Form::Text],
            Root::Parent => self.parent.iter().cloned().collect(),
            Root::Part(name) => {
                let output = self.parts.get(name).cloned().ok_or_else(|| format!("there is no part `{name}`"))?;
                std::iter::once(output).chain(stack.iter().cloned()).collect()
            }
        };
        let mut current = start.first().cloned().unwrap_or(Form::Any);
        let mut frames = start;
        let mut fresh = true;
        for step in &path.steps {
            match step {
                Step::Member(name) => {
                    current = current.member(name)?;
                    fresh = false;
                }
                Step::Each => {
                    current = current.element()?;
                    frames.insert(0, current.clone());
                    fresh = true;
                }
            }
        }
        if !fresh {
            frames.insert(0, current);
        }
        Ok(frames)
    }
}
