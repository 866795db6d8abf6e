//! What rules said of resources, from when to when, and the rules as they were run. What a rule read is not kept: the
//! items are there, and the rules of that time can be run on them again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::coverage::{Coverage, Listings};
use super::error::{Attempt, Fault, HistoryError, Result};
use super::lives::{self, Span};
use super::read::{self, parts, text};
use super::writer::Writer;
use super::{History, SnapshotId, timestamp};
use crate::evaluate::{Before, Outcome};
use crate::evaluation::{ComplianceType, Evaluation, ExemptionMark, RuleError, Severity};
use crate::gap::Gap;
use crate::item::ResourceKey;
use crate::rule::set::{Chosen, Recorded};
use crate::rule::{RuleSet, Texts};
use crate::snapshot::{About, Place, Snapshot};
use crate::value::Value;

/// What was found when a snapshot was judged.
#[derive(Clone, Copy, Debug)]
pub struct Judgement<'j> {
    /// The rules, as they were run.
    pub rules: &'j RuleSet,
    /// What they said.
    pub outcome: &'j Outcome,
}

/// What a rule said of a resource from one time to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    /// The evaluation, without evidence.
    pub evaluation: Evaluation,
    /// From when on.
    pub from: Timestamp,
    /// When it said otherwise, or nothing; nothing while it is still so.
    pub to: Option<Timestamp>,
}

/// One rule of a recorded set: the number of the document with its texts, and its parameters.
#[derive(Serialize, Deserialize)]
struct RecordedRule {
    id: String,
    texts: i64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    parameters: BTreeMap<String, Value>,
    #[serde(flatten)]
    recorded: Recorded,
    /// The version of assize that judged every item of the rule's types by it; nothing if it judged some only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    whole_by: Option<String>,
}

/// What a rule says, in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    compliance: i64,
    severity: i64,
    annotation: Option<i64>,
    gap: Option<i64>,
    exemption: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    start: i64,
    stop: Option<i64>,
    said: Said,
}

/// A resource, a rule, and the key that tells findings apart.
type Subject = (i64, i64, Box<str>);

/// Of a subject: the place, the id of the resource, and what was said, by time.
type Known = (i64, String, Vec<Row>);

pub(super) const COMPLIANCE: [ComplianceType; 4] = [
    ComplianceType::Compliant,
    ComplianceType::NonCompliant,
    ComplianceType::NotApplicable,
    ComplianceType::InsufficientData,
];

