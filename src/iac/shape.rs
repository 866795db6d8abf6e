//! How the properties of a definition become the facts of an item: a tree of the item's form, with paths into the
//! definition at its leaves. `docs/iac.md` has the grammar.

mod grammar;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::tree::{Content, Node, Span, yaml};
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
    /// `{$flat: form}`: the elements of the lists in a list.
    Flat(Box<Self>),
    /// `{$first: [form, form]}`: the first that comes to something.
    First(Vec<Self>),
    /// `{$tags: Path}`: an object of a list of `Key` and `Value`, or of a mapping.
    Tags(Vec<String>),
    /// `{$case: Path, $of: {true: form}, $else: form}`: by a value that is known.
    Case(Property, BTreeMap<String, Self>, Option<Box<Self>>),
    /// `{$object: Path, $keys: ["{Name}"], $as: form}`: an object of a list or mapping, with a key for each level.
    Keyed(Vec<String>, Vec<String>, Box<Self>),
    /// `{$parsed: Path, $as: form}`: of JSON in a text.
    Parsed(Vec<String>, Box<Self>),
    /// `{$unknown: what}`: something else decides on it.
    Unknown(String),
    /// `{$absent: true}`: AWS says nothing there.
    Absent,
}

/// A place in a definition, the type that is wanted there, and what AWS takes where nothing stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Property {
    path: Vec<String>,
    /// Others that do as well, where it is asked whether anything stands there.
    others: Vec<Vec<String>>,
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
    /// Whether anything stands there: an empty list or text is nothing.
    Presence,
    /// Who is meant by a name or ARN in the permission of a function, as policies have it.
    Principal,
    /// The elements of a text with commas between.
    Csv,
    /// A text; where one is known only after deployment, what it goes by until then.
    Name,
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
            Self::Flat(shape) => shape.facts(definition, above, &mut Vec::new()).map(|facts| match facts {
                Value::Array(lists) => Value::Array(lists.iter().flat_map(elements_of).collect()),
                other => other,
            }),
            Self::First(shapes) => shapes.iter().find_map(|shape| shape.facts(definition, above, written)),
            Self::Tags(path) => tags(definition, path, above, written),
            Self::Case(property, of, otherwise) => {
                let value = property.fact(definition, above, &mut Vec::new());
                if let Some(Value::Unreadable(_)) = value {
                    // What comes to the same in every case is known.
                    let is_whole = otherwise.is_some()
                        || property.wanted == Wanted::Presence
                        || (property.wanted == Wanted::Boolean && property.default.is_some());
                    let mut cases = of.values().chain(otherwise.as_deref());
                    let first = cases.next()?.facts(definition, above, written);
                    let is_same = |case: &Self| case.facts(definition, above, &mut Vec::new()) == first;
                    return if is_whole && cases.all(is_same) { first } else { value };
                }
                let word = value.map(|value| plain(&value)).unwrap_or_default();
                of.get(&word).or(otherwise.as_deref())?.facts(definition, above, written)
            }
            Self::Keyed(path, keys, shape) => keyed(definition, path, keys, shape, above, written),
            Self::Parsed(path, shape) => parsed(definition, path, shape, above, written),
            Self::Unknown(what) => Some(unresolved(what)),
            Self::Absent => None,
        }
    }

    /// The places of an item of which this form says something: those of its leaves, with `*` for an element of a list, or a
    /// member whose name the definition chooses.
    pub(super) fn covered(&self, above: &str, covered: &mut Vec<String>) {
        match self {
            Self::Object(members) => {
                for (name, shape) in members {
                    shape.covered(&format!("{above}/{}", escaped(name)), covered);
                }
            }
            Self::Each(_, shape) => shape.covered(&format!("{above}/*"), covered),
            Self::List(shapes) if !shapes.is_empty() => {
                for shape in shapes {
                    shape.covered(&format!("{above}/*"), covered);
                }
            }
            Self::Keyed(_, keys, shape) => shape.covered(&format!("{above}{}", "/*".repeat(keys.len())), covered),
            Self::Flat(shape) => {
                let mut lists = Vec::new();
                shape.covered("", &mut lists);
                let flat = |place: &String| match place.strip_prefix("/*") {
                    Some(rest) if rest.starts_with("/*") => format!("{above}{rest}"),
                    _ => format!("{above}{place}"),
                };
                covered.extend(lists.iter().map(flat));
            }
            Self::Join(shapes) | Self::First(shapes) => {
                for shape in shapes {
                    shape.covered(above, covered);
                }
            }
            Self::Case(_, of, otherwise) => {
                for shape in of.values().chain(otherwise.as_deref()) {
                    shape.covered(above, covered);
                }
            }
            Self::Parsed(_, shape) => shape.covered(above, covered),
            Self::Property(_) | Self::Constant(_) | Self::Tags(_) | Self::List(_) | Self::Unknown(_) | Self::Absent => {
                covered.push(above.to_owned());
            }
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
        if self.wanted == Wanted::Presence {
            return Some(self.presence(definition, above, written));
        }
        let found = reach(definition, &self.path).filter(|(node, _)| node.content != Content::Null);
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

    /// Whether anything stands at one of the paths.
    fn presence(&self, definition: &Node, above: &str, written: &mut Vec<Written>) -> Value {
        let mut presence = Value::Bool(false);
        for path in std::iter::once(&self.path).chain(&self.others) {
            let found = reach(definition, path).filter(|(node, _)| !is_empty(&node.content));
            let Some((node, at)) = found else { continue };
            note(written, above, at, None);
            // It may come to nothing.
            let Content::Unresolved(what) = &node.content else { return Value::Bool(true) };
            presence = unresolved(what);
        }
        presence
    }
}

/// Whether a content is as good as none.
fn is_empty(content: &Content) -> bool {
    match content {
        Content::Null | Content::Computed(_) => true,
        Content::List(elements) => elements.is_empty(),
        Content::Text(text) => text.is_empty(),
        _ => false,
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
            (Self::Principal, Content::Text(name)) => principal(name),
            (Self::Csv, Content::Text(text)) => {
                Value::Array(text.split(',').map(|part| Value::from(part.trim())).collect())
            }
            (Self::Name, Content::Reference { stand_in, .. }) => stand_in.as_str().into(),
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
            (Self::Text | Self::Name | Self::Document, Content::Boolean(truth)) => truth.to_string().as_str().into(),
            (Self::Text | Self::Name | Self::Document, Content::Integer(number)) => number.to_string().as_str().into(),
            (Self::Text | Self::Name | Self::Document, Content::Number(number)) => number.to_string().as_str().into(),
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

/// `*`, the principal of a service, or that of an account, user or role.
fn principal(name: &str) -> Value {
    if name == "*" {
        return name.into();
    }
    let is_service = name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn");
    Value::object([(if is_service { "Service" } else { "AWS" }, Value::from(name))])
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

/// The elements of a list, or what stands in its place.
fn elements_of(list: &Value) -> Vec<Value> {
    match list {
        Value::Array(elements) => elements.to_vec(),
        other => vec![other.clone()],
    }
}

/// The facts of what a text says as JSON. All of them are written where the text is.
fn parsed(definition: &Node, path: &[String], shape: &Shape, above: &str, written: &mut Vec<Written>) -> Option<Value> {
    let (node, at) = reach(definition, path)?;
    let Content::Text(text) = &node.content else { return node.unresolved().map(unresolved) };
    match yaml::parse(text) {
        Ok(parsed) => {
            let mut inside = Vec::new();
            let facts = shape.facts(&parsed?, above, &mut inside);
            written.extend(inside.into_iter().map(|one| Written { at, ..one }));
            facts
        }
        Err((_, message)) => Some(unresolved(&format!("a text that is no JSON: {message}"))),
    }
}

/// An object whose keys stand in the elements of a list, or are the names of a mapping: `{key}`.
fn keyed(
    definition: &Node,
    path: &[String],
    keys: &[String],
    shape: &Shape,
    above: &str,
    written: &mut Vec<Written>,
) -> Option<Value> {
    let (node, at) = reach(definition, path)?;
    note(written, above, at, None);
    let elements: Vec<(Option<&str>, &Node, Span)> = match &node.content {
        Content::Unresolved(what) | Content::Reference { what, .. } => return Some(unresolved(what)),
        Content::Map(members) => {
            members.iter().map(|member| (Some(member.name.as_str()), &member.value, member.at)).collect()
        }
        Content::List(elements) => elements.iter().map(|element| (None, element, element.at)).collect(),
        _ => return None,
    };
    let mut object = Level::default();
    let mut seen = BTreeMap::new();
    for (place, (name, element, at)) in elements.into_iter().enumerate() {
        if let Some(what) = element.unresolved() {
            return Some(unresolved(what));
        }
        let mut names = Vec::new();
        let mut is_named = true;
        for key in keys {
            match key_of(key, name, element, definition) {
                Ok(key) => {
                    is_named &= key.is_some();
                    names.push(key.unwrap_or_else(|| place.to_string()));
                }
                Err(what) => return Some(unresolved(&what)),
            }
        }
        // A place may be the name of another one, which it must not take the place of.
        if seen.insert(names.clone(), is_named).is_some_and(|was_named| !(was_named && is_named)) {
            return Some(unresolved("the name of an element"));
        }
        let below = names.iter().fold(above.to_owned(), |above, name| format!("{above}/{}", escaped(name)));
        note(written, &below, at, None);
        let value = shape.facts(element, &below, written).unwrap_or_else(|| Value::object::<&str>([]));
        object.put(names, value);
    }
    Some(object.into_value())
}

/// An object while its members are found.
#[derive(Default)]
struct Level {
    value: Option<Value>,
    below: BTreeMap<String, Self>,
}

impl Level {
    fn put(&mut self, names: Vec<String>, value: Value) {
        let place = names.into_iter().fold(self, |level, name| level.below.entry(name).or_default());
        place.value = Some(value);
    }

    fn into_value(self) -> Value {
        let below = self.below.into_iter().map(|(name, level)| (name, level.into_value()));
        self.value.unwrap_or_else(|| Value::object(below))
    }
}

/// A key with the values of an element in it, or of what holds the list: `{^Name}`. Nothing if one of them is not there, or not
/// known yet and only a label: `{Name?}`. An error with what is not known yet otherwise.
fn key_of(form: &str, name: Option<&str>, element: &Node, holder: &Node) -> Result<Option<String>, String> {
    let mut key = String::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once('{') {
        let (path, after) = after.split_once('}').unwrap_or((after, ""));
        key.push_str(before);
        rest = after;
        let (path, is_label) = path.strip_suffix('?').map_or((path, false), |path| (path, true));
        let found = path.strip_prefix('^').map_or_else(|| at_path(element, path), |path| at_path(holder, path));
        match (name.filter(|_| path == "key"), found) {
            (Some(name), _) => key.push_str(name),
            (None, Some(node)) => match (node.plain(), node.unresolved()) {
                (Some(text), _) => key.push_str(&text),
                (None, Some(what)) if !is_label => return Err(what.to_owned()),
                (None, _) => return Ok(None),
            },
            (None, None) => return Ok(None),
        }
    }
    key.push_str(rest);
    Ok(Some(key.trim_start_matches('/').to_owned()))
}

fn tags(definition: &Node, path: &[String], above: &str, written: &mut Vec<Written>) -> Option<Value> {
    let (node, at) = reach(definition, path)?;
    note(written, above, at, None);
    match &node.content {
        Content::Unresolved(what) | Content::Reference { what, .. } | Content::Computed(what) => Some(unresolved(what)),
        Content::Map(members) => {
            below(node, above, written);
            Some(Value::object(members.iter().map(|tag| (tag.name.as_str(), Wanted::Text.of(&tag.value)))))
        }
        Content::List(elements) => {
            let mut tags = Vec::new();
            for element in elements {
                // `Key` and `Value`, and those of an Auto Scaling group in Terraform.
                let either = |name: &str| element.get(name).or_else(|| element.get(&name.to_ascii_lowercase()));
                let text = |name| either(name).map(|node| Wanted::Text.of(node));
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
