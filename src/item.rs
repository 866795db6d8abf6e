//! A configuration item: one resource as it was at one time, in the shape of AWS Config. Data only.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize};

use crate::gap::Gap;
use crate::value::{Unreadable, Value, intern};

/// The region of what belongs to no region, such as IAM users; AWS Config's own word.
pub const GLOBAL: &str = "global";

/// The type of the item that stands for the account itself; spelled as AWS Config does.
pub const ACCOUNT: &str = "AWS::::Account";

/// One resource as it was at one time.
///
/// The sections are those of an AWS Config item: metadata, attributes, relationships, configuration and supplementary
/// configuration (<https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigurationItem.html>). It reads all
/// three spellings that AWS Config uses (delivered to S3, `GetResourceConfigHistory`, `BatchGetResourceConfig`) and
/// writes the delivered one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "ItemFile", into = "ItemFile")]
pub struct ConfigurationItem {
    /// Which resource this is.
    pub key: ResourceKey,
    /// The name, where the resource has one beside its id.
    pub resource_name: Option<Arc<str>>,
    /// The Amazon Resource Name. Some types have none.
    pub arn: Option<Arc<str>>,
    /// An availability zone, `Multiple Availability Zones`, `Regional` or `Not Applicable`.
    pub availability_zone: Option<CompactString>,
    /// When the facts were read: RFC 3339, UTC, milliseconds.
    pub capture_time: CompactString,
    /// When the resource was created, if AWS tells.
    pub creation_time: Option<CompactString>,
    /// Whether the resource was there.
    pub status: ItemStatus,
    /// Orders the items of one resource: milliseconds since 1970 of the capture time.
    pub state_id: i64,
    /// The MD5 field of AWS Config's schema; empty when it was not computed.
    pub md5_hash: CompactString,
    /// CloudTrail event ids.
    pub related_events: Vec<String>,
    /// An object of strings, or unreadable.
    pub tags: Value,
    /// Links to other resources, with AWS Config's names.
    pub relationships: Vec<Relationship>,
    /// The types to which links could not be read, in this item's own facts, and why.
    pub unreadable_relationships: Vec<UnreadableRelationship>,
    /// What the describe call says of the resource.
    pub configuration: Value,
    /// What further calls say of it.
    pub supplementary_configuration: Value,
    /// Which facts of this item could not be read: JSON pointers from the item's root, sorted.
    pub gaps: Vec<ItemGap>,
}

/// Which resource: the order of items in a snapshot and of evaluations in a report.
///
/// A handle: all that speaks of one resource shares the [`KeyParts`], which are read as the key's own fields.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKey(Arc<KeyParts>);

/// What makes up a [`ResourceKey`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyParts {
    /// Twelve digits.
    pub account_id: Arc<str>,
    /// A region's name, or [`GLOBAL`].
    pub region: Arc<str>,
    /// `AWS::EC2::Volume`.
    pub resource_type: Arc<str>,
    /// As AWS Config identifies it: `vol-…`, a name, or an ARN, by type.
    pub resource_id: Arc<str>,
}

impl ResourceKey {
    /// The key of one resource.
    pub fn new(account_id: &str, region: &str, resource_type: &str, resource_id: &str) -> Self {
        Self(Arc::new(KeyParts {
            account_id: intern(account_id),
            region: intern(region),
            resource_type: intern(resource_type),
            resource_id: Arc::from(resource_id),
        }))
    }
}

impl Deref for ResourceKey {
    type Target = KeyParts;

    fn deref(&self) -> &KeyParts {
        &self.0
    }
}

/// What shares the parts keeps its own.
impl DerefMut for ResourceKey {
    fn deref_mut(&mut self) -> &mut KeyParts {
        Arc::make_mut(&mut self.0)
    }
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KeyParts { account_id, region, resource_type, resource_id } = &**self;
        write!(f, "{account_id} {region} {resource_type} {resource_id}")
    }
}

/// A link from an item to another resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Relationship {
    /// The type of the other resource.
    pub resource_type: Arc<str>,
    /// Its id. A few of AWS Config's relationships have a name only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<Arc<str>>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<Arc<str>>,
    /// AWS Config's words, such as `Is attached to Instance`. The newer types end in a space: `Is contained in `.
    #[serde(default, alias = "relationshipName")]
    pub name: Arc<str>,
}

/// Links to one type that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnreadableRelationship {
    /// The type of the other resources, or [`UnreadableRelationship::ANY`].
    pub resource_type: Arc<str>,
    /// Why.
    #[serde(flatten)]
    pub reason: Arc<Unreadable>,
}