const SEVERITIES: [Severity; 5] =
    [Severity::Informational, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

/// The number of a word of a fixed list.
pub(super) fn number<T: PartialEq>(all: &[T], one: &T) -> i64 {
    all.iter().position(|other| other == one).and_then(|at| i64::try_from(at).ok()).unwrap_or(0)
}

fn word<T: Copy>(all: &[T], number: i64) -> Attempt<T> {
    usize::try_from(number).ok().and_then(|at| all.get(at)).copied().ok_or(Fault::Missing("an answer of a rule"))
}

/// Notes what was said of a snapshot that is in the store.
pub(super) fn record(
    writer: &mut Writer<'_>,
    snapshot: SnapshotId,
    judged: &Snapshot,
    judgement: Judgement<'_>,
) -> Attempt<()> {
    let set = record_rules(writer, judgement.rules, &whole(judged, judgement))?;
    let errors = writer.document(&serde_json::to_vec(&judgement.outcome.rule_errors)?)?;
    let make = "INSERT INTO judgement (snapshot, rule_set, errors) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    if writer.transaction.prepare_cached(make)?.execute(params![snapshot.0, set, errors])? == 0 {
        return Ok(());
    }
    let sql = "SELECT time, coverage FROM snapshot WHERE id = ?1";
    let (time, coverage): (i64, i64) =
        writer.transaction.prepare_cached(sql)?.query_row([snapshot.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut recording = Recording {
        time,
        coverage: writer.coverage(coverage)?,
        later: later(writer, time)?,
        rules: HashMap::new(),
        ends: HashMap::new(),
    };
    for chosen in judgement.rules.iter() {
        recording.rules.insert(writer.word(chosen.id())?, Arc::clone(chosen.id()));
    }
    recording.tell(writer, &judgement.outcome.evaluations)
}

/// A judgement on its way into the store.
struct Recording {
    time: i64,
    coverage: Arc<Coverage>,
    later: Vec<Later>,
    /// By number.
    rules: HashMap<i64, Arc<str>>,
    /// By rule and place, when it was judged again; nothing if it was not.
    ends: HashMap<(i64, i64), Option<i64>>,
}

/// A snapshot of a later time that was judged.
struct Later {
    time: i64,
    rules: HashSet<String>,
    listings: Arc<Listings>,
    coverage: Arc<Coverage>,
}

fn later(writer: &mut Writer<'_>, time: i64) -> Attempt<Vec<Later>> {
    let sql = "SELECT s.time, s.about, s.coverage, r.rules FROM judgement j JOIN snapshot s ON s.id = j.snapshot
        JOIN rule_set r ON r.id = j.rule_set WHERE s.time > ?1 ORDER BY s.time";
    let mut statement = writer.transaction.prepare_cached(sql)?;
    let rows = statement.query_map([time], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let rows: Vec<(i64, i64, i64, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    let mut later = Vec::new();
    for (time, about, coverage, rules) in rows {
        let rules: Vec<RecordedRule> = serde_json::from_slice(&text(writer.transaction, rules)?)?;
        later.push(Later {
            time,
            rules: rules.into_iter().map(|rule| rule.id).collect(),
            listings: writer.listings(about)?,
            coverage: writer.coverage(coverage)?,
        });
    }
    Ok(later)
}

impl Recording {
    fn tell(&mut self, writer: &mut Writer<'_>, evaluations: &[Evaluation]) -> Attempt<()> {
        let mut said = HashMap::<Subject, Said>::with_capacity(evaluations.len());
        let mut order = Vec::with_capacity(evaluations.len());
        // By resource and rule; and by place and rule, where it is not known which resources there are.
        let (mut judged, mut unlisted) = (HashSet::new(), HashSet::new());
        let mut resources = HashMap::<ResourceKey, (i64, i64)>::new();
        for evaluation in evaluations {
            let rule = writer.word(&evaluation.rule)?;
            let (resource, place) = if let Some(known) = resources.get(&evaluation.resource) {
                *known
            } else {
                let known = resource_of(writer, &evaluation.resource)?;
                resources.insert(evaluation.resource.clone(), known);
                known
            };
            let gap = evaluation.gap.as_ref().map(serde_json::to_string).transpose()?;
            let exemption = evaluation.exemption.as_deref().map(serde_json::to_string).transpose()?;
            let says = Said {
                compliance: number(&COMPLIANCE, &evaluation.compliance_type),
                severity: number(&SEVERITIES, &evaluation.severity),
                annotation: non_empty(&evaluation.annotation).map(|text| writer.word(&text)).transpose()?,
                gap: gap.map(|gap| writer.word(&Arc::from(gap))).transpose()?,
                exemption: exemption.map(|mark| writer.word(&Arc::from(mark))).transpose()?,
            };
            judged.insert((resource, rule));
            if evaluation.resource.resource_id.is_empty() {
                unlisted.insert((place, rule));
            }
            let subject = (resource, rule, evaluation.key.clone());
            if said.insert(subject.clone(), says).is_none() {
                order.push((subject, place));
            }
        }
        let known = self.known(writer)?;
        for (subject, (place, id, rows)) in &known {
            let (resource, rule, _) = subject;
            let is_gone = || self.coverage.is_complete(*place) && !self.is_there(writer, *place, *resource);
            let is_over = !said.contains_key(subject)
                && (judged.contains(&(*resource, *rule))
                    || unlisted.contains(&(*place, *rule))
                    || id.is_empty()
                    || is_gone());
            if is_over {
                let end = self.end(writer, *rule, *place)?;
                replace(writer, subject, rows, self.time, end, None)?;
            }
        }
        let by_subject: HashMap<&Subject, &Vec<Row>> =
            known.iter().map(|(subject, (_, _, rows))| (subject, rows)).collect();
        for (subject, place) in &order {
            let Some(says) = said.get(subject) else { continue };
            let rows = by_subject.get(subject).map_or(&[][..], |rows| rows.as_slice());
            let end = self.end(writer, subject.1, *place)?;
            replace(writer, subject, rows, self.time, end, Some(says))?;
        }
        Ok(())
    }

    fn is_there(&self, writer: &Writer<'_>, place: i64, resource: i64) -> bool {
        let sql = "SELECT 1 FROM span WHERE resource = ?1 AND start <= ?2 AND (stop IS NULL OR stop > ?2)";
        let found = || -> rusqlite::Result<Option<i64>> {
            writer.transaction.prepare_cached(sql)?.query_row([resource, self.time], |row| row.get(0)).optional()
        };
        // What cannot be read is not taken for gone.
        self.coverage.holds(place, resource) && !matches!(found(), Ok(None))
    }

    /// What was said until now, or later, by the rules of this judgement.
    fn known(&self, writer: &Writer<'_>) -> Attempt<BTreeMap<Subject, Known>> {
        let sql = "SELECT v.resource, v.rule, v.key, r.place, r.resource_id, v.start, v.stop, v.compliance, v.severity,
                v.annotation, v.gap, v.exemption
            FROM verdict v JOIN resource r ON r.id = v.resource WHERE v.stop IS NULL OR v.stop > ?1
            ORDER BY v.resource, v.rule, v.key, v.start";
        let mut statement = writer.transaction.prepare_cached(sql)?;
        let mut rows = statement.query([self.time])?;
        let mut known = BTreeMap::<Subject, Known>::new();
        while let Some(row) = rows.next()? {
            let rule: i64 = row.get(1)?;
            if !self.rules.contains_key(&rule) {
                continue;
            }
            let subject: Subject = (row.get(0)?, rule, row.get(2)?);
            let said = Said {
                compliance: row.get(7)?,
                severity: row.get(8)?,
                annotation: row.get(9)?,
                gap: row.get(10)?,
                exemption: row.get(11)?,
            };
            let (place, id) = (row.get(3)?, row.get(4)?);
            let interval = Row { start: row.get(5)?, stop: row.get(6)?, said };
            known.entry(subject).or_insert_with(|| (place, id, Vec::new())).2.push(interval);
        }
        Ok(known)
    }

    /// When the rule judged the place again, if it did.
    fn end(&mut self, writer: &Writer<'_>, rule: i64, place: i64) -> Attempt<Option<i64>> {
        if self.later.is_empty() {
            return Ok(None);
        }
        if let Some(end) = self.ends.get(&(rule, place)) {
            return Ok(*end);
        }
        let at = writer.place_of(place)?;
        let name = self.rules.get(&rule).cloned().unwrap_or_default();
        let again = self.later.iter().find(|later| {
            later.rules.contains(name.as_ref())
                && (later.listings.get(&at).is_some() || later.coverage.seen.contains_key(&place))
        });
        let end = again.map(|later| later.time);
        self.ends.insert((rule, place), end);
        Ok(end)
    }
}

/// Puts what was said from `time` to `end` in the place of what was thought to be the case then.
fn replace(
    writer: &Writer<'_>,
    (resource, rule, key): &Subject,
    rows: &[Row],
    time: i64,
    end: Option<i64>,
    said: Option<&Said>,
) -> Attempt<()> {
    let mut after: Vec<Row> = Vec::new();
    let mut put = |row: Row| {
        if row.stop.is_some_and(|stop| stop <= row.start) {
            return;
        }
        match after.last_mut() {
            Some(last) if last.stop == Some(row.start) && last.said == row.said => last.stop = row.stop,
            _ => after.push(row),
        }
    };
    for row in rows.iter().filter(|row| row.start < time) {
        put(Row { stop: Some(row.stop.map_or(time, |stop| stop.min(time))), ..row.clone() });
    }
    if let Some(said) = said {
        put(Row { start: time, stop: end, said: said.clone() });
    }
    if let Some(end) = end {
        for row in rows.iter().filter(|row| row.stop.is_none_or(|stop| stop > end)) {
            put(Row { start: row.start.max(end), ..row.clone() });
        }
    }
    if after == rows {
        return Ok(());
    }
    let remove = "DELETE FROM verdict WHERE resource = ?1 AND rule = ?2 AND key = ?3 AND start = ?4";
    for row in rows.iter().filter(|row| !after.contains(row)) {
        writer.transaction.prepare_cached(remove)?.execute(params![resource, rule, key, row.start])?;
    }
    let make =
        "INSERT INTO verdict (resource, rule, key, start, stop, compliance, severity, annotation, gap, exemption)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    for row in after.iter().filter(|row| !rows.contains(row)) {
        let Said { compliance, severity, annotation, gap, exemption } = &row.said;
        let (start, stop) = (row.start, row.stop);
        let row = params![resource, rule, key, start, stop, compliance, severity, annotation, gap, exemption];
        writer.transaction.prepare_cached(make)?.execute(row)?;
    }
    Ok(())
}

fn non_empty(text: &Arc<str>) -> Option<Arc<str>> {
    (!text.is_empty()).then(|| Arc::clone(text))
}

/// The numbers of a resource and of its place. A place of which nothing is known is a resource without an id.
fn resource_of(writer: &mut Writer<'_>, key: &ResourceKey) -> Attempt<(i64, i64)> {
    let place = writer.place(&Place::from(key))?;
    let find = "SELECT id FROM resource WHERE place = ?1 AND resource_id = ?2";
    let id = key.resource_id.as_ref();
    let found = writer.transaction.prepare_cached(find)?.query_row(params![place, id], |row| row.get(0)).optional()?;
    let resource = match found {
        Some(resource) => resource,
        None => writer
            .transaction
            .prepare_cached("INSERT INTO resource (place, resource_id) VALUES (?1, ?2)")?
            .insert(params![place, id])?,
    };
    Ok((resource, place))
}

/// The rules that gave an answer on every item of their types.
fn whole(snapshot: &Snapshot, judgement: Judgement<'_>) -> BTreeSet<Arc<str>> {
    let mut unanswered = BTreeMap::<&str, usize>::new();
    for items in
        snapshot.items().chunk_by(|a, b| (&a.key.region, &a.key.resource_type) == (&b.key.region, &b.key.resource_type))
    {
        let Some(key) = items.first().map(|item| &item.key) else { continue };
        let count = items.iter().filter(|item| item.status.is_present()).count();
        for chosen in judgement.rules.on(&key.resource_type) {
            if chosen.rule.judges_in(&key.resource_type, &key.region) {
                *unanswered.entry(chosen.id()).or_default() += count;
            }
        }
    }
    let evaluations = &judgement.outcome.evaluations;
    let of_items = evaluations.chunk_by(|a, b| (&a.resource, &a.rule) == (&b.resource, &b.rule));
    for answer in of_items.filter_map(<[Evaluation]>::first).filter(|one| !one.resource.resource_id.is_empty()) {
        if let Some(count) = unanswered.get_mut(&*answer.rule) {
            *count = count.saturating_sub(1);
        }
    }
    let is_whole = |id: &&Arc<str>| unanswered.get(id.as_ref()).is_none_or(|count| *count == 0);
    // Which items a scope leaves out is not counted: such a rule judges all again.
    let rules = judgement.rules.iter().filter(|chosen| chosen.scope.is_none());
    rules.map(Chosen::id).filter(is_whole).cloned().collect()
}

fn record_rules(writer: &mut Writer<'_>, rules: &RuleSet, whole: &BTreeSet<Arc<str>>) -> Attempt<i64> {
    let mut recorded = Vec::with_capacity(rules.len());
    for chosen in rules.iter() {
        let set = chosen.parameters.iter().filter(|(_, value)| **value != Value::Null);
        recorded.push(RecordedRule {
            id: chosen.id().to_string(),
            texts: writer.document(&serde_json::to_vec(&chosen.rule.texts())?)?,
            recorded: chosen.into(),
            whole_by: whole.contains(chosen.id()).then(|| env!("CARGO_PKG_VERSION").to_owned()),
            parameters: set.map(|(name, value)| (name.to_owned(), value.clone())).collect(),
        });
    }
    let list = serde_json::to_vec(&recorded)?;
    let digest = digest(rules, whole)?;
    let find = "SELECT id FROM rule_set WHERE digest = ?1";
    let found: Option<i64> =
        writer.transaction.prepare_cached(find)?.query_row([&digest], |row| row.get(0)).optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    let list = writer.document(&list)?;
    let make = "INSERT INTO rule_set (digest, rules) VALUES (?1, ?2)";
    Ok(writer.transaction.prepare_cached(make)?.insert(params![digest, list])?)
}

/// The documents that the list of a set of rules speaks of.
pub(super) fn texts_of(list: &[u8]) -> Attempt<Vec<i64>> {
    let rules: Vec<RecordedRule> = serde_json::from_slice(list)?;
    Ok(rules.into_iter().map(|rule| rule.texts).collect())
}

/// What makes a set of rules this one: its texts and parameters, and whether it judged everything, whatever numbers they
/// have in a store.
fn digest(rules: &RuleSet, whole: &BTreeSet<Arc<str>>) -> Attempt<[u8; 32]> {
    let mut hash = Sha256::new();
    for chosen in rules.iter() {
        hash.update(serde_json::to_vec(&chosen.rule.texts())?);
        hash.update(serde_json::to_vec(&Recorded::from(chosen))?);
        hash.update(serde_json::to_vec(&whole.contains(chosen.id()).then_some(env!("CARGO_PKG_VERSION")))?);
        for (name, value) in chosen.parameters.iter() {
            hash.update(serde_json::to_vec(&(name, value))?);
        }
    }
    Ok(hash.finalize().into())
}

impl History {
    /// What was said of a snapshot when it was judged; of several judgements, all of it. Evidence is not kept: the same
    /// rules find it again in the snapshot.
    ///
    /// # Errors
    /// There is no such snapshot, it was not judged, or the store cannot be read.
    pub fn outcome(&self, id: SnapshotId) -> Result<Outcome> {
        self.read(|connection| outcome(connection, id))
    }

    /// The rules by which a snapshot was judged last, with their parameters of that time.
    ///
    /// # Errors
    /// There is no such snapshot, it was not judged, or the store cannot be read.
    pub fn rules(&self, id: SnapshotId) -> Result<RuleSet> {
        self.read(|connection| {
            let recorded = sets(connection, id)?.pop().ok_or_else(|| not_judged(id))?;
            let mut rules = Vec::new();
            for rule in recorded.rules {
                let texts: Texts = serde_json::from_slice(&text(connection, rule.texts)?)?;
                rules.push((texts, rule.parameters, rule.recorded));
            }
            Ok(RuleSet::recorded(rules))
        })
    }

    /// The last judged snapshot up to a time, with what may be taken from it when a later one is judged. Nothing if there is
    /// none, or if it was judged more than once: then it is not known which rules said what.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn before(&self, time: Timestamp) -> Result<Option<Before>> {
        let Some(id) = self.judged_until(time)? else { return Ok(None) };
        let recorded = match self.read(|connection| sets(connection, id))?.as_slice() {
            [one] => one.rules.iter().filter(|rule| rule.whole_by.as_deref() == Some(env!("CARGO_PKG_VERSION"))),
            _ => return Ok(None),
        }
        .map(|rule| rule.id.clone())
        .collect();
        let (snapshot, rules, outcome) = (self.snapshot(id)?, self.rules(id)?, self.outcome(id)?);
        Ok(Some(Before { snapshot, rules, whole: recorded, outcome }))
    }

    /// The last snapshot up to a time that was judged.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn judged_until(&self, time: Timestamp) -> Result<Option<SnapshotId>> {
        self.read(|connection| {
            let sql = "SELECT s.id FROM snapshot s JOIN judgement j ON j.snapshot = s.id WHERE s.time <= ?1
                ORDER BY s.time DESC, s.digest DESC LIMIT 1";
            let mut statement = connection.prepare_cached(sql)?;
            Ok(statement.query_row([time.as_millisecond()], |row| row.get(0)).optional()?.map(SnapshotId))
        })
    }

    /// What rules said of a resource over time, by rule, key and time.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn compliance(&self, key: &ResourceKey) -> Result<Vec<Interval>> {
        self.read(|connection| of_resource(connection, key))
    }

    /// What rules said until a time and no more, by resource, rule and key. What was said of a place that could not be
    /// listed is among it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn said_until(&self, time: Timestamp) -> Result<Vec<Interval>> {
        self.read(|connection| {
            let sql = format!("{VERDICTS} WHERE v.stop = {}", time.as_millisecond());
            let mut ended = intervals(connection, &sql, &[], |_, _, _, _| true)?;
            ended.sort_by(|a, b| {
                let [a, b] = [a, b].map(|one| &one.evaluation);
                (&a.resource, &a.rule, &a.key).cmp(&(&b.resource, &b.rule, &b.key))
            });
            Ok(ended)
        })
    }
}

