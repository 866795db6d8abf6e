//! What Terraform says it has made: its state, or what `terraform show -json` prints of a state or a plan.
//!
//! A state holds secrets. Only the addresses are kept, and of the attributes those texts that tell a resource.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value as Json;

/// Resources that Terraform has made.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) instances: Vec<Instance>,
}

/// One resource: of a block with `count` or `for_each` there are several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Instance {
    /// In full: `module.net["a"].aws_subnet.public[0]`.
    pub(super) address: String,
    /// The names of the modules on the way, from the root.
    pub(super) modules: Vec<String>,
    pub(super) kind: String,
    pub(super) name: String,
    /// The attributes that tell which resource it is.
    pub(super) attributes: BTreeMap<String, String>,
}

/// Why a text is no state.
#[derive(Debug, thiserror::Error)]
pub(super) enum StateError {
    #[error("it is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it is neither a state of Terraform nor what `terraform show -json` prints")]
    Other,
    #[error("the state has version {0}, and version 4 is read: terraform show -json prints any")]
    Version(u64),
}

/// A file of version 4, or the output of `terraform show -json`; by the members it has.
#[derive(Deserialize)]
struct File {
    version: Option<u64>,
    #[serde(default)]
    resources: Vec<Resource>,
    format_version: Option<String>,
    values: Option<Values>,
    prior_state: Option<Prior>,
}

#[derive(Deserialize)]
struct Resource {
    module: Option<String>,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    instances: Vec<RawInstance>,
}

#[derive(Deserialize)]
struct RawInstance {
    index_key: Option<Json>,
    /// Its replacement has been made, and this one is still to be destroyed.
    deposed: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, Json>,
}

#[derive(Deserialize)]
struct Prior {
    values: Option<Values>,
}

#[derive(Deserialize)]
struct Values {
    root_module: Option<Shown>,
}

#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    resources: Vec<ShownResource>,
    #[serde(default)]
    child_modules: Vec<Shown>,
}

#[derive(Deserialize)]
struct ShownResource {
    address: String,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    values: BTreeMap<String, Json>,
}

impl State {
    /// Reads a state. Of the attributes those of these names are kept.
    pub(super) fn parse(text: &str, kept: &BTreeSet<&str>) -> Result<Self, StateError> {
        let file: File = serde_json::from_str(text)?;
        let mut state = Self::default();
        if file.format_version.is_some() {
            let values = file.values.or(file.prior_state.and_then(|prior| prior.values));
            if let Some(root) = values.and_then(|values| values.root_module) {
                state.add_shown(root, kept);
            }
            return Ok(state);
        }
        match file.version {
            Some(4) => {}
            Some(version) => return Err(StateError::Version(version)),
            None => return Err(StateError::Other),
        }
        for resource in file.resources.into_iter().filter(|resource| resource.mode == "managed") {
            let module = resource.module.map(|module| format!("{module}.")).unwrap_or_default();
            for instance in resource.instances.into_iter().filter(|instance| instance.deposed.is_none()) {
                let index = instance.index_key.map(|key| format!("[{key}]")).unwrap_or_default();
                state.instances.push(Instance {
                    address: format!("{module}{}.{}{index}", resource.kind, resource.name),
                    modules: modules(&module),
                    kind: resource.kind.clone(),
                    name: resource.name.clone(),
                    attributes: texts(instance.attributes, kept),
                });
            }
        }
        Ok(state)
    }

    fn add_shown(&mut self, module: Shown, kept: &BTreeSet<&str>) {
        for resource in module.resources.into_iter().filter(|resource| resource.mode == "managed") {
            self.instances.push(Instance {
                modules: modules(&resource.address),
                address: resource.address,
                kind: resource.kind,
                name: resource.name,
                attributes: texts(resource.values, kept),
            });
        }
        for child in module.child_modules {
            self.add_shown(child, kept);
        }
    }
}

