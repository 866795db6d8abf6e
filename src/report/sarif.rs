//! The report for code scanning: SARIF 2.1.0 in the part of it that GitHub reads.
//!
//! GitHub refuses a whole file when one result has no location, or one that is not a relative URI of a file
//! (<https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>).
//! A result is located where its resource is defined, if that is known. A live resource of which nothing is known has no
//! file, and its name may hold colons, spaces or anything else: it is located in one and the same file of the repository,
//! the [`Anchor`]. No text from AWS is ever part of a URI. The resource stands as the logical location, whole and unchanged.
//!
//! - One run an account, in a category of its own, so that the uploads of two accounts do not close each other's alerts.
//! - The fingerprint is made of rule, account, region, type, id and key: not of the order, the wording or the place.
//! - An exempted finding is no result, unless it is asked for: then it is one with a suppression. GitHub does not read
//!   suppressions. Left out, it closes its alert; a notification counts what is left out.
//! - Compliant and not applicable evaluations are not results. What could not be judged is no result either: it is a
//!   notification, and `executionSuccessful` is false then.
//! - Packs are taxonomies: their controls are the taxa to which rules have relationships, and how their rules ended stands
//!   among the properties of the run. GitHub reads neither.
//! - What is more than GitHub takes or shows is counted, in the file and by [`Document::remarks`].

mod anchor;
pub mod check;
mod limits;
mod notice;
mod result;
mod taxonomy;
mod tool;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::json;
use serde_sarif::sarif::{
    Invocation, Message, MultiformatMessageString, PropertyBag, Result as SarifResult, ResultKind, ResultLevel, Run,
    RunAutomationDetails, Sarif,
};

pub use self::anchor::Anchor;
use self::limits::{Budget, MOST_RUNS};
use self::notice::{EXEMPTED, LEFT_OUT, SKIPPED_REGION};
use self::result::{Located, add_standing};
use self::taxonomy::Taxonomies;
use super::{Options, Report, harmless};
use crate::evaluation::{ComplianceType, Evaluation};
use crate::item::ResourceKey;

/// The schema that a file names.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Writes the report as one SARIF file.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, options: &Options, mut out: impl Write) -> io::Result<()> {
    out.write_all(&Document::new(report, options)?.bytes)
}

/// A SARIF file, and what a person should know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The file.
    pub bytes: Vec<u8>,
    /// What code scanning will not show, as sentences.
    pub remarks: Vec<String>,
}

impl Document {
    /// The report as one SARIF file that GitHub takes.
    ///
    /// # Errors
    /// None that are known: what could fail is writing to memory.
    pub fn new(report: &Report, options: &Options) -> io::Result<Self> {
        Self::with(report, None, options)
    }

    fn with(report: &Report, baseline: Option<&Baseline>, options: &Options) -> io::Result<Self> {
        let taxonomies = Taxonomies::of(report);
        let mut budget = Budget::default();
        loop {
            let mut remarks = Vec::new();
            let runs = runs(report, &taxonomies, baseline, options, &budget, &mut remarks);
            let mut sarif = Sarif::builder().version("2.1.0").runs(runs).build();
            sarif.schema = Some(SCHEMA.to_owned());
            let mut bytes = serde_json::to_vec_pretty(&sarif)?;
            bytes.push(b'\n');
            match budget.smaller(&bytes)? {
                Some(smaller) => budget = smaller,
                None => return Ok(Self { bytes, remarks }),
            }
        }
    }
}

/// How the findings of a report stand to those of an older one.
#[derive(Default)]
pub(super) struct Baseline<'a> {
    /// The `baselineState` of findings that are not `new`.
    pub(super) states: BTreeMap<Identity<'a>, &'static str>,
    /// Findings of the older report that are none any more.
    pub(super) absent: Vec<&'a Evaluation>,
    /// Findings of the older report that could not be judged again.
    pub(super) open: Vec<&'a Evaluation>,
}

/// What tells one finding from another: the resource, the rule, the key.
pub(super) type Identity<'a> = (&'a ResourceKey, &'a str, &'a str);

/// The identity of a finding.
pub(super) fn identity(finding: &Evaluation) -> Identity<'_> {
    (&finding.resource, &finding.rule, &finding.key)
}

/// Writes the report as one SARIF file, with the state of each result against a baseline.
///
/// # Errors
/// What the writer says.
pub(super) fn write_with(
    report: &Report,
    baseline: Option<&Baseline>,
    options: &Options,
    mut out: impl Write,
) -> io::Result<()> {
    out.write_all(&Document::with(report, baseline, options)?.bytes)
}

/// One run an account. More accounts than a file may have runs share one.
fn runs(
    report: &Report,
    taxonomies: &Taxonomies<'_>,
    baseline: Option<&Baseline>,
    options: &Options,
    budget: &Budget,
    remarks: &mut Vec<String>,
) -> Vec<Run> {
    let accounts = &report.snapshot.accounts;
    if accounts.is_empty() || accounts.len() > MOST_RUNS {
        return vec![run(report, taxonomies, baseline, options, budget, None, remarks)];
    }
    let of = |account: &String| run(report, taxonomies, baseline, options, budget, Some(account), remarks);
    accounts.iter().map(of).collect()
}

