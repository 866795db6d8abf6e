//! Policy documents: who may do what to which, and under which conditions
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>).
//!
//! A document comes as an object, as JSON text, or as percent-encoded JSON text (IAM answers with it); AWS Config has
//! recorded some of IAM's as lists of documents. Its statements are brought into one form: lists where the grammar allows a
//! single value, `*` as the principal of everyone.
//!
//! [`grammar`] reads the statements, [`meaning`] says what they amount to, [`statement`] is what a script sees of one.

mod grammar;
mod meaning;
mod statement;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use compact_str::CompactString;
use rhai::{Array, Dynamic, ImmutableString};

use grammar::{Defect, Statement};
use meaning::action_matches;
use statement::{Shown, handle};

use super::fact::{Fact, Hidden, Seen};
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

impl Policy {
    fn of(given: &Dynamic) -> Outcome<Self> {
        if let Some(document) = given.read_lock::<Document>() {
            let members = Value::Object(document.members.clone());
            return Self::parse(&Fact::new(&members, document.origin.clone()));
        }
        if let Some(list) = given.read_lock::<List>() {
            return Self::parse(&Fact::new(&list.to_value()?, list.origin().cloned()));
        }
        let text = given.as_immutable_string_ref().map_err(|kind| {
            fail(format!("a policy document is a text, a document or a list of documents, not {kind}"))
        })?;
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

    /// A document, or the statements of all documents of a list.
    fn parse(fact: &Fact<'_>) -> Outcome<Self> {
        let mut parsed = Parsed { version: None, statements: Vec::new(), list: OnceLock::new() };
        let mut documents = 0;
        for seen in fact.elements() {
            match seen {
                Seen::Known(document) => parsed.add(&document)?,
                Seen::Hidden(hidden) => return Err(hidden.stop()),
                Seen::Absent => continue,
            }
            documents += 1;
        }
        if documents == 0 {
            return Err(stop_at_subject(code::MALFORMED, "there is no policy document".to_owned()));
        }
        Ok(Self(Arc::new(parsed)))
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

impl Parsed {
    /// Adds the statements of a document.
    fn add(&mut self, document: &Fact<'_>) -> Outcome<()> {
        if document.value.as_object().is_none() {
            return Err(stop_at_subject(code::MALFORMED, "the policy document is not an object".to_owned()));
        }
        match document.member("Version") {
            Seen::Known(version) => self.version = version.value.as_str().map(CompactString::from),
            Seen::Absent => {}
            Seen::Hidden(hidden) => return Err(hidden.stop()),
        }
        let list = match document.member("Statement") {
            Seen::Absent => return Ok(()),
            Seen::Hidden(hidden) => {
                self.statements.push(Entry::Hidden(hidden));
                return Ok(());
            }
            Seen::Known(list) => list,
        };
        for seen in list.elements() {
            match seen {
                Seen::Absent => {}
                Seen::Hidden(hidden) => self.statements.push(Entry::Hidden(hidden)),
                Seen::Known(statement) => self.statements.push(match Statement::parse(&statement) {
                    Ok(statement) => Entry::Known(Arc::new(Shown::new(statement))),
                    Err(Defect::Hidden(hidden)) => Entry::Hidden(hidden),
                    Err(Defect::Form(message)) => return Err(stop_at_subject(code::MALFORMED, message)),
                }),
            }
        }
        Ok(())
    }
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

fn unique(texts: BTreeSet<String>) -> Array {
    texts.into_iter().map(Dynamic::from).collect()
}

pub(super) fn register(surface: &mut Surface) {
    surface
        .function("policy", |document: Dynamic| Policy::of(&document))
        .function("action_matches", action_matches)
        .function("matching_actions", |pattern: &str, mut actions: Array| -> Array {
            actions
                .retain(|action| action.as_immutable_string_ref().is_ok_and(|action| action_matches(pattern, &action)));
            actions
        })
        .unchanged::<Policy>(&["version", "statements"])
        .getter("version", |policy: &mut Policy| -> Dynamic {
            policy.0.version.as_ref().map_or(Dynamic::UNIT, |version| ImmutableString::from(version.as_str()).into())
        })
        .getter("statements", |policy: &mut Policy| policy.statements())
        .function("is_public", |policy: &mut Policy| policy.some(Statement::is_public))
        .function("public_statements", |policy: &mut Policy| policy.filter(Statement::is_public))
        .function("refusals_without_tls", |policy: &mut Policy, service: &str| {
            policy.filter(|statement| statement.refuses_without_tls(service))
        })
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
    statement::register(surface);
}

pub(super) fn name_types(engine: &mut rhai::Engine) {
    engine.register_type_with_name::<Policy>("policy");
    statement::name_types(engine);
}

#[cfg(test)]
mod tests;
