//! Answers that need not be asked for again: what a rule said of facts that are as they were.
//!
//! An answer of an earlier snapshot holds if the rule is the same (texts, parameters, severity), the item is, and so is
//! every item and every listing, in the item's account, of the types that the rule's script looks up. A rule that asks for
//! the time is judged always, and so is a periodic one when its period has begun anew. Of what holds, only answers that
//! ask for nothing are taken: what is not compliant or could not be judged is judged again, for the evidence that is shown
//! with it. Exemptions are of today in any case.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering as Atomic};

use super::Outcome;
use crate::evaluation::{ComplianceType, Evaluation};
use crate::gap::Gap;
use crate::item::{ConfigurationItem, ResourceKey};
use crate::rule::set::Chosen;
use crate::rule::{RuleSet, Trigger};
use crate::snapshot::{About, Place, Snapshot};

/// An earlier snapshot, and what was found in it.
#[derive(Clone, Debug)]
pub struct Before {
    /// What was read.
    pub snapshot: Snapshot,
    /// The rules it was judged by.
    pub rules: RuleSet,
    /// Those of them that judged every item of their types, with the natives of this assize.
    pub whole: BTreeSet<String>,
    /// What they said.
    pub outcome: Outcome,
}

/// An account and a type of resources in it.
type Kind = (Arc<str>, Arc<str>);

/// What of an earlier outcome may be taken.
pub(super) struct Reuse<'b> {
    before: &'b Before,
    unchanged: HashSet<ResourceKey>,
    changed: BTreeSet<Kind>,
    /// The rules whose answers may hold, with the types that they look up.
    rules: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    taken: AtomicUsize,
}

impl<'b> Reuse<'b> {
    /// `period` is how often periodic rules are judged whatever changed, in hours.
    pub(super) fn new(before: &'b Before, rules: &RuleSet, snapshot: &Snapshot, period: u32) -> Self {
        let mut reuse = Self {
            before,
            unchanged: HashSet::new(),
            changed: BTreeSet::new(),
            rules: BTreeMap::new(),
            taken: AtomicUsize::new(0),
        };
        if !is_same_look(before.snapshot.about(), snapshot.about()) {
            return reuse;
        }
        let is_due = is_due(&before.snapshot.about().captured_at, &snapshot.about().captured_at, period);
        reuse.compare_items(snapshot);
        reuse.compare_listings(snapshot.about());
        for chosen in rules.iter() {
            let is_periodic = chosen.rule.trigger != Trigger::ConfigurationChange;
            if !(is_periodic && is_due) && reuse.is_same_rule(chosen) && !chosen.rule.asks_for_the_time() {
                reuse.rules.insert(Arc::clone(chosen.id()), chosen.rule.looked_up());
            }
        }
        reuse
    }

    /// What the rule said of the item, if it would say the same again.
    pub(super) fn answers(&self, chosen: &Chosen, item: &ConfigurationItem) -> Option<Vec<Evaluation>> {
        let looked_up = self.rules.get(chosen.id())?;
        let is_changed = |kind: &Arc<str>| self.changed.contains(&(Arc::clone(&item.key.account_id), Arc::clone(kind)));
        if !self.unchanged.contains(&item.key) || looked_up.iter().any(is_changed) {
            return None;
        }
        let all = &self.before.outcome.evaluations;
        let subject = |one: &Evaluation| (&one.resource, &*one.rule).cmp(&(&item.key, &**chosen.id()));
        let first = all.partition_point(|one| subject(one) == Ordering::Less);
        let answers: Vec<&Evaluation> =
            all.get(first..)?.iter().take_while(|one| subject(one) == Ordering::Equal).collect();
        let asks_for_nothing = |one: &&Evaluation| {
            matches!(one.compliance_type, ComplianceType::Compliant | ComplianceType::NotApplicable)
        };
        if answers.is_empty() || !answers.iter().all(asks_for_nothing) {
            return None;
        }
        self.taken.fetch_add(answers.len(), Atomic::Relaxed);
        let again = |one: &Evaluation| Evaluation {
            rule: Arc::clone(chosen.id()),
            resource: item.key.clone(),
            resource_name: item.resource_name.clone(),
            arn: item.arn.clone(),
            exemption: None,
            ..one.clone()
        };
        Some(answers.into_iter().map(again).collect())
    }

