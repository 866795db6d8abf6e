//! What an exemption covers, when it holds, and what is said of it.

use super::*;
use crate::item::ResourceKey;
use crate::pattern::Pattern;
use crate::value::Unreadable;

const ACCOUNT: &str = "111122223333";
const NOW: &str = "2026-06-30T23:59:59.999Z";
const BUCKET: &str = "AWS::S3::Bucket";

fn evaluation(rule: &str, id: &str) -> Evaluation {
    Evaluation {
        resource_name: Some(id.into()),
        arn: Some(format!("arn:aws:s3:::{id}").into()),
        annotation: "it is public".into(),
        ..Evaluation::sample(rule, BUCKET, id, ComplianceType::NonCompliant)
    }
}

fn patterns(texts: &[&str]) -> Patterns {
    Patterns::new(texts.iter().copied()).expect("they are patterns")
}

fn of(rules: &[&str], resource: ResourcePatterns) -> Exemption {
    Exemption { rules: patterns(rules), resource, reason: "by design".to_owned(), ..Exemption::default() }
}

fn arn(pattern: &str) -> ResourcePatterns {
    ResourcePatterns { arn: patterns(&[pattern]), ..ResourcePatterns::default() }
}

fn tagged(key: &str, value: &str) -> ResourcePatterns {
    ResourcePatterns { tags: [(key.to_owned(), patterns(&[value]))].into(), ..ResourcePatterns::default() }
}

/// What one evaluation of the rule `public` is marked with.
fn marked(exemptions: Vec<Exemption>, mut evaluation: Evaluation, tags: Option<&Value>) -> Option<Arc<ExemptionMark>> {
    exemptions.into_iter().collect::<Exemptions>().at(["public", "tls"], NOW).mark(&mut evaluation, tags);
    evaluation.exemption
}

fn state(exemption: Exemption, evaluation: Evaluation, tags: Option<&Value>) -> Option<ExemptionState> {
    marked(vec![exemption], evaluation, tags).map(|mark| mark.state)
}

#[test]
fn all_conditions_have_to_hold_and_any_pattern_of_each() {
    let covers = |exemption: Exemption| state(exemption, evaluation("public", "web-1"), None).is_some();
    let all = ResourcePatterns::default;
    assert!(covers(of(&["public"], all())));
    assert!(covers(of(&["pub*"], all())));
    assert!(!covers(of(&["tls"], all())));
    assert!(covers(of(&["tls", "public"], all())));
    assert!(covers(of(&["public"], arn("arn:aws:s3:::web-*"))));
    assert!(!covers(of(&["public"], arn("arn:aws:s3:::web"))), "no part of a name is the name");
    assert!(!covers(of(&["public"], arn("ARN:AWS:S3:::web-1"))), "case counts");
    for (resource, expected) in [
        (ResourcePatterns { id: patterns(&["web-?"]), ..all() }, true),
        (ResourcePatterns { id: patterns(&["web-?"]), region: patterns(&["us-*"]), ..all() }, false),
        (ResourcePatterns { name: patterns(&["web-{1,2}"]), account: patterns(&[ACCOUNT]), ..all() }, true),
        (ResourcePatterns { account: patterns(&["444455556666"]), ..all() }, false),
        (ResourcePatterns { resource_type: patterns(&["AWS::S3::*"]), ..all() }, true),
        (ResourcePatterns { resource_type: patterns(&["AWS::EC2::*"]), ..all() }, false),
    ] {
        assert_eq!(covers(of(&["public"], resource.clone())), expected, "{resource}");
    }
    let keyed = |key: &str| {
        let exemption = Exemption { key: patterns(&["tcp 443 *"]), ..of(&["public"], all()) };
        state(exemption, Evaluation { key: key.into(), ..evaluation("public", "sg-1") }, None).is_some()
    };
    assert!(keyed("tcp 443 from 0.0.0.0/0") && !keyed("tcp 22 from 0.0.0.0/0") && !keyed(""));
}

#[test]
fn what_a_resource_lacks_matches_no_pattern() {
    let nameless = Evaluation { resource_name: None, arn: None, ..evaluation("public", "web-1") };
    assert_eq!(state(of(&["public"], arn("*")), nameless.clone(), None), None);
    let named = ResourcePatterns { name: patterns(&["*"]), ..ResourcePatterns::default() };
    assert_eq!(state(of(&["public"], named), nameless, None), None);
}

#[test]
fn the_last_day_is_whole_and_the_next_one_is_not() {
    let until = |day: &str| {
        let expires = Some(day.parse().expect("a date"));
        state(Exemption { expires, ..of(&["public"], arn("*")) }, evaluation("public", "b"), None)
    };
    assert_eq!(until("2026-06-30"), Some(ExemptionState::InForce));
    assert_eq!(until("2026-06-29"), Some(ExemptionState::Expired));
    assert_eq!(until("2027-01-01"), Some(ExemptionState::InForce));
    // A file of AWS Config may not say when it was written.
    let expires = Some("2027-01-01".parse().expect("a date"));
    let exemptions: Exemptions = [Exemption { expires, ..of(&["public"], arn("*")) }].into_iter().collect();
    let mut finding = evaluation("public", "b");
    exemptions.at(["public"], "").mark(&mut finding, None);
    assert_eq!(finding.exemption.map(|mark| mark.state), Some(ExemptionState::Undecided));
}

