//! The conformance packs of a JSON report.

use serde::{Deserialize, Serialize};

use crate::evaluation::ComplianceType;
use crate::pack::standing::{End, RuleStanding, Standing};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::report) struct PackV1 {
    name: String,
    origin: String,
    #[serde(default)]
    digest: Option<String>,
    /// As AWS Config would say it. Only written.
    #[serde(skip_deserializing, default = "nothing")]
    compliance: ComplianceType,
    /// AWS Config's compliance score, in percent with two decimals; `null` if nothing was judged. Only written.
    #[serde(skip_deserializing)]
    score: Option<f64>,
    /// How many rules ended in which way. They add up to the rules of the pack. Only written.
    #[serde(skip_deserializing)]
    summary: std::collections::BTreeMap<&'static str, usize>,
    rules: Vec<PackRuleV1>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PackRuleV1 {
    name: String,
    identifier: Option<String>,
    /// The id of the rule in this report, if it ran.
    rule: Option<String>,
    outcome: End,
    reason: Option<String>,
    compliant: usize,
    non_compliant: usize,
    insufficient_data: usize,
    controls: Vec<String>,
}

fn nothing() -> ComplianceType {
    ComplianceType::InsufficientData
}

impl PackV1 {
    pub(in crate::report) fn new(standing: &Standing) -> Self {
        Self {
            name: standing.pack.clone(),
            origin: standing.origin.clone(),
            digest: standing.digest.clone(),
            compliance: standing.compliance(),
            score: standing.percent(),
            summary: End::ALL.into_iter().map(|end| (end.as_str(), standing.count(end))).collect(),
            rules: standing.rules.iter().map(PackRuleV1::new).collect(),
        }
    }

    pub(super) fn into_standing(self) -> Standing {
        let Self { name: pack, origin, digest, rules, .. } = self;
        Standing { pack, origin, digest, rules: rules.into_iter().map(PackRuleV1::into_standing).collect() }
    }
}

impl PackRuleV1 {
    fn new(rule: &RuleStanding) -> Self {
        let RuleStanding { name, identifier, rule, end, reason, compliant, non_compliant, insufficient_data, controls } =
            rule.clone();
        Self { name, identifier, rule, outcome: end, reason, compliant, non_compliant, insufficient_data, controls }
    }

    fn into_standing(self) -> RuleStanding {
        let Self {
            name,
            identifier,
            rule,
            outcome: end,
            reason,
            compliant,
            non_compliant,
            insufficient_data,
            controls,
        } = self;
        RuleStanding { name, identifier, rule, end, reason, compliant, non_compliant, insufficient_data, controls }
    }
}
