//! Groups of items, and the functions over their values.
//!
//! An item is in the group of each of its values: with two tags it is in two groups of `tags.key`. Items without a value
//! are a group of their own. A value that could not be read leaves its group unknown.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::eval::{Subject, Unread, total_order};
use super::plan::{Aggregate, Function, Property};
use crate::value::Value;

/// Groups by the values that made them, in the order of these.
#[derive(Debug, Default)]
pub(super) struct Groups(BTreeMap<GroupKey, Vec<Accumulator>>);

/// The values of the properties that the groups are made by.
#[derive(Clone, Debug)]
pub(super) struct GroupKey(pub(super) Vec<Value>);

impl PartialEq for GroupKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for GroupKey {}

impl PartialOrd for GroupKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for GroupKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.iter().map(Some).zip(other.0.iter().map(Some)).fold(Ordering::Equal, |order, (a, b)| {
            order.then_with(|| a.zip(b).map_or(Ordering::Equal, |(a, b)| total_order(a, b)))
        })
    }
}

impl Groups {
    /// The one group there is where nothing is grouped by: it is there without an item too.
    pub(super) fn single(aggregates: &[Aggregate]) -> Self {
        Self(BTreeMap::from([(GroupKey(Vec::new()), accumulators(aggregates))]))
    }

    /// Counts an item in, and gives what of it could not be read: the first, of each property that makes the groups or
    /// is counted.
    pub(super) fn add(&mut self, item: Subject<'_>, by: &[Property], aggregates: &[Aggregate]) -> Added {
        let mut added = Added::default();
        let mut keys = vec![Vec::new()];
        for property in by {
            let (mut values, unread) = item.values(property);
            values.sort_by(total_order);
            values.dedup_by(|a, b| total_order(a, b).is_eq());
            added.without_group = added.without_group.or(unread.clone());
            if values.is_empty() && unread.is_none() {
                values.push(Value::Null);
            }
            keys = keys
                .iter()
                .flat_map(|key: &Vec<Value>| {
                    values.iter().map(move |value| key.iter().chain([value]).cloned().collect::<Vec<_>>())
                })
                .collect();
        }
        let values: Vec<_> = aggregates.iter().map(|one| one.of.as_ref().map(|of| item.values(of))).collect();
        added.unread.extend(values.iter().flatten().filter_map(|(_, unread)| unread.clone()));
        for key in keys {
            let group = self.0.entry(GroupKey(key)).or_insert_with(|| accumulators(aggregates));
            for (accumulator, values) in group.iter_mut().zip(&values) {
                accumulator.add(values.as_ref());
            }
        }
        added
    }

    /// The groups in the order of their keys, each with the results of the functions.
    pub(super) fn finish(self) -> impl Iterator<Item = Result<(GroupKey, Vec<Value>), NotANumber>> {
        self.0.into_iter().map(|(key, group)| {
            let results: Result<Vec<Value>, NotANumber> = group.into_iter().map(Accumulator::finish).collect();
            Ok((key, results?))
        })
    }
}

/// What could not be read of an item that was added to groups.
#[derive(Debug, Default)]
pub(super) struct Added {
    /// A value that would make the item part of a group, or of one more.
    pub(super) without_group: Option<Unread>,
    /// Values that the functions need.
    pub(super) unread: Vec<Unread>,
}

/// A sum over what is no number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{function} takes numbers, and `{value}` is none")]
pub struct NotANumber {
    /// The function and its property, as in the query.
    pub function: String,
    /// One of the values.
    pub value: String,
}

fn accumulators(aggregates: &[Aggregate]) -> Vec<Accumulator> {
    let fresh = |aggregate: &Aggregate| Accumulator {
        aggregate: aggregate.clone(),
        count: 0,
        integers: 0,
        floats: None,
        extreme: None,
        no_number: None,
        unread: None,
    };
    aggregates.iter().map(fresh).collect()
}

/// One function over the values of one group, so far.
#[derive(Debug)]
struct Accumulator {
    aggregate: Aggregate,
    count: i64,
    /// Wide enough for any number of values.
    integers: i128,
    floats: Option<f64>,
    extreme: Option<Value>,
    no_number: Option<String>,
    unread: Option<Unread>,
}

impl Accumulator {
    /// Counts the values of one item in; `None` counts the item.
    fn add(&mut self, values: Option<&(Vec<Value>, Option<Unread>)>) {
        let Some((values, unread)) = values else {
            self.count += 1;
            return;
        };
        if self.unread.is_none() {
            self.unread.clone_from(unread);
        }
        for value in values {
            self.count += 1;
            match (self.aggregate.function, value) {
                (Function::Sum | Function::Avg, Value::Integer(number)) => self.integers += i128::from(*number),
                (Function::Sum | Function::Avg, Value::Float(number)) => {
                    self.floats = Some(self.floats.unwrap_or(0.0) + number);
                }
                (Function::Sum | Function::Avg, other) => {
                    self.no_number
                        .get_or_insert_with(|| other.as_str().map_or_else(|| other.to_string(), str::to_owned));
                }
                (Function::Max, value) => self.replace_extreme(value, Ordering::Greater),
                (Function::Min, value) => self.replace_extreme(value, Ordering::Less),
                (Function::Count, _) => {}
            }
        }
    }

    fn replace_extreme(&mut self, value: &Value, order: Ordering) {
        if self.extreme.as_ref().is_none_or(|extreme| total_order(value, extreme) == order) {
            self.extreme = Some(value.clone());
        }
    }

    /// The result. Of no values there is only a count; with a value that could not be read there is none at all.
    fn finish(self) -> Result<Value, NotANumber> {
        if let Some(unread) = self.unread {
            return Ok(Value::Unreadable(unread.reason));
        }
        if let Some(value) = self.no_number {
            return Err(NotANumber { function: self.aggregate.to_string(), value });
        }
        #[expect(clippy::cast_precision_loss, reason = "a float is what is asked for, or all that is large enough")]
        let (integers, count) = (self.integers as f64, self.count as f64);
        Ok(match self.aggregate.function {
            Function::Count => Value::Integer(self.count),
            Function::Min | Function::Max => self.extreme.unwrap_or_default(),
            _ if self.count == 0 => Value::Null,
            Function::Avg => Value::Float((integers + self.floats.unwrap_or(0.0)) / count),
            Function::Sum => match (self.floats, i64::try_from(self.integers)) {
                (None, Ok(sum)) => Value::Integer(sum),
                (floats, _) => Value::Float(integers + floats.unwrap_or(0.0)),
            },
        })
    }
}