    /// How many answers were taken.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Atomic::Relaxed)
    }

    fn is_same_rule(&self, chosen: &Chosen) -> bool {
        let Before { rules, whole, outcome, .. } = self.before;
        let is_same = |old: &Chosen| {
            old.id() == chosen.id()
                && old.parameters == chosen.parameters
                && old.scope == chosen.scope
                && old.severity == chosen.severity
                && old.rule.digest() == chosen.rule.digest()
        };
        whole.contains(&**chosen.id())
            && rules.iter().any(is_same)
            && !outcome.rule_errors.iter().any(|error| *error.rule == **chosen.id())
    }

    fn compare_items(&mut self, snapshot: &Snapshot) {
        let (mut old, mut new) = (self.before.snapshot.items().iter().peekable(), snapshot.items().iter().peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => return,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) => old.key.cmp(&new.key),
            };
            let pair = (old.next_if(|_| order.is_le()), new.next_if(|_| order.is_ge()));
            match pair {
                (Some(old), Some(new)) if is_same_item(old, new) => _ = self.unchanged.insert(new.key.clone()),
                (old, new) => {
                    for item in old.into_iter().chain(new) {
                        let kind = (Arc::clone(&item.key.account_id), Arc::clone(&item.key.resource_type));
                        self.changed.insert(kind);
                    }
                }
            }
        }
    }

    fn compare_listings(&mut self, about: &About) {
        let kind = |place: &Place| (Arc::clone(&place.account_id), Arc::clone(&place.resource_type));
        let old = self.before.snapshot.about();
        let listings = |about: &About| about.listings.iter().cloned().collect::<BTreeSet<Place>>();
        self.changed.extend(listings(old).symmetric_difference(&listings(about)).map(kind));
        let gaps = |about: &About| about.gaps.iter().cloned().collect::<BTreeSet<Gap>>();
        for gap in gaps(old).symmetric_difference(&gaps(about)) {
            self.changed.insert((gap.account_id.as_str().into(), gap.resource_type.as_str().into()));
        }
    }
}

/// Whether two snapshots were asked for the same, of the same.
fn is_same_look(old: &About, new: &About) -> bool {
    old.source == new.source
        && old.accounts == new.accounts
        && old.regions == new.regions
        && old.account_regions == new.account_regions
        && old.skipped_regions == new.skipped_regions
        && old.not_collected == new.not_collected
        && old.linked_from == new.linked_from
}

/// Whether another period has begun between two times. A time that cannot be read is in none.
fn is_due(old: &str, new: &str, hours: u32) -> bool {
    let period = |time: &str| {
        let time = time.parse::<jiff::Timestamp>().ok()?;
        time.as_second().checked_div_euclid(i64::from(hours) * 3_600)
    };
    match (period(old), period(new)) {
        (Some(old), Some(new)) => old != new,
        _ => true,
    }
}

/// Whether all is the same that a script can read of two items. The order of lists counts, as it decides in which order
/// a rule finds.
fn is_same_item(old: &ConfigurationItem, new: &ConfigurationItem) -> bool {
    old.resource_name == new.resource_name
        && old.arn == new.arn
        && old.availability_zone == new.availability_zone
        && old.creation_time == new.creation_time
        && old.status.is_present() == new.status.is_present()
        && old.tags == new.tags
        && old.relationships == new.relationships
        && old.unreadable_relationships == new.unreadable_relationships
        && old.configuration == new.configuration
        && old.supplementary_configuration == new.supplementary_configuration
        && old.gaps == new.gaps
}
