//! Operators and natives: what they take, what they give, and which facts they read.

use std::any::TypeId;
use std::collections::BTreeSet;

use rhai::{Array, Position};

use super::kind::{Kind, Kinds};
use super::walk::Walk;
use crate::nearest;
use crate::rule::script::is_name;
use crate::rule::surface::{Document, Item, List, Signature};
use crate::schema::Form;

impl Walk<'_> {
    /// The value of an operator; `None` if the name is none.
    pub(super) fn operator(
        &mut self,
        name: &str,
        values: &[Kinds],
        position: Position,
        first: Option<Position>,
    ) -> Option<Kinds> {
        let at = first.filter(|first| !first.is_none()).unwrap_or(position);
        Some(match (name, values) {
            ("==" | "!=", [one, two]) => self.equality(name == "!=", one, two, position),
            ("<" | "<=" | ">" | ">=", [one, two]) => {
                self.comparable(one, two, true, position);
                Kind::Truth.into()
            }
            ("!", [value]) => {
                self.is_truth(value, at, "negation");
                value.known().map_or(Kind::Truth, |truth| Kind::Known(!truth)).into()
            }
            ("contains", [list, wanted]) if is_by_type(list, wanted).is_some() => {
                is_by_type(list, wanted).map_or(Kind::Truth, Kind::Known).into()
            }
            ("-" | "+", [number]) => {
                self.is_number(number, at);
                number.clone()
            }
            ("+", [one, two]) => self.sum(one, two, position),
            ("-" | "*" | "/" | "%" | "**", [one, two]) => {
                self.is_number(one, at);
                self.is_number(two, position);
                let whole = [one, two].iter().all(|side| !side.any && side.something().of == [Kind::Integer]);
                if whole { Kind::Integer.into() } else { Kind::Number.into() }
            }
            ("|" | "&" | "^" | "<<" | ">>", [one, two]) => one.clone().or(two.clone()),
            // Rhai's own type, with members of its own.
            (".." | "..=" | "range", [..]) => Kinds::any(),
            _ => return None,
        })
    }

    fn equality(&mut self, is_negated: bool, one: &Kinds, two: &Kinds, position: Position) -> Kinds {
        self.comparable(one, two, false, position);
        let by_type = match (one.of.as_slice(), two.of.as_slice()) {
            ([Kind::TypeName(name)], [Kind::Word(word)]) | ([Kind::Word(word)], [Kind::TypeName(name)])
                if !one.any && !two.any =>
            {
                Some(**name == *word.as_str())
            }
            _ => None,
        };
        by_type.map_or(Kind::Truth, |same| Kind::Known(same != is_negated)).into()
    }

    /// Whether a comparison has an answer. Only `()` can be compared with everything, and by order with nothing.
    fn comparable(&mut self, one: &Kinds, two: &Kinds, by_order: bool, position: Position) {
        let (a, b) = (one.something(), two.something());
        if a.is_nothing() || b.is_nothing() {
            return;
        }
        let compares = a.of.iter().any(|a| b.of.iter().any(|b| a.compares(b, by_order)));
        if a.any || b.any || compares {
            self.right(position, "comparison");
        } else {
            self.wrong(position, "comparison", format!("{} cannot be compared with {}", a.words(), b.words()));
        }
    }

    fn is_number(&mut self, value: &Kinds, position: Position) {
        let told = value.something();
        if told.is_nothing() {
            return;
        }
        // A native's own type may have operators of its own.
        let is_number = |kind: &Kind| matches!(kind, Kind::Integer | Kind::Number | Kind::Host(_));
        if told.any || told.of.iter().any(is_number) {
            self.right(position, "number");
        } else {
            self.wrong(position, "number", format!("a number is asked for, and this is {}", told.words()));
        }
    }

    /// Numbers, texts and lists can be added.
    fn sum(&mut self, one: &Kinds, two: &Kinds, position: Position) -> Kinds {
        let (a, b) = (one.something(), two.something());
        if a.any || b.any {
            return Kinds::any();
        }
        let mut sum = Kinds::default();
        for kind in a.of.iter().chain(&b.of) {
            sum.add(match kind {
                Kind::Integer | Kind::Number | Kind::Array(_) => kind.clone().into(),
                Kind::Text | Kind::Word(_) | Kind::TypeName(_) => Kind::Text.into(),
                Kind::Fact(Form::List(element), place) => {
                    Kind::Array(Kinds::of_form(element, &place.below("*"))).into()
                }
                Kind::Host(_) => Kinds::any(),
                other => {
                    self.wrong(position, "sum", format!("{} cannot be added", other.words()));
                    return Kinds::any();
                }
            });
        }
        self.right(position, "sum");
        sum
    }

    /// A call of what assize gives to scripts. `first` is where the first argument that is written stands.
    pub(super) fn native(
        &mut self,
        name: &str,
        values: &[Kinds],
        position: Position,
        first: Option<Position>,
        is_method: bool,
    ) -> Kinds {
        let argument = first.filter(|first| !first.is_none()).unwrap_or(position);
        if let Some(value) = self.lookup(name, values, position, argument) {
            return value;
        }
        let Some(overloads) = self.signatures.get(name) else {
            if ENGINE.contains(&name) {
                self.all_escape(values);
                return if name == "type_of" { Kind::Text.into() } else { Kinds::any() };
            }
            let written = values.len() - usize::from(is_method);
            if let Some((_, takes)) = self.functions.keys().find(|(own, _)| own == name) {
                self.wrong(position, "call", format!("`{name}` takes {}, and not {written}", arguments(*takes)));
                return Kinds::any();
            }
            let known = self.signatures.keys().map(String::as_str);
            let own = self.functions.keys().map(|(name, _)| name.as_str());
            let hint = nearest::hint(name, known.chain(own).filter(|name| is_name(name)));
            self.wrong(position, "call", format!("there is no function `{name}`{hint}"));
            return Kinds::any();
        };
        if values.iter().any(Kinds::is_nothing) && !values.iter().any(|value| value.of.contains(&Kind::Nothing)) {
            // Nothing is known yet of what comes here.
            return Kinds::default();
        }
        let fits = |value: &Kinds, id: TypeId| value.any || value.of.iter().any(|kind| kind.fits(id));
        let matching: Vec<_> = overloads
            .iter()
            .filter(|one| one.takes.len() == values.len())
            .filter(|one| one.takes.iter().zip(values).all(|(id, value)| fits(value, *id)))
            .collect();
        if matching.is_empty() {
            if values.iter().any(|value| value.something().is_nothing()) {
                return Kinds::any();
            }
            self.wrong(position, "call", unfit(name, values, overloads, is_method));
            return Kinds::any();
        }
        self.right(position, "call");
        if let Some(value) = self.of_list(name, values) {
            return value;
        }
        self.all_escape(values);
        matching.iter().map(|one| Kinds::of_type(one.gives)).reduce(Kinds::or).unwrap_or_default()
    }

    /// The functions that lead to items and facts.
    fn lookup(&mut self, name: &str, values: &[Kinds], position: Position, argument: Position) -> Option<Kinds> {
        match (name, values) {
            ("resources", [kind, rest @ ..]) => {
                let found = self.items(kind, argument)?;
                if let [_, path, _] = rest {
                    match path.word() {
                        Some(path) if !found.any => _ = self.optional(&found, path, argument),
                        _ => self.escapes(&found),
                    }
                }
                Some(Kind::Array(found).into())
            }
            ("find", [kind, wanted]) if !wanted.of.iter().any(|kind| matches!(kind, Kind::Closure(_))) => {
                Some(self.items(kind, argument)?.or(Kind::Nothing.into()))
            }
            ("related", [target, kind]) => {
                let Some(word) = kind.word() else {
                    self.found.is_partial = true;
                    return Some(Kinds::any());
                };
                for from in &target.of {
                    if let Kind::Item(from) = from {
                        self.follows(from, word, argument);
                    }
                }
                Some(Kind::Array(Kind::Item(word.into()).into()).into())
            }
            ("get", [target, path]) => {
                let told = target.something();
                let word = path.word()?;
                if told.any || told.of.is_empty() {
                    return Some(Kinds::any().or(Kind::Nothing.into()));
                }
                if told
                    .of
                    .iter()
                    .any(|kind| !matches!(kind, Kind::Item(_) | Kind::Fact(Form::Object(_) | Form::Map(_), _)))
                {
                    return None;
                }
                Some(self.optional(&told, word, argument))
            }
            ("contains", [target, name]) => {
                let word = name.word()?.to_owned();
                let told = target.something();
                if told.any || !told.of.iter().all(|kind| matches!(kind, Kind::Fact(Form::Object(_) | Form::Map(_), _)))
                {
                    return None;
                }
                if told.of.is_empty() {
                    return None;
                }
                self.optional(&told, &word, position);
                Some(Kind::Truth.into())
            }
            _ => None,
        }
    }

    fn optional(&mut self, told: &Kinds, path: &str, position: Position) -> Kinds {
        let mut value = Kinds::default();
        let mut wrong = None;
        for kind in &told.of {
            match self.get(kind, path, position) {
                Ok(more) => value.add(more),
                Err(message) => wrong = wrong.or(Some(message)),
            }
        }
        match (value.any || !value.of.is_empty(), wrong) {
            (false, Some(message)) => self.wrong(position, "member", message),
            _ => self.right(position, "member"),
        }
        value
    }

    /// The items of a type that is named.
    fn items(&mut self, kind: &Kinds, position: Position) -> Option<Kinds> {
        let Some(word) = kind.word() else {
            self.found.is_partial = true;
            return if kind.something().is_nothing() { None } else { Some(Kinds::any()) };
        };
        self.found.types.insert(word.to_owned());
        if self.rule.may_read(word) {
            self.right(position, "reads");
        } else {
            let may = self.rule.reads.keys().chain(&self.rule.resource_types);
            let hint = nearest::hint(word, may.map(|kind| &**kind));
            self.wrong(position, "reads", format!("{word} is looked up, and `reads` does not name it{hint}"));
        }
        Some(Kind::Item(word.into()).into())
    }

    /// Links from items of one type to another are followed.
    fn follows(&mut self, from: &str, to: &str, position: Position) {
        let types = self.types;
        let Some(schema) = types.schemas.get(from) else { return };
        let away = schema.links.iter().filter(|link| link.to == to).map(|link| (from, link));
        let other = types.schemas.get(to);
        let back = other.into_iter().flat_map(|other| &other.links).filter(|link| link.to == from && link.inverse);
        let ways: Vec<_> = away.chain(back.map(|link| (to, link))).collect();
        if ways.is_empty() {
            if other.is_some() {
                self.wrong(position, "link", format!("no item of {from} has a link to {to}"));
            }
            return;
        }
        let mut lacks = First::default();
        let mut is_told = false;
        for (teller, link) in ways {
            let may_read = self.rule.may_read(teller);
            let part = link.part.as_deref();
            if teller != from {
                self.found.types.insert(teller.to_owned());
            }
            if let Some(part) = part {
                self.found.parts.insert((teller.to_owned(), part.to_owned()));
            }
            match part {
                _ if !may_read => lacks.add(format!("{teller} tells the link to {to}, and `reads` does not name it")),
                Some(part) if !types.is_declared(self.rule, teller, part) => lacks
                    .add(format!("the part {part} of {teller} tells the link to {to}, and `reads` does not name it")),
                _ => is_told = true,
            }
        }
        match (is_told, lacks.0) {
            (false, Some(message)) => self.wrong(position, "link", message),
            _ => self.right(position, "link"),
        }
    }

    /// What the methods of lists give of elements that are known.
    fn of_list(&mut self, name: &str, values: &[Kinds]) -> Option<Kinds> {
        let list = values.first()?.something();
        if list.any || list.of.is_empty() {
            return None;
        }
        let mut elements = Kinds::default();
        for kind in &list.of {
            match kind {
                Kind::Fact(Form::List(element), place) => elements.add(Kinds::of_form(element, &place.below("*"))),
                Kind::Array(of) => elements.add(of.clone()),
                Kind::Fact(Form::Object(_) | Form::Map(_), _) if name == "keys" => {
                    self.escapes(&list);
                    return Some(Kind::Array(Kind::Text.into()).into());
                }
                Kind::Fact(Form::Map(value), place) if name == "values" => {
                    elements.add(Kinds::of_form(value, &place.below("*")));
                    return Some(Kind::Array(elements).into());
                }
                Kind::Text | Kind::Word(_) if matches!(name, "split" | "csv") => {
                    return Some(Kind::Array(Kind::Text.into()).into());
                }
                _ => return None,
            }
        }
        let closure = values.get(1).and_then(|value| match value.of.as_slice() {
            [Kind::Closure(name)] => Some(name.clone()),
            _ => None,
        });
        Some(match (name, closure) {
            ("first" | "last" | "get", _) => elements.or(Kind::Nothing.into()),
            ("sorted" | "unique", _) => Kind::Array(elements).into(),
            ("filter", Some(test)) => {
                self.call(&test, std::slice::from_ref(&elements));
                Kind::Array(elements).into()
            }
            ("find" | "find_any", Some(test)) => {
                self.call(&test, std::slice::from_ref(&elements));
                elements.or(Kind::Nothing.into())
            }
            ("map", Some(change)) => Kind::Array(self.call(&change, &[elements])).into(),
            ("some" | "all", Some(test)) => {
                self.call(&test, &[elements]);
                Kind::Truth.into()
            }
            ("contains", _) => {
                // An element of another kind than all of them cannot be compared with them.
                Kind::Truth.into()
            }
            ("len", _) => Kind::Integer.into(),
            ("is_empty", _) => Kind::Truth.into(),
            ("push" | "pop", _) => Kinds::any(),
            _ => return None,
        })
    }
}

