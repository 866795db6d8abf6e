//! Which facts of an item changed: two trees, walked side by side.
//!
//! Facts that either side could not read are left out. Policies are compared as policies, lists by the key of their
//! elements ([`elements`](super::elements)), and what has the same canonical form is no change.

use super::elements::{self, Pairing};
use super::{ChangeType, PropertyChange};
use crate::canonical::document::Document;
use crate::canonical::lists::Context;
use crate::canonical::{self, relationship_bytes};
use crate::item::{ConfigurationItem, Relationship};
use crate::value::{Value, escape};

/// The facts of one item that changed, by path. `links_are_known` says whether both sides know all links to a type.
pub(super) fn changes(
    before: &ConfigurationItem,
    after: &ConfigurationItem,
    links_are_known: impl Fn(&str) -> bool,
) -> Vec<PropertyChange> {
    let mut walk = Walk::default();
    let attributes = [
        ("resourceName", before.resource_name.as_deref(), after.resource_name.as_deref()),
        ("ARN", before.arn.as_deref(), after.arn.as_deref()),
        ("availabilityZone", before.availability_zone.as_deref(), after.availability_zone.as_deref()),
        ("resourceCreationTime", before.creation_time.as_deref(), after.creation_time.as_deref()),
    ];
    for (name, before, after) in attributes {
        if before != after {
            walk.inside(name, name, name, |walk| walk.push(before.map(Value::from), after.map(Value::from)));
        }
    }
    let context = Context::of(&after.key.resource_type);
    let sections = [
        ("tags", &before.tags, &after.tags),
        ("configuration", &before.configuration, &after.configuration),
        ("supplementaryConfiguration", &before.supplementary_configuration, &after.supplementary_configuration),
    ];
    for (name, before, after) in sections {
        walk.inside(name, name, name, |walk| walk.compare(Some(before), Some(after), &context));
    }
    if before.relationships != after.relationships {
        walk.relationships(before, after, links_are_known);
    }
    walk.changes.sort_by(|a, b| (&a.path, a.change).cmp(&(&b.path, b.change)));
    walk.changes
}

/// Where the walk is, in both items and in AWS Config's words, and what it found.
#[derive(Default)]
struct Walk {
    before: String,
    after: String,
    config: String,
    changes: Vec<PropertyChange>,
}

impl Walk {
    /// One step down: the segment in the older item, in the newer one, and in AWS Config's words.
    fn inside(&mut self, before: &str, after: &str, config: &str, walk: impl FnOnce(&mut Self)) {
        let ends = (self.before.len(), self.after.len(), self.config.len());
        for (path, segment) in [(&mut self.before, before), (&mut self.after, after)] {
            path.push('/');
            path.push_str(&escape(segment));
        }
        if !self.config.is_empty() {
            self.config.push('.');
        }
        // Tags are the user's words; all other names begin with a capital there.
        let mut letters = config.chars();
        match letters.next() {
            Some(first) if !self.config.starts_with("Tags.") => self.config.extend(first.to_uppercase()),
            first => self.config.extend(first),
        }
        self.config.push_str(letters.as_str());
        walk(self);
        self.before.truncate(ends.0);
        self.after.truncate(ends.1);
        self.config.truncate(ends.2);
    }

    fn push(&mut self, before: Option<Value>, after: Option<Value>) {
        let change = match (&before, &after) {
            (None, _) => ChangeType::Create,
            (_, None) => ChangeType::Delete,
            _ => ChangeType::Update,
        };
        let path = if change == ChangeType::Delete { self.before.clone() } else { self.after.clone() };
        self.changes.push(PropertyChange { path, config_path: self.config.clone(), change, before, after });
    }

    fn compare(&mut self, before: Option<&Value>, after: Option<&Value>, context: &Context) {
        match (before, after) {
            (Some(Value::Unreadable(_)), _) | (_, Some(Value::Unreadable(_))) | (None, None) => {}
            (Some(before), Some(after)) if before == after => {}
            (Some(before), Some(after)) => match (Document::of(before, context), Document::of(after, context)) {
                (None, None) => self.plain(before, after, context),
                (Some(old), Some(new)) if old.is_policy == new.is_policy => {
                    self.plain(&old.value, &new.value, &old.context());
                }
                _ => self.leaf(before, after, context),
            },
            (Some(only), None) if is_known(only, context) => self.push(Some(only.clone()), None),
            (None, Some(only)) if is_known(only, context) => self.push(None, Some(only.clone())),
            _ => {}
        }
    }

