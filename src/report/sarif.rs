//! The report for code scanning: SARIF 2.1.0 in the part of it that GitHub reads.
//!
//! GitHub refuses a whole file when one result has no location, or one that is not a relative URI of a file
//! (<https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>).
//! A live resource has no file, and its name may hold colons, spaces or anything else. So every result is located in one
//! and the same file of the repository, the [`Anchor`], and no text from AWS is ever part of a URI. The resource stands
//! as the logical location, whole and unchanged.
//!
//! - One run an account, in a category of its own, so that the uploads of two accounts do not close each other's alerts.
//! - The fingerprint is made of rule, account, region, type, id and key: not of the order, the wording or the place.
//! - An exempted finding is no result, unless it is asked for: then it is one with a suppression. GitHub does not read
//!   suppressions. Left out, it closes its alert; a notification counts what is left out.
//! - Compliant and not applicable evaluations are not results. What could not be judged is no result either: it is a
//!   notification, and `executionSuccessful` is false then.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::json;
use serde_sarif::sarif::{
    ArtifactLocation, Invocation, Location, LogicalLocation, Message, MultiformatMessageString, Notification,
    PhysicalLocation, PropertyBag, Region, ReportingConfiguration, ReportingDescriptor, ReportingDescriptorReference,
    Result as SarifResult, ResultKind, ResultLevel, Run, RunAutomationDetails, Sarif, Suppression, Tool, ToolComponent,
};

use super::finding::fingerprint;
use super::{ExemptionSummary, Options, Report, RuleSummary, harmless, shortened};
use crate::drift::Drift;
use crate::evaluation::{ComplianceType, Evaluation, ExemptionMark, RuleError, Severity};
use crate::gap::Gap;
use crate::item::ResourceKey;

/// The schema that a file names.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// GitHub's limits: of results in a run, and of runs in a file.
const MOST_RESULTS: usize = 25_000;
const MOST_RUNS: usize = 20;

/// GitHub's limits: characters of a rule's short and full description, and tags of a rule.
const MOST_CHARACTERS: usize = 1_024;
const MOST_TAGS: usize = 10;

/// What gaps and rule errors are called among the tool's notifications.
const GAP: &str = "gap";
const RULE_ERROR: &str = "rule-error";
const SKIPPED_REGION: &str = "skipped-region";
const LEFT_OUT: &str = "results-left-out";
const EXEMPTED: &str = "exempted";
const EXEMPTION: &str = "exemption";

/// The file of the repository in which all results are located.
///
/// A result is at the line of that file that names its rule, or else at its first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    uri: String,
    text: String,
    /// By rule, the line that asks for it.
    lines: BTreeMap<String, u64>,
}

/// What does not stand for itself in the path of a relative URI reference (RFC 3986, section 3.3). A colon would make
/// the first segment a scheme.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

impl Anchor {
    /// The file at this path, as seen from the root of the repository, with this content. The path must not lead out of
    /// the repository: parts such as `..` are left out.
    pub fn new(path: &Path, text: impl Into<String>) -> Self {
        let segments: Vec<String> = path
            .components()
            .filter_map(|part| match part {
                std::path::Component::Normal(name) => Some(name.to_string_lossy()),
                _ => None,
            })
            .map(|name| utf8_percent_encode(&name, PATH).to_string())
            .collect();
        let uri = if segments.is_empty() { DEFAULT_ANCHOR.to_owned() } else { segments.join("/") };
        Self { uri, text: text.into(), lines: BTreeMap::new() }
    }

    /// The same, with the line, from 1, that asks for each rule. Of other rules the one that names them.
    #[must_use]
    pub fn with_lines(mut self, lines: BTreeMap<String, u64>) -> Self {
        self.lines = lines;
        self
    }

    /// The relative URI of the file.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The same as a path.
    pub(super) fn path(&self) -> String {
        percent_decode_str(&self.uri).decode_utf8_lossy().into_owned()
    }

    /// The line that asks for the rule, or else has its id, from 1; the first line if none does.
    pub(super) fn line(&self, rule: &str) -> i64 {
        self.line_of(rule).0
    }

