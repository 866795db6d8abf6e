//! The paths by which paginators find their tokens.

use crate::value::{Key, Value, intern};

/// The part of `JMESPath` (<https://jmespath.org/specification.html>) that botocore's paginators use: members, `[-1]` and
/// `||`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expression {
    alternatives: Vec<Vec<Step>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(Key),
    LastElement,
}

impl Expression {
    /// `None` when the text is anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let alternatives = text.split("||").map(|path| parse_path(path.trim())).collect::<Option<_>>()?;
        Some(Self { alternatives })
    }

    /// What the first alternative with a value finds. As in `JMESPath`, `null`, `false`, and what is empty count as none.
    pub(crate) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.alternatives.iter().find_map(|path| {
            let found = path.iter().try_fold(value, |value, step| match step {
                Step::Member(name) => value.get(name),
                Step::LastElement => value.as_array()?.last(),
            })?;
            is_something(found).then_some(found)
        })
    }

    /// The member at the top from which the first alternative starts.
    pub(crate) fn top(&self) -> Option<&Key> {
        match self.alternatives.first()?.first()? {
            Step::Member(name) => Some(name),
            Step::LastElement => None,
        }
    }

    /// The names on the way to the value, if there is but one way and it has no lists.
    pub(crate) fn members(&self) -> Option<Vec<Key>> {
        let [path] = self.alternatives.as_slice() else { return None };
        let name = |step: &Step| match step {
            Step::Member(name) => Some(Key::clone(name)),
            Step::LastElement => None,
        };
        path.iter().map(name).collect()
    }
}

fn parse_path(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, last) = match part.strip_suffix("[-1]") {
            Some(name) => (name, true),
            None => (part, false),
        };
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            return None;
        }
        steps.push(Step::Member(intern(name)));
        if last {
            steps.push(Step::LastElement);
        }
    }
    Some(steps)
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn it_finds_members_last_elements_and_alternatives() {
        let expression = Expression::parse("NextMarker || Contents[-1].Key").unwrap();
        let both = value(r#"{"NextMarker": "m", "Contents": [{"Key": "a"}, {"Key": "b"}]}"#);
        assert_eq!(expression.find(&both), Some(&"m".into()));
        let second = value(r#"{"NextMarker": "", "Contents": [{"Key": "a"}, {"Key": "b"}]}"#);
        assert_eq!(expression.find(&second), Some(&"b".into()));
        assert_eq!(expression.find(&value("{}")), None);
        let nested = Expression::parse("StreamDescription.HasMoreShards").unwrap();
        assert_eq!(nested.find(&value(r#"{"StreamDescription": {"HasMoreShards": false}}"#)), None);
    }

    #[test]
    fn what_it_does_not_know_is_refused() {
        for text in ["", "a[0]", "a[]", "a.", "length(a)", "a && b", "a || "] {
            assert_eq!(Expression::parse(text), None, "{text}");
        }
    }
}
