//! What is to be delivered of a judged snapshot to Security Hub: what is open in it, each time, so that the hub goes on holding
//! it; and once what was open before it and is not any more. As all of delivery it is told from the store, which keeps no
//! evidence: the findings have none.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{DeliverError, Parcel};
use crate::evaluate::Outcome;
use crate::evaluation::{ComplianceType, Evaluation};
use crate::history::{History, Interval, Recorded};
use crate::item::{GLOBAL, ResourceKey, format_time};
use crate::report::asff::{Import, Standing};
use crate::report::{Extent, Report, finding};

/// The findings of a snapshot for the Security Hubs of these regions: each for the hub of its region, or else for the first.
/// Of a snapshot that was not judged there are none.
///
/// Open is what is non-compliant, exempted or not, and what could not be judged. It is open no more once it was judged again
/// or is gone from a complete list; what was not looked at stays as it is.
///
/// # Errors
/// The store cannot be read.
pub fn findings(history: &History, recorded: &Recorded, hubs: &[String]) -> Result<Vec<Parcel>, DeliverError> {
    let Some(first) = hubs.first().filter(|_| recorded.rule_set.is_some()) else { return Ok(Vec::new()) };
    let (snapshot, rules, outcome) =
        (history.snapshot(recorded.id)?, history.rules(recorded.id)?, history.outcome(recorded.id)?);
    let drift = history.drift(&rules, &snapshot, &outcome)?;
    let closed = closed(history, recorded.time, &outcome)?;
    let fixed: Vec<_> = drift.fixed.iter().map(|one| (one.finding.clone(), one.open_since.clone())).collect();
    let report = Report::new(rules.iter(), &snapshot, Vec::new(), outcome.evaluations, outcome.rule_errors);
    let report = report.with_drift(Some(drift));
    let answers = Answers::of(&report.evaluations);
    let import = Import::of(&report);
    let post = |evaluation: &Evaluation, standing, since: Option<&str>| {
        let hub = hubs.iter().find(|hub| ***hub == *evaluation.resource.region).unwrap_or(first);
        Parcel::Finding { hub: hub.clone(), finding: import.finding(evaluation, standing, since, hub) }
    };
    let mut parcels = Vec::new();
    for evaluation in report.extent(Extent::Findings) {
        // Since when a finding is open the drift knows; of what could not be judged its interval tells.
        let since = match evaluation.compliance_type {
            ComplianceType::InsufficientData => {
                since(history, evaluation, |to| to.is_none_or(|to| to > recorded.time))?
            }
            _ => None,
        };
        let since = since.map(format_time);
        parcels.push(post(evaluation, Standing::Open, since.as_deref()));
    }
    let mut told = BTreeSet::new();
    for (evaluation, since) in fixed.iter().chain(&closed) {
        if told.insert(finding::fingerprint(evaluation)) {
            parcels.push(post(evaluation, answers.standing(evaluation), Some(since)));
        }
    }
    Ok(parcels)
}

/// Since when there has been a finding or no judgement, one or the other, up to an answer that ended so.
fn since(
    history: &History,
    said: &Evaluation,
    ended: impl Fn(Option<Timestamp>) -> bool,
) -> Result<Option<Timestamp>, DeliverError> {
    let mut since = None;
    // By time, the last first.
    for one in history.compliance(&said.resource)?.iter().rev() {
        let is_of_it = subject(&one.evaluation) == subject(said) && is_open(&one.evaluation);
        if is_of_it && (since.is_some() && since == one.to || since.is_none() && ended(one.to)) {
            since = Some(one.from);
        }
    }
    Ok(since)
}

/// What could not be judged until now, and what was accepted until now, and is neither a finding nor not judged from now on;
/// with since when. Of open findings the drift tells.
///
/// What stands behind a list that cannot be read stays as it is; once the list is read again, it counts from before.
fn closed(history: &History, at: Timestamp, outcome: &Outcome) -> Result<Vec<(Evaluation, String)>, DeliverError> {
    let open: BTreeSet<_> = outcome.evaluations.iter().filter(|one| is_open(one)).map(subject).collect();
    let is_unlisted = |one: &Evaluation| {
        let key = &one.resource;
        [&*key.region, GLOBAL].into_iter().any(|region| {
            let place = ResourceKey::new(&key.account_id, region, &key.resource_type, "");
            open.contains(&(&place, &*one.rule, ""))
        })
    };
    let ended = history.said_until(at)?;
    let mut behind = Vec::new();
    for list in ended.iter().map(|one| &one.evaluation).filter(|one| one.resource.resource_id.is_empty()) {
        if let Some(since) = since(history, list, |to| to == Some(at))? {
            let mut before = history.said_until(since)?;
            before.retain(|one| stands_behind(&one.evaluation, list));
            behind.extend(before);
        }
    }
    let mut closed = Vec::new();
    for Interval { evaluation, from, to } in ended.into_iter().chain(behind) {
        let is_told = match evaluation.compliance_type {
            ComplianceType::InsufficientData => true,
            ComplianceType::NonCompliant => evaluation.is_exempted(),
            ComplianceType::Compliant | ComplianceType::NotApplicable => false,
        };
        let is_list = evaluation.resource.resource_id.is_empty();
        if is_told && !open.contains(&subject(&evaluation)) && (is_list || !is_unlisted(&evaluation)) {
            let since = since(history, &evaluation, |end| end == to)?.unwrap_or(from);
            closed.push((evaluation, format_time(since)));
        }
    }
    Ok(closed)
}

/// Whether an answer of a rule is of a resource in the list that the rule could not have.
fn stands_behind(one: &Evaluation, list: &Evaluation) -> bool {
    let (key, place) = (&one.resource, &list.resource);
    one.rule == list.rule
        && !key.resource_id.is_empty()
        && (&key.account_id, &key.resource_type) == (&place.account_id, &place.resource_type)
        && (key.region == place.region || &*place.region == GLOBAL)
}

fn is_open(one: &Evaluation) -> bool {
    matches!(one.compliance_type, ComplianceType::NonCompliant | ComplianceType::InsufficientData)
}

fn subject(one: &Evaluation) -> (&ResourceKey, &str, &str) {
    (&one.resource, &one.rule, &one.key)
}

/// What each rule says of a resource, by resource and rule.
struct Answers<'e>(BTreeMap<(&'e ResourceKey, &'e str), BTreeSet<ComplianceType>>);

impl<'e> Answers<'e> {
    fn of(evaluations: &'e [Evaluation]) -> Self {
        let mut answers = BTreeMap::<_, BTreeSet<ComplianceType>>::new();
        for one in evaluations {
            answers.entry((&one.resource, &*one.rule)).or_default().insert(one.compliance_type);
        }
        Self(answers)
    }

    /// How what is open no more is told. A finding is mended if the rule still speaks of the resource, be it of another
    /// finding; what could not be judged, if the rule has nothing against it.
    fn standing(&self, closed: &Evaluation) -> Standing {
        let Some(said) = self.0.get(&(&closed.resource, &*closed.rule)) else { return Standing::Gone };
        let is_mended = match closed.compliance_type {
            ComplianceType::NonCompliant => {
                said.iter().any(|one| matches!(one, ComplianceType::Compliant | ComplianceType::NonCompliant))
            }
            _ => said.iter().all(|one| *one == ComplianceType::Compliant),
        };
        if is_mended { Standing::Mended } else { Standing::Gone }
    }
}

#[cfg(test)]
mod tests;
