//! What evaluations read, kept as evidence once for all that read alike.
//!
//! A rule reads the same facts of item after item, in the same order, and most of them are flags and names that many
//! items have. So all that is read on a thread stands in one tree: below a fact stands what was read after it. An
//! evaluation walks down from the root; what it reads is made into evidence only where nobody has read it before.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use compact_str::{CompactString, ToCompactString};

use super::{Mixing, Path, Segment, mix, pointer, steps};
use crate::evaluation::Evidence;
use crate::item::ConfigurationItem;
use crate::value::{Key, Value};

/// Longer values are cut.
pub(super) const LONGEST_VALUE: usize = 256;

/// A fact that a script reads.
pub(super) struct Fact<'a> {
    /// The item, if it is not the judged one.
    pub(super) item: Option<&'a Arc<ConfigurationItem>>,
    pub(super) place: Where<'a>,
    /// Of the place, and of the item if there is one.
    pub(super) hash: u64,
    pub(super) shown: Shown<'a>,
}

/// A place in an item: some steps below a path.
#[derive(Clone, Copy)]
pub(super) struct Where<'a> {
    pub(super) above: Option<&'a Path>,
    pub(super) down: &'a [Segment],
    /// Of the path in the item.
    pub(super) hash: u64,
}

/// What is shown of a fact.
#[derive(Clone, Copy)]
pub(super) enum Shown<'a> {
    /// The fact is a list or an object, whose members are noted as they are read.
    Nothing,
    /// A value as JSON.
    Value(&'a Value),
    /// A text as it is.
    Text(&'a str),
}

/// How far an evaluation has read: a place in the tree, for as long as it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading(u32);

impl Reading {
    pub(super) fn to_le_bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }
}

/// The tree.
#[derive(Default)]
pub(super) struct Readings {
    nodes: Vec<Node>,
    /// The node below a node by the hash of both.
    below: HashMap<u64, u32, Mixing>,
    /// How often it was grown anew.
    age: u64,
}

struct Node {
    evidence: Evidence,
    /// The text that the value was, if it was one that JSON writes in another way.
    text: Option<Box<str>>,
    /// Of the place, and of the item if there is one. Two places are taken as one when their hashes are.
    place: u64,
    /// What was read before it.
    before: Reading,
    /// All that was read up to here, made when an evaluation first ends here.
    list: Option<Arc<[Evidence]>>,
}

/// What the same rules read of a thousand items, a few times over.
const MOST_NODES: usize = 32_768;

impl Readings {
    /// The root, where nothing is read yet. When the tree is full it is grown anew.
    pub(super) fn start(&mut self) -> Reading {
        if self.nodes.len() >= MOST_NODES {
            self.nodes.clear();
            self.below.clear();
            self.age += 1;
        }
        Reading(0)
    }

    /// Tells apart the trees that one thread grows: a reading is a place in the last one.
    pub(super) fn age(&self) -> u64 {
        self.age
    }

    /// Where an evaluation stands that reads one more fact.
    pub(super) fn after(&mut self, before: Reading, fact: &Fact<'_>) -> Reading {
        let hash = fact.shown.hash(fact.hash ^ u64::from(before.0).rotate_left(32));
        if let Some(at) = self.below.get(&hash)
            && let Some(node) = self.node(Reading(*at))
            && node.before == before
            && node.shows(fact)
        {
            return Reading(*at);
        }
        let (value, text) = fact.shown.text();
        let resource = |item: &Arc<ConfigurationItem>| format!("{} {}", item.key.resource_type, item.key.resource_id);
        let evidence =
            Evidence { resource: fact.item.map(|item| resource(item).into()), path: shared_pointer(fact.place), value };
        self.nodes.push(Node { evidence, text, place: fact.hash, before, list: None });
        let at = u32::try_from(self.nodes.len()).unwrap_or_default();
        self.below.insert(hash, at);
        Reading(at)
    }

    /// All that was read on the way to a place, from first to last.
    pub(super) fn list(&mut self, reading: Reading) -> Arc<[Evidence]> {
        let Some(node) = self.node(reading) else { return Arc::default() };
        if let Some(list) = &node.list {
            return Arc::clone(list);
        }
        let way = std::iter::successors(Some(node), |node| self.node(node.before));
        let mut evidence: Vec<_> = way.map(|node| node.evidence.clone()).collect();
        evidence.reverse();
        let list: Arc<[Evidence]> = evidence.into();
        if let Some(node) = (reading.0 as usize).checked_sub(1).and_then(|at| self.nodes.get_mut(at)) {
            node.list = Some(Arc::clone(&list));
        }
        list
    }

