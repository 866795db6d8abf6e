//! What several formats say of an evaluation beside its own words: which one it is, and in which colour it is shown.

use sha2::{Digest, Sha256};

use crate::evaluation::{ComplianceType, Evaluation, Severity};

/// Which finding this is, whatever else is in the report: 32 hexadecimal digits. The length before each part keeps
/// `a` + `bc` and `ab` + `c` apart.
pub fn fingerprint(evaluation: &Evaluation) -> String {
    let key = &evaluation.resource;
    let mut hash = Sha256::new();
    let parts =
        [&*evaluation.rule, &*key.account_id, &*key.region, &*key.resource_type, &*key.resource_id, &evaluation.key];
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(16).fold(String::new(), |text, byte| text + format!("{byte:02x}").as_str())
}

/// The colours of Trusted Advisor
/// (<https://docs.aws.amazon.com/awssupport/latest/user/get-started-with-aws-trusted-advisor.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Light {
    /// Action is recommended.
    Red,
    /// A look is recommended.
    Yellow,
    /// Nothing is wrong.
    Green,
    /// Not counted: accepted, not applicable, or not judged.
    Grey,
}

impl Light {
    /// The colour of an answer.
    pub fn of(evaluation: &Evaluation) -> Self {
        match evaluation.compliance_type {
            _ if evaluation.is_exempted() => Self::Grey,
            ComplianceType::NonCompliant => Self::of_severity(evaluation.severity),
            ComplianceType::Compliant => Self::Green,
            ComplianceType::NotApplicable | ComplianceType::InsufficientData => Self::Grey,
        }
    }

    /// The colour of an open finding.
    pub fn of_severity(severity: Severity) -> Self {
        match severity {
            Severity::Critical | Severity::High => Self::Red,
            Severity::Medium | Severity::Low | Severity::Informational => Self::Yellow,
        }
    }

    /// The colour's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Yellow => "yellow",
            Self::Green => "green",
            Self::Grey => "grey",
        }
    }
}
