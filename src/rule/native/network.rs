//! Addresses and ports: the rules of security groups, ranges of ports, ranges of addresses.
//!
//! A permission is an element of `ipPermissions` in the shape of AWS Config: `ipProtocol`, `fromPort`, `toPort`,
//! `ipv4Ranges`, `ipv6Ranges`, `prefixListIds`, `userIdGroupPairs`
//! (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html>).

use ipnet::IpNet;
use rhai::{Array, Dynamic, ImmutableString};

use super::fact::{Fact, Seen, any};
use crate::rule::run::{Outcome, fail};
use crate::rule::surface::{Document, Surface, from_dynamic};
use crate::value::Value;

const LAST_PORT: i64 = 65_535;

/// Which ports of which protocol.
#[derive(Debug, PartialEq, Eq)]
struct Ports {
    protocol: String,
    /// None for protocols without ports.
    range: Option<(i64, i64)>,
}

impl Ports {
    fn of(permission: &Document) -> Outcome<Self> {
        let fact = Fact::of_document(permission);
        let protocol = match fact.member("ipProtocol") {
            Seen::Known(protocol) => match &protocol.value {
                Value::String(name) => name.to_lowercase().into_string(),
                Value::Integer(number) => number.to_string(),
                other => return Err(fail(format!("ipProtocol is a {}", other.kind()))),
            },
            Seen::Hidden(hidden) => return Err(hidden.stop()),
            Seen::Absent => return Err(fail("a permission has an ipProtocol, and this has none")),
        };
        let protocol = match protocol.as_str() {
            "-1" | "all" => "all",
            "6" => "tcp",
            "17" => "udp",
            "1" => "icmp",
            "58" => "icmpv6",
            other => other,
        };
        let range = match protocol {
            "all" => Some((0, LAST_PORT)),
            "tcp" | "udp" => {
                let port = |name, otherwise| match fact.member(name) {
                    Seen::Known(port) => port
                        .value
                        .as_i64()
                        .map(|port| if port < 0 { otherwise } else { port })
                        .ok_or_else(|| fail(format!("{name} is a {}", port.value.kind()))),
                    Seen::Hidden(hidden) => Err(hidden.stop()),
                    Seen::Absent => Ok(otherwise),
                };
                Some((port("fromPort", 0)?, port("toPort", LAST_PORT)?))
            }
            _ => None,
        };
        Ok(Self { protocol: protocol.to_owned(), range })
    }

    fn cover(&self, protocol: Option<&str>, port: i64) -> bool {
        protocol.is_none_or(|protocol| self.protocol == "all" || self.protocol.eq_ignore_ascii_case(protocol))
            && self.range.is_some_and(|(from, to)| (from..=to).contains(&port))
    }
}

/// The texts of all ranges of addresses of a permission.
fn ranges(permission: &Document, family: Option<&str>) -> Outcome<Vec<Seen>> {
    let (v4, v6) = match family {
        None => (true, true),
        Some("ipv4") => (true, false),
        Some("ipv6") => (false, true),
        Some(other) => return Err(fail(format!("`{other}` is not an address family: ipv4 or ipv6"))),
    };
    let fact = Fact::of_document(permission);
    let below = |name, member| {
        fact.elements_of(name).into_iter().map(move |range| match range {
            Seen::Known(range) if range.value.as_object().is_some() => range.member(member),
            other => other,
        })
    };
    let mut ranges = Vec::new();
    if v4 {
        ranges.extend(below("ipv4Ranges", "cidrIp"));
        // AWS Config gives the same ranges a second time, as texts. Older items have these only.
        if ranges.is_empty() {
            ranges.extend(below("ipRanges", "cidrIp"));
        }
    }
    if v6 {
        ranges.extend(below("ipv6Ranges", "cidrIpv6"));
    }
    Ok(ranges)
}

fn open_to_world(permission: &Document, family: Option<&str>) -> Outcome<bool> {
    let world = |range: &Fact| range.value.as_str().is_some_and(is_world);
    any(ranges(permission, family)?, world).map_err(|hidden| hidden.stop())
}

/// All of these, unless one is hidden.
fn texts(seen: impl IntoIterator<Item = Seen>) -> Outcome<Array> {
    let mut texts = Array::new();
    for seen in seen {
        match seen {
            Seen::Known(fact) => texts.extend(fact.value.as_str().map(|text| ImmutableString::from(text).into())),
            Seen::Hidden(hidden) => return Err(hidden.stop()),
            Seen::Absent => {}
        }
    }
    Ok(texts)
}

fn is_world(cidr: &str) -> bool {
    net(cidr).is_ok_and(|net| net.prefix_len() == 0)
}

/// A range of addresses; a single address is a range of one.
pub(super) fn net(cidr: &str) -> Outcome<IpNet> {
    let cidr = cidr.trim();
    cidr.parse::<IpNet>().or_else(|_| cidr.parse::<std::net::IpAddr>().map(IpNet::from)).map_err(|_| {
        fail(format!("\"{cidr}\" is not a range of addresses: they look like 10.0.0.0/8 or 2001:db8::/32"))
    })
}

