//! One report, in every format. Names in it are as hostile as AWS lets them be, and worse.

mod advice;
mod exemptions;
mod formats;
mod hostile;

pub(crate) use self::hostile::PAYLOADS;

use std::path::Path;

use super::harmless::is_harmful;
use super::*;
use crate::evaluation::Evidence;
use crate::item::{ConfigurationItem, Relationship, ResourceKey};
use crate::location::{self, Certainty, Location, Mapping};
use crate::snapshot::{About, Place};
use crate::value::{Unreadable, code};

const ACCOUNT: &str = "111122223333";

pub(crate) fn evaluation(rule: &str, resource_type: &str, id: &str) -> Evaluation {
    Evaluation::sample(rule, resource_type, id, ComplianceType::Compliant)
}

fn finding(rule: &str, resource_type: &str, id: &str, annotation: &str) -> Evaluation {
    Evaluation {
        compliance_type: ComplianceType::NonCompliant,
        annotation: annotation.into(),
        ..evaluation(rule, resource_type, id)
    }
}

fn fact(path: &str, value: Option<&str>) -> Evidence {
    Evidence { resource: None, path: path.into(), value: value.map(Into::into) }
}

fn rule(id: &str, title: &str, severity: Severity, resource_type: &str) -> RuleSummary {
    RuleSummary {
        id: id.to_owned(),
        title: title.to_owned(),
        severity,
        default_severity: None,
        category: "security".to_owned(),
        maturity: "stable".to_owned(),
        resource_types: vec![resource_type.to_owned()],
        description: format!("Checks {id}.\n"),
        risk: "What may happen otherwise.\n".to_owned(),
        remediation: "Take a snapshot of the volume, copy it with encryption turned on, make a new volume from the\n\
                      copy, and put it in the place of the old one.\n\nA second paragraph.\n"
            .to_owned(),
        fix: Fix::new(
            Some("aws ec2 x --id {{resourceId}} --name {{resourceName}} \\\n  --arn {{arn}} --region {{awsRegion}}\n"),
            Some("resource \"aws_x\" \"example\" {\n  name = \"{{resourceName}}\"\n  id   = \"{{resourceId}}\"\n}\n"),
        )
        .expect("the snippets are right"),
        references: vec![format!("https://docs.aws.amazon.com/config/latest/developerguide/{id}.html")],
        parameters: BTreeMap::new(),
        digest: None,
    }
}

fn denied(operation: &str) -> Arc<Unreadable> {
    Arc::new(Unreadable {
        operation: operation.to_owned(),
        action: Some(operation.to_owned()),
        code: "AccessDenied".to_owned(),
        message: format!("User: arn:aws:sts::{ACCOUNT}:assumed-role/scan is not authorized to perform: {operation}"),
    })
}

fn gap(resource_type: &str, id: Option<&str>, path: Option<&str>, reason: &Arc<Unreadable>) -> Gap {
    Gap {
        account_id: ACCOUNT.to_owned(),
        aws_region: "eu-west-1".to_owned(),
        resource_type: resource_type.to_owned(),
        resource_id: id.map(str::to_owned),
        path: path.map(str::to_owned),
        reason: Arc::clone(reason),
    }
}

