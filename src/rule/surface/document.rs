//! Documents: objects of an item's facts, and of what natives parse.

use rhai::{Array, Dynamic, ImmutableString};

use super::{List, Origin, Surface};
use crate::rule::run::{Outcome, Path, Segment, fail};
use crate::value::{Object, Value};

/// An object. Reading a member that is absent or unreadable ends the evaluation.
#[derive(Clone, Debug)]
pub(in crate::rule) struct Document {
    pub(in crate::rule) members: Object,
    pub(in crate::rule) origin: Origin,
}

/// A value as a script sees it: scalars as Rhai's own, the others as host types.
pub(in crate::rule) fn to_dynamic(value: &Value, origin: Origin) -> Outcome<Dynamic> {
    Ok(match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(truth) => (*truth).into(),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::String(text) => ImmutableString::from(text.as_str()).into(),
        Value::Array(elements) => Dynamic::from(List::of_values(elements.clone(), origin)),
        Value::Object(members) => Dynamic::from(Document { members: members.clone(), origin }),
        Value::Unreadable(reason) => return Err(fail(reason.to_string())),
    })
}

/// A script's value as a value of ours. Facts that are unreadable inside of a document stay so.
pub(in crate::rule) fn from_dynamic(value: &Dynamic) -> Outcome<Value> {
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(truth) = value.as_bool() {
        return Ok(truth.into());
    }
    if let Ok(number) = value.as_int() {
        return Ok(number.into());
    }
    if let Ok(number) = value.as_float() {
        return Ok(Value::Float(number));
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(Value::from(text.as_str()));
    }
    if let Some(document) = value.read_lock::<Document>() {
        return Ok(Value::Object(document.members.clone()));
    }
    if let Some(list) = value.read_lock::<List>() {
        return list.to_value();
    }
    if let Ok(array) = value.as_array_ref() {
        return Ok(Value::from(array.iter().map(from_dynamic).collect::<Outcome<Vec<_>>>()?));
    }
    if let Ok(map) = value.as_map_ref() {
        let members: Outcome<Vec<_>> = map.iter().map(|(name, value)| Ok((name, from_dynamic(value)?))).collect();
        return Ok(Value::object(members?));
    }
    Err(fail(format!("a {} is not data", value.type_name())))
}

/// What a script reads at one step below `origin`: notes it, and refuses what is unreadable.
pub(super) fn read(value: &Value, origin: Option<&Path>, segment: Segment) -> Outcome<Dynamic> {
    let Some(path) = origin else {
        // Nothing that a script or a native makes holds unreadable facts without their place.
        return to_dynamic(value, None);
    };
    match value {
        Value::Unreadable(reason) => Err(path.stop(&segment, reason)),
        Value::Object(members) if !members.is_empty() => to_dynamic(value, Some(path.below(segment))),
        Value::Array(elements) if !elements.is_empty() => to_dynamic(value, Some(path.below(segment))),
        Value::Object(_) | Value::Array(_) => {
            path.note(&segment, Some(value));
            to_dynamic(value, Some(path.below(segment)))
        }
        scalar => {
            path.note(&segment, Some(scalar));
            to_dynamic(scalar, None)
        }
    }
}

/// One step of a path in text: `.name` or `[3]`.
pub(super) enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

/// The steps of `a.b[0].c`.
pub(super) fn steps(path: &str) -> Outcome<Vec<Step<'_>>> {
    let wrong = || fail(format!("`{path}` is not a path: they look like a.b[0].c"));
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, mut rest) = part.find('[').map_or((part, ""), |at| part.split_at(at));
        if !name.is_empty() {
            steps.push(Step::Name(name));
        } else if rest.is_empty() || !steps.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let (index, after) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or_else(wrong)?;
            steps.push(Step::Index(index.parse().map_err(|_| wrong())?));
            rest = after;
        }
    }
    Ok(steps)
}

impl Document {
    /// The optional read: `()` where the path leads nowhere or to `null`. What is unreadable, or stands below something
    /// unreadable, still ends the evaluation.
    pub(super) fn get(&self, path: &str) -> Outcome<Dynamic> {
        get(&Value::Object(self.members.clone()), self.origin.as_ref(), path)
    }

    pub(super) fn member(&self, name: &str) -> Outcome<Dynamic> {
        match (self.members.entry(name), &self.origin) {
            (Some((key, value)), origin) => read(value, origin.as_ref(), Segment::Name(key.clone())),
            (None, Some(path)) => Err(path.stop_at_absent(&Segment::Name(crate::value::intern(name)))),
            (None, None) => Err(fail(format!("there is no `{name}` in the document"))),
        }
    }