/// Whether the range is within those of RFC 1918, or of RFC 4193 for IPv6.
pub(super) fn is_private(net: &IpNet) -> bool {
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]
        .iter()
        .filter_map(|private| private.parse::<IpNet>().ok())
        .any(|private| private.contains(net))
}

/// `22, 1020-1025` as text, as a list of such texts, or as a list of numbers.
fn port_ranges(ranges: &Dynamic) -> Outcome<Vec<(i64, i64)>> {
    fn add(value: &Value, ranges: &mut Vec<(i64, i64)>) -> Outcome<()> {
        let wrong = || fail(format!("{value} is not a list of ports: they look like 22,1020-1025"));
        match value {
            Value::Integer(port) => ranges.push((*port, *port)),
            Value::String(text) => {
                for word in super::text::csv(text) {
                    let (from, to) = word.split_once('-').unwrap_or((word, word));
                    let from = from.trim().parse::<i64>().map_err(|_| wrong())?;
                    let to = to.trim().parse::<i64>().map_err(|_| wrong())?;
                    if from > to || from < 0 || to > LAST_PORT {
                        return Err(wrong());
                    }
                    ranges.push((from, to));
                }
            }
            Value::Array(elements) => elements.iter().try_for_each(|element| add(element, ranges))?,
            _ => return Err(wrong()),
        }
        Ok(())
    }
    let mut found = Vec::new();
    add(&from_dynamic(ranges)?, &mut found)?;
    found.sort_unstable();
    Ok(found)
}

/// Whether all ports from one to another are in the ranges, which are sorted.
fn covers(ranges: &[(i64, i64)], from: i64, to: i64) -> bool {
    let mut next = from;
    for (start, end) in ranges {
        if *start > next {
            return false;
        }
        next = next.max(end + 1);
        if next > to {
            return true;
        }
    }
    false
}

