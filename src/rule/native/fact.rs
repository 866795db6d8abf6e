//! How natives look at facts: known, absent, or hidden with the reason. A native goes on past what is hidden and comes
//! back to it only if nothing else decides.

use std::sync::Arc;

use rhai::EvalAltResult;

use crate::rule::run::{Path, Segment, fail};
use crate::rule::surface::Origin;
use crate::value::{Key, Object, Unreadable, Value};

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Fact<'a> {
    pub(super) value: &'a Value,
    origin: Origin,
}

/// What stands at one place.
pub(super) enum Seen<'a> {
    Absent,
    Known(Fact<'a>),
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

impl<'a> Fact<'a> {
    /// A value that stands somewhere in an item, or nowhere: what a script made or parsed.
    pub(super) fn new(value: &'a Value, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// The member of this name. `null` is absent here.
    pub(super) fn member(&self, name: &'static str) -> Seen<'a> {
        self.step(self.value.get(name), || Segment::Fixed(name))
    }

    /// All members, in the order of their names.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'a Key, Seen<'a>)> {
        let members = self.value.as_object().into_iter().flat_map(Object::iter);
        members.map(|(name, value)| (name, self.step(Some(value), || Segment::Name(Arc::clone(name)))))
    }

    /// The elements of a list; a single value is a list of it. Nothing has no elements.
    pub(super) fn elements(&self) -> impl Iterator<Item = Seen<'a>> {
        let (list, single) = match self.value {
            Value::Array(elements) => (elements.as_ref(), None),
            Value::Null => (Default::default(), None),
            _ => (Default::default(), Some(Seen::Known(self.clone()))),
        };
        let steps = list.iter().enumerate().map(|(at, element)| self.step(Some(element), || Segment::Index(at)));
        steps.chain(single)
    }

    fn step(&self, value: Option<&'a Value>, segment: impl Fn() -> Segment) -> Seen<'a> {
        match value {
            None | Some(Value::Null) => Seen::Absent,
            Some(Value::Unreadable(reason)) => Seen::Hidden(Hidden {
                place: self.origin.clone().map(|path| (path, segment())),
                reason: Arc::clone(reason),
            }),
            Some(value @ (Value::Array(_) | Value::Object(_))) => {
                Seen::Known(Self { value, origin: self.origin.as_ref().map(|path| path.below(segment())) })
            }
            Some(scalar) => {
                if let Some(path) = &self.origin {
                    path.note(&segment(), Some(scalar));
                }
                Seen::Known(Self { value: scalar, origin: None })
            }
        }
    }
}