    /// Whether there is a member of this name; one that is `null` is there.
    fn has(&self, name: &str) -> Outcome<bool> {
        let Some(path) = &self.origin else { return Ok(self.members.get(name).is_some()) };
        match self.members.entry(name) {
            Some((key, Value::Unreadable(reason))) => Err(path.stop(&Segment::Name(key.clone()), reason)),
            Some((key, Value::Object(_) | Value::Array(_))) => {
                path.note(&Segment::Name(key.clone()), None);
                Ok(true)
            }
            Some((key, scalar)) => {
                path.note(&Segment::Name(key.clone()), Some(scalar));
                Ok(true)
            }
            None => {
                path.note(&Segment::Name(crate::value::intern(name)), Some(&Value::Null));
                Ok(false)
            }
        }
    }

    fn len(&self) -> i64 {
        if let (true, Some(path)) = (self.members.is_empty(), &self.origin) {
            path.note_empty(&Value::Object(self.members.clone()));
        }
        i64::try_from(self.members.len()).unwrap_or(i64::MAX)
    }

    /// The document's facts as JSON, unless one of them is unreadable.
    pub(in crate::rule) fn text(&self) -> Outcome<String> {
        whole(&Value::Object(self.members.clone()), self.origin.as_ref())?;
        Ok(Value::Object(self.members.clone()).to_string())
    }
}

/// Refuses a tree that holds an unreadable fact.
pub(in crate::rule) fn whole(value: &Value, origin: Option<&Path>) -> Outcome<()> {
    fn walk(value: &Value, path: &Path) -> Outcome<()> {
        let below = |segment: Segment, value: &Value| match value {
            Value::Unreadable(reason) => Err(path.stop(&segment, reason)),
            Value::Object(_) | Value::Array(_) if value.first_unreadable().is_some() => {
                walk(value, &path.below(segment))
            }
            _ => Ok(()),
        };
        match value {
            Value::Object(members) => {
                members.iter().try_for_each(|(key, value)| below(Segment::Name(key.clone()), value))
            }
            Value::Array(elements) => {
                elements.iter().enumerate().try_for_each(|(at, value)| below(Segment::Index(at), value))
            }
            _ => Ok(()),
        }
    }
    match (value.first_unreadable(), origin) {
        (None, _) => Ok(()),
        (Some(_), Some(path)) => walk(value, path),
        (Some(reason), None) => Err(fail(reason.to_string())),
    }
}

/// What stands where these steps lead, or the unreadable fact on the way. Nothing is noted.
pub(super) fn at<'v>(root: &'v Value, steps: &[Step<'_>]) -> Option<&'v Value> {
    steps.iter().try_fold(root, |here, step| match (here, step) {
        (Value::Unreadable(_), _) => Some(here),
        (Value::Object(members), Step::Name(name)) => members.get(name),
        (Value::Array(elements), Step::Index(at)) => elements.get(*at),
        _ => None,
    })
}

/// [`Document::get`], from any value.
pub(super) fn get(root: &Value, origin: Option<&Path>, text: &str) -> Outcome<Dynamic> {
    let steps = steps(text)?;
    let mut here = root;
    let mut path = origin.cloned();
    let last = steps.len().saturating_sub(1);
    for (number, step) in steps.into_iter().enumerate() {
        let (found, segment) = match (here, step) {
            (Value::Object(members), Step::Name(name)) => match members.entry(name) {
                Some((key, value)) => (Some(value), Segment::Name(key.clone())),
                None => (None, Segment::Name(crate::value::intern(name))),
            },
            (Value::Array(elements), Step::Index(at)) => (elements.get(at), Segment::Index(at)),
            (_, Step::Name(name)) => (None, Segment::Name(crate::value::intern(name))),
            (_, Step::Index(at)) => (None, Segment::Index(at)),
        };
        let Some(value) = found else {
            if let Some(path) = &path {
                path.note(&segment, Some(&Value::Null));
            }
            return Ok(Dynamic::UNIT);
        };
        if number == last {
            return read(value, path.as_ref(), segment);
        }
        if let (Value::Unreadable(reason), Some(path)) = (value, &path) {
            return Err(path.stop(&segment, reason));
        }
        path = path.map(|path| path.below(segment));
        here = value;
    }
    Ok(Dynamic::UNIT)
}

pub(super) fn register(surface: &mut Surface) {
    surface
        .indexer(|document: &mut Document, name: &str| document.member(name))
        .unchanged_elements::<Document>()
        .function("get", |document: &mut Document, path: &str| document.get(path))
        .function("contains", |document: &mut Document, name: &str| document.has(name))
        .function("keys", |document: &mut Document| -> Array {
            document.len();
            document.members.iter().map(|(key, _)| ImmutableString::from(key.as_ref()).into()).collect()
        })
        .function("values", |document: &mut Document| -> Outcome<Array> {
            let names = document.members.iter().map(|(key, _)| key);
            names.map(|name| document.member(name)).collect()
        })
        .function("len", |document: &mut Document| document.len())
        .function("is_empty", |document: &mut Document| document.len() == 0)
        .function("to_string", |document: &mut Document| document.text())
        .function("to_debug", |document: &mut Document| document.text());
}
