//! How the properties of a definition become the facts of an item: a tree of the item's form, with paths into the
//! definition at its leaves. `docs/iac.md` has the grammar.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::tree::{Content, Node, Span};
use crate::value::{Unreadable, Value, code};

/// One part of an item's form.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Json")]
pub(super) enum Shape {
    /// `Path.To.Property as boolean or false`.
    Property(Property),
    /// `{$value: true}`: the same for every resource of the type.
    Constant(Json),
    /// Members by name. Those that come to nothing are left out.
    Object(Vec<(String, Self)>),
    /// Elements, one after the other. Those that come to nothing are left out.
    List(Vec<Self>),
    /// `{$each: Path, $as: form}`: an element for each element there.
    Each(Vec<String>, Box<Self>),
    /// `{$join: [form, form]}`: one list of several.
    Join(Vec<Self>),
    /// `{$first: [form, form]}`: the first that comes to something.
    First(Vec<Self>),
    /// `{$tags: Path}`: an object of a list of `Key` and `Value`, or of a mapping.
    Tags(Vec<String>),
    /// `{$case: Path, $of: {true: form}, $else: form}`: by a value that is known.
    Case(Property, BTreeMap<String, Self>, Option<Box<Self>>),
}

/// A place in a definition, the type that is wanted there, and what AWS takes where nothing stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Property {
    path: Vec<String>,
    wanted: Wanted,
    default: Option<Json>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Any,
    Boolean,
    Integer,
    Text,
    /// JSON in a text, as policies are.
    Document,
    /// Whether anything stands there.
    Presence,
}

/// Where a fact of the item is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written {
    pub(super) path: String,
    pub(super) at: Span,
    pub(super) value: Option<String>,
}

impl Shape {
    /// The facts that a definition comes to below a place of the item, and where they are written.
    pub(super) fn facts(&self, definition: &Node, above: &str, written: &mut Vec<Written>) -> Option<Value> {
        match self {
            Self::Property(property) => property.fact(definition, above, written),
            Self::Constant(value) => Some(value_of(value)),
            Self::Object(members) => {
                let members: Vec<_> = members
                    .iter()
                    .filter_map(|(name, shape)| {
                        Some((name, shape.facts(definition, &format!("{above}/{}", escaped(name)), written)?))
                    })
                    .collect();
                (!members.is_empty()).then(|| Value::object(members))
            }
            Self::List(shapes) => {
                let mut elements = Vec::new();
                for shape in shapes {
                    let place = format!("{above}/{}", elements.len());
                    elements.extend(shape.facts(definition, &place, written));
                }
                Some(Value::Array(elements.into()))
            }
            Self::Each(path, shape) => {
                let found = reach(definition, path)?;
                note(written, above, found.1, None);
                let list = match &found.0.content {
                    Content::Null | Content::Computed(_) => return None,
                    Content::Unresolved(what) | Content::Reference { what, .. } => return Some(unresolved(what)),
                    Content::List(list) => list.as_slice(),
                    _ => std::slice::from_ref(found.0),
                };
                let mut elements = Vec::new();
                for element in list {
                    let place = format!("{above}/{}", elements.len());
                    note(written, &place, element.at, None);
                    match element.unresolved() {
                        Some(what) => elements.push(unresolved(what)),
                        None => elements.extend(shape.facts(element, &place, written)),
                    }
                }
                Some(Value::Array(elements.into()))
            }
            Self::Join(shapes) => {
                let mut all = Vec::new();
                let mut is_there = false;
                for shape in shapes {
                    let mut here = Vec::new();
                    match shape.facts(definition, above, &mut here) {
                        None => continue,
                        Some(Value::Array(elements)) => {
                            let before = all.len();
                            all.extend(elements.iter().cloned());
                            written.extend(here.into_iter().map(|one| one.moved(above, before)));
                        }
                        // What is not known could be any number of elements.
                        Some(other) => return Some(other),
                    }
                    is_there = true;
                }
                is_there.then(|| Value::Array(all.into()))
            }
            Self::First(shapes) => shapes.iter().find_map(|shape| shape.facts(definition, above, written)),
            Self::Tags(path) => tags(definition, path, above, written),
            Self::Case(property, of, otherwise) => {
                let value = property.fact(definition, above, &mut Vec::new());
                if let Some(Value::Unreadable(_)) = value {
                    return value;
                }
                let word = value.map(|value| plain(&value)).unwrap_or_default();
                of.get(&word).or(otherwise.as_deref())?.facts(definition, above, written)
            }
        }
    }

