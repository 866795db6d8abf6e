//! The script of a rule: compiled once, called for each item, held to limits.
//!
//! The engine starts out with nothing: no packages but arithmetic and ranges, no `eval`, no modules, no output, no
//! exceptions that could catch an unreadable fact. What a script can call stands in [`surface`](super::surface).

mod scan;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use rhai::packages::{ArithmeticPackage, BasicIteratorPackage, Package};
use rhai::{AST, CallFnOptions, Dynamic, Engine, EvalAltResult, OptimizationLevel, Position, Scope};

use super::run::{self, Ended};
use super::set::Chosen;
use super::surface::{self, Item, List, Parameters, Surface, Verdict};
use crate::evaluation::{ComplianceType, Evaluation, Evidence, RuleError, Severity};
use crate::gap::Gap;
use crate::item::ConfigurationItem;
use crate::snapshot::Snapshot;
use crate::value::{Unreadable, code};

/// The longest text that a script can make or read.
const LONGEST_TEXT: usize = 256 << 10;

/// The most elements that one list, with all lists in it, can have in a script. Lists of an item's facts do not count.
const LONGEST_LIST: usize = 10_000;

/// The most members that one object map, with all maps in it, can have in a script.
const LARGEST_MAP: usize = 1_000;

/// The deepest that functions of a script can call each other.
const DEEPEST_CALLS: usize = 16;

/// The most variables that one function can have at a time. With the limits above it bounds what they can hold.
const MOST_VARIABLES: usize = 64;

/// The longest script, in bytes.
const LONGEST_SCRIPT: usize = 64 << 10;

/// The stack that a thread which runs scripts should have. Lists in lists, as deep as the limits allow, take it when they
/// are dropped; only what is used is ever taken from the system.
pub(crate) const STACK: usize = 64 << 20;

static ENGINE: LazyLock<Engine> = LazyLock::new(engine);

fn engine() -> Engine {
    let mut engine = Engine::new_raw();
    engine
        .register_global_module(ArithmeticPackage::new().as_shared_module())
        .register_global_module(BasicIteratorPackage::new().as_shared_module())
        .register_global_module(Arc::new(Surface::module()));
    surface::name_types(&mut engine);
    for symbol in
        ["eval", "try", "catch", "throw", "print", "debug", "Fn", "curry", "call", "is_def_var", "is_def_fn", "this"]
    {
        engine.disable_symbol(symbol);
    }
    engine
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        // With fast operators Rhai compares in its own way, and ours are not asked.
        .set_fast_operators(false)
        .set_allow_shadowing(true)
        // The optimizer computes comparisons of literals in its own way too.
        .set_optimization_level(OptimizationLevel::None)
        .set_max_call_levels(DEEPEST_CALLS)
        .set_max_expr_depths(64, 64)
        .set_max_string_size(LONGEST_TEXT)
        .set_max_array_size(LONGEST_LIST)
        .set_max_map_size(LARGEST_MAP)
        .set_max_variables(MOST_VARIABLES)
        .set_max_functions(256)
        .on_progress(|_| run::tick());
    engine
}

/// A compiled script.
#[derive(Debug)]
pub(super) struct Script {
    ast: AST,
}

/// One answer of a rule on an item, before the report's other columns are added.
#[derive(Debug)]
struct Finding {
    compliance_type: ComplianceType,
    severity: Option<Severity>,
    key: String,
    annotation: String,
    gap: Option<Gap>,
}

impl Script {
    /// Compiles the script with the libraries it calls: `(path without ending, text)`, the rule's own last, so that its
    /// functions replace those of a library.
    ///
    /// # Errors
    /// The path of the text that is wrong, and what is, with line and column.
    pub(super) fn compile(rule: &str, parts: &[(String, &str)]) -> Result<Self, (String, String)> {
        let mut whole: Option<AST> = None;
        for (path, text) in parts {
            let wrong = |message: String| (path.clone(), message);
            if text.len() > LONGEST_SCRIPT {
                return Err(wrong(format!("the script is longer than {LONGEST_SCRIPT} bytes")));
            }
            scan::check(text).map_err(wrong)?;
            let ast =
                ENGINE.compile(text).map_err(|error| wrong(place(error.position(), &error.err_type().to_string())))?;
            whole = Some(match whole {
                Some(whole) => whole.merge(&ast),
                None => ast,
            });
        }
        let mut ast = whole.unwrap_or_default();
        let own = parts.last().map_or_else(String::new, |(path, _)| path.clone());
        let evaluate = ast.iter_functions().find(|function| function.name == "evaluate");
        match evaluate.map(|function| function.params.len()) {
            Some(2) => {}
            Some(_) => return Err((own, "`evaluate` takes two parameters: (item, parameters)".to_owned())),
            None => return Err((own, "there is no `fn evaluate(item, parameters)`".to_owned())),
        }
        ast.set_source(rule);
        Ok(Self { ast })
    }
}

/// A message with its place, if it has one.
fn place(position: Position, message: &str) -> String {
    match (position.line(), position.position()) {
        (Some(line), Some(column)) => format!("line {line}, column {column}: {message}"),
        (Some(line), None) => format!("line {line}: {message}"),
        _ => message.to_owned(),
    }
}

impl Chosen {
    /// Judges one item.
    ///
    /// # Errors
    /// The defect of the rule that showed: an error of the script, a limit, an answer that is none.
    pub fn judge(&self, snapshot: &Arc<Snapshot>, item: &Arc<ConfigurationItem>) -> Result<Vec<Evaluation>, RuleError> {
        match self.call(snapshot, item) {
            Ok((mut findings, evidence)) => match findings.pop() {
                Some(only) if findings.is_empty() => Ok(vec![self.evaluation(item, only, evidence)]),
                last => {
                    let findings = findings.into_iter().chain(last);
                    Ok(findings.map(|finding| self.evaluation(item, finding, evidence.clone())).collect())
                }
            },
            Err(message) => {
                Err(RuleError { rule: self.rule.id.to_string(), resource: Some(item.key.to_string()), message })
            }
        }
    }

