//! Policy documents: who may do what to which, and under which conditions
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>).
//!
//! A document comes as an object, as JSON text, or as percent-encoded JSON text (IAM answers with it). Its statements are
//! brought into one form: lists where the grammar allows a single value, `*` as the principal of everyone.
//!
//! What "public" means is S3's definition (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>,
//! "The meaning of public"): a policy is public unless each statement that allows something allows it to fixed values
//! only, of the principal or of a condition. Other services' policies are judged in the same way.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use compact_str::{CompactString, ToCompactString};
use ipnet::IpNet;
use rhai::{Array, Dynamic, ImmutableString};

use super::arn::Arn;
use super::fact::{Fact, Hidden, Seen};
use super::network::{is_private, net};
use super::text::{matches_glob, matches_glob_in_any_case};
use crate::rule::run::{Mixing, Outcome, fail, grow, stop_at_subject};
use crate::rule::surface::{Document, List, Surface};
use crate::value::{Value, code};

/// A script's handle of a policy document.
#[derive(Clone, Debug)]
struct Policy(Arc<Parsed>);

#[derive(Debug)]
struct Parsed {
    version: Option<CompactString>,
    statements: Vec<Entry>,
    /// What a script sees of them, made when it is first asked for.
    list: OnceLock<List>,
}

/// A statement that could be read, or why it could not.
#[derive(Debug)]
enum Entry {
    Known(Arc<Shown>),
    Hidden(Hidden),
}

#[derive(Debug, Default)]
struct Statement {
    sid: CompactString,
    allow: bool,
    actions: Vec<CompactString>,
    not_actions: Option<Vec<CompactString>>,
    resources: Vec<CompactString>,
    not_resources: Option<Vec<CompactString>>,
    principals: Vec<Principal>,
    not_principals: Option<Vec<Principal>>,
    conditions: Vec<Condition>,
}

/// Who: `AWS`, `Service`, `Federated` or `CanonicalUser`, and a name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Principal {
    kind: CompactString,
    value: CompactString,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    operator: CompactString,
    key: CompactString,
    values: Vec<CompactString>,
}

/// A statement with what a script sees of it, made when it is first asked for.
#[derive(Debug)]
struct Shown {
    statement: Statement,
    actions: Lazy,
    resources: Lazy,
    principals: Lazy,
    conditions: Lazy,
}

type Lazy = OnceLock<Arc<[Value]>>;

/// A script's handle of one statement.
#[derive(Clone, Debug)]
struct StatementHandle(Arc<Shown>);

thread_local! {
    /// The policies that were read last: several rules read the same one of the same items.
    static POLICIES: RefCell<Policies> = RefCell::default();
}

/// When the texts together are longer than this, all are forgotten: more than a batch of items has.
const LONGEST_TEXTS: usize = 1 << 20;

#[derive(Default)]
struct Policies {
    bytes: usize,
    by_text: HashMap<Box<str>, Policy, Mixing>,
}

impl Policies {
    fn get(&self, text: &str) -> Option<Policy> {
        self.by_text.get(text).cloned()
    }

    fn add(&mut self, text: &str, policy: &Policy) {
        if self.bytes > LONGEST_TEXTS {
            self.by_text.clear();
            self.bytes = 0;
        }
        self.bytes += text.len();
        self.by_text.insert(text.into(), policy.clone());
    }
}

/// What a document cannot be read as.
enum Defect {
    Hidden(Hidden),
    Form(String),
}

impl Policy {
    fn of(given: &Dynamic) -> Outcome<Self> {
        if let Some(document) = given.read_lock::<Document>() {
            let members = Value::Object(document.members.clone());
            return Self::parse(&Fact::new(&members, document.origin.clone()));
        }
        let text = given
            .as_immutable_string_ref()
            .map_err(|kind| fail(format!("a policy document is a text or a document, not {kind}")))?;
        // A tree takes a few times the space of its text.
        grow(text.len() * 4)?;
        if let Some(policy) = POLICIES.with_borrow(|policies| policies.get(&text)) {
            return Ok(policy);
        }
        let value = parse_text(&text).map_err(|message| stop_at_subject(code::MALFORMED, message))?;
        let policy = Self::parse(&Fact::new(&value, None))?;
        POLICIES.with_borrow_mut(|policies| policies.add(text.as_str(), &policy));
        Ok(policy)
    }

