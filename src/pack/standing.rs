//! How the rules of packs ended, and what that makes of the packs.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Pack, Run, Source};
use crate::evaluation::{ComplianceType, Evaluation, RuleError};

/// A pack after a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The pack's name.
    pub pack: String,
    /// Where it is written.
    pub origin: String,
    /// SHA-256, as hexadecimal digits, of its file and of the values of its parameters; nothing if an older assize told of
    /// it.
    pub digest: Option<String>,
    /// Its rules, in the order of the file.
    pub rules: Vec<RuleStanding>,
}

/// A rule of a pack after a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleStanding {
    /// What the pack calls it.
    pub name: String,
    /// AWS Config's identifier of the managed rule, if it is one.
    pub identifier: Option<String>,
    /// The name under which it answers in the report, if it ran.
    pub rule: Option<String>,
    /// How it ended.
    pub end: End,
    /// Why it has no answer, if it has none.
    pub reason: Option<String>,
    /// Resources that comply.
    pub compliant: usize,
    /// Resources that do not.
    pub non_compliant: usize,
    /// Resources that could not be judged, and places where it is not known which there are.
    pub insufficient_data: usize,
    /// The requirements of a framework that it speaks to.
    pub controls: Vec<String>,
}

/// How a rule of a pack ended. Each ends in one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It judged resources, and all of them comply.
    Compliant,
    /// It judged resources, and some do not comply.
    NonCompliant,
    /// It has nothing to judge.
    NotApplicable,
    /// What it needs could not be read, or it broke, or the pack does not say what it is to run with.
    CannotBeJudged,
    /// A person has to check it.
    #[serde(rename = "manual_process_check")]
    ByHand,
    /// assize does not have it.
    NotImplemented,
}

impl End {
    /// All of them, in the order of the reports.
    pub const ALL: [Self; 6] = [
        Self::NonCompliant,
        Self::Compliant,
        Self::NotApplicable,
        Self::CannotBeJudged,
        Self::ByHand,
        Self::NotImplemented,
    ];

    /// As it is written in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compliant => "compliant",
            Self::NonCompliant => "non_compliant",
            Self::NotApplicable => "not_applicable",
            Self::CannotBeJudged => "cannot_be_judged",
            Self::ByHand => "manual_process_check",
            Self::NotImplemented => "not_implemented",
        }
    }

    /// In words, for a sum: `3 not applicable`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Compliant => "compliant",
            Self::NonCompliant => "non-compliant",
            Self::NotApplicable => "not applicable",
            Self::CannotBeJudged => "cannot be judged",
            Self::ByHand => "to check by hand",
            Self::NotImplemented => "not implemented",
        }
    }
}

impl Standing {
    /// How many rules ended so.
    pub fn count(&self, end: End) -> usize {
        self.rules.iter().filter(|rule| rule.end == end).count()
    }

    /// Whether the pack was run: no rule was left out for want of what it is to run with, and not all of them are left to
    /// others or not there.
    pub fn is_run(&self) -> bool {
        let is_left_out = |rule: &RuleStanding| rule.end == End::CannotBeJudged && rule.rule.is_none();
        self.rules.iter().any(|rule| rule.rule.is_some()) && !self.rules.iter().any(is_left_out)
    }

    /// What AWS Config would say of the pack: non-compliant if one rule is, else compliant if one rule is, else
    /// insufficient data
    /// (<https://docs.aws.amazon.com/config/latest/APIReference/API_AggregateConformancePackCompliance.html>). A compliant
    /// pack may have rules that could not be judged: [`Standing::count`] tells of them.
    pub fn compliance(&self) -> ComplianceType {
        if self.count(End::NonCompliant) > 0 {
            ComplianceType::NonCompliant
        } else if self.count(End::Compliant) > 0 {
            ComplianceType::Compliant
        } else {
            ComplianceType::InsufficientData
        }
    }

