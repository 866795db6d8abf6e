//! XML by shape: answers of the ec2, query and rest-xml protocols, and the bodies of rest-xml's requests.
//!
//! An answer is read in one pass from its bytes into the value; elements that the model does not know are skipped.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::query::scalar_text;
use super::time;
use crate::item::format_time;
use crate::source::model::{
    Element, Location, Member, Namespace, Scalar, ServiceModel, Shape, ShapeId, Structure, TimeFormat,
};
use crate::value::{Key, Object, Value, intern};

/// More than any shape that is not recursive. Those that are would let a hostile answer exhaust the stack.
const DEEPEST: usize = 100;

/// An answer that is being read.
pub(super) struct Document<'m, 'b> {
    model: &'m ServiceModel,
    reader: Reader<&'b [u8]>,
    depth: usize,
}

/// The names of a map's key and value elements.
pub(super) fn entry_names<'e>(key: &'e Element, value: &'e Element) -> (&'e str, &'e str) {
    (key.wire_name.as_deref().unwrap_or("key"), value.wire_name.as_deref().unwrap_or("value"))
}

/// An error unless the root element has this name.
pub(super) fn expect_root(root: &BytesStart<'_>, expected: &str) -> Result<(), String> {
    match local_name(root) {
        name if name == expected => Ok(()),
        name => Err(format!("its root element is {}, not {expected}", super::error::one_line(name))),
    }
}

/// An error unless the root element has this name, or is named after an operation as stand-ins for S3 do it.
pub(super) fn expect_root_or_response(root: &BytesStart<'_>, expected: &str) -> Result<(), String> {
    refuse_root(root)?;
    if local_name(root).ends_with("Response") { Ok(()) } else { expect_root(root, expected) }
}

/// An error if the root element says that this is no answer to anything: a proxy's page, or an error sent as success.
pub(super) fn refuse_root(root: &BytesStart<'_>) -> Result<(), String> {
    let name = local_name(root);
    if ["html", "Error", "ErrorResponse"].iter().any(|refused| name.eq_ignore_ascii_case(refused)) {
        return Err(format!("its root element is {name}"));
    }
    Ok(())
}

fn local_name<'e>(element: &'e BytesStart<'_>) -> &'e str {
    after_colon(element.name().into_inner())
}

