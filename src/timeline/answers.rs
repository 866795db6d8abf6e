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
    for change in changes.iter_mut().filter(|change| change.kind != ChangeKind::Deleted) {
        tell(change, intervals);
    }
    let seen: BTreeSet<Timestamp> = changes.iter().map(|change| change.time).collect();
    let times: BTreeSet<Timestamp> = intervals.iter().map(|interval| interval.from).collect();
    let mut judged = Vec::new();
    for time in times.difference(&seen) {
        let Some(last) = changes.iter().rfind(|change| change.time < *time) else { continue };
        let mut news = change(*time, ChangeKind::Judged, &last.item, Vec::new(), looks);
        tell(&mut news, intervals);
        if news.answers.iter().any(AnswerChange::is_news) {
            judged.push(news);
        }
    }
    changes.append(&mut judged);
    changes.sort_by_key(|change| change.time);
}

fn tell(change: &mut Change, intervals: &[Interval]) {
    let time = change.time;
    for interval in intervals.iter().filter(|interval| interval.from <= time && interval.to.is_none_or(|to| time < to))
    {
        let after = Answer { evaluation: interval.evaluation.clone(), since: since(interval, intervals) };
        if interval.from == time {
            let before = before(interval, intervals).map(|before| before.evaluation.compliance_type);
            let answer = AnswerChange { before, after: after.clone() };
            if before != Some(interval.evaluation.compliance_type) {
                change.answers.push(answer);
            }
        }
        change.compliance.push(after);
    }
}

/// What the same rule said of the same subject right before.
fn before<'i>(of: &Interval, intervals: &'i [Interval]) -> Option<&'i Interval> {
    intervals.iter().find(|other| {
        other.to == Some(of.from)
            && other.evaluation.rule == of.evaluation.rule
            && other.evaluation.key == of.evaluation.key
    })
}

/// Since when the answer is of its type: words may have changed in between.
fn since(of: &Interval, intervals: &[Interval]) -> Timestamp {
    let mut first = of;
    while let Some(earlier) = before(first, intervals) {
        if earlier.evaluation.compliance_type != of.evaluation.compliance_type || earlier.from >= first.from {
            break;
        }
        first = earlier;
    }
    first.from
}
