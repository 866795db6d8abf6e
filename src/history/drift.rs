//! New, fixed, still open: the findings of a run against what the store recorded before it.
//!
//! A finding is open since the first of its `NON_COMPLIANT` answers that no other answer follows. A time in which the
//! resource could not be judged (a fact or the whole list could not be read) is no other answer: a lost permission makes
//! nothing new, and nothing fixed. A resource that was gone, or of which the rule said otherwise, begins anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use super::append::Origin;
use super::error::{Attempt, Result};
use super::judgement::{self, COMPLIANCE};
use super::lives::{self, Span};
use super::read::{self, KEY, number};
use super::{History, timestamp};
use crate::drift::{Drift, FirstVersion, Fixed, Standing};
use crate::evaluate::Outcome;
use crate::evaluation::{ComplianceType, Evaluation};
use crate::item::{GLOBAL, ResourceKey, format_time};
use crate::rule::RuleSet;
use crate::snapshot::{Place, Snapshot};

impl Span {
    fn reaches(self, time: i64) -> bool {
        self.start < time && self.stop.is_none_or(|stop| stop >= time)
    }

    fn meets(self, other: Self) -> bool {
        let before = |one: Self, other: Self| one.stop.is_some_and(|stop| stop <= other.start);
        !before(self, other) && !before(other, self)
    }
}

/// A rule on a resource, in numbers.
type Pair = (i64, i64);

/// What a rule said of a resource that was not good.
#[derive(Default)]
struct Said {
    findings: BTreeMap<Box<str>, Vec<Span>>,
    unjudged: Vec<Span>,
}

impl History {
    /// How the findings of a judged snapshot stand to what was found before its time. The snapshot itself may be in the
    /// store already.
    ///
    /// Fixed is what was judged again and is no finding any more, and what was found of a resource that is gone from a
    /// complete list; not what was not judged this time, for whatever reason.
    ///
    /// # Errors
    /// The snapshot has no time, or the store cannot be read.
    pub fn drift(&self, rules: &RuleSet, snapshot: &Snapshot, outcome: &Outcome) -> Result<Drift> {
        let captured_at = &snapshot.about().captured_at;
        let time = captured_at
            .parse::<jiff::Timestamp>()
            .map_err(|_| super::HistoryError::NoTime { time: captured_at.clone() })?
            .as_millisecond();
        self.read(|connection| {
            let sql = "SELECT max(s.time) FROM snapshot s JOIN judgement j ON j.snapshot = s.id WHERE s.time < ?1";
            let previous: Option<i64> = connection.prepare_cached(sql)?.query_row([time], |row| row.get(0))?;
            let open = open_before(connection, rules, time)?;
            let standings = standings(connection, outcome, &open, time)?;
            let fixed = fixed(connection, snapshot, outcome, &open, time)?;
            Ok(Drift::new(previous.map(|time| format_time(timestamp(time))), standings, fixed))
        })
    }
}

/// A finding that was open just before a time.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    resource: ResourceKey,
    rule: Arc<str>,
    key: Box<str>,
}

/// Since when a finding was open.
#[derive(Clone, Copy)]
struct Open {
    since: i64,
    /// Its resource was gone for a time in which the rule did not run: what is there now, if anything, is another one.
    has_ended: bool,
}

