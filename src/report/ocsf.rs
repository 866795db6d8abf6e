//! The report for security data lakes: events of the Open Cybersecurity Schema Framework, class Compliance Finding (2003).
//!
//! An evaluation is an event, one a line inside one JSON array, so that the file is JSON as a whole and can be read line by
//! line. The members are those of the published schema, of the version below with the profile `cloud`
//! (<https://schema.ocsf.io/1.8.0/classes/compliance_finding?profiles=cloud>); what it has no place for stands under
//! `unmapped`. Names are held as they are, as data.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use super::controls::{Control, Controls};
use super::finding::fingerprint;
use super::partition::Partition;
use super::{Extent, Report, RuleSummary};
use crate::evaluation::{ComplianceType, Evaluation, Severity};
use crate::value::Value;

/// The version of the published schema that the events keep to.
pub const VERSION: &str = "1.8.0";

const CATEGORY: u32 = 2;
const CLASS: u32 = 2003;

#[derive(Serialize)]
struct Event<'a> {
    activity_id: u32,
    activity_name: &'static str,
    category_uid: u32,
    category_name: &'static str,
    class_uid: u32,
    class_name: &'static str,
    type_uid: u32,
    type_name: String,
    time: i64,
    severity_id: u32,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    message: &'a str,
    metadata: serde_json::Value,
    cloud: serde_json::Value,
    compliance: Compliance<'a>,
    finding_info: FindingInfo<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<Remediation<'a>>,
    resources: Vec<Resource<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidences: Vec<serde_json::Value>,
    unmapped: serde_json::Value,
}

#[derive(Serialize)]
struct Compliance<'a> {
    control: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    standards: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requirements: Vec<String>,
    status_id: u32,
    status: &'static str,
    status_code: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    status_details: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    control_parameters: Vec<serde_json::Value>,
}

#[derive(Serialize)]
struct FindingInfo<'a> {
    uid: String,
    title: &'a str,
    types: Vec<&'a str>,
    analytic: serde_json::Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen_time: Option<i64>,
    last_seen_time: i64,
}

#[derive(Serialize)]
struct Remediation<'a> {
    desc: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<&'a str>,
}

#[derive(Serialize)]
struct Resource<'a> {
    uid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    r#type: &'a str,
    region: &'a str,
    cloud_partition: &'static str,
}

/// Writes the events.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, extent: Extent, out: &mut dyn Write) -> io::Result<()> {
    let controls = Controls::of(report);
    out.write_all(b"[")?;
    for (at, evaluation) in report.extent(extent).enumerate() {
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &event(report, &controls, evaluation))?;
    }
    out.write_all(b"\n]\n")
}

