//! The past of resources as a user sees it: from a store of several scans, with events from files and from an account.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use crate::common::Folder;

const GROUP: &str = "sg-0123456789abcdef0";

fn group(source: &str) -> Json {
    json!({
        "awsAccountId": "111122223333", "awsRegion": "eu-west-1", "resourceType": "AWS::EC2::SecurityGroup",
        "resourceId": GROUP, "configurationItemStatus": "OK", "configurationItemCaptureTime": "2026-10-01T06:00:00.000Z",
        "configurationItemVersion": "1.3", "configurationStateId": 1, "relatedEvents": [], "relationships": [], "tags": {},
        "supplementaryConfiguration": {},
        "configuration": {
            "groupId": GROUP, "groupName": "web \u{1b}[31m", "description": "web",
            "ipPermissions": [{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipv4Ranges": [{"cidrIp": source}],
                "ipv6Ranges": []}],
            "ipPermissionsEgress": []
        }
    })
}

/// A snapshot that is kept in the store and judged.
fn scan(folder: &Folder, time: Timestamp, items: &[Json]) {
    look(folder, time, Some(items));
}

/// The same; without items the list was denied.
fn look(folder: &Folder, time: Timestamp, items: Option<&[Json]>) {
    let listing =
        json!({"accountId": "111122223333", "awsRegion": "eu-west-1", "resourceType": "AWS::EC2::SecurityGroup"});
    let mut gap = listing.clone();
    for (name, text) in
        [("operation", "ec2:DescribeSecurityGroups"), ("code", "UnauthorizedOperation"), ("message", "no")]
    {
        gap[name] = json!(text);
    }
    let (listings, gaps) = if items.is_some() { (vec![listing], Vec::new()) } else { (Vec::new(), vec![gap]) };
    let items = items.unwrap_or_default();
    let head = json!({
        "format": "assize-snapshot", "version": 1, "items": items.len(), "capturedAt": format!("{time:.3}"),
        "durationMs": 1500, "source": "account", "accounts": ["111122223333"], "regions": ["eu-west-1"],
        "listings": listings, "gaps": gaps
    });
    let lines: Vec<String> = std::iter::once(&head).chain(items).map(|line| format!("{line}\n")).collect();
    folder.write("snapshot.jsonl", lines.concat());
    let ran = folder.assize(&["evaluate", "snapshot.jsonl", "--store", "assize.db", "--rule", "restricted-ssh"]);
    assert!([0, 1, 3].contains(&ran.code()), "{ran}");
}

/// Five looks, a day apart, at a group that is made, opened to the world, left alone, and deleted.
fn five_looks(folder: &Folder, first: Timestamp) {
    let day = |days: i64| first + SignedDuration::from_hours(24 * days);
    scan(folder, day(0), &[]);
    scan(folder, day(1), &[group("203.0.113.0/24")]);
    scan(folder, day(2), &[group("0.0.0.0/0")]);
    scan(folder, day(3), &[group("0.0.0.0/0")]);
    scan(folder, day(4), &[]);
}

fn first() -> Timestamp {
    "2026-10-01T06:00:00Z".parse().expect("it is a time")
}

fn event(id: &str, time: Timestamp, name: &str, group: &str) -> Json {
    json!({
        "eventVersion": "1.11", "eventID": id, "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "eventName": name, "eventSource": "ec2.amazonaws.com", "awsRegion": "eu-west-1", "readOnly": false,
        "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2.30", "recipientAccountId": "111122223333",
        "userIdentity": {
            "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Operators/mara",
            "accessKeyId": "ASIAEXAMPLEKEY",
            "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/Operators"}}
        },
        "requestParameters": {"groupId": group, "password": "correct horse"}
    })
}

