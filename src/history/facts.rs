//! The facts of one item: what of them is known and what is not, how newer facts take the place of older ones, and the
//! form in which a content is kept. Plain values; no database.
//!
//! What a look at a resource did not tell is one of two things. It was *not asked for*: then nothing is known that was
//! not known before, and nothing changes. Or AWS *refused*: then the last known facts are kept, and that they are not
//! known any more is kept beside them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::sync::Arc;

use compact_str::CompactString;
use flate2::read::ZlibDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};
use serde::{Deserialize, Serialize};

use crate::item::{ConfigurationItem, Relationship, ResourceKey, UnreadableRelationship};
use crate::value::{Unreadable, Value, code, escape, intern};

/// Where the links of an item stand.
pub(super) const LINKS: &str = "/relationships";

/// Facts that are not known, by where they would stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Unknown {
    /// By JSON pointer from the item's root.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) paths: BTreeMap<String, Missing>,
    /// By the type of the other resources, or [`UnreadableRelationship::ANY`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) links: BTreeMap<String, Missing>,
}

/// Why a fact is not known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Missing {
    #[serde(flatten)]
    pub(super) reason: Arc<Unreadable>,
    /// Whether it was known once, so that the content holds the last known fact.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) known_before: bool,
    /// Whether the item lists it among its gaps.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_listed: bool,
}

impl Missing {
    fn never_known(reason: &Arc<Unreadable>) -> Self {
        Self { reason: Arc::clone(reason), known_before: false, is_listed: false }
    }

    /// Nobody asked: there is no news in it.
    pub(super) fn is_silent(&self) -> bool {
        is_silent(&self.reason)
    }
}

fn is_silent(reason: &Unreadable) -> bool {
    reason.code == code::NOT_COLLECTED || reason.code == code::NOT_RECORDED
}

/// Types whose links to an item stand with the other items, and were not read with it.
pub(super) type Backlinks = BTreeMap<String, Arc<Unreadable>>;

impl Unknown {
    /// What an item says that it does not know.
    pub(super) fn of(item: &ConfigurationItem) -> Self {
        let mut unknown = Self::default();
        let mut path = String::new();
        for (name, section) in sections(item) {
            if section.first_unreadable().is_some() {
                path.push('/');
                path.push_str(name);
                walk(section, &mut path, &mut unknown.paths);
                path.clear();
            }
        }
        for gap in &item.gaps {
            if let Some(missing) = unknown.paths.get_mut(&gap.path) {
                missing.is_listed = true;
            }
        }
        for links in &item.unreadable_relationships {
            let missing = Missing::never_known(&links.reason);
            unknown.links.entry(links.resource_type.to_string()).or_insert(missing);
        }
        unknown
    }

    /// What there is news in: where it would stand in the item, as JSON pointers, and why it is not known. Links have one
    /// place, whichever they are, as among the gaps of a snapshot.
    pub(super) fn news(&self) -> BTreeSet<(&str, &Arc<Unreadable>)> {
        let paths = self.paths.iter().map(|(path, missing)| (path.as_str(), missing));
        let links = self.links.values().map(|missing| (LINKS, missing));
        let news = paths.chain(links).filter(|(_, missing)| !missing.is_silent());
        news.map(|(path, missing)| (path, &missing.reason)).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.links.is_empty()
    }

    /// What is not known after a look at a resource of which this was not known before, or which was not known at all.
    pub(super) fn after(before: Option<&Self>, look: &Self, backlinks: &Backlinks) -> Self {
        let mut after = Self::default();
        for (path, missing) in &look.paths {
            let Some(before) = before else {
                after.paths.insert(path.clone(), missing.clone());
                continue;
            };
            let covering = before.covering(path);
            if !missing.is_silent() {
                after.paths.insert(path.clone(), refused(missing, covering));
            } else if let Some(covering) = covering {
                after.paths.insert(path.clone(), covering.clone());
            } else {
                let below = before.paths.iter().filter(|(other, _)| is_below(other, path));
                after.paths.extend(below.map(|(path, missing)| (path.clone(), missing.clone())));
            }
        }
        let any = look.links.contains_key(UnreadableRelationship::ANY);
        for (kind, missing) in &look.links {
            let Some(before) = before else {
                after.links.insert(kind.clone(), missing.clone());
                continue;
            };
            let covering = before.links.get(kind).or_else(|| before.links.get(UnreadableRelationship::ANY));
            if !missing.is_silent() {
                after.links.insert(kind.clone(), refused(missing, covering));
            } else if let Some(covering) = covering {
                after.links.insert(kind.clone(), covering.clone());
            } else if any {
                after.links.extend(before.links.clone());
            }
        }
        for (kind, reason) in backlinks.iter().filter(|(kind, _)| !any && !look.links.contains_key(*kind)) {
            match before {
                None => _ = after.links.insert(kind.clone(), Missing::never_known(reason)),
                Some(before) => {
                    let covering = before.links.get(kind).or_else(|| before.links.get(UnreadableRelationship::ANY));
                    after.links.extend(covering.map(|missing| (kind.clone(), missing.clone())));
                }
            }
        }
        after
    }

