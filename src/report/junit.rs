//! The report as the XML of `JUnit`, for test views: a rule is a suite, an evaluation a case.
//!
//! An open finding is a failure. What could not be judged is an error, as a test that could not run: no view counts it as
//! passed. What is exempted or not applicable is skipped, with the reason. The form is that of the schema of Jenkins' xUnit
//! plugin (<https://github.com/jenkinsci/xunit-plugin>, `junit-10.xsd`), which GitLab, Azure and others read too.

use std::collections::BTreeMap;
use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::controls::{Control, Controls};
use super::finding::fingerprint;
use super::{Extent, Report, harmless};
use crate::evaluation::{ComplianceType, Evaluation, RuleError};
use crate::item::GLOBAL;
use crate::pack::standing::{End, Standing};

/// What became of a case.
enum Fate {
    Passed,
    Failed,
    Broke,
    Skipped,
}

impl Fate {
    fn of(evaluation: &Evaluation) -> Self {
        match evaluation.compliance_type {
            _ if evaluation.is_exempted() => Self::Skipped,
            ComplianceType::NonCompliant => Self::Failed,
            ComplianceType::InsufficientData => Self::Broke,
            ComplianceType::NotApplicable => Self::Skipped,
            ComplianceType::Compliant => Self::Passed,
        }
    }
}

/// The cases of a rule.
#[derive(Default)]
struct Suite<'a> {
    evaluations: Vec<&'a Evaluation>,
    errors: Vec<&'a RuleError>,
}

impl Suite<'_> {
    fn counts(&self) -> [(&'static str, usize); 4] {
        let count = |wanted: fn(&Fate) -> bool| self.evaluations.iter().map(|one| Fate::of(one)).filter(wanted).count();
        [
            ("tests", self.evaluations.len() + self.errors.len()),
            ("failures", count(|fate| matches!(fate, Fate::Failed))),
            ("errors", count(|fate| matches!(fate, Fate::Broke)) + self.errors.len()),
            ("skipped", count(|fate| matches!(fate, Fate::Skipped))),
        ]
    }
}

/// Writes the report.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, extent: Extent, out: &mut dyn Write) -> io::Result<()> {
    let mut suites = BTreeMap::<&str, Suite<'_>>::new();
    for evaluation in report.extent(extent) {
        suites.entry(&evaluation.rule).or_default().evaluations.push(evaluation);
    }
    for error in &report.rule_errors {
        suites.entry(&error.rule).or_default().errors.push(error);
    }
    let mut sums = BTreeMap::<&str, usize>::new();
    for (name, count) in suites.values().flat_map(Suite::counts) {
        *sums.entry(name).or_default() += count;
    }
    let mut xml = Writer::new_with_indent(out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut root = xml.create_element("testsuites").with_attribute(("name", "assize"));
    for name in ["tests", "failures", "errors"] {
        root = root.with_attribute((name, sums.get(name).copied().unwrap_or(0).to_string().as_str()));
    }
    let controls = Controls::of(report);
    root.write_inner_content(|xml| {
        report.packs.iter().try_for_each(|pack| write_pack(xml, pack))?;
        suites.iter().try_for_each(|(rule, suite)| write_suite(xml, report, controls.of_rule(rule), rule, suite))
    })?;
    xml.into_inner().write_all(b"\n")
}

/// A pack is a suite without cases of its own: those are its rules'.
fn write_pack<W: Write>(xml: &mut Writer<W>, pack: &Standing) -> io::Result<()> {
    let name = harmless(&format!("pack {}", pack.pack)).into_owned();
    let mut element = xml.create_element("testsuite").with_attribute(("name", &*name));
    for name in ["tests", "failures", "errors", "skipped"] {
        element = element.with_attribute((name, "0"));
    }
    element.write_inner_content(|xml| {
        xml.create_element("properties").write_inner_content(|xml| {
            property(xml, "origin", &pack.origin)?;
            property(xml, "compliance", pack.compliance().as_str())?;
            if let Some(percent) = pack.percent() {
                property(xml, "score", &format!("{percent:.2}"))?;
            }
            property(xml, "rules", &pack.rules.len().to_string())?;
            End::ALL.into_iter().try_for_each(|end| property(xml, end.as_str(), &pack.count(end).to_string()))
        })?;
        Ok(())
    })?;
    Ok(())
}

