//! Where the expressions of Terraform's configuration lead: from an argument of a resource to the resources that it comes
//! from, through the variables and outputs of modules.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::plan::Planned;
use super::state::{path, step};

/// How many steps an expression is followed.
const MOST_STEPS: usize = 50;

/// What the modules of a plan say, each thing under the path of its module: `module.a.module.b.`.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    pub(super) written: BTreeMap<String, Written>,
    pub(super) calls: BTreeMap<String, Call>,
    /// The expressions of outputs.
    pub(super) outputs: BTreeMap<String, Json>,
}

/// A resource as it is written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) expressions: BTreeMap<String, Json>,
    pub(super) for_each: Option<Json>,
    /// The configuration of its provider, by key.
    pub(super) provider: Option<String>,
}

/// The call of a module.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) expressions: BTreeMap<String, Json>,
    pub(super) for_each: Option<Json>,
    /// Whether it stands for several.
    pub(super) is_repeated: bool,
}

/// What the configuration of a provider says of its resources.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) region: Option<String>,
    pub(super) account_id: Option<String>,
    pub(super) has_default_tags: bool,
}

/// The resources that an expression comes from.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) found: Vec<Found>,
    /// Whether anything on the way led to where it cannot be followed.
    pub(super) is_cut: bool,
}

/// A resource to which an expression refers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    /// The modules, each with its index if the expression tells it.
    steps: Vec<(String, Option<String>)>,
    /// `aws_s3_bucket.logs`.
    block: String,
    index: Option<String>,
    /// What is wanted of it: `id`. Nothing if that is the whole, or more than one step away.
    attribute: String,
}

impl Found {
    /// The address without any index.
    pub(super) fn bare(&self) -> String {
        format!("{}{}", prefix(&self.steps), self.block)
    }

    /// Whether it is asked by which id it goes.
    pub(super) fn is_id(&self) -> bool {
        matches!(self.attribute.as_str(), "id" | "arn")
    }

    /// Of the resources of one block the ones that are meant; those of the referring resource's own index, if it does not say.
    pub(super) fn of<'p>(&self, block: &[(usize, &'p Planned)], from: &Planned) -> Vec<(usize, &'p Planned)> {
        let is_meant = |one: &&(usize, &Planned)| {
            let steps = path(&one.1.address).0;
            self.steps.iter().zip(steps).all(|((_, told), (_, index))| told.as_deref().is_none_or(|told| told == index))
                && self.index.as_deref().is_none_or(|told| told == one.1.index())
        };
        let meant: Vec<_> = block.iter().filter(is_meant).copied().collect();
        let same: Vec<_> = meant.iter().filter(|one| one.1.index() == from.index()).copied().collect();
        if self.index.is_none() && same.len() == 1 { same } else { meant }
    }
}

/// An address without any index.
pub(super) fn bare(address: &str) -> String {
    let (steps, rest) = path(address);
    let steps: Vec<_> = steps.into_iter().map(|(name, _)| (name.to_owned(), None)).collect();
    let rest = rest.split_once('.').map_or_else(|| rest.to_owned(), |(kind, name)| format!("{kind}.{}", step(name).0));
    format!("{}{rest}", prefix(&steps))
}

fn prefix(steps: &[(String, Option<String>)]) -> String {
    steps.iter().flat_map(|(name, _)| ["module.", name, "."]).collect()
}

/// What an expression refers to, the longest form of each: `aws_s3_bucket.b[0].id`, and not `aws_s3_bucket.b` as well.
pub(super) fn references(expression: &Json) -> Vec<&str> {
    let mut all = Vec::new();
    collect(expression, &mut all);
    let mut whole: BTreeSet<&str> = all.iter().copied().collect();
    for text in all {
        for (at, _) in text.match_indices(['.', '[']) {
            whole.remove(text.get(..at).unwrap_or_default());
        }
    }
    whole.into_iter().collect()
}