    /// Nodes are counted from 1; the root is none.
    fn node(&self, reading: Reading) -> Option<&Node> {
        self.nodes.get((reading.0 as usize).checked_sub(1)?)
    }
}

impl Node {
    /// Whether the evidence is what the fact would be made into. Hashes are equal at times when facts are not.
    fn shows(&self, fact: &Fact<'_>) -> bool {
        let Evidence { resource, value, .. } = &self.evidence;
        let of_item = match (resource, fact.item) {
            (None, None) => true,
            (Some(resource), Some(item)) => resource
                .strip_prefix(&*item.key.resource_type)
                .and_then(|rest| rest.strip_prefix(' '))
                .is_some_and(|id| *id == *item.key.resource_id),
            _ => false,
        };
        let value = value.as_deref();
        let same_value = match fact.shown {
            Shown::Nothing => value.is_none(),
            Shown::Text(text) => value == Some(text),
            Shown::Value(Value::Null) => value == Some("null"),
            Shown::Value(Value::Bool(truth)) => value == Some(if *truth { "true" } else { "false" }),
            Shown::Value(Value::String(text)) => match &self.text {
                Some(before) => **before == *shown_part(text),
                None => value.and_then(|value| value.strip_prefix('"')?.strip_suffix('"')) == Some(text),
            },
            Shown::Value(other) => value == Some(&json(other)),
        };
        self.place == fact.hash && of_item && same_value
    }
}

impl Shown<'_> {
    fn hash(self, hash: u64) -> u64 {
        match self {
            Self::Nothing => mix(hash, &[0]),
            Self::Text(text) => mix(hash, text.as_bytes()),
            Self::Value(Value::Null) => mix(hash, &[1]),
            Self::Value(Value::Bool(truth)) => mix(hash, &[2 + u8::from(*truth)]),
            Self::Value(Value::Integer(number)) => mix(hash, &number.to_le_bytes()),
            Self::Value(Value::String(text)) => mix(hash, shown_part(text).as_bytes()),
            Self::Value(other) => mix(hash, json(other).as_bytes()),
        }
    }

    /// As it stands in the evidence, and the text that this was, if it is not that text between quotes.
    fn text(self) -> (Option<CompactString>, Option<Box<str>>) {
        match self {
            Self::Nothing => (None, None),
            Self::Text(text) => (Some(text.into()), None),
            Self::Value(value) => {
                let text = value.as_str().filter(|text| !is_plain(text));
                (Some(json(value)), text.map(|text| shown_part(text).into()))
            }
        }
    }
}

/// As much of a text as can be seen in the evidence: longer ones that begin so look the same there.
fn shown_part(text: &str) -> &str {
    text.get(..text.ceil_char_boundary(LONGEST_VALUE + 1)).unwrap_or(text)
}

/// Whether a text is the JSON pointer of a place; at times wrongly no, never wrongly yes.
fn is_pointer(text: &str, above: Option<&Path>, down: &[Segment]) -> bool {
    let mut rest = text;
    for step in steps(above, down) {
        let before = match step {
            Segment::Fixed(name) => rest.strip_suffix(name),
            Segment::Name(name) => rest.strip_suffix(name.as_ref()),
            Segment::Index(index) => {
                let before = rest.trim_end_matches(|digit: char| digit.is_ascii_digit());
                rest.get(before.len()..).is_some_and(|digits| digits.parse() == Ok(*index)).then_some(before)
            }
        };
        match before.and_then(|before| before.strip_suffix('/')) {
            Some(before) => rest = before,
            None => return false,
        }
    }
    rest.is_empty()
}

thread_local! {
    /// The pointers of the paths that were written out, by hash: rules read the same paths of item after item.
    static POINTERS: RefCell<HashMap<u64, Key, Mixing>> = RefCell::default();
}

/// More than the paths that all rules read.
const MOST_POINTERS: usize = 16_384;

/// The shared text of a place's JSON pointer.
fn shared_pointer(place: Where<'_>) -> Key {
    let Where { above, down, hash } = place;
    POINTERS.with_borrow_mut(|pointers| {
        if let Some(pointer) = pointers.get(&hash).filter(|pointer| is_pointer(pointer, above, down)) {
            return Arc::clone(pointer);
        }
        if pointers.len() >= MOST_POINTERS {
            pointers.clear();
        }
        let pointer: Key = pointer(above, down).into();
        pointers.insert(hash, Arc::clone(&pointer));
        pointer
    })
}

