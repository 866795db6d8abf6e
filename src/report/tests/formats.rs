//! What each format is: its form, its schema, and the findings that all of them have.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use regex_lite::Regex;
use serde_json::Value as Json;

use super::*;
use crate::drift::{Drift, Standing};
use crate::pack::standing::{End, RuleStanding};

/// The formats that are one JSON document.
fn as_json(report: &Report, format: Format, extent: Extent) -> Json {
    let text = written(report, format, &Options { extent, ..Options::default() });
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{format}: {error}\n{text}"))
}

fn full() -> Options {
    Options { extent: Extent::Full, ..Options::default() }
}

/// The sample, the first finding of which has been open for a day.
pub(crate) fn drifted() -> Report {
    let mut report = sample();
    let first = &report.evaluations[0];
    let standing = Standing {
        rule: Arc::clone(&first.rule),
        key: first.key.clone(),
        open_since: Some("2026-01-01T03:04:05.678Z".to_owned()),
        version: None,
    };
    let standings = [(first.resource.clone(), standing)];
    report.drift = Some(Drift::new(Some("2026-01-01T03:04:05.678Z".to_owned()), standings, Vec::new()));
    report
}

/// Two packs for which the rules of the sample ran, with a rule for each way to end, and one that ran for both.
pub(crate) fn packed() -> Report {
    let mut report = drifted();
    let standing = |name: &str, rule: Option<&str>, end: End, controls: &[&str]| RuleStanding {
        name: name.to_owned(),
        identifier: Some(name.to_uppercase().replace('-', "_")),
        rule: rule.map(str::to_owned),
        end,
        reason: matches!(end, End::CannotBeJudged | End::NotImplemented).then(|| format!("{name} has a reason")),
        compliant: usize::from(end == End::Compliant) * 4,
        non_compliant: usize::from(end == End::NonCompliant) * 2,
        insufficient_data: usize::from(end == End::CannotBeJudged),
        controls: controls.iter().map(|control| (*control).to_owned()).collect(),
    };
    let benchmark = vec![
        standing("open-ports", Some("open-ports"), End::NonCompliant, &["5.2", "5.10"]),
        standing("other-ports", Some("open-ports"), End::NonCompliant, &["5.2", "5.3"]),
        standing("encrypted-volumes", Some("encrypted-volumes"), End::Compliant, &["2.2"]),
        standing("db-encrypted", Some("db-encrypted"), End::NotApplicable, &["2.3"]),
        standing("tls-only", Some("tls-only"), End::CannotBeJudged, &["2.1"]),
        standing("contacts", None, End::ByHand, &["1.1"]),
        standing("sign-in", None, End::NotImplemented, &["1.2"]),
    ];
    let own = vec![standing("open-ports", Some("open-ports"), End::NonCompliant, &[])];
    let pack = |name: &str, rules| pack::standing::Standing {
        pack: name.to_owned(),
        origin: format!("packs/{name}.yaml"),
        digest: Some("0123456789abcdef".repeat(4)),
        rules,
    };
    report.packs = vec![pack("benchmark", benchmark), pack("own", own)];
    report
}

/// The six sums of each pack as a format tells them, in the order of [`End::ALL`].
fn sums_of_packs(report: &Report, format: Format) -> Vec<[usize; 6]> {
    let text = written(report, format, &full());
    let members = |list: &Json| -> Vec<[usize; 6]> {
        let sum = |pack: &Json, end: End| {
            usize::try_from(pack["summary"][end.as_str()].as_u64().expect("a sum")).expect("small")
        };
        list.as_array().expect("a list").iter().map(|pack| End::ALL.map(|end| sum(pack, end))).collect()
    };
    match format {
        Format::Json => members(&json(&text)["packs"]),
        Format::Sarif => members(&json(&text)["runs"][0]["properties"]["packs"]),
        Format::Jsonl => {
            let lines = text.lines().map(json).filter(|line| line["kind"] == "pack");
            members(&Json::Array(lines.collect()))
        }
        Format::Junit => {
            let suites = text.split("<testsuite ").filter(|suite| suite.starts_with("name=\"pack "));
            let value = |suite: &str, end: End| {
                let (_, rest) =
                    suite.split_once(&format!("name=\"{}\" value=\"", end.as_str())).expect("it has the sum");
                rest.split('"').next().and_then(|count| count.parse().ok()).expect("a figure")
            };
            suites.map(|suite| End::ALL.map(|end| value(suite, end))).collect()
        }
        Format::Terminal | Format::Markdown | Format::Html | Format::Github => {
            let line = Regex::new("([0-9]+) rules?: ((?:, )?[0-9]+ (?:non-compliant|compliant|not applicable|cannot be judged|to check by hand|not implemented))+").expect("a pattern");
            let value = |sums: &str, end: End| {
                let sums = sums.split_once(": ").map_or("", |(_, sums)| sums);
                let is_it = |sum: &&str| sum.split_once(' ').is_some_and(|(_, words)| words == end.words());
                sums.split(", ").find(is_it).and_then(|sum| sum.split(' ').next()?.parse().ok()).unwrap_or(0)
            };
            line.find_iter(&text).map(|sums| End::ALL.map(|end| value(sums.as_str(), end))).collect()
        }
        other => panic!("{other} is about evaluations"),
    }
}

