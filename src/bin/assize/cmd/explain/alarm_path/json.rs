//! The ways for programs. Every member is always there; what does not apply is `null`. `docs/reports.md` tells them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::io::{self, Write};

use assize::report::json::{EvidenceV1, GapV1};
use serde::Serialize;

use super::{Account, Asked, LINKS, Open, Told, Way};

/// The value of `format`, by which a file says what it is.
const FORMAT: &str = "assize-alarm-path";

/// The version that is written. Within it members are added, and never renamed, removed or given another meaning.
const VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileV1<'o> {
    format: &'static str,
    version: u32,
    assize_version: &'static str,
    captured_at: &'o str,
    asked: AskedV1<'o>,
    accounts: Vec<AccountV1<'o>>,
}

/// One of the three.
#[derive(Default, Serialize)]
struct AskedV1<'o> {
    kind: Option<&'o str>,
    pattern: Option<&'o str>,
    file: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountV1<'o> {
    account_id: &'o str,
    /// Of each of the events; `null` if that cannot be told.
    notified: Option<bool>,
    ways: Vec<WayV1<'o>>,
    /// What could not be read, and so left it open.
    gap: Option<GapV1<'o>>,
    /// How the rule that follows the ways failed in the account, and so left it open.
    error: Option<&'o str>,
    /// What was read, in the order in which it was.
    evidence: Vec<EvidenceV1<'o>>,
}

#[derive(Serialize)]
struct WayV1<'o> {
    event: &'o str,
    notified: Option<bool>,
    links: Vec<LinkV1<'o>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LinkV1<'o> {
    link: &'static str,
    /// Of the items that tell of it.
    resource_type: &'static str,
    state: State,
    /// What was found of it, or why it could not be read, or not be told.
    reason: Option<Cow<'o, str>>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Holds,
    Broken,
    /// It was read; whether it holds is not told, for a later one could not be read, or what it says leaves it open.
    Read,
    Unread,
    /// The way ends before it.
    NotReached,
}

/// Writes what is said of each account as indented JSON with an end of line. `events` are the names of what was asked for.
pub(super) fn write(
    asked: &Asked,
    captured_at: &str,
    accounts: &[Account<'_>],
    events: &BTreeSet<&str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let file = FileV1 {
        format: FORMAT,
        version: VERSION,
        assize_version: env!("CARGO_PKG_VERSION"),
        captured_at,
        asked: match asked {
            Asked::Kind(name) => AskedV1 { kind: Some(name), ..AskedV1::default() },
            Asked::Pattern(pattern) => AskedV1 { pattern: Some(pattern), ..AskedV1::default() },
            Asked::Events(path, _) => AskedV1 { file: Some(path.display().to_string()), ..AskedV1::default() },
        },
        accounts: accounts.iter().map(|one| account(one, events)).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &file)?;
    out.write_all(b"\n")
}

fn account<'o>(account: &Account<'o>, events: &BTreeSet<&'o str>) -> AccountV1<'o> {
    // A link that could not be read leaves the ways of all events open.
    let alike = |open: &Open<'o>| {
        let way = |event: &&'o str| WayV1 { event, notified: None, links: links(|at| open_link(at, open)) };
        events.iter().map(way).collect()
    };
    let (ways, gap, evidence) = match &account.told {
        Told::Nothing(gap) => (Vec::new(), Some(*gap), &[][..]),
        Told::Failed(_) => (Vec::new(), None, &[][..]),
        Told::Open(open) => (alike(open), Some(open.gap), &*open.evaluation.evidence),
        Told::Ways(told) => {
            let way = |(event, way): (&&'o str, &Way<'o>)| WayV1 {
                event,
                notified: way.is_notified(),
                links: links(|at| told_link(at, way)),
            };
            (told.by_event.iter().map(way).collect(), None, &*told.evaluation.evidence)
        }
    };
    AccountV1 {
        account_id: account.id,
        notified: account.is_notified(),
        ways,
        gap: gap.map(GapV1::new),
        error: if let Told::Failed(message) = account.told { Some(message) } else { None },
        evidence: evidence.iter().map(EvidenceV1::new).collect(),
    }
}

fn links<'o>(told: impl Fn(usize) -> (State, Option<Cow<'o, str>>)) -> Vec<LinkV1<'o>> {
    let link = |(at, (link, resource_type)): (usize, (&'static str, &'static str))| {
        let (state, reason) = told(at);
        LinkV1 { link, resource_type, state, reason }
    };
    LINKS.into_iter().enumerate().map(link).collect()
}

fn told_link<'o>(at: usize, way: &Way<'o>) -> (State, Option<Cow<'o, str>>) {
    match (way.held.get(at), way.broken, way.open) {
        (Some(step), ..) => (State::Holds, Some(Cow::Borrowed(step))),
        (None, Some(reason), _) if at == way.held.len() => (State::Broken, Some(Cow::Borrowed(reason))),
        (None, None, Some(reason)) if at == way.held.len() => (State::Read, Some(Cow::Borrowed(reason))),
        _ => (State::NotReached, None),
    }
}

fn open_link<'o>(at: usize, open: &Open<'o>) -> (State, Option<Cow<'o, str>>) {
    match at.cmp(&open.at) {
        Ordering::Less => (State::Read, None),
        Ordering::Equal => (State::Unread, Some(Cow::Owned(open.gap.reason.to_string()))),
        Ordering::Greater => (State::NotReached, None),
    }
}
