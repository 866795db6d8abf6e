//! Templates of packs, what they stand for, and how they end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::standing::{End, standings};
use super::*;
use crate::evaluate::{self, Options};
use crate::evaluation::ComplianceType::{Compliant, InsufficientData, NonCompliant, NotApplicable};
use crate::evaluation::{Evaluation, RuleError};
use crate::item::{ConfigurationItem, Relationship, ResourceKey};
use crate::rule::RuleSet;
use crate::snapshot::{About, Snapshot};

fn parsed(text: &str) -> Result<Pack, PackError> {
    with(text, &[])
}

fn with(text: &str, given: &[(&str, &str)]) -> Result<Pack, PackError> {
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Pack::parse("mine", "packs/mine.yaml", text, &given)
}

fn wrong(text: &str) -> String {
    parsed(text).unwrap_err().to_string()
}

/// A rule on access keys, with what stands under its `Properties` beside the source.
fn keys(logical_id: &str, more: &str) -> String {
    format!(
        "  {logical_id}:\n    Type: AWS::Config::ConfigRule\n    Properties:\n      ConfigRuleName: keys\n{more}      Source:\n        Owner: AWS\n        SourceIdentifier: ACCESS_KEYS_ROTATED\n"
    )
}

const PARAMETER: &str = "Parameters:\n  MaxAge:\n    Type: String\n    Default: '90'\n";
const IF_SET: &str = "Conditions:\n  isSet:\n    Fn::Not:\n      - Fn::Equals: ['', {Ref: MaxAge}]\n";
const INPUT: &str =
    "      InputParameters:\n        maxAccessKeyAge:\n          Fn::If: [isSet, {Ref: MaxAge}, {Ref: AWS::NoValue}]\n";

fn aged(text: &str, given: &[(&str, &str)]) -> Option<Value> {
    let pack = with(text, given).unwrap();
    pack.rules[0].parameters.as_ref().unwrap().get("maxAccessKeyAge").cloned()
}

#[test]
fn parameters_and_conditions_are_worked_out() {
    let text = format!("{PARAMETER}{IF_SET}Resources:\n{}", keys("Keys", INPUT));
    assert_eq!(aged(&text, &[]), Some(Value::from("90")));
    assert_eq!(aged(&text, &[("MaxAge", "30")]), Some(Value::from("30")));
    // AWS's packs leave a parameter out in this way.
    assert_eq!(aged(&text, &[("MaxAge", "")]), None);
}

#[test]
fn short_tags_mean_what_the_long_forms_mean() {
    let text = "Parameters:\n  MaxAge: {Type: String, Default: 90}\n  Strict: {Type: String, Default: 'true'}\n\
        Conditions:\n  strict: !Equals [!Ref Strict, 'true']\n  lax: !Not [!Condition strict]\n  \
        both: !And [!Condition strict, !Not [!Condition lax]]\n  none: !Or [!Condition lax, !Equals [a, b]]\n\
        Resources:\n";
    let input = |condition: &str| {
        format!("      InputParameters: {{maxAccessKeyAge: !If [{condition}, !Ref MaxAge, !Sub '${{MaxAge}}0']}}\n")
    };
    for (condition, age) in [("strict", "90"), ("lax", "900"), ("both", "90"), ("none", "900")] {
        assert_eq!(
            aged(&format!("{text}{}", keys("Keys", &input(condition))), &[]),
            Some(Value::from(age)),
            "{condition}"
        );
    }
}

#[test]
fn a_pack_is_json_as_well() {
    let text = r#"{"Resources": {"Keys": {"Type": "AWS::Config::ConfigRule", "Controls": ["1.14"], "Properties": {
        "ConfigRuleName": "keys", "InputParameters": "{\"maxAccessKeyAge\": \"30\"}", "MaximumExecutionFrequency": "Six_Hours",
        "Scope": {"ComplianceResourceTypes": ["AWS::IAM::User"], "TagKey": "Team", "TagValue": "a"},
        "Source": {"Owner": "AWS", "SourceIdentifier": "ACCESS_KEYS_ROTATED"}}}}}"#;
    let pack = parsed(text).unwrap();
    let [rule] = pack.rules.as_slice() else { panic!("{pack:?}") };
    assert_eq!(rule.parameters, Ok([("maxAccessKeyAge".to_owned(), Value::from("30"))].into()));
    assert_eq!(rule.frequency.as_deref(), Some("Six_Hours"));
    assert_eq!(rule.controls, ["1.14"]);
    assert_eq!(rule.scope.resource_types, ["AWS::IAM::User"]);
    assert_eq!(rule.scope.tag, Some(("Team".to_owned(), Some("a".to_owned()))));
}