/// A report with findings of several severities, two causes of gaps, and a rule that broke.
pub(crate) fn sample() -> Report {
    let mut kms = rule("encrypted-volumes", "Attached EBS volumes are encrypted", Severity::High, "AWS::EC2::Volume");
    kms.parameters.insert("kmsId".to_owned(), "1234abcd-12ab-34cd-56ef-1234567890ab".into());
    let buckets = "AWS::S3::Bucket";
    let groups = "AWS::EC2::SecurityGroup";
    let policy = denied("s3:GetBucketPolicy");
    let policy_gap = gap(buckets, Some("payroll"), Some("/supplementaryConfiguration/BucketPolicy"), &policy);
    let databases = denied("rds:DescribeDBInstances");
    let list_gap = gap("AWS::RDS::DBInstance", None, None, &databases);
    let absent = Arc::new(Unreadable {
        operation: String::new(),
        action: None,
        code: code::ABSENT.to_owned(),
        message: "/configuration/encryptd is absent".to_owned(),
    });
    let evaluations = vec![
        Evaluation {
            evidence: Arc::new([
                fact("/configuration/state", Some("\"in-use\"")),
                fact("/configuration/attachments", None),
                fact("/configuration/encrypted", Some("false")),
            ]),
            arn: Some(format!("arn:aws:ec2:eu-west-1:{ACCOUNT}:volume/vol-0a1b2c3d4e5f60718").into()),
            resource_name: Some("database, primary".into()),
            ..finding("encrypted-volumes", "AWS::EC2::Volume", "vol-0a1b2c3d4e5f60718", "the volume is not encrypted")
        },
        evaluation("encrypted-volumes", "AWS::EC2::Volume", "vol-1"),
        Evaluation {
            compliance_type: ComplianceType::NotApplicable,
            annotation: "the volume is not attached to an instance".into(),
            ..evaluation("encrypted-volumes", "AWS::EC2::Volume", "vol-2")
        },
        Evaluation {
            key: "tcp 22 from 0.0.0.0/0".into(),
            severity: Severity::Medium,
            ..finding("open-ports", groups, "sg-1", "port 22 (tcp) is open to 0.0.0.0/0")
        },
        Evaluation {
            key: "tcp 3306 from 0.0.0.0/0".into(),
            severity: Severity::Critical,
            evidence: Arc::new([fact("/configuration/ipPermissions/1/ipv4Ranges/0/cidrIp", Some("\"0.0.0.0/0\""))]),
            ..finding("open-ports", groups, "sg-1", "port 3306 (tcp) is open to 0.0.0.0/0")
        },
        Evaluation {
            compliance_type: ComplianceType::InsufficientData,
            annotation: "the bucket's policy could not be read".into(),
            gap: Some(Box::new(policy_gap.clone())),
            ..evaluation("tls-only", buckets, "payroll")
        },
        Evaluation {
            compliance_type: ComplianceType::InsufficientData,
            gap: Some(Box::new(gap(buckets, Some("logs"), None, &absent))),
            ..evaluation("tls-only", buckets, "logs")
        },
    ];
    Report {
        assize_version: "0.1.0".to_owned(),
        snapshot: SnapshotSummary {
            captured_at: "2026-01-02T03:04:05.678Z".to_owned(),
            duration_ms: 3_210,
            source: "account".to_owned(),
            accounts: vec![ACCOUNT.to_owned()],
            regions: vec!["eu-west-1".to_owned()],
            skipped_regions: [("ap-east-1".to_owned(), "not enabled for this account".to_owned())].into(),
            items: [("AWS::EC2::Volume".to_owned(), 3), (buckets.to_owned(), 2), (groups.to_owned(), 1)].into(),
            relationships: 4,
            requests: [("ec2:DescribeVolumes".to_owned(), 2), ("s3:ListBuckets".to_owned(), 1)].into(),
        },
        rules: vec![
            rule("db-encrypted", "RDS storage is encrypted", Severity::High, "AWS::RDS::DBInstance"),
            kms,
            rule("open-ports", "Security groups open no port to the world", Severity::High, groups),
            rule("tls-only", "S3 buckets refuse requests without TLS", Severity::Medium, buckets),
        ],
        evaluations,
        gaps: vec![list_gap, policy_gap],
        exemptions: Vec::new(),
        packs: Vec::new(),
        drift: None,
        reused: None,
        places: Places::default(),
        neighbours: BTreeMap::new(),
        rule_errors: vec![
            RuleError {
                rule: "rules/mine/broken.rhai".to_owned(),
                resource: None,
                message: "syntax error at line 3, column 7\n  3 | if volume.\n    |       ^".to_owned(),
            },
            RuleError {
                rule: "tls-only".to_owned(),
                resource: Some(format!("{ACCOUNT} eu-west-1 {buckets} odd")),
                message: "cannot compare string with integer (line 4, position 9)".to_owned(),
            },
        ],
    }
}

/// Names that break one writer or another.
pub(crate) fn hostile_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "api:7",
        "web tier",
        "arn:aws:s3:::one two",
        "../../etc/passwd",
        "https://example.com/",
        "a\u{1b}[2J\u{1b}]0;owned\u{7}b",
        "c1 \u{9b}31m control",
        "line\nbreak\r\ttab",
        "nul\0byte",
        "\u{202e}gpj.exe",
        "zero\u{200b}width\u{feff}",
        "tag\u{e0041}s",
        "<img src=x onerror=alert(1)>",
        "[click](https://example.com) and [1](1) and {0}",
        "`rm -rf` $(id) ; | & \" ' \\",
        "שלום עולם",
        "名前 🦀",
        "#fragment?query%41",
    ]
    .map(str::to_owned)
    .into();
    names.push("x".repeat(300));
    names
}

