//! Resource descriptors: what AWS resources there are and how to read them, as data.
//!
//! A descriptor is a piece of `resources/<service>.yaml`, and `resources/recorded.yaml` says where other types that AWS Config
//! records have secrets (grammar: `docs/descriptors.md`). It is read (`raw`), checked
//! in itself (here), and checked against the services' models (`check`), in that order; each finds what the one before
//! cannot see, and says file, line and column. Nothing here calls AWS: [`account`](crate::source::account) does.

mod catalog;
mod check;
pub mod path;
mod raw;
pub mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

pub use self::catalog::{Catalog, CatalogError};
use self::path::{Path, Position};
use self::template::{Condition, Template, Text};
use crate::nearest;
use crate::source::model::{self, Models, ServiceModel, ShapeId};
use crate::value::{Key, Unreadable, Value, intern};

/// How to read the resources of one type.
#[derive(Debug)]
pub struct ResourceDescriptor {
    /// `AWS::EC2::Volume`.
    pub resource_type: Key,
    /// The service whose file this is: the key of its model.
    pub service: Key,
    /// Where it is listed.
    pub scope: Scope,
    /// The listing; `None` if there is exactly one item in each place.
    pub listing: Option<Listing>,
    /// What an element must fulfil to be an item.
    pub filter: Vec<Condition>,
    /// The resource's id.
    pub id: Text,
    /// Its name.
    pub name: Option<Text>,
    /// Its ARN.
    pub arn: Option<Text>,
    /// Its region, if that is not where it was listed.
    pub region: Option<Text>,
    /// Its creation time.
    pub created: Option<Path>,
    /// Its availability zone.
    pub zone: Option<Zone>,
    /// Its tags.
    pub tags: Option<Tags>,
    /// Its configuration.
    pub body: Body,
    /// Further calls.
    pub parts: Vec<Part>,
    /// Links to other resources.
    pub links: Vec<Link>,
    /// Pointers into the item, with `*`, to texts that are never kept.
    pub secrets: Vec<Box<str>>,
    /// Where it was read.
    pub origin: Origin,
}

/// What is known of a type that only AWS Config records: where its items have secrets.
#[derive(Debug)]
pub struct RecordedType {
    /// `AWS::AppRunner::Service`.
    pub resource_type: Key,
    /// What makes them secrets, in a sentence.
    pub reason: Box<str>,
    /// Pointers into the item, with `*`, to texts that are never kept.
    pub secrets: Vec<Box<str>>,
    /// Where it was read.
    pub origin: Origin,
}

/// What a file holds.
#[derive(Debug, Default)]
struct Contents {
    types: Vec<ResourceDescriptor>,
    recorded: Vec<RecordedType>,
}

/// Where a type is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// In each region.
    Regional,
    /// Once.
    Global,
}

impl Scope {
    /// As descriptors write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regional => "regional",
            Self::Global => "global",
        }
    }
}

/// How members are renamed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Case {
    /// As the model has them.
    #[default]
    None,
    /// `VolumeId` to `volumeId`.
    LowerFirst,
    /// `volumeId` to `VolumeId`.
    UpperFirst,
    /// `DBClusterArn` to `dbclusterArn`, and times to milliseconds since 1970.
    Bean,
}

impl Case {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "lowerFirst" => Some(Self::LowerFirst),
            "upperFirst" => Some(Self::UpperFirst),
            "bean" => Some(Self::Bean),
            _ => None,
        }
    }

    fn of_model(self) -> Option<model::Case> {
        match self {
            Self::None => None,
            Self::LowerFirst => Some(model::Case::LowerFirst),
            Self::UpperFirst => Some(model::Case::UpperFirst),
            Self::Bean => Some(model::Case::Bean),
        }
    }

    /// One name in this case.
    fn rename(self, name: &str) -> String {
        self.of_model().map_or_else(|| name.to_owned(), |case| case.of(name))
    }

    /// The value with its members renamed, as far as the shape says that they are a structure's.
    pub(super) fn of(self, model: &ServiceModel, shape: ShapeId, value: &Value) -> Value {
        self.of_model().map_or_else(|| value.clone(), |case| model.change_case(shape, value, case))
    }
}