    /// The line that asks for the rule, or else has its id, from 1, and its length in UTF-16 code units; the first line if
    /// none does.
    fn line_of(&self, rule: &str) -> (i64, i64) {
        let asking = self.lines.get(rule).and_then(|line| usize::try_from(*line).ok()?.checked_sub(1));
        let asking = asking.and_then(|at| Some((at, self.text.lines().nth(at)?)));
        let found = asking.or_else(|| self.text.lines().enumerate().find(|(_, line)| has_word(line, rule)));
        let (at, line) = found.unwrap_or((0, self.text.lines().next().unwrap_or_default()));
        (integer(at) + 1, integer(line.encode_utf16().count()))
    }
}

/// The configuration file: code scanning accepts a relative path that is not in the repository, without a preview.
const DEFAULT_ANCHOR: &str = "assize.yaml";

impl Default for Anchor {
    fn default() -> Self {
        Self::new(Path::new(DEFAULT_ANCHOR), "")
    }
}

/// Whether the line has the id, and not as a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let part_of_id = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(part_of_id) && !after.is_some_and(part_of_id)
    })
}

/// Writes the report as one SARIF file.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, options: &Options, out: impl Write) -> io::Result<()> {
    write_with(report, None, options, out)
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
    let mut sarif = Sarif::builder().version("2.1.0").runs(runs(report, baseline, options)).build();
    sarif.schema = Some(SCHEMA.to_owned());
    serde_json::to_writer_pretty(&mut out, &sarif)?;
    out.write_all(b"\n")
}

/// One run an account. More accounts than a file may have runs share one.
fn runs(report: &Report, baseline: Option<&Baseline>, options: &Options) -> Vec<Run> {
    let accounts = &report.snapshot.accounts;
    if accounts.is_empty() || accounts.len() > MOST_RUNS {
        return vec![run(report, baseline, options, None)];
    }
    accounts.iter().map(|account| run(report, baseline, options, Some(account))).collect()
}

fn run(report: &Report, baseline: Option<&Baseline>, options: &Options, account: Option<&str>) -> Run {
    let anchor = &options.anchor;
    let here = |other: &str| account.is_none_or(|account| account == other);
    let is_result = |one: &Evaluation| {
        one.is_finding() || options.suppressions && one.compliance_type == ComplianceType::NonCompliant
    };
    let of_account = report.evaluations.iter().filter(|one| here(&one.resource.account_id));
    let mut findings: Vec<&Evaluation> = of_account.clone().filter(|one| is_result(one)).collect();
    let mut left_out = keep_worst(&mut findings);
    let exempted = of_account.filter(|one| one.is_exempted() && !is_result(one)).count();

    let rules: BTreeMap<&str, RulePlace> = report
        .rules
        .iter()
        .enumerate()
        .map(|(at, rule)| (rule.id.as_str(), RulePlace::new(at, rule, anchor)))
        .collect();
    let mut occurrences = BTreeMap::new();
    let mut located =
        |finding: &Evaluation| result(finding, rules.get(&*finding.rule).copied(), anchor, &mut occurrences);
    let mut results: Vec<SarifResult> = findings.iter().map(|finding| located(finding)).collect();
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
                let mut result = located(finding);
                result.baseline_state = Some(json!(state));
                // Only what fails has a level.
                if is_open {
                    (result.kind, result.level) = (Some(ResultKind::Open), Some(ResultLevel::None));
                }
                results.push(result);
            }
        }
        // What is there comes before what was.
        left_out += results.len().saturating_sub(MOST_RESULTS);
        results.truncate(MOST_RESULTS);
    }

    let mut execution = Vec::new();
    let mut configuration = Vec::new();
    for (gap, rules) in report.gaps_and_rules().into_iter().filter(|(gap, _)| here(&gap.account_id)) {
        execution.push(gap_notification(gap, &rules));
    }
    for error in &report.rule_errors {
        // A rule that broke on a resource ran; one without a resource could not be loaded.
        let kind = if error.resource.is_some() { &mut execution } else { &mut configuration };
        kind.push(rule_error_notification(report, error));
    }
    for (region, reason) in &report.snapshot.skipped_regions {
        let text = format!("region {region} was skipped: {reason}");
        configuration.push(notification(SKIPPED_REGION, "note", &text));
    }
    if left_out > 0 {
        let text = format!("{left_out} of the less severe findings are left out: code scanning takes {MOST_RESULTS}");
        execution.push(notification(LEFT_OUT, "warning", &text));
    }

    if exempted > 0 {
        let what = if exempted == 1 { "exempted evaluation is" } else { "exempted evaluations are" };
        execution.push(notification(EXEMPTED, "note", &format!("{exempted} {what} no result")));
    }
    for exemption in &report.exemptions {
        for remark in &exemption.usage.remarks {
            configuration.push(exemption_notification(exemption, remark));
        }
    }

    let mut invocation = Invocation::builder().execution_successful(report.is_complete()).build();
    invocation.start_time_utc = some_text(&report.snapshot.captured_at);
    invocation.tool_execution_notifications = Some(execution);
    invocation.tool_configuration_notifications = Some(configuration);

    let mut run = Run::builder().tool(tool(report)).build();
    run.results = Some(results);
    run.invocations = Some(vec![invocation]);
    // What is before the last slash is the category; the run itself has no id.
    let category = account.map_or_else(|| "assize/".to_owned(), |account| format!("assize/{account}/"));
    run.automation_details = Some(RunAutomationDetails::builder().id(category).build());
    run.column_kind = Some(json!("utf16CodeUnits"));
    run
}

