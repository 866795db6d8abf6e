//! The graded check of open ports, over every port, protocol and address family: what Trusted Advisor calls green, yellow
//! and red (<https://docs.aws.amazon.com/awssupport/latest/user/security-checks.html>).

use std::collections::BTreeMap;
use std::sync::Arc;

use assize::evaluate;
use assize::evaluation::{ComplianceType, Severity};
use assize::item::{ConfigurationItem, ResourceKey};
use assize::rule::{RuleSet, Selection};
use assize::snapshot::{About, Place, Snapshot};
use assize::value::Value;

const GREEN: [u32; 4] = [25, 80, 443, 465];
const RED: [u32; 9] = [20, 21, 1433, 1434, 3306, 3389, 4333, 5432, 5500];

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const GROUP: &str = "AWS::EC2::SecurityGroup";
const TIME: &str = "2026-01-01T00:00:00.000Z";

/// Permissions of one group: a script's list may not be much longer.
const PORTS_OF_A_GROUP: u32 = 256;

fn permission(protocol: &str, port: u32, source: &str) -> Value {
    let (ranges, member) = if source.contains(':') { ("ipv6Ranges", "cidrIpv6") } else { ("ipv4Ranges", "cidrIp") };
    Value::object([
        ("ipProtocol", protocol.into()),
        ("fromPort", i64::from(port).into()),
        ("toPort", i64::from(port).into()),
        (ranges, vec![Value::object([(member, source.into())])].into()),
    ])
}

fn group(id: &str, permissions: Vec<Value>) -> ConfigurationItem {
    let mut item = ConfigurationItem::new(ResourceKey::new(ACCOUNT, REGION, GROUP, id), TIME);
    item.configuration = Value::object([("ipPermissions", permissions.into())]);
    item
}

/// The findings by their keys.
fn findings(items: Vec<ConfigurationItem>) -> BTreeMap<String, Severity> {
    let place = Place { account_id: ACCOUNT.into(), aws_region: REGION.into(), resource_type: GROUP.into() };
    let about = About {
        captured_at: TIME.into(),
        accounts: vec![ACCOUNT.into()],
        regions: vec![REGION.into()],
        listings: vec![place],
        ..About::default()
    };
    let selection = Selection { rules: vec!["security-group-port-exposure".into()], ..Selection::default() };
    let rules = RuleSet::builtin().select(&selection).expect("the rule is built in");
    let outcome = evaluate::run(&rules, &Arc::new(Snapshot::new(about, items)), &evaluate::Options::default());
    assert_eq!(outcome.rule_errors, []);
    let evaluations = outcome.evaluations.into_iter();
    evaluations
        .filter(|evaluation| evaluation.compliance_type != ComplianceType::Compliant)
        .map(|evaluation| {
            assert_eq!(evaluation.compliance_type, ComplianceType::NonCompliant, "{}", evaluation.annotation);
            (evaluation.key.into(), evaluation.severity)
        })
        .collect()
}

#[test]
fn every_port_has_its_grade_by_tcp_and_udp_from_both_families() {
    let mut groups = Vec::new();
    let mut expected = BTreeMap::new();
    for protocol in ["tcp", "udp"] {
        for source in ["0.0.0.0/0", "::/0"] {
            for first in (0..=65_535).step_by(PORTS_OF_A_GROUP as usize) {
                let ports = first..first + PORTS_OF_A_GROUP;
                let permissions = ports.map(|port| permission(protocol, port, source)).collect();
                groups.push(group(&format!("sg-{protocol}-{source}-{first}"), permissions));
            }
            for port in (0..=65_535).filter(|port| !GREEN.contains(port)) {
                let severity = if RED.contains(&port) { Severity::High } else { Severity::Medium };
                expected.insert(format!("{protocol} {port} from {source}"), severity);
            }
        }
    }
    let found = findings(groups);
    assert_eq!(found.len(), 4 * (65_536 - GREEN.len()));
    let different: Vec<_> = expected.iter().filter(|(key, severity)| found.get(*key) != Some(severity)).collect();
    assert_eq!(different, [], "graded otherwise");
}

#[test]
fn all_traffic_is_red_from_both_families_and_what_has_no_ports_is_not_graded() {
    let permissions = |source| {
        ["-1", "icmp", "icmpv6", "50"]
            .into_iter()
            .map(move |protocol| {
                let ranges = if source == "::/0" { "ipv6Ranges" } else { "ipv4Ranges" };
                let member = if source == "::/0" { "cidrIpv6" } else { "cidrIp" };
                let range = Value::object([(member, Value::from(source))]);
                Value::object([("ipProtocol", Value::from(protocol)), (ranges, vec![range].into())])
            })
            .collect()
    };
    let found = findings(vec![group("sg-1", permissions("0.0.0.0/0")), group("sg-2", permissions("::/0"))]);
    let all = |source| (format!("all traffic from {source}"), Severity::High);
    assert_eq!(found, BTreeMap::from([all("0.0.0.0/0"), all("::/0")]));
}
