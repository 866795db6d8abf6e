//! What a recording profile leaves out is not called, and is never a verdict.

use super::*;
use crate::pattern::{Pattern, Patterns};

fn types(only: &[&str], except: &[&str]) -> RecordedTypes {
    let except = except.iter().map(|text| Pattern::new(*text).unwrap()).collect();
    RecordedTypes { only: Patterns::new(only.iter().copied()).unwrap(), except }
}

fn profile(everywhere: RecordedTypes, regions: &[(&str, RecordedTypes)]) -> Arc<RecordingProfile> {
    let regions = regions.iter().map(|(region, types)| ((*region).to_owned(), types.clone())).collect();
    Arc::new(RecordingProfile { everywhere, regions })
}

#[test]
fn a_region_has_types_of_its_own() {
    let recorded = profile(
        types(&["AWS::EC2::*", "AWS::IAM::User"], &["AWS::EC2::V*"]),
        &[("us-east-1", types(&["AWS::EC2::Volume"], &[])), ("global", types(&[], &["AWS::IAM::User"]))],
    );
    assert!(
        recorded.records("AWS::EC2::Instance", "eu-west-1") && !recorded.records("AWS::EC2::Instance", "us-east-1")
    );
    assert!(recorded.records("AWS::EC2::Volume", "us-east-1") && !recorded.records("AWS::EC2::Volume", "eu-west-1"));
    assert!(recorded.records_somewhere("AWS::EC2::Volume") && !recorded.records("AWS::IAM::User", GLOBAL));
    assert!(recorded.records("AWS::IAM::Role", GLOBAL), "what is said of a region takes the place of the rest");
    let needs = Needs::of([("AWS::EC2::VPC", [""; 0]), ("AWS::EC2::Volume", [""; 0])])
        .recorded_by(&profile(types(&["AWS::EC2::Volume"], &[]), &[]));
    assert_eq!(needs.iter().map(|(resource_type, _)| resource_type).collect::<Vec<_>>(), ["AWS::EC2::Volume"]);
}

#[test]
fn what_is_left_out_is_neither_listed_nor_known() {
    let table = || {
        Table::default().on("eu-west-1", "ec2:DescribeVolumes", "", r#"{"Volumes":[{"VolumeId":"vol-1"}]}"#).fail(
            "us-east-1",
            "ec2:DescribeVolumes",
            "",
            "AccessDenied",
        )
    };
    let needs = Needs::of([("AWS::EC2::Volume", [])]);
    let here = profile(RecordedTypes::default(), &[("us-east-1", types(&[], &["AWS::EC2::Volume"]))]);
    let (snapshot, calls) = collect(table(), &needs.clone().recorded_by(&here));
    assert_eq!(calls, ["eu-west-1 ec2:DescribeVolumes {}"]);
    assert_eq!(ids(&snapshot, "AWS::EC2::Volume"), ["eu-west-1 vol-1"]);
    assert_eq!(snapshot.gaps(), [], "nobody misses it");
    assert_eq!(snapshot.listing(&place("eu-west-1", "AWS::EC2::Volume")), Ok(()));
    let unknown = snapshot.listing(&place("us-east-1", "AWS::EC2::Volume")).unwrap_err();
    assert_eq!(unknown.code, code::NOT_COLLECTED);
    assert_eq!(snapshot.is_listed("111122223333", "AWS::EC2::Volume", "eu-west-1", |_| true).unwrap_err().1, unknown);
    let nothing = profile(types(&["AWS::IAM::*"], &[]), &[]);
    let (snapshot, calls) = collect(table(), &needs.recorded_by(&nothing));
    assert_eq!((calls, snapshot.items().len(), snapshot.about().listings.len()), (vec![], 0, 0));
}

#[test]
fn what_is_at_home_where_nothing_is_read_is_kept_where_it_is_seen() {
    let trail = r#"{"trailList":[{"Name":"all","HomeRegion":"ap-south-1","IsMultiRegionTrail":true,
        "TrailARN":"arn:aws:cloudtrail:ap-south-1:111122223333:trail/all"}]}"#;
    let recorded = profile(types(&["AWS::IAM::*"], &[]), &[("eu-west-1", types(&["AWS::CloudTrail::Trail"], &[]))]);
    let needs = Needs::of([("AWS::CloudTrail::Trail", [""; 0])]).recorded_by(&recorded);
    let table = Table::default().on("", "cloudtrail:DescribeTrails", "", trail);
    let (snapshot, calls) = collect(table, &needs);
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(ids(&snapshot, "AWS::CloudTrail::Trail"), ["ap-south-1 all"]);
    assert_eq!(snapshot.about().listings, [place("eu-west-1", "AWS::CloudTrail::Trail")]);
}

#[test]
fn parents_are_listed_for_what_is_recorded_and_not_kept() {
    let services = |region: &str, id: &str| {
        let described =
            format!(r#"{{"services":[{{"serviceArn":"arn:{id}","serviceName":"{id}","status":"ACTIVE"}}]}}"#);
        let listed = format!(r#"{{"serviceArns":["arn:{id}"]}}"#);
        clusters().on(region, "ecs:DescribeClusters", "", DESCRIBED).on(region, "ecs:ListServices", "", &listed).on(
            region,
            "ecs:DescribeServices",
            "",
            &described,
        )
    };
    let needs = Needs::of([("AWS::ECS::Cluster", [""; 0]), ("AWS::ECS::Service", [""; 0])]);
    let only_there = profile(types(&["AWS::IAM::*"], &[]), &[("eu-west-1", types(&["AWS::ECS::Service"], &[]))]);
    let (all, everything) = collect(services("eu-west-1", "s1"), &needs);
    assert_eq!(ids(&all, "AWS::ECS::Cluster"), ["eu-west-1 a", "eu-west-1 b"]);
    let (snapshot, calls) = collect(services("eu-west-1", "s1"), &needs.recorded_by(&only_there));
    assert_eq!(ids(&snapshot, "AWS::ECS::Cluster"), [""; 0]);
    assert_eq!(ids(&snapshot, "AWS::ECS::Service"), ["eu-west-1 arn:s1"]);
    let here: Vec<String> = everything.into_iter().filter(|call| call.starts_with("eu-west-1")).collect();
    assert_eq!(calls, here);
    assert_eq!(snapshot.about().listings, [place("eu-west-1", "AWS::ECS::Service")]);
}

#[test]
fn a_plan_has_no_calls_for_what_is_left_out() {
    let (catalog, models) = (catalog(), Models::builtin());
    let plan = |profile: &Arc<RecordingProfile>| {
        let needs = Needs::of([("AWS::ECS::Service", [""; 0]), ("AWS::EC2::Volume", [""; 0])]).recorded_by(profile);
        let regions = Regions::Named(REGIONS.map(str::to_owned).into());
        let plan = Plan::new(&catalog, &models, &wanted(&[("a rule", needs)]), &regions).unwrap();
        let calls = plan.steps().iter().map(|step| format!("{}:{}", step.service, step.operation));
        calls.filter(|call| !call.starts_with("sts:")).collect::<Vec<_>>()
    };
    assert_eq!(plan(&profile(types(&["AWS::EC2::Volume"], &[]), &[])), ["ec2:DescribeVolumes"]);
    assert!(plan(&Arc::default()).iter().any(|call| call == "ecs:ListClusters"));
    assert!(!plan(&profile(types(&[], &["AWS::EC2::*"]), &[])).iter().any(|call| call.starts_with("ec2:")));
}
