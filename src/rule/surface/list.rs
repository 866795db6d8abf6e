//! Lists: those of an item's facts, and Rhai's arrays, which a script makes itself. Both have the same methods; those
//! that change a list are of arrays only.
//!
//! Rhai's own array package is not used: its methods make arrays of any size before a limit is looked at, and compare
//! unlike values as unequal.

use std::cmp::Ordering;
use std::sync::Arc;

use rhai::{Array, Dynamic, FnPtr, NativeCallContext};

use super::document::{read, whole};
use super::operators::{compare, same};
use super::{Document, Item, Origin, Surface};
use crate::rule::run::{Outcome, Path, Segment, fail, grow, postpone, stop, weight};
use crate::value::Value;

/// A list that a script cannot change. Reading an unreadable element ends the evaluation.
#[derive(Clone, Debug)]
pub(in crate::rule) struct List {
    elements: Elements,
    origin: Origin,
}

#[derive(Clone, Debug)]
enum Elements {
    Values(Arc<[Value]>),
    Hosts(Arc<[Dynamic]>),
}

impl List {
    /// A list of an item's facts, or of what a native parsed.
    pub(in crate::rule) fn of_values(elements: Arc<[Value]>, origin: Origin) -> Self {
        Self { elements: Elements::Values(elements), origin }
    }

    /// A list of host types.
    pub(in crate::rule) fn of_hosts(elements: impl IntoIterator<Item = Dynamic>) -> Self {
        Self { elements: Elements::Hosts(elements.into_iter().collect()), origin: None }
    }

    /// The list as data, for natives. Of facts only.
    pub(in crate::rule) fn to_value(&self) -> Outcome<Value> {
        match &self.elements {
            Elements::Values(elements) => Ok(Value::Array(Arc::clone(elements))),
            Elements::Hosts(elements) => {
                Ok(Value::from(elements.iter().map(super::from_dynamic).collect::<Outcome<Vec<_>>>()?))
            }
        }
    }

    /// Where it stands in an item's facts.
    pub(in crate::rule) fn origin(&self) -> Option<&Path> {
        self.origin.as_ref()
    }

    fn len(&self) -> usize {
        match &self.elements {
            Elements::Values(elements) => {
                if let (true, Some(path)) = (elements.is_empty(), &self.origin) {
                    path.note_empty(&Value::Array(Arc::clone(elements)));
                }
                elements.len()
            }
            Elements::Hosts(elements) => elements.len(),
        }
    }

    fn at(&self, index: usize) -> Option<Outcome<Dynamic>> {
        match &self.elements {
            Elements::Values(elements) => {
                elements.get(index).map(|value| read(value, self.origin.as_ref(), Segment::Index(index)))
            }
            Elements::Hosts(elements) => elements.get(index).map(|value| Ok(value.clone())),
        }
    }

    fn text(&self) -> Outcome<String> {
        let value = self.to_value()?;
        whole(&value, self.origin.as_ref())?;
        Ok(value.to_string())
    }
}

/// Rhai's arrays and ours, for the methods that both have.
trait Sequence {
    fn length(&self) -> usize;
    fn element(&self, index: usize) -> Option<Outcome<Dynamic>>;

    fn each(&self) -> impl Iterator<Item = Outcome<Dynamic>> {
        (0..self.length()).map_while(|index| self.element(index))
    }

    /// The element at an index that counts from the end when it is negative.
    fn indexed(&self, index: i64) -> Option<Outcome<Dynamic>> {
        let length = self.length();
        let at = match usize::try_from(index) {
            Ok(at) => at,
            Err(_) => length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
        };
        self.element(at)
    }
}

impl Sequence for List {
    fn length(&self) -> usize {
        self.len()
    }

    fn element(&self, index: usize) -> Option<Outcome<Dynamic>> {
        self.at(index)
    }
}

impl Sequence for Array {
    fn length(&self) -> usize {
        self.len()
    }

    fn element(&self, index: usize) -> Option<Outcome<Dynamic>> {
        self.get(index).map(|value| Ok(value.clone()))
    }
}

fn truth(test: &FnPtr, context: &NativeCallContext, element: Dynamic) -> Outcome<bool> {
    let answer: Dynamic = test.call_within_context(context, (element,))?;
    answer.as_bool().map_err(|kind| fail(format!("the test has to give true or false, and gave a {kind}")))
}

