//! Whether a condition holds of an item: yes, no, or not decided because a fact could not be read.
//!
//! A property leads to any number of values: lists on the way are walked through, and `null` and what is not set are no
//! value at all. A comparison holds if it holds for one of them. So `NOT` means: for none, and holds where there is no
//! value. This is how AWS Config answers, whose index has the lists of an item flattened.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::plan::{Addresses, Condition, Number, Operand, Property, Test, Wild, instant};
use crate::item::{ConfigurationItem, Relationship, UnreadableRelationship};
use crate::value::{Key, Object, Unreadable, Value, escape};

/// The version of the item's form.
const ITEM_VERSION: &str = "1.3";

/// Whether a condition holds.
#[derive(Clone, Debug)]
pub(super) enum Truth {
    True,
    False,
    Undecided(Unread),
}

/// A fact that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unread {
    /// A JSON pointer from the item's root.
    pub(super) path: String,
    pub(super) reason: Arc<Unreadable>,
}

/// What a condition is asked of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject<'a> {
    /// An item, and the types whose links to it could not be read since they stand with other items.
    Item { item: &'a ConfigurationItem, unread_links: &'a [UnreadableRelationship] },
    /// An item of which only the place is known, as of those that a listing would have had. `None` is not known.
    Place { account: Option<&'a str>, region: Option<&'a str>, resource_type: &'a str, reason: &'a Arc<Unreadable> },
}

