//! Collection with the built-in descriptors from an account that is a table of answers.

mod profile;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;

use super::*;
use crate::item::GLOBAL;
use crate::source::account::Identity;
use crate::source::account::secret::SecretKey;
use crate::source::model::Models;
use crate::value::{Value, code};

/// Answers by region, operation and a text that the parameters hold.
#[derive(Default)]
struct Table {
    answers: Vec<(String, String, String, Result<Value, String>)>,
    calls: Mutex<Vec<String>>,
    slept: Mutex<Duration>,
}

impl Table {
    fn on(mut self, region: &str, operation: &str, holds: &str, answer: &str) -> Self {
        let answer = serde_json::from_str(answer).unwrap_or_else(|error| panic!("{answer}: {error}"));
        self.answers.push((region.into(), operation.into(), holds.into(), Ok(answer)));
        self
    }

    fn fail(mut self, region: &str, operation: &str, holds: &str, code: &str) -> Self {
        self.answers.push((region.into(), operation.into(), holds.into(), Err(code.into())));
        self
    }
}

impl Api for Arc<Table> {
    async fn call_all(
        &self,
        region: &str,
        service: &str,
        operation: &str,
        params: &Value,
    ) -> Result<Value, Unreadable> {
        let name = format!("{service}:{operation}");
        self.calls.lock().unwrap().push(format!("{region} {name} {params}"));
        // Others get their turn, so that the order of answers is not that of questions.
        tokio::task::yield_now().await;
        let params = params.to_string();
        let found = self.answers.iter().find(|(at, called, holds, _)| {
            (at == region || at.is_empty()) && *called == name && params.contains(holds.as_str())
        });
        let code = match found {
            Some((.., Ok(answer))) => return Ok(answer.clone()),
            Some((.., Err(code))) => code.clone(),
            None => "NotInTheTable".to_owned(),
        };
        // `Code: words`, where the words matter.
        let (code, message) = code.split_once(": ").unwrap_or((&code, "no"));
        Err(Unreadable { operation: name, action: None, code: code.to_owned(), message: message.to_owned() })
    }

    fn requests(&self) -> BTreeMap<String, u64> {
        let mut requests = BTreeMap::new();
        for call in self.calls.lock().unwrap().iter() {
            *requests.entry(call.split(' ').nth(1).unwrap().to_owned()).or_default() += 1;
        }
        requests
    }

    async fn sleep(&self, duration: Duration) {
        *self.slept.lock().unwrap() += duration;
    }
}

const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

fn account(table: Table) -> (Arc<Table>, Arc<Account<Arc<Table>>>) {
    let table = Arc::new(table);
    let identity = Identity {
        account_id: "111122223333".into(),
        partition: "aws".into(),
        global_region: "us-east-1".into(),
        captured_at: "2026-01-02T03:04:05.000Z".into(),
    };
    let account = Account::new(Arc::clone(&table), Arc::new(Models::builtin()), identity, SecretKey::new([1; 32]), 8);
    (table, Arc::new(account))
}

/// Collects and gives the snapshot and the calls, sorted.
fn collect(table: Table, needs: &Needs) -> (Snapshot, Vec<String>) {
    collect_in(table, needs, Regions::Named(REGIONS.map(str::to_owned).into()))
}

fn collect_in(table: Table, needs: &Needs, regions: Regions) -> (Snapshot, Vec<String>) {
    let (table, account) = account(table);
    let options = Options { regions, ..Options::in_regions(REGIONS) };
    let snapshot = block_on(run(&account, &catalog(), needs, &options)).unwrap();
    let mut calls = table.calls.lock().unwrap().clone();
    calls.sort();
    (snapshot, calls)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn catalog() -> Catalog {
    Catalog::builtin().unwrap()
}

fn place(region: &str, resource_type: &str) -> Place {
    Place { account_id: "111122223333".into(), aws_region: region.into(), resource_type: resource_type.into() }
}

fn ids(snapshot: &Snapshot, resource_type: &str) -> Vec<String> {
    let items = snapshot.items().iter().filter(|item| *item.key.resource_type == *resource_type);
    items.map(|item| format!("{} {}", item.key.region, item.key.resource_id)).collect()
}

fn item<'s>(snapshot: &'s Snapshot, id: &str) -> &'s ConfigurationItem {
    snapshot.items().iter().find(|item| *item.key.resource_id == *id).unwrap_or_else(|| panic!("there is no {id}"))
}

