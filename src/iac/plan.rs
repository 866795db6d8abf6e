//! What `terraform show -json` prints of a plan: the resources as they are to be, with what is known only after apply.
//!
//! (<https://developer.hashicorp.com/terraform/internals/json-format>)

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::state::{modules, prefix};
use crate::tree::{Content, Member, Node, Span};

/// A resource as it is to be.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) address: String,
    pub(super) modules: Vec<String>,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) body: Node,
    /// By attribute, the addresses of resources to which its expression refers.
    pub(super) references: BTreeMap<String, Vec<String>>,
}

/// Why a text is no plan.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlanError {
    #[error("it is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it is no plan: terraform show -json PLAN prints one, with `resource_changes`")]
    Other,
}

#[derive(Deserialize)]
struct File {
    format_version: Option<String>,
    resource_changes: Option<Vec<Resource>>,
    configuration: Option<Configuration>,
}

#[derive(Deserialize)]
struct Resource {
    address: String,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    change: Values,
}

#[derive(Deserialize)]
struct Values {
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    after: Json,
    #[serde(default)]
    after_unknown: Json,
}

#[derive(Default, Deserialize)]
struct Configuration {
    #[serde(default)]
    root_module: Module,
}

#[derive(Default, Deserialize)]
struct Module {
    #[serde(default)]
    resources: Vec<Written>,
    #[serde(default)]
    module_calls: BTreeMap<String, Call>,
}

#[derive(Deserialize)]
struct Call {
    #[serde(default)]
    module: Module,
}

#[derive(Deserialize)]
struct Written {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    expressions: BTreeMap<String, Json>,
}

/// The resources that will be there once the plan is applied, those that stay as they are among them.
pub(super) fn parse(text: &str) -> Result<Vec<Planned>, PlanError> {
    let File { format_version, resource_changes, configuration } = serde_json::from_str(text)?;
    let changes = format_version.and(resource_changes).ok_or(PlanError::Other)?;
    let configuration = configuration.unwrap_or_default().root_module;
    let stays = |change: &Resource| change.mode == "managed" && change.change.after.is_object();
    let planned = changes.into_iter().filter(stays).filter(|one| one.change.actions != ["delete"]);
    Ok(planned
        .map(|Resource { address, kind, name, change, .. }| {
            let modules = modules(&address);
            let written = find(&configuration, &modules, &kind, &name);
            let expressions = written.map(|written| &written.expressions);
            let module = prefix(&address);
            let references = expressions.into_iter().flatten().map(|(name, expression)| {
                (name.clone(), references(expression).into_iter().map(|one| format!("{module}{one}")).collect())
            });
            let references = references.collect();
            let is_written = |name: &str| expressions.is_none_or(|all| all.contains_key(name));
            let body = body(&change.after, &change.after_unknown, &is_written);
            Planned { address, modules, kind, name, body, references }
        })
        .collect())
}

fn find<'c>(module: &'c Module, modules: &[String], kind: &str, name: &str) -> Option<&'c Written> {
    let module = modules.iter().try_fold(module, |module, step| Some(&module.module_calls.get(step)?.module))?;
    module.resources.iter().find(|written| written.kind == kind && written.name == name)
}

/// `aws_s3_bucket.logs` of an expression that reads `aws_s3_bucket.logs.id`.
fn references(expression: &Json) -> Vec<String> {
    let found = expression.get("references").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts = found.iter().filter_map(Json::as_str);
    let addresses = texts.filter_map(|text| {
        let mut parts = text.split('.');
        let (kind, name) = (parts.next()?, parts.next()?);
        let is_resource = !["var", "local", "module", "data", "each", "count", "path", "self"].contains(&kind);
        is_resource.then(|| format!("{kind}.{name}"))
    });
    let mut all: Vec<String> = addresses.collect();
    all.dedup();
    all
}

impl Planned {
    /// The address without the index of the resource itself, and that index.
    fn split(address: &str) -> (&str, &str) {
        let module = prefix(address).len();
        let at = address.get(module..).and_then(|rest| rest.find('[')).map_or(address.len(), |at| module + at);
        address.split_at(at)
    }

    /// Whether a property refers to a resource of this address. A reference without an index is to the one with the same.
    pub(super) fn refers(&self, property: &str, address: &str) -> Option<bool> {
        let found = self.references.get(property).filter(|found| !found.is_empty())?;
        let (block, index) = Self::split(address);
        let of_block: Vec<&str> =
            found.iter().map(|one| Self::split(one)).filter(|one| one.0 == block).map(|one| one.1).collect();
        let own = Self::split(&self.address).1;
        let named = of_block.iter().any(|one| !one.is_empty());
        Some(if named {
            of_block.contains(&index)
        } else {
            !of_block.is_empty() && (index.is_empty() || own.is_empty() || own == index)
        })
    }
}

/// A resource's attributes. What is known only after apply is so by its own expression, or because the provider computes it.
fn body(after: &Json, unknown: &Json, is_written: &dyn Fn(&str) -> bool) -> Node {
    let mut members = BTreeMap::new();
    for (name, value) in after.as_object().into_iter().flatten() {
        let below = unknown.get(name).unwrap_or(&Json::Null);
        members.insert(name.clone(), value_of(value, below));
    }
    for (name, what) in unknown.as_object().into_iter().flatten() {
        if *what == Json::Bool(true) {
            let what = "known after apply".to_owned();
            let content = if is_written(name) { Content::Unresolved(what) } else { Content::Computed(what) };
            members.insert(name.clone(), node(content));
        }
    }
    let members = members.into_iter().map(|(name, value)| Member { name, at: Span::default(), value });
    node(Content::Map(members.collect()))
}

fn value_of(value: &Json, unknown: &Json) -> Node {
    if *unknown == Json::Bool(true) {
        return node(Content::Unresolved("known after apply".to_owned()));
    }
    node(match value {
        Json::Null => Content::Null,
        Json::Bool(truth) => Content::Boolean(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Content::Integer(whole),
            None => Content::Number(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Content::Text(text.clone()),
        Json::Array(elements) => {
            let below = |at: usize| unknown.get(at).unwrap_or(&Json::Null);
            Content::List(elements.iter().enumerate().map(|(at, one)| value_of(one, below(at))).collect())
        }
        Json::Object(members) => {
            let mut nodes: Vec<Member> = members
                .iter()
                .map(|(name, one)| {
                    let value = value_of(one, unknown.get(name).unwrap_or(&Json::Null));
                    Member { name: name.clone(), at: Span::default(), value }
                })
                .collect();
            for (name, what) in unknown.as_object().into_iter().flatten() {
                if *what == Json::Bool(true) && !members.contains_key(name) {
                    let value = node(Content::Unresolved("known after apply".to_owned()));
                    nodes.push(Member { name: name.clone(), at: Span::default(), value });
                }
            }
            Content::Map(nodes)
        }
    })
}

fn node(content: Content) -> Node {
    Node { content, at: Span::default() }
}