/// What happened at the group while it was looked at.
fn events(first: Timestamp) -> Vec<Json> {
    let hour = |hours: i64| first + SignedDuration::from_hours(hours);
    let mut refused = event("e-refused", hour(33), "AuthorizeSecurityGroupIngress", GROUP);
    refused["errorCode"] = json!("Client.UnauthorizedOperation");
    let mut launch = event("e-launch", hour(40), "RunInstances", GROUP);
    launch["userIdentity"] = json!({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"});
    vec![
        event("e-create", hour(12), "CreateSecurityGroup", GROUP),
        refused,
        event("e-open", hour(34), "AuthorizeSecurityGroupIngress", GROUP),
        launch,
        event("e-other", hour(35), "AuthorizeSecurityGroupIngress", "sg-other"),
        event("e-idle", hour(60), "UpdateSecurityGroupRuleDescriptionsIngress", GROUP),
        event("e-delete", hour(80), "DeleteSecurityGroup", GROUP),
    ]
}

fn trail(folder: &Folder) {
    let day = "trail/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10/02";
    folder.write(&format!("{day}/events.json"), json!({"Records": events(first())}).to_string());
}

fn changes(timeline: &Json) -> Vec<&Json> {
    let entries = timeline["entries"].as_array().expect("there are entries");
    entries.iter().filter(|entry| entry["kind"] == "change").collect()
}

#[test]
fn five_looks_with_three_changes_are_three_entries() {
    let folder = Folder::new();
    five_looks(&folder, first());
    let ran = folder.assize(&["history", GROUP, "--store", "assize.db", "-f", "json"]);
    let told = ran.json();
    let entries: Vec<_> = changes(&told)
        .into_iter()
        .map(|change| (change["time"].as_str(), change["change"].as_str(), change["after"].as_str()))
        .collect();
    let time = |day: u8| format!("2026-10-0{day}T06:00:00.000Z");
    let [first, second, third, fourth, fifth] = [1, 2, 3, 4, 5].map(time);
    assert_eq!(
        entries,
        [
            (Some(second.as_str()), Some("created"), Some(first.as_str())),
            (Some(&third), Some("changed"), Some(&second)),
            (Some(&fifth), Some("deleted"), Some(&fourth)),
        ]
    );
    // Nobody asked for events, so nothing is said of them.
    assert!(told["entries"].as_array().is_some_and(|all| all.iter().all(|one| one.get("relatedEvents").is_none())));
    assert_eq!(changes(&told)[1]["compliance"][0]["complianceType"], "NON_COMPLIANT");
    assert_eq!(changes(&told)[1]["compliance"][0]["since"], third.as_str());
    insta::assert_snapshot!(folder.assize(&["history", GROUP, "--store", "assize.db"]));
}

#[test]
fn the_files_of_a_trail_say_who_made_the_changes_and_the_store_keeps_it() {
    let folder = Folder::new();
    five_looks(&folder, first());
    trail(&folder);
    let asked = ["history", GROUP, "--store", "assize.db"];
    let ran = folder.assize(&[&asked[..], &["--events", "trail"]].concat());
    insta::assert_snapshot!(ran);
    // What was found is told again without the files, and is in the items.
    std::fs::remove_dir_all(folder.path().join("trail")).expect("it is there");
    assert_eq!(folder.assize(&asked).to_string(), ran.to_string());
    let query = "SELECT resourceId, relatedEvents";
    let rows = folder.assize(&["query", query, "--store", "assize.db", "--at", "3", "-f", "json"]);
    assert!(rows.stdout().contains("e-open"), "{rows}");
    for secret in ["correct horse", "ASIAEXAMPLEKEY"] {
        let kept = std::fs::read(folder.path().join("assize.db")).expect("it is there");
        assert!(!kept.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()), "{secret}");
    }
}

#[test]
fn a_trail_that_could_not_be_read_whole_says_of_no_change_that_nobody_made_it() {
    let folder = Folder::new();
    five_looks(&folder, first());
    let day = "trail/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10/02";
    let open: Vec<Json> = events(first()).into_iter().filter(|event| event["eventID"] == "e-open").collect();
    folder.write(&format!("{day}/events.json"), json!({"Records": open}).to_string());
    let related = |told: &Json| -> Vec<Json> {
        changes(told).iter().map(|change| change.get("relatedEvents").cloned().unwrap_or_default()).collect()
    };
    let asked = ["history", GROUP, "--store", "assize.db", "--events", "trail"];
    let told = folder.assize(&[&asked[..], &["-f", "json"]].concat()).json();
    assert_eq!(related(&told), [json!([]), json!(["e-open"]), json!([])]);
    assert_eq!(told["notes"], json!([]));
    folder.write(&format!("{day}/broken.json.gz"), b"\x1f\x8bno gzip");
    let told = folder.assize(&[&asked[..], &["-f", "json"]].concat()).json();
    assert_eq!(related(&told), [Json::Null, json!(["e-open"]), Json::Null]);
    let note = told["notes"][0].as_str().expect("there is a note");
    assert!(note.contains("broken.json.gz"), "{note}");
    let text = folder.assize(&asked);
    assert!(!text.stdout().contains("no event of CloudTrail"), "{text}");
    // None of the files could be read: there are some.
    std::fs::remove_file(folder.path().join(day).join("events.json")).expect("it is there");
    let told = folder.assize(&[&asked[..], &["-f", "json"]].concat()).json();
    assert_eq!(told["notes"].as_array().map(Vec::len), Some(1), "{}", told["notes"]);
}

#[test]
fn a_timeline_has_calls_and_changes_in_the_same_order_each_time() {
    let folder = Folder::new();
    five_looks(&folder, first());
    trail(&folder);
    let asked = ["timeline", "--store", "assize.db", "--events", "trail"];
    let ran = folder.assize(&asked);
    insta::assert_snapshot!(ran);
    assert_eq!(folder.assize(&asked).to_string(), ran.to_string());
    let later = folder.assize(&[&asked[..], &["--since", "2026-10-05", "-f", "json"]].concat()).json();
    assert_eq!(changes(&later).len(), 1);
    let none = folder.assize(&["timeline", "--store", "assize.db", "--type", "AWS::S3::Bucket"]);
    assert_eq!(none.stdout(), "note: nothing changed in that time\n");
}

#[test]
fn what_could_not_be_read_is_told_and_not_that_nothing_changed() {
    let folder = Folder::new();
    let day = |days: i64| first() + SignedDuration::from_hours(24 * days);
    scan(&folder, day(0), &[group("203.0.113.0/24")]);
    let mut partly = group("203.0.113.0/24");
    partly["configuration"]["ipPermissions"].take();
    partly["gaps"] = json!([{"path": "/configuration/ipPermissions", "operation": "ec2:DescribeSecurityGroupRules",
        "code": "UnauthorizedOperation", "message": "no"}]);
    scan(&folder, day(1), &[partly]);
    look(&folder, day(2), None);
    let history = ["history", GROUP, "--store", "assize.db", "--since", "2026-10-03T07:00Z"];
    let timeline = ["timeline", "--store", "assize.db", "--since", "2026-10-03T07:00Z"];
    insta::assert_snapshot!("a history of what could not be read", folder.assize(&history));
    insta::assert_snapshot!("a timeline of what could not be read", folder.assize(&timeline));
    for asked in [&history[..], &timeline] {
        let told = folder.assize(&[asked, &["-f", "json"]].concat()).json();
        let paths = told["unread"].as_array().expect("a list").iter().map(|one| one["path"].as_str());
        assert_eq!(paths.collect::<Vec<_>>(), [Some("/configuration/ipPermissions"), None], "{asked:?}");
    }
    // Of another type nothing is told, and nothing after all was read again.
    let other = folder.assize(&[&timeline[..], &["--type", "AWS::S3::Bucket"]].concat());
    assert_eq!(other.stdout(), "note: nothing changed in that time\n");
    scan(&folder, day(4), &[group("203.0.113.0/24")]);
    let later = ["timeline", "--store", "assize.db", "--since", "2026-10-06"];
    assert_eq!(folder.assize(&later).stdout(), "note: nothing changed in that time\n");
}

#[test]
fn links_that_could_not_be_read_are_no_idle_time_and_a_reason_is_told_once() {
    let folder = Folder::new();
    let day = |days: i64| first() + SignedDuration::from_hours(24 * days);
    scan(&folder, day(0), &[group("203.0.113.0/24")]);
    let mut partly = group("203.0.113.0/24");
    partly["unreadableRelationships"] = json!([{"resourceType": "AWS::EC2::Instance", "operation": "ec2:DescribeInstances",
        "code": "UnauthorizedOperation", "message": "no"}]);
    scan(&folder, day(1), &[partly.clone()]);
    let since = ["--store", "assize.db", "--since", "2026-10-02T07:00Z"];
    let (history, timeline) = ([&["history", GROUP], &since[..]].concat(), [&["timeline"], &since[..]].concat());
    for asked in [&history, &timeline] {
        let told = folder.assize(asked);
        let (links, note) = ("/relationships", "note: what could be read did not change in that time\n");
        assert!(told.stdout().contains(links) && told.stdout().ends_with(note), "{told}");
    }
    // The same call failed for a fact of the group, which says enough.
    partly["configuration"]["ipPermissions"].take();
    partly["gaps"] = json!([{"path": "/configuration/ipPermissions", "operation": "ec2:DescribeInstances",
        "code": "UnauthorizedOperation", "message": "no"}]);
    scan(&folder, day(2), &[partly]);
    let told = folder.assize(&timeline);
    assert!(
        told.stdout().contains("/configuration/ipPermissions") && !told.stdout().contains("/relationships"),
        "{told}"
    );
    let programs = folder.assize(&[&timeline[..], &["-f", "json"]].concat()).json();
    let paths = programs["unread"].as_array().expect("a list").iter().map(|one| one["path"].as_str());
    assert_eq!(paths.collect::<Vec<_>>(), [Some("/relationships"), Some("/configuration/ipPermissions")]);
    let gaps = "SELECT DISTINCT path FROM gaps WHERE resource_id <> '' ORDER BY path";
    let asked = folder.assize(&["query", "--store", "assize.db", "--sql", gaps, "-f", "csv"]);
    let paths: Vec<&str> = asked.stdout().lines().skip(1).collect();
    assert_eq!((paths, asked.code()), (vec!["/configuration/ipPermissions", "/relationships"], 3), "{asked}");
}

#[test]
fn a_finding_is_explained_as_of_its_moment() {
    let folder = Folder::new();
    let sources = ["203.0.113.0/24", "0.0.0.0/0", "203.0.113.0/24", "0.0.0.0/0"];
    for (days, source) in (0..).zip(sources) {
        scan(&folder, first() + SignedDuration::from_hours(24 * days), &[group(source)]);
    }
    let explain = |at: &str| folder.assize(&["explain", "restricted-ssh", GROUP, "--store", "assize.db", "--at", at]);
    for (at, since) in [("2", "2026-10-02"), ("4", "2026-10-04")] {
        let told = explain(at);
        assert!(told.stdout().contains(&format!("changed at {since}T06:00:00.000Z")), "{told}");
        let command = format!("\n    assize history {GROUP} --store assize.db --events account\n");
        assert!(told.stdout().contains(&command), "{told}");
    }
}

#[test]
fn the_command_that_looks_for_calls_does_nothing_but_that_whatever_a_resource_is_called() {
    let folder = Folder::new();
    let called = |id: &str| {
        let mut item = group("0.0.0.0/0");
        item["resourceId"] = json!(id);
        item
    };
    let names =
        [("$(touch x)", "'$(touch x)'"), ("it's", "\"it's\""), ("--help", "RESOURCE_ID"), ("a\nid", "RESOURCE_ID")];
    scan(&folder, first(), &names.map(|(id, _)| called(id)));
    for (id, written) in names {
        let told = folder.assize(&["explain", "--store", "assize.db", "--", "restricted-ssh", id]);
        let command = format!("\n    assize history {written} --store assize.db --events account\n");
        assert!(told.stdout().contains(&command), "{id}: {told}");
    }
    // The flag that led to the store leads there again; where none was needed, none is.
    std::fs::rename(folder.path().join("assize.db"), folder.path().join("our store.db")).expect("it can be moved");
    folder.write("other.yaml", "store: our store.db\n");
    let explain = |flags: &[&str]| folder.assize(&[&["explain", "restricted-ssh", "$(touch x)"], flags].concat());
    let by_flag = explain(&["--store", "our store.db"]);
    assert!(by_flag.stdout().contains(" --store 'our store.db' --events account\n"), "{by_flag}");
    let by_file = explain(&["--config", "other.yaml"]);
    assert!(by_file.stdout().contains("x)' --config other.yaml --events account\n"), "{by_file}");
    folder.write("assize.yaml", "store: our store.db\n");
    let without = explain(&[]);
    assert!(without.stdout().contains("x)' --events account\n"), "{without}");
}

#[test]
fn a_name_that_several_have_is_an_error_with_the_candidates() {
    let folder = Folder::new();
    let mut other = group("203.0.113.0/24");
    (other["resourceId"], other["resourceName"]) = (json!("sg-other"), json!(GROUP));
    scan(&folder, first(), &[group("203.0.113.0/24"), other]);
    insta::assert_snapshot!(folder.assize(&["history", GROUP, "--store", "assize.db"]));
    insta::assert_snapshot!("no such resource", folder.assize(&["history", "sg-none", "--store", "assize.db"]));
    insta::assert_snapshot!("no store named", folder.assize(&["history", "sg-none"]));
}

/// CloudTrail and STS on this machine. Answers `LookupEvents` in pages of two, or refuses it.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<Json>>>,
}

