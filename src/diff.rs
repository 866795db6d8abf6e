//! What is different between two states of the same accounts, and why.
//!
//! A state is a snapshot, what rules said of it, or both. What came of comparing two is plain values that borrow from
//! them; nothing here reads a file, judges, or writes. Four kinds of change are kept apart, since each has another
//! reader:
//!
//! - **a resource** was created, changed or deleted ([`ResourceChange`]);
//! - **a fact** became unreadable, or readable again ([`ReadabilityChange`]): what assize may see has changed, and of the
//!   resource nothing is known;
//! - **a rule** came, went, or says something else ([`RuleChange`]);
//! - **an answer** of a rule is another one ([`EvaluationChange`]), with the [`Cause`]s from among the first three, or
//!   that time has passed.
//!
//! **A lost permission deletes nothing.** A resource that is missing from the newer snapshot was deleted only if the
//! listing of its place is complete there, and one that is missing from the older one was created only if it was
//! complete there. Otherwise nothing is known of it, and [`Diff::not_compared`] counts it. Of an item that is in both,
//! facts that either side could not read are no changes.
//!
//! What means the same is no change: [`canonical`](crate::canonical) says what does. An item without changes has the same
//! digest as before, apart from facts that were unreadable on one side.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::evaluation::{Evaluation, Severity};
use crate::gap::Gap;
use crate::item::{ConfigurationItem, ResourceKey, UnreadableRelationship};
use crate::rule::set::Chosen;
use crate::snapshot::{Place, Snapshot};
use crate::value::Value;

mod drift;
mod elements;
mod properties;
mod resources;

/// One of the two states that are compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct State<'a> {
    /// The time that stands for it: RFC 3339, UTC.
    pub captured_at: &'a str,
    /// The items, if they are known.
    pub snapshot: Option<&'a Snapshot>,
    /// What rules said of them, if they were judged.
    pub judged: Option<Judged<'a>>,
}

/// What rules said.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// The evaluations, in any order.
    pub evaluations: &'a [Evaluation],
    /// The rules that were run.
    pub rules: &'a [RuleVersion],
}

/// A rule as it was run: what has to be known of it to tell whether it has changed.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleVersion {
    /// The rule's id.
    pub id: String,
    /// [`Rule::digest`](crate::rule::Rule::digest), where it was recorded.
    pub digest: Option<String>,
    /// The severity of its findings.
    pub severity: Severity,
    /// The values of all its parameters.
    pub parameters: BTreeMap<String, Value>,
}

impl RuleVersion {
    /// A rule with the parameters it is run with.
    pub fn new(chosen: &Chosen) -> Self {
        Self {
            id: chosen.id().to_string(),
            digest: Some(chosen.rule.digest()),
            severity: chosen.rule.severity,
            parameters: chosen.parameters.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect(),
        }
    }
}

/// AWS Config's three kinds of change
/// (<https://docs.aws.amazon.com/config/latest/developerguide/example-sns-notification.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeType {
    /// It is there and was not.
    Create,
    /// It was there and is, and is not the same.
    Update,
    /// It was there and is not.
    Delete,
}

impl ChangeType {
    /// As AWS spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// All that is different.
#[derive(Clone, Debug, Default)]
pub struct Diff<'a> {
    /// The time of the older state.
    pub from: &'a str,
    /// The time of the newer one.
    pub to: &'a str,
    /// Resources that were created, changed or deleted, by key. Empty unless both states have a snapshot.
    pub resources: Vec<ResourceChange<'a>>,
    /// The number of resources that are in both snapshots and did not change.
    pub unchanged_resources: usize,
    /// What became unreadable or readable again, by place, item and path.
    pub readability: Vec<ReadabilityChange>,
    /// Listings that are complete on one side only, and what could therefore not be compared.
    pub not_compared: Vec<NotCompared>,
    /// Rules that came, went or changed, by id. Empty unless both states were judged.
    pub rules: Vec<RuleChange>,
    /// Answers of rules that came, went or changed, by resource, rule and key. Empty unless both states were judged.
    pub evaluations: Vec<EvaluationChange<'a>>,
    /// The findings of the newer state that were there before in the same words.
    pub still_open: Vec<&'a Evaluation>,
    /// Rules whose answer on a resource as a whole is another one, by resource and rule.
    pub compliance: Vec<ComplianceChange<'a>>,
}

