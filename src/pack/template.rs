//! The template of a pack, with its parameters, conditions and functions worked out.
//!
//! What a template asks of the account that it is deployed to (`AWS::Region`, an import) is not known when it is read. It
//! does not spoil the pack: the rule that needs it has the reason in place of its parameters.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::{PackRule, Scope, Source};
use crate::tree::{Content, Node};
use crate::value::{Object, Value, intern};

const RULE: &str = "AWS::Config::ConfigRule";

/// Why a template is not used: the line, from 1, and a sentence.
type Wrong = (u64, String);

pub(super) enum Defect {
    Wrong(u64, String),
    NoParameter { name: String, known: Vec<String> },
}

impl From<Wrong> for Defect {
    fn from((line, message): Wrong) -> Self {
        Self::Wrong(line, message)
    }
}

/// So many conditions may hang on each other, one below the other.
const DEEPEST: usize = 100;

/// Why a value is not known.
#[derive(Clone)]
enum Unknown {
    /// The template is wrong.
    Wrong(Wrong),
    /// Only who deploys the pack knows it.
    Open(String),
}

/// What is no rule: logical id and type.
type Others = Vec<(String, String)>;

/// A value; nothing is `AWS::NoValue`.
type Resolved = Result<Option<Value>, Unknown>;

pub(super) struct Template<'n> {
    root: &'n Node,
    parameters: BTreeMap<String, Option<String>>,
    /// The conditions that are being worked out: one that needs itself has no value.
    under_way: RefCell<BTreeSet<String>>,
    /// Those that are worked out. A condition may be asked for by many.
    known: RefCell<BTreeMap<String, Result<bool, Unknown>>>,
}

impl<'n> Template<'n> {
    pub(super) fn new(root: &'n Node, given: &BTreeMap<String, String>) -> Result<Self, Defect> {
        if !matches!(root.content, Content::Map(_)) {
            return Err((root.at.line, "a conformance pack is a mapping with Resources".to_owned()).into());
        }
        let mut parameters = BTreeMap::new();
        let declared = root.get("Parameters").map(Node::members).unwrap_or_default();
        for parameter in declared {
            let default = match parameter.value.get("Default") {
                Some(default) => Some(scalar(default).ok_or_else(|| {
                    (default.at.line, format!("the default of the parameter {} is no text", parameter.name))
                })?),
                None => None,
            };
            let value = given.get(&parameter.name).cloned().or(default);
            parameters.insert(parameter.name.clone(), value);
        }
        if let Some(name) = given.keys().find(|name| !parameters.contains_key(*name)) {
            let known = parameters.keys().cloned().collect();
            return Err(Defect::NoParameter { name: name.clone(), known });
        }
        Ok(Self { root, parameters, under_way: RefCell::default(), known: RefCell::default() })
    }

    pub(super) fn description(&self) -> Option<String> {
        self.root.get("Description").and_then(scalar)
    }

    pub(super) fn parameters(&self) -> BTreeMap<String, Option<String>> {
        self.parameters.clone()
    }

    /// The rules, and what else there is.
    pub(super) fn resources(&self) -> Result<(Vec<PackRule>, Others), Wrong> {
        let resources = self.root.get("Resources").ok_or_else(|| {
            (self.root.at.line, "there are no Resources: it is no template of a conformance pack".to_owned())
        })?;
        let (mut rules, mut others) = (Vec::new(), Vec::new());
        for resource in resources.members() {
            let kind = resource.value.get("Type").and_then(Node::text);
            let kind = kind.ok_or_else(|| (resource.at.line, format!("{} has no Type", resource.name)))?;
            if kind != RULE {
                others.push((resource.name.clone(), kind.to_owned()));
                continue;
            }
            let condition = resource.value.get("Condition").map(|condition| match condition.text() {
                Some(name) => self.condition(name, condition.at.line),
                None => Err(Unknown::Wrong((condition.at.line, "a Condition is named by a text".to_owned()))),
            });
            let mut open = None;
            match condition {
                None | Some(Ok(true)) => {}
                Some(Ok(false)) => continue,
                Some(Err(Unknown::Wrong(wrong))) => return Err(wrong),
                Some(Err(Unknown::Open(reason))) => open = Some(reason),
            }
            let mut rule = self.rule(&resource.name, resource.at.line, &resource.value)?;
            if let Some(reason) = open {
                rule.parameters = Err(reason);
            }
            rules.push(rule);
        }
        Ok((rules, others))
    }

