//! A query that was checked: what is selected, under which condition, in which groups and order. Data only.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::value::{Key, escape};

/// A query that was read and checked.
#[derive(Clone, Debug)]
pub struct Query {
    pub(super) columns: Vec<Column>,
    pub(super) distinct: bool,
    pub(super) condition: Option<Condition>,
    pub(super) group_by: Vec<Property>,
    pub(super) order_by: Vec<Order>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
}

impl Query {
    /// Whether rows are groups of items, not items.
    pub(super) fn is_grouped(&self) -> bool {
        let aggregates = |column: &Column| matches!(column, Column::Aggregate(_));
        !self.group_by.is_empty()
            || self.columns.iter().any(aggregates)
            || self.order_by.iter().any(|order| aggregates(&order.by))
    }

    /// Every property that the query names, wherever it does.
    pub(super) fn properties(&self) -> Vec<&Property> {
        let mut found: Vec<&Property> = self.columns.iter().filter_map(Column::property).collect();
        if let Some(condition) = &self.condition {
            condition.visit(&mut |property, _| found.push(property));
        }
        found.extend(&self.group_by);
        found.extend(self.order_by.iter().filter_map(|order| order.by.property()));
        found
    }
}

/// A property: the names that lead to it from the item's root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Property {
    /// `configuration`, `state`, `name`. Never empty.
    pub(super) path: Vec<Key>,
}

impl Property {
    /// The first name: a property of every item.
    pub(super) fn root(&self) -> &str {
        self.path.first().map_or("", AsRef::as_ref)
    }

    /// The names below the first one.
    pub(super) fn rest(&self) -> &[Key] {
        self.path.get(1..).unwrap_or_default()
    }

    /// As a JSON pointer from the item's root.
    pub(super) fn pointer(&self) -> String {
        self.path.iter().flat_map(|name| ["/".to_owned(), escape(name)]).collect()
    }

    /// Whether its text may be an address or a block of addresses. Ids, names, tags and the like are only text.
    pub(super) fn may_be_address(&self) -> bool {
        matches!(self.root(), "configuration" | "supplementaryConfiguration")
    }
}

/// As it is written in a query: names that are no plain words stand in quotes.
impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.path.iter().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            let plain = !name.starts_with(|c: char| c.is_ascii_digit())
                && !name.is_empty()
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if plain {
                f.write_str(name)?;
            } else {
                write!(f, "\"{}\"", name.replace('"', "\"\""))?;
            }
        }
        Ok(())
    }
}

/// What stands in one column of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Property(Property),
    Aggregate(Aggregate),
}

impl Column {
    fn property(&self) -> Option<&Property> {
        match self {
            Self::Property(property) => Some(property),
            Self::Aggregate(aggregate) => aggregate.of.as_ref(),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(property) => property.fmt(f),
            Self::Aggregate(aggregate) => aggregate.fmt(f),
        }
    }
}

/// A function over the values of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Aggregate {
    pub(super) function: Function,
    /// `None` counts items: `COUNT(*)`.
    pub(super) of: Option<Property>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Avg,
    Count,
    Max,
    Min,
    Sum,
}

impl Function {
    pub(super) const ALL: [Self; 5] = [Self::Avg, Self::Count, Self::Max, Self::Min, Self::Sum];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Avg => "AVG",
            Self::Count => "COUNT",
            Self::Max => "MAX",
            Self::Min => "MIN",
            Self::Sum => "SUM",
        }
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            Some(property) => write!(f, "{}({property})", self.function.as_str()),
            None => write!(f, "{}(*)", self.function.as_str()),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) by: Column,
    pub(super) descending: bool,
}

/// What must hold of an item.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Is(Property, Box<Test>),
}

impl Condition {
    /// Every comparison in it.
    pub(super) fn visit<'c>(&'c self, see: &mut impl FnMut(&'c Property, &'c Test)) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.visit(see)),
            Self::Not(part) => part.visit(see),
            Self::Is(property, test) => see(property, test),
        }
    }
}

/// What is asked of the values of a property; one that holds is enough.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Equal(Operand),
    Less(Operand),
    LessOrEqual(Operand),
    Greater(Operand),
    GreaterOrEqual(Operand),
    In(Vec<Operand>),
    Between(Operand, Operand),
    Like(Vec<Wild>),
    /// There is no value. Not a question to one value: the evaluation answers it.
    Null,
}

/// A piece of a `LIKE` pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wild {
    Char(char),
    /// `_`
    One,
    /// `%`
    Many,
}

/// A value that the query gives, in every reading that it has. Which one counts is decided by the fact that it is
/// compared with, as AWS Config decides it by the property's type.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    /// As text: what stood between the quotes, or the number as it was written.
    pub(super) text: String,
    /// Whether it stood in quotes.
    pub(super) quoted: bool,
    pub(super) number: Option<Number>,
    pub(super) truth: Option<bool>,
    pub(super) time: Option<Timestamp>,
    pub(super) addresses: Option<Addresses>,
}

impl Operand {
    pub(super) fn new(text: &str, quoted: bool) -> Self {
        Self {
            number: Number::parse(text),
            truth: text.parse().ok(),
            time: instant(text),
            addresses: if quoted { Addresses::parse(text) } else { None },
            text: text.to_owned(),
            quoted,
        }
    }
}

/// A whole number stays exact.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Integer(i64),
    Float(f64),
}

impl Number {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Ok(integer) = text.parse() {
            return Some(Self::Integer(integer));
        }
        // Rust also reads `inf`, `nan` and `infinity`.
        let numeric = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'))
            && text.ends_with(|c: char| c.is_ascii_digit() || c == '.');
        numeric.then(|| text.parse().ok()).flatten().map(Self::Float)
    }

    pub(super) fn as_f64(self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "only compared with numbers that are no integers")]
            Self::Integer(integer) => integer as f64,
            Self::Float(float) => float,
        }
    }
}

/// The addresses of a block, or a single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Addresses {
    pub(super) first: IpAddr,
    pub(super) last: IpAddr,
    /// Whether it was written with a length, `10.0.0.0/24`.
    pub(super) block: bool,
}

impl Addresses {
    pub(super) fn parse(text: &str) -> Option<Self> {
        // Most texts are no addresses: the parsers are spared.
        if !text.starts_with(|c: char| c.is_ascii_hexdigit() || c == ':') || !text.contains(['.', ':']) {
            return None;
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self { first: address, last: address, block: false });
        }
        let block = text.parse::<IpNet>().ok()?;
        Some(Self { first: block.network(), last: block.broadcast(), block: true })
    }

    /// Whether both are of IPv4, or both of IPv6.
    pub(super) fn comparable(&self, other: &Self) -> bool {
        self.first.is_ipv4() == other.first.is_ipv4()
    }
}

/// A time, with any offset; a time of the clock or a date are of UTC, and a date is its midnight.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) || !text.contains('-') {
        return None;
    }
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let local = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(DateTime::from)).ok()?;
    local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}