/// A resource that was created, changed or deleted.
#[derive(Clone, Debug)]
pub struct ResourceChange<'a> {
    /// Which of the three.
    pub change: ChangeType,
    /// As it was, unless it was created.
    pub before: Option<&'a Arc<ConfigurationItem>>,
    /// As it is, unless it was deleted. AWS Config keeps an item for a resource that is gone.
    pub after: Option<&'a Arc<ConfigurationItem>>,
    /// Which of its facts changed, by path. Empty for a resource that was created or deleted.
    pub properties: Vec<PropertyChange>,
}

impl<'a> ResourceChange<'a> {
    /// The item as it is, or was last.
    pub fn item(&self) -> Option<&'a Arc<ConfigurationItem>> {
        self.after.or(self.before)
    }
}

/// One fact of an item that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertyChange {
    /// A JSON pointer from the item's root: into the newer item, or for what is gone into the older one. It leads on
    /// into policies and other texts that hold JSON.
    pub path: String,
    /// The same in AWS Config's words: `Configuration.Attachments.0`. Elements of a list are counted as they stood in
    /// the older item; new ones follow behind.
    pub config_path: String,
    /// What happened.
    pub change: ChangeType,
    /// What was there, unless it is new.
    pub before: Option<Value>,
    /// What is there, unless it is gone.
    pub after: Option<Value>,
}

/// Something that could be read on one side only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadabilityChange {
    /// Where, and why it cannot or could not be read.
    pub gap: Gap,
    /// Whether it can be read now.
    pub is_readable: bool,
    /// Of a listing: how many of its resources are known from the other side only.
    pub resources: usize,
}

/// A listing that is complete on one side only: what is known there of resources that the other side does not know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotCompared {
    /// Which listing.
    pub place: Place,
    /// Why it is not complete on the other side.
    pub reason: Arc<crate::value::Unreadable>,
    /// Whether the resources are those of the newer state.
    pub is_newer: bool,
    /// How many resources that concerns.
    pub resources: usize,
}

/// A rule that came, went, or says something else.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleChange {
    /// The rule's id.
    pub rule: String,
    /// Created: it was not run before. Deleted: it was not run again.
    pub change: ChangeType,
    /// Whether its texts changed: what it says of itself, or its script.
    pub text: bool,
    /// The parameters whose values changed: name, value before, value after.
    pub parameters: Vec<(String, Option<Value>, Option<Value>)>,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Drift {
    /// A finding that was none before.
    New,
    /// A finding of before that is one still, in other words or for other facts.
    Updated,
    /// It could be judged and cannot any more. A finding of before may be one still.
    NotJudged,
    /// A finding of before: the rule now says that the resource is as it should be, or that it does not speak of it.
    Fixed,
    /// A finding of before: the resource is gone, or the rule was not run.
    Gone,
    /// A finding of before that is still there, and that somebody has accepted.
    Exempted,
    /// It could not be judged and now is no finding.
    JudgedAgain,
    /// No finding before and after.
    Other,
}

impl Drift {
    /// All of them, in the order of the reports.
    pub const ALL: [Self; 8] = [
        Self::New,
        Self::Updated,
        Self::NotJudged,
        Self::Fixed,
        Self::Gone,
        Self::Exempted,
        Self::JudgedAgain,
        Self::Other,
    ];

    /// As it is written in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Updated => "updated",
            Self::NotJudged => "notJudged",
            Self::Fixed => "fixed",
            Self::Gone => "gone",
            Self::Exempted => "exempted",
            Self::JudgedAgain => "judgedAgain",
            Self::Other => "other",
        }
    }
}

/// One rule on one resource that gives another answer.
#[derive(Clone, Debug)]
pub struct EvaluationChange<'a> {
    /// What became of it.
    pub drift: Drift,
    /// The answer before, if there was one.
    pub before: Option<&'a Evaluation>,
    /// The answer now, if there is one.
    pub after: Option<&'a Evaluation>,
    /// Why, as far as it shows: each cause that holds.
    pub causes: Vec<Cause>,
}

