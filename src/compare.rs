//! AWS Config's answers beside ours: where both judge the same resource by the same rule, do they say the same?
//!
//! This stage asks nobody and judges nothing: both sides are given. What it decides is which answers belong together and
//! what is a disagreement:
//!
//! - Two verdicts that differ are one, and so is a verdict that only one side has, within the scope of AWS Config's rule.
//! - AWS Config keeps no answer for what a rule does not speak of: there `NOT_APPLICABLE` and no answer are the same.
//! - What assize could not judge is no disagreement. It is listed apart, with what could not be read.

use std::collections::BTreeMap;

use crate::evaluation::{ComplianceType, Evaluation, RuleError};
use crate::item::{ConfigurationItem, GLOBAL, ResourceKey};
use crate::source::config_results::{ConfigResult, ConfigRule};
use crate::value::Value;

/// All rules of AWS Config's beside ours.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// When the facts that we judged were read: RFC 3339, UTC.
    pub captured_at: String,
    /// The rules that both sides have, in the order of account, region and name.
    pub rules: Vec<RuleComparison>,
    /// The other ones.
    pub not_compared: Vec<NotCompared>,
    /// Rules of ours that failed by themselves.
    pub rule_errors: Vec<RuleError>,
}

/// A rule of AWS Config's that could not be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct NotCompared {
    /// The rule.
    pub config_rule: ConfigRule,
    /// Why, in words.
    pub reason: String,
    /// Whether it would have been compared, if everything could have been read.
    pub is_gap: bool,
}

impl Comparison {
    /// On how many resources and rules the two sides agree.
    pub fn agreements(&self) -> usize {
        self.rules.iter().map(RuleComparison::agreements).sum()
    }

    /// On how many they do not.
    pub fn disagreements(&self) -> usize {
        self.rules.iter().map(|rule| rule.disagreements.len()).sum()
    }

    /// How many of AWS Config's answers we could not judge.
    pub fn unjudged(&self) -> usize {
        self.rules.iter().map(|rule| rule.unjudged.len()).sum()
    }

    /// Whether everything that both sides have rules for was read and judged.
    pub fn is_complete(&self) -> bool {
        self.unjudged() == 0 && self.rule_errors.is_empty() && self.not_compared.iter().all(|rule| !rule.is_gap)
    }
}

/// One rule of AWS Config's beside ours.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleComparison {
    /// AWS Config's rule.
    pub config_rule: ConfigRule,
    /// The id of our rule.
    pub rule: String,
    /// Parameters that the two do not have in common, by name.
    pub parameters: Vec<ParameterDifference>,
    /// How many resources both judged alike, by what both said.
    pub agreed: BTreeMap<ComplianceType, usize>,
    /// Where the two differ, by type and id.
    pub disagreements: Vec<Difference>,
    /// Where AWS Config has a verdict and we could not judge, by type and id.
    pub unjudged: Vec<Difference>,
}

/// A parameter with which the two rules were not run alike.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterDifference {
    /// The parameter.
    pub name: String,
    /// AWS Config's value; `None` where it has none.
    pub theirs: Option<String>,
    /// Our value; `null` where it is not set.
    pub ours: Value,
}

/// One resource, on which the two do not say the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// `AWS::EC2::Volume`.
    pub resource_type: String,
    /// The resource's id.
    pub resource_id: String,
    /// AWS Config's answer, if it has one.
    pub theirs: Option<ConfigResult>,
    /// Our evaluations that make up our answer: of several findings on one resource those of the worst kind. Empty where
    /// the resource was not judged at all.
    pub ours: Vec<Evaluation>,
}

impl Difference {
    /// Our answer, if we have one.
    pub fn our_compliance(&self) -> Option<ComplianceType> {
        self.ours.first().map(|evaluation| evaluation.compliance_type)
    }
}

/// Both sides of one rule.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// AWS Config's rule.
    pub config_rule: &'a ConfigRule,
    /// What it answered.
    pub theirs: &'a [ConfigResult],
    /// The id of our rule.
    pub rule: &'a str,
    /// Our evaluations. Those of other rules, accounts and regions do not count.
    pub ours: &'a [Evaluation],
}

