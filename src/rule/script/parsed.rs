//! The functions of a script as trees, for what looks at a script without running it.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTNode, Stmt};

use super::{Defect, Script, engine, place};

/// A function of a script.
#[derive(Clone, Debug)]
pub(in crate::rule) struct Function {
    /// Which of the script's parts it stands in.
    pub(in crate::rule) part: usize,
    pub(in crate::rule) parameters: Vec<String>,
    pub(in crate::rule) body: Vec<Stmt>,
}

/// Functions by name and number of parameters. Closures have names that no script can write.
pub(in crate::rule) type Functions = BTreeMap<(String, usize), Function>;

impl Script {
    /// All functions that the script can call: where several parts have one of a name, that of the last.
    ///
    /// # Errors
    /// Why a part does not compile.
    pub(in crate::rule) fn functions(&self) -> Result<Functions, Defect> {
        let mut functions = Functions::new();
        for (part, (path, text)) in self.parts.iter().enumerate() {
            let ast = engine(&BTreeSet::new()).compile(text).map_err(|error| Defect {
                path: path.clone(),
                message: place(error.position(), &error.err_type().to_string()),
            })?;
            for function in ast.iter_functions() {
                let parameters: Vec<String> = function.params.iter().map(|name| (*name).to_owned()).collect();
                let body = body(&ast, function.name, parameters.len());
                functions.insert((function.name.to_owned(), parameters.len()), Function { part, parameters, body });
            }
        }
        Ok(functions)
    }
}

/// The statements of one function. Rhai shows them to a visitor only, so the function is looked at alone.
fn body(ast: &AST, name: &str, parameters: usize) -> Vec<Stmt> {
    let mut alone = ast.clone();
    alone.retain_functions(|_, _, other, count| other == name && count == parameters);
    let mut body = Vec::new();
    alone.walk(&mut |path: &[ASTNode<'_>]| {
        if let [ASTNode::Stmt(statement)] = path {
            body.push((*statement).clone());
        }
        true
    });
    body
}