fn after_colon(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

impl<'m, 'b> Document<'m, 'b> {
    pub(super) fn open(model: &'m ServiceModel, body: &'b [u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(body).map_err(|error| format!("it is not UTF-8: {error}"))?;
        let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
        reader.config_mut().expand_empty_elements = true;
        Ok(Self { model, reader, depth: 0 })
    }

    /// The next event that is of matter.
    fn next(&mut self) -> Result<Event<'b>, String> {
        loop {
            match self.reader.read_event() {
                Ok(Event::Comment(_) | Event::Decl(_) | Event::PI(_)) => {}
                Ok(Event::DocType(_)) => return Err("it has a document type".to_owned()),
                Ok(event) => return Ok(event),
                Err(error) => return Err(format!("at byte {}: {error}", self.reader.error_position())),
            }
        }
    }

    /// The root element's start.
    pub(super) fn root(&mut self) -> Result<BytesStart<'b>, String> {
        loop {
            match self.next()? {
                Event::Start(root) => return Ok(root),
                Event::Text(text) if is_space(&text) => {}
                Event::Eof => return Err("it has no root element".to_owned()),
                _ => return Err("it is not XML".to_owned()),
            }
        }
    }

    /// Makes sure that nothing follows the root element.
    pub(super) fn close(&mut self) -> Result<(), String> {
        loop {
            match self.next()? {
                Event::Eof => return Ok(()),
                Event::Text(text) if is_space(&text) => {}
                _ => return Err("something follows its root element".to_owned()),
            }
        }
    }

    /// Reads to the end of an element that is not of interest.
    pub(super) fn skip(&mut self, start: &BytesStart<'b>) -> Result<(), String> {
        self.reader.read_to_end(start.name()).map(|_| ()).map_err(|error| format!("in {}: {error}", local_name(start)))
    }

    /// The value in the only element of this name within another.
    pub(super) fn wrapped(&mut self, shape: ShapeId, around: &BytesStart<'b>, name: &str) -> Result<Value, String> {
        let mut found = None;
        while let Some(child) = self.child(around)? {
            if local_name(&child) == name && found.is_none() {
                found = Some(self.value(shape, &child)?);
            } else {
                self.skip(&child)?;
            }
        }
        found.ok_or_else(|| format!("there is no {name} in {}", local_name(around)))
    }

    /// The next element within another that has been opened; none at its end.
    fn child(&mut self, parent: &BytesStart<'b>) -> Result<Option<BytesStart<'b>>, String> {
        loop {
            match self.next()? {
                Event::Start(child) => return Ok(Some(child)),
                Event::End(_) => return Ok(None),
                Event::Text(text) if is_space(&text) => {}
                Event::Eof => return Err(format!("it ends within {}", local_name(parent))),
                _ => return Err(format!("there is text in {}, which has elements", local_name(parent))),
            }
        }
    }

    /// The text of an element that has been opened, to its end.
    pub(super) fn text(&mut self, start: &BytesStart<'b>) -> Result<Cow<'b, str>, String> {
        let mut text = Cow::Borrowed("");
        let mut add = |part: Cow<'b, str>| {
            if text.is_empty() {
                text = part;
            } else {
                text.to_mut().push_str(&part);
            }
        };
        loop {
            match self.next()? {
                Event::Text(part) => add(part.xml10_content()),
                Event::CData(part) => add(part.xml10_content()),
                Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                    Ok(Some(character)) => add(Cow::Owned(character.to_string())),
                    Ok(None) => match resolve_predefined_entity(&reference.xml10_content()) {
                        Some(part) => add(Cow::Borrowed(part)),
                        None => return Err(format!("there is an unknown entity in {}", local_name(start))),
                    },
                    Err(error) => return Err(format!("in {}: {error}", local_name(start))),
                },
                Event::End(_) => return Ok(text),
                Event::Eof => return Err(format!("it ends within {}", local_name(start))),
                _ => return Err(format!("there is an element in {}, which has text", local_name(start))),
            }
        }
    }

    /// The value of an element that has been opened, to its end.
    pub(super) fn value(&mut self, shape: ShapeId, start: &BytesStart<'b>) -> Result<Value, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("it goes deeper than {DEEPEST} elements"));
        }
        let model = self.model;
        let value = match model.shape(shape) {
            Shape::Structure(structure) => self.structure(structure, start)?,
            Shape::List { element } => {
                let mut elements = Vec::new();
                while let Some(child) = self.child(start)? {
                    elements.push(self.value(element.shape, &child)?);
                }
                Value::from(elements)
            }
            Shape::Map { key, value } => {
                let mut entries = Vec::new();
                while let Some(entry) = self.child(start)? {
                    entries.push(self.entry(key, value, &entry)?);
                }
                Value::Object(Object::from_members(entries))
            }
            Shape::Scalar(Scalar::Document) => return Err("XML has no documents".to_owned()),
            Shape::Scalar(scalar) => {
                let text = self.text(start)?;
                scalar_value(*scalar, &text).map_err(|reason| format!("in {}: {reason}", local_name(start)))?
            }
        };
        self.depth -= 1;
        Ok(value)
    }

    fn structure(&mut self, structure: &'m Structure, start: &BytesStart<'b>) -> Result<Value, String> {
        let mut found: Vec<Found> = Vec::new();
        found.resize_with(structure.members.len(), || Found::Nothing);
        attributes(structure, start, &mut found)?;
        while let Some(child) = self.child(start)? {
            let Some((at, member)) = structure.by_wire(local_name(&child)) else {
                self.skip(&child)?;
                continue;
            };
            let Some(found) = found.get_mut(at) else { continue };
            match self.model.shape(member.shape) {
                Shape::List { element } if member.flattened => {
                    let value = self.value(element.shape, &child)?;
                    found.push_element(value);
                }
                Shape::Map { key, value } if member.flattened => {
                    let entry = self.entry(key, value, &child)?;
                    found.push_entry(entry);
                }
                _ => *found = Found::Value(self.value(member.shape, &child)?),
            }
        }
        Ok(object(structure, found))
    }

    fn entry(&mut self, key: &Element, value: &Element, start: &BytesStart<'b>) -> Result<(Key, Value), String> {
        let (key_name, value_name) = entry_names(key, value);
        let (mut found_key, mut found_value) = (None, None);
        while let Some(child) = self.child(start)? {
            match local_name(&child) {
                name if name == key_name => found_key = Some(intern(&self.text(&child)?)),
                name if name == value_name => found_value = Some(self.value(value.shape, &child)?),
                _ => self.skip(&child)?,
            }
        }
        match (found_key, found_value) {
            (Some(key), Some(value)) => Ok((key, value)),
            _ => Err(format!("in {}: an entry lacks its {key_name} or {value_name}", local_name(start))),
        }
    }
}

