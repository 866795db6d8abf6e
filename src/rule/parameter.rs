//! A rule's parameters: what it declares, and the checked values it is given.
//!
//! Values are checked before anything else happens, so that a slip of the pen costs no call to AWS.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Rule;
use crate::value::{Key, Value, intern};

/// A parameter as a rule declares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// What kind of value it takes.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// What it means.
    pub description: String,
    /// The value when none is given; unset without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Whether a value has to be given.
    #[serde(default)]
    pub required: bool,
    /// The values it may have; of a `csv`, those that each of its words may have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<Value>,
    /// The least number; of a `csv`, the fewest words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// The greatest number; of a `csv`, the most words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
}

/// What kind of value a parameter takes. AWS Config's parameters are all text; the type says what the text stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Words between commas; a script sees a list of them.
    Csv,
    /// A JSON object; a script sees a document.
    Map,
}

impl fmt::Display for ParameterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "a text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Csv => "words between commas",
            Self::Map => "a JSON object",
        })
    }
}

/// A parameter that was given wrongly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// The rule has none of this name.
    #[error("rule {rule} has no parameter `{name}`; {}", known_names(.known))]
    Unknown {
        /// The rule's id.
        rule: String,
        /// The name that was given.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The value is not of the declared type, or not one that is allowed.
    #[error("parameter `{name}` of rule {rule} has to be {expected}, and {given} is not")]
    Wrong {
        /// The rule's id.
        rule: String,
        /// The parameter.
        name: String,
        /// What would be right.
        expected: String,
        /// What was given, as JSON.
        given: String,
    },
    /// The parameter is required and was not given.
    #[error("rule {rule} needs its parameter `{name}`: {expected}")]
    Missing {
        /// The rule's id.
        rule: String,
        /// The parameter.
        name: String,
        /// What would be right.
        expected: String,
    },
    /// The name was given for all chosen rules, and none of them has it.
    #[error("none of the chosen rules has a parameter `{name}`")]
    Nowhere {
        /// The name that was given.
        name: String,
    },
    /// Not of the form `name=value` or `rule.name=value`.
    #[error("`{given}` does not name a parameter and its value: write name=value, or rule-id.name=value for one rule")]
    Malformed {
        /// What was given.
        given: String,
    },
}

fn known_names(known: &[String]) -> String {
    match known {
        [] => "it has none".to_owned(),
        known => format!("it has {}", known.join(", ")),
    }
}

impl Parameter {
    /// What would be right, in words: `a whole number from 1 to 90`.
    pub fn expected(&self) -> String {
        let mut words = self.kind.to_string();
        let each = if self.kind == ParameterType::Csv { "each of them " } else { "" };
        if !self.allowed.is_empty() {
            let allowed: Vec<String> = self.allowed.iter().map(plain).collect();
            words = format!("{words}, {each}one of {}", allowed.join(", "));
        }
        let many = if self.kind == ParameterType::Csv { " words" } else { "" };
        match (self.minimum, self.maximum) {
            (Some(least), Some(most)) => format!("{words} from {least} to {most}{many}"),
            (Some(least), None) => format!("{words}, at least {least}{many}"),
            (None, Some(most)) => format!("{words}, at most {most}{many}"),
            (None, None) => words,
        }
    }