impl Server {
    fn start(events: Vec<Json>, is_denied: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has one"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.expect("a client comes"));
                let (mut target, mut length) = (String::new(), 0);
                let mut line = String::new();
                while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                    if let Some((name, value)) = line.split_once(':') {
                        match name.to_ascii_lowercase().as_str() {
                            "x-amz-target" => value.trim().clone_into(&mut target),
                            "content-length" => length = value.trim().parse().expect("it is a number"),
                            _ => {}
                        }
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).expect("a body comes");
                let (status, kind, answer) = if target.ends_with(".LookupEvents") {
                    let asked: Json = serde_json::from_slice(&body).expect("it is JSON");
                    let answer = lookup(&asked, &events);
                    kept.lock().expect("no test has failed").push(asked);
                    if is_denied {
                        let text = json!({"__type": "AccessDeniedException",
                            "message": "not authorized to perform: cloudtrail:LookupEvents"});
                        (400, "application/x-amz-json-1.1", text.to_string())
                    } else {
                        (200, "application/x-amz-json-1.1", answer.to_string())
                    }
                } else {
                    // Everybody may ask who they are; the permissions of `history` allow nothing else.
                    assert!(body.starts_with(b"Action=GetCallerIdentity"), "{}", String::from_utf8_lossy(&body));
                    (200, "text/xml", IDENTITY.to_owned())
                };
                let length = answer.len();
                let head = format!(
                    "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
                );
                // The client may have gone.
                _ = stream.get_mut().write_all((head + answer.as_str()).as_bytes());
            }
        });
        Self { url, asked }
    }

    fn run(&self, folder: &Folder, arguments: &[&str]) -> Json {
        let mut command = folder.command(arguments);
        let environment = [
            ("AWS_ENDPOINT_URL", self.url.as_str()),
            ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ];
        let output = command.envs(environment).output().expect("assize runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), errors.as_ref()), (Some(0), ""));
        serde_json::from_slice(&output.stdout).expect("it is JSON")
    }
}

