//! `assize explain alarm-path`: the way from an event to a person, with each of its links broken in turn, and unread.

use serde_json::{Value as Json, json};

use crate::common::{Folder, Ran};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:security";

/// An account in which somebody is notified when the root user signs in.
fn account() -> Vec<Json> {
    let item = |kind: &str, id: &str, region: &str, arn: Option<&str>, configuration: Json, supplementary: Json| {
        json!({
            "configurationItemVersion": "1.3", "configurationItemCaptureTime": "2026-01-02T03:04:05.678Z",
            "configurationStateId": 1, "configurationStateMd5Hash": "", "configurationItemStatus": "ResourceDiscovered",
            "awsAccountId": "111122223333", "awsRegion": region, "resourceType": kind, "resourceId": id,
            "resourceName": id.rsplit(':').next(), "ARN": arn, "tags": {}, "relatedEvents": [], "relationships": [],
            "configuration": configuration, "supplementaryConfiguration": supplementary,
        })
    };
    let group = "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*";
    let pattern = "{ $.userIdentity.type = \"Root\" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != \"AwsServiceEvent\" }";
    vec![
        item("AWS::::Account", "111122223333", "global", None, json!({}), json!({})),
        item(
            "AWS::CloudTrail::Trail",
            "main",
            "eu-west-1",
            None,
            json!({"isMultiRegionTrail": true, "cloudWatchLogsLogGroupArn": group}),
            json!({"TrailStatus": {"isLogging": true}}),
        ),
        item(
            "AWS::Logs::LogGroup",
            "trail",
            "eu-west-1",
            Some(group),
            json!({"LogGroupName": "trail"}),
            json!({"MetricFilters": [{
                "FilterName": "root",
                "FilterPattern": pattern,
                "MetricTransformations": [{"MetricNamespace": "Security", "MetricName": "Root"}],
            }]}),
        ),
        item(
            "AWS::CloudWatch::Alarm",
            "root-sign-in",
            "eu-west-1",
            None,
            json!({"namespace": "Security", "metricName": "Root", "actionsEnabled": true, "alarmActions": [TOPIC]}),
            json!({}),
        ),
        item(
            "AWS::SNS::Topic",
            TOPIC,
            "eu-west-1",
            Some(TOPIC),
            json!({}),
            json!({"Subscriptions": [{"Protocol": "email", "PendingConfirmation": false}]}),
        ),
    ]
}

/// In the order of a snapshot's listings: by region, then by type.
const TYPES: [&str; 5] =
    ["AWS::CloudTrail::Trail", "AWS::CloudWatch::Alarm", "AWS::Logs::LogGroup", "AWS::SNS::Topic", "AWS::::Account"];

/// A snapshot with these items, in which everything was listed but what `gaps` names.
fn snapshot(items: &[Json], gaps: &[Json]) -> String {
    let region = |kind: &str| if kind == "AWS::::Account" { "global" } else { "eu-west-1" };
    let is_listed =
        |kind: &&str| !gaps.iter().any(|gap| gap["resourceType"] == **kind && gap.get("resourceId").is_none());
    let listings = TYPES.iter().filter(|kind| is_listed(kind));
    let listings =
        listings.map(|kind| json!({"accountId": "111122223333", "awsRegion": region(kind), "resourceType": kind}));
    let head = json!({
        "format": "assize-snapshot", "version": 1, "items": items.len(), "capturedAt": "2026-01-02T03:04:05.678Z",
        "durationMs": 0, "source": "account", "accounts": ["111122223333"], "regions": ["eu-west-1"], "skippedRegions": {},
        "requests": {}, "listings": listings.collect::<Vec<_>>(), "gaps": gaps,
    });
    let lines: Vec<String> = std::iter::once(&head).chain(items).map(Json::to_string).collect();
    lines.join("\n") + "\n"
}

/// What is said of the account after a change of one place in it.
fn told(folder: &Folder, items: &[Json], gaps: &[Json], arguments: &[&str]) -> Ran {
    folder.write("account.jsonl", snapshot(items, gaps));
    folder.assize(&[&["explain", "alarm-path", "--snapshot", "account.jsonl"], arguments].concat())
}

fn changed(place: &str, value: Json) -> Vec<Json> {
    let mut items = json!(account());
    *items.pointer_mut(place).unwrap_or_else(|| panic!("{place} is there")) = value;
    items.as_array().expect("a list").clone()
}

#[test]
fn an_unbroken_way_is_told_with_what_was_read() {
    let folder = Folder::new();
    let ran = told(&folder, &account(), &[], &[]);
    assert_eq!(ran.code(), 0, "{ran}");
    insta::assert_snapshot!(ran);
}

