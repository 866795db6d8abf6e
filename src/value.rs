//! The tree in which every fact of a resource is kept.
//!
//! A [`Value`] is JSON with one more case: [`Value::Unreadable`], a fact that could not be read. It stands in the
//! tree at the place where the fact would be, so that nothing can walk past it by accident: a script that reaches it
//! ends as `INSUFFICIENT_DATA`, and a writer leaves it out and lists it as a [`Gap`](crate::gap::Gap) instead.
//!
//! A snapshot holds a million items, so the tree is compact: keys are shared, strings of up to 24 bytes are held in
//! place, containers are shared by reference. `serde_json::Value` would take about three times the memory.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use compact_str::CompactString;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// The name of a member, shared between all objects that have it.
pub type Key = Arc<str>;

/// One node of a configuration item.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Present, and `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number. AWS sends none outside of `i64`.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text. Times are text too, in the form `2026-01-02T03:04:05.678Z`, as in AWS Config's items.
    String(CompactString),
    /// A list.
    Array(Arc<[Value]>),
    /// Members by name.
    Object(Object),
    /// A fact that could not be read, and why.
    Unreadable(Arc<Unreadable>),
}

/// Why a fact could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unreadable {
    /// The call that would have told, as `service:Operation` (`s3:GetBucketPolicy`). Empty when no call is involved,
    /// as with an unresolved value of a template.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub operation: String,
    /// The IAM action that allows the call (`s3:GetBucketPolicy`), which is not always its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// AWS's error code (`AccessDenied`), or one of assize's own: see [`code`].
    pub code: String,
    /// What was said, in one line.
    pub message: String,
}

/// The codes that assize itself gives, beside those of AWS.
pub mod code {
    /// The facts were not asked for: no chosen rule declared that it reads them.
    pub const NOT_COLLECTED: &str = "NotCollected";
    /// AWS Config did not record the type, or the export does not hold it; in a replay, the recording has no answer.
    pub const NOT_RECORDED: &str = "NotRecorded";
    /// The item that a relationship points at is not in the snapshot.
    pub const NOT_FOUND: &str = "NotFound";
    /// A value of a template that is known only after deployment.
    pub const UNRESOLVED: &str = "Unresolved";
    /// A fact that no template tells, such as the other resources of the account.
    pub const NOT_IN_TEMPLATES: &str = "NotInTemplates";
    /// The property is absent and the script read it as if it had to be there.
    pub const ABSENT: &str = "Absent";
    /// A text in a language that assize reads only in part, such as a filter pattern.
    pub const NOT_UNDERSTOOD: &str = "NotUnderstood";
    /// No answer within the deadline.
    pub const TIMEOUT: &str = "Timeout";
    /// No connection, or one that broke.
    pub const CONNECTION: &str = "ConnectionFailed";
    /// An answer that is not what the service's model says.
    pub const MALFORMED: &str = "MalformedResponse";
    /// An answer that goes on, with no known way to ask for the rest.
    pub const TRUNCATED: &str = "TruncatedResponse";
    /// An object that has more bytes than are read.
    pub const TOO_LARGE: &str = "TooLarge";
    /// There are no credentials to sign the call with.
    pub const NO_CREDENTIALS: &str = "NoCredentials";
    /// There is a source of credentials and it gave none: a role that may not be assumed, a session that has ended.
    pub const CREDENTIALS_FAILED: &str = "CredentialsFailed";
    /// The credentials are of another account than the one that was to be read.
    pub const WRONG_ACCOUNT: &str = "WrongAccount";
    /// The call was not made: the run may send no more requests.
    pub const OVER_BUDGET: &str = "OverBudget";
    /// The call could not be made: no such operation, parameters that do not fit it, no endpoint.
    pub const INVALID_REQUEST: &str = "InvalidRequest";
}

impl Unreadable {
    /// A fact that no chosen rule asked for.
    pub fn not_collected(what: impl fmt::Display) -> Self {
        Self {
            operation: String::new(),
            action: None,
            code: code::NOT_COLLECTED.to_owned(),
            message: format!("{what} was not collected"),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.operation.is_empty() {
            write!(f, "{}: {}", self.code, self.message)
        } else {
            write!(f, "{} answered {}: {}", self.operation, self.code, self.message)
        }
    }
}

/// Members in the order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(Arc<[(Key, Value)]>);

/// So many members are looked through faster than searched.
const FEW: usize = 32;

impl Object {
    /// An object of members whose names are shared already. Later members of the same name win.
    pub fn from_members(mut members: Vec<(Key, Value)>) -> Self {
        sort_members(&mut members);
        // Where there is nothing, nothing is allocated.
        if members.is_empty() { Self::default() } else { Self(members.into()) }
    }

