//! A look at a rule before it runs: what its script asks for and nobody has, what its metadata says and the script does not
//! mean.
//!
//! The forms of facts are those that descriptors and models tell ([`TypeSchema`]). Where they tell nothing, nothing is found:
//! what is said here is wrong, or leads nowhere.

mod call;
mod facts;
mod kind;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, LazyLock};

use kind::Kind;
use walk::{Found, Walk};

use super::Rule;
use super::load::LoadError;
use super::script::Lookups;
use super::surface::{Signature, Surface};
use crate::nearest;
use crate::schema::TypeSchema;
use crate::tree::{self, Node, Span};

/// What scripts can call.
static SIGNATURES: LazyLock<BTreeMap<String, Vec<Signature>>> = LazyLock::new(|| Surface::new().into_signatures());

/// What is asked of `reads` where a script reads something.
const OF_READS: [&str; 3] = ["part", "reads", "link"];

/// What is known of resource types.
#[derive(Clone, Debug, Default)]
pub struct Types {
    /// Of those that rules name ([`named`]), as far as there are any.
    pub schemas: BTreeMap<String, TypeSchema>,
    /// The names of all types.
    pub names: BTreeSet<String>,
}

impl Types {
    /// Whether a rule says that it reads a part, by itself or with another one that needs it.
    fn is_declared(&self, rule: &Rule, resource_type: &str, part: &str) -> bool {
        let needs = self.schemas.get(resource_type).map(|schema| &schema.needs);
        rule.reads.get(resource_type).is_some_and(|reads| {
            reads.iter().any(|read| {
                read.part == part || needs.and_then(|needs| needs.get(&read.part)).is_some_and(|all| all.contains(part))
            })
        })
    }
}

/// Something in a rule that is not right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The file, below the folder of the rules.
    pub file: String,
    /// Both from 1.
    pub line: usize,
    /// In characters.
    pub column: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.what)
    }
}

/// The types that a rule names: those whose schemas a check of it needs.
pub fn named(rule: &Rule) -> BTreeSet<&str> {
    let mut types: BTreeSet<&str> = rule.resource_types.iter().chain(rule.reads.keys()).map(AsRef::as_ref).collect();
    if let Lookups::Named(looked_up) = rule.script.lookups() {
        types.extend(looked_up);
    }
    types
}

/// What is not right with a rule, by file and place. `metadata` is its `.yaml` file.
///
/// # Errors
/// The script does not compile.
pub fn mistakes(rule: &Rule, metadata: &str, types: &Types) -> Result<Vec<Mistake>, LoadError> {
    let functions =
        rule.script.functions().map_err(|defect| LoadError::Script { path: defect.path, message: defect.message })?;
    let mut found = Found::default();
    for resource_type in &rule.resource_types {
        let mut walk = Walk {
            rule,
            types,
            functions: &functions,
            signatures: &SIGNATURES,
            found: &mut found,
            part: 0,
            depth: 0,
            steps: 0,
            is_sure: true,
        };
        walk.call("evaluate", &[Kind::Item(Arc::clone(resource_type)).into(), Kind::Parameters.into()]);
    }
    let mut mistakes: BTreeSet<Mistake> = BTreeSet::new();
    // What `reads` lacks it lacks everywhere: it is told where it is missed first.
    let mut lacking = BTreeSet::new();
    for (((part, line, column), what), seen) in &found.places {
        let path = rule.script.parts().get(*part).map_or("", |(path, _)| path);
        let wrong = if seen.right { None } else { seen.wrong.first() };
        let wrong = wrong.filter(|wrong| !OF_READS.contains(what) || lacking.insert((part, *wrong)));
        mistakes.extend(wrong.map(|what| Mistake {
            file: format!("{path}.rhai"),
            line: *line,
            column: *column,
            what: what.clone(),
        }));
    }
    mistakes.extend(of_metadata(rule, metadata, types, &found));
    Ok(mistakes.into_iter().collect())
}

/// What the metadata says that the script does not mean, and what nobody knows.
fn of_metadata(rule: &Rule, metadata: &str, types: &Types, found: &Found) -> Vec<Mistake> {
    let root = tree::yaml::parse(metadata).ok().flatten();
    let section = |name: &str| root.as_ref().and_then(|root| root.get(name));
    let mut mistakes = Vec::new();
    let mut add = |at: Option<Span>, what: String| {
        let at = at.unwrap_or(Span { line: 1, column: 1, end: 1 });
        let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        mistakes.push(Mistake {
            file: format!("{}.yaml", rule.path),
            line: place(at.line),
            column: place(at.column),
            what,
        });
    };
    let unknown = |name: &str| {
        let is_unknown = !types.names.contains(name);
        is_unknown.then(|| format!("there is no resource type `{name}`{}", nearest::hint(name, &types.names)))
    };
    for resource_type in &rule.resource_types {
        if let Some(what) = unknown(resource_type) {
            let written = section("resource_types").map(Node::elements).unwrap_or_default();
            add(written.iter().find(|one| one.text() == Some(resource_type)).map(|one| one.at), what);
        }
    }
    for (resource_type, parts) in &rule.reads {
        let member = section("reads").and_then(|reads| reads.member(resource_type));
        let at = member.map(|member| member.at);
        if let Some(what) = unknown(resource_type) {
            add(at, what);
            continue;
        }
        let is_looked_at = rule.judges(resource_type) || found.types.contains(&**resource_type);
        if !is_looked_at && !found.is_partial {
            add(at, format!("`reads` names {resource_type}, and the script looks at none"));
            continue;
        }
        let Some(schema) = types.schemas.get(&**resource_type) else { continue };
        for read in parts {
            let written = member.map(|member| member.value.elements()).unwrap_or_default();
            let is_it = |one: &&Node| {
                one.text() == Some(&read.part) || one.get("part").and_then(Node::text) == Some(&read.part)
            };
            let at = written.iter().find(is_it).map(|one| one.at).or(at);
            if !schema.parts.contains_key(&read.part) {
                let hint = nearest::hint(&read.part, schema.parts.keys());
                add(at, format!("{resource_type} has no part `{}`{hint}", read.part));
            } else if !found.is_partial && !found.parts.contains(&(resource_type.to_string(), read.part.clone())) {
                add(at, format!("`reads` names {} of {resource_type}, and the script does not read it", read.part));
            }
        }
    }
    let of_reads: BTreeSet<&String> =
        rule.reads.values().flatten().filter_map(|read| read.parameter.as_ref()).collect();
    for name in rule.parameters.keys() {
        if !found.is_partial && !found.parameters.contains(name) && !of_reads.contains(name) {
            let at = section("parameters").and_then(|all| all.member(name)).map(|member| member.at);
            add(at, format!("the script does not read the parameter `{name}`"));
        }
    }
    mistakes
}