#[test]
fn the_first_broken_link_is_named() {
    let folder = Folder::new();
    let breaks = [
        (
            "/1/supplementaryConfiguration/TrailStatus/isLogging",
            json!(false),
            "link 1 of 6, the trail",
            "no multi-region trail",
        ),
        (
            "/1/configuration/cloudWatchLogsLogGroupArn",
            json!(""),
            "link 2 of 6, the log group",
            "does not deliver to a log group",
        ),
        (
            "/2/supplementaryConfiguration/MetricFilters",
            json!([]),
            "link 3 of 6, the metric filter",
            "no metric filter of log group trail",
        ),
        (
            "/3/configuration/metricName",
            json!("Other"),
            "link 4 of 6, the alarm",
            "no alarm watches metric Security/Root",
        ),
        ("/3/configuration/actionsEnabled", json!(false), "link 4 of 6, the alarm", "has its actions switched off"),
        ("/3/configuration/alarmActions", json!([]), "link 5 of 6, the topic", "notifies no SNS topic"),
        (
            "/3/configuration/alarmActions",
            json!([format!("{TOPIC}-gone")]),
            "link 5 of 6, the topic",
            "that does not exist",
        ),
        (
            "/4/supplementaryConfiguration/Subscriptions/0/PendingConfirmation",
            json!(true),
            "link 6 of 6, the subscription",
            "no confirmed subscription",
        ),
    ];
    for (place, value, link, reason) in breaks {
        let ran = told(&folder, &changed(place, value), &[], &[]);
        assert_eq!(ran.code(), 1, "{place}: {ran}");
        let plain = ran.stdout().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain.contains(&format!("the way breaks at {link}.")) && plain.contains(reason), "{place}: {ran}");
    }
    let broken = changed("/4/supplementaryConfiguration/Subscriptions/0/PendingConfirmation", json!(true));
    insta::assert_snapshot!("the subscription is not confirmed", told(&folder, &broken, &[], &[]));
}

#[test]
fn a_link_that_could_not_be_read_is_not_called_broken() {
    let folder = Folder::new();
    let without = |place: &str, operation: &str| {
        let (at, path) = place[1..].split_once('/').expect("a place in an item");
        let mut items = changed(place, Json::Null);
        let item = &mut items[at.parse::<usize>().expect("the number of an item")];
        let (section, member) = path.split_once('/').expect("a member of a section");
        item[section].as_object_mut().expect("a section").remove(member);
        item["gaps"] = json!([{
            "path": format!("/{path}"), "operation": operation, "action": operation, "code": "AccessDenied", "message": "not allowed",
        }]);
        items
    };
    for (kind, place, operation, link) in [
        ("AWS::CloudTrail::Trail", None, "cloudtrail:DescribeTrails", "the trail, link 1 of 6"),
        (
            "AWS::CloudTrail::Trail",
            Some("/1/supplementaryConfiguration/TrailStatus"),
            "cloudtrail:GetTrailStatus",
            "the trail, link 1 of 6",
        ),
        ("AWS::Logs::LogGroup", None, "logs:DescribeLogGroups", "the log group, link 2 of 6"),
        (
            "AWS::Logs::LogGroup",
            Some("/2/supplementaryConfiguration/MetricFilters"),
            "logs:DescribeMetricFilters",
            "the metric filter, link 3 of 6",
        ),
        ("AWS::CloudWatch::Alarm", None, "cloudwatch:DescribeAlarms", "the alarm, link 4 of 6"),
        ("AWS::SNS::Topic", None, "sns:ListTopics", "the topic, link 5 of 6"),
        (
            "AWS::SNS::Topic",
            Some("/4/supplementaryConfiguration/Subscriptions"),
            "sns:ListSubscriptionsByTopic",
            "the subscription, link 6 of 6",
        ),
    ] {
        let gap = json!({
            "accountId": "111122223333", "awsRegion": "eu-west-1", "resourceType": kind,
            "operation": operation, "action": operation, "code": "AccessDenied", "message": "not allowed",
        });
        let ran = if let Some(place) = place {
            told(&folder, &without(place, operation), &[], &[])
        } else {
            let rest: Vec<Json> = account().into_iter().filter(|item| item["resourceType"] != kind).collect();
            told(&folder, &rest, &[gap], &[])
        };
        assert_eq!(ran.code(), 3, "{operation}: {ran}");
        let plain = ran.stdout().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain.contains(&format!("cannot be told: {link}, could not be read")), "{operation}: {ran}");
        assert!(plain.contains(operation) && !plain.contains("broken"), "{operation}: {ran}");
    }
    let filters = without("/2/supplementaryConfiguration/MetricFilters", "logs:DescribeMetricFilters");
    insta::assert_snapshot!("the filters could not be read", told(&folder, &filters, &[], &[]));
}