fn json(text: &str) -> Json {
    serde_json::from_str(text).expect("it is JSON")
}

#[test]
fn every_rule_of_a_pack_ends_in_one_way_in_every_report() {
    let report = packed();
    let expected: Vec<[usize; 6]> = report
        .packs
        .iter()
        .map(|pack| End::ALL.map(|end| pack.rules.iter().filter(|rule| rule.end == end).count()))
        .collect();
    assert_eq!(expected, [[2, 1, 1, 1, 1, 1], [1, 0, 0, 0, 0, 0]]);
    let with_sums = [
        Format::Terminal,
        Format::Json,
        Format::Jsonl,
        Format::Sarif,
        Format::Html,
        Format::Markdown,
        Format::Junit,
        Format::Github,
    ];
    for format in with_sums {
        let told = sums_of_packs(&report, format);
        assert_eq!(told, expected, "{format}");
        for (told, pack) in told.iter().zip(&report.packs) {
            assert_eq!(told.iter().sum::<usize>(), pack.rules.len(), "{format}: all of the pack's rules");
        }
    }
}

#[test]
fn a_finding_tells_what_its_packs_want_it_for() {
    let report = packed();
    let row = |rule: &str, column: &str| {
        let at = csv::COLUMNS.iter().position(|name| *name == column).expect("the column is there");
        let id = csv::COLUMNS.iter().position(|name| *name == "rule").expect("the column is there");
        let table = rows(&written(&report, Format::Csv, &full()));
        table.iter().find(|row| row[id] == rule).map(|row| row[at].clone()).expect("the row is there")
    };
    assert_eq!(row("open-ports", "controls"), "benchmark 5.2; benchmark 5.10; benchmark 5.3; own");
    assert_eq!(row("encrypted-volumes", "controls"), "benchmark 2.2");

    let of = |format: Format, is_it: &dyn Fn(&Json) -> bool| -> Json {
        let wire = as_json(&report, format, Extent::Findings);
        wire.as_array().expect("a list").iter().find(|one| is_it(one)).cloned().expect("it is there")
    };
    let event = of(Format::Ocsf, &|one| one["compliance"]["control"] == "open-ports");
    assert_eq!(event["compliance"]["standards"], serde_json::json!(["benchmark", "own"]));
    assert_eq!(
        event["compliance"]["requirements"],
        serde_json::json!(["benchmark 5.2", "benchmark 5.10", "benchmark 5.3"])
    );
    let finding = of(Format::Asff, &|one| one["GeneratorId"] == "assize/open-ports");
    assert_eq!(
        finding["Compliance"],
        serde_json::json!({
            "Status": "FAILED",
            "SecurityControlId": "open-ports",
            "AssociatedStandards": [{"StandardsId": "benchmark"}, {"StandardsId": "own"}],
            "RelatedRequirements": ["benchmark 5.2", "benchmark 5.10", "benchmark 5.3"],
        })
    );

    let sarif = json(&written(&report, Format::Sarif, &full()));
    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let relationships = rules.iter().find(|rule| rule["id"] == "open-ports").map(|rule| &rule["relationships"]);
    let mut named = Vec::new();
    for relationship in relationships.and_then(Json::as_array).expect("it has some") {
        let target = &relationship["target"];
        let at = |index: &Json| usize::try_from(index.as_u64().expect("a position")).expect("it is small");
        let taxonomy = &run["taxonomies"][at(&target["toolComponent"]["index"])];
        assert_eq!(taxonomy["name"], target["toolComponent"]["name"]);
        assert_eq!(taxonomy["taxa"][at(&target["index"])]["id"], target["id"]);
        named.push(format!("{} {}", taxonomy["name"].as_str().expect("a name"), target["id"].as_str().expect("an id")));
    }
    assert_eq!(named, ["benchmark 5.2", "benchmark 5.10", "benchmark 5.3"]);

    // Two files of packs may have one name, and numbers that mean different things.
    let mut twice = packed();
    twice.packs[1].pack = twice.packs[0].pack.clone();
    for (rule, control) in [("open-ports", "7.1"), ("db-encrypted", "5.2")] {
        let mut standing = twice.packs[1].rules[0].clone();
        (standing.rule, standing.controls) = (Some(rule.to_owned()), vec![control.to_owned()]);
        twice.packs[1].rules.push(standing);
    }
    let sarif = json(&written(&twice, Format::Sarif, &full()));
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
    let named = |id: &str| -> Vec<(u64, &str)> {
        let rule = rules.iter().find(|rule| rule["id"] == id).expect("the rule is there");
        let targets = rule["relationships"].as_array().expect("it has some").iter().map(|one| &one["target"]);
        targets
            .map(|one| (one["toolComponent"]["index"].as_u64().expect("a place"), one["id"].as_str().expect("an id")))
            .collect()
    };
    assert_eq!(named("open-ports"), [(0, "5.2"), (0, "5.10"), (0, "5.3"), (1, "7.1")]);
    assert_eq!(named("db-encrypted"), [(0, "2.3"), (1, "5.2")]);

    let markdown = written(&report, Format::Markdown, &full());
    assert!(markdown.contains("Controls: `benchmark 5.2`, `benchmark 5.10`, `benchmark 5.3`, `own`"), "{markdown}");
    let html = written(&report, Format::Html, &full());
    assert!(html.contains("<h4>Controls</h4><p>benchmark 5.2, benchmark 5.10, benchmark 5.3, own</p>"), "{html}");
    let at =
        |control: &str| html.find(&format!("<tr><td>{control}<td>")).unwrap_or_else(|| panic!("{control} has a row"));
    assert!(at("5.2") < at("5.3") && at("5.3") < at("5.10"), "controls stand in the order of their numbers");
    let junit = written(&report, Format::Junit, &full());
    assert_eq!(junit.matches("<property name=\"control\" value=\"benchmark 5.2\"/>").count(), 1, "{junit}");
}

