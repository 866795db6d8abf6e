//! What AWS Config is known to write for a type: `tests/data/shapes/facts/*.yaml`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use assize::value::Value;
use serde::Deserialize;

use crate::{file_name, read};

/// The facts of one type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Facts {
    /// The type.
    #[serde(rename = "type")]
    pub(crate) resource_type: String,
    /// Paths of real items, exact.
    #[serde(default)]
    observed: BTreeMap<String, BTreeMap<String, Words>>,
    /// Further paths that AWS's schema names; lists are not marked in them.
    #[serde(default)]
    named: BTreeMap<String, BTreeMap<String, Words>>,
    /// `AZ` for an availability zone, else the words themselves.
    #[serde(default, rename = "availabilityZone")]
    zones: Vec<String>,
    /// Whether items have a name: `true`, `false`, `sometimes`.
    #[serde(default, rename = "resourceName")]
    name: Value,
    /// The links that items have.
    #[serde(default)]
    pub(crate) relationships: Vec<Link>,
}

/// One, or a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Many(Vec<String>),
}

impl Words {
    fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(word) => std::slice::from_ref(word),
            Self::Many(words) => words.as_slice(),
        }
        .iter()
        .map(String::as_str)
    }

    fn has(&self, wanted: &str) -> bool {
        self.iter().any(|word| word == wanted)
    }
}

/// A link from one type to another.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    /// The type of the other resource.
    #[serde(rename = "type")]
    pub(crate) resource_type: String,
    /// AWS Config's words.
    pub(crate) name: String,
}

/// Facts by type.
pub(crate) fn all(folder: &Path) -> Result<BTreeMap<String, Facts>, String> {
    let mut facts = BTreeMap::new();
    for (stem, text) in read(folder)? {
        let one: Facts = serde_saphyr::from_str(&text).map_err(|error| format!("facts/{stem}.yaml: {error}"))?;
        if stem != file_name(&one.resource_type) {
            return Err(format!("facts/{stem}.yaml has the facts of {}", one.resource_type));
        }
        facts.insert(one.resource_type.clone(), one);
    }
    Ok(facts)
}

/// How an item may differ from the facts.
pub(crate) struct Allowed<'a> {
    /// Paths at and below which there is what AWS Config is not known to write.
    pub(crate) beyond: &'a [String],
    /// Paths at and below which AWS Config writes what the item does not have.
    pub(crate) missing: &'a [String],
    /// Paths below which anything may stand.
    pub(crate) documents: &'a [String],
}

/// A path without the marks of its lists.
fn flat(path: &str) -> String {
    path.replace("[]", "")
}

fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Strikes out the entries that speak of a path: whether there are any.
fn strike(open: &mut BTreeSet<&str>, entries: &[String], path: &str) -> bool {
    let above: Vec<&String> = entries.iter().filter(|above| is_below(path, above)).collect();
    for entry in &above {
        open.remove(entry.as_str());
    }
    !above.is_empty()
}

/// The paths of a body with the types of what stands there.
fn paths(value: &Value, path: &str, found: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members.iter() {
                paths(member, &format!("{path}.{name}"), found);
            }
        }
        Value::Array(elements) if !elements.is_empty() => {
            for element in elements.iter() {
                paths(element, &format!("{path}[]"), found);
            }
        }
        Value::Array(_) => {
            found.entry(format!("{path}[]")).or_default().insert("empty");
        }
        scalar => {
            found.entry(path.to_owned()).or_default().insert(scalar.kind());
        }
    }
}