fn attributes(structure: &Structure, start: &BytesStart<'_>, found: &mut [Found]) -> Result<(), String> {
    for (member, found) in
        structure.members.iter().zip(found).filter(|(member, _)| member.location == Location::Attribute)
    {
        let wanted = after_colon(member.wire());
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| format!("in {}: {error}", local_name(start)))?;
            if after_colon(attribute.key.into_inner()) == wanted {
                let text = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
                *found = Found::Value(text.as_ref().into());
            }
        }
    }
    Ok(())
}

/// What has been read of a member so far.
enum Found {
    Nothing,
    Value(Value),
    Elements(Vec<Value>),
    Entries(Vec<(Key, Value)>),
}

impl Found {
    fn push_element(&mut self, value: Value) {
        match self {
            Self::Elements(elements) => elements.push(value),
            _ => *self = Self::Elements(vec![value]),
        }
    }

    fn push_entry(&mut self, entry: (Key, Value)) {
        match self {
            Self::Entries(entries) => entries.push(entry),
            _ => *self = Self::Entries(vec![entry]),
        }
    }
}

fn object(structure: &Structure, found: Vec<Found>) -> Value {
    let members = structure.members.iter().zip(found).filter_map(|(member, found)| {
        let value = match found {
            Found::Nothing => return None,
            Found::Value(value) => value,
            Found::Elements(elements) => Value::from(elements),
            Found::Entries(entries) => Value::Object(Object::from_members(entries)),
        };
        Some((Key::clone(&member.name), value))
    });
    Value::Object(Object::from_members(members.collect()))
}

fn is_space(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_whitespace())
}

/// A scalar from the text of an element or a header.
pub(super) fn scalar_value(scalar: Scalar, text: &str) -> Result<Value, String> {
    let wrong = |expected: &str| Err(format!("{expected} is expected, not {:?}", super::error::one_line(text)));
    let trimmed = text.trim();
    match scalar {
        Scalar::String | Scalar::Document => Ok(text.into()),
        Scalar::Boolean if trimmed.eq_ignore_ascii_case("true") => Ok(true.into()),
        Scalar::Boolean if trimmed.eq_ignore_ascii_case("false") => Ok(false.into()),
        Scalar::Boolean => wrong("true or false"),
        Scalar::Integer => trimmed.parse::<i64>().map(Value::from).or_else(|_| wrong("an integer")),
        Scalar::Float => match trimmed.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Float(number)),
            // JSON has no such numbers; AWS's own JSON protocols write them as text, too.
            Ok(_) => Ok(trimmed.into()),
            Err(_) => wrong("a number"),
        },
        Scalar::Blob => match BASE64_STANDARD.decode(trimmed) {
            Ok(_) => Ok(trimmed.into()),
            Err(_) => wrong("base64"),
        },
        Scalar::Timestamp(_) => {
            time::parse(text).map(|time| format_time(time).into()).map_or_else(|| wrong("a time"), Ok)
        }
    }
}