fn hostile() -> Report {
    let mut report = sample();
    report.gaps.clear();
    report.rule_errors.clear();
    report.evaluations = hostile_names()
        .into_iter()
        .map(|name| Evaluation {
            resource_name: Some(name.as_str().into()),
            evidence: Arc::new([fact(&format!("/tags/{name}"), Some(&name))]),
            key: name.as_str().into(),
            ..finding("encrypted-volumes", "AWS::EC2::Volume", &name, &format!("{name} is open"))
        })
        .collect();
    for name in hostile_names() {
        let reason = Arc::new(Unreadable {
            operation: "s3:GetBucketPolicy".to_owned(),
            action: Some(name.clone()),
            code: name.clone(),
            message: name.clone(),
        });
        report.gaps.push(gap(&name, Some(&name), Some(&name), &reason));
        report.rule_errors.push(RuleError { rule: name.clone(), resource: Some(name.clone()), message: name });
    }
    report
}

fn written(report: &Report, format: Format, options: &Options) -> String {
    let mut out = Vec::new();
    write(report, format, options, &mut out).expect("writing to memory works");
    String::from_utf8(out).expect("reports are UTF-8")
}

fn json_of(report: &Report, format: Format) -> serde_json::Value {
    serde_json::from_str(&written(report, format, &Options::default())).expect("the format is JSON")
}

fn at_width(width: usize) -> Options {
    Options { terminal: terminal::Layout { width, ..terminal::Layout::default() }, ..Options::default() }
}

#[test]
fn the_terminal_shows_findings_gaps_errors_and_sums() {
    insta::assert_snapshot!(written(&sample(), Format::Terminal, &at_width(100)));
}

#[test]
fn the_terminal_colours_severities_when_asked() {
    let mut options = at_width(80);
    options.terminal.color = true;
    let text = written(&sample(), Format::Terminal, &options);
    insta::assert_snapshot!(text.replace('\u{1b}', "␛"));
}

#[test]
fn nothing_found_is_said_in_a_line() {
    let mut report = sample();
    report.evaluations.retain(|evaluation| evaluation.compliance_type == ComplianceType::Compliant);
    report.gaps.clear();
    report.rule_errors.clear();
    report.snapshot.skipped_regions.clear();
    insta::assert_snapshot!(written(&report, Format::Terminal, &Options::default()));
}

#[test]
fn findings_on_one_resource_stand_together() {
    let mut report = sample();
    let on = |id: &str, key: &str, value: &str| Evaluation {
        key: key.into(),
        evidence: Arc::new([fact("/configuration/port", Some(value))]),
        ..finding("open-ports", "AWS::EC2::SecurityGroup", id, &format!("{key} is open"))
    };
    report.evaluations = vec![on("sg-1", "a", "1"), on("sg-2", "b", "1"), on("sg-1", "c", "1"), on("sg-1", "d", "2")];
    let text = written(&report, Format::Terminal, &at_width(80));
    let together = "  --> AWS::EC2::SecurityGroup sg-1 in eu-west-1\n      a is open\n      c is open\n      \
                    | /configuration/port = 1\n      d is open\n      | /configuration/port = 2\n  --> ";
    assert!(text.contains(together), "{text}");
}

#[test]
fn a_limit_counts_what_it_leaves_out() {
    let mut report = sample();
    report.evaluations =
        (0..7).map(|n| finding("encrypted-volumes", "AWS::EC2::Volume", &format!("vol-{n}"), "not so")).collect();
    let mut options = at_width(80);
    options.terminal.limit = Some(5);
    let text = written(&report, Format::Terminal, &options);
    assert!(text.contains("--> AWS::EC2::Volume vol-4") && !text.contains("vol-5"), "{text}");
    assert!(text.contains("... and 2 more findings"), "{text}");
}

#[test]
fn lines_keep_to_the_width_when_their_words_allow_it() {
    for width in [60, 80, 120] {
        for line in written(&sample(), Format::Terminal, &at_width(width)).lines() {
            // A command is copied as it is, and `--` stands in each of those here.
            let breakable = line.trim_start().contains(' ')
                && !line.contains("--")
                && !line.contains('|')
                && !line.contains("see: ");
            assert!(!breakable || line.chars().count() <= width, "{width} columns: {line}");
        }
    }
}