fn run(
    report: &Report,
    taxonomies: &Taxonomies<'_>,
    baseline: Option<&Baseline>,
    options: &Options,
    budget: &Budget,
    account: Option<&str>,
    remarks: &mut Vec<String>,
) -> Run {
    let here = |other: &str| account.is_none_or(|account| account == other);
    let is_result = |one: &Evaluation| {
        one.is_finding() || options.suppressions && one.compliance_type == ComplianceType::NonCompliant
    };
    let of_account = report.evaluations.iter().filter(|one| here(&one.resource.account_id));
    let mut findings: Vec<&Evaluation> = of_account.clone().filter(|one| is_result(one)).collect();
    let exempted = of_account.filter(|one| one.is_exempted() && !is_result(one)).count();
    let all = findings.len();
    let mut left_out = budget.keep_worst(&mut findings);

    let mut located = Located::new(report, &options.anchor, budget.evidence);
    let mut results: Vec<SarifResult> = findings.iter().map(|finding| located.result(finding)).collect();
    if let Some(drift) = &report.drift {
        for (result, finding) in results.iter_mut().zip(&findings) {
            add_standing(result, drift, finding);
        }
    }
    if let Some(baseline) = baseline {
        for (result, finding) in results.iter_mut().zip(&findings) {
            let state = baseline.states.get(&identity(finding)).copied().unwrap_or("new");
            result.baseline_state = Some(json!(state));
        }
        let of_before = [(&baseline.absent, "absent", false), (&baseline.open, "updated", true)];
        for (findings, state, is_open) in of_before {
            for finding in findings.iter().filter(|finding| here(&finding.resource.account_id)) {
                let mut result = located.result(finding);
                result.baseline_state = Some(json!(state));
                // Only what fails has a level.
                if is_open {
                    (result.kind, result.level) = (Some(ResultKind::Open), Some(ResultLevel::None));
                }
                results.push(result);
            }
        }
        // What is there comes before what was.
        left_out += results.len().saturating_sub(budget.results);
        results.truncate(budget.results);
    }

    let mut execution = Vec::new();
    let mut configuration = Vec::new();
    let mut cut = 0;
    for (gap, rules) in report.gaps_and_rules().into_iter().filter(|(gap, _)| here(&gap.account_id)) {
        if execution.len() < budget.notifications { execution.push(notice::gap(gap, &rules)) } else { cut += 1 }
    }
    for error in &report.rule_errors {
        // A rule that broke on a resource ran; one without a resource could not be loaded.
        let kind = if error.resource.is_some() { &mut execution } else { &mut configuration };
        if kind.len() < budget.notifications { kind.push(notice::rule_error(report, error)) } else { cut += 1 }
    }
    for (region, reason) in &report.snapshot.skipped_regions {
        let text = format!("region {region} was skipped: {reason}");
        configuration.push(notice::new(SKIPPED_REGION, "note", &text));
    }
    let of = account.map(|account| format!(" of account {account}")).unwrap_or_default();
    for text in budget.told(all, results.len(), left_out, cut) {
        execution.push(notice::new(LEFT_OUT, "warning", &text));
        remarks.push(format!("SARIF{of}: {text}"));
    }

    if exempted > 0 {
        let what = if exempted == 1 { "exempted evaluation is" } else { "exempted evaluations are" };
        execution.push(notice::new(EXEMPTED, "note", &format!("{exempted} {what} no result")));
    }
    for exemption in &report.exemptions {
        for remark in &exemption.usage.remarks {
            configuration.push(notice::exemption(exemption, remark));
        }
    }

    let mut invocation = Invocation::builder().execution_successful(report.is_complete()).build();
    invocation.start_time_utc = some_text(&report.snapshot.captured_at);
    invocation.tool_execution_notifications = Some(execution);
    invocation.tool_configuration_notifications = Some(configuration);

    let mut run = Run::builder().tool(tool::of(report, taxonomies)).build();
    run.results = Some(results);
    run.invocations = Some(vec![invocation]);
    // What is before the last slash is the category; the run itself has no id.
    let category = match account {
        Some(account) => format!("assize/{account}/"),
        // What is not deployed yet has alerts of its own.
        None if report.snapshot.source == "template" => "assize/template/".to_owned(),
        None => "assize/".to_owned(),
    };
    run.automation_details = Some(RunAutomationDetails::builder().id(category).build());
    run.column_kind = Some(json!("utf16CodeUnits"));
    run.taxonomies = taxonomies.components();
    run.properties = taxonomy::sums(report);
    run
}

/// A message that is text and nothing else: SARIF reads `[text](1)` as a link, also in plain messages.
fn plain_message(text: &str) -> Message {
    Message::builder().text(harmless(text).replace("](", "] (")).build()
}

fn text(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(text).build()
}

fn properties<const N: usize>(members: [(&str, serde_json::Value); N]) -> PropertyBag {
    let members: BTreeMap<String, serde_json::Value> = members
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    PropertyBag::builder().additional_properties(members).build()
}

/// The first text that has something in it: GitHub does not count empty ones.
fn first_of<const N: usize>(texts: [&str; N]) -> &str {
    texts.into_iter().map(str::trim).find(|text| !text.is_empty()).unwrap_or("-")
}

fn some_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A count or a position as SARIF's types have it.
fn integer(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