fn reports() -> [Report; 5] {
    [sample(), hostile(), exemptions::exempted(), drifted(), packed()]
}

#[test]
fn each_format_has_one_form() {
    for format in [Format::Markdown, Format::Junit, Format::Csv, Format::Ocsf, Format::Asff, Format::Github] {
        insta::assert_snapshot!(format!("the form of {format}"), written(&packed(), format, &full()));
    }
}

#[test]
fn lines_of_json_have_what_the_json_report_has() {
    for report in reports() {
        let whole = as_json(&report, Format::Json, Extent::Findings);
        let text = written(&report, Format::Jsonl, &Options::default());
        let mut lines = text.lines().map(|line| serde_json::from_str::<Json>(line).expect("a line is JSON"));
        let mut head = lines.next().expect("there is a first line");
        assert_eq!((&head["kind"], &head["format"]), (&Json::from("report"), &Json::from(jsonl::FORMAT)));
        let kinds = [("rule", "rules"), ("evaluation", "evaluations"), ("gap", "gaps"), ("ruleError", "ruleErrors")];
        let kinds =
            kinds.into_iter().chain([("exemption", "exemptions"), ("pack", "packs"), ("definition", "definitions")]);
        let mut again = serde_json::Map::new();
        for (_, list) in kinds.clone() {
            again.insert(list.to_owned(), Json::Array(Vec::new()));
        }
        for mut line in lines {
            let kind = line["kind"].take();
            line.as_object_mut().expect("an object").remove("kind");
            let (_, list) = kinds.clone().find(|(name, _)| *name == kind).expect("a known kind");
            again[list].as_array_mut().expect("a list").push(line);
        }
        head.as_object_mut().expect("an object").remove("kind");
        head["format"] = json::FORMAT.into();
        again.extend(head.as_object().expect("an object").clone());
        assert_eq!(Json::Object(again), whole);
    }
}