#[test]
fn no_text_of_aws_reaches_the_terminal_with_its_powers() {
    let text = written(&hostile(), Format::Terminal, &at_width(100));
    let powers: Vec<char> = text.chars().filter(|c| *c != '\n' && is_harmful(*c)).collect();
    assert!(powers.is_empty(), "{powers:?} in {text}");
    for shown in ["a\\u{1b}[2J", "\\u{202e}gpj.exe", "zero\\u{200b}width\\u{feff}", "line\\nbreak\\r\\ttab", "api:7"] {
        assert!(text.contains(shown), "{shown} is not in\n{text}");
    }
    // A line is never begun by a name: the lines of the report are its own.
    assert!(text.lines().all(|line| !line.starts_with("break")), "{text}");
}

#[test]
fn the_json_report_has_the_form_that_others_script_against() {
    insta::assert_snapshot!(written(&sample(), Format::Json, &Options::default()));
}

#[test]
fn the_json_report_keeps_to_its_schema() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../docs/report.schema.json")).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    for report in [sample(), hostile(), exemptions::exempted()] {
        let wire = json_of(&report, Format::Json);
        let errors: Vec<String> = validator.iter_errors(&wire).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
    // The schema is closed and complete: it refuses a report that lacks a member or has one more.
    for change in ["evaluations", "gaps", "rules", "exemptions"] {
        let mut wire = json_of(&exemptions::exempted(), Format::Json);
        wire[change][0]["more"] = true.into();
        assert!(!validator.is_valid(&wire), "a further member of {change} passes");
        let mut wire = json_of(&exemptions::exempted(), Format::Json);
        let member = wire[change][0].as_object().and_then(|o| o.keys().next().cloned()).expect("it has members");
        wire[change][0].as_object_mut().and_then(|o| o.remove(&member)).expect("it was there");
        assert!(!validator.is_valid(&wire), "{change} without {member} passes");
    }
}

#[test]
fn a_saved_json_report_is_the_report() {
    for report in [sample(), hostile(), exemptions::exempted()] {
        let text = written(&report, Format::Json, &Options::default());
        assert_eq!(json::read(text.as_bytes()).expect("it reads what it wrote"), report);
    }
}

#[test]
fn what_is_no_report_is_refused() {
    let newer = written(&sample(), Format::Json, &Options::default()).replacen("\"version\": 1", "\"version\": 2", 1);
    assert!(matches!(json::read(newer.as_bytes()), Err(json::ReadError::Version(2))));
    assert!(matches!(json::read(&b"{\"items\": []}"[..]), Err(json::ReadError::NotAReport)));
    assert!(matches!(json::read(&b"{\"format\":"[..]), Err(json::ReadError::Json(_))));
}

#[test]
fn the_sarif_report_has_one_form() {
    insta::assert_snapshot!(written(&sample(), Format::Sarif, &Options::default()));
}

#[test]
fn hostile_names_pass_whole_and_never_into_a_location() {
    let names = hostile_names();
    let sarif = json_of(&hostile(), Format::Sarif);
    let results = sarif["runs"][0]["results"].as_array().expect("there are results");
    assert_eq!(results.len(), names.len());
    for (result, name) in results.iter().zip(&names) {
        assert_eq!(result["properties"]["resourceId"], name.as_str());
        assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "assize.yaml");
        let logical = result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].as_str();
        assert!(logical.is_some_and(|text| text.ends_with(name.as_str())), "{result}");
        let message = result["message"]["text"].as_str().expect("a message is text");
        assert!(!message.chars().any(is_harmful) && !message.contains("]("), "{message:?}");
    }
    let json = json_of(&hostile(), Format::Json);
    let ids: Vec<&str> =
        json["evaluations"].as_array().expect("a list").iter().filter_map(|e| e["resourceId"].as_str()).collect();
    assert_eq!(ids, names);
}