const IDENTITY: &str = r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::111122223333:user/auditor</Arn><UserId>AIDAEXAMPLE</UserId><Account>111122223333</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"#;

/// As CloudTrail answers: the latest first, whole seconds, the record as text.
fn lookup(asked: &Json, events: &[Json]) -> Json {
    let time = |name: &str| asked[name].as_f64().expect("it is a number");
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact")]
    let at = |event: &Json| {
        event["eventTime"].as_str().expect("text").parse::<Timestamp>().expect("a time").as_second() as f64
    };
    let name = &asked["LookupAttributes"][0]["AttributeValue"];
    let mut found: Vec<&Json> = events
        .iter()
        .filter(|event| event["requestParameters"]["groupId"] == *name)
        .filter(|event| (time("StartTime")..=time("EndTime")).contains(&at(event)))
        .collect();
    found.reverse();
    let start = asked["NextToken"].as_str().map_or(0, |token| token.parse().expect("our own token"));
    let page: Vec<Json> = found
        .iter()
        .skip(start)
        .take(2)
        .map(|event| {
            json!({
                "EventId": event["eventID"], "EventName": event["eventName"], "ReadOnly": "false", "EventTime": at(event),
                "EventSource": event["eventSource"], "Username": "mara", "CloudTrailEvent": event.to_string(),
                "Resources": [{"ResourceType": "AWS::EC2::SecurityGroup", "ResourceName": name}]
            })
        })
        .collect();
    let mut answer = json!({"Events": page});
    if start + 2 < found.len() {
        answer["NextToken"] = json!((start + 2).to_string());
    }
    answer
}