#[test]
fn tags_decide_only_where_they_could_be_read() {
    let exemption = || of(&["public"], tagged("Public", "yes"));
    let tags = |value: &str| Value::object([("Public", Value::from(value))]);
    let state = |tags: Option<&Value>| state(exemption(), evaluation("public", "b"), tags);
    assert_eq!(state(Some(&tags("yes"))), Some(ExemptionState::InForce));
    assert_eq!(state(Some(&tags("no"))), None);
    assert_eq!(state(Some(&Value::object::<&str>([]))), None);
    let denied = Value::Unreadable(Arc::new(Unreadable::not_collected("Tags")));
    assert_eq!(state(Some(&denied)), Some(ExemptionState::Undecided));
    assert_eq!(state(None), Some(ExemptionState::Undecided), "without an item its tags are not known");
    // One tag that is known not to match decides, whatever the others are.
    let mut both = exemption();
    both.resource.tags.insert("Team".to_owned(), patterns(&["web"]));
    let half = Value::object([("Public", denied.clone()), ("Team", Value::from("data"))]);
    assert_eq!(tests::state(both.clone(), evaluation("public", "b"), Some(&half)), None);
    let half = Value::object([("Public", denied), ("Team", Value::from("web"))]);
    let undecided = tests::state(both, evaluation("public", "b"), Some(&half));
    assert_eq!(undecided, Some(ExemptionState::Undecided));
    // Nor are tags asked for where something else tells already.
    let elsewhere = ResourcePatterns { region: patterns(&["us-east-1"]), ..tagged("Public", "yes") };
    assert_eq!(tests::state(of(&["public"], elsewhere), evaluation("public", "b"), None), None);
}

#[test]
fn what_could_not_be_judged_is_covered_only_by_an_exemption_that_says_so() {
    let unknown = || Evaluation { compliance_type: ComplianceType::InsufficientData, ..evaluation("public", "b") };
    assert_eq!(state(of(&["public"], arn("*")), unknown(), None), None);
    let says_so = Exemption { insufficient_data: true, ..of(&["public"], arn("*")) };
    assert_eq!(state(says_so.clone(), unknown(), None), Some(ExemptionState::InForce));
    assert_eq!(state(says_so, evaluation("public", "b"), None), Some(ExemptionState::InForce), "and findings too");
    // Where a listing failed there is no resource that a pattern could name, nor tags.
    let unlisted =
        || Evaluation { arn: None, resource: ResourceKey::new(ACCOUNT, "eu-west-1", BUCKET, ""), ..unknown() };
    let whole = |resource| Exemption { insufficient_data: true, ..of(&["public"], resource) };
    let by_id = ResourcePatterns { id: patterns(&["*"]), ..ResourcePatterns::default() };
    assert_eq!(state(whole(by_id), unlisted(), None), None);
    assert_eq!(state(whole(tagged("Public", "*")), unlisted(), None), Some(ExemptionState::Undecided));
    let region = ResourcePatterns { region: patterns(&["eu-*"]), ..ResourcePatterns::default() };
    assert_eq!(state(whole(region), unlisted(), None), Some(ExemptionState::InForce));
}

#[test]
fn compliant_evaluations_are_left_alone() {
    for compliance_type in [ComplianceType::Compliant, ComplianceType::NotApplicable] {
        let evaluation = Evaluation { compliance_type, ..evaluation("public", "b") };
        assert_eq!(state(of(&["*"], ResourcePatterns::default()), evaluation, None), None);
    }
}

#[test]
fn of_several_the_one_in_force_counts() {
    let expired = || Exemption {
        expires: Some("2026-01-01".parse().expect("a date")),
        reason: "expired".to_owned(),
        ..of(&["public"], arn("arn:*"))
    };
    let undecided = || Exemption { reason: "undecided".to_owned(), ..of(&["public"], tagged("Public", "yes")) };
    let first = || Exemption { reason: "first".to_owned(), ..of(&["public"], arn("*")) };
    let second = || Exemption { reason: "second".to_owned(), ..of(&["*"], arn("*")) };
    let reason = |exemptions: Vec<Exemption>| {
        marked(exemptions, evaluation("public", "b"), None).map(|mark| mark.reason.clone()).unwrap_or_default()
    };
    assert_eq!(reason(vec![expired(), undecided(), first(), second()]), "first");
    assert_eq!(reason(vec![second(), first()]), "second");
    assert_eq!(reason(vec![expired(), undecided()]), "undecided");
    assert_eq!(reason(vec![expired()]), "expired");
}