/// An element for which the test is known to give `wanted`. What cannot be read ends the evaluation only if the test gives
/// it for none of the others.
fn any(list: &impl Sequence, wanted: bool, test: &FnPtr, context: &NativeCallContext) -> Outcome<Option<Dynamic>> {
    let mut unread = None;
    for index in 0..list.length() {
        let tested = postpone(|| match list.element(index).transpose()? {
            Some(element) => Ok((truth(test, context, element.clone())? == wanted).then_some(element)),
            None => Ok(None),
        });
        match tested? {
            Ok(None) => {}
            Ok(found) => return Ok(found),
            Err(gap) => {
                unread.get_or_insert(gap);
            }
        }
    }
    unread.map_or(Ok(None), |gap| Err(stop(gap)))
}

/// Adds to an array, and counts what is added.
fn add(array: &mut Array, value: Dynamic) -> Outcome<()> {
    grow(weight(&value))?;
    array.push(value);
    Ok(())
}

fn collect(elements: impl Iterator<Item = Outcome<Dynamic>>) -> Outcome<Array> {
    let mut array = Array::new();
    for element in elements {
        add(&mut array, element?)?;
    }
    Ok(array)
}

/// Whether an element equals the value. An unreadable element ends the evaluation only if no other one equals it.
fn contains(list: &impl Sequence, wanted: &Dynamic) -> Outcome<bool> {
    for element in list.each() {
        if same(&element?, wanted)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl List {
    /// The element at a place.
    pub(in crate::rule) fn get(&self, index: usize) -> Option<Outcome<Dynamic>> {
        self.at(index)
    }

    /// The elements as facts, and where the list stands.
    pub(in crate::rule) fn facts(&self) -> Option<(&Arc<[Value]>, Option<&Path>)> {
        match &self.elements {
            Elements::Values(elements) => Some((elements, self.origin.as_ref())),
            Elements::Hosts(_) => None,
        }
    }

    /// The elements, in order.
    pub(in crate::rule) fn each(&self) -> impl Iterator<Item = Outcome<Dynamic>> {
        Sequence::each(self)
    }

    fn contains(&self, wanted: &Dynamic) -> Outcome<bool> {
        if let (Elements::Values(elements), Ok(text)) = (&self.elements, wanted.as_immutable_string_ref()) {
            // The usual question, without a copy of each text; and found is found, whatever else cannot be read.
            let found = elements.iter().position(|element| element.as_str() == Some(text.as_str()));
            if let Some(at) = found {
                return self.at(at).map_or(Ok(true), |element| element.map(|_| true));
            }
        }
        contains(self, wanted)
    }
}

fn join(list: &impl Sequence, separator: &str) -> Outcome<String> {
    let mut text = String::new();
    for (at, element) in list.each().enumerate() {
        let element = element?;
        let before = text.len();
        if at > 0 {
            text.push_str(separator);
        }
        text.push_str(&plain(&element)?);
        grow(text.len() - before)?;
    }
    Ok(text)
}

/// A value as it stands in a text. Documents and lists are written as JSON, and must not hold what is unreadable.
fn plain(value: &Dynamic) -> Outcome<String> {
    if let Some(document) = value.read_lock::<Document>() {
        return document.text();
    }
    if let Some(list) = value.read_lock::<List>() {
        return list.text();
    }
    if let Ok(array) = value.as_array_ref() {
        let elements: Outcome<Vec<String>> = array.iter().map(plain).collect();
        return Ok(format!("[{}]", elements?.join(", ")));
    }
    if let Some(item) = value.read_lock::<Item>() {
        return Ok(item.label().map_or_else(String::new, |label| label.to_string()));
    }
    Ok(value.to_string())
}

/// The methods that lists and arrays have.
macro_rules! register_sequence {
    ($surface:expr, $list:ty) => {
        $surface
            .function("len", |list: &mut $list| i64::try_from(list.length()).unwrap_or(i64::MAX))
            .function("is_empty", |list: &mut $list| list.length() == 0)
            .function("first", |list: &mut $list| list.indexed(0).unwrap_or(Ok(Dynamic::UNIT)))
            .function("last", |list: &mut $list| list.indexed(-1).unwrap_or(Ok(Dynamic::UNIT)))
            .function("get", |list: &mut $list, index: i64| list.indexed(index).unwrap_or(Ok(Dynamic::UNIT)))
            .function("contains", |list: &mut $list, wanted: Dynamic| list.contains(&wanted))
            .function("join", |list: &mut $list, separator: &str| join(list, separator))
            .function("filter", |context: NativeCallContext, list: &mut $list, test: FnPtr| -> Outcome<Array> {
                let mut array = Array::new();
                for element in list.each() {
                    let element = element?;
                    if truth(&test, &context, element.clone())? {
                        add(&mut array, element)?;
                    }
                }
                Ok(array)
            })
            .function("map", |context: NativeCallContext, list: &mut $list, change: FnPtr| {
                collect(list.each().map(|element| change.call_within_context(&context, (element?,))))
            })
            .function("some", |context: NativeCallContext, list: &mut $list, test: FnPtr| -> Outcome<bool> {
                Ok(any(list, true, &test, &context)?.is_some())
            })
            .function("all", |context: NativeCallContext, list: &mut $list, test: FnPtr| -> Outcome<bool> {
                Ok(any(list, false, &test, &context)?.is_none())
            })
            .function("find", |context: NativeCallContext, list: &mut $list, test: FnPtr| -> Outcome<Dynamic> {
                for element in list.each() {
                    let element = element?;
                    if truth(&test, &context, element.clone())? {
                        return Ok(element);
                    }
                }
                Ok(Dynamic::UNIT)
            })
            .function("find_any", |context: NativeCallContext, list: &mut $list, test: FnPtr| -> Outcome<Dynamic> {
                Ok(any(list, true, &test, &context)?.unwrap_or(Dynamic::UNIT))
            })
            .function("sorted", |list: &mut $list| sorted(list))
            .function("unique", |list: &mut $list| unique(list))
            .function("+", |list: $list, more: Array| collect(list.each().chain(more.each())))
            .function("+", |list: $list, more: List| collect(list.each().chain(more.each())));
    };
}

trait Contains: Sequence {
    fn contains(&self, wanted: &Dynamic) -> Outcome<bool>;
}

impl Contains for Array {
    fn contains(&self, wanted: &Dynamic) -> Outcome<bool> {
        for element in self {
            if same(element, wanted)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn sorted(list: &impl Sequence) -> Outcome<Array> {
    let mut array = collect(list.each())?;
    let mut failed = None;
    array.sort_by(|a, b| {
        compare(a, b).unwrap_or_else(|error| {
            failed.get_or_insert(error);
            Ordering::Equal
        })
    });
    failed.map_or(Ok(array), Err)
}

/// The elements in their order, each once.
fn unique(list: &impl Sequence) -> Outcome<Array> {
    let mut array = Array::new();
    for element in list.each() {
        let element = element?;
        if !Contains::contains(&array, &element)? {
            add(&mut array, element)?;
        }
    }
    Ok(array)
}

pub(super) fn register(surface: &mut Surface) {
    register_sequence!(surface, List);
    register_sequence!(surface, Array);
    surface
        .indexer(|list: &mut List, index: i64| {
            list.indexed(index).unwrap_or_else(|| Err(fail(format!("the list has no element {index}"))))
        })
        .unchanged_elements::<List>()
        .iterator::<List>(|list| {
            let list = list.cast::<List>();
            Box::new((0..list.len()).map_while(move |index| list.at(index)))
        })
        .iterator::<Array>(|array| Box::new(array.into_array().unwrap_or_default().into_iter().map(Ok)))
        .function("to_string", |list: &mut List| list.text())
        .function("to_string", |array: &mut Array| plain(&Dynamic::from_array(array.clone())))
        .function("to_debug", |array: &mut Array| plain(&Dynamic::from_array(array.clone())))
        .function("to_debug", |list: &mut List| list.text())
        .mutator("push", |array: &mut Array, value: Dynamic| add(array, value))
        .mutator("pop", |array: &mut Array| array.pop().unwrap_or(Dynamic::UNIT))
        .mutator("+=", |array: &mut Array, more: Array| -> Outcome<()> {
            more.into_iter().try_for_each(|element| add(array, element))
        })
        .mutator("+=", |array: &mut Array, more: List| -> Outcome<()> {
            more.each().try_for_each(|element| add(array, element?))
        });
}
