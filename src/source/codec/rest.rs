//! The rest protocols: method, path, query and headers from the model, with a body of JSON or XML
//! (<https://smithy.io/2.0/spec/http-bindings.html>).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::query::scalar_text;
use super::xml::{self, Document};
use super::{CodecError, HttpRequestParts, header, json};
use crate::source::model::{
    Kind, Location, Member, Operation, Protocol, Scalar, ServiceModel, Shape, ShapeId, Structure, TimeFormat,
};
use crate::value::{Key, Object, Value, intern};

/// What is not percent-encoded (RFC 3986, section 2.3).
pub(super) const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// In a label that may span segments of the path, slashes stay.
const UNRESERVED_AND_SLASH: &AsciiSet = &UNRESERVED.remove(b'/');

/// The label that S3 puts before the host's name or before the path.
const BUCKET: &str = "{Bucket}";

pub(super) fn serialize(
    model: &ServiceModel,
    operation: &Operation,
    params: &Value,
) -> Result<HttpRequestParts, CodecError> {
    let mut request = HttpRequestParts { method: operation.method.clone(), ..HttpRequestParts::default() };
    if model.protocol() == Protocol::RestJson {
        // API Gateway answers in HAL, of which its model says nothing, unless it is asked for plain JSON.
        request.headers.push(("Accept".to_owned(), "application/json".to_owned()));
    }
    let Some(input) = operation.input_shape() else {
        request.path_and_query.clone_from(&operation.uri);
        return Ok(request);
    };
    let Some(structure) = model.structure(input) else { return Ok(request) };
    let given = |member: &Member| params.get(&member.name).filter(|value| **value != Value::Null).cloned();

    let mut template = operation.uri.as_str();
    if let Some(rest) = template.strip_prefix('/').and_then(|path| path.strip_prefix(BUCKET)) {
        request.bucket = given_label(operation, structure, params, "Bucket")?;
        template = rest;
    }
    let mut uri = expand(operation, structure, params, template)?;
    if !uri.starts_with('/') {
        uri.insert(0, '/');
    }
    let mut separator = if uri.contains('?') { '&' } else { '?' };
    let mut query = |name: &str, value: &str| {
        uri.push(separator);
        separator = '&';
        uri.extend(utf8_percent_encode(name, UNRESERVED));
        uri.push('=');
        uri.extend(utf8_percent_encode(value, UNRESERVED));
    };
    for member in &structure.members {
        let Some(value) = given(member) else { continue };
        match member.location {
            Location::QueryString => {
                for (name, text) in query_pairs(model, member, &value) {
                    query(&name, &text);
                }
            }
            Location::Header => {
                if let Some(text) = header_text(model, member.shape, &value) {
                    request.headers.push((member.wire().to_owned(), text));
                }
            }
            Location::Headers => {
                for (name, value) in value.as_object().into_iter().flat_map(Object::iter) {
                    let text = value.as_str().unwrap_or_default().to_owned();
                    request.headers.push((format!("{}{name}", member.wire()), text));
                }
            }
            Location::Uri | Location::StatusCode | Location::Body | Location::Attribute => {}
        }
    }
    request.path_and_query = uri;
    if let Some((name, _)) = request.headers.iter().find(|(_, value)| value.chars().any(char::is_control)) {
        return Err(wrong(operation, name, "a header's value has a control character"));
    }
    request.body = body(model, operation, input, structure, params)?;
    if !request.body.is_empty() && header(&request.headers, "Content-Type").is_none() {
        let kind = if model.protocol() == Protocol::RestJson { "application/json" } else { "application/xml" };
        request.headers.push(("Content-Type".to_owned(), kind.to_owned()));
    }
    Ok(request)
}

/// A list is a pair for each element, a map one for each entry.
fn query_pairs(model: &ServiceModel, member: &Member, value: &Value) -> Vec<(String, String)> {
    let pairs = |name: &str, shape: ShapeId, values: &[Value]| -> Vec<(String, String)> {
        let texts = values.iter().filter_map(|value| scalar(model, shape, value, TimeFormat::Iso8601));
        texts.map(|text| (name.to_owned(), text)).collect()
    };
    match (model.shape(member.shape), value) {
        (Shape::List { element }, Value::Array(elements)) => pairs(member.wire(), element.shape, elements),
        (Shape::Map { value: element, .. }, Value::Object(object)) => {
            let of_entry = |(name, value): (&Key, &Value)| match (model.shape(element.shape), value) {
                (Shape::List { element }, Value::Array(elements)) => pairs(name, element.shape, elements),
                (_, value) => pairs(name, element.shape, std::slice::from_ref(value)),
            };
            object.iter().flat_map(of_entry).collect()
        }
        _ => pairs(member.wire(), member.shape, std::slice::from_ref(value)),
    }
}

