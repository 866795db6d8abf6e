//! What is no result: what could not be read or judged, what is left out, and what is to be said of exemptions.

use std::collections::BTreeMap;

use serde_json::json;
use serde_sarif::sarif::{Notification, ReportingDescriptorReference};

use super::super::{ExemptionSummary, Report};
use super::{integer, plain_message, properties};
use crate::evaluation::RuleError;
use crate::gap::Gap;

/// What gaps and rule errors are called among the tool's notifications.
pub(super) const GAP: &str = "gap";
pub(super) const RULE_ERROR: &str = "rule-error";
pub(super) const SKIPPED_REGION: &str = "skipped-region";
pub(super) const LEFT_OUT: &str = "results-left-out";
pub(super) const EXEMPTED: &str = "exempted";
pub(super) const EXEMPTION: &str = "exemption";

/// The kinds of notifications, and what each is.
pub(super) const KINDS: [(&str, &str); 6] = [
    (GAP, "Facts that could not be read: what depends on them is not judged"),
    (RULE_ERROR, "A rule failed by itself"),
    (SKIPPED_REGION, "A region that was asked for is not enabled"),
    (LEFT_OUT, "There are more findings than code scanning takes or shows"),
    (EXEMPTED, "Somebody has accepted what was found, or that it could not be judged"),
    (EXEMPTION, "An exemption covers nothing, too much, or could not be decided"),
];

/// A notification of a kind.
pub(super) fn new(id: &str, level: &str, text: &str) -> Notification {
    let mut notification = Notification::builder().message(plain_message(text)).build();
    notification.descriptor = Some(ReportingDescriptorReference::builder().id(id).build());
    notification.level = Some(json!(level));
    notification
}

pub(super) fn exemption(exemption: &ExemptionSummary, remark: &str) -> Notification {
    let origin = exemption.origin.as_deref().map(|origin| format!(" in {origin}")).unwrap_or_default();
    let text = format!("exemption {}{origin} {remark}", exemption.id);
    let mut notification = new(EXEMPTION, "note", &text);
    notification.properties = Some(properties([("exemption", json!(exemption.id))]));
    notification
}

pub(super) fn gap(gap: &Gap, rules: &BTreeMap<&str, usize>) -> Notification {
    let place = match (&gap.resource_id, &gap.path) {
        (None, _) => format!("the list of {} in {}", gap.resource_type, gap.aws_region),
        (Some(id), None) => format!("{} {id} in {}", gap.resource_type, gap.aws_region),
        (Some(id), Some(path)) => format!("{path} of {} {id} in {}", gap.resource_type, gap.aws_region),
    };
    let mut notification = new(GAP, "warning", &format!("could not read {place}: {}", gap.reason));
    notification.properties = Some(properties([("gap", json!(gap)), ("notJudged", json!(rules))]));
    notification
}

pub(super) fn rule_error(report: &Report, error: &RuleError) -> Notification {
    let text = match &error.resource {
        Some(resource) => format!("{} failed on {resource}: {}", error.rule, error.message),
        None => format!("{} could not be loaded: {}", error.rule, error.message),
    };
    let mut notification = new(RULE_ERROR, "error", &text);
    notification.associated_rule = report
        .rules
        .iter()
        .position(|rule| rule.id == error.rule)
        .map(|at| ReportingDescriptorReference::builder().id(&error.rule).index(integer(at)).build());
    notification
}