impl UnreadableRelationship {
    /// Stands for every type: no link of the item could be read.
    pub const ANY: &str = "*";
}

/// A fact of an item that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemGap {
    /// A JSON pointer from the item's root: `/supplementaryConfiguration/BucketPolicy`.
    pub path: String,
    /// Why.
    #[serde(flatten)]
    pub reason: Arc<Unreadable>,
}

/// AWS Config's states of an item
/// (<https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigurationItem.html>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ItemStatus {
    /// Recorded because it changed.
    #[default]
    #[serde(rename = "OK")]
    Ok,
    /// Recorded because it was found.
    ResourceDiscovered,
    /// Found, but its type is not recorded: the item has no configuration.
    ResourceNotRecorded,
    /// It is gone.
    ResourceDeleted,
    /// It is gone and its type was not recorded.
    ResourceDeletedNotRecorded,
}

impl ItemStatus {
    /// Whether the resource was there and its configuration was recorded.
    pub fn is_present(self) -> bool {
        matches!(self, Self::Ok | Self::ResourceDiscovered)
    }
}

impl ConfigurationItem {
    /// Whether it has a tag: a key, and the value unless any will do.
    ///
    /// # Errors
    /// Why the tags are not known.
    pub fn has_tag(&self, (key, value): &(String, Option<String>)) -> Result<bool, Arc<Unreadable>> {
        if let Value::Unreadable(reason) = &self.tags {
            return Err(Arc::clone(reason));
        }
        match self.tags.get(key) {
            Some(Value::Unreadable(reason)) => Err(Arc::clone(reason)),
            Some(Value::String(found)) => Ok(value.as_ref().is_none_or(|value| **found == **value)),
            _ => Ok(false),
        }
    }

    /// An item that knows nothing yet but which resource it is.
    pub fn new(key: ResourceKey, capture_time: &str) -> Self {
        Self {
            key,
            resource_name: None,
            arn: None,
            availability_zone: None,
            capture_time: capture_time.into(),
            creation_time: None,
            status: ItemStatus::ResourceDiscovered,
            state_id: capture_time.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_millisecond),
            md5_hash: CompactString::default(),
            related_events: Vec::new(),
            tags: Value::object::<&str>([]),
            relationships: Vec::new(),
            unreadable_relationships: Vec::new(),
            configuration: Value::object::<&str>([]),
            supplementary_configuration: Value::object::<&str>([]),
            gaps: Vec::new(),
        }
    }

    /// What AWS Config keeps of the resource once it is gone: which one it was, and when that was seen.
    #[must_use]
    pub fn deleted(&self, time: &str) -> Self {
        Self {
            status: ItemStatus::ResourceDeleted,
            resource_name: self.resource_name.clone(),
            arn: self.arn.clone(),
            availability_zone: self.availability_zone.clone(),
            creation_time: self.creation_time.clone(),
            configuration: Value::Null,
            ..Self::new(self.key.clone(), time)
        }
    }

    /// The value at a JSON pointer from the item's root, where the root has `configuration`,
    /// `supplementaryConfiguration` and `tags`.
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        let (section, rest) = split_section(pointer)?;
        self.section(section)?.pointer(rest)
    }

    /// Puts a value at a JSON pointer from the item's root.
    pub fn put(&mut self, pointer: &str, value: Value) {
        let Some((section, rest)) = split_section(pointer) else { return };
        let section = match section {
            "configuration" => &mut self.configuration,
            "supplementaryConfiguration" => &mut self.supplementary_configuration,
            "tags" => &mut self.tags,
            _ => return,
        };
        *section = section.with_pointer(rest, value);
    }

    /// Marks the facts at a JSON pointer from the item's root as unreadable, without listing them as a gap: for facts
    /// that nobody asked for.
    pub fn obscure(&mut self, pointer: &str, reason: &Arc<Unreadable>) {
        self.put(pointer, Value::Unreadable(Arc::clone(reason)));
    }

    /// Marks the facts at a JSON pointer from the item's root as unreadable and lists them as a gap.
    pub fn add_gap(&mut self, pointer: &str, reason: &Arc<Unreadable>) {
        self.obscure(pointer, reason);
        let gap = ItemGap { path: pointer.to_owned(), reason: Arc::clone(reason) };
        if let Err(at) = self.gaps.binary_search(&gap) {
            self.gaps.insert(at, gap);
        }
    }

    /// The gaps of this item, each with the item's key.
    pub fn full_gaps(&self) -> impl Iterator<Item = Gap> + '_ {
        self.gaps.iter().map(|gap| self.full_gap(Some(gap.path.clone()), &gap.reason))
    }

    /// One gap with this item's key.
    pub fn full_gap(&self, path: Option<String>, reason: &Arc<Unreadable>) -> Gap {
        Gap {
            account_id: self.key.account_id.to_string(),
            aws_region: self.key.region.to_string(),
            resource_type: self.key.resource_type.to_string(),
            resource_id: Some(self.key.resource_id.to_string()),
            path,
            reason: Arc::clone(reason),
        }
    }

    fn section(&self, name: &str) -> Option<&Value> {
        match name {
            "configuration" => Some(&self.configuration),
            "supplementaryConfiguration" => Some(&self.supplementary_configuration),
            "tags" => Some(&self.tags),
            _ => None,
        }
    }
}

