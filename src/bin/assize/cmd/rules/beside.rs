//! What is known of rules beside what they say themselves: the permissions that they take, the packs that ask for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use assize::collect::{Needs, Parts, Permissions, Plan, Regions};
use assize::pack::{Pack, Run, choose};
use assize::report::rules::Beside;
use assize::rule::RuleSet;
use assize::rule::set::Chosen;
use assize::source::descriptor::Catalog;
use assize::source::model::Models;

use crate::cli::Definitions;
use crate::failure::Failure;
use crate::input;

/// Where it is looked up.
pub(crate) struct Sources {
    models: Arc<Models>,
    pub(crate) catalog: Arc<Catalog>,
    /// By rule, the built-in packs that ask for it, with their controls.
    packs: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Sources {
    /// `all` are the rules among which packs find theirs.
    pub(crate) fn new(all: &RuleSet, definitions: &Definitions) -> Result<Self, Failure> {
        let (models, catalog) = input::definitions(definitions)?;
        let mut packs = BTreeMap::<String, BTreeMap<String, BTreeSet<String>>>::new();
        for pack in Pack::builtin().map(input::pack) {
            // One pack alone: its rules answer under their ids, unless it asks for one twice.
            for (pack, runs) in choose(vec![pack?], all, &RuleSet::default()).packs {
                for (rule, run) in pack.rules.iter().zip(runs) {
                    if let Run::As(name) = run {
                        let id = name.split('@').next().unwrap_or_default().to_owned();
                        let controls = packs.entry(id).or_default().entry(pack.name.clone()).or_default();
                        controls.extend(rule.controls.iter().cloned());
                    }
                }
            }
        }
        Ok(Self { models, catalog, packs })
    }

    /// What is known of one rule.
    pub(crate) fn of(&self, chosen: &Chosen) -> Beside {
        let needs = input::needs_of(chosen, &self.catalog);
        let permissions = self.permissions(&needs);
        let mut with = BTreeMap::new();
        let parameters: BTreeSet<&String> =
            chosen.rule.reads.values().flatten().filter_map(|read| read.parameter.as_ref()).collect();
        for parameter in parameters {
            let mut more = needs.clone();
            for (resource_type, parts) in &chosen.rule.reads {
                let wanted = parts.iter().filter(|read| read.parameter.as_ref() == Some(parameter));
                more.add(resource_type, Parts::Named(wanted.map(|read| read.part.clone()).collect()));
            }
            if let (Some(permissions), Some(more)) = (&permissions, self.permissions(&more)) {
                let more: BTreeSet<String> = more.difference(permissions).cloned().collect();
                if !more.is_empty() {
                    with.insert(parameter.clone(), more);
                }
            }
        }
        let packs = self.packs.get(&*chosen.rule.id).cloned().unwrap_or_default();
        Beside { permissions, permissions_with: with, packs }
    }

    /// The actions that reading takes in regions that are named; `None` if a type or a part is not known.
    fn permissions(&self, needs: &Needs) -> Option<BTreeSet<String>> {
        let wanted = BTreeMap::from([(String::new(), needs.clone())]);
        let plan = Plan::new(&self.catalog, &self.models, &wanted, &Regions::Named(BTreeSet::new())).ok()?;
        Some(Permissions::of(&plan).actions().keys().cloned().collect())
    }
}
