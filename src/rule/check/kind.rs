//! What is known of a value before a script runs: its kind, and where in which type's items it stands.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::Arc;

use rhai::{Array, Dynamic, FnPtr, ImmutableString, Map};

use crate::rule::ParameterType;
use crate::rule::surface::{Document, Item, List, Parameters};
use crate::schema::Form;

/// One kind that a value can be of.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// `()`.
    Nothing,
    Truth,
    /// A truth value that a question for the judged item's type has.
    Known(bool),
    Integer,
    Number,
    Text,
    /// A text that stands in the script.
    Word(ImmutableString),
    /// The type of an item.
    TypeName(Arc<str>),
    Item(Arc<str>),
    /// An object or a list of an item's facts, or what nothing is known of.
    Fact(Form, Place),
    /// A list that a script makes.
    Array(Kinds),
    /// An object that a script makes.
    Map(BTreeMap<String, Kinds>),
    Parameters,
    /// A function without a name.
    Closure(String),
    /// A value of a native's own type.
    Host(TypeId),
}

/// A place in the items of a type: the steps from the item's root, `*` for each element or member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) resource_type: Arc<str>,
    pub(super) steps: Vec<String>,
}

impl Place {
    pub(super) fn below(&self, step: &str) -> Self {
        let steps = self.steps.iter().map(String::as_str).chain([step]).map(str::to_owned).collect();
        Self { resource_type: Arc::clone(&self.resource_type), steps }
    }

    /// `/configuration/encrypted`.
    pub(super) fn pointer(&self) -> String {
        self.steps.iter().fold(String::new(), |text, step| format!("{text}/{step}"))
    }
}

/// All kinds that a value can be of. Of none as long as nothing is known that could come there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kinds {
    /// It can be anything; the alternatives say nothing then.
    pub(super) any: bool,
    pub(super) of: Vec<Kind>,
}

/// So many alternatives are told apart.
const MOST: usize = 24;

impl From<Kind> for Kinds {
    fn from(kind: Kind) -> Self {
        Self { any: false, of: vec![kind] }
    }
}

impl Kinds {
    pub(super) fn any() -> Self {
        Self { any: true, of: Vec::new() }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.any |= other.any;
        for kind in other.of {
            let known = self.of.iter().position(|known| known.is_like(&kind));
            match (known.and_then(|at| self.of.get_mut(at)), kind) {
                (Some(Kind::Array(known)), Kind::Array(more)) => known.add(more),
                (Some(_), _) => {}
                (None, kind) => self.of.push(kind),
            }
            self.any |= self.of.len() > MOST;
        }
        if self.any {
            self.of.clear();
        }
    }

    pub(super) fn or(mut self, other: Self) -> Self {
        self.add(other);
        self
    }

    /// Without `()`: that a fact may be absent is known of every fact.
    pub(super) fn something(&self) -> Self {
        let of = self.of.iter().filter(|kind| **kind != Kind::Nothing).cloned().collect();
        Self { any: self.any, of }
    }

    /// Whether nothing is known that could come there, beside `()`.
    pub(super) fn is_nothing(&self) -> bool {
        !self.any && self.of.iter().all(|kind| *kind == Kind::Nothing)
    }

    /// The truth value, if it is known.
    pub(super) fn known(&self) -> Option<bool> {
        match (self.any, self.of.as_slice()) {
            (false, [Kind::Known(truth)]) => Some(*truth),
            _ => None,
        }
    }

    /// The text, if it is one that stands in the script.
    pub(super) fn word(&self) -> Option<&str> {
        match (self.any, self.of.as_slice()) {
            (false, [Kind::Word(word)]) => Some(word),
            _ => None,
        }
    }

    /// A fact of this form.
    pub(super) fn of_form(form: &Form, place: &Place) -> Self {
        let mut kinds = Self::default();
        for form in form.alternatives() {
            kinds.add(match form {
                Form::Any => Self::any(),
                Form::Text => Kind::Text.into(),
                Form::Integer => Kind::Integer.into(),
                Form::Number => Kind::Number.into(),
                Form::Truth => Kind::Truth.into(),
                form => Kind::Fact(form.clone(), place.clone()).into(),
            });
        }
        kinds
    }

    /// A constant of a script.
    pub(super) fn of_constant(value: &Dynamic) -> Self {
        if value.is_unit() {
            Kind::Nothing.into()
        } else if value.is_bool() {
            Kind::Truth.into()
        } else if value.is_int() {
            Kind::Integer.into()
        } else if value.is_float() {
            Kind::Number.into()
        } else if let Ok(text) = value.as_immutable_string_ref() {
            Kind::Word(text.clone()).into()
        } else if let Ok(array) = value.as_array_ref() {
            let elements = array.iter().map(Self::of_constant).fold(Self::default(), Self::or);
            Kind::Array(elements).into()
        } else if let Ok(map) = value.as_map_ref() {
            Kind::Map(map.iter().map(|(name, value)| (name.to_string(), Self::of_constant(value))).collect()).into()
        } else if let Some(function) = value.read_lock::<FnPtr>() {
            Kind::Closure(function.fn_name().to_owned()).into()
        } else {
            Self::any()
        }
    }