fn split_section(pointer: &str) -> Option<(&str, &str)> {
    let rest = pointer.strip_prefix('/')?;
    Some(match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    })
}

/// By key alone: a snapshot holds one item of a resource.
pub fn by_key(a: &ConfigurationItem, b: &ConfigurationItem) -> Ordering {
    a.key.cmp(&b.key)
}

/// The item as it stands in a file: AWS Config's delivered form, and on reading its other two as well.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemFile {
    #[serde(default, deserialize_with = "null_as_default")]
    related_events: Vec<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    relationships: Vec<Relationship>,
    #[serde(default)]
    configuration: Value,
    #[serde(default)]
    supplementary_configuration: Value,
    #[serde(default)]
    tags: Value,
    #[serde(default, alias = "version")]
    configuration_item_version: Option<String>,
    #[serde(default)]
    configuration_item_capture_time: Value,
    #[serde(default, alias = "configurationStateID")]
    configuration_state_id: Value,
    #[serde(default, alias = "accountId", deserialize_with = "null_as_default")]
    aws_account_id: Arc<str>,
    #[serde(default, deserialize_with = "null_as_default")]
    configuration_item_status: ItemStatus,
    resource_type: Arc<str>,
    #[serde(default)]
    resource_id: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource_name: Option<Arc<str>>,
    #[serde(default, rename = "ARN", alias = "arn", skip_serializing_if = "Option::is_none")]
    arn: Option<Arc<str>>,
    #[serde(default, deserialize_with = "null_as_default")]
    aws_region: Arc<str>,
    #[serde(default, alias = "availibilityZone", skip_serializing_if = "Option::is_none")]
    availability_zone: Option<CompactString>,
    #[serde(default, alias = "configurationItemMD5Hash")]
    configuration_state_md5_hash: Option<CompactString>,
    #[serde(default, skip_serializing_if = "is_null")]
    resource_creation_time: Value,
    /// Not part of AWS Config's form: written only where there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gaps: Vec<ItemGap>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unreadable_relationships: Vec<UnreadableRelationship>,
}

/// The key of an item as it stands in a file, as [`ItemFile`] would read it: to look at many items and keep few. In the
/// order of [`KeyParts`].
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyInFile<'f> {
    #[serde(borrow, default, alias = "accountId", deserialize_with = "null_as_default")]
    aws_account_id: Text<'f>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    aws_region: Text<'f>,
    #[serde(borrow)]
    resource_type: Text<'f>,
    #[serde(borrow, default)]
    resource_id: Text<'f>,
}

/// Text of a file, not copied where it stands there as it is.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Text<'f>(#[serde(borrow)] Cow<'f, str>);

impl KeyInFile<'_> {
    pub(crate) fn resource_type(&self) -> &str {
        &self.resource_type.0
    }

    /// The key, when the file is gone.
    pub(crate) fn owned(&self) -> KeyInFile<'static> {
        let owned = |text: &Text<'_>| Text(Cow::Owned(text.0.to_string()));
        KeyInFile {
            aws_account_id: owned(&self.aws_account_id),
            aws_region: owned(&self.aws_region),
            resource_type: owned(&self.resource_type),
            resource_id: owned(&self.resource_id),
        }
    }
}

/// The dialects that events use say `null` where the others leave a member out.
fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn is_null(value: &Value) -> bool {
    *value == Value::Null
}

