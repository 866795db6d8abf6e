//! The outcome of one rule on one resource. Data only.

use std::sync::Arc;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::gap::Gap;
use crate::item::ResourceKey;

/// AWS Config's four answers
/// (<https://docs.aws.amazon.com/config/latest/APIReference/API_Evaluation.html>).
///
/// AWS gives `INSUFFICIENT_DATA` only for the sum over evaluations; assize gives it for the single evaluation too, when
/// a fact that the rule read could not be read from AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ComplianceType {
    /// The resource is as the rule asks.
    Compliant,
    /// The resource is not as the rule asks.
    NonCompliant,
    /// The rule does not speak of this resource.
    NotApplicable,
    /// A fact that decides could not be read.
    InsufficientData,
}

impl ComplianceType {
    /// As AWS spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compliant => "COMPLIANT",
            Self::NonCompliant => "NON_COMPLIANT",
            Self::NotApplicable => "NOT_APPLICABLE",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Informational,
    /// Mend when you pass by.
    Low,
    /// Mend in time.
    Medium,
    /// Mend soon.
    High,
    /// Mend now.
    Critical,
}

impl Severity {
    /// From the worst down.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Informational];

    /// As it is written in rules and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// One rule on one resource.
///
/// A run has millions of them, so they share what they can: the resource's key, name and ARN with its item, sentences and
/// what was read with each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The rule's id.
    pub rule: Arc<str>,
    /// The resource. When a listing failed, the id is empty: it is not known which resources there are.
    pub resource: ResourceKey,
    /// Tells several findings of one rule on one resource apart (`tcp 22 from 0.0.0.0/0`). Empty for the usual one.
    pub key: Box<str>,
    /// The answer.
    pub compliance_type: ComplianceType,
    /// The rule's severity, unless the rule gave this finding its own.
    pub severity: Severity,
    /// The resource's name.
    pub resource_name: Option<Arc<str>>,
    /// The resource's ARN.
    pub arn: Option<Arc<str>>,
    /// Why, in one sentence: lower case, no full stop. Empty when compliant.
    pub annotation: Arc<str>,
    /// What the rule read, in the order in which it read it, each path once.
    pub evidence: Arc<[Evidence]>,
    /// With `INSUFFICIENT_DATA`: the fact that could not be read.
    pub gap: Option<Box<Gap>>,
    /// The exemption that speaks of it: in force, or else said beside a finding that stays open.
    pub exemption: Option<Arc<ExemptionMark>>,
}

impl Evaluation {
    /// One for tests: in one account and region, and nothing but what decides.
    #[cfg(test)]
    pub(crate) fn sample(rule: &str, resource_type: &str, id: &str, compliance_type: ComplianceType) -> Self {
        Self {
            rule: rule.into(),
            resource: ResourceKey::new("111122223333", "eu-west-1", resource_type, id),
            key: Box::default(),
            compliance_type,
            severity: Severity::High,
            resource_name: None,
            arn: None,
            annotation: Arc::default(),
            evidence: Arc::default(),
            gap: None,
            exemption: None,
        }
    }

    /// Whether somebody has accepted the answer. It stays what it is, and is nothing to be mended.
    pub fn is_exempted(&self) -> bool {
        self.exemption.as_ref().is_some_and(|exemption| exemption.state == ExemptionState::InForce)
    }

    /// Whether it is an open finding: non-compliant, and nobody has accepted that.
    pub fn is_finding(&self) -> bool {
        self.compliance_type == ComplianceType::NonCompliant && !self.is_exempted()
    }
}

/// What an exemption says of the evaluations it speaks of. They share it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExemptionMark {
    /// The exemption's id: a digest of what it covers.
    pub id: String,
    /// Whether it holds.
    pub state: ExemptionState,
    /// Why the deviation is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Where it was decided.
    pub ticket: Option<String>,
    /// The last day on which it holds, as `2027-01-31`; without one it holds until it is taken away.
    pub expires: Option<String>,
}

/// Whether an exemption holds for an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExemptionState {
    /// It holds: the evaluation is no open finding.
    InForce,
    /// Its last day has passed: the finding is open again.
    Expired,
    /// It cannot be told whether it covers the resource, as the tags or the time could not be read: the finding stays
    /// open.
    Undecided,
}

impl ExemptionState {
    /// As it is written in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in-force",
            Self::Expired => "expired",
            Self::Undecided => "undecided",
        }
    }
}

/// One fact that a rule read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// `AWS::EC2::Instance i-0123…` when the fact is of another resource than the evaluated one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Arc<str>>,
    /// A JSON pointer into the item: `/configuration/encrypted`. Shared between the evaluations of many items.
    pub path: Arc<str>,
    /// The value as JSON, cut at 256 characters; absent for lists and objects, whose members are listed as they are
    /// read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<CompactString>,
}

/// A rule that failed by itself: a defect of the rule, never an answer about a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleError {
    /// The rule's id, or the file's name if the rule could not be loaded.
    pub rule: String,
    /// The resource it was judging. Absent when the rule could not be loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// What went wrong, with the script's line and column where they are known.
    pub message: String,
}
