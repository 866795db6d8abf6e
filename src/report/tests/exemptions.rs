//! What reports say of exemptions: everything that was accepted is counted and shown, and is no open finding.

use super::*;
use crate::exemption::ResourcePatterns;
use crate::pattern::Patterns;

fn patterns(texts: &[&str]) -> Patterns {
    Patterns::new(texts.iter().copied()).expect("they are patterns")
}

fn exemption(line: u32, rule: &str, id: &str, reason: &str) -> Exemption {
    Exemption {
        rules: patterns(&[rule]),
        resource: ResourcePatterns { id: patterns(&[id]), ..ResourcePatterns::default() },
        reason: reason.to_owned(),
        origin: Some(format!("assize.yaml:{line}")),
        ..Exemption::default()
    }
}

/// The sample with exemptions of every state: one in force, one expired, one that could not be decided, one that covers
/// what could not be judged, one that covers nothing.
pub(super) fn exempted() -> Report {
    let mut report = sample();
    let in_force = Exemption {
        owner: Some("database team".to_owned()),
        ticket: Some("SEC-1234".to_owned()),
        expires: Some("2026-12-31".parse().expect("a date")),
        ..exemption(4, "encrypted-volumes", "vol-0a1b*", "It is thrown away with the old database")
    };
    let mut expired = exemption(10, "open-ports", "sg-1", "Until the bastion host is there");
    expired.key = patterns(&["tcp 22 *"]);
    expired.expires = Some("2025-12-31".parse().expect("a date"));
    expired.owner = Some("operations".to_owned());
    let mut undecided = exemption(16, "open-ports", "sg-*", "The database is a honeypot");
    undecided.key = patterns(&["tcp 3306 *"]);
    undecided.resource.tags.insert("Honeypot".to_owned(), patterns(&["yes"]));
    let mut unknown = exemption(22, "tls-only", "payroll", "Its policy is nobody's business");
    unknown.insufficient_data = true;
    let unused = exemption(28, "tls-only", "gone", "Somebody deleted it");
    let exemptions: Exemptions = [in_force, expired, undecided, unknown, unused].into_iter().collect();
    let rules: Vec<&str> = report.rules.iter().map(|rule| rule.id.as_str()).collect();
    let applicable = exemptions.at(rules, &report.snapshot.captured_at);
    for evaluation in &mut report.evaluations {
        applicable.mark(evaluation, None);
    }
    report.with_exemptions(&exemptions)
}

#[test]
fn the_terminal_shows_what_is_exempted_and_what_is_no_more() {
    insta::assert_snapshot!(written(&exempted(), Format::Terminal, &at_width(100)));
}

#[test]
fn an_exempted_finding_is_no_open_one_and_stays_non_compliant() {
    let (before, after) = (sample(), exempted());
    assert_eq!(after.counts().non_compliant, before.counts().non_compliant);
    assert_eq!(after.counts().insufficient_data, before.counts().insufficient_data);
    assert_eq!((after.counts().exempted, after.counts().exempted_insufficient_data), (1, 1));
    assert_eq!(after.findings().count() + 1, before.findings().count());
    let at = |report: &Report, least| FailOn { least: Some(least), ..FailOn::default() }.is_failed(report);
    assert!(at(&before, Severity::High) && at(&after, Severity::Critical));
    let wire = json_of(&after, Format::Json);
    assert_eq!(wire["evaluations"][0]["complianceType"], "NON_COMPLIANT");
    assert_eq!(wire["evaluations"][0]["exemption"]["ticket"], "SEC-1234");
    assert_eq!((&wire["summary"]["nonCompliant"], &wire["summary"]["exempted"]), (&3.into(), &1.into()));
    assert_eq!(wire["summary"]["findings"]["high"], 0, "the only high one is exempted");
    assert_eq!(wire["exemptions"][4]["remarks"].as_array().map(Vec::len), Some(1));
}

#[test]
fn only_what_is_covered_completes_a_report() {
    let mut report = exempted();
    report.rule_errors.clear();
    assert!(!report.is_complete(), "a listing failed, and a fact is missing");
    report.gaps.retain(|gap| !gap.is_listing());
    report.evaluations.retain(|evaluation| &*evaluation.resource.resource_id != "logs");
    assert!(report.is_complete(), "what is left is accepted: {:?}", report.gaps);
    for evaluation in &mut report.evaluations {
        evaluation.exemption = None;
    }
    assert!(!report.is_complete());
}

#[test]
fn code_scanning_gets_no_exempted_results_and_is_told_so() {
    let sarif = json_of(&exempted(), Format::Sarif);
    let notes = |kind: &str| -> Vec<String> {
        let notes = sarif["runs"][0]["invocations"][0][kind].as_array().expect("notifications").clone();
        notes.iter().filter_map(|note| note["message"]["text"].as_str().map(str::to_owned)).collect()
    };
    assert!(notes("toolExecutionNotifications").contains(&"2 exempted evaluations are no result".to_owned()));
    let remarks = notes("toolConfigurationNotifications");
    assert!(remarks.iter().any(|note| note.contains("in assize.yaml:28 exempts nothing")), "{remarks:?}");
    let expired = &sarif["runs"][0]["results"][0];
    assert_eq!(expired["properties"]["exemption"]["state"], "expired");
    assert_eq!(expired.get("suppressions"), None, "it is an open finding");

    let options = Options { suppressions: true, ..Options::default() };
    let sarif: serde_json::Value =
        serde_json::from_str(&written(&exempted(), Format::Sarif, &options)).expect("SARIF is JSON");
    let suppression = &sarif["runs"][0]["results"][0]["suppressions"][0];
    assert_eq!((&suppression["kind"], &suppression["status"]), (&"external".into(), &"accepted".into()));
    assert_eq!(suppression["justification"], "It is thrown away with the old database");
    let fingerprint = |options: &Options, at: usize| {
        let sarif: serde_json::Value =
            serde_json::from_str(&written(&exempted(), Format::Sarif, options)).expect("SARIF is JSON");
        sarif["runs"][0]["results"][at]["partialFingerprints"].clone()
    };
    assert_eq!(fingerprint(&options, 1), fingerprint(&Options::default(), 0), "a finding is the same either way");
}

#[test]
fn a_severity_that_the_run_asks_for_is_told_beside_the_rules_own() {
    let mut report = sample();
    report.rules[1].default_severity = Some(Severity::Low);
    let text = written(&report, Format::Terminal, &at_width(100));
    assert!(text.contains("  = severity: high in this run; the rule says low\n"), "{text}");
    assert_eq!(json_of(&report, Format::Json)["rules"][1]["defaultSeverity"], "low");
}

#[test]
fn no_text_of_an_exemption_has_power_over_the_terminal() {
    let mut report = exempted();
    for name in hostile_names() {
        let mut summary = report.exemptions[4].clone();
        summary.reason.clone_from(&name);
        summary.origin = Some(name.clone());
        summary.id.clone_from(&name);
        report.exemptions.push(summary);
        for evaluation in &mut report.evaluations {
            let Some(mark) = evaluation.exemption.as_mut().map(Arc::make_mut) else { continue };
            mark.reason.push_str(&name);
            mark.owner = Some(name.clone());
            mark.ticket = Some(name.clone());
            mark.id.clone_from(&name);
        }
    }
    let text = written(&report, Format::Terminal, &at_width(100));
    let powers: Vec<char> = text.chars().filter(|c| *c != '\n' && is_harmful(*c)).collect();
    assert!(powers.is_empty(), "{powers:?} in {text}");
}