/// The body of a rest-xml request.
pub(super) fn write(
    model: &ServiceModel,
    shape: ShapeId,
    value: &Value,
    name: &str,
    namespace: Option<&Namespace>,
) -> String {
    let mut writer = Writer { model, text: String::new() };
    writer.element(name, shape, value, namespace);
    writer.text
}

struct Writer<'m> {
    model: &'m ServiceModel,
    text: String,
}

impl Writer<'_> {
    fn element(&mut self, name: &str, shape: ShapeId, value: &Value, namespace: Option<&Namespace>) {
        let model = self.model;
        self.text.push('<');
        self.text.push_str(name);
        if let Some(namespace) = namespace {
            let prefix = namespace.prefix.as_ref().map(|prefix| format!(":{prefix}")).unwrap_or_default();
            self.attribute(&format!("xmlns{prefix}"), &namespace.uri);
        }
        match (model.shape(shape), value) {
            (Shape::Structure(structure), Value::Object(object)) => {
                let given = |attribute: bool| {
                    structure
                        .members
                        .iter()
                        .filter(move |member| (member.location == Location::Attribute) == attribute)
                        .filter_map(|member| Some((member, object.get(&member.name)?)))
                };
                for (member, value) in given(true) {
                    self.attribute(member.wire(), value.as_str().unwrap_or_default());
                }
                self.text.push('>');
                for (member, value) in given(false) {
                    self.member(member, value);
                }
            }
            (Shape::List { element }, Value::Array(elements)) => {
                self.text.push('>');
                for value in elements.iter() {
                    self.list_element(element.wire_name.as_deref().unwrap_or("member"), element, value);
                }
            }
            (Shape::Map { key, value: element }, Value::Object(object)) => {
                self.text.push('>');
                for (entry, value) in object.iter() {
                    self.entry("entry", key, element, entry, value);
                }
            }
            (Shape::Scalar(scalar), value) => {
                self.text.push('>');
                if let Some(text) = scalar_text(*scalar, value, TimeFormat::Iso8601) {
                    self.text.push_str(&escape(&text));
                }
            }
            _ => self.text.push('>'),
        }
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }

    fn attribute(&mut self, name: &str, value: &str) {
        for part in [" ", name, "=\"", &escape(value), "\""] {
            self.text.push_str(part);
        }
    }

    fn member(&mut self, member: &Member, value: &Value) {
        match (self.model.shape(member.shape), value) {
            (_, Value::Null) => {}
            (Shape::List { element }, Value::Array(elements)) if member.flattened => {
                for value in elements.iter() {
                    self.list_element(member.wire(), element, value);
                }
            }
            (Shape::Map { key, value: element }, Value::Object(object)) if member.flattened => {
                for (entry, value) in object.iter() {
                    self.entry(member.wire(), key, element, entry, value);
                }
            }
            _ => self.element(member.wire(), member.shape, value, member.namespace.as_ref()),
        }
    }

    fn list_element(&mut self, name: &str, element: &Element, value: &Value) {
        self.element(name, element.shape, value, element.namespace.as_ref());
    }

    fn entry(&mut self, name: &str, key: &Element, element: &Element, entry: &str, value: &Value) {
        let (key_name, value_name) = entry_names(key, element);
        for part in ["<", name, "><", key_name, ">", &escape(entry), "</", key_name, ">"] {
            self.text.push_str(part);
        }
        self.element(value_name, element.shape, value, element.namespace.as_ref());
        for part in ["</", name, ">"] {
            self.text.push_str(part);
        }
    }
}