fn event<'a>(report: &'a Report, controls: &Controls<'a>, evaluation: &'a Evaluation) -> Event<'a> {
    let key = &evaluation.resource;
    let rule = report.rule(&evaluation.rule);
    let time = milliseconds(&report.snapshot.captured_at).unwrap_or(0);
    let standing = report.drift.as_ref().and_then(|drift| drift.standing(evaluation));
    let since = standing.and_then(|standing| standing.open_since.as_deref()).and_then(milliseconds);
    // What was found before is told again; what is new, and what has no before, is told first.
    let (activity_id, activity_name) = if since.is_some() { (2, "Update") } else { (1, "Create") };
    let (severity_id, severity) = severity(evaluation.severity);
    let status = match evaluation.compliance_type {
        _ if evaluation.is_exempted() => Some((3, "Suppressed")),
        ComplianceType::NonCompliant => Some((1, "New")),
        _ => None,
    };
    let partition = Partition::of(evaluation.arn.as_deref(), &key.region);
    let name = evaluation.resource_name.as_deref().filter(|name| !name.is_empty());
    let title = rule.map_or(&*evaluation.rule, |rule| &rule.title);
    Event {
        activity_id,
        activity_name,
        category_uid: CATEGORY,
        category_name: "Findings",
        class_uid: CLASS,
        class_name: "Compliance Finding",
        type_uid: CLASS * 100 + activity_id,
        type_name: format!("Compliance Finding: {activity_name}"),
        time,
        severity_id,
        severity,
        status_id: status.map(|(id, _)| id),
        status: status.map(|(_, name)| name),
        message: if evaluation.annotation.is_empty() { title } else { &evaluation.annotation },
        metadata: json!({
            "version": VERSION,
            "product": {"name": "assize", "vendor_name": "assize", "version": report.assize_version},
            "profiles": ["cloud"],
            "event_code": *evaluation.rule,
        }),
        cloud: json!({
            "provider": "AWS",
            "account": {"uid": *key.account_id, "type": "AWS Account", "type_id": 10},
            "region": *key.region,
            "cloud_partition": partition.name,
        }),
        compliance: compliance(evaluation, rule, controls.of_rule(&evaluation.rule)),
        finding_info: FindingInfo {
            uid: fingerprint(evaluation),
            title,
            types: rule.map(|rule| vec![rule.category.as_str()]).unwrap_or_default(),
            analytic: json!({"uid": *evaluation.rule, "name": title, "type": "Rule", "type_id": 1}),
            desc: rule.map(|rule| rule.description.trim()),
            first_seen_time: since,
            last_seen_time: time,
        },
        remediation: rule.filter(|rule| !rule.remediation.trim().is_empty()).map(|rule| Remediation {
            desc: rule.remediation.trim(),
            references: rule.references.iter().map(String::as_str).collect(),
        }),
        resources: vec![Resource {
            uid: evaluation.arn.as_deref().unwrap_or(&key.resource_id),
            name,
            r#type: &key.resource_type,
            region: &key.region,
            cloud_partition: partition.name,
        }],
        evidences: evidences(evaluation),
        unmapped: json!({
            "resource_id": *key.resource_id,
            "key": evaluation.key,
            "compliance_type": evaluation.compliance_type,
            "gap": evaluation.gap,
            "exemption": evaluation.exemption,
        }),
    }
}

fn compliance<'a>(
    evaluation: &'a Evaluation,
    rule: Option<&'a RuleSummary>,
    controls: &[Control<'a>],
) -> Compliance<'a> {
    // The schema's `Warning` is for what gave no result for want of information.
    let (status_id, status) = match evaluation.compliance_type {
        ComplianceType::Compliant => (1, "Pass"),
        ComplianceType::InsufficientData => (2, "Warning"),
        ComplianceType::NonCompliant => (3, "Fail"),
        ComplianceType::NotApplicable => (99, "Not applicable"),
    };
    let gap = evaluation.gap.as_deref().map(|gap| gap.reason.to_string());
    let said = Some(evaluation.annotation.to_string()).filter(|text| !text.is_empty());
    let parameters = rule.map(|rule| &rule.parameters).into_iter().flatten();
    Compliance {
        control: &evaluation.rule,
        standards: controls.iter().map(|control| control.pack).collect(),
        requirements: controls.iter().flat_map(Control::requirements).collect(),
        status_id,
        status,
        status_code: evaluation.compliance_type.as_str(),
        status_details: said.into_iter().chain(gap).collect(),
        category: rule.map(|rule| rule.category.as_str()),
        desc: rule.map(|rule| rule.title.as_str()),
        control_parameters: parameters.map(|(name, value)| json!({"name": name, "value": parameter(value)})).collect(),
    }
}

fn parameter(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What the rule read, by resource.
fn evidences(evaluation: &Evaluation) -> Vec<serde_json::Value> {
    let mut by_resource = BTreeMap::<Option<&str>, Vec<serde_json::Value>>::new();
    for fact in evaluation.evidence.iter().filter(|fact| fact.value.is_some()) {
        let fact_of = by_resource.entry(fact.resource.as_deref()).or_default();
        fact_of.push(json!({"path": *fact.path, "value": fact.value}));
    }
    let key = &evaluation.resource;
    let own = format!("{} {}", key.resource_type, key.resource_id);
    let named = |(resource, facts): (Option<&str>, _)| json!({"name": resource.unwrap_or(&own), "data": facts});
    by_resource.into_iter().map(named).collect()
}

fn severity(severity: Severity) -> (u32, &'static str) {
    match severity {
        Severity::Informational => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

fn milliseconds(time: &str) -> Option<i64> {
    time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}
