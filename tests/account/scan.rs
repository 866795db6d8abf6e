//! The real binary on the account: its verdicts, its requests, its permissions, and what it says when it may not see.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Output};

use assize::collect::{Counts, Plan, Regions};
use assize::rule::RuleSet;
use assize::rule::set::Selection;
use assize::snapshot::Snapshot;
use assize::source::descriptor::Catalog;
use assize::source::model::Models;
use globset::Glob;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::moto::Moto;
use crate::seed::{HOME, OTHER};
use crate::{Account, account, seed};

/// Verdict → labels, by rule; see the head of `expected.yaml`.
type Table = BTreeMap<String, BTreeMap<String, Vec<String>>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    seeded: Table,
    flipped: Table,
}

fn expected() -> Expected {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/account/expected.yaml");
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Runs the binary with an environment of nothing but what leads it to the account.
pub(crate) fn assize(account: &Account, arguments: &[&str]) -> Output {
    assize_at(&account.moto, arguments)
}

/// The same, of an account that another test made.
pub(crate) fn assize_at(moto: &Moto, arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    command(moto, home.path(), arguments).output().unwrap()
}

/// The same in a folder, which holds what it finds by itself: a configuration file, a repository.
pub(crate) fn assize_in(folder: &Path, moto: &Moto, arguments: &[&str]) -> Output {
    command(moto, folder, arguments).current_dir(folder).output().unwrap()
}

fn command(moto: &Moto, home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assize"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("AWS_ENDPOINT_URL", moto.endpoint())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", HOME)
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

/// The JSON report of a scan of both regions, and the exit code.
pub(crate) fn scan(account: &Account, arguments: &[&str]) -> (Json, i32) {
    let regions = ["scan", "--format", "json", "--region", HOME, "--region", OTHER];
    let output = assize(account, &[&regions, arguments].concat());
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (report, output.status.code().unwrap())
}

fn text<'a>(json: &'a Json, name: &str) -> &'a str {
    json[name].as_str().unwrap_or_default()
}

fn list<'a>(json: &'a Json, name: &str) -> &'a [Json] {
    json[name].as_array().unwrap()
}

/// What `expected.yaml` calls the resource of an evaluation: its label, or type and id if it has none.
fn label(labels: &BTreeMap<String, String>, evaluation: &Json) -> String {
    let [id, name, arn] = ["resourceId", "resourceName", "arn"].map(|member| text(evaluation, member));
    if text(evaluation, "resourceType") == "AWS::::Account" {
        return match text(evaluation, "awsRegion") {
            "global" => "account".to_owned(),
            region => format!("account@{region}"),
        };
    }
    labels
        .iter()
        .find(|(_, known)| [id, name, arn].contains(&known.as_str()))
        .map_or_else(|| format!("{} {id}", text(evaluation, "resourceType")), |(label, _)| label.clone())
}

/// Where the verdicts of a report are not those of the table.
fn differences(table: &Table, labels: &BTreeMap<String, String>, report: &Json) -> Vec<String> {
    let mut wrong = Vec::new();
    for (rule, verdicts) in table {
        let mut given = BTreeMap::<String, BTreeSet<&str>>::new();
        for evaluation in list(report, "evaluations").iter().filter(|evaluation| text(evaluation, "rule") == rule) {
            given.entry(label(labels, evaluation)).or_default().insert(text(evaluation, "complianceType"));
        }
        for (verdict, patterns) in verdicts {
            for pattern in patterns {
                let glob = Glob::new(pattern).unwrap().compile_matcher();
                let matched: Vec<String> = given.keys().filter(|label| glob.is_match(label)).cloned().collect();
                if matched.is_empty() {
                    wrong.push(format!("{rule}: nothing about {pattern}, which is {verdict}"));
                }
                for label in matched {
                    let said = given.remove(&label).unwrap();
                    if said != BTreeSet::from([verdict.as_str()]) {
                        wrong.push(format!("{rule}: {label} is {verdict} and was said to be {said:?}"));
                    }
                }
            }
        }
        wrong.extend(given.iter().map(|(label, said)| format!("{rule}: {label}, not in the table, is {said:?}")));
    }
    wrong
}