/// Of more findings than a run may have the worst stay, in their order. The number of the others.
fn keep_worst(findings: &mut Vec<&Evaluation>) -> usize {
    let left_out = findings.len().saturating_sub(MOST_RESULTS);
    if left_out > 0 {
        let mut order: Vec<usize> = (0..findings.len()).collect();
        order.sort_by_key(|at| Reverse(findings.get(*at).map(|finding| finding.severity)));
        order.truncate(MOST_RESULTS);
        order.sort_unstable();
        *findings = order.into_iter().filter_map(|at| findings.get(at).copied()).collect();
    }
    left_out
}

fn tool(report: &Report) -> Tool {
    let mut driver = ToolComponent::builder().name("assize").build();
    driver.semantic_version = Some(report.assize_version.clone());
    driver.rules = Some(report.rules.iter().map(descriptor).collect());
    driver.notifications = Some(
        [
            (GAP, "Facts that could not be read: what depends on them is not judged"),
            (RULE_ERROR, "A rule failed by itself"),
            (SKIPPED_REGION, "A region that was asked for is not enabled"),
            (LEFT_OUT, "There are more findings than code scanning takes"),
            (EXEMPTED, "Somebody has accepted what was found, or that it could not be judged"),
            (EXEMPTION, "An exemption covers nothing, too much, or could not be decided"),
        ]
        .into_iter()
        .map(|(id, text)| {
            let mut descriptor = ReportingDescriptor::builder().id(id).build();
            descriptor.short_description = Some(MultiformatMessageString::builder().text(text).build());
            descriptor
        })
        .collect(),
    );
    Tool::builder().driver(driver).build()
}

fn descriptor(rule: &RuleSummary) -> ReportingDescriptor {
    let title = first_of([&rule.title, &rule.id]);
    let description = first_of([&rule.description, &rule.title, &rule.id]);
    let mut descriptor = ReportingDescriptor::builder().id(&rule.id).build();
    descriptor.name = Some(shortened(&rule.id, 255));
    descriptor.short_description = Some(text(&shortened(title, MOST_CHARACTERS)));
    descriptor.full_description = Some(text(&shortened(description, MOST_CHARACTERS)));
    descriptor.help = Some(help(rule));
    descriptor.help_uri = rule.references.iter().find(|page| page.starts_with("https://")).cloned();
    descriptor.default_configuration =
        Some(ReportingConfiguration::builder().level(json!(level(rule.severity))).build());
    let service = rule.resource_types.iter().find_map(|name| name.split("::").nth(1)).unwrap_or_default();
    let mut tags = vec![rule.category.clone(), "aws".to_owned()];
    tags.extend([service.to_lowercase(), format!("severity/{}", rule.severity.as_str()), rule.maturity.clone()]);
    tags.retain(|tag| !tag.is_empty());
    tags.truncate(MOST_TAGS);
    let problem = match rule.severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Informational => "recommendation",
    };
    let mut properties = properties([
        ("precision", json!("very-high")),
        ("problem.severity", json!(problem)),
        ("security-severity", json!(security_severity(rule.severity))),
    ]);
    properties.tags = Some(tags);
    descriptor.properties = Some(properties);
    descriptor
}

