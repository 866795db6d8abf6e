//! What a script answers.

use rhai::ImmutableString;

use super::Surface;
use crate::evaluation::{ComplianceType, Severity};
use crate::rule::run::{Outcome, fail};

/// One answer of a script. What it does not say takes no memory: most answers say nothing.
#[derive(Clone, Debug)]
pub(in crate::rule) struct Verdict {
    pub(in crate::rule) compliance_type: ComplianceType,
    annotation: Option<ImmutableString>,
    pub(in crate::rule) severity: Option<Severity>,
    key: Option<ImmutableString>,
}

impl Verdict {
    fn new(compliance_type: ComplianceType, annotation: Option<ImmutableString>) -> Self {
        Self { compliance_type, annotation, severity: None, key: None }
    }

    /// The sentence beside it, or nothing.
    pub(in crate::rule) fn annotation(&self) -> &str {
        self.annotation.as_deref().unwrap_or_default()
    }

    /// What tells it apart from the others on the resource, or nothing.
    pub(in crate::rule) fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }
}

pub(super) fn register(surface: &mut Surface) {
    surface
        .function("compliant", || Verdict::new(ComplianceType::Compliant, None))
        .function("non_compliant", |why: ImmutableString| Verdict::new(ComplianceType::NonCompliant, Some(why)))
        .function("not_applicable", |why: ImmutableString| Verdict::new(ComplianceType::NotApplicable, Some(why)))
        .function("insufficient_data", |why: ImmutableString| Verdict::new(ComplianceType::InsufficientData, Some(why)))
        .function("severity", |verdict: &mut Verdict, name: &str| -> Outcome<Verdict> {
            let severity = Severity::ALL.into_iter().find(|severity| severity.as_str() == name);
            let severity = severity.ok_or_else(|| {
                fail(format!("`{name}` is not a severity: critical, high, medium, low or informational"))
            })?;
            Ok(Verdict { severity: Some(severity), ..verdict.clone() })
        })
        .function("key", |verdict: &mut Verdict, key: ImmutableString| Verdict { key: Some(key), ..verdict.clone() });
}