/// One call.
#[derive(Debug)]
pub struct Call {
    /// The key of the service's model.
    pub service: Key,
    /// The operation.
    pub operation: Key,
    /// The parameters.
    pub params: Template,
    at: Position,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.operation)
    }
}

/// How resources are listed.
#[derive(Debug)]
pub struct Listing {
    /// The call; all its pages are read.
    pub call: Call,
    /// The path of the elements.
    pub items: Path,
    /// Error codes that mean that there are none.
    pub absent: Vec<String>,
    /// The type of whose items there is one listing each.
    pub for_each: Option<Key>,
    /// What tells the whole of a listed element.
    pub detail: Detail,
}

/// What tells the whole of a listed element.
#[derive(Debug)]
pub enum Detail {
    /// The listing does.
    None,
    /// A call for each.
    Describe(Box<Describe>),
    /// A call for several.
    Batch(Box<Batch>),
}

/// A call that describes one listed element.
#[derive(Debug)]
pub struct Describe {
    /// The call.
    pub call: Call,
    /// The path of the element in the answer.
    pub item: Path,
    /// The item's id, as the listed element tells it.
    pub id: Option<Text>,
    /// Error codes that mean that it is gone.
    pub absent: Vec<String>,
}

/// A call that describes several listed elements.
#[derive(Debug)]
pub struct Batch {
    /// The call.
    pub call: Call,
    /// The parameter that takes the values.
    pub ids: Key,
    /// What it takes of each listed element.
    pub value: Template,
    /// The item's id, as the listed element tells it.
    pub id: Text,
    /// How many elements one call takes.
    pub size: usize,
    /// The path of the elements in the answer.
    pub items: Path,
    /// Where the answer tells which elements failed, and why.
    pub failures: Option<Failures>,
    /// Error codes that mean that an element is gone.
    pub absent: Vec<String>,
}

/// Where a batch's answer tells what failed.
#[derive(Debug)]
pub struct Failures {
    /// The path of the failures.
    pub items: Path,
    /// The item's id, as a failure tells it.
    pub id: Text,
    /// The error code.
    pub code: Path,
}

/// An item's availability zone.
#[derive(Debug)]
pub enum Zone {
    /// A path.
    Path(Path),
    /// Always the same words.
    Literal(String),
}

/// An item's tags.
#[derive(Debug)]
pub struct Tags {
    /// The part whose output has them, if not the element.
    pub part: Option<Key>,
    /// Where they are.
    pub path: Path,
    /// The members of a tag's key and value; `None` if the tags are a map.
    pub pair: Option<(Path, Path)>,
}

/// An item's configuration.
#[derive(Debug)]
pub struct Body {
    /// How members are renamed.
    pub case: Case,
    /// What is the body.
    pub from: Path,
    /// What is left out.
    pub drop: Vec<Path>,
    /// Members that have another name, after the case change.
    pub rename: BTreeMap<String, String>,
    /// Members that are added.
    pub set: BTreeMap<String, Template>,
    /// Instead of all that.
    pub build: Option<Template>,
    pub(super) shape: OnceLock<ShapeId>,
}

/// A further call for an item.
#[derive(Debug)]
pub struct Part {
    /// The name by which rules ask for it.
    pub name: Key,
    /// How it is read.
    pub source: PartSource,
    /// When it is read at all.
    pub when: Vec<Condition>,
    /// What stands there when it is not read.
    pub otherwise: Option<Value>,
    /// What is taken of the answer.
    pub take: Path,
    /// How members are renamed.
    pub case: Case,
    /// What is made of it.
    pub build: Option<Template>,
    /// A JSON pointer into the item; `None` if the part only tells the tags.
    pub into: Option<Box<str>>,
    /// Error codes that mean that it is not set.
    pub absent: Vec<String>,
    /// How the message of such an error has to begin, where the code alone may mean something else.
    pub absent_message: Option<String>,
    /// What stands there when it is not set; nothing by default.
    pub absent_value: Option<Value>,
    /// The other parts that it reads.
    pub needs: BTreeSet<Key>,
    pub(super) shape: OnceLock<ShapeId>,
    at: Position,
}

