//! The paths of descriptors: `Reservations[].Instances[]`, `^.OwnerId`, `parent.clusterArn`, `parts.Policies.Names[]`.
//!
//! A path is parsed once and walked often. What it walks is a [`Frame`]: a value with the values around it, so that an
//! element can still see the object that its list was reached from.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_saphyr::Spanned;

use crate::value::{Key, Value, intern};

/// Line and column in a descriptor's file, both counted from 1; zero where unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u64,
    /// The column, in characters.
    pub column: u64,
}

impl<T> From<&Spanned<T>> for Position {
    fn from(spanned: &Spanned<T>) -> Self {
        Self { line: spanned.referenced.line(), column: spanned.referenced.column() }
    }
}

/// A way from an element to a value.
#[derive(Clone, Debug)]
pub struct Path {
    pub(super) root: Root,
    pub(super) steps: Vec<Step>,
    text: Box<str>,
    pub(super) at: Position,
}

/// Where a path begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// The element, or the object so many levels around it.
    Element(usize),
    /// A word of the place in which the call is made.
    Place(PlaceWord),
    /// The parent item's document.
    Parent,
    /// An attribute of the parent item.
    ParentAttribute(Attribute),
    /// Another part's output.
    Part(Key),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlaceWord {
    Account,
    Region,
    Partition,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    Id,
    Name,
    Arn,
    Region,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// To a member, or a map's entry.
    Member(Key),
    /// To each element of a list.
    Each,
}

/// A path, template or condition that is not written as it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SyntaxError(pub(super) String);

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// What is not a path about it.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let (root, steps) = parse(text).map_err(|why| SyntaxError(format!("`{text}` is not a path: {why}")))?;
        Ok(Self { root, steps, text: text.into(), at: Position::default() })
    }

    pub(super) fn at(mut self, at: Position) -> Self {
        self.at = at;
        self
    }

    /// The path that leads to the element itself.
    pub(super) fn itself() -> Self {
        Self { root: Root::Element(0), steps: Vec::new(), text: ".".into(), at: Position::default() }
    }

    /// Whether the path goes through lists, so that it leads to any number of values.
    pub fn is_plural(&self) -> bool {
        self.steps.contains(&Step::Each)
    }

    /// The part whose output the path begins at.
    pub(super) fn part(&self) -> Option<&Key> {
        match &self.root {
            Root::Part(name) => Some(name),
            _ => None,
        }
    }

    /// The value that the path leads to: a list if it goes through lists. `None` if it is absent.
    pub fn get(&self, frame: &Frame<'_>, env: &Env<'_>) -> Option<Value> {
        if self.is_plural() {
            let mut found = None;
            self.visit(frame, env, &mut |at| {
                let found = found.get_or_insert_with(Vec::new);
                match at {
                    Found::List => {}
                    Found::Value(value, _) => found.push(value.clone()),
                    Found::Itself(frame) => found.push(frame.value.clone()),
                }
            });
            return found.map(Value::from);
        }
        match &self.root {
            Root::Element(up) => {
                let start = frame.up(*up)?;
                member(start.value, &self.steps).cloned()
            }
            Root::Parent => member(&env.parent?.document, &self.steps).cloned(),
            Root::Part(name) => member(env.parts.get(name)?, &self.steps).cloned(),
            Root::Place(_) | Root::ParentAttribute(_) => env.word(&self.root).map(Value::from),
        }
    }

    /// Goes to each value that the path leads to; a path without `[]` that leads to a list goes to its elements.
    pub fn each(&self, frame: &Frame<'_>, env: &Env<'_>, each: &mut dyn FnMut(&Frame<'_>)) {
        let opens = self.steps.last() != Some(&Step::Each);
        self.visit(frame, env, &mut |found| match found {
            Found::List | Found::Value(Value::Null, _) => {}
            Found::Value(Value::Array(elements), around) if opens => {
                for element in elements.iter() {
                    each(&around.inner(element));
                }
            }
            Found::Value(value, around) => each(&around.inner(value)),
            Found::Itself(frame) => match frame.value {
                Value::Null => {}
                Value::Array(elements) if opens => {
                    for element in elements.iter() {
                        each(&frame.inner(element));
                    }
                }
                _ => each(frame),
            },
        });
    }

    /// The tree below the element without what the path leads to.
    pub(crate) fn without(&self, value: &Value) -> Value {
        without(value, &self.steps)
    }

    fn visit(&self, frame: &Frame<'_>, env: &Env<'_>, found: &mut dyn FnMut(Found<'_, '_>)) {
        match &self.root {
            Root::Element(up) => {
                if let Some(start) = frame.up(*up) {
                    visit(start.value, &self.steps, &start, true, found);
                }
            }
            Root::Parent => {
                if let Some(parent) = env.parent {
                    visit(&parent.document, &self.steps, &Frame::of(&parent.document), true, found);
                }
            }
            Root::Part(name) => {
                if let Some(output) = env.parts.get(name) {
                    visit(output, &self.steps, &frame.inner(output), true, found);
                }
            }
            Root::Place(_) | Root::ParentAttribute(_) => {
                if let Some(word) = env.word(&self.root) {
                    found(Found::Value(&word.into(), frame));
                }
            }
        }
    }
}

