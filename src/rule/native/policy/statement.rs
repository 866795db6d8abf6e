//! What a script sees of one statement of a policy.

use std::sync::{Arc, OnceLock};

use compact_str::CompactString;
use rhai::{Array, Dynamic, ImmutableString};

use super::grammar::{Condition, Principal, Statement};
use crate::rule::run::{Outcome, fail};
use crate::rule::surface::{List, Surface};
use crate::value::Value;

/// A statement with what a script sees of it, made when it is first asked for.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) statement: Statement,
    actions: Lazy,
    resources: Lazy,
    principals: Lazy,
    conditions: Lazy,
}

type Lazy = OnceLock<Arc<[Value]>>;

/// A script's handle of one statement.
#[derive(Clone, Debug)]
pub(super) struct Handle(Arc<Shown>);

/// A statement as a script's value.
pub(super) fn handle(statement: &Arc<Shown>) -> Dynamic {
    Dynamic::from(Handle(Arc::clone(statement)))
}

impl Shown {
    pub(super) fn new(statement: Statement) -> Self {
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

pub(super) fn register(surface: &mut Surface) {
    fn optional<T>(elements: Option<&Vec<T>>, value: impl Fn(&T) -> Value) -> Dynamic {
        elements.map_or(Dynamic::UNIT, |elements| Dynamic::from(list(&Lazy::new(), elements, value)))
    }
    surface
        .unchanged::<Handle>(&[
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
        .getter("sid", |handle: &mut Handle| ImmutableString::from(handle.0.statement.sid.as_str()))
        .getter("effect", |handle: &mut Handle| {
            ImmutableString::from(if handle.0.statement.allow { "Allow" } else { "Deny" })
        })
        .getter("actions", |handle: &mut Handle| list(&handle.0.actions, &handle.0.statement.actions, text))
        .getter("not_actions", |handle: &mut Handle| optional(handle.0.statement.not_actions.as_ref(), text))
        .getter("resources", |handle: &mut Handle| list(&handle.0.resources, &handle.0.statement.resources, text))
        .getter("not_resources", |handle: &mut Handle| optional(handle.0.statement.not_resources.as_ref(), text))
        .getter("principals", |handle: &mut Handle| {
            list(&handle.0.principals, &handle.0.statement.principals, principal_document)
        })
        .getter("not_principals", |handle: &mut Handle| {
            optional(handle.0.statement.not_principals.as_ref(), principal_document)
        })
        .getter("conditions", |handle: &mut Handle| {
            list(&handle.0.conditions, &handle.0.statement.conditions, condition_document)
        })
        .function("condition", |handle: &mut Handle, operator: &str, key: &str| -> Dynamic {
            let found = handle.0.statement.condition(operator, key);
            found.map_or(Dynamic::UNIT, |condition| Dynamic::from(list(&Lazy::new(), &condition.values, text)))
        })
        .function("matches_action", |handle: &mut Handle, action: &str| handle.0.statement.matches_action(action))
        .function("matches_any_action", |handle: &mut Handle, actions: Array| -> Outcome<bool> {
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
        .function("names_principal", |handle: &mut Handle, kind: &str, pattern: &str| {
            handle.0.statement.names_principal(kind, pattern)
        })
        .function("fixes", |handle: &mut Handle, key: &str| handle.0.statement.fixes(key))
        .function("matches_resource", |handle: &mut Handle, resource: &str| {
            handle.0.statement.matches_resource(resource)
        })
        .function("full_access_services", |handle: &mut Handle| -> Array {
            handle.0.statement.full_access().into_iter().map(Dynamic::from).collect()
        })
        .function("is_for_anyone", |handle: &mut Handle| handle.0.statement.is_for_anyone())
        .function("is_public", |handle: &mut Handle| handle.0.statement.is_public())
        .function("is_admin", |handle: &mut Handle| handle.0.statement.is_admin());
}

pub(super) fn name_types(engine: &mut rhai::Engine) {
    engine.register_type_with_name::<Handle>("statement");
}