    /// The member of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.entry(name).map(|(_, value)| value)
    }

    /// The member of this name, with the shared form of the name.
    pub fn entry(&self, name: &str) -> Option<(&Key, &Value)> {
        // Lengths stand beside each other, texts all over the memory: of few members most are passed without a look at
        // their text.
        let member = if self.0.len() <= FEW {
            self.0.iter().find(|(key, _)| key.len() == name.len() && **key == *name)
        } else {
            let at = self.0.binary_search_by(|(key, _)| key.as_ref().cmp(name)).ok()?;
            self.0.get(at)
        };
        member.map(|(key, value)| (key, value))
    }

    /// Whether both are the same object in memory, not only equal.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// All members, in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Key, &Value)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same members with `value` under `name`, in the place of what was there.
    #[must_use]
    pub fn with(&self, name: &str, value: Value) -> Self {
        let mut members = self.0.to_vec();
        match members.binary_search_by(|(key, _)| key.as_ref().cmp(name)) {
            Ok(at) => {
                if let Some(member) = members.get_mut(at) {
                    member.1 = value;
                }
            }
            Err(at) => members.insert(at, (intern(name), value)),
        }
        Self(members.into())
    }
}

/// Later members of the same name win, as they do in JSON.
impl<K: AsRef<str>> FromIterator<(K, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(members: I) -> Self {
        Self::from_members(members.into_iter().map(|(key, value)| (intern(key.as_ref()), value)).collect())
    }
}

fn sort_members(members: &mut Vec<(Key, Value)>) {
    if members.windows(2).all(|pair| matches!(pair, [a, b] if a.0 < b.0)) {
        return;
    }
    // A stable sort keeps equal names in their order; of each run the last one stays.
    members.sort_by(|a, b| a.0.cmp(&b.0));
    members.reverse();
    members.dedup_by(|a, b| a.0 == b.0);
    members.reverse();
}

/// Texts of which each is held once. Those that never come again would grow the table without end, so it is cleared when
/// it is full.
#[derive(Default)]
pub(crate) struct Texts(HashSet<Arc<str>>);

/// More than the member names of all AWS models that are in use at once.
const MOST_TEXTS: usize = 16_384;

impl Texts {
    /// The shared form of a text.
    pub(crate) fn share(&mut self, text: &str) -> Arc<str> {
        if text.is_empty() {
            return Arc::default();
        }
        if let Some(shared) = self.0.get(text) {
            return Arc::clone(shared);
        }
        if self.0.len() >= MOST_TEXTS {
            self.0.clear();
        }
        let shared: Arc<str> = Arc::from(text);
        self.0.insert(Arc::clone(&shared));
        shared
    }
}

thread_local! {
    /// Names of members come from a few thousand words of AWS's models, but for tag keys, environment variables and the
    /// like.
    static NAMES: RefCell<Texts> = RefCell::default();
}

/// The shared form of a member's name.
pub fn intern(name: &str) -> Key {
    NAMES.with_borrow_mut(|names| names.share(name))
}

impl Value {
    /// An object of these members.
    pub fn object<K: AsRef<str>>(members: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Object(members.into_iter().collect())
    }

