//! What queries mean, case by case; `oracle` asks thousands that nobody wrote.

use std::sync::Arc;

use super::sql::{Database, SqlError};
use super::{Answer, Query, output};
use crate::item::{ConfigurationItem, ItemStatus, Relationship, ResourceKey, UnreadableRelationship};
use crate::snapshot::{About, Place, Snapshot};
use crate::value::Unreadable;

mod history;
mod oracle;

const ACCOUNT: &str = "111122223333";
const TIME: &str = "2026-01-02T03:04:05.678Z";

fn item(resource_type: &str, id: &str, configuration: &str) -> ConfigurationItem {
    let mut item = ConfigurationItem::new(ResourceKey::new(ACCOUNT, "eu-west-1", resource_type, id), TIME);
    item.configuration = serde_json::from_str(configuration).unwrap();
    item
}

fn denied() -> Arc<Unreadable> {
    Arc::new(Unreadable {
        operation: "ec2:DescribeVolumes".to_owned(),
        action: None,
        code: "AccessDenied".to_owned(),
        message: "no".to_owned(),
    })
}

/// A snapshot in which the listing of every type that is there is complete.
fn snapshot(items: Vec<ConfigurationItem>) -> Snapshot {
    let mut listings: Vec<Place> = items
        .iter()
        .map(|item| Place {
            account_id: Arc::clone(&item.key.account_id),
            aws_region: Arc::clone(&item.key.region),
            resource_type: Arc::clone(&item.key.resource_type),
        })
        .collect();
    listings.sort();
    listings.dedup();
    Snapshot::new(about(listings), items)
}

fn about(listings: Vec<Place>) -> About {
    About {
        captured_at: TIME.to_owned(),
        source: "account".to_owned(),
        accounts: vec![ACCOUNT.to_owned()],
        regions: vec!["eu-west-1".to_owned()],
        listings,
        ..About::default()
    }
}