    fn parse(document: &Fact<'_>) -> Outcome<Self> {
        if document.value.as_object().is_none() {
            return Err(stop_at_subject(code::MALFORMED, "the policy document is not an object".to_owned()));
        }
        let version = match document.member("Version") {
            Seen::Known(version) => version.value.as_str().map(CompactString::from),
            Seen::Absent => None,
            Seen::Hidden(hidden) => return Err(hidden.stop()),
        };
        let mut statements = Vec::new();
        match document.member("Statement") {
            Seen::Absent => {}
            Seen::Hidden(hidden) => statements.push(Entry::Hidden(hidden)),
            Seen::Known(list) => {
                for seen in list.elements() {
                    match seen {
                        Seen::Absent => {}
                        Seen::Hidden(hidden) => statements.push(Entry::Hidden(hidden)),
                        Seen::Known(statement) => statements.push(match Statement::parse(&statement) {
                            Ok(statement) => Entry::Known(Arc::new(Shown::new(statement))),
                            Err(Defect::Hidden(hidden)) => Entry::Hidden(hidden),
                            Err(Defect::Form(message)) => return Err(stop_at_subject(code::MALFORMED, message)),
                        }),
                    }
                }
            }
        }
        Ok(Self(Arc::new(Parsed { version, statements, list: OnceLock::new() })))
    }

    /// All statements, unless one is hidden.
    fn statements(&self) -> Outcome<List> {
        if let Some(list) = self.0.list.get() {
            return Ok(list.clone());
        }
        let list = List::of_hosts(self.known().map(|shown| shown.map(handle)).collect::<Outcome<Vec<_>>>()?);
        Ok(self.0.list.get_or_init(|| list).clone())
    }

    fn known(&self) -> impl Iterator<Item = Outcome<&Arc<Shown>>> {
        self.0.statements.iter().map(|entry| match entry {
            Entry::Known(statement) => Ok(statement),
            Entry::Hidden(hidden) => Err(hidden.stop()),
        })
    }

    /// Whether a statement is as asked. One that is known to be decides, whatever else is hidden.
    fn some(&self, test: impl Fn(&Statement) -> bool) -> Outcome<bool> {
        let mut hidden = None;
        for entry in &self.0.statements {
            match entry {
                Entry::Known(shown) if test(&shown.statement) => return Ok(true),
                Entry::Known(_) => {}
                Entry::Hidden(one) => {
                    hidden.get_or_insert(one);
                }
            }
        }
        hidden.map_or(Ok(false), |hidden| Err(hidden.stop()))
    }

    fn filter(&self, test: impl Fn(&Statement) -> bool) -> Outcome<Array> {
        let known = self.known().collect::<Outcome<Vec<_>>>()?;
        Ok(known.into_iter().filter(|shown| test(&shown.statement)).map(handle).collect())
    }
}

fn handle(statement: &Arc<Shown>) -> Dynamic {
    Dynamic::from(StatementHandle(Arc::clone(statement)))
}

impl Shown {
    fn new(statement: Statement) -> Self {
        Self {
            statement,
            actions: Lazy::new(),
            resources: Lazy::new(),
            principals: Lazy::new(),
            conditions: Lazy::new(),
        }
    }
}

/// The list of this name of a statement.
fn list<T>(lazy: &Lazy, elements: &[T], value: impl Fn(&T) -> Value) -> List {
    List::of_values(Arc::clone(lazy.get_or_init(|| elements.iter().map(value).collect())), None)
}

/// As the elements of a list are given.
fn text(text: &CompactString) -> Value {
    Value::String(text.clone())
}

/// JSON text, percent-encoded or not.
fn parse_text(text: &str) -> Result<Value, String> {
    let text = text.trim();
    let decoded;
    let json = if text.starts_with('%') {
        decoded = percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .map_err(|_| "the policy document is not text".to_owned())?;
        decoded.as_ref()
    } else {
        text
    };
    serde_json::from_str(json).map_err(|error| format!("the policy document is not JSON: {error}"))
}