fn write_suite<W: Write>(
    xml: &mut Writer<W>,
    report: &Report,
    controls: &[Control<'_>],
    rule: &str,
    suite: &Suite<'_>,
) -> io::Result<()> {
    let name = harmless(rule);
    let mut element = xml.create_element("testsuite").with_attribute(("name", &*name));
    for (name, count) in suite.counts() {
        element = element.with_attribute((name, count.to_string().as_str()));
    }
    let time = harmless(&report.snapshot.captured_at);
    element.with_attribute(("timestamp", &*time)).write_inner_content(|xml| {
        if let Some(rule) = report.rule(rule) {
            xml.create_element("properties").write_inner_content(|xml| {
                let texts = [
                    ("title", &*rule.title),
                    ("severity", rule.severity.as_str()),
                    ("category", &*rule.category),
                    ("reference", rule.references.first().map_or("", String::as_str)),
                ];
                texts
                    .iter()
                    .filter(|(_, text)| !text.is_empty())
                    .try_for_each(|(name, text)| property(xml, name, text))?;
                let controls = controls.iter().flat_map(Control::names);
                controls.into_iter().try_for_each(|control| property(xml, "control", &control))
            })?;
        }
        suite.evaluations.iter().try_for_each(|one| write_case(xml, report, one))?;
        suite.errors.iter().try_for_each(|error| write_error(xml, error))
    })?;
    Ok(())
}

fn property<W: Write>(xml: &mut Writer<W>, name: &str, value: &str) -> io::Result<()> {
    let value = harmless(value);
    xml.create_element("property").with_attributes([("name", name), ("value", &*value)]).write_empty().map(drop)
}

fn write_case<W: Write>(xml: &mut Writer<W>, report: &Report, evaluation: &Evaluation) -> io::Result<()> {
    let key = &evaluation.resource;
    let mut name = if key.resource_id.is_empty() {
        format!("the list of {}", key.resource_type)
    } else {
        format!("{} {}", key.resource_type, key.resource_id)
    };
    if *key.region != *GLOBAL {
        name = format!("{name} in {}", key.region);
    }
    if report.snapshot.accounts.len() > 1 {
        name = format!("{name} of {}", key.account_id);
    }
    if !evaluation.key.is_empty() {
        name = format!("{name}: {}", evaluation.key);
    }
    let (name, rule) = (harmless(&name).into_owned(), harmless(&evaluation.rule).into_owned());
    let case = xml.create_element("testcase").with_attributes([("name", &*name), ("classname", &*rule)]);
    let (element, message) = match Fate::of(evaluation) {
        Fate::Passed => return case.write_empty().map(drop),
        Fate::Failed => ("failure", evaluation.annotation.to_string()),
        Fate::Broke => {
            let gap = evaluation.gap.as_deref().map(|gap| gap.reason.to_string());
            ("error", gap.unwrap_or_else(|| evaluation.annotation.to_string()))
        }
        Fate::Skipped => match &evaluation.exemption {
            Some(mark) if evaluation.is_exempted() => ("skipped", format!("exempted: {}", mark.reason)),
            _ => ("skipped", evaluation.annotation.to_string()),
        },
    };
    case.write_inner_content(|xml| {
        let message = harmless(&message);
        let kind =
            if element == "failure" { evaluation.severity.as_str() } else { evaluation.compliance_type.as_str() };
        let element = xml.create_element(element).with_attributes([("type", kind), ("message", &*message)]);
        element.write_text_content(BytesText::new(&details(evaluation))).map(drop)
    })?;
    Ok(())
}

/// What a view shows below the message.
fn details(evaluation: &Evaluation) -> String {
    let mut lines = vec![format!("finding {}", fingerprint(evaluation))];
    lines.extend(evaluation.arn.as_deref().map(|arn| harmless(arn).into_owned()));
    for evidence in evaluation.evidence.iter() {
        let Some(value) = &evidence.value else { continue };
        let of = evidence.resource.as_deref().map(|resource| format!("{resource} ")).unwrap_or_default();
        lines.push(harmless(&format!("{of}{} = {value}", evidence.path)).into_owned());
    }
    lines.join("\n")
}

fn write_error<W: Write>(xml: &mut Writer<W>, error: &RuleError) -> io::Result<()> {
    let name = harmless(error.resource.as_deref().unwrap_or("the rule itself")).into_owned();
    let rule = harmless(&error.rule).into_owned();
    let case = xml.create_element("testcase").with_attributes([("name", &*name), ("classname", &*rule)]);
    case.write_inner_content(|xml| {
        let message = harmless(&error.message);
        let element = xml.create_element("error").with_attributes([("type", "rule-error"), ("message", &*message)]);
        element.write_empty().map(drop)
    })?;
    Ok(())
}
