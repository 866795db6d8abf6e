//! What a script sees: items, documents, lists, findings, and the functions on them. `docs/rhai.md` is this in words.
//!
//! All facts are behind host types whose every read goes through [`run`](super::run): it is noted as evidence, and an
//! unreadable or an absent fact ends the evaluation. Plain maps of Rhai would give `()` for both, and `() < 90` is false
//! to Rhai: a rule written the obvious way would then call a resource compliant that nobody could look at.

mod document;
mod finding;
mod item;
mod list;
mod operators;

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::Arc;

use rhai::{Dynamic, FuncRegistration, Module, RhaiNativeFunc};

pub(super) use document::{Document, from_dynamic, to_dynamic};
pub(super) use finding::Verdict;
pub(super) use item::{ATTRIBUTES, Item, SECTIONS};
pub(super) use list::List;

use super::parameter::ParameterValues;
use super::run::{Outcome, Path, fail};
use super::{judge, native};
use crate::value::{Key, Value};

/// Registers functions in a module, all of them pure: none changes the value it is called on, unless it says so.
pub(super) struct Surface {
    module: Module,
    signatures: BTreeMap<String, Vec<Signature>>,
}

/// What a function takes and gives.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) takes: Vec<TypeId>,
    pub(super) gives: TypeId,
}

impl Signature {
    fn of<A: 'static, const N: usize, const X: bool, R: 'static, const F: bool, G: RhaiNativeFunc<A, N, X, R, F>>(
        _: &G,
    ) -> Self {
        Self { takes: G::param_types().to_vec(), gives: TypeId::of::<R>() }
    }
}

impl Surface {
    /// Everything that a script can call.
    pub(super) fn new() -> Self {
        let mut surface = Self { module: Module::new(), signatures: BTreeMap::new() };
        operators::register(&mut surface);
        document::register(&mut surface);
        list::register(&mut surface);
        item::register(&mut surface);
        finding::register(&mut surface);
        register_parameters(&mut surface);
        native::register(&mut surface);
        judge::register(&mut surface);
        surface
    }

    /// The functions as a module for an engine.
    pub(super) fn into_module(self) -> Module {
        let mut module = self.module;
        module.build_index();
        module
    }

    /// What each function and method takes and gives, by name. Operators and properties are not among them.
    pub(super) fn into_signatures(self) -> BTreeMap<String, Vec<Signature>> {
        self.signatures
    }

