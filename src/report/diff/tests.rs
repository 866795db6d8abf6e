//! Differences, in every format. Names in them are as hostile as in reports.

use std::sync::Arc;

use super::*;
use crate::diff::{Judged, State, compare};
use crate::evaluation::{ComplianceType, Severity};
use crate::gap::Gap;
use crate::item::{ConfigurationItem, ResourceKey};
use crate::report::harmless;
use crate::report::tests::{hostile_names, sample, sarif_schema};
use crate::snapshot::{About, Place, Snapshot};
use crate::value::Unreadable;

const ACCOUNT: &str = "111122223333";
const VOLUME: &str = "AWS::EC2::Volume";
const BUCKET: &str = "AWS::S3::Bucket";
const EARLIER: &str = "2026-01-01T03:04:05.678Z";
const LATER: &str = "2026-01-02T03:04:05.678Z";

fn denied() -> Arc<Unreadable> {
    Arc::new(Unreadable {
        operation: "s3:ListBuckets".to_owned(),
        action: Some("s3:ListAllMyBuckets".to_owned()),
        code: "AccessDenied".to_owned(),
        message: "not authorized".to_owned(),
    })
}

fn item(resource_type: &str, id: &str, configuration: Value) -> ConfigurationItem {
    let mut item = ConfigurationItem::new(ResourceKey::new(ACCOUNT, "eu-west-1", resource_type, id), EARLIER);
    item.configuration = configuration;
    item
}

fn about(captured_at: &str, buckets: bool) -> About {
    let place = |resource_type: &str| Place {
        account_id: ACCOUNT.into(),
        aws_region: "eu-west-1".into(),
        resource_type: resource_type.into(),
    };
    let gap = Gap {
        account_id: ACCOUNT.to_owned(),
        aws_region: "eu-west-1".to_owned(),
        resource_type: BUCKET.to_owned(),
        resource_id: None,
        path: None,
        reason: denied(),
    };
    About {
        captured_at: captured_at.to_owned(),
        source: "account".to_owned(),
        accounts: vec![ACCOUNT.to_owned()],
        regions: vec!["eu-west-1".to_owned()],
        listings: if buckets { vec![place(VOLUME), place(BUCKET)] } else { vec![place(VOLUME)] },
        gaps: if buckets { Vec::new() } else { vec![gap] },
        ..About::default()
    }
}

/// Two snapshots with one change of each kind, whose names are these.
fn snapshots(name: &str) -> [Snapshot; 2] {
    let sized = |size: i64| Value::object([("size", Value::Integer(size)), (name, name.into())]);
    let mut tagged = item(VOLUME, "vol-1", sized(8));
    tagged.tags = Value::object([("Name", name.into())]);
    let mut renamed = item(VOLUME, "vol-1", sized(16));
    renamed.tags = Value::object([("Name", format!("{name} 2").into()), (name, name.into())]);
    let before = vec![tagged, item(VOLUME, &format!("{name} gone"), sized(1)), item(BUCKET, name, sized(0))];
    let after = vec![renamed, item(VOLUME, &format!("{name} new"), sized(1))];
    [Snapshot::new(about(EARLIER, true), before), Snapshot::new(about(LATER, false), after)]
}

/// Two reports with answers of every drift.
fn reports(name: &str) -> [Report; 2] {
    let mut before = sample();
    before.snapshot.captured_at = EARLIER.to_owned();
    let mut after = sample();
    for evaluation in &mut before.evaluations {
        if &*evaluation.resource.resource_id == "vol-1" {
            evaluation.resource.resource_id = name.into();
            evaluation.compliance_type = ComplianceType::NonCompliant;
            evaluation.annotation = name.into();
        }
    }
    for evaluation in &mut after.evaluations {
        if &*evaluation.resource.resource_id == "vol-1" {
            evaluation.resource.resource_id = name.into();
        }
        if &*evaluation.resource.resource_id == "vol-2" {
            evaluation.compliance_type = ComplianceType::NonCompliant;
            evaluation.annotation = name.into();
        }
    }
    // Port 22 is told in other words, port 3306 could not be judged any more.
    for evaluation in after.evaluations.iter_mut().filter(|one| &*one.resource.resource_id == "sg-1") {
        if evaluation.severity == Severity::Medium {
            evaluation.annotation = format!("open to {name}").into();
        } else {
            evaluation.compliance_type = ComplianceType::InsufficientData;
            evaluation.gap = Some(Box::new(Gap {
                account_id: ACCOUNT.to_owned(),
                aws_region: "eu-west-1".to_owned(),
                resource_type: "AWS::EC2::SecurityGroup".to_owned(),
                resource_id: Some(name.to_owned()),
                path: Some("/configuration".to_owned()),
                reason: denied(),
            }));
        }
    }
    if let Some(rule) = after.rules.iter_mut().find(|rule| rule.id == "encrypted-volumes") {
        rule.parameters.insert("kmsId".to_owned(), name.into());
    }
    for report in [&mut before, &mut after] {
        report.evaluations.sort_by(|a, b| (&a.resource, &a.rule, &a.key).cmp(&(&b.resource, &b.rule, &b.key)));
    }
    [before, after]
}

