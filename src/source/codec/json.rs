//! JSON by shape: the json protocol, and the bodies of rest-json
//! (<https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html>,
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html>).
//!
//! An answer is read in one pass from its bytes into the value.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::{HttpRequestParts, time, xml};
use crate::item::format_time;
use crate::source::model::{Operation, Scalar, ServiceModel, Shape, ShapeId, Structure, TimeFormat};
use crate::value::{Key, Object, Value, intern};

pub(super) fn serialize(model: &ServiceModel, operation: &Operation, params: &Value) -> HttpRequestParts {
    let mut headers = vec![
        ("X-Amz-Target".to_owned(), format!("{}.{}", model.target_prefix, operation.name())),
        ("Content-Type".to_owned(), format!("application/x-amz-json-{}", model.json_version)),
    ];
    if model.query_compatible {
        // Error codes stay those of the time when the service spoke the query protocol.
        headers.push(("x-amzn-query-mode".to_owned(), "true".to_owned()));
    }
    HttpRequestParts {
        method: operation.method.clone(),
        path_and_query: operation.uri.clone(),
        headers,
        body: operation.input_shape().map_or_else(|| b"{}".to_vec(), |input| write(model, input, params)),
        ..HttpRequestParts::default()
    }
}

/// A value of a shape as JSON. Members of a structure that do not belong into the body are left out.
pub(super) fn write(model: &ServiceModel, shape: ShapeId, value: &Value) -> Vec<u8> {
    // Values with checked parameters are always JSON: no key is anything but text, and no number infinite.
    serde_json::to_vec(&Shaped { model, shape, value }).unwrap_or_default()
}

struct Shaped<'v> {
    model: &'v ServiceModel,
    shape: ShapeId,
    value: &'v Value,
}

impl Serialize for Shaped<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { model, .. } = self;
        match (model.shape(self.shape), self.value) {
            (Shape::Structure(structure), Value::Object(object)) => {
                let mut map = serializer.serialize_map(None)?;
                for (name, value) in object.iter().filter(|(_, value)| **value != Value::Null) {
                    if let Some(member) = structure.member(name).filter(|member| member.is_in_body()) {
                        map.serialize_entry(member.wire(), &Shaped { model, shape: member.shape, value })?;
                    }
                }
                map.end()
            }
            (Shape::List { element }, Value::Array(elements)) => {
                serializer.collect_seq(elements.iter().map(|value| Shaped { model, shape: element.shape, value }))
            }
            (Shape::Map { value: element, .. }, Value::Object(object)) => serializer.collect_map(
                object.iter().map(|(key, value)| (key.as_ref(), Shaped { model, shape: element.shape, value })),
            ),
            (Shape::Scalar(Scalar::Timestamp(format)), Value::String(text)) => {
                let format = format.unwrap_or(TimeFormat::Unix);
                match time::parse(text) {
                    Some(time) if format == TimeFormat::Unix => unix(&time::format(time, format)).serialize(serializer),
                    Some(time) => serializer.serialize_str(&time::format(time, format)),
                    None => serializer.serialize_str(text),
                }
            }
            (_, value) => value.serialize(serializer),
        }
    }
}

/// Seconds as a number that is written without a fraction where it has none.
fn unix(text: &str) -> Value {
    text.parse::<i64>().map(Value::Integer).or_else(|_| text.parse::<f64>().map(Value::Float)).unwrap_or_default()
}

pub(super) fn parse(model: &ServiceModel, operation: &Operation, body: &[u8]) -> Result<Value, String> {
    match operation.output_shape() {
        Some(output) => read(model, output, body),
        None if body.is_empty() => Ok(Value::object::<&str>([])),
        None => check(body).map(|()| Value::object::<&str>([])),
    }
}

/// The value of a body that is one JSON value of this shape.
pub(super) fn read(model: &ServiceModel, shape: ShapeId, body: &[u8]) -> Result<Value, String> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let seed = Seed { model, shape };
    let value = seed.deserialize(&mut deserializer).map_err(|error| error.to_string())?;
    deserializer.end().map_err(|error| error.to_string())?;
    value.ok_or_else(|| "it is null".to_owned())
}

/// An error unless the body is one JSON value.
pub(super) fn check(body: &[u8]) -> Result<(), String> {
    serde_json::from_slice::<IgnoredAny>(body).map(|_| ()).map_err(|error| error.to_string())
}

