//! Terraform's configuration: which block defines which address, and which attribute stands where.
//!
//! Nothing is computed here. An expression that is not a plain value is unresolved: what it comes to is in Terraform's
//! state or plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Block as HclBlock, Body, Structure};

use super::shape::at_path;
use crate::tree::yaml::Defect;
use crate::tree::{Content, Lines, Member, Node, Span};

/// What the files of one folder define.
#[derive(Clone, Debug, Default)]
pub(super) struct Module {
    pub(super) resources: Vec<Block>,
    pub(super) calls: Vec<Call>,
    /// Of the block `backend "s3"`: the bucket and the key of the state.
    pub(super) state: Option<(String, String)>,
    /// What the configurations of the provider say of where resources are, by alias; that without one is `""`.
    providers: BTreeMap<String, Whereabouts>,
}

/// Where the resources of a block are, as far as that is written as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Whereabouts {
    pub(super) region: Option<String>,
    pub(super) account_id: Option<String>,
}

/// `resource "TYPE" "NAME" { … }`.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) file: Arc<str>,
    pub(super) at: Span,
    pub(super) body: Node,
    /// The value of the tag `yor_trace`, wherever in the block it is put together.
    pub(super) trace: Option<String>,
    pub(super) whereabouts: Whereabouts,
}

/// `module "NAME" { source = … }`.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) file: Arc<str>,
    pub(super) at: Span,
    /// The text of `source`, if it is one.
    pub(super) source: Option<String>,
}

impl Module {
    pub(super) fn resource(&self, kind: &str, name: &str) -> Option<&Block> {
        self.resources.iter().find(|block| block.kind == kind && block.name == name)
    }

    /// Notes where each block makes its resources, once all files are read: by its own region, or by its provider's.
    pub(super) fn place(&mut self) {
        for block in &mut self.resources {
            let provider = block.body.get("provider");
            let name = provider.and_then(|provider| provider.text().or_else(|| provider.unresolved()));
            let alias = name.and_then(|name| name.split_once('.')).map_or("", |(_, alias)| alias);
            block.whereabouts = self.providers.get(alias).cloned().unwrap_or_default();
            if let Some(region) = block.body.get("region") {
                block.whereabouts.region = region.text().map(str::to_owned);
            }
        }
    }

    pub(super) fn call(&self, name: &str) -> Option<&Call> {
        self.calls.iter().find(|call| call.name == name)
    }