impl<'a> Subject<'a> {
    /// The facts below one of the properties that every item has. `null` is not set.
    fn root(self, name: &str) -> Cow<'a, Value> {
        let (item, unread_links) = match self {
            Self::Item { item, unread_links } => (item, unread_links),
            Self::Place { account, region, resource_type, reason } => {
                let known = match name {
                    "accountId" => account,
                    "awsRegion" => region,
                    "resourceType" => Some(resource_type),
                    _ => None,
                };
                let unread = || Value::Unreadable(Arc::clone(reason));
                return Cow::Owned(known.map_or_else(unread, Value::from));
            }
        };
        let optional = |text: Option<&str>| text.map_or(Value::Null, Value::from);
        let nonempty = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
        Cow::Owned(match name {
            "configuration" => return Cow::Borrowed(&item.configuration),
            "supplementaryConfiguration" => return Cow::Borrowed(&item.supplementary_configuration),
            "tags" => tags(&item.tags),
            "relationships" => relationships(item, unread_links),
            "accountId" => nonempty(&item.key.account_id),
            "awsRegion" => nonempty(&item.key.region),
            "resourceType" => nonempty(&item.key.resource_type),
            "resourceId" => nonempty(&item.key.resource_id),
            "resourceName" => optional(item.resource_name.as_deref()),
            "arn" => optional(item.arn.as_deref()),
            "availabilityZone" => optional(item.availability_zone.as_deref()),
            "configurationItemCaptureTime" => nonempty(&item.capture_time),
            "resourceCreationTime" => optional(item.creation_time.as_deref()),
            "configurationItemStatus" => serde_json::to_value(item.status)
                .ok()
                .and_then(|status| Some(status.as_str()?.into()))
                .unwrap_or_default(),
            "configurationStateId" => item.state_id.into(),
            "configurationStateMd5Hash" => nonempty(&item.md5_hash),
            "relatedEvents" => Value::Array(item.related_events.iter().map(|id| id.as_str().into()).collect()),
            "version" => ITEM_VERSION.into(),
            _ => Value::Null,
        })
    }

    /// The links that may be there and could not be read.
    fn unread_links(self) -> impl Iterator<Item = &'a UnreadableRelationship> {
        let (own, others): (&[_], &[_]) = match self {
            Self::Item { item, unread_links } => (&item.unreadable_relationships, unread_links),
            Self::Place { .. } => (&[], &[]),
        };
        own.iter().chain(others)
    }

    /// The value of a property as it stands in a column.
    pub(super) fn select(self, property: &Property) -> Value {
        let root = self.root(property.root());
        if property.root() == "relationships" && property.rest().is_empty() {
            return unnamed(&root);
        }
        pick(&root, property.rest())
    }

    /// The selected properties as one object, each in its place. What is not set is left out.
    pub(super) fn project(self, selected: &BTreeMap<Key, Selected>) -> Value {
        let member = |(name, below): (&Key, &Selected)| {
            let root = self.root(name);
            let value = match below {
                Selected::Whole if **name == *"relationships" => Some(unnamed(&root)),
                below => project(&root, below),
            };
            Some((Arc::clone(name), value?))
        };
        Value::Object(Object::from_members(selected.iter().filter_map(member).collect()))
    }

    /// Shows every value of a property, and every fact on the way that could not be read with its path.
    pub(super) fn visit<B>(
        self,
        property: &Property,
        see: &mut impl FnMut(&Value, &str) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let root = self.root(property.root());
        let mut path = format!("/{}", property.root());
        walk(&root, property.rest(), &mut path, see)
    }

    /// The values of a property that are no lists, and the first that could not be read.
    pub(super) fn values(self, property: &Property) -> (Vec<Value>, Option<Unread>) {
        let mut values = Vec::new();
        let mut unread = None;
        let _: ControlFlow<()> = self.visit(property, &mut |value, path| {
            match value {
                Value::Unreadable(reason) => {
                    unread.get_or_insert_with(|| Unread { path: path.to_owned(), reason: Arc::clone(reason) });
                }
                value => values.push(value.clone()),
            }
            ControlFlow::Continue(())
        });
        (values, unread)
    }

    /// Whether a condition holds.
    pub(super) fn holds(self, condition: &Condition) -> Truth {
        match condition {
            Condition::Not(part) => match self.holds(part) {
                Truth::True => Truth::False,
                Truth::False => Truth::True,
                undecided @ Truth::Undecided(_) => undecided,
            },
            Condition::All(parts) => {
                let mut all = Truth::True;
                for part in parts {
                    match self.holds(part) {
                        Truth::False => return Truth::False,
                        Truth::True => {}
                        undecided @ Truth::Undecided(_) => all = first(all, undecided),
                    }
                }
                all
            }
            Condition::Any(parts) => {
                let mut any = Truth::False;
                for part in parts {
                    match self.holds(part) {
                        Truth::True => return Truth::True,
                        Truth::False => {}
                        undecided @ Truth::Undecided(_) => any = first(any, undecided),
                    }
                }
                any
            }
            Condition::Is(property, test) => self.passes(property, test),
        }
    }

    fn passes(self, property: &Property, test: &Test) -> Truth {
        let addresses = property.may_be_address();
        let mut unread = None;
        let found = self.visit(property, &mut |value, path| match value {
            Value::Unreadable(reason) => {
                unread.get_or_insert_with(|| Unread { path: path.to_owned(), reason: Arc::clone(reason) });
                ControlFlow::Continue(())
            }
            value if matches!(test, Test::Null) || meets(value, test, addresses) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        if found.is_break() {
            return if matches!(test, Test::Null) { Truth::False } else { Truth::True };
        }
        if unread.is_none() && property.root() == "relationships" {
            unread = self.unread_link(property, test);
        }
        match unread {
            Some(unread) => Truth::Undecided(unread),
            None if matches!(test, Test::Null) => Truth::True,
            None => Truth::False,
        }
    }

    /// Why links that could not be read may meet a test. Of some of them the type is known, and so that they do not.
    fn unread_link(self, property: &Property, test: &Test) -> Option<Unread> {
        let of_type = matches!(property.rest(), [name] if &**name == "resourceType") && !matches!(test, Test::Null);
        let may_meet = |link: &&UnreadableRelationship| {
            let resource_type = Value::from(&*link.resource_type);
            !of_type || *link.resource_type == *UnreadableRelationship::ANY || meets(&resource_type, test, false)
        };
        let link = self.unread_links().find(may_meet)?;
        Some(Unread { path: "/relationships".to_owned(), reason: Arc::clone(&link.reason) })
    }

    /// Every fact that could not be read of what a property shows.
    pub(super) fn unread(self, property: &Property) -> Vec<Unread> {
        let mut found = Vec::new();
        let _: ControlFlow<()> = self.visit(property, &mut |value, path| {
            unread_in(value, &mut path.to_owned(), &mut found);
            ControlFlow::Continue(())
        });
        if property.root() == "relationships" {
            found.extend(
                self.unread_links()
                    .map(|link| Unread { path: "/relationships".to_owned(), reason: Arc::clone(&link.reason) }),
            );
        }
        found
    }
}

fn first(known: Truth, new: Truth) -> Truth {
    if matches!(known, Truth::Undecided(_)) { known } else { new }
}

fn unread_in(value: &Value, path: &mut String, found: &mut Vec<Unread>) {
    let before = path.len();
    match value {
        Value::Unreadable(reason) => found.push(Unread { path: path.clone(), reason: Arc::clone(reason) }),
        Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                // Writing to a string cannot fail.
                _ = write!(path, "/{at}");
                unread_in(element, path, found);
                path.truncate(before);
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter() {
                path.push('/');
                path.push_str(&escape(name));
                unread_in(member, path, found);
                path.truncate(before);
            }
        }
        _ => {}
    }
}

