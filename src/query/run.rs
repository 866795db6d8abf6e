//! A query asked of a snapshot.
//!
//! Only resources that were there and recorded are asked, as in AWS Config. Rows come in the order that the query names,
//! and where it leaves them equal in the order of the items' keys.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::eval::{Selected, Subject, Truth, Unread, total_order};
use super::group::{GroupKey, Groups, NotANumber};
use super::plan::{Aggregate, Column, Order, Property, Query, Test};
use crate::gap::Gap;
use crate::item::{ConfigurationItem, UnreadableRelationship};
use crate::nearest;
use crate::snapshot::{SOURCE_AWS_CONFIG, Snapshot};
use crate::value::{Object, Unreadable, Value, escape};

/// What a query found, and what it could not tell.
#[derive(Debug)]
pub struct Answer<'q> {
    query: &'q Query,
    rows: Rows,
    links: Links,
    /// The items of which could not be told whether they belong to the answer, or to which group: the fact that was
    /// needed and could not be read. Sorted.
    pub undecided: Vec<Gap>,
    /// What could not be read of that which the rows show, sum up or are sorted by. Sorted.
    pub unread: Vec<Gap>,
    /// The listings that may hold more of what was asked for, and were not read. Sorted. The region is `*` where it is
    /// not known.
    pub listings: Vec<Gap>,
    /// Properties that no item has, of all that the query may be about: likely slips of the pen.
    pub unknown: Vec<UnknownProperty>,
}

#[derive(Debug)]
enum Rows {
    Items(Vec<Arc<ConfigurationItem>>),
    Groups(Vec<Vec<Value>>),
}

/// A property that a query names and no item has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownProperty {
    /// As in the query.
    pub property: String,
    /// The property that was most likely meant.
    pub nearest: Option<String>,
}

impl Query {
    /// Asks the query of a snapshot.
    ///
    /// # Errors
    /// A sum, or an average, over what is no number.
    pub fn run(&self, snapshot: &Snapshot) -> Result<Answer<'_>, NotANumber> {
        let properties = self.properties();
        let links = Links::new(snapshot, properties.iter().any(|property| property.root() == "relationships"));
        let mut names = Names::new(self, &properties);
        let mut found = Vec::new();
        let mut undecided = Vec::new();
        for item in snapshot.items().iter().filter(|item| item.status.is_present()) {
            let subject = links.subject(item);
            names.look_at(self, subject, &item.key.resource_type);
            match self.condition.as_ref().map_or(Truth::True, |condition| subject.holds(condition)) {
                Truth::True => found.push(Arc::clone(item)),
                Truth::False => {}
                Truth::Undecided(unread) => undecided.push(gap(item, unread)),
            }
        }
        let mut answer = Answer {
            query: self,
            rows: Rows::Items(Vec::new()),
            undecided,
            unread: Vec::new(),
            listings: listings(self, snapshot),
            unknown: names.unknown(snapshot, &links),
            links,
        };
        if self.is_grouped() {
            answer.group(&found)?;
        } else {
            answer.sort(found);
        }
        for gaps in [&mut answer.undecided, &mut answer.unread, &mut answer.listings] {
            gaps.sort();
            gaps.dedup();
        }
        Ok(answer)
    }
}

fn gap(item: &ConfigurationItem, unread: Unread) -> Gap {
    item.full_gap(Some(unread.path), &unread.reason)
}

