//! What comes of judging a file is what comes of reading it whole and judging that, whatever is in it.

use std::collections::BTreeMap;
use std::error::Error;

use super::*;
use crate::evaluate::{Targets, run};
use crate::evaluation::ComplianceType;
use crate::exemption::{Exemption, Exemptions};
use crate::gap::Gap;
use crate::item::{GLOBAL, ItemStatus, Relationship, ResourceKey, UnreadableRelationship};
use crate::pattern::Patterns;
use crate::rule::load::{Files, Folder};
use crate::snapshot::{About, Place};
use crate::value::{Unreadable, Value};

const ACCOUNT: &str = "111122223333";
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];
const INSTANCE: &str = "AWS::EC2::Instance";
const VOLUME: &str = "AWS::EC2::Volume";

fn denied() -> Arc<Unreadable> {
    Arc::new(Unreadable {
        operation: "ec2:DescribeVolumes".into(),
        action: Some("ec2:DescribeVolumes".into()),
        code: "UnauthorizedOperation".into(),
        message: "no".into(),
    })
}

fn item(region: &str, resource_type: &str, n: usize) -> ConfigurationItem {
    let id = format!("{}-{n:03}", if resource_type == VOLUME { "vol" } else { "i" });
    let key = ResourceKey::new(ACCOUNT, region, resource_type, &id);
    let mut item = ConfigurationItem::new(key, "2026-01-02T03:04:05.678Z");
    item.resource_name = Some(format!("name of {n}").into());
    item.configuration = Value::object([
        ("state", if n.is_multiple_of(3) { "in-use" } else { "available" }.into()),
        ("number", i64::try_from(n).expect("it is small").into()),
    ]);
    item.tags = Value::object([("Team", if n.is_multiple_of(2) { "shop" } else { "data" }.into())]);
    if n.is_multiple_of(13) {
        item.status = ItemStatus::ResourceDeleted;
    }
    if n.is_multiple_of(7) {
        item.add_gap("/configuration/state", &denied());
    }
    if n.is_multiple_of(11) {
        item.add_gap("/tags", &denied());
    }
    item
}

/// Volumes that point at instances: at ones that are there, are gone, are in another region, or are not to be found.
fn items() -> Vec<ConfigurationItem> {
    let mut items: Vec<_> = REGIONS.iter().flat_map(|region| (0..40).map(|n| item(region, INSTANCE, n))).collect();
    for region in REGIONS {
        for n in 0..80 {
            let mut volume = item(region, VOLUME, n);
            volume.relationships.push(Relationship {
                resource_type: INSTANCE.into(),
                resource_id: (!n.is_multiple_of(5)).then(|| format!("i-{:03}", n / 2 + 5).into()),
                resource_name: Some(format!("name of {}", n / 2).into()),
                name: "Is attached to Instance".into(),
            });
            if n.is_multiple_of(17) {
                let reason = denied();
                volume.unreadable_relationships.push(UnreadableRelationship { resource_type: INSTANCE.into(), reason });
            }
            items.push(volume);
        }
    }
    items.push(item(GLOBAL, INSTANCE, 43));
    items
}

fn about() -> About {
    let place = |region: &str, kind: &str| Place {
        account_id: ACCOUNT.into(),
        aws_region: region.into(),
        resource_type: kind.into(),
    };
    About {
        captured_at: "2026-01-02T03:04:05.678Z".into(),
        source: "account".into(),
        accounts: vec![ACCOUNT.into()],
        regions: REGIONS.map(str::to_owned).to_vec(),
        listings: vec![place(REGIONS[0], INSTANCE), place(REGIONS[0], VOLUME), place(REGIONS[1], VOLUME)],
        gaps: vec![Gap {
            account_id: ACCOUNT.into(),
            aws_region: REGIONS[1].into(),
            resource_type: INSTANCE.into(),
            resource_id: None,
            path: None,
            reason: denied(),
        }],
        not_collected: [(VOLUME.to_owned(), vec!["/supplementaryConfiguration/Attribute".to_owned()])].into(),
        ..About::default()
    }
}

fn rules(scripts: &[(&str, &str, &str)]) -> RuleSet {
    let rule = |(id, kind, body): &(&str, &str, &str)| {
        let metadata = format!(
            "{{id: {id}, title: t, severity: low, category: security, maturity: stable, trigger: periodic, \
             resource_types: [{kind}], reads: {{{INSTANCE}: [], {VOLUME}: []}}, description: d, risk: r, \
             remediation: r, references: [\"https://example.com/\"]}}"
        );
        let script = format!("fn evaluate(item, parameters) {{ {body} }}");
        (format!("test/{id}"), Files { metadata, script: Some(script), cases: None })
    };
    let rules = RuleSet::from_folder(&Folder { rules: scripts.iter().map(rule).collect(), ..Folder::default() });
    assert_eq!(rules.errors(), []);
    rules
}

const ALONE: (&str, &str, &str) =
    ("alone", VOLUME, "if item.configuration.state == \"in-use\" { compliant() } else { non_compliant(\"idle\") }");