    /// Takes in a file in HCL.
    pub(super) fn read(&mut self, text: &str, file: &Arc<str>) -> Result<(), Defect> {
        let body: Body = text.parse().map_err(|error: hcl_edit::parser::Error| {
            (error.location().line() as u64, format!("this is not HCL: {}", first_line(error.message())))
        })?;
        let lines = Lines::new(text);
        for block in body.iter().filter_map(Structure::as_block) {
            let labels: Vec<&str> = block.labels.iter().map(hcl_edit::structure::BlockLabel::as_str).collect();
            let at = span(block.span(), &lines);
            match (block.ident.as_str(), labels.as_slice()) {
                ("resource", [kind, name]) => self.resources.push(Block {
                    kind: (*kind).to_owned(),
                    name: (*name).to_owned(),
                    file: Arc::clone(file),
                    at,
                    body: Node { content: Content::Map(members(&block.body, &lines)), at },
                    trace: block.span().and_then(|range| trace(text.get(range)?)),
                    whereabouts: Whereabouts::default(),
                }),
                ("module", [name]) => {
                    let body = Node { content: Content::Map(members(&block.body, &lines)), at };
                    self.calls.push(call(name, file, at, &body));
                }
                ("provider", ["aws"]) => {
                    let body = Node { content: Content::Map(members(&block.body, &lines)), at };
                    self.provider(&body);
                }
                ("terraform", []) => {
                    let body = Node { content: Content::Map(members(&block.body, &lines)), at };
                    self.backend(&body);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes in a file in Terraform's JSON form.
    pub(super) fn read_json(&mut self, text: &str, file: &Arc<str>) -> Result<(), Defect> {
        let Some(root) = crate::tree::yaml::parse(text)? else { return Ok(()) };
        for kind in root.get("resource").map(Node::members).unwrap_or_default() {
            for member in kind.value.members() {
                self.resources.push(Block {
                    kind: kind.name.clone(),
                    name: member.name.clone(),
                    file: Arc::clone(file),
                    at: member.at,
                    body: member.value.clone(),
                    trace: at_path(&member.value, "tags.yor_trace").and_then(Node::text).map(str::to_owned),
                    whereabouts: Whereabouts::default(),
                });
            }
        }
        for member in root.get("module").map(Node::members).unwrap_or_default() {
            self.calls.push(call(&member.name, file, member.at, &member.value));
        }
        if let Some(aws) = root.get("provider").and_then(|provider| provider.get("aws")) {
            let several = if aws.elements().is_empty() { std::slice::from_ref(aws) } else { aws.elements() };
            for body in several {
                self.provider(body);
            }
        }
        if let Some(body) = root.get("terraform") {
            self.backend(body);
        }
        Ok(())
    }

    fn provider(&mut self, body: &Node) {
        let text = |path: &str| at_path(body, path).and_then(Node::text).map(str::to_owned);
        let of_role = text("assume_role.role_arn").and_then(|arn| arn.split(':').nth(4).map(str::to_owned));
        let allowed = || match body.get("allowed_account_ids")?.elements() {
            [one] => one.text().map(str::to_owned),
            _ => None,
        };
        let account_id = of_role.filter(|account| !account.is_empty()).or_else(allowed);
        let found = Whereabouts { region: text("region"), account_id };
        self.providers.insert(text("alias").unwrap_or_default(), found);
    }

    fn backend(&mut self, body: &Node) {
        // In HCL `backend "s3" {}`, in JSON `{"backend": {"s3": {}}}`: both have the label as a member.
        let backend = body.get("backend");
        let of_list = backend.and_then(|backend| backend.elements().first());
        let Some(s3) = of_list.or(backend).and_then(|backend| backend.get("s3")) else { return };
        let text = |name| s3.get(name).and_then(Node::text).map(str::to_owned);
        self.state = text("bucket").zip(text("key"));
    }
}

fn call(name: &str, file: &Arc<str>, at: Span, body: &Node) -> Call {
    let source = body.get("source").and_then(Node::text).map(str::to_owned);
    Call { name: name.to_owned(), file: Arc::clone(file), at, source }
}

/// The quoted text behind `yor_trace =`.
fn trace(block: &str) -> Option<String> {
    let (_, after) = block.split_once("yor_trace")?;
    let line = after.lines().next()?;
    let (_, quoted) = line.split_once(['=', ':'])?.1.split_once('"')?;
    quoted.split_once('"').map(|(trace, _)| trace.to_owned())
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn span(range: Option<std::ops::Range<usize>>, lines: &Lines<'_>) -> Span {
    lines.span(&range.unwrap_or_default())
}

/// Attributes, and blocks as lists of what they hold, as Terraform's state has them.
fn members(body: &Body, lines: &Lines<'_>) -> Vec<Member> {
    let mut members = Vec::<Member>::new();
    for structure in body {
        match structure {
            Structure::Attribute(attribute) => members.push(Member {
                name: attribute.key.as_str().to_owned(),
                at: span(attribute.span(), lines),
                value: expression(&attribute.value, lines),
            }),
            Structure::Block(block) => {
                let at = span(block.span(), lines);
                let (name, element) = nested(block, lines);
                let element = Node { content: element, at };
                let same = members.iter_mut().find(|member| member.name == name);
                if let Some(Member { value: Node { content: Content::List(elements), .. }, .. }) = same {
                    elements.push(element);
                } else {
                    let value = Node { content: Content::List(vec![element]), at };
                    members.push(Member { name, at, value });
                }
            }
        }
    }
    members
}

/// What a block within a block is called, and what it holds. `dynamic "x" { content { … } }` makes blocks `x`.
fn nested(block: &HclBlock, lines: &Lines<'_>) -> (String, Content) {
    let labels: Vec<&str> = block.labels.iter().map(hcl_edit::structure::BlockLabel::as_str).collect();
    let body = members(&block.body, lines);
    match (block.ident.as_str(), labels.as_slice()) {
        ("dynamic", [name]) => {
            let content = body.into_iter().find(|member| member.name == "content");
            let inner = content.and_then(|content| content.value.elements().first().cloned());
            ((*name).to_owned(), inner.map_or(Content::Map(Vec::new()), |inner| inner.content))
        }
        (ident, [label]) => {
            let at = span(block.span(), lines);
            let value = Node { content: Content::Map(body), at };
            (ident.to_owned(), Content::Map(vec![Member { name: (*label).to_owned(), at, value }]))
        }
        (ident, _) => (ident.to_owned(), Content::Map(body)),
    }
}

fn expression(expression: &Expression, lines: &Lines<'_>) -> Node {
    let at = span(expression.span(), lines);
    let content = match expression {
        Expression::Null(_) => Content::Null,
        Expression::Bool(truth) => Content::Boolean(*truth.value()),
        Expression::Number(number) => match (number.value().as_i64(), number.value().as_f64()) {
            (Some(whole), _) => Content::Integer(whole),
            (None, Some(number)) => Content::Number(number),
            (None, None) => Content::Unresolved("a number".to_owned()),
        },
        Expression::String(text) => Content::Text(text.value().clone()),
        Expression::Array(array) => Content::List(array.iter().map(|one| self::expression(one, lines)).collect()),
        Expression::Object(object) => {
            let mut members = Vec::new();
            for (key, value) in object {
                let name = match key {
                    ObjectKey::Ident(name) => name.as_str().to_owned(),
                    ObjectKey::Expression(Expression::String(name)) => name.value().clone(),
                    ObjectKey::Expression(_) => continue,
                };
                let value = self::expression(value.expr(), lines);
                let from = match key {
                    ObjectKey::Ident(name) => name.span(),
                    ObjectKey::Expression(name) => name.span(),
                };
                members.push(Member { name, at: span(from, lines).to(value.at), value });
            }
            Content::Map(members)
        }
        Expression::Parenthesis(inner) => return self::expression(inner.inner(), lines),
        other => Content::Unresolved(first_line(other.to_string().trim()).chars().take(120).collect()),
    };
    Node { content, at }
}