#[test]
fn the_id_is_of_what_is_covered_and_the_digest_of_all_that_is_said() {
    let base = of(&["a", "b"], arn("x"));
    let same = Exemption { origin: Some("assize.yaml:3".to_owned()), ..of(&["b", "a", "b"], arn("x")) };
    assert_eq!((base.id(), base.digest()), (same.id(), same.digest()), "order and place mean nothing");
    let prolonged = Exemption { expires: Some("2027-01-01".parse().expect("a date")), ..base.clone() };
    assert_eq!(prolonged.id(), base.id());
    assert_ne!(prolonged.digest(), base.digest());
    let others = [
        of(&["a"], arn("x")),
        of(&["a", "b"], arn("y")),
        of(&["a", "b"], ResourcePatterns { id: patterns(&["x"]), ..ResourcePatterns::default() }),
        of(&["a", "b"], tagged("x", "y")),
        Exemption { insufficient_data: true, ..base.clone() },
        Exemption { key: patterns(&["x"]), ..base.clone() },
    ];
    let mut ids: Vec<String> = others.iter().map(Exemption::id).chain([base.id()]).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 7);
    assert!(ids.iter().all(|id| id.len() == 16) && base.digest().len() == 32);
}

fn remarks(exemptions: Vec<Exemption>, mut evaluations: Vec<Evaluation>) -> Vec<Vec<String>> {
    let exemptions: Exemptions = exemptions.into_iter().collect();
    let applicable = exemptions.at(["public", "tls"], NOW);
    for evaluation in &mut evaluations {
        applicable.mark(evaluation, None);
    }
    let (accounts, regions) = ([ACCOUNT.to_owned()], ["eu-west-1".to_owned()]);
    let run = Run { rules: &["public", "tls"], accounts: &accounts, regions: &regions, evaluations: &evaluations };
    exemptions.usage(&run).into_iter().map(|(_, usage)| usage.remarks).collect()
}

#[test]
fn an_exemption_that_exempts_nothing_is_told_where_its_rule_looked() {
    let findings = || vec![evaluation("public", "b")];
    let unused = |exemption: Exemption| !remarks(vec![exemption], findings())[0].is_empty();
    assert!(!unused(of(&["public"], arn("*"))));
    assert!(unused(of(&["public"], arn("arn:aws:s3:::gone"))));
    assert!(unused(of(&["tls"], arn("*"))));
    assert!(!unused(of(&["other"], arn("*"))), "its rule did not run");
    let elsewhere = |account: &str, region: &str| ResourcePatterns {
        account: patterns(&[account]),
        region: patterns(&[region]),
        ..ResourcePatterns::default()
    };
    assert!(unused(of(&["tls"], elsewhere(ACCOUNT, "eu-west-1"))));
    assert!(unused(of(&["tls"], elsewhere(ACCOUNT, "global"))), "what is global is always read");
    assert!(!unused(of(&["tls"], elsewhere("444455556666", "eu-west-1"))), "the account was not read");
    assert!(!unused(of(&["tls"], elsewhere(ACCOUNT, "us-east-1"))), "the region was not read");
    // An expired one that would have covered something is of use: it says so at the finding.
    let expired = Exemption { expires: Some("2026-01-01".parse().expect("a date")), ..of(&["public"], arn("*")) };
    assert!(!unused(expired));
}

#[test]
fn an_exemption_that_covers_too_much_is_told() {
    let findings = |count: usize| -> Vec<Evaluation> {
        (0..count).map(|n| evaluation(if n % 4 == 0 { "tls" } else { "public" }, &format!("b{n}"))).collect()
    };
    let everything = remarks(vec![of(&["*"], ResourcePatterns::default())], findings(1));
    assert_eq!(everything, [["covers every finding of every rule: name the rules or the resources"]]);
    let everything = remarks(vec![of(&["**"], arn("*"))], findings(1));
    assert!(everything[0][0].starts_with("covers every finding"), "{everything:?}");
    let most = remarks(vec![of(&["public"], arn("*"))], findings(12));
    assert_eq!(most, [["covers 9 of 12 findings: name fewer rules or resources"]]);
    assert_eq!(remarks(vec![of(&["tls"], arn("*"))], findings(12)), [[""; 0]]);
    assert_eq!(remarks(vec![of(&["public"], arn("*"))], findings(4)), [[""; 0]], "of few findings most is not much");
}

#[test]
fn an_exemption_that_could_not_be_decided_is_told() {
    let told = remarks(vec![of(&["public"], tagged("Public", "yes"))], vec![evaluation("public", "b")]);
    assert_eq!(told, [["is not applied to 1 finding: what decides could not be read"]]);
}

#[test]
fn patterns_that_are_none_are_refused() {
    let error = Pattern::new("web-[").expect_err("the bracket is not closed");
    assert_eq!(error.to_string(), "`web-[` is not a pattern");
    assert!(Pattern::new("a/b:c").expect("a word").matches("a/b:c"));
    assert!(Pattern::new("a\\*").expect("an escaped star").matches("a*"));
}

#[test]
fn resources_are_described_in_words() {
    assert_eq!(ResourcePatterns::default().to_string(), "all resources");
    let mut resource = arn("arn:aws:s3:::a");
    resource.account = patterns(&["1", "2"]);
    resource.tags.insert("Public".to_owned(), Patterns::default());
    assert_eq!(resource.to_string(), "arn arn:aws:s3:::a, account any of 1, 2, tag Public");
}