    fn rule(&self, logical_id: &str, line: u64, resource: &Node) -> Result<PackRule, Wrong> {
        let properties = resource.get("Properties");
        let properties = properties.ok_or_else(|| (line, format!("the rule {logical_id} has no Properties")))?;
        let source = properties.get("Source").ok_or_else(|| (line, format!("the rule {logical_id} has no Source")))?;
        let owner = self.told(source.get("Owner"))?;
        let mut parameters = self.input(properties.get("InputParameters"))?;
        let source = match owner.as_deref() {
            Some("AWS") => {
                let identifier = self.told(source.get("SourceIdentifier"))?;
                let missing = || (source.at.line, format!("the rule {logical_id} has no SourceIdentifier"));
                Source::Managed(identifier.ok_or_else(missing)?)
            }
            Some("CUSTOM_LAMBDA") => Source::CustomLambda,
            Some("CUSTOM_POLICY") => Source::CustomPolicy,
            Some(other) => Source::Unknown(other.to_owned()),
            None => {
                let message =
                    format!("the Source of the rule {logical_id} has no Owner: AWS, CUSTOM_LAMBDA or CUSTOM_POLICY");
                return Err((source.at.line, message));
            }
        };
        let scope = match self.scope(properties.get("Scope")) {
            Ok(scope) => scope,
            Err(Unknown::Wrong(wrong)) => return Err(wrong),
            // On which resources to run it is as good as a parameter.
            Err(Unknown::Open(reason)) => {
                parameters = Err(reason);
                Scope::default()
            }
        };
        let controls = resource.get("Controls").map(Node::elements).unwrap_or_default();
        Ok(PackRule {
            logical_id: logical_id.to_owned(),
            name: self.shown(properties.get("ConfigRuleName"))?.unwrap_or_else(|| logical_id.to_owned()),
            line,
            source,
            parameters,
            scope,
            frequency: self.shown(properties.get("MaximumExecutionFrequency"))?,
            controls: controls.iter().filter_map(scalar).collect(),
        })
    }

    /// `InputParameters`: a mapping, or JSON text.
    fn input(&self, node: Option<&Node>) -> Result<Result<BTreeMap<String, Value>, String>, Wrong> {
        let Some(node) = node else { return Ok(Ok(BTreeMap::new())) };
        let value = match self.value(node) {
            Ok(value) => value,
            Err(Unknown::Open(reason)) => return Ok(Err(reason)),
            Err(Unknown::Wrong(wrong)) => return Err(wrong),
        };
        let value = match value {
            None => return Ok(Ok(BTreeMap::new())),
            Some(Value::String(text)) => serde_json::from_str(&text)
                .map_err(|error| (node.at.line, format!("InputParameters is text that is no JSON: {error}")))?,
            Some(value) => value,
        };
        let Some(object) = value.as_object() else {
            return Err((node.at.line, "InputParameters is a mapping of names to values".to_owned()));
        };
        Ok(Ok(object
            .iter()
            // AWS Config takes a parameter without a value for one that is not given.
            .filter(|(_, value)| **value != Value::Null)
            .map(|(name, value)| (name.to_string(), value.clone()))
            .collect()))
    }

