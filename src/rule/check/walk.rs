//! A script gone through without running it: which kinds its values have, which facts it reads, and what cannot be right.
//!
//! A function is gone through for each call with what it is called with. Variables are of every kind that was ever put into
//! them, loops are gone through twice, both ways of a condition are taken unless it asks for the type of the judged item. A
//! place is wrong only if it is wrong in all ways in which the script comes there.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{ASTFlags, Expr, FlowControl, Position, Stmt};

use super::Types;
use super::kind::{Kind, Kinds};
use crate::rule::Rule;
use crate::rule::script::Functions;
use crate::rule::surface::Signature;
use crate::schema::Form;

/// The deepest that functions are followed, and how many statements and expressions are looked at for one type.
const DEEPEST: usize = 16;
const MOST_STEPS: usize = 200_000;

/// A place in a script: the part, the line, the column.
pub(super) type At = (usize, usize, usize);

/// What was found at a place, in all ways in which the script comes there.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) right: bool,
    pub(super) wrong: BTreeSet<String>,
}

/// What going through a script shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// By place and by what is asked there.
    pub(super) places: BTreeMap<(At, &'static str), Seen>,
    /// Parts that are read, by type.
    pub(super) parts: BTreeSet<(String, String)>,
    /// Types that are looked at.
    pub(super) types: BTreeSet<String>,
    /// Parameters that are read.
    pub(super) parameters: BTreeSet<String>,
    /// Something could not be followed: what was not seen may be read all the same.
    pub(super) is_partial: bool,
}

/// What a walk needs to know.
pub(super) struct Walk<'w> {
    pub(super) rule: &'w Rule,
    pub(super) types: &'w Types,
    pub(super) functions: &'w Functions,
    pub(super) signatures: &'w BTreeMap<String, Vec<Signature>>,
    pub(super) found: &'w mut Found,
    /// The function that is gone through.
    pub(super) part: usize,
    pub(super) depth: usize,
    pub(super) steps: usize,
    /// Whether the script comes here with the judged item's type, for all that is known.
    pub(super) is_sure: bool,
}

/// The variables of a function.
#[derive(Default)]
struct Scope {
    variables: Vec<(String, Kinds)>,
    /// What the function gives back.
    gives: Kinds,
}

impl Scope {
    fn set(&mut self, name: &str, kinds: Kinds) {
        self.variables.push((name.to_owned(), kinds));
    }

    fn find(&mut self, name: &str) -> Option<&mut Kinds> {
        self.variables.iter_mut().rev().find(|(known, _)| known == name).map(|(_, kinds)| kinds)
    }
}

/// What a statement comes to; `None` if nothing that follows it is reached.
type Flow = Option<Kinds>;

