//! Which element of a list is which: the same security-group rule before and after, at whatever place.
//!
//! Of a set, elements that mean the same are the same. Of the rest, those with the same key are one element that changed,
//! and the others came or went. The key is what AWS tells such elements apart by ([`KEYS`]), or else the first member
//! that looks like a name and that all of them have, each with a value of its own. Of a sequence, what is the same at
//! both ends stays, and what is between is compared place by place.

use std::collections::BTreeMap;

use crate::canonical::lists::{Context, Order};
use crate::canonical::value_bytes;
use crate::value::Value;

/// What became of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pairing {
    /// It is in both lists, at these places, and may have changed.
    Both(usize, usize),
    /// It was at this place.
    Gone(usize),
    /// It is at this place, and is the list's so-manieth new one.
    New(usize, usize),
}

/// By list, the members that tell its elements apart where no single name does. Names in any case.
const KEYS: &[(&str, &[&str])] = &[
    ("entries", &["egress", "ruleNumber"]),
    ("ipPermissions", &["ipProtocol", "fromPort", "toPort"]),
    ("ipPermissionsEgress", &["ipProtocol", "fromPort", "toPort"]),
    ("ipRanges", &["cidrIp"]),
    ("ipv4Ranges", &["cidrIp"]),
    ("ipv6Ranges", &["cidrIpv6"]),
    ("optionSettings", &["namespace", "optionName", "resourceName"]),
    ("portMappings", &["containerPort", "protocol"]),
    ("routes", &["destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"]),
    ("scalableTargets", &["resourceId", "scalableDimension"]),
    ("grants", &["grantee", "permission"]),
];

/// Members that are names of their elements wherever they stand, the surest first.
const NAMES: [&str; 9] = ["key", "name", "id", "sid", "arn", "ruleNumber", "priority", "deviceName", "device"];

/// Ends of the names of other members that tell elements apart.
const NAME_ENDS: [&str; 4] = ["id", "name", "arn", "key"];

/// Pairs the elements of two lists. What is the same in both is left out.
pub(super) fn pair(before: &[Value], after: &[Value], context: &Context) -> Vec<Pairing> {
    let inside = context.element();
    let bytes = |list: &[Value]| -> Vec<Vec<u8>> { list.iter().map(|value| value_bytes(value, &inside)).collect() };
    let (old, new) = (bytes(before), bytes(after));
    match context.order() {
        Order::Sequence => sequence(&old, &new),
        Order::Set => set(before, after, &old, &new, context),
    }
}

fn sequence(old: &[Vec<u8>], new: &[Vec<u8>]) -> Vec<Pairing> {
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old, new) = (old.get(start..).unwrap_or_default(), new.get(start..).unwrap_or_default());
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old, new) = (old.len() - end, new.len() - end);
    let both = old.min(new);
    let mut pairings: Vec<Pairing> = (start..start + both).map(|at| Pairing::Both(at, at)).collect();
    pairings.extend((start + both..start + old).map(Pairing::Gone));
    pairings.extend((start + both..start + new).enumerate().map(|(nth, at)| Pairing::New(at, nth)));
    pairings
}

fn set(before: &[Value], after: &[Value], old: &[Vec<u8>], new: &[Vec<u8>], context: &Context) -> Vec<Pairing> {
    let mut places = BTreeMap::<&[u8], Vec<usize>>::new();
    for (at, bytes) in old.iter().enumerate().rev() {
        places.entry(bytes).or_default().push(at);
    }
    let mut came: Vec<usize> = Vec::new();
    for (at, bytes) in new.iter().enumerate() {
        if places.get_mut(bytes.as_slice()).and_then(Vec::pop).is_none() {
            came.push(at);
        }
    }
    let mut gone: Vec<usize> = places.into_values().flatten().collect();
    gone.sort_unstable();
    let mut pairings = Vec::new();
    if !gone.is_empty() && !came.is_empty() {
        by_key(before, after, &mut gone, &mut came, context, &mut pairings);
    }
    pairings.extend(gone.into_iter().map(Pairing::Gone));
    pairings.extend(came.into_iter().enumerate().map(|(nth, at)| Pairing::New(at, nth)));
    pairings
}

/// Takes out of both lists what is one element that changed.
fn by_key(
    before: &[Value],
    after: &[Value],
    gone: &mut Vec<usize>,
    came: &mut Vec<usize>,
    context: &Context,
    pairings: &mut Vec<Pairing>,
) {
    let of = |list: &'_ [Value], places: &[usize]| -> Vec<Value> {
        places.iter().filter_map(|at| list.get(*at).cloned()).collect()
    };
    let (old, new) = (of(before, gone), of(after, came));
    if old.iter().chain(&new).any(|element| element.as_object().is_none()) {
        return;
    }
    if let Some((old, new)) = keys(&old, &new, context.name()) {
        let places: BTreeMap<&str, usize> = new.iter().map(String::as_str).zip(came.iter().copied()).collect();
        let pairs: Vec<(usize, usize)> =
            gone.iter().zip(&old).filter_map(|(at, key)| Some((*at, *places.get(key.as_str())?))).collect();
        gone.retain(|at| pairs.iter().all(|(old, _)| old != at));
        came.retain(|at| pairs.iter().all(|(_, new)| new != at));
        pairings.extend(pairs.into_iter().map(|(old, new)| Pairing::Both(old, new)));
    } else if let ([one], [other]) = (gone.as_slice(), came.as_slice()) {
        pairings.push(Pairing::Both(*one, *other));
        (*gone, *came) = (Vec::new(), Vec::new());
        return;
    }
    // Of elements with facts that could not be read it is not known whether they changed: as many as there are on both
    // sides are taken for the same.
    if old.iter().chain(&new).any(|element| element.first_unreadable().is_some()) {
        let both = gone.len().min(came.len());
        pairings.extend(gone.drain(..both).zip(came.drain(..both)).map(|(old, new)| Pairing::Both(old, new)));
    }
}

/// The keys of the elements on both sides, by the first choice of members that gives each its own.
fn keys(old: &[Value], new: &[Value], list: &str) -> Option<(Vec<String>, Vec<String>)> {
    let known = KEYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(list)).map(|(_, members)| members.to_vec());
    let single = NAMES.iter().map(|name| vec![*name]);
    let members = old.first()?.as_object()?;
    let named = members.iter().map(|(name, _)| name.as_ref()).filter(|name| {
        let name = name.to_ascii_lowercase();
        NAME_ENDS.iter().any(|end| name.ends_with(end))
    });
    known.into_iter().chain(single).chain(named.map(|name| vec![name])).find_map(|members| {
        let of = |elements: &[Value]| -> Option<Vec<String>> {
            let keys: Vec<String> = elements.iter().map(|element| key(element, &members)).collect::<Option<_>>()?;
            let mut sorted: Vec<&String> = keys.iter().collect();
            sorted.sort_unstable();
            sorted.dedup();
            (sorted.len() == elements.len()).then_some(keys)
        };
        Some((of(old)?, of(new)?))
    })
}

/// The values of these members as one text, if the element has any of them and each is plain.
fn key(element: &Value, members: &[&str]) -> Option<String> {
    let object = element.as_object()?;
    let mut key = String::new();
    let mut found = false;
    for wanted in members {
        let value = object.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value);
        match value {
            None | Some(Value::Null) => key.push('-'),
            Some(Value::Array(_) | Value::Unreadable(_)) => return None,
            Some(value) => {
                found = true;
                key.push_str(&value.to_string());
            }
        }
        key.push('\n');
    }
    found.then_some(key)
}