impl Statement {
    fn parse(statement: &Fact<'_>) -> Result<Self, Defect> {
        if statement.value.as_object().is_none() {
            return Err(Defect::Form("a statement of the policy document is not an object".to_owned()));
        }
        let allow = match texts(statement.member("Effect"))?.as_deref() {
            Some([effect]) if effect == "Allow" => true,
            Some([effect]) if effect == "Deny" => false,
            _ => return Err(Defect::Form("a statement's Effect is neither Allow nor Deny".to_owned())),
        };
        Ok(Self {
            sid: texts(statement.member("Sid"))?.and_then(|sid| sid.into_iter().next()).unwrap_or_default(),
            allow,
            actions: texts(statement.member("Action"))?.unwrap_or_default(),
            not_actions: texts(statement.member("NotAction"))?,
            resources: texts(statement.member("Resource"))?.unwrap_or_default(),
            not_resources: texts(statement.member("NotResource"))?,
            principals: principals(statement.member("Principal"))?.unwrap_or_default(),
            not_principals: principals(statement.member("NotPrincipal"))?,
            conditions: conditions(statement.member("Condition"))?,
        })
    }

    /// Whether the statement speaks of this action.
    fn matches_action(&self, action: &str) -> bool {
        match &self.not_actions {
            Some(not) => !not.iter().any(|pattern| action_matches(pattern, action)),
            None => self.actions.iter().any(|pattern| action_matches(pattern, action)),
        }
    }

    /// Whether the statement speaks of this resource. A statement of a policy that names none, such as a role's trust
    /// policy, speaks of the resource it is attached to.
    fn matches_resource(&self, resource: &str) -> bool {
        match &self.not_resources {
            Some(not) => !not.iter().any(|pattern| resource_matches(pattern, resource)),
            None => {
                self.resources.is_empty() || self.resources.iter().any(|pattern| resource_matches(pattern, resource))
            }
        }
    }

    /// Whether it speaks of every principal there is.
    fn is_for_anyone(&self) -> bool {
        self.not_principals.is_some() || self.principals.iter().any(Principal::is_anyone)
    }

    /// Whether one of its principals is of this kind and has a name that is as the pattern says.
    fn names_principal(&self, kind: &str, pattern: &str) -> bool {
        self.principals.iter().any(|principal| principal.kind == kind && matches_glob(pattern, &principal.value))
    }

    /// Whether a condition lets through requests only that have fixed values of this key.
    fn fixes(&self, key: &str) -> bool {
        self.conditions.iter().any(|condition| {
            condition.key.eq_ignore_ascii_case(key)
                && condition.asks_for_values()
                && condition.values.iter().all(|value| is_fixed(value))
        })
    }

    /// Whether it allows something to principals that are not fixed, with no condition that fixes them.
    fn is_public(&self) -> bool {
        self.allow
            && (self.not_principals.is_some() || !self.principals.iter().all(Principal::is_fixed))
            && !self.conditions.iter().any(Condition::fixes_the_caller)
    }

    /// Whether it allows every action on every resource. As with AWS's own rule, conditions do not make it less.
    fn is_admin(&self) -> bool {
        self.allow
            && self.actions.iter().any(|action| is_every_action(action))
            && self.resources.iter().any(|resource| is_stars(resource))
    }

    /// The services of which it allows every action; `*` for all of them.
    fn full_access(&self) -> impl Iterator<Item = String> {
        let actions: &[CompactString] = if self.allow { &self.actions } else { &[] };
        actions.iter().filter_map(|action| {
            if is_every_action(action) {
                return Some("*".to_owned());
            }
            let (service, names) = action.split_once(':')?;
            is_stars(names).then(|| service.to_lowercase())
        })
    }

    /// The accounts of its principals; `*` for everyone.
    fn accounts(&self) -> BTreeSet<&str> {
        self.principals
            .iter()
            .filter_map(|principal| if principal.is_anyone() { Some("*") } else { principal.account() })
            .collect()
    }

    fn condition(&self, operator: &str, key: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| {
            condition.operator.eq_ignore_ascii_case(operator) && condition.key.eq_ignore_ascii_case(key)
        })
    }
}