/// How a part is read.
#[derive(Debug)]
pub enum PartSource {
    /// A call for the item.
    Call(Call),
    /// A call for each element of a path, or for several of them.
    Each {
        /// The call.
        call: Call,
        /// The elements.
        path: Path,
        /// Their names, if the outputs are to be a map.
        key: Option<Text>,
        /// How many elements one call takes, as a list; the outputs are lists then, and put together.
        size: Option<usize>,
    },
    /// A call for several items of a place.
    Batch {
        /// The call.
        call: Call,
        /// The parameter that takes the values.
        ids: Key,
        /// What it takes of each item.
        value: Template,
        /// How many items one call takes.
        size: usize,
        /// The path of the elements in the answer.
        items: Path,
        /// What tells whose an element is.
        key: Path,
    },
    /// One call for a whole place.
    Shared {
        /// The call.
        call: Call,
        /// The path of the elements in the answer.
        items: Path,
        /// What tells whose an element is.
        key: Path,
        /// What it equals in the item.
        value: Template,
    },
    /// A collector that a descriptor cannot say.
    Code(Collector),
}

/// The collectors that a descriptor cannot say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Collector {
    /// The row of IAM's credential report that belongs to the user, or to the root user.
    CredentialReport,
}

impl Collector {
    const ALL: [(&'static str, Self); 1] = [("credential-report", Self::CredentialReport)];

    /// The operations that it calls, by service and name.
    pub fn operations(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::CredentialReport => &[("iam", "GenerateCredentialReport"), ("iam", "GetCredentialReport")],
        }
    }
}

impl PartSource {
    /// The call, unless it is code.
    pub fn call(&self) -> Option<&Call> {
        match self {
            Self::Call(call) | Self::Each { call, .. } | Self::Batch { call, .. } | Self::Shared { call, .. } => {
                Some(call)
            }
            Self::Code(_) => None,
        }
    }
}

/// A link to other resources.
#[derive(Debug)]
pub struct Link {
    /// The type of the other resources.
    pub resource_type: Key,
    /// The part whose output tells, if not the element.
    pub part: Option<Key>,
    /// What there is one link for.
    pub each: Path,
    /// What stands between the pieces, if what there is one link for are the pieces of a text.
    pub split: Option<Box<str>>,
    /// What must hold.
    pub filter: Vec<Condition>,
    /// The other resource's id.
    pub id: Option<Text>,
    /// Its name.
    pub resource_name: Option<Text>,
    /// AWS Config's words for the link.
    pub name: Key,
    /// AWS Config's words for the link back.
    pub inverse: Option<Key>,
    at: Position,
}

/// Where a descriptor was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The file, as it was named to assize; `resources/<service>.yaml` for a built-in one.
    pub file: Arc<str>,
    /// Where in the file.
    pub at: Position,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        match self.at.line {
            0 => Ok(()),
            line => write!(f, ":{line}:{}", self.at.column),
        }
    }
}

/// What is wrong with a descriptor, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{origin}: {message}")]
pub struct DescriptorError {
    /// Where.
    pub origin: Origin,
    /// What.
    pub message: String,
}

