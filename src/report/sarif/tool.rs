//! What SARIF says of the tool: its rules, each with its texts and how bad its findings are, and its notifications.

use serde_json::json;
use serde_sarif::sarif::{MultiformatMessageString, ReportingConfiguration, ReportingDescriptor, Tool, ToolComponent};

use super::super::markdown::fenced;
use super::super::{Report, RuleSummary, shortened};
use super::limits::{MOST_CHARACTERS, MOST_TAGS};
use super::notice::KINDS;
use super::taxonomy::Taxonomies;
use super::{first_of, properties, text};
use crate::evaluation::Severity;

/// The tool with its rules.
pub(super) fn of(report: &Report, taxonomies: &Taxonomies<'_>) -> Tool {
    let mut driver = ToolComponent::builder().name("assize").build();
    driver.semantic_version = Some(report.assize_version.clone());
    let rule = |rule: &RuleSummary| {
        let mut descriptor = descriptor(rule);
        descriptor.relationships = taxonomies.relationships(&rule.id);
        descriptor
    };
    driver.rules = Some(report.rules.iter().map(rule).collect());
    driver.supported_taxonomies = taxonomies.references();
    driver.notifications = Some(
        KINDS
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

pub(super) fn level(severity: Severity) -> &'static str {
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
    for snippet in rule.fix.snippets() {
        let (heading, text) = (snippet.language().heading(), snippet.generic());
        plain.push(format!("{heading}:\n{text}"));
        markdown.push(format!("## {heading}\n\n{}", fenced(snippet.language(), &text)));
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