/// Which members of an object are selected.
#[derive(Clone, Debug)]
pub(super) enum Selected {
    Whole,
    Members(BTreeMap<Key, Selected>),
}

impl Selected {
    /// The members that these properties select.
    pub(super) fn of<'p>(properties: impl IntoIterator<Item = &'p Property>) -> BTreeMap<Key, Self> {
        let mut roots = BTreeMap::new();
        for property in properties {
            Self::add(&mut roots, &property.path);
        }
        roots
    }

    fn add(members: &mut BTreeMap<Key, Self>, path: &[Key]) {
        let [name, rest @ ..] = path else { return };
        let member = members.entry(Arc::clone(name)).or_insert_with(|| Self::Members(BTreeMap::new()));
        if rest.is_empty() {
            *member = Self::Whole;
        } else if let Self::Members(below) = member {
            Self::add(below, rest);
        }
    }
}

fn project(value: &Value, selected: &Selected) -> Option<Value> {
    match (value, selected) {
        (Value::Null, _) => None,
        (value, Selected::Whole) => Some(value.clone()),
        (Value::Object(object), Selected::Members(members)) => {
            let found =
                members.iter().filter_map(|(name, below)| Some((Arc::clone(name), project(object.get(name)?, below)?)));
            let found: Vec<_> = found.collect();
            (!found.is_empty()).then(|| Value::Object(Object::from_members(found)))
        }
        (Value::Array(elements), selected) => {
            let found: Vec<Value> = elements.iter().filter_map(|element| project(element, selected)).collect();
            (!found.is_empty()).then(|| found.into())
        }
        _ => None,
    }
}

/// AWS Config's answers have relationships without their names.
fn unnamed(links: &Value) -> Value {
    let Value::Array(links) = links else { return links.clone() };
    let one = |link: &Value| match link {
        Value::Object(link) => {
            let members = link.iter().filter(|(name, _)| ***name != *"name");
            Value::Object(Object::from_members(
                members.map(|(name, value)| (Arc::clone(name), value.clone())).collect(),
            ))
        }
        other => other.clone(),
    };
    Value::Array(links.iter().map(one).collect())
}

/// AWS Config answers with tags as a list, in which each stands whole as well.
fn tags(tags: &Value) -> Value {
    let Value::Object(members) = tags else { return tags.clone() };
    let tag = |(key, value): (&Key, &Value)| match value {
        Value::String(text) => Value::object([
            ("key", Value::from(&**key)),
            ("tag", Value::from(format!("{key}={text}"))),
            ("value", value.clone()),
        ]),
        other => other.clone(),
    };
    Value::Array(members.iter().map(tag).collect())
}

fn relationships(item: &ConfigurationItem, unread_links: &[UnreadableRelationship]) -> Value {
    let any = |link: &&UnreadableRelationship| *link.resource_type == *UnreadableRelationship::ANY;
    // Nothing at all is known of the links: that is not an empty list.
    if item.relationships.is_empty()
        && let Some(none) = item.unreadable_relationships.iter().chain(unread_links).find(any)
    {
        return Value::Unreadable(Arc::clone(&none.reason));
    }
    let one = |link: &Relationship| {
        let text = |text: &Option<Arc<str>>| text.as_deref().map(Value::from);
        let members = [
            ("name", Some(Value::from(link.name.trim_end()))),
            ("resourceId", text(&link.resource_id)),
            ("resourceName", text(&link.resource_name)),
            ("resourceType", Some(Value::from(&*link.resource_type))),
        ];
        Value::object(members.into_iter().filter_map(|(name, value)| Some((name, value?))))
    };
    Value::Array(item.relationships.iter().map(one).collect())
}

