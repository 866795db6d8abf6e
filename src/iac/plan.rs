//! What `terraform show -json` prints of a plan: the resources as they are to be, with what is known only after apply.
//!
//! (<https://developer.hashicorp.com/terraform/internals/json-format>)

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::references::{Call, Configuration, Provider, Written, references};
use super::resolve::hidden;
use super::state::{modules, path, step};
use crate::tree::{Content, Member, Node, Span};

/// A plan: its resources, and the configuration that it was made of.
#[derive(Debug)]
pub(super) struct Plan {
    /// The resources that will be there once the plan is applied, those that stay as they are among them.
    pub(super) planned: Vec<Planned>,
    pub(super) configuration: Configuration,
}

/// A resource as it is to be.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) address: String,
    pub(super) modules: Vec<String>,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) body: Node,
    /// As its provider is configured, if that is written.
    pub(super) region: Option<String>,
    pub(super) account_id: Option<String>,
}

/// Why a text is no plan.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlanError {
    #[error("it is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it is no plan: terraform show -json PLAN prints one, with `resource_changes` or `planned_values`")]
    Other,
    #[error(
        "its `planned_values` have resources, and its `resource_changes` say nothing of them: this is not all of a plan"
    )]
    NoChanges,
}

#[derive(Deserialize)]
struct File {
    format_version: Option<String>,
    /// Left out of a plan of no resources.
    resource_changes: Option<Vec<Resource>>,
    planned_values: Option<Json>,
    configuration: Option<RawConfiguration>,
    #[serde(default)]
    variables: BTreeMap<String, Variable>,
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
    /// What Terraform does not show in its own output: those of providers, and what comes of sensitive variables.
    #[serde(default)]
    after_sensitive: Json,
}

#[derive(Deserialize)]
struct Variable {
    #[serde(default)]
    value: Json,
}

#[derive(Default, Deserialize)]
struct RawConfiguration {
    #[serde(default)]
    root_module: Module,
    #[serde(default)]
    provider_config: BTreeMap<String, RawProvider>,
}

#[derive(Deserialize)]
struct RawProvider {
    /// The module that configures it; that of the root if there is none.
    module_address: Option<String>,
    #[serde(default)]
    expressions: BTreeMap<String, Json>,
}

#[derive(Default, Deserialize)]
struct Module {
    #[serde(default)]
    resources: Vec<RawWritten>,
    #[serde(default, rename = "module_calls")]
    calls: BTreeMap<String, RawCall>,
    #[serde(default)]
    outputs: BTreeMap<String, Output>,
}

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    expression: Json,
}

#[derive(Deserialize)]
struct RawCall {
    #[serde(default)]
    module: Module,
    #[serde(default)]
    expressions: BTreeMap<String, Json>,
    for_each_expression: Option<Json>,
    count_expression: Option<Json>,
}

#[derive(Deserialize)]
struct RawWritten {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    expressions: BTreeMap<String, Json>,
    for_each_expression: Option<Json>,
    provider_config_key: Option<String>,
}

impl Module {
    /// Adds what the module says to a configuration, under the path of its own: `module.a.module.b.`.
    fn put_in(self, configuration: &mut Configuration, path: &str) {
        for RawWritten { kind, name, expressions, for_each_expression, provider_config_key } in self.resources {
            let written = Written { expressions, for_each: for_each_expression, provider: provider_config_key };
            configuration.written.insert(format!("{path}{kind}.{name}"), written);
        }
        for (name, Output { expression }) in self.outputs {
            configuration.outputs.insert(format!("{path}{name}"), expression);
        }
        for (name, RawCall { module, expressions, for_each_expression, count_expression }) in self.calls {
            let path = format!("{path}module.{name}.");
            module.put_in(configuration, &path);
            let is_repeated = for_each_expression.is_some() || count_expression.is_some();
            configuration.calls.insert(path, Call { expressions, for_each: for_each_expression, is_repeated });
        }
    }
}