/// The answer to `item.resourceType in ["…", "…"]`.
fn is_by_type(list: &Kinds, wanted: &Kinds) -> Option<bool> {
    let ([Kind::Array(words)], [Kind::TypeName(name)]) = (list.of.as_slice(), wanted.of.as_slice()) else {
        return None;
    };
    let all_words = !words.any && words.of.iter().all(|word| matches!(word, Kind::Word(_)));
    all_words.then(|| words.of.iter().any(|word| matches!(word, Kind::Word(word) if *word.as_str() == **name)))
}

/// What Rhai itself has, beside what assize gives.
const ENGINE: [&str; 8] = ["type_of", "abs", "sign", "is_zero", "is_odd", "is_even", "chars", "bits"];

/// The first of several messages.
#[derive(Default)]
struct First(Option<String>);

impl First {
    fn add(&mut self, message: String) {
        self.0.get_or_insert(message);
    }
}

/// Why a call is wrong, by what its function takes.
fn unfit(name: &str, values: &[Kinds], overloads: &[Signature], is_method: bool) -> String {
    let arities: Vec<usize> = overloads.iter().map(|one| one.takes.len()).collect();
    if !arities.contains(&values.len()) {
        let written = |count: usize| if is_method { count.saturating_sub(1) } else { count };
        let wanted: BTreeSet<usize> = arities.iter().map(|count| written(*count)).collect();
        let wanted: Vec<String> = wanted.into_iter().map(arguments).collect();
        return format!("`{name}` takes {}, and not {}", wanted.join(" or "), written(values.len()));
    }
    let takes = |at: usize| {
        let mut words: Vec<&str> = overloads
            .iter()
            .filter(|one| one.takes.len() == values.len())
            .filter_map(|one| one.takes.get(at))
            .map(|id| in_words(*id))
            .collect();
        words.sort_unstable();
        words.dedup();
        words.join(" or ")
    };
    let fits = |at: usize, value: &Kinds| {
        let of_count = overloads.iter().filter(|one| one.takes.len() == values.len());
        let mut ids = of_count.filter_map(|one| one.takes.get(at));
        ids.any(|id| value.any || value.of.iter().any(|kind| kind.fits(*id)))
    };
    match values.iter().enumerate().find(|(at, value)| !fits(*at, value)) {
        Some((0, value)) if is_method => {
            format!("`{name}` is asked of {}: {} has it", value.something().words(), takes(0))
        }
        Some((at, value)) => format!("`{name}` takes {} here, and not {}", takes(at), value.something().words()),
        None => format!("`{name}` does not take these arguments together"),
    }
}

/// `1 argument`, `2 arguments`.
fn arguments(count: usize) -> String {
    if count == 1 { "1 argument".to_owned() } else { format!("{count} arguments") }
}

/// The name of a native's type, for a message.
fn in_words(id: TypeId) -> &'static str {
    let words = [
        (TypeId::of::<bool>(), "true or false"),
        (TypeId::of::<i64>(), "a whole number"),
        (TypeId::of::<f64>(), "a number"),
        (TypeId::of::<rhai::ImmutableString>(), "a text"),
        (TypeId::of::<&str>(), "a text"),
        (TypeId::of::<String>(), "a text"),
        (TypeId::of::<Array>(), "a list"),
        (TypeId::of::<List>(), "a list"),
        (TypeId::of::<Document>(), "an object"),
        (TypeId::of::<Item>(), "an item"),
        (TypeId::of::<rhai::FnPtr>(), "a function"),
    ];
    words.into_iter().find(|(known, _)| *known == id).map_or("a value of another kind", |(_, words)| words)
}
