//! What AWS answers and the item that must come of it: `tests/data/shapes/cases/*.yaml`.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use assize::source::account::Api;
use assize::source::descriptor::Scope;
use assize::source::model::{Kind, Models, ServiceModel, ShapeId};
use assize::value::{Unreadable, Value};
use serde::Deserialize;

/// One case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// The type of the item.
    #[serde(rename = "type")]
    pub(crate) resource_type: String,
    /// Of which of two descriptors of the type.
    pub(crate) scope: Option<Scope>,
    /// Where the scan is made.
    #[serde(default = "default_region")]
    pub(crate) region: String,
    /// What AWS answers. Each must be asked for.
    pub(crate) answers: Vec<Answer>,
    /// The item, as AWS Config delivers it, without what is the same for every item.
    pub(crate) item: Value,
    /// Paths that AWS Config is not known to write.
    #[serde(default)]
    pub(crate) beyond: Vec<String>,
    /// Paths that AWS Config writes and the item does not have.
    #[serde(default)]
    pub(crate) missing: Vec<String>,
    /// Paths below which anything may stand: policies, maps of the account's own keys.
    #[serde(default)]
    pub(crate) documents: Vec<String>,
}

fn default_region() -> String {
    "eu-west-1".to_owned()
}

/// What AWS answers to one call.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// `service:Operation`.
    call: String,
    /// The parameters of the call; without them any.
    params: Option<Value>,
    /// The answer, all pages as one.
    #[serde(rename = "answer")]
    output: Option<Value>,
    /// An error code instead.
    error: Option<String>,
}

impl Case {
    /// Where the answers are not of the form that the model gives them.
    pub(crate) fn malformed(&self, models: &Models) -> Vec<String> {
        let mut wrong = Vec::new();
        for answer in &self.answers {
            let Some((service, operation)) = answer.call.split_once(':') else {
                wrong.push(format!("{} is not service:Operation", answer.call));
                continue;
            };
            let model = match models.service(service) {
                Ok(model) => model,
                Err(error) => {
                    wrong.push(error.to_string());
                    continue;
                }
            };
            let operation = match model.operation(operation) {
                Ok(operation) => operation,
                Err(error) => {
                    wrong.push(error.to_string());
                    continue;
                }
            };
            for (what, value, shape) in [
                ("params", &answer.params, operation.input_shape()),
                ("answer", &answer.output, operation.output_shape()),
            ] {
                if let Some(value) = value {
                    match shape {
                        Some(shape) => compare(model, shape, value, &format!("{} {what}", answer.call), &mut wrong),
                        None => wrong.push(format!("{} has no {what}", answer.call)),
                    }
                }
            }
            if answer.output.is_some() == answer.error.is_some() {
                wrong.push(format!("{} needs either an answer or an error", answer.call));
            }
        }
        wrong
    }

    /// The item in full; `region` is where items of the type are at home, unless the case says otherwise.
    pub(crate) fn expected(&self, region: &str) -> Value {
        let defaults = [
            ("awsAccountId", Value::from(ACCOUNT)),
            ("awsRegion", Value::from(region)),
            ("resourceType", Value::from(self.resource_type.as_str())),
            ("relationships", Vec::new().into()),
            ("tags", Value::object::<&str>([])),
            ("configuration", Value::object::<&str>([])),
            ("supplementaryConfiguration", Value::object::<&str>([])),
        ];
        let own = self.item.as_object().into_iter().flat_map(assize::value::Object::iter);
        let own = own.map(|(name, value)| (name.to_string(), value.clone()));
        normal(&Value::object(defaults.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(own)))
    }
}

/// The account of all cases.
pub(crate) const ACCOUNT: &str = "111122223333";

/// An item as it is compared: without what is the same for every item, links sorted, digests without their digits.
pub(crate) fn normal(item: &Value) -> Value {
    const SAME: [&str; 6] = [
        "configurationItemCaptureTime",
        "configurationItemStatus",
        "configurationItemVersion",
        "configurationStateId",
        "configurationStateMd5Hash",
        "relatedEvents",
    ];
    let members = item.as_object().into_iter().flat_map(assize::value::Object::iter);
    Value::object(members.filter(|(name, _)| !SAME.contains(&name.as_ref())).map(|(name, value)| {
        let value = match (name.as_ref(), value) {
            ("relationships", Value::Array(links)) => {
                let mut links = links.to_vec();
                links.sort_by_key(ToString::to_string);
                links.into()
            }
            _ => without_digests(value),
        };
        (name.clone(), value)
    }))
}