    /// The places of an item of which this form says something, with `*` for an element of a list.
    pub(super) fn covered(&self, above: &str, covered: &mut Vec<String>) {
        match self {
            Self::Object(members) => {
                for (name, shape) in members {
                    shape.covered(&format!("{above}/{}", escaped(name)), covered);
                }
            }
            Self::Each(_, shape) => {
                covered.push(above.to_owned());
                shape.covered(&format!("{above}/*"), covered);
            }
            Self::List(shapes) => {
                covered.push(above.to_owned());
                for shape in shapes {
                    shape.covered(&format!("{above}/*"), covered);
                }
            }
            Self::Join(shapes) | Self::First(shapes) => {
                for shape in shapes {
                    shape.covered(above, covered);
                }
            }
            Self::Case(_, of, otherwise) => {
                covered.push(above.to_owned());
                for shape in of.values().chain(otherwise.as_deref()) {
                    shape.covered(above, covered);
                }
            }
            Self::Property(_) | Self::Constant(_) | Self::Tags(_) => covered.push(above.to_owned()),
        }
    }
}

impl Written {
    /// The same in a list to which so many elements come before.
    pub(super) fn moved(mut self, above: &str, by: usize) -> Self {
        let place = self.path.strip_prefix(above).and_then(|rest| rest.strip_prefix('/'));
        if let Some(place) = place {
            let (at, rest) = place.split_once('/').map_or((place, None), |(at, rest)| (at, Some(rest)));
            if let Ok(at) = at.parse::<usize>() {
                let rest = rest.map(|rest| format!("/{rest}")).unwrap_or_default();
                self.path = format!("{above}/{}{rest}", at + by);
            }
        }
        self
    }
}

impl Property {
    fn fact(&self, definition: &Node, above: &str, written: &mut Vec<Written>) -> Option<Value> {
        let found = reach(definition, &self.path).filter(|(node, _)| node.content != Content::Null);
        if self.wanted == Wanted::Presence {
            let found = found.filter(|(node, _)| !matches!(node.content, Content::Computed(_)));
            if let Some((_, at)) = found {
                note(written, above, at, None);
            }
            return Some(Value::Bool(found.is_some()));
        }
        let Some((node, at)) = found else { return self.default.as_ref().map(value_of) };
        if let (Content::Computed(_), Some(default)) = (&node.content, &self.default) {
            return Some(value_of(default));
        }
        let value = self.wanted.of(node);
        let json = (!holds_unreadable(&value)).then(|| serde_json::to_string(&value).ok()).flatten();
        note(written, above, at, json);
        // Single members of a list or mapping that is taken as it is.
        if self.wanted == Wanted::Any {
            below(node, above, written);
        }
        Some(value)
    }
}

fn below(node: &Node, above: &str, written: &mut Vec<Written>) {
    for (at, element) in node.elements().iter().enumerate() {
        let place = format!("{above}/{at}");
        note(written, &place, element.at, Some(json_of(element)));
        below(element, &place, written);
    }
    for member in node.members() {
        let place = format!("{above}/{}", escaped(&member.name));
        note(written, &place, member.at, Some(json_of(&member.value)));
        below(&member.value, &place, written);
    }
}

fn json_of(node: &Node) -> String {
    serde_json::to_string(&as_it_is(node)).unwrap_or_default()
}

fn note(written: &mut Vec<Written>, path: &str, at: Span, value: Option<String>) {
    written.push(Written { path: path.to_owned(), at, value });
}

/// What stands at a path, and where from its name on. A step into a list of one goes into its element: Terraform has a
/// list where a block may stand once.
fn reach<'n>(definition: &'n Node, path: &[String]) -> Option<(&'n Node, Span)> {
    let mut found = (definition, definition.at);
    for step in path {
        let inside = match &found.0.content {
            Content::List(elements) => elements.first()?,
            _ => found.0,
        };
        if inside.unresolved().is_some() {
            return Some((inside, found.1));
        }
        let member = inside.member(step)?;
        found = (&member.value, member.at);
    }
    Some(found)
}

/// The node at a path with dots.
pub(super) fn at_path<'n>(definition: &'n Node, path: &str) -> Option<&'n Node> {
    let steps: Vec<String> = steps(path);
    reach(definition, &steps).map(|(node, _)| node)
}