#[test]
fn hostile_names_are_taken_by_code_scanning_in_files_of_any_name() {
    let mut report = hostile();
    for (at, evaluation) in hostile().evaluations.iter().enumerate() {
        let name = hostile_names().get(at).cloned().unwrap_or_default();
        let location = Location { file: name.as_str().into(), line: at as u64 + 1, column: 1, end_column: 2 };
        let (mapping, certainty) = (Mapping::Name, Certainty::Likely);
        report.places.insert(evaluation, location::Place { location, address: name, mapping, certainty });
    }
    let document = sarif::Document::new(&report, &Options::default()).unwrap();
    assert_eq!(sarif::check::check(&document.bytes).unwrap(), []);
    // What is said of places survives being saved.
    let mut saved = Vec::new();
    json::write(&report, &mut saved).unwrap();
    assert_eq!(json::read(saved.as_slice()).unwrap().places, report.places);
}

#[test]
fn fingerprints_do_not_depend_on_the_order_or_the_wording() {
    let fingerprints = |report: &Report| -> BTreeMap<String, String> {
        let sarif = json_of(report, Format::Sarif);
        let results = sarif["runs"][0]["results"].as_array().expect("there are results");
        let pairs = results.iter().map(|result| {
            let id = format!("{} {}", result["properties"]["resourceId"], result["properties"]["key"]);
            (result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap_or_default().to_owned(), id)
        });
        pairs.collect()
    };
    let before = hostile();
    let mut after = before.clone();
    after.evaluations.reverse();
    after.rules.remove(0);
    for evaluation in &mut after.evaluations {
        evaluation.annotation = "said otherwise".into();
        evaluation.evidence = Arc::default();
        evaluation.severity = Severity::Low;
    }
    assert_eq!(fingerprints(&before), fingerprints(&after));
    assert_eq!(fingerprints(&before).len(), before.evaluations.len(), "each finding has its own");

    // The parts are kept apart: `a` + `bc` is not `ab` + `c`.
    let mut apart = sample();
    apart.evaluations = [("a", "bc"), ("ab", "c")]
        .map(|(id, key)| Evaluation { key: key.into(), ..finding("tls-only", "AWS::S3::Bucket", id, "no") })
        .into();
    assert_eq!(fingerprints(&apart).len(), 2);
}

#[test]
fn an_execution_with_gaps_was_not_successful() {
    let successful =
        |report: &Report| json_of(report, Format::Sarif)["runs"][0]["invocations"][0]["executionSuccessful"].clone();
    let mut report = sample();
    assert_eq!(successful(&report), false);
    report.rule_errors.clear();
    report.gaps.clear();
    assert_eq!(successful(&report), false, "evaluations that could not be judged are left");
    report.evaluations.retain(|evaluation| evaluation.gap.is_none());
    assert_eq!(successful(&report), true);
}

#[test]
fn each_account_is_a_run_of_its_own_category() {
    let mut report = sample();
    report.snapshot.accounts.push("444455556666".to_owned());
    report.evaluations.push(Evaluation {
        resource: ResourceKey::new("444455556666", "eu-west-1", "AWS::S3::Bucket", "other"),
        ..finding("tls-only", "AWS::S3::Bucket", "other", "no policy")
    });
    let sarif = json_of(&report, Format::Sarif);
    let runs = sarif["runs"].as_array().expect("runs");
    let seen: Vec<_> = runs
        .iter()
        .map(|run| (run["automationDetails"]["id"].as_str(), run["results"].as_array().map(Vec::len)))
        .collect();
    assert_eq!(seen, [(Some("assize/111122223333/"), Some(3)), (Some("assize/444455556666/"), Some(1))]);

    report.snapshot.accounts = (0..21).map(|n| format!("{n:012}")).collect();
    let sarif = json_of(&report, Format::Sarif);
    assert_eq!(sarif["runs"].as_array().map(Vec::len), Some(1), "a file has at most 20 runs");
    assert_eq!(sarif["runs"][0]["results"].as_array().map(Vec::len), Some(4));
}

#[test]
fn of_too_many_findings_the_worst_stay_and_the_others_are_counted() {
    let mut report = sample();
    report.evaluations = (0..25_010)
        .map(|n| Evaluation {
            severity: if n >= 25_000 { Severity::Critical } else { Severity::Low },
            ..finding("tls-only", "AWS::S3::Bucket", &format!("b{n:05}"), "no")
        })
        .collect();
    let sarif = json_of(&report, Format::Sarif);
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert_eq!(results.len(), 25_000);
    assert_eq!(results.iter().filter(|result| result["properties"]["severity"] == "critical").count(), 10);
    assert_eq!(results[0]["properties"]["resourceId"], "b25000", "those that are shown come first");
    assert_eq!(results[10]["properties"]["resourceId"], "b00000", "and each kind in its order");
    let notes = &sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    assert!(notes.to_string().contains("10 of the less severe findings are left out"), "{notes}");
    assert!(notes.to_string().contains("shows the 5000 most severe results of a run, and not 20010 more"), "{notes}");
    let document = sarif::Document::new(&report, &Options::default()).unwrap();
    assert_eq!(document.remarks.len(), 2, "{:?}", document.remarks);
    let refused = |remark: &sarif::check::Remark| remark.consequence == sarif::check::Consequence::Refused;
    let remarks = sarif::check::check(&document.bytes).unwrap();
    assert!(!remarks.iter().any(refused), "{remarks:?}");
}