#[test]
fn cloudtrail_says_who_made_the_changes() {
    let folder = Folder::new();
    let first = Timestamp::now() - SignedDuration::from_hours(24 * 10);
    five_looks(&folder, first);
    let server = Server::start(events(first), false);
    let told = server.run(&folder, &["history", GROUP, "--store", "assize.db", "--events", "account", "-f", "json"]);
    let likely: Vec<_> = changes(&told).iter().map(|change| change["likelyEvent"].as_str()).collect();
    assert_eq!(likely, [Some("e-create"), Some("e-open"), Some("e-delete")]);
    assert_eq!(changes(&told)[1]["relatedEvents"], json!(["e-open", "e-launch"]));
    let open = told["entries"].as_array().and_then(|all| all.iter().find(|one| one["eventId"] == "e-open"));
    let open = open.expect("it is told");
    assert_eq!(open["actor"]["name"], "arn:aws:sts::111122223333:assumed-role/Operators/mara");
    assert_eq!(open["sourceIPAddress"], "198.51.100.7");
    assert_eq!(told["notes"], json!([]));
    // The two changes that follow each other are one question of two pages; the idle day is not asked for.
    let asked = server.asked.lock().expect("no test has failed");
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked.iter().all(|one| one["LookupAttributes"][0]["AttributeKey"] == "ResourceName"));
}

