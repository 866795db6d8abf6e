//! Documents in a language of their own within an item: policies, and other texts that hold JSON.
//!
//! AWS gives one and the same policy as an object, as JSON text or as percent-encoded JSON text, in
//! `{"policyText": "…"}` or on its own, and puts lists of principals in a new order from call to call. A policy is
//! therefore read by IAM's grammar
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>) and brought into one form:
//! lists where the grammar allows a single value, `*` as `{"AWS": ["*"]}`, an account's root as the account's id, and
//! values of conditions as text. Statements and values are sets.
//!
//! Any other text that holds a JSON object or list (a state machine, a dashboard, a lifecycle policy) was written by
//! somebody in a language that is not known here: its white space and order of members mean nothing, its lists stay in
//! order.

use percent_encoding::percent_decode_str;

use super::lists::Context;
use crate::value::Value;

/// A document, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// What it says; of a policy, in its one form.
    pub value: Value,
    /// Whether it is a policy.
    pub is_policy: bool,
}

impl Document {
    /// The document that a value is, if it is one.
    pub fn of(value: &Value, context: &Context) -> Option<Self> {
        if !context.may_hold_documents() {
            return None;
        }
        match value {
            Value::Object(_) => policy(value).map(|value| Self { value, is_policy: true }),
            Value::String(text) => {
                let value = parsed(text)?;
                Some(match policy(&value) {
                    Some(value) => Self { value, is_policy: true },
                    None => Self { value, is_policy: false },
                })
            }
            _ => None,
        }
    }

    /// How the lists of the document are read.
    pub fn context(&self) -> Context<'static> {
        if self.is_policy { Context::policy() } else { Context::text() }
    }

    /// The letter of its kind in the canonical form.
    pub(super) fn mark(&self) -> u8 {
        if self.is_policy { b'p' } else { b'j' }
    }
}

/// The object or list that a text holds as JSON, percent-encoded or not.
fn parsed(text: &str) -> Option<Value> {
    let text = text.trim_ascii_start();
    let value: Value = match text.as_bytes() {
        [b'{' | b'[', ..] => serde_json::from_str(text).ok()?,
        [b'%', b'7' | b'5', b'B' | b'b', ..] => {
            serde_json::from_str(&percent_decode_str(text).decode_utf8().ok()?).ok()?
        }
        _ => return None,
    };
    matches!(value, Value::Object(_) | Value::Array(_)).then_some(value)
}

/// A policy document in its one form, if the value is a policy: statements that each have an effect.
fn policy(value: &Value) -> Option<Value> {
    let document = value.as_object()?;
    let statements = one_or_many(document.get("Statement")?);
    let has_effect = |statement: &Value| statement.get("Effect").and_then(Value::as_str).is_some();
    if !statements.iter().all(has_effect) || (statements.is_empty() && document.get("Version").is_none()) {
        return None;
    }
    let statements: Vec<Value> = statements.iter().map(statement).collect();
    Some(Value::Object(document.with("Statement", statements.into())))
}

fn statement(value: &Value) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    Value::object(members.iter().map(|(name, member)| {
        let member = match name.as_ref() {
            "Action" | "NotAction" | "Resource" | "NotResource" => listed(member, Value::clone),
            "Principal" | "NotPrincipal" => principal(member),
            "Condition" => condition(member),
            _ => member.clone(),
        };
        (name, member)
    }))
}

/// `*` alone is the same as all of AWS.
fn principal(value: &Value) -> Value {
    match value {
        Value::Object(kinds) => Value::object(
            kinds
                .iter()
                .map(|(kind, names)| (kind, listed(names, if **kind == *"AWS" { account } else { Value::clone }))),
        ),
        everyone => Value::object([("AWS", listed(everyone, Value::clone))]),
    }
}

/// An account may be written as its id or as the ARN of its root; AWS answers with the other one.
fn account(principal: &Value) -> Value {
    let id = principal.as_str().and_then(|arn| {
        let (partition, id) = arn.strip_prefix("arn:")?.strip_suffix(":root")?.split_once(":iam::")?;
        let is_id = id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
        (is_id && partition.starts_with("aws")).then_some(id)
    });
    id.map_or_else(|| principal.clone(), Value::from)
}

/// Operators of keys of values, where `true` and `"true"` are the same.
fn condition(value: &Value) -> Value {
    let as_text = |value: &Value| match value {
        Value::Bool(_) | Value::Integer(_) | Value::Float(_) => Value::from(value.to_string()),
        other => other.clone(),
    };
    let Value::Object(operators) = value else { return value.clone() };
    Value::object(operators.iter().map(|(operator, keys)| {
        let keys = match keys {
            Value::Object(keys) => Value::object(keys.iter().map(|(key, values)| (key, listed(values, as_text)))),
            other => other.clone(),
        };
        (operator, keys)
    }))
}

fn one_or_many(value: &Value) -> &[Value] {
    value.as_array().unwrap_or(std::slice::from_ref(value))
}

fn listed(value: &Value, each: impl Fn(&Value) -> Value) -> Value {
    one_or_many(value).iter().map(each).collect::<Vec<_>>().into()
}
