//! A draft and the outputs of its parts become a configuration item.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use compact_str::CompactString;

use super::secret::Digests;
use super::{Account, Api, Draft, Output, Outputs, holds};
use crate::item::{ConfigurationItem, Relationship, UnreadableRelationship};
use crate::source::descriptor::path::{Env, Frame};
use crate::source::descriptor::template::Text;
use crate::source::descriptor::{Link, Part, ResourceDescriptor, Tags, Zone};
use crate::source::model::ServiceModel;
use crate::value::{Key, Unreadable, Value, intern};

impl<A: Api> Account<A> {
    /// The item of a draft. A part that is not among the outputs was not asked for; what depends on it is unreadable.
    pub fn item(&self, descriptor: &ResourceDescriptor, draft: &Draft, outputs: &Outputs) -> ConfigurationItem {
        let mut item = ConfigurationItem::new(draft.key.clone(), &self.identity().captured_at);
        item.resource_name = draft.name.as_deref().map(Arc::from);
        item.arn = draft.arn.as_deref().map(Arc::from);
        let given: BTreeMap<Key, Value> = outputs
            .iter()
            .filter_map(|(name, output)| match output {
                Output::Taken(value) => Some((Arc::clone(name), value.clone())),
                Output::Constant(_) | Output::Unreadable(_) => None,
            })
            .collect();
        let builder = Builder {
            descriptor,
            outputs,
            frame: draft.element.frame(),
            env: self.env(draft, &given),
            model: descriptor.element_model(self.models()),
        };
        match &draft.unreadable {
            Some(reason) => builder.mark_unreadable(&mut item, reason),
            None => builder.fill(&mut item),
        }
        for part in &descriptor.parts {
            let model = part.source.call().and_then(|call| self.models().service(&call.service).ok());
            builder.add_part(&mut item, part, model.map(AsRef::as_ref));
        }
        builder.add_tags(&mut item);
        builder.add_links(&mut item);
        for pointer in &descriptor.secrets {
            self.secret_key.hide_in(&mut item, pointer, Digests::Hide);
        }
        item
    }
}

struct Builder<'b> {
    descriptor: &'b ResourceDescriptor,
    outputs: &'b Outputs,
    frame: Frame<'b>,
    env: Env<'b>,
    /// Of the service whose answer the element is.
    model: Option<&'b ServiceModel>,
}