impl Facts {
    /// What is wrong with an item, by these facts.
    pub(crate) fn complaints(&self, item: &Value, allowed: &Allowed<'_>) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut found = BTreeMap::new();
        for section in ["configuration", "supplementaryConfiguration"] {
            if let Some(body) =
                item.get(section).filter(|body| body.as_object().is_none_or(|members| !members.is_empty()))
            {
                paths(body, section, &mut found);
            }
        }
        let is_document = |path: &str| allowed.documents.iter().any(|document| is_below(path, document));
        let mut beyond: BTreeSet<&str> = allowed.beyond.iter().map(String::as_str).collect();
        for (path, kinds) in found.iter().filter(|(path, _)| !is_document(path)) {
            for why in kinds.iter().filter_map(|kind| self.knows(path, kind).err()) {
                if !strike(&mut beyond, allowed.beyond, path) {
                    wrong.push(format!("{path}: {why}"));
                }
            }
        }
        wrong.extend(beyond.iter().map(|path| format!("{path} is said to be beyond the facts, and is not")));
        let mut missing: BTreeSet<&str> = allowed.missing.iter().map(String::as_str).collect();
        for path in self.observed_paths().filter(|path| !is_document(path)) {
            if !found.keys().any(|other| is_below(other, path.trim_end_matches("[]")))
                && !strike(&mut missing, allowed.missing, &path)
            {
                wrong.push(format!("{path} is missing"));
            }
        }
        wrong.extend(missing.iter().map(|path| format!("{path} is said to be missing, and is not")));
        wrong.extend(self.attributes(item));
        wrong
    }

    /// The paths at which something was seen.
    fn observed_paths(&self) -> impl Iterator<Item = String> {
        self.observed.iter().flat_map(|(section, paths)| {
            let seen = paths.iter().filter(|(_, kinds)| kinds.iter().any(|kind| kind != "null"));
            seen.map(move |(path, _)| format!("{section}.{path}"))
        })
    }

    /// Whether a value of this type at this path is known.
    fn knows(&self, path: &str, kind: &str) -> Result<(), String> {
        let (section, inside) = path.split_once('.').unwrap_or((path, ""));
        let none = BTreeMap::new();
        let observed = self.observed.get(section).unwrap_or(&none);
        let kinds = observed.get(inside);
        if kind == "null" && !kinds.is_some_and(|kinds| kinds.has("null")) {
            return Err("null, where AWS Config leaves the member out".into());
        }
        if let Some(kinds) = kinds {
            let unknown = kinds.iter().all(|kind| ["empty", "null"].contains(&kind));
            let number = kind == "integer" && kinds.has("number");
            return if unknown || number || kind == "empty" || kinds.has(kind) {
                Ok(())
            } else {
                Err(format!("{kind}, where AWS Config has {}", kinds.iter().collect::<Vec<_>>().join(" or ")))
            };
        }
        // An empty list, or object, of what is known with something in it.
        if (kind == "empty" || kind == "object") && observed.keys().any(|other| is_below(other, inside)) {
            return Ok(());
        }
        let flattened = flat(inside);
        if observed.keys().any(|other| is_below(&flat(other), &flattened) && !is_below(other, inside)) {
            return Err("the lists on the way are others in AWS Config".into());
        }
        let named = self.named.get(section).unwrap_or(&none);
        if kind == "empty" && named.keys().any(|other| is_below(other, &flattened)) {
            return Ok(());
        }
        let Some(kinds) = named.get(&flattened) else { return Err("AWS Config is not known to write it".into()) };
        let fits = kinds.iter().any(|named| match named {
            "date" => ["string", "integer"].contains(&kind),
            "number" => ["number", "integer"].contains(&kind),
            other => other == kind || kind == "empty",
        });
        if fits {
            Ok(())
        } else {
            Err(format!("{kind}, where AWS Config has {}", kinds.iter().collect::<Vec<_>>().join(" or ")))
        }
    }

    fn attributes(&self, item: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
        let zone = match text("availabilityZone") {
            "" => "absent",
            zone if zone.starts_with(text("awsRegion")) => "AZ",
            words => words,
        };
        if !self.zones.is_empty() && !self.zones.iter().any(|known| known == zone) {
            wrong.push(format!("availabilityZone: {zone:?}, where AWS Config has {}", self.zones.join(" or ")));
        }
        let named = item.get("resourceName").is_some();
        match self.name {
            Value::Bool(wanted) if wanted != named => {
                wrong.push(format!("resourceName: present is {named}, and {wanted} in AWS Config"));
            }
            _ => {}
        }
        wrong
    }
}