/// Walks to every value at a path: through the elements of lists, also at the end. Path is a JSON pointer.
fn walk<B>(
    value: &Value,
    names: &[Key],
    path: &mut String,
    see: &mut impl FnMut(&Value, &str) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let before = path.len();
    match (value, names) {
        (Value::Null, _) => {}
        (Value::Unreadable(_), _) => return see(value, path),
        (Value::Array(elements), _) => {
            for (at, element) in elements.iter().enumerate() {
                // Writing to a string cannot fail.
                _ = write!(path, "/{at}");
                let seen = walk(element, names, path, see);
                path.truncate(before);
                seen?;
            }
        }
        (value, []) => return see(value, path),
        (Value::Object(members), [name, rest @ ..]) => {
            if let Some(member) = members.get(name) {
                path.push('/');
                path.push_str(&escape(name));
                let seen = walk(member, rest, path, see);
                path.truncate(before);
                seen?;
            }
        }
        _ => {}
    }
    ControlFlow::Continue(())
}

/// What stands at a path. Where the path leads through a list, a list of what stands there in its elements.
fn pick(value: &Value, names: &[Key]) -> Value {
    match (value, names) {
        (value, []) => value.clone(),
        (Value::Object(members), [name, rest @ ..]) => {
            members.get(name).map_or(Value::Null, |member| pick(member, rest))
        }
        (Value::Array(elements), names) => {
            let mut found = Vec::new();
            for element in elements.iter() {
                match pick(element, names) {
                    Value::Null => {}
                    // A list in a list is one list, as in the index of AWS Config.
                    Value::Array(inner) if matches!(element, Value::Object(_) | Value::Array(_)) => {
                        found.extend(inner.iter().cloned());
                    }
                    one => found.push(one),
                }
            }
            if found.is_empty() { Value::Null } else { found.into() }
        }
        (Value::Unreadable(_), _) => value.clone(),
        _ => Value::Null,
    }
}

/// Whether one value, that is no list and not unreadable, meets a test.
fn meets(value: &Value, test: &Test, addresses: bool) -> bool {
    let fact = Fact { value, addresses };
    match test {
        Test::Equal(operand) => fact.equals(operand),
        Test::In(operands) => operands.iter().any(|operand| fact.equals(operand)),
        Test::Less(operand) => fact.compare(operand, Bound::First) == Some(Ordering::Less),
        Test::LessOrEqual(operand) => fact.compare(operand, Bound::First).is_some_and(Ordering::is_le),
        Test::Greater(operand) => fact.compare(operand, Bound::Last) == Some(Ordering::Greater),
        Test::GreaterOrEqual(operand) => fact.compare(operand, Bound::Last).is_some_and(Ordering::is_ge),
        Test::Between(low, high) => fact.is_between(low, high),
        Test::Like(pattern) => match value {
            Value::String(own) => is_like(own, pattern),
            Value::Bool(_) | Value::Integer(_) | Value::Float(_) => is_like(&value.to_string(), pattern),
            _ => false,
        },
        Test::Null => false,
    }
}

/// One value, and whether its text may be an address.
#[derive(Clone, Copy)]
struct Fact<'v> {
    value: &'v Value,
    addresses: bool,
}

/// Which end of a block of addresses is compared.
#[derive(Clone, Copy)]
enum Bound {
    First,
    Last,
}

impl Bound {
    fn of(self, addresses: &Addresses) -> std::net::IpAddr {
        match self {
            Self::First => addresses.first,
            Self::Last => addresses.last,
        }
    }
}