/// Compares the two sides of one rule. `item` gives the item of a resource, by whose tags the scope of AWS Config's rule
/// is known.
pub fn compare<'i>(
    sides: &Sides<'_>,
    parameters: Vec<ParameterDifference>,
    item: impl Fn(&ResourceKey) -> Option<&'i ConfigurationItem>,
) -> RuleComparison {
    let mut comparison = RuleComparison {
        config_rule: sides.config_rule.clone(),
        rule: sides.rule.to_owned(),
        parameters,
        agreed: BTreeMap::new(),
        disagreements: Vec::new(),
        unjudged: Vec::new(),
    };
    let mut ours = our_answers(sides);
    for theirs in sides.theirs {
        let key = (theirs.resource_type.as_str(), theirs.resource_id.as_str());
        // A listing that could not be read stands for every resource of the type.
        let answer = ours.remove(&key).or_else(|| ours.get(&(key.0, "")).cloned()).unwrap_or_default();
        let their_verdict = Some(theirs.compliance_type).filter(|theirs| *theirs != ComplianceType::InsufficientData);
        comparison.add(key, their_verdict, Some(theirs), &answer);
    }
    for ((resource_type, resource_id), answer) in ours {
        let in_scope = answer.first().is_some_and(|first| is_in_scope(sides.config_rule, &first.resource, &item));
        if in_scope && !resource_id.is_empty() {
            comparison.add((resource_type, resource_id), None, None, &answer);
        }
    }
    let by_resource =
        |a: &Difference, b: &Difference| (&a.resource_type, &a.resource_id).cmp(&(&b.resource_type, &b.resource_id));
    comparison.disagreements.sort_by(by_resource);
    comparison.unjudged.sort_by(by_resource);
    comparison
}

impl RuleComparison {
    /// How many resources both judged alike.
    pub fn agreements(&self) -> usize {
        self.agreed.values().sum()
    }

    fn add(
        &mut self,
        (resource_type, resource_id): (&str, &str),
        their_verdict: Option<ComplianceType>,
        theirs: Option<&ConfigResult>,
        answer: &[&Evaluation],
    ) {
        use ComplianceType::{InsufficientData, NotApplicable};
        let our_answer = answer.first().map(|evaluation| evaluation.compliance_type);
        let difference = || Difference {
            resource_type: resource_type.to_owned(),
            resource_id: resource_id.to_owned(),
            theirs: theirs.cloned(),
            ours: answer.iter().copied().cloned().collect(),
        };
        match (their_verdict, our_answer) {
            (None, None | Some(InsufficientData)) => {}
            (Some(_), Some(InsufficientData)) => self.unjudged.push(difference()),
            (None | Some(NotApplicable), None | Some(NotApplicable)) => {
                *self.agreed.entry(NotApplicable).or_default() += 1;
            }
            (Some(theirs), Some(ours)) if theirs == ours => *self.agreed.entry(ours).or_default() += 1,
            _ => self.disagreements.push(difference()),
        }
    }
}

/// Our answer for each resource in the account and region of AWS Config's rule: the worst of its evaluations.
fn our_answers<'a>(sides: &Sides<'a>) -> BTreeMap<(&'a str, &'a str), Vec<&'a Evaluation>> {
    let ConfigRule { account_id, region, .. } = sides.config_rule;
    let mut answers = BTreeMap::<(&str, &str), Vec<&Evaluation>>::new();
    for evaluation in sides.ours {
        let key = &evaluation.resource;
        let is_here = *key.region == **region || *key.region == *GLOBAL;
        if *evaluation.rule != *sides.rule || *key.account_id != **account_id || !is_here {
            continue;
        }
        let answer = answers.entry((&key.resource_type, &key.resource_id)).or_default();
        let worst = answer.first().map(|first| badness(first.compliance_type));
        let this = badness(evaluation.compliance_type);
        if worst.is_none_or(|worst| this > worst) {
            answer.clear();
        }
        if worst.is_none_or(|worst| this >= worst) {
            answer.push(evaluation);
        }
    }
    answers
}

/// Of several findings on one resource the worst is the answer, as AWS Config sums them up.
fn badness(compliance_type: ComplianceType) -> u8 {
    match compliance_type {
        ComplianceType::NotApplicable => 0,
        ComplianceType::Compliant => 1,
        ComplianceType::InsufficientData => 2,
        ComplianceType::NonCompliant => 3,
    }
}

/// Whether AWS Config's rule looks at the resource. Where that cannot be told, since the tags are not known, it is not
/// held against AWS Config that it says nothing.
fn is_in_scope<'i>(
    rule: &ConfigRule,
    resource: &ResourceKey,
    item: &impl Fn(&ResourceKey) -> Option<&'i ConfigurationItem>,
) -> bool {
    let scope = &rule.scope;
    let of_type = scope.resource_types.is_empty() || scope.resource_types.contains(resource.resource_type.as_ref());
    let of_id = scope.resource_id.as_ref().is_none_or(|id| **id == *resource.resource_id);
    let tagged = scope.tag.as_ref().is_none_or(|(key, value)| {
        let found = item(resource).and_then(|item| item.tags.get(key)).and_then(Value::as_str);
        found.is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
    });
    of_type && of_id && tagged
}

#[cfg(test)]
mod tests;
