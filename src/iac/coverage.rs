//! Of which places of an item a form speaks: what of a type can be told before it is deployed, and what cannot.

use std::collections::BTreeSet;

use super::shape::Shape;

/// Places of an item as JSON pointers, with `*` for an element of a list, or for a member whose name the definition chooses.
/// A list or mapping whose elements a form describes is there by them: it says nothing of what they may hold beside.
#[derive(Clone, Debug, Default)]
pub(super) struct Coverage(Vec<String>);

impl Coverage {
    /// The places of several forms.
    pub(super) fn of<'s>(shapes: impl IntoIterator<Item = &'s Shape>) -> Self {
        let mut coverage = Self::default();
        coverage.add(shapes);
        coverage
    }

    pub(super) fn add<'s>(&mut self, shapes: impl IntoIterator<Item = &'s Shape>) {
        shapes.into_iter().for_each(|shape| shape.covered("", &mut self.0));
        self.0.sort();
        self.0.dedup();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The facts of an item of which anything is said, whole: the members of its sections.
    pub(super) fn tops(&self) -> BTreeSet<String> {
        self.iter().filter_map(top).collect()
    }

    /// Whether anything is said at a place, above it or below it.
    pub(super) fn touches(&self, place: &str) -> bool {
        self.0.iter().any(|covered| is_along(covered, place))
    }

    /// Whether a fact at a place is told: something is said there or below it, or what stands above is told as a whole. Where
    /// one form tells nothing more than that nothing is there, and another one describes its members, only those are told.
    pub(super) fn says(&self, place: &str) -> bool {
        let depth = place.split('/').count();
        let is_described = |covered: &str| {
            self.0.iter().any(|other| other.strip_prefix(covered).is_some_and(|rest| rest.starts_with('/')))
        };
        self.0
            .iter()
            .filter(|covered| is_along(covered, place))
            .any(|covered| covered.split('/').count() >= depth || !is_described(covered))
    }
}

/// Whether one place is the other, or above or below it.
fn is_along(covered: &str, place: &str) -> bool {
    covered.split('/').zip(place.split('/')).all(|(one, other)| one == other || one == "*")
}

/// A member of a section: the first two steps of a path.
fn top(path: &str) -> Option<String> {
    let mut steps = path.strip_prefix('/')?.split('/');
    Some(format!("/{}/{}", steps.next()?, steps.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage(form: serde_json::Value) -> Coverage {
        Coverage::of([&Shape::try_from(form).unwrap()])
    }

    #[test]
    fn elements_tell_what_is_described_of_them_and_no_more() {
        let list = coverage(serde_json::json!({"configuration": {
            "list": {"$first": [{"$each": "List", "$as": {"name": "Name", "all": "All"}}, {"$value": []}]},
            "one": [{"name": "Name"}],
            "texts": {"$each": "Texts", "$as": "."},
            "keyed": {"$object": "Keyed", "$keys": ["{A}", "{B}"], "$as": {"value": "Value"}},
            "flat": {"$flat": {"$each": "Lists", "$as": {"$each": "Of", "$as": {"name": "."}}}},
            "either": {"$case": "X as presence", "$of": {"true": {"part": "Part"}, "false": {"$value": null}}},
            "whole": "Whole",
        }}));
        for (place, is_said) in [
            ("list", true),
            ("list/0", true),
            ("list/0/name", true),
            ("list/0/all/below", true),
            ("list/0/other", false),
            ("one/0/other", false),
            ("texts/0", true),
            ("keyed/any/name/value", true),
            ("keyed/any/name", true),
            ("keyed/any/name/other", false),
            ("flat/0", true),
            ("flat/0/name", true),
            ("flat/0/other", false),
            ("either", true),
            ("either/part", true),
            ("either/other", false),
            ("whole/0/any", true),
            ("other", false),
        ] {
            assert_eq!(list.says(&format!("/configuration/{place}")), is_said, "{place}");
        }
        assert!(list.touches("/configuration/list/0/other") && !list.touches("/configuration/other"));
    }
}