impl ResourceDescriptor {
    /// The part of this name.
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| *part.name == *name)
    }

    /// Every call that the descriptor can make: the listing's, then the parts'.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        let listing = self.listing.iter().flat_map(|listing| {
            let detail = match &listing.detail {
                Detail::None => None,
                Detail::Describe(describe) => Some(&describe.call),
                Detail::Batch(batch) => Some(&batch.call),
            };
            std::iter::once(&listing.call).chain(detail)
        });
        listing.chain(self.parts.iter().filter_map(|part| part.source.call()))
    }

    /// The parts that must be read for the items' links to be known.
    pub fn link_parts(&self) -> BTreeSet<&Key> {
        self.links.iter().filter_map(|link| link.part.as_ref()).collect()
    }

    /// These parts, with all that they read.
    pub fn with_needed(&self, wanted: &BTreeSet<Key>) -> BTreeSet<Key> {
        needed_by(&self.parts, wanted)
    }

    /// The model of the service whose answer the element is; without a listing, of the descriptor's own service.
    pub(crate) fn element_model<'m>(&self, models: &'m Models) -> Option<&'m ServiceModel> {
        let service = self.element_call().map_or(&self.service, |call| &call.service);
        models.service(service).ok().map(AsRef::as_ref)
    }

    /// The call that fills the element: the describing one, else the listing one.
    pub(crate) fn element_call(&self) -> Option<&Call> {
        let listing = self.listing.as_ref()?;
        Some(match &listing.detail {
            Detail::None => &listing.call,
            Detail::Describe(describe) => &describe.call,
            Detail::Batch(batch) => &batch.call,
        })
    }
}

/// Reads one file.
fn read(file: &str, text: &str) -> Result<Contents, Vec<DescriptorError>> {
    let file: Arc<str> = file.into();
    let raw: raw::File = serde_saphyr::from_str(text).map_err(|error| vec![syntax_error(&file, &error)])?;
    let mut errors = Errors { file, found: Vec::new() };
    if let Some(service) = raw.service.as_ref().filter(|service| !is_service(&service.text)) {
        errors.add(service.at, format!("`{}` is not the key of a service such as rds or cognito-idp", service.text));
    }
    if let (None, Some(first)) = (&raw.service, raw.types.first()) {
        errors.add(first.resource_type.at, "the key `service` is missing, which says whose calls list the types");
    }
    let service = raw.service.as_ref().map_or("", |service| service.text.as_str());
    if raw.types.is_empty() && raw.recorded.is_empty() {
        errors.add(Position::default(), "there is neither a key `types` nor a key `recorded` with anything below it");
    }
    let contents = Contents {
        types: raw.types.into_iter().map(|one| checked(one, service, &mut errors)).collect(),
        recorded: raw.recorded.into_iter().map(|one| checked_recorded(one, &mut errors)).collect(),
    };
    if errors.found.is_empty() { Ok(contents) } else { Err(errors.found) }
}

/// Reads one entry of `recorded` that the build made JSON of.
fn recorded_of_json(origin: Origin, json: &str) -> Result<RecordedType, Vec<DescriptorError>> {
    let mut raw: raw::Recorded = serde_json::from_str(json)
        .map_err(|error| vec![DescriptorError { origin: origin.clone(), message: error.to_string() }])?;
    raw.resource_type.at = origin.at;
    let mut errors = Errors { file: origin.file, found: Vec::new() };
    let recorded = checked_recorded(raw, &mut errors);
    if errors.found.is_empty() { Ok(recorded) } else { Err(errors.found) }
}

/// Reads one descriptor that the build made JSON of.
fn of_json(service: &str, origin: Origin, json: &str) -> Result<ResourceDescriptor, Vec<DescriptorError>> {
    let mut raw: raw::Type = serde_json::from_str(json)
        .map_err(|error| vec![DescriptorError { origin: origin.clone(), message: error.to_string() }])?;
    raw.resource_type.at = origin.at;
    let mut errors = Errors { file: origin.file, found: Vec::new() };
    let descriptor = checked(raw, service, &mut errors);
    if errors.found.is_empty() { Ok(descriptor) } else { Err(errors.found) }
}