fn parsed(text: &str) -> Query {
    Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The rows as text: cells with a bar between them.
fn rows(answer: &Answer<'_>) -> Vec<String> {
    answer.rows().map(|row| row.iter().map(output::cell).collect::<Vec<_>>().join("|")).collect()
}

fn ask(items: Vec<ConfigurationItem>, text: &str) -> Vec<String> {
    let query = parsed(text);
    let answer = query.run(&snapshot(items)).unwrap();
    assert!(answer.is_complete(), "{text}: {answer:?}");
    rows(&answer)
}

fn volumes() -> Vec<ConfigurationItem> {
    vec![
        item("AWS::EC2::Volume", "vol-a", r#"{"size": 8, "encrypted": true, "state": {"name": "in-use"}}"#),
        item("AWS::EC2::Volume", "vol-b", r#"{"size": 100, "encrypted": false, "state": {"name": "in-use"}}"#),
        item("AWS::EC2::Volume", "vol-c", r#"{"size": 20, "kmsKeyId": null}"#),
        item("AWS::S3::Bucket", "logs", r#"{"name": "logs"}"#),
    ]
}

#[test]
fn the_comparisons() {
    for (condition, expected) in [
        ("configuration.size = 8", &["vol-a"][..]),
        ("configuration.size = '8'", &["vol-a"]),
        ("configuration.size > 8", &["vol-b", "vol-c"]),
        ("configuration.size >= 20 AND configuration.size <= 100", &["vol-b", "vol-c"]),
        ("configuration.size BETWEEN 8 AND 20", &["vol-a", "vol-c"]),
        ("configuration.size IN (8, 100)", &["vol-a", "vol-b"]),
        ("configuration.encrypted = true", &["vol-a"]),
        ("configuration.encrypted = 'false'", &["vol-b"]),
        ("NOT configuration.encrypted = true", &["logs", "vol-b", "vol-c"]),
        ("configuration.encrypted != true AND resourceType = 'AWS::EC2::Volume'", &["vol-b", "vol-c"]),
        ("configuration.state.name = 'in-use' OR resourceId = 'logs'", &["logs", "vol-a", "vol-b"]),
        ("resourceType LIKE 'AWS::EC2::%'", &["vol-a", "vol-b", "vol-c"]),
        ("resourceId LIKE 'vol-_'", &["vol-a", "vol-b", "vol-c"]),
        ("resourceId NOT LIKE '%ol-%'", &["logs"]),
        ("configuration.kmsKeyId IS NULL AND configuration.size IS NOT NULL", &["vol-a", "vol-b", "vol-c"]),
        ("configuration.size < 'small'", &[]),
        ("configurationItemCaptureTime > '2026-01-02'", &["logs", "vol-a", "vol-b", "vol-c"]),
        ("configurationItemCaptureTime > '2026-01-02T03:04:05.678+00:00'", &[]),
        ("accountId = 111122223333 AND configuration.size = 8", &["vol-a"]),
    ] {
        let mut found = ask(volumes(), &format!("SELECT resourceId WHERE {condition}"));
        found.sort();
        assert_eq!(found, expected, "{condition}");
    }
}

/// The two examples of AWS's documentation of how address ranges compare.
#[test]
fn blocks_of_addresses_are_ranges() {
    let group = |id: &str, ranges: &str| {
        item("AWS::EC2::SecurityGroup", id, &format!(r#"{{"ipPermissions": [{{"ipRanges": [{ranges}]}}]}}"#))
    };
    let groups = || {
        vec![
            group("all", r#""0.0.0.0/0""#),
            group("net", r#""10.0.0.0/24""#),
            group("host", r#""192.168.0.2/32""#),
            group("two", r#""192.168.0.0/16", "10.0.0.0/8""#),
            group("six", r#""::/0""#),
        ]
    };
    let asked = |condition: &str| {
        ask(
            groups(),
            &format!("SELECT resourceId WHERE {}", condition.replace('$', "configuration.ipPermissions.ipRanges")),
        )
    };
    assert_eq!(asked("$ = '192.168.0.2'"), ["all", "host", "two"]);
    assert_eq!(asked("$ = '10.0.0.0/24'"), ["all", "net", "two"]);
    assert_eq!(asked("$ BETWEEN '10.0.0.0' AND '10.0.0.255'"), ["all", "net", "two"]);
    let exact = "$ BETWEEN '10.0.0.0' AND '10.0.0.255' AND NOT $ < '10.0.0.0' AND NOT $ > '10.0.0.255'";
    assert_eq!(asked(exact), ["net"]);
    assert_eq!(asked("$ = '192.168.0.2' AND NOT $ > '192.168.0.2' AND NOT $ < '192.168.0.2'"), ["host"]);
    assert_eq!(asked("$ = '2001:db8::1'"), ["six"]);
    // Text that only looks like an address stays text where it is an id.
    let named = vec![item("T", "10.0.0.0/8", "{}")];
    assert!(ask(named, "SELECT resourceId WHERE resourceId = '10.0.0.1'").is_empty());
    let hosts = vec![item("T", "a", r#"{"ip": "10.0.0.7"}"#), item("T", "b", r#"{"ip": "10.0.0.70"}"#)];
    let between = "SELECT resourceId WHERE configuration.ip BETWEEN '10.0.0.1' AND '10.0.0.9'";
    assert_eq!(ask(hosts, between), ["a"]);
}

/// The example of AWS's documentation: each condition may hold for another element.
#[test]
fn conditions_on_a_list_hold_for_any_element_each() {
    let rules = r#"{"configRuleList": [{"configRuleName": "A", "complianceType": "compliant"},
        {"configRuleName": "B", "complianceType": "non_compliant"}]}"#;
    let found = ask(
        vec![item("AWS::Config::ResourceCompliance", "R", rules)],
        "SELECT resourceId, configuration.configRuleList.configRuleName \
         WHERE configuration.configRuleList.complianceType = 'non_compliant' AND configuration.configRuleList.configRuleName = 'A'",
    );
    assert_eq!(found, [r#"R|["A","B"]"#]);
}

#[test]
fn tags_and_relationships_are_lists() {
    let mut one = item("AWS::EC2::EIP", "eip", "{}");
    one.tags = serde_json::from_str(r#"{"Team": "shop", "Name": "x=y"}"#).unwrap();
    one.relationships.push(Relationship {
        resource_type: "AWS::EC2::Instance".into(),
        resource_id: Some("i-1".into()),
        resource_name: None,
        name: "Is attached to Instance".into(),
    });
    for condition in [
        "tags.key = 'Team'",
        "tags.tag = 'Name=x=y'",
        "tags.value IN ('none', 'shop')",
        "relationships.resourceId = 'i-1' AND relationships.resourceType = 'AWS::EC2::Instance'",
        "relationships.name LIKE 'Is attached%'",
        "NOT relationships.resourceId = 'i-2'",
    ] {
        let found = ask(vec![one.clone()], &format!("SELECT resourceId WHERE {condition}"));
        assert_eq!(found, ["eip"], "{condition}");
    }
    let query = parsed("SELECT tags, relationships, tags.key");
    let snapshot = snapshot(vec![one]);
    let answer = query.run(&snapshot).unwrap();
    let object = answer.objects().next().unwrap().to_string();
    assert_eq!(
        object,
        r#"{"relationships":[{"resourceId":"i-1","resourceType":"AWS::EC2::Instance"}],"tags":[{"key":"Name","tag":"Name=x=y","value":"x=y"},{"key":"Team","tag":"Team=shop","value":"shop"}]}"#
    );
    assert_eq!(answer.rows().next().unwrap()[2].to_string(), r#"["Name","Team"]"#);
}

#[test]
fn groups_and_functions() {
    let by_state = "SELECT configuration.state.name, COUNT(*), SUM(configuration.size), MAX(configuration.size), \
        AVG(configuration.size), MIN(configuration.size) WHERE resourceType = 'AWS::EC2::Volume' \
        GROUP BY configuration.state.name";
    assert_eq!(ask(volumes(), by_state), ["in-use|2|108|100|54.0|8", "|1|20|20|20.0|20"]);
    let query = parsed(by_state);
    let snapshot = snapshot(volumes());
    let answer = query.run(&snapshot).unwrap();
    let objects: Vec<String> = answer.objects().map(|one| one.to_string()).collect();
    let first = r#"{"AVG(configuration.size)":54.0,"COUNT(*)":2,"MAX(configuration.size)":100,"MIN(configuration.size)":8,"SUM(configuration.size)":108,"configuration":{"state":{"name":"in-use"}}}"#;
    assert_eq!(objects[0], first);
    assert!(!objects[1].contains("state"), "what is not set is left out: {}", objects[1]);
    assert_eq!(ask(volumes(), "SELECT COUNT(*) WHERE resourceId = 'none'"), ["0"]);
    assert_eq!(ask(volumes(), "SELECT SUM(configuration.size) WHERE resourceId = 'none'"), [""]);
    let sorted = "SELECT resourceType, COUNT(*) GROUP BY resourceType ORDER BY COUNT(*), resourceType";
    assert_eq!(ask(volumes(), sorted), ["AWS::S3::Bucket|1", "AWS::EC2::Volume|3"]);
    let error = parsed("SELECT SUM(resourceId)").run(&snapshot).unwrap_err();
    assert_eq!(error.to_string(), "SUM(resourceId) takes numbers, and `vol-a` is none");
}

#[test]
fn an_item_is_in_the_group_of_each_of_its_values() {
    let mut two = item("T", "a", "{}");
    two.tags = serde_json::from_str(r#"{"Team": "shop", "Name": "x"}"#).unwrap();
    let mut one = item("T", "b", "{}");
    one.tags = serde_json::from_str(r#"{"Team": "data"}"#).unwrap();
    let found = ask(vec![two, one, item("T", "c", "{}")], "SELECT tags.key, COUNT(*) GROUP BY tags.key");
    assert_eq!(found, ["Name|1", "Team|2", "|1"]);
}

#[test]
fn rows_are_sorted_and_cut() {
    let sorted = |rest: &str| ask(volumes(), &format!("SELECT resourceId {rest}"));
    assert_eq!(sorted(""), ["vol-a", "vol-b", "vol-c", "logs"], "by key: the type comes before the id");
    assert_eq!(sorted("ORDER BY configuration.size"), ["vol-a", "vol-c", "vol-b", "logs"]);
    assert_eq!(sorted("ORDER BY configuration.size DESC"), ["vol-b", "vol-c", "vol-a", "logs"], "not set is last");
    assert_eq!(sorted("ORDER BY resourceType DESC, resourceId DESC LIMIT 2"), ["logs", "vol-c"]);
    assert_eq!(sorted("LIMIT 1 OFFSET 2"), ["vol-c"]);
    assert_eq!(sorted("LIMIT 0"), [] as [&str; 0]);
    assert_eq!(ask(volumes(), "SELECT DISTINCT resourceType"), ["AWS::EC2::Volume", "AWS::S3::Bucket"]);
}

#[test]
fn everything_is_the_ten_scalars() {
    let answer_of = parsed("SELECT * WHERE resourceId = 'logs'");
    let snapshot = snapshot(volumes());
    let answer = answer_of.run(&snapshot).unwrap();
    let columns = "accountId awsRegion arn availabilityZone configurationItemCaptureTime resourceCreationTime resourceId resourceName resourceType version";
    assert_eq!(answer.columns().join(" "), columns);
    assert_eq!(rows(&answer), [format!("{ACCOUNT}|eu-west-1|||{TIME}||logs||AWS::S3::Bucket|1.3")]);
}

#[test]
fn what_is_gone_or_not_recorded_is_not_asked() {
    let mut items = volumes();
    items[0].status = ItemStatus::ResourceDeleted;
    items[1].status = ItemStatus::ResourceNotRecorded;
    assert_eq!(ask(items, "SELECT resourceId WHERE resourceType = 'AWS::EC2::Volume'"), ["vol-c"]);
}

#[test]
fn what_could_not_be_read_is_undecided() {
    let spoiled = || {
        let mut items = volumes();
        items[1].add_gap("/configuration/encrypted", &denied());
        snapshot(items)
    };
    let ids = |text: &str| {
        let query = parsed(text);
        let snapshot = spoiled();
        let answer = query.run(&snapshot).unwrap();
        let undecided: Vec<String> = answer
            .undecided
            .iter()
            .map(|gap| format!("{} {}", gap.resource_id.as_deref().unwrap(), gap.path.as_deref().unwrap()))
            .collect();
        (rows(&answer), undecided, answer.unread.len())
    };
    let strings = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let b = "vol-b /configuration/encrypted";
    assert_eq!(ids("SELECT resourceId WHERE configuration.encrypted = true"), (strings(&["vol-a"]), strings(&[b]), 0));
    let not = "SELECT resourceId WHERE NOT configuration.encrypted = true";
    assert_eq!(ids(not), (strings(&["vol-c", "logs"]), strings(&[b]), 0));
    assert_eq!(
        ids("SELECT resourceId WHERE configuration.encrypted IS NULL"),
        (strings(&["vol-c", "logs"]), strings(&[b]), 0)
    );
    // What else is known decides.
    let either = "SELECT resourceId WHERE configuration.encrypted = true OR configuration.size = 100";
    assert_eq!(ids(either), (strings(&["vol-a", "vol-b"]), vec![], 0));
    assert_eq!(
        ids("SELECT resourceId WHERE configuration.encrypted = true AND configuration.size < 50"),
        (strings(&["vol-a"]), vec![], 0)
    );
    // A shown value that is missing does not take the row away.
    let shown = "SELECT configuration.encrypted WHERE configuration.size = 100";
    assert_eq!(ids(shown), (strings(&["(unreadable)"]), vec![], 1));
    let grouped = "SELECT configuration.encrypted, COUNT(*) WHERE resourceType = 'AWS::EC2::Volume' GROUP BY configuration.encrypted";
    assert_eq!(ids(grouped), (strings(&["true|1", "|1"]), strings(&[b]), 0));
    assert_eq!(ids("SELECT COUNT(configuration.encrypted)"), (strings(&["(unreadable)"]), vec![], 1));
    assert_eq!(
        ids("SELECT resourceId WHERE resourceId = 'vol-b' ORDER BY configuration.encrypted"),
        (strings(&["vol-b"]), vec![], 1)
    );
}

#[test]
fn links_that_could_not_be_read_leave_open_what_they_would_tell() {
    let mut one = item("AWS::EC2::Volume", "vol-a", "{}");
    one.unreadable_relationships
        .push(UnreadableRelationship { resource_type: "AWS::EC2::Instance".into(), reason: denied() });
    let snapshot = snapshot(vec![one]);
    let undecided = |condition: &str| {
        let query = parsed(&format!("SELECT resourceId WHERE {condition}"));
        let answer = query.run(&snapshot).unwrap();
        (answer.len(), answer.undecided.len())
    };
    assert_eq!(undecided("relationships.resourceType = 'AWS::EC2::Instance'"), (0, 1));
    assert_eq!(
        undecided("relationships.resourceType = 'AWS::KMS::Key'"),
        (0, 0),
        "no link to an instance is one to a key"
    );
    assert_eq!(undecided("relationships.resourceId = 'i-1'"), (0, 1));
    assert_eq!(undecided("NOT relationships.resourceType LIKE '%Instance'"), (0, 1));
}

#[test]
fn listings_that_failed_are_told_where_they_matter() {
    let failed =
        Place { account_id: ACCOUNT.into(), aws_region: "eu-west-1".into(), resource_type: "AWS::EC2::Volume".into() };
    let mut head = about(Vec::new());
    head.gaps = vec![crate::gap::Gap {
        account_id: ACCOUNT.to_owned(),
        aws_region: failed.aws_region.to_string(),
        resource_type: failed.resource_type.to_string(),
        resource_id: None,
        path: None,
        reason: denied(),
    }];
    let snapshot = Snapshot::new(head, Vec::new());
    let missing = |text: &str| {
        let query = parsed(text);
        let answer = query.run(&snapshot).unwrap();
        answer
            .listings
            .iter()
            .map(|gap| format!("{} {} {}", gap.resource_type, gap.aws_region, gap.reason.code))
            .collect::<Vec<_>>()
    };
    let volumes = "AWS::EC2::Volume eu-west-1 AccessDenied";
    assert_eq!(missing("SELECT resourceId"), [volumes]);
    assert_eq!(
        missing("SELECT resourceId WHERE resourceType = 'AWS::EC2::Volume' AND configuration.size > 8"),
        [volumes]
    );
    assert_eq!(missing("SELECT resourceId WHERE resourceType LIKE 'AWS::EC2::%'"), [volumes]);
    assert_eq!(missing("SELECT resourceId WHERE awsRegion = 'eu-west-2'"), [] as [&str; 0]);
    // Nobody asked for buckets: that there are none is not known.
    assert_eq!(missing("SELECT resourceId WHERE resourceType = 'AWS::S3::Bucket'"), ["AWS::S3::Bucket * NotCollected"]);
    assert_eq!(
        missing("SELECT resourceId WHERE NOT resourceType IN ('AWS::S3::Bucket', 'AWS::EC2::Volume')"),
        [] as [&str; 0]
    );
}

#[test]
fn a_slip_of_the_pen_is_noticed() {
    let nearest = |text: &str| {
        let query = parsed(text);
        let snapshot = snapshot(volumes());
        let answer = query.run(&snapshot).unwrap();
        answer.unknown.iter().map(|one| (one.property.clone(), one.nearest.clone())).collect::<Vec<_>>()
    };
    let size = ("configuration.siez".to_owned(), Some("configuration.size".to_owned()));
    assert_eq!(nearest("SELECT configuration.siez"), std::slice::from_ref(&size));
    assert_eq!(nearest("SELECT resourceId WHERE resourceType = 'AWS::EC2::Volume' AND configuration.siez = 8"), [size]);
    assert_eq!(nearest("SELECT configuration.state.nmae")[0].1.as_deref(), Some("configuration.state.name"));
    assert_eq!(nearest("SELECT configuration.unlike")[0].1, None);
    // Known, but of the other type.
    assert_eq!(nearest("SELECT configuration.size WHERE resourceType = 'AWS::S3::Bucket'").len(), 1);
    assert!(nearest("SELECT configuration.size, configuration.name").is_empty());
    assert!(
        nearest("SELECT configuration.siez WHERE resourceType = 'AWS::SQS::Queue'").is_empty(),
        "there are none to tell"
    );
}

#[test]
fn names_may_be_words_of_sql_or_in_quotes() {
    let odd = r#"{"select": {"end": 1}, "a-b": {"c.d": 2}, "default": [{"from": 3}]}"#;
    let found = ask(
        vec![item("T", "x", odd)],
        r#"SELECT configuration.select.end, configuration."a-b"."c.d", configuration.default.from WHERE configuration.default.from = 3;"#,
    );
    assert_eq!(found, ["1|2|[3]"]);
    assert_eq!(parsed(r#"SELECT configuration."a-b".end"#).columns[0].to_string(), r#"configuration."a-b".end"#);
}

/// Each error with the place that its caret points at.
#[test]
fn errors_point_at_their_place() {
    for (text, line, column, says) in [
        ("", 1, 1, "expected SELECT"),
        ("SELECT resourceId WHERE", 1, 24, "the query ends here"),
        ("SELECT resourceId WHERE resourceType = ", 1, 39, "the query ends here"),
        ("SELECT resourceId, FROM items", 1, 20, "expected a property or a value, found FROM"),
        ("SELECT resourceId FROM items", 1, 19, "there is no FROM"),
        (
            "SELECT resourceId\nWHERE configuration.end =\n  AND resourceId = 'a'",
            3,
            3,
            "expected a property or a value, found AND",
        ),
        ("SELECT resourceId WHERE resourceType = 'AWS", 1, 40, "unterminated string"),
        ("SELECT resorceId", 1, 8, "did you mean `resourceId`?"),
        ("SELECT tags.Owner", 1, 13, "there are key, tag, value"),
        ("SELECT resourceId.x", 1, 19, "has no properties below it"),
        ("SELECT resourceId WHERE tags = 'x'", 1, 25, "name a property below it"),
        ("SELECT resourceId WHERE resourceType = \"AWS::EC2::Volume\"", 1, 40, "single quotes: 'AWS::EC2::Volume'"),
        ("SELECT resourceId WHERE resourceId = NULL", 1, 38, "IS NULL"),
        ("SELECT resourceId WHERE 'a' = resourceId", 1, 25, "stands on the left"),
        ("SELECT resourceId WHERE configuration.encrypted", 1, 25, "a condition compares"),
        ("SELECT resourceId WHERE resourceId LIKE 'a' ESCAPE '!'", 1, 25, "no ESCAPE"),
        ("SELECT resourceId AS id", 1, 22, "there is no AS"),
        ("SELECT COUNT(resourceId, arn)", 1, 8, "COUNT takes one property"),
        ("SELECT SUM(*)", 1, 8, "SUM takes one property"),
        ("SELECT MAX(MIN(arn))", 1, 12, "this is a function"),
        ("SELECT CUONT(*)", 1, 8, "did you mean `COUNT`?"),
        ("SELECT resourceId, COUNT(*)", 1, 8, "has no single value in a group"),
        ("SELECT COUNT(*) GROUP BY awsRegion ORDER BY arn", 1, 36, "has no single value in a group"),
        ("SELECT COUNT(*) GROUP BY awsRegion HAVING COUNT(*) > 1", 1, 36, "there is no HAVING"),
        ("SELECT resourceId UNION SELECT arn", 1, 25, "one query at a time"),
        ("SELECT resourceId; DROP TABLE items", 1, 20, "the query ends before this: DROP"),
        ("DELETE FROM items", 1, 1, "begins with SELECT"),
        ("SELECT resourceId LIMIT many", 1, 25, "whole number"),
        ("SELECT resourceId LIMIT 1.5", 1, 25, "whole number"),
        ("SELECT resourceId WHERE resourceId = 1 +", 1, 41, "the query ends here"),
        ("SELECT resourceId WHERE resourceId = 1 + 1", 1, 38, "a value is expected"),
        ("WITH x AS (SELECT 1) SELECT resourceId", 1, 1, "there is no WITH"),
        ("SELECT resourceId WHERE resourceId IN (SELECT arn)", 1, 25, "a condition compares a property with a value"),
        ("SELECT ü", 1, 8, ""),
    ] {
        let error = Query::parse(text).expect_err(text);
        assert!(error.message.contains(says), "{text}: {error}");
        assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
    }
    let long = format!("SELECT resourceId WHERE resourceId = '{}'", "x".repeat(1 << 14));
    assert!(Query::parse(&long).unwrap_err().message.contains("at most 16384 bytes"));
    let deep = format!("SELECT resourceId WHERE {}arn = 'x'{}", "(".repeat(5_000), ")".repeat(5_000));
    assert!(Query::parse(&deep).unwrap_err().message.contains("nested too deeply"));
    let chain = vec!["arn = 'x'"; 500].join(" OR ");
    assert!(ask(volumes(), &format!("SELECT resourceId WHERE {chain}")).is_empty(), "a long chain is no depth");
}

#[test]
fn an_answer_as_json_is_read_back_as_items() {
    let query = parsed("SELECT *, configuration, tags, relationships WHERE resourceType = 'AWS::EC2::Volume'");
    let snapshot = snapshot(volumes());
    let mut out = Vec::new();
    output::json(&query.run(&snapshot).unwrap(), &mut out).unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(answer["QueryInfo"]["SelectFields"][0]["Name"], "accountId");
    assert_eq!((&answer["Undecided"], &answer["Unread"]), (&serde_json::json!([]), &serde_json::json!([])));
    let results = answer["Results"].as_array().unwrap();
    let read: Vec<ConfigurationItem> =
        results.iter().map(|text| serde_json::from_str(text.as_str().unwrap()).unwrap()).collect();
    assert_eq!(read.len(), 3);
    assert_eq!(read[0].configuration, volumes()[0].configuration);
    assert_eq!(read[0].key, volumes()[0].key);
}

#[test]
fn sql_reads_and_does_nothing_else() {
    let mut items = volumes();
    items[1].add_gap("/configuration/encrypted", &denied());
    let database = Database::of_snapshot(&snapshot(items)).unwrap();
    let ask = |text: &str| {
        database.query(text).map(|table| {
            table.rows.iter().map(|row| row.iter().map(output::cell).collect::<Vec<_>>().join("|")).collect::<Vec<_>>()
        })
    };
    let joined = "SELECT i.resource_id, configuration ->> '$.size', g.code FROM items i LEFT JOIN gaps g USING (resource_id) \
        WHERE i.resource_type = 'AWS::EC2::Volume' ORDER BY 2 DESC";
    assert_eq!(ask(joined).unwrap(), ["vol-b|100|AccessDenied", "vol-c|20|", "vol-a|8|"]);
    assert_eq!(
        ask("WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 3) SELECT sum(i) FROM n").unwrap(),
        ["6"]
    );
    for forbidden in [
        "DELETE FROM items",
        "UPDATE items SET arn = 'x'",
        "INSERT INTO gaps SELECT * FROM gaps",
        "CREATE TABLE t (x)",
        "CREATE TEMP TABLE t (x)",
        "DROP TABLE items",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'copy.db'",
        "PRAGMA query_only = 0",
        "SELECT * FROM pragma_table_info('items')",
        "SELECT load_extension('x')",
        "BEGIN",
        "SELECT 1; DELETE FROM items",
        "",
    ] {
        let error = ask(forbidden).expect_err(forbidden);
        let refused = matches!(error, SqlError::Forbidden(_))
            || (forbidden.contains("load_ext") && error.to_string().contains("not authorized"));
        assert!(refused, "{forbidden}: {error:?}");
    }
    assert_eq!(ask("SELECT count(*) FROM items").unwrap(), ["4"]);
    let Err(SqlError::Statement(error)) = ask("SELECT resource_id\nFROM itms") else {
        panic!("there is no such table")
    };
    assert_eq!(error.to_string(), "line 2, column 6 of the query: no such table: itms");
}