    /// Why the fact at a path is not known, if it or all around it is not.
    fn covering(&self, path: &str) -> Option<&Missing> {
        self.paths.iter().find(|(other, _)| *other == path || is_below(path, other)).map(|(_, missing)| missing)
    }

    /// Of it, what was never known: the rest stands in the content as it was last known.
    pub(super) fn never_known(&self) -> Self {
        let never = |all: &BTreeMap<String, Missing>| {
            let never = all.iter().filter(|(_, missing)| !missing.known_before);
            never.map(|(at, missing)| (at.clone(), missing.clone())).collect()
        };
        Self { paths: never(&self.paths), links: never(&self.links) }
    }

    /// Puts what is not known into an item, in the place of what was known before. What nobody asked for is listed only
    /// where no list of the whole snapshot says it: there `is_told` is false.
    pub(super) fn lay_over(&self, item: &mut ConfigurationItem, is_told: impl Fn(&str) -> bool) {
        for (path, missing) in &self.paths {
            if missing.is_listed || (missing.reason.code == code::NOT_COLLECTED && !is_told(path)) {
                item.add_gap(path, &missing.reason);
            } else {
                item.obscure(path, &missing.reason);
            }
        }
        self.hide_links(item);
    }

    fn hide_links(&self, item: &mut ConfigurationItem) {
        if self.links.is_empty() {
            return;
        }
        let any = self.links.contains_key(UnreadableRelationship::ANY);
        item.relationships.retain(|link| !any && !self.links.contains_key(link.resource_type.as_ref()));
        item.unreadable_relationships = self
            .links
            .iter()
            .map(|(kind, missing)| UnreadableRelationship {
                resource_type: intern(kind),
                reason: Arc::clone(&missing.reason),
            })
            .collect();
    }
}

/// The reason that was given first stays while the same call fails in the same way: its words may hold the time or a
/// number of the request.
fn refused(missing: &Missing, covering: Option<&Missing>) -> Missing {
    let Some(covering) = covering else {
        return Missing { known_before: true, ..missing.clone() };
    };
    let (new, old) = (&missing.reason, &covering.reason);
    let same = (&new.operation, &new.action, &new.code) == (&old.operation, &old.action, &old.code);
    Missing { reason: Arc::clone(if same { old } else { new }), known_before: covering.known_before, ..missing.clone() }
}

fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
}