const RELATED: (&str, &str, &str) = (
    "related",
    VOLUME,
    "for other in item.related(\"AWS::EC2::Instance\") { if other.configuration.number > 20 { return non_compliant(other.resourceName); } } compliant()",
);
const ANY: (&str, &str, &str) = (
    "any",
    VOLUME,
    "let kind = \"AWS::EC2::\"; kind += \"Instance\"; let found = item.related(kind); if found.is_empty() { return not_applicable(\"none\"); } non_compliant(`${found[0].tags.Team}`)",
);
const OTHERS: (&str, &str, &str) = (
    "others",
    VOLUME,
    "let all = resources(\"AWS::EC2::Volume\"); let n = 0; for other in all { n += other.configuration.number; } non_compliant(`${n} of ${all.len()}`)",
);
const FOUND: (&str, &str, &str) = (
    "found",
    INSTANCE,
    "let found = find(\"AWS::EC2::Volume\", \"vol-010\"); if found == () { return compliant(); } non_compliant(found.configuration.state)",
);
const NOT_COLLECTED: (&str, &str, &str) = (
    "not-collected",
    VOLUME,
    "if item.supplementaryConfiguration.Attribute { compliant() } else { non_compliant(\"it is not\") }",
);
const BROKEN: (&str, &str, &str) =
    ("broken", INSTANCE, "if item.configuration.number > 30 { let n = 1 / 0; } compliant()");

fn written(items: Vec<ConfigurationItem>) -> Vec<u8> {
    let mut bytes = Vec::new();
    Snapshot::new(about(), items).write(&mut bytes).expect("writing to memory works");
    bytes
}

fn whole(file: &[u8], rules: &RuleSet, options: &Options) -> Result<Judged, SnapshotError> {
    let snapshot = Arc::new(Snapshot::read(file)?);
    let outcome = run(rules, &snapshot, options);
    Ok(Judged::of(&snapshot, outcome))
}

/// By tags, and of what could not be judged: so that each part of the file has some.
fn exemptions() -> Exemptions {
    let of = |pattern: &str| Patterns::new([pattern]).expect("it is a pattern");
    let mut by_tag = Exemption { rules: of("*"), ..Exemption::default() };
    by_tag.resource.tags.insert("Team".to_owned(), of("sh*"));
    let mut not_judged = Exemption { rules: of("*"), insufficient_data: true, ..Exemption::default() };
    not_judged.resource.region = of("us-*");
    [by_tag, not_judged].into_iter().collect()
}

#[test]
fn the_exemptions_of_these_tests_cover_findings_and_what_is_not_judged() {
    let file = written(items());
    let options = Options { exemptions: exemptions(), ..Options::default() };
    let judged = run_file(&rules(&[ALONE, RELATED]), || Ok(&file[..]), &options).expect("it is a snapshot");
    let evaluations = &judged.outcome.evaluations;
    for compliance_type in [ComplianceType::NonCompliant, ComplianceType::InsufficientData] {
        let of_type = || evaluations.iter().filter(|one| one.compliance_type == compliance_type);
        assert!(of_type().any(Evaluation::is_exempted), "{compliance_type:?}: none is");
        assert!(!of_type().all(Evaluation::is_exempted), "{compliance_type:?}: all are");
    }
}

/// The number of evaluations, by rule.
fn assert_same(file: &[u8], rules: &RuleSet) -> BTreeMap<String, usize> {
    let tag = |key: &str, value: Option<&str>| (key.to_owned(), value.map(str::to_owned));
    let mut counts = BTreeMap::new();
    for targets in [Targets::default(), Targets { all: vec![tag("Team", Some("shop"))], ..Targets::default() }] {
        for threads in [1, 4] {
            let options = Options { targets: targets.clone(), exemptions: exemptions(), threads };
            let expected = whole(file, rules, &options).expect("it is a snapshot");
            let judged = run_file(rules, || Ok(file), &options).expect("it is a snapshot");
            assert_eq!(judged.about, expected.about);
            assert_eq!(judged.outcome.rule_errors, expected.outcome.rule_errors);
            for (one, other) in judged.outcome.evaluations.iter().zip(&expected.outcome.evaluations) {
                assert_eq!(one, other);
            }
            assert_eq!(judged.outcome.evaluations.len(), expected.outcome.evaluations.len());
            assert_eq!(
                (judged.contents.items.clone(), judged.contents.relationships),
                (expected.contents.items.clone(), expected.contents.relationships)
            );
            assert_eq!(judged.contents.into_gaps(&judged.about), expected.contents.into_gaps(&expected.about));
            if targets.all.is_empty() {
                counts.clear();
                for evaluation in &judged.outcome.evaluations {
                    *counts.entry(evaluation.rule.to_string()).or_default() += 1;
                }
            }
        }
    }
    counts
}

