//! What a run found, as plain values, and the formats in which it is written.
//!
//! A [`Report`] is made from the outcome of an evaluation, or read back from a JSON report. This stage evaluates nothing
//! and calls nothing: the same report gives the same bytes. Each format is one file with its own wire types, so that a
//! change inside assize cannot change what others parse.
//!
//! All text that was read from AWS is hostile, and so is the text of a user's rules. The JSON and SARIF formats hold
//! names as they are, as data; where text is shown to a person it passes through [`harmless`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::drift::Drift;
use crate::evaluation::{ComplianceType, Evaluation, RuleError, Severity};
use crate::exemption::{Exemption, Exemptions, Run, Usage};
use crate::gap::Gap;
use crate::item::{ConfigurationItem, ResourceKey};
use crate::location::Places;
use crate::pack::standing::{Standing, standings};
use crate::pack::{self, Pack};
use crate::rule::Fix;
use crate::rule::set::Chosen;
use crate::snapshot::{About, Contents, Snapshot};
use crate::value::Value;

mod against;
pub mod asff;
pub mod comparison;
mod controls;
pub mod csv;
pub mod diff;
mod fail_on;
pub mod finding;
pub mod fix;
mod format;
pub mod github;
mod harmless;
pub mod html;
pub mod integrity;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod ocsf;
pub mod packs;
pub mod partition;
pub mod related;
pub mod rules;
pub mod sarif;
mod style;
pub mod table;
pub mod terminal;
pub mod timeline;

pub use self::fail_on::{FailOn, FailOnError};
pub use self::format::{Extent, Format, Options, UnknownFormat, write};
pub use self::harmless::harmless;

/// Everything that a run found.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The version of assize that made it.
    pub assize_version: String,
    /// What was looked at.
    pub snapshot: SnapshotSummary,
    /// The rules that were asked for, by id.
    pub rules: Vec<RuleSummary>,
    /// Every rule on every resource, by account, region, type, id, rule and key.
    pub evaluations: Vec<Evaluation>,
    /// What could not be read of that which the rules read, sorted.
    pub gaps: Vec<Gap>,
    /// Rules that failed by themselves, sorted.
    pub rule_errors: Vec<RuleError>,
    /// The exemptions that were asked for, in the order in which they are written.
    pub exemptions: Vec<ExemptionSummary>,
    /// The conformance packs that were asked for, in that order.
    pub packs: Vec<Standing>,
    /// How the findings stand to those before, if there is a store that knows.
    pub drift: Option<Drift>,
    /// How many of the evaluations were taken from the snapshot before, if only what changed was to be judged. They have
    /// no evidence.
    pub reused: Option<usize>,
    /// Where the findings are shown, of those whose resources are defined in a repository that was looked at.
    pub places: Places,
    /// What the resources with findings are related to, where the snapshot was at hand and a picture is wanted.
    pub neighbours: BTreeMap<ResourceKey, Vec<Neighbour>>,
}

/// A resource to which another is related.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// AWS Config's words, such as `Is attached to Instance`.
    pub relationship: String,
    /// Its type.
    pub resource_type: String,
    /// Its name, or else its id.
    pub name: String,
    /// Which one it is, if it was read.
    pub key: Option<ResourceKey>,
}

/// What a snapshot holds and how it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotSummary {
    /// When the facts were read: RFC 3339, UTC.
    pub captured_at: String,
    /// How long that took, in milliseconds.
    pub duration_ms: u64,
    /// `account`, `aws-config`, or `template`.
    pub source: String,
    /// The accounts, as twelve digits each, sorted.
    pub accounts: Vec<String>,
    /// The regions that were read, sorted; without `global`.
    pub regions: Vec<String>,
    /// The regions that were asked for and could not be read, with the reason.
    pub skipped_regions: BTreeMap<String, String>,
    /// The number of items by type.
    pub items: BTreeMap<String, usize>,
    /// The number of links that items have to others.
    pub relationships: usize,
    /// Calls made, by `service:Operation`; retries are counted.
    pub requests: BTreeMap<String, u64>,
}

impl SnapshotSummary {
    /// The summary of a snapshot of which this was counted.
    pub fn new(about: &About, contents: &Contents) -> Self {
        Self {
            captured_at: about.captured_at.clone(),
            duration_ms: about.duration_ms,
            source: about.source.clone(),
            accounts: about.accounts.clone(),
            regions: about.regions.clone(),
            skipped_regions: about.skipped_regions.clone(),
            items: contents.items.iter().map(|(kind, count)| (kind.to_string(), *count)).collect(),
            relationships: contents.relationships,
            requests: about.requests.clone(),
        }
    }
}

