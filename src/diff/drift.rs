//! Answers of rules, before and after: which are other ones, and why.
//!
//! A cause is named only where it shows: a changed fact must be one that the rule read (its evidence), a changed rule one
//! whose texts or parameters differ. Without any, time has passed between the two.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{
    Cause, ChangeType, ComplianceChange, Diff, Drift, EvaluationChange, Judged, ResourceChange, RuleChange,
    RuleVersion, identity,
};
use crate::evaluation::{ComplianceType, Evaluation, Evidence};
use crate::item::{GLOBAL, ResourceKey};
use crate::value::code;

/// Adds what is different between two sets of answers. The resources have been compared before, if they are known.
pub(super) fn compare<'a>(from: Judged<'a>, to: Judged<'a>, diff: &mut Diff<'a>) {
    diff.rules = rules(from.rules, to.rules);
    let reasons = Reasons::new(from, to, diff);
    let (before, after) = (sorted(from.evaluations), sorted(to.evaluations));
    let (mut changes, mut still_open, mut compliance) = (Vec::new(), Vec::new(), Vec::new());
    for (old, new) in joined(&before, &after, |a, b| identity(a).cmp(&identity(b))) {
        if let (Some(old), Some(new)) = (old, new)
            && is_same(old, new)
        {
            still_open.extend(new.is_finding().then_some(new));
            continue;
        }
        // What a listing that failed says of its place, it says of each answer that is missing for it.
        let (old, new) = (old.or_else(|| reasons.unlisted_before(new?)), new.or_else(|| reasons.unlisted_after(old?)));
        let Some(mut drift) = drift(old, new) else { continue };
        let causes = reasons.of(old, new);
        // Where the rule was not run nothing could or could not be judged.
        if matches!(drift, Drift::NotJudged | Drift::JudgedAgain) && causes.iter().any(came_or_went) {
            drift = Drift::Other;
        }
        changes.push(EvaluationChange { drift, before: old, after: new, causes });
    }
    let by_subject = |list: &[&'a Evaluation]| -> Vec<&'a Evaluation> {
        list.chunk_by(|a, b| (&a.resource, &a.rule) == (&b.resource, &b.rule)).filter_map(worst).collect()
    };
    let subject = |evaluation: &&'a Evaluation| (&evaluation.resource, &evaluation.rule);
    for (old, new) in joined(&by_subject(&before), &by_subject(&after), |a, b| subject(&a).cmp(&subject(&b))) {
        if old.map(|one| one.compliance_type) != new.map(|one| one.compliance_type) {
            compliance.push(ComplianceChange { before: old, after: new });
        }
    }
    (diff.evaluations, diff.still_open, diff.compliance) = (changes, still_open, compliance);
}

fn sorted(evaluations: &[Evaluation]) -> Vec<&Evaluation> {
    let mut sorted: Vec<&Evaluation> = evaluations.iter().collect();
    sorted.sort_by(|a, b| identity(a).cmp(&identity(b)));
    sorted
}

/// Two sorted lists side by side. Equal ones that come several times are paired in their order.
fn joined<'l, 'a>(
    before: &'l [&'a Evaluation],
    after: &'l [&'a Evaluation],
    order: impl Fn(&'a Evaluation, &'a Evaluation) -> Ordering + 'l,
) -> impl Iterator<Item = (Option<&'a Evaluation>, Option<&'a Evaluation>)> {
    let (mut before, mut after) = (before.iter().copied().peekable(), after.iter().copied().peekable());
    std::iter::from_fn(move || {
        let which = match (before.peek(), after.peek()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => order(old, new),
        };
        Some((before.next_if(|_| which.is_le()), after.next_if(|_| which.is_ge())))
    })
}

/// Whether two answers say the same. Of a finding the words count, as they name what was found.
fn is_same(old: &Evaluation, new: &Evaluation) -> bool {
    old.compliance_type == new.compliance_type
        && old.is_exempted() == new.is_exempted()
        && (!new.is_finding() || (old.annotation == new.annotation && old.severity == new.severity))
}

/// The answer that counts for a rule on a resource.
fn worst<'a>(answers: &[&'a Evaluation]) -> Option<&'a Evaluation> {
    let rank = |answer: &&Evaluation| match answer.compliance_type {
        ComplianceType::NonCompliant => 0,
        ComplianceType::InsufficientData => 1,
        ComplianceType::Compliant => 2,
        ComplianceType::NotApplicable => 3,
    };
    answers.iter().copied().min_by_key(rank)
}

fn drift(before: Option<&Evaluation>, after: Option<&Evaluation>) -> Option<Drift> {
    use ComplianceType::{InsufficientData, NonCompliant};
    let answer = |evaluation: Option<&Evaluation>| evaluation.map(|evaluation| evaluation.compliance_type);
    let was_open = before.is_some_and(Evaluation::is_finding);
    if after.is_some_and(Evaluation::is_finding) {
        return Some(if was_open { Drift::Updated } else { Drift::New });
    }
    Some(match (answer(before), answer(after)) {
        (_, Some(NonCompliant)) if was_open => Drift::Exempted,
        (_, Some(NonCompliant)) => Drift::Other,
        // The same place or fact still cannot be read.
        (Some(InsufficientData), Some(InsufficientData)) => return None,
        (_, Some(InsufficientData)) => Drift::NotJudged,
        (_, Some(_)) if was_open => Drift::Fixed,
        (_, None) if was_open => Drift::Gone,
        (Some(InsufficientData), _) => Drift::JudgedAgain,
        _ => Drift::Other,
    })
}

