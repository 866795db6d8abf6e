//! Rules on a snapshot: each rule on each item it speaks of, in parallel, in the order of the report.
//!
//! What comes out does not depend on the number of threads: evaluations stand in the order of account, region, type, id,
//! rule and key.

use std::sync::Arc;

use rayon::prelude::*;

use crate::evaluation::{ComplianceType, Evaluation, RuleError};
use crate::exemption::{Applicable, Exemptions};
use crate::item::{ConfigurationItem, GLOBAL, ResourceKey};
use crate::rule::set::Chosen;
use crate::rule::{RuleSet, STACK};
use crate::snapshot::{About, Contents, Place, Snapshot};
use crate::value::Unreadable;

mod file;
mod reuse;

pub use file::run_file;
pub use reuse::Before;
use reuse::Reuse;

/// So many items are judged at a time by one thread.
const CHUNK: usize = 128;

/// What is to be judged, beyond the choice of rules.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only resources with these tags, if any are given.
    pub targets: Targets,
    /// The deviations that are accepted.
    pub exemptions: Exemptions,
    /// How many threads judge; 0 for as many as there are cores.
    pub threads: usize,
}

/// Resources by tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// A resource needs one of these tags, if there are any: a key, and the value unless any will do.
    pub any: Vec<(String, Option<String>)>,
    /// A resource needs all of these tags.
    pub all: Vec<(String, Option<String>)>,
}

impl Targets {
    /// Whether the resource is a target.
    ///
    /// # Errors
    /// Why it cannot be told: the tags could not be read.
    fn include(&self, item: &ConfigurationItem) -> Result<bool, Arc<Unreadable>> {
        let mut has_any = self.any.is_empty();
        for tag in &self.any {
            has_any = has_any || item.has_tag(tag)?;
        }
        for tag in &self.all {
            if !item.has_tag(tag)? {
                return Ok(false);
            }
        }
        Ok(has_any)
    }
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// By account, region, type, id, rule and key.
    pub evaluations: Vec<Evaluation>,
    /// Rules that could not be loaded or broke, sorted. Each answer that is missing for it has an entry of its own.
    pub rule_errors: Vec<RuleError>,
}

/// What came of judging a snapshot, with what a report has to say of the snapshot itself.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What the snapshot is of.
    pub about: About,
    /// What was in it.
    pub contents: Contents,
    /// What the rules said.
    pub outcome: Outcome,
}

impl Judged {
    /// What came of judging a snapshot that is at hand.
    pub fn of(snapshot: &Snapshot, outcome: Outcome) -> Self {
        Self { about: snapshot.about().clone(), contents: snapshot.contents(), outcome }
    }
}

/// Judges all items of the snapshot by the rules.
pub fn run(rules: &RuleSet, snapshot: &Arc<Snapshot>, options: &Options) -> Outcome {
    on_threads(options, || judge_all(rules, snapshot, options))
}

/// Runs rules again on the snapshot that they judged, and adds what they read to the answers that they gave then. An answer
/// that they would not give again stays without: rules know no time but the snapshot's, so that is one of another
/// assize.
pub fn add_evidence(evaluations: &mut [Evaluation], rules: &RuleSet, snapshot: &Arc<Snapshot>) {
    let again = run(rules, snapshot, &Options::default()).evaluations;
    let order = |a: &Evaluation, b: &Evaluation| (&a.resource, &a.rule, &a.key).cmp(&(&b.resource, &b.rule, &b.key));
    for evaluation in evaluations.iter_mut().filter(|evaluation| evaluation.evidence.is_empty()) {
        let same = again.binary_search_by(|other| order(other, evaluation)).ok().and_then(|at| again.get(at));
        if let Some(same) = same.filter(|same| same.compliance_type == evaluation.compliance_type) {
            evaluation.evidence = Arc::clone(&same.evidence);
        }
    }
}

/// Judges what changed since an earlier snapshot; of the rest takes what was said then, without evidence. Says how many
/// answers it took. `period` is how often periodic rules are judged whatever changed, in hours.
///
/// What comes out is what [`run`] gives, but for the evidence of the answers that were taken, all of them
/// `COMPLIANT` or `NOT_APPLICABLE`.
pub fn run_changed(
    rules: &RuleSet,
    snapshot: &Arc<Snapshot>,
    before: &Before,
    period: u32,
    options: &Options,
) -> (Outcome, usize) {
    on_threads(options, || {
        let mut work = Work::new(rules, snapshot.about(), options);
        work.reuse = Some(Reuse::new(before, rules, snapshot, period));
        let outcome = judge_by(&work, snapshot);
        (outcome, work.reuse.as_ref().map_or(0, Reuse::taken))
    })
}

fn on_threads<T: Send>(options: &Options, work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().num_threads(options.threads).stack_size(STACK).build() {
        Ok(pool) => pool.install(work),
        // Without threads of its own it runs on those that the caller has.
        Err(_) => work(),
    }
}

/// What is to be done with the items of one snapshot.
struct Work<'a> {
    rules: &'a RuleSet,
    targets: &'a Targets,
    exemptions: Applicable,
    /// What was said before, where it may still hold.
    reuse: Option<Reuse<'a>>,
}

impl<'a> Work<'a> {
    fn new(rules: &'a RuleSet, about: &About, options: &'a Options) -> Self {
        let ids = rules.iter().map(|chosen| &**chosen.id());
        Self {
            rules,
            targets: &options.targets,
            exemptions: options.exemptions.at(ids, &about.captured_at),
            reuse: None,
        }
    }
}

fn judge_all(rules: &RuleSet, snapshot: &Arc<Snapshot>, options: &Options) -> Outcome {
    judge_by(&Work::new(rules, snapshot.about(), options), snapshot)
}