#[test]
fn every_kind_of_event_of_the_benchmark_has_a_pattern_that_counts_it() {
    // The benchmark's own patterns (controls 4.1 to 4.15), shortened to two of their events where there are many.
    let folder = Folder::new();
    let calls = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| format!("($.eventName = {name})")).collect();
        format!("{{ {} }}", names.join(" || "))
    };
    for (kind, pattern) in [
        ("root-sign-in", "{ $.userIdentity.type = \"Root\" && $.eventType != \"AwsServiceEvent\" }".to_owned()),
        ("unauthorized-calls", "{ ($.errorCode = \"*UnauthorizedOperation\") || ($.errorCode = \"AccessDenied*\") }".to_owned()),
        ("sign-in-without-mfa", "{ ($.eventName = \"ConsoleLogin\") && ($.additionalEventData.MFAUsed != \"Yes\") }".to_owned()),
        ("failed-sign-ins", "{ ($.eventName = ConsoleLogin) && ($.errorMessage = \"Failed authentication\") }".to_owned()),
        ("key-deletion", "{ ($.eventSource = kms.amazonaws.com) && (($.eventName = DisableKey) || ($.eventName = ScheduleKeyDeletion)) }".to_owned()),
        ("trail-changes", calls(&["CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"])),
        ("config-changes", "{ ($.eventSource = config.amazonaws.com) && ($.readOnly IS FALSE) }".to_owned()),
        ("vpc-changes", "{ ($.eventName = \"*Vpc*\") || ($.eventName = \"*ClassicLink*\") }".to_owned()),
    ] {
        let items = changed("/2/supplementaryConfiguration/MetricFilters/0/FilterPattern", json!(pattern));
        let ran = told(&folder, &items, &[], &[kind]);
        assert_eq!(ran.code(), 0, "{kind}: {ran}");
    }
    // Every kind is known, and a filter of nothing in particular counts none of them.
    let items = changed("/2/supplementaryConfiguration/MetricFilters/0/FilterPattern", json!(""));
    for kind in [
        "root-sign-in",
        "unauthorized-calls",
        "sign-in-without-mfa",
        "iam-policy-changes",
        "trail-changes",
        "failed-sign-ins",
        "key-deletion",
        "bucket-policy-changes",
        "config-changes",
        "security-group-changes",
        "network-acl-changes",
        "gateway-changes",
        "route-table-changes",
        "vpc-changes",
        "organization-changes",
    ] {
        assert_eq!(told(&folder, &items, &[], &[kind]).code(), 1, "{kind}");
    }
}

#[test]
fn events_that_some_filters_count_and_others_do_not_are_told_apart() {
    let folder = Folder::new();
    let pattern = json!("{ ($.eventName = StopLogging) || ($.eventName = DeleteTrail) }");
    let items = changed("/2/supplementaryConfiguration/MetricFilters/0/FilterPattern", pattern);
    let ran = told(&folder, &items, &[], &["trail-changes"]);
    assert_eq!(ran.code(), 1, "{ran}");
    insta::assert_snapshot!(ran);
}

#[test]
fn a_pattern_and_an_event_of_ones_own_are_looked_for() {
    let folder = Folder::new();
    let same =
        "{ ($.eventType != AwsServiceEvent) && ($.userIdentity.invokedBy NOT EXISTS) && ($.userIdentity.type = Root) }";
    assert_eq!(told(&folder, &account(), &[], &["--pattern", same]).code(), 0);
    let other = told(&folder, &account(), &[], &["--pattern", "{ $.userIdentity.type = Root }"]);
    assert_eq!(other.code(), 1, "{other}");
    insta::assert_snapshot!("a pattern that is none", told(&folder, &account(), &[], &["--pattern", "{ $.a = }"]));

    let event = |kind: &str| json!({"eventName": "ConsoleLogin", "eventType": "AwsConsoleSignIn", "userIdentity": {"type": kind}});
    folder.write("root.json", event("Root").to_string());
    assert_eq!(told(&folder, &account(), &[], &["--event", "root.json"]).code(), 0);
    folder.write("log.json", json!({"Records": [event("Root"), event("IAMUser")]}).to_string());
    let both = told(&folder, &account(), &[], &["--event", "log.json"]);
    assert_eq!(both.code(), 1, "{both}");
    assert!(
        both.stdout().contains("1 event: ConsoleLogin 1") && both.stdout().contains("1 event: ConsoleLogin 2"),
        "{both}"
    );
    folder.write("none.json", "[1]");
    insta::assert_snapshot!("a file without an event", told(&folder, &account(), &[], &["--event", "none.json"]));
}

#[test]
fn a_snapshot_without_the_account_says_so() {
    let folder = Folder::new();
    let rest: Vec<Json> = account().into_iter().filter(|item| item["resourceType"] != "AWS::::Account").collect();
    insta::assert_snapshot!(told(&folder, &rest, &[], &[]));
}

/// The demonstration's account has a root sign-in alarm with a defect; the store and the recording tell the same.
#[test]
fn the_store_and_the_demonstration_tell_the_same() {
    let folder = Folder::new();
    let demo = folder.assize(&["explain", "alarm-path", "--demo"]);
    assert!([1, 3].contains(&demo.code()), "{demo}");
    folder.assize(&["scan", "--demo", "--store", "a.db", "--fail-on", "never"]);
    let store = folder.assize(&["explain", "alarm-path", "--store", "a.db"]);
    let without_time = |ran: &Ran| ran.stdout().lines().skip(1).collect::<Vec<_>>().join("\n");
    assert_eq!(without_time(&demo), without_time(&store));
}