/// Rules that came, went or changed.
fn rules(before: &[RuleVersion], after: &[RuleVersion]) -> Vec<RuleChange> {
    let by_id = |rules: &'_ [RuleVersion]| -> BTreeMap<String, RuleVersion> {
        rules.iter().map(|rule| (rule.id.clone(), rule.clone())).collect()
    };
    let (before, after) = (by_id(before), by_id(after));
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut changes = Vec::new();
    for id in ids {
        let mut change =
            RuleChange { rule: id.clone(), change: ChangeType::Update, text: false, parameters: Vec::new() };
        match (before.get(id), after.get(id)) {
            (None, _) => change.change = ChangeType::Create,
            (_, None) => change.change = ChangeType::Delete,
            (Some(old), Some(new)) => {
                // A report of an older assize has no digests: what is not known is not said.
                change.text = old.digest.as_ref().zip(new.digest.as_ref()).is_some_and(|(old, new)| old != new)
                    || old.severity != new.severity;
                let names: BTreeSet<&String> = old.parameters.keys().chain(new.parameters.keys()).collect();
                for name in names {
                    let (old, new) = (old.parameters.get(name), new.parameters.get(name));
                    if old != new {
                        change.parameters.push((name.clone(), old.cloned(), new.cloned()));
                    }
                }
                if !change.text && change.parameters.is_empty() {
                    continue;
                }
            }
        }
        changes.push(change);
    }
    changes
}

/// Whether the cause is that the rule was run on one side only.
fn came_or_went(cause: &Cause) -> bool {
    matches!(cause, Cause::Rule { change: ChangeType::Create | ChangeType::Delete, .. })
}

/// A rule, and the account, region and type that it judges.
type RulePlace<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Answers for whole places.
type Places<'a> = BTreeMap<RulePlace<'a>, &'a Evaluation>;

/// Everything that an answer may have changed for.
struct Reasons<'a> {
    rules: BTreeMap<String, Cause>,
    /// The resources that changed, by type and id; those of one id in several accounts and regions together.
    resources: BTreeMap<(Arc<str>, Arc<str>), Vec<Changed>>,
    /// Where listings failed, before and after.
    unlisted: [Places<'a>; 2],
    time_passed: bool,
}

/// A resource that changed, as far as it can be a cause.
struct Changed {
    key: ResourceKey,
    change: ChangeType,
    paths: Vec<String>,
}

impl Changed {
    fn new(resource: &ResourceChange) -> Option<Self> {
        let paths = resource.properties.iter().map(|property| property.path.clone()).collect();
        Some(Self { key: resource.item()?.key.clone(), change: resource.change, paths })
    }
}

impl<'a> Reasons<'a> {
    fn new(from: Judged<'a>, to: Judged<'a>, diff: &Diff<'a>) -> Self {
        let rules = diff.rules.iter().map(|rule| {
            let parameters = rule.parameters.iter().map(|(name, ..)| name.clone()).collect();
            (rule.rule.clone(), Cause::Rule { change: rule.change, text: rule.text, parameters })
        });
        let mut resources = BTreeMap::<_, Vec<Changed>>::new();
        for changed in diff.resources.iter().filter_map(Changed::new) {
            let label = (Arc::clone(&changed.key.resource_type), Arc::clone(&changed.key.resource_id));
            resources.entry(label).or_default().push(changed);
        }
        let unlisted = [from, to].map(|judged| {
            let of_places = judged.evaluations.iter().filter(|answer| answer.resource.resource_id.is_empty());
            of_places.map(|answer| (place(answer, &answer.resource.region), answer)).collect()
        });
        Self { rules: rules.collect(), resources, unlisted, time_passed: diff.from != diff.to }
    }