/// What rules said of a resource over time, by rule, key and time.
pub(super) fn of_resource(connection: &Connection, key: &ResourceKey) -> Attempt<Vec<Interval>> {
    let sql = format!(
        "{VERDICTS} WHERE a.text = ?1 AND g.text = ?2 AND t.text = ?3 AND r.resource_id = ?4
            ORDER BY w.text, v.key, v.start"
    );
    let said = intervals(connection, &sql, &parts(key), |_, _, _, _| true)?;
    let lives = read::number(connection, key)?.map(|id| lives::of(connection, id)).transpose()?.unwrap_or_default();
    let cut = |interval: Interval| {
        let span = Span { start: interval.from.as_millisecond(), stop: interval.to.map(Timestamp::as_millisecond) };
        let pieces = lives::cut(span, &lives);
        pieces.into_iter().map(move |Span { start, stop }| Interval {
            from: timestamp(start),
            to: stop.map(timestamp),
            ..interval.clone()
        })
    };
    Ok(said.into_iter().flat_map(cut).collect())
}

fn not_judged(id: SnapshotId) -> Fault {
    HistoryError::NotJudged { snapshot: id }.into()
}

/// One judgement of a snapshot.
struct Set {
    rules: Vec<RecordedRule>,
    errors: Vec<RuleError>,
}