fn collect<'j>(expression: &'j Json, all: &mut Vec<&'j str>) {
    match expression {
        Json::Array(blocks) => blocks.iter().for_each(|block| collect(block, all)),
        Json::Object(members) => match members.get("references") {
            Some(Json::Array(texts)) => all.extend(texts.iter().filter_map(Json::as_str)),
            _ => members.values().for_each(|member| collect(member, all)),
        },
        _ => {}
    }
}

/// Where an expression stands.
#[derive(Clone)]
struct Place<'c> {
    steps: Vec<(String, Option<String>)>,
    for_each: Option<&'c Json>,
}

impl Configuration {
    pub(super) fn written(&self, address: &str) -> Option<&Written> {
        self.written.get(&bare(address))
    }

    /// The resources from which an argument of a resource comes.
    pub(super) fn trace(&self, planned: &Planned, argument: &str) -> Trace {
        let argument = argument.split('.').next().unwrap_or_default();
        let written = self.written(&planned.address);
        let mut trace = Trace::default();
        let Some((written, expression)) = written.and_then(|one| Some((one, one.expressions.get(argument)?))) else {
            trace.is_cut = true;
            return trace;
        };
        let steps = path(&planned.address).0;
        let steps = steps.into_iter().map(|(name, index)| (name.to_owned(), Some(index.to_owned()))).collect();
        let place = Place { steps, for_each: written.for_each.as_ref() };
        self.follow(expression, &place, &mut BTreeSet::new(), &mut trace, 0);
        trace.found.sort();
        trace.found.dedup();
        trace
    }

    fn follow<'c>(
        &'c self,
        expression: &'c Json,
        place: &Place<'c>,
        seen: &mut BTreeSet<(String, &'c str)>,
        trace: &mut Trace,
        depth: usize,
    ) {
        let here = prefix(&place.steps);
        for text in references(expression) {
            if !seen.insert((here.clone(), text)) {
                continue;
            }
            if depth > MOST_STEPS {
                trace.is_cut = true;
                return;
            }
            let (head, rest) = text.split_once('.').unwrap_or((text, ""));
            let (name, index, tail) = step(rest);
            match head {
                // A key tells which one; the expression says of what.
                "each" if name != "value" => {}
                "count" | "path" | "terraform" | "self" => {}
                "each" => match place.for_each {
                    Some(for_each) => self.follow(for_each, place, seen, trace, depth + 1),
                    None => trace.is_cut = true,
                },
                "var" => {
                    // The variables of the root are known, and so is a default.
                    let Some(call) = self.calls.get(&here) else { continue };
                    if let Some(given) = call.expressions.get(name) {
                        let mut steps = place.steps.clone();
                        steps.pop();
                        let caller = Place { steps, for_each: call.for_each.as_ref() };
                        self.follow(given, &caller, seen, trace, depth + 1);
                    }
                }
                "module" => {
                    let inside = format!("{here}module.{name}.");
                    let output = step(tail.strip_prefix('.').unwrap_or_default()).0;
                    let is_repeated = self.calls.get(&inside).is_none_or(|call| call.is_repeated);
                    match self.outputs.get(&format!("{inside}{output}")) {
                        Some(expression) => {
                            let mut steps = place.steps.clone();
                            let told = !index.is_empty() || !is_repeated;
                            steps.push((name.to_owned(), told.then(|| index.to_owned())));
                            self.follow(expression, &Place { steps, for_each: None }, seen, trace, depth + 1);
                        }
                        None => trace.is_cut = true,
                    }
                }
                "local" | "data" => trace.is_cut = true,
                kind => trace.found.push(Found {
                    steps: place.steps.clone(),
                    block: format!("{kind}.{name}"),
                    index: (!index.is_empty()).then(|| index.to_owned()),
                    attribute: tail.strip_prefix('.').unwrap_or_default().to_owned(),
                }),
            }
        }
    }
}
