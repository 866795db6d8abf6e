//! Items and the questions for other items: related ones, all of a type, one by its name.

use std::sync::{Arc, OnceLock};

use rhai::{Dynamic, ImmutableString};

use super::document::Step;
use super::{Document, List, Surface, document};
use crate::item::{ConfigurationItem, GLOBAL, Relationship};
use crate::rule::run::{Outcome, Path, Run, fail, note_attribute, note_links, stop, stop_at_listing, with};
use crate::snapshot::{Place, Snapshot, Told};
use crate::value::{Unreadable, Value, code};

/// A resource: one whose facts are there, or one that is known by its name only.
#[derive(Clone, Debug)]
pub(in crate::rule) struct Item(Facts);

#[derive(Clone, Debug)]
enum Facts {
    Known(Arc<ConfigurationItem>),
    Linked(Arc<Linked>),
}

/// The other end of a link. Its item is looked for when a rule wants to look at it, and so is why it cannot be: most rules
/// only ask whether there is a link.
#[derive(Debug)]
struct Linked {
    from: Arc<ConfigurationItem>,
    link: Relationship,
    item: OnceLock<Option<Arc<ConfigurationItem>>>,
}

impl Linked {
    fn item(&self) -> Outcome<Option<&Arc<ConfigurationItem>>> {
        if let Some(item) = self.item.get() {
            return Ok(item.as_ref());
        }
        let item = with(|run| Ok(run.target(&self.from, &self.link)))?;
        Ok(self.item.get_or_init(|| item).as_ref())
    }
}

impl Item {
    pub(in crate::rule) fn new(item: &Arc<ConfigurationItem>) -> Self {
        Self(Facts::Known(Arc::clone(item)))
    }

    /// Whether both are the same resource.
    pub(super) fn is(&self, other: &Self) -> Outcome<bool> {
        Ok(match (self.found()?, other.found()?) {
            (Ok(a), Ok(b)) => a.key == b.key,
            (Err(a), Err(b)) => {
                a.link.resource_type == b.link.resource_type
                    && a.link.resource_id == b.link.resource_id
                    && a.link.resource_name == b.link.resource_name
            }
            _ => false,
        })
    }

    /// The item, or the link that leads to none that can be looked at.
    fn found(&self) -> Outcome<Result<&Arc<ConfigurationItem>, &Linked>> {
        match &self.0 {
            Facts::Known(item) => Ok(Ok(item)),
            Facts::Linked(linked) => Ok(linked.item()?.ok_or(linked)),
        }
    }

    /// The item's facts, or the reason why they are not there.
    fn known(&self, path: &'static str) -> Outcome<&Arc<ConfigurationItem>> {
        match self.found()? {
            Ok(item) => Ok(item),
            Err(Linked { from, link, .. }) => {
                let reason = with(|run| Ok(run.why_unknown(from, link)))?;
                let id = link.resource_id.as_ref().or(link.resource_name.as_ref());
                Err(stop(crate::gap::Gap {
                    account_id: from.key.account_id.to_string(),
                    aws_region: from.key.region.to_string(),
                    resource_type: link.resource_type.to_string(),
                    resource_id: id.map(ToString::to_string),
                    path: Some(path.to_owned()),
                    reason,
                }))
            }
        }
    }

    fn attribute(&self, name: &'static str) -> Outcome<Dynamic> {
        match self.optional_attribute(name)? {
            value if value.is_unit() => {
                let item = self.known(name)?;
                let reason = Unreadable {
                    operation: String::new(),
                    action: None,
                    code: code::ABSENT.to_owned(),
                    message: format!("/{name} is absent"),
                };
                Err(stop(item.full_gap(Some(format!("/{name}")), &Arc::new(reason))))
            }
            value => Ok(value),
        }
    }

    /// An attribute, or `()` if AWS tells none.
    fn optional_attribute(&self, name: &'static str) -> Outcome<Dynamic> {
        if let Err(Linked { link, .. }) = self.found()? {
            let text = match name {
                "resourceType" => Some(&link.resource_type),
                "resourceId" => link.resource_id.as_ref(),
                "resourceName" => link.resource_name.as_ref(),
                _ => None,
            };
            if let Some(text) = text {
                return Ok(ImmutableString::from(text.as_ref()).into());
            }
        }
        let item = self.known(name)?;
        let value = attribute(item, name).map_or(Value::Null, Value::from);
        note_attribute(item, name, &value);
        document::to_dynamic(&value, None)
    }

    fn section(&self, name: &'static str) -> Outcome<(&Arc<ConfigurationItem>, &Value)> {
        let item = self.known(name)?;
        Ok((item, section(item, name)))
    }