/// The parser's error in the house's form, with the key that was meant.
fn syntax_error(file: &Arc<str>, error: &serde_saphyr::Error) -> DescriptorError {
    let error = error.without_snippet();
    let message = match error {
        serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
            let hint = nearest::hint(field, expected.iter().copied());
            format!("there is no key `{field}` here{hint}; the keys are {}", expected.join(", "))
        }
        serde_saphyr::Error::SerdeUnknownVariant { variant, expected, .. } => {
            let hint = nearest::hint(variant, expected.iter().copied());
            format!("`{variant}` is none of {}{hint}", expected.join(", "))
        }
        serde_saphyr::Error::SerdeMissingField { field, .. } => format!("the key `{field}` is missing"),
        other => {
            // The rest of the text is the position, which is said in the house's form.
            let text = other.render_with_options(serde_saphyr::RenderOptions::default());
            let line = text.lines().next().unwrap_or_default();
            line.rsplit_once(" at line ").map_or(line, |(message, _)| message).to_owned()
        }
    };
    let at = error
        .location()
        .map_or_else(Position::default, |location| Position { line: location.line(), column: location.column() });
    DescriptorError { origin: Origin { file: Arc::clone(file), at }, message }
}

struct Errors {
    file: Arc<str>,
    found: Vec<DescriptorError>,
}

impl Errors {
    fn add(&mut self, at: Position, message: impl Into<String>) {
        self.found
            .push(DescriptorError { origin: Origin { file: Arc::clone(&self.file), at }, message: message.into() });
    }
}

/// Whether a text may be the key of a service: it becomes a part of file names, of links and of actions.
fn is_service(key: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !key.is_empty() && key.bytes().all(is_plain)
}

fn check_type(resource_type: &raw::Word, errors: &mut Errors) {
    let name = &resource_type.text;
    if !name.split("::").all(|word| word.chars().all(|c| c.is_ascii_alphanumeric())) || name.split("::").count() < 3 {
        errors.add(resource_type.at, format!("`{name}` is not a resource type such as AWS::EC2::Volume"));
    }
}

fn checked_secrets(secrets: Vec<raw::Word>, errors: &mut Errors) -> Vec<Box<str>> {
    secrets.into_iter().inspect(|pointer| check_pointer(pointer, errors)).map(|pointer| pointer.text.into()).collect()
}

fn checked_recorded(raw: raw::Recorded, errors: &mut Errors) -> RecordedType {
    let at = raw.resource_type.at;
    check_type(&raw.resource_type, errors);
    if raw.secrets.is_empty() {
        errors.add(at, format!("`secrets` of {} names none", raw.resource_type.text));
    }
    if raw.reason.text.trim().is_empty() {
        errors.add(raw.reason.at, format!("`reason` of {} says nothing", raw.resource_type.text));
    }
    RecordedType {
        resource_type: intern(&raw.resource_type.text),
        reason: raw.reason.text.trim().into(),
        secrets: checked_secrets(raw.secrets, errors),
        origin: Origin { file: Arc::clone(&errors.file), at },
    }
}

fn checked(raw: raw::Type, service: &str, errors: &mut Errors) -> ResourceDescriptor {
    let at = raw.resource_type.at;
    check_type(&raw.resource_type, errors);
    let resource_type = raw.resource_type.text;
    let names: Vec<String> = raw.parts.iter().map(|part| part.name.text.clone()).collect();
    let tags = raw.tags.map(|tags| checked_tags(tags, &names, errors));
    let tag_part = tags.as_ref().and_then(|tags| tags.part.clone());
    let parts: Vec<Part> =
        raw.parts.into_iter().map(|part| checked_part(part, service, &names, tag_part.as_deref(), errors)).collect();
    check_parts(&parts, errors);
    let links = raw.relationships.into_iter().map(|link| checked_link(link, &names, errors)).collect();
    let zone = raw.availability_zone.and_then(|word| match word.text.strip_prefix('=') {
        Some(literal) => Some(Zone::Literal(literal.to_owned())),
        None => match Path::parse(&word.text) {
            Ok(path) => Some(Zone::Path(path.at(word.at))),
            Err(why) => {
                errors.add(word.at, why.to_string());
                None
            }
        },
    });
    let secrets = checked_secrets(raw.secrets, errors);
    ResourceDescriptor {
        resource_type: intern(&resource_type),
        service: intern(service),
        scope: raw.scope,
        listing: raw.list.map(|list| checked_listing(list, service, errors)),
        filter: raw.filter.0,
        id: raw.id,
        name: raw.name,
        arn: raw.arn,
        region: raw.region,
        created: raw.created,
        zone,
        tags,
        body: checked_body(raw.configuration, at, errors),
        parts,
        links,
        secrets,
        origin: Origin { file: Arc::clone(&errors.file), at },
    }
}

