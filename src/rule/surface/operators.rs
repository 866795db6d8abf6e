//! Comparisons that fail on unlike values.
//!
//! Rhai calls values of different types unequal and neither of them less: `"443" == 443` is false, `() < 90` is false.
//! In a rule that is a wrong answer that nobody sees, so it is an error here. Only `()` may be compared with everything,
//! by `==` and `!=`: that is how a script asks whether there is something.

use std::cmp::Ordering;

use rhai::{Array, Dynamic, ImmutableString};

use super::{Item, List, Surface};
use crate::rule::run::{Outcome, fail};

/// `==`.
pub(super) fn same(a: &Dynamic, b: &Dynamic) -> Outcome<bool> {
    if a.is_unit() || b.is_unit() {
        return Ok(a.is_unit() && b.is_unit());
    }
    // Most of what is compared, and by far.
    if let (Ok(a), Ok(b)) = (a.as_immutable_string_ref(), b.as_immutable_string_ref()) {
        return Ok(a.as_str() == b.as_str());
    }
    if let (Ok(a), Ok(b)) = (a.as_array_ref(), b.as_array_ref()) {
        if a.len() != b.len() {
            return Ok(false);
        }
        for (a, b) in a.iter().zip(b.iter()) {
            if !same(a, b)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    if let Some(same) = same_lists(a, b) {
        return same;
    }
    if let (Ok(a), Ok(b)) = (a.as_bool(), b.as_bool()) {
        return Ok(a == b);
    }
    if let (Some(a), Some(b)) = (a.read_lock::<Item>(), b.read_lock::<Item>()) {
        return a.is(&b);
    }
    compare(a, b).map(Ordering::is_eq)
}

/// `==` of lists of facts, with each other or with a script's own.
fn same_lists(a: &Dynamic, b: &Dynamic) -> Option<Outcome<bool>> {
    let array = |value: &Dynamic| {
        let list = value.read_lock::<List>().map(|list| list.each().collect::<Outcome<Array>>());
        list.or_else(|| value.as_array_ref().ok().map(|array| Ok(array.clone())))
    };
    if !a.is::<List>() && !b.is::<List>() {
        return None;
    }
    Some(match (array(a)?, array(b)?) {
        (Ok(a), Ok(b)) => same(&a.into(), &b.into()),
        (Err(error), _) | (_, Err(error)) => Err(error),
    })
}

/// `<`, `<=`, `>`, `>=`, and sorting.
pub(super) fn compare(a: &Dynamic, b: &Dynamic) -> Outcome<Ordering> {
    if let (Ok(a), Ok(b)) = (a.as_int(), b.as_int()) {
        return Ok(a.cmp(&b));
    }
    if let (Some(a), Some(b)) = (number(a), number(b)) {
        return Ok(a.total_cmp(&b));
    }
    if let (Ok(a), Ok(b)) = (a.as_immutable_string_ref(), b.as_immutable_string_ref()) {
        return Ok(a.as_str().cmp(b.as_str()));
    }
    if let (Ok(a), Ok(b)) = (a.as_char(), b.as_char()) {
        return Ok(a.cmp(&b));
    }
    Err(fail(format!("cannot compare {} with {}", kind(a), kind(b))))
}

#[expect(clippy::cast_precision_loss, reason = "a fraction is compared with a count, not with an id")]
fn number(value: &Dynamic) -> Option<f64> {
    value.as_float().ok().or_else(|| value.as_int().ok().map(|number| number as f64))
}

/// What a value is, for a message.
fn kind(value: &Dynamic) -> String {
    if value.is_unit() {
        return "()".to_owned();
    }
    match value.type_name().rsplit("::").next().unwrap_or_default() {
        "i64" | "f64" => format!("the number {value}"),
        "string" => format!("the text \"{value}\""),
        "bool" => format!("{value}"),
        name => format!("a {}", name.to_lowercase()),
    }
}

pub(super) fn register(surface: &mut Surface) {
    // The usual pairs have functions of their own, which are found faster than the one for all pairs below.
    macro_rules! ordered {
        ($($kind:ty),*) => {
            $(surface
                .function("==", |a: $kind, b: $kind| a == b)
                .function("!=", |a: $kind, b: $kind| a != b)
                .function("<", |a: $kind, b: $kind| a < b)
                .function("<=", |a: $kind, b: $kind| a <= b)
                .function(">", |a: $kind, b: $kind| a > b)
                .function(">=", |a: $kind, b: $kind| a >= b);)*
        };
    }
    macro_rules! optional {
        ($($kind:ty),*) => {
            $(surface
                .function("==", |_: $kind, (): ()| false)
                .function("!=", |_: $kind, (): ()| true);)*
        };
    }
    ordered!(i64, ImmutableString);
    optional!(i64, ImmutableString, bool);
    surface
        .function("==", |a: bool, b: bool| a == b)
        .function("!=", |a: bool, b: bool| a != b)
        .function("==", |(): (), (): ()| true)
        .function("!=", |(): (), (): ()| false)
        .function("==", |a: Dynamic, b: Dynamic| same(&a, &b))
        .function("!=", |a: Dynamic, b: Dynamic| same(&a, &b).map(|same| !same))
        .function("<", |a: Dynamic, b: Dynamic| compare(&a, &b).map(Ordering::is_lt))
        .function("<=", |a: Dynamic, b: Dynamic| compare(&a, &b).map(Ordering::is_le))
        .function(">", |a: Dynamic, b: Dynamic| compare(&a, &b).map(Ordering::is_gt))
        .function(">=", |a: Dynamic, b: Dynamic| compare(&a, &b).map(Ordering::is_ge))
        .function("!", |truth: bool| !truth);
}