    fn document(&self, name: &'static str) -> Outcome<Dynamic> {
        let (item, value) = self.section(name)?;
        match value {
            Value::Object(members) => {
                Ok(Dynamic::from(Document { members: members.clone(), origin: Some(Path::section(item, name)) }))
            }
            Value::Unreadable(reason) => Err(stop(item.full_gap(Some(format!("/{name}")), reason))),
            value => document::to_dynamic(value, Some(Path::section(item, name))),
        }
    }

    /// The optional read, from the item's root.
    fn get(&self, path: &str) -> Outcome<Dynamic> {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let section = SECTIONS.into_iter().find(|name| *name == first);
        match (section, rest) {
            (Some(section), Some(rest)) => {
                let (item, value) = self.section(section)?;
                if let Value::Unreadable(reason) = value {
                    return Err(stop(item.full_gap(Some(format!("/{section}")), reason)));
                }
                document::get(value, Some(&Path::section(item, section)), rest)
            }
            (Some(section), None) => self.document(section),
            (None, None) => match ATTRIBUTES.into_iter().find(|name| *name == first) {
                Some(name) => self.optional_attribute(name),
                None => Err(no_attribute(first)),
            },
            (None, Some(_)) => Err(no_attribute(first)),
        }
    }

    fn related(&self, resource_type: &str) -> Outcome<List> {
        let item = self.known("relationships")?;
        with(|run| {
            let links = run
                .snapshot
                .links(item, resource_type)
                .map_err(|reason| item.full_gap(Some("/relationships".to_owned()), &reason));
            Ok(links.map(|links| links.map(|link| run.linked(item, link)).collect::<Vec<_>>()))
        })?
        .map(|items| {
            note_links(item, resource_type, items.iter().filter_map(Item::label));
            List::of_hosts(items.into_iter().map(Dynamic::from))
        })
        .map_err(stop)
    }

    /// The id, or the name where the link tells no id.
    pub(super) fn label(&self) -> Option<Arc<str>> {
        match &self.0 {
            Facts::Known(item) => Some(Arc::clone(&item.key.resource_id)),
            Facts::Linked(linked) => linked.link.resource_id.clone().or_else(|| linked.link.resource_name.clone()),
        }
    }
}

pub(in crate::rule) const SECTIONS: [&str; 3] = ["configuration", "supplementaryConfiguration", "tags"];

pub(in crate::rule) const ATTRIBUTES: [&str; 8] = [
    "resourceType",
    "resourceId",
    "resourceName",
    "arn",
    "awsRegion",
    "accountId",
    "availabilityZone",
    "resourceCreationTime",
];

/// The text of one of [`ATTRIBUTES`], if the item has it.
fn attribute<'i>(item: &'i ConfigurationItem, name: &str) -> Option<&'i str> {
    match name {
        "resourceType" => Some(&item.key.resource_type),
        "resourceId" => Some(&item.key.resource_id),
        "resourceName" => item.resource_name.as_deref(),
        "arn" => item.arn.as_deref(),
        "awsRegion" => Some(&item.key.region),
        "accountId" => Some(&item.key.account_id),
        "availabilityZone" => item.availability_zone.as_deref(),
        "resourceCreationTime" => item.creation_time.as_deref(),
        _ => None,
    }
}

/// One of [`SECTIONS`].
fn section<'i>(item: &'i ConfigurationItem, name: &str) -> &'i Value {
    match name {
        "configuration" => &item.configuration,
        "supplementaryConfiguration" => &item.supplementary_configuration,
        _ => &item.tags,
    }
}

#[expect(clippy::unnecessary_box_returns, reason = "the errors of Rhai's functions are boxed")]
fn no_attribute(name: &str) -> Box<rhai::EvalAltResult> {
    fail(format!("an item has no `{name}`: it has {}, {}", ATTRIBUTES.join(", "), SECTIONS.join(", ")))
}

impl Run {
    /// What is at the other end of a link. What the link calls by anything but its id is looked for at once: the id is what
    /// it is shown by.
    fn linked(&self, from: &Arc<ConfigurationItem>, link: &Relationship) -> Item {
        let is_called_by_id = link.resource_id.as_ref().is_some_and(|id| !id.starts_with("arn:"));
        if !is_called_by_id && let Some(item) = self.target(from, link) {
            return Item(Facts::Known(item));
        }
        Item(Facts::Linked(Arc::new(Linked { from: Arc::clone(from), link: link.clone(), item: OnceLock::new() })))
    }

    /// The item at the other end of a link, if it can be looked at.
    fn target(&self, from: &Arc<ConfigurationItem>, link: &Relationship) -> Option<Arc<ConfigurationItem>> {
        let found = if self.rule.may_read(&link.resource_type) { self.snapshot.target(from, link) } else { None };
        let item = found.filter(|item| item.status.is_present())?;
        self.nearer_are_known(from, item, link).is_ok().then(|| Arc::clone(item))
    }

