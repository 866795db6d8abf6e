//! Values to requests and answers to values, in the protocols of AWS's services.
//!
//! The codec knows the wire and nothing of hosts, signatures or retries. What it reads is judged strictly: an answer
//! that is cut off, is not of the protocol, or contradicts the model is an error and never an empty result, for an
//! empty result would be taken for *there are none*.
//!
//! Values are as the model names them: members in the case of AWS's API, times as text
//! (`2026-01-02T03:04:05.678Z`), blobs as base64 text. Members that the model does not know are left out. Text is left
//! as it came; IAM's policy documents stay URL-encoded, as they are in AWS Config's items.

mod error;
mod json;
pub mod pages;
mod params;
mod query;
mod rest;
mod time;
mod xml;

use crate::source::model::{Operation, Protocol, ServiceModel};
use crate::value::{Key, Value, code};

pub use self::error::{ErrorParts, parse_error};

/// A request without its host and signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpRequestParts {
    /// `GET`, `HEAD` or `POST`.
    pub method: String,
    /// Begins with a slash and is percent-encoded. Without the bucket, where there is one.
    pub path_and_query: String,
    /// Headers of the protocol and of the parameters.
    pub headers: Vec<(String, String)>,
    /// The body; empty where there is none.
    pub body: Vec<u8>,
    /// Goes before the host's name, with its dot: `111122223333.`.
    pub host_prefix: Option<String>,
    /// The S3 bucket, which belongs before the host's name or before the path.
    pub bucket: Option<String>,
}

/// Why a request could not be made, or an answer not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// A parameter does not fit the operation.
    #[error("{operation}: {reason}{}", at(.path))]
    Parameter {
        /// The operation.
        operation: String,
        /// Where in the parameters: `Filters[0].Values`. Empty for the parameters as a whole.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The answer is not what the operation's model says.
    #[error("the answer to {operation} cannot be understood: {reason}")]
    Malformed {
        /// The operation.
        operation: String,
        /// What is wrong, and where.
        reason: String,
    },
    /// The answer goes on, and there is no known way to ask for the rest.
    #[error("the answer to {operation} goes on ({member}), and there is no known way to ask for the rest")]
    Truncated {
        /// The operation.
        operation: String,
        /// What said that it goes on.
        member: String,
    },
    /// The answer's token for the next page was used already: the pages would never end.
    #[error("the answer to {operation} gives a token again that was used already")]
    RepeatedToken {
        /// The operation.
        operation: String,
    },
}

fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(", at {path}") }
}

impl CodecError {
    /// The code under which the facts are unreadable that the call would have told: one of [`code`]'s.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Parameter { .. } => code::INVALID_REQUEST,
            Self::Malformed { .. } => code::MALFORMED,
            Self::Truncated { .. } | Self::RepeatedToken { .. } => code::TRUNCATED,
        }
    }

    fn malformed(operation: &Operation, reason: String) -> Self {
        Self::Malformed { operation: operation.name().to_owned(), reason }
    }
}

/// The request for an operation with these parameters, an object with the members of its input. Members that are
/// `null` count as not given.
pub fn serialize(model: &ServiceModel, operation: &Operation, params: &Value) -> Result<HttpRequestParts, CodecError> {
    let params = &asking_for_encoded(operation, params);
    params::check(model, operation, params)?;
    let mut parts = match model.protocol() {
        Protocol::Ec2 | Protocol::Query => query::serialize(model, operation, params),
        Protocol::Json => json::serialize(model, operation, params),
        Protocol::RestJson | Protocol::RestXml => rest::serialize(model, operation, params)?,
    };
    parts.host_prefix = rest::host_prefix(model, operation, params)?;
    Ok(parts)
}

/// The value of a successful answer: an object with the members of the operation's output.
///
/// Header names are compared without regard to case.
pub fn parse(
    model: &ServiceModel,
    operation: &Operation,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Value, CodecError> {
    let parsed = match model.protocol() {
        Protocol::Ec2 | Protocol::Query => query::parse(model, operation, body),
        Protocol::Json => json::parse(model, operation, body),
        Protocol::RestJson | Protocol::RestXml => rest::parse(model, operation, status, headers, body),
    };
    parsed.and_then(|value| decoded(operation, value)).map_err(|reason| CodecError::malformed(operation, reason))
}

/// The member that says how names in S3's answers are encoded. XML cannot hold all characters of a key.
const ENCODING_TYPE: &str = "EncodingType";

fn asking_for_encoded(operation: &Operation, params: &Value) -> Value {
    match params {
        Value::Object(given) if !operation.encoded.is_empty() && given.get(ENCODING_TYPE).is_none() => {
            Value::Object(given.with(ENCODING_TYPE, "url".into()))
        }
        _ => params.clone(),
    }
}

fn decoded(operation: &Operation, value: Value) -> Result<Value, String> {
    if value.get(ENCODING_TYPE).and_then(Value::as_str) != Some("url") {
        return Ok(value);
    }
    operation.encoded.iter().try_fold(value, |value, path| {
        let steps: Vec<(&Key, bool)> = path.iter().map(|step| (&step.name, step.each)).collect();
        decoded_at(&value, &steps)
    })
}

fn decoded_at(value: &Value, path: &[(&Key, bool)]) -> Result<Value, String> {
    let Some(((name, each), rest)) = path.split_first() else {
        let Some(text) = value.as_str() else { return Ok(value.clone()) };
        // As in forms, a plus sign is a space.
        let text = text.replace('+', " ");
        return match percent_encoding::percent_decode_str(&text).decode_utf8() {
            Ok(decoded) => Ok(decoded.as_ref().into()),
            Err(_) => Err("a URL-encoded name is not UTF-8".to_owned()),
        };
    };
    let (Value::Object(object), Some(member)) = (value, value.get(name)) else { return Ok(value.clone()) };
    let member = match member {
        Value::Array(elements) if *each => {
            let elements: Result<Vec<Value>, String> =
                elements.iter().map(|element| decoded_at(element, rest)).collect();
            Value::from(elements?)
        }
        member => decoded_at(member, rest)?,
    };
    Ok(Value::Object(object.with(name, member)))
}

/// The value of a header.
fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests;