impl Walk<'_> {
    /// What a function gives for these arguments.
    pub(super) fn call(&mut self, name: &str, arguments: &[Kinds]) -> Kinds {
        let functions = self.functions;
        let Some(function) = functions.get(&(name.to_owned(), arguments.len())) else { return Kinds::any() };
        if self.depth >= DEEPEST || self.steps >= MOST_STEPS {
            self.found.is_partial = true;
            return Kinds::any();
        }
        let mut scope = Scope::default();
        for (parameter, argument) in function.parameters.iter().zip(arguments) {
            scope.set(parameter, argument.clone());
        }
        let caller = std::mem::replace(&mut self.part, function.part);
        self.depth += 1;
        let value = self.block(&function.body, &mut scope);
        self.depth -= 1;
        self.part = caller;
        match value {
            Some(value) => scope.gives.or(value),
            None => scope.gives,
        }
    }

    pub(super) fn at(&self, position: Position) -> At {
        (self.part, position.line().unwrap_or(1), position.position().unwrap_or(1))
    }

    pub(super) fn right(&mut self, position: Position, what: &'static str) {
        let at = self.at(position);
        self.found.places.entry((at, what)).or_default().right = true;
    }

    pub(super) fn wrong(&mut self, position: Position, what: &'static str, message: String) {
        if self.is_sure {
            let at = self.at(position);
            self.found.places.entry((at, what)).or_default().wrong.insert(message);
        }
    }

    fn block(&mut self, statements: &[Stmt], scope: &mut Scope) -> Flow {
        let variables = scope.variables.len();
        let mut value = Some(Kind::Nothing.into());
        for statement in statements {
            if self.steps >= MOST_STEPS {
                self.found.is_partial = true;
                return Some(Kinds::any());
            }
            value = self.statement(statement, scope);
            if value.is_none() {
                break;
            }
        }
        scope.variables.truncate(variables);
        value
    }

    fn statement(&mut self, statement: &Stmt, scope: &mut Scope) -> Flow {
        self.steps += 1;
        let nothing = || Some(Kinds::from(Kind::Nothing));
        match statement {
            Stmt::Expr(expression) => Some(self.value(expression, scope)),
            Stmt::FnCall(call, position) => Some(self.function(&call.name, &call.args, *position, scope)),
            Stmt::Var(variable, ..) => {
                let value = self.value(&variable.1, scope);
                scope.set(&variable.0.name, value);
                nothing()
            }
            Stmt::Assignment(assignment) => {
                let (operator, sides) = assignment.as_ref();
                let value = self.value(&sides.rhs, scope);
                if let Expr::Variable(variable, ..) = &sides.lhs
                    && let Some(known) = scope.find(&variable.1)
                {
                    // `+=` and its like keep the kind, but for lists, which may get other elements.
                    if !operator.is_op_assignment() || known.is_nothing() || !known.of.is_empty() {
                        known.add(value);
                    }
                }
                nothing()
            }
            Stmt::If(flow, position) => self.condition(flow, *position, scope),
            Stmt::While(flow, position) | Stmt::Do(flow, _, position) => {
                for _ in 0..2 {
                    if !matches!(flow.expr, Expr::Unit(_)) {
                        self.truth(&flow.expr, *position, scope);
                    }
                    self.block(flow.body.statements(), scope);
                }
                nothing()
            }
            Stmt::For(parts, _) => {
                let (element, counter, flow) = parts.as_ref();
                let list = self.value(&flow.expr, scope);
                let each = self.elements(&list, flow.expr.start_position());
                for _ in 0..2 {
                    let variables = scope.variables.len();
                    scope.set(&element.name, each.clone());
                    if let Some(counter) = counter {
                        scope.set(&counter.name, Kind::Integer.into());
                    }
                    self.block(flow.body.statements(), scope);
                    scope.variables.truncate(variables);
                }
                nothing()
            }
            Stmt::Switch(parts, _) => {
                let (subject, cases) = parts.as_ref();
                let subject = self.value(subject, scope);
                // Rhai keeps no more of an arm's values than their hashes: which arm is for which type is not known.
                let is_by_type = subject.of.iter().any(|kind| matches!(kind, Kind::TypeName(_)));
                let was_sure = self.is_sure;
                self.is_sure &= !is_by_type;
                let mut value = Kinds::default();
                for case in &cases.expressions {
                    self.value(&case.lhs, scope);
                    value.add(self.value(&case.rhs, scope));
                }
                self.is_sure = was_sure;
                Some(value)
            }
            Stmt::Block(block) => self.block(block.statements(), scope),
            Stmt::Return(value, ..) => {
                let value = value.as_ref().map_or_else(|| Kind::Nothing.into(), |value| self.value(value, scope));
                scope.gives.add(value);
                None
            }
            Stmt::BreakLoop(value, ..) => {
                if let Some(value) = value {
                    self.value(value, scope);
                }
                None
            }
            _ => nothing(),
        }
    }

    fn condition(&mut self, flow: &FlowControl, position: Position, scope: &mut Scope) -> Flow {
        let mut flows = Vec::new();
        let known = self.truth(&flow.expr, position, scope);
        if known != Some(false) {
            flows.push(self.block(flow.body.statements(), scope));
        }
        if known != Some(true) {
            flows.push(self.block(flow.branch.statements(), scope));
        }
        flows.into_iter().flatten().reduce(Kinds::or)
    }

    /// Looks at a condition; its value, where that is known.
    fn truth(&mut self, expression: &Expr, position: Position, scope: &mut Scope) -> Option<bool> {
        let value = self.value(expression, scope);
        let position = if expression.start_position().is_none() { position } else { expression.start_position() };
        self.is_truth(&value, position, "condition");
        value.known()
    }

    /// `what` tells a condition from what begins at the same place in it.
    pub(super) fn is_truth(&mut self, value: &Kinds, position: Position, what: &'static str) {
        let told = value.something();
        if told.any || told.of.iter().any(|kind| matches!(kind, Kind::Truth | Kind::Known(_))) {
            self.right(position, what);
        } else if !told.of.is_empty() {
            self.wrong(position, what, format!("true or false is asked for, and this is {}", told.words()));
        }
    }

    /// What each element of a list can be.
    fn elements(&mut self, list: &Kinds, position: Position) -> Kinds {
        let told = list.something();
        if told.any {
            self.right(position, "list");
            return Kinds::any();
        }
        let mut each = Kinds::default();
        let mut is_list = told.of.is_empty();
        for kind in &told.of {
            match kind {
                Kind::Fact(Form::List(element), place) => each.add(Kinds::of_form(element, &place.below("*"))),
                Kind::Array(elements) => each.add(elements.clone()),
                // A range is a type of Rhai's own.
                Kind::Host(_) => each.add(Kinds::any()),
                _ => continue,
            }
            is_list = true;
        }
        if is_list {
            if !told.of.is_empty() {
                self.right(position, "list");
            }
        } else {
            self.wrong(position, "list", format!("a list is asked for, and this is {}", told.words()));
        }
        each
    }

    fn value(&mut self, expression: &Expr, scope: &mut Scope) -> Kinds {
        self.steps += 1;
        match expression {
            Expr::DynamicConstant(value, _) => Kinds::of_constant(value),
            Expr::BoolConstant(..) => Kind::Truth.into(),
            Expr::IntegerConstant(..) => Kind::Integer.into(),
            Expr::FloatConstant(..) => Kind::Number.into(),
            Expr::StringConstant(text, _) => Kind::Word(text.clone()).into(),
            Expr::InterpolatedString(pieces, _) => {
                for piece in pieces {
                    let value = self.value(piece, scope);
                    self.escapes(&value);
                }
                Kind::Text.into()
            }
            Expr::Array(elements, _) => {
                let elements = elements.iter().map(|one| self.value(one, scope)).fold(Kinds::default(), Kinds::or);
                Kind::Array(elements).into()
            }
            Expr::Map(members, _) => {
                let members = members.0.iter().map(|(name, value)| (name.name.to_string(), self.value(value, scope)));
                Kind::Map(members.collect()).into()
            }
            Expr::Unit(_) => Kind::Nothing.into(),
            Expr::Variable(variable, ..) => scope.find(&variable.1).map_or_else(Kinds::any, |kinds| kinds.clone()),
            Expr::Stmt(block) => self.block(block.statements(), scope).unwrap_or_default(),
            Expr::FnCall(call, position) => self.function(&call.name, &call.args, *position, scope),
            Expr::Dot(sides, flags, _) => {
                let target = self.value(&sides.lhs, scope);
                let value = self.chain(&target, &sides.lhs, &sides.rhs, true, *flags, scope);
                if flags.contains(ASTFlags::NEGATED) { value.or(Kind::Nothing.into()) } else { value }
            }
            Expr::Index(sides, flags, _) => {
                let target = self.value(&sides.lhs, scope);
                self.chain(&target, &sides.lhs, &sides.rhs, false, *flags, scope)
            }
            Expr::And(operands, _) => self.connective(operands, false, scope),
            Expr::Or(operands, _) => self.connective(operands, true, scope),
            Expr::Coalesce(operands, _) => {
                let mut value = Kinds::default();
                for (at, operand) in operands.iter().enumerate() {
                    let operand = self.value(operand, scope);
                    value.add(if at + 1 < operands.len() { operand.something() } else { operand });
                }
                value
            }
            _ => Kinds::any(),
        }
    }

    /// `&&` and `||`: `ends` is the truth value that decides.
    fn connective(&mut self, operands: &[Expr], ends: bool, scope: &mut Scope) -> Kinds {
        let mut all_known = true;
        for operand in operands {
            let value = self.value(operand, scope);
            self.is_truth(&value, operand.start_position(), "operand");
            match value.known() {
                Some(known) if known == ends => return Kind::Known(ends).into(),
                Some(_) => {}
                None => all_known = false,
            }
        }
        if all_known { Kind::Known(!ends).into() } else { Kind::Truth.into() }
    }

    /// What follows a value behind a dot or in brackets. `from` is what the value was read from.
    fn chain(
        &mut self,
        target: &Kinds,
        from: &Expr,
        rest: &Expr,
        dotted: bool,
        flags: ASTFlags,
        scope: &mut Scope,
    ) -> Kinds {
        match rest {
            Expr::Dot(sides, more, _) | Expr::Index(sides, more, _) if dotted || !flags.contains(ASTFlags::BREAK) => {
                let next = self.step(target, from, &sides.lhs, dotted, scope);
                let value = self.chain(&next, &sides.lhs, &sides.rhs, matches!(rest, Expr::Dot(..)), *more, scope);
                if more.contains(ASTFlags::NEGATED) { value.or(Kind::Nothing.into()) } else { value }
            }
            last => self.step(target, from, last, dotted, scope),
        }
    }

    fn step(&mut self, target: &Kinds, from: &Expr, step: &Expr, dotted: bool, scope: &mut Scope) -> Kinds {
        match step {
            Expr::Property(property, position) if dotted => self.member(target, &property.2, *position),
            Expr::MethodCall(call, position) if dotted => {
                let arguments: Vec<Kinds> = call.args.iter().map(|one| self.value(one, scope)).collect();
                // What is pushed to a list of the script's own is one of its elements from then on.
                if let (Expr::Variable(variable, ..), "push", [added]) = (from, &*call.name, arguments.as_slice())
                    && let Some(known) = scope.find(&variable.1)
                {
                    known.add(Kind::Array(added.clone()).into());
                }
                let all: Vec<Kinds> = std::iter::once(target.clone()).chain(arguments).collect();
                let literals = call.args.iter().map(Expr::start_position).collect::<Vec<_>>();
                self.native(&call.name, &all, *position, literals.first().copied(), true)
            }
            index => {
                let index_value = self.value(index, scope);
                self.element(target, &index_value, index.start_position())
            }
        }
    }

    /// `target[index]`.
    fn element(&mut self, target: &Kinds, index: &Kinds, position: Position) -> Kinds {
        if let Some(name) = index.word() {
            let name = name.to_owned();
            return self.member(target, &name, position);
        }
        let told = target.something();
        if told.any {
            return Kinds::any();
        }
        let mut value = Kinds::default();
        for kind in &told.of {
            value.add(match kind {
                Kind::Fact(Form::List(element) | Form::Map(element), place) => {
                    Kinds::of_form(element, &place.below("*"))
                }
                Kind::Fact(Form::Object(members), place) => {
                    self.escapes(&kind.clone().into());
                    let members = members.iter().map(|(name, form)| Kinds::of_form(form, &place.below(name)));
                    members.fold(Kinds::default(), Kinds::or)
                }
                Kind::Array(elements) => elements.clone(),
                Kind::Map(members) => members.values().cloned().fold(Kinds::default(), Kinds::or),
                Kind::Parameters => {
                    self.found.parameters.extend(self.rule.parameters.keys().cloned());
                    Kinds::any()
                }
                _ => Kinds::any(),
            });
        }
        value
    }

    /// A call that is written as a function: one of the script's own, an operator, or a native.
    fn function(&mut self, name: &str, arguments: &[Expr], position: Position, scope: &mut Scope) -> Kinds {
        let values: Vec<Kinds> = arguments.iter().map(|one| self.value(one, scope)).collect();
        let first = arguments.first().map(Expr::start_position);
        if let Some(value) = self.operator(name, &values, position, first) {
            return value;
        }
        if self.functions.contains_key(&(name.to_owned(), values.len())) {
            return self.call(name, &values);
        }
        self.native(name, &values, position, first, false)
    }
}
