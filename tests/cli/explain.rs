//! `assize explain alarm-path`: the way from an event to a person, with each of its links broken in turn, and unread.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use serde_json::{Value as Json, json};

use crate::common::{Folder, Ran, assize};

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
            json!({
                "TrailStatus": {"isLogging": true},
                "EventSelectors": {
                    "eventSelectors": [{"readWriteType": "All", "includeManagementEvents": true, "excludeManagementEventSources": []}],
                    "advancedEventSelectors": [],
                },
            }),
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
                "MetricTransformations": [{"MetricNamespace": "Security", "MetricName": "Root", "MetricValue": "1"}],
            }]}),
        ),
        item(
            "AWS::CloudWatch::Alarm",
            "root-sign-in",
            "eu-west-1",
            None,
            json!({
                "namespace": "Security", "metricName": "Root", "dimensions": [], "statistic": "Sum", "period": 300,
                "evaluationPeriods": 1, "threshold": 1.0, "comparisonOperator": "GreaterThanOrEqualToThreshold",
                "actionsEnabled": true, "alarmActions": [TOPIC],
            }),
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
            "/1/supplementaryConfiguration/EventSelectors/eventSelectors/0/readWriteType",
            json!("ReadOnly"),
            "link 1 of 6, the trail",
            "trail main does not record sign-ins of the root user",
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
        ("/3/configuration/threshold", json!(2.0), "link 4 of 6, the alarm", "does not ring when it happens once"),
        (
            "/3/configuration/dimensions",
            json!([{"name": "Region", "value": "eu-west-1"}]),
            "link 4 of 6, the alarm",
            "one of the two has dimensions",
        ),
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
        (
            "AWS::CloudTrail::Trail",
            Some("/1/supplementaryConfiguration/EventSelectors"),
            "cloudtrail:GetEventSelectors",
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

/// How the benchmark writes a pattern: in its own words, or as any of the calls, of one service or of whichever has them.
enum Pattern {
    Text(&'static str),
    Calls,
    CallsOf(&'static str),
}

/// The pattern that the benchmark gives for each kind of event, and the names of what it counts, in the order of its controls
/// 4.1 to 4.15. Of 4.1 it is the form of its version 1.4 and of AWS Security Hub; later ones leave out more.
const BENCHMARK: [(&str, Pattern, &str); 15] = [
    (
        "unauthorized-calls",
        Pattern::Text(r#"{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }"#),
        "AccessDenied UnauthorizedOperation",
    ),
    (
        "sign-in-without-mfa",
        Pattern::Text(r#"{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }"#),
        "ConsoleLogin",
    ),
    (
        "root-sign-in",
        Pattern::Text(
            r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }"#,
        ),
        "ConsoleLogin",
    ),
    (
        "iam-policy-changes",
        Pattern::Calls,
        "DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy PutUserPolicy \
         CreatePolicy DeletePolicy CreatePolicyVersion DeletePolicyVersion AttachRolePolicy DetachRolePolicy \
         AttachUserPolicy DetachUserPolicy AttachGroupPolicy DetachGroupPolicy",
    ),
    ("trail-changes", Pattern::Calls, "CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging"),
    (
        "failed-sign-ins",
        Pattern::Text(r#"{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }"#),
        "ConsoleLogin",
    ),
    ("key-deletion", Pattern::CallsOf("kms"), "DisableKey ScheduleKeyDeletion"),
    (
        "bucket-policy-changes",
        Pattern::CallsOf("s3"),
        "PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication \
         DeleteBucketPolicy DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication",
    ),
    (
        "config-changes",
        Pattern::CallsOf("config"),
        "StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel PutConfigurationRecorder",
    ),
    (
        "security-group-changes",
        Pattern::Calls,
        "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress \
         RevokeSecurityGroupEgress CreateSecurityGroup DeleteSecurityGroup",
    ),
    (
        "network-acl-changes",
        Pattern::Calls,
        "CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry ReplaceNetworkAclEntry \
         ReplaceNetworkAclAssociation",
    ),
    (
        "gateway-changes",
        Pattern::Calls,
        "CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway \
         DeleteInternetGateway DetachInternetGateway",
    ),
    (
        "route-table-changes",
        Pattern::Calls,
        "CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable DeleteRoute \
         DisassociateRouteTable",
    ),
    (
        "vpc-changes",
        Pattern::Calls,
        "CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection CreateVpcPeeringConnection \
         DeleteVpcPeeringConnection RejectVpcPeeringConnection AttachClassicLinkVpc DetachClassicLinkVpc \
         DisableVpcClassicLink EnableVpcClassicLink",
    ),
    (
        "organization-changes",
        Pattern::CallsOf("organizations"),
        "AcceptHandshake AttachPolicy CreateAccount CreateOrganizationalUnit CreatePolicy DeclineHandshake \
         DeleteOrganization DeleteOrganizationalUnit DeletePolicy DetachPolicy DisablePolicyType \
         EnablePolicyType InviteAccountToOrganization LeaveOrganization MoveAccount \
         RemoveAccountFromOrganization UpdatePolicy UpdateOrganizationalUnit",
    ),
];

impl Pattern {
    fn text(&self, names: &str) -> String {
        let names = names.split(' ').map(|name| format!("($.eventName = {name})"));
        let any = names.collect::<Vec<_>>().join(" || ");
        match self {
            Self::Text(text) => (*text).to_owned(),
            Self::Calls => format!("{{ {any} }}"),
            Self::CallsOf(service) => format!("{{ ($.eventSource = {service}.amazonaws.com) && ({any}) }}"),
        }
    }
}

/// The kinds of event that the command knows, by its own words.
fn kinds() -> Vec<String> {
    let refused = assize(&["explain", "alarm-path", "no-such-kind"]);
    let (_, values) = refused.stderr().split_once("[possible values: ").expect("it names them");
    let (values, _) = values.split_once(']').expect("they end");
    values.split(", ").map(str::to_owned).collect()
}

#[test]
fn an_error_in_one_account_keeps_no_other_from_being_told_of() {
    let folder = Folder::new();
    let ask = |own: &[Json], arguments: &[&str]| {
        let mut others = account();
        for item in &mut others {
            item["awsAccountId"] = json!("444455556666");
        }
        others[0]["resourceId"] = json!("444455556666");
        // No answer of AWS is like this: a rule can only fail on it.
        others[1]["configuration"]["isMultiRegionTrail"] = json!("yes");
        let text = snapshot(&[own, &others].concat(), &[]);
        let (head, rest) = text.split_once('\n').expect("a head");
        let mut head: Json = serde_json::from_str(head).expect("the head is JSON");
        head["accounts"] = json!(["111122223333", "444455556666"]);
        let of_other = head["listings"].as_array().expect("a list").clone().into_iter().map(|mut listing| {
            listing["accountId"] = json!("444455556666");
            listing
        });
        head["listings"].as_array_mut().expect("a list").extend(of_other);
        folder.write("accounts.jsonl", format!("{head}\n{rest}"));
        folder.assize(&[&["explain", "alarm-path", "--snapshot", "accounts.jsonl"], arguments].concat())
    };
    let ran = ask(&account(), &[]);
    assert_eq!(ran.code(), 3, "{ran}");
    let (first, second) = ran.stdout().split_once("in account 444455556666").expect("both are told of");
    assert!(first.contains("Somebody is notified."), "{ran}");
    assert!(second.contains("Whether somebody is notified cannot be told: the way cannot be followed: "), "{ran}");
    let json = ask(&account(), &["-f", "json"]);
    assert_eq!(json.code(), 3, "{json}");
    let told = json.json()["accounts"].clone();
    assert_eq!((&told[0]["notified"], &told[0]["error"]), (&json!(true), &Json::Null), "{json}");
    assert_eq!(
        (&told[1]["notified"], &told[1]["ways"], &told[1]["gap"]),
        (&Json::Null, &json!([]), &Json::Null),
        "{json}"
    );
    assert!(told[1]["error"].as_str().is_some_and(|error| error.contains("bool")), "{json}");
    // What is broken is, whatever failed beside it.
    assert_eq!(ask(&changed("/3/configuration/actionsEnabled", json!(false)), &[]).code(), 1);
}

/// The rule that asks for an alarm on the kind of event.
fn rule_of(kind: &str) -> String {
    if kind == "root-sign-in" { "root-login-alarm".to_owned() } else { format!("{kind}-alarm") }
}

/// The rules on alarms with which the account complies. There is one for each kind of event, and each is judged.
fn compliant(folder: &Folder) -> Vec<String> {
    let report = folder.assize(&["evaluate", "account.jsonl", "--rule", "*-alarm", "--format", "json"]).json();
    let evaluations = report["evaluations"].as_array().expect("evaluations");
    let answers: Vec<(String, &str)> = evaluations
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().expect("a text");
            (text("rule").to_owned(), text("complianceType"))
        })
        .collect();
    let mut rules: Vec<String> = answers.iter().map(|(rule, _)| rule.clone()).collect();
    let mut expected: Vec<String> = kinds().iter().map(|kind| rule_of(kind)).collect();
    rules.sort();
    expected.sort();
    assert_eq!(rules, expected, "a kind of event has no rule, or none of its answers");
    answers.into_iter().filter(|(_, answer)| *answer == "COMPLIANT").map(|(rule, _)| rule).collect()
}

#[test]
fn the_benchmarks_pattern_for_each_kind_of_event_counts_all_of_it() {
    let folder = Folder::new();
    let mut known = kinds();
    known.sort();
    let mut named: Vec<&str> = BENCHMARK.iter().map(|(kind, ..)| *kind).collect();
    named.sort_unstable();
    assert_eq!(known, named, "a kind of event has no pattern here");
    let with = |pattern: &str| {
        let items = changed("/2/supplementaryConfiguration/MetricFilters/0/FilterPattern", json!(pattern));
        folder.write("account.jsonl", snapshot(&items, &[]));
    };
    let next = BENCHMARK.iter().cycle().skip(1);
    for ((kind, pattern, names), (other, ..)) in BENCHMARK.iter().zip(next) {
        with(&pattern.text(names));
        let ran = folder.assize(&["explain", "alarm-path", kind, "--snapshot", "account.jsonl", "--format", "json"]);
        assert_eq!(ran.code(), 0, "{kind}: {ran}");
        let ways = ran.json()["accounts"][0]["ways"].clone();
        let mut told: Vec<&str> =
            ways.as_array().expect("ways").iter().map(|way| way["event"].as_str().expect("a name")).collect();
        let mut events: Vec<&str> = names.split(' ').collect();
        told.sort_unstable();
        events.sort_unstable();
        assert_eq!(told, events, "{kind}");
        // The pattern of another kind does not do.
        let ran = folder.assize(&["explain", "alarm-path", other, "--snapshot", "account.jsonl"]);
        assert_eq!(ran.code(), 1, "the pattern of {kind} for {other}: {ran}");
        // The rules look for the same: of the pattern's kind, and of no other.
        assert_eq!(compliant(&folder), [rule_of(kind)], "{kind}");
    }
    // A filter of everything is one for nothing in particular.
    with("");
    for (kind, ..) in &BENCHMARK {
        let ran = folder.assize(&["explain", "alarm-path", kind, "--snapshot", "account.jsonl"]);
        assert_eq!(ran.code(), 1, "{kind}: {ran}");
    }
    assert_eq!(compliant(&folder), [""; 0]);
}

#[test]
fn an_alarm_on_an_expression_leaves_the_way_open() {
    let folder = Folder::new();
    let mut items = account();
    let metric = json!({"metric": {"namespace": "Security", "metricName": "Root"}, "period": 300, "stat": "Sum"});
    items[3]["configuration"] = json!({
        "actionsEnabled": true, "alarmActions": [TOPIC],
        "metrics": [{"id": "e1", "expression": "m1 * 2"}, {"id": "m1", "metricStat": metric}],
    });
    let ran = told(&folder, &items, &[], &[]);
    assert_eq!(ran.code(), 3, "{ran}");
    let plain = ran.stdout().split_whitespace().collect::<Vec<_>>().join(" ");
    let reason = "4 alarm open whether alarm root-sign-in rings at one event cannot be told: it watches an expression";
    assert!(plain.contains(reason), "{ran}");
    let end = "Whether somebody is notified cannot be told: the alarm, link 4 of 6, leaves it open.";
    assert!(plain.ends_with(end), "{ran}");
    let ran = told(&folder, &items, &[], &["--format", "json"]);
    assert_eq!(ran.code(), 3, "{ran}");
    let json: Json = serde_json::from_str(ran.stdout()).expect("JSON");
    let account = &json["accounts"][0];
    assert_eq!((&account["notified"], &account["ways"][0]["notified"]), (&Json::Null, &Json::Null));
    let link = |at: usize| &account["ways"][0]["links"][at]["state"];
    assert_eq!([link(2), link(3), link(4)], ["holds", "read", "not-reached"]);
    // One event that nobody is told of decides, whatever is open.
    let pattern = json!("{ $.eventName = StopLogging }");
    items[2]["supplementaryConfiguration"]["MetricFilters"][0]["FilterPattern"] = pattern;
    assert_eq!(told(&folder, &items, &[], &["trail-changes"]).code(), 1);
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
    // A name is a name, whatever it looks like.
    for name in ["A.b", "a[0]", "Put \"it\"", "\u{1b}[2J", ""] {
        folder.write(
            "odd.json",
            json!({"eventName": name, "eventType": "AwsApiCall", "userIdentity": {"type": "Root"}}).to_string(),
        );
        let odd = told(&folder, &account(), &[], &["--event", "odd.json"]);
        assert_eq!(odd.code(), 0, "{name}: {odd}");
        assert!(!odd.stdout().contains('\u{1b}'), "{odd}");
    }
    folder.write("none.json", "[1]");
    insta::assert_snapshot!("a file without an event", told(&folder, &account(), &[], &["--event", "none.json"]));
}

#[test]
fn an_event_of_ones_own_is_looked_for_where_the_trail_records_it() {
    let folder = Folder::new();
    let told_of = |event: &Json, selectors: &Json| {
        folder.write("event.json", event.to_string());
        let items = changed("/1/supplementaryConfiguration/EventSelectors", selectors.clone());
        let ran = told(&folder, &items, &[], &["--event", "event.json"]);
        assert!(ran.code() == 0 || ran.stdout().contains("trail main does not record the event"), "{ran}");
        ran.code() == 0
    };
    let basic = |selector: Json| json!({"eventSelectors": [selector], "advancedEventSelectors": []});
    let advanced = |fields: Json| json!({"eventSelectors": [], "advancedEventSelectors": [{"fieldSelectors": fields}]});
    let objects = |values: &[&str]| {
        basic(json!({
            "readWriteType": "All", "includeManagementEvents": false,
            "dataResources": [{"type": "AWS::S3::Object", "values": values}],
        }))
    };
    let event = |more: Json| {
        let mut event = json!({
            "eventName": "PutObject", "eventSource": "s3.amazonaws.com", "eventType": "AwsApiCall", "userIdentity": {"type": "Root"},
        });
        event.as_object_mut().expect("an event").extend(more.as_object().expect("members").clone());
        event
    };
    let object = event(json!({
        "eventCategory": "Data", "managementEvent": false, "readOnly": false,
        "resources": [
            {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::orders/2026/1"},
            {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::orders", "accountId": "111122223333"},
        ],
    }));
    let management = basic(json!({"readWriteType": "All", "includeManagementEvents": true}));
    for (selectors, is_told) in [
        (management.clone(), false),
        (objects(&["arn:aws:s3"]), true),
        (objects(&["arn:aws:s3:::invoices/", "arn:aws:s3:::orders/"]), true),
        (objects(&["arn:aws:s3:::invoices/"]), false),
        (
            basic(json!({
                "readWriteType": "All", "includeManagementEvents": true,
                "dataResources": [{"type": "AWS::Lambda::Function", "values": ["arn:aws:lambda", "arn:aws:s3"]}],
            })),
            false,
        ),
        (advanced(json!([{"field": "eventCategory", "equals": ["Management"]}])), false),
        (
            advanced(json!([
                {"field": "eventCategory", "equals": ["Data"]},
                {"field": "resources.type", "equals": ["AWS::S3::Object"]},
            ])),
            true,
        ),
        (
            advanced(json!([
                {"field": "eventCategory", "equals": ["Data"]},
                {"field": "resources.type", "equals": ["AWS::S3::Object"]},
                {"field": "resources.ARN", "startsWith": ["arn:aws:s3:::invoices/"]},
            ])),
            false,
        ),
    ] {
        assert_eq!(told_of(&object, &selectors), is_told, "{selectors}");
    }
    // Events were told apart before they had a category.
    let old = event(json!({"managementEvent": false, "readOnly": false, "resources": object["resources"]}));
    assert!(!told_of(&old, &management) && told_of(&old, &objects(&["arn:aws:s3:::orders/"])));
    // What a selector names of objects is a beginning; a function it names whole, or all of them.
    assert!(told_of(&object, &objects(&["arn:aws:s3:::orders/2026"])));
    let call = event(json!({
        "eventCategory": "Data", "readOnly": false,
        "resources": [{"type": "AWS::Lambda::Function", "ARN": "arn:aws:lambda:eu-west-1:111122223333:function:orders-dev"}],
    }));
    for (value, is_told) in [
        ("arn:aws:lambda", true),
        ("arn:aws:lambda:eu-west-1:111122223333:function:orders-dev", true),
        ("arn:aws:lambda:eu-west-1:111122223333:function:orders", false),
    ] {
        let named = json!([{"type": "AWS::Lambda::Function", "values": [value]}]);
        let functions = basic(json!({"readWriteType": "All", "includeManagementEvents": true, "dataResources": named}));
        assert_eq!(told_of(&call, &functions), is_told, "{value}");
    }
    // An event that does not tell whether it only reads is recorded by a trail of both, whether one selector has both or two.
    let reads = basic(json!({"readWriteType": "ReadOnly", "includeManagementEvents": true}));
    let writes = basic(json!({"readWriteType": "WriteOnly", "includeManagementEvents": true}));
    let untold = event(json!({}));
    assert!(told_of(&untold, &management) && !told_of(&untold, &reads) && !told_of(&untold, &writes));
    let two = json!([reads["eventSelectors"][0], writes["eventSelectors"][0]]);
    assert!(told_of(&untold, &json!({"eventSelectors": two, "advancedEventSelectors": []})));
    let management = json!({"field": "eventCategory", "equals": ["Management"]});
    let of = |value: &str| json!({"fieldSelectors": [management, {"field": "readOnly", "equals": [value]}]});
    let advanced_of = |selectors: &[Json]| json!({"eventSelectors": [], "advancedEventSelectors": selectors});
    assert!(told_of(&untold, &advanced_of(&[of("true"), of("false")])));
    assert!(!told_of(&untold, &advanced_of(&[of("true")])) && !told_of(&untold, &advanced_of(&[of("false")])));
    let read = event(json!({"readOnly": true}));
    assert!(told_of(&read, &reads) && !told_of(&read, &writes));

    // What a pattern counts may be any call.
    let pattern = account()[2]["supplementaryConfiguration"]["MetricFilters"][0]["FilterPattern"].clone();
    let pattern = pattern.as_str().expect("a text");
    let ran =
        told(&folder, &changed("/1/supplementaryConfiguration/EventSelectors", writes), &[], &["--pattern", pattern]);
    assert_eq!(ran.code(), 1, "{ran}");
    assert!(ran.stdout().contains("trail main does not record all management events"), "{ran}");
}

/// A snapshot with a second account, of which nothing could be read, and why.
fn with_another(items: &[Json], gap: Option<&Json>) -> String {
    let text = snapshot(items, gap.map(std::slice::from_ref).unwrap_or_default());
    let (head, rest) = text.split_once('\n').expect("a head");
    let mut head: Json = serde_json::from_str(head).expect("the head is JSON");
    head["accounts"] = json!(["111122223333", "444455556666"]);
    // What the other account lacks, this one has.
    let whole = snapshot(items, &[]);
    let whole: Json = serde_json::from_str(whole.lines().next().expect("a head")).expect("the head is JSON");
    head["listings"] = whole["listings"].clone();
    format!("{head}\n{rest}")
}

#[test]
fn an_account_that_could_not_be_read_is_told_beside_the_others() {
    let folder = Folder::new();
    let denied = json!({
        "accountId": "444455556666", "awsRegion": "global", "resourceType": "AWS::::Account",
        "operation": "sts:AssumeRole", "action": "sts:AssumeRole", "code": "AccessDenied", "message": "not allowed",
    });
    let ask = |snapshot: String, arguments: &[&str]| {
        folder.write("accounts.jsonl", snapshot);
        folder.assize(&[&["explain", "alarm-path", "--snapshot", "accounts.jsonl"], arguments].concat())
    };
    let silent = changed("/3/configuration/actionsEnabled", json!(false));
    for gap in [Some(&denied), None] {
        let ran = ask(with_another(&account(), gap), &[]);
        assert_eq!(ran.code(), 3, "{ran}");
        let (first, second) = ran.stdout().split_once("in account 444455556666").expect("both are told of");
        assert!(first.contains("Somebody is notified.") && !second.contains("Somebody is notified."), "{ran}");
        assert!(second.contains("Whether somebody is notified cannot be told: "), "{ran}");
        assert!(!ran.to_string().contains("assize collect"), "{ran}");
        // What is broken is, whatever is not known beside it.
        assert_eq!(ask(with_another(&silent, gap), &[]).code(), 1);
    }
    insta::assert_snapshot!("another account is denied", ask(with_another(&account(), Some(&denied)), &[]));

    let json = ask(with_another(&account(), Some(&denied)), &["-f", "json"]);
    assert_eq!(json.code(), 3, "{json}");
    let told = json.json()["accounts"].clone();
    assert_eq!((&told[0]["notified"], &told[1]["notified"]), (&json!(true), &Json::Null), "{json}");
    assert_eq!((&told[1]["gap"]["code"], &told[1]["ways"]), (&json!("AccessDenied"), &json!([])), "{json}");

    // Alone it is told as well: it was asked for, and refused.
    let only = json!({
        "format": "assize-snapshot", "version": 1, "items": 0, "capturedAt": "2026-01-02T03:04:05.678Z", "durationMs": 0,
        "source": "account", "accounts": ["444455556666"], "regions": ["eu-west-1"], "skippedRegions": {}, "requests": {},
        "listings": [], "gaps": [denied],
    });
    let ran = ask(format!("{only}\n"), &[]);
    assert_eq!(ran.code(), 3, "{ran}");
    assert!(ran.stdout().contains("cannot be told: sts:AssumeRole answered AccessDenied"), "{ran}");
}

#[test]
fn each_link_is_told_to_programs() {
    let folder = Folder::new();
    let broken = changed("/3/configuration/actionsEnabled", json!(false));
    insta::assert_snapshot!("the links as JSON", told(&folder, &broken, &[], &["--format", "json"]));
    let gap = json!({
        "accountId": "111122223333", "awsRegion": "eu-west-1", "resourceType": "AWS::CloudWatch::Alarm",
        "operation": "cloudwatch:DescribeAlarms", "action": "cloudwatch:DescribeAlarms", "code": "AccessDenied",
        "message": "not allowed",
    });
    let rest: Vec<Json> =
        account().into_iter().filter(|item| item["resourceType"] != "AWS::CloudWatch::Alarm").collect();
    let open = told(&folder, &rest, &[gap], &["trail-changes", "--format", "json"]);
    assert_eq!(open.code(), 1, "no filter counts them, whatever alarms there are: {open}");
    let gap = json!({
        "accountId": "111122223333", "awsRegion": "eu-west-1", "resourceType": "AWS::Logs::LogGroup",
        "operation": "logs:DescribeLogGroups", "action": "logs:DescribeLogGroups", "code": "AccessDenied",
        "message": "not allowed",
    });
    let rest: Vec<Json> = account().into_iter().filter(|item| item["resourceType"] != "AWS::Logs::LogGroup").collect();
    let open = told(&folder, &rest, &[gap], &["trail-changes", "--format", "json"]);
    assert_eq!(open.code(), 3, "{open}");
    let account = &open.json()["accounts"][0];
    assert_eq!((&account["notified"], &account["gap"]["operation"]), (&Json::Null, &json!("logs:DescribeLogGroups")));
    let ways = account["ways"].as_array().expect("ways");
    assert_eq!(ways.len(), 5, "each event is told of: {open}");
    for way in ways {
        let states: Vec<&str> = way["links"]
            .as_array()
            .expect("links")
            .iter()
            .map(|link| link["state"].as_str().expect("a word"))
            .collect();
        assert_eq!(states, ["read", "unread", "not-reached", "not-reached", "not-reached", "not-reached"], "{open}");
    }
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
