//! What is taken from a case's snapshot, to see whether the case notices.

use std::sync::Arc;

use super::item::unreadable;
use crate::item::ConfigurationItem;
use crate::snapshot::{About, Place};
use crate::value::{Object, Value};

/// One thing that a snapshot lacks.
#[derive(Debug)]
pub(super) enum Harm<'a> {
    None,
    /// A member of the judged item: the steps down to it. `*` stands for each element of a list.
    Dropped(&'a [&'a str]),
    /// The call for a part of the items of a type was denied. It may tell the tags as well.
    Denied {
        resource_type: &'a str,
        pointer: &'a str,
        tags: bool,
    },
    /// The listing of a type was denied everywhere.
    Unlisted(&'a str),
}

impl Harm<'_> {
    /// Does it to a snapshot of which the first item is judged.
    pub(super) fn befall(&self, about: &mut About, items: &mut Vec<ConfigurationItem>) {
        match self {
            Self::None => {}
            Self::Dropped(steps) => {
                let (Some(item), Some((section, steps))) = (items.first_mut(), steps.split_first()) else { return };
                let section = match *section {
                    "configuration" => &mut item.configuration,
                    "supplementaryConfiguration" => &mut item.supplementary_configuration,
                    "tags" => &mut item.tags,
                    _ => return,
                };
                *section = without(section, steps);
            }
            Self::Denied { resource_type, pointer, tags } => {
                let reason = Arc::new(unreadable("", "AccessDenied"));
                for item in items.iter_mut().filter(|item| *item.key.resource_type == **resource_type) {
                    item.add_gap(pointer, &reason);
                    if *tags {
                        item.add_gap("/tags", &reason);
                    }
                }
            }
            Self::Unlisted(resource_type) => {
                let reason = Arc::new(unreadable("", "AccessDenied"));
                let (gone, kept): (Vec<Place>, Vec<Place>) = std::mem::take(&mut about.listings)
                    .into_iter()
                    .partition(|place| *place.resource_type == **resource_type);
                about.listings = kept;
                about.gaps.extend(gone.iter().map(|place| place.gap(&reason)));
                about.gaps.sort();
                // Nobody has seen its items either.
                items.retain(|item| *item.key.resource_type != **resource_type);
            }
        }
    }
}

/// The tree without what stands at the end of the steps.
fn without(value: &Value, steps: &[&str]) -> Value {
    let Some((step, rest)) = steps.split_first() else { return value.clone() };
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter_map(|(name, member)| match (**name == **step, rest) {
                (false, _) => Some((Arc::clone(name), member.clone())),
                (true, []) => None,
                (true, rest) => Some((Arc::clone(name), without(member, rest))),
            });
            Value::Object(Object::from_members(kept.collect()))
        }
        Value::Array(elements) if !rest.is_empty() => {
            Value::from(elements.iter().map(|element| without(element, rest)).collect::<Vec<_>>())
        }
        Value::Array(_) => Value::from(Vec::new()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_gone_from_every_element() {
        let tree: Value = serde_json::from_str(r#"{"a": [{"b": 1, "c": 2}, {"b": {"d": 3}}], "e": ["f"]}"#).unwrap();
        for (steps, expected) in [
            (&["a", "*", "b"][..], r#"{"a":[{"c":2},{}],"e":["f"]}"#),
            (&["a", "*", "b", "d"], r#"{"a":[{"b":1,"c":2},{"b":{}}],"e":["f"]}"#),
            (&["e", "*"], r#"{"a":[{"b":1,"c":2},{"b":{"d":3}}],"e":[]}"#),
            (&["e"], r#"{"a":[{"b":1,"c":2},{"b":{"d":3}}]}"#),
            (&["x", "y"], &tree.to_string()),
        ] {
            assert_eq!(without(&tree, steps).to_string(), expected, "{steps:?}");
        }
    }
}