/// What was open when it was judged last before a time.
fn open_before(connection: &Connection, rules: &RuleSet, time: i64) -> Attempt<BTreeMap<Finding, Open>> {
    let mut ids = HashMap::<i64, Arc<str>>::new();
    for chosen in rules.iter() {
        let find = "SELECT id FROM word WHERE text = ?1";
        let id = connection.prepare_cached(find)?.query_row([&**chosen.id()], |row| row.get(0)).optional()?;
        ids.extend(id.map(|id| (id, Arc::clone(chosen.id()))));
    }
    let [finding, unjudged] = [ComplianceType::NonCompliant, ComplianceType::InsufficientData]
        .map(|answer| judgement::number(&COMPLIANCE, &answer));
    let sql = "SELECT v.resource, v.rule, v.key, v.start, v.stop, v.compliance FROM verdict v
        WHERE v.start < ?1 AND v.compliance IN (?2, ?3)";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([time, finding, unjudged])?;
    let mut said = BTreeMap::<Pair, Said>::new();
    while let Some(row) = rows.next()? {
        let pair: Pair = (row.get(0)?, row.get(1)?);
        if !ids.contains_key(&pair.1) {
            continue;
        }
        let span = Span { start: row.get(3)?, stop: row.get(4)? };
        let said = said.entry(pair).or_default();
        if row.get::<_, i64>(5)? == finding {
            said.findings.entry(row.get(2)?).or_default().push(span);
        } else {
            said.unjudged.push(span);
        }
    }
    let mut open = BTreeMap::new();
    for ((resource, rule), of_pair) in said.iter().filter(|(_, said)| !said.findings.is_empty()) {
        let key = resource_key(connection, *resource)?;
        let lives = lives::of(connection, *resource)?;
        let mut unjudged = of_pair.unjudged.clone();
        unjudged.extend(unlisted(connection, &said, (*resource, *rule), &key)?);
        let cut = |spans: &[Span]| -> Vec<Span> {
            let pieces = spans.iter().flat_map(|span| lives::cut(*span, &lives));
            pieces.filter(|piece| piece.start < time).collect()
        };
        let unjudged = cut(&unjudged);
        for (finding, spans) in &of_pair.findings {
            let Some((_, rule)) = unbroken(spans, &unjudged, time).zip(ids.get(rule)) else { continue };
            let spans = cut(spans);
            let since = unbroken(&spans, &unjudged, time).map(|since| Open { since, has_ended: false });
            let before = || {
                let end = spans.iter().filter_map(|span| span.stop).filter(|stop| *stop < time).max()?;
                Some(Open { since: unbroken(&spans, &unjudged, end)?, has_ended: true })
            };
            if let Some(since) = since.or_else(before) {
                let finding = Finding { resource: key.clone(), rule: Arc::clone(rule), key: finding.clone() };
                open.insert(finding, since);
            }
        }
    }
    Ok(open)
}

/// Since when findings, and times in which nothing could be judged, follow each other without a hole up to a time; if a
/// finding is among them.
fn unbroken(findings: &[Span], unjudged: &[Span], time: i64) -> Option<i64> {
    let mut reach = time;
    let all = || findings.iter().chain(unjudged);
    while let Some(span) = all().filter(|span| span.reaches(reach)).min_by_key(|span| span.start) {
        reach = span.start;
    }
    findings.iter().map(|span| span.start).filter(|start| *start >= reach).min()
}

/// When the list that a resource is in could not be read, and the rule said nothing else of the resource.
fn unlisted(
    connection: &Connection,
    said: &BTreeMap<Pair, Said>,
    (resource, rule): Pair,
    key: &ResourceKey,
) -> Attempt<Vec<Span>> {
    let mut spans = Vec::new();
    // A type that nobody could list anywhere is told to be global.
    for region in BTreeSet::from([&*key.region, GLOBAL]) {
        let place = ResourceKey::new(&key.account_id, region, &key.resource_type, "");
        if let Some(place) = number(connection, &place)? {
            spans.extend(said.get(&(place, rule)).into_iter().flat_map(|said| &said.unjudged).copied());
        }
    }
    if spans.is_empty() {
        return Ok(spans);
    }
    let good = [ComplianceType::Compliant, ComplianceType::NotApplicable]
        .map(|answer| judgement::number(&COMPLIANCE, &answer));
    let sql = "SELECT start, stop FROM verdict WHERE resource = ?1 AND rule = ?2 AND compliance IN (?3, ?4)";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement
        .query_map([resource, rule, good[0], good[1]], |row| Ok(Span { start: row.get(0)?, stop: row.get(1)? }))?;
    let judged: Vec<Span> = rows.collect::<rusqlite::Result<_>>()?;
    spans.retain(|span| !judged.iter().any(|other| span.meets(*other)));
    Ok(spans)
}