/// Whether JSON writes a text as it is, and all of it is shown: nearly all texts are such.
fn is_plain(text: &str) -> bool {
    text.len() < LONGEST_VALUE - 2 && text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
}

/// A value as JSON, cut.
fn json(value: &Value) -> CompactString {
    match value {
        Value::Null => CompactString::const_new("null"),
        Value::Bool(true) => CompactString::const_new("true"),
        Value::Bool(false) => CompactString::const_new("false"),
        Value::Integer(number) => number.to_compact_string(),
        Value::Array(elements) if elements.is_empty() => CompactString::const_new("[]"),
        Value::Object(members) if members.is_empty() => CompactString::const_new("{}"),
        Value::String(text) if is_plain(text) => {
            let mut quoted = CompactString::with_capacity(text.len() + 2);
            quoted.push('"');
            quoted.push_str(text);
            quoted.push('"');
            quoted
        }
        // A policy in JSON is longer than what is shown of it: no more is written than that.
        Value::String(text) if text.len() > LONGEST_VALUE => {
            let end = text.ceil_char_boundary(LONGEST_VALUE);
            let mut start = Value::from(text.get(..end).unwrap_or(text)).to_compact_string();
            // The closing quote, which is not there yet.
            start.pop();
            cut(start)
        }
        value => cut(value.to_compact_string()),
    }
}

pub(super) fn cut(text: CompactString) -> CompactString {
    if text.len() <= LONGEST_VALUE {
        return text;
    }
    let mut end = LONGEST_VALUE;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut short = CompactString::from(text.get(..end).unwrap_or_default());
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_where_its_json_would_be() {
        for part in ["a", "\"", "\\", "\n", "\u{1}", "é", "€", "𝄞", "ab€\"", "{\"a\": [1]}, "] {
            for length in 240..300 {
                let text: String = part.chars().cycle().take(length).collect();
                let value = Value::from(text);
                assert_eq!(json(&value), cut(value.to_compact_string()), "{length} of {part}");
            }
        }
    }

    fn fact<'a>(down: &'a [Segment], shown: Shown<'a>) -> Fact<'a> {
        Fact { item: None, place: Where { above: None, down, hash: 1 }, hash: 1, shown }
    }

    #[test]
    fn evidence_is_shared_by_what_is_shown_alike_whatever_the_hash() {
        let down = [Segment::Fixed("configuration")];
        let values = [
            Value::Null,
            true.into(),
            false.into(),
            1.into(),
            "1".into(),
            "null".into(),
            "true".into(),
            // As JSON the one is written as the other is.
            "a\nb".into(),
            r"a\nb".into(),
            "\"".into(),
            "a".repeat(253).into(),
            "a".repeat(254).into(),
            "a".repeat(300).into(),
            "a".repeat(301).into(),
            Value::from(Vec::new()),
            Value::object::<&str>([]),
        ];
        for made in &values {
            let mut readings = Readings::default();
            let place = readings.after(Reading(0), &fact(&down, Shown::Value(made)));
            let node = readings.node(place).unwrap();
            for read in &values {
                assert_eq!(node.shows(&fact(&down, Shown::Value(read))), json(made) == json(read), "{made} and {read}");
            }
            assert!(!node.shows(&fact(&down, Shown::Nothing)));
            assert!(!node.shows(&Fact { hash: 2, ..fact(&down, Shown::Value(made)) }));
        }
    }

    #[test]
    fn what_begins_alike_is_kept_once_and_in_its_order() {
        let (a, b) = ([Segment::Fixed("a")], [Segment::Fixed("b")]);
        let (a, b) = (fact(&a, Shown::Nothing), fact(&b, Shown::Value(&Value::Null)));
        let mut readings = Readings::default();
        assert_eq!(readings.list(Reading(0)).len(), 0);
        let first = readings.after(Reading(0), &a);
        let both = readings.after(first, &b);
        let other = readings.after(Reading(0), &b);
        assert_eq!(readings.after(Reading(0), &a), first);
        assert_eq!(readings.after(first, &b), both);
        assert_eq!(readings.nodes.len(), 3);
        let paths = |list: &[Evidence]| list.iter().map(|one| one.path.to_string()).collect::<Vec<_>>();
        assert_eq!(paths(&readings.list(both)), ["/a", "/b"]);
        assert_eq!(paths(&readings.list(other)), ["/b"]);
        assert!(Arc::ptr_eq(&readings.list(both), &readings.list(both)));
    }
}