impl From<&Snapshot> for SnapshotSummary {
    fn from(snapshot: &Snapshot) -> Self {
        Self::new(snapshot.about(), &snapshot.contents())
    }
}

impl From<&Arc<Snapshot>> for SnapshotSummary {
    fn from(snapshot: &Arc<Snapshot>) -> Self {
        snapshot.as_ref().into()
    }
}

/// What a reader of a report needs to know of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSummary {
    /// The rule's id.
    pub id: String,
    /// A sentence that is true of a compliant resource.
    pub title: String,
    /// How bad a finding is.
    pub severity: Severity,
    /// What the rule itself says of that, where the run asked for another severity.
    pub default_severity: Option<Severity>,
    /// `security`, `cost`, `performance`, `fault-tolerance` or `service-limits`.
    pub category: String,
    /// `sandbox`, `incubating`, `stable` or `deprecated`.
    pub maturity: String,
    /// The types that the rule judges.
    pub resource_types: Vec<String>,
    /// What is checked; Markdown.
    pub description: String,
    /// Why it matters; Markdown.
    pub risk: String,
    /// How to mend it; Markdown.
    pub remediation: String,
    /// How to mend it, as text to copy.
    pub fix: Fix,
    /// Pages to read.
    pub references: Vec<String>,
    /// The parameters that the rule ran with, defaults included.
    pub parameters: BTreeMap<String, Value>,
    /// [`Rule::digest`](crate::rule::Rule::digest). Absent in reports of older versions.
    pub digest: Option<String>,
}

impl RuleSummary {
    /// What a report says of a rule and the parameters it runs with.
    pub fn new(chosen: &Chosen) -> Self {
        let rule = &chosen.rule;
        Self {
            id: chosen.id().to_string(),
            title: rule.title.clone(),
            severity: chosen.severity(),
            default_severity: chosen.severity.map(|_| rule.severity),
            category: rule.category.to_string(),
            maturity: rule.maturity.to_string(),
            resource_types: rule.resource_types.iter().map(ToString::to_string).collect(),
            description: rule.description.clone(),
            risk: rule.risk.clone(),
            remediation: rule.remediation.clone(),
            fix: rule.fix.clone(),
            references: rule.references.clone(),
            parameters: chosen.parameters.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect(),
            digest: Some(rule.digest()),
        }
    }
}

/// What a reader of a report needs to know of an exemption, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExemptionSummary {
    /// A digest of what it covers; the id of [`ExemptionMark`](crate::evaluation::ExemptionMark).
    pub id: String,
    /// A digest of all that it says. Another one under the same id: the exemption was changed.
    pub digest: String,
    /// The rules, by id or glob.
    pub rules: Vec<String>,
    /// The conditions on the resource by name (`arn`, `tag Public`): any of the patterns. None: all resources.
    pub resource: BTreeMap<String, Vec<String>>,
    /// The finding's keys.
    pub keys: Vec<String>,
    /// Why the deviation is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Where it was decided.
    pub ticket: Option<String>,
    /// The last day on which it holds, as `2027-01-31`.
    pub expires: Option<String>,
    /// Where it is written, such as `assize.yaml:12`.
    pub origin: Option<String>,
    /// What became of it.
    pub usage: Usage,
}

impl ExemptionSummary {
    fn new(exemption: &Exemption, usage: Usage) -> Self {
        let texts = |patterns: Vec<&str>| patterns.into_iter().map(str::to_owned).collect::<Vec<_>>();
        Self {
            id: exemption.id(),
            digest: exemption.digest(),
            rules: texts(exemption.rules.texts()),
            resource: exemption.resource.conditions().map(|(name, one)| (name, texts(one.texts()))).collect(),
            keys: texts(exemption.key.texts()),
            reason: exemption.reason.clone(),
            owner: exemption.owner.clone(),
            ticket: exemption.ticket.clone(),
            expires: exemption.expires.map(|day| day.to_string()),
            origin: exemption.origin.clone(),
            usage,
        }
    }
}

