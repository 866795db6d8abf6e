//! The JSON report: everything a run found, for programs.
//!
//! The form is versioned: within version 1 members are added and never renamed, removed or given another meaning.
//! `docs/report.schema.json` is its schema. Every member is always there; what does not apply is `null`. The wire types
//! here are the contract, apart from the types that the stages use among themselves, and they read as well as write: a
//! saved report can be shown again in another format.

mod drift;
mod packs;
mod place;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::sync::Arc;

use compact_str::CompactString;
use serde::{Deserialize, Serialize, Serializer};

pub(super) use self::drift::DriftV1;
use self::drift::StandingV1;
pub(super) use self::packs::PackV1;
use self::place::PlaceV1;
pub(super) use self::place::ResourceV1;
use super::finding::fingerprint;
use super::{Counts, ExemptionSummary, Report, RuleSummary, SnapshotSummary};
use crate::drift::Drift;
use crate::evaluation::{ComplianceType, Evaluation, Evidence, ExemptionMark, ExemptionState, RuleError, Severity};
use crate::exemption::Usage;
use crate::gap::Gap;
use crate::item::ResourceKey;
use crate::location::Places;
use crate::rule::fix::{Fix, Language, Snippet};
use crate::value::{Unreadable, Value};

/// The value of `format`, by which a file says that it is a report.
pub const FORMAT: &str = "assize-report";

/// The version that is written. A reader refuses a newer one.
pub const VERSION: u32 = 1;

/// A file that is not a report that can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file could not be read at all.
    #[error("cannot read the report")]
    Io(#[source] io::Error),
    /// Not JSON, or not of a report's form.
    #[error("not a JSON report of assize")]
    Json(#[source] serde_json::Error),
    /// JSON that does not say that it is a report.
    #[error("not a JSON report of assize: it needs \"format\": \"{FORMAT}\"")]
    NotAReport,
    /// Written by a newer assize.
    #[error("the report has version {0}; this assize reads version {VERSION}")]
    Version(u32),
}

/// Writes the report as indented JSON with an end of line.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, mut out: impl Write) -> io::Result<()> {
    let wire = ReportV1 {
        format: FORMAT,
        version: VERSION,
        assize_version: &report.assize_version,
        snapshot: SnapshotV1::new(&report.snapshot),
        summary: SummaryV1::new(&report.counts()),
        rules: Each(&report.rules, RuleV1::new),
        evaluations: Evaluations(report),
        gaps: Each(&report.gaps, GapV1::new),
        rule_errors: Each(&report.rule_errors, RuleErrorV1::new),
        exemptions: Each(&report.exemptions, ExemptionV1::new),
        packs: report.packs.iter().map(PackV1::new).collect(),
        drift: report.drift.as_ref().map(|drift| DriftV1::new(report, drift)),
        reused: report.reused,
        definitions: ResourceV1::all(&report.places),
    };
    serde_json::to_writer_pretty(&mut out, &wire)?;
    out.write_all(b"\n")
}

/// Reads what [`write()`] wrote.
///
/// # Errors
/// Why the file is not a report that can be read.
pub fn read(mut input: impl BufRead) -> Result<Report, ReadError> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).map_err(ReadError::Io)?;
    let head: Head = serde_json::from_slice(&bytes).map_err(ReadError::Json)?;
    match (head.format.as_deref(), head.version) {
        (Some(FORMAT), Some(version)) if version > VERSION => return Err(ReadError::Version(version)),
        (Some(FORMAT), Some(_)) => {}
        _ => return Err(ReadError::NotAReport),
    }
    let wire: SavedReportV1 = serde_json::from_slice(&bytes).map_err(ReadError::Json)?;
    let standings = |wire: &EvaluationV1<'_>| {
        let standing = wire.drift.as_ref()?.to_standing(&wire.rule, wire.key.as_deref().unwrap_or_default());
        Some((wire.resource(), standing))
    };
    let mut places = Places::default();
    wire.definitions.iter().for_each(|one| one.put(&mut places));
    let standings = wire.evaluations.iter().filter_map(standings).collect();
    let evaluations: Vec<Evaluation> = wire
        .evaluations
        .into_iter()
        .map(|mut one| {
            let place = one.definition.take().map(|place| place.to_place());
            let evaluation = one.into_evaluation();
            if let Some(place) = place {
                places.insert(&evaluation, place);
            }
            evaluation
        })
        .collect();
    let mut report = Report {
        reused: wire.reused,
        neighbours: BTreeMap::new(),
        drift: wire.drift.map(|drift| drift.into_drift(standings)),
        assize_version: wire.assize_version,
        snapshot: wire.snapshot.into_summary(),
        rules: wire.rules.into_iter().map(RuleV1::into_summary).collect(),
        evaluations,
        places,
        gaps: wire.gaps.into_iter().map(GapV1::into_gap).collect(),
        rule_errors: wire.rule_errors.into_iter().map(RuleErrorV1::into_error).collect(),
        exemptions: wire.exemptions.into_iter().map(ExemptionV1::into_summary).collect(),
        packs: wire.packs.into_iter().map(PackV1::into_standing).collect(),
    };
    // Other writers may sort otherwise; `Report::rule` searches.
    report.rules.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(report)
}

