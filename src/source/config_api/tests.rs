//! The typed client against a server on this machine that speaks AWS Config's protocol, JSON 1.1 over HTTP.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use serde_json::{Value as Json, json};

use super::*;
use crate::value::Value;

/// Answers by the operation's name and the parsed body; keeps both.
struct Server {
    url: String,
    seen: Arc<Mutex<Vec<(String, Json)>>>,
}

impl Server {
    fn start(answer: impl Fn(&str, &Json, usize) -> (u16, Json) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has one"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.expect("a client comes"));
                let (mut operation, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    stream.read_line(&mut line).expect("a head comes");
                    let Some((name, value)) = line.split_once(':') else {
                        if line.trim().is_empty() {
                            break;
                        }
                        continue;
                    };
                    match name.to_ascii_lowercase().as_str() {
                        "x-amz-target" => value.trim().clone_into(&mut operation),
                        "content-length" => length = value.trim().parse().expect("it is a number"),
                        _ => {}
                    }
                }
                if operation.is_empty() {
                    continue;
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).expect("a body comes");
                let operation =
                    operation.strip_prefix("StarlingDoveService.").expect("AWS Config's own name").to_owned();
                let body: Json = serde_json::from_slice(&body).expect("it is JSON");
                let calls = {
                    let mut kept = kept.lock().expect("no test has failed");
                    kept.push((operation.clone(), body.clone()));
                    kept.iter().filter(|(other, _)| *other == operation).count()
                };
                let (status, answer) = answer(&operation, &body, calls);
                let answer = answer.to_string();
                let head = format!(
                    "HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                    answer.len()
                );
                // The client may have gone.
                let _ = stream.get_mut().write_all((head + answer.as_str()).as_bytes());
            }
        });
        Self { url, seen }
    }

    fn api(&self) -> ConfigApi {
        let credentials = SharedCredentialsProvider::new(Credentials::new("AKIA", "secret", None, None, "test"));
        let config = SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .credentials_provider(credentials)
            .endpoint_url(&self.url)
            .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(Instant))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        ConfigApi::new(&config, "eu-west-1")
    }

    fn calls(&self) -> Vec<(String, Json)> {
        self.seen.lock().expect("no test has failed").clone()
    }

    /// The actions that allow what was called.
    fn actions(&self) -> BTreeSet<String> {
        self.calls().into_iter().map(|(operation, _)| format!("config:{operation}")).collect()
    }
}

/// Pauses between attempts take no time.
#[derive(Debug)]
struct Instant;