impl RawProvider {
    fn read(&self, variables: &BTreeMap<String, Variable>) -> Provider {
        let of_root = self.module_address.is_none();
        let text = |expression: &Json| -> Option<String> {
            if let Some(text) = expression.get("constant_value").and_then(Json::as_str) {
                return Some(text.to_owned());
            }
            match references(expression).as_slice() {
                [one] if of_root => Some(variables.get(one.strip_prefix("var.")?)?.value.as_str()?.to_owned()),
                _ => None,
            }
        };
        let first = |name: &str| match self.expressions.get(name)? {
            Json::Array(blocks) => blocks.first(),
            other => Some(other),
        };
        let of_role = || {
            let arn = text(first("assume_role")?.get("role_arn")?)?;
            arn.split(':').nth(4).filter(|account| !account.is_empty()).map(str::to_owned)
        };
        let allowed = || match first("allowed_account_ids")?.get("constant_value")?.as_array()?.as_slice() {
            [one] => one.as_str().map(str::to_owned),
            _ => None,
        };
        Provider {
            region: self.expressions.get("region").and_then(text),
            account_id: of_role().or_else(allowed),
            has_default_tags: self.expressions.contains_key("default_tags"),
        }
    }
}

/// Whether a module of planned values has resources of its own making, in itself or further down.
fn has_resources(module: &Json) -> bool {
    let list = |name: &str| module[name].as_array().map_or(&[][..], Vec::as_slice);
    list("resources").iter().any(|one| one["mode"] == "managed") || list("child_modules").iter().any(has_resources)
}

/// Reads a plan.
pub(super) fn parse(text: &str) -> Result<Plan, PlanError> {
    let File { format_version, resource_changes, planned_values, configuration, variables } =
        serde_json::from_str(text)?;
    let plans_any = planned_values.as_ref().is_some_and(|planned| has_resources(&planned["root_module"]));
    let changes = resource_changes.or_else(|| planned_values.map(|_| Vec::new()));
    let changes = format_version.and(changes).ok_or(PlanError::Other)?;
    if changes.is_empty() && plans_any {
        return Err(PlanError::NoChanges);
    }
    let RawConfiguration { root_module, provider_config } = configuration.unwrap_or_default();
    let mut configuration = Configuration::default();
    root_module.put_in(&mut configuration, "");
    let providers: BTreeMap<_, _> =
        provider_config.iter().map(|(key, provider)| (key.as_str(), provider.read(&variables))).collect();
    let stays = |change: &Resource| change.mode == "managed" && change.change.after.is_object();
    let secrets = Secrets::default();
    let staying = changes.into_iter().filter(stays).filter(|one| one.change.actions != ["delete"]);
    let planned = staying
        .map(|Resource { address, kind, name, change, .. }| {
            let written = configuration.written(&address);
            let is_written = |name: &str| written.is_none_or(|written| written.expressions.contains_key(name));
            // What comes of one other resource goes by the address of that.
            let stand_in = |name: &str| match references(written?.expressions.get(name)?).as_slice() {
                [one] => resource(one),
                _ => None,
            };
            let mut body = body(&change, &secrets, &is_written, &stand_in);
            let provider = written.and_then(|written| providers.get(written.provider.as_deref()?));
            if provider.is_some_and(|provider| !provider.has_default_tags) {
                put_own_tags(&mut body);
            }
            let own_region = body.get("region").and_then(Node::text).map(str::to_owned);
            Planned {
                modules: modules(&address),
                address,
                kind,
                name,
                body,
                region: own_region.or_else(|| provider?.region.clone()),
                account_id: provider.and_then(|provider| provider.account_id.clone()),
            }
        })
        .collect();
    Ok(Plan { planned, configuration })
}

/// `aws_s3_bucket.logs` of `aws_s3_bucket.logs.id`.
fn resource(reference: &str) -> Option<String> {
    let (kind, name) = reference.split_once('.')?;
    let (name, index, _) = step(name);
    kind.contains('_').then(|| format!("{kind}.{name}{index}"))
}

/// A provider without tags of its own gives a resource those that it says itself. The provider calls them unknown, if there
/// are none.
fn put_own_tags(body: &mut Node) {
    let Content::Map(members) = &mut body.content else { return };
    let own = members.iter().find(|member| member.name == "tags").map(|member| member.value.clone());
    let own = own.filter(|tags| tags.content != Content::Null).unwrap_or_else(|| node(Content::Map(Vec::new())));
    let all = members.iter_mut().find(|member| member.name == "tags_all");
    if let Some(all) = all.filter(|all| matches!(all.value.content, Content::Computed(_))) {
        all.value = own;
    }
}