#[test]
fn verdicts_are_what_aws_means_them_to_be() {
    let Some(account) = account() else { return };
    let expected = expected();
    let (report, code) = scan(&account, &[]);
    let mut wrong = differences(&expected.seeded, &account.labels, &report);
    assert_eq!(report["gaps"], serde_json::json!([]), "everything can be read");
    assert_eq!(report["ruleErrors"], serde_json::json!([]));
    assert_eq!(code, 1, "there are findings");

    seed::flip(&account.moto, &account.labels);
    let rules: Vec<&str> = expected.flipped.keys().flat_map(|rule| ["--rule", rule]).collect();
    let (report, _) = scan(&account, &rules);
    wrong
        .extend(differences(&expected.flipped, &account.labels, &report).iter().map(|line| format!("flipped: {line}")));
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
}

/// How many calls the plan allows, by operation, for what a snapshot holds.
fn planned(rules: &RuleSet, snapshot: &Snapshot) -> BTreeMap<String, u64> {
    let catalog = Catalog::builtin().unwrap();
    let wanted = rules.iter().map(|chosen| (chosen.rule.id.to_string(), chosen.needs().into())).collect();
    let regions = Regions::Named([HOME, OTHER].map(str::to_owned).into());
    let plan = Plan::new(&catalog, &Models::builtin(), &wanted, &regions).unwrap();
    let counts = Counts::of(&catalog, snapshot);
    let mut planned = BTreeMap::new();
    for step in plan.steps() {
        *planned.entry(format!("{}:{}", step.service, step.operation)).or_default() += step.bound(&counts);
    }
    assert_eq!(planned.values().sum::<u64>(), plan.bound(&counts));
    planned
}

#[test]
fn requests_are_those_that_the_account_was_sent_and_no_more_than_planned() {
    let Some(account) = account() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("snapshot.jsonl");
    for rules in [&[][..], &["encrypted-volumes"], &["s3-bucket-*"], &["iam-*", "root-login-alarm"]] {
        let arguments: Vec<&str> = rules.iter().flat_map(|rule| ["--rule", rule]).collect();
        account.moto.requests();
        let (report, _) = scan(&account, &[&arguments[..], &["--snapshot-out", file.to_str().unwrap()]].concat());
        let said: BTreeMap<String, u64> = serde_json::from_value(report["snapshot"]["requests"].clone()).unwrap();
        assert_eq!(said, account.moto.requests());

        let snapshot = Snapshot::read(BufReader::new(fs::File::open(&file).unwrap())).unwrap();
        let selection =
            Selection { rules: rules.iter().map(|&rule| rule.to_owned()).collect(), ..Selection::default() };
        let planned = planned(&RuleSet::builtin().select(&selection).unwrap(), &snapshot);
        println!("{rules:?}: {} requests, {} planned", said.values().sum::<u64>(), planned.values().sum::<u64>());
        for (operation, count) in &said {
            assert!(count <= &planned[operation], "{operation}: {count} requests, {} planned", planned[operation]);
        }
        assert_eq!(said.len(), planned.len(), "what is planned is needed");
    }
}

#[test]
fn a_region_that_is_not_enabled_is_skipped_and_said_to_be() {
    let Some(account) = account() else { return };
    let (report, _) = scan(&account, &["--region", "ap-east-1", "--rule", "ec2-ebs-encryption-by-default"]);
    let skipped = serde_json::json!({"ap-east-1": "not enabled for this account"});
    assert_eq!(report["snapshot"]["skippedRegions"], skipped);
    let judged: BTreeSet<&str> =
        list(&report, "evaluations").iter().map(|evaluation| text(evaluation, "awsRegion")).collect();
    assert_eq!(judged, BTreeSet::from([OTHER, HOME]));
}

/// The operations that a policy allows.
fn allowed_by(policy: &Json) -> BTreeSet<String> {
    let actions: BTreeSet<&str> = list(policy, "Statement")
        .iter()
        .flat_map(|statement| {
            assert_eq!(text(statement, "Effect"), "Allow");
            list(statement, "Action").iter().map(|action| action.as_str().unwrap())
        })
        .collect();
    let models = Models::builtin();
    let mut allowed = BTreeSet::new();
    for service in models.names() {
        let service = models.service(service).unwrap();
        for operation in service.operations() {
            if operation.iam_actions().iter().all(|action| actions.contains(action.as_str())) {
                allowed.insert(format!("{}:{}", service.name(), operation.name()));
            }
        }
    }
    // IAM asks no permission for this one.
    allowed.insert("sts:GetCallerIdentity".to_owned());
    allowed
}