impl From<ConfigurationItem> for ItemFile {
    fn from(item: ConfigurationItem) -> Self {
        Self {
            related_events: item.related_events,
            relationships: item.relationships,
            configuration: item.configuration,
            supplementary_configuration: item.supplementary_configuration,
            tags: item.tags,
            configuration_item_version: Some("1.3".to_owned()),
            configuration_item_capture_time: item.capture_time.into(),
            configuration_state_id: item.state_id.into(),
            aws_account_id: Arc::clone(&item.key.account_id),
            configuration_item_status: item.status,
            resource_type: Arc::clone(&item.key.resource_type),
            resource_id: Arc::clone(&item.key.resource_id),
            resource_name: item.resource_name,
            arn: item.arn,
            aws_region: Arc::clone(&item.key.region),
            availability_zone: item.availability_zone,
            configuration_state_md5_hash: Some(item.md5_hash),
            resource_creation_time: item.creation_time.map_or(Value::Null, Value::from),
            gaps: item.gaps,
            unreadable_relationships: item.unreadable_relationships,
        }
    }
}

impl From<ItemFile> for ConfigurationItem {
    fn from(file: ItemFile) -> Self {
        let state_id = state_id(&file);
        let mut item = Self {
            key: ResourceKey(Arc::new(KeyParts {
                account_id: intern(&file.aws_account_id),
                region: intern(&file.aws_region),
                resource_type: intern(&file.resource_type),
                resource_id: file.resource_id,
            })),
            resource_name: file.resource_name,
            arn: file.arn,
            availability_zone: file.availability_zone,
            capture_time: timestamp(&file.configuration_item_capture_time).unwrap_or_default(),
            creation_time: timestamp(&file.resource_creation_time),
            status: file.configuration_item_status,
            state_id,
            md5_hash: file.configuration_state_md5_hash.unwrap_or_default(),
            related_events: file.related_events,
            tags: tags(file.tags),
            relationships: file.relationships,
            unreadable_relationships: file.unreadable_relationships,
            configuration: body(parsed_text(file.configuration)),
            supplementary_configuration: match file.supplementary_configuration {
                Value::Object(parts) => {
                    Value::object(parts.iter().map(|(name, part)| (name, parsed_text(part.clone()))))
                }
                other => body(other),
            },
            gaps: Vec::new(),
        };
        item.relationships.shrink_to_fit();
        for relationship in &mut item.relationships {
            relationship.resource_type = intern(&relationship.resource_type);
            relationship.name = intern(&relationship.name);
        }
        for gap in file.gaps {
            item.add_gap(&gap.path, &gap.reason);
        }
        item
    }
}

/// The API dialect writes each body as text that holds JSON, at times text within text. A body that is an object or a
/// list there is one here; other text (a policy's name, a flag) stays what it is.
fn parsed_text(value: Value) -> Value {
    let Value::String(text) = &value else { return value };
    match serde_json::from_str::<Value>(text) {
        Ok(parsed @ (Value::Object(_) | Value::Array(_) | Value::Bool(_))) => parsed,
        Ok(inner @ Value::String(_)) => parsed_text(inner),
        _ => value,
    }
}

/// The number that orders an item's versions. The earliest items have a UUID there: the capture time stands for it.
fn state_id(file: &ItemFile) -> i64 {
    let number = match &file.configuration_state_id {
        Value::String(digits) => digits.parse().ok(),
        other => other.as_i64(),
    };
    let captured = || timestamp(&file.configuration_item_capture_time)?.parse::<jiff::Timestamp>().ok();
    number.or_else(|| captured().map(jiff::Timestamp::as_millisecond)).unwrap_or(0)
}

/// A body that is not there is an empty one, as items of resources that are gone have it.
fn body(value: Value) -> Value {
    if value == Value::Null { Value::object::<&str>([]) } else { value }
}

/// `SelectResourceConfig` gives tags as a list, the other dialects as a map.
fn tags(tags: Value) -> Value {
    match &tags {
        Value::Array(list) => Value::object(list.iter().filter_map(|tag| {
            Some((tag.get("key")?.as_str()?, tag.get("value").cloned().unwrap_or_else(|| "".into())))
        })),
        Value::Null => Value::object::<&str>([]),
        _ => tags,
    }
}

/// Times come as RFC 3339 text with any offset, or as seconds since 1970 with a fraction.
pub(crate) fn timestamp(time: &Value) -> Option<CompactString> {
    let time = match time {
        Value::String(text) => text.parse::<jiff::Timestamp>().ok()?,
        Value::Integer(seconds) => jiff::Timestamp::from_second(*seconds).ok()?,
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit far into the future")]
        Value::Float(seconds) => jiff::Timestamp::from_millisecond((seconds * 1_000.0).round() as i64).ok()?,
        _ => return None,
    };
    Some(format_time(time).into())
}

/// A time as AWS Config writes it: RFC 3339, UTC, milliseconds.
pub fn format_time(time: jiff::Timestamp) -> String {
    format!("{time:.3}")
}