    fn scope(&self, node: Option<&Node>) -> Result<Scope, Unknown> {
        let Some(node) = node else { return Ok(Scope::default()) };
        let line = node.at.line;
        let value = match self.value(node)? {
            None | Some(Value::Null) => return Ok(Scope::default()),
            Some(value) => value,
        };
        let members = value.as_object().ok_or_else(|| wrong(line, "the Scope of a rule is a mapping"))?;
        let text = |name: &str| match members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.to_string())),
            Some(scalar @ (Value::Integer(_) | Value::Bool(_) | Value::Float(_))) => Ok(Some(scalar.to_string())),
            Some(_) => Err(wrong(line, format!("{name} of a Scope is a text"))),
        };
        let mut resource_types = match members.get("ComplianceResourceTypes") {
            Some(Value::Array(kinds)) => {
                let kinds = kinds.iter().map(|kind| kind.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
                kinds.ok_or_else(|| wrong(line, "ComplianceResourceTypes of a Scope are texts"))?
            }
            // CloudFormation takes a text for a list of one.
            _ => text("ComplianceResourceTypes")?.into_iter().collect(),
        };
        resource_types.sort();
        resource_types.dedup();
        let tag = match (text("TagKey")?, text("TagValue")?) {
            (None, Some(_)) => return Err(wrong(line, "a Scope with a TagValue names its TagKey as well")),
            (key, value) => key.map(|key| (key, value)),
        };
        Ok(Scope { resource_types, resource_id: text("ComplianceResourceId")?, tag })
    }

    /// A text that decides nothing: where only a deployment knows it, it is as if it were not written.
    fn shown(&self, node: Option<&Node>) -> Result<Option<String>, Wrong> {
        match node.map(|node| self.value(node)) {
            None | Some(Ok(None) | Err(Unknown::Open(_))) => Ok(None),
            Some(Ok(Some(value))) => Ok(Some(plain(&value))),
            Some(Err(Unknown::Wrong(wrong))) => Err(wrong),
        }
    }

    /// A text that has to be known, as it decides which rule it is.
    fn told(&self, node: Option<&Node>) -> Result<Option<String>, Wrong> {
        let Some(node) = node else { return Ok(None) };
        match self.value(node) {
            Ok(None) => Ok(None),
            Ok(Some(Value::String(text))) => Ok(Some(text.to_string())),
            Ok(Some(other)) => Ok(Some(other.to_string())),
            Err(Unknown::Wrong(wrong)) => Err(wrong),
            Err(Unknown::Open(reason)) => Err((node.at.line, reason)),
        }
    }

    fn value(&self, node: &Node) -> Resolved {
        Ok(Some(match &node.content {
            Content::Null => Value::Null,
            Content::Boolean(truth) => Value::Bool(*truth),
            Content::Integer(number) => Value::Integer(*number),
            Content::Number(number) => Value::Float(*number),
            Content::Text(text) => Value::from(text.as_str()),
            Content::Unresolved(what) | Content::Reference { what, .. } | Content::Computed(what) => {
                return Err(Unknown::Open(format!("{what} is known after deployment only")));
            }
            Content::List(elements) => {
                let mut values = Vec::with_capacity(elements.len());
                for element in elements {
                    values.extend(self.value(element)?);
                }
                Value::from(values)
            }
            Content::Map(members) => {
                if let [member] = members.as_slice()
                    && (member.name == "Ref" || member.name == "Condition" || member.name.starts_with("Fn::"))
                {
                    return self.function(&member.name, &member.value);
                }
                let mut object = Vec::with_capacity(members.len());
                for member in members {
                    if let Some(value) = self.value(&member.value)? {
                        object.push((intern(&member.name), value));
                    }
                }
                Value::from(Object::from_members(object))
            }
        }))
    }

    fn function(&self, name: &str, argument: &Node) -> Resolved {
        let line = argument.at.line;
        match name {
            "Ref" => self.reference(argument),
            "Condition" | "Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or" => {
                self.logic(name, argument).map(|truth| Some(Value::Bool(truth)))
            }
            "Fn::If" => {
                let [condition, then, otherwise] = argument.elements() else {
                    return Err(wrong(line, "Fn::If takes a condition and two values"));
                };
                let Some(condition) = condition.text() else {
                    return Err(wrong(line, "the condition of Fn::If is named by a text"));
                };
                self.value(if self.condition(condition, line)? { then } else { otherwise })
            }
            "Fn::Join" => {
                let [separator, parts] = argument.elements() else {
                    return Err(wrong(line, "Fn::Join takes a separator and a list"));
                };
                let Some(separator) = separator.text() else {
                    return Err(wrong(line, "the separator of Fn::Join is a text"));
                };
                let mut texts = Vec::new();
                for part in parts.elements() {
                    texts.extend(self.value(part)?.map(|value| plain(&value)));
                }
                Ok(Some(Value::from(texts.join(separator))))
            }
            "Fn::Sub" => match argument.text() {
                Some(text) => self.substituted(text, line),
                None => Err(Unknown::Open("Fn::Sub with a mapping is worked out by CloudFormation only".to_owned())),
            },
            other => Err(Unknown::Open(format!("{other} is worked out by CloudFormation only"))),
        }
    }

    fn reference(&self, argument: &Node) -> Resolved {
        let line = argument.at.line;
        match argument.text() {
            Some("AWS::NoValue") => Ok(None),
            Some(name) if name.starts_with("AWS::") => {
                Err(Unknown::Open(format!("{name} is known where the pack is deployed only")))
            }
            Some(name) => self.parameter(name, line).map(|text| Some(Value::from(text))),
            None => Err(wrong(line, "Ref takes the name of a parameter")),
        }
    }

    fn parameter(&self, name: &str, line: u64) -> Result<String, Unknown> {
        match self.parameters.get(name) {
            Some(Some(text)) => Ok(text.clone()),
            Some(None) => {
                Err(Unknown::Open(format!("the pack's parameter {name} has no default and was not given a value")))
            }
            None => Err(wrong(line, format!("there is no parameter {name}"))),
        }
    }

    /// `${Name}` becomes the parameter, `${!Name}` stays as `${Name}`.
    fn substituted(&self, text: &str, line: u64) -> Resolved {
        let mut made = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            made.push_str(before);
            let Some((name, behind)) = after.split_once('}') else {
                return Err(wrong(line, format!("a ${{ without its }} in {text}")));
            };
            match name.strip_prefix('!') {
                Some(literal) => made.extend(["${", literal, "}"]),
                None if name.starts_with("AWS::") => {
                    return Err(Unknown::Open(format!("{name} is known where the pack is deployed only")));
                }
                None => made.push_str(&self.parameter(name, line)?),
            }
            rest = behind;
        }
        made.push_str(rest);
        Ok(Some(Value::from(made)))
    }

    fn condition(&self, name: &str, line: u64) -> Result<bool, Unknown> {
        let conditions = self.root.get("Conditions");
        let Some(condition) = conditions.and_then(|conditions| conditions.get(name)) else {
            return Err(wrong(line, format!("there is no condition {name}")));
        };
        if let Some(known) = self.known.borrow().get(name) {
            return known.clone();
        }
        if !self.under_way.borrow_mut().insert(name.to_owned()) {
            return Err(wrong(condition.at.line, format!("the condition {name} depends on itself")));
        }
        let is_deep = self.under_way.borrow().len() > DEEPEST;
        let truth = if is_deep {
            Err(wrong(condition.at.line, format!("more than {DEEPEST} conditions depend on each other")))
        } else {
            self.truth(condition)
        };
        self.under_way.borrow_mut().remove(name);
        self.known.borrow_mut().insert(name.to_owned(), truth.clone());
        truth
    }

    fn truth(&self, node: &Node) -> Result<bool, Unknown> {
        match node.members() {
            [member] => self.logic(&member.name, &member.value),
            _ => Err(wrong(node.at.line, "a condition is one of Fn::Equals, Fn::Not, Fn::And, Fn::Or and Condition")),
        }
    }

    fn logic(&self, name: &str, argument: &Node) -> Result<bool, Unknown> {
        let line = argument.at.line;
        let parts = argument.elements();
        match (name, parts) {
            ("Condition", _) => match argument.text() {
                Some(name) => self.condition(name, line),
                None => Err(wrong(line, "a Condition is named by a text")),
            },
            ("Fn::Equals", [a, b]) => {
                let text = |node| Ok(self.value(node)?.map(|value| plain(&value)));
                Ok(text(a)? == text(b)?)
            }
            ("Fn::Not", [one]) => Ok(!self.truth(one)?),
            ("Fn::And", [_, _, ..]) => {
                for part in parts {
                    if !self.truth(part)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            ("Fn::Or", [_, _, ..]) => {
                for part in parts {
                    if self.truth(part)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            ("Fn::Equals", _) => Err(wrong(line, "Fn::Equals compares two values")),
            ("Fn::Not", _) => Err(wrong(line, "Fn::Not takes one condition, in a list")),
            ("Fn::And" | "Fn::Or", _) => Err(wrong(line, format!("{name} takes two conditions or more"))),
            _ => Err(wrong(
                line,
                format!("{name} is no condition: Fn::Equals, Fn::Not, Fn::And, Fn::Or and Condition are"),
            )),
        }
    }
}

fn wrong(line: u64, message: impl Into<String>) -> Unknown {
    Unknown::Wrong((line, message.into()))
}

/// Text as it is, everything else as JSON: conditions compare texts.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A scalar as the text that CloudFormation makes of it.
fn scalar(node: &Node) -> Option<String> {
    match &node.content {
        Content::Text(text) => Some(text.clone()),
        Content::Integer(number) => Some(number.to_string()),
        Content::Number(number) => Some(number.to_string()),
        Content::Boolean(truth) => Some(truth.to_string()),
        Content::Null => Some(String::new()),
        _ => None,
    }
}