impl Report {
    /// The report on an evaluation: of these rules, on this snapshot, of whose gaps these concern the rules.
    pub fn new<'a>(
        rules: impl IntoIterator<Item = &'a Chosen>,
        snapshot: impl Into<SnapshotSummary>,
        gaps: Vec<Gap>,
        evaluations: Vec<Evaluation>,
        rule_errors: Vec<RuleError>,
    ) -> Self {
        let mut rules: Vec<RuleSummary> = rules.into_iter().map(RuleSummary::new).collect();
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        Self {
            assize_version: env!("CARGO_PKG_VERSION").to_owned(),
            snapshot: snapshot.into(),
            rules,
            evaluations,
            gaps,
            rule_errors,
            exemptions: Vec::new(),
            packs: Vec::new(),
            drift: None,
            reused: None,
            places: Places::default(),
            neighbours: BTreeMap::new(),
        }
    }

    /// The same, with what the resources with findings are related to in their snapshot.
    #[must_use]
    pub fn with_neighbours(mut self, snapshot: &Snapshot) -> Self {
        let found: BTreeSet<&ResourceKey> = self.findings().map(|finding| &finding.resource).collect();
        let neighbours = |item: &ConfigurationItem| {
            let related = item.relationships.iter().map(|link| {
                let target = snapshot.target(item, link);
                let name = target.and_then(|target| target.resource_name.as_deref()).filter(|name| !name.is_empty());
                let name = name.or(link.resource_name.as_deref()).or(link.resource_id.as_deref());
                Neighbour {
                    relationship: link.name.to_string(),
                    resource_type: link.resource_type.to_string(),
                    name: name.unwrap_or_default().to_owned(),
                    key: target.map(|target| target.key.clone()),
                }
            });
            related.collect::<Vec<_>>()
        };
        let with_links =
            snapshot.items().iter().filter(|item| found.contains(&item.key) && !item.relationships.is_empty());
        self.neighbours = with_links.map(|item| (item.key.clone(), neighbours(item))).collect();
        self
    }

    /// The same, with how the packs stand whose rules were run.
    #[must_use]
    pub fn with_packs(mut self, packs: &[(Pack, Vec<pack::Run>)]) -> Self {
        self.packs = standings(packs, &self.evaluations, &self.rule_errors);
        self
    }

    /// The same, with how many evaluations were taken from the snapshot before.
    #[must_use]
    pub fn with_reused(mut self, reused: Option<usize>) -> Self {
        self.reused = reused;
        self
    }

    /// The same, with where its findings are shown.
    #[must_use]
    pub fn with_places(mut self, places: Places) -> Self {
        self.places = places;
        self
    }

    /// The same, with how its findings stand to those before.
    #[must_use]
    pub fn with_drift(mut self, drift: Option<Drift>) -> Self {
        self.drift = drift;
        self
    }

    /// How many findings are new, and how many still open.
    fn new_and_open(&self, drift: &Drift) -> (usize, usize) {
        let is_new = |finding: &Evaluation| drift.standing(finding).is_some_and(|one| one.open_since.is_none());
        let new = self.findings().filter(|finding| is_new(finding)).count();
        (new, self.findings().count() - new)
    }

    /// The same, with what could not be read beside the snapshot.
    #[must_use]
    pub fn with_gaps(mut self, more: Vec<Gap>) -> Self {
        self.gaps.extend(more);
        self.gaps.sort();
        self
    }

    /// The same, with what became of the exemptions with which the evaluations were made.
    #[must_use]
    pub fn with_exemptions(mut self, exemptions: &Exemptions) -> Self {
        let rules: Vec<&str> = self.rules.iter().map(|rule| rule.id.as_str()).collect();
        let run = Run {
            rules: &rules,
            accounts: &self.snapshot.accounts,
            regions: &self.snapshot.regions,
            evaluations: &self.evaluations,
        };
        self.exemptions =
            exemptions.usage(&run).into_iter().map(|(one, usage)| ExemptionSummary::new(one, usage)).collect();
        self
    }

    /// The open findings, in the report's order: non-compliant evaluations that nobody has accepted.
    pub fn findings(&self) -> impl Iterator<Item = &Evaluation> {
        self.evaluations.iter().filter(|evaluation| evaluation.is_finding())
    }

    /// The evaluations that an exemption covers, findings or not judged, in the report's order.
    pub fn exempted(&self) -> impl Iterator<Item = &Evaluation> {
        self.evaluations.iter().filter(|evaluation| evaluation.is_exempted())
    }

    /// The evaluations that an extent asks for, in the report's order.
    pub fn extent(&self, extent: Extent) -> impl Iterator<Item = &Evaluation> {
        self.evaluations.iter().filter(move |evaluation| match extent {
            Extent::Full => true,
            Extent::Findings => {
                matches!(evaluation.compliance_type, ComplianceType::NonCompliant | ComplianceType::InsufficientData)
            }
        })
    }

    /// Whether everything that was asked for was read and judged: there are no gaps, no rule failed, no evaluation ended
    /// for want of data, and each pack was run; apart from what an exemption covers that says that it covers such.
    pub fn is_complete(&self) -> bool {
        let mut accepted = BTreeSet::new();
        for evaluation in &self.evaluations {
            if evaluation.compliance_type == ComplianceType::InsufficientData {
                if !evaluation.is_exempted() {
                    return false;
                }
                accepted.extend(evaluation.gap.as_deref());
            }
        }
        self.rule_errors.is_empty()
            && self.packs.iter().all(Standing::is_run)
            && self.gaps.iter().all(|gap| accepted.contains(gap))
    }

    /// How many evaluations there are of each kind.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for evaluation in &self.evaluations {
            *counts.of_mut(evaluation.compliance_type) += 1;
            if evaluation.is_finding() {
                *counts.findings.entry(evaluation.severity).or_default() += 1;
            } else if evaluation.is_exempted() {
                *match evaluation.compliance_type {
                    ComplianceType::InsufficientData => &mut counts.exempted_insufficient_data,
                    _ => &mut counts.exempted,
                } += 1;
            }
        }
        counts
    }

    /// The rule of this id.
    pub fn rule(&self, id: &str) -> Option<&RuleSummary> {
        let at = self.rules.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok()?;
        self.rules.get(at)
    }

    /// Every gap once, be it of the snapshot or of an evaluation, with the rules that could not judge because of it and
    /// the number of their evaluations.
    fn gaps_and_rules(&self) -> BTreeMap<&Gap, BTreeMap<&str, usize>> {
        let mut gaps: BTreeMap<&Gap, BTreeMap<&str, usize>> =
            self.gaps.iter().map(|gap| (gap, BTreeMap::new())).collect();
        for evaluation in &self.evaluations {
            if let Some(gap) = &evaluation.gap {
                *gaps.entry(gap).or_default().entry(&evaluation.rule).or_default() += 1;
            }
        }
        gaps
    }

    /// The rules that judged nothing: no resource of their types was there.
    fn idle_rules(&self) -> usize {
        let mut busy: BTreeSet<&str> = self.evaluations.iter().map(|evaluation| evaluation.rule.as_ref()).collect();
        busy.extend(self.rule_errors.iter().map(|error| error.rule.as_str()));
        self.rules.iter().filter(|rule| !busy.contains(rule.id.as_str())).count()
    }
}

