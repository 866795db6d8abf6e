//! Which answers belong together, and which of them are disagreements.

use super::*;
use crate::source::config_results::RuleScope;
use ComplianceType::{Compliant, InsufficientData, NonCompliant, NotApplicable};

const VOLUME: &str = "AWS::EC2::Volume";

fn rule() -> ConfigRule {
    ConfigRule {
        account_id: "111122223333".into(),
        region: "eu-west-1".into(),
        name: "volumes".into(),
        identifier: Some("ENCRYPTED_VOLUMES".into()),
        ..ConfigRule::default()
    }
}

fn theirs(id: &str, compliance_type: ComplianceType) -> ConfigResult {
    ConfigResult {
        resource_type: VOLUME.into(),
        resource_id: id.into(),
        compliance_type,
        annotation: String::new(),
        recorded_at: String::new(),
    }
}

fn ours(id: &str, compliance_type: ComplianceType) -> Evaluation {
    Evaluation { annotation: "why".into(), ..Evaluation::sample("encrypted-volumes", VOLUME, id, compliance_type) }
}

fn compared(config_rule: &ConfigRule, theirs: &[ConfigResult], ours: &[Evaluation]) -> RuleComparison {
    let sides = Sides { config_rule, theirs, rule: "encrypted-volumes", ours };
    compare(&sides, Vec::new(), |_| None)
}

fn ids(differences: &[Difference]) -> Vec<&str> {
    differences.iter().map(|difference| difference.resource_id.as_str()).collect()
}

#[test]
fn every_pair_of_answers_is_decided() {
    let all = [None, Some(Compliant), Some(NonCompliant), Some(NotApplicable), Some(InsufficientData)];
    for their_answer in all {
        for our_answer in all {
            let their_side: Vec<_> = their_answer.map(|answer| theirs("vol-1", answer)).into_iter().collect();
            let our_side: Vec<_> = our_answer.map(|answer| ours("vol-1", answer)).into_iter().collect();
            let found = compared(&rule(), &their_side, &our_side);
            let verdict =
                |answer: Option<ComplianceType>| answer.filter(|answer| matches!(answer, Compliant | NonCompliant));
            let (their_verdict, our_verdict) = (verdict(their_answer), verdict(our_answer));
            let pair = format!("{their_answer:?} {our_answer:?}: {found:?}");
            // A verdict of ours is told against everything but the same verdict, and so is one of theirs; what we could
            // not judge is no verdict.
            let unjudged =
                our_answer == Some(InsufficientData) && their_answer.is_some_and(|it| it != InsufficientData);
            assert_eq!(found.unjudged.len(), usize::from(unjudged), "{pair}");
            let differ = their_verdict != our_verdict && our_answer != Some(InsufficientData);
            assert_eq!(found.disagreements.len(), usize::from(differ), "{pair}");
            let alike = their_verdict.is_some() && their_verdict == our_verdict;
            let counted = found.agreed.get(&our_answer.unwrap_or(NotApplicable)).copied().unwrap_or(0);
            assert!(!alike || counted == 1, "{pair}");
            assert!(found.agreements() + found.disagreements.len() + found.unjudged.len() <= 1, "{pair}");
        }
    }
}

#[test]
fn the_worst_finding_on_a_resource_is_the_answer() {
    let finding = |key: &str, answer| Evaluation { key: key.into(), ..ours("vol-1", answer) };
    let all = [
        finding("a", Compliant),
        finding("b", NonCompliant),
        finding("c", InsufficientData),
        finding("d", NonCompliant),
    ];
    let found = compared(&rule(), &[theirs("vol-1", Compliant)], &all);
    let [difference] = found.disagreements.as_slice() else { panic!("{found:?}") };
    let keys: Vec<&str> = difference.ours.iter().map(|evaluation| &*evaluation.key).collect();
    assert_eq!((difference.our_compliance(), keys), (Some(NonCompliant), vec!["b", "d"]));
    assert_eq!(compared(&rule(), &[theirs("vol-1", NonCompliant)], &all).agreements(), 1);
}

#[test]
fn other_accounts_regions_and_rules_do_not_count() {
    let mut others = vec![ours("vol-1", NonCompliant), ours("vol-1", NonCompliant), ours("vol-1", NonCompliant)];
    others[0].resource.account_id = "444455556666".into();
    others[1].resource.region = "us-east-1".into();
    others[2].rule = "other".into();
    assert!(compared(&rule(), &[], &others).disagreements.is_empty());
    others[1].resource.region = GLOBAL.into();
    assert_eq!(compared(&rule(), &[], &others).disagreements.len(), 1, "what is of no region is judged in each");
}

#[test]
fn a_listing_that_could_not_be_read_leaves_all_of_its_type_unjudged() {
    let their_side = [theirs("vol-1", Compliant), theirs("vol-2", NonCompliant)];
    let found = compared(&rule(), &their_side, &[ours("", InsufficientData), ours("vol-2", NonCompliant)]);
    assert_eq!((ids(&found.unjudged), found.agreements()), (vec!["vol-1"], 1));
    assert!(found.disagreements.is_empty());
}

#[test]
fn what_is_out_of_their_scope_is_not_missed() {
    let key = |id: &str| ResourceKey::new("111122223333", "eu-west-1", VOLUME, id);
    let mut tagged = ConfigurationItem::new(key("tagged"), "");
    tagged.tags = Value::object([("team", "a".into())]);
    let our_side = [ours("plain", NonCompliant), ours("tagged", NonCompliant)];
    let missed = |scope: RuleScope| {
        let config_rule = ConfigRule { scope, ..rule() };
        let sides = Sides { config_rule: &config_rule, theirs: &[], rule: "encrypted-volumes", ours: &our_side };
        let found = compare(&sides, Vec::new(), |wanted| Some(&tagged).filter(|item| item.key == *wanted));
        found.disagreements.into_iter().map(|difference| difference.resource_id).collect::<Vec<_>>()
    };
    let none = RuleScope::default;
    assert_eq!(missed(none()), ["plain", "tagged"]);
    assert_eq!(missed(RuleScope { resource_types: ["AWS::EC2::Instance".into()].into(), ..none() }), [""; 0]);
    assert_eq!(missed(RuleScope { resource_id: Some("plain".into()), ..none() }), ["plain"]);
    assert_eq!(missed(RuleScope { tag: Some(("team".into(), None)), ..none() }), ["tagged"]);
    assert_eq!(missed(RuleScope { tag: Some(("team".into(), Some("b".into()))), ..none() }), [""; 0]);
}