    /// The answer when it is known without a look that a fact which decides cannot be read.
    pub(crate) fn unreadable(&self, item: &ConfigurationItem, gap: Gap) -> Evaluation {
        self.evaluation(item, Finding::insufficient(gap), Box::default())
    }

    fn evaluation(&self, item: &ConfigurationItem, finding: Finding, evidence: Box<[Evidence]>) -> Evaluation {
        Evaluation {
            rule: Arc::clone(&self.rule.id),
            resource: item.key.clone(),
            key: finding.key,
            compliance_type: finding.compliance_type,
            severity: finding.severity.unwrap_or(self.rule.severity),
            resource_name: item.resource_name.clone(),
            arn: item.arn.clone(),
            annotation: finding.annotation,
            evidence,
            gap: finding.gap.map(Box::new),
        }
    }

    fn call(
        &self,
        snapshot: &Arc<Snapshot>,
        item: &Arc<ConfigurationItem>,
    ) -> Result<(Vec<Finding>, Box<[Evidence]>), String> {
        run::begin(snapshot, &self.rule, item);
        let arguments = (Dynamic::from(Item::new(item)), Dynamic::from(Parameters(self.parameters.clone())));
        let ast = &self.rule.script.ast;
        // A panic in a native function is a defect of one rule on one item. The engine and the state of the run are
        // whole after it: nothing is borrowed across a call, and the state is thrown away.
        let answer = catch_unwind(AssertUnwindSafe(|| {
            let options = CallFnOptions::new().eval_ast(false);
            ENGINE.call_fn_with_options::<Dynamic>(options, &mut Scope::new(), ast, "evaluate", arguments)
        }));
        let findings = match answer {
            Ok(Ok(answer)) => findings(&answer, item),
            Ok(Err(error)) => Err(describe(&error)),
            Err(panic) => Err(format!("a native function panicked: {}", panic_message(panic.as_ref()))),
        };
        let Ended { evidence, stop } = run::end();
        match (stop, findings) {
            (Some(gap), _) => Ok((vec![Finding::insufficient(gap)], evidence)),
            (None, Ok(findings)) => Ok((findings, evidence)),
            (None, Err(message)) => Err(message),
        }
    }
}

impl Finding {
    /// What is said when a fact could not be read.
    fn insufficient(gap: Gap) -> Self {
        Self {
            compliance_type: ComplianceType::InsufficientData,
            severity: None,
            key: String::new(),
            annotation: gap.reason.to_string(),
            gap: Some(gap),
        }
    }
}

fn findings(answer: &Dynamic, item: &ConfigurationItem) -> Result<Vec<Finding>, String> {
    if let Some(verdict) = answer.read_lock::<Verdict>() {
        return Ok(vec![finding(&verdict, item)]);
    }
    let Ok(list) = answer.as_array_ref() else {
        let kind = if answer.is::<List>() { "list" } else { answer.type_name() };
        return Err(format!(
            "`evaluate` has to answer compliant(), non_compliant(…) or not_applicable(…), and gave a {kind}"
        ));
    };
    let mut findings = Vec::with_capacity(list.len());
    for verdict in list.iter() {
        let verdict = verdict
            .read_lock::<Verdict>()
            .ok_or_else(|| format!("a list of answers holds a {}", verdict.type_name()))?;
        findings.push(finding(&verdict, item));
    }
    if findings.is_empty() {
        return Err("`evaluate` answered an empty list".to_owned());
    }
    findings.sort_by(|a, b| a.key.cmp(&b.key));
    if let Some([finding, _]) = findings.windows(2).find_map(|pair| match pair {
        [a, b] if a.key == b.key => Some([a, b]),
        _ => None,
    }) {
        return Err(format!("two answers have the key \"{}\": give each its own with .key(…)", finding.key));
    }
    Ok(findings)
}

fn finding(verdict: &Verdict, item: &ConfigurationItem) -> Finding {
    let gap = (verdict.compliance_type == ComplianceType::InsufficientData).then(|| {
        let reason = Unreadable {
            operation: String::new(),
            action: None,
            code: code::NOT_FOUND.to_owned(),
            message: verdict.annotation.to_string(),
        };
        item.full_gap(None, &Arc::new(reason))
    });
    Finding {
        compliance_type: verdict.compliance_type,
        severity: verdict.severity,
        key: verdict.key.to_string(),
        annotation: verdict.annotation.to_string(),
        gap,
    }
}

/// The innermost error with its place in the script.
fn describe(error: &EvalAltResult) -> String {
    let mut inner = error;
    while let EvalAltResult::ErrorInFunctionCall(_, _, deeper, _) = inner {
        inner = deeper;
    }
    let message = match inner {
        EvalAltResult::ErrorRuntime(value, _) | EvalAltResult::ErrorTerminated(value, _) => value.to_string(),
        EvalAltResult::ErrorStackOverflow(_) => {
            format!("functions of the script call each other more than {DEEPEST_CALLS} deep")
        }
        other => {
            // Rhai writes the position behind its message; here it stands in front.
            let mut bare = other.to_string();
            let position = format!(" ({})", other.position());
            if bare.ends_with(&position) {
                bare.truncate(bare.len() - position.len());
            }
            bare
        }
    };
    place(inner.position(), &message)
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests;