    /// The value in its declared type, if it is one that the parameter takes. Text is read as the type says, as all
    /// that comes from a command line or from a conformance pack is text.
    fn read(&self, given: &Value) -> Option<Value> {
        let value = match (self.kind, given) {
            (ParameterType::String, Value::String(_))
            | (ParameterType::Integer, Value::Integer(_))
            | (ParameterType::Number, Value::Integer(_) | Value::Float(_))
            | (ParameterType::Boolean, Value::Bool(_))
            | (ParameterType::Map, Value::Object(_)) => given.clone(),
            (ParameterType::Integer, Value::String(text)) => Value::Integer(text.trim().parse().ok()?),
            (ParameterType::Number, Value::String(text)) => match text.trim().parse::<i64>() {
                Ok(number) => Value::Integer(number),
                Err(_) => Value::Float(text.trim().parse().ok().filter(|number: &f64| number.is_finite())?),
            },
            (ParameterType::Boolean, Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => return None,
            },
            // An account id or a port without quotes is a number to YAML.
            (ParameterType::String, Value::Integer(number)) => Value::from(number.to_string()),
            (ParameterType::Csv, Value::Integer(number)) => Value::from(vec![Value::from(number.to_string())]),
            (ParameterType::Csv, Value::String(text)) => {
                Value::from(super::native::text::csv(text).map(Value::from).collect::<Vec<_>>())
            }
            (ParameterType::Csv, Value::Array(words)) => {
                let words: Option<Vec<Value>> = words
                    .iter()
                    .map(|word| match word {
                        Value::String(_) => Some(word.clone()),
                        Value::Integer(number) => Some(Value::from(number.to_string())),
                        _ => None,
                    })
                    .collect();
                Value::from(words?)
            }
            (ParameterType::Map, Value::String(text)) => {
                serde_json::from_str::<Value>(text).ok().filter(|value| value.as_object().is_some())?
            }
            _ => return None,
        };
        let value = match value {
            // AWS's own packs write `Governance` for GOVERNANCE.
            Value::String(text) if !self.allowed.is_empty() => {
                let is_meant = |one: &String| one.eq_ignore_ascii_case(&text);
                Value::from(self.allowed.iter().map(plain).find(is_meant)?)
            }
            value => value,
        };
        let size = match &value {
            #[expect(clippy::cast_precision_loss, reason = "bounds of parameters are small numbers")]
            Value::Integer(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            #[expect(clippy::cast_precision_loss, reason = "bounds of parameters are small numbers")]
            Value::Array(words) => Some(words.len() as f64),
            _ => None,
        };
        let in_range = size.is_none_or(|size| {
            self.minimum.is_none_or(|least| size >= least) && self.maximum.is_none_or(|most| size <= most)
        });
        let allowed = self.allowed.is_empty()
            || match &value {
                Value::Array(words) => {
                    words.iter().all(|word| self.allowed.iter().any(|one| plain(one) == plain(word)))
                }
                value => self.allowed.iter().any(|one| plain(one) == plain(value)),
            };
        (in_range && allowed).then_some(value)
    }

    /// Why a declaration cannot be right, if it cannot.
    pub(super) fn defect(&self) -> Option<String> {
        if self.description.trim().is_empty() {
            return Some("its description is empty".to_owned());
        }
        if self.required && self.default.is_some() {
            return Some("a required parameter has no default".to_owned());
        }
        if matches!((self.minimum, self.maximum), (Some(least), Some(most)) if least > most) {
            return Some("its minimum is above its maximum".to_owned());
        }
        let default = self.default.as_ref()?;
        self.read(default).is_none().then(|| format!("its default has to be {}, and {default} is not", self.expected()))
    }
}

/// Text without quotes, everything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The values of all parameters of one rule: given, or by default. A parameter that is not set is `null`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParameterValues(Arc<BTreeMap<Key, Value>>);

impl ParameterValues {
    /// Checks what was given against what the rule declares, and adds the defaults.
    ///
    /// # Errors
    /// The first parameter that is unknown, wrong or missing.
    pub fn new(rule: &Rule, given: &BTreeMap<String, Value>) -> Result<Self, ParameterError> {
        for name in given.keys() {
            if !rule.parameters.contains_key(name) {
                return Err(ParameterError::Unknown {
                    rule: rule.id.to_string(),
                    name: name.clone(),
                    known: rule.parameters.keys().cloned().collect(),
                });
            }
        }
        let mut values = BTreeMap::new();
        for (name, parameter) in &rule.parameters {
            let value = match given.get(name).or(parameter.default.as_ref()) {
                Some(value) => parameter.read(value).ok_or_else(|| ParameterError::Wrong {
                    rule: rule.id.to_string(),
                    name: name.clone(),
                    expected: parameter.expected(),
                    given: value.to_string(),
                })?,
                None if parameter.required => {
                    return Err(ParameterError::Missing {
                        rule: rule.id.to_string(),
                        name: name.clone(),
                        expected: parameter.expected(),
                    });
                }
                None => Value::Null,
            };
            values.insert(intern(name), value);
        }
        Ok(Self(Arc::new(values)))
    }

    /// The value of one parameter; `null` if it is declared and not set.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All parameters by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }
}