fn keeps_to(schema: &str, format: Format) {
    let schema: Json = serde_json::from_str(schema).expect("the schema is JSON");
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("the schema is one");
    for report in reports() {
        for extent in Extent::ALL {
            let wire = as_json(&report, format, extent);
            let errors: Vec<String> =
                validator.iter_errors(&wire).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert_eq!(errors, Vec::<String>::new(), "{format}");
        }
    }
    // A schema that refuses nothing would pass everything.
    let wire = as_json(&sample(), format, Extent::Full);
    let members: Vec<String> = wire[0].as_object().expect("an object").keys().cloned().collect();
    assert!(members.len() > 10, "{members:?}");
    let mut more = wire.clone();
    more[0]["more"] = 1.into();
    assert!(!validator.is_valid(&more), "a member that the format does not know passes");
    for member in members {
        let mut wrong = wire.clone();
        wrong[0][&member] = serde_json::json!([[1]]);
        assert!(!validator.is_valid(&wrong) || member == "unmapped", "{member} may be anything");
    }
}

/// Against the published schema: `tools/extract-schemas/` says where it comes from.
#[test]
fn ocsf_keeps_to_its_schema() {
    keeps_to(include_str!("../../../tests/data/schemas/ocsf-compliance-finding.schema.json"), Format::Ocsf);
}

#[test]
fn asff_keeps_to_its_schema() {
    keeps_to(include_str!("../../../tests/data/schemas/asff.schema.json"), Format::Asff);
}

/// Security Hub refuses a finding of more than 240 KB, whatever it is made of.
#[test]
fn a_finding_of_asff_fits_whatever_was_read() {
    let mut report = sample();
    let value = "\u{1}".repeat(256);
    let long = "\u{1}".repeat(9_000);
    let facts = (0..900).map(|n| Evidence {
        resource: Some(format!("AWS::EC2::Instance i-{n}{long}").into()),
        path: format!("/configuration/{n}").into(),
        value: Some(value.as_str().into()),
    });
    report.evaluations.truncate(1);
    report.evaluations[0].evidence = facts.collect();
    report.evaluations[0].annotation = long.as_str().into();
    report.evaluations[0].key = long.as_str().into();
    report.rules[1].remediation = long.clone();
    let text = written(&report, Format::Asff, &Options::default());
    let longest = text.lines().map(str::len).max().unwrap_or(0);
    assert!(longest > 100_000 && longest < 240_000, "{longest}");
    let finding = &as_json(&report, Format::Asff, Extent::Findings)[0];
    assert_eq!(finding["Resources"].as_array().map(Vec::len), Some(32));
    let fields = finding["ProductFields"].as_object().expect("fields");
    let shown = fields.keys().filter(|name| name.starts_with("assize/evidence/")).count();
    let left_out: usize = fields["assize/evidenceLeftOut"].as_str().and_then(|n| n.parse().ok()).expect("a number");
    assert_eq!(shown + left_out, 900, "what has no room is counted");
}

#[test]
fn ids_of_findings_stay_whatever_else_changes() {
    let ids = |report: &Report, format, member: &str| -> BTreeSet<String> {
        let wire = as_json(report, format, Extent::Findings);
        let ids = wire.as_array().expect("a list").iter().map(|one| one.pointer(member).expect("an id").to_string());
        ids.collect()
    };
    let before = sample();
    let mut after = before.clone();
    after.evaluations.reverse();
    after.snapshot.captured_at = "2027-01-01T00:00:00Z".to_owned();
    for evaluation in &mut after.evaluations {
        evaluation.annotation = "said otherwise".into();
        evaluation.evidence = Arc::default();
    }
    for (format, member) in [(Format::Asff, "/Id"), (Format::Ocsf, "/finding_info/uid")] {
        assert_eq!(ids(&before, format, member), ids(&after, format, member));
        assert_eq!(ids(&before, format, member).len(), before.extent(Extent::Findings).count());
    }
}