#[test]
fn a_condition_leaves_a_rule_out() {
    let text = format!("{PARAMETER}{IF_SET}Resources:\n{}", keys("Keys", ""))
        .replace("    Properties:", "    Condition: isSet\n    Properties:");
    assert_eq!(with(&text, &[]).unwrap().rules.len(), 1);
    assert_eq!(with(&text, &[("MaxAge", "")]).unwrap().rules.len(), 0);
}

#[test]
fn what_only_a_deployment_knows_is_a_reason_of_that_rule() {
    let region = "      InputParameters: {maxAccessKeyAge: {Ref: 'AWS::Region'}}\n";
    let import = "      InputParameters: {maxAccessKeyAge: {'Fn::ImportValue': age}}\n";
    let text = format!("Resources:\n{}{}{}", keys("A", region), keys("B", import), keys("C", ""));
    let reasons: Vec<_> = parsed(&text).unwrap().rules.into_iter().map(|rule| rule.parameters.err()).collect();
    assert_eq!(
        reasons,
        [
            Some("AWS::Region is known where the pack is deployed only".to_owned()),
            Some("Fn::ImportValue is worked out by CloudFormation only".to_owned()),
            None
        ]
    );
    let without = PARAMETER.replace("    Default: '90'\n", "");
    let text =
        format!("{without}Resources:\n{}", keys("Keys", "      InputParameters: {maxAccessKeyAge: !Ref MaxAge}\n"));
    assert_eq!(
        parsed(&text).unwrap().rules[0].parameters.as_ref().unwrap_err(),
        "the pack's parameter MaxAge has no default and was not given a value"
    );
    assert_eq!(aged(&text, &[("MaxAge", "7")]), Some(Value::from("7")));
}

#[test]
fn what_decides_nothing_need_not_be_known() {
    let open =
        "      ConfigRuleName: !Sub '${AWS::StackName}-keys'\n      MaximumExecutionFrequency: !Ref AWS::StackName\n";
    let text = format!("Resources:\n{}", keys("Keys", "")).replace("      ConfigRuleName: keys\n", open);
    let pack = parsed(&text).unwrap();
    let rule = &pack.rules[0];
    assert_eq!((rule.name.as_str(), &rule.frequency, &rule.parameters), ("Keys", &None, &Ok(BTreeMap::new())));
}

#[test]
fn a_scope_is_worked_out() {
    let scope = |scope: &str| {
        let text = format!("{PARAMETER}{IF_SET}Resources:\n{}", keys("Keys", &format!("      Scope: {scope}\n")));
        parsed(&text).map(|pack| (pack.rules[0].scope.clone(), pack.rules[0].parameters.clone().err()))
    };
    let users = Scope { resource_types: vec!["AWS::IAM::User".to_owned()], ..Scope::default() };
    for written in [
        "{ComplianceResourceTypes: [AWS::IAM::User]}",
        "{ComplianceResourceTypes: AWS::IAM::User}",
        "{ComplianceResourceTypes: !If [isSet, [AWS::IAM::User], [AWS::IAM::Group]]}",
        "{ComplianceResourceTypes: [!If [isSet, AWS::IAM::User, !Ref AWS::NoValue]]}",
        "!If [isSet, {ComplianceResourceTypes: [AWS::IAM::User]}, !Ref AWS::NoValue]",
    ] {
        assert_eq!(scope(written).unwrap(), (users.clone(), None), "{written}");
    }
    assert_eq!(scope("!If [isSet, !Ref AWS::NoValue, {TagKey: a}]").unwrap(), (Scope::default(), None));
    // What only a deployment knows is a reason of the rule: it is not run on everything.
    let reason = "AWS::Region is known where the pack is deployed only";
    assert_eq!(scope("{TagKey: !Ref AWS::Region}").unwrap().1.as_deref(), Some(reason));
    for (written, message) in [
        ("{TagValue: a}", "packs/mine.yaml:14: a Scope with a TagValue names its TagKey as well"),
        ("all", "packs/mine.yaml:14: the Scope of a rule is a mapping"),
        ("{TagKey: [a]}", "packs/mine.yaml:14: TagKey of a Scope is a text"),
        ("{ComplianceResourceTypes: [[a]]}", "packs/mine.yaml:14: ComplianceResourceTypes of a Scope are texts"),
        ("{TagKey: !If [maybe, a, b]}", "packs/mine.yaml:14: there is no condition maybe"),
    ] {
        assert_eq!(scope(written).unwrap_err().to_string(), message, "{written}");
    }
}