#[test]
fn an_anchor_is_a_relative_uri_whatever_the_file_is_called() {
    for (path, uri) in [
        ("assize.yaml", "assize.yaml"),
        ("./a b/c:d.yaml", "a%20b/c%3Ad.yaml"),
        ("c:d", "c%3Ad"),
        ("/etc/../x#y?.yaml", "etc/x%23y%3F.yaml"),
        ("ü%.yaml", "%C3%BC%25.yaml"),
        ("..", "assize.yaml"),
    ] {
        assert_eq!(sarif::Anchor::new(Path::new(path), "").uri(), uri, "{path}");
    }
}

#[test]
fn a_result_is_at_the_line_that_asks_for_its_rule() {
    let text = "# what is asked of this account\nrules:\n  - encrypted-volumes-of-others\n  - encrypted-volumes\n";
    let options = Options { anchor: sarif::Anchor::new(Path::new("assize.yaml"), text), ..Options::default() };
    let sarif: serde_json::Value =
        serde_json::from_str(&written(&sample(), Format::Sarif, &options)).expect("SARIF is JSON");
    let regions: Vec<_> = sarif["runs"][0]["results"]
        .as_array()
        .expect("results")
        .iter()
        .map(|result| (result["ruleId"].as_str(), &result["locations"][0]["physicalLocation"]["region"]))
        .map(|(rule, region)| (rule, region["startLine"].as_i64(), region["endColumn"].as_i64()))
        .collect();
    let ports = (Some("open-ports"), Some(1), Some(32));
    assert_eq!(regions, [(Some("encrypted-volumes"), Some(4), Some(22)), ports, ports]);
}

/// GitHub's conditions, each of which sinks the whole file
/// (<https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>).
#[test]
fn code_scanning_takes_every_part_of_the_file() {
    let mut report = hostile();
    report.rules.push(RuleSummary {
        title: String::new(),
        description: "d".repeat(5_000),
        risk: String::new(),
        remediation: String::new(),
        references: Vec::new(),
        ..rule("zz", "", Severity::Informational, "")
    });
    let sarif = json_of(&report, Format::Sarif);
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let filled = |value: &serde_json::Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
    for rule in run["tool"]["driver"]["rules"].as_array().expect("rules") {
        for text in ["/shortDescription/text", "/fullDescription/text"] {
            let text = rule.pointer(text).expect("it is there");
            assert!(filled(text) && text.as_str().is_some_and(|t| t.chars().count() <= 1_024), "{rule}");
        }
        assert!(filled(&rule["id"]) && filled(&rule["help"]["text"]) && filled(&rule["help"]["markdown"]), "{rule}");
        assert!(rule["properties"]["tags"].as_array().is_some_and(|tags| tags.len() <= 10), "{rule}");
        let severity: f64 =
            rule["properties"]["security-severity"].as_str().and_then(|t| t.parse().ok()).expect("a number");
        assert!(severity > 0.0 && severity <= 10.0, "{rule}");
    }
    for result in run["results"].as_array().expect("results") {
        let location = &result["locations"][0]["physicalLocation"];
        assert!(filled(&location["artifactLocation"]["uri"]) && filled(&result["message"]["text"]), "{result}");
        for member in ["startLine", "startColumn", "endLine", "endColumn"] {
            assert!(location["region"][member].as_i64().is_some_and(|number| number >= 1), "{result}");
        }
        assert!(filled(&result["partialFingerprints"]["primaryLocationLineHash"]), "{result}");
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("a position")).expect("it is small");
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    }
}