#[derive(Deserialize)]
struct Head {
    format: Option<String>,
    version: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportV1<'a> {
    format: &'static str,
    version: u32,
    assize_version: &'a str,
    snapshot: SnapshotV1<'a>,
    summary: SummaryV1,
    rules: Each<'a, RuleSummary, RuleV1<'a>>,
    evaluations: Evaluations<'a>,
    gaps: Each<'a, Gap, GapV1<'a>>,
    rule_errors: Each<'a, RuleError, RuleErrorV1<'a>>,
    exemptions: Each<'a, ExemptionSummary, ExemptionV1<'a>>,
    packs: Vec<PackV1>,
    drift: Option<DriftV1<'a>>,
    reused: Option<usize>,
    definitions: Vec<ResourceV1<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SavedReportV1 {
    assize_version: String,
    snapshot: SnapshotV1<'static>,
    rules: Vec<RuleV1<'static>>,
    evaluations: Vec<EvaluationV1<'static>>,
    gaps: Vec<GapV1<'static>>,
    rule_errors: Vec<RuleErrorV1<'static>>,
    /// Reports of an assize that knew no exemptions have none.
    #[serde(default)]
    exemptions: Vec<ExemptionV1<'static>>,
    /// Reports of an assize that knew no packs have none.
    #[serde(default)]
    packs: Vec<PackV1>,
    /// Only what is made with a store has it.
    drift: Option<DriftV1<'static>>,
    reused: Option<usize>,
    /// Only what was made with a repository has any.
    #[serde(default)]
    definitions: Vec<ResourceV1<'static>>,
}

/// Writes a list whose wire form is made one element at a time: a report may have millions.
struct Each<'a, T, W>(&'a [T], fn(&'a T) -> W);

impl<T, W: Serialize> Serialize for Each<'_, T, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(self.1))
    }
}

/// The evaluations, each with how it stands to those before, if that is known.
struct Evaluations<'a>(&'a Report);

impl Serialize for Evaluations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.evaluations.iter().map(|one| EvaluationV1::of(self.0, one)))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SummaryV1 {
    compliant: usize,
    non_compliant: usize,
    not_applicable: usize,
    insufficient_data: usize,
    exempted: usize,
    exempted_insufficient_data: usize,
    findings: BTreeMap<&'static str, usize>,
}

