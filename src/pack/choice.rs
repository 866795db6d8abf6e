//! Which rules of assize the rules of packs stand for.
//!
//! Two packs may ask for one rule with the same parameters: then it runs once, for both. With other parameters it runs
//! once for each, and answers under names that tell them apart: `access-keys-rotated@my-pack`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{PROCESS_CHECK, Pack, PackRule, Scope, Source};
use crate::rule::set::{self, Chosen};
use crate::rule::{ParameterValues, Rule, RuleSet};

/// What is to be run for packs, and for rules that were asked for beside them.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The rules that run.
    pub rules: RuleSet,
    /// The packs, each with what is done for its rules, in their order.
    pub packs: Vec<(Pack, Vec<Run>)>,
}

/// What is done for a rule of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// It runs and answers under this name.
    As(Arc<str>),
    /// Nothing: a person has to check it.
    ByHand,
    /// Nothing: assize does not have it, with the reason.
    NotImplemented(String),
    /// Nothing: it cannot be run as the pack asks for it, with the reason.
    Impossible(String),
}

/// Finds the rules of packs among all rules. What was chosen beside the packs runs as well.
pub fn choose(packs: Vec<Pack>, all: &RuleSet, beside: &RuleSet) -> Choice {
    let found: Vec<Vec<Result<Chosen, Run>>> =
        packs.iter().map(|pack| pack.rules.iter().map(|rule| find(rule, all)).collect()).collect();
    // One rule in how many forms?
    let mut forms = BTreeMap::<Arc<str>, Vec<&Chosen>>::new();
    for chosen in beside.iter().chain(found.iter().flatten().filter_map(|found| found.as_ref().ok())) {
        let known = forms.entry(Arc::clone(&chosen.rule.id)).or_default();
        if !known.iter().any(|other| is_same(other, chosen)) {
            known.push(chosen);
        }
    }
    let mut names = Names { beside, forms: &forms, given: Vec::new(), taken: BTreeSet::new() };
    let runs: Vec<Vec<Run>> = packs
        .iter()
        .zip(&found)
        .map(|(pack, found)| {
            pack.rules
                .iter()
                .zip(found)
                .map(|(rule, found)| match found {
                    Ok(chosen) => Run::As(names.of(chosen, pack, rule)),
                    Err(run) => run.clone(),
                })
                .collect()
        })
        .collect();
    let given = names.given;
    let rules = beside.clone().with(
        given
            .into_iter()
            .map(|(chosen, name)| Chosen { name: (name != chosen.rule.id).then_some(name), ..chosen.clone() }),
    );
    Choice { rules, packs: packs.into_iter().zip(runs).collect() }
}

/// The names under which rules answer.
struct Names<'c> {
    beside: &'c RuleSet,
    forms: &'c BTreeMap<Arc<str>, Vec<&'c Chosen>>,
    given: Vec<(&'c Chosen, Arc<str>)>,
    taken: BTreeSet<Arc<str>>,
}

impl<'c> Names<'c> {
    fn of(&mut self, chosen: &'c Chosen, pack: &Pack, rule: &PackRule) -> Arc<str> {
        let known = self.given.iter().find(|(other, _)| is_same(other, chosen));
        if let Some((_, name)) = known {
            return Arc::clone(name);
        }
        let id = &chosen.rule.id;
        if let Some(other) = self.beside.iter().find(|other| is_same(other, chosen)) {
            return Arc::clone(other.id());
        }
        let name = if self.forms.get(id).is_none_or(|forms| forms.len() == 1) {
            Arc::clone(id)
        } else {
            // Files of one name in several folders are packs of one name.
            let plain = format!("{id}@{}", pack.name);
            let of_rule = format!("{plain}:{}", rule.logical_id);
            let numbered = (2_usize..).map(|number| format!("{of_rule}:{number}"));
            let mut names = [plain, of_rule.clone()].into_iter().chain(numbered);
            names.find(|name| !self.taken.contains(name.as_str())).unwrap_or_default().into()
        };
        self.taken.insert(Arc::clone(&name));
        self.given.push((chosen, Arc::clone(&name)));
        name
    }
}

/// Whether two ask the same.
fn is_same(a: &Chosen, b: &Chosen) -> bool {
    a.rule.id == b.rule.id && a.parameters == b.parameters && a.scope == b.scope
}

/// The rule of assize that a rule of a pack stands for.
fn find(wanted: &PackRule, all: &RuleSet) -> Result<Chosen, Run> {
    let identifier = match &wanted.source {
        Source::Managed(identifier) if identifier == PROCESS_CHECK => return Err(Run::ByHand),
        Source::Managed(identifier) => identifier,
        Source::CustomLambda => {
            return Err(Run::NotImplemented("a custom rule: its function runs in the account only".to_owned()));
        }
        Source::CustomPolicy => {
            return Err(Run::NotImplemented("a custom rule in the language of Guard".to_owned()));
        }
        Source::Unknown(owner) => {
            return Err(Run::NotImplemented(format!("AWS Config has no rules of the owner {owner}")));
        }
    };
    let found = all.by_name(identifier);
    let found = found.ok_or_else(|| Run::NotImplemented(format!("assize has no rule {identifier}")))?;
    let given = wanted.parameters.as_ref().map_err(|reason| Run::Impossible(reason.clone()))?;
    let parameters = ParameterValues::new(&found.rule, given).map_err(|error| Run::Impossible(error.to_string()))?;
    let scope = scope_of(&wanted.scope, &found.rule);
    Ok(Chosen { parameters, scope, ..found.clone() })
}

/// The scope, as far as it says more than the rule does. Types that the rule does not judge are none to AWS Config either:
/// a periodic rule on the account is run whatever types stand there.
fn scope_of(scope: &Scope, rule: &Rule) -> Option<set::Scope> {
    let is_named = |kind: &&Arc<str>| scope.resource_types.iter().any(|named| **named == ***kind);
    let judged: BTreeSet<Arc<str>> = rule.resource_types.iter().filter(is_named).cloned().collect();
    let restricts = !judged.is_empty() && judged.len() < rule.resource_types.len();
    let scope = set::Scope {
        resource_types: if restricts { judged } else { BTreeSet::new() },
        resource_id: scope.resource_id.clone(),
        tag: scope.tag.clone(),
    };
    (scope != set::Scope::default()).then_some(scope)
}