pub(super) fn register(surface: &mut Surface) {
    surface
        .function("protocol", |permission: &mut Document| -> Outcome<ImmutableString> {
            Ok(Ports::of(permission)?.protocol.into())
        })
        .function("from_port", |permission: &mut Document| -> Outcome<Dynamic> {
            Ok(Ports::of(permission)?.range.map_or(Dynamic::UNIT, |(from, _)| from.into()))
        })
        .function("to_port", |permission: &mut Document| -> Outcome<Dynamic> {
            Ok(Ports::of(permission)?.range.map_or(Dynamic::UNIT, |(_, to)| to.into()))
        })
        .function("covers_port", |permission: &mut Document, port: i64| -> Outcome<bool> {
            Ok(Ports::of(permission)?.cover(None, port))
        })
        .function("covers_port", |permission: &mut Document, protocol: &str, port: i64| -> Outcome<bool> {
            Ok(Ports::of(permission)?.cover(Some(protocol), port))
        })
        .function("open_to_world", |permission: &mut Document| open_to_world(permission, None))
        .function("open_to_world", |permission: &mut Document, family: &str| open_to_world(permission, Some(family)))
        .function("cidrs", |permission: &mut Document| texts(ranges(permission, None)?))
        .function("cidrs", |permission: &mut Document, family: &str| texts(ranges(permission, Some(family))?))
        .function("prefix_lists", |permission: &mut Document| {
            let lists = Fact::of_document(permission).elements_of("prefixListIds");
            texts(lists.into_iter().map(|list| match list {
                Seen::Known(list) if list.value.as_object().is_some() => list.member("prefixListId"),
                other => other,
            }))
        })
        .function("source_groups", |permission: &mut Document| {
            let groups = Fact::of_document(permission).elements_of("userIdGroupPairs");
            texts(groups.into_iter().map(|group| match group {
                Seen::Known(group) => group.member("groupId"),
                other => other,
            }))
        })
        .function("port_in_ranges", |port: i64, ranges: Dynamic| -> Outcome<bool> {
            Ok(covers(&port_ranges(&ranges)?, port, port))
        })
        .function("ports_in_ranges", |from: i64, to: i64, ranges: Dynamic| -> Outcome<bool> {
            Ok(covers(&port_ranges(&ranges)?, from, to))
        })
        .function("ports_overlap", |from: i64, to: i64, ranges: Dynamic| -> Outcome<bool> {
            Ok(port_ranges(&ranges)?.iter().any(|(start, end)| *start <= to && from <= *end))
        })
        .function("cidr_is_world", |cidr: &str| -> Outcome<bool> { Ok(net(cidr)?.prefix_len() == 0) })
        .function("cidr_is_private", |cidr: &str| -> Outcome<bool> { Ok(is_private(&net(cidr)?)) })
        .function("cidr_contains", |outer: &str, inner: &str| -> Outcome<bool> {
            Ok(net(outer)?.contains(&net(inner)?))
        })
        .function("cidr_overlaps", |a: &str, b: &str| -> Outcome<bool> {
            let (a, b) = (net(a)?, net(b)?);
            Ok(a.contains(&b) || b.contains(&a))
        })
        .function("cidr_prefix", |cidr: &str| -> Outcome<i64> { Ok(i64::from(net(cidr)?.prefix_len())) });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(json: &str) -> Document {
        let value: Value = serde_json::from_str(json).unwrap();
        Document { members: value.as_object().unwrap().clone(), origin: None }
    }

    #[test]
    fn all_protocols_cover_every_port() {
        let ports = Ports::of(&permission(r#"{"ipProtocol": "-1"}"#)).unwrap();
        assert!(ports.cover(Some("udp"), 53) && ports.cover(None, 65_535) && ports.cover(None, 0));
    }

    #[test]
    fn icmp_types_are_no_ports() {
        let ports = Ports::of(&permission(r#"{"ipProtocol": "icmp", "fromPort": 8, "toPort": -1}"#)).unwrap();
        assert_eq!(ports, Ports { protocol: "icmp".into(), range: None });
        assert!(!ports.cover(None, 8));
    }

    #[test]
    fn protocols_by_number_are_those_by_name() {
        let ports = Ports::of(&permission(r#"{"ipProtocol": "6", "fromPort": 20, "toPort": 22}"#)).unwrap();
        assert!(ports.cover(Some("tcp"), 22) && !ports.cover(Some("tcp"), 23) && !ports.cover(Some("udp"), 22));
    }

    #[test]
    fn the_world_is_both_families_and_every_way_to_write_it() {
        for (json, expected) in [
            (r#"{"ipv4Ranges": [{"cidrIp": "10.0.0.0/8"}, {"cidrIp": "0.0.0.0/0"}]}"#, true),
            (r#"{"ipv4Ranges": [{"cidrIp": "1.2.3.4/0"}]}"#, true),
            (r#"{"ipv6Ranges": [{"cidrIpv6": "0:0:0:0:0:0:0:0/0"}]}"#, true),
            (r#"{"ipRanges": ["0.0.0.0/0"]}"#, true),
            (r#"{"ipv4Ranges": [{"cidrIp": "0.0.0.0/1"}], "ipv6Ranges": []}"#, false),
            (r#"{"userIdGroupPairs": [{"groupId": "sg-1"}]}"#, false),
        ] {
            assert_eq!(open_to_world(&permission(json), None).unwrap(), expected, "{json}");
        }
        let v6 = permission(r#"{"ipv6Ranges": [{"cidrIpv6": "::/0"}]}"#);
        assert!(open_to_world(&v6, Some("ipv6")).unwrap());
        assert!(!open_to_world(&v6, Some("ipv4")).unwrap());
        assert!(open_to_world(&v6, Some("v6")).is_err());
    }

    #[test]
    fn a_known_open_range_decides_whatever_else_is_hidden() {
        let hidden = Value::Unreadable(std::sync::Arc::new(crate::value::Unreadable::not_collected("ranges")));
        let open = permission(r#"{"ipv4Ranges": [{"cidrIp": "0.0.0.0/0"}]}"#);
        let open = Document { members: open.members.with("ipv6Ranges", hidden.clone()), origin: None };
        assert!(open_to_world(&open, None).unwrap());
        let closed = permission(r#"{"ipv4Ranges": [{"cidrIp": "10.0.0.0/8"}]}"#);
        let closed = Document { members: closed.members.with("ipv6Ranges", hidden), origin: None };
        assert!(open_to_world(&closed, None).is_err());
        assert!(!open_to_world(&closed, Some("ipv4")).unwrap());
    }

    #[test]
    fn ports_are_looked_for_in_the_union_of_ranges() {
        let ranges = port_ranges(&Dynamic::from("443, 20-22,23-25")).unwrap();
        assert!(covers(&ranges, 20, 25) && covers(&ranges, 443, 443));
        assert!(!covers(&ranges, 19, 22) && !covers(&ranges, 20, 26) && !covers(&ranges, 25, 443));
        assert!(port_ranges(&Dynamic::from("22-20")).is_err());
        assert!(port_ranges(&Dynamic::from("70000")).is_err());
        assert!(port_ranges(&Dynamic::from("ssh")).is_err());
    }

    #[test]
    fn ranges_of_addresses_contain_each_other() {
        assert!(net("10.0.0.0/8").unwrap().contains(&net("10.1.2.3").unwrap()));
        assert!(!net("10.0.0.0/8").unwrap().contains(&net("::/0").unwrap()));
        assert!(is_private(&net("172.31.0.0/16").unwrap()) && !is_private(&net("172.32.0.0/16").unwrap()));
        assert!(net("10.0.0.0/33").is_err());
    }
}
