//! Addresses and ports: the rules of security groups, ranges of ports, ranges of addresses.
//!
//! A permission is an element of `ipPermissions` in the shape of AWS Config: `ipProtocol`, `fromPort`, `toPort`,
//! `ipv4Ranges`, `ipv6Ranges`, `prefixListIds`, `userIdGroupPairs`
//! (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html>).

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use compact_str::{CompactString, ToCompactString};
use ipnet::IpNet;
use rhai::{Array, Dynamic, ImmutableString};

use super::fact::Hidden;
use crate::rule::run::{self, Outcome, Path, Segment, fail};
use crate::rule::surface::{Document, List, Surface};
use crate::value::{Object, Value};

const LAST_PORT: i64 = 65_535;

/// Which ports of which protocol.
#[derive(Debug, PartialEq, Eq)]
struct Ports {
    protocol: CompactString,
    /// None for protocols without ports.
    range: Option<(i64, i64)>,
}

thread_local! {
    /// The permission that was asked for last: a script asks several questions on each.
    static LAST: RefCell<Option<(u64, Object, Rc<Ports>)>> = const { RefCell::new(None) };
}

impl Ports {
    fn of(permission: &Document) -> Outcome<Rc<Self>> {
        let known = LAST.with_borrow(|last| match last {
            Some((run, members, ports)) if *run == run::number() && members.is_same(&permission.members) => {
                Some(Rc::clone(ports))
            }
            _ => None,
        });
        if let Some(ports) = known {
            return Ok(ports);
        }
        let ports = Rc::new(Self::read(permission)?);
        LAST.set(Some((run::number(), permission.members.clone(), Rc::clone(&ports))));
        Ok(ports)
    }

    fn read(permission: &Document) -> Outcome<Self> {
        let protocol = match scalar(permission, "ipProtocol")? {
            Value::String(name) if name.bytes().all(|byte| !byte.is_ascii_uppercase()) => name.clone(),
            Value::String(name) => name.to_lowercase(),
            Value::Integer(number) => number.to_compact_string(),
            Value::Null => return Err(fail("a permission has an ipProtocol, and this has none")),
            other => return Err(fail(format!("ipProtocol is a {}", other.kind()))),
        };
        let protocol = match protocol.as_str() {
            "-1" => CompactString::const_new("all"),
            "6" => CompactString::const_new("tcp"),
            "17" => CompactString::const_new("udp"),
            "1" => CompactString::const_new("icmp"),
            "58" => CompactString::const_new("icmpv6"),
            _ => protocol,
        };
        let port = |name, otherwise| match scalar(permission, name)? {
            Value::Integer(port) if *port >= 0 => Ok(*port),
            Value::Integer(_) | Value::Null => Ok(otherwise),
            other => Err(fail(format!("{name} is a {}", other.kind()))),
        };
        let range = match protocol.as_str() {
            "all" => Some((0, LAST_PORT)),
            "tcp" | "udp" => Some((port("fromPort", 0)?, port("toPort", LAST_PORT)?)),
            _ => None,
        };
        Ok(Self { protocol, range })
    }

    fn cover(&self, protocol: Option<&str>, port: i64) -> bool {
        protocol.is_none_or(|protocol| self.protocol == "all" || self.protocol.eq_ignore_ascii_case(protocol))
            && self.range.is_some_and(|(from, to)| (from..=to).contains(&port))
    }
}

/// A member that is a scalar; `null` if it is absent.
fn scalar<'a>(permission: &'a Document, name: &'static str) -> Outcome<&'a Value> {
    match (permission.members.get(name), &permission.origin) {
        (Some(Value::Unreadable(reason)), Some(path)) => Err(path.stop(&Segment::Fixed(name), reason)),
        (Some(Value::Unreadable(reason)), None) => Err(fail(reason.to_string())),
        (Some(value), path) => {
            if let Some(path) = path {
                path.note(&Segment::Fixed(name), Some(value));
            }
            Ok(value)
        }
        (None, _) => Ok(&Value::Null),
    }
}

/// One text below a permission, or what is hidden there.
enum Text<'a> {
    Known(&'a str),
    Hidden(Hidden),
}

/// A permission where it stands: an element of a list, or a document that a script has in hand.
#[derive(Clone, Copy)]
struct Permission<'a> {
    members: &'a Object,
    /// Where the list or the document stands.
    path: Option<&'a Path>,
    /// The place in the list.
    place: Option<usize>,
}

impl<'a> Permission<'a> {
    fn of(document: &'a Document) -> Self {
        Self { members: &document.members, path: document.origin.as_ref(), place: None }
    }

