//! Two states, and what is different between them.

use super::*;
use crate::canonical;
use crate::evaluation::{ComplianceType, Evidence, ExemptionMark, ExemptionState};
use crate::item::{Relationship, UnreadableRelationship};
use crate::rule::RuleSet;
use crate::snapshot::About;
use crate::value::{Unreadable, intern};

const EARLIER: &str = "2026-10-01T00:00:00.000Z";
const LATER: &str = "2026-10-02T00:00:00.000Z";

fn value(json: &str) -> Value {
    serde_json::from_str(json).expect("the test's JSON parses")
}

fn item(resource_type: &str, id: &str, configuration: &str) -> ConfigurationItem {
    let key = ResourceKey::new("111122223333", "eu-west-1", resource_type, id);
    let mut item = ConfigurationItem::new(key, EARLIER);
    item.configuration = value(configuration);
    item
}

fn place(resource_type: &str) -> Place {
    Place { account_id: "111122223333".into(), aws_region: "eu-west-1".into(), resource_type: resource_type.into() }
}

fn denied() -> Arc<Unreadable> {
    Arc::new(Unreadable {
        operation: "ec2:DescribeVolumes".into(),
        action: Some("ec2:DescribeVolumes".into()),
        code: "AccessDenied".into(),
        message: "not authorized".into(),
    })
}

/// A snapshot with complete listings of some types, and others that were denied.
fn snapshot(captured_at: &str, complete: &[&str], refused: &[&str], items: Vec<ConfigurationItem>) -> Snapshot {
    let gaps = refused.iter().map(|kind| Gap {
        account_id: "111122223333".into(),
        aws_region: "eu-west-1".into(),
        resource_type: (*kind).into(),
        resource_id: None,
        path: None,
        reason: denied(),
    });
    let about = About {
        captured_at: captured_at.into(),
        source: "account".into(),
        accounts: vec!["111122223333".into()],
        regions: vec!["eu-west-1".into()],
        listings: complete.iter().map(|kind| place(kind)).collect(),
        gaps: gaps.collect(),
        ..About::default()
    };
    Snapshot::new(about, items)
}

fn state(snapshot: &Snapshot) -> State<'_> {
    State { captured_at: &snapshot.about().captured_at, snapshot: Some(snapshot), judged: None }
}

/// The properties that changed between two configurations: change and path, `= before -> after` for what was changed.
fn changed(resource_type: &str, before: &str, after: &str) -> Vec<String> {
    let changes = properties::changes(&item(resource_type, "x", before), &item(resource_type, "x", after), |_| true);
    let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    let lines = changes
        .iter()
        .map(|one| format!("{} {} {} -> {}", one.change.as_str(), one.path, text(&one.before), text(&one.after)));
    lines.collect()
}

const VOLUME: &str = "AWS::EC2::Volume";

