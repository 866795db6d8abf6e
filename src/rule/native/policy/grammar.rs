//! The statements of a policy document as data: lists where the grammar allows a single value, `*` as the principal of
//! everyone. What they mean is not asked here.

use compact_str::{CompactString, ToCompactString};

use crate::rule::native::fact::{Fact, Hidden, Seen};
use crate::value::Value;

/// One statement, with lists wherever the grammar allows them.
#[derive(Debug, Default)]
pub(super) struct Statement {
    pub(super) sid: CompactString,
    pub(super) allow: bool,
    pub(super) actions: Vec<CompactString>,
    pub(super) not_actions: Option<Vec<CompactString>>,
    pub(super) resources: Vec<CompactString>,
    pub(super) not_resources: Option<Vec<CompactString>>,
    pub(super) principals: Vec<Principal>,
    pub(super) not_principals: Option<Vec<Principal>>,
    pub(super) conditions: Vec<Condition>,
}

/// Who: `AWS`, `Service`, `Federated` or `CanonicalUser`, and a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Principal {
    pub(super) kind: CompactString,
    pub(super) value: CompactString,
}

/// What a request has to be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) operator: CompactString,
    pub(super) key: CompactString,
    pub(super) values: Vec<CompactString>,
}

/// What a document cannot be read as.
pub(super) enum Defect {
    Hidden(Hidden),
    Form(String),
}

impl Statement {
    pub(super) fn parse(statement: &Fact<'_>) -> Result<Self, Defect> {
        if statement.value.as_object().is_none() {
            return Err(Defect::Form("a statement of the policy document is not an object".to_owned()));
        }
        let allow = match texts(statement.member("Effect"))?.as_deref() {
            Some([effect]) if effect == "Allow" => true,
            Some([effect]) if effect == "Deny" => false,
            _ => return Err(Defect::Form("a statement's Effect is neither Allow nor Deny".to_owned())),
        };
        Ok(Self {
            sid: texts(statement.member("Sid"))?.and_then(|sid| sid.into_iter().next()).unwrap_or_default(),
            allow,
            actions: texts(statement.member("Action"))?.unwrap_or_default(),
            not_actions: texts(statement.member("NotAction"))?,
            resources: texts(statement.member("Resource"))?.unwrap_or_default(),
            not_resources: texts(statement.member("NotResource"))?,
            principals: principals(statement.member("Principal"))?.unwrap_or_default(),
            not_principals: principals(statement.member("NotPrincipal"))?,
            conditions: conditions(statement.member("Condition"))?,
        })
    }
}

/// The texts of an element that is one or a list of them; numbers and truth values are written out.
fn texts(seen: Seen<'_>) -> Result<Option<Vec<CompactString>>, Defect> {
    match seen {
        Seen::Absent => Ok(None),
        Seen::Hidden(hidden) => Err(Defect::Hidden(hidden)),
        Seen::Known(fact) => all_texts(&fact).map(Some),
    }
}

fn all_texts(fact: &Fact<'_>) -> Result<Vec<CompactString>, Defect> {
    let mut texts = Vec::new();
    for seen in fact.elements() {
        match seen {
            Seen::Known(element) => match element.value {
                Value::String(text) => texts.push(text.clone()),
                scalar @ (Value::Bool(_) | Value::Integer(_) | Value::Float(_)) => {
                    texts.push(scalar.to_compact_string());
                }
                other => return Err(Defect::Form(format!("the policy document has a {} for a text", other.kind()))),
            },
            Seen::Hidden(hidden) => return Err(Defect::Hidden(hidden)),
            Seen::Absent => {}
        }
    }
    Ok(texts)
}

fn principals(seen: Seen<'_>) -> Result<Option<Vec<Principal>>, Defect> {
    let fact = match seen {
        Seen::Absent => return Ok(None),
        Seen::Hidden(hidden) => return Err(Defect::Hidden(hidden)),
        Seen::Known(fact) => fact,
    };
    if fact.value.as_object().is_none() {
        let all = all_texts(&fact)?.into_iter();
        return Ok(Some(all.map(|value| Principal { kind: CompactString::const_new("AWS"), value }).collect()));
    }
    let mut principals = Vec::new();
    for (kind, values) in fact.members() {
        let values = texts(values)?.unwrap_or_default().into_iter();
        principals.extend(values.map(|value| Principal { kind: kind.as_ref().into(), value }));
    }
    Ok(Some(principals))
}

fn conditions(seen: Seen<'_>) -> Result<Vec<Condition>, Defect> {
    let mut conditions = Vec::new();
    let fact = match seen {
        Seen::Absent => return Ok(conditions),
        Seen::Hidden(hidden) => return Err(Defect::Hidden(hidden)),
        Seen::Known(fact) => fact,
    };
    let object = |fact: &Fact<'_>| match fact.value {
        Value::Object(_) => Ok(()),
        _ => Err(Defect::Form("a statement's Condition is not an object of objects".to_owned())),
    };
    object(&fact)?;
    for (operator, keys) in fact.members() {
        let keys = match keys {
            Seen::Absent => continue,
            Seen::Hidden(hidden) => return Err(Defect::Hidden(hidden)),
            Seen::Known(keys) => keys,
        };
        object(&keys)?;
        for (key, values) in keys.members() {
            let values = texts(values)?.unwrap_or_default();
            conditions.push(Condition { operator: operator.as_ref().into(), key: key.as_ref().into(), values });
        }
    }
    Ok(conditions)
}