impl Wanted {
    fn of(self, node: &Node) -> Value {
        match (self, &node.content) {
            (Self::Document, Content::Reference { what, .. }) => unresolved(what),
            (Self::Boolean, Content::Text(text)) => match text.to_ascii_lowercase().as_str() {
                "true" => true.into(),
                "false" => false.into(),
                _ => unresolved(&format!("`{text}` is neither true nor false")),
            },
            (Self::Integer, Content::Text(text)) => match text.parse::<i64>() {
                Ok(number) => Value::Integer(number),
                Err(_) => unresolved(&format!("`{text}` is no whole number")),
            },
            #[expect(clippy::cast_possible_truncation, reason = "it is a whole number, and was one in the template")]
            (Self::Integer, Content::Number(number)) if number.fract() == 0.0 => Value::Integer(*number as i64),
            (Self::Text | Self::Document, Content::Boolean(truth)) => truth.to_string().as_str().into(),
            (Self::Text | Self::Document, Content::Integer(number)) => number.to_string().as_str().into(),
            (Self::Text | Self::Document, Content::Number(number)) => number.to_string().as_str().into(),
            (Self::Document, Content::Map(_) | Content::List(_)) => {
                let value = with_stand_ins(node);
                match first_unreadable(&value) {
                    Some(why) => why.clone(),
                    None => serde_json::to_string(&value).unwrap_or_default().as_str().into(),
                }
            }
            _ => as_it_is(node),
        }
    }
}

/// The tree of a definition as facts.
pub(super) fn as_it_is(node: &Node) -> Value {
    match &node.content {
        Content::Null => Value::Null,
        Content::Boolean(truth) => Value::Bool(*truth),
        Content::Integer(number) => Value::Integer(*number),
        Content::Number(number) => Value::Float(*number),
        Content::Text(text) => text.as_str().into(),
        Content::List(elements) => Value::Array(elements.iter().map(as_it_is).collect()),
        Content::Map(members) => {
            Value::object(members.iter().map(|member| (member.name.as_str(), as_it_is(&member.value))))
        }
        Content::Unresolved(what) | Content::Reference { what, .. } | Content::Computed(what) => unresolved(what),
    }
}

/// The same of a policy, in which what has a name within the template goes by it: a policy tells who may do what to which of
/// the resources, whatever they will be called.
fn with_stand_ins(node: &Node) -> Value {
    match &node.content {
        Content::Reference { stand_in, .. } => stand_in.as_str().into(),
        Content::List(elements) => Value::Array(elements.iter().map(with_stand_ins).collect()),
        Content::Map(members) => {
            Value::object(members.iter().map(|member| (member.name.as_str(), with_stand_ins(&member.value))))
        }
        _ => as_it_is(node),
    }
}

fn holds_unreadable(value: &Value) -> bool {
    first_unreadable(value).is_some()
}

fn first_unreadable(value: &Value) -> Option<&Value> {
    match value {
        Value::Unreadable(_) => Some(value),
        Value::Array(elements) => elements.iter().find_map(first_unreadable),
        Value::Object(members) => members.iter().find_map(|(_, value)| first_unreadable(value)),
        _ => None,
    }
}

/// A fact that is known only after deployment.
pub(super) fn unresolved(what: &str) -> Value {
    let message = format!("known only after deployment: {what}");
    let why = Unreadable { operation: String::new(), action: None, code: code::UNRESOLVED.to_owned(), message };
    Value::Unreadable(why.into())
}

fn tags(definition: &Node, path: &[String], above: &str, written: &mut Vec<Written>) -> Option<Value> {
    let (node, at) = reach(definition, path)?;
    note(written, above, at, None);
    match &node.content {
        Content::Unresolved(what) | Content::Reference { what, .. } => Some(unresolved(what)),
        Content::Map(members) => {
            below(node, above, written);
            Some(Value::object(members.iter().map(|tag| (tag.name.as_str(), Wanted::Text.of(&tag.value)))))
        }
        Content::List(elements) => {
            let mut tags = Vec::new();
            for element in elements {
                let text = |name| element.get(name).map(|node| Wanted::Text.of(node));
                match text("Key") {
                    Some(Value::String(key)) => {
                        note(written, &format!("{above}/{}", escaped(&key)), element.at, None);
                        tags.push((key.to_string(), text("Value").unwrap_or_default()));
                    }
                    // A tag whose key is not known could be any.
                    _ => return Some(unresolved("the key of a tag")),
                }
            }
            Some(Value::object(tags))
        }
        _ => None,
    }
}