#[test]
fn only_what_is_asked_for_is_called() {
    let table = Table::default()
        .on("eu-west-1", "ec2:DescribeVolumes", "", r#"{"Volumes":[{"VolumeId":"vol-1","Encrypted":true}]}"#)
        .on("us-east-1", "ec2:DescribeVolumes", "", r#"{"Volumes":[]}"#);
    let (snapshot, calls) = collect(table, &Needs::of([("AWS::EC2::Volume", [])]));
    assert_eq!(calls, ["eu-west-1 ec2:DescribeVolumes {}", "us-east-1 ec2:DescribeVolumes {}"]);
    assert_eq!(ids(&snapshot, "AWS::EC2::Volume"), ["eu-west-1 vol-1"]);
    assert_eq!(item(&snapshot, "vol-1").pointer("/configuration/encrypted"), Some(&true.into()));
    assert_eq!(snapshot.about().requests, BTreeMap::from([("ec2:DescribeVolumes".to_owned(), 2)]));
    assert!(snapshot.gaps().is_empty());
}

#[test]
fn what_is_global_is_asked_for_once_however_many_regions_there_are() {
    let regions = ["eu-central-1", "eu-north-1", "eu-west-1", "us-east-1", "us-west-2"];
    let table = Table::default()
        .on(
            "us-east-1",
            "iam:GetAccountAuthorizationDetails",
            "",
            r#"{"UserDetailList":[{"UserId":"AIDA1","UserName":"ada"}]}"#,
        )
        .on("", "ec2:DescribeVolumes", "", r#"{"Volumes":[]}"#);
    let needs = Needs::of([("AWS::IAM::User", [""; 0]), ("AWS::EC2::Volume", [])]);
    let (snapshot, calls) = collect_in(table, &needs, Regions::Named(regions.map(str::to_owned).into()));
    let of = |operation: &str| calls.iter().filter(|call| call.contains(operation)).count();
    assert_eq!((of("iam:GetAccountAuthorizationDetails"), of("ec2:DescribeVolumes")), (1, 5), "{calls:?}");
    assert_eq!(ids(&snapshot, "AWS::IAM::User"), ["global AIDA1"]);
}

#[test]
fn a_listing_that_fails_is_a_gap_of_its_region_only() {
    for code in ["UnauthorizedOperation", code::TRUNCATED, code::TIMEOUT] {
        let table = Table::default()
            .on("eu-west-1", "ec2:DescribeVolumes", "", r#"{"Volumes":[{"VolumeId":"vol-1"}]}"#)
            .fail("us-east-1", "ec2:DescribeVolumes", "", code);
        let (snapshot, _) = collect(table, &Needs::of([("AWS::EC2::Volume", [])]));
        assert_eq!(snapshot.listing(&place("eu-west-1", "AWS::EC2::Volume")), Ok(()));
        let reason = snapshot.listing(&place("us-east-1", "AWS::EC2::Volume")).unwrap_err();
        assert_eq!(reason.code, code);
        assert_eq!(reason.action.as_deref(), Some("ec2:DescribeVolumes"));
        assert_eq!(ids(&snapshot, "AWS::EC2::Volume"), ["eu-west-1 vol-1"]);
        assert_eq!(snapshot.gaps().len(), 1);
    }
}

const BUCKETS: &str = r#"{"Buckets":[{"Name":"one","CreationDate":"2026-01-01T00:00:00.000Z"},{"Name":"two"}]}"#;

#[test]
fn a_part_that_fails_is_a_gap_of_its_item_only() {
    let table = Table::default()
        .on("eu-west-1", "s3:ListBuckets", "", BUCKETS)
        .on("us-east-1", "s3:ListBuckets", "", r#"{"Buckets":[]}"#)
        .fail("eu-west-1", "s3:GetBucketPolicy", "\"one\"", "AccessDenied")
        .fail("eu-west-1", "s3:GetBucketPolicy", "\"two\"", "NoSuchBucketPolicy");
    let (snapshot, calls) = collect(table, &Needs::of([("AWS::S3::Bucket", ["BucketPolicy"])]));
    assert_eq!(calls.len(), 4, "{calls:#?}");
    let denied = item(&snapshot, "one").pointer("/supplementaryConfiguration/BucketPolicy").unwrap();
    assert_eq!(denied.as_unreadable().unwrap().code, "AccessDenied");
    assert_eq!(denied.as_unreadable().unwrap().action.as_deref(), Some("s3:GetBucketPolicy"));
    let unset = item(&snapshot, "two").pointer("/supplementaryConfiguration/BucketPolicy").unwrap();
    assert!(unset.first_unreadable().is_none(), "{unset:?}");
    assert_eq!(snapshot.gaps().len(), 1);
    // Nobody asked for the others.
    let other = item(&snapshot, "two").pointer("/supplementaryConfiguration/BucketVersioningConfiguration").unwrap();
    assert_eq!(other.as_unreadable().unwrap().code, code::NOT_COLLECTED);
    assert_eq!(item(&snapshot, "two").tags.as_unreadable().unwrap().code, code::NOT_COLLECTED);
}

#[test]
fn regions_that_are_off_are_skipped_and_said() {
    let table = || {
        Table::default()
            .on(
                "us-east-1",
                "ec2:DescribeRegions",
                "AllRegions",
                r#"{"Regions":[{"RegionName":"eu-west-1","OptInStatus":"opt-in-not-required"},
                               {"RegionName":"af-south-1","OptInStatus":"not-opted-in"}]}"#,
            )
            .on("eu-west-1", "ec2:DescribeVolumes", "", r#"{"Volumes":[]}"#)
    };
    let needs = Needs::of([("AWS::EC2::Volume", [])]);
    let named = Regions::Named(["af-south-1".to_owned(), "eu-west-1".to_owned()].into());
    for regions in [named, Regions::Enabled] {
        let (snapshot, calls) = collect_in(table(), &needs, regions);
        assert_eq!(calls, ["eu-west-1 ec2:DescribeVolumes {}", "us-east-1 ec2:DescribeRegions {\"AllRegions\":true}"]);
        assert_eq!(snapshot.about().regions, ["eu-west-1"]);
        assert_eq!(snapshot.about().skipped_regions["af-south-1"], "not enabled for this account");
        assert!(snapshot.gaps().is_empty());
    }
    // Without regional types there is nothing to find out.
    let users = Table::default().on("us-east-1", "iam:ListGroups", "", r#"{"Groups":[]}"#);
    let (_, calls) =
        collect_in(users, &Needs::of([("AWS::::Account", [])]), Regions::Named(["us-east-1".into()].into()));
    assert!(calls.is_empty(), "{calls:?}");
    let (_, account) = account(Table::default());
    let options = Options { regions: Regions::Enabled, ..Options::in_regions(REGIONS) };
    let error = block_on(run(&account, &catalog(), &needs, &options)).unwrap_err();
    assert!(matches!(error, CollectError::Regions(_)), "{error}");
}

#[test]
fn a_trail_that_all_regions_list_is_one_item_and_asked_for_once() {
    let trails = r#"{"trailList":[{"Name":"all","TrailARN":"arn:aws:cloudtrail:us-east-1:111122223333:trail/all",
        "HomeRegion":"us-east-1","IsMultiRegionTrail":true,"S3BucketName":"logs"}]}"#;
    let table = Table::default().on("", "cloudtrail:DescribeTrails", "", trails).on(
        "us-east-1",
        "cloudtrail:GetTrailStatus",
        "trail/all",
        r#"{"IsLogging":true}"#,
    );
    let (snapshot, calls) = collect(table, &Needs::of([("AWS::CloudTrail::Trail", ["TrailStatus"])]));
    assert_eq!(ids(&snapshot, "AWS::CloudTrail::Trail"), ["us-east-1 all"]);
    assert_eq!(calls.iter().filter(|call| call.contains("GetTrailStatus")).count(), 1, "{calls:#?}");
    let status = item(&snapshot, "all").pointer("/supplementaryConfiguration/TrailStatus/isLogging");
    assert_eq!(status, Some(&true.into()));
}

#[test]
fn a_trail_is_seen_from_regions_that_it_is_not_at_home_in() {
    let trails = r#"{"trailList":[{"Name":"all","TrailARN":"arn:aws:cloudtrail:us-east-1:111122223333:trail/all",
        "HomeRegion":"us-east-1","IsMultiRegionTrail":true}]}"#;
    let table = Table::default().on("eu-west-1", "cloudtrail:DescribeTrails", "", trails);
    let needs = Needs::of([("AWS::CloudTrail::Trail", [])]);
    let (snapshot, _) = collect_in(table, &needs, Regions::Named(["eu-west-1".to_owned()].into()));
    let trails: Vec<_> = snapshot.of_type_anywhere("111122223333", "AWS::CloudTrail::Trail").collect();
    assert_eq!(trails.len(), 1);
    assert_eq!(&*trails[0].key.region, "us-east-1");
    assert!(snapshot.gaps().is_empty());
}

