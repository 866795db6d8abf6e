//! The facts that a script asks for: whether the type has them, in which part they stand, and what is told of it.

use std::sync::Arc;

use rhai::Position;

use super::kind::{Kind, Kinds, Place};
use super::walk::Walk;
use crate::nearest;
use crate::rule::surface::{ATTRIBUTES, SECTIONS};
use crate::schema::Form;

impl Walk<'_> {
    /// `target.name`.
    pub(super) fn member(&mut self, target: &Kinds, name: &str, position: Position) -> Kinds {
        let told = target.something();
        if told.any {
            self.right(position, "member");
            return Kinds::any();
        }
        let mut value = Kinds::default();
        let mut wrong = Vec::new();
        let mut is_there = false;
        for kind in &told.of {
            match self.member_of(kind, name, position) {
                Ok(more) => {
                    is_there = true;
                    value.add(more);
                }
                Err(message) => wrong.push(message),
            }
        }
        self.told(position, "member", is_there, wrong);
        value
    }

    /// Notes whether one of several alternatives is right.
    fn told(&mut self, position: Position, what: &'static str, is_right: bool, wrong: Vec<String>) {
        if is_right {
            self.right(position, what);
        } else if let Some(message) = wrong.into_iter().next() {
            self.wrong(position, what, message);
        }
    }

    fn member_of(&mut self, kind: &Kind, name: &str, position: Position) -> Result<Kinds, String> {
        match kind {
            Kind::Item(resource_type) => self.of_item(resource_type, name, position),
            Kind::Fact(form, place) => {
                let (form, place) = below(form, place, name)?;
                self.touches(&place, position);
                Ok(Kinds::of_form(&form, &place))
            }
            Kind::Parameters => {
                let Some(parameter) = self.rule.parameters.get(name) else {
                    let hint = nearest::hint(name, self.rule.parameters.keys());
                    return Err(format!("the rule declares no parameter `{name}`{hint}"));
                };
                self.found.parameters.insert(name.to_owned());
                let kinds = Kinds::of_parameter(parameter.kind);
                let is_set = parameter.default.is_some() || parameter.required;
                Ok(if is_set { kinds } else { kinds.or(Kind::Nothing.into()) })
            }
            Kind::Map(members) => members
                .get(name)
                .cloned()
                .ok_or_else(|| format!("the object has no `{name}`{}", nearest::hint(name, members.keys()))),
            Kind::Host(_) => Ok(Kinds::any()),
            other => Err(format!("`.{name}` is asked of {}", other.words())),
        }
    }

    fn of_item(&mut self, resource_type: &Arc<str>, name: &str, position: Position) -> Result<Kinds, String> {
        if name == "resourceType" {
            return Ok(Kind::TypeName(Arc::clone(resource_type)).into());
        }
        if ATTRIBUTES.contains(&name) {
            return Ok(Kind::Text.into());
        }
        if !SECTIONS.contains(&name) {
            let hint = nearest::hint(name, ATTRIBUTES.iter().chain(&SECTIONS).copied());
            return Err(format!("an item has no `{name}`{hint}"));
        }
        if self.rule.may_read(resource_type) {
            self.right(position, "reads");
        } else {
            let message = format!("facts of {resource_type} are read, and `reads` does not name the type");
            self.wrong(position, "reads", message);
        }
        let place = Place { resource_type: Arc::clone(resource_type), steps: vec![name.to_owned()] };
        self.touches(&place, position);
        let form = match self.types.schemas.get(&**resource_type).map(|schema| &schema.sections) {
            Some(Form::Object(sections)) => sections.get(name).cloned().unwrap_or(Form::Any),
            _ => Form::Any,
        };
        Ok(match form {
            // A section is a document whatever is in it.
            Form::Any => Kinds::any(),
            form => Kinds::of_form(&form, &place),
        })
    }

    /// The optional read: `item.get("a.b[0].c")` and `document.get("a.b")`.
    pub(super) fn get(&mut self, kind: &Kind, path: &str, position: Position) -> Result<Kinds, String> {
        let mut steps = Vec::new();
        for part in path.split('.') {
            let (name, indexes) = part.split_once('[').map_or((part, ""), |(name, rest)| (name, rest));
            if !name.is_empty() {
                steps.push(Some(name));
            }
            steps.extend(indexes.split('[').filter(|index| !index.is_empty()).map(|_| None));
        }
        let mut here = Kinds::from(kind.clone());
        for step in steps {
            let told = here.something();
            if told.any {
                return Ok(Kinds::any());
            }
            let mut next = Kinds::default();
            let mut wrong = None;
            let mut is_there = told.of.is_empty();
            for kind in &told.of {
                let found = match (step, kind) {
                    (Some(name), kind) => self.member_of(kind, name, position),
                    (None, Kind::Fact(Form::List(element), place)) => Ok(Kinds::of_form(element, &place.below("*"))),
                    (None, other) => Err(format!("an element of a list is asked of {} in `{path}`", other.words())),
                };
                match found {
                    Ok(more) => {
                        is_there = true;
                        next.add(more);
                    }
                    Err(message) => wrong = wrong.or(Some(message)),
                }
            }
            if let (false, Some(message)) = (is_there, wrong) {
                return Err(message);
            }
            here = next;
        }
        Ok(here.or(Kind::Nothing.into()))
    }

    /// A fact is read: it may be one that a part tells.
    fn touches(&mut self, place: &Place, position: Position) {
        self.found.types.insert(place.resource_type.to_string());
        let types = self.types;
        let Some(schema) = types.schemas.get(&*place.resource_type) else { return };
        for (part, pointer) in &schema.parts {
            let steps: Vec<&str> = pointer.split('/').skip(1).collect();
            let is_below = place.steps.len() >= steps.len() && place.steps.iter().zip(&steps).all(|(a, b)| a == b);
            let is_tags = schema.tags.as_ref() == Some(part) && place.steps.first().is_some_and(|step| step == "tags");
            if !is_below && !is_tags {
                continue;
            }
            self.reads_part(&place.resource_type, part, position, "part");
        }
    }

    /// A part's facts are read.
    pub(super) fn reads_part(&mut self, resource_type: &str, part: &str, position: Position, what: &'static str) {
        self.found.parts.insert((resource_type.to_owned(), part.to_owned()));
        if self.types.is_declared(self.rule, resource_type, part) {
            self.right(position, what);
        } else {
            let message = format!("the part {part} of {resource_type} is read, and `reads` does not name it");
            self.wrong(position, what, message);
        }
    }

    /// What a value becomes cannot be followed: all parts below may be read.
    pub(super) fn escapes(&mut self, value: &Kinds) {
        let types = self.types;
        for kind in &value.of {
            let places = match kind {
                Kind::Fact(_, place) => vec![place.clone()],
                Kind::Item(resource_type) => SECTIONS
                    .iter()
                    .map(|section| Place {
                        resource_type: Arc::clone(resource_type),
                        steps: vec![(*section).to_owned()],
                    })
                    .collect(),
                Kind::Array(elements) => {
                    self.escapes(&elements.clone());
                    continue;
                }
                Kind::Map(members) => {
                    self.all_escape(members.values());
                    continue;
                }
                Kind::Parameters => {
                    self.found.parameters.extend(self.rule.parameters.keys().cloned());
                    continue;
                }
                _ => continue,
            };
            for place in places {
                self.found.types.insert(place.resource_type.to_string());
                let Some(schema) = types.schemas.get(&*place.resource_type) else { continue };
                let prefix = place.pointer();
                let below = schema.parts.iter().filter(|(_, pointer)| pointer.starts_with(&prefix));
                let below = below.map(|(part, _)| (place.resource_type.to_string(), part.clone()));
                self.found.parts.extend(below);
            }
        }
    }

    /// The same of several values.
    pub(super) fn all_escape<'k>(&mut self, values: impl IntoIterator<Item = &'k Kinds>) {
        for value in values {
            self.escapes(value);
        }
    }
}

/// The form of a member and its place.
fn below(form: &Form, place: &Place, name: &str) -> Result<(Form, Place), String> {
    let place_below = place.below(name);
    match form {
        Form::Any => Ok((Form::Any, place_below)),
        Form::Map(value) => Ok((value.as_ref().clone(), place_below)),
        Form::Object(members) => match members.get(name) {
            Some(form) => Ok((form.clone(), place_below)),
            None => Err(format!(
                "{} has no {}{}",
                place.resource_type,
                place_below.pointer(),
                nearest::hint(name, members.keys())
            )),
        },
        Form::OneOf(forms) => {
            let mut wrong = String::new();
            let mut found: Option<Form> = None;
            for form in forms {
                match below(form, place, name) {
                    Ok((form, _)) => found = Some(found.map_or(form.clone(), |found| found.or(form))),
                    Err(message) => wrong = message,
                }
            }
            found.map(|form| (form, place_below)).ok_or(wrong)
        }
        Form::List(_) => Err(format!("`.{name}` is asked of a list: {} is one", place.pointer())),
        Form::Text | Form::Integer | Form::Number | Form::Truth => {
            Err(format!("`.{name}` is asked of a plain value: {} is one", place.pointer()))
        }
    }
}