    /// Why the item at the other end of a link cannot be looked at.
    fn why_unknown(&self, from: &ConfigurationItem, link: &Relationship) -> Arc<Unreadable> {
        let resource_type = &link.resource_type;
        let unreadable = |code: &str, message: String| {
            Arc::new(Unreadable { operation: String::new(), action: None, code: code.to_owned(), message })
        };
        if !self.rule.may_read(resource_type) {
            let message = format!("the rule does not say that it reads {resource_type}");
            return unreadable(code::NOT_COLLECTED, message);
        }
        let found = self.snapshot.target(from, link).filter(|item| item.status.is_present());
        let known = match found {
            Some(item) => self.nearer_are_known(from, item, link),
            None => complete(&self.snapshot, &from.key.account_id, resource_type, None),
        };
        match known {
            Err((_, reason)) => reason,
            Ok(()) => unreadable(code::NOT_FOUND, format!("no such {resource_type} is in the snapshot")),
        }
    }
}

/// Whether a type was listed everywhere in an account, or in one region of it.
///
/// # Errors
/// The first place that was not, and why.
fn complete(
    snapshot: &Snapshot,
    account_id: &str,
    resource_type: &str,
    region: Option<&str>,
) -> Result<(), (Place, Arc<Unreadable>)> {
    snapshot.is_listed(account_id, resource_type, region.unwrap_or(GLOBAL), |place| {
        region.is_none_or(|region| *place.aws_region == *region)
    })
}

/// All items of a type in the account of the judged item.
fn resources(resource_type: &str, region: Option<&str>) -> Outcome<List> {
    with(|run| {
        run.may_ask_for(resource_type)?;
        let account_id = &run.subject.key.account_id;
        Ok(complete(&run.snapshot, account_id, resource_type, region).map(|()| {
            let all = run.snapshot.of_type_anywhere(account_id, resource_type);
            let items = all.filter(|item| region.is_none_or(|region| *item.key.region == *region));
            List::of_hosts(items.filter(|item| item.status.is_present()).map(|item| Dynamic::from(Item::new(item))))
        }))
    })?
    .map_err(|(place, reason)| stop_at_listing(&place, &reason))
}

/// The items of a type in a region, in the account of the judged item, that have this text at a path. An item that may
/// have it, as nobody could read what it has, ends the evaluation.
fn telling(resource_type: &str, region: &str, path: &str, text: &str) -> Outcome<List> {
    let place = Position::of(path)?;
    let candidates = with(|run| {
        run.may_ask_for(resource_type)?;
        let account_id = &run.subject.key.account_id;
        Ok(complete(&run.snapshot, account_id, resource_type, Some(region)).map(|()| {
            let of_type = Place {
                account_id: Arc::clone(account_id),
                aws_region: region.into(),
                resource_type: resource_type.into(),
            };
            run.snapshot.telling(&of_type, path, text, |item| place.told(item))
        }))
    })?
    .map_err(|(place, reason)| stop_at_listing(&place, &reason))?;
    let mut items = Vec::new();
    for item in candidates.iter().filter(|item| item.status.is_present()).map(Item::new) {
        let value = item.get(path)?;
        if value.as_immutable_string_ref().is_ok_and(|told| *told == *text) {
            items.push(Dynamic::from(item));
        }
    }
    Ok(List::of_hosts(items))
}

/// Where in an item a text is looked for.
enum Position<'a> {
    Attribute(&'static str),
    Fact(&'static str, Vec<Step<'a>>),
}

impl<'a> Position<'a> {
    fn of(path: &'a str) -> Outcome<Self> {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let section = SECTIONS.into_iter().find(|name| *name == first);
        let attribute = ATTRIBUTES.into_iter().find(|name| *name == first);
        match (section, attribute, rest) {
            (Some(section), _, Some(rest)) => Ok(Self::Fact(section, document::steps(rest)?)),
            (_, Some(attribute), None) => Ok(Self::Attribute(attribute)),
            _ => Err(fail(format!("`{path}` is no place of a text in an item: they look like configuration.a.b"))),
        }
    }

    fn told<'i>(&self, item: &'i ConfigurationItem) -> Told<'i> {
        match self {
            Self::Attribute(name) => attribute(item, name).map_or(Told::Other, Told::Text),
            Self::Fact(name, steps) => match document::at(section(item, name), steps) {
                Some(Value::String(text)) => Told::Text(text),
                Some(Value::Unreadable(_)) => Told::Unreadable,
                _ => Told::Other,
            },
        }
    }
}

