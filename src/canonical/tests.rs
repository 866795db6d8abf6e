//! The canonical form: what changes it, and what does not.

use std::sync::Arc;

use super::*;
use crate::item::ResourceKey;
use crate::value::Unreadable;

fn value(json: &str) -> Value {
    serde_json::from_str(json).expect("the test's JSON parses")
}

fn item(resource_type: &str, configuration: &str) -> ConfigurationItem {
    let key = ResourceKey::new("111122223333", "eu-west-1", resource_type, "id");
    let mut item = ConfigurationItem::new(key, "2026-10-01T00:00:00.000Z");
    item.configuration = value(configuration);
    item
}

/// Whether two configurations of a type have the same digest, and the same MD5.
fn equal(resource_type: &str, a: &str, b: &str) -> bool {
    let (a, b) = (item(resource_type, a), item(resource_type, b));
    assert_eq!(digests(&a) == digests(&b), md5(&a) == md5(&b));
    digests(&a) == digests(&b)
}

/// A link to the item of one id.
fn link(id: &str) -> Relationship {
    Relationship {
        resource_type: "AWS::EC2::Instance".into(),
        resource_id: Some(id.into()),
        resource_name: None,
        name: "Is attached to Instance".into(),
    }
}

#[test]
fn the_form_does_not_change_unnoticed() {
    let mut item =
        item("AWS::EC2::Volume", r#"{"size": 8, "encrypted": false, "attachments": [{"device": "/dev/sda"}]}"#);
    item.arn = Some("arn:aws:ec2:eu-west-1:111122223333:volume/vol-1".into());
    item.tags = value(r#"{"Name": "data"}"#);
    item.relationships = vec![link("i-1")];
    // Digests are kept in stores: a change of the form makes every kept body look new.
    assert_eq!(md5(&item), "278c65ebf0d308e9587e8d036cf206ed");
}

#[test]
fn only_the_content_counts() {
    let first = item("AWS::EC2::Volume", r#"{"size": 8}"#);
    let mut second = first.clone();
    second.capture_time = "2026-10-02T00:00:00.000Z".into();
    second.state_id += 1;
    second.status = crate::item::ItemStatus::Ok;
    second.md5_hash = "0".repeat(32).into();
    second.related_events = vec!["b0c1".to_owned()];
    second.key = ResourceKey::new("111122223333", "eu-west-1", "AWS::EC2::Volume", "vol-2");
    assert_eq!(digests(&first), digests(&second));

    let changes: [fn(&mut ConfigurationItem); 7] = [
        |item| item.resource_name = Some("data".into()),
        |item| item.arn = Some("arn:aws:ec2:::x".into()),
        |item| item.availability_zone = Some("eu-west-1a".into()),
        |item| item.creation_time = Some("2026-01-01T00:00:00.000Z".into()),
        |item| item.put("/tags/Name", "data".into()),
        |item| item.put("/supplementaryConfiguration/Policy", "x".into()),
        |item| item.relationships = vec![link("i-1")],
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let mut after = first.clone();
        change(&mut after);
        assert_ne!(digests(&first), digests(&after), "change {at}");
    }
}

#[test]
fn neighbouring_texts_do_not_run_together() {
    let mut a = item("AWS::EC2::Volume", "{}");
    let mut b = a.clone();
    (a.resource_name, a.arn) = (Some("x".into()), None);
    (b.resource_name, b.arn) = (None, Some("x".into()));
    assert_ne!(digests(&a), digests(&b));
    assert!(!equal("T", r#"{"a": ["b", "c"]}"#, r#"{"a": ["bc"]}"#));
    assert!(!equal("T", r#"{"a": [["b"], ["c"]]}"#, r#"{"a": [["b", "c"]]}"#));
    assert!(!equal("T", r#"{"a": {"b": {}, "c": 1}}"#, r#"{"a": {"b": {"c": 1}}}"#));
}

#[test]
fn sets_have_no_order_and_sequences_have() {
    let groups = r#"{"securityGroups": [{"groupId": "sg-1"}, {"groupId": "sg-2"}]}"#;
    assert!(equal("AWS::EC2::Instance", groups, r#"{"securityGroups": [{"groupId": "sg-2"}, {"groupId": "sg-1"}]}"#));
    assert!(!equal("AWS::EC2::Instance", groups, r#"{"securityGroups": [{"groupId": "sg-1"}, {"groupId": "sg-1"}]}"#));
    let task = "AWS::ECS::TaskDefinition";
    assert!(!equal(task, r#"{"Command": ["rm", "-r"]}"#, r#"{"Command": ["-r", "rm"]}"#));
    assert!(!equal("AWS::Lambda::Function", r#"{"layers": ["a", "b"]}"#, r#"{"layers": ["b", "a"]}"#));
    assert!(equal("AWS::EC2::Volume", r#"{"layers": ["a", "b"]}"#, r#"{"layers": ["b", "a"]}"#));
}

#[test]
fn a_wrapped_list_has_the_name_of_what_wraps_it() {
    let behaviors = |a: &str, b: &str| {
        format!(
            r#"{{"cacheBehaviors": {{"quantity": 2, "items": [{{"pathPattern": "{a}"}}, {{"pathPattern": "{b}"}}]}}}}"#
        )
    };
    assert!(!equal("AWS::CloudFront::Distribution", &behaviors("/a", "/b"), &behaviors("/b", "/a")));
    let aliases = [r#"{"aliases": {"items": ["a", "b"]}}"#, r#"{"aliases": {"items": ["b", "a"]}}"#];
    assert!(equal("AWS::CloudFront::Distribution", aliases[0], aliases[1]));
}

#[test]
fn a_policy_has_one_form() {
    let object = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Sid": "a",
        "Principal": {"AWS": ["AIDA2", "111122223333"]}, "Action": ["s3:GetObject"], "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": true}}}]}"#;
    let respelled = r#"{ "Statement": {"Sid": "a", "Effect": "Allow", "Resource": ["*"], "Action": "s3:GetObject",
        "Principal": {"AWS": ["arn:aws:iam::111122223333:root", "AIDA2"]},
        "Condition": {"Bool": {"aws:SecureTransport": ["true"]}}}, "Version": "2012-10-17" }"#;
    let encoded: String =
        percent_encoding::utf8_percent_encode(respelled, percent_encoding::NON_ALPHANUMERIC).collect();
    let as_text = |text: &str| format!(r#"{{"policy": {}}}"#, serde_json::to_string(text).expect("text is JSON"));
    let spellings = [format!(r#"{{"policy": {object}}}"#), as_text(object), as_text(respelled), as_text(&encoded)];
    for spelling in &spellings {
        assert!(equal("AWS::S3::Bucket", &spellings[0], spelling), "{spelling}");
    }
    let other = as_text(&object.replace("s3:GetObject", "s3:*"));
    assert!(!equal("AWS::S3::Bucket", &spellings[0], &other));
    let not_only_ids = as_text(&object.replace("111122223333", "arn:aws:iam::111122223333:user/root"));
    assert!(!equal("AWS::S3::Bucket", &spellings[0], &not_only_ids));
    let everyone = |principal: &str| {
        as_text(&format!(r#"{{"Statement": {{"Effect": "Allow", "Principal": {principal}, "Action": "sqs:*"}}}}"#))
    };
    assert!(equal("AWS::SQS::Queue", &everyone(r#""*""#), &everyone(r#"{"AWS": "*"}"#)));
    assert!(!equal("AWS::SQS::Queue", &everyone(r#""*""#), &everyone(r#"{"Service": "*"}"#)));
}

#[test]
fn other_documents_keep_the_order_of_their_lists() {
    let text = |json: &str| format!(r#"{{"definition": {}}}"#, serde_json::to_string(json).expect("text is JSON"));
    assert!(equal("T", &text(r#"{"a":1,"b":[1,2]}"#), &text("{\"b\": [1, 2],\n \"a\": 1}")));
    assert!(!equal("T", &text(r#"{"b":[1,2]}"#), &text(r#"{"b":[2,1]}"#)));
    assert!(!equal("T", &text("{not json"), &text("{not  json")));
    assert!(!equal("T", &text("%7Bnot"), &text("%7bnot")));
}

#[test]
fn null_and_the_spelling_of_numbers_mean_nothing() {
    assert!(equal("T", r#"{"a": null, "b": 1}"#, r#"{"b": 1.0}"#));
    assert!(!equal("T", r#"{"b": 1.5}"#, r#"{"b": 1}"#));
    assert!(!equal("T", r#"{"b": "1"}"#, r#"{"b": 1}"#));
    assert!(!equal("T", r#"{"a": [null]}"#, r#"{"a": []}"#));
}

#[test]
fn what_could_not_be_read_is_left_out() {
    let why = Arc::new(Unreadable::not_collected("the policy"));
    let bare = item("AWS::S3::Bucket", r#"{"name": "logs", "rules": [1]}"#);
    let mut spoiled = bare.clone();
    spoiled.add_gap("/supplementaryConfiguration/BucketPolicy/policyText", &why);
    spoiled.add_gap("/configuration/owner", &why);
    assert_eq!(digests(&bare), digests(&spoiled));
    spoiled.add_gap("/configuration", &why);
    assert_ne!(digests(&bare), digests(&spoiled));
    // An answer that there is nothing is known.
    let mut known = bare.clone();
    known.put("/supplementaryConfiguration/BucketPolicy", value(r#"{"policyText": null}"#));
    assert_ne!(digests(&bare), digests(&known));
}

#[test]
fn relationships_are_a_set() {
    let mut a = item("AWS::EC2::Volume", "{}");
    let mut b = a.clone();
    a.relationships = vec![link("i-1"), link("i-2")];
    b.relationships = vec![link("i-2"), link("i-1")];
    assert_eq!(digests(&a), digests(&b));
    b.relationships.push(Relationship { name: "Contains ".into(), ..link("i-3") });
    a.relationships.push(Relationship { name: "Contains".into(), ..link("i-3") });
    assert_eq!(digests(&a), digests(&b));
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
        match self.below(if depth == 0 { 4 } else { 6 }) {
            0 => Value::Bool(many > 1),
            1 => Value::Integer(i64::try_from(self.below(1_000)).expect("it is small")),
            2 | 3 => format!("text {}", self.below(1_000)).into(),
            4 => (0..many).map(|_| self.tree(depth - 1)).collect::<Vec<_>>().into(),
            _ => Value::object((0..many).map(|at| (format!("member{at}"), self.tree(depth - 1)))),
        }
    }

    /// The same facts in another order: lists directly in lists are tuples and keep theirs.
    fn shuffled(&mut self, value: &Value, is_element: bool) -> Value {
        match value {
            Value::Array(elements) => {
                let mut elements: Vec<Value> = elements.iter().map(|element| self.shuffled(element, true)).collect();
                for last in (1..elements.len()).rev().filter(|_| !is_element) {
                    let other = self.below(last + 1);
                    elements.swap(last, other);
                }
                elements.into()
            }
            Value::Object(members) => {
                Value::object(members.iter().map(|(name, member)| (name, self.shuffled(member, false))))
            }
            other => other.clone(),
        }
    }

    /// The same facts but for one. Nothing for a tree without facts.
    fn changed(&mut self, value: &Value) -> Option<Value> {
        match value {
            Value::Array(elements) if !elements.is_empty() => {
                let mut elements = elements.to_vec();
                let at = self.below(elements.len());
                *elements.get_mut(at)? = self.changed(&elements[at])?;
                Some(elements.into())
            }
            Value::Object(members) if !members.is_empty() => {
                let (name, member) = members.iter().nth(self.below(members.len()))?;
                Some(Value::Object(members.with(name, self.changed(member)?)))
            }
            Value::Bool(truth) => Some(Value::Bool(!truth)),
            Value::Integer(number) => Some(Value::Integer(number + 1_000)),
            Value::String(text) => Some(format!("{text}!").into()),
            _ => None,
        }
    }
}

#[test]
fn of_a_thousand_trees_each_order_has_one_digest_and_each_change_another() {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let mut changes = 0;
    for _ in 0..1_000 {
        let mut first = item("T", "{}");
        first.configuration = Value::object([("a", chance.tree(4)), ("b", chance.tree(4))]);
        let mut second = first.clone();
        second.configuration = chance.shuffled(&first.configuration, false);
        assert_eq!(digests(&first), digests(&second), "{}", first.configuration);
        if let Some(changed) = chance.changed(&second.configuration) {
            second.configuration = changed;
            changes += 1;
            assert_ne!(digests(&first), digests(&second), "{}", first.configuration);
        }
    }
    assert!(changes > 500, "only {changes} trees had a fact to change");
}
