//! From page to page, and all pages as one answer.

use std::collections::BTreeSet;

use super::CodecError;
use crate::source::model::Operation;
use crate::value::{Key, Object, Value};

/// The parameters that ask for the page after `response`, or `None` when it was the last.
///
/// An answer that goes on although the operation has no pages, or that says so without a token, is an error: what it
/// leaves out would be taken for absent.
pub fn next_params(operation: &Operation, params: &Value, response: &Value) -> Result<Option<Value>, CodecError> {
    let truncated =
        |member: &str| CodecError::Truncated { operation: operation.name().to_owned(), member: member.to_owned() };
    let Some(pagination) = operation.pagination() else {
        let stray = operation.stray_tokens.iter().find(|name| goes_on(response.get(name)));
        return stray.map_or(Ok(None), |name| Err(truncated(name)));
    };
    let more = pagination.more_results.as_ref().map(|more| more.find(response).is_some());
    if more == Some(false) {
        return Ok(None);
    }
    let tokens: Vec<Option<&Value>> = pagination.output_tokens.iter().map(|token| token.find(response)).collect();
    if tokens.iter().all(Option::is_none) {
        return if more == Some(true) {
            Err(truncated("a page follows, but there is no token for it"))
        } else {
            Ok(None)
        };
    }
    let mut next: Vec<(Key, Value)> = params
        .as_object()
        .into_iter()
        .flat_map(Object::iter)
        .filter(|(name, _)| !pagination.input_tokens.contains(name))
        .map(|(name, value)| (Key::clone(name), value.clone()))
        .collect();
    for (name, token) in pagination.input_tokens.iter().zip(tokens) {
        if let Some(token) = token {
            next.push((Key::clone(name), token.clone()));
        }
    }
    let next = Value::Object(Object::from_members(next));
    if next == *params {
        return Err(CodecError::RepeatedToken { operation: operation.name().to_owned() });
    }
    Ok(Some(next))
}

fn goes_on(token: Option<&Value>) -> bool {
    match token {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Bool(truth)) => *truth,
        Some(Value::Object(key)) => !key.is_empty(),
        _ => false,
    }
}

/// Puts the pages of one call together.
///
/// ```no_run
/// # use assize::source::{codec::{CodecError, pages::Pages}, model::Operation};
/// # use assize::value::Value;
/// # fn all(operation: &Operation, call: impl Fn(&Value) -> Value) -> Result<Value, CodecError> {
/// let mut params = Value::object::<&str>([]);
/// let mut pages = Pages::new(operation);
/// while let Some(next) = pages.add(&params, call(&params))? {
///     params = next;
/// }
/// # Ok(
/// pages.finish()
/// # )
/// # }
/// ```
#[derive(Debug)]
pub struct Pages<'o> {
    operation: &'o Operation,
    first: Option<Value>,
    /// For each path of results, what stood there in the pages so far.
    results: Vec<Results>,
    asked: BTreeSet<String>,
}

#[derive(Debug)]
enum Results {
    Absent,
    Elements(Vec<Value>),
    Members(Vec<(Key, Value)>),
}

impl<'o> Pages<'o> {
    /// No pages yet.
    pub fn new(operation: &'o Operation) -> Self {
        let paths = operation.pagination().map_or(0, |pagination| pagination.results.len());
        let results = std::iter::repeat_with(|| Results::Absent).take(paths).collect();
        Self { operation, first: None, results, asked: BTreeSet::new() }
    }

    /// Adds the page that these parameters got. Gives the parameters for the next one, or `None` when it was the last.
    pub fn add(&mut self, params: &Value, page: Value) -> Result<Option<Value>, CodecError> {
        let next = next_params(self.operation, params, &page)?;
        self.asked.insert(params.to_string());
        if next.as_ref().is_some_and(|next| self.asked.contains(&next.to_string())) {
            return Err(CodecError::RepeatedToken { operation: self.operation.name().to_owned() });
        }
        if let Some(pagination) = self.operation.pagination() {
            for (path, results) in pagination.results.iter().zip(&mut self.results) {
                results.extend(path.iter().try_fold(&page, |value, name| value.get(name)));
            }
        }
        self.first.get_or_insert(page);
        Ok(next)
    }

    /// The answer as if it had come in one page: the results of all pages, and what else the first one says. Tokens are
    /// left out.
    pub fn finish(self) -> Value {
        let Some(mut whole) = self.first else { return Value::object::<&str>([]) };
        let Some(pagination) = self.operation.pagination() else { return whole };
        for (path, results) in pagination.results.iter().zip(self.results) {
            let results = match results {
                Results::Absent => continue,
                Results::Elements(elements) => Value::from(elements),
                Results::Members(members) => Value::Object(Object::from_members(members)),
            };
            whole = put(&whole, path, results);
        }
        let signs: Vec<Vec<Key>> = pagination
            .output_tokens
            .iter()
            .chain(&pagination.more_results)
            .filter_map(super::super::model::Expression::members)
            .collect();
        signs.iter().fold(whole, |whole, path| without(&whole, path))
    }
}

impl Results {
    fn extend(&mut self, found: Option<&Value>) {
        match (self, found) {
            (Self::Elements(elements), Some(Value::Array(more))) => elements.extend(more.iter().cloned()),
            (Self::Members(members), Some(Value::Object(more))) => {
                members.extend(more.iter().map(|(name, value)| (Key::clone(name), value.clone())));
            }
            (this @ Self::Absent, Some(Value::Array(more))) => *this = Self::Elements(more.to_vec()),
            (this @ Self::Absent, Some(Value::Object(more))) => {
                *this = Self::Members(more.iter().map(|(name, value)| (Key::clone(name), value.clone())).collect());
            }
            _ => {}
        }
    }
}