impl aws_smithy_async::rt::sleep::AsyncSleep for Instant {
    fn sleep(&self, duration: std::time::Duration) -> aws_smithy_async::rt::sleep::Sleep {
        // The shortest deadline is that of a connection, 3.1 seconds; the pauses before the second and third attempt are shorter.
        let never = duration > std::time::Duration::from_secs(3);
        aws_smithy_async::rt::sleep::Sleep::new(async move {
            if never {
                std::future::pending::<()>().await;
            }
        })
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

fn row(id: &str) -> String {
    json!({
        "version": "1.3", "accountId": "111122223333", "configurationItemCaptureTime": "2025-11-03T10:20:30.400Z",
        "configurationItemStatus": "OK", "configurationStateId": 1_762_165_230_400_i64, "resourceType": "AWS::EC2::Volume",
        "resourceId": id, "awsRegion": "eu-west-1", "tags": [{"key": "team", "value": "a", "tag": "team=a"}],
        "relationships": [{"resourceId": "i-1", "resourceType": "AWS::EC2::Instance"}],
        "configuration": {"encrypted": false}, "supplementaryConfiguration": {},
    })
    .to_string()
}

#[test]
fn the_current_items_come_page_by_page() {
    for aggregator in [None, Some("all")] {
        let server = Server::start(|_, body, _| match body["NextToken"].as_str() {
            None => (200, json!({"Results": [row("vol-1")], "QueryInfo": {}, "NextToken": "t2"})),
            Some("t2") => (200, json!({"Results": [row("vol-2")], "QueryInfo": {}})),
            Some(other) => panic!("nobody gave the token {other}"),
        });
        let items = run(server.api().current(aggregator)).expect("both pages come");
        let ids: Vec<&str> = items.iter().map(|item| &*item.key.resource_id).collect();
        assert_eq!(ids, ["vol-1", "vol-2"]);
        assert_eq!(items[0].tags.get("team").and_then(Value::as_str), Some("a"));
        assert_eq!(items[0].pointer("/configuration/encrypted"), Some(&false.into()));
        assert!(items[0].gaps.is_empty() && items[0].unreadable_relationships.is_empty());
        let (operation, body) = &server.calls()[0];
        let expected = if aggregator.is_some() { "SelectAggregateResourceConfig" } else { "SelectResourceConfig" };
        assert_eq!((operation.as_str(), body["ConfigurationAggregatorName"].as_str()), (expected, aggregator));
        assert!(body["Expression"].as_str().is_some_and(|text| text.contains("supplementaryConfiguration")));
        if aggregator.is_some() {
            assert!(server.actions().iter().eq(AGGREGATED_ACTIONS));
        } else {
            assert!(server.actions().iter().eq([RECORDED_ACTIONS[0]]));
        }
    }
}

#[test]
fn a_history_has_every_version_of_every_page() {
    let version = |number: u32, name: &str| {
        json!({
            "version": "1.3", "accountId": "111122223333", "configurationItemCaptureTime": 1_762_165_230.25 + f64::from(number),
            "configurationItemStatus": "OK", "configurationStateId": format!("{number}"), "resourceType": "AWS::S3::Bucket",
            "resourceId": "b", "awsRegion": "eu-west-1", "tags": {"team": "a"},
            "relationships": [{"resourceType": "AWS::KMS::Key", "resourceId": "k", "relationshipName": "Is associated with "}],
            "configuration": format!(r#"{{"name":"{name}"}}"#),
            "supplementaryConfiguration": {"BucketPolicy": r#"{"policyText":null}"#},
        })
    };
    let server = Server::start(move |_, body, _| match body["nextToken"].as_str() {
        None => (200, json!({"configurationItems": [version(2, "new")], "nextToken": "older"})),
        Some(_) => (200, json!({"configurationItems": [version(1, "old")]})),
    });
    let key = ResourceKey::new("111122223333", "eu-west-1", "AWS::S3::Bucket", "b");
    let versions = run(server.api().history(&key)).expect("both pages come");
    let names: Vec<_> = versions.iter().map(|item| item.pointer("/configuration/name").cloned()).collect();
    assert_eq!(names, [Some("new".into()), Some("old".into())]);
    let old = &versions[1];
    assert_eq!((&*old.capture_time, old.state_id), ("2025-11-03T10:20:31.250Z", 1));
    assert_eq!(old.pointer("/supplementaryConfiguration/BucketPolicy/policyText"), Some(&Value::Null));
    assert_eq!(
        (&*old.relationships[0].name, old.relationships[0].resource_id.as_deref()),
        ("Is associated with ", Some("k"))
    );
    assert!(server.actions().iter().eq([RECORDED_ACTIONS[1]]));
    let (_, body) = &server.calls()[0];
    assert_eq!((body["resourceType"].as_str(), body["resourceId"].as_str()), (Some("AWS::S3::Bucket"), Some("b")));
}

#[test]
fn what_is_denied_is_told_and_what_is_throttled_is_asked_again() {
    let server = Server::start(|_, _, _| {
        (
            400,
            json!({"__type": "AccessDeniedException", "message": "not authorized to perform config:SelectResourceConfig"}),
        )
    });
    let reason = run(server.api().current(None)).expect_err("it is denied");
    assert_eq!(
        (reason.code.as_str(), reason.operation.as_str()),
        ("AccessDeniedException", "config:SelectResourceConfig")
    );
    assert_eq!(reason.action.as_deref(), Some("config:SelectResourceConfig"));
    assert_eq!(server.calls().len(), 1);

    let server = Server::start(|_, _, calls| match calls {
        1 | 2 => (400, json!({"__type": "ThrottlingException", "message": "Rate exceeded"})),
        _ => (200, json!({"Results": [row("vol-1")]})),
    });
    assert_eq!(run(server.api().current(None)).expect("the third answer counts").len(), 1);
    assert_eq!(server.calls().len(), 3);
}

#[test]
fn pages_that_lead_nowhere_and_rows_that_are_none_are_no_answer() {
    let server = Server::start(|_, _, _| (200, json!({"Results": [row("vol-1")], "NextToken": "again"})));
    assert_eq!(run(server.api().current(None)).expect_err("it would never end").code, code::MALFORMED);
    let server = Server::start(|_, _, _| (200, json!({"Results": ["<html>"]})));
    assert_eq!(run(server.api().current(None)).expect_err("that is no row").code, code::MALFORMED);
}

#[test]
fn rules_come_with_their_answers_or_with_the_reason() {
    let rule = |name: &str, owner: &str| {
        json!({
            "ConfigRuleName": name, "ConfigRuleArn": format!("arn:aws:config:eu-west-1:111122223333:config-rule/{name}"),
            "Source": {"Owner": owner, "SourceIdentifier": "ENCRYPTED_VOLUMES"}, "InputParameters": r#"{"kmsId":"k"}"#,
            "Scope": {"ComplianceResourceTypes": ["AWS::EC2::Volume"], "TagKey": "team", "TagValue": "a"},
        })
    };
    let result = |id: &str, answer: &str| {
        json!({
            "EvaluationResultIdentifier": {"EvaluationResultQualifier": {
                "ConfigRuleName": "a", "ResourceType": "AWS::EC2::Volume", "ResourceId": id}},
            "ComplianceType": answer, "ResultRecordedTime": 1_762_165_230.5, "Annotation": "why",
        })
    };
    let server = Server::start(move |operation, body, _| match (operation, body["NextToken"].as_str()) {
        ("DescribeConfigRules", None) => (200, json!({"ConfigRules": [rule("b", "CUSTOM_LAMBDA")], "NextToken": "2"})),
        ("DescribeConfigRules", Some(_)) => (200, json!({"ConfigRules": [rule("a", "AWS")]})),
        ("GetComplianceDetailsByConfigRule", _) if body["ConfigRuleName"] == "b" => {
            (400, json!({"__type": "AccessDeniedException", "message": "no"}))
        }
        ("GetComplianceDetailsByConfigRule", None) => {
            (200, json!({"EvaluationResults": [result("vol-2", "COMPLIANT")], "NextToken": "2"}))
        }
        ("GetComplianceDetailsByConfigRule", Some(_)) => {
            (200, json!({"EvaluationResults": [result("vol-1", "NON_COMPLIANT")]}))
        }
        other => panic!("nobody should ask {other:?}"),
    });
    let all = run(server.api().results()).expect("the rules are listed");
    let [a, b] = all.as_slice() else { panic!("there are two: {all:?}") };
    assert_eq!((a.rule.name.as_str(), a.rule.identifier.as_deref()), ("a", Some("ENCRYPTED_VOLUMES")));
    assert_eq!((a.rule.account_id.as_str(), a.rule.region.as_str()), ("111122223333", "eu-west-1"));
    assert_eq!(a.rule.scope.tag, Some(("team".into(), Some("a".into()))));
    assert_eq!(a.rule.parameters.get("kmsId").map(String::as_str), Some("k"));
    let results = a.results.as_ref().expect("they are there");
    let seen: Vec<_> = results.iter().map(|one| (one.resource_id.as_str(), one.compliance_type)).collect();
    assert_eq!(seen, [("vol-1", ComplianceType::NonCompliant), ("vol-2", ComplianceType::Compliant)]);
    assert_eq!(results[0].recorded_at, "2025-11-03T10:20:30.500Z");
    assert_eq!(b.rule.identifier, None, "a rule of the account's own is none of AWS's");
    assert_eq!(b.results.as_ref().expect_err("they are denied").code, "AccessDeniedException");
    assert!(server.actions().iter().eq(RESULTS_ACTIONS));
}