fn without(value: &Value, steps: &[Step]) -> Value {
    match (steps.split_first(), value) {
        (Some((Step::Member(name), [])), Value::Object(members)) => Value::object(
            members.iter().filter(|(key, _)| *key != name).map(|(key, value)| (Arc::clone(key), value.clone())),
        ),
        (Some((Step::Member(name), rest)), Value::Object(members)) => match members.get(name) {
            Some(below) => Value::Object(members.with(name, without(below, rest))),
            None => value.clone(),
        },
        (Some((Step::Each, rest)), Value::Array(elements)) => {
            elements.iter().map(|element| without(element, rest)).collect::<Vec<_>>().into()
        }
        _ => value.clone(),
    }
}

/// What a walk comes to.
enum Found<'f, 'a> {
    /// A list that is entered: it is there, though it may be empty.
    List,
    /// A value, and the frame around it.
    Value(&'f Value, &'f Frame<'a>),
    /// The value of a frame.
    Itself(&'f Frame<'a>),
}

fn member<'v>(value: &'v Value, steps: &[Step]) -> Option<&'v Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Member(name) => value.get(name),
        Step::Each => None,
    })
}

/// `fresh` says that `frame` stands at `value` itself, so that no further frame is needed for it.
fn visit(value: &Value, steps: &[Step], frame: &Frame<'_>, fresh: bool, found: &mut dyn FnMut(Found<'_, '_>)) {
    match steps.split_first() {
        None if fresh => found(Found::Itself(frame)),
        None => found(Found::Value(value, frame)),
        Some((Step::Member(name), rest)) => {
            if let Some(below) = value.get(name) {
                visit(below, rest, frame, false, found);
            }
        }
        Some((Step::Each, rest)) => {
            if let Value::Array(elements) = value {
                found(Found::List);
                for element in elements.iter() {
                    visit(element, rest, &frame.inner(element), true, found);
                }
            }
        }
    }
}

fn parse(text: &str) -> Result<(Root, Vec<Step>), String> {
    match text {
        "" => return Err("it is empty".into()),
        "." => return Ok((Root::Element(0), Vec::new())),
        "account" => return Ok((Root::Place(PlaceWord::Account), Vec::new())),
        "region" => return Ok((Root::Place(PlaceWord::Region), Vec::new())),
        "partition" => return Ok((Root::Place(PlaceWord::Partition), Vec::new())),
        "parent" => return Ok((Root::Parent, Vec::new())),
        "parent.id" => return Ok((Root::ParentAttribute(Attribute::Id), Vec::new())),
        "parent.name" => return Ok((Root::ParentAttribute(Attribute::Name), Vec::new())),
        "parent.arn" => return Ok((Root::ParentAttribute(Attribute::Arn), Vec::new())),
        "parent.region" => return Ok((Root::ParentAttribute(Attribute::Region), Vec::new())),
        _ => {}
    }
    if let Some(rest) = text.strip_prefix("parent.") {
        return Ok((Root::Parent, parse_steps(rest)?));
    }
    if let Some(rest) = text.strip_prefix("parts.") {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        if name.is_empty() {
            return Err("a part's name is expected behind `parts.`".into());
        }
        return Ok((Root::Part(intern(name)), parse_steps(rest.strip_prefix('.').unwrap_or(rest))?));
    }
    let (mut up, mut rest) = (0, text);
    while let Some(after) = rest.strip_prefix('^') {
        up += 1;
        rest = after.strip_prefix(".^").map_or(after, |_| after.strip_prefix('.').unwrap_or(after));
    }
    if up > 0 && !rest.is_empty() && !rest.starts_with(['.', '[']) {
        return Err("a dot is expected behind `^`".into());
    }
    Ok((Root::Element(up), parse_steps(rest.strip_prefix('.').unwrap_or(rest))?))
}