    /// The value of a parameter.
    pub(super) fn of_parameter(kind: ParameterType) -> Self {
        match kind {
            ParameterType::String => Kind::Text.into(),
            ParameterType::Integer => Kind::Integer.into(),
            ParameterType::Number => Kind::Number.into(),
            ParameterType::Boolean => Kind::Truth.into(),
            ParameterType::Csv => Kind::Array(Kind::Text.into()).into(),
            ParameterType::Map => Self::any(),
        }
    }

    /// What a native of this return type gives.
    pub(super) fn of_type(id: TypeId) -> Self {
        let is = |wanted: TypeId| id == wanted;
        if is(TypeId::of::<bool>()) {
            Kind::Truth.into()
        } else if is(TypeId::of::<i64>()) {
            Kind::Integer.into()
        } else if is(TypeId::of::<f64>()) {
            Kind::Number.into()
        } else if is(TypeId::of::<String>()) || is(TypeId::of::<ImmutableString>()) {
            Kind::Text.into()
        } else if is(TypeId::of::<()>()) {
            Kind::Nothing.into()
        } else if is(TypeId::of::<Array>()) {
            Kind::Array(Self::any()).into()
        } else if is(TypeId::of::<Dynamic>()) || is(TypeId::of::<Document>()) || is(TypeId::of::<List>()) {
            // Documents and lists that a native makes are of forms that no model tells.
            Self::any()
        } else {
            Kind::Host(id).into()
        }
    }

    /// In words: `a text`, `a number or ()`.
    pub(super) fn words(&self) -> String {
        let mut words: Vec<&str> = self.of.iter().map(Kind::words).collect();
        words.dedup();
        words.join(" or ")
    }
}

impl Kind {
    /// Whether both are one alternative.
    fn is_like(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Array(_), Self::Array(_))) || self == other
    }

    /// Whether a native's parameter of this type takes the value.
    pub(super) fn fits(&self, id: TypeId) -> bool {
        let is = |wanted: &[TypeId]| wanted.contains(&id);
        if id == TypeId::of::<Dynamic>() {
            return true;
        }
        match self {
            Self::Nothing => is(&[TypeId::of::<()>()]),
            Self::Truth | Self::Known(_) => is(&[TypeId::of::<bool>()]),
            Self::Integer => is(&[TypeId::of::<i64>()]),
            // A number may be a whole one.
            Self::Number => is(&[TypeId::of::<i64>(), TypeId::of::<f64>()]),
            Self::Text | Self::Word(_) | Self::TypeName(_) => {
                is(&[TypeId::of::<ImmutableString>(), TypeId::of::<&str>(), TypeId::of::<String>()])
            }
            Self::Item(_) => is(&[TypeId::of::<Item>()]),
            Self::Fact(Form::List(_), _) => is(&[TypeId::of::<List>()]),
            Self::Fact(..) => is(&[TypeId::of::<Document>()]),
            Self::Array(_) => is(&[TypeId::of::<Array>()]),
            Self::Map(_) => is(&[TypeId::of::<Map>()]),
            Self::Parameters => is(&[TypeId::of::<Parameters>()]),
            Self::Closure(_) => is(&[TypeId::of::<FnPtr>()]),
            Self::Host(own) => is(&[*own]),
        }
    }

    /// Whether comparing the two has an answer.
    pub(super) fn compares(&self, other: &Self, by_order: bool) -> bool {
        let class = |kind: &Self| match kind {
            Self::Truth | Self::Known(_) => Some(0),
            Self::Integer | Self::Number => Some(1),
            Self::Text | Self::Word(_) | Self::TypeName(_) => Some(2),
            Self::Item(_) => Some(3),
            Self::Fact(Form::List(_), _) | Self::Array(_) => Some(4),
            _ => None,
        };
        match (class(self), class(other)) {
            (Some(one), Some(two)) => one == two && (!by_order || matches!(one, 1 | 2)),
            // Natives' own values, and objects: they cannot be compared.
            _ => matches!((self, other), (Self::Host(_), _) | (_, Self::Host(_))),
        }
    }

    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Nothing => "()",
            Self::Truth | Self::Known(_) => "true or false",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Text | Self::Word(_) | Self::TypeName(_) => "a text",
            Self::Item(_) => "an item",
            Self::Fact(Form::List(_), _) | Self::Array(_) => "a list",
            Self::Fact(..) | Self::Map(_) => "an object",
            Self::Parameters => "the parameters",
            Self::Closure(_) => "a function",
            Self::Host(_) => "a value of another kind",
        }
    }
}