/// What a report says, without when and how long.
fn said(report: &Json) -> [&Json; 4] {
    [&report["evaluations"], &report["gaps"], &report["ruleErrors"], &report["snapshot"]["items"]]
}

#[test]
fn the_policy_of_permissions_is_enough() {
    let Some(account) = account() else { return };
    for rules in [&[][..], &["--service", "iam"], &["--rule", "rds-snapshots-public-prohibited"]] {
        let (free, _) = scan(&account, rules);
        let policy = assize(&account, &[&["permissions"], rules].concat());
        let policy: Json = serde_json::from_slice(&policy.stdout).unwrap();
        let allowed = allowed_by(&policy);
        account.moto.wall(Some(&allowed), &BTreeMap::new());
        let (walled, _) = scan(&account, rules);
        account.moto.wall(None, &BTreeMap::new());
        for (free, walled) in said(&free).into_iter().zip(said(&walled)) {
            assert_eq!(free, walled);
        }
    }
}

#[test]
fn what_may_not_be_seen_is_a_gap_and_never_a_verdict() {
    let Some(account) = account() else { return };
    // One operation of each protocol.
    for (operation, rule, code) in [
        ("ec2:DescribeVolumes", "encrypted-volumes", "UnauthorizedOperation"),
        ("ec2:DescribeSnapshotAttribute", "ebs-snapshot-public-restorable-check", "UnauthorizedOperation"),
        ("iam:GetAccountAuthorizationDetails", "iam-user-no-policies-check", "AccessDenied"),
        ("iam:GetCredentialReport", "access-keys-rotated", "AccessDenied"),
        ("rds:DescribeDBSnapshotAttributes", "rds-snapshots-public-prohibited", "AccessDenied"),
        ("s3:GetBucketPolicy", "s3-bucket-ssl-requests-only", "AccessDenied"),
        ("s3control:GetPublicAccessBlock", "s3-account-level-public-access-blocks-periodic", "AccessDenied"),
        ("kms:GetKeyRotationStatus", "cmk-backing-key-rotation-enabled", "AccessDeniedException"),
        ("cloudtrail:GetTrailStatus", "cloudtrail-enabled", "AccessDeniedException"),
        ("lambda:GetPolicy", "lambda-function-public-access-prohibited", "AccessDeniedException"),
    ] {
        account.moto.wall(None, &BTreeMap::from([(operation, "deny")]));
        let (report, exit) = scan(&account, &["--rule", rule]);
        let evaluations = list(&report, "evaluations");
        let blind: Vec<&Json> =
            evaluations.iter().filter(|evaluation| text(evaluation, "complianceType") == "INSUFFICIENT_DATA").collect();
        assert!(!blind.is_empty(), "{operation}: {evaluations:#?}");
        for evaluation in blind {
            assert_eq!(text(&evaluation["gap"], "operation"), operation);
            assert_eq!(text(&evaluation["gap"], "code"), code, "{operation}");
            assert!(text(evaluation, "annotation").contains(operation), "{evaluation:#}");
        }
        assert!(!list(&report, "gaps").is_empty(), "{operation}");
        assert!([1, 3].contains(&exit), "{operation}: {exit}");
    }
}

#[test]
fn answers_that_are_none_are_gaps_too_and_a_throttle_is_waited_out() {
    let Some(account) = account() else { return };
    let rule = &["--rule", "encrypted-volumes"];
    let (free, _) = scan(&account, rule);
    for fault in ["html", "truncate"] {
        account.moto.wall(None, &BTreeMap::from([("ec2:DescribeVolumes", fault)]));
        let (report, exit) = scan(&account, rule);
        let verdicts: BTreeSet<&str> =
            list(&report, "evaluations").iter().map(|evaluation| text(evaluation, "complianceType")).collect();
        assert_eq!(verdicts, BTreeSet::from(["INSUFFICIENT_DATA"]), "{fault}");
        assert_eq!(exit, 3, "{fault}");
    }
    account.moto.requests();
    account.moto.wall(None, &BTreeMap::from([("ec2:DescribeVolumes", "throttle")]));
    let (report, _) = scan(&account, rule);
    assert_eq!(said(&free), said(&report));
    assert_eq!(account.moto.requests()["ec2:DescribeVolumes"], 3, "one for each region and one again");
}
