//! The query protocol and EC2's dialect of it: forms as requests, XML as answers
//! (<https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>,
//! <https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html>).

use percent_encoding::utf8_percent_encode;

use super::HttpRequestParts;
use super::rest::UNRESERVED;
use super::time;
use super::xml::{self, Document};
use crate::source::model::{
    Case, Element, Member, Operation, Protocol, Scalar, ServiceModel, Shape, ShapeId, TimeFormat,
};
use crate::value::Value;

pub(super) fn serialize(model: &ServiceModel, operation: &Operation, params: &Value) -> HttpRequestParts {
    let mut form = Form { model, text: String::new() };
    form.pair("Action", operation.name());
    form.pair("Version", &model.api_version);
    if let Some(input) = operation.input_shape() {
        form.add("", input, params);
    }
    HttpRequestParts {
        method: operation.method.clone(),
        path_and_query: operation.uri.clone(),
        headers: vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
        body: form.text.into_bytes(),
        ..HttpRequestParts::default()
    }
}

struct Form<'m> {
    model: &'m ServiceModel,
    text: String,
}

impl Form<'_> {
    fn pair(&mut self, name: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        self.text.extend(utf8_percent_encode(name, UNRESERVED));
        self.text.push('=');
        self.text.extend(utf8_percent_encode(value, UNRESERVED));
    }

    fn is_ec2(&self) -> bool {
        self.model.protocol() == Protocol::Ec2
    }

    fn add(&mut self, prefix: &str, shape: ShapeId, value: &Value) {
        let model = self.model;
        match (model.shape(shape), value) {
            (_, Value::Null) => {}
            (Shape::Structure(structure), Value::Object(object)) => {
                for (name, value) in object.iter() {
                    if let Some(member) = structure.member(name) {
                        self.add_member(prefix, member, value);
                    }
                }
            }
            (Shape::List { element }, Value::Array(elements)) => {
                let prefix = match &element.wire_name {
                    _ if self.is_ec2() => prefix.to_owned(),
                    Some(name) => format!("{prefix}.{name}"),
                    None => format!("{prefix}.member"),
                };
                self.add_elements(&prefix, element, elements);
            }
            (Shape::Map { key, value: element }, Value::Object(object)) => {
                self.add_entries(&format!("{prefix}.entry"), key, element, object.iter());
            }
            (Shape::Scalar(scalar), value) => {
                let format = TimeFormat::Iso8601;
                if let Some(text) = scalar_text(*scalar, value, format) {
                    self.pair(prefix, &text);
                }
            }
            _ => {}
        }
    }

    fn add_member(&mut self, prefix: &str, member: &Member, value: &Value) {
        let name = if self.is_ec2() { ec2_name(member) } else { member.wire().to_owned() };
        let name = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match (self.model.shape(member.shape), value) {
            // The query protocol says that a list is empty, EC2's does not.
            (Shape::List { .. }, Value::Array(elements)) if elements.is_empty() => {
                if !self.is_ec2() {
                    self.pair(&name, "");
                }
            }
            (Shape::List { element }, Value::Array(elements)) if member.flattened => {
                self.add_elements(&name, element, elements);
            }
            (Shape::Map { key, value: element }, Value::Object(object)) if member.flattened => {
                self.add_entries(&name, key, element, object.iter());
            }
            _ => self.add(&name, member.shape, value),
        }
    }

    fn add_elements(&mut self, prefix: &str, element: &Element, elements: &[Value]) {
        for (at, value) in elements.iter().enumerate() {
            self.add(&format!("{prefix}.{}", at + 1), element.shape, value);
        }
    }

    fn add_entries<'v>(
        &mut self,
        prefix: &str,
        key: &Element,
        element: &Element,
        entries: impl Iterator<Item = (&'v crate::value::Key, &'v Value)>,
    ) {
        let (key_name, value_name) = xml::entry_names(key, element);
        for (at, (key, value)) in entries.enumerate() {
            self.pair(&format!("{prefix}.{}.{key_name}", at + 1), key);
            self.add(&format!("{prefix}.{}.{value_name}", at + 1), element.shape, value);
        }
    }
}

/// EC2 writes the names of parameters with a large first letter, whatever the model's name for the answer is.
fn ec2_name(member: &Member) -> String {
    match (&member.query_name, &member.wire_name) {
        (Some(name), _) => name.to_string(),
        (None, Some(name)) => Case::UpperFirst.of(name),
        (None, None) => member.name.to_string(),
    }
}

/// A scalar as text of a form, an XML element, a header or a query string.
pub(super) fn scalar_text(scalar: Scalar, value: &Value, default: TimeFormat) -> Option<String> {
    match (scalar, value) {
        (Scalar::Timestamp(format), Value::String(text)) => {
            time::parse(text).map(|time| time::format(time, format.unwrap_or(default)))
        }
        (Scalar::String | Scalar::Blob, Value::String(text)) => Some(text.to_string()),
        (Scalar::Boolean, Value::Bool(truth)) => Some(truth.to_string()),
        (Scalar::Integer | Scalar::Float, Value::Integer(number)) => Some(number.to_string()),
        (Scalar::Float, Value::Float(number)) => Some(format!("{number:?}")),
        _ => None,
    }
}

pub(super) fn parse(model: &ServiceModel, operation: &Operation, body: &[u8]) -> Result<Value, String> {
    let expected = format!("{}Response", operation.name());
    let mut document = Document::open(model, body)?;
    let root = document.root()?;
    xml::expect_root(&root, &expected)?;
    let value = match (operation.output_shape(), &operation.wrapper) {
        (Some(output), None) => document.value(output, &root)?,
        (Some(output), Some(wrapper)) => document.wrapped(output, &root, wrapper)?,
        (None, _) => {
            document.skip(&root)?;
            Value::object::<&str>([])
        }
    };
    document.close()?;
    Ok(value)
}