fn parse_steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    if text.is_empty() {
        return Ok(steps);
    }
    for (at, segment) in text.split('.').enumerate() {
        let name_end = segment.find('[').unwrap_or(segment.len());
        let (name, lists) = segment.split_at(name_end);
        if name.is_empty() && (at > 0 || lists.is_empty()) {
            return Err("a member's name is missing".into());
        }
        if name.contains(|c: char| c.is_whitespace() || "{}|]^".contains(c)) {
            return Err(format!("`{name}` is not a member's name"));
        }
        if !name.is_empty() {
            steps.push(Step::Member(intern(name)));
        }
        let mut lists = lists;
        while let Some(rest) = lists.strip_prefix("[]") {
            steps.push(Step::Each);
            lists = rest;
        }
        if !lists.is_empty() {
            return Err(format!("`{lists}` where `[]` or a dot is expected"));
        }
    }
    Ok(steps)
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Spanned::<String>::deserialize(deserializer)?;
        Ok(Self::parse(&text.value).map_err(D::Error::custom)?.at((&text).into()))
    }
}

/// A value with the values around it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The value.
    pub value: &'a Value,
    outer: Outer<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Outer<'a> {
    Frame(&'a Frame<'a>),
    Stack(&'a [Value]),
}

impl<'a> Frame<'a> {
    /// A value with nothing around it.
    pub fn of(value: &'a Value) -> Self {
        Self { value, outer: Outer::Stack(&[]) }
    }

    /// Another value in the same place.
    pub(crate) fn beside<'b>(&self, value: &'b Value) -> Frame<'b>
    where
        'a: 'b,
    {
        Frame { value, outer: self.outer }
    }

    /// A value inside of this one.
    pub fn inner<'b>(&'b self, value: &'b Value) -> Frame<'b>
    where
        'a: 'b,
    {
        Frame { value, outer: Outer::Frame(self) }
    }

    fn up(&self, levels: usize) -> Option<Frame<'a>> {
        let mut frame = *self;
        for _ in 0..levels {
            frame = match frame.outer {
                Outer::Frame(outer) => *outer,
                Outer::Stack(stack) => {
                    let (value, rest) = stack.split_first()?;
                    Frame { value, outer: Outer::Stack(rest) }
                }
            };
        }
        Some(frame)
    }

    /// The value and all around it, to keep.
    pub fn to_element(&self) -> Element {
        let values = (0..).map_while(|levels| self.up(levels)).map(|frame| frame.value.clone()).collect();
        Element(values)
    }
}

/// A value with the values around it, to keep: the innermost first.
#[derive(Clone, Debug)]
pub struct Element(Vec<Value>);

static NULL: Value = Value::Null;

impl Element {
    /// A value with nothing around it.
    pub fn of(value: Value) -> Self {
        Self(vec![value])
    }

    /// A value inside of this one.
    #[must_use]
    pub fn inner(&self, value: Value) -> Self {
        Self(std::iter::once(value).chain(self.0.iter().cloned()).collect())
    }

    /// Another value in the same place.
    #[must_use]
    pub fn beside(&self, value: Value) -> Self {
        Self(std::iter::once(value).chain(self.0.iter().skip(1).cloned()).collect())
    }

    /// The value itself.
    pub fn value(&self) -> &Value {
        self.0.first().unwrap_or(&NULL)
    }

    /// To walk it.
    pub fn frame(&self) -> Frame<'_> {
        match self.0.split_first() {
            Some((value, rest)) => Frame { value, outer: Outer::Stack(rest) },
            None => Frame::of(&NULL),
        }
    }
}

/// What paths can name beside the element.
#[derive(Clone, Copy, Debug)]
pub struct Env<'a> {
    /// The account, as twelve digits.
    pub account: &'a str,
    /// The region in which the call is made.
    pub region: &'a str,
    /// `aws`, `aws-cn`, and so on.
    pub partition: &'a str,
    /// The item that this listing belongs to.
    pub parent: Option<&'a Parent>,
    /// What the item's parts gave.
    pub parts: &'a BTreeMap<Key, Value>,
}