/// Where GitHub puts a rule: over 9.0 critical, from 7.0 high, from 4.0 medium, from 0.1 low. It has no fifth level.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Informational => "0.1",
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Informational => "note",
    }
}

fn help(rule: &RuleSummary) -> MultiformatMessageString {
    let sections = [("", &rule.description), ("Risk", &rule.risk), ("Remediation", &rule.remediation)];
    let mut plain = Vec::new();
    let mut markdown = Vec::new();
    for (heading, text) in sections {
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        if heading.is_empty() {
            plain.push(text.to_owned());
            markdown.push(text.to_owned());
        } else {
            plain.push(format!("{heading}: {text}"));
            markdown.push(format!("## {heading}\n\n{text}"));
        }
    }
    if !rule.parameters.is_empty() {
        let lines: Vec<String> = rule.parameters.iter().map(|(name, value)| format!("- `{name}`: `{value}`")).collect();
        markdown.push(format!("## Parameters\n\n{}", lines.join("\n")));
    }
    if !rule.references.is_empty() {
        let lines: Vec<String> = rule.references.iter().map(|page| format!("- <{page}>")).collect();
        plain.push(format!("References: {}", rule.references.join(" ")));
        markdown.push(format!("## References\n\n{}", lines.join("\n")));
    }
    if plain.is_empty() {
        plain.push(first_of([&rule.title, &rule.id]).to_owned());
        markdown.clone_from(&plain);
    }
    let mut help = text(&plain.join("\n\n"));
    help.markdown = Some(markdown.join("\n\n"));
    help
}

/// Where a rule stands: among the tool's rules, and in the anchor file.
#[derive(Clone, Copy)]
struct RulePlace {
    index: i64,
    line: i64,
    columns: i64,
}

impl RulePlace {
    fn new(at: usize, rule: &RuleSummary, anchor: &Anchor) -> Self {
        let (line, columns) = anchor.line_of(&rule.id);
        Self { index: integer(at), line, columns }
    }
}

fn result(
    finding: &Evaluation,
    place: Option<RulePlace>,
    anchor: &Anchor,
    occurrences: &mut BTreeMap<String, usize>,
) -> SarifResult {
    let key = &finding.resource;
    let shown = finding.resource_name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&key.resource_id);
    let annotation = if finding.annotation.is_empty() { "not compliant" } else { &finding.annotation };
    let message = format!("{} {shown} in {}: {annotation}", key.resource_type, key.region);

    let name = finding.arn.as_deref().map_or_else(
        || format!("{}/{}/{}/{}", key.account_id, key.region, key.resource_type, key.resource_id),
        str::to_owned,
    );
    let mut logical = LogicalLocation::builder().fully_qualified_name(name).kind("resource").build();
    logical.name = some_text(shown);

    let (line, columns) = place.map_or((1, 0), |place| (place.line, place.columns));
    let region = Region::builder().start_line(line).start_column(1).end_line(line).end_column(columns + 1).build();
    let physical = PhysicalLocation::builder()
        .artifact_location(ArtifactLocation::builder().uri(anchor.uri()).build())
        .region(region)
        .build();

    let fingerprint = fingerprint(finding);
    let occurrence = occurrences.entry(fingerprint.clone()).or_default();
    *occurrence += 1;

    let mut result = SarifResult::builder().message(plain_message(&message)).build();
    result.rule_id = Some(finding.rule.to_string());
    result.rule_index = place.map(|place| place.index);
    result.kind = Some(ResultKind::Fail);
    result.level = Some(match level(finding.severity) {
        "error" => ResultLevel::Error,
        "warning" => ResultLevel::Warning,
        _ => ResultLevel::Note,
    });
    result.locations =
        Some(vec![Location::builder().physical_location(physical).logical_locations(vec![logical]).build()]);
    // GitHub compares `primaryLocationLineHash` only; others are to see that this one is not made of a line.
    result.partial_fingerprints = Some(BTreeMap::from([
        ("primaryLocationLineHash".to_owned(), format!("{fingerprint}:{occurrence}")),
        ("assizeFinding/v1".to_owned(), fingerprint),
    ]));
    let evidence: Vec<_> = finding
        .evidence
        .iter()
        .map(|fact| json!({"resource": fact.resource, "path": fact.path, "value": fact.value}))
        .collect();
    if let Some(mark) = finding.exemption.as_deref().filter(|_| finding.is_exempted()) {
        result.suppressions = Some(vec![suppression(mark)]);
    }
    result.properties = Some(properties([
        ("accountId", json!(*key.account_id)),
        ("awsRegion", json!(*key.region)),
        ("resourceType", json!(*key.resource_type)),
        ("resourceId", json!(*key.resource_id)),
        ("resourceName", json!(finding.resource_name)),
        ("arn", json!(finding.arn)),
        ("key", json!(finding.key)),
        ("severity", json!(finding.severity)),
        ("annotation", json!(finding.annotation)),
        ("evidence", json!(evidence)),
        ("exemption", finding.exemption.as_deref().map_or(json!(null), exemption)),
    ]));
    result
}