fn call(operation: &raw::Word, service: Option<&raw::Word>, params: Option<Template>, default: &str) -> Call {
    Call {
        service: intern(service.map_or(default, |word| &word.text)),
        operation: intern(&operation.text),
        params: params.unwrap_or_else(Template::empty),
        at: operation.at,
    }
}

fn checked_listing(raw: raw::List, service: &str, errors: &mut Errors) -> Listing {
    let at = raw.operation.at;
    let detail = match (raw.describe, raw.batch) {
        (Some(_), Some(_)) => {
            errors.add(at, "`describe` and `batch` exclude each other");
            Detail::None
        }
        (Some(describe), None) => Detail::Describe(Box::new(Describe {
            call: call(&describe.operation, describe.service.as_ref(), describe.params, service),
            item: describe.item.unwrap_or_else(Path::itself),
            id: describe.id,
            absent: describe.absent,
        })),
        (None, Some(batch)) => Detail::Batch(Box::new(Batch {
            call: call(&batch.operation, batch.service.as_ref(), batch.params, service),
            ids: intern(&batch.ids.text),
            value: batch.value.unwrap_or_else(Template::itself),
            id: batch.id,
            size: batch.size.0,
            items: batch.items,
            failures: batch.failures.map(|raw| Failures { items: raw.items, id: raw.id, code: raw.code }),
            absent: batch.absent,
        })),
        (None, None) => Detail::None,
    };
    Listing {
        call: call(&raw.operation, raw.service.as_ref(), raw.params, service),
        items: raw.items,
        absent: raw.absent,
        for_each: raw.for_each.map(|word| intern(&word.text)),
        detail,
    }
}

fn checked_tags(raw: raw::Tags, parts: &[String], errors: &mut Errors) -> Tags {
    let at = raw.part.as_ref().map(|part| part.at).unwrap_or_default();
    let at = raw.path.as_ref().or(raw.map.as_ref()).map_or(at, |path| path.at);
    check_part_name(raw.part.as_ref(), parts, errors);
    let member =
        |path: Option<Path>, word: &str| path.unwrap_or_else(|| Path::parse(word).unwrap_or_else(|_| Path::itself()));
    let is_map = raw.map.is_some();
    if is_map && (raw.path.is_some() || raw.key.is_some() || raw.value.is_some()) {
        errors.add(at, "`map` excludes `path`, `key` and `value`");
    }
    if !is_map && raw.path.is_none() && raw.part.is_none() {
        errors.add(at, "tags need `path`, `map` or `part`");
    }
    Tags {
        part: raw.part.map(|word| intern(&word.text)),
        path: raw.map.or(raw.path).unwrap_or_else(Path::itself),
        pair: (!is_map).then(|| (member(raw.key, "Key"), member(raw.value, "Value"))),
    }
}

fn checked_body(raw: raw::Configuration, at: Position, errors: &mut Errors) -> Body {
    if raw.build.is_some()
        && (raw.case != Case::None
            || raw.from.is_some()
            || !raw.drop.is_empty()
            || !raw.rename.is_empty()
            || !raw.set.is_empty())
    {
        errors.add(at, "`build` excludes the other keys of `configuration`");
    }
    Body {
        case: raw.case,
        from: raw.from.unwrap_or_else(Path::itself),
        drop: raw.drop,
        rename: raw.rename,
        set: raw.set,
        build: raw.build,
        shape: OnceLock::new(),
    }
}