impl Builder<'_> {
    /// All that the element would have told.
    fn mark_unreadable(&self, item: &mut ConfigurationItem, reason: &Arc<Unreadable>) {
        item.add_gap("/configuration", reason);
        if self.descriptor.tags.as_ref().is_some_and(|tags| tags.part.is_none()) {
            item.add_gap("/tags", reason);
        }
    }

    fn fill(&self, item: &mut ConfigurationItem) {
        let text = |value: Option<Value>| value.as_ref().and_then(Value::as_str).map(CompactString::from);
        item.creation_time = self.descriptor.created.as_ref().and_then(|path| text(path.get(&self.frame, &self.env)));
        item.availability_zone = match &self.descriptor.zone {
            Some(Zone::Literal(words)) => Some(words.as_str().into()),
            Some(Zone::Path(path)) => text(path.get(&self.frame, &self.env)),
            None => None,
        };
        item.configuration = self.configuration().unwrap_or_else(|| Value::object::<&str>([]));
    }

    fn configuration(&self) -> Option<Value> {
        let body = &self.descriptor.body;
        let Some(model) = self.model else { return Some(Value::object::<&str>([])) };
        if let Some(build) = &body.build {
            return build.value(model, &self.frame, &self.env);
        }
        let mut element = self.frame.value.clone();
        for path in &body.drop {
            element = path.without(&element);
        }
        let mut value = body.cased(model, &body.from.get(&self.frame.beside(&element), &self.env)?);
        if let Value::Object(members) = &value
            && !(body.rename.is_empty() && body.set.is_empty())
        {
            let renamed = members.iter().map(|(name, value)| {
                let name = body.rename.get(name.as_ref()).map_or_else(|| Arc::clone(name), |name| intern(name));
                (name, value.clone())
            });
            let set = body
                .set
                .iter()
                .filter_map(|(name, template)| Some((intern(name), template.value(model, &self.frame, &self.env)?)));
            value = Value::object(renamed.chain(set));
        }
        Some(value)
    }

    fn add_part(&self, item: &mut ConfigurationItem, part: &Part, model: Option<&ServiceModel>) {
        let (Some(into), Some(output)) = (&part.into, self.outputs.get(&part.name)) else { return };
        let value = match output {
            Output::Unreadable(reason) => {
                item.add_gap(into, reason);
                return;
            }
            Output::Constant(None) => return,
            Output::Constant(Some(value)) => Some(value.clone()),
            Output::Taken(value) => match (&part.build, model) {
                (Some(build), Some(model)) => build.value(model, &self.frame.inner(value), &self.env),
                (None, Some(model)) => Some(part.cased(model, value)),
                (_, None) => Some(value.clone()),
            },
        };
        if let Some(value) = value {
            item.put(into, value);
        }
    }

    fn add_tags(&self, item: &mut ConfigurationItem) {
        let Some(tags) = &self.descriptor.tags else { return };
        let Some(part) = &tags.part else {
            if item.tags.as_unreadable().is_none() {
                item.tags = self.tags(tags, &self.frame);
            }
            return;
        };
        match self.outputs.get(part) {
            Some(Output::Taken(value)) => item.tags = self.tags(tags, &self.frame.inner(value)),
            Some(Output::Unreadable(reason)) => item.add_gap("/tags", reason),
            Some(Output::Constant(_)) => {}
            None => item.obscure("/tags", &Arc::new(Unreadable::not_collected(part))),
        }
    }

    fn tags(&self, tags: &Tags, frame: &Frame<'_>) -> Value {
        let Some((key, value)) = &tags.pair else {
            let map = tags.path.get(frame, &self.env).filter(|map| map.as_object().is_some());
            return map.unwrap_or_else(|| Value::object::<&str>([]));
        };
        let mut found = Vec::new();
        tags.path.each(frame, &self.env, &mut |tag| {
            if let Some(Value::String(key)) = key.get(tag, &self.env) {
                // A tag without a value has an empty one.
                let value = value.get(tag, &self.env).filter(|value| *value != Value::Null);
                found.push((key, value.unwrap_or_else(|| "".into())));
            }
        });
        Value::object(found)
    }

    fn add_links(&self, item: &mut ConfigurationItem) {
        let mut unreadable = BTreeSet::new();
        for link in &self.descriptor.links {
            match self.links(item, link) {
                Ok(found) => item.relationships.extend(found),
                Err(reason) => {
                    _ = unreadable
                        .insert(UnreadableRelationship { resource_type: Arc::clone(&link.resource_type), reason });
                }
            }
        }
        item.unreadable_relationships = unreadable.into_iter().collect();
        item.relationships.sort();
        item.relationships.dedup();
    }

    fn links(&self, item: &ConfigurationItem, link: &Link) -> Result<Vec<Relationship>, Arc<Unreadable>> {
        let mut found = Vec::new();
        let mut add = |frame: &Frame<'_>| {
            if !holds(&link.filter, frame, &self.env) {
                return;
            }
            let text = |template: Option<&Text>| {
                template.and_then(|text| text.text(frame, &self.env)).filter(|text| !text.is_empty())
            };
            let (id, name) = (text(link.id.as_ref()), text(link.resource_name.as_ref()));
            if id.is_some() || name.is_some() {
                found.push(Relationship {
                    resource_type: Arc::clone(&link.resource_type),
                    resource_id: id.as_deref().map(Arc::from),
                    resource_name: name.as_deref().map(Arc::from),
                    name: Arc::clone(&link.name),
                });
            }
        };
        let mut add_each = |frame: &Frame<'_>| match (&link.split, frame.value.as_str()) {
            (Some(between), Some(text)) => {
                text.split(between.as_ref()).for_each(|piece| add(&frame.inner(&piece.trim().into())));
            }
            _ => add(frame),
        };
        match &link.part {
            None => match item.configuration.as_unreadable() {
                Some(reason) => return Err(Arc::clone(reason)),
                None => link.each.each(&self.frame, &self.env, &mut add_each),
            },
            Some(part) => match self.outputs.get(part) {
                Some(Output::Taken(value)) => link.each.each(&self.frame.inner(value), &self.env, &mut add_each),
                Some(Output::Constant(_)) => {}
                Some(Output::Unreadable(reason)) => return Err(Arc::clone(reason)),
                None => return Err(Arc::new(Unreadable::not_collected(part))),
            },
        }
        Ok(found)
    }
}
