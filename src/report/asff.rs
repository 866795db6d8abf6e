//! The report for Security Hub: findings in the AWS Security Finding Format, version 2018-10-08.
//!
//! The file is a JSON array, one finding a line. `BatchImportFindings` takes a hundred at a time, each of at most 240 KB and
//! with the lengths of the format's guide
//! (<https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html>): texts are shortened, and
//! evidence that has no room is counted. Ids are fingerprints, so the next import updates the finding. The product is
//! the account's own (`product/ACCOUNT/default`): no integration has to be switched on.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::controls::{Control, Controls};
use super::finding::fingerprint;
use super::partition::Partition;
use super::{Extent, Report, RuleSummary, harmless, shortened};
use crate::evaluation::{ComplianceType, Evaluation, Severity};
use crate::item::ACCOUNT;

/// The format's version.
pub const SCHEMA_VERSION: &str = "2018-10-08";

/// The characters that the format allows.
const ID: usize = 512;
const TITLE: usize = 256;
const DESCRIPTION: usize = 1_024;
const TEXT: usize = 512;
const FIELD: usize = 2_048;
/// A key may have 128 characters; all of ours are shorter. A finding may have 50 fields and 32 resources.
const MOST_FIELDS: usize = 50;
const MOST_RESOURCES: usize = 32;
/// A finding may name 32 requirements. How long each may be is not said; what a page can show is short.
const MOST_REQUIREMENTS: usize = 32;
const REQUIREMENT: usize = 128;
const STANDARD: usize = 128;

/// So many bytes of evidence leave room for all the rest within 240 KB, even where each is written as an escape.
const EVIDENCE: usize = 24_000;

/// The types that the format knows, but for `Other`.
const TYPES: &[&str] = &[
    "AwsAccount",
    "AwsAmazonMqBroker",
    "AwsApiGatewayRestApi",
    "AwsApiGatewayStage",
    "AwsApiGatewayV2Api",
    "AwsApiGatewayV2Stage",
    "AwsAppSyncGraphQlApi",
    "AwsAthenaWorkGroup",
    "AwsAutoScalingAutoScalingGroup",
    "AwsAutoScalingLaunchConfiguration",
    "AwsBackupBackupPlan",
    "AwsBackupBackupVault",
    "AwsBackupRecoveryPoint",
    "AwsCertificateManagerCertificate",
    "AwsCloudFormationStack",
    "AwsCloudFrontDistribution",
    "AwsCloudTrailTrail",
    "AwsCloudWatchAlarm",
    "AwsCodeBuildProject",
    "AwsDmsEndpoint",
    "AwsDmsReplicationInstance",
    "AwsDmsReplicationTask",
    "AwsDynamoDbTable",
    "AwsEc2ClientVpnEndpoint",
    "AwsEc2Eip",
    "AwsEc2Instance",
    "AwsEc2LaunchTemplate",
    "AwsEc2NetworkAcl",
    "AwsEc2NetworkInterface",
    "AwsEc2RouteTable",
    "AwsEc2SecurityGroup",
    "AwsEc2Subnet",
    "AwsEc2TransitGateway",
    "AwsEc2Volume",
    "AwsEc2Vpc",
    "AwsEc2VpcEndpointService",
    "AwsEc2VpcPeeringConnection",
    "AwsEc2VpnConnection",
    "AwsEcrContainerImage",
    "AwsEcrRepository",
    "AwsEcsCluster",
    "AwsEcsContainer",
    "AwsEcsService",
    "AwsEcsTask",
    "AwsEcsTaskDefinition",
    "AwsEfsAccessPoint",
    "AwsEksCluster",
    "AwsElasticBeanstalkEnvironment",
    "AwsElasticsearchDomain",
    "AwsElbLoadBalancer",
    "AwsElbv2LoadBalancer",
    "AwsEventSchemasRegistry",
    "AwsEventsEndpoint",
    "AwsEventsEventbus",
    "AwsGuardDutyDetector",
    "AwsIamAccessKey",
    "AwsIamGroup",
    "AwsIamPolicy",
    "AwsIamRole",
    "AwsIamUser",
    "AwsKinesisStream",
    "AwsKmsKey",
    "AwsLambdaFunction",
    "AwsLambdaLayerVersion",
    "AwsMskCluster",
    "AwsNetworkFirewallFirewall",
    "AwsNetworkFirewallFirewallPolicy",
    "AwsNetworkFirewallRuleGroup",
    "AwsOpenSearchServiceDomain",
    "AwsRdsDbCluster",
    "AwsRdsDbClusterSnapshot",
    "AwsRdsDbInstance",
    "AwsRdsDbSecurityGroup",
    "AwsRdsDbSnapshot",
    "AwsRdsEventSubscription",
    "AwsRedshiftCluster",
    "AwsRoute53HostedZone",
    "AwsS3AccessPoint",
    "AwsS3AccountPublicAccessBlock",
    "AwsS3Bucket",
    "AwsS3Object",
    "AwsSageMakerNotebookInstance",
    "AwsSecretsManagerSecret",
    "AwsSnsTopic",
    "AwsSqsQueue",
    "AwsSsmPatchCompliance",
    "AwsStepFunctionStateMachine",
    "AwsWafRateBasedRule",
    "AwsWafRegionalRateBasedRule",
    "AwsWafRegionalRule",
    "AwsWafRegionalRuleGroup",
    "AwsWafRegionalWebAcl",
    "AwsWafRule",
    "AwsWafRuleGroup",
    "AwsWafWebAcl",
    "AwsWafv2RuleGroup",
    "AwsWafv2WebAcl",
    "AwsXrayEncryptionConfig",
];