    /// AWS Config's compliance score: of the pairs of a rule and a resource that it judged, those that comply, and all
    /// (<https://docs.aws.amazon.com/config/latest/APIReference/API_ConformancePackComplianceScore.html>).
    pub fn score(&self) -> (usize, usize) {
        self.rules.iter().fold((0, 0), |(compliant, all), rule| {
            (compliant + rule.compliant, all + rule.compliant + rule.non_compliant)
        })
    }

    /// The score in percent; nothing if nothing was judged.
    pub fn percent(&self) -> Option<f64> {
        let (compliant, all) = self.score();
        // Of ten thousandths, so that the same counts give the same digits everywhere.
        let hundredths = u32::try_from(compliant.checked_mul(10_000)?.checked_div(all)?).ok()?;
        Some(f64::from(hundredths) / 100.0)
    }
}

/// What the resources of one rule came to.
#[derive(Default)]
struct Sums {
    compliant: usize,
    non_compliant: usize,
    insufficient_data: usize,
    /// Why the first resource could not be judged.
    reason: Option<Arc<str>>,
}

/// How the packs stand after these evaluations, which are in the order of an outcome.
pub fn standings(packs: &[(Pack, Vec<Run>)], evaluations: &[Evaluation], errors: &[RuleError]) -> Vec<Standing> {
    let sums = sums(evaluations);
    let none = Sums::default();
    let ended = |run: &Run| match run {
        Run::As(name) => {
            let sums = sums.get(name).unwrap_or(&none);
            let broke = errors.iter().find(|error| *error.rule == **name).map(|error| error.message.clone());
            let (end, reason) = if sums.non_compliant > 0 {
                (End::NonCompliant, None)
            } else if broke.is_some() {
                // On how many resources it would have found something is not known.
                (End::CannotBeJudged, broke)
            } else if sums.compliant > 0 {
                (End::Compliant, None)
            } else if sums.insufficient_data > 0 {
                (End::CannotBeJudged, sums.reason.as_deref().map(str::to_owned))
            } else {
                (End::NotApplicable, None)
            };
            (end, reason, sums)
        }
        Run::ByHand => (End::ByHand, None, &none),
        Run::NotImplemented(reason) => (End::NotImplemented, Some(reason.clone()), &none),
        Run::Impossible(reason) => (End::CannotBeJudged, Some(reason.clone()), &none),
    };
    let standing = |(pack, runs): &(Pack, Vec<Run>)| Standing {
        pack: pack.name.clone(),
        origin: pack.origin.clone(),
        digest: Some(pack.digest.clone()),
        rules: pack
            .rules
            .iter()
            .zip(runs)
            .map(|(rule, run)| {
                let (end, reason, sums) = ended(run);
                RuleStanding {
                    name: rule.name.clone(),
                    identifier: match &rule.source {
                        Source::Managed(identifier) => Some(identifier.clone()),
                        _ => None,
                    },
                    rule: match run {
                        Run::As(name) => Some(name.to_string()),
                        _ => None,
                    },
                    end,
                    reason,
                    compliant: sums.compliant,
                    non_compliant: sums.non_compliant,
                    insufficient_data: sums.insufficient_data,
                    controls: rule.controls.clone(),
                }
            })
            .collect(),
    };
    packs.iter().map(standing).collect()
}

/// The resources of each rule. A resource on which a rule has several findings counts once, by the worst of them.
fn sums(evaluations: &[Evaluation]) -> HashMap<Arc<str>, Sums> {
    let mut sums = HashMap::<Arc<str>, Sums>::new();
    for answers in evaluations.chunk_by(|a, b| a.resource == b.resource && a.rule == b.rule) {
        let Some(first) = answers.first() else { continue };
        let has = |wanted| answers.iter().find(|answer| answer.compliance_type == wanted);
        let sums = sums.entry(Arc::clone(&first.rule)).or_default();
        if has(ComplianceType::NonCompliant).is_some() {
            sums.non_compliant += 1;
        } else if let Some(unjudged) = has(ComplianceType::InsufficientData) {
            sums.insufficient_data += 1;
            sums.reason.get_or_insert_with(|| Arc::clone(&unjudged.annotation));
        } else if has(ComplianceType::Compliant).is_some() {
            sums.compliant += 1;
        }
    }
    sums
}