fn without_digests(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with("sha256:") => "sha256:*".into(),
        Value::Array(elements) => elements.iter().map(without_digests).collect::<Vec<_>>().into(),
        Value::Object(members) => Value::object(members.iter().map(|(name, value)| (name, without_digests(value)))),
        other => other.clone(),
    }
}

/// Where two values differ: paths and what stands there.
pub(crate) fn differences(expected: &Value, found: &Value, path: &str, wrong: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<_> = one.iter().chain(other.iter()).map(|(name, _)| name).collect();
            for name in names {
                let path = format!("{path}/{name}");
                match (one.get(name), other.get(name)) {
                    (Some(one), Some(other)) => differences(one, other, &path, wrong),
                    (Some(one), None) => wrong.push(format!("{path}: {one} expected, nothing found")),
                    (None, Some(other)) => wrong.push(format!("{path}: {other} found, nothing expected")),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (at, (one, other)) in one.iter().zip(other.iter()).enumerate() {
                differences(one, other, &format!("{path}/{at}"), wrong);
            }
        }
        (one, other) if one == other => {}
        (one, other) => wrong.push(format!("{path}: {one} expected, {other} found")),
    }
}

fn compare(model: &ServiceModel, shape: ShapeId, value: &Value, path: &str, wrong: &mut Vec<String>) {
    let kind = model.kind(shape);
    match (kind, value) {
        (Kind::Structure, Value::Object(members)) => {
            for (name, value) in members.iter() {
                match model.member(shape, name) {
                    Some(shape) => compare(model, shape, value, &format!("{path}.{name}"), wrong),
                    None => wrong.push(format!("{path}.{name} is not in the model")),
                }
            }
        }
        (Kind::Map, Value::Object(members)) => {
            for (name, value) in members.iter() {
                if let Some(shape) = model.element(shape) {
                    compare(model, shape, value, &format!("{path}.{name}"), wrong);
                }
            }
        }
        (Kind::List, Value::Array(elements)) => {
            for value in elements.iter() {
                if let Some(shape) = model.element(shape) {
                    compare(model, shape, value, &format!("{path}[]"), wrong);
                }
            }
        }
        (Kind::String | Kind::Blob | Kind::Timestamp, Value::String(_))
        | (Kind::Boolean, Value::Bool(_))
        | (Kind::Integer | Kind::Float, Value::Integer(_))
        | (Kind::Float, Value::Float(_))
        | (Kind::Document, _) => {}
        (kind, value) => wrong.push(format!("{path}: {value} where the model has {kind:?}")),
    }
}

/// AWS, as far as a case tells.
#[derive(Clone)]
pub(crate) struct Answers {
    answers: Arc<[Answer]>,
    used: Arc<Mutex<BTreeSet<usize>>>,
}

impl Answers {
    /// What a case tells.
    pub(crate) fn of(case: &Case) -> Self {
        Self { answers: case.answers.clone().into(), used: Arc::default() }
    }

    /// The calls that nobody made.
    pub(crate) fn unused(&self) -> Vec<String> {
        let used = self.used.lock().unwrap();
        let unused = self.answers.iter().enumerate().filter(|(at, _)| !used.contains(at));
        unused.map(|(_, answer)| answer.call.clone()).collect()
    }

    fn find(&self, call: &str, params: &Value) -> Result<Value, Unreadable> {
        let fits =
            |answer: &Answer| answer.call == call && answer.params.as_ref().is_none_or(|wanted| wanted == params);
        let refusal = |code: &str, message: String| Unreadable {
            operation: call.to_owned(),
            action: None,
            code: code.to_owned(),
            message,
        };
        let Some((at, answer)) = self.answers.iter().enumerate().find(|(_, answer)| fits(answer)) else {
            return Err(refusal("NoAnswer", format!("the case does not answer the parameters {params}")));
        };
        self.used.lock().unwrap().insert(at);
        match (&answer.output, &answer.error) {
            (Some(answer), _) => Ok(answer.clone()),
            (None, code) => Err(refusal(code.as_deref().unwrap_or_default(), "as the case says".to_owned())),
        }
    }
}

impl Api for Answers {
    fn call_all(
        &self,
        _region: &str,
        service: &str,
        operation: &str,
        params: &Value,
    ) -> impl Future<Output = Result<Value, Unreadable>> + Send {
        std::future::ready(self.find(&format!("{service}:{operation}"), params))
    }

    fn requests(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }

    async fn sleep(&self, _duration: Duration) {}
}