impl<'a> EvaluationChange<'a> {
    /// The answer now, or the last one.
    pub fn evaluation(&self) -> Option<&'a Evaluation> {
        self.after.or(self.before)
    }
}

/// Why an answer changed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// The resource, or another one that the rule looked at, was created, changed or deleted.
    Resource {
        /// `AWS::EC2::Instance i-0123…` where it is not the evaluated one.
        resource: Option<Arc<str>>,
        /// What happened to it.
        change: ChangeType,
        /// The JSON pointers that the rule read and that changed, sorted.
        paths: Vec<String>,
    },
    /// A fact that decides became unreadable, or readable again.
    Readability {
        /// Which one, and why it cannot or could not be read.
        gap: Box<Gap>,
        /// Whether it can be read now.
        is_readable: bool,
    },
    /// The rule's texts or parameters changed, or it was not run on one side.
    Rule {
        /// Created: it was not run before. Deleted: it was not run again.
        change: ChangeType,
        /// Whether its texts changed.
        text: bool,
        /// The names of the parameters that changed.
        parameters: Vec<String>,
    },
    /// The deviation was accepted, or is not any more.
    Exemption {
        /// The exemption's id.
        id: String,
        /// Whether it holds now.
        is_in_force: bool,
        /// Why the deviation is, or was, accepted.
        reason: String,
    },
    /// Nothing that the rule read changed, and it is later: a key got older.
    Time,
    /// Neither: another version of assize, or facts that left no trace.
    Unknown,
}

/// A rule whose answer on a resource as a whole is another one. The worst of its answers counts.
#[derive(Clone, Debug)]
pub struct ComplianceChange<'a> {
    /// The answer before; absent if the resource or the rule was not there.
    pub before: Option<&'a Evaluation>,
    /// The answer now; absent if the resource or the rule is not there.
    pub after: Option<&'a Evaluation>,
}

/// Compares two states. The result does not depend on the order in which either holds its parts.
pub fn compare<'a>(from: State<'a>, to: State<'a>) -> Diff<'a> {
    let mut diff = Diff { from: from.captured_at, to: to.captured_at, ..Diff::default() };
    if let (Some(before), Some(after)) = (from.snapshot, to.snapshot) {
        resources::compare(before, after, &mut diff);
    }
    if let (Some(before), Some(after)) = (from.judged, to.judged) {
        drift::compare(before, after, &mut diff);
    }
    diff
}

/// Which facts of an item changed from one version of its resource to the next, by path. Facts, and links to a type, that
/// either version does not know are left out.
pub fn versions(before: &ConfigurationItem, after: &ConfigurationItem) -> Vec<PropertyChange> {
    let is_known = |item: &ConfigurationItem, kind: &str| {
        let unread = |links: &UnreadableRelationship| {
            *links.resource_type == *kind || *links.resource_type == *UnreadableRelationship::ANY
        };
        !item.unreadable_relationships.iter().any(unread)
    };
    properties::changes(before, after, |kind| is_known(before, kind) && is_known(after, kind))
}

impl Diff<'_> {
    /// Whether nothing is different.
    pub fn is_empty(&self) -> bool {
        let Self { resources, readability, not_compared, rules, evaluations, .. } = self;
        resources.is_empty()
            && readability.is_empty()
            && not_compared.is_empty()
            && rules.is_empty()
            && evaluations.is_empty()
    }

    /// How many answers drifted this way.
    pub fn count(&self, drift: Drift) -> usize {
        self.evaluations.iter().filter(|change| change.drift == drift).count()
    }

    /// How many resources changed this way.
    pub fn count_resources(&self, change: ChangeType) -> usize {
        self.resources.iter().filter(|resource| resource.change == change).count()
    }
}

/// What tells one answer from another.
fn identity(evaluation: &Evaluation) -> (&ResourceKey, &str, &str) {
    (&evaluation.resource, &evaluation.rule, &evaluation.key)
}

#[cfg(test)]
mod tests;
