//! Descriptors as they stand in a file: the exact keys, nothing checked beyond syntax. `descriptor.rs` makes the checked
//! types of them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::path::{Path, Position};
use super::template::{Condition, Operand, Template, Test, Text};
use crate::value::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) service: Option<Word>,
    #[serde(default)]
    pub(super) types: Vec<Type>,
    #[serde(default)]
    pub(super) recorded: Vec<Recorded>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recorded {
    #[serde(rename = "type")]
    pub(super) resource_type: Word,
    pub(super) reason: Word,
    pub(super) secrets: Vec<Word>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "`type` is the key in the file")]
pub(super) struct Type {
    #[serde(rename = "type")]
    pub(super) resource_type: Word,
    pub(super) scope: super::Scope,
    pub(super) list: Option<List>,
    #[serde(default, rename = "where")]
    pub(super) filter: OneOrMany<Condition>,
    pub(super) id: Text,
    pub(super) name: Option<Text>,
    pub(super) arn: Option<Text>,
    pub(super) region: Option<Text>,
    pub(super) created: Option<Path>,
    pub(super) availability_zone: Option<Word>,
    pub(super) tags: Option<Tags>,
    #[serde(default)]
    pub(super) configuration: Configuration,
    #[serde(default)]
    pub(super) parts: Vec<Part>,
    #[serde(default)]
    pub(super) relationships: Vec<Relationship>,
    #[serde(default)]
    pub(super) secrets: Vec<Word>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    pub(super) operation: Word,
    pub(super) service: Option<Word>,
    pub(super) params: Option<Template>,
    pub(super) items: Path,
    #[serde(default)]
    pub(super) absent: Vec<String>,
    pub(super) for_each: Option<Word>,
    pub(super) describe: Option<Describe>,
    pub(super) batch: Option<Batch>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Describe {
    pub(super) operation: Word,
    pub(super) service: Option<Word>,
    pub(super) params: Option<Template>,
    pub(super) item: Option<Path>,
    pub(super) id: Option<Text>,
    #[serde(default)]
    pub(super) absent: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch {
    pub(super) operation: Word,
    pub(super) service: Option<Word>,
    pub(super) params: Option<Template>,
    pub(super) ids: Word,
    pub(super) value: Option<Template>,
    pub(super) id: Text,
    pub(super) size: Size,
    pub(super) items: Path,
    pub(super) failures: Option<Failures>,
    #[serde(default)]
    pub(super) absent: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failures {
    pub(super) items: Path,
    pub(super) id: Text,
    pub(super) code: Path,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tags {
    pub(super) path: Option<Path>,
    pub(super) map: Option<Path>,
    pub(super) key: Option<Path>,
    pub(super) value: Option<Path>,
    pub(super) part: Option<Word>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Configuration {
    #[serde(default)]
    pub(super) case: super::Case,
    pub(super) from: Option<Path>,
    #[serde(default)]
    pub(super) drop: Vec<Path>,
    #[serde(default)]
    pub(super) rename: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) set: BTreeMap<String, Template>,
    pub(super) build: Option<Template>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    pub(super) name: Word,
    pub(super) operation: Option<Word>,
    pub(super) service: Option<Word>,
    pub(super) params: Option<Template>,
    #[serde(default)]
    pub(super) when: OneOrMany<Condition>,
    #[serde(default, deserialize_with = "present")]
    pub(super) otherwise: Option<Value>,
    pub(super) take: Option<Path>,
    #[serde(default)]
    pub(super) case: super::Case,
    pub(super) build: Option<Template>,
    pub(super) into: Option<Word>,
    pub(super) absent: Option<Absent>,
    pub(super) for_each: Option<Path>,
    pub(super) key: Option<Text>,
    pub(super) size: Option<Size>,
    pub(super) batch: Option<PartBatch>,
    pub(super) shared: Option<Shared>,
    pub(super) code: Option<Word>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Absent {
    pub(super) codes: Vec<String>,
    pub(super) message: Option<String>,
    /// `None` if the key is not there; `Some(Null)` for `value: null`.
    #[serde(default, deserialize_with = "present")]
    pub(super) value: Option<Value>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartBatch {
    pub(super) ids: Word,
    pub(super) value: Template,
    pub(super) size: Size,
    pub(super) items: Path,
    pub(super) key: Path,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shared {
    pub(super) items: Path,
    pub(super) key: Path,
    pub(super) value: Template,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Relationship {
    #[serde(rename = "type")]
    pub(super) resource_type: Word,
    pub(super) part: Option<Word>,
    pub(super) each: Option<Path>,
    pub(super) split: Option<Word>,
    #[serde(default, rename = "where")]
    pub(super) filter: OneOrMany<Condition>,
    pub(super) id: Option<Text>,
    pub(super) resource_name: Option<Text>,
    pub(super) name: String,
    pub(super) inverse: Option<String>,
}

/// How many elements one call takes.
#[derive(Clone, Copy)]
pub(super) struct Size(pub(super) usize);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match usize::deserialize(deserializer)? {
            0 => Err(D::Error::custom("a call takes at least one")),
            size => Ok(Self(size)),
        }
    }
}

/// A word and where it stands.
#[derive(Clone)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) at: Position,
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = Spanned::<String>::deserialize(deserializer)?;
        Ok(Self { at: (&word).into(), text: word.value })
    }
}

/// One, or a list.
pub(super) struct OneOrMany<T>(pub(super) Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("one or a list")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Ok(OneOrMany(vec![T::deserialize(serde::de::value::MapAccessDeserializer::new(map))?]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = access.next_element()? {
                    all.push(one);
                }
                Ok(OneOrMany(all))
            }
        }
        deserializer.deserialize_any(Either(std::marker::PhantomData))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCondition {
    path: Path,
    #[serde(default, deserialize_with = "present")]
    equals: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    not_equals: Option<Value>,
    #[serde(rename = "in")]
    among: Option<Vec<Value>>,
    not_in: Option<Vec<Value>>,
    prefix: Option<Text>,
    present: Option<bool>,
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawCondition::deserialize(deserializer)?;
        let operands = |values: Vec<Value>| {
            values.into_iter().map(Operand::parse).collect::<Result<Vec<_>, _>>().map_err(D::Error::custom)
        };
        let mut tests = Vec::new();
        if let Some(value) = raw.equals {
            tests.push(Test::In(operands(vec![value])?));
        }
        if let Some(values) = raw.among {
            tests.push(Test::In(operands(values)?));
        }
        if let Some(value) = raw.not_equals {
            tests.push(Test::NotIn(operands(vec![value])?));
        }
        if let Some(values) = raw.not_in {
            tests.push(Test::NotIn(operands(values)?));
        }
        tests.extend(raw.prefix.map(Test::Prefix));
        tests.extend(raw.present.map(Test::Present));
        if tests.is_empty() {
            return Err(D::Error::custom(
                "a condition needs one of equals, not_equals, in, not_in, prefix, present beside its path",
            ));
        }
        Ok(Self { path: raw.path, tests })
    }
}