fn checked_part(raw: raw::Part, service: &str, names: &[String], tag_part: Option<&str>, errors: &mut Errors) -> Part {
    let at = raw.name.at;
    let name = intern(&raw.name.text);
    let told = [raw.for_each.is_some(), raw.batch.is_some(), raw.shared.is_some()];
    if told.iter().filter(|told| **told).count() > 1 {
        errors.add(at, "`for_each`, `batch` and `shared` exclude each other");
    }
    if raw.key.is_some() && raw.for_each.is_none() {
        errors.add(at, "`key` has a meaning with `for_each` only");
    }
    if raw.size.is_some() && (raw.key.is_some() || raw.for_each.is_none()) {
        errors.add(at, "`size` has a meaning with `for_each` only, and without `key`");
    }
    if raw.shared.is_some() && raw.take.is_some() {
        errors.add(at, "`take` has no meaning with `shared`, whose output is a list");
    }
    let called = raw.operation.map(|operation| call(&operation, raw.service.as_ref(), raw.params, service));
    let source = match (called, raw.code) {
        (None, Some(code)) => {
            let found = Collector::ALL.iter().find(|(name, _)| *name == code.text);
            if found.is_none() {
                let hint = nearest::hint(&code.text, Collector::ALL.map(|(name, _)| name).iter().copied());
                errors.add(code.at, format!("there is no collector `{}`{hint}", code.text));
            }
            PartSource::Code(found.map_or(Collector::CredentialReport, |(_, collector)| *collector))
        }
        (Some(call), None) => match (raw.for_each, raw.batch, raw.shared) {
            (Some(path), ..) => PartSource::Each { call, path, key: raw.key, size: raw.size.map(|size| size.0) },
            (None, Some(batch), _) => PartSource::Batch {
                call,
                ids: intern(&batch.ids.text),
                value: batch.value,
                size: batch.size.0,
                items: batch.items,
                key: batch.key,
            },
            (None, None, Some(shared)) => {
                PartSource::Shared { call, items: shared.items, key: shared.key, value: shared.value }
            }
            (None, None, None) => PartSource::Call(call),
        },
        _ => {
            errors.add(at, "a part needs either `operation` or `code`");
            PartSource::Code(Collector::CredentialReport)
        }
    };
    let into = match raw.into {
        Some(pointer) => {
            check_pointer(&pointer, errors);
            Some(pointer.text.into())
        }
        None if tag_part == Some(&*name) => None,
        None => Some(format!("/supplementaryConfiguration/{name}").into()),
    };
    let (absent, absent_message, absent_value) =
        raw.absent.map_or((Vec::new(), None, None), |absent| (absent.codes, absent.message, absent.value));
    let mut part = Part {
        name,
        source,
        when: raw.when.0,
        otherwise: raw.otherwise,
        take: raw.take.unwrap_or_else(Path::itself),
        case: raw.case,
        build: raw.build,
        into,
        absent,
        absent_message,
        absent_value,
        needs: BTreeSet::new(),
        shape: OnceLock::new(),
        at,
    };
    let mut needs = BTreeSet::new();
    part.paths(&mut |path| needs.extend(path.part().cloned()));
    for need in &needs {
        if !names.iter().any(|name| **name == **need) {
            errors.add(at, format!("there is no part `{need}`{}", nearest::hint(need, names)));
        }
    }
    part.needs = needs;
    part
}

impl Part {
    /// Whether this error is AWS's way to say "not set".
    pub fn is_absent_by(&self, reason: &Unreadable) -> bool {
        let said = self.absent_message.as_ref().is_none_or(|message| reason.message.starts_with(message));
        said && self.absent.contains(&reason.code)
    }

    /// Shows each path that stands in the part.
    fn paths<'p>(&'p self, see: &mut dyn FnMut(&'p Path)) {
        self.when.iter().for_each(|condition| see(&condition.path));
        if let Some(call) = self.source.call() {
            call.params.node.paths(see);
        }
        match &self.source {
            PartSource::Each { path, key, .. } => {
                see(path);
                key.iter().flat_map(Text::paths).for_each(|(path, _)| see(path));
            }
            PartSource::Batch { value, .. } | PartSource::Shared { value, .. } => value.node.paths(see),
            PartSource::Call(_) | PartSource::Code(_) => {}
        }
        if let Some(build) = &self.build {
            build.node.paths(see);
        }
    }
}

