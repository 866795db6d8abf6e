//! The wire types of drift: how each finding stands to those before, and what was fixed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::EvaluationV1;
use crate::drift::{Drift, FirstVersion, Fixed, Standing};
use crate::item::ResourceKey;
use crate::report::Report;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::report) struct DriftV1<'a> {
    previous: Option<Cow<'a, str>>,
    new: usize,
    still_open: usize,
    fixed: Vec<FixedV1<'a>>,
}

impl<'a> DriftV1<'a> {
    pub(in crate::report) fn new(report: &'a Report, drift: &'a Drift) -> Self {
        let (new, still_open) = report.new_and_open(drift);
        Self {
            previous: drift.previous.as_deref().map(Cow::Borrowed),
            new,
            still_open,
            fixed: drift.fixed.iter().map(FixedV1::new).collect(),
        }
    }

    pub(super) fn into_drift(self, standings: Vec<(ResourceKey, Standing)>) -> Drift {
        let fixed = self.fixed.into_iter().map(FixedV1::into_fixed).collect();
        Drift::new(self.previous.map(Cow::into_owned), standings, fixed)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FixedV1<'a> {
    finding: EvaluationV1<'a>,
    open_since: Cow<'a, str>,
    resource_gone: bool,
}

impl<'a> FixedV1<'a> {
    fn new(fixed: &'a Fixed) -> Self {
        Self {
            finding: EvaluationV1::new(&fixed.finding, None),
            open_since: Cow::Borrowed(&fixed.open_since),
            resource_gone: fixed.is_gone,
        }
    }

    fn into_fixed(self) -> Fixed {
        Fixed {
            finding: self.finding.into_evaluation(),
            open_since: self.open_since.into_owned(),
            is_gone: self.resource_gone,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StateV1 {
    New,
    Open,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StandingV1<'a> {
    state: StateV1,
    open_since: Option<Cow<'a, str>>,
    first_non_compliant_version: Option<FirstVersionV1<'a>>,
}

impl<'a> StandingV1<'a> {
    pub(super) fn new(standing: &'a Standing) -> Self {
        Self {
            state: if standing.open_since.is_none() { StateV1::New } else { StateV1::Open },
            open_since: standing.open_since.as_deref().map(Cow::Borrowed),
            first_non_compliant_version: standing.version.as_ref().map(|version| FirstVersionV1 {
                from: Cow::Borrowed(&version.from),
                related_events: Cow::Borrowed(&version.related_events),
            }),
        }
    }

    /// The standing of a finding of this rule and key.
    pub(super) fn to_standing(&self, rule: &str, key: &str) -> Standing {
        Standing {
            rule: rule.into(),
            key: key.into(),
            open_since: self.open_since.as_deref().map(str::to_owned),
            version: self.first_non_compliant_version.as_ref().map(|version| FirstVersion {
                from: version.from.to_string(),
                related_events: version.related_events.to_vec(),
            }),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FirstVersionV1<'a> {
    from: Cow<'a, str>,
    related_events: Cow<'a, [String]>,
}