/// The number of evaluations by compliance type, and of findings by severity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// `COMPLIANT`.
    pub compliant: usize,
    /// `NON_COMPLIANT`.
    pub non_compliant: usize,
    /// `NOT_APPLICABLE`.
    pub not_applicable: usize,
    /// `INSUFFICIENT_DATA`.
    pub insufficient_data: usize,
    /// Open findings by severity: `NON_COMPLIANT`, and not exempted. Severities without a finding are left out.
    pub findings: BTreeMap<Severity, usize>,
    /// `NON_COMPLIANT`, and exempted.
    pub exempted: usize,
    /// `INSUFFICIENT_DATA`, and exempted.
    pub exempted_insufficient_data: usize,
}

impl Counts {
    fn of_mut(&mut self, compliance_type: ComplianceType) -> &mut usize {
        match compliance_type {
            ComplianceType::Compliant => &mut self.compliant,
            ComplianceType::NonCompliant => &mut self.non_compliant,
            ComplianceType::NotApplicable => &mut self.not_applicable,
            ComplianceType::InsufficientData => &mut self.insufficient_data,
        }
    }

    /// The findings of one severity.
    pub fn of(&self, severity: Severity) -> usize {
        self.findings.get(&severity).copied().unwrap_or(0)
    }
}

/// The text in at most so many characters, with an ellipsis where something was left out.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('…');
    short
}

/// Whether an error code of AWS says that the caller may not make the call.
fn is_denied(code: &str) -> bool {
    ["AccessDenied", "Unauthorized", "AuthorizationError", "Forbidden", "NotAuthorized"]
        .iter()
        .any(|word| code.contains(word))
}

#[cfg(test)]
mod tests;