#[test]
fn each_rule_judges_a_file_as_it_judges_the_whole() {
    let file = written(items());
    let all = [ALONE, RELATED, ANY, OTHERS, FOUND, NOT_COLLECTED, BROKEN];
    for script in all {
        let counts = assert_same(&file, &rules(&[script]));
        assert!(counts.values().sum::<usize>() > 50, "{}: {counts:?}", script.0);
    }
    assert_eq!(assert_same(&file, &rules(&all)).len(), all.len());
    assert_same(&file, &RuleSet::builtin());
}

#[test]
fn only_items_that_may_be_looked_up_are_kept() {
    let file = written(items());
    let kept = |scripts: &[(&str, &str, &str)]| {
        let kept = survey(&*file, &rules(scripts).looked_up()).expect("it is a snapshot").expect("it is in order");
        assert_eq!(kept.places.len(), kept.snapshot.items().len());
        kept.places.len()
    };
    assert_eq!(kept(&[ALONE, NOT_COLLECTED, BROKEN]), 0);
    assert_eq!(kept(&[ALONE, RELATED]), 81, "the instances, not the volumes that ask for them");
    assert_eq!(kept(&[OTHERS]), 160, "the volumes");
    assert_eq!(kept(&[ANY]), 241, "all that the rule may read");
}

#[test]
fn files_that_are_not_in_order_are_judged_all_the_same() {
    let file = written(items());
    let lines: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
    let of = |lines: &[&[u8]]| {
        let types = rules(&[RELATED]).looked_up();
        assert!(survey(&*lines.concat(), &types).expect("the lines are items").is_none());
        assert_same(&lines.concat(), &rules(&[ALONE, RELATED, OTHERS]));
    };
    // Two lines of one block, and of two: what is exchanged is far apart.
    for (a, b) in [(1, 2), (3, lines.len() - 1)] {
        let mut exchanged = lines.clone();
        exchanged.swap(a, b);
        of(&exchanged);
    }
    // Of two states of one resource the later one counts.
    let mut later = item(REGIONS[0], INSTANCE, 0);
    (later.state_id, later.tags) = (later.state_id + 1, Value::object([("Team", "later".into())]));
    let line = serde_json::to_vec(&later).expect("it can be written");
    let mut doubled = lines.clone();
    doubled.insert(2, &line);
    let head = std::str::from_utf8(lines[0]).expect("it is text").replace("\"items\":241", "\"items\":242");
    doubled[0] = head.as_bytes();
    let line = [&line[..], b"\n"].concat();
    doubled[2] = &line;
    of(&doubled);
}

#[test]
fn what_is_wrong_with_a_file_is_said_as_of_the_whole() {
    let said = |error: SnapshotError| format!("{error}: {:?}", error.source().map(ToString::to_string));
    let file = written(items());
    let lines: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
    let with = |changes: &[(usize, &'static [u8])]| {
        let mut lines = lines.clone();
        for (at, line) in changes {
            lines[*at] = line;
        }
        lines.concat()
    };
    let no_json: &[u8] = b"{\"resourceType\":\n";
    let no_type: &[u8] = b"{\"awsAccountId\":\"111122223333\"}\n";
    let no_status: &[u8] = b"{\"resourceType\":\"A::B::C\",\"configurationItemStatus\":\"Lost\"}\n";
    let files = [
        (with(&[(100, no_json)]), "line 101 "),
        (with(&[(100, no_type), (200, no_json)]), "line 101 "),
        (with(&[(100, no_status), (200, no_json)]), "line 101 "),
        (with(&[(241, no_status)]), "line 242 "),
        (with(&[(1, b"\n")]), "line 2 "),
        (lines[..200].concat(), "cut off: its head promises 241 items and it holds 199"),
        (with(&[(100, no_status)])[..60_000].to_vec(), "line 101 "),
        (file[..60_000].to_vec(), "is not a configuration item"),
        ([&file[..], lines[241]].concat(), "its head promises 241 items and it holds 242"),
        (lines[1..].concat(), "line 1 is not the head"),
    ];
    for (file, expected) in files {
        for scripts in [&[ALONE][..], &[ANY]] {
            let (rules, options) = (rules(scripts), Options::default());
            let of_file = said(run_file(&rules, || Ok(&*file), &options).expect_err("it is no snapshot"));
            assert_eq!(of_file, said(whole(&file, &rules, &options).expect_err("it is no snapshot")));
            assert!(of_file.contains(expected), "{of_file}");
        }
    }
}

#[test]
fn a_file_that_breaks_off_is_an_error_after_those_of_its_lines() {
    struct Broken<'a>(&'a [u8]);
    impl io::Read for Broken<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            match self.0.read(to)? {
                0 => Err(io::Error::other("the disk is gone")),
                some => Ok(some),
            }
        }
    }
    let file = written(items());
    let error = |file: &[u8]| {
        let open = || Ok(io::BufReader::new(Broken(file)));
        run_file(&rules(&[ALONE]), open, &Options::default()).expect_err("it breaks off").to_string()
    };
    assert_eq!(error(&file[..50_000]), "cannot read the snapshot");
    let broken = [&file[..40_000], b"\n", &file[40_000..50_000]].concat();
    assert!(error(&broken).contains("is not a configuration item"), "{}", error(&broken));
}
