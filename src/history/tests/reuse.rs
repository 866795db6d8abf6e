//! Judging what changed only, against judging everything, over random histories.

use super::*;
use crate::evaluate::{self, Options, Outcome};
use crate::evaluation::ComplianceType;
use crate::item::Relationship;
use crate::rule::{RuleSet, Selection};

const GROUP: &str = "AWS::EC2::SecurityGroup";
const INTERFACE: &str = "AWS::EC2::NetworkInterface";
const INSTANCE: &str = "AWS::EC2::Instance";
const VOLUME: &str = "AWS::EC2::Volume";
const TYPES: [&str; 5] = [BUCKET, GROUP, INTERFACE, INSTANCE, VOLUME];

/// A sequence of numbers that is the same for the same seed (Numerical Recipes' generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one_in(&mut self, odds: usize) -> bool {
        self.below(odds) == 0
    }
}

/// One resource of an account that changes: what decides the rules' answers.
#[derive(Clone)]
struct Resource {
    of_type: &'static str,
    id: String,
    is_good: bool,
    is_denied: bool,
    linked: usize,
    tag: usize,
}

impl Resource {
    /// One with which nothing is wrong.
    fn good(of_type: &'static str, number: usize) -> Self {
        let id = format!("{of_type}-{number}");
        Self { of_type, id, is_good: true, is_denied: false, linked: 0, tag: 0 }
    }

    fn item(&self, day: u32) -> ConfigurationItem {
        let key = ResourceKey::new(ACCOUNT, REGION, self.of_type, &self.id);
        let mut item = ConfigurationItem::new(key, &time(day));
        item.tags = Value::object([("stage", self.tag.to_string().as_str().into())]);
        let good = |yes: &str, no: &str| if self.is_good { yes.into() } else { Value::from(no) };
        let denied_at = match self.of_type {
            BUCKET => {
                let path = "/supplementaryConfiguration/BucketVersioningConfiguration";
                item.put(path, Value::object([("status", good("Enabled", "Suspended"))]));
                path
            }
            VOLUME => {
                item.configuration =
                    Value::object([("encrypted", Value::Bool(self.is_good)), ("state", "in-use".into())]);
                "/configuration/encrypted"
            }
            INSTANCE => {
                let options = Value::object([("httpTokens", good("required", "optional"))]);
                let state = Value::object([("name", "running".into())]);
                item.configuration = Value::object([("metadataOptions", options), ("state", state)]);
                "/configuration/metadataOptions"
            }
            _ => {
                let range = Value::object([("cidrIp", good("10.0.0.0/8", "0.0.0.0/0"))]);
                let permission = Value::object([
                    ("ipProtocol", "tcp".into()),
                    ("fromPort", Value::Integer(22)),
                    ("toPort", Value::Integer(22)),
                    ("ipRanges", Value::Array([range].into())),
                    ("ipv4Ranges", Value::Array([].into())),
                    ("ipv6Ranges", Value::Array([].into())),
                    ("prefixListIds", Value::Array([].into())),
                    ("userIdGroupPairs", Value::Array([].into())),
                ]);
                item.configuration = Value::object([
                    ("groupName", "default".into()),
                    ("ipPermissions", Value::Array([permission].into())),
                    ("ipPermissionsEgress", Value::Array([].into())),
                ]);
                "/configuration/ipPermissions"
            }
        };
        for (kind, id) in [(INTERFACE, "AWS::EC2::NetworkInterface-0"), (GROUP, "AWS::EC2::SecurityGroup-0")] {
            if self.linked == 1 && kind != self.of_type {
                item.relationships.push(Relationship {
                    resource_type: kind.into(),
                    resource_id: Some(id.into()),
                    resource_name: None,
                    name: format!("Is related to {kind}").into(),
                });
            }
        }
        if self.is_denied {
            item.add_gap(denied_at, &denied("ec2:DescribeIt"));
        }
        item
    }
}