#[test]
fn conditions_are_worked_out_once_and_not_without_end() {
    let conditions = |count: usize, of: fn(usize) -> String| {
        let below: Vec<String> = (0..count).map(|at| format!("  c{at}: {}", of(at + 1))).collect();
        let below = below.join("\n");
        format!(
            "Conditions:\n{below}\n  c{count}: !Equals [a, a]\nResources:\n{}",
            keys("K", "      InputParameters: {a: !If [c0, 1, 2]}\n")
        )
    };
    // Without remembering, this takes longer than there is time.
    let doubled = conditions(90, |next| format!("!And [!Condition c{next}, !Condition c{next}]"));
    assert_eq!(parsed(&doubled).unwrap().rules[0].parameters.as_ref().unwrap()["a"], Value::Integer(1));
    let deep = conditions(20_000, |next| format!("!Not [!Condition c{next}]"));
    assert_eq!(wrong(&deep), "packs/mine.yaml:102: more than 100 conditions depend on each other");
}

#[test]
fn what_is_wrong_names_its_line() {
    assert_eq!(wrong(""), "packs/mine.yaml:1: it is empty; a conformance pack has Resources");
    assert_eq!(wrong("- a\n"), "packs/mine.yaml:1: a conformance pack is a mapping with Resources");
    assert_eq!(
        wrong("Parameters: {}\n"),
        "packs/mine.yaml:1: there are no Resources: it is no template of a conformance pack"
    );
    assert_eq!(wrong("Resources:\n  A: {Properties: {}}\n"), "packs/mine.yaml:2: A has no Type");
    assert!(wrong("Resources: [\n").starts_with("packs/mine.yaml:"));
    let told = |more: &str| wrong(&format!("Resources:\n{}", keys("Keys", more)));
    assert_eq!(
        told("      InputParameters: {a: {Ref: Nothing}}\n"),
        "packs/mine.yaml:6: there is no parameter Nothing"
    );
    assert_eq!(
        told("      InputParameters: {a: {'Fn::If': [maybe, 1, 2]}}\n"),
        "packs/mine.yaml:6: there is no condition maybe"
    );
    assert_eq!(
        wrong(&format!(
            "Conditions:\n  a: !Not [!Condition a]\nResources:\n{}",
            keys("K", "      InputParameters: {a: !If [a, 1, 2]}\n")
        )),
        "packs/mine.yaml:2: the condition a depends on itself"
    );
    let unknown = with(&format!("{PARAMETER}Resources:\n{}", keys("K", "")), &[("MaxAges", "1")]).unwrap_err();
    assert_eq!(unknown.to_string(), "the pack mine has no parameter `MaxAges`; did you mean `MaxAge`?");
}

#[test]
fn a_pack_that_is_not_there_names_the_nearest() {
    let find = |text: &str| Wanted::new(text, Path::new("")).pack(&BTreeMap::new());
    let error = find("startre").unwrap_err().to_string();
    assert!(error.starts_with("there is no pack startre"), "{error}");
    assert!(error.contains("did you mean `starter`?"), "{error}");
    // A dot makes no path of it.
    let error = find("cis-aws-foundation-3.0").unwrap_err().to_string();
    assert!(error.contains("did you mean `cis-aws-foundations-3.0`?"), "{error}");
    assert!(matches!(find("packs/none.yaml"), Err(PackError::Io { .. })));
}

fn ids(choice: &Choice) -> Vec<&str> {
    choice.rules.iter().map(|chosen| &**chosen.id()).collect()
}