/// Writes the findings.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, extent: Extent, out: &mut dyn Write) -> io::Result<()> {
    let controls = Controls::of(report);
    out.write_all(b"[")?;
    for (at, evaluation) in report.extent(extent).enumerate() {
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &finding(report, &controls, evaluation))?;
    }
    out.write_all(b"\n]\n")
}

/// What is to be said to Security Hub of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is a finding, or could not be judged.
    Open,
    /// It was one of these, and the rule finds nothing any more.
    Mended,
    /// It was, and the rule speaks of the resource no more, or there is no such resource.
    Gone,
}

/// The findings of a report as the Security Hub of a region takes them.
#[derive(Debug)]
pub struct Import<'r> {
    report: &'r Report,
    controls: Controls<'r>,
}

impl<'r> Import<'r> {
    /// Of this report.
    pub fn of(report: &'r Report) -> Self {
        Self { report, controls: Controls::of(report) }
    }

    /// An evaluation for the Security Hub of a region, which takes a finding under a product of its own region only; in which
    /// region the resource is, `Resources` tells. `since` is from when on it has been open; without it the report's drift
    /// says so. What is open no more is archived, and no word is said of its workflow, which is its reader's.
    pub fn finding(&self, evaluation: &Evaluation, standing: Standing, since: Option<&str>, hub: &str) -> Json {
        let mut finding = finding(self.report, &self.controls, evaluation);
        let (account, partition) = (&finding.aws_account_id, Partition::of(None, hub).name);
        finding.product_arn = format!("arn:{partition}:securityhub:{hub}:{account}:product/{account}/default");
        hub.clone_into(&mut finding.region);
        if let Some(since) = since {
            finding.created_at = time(since);
            finding.first_observed_at.clone_from(&finding.created_at);
        }
        if standing != Standing::Open {
            finding.compliance.status = status(match standing {
                Standing::Mended => ComplianceType::Compliant,
                Standing::Open | Standing::Gone => ComplianceType::NotApplicable,
            });
            finding.record_state = "ARCHIVED";
            finding.workflow = None;
            finding.note = None;
        }
        json!(finding)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Finding {
    schema_version: &'static str,
    id: String,
    product_arn: String,
    product_name: &'static str,
    company_name: &'static str,
    region: String,
    generator_id: String,
    aws_account_id: String,
    types: [&'static str; 1],
    first_observed_at: String,
    last_observed_at: String,
    created_at: String,
    updated_at: String,
    severity: SeverityOf,
    #[serde(rename = "FindingProviderFields")]
    provider_fields: ProviderFields,
    title: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<Remediation>,
    product_fields: BTreeMap<String, String>,
    resources: Vec<Resource>,
    compliance: Compliance,
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow: Option<Status>,
    record_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Note>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SeverityOf {
    label: &'static str,
    original: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ProviderFields {
    severity: SeverityOf,
    types: [&'static str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Remediation {
    recommendation: Recommendation,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Recommendation {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    r#type: &'static str,
    id: String,
    /// The API knows three; a finding of another goes without.
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<&'static str>,
    region: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Compliance {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    security_control_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    associated_standards: Vec<Standard>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_requirements: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Standard {
    standards_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Status {
    status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Note {
    text: String,
    updated_by: String,
    updated_at: String,
}

fn finding(report: &Report, controls: &Controls<'_>, evaluation: &Evaluation) -> Finding {
    let key = &evaluation.resource;
    let rule = report.rule(&evaluation.rule);
    let partition = Partition::of(evaluation.arn.as_deref(), &key.region);
    let region = filled(partition.region(&key.region), 16);
    let account = account(&key.account_id);
    let updated = time(&report.snapshot.captured_at);
    let standing = report.drift.as_ref().and_then(|drift| drift.standing(evaluation));
    let created = standing.and_then(|standing| standing.open_since.as_deref()).map_or_else(|| updated.clone(), time);
    let severity = SeverityOf { label: label(evaluation.severity), original: evaluation.severity.as_str() };
    let types = [types(rule)];
    let exempted = evaluation.exemption.as_deref().filter(|_| evaluation.is_exempted());
    let workflow = match exempted {
        Some(_) => Some("SUPPRESSED"),
        None => evaluation.is_finding().then_some("NEW"),
    };
    Finding {
        schema_version: SCHEMA_VERSION,
        id: format!("assize/{}", fingerprint(evaluation)),
        product_arn: format!("arn:{}:securityhub:{region}:{account}:product/{account}/default", partition.name),
        product_name: "assize",
        company_name: "assize",
        generator_id: filled(&format!("assize/{}", evaluation.rule), ID),
        types,
        first_observed_at: created.clone(),
        last_observed_at: updated.clone(),
        created_at: created,
        severity,
        provider_fields: ProviderFields { severity, types },
        title: filled(rule.map_or(&*evaluation.rule, |rule| &rule.title), TITLE),
        description: filled(&description(evaluation, rule), DESCRIPTION),
        remediation: rule.and_then(remediation),
        product_fields: fields(evaluation, rule),
        resources: resources(evaluation, partition, &region),
        compliance: compliance(evaluation, controls.of_rule(&evaluation.rule)),
        workflow: workflow.map(|status| Status { status }),
        record_state: "ACTIVE",
        note: exempted.map(|mark| Note {
            text: filled(&mark.reason, TEXT),
            updated_by: filled(mark.owner.as_deref().unwrap_or("assize"), TEXT),
            updated_at: updated.clone(),
        }),
        aws_account_id: account,
        region,
        updated_at: updated,
    }
}

/// The answer, and what a pack wants it for: the rule is the control that its standards share.
fn compliance(evaluation: &Evaluation, controls: &[Control<'_>]) -> Compliance {
    let standard = |control: &Control<'_>| Standard { standards_id: filled(control.pack, STANDARD) };
    let requirements = controls.iter().flat_map(Control::requirements);
    Compliance {
        status: status(evaluation.compliance_type),
        security_control_id: (!controls.is_empty()).then(|| filled(&evaluation.rule, ID)),
        associated_standards: controls.iter().take(MOST_REQUIREMENTS).map(standard).collect(),
        related_requirements: requirements.take(MOST_REQUIREMENTS).map(|one| filled(&one, REQUIREMENT)).collect(),
    }
}

fn remediation(rule: &RuleSummary) -> Option<Remediation> {
    let text = one_line(&rule.remediation);
    let url = rule.references.iter().find(|page| page.starts_with("https://"));
    let recommendation = Recommendation { text: filled(&text, TEXT), url: url.map(|page| filled(page, TEXT)) };
    (!text.is_empty()).then_some(Remediation { recommendation })
}

fn description(evaluation: &Evaluation, rule: Option<&RuleSummary>) -> String {
    let what = match &evaluation.gap {
        Some(gap) => format!("not judged: {}", gap.reason),
        None => evaluation.annotation.to_string(),
    };
    let rule = rule.map(|rule| one_line(&rule.description)).unwrap_or_default();
    format!("{what}{}{rule}", if what.is_empty() || rule.is_empty() { "" } else { ". " })
}

/// What the format has no member for, and the last facts that the rule read.
fn fields(evaluation: &Evaluation, rule: Option<&RuleSummary>) -> BTreeMap<String, String> {
    let key = &evaluation.resource;
    let texts = [
        ("rule", Some(&*evaluation.rule)),
        ("category", rule.map(|rule| rule.category.as_str())),
        ("complianceType", Some(evaluation.compliance_type.as_str())),
        ("accountId", Some(&*key.account_id)),
        ("resourceType", Some(&*key.resource_type)),
        ("resourceId", Some(&*key.resource_id)),
        ("resourceName", evaluation.resource_name.as_deref()),
        ("key", Some(&*evaluation.key)),
    ];
    let mut fields: BTreeMap<String, String> = texts
        .into_iter()
        .filter_map(|(name, text)| Some((format!("assize/{name}"), text.filter(|text| !text.trim().is_empty())?)))
        .map(|(name, text)| (name, shortened(text, FIELD)))
        .collect();
    let facts: Vec<String> = evaluation
        .evidence
        .iter()
        .filter_map(|fact| {
            let of = fact.resource.as_deref().map(|resource| format!("{resource} ")).unwrap_or_default();
            Some(shortened(&format!("{of}{} = {}", fact.path, fact.value.as_deref()?), FIELD))
        })
        .collect();
    let mut bytes = 0;
    let room = MOST_FIELDS - fields.len() - 1;
    let fits = facts.iter().rev().take(room).take_while(|fact| {
        bytes += fact.len();
        bytes <= EVIDENCE
    });
    let shown = fits.count();
    for (at, fact) in facts.iter().skip(facts.len() - shown).enumerate() {
        fields.insert(format!("assize/evidence/{:02}", at + 1), fact.clone());
    }
    if shown < facts.len() {
        fields.insert("assize/evidenceLeftOut".to_owned(), (facts.len() - shown).to_string());
    }
    fields
}

/// The resource, and the others of which the rule read something.
fn resources(evaluation: &Evaluation, partition: Partition, region: &str) -> Vec<Resource> {
    let key = &evaluation.resource;
    let id = match (&evaluation.arn, &*key.resource_type) {
        (Some(arn), _) => arn.to_string(),
        (None, ACCOUNT) => format!("AWS::::Account:{}", key.account_id),
        (None, kind) if key.resource_id.is_empty() => format!("{kind} of {} in {}", key.account_id, key.region),
        (None, _) => key.resource_id.to_string(),
    };
    let known = ["aws", "aws-cn", "aws-us-gov"].contains(&partition.name);
    let resource = |kind: &str, id: &str| Resource {
        r#type: of_format(kind),
        id: filled(id, ID),
        partition: known.then_some(partition.name),
        region: region.to_owned(),
    };
    let others: BTreeSet<&str> = evaluation.evidence.iter().filter_map(|fact| fact.resource.as_deref()).collect();
    let others = others.into_iter().filter_map(|other| other.split_once(' ')).map(|(kind, id)| resource(kind, id));
    std::iter::once(resource(&key.resource_type, &id)).chain(others).take(MOST_RESOURCES).collect()
}

/// The type in the format's own words: `AWS::EC2::Volume` is `AwsEc2Volume`, and what it does not know is `Other`.
fn of_format(resource_type: &str) -> &'static str {
    let plain = resource_type.replace("::", "");
    TYPES.iter().find(|known| known.eq_ignore_ascii_case(&plain)).copied().unwrap_or("Other")
}

fn types(rule: Option<&RuleSummary>) -> &'static str {
    match rule.map(|rule| rule.category.as_str()) {
        Some("security") => "Software and Configuration Checks/AWS Security Best Practices",
        _ => "Software and Configuration Checks",
    }
}

fn label(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "INFORMATIONAL",
        Severity::Low => "LOW",
        Severity::Medium => "MEDIUM",
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    }
}

fn status(compliance_type: ComplianceType) -> &'static str {
    match compliance_type {
        ComplianceType::Compliant => "PASSED",
        ComplianceType::NonCompliant => "FAILED",
        ComplianceType::InsufficientData => "WARNING",
        ComplianceType::NotApplicable => "NOT_AVAILABLE",
    }
}

/// The account as the format wants it. What is none stands among the fields.
fn account(id: &str) -> String {
    let is_account = id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { id } else { "000000000000" }.to_owned()
}

/// A time as the format wants it.
fn time(text: &str) -> String {
    text.parse::<jiff::Timestamp>().map_or_else(|_| "1970-01-01T00:00:00Z".to_owned(), crate::item::format_time)
}

/// Text for the console: harmless, not too long, and never empty, as the format wants it.
fn filled(text: &str, most: usize) -> String {
    let text = harmless(text.trim());
    if text.is_empty() { "-".to_owned() } else { shortened(&text, most) }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