impl Answer<'_> {
    /// Whether nothing was in the way: every row is decided, and everything that it shows was read.
    pub fn is_complete(&self) -> bool {
        self.undecided.is_empty() && self.unread.is_empty() && self.listings.is_empty()
    }

    /// The names of the columns.
    pub fn columns(&self) -> Vec<String> {
        self.query.columns.iter().map(ToString::to_string).collect()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::Items(items) => items.len(),
            Rows::Groups(groups) => groups.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows as lists of values, one for each column. What is not set is `null`.
    pub fn rows(&self) -> Box<dyn Iterator<Item = Vec<Value>> + '_> {
        match &self.rows {
            Rows::Items(items) => Box::new(items.iter().map(|item| self.cells(item))),
            Rows::Groups(groups) => Box::new(groups.iter().cloned()),
        }
    }

    /// The rows as objects in the form of AWS Config's answers: properties nest, functions have their own text as name,
    /// and what is not set is left out.
    pub fn objects(&self) -> Box<dyn Iterator<Item = Value> + '_> {
        match &self.rows {
            Rows::Items(items) => {
                let properties = self.query.columns.iter().filter_map(|column| match column {
                    Column::Property(property) => Some(property),
                    Column::Aggregate(_) => None,
                });
                let selected = Selected::of(properties);
                Box::new(items.iter().map(move |item| self.links.subject(item).project(&selected)))
            }
            Rows::Groups(groups) => Box::new(groups.iter().map(|cells| {
                let mut object = Value::object::<&str>([]);
                for (column, cell) in self.query.columns.iter().zip(cells) {
                    if *cell == Value::Null {
                        continue;
                    }
                    let pointer = match column {
                        Column::Property(property) => property.pointer(),
                        Column::Aggregate(aggregate) => format!("/{}", escape(&aggregate.to_string())),
                    };
                    object = object.with_pointer(&pointer, cell.clone());
                }
                object
            })),
        }
    }

    fn cells(&self, item: &ConfigurationItem) -> Vec<Value> {
        let subject = self.links.subject(item);
        let cell = |column: &Column| match column {
            Column::Property(property) => subject.select(property),
            Column::Aggregate(_) => Value::Null,
        };
        self.query.columns.iter().map(cell).collect()
    }

    /// Makes the rows of items: sorted, without doubles, cut to the limit.
    fn sort(&mut self, found: Vec<Arc<ConfigurationItem>>) {
        let order = &self.query.order_by;
        let mut keyed: Vec<(Vec<Value>, Arc<ConfigurationItem>)> = Vec::with_capacity(found.len());
        for item in found {
            let subject = self.links.subject(&item);
            let mut key = Vec::with_capacity(order.len());
            for one in order {
                let Column::Property(property) = &one.by else { continue };
                let (values, unread) = subject.values(property);
                key.push(extreme(values, one.descending));
                self.unread.extend(unread.map(|unread| gap(&item, unread)));
            }
            keyed.push((key, item));
        }
        // Stable: what is equal stays in the order of keys.
        keyed.sort_by(|(a, _), (b, _)| in_order(a, b, order));
        let mut items: Vec<Arc<ConfigurationItem>> = keyed.into_iter().map(|(_, item)| item).collect();
        if self.query.distinct {
            let mut seen = BTreeSet::new();
            items.retain(|item| seen.insert(GroupKey(self.cells(item))));
        }
        cut(&mut items, self.query);
        for item in &items {
            let subject = self.links.subject(item);
            for column in &self.query.columns {
                let Column::Property(property) = column else { continue };
                self.unread.extend(subject.unread(property).into_iter().map(|unread| gap(item, unread)));
            }
        }
        self.rows = Rows::Items(items);
    }

    /// Makes the rows of groups.
    fn group(&mut self, found: &[Arc<ConfigurationItem>]) -> Result<(), NotANumber> {
        let query = self.query;
        let mut aggregates: Vec<Aggregate> = Vec::new();
        let ordered = query.order_by.iter().map(|order| &order.by);
        for column in query.columns.iter().chain(ordered) {
            if let Column::Aggregate(aggregate) = column
                && !aggregates.contains(aggregate)
            {
                aggregates.push(aggregate.clone());
            }
        }
        let mut groups = if query.group_by.is_empty() { Groups::single(&aggregates) } else { Groups::default() };
        for item in found {
            let added = groups.add(self.links.subject(item), &query.group_by, &aggregates);
            self.undecided.extend(added.without_group.map(|unread| gap(item, unread)));
            self.unread.extend(added.unread.into_iter().map(|unread| gap(item, unread)));
        }
        let value = |column: &Column, key: &GroupKey, results: &[Value]| {
            let found = match column {
                Column::Property(property) => {
                    query.group_by.iter().position(|by| by == property).and_then(|at| key.0.get(at))
                }
                Column::Aggregate(aggregate) => {
                    aggregates.iter().position(|one| one == aggregate).and_then(|at| results.get(at))
                }
            };
            found.cloned().unwrap_or_default()
        };
        let mut rows = Vec::new();
        for group in groups.finish() {
            let (key, results) = group?;
            let order: Vec<Value> = query.order_by.iter().map(|order| value(&order.by, &key, &results)).collect();
            let cells: Vec<Value> = query.columns.iter().map(|column| value(column, &key, &results)).collect();
            rows.push((order, cells));
        }
        rows.sort_by(|(a, _), (b, _)| in_order(a, b, &query.order_by));
        let mut rows: Vec<Vec<Value>> = rows.into_iter().map(|(_, cells)| cells).collect();
        if query.distinct {
            let mut seen = BTreeSet::new();
            rows.retain(|cells| seen.insert(GroupKey(cells.clone())));
        }
        cut(&mut rows, query);
        self.rows = Rows::Groups(rows);
        Ok(())
    }
}