fn judge_by(work: &Work<'_>, snapshot: &Arc<Snapshot>) -> Outcome {
    let judged: Vec<_> = snapshot.items().par_chunks(CHUNK).map(|items| judge_chunk(work, snapshot, items)).collect();
    let mut outcome = Outcome {
        evaluations: Vec::with_capacity(judged.iter().map(|(evaluations, _)| evaluations.len()).sum()),
        rule_errors: work.rules.errors().to_vec(),
    };
    for (evaluations, errors) in judged {
        outcome.evaluations.extend(evaluations);
        outcome.rule_errors.extend(errors);
    }
    finish(&mut outcome, work, snapshot);
    outcome
}

/// Adds what is to be said where there is no item to say it of, and brings all into the order of the report.
fn finish(outcome: &mut Outcome, work: &Work<'_>, snapshot: &Snapshot) {
    let mut unlisted = unlisted(work.rules, snapshot);
    for evaluation in &mut unlisted {
        work.exemptions.mark(evaluation, None);
    }
    if !unlisted.is_empty() {
        outcome.evaluations.extend(unlisted);
        // Stable, and next to nothing to do: the first part is in order already.
        outcome.evaluations.sort_by(|a, b| (&a.resource, &a.rule, &a.key).cmp(&(&b.resource, &b.rule, &b.key)));
    }
    outcome.rule_errors.sort();
}

/// Judges some items, in their order.
fn judge_chunk(
    work: &Work<'_>,
    snapshot: &Arc<Snapshot>,
    items: &[Arc<ConfigurationItem>],
) -> (Vec<Evaluation>, Vec<RuleError>) {
    let (mut evaluations, mut errors) = (Vec::new(), Vec::new());
    for items in items.chunk_by(|a, b| a.key.resource_type == b.key.resource_type && a.key.region == b.key.region) {
        let Some(key) = items.first().map(|item| &item.key) else { continue };
        let mut answers = Vec::new();
        for chosen in work.rules.on(&key.resource_type) {
            if !chosen.rule.judges_in(&key.resource_type, &key.region) {
                continue;
            }
            let mut places = Vec::with_capacity(items.len());
            let mut targets = Vec::with_capacity(items.len());
            for (place, item) in items.iter().enumerate().filter(|(_, item)| item.status.is_present()) {
                match is_asked(work, chosen, item) {
                    Ok(true) => {
                        let known = work.reuse.as_ref().and_then(|reuse| reuse.answers(chosen, item));
                        if let Some(known) = known {
                            answers.extend(known.into_iter().map(|evaluation| (place, evaluation)));
                            continue;
                        }
                        places.push(place);
                        targets.push(Arc::clone(item));
                    }
                    Ok(false) => {}
                    Err(reason) => {
                        let gap = item.full_gap(Some("/tags".to_owned()), &reason);
                        answers.push((place, chosen.unreadable(item, gap)));
                    }
                }
            }
            let of_rule = chosen.judge_each(snapshot, targets);
            let place = |place: usize| places.get(place).copied().unwrap_or_default();
            answers.extend(of_rule.evaluations.into_iter().map(|(at, evaluation)| (place(at), evaluation)));
            errors.extend(of_rule.errors);
        }
        // Stable: the rules stay in their order on each item, and the findings of each rule in theirs.
        answers.sort_by_key(|(place, _)| *place);
        for (place, evaluation) in &mut answers {
            work.exemptions.mark(evaluation, items.get(*place).map(|item| &item.tags));
        }
        evaluations.extend(answers.into_iter().map(|(_, evaluation)| evaluation));
    }
    (evaluations, errors)
}

/// Whether the rule is to judge the item in this run.
fn is_asked(work: &Work<'_>, chosen: &Chosen, item: &ConfigurationItem) -> Result<bool, Arc<Unreadable>> {
    let in_scope = chosen.scope.as_ref().map_or(Ok(true), |scope| scope.includes(item))?;
    Ok(in_scope && work.targets.include(item)?)
}

/// Where a rule's type was not listed it is not known which resources there are: one answer for each such place.
fn unlisted(rules: &RuleSet, snapshot: &Snapshot) -> Vec<Evaluation> {
    let mut evaluations = Vec::new();
    for chosen in rules.iter() {
        let in_scope = |kind: &&Arc<str>| chosen.scope.as_ref().is_none_or(|scope| scope.may_be_of(kind));
        for resource_type in chosen.rule.resource_types.iter().filter(in_scope) {
            for account_id in &snapshot.about().accounts {
                let mut places = snapshot.places(account_id, resource_type).to_vec();
                places.retain(|place| chosen.rule.judges_in(resource_type, &place.aws_region));
                if places.is_empty() {
                    places.push(Place {
                        account_id: account_id.as_str().into(),
                        aws_region: GLOBAL.into(),
                        resource_type: Arc::clone(resource_type),
                    });
                }
                for place in places {
                    if let Err(reason) = snapshot.listing(&place) {
                        evaluations.push(without_items(chosen, &place, &reason));
                    }
                }
            }
        }
    }
    evaluations
}

fn without_items(chosen: &Chosen, place: &Place, reason: &Arc<Unreadable>) -> Evaluation {
    Evaluation {
        rule: Arc::clone(chosen.id()),
        resource: ResourceKey::new(&place.account_id, &place.aws_region, &place.resource_type, ""),
        key: Box::default(),
        compliance_type: ComplianceType::InsufficientData,
        severity: chosen.severity(),
        resource_name: None,
        arn: None,
        annotation: reason.to_string().into(),
        evidence: Arc::default(),
        gap: Some(Box::new(place.gap(reason))),
        exemption: None,
    }
}