fn value_of(json: &Json) -> Value {
    serde_json::from_value(json.clone()).unwrap_or_default()
}

/// A value as the word that stands for it in `$of`.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

/// A name as a part of a JSON pointer.
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn steps(path: &str) -> Vec<String> {
    path.split('.').filter(|step| !step.is_empty()).map(str::to_owned).collect()
}

/// What is wrong with a form.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct ShapeError(String);

impl TryFrom<Json> for Shape {
    type Error = ShapeError;

    fn try_from(json: Json) -> Result<Self, ShapeError> {
        let wrong = |what: &str| ShapeError(what.to_owned());
        match json {
            Json::String(text) => text.parse().map(Self::Property),
            Json::Array(shapes) => shapes.into_iter().map(Self::try_from).collect::<Result<_, _>>().map(Self::List),
            Json::Object(mut members) => {
                let many = |json: Option<Json>| -> Result<Vec<Self>, ShapeError> {
                    match json {
                        Some(Json::Array(shapes)) => shapes.into_iter().map(Self::try_from).collect(),
                        _ => Err(wrong("`$join` and `$first` want a list of forms")),
                    }
                };
                let text = |json: &Json| json.as_str().map(str::to_owned).ok_or_else(|| wrong("a path is a text"));
                let word = members.keys().find(|key| key.starts_with('$')).cloned();
                let shape = match word.as_deref() {
                    None => {
                        let members = members.into_iter().map(|(name, json)| Ok((name, Self::try_from(json)?)));
                        return members.collect::<Result<_, ShapeError>>().map(Self::Object);
                    }
                    Some("$value") => Self::Constant(members.remove("$value").unwrap_or_default()),
                    Some("$join") => Self::Join(many(members.remove("$join"))?),
                    Some("$first") => Self::First(many(members.remove("$first"))?),
                    Some("$tags") => Self::Tags(steps(&text(&members.remove("$tags").unwrap_or_default())?)),
                    Some("$each" | "$as") => {
                        let path = text(&members.remove("$each").unwrap_or_default())?;
                        let form = members.remove("$as").ok_or_else(|| wrong("`$each` wants `$as`"))?;
                        Self::Each(steps(&path), Box::new(Self::try_from(form)?))
                    }
                    Some("$case" | "$of" | "$else") => {
                        let property = text(&members.remove("$case").unwrap_or_default())?.parse()?;
                        let Some(Json::Object(of)) = members.remove("$of") else {
                            return Err(wrong("`$case` wants a mapping `$of`"));
                        };
                        let of = of.into_iter().map(|(word, json)| Ok((word, Self::try_from(json)?)));
                        let otherwise = members.remove("$else").map(Self::try_from).transpose()?;
                        Self::Case(property, of.collect::<Result<_, ShapeError>>()?, otherwise.map(Box::new))
                    }
                    Some(other) => return Err(ShapeError(format!("there is no form `{other}`"))),
                };
                match members.keys().next() {
                    None => Ok(shape),
                    Some(other) => Err(ShapeError(format!("`{other}` does not belong here"))),
                }
            }
            _ => Err(wrong("a form is a path, a list or a mapping")),
        }
    }
}

impl std::str::FromStr for Property {
    type Err = ShapeError;

    fn from_str(text: &str) -> Result<Self, ShapeError> {
        let (rest, default) = match text.split_once(" or ") {
            Some((rest, default)) => {
                let default = serde_json::from_str(default)
                    .map_err(|_| ShapeError(format!("`{default}` is no JSON value: write text in quotes")))?;
                (rest, Some(default))
            }
            None => (text, None),
        };
        let (path, wanted) = match rest.split_once(" as ") {
            Some((path, word)) => {
                let wanted = match word {
                    "boolean" => Wanted::Boolean,
                    "integer" => Wanted::Integer,
                    "text" => Wanted::Text,
                    "document" => Wanted::Document,
                    "presence" => Wanted::Presence,
                    other => return Err(ShapeError(format!("there is no type `{other}`"))),
                };
                (path, wanted)
            }
            None => (rest, Wanted::Any),
        };
        let path = if path == "." { Vec::new() } else { steps(path) };
        if path.is_empty() && rest != "." && !rest.starts_with(". ") {
            return Err(ShapeError(format!("`{text}` has no path")));
        }
        Ok(Self { path, wanted, default })
    }
}
