//! What forms the facts of a resource type have: what a rule may look for, and what it finds there.
//!
//! A schema is made of what is known before anything is read: descriptors and the services' models. It says what can be
//! there, not what is: any member may be absent from an item.

use std::collections::{BTreeMap, BTreeSet};

/// The form of a fact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Members of these names and no others.
    Object(BTreeMap<String, Self>),
    /// Members of names that are the account's own.
    Map(Box<Self>),
    /// Any number of elements.
    List(Box<Self>),
    /// Text; times and blobs too.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Truth,
    /// One of several.
    OneOf(BTreeSet<Self>),
    /// Nobody knows.
    Any,
}

impl Form {
    /// One or the other. Objects become one, with the members of both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            (Self::Object(mut members), Self::Object(more)) => {
                for (name, form) in more {
                    let before = members.remove(&name);
                    members.insert(name, before.map_or_else(|| form.clone(), |before| before.or(form.clone())));
                }
                Self::Object(members)
            }
            (Self::Map(one), Self::Map(two)) => Self::Map(Box::new(one.or(*two))),
            (Self::List(one), Self::List(two)) => Self::List(Box::new(one.or(*two))),
            (one, two) if one == two => one,
            (one, two) => {
                let mut forms = BTreeSet::new();
                for form in [one, two] {
                    match form {
                        Self::OneOf(several) => forms.extend(several),
                        form => _ = forms.insert(form),
                    }
                }
                Self::OneOf(forms)
            }
        }
    }

    /// The alternatives: itself, if there is only one.
    pub fn alternatives(&self) -> impl Iterator<Item = &Self> {
        let (one, several) = match self {
            Self::OneOf(forms) => (None, Some(forms)),
            form => (Some(form), None),
        };
        one.into_iter().chain(several.into_iter().flatten())
    }

    /// Sets the form at the end of a way through objects, which are made where there are none.
    pub(crate) fn put(&mut self, steps: &[&str], form: Self) {
        let Some((step, rest)) = steps.split_first() else {
            *self = form;
            return;
        };
        if let Self::Object(members) = self {
            members.entry((*step).to_owned()).or_insert_with(|| Self::Object(BTreeMap::new())).put(rest, form);
        }
    }

    /// Takes away what stands at the end of a way, through lists too.
    pub(crate) fn remove(&mut self, steps: &[String]) {
        match (self, steps) {
            (Self::List(element), steps) => element.remove(steps),
            (Self::Object(members), [last]) => _ = members.remove(last),
            (Self::Object(members), [first, rest @ ..]) => {
                if let Some(form) = members.get_mut(first) {
                    form.remove(rest);
                }
            }
            _ => {}
        }
    }
}

/// What is known of a resource type before one is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeSchema {
    /// The sections of its items: `configuration`, `supplementaryConfiguration` and `tags`.
    pub sections: Form,
    /// Where the facts of its parts stand: JSON pointers by the part's name.
    pub parts: BTreeMap<String, String>,
    /// By part, the others that are read with it.
    pub needs: BTreeMap<String, BTreeSet<String>>,
    /// The part that tells the tags, where they take a call of their own.
    pub tags: Option<String>,
    /// The links that its items tell.
    pub links: BTreeSet<Link>,
}

/// A link that the items of a type tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// The type of the other resource.
    pub to: String,
    /// The part that tells, if the listing does not.
    pub part: Option<String>,
    /// Whether the other resource's item has it too.
    pub inverse: bool,
}

impl TypeSchema {
    /// Of a type that has a descriptor for each of two scopes: what one of them has.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            sections: self.sections.or(other.sections),
            parts: self.parts.into_iter().chain(other.parts).collect(),
            needs: self.needs.into_iter().chain(other.needs).collect(),
            tags: self.tags.or(other.tags),
            links: self.links.into_iter().chain(other.links).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(members: &[(&str, Form)]) -> Form {
        Form::Object(members.iter().map(|(name, form)| ((*name).to_owned(), form.clone())).collect())
    }

    #[test]
    fn one_or_the_other_has_the_members_of_both() {
        let one = object(&[("a", Form::Text), ("b", Form::Integer)]);
        let two = object(&[("b", Form::Text), ("c", Form::Truth)]);
        let both = Form::OneOf([Form::Integer, Form::Text].into());
        assert_eq!(one.clone().or(two), object(&[("a", Form::Text), ("b", both), ("c", Form::Truth)]));
        assert_eq!(one.clone().or(Form::Any), Form::Any);
        assert_eq!(one.clone().or(one.clone()), one);
        assert_eq!(Form::Text.alternatives().count(), 1);
    }

    #[test]
    fn forms_are_put_and_taken_away_by_their_way() {
        let mut form = object(&[("a", Form::List(Box::new(object(&[("b", Form::Text), ("c", Form::Text)]))))]);
        form.remove(&["a".to_owned(), "b".to_owned()]);
        form.put(&["d", "e"], Form::Truth);
        let list = Form::List(Box::new(object(&[("c", Form::Text)])));
        assert_eq!(form, object(&[("a", list), ("d", object(&[("e", Form::Truth)]))]));
    }
}