/// An element of XML: its name and attributes, or its end.
fn attributes(element: &BytesStart<'_>) -> Vec<String> {
    let attributes = element.attributes().map(|attribute| attribute.expect("the attribute is one"));
    attributes.map(|attribute| attribute.key.as_ref().to_owned()).collect()
}

/// Against the schema of Jenkins' xUnit plugin.
#[test]
fn junit_keeps_to_its_schema() {
    let schema: Json =
        serde_json::from_str(include_str!("../../../tests/data/schemas/junit.json")).expect("the schema is JSON");
    let names = |list: &Json| -> Vec<String> {
        list.as_array().expect("a list").iter().filter_map(Json::as_str).map(str::to_owned).collect()
    };
    for report in reports() {
        let text = written(&report, Format::Junit, &full());
        let mut reader = Reader::from_str(&text);
        let mut open: Vec<String> = Vec::new();
        let mut seen = BTreeSet::new();
        loop {
            let event = reader.read_event().expect("the XML is well-formed");
            let is_empty = matches!(event, Event::Empty(_));
            match event {
                Event::Eof => break,
                Event::Start(element) | Event::Empty(element) => {
                    let name = element.name().as_ref().to_owned();
                    if let Some(parent) = open.last() {
                        assert!(names(&schema[parent]["children"]).contains(&name), "{name} in {parent}");
                    }
                    let (required, optional) = (names(&schema[&name]["required"]), names(&schema[&name]["optional"]));
                    let given = attributes(&element);
                    assert!(required.iter().all(|one| given.contains(one)), "{name}: {given:?}");
                    assert!(
                        given.iter().all(|one| required.contains(one) || optional.contains(one)),
                        "{name}: {given:?}"
                    );
                    seen.insert(name.clone());
                    if !is_empty {
                        open.push(name);
                    }
                }
                Event::End(_) => _ = open.pop(),
                Event::Text(text) => {
                    let is_blank = text.trim().is_empty();
                    let holder = open.last().map(|name| &schema[name]["text"]);
                    assert!(is_blank || holder == Some(&Json::Bool(true)), "text in {open:?}");
                }
                Event::GeneralRef(_) => assert_eq!(schema[open.last().expect("an element")]["text"], true),
                Event::Decl(_) => {}
                other => panic!("nothing else stands in the file: {other:?}"),
            }
        }
        assert!(seen.contains("testcase") && seen.contains("failure"), "{seen:?}");
    }
}

/// How often an element stands in the file.
fn elements(text: &str, name: &str) -> usize {
    text.matches(&format!("<{name} ")).count()
}