#[test]
fn a_state_compared_with_itself_has_no_differences() {
    let items = || vec![item(VOLUME, "vol-1", r#"{"size": 8}"#), item(VOLUME, "vol-2", r#"{"size": 9}"#)];
    let (one, other) = (snapshot(EARLIER, &[VOLUME], &[], items()), snapshot(LATER, &[VOLUME], &[], items()));
    let diff = compare(state(&one), state(&other));
    assert!(diff.is_empty(), "{diff:#?}");
    assert_eq!(diff.unchanged_resources, 2);
}

#[test]
fn resources_are_created_changed_and_deleted() {
    let one = [item(VOLUME, "a", r#"{"size": 8}"#), item(VOLUME, "b", "{}"), item(VOLUME, "c", "{}")];
    let other = [item(VOLUME, "a", r#"{"size": 9}"#), item(VOLUME, "b", "{}"), item(VOLUME, "d", "{}")];
    let one = snapshot(EARLIER, &[VOLUME], &[], one.into());
    let other = snapshot(LATER, &[VOLUME], &[], other.into());
    let diff = compare(state(&one), state(&other));
    let seen: Vec<(ChangeType, &str)> = diff
        .resources
        .iter()
        .filter_map(|resource| Some((resource.change, &*resource.item()?.key.resource_id)))
        .collect();
    assert_eq!(seen, [(ChangeType::Update, "a"), (ChangeType::Delete, "c"), (ChangeType::Create, "d")]);
    assert_eq!(diff.resources[0].properties[0].path, "/configuration/size");
    assert!(diff.readability.is_empty() && diff.not_compared.is_empty());
}

#[test]
fn a_listing_that_is_denied_deletes_nothing() {
    let group = "AWS::EC2::SecurityGroup";
    let items = vec![item(VOLUME, "a", "{}"), item(VOLUME, "b", "{}"), item(group, "sg-1", "{}")];
    let one = snapshot(EARLIER, &[group, VOLUME], &[], items);
    let other = snapshot(LATER, &[], &[group, VOLUME], Vec::new());
    let there = compare(state(&one), state(&other));
    assert!(there.resources.is_empty(), "{:#?}", there.resources);
    let seen = |diff: &Diff| -> Vec<(String, bool, usize)> {
        diff.readability
            .iter()
            .map(|change| (change.gap.resource_type.clone(), change.is_readable, change.resources))
            .collect()
    };
    assert_eq!(seen(&there), [(group.to_owned(), false, 1), (VOLUME.to_owned(), false, 2)]);
    let back = compare(state(&other), state(&one));
    assert!(back.resources.is_empty(), "{:#?}", back.resources);
    assert_eq!(seen(&back), [(group.to_owned(), true, 1), (VOLUME.to_owned(), true, 2)]);
}

#[test]
fn what_nobody_asked_for_is_not_compared_and_no_loss() {
    let one = snapshot(EARLIER, &[VOLUME], &[], vec![item(VOLUME, "a", "{}")]);
    let other = snapshot(LATER, &[], &[], Vec::new());
    let diff = compare(state(&one), state(&other));
    assert!(diff.resources.is_empty() && diff.readability.is_empty());
    assert_eq!((diff.not_compared[0].resources, diff.not_compared[0].is_newer), (1, false));
    assert_eq!(diff.not_compared[0].reason.code, crate::value::code::NOT_COLLECTED);
}

#[test]
fn what_says_when_it_was_created_is_new_without_a_listing() {
    let one = snapshot(EARLIER, &[], &[VOLUME], Vec::new());
    let mut young = item(VOLUME, "young", "{}");
    young.creation_time = Some("2026-10-01T12:00:00.000Z".into());
    let mut old = item(VOLUME, "old", "{}");
    old.creation_time = Some("2026-09-01T12:00:00.000Z".into());
    let other = snapshot(LATER, &[VOLUME], &[], vec![young, old]);
    let diff = compare(state(&one), state(&other));
    assert_eq!(diff.resources.len(), 1);
    assert_eq!(&*diff.resources[0].item().expect("it is there").key.resource_id, "young");
}

#[test]
fn an_item_of_a_deleted_resource_tells_of_its_end() {
    let mut gone = item(VOLUME, "a", "{}");
    gone.status = crate::item::ItemStatus::ResourceDeleted;
    let one = snapshot(EARLIER, &[], &[], vec![item(VOLUME, "a", r#"{"size": 8}"#)]);
    let other = snapshot(LATER, &[], &[], vec![gone]);
    let diff = compare(state(&one), state(&other));
    assert_eq!(diff.resources[0].change, ChangeType::Delete);
    assert!(compare(state(&other), state(&other)).is_empty());
}

#[test]
fn a_fact_that_became_unreadable_is_no_change_of_the_resource() {
    let bucket = "AWS::S3::Bucket";
    let mut known = item(bucket, "logs", r#"{"name": "logs"}"#);
    known.put("/supplementaryConfiguration/BucketPolicy/policyText", "{}".into());
    let mut hidden = known.clone();
    hidden.add_gap("/supplementaryConfiguration/BucketPolicy", &denied());
    let (one, other) = (snapshot(EARLIER, &[bucket], &[], vec![known]), snapshot(LATER, &[bucket], &[], vec![hidden]));
    let lost = compare(state(&one), state(&other));
    assert!(lost.resources.is_empty(), "{:#?}", lost.resources);
    assert_eq!(lost.readability.len(), 1);
    assert_eq!(lost.readability[0].gap.path.as_deref(), Some("/supplementaryConfiguration/BucketPolicy"));
    assert!(!lost.readability[0].is_readable);
    let found = compare(state(&other), state(&one));
    assert!(found.resources.is_empty() && found.readability[0].is_readable);
    assert!(compare(state(&other), state(&other)).is_empty(), "a gap that stays is no change");
}

#[test]
fn links_that_a_lost_listing_tells_are_not_gone() {
    let instance = "AWS::EC2::Instance";
    let mut linked = item(VOLUME, "vol-1", "{}");
    linked.relationships = vec![Relationship {
        resource_type: intern(instance),
        resource_id: Some("i-1".into()),
        resource_name: None,
        name: intern("Is attached to Instance"),
    }];
    let bare = item(VOLUME, "vol-1", "{}");
    let about = |snapshot: &Snapshot| {
        let mut about = snapshot.about().clone();
        about.linked_from.insert(VOLUME.into(), [instance.to_owned()].into());
        about
    };
    let both = snapshot(EARLIER, &[instance, VOLUME], &[], Vec::new());
    let one = Snapshot::new(about(&both), vec![linked]);
    let only_volumes = snapshot(LATER, &[VOLUME], &[instance], Vec::new());
    let other = Snapshot::new(about(&only_volumes), vec![bare.clone()]);
    assert!(compare(state(&one), state(&other)).resources.is_empty());
    let complete = Snapshot::new(about(&both), vec![bare.clone()]);
    let diff = compare(state(&one), state(&complete));
    assert_eq!(diff.resources[0].properties[0].path, "/relationships/0");
    assert_eq!(diff.resources[0].properties[0].config_path, "Relationships.0");
    // The same for facts of its own.
    let mut hidden = bare;
    let links = UnreadableRelationship { resource_type: intern(instance), reason: denied() };
    hidden.unreadable_relationships = vec![links];
    let hidden = Snapshot::new(about(&both), vec![hidden]);
    let diff = compare(state(&one), state(&hidden));
    assert!(diff.resources.is_empty());
    assert_eq!(diff.readability[0].gap.path.as_deref(), Some("/relationships"));
}

#[test]
fn elements_of_sets_are_known_by_their_key() {
    let group = "AWS::EC2::SecurityGroup";
    let rule = |port: u16, cidrs: &str| {
        format!(r#"{{"ipProtocol": "tcp", "fromPort": {port}, "toPort": {port}, "ipv4Ranges": [{cidrs}]}}"#)
    };
    let before = format!(r#"{{"ipPermissions": [{}, {}]}}"#, rule(22, r#"{"cidrIp": "10.0.0.0/8"}"#), rule(80, ""));
    let after = format!(
        r#"{{"ipPermissions": [{}, {}]}}"#,
        rule(443, ""),
        rule(22, r#"{"cidrIp": "0.0.0.0/0"}, {"cidrIp": "10.0.0.0/8", "description": "office"}"#)
    );
    assert_eq!(
        changed(group, &before, &after),
        [
            r#"CREATE /configuration/ipPermissions/0 - -> {"fromPort":443,"ipProtocol":"tcp","ipv4Ranges":[],"toPort":443}"#,
            r#"DELETE /configuration/ipPermissions/1 {"fromPort":80,"ipProtocol":"tcp","ipv4Ranges":[],"toPort":80} -> -"#,
            r#"CREATE /configuration/ipPermissions/1/ipv4Ranges/0 - -> {"cidrIp":"0.0.0.0/0"}"#,
            r#"CREATE /configuration/ipPermissions/1/ipv4Ranges/1/description - -> "office""#,
        ]
    );
    let interfaces = |groups: &str| {
        format!(
            r#"{{"networkInterfaces": [{{"status": "in-use", "networkInterfaceId": "eni-1", "groups": [{groups}]}}]}}"#
        )
    };
    let (one, other) = (r#"{"groupId": "sg-1", "groupName": "a"}"#, r#"{"groupId": "sg-2", "groupName": "b"}"#);
    assert_eq!(
        changed("AWS::EC2::Instance", &interfaces(one), &interfaces(&format!("{other}, {one}"))),
        [r#"CREATE /configuration/networkInterfaces/0/groups/0 - -> {"groupId":"sg-2","groupName":"b"}"#]
    );
}

#[test]
fn elements_of_sequences_are_known_by_their_place() {
    let command = |words: &str| format!(r#"{{"command": {words}}}"#);
    assert_eq!(
        changed("AWS::ECS::TaskDefinition", &command(r#"["a", "b", "z"]"#), &command(r#"["a", "c", "d", "z"]"#)),
        ["UPDATE /configuration/command/1 \"b\" -> \"c\"", "CREATE /configuration/command/2 - -> \"d\""]
    );
}

#[test]
fn policies_are_compared_as_policies() {
    let policy = |statements: &str| {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statements}}}"#);
        format!(r#"{{"policyText": {}}}"#, serde_json::to_string(&text).expect("text is JSON"))
    };
    let one = r#"{"Sid": "read", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}"#;
    let wider = r#"{"Sid": "read", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "*"}"#;
    let other = r#"{"Sid": "deny", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}"#;
    assert_eq!(changed("AWS::S3::Bucket", &policy(one), &policy(&format!("[{one}]"))), [""; 0]);
    assert_eq!(
        changed("AWS::S3::Bucket", &policy(&format!("[{one}, {other}]")), &policy(&format!("[{other}, {wider}]"))),
        [r#"CREATE /configuration/policyText/Statement/1/Action/0 - -> "s3:PutObject""#]
    );
}

#[test]
fn paths_of_aws_config_count_new_elements_behind_the_old_ones() {
    let before = item(VOLUME, "v", r#"{"attachments": [{"instanceId": "i-1"}]}"#);
    let mut after = item(VOLUME, "v", r#"{"attachments": [{"instanceId": "i-2"}]}"#);
    after.tags = value(r#"{"name": "a", "Name": "b"}"#);
    let paths: Vec<String> =
        properties::changes(&before, &after, |_| true).into_iter().map(|change| change.config_path).collect();
    assert_eq!(paths, ["Configuration.Attachments.1", "Configuration.Attachments.0", "Tags.Name", "Tags.name"]);
}

/// Numbers that look like chance and are the same each time (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits fit") % end
    }

    fn tree(&mut self, depth: usize) -> Value {
        let many = self.below(4);
        match self.below(if depth == 0 { 4 } else { 7 }) {
            0 => Value::Bool(many > 1),
            1 => Value::Integer(i64::try_from(self.below(20)).expect("it is small")),
            2 | 3 => format!("text {}", self.below(20)).into(),
            4 | 5 => (0..many).map(|_| self.tree(depth - 1)).collect::<Vec<_>>().into(),
            _ => {
                let names = ["command", "name", "tags", "groupId", "rules"];
                Value::object((0..many).map(|_| (names[self.below(names.len())], self.tree(depth - 1))))
            }
        }
    }

    /// The same tree with a few places grown anew.
    fn disturbed(&mut self, value: &Value, depth: usize) -> Value {
        if self.below(8) == 0 {
            return self.tree(depth);
        }
        let below = depth.saturating_sub(1);
        match value {
            Value::Array(elements) => {
                let mut elements: Vec<Value> = elements.iter().map(|one| self.disturbed(one, below)).collect();
                if elements.len() > 1 && self.below(2) == 0 {
                    elements.reverse();
                }
                elements.into()
            }
            Value::Object(members) => {
                Value::object(members.iter().map(|(name, one)| (name, self.disturbed(one, below))))
            }
            other => other.clone(),
        }
    }
}

#[test]
fn of_two_thousand_pairs_those_with_changes_are_those_with_other_digests() {
    let mut chance = Chance(0x2545_F491_4F6C_DD1D);
    let (mut same, mut different) = (0, 0);
    for _ in 0..2_000 {
        let mut before = item("AWS::ECS::TaskDefinition", "x", "{}");
        before.configuration = Value::object([("a", chance.tree(4)), ("b", chance.tree(3))]);
        let mut after = before.clone();
        after.configuration = chance.disturbed(&before.configuration, 4);
        let changes = properties::changes(&before, &after, |_| true);
        let is_same = canonical::digests(&before) == canonical::digests(&after);
        assert_eq!(changes.is_empty(), is_same, "{}\n{}\n{changes:#?}", before.configuration, after.configuration);
        let names: std::collections::BTreeSet<&String> = changes.iter().map(|change| &change.config_path).collect();
        assert_eq!(names.len(), changes.len(), "each change has a name of its own: {changes:#?}");
        for change in &changes {
            // What a change says was there is there, at its path.
            let (side, said) = match change.change {
                ChangeType::Delete => (&before, &change.before),
                _ => (&after, &change.after),
            };
            assert_eq!(side.pointer(&change.path), said.as_ref(), "{change:#?}");
        }
        if is_same { same += 1 } else { different += 1 }
    }
    assert!(same > 100 && different > 500, "{same} pairs are the same and {different} are not");
}

fn answer(id: &str, rule: &str, compliance_type: ComplianceType, facts: &[(&str, &str)]) -> Evaluation {
    let evidence = facts.iter().map(|(path, value)| Evidence {
        resource: None,
        path: (*path).into(),
        value: Some((*value).into()),
    });
    Evaluation {
        annotation: if compliance_type == NonCompliant { "it is bad".into() } else { "".into() },
        evidence: evidence.collect(),
        ..Evaluation::sample(rule, VOLUME, id, compliance_type)
    }
}

fn rule(id: &str, digest: &str) -> RuleVersion {
    let parameters = [("days".to_owned(), Value::Integer(90))].into();
    RuleVersion { id: id.into(), digest: Some(digest.into()), severity: Severity::High, parameters }
}

/// Compares answers alone, a day apart.
fn drifted<'a>(
    before: (&'a [Evaluation], &'a [RuleVersion]),
    after: (&'a [Evaluation], &'a [RuleVersion]),
) -> Diff<'a> {
    let state = |captured_at, (evaluations, rules)| State {
        captured_at,
        snapshot: None,
        judged: Some(Judged { evaluations, rules }),
    };
    compare(state(EARLIER, before), state(LATER, after))
}

use ComplianceType::{Compliant, InsufficientData, NonCompliant, NotApplicable};

#[test]
fn answers_drift() {
    let rules = [rule("r", "1")];
    let before = [
        answer("a", "r", Compliant, &[]),
        answer("b", "r", NonCompliant, &[]),
        answer("c", "r", NonCompliant, &[]),
        answer("d", "r", NonCompliant, &[]),
        answer("e", "r", NonCompliant, &[]),
        answer("f", "r", InsufficientData, &[]),
        answer("g", "r", NotApplicable, &[]),
        answer("h", "r", Compliant, &[]),
    ];
    let mut reworded = answer("d", "r", NonCompliant, &[]);
    reworded.annotation = "it is worse".into();
    let after = [
        answer("a", "r", NonCompliant, &[]),
        answer("b", "r", NotApplicable, &[]),
        answer("c", "r", NonCompliant, &[]),
        reworded,
        answer("f", "r", Compliant, &[]),
        answer("g", "r", Compliant, &[]),
        answer("h", "r", InsufficientData, &[]),
    ];
    let diff = drifted((&before, &rules), (&after, &rules));
    let drifts: Vec<(&str, Drift)> = diff
        .evaluations
        .iter()
        .filter_map(|change| Some((&*change.evaluation()?.resource.resource_id, change.drift)))
        .collect();
    let expected = [
        ("a", Drift::New),
        ("b", Drift::Fixed),
        ("d", Drift::Updated),
        ("e", Drift::Gone),
        ("f", Drift::JudgedAgain),
        ("g", Drift::Other),
        ("h", Drift::NotJudged),
    ];
    assert_eq!(drifts, expected);
    assert_eq!(diff.still_open.len(), 1);
    assert_eq!(diff.compliance.len(), 6, "a finding in other words is as compliant as before");
    // The order in which answers come means nothing.
    let (mut before, mut after) = (before.to_vec(), after.to_vec());
    before.reverse();
    after.reverse();
    let again = drifted((&before, &rules), (&after, &rules));
    assert_eq!(
        again.evaluations.iter().map(|change| change.drift).collect::<Vec<_>>(),
        expected.map(|(_, drift)| drift)
    );
    assert!(drifted((&before, &rules), (&before, &rules)).is_empty());
}

#[test]
fn a_listing_that_failed_leaves_findings_unjudged_not_fixed() {
    let rules = [rule("r", "1")];
    let before = [answer("a", "r", NonCompliant, &[])];
    let mut unlisted = answer("", "r", InsufficientData, &[]);
    unlisted.gap = Some(Box::new(Gap {
        account_id: "111122223333".into(),
        aws_region: "eu-west-1".into(),
        resource_type: VOLUME.into(),
        resource_id: None,
        path: None,
        reason: denied(),
    }));
    let after = [unlisted];
    let lost = drifted((&before, &rules), (&after, &rules));
    assert!(lost.evaluations.iter().all(|change| change.drift == Drift::NotJudged), "{lost:#?}");
    assert!(matches!(lost.evaluations[1].causes.as_slice(), [Cause::Readability { is_readable: false, .. }]));
    let found = drifted((&after, &rules), (&before, &rules));
    let drifts: Vec<Drift> = found.evaluations.iter().map(|change| change.drift).collect();
    assert_eq!(drifts, [Drift::JudgedAgain, Drift::New]);
    assert!(matches!(found.evaluations[1].causes.as_slice(), [Cause::Readability { is_readable: true, .. }]));
}

/// The causes of the only answer that changed.
fn causes(diff: &Diff) -> Vec<Cause> {
    assert_eq!(diff.evaluations.len(), 1, "{diff:#?}");
    diff.evaluations[0].causes.clone()
}

#[test]
fn a_changed_answer_has_the_causes_that_show() {
    let one = rule("r", "1");
    let good = |facts: &[(&str, &str)]| [answer("a", "r", Compliant, facts)];
    let bad = |facts: &[(&str, &str)]| [answer("a", "r", NonCompliant, facts)];
    let rules = [one.clone()];

    let diff = |before: &[Evaluation], after: &[Evaluation]| causes(&drifted((before, &rules), (after, &rules)));
    assert_eq!(diff(&good(&[("/configuration/age", "89")]), &bad(&[("/configuration/age", "89")])), [Cause::Time]);
    let read = Cause::Resource {
        resource: None,
        change: ChangeType::Update,
        paths: vec!["/configuration/encrypted".to_owned()],
    };
    let facts = |encrypted| [("/configuration/size", "8"), ("/configuration/encrypted", encrypted)];
    assert_eq!(diff(&good(&facts("true")), &bad(&facts("false"))), [read]);
    let created = Cause::Resource { resource: None, change: ChangeType::Create, paths: Vec::new() };
    assert_eq!(diff(&[], &bad(&[])), [created]);

    let stricter = RuleVersion { parameters: [("days".to_owned(), Value::Integer(30))].into(), ..one.clone() };
    let parameter = Cause::Rule { change: ChangeType::Update, text: false, parameters: vec!["days".to_owned()] };
    assert_eq!(causes(&drifted((&good(&[]), &rules), (&bad(&[]), &[stricter]))), [parameter]);
    let text = Cause::Rule { change: ChangeType::Update, text: true, parameters: Vec::new() };
    assert_eq!(causes(&drifted((&good(&[]), &rules), (&bad(&[]), &[rule("r", "2")]))), [text]);
    let new = Cause::Rule { change: ChangeType::Create, text: false, parameters: Vec::new() };
    assert_eq!(causes(&drifted((&[], &[]), (&bad(&[]), &rules))), [new]);
    // Without a digest on both sides it is not known whether the rule changed.
    let unknown = RuleVersion { digest: None, ..one };
    assert_eq!(causes(&drifted((&good(&[]), &rules), (&bad(&[]), &[unknown]))), [Cause::Time]);
}

#[test]
fn a_rule_that_came_or_went_made_nothing_readable_or_unreadable() {
    let rules = [rule("r", "1")];
    let mut unlisted = answer("", "r", InsufficientData, &[]);
    unlisted.gap = Some(Box::new(Gap {
        account_id: "111122223333".into(),
        aws_region: "eu-west-1".into(),
        resource_type: VOLUME.into(),
        resource_id: None,
        path: None,
        reason: denied(),
    }));
    let answers = [unlisted];
    let went = drifted((&answers, &rules), (&[], &[]));
    let cause = |change| Cause::Rule { change, text: false, parameters: Vec::new() };
    assert_eq!((went.evaluations[0].drift, causes(&went)), (Drift::Other, vec![cause(ChangeType::Delete)]));
    let came = drifted((&[], &[]), (&answers, &rules));
    assert_eq!((came.evaluations[0].drift, causes(&came)), (Drift::Other, vec![cause(ChangeType::Create)]));
}

#[test]
fn a_finding_that_is_accepted_is_not_fixed() {
    let rules = [rule("r", "1")];
    let open = [answer("a", "r", NonCompliant, &[])];
    let mut accepted = open.clone();
    accepted[0].exemption = Some(Arc::new(ExemptionMark {
        id: "e1".to_owned(),
        state: ExemptionState::InForce,
        reason: "a test account".to_owned(),
        owner: None,
        ticket: None,
        expires: None,
    }));
    let cause =
        |is_in_force| Cause::Exemption { id: "e1".to_owned(), is_in_force, reason: "a test account".to_owned() };
    let there = drifted((&open, &rules), (&accepted, &rules));
    assert_eq!((there.evaluations[0].drift, causes(&there)), (Drift::Exempted, vec![cause(true)]));
    let back = drifted((&accepted, &rules), (&open, &rules));
    assert_eq!((back.evaluations[0].drift, causes(&back)), (Drift::New, vec![cause(false)]));
    let stays = drifted((&accepted, &rules), (&accepted, &rules));
    assert!(stays.is_empty() && stays.still_open.is_empty());
}

#[test]
fn of_a_changed_resource_only_what_the_rule_read_is_a_cause() {
    let before = snapshot(EARLIER, &[VOLUME], &[], vec![item(VOLUME, "a", r#"{"encrypted": true, "size": 8}"#)]);
    let after = snapshot(LATER, &[VOLUME], &[], vec![item(VOLUME, "a", r#"{"encrypted": false, "size": 9}"#)]);
    let rules = [rule("r", "1")];
    let answers = |compliance_type, path| [answer("a", "r", compliance_type, &[(path, "?")])];
    for (read, expected) in [("/configuration/encrypted", true), ("/configuration/state", false)] {
        let (old, new) = (answers(Compliant, read), answers(NonCompliant, read));
        let diff = compare(
            State { judged: Some(Judged { evaluations: &old, rules: &rules }), ..state(&before) },
            State { judged: Some(Judged { evaluations: &new, rules: &rules }), ..state(&after) },
        );
        let paths = vec![read.to_owned()];
        let cause = Cause::Resource { resource: None, change: ChangeType::Update, paths };
        assert_eq!(causes(&diff), [if expected { cause } else { Cause::Time }]);
    }
}

#[test]
fn a_rule_has_the_same_digest_built_in_and_in_a_folder() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let versions = |rules: &RuleSet| -> BTreeMap<String, Option<String>> {
        rules.iter().map(RuleVersion::new).map(|version| (version.id, version.digest)).collect()
    };
    let builtin = versions(&RuleSet::builtin());
    assert_eq!(builtin, versions(&RuleSet::load_dir(&folder).expect("the folder is there")));
    let digests: std::collections::BTreeSet<&Option<String>> = builtin.values().collect();
    assert_eq!(digests.len(), builtin.len(), "each rule has its own");
}