/// The texts of an element that is one or a list of them; numbers and truth values are written out.
fn texts(seen: Seen<'_>) -> Result<Option<Vec<CompactString>>, Defect> {
    match seen {
        Seen::Absent => Ok(None),
        Seen::Hidden(hidden) => Err(Defect::Hidden(hidden)),
        Seen::Known(fact) => all_texts(&fact).map(Some),
    }
}

fn all_texts(fact: &Fact<'_>) -> Result<Vec<CompactString>, Defect> {
    let mut texts = Vec::new();
    for seen in fact.elements() {
        match seen {
            Seen::Known(element) => match element.value {
                Value::String(text) => texts.push(text.clone()),
                scalar @ (Value::Bool(_) | Value::Integer(_) | Value::Float(_)) => {
                    texts.push(scalar.to_compact_string());
                }
                other => return Err(Defect::Form(format!("the policy document has a {} for a text", other.kind()))),
            },
            Seen::Hidden(hidden) => return Err(Defect::Hidden(hidden)),
            Seen::Absent => {}
        }
    }
    Ok(texts)
}

fn principals(seen: Seen<'_>) -> Result<Option<Vec<Principal>>, Defect> {
    let fact = match seen {
        Seen::Absent => return Ok(None),
        Seen::Hidden(hidden) => return Err(Defect::Hidden(hidden)),
        Seen::Known(fact) => fact,
    };
    if fact.value.as_object().is_none() {
        let all = all_texts(&fact)?.into_iter();
        return Ok(Some(all.map(|value| Principal { kind: CompactString::const_new("AWS"), value }).collect()));
    }
    let mut principals = Vec::new();
    for (kind, values) in fact.members() {
        let values = texts(values)?.unwrap_or_default().into_iter();
        principals.extend(values.map(|value| Principal { kind: kind.as_ref().into(), value }));
    }
    Ok(Some(principals))
}

fn conditions(seen: Seen<'_>) -> Result<Vec<Condition>, Defect> {
    let mut conditions = Vec::new();
    let fact = match seen {
        Seen::Absent => return Ok(conditions),
        Seen::Hidden(hidden) => return Err(Defect::Hidden(hidden)),
        Seen::Known(fact) => fact,
    };
    let object = |fact: &Fact<'_>| match fact.value {
        Value::Object(_) => Ok(()),
        _ => Err(Defect::Form("a statement's Condition is not an object of objects".to_owned())),
    };
    object(&fact)?;
    for (operator, keys) in fact.members() {
        let keys = match keys {
            Seen::Absent => continue,
            Seen::Hidden(hidden) => return Err(Defect::Hidden(hidden)),
            Seen::Known(keys) => keys,
        };
        object(&keys)?;
        for (key, values) in keys.members() {
            let values = texts(values)?.unwrap_or_default();
            conditions.push(Condition { operator: operator.as_ref().into(), key: key.as_ref().into(), values });
        }
    }
    Ok(conditions)
}

impl Principal {
    fn is_anyone(&self) -> bool {
        is_stars(&self.value)
    }

    /// Whether it names whom it means: no wildcard, no variable. Users of a web identity provider (`Federated`, with a
    /// host's name) can be anyone; a provider that stands in an account has an ARN.
    fn is_fixed(&self) -> bool {
        is_fixed(&self.value) && (self.kind != "Federated" || self.value.starts_with("arn:"))
    }

    /// The account of an `AWS` principal.
    fn account(&self) -> Option<&str> {
        if self.kind != "AWS" {
            return None;
        }
        let account = Arn::parse(&self.value).map_or(self.value.as_str(), |arn| arn.account);
        (account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit())).then_some(account)
    }
}

/// The condition keys that tell who is calling or for whom, in small letters. S3's list, with the keys of the same
/// meaning that other services have.
const CALLER_KEYS: [&str; 17] = [
    "aws:principalorgid",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalservicename",
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:userid",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "lambda:eventsourcetoken",
];

impl Condition {
    /// The operator in small letters, without the word for keys that have several values.
    fn plain_operator(&self) -> CompactString {
        let operator = self.operator.to_ascii_lowercase();
        operator.strip_prefix("foranyvalue:").map_or_else(|| operator.clone(), CompactString::from)
    }

