//! AWS Config's answers beside ours, for people and for programs. Which answers differ is known already.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::harmless;
use super::terminal::{Layout, counted};
use crate::compare::{Comparison, Difference, NotCompared, RuleComparison};
use crate::evaluation::{ComplianceType, Evaluation, Evidence, RuleError};
use crate::gap::Gap;
use crate::value::Value;

/// The first member of the JSON form says that it is one, by this word.
pub const FORMAT: &str = "assize-comparison";

/// The version of the JSON form. It is raised when a member changes its meaning.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ComparisonFile<'a> {
    format: &'static str,
    version: u32,
    assize_version: &'static str,
    captured_at: &'a str,
    summary: Summary,
    rules: Vec<RuleFile<'a>>,
    not_compared: Vec<NotComparedFile<'a>>,
    rule_errors: &'a [RuleError],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    rules: usize,
    agreements: usize,
    disagreements: usize,
    unjudged: usize,
    not_compared: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleFile<'a> {
    config_rule_name: &'a str,
    account_id: &'a str,
    aws_region: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    identifier: Option<&'a str>,
    rule: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<ParameterFile<'a>>,
    agreed: BTreeMap<&'static str, usize>,
    disagreements: Vec<DifferenceFile<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unjudged: Vec<DifferenceFile<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ParameterFile<'a> {
    name: &'a str,
    theirs: Option<&'a str>,
    ours: &'a Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DifferenceFile<'a> {
    resource_type: &'a str,
    resource_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    theirs: Option<TheirsFile<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ours: Vec<OursFile<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TheirsFile<'a> {
    compliance_type: ComplianceType,
    #[serde(skip_serializing_if = "str::is_empty")]
    annotation: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    recorded_at: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OursFile<'a> {
    compliance_type: ComplianceType,
    #[serde(skip_serializing_if = "str::is_empty")]
    key: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    annotation: &'a str,
    evidence: &'a [Evidence],
    #[serde(skip_serializing_if = "Option::is_none")]
    gap: Option<&'a Gap>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NotComparedFile<'a> {
    config_rule_name: &'a str,
    account_id: &'a str,
    aws_region: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    identifier: Option<&'a str>,
    reason: &'a str,
}

impl<'a> From<&'a RuleComparison> for RuleFile<'a> {
    fn from(rule: &'a RuleComparison) -> Self {
        let parameters = rule.parameters.iter().map(|parameter| ParameterFile {
            name: &parameter.name,
            theirs: parameter.theirs.as_deref(),
            ours: &parameter.ours,
        });
        Self {
            config_rule_name: &rule.config_rule.name,
            account_id: &rule.config_rule.account_id,
            aws_region: &rule.config_rule.region,
            identifier: rule.config_rule.identifier.as_deref(),
            rule: &rule.rule,
            parameters: parameters.collect(),
            agreed: rule.agreed.iter().map(|(answer, count)| (answer.as_str(), *count)).collect(),
            disagreements: rule.disagreements.iter().map(Into::into).collect(),
            unjudged: rule.unjudged.iter().map(Into::into).collect(),
        }
    }
}

impl<'a> From<&'a Difference> for DifferenceFile<'a> {
    fn from(difference: &'a Difference) -> Self {
        let theirs = difference.theirs.as_ref().map(|theirs| TheirsFile {
            compliance_type: theirs.compliance_type,
            annotation: &theirs.annotation,
            recorded_at: &theirs.recorded_at,
        });
        let ours = difference.ours.iter().map(|ours| OursFile {
            compliance_type: ours.compliance_type,
            key: &ours.key,
            annotation: &ours.annotation,
            evidence: &ours.evidence,
            gap: ours.gap.as_deref(),
        });
        Self {
            resource_type: &difference.resource_type,
            resource_id: &difference.resource_id,
            theirs,
            ours: ours.collect(),
        }
    }
}

impl<'a> From<&'a NotCompared> for NotComparedFile<'a> {
    fn from(rule: &'a NotCompared) -> Self {
        Self {
            config_rule_name: &rule.config_rule.name,
            account_id: &rule.config_rule.account_id,
            aws_region: &rule.config_rule.region,
            identifier: rule.config_rule.identifier.as_deref(),
            reason: &rule.reason,
        }
    }
}

/// Writes the JSON form.
///
/// # Errors
/// What the writer says.
pub fn write_json(comparison: &Comparison, mut out: impl Write) -> io::Result<()> {
    let file = ComparisonFile {
        format: FORMAT,
        version: VERSION,
        assize_version: env!("CARGO_PKG_VERSION"),
        captured_at: &comparison.captured_at,
        summary: Summary {
            rules: comparison.rules.len(),
            agreements: comparison.agreements(),
            disagreements: comparison.disagreements(),
            unjudged: comparison.unjudged(),
            not_compared: comparison.not_compared.len(),
        },
        rules: comparison.rules.iter().map(Into::into).collect(),
        not_compared: comparison.not_compared.iter().map(Into::into).collect(),
        rule_errors: &comparison.rule_errors,
    };
    serde_json::to_writer_pretty(&mut out, &file)?;
    out.write_all(b"\n")
}

