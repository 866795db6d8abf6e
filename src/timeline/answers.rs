//! What rules said at each change, and when they said something else.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Change, ChangeKind, change};
use crate::evaluation::{ComplianceType, Evaluation};
use crate::history::{Interval, Looks};

/// What a rule says of a resource, and since when.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The evaluation, without evidence.
    pub evaluation: Evaluation,
    /// Since when it is of this compliance type, without a break.
    pub since: Timestamp,
}

/// A rule that says something else.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerChange {
    /// What it said before; nothing if it was not run on the resource.
    pub before: Option<ComplianceType>,
    /// What it says, in the form of an evaluation.
    pub after: Answer,
}

impl AnswerChange {
    /// Whether it is news: another answer than before, or a finding to begin with.
    fn is_news(&self) -> bool {
        match self.before {
            Some(before) => before != self.after.evaluation.compliance_type,
            None => self.after.evaluation.compliance_type == ComplianceType::NonCompliant,
        }
    }
}

/// Adds what rules said to each change, and a change of its own for each time at which only rules said something else.
pub(super) fn add(changes: &mut Vec<Change>, intervals: &[Interval], looks: &Looks) {
    let created = changes.iter().filter(|change| change.kind == ChangeKind::Created).map(|change| change.time);
    let told = Told { intervals, created: created.collect() };
    for change in changes.iter_mut().filter(|change| change.kind != ChangeKind::Deleted) {
        told.tell(change);
    }
    let seen: BTreeSet<Timestamp> = changes.iter().map(|change| change.time).collect();
    let times: BTreeSet<Timestamp> = intervals.iter().map(|interval| interval.from).collect();
    let mut judged = Vec::new();
    for time in times.difference(&seen) {
        let Some(last) = changes.iter().rfind(|change| change.time < *time) else { continue };
        let mut news = change(*time, ChangeKind::Judged, &last.item, Vec::new(), looks);
        told.tell(&mut news);
        if news.answers.iter().any(AnswerChange::is_news) {
            judged.push(news);
        }
    }
    changes.append(&mut judged);
    changes.sort_by_key(|change| change.time);
}

/// What rules said of one resource, and when it came to be.
struct Told<'i> {
    intervals: &'i [Interval],
    created: Vec<Timestamp>,
}

impl<'i> Told<'i> {
    fn tell(&self, change: &mut Change) {
        let time = change.time;
        let holds = |one: &&Interval| one.from <= time && one.to.is_none_or(|to| time < to);
        for interval in self.intervals.iter().filter(holds) {
            let after = Answer { evaluation: interval.evaluation.clone(), since: self.since(interval) };
            if interval.from == time {
                let before = self.before(interval).map(|before| before.evaluation.compliance_type);
                if before != Some(interval.evaluation.compliance_type) {
                    change.answers.push(AnswerChange { before, after: after.clone() });
                }
            }
            change.compliance.push(after);
        }
    }

    /// What the same rule said of the same subject before. A look that could not list the resource leaves a hole between the
    /// two, in which the rule says nothing of it; where it said something else then, or the resource was created anew, there
    /// is no answer before.
    fn before(&self, of: &Interval) -> Option<&'i Interval> {
        let of_rule = || self.intervals.iter().filter(|other| other.evaluation.rule == of.evaluation.rule);
        let of_subject = of_rule().filter(|other| other.evaluation.key == of.evaluation.key);
        let earlier = of_subject.filter_map(|other| Some((other.to.filter(|to| *to <= of.from)?, other)));
        let (end, last) = earlier.filter(|(_, other)| other.from < of.from).max_by_key(|(end, _)| *end)?;
        if end == of.from {
            return Some(last);
        }
        let spoke = of_rule().any(|other| other.from < of.from && other.to.is_none_or(|to| to > end));
        let is_anew = self.created.iter().any(|created| (end..=of.from).contains(created));
        (!spoke && !is_anew).then_some(last)
    }

    /// Since when the answer is of its type: words may have changed in between.
    fn since(&self, of: &Interval) -> Timestamp {
        let mut first = of;
        while let Some(earlier) = self.before(first) {
            if earlier.evaluation.compliance_type != of.evaluation.compliance_type {
                break;
            }
            first = earlier;
        }
        first.from
    }
}
