//! What a script answers.

use rhai::ImmutableString;

use super::Surface;
use crate::evaluation::{ComplianceType, Severity};
use crate::rule::run::{Outcome, fail};

/// One answer of a script.
#[derive(Clone, Debug)]
pub(in crate::rule) struct Verdict {
    pub(in crate::rule) compliance_type: ComplianceType,
    pub(in crate::rule) annotation: ImmutableString,
    pub(in crate::rule) severity: Option<Severity>,
    pub(in crate::rule) key: ImmutableString,
}

impl Verdict {
    fn new(compliance_type: ComplianceType, annotation: ImmutableString) -> Self {
        Self { compliance_type, annotation, severity: None, key: ImmutableString::new() }
    }
}

pub(super) fn register(surface: &mut Surface) {
    surface
        .function("compliant", || Verdict::new(ComplianceType::Compliant, ImmutableString::new()))
        .function("non_compliant", |why: ImmutableString| Verdict::new(ComplianceType::NonCompliant, why))
        .function("not_applicable", |why: ImmutableString| Verdict::new(ComplianceType::NotApplicable, why))
        .function("insufficient_data", |why: ImmutableString| Verdict::new(ComplianceType::InsufficientData, why))
        .function("severity", |verdict: &mut Verdict, name: &str| -> Outcome<Verdict> {
            let severity = Severity::ALL.into_iter().find(|severity| severity.as_str() == name);
            let severity = severity.ok_or_else(|| {
                fail(format!("`{name}` is not a severity: critical, high, medium, low or informational"))
            })?;
            Ok(Verdict { severity: Some(severity), ..verdict.clone() })
        })
        .function("key", |verdict: &mut Verdict, key: ImmutableString| Verdict { key, ..verdict.clone() });
}