#[test]
fn a_rule_that_two_packs_ask_for_runs_once_unless_its_parameters_differ() {
    let all = RuleSet::builtin();
    let pack = |name: &str, age: &str| {
        let input = format!("      InputParameters: {{maxAccessKeyAge: '{age}'}}\n");
        Pack::parse(name, name, &format!("Resources:\n{}", keys("K", &input)), &BTreeMap::new()).unwrap()
    };
    let same = choose(vec![pack("a", "60"), pack("b", "60")], &all, &RuleSet::default());
    assert_eq!(ids(&same), ["access-keys-rotated"]);
    assert_eq!(same.packs[0].1, same.packs[1].1);
    let differ = choose(vec![pack("a", "60"), pack("b", "30")], &all, &RuleSet::default());
    assert_eq!(ids(&differ), ["access-keys-rotated@a", "access-keys-rotated@b"]);
    let age = |at: usize| differ.rules.iter().nth(at).unwrap().parameters.get("maxAccessKeyAge").cloned();
    assert_eq!((age(0), age(1)), (Some(Value::Integer(60)), Some(Value::Integer(30))));
    // Both judge users, each under its name.
    assert_eq!(differ.rules.on("AWS::IAM::User").count(), 2);
    // With a rule that was asked for beside the packs: by default 90 days.
    let plain = all.select(&rule::Selection { rules: vec!["access-keys-rotated".to_owned()], ..Default::default() });
    let beside = choose(vec![pack("a", "90"), pack("b", "30")], &all, &plain.unwrap());
    assert_eq!(ids(&beside), ["access-keys-rotated", "access-keys-rotated@b"]);
    assert_eq!(beside.packs[0].1, [Run::As("access-keys-rotated".into())]);
    // Twice in one pack.
    let twice = format!(
        "Resources:\n{}{}",
        keys("One", "      InputParameters: {maxAccessKeyAge: 30}\n"),
        keys("Two", "      InputParameters: {maxAccessKeyAge: 60}\n")
    );
    let twice = choose(vec![parsed(&twice).unwrap()], &all, &RuleSet::default());
    assert_eq!(ids(&twice), ["access-keys-rotated@mine", "access-keys-rotated@mine:Two"]);
    // Files of one name, from three folders.
    let thrice = choose(vec![pack("a", "60"), pack("a", "30"), pack("a", "15")], &all, &RuleSet::default());
    assert_eq!(ids(&thrice), ["access-keys-rotated@a", "access-keys-rotated@a:K", "access-keys-rotated@a:K:2"]);
}

#[test]
fn the_rules_of_packs_are_found_by_the_names_that_they_answer_under() {
    let all = RuleSet::builtin();
    let text = format!(
        "Resources:\n{}{}",
        keys("One", "      InputParameters: {maxAccessKeyAge: 30}\n"),
        keys("Two", "      InputParameters: {maxAccessKeyAge: 60}\n")
    );
    let choice = choose(vec![parsed(&text).unwrap()], &all, &RuleSet::default());
    let one = choice.rules.restricted(&["access-keys-rotated@mine".to_owned()].into());
    assert_eq!(one.iter().map(|chosen| &**chosen.id()).collect::<Vec<_>>(), ["access-keys-rotated@mine"]);
}