impl Body {
    /// The configuration of an element.
    pub(crate) fn cased(&self, model: &ServiceModel, value: &Value) -> Value {
        self.shape.get().map_or_else(|| value.clone(), |shape| self.case.of(model, *shape, value))
    }
}

impl Part {
    /// The output with its members renamed: each of them, where there are several.
    pub(crate) fn cased(&self, model: &ServiceModel, output: &Value) -> Value {
        let Some(shape) = self.shape.get() else { return output.clone() };
        let one = |value: &Value| self.case.of(model, *shape, value);
        match (&self.source, output) {
            (PartSource::Each { size: None, .. } | PartSource::Shared { .. }, Value::Array(all)) => {
                all.iter().map(one).collect::<Vec<_>>().into()
            }
            (PartSource::Each { .. }, Value::Object(all)) => {
                Value::object(all.iter().map(|(name, value)| (name, one(value))))
            }
            _ => one(output),
        }
    }
}

/// Names are unique, pointers do not cover each other, and no part needs itself.
fn check_parts(parts: &[Part], errors: &mut Errors) {
    for (at, part) in parts.iter().enumerate() {
        for other in parts.iter().take(at) {
            if other.name == part.name {
                errors.add(part.at, format!("the part `{}` stands here twice", part.name));
            }
            let (Some(one), Some(two)) = (&part.into, &other.into) else { continue };
            let covers = |above: &str, below: &str| {
                below.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            if covers(one, two) || covers(two, one) {
                errors.add(part.at, format!("the parts `{}` and `{}` overwrite each other", other.name, part.name));
            }
        }
    }
    if let Some(part) = parts.iter().find(|part| needed_by(parts, &part.needs).contains(&part.name)) {
        errors.add(part.at, format!("the part `{}` needs its own output", part.name));
    }
}

/// These parts, with all that they need.
fn needed_by(parts: &[Part], wanted: &BTreeSet<Key>) -> BTreeSet<Key> {
    let mut all = BTreeSet::new();
    let mut open: Vec<&Key> = wanted.iter().collect();
    while let Some(name) = open.pop() {
        if all.insert(Arc::clone(name))
            && let Some(part) = parts.iter().find(|part| part.name == *name)
        {
            open.extend(&part.needs);
        }
    }
    all
}

fn checked_link(raw: raw::Relationship, parts: &[String], errors: &mut Errors) -> Link {
    let at = raw.resource_type.at;
    check_part_name(raw.part.as_ref(), parts, errors);
    if raw.id.is_none() && raw.resource_name.is_none() {
        errors.add(at, "a relationship needs `id` or `resource_name`");
    }
    if let Some(word) = raw.split.as_ref().filter(|word| word.text.is_empty()) {
        errors.add(word.at, "`split` needs what stands between the pieces");
    }
    Link {
        resource_type: intern(&raw.resource_type.text),
        part: raw.part.map(|word| intern(&word.text)),
        each: raw.each.unwrap_or_else(Path::itself),
        split: raw.split.map(|word| word.text.into()),
        filter: raw.filter.0,
        id: raw.id,
        resource_name: raw.resource_name,
        name: intern(&raw.name),
        inverse: raw.inverse.as_deref().map(intern),
        at,
    }
}

fn check_part_name(word: Option<&raw::Word>, parts: &[String], errors: &mut Errors) {
    if let Some(word) = word
        && !parts.contains(&word.text)
    {
        errors.add(word.at, format!("there is no part `{}`{}", word.text, nearest::hint(&word.text, parts)));
    }
}

fn check_pointer(pointer: &raw::Word, errors: &mut Errors) {
    let section = pointer.text.strip_prefix('/').map(|rest| rest.split('/').next().unwrap_or_default());
    if !matches!(section, Some("configuration" | "supplementaryConfiguration" | "tags")) {
        errors.add(
            pointer.at,
            format!("`{}` does not point into /configuration, /supplementaryConfiguration or /tags", pointer.text),
        );
    }
}