/// The item of a type by its id, ARN or name; `()` if there is none.
fn find(resource_type: &str, name: &str) -> Outcome<Dynamic> {
    let found = with(|run| {
        run.may_ask_for(resource_type)?;
        let account_id = &run.subject.key.account_id;
        let link = Relationship {
            resource_type: resource_type.into(),
            resource_id: Some(name.into()),
            resource_name: None,
            name: "".into(),
        };
        if let Some(item) = run.snapshot.target(&run.subject, &link).filter(|item| item.status.is_present()) {
            return Ok(match run.nearer_are_known(&run.subject, item, &link) {
                Ok(()) => Ok(Some(Item::new(item))),
                Err((place, reason)) => Err(place.gap(&reason)),
            });
        }
        let of_arn = |nth| name.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(nth)).unwrap_or_default();
        let owner = of_arn(3);
        if !owner.is_empty() && *owner != **account_id && owner != "aws" {
            let reason = Unreadable {
                operation: String::new(),
                action: None,
                code: code::NOT_COLLECTED.to_owned(),
                message: format!("{name} is of another account"),
            };
            return Ok(Err(crate::gap::Gap {
                account_id: owner.to_owned(),
                aws_region: of_arn(2).to_owned(),
                resource_type: resource_type.to_owned(),
                resource_id: Some(name.to_owned()),
                path: None,
                reason: Arc::new(reason),
            }));
        }
        // What an ARN names is in its region or nowhere; of a global type the ARN's region says nothing.
        let region = Some(of_arn(2)).filter(|region| !region.is_empty() && run.is_regional(resource_type));
        let mut known = complete(&run.snapshot, account_id, resource_type, region);
        if known.is_ok() && region.is_some() && run.is_global(resource_type) {
            // The ARN of a type that is of both kinds names a region all the same: a web ACL of CloudFront us-east-1.
            known = complete(&run.snapshot, account_id, resource_type, Some(GLOBAL));
        }
        Ok(known.map(|()| None).map_err(|(place, reason)| place.gap(&reason)))
    })?
    .map_err(stop)?;
    Ok(found.map_or(Dynamic::UNIT, Dynamic::from))
}

impl Run {
    /// Whether the item that a link of `from` leads to is the one that is meant. Most names are unique in a region only: an
    /// item of another region is meant where the own region of `from` is known to have none.
    ///
    /// # Errors
    /// The place that may have a nearer one, and why it is not known.
    fn nearer_are_known(
        &self,
        from: &ConfigurationItem,
        item: &ConfigurationItem,
        link: &Relationship,
    ) -> Result<(), (Place, Arc<Unreadable>)> {
        let own = &from.key.region;
        let is_near = item.key.region == *own || [&*item.key.region, own].contains(&GLOBAL);
        let name = link.resource_id.as_ref().or(link.resource_name.as_ref());
        if is_near || name.is_some_and(|name| name.starts_with("arn:")) {
            return Ok(());
        }
        complete(&self.snapshot, &from.key.account_id, &item.key.resource_type, Some(own))
    }

    /// Whether the type is listed by region.
    fn is_regional(&self, resource_type: &str) -> bool {
        let places = self.snapshot.places(&self.subject.key.account_id, resource_type);
        places.iter().any(|place| *place.aws_region != *GLOBAL)
    }

    /// Whether the type is listed without a region.
    fn is_global(&self, resource_type: &str) -> bool {
        let places = self.snapshot.places(&self.subject.key.account_id, resource_type);
        places.iter().any(|place| *place.aws_region == *GLOBAL)
    }

    /// A rule that asks for what it did not declare would get an answer only when another rule happens to read the same.
    fn may_ask_for(&self, resource_type: &str) -> Outcome<()> {
        if self.rule.may_read(resource_type) {
            return Ok(());
        }
        Err(fail(format!("the rule does not say that it reads {resource_type}: add it to `reads`")))
    }
}

pub(super) fn register(surface: &mut Surface) {
    for name in ATTRIBUTES {
        surface.getter(name, move |item: &mut Item| item.attribute(name));
    }
    for name in SECTIONS {
        surface.getter(name, move |item: &mut Item| item.document(name));
    }
    surface
        .unchanged::<Item>(&ATTRIBUTES)
        .unchanged::<Item>(&SECTIONS)
        .indexer(|_: &mut Item, name: &str| -> Outcome<Dynamic> { Err(no_attribute(name)) })
        .function("get", |item: &mut Item, path: &str| item.get(path))
        .function("related", |item: &mut Item, resource_type: &str| item.related(resource_type))
        .function("to_string", |item: &mut Item| item.label().map_or_else(String::new, |label| label.to_string()))
        .function("resources", |resource_type: &str| resources(resource_type, None))
        .function("resources", |resource_type: &str, region: &str| resources(resource_type, Some(region)))
        .function("resources", |resource_type: &str, region: &str, path: &str, text: &str| {
            telling(resource_type, region, path, text)
        })
        .function("find", |resource_type: &str, name: &str| find(resource_type, name));
}