fn sets(connection: &Connection, id: SnapshotId) -> Attempt<Vec<Set>> {
    let sql = "SELECT r.rules, j.errors FROM judgement j JOIN rule_set r ON r.id = j.rule_set WHERE j.snapshot = ?1
        ORDER BY j.rule_set";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    let set = |(rules, errors)| {
        Ok(Set {
            rules: serde_json::from_slice(&text(connection, rules)?)?,
            errors: serde_json::from_slice(&text(connection, errors)?)?,
        })
    };
    rows.into_iter().map(set).collect()
}

fn outcome(connection: &Connection, id: SnapshotId) -> Attempt<Outcome> {
    let sets = sets(connection, id)?;
    if sets.is_empty() {
        return Err(not_judged(id));
    }
    let rules: HashSet<&str> = sets.iter().flat_map(|set| &set.rules).map(|rule| rule.id.as_str()).collect();
    let sql = "SELECT time, about, coverage FROM snapshot WHERE id = ?1";
    let (time, about, coverage): (i64, i64, i64) =
        connection.prepare_cached(sql)?.query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let about: About = serde_json::from_slice(&text(connection, about)?)?;
    let coverage: Coverage = serde_json::from_slice(&text(connection, coverage)?)?;
    let sql = format!("{VERDICTS} WHERE v.start <= {time} AND (v.stop IS NULL OR v.stop > {time})");
    let mut evaluations: Vec<Evaluation> = intervals(connection, &sql, &[], |place, resource, id, account| {
        coverage.holds(place, resource) || (id.is_empty() && about.accounts.iter().any(|other| other == account))
    })?
    .into_iter()
    .map(|interval| interval.evaluation)
    .filter(|evaluation| rules.contains(evaluation.rule.as_ref()))
    .collect();
    evaluations.sort_by(|a, b| (&a.resource, &a.rule, &a.key).cmp(&(&b.resource, &b.rule, &b.key)));
    let mut rule_errors: Vec<RuleError> = sets.into_iter().flat_map(|set| set.errors).collect();
    rule_errors.sort();
    rule_errors.dedup();
    Ok(Outcome { evaluations, rule_errors })
}

