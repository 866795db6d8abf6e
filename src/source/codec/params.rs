//! Whether parameters fit an operation. What is checked here, the serializers of the protocols take for granted.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::CodecError;
use super::time;
use crate::source::model::{Operation, Scalar, ServiceModel, Shape, ShapeId};
use crate::value::Value;

/// Names every parameter that is unknown, missing or of the wrong kind, the first of them.
pub(super) fn check(model: &ServiceModel, operation: &Operation, params: &Value) -> Result<(), CodecError> {
    let wrong =
        |path: String, reason: String| CodecError::Parameter { operation: operation.name().to_owned(), path, reason };
    let Some(object) = params.as_object() else {
        return Err(wrong(String::new(), format!("parameters are an object, not {}", params.kind())));
    };
    match operation.input_shape() {
        Some(input) => walk(model, input, params, "").map_err(|(path, reason)| wrong(path, reason)),
        None if object.is_empty() => Ok(()),
        None => Err(wrong(String::new(), "it takes no parameters".to_owned())),
    }
}

fn walk(model: &ServiceModel, shape: ShapeId, value: &Value, path: &str) -> Result<(), (String, String)> {
    let wrong = |expected: &str| Err((path.to_owned(), format!("{expected} is expected, not {}", value.kind())));
    match (model.shape(shape), value) {
        (Shape::Structure(structure), Value::Object(object)) => {
            for (name, value) in object.iter().filter(|(_, value)| **value != Value::Null) {
                let below = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
                match structure.member(name) {
                    Some(member) => walk(model, member.shape, value, &below)?,
                    None => return Err((below, "there is no such parameter".to_owned())),
                }
            }
            match structure.required.iter().find(|name| matches!(object.get(name), None | Some(Value::Null))) {
                Some(missing) => Err((path.to_owned(), format!("{missing} is missing"))),
                None => Ok(()),
            }
        }
        (Shape::List { element }, Value::Array(elements)) => elements
            .iter()
            .enumerate()
            .try_for_each(|(at, value)| walk(model, element.shape, value, &format!("{path}[{at}]"))),
        (Shape::Map { value: element, .. }, Value::Object(object)) => {
            object.iter().try_for_each(|(key, value)| walk(model, element.shape, value, &format!("{path}.{key}")))
        }
        (Shape::Structure(_) | Shape::Map { .. }, _) => wrong("an object"),
        (Shape::List { .. }, _) => wrong("a list"),
        (Shape::Scalar(scalar), value) => match (scalar, value) {
            (Scalar::String, Value::String(_))
            | (Scalar::Boolean, Value::Bool(_))
            | (Scalar::Integer | Scalar::Float, Value::Integer(_))
            | (Scalar::Float, Value::Float(_)) => Ok(()),
            (Scalar::Blob, Value::String(text)) if BASE64_STANDARD.decode(text).is_ok() => Ok(()),
            (Scalar::Document, value) if value.first_unreadable().is_none() => Ok(()),
            (Scalar::Timestamp(_), Value::String(text)) if time::parse(text).is_some() => Ok(()),
            (Scalar::String, _) => wrong("a string"),
            (Scalar::Blob, _) => wrong("a string of base64"),
            (Scalar::Boolean, _) => wrong("a boolean"),
            (Scalar::Integer, _) => wrong("an integer"),
            (Scalar::Float, _) => wrong("a number"),
            (Scalar::Document, _) => wrong("a readable value"),
            (Scalar::Timestamp(_), _) => wrong("a time"),
        },
    }
}