impl SummaryV1 {
    pub(super) fn new(counts: &Counts) -> Self {
        Self {
            compliant: counts.compliant,
            non_compliant: counts.non_compliant,
            not_applicable: counts.not_applicable,
            insufficient_data: counts.insufficient_data,
            exempted: counts.exempted,
            exempted_insufficient_data: counts.exempted_insufficient_data,
            findings: Severity::ALL.into_iter().map(|severity| (severity.as_str(), counts.of(severity))).collect(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SnapshotV1<'a> {
    captured_at: Cow<'a, str>,
    duration_ms: u64,
    source: Cow<'a, str>,
    accounts: Cow<'a, [String]>,
    regions: Cow<'a, [String]>,
    skipped_regions: Cow<'a, BTreeMap<String, String>>,
    items: Cow<'a, BTreeMap<String, usize>>,
    relationships: usize,
    requests: Cow<'a, BTreeMap<String, u64>>,
}

impl<'a> SnapshotV1<'a> {
    pub(super) fn new(summary: &'a SnapshotSummary) -> Self {
        Self {
            captured_at: Cow::Borrowed(&summary.captured_at),
            duration_ms: summary.duration_ms,
            source: Cow::Borrowed(&summary.source),
            accounts: Cow::Borrowed(&summary.accounts),
            regions: Cow::Borrowed(&summary.regions),
            skipped_regions: Cow::Borrowed(&summary.skipped_regions),
            items: Cow::Borrowed(&summary.items),
            relationships: summary.relationships,
            requests: Cow::Borrowed(&summary.requests),
        }
    }

    fn into_summary(self) -> SnapshotSummary {
        SnapshotSummary {
            captured_at: self.captured_at.into_owned(),
            duration_ms: self.duration_ms,
            source: self.source.into_owned(),
            accounts: self.accounts.into_owned(),
            regions: self.regions.into_owned(),
            skipped_regions: self.skipped_regions.into_owned(),
            items: self.items.into_owned(),
            relationships: self.relationships,
            requests: self.requests.into_owned(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleV1<'a> {
    id: Cow<'a, str>,
    title: Cow<'a, str>,
    severity: Severity,
    /// Reports of an assize that knew no overrides have none.
    #[serde(default)]
    default_severity: Option<Severity>,
    category: Cow<'a, str>,
    maturity: Cow<'a, str>,
    resource_types: Cow<'a, [String]>,
    description: Cow<'a, str>,
    risk: Cow<'a, str>,
    remediation: Cow<'a, str>,
    /// Reports of an assize that knew no snippets have none, and it was `null` where a rule had none.
    #[serde(default)]
    fix: Option<FixV1<'a>>,
    references: Cow<'a, [String]>,
    parameters: Cow<'a, BTreeMap<String, Value>>,
    #[serde(default)]
    digest: Option<Cow<'a, str>>,
}

impl<'a> RuleV1<'a> {
    pub(super) fn new(rule: &'a RuleSummary) -> Self {
        Self {
            id: Cow::Borrowed(&rule.id),
            title: Cow::Borrowed(&rule.title),
            severity: rule.severity,
            default_severity: rule.default_severity,
            category: Cow::Borrowed(&rule.category),
            maturity: Cow::Borrowed(&rule.maturity),
            resource_types: Cow::Borrowed(&rule.resource_types),
            description: Cow::Borrowed(&rule.description),
            risk: Cow::Borrowed(&rule.risk),
            remediation: Cow::Borrowed(&rule.remediation),
            fix: Some(FixV1::new(&rule.fix)),
            references: Cow::Borrowed(&rule.references),
            parameters: Cow::Borrowed(&rule.parameters),
            digest: rule.digest.as_deref().map(Cow::Borrowed),
        }
    }

    fn into_summary(self) -> RuleSummary {
        RuleSummary {
            id: self.id.into_owned(),
            title: self.title.into_owned(),
            severity: self.severity,
            default_severity: self.default_severity,
            category: self.category.into_owned(),
            maturity: self.maturity.into_owned(),
            resource_types: self.resource_types.into_owned(),
            description: self.description.into_owned(),
            risk: self.risk.into_owned(),
            remediation: self.remediation.into_owned(),
            fix: self.fix.map(FixV1::into_fix).unwrap_or_default(),
            references: self.references.into_owned(),
            parameters: self.parameters.into_owned(),
            digest: self.digest.map(Cow::into_owned),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct FixV1<'a> {
    cli: Option<Cow<'a, str>>,
    terraform: Option<Cow<'a, str>>,
}

impl<'a> FixV1<'a> {
    fn new(fix: &'a Fix) -> Self {
        let text = |snippet: &'a Option<Snippet>| snippet.as_ref().map(|one| Cow::Borrowed(one.text()));
        Self { cli: text(&fix.cli), terraform: text(&fix.terraform) }
    }

    /// What cannot be filled in safely, as far as this assize knows, is not taken over: a report may come from anywhere.
    fn into_fix(self) -> Fix {
        let text = |language, text: Option<Cow<'_, str>>| Snippet::new(language, &text?).ok();
        Fix { cli: text(Language::Shell, self.cli), terraform: text(Language::Hcl, self.terraform) }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EvaluationV1<'a> {
    /// Not read: it follows from the others.
    #[serde(default)]
    fingerprint: Option<String>,
    rule: Cow<'a, str>,
    compliance_type: ComplianceType,
    severity: Severity,
    account_id: Cow<'a, str>,
    aws_region: Cow<'a, str>,
    resource_type: Cow<'a, str>,
    resource_id: Cow<'a, str>,
    resource_name: Option<Cow<'a, str>>,
    arn: Option<Cow<'a, str>>,
    key: Option<Cow<'a, str>>,
    annotation: Option<Cow<'a, str>>,
    evidence: Vec<EvidenceV1<'a>>,
    gap: Option<GapV1<'a>>,
    exemption: Option<MarkV1<'a>>,
    #[serde(default)]
    drift: Option<StandingV1<'a>>,
    #[serde(default)]
    definition: Option<PlaceV1<'a>>,
}

impl<'a> EvaluationV1<'a> {
    pub(super) fn new(evaluation: &'a Evaluation, drift: Option<&'a Drift>) -> Self {
        let key = &evaluation.resource;
        Self {
            fingerprint: Some(fingerprint(evaluation)),
            rule: Cow::Borrowed(&evaluation.rule),
            compliance_type: evaluation.compliance_type,
            severity: evaluation.severity,
            account_id: Cow::Borrowed(&key.account_id),
            aws_region: Cow::Borrowed(&key.region),
            resource_type: Cow::Borrowed(&key.resource_type),
            resource_id: Cow::Borrowed(&key.resource_id),
            resource_name: evaluation.resource_name.as_deref().map(Cow::Borrowed),
            arn: evaluation.arn.as_deref().map(Cow::Borrowed),
            key: some_text(&evaluation.key),
            annotation: some_text(&evaluation.annotation),
            evidence: evaluation.evidence.iter().map(EvidenceV1::new).collect(),
            gap: evaluation.gap.as_deref().map(GapV1::new),
            exemption: evaluation.exemption.as_deref().map(MarkV1::new),
            drift: drift.and_then(|drift| drift.standing(evaluation)).map(StandingV1::new),
            definition: None,
        }
    }

    /// An evaluation of a report, with its place.
    pub(super) fn of(report: &'a Report, evaluation: &'a Evaluation) -> Self {
        let definition = report.places.of(evaluation).map(PlaceV1::new);
        Self { definition, ..Self::new(evaluation, report.drift.as_ref()) }
    }

    fn resource(&self) -> ResourceKey {
        ResourceKey::new(&self.account_id, &self.aws_region, &self.resource_type, &self.resource_id)
    }

    fn into_evaluation(self) -> Evaluation {
        Evaluation {
            resource: self.resource(),
            rule: Arc::from(self.rule),
            key: self.key.unwrap_or_default().into(),
            compliance_type: self.compliance_type,
            severity: self.severity,
            resource_name: self.resource_name.map(Arc::from),
            arn: self.arn.map(Arc::from),
            annotation: self.annotation.map_or_else(Arc::default, Arc::from),
            evidence: self.evidence.into_iter().map(EvidenceV1::into_evidence).collect(),
            gap: self.gap.map(|gap| Box::new(gap.into_gap())),
            exemption: self.exemption.map(|exemption| Arc::new(exemption.into_mark())),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MarkV1<'a> {
    id: Cow<'a, str>,
    state: ExemptionState,
    reason: Cow<'a, str>,
    owner: Option<Cow<'a, str>>,
    ticket: Option<Cow<'a, str>>,
    expires: Option<Cow<'a, str>>,
}

impl<'a> MarkV1<'a> {
    fn new(mark: &'a ExemptionMark) -> Self {
        Self {
            id: Cow::Borrowed(&mark.id),
            state: mark.state,
            reason: Cow::Borrowed(&mark.reason),
            owner: mark.owner.as_deref().map(Cow::Borrowed),
            ticket: mark.ticket.as_deref().map(Cow::Borrowed),
            expires: mark.expires.as_deref().map(Cow::Borrowed),
        }
    }

    fn into_mark(self) -> ExemptionMark {
        ExemptionMark {
            id: self.id.into_owned(),
            state: self.state,
            reason: self.reason.into_owned(),
            owner: self.owner.map(Cow::into_owned),
            ticket: self.ticket.map(Cow::into_owned),
            expires: self.expires.map(Cow::into_owned),
        }
    }
}

/// A fact with its members in the report.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceV1<'a> {
    resource: Option<Cow<'a, str>>,
    path: Cow<'a, str>,
    value: Option<Cow<'a, str>>,
}

impl<'a> EvidenceV1<'a> {
    /// A fact as it is written.
    pub fn new(evidence: &'a Evidence) -> Self {
        Self {
            resource: evidence.resource.as_deref().map(Cow::Borrowed),
            path: Cow::Borrowed(&evidence.path),
            value: evidence.value.as_deref().map(Cow::Borrowed),
        }
    }

    fn into_evidence(self) -> Evidence {
        Evidence {
            resource: self.resource.map(Arc::from),
            path: Arc::from(self.path),
            value: self.value.map(CompactString::from),
        }
    }
}

/// A gap with its members in the report.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GapV1<'a> {
    account_id: Cow<'a, str>,
    aws_region: Cow<'a, str>,
    resource_type: Cow<'a, str>,
    resource_id: Option<Cow<'a, str>>,
    path: Option<Cow<'a, str>>,
    operation: Option<Cow<'a, str>>,
    action: Option<Cow<'a, str>>,
    code: Cow<'a, str>,
    message: Cow<'a, str>,
}

impl<'a> GapV1<'a> {
    /// A gap as it is written.
    pub fn new(gap: &'a Gap) -> Self {
        Self {
            account_id: Cow::Borrowed(&gap.account_id),
            aws_region: Cow::Borrowed(&gap.aws_region),
            resource_type: Cow::Borrowed(&gap.resource_type),
            resource_id: gap.resource_id.as_deref().map(Cow::Borrowed),
            path: gap.path.as_deref().map(Cow::Borrowed),
            operation: some_text(&gap.reason.operation),
            action: gap.reason.action.as_deref().map(Cow::Borrowed),
            code: Cow::Borrowed(&gap.reason.code),
            message: Cow::Borrowed(&gap.reason.message),
        }
    }

    fn into_gap(self) -> Gap {
        Gap {
            account_id: self.account_id.into_owned(),
            aws_region: self.aws_region.into_owned(),
            resource_type: self.resource_type.into_owned(),
            resource_id: self.resource_id.map(Cow::into_owned),
            path: self.path.map(Cow::into_owned),
            reason: Arc::new(Unreadable {
                operation: self.operation.unwrap_or_default().into_owned(),
                action: self.action.map(Cow::into_owned),
                code: self.code.into_owned(),
                message: self.message.into_owned(),
            }),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleErrorV1<'a> {
    rule: Cow<'a, str>,
    resource: Option<Cow<'a, str>>,
    message: Cow<'a, str>,
}

impl<'a> RuleErrorV1<'a> {
    pub(super) fn new(error: &'a RuleError) -> Self {
        Self {
            rule: Cow::Borrowed(&error.rule),
            resource: error.resource.as_deref().map(Cow::Borrowed),
            message: Cow::Borrowed(&error.message),
        }
    }

    fn into_error(self) -> RuleError {
        RuleError {
            rule: self.rule.into_owned(),
            resource: self.resource.map(Cow::into_owned),
            message: self.message.into_owned(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExemptionV1<'a> {
    id: Cow<'a, str>,
    digest: Cow<'a, str>,
    rules: Cow<'a, [String]>,
    resource: Cow<'a, BTreeMap<String, Vec<String>>>,
    keys: Cow<'a, [String]>,
    reason: Cow<'a, str>,
    owner: Option<Cow<'a, str>>,
    ticket: Option<Cow<'a, str>>,
    expires: Option<Cow<'a, str>>,
    origin: Option<Cow<'a, str>>,
    exempted: usize,
    exempted_insufficient_data: usize,
    expired: usize,
    undecided: usize,
    remarks: Cow<'a, [String]>,
}

impl<'a> ExemptionV1<'a> {
    pub(super) fn new(exemption: &'a ExemptionSummary) -> Self {
        Self {
            id: Cow::Borrowed(&exemption.id),
            digest: Cow::Borrowed(&exemption.digest),
            rules: Cow::Borrowed(&exemption.rules),
            resource: Cow::Borrowed(&exemption.resource),
            keys: Cow::Borrowed(&exemption.keys),
            reason: Cow::Borrowed(&exemption.reason),
            owner: exemption.owner.as_deref().map(Cow::Borrowed),
            ticket: exemption.ticket.as_deref().map(Cow::Borrowed),
            expires: exemption.expires.as_deref().map(Cow::Borrowed),
            origin: exemption.origin.as_deref().map(Cow::Borrowed),
            exempted: exemption.usage.findings,
            exempted_insufficient_data: exemption.usage.insufficient_data,
            expired: exemption.usage.expired,
            undecided: exemption.usage.undecided,
            remarks: Cow::Borrowed(&exemption.usage.remarks),
        }
    }

    fn into_summary(self) -> ExemptionSummary {
        ExemptionSummary {
            id: self.id.into_owned(),
            digest: self.digest.into_owned(),
            rules: self.rules.into_owned(),
            resource: self.resource.into_owned(),
            keys: self.keys.into_owned(),
            reason: self.reason.into_owned(),
            owner: self.owner.map(Cow::into_owned),
            ticket: self.ticket.map(Cow::into_owned),
            expires: self.expires.map(Cow::into_owned),
            origin: self.origin.map(Cow::into_owned),
            usage: Usage {
                findings: self.exempted,
                insufficient_data: self.exempted_insufficient_data,
                expired: self.expired,
                undecided: self.undecided,
                remarks: self.remarks.into_owned(),
            },
        }
    }
}

/// Text, where there is any.
fn some_text(text: &str) -> Option<Cow<'_, str>> {
    (!text.is_empty()).then_some(Cow::Borrowed(text))
}