    /// Whether a request has to have the key, with one of the values. What ends in `IfExists`, and `ForAllValues`, a
    /// request without the key fulfils too.
    fn asks_for_values(&self) -> bool {
        let operators = ["stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"];
        !self.values.is_empty() && operators.contains(&self.plain_operator().as_str())
    }

    /// Whether it lets through fixed callers only.
    fn fixes_the_caller(&self) -> bool {
        let key = self.key.to_ascii_lowercase();
        if key == "aws:sourceip" {
            return self.plain_operator() == "ipaddress"
                && !self.values.is_empty()
                && self.values.iter().all(|cidr| is_narrow(cidr));
        }
        self.asks_for_values()
            && self.values.iter().all(|value| match key.as_str() {
                // The name of the access point may be open as long as its account is not.
                "s3:dataaccesspointarn" => {
                    Arn::parse(value).is_some_and(|arn| !arn.account.is_empty() && is_fixed(arn.account))
                }
                // Paths below a fixed organization: o-a1b2c3d4e5/r-ab12/*.
                "aws:principalorgpaths" | "aws:sourceorgpaths" => value
                    .split('/')
                    .next()
                    .is_some_and(|organization| organization.starts_with("o-") && is_fixed(organization)),
                key => CALLER_KEYS.contains(&key) && is_fixed(value),
            })
    }
}

/// Whether a range of addresses is narrow enough not to be the public: S3 draws the line at /8, and /32 for IPv6, and
/// leaves out private ranges.
fn is_narrow(cidr: &str) -> bool {
    let Ok(range) = net(cidr) else { return false };
    let least = match range {
        IpNet::V4(_) => 8,
        IpNet::V6(_) => 32,
    };
    range.prefix_len() >= least || is_private(&range)
}

/// No wildcard and no policy variable.
fn is_fixed(value: &str) -> bool {
    !value.is_empty() && !value.contains(['*', '?']) && !value.contains("${")
}

fn is_stars(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*')
}

fn is_every_action(pattern: &str) -> bool {
    is_stars(pattern) || pattern.split_once(':').is_some_and(|(service, name)| is_stars(service) && is_stars(name))
}

/// Whether an action is one of those a pattern names. Letter case does not matter in actions.
fn action_matches(pattern: &str, action: &str) -> bool {
    matches_glob_in_any_case(pattern, action)
}

/// Whether a resource is one of those a pattern names. A policy variable in the pattern may stand for anything.
fn resource_matches(pattern: &str, resource: &str) -> bool {
    if !pattern.contains("${") {
        return matches_glob(pattern, resource);
    }
    let mut open = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        open.push_str(before);
        open.push('*');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    open.push_str(rest);
    matches_glob(&open, resource)
}

fn principal_document(principal: &Principal) -> Value {
    Value::object([
        ("kind", Value::from(principal.kind.as_str())),
        ("value", Value::from(principal.value.as_str())),
        ("account", principal.account().map_or(Value::Null, Value::from)),
    ])
}

fn condition_document(condition: &Condition) -> Value {
    Value::object([
        ("operator", Value::from(condition.operator.as_str())),
        ("key", Value::from(condition.key.as_str())),
        ("values", Value::from(condition.values.iter().map(|value| value.as_str().into()).collect::<Vec<_>>())),
    ])
}

fn unique(texts: BTreeSet<String>) -> Array {
    texts.into_iter().map(Dynamic::from).collect()
}