    /// A function or a method.
    pub(super) fn function<A: 'static, const N: usize, const X: bool, R, const F: bool>(
        &mut self,
        name: &str,
        function: impl RhaiNativeFunc<A, N, X, R, F> + Send + Sync + 'static,
    ) -> &mut Self
    where
        R: Clone + Send + Sync + 'static,
    {
        self.signatures.entry(name.to_owned()).or_default().push(Signature::of(&function));
        FuncRegistration::new(name).in_global_namespace().set_into_module(&mut self.module, function);
        self
    }

    /// A method that changes the value it is called on.
    pub(super) fn mutator<A: 'static, const N: usize, const X: bool, R, const F: bool>(
        &mut self,
        name: &str,
        function: impl RhaiNativeFunc<A, N, X, R, F> + Send + Sync + 'static,
    ) -> &mut Self
    where
        R: Clone + Send + Sync + 'static,
    {
        self.signatures.entry(name.to_owned()).or_default().push(Signature::of(&function));
        let registration = FuncRegistration::new(name).in_global_namespace().with_purity(false);
        registration.set_into_module(&mut self.module, function);
        self
    }

    /// A property.
    pub(super) fn getter<A: 'static, const X: bool, R, const F: bool>(
        &mut self,
        name: &str,
        function: impl RhaiNativeFunc<A, 1, X, R, F> + Send + Sync + 'static,
    ) -> &mut Self
    where
        R: Clone + Send + Sync + 'static,
    {
        FuncRegistration::new_getter(name).set_into_module(&mut self.module, function);
        self
    }

    /// Takes back what a script called a method on: `item.configuration.get("a")` makes Rhai read the property, call the
    /// method, and set the property to what may have changed. Nothing changes, and no script can set one itself (see
    /// [`scan`](super::script)); without these Rhai words two errors and throws them away.
    pub(super) fn unchanged<T: Clone + Send + Sync + 'static>(&mut self, names: &[&str]) -> &mut Self {
        for name in names {
            FuncRegistration::new_setter(name)
                .with_purity(true)
                .set_into_module(&mut self.module, |_: &mut T, _: Dynamic| {});
        }
        self
    }

    /// The same for `value[index]`.
    pub(super) fn unchanged_elements<T: Clone + Send + Sync + 'static>(&mut self) -> &mut Self {
        FuncRegistration::new_index_setter()
            .with_purity(true)
            .set_into_module(&mut self.module, |_: &mut T, _: Dynamic, _: Dynamic| {});
        self
    }

    /// `value[index]`, and any property that has no getter.
    pub(super) fn indexer<A: 'static, const X: bool, R, const F: bool>(
        &mut self,
        function: impl RhaiNativeFunc<A, 2, X, R, F> + Send + Sync + 'static,
    ) -> &mut Self
    where
        R: Clone + Send + Sync + 'static,
    {
        FuncRegistration::new_index_getter().set_into_module(&mut self.module, function);
        self
    }

    /// What `for` gives of a type.
    pub(super) fn iterator<T: 'static>(
        &mut self,
        iterate: impl Fn(Dynamic) -> Box<dyn Iterator<Item = Outcome<Dynamic>>> + Send + Sync + 'static,
    ) -> &mut Self {
        self.module.set_iter_result(TypeId::of::<T>(), iterate);
        self
    }
}

/// A rule's parameters, as `parameters.name`.
#[derive(Clone)]
pub(super) struct Parameters(Arc<BTreeMap<Key, Dynamic>>);

impl Parameters {
    /// As a script sees them.
    ///
    /// # Errors
    /// None: values of parameters have no unreadable facts.
    pub(super) fn new(values: &ParameterValues) -> Outcome<Self> {
        let values = values.iter().map(|(name, value)| {
            let value = match value {
                Value::Array(words) => words.iter().map(|word| to_dynamic(word, None)).collect::<Outcome<_>>()?,
                value => to_dynamic(value, None)?,
            };
            Ok((crate::value::intern(name), value))
        });
        Ok(Self(Arc::new(values.collect::<Outcome<_>>()?)))
    }

    fn get(&self, name: &str) -> Outcome<Dynamic> {
        let value = self.0.get(name).cloned();
        value.ok_or_else(|| fail(format!("the rule declares no parameter `{name}`")))
    }
}

fn register_parameters(surface: &mut Surface) {
    surface.indexer(|parameters: &mut Parameters, name: &str| parameters.get(name));
}

/// The names of the host types in messages and in `type_of`.
pub(super) fn name_types(engine: &mut rhai::Engine) {
    engine
        .register_type_with_name::<Item>("item")
        .register_type_with_name::<Document>("document")
        .register_type_with_name::<List>("list")
        .register_type_with_name::<Verdict>("verdict")
        .register_type_with_name::<Parameters>("parameters");
    native::name_types(engine);
}

/// Makes `document.name` and `parameters.name` properties of their own for one name.
pub(super) fn register_member(engine: &mut rhai::Engine, name: &str) {
    let key = name.to_owned();
    engine.register_get(name, move |document: &mut Document| document.member(&key));
    let key = name.to_owned();
    engine.register_get(name, move |parameters: &mut Parameters| parameters.get(&key));
    let unchanged = || FuncRegistration::new_setter(name).with_purity(true);
    unchanged().register_into_engine(engine, |_: &mut Document, _: Dynamic| {});
    unchanged().register_into_engine(engine, |_: &mut Parameters, _: Dynamic| {});
}

/// A path that a value need not have: what a script makes itself stands nowhere.
pub(in crate::rule) type Origin = Option<Path>;