#[test]
fn junit_counts_each_case_once() {
    let text = written(&sample(), Format::Junit, &full());
    assert!(text.contains(r#"<testsuites name="assize" tests="9" failures="3" errors="4">"#), "{text}");
    let found = ["testcase", "failure", "error", "skipped"].map(|name| elements(&text, name));
    assert_eq!(found, [9, 3, 4, 1], "{text}");
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let rows = reader.records().map(|row| row.expect("the table is one").iter().map(str::to_owned).collect());
    rows.collect()
}

#[test]
fn a_formula_is_text_in_a_spreadsheet_and_can_be_read_again() {
    let formulas =
        ["=HYPERLINK(\"https://example.com\",\"x\")", "+1+1", "-2+3", "@SUM(A1)", "  =1", "＝1", "%0a", "\\x"];
    let mut report = sample();
    report.evaluations = formulas.map(|name| finding("tls-only", "AWS::S3::Bucket", name, name)).into_iter().collect();
    let table = rows(&written(&report, Format::Csv, &Options::default()));
    let at = csv::COLUMNS.iter().position(|column| *column == "resourceId").expect("the column is there");
    let ids: Vec<&str> = table.iter().skip(1).map(|row| row[at].as_str()).collect();
    assert_eq!(ids, formulas.map(|formula| format!("'{formula}")));
    let blank = ["\t=1", "\r=1", "\0=1"].map(|name| finding("tls-only", "AWS::S3::Bucket", name, name));
    report.evaluations = blank.into();
    let table = rows(&written(&report, Format::Csv, &Options::default()));
    let ids: Vec<&str> = table.iter().skip(1).map(|row| row[at].as_str()).collect();
    assert_eq!(ids, ["'\\t=1", "'\\r=1", "'\\u{0}=1"]);
}

#[test]
fn a_summary_of_github_is_never_too_long_and_says_what_it_left_out() {
    let mut report = sample();
    report.evaluations = (0..30_000)
        .map(|n| Evaluation {
            severity: if n % 1_000 == 0 { Severity::Critical } else { Severity::Low },
            ..finding("tls-only", "AWS::S3::Bucket", &format!("bucket-{n:05}"), "requests without TLS are not refused")
        })
        .collect();
    let text = written(&report, Format::Markdown, &Options::default());
    assert!(text.len() <= markdown::MOST_BYTES && text.len() > markdown::MOST_BYTES - 50_000, "{}", text.len());
    let shown = text.matches("(finding `").count();
    let note = text.split("**Not all findings are here**: ").nth(1).expect("it says so");
    let left_out: usize = note.split(' ').next().and_then(|n| n.parse().ok()).expect("how many");
    assert_eq!(shown + left_out, 30_000);
    assert_eq!(text.matches("**critical**").count(), 30, "the worst are there");
}

#[test]
fn annotations_are_as_many_as_github_shows_and_the_others_are_counted() {
    let mut report = sample();
    report.gaps.clear();
    report.rule_errors.clear();
    report.evaluations = (0..30)
        .map(|n| Evaluation {
            severity: if n < 15 { Severity::Critical } else { Severity::Medium },
            ..finding("tls-only", "AWS::S3::Bucket", &format!("b{n}"), "100% open")
        })
        .collect();
    let text = written(&report, Format::Github, &Options::default());
    assert_eq!(text.matches("::error ").count(), 9);
    assert_eq!(text.matches("::warning ").count(), 9);
    assert!(text.ends_with("::12 findings more; the report has all of them\n"), "{text}");
    assert!(text.contains("b0 in eu-west-1: 100%25 open"), "{text}");

    // Packs are notices, among those that there is room for.
    let notices = |report: &Report| {
        let text = written(report, Format::Github, &Options::default());
        (text.matches("::notice ").count(), text.matches("::notice title=pack ").count(), text)
    };
    report.evaluations.iter_mut().for_each(|one| one.severity = Severity::Low);
    report.packs = packed().packs;
    let (all, of_packs, text) = notices(&report);
    assert_eq!((all, of_packs), (10, 2), "{text}");
    assert!(
        text.contains("::notice title=pack own%3A non-compliant::1 rule: 1 non-compliant; 0.0 %25 (0 of 2 pairs"),
        "{text}"
    );
    assert!(text.ends_with("::23 findings more; the report has all of them\n"), "{text}");
    report.packs = std::iter::repeat_n(report.packs.clone(), 6).flatten().collect();
    let (all, of_packs, text) = notices(&report);
    assert_eq!((all, of_packs), (10, 2), "{text}");
    assert!(text.contains("::10 packs more; the report has all of them\n"), "{text}");
    assert!(text.ends_with("::24 findings more; the report has all of them\n"), "{text}");
}

/// The open findings of each format, and those that are exempted.
fn counted(report: &Report, format: Format) -> (usize, usize) {
    let text = written(report, format, &full());
    let of_list = |list: &Json, open: &dyn Fn(&Json) -> bool, exempted: &dyn Fn(&Json) -> bool| {
        let list = list.as_array().expect("a list");
        (list.iter().filter(|one| open(one)).count(), list.iter().filter(|one| exempted(one)).count())
    };
    match format {
        Format::Jsonl => {
            let lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            let is_in_force = |one: &Json| one["exemption"]["state"] == "in-force";
            let is_found = |one: &Json| one["kind"] == "evaluation" && one["complianceType"] == "NON_COMPLIANT";
            let lines = Json::Array(lines);
            of_list(&lines, &|one| is_found(one) && !is_in_force(one), &|one| is_found(one) && is_in_force(one))
        }
        Format::Ocsf => {
            let is_fail = |one: &Json| one["compliance"]["status"] == "Fail";
            let list = serde_json::from_str(&text).expect("JSON");
            of_list(&list, &|one| is_fail(one) && one["status"] == "New", &|one| {
                is_fail(one) && one["status"] == "Suppressed"
            })
        }
        Format::Asff => {
            let is_fail = |one: &Json| one["Compliance"]["Status"] == "FAILED";
            let list = serde_json::from_str(&text).expect("JSON");
            of_list(&list, &|one| is_fail(one) && one["Workflow"]["Status"] == "NEW", &|one| {
                is_fail(one) && one["Workflow"]["Status"] == "SUPPRESSED"
            })
        }
        Format::Csv => {
            let table = rows(&text);
            let column = |row: &[String], name| {
                csv::COLUMNS.iter().position(|column| *column == name).map(|at| row[at].clone()).expect("the column")
            };
            let found: Vec<_> = table.iter().filter(|row| column(row, "complianceType") == "NON_COMPLIANT").collect();
            let exempted = found.iter().filter(|row| column(row, "exemption") == "in-force").count();
            (found.len() - exempted, exempted)
        }
        Format::Junit => (elements(&text, "failure"), text.matches(r#"<skipped type="NON_COMPLIANT""#).count()),
        Format::Html => (text.matches("<details class=f id=").count(), 0),
        Format::Markdown => (text.matches("(finding `").count(), 0),
        other => panic!("{other} is counted elsewhere"),
    }
}

/// Together with `every_format_carries_the_same_findings`, which counts in the terminal's text, JSON and SARIF.
#[test]
fn further_formats_carry_the_same_findings() {
    for report in reports() {
        let open = report.findings().count();
        let exempted = report.exempted().filter(|one| one.compliance_type == ComplianceType::NonCompliant).count();
        for format in [Format::Jsonl, Format::Ocsf, Format::Asff, Format::Csv, Format::Junit] {
            assert_eq!(counted(&report, format), (open, exempted), "{format}");
        }
        // Their lists are of what is open; what is exempted stands apart.
        for format in [Format::Html, Format::Markdown] {
            assert_eq!(counted(&report, format).0, open, "{format}");
        }
    }
}

#[test]
fn a_full_report_has_all_evaluations_and_one_of_findings_those_that_need_a_look() {
    let report = sample();
    let lengths = |extent| {
        let table = rows(&written(&report, Format::Csv, &Options { extent, ..Options::default() })).len() - 1;
        let lists = [Format::Ocsf, Format::Asff].map(|format| as_json(&report, format, extent));
        [table, lists[0].as_array().map_or(0, Vec::len), lists[1].as_array().map_or(0, Vec::len)]
    };
    assert_eq!(lengths(Extent::Full), [report.evaluations.len(); 3]);
    assert_eq!(lengths(Extent::Findings), [5; 3]);
}

#[test]
fn a_resource_is_linked_in_the_console_of_its_partition() {
    let link = |region: &str, kind: &str, id: &str, arn: Option<&str>| {
        let mut one = evaluation("r", kind, id);
        one.resource.region = region.into();
        one.arn = arn.map(Into::into);
        partition::console_link(&one)
    };
    let volume = |region, host: &str| {
        let expected = format!("https://{region}.{host}/ec2/home?region={region}#VolumeDetails:volumeId=vol-1");
        assert_eq!(link(region, "AWS::EC2::Volume", "vol-1", None), Some(expected));
    };
    volume("eu-west-1", "console.aws.amazon.com");
    volume("cn-north-1", "console.amazonaws.cn");
    volume("us-gov-east-1", "console.amazonaws-us-gov.com");
    volume("eusc-de-east-1", "console.amazonaws-eusc.eu");
    assert_eq!(link("us-iso-east-1", "AWS::EC2::Volume", "vol-1", None), None, "it is on no network of ours");
    let user = link("global", "AWS::IAM::User", "AIDA", Some("arn:aws-cn:iam::111122223333:user/u"));
    assert_eq!(user.as_deref(), Some("https://cn-north-1.console.amazonaws.cn/iam/home#/users/details/AIDA"));
    for name in hostile_names() {
        let Some(link) = link("eu-west-1", "AWS::S3::Bucket", &name, None) else { continue };
        let rest = link.strip_prefix("https://eu-west-1.console.aws.amazon.com/s3/buckets/").expect("it leads there");
        assert!(rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.%?=".contains(&byte)), "{link}");
        assert_eq!(rest.matches('?').count(), 1, "{link}");
    }
    assert_eq!(link("evil.example.com/", "AWS::EC2::Volume", "vol-1", None), None);
}