impl Planned {
    /// The index of the resource itself, as its address has it.
    pub(super) fn index(&self) -> &str {
        let rest = path(&self.address).1;
        rest.split_once('.').map_or("", |(_, name)| step(name).1)
    }
}

const UNKNOWN: &str = "known after apply";

/// What is said of the value that a plan calls sensitive.
const SENSITIVE: &str = "a sensitive value";

/// A resource's attributes. What is known only after apply is so by its own expression, or because the provider computes it.
fn body(
    change: &Values,
    secrets: &Secrets,
    is_written: &dyn Fn(&str) -> bool,
    stand_in: &dyn Fn(&str) -> Option<String>,
) -> Node {
    let mut members = BTreeMap::new();
    for (name, value) in change.after.as_object().into_iter().flatten() {
        let said = Said { unknown: &change.after_unknown, sensitive: &change.after_sensitive, secrets };
        members.insert(name.clone(), value_of(value, said.below(name)));
    }
    for (name, what) in change.after_unknown.as_object().into_iter().flatten() {
        if *what == Json::Bool(true) {
            let what = UNKNOWN.to_owned();
            let content = match stand_in(name) {
                Some(stand_in) => Content::Reference { what, stand_in },
                None if is_written(name) => Content::Unresolved(what),
                None => Content::Computed(what),
            };
            members.insert(name.clone(), node(content));
        }
    }
    let members = members.into_iter().map(|(name, value)| Member { name, at: Span::default(), value });
    node(Content::Map(members.collect()))
}

/// The sensitive texts and numbers of a plan, numbered as they were met: of two it shows whether they are one, as of names it must.
#[derive(Default)]
struct Secrets(RefCell<BTreeMap<String, usize>>);

impl Secrets {
    fn stand_in(&self, text: &str) -> String {
        let mut known = self.0.borrow_mut();
        let next = known.len() + 1;
        hidden(known.entry(text.to_owned()).or_insert(next))
    }
}

/// What a plan says of a value beside the value: `true`, or the same of its members.
#[derive(Clone, Copy)]
struct Said<'j> {
    unknown: &'j Json,
    sensitive: &'j Json,
    secrets: &'j Secrets,
}

impl<'j> Said<'j> {
    fn below(self, name: impl serde_json::value::Index + Copy) -> Self {
        // All of something sensitive is.
        let of = |said: &'j Json| if *said == Json::Bool(true) { said } else { said.get(name).unwrap_or(&Json::Null) };
        let unknown = self.unknown.get(name).unwrap_or(&Json::Null);
        Self { unknown, sensitive: of(self.sensitive), secrets: self.secrets }
    }
}

fn value_of(value: &Json, said: Said<'_>) -> Node {
    if *said.unknown == Json::Bool(true) {
        return node(Content::Unresolved(UNKNOWN.to_owned()));
    }
    node(match value {
        Json::String(text) if *said.sensitive == Json::Bool(true) && !text.is_empty() => {
            Content::Reference { what: SENSITIVE.to_owned(), stand_in: said.secrets.stand_in(text) }
        }
        Json::Number(number) if *said.sensitive == Json::Bool(true) => {
            Content::Reference { what: SENSITIVE.to_owned(), stand_in: said.secrets.stand_in(&number.to_string()) }
        }
        Json::Null => Content::Null,
        // There are two of them, and the answer of any rule that looks would tell which: a mark would hide nothing.
        Json::Bool(truth) => Content::Boolean(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Content::Integer(whole),
            None => Content::Number(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Content::Text(text.clone()),
        Json::Array(elements) => {
            Content::List(elements.iter().enumerate().map(|(at, one)| value_of(one, said.below(at))).collect())
        }
        Json::Object(members) => {
            let mut nodes: Vec<Member> = members
                .iter()
                .map(|(name, one)| {
                    let value = value_of(one, said.below(name));
                    Member { name: name.clone(), at: Span::default(), value }
                })
                .collect();
            for (name, what) in said.unknown.as_object().into_iter().flatten() {
                if *what == Json::Bool(true) && !members.contains_key(name) {
                    let value = node(Content::Unresolved(UNKNOWN.to_owned()));
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