/// The value by which an item with several is sorted: the least, or the greatest where the order is descending.
fn extreme(values: Vec<Value>, descending: bool) -> Value {
    let extreme =
        if descending { values.into_iter().max_by(total_order) } else { values.into_iter().min_by(total_order) };
    extreme.unwrap_or_default()
}

/// What has no value comes last in either direction.
fn in_order(a: &[Value], b: &[Value], order: &[Order]) -> Ordering {
    a.iter().zip(b).zip(order).fold(Ordering::Equal, |so_far, ((a, b), order)| {
        so_far.then_with(|| {
            let none = |value: &Value| matches!(value, Value::Null | Value::Unreadable(_));
            let both = total_order(a, b);
            if order.descending && !none(a) && !none(b) { both.reverse() } else { both }
        })
    })
}

fn cut<T>(rows: &mut Vec<T>, query: &Query) {
    rows.drain(..query.offset.min(rows.len()));
    rows.truncate(query.limit.unwrap_or(usize::MAX));
}

/// The links that stand with other items, whose listing could not be read: by account, region and type of the item.
#[derive(Debug, Default)]
struct Links(BTreeMap<[Arc<str>; 3], Vec<UnreadableRelationship>>);

impl Links {
    fn new(snapshot: &Snapshot, needed: bool) -> Self {
        let mut links = Self::default();
        if !needed {
            return links;
        }
        for item in snapshot.items() {
            let Some(others) = snapshot.about().linked_from.get(item.key.resource_type.as_ref()) else { continue };
            let place = Self::place(item);
            if links.0.contains_key(&place) {
                continue;
            }
            // Without links of its own the item stands for all of its place.
            let bare = ConfigurationItem::new(item.key.clone(), "");
            let unread = others.iter().filter_map(|other| {
                let reason = snapshot.links(&bare, other).err()?;
                Some(UnreadableRelationship { resource_type: other.as_str().into(), reason })
            });
            links.0.insert(place, unread.collect());
        }
        links
    }

    fn place(item: &ConfigurationItem) -> [Arc<str>; 3] {
        [&item.key.account_id, &item.key.region, &item.key.resource_type].map(Arc::clone)
    }

    fn subject<'a>(&'a self, item: &'a ConfigurationItem) -> Subject<'a> {
        let unread_links = if self.0.is_empty() { None } else { self.0.get(&Self::place(item)) };
        Subject::Item { item, unread_links: unread_links.map_or(&[], Vec::as_slice) }
    }
}

/// The listings that may hold what the query asks for, and could not be read. Types that the query names and that nobody
/// collected are among them.
fn listings(query: &Query, snapshot: &Snapshot) -> Vec<Gap> {
    let about = snapshot.about();
    let mut missing: Vec<Gap> = about.gaps.iter().filter(|gap| gap.is_listing()).cloned().collect();
    if about.source != SOURCE_AWS_CONFIG {
        for resource_type in named_types(query) {
            for account in &about.accounts {
                let places = snapshot.places(account, resource_type);
                let unread = |region: &str, reason: Arc<Unreadable>| Gap {
                    account_id: account.clone(),
                    aws_region: region.to_owned(),
                    resource_type: resource_type.to_owned(),
                    resource_id: None,
                    path: None,
                    reason,
                };
                if places.is_empty() && snapshot.of_type_anywhere(account, resource_type).next().is_none() {
                    let reason = Unreadable::not_collected(format_args!("the list of {resource_type}"));
                    missing.push(unread("*", Arc::new(reason)));
                }
                let failed = |place| snapshot.listing(place).err();
                missing.extend(places.iter().filter_map(|place| Some(unread(&place.aws_region, failed(place)?))));
            }
        }
    }
    missing.retain(|gap| {
        let subject = Subject::Place {
            account: Some(&gap.account_id),
            region: Some(gap.aws_region.as_str()).filter(|region| *region != "*"),
            resource_type: &gap.resource_type,
            reason: &gap.reason,
        };
        !query.condition.as_ref().is_some_and(|condition| matches!(subject.holds(condition), Truth::False))
    });
    missing
}

