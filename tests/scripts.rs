//! What a script may do and what it may not: the facts it sees, the answers that are none, and the limits that hold even a
//! script that means harm.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use assize::evaluate::{self, Options};
use assize::evaluation::{ComplianceType, Evaluation};
use assize::item::ConfigurationItem;
use assize::rule::load::{Files, Folder};
use assize::rule::{RuleSet, load};
use assize::snapshot::{About, Place, Snapshot};
use serde_json::json;

const METADATA: &str = "
id: try
title: It is tried
severity: medium
category: security
maturity: stable
trigger: periodic
resource_types: [AWS::EC2::Volume]
reads: {AWS::EC2::Instance: []}
description: It is tried.
risk: None.
remediation: None.
references: [https://example.com/]
parameters:
  count: {type: integer, description: A count., default: 3}
  words: {type: csv, description: Words.}
";

fn files(script: &str) -> Files {
    Files { metadata: METADATA.to_owned(), script: Some(script.to_owned()), cases: None }
}

fn rules(script: &str) -> RuleSet {
    let rules = BTreeMap::from([("test/try".to_owned(), files(script))]);
    let set = RuleSet::from_folder(&Folder { rules, ..Folder::default() });
    assert_eq!(set.errors(), [], "the script loads");
    set
}

fn place(region: &str, resource_type: &str) -> Place {
    Place { account_id: "111122223333".into(), aws_region: region.into(), resource_type: resource_type.into() }
}

fn snapshot(items: Vec<ConfigurationItem>) -> Arc<Snapshot> {
    let mut listings = vec![place("eu-west-1", "AWS::EC2::Volume"), place("eu-west-1", "AWS::EC2::Instance")];
    listings.sort();
    let about = About {
        captured_at: "2026-03-01T00:00:00.000Z".to_owned(),
        accounts: vec!["111122223333".to_owned()],
        regions: vec!["eu-west-1".to_owned()],
        listings,
        ..About::default()
    };
    Arc::new(Snapshot::new(about, items))
}

fn volume() -> ConfigurationItem {
    let item = json!({
        "awsAccountId": "111122223333",
        "awsRegion": "eu-west-1",
        "resourceType": "AWS::EC2::Volume",
        "resourceId": "vol-1",
        "configurationItemCaptureTime": "2026-03-01T00:00:00.000Z",
        "resourceCreationTime": "2026-01-01T00:00:00.000Z",
        "tags": {"Owner": "anne"},
        "relationships": [{"resourceType": "AWS::EC2::Instance", "resourceId": "i-1", "name": "Is attached to Instance"}],
        "configuration": {
            "encrypted": true, "size": 8, "nothing": null, "ratio": 1.5,
            "attachments": [{"device": "/dev/xvda"}, {"device": "/dev/xvdb"}],
            "empty": [],
        },
        "gaps": [{"path": "/configuration/hidden", "operation": "ec2:Describe", "code": "AccessDenied", "message": "no"}],
    });
    serde_json::from_value(item).expect("it is a configuration item")
}

/// What a script answers on the volume: an evaluation, or the rule error's message.
fn run(script: &str) -> Result<Evaluation, String> {
    let outcome = evaluate::run(&rules(script), &snapshot(vec![volume()]), &Options::default());
    match outcome.rule_errors.into_iter().next() {
        Some(error) => Err(error.message),
        None => Ok(outcome.evaluations.into_iter().next().expect("there is an answer")),
    }
}

/// Runs an expression, which has to be true.
fn holds(expression: &str) -> Result<bool, String> {
    let script = format!(
        "fn evaluate(item, parameters) {{ let volume = item.configuration; if {expression} {{ compliant() }} else {{ non_compliant(\"no\") }} }}"
    );
    let evaluation = run(&script)?;
    match evaluation.compliance_type {
        ComplianceType::Compliant => Ok(true),
        ComplianceType::NonCompliant => Ok(false),
        other => Err(format!("{}: {}", other.as_str(), evaluation.annotation)),
    }
}

/// Why an expression ends as insufficient data.
fn gap(expression: &str) -> (String, Option<String>) {
    let script =
        format!("fn evaluate(item, parameters) {{ let volume = item.configuration; {expression}; compliant() }}");
    let evaluation = run(&script).expect("no rule error");
    assert_eq!(evaluation.compliance_type, ComplianceType::InsufficientData, "{expression}");
    let gap = evaluation.gap.expect("the answer says what could not be read");
    (gap.reason.code.clone(), gap.path.clone())
}

#[test]
fn facts_are_seen() {
    for expression in [
        "volume.encrypted",
        "volume.size == 8 && volume.size < 9 && volume.size >= 8.0",
        "volume.nothing == ()",
        "volume.ratio > 1 && volume.ratio < 2",
        "volume[\"size\"] == 8",
        "volume.get(\"size\") == 8 && volume.get(\"none\") == () && volume.get(\"nothing.below\") == ()",
        "volume.get(\"attachments[1].device\") == \"/dev/xvdb\" && volume.get(\"attachments[2].device\") == ()",
        "\"size\" in volume && !(\"none\" in volume)",
        "volume.attachments.len() == 2 && volume.attachments[-1].device == \"/dev/xvdb\"",
        "volume.attachments.some(|a| a.device == \"/dev/xvda\") && volume.attachments.all(|a| a.device != \"\")",
        "volume.attachments.filter(|a| a.device.ends_with(\"b\")).len() == 1",
        "volume.attachments.map(|a| a.device).contains(\"/dev/xvda\")",
        "volume.attachments.map(|a| a.device).join(\" \") == \"/dev/xvda /dev/xvdb\"",
        "volume.attachments.find(|a| a.device == \"/dev/xvdc\") == ()",
        "volume.empty.is_empty() && volume.empty.first() == ()",
        "item.resourceId == \"vol-1\" && item.awsRegion == \"eu-west-1\" && item.accountId == \"111122223333\"",
        "item.get(\"resourceName\") == () && item.get(\"configuration.size\") == 8",
        "item.tags.get(\"Owner\") ?? \"nobody\" == \"anne\"",
        "days_since(item.resourceCreationTime) == 59",
        "now() == \"2026-03-01T00:00:00.000Z\" && days_until(\"2026-03-02T12:00:00Z\") == 1",
        "parameters.count == 3 && parameters.words == ()",
        "item.related(\"AWS::EC2::Instance\")[0].resourceId == \"i-1\"",
        "item.related(\"AWS::EC2::Subnet\").is_empty()",
        "resources(\"AWS::EC2::Volume\")[0] == item && resources(\"AWS::EC2::Instance\", \"eu-west-1\").is_empty()",
        "resources(\"AWS::EC2::Volume\", \"eu-west-1\", \"resourceId\", \"vol-1\") == [item]",
        "resources(\"AWS::EC2::Volume\", \"eu-west-1\", \"configuration.attachments[1].device\", \"/dev/xvdb\") == [item]",
        "resources(\"AWS::EC2::Volume\", \"eu-west-1\", \"resourceName\", \"web\").is_empty()",
        "resources(\"AWS::EC2::Volume\", \"eu-west-1\", \"configuration.size\", \"8\").is_empty()",
        "find(\"AWS::EC2::Volume\", \"vol-1\") == item && find(\"AWS::EC2::Volume\", \"vol-2\") == ()",
        "[3, 1, 2, 1].sorted() == [1, 1, 2, 3] && [3, 1, 3].unique() == [3, 1] && [1] + [2] == [1, 2]",
        "parse_json(\"{\\\"a\\\": [1, {\\\"b\\\": null}]}\").a[1].b == ()",
        "arn(\"arn:aws:kms:eu-west-1:111122223333:key/1\").id == \"1\" && arn(\"key/1\") == ()",
        "\"a-b\".split(\"-\") == [\"a\", \"b\"] && \" X \".trim().lower() == \"x\" && \"abc\".sub_string(1, 1) == \"b\"",
        "matches_glob(\"vol-*\", item.resourceId) && matches_regex(\"^vol-[0-9]+$\", item.resourceId)",
        "matching_actions(\"KMS:*crypt\", [\"kms:Encrypt\", \"kms:ReEncryptTo\", \"kms:Decrypt\"]) == [\"kms:Encrypt\", \"kms:Decrypt\"]",
        "`${volume.size} ${volume.attachments[0]}` == `8 {\"device\":\"/dev/xvda\"}`",
        "volume.empty == [] && volume.attachments != [] && volume.attachments.map(|a| 1) == [1, 1]",
        "parse_int(\"12\") == 12 && parse_int(\"x\") == ()",
    ] {
        assert_eq!(holds(expression), Ok(true), "{expression}");
    }
}

#[test]
fn what_is_not_there_or_cannot_be_read_ends_the_evaluation() {
    let at = |path: &str| Some(path.to_owned());
    let absent = || "Absent".to_owned();
    let denied = || "AccessDenied".to_owned();
    assert_eq!(gap("volume.none"), (absent(), at("/configuration/none")));
    assert_eq!(gap("volume.attachments[0].none"), (absent(), at("/configuration/attachments/0/none")));
    assert_eq!(gap("item.resourceName"), (absent(), at("/resourceName")));
    for expression in [
        "volume.hidden",
        "volume[\"hidden\"]",
        "volume.get(\"hidden\")",
        "volume.get(\"hidden.below[3]\")",
        "item.get(\"configuration.hidden\")",
        "resources(\"AWS::EC2::Volume\", \"eu-west-1\", \"configuration.hidden.below\", \"a\")",
        "\"hidden\" in volume",
        "volume.values()",
        "`${volume}`",
        "`${[volume]}`",
        "let a = []; a.push(volume); a.join(\"\")",
        "volume.hidden ?? 1",
        "if volume.hidden == () { return compliant() }",
        "let f = |v| v.hidden; [volume].map(f)",
    ] {
        assert_eq!(gap(expression), (denied(), at("/configuration/hidden")), "{expression}");
    }
    // The instance is linked and not in the snapshot.
    assert_eq!(gap("item.related(\"AWS::EC2::Instance\")[0].configuration").0, "NotFound");
    assert_eq!(gap("item.related(\"AWS::EC2::Instance\")[0].arn").0, "NotFound");
    assert_eq!(gap("resources(\"AWS::EC2::Instance\", \"us-east-1\")").0, "NotCollected");
    assert_eq!(gap("resources(\"AWS::EC2::Instance\", \"us-east-1\", \"arn\", \"a\")").0, "NotCollected");
    assert_eq!(
        gap("find(\"AWS::EC2::Instance\", \"arn:aws:ec2:eu-west-1:999999999999:instance/i-2\")").0,
        "NotCollected"
    );
    assert_eq!(gap("policy(\"not json\")").0, "MalformedResponse");
}

#[test]
fn a_text_is_looked_up_as_a_look_at_each_item_would_find_it() {
    let others = |unreadable: bool| {
        let told = [json!("a"), json!("b"), json!(1), json!(null), json!(["a"]), json!({"a": "b"})];
        let mut items: Vec<ConfigurationItem> = (0..40)
            .map(|at: usize| {
                let mut item = volume();
                item.key.resource_id = format!("vol-{at:02}").into();
                item.put(
                    "/configuration/told",
                    serde_json::from_value(told[at % told.len()].clone()).expect("a value"),
                );
                match at {
                    7 => item.status = assize::item::ItemStatus::ResourceDeleted,
                    8 => item.key.region = "us-east-1".into(),
                    9 => item.key.account_id = "999999999999".into(),
                    19 if unreadable => {
                        let reason = item.gaps[0].reason.clone();
                        item.put("/configuration/told", assize::value::Value::Unreadable(reason));
                    }
                    _ => {}
                }
                item
            })
            .collect();
        items.push(volume());
        snapshot(items)
    };
    let answer = |body: &str, unreadable: bool| {
        let script = format!("fn evaluate(item, parameters) {{ let ids = []; {body} non_compliant(ids.join(\" \")) }}");
        let outcome = evaluate::run(&rules(&script), &others(unreadable), &Options::default());
        assert_eq!(outcome.rule_errors, []);
        let of_the_account = outcome.evaluations.into_iter().filter(|one| &*one.resource.account_id == "111122223333");
        of_the_account.map(|one| (one.compliance_type, one.annotation, one.gap)).collect::<Vec<_>>()
    };
    for told in ["a", "b", "c", "1"] {
        let looked_up = format!(
            "for one in resources(\"AWS::EC2::Volume\", \"eu-west-1\", \"configuration.told\", \"{told}\") {{ ids.push(one.resourceId); }}"
        );
        let looked_at = format!(
            "for one in resources(\"AWS::EC2::Volume\", \"eu-west-1\") {{ let told = one.get(\"configuration.told\"); \
             if type_of(told) == \"string\" && told == \"{told}\" {{ ids.push(one.resourceId); }} }}"
        );
        for unreadable in [false, true] {
            let answers = answer(&looked_up, unreadable);
            assert_eq!(answers, answer(&looked_at, unreadable), "{told}");
            let is_judged = |(compliance_type, _, _): &(_, _, _)| *compliance_type == ComplianceType::NonCompliant;
            assert!(answers.len() > 30 && answers.iter().all(|one| is_judged(one) != unreadable), "{answers:?}");
        }
    }
}

/// What is made of an instance `web` of a region, by a volume whose link names it, on a snapshot of which these regions'
/// instances were listed.
fn abroad(region: &str, subject_region: &str, listed: &[&str], answer: &str) -> Evaluation {
    let instance: ConfigurationItem = serde_json::from_value(json!({
        "awsAccountId": "111122223333",
        "awsRegion": region,
        "resourceType": "AWS::EC2::Instance",
        "resourceId": "web",
        "ARN": format!("arn:aws:ec2:{region}:111122223333:instance/web"),
        "configurationItemCaptureTime": "2026-03-01T00:00:00.000Z",
    }))
    .expect("it is a configuration item");
    let mut subject = volume();
    subject.key.region = subject_region.into();
    subject.relationships.first_mut().expect("the volume is attached").resource_id = Some("web".into());
    let mut listings = vec![place(subject_region, "AWS::EC2::Volume")];
    listings.extend(listed.iter().map(|region| place(region, "AWS::EC2::Instance")));
    listings.sort();
    let about = About {
        captured_at: "2026-03-01T00:00:00.000Z".to_owned(),
        accounts: vec!["111122223333".to_owned()],
        regions: vec!["eu-west-1".to_owned(), "us-east-1".to_owned()],
        listings,
        ..About::default()
    };
    let script = format!("fn evaluate(item, parameters) {{ {answer} }}");
    let snapshot = Arc::new(Snapshot::new(about, vec![subject, instance]));
    let outcome = evaluate::run(&rules(&script), &snapshot, &Options::default());
    assert_eq!(outcome.rule_errors, []);
    outcome.evaluations.into_iter().next().expect("there is an answer")
}

/// Whether `find` finds the instance.
fn found_abroad(region: &str, subject_region: &str, listed: &[&str], name: &str) -> Evaluation {
    let found =
        format!("if find(\"AWS::EC2::Instance\", \"{name}\") == () {{ non_compliant(\"no\") }} else {{ compliant() }}");
    abroad(region, subject_region, listed, &found)
}

#[test]
fn an_item_of_another_region_is_found_where_the_own_one_is_known_to_have_none() {
    let answer = |region, subject, listed: &[&str], name| found_abroad(region, subject, listed, name).compliance_type;
    let abroad = "us-east-1";
    assert_eq!(answer(abroad, "eu-west-1", &["eu-west-1", abroad], "web"), ComplianceType::Compliant);
    // What the own region has is not known: the name may mean another one.
    let unknown = found_abroad(abroad, "eu-west-1", &[abroad], "web");
    assert_eq!(unknown.compliance_type, ComplianceType::InsufficientData);
    assert_eq!(unknown.gap.expect("the answer says what could not be read").aws_region, "eu-west-1");
    // Its ARN means it alone; what is global has no other region, nor has who asks from nowhere.
    let arn = "arn:aws:ec2:us-east-1:111122223333:instance/web";
    assert_eq!(answer(abroad, "eu-west-1", &[abroad], arn), ComplianceType::Compliant);
    assert_eq!(answer("global", "eu-west-1", &[], "web"), ComplianceType::Compliant);
    assert_eq!(answer(abroad, "global", &[], "web"), ComplianceType::Compliant);
    // The own region's own item needs no list.
    assert_eq!(answer("eu-west-1", "eu-west-1", &[], "web"), ComplianceType::Compliant);
}

#[test]
fn an_arn_of_a_region_that_was_not_read_is_no_answer() {
    let listed = ["eu-west-1", "us-east-1"];
    let arn = |region: &str| format!("arn:aws:ec2:{region}:111122223333:instance/gone");
    // The region that the ARN names decides, whatever is known of the others.
    let gone = found_abroad("us-east-1", "eu-west-1", &listed, &arn("us-east-1"));
    assert_eq!(gone.compliance_type, ComplianceType::NonCompliant);
    let gone = found_abroad("us-east-1", "eu-west-1", &["us-east-1"], &arn("us-east-1"));
    assert_eq!(gone.compliance_type, ComplianceType::NonCompliant);
    let unknown = found_abroad("us-east-1", "eu-west-1", &listed, &arn("ap-south-1"));
    assert_eq!(unknown.compliance_type, ComplianceType::InsufficientData);
    assert_eq!(unknown.gap.expect("the answer says what could not be read").aws_region, "ap-south-1");
    // Of a global type all are in one list, whatever region their ARNs name.
    let global = found_abroad("global", "eu-west-1", &["global"], &arn("us-east-1"));
    assert_eq!(global.compliance_type, ComplianceType::NonCompliant);
}

/// Web ACLs are of regions or global, and the ARNs of the latter name a region all the same.
#[test]
fn an_arn_with_a_region_may_name_what_is_global() {
    let of = |is_listed: bool| {
        let mut about = snapshot(Vec::new()).about().clone();
        let global = place("global", "AWS::EC2::Instance");
        if is_listed {
            about.listings.push(global);
            about.listings.sort();
        } else {
            let reason = volume().gaps[0].reason.clone();
            about.gaps.push(global.gap(&reason));
        }
        let arn = "arn:aws:ec2:eu-west-1:111122223333:global/instance/gone";
        let script = format!(
            "fn evaluate(item, parameters) {{ if find(\"AWS::EC2::Instance\", \"{arn}\") == () {{ non_compliant(\"no\") }} else {{ compliant() }} }}"
        );
        let snapshot = Arc::new(Snapshot::new(about, vec![volume()]));
        let outcome = evaluate::run(&rules(&script), &snapshot, &Options::default());
        outcome.evaluations.into_iter().next().expect("there is an answer")
    };
    assert_eq!(of(true).compliance_type, ComplianceType::NonCompliant);
    let unknown = of(false);
    assert_eq!(unknown.compliance_type, ComplianceType::InsufficientData);
    assert_eq!(unknown.gap.expect("the answer says what could not be read").aws_region, "global");
}

#[test]
fn a_link_leads_to_another_region_where_the_own_one_is_known_to_have_none() {
    let read = "item.related(\"AWS::EC2::Instance\")[0].arn; compliant()";
    let elsewhere = "us-east-1";
    let of = |region, subject, listed: &[&str]| abroad(region, subject, listed, read).compliance_type;
    assert_eq!(of(elsewhere, "eu-west-1", &["eu-west-1", elsewhere]), ComplianceType::Compliant);
    let unknown = abroad(elsewhere, "eu-west-1", &[elsewhere], read);
    assert_eq!(unknown.compliance_type, ComplianceType::InsufficientData);
    assert_eq!(unknown.gap.expect("the answer says what could not be read").aws_region, "eu-west-1");
    // What the link itself tells is known all the same.
    let name = "if item.related(\"AWS::EC2::Instance\")[0].resourceId == \"web\" { compliant() } else { non_compliant(\"no\") }";
    assert_eq!(abroad(elsewhere, "eu-west-1", &[elsewhere], name).compliance_type, ComplianceType::Compliant);
    assert_eq!(of("global", "eu-west-1", &[]), ComplianceType::Compliant);
    assert_eq!(of(elsewhere, "global", &[]), ComplianceType::Compliant);
    assert_eq!(of("eu-west-1", "eu-west-1", &[]), ComplianceType::Compliant);
}

#[test]
fn of_several_what_cannot_be_read_ends_the_evaluation_only_where_no_other_decides() {
    for expression in [
        "[volume, ()].some(|x| x == () || x.hidden)",
        "[(), volume].some(|x| x == () || x.hidden)",
        "![volume, ()].all(|x| x != () && x.hidden)",
        "![(), volume].all(|x| x != () && x.hidden)",
        "[volume, ()].find_any(|x| x == () || x.hidden) == ()",
        "[[1, volume], [2, volume]].find_any(|x| x[0] == 2 || x[1].hidden)[0] == 2",
        "[[1, volume], [2, volume]].find(|x| x[0] == 1 || x[1].hidden)[0] == 1",
        // One inside of another.
        "[item, ()].some(|x| x == () || [x.configuration, x.configuration].some(|y| y.hidden))",
    ] {
        assert_eq!(holds(expression), Ok(true), "{expression}");
    }
    let denied = || ("AccessDenied".to_owned(), Some("/configuration/hidden".to_owned()));
    for expression in [
        "[volume, ()].some(|x| x != () && x.hidden)",
        "[volume, ()].all(|x| x == () || x.hidden)",
        "[volume, ()].find_any(|x| x != () && x.hidden)",
        "[volume, ()].find(|x| x != () && x.hidden)",
        // Which is the first is not known.
        "[[1, volume], [2, volume]].find(|x| x[0] == 2 || x[1].hidden)",
        // The first one is named.
        "[[1, volume], [2, volume]].some(|x| if x[0] == 1 { x[1].hidden } else { x[1].none })",
        // What ended the evaluation before stays its end, even where the text of a message has swallowed it.
        "let text = `${item.configuration}`; if [1].some(|x| x == 1) { return compliant(); }",
        // A text that swallowed it is no answer of an element either.
        "[volume].some(|x| `${x}` != \"\")",
    ] {
        assert_eq!(gap(expression), denied(), "{expression}");
    }
    // A defect of the script is none of the facts.
    assert!(holds("[0, 1].some(|x| 1 / x == 1)").is_err());
}

#[test]
fn an_unreadable_fact_is_the_answer_whatever_the_script_says() {
    // The text of the message swallows the error inside of Rhai; the answer it does not.
    let evaluation = run("fn evaluate(item, parameters) { let text = `${item.configuration}`; compliant() }").unwrap();
    assert_eq!(evaluation.compliance_type, ComplianceType::InsufficientData);
}

#[test]
fn comparing_unlike_values_is_a_rule_error() {
    for expression in [
        "\"443\" == 443",
        "443 != \"443\"",
        "() < 90",
        "volume.nothing > 1",
        "\"22\" < 80",
        "volume.encrypted == \"true\"",
        "volume == volume",
        "volume.attachments == [1, 2]",
        "[1] == [\"1\"]",
        "\"1\" in [1, 2]",
        "[1, \"a\"].sorted() == []",
        "!volume.size",
        "volume.size && true",
        "1 + \"a\" == \"1a\"",
    ] {
        let error = holds(expression).expect_err(expression);
        assert!(error.contains("line 1"), "{expression}: {error}");
    }
}

#[test]
fn slips_are_rule_errors_with_their_place() {
    for (expression, message) in [
        ("parameters.kount == 3", "the rule declares no parameter `kount`"),
        ("item.configurations", "an item has no `configurations`"),
        ("resources(\"AWS::S3::Bucket\").is_empty()", "the rule does not say that it reads AWS::S3::Bucket"),
        ("volume.attachments[9].device == \"\"", "the list has no element 9"),
        ("volume.size.below", "size"),
        ("volume.get(\"a..b\")", "`a..b` is not a path"),
        ("resources(\"AWS::EC2::Volume\", \"eu-west-1\", \"tags\", \"a\") == []", "`tags` is no place of a text"),
        ("resources(\"AWS::EC2::Volume\", \"eu-west-1\", \"size\", \"a\") == []", "`size` is no place of a text"),
        ("days_since(\"yesterday\") > 1", "\"yesterday\" is not a time"),
        ("no_such_function(1)", "no_such_function"),
        ("1 / 0 == 1", "ivision by zero"),
        ("9223372036854775807 + 1 > 0", "overflow"),
        ("cidr_is_world(\"everywhere\")", "is not a range of addresses"),
    ] {
        let error = holds(expression).expect_err(expression);
        assert!(error.contains(message) || message == "size", "{expression}: {error}");
    }
}

#[test]
fn answers_that_are_none_are_rule_errors() {
    for (body, message) in [
        ("", "has to answer"),
        ("true", "has to answer"),
        ("[]", "an empty list"),
        ("[compliant(), 1]", "a list of answers holds a"),
        ("[non_compliant(\"a\"), non_compliant(\"b\")]", "two answers have the key \"\""),
        ("non_compliant(\"a\").severity(\"awful\")", "`awful` is not a severity"),
        ("non_compliant()", "non_compliant"),
    ] {
        let error = run(&format!("fn evaluate(item, parameters) {{ {body} }}")).expect_err(body);
        assert!(error.contains(message), "{body}: {error}");
    }
}

#[test]
fn several_findings_stand_in_the_order_of_their_keys() {
    let script = "fn evaluate(item, parameters) {
        [non_compliant(\"b\").key(\"b\").severity(\"low\"), compliant().key(\"a\")]
    }";
    let outcome = evaluate::run(&rules(script), &snapshot(vec![volume()]), &Options::default());
    let keys: Vec<_> = outcome.evaluations.iter().map(|one| (one.key.as_ref(), one.severity.as_str())).collect();
    assert_eq!(keys, [("a", "medium"), ("b", "low")]);
}

#[test]
fn evidence_is_each_scalar_once_in_the_order_of_reading() {
    let script = "fn evaluate(item, parameters) {
        let volume = item.configuration;
        for i in 0..100 { volume.size; }
        for a in volume.attachments { a.device; }
        volume.empty.len();
        volume.get(\"none\");
        item.related(\"AWS::EC2::Instance\");
        item.resourceId;
        compliant()
    }";
    let evaluation = run(script).unwrap();
    let evidence: Vec<_> =
        evaluation.evidence.iter().map(|one| (one.path.as_ref(), one.value.as_deref().unwrap_or("-"))).collect();
    let expected = [
        ("/configuration/size", "8"),
        ("/configuration/attachments/0/device", "\"/dev/xvda\""),
        ("/configuration/attachments/1/device", "\"/dev/xvdb\""),
        ("/configuration/empty", "[]"),
        ("/configuration/none", "null"),
        ("/relationships", "AWS::EC2::Instance i-1"),
        ("/resourceId", "\"vol-1\""),
    ];
    assert_eq!(evidence, expected);
}

/// A script that would take all time or all memory ends as a rule error, and other rules' answers come.
#[track_caller]
fn is_stopped(body: &str) {
    let script = format!("fn evaluate(item, parameters) {{ {body}; compliant() }}");
    let error = run(&script).expect_err(body);
    assert!(!error.is_empty() && !error.contains("panicked"), "{body}: {error}");
}

#[test]
fn endless_loops_are_stopped() {
    is_stopped("loop {}");
    is_stopped("while true {}");
    is_stopped("for i in 0..9223372036854775807 {}");
    is_stopped("let i = 0; loop { i = 1 - i }");
    is_stopped("[0].map(|x| { loop {} })");
    is_stopped("let l = []; for i in 0..1000 { l.push(i) } l.map(|x| { for i in 0..100000 {} })");
}

#[test]
fn endless_recursion_is_stopped() {
    let script = "fn again(n) { again(n + 1) } fn evaluate(item, parameters) { again(0) }";
    assert!(run(script).unwrap_err().contains("deep"));
    let script = "fn a(n) { [n].map(|x| a(x)) } fn evaluate(item, parameters) { a(0) }";
    assert!(run(script).is_err());
    let nested = format!("fn evaluate(item, parameters) {{ {}1{} }}", "(".repeat(500), ")".repeat(500));
    assert!(load::rule("test/try", &files(&nested), &BTreeMap::new()).is_err());
}

#[test]
fn texts_that_grow_without_end_are_stopped() {
    is_stopped("let s = \"x\"; loop { s += s }");
    is_stopped("let s = \"x\"; loop { s = s + s }");
    is_stopped("let s = \"x\"; loop { s = `${s}${s}` }");
    is_stopped("let s = \"x\"; loop { s = s.replace(\"x\", \"xx\") }");
    is_stopped("let s = \"x\"; loop { s = [s, s].join(s) }");
}

#[test]
fn lists_that_grow_without_end_are_stopped() {
    is_stopped("let a = [1]; loop { a = [a, a] }");
    is_stopped("let a = [1]; loop { a += a }");
    is_stopped("let a = [1]; loop { a = a + a }");
    is_stopped("let a = []; loop { a.push(1) }");
    is_stopped("let a = [1]; loop { a.push(a) }");
    is_stopped("let a = [1]; loop { a = a.map(|x| [x, x]) }");
    is_stopped("let a = #{}; loop { a = #{a: a, b: a} }");
    is_stopped("let a = [[]]; loop { a[0].push(a) }");
    is_stopped("let s = \"x\"; for i in 0..17 { s += s } let a = []; loop { a.push(s + a.len()) }");
}

#[test]
fn lists_in_lists_as_deep_as_they_come_do_not_end_the_process() {
    // Several levels at a time: each step copies all of them.
    is_stopped("let a = []; loop { a = [[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]] }");
    is_stopped("let a = []; loop { let b = []; b.push([[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]); a = b }");
    is_stopped("let a = []; loop { a = #{a: [a]} }");
}

#[test]
fn values_inside_of_others_cannot_be_changed() {
    for body in
        ["let a = [1]; a[0] = 2", "let a = #{}; a.b = 2", "let a = #{}; a[\"b\"] = 2", "item.configuration.size = 1"]
    {
        let files = files(&format!("fn evaluate(item, parameters) {{ {body}; compliant() }}"));
        let error = load::rule("test/try", &files, &BTreeMap::new()).expect_err(body).to_string();
        assert!(error.contains("cannot be changed"), "{body}: {error}");
    }
}

#[test]
fn what_a_rule_has_no_use_for_is_not_in_the_language() {
    for body in [
        "eval(\"1\")",
        "try { 1 } catch { 2 }",
        "throw 1",
        "print(1)",
        "debug(1)",
        "import \"x\" as y",
        "Fn(\"evaluate\")",
        "undefined_name",
        "this",
        "(|x| x).curry(1)",
        "is_def_var(\"x\")",
    ] {
        let files = files(&format!("fn evaluate(item, parameters) {{ {body}; compliant() }}"));
        assert!(load::rule("test/try", &files, &BTreeMap::new()).is_err(), "{body} compiles");
    }
    for body in
        ["sleep(1)", "timestamp()", "exit()", "blob(10)", "\"x\".pad(1000, 'y')", "[].pad(1000, 0)", "type_of(1).bytes"]
    {
        let script = format!("fn evaluate(item, parameters) {{ {body}; compliant() }}");
        assert!(run(&script).is_err(), "{body} runs");
    }
}

#[test]
fn one_rule_that_breaks_takes_no_other_with_it() {
    let good = files("fn evaluate(item, parameters) { compliant() }");
    let good = Files { metadata: good.metadata.replace("id: try", "id: good"), ..good };
    let bad = files("fn evaluate(item, parameters) { 1 }");
    let unreadable = Files { metadata: "id: [".to_owned(), ..Files::default() };
    let rules = BTreeMap::from([
        ("test/good".to_owned(), good),
        ("test/try".to_owned(), bad),
        ("test/broken".to_owned(), unreadable),
    ]);
    let set = RuleSet::from_folder(&Folder { rules, ..Folder::default() });
    let outcome = evaluate::run(&set, &snapshot(vec![volume()]), &Options::default());
    let judged: BTreeSet<_> = outcome.evaluations.iter().map(|one| one.rule.as_ref()).collect();
    let broken: Vec<_> = outcome.rule_errors.iter().map(|error| error.rule.as_str()).collect();
    assert_eq!(judged, BTreeSet::from(["good"]));
    assert_eq!(broken, ["test/broken", "try"]);
}