#[test]
fn two_trails_of_one_name_and_home_are_two_items() {
    let trail = |account: &str| {
        format!(
            r#"{{"Name":"main","TrailARN":"arn:aws:cloudtrail:eu-west-1:{account}:trail/main","HomeRegion":"eu-west-1"}}"#
        )
    };
    // The organization's is everywhere, and the account's own is listed at home only.
    let (own, others) = (trail("111122223333"), trail("999988887777"));
    let others_arn = "arn:aws:cloudtrail:eu-west-1:999988887777:trail/main";
    for both in [format!("{own},{others}"), format!("{others},{own}")] {
        let table = Table::default()
            .on("eu-west-1", "cloudtrail:DescribeTrails", "", &format!(r#"{{"trailList":[{both}]}}"#))
            .on("us-east-1", "cloudtrail:DescribeTrails", "", &format!(r#"{{"trailList":[{others}]}}"#))
            .on("eu-west-1", "cloudtrail:GetTrailStatus", "111122223333", r#"{"IsLogging":true}"#)
            .fail("eu-west-1", "cloudtrail:GetTrailStatus", "999988887777", "AccessDenied");
        let (snapshot, _) = collect(table, &Needs::of([("AWS::CloudTrail::Trail", ["TrailStatus"])]));
        let expected = [format!("eu-west-1 {others_arn}"), "eu-west-1 main".to_owned()];
        assert_eq!(ids(&snapshot, "AWS::CloudTrail::Trail"), expected);
        let status = "/supplementaryConfiguration/TrailStatus";
        assert_eq!(item(&snapshot, "main").pointer(&format!("{status}/isLogging")), Some(&true.into()));
        let [gap] = item(&snapshot, others_arn).gaps.as_slice() else { panic!("one is denied") };
        assert_eq!((gap.path.as_str(), gap.reason.code.as_str()), (status, "AccessDenied"));
    }
}

#[test]
fn of_two_elements_of_one_id_that_nothing_tells_apart_nothing_is_known() {
    let summary = |status: &str| {
        format!(
            r#"{{"ComplianceType":"Association","ResourceId":"i-1","ResourceType":"ManagedInstance","Status":"{status}"}}"#
        )
    };
    let list = |a: &str, b: &str| format!(r#"{{"ResourceComplianceSummaryItems":[{},{}]}}"#, summary(a), summary(b));
    let table = Table::default()
        .on("eu-west-1", "ssm:ListResourceComplianceSummaries", "", &list("COMPLIANT", "NON_COMPLIANT"))
        .on("us-east-1", "ssm:ListResourceComplianceSummaries", "", &list("COMPLIANT", "COMPLIANT"));
    let (snapshot, _) = collect(table, &Needs::of([("AWS::SSM::AssociationCompliance", [])]));
    let id = "AWS::SSM::ManagedInstanceInventory/i-1";
    assert_eq!(
        ids(&snapshot, "AWS::SSM::AssociationCompliance"),
        [format!("eu-west-1 {id}"), format!("us-east-1 {id}")]
    );
    let gaps = snapshot.gaps();
    let paths: Vec<_> = gaps.iter().filter_map(|gap| gap.path.as_deref()).collect();
    assert_eq!(paths, ["/configuration", "/relationships"]);
    for gap in gaps {
        assert_eq!((gap.aws_region.as_str(), gap.resource_id.as_deref()), ("eu-west-1", Some(id)));
        assert!(gap.reason.message.contains("several resources of the id"), "{}", gap.reason);
    }
}

#[test]
fn secrets_are_digests_before_anything_else_sees_them() {
    let functions = r#"{"Functions":[{"FunctionName":"f","Environment":{"Variables":{"TOKEN":"canary","N":"1"}}}]}"#;
    let table = Table::default().on("", "lambda:ListFunctions", "", functions);
    let (snapshot, _) = collect(table, &Needs::of([("AWS::Lambda::Function", [])]));
    let variables = item(&snapshot, "f").pointer("/configuration/environment/variables").unwrap();
    assert_eq!(variables.get("TOKEN").unwrap().as_str(), Some(SecretKey::new([1; 32]).digest("canary").as_str()));
    let mut bytes = Vec::new();
    snapshot.write(&mut bytes).unwrap();
    assert!(!String::from_utf8(bytes).unwrap().contains("canary"));
}

const CLUSTERS: &str = r#"{"clusterArns":["arn:aws:ecs:eu-west-1:111122223333:cluster/a","arn:aws:ecs:eu-west-1:111122223333:cluster/b"]}"#;
const DESCRIBED: &str = r#"{"clusters":[
    {"clusterArn":"arn:aws:ecs:eu-west-1:111122223333:cluster/a","clusterName":"a","status":"ACTIVE"},
    {"clusterArn":"arn:aws:ecs:eu-west-1:111122223333:cluster/b","clusterName":"b","status":"ACTIVE"}]}"#;

fn clusters() -> Table {
    Table::default().on("us-east-1", "ecs:ListClusters", "", r#"{"clusterArns":[]}"#).on(
        "eu-west-1",
        "ecs:ListClusters",
        "",
        CLUSTERS,
    )
}

#[test]
fn children_are_listed_for_each_parent() {
    let table = clusters()
        .on("eu-west-1", "ecs:DescribeClusters", "", DESCRIBED)
        .on("eu-west-1", "ecs:ListServices", "cluster/a", r#"{"serviceArns":["arn:s1","arn:s2"]}"#)
        .fail("eu-west-1", "ecs:ListServices", "cluster/b", "ClusterNotFoundException")
        .on(
            "eu-west-1",
            "ecs:DescribeServices",
            "arn:s1",
            r#"{"services":[{"serviceArn":"arn:s1","serviceName":"s1","status":"ACTIVE"}],
                "failures":[{"arn":"arn:s2","reason":"MISSING"}]}"#,
        );
    let (snapshot, calls) = collect(table, &Needs::of([("AWS::ECS::Service", [])]));
    assert_eq!(ids(&snapshot, "AWS::ECS::Service"), ["eu-west-1 arn:s1"]);
    assert_eq!(ids(&snapshot, "AWS::ECS::Cluster"), ["eu-west-1 a", "eu-west-1 b"]);
    assert_eq!(calls.len(), 6, "{calls:#?}");
    assert!(snapshot.gaps().is_empty(), "{:?}", snapshot.gaps());
    for region in REGIONS {
        assert_eq!(snapshot.listing(&place(region, "AWS::ECS::Service")), Ok(()));
    }
}

#[test]
fn children_of_an_unknown_parent_are_a_gap() {
    let needs = Needs::of([("AWS::ECS::Service", [])]);
    let services = place("eu-west-1", "AWS::ECS::Service");
    // The parents cannot be listed.
    let table = Table::default().on("us-east-1", "ecs:ListClusters", "", r#"{"clusterArns":[]}"#).fail(
        "eu-west-1",
        "ecs:ListClusters",
        "",
        "AccessDeniedException",
    );
    let (snapshot, _) = collect(table, &needs);
    assert_eq!(snapshot.listing(&services).unwrap_err().operation, "ecs:ListClusters");
    assert_eq!(snapshot.listing(&place("us-east-1", "AWS::ECS::Service")), Ok(()));
    // They can be listed and not described.
    let table = clusters().fail("eu-west-1", "ecs:DescribeClusters", "", "AccessDeniedException");
    let (snapshot, _) = collect(table, &needs);
    assert_eq!(ids(&snapshot, "AWS::ECS::Cluster"), ["eu-west-1 a", "eu-west-1 b"]);
    assert!(item(&snapshot, "a").configuration.as_unreadable().is_some());
    assert_eq!(snapshot.listing(&services).unwrap_err().operation, "ecs:DescribeClusters");
    // One of them keeps its children to itself.
    let table = clusters()
        .on("eu-west-1", "ecs:DescribeClusters", "", DESCRIBED)
        .on("eu-west-1", "ecs:ListServices", "cluster/a", r#"{"serviceArns":["arn:s1"]}"#)
        .fail("eu-west-1", "ecs:ListServices", "cluster/b", "AccessDeniedException")
        .on(
            "eu-west-1",
            "ecs:DescribeServices",
            "",
            r#"{"services":[{"serviceArn":"arn:s1","serviceName":"s1","status":"ACTIVE"}]}"#,
        );
    let (snapshot, _) = collect(table, &needs);
    assert_eq!(ids(&snapshot, "AWS::ECS::Service"), ["eu-west-1 arn:s1"]);
    assert_eq!(snapshot.listing(&services).unwrap_err().code, "AccessDeniedException");
}

#[test]
fn an_element_that_the_batch_does_not_tell_is_unreadable_unless_it_is_gone() {
    let table = clusters().on(
        "eu-west-1",
        "ecs:DescribeClusters",
        "",
        r#"{"clusters":[],"failures":[{"arn":"arn:aws:ecs:eu-west-1:111122223333:cluster/a","reason":"MISSING"}]}"#,
    );
    let (snapshot, _) = collect(table, &Needs::of([("AWS::ECS::Cluster", [])]));
    assert_eq!(ids(&snapshot, "AWS::ECS::Cluster"), ["eu-west-1 b"]);
    assert_eq!(item(&snapshot, "b").configuration.as_unreadable().unwrap().code, code::MALFORMED);
}

const KEYS: &str = r#"{"Keys":[{"KeyId":"k1"},{"KeyId":"k2"},{"KeyId":"k3"}]}"#;

fn key(id: &str) -> String {
    format!(
        r#"{{"KeyMetadata":{{"KeyId":"{id}","Arn":"arn:aws:kms:eu-west-1:111122223333:key/{id}","KeyManager":"CUSTOMER",
            "KeySpec":"SYMMETRIC_DEFAULT","Origin":"AWS_KMS","KeyState":"Enabled"}}}}"#
    )
}

#[test]
fn an_element_that_cannot_be_described_is_an_item_without_facts() {
    let table = Table::default()
        .on("us-east-1", "kms:ListKeys", "", r#"{"Keys":[]}"#)
        .on("eu-west-1", "kms:ListKeys", "", KEYS)
        .on("eu-west-1", "kms:DescribeKey", "k1", &key("k1"))
        .fail("eu-west-1", "kms:DescribeKey", "k2", "AccessDeniedException")
        .fail("eu-west-1", "kms:DescribeKey", "k3", "NotFoundException")
        .on("eu-west-1", "kms:GetKeyRotationStatus", "k1", r#"{"KeyRotationEnabled":true}"#);
    let (snapshot, calls) = collect(table, &Needs::of([("AWS::KMS::Key", ["KeyRotationStatus"])]));
    assert_eq!(ids(&snapshot, "AWS::KMS::Key"), ["eu-west-1 k1", "eu-west-1 k2"]);
    let denied = item(&snapshot, "k2");
    assert_eq!(denied.configuration.as_unreadable().unwrap().operation, "kms:DescribeKey");
    // Whether it applies to the key at all is not known either.
    let rotation = denied.pointer("/supplementaryConfiguration/KeyRotationStatus").unwrap();
    assert_eq!(rotation.as_unreadable().unwrap().operation, "kms:DescribeKey");
    assert_eq!(calls.iter().filter(|call| call.contains("GetKeyRotationStatus")).count(), 1);
    assert_eq!(snapshot.listing(&place("eu-west-1", "AWS::KMS::Key")), Ok(()));
    let gaps: Vec<_> = snapshot.gaps().into_iter().filter_map(|gap| gap.path).collect();
    assert_eq!(gaps, ["/configuration", "/supplementaryConfiguration/KeyRotationStatus"]);
}

#[test]
fn a_part_that_one_call_tells_for_the_region_is_sorted_to_its_items() {
    let table = || {
        Table::default().on("us-east-1", "logs:DescribeLogGroups", "", r#"{"logGroups":[]}"#).on(
            "eu-west-1",
            "logs:DescribeLogGroups",
            "",
            r#"{"logGroups":[{"logGroupName":"a","arn":"arn:a:*"},{"logGroupName":"b","arn":"arn:b:*"}]}"#,
        )
    };
    let needs = Needs::of([("AWS::Logs::LogGroup", ["MetricFilters"])]);
    let told = table().on(
        "eu-west-1",
        "logs:DescribeMetricFilters",
        "",
        r#"{"metricFilters":[{"filterName":"x","logGroupName":"b"},{"filterName":"y","logGroupName":"b"}]}"#,
    );
    let (snapshot, calls) = collect(told, &needs);
    // A region without log groups is not asked for their filters.
    assert_eq!(calls.iter().filter(|call| call.contains("DescribeMetricFilters")).count(), 1, "{calls:#?}");
    let filters =
        |id: &str| item(&snapshot, id).pointer("/supplementaryConfiguration/MetricFilters").unwrap().to_string();
    assert_eq!(filters("a"), "[]");
    assert_eq!(filters("b"), r#"[{"FilterName":"x","LogGroupName":"b"},{"FilterName":"y","LogGroupName":"b"}]"#);
    let (snapshot, _) = collect(table().fail("", "logs:DescribeMetricFilters", "", "AccessDeniedException"), &needs);
    assert_eq!(snapshot.gaps().len(), 2);
}

#[test]
fn a_part_that_is_read_for_several_items_at_once_survives_one_that_is_gone() {
    let table = Table::default()
        .on("us-east-1", "elb:DescribeLoadBalancers", "", r#"{"LoadBalancerDescriptions":[]}"#)
        .on(
            "eu-west-1",
            "elb:DescribeLoadBalancers",
            "",
            r#"{"LoadBalancerDescriptions":[{"LoadBalancerName":"one"},{"LoadBalancerName":"two"}]}"#,
        )
        .fail("eu-west-1", "elb:DescribeTags", r#"["one","two"]"#, "LoadBalancerNotFound")
        .fail("eu-west-1", "elb:DescribeTags", r#"["one"]"#, "LoadBalancerNotFound")
        .on(
            "eu-west-1",
            "elb:DescribeTags",
            r#"["two"]"#,
            r#"{"TagDescriptions":[{"LoadBalancerName":"two","Tags":[{"Key":"k","Value":"v"}]}]}"#,
        );
    let descriptor = r#"
service: elb
types:
  - type: AWS::ElasticLoadBalancing::LoadBalancer
    scope: regional
    list: {operation: DescribeLoadBalancers, items: "LoadBalancerDescriptions[]"}
    id: "{LoadBalancerName}"
    tags: {part: Tags}
    parts:
      - name: Tags
        operation: DescribeTags
        batch: {ids: LoadBalancerNames, value: "{LoadBalancerName}", size: 20, items: "TagDescriptions[]", key: LoadBalancerName}
        take: Tags
        absent: {codes: [LoadBalancerNotFound]}
"#;
    let (_, account) = account(table);
    let catalog = Catalog::of_texts([("elb.yaml".into(), descriptor)], account.models()).unwrap();
    let mut needs = Needs::of([("AWS::ElasticLoadBalancing::LoadBalancer", [])]);
    needs.add_tags(&catalog);
    let snapshot = block_on(run(&account, &catalog, &needs, &Options::in_regions(REGIONS))).unwrap();
    assert_eq!(item(&snapshot, "two").tags.to_string(), r#"{"k":"v"}"#);
    assert_eq!(item(&snapshot, "one").tags.to_string(), "{}");
    assert!(snapshot.gaps().is_empty());
}

#[test]
fn a_code_that_may_mean_two_things_is_told_by_its_words() {
    let of = |said: &str| {
        let table = Table::default().fail("eu-west-1", "macie2:GetMacieSession", "", said);
        let needs = Needs::of([("AWS::::Account", ["MacieAdministrator", "MacieSession"])]);
        let (snapshot, calls) = collect(table, &needs);
        let here = calls.iter().filter(|call| call.starts_with("eu-west-1 macie2:")).count();
        let regional = snapshot.items().iter().find(|item| *item.key.region == *"eu-west-1").unwrap();
        (regional.supplementary_configuration.clone(), here)
    };
    let (facts, calls) = of("AccessDeniedException: Macie is not enabled.");
    let off = r#"{"MacieAdministrator":null,"MacieSession":null}"#;
    assert_eq!((facts.to_string().as_str(), calls), (off, 1), "who administers what is off is not asked");

    let (facts, _) = of(
        "AccessDeniedException: User: arn:aws:iam::111122223333:user/u is not authorized to perform: macie2:GetMacieSession",
    );
    for part in ["MacieAdministrator", "MacieSession"] {
        assert_eq!(facts.get(part).unwrap().as_unreadable().unwrap().code, "AccessDeniedException", "{part}");
    }
}

const USERS: &str = r#"{"UserDetailList":[{"UserName":"u","UserId":"AIDAU","Arn":"arn:aws:iam::111122223333:user/u"},
    {"UserName":"new","UserId":"AIDANEW","Arn":"arn:aws:iam::111122223333:user/new"}]}"#;

#[test]
fn the_credential_report_is_waited_for_once_and_given_to_all() {
    let report = "user,arn,user_creation_time,password_enabled,mfa_active\n\
        <root_account>,arn:aws:iam::111122223333:root,2020-01-01T00:00:00+00:00,not_supported,true\n\
        u,arn:aws:iam::111122223333:user/u,2020-01-01T00:00:00+00:00,true,false";
    let report = base64::engine::general_purpose::STANDARD.encode(report);
    let table = Table::default()
        .on("us-east-1", "iam:GetAccountAuthorizationDetails", "", USERS)
        .on("us-east-1", "iam:GenerateCredentialReport", "", r#"{"State":"COMPLETE"}"#)
        .on("us-east-1", "iam:GetCredentialReport", "", &format!(r#"{{"Content":"{report}"}}"#));
    let needs = Needs::of([("AWS::IAM::User", ["CredentialReport"]), ("AWS::::Account", ["CredentialReport"])]);
    let (snapshot, calls) = collect(table, &needs);
    assert_eq!(calls.iter().filter(|call| call.contains("CredentialReport")).count(), 2, "{calls:#?}");
    let row = |id: &str| item(&snapshot, id).pointer("/supplementaryConfiguration/CredentialReport").unwrap().clone();
    assert_eq!(row("AIDAU").get("mfa_active"), Some(&false.into()));
    assert_eq!(row("AIDANEW").as_unreadable().unwrap().code, code::NOT_FOUND);
    let root = &snapshot.of_type(&place("global", "AWS::::Account"))[0];
    assert_eq!(root.pointer("/supplementaryConfiguration/CredentialReport/mfa_active"), Some(&true.into()));

    let table = Table::default().on("us-east-1", "iam:GetAccountAuthorizationDetails", "", USERS).on(
        "us-east-1",
        "iam:GenerateCredentialReport",
        "",
        r#"{"State":"INPROGRESS"}"#,
    );
    let (table, account) = account(table);
    let snapshot = block_on(run(&account, &catalog(), &needs, &Options::in_regions(REGIONS))).unwrap();
    let row = item(&snapshot, "AIDAU").pointer("/supplementaryConfiguration/CredentialReport").unwrap();
    assert_eq!(row.as_unreadable().unwrap().code, code::TIMEOUT);
    assert!(*table.slept.lock().unwrap() > Duration::from_secs(10));
}

const TWO_TYPES: &str = r#"
service: ec2
types:
  - type: AWS::EC2::Volume
    scope: regional
    list: {operation: DescribeVolumes, items: "Volumes[]"}
    id: "{VolumeId}"
    relationships:
      - {type: AWS::EC2::Instance, each: "Attachments[]", id: "{InstanceId}", name: Is attached to Instance, inverse: Is attached to Volume}
  - type: AWS::EC2::Instance
    scope: regional
    list: {operation: DescribeInstances, items: "Reservations[].Instances[]"}
    id: "{InstanceId}"
"#;

#[test]
fn links_go_both_ways_and_are_unknown_where_the_other_could_not_tell() {
    let table = || {
        Table::default()
            .on("", "ec2:DescribeInstances", "", r#"{"Reservations":[{"Instances":[{"InstanceId":"i-1"}]}]}"#)
            .on(
                "eu-west-1",
                "ec2:DescribeVolumes",
                "",
                r#"{"Volumes":[{"VolumeId":"vol-1","Attachments":[{"InstanceId":"i-1"}]}]}"#,
            )
            .fail("us-east-1", "ec2:DescribeVolumes", "", "UnauthorizedOperation")
    };
    let collect = |needs: &Needs| {
        let (_, account) = account(table());
        let catalog = Catalog::of_texts([("ec2.yaml".into(), TWO_TYPES)], account.models()).unwrap();
        block_on(run(&account, &catalog, needs, &Options::in_regions(REGIONS))).unwrap()
    };
    let linked = |snapshot: &Snapshot, region: &str| -> Result<Vec<String>, String> {
        let items = snapshot.of_type(&place(region, "AWS::EC2::Instance"));
        let links = snapshot.links(&items[0], "AWS::EC2::Volume").map_err(|reason| reason.code.clone())?;
        Ok(links.map(|link| format!("{} {}", link.name, link.resource_id.as_ref().unwrap())).collect())
    };
    let snapshot = collect(&Needs::of([("AWS::EC2::Instance", []), ("AWS::EC2::Volume", [])]));
    assert_eq!(linked(&snapshot, "eu-west-1").unwrap(), ["Is attached to Volume vol-1"]);
    assert_eq!(linked(&snapshot, "us-east-1").unwrap_err(), "UnauthorizedOperation");
    // Nobody asked for volumes, so that an instance's are not known.
    let snapshot = collect(&Needs::of([("AWS::EC2::Instance", [])]));
    assert_eq!(linked(&snapshot, "eu-west-1").unwrap_err(), code::NOT_COLLECTED);
}

#[test]
fn links_that_a_part_tells_are_unknown_without_it() {
    let text = r#"
service: lambda
types:
  - type: AWS::Lambda::Function
    scope: regional
    list: {operation: ListFunctions, items: "Functions[]"}
    id: "{FunctionName}"
    parts:
      - {name: Configuration, operation: GetFunctionConfiguration, params: {FunctionName: "{FunctionName}"}}
    relationships:
      - {type: AWS::EC2::Volume, part: Configuration, id: "{Role}", name: "Has ", inverse: "Is of "}
"#;
    let table = || {
        Table::default()
            .on("", "lambda:ListFunctions", "", r#"{"Functions":[{"FunctionName":"f"}]}"#)
            .on("", "ec2:DescribeVolumes", "", r#"{"Volumes":[{"VolumeId":"vol-1"}]}"#)
            .on("eu-west-1", "lambda:GetFunctionConfiguration", "", r#"{"Role":"vol-1"}"#)
            .fail("us-east-1", "lambda:GetFunctionConfiguration", "", "AccessDeniedException")
    };
    let collect = |parts: &[&str]| {
        let (_, account) = account(table());
        let texts = [("lambda.yaml".into(), text), ("ec2.yaml".into(), TWO_TYPES)];
        let catalog = Catalog::of_texts(texts, account.models()).unwrap();
        let needs = Needs::of([("AWS::Lambda::Function", parts.to_vec()), ("AWS::EC2::Volume", vec![])]);
        block_on(run(&account, &catalog, &needs, &Options::in_regions(REGIONS))).unwrap()
    };
    let links = |snapshot: &Snapshot, region: &str, from: &str, to: &str| {
        let items = snapshot.of_type(&place(region, from));
        let links = snapshot.links(&items[0], to);
        links.map(Iterator::count).map_err(|reason| reason.code.clone())
    };
    let (function, volume) = ("AWS::Lambda::Function", "AWS::EC2::Volume");
    let snapshot = collect(&["Configuration"]);
    assert_eq!(links(&snapshot, "eu-west-1", function, volume), Ok(1));
    assert_eq!(links(&snapshot, "eu-west-1", volume, function), Ok(1));
    assert_eq!(links(&snapshot, "us-east-1", function, volume), Err("AccessDeniedException".into()));
    assert_eq!(links(&snapshot, "us-east-1", volume, function), Err("AccessDeniedException".into()));
    let snapshot = collect(&[]);
    assert_eq!(links(&snapshot, "eu-west-1", function, volume), Err(code::NOT_COLLECTED.into()));
    assert_eq!(links(&snapshot, "eu-west-1", volume, function), Err(code::NOT_COLLECTED.into()));
}

fn wanted(needs: &[(&str, Needs)]) -> BTreeMap<String, Needs> {
    needs.iter().map(|(rule, needs)| ((*rule).to_owned(), needs.clone())).collect()
}

#[test]
fn a_plan_tells_every_call_and_its_permission() {
    let models = Models::builtin();
    let regions = Regions::Enabled;
    let wanted = wanted(&[
        ("volumes", Needs::of([("AWS::EC2::Volume", [])])),
        ("policies", Needs::of([("AWS::S3::Bucket", ["BucketPolicy", "ServerSideEncryptionConfiguration"])])),
    ]);
    let plan = Plan::new(&catalog(), &models, &wanted, &regions).unwrap();
    let steps: Vec<String> = plan.steps().iter().map(ToString::to_string).collect();
    assert_eq!(
        steps,
        [
            "ec2:DescribeRegions once",
            "ec2:DescribeVolumes once a region",
            "s3:GetBucketEncryption for each AWS::S3::Bucket",
            "s3:GetBucketPolicy for each AWS::S3::Bucket",
            "s3:ListBuckets once a region",
            "sts:GetCallerIdentity once",
        ]
    );
    let permissions = Permissions::of(&plan);
    let actions: Vec<_> = permissions.actions().keys().collect();
    assert_eq!(
        actions,
        [
            "ec2:DescribeRegions",
            "ec2:DescribeVolumes",
            "s3:GetBucketPolicy",
            "s3:GetEncryptionConfiguration",
            "s3:ListAllMyBuckets",
        ]
    );
    assert_eq!(permissions.actions()["ec2:DescribeRegions"].len(), 2);
    assert_eq!(permissions.actions()["s3:GetBucketPolicy"].iter().collect::<Vec<_>>(), ["policies"]);
    let policy: Value = serde_json::from_str(&permissions.policy()).unwrap();
    assert_eq!(policy.pointer("/Statement/0/Effect").unwrap().as_str(), Some("Allow"));
    assert_eq!(policy.pointer("/Statement/0/Action").unwrap().as_array().unwrap().len(), 5);
    let counts = Counts {
        regions: 2,
        items: [("AWS::EC2::Volume".to_owned(), 750), ("AWS::S3::Bucket".to_owned(), 3)].into(),
        elements: BTreeMap::new(),
    };
    // One for whose account it is, one for the regions, 2 + 15 pages of volumes, 2 listings of buckets, 2 × 3 parts.
    assert_eq!(plan.bound(&counts), 1 + 1 + 17 + 2 + 6);
}

#[test]
fn no_more_is_called_than_the_plan_says() {
    let needs = Needs::of([
        ("AWS::ECS::Service", vec![]),
        ("AWS::KMS::Key", vec!["KeyRotationStatus", "Policy", "Tags", "Aliases"]),
        ("AWS::Config::ConfigurationRecorder", vec!["Recording", "RecorderStatus"]),
        ("AWS::IAM::User", vec!["CredentialReport"]),
    ]);
    let table = clusters()
        .on("eu-west-1", "ecs:DescribeClusters", "", DESCRIBED)
        .on("eu-west-1", "ecs:ListServices", "cluster/a", r#"{"serviceArns":["arn:s1"]}"#)
        .on("eu-west-1", "ecs:ListServices", "cluster/b", r#"{"serviceArns":["arn:s2"]}"#)
        .on(
            "",
            "ecs:DescribeServices",
            "",
            r#"{"services":[{"serviceArn":"arn:s1","status":"ACTIVE"},{"serviceArn":"arn:s2","status":"ACTIVE"}]}"#,
        )
        .on("us-east-1", "kms:ListKeys", "", r#"{"Keys":[]}"#)
        .on("eu-west-1", "kms:ListKeys", "", r#"{"Keys":[{"KeyId":"k1"}]}"#)
        .on("", "kms:DescribeKey", "", &key("k1"))
        .on("", "config:DescribeConfigurationRecorders", "", r#"{"ConfigurationRecorders":[{"name":"default"}]}"#)
        .on("", "iam:GetAccountAuthorizationDetails", "", USERS)
        .on("", "iam:GenerateCredentialReport", "", r#"{"State":"COMPLETE"}"#);
    let (snapshot, calls) = collect(table, &needs);
    let regions = Regions::Named(REGIONS.map(str::to_owned).into());
    let plan = Plan::new(&catalog(), &Models::builtin(), &wanted(&[("all", needs)]), &regions).unwrap();
    let counts = Counts::of(&catalog(), &snapshot);
    for (operation, made) in &snapshot.about().requests {
        let steps = plan.steps().iter().filter(|step| format!("{}:{}", step.service, step.operation) == *operation);
        let bound: u64 = steps.map(|step| step.bound(&counts)).sum();
        assert!(*made <= bound, "{operation} was called {made} times, planned {bound}: {calls:#?}");
    }
}

#[test]
fn the_same_account_gives_the_same_bytes() {
    let bytes = || {
        let table = Table::default()
            .on("", "ec2:DescribeVolumes", "", r#"{"Volumes":[{"VolumeId":"vol-2"},{"VolumeId":"vol-1"}]}"#)
            .on("eu-west-1", "s3:ListBuckets", "", BUCKETS)
            .fail("us-east-1", "s3:ListBuckets", "", "AccessDenied");
        let mut needs = Needs::of([("AWS::EC2::Volume", [])]);
        needs.add("AWS::S3::Bucket", Parts::All);
        let (_, account) = account(table);
        let clock: Arc<dyn Fn() -> Timestamp + Send + Sync> = Arc::new(|| Timestamp::UNIX_EPOCH);
        let options = Options { clock, ..Options::in_regions(REGIONS) };
        let snapshot = block_on(run(&account, &catalog(), &needs, &options)).unwrap();
        let mut bytes = Vec::new();
        snapshot.write(&mut bytes).unwrap();
        bytes
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn what_is_not_known_is_refused_before_any_call() {
    let (table, account) = account(Table::default());
    let needs = Needs::of([("AWS::EC2::Volumes", [])]);
    let error = block_on(run(&account, &catalog(), &needs, &Options::in_regions(REGIONS))).unwrap_err();
    assert_eq!(error.to_string(), "there is no resource type `AWS::EC2::Volumes`; did you mean `AWS::EC2::Volume`?");
    assert!(table.calls.lock().unwrap().is_empty());
}

#[test]
fn a_full_inventory_asks_for_everything() {
    let catalog = catalog();
    let models = Models::builtin();
    let everything = wanted(&[("all", Needs::everything(&catalog))]);
    let plan = Plan::new(&catalog, &models, &everything, &Regions::Enabled).unwrap();
    let planned: BTreeSet<String> =
        plan.steps().iter().map(|step| format!("{}:{}", step.service, step.operation)).collect();
    for call in catalog.iter().flat_map(|descriptor| descriptor.calls()) {
        assert!(planned.contains(&call.to_string()), "{call} is not in the plan");
    }
    assert!(plan.steps().iter().all(|step| step.iam_actions.is_empty() == (step.service == "sts")));
}