/// The schema is the one that the SARIF types are generated from; it stands in the sources of that crate.
#[test]
fn sarif_keeps_to_its_schema() {
    let schema = sarif_schema();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let mut empty = sample();
    empty.evaluations.clear();
    empty.snapshot.accounts.clear();
    for report in [sample(), hostile(), exemptions::exempted(), formats::packed(), empty] {
        let sarif = json_of(&report, Format::Sarif);
        let errors: Vec<String> =
            validator.iter_errors(&sarif).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
    let suppressed = Options { suppressions: true, ..Options::default() };
    let suppressed: serde_json::Value =
        serde_json::from_str(&written(&exemptions::exempted(), Format::Sarif, &suppressed)).expect("SARIF is JSON");
    assert!(validator.is_valid(&suppressed), "{suppressed}");
    let mut broken = json_of(&sample(), Format::Sarif);
    broken["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!validator.is_valid(&broken), "the schema refuses nothing");
}

pub(crate) fn sarif_schema() -> serde_json::Value {
    // Only this platform's packages are sure to be on the machine that builds for it.
    let version = std::process::Command::new(env!("CARGO")).arg("-vV").output().expect("cargo runs");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo says where it runs");
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline", "--locked", "--filter-platform", host])
        .arg("--manifest-path")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo's metadata is JSON");
    let package = metadata["packages"]
        .as_array()
        .and_then(|packages| packages.iter().find(|package| package["name"] == "serde-sarif"))
        .expect("serde-sarif is a dependency");
    let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
    let schema = std::fs::read(manifest.with_file_name("src").join("schema.json")).expect("it has the schema");
    let mut schema: serde_json::Value = serde_json::from_slice(&schema).expect("the schema is JSON");
    // Its pattern for languages has an unescaped bracket; assize writes no language.
    for definition in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][definition]["properties"]["language"];
        language.as_object_mut().and_then(|language| language.remove("pattern")).expect("the pattern is there");
    }
    schema
}

#[test]
fn every_format_carries_the_same_findings() {
    let results = |report: &Report, options: &Options, suppressed: bool| -> usize {
        let sarif: serde_json::Value =
            serde_json::from_str(&written(report, Format::Sarif, options)).expect("SARIF is JSON");
        let runs = sarif["runs"].as_array().expect("runs").clone();
        let results = runs.iter().flat_map(|run| run["results"].as_array().expect("results"));
        results.filter(|result| result.get("suppressions").is_some() == suppressed).count()
    };
    let with_suppressions = Options { suppressions: true, ..Options::default() };
    for report in [sample(), hostile(), exemptions::exempted()] {
        let findings = report.findings().count();
        let exempted = report.exempted().filter(|one| one.compliance_type == ComplianceType::NonCompliant).count();
        let json = json_of(&report, Format::Json);
        let listed = json["evaluations"].as_array().expect("evaluations");
        let in_json = |is_exempted: bool| {
            let non_compliant = listed.iter().filter(|one| one["complianceType"] == "NON_COMPLIANT");
            non_compliant.filter(|one| (one["exemption"]["state"] == "in-force") == is_exempted).count()
        };
        let mut alone = report.clone();
        alone.gaps.clear();
        alone.rule_errors.clear();
        alone.exemptions.clear();
        alone.evaluations.retain(|evaluation| evaluation.compliance_type == ComplianceType::NonCompliant);
        // Each has its sentence; the resource of several stands there once.
        for evaluation in &mut alone.evaluations {
            evaluation.annotation = if evaluation.is_finding() { "found so" } else { "accepted so" }.into();
        }
        let text = written(&alone, Format::Terminal, &Options::default());
        let shown = |words: &str| text.lines().filter(|line| line.trim_start().ends_with(words)).count();
        let open = [results(&report, &Options::default(), false), in_json(false), shown("found so")];
        assert_eq!(open, [findings; 3]);
        assert_eq!(results(&report, &with_suppressions, false), findings);
        let accepted = [results(&report, &with_suppressions, true), in_json(true), shown("accepted so")];
        assert_eq!(accepted, [exempted; 3]);
        assert_eq!(results(&report, &Options::default(), true), 0, "code scanning would open them");
    }
}