/// Says whether a finding is new, or since when it has been open. What was fixed is no result: code scanning would take
/// it for an alert.
fn add_standing(result: &mut SarifResult, drift: &Drift, finding: &Evaluation) {
    let Some(standing) = drift.standing(finding) else { return };
    result.baseline_state = Some(json!(if standing.open_since.is_none() { "new" } else { "unchanged" }));
    if let Some(properties) = &mut result.properties {
        let version = standing.version.as_ref();
        let version = version.map(|version| json!({"from": version.from, "relatedEvents": version.related_events}));
        properties.additional_properties.insert("openSince".to_owned(), json!(standing.open_since));
        properties.additional_properties.insert("firstNonCompliantVersion".to_owned(), json!(version));
    }
}

/// What an exemption says of a finding, in force or not.
fn exemption(mark: &ExemptionMark) -> serde_json::Value {
    let ExemptionMark { id, state, reason, owner, ticket, expires } = mark;
    json!({
        "id": id, "state": state, "reason": reason, "owner": owner, "ticket": ticket, "expires": expires,
    })
}

fn suppression(mark: &ExemptionMark) -> Suppression {
    let mut suppression = Suppression::builder().kind(json!("external")).build();
    suppression.status = Some(json!("accepted"));
    suppression.justification = Some(mark.reason.clone());
    suppression.properties = Some(properties([("exemption", exemption(mark))]));
    suppression
}

fn exemption_notification(exemption: &ExemptionSummary, remark: &str) -> Notification {
    let origin = exemption.origin.as_deref().map(|origin| format!(" in {origin}")).unwrap_or_default();
    let text = format!("exemption {}{origin} {remark}", exemption.id);
    let mut notification = notification(EXEMPTION, "note", &text);
    notification.properties = Some(properties([("exemption", json!(exemption.id))]));
    notification
}

fn gap_notification(gap: &Gap, rules: &BTreeMap<&str, usize>) -> Notification {
    let place = match (&gap.resource_id, &gap.path) {
        (None, _) => format!("the list of {} in {}", gap.resource_type, gap.aws_region),
        (Some(id), None) => format!("{} {id} in {}", gap.resource_type, gap.aws_region),
        (Some(id), Some(path)) => format!("{path} of {} {id} in {}", gap.resource_type, gap.aws_region),
    };
    let mut notification = notification(GAP, "warning", &format!("could not read {place}: {}", gap.reason));
    notification.properties = Some(properties([("gap", json!(gap)), ("notJudged", json!(rules))]));
    notification
}

fn rule_error_notification(report: &Report, error: &RuleError) -> Notification {
    let text = match &error.resource {
        Some(resource) => format!("{} failed on {resource}: {}", error.rule, error.message),
        None => format!("{} could not be loaded: {}", error.rule, error.message),
    };
    let mut notification = notification(RULE_ERROR, "error", &text);
    notification.associated_rule = report
        .rules
        .iter()
        .position(|rule| rule.id == error.rule)
        .map(|at| ReportingDescriptorReference::builder().id(&error.rule).index(integer(at)).build());
    notification
}

fn notification(id: &str, level: &str, text: &str) -> Notification {
    let mut notification = Notification::builder().message(plain_message(text)).build();
    notification.descriptor = Some(ReportingDescriptorReference::builder().id(id).build());
    notification.level = Some(json!(level));
    notification
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