#[test]
fn every_rule_of_a_pack_ends_in_one_way() {
    let source = |id: &str, owner: &str, identifier: &str| {
        format!(
            "  {id}:\n    Type: AWS::Config::ConfigRule\n    Controls: ['{id}']\n    Properties:\n      ConfigRuleName: {id}\n      Source: {{Owner: {owner}, SourceIdentifier: {identifier}}}\n"
        )
    };
    let text = [
        "Resources:\n".to_owned(),
        source("bad", "AWS", "ENCRYPTED_VOLUMES"),
        source("good", "AWS", "RDS_STORAGE_ENCRYPTED"),
        source("idle", "AWS", "IAM_USER_MFA_ENABLED"),
        source("denied", "AWS", "S3_BUCKET_LOGGING_ENABLED"),
        source("broken", "AWS", "EC2_IMDSV2_CHECK"),
        source("person", "AWS", PROCESS_CHECK),
        source("later", "AWS", "NOT_THERE_YET"),
        source("own", "CUSTOM_LAMBDA", "arn"),
        source("guard", "CUSTOM_POLICY", "x"),
        "  mend: {Type: 'AWS::Config::RemediationConfiguration'}\n".to_owned(),
        keys("wrong", "      InputParameters: {maxAccessKeyAge: soon}\n"),
    ]
    .concat();
    let pack = parsed(&text).unwrap();
    assert_eq!(pack.others, [("mend".to_owned(), "AWS::Config::RemediationConfiguration".to_owned())]);
    let choice = choose(vec![pack], &RuleSet::builtin(), &RuleSet::default());
    let said = |rule: &str, id: &str, key: &str, compliance_type| Evaluation {
        key: key.into(),
        annotation: "why".into(),
        ..Evaluation::sample(rule, "T", id, compliance_type)
    };
    let evaluations = [
        said("encrypted-volumes", "1", "", Compliant),
        said("rds-storage-encrypted", "1", "", Compliant),
        said("s3-bucket-logging-enabled", "1", "", InsufficientData),
        said("encrypted-volumes", "2", "a", NonCompliant),
        said("encrypted-volumes", "2", "b", NonCompliant),
        said("iam-user-mfa-enabled", "2", "", NotApplicable),
        said("rds-storage-encrypted", "3", "", InsufficientData),
    ];
    let errors = [RuleError { rule: "ec2-imdsv2-check".to_owned(), resource: None, message: "it broke".to_owned() }];
    let [standing] = standings(&choice.packs, &evaluations, &errors).try_into().unwrap();
    let ends: Vec<_> =
        standing.rules.iter().map(|rule| (rule.name.as_str(), rule.end, rule.reason.as_deref())).collect();
    assert_eq!(
        ends,
        [
            ("bad", End::NonCompliant, None),
            ("good", End::Compliant, None),
            ("idle", End::NotApplicable, None),
            ("denied", End::CannotBeJudged, Some("why")),
            ("broken", End::CannotBeJudged, Some("it broke")),
            ("person", End::ByHand, None),
            ("later", End::NotImplemented, Some("assize has no rule NOT_THERE_YET")),
            ("own", End::NotImplemented, Some("a custom rule: its function runs in the account only")),
            ("guard", End::NotImplemented, Some("a custom rule in the language of Guard")),
            (
                "keys",
                End::CannotBeJudged,
                Some(
                    "parameter `maxAccessKeyAge` of rule access-keys-rotated has to be a whole number, at least 1, and \"soon\" is not"
                )
            ),
        ]
    );
    assert_eq!(End::ALL.iter().map(|end| standing.count(*end)).sum::<usize>(), standing.rules.len());
    assert_eq!(standing.compliance(), NonCompliant);
    // A resource with two findings is one pair.
    assert_eq!(standing.score(), (2, 3));
    assert_eq!((standing.rules[1].compliant, standing.rules[1].insufficient_data), (1, 1));
    assert_eq!(standing.rules[0].controls, ["bad"]);

    // Of a rule that broke on one resource it is not known what it would have said there.
    let errors =
        [RuleError { rule: "rds-storage-encrypted".to_owned(), resource: None, message: "it broke".to_owned() }];
    let [broken] = standings(&choice.packs, &evaluations, &errors).try_into().unwrap();
    let good = &broken.rules[1];
    assert_eq!((good.end, good.reason.as_deref(), good.compliant), (End::CannotBeJudged, Some("it broke"), 1));

    let [unjudged] = standings(&choice.packs, &[], &[]).try_into().unwrap();
    assert_eq!((unjudged.compliance(), unjudged.score()), (InsufficientData, (0, 0)));
}

#[test]
fn a_scope_narrows_what_a_rule_judges() {
    let scoped = |scope: &str| {
        let text = format!("Resources:\n{}", keys("K", &format!("      Scope: {scope}\n")))
            .replace("ACCESS_KEYS_ROTATED", "RDS_SNAPSHOTS_PUBLIC_PROHIBITED");
        let choice = choose(vec![parsed(&text).unwrap()], &RuleSet::builtin(), &RuleSet::default());
        choice.rules.iter().next().unwrap().scope.clone()
    };
    assert_eq!(scoped("{ComplianceResourceTypes: [AWS::RDS::DBSnapshot, AWS::RDS::DBClusterSnapshot]}"), None);
    let one = scoped("{ComplianceResourceTypes: [AWS::RDS::DBSnapshot]}").unwrap();
    assert!(one.may_be_of("AWS::RDS::DBSnapshot") && !one.may_be_of("AWS::RDS::DBClusterSnapshot"));
    // A type that the rule does not judge narrows nothing.
    assert_eq!(scoped("{ComplianceResourceTypes: [AWS::EC2::Snapshot]}"), None);
    assert!(scoped("{TagKey: Team}").unwrap().tag.is_some());
}