/// How many of the facts that a rule read are shown: the last ones, since a rule answers as soon as it knows.
const SHOWN_EVIDENCE: usize = 3;

/// Writes the form for people: disagreement by disagreement, and the sums last. Of each rule at most so many differences
/// are shown as the layout says; the others are counted.
///
/// # Errors
/// What the writer says.
pub fn write_terminal(comparison: &Comparison, layout: &Layout, mut out: impl Write) -> io::Result<()> {
    for rule in &comparison.rules {
        rule_text(rule, layout, &mut out)?;
    }
    if !comparison.not_compared.is_empty() {
        writeln!(out, "not compared")?;
        for NotCompared { config_rule, reason, .. } in &comparison.not_compared {
            let (account, region) = (harmless(&config_rule.account_id), harmless(&config_rule.region));
            writeln!(out, "  {} in {account} {region}: {}", harmless(&config_rule.name), harmless(reason))?;
        }
        writeln!(out)?;
    }
    for RuleError { rule, resource, message } in &comparison.rule_errors {
        let on = resource.as_ref().map(|resource| format!(" on {}", harmless(resource))).unwrap_or_default();
        writeln!(out, "the rule {}{on} failed: {}", harmless(rule), harmless(message))?;
    }
    writeln!(
        out,
        "{} compared: {}, {}, {} not judged by assize",
        counted(comparison.rules.len(), "rule"),
        counted(comparison.agreements(), "agreement"),
        counted(comparison.disagreements(), "disagreement"),
        comparison.unjudged(),
    )
}

fn rule_text(rule: &RuleComparison, layout: &Layout, out: &mut impl Write) -> io::Result<()> {
    let config_rule = &rule.config_rule;
    write!(
        out,
        "{} in {} {}, here {}: {}",
        harmless(&config_rule.name),
        harmless(&config_rule.account_id),
        harmless(&config_rule.region),
        harmless(&rule.rule),
        counted(rule.agreements(), "agreement"),
    )?;
    for (count, what) in [(rule.disagreements.len(), "disagreement"), (rule.unjudged.len(), "not judged")] {
        match (count, what) {
            (0, _) => {}
            (count, "not judged") => write!(out, ", {count} {what}")?,
            (count, what) => write!(out, ", {}", counted(count, what))?,
        }
    }
    writeln!(out)?;
    for parameter in &rule.parameters {
        let value = |value: Option<&str>| match value {
            Some(value) => format!("`{}`", harmless(value)),
            None => "not set".to_owned(),
        };
        let ours = (parameter.ours != Value::Null).then(|| match parameter.ours.as_str() {
            Some(text) => text.to_owned(),
            None => parameter.ours.to_string(),
        });
        let (name, theirs) = (harmless(&parameter.name), value(parameter.theirs.as_deref()));
        writeln!(out, "  parameter {name}: {theirs} in AWS Config, {} here", value(ours.as_deref()))?;
    }
    let limit = layout.limit.unwrap_or(usize::MAX);
    for differences in [&rule.disagreements, &rule.unjudged] {
        for difference in differences.iter().take(limit) {
            difference_text(difference, out)?;
        }
        if let Some(more) = differences.len().checked_sub(limit).filter(|more| *more > 0) {
            writeln!(out, "  … and {more} more")?;
        }
    }
    writeln!(out)
}

fn difference_text(difference: &Difference, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "  {} {}", harmless(&difference.resource_type), harmless(&difference.resource_id))?;
    write!(out, "    AWS Config  ")?;
    match &difference.theirs {
        None => writeln!(out, "no answer")?,
        Some(theirs) => {
            write!(out, "{}", theirs.compliance_type.as_str())?;
            if !theirs.annotation.is_empty() {
                write!(out, ": {}", harmless(&theirs.annotation))?;
            }
            if !theirs.recorded_at.is_empty() {
                write!(out, " ({})", harmless(&theirs.recorded_at))?;
            }
            writeln!(out)?;
        }
    }
    if difference.ours.is_empty() {
        writeln!(out, "    assize      no answer: the resource is not in the snapshot, or no rule looks at it there")?;
    }
    for ours in &difference.ours {
        our_text(ours, out)?;
    }
    Ok(())
}

fn our_text(ours: &Evaluation, out: &mut impl Write) -> io::Result<()> {
    write!(out, "    assize      {}", ours.compliance_type.as_str())?;
    if !ours.annotation.is_empty() {
        write!(out, ": {}", harmless(&ours.annotation))?;
    }
    writeln!(out)?;
    for Evidence { resource, path, value } in ours.evidence.iter().rev().take(SHOWN_EVIDENCE).rev() {
        write!(out, "                ")?;
        if let Some(resource) = resource {
            write!(out, "{} ", harmless(resource))?;
        }
        match value {
            Some(value) => writeln!(out, "{} = {}", harmless(path), harmless(value))?,
            None => writeln!(out, "{}", harmless(path))?,
        }
    }
    // The sentence says it already, unless it has words of its own.
    match ours.gap.as_ref().map(|gap| gap.reason.to_string()) {
        Some(reason) if !ours.annotation.contains(&reason) => writeln!(out, "                {}", harmless(&reason)),
        _ => Ok(()),
    }
}