/// A day in the account's life: a resource changes, comes, goes, or cannot be read; or nothing happens.
fn live(resources: &mut Vec<Resource>, numbers: &mut Numbers) {
    for _ in 0..numbers.below(3) {
        let at = numbers.below(resources.len() + 1);
        let Some(one) = resources.get_mut(at) else {
            let new = Resource::good(TYPES[numbers.below(TYPES.len())], numbers.below(4));
            if !resources.iter().any(|other| other.id == new.id) {
                resources.push(new);
            }
            continue;
        };
        match numbers.below(5) {
            0 => one.is_good = !one.is_good,
            1 => one.is_denied = !one.is_denied,
            2 => one.linked = 1 - one.linked,
            3 => one.tag += 1,
            _ => _ = resources.remove(at),
        }
    }
}

fn look(resources: &[Resource], day: u32, unlisted: Option<&str>) -> Snapshot {
    let mut about = about(day);
    about.listings = TYPES.iter().filter(|kind| Some(**kind) != unlisted).map(|kind| place(kind)).collect();
    about.listings.sort();
    about.gaps.extend(unlisted.map(|kind| place(kind).gap(&denied("ec2:DescribeIt"))));
    let seen = resources.iter().filter(|one| Some(one.of_type) != unlisted);
    Snapshot::new(about, seen.map(|one| one.item(day)).collect())
}

/// What is told when all is judged, without the evidence of what asks for nothing.
fn without_evidence_of_good(mut outcome: Outcome) -> Outcome {
    for one in &mut outcome.evaluations {
        if matches!(one.compliance_type, ComplianceType::Compliant | ComplianceType::NotApplicable) {
            one.evidence = Arc::default();
        }
    }
    outcome
}

#[test]
fn what_changed_only_gives_what_everything_gives() {
    let all = RuleSet::builtin().select(&Selection::default()).unwrap();
    let (mut taken, mut good, mut bad) = (0, 0, 0);
    for seed in 0..8 {
        let mut numbers = Numbers(seed);
        let (_folder, mut history) = store();
        let mut resources = Vec::new();
        for of_type in TYPES {
            resources.extend((0..3).map(|number| Resource::good(of_type, number)));
        }
        for day in 1..=12 {
            live(&mut resources, &mut numbers);
            let unlisted = numbers.one_in(5).then(|| TYPES[numbers.below(TYPES.len())]);
            let snapshot = Arc::new(look(&resources, day, unlisted));
            // Some runs are of some rules or some resources only: what they did not look at must not be taken from them.
            let some = Selection { services: ["s3".to_owned()].into(), ..Selection::default() };
            let rules = if numbers.one_in(5) { RuleSet::builtin().select(&some).unwrap() } else { all.clone() };
            let mut options = Options::default();
            if numbers.one_in(4) {
                options.targets.any.push(("stage".into(), Some("0".into())));
            }
            let whole = evaluate::run(&rules, &snapshot, &options);
            if let Some(before) = history.before(at(day)).unwrap() {
                let (changed, reused) = evaluate::run_changed(&rules, &snapshot, &before, 24 * 7, &options);
                let expected = without_evidence_of_good(whole.clone());
                assert_eq!(without_evidence_of_good(changed), expected, "seed {seed}, day {day}");
                taken += reused;
            }
            for one in &whole.evaluations {
                match one.compliance_type {
                    ComplianceType::Compliant | ComplianceType::NotApplicable => good += 1,
                    ComplianceType::NonCompliant => bad += 1,
                    ComplianceType::InsufficientData => {}
                }
            }
            history.append(&snapshot, Some(&Judgement { rules: &rules, outcome: &whole })).unwrap();
        }
    }
    // Otherwise nothing would be proved. What is bad, or could not be judged, is never taken.
    assert!(taken * 4 > good && bad > 100, "{taken} of {good} were taken, {bad} are bad");
}