    /// The member of this name, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Object(object) => object.get(name),
            _ => None,
        }
    }

    /// The value at a JSON pointer (RFC 6901). The empty pointer is the value itself.
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |value, segment| match value {
            Self::Object(object) => object.get(&unescape(segment)),
            Self::Array(array) => array.get(segment.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The same tree with `value` at a JSON pointer. Objects on the way are made where nothing or `null` stands; the
    /// tree is left as it is where something else is in the way.
    #[must_use]
    pub fn with_pointer(&self, pointer: &str, value: Value) -> Self {
        let Some(rest) = pointer.strip_prefix('/') else {
            return value;
        };
        let (segment, rest) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        match self {
            Self::Object(object) => {
                let name = unescape(segment);
                let below = object.get(&name).unwrap_or(&Self::Null).with_pointer(rest, value);
                Self::Object(object.with(&name, below))
            }
            Self::Null => Self::object([(unescape(segment), Self::Null.with_pointer(rest, value))]),
            Self::Array(array) => {
                let mut elements = array.to_vec();
                if let Some(element) = segment.parse::<usize>().ok().and_then(|at| elements.get_mut(at)) {
                    *element = element.with_pointer(rest, value);
                }
                Self::Array(elements.into())
            }
            other => other.clone(),
        }
    }

    /// The text, if this is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if this is a whole number.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The elements, if this is a list.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }

    /// The members, if this is an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Why this could not be read, if it could not.
    pub fn as_unreadable(&self) -> Option<&Arc<Unreadable>> {
        match self {
            Self::Unreadable(why) => Some(why),
            _ => None,
        }
    }

    /// The first unreadable fact in the tree, in the order in which it is written.
    pub fn first_unreadable(&self) -> Option<&Arc<Unreadable>> {
        match self {
            Self::Unreadable(why) => Some(why),
            Self::Array(array) => array.iter().find_map(Self::first_unreadable),
            Self::Object(object) => object.iter().find_map(|(_, value)| value.first_unreadable()),
            _ => None,
        }
    }

    /// What kind of value this is, in the words of JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Integer(_) => "integer",
            Self::Float(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// Escapes one segment of a JSON pointer (RFC 6901, section 3).
pub fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<CompactString> for Value {
    fn from(text: CompactString) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<Vec<Value>> for Value {
    fn from(elements: Vec<Value>) -> Self {
        Self::Array(if elements.is_empty() { Arc::default() } else { elements.into() })
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

/// As JSON text, with unreadable members left out.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// An unreadable member is left out and an unreadable element is `null`: where they were is said by the item's gaps.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null | Self::Unreadable(_) => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(array) => {
                let mut out = serializer.serialize_seq(Some(array.len()))?;
                for element in array.iter() {
                    out.serialize_element(element)?;
                }
                out.end()
            }
            Self::Object(object) => {
                let mut out = serializer.serialize_map(None)?;
                for (key, value) in object.iter().filter(|(_, value)| value.as_unreadable().is_none()) {
                    out.serialize_entry(key.as_ref(), value)?;
                }
                out.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        #[expect(clippy::cast_precision_loss, reason = "what serde_json does with a number that fits no integer")]
        Ok(i64::try_from(number).map_or(Value::Float(number as f64), Value::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut elements = Vec::with_capacity(access.size_hint().unwrap_or(0).min(1_024));
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(elements.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Vec::with_capacity(access.size_hint().unwrap_or(0).min(1_024));
        while let Some(Name(key)) = access.next_key()? {
            members.push((key, access.next_value()?));
        }
        Ok(Object::from_members(members).into())
    }
}

/// A member's name, interned as it is read, without a string of its own.
struct Name(Key);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a member")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(Name(intern(name)))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        serde_json::from_str(json).expect("the test's JSON parses")
    }

    #[test]
    fn a_node_takes_24_bytes() {
        assert_eq!(size_of::<Value>(), 24);
    }

    #[test]
    fn members_are_sorted_and_the_last_of_a_name_wins() {
        assert_eq!(value(r#"{"b":1,"a":2,"b":3}"#).to_string(), r#"{"a":2,"b":3}"#);
    }

    #[test]
    fn pointers_read_and_write_escaped_segments() {
        let before = value(r#"{"a/b":[{"c~d":1}]}"#);
        assert_eq!(before.pointer("/a~1b/0/c~0d"), Some(&Value::Integer(1)));
        let after = before.with_pointer("/a~1b/0/e", true.into());
        assert_eq!(after.to_string(), r#"{"a/b":[{"c~d":1,"e":true}]}"#);
    }

    #[test]
    fn an_unreadable_member_is_not_written() {
        let why = Arc::new(Unreadable::not_collected("BucketPolicy"));
        let item = value(r#"{"a":1}"#).with_pointer("/b/c", Value::Unreadable(Arc::clone(&why)));
        assert_eq!(item.to_string(), r#"{"a":1,"b":{}}"#);
        assert_eq!(item.first_unreadable(), Some(&why));
    }

    #[test]
    fn numbers_keep_their_exact_value() {
        assert_eq!(value("9007199254740993"), Value::Integer(9_007_199_254_740_993));
        assert_eq!(value("1.5"), Value::Float(1.5));
    }
}
