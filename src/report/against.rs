//! How the findings of a report stand to those of an earlier one, where no store remembers: by a saved JSON report.

use std::collections::BTreeMap;

use super::Report;
use super::sarif::{Identity, identity};
use crate::drift::{Drift, Fixed, Standing};
use crate::evaluation::{ComplianceType, Evaluation};

impl Report {
    /// The same, with how its findings stand to those of an earlier report.
    ///
    /// A finding that was there is open since then, or since when that report says. Fixed is what was found and is now
    /// judged otherwise; of what was not judged again, or is gone, a report alone cannot tell.
    #[must_use]
    pub fn against(mut self, earlier: &Report) -> Self {
        let found = |evaluation: &&Evaluation| evaluation.compliance_type == ComplianceType::NonCompliant;
        let since = |evaluation: &Evaluation| {
            let standing = earlier.drift.as_ref().and_then(|drift| drift.standing(evaluation));
            standing.and_then(|standing| standing.open_since.clone()).unwrap_or(earlier.snapshot.captured_at.clone())
        };
        let before: BTreeMap<Identity<'_>, &Evaluation> =
            earlier.evaluations.iter().filter(found).map(|one| (identity(one), one)).collect();
        let standings = self.evaluations.iter().filter(found).map(|one| {
            let standing = Standing {
                rule: one.rule.clone(),
                key: one.key.clone(),
                open_since: before.get(&identity(one)).map(|before| since(before)),
                version: None,
            };
            (one.resource.clone(), standing)
        });
        // A rule that found nothing says so without a key.
        let judged = self
            .evaluations
            .iter()
            .filter(|one| matches!(one.compliance_type, ComplianceType::Compliant | ComplianceType::NotApplicable));
        let judged: std::collections::BTreeSet<_> = judged.map(|one| (&one.resource, &*one.rule)).collect();
        let fixed = before.values().filter(|one| one.is_finding() && judged.contains(&(&one.resource, &*one.rule)));
        let fixed = fixed.map(|one| {
            let finding = Evaluation { evidence: std::sync::Arc::default(), ..(*one).clone() };
            Fixed { open_since: since(one), finding, is_gone: false }
        });
        let drift =
            Drift::new(Some(earlier.snapshot.captured_at.clone()), standings.collect::<Vec<_>>(), fixed.collect());
        self.drift = Some(drift);
        self
    }
}