/// Everything at once: the snapshots' differences and the reports', written.
fn written(name: &str, format: Format, limit: Option<usize>) -> String {
    let ([before, after], [old, new]) = (snapshots(name), reports(name));
    let versions = |report: &Report| report.rules.iter().map(RuleSummary::version).collect::<Vec<_>>();
    let (old_rules, new_rules) = (versions(&old), versions(&new));
    let diff = compare(
        State {
            captured_at: EARLIER,
            snapshot: Some(&before),
            judged: Some(Judged { evaluations: &old.evaluations, rules: &old_rules }),
        },
        State {
            captured_at: LATER,
            snapshot: Some(&after),
            judged: Some(Judged { evaluations: &new.evaluations, rules: &new_rules }),
        },
    );
    let compared = Compared { diff: &diff, from: "yesterday.jsonl", to: "today.jsonl", report: Some(&new) };
    let options = Options { terminal: Layout { limit, ..Layout::default() }, ..Options::default() };
    let mut out = Vec::new();
    write(&compared, format, &options, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("it is UTF-8")
}

fn json_of(name: &str, format: Format) -> serde_json::Value {
    serde_json::from_str(&written(name, format, None)).expect("it is JSON")
}

#[test]
fn the_terminal_tells_causes_apart() {
    insta::assert_snapshot!(written("web tier", Format::Terminal, None));
}

#[test]
fn markdown_tells_the_same() {
    insta::assert_snapshot!(written("web tier", Format::Markdown, None));
}

#[test]
fn a_limit_counts_what_it_leaves_out() {
    for format in [Format::Terminal, Format::Markdown] {
        let all = written("web", format, None);
        let few = written("web", format, Some(1));
        assert!(few.lines().count() < all.lines().count() && few.contains("more"), "{few}");
    }
}

#[test]
fn the_json_keeps_to_its_schema() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../docs/diff.schema.json")).expect("it is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    for name in hostile_names() {
        let wire = json_of(&name, Format::Json);
        let errors: Vec<String> =
            validator.iter_errors(&wire).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
    let mut wire = json_of("web", Format::Json);
    wire["resources"][0]["more"] = true.into();
    assert!(!validator.is_valid(&wire), "the schema is closed");
}

#[test]
fn the_json_has_one_form() {
    insta::assert_snapshot!(written("web tier", Format::Json, None));
}

#[test]
fn hostile_text_does_nothing_on_the_terminal() {
    for name in hostile_names() {
        let text = written(&name, Format::Terminal, None);
        let harmful = text.chars().find(|c| *c != '\n' && harmless(&c.to_string()) != c.to_string());
        assert_eq!(harmful, None, "{name:?}");
    }
}

/// What is left of Markdown when its code spans are taken out, by Markdown's rule: a run of backticks ends at the
/// next run of the same length.
fn outside_of_code(line: &str) -> String {
    let runs = |text: &str, from: usize| -> Option<(usize, usize)> {
        let start = text.get(from..)?.find('`')? + from;
        let length = text.get(start..)?.chars().take_while(|c| *c == '`').count();
        Some((start, length))
    };
    let (mut outside, mut at) = (String::new(), 0);
    while let Some((start, length)) = runs(line, at) {
        outside.push_str(&line[at..start]);
        let mut search = start + length;
        let end = loop {
            match runs(line, search) {
                Some((end, same)) if same == length => break Some(end + same),
                Some((end, other)) => search = end + other,
                None => break None,
            }
        };
        // A run that nothing ends is text.
        let Some(end) = end else { return outside + &line[start..] };
        at = end;
    }
    outside + &line[at..]
}

#[test]
fn hostile_text_is_never_markup_in_markdown() {
    let more = [
        "@everyone",
        "a|b",
        "![x](https://example.com/x.png)",
        "``",
        "`",
        "```\n# heading",
        "a`b``c",
        " ` ",
        "- item",
        "</li><script>alert(1)</script>",
        "www.example.com",
        "#1",
        "GH-1",
        "&lt;",
        "\\`",
        "**bold**",
    ];
    let plain = written("plain", Format::Markdown, None);
    let outside = |text: &str| text.lines().map(outside_of_code).collect::<Vec<_>>();
    let expected = outside(&plain);
    for name in hostile_names().iter().map(String::as_str).chain(more) {
        let text = written(name, Format::Markdown, None);
        let mut seen = outside(&text);
        let mut expected = expected.clone();
        // Names decide about the order of the lines, and nothing else.
        seen.sort();
        expected.sort();
        assert_eq!(seen, expected, "{name:?}\n{text}");
    }
}

#[test]
fn messages_are_those_of_aws_config() {
    let text = written("web", Format::Jsonl, None);
    let messages: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let items: Vec<&serde_json::Value> =
        messages.iter().filter(|one| one["messageType"] == "ConfigurationItemChangeNotification").collect();
    let changes: Vec<(&str, &str)> = items
        .iter()
        .filter_map(|one| {
            let change = one["configurationItemDiff"]["changeType"].as_str()?;
            Some((change, one["configurationItem"]["configurationItemStatus"].as_str()?))
        })
        .collect();
    // A listing that was denied is no message.
    assert_eq!(changes, [("UPDATE", "OK"), ("DELETE", "ResourceDeleted"), ("CREATE", "ResourceDiscovered")]);
    let size = &items[0]["configurationItemDiff"]["changedProperties"]["Configuration.Size"];
    assert_eq!(*size, serde_json::json!({"previousValue": 8, "updatedValue": 16, "changeType": "UPDATE"}));
    let gone = &items[1]["configurationItemDiff"]["changedProperties"]["Configuration"];
    assert_eq!((&gone["changeType"], &gone["updatedValue"]), (&"DELETE".into(), &serde_json::Value::Null));
    assert_eq!(items[1]["configurationItem"]["configuration"], serde_json::Value::Null);
    assert_eq!(items[2]["configurationItemDiff"]["changedProperties"], serde_json::json!({}));
    let digest = items[0]["configurationItem"]["configurationStateMd5Hash"].as_str().expect("a digest");
    assert_eq!(digest.len(), 32);

    let answers: Vec<(&str, &str)> = messages
        .iter()
        .filter(|one| one["messageType"] == "ComplianceChangeNotification")
        .filter_map(|one| {
            Some((
                one["oldEvaluationResult"]["complianceType"].as_str()?,
                one["newEvaluationResult"]["complianceType"].as_str()?,
            ))
        })
        .collect();
    assert_eq!(answers, [("NOT_APPLICABLE", "NON_COMPLIANT"), ("NON_COMPLIANT", "COMPLIANT")]);
}

#[test]
fn sarif_tells_how_each_finding_stands() {
    let validator = jsonschema::validator_for(&sarif_schema()).expect("the schema is one");
    for name in hostile_names() {
        let sarif = json_of(&name, Format::Sarif);
        let errors: Vec<String> =
            validator.iter_errors(&sarif).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
    let sarif = json_of("web", Format::Sarif);
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let seen: Vec<(&str, &str, &str)> = results
        .iter()
        .filter_map(|one| {
            let id = one["properties"]["resourceId"].as_str()?;
            Some((id, one["baselineState"].as_str()?, one["kind"].as_str()?))
        })
        .collect();
    let expected = [
        ("sg-1", "updated", "fail"),
        ("vol-0a1b2c3d4e5f60718", "unchanged", "fail"),
        ("vol-2", "new", "fail"),
        ("web", "absent", "fail"),
        // It could not be judged again: it may be there still.
        ("sg-1", "updated", "open"),
    ];
    let mut seen_by_id = seen.clone();
    seen_by_id.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(seen_by_id, expected);
    assert_eq!(results.len(), seen.len(), "each result has a state");
}