fn standings(
    connection: &Connection,
    outcome: &Outcome,
    open: &BTreeMap<Finding, Open>,
    time: i64,
) -> Attempt<Vec<(ResourceKey, Standing)>> {
    let is_finding = |one: &&Evaluation| one.compliance_type == ComplianceType::NonCompliant;
    let mut standings = Vec::new();
    for evaluation in outcome.evaluations.iter().filter(is_finding) {
        let finding = Finding::of(evaluation);
        let since = open.get(&finding).filter(|open| !open.has_ended).map(|open| open.since);
        let standing = Standing {
            version: first_version(connection, &finding.resource, since.unwrap_or(time))?,
            open_since: since.map(|since| format_time(timestamp(since))),
            rule: finding.rule,
            key: finding.key,
        };
        standings.push((finding.resource, standing));
    }
    Ok(standings)
}

impl Finding {
    fn of(evaluation: &Evaluation) -> Self {
        Self { resource: evaluation.resource.clone(), rule: Arc::clone(&evaluation.rule), key: evaluation.key.clone() }
    }
}

/// The version in which a resource was at a time.
fn first_version(connection: &Connection, key: &ResourceKey, time: i64) -> Attempt<Option<FirstVersion>> {
    let Some(resource) = number(connection, key)? else { return Ok(None) };
    let sql = "SELECT since, origin FROM span WHERE resource = ?1 AND start <= ?2 AND (stop IS NULL OR stop > ?2)";
    let found: Option<(i64, Option<String>)> =
        connection.prepare_cached(sql)?.query_row([resource, time], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((from, origin)) = found else { return Ok(None) };
    let origin: Option<Origin> = origin.map(|origin| serde_json::from_str(&origin)).transpose()?;
    let related_events = origin.map(|origin| origin.related_events).unwrap_or_default();
    Ok(Some(FirstVersion { from: format_time(timestamp(from)), related_events }))
}

fn fixed(
    connection: &Connection,
    snapshot: &Snapshot,
    outcome: &Outcome,
    open: &BTreeMap<Finding, Open>,
    time: i64,
) -> Attempt<Vec<Fixed>> {
    let mut judged = BTreeMap::<(&ResourceKey, &str), Vec<&Evaluation>>::new();
    for evaluation in &outcome.evaluations {
        judged.entry((&evaluation.resource, &evaluation.rule)).or_default().push(evaluation);
    }
    let mut fixed = Vec::new();
    for (finding, Open { since, .. }) in open {
        let is_gone = match judged.get(&(&finding.resource, &*finding.rule)) {
            Some(answers) => {
                let is_open = answers.iter().any(|answer| match answer.compliance_type {
                    ComplianceType::InsufficientData => true,
                    ComplianceType::NonCompliant => answer.key == finding.key,
                    ComplianceType::Compliant | ComplianceType::NotApplicable => false,
                });
                if is_open {
                    continue;
                }
                false
            }
            None if is_gone(snapshot, &finding.resource) => true,
            // It was not asked about, or the rule broke on it, or its list could not be read.
            None => continue,
        };
        let Some(last) = last_said(connection, finding, time)?.filter(|last| !last.is_exempted()) else { continue };
        fixed.push(Fixed { finding: last, open_since: format_time(timestamp(*since)), is_gone });
    }
    Ok(fixed)
}

/// Whether the list that a resource would be in is complete, and the resource is not in it.
fn is_gone(snapshot: &Snapshot, key: &ResourceKey) -> bool {
    let place = Place::from(key);
    let is_there = || snapshot.of_type(&place).iter().any(|item| item.key == *key && item.status.is_present());
    snapshot.listing(&place).is_ok() && !is_there()
}

/// The finding as it was said last before a time.
fn last_said(connection: &Connection, finding: &Finding, time: i64) -> Attempt<Option<Evaluation>> {
    let of_resource = judgement::of_resource(connection, &finding.resource)?;
    let is_meant = |one: &judgement::Interval| {
        let Evaluation { rule, key, compliance_type, .. } = &one.evaluation;
        *rule == finding.rule
            && *key == finding.key
            && *compliance_type == ComplianceType::NonCompliant
            && one.from < timestamp(time)
    };
    Ok(of_resource.into_iter().filter(is_meant).max_by_key(|one| one.from).map(|one| one.evaluation))
}

fn resource_key(connection: &Connection, resource: i64) -> Attempt<ResourceKey> {
    let sql = format!("SELECT {KEY} WHERE r.id = ?1");
    Ok(connection.prepare_cached(&sql)?.query_row([resource], read::key)?)
}