const VERDICTS: &str = "SELECT w.text, a.text, g.text, t.text, r.resource_id, r.name, r.arn, v.key, v.compliance,
        v.severity, n.text, x.text, v.start, v.stop, r.place, r.id, m.text
    FROM verdict v JOIN resource r ON r.id = v.resource JOIN place p ON p.id = r.place
        JOIN word a ON a.id = p.account JOIN word g ON g.id = p.region JOIN word t ON t.id = p.type
        JOIN word w ON w.id = v.rule LEFT JOIN word n ON n.id = v.annotation LEFT JOIN word x ON x.id = v.gap
        LEFT JOIN word m ON m.id = v.exemption";

fn intervals(
    connection: &Connection,
    sql: &str,
    parameters: &[&str],
    wanted: impl Fn(i64, i64, &str, &str) -> bool,
) -> Attempt<Vec<Interval>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
    let mut intervals = Vec::new();
    while let Some(row) = rows.next()? {
        let word_at = |at| row.get_ref(at)?.as_str().map_err(rusqlite::Error::from);
        if !wanted(row.get(14)?, row.get(15)?, word_at(4)?, word_at(1)?) {
            continue;
        }
        let maybe = |at| -> rusqlite::Result<Option<Arc<str>>> { Ok(row.get::<_, Option<String>>(at)?.map(Arc::from)) };
        let gap: Option<Gap> = maybe(11)?.map(|gap| serde_json::from_str(&gap)).transpose()?;
        let exemption: Option<ExemptionMark> = maybe(16)?.map(|mark| serde_json::from_str(&mark)).transpose()?;
        let evaluation = Evaluation {
            rule: Arc::from(word_at(0)?),
            resource: ResourceKey::new(word_at(1)?, word_at(2)?, word_at(3)?, word_at(4)?),
            key: Box::from(word_at(7)?),
            compliance_type: word(&COMPLIANCE, row.get(8)?)?,
            severity: word(&SEVERITIES, row.get(9)?)?,
            resource_name: maybe(5)?,
            arn: maybe(6)?,
            annotation: maybe(10)?.unwrap_or_default(),
            evidence: Arc::default(),
            gap: gap.map(Box::new),
            exemption: exemption.map(Arc::new),
        };
        let to: Option<i64> = row.get(13)?;
        intervals.push(Interval { evaluation, from: timestamp(row.get(12)?), to: to.map(timestamp) });
    }
    Ok(intervals)
}
