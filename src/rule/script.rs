//! The script of a rule: compiled once, called for each item, held to limits.
//!
//! The engine starts out with nothing: no packages but arithmetic and ranges, no `eval`, no modules, no output, no
//! exceptions that could catch an unreadable fact. What a script can call stands in [`surface`](super::surface).

mod branch;
mod mutant;
mod parsed;
mod scan;
mod shape;

pub(super) use branch::{Branch, Taken};
pub(super) use mutant::{Mutant, mutants};
pub(super) use parsed::Functions;
pub(super) use scan::{Lookups, is_name};

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use rhai::packages::{ArithmeticPackage, BasicIteratorPackage, Package};
use rhai::{AST, CallFnOptions, Dynamic, Engine, EvalAltResult, Module, OptimizationLevel, Position, Scope, Shared};

use super::judge::Batch;
use super::run;
use super::surface::{self, Parameters, Surface};

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

/// What every script can call.
static MODULES: LazyLock<[Shared<Module>; 3]> = LazyLock::new(|| {
    [
        ArithmeticPackage::new().as_shared_module(),
        BasicIteratorPackage::new().as_shared_module(),
        Shared::new(Surface::new().into_module()),
    ]
});

/// The function that is called, for a whole batch of items: Rhai looks functions up by name and remembers where it found
/// them for as long as a call lasts.
const DRIVER: &str =
    "fn judge_each(batch, parameters) { for item in batch { answer(batch, evaluate(item, parameters)); } }";

/// An engine for one script. It knows the names of members that stand in the script: without, Rhai asks in vain for a
/// property, words an error and throws it away before it asks for a member.
fn engine(members: &BTreeSet<&str>) -> Engine {
    let mut engine = Engine::new_raw();
    for module in MODULES.iter() {
        engine.register_global_module(Shared::clone(module));
    }
    surface::name_types(&mut engine);
    for member in members {
        surface::register_member(&mut engine, member);
    }
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

/// A script, compiled when it is first called: most runs want few of the rules there are.
#[derive(Debug)]
pub(super) struct Script {
    rule: String,
    parts: Vec<(String, String)>,
    /// Where the branches are told that it takes, of a script that tells them.
    taken: Option<Taken>,
    compiled: OnceLock<Result<Compiled, Defect>>,
}

/// Why a script does not compile.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{path}.rhai: {message}")]
pub(super) struct Defect {
    /// The text that is wrong, without ending.
    pub(super) path: String,
    /// What is wrong, with line and column.
    pub(super) message: String,
}

impl Script {
    /// The texts in the order in which they are put together, each by its path without ending: the libraries, then the
    /// rule's own.
    pub(super) fn parts(&self) -> &[(String, String)] {
        &self.parts
    }

    /// The script with the libraries it calls: `(path without ending, text)`, the rule's own last, so that its functions
    /// replace those of a library.
    pub(super) fn new(rule: &str, parts: Vec<(String, String)>) -> Self {
        Self { rule: rule.to_owned(), parts, taken: None, compiled: OnceLock::new() }
    }

    /// The same script, with another text in the place of the rule's own.
    pub(super) fn with_own(&self, text: String) -> Self {
        let mut parts = self.parts.clone();
        if let Some((_, own)) = parts.last_mut() {
            *own = text;
        }
        Self::new(&self.rule, parts)
    }

    /// The rule's own text.
    pub(super) fn own(&self) -> &str {
        self.parts.last().map_or("", |(_, text)| text)
    }

    /// The same script, telling which of its branches it takes; and the branches.
    pub(super) fn telling(&self, taken: &Taken) -> (Self, Vec<Branch>) {
        let (text, branches) = branch::telling(self.own());
        (Self { taken: Some(Arc::clone(taken)), ..self.with_own(text) }, branches)
    }

    /// Which types the script names where it looks up items.
    pub(super) fn lookups(&self) -> Lookups<'_> {
        self.parts.iter().map(|(_, text)| scan::lookups(text)).fold(Lookups::default(), Lookups::and)
    }

    /// Whether what the script answers may depend on the time of the snapshot.
    pub(super) fn asks_for_the_time(&self) -> bool {
        self.texts().any(scan::asks_for_the_time)
    }

    /// The names by which the script reads members.
    pub(super) fn read_names(&self) -> BTreeSet<&str> {
        self.texts().flat_map(scan::read_names).collect()
    }

    /// The texts, in the order of the parts.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|(_, text)| text.as_str())
    }

    /// The compiled script.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(super) fn compiled(&self) -> Result<&Compiled, &Defect> {
        self.compiled.get_or_init(|| Compiled::new(&self.rule, &self.parts, self.taken.as_ref())).as_ref()
    }
}

/// A compiled script.
pub(super) struct Compiled {
    engine: Engine,
    ast: AST,
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiled").field("ast", &self.ast).finish_non_exhaustive()
    }
}

impl Compiled {
    fn new(rule: &str, parts: &[(String, String)], taken: Option<&Taken>) -> Result<Self, Defect> {
        let wrong = |path: &str, message: String| Defect { path: path.to_owned(), message };
        let mut members = BTreeSet::new();
        for (path, text) in parts {
            if text.len() > LONGEST_SCRIPT {
                return Err(wrong(path, format!("the script is longer than {LONGEST_SCRIPT} bytes")));
            }
            members.extend(scan::members(text).map_err(|message| wrong(path, message))?);
        }
        let mut engine = engine(&members);
        if let Some(taken) = taken {
            branch::listen(&mut engine, taken);
        }
        let mut ast = AST::empty();
        for (path, text) in parts {
            let compiled = engine
                .compile(text)
                .map_err(|error| wrong(path, place(error.position(), &error.err_type().to_string())))?;
            ast = ast.merge(&compiled);
        }
        let own = parts.last().map_or("", |(path, _)| path);
        let evaluate = ast.iter_functions().find(|function| function.name == "evaluate");
        match evaluate.map(|function| function.params.len()) {
            Some(2) => {}
            Some(_) => return Err(wrong(own, "`evaluate` takes two parameters: (item, parameters)".to_owned())),
            None => return Err(wrong(own, "there is no `fn evaluate(item, parameters)`".to_owned())),
        }
        let driver = engine.compile(DRIVER).map_err(|error| wrong(own, error.to_string()))?;
        let mut ast = ast.merge(&driver);
        ast.set_source(rule);
        Ok(Self { engine, ast })
    }

    /// Judges the rest of a batch, up to the first item on which the script breaks.
    ///
    /// # Errors
    /// How it broke.
    pub(super) fn judge_each(&self, batch: Batch, parameters: Parameters) -> Result<(), String> {
        let arguments = (Dynamic::from(batch), Dynamic::from(parameters));
        let options = CallFnOptions::new().eval_ast(false);
        self.engine
            .call_fn_with_options::<()>(options, &mut Scope::new(), &self.ast, "judge_each", arguments)
            .map_err(|error| describe(&error))
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
