//! How natives look at facts: known, absent, or hidden with the reason. A native goes on past what is hidden and comes
//! back to it only if nothing else decides.

use std::sync::Arc;

use rhai::EvalAltResult;

use crate::rule::run::{Path, Segment, fail};
use crate::rule::surface::{Document, Origin};
use crate::value::{Unreadable, Value, intern};

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub(super) value: Value,
    origin: Origin,
}

/// What stands at one place.
pub(super) enum Seen {
    Absent,
    Known(Fact),
    Hidden(Hidden),
}

/// A fact that cannot be read. Not yet the end of the evaluation.
#[derive(Clone, Debug)]
pub(super) struct Hidden {
    place: Option<(Path, Segment)>,
    reason: Arc<Unreadable>,
}

impl Hidden {
    /// What stands some steps below a place.
    pub(super) fn below(path: Option<&Path>, steps: &[Segment], reason: &Arc<Unreadable>) -> Self {
        let place = path.zip(steps.split_last()).map(|(path, (last, steps))| {
            (steps.iter().fold(path.clone(), |path, segment| path.below(segment.clone())), last.clone())
        });
        Self { place, reason: Arc::clone(reason) }
    }

    /// Ends the evaluation.
    #[expect(clippy::unnecessary_box_returns, reason = "the errors of Rhai's functions are boxed")]
    pub(super) fn stop(&self) -> Box<EvalAltResult> {
        match &self.place {
            Some((path, segment)) => path.stop(segment, &self.reason),
            None => fail(self.reason.to_string()),
        }
    }
}

impl Fact {
    /// What a script made or parsed.
    pub(super) fn of_value(value: Value) -> Self {
        Self { value, origin: None }
    }

    /// A document that a script was given.
    pub(super) fn of_document(document: &Document) -> Self {
        Self { value: Value::Object(document.members.clone()), origin: document.origin.clone() }
    }

    /// The member of this name. `null` is absent here.
    pub(super) fn member(&self, name: &str) -> Seen {
        self.step(self.value.get(name), || Segment::Name(intern(name)))
    }

    /// The elements of a list; a single value is a list of it. Nothing has no elements.
    pub(super) fn elements(&self) -> Vec<Seen> {
        match &self.value {
            Value::Array(elements) => elements
                .iter()
                .enumerate()
                .map(|(at, element)| self.step(Some(element), || Segment::Index(at)))
                .collect(),
            Value::Null => Vec::new(),
            _ => vec![Seen::Known(self.clone())],
        }
    }

    /// The elements of the list of this name.
    pub(super) fn elements_of(&self, name: &str) -> Vec<Seen> {
        match self.member(name) {
            Seen::Absent => Vec::new(),
            Seen::Known(list) => list.elements(),
            hidden @ Seen::Hidden(_) => vec![hidden],
        }
    }

    fn step(&self, value: Option<&Value>, segment: impl Fn() -> Segment) -> Seen {
        match value {
            None | Some(Value::Null) => Seen::Absent,
            Some(Value::Unreadable(reason)) => Seen::Hidden(Hidden {
                place: self.origin.clone().map(|path| (path, segment())),
                reason: Arc::clone(reason),
            }),
            Some(value @ (Value::Array(_) | Value::Object(_))) => Seen::Known(Self {
                value: value.clone(),
                origin: self.origin.as_ref().map(|path| path.below(segment())),
            }),
            Some(scalar) => {
                if let Some(path) = &self.origin {
                    path.note(&segment(), Some(scalar));
                }
                Seen::Known(Self::of_value(scalar.clone()))
            }
        }
    }
}