fn put(value: &Value, path: &[Key], results: Value) -> Value {
    let Some((name, rest)) = path.split_first() else { return results };
    let empty = Object::default();
    let object = value.as_object().unwrap_or(&empty);
    let below = object.get(name).unwrap_or(&Value::Null);
    Value::Object(object.with(name, put(below, rest, results)))
}

fn without(value: &Value, path: &[Key]) -> Value {
    let (Some((name, rest)), Some(object)) = (path.split_first(), value.as_object()) else { return value.clone() };
    match object.get(name) {
        Some(below) if !rest.is_empty() => Value::Object(object.with(name, without(below, rest))),
        Some(_) => {
            let kept = object.iter().filter(|(known, _)| *known != name);
            let kept = kept.map(|(name, value)| (Key::clone(name), value.clone()));
            Value::Object(Object::from_members(kept.collect()))
        }
        None => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::model::Models;

    fn value(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    fn with_operation<T>(service: &str, operation: &str, test: impl Fn(&Operation) -> T) -> T {
        let models = Models::builtin();
        test(models.service(service).unwrap().operation(operation).unwrap())
    }

    #[test]
    fn pages_become_one_answer_without_tokens() {
        with_operation("ec2", "DescribeVolumes", |operation| {
            let mut pages = Pages::new(operation);
            let first = value(r#"{"MaxResults": 2}"#);
            let next = pages.add(&first, value(r#"{"Volumes": [{"VolumeId": "a"}], "NextToken": "t"}"#)).unwrap();
            assert_eq!(next, Some(value(r#"{"MaxResults": 2, "NextToken": "t"}"#)));
            let last = pages.add(&next.unwrap(), value(r#"{"Volumes": [{"VolumeId": "b"}]}"#)).unwrap();
            assert_eq!(last, None);
            assert_eq!(pages.finish(), value(r#"{"Volumes": [{"VolumeId": "a"}, {"VolumeId": "b"}]}"#));
        });
    }

    #[test]
    fn what_does_not_go_on_is_the_first_pages() {
        with_operation("iam", "GetGroup", |operation| {
            let mut pages = Pages::new(operation);
            let page =
                r#"{"Group": {"GroupName": "g"}, "Users": [{"UserName": "a"}], "IsTruncated": true, "Marker": "m"}"#;
            let next = pages.add(&value(r#"{"GroupName": "g"}"#), value(page)).unwrap().unwrap();
            assert_eq!(next, value(r#"{"GroupName": "g", "Marker": "m"}"#));
            let page = r#"{"Group": {"GroupName": "g"}, "Users": [{"UserName": "b"}], "IsTruncated": false}"#;
            assert_eq!(pages.add(&next, value(page)).unwrap(), None);
            let whole = r#"{"Group": {"GroupName": "g"}, "Users": [{"UserName": "a"}, {"UserName": "b"}]}"#;
            assert_eq!(pages.finish(), value(whole));
        });
    }

    #[test]
    fn several_tokens_go_together() {
        with_operation("s3", "ListObjectVersions", |operation| {
            let page = value(r#"{"IsTruncated": true, "NextKeyMarker": "k", "NextVersionIdMarker": "v"}"#);
            let next = next_params(operation, &value(r#"{"Bucket": "b"}"#), &page).unwrap().unwrap();
            assert_eq!(next, value(r#"{"Bucket": "b", "KeyMarker": "k", "VersionIdMarker": "v"}"#));
            let page = value(r#"{"IsTruncated": true, "NextKeyMarker": "l"}"#);
            let next = next_params(operation, &next, &page).unwrap().unwrap();
            assert_eq!(next, value(r#"{"Bucket": "b", "KeyMarker": "l"}"#));
            let last = value(r#"{"IsTruncated": false, "NextKeyMarker": "l"}"#);
            assert_eq!(next_params(operation, &next, &last).unwrap(), None);
        });
    }

    #[test]
    fn a_page_that_says_there_is_more_and_not_where_is_truncated() {
        with_operation("iam", "ListUsers", |operation| {
            let page = value(r#"{"Users": [], "IsTruncated": true}"#);
            let error = Pages::new(operation).add(&value("{}"), page).unwrap_err();
            assert_eq!(error.code(), "TruncatedResponse");
        });
    }

    #[test]
    fn a_token_of_an_operation_without_pages_is_truncated() {
        with_operation("efs", "DescribeAccountPreferences", |operation| {
            assert!(operation.pagination().is_none());
            let error = next_params(operation, &value("{}"), &value(r#"{"NextToken": "t"}"#)).unwrap_err();
            assert_eq!(error.code(), "TruncatedResponse");
            assert!(error.to_string().contains("NextToken"), "{error}");
            assert_eq!(next_params(operation, &value("{}"), &value(r#"{"NextToken": ""}"#)).unwrap(), None);
        });
    }

    #[test]
    fn tokens_that_go_in_circles_end() {
        with_operation("kms", "ListKeys", |operation| {
            let mut pages = Pages::new(operation);
            let page = |token: &str| value(&format!(r#"{{"Keys": [], "Truncated": true, "NextMarker": "{token}"}}"#));
            let second = pages.add(&value("{}"), page("a")).unwrap().unwrap();
            let error = pages.add(&second, page("a")).unwrap_err();
            assert!(matches!(error, CodecError::RepeatedToken { .. }), "{error}");
            let third = pages.add(&second, page("b")).unwrap().unwrap();
            let error = pages.add(&third, page("a")).unwrap_err();
            assert!(matches!(error, CodecError::RepeatedToken { .. }), "{error}");
        });
    }
}