fn sections(item: &ConfigurationItem) -> [(&'static str, &Value); 3] {
    [
        ("configuration", &item.configuration),
        ("supplementaryConfiguration", &item.supplementary_configuration),
        ("tags", &item.tags),
    ]
}

fn walk(value: &Value, path: &mut String, paths: &mut BTreeMap<String, Missing>) {
    let length = path.len();
    match value {
        Value::Unreadable(reason) => _ = paths.insert(path.clone(), Missing::never_known(reason)),
        Value::Object(members) => {
            for (name, member) in members.iter() {
                path.push('/');
                path.push_str(&escape(name));
                walk(member, path, paths);
                path.truncate(length);
            }
        }
        Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                path.push('/');
                path.push_str(&at.to_string());
                walk(element, path, paths);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

/// The facts of a look, with the last known ones in the place of what it did not tell.
pub(super) fn merge(
    before: &ConfigurationItem,
    look: &ConfigurationItem,
    unknown: &Unknown,
    backlinks: &Backlinks,
) -> ConfigurationItem {
    let mut merged = look.clone();
    for path in unknown.paths.keys() {
        if let Some(known) = before.pointer(path) {
            merged.put(path, known.clone());
        }
    }
    if unknown.paths.contains_key("/configuration") {
        merged.resource_name = merged.resource_name.or_else(|| before.resource_name.clone());
        merged.arn = merged.arn.or_else(|| before.arn.clone());
        merged.availability_zone = merged.availability_zone.or_else(|| before.availability_zone.clone());
        merged.creation_time = merged.creation_time.or_else(|| before.creation_time.clone());
    }
    let kept = before.relationships.iter().filter(|link| is_unknown(link, unknown, backlinks));
    merged.relationships.extend(kept.cloned());
    merged.relationships.sort();
    merged.relationships.dedup();
    merged
}

/// What a look saw of an item, made again from the facts as they stood after it.
pub(super) fn restrict(item: &ConfigurationItem, unknown: &Unknown, backlinks: &Backlinks) -> ConfigurationItem {
    let mut seen = item.clone();
    for (path, missing) in &unknown.paths {
        seen.obscure(path, &missing.reason);
    }
    seen.relationships.retain(|link| !is_unknown(link, unknown, backlinks));
    seen
}

fn is_unknown(link: &Relationship, unknown: &Unknown, backlinks: &Backlinks) -> bool {
    unknown.links.contains_key(UnreadableRelationship::ANY)
        || unknown.links.contains_key(link.resource_type.as_ref())
        || backlinks.contains_key(link.resource_type.as_ref())
}

/// A content as it is kept: an item without which resource it is of and when it was read.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource_name: Option<Arc<str>>,
    #[serde(default, rename = "ARN", skip_serializing_if = "Option::is_none")]
    arn: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    availability_zone: Option<CompactString>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource_creation_time: Option<CompactString>,
    tags: Value,
    relationships: Vec<Relationship>,
    configuration: Value,
    supplementary_configuration: Value,
}

/// The bytes of a content.
pub(super) fn pack(item: &ConfigurationItem) -> io::Result<Vec<u8>> {
    let body = Body {
        resource_name: item.resource_name.clone(),
        arn: item.arn.clone(),
        availability_zone: item.availability_zone.clone(),
        resource_creation_time: item.creation_time.clone(),
        tags: item.tags.clone(),
        relationships: item.relationships.clone(),
        configuration: item.configuration.clone(),
        supplementary_configuration: item.supplementary_configuration.clone(),
    };
    deflate(&serde_json::to_vec(&body)?)
}

/// The item of a content. Who asked for it fills in the times.
pub(super) fn unpack(bytes: &[u8], key: ResourceKey) -> io::Result<ConfigurationItem> {
    let body: Body = serde_json::from_slice(&inflate(bytes)?)?;
    let mut item = ConfigurationItem::new(key, "");
    item.resource_name = body.resource_name;
    item.arn = body.arn;
    item.availability_zone = body.availability_zone;
    item.creation_time = body.resource_creation_time;
    item.tags = section(body.tags);
    item.relationships = body.relationships;
    for link in &mut item.relationships {
        link.resource_type = intern(&link.resource_type);
        link.name = intern(&link.name);
    }
    item.configuration = section(body.configuration);
    item.supplementary_configuration = section(body.supplementary_configuration);
    Ok(item)
}

/// A section of which nothing was ever read is written as `null`.
fn section(value: Value) -> Value {
    if value == Value::Null { Value::object::<&str>([]) } else { value }
}

thread_local! {
    /// What the compressor works with is larger than most bodies: made once, it is used for all of them. Bodies are short and
    /// there are many: a low level keeps the writing quick, at some cost in size.
    static COMPRESS: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(3), true));
}

pub(super) fn deflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    COMPRESS.with_borrow_mut(|compress| {
        compress.reset();
        let mut packed = Vec::with_capacity(bytes.len() / 2 + 64);
        loop {
            let rest = usize::try_from(compress.total_in()).ok().and_then(|read| bytes.get(read..)).unwrap_or_default();
            match compress.compress_vec(rest, &mut packed, FlushCompress::Finish)? {
                Status::StreamEnd => return Ok(packed),
                // It is at the end of the room.
                Status::Ok | Status::BufError => packed.reserve(packed.len().max(64)),
            }
        }
    })
}

pub(super) fn inflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::with_capacity(bytes.len() * 3);
    ZlibDecoder::new(bytes).read_to_end(&mut plain)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_before_leaves_nothing_behind() {
        // Nothing, little, what packs well, and what does not: no room of the first guess is enough for that.
        let noise: Vec<u8> = (0..100_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
        let even = vec![b'a'; 300_000];
        let texts = [&b""[..], b"a", &even, &noise];
        let first = texts.map(|text| deflate(text).unwrap());
        for (text, packed) in texts.iter().zip(&first).rev() {
            assert_eq!((&deflate(text).unwrap(), &inflate(packed).unwrap()[..]), (packed, *text));
        }
    }
}