    /// Calls `look` with the texts of a list: those of a member of its elements, or the elements themselves. Ends early
    /// when `look` breaks.
    fn each_text(
        self,
        list: &'static str,
        member: &'static str,
        look: &mut impl FnMut(Text<'a>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let steps = |at: usize| {
            [
                Segment::Index(self.place.unwrap_or_default()),
                Segment::Fixed(list),
                Segment::Index(at),
                Segment::Fixed(member),
            ]
        };
        let first = usize::from(self.place.is_none());
        let hidden = |steps: &[Segment], reason| Text::Hidden(Hidden::below(self.path, steps, reason));
        let elements = match self.members.get(list) {
            Some(Value::Unreadable(reason)) => return look(hidden(steps(0).get(first..2).unwrap_or_default(), reason)),
            Some(Value::Array(elements)) => elements,
            _ => return ControlFlow::Continue(()),
        };
        for (at, element) in elements.iter().enumerate() {
            let (value, depth) = match element {
                Value::Object(members) => (members.get(member), 4),
                element => (Some(element), 3),
            };
            let steps = steps(at);
            let steps = steps.get(first..depth).unwrap_or_default();
            match value {
                Some(Value::Unreadable(reason)) => look(hidden(steps, reason))?,
                Some(value @ Value::String(text)) => {
                    if let Some(path) = self.path {
                        path.note_below(steps, Some(value));
                    }
                    look(Text::Known(text))?;
                }
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }
}

/// Calls `look` with all ranges of addresses of a permission.
fn each_range<'a>(
    permission: Permission<'a>,
    family: Option<&str>,
    look: &mut impl FnMut(Text<'a>) -> ControlFlow<()>,
) -> Outcome<()> {
    let (v4, v6) = match family {
        None => (true, true),
        Some("ipv4") => (true, false),
        Some("ipv6") => (false, true),
        Some(other) => return Err(fail(format!("`{other}` is not an address family: ipv4 or ipv6"))),
    };
    // AWS Config gives the IPv4 ranges twice, the second time as texts. Older items have these only.
    let v4_list = if permission.members.get("ipv4Ranges").is_some() { "ipv4Ranges" } else { "ipRanges" };
    if v4 && permission.each_text(v4_list, "cidrIp", look).is_break() {
        return Ok(());
    }
    if v6 {
        let _ = permission.each_text("ipv6Ranges", "cidrIpv6", look);
    }
    Ok(())
}

fn open_to_world(permission: Permission<'_>, family: Option<&str>) -> Outcome<bool> {
    let mut open = false;
    let mut first_hidden = None;
    each_range(permission, family, &mut |range| match range {
        Text::Known(cidr) if is_world(cidr) => {
            open = true;
            ControlFlow::Break(())
        }
        Text::Known(_) => ControlFlow::Continue(()),
        Text::Hidden(hidden) => {
            first_hidden.get_or_insert(hidden);
            ControlFlow::Continue(())
        }
    })?;
    match first_hidden {
        Some(hidden) if !open => Err(hidden.stop()),
        _ => Ok(open),
    }
}

/// Those of the permissions that let in the world, from first to last. With `listed`, also those that let in a prefix
/// list, whose entries have to be looked at. The same as `open_to_world` of each, without a call for each.
fn open_permissions(permissions: &List, listed: bool) -> Outcome<List> {
    let (elements, path) = permissions.facts().ok_or_else(|| fail("these are not permissions"))?;
    let open = || {
        let mut open = Vec::new();
        for (at, element) in elements.iter().enumerate() {
            // What is no object is refused when it is asked for as an element.
            let found = match element {
                Value::Object(members) => {
                    let permission = Permission { members, path, place: Some(at) };
                    let names_list = listed && !members_of(permission, "prefixListIds", "prefixListId")?.is_empty();
                    names_list || open_to_world(permission, None)?
                }
                _ => true,
            };
            if found {
                open.extend(permissions.get(at).transpose()?);
            }
        }
        Ok(List::of_hosts(open))
    };
    let question = if listed { "open or listed permissions" } else { "open permissions" };
    path.map_or_else(open, |path| run::ask(question, elements, path, open))
}

/// All texts that come, unless one is hidden.
#[derive(Default)]
struct Texts {
    known: Array,
    hidden: Option<Hidden>,
}

impl Texts {
    fn add(&mut self, text: Text<'_>) -> ControlFlow<()> {
        match text {
            Text::Known(text) => self.known.push(ImmutableString::from(text).into()),
            Text::Hidden(hidden) => {
                self.hidden.get_or_insert(hidden);
            }
        }
        ControlFlow::Continue(())
    }

    fn all(self) -> Outcome<Array> {
        self.hidden.map_or(Ok(self.known), |hidden| Err(hidden.stop()))
    }
}

fn cidrs(permission: Permission<'_>, family: Option<&str>) -> Outcome<Array> {
    let mut texts = Texts::default();
    each_range(permission, family, &mut |range| texts.add(range))?;
    texts.all()
}

fn members_of(permission: Permission<'_>, list: &'static str, member: &'static str) -> Outcome<Array> {
    let mut texts = Texts::default();
    let _ = permission.each_text(list, member, &mut |text| texts.add(text));
    texts.all()
}

fn is_world(cidr: &str) -> bool {
    cidr.trim_end().ends_with("/0") && net(cidr).is_ok()
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

/// Ranges of ports, sorted.
type Ranges = Rc<[(i64, i64)]>;

thread_local! {
    /// The text of ranges that was read last: a script asks with the same one again and again.
    static LAST_RANGES: RefCell<Option<(ImmutableString, Ranges)>> = const { RefCell::new(None) };
}

/// `22, 1020-1025` as text, as a list of such texts, or as a list of numbers; sorted.
fn port_ranges(ranges: &Dynamic) -> Outcome<Ranges> {
    let text = ranges.as_immutable_string_ref().ok();
    let known = text.as_ref().and_then(|text| {
        LAST_RANGES
            .with_borrow(|last| last.as_ref().filter(|(known, _)| *known == **text).map(|(_, last)| Rc::clone(last)))
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let mut found = Vec::new();
    add_ranges(ranges, &mut found)?;
    found.sort_unstable();
    let found: Ranges = found.into();
    if let Some(text) = text {
        LAST_RANGES.set(Some((text.clone(), Rc::clone(&found))));
    }
    Ok(found)
}

fn add_ranges(ranges: &Dynamic, found: &mut Vec<(i64, i64)>) -> Outcome<()> {
    if let Ok(port) = ranges.as_int() {
        found.push((port, port));
    } else if let Ok(text) = ranges.as_immutable_string_ref() {
        for word in super::text::csv(&text) {
            let wrong =
                || fail(format!("\"{word}\" is not a port or a range of ports: they look like 22 or 1020-1025"));
            let (from, to) = word.split_once('-').unwrap_or((word, word));
            let from = from.trim().parse::<i64>().map_err(|_| wrong())?;
            let to = to.trim().parse::<i64>().map_err(|_| wrong())?;
            if from > to || from < 0 || to > LAST_PORT {
                return Err(wrong());
            }
            found.push((from, to));
        }
    } else if let Ok(array) = ranges.as_array_ref() {
        array.iter().try_for_each(|element| add_ranges(element, found))?;
    } else if let Some(list) = ranges.read_lock::<List>() {
        list.each().try_for_each(|element| add_ranges(&element?, found))?;
    } else {
        return Err(fail(format!("a {} is not a list of ports", ranges.type_name())));
    }
    Ok(())
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
            Ok(Ports::of(permission)?.protocol.as_str().into())
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
        .function("ports_overlap", |permission: &mut Document, ranges: Dynamic| -> Outcome<bool> {
            let Some((from, to)) = Ports::of(permission)?.range else { return Ok(false) };
            Ok(port_ranges(&ranges)?.iter().any(|(start, end)| *start <= to && from <= *end))
        })
        .function("ports_in_ranges", |permission: &mut Document, ranges: Dynamic| -> Outcome<bool> {
            let Some((from, to)) = Ports::of(permission)?.range else { return Ok(false) };
            Ok(covers(&port_ranges(&ranges)?, from, to))
        })
        .function("open_to_world", |permission: &mut Document| open_to_world(Permission::of(permission), None))
        .function("open_to_world", |permission: &mut Document, family: &str| {
            open_to_world(Permission::of(permission), Some(family))
        })
        .function("open_permissions", |permissions: &mut List| open_permissions(permissions, false))
        .function("open_or_listed_permissions", |permissions: &mut List| open_permissions(permissions, true))
        .function("cidrs", |permission: &mut Document| cidrs(Permission::of(permission), None))
        .function("cidrs", |permission: &mut Document, family: &str| cidrs(Permission::of(permission), Some(family)))
        .function("prefix_lists", |permission: &mut Document| {
            members_of(Permission::of(permission), "prefixListIds", "prefixListId")
        })
        .function("source_groups", |permission: &mut Document| {
            members_of(Permission::of(permission), "userIdGroupPairs", "groupId")
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
    use std::sync::Arc;

    use super::*;
    use crate::value::Unreadable;

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
        assert_eq!(*ports, Ports { protocol: "icmp".into(), range: None });
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
            assert_eq!(open_to_world(Permission::of(&permission(json)), None).unwrap(), expected, "{json}");
        }
        let v6 = permission(r#"{"ipv6Ranges": [{"cidrIpv6": "::/0"}]}"#);
        assert!(open_to_world(Permission::of(&v6), Some("ipv6")).unwrap());
        assert!(!open_to_world(Permission::of(&v6), Some("ipv4")).unwrap());
        assert!(open_to_world(Permission::of(&v6), Some("v6")).is_err());
    }

    #[test]
    fn a_known_open_range_decides_whatever_else_is_hidden() {
        let hidden = Value::Unreadable(Arc::new(Unreadable::not_collected("ranges")));
        let open = permission(r#"{"ipv4Ranges": [{"cidrIp": "0.0.0.0/0"}]}"#);
        let open = Document { members: open.members.with("ipv6Ranges", hidden.clone()), origin: None };
        assert!(open_to_world(Permission::of(&open), None).unwrap());
        let closed = permission(r#"{"ipv4Ranges": [{"cidrIp": "10.0.0.0/8"}]}"#);
        let closed = Document { members: closed.members.with("ipv6Ranges", hidden), origin: None };
        assert!(open_to_world(Permission::of(&closed), None).is_err());
        assert!(!open_to_world(Permission::of(&closed), Some("ipv4")).unwrap());
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