fn texts(attributes: BTreeMap<String, Json>, kept: &BTreeSet<&str>) -> BTreeMap<String, String> {
    let text = |(name, value): (String, Json)| match value {
        Json::String(text) if kept.contains(name.as_str()) => Some((name, text)),
        _ => None,
    };
    attributes.into_iter().filter_map(text).collect()
}

/// The names of the modules at the beginning of an address: `module.a["x.y"].module.b[0].aws_vpc.main` → `a`, `b`.
pub(super) fn modules(address: &str) -> Vec<String> {
    path(address).0.into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// The modules at the beginning of an address, each with its index as it is written, and the rest of the address.
pub(super) fn path(address: &str) -> (Vec<(&str, &str)>, &str) {
    let mut steps = Vec::new();
    let mut rest = address;
    while let Some(after) = rest.strip_prefix("module.") {
        let (name, index, tail) = step(after);
        steps.push((name, index));
        rest = tail.strip_prefix('.').unwrap_or_default();
    }
    (steps, rest)
}

/// A name, the index behind it with its brackets, and what follows.
pub(super) fn step(text: &str) -> (&str, &str, &str) {
    let (name, tail) = text.split_at(text.find(['.', '[']).unwrap_or(text.len()));
    let (index, tail) = tail.split_at(if tail.starts_with('[') { index_end(tail) } else { 0 });
    (name, index, tail)
}

/// Where the index at the beginning of the text ends; a key in quotes may hold anything.
fn index_end(text: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modules_of_an_address_are_told_whatever_its_keys_hold() {
        for (address, expected) in [
            ("aws_vpc.main", &[][..]),
            ("module.net.aws_vpc.main", &["net"]),
            ("module.net[\"a.b]\\\"c\"].module.deep[0].aws_vpc.main[\"module.x\"]", &["net", "deep"]),
            ("module.", &[""]),
            ("module.cut[\"", &["cut"]),
        ] {
            assert_eq!(modules(address), expected, "{address}");
        }
    }

    #[test]
    fn a_state_keeps_addresses_and_what_tells_a_resource() {
        let text = r#"{"version": 4, "resources": [
            {"mode": "managed", "type": "aws_db_instance", "name": "main", "module": "module.data[\"eu\"]",
             "instances": [
                {"index_key": 1, "attributes": {"id": "orders", "arn": "arn:x", "password": "hunter2", "port": 5432}},
                {"index_key": "a", "deposed": "1234", "attributes": {"id": "old"}}]},
            {"mode": "data", "type": "aws_ami", "name": "x", "instances": [{"attributes": {"id": "ami-1"}}]}]}"#;
        let state = State::parse(text, &BTreeSet::from(["id", "arn"])).unwrap();
        let [one] = state.instances.as_slice() else { panic!("{state:?}") };
        assert_eq!(one.address, "module.data[\"eu\"].aws_db_instance.main[1]");
        assert_eq!(one.modules, ["data"]);
        assert_eq!(one.attributes.get("id").map(String::as_str), Some("orders"));
        assert!(!format!("{state:?}").contains("hunter2"));
    }

    #[test]
    fn what_terraform_shows_is_read_with_its_modules() {
        let text = r#"{"format_version": "1.0", "values": {"root_module": {"resources": [], "child_modules": [
            {"address": "module.a", "resources": [{"address": "module.a.aws_s3_bucket.b[\"x\"]", "mode": "managed",
             "type": "aws_s3_bucket", "name": "b", "index": "x", "values": {"id": "shop"}}]}]}}}"#;
        let state = State::parse(text, &BTreeSet::from(["id"])).unwrap();
        assert_eq!(state.instances.first().map(|one| &*one.modules), Some(&["a".to_owned()][..]));
        let errors = ["[]", "{}", r#"{"version": 3, "modules": []}"#, "{\"version\": 4, \"resources\": 1}"];
        for text in errors {
            assert!(State::parse(text, &BTreeSet::new()).is_err(), "{text}");
        }
    }
}