/// A slip of the pen in an identifier would stand here.
#[test]
fn the_packs_that_come_with_assize_name_rules_that_there_are() {
    let all = RuleSet::builtin();
    for name in Pack::builtin() {
        let pack = Pack::named(name, &BTreeMap::new()).unwrap();
        assert!(pack.description.is_some(), "{name} does not say what it is");
        let choice = choose(vec![pack], &all, &RuleSet::default());
        let (pack, runs) = &choice.packs[0];
        for (rule, run) in pack.rules.iter().zip(runs) {
            assert!(matches!(run, Run::As(_) | Run::ByHand), "{name}: {}: {run:?}", rule.name);
        }
    }
}

/// AWS publishes its packs apart from this project; where a copy is at hand, all of them are read.
#[test]
fn the_packs_of_aws_are_read_as_they_are() {
    let Some(folder) = std::env::var_os("ASSIZE_CONFORMANCE_PACKS") else {
        let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/facts/conformance_packs");
        return if default.is_dir() { read_all(&default) } else { println!("no copy of AWS's packs is at hand") };
    };
    read_all(Path::new(&folder));
}

fn read_all(folder: &Path) {
    let all = RuleSet::builtin();
    let snapshot = Arc::new(few_items());
    let (mut packs, mut rules, mut ends) = (0, 0, BTreeSet::new());
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            continue;
        }
        let pack = Pack::read(&path, &BTreeMap::new()).unwrap_or_else(|error| panic!("{error}"));
        // One of them asks for nothing unless its parameters say so.
        let asked = pack.rules.len();
        (packs, rules) = (packs + 1, rules + asked);
        let choice = choose(vec![pack], &all, &RuleSet::default());
        for (rule, run) in choice.packs[0].0.rules.iter().zip(&choice.packs[0].1) {
            if let Run::Impossible(reason) = run {
                assert!(
                    reason.contains("has no default and was not given"),
                    "{}: {}: {reason}",
                    path.display(),
                    rule.name
                );
            }
        }
        let outcome = evaluate::run(&choice.rules, &snapshot, &Options::default());
        assert_eq!(outcome.rule_errors, [], "{}", path.display());
        let standings = standings(&choice.packs, &outcome.evaluations, &outcome.rule_errors);
        let [standing] = standings.as_slice() else { panic!("{}: one pack was run", path.display()) };
        let counts = End::ALL.map(|end| standing.count(end));
        assert_eq!(counts.iter().sum::<usize>(), asked, "{}", path.display());
        ends.extend(End::ALL.into_iter().filter(|end| standing.count(*end) > 0));
    }
    assert!(packs > 100 && rules > 8000, "{packs} packs with {rules} rules");
    assert_eq!(ends, BTreeSet::from(End::ALL), "a rule of some pack ends in each way");
}

/// Some that comply, do not, and are nothing to judge, of an account of which nothing else was read.
fn few_items() -> Snapshot {
    let item = |kind: &str, id: &str| {
        ConfigurationItem::new(ResourceKey::new("111122223333", "eu-west-1", kind, id), "2026-01-02T03:04:05.678Z")
    };
    let mut volume = item("AWS::EC2::Volume", "vol-1");
    volume.put("/configuration/encrypted", false.into());
    let mut bucket = item("AWS::S3::Bucket", "data");
    bucket.put("/supplementaryConfiguration/BucketVersioningConfiguration/status", "Enabled".into());
    let mut instance = item("AWS::EC2::Instance", "i-1");
    instance.put("/configuration/state/name", "terminated".into());
    volume.relationships.push(Relationship {
        resource_type: "AWS::EC2::Instance".into(),
        resource_id: Some("i-1".into()),
        resource_name: None,
        name: "Is attached to Instance".into(),
    });
    Snapshot::new(
        About { captured_at: "2026-01-02T03:04:05.678Z".to_owned(), ..About::default() },
        vec![volume, bucket, instance],
    )
}