fn body(
    model: &ServiceModel,
    operation: &Operation,
    input: ShapeId,
    structure: &Structure,
    params: &Value,
) -> Result<Vec<u8>, CodecError> {
    let given = |member: &Member| params.get(&member.name).filter(|value| **value != Value::Null);
    if model.protocol() == Protocol::RestJson {
        return Ok(match structure.payload() {
            Some(payload) => {
                given(payload).map_or_else(|| b"{}".to_vec(), |value| json::write(model, payload.shape, value))
            }
            None if structure.members.iter().any(Member::is_in_body) => json::write(model, input, params),
            None => Vec::new(),
        });
    }
    if let Some(payload) = structure.payload() {
        if model.kind(payload.shape) == Kind::Blob {
            let text = given(payload).and_then(Value::as_str).unwrap_or_default();
            let decoded = BASE64_STANDARD.decode(text);
            return decoded.map_err(|error| wrong(operation, &payload.name, &format!("it is not base64: {error}")));
        }
        let element = |value| xml::write(model, payload.shape, value, payload.wire(), payload.namespace.as_ref());
        return Ok(given(payload).map(element).unwrap_or_default().into_bytes());
    }
    let in_body = structure.members.iter().filter(|member| member.is_in_body());
    let members: Vec<(Key, Value)> =
        in_body.filter_map(|member| Some((Key::clone(&member.name), given(member)?.clone()))).collect();
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let name = operation.root.as_deref().unwrap_or(operation.name());
    let members = Value::Object(Object::from_members(members));
    Ok(xml::write(model, input, &members, name, operation.root_namespace.as_ref()).into_bytes())
}

fn wrong(operation: &Operation, path: &str, reason: &str) -> CodecError {
    CodecError::Parameter { operation: operation.name().to_owned(), path: path.to_owned(), reason: reason.to_owned() }
}

/// The text of a label of the path. None can be empty: the path would be another operation's.
fn given_label(
    operation: &Operation,
    structure: &Structure,
    params: &Value,
    label: &str,
) -> Result<Option<String>, CodecError> {
    let member = structure
        .members
        .iter()
        .find(|member| member.location == Location::Uri && member.wire() == label)
        .ok_or_else(|| wrong(operation, label, "the path has a label that is no parameter"))?;
    match params.get(&member.name) {
        Some(Value::String(text)) if matches!(text.as_str(), "" | "." | "..") => {
            Err(wrong(operation, &member.name, "a part of the path may not be empty or dots"))
        }
        Some(Value::String(text)) => Ok(Some(text.to_string())),
        Some(Value::Integer(number)) => Ok(Some(number.to_string())),
        Some(Value::Bool(truth)) => Ok(Some(truth.to_string())),
        _ => Err(wrong(operation, &member.name, "a part of the path is missing")),
    }
}

