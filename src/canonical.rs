//! The canonical form of an item's content: what is the same for AWS has the same bytes, and the same digest.
//!
//! The history keeps one body for each digest, and a diff begins with the items whose digests differ. The content is
//! what AWS says *of* the resource: its attributes (name, ARN, availability zone, creation time), tags, relationships,
//! configuration and supplementary configuration. When it was read, by whom, its state id and its CloudTrail events are
//! not content, and neither is which resource it is: the digest is of the body, not of the key.
//!
//! Not part of the form, as it means nothing:
//! - the order of members, and of lists that AWS means as sets ([`lists`] says which lists are sequences);
//! - `null`, which some dialects of AWS Config write where others leave the member out, and whether a whole number was
//!   written with a fraction;
//! - the spelling of a policy ([`document`]): text or object, percent-encoded or not, one value or a list of one;
//! - white space and the order of members in any other text that holds JSON;
//! - white space around a relationship's name.
//!
//! **What could not be read is left out**, as if it were not there; so is an object of which nothing else is left, and
//! [`ConfigurationItem::unreadable_relationships`]. Two items are therefore to be compared only after the gaps of either
//! have been taken out of both (a diff does), or the last known facts have been put in their place (the history does).
//! This holds for links as well: those that another type's listing tells are simply not there when that listing failed.
//! [`Snapshot::links`](crate::snapshot::Snapshot::links) knows.
//!
//! The form is bytes that no other content has: each value begins with a letter for its kind, texts have their length
//! in front, lists and objects an end mark. It is made in one buffer; a set is sorted by the bytes of its elements.

pub mod document;
pub mod lists;

use std::ops::Range;

use md5::Md5;
use sha2::{Digest, Sha256};

use crate::item::{ConfigurationItem, Relationship};
use crate::value::Value;
use document::Document;
use lists::{Context, Order};

/// What tells one content from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digests {
    /// The SHA-256 of the canonical form.
    pub sha256: [u8; 32],
    /// The MD5 of it, for AWS Config's `configurationStateMd5Hash`. It is no protection against anybody.
    pub md5: [u8; 16],
}

/// The digests of an item's content in canonical form.
pub fn digests(item: &ConfigurationItem) -> Digests {
    let bytes = bytes(item);
    Digests { sha256: Sha256::digest(&bytes).into(), md5: Md5::digest(&bytes).into() }
}

/// The MD5 of an item's content in canonical form, as 32 hexadecimal digits: AWS Config's `configurationStateMd5Hash`,
/// which is there to tell whether two states of one resource are the same.
pub fn md5(item: &ConfigurationItem) -> String {
    Md5::digest(bytes(item)).iter().fold(String::with_capacity(32), |mut digits, byte| {
        for half in [byte >> 4, byte & 15] {
            digits.extend(char::from_digit(u32::from(half), 16));
        }
        digits
    })
}

/// Whether two values that stand at the same place of two items mean the same. What could not be read is left out of
/// both.
pub fn same(a: &Value, b: &Value, context: &Context) -> bool {
    // Unchanged facts are mostly equal as they stand.
    a == b || value_bytes(a, context) == value_bytes(b, context)
}

/// The canonical form of one value at its place. Empty if nothing of it could be read.
pub fn value_bytes(value: &Value, context: &Context) -> Vec<u8> {
    let mut out = Vec::new();
    put(value, context, &mut out);
    out
}

/// The canonical form of one relationship.
pub fn relationship_bytes(relationship: &Relationship) -> Vec<u8> {
    let mut out = Vec::new();
    put_relationship(relationship, &mut out);
    out
}

/// The canonical form of an item's content.
fn bytes(item: &ConfigurationItem) -> Vec<u8> {
    let mut out = Vec::with_capacity(2_048);
    let (name, arn) = (item.resource_name.as_deref(), item.arn.as_deref());
    for attribute in [name, arn, item.availability_zone.as_deref(), item.creation_time.as_deref()] {
        put_optional(attribute, &mut out);
    }
    let links: Vec<_> =
        item.relationships.iter().map(|link| span(&mut out, |out| put_relationship(link, out))).collect();
    sort_spans(&links, &mut out);
    out.push(b'|');
    let context = Context::of(&item.key.resource_type);
    for section in [&item.tags, &item.configuration, &item.supplementary_configuration] {
        if !put(section, &context, &mut out) {
            out.extend(b"{}");
        }
    }
    out
}

