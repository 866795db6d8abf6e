//! Which event is on which resource.

use super::*;
use crate::item::ResourceKey;

fn event() -> TrailEvent {
    TrailEvent {
        id: "e1".to_owned(),
        time: "2026-10-01T06:30:00Z".parse().expect("it is a time"),
        name: "UpdateFunctionConfiguration".to_owned(),
        source: "lambda.amazonaws.com".to_owned(),
        actor: Actor::default(),
        source_address: None,
        user_agent: None,
        account_id: Some("111122223333".to_owned()),
        aws_region: "eu-west-1".to_owned(),
        resources: Vec::new(),
        mentions: ["default".to_owned()].into(),
        read_only: Some(false),
        error_code: None,
    }
}

fn item(region: &str, resource_type: &str, id: &str, arn: Option<&str>) -> ConfigurationItem {
    let mut item = ConfigurationItem::new(ResourceKey::new("111122223333", region, resource_type, id), "");
    item.arn = arn.map(Into::into);
    item
}

#[test]
fn a_name_counts_with_the_service_of_the_resource_only() {
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:default";
    let function = item("eu-west-1", "AWS::Lambda::Function", "default", Some(arn));
    assert!(event().is_on(&function));
    assert!(!event().is_on(&item("eu-west-1", "AWS::ECS::Cluster", "default", None)));
    let by_arn =
        TrailEvent { source: "tagging.amazonaws.com".to_owned(), mentions: [arn.to_owned()].into(), ..event() };
    assert!(by_arn.is_on(&function));
    assert!(!TrailEvent { source: "tagging.amazonaws.com".to_owned(), ..event() }.is_on(&function));
}

#[test]
fn what_cloudtrail_names_itself_counts_by_its_type() {
    let named = |kind: Option<&str>| TrailEvent {
        source: "ec2.amazonaws.com".to_owned(),
        mentions: BTreeSet::new(),
        resources: vec![EventResource { resource_type: kind.map(str::to_owned), resource_name: "sg-0123".to_owned() }],
        ..event()
    };
    let group = item("eu-west-1", "AWS::EC2::SecurityGroup", "sg-0123", None);
    assert!(named(Some("AWS::EC2::SecurityGroup")).is_on(&group) && named(None).is_on(&group));
    assert!(!named(Some("AWS::EC2::Instance")).is_on(&group));
}

#[test]
fn another_account_or_region_is_another_resource() {
    let function = |region: &str| item(region, "AWS::Lambda::Function", "default", None);
    assert!(event().is_on(&function("eu-west-1")));
    assert!(!event().is_on(&function("us-east-1")));
    assert!(!TrailEvent { account_id: Some("444455556666".to_owned()), ..event() }.is_on(&function("eu-west-1")));
    // What belongs to no region is recorded in one of them.
    let role = item("global", "AWS::IAM::Role", "default", None);
    assert!(
        TrailEvent { source: "iam.amazonaws.com".to_owned(), aws_region: "us-east-1".to_owned(), ..event() }
            .is_on(&role)
    );
}