    fn plain(&mut self, before: &Value, after: &Value, context: &Context) {
        match (before, after) {
            (Value::Object(old), Value::Object(new)) => {
                // `null` is what some dialects write where others leave the member out.
                let member = |object: &crate::value::Object, name: &str| {
                    object.get(name).filter(|value| **value != Value::Null).cloned()
                };
                let only_new = new.iter().filter(|(name, _)| old.get(name).is_none());
                for (name, _) in old.iter().chain(only_new) {
                    let (before, after) = (member(old, name), member(new, name));
                    self.inside(name, name, name, |walk| {
                        walk.compare(before.as_ref(), after.as_ref(), &context.member(name));
                    });
                }
            }
            (Value::Array(old), Value::Array(new)) => self.list(old, new, context),
            _ => self.leaf(before, after, context),
        }
    }

    fn leaf(&mut self, before: &Value, after: &Value, context: &Context) {
        if !canonical::same(before, after, context) {
            self.push(Some(before.clone()), Some(after.clone()));
        }
    }

    fn list(&mut self, before: &[Value], after: &[Value], context: &Context) {
        let inside = context.element();
        for pairing in elements::pair(before, after, context) {
            match pairing {
                Pairing::Both(old, new) => {
                    let (before, after) = (before.get(old), after.get(new));
                    let (old, new) = (old.to_string(), new.to_string());
                    self.inside(&old, &new, &old, |walk| walk.compare(before, after, &inside));
                }
                Pairing::Gone(old) => {
                    let (before, old) = (before.get(old), old.to_string());
                    self.inside(&old, &old, &old, |walk| walk.push(before.cloned(), None));
                }
                Pairing::New(new, nth) => {
                    let after = after.get(new);
                    let (new, config) = (new.to_string(), (before.len() + nth).to_string());
                    self.inside(&new, &new, &config, |walk| walk.push(None, after.cloned()));
                }
            }
        }
    }

    fn relationships(
        &mut self,
        before: &ConfigurationItem,
        after: &ConfigurationItem,
        links_are_known: impl Fn(&str) -> bool,
    ) {
        // Of links to a type that either side does not know whole, none is compared.
        let links = |item: &ConfigurationItem| -> Vec<(usize, Vec<u8>, Value)> {
            let links = item.relationships.iter().enumerate();
            links
                .filter(|(_, link)| links_are_known(&link.resource_type))
                .map(|(at, link)| (at, relationship_bytes(link), as_value(link)))
                .collect()
        };
        let (old, mut new) = (links(before), links(after));
        let mut gone = Vec::new();
        for (at, bytes, value) in old {
            match new.iter().position(|(_, other, _)| *other == bytes) {
                Some(found) => _ = new.remove(found),
                None => gone.push((at, value)),
            }
        }
        self.inside("relationships", "relationships", "relationships", |walk| {
            for (at, value) in gone {
                let at = at.to_string();
                walk.inside(&at, &at, &at, |walk| walk.push(Some(value), None));
            }
            for (nth, (at, _, value)) in new.into_iter().enumerate() {
                let (at, config) = (at.to_string(), (before.relationships.len() + nth).to_string());
                walk.inside(&at, &at, &config, |walk| walk.push(None, Some(value)));
            }
        });
    }
}

/// Whether anything of a value could be read.
fn is_known(value: &Value, context: &Context) -> bool {
    value.as_object().is_none_or(|members| members.is_empty() || !canonical::value_bytes(value, context).is_empty())
}

/// A relationship as it is delivered.
fn as_value(link: &Relationship) -> Value {
    let text = |name: &'static str, text: Option<&str>| text.map(|text| (name, Value::from(text)));
    let members = [
        text("resourceType", Some(&link.resource_type)),
        text("resourceId", link.resource_id.as_deref()),
        text("resourceName", link.resource_name.as_deref()),
        text("name", Some(&link.name)),
    ];
    Value::object(members.into_iter().flatten())
}