fn expand(operation: &Operation, structure: &Structure, params: &Value, template: &str) -> Result<String, CodecError> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((label, after)) = after.split_once('}') else { break };
        out.push_str(before);
        let (label, set) = match label.strip_suffix('+') {
            Some(label) => (label, UNRESERVED_AND_SLASH),
            None => (label, UNRESERVED),
        };
        if let Some(text) = given_label(operation, structure, params, label)? {
            out.extend(utf8_percent_encode(&text, set));
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn scalar(model: &ServiceModel, shape: ShapeId, value: &Value, default: TimeFormat) -> Option<String> {
    match model.shape(shape) {
        Shape::Scalar(scalar) => scalar_text(*scalar, value, default),
        _ => None,
    }
}

fn header_text(model: &ServiceModel, shape: ShapeId, value: &Value) -> Option<String> {
    let (Shape::List { element }, Value::Array(elements)) = (model.shape(shape), value) else {
        return scalar(model, shape, value, TimeFormat::Rfc822);
    };
    let quoted = |text: String| {
        if text.contains(['"', ',']) { format!("\"{}\"", text.replace('"', "\\\"")) } else { text }
    };
    let texts: Vec<String> = elements
        .iter()
        .filter_map(|value| scalar(model, element.shape, value, TimeFormat::Rfc822).map(quoted))
        .collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

/// What goes before the host's name, for the operations that have it.
pub(super) fn host_prefix(
    model: &ServiceModel,
    operation: &Operation,
    params: &Value,
) -> Result<Option<String>, CodecError> {
    let Some(template) = &operation.host_prefix else { return Ok(None) };
    let labels = operation.input_shape().and_then(|input| model.structure(input));
    let mut prefix = template.clone();
    for member in labels.into_iter().flat_map(|structure| &structure.members).filter(|member| member.host_label) {
        let text = params.get(&member.name).and_then(Value::as_str).unwrap_or_default();
        let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
        if !fits {
            return Err(wrong(operation, &member.name, "a part of the host's name has letters, digits, - and . only"));
        }
        prefix = prefix.replace(&format!("{{{}}}", member.name), text);
    }
    Ok(Some(prefix))
}

pub(super) fn parse(
    model: &ServiceModel,
    operation: &Operation,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Value, String> {
    let structure = operation.output_shape().and_then(|output| Some((output, model.structure(output)?)));
    let Some((output, structure)) = structure else {
        nothing(model, body)?;
        return Ok(Value::object::<&str>([]));
    };
    let mut found = Vec::new();
    for member in &structure.members {
        let value = match member.location {
            Location::StatusCode => Some(i64::from(status).into()),
            Location::Header => header(headers, member.wire())
                .map(|text| header_value(model, member.shape, text))
                .transpose()
                .map_err(|reason| format!("in the header {}: {reason}", member.wire()))?,
            Location::Headers => Some(headers_value(headers, member.wire())),
            Location::Body | Location::Attribute | Location::Uri | Location::QueryString => None,
        };
        if let Some(value) = value {
            found.push((Key::clone(&member.name), value));
        }
    }
    match structure.payload() {
        Some(payload) => found.push((Key::clone(&payload.name), payload_value(model, operation, payload, body)?)),
        None if !structure.members.iter().any(Member::is_in_body) => nothing(model, body)?,
        None => {
            let value = match model.protocol() {
                Protocol::RestJson => json::read(model, output, body)?,
                _ => xml_value(model, operation, output, structure, body)?,
            };
            if let Value::Object(members) = value {
                found.extend(members.iter().map(|(name, value)| (Key::clone(name), value.clone())));
            }
        }
    }
    Ok(Value::Object(Object::from_members(found)))
}

/// Where there is nothing to read, a body may be empty or one of the protocol's, but no proxy's page.
fn nothing(model: &ServiceModel, body: &[u8]) -> Result<(), String> {
    if body.is_empty() {
        return Ok(());
    }
    if model.protocol() == Protocol::RestJson {
        return json::check(body);
    }
    let mut document = Document::open(model, body)?;
    let root = document.root()?;
    xml::refuse_root(&root)?;
    document.skip(&root)?;
    document.close()
}

fn payload_value(model: &ServiceModel, operation: &Operation, payload: &Member, body: &[u8]) -> Result<Value, String> {
    match model.kind(payload.shape) {
        Kind::Blob => Ok(json::blob(body)),
        Kind::String => {
            let text = std::str::from_utf8(body).map_err(|error| format!("it is not UTF-8: {error}"))?;
            if payload.json {
                json::check(body)?;
            } else if looks_like_html(text) {
                return Err("it is a page of HTML".to_owned());
            }
            Ok(text.into())
        }
        _ if model.protocol() == Protocol::RestJson => json::read(model, payload.shape, body),
        _ => {
            let mut document = Document::open(model, body)?;
            let root = document.root()?;
            xml::expect_root_or_response(&root, operation.output_root.as_deref().unwrap_or(payload.wire()))?;
            let value = document.value(payload.shape, &root)?;
            document.close()?;
            Ok(value)
        }
    }
}

fn looks_like_html(text: &str) -> bool {
    let start = text.trim_start().get(..14).unwrap_or_default().to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

fn xml_value(
    model: &ServiceModel,
    operation: &Operation,
    output: ShapeId,
    structure: &Structure,
    body: &[u8],
) -> Result<Value, String> {
    let mut document = Document::open(model, body)?;
    let root = document.root()?;
    match &operation.output_root {
        Some(expected) => xml::expect_root_or_response(&root, expected)?,
        None => xml::refuse_root(&root)?,
    }
    let value = match structure.members.as_slice() {
        [only] if operation.unwrapped => {
            let text = document.text(&root)?;
            // S3 says `null` for the region that was there before it had names.
            let value = if text.is_empty() { Value::Null } else { text.as_ref().into() };
            Value::Object(Object::from_members(vec![(Key::clone(&only.name), value)]))
        }
        _ => document.value(output, &root)?,
    };
    document.close()?;
    Ok(value)
}

fn header_value(model: &ServiceModel, shape: ShapeId, text: &str) -> Result<Value, String> {
    match model.shape(shape) {
        Shape::Scalar(scalar) => xml::scalar_value(*scalar, text),
        Shape::List { element } => {
            let elements: Result<Vec<Value>, String> =
                text.split(',').map(|part| header_value(model, element.shape, part.trim())).collect();
            Ok(elements?.into())
        }
        Shape::Structure(_) | Shape::Map { .. } => xml::scalar_value(Scalar::String, text),
    }
}

fn headers_value(headers: &[(String, String)], prefix: &str) -> Value {
    let matching = headers.iter().filter_map(|(name, value)| {
        let (start, rest) = (name.get(..prefix.len())?, name.get(prefix.len()..)?);
        start.eq_ignore_ascii_case(prefix).then(|| (intern(&rest.to_ascii_lowercase()), value.as_str().into()))
    });
    Value::Object(Object::from_members(matching.collect()))
}
