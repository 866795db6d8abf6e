//! One finding as a result: what it says, where it is, and by what it is known again.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use serde_sarif::sarif::{
    ArtifactLocation, CodeFlow, Location as SarifLocation, LogicalLocation, PhysicalLocation, Region,
    Result as SarifResult, ResultKind, ResultLevel, Suppression, ThreadFlow, ThreadFlowLocation,
};

use super::super::finding::fingerprint;
use super::super::{Report, RuleSummary};
use super::anchor::{self, Anchor};
use super::limits::{MOST_LOCATIONS_SHOWN, MOST_STEPS_SHOWN};
use super::tool::level;
use super::{integer, plain_message, properties, some_text};
use crate::drift::Drift;
use crate::evaluation::{Evaluation, Evidence, ExemptionMark};
use crate::location::{Location, Place, Places};

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

/// Makes results of findings, each at its place.
pub(super) struct Located<'r> {
    rules: BTreeMap<&'r str, RulePlace>,
    anchor: &'r Anchor,
    places: &'r Places,
    /// Whether results hold what the rules read.
    evidence: bool,
    /// How often each fingerprint came.
    occurrences: BTreeMap<String, usize>,
}

impl<'r> Located<'r> {
    pub(super) fn new(report: &'r Report, anchor: &'r Anchor, evidence: bool) -> Self {
        let rules = report.rules.iter().enumerate();
        let rules = rules.map(|(at, rule)| (rule.id.as_str(), RulePlace::new(at, rule, anchor))).collect();
        Self { rules, anchor, places: &report.places, evidence, occurrences: BTreeMap::new() }
    }

    pub(super) fn result(&mut self, finding: &Evaluation) -> SarifResult {
        let rule = self.rules.get(&*finding.rule).copied();
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
        let place = self.places.of(finding);
        let physical = place.map_or_else(|| at_anchor(self.anchor, rule), |place| at(&place.location));

        let fingerprint = fingerprint(finding);
        let occurrence = self.occurrences.entry(fingerprint.clone()).or_default();
        *occurrence += 1;
        let occurrence = *occurrence;

        let mut result = SarifResult::builder().message(plain_message(&message)).build();
        result.rule_id = Some(finding.rule.to_string());
        result.rule_index = rule.map(|rule| rule.index);
        result.kind = Some(ResultKind::Fail);
        result.level = Some(match level(finding.severity) {
            "error" => ResultLevel::Error,
            "warning" => ResultLevel::Warning,
            _ => ResultLevel::Note,
        });
        result.locations =
            Some(vec![SarifLocation::builder().physical_location(physical).logical_locations(vec![logical]).build()]);
        let related = self.related(finding, rule);
        // What leads over several resources is shown as the way it goes.
        if related.len() > 1 {
            let steps = related.iter().take(MOST_STEPS_SHOWN).cloned();
            let steps: Vec<_> =
                steps.map(|location| ThreadFlowLocation::builder().location(location).build()).collect();
            let flow = ThreadFlow::builder().locations(steps).build();
            result.code_flows = Some(vec![CodeFlow::builder().thread_flows(vec![flow]).build()]);
        }
        result.related_locations = (!related.is_empty()).then_some(related);
        // GitHub compares `primaryLocationLineHash` only; others are to see that this one is not made of a line.
        result.partial_fingerprints = Some(BTreeMap::from([
            ("primaryLocationLineHash".to_owned(), format!("{fingerprint}:{occurrence}")),
            ("assizeFinding/v1".to_owned(), fingerprint),
        ]));
        let evidence = self.evidence.then(|| {
            let facts = finding.evidence.iter();
            let fact = |fact: &Evidence| json!({"resource": fact.resource, "path": fact.path, "value": fact.value});
            facts.map(fact).collect::<Vec<_>>()
        });
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
            ("definition", place.map_or(json!(null), definition)),
        ]));
        result
    }

    /// The other resources that the rule looked at, in the order in which it did, each with the first fact that it read.
    fn related(&self, finding: &Evaluation, rule: Option<RulePlace>) -> Vec<SarifLocation> {
        let mut seen: Vec<(&str, &Evidence)> = Vec::new();
        for fact in finding.evidence.iter().filter(|_| self.evidence) {
            let Some(resource) = fact.resource.as_deref() else { continue };
            // The result has a location of its own, and code scanning counts all.
            if seen.len() + 1 < MOST_LOCATIONS_SHOWN && !seen.iter().any(|(other, _)| *other == resource) {
                seen.push((resource, fact));
            }
        }
        let location = |(at_place, (resource, fact)): (usize, (&str, &Evidence))| {
            let place = self.places.of_resource(resource);
            let physical = place.map_or_else(|| at_anchor(self.anchor, rule), |place| at(&place.location));
            let value = fact.value.as_deref().map(|value| format!(" = {value}")).unwrap_or_default();
            let mut logical = LogicalLocation::builder().fully_qualified_name(resource).kind("resource").build();
            logical.name = resource.split_once(' ').and_then(|(_, id)| some_text(id));
            let mut location =
                SarifLocation::builder().physical_location(physical).logical_locations(vec![logical]).build();
            location.id = Some(integer(at_place) + 1);
            location.message = Some(plain_message(&format!("{resource}: {}{value}", fact.path)));
            location.properties = place.map(|place| properties([("definition", definition(place))]));
            location
        };
        seen.into_iter().enumerate().map(location).collect()
    }
}

/// The line of the anchor that asks for the rule.
fn at_anchor(anchor: &Anchor, rule: Option<RulePlace>) -> PhysicalLocation {
    let (line, columns) = rule.map_or((1, 0), |rule| (rule.line, rule.columns));
    let region = Region::builder().start_line(line).start_column(1).end_line(line).end_column(columns + 1).build();
    physical(anchor.uri(), region)
}

/// A line of a file of the repository.
fn at(location: &Location) -> PhysicalLocation {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let line = number(location.line);
    let (start, end) = (number(location.column), number(location.end_column));
    let region = Region::builder().start_line(line).start_column(start).end_line(line).end_column(end).build();
    physical(&anchor::uri(Path::new(&*location.file)), region)
}

fn physical(uri: &str, region: Region) -> PhysicalLocation {
    PhysicalLocation::builder().artifact_location(ArtifactLocation::builder().uri(uri).build()).region(region).build()
}

/// How a place was found, and how sure that is.
fn definition(place: &Place) -> serde_json::Value {
    json!({"address": place.address, "mapping": place.mapping, "certainty": place.certainty})
}

/// Says whether a finding is new, or since when it has been open. What was fixed is no result: code scanning would take
/// it for an alert.
pub(super) fn add_standing(result: &mut SarifResult, drift: &Drift, finding: &Evaluation) {
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