/// Writes a value. What could not be read is not written: the answer says whether anything was.
fn put(value: &Value, context: &Context, out: &mut Vec<u8>) -> bool {
    match Document::of(value, context) {
        Some(document) => {
            out.push(document.mark());
            put_plain(&document.value, &document.context(), out)
        }
        None => put_plain(value, context, out),
    }
}

fn put_plain(value: &Value, context: &Context, out: &mut Vec<u8>) -> bool {
    match value {
        Value::Unreadable(_) => return false,
        Value::Null => out.push(b'n'),
        Value::Bool(truth) => out.push(if *truth { b't' } else { b'f' }),
        Value::Integer(number) => put_integer(*number, out),
        Value::Float(number) => put_float(*number, out),
        Value::String(text) => put_text(text, out),
        Value::Array(elements) => put_list(elements, context, out),
        Value::Object(members) => {
            let start = out.len();
            let (mut known, mut unknown) = (members.is_empty(), false);
            out.push(b'{');
            for (name, member) in members.iter() {
                if *member == Value::Null {
                    known = true;
                    continue;
                }
                let before = out.len();
                put_text(name, out);
                if put(member, &context.member(name), out) {
                    known = true;
                } else {
                    out.truncate(before);
                    unknown = true;
                }
            }
            if unknown && !known {
                out.truncate(start);
                return false;
            }
            out.push(b'}');
        }
    }
    true
}

fn put_list(elements: &[Value], context: &Context, out: &mut Vec<u8>) {
    let inside = context.element();
    out.push(b'[');
    match context.order() {
        Order::Sequence => {
            for element in elements {
                put(element, &inside, out);
            }
        }
        Order::Set => {
            let spans: Vec<_> =
                elements.iter().map(|element| span(out, |out| _ = put(element, &inside, out))).collect();
            sort_spans(&spans, out);
        }
    }
    out.push(b']');
}

fn put_relationship(link: &Relationship, out: &mut Vec<u8>) {
    put_text(&link.resource_type, out);
    put_optional(link.resource_id.as_deref(), out);
    put_optional(link.resource_name.as_deref(), out);
    put_text(link.name.trim(), out);
}

fn put_optional(text: Option<&str>, out: &mut Vec<u8>) {
    match text {
        Some(text) => put_text(text, out),
        None => out.push(b'n'),
    }
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    out.push(b's');
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn put_integer(number: i64, out: &mut Vec<u8>) {
    out.push(b'i');
    out.extend(number.to_le_bytes());
}

fn put_float(number: f64, out: &mut Vec<u8>) {
    if let Some(number) = whole(number) {
        return put_integer(number, out);
    }
    out.push(b'd');
    out.extend(number.to_bits().to_le_bytes());
}

/// The whole number that a float stands for, where it stands for one exactly.
fn whole(number: f64) -> Option<i64> {
    /// 2⁵³: up to here each whole number has a float of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is far inside of i64")]
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// What was written by `write`, as a range of the buffer.
fn span(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
    let start = out.len();
    write(out);
    start..out.len()
}

/// Puts adjoining spans at the end of the buffer into the order of their bytes.
fn sort_spans(spans: &[Range<usize>], out: &mut Vec<u8>) {
    let (Some(first), false) = (spans.first(), spans.len() == 1) else { return };
    let of = |span: &Range<usize>| out.get(span.clone()).unwrap_or_default();
    if spans.is_sorted_by(|a, b| of(a) <= of(b)) {
        return;
    }
    let mut spans_by_bytes: Vec<&Range<usize>> = spans.iter().collect();
    spans_by_bytes.sort_unstable_by(|a, b| of(a).cmp(of(b)));
    let sorted: Vec<u8> = spans_by_bytes.into_iter().flat_map(of).copied().collect();
    out.truncate(first.start);
    out.extend(sorted);
}

#[cfg(test)]
mod tests;