/// What a child's descriptor can read of its parent.
#[derive(Clone, Debug)]
pub struct Parent {
    /// The parent's id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its ARN.
    pub arn: Option<String>,
    /// Its region.
    pub region: String,
    /// Its element, as the service's model has it.
    pub document: Value,
}

impl Env<'_> {
    fn word(&self, root: &Root) -> Option<&str> {
        match root {
            Root::Place(PlaceWord::Account) => Some(self.account),
            Root::Place(PlaceWord::Region) => Some(self.region),
            Root::Place(PlaceWord::Partition) => Some(self.partition),
            Root::ParentAttribute(attribute) => {
                let parent = self.parent?;
                match attribute {
                    Attribute::Id => Some(&parent.id),
                    Attribute::Name => parent.name.as_deref(),
                    Attribute::Arn => parent.arn.as_deref(),
                    Attribute::Region => Some(&parent.region),
                }
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const NO_PARTS: &BTreeMap<Key, Value> = &BTreeMap::new();

    fn value(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    fn env() -> Env<'static> {
        Env { account: "111122223333", region: "eu-west-1", partition: "aws", parent: None, parts: NO_PARTS }
    }

    fn get(path: &str, json: &str) -> Option<String> {
        Path::parse(path).unwrap().get(&Frame::of(&value(json)), &env()).map(|value| value.to_string())
    }

    #[test]
    fn members_lists_and_the_element_itself() {
        let json = r#"{"A":{"B":1},"L":[{"C":1},{},{"C":2}],"N":[[1],[2,3]],"E":[],"region":"mine"}"#;
        assert_eq!(get("A.B", json).as_deref(), Some("1"));
        assert_eq!(get("A.C", json), None);
        assert_eq!(get("L[].C", json).as_deref(), Some("[1,2]"));
        assert_eq!(get("N[][]", json).as_deref(), Some("[1,2,3]"));
        assert_eq!(get("E[].C", json).as_deref(), Some("[]"));
        assert_eq!(get("Missing[].C", json), None);
        assert_eq!(get("region", json).as_deref(), Some("\"eu-west-1\""));
        assert_eq!(get(".region", json).as_deref(), Some("\"mine\""));
        assert_eq!(get(".", "[1]").as_deref(), Some("[1]"));
        assert_eq!(get("[].A", r#"[{"A":1}]"#).as_deref(), Some("[1]"));
    }

    #[test]
    fn an_element_sees_what_is_around_it() {
        let answer = value(r#"{"Owner":"o","Reservations":[{"Id":"r","Instances":[{"Id":"i"},{"Id":"j"}]}]}"#);
        let mut seen = Vec::new();
        let path = Path::parse("Reservations[].Instances[]").unwrap();
        path.each(&Frame::of(&answer), &env(), &mut |frame| {
            let element = frame.to_element();
            let get = |path: &str| Path::parse(path).unwrap().get(&element.frame(), &env()).unwrap();
            seen.push(format!("{} {} {}", get("Id"), get("^.Id"), get("^.^.Owner")));
            assert_eq!(Path::parse("^.^.^.Owner").unwrap().get(&element.frame(), &env()), None);
        });
        assert_eq!(seen, [r#""i" "r" "o""#, r#""j" "r" "o""#]);
    }

    #[test]
    fn each_enters_a_list_that_the_path_only_names() {
        let answer = value(r#"{"A":[1,2],"B":{"C":3}}"#);
        let all = |path: &str| {
            let mut seen = Vec::new();
            Path::parse(path).unwrap().each(&Frame::of(&answer), &env(), &mut |frame| {
                seen.push(frame.value.to_string());
            });
            seen
        };
        assert_eq!(all("A"), ["1", "2"]);
        assert_eq!(all("A[]"), ["1", "2"]);
        assert_eq!(all("B.C"), ["3"]);
        assert!(all("B.D").is_empty());
    }

    #[test]
    fn what_is_not_a_path_is_refused() {
        for text in ["", "A..B", "A[", "A[0]", "A b", "A.[]", "^A", "parts.", "A[]B"] {
            assert!(Path::parse(text).is_err(), "{text} was taken for a path");
        }
    }
}