pub(super) fn register(surface: &mut Surface) {
    surface
        .function("policy", |document: Dynamic| Policy::of(&document))
        .function("action_matches", action_matches)
        .unchanged::<Policy>(&["version", "statements"])
        .getter("version", |policy: &mut Policy| -> Dynamic {
            policy.0.version.as_ref().map_or(Dynamic::UNIT, |version| ImmutableString::from(version.as_str()).into())
        })
        .getter("statements", |policy: &mut Policy| policy.statements())
        .function("is_public", |policy: &mut Policy| policy.some(Statement::is_public))
        .function("public_statements", |policy: &mut Policy| policy.filter(Statement::is_public))
        .function("is_admin", |policy: &mut Policy| policy.some(Statement::is_admin))
        .function("full_access_services", |policy: &mut Policy| -> Outcome<Array> {
            let known = policy.known().collect::<Outcome<Vec<_>>>()?;
            Ok(unique(known.into_iter().flat_map(|shown| shown.statement.full_access()).collect()))
        })
        .function("allowed_accounts", |policy: &mut Policy| -> Outcome<Array> {
            let known = policy.known().collect::<Outcome<Vec<_>>>()?;
            let statements = known.into_iter().map(|shown| &shown.statement).filter(|statement| statement.allow);
            Ok(unique(statements.flat_map(|statement| statement.accounts()).map(str::to_owned).collect()))
        });
    register_statement(surface);
}

fn register_statement(surface: &mut Surface) {
    fn optional<T>(elements: Option<&Vec<T>>, value: impl Fn(&T) -> Value) -> Dynamic {
        elements.map_or(Dynamic::UNIT, |elements| Dynamic::from(list(&Lazy::new(), elements, value)))
    }
    surface
        .unchanged::<StatementHandle>(&[
            "sid",
            "effect",
            "actions",
            "not_actions",
            "resources",
            "not_resources",
            "principals",
            "not_principals",
            "conditions",
        ])
        .getter("sid", |handle: &mut StatementHandle| ImmutableString::from(handle.0.statement.sid.as_str()))
        .getter("effect", |handle: &mut StatementHandle| {
            ImmutableString::from(if handle.0.statement.allow { "Allow" } else { "Deny" })
        })
        .getter("actions", |handle: &mut StatementHandle| list(&handle.0.actions, &handle.0.statement.actions, text))
        .getter("not_actions", |handle: &mut StatementHandle| optional(handle.0.statement.not_actions.as_ref(), text))
        .getter("resources", |handle: &mut StatementHandle| {
            list(&handle.0.resources, &handle.0.statement.resources, text)
        })
        .getter("not_resources", |handle: &mut StatementHandle| {
            optional(handle.0.statement.not_resources.as_ref(), text)
        })
        .getter("principals", |handle: &mut StatementHandle| {
            list(&handle.0.principals, &handle.0.statement.principals, principal_document)
        })
        .getter("not_principals", |handle: &mut StatementHandle| {
            optional(handle.0.statement.not_principals.as_ref(), principal_document)
        })
        .getter("conditions", |handle: &mut StatementHandle| {
            list(&handle.0.conditions, &handle.0.statement.conditions, condition_document)
        })
        .function("condition", |handle: &mut StatementHandle, operator: &str, key: &str| -> Dynamic {
            let found = handle.0.statement.condition(operator, key);
            found.map_or(Dynamic::UNIT, |condition| Dynamic::from(list(&Lazy::new(), &condition.values, text)))
        })
        .function("matches_action", |handle: &mut StatementHandle, action: &str| {
            handle.0.statement.matches_action(action)
        })
        .function("matches_any_action", |handle: &mut StatementHandle, actions: Array| -> Outcome<bool> {
            for action in &actions {
                let action = action
                    .as_immutable_string_ref()
                    .map_err(|kind| fail(format!("an action is a text, not {kind}")))?;
                if handle.0.statement.matches_action(&action) {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .function("names_principal", |handle: &mut StatementHandle, kind: &str, pattern: &str| {
            handle.0.statement.names_principal(kind, pattern)
        })
        .function("fixes", |handle: &mut StatementHandle, key: &str| handle.0.statement.fixes(key))
        .function("matches_resource", |handle: &mut StatementHandle, resource: &str| {
            handle.0.statement.matches_resource(resource)
        })
        .function("is_for_anyone", |handle: &mut StatementHandle| handle.0.statement.is_for_anyone())
        .function("is_public", |handle: &mut StatementHandle| handle.0.statement.is_public())
        .function("is_admin", |handle: &mut StatementHandle| handle.0.statement.is_admin());
}

pub(super) fn name_types(engine: &mut rhai::Engine) {
    engine.register_type_with_name::<Policy>("policy").register_type_with_name::<StatementHandle>("statement");
}

#[cfg(test)]
mod tests;