/// The types that a query asks for by their whole name.
fn named_types(query: &Query) -> BTreeSet<&str> {
    let mut types = BTreeSet::new();
    if let Some(condition) = &query.condition {
        condition.visit(&mut |property, test| {
            if property.root() == "resourceType" {
                match test {
                    Test::Equal(operand) => types.extend([operand.text.as_str()]),
                    Test::In(operands) => types.extend(operands.iter().map(|operand| operand.text.as_str())),
                    _ => {}
                }
            }
        });
    }
    types
}

/// Which of the query's properties were seen. Items whose type alone keeps them out of the answer say nothing of the
/// properties of others.
struct Names {
    asked: Vec<Property>,
    /// By type, whether items of it may be in the answer.
    types: BTreeMap<Arc<str>, bool>,
    reason: Arc<Unreadable>,
}

impl Names {
    /// Where the names of members are looked for: in so many items.
    const MOST: usize = 1_000;

    fn new(query: &Query, properties: &[&Property]) -> Self {
        let mut asked: Vec<Property> = properties
            .iter()
            .filter(|property| property.may_be_address() && !property.rest().is_empty())
            .map(|property| (*property).clone())
            .collect();
        asked.sort();
        asked.dedup();
        // A question for what is not there is no slip.
        if let Some(condition) = &query.condition {
            condition.visit(&mut |property, test| {
                if matches!(test, Test::Null) {
                    asked.retain(|one| one != property);
                }
            });
        }
        Self { asked, types: BTreeMap::new(), reason: Arc::new(Unreadable::not_collected("the item")) }
    }

    fn look_at(&mut self, query: &Query, item: Subject<'_>, resource_type: &Arc<str>) {
        if self.asked.is_empty() && !self.types.is_empty() {
            return;
        }
        let reason = &self.reason;
        let may = self.types.entry(Arc::clone(resource_type)).or_insert_with(|| {
            let subject = Subject::Place { account: None, region: None, resource_type, reason };
            !query.condition.as_ref().is_some_and(|condition| matches!(subject.holds(condition), Truth::False))
        });
        if *may {
            self.asked.retain(|property| item.visit(property, &mut |_, _| ControlFlow::Break(())).is_continue());
        }
    }

    fn unknown(self, snapshot: &Snapshot, links: &Links) -> Vec<UnknownProperty> {
        let may = |item: &&Arc<ConfigurationItem>| {
            item.status.is_present() && self.types.get(&item.key.resource_type) == Some(&true)
        };
        if !self.types.values().any(|may| *may) {
            return Vec::new();
        }
        let slip = |property: &Property| {
            let unknown = |nearest| Some(UnknownProperty { property: property.to_string(), nearest });
            // The names that stand where the path leads astray.
            for known in (1..property.path.len()).rev() {
                let (above, below) = property.path.split_at(known);
                let above = Property { path: above.to_vec() };
                let mut names = BTreeSet::new();
                for item in snapshot.items().iter().filter(may).take(Self::MOST) {
                    let _: ControlFlow<()> = links.subject(item).visit(&above, &mut |value, _| {
                        let members = value.as_object().into_iter().flat_map(Object::iter);
                        names.extend(members.map(|(name, _)| name.to_string()));
                        ControlFlow::Continue(())
                    });
                }
                let Some(first) = below.first() else { continue };
                // It is there and empty: nobody can tell what stands below it.
                if names.contains(first.as_ref()) {
                    return None;
                }
                if !names.is_empty() {
                    return unknown(nearest::nearest(first, &names).map(|near| {
                        let path = above.path.iter().cloned().chain([near.into()]);
                        Property { path: path.chain(below.iter().skip(1).cloned()).collect() }.to_string()
                    }));
                }
            }
            unknown(None)
        };
        self.asked.iter().filter_map(slip).collect()
    }
}