impl Fact<'_> {
    /// The addresses of both sides, if both are some.
    fn addresses(self, operand: &Operand) -> Option<(Addresses, Addresses)> {
        let (true, Some(asked), Value::String(text)) = (self.addresses, operand.addresses, self.value) else {
            return None;
        };
        Some((Addresses::parse(text)?, asked))
    }

    /// A block of addresses is equal to all that it includes.
    fn equals(self, operand: &Operand) -> bool {
        if let Some((own, asked)) = self.addresses(operand) {
            return own.comparable(&asked) && own.first <= asked.first && asked.last <= own.last;
        }
        self.order(operand) == Some(Ordering::Equal)
    }

    fn compare(self, operand: &Operand, bound: Bound) -> Option<Ordering> {
        match self.addresses(operand) {
            Some((own, asked)) => own.comparable(&asked).then(|| bound.of(&own).cmp(&bound.of(&asked))),
            None => self.order(operand),
        }
    }

    /// An address lies between two others; a block of addresses includes all between them.
    fn is_between(self, low: &Operand, high: &Operand) -> bool {
        match (self.addresses(low), self.addresses(high)) {
            (Some((own, low)), Some((_, high))) => {
                let known = own.comparable(&low) && own.comparable(&high);
                let inside = if own.block {
                    own.first <= low.first && high.last <= own.last
                } else {
                    low.first <= own.first && own.last <= high.last
                };
                known && inside
            }
            _ => self.order(low).is_some_and(Ordering::is_ge) && self.order(high).is_some_and(Ordering::is_le),
        }
    }

    /// How the value stands to the operand, by what the value is. `None` where the two have nothing in common.
    fn order(self, operand: &Operand) -> Option<Ordering> {
        match self.value {
            // A truth value is equal to itself, and neither less nor more than the other.
            Value::Bool(truth) => (Some(*truth) == operand.truth).then_some(Ordering::Equal),
            Value::Integer(number) => compare(Number::Integer(*number), operand.number?),
            Value::Float(number) => compare(Number::Float(*number), operand.number?),
            Value::String(text) => {
                if let Some(asked) = operand.time
                    && let Some(own) = instant(text)
                {
                    return Some(own.cmp(&asked));
                }
                // Where the query has a number and AWS wrote one as text.
                if let (false, Some(asked), Some(own)) = (operand.quoted, operand.number, Number::parse(text)) {
                    return compare(own, asked);
                }
                Some(text.as_str().cmp(&operand.text))
            }
            _ => None,
        }
    }
}

fn compare(own: Number, asked: Number) -> Option<Ordering> {
    match (own, asked) {
        (Number::Integer(own), Number::Integer(asked)) => Some(own.cmp(&asked)),
        _ => own.as_f64().partial_cmp(&asked.as_f64()),
    }
}

/// Whether the whole text has the pattern's form. Never backs up further than the last `%`.
fn is_like(text: &str, pattern: &[Wild]) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut piece) = (0, 0);
    // The last `%`, and where the text behind it begins.
    let mut many: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(at) {
        match pattern.get(piece) {
            Some(Wild::Many) => {
                many = Some((piece, at));
                piece += 1;
            }
            Some(Wild::One) => (at, piece) = (at + 1, piece + 1),
            Some(Wild::Char(wanted)) if wanted == letter => (at, piece) = (at + 1, piece + 1),
            _ => match many {
                Some((star, from)) => {
                    many = Some((star, from + 1));
                    (at, piece) = (from + 1, star + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(piece..).unwrap_or_default().iter().all(|rest| *rest == Wild::Many)
}

/// A total order of values, for sorting and for groups: truth values, numbers, texts, the rest, and at last what is not
/// set or could not be read.
pub(super) fn total_order(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Bool(_) => 0,
        Value::Integer(_) | Value::Float(_) => 1,
        Value::String(_) => 2,
        Value::Array(_) | Value::Object(_) => 3,
        Value::Null => 4,
        Value::Unreadable(_) => 5,
    };
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => match (Exact::of(a), Exact::of(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ if rank(a) == 3 && rank(b) == 3 => a.to_string().cmp(&b.to_string()),
            _ => rank(a).cmp(&rank(b)),
        },
    }
}

/// A number in an order that is total: `1` and `1.0` are one, and integers beyond what a float tells apart stay apart.
#[derive(Clone, Copy)]
enum Exact {
    Integer(i64),
    Float(f64),
}

impl Exact {
    /// Up to here every integer is a float.
    const WHOLE: f64 = 9_007_199_254_740_992.0;

    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(Self::Integer(*number)),
            #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is small enough")]
            Value::Float(number) if number.fract() == 0.0 && number.abs() < Self::WHOLE => {
                Some(Self::Integer(*number as i64))
            }
            Value::Float(number) => Some(Self::Float(*number)),
            _ => None,
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        #[expect(clippy::cast_precision_loss, reason = "what is lost here is told apart below")]
        let float = |exact: &Self| match exact {
            Self::Integer(number) => *number as f64,
            Self::Float(number) => *number,
        };
        float(self).total_cmp(&float(other)).then_with(|| match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Integer(_), Self::Float(_)) => Ordering::Less,
            (Self::Float(_), Self::Integer(_)) => Ordering::Greater,
            (Self::Float(_), Self::Float(_)) => Ordering::Equal,
        })
    }
}