#[test]
fn of_another_account_nothing_is_said_where_nothing_is_to_be_looked_up() {
    let folder = Folder::new();
    let first = Timestamp::now() - SignedDuration::from_hours(24 * 10);
    let mut other = group("203.0.113.0/24");
    (other["awsAccountId"], other["resourceId"]) = (json!("444455556666"), json!("sg-other"));
    // Nobody listed the groups of the other account: its group was found, and nothing became of it.
    scan(&folder, first, &[group("203.0.113.0/24"), other.clone()]);
    scan(&folder, first + SignedDuration::from_hours(24), &[group("0.0.0.0/0"), other.clone()]);
    let server = Server::start(Vec::new(), false);
    let asked = ["timeline", GROUP, "sg-other", "--store", "assize.db", "--events", "account", "-f", "json"];
    let told = server.run(&folder, &asked);
    assert_eq!((changes(&told).len(), &told["notes"]), (3, &json!([])));
    // What changed there is not looked up with these credentials, and that is said.
    other["configuration"]["description"] = json!("api");
    scan(&folder, first + SignedDuration::from_hours(48), &[group("0.0.0.0/0"), other]);
    let notes = &server.run(&folder, &asked)["notes"];
    assert_eq!(
        notes,
        &json!(["no events of account 444455556666 were looked up: the credentials are of 111122223333"])
    );
}

#[test]
fn without_the_permission_a_note_says_so_and_nothing_else_changes() {
    let folder = Folder::new();
    let first = Timestamp::now() - SignedDuration::from_hours(24 * 10);
    five_looks(&folder, first);
    let asked = ["history", GROUP, "--store", "assize.db", "-f", "json"];
    let without = folder.assize(&asked).json();
    let server = Server::start(events(first), true);
    let mut denied = server.run(&folder, &[&asked[..], &["--events", "account"]].concat());
    let note = denied["notes"][0].take();
    let note = note.as_str().expect("there is a note");
    assert!(note.contains("eu-west-1") && note.contains("needs the permission cloudtrail:LookupEvents"), "{note}");
    denied["notes"] = json!([]);
    assert_eq!(denied, without);
}

#[test]
fn cloudtrail_forgets_after_90_days() {
    let folder = Folder::new();
    five_looks(&folder, "2024-10-01T06:00:00Z".parse().expect("it is a time"));
    let server = Server::start(Vec::new(), false);
    let told = server.run(&folder, &["history", GROUP, "--store", "assize.db", "--events", "account", "-f", "json"]);
    let note = told["notes"][0].as_str().expect("there is a note");
    assert!(note.starts_with("3 changes that may be from before ") && note.contains("90 days"), "{note}");
    assert!(changes(&told).iter().all(|change| change.get("relatedEvents").is_none()));
    assert!(server.asked.lock().expect("no test has failed").is_empty());
}