    fn unlisted_before(&self, answer: &'a Evaluation) -> Option<&'a Evaluation> {
        unlisted(&self.unlisted[0], answer)
    }

    fn unlisted_after(&self, answer: &'a Evaluation) -> Option<&'a Evaluation> {
        unlisted(&self.unlisted[1], answer)
    }

    /// Why an answer changed: every cause that holds.
    fn of(&self, before: Option<&Evaluation>, after: Option<&Evaluation>) -> Vec<Cause> {
        let Some(answer) = after.or(before) else { return Vec::new() };
        let mut causes: Vec<Cause> = self.rules.get(&*answer.rule).cloned().into_iter().collect();
        // Of a rule that was run on one side only nothing else can be told.
        if causes.iter().any(came_or_went) {
            return causes;
        }
        for (evaluation, is_readable) in [(before, true), (after, false)] {
            let gap = evaluation.and_then(|evaluation| evaluation.gap.as_deref()).filter(|gap| {
                // These are facts of the resource, not of what may be read.
                ![code::ABSENT, code::NOT_UNDERSTOOD, code::NOT_FOUND].contains(&gap.reason.code.as_str())
            });
            causes.extend(gap.map(|gap| Cause::Readability { gap: Box::new(gap.clone()), is_readable }));
        }
        causes.extend(exemption(before, after));
        self.add_resources(answer, before, after, &mut causes);
        if causes.is_empty() {
            causes.extend(evidence_that_differs(before, after));
        }
        if causes.is_empty() {
            causes.push(if self.time_passed { Cause::Time } else { Cause::Unknown });
        }
        causes
    }

    /// The resource itself, and the others that the rule looked at.
    fn add_resources(
        &self,
        answer: &Evaluation,
        before: Option<&Evaluation>,
        after: Option<&Evaluation>,
        causes: &mut Vec<Cause>,
    ) {
        let own = &answer.resource;
        let mut read = BTreeMap::<Option<&Arc<str>>, BTreeSet<&str>>::new();
        for fact in [before, after].into_iter().flatten().flat_map(|evaluation| evaluation.evidence.iter()) {
            read.entry(fact.resource.as_ref()).or_default().insert(&fact.path);
        }
        read.entry(None).or_default();
        for (resource, facts) in read {
            let label = match resource {
                None => Some((Arc::clone(&own.resource_type), Arc::clone(&own.resource_id))),
                Some(label) => label.split_once(' ').map(|(kind, id)| (Arc::from(kind), Arc::from(id))),
            };
            let of_label = label.and_then(|label| self.resources.get(&label)).into_iter().flatten();
            let is_meant = |changed: &&Changed| match resource {
                None => changed.key == *own,
                Some(_) => {
                    changed.key.account_id == own.account_id
                        && (changed.key.region == own.region
                            || *changed.key.region == *GLOBAL
                            || *own.region == *GLOBAL)
                }
            };
            for changed in of_label.filter(is_meant) {
                let paths: Vec<String> = changed
                    .paths
                    .iter()
                    .filter(|path| facts.iter().any(|fact| leads_to(fact, path) || leads_to(path, fact)))
                    .cloned()
                    .collect();
                if changed.change == ChangeType::Update && paths.is_empty() {
                    continue;
                }
                causes.push(Cause::Resource { resource: resource.cloned(), change: changed.change, paths });
            }
        }
    }
}

/// The exemption that holds on one side only.
fn exemption(before: Option<&Evaluation>, after: Option<&Evaluation>) -> Option<Cause> {
    let (before, after) = (before?, after?);
    let is_in_force = after.is_exempted();
    let accepted = if is_in_force { after } else { before };
    let mark = accepted.exemption.as_ref().filter(|_| before.is_exempted() != is_in_force)?;
    Some(Cause::Exemption { id: mark.id.clone(), is_in_force, reason: mark.reason.clone() })
}

/// The place of an answer in one region, for its rule.
fn place<'a>(answer: &'a Evaluation, region: &'a str) -> RulePlace<'a> {
    (&answer.rule, &answer.resource.account_id, region, &answer.resource.resource_type)
}

/// What a failed listing says of the place of an answer. A type that was not listed at all is said to be global.
fn unlisted<'a>(places: &Places<'a>, answer: &'a Evaluation) -> Option<&'a Evaluation> {
    if answer.resource.resource_id.is_empty() {
        return None;
    }
    [&*answer.resource.region, GLOBAL].into_iter().find_map(|region| places.get(&place(answer, region)).copied())
}

/// Whether one pointer is the other, or leads to it.
fn leads_to(pointer: &str, to: &str) -> bool {
    to.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Where two answers read other facts: all there is to see when the items are not known.
fn evidence_that_differs(before: Option<&Evaluation>, after: Option<&Evaluation>) -> Vec<Cause> {
    let (Some(before), Some(after)) = (before, after) else {
        // Without rules and gaps that would tell, an answer comes and goes with its resource.
        let change = if before.is_some() { ChangeType::Delete } else { ChangeType::Create };
        return vec![Cause::Resource { resource: None, change, paths: Vec::new() }];
    };
    let facts = |evaluation: &'_ Evaluation| -> BTreeSet<_> {
        let of = |fact: &Evidence| (fact.resource.clone(), Arc::clone(&fact.path), fact.value.clone());
        evaluation.evidence.iter().map(of).collect()
    };
    let (before, after) = (facts(before), facts(after));
    let mut paths = BTreeMap::<Option<Arc<str>>, BTreeSet<String>>::new();
    for (resource, path, _) in before.symmetric_difference(&after) {
        paths.entry(resource.clone()).or_default().insert(path.to_string());
    }
    let cause = |(resource, paths): (_, BTreeSet<String>)| Cause::Resource {
        resource,
        change: ChangeType::Update,
        paths: paths.into_iter().collect(),
    };
    paths.into_iter().map(cause).collect()
}