#[test]
fn the_summary_counts_what_the_snapshot_holds() {
    let key = |resource_type, id| ResourceKey::new(ACCOUNT, "eu-west-1", resource_type, id);
    let mut volume = ConfigurationItem::new(key("AWS::EC2::Volume", "vol-1"), "2026-01-02T03:04:05.678Z");
    volume.relationships.push(Relationship {
        resource_type: "AWS::EC2::Instance".into(),
        resource_id: Some("i-1".into()),
        resource_name: None,
        name: "Is attached to Instance".into(),
    });
    let other = ConfigurationItem::new(key("AWS::EC2::Volume", "vol-2"), "2026-01-02T03:04:05.678Z");
    let bucket = ConfigurationItem::new(key("AWS::S3::Bucket", "b"), "2026-01-02T03:04:05.678Z");
    let about = About {
        captured_at: "2026-01-02T03:04:05.678Z".to_owned(),
        duration_ms: 12,
        source: "account".to_owned(),
        accounts: vec![ACCOUNT.to_owned()],
        regions: vec!["eu-west-1".to_owned()],
        listings: vec![Place {
            account_id: ACCOUNT.into(),
            aws_region: "eu-west-1".into(),
            resource_type: "AWS::EC2::Volume".into(),
        }],
        requests: [("ec2:DescribeVolumes".to_owned(), 3)].into(),
        ..About::default()
    };
    let summary = SnapshotSummary::from(&Snapshot::new(about, vec![volume, other, bucket]));
    assert_eq!(summary.items, [("AWS::EC2::Volume".to_owned(), 2), ("AWS::S3::Bucket".to_owned(), 1)].into());
    assert_eq!((summary.relationships, summary.duration_ms, summary.requests.len()), (1, 12, 1));
}

#[test]
fn a_threshold_counts_findings_of_its_severity_and_worse() {
    let at = |report: &Report, least| FailOn { least: Some(least), ..FailOn::default() }.is_failed(report);
    let report = sample();
    assert!(at(&report, Severity::Critical) && at(&report, Severity::Informational));
    let mut mild = report.clone();
    mild.evaluations.retain(|evaluation| evaluation.severity == Severity::Medium);
    assert!(at(&mild, Severity::Medium) && !at(&mild, Severity::High));
    // What could not be judged is no finding, whatever its rule's severity.
    mild.evaluations = report.evaluations.into_iter().filter(|evaluation| evaluation.gap.is_some()).collect();
    assert!(!mild.evaluations.is_empty() && !at(&mild, Severity::Informational));
}

#[test]
fn what_fails_a_run_is_said_in_words() {
    for (words, least, only_new, gaps) in [
        ("high", Some(Severity::High), false, false),
        ("new", Some(Severity::Informational), true, false),
        ("high,new", Some(Severity::High), true, false),
        ("gaps", None, false, true),
        ("new,gaps", Some(Severity::Informational), true, true),
        ("never", None, false, false),
    ] {
        let fail_on: FailOn = words.parse().expect("the words are understood");
        assert_eq!(fail_on, FailOn { least, only_new, gaps }, "{words}");
        assert_eq!(fail_on.to_string(), words);
    }
    for (words, error) in [
        (
            "hihg",
            "`hihg` is none of critical, high, medium, low, informational, new, gaps, never; did you mean `high`?",
        ),
        ("high,low", "name one severity: what is worse counts as well"),
        ("never,gaps", "`never` stands alone"),
    ] {
        assert_eq!(words.parse::<FailOn>().map_err(|error| error.to_string()), Err(error.to_owned()));
    }
}

#[test]
fn only_what_is_not_in_the_earlier_report_is_new() {
    let earlier = sample();
    let failed = |words: &str, report: &Report| words.parse::<FailOn>().expect("words").is_failed(report);
    let again = sample().against(&earlier);
    assert!(!failed("new", &again) && failed("high", &again), "all was there before");
    assert!(failed("new", &sample()), "without an earlier run all is new");
    let mut later = sample();
    later
        .evaluations
        .push(Evaluation { severity: Severity::Low, ..finding("tls-only", "AWS::S3::Bucket", "fresh", "no policy") });
    later.evaluations[0].compliance_type = ComplianceType::Compliant;
    let later = later.against(&earlier);
    assert!(failed("new", &later) && failed("low,new", &later) && !failed("medium,new", &later));
    let drift = later.drift.as_ref().expect("it is told");
    assert_eq!(drift.previous.as_deref(), Some("2026-01-02T03:04:05.678Z"));
    let fixed: Vec<&str> = drift.fixed.iter().map(|fixed| &*fixed.finding.resource.resource_id).collect();
    assert_eq!(fixed, ["vol-0a1b2c3d4e5f60718"]);
    assert!(failed("gaps", &later), "the sample has gaps");
}