/// Reads a value of a shape; `null` is none.
#[derive(Clone, Copy)]
struct Seed<'m> {
    model: &'m ServiceModel,
    shape: ShapeId,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self.model.shape(self.shape) {
            Shape::Scalar(Scalar::Document) => {
                let document: Value = serde::Deserialize::deserialize(deserializer)?;
                Ok((document != Value::Null).then_some(document))
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl Seed<'_> {
    fn scalar(&self) -> Option<Scalar> {
        match self.model.shape(self.shape) {
            Shape::Scalar(scalar) => Some(*scalar),
            _ => None,
        }
    }

    fn text<E: serde::de::Error>(self, text: &str) -> Result<Option<Value>, E> {
        let Some(scalar) = self.scalar() else { return Err(E::invalid_type(Unexpected::Str(text), &self)) };
        xml::scalar_value(scalar, text).map(Some).map_err(E::custom)
    }
}

/// Scalars may come as another kind, as long as they mean the same: services are known to write `"5"` for `5`.
impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.model.shape(self.shape) {
            Shape::Structure(_) | Shape::Map { .. } => "an object",
            Shape::List { .. } => "a list",
            Shape::Scalar(Scalar::String) => "a string",
            Shape::Scalar(Scalar::Boolean) => "a boolean",
            Shape::Scalar(Scalar::Integer) => "an integer",
            Shape::Scalar(Scalar::Float) => "a number",
            Shape::Scalar(Scalar::Blob) => "base64",
            Shape::Scalar(Scalar::Timestamp(_)) => "a time",
            Shape::Scalar(Scalar::Document) => "any value",
        })
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: serde::de::Error>(self, truth: bool) -> Result<Self::Value, E> {
        match self.scalar() {
            Some(Scalar::Boolean) => Ok(Some(truth.into())),
            Some(Scalar::String) => Ok(Some(truth.to_string().into())),
            _ => Err(E::invalid_type(Unexpected::Bool(truth), &self)),
        }
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
        match self.scalar() {
            Some(Scalar::Integer) => Ok(Some(number.into())),
            Some(Scalar::String) => Ok(Some(number.to_string().into())),
            #[expect(clippy::cast_precision_loss, reason = "the model says that it is a floating-point number")]
            Some(Scalar::Float | Scalar::Timestamp(_)) => self.visit_f64(number as f64),
            _ => Err(E::invalid_type(Unexpected::Signed(number), &self)),
        }
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Self::Value, E> {
        match self.scalar() {
            Some(Scalar::Float) => Ok(Some(Value::Float(number))),
            Some(Scalar::String) => Ok(Some(number.to_string().into())),
            #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
            Some(Scalar::Integer) if number.fract() == 0.0 && number.abs() < 9e15 => Ok(Some((number as i64).into())),
            Some(Scalar::Timestamp(_)) => match time::from_seconds(number) {
                Some(time) => Ok(Some(format_time(time).into())),
                None => Err(E::invalid_value(Unexpected::Float(number), &self)),
            },
            _ => Err(E::invalid_type(Unexpected::Float(number), &self)),
        }
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        self.text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let Shape::List { element } = self.model.shape(self.shape) else {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        };
        let mut values = Vec::new();
        while let Some(value) = elements.next_element_seed(Seed { shape: element.shape, ..self })? {
            values.push(value.unwrap_or_default());
        }
        Ok(Some(values.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        match self.model.shape(self.shape) {
            Shape::Structure(structure) => {
                while let Some(member) = members.next_key_seed(NameSeed(structure))? {
                    let Some((name, shape)) = member else {
                        members.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    // What is null is not set, as if the member were not there.
                    if let Some(value) = members.next_value_seed(Seed { shape, ..self })? {
                        found.push((name, value));
                    }
                }
            }
            Shape::Map { value, .. } => {
                while let Some(name) = members.next_key_seed(KeySeed)? {
                    let value = members.next_value_seed(Seed { shape: value.shape, ..self })?;
                    found.push((name, value.unwrap_or_default()));
                }
            }
            _ => return Err(A::Error::invalid_type(Unexpected::Map, &self)),
        }
        Ok(Some(Value::Object(Object::from_members(found))))
    }
}

/// Reads the name of a member: its own name and shape, or none where the model does not know it.
struct NameSeed<'m>(&'m Structure);

impl<'de> DeserializeSeed<'de> for NameSeed<'_> {
    type Value = Option<(Key, ShapeId)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_> {
    type Value = Option<(Key, ShapeId)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.by_wire(name).map(|(_, member)| (Key::clone(&member.name), member.shape)))
    }
}

/// Reads the key of a map.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        Ok(intern(name))
    }
}

/// Bytes as the text that stands for them in a value.
pub(super) fn blob(bytes: &[u8]) -> Value {
    BASE64_STANDARD.encode(bytes).into()
}
