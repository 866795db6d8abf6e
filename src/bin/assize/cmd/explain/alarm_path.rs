//! `assize explain alarm-path`: why nobody was told of an event. The way from the trail that records it to a person, step by
//! step, up to the first link that is broken, or that could not be read.
//!
//! The way is that of `root-login-alarm` and the other rules on alarms (`rules/lib/alarms.rhai`), walked by a rule of its own
//! that answers step by step. So what could not be read ends it as it ends every rule, and is never called broken.

mod json;
mod terminal;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assize::evaluate;
use assize::evaluation::{ComplianceType, Evaluation, RuleError};
use assize::gap::Gap;
use assize::report::terminal::counted;
use assize::rule::load::{self, Files, Folder};
use assize::rule::set::Chosen;
use assize::rule::{ParameterValues, RuleSet};
use assize::value::{Value, code};
use serde_json::json;

use crate::cli::{AlarmPath, TextOrJson};
use crate::cmd::looked_at;
use crate::failure::{Failure, causes};
use crate::output::{self, Colors};
use crate::{exit, input};

/// The links of the way, with the types whose items tell of them.
const LINKS: [(&str, &str); 6] = [
    ("trail", "AWS::CloudTrail::Trail"),
    ("log group", "AWS::Logs::LogGroup"),
    ("metric filter", "AWS::Logs::LogGroup"),
    ("alarm", "AWS::CloudWatch::Alarm"),
    ("topic", "AWS::SNS::Topic"),
    ("subscription", "AWS::SNS::Topic"),
];

/// What is said of one account.
struct Account<'o> {
    id: &'o str,
    told: Told<'o>,
}

enum Told<'o> {
    /// The account itself could not be read: nothing was looked for in it.
    Nothing(&'o Gap),
    /// The rule that follows the ways failed there, which is no answer: this is how.
    Failed(&'o str),
    /// A link could not be read, which leaves open where each way ends.
    Open(Open<'o>),
    Ways(Ways<'o>),
}

/// A link that could not be read.
#[derive(Clone, Copy)]
struct Open<'o> {
    /// With what was read of the links before it.
    evaluation: &'o Evaluation,
    gap: &'o Gap,
    /// Its place in [`LINKS`].
    at: usize,
}

struct Ways<'o> {
    /// One of the answers, for what was read: that is the same for all.
    evaluation: &'o Evaluation,
    by_event: BTreeMap<&'o str, Way<'o>>,
}

/// What was found of one event's way.
#[derive(Default)]
struct Way<'o> {
    /// The steps that hold.
    held: Vec<&'o str>,
    /// What is wrong with the next.
    broken: Option<&'o str>,
    /// Why it cannot be told whether the next holds.
    open: Option<&'o str>,
}

impl Way<'_> {
    /// Whether somebody is notified of the event; nothing if that cannot be told.
    fn is_notified(&self) -> Option<bool> {
        self.open.is_none().then_some(self.broken.is_none())
    }
}

pub(super) fn run(mut flags: AlarmPath, colors: Colors) -> Result<u8, Failure> {
    let (asked, sought) = sought(&flags)?;
    let ways = rules(&sought, false)?;
    let snapshot = Arc::new(looked_at::snapshot(&mut flags.looked_at, |catalog| input::needs(&ways, catalog))?);
    let judged = |rules: &RuleSet| {
        let outcome = evaluate::run(rules, &snapshot, &evaluate::Options::default());
        match outcome.rule_errors.iter().find(|error| account_of(error).is_none()) {
            Some(error) => Err(Failure::new(format!("the way cannot be followed: {}", error.message))),
            None => Ok(outcome),
        }
    };
    let (names, outcome) = (judged(&rules(&sought, true)?)?, judged(&ways)?);
    let errors = names.rule_errors.iter().chain(&outcome.rule_errors);
    let names: BTreeSet<&str> = names.evaluations.iter().filter(|one| is_read(one)).map(|one| &*one.key).collect();
    let of_accounts = outcome.evaluations.chunk_by(|a, b| a.resource.account_id == b.resource.account_id);
    let accounts = of_accounts.filter_map(Account::of).map(|account| (account.id, account));
    let mut accounts: BTreeMap<&str, Account<'_>> = accounts.collect();
    // An error in one account keeps no other from being told of.
    let failed = errors.filter_map(|error| Some((account_of(error)?, &*error.message)));
    accounts.extend(failed.map(|(id, message)| (id, Account { id, told: Told::Failed(message) })));
    let accounts: Vec<Account<'_>> = accounts.into_values().collect();
    if accounts.iter().all(Account::was_not_asked_for) {
        return Err(Failure::new("what was read does not have the account itself, of which this is asked")
            .help("assize collect --rule root-login-alarm reads all that is needed"));
    }
    let captured_at = &snapshot.about().captured_at;
    match flags.format {
        TextOrJson::Terminal => {
            let text = terminal::text(&asked.title(), captured_at, &accounts, output::width());
            output::stdout(colors, false, |out| out.write_all(text.as_bytes()))?;
        }
        TextOrJson::Json => {
            output::stdout(colors, true, |out| json::write(&asked, captured_at, &accounts, &names, out))?;
        }
    }
    // A broken way is what was asked for, whatever else could not be read.
    let is_told = |told: Option<bool>| accounts.iter().any(|account| account.is_notified() == told);
    Ok(if is_told(Some(false)) {
        exit::FINDINGS
    } else if is_told(None) {
        exit::INCOMPLETE
    } else {
        exit::CLEAN
    })
}

impl<'o> Account<'o> {
    /// What the answers on one account say.
    fn of(evaluations: &'o [Evaluation]) -> Option<Self> {
        let id = &evaluations.first()?.resource.account_id;
        let told = match evaluations.iter().find(|one| is_read(one)) {
            None => Told::Nothing(evaluations.iter().find_map(|one| one.gap.as_deref())?),
            Some(evaluation) => match (&evaluation.gap, evaluation) {
                // What cannot be read ends the evaluation: it is the only answer then.
                (Some(gap), evaluation) => Told::Open(Open { evaluation, gap, at: link_of(gap) }),
                (None, evaluation) => {
                    let by_event = ways(evaluations.iter().filter(|one| is_read(one)));
                    Told::Ways(Ways { evaluation, by_event })
                }
            },
        };
        Some(Self { id, told })
    }

    /// Whether nobody tried to read the account itself: of that nothing can be told, and it is no failure of a call.
    fn was_not_asked_for(&self) -> bool {
        let codes = [code::NOT_COLLECTED, code::NOT_RECORDED, code::NOT_IN_TEMPLATES];
        matches!(self.told, Told::Nothing(gap) if gap.reason.operation.is_empty() && codes.contains(&&*gap.reason.code))
    }

    /// Whether somebody is notified of each of the events; nothing if that cannot be told.
    fn is_notified(&self) -> Option<bool> {
        match &self.told {
            Told::Nothing(_) | Told::Failed(_) | Told::Open(_) => None,
            Told::Ways(ways) => {
                let told: BTreeSet<_> = ways.by_event.values().map(Way::is_notified).collect();
                // One event of which nobody is told decides.
                if told.contains(&Some(false)) { Some(false) } else { (!told.contains(&None)).then_some(true) }
            }
        }
    }
}

/// In which account a rule failed: its resource is told by its whole key, which begins with that. None if it failed before it
/// looked at any.
fn account_of(error: &RuleError) -> Option<&str> {
    error.resource.as_deref()?.split(' ').next()
}

/// Whether the answer is on an account that was read: one that could not be has no id of a resource.
fn is_read(evaluation: &Evaluation) -> bool {
    !evaluation.resource.resource_id.is_empty()
}

/// The ways by the names of their events: an answer's key is the name with the number of the step.
fn ways<'o>(evaluations: impl Iterator<Item = &'o Evaluation>) -> BTreeMap<&'o str, Way<'o>> {
    let mut by_event = BTreeMap::<&str, Way<'_>>::new();
    for evaluation in evaluations {
        let (name, _) = evaluation.key.rsplit_once(' ').unwrap_or((&evaluation.key, ""));
        let way = by_event.entry(name).or_default();
        match evaluation.compliance_type {
            ComplianceType::NonCompliant => way.broken = Some(&evaluation.annotation),
            ComplianceType::InsufficientData => way.open = Some(&evaluation.annotation),
            _ => way.held.push(&evaluation.annotation),
        }
    }
    by_event
}

/// The place of the link that could not be read.
fn link_of(gap: &Gap) -> usize {
    let path = gap.path.as_deref().unwrap_or_default();
    match &*gap.resource_type {
        "AWS::CloudTrail::Trail" => 0,
        "AWS::Logs::LogGroup" if !path.contains("MetricFilters") => 1,
        "AWS::CloudWatch::Alarm" => 3,
        "AWS::SNS::Topic" if !path.contains("Subscriptions") => 4,
        "AWS::SNS::Topic" => 5,
        // A filter's pattern that is not understood is told of the account.
        _ => 2,
    }
}

/// What was asked for.
enum Asked {
    /// One of the benchmark's kinds of event, by name.
    Kind(String),
    /// A filter that says the same as a pattern.
    Pattern(String),
    /// So many events of a file.
    Events(PathBuf, usize),
}

impl Asked {
    /// How it stands above the ways.
    fn title(&self) -> String {
        match self {
            Self::Kind(name) => name.clone(),
            Self::Pattern(pattern) => format!("The pattern {pattern}"),
            Self::Events(path, count) => format!("{} of {}", counted(*count, "event"), path.display()),
        }
    }
}

/// What the rule looks for, as its parameters.
type Sought = BTreeMap<String, serde_json::Value>;

/// What is asked for, and what is looked for.
fn sought(flags: &AlarmPath) -> Result<(Asked, Sought), Failure> {
    let filter = |what: &str, wanted: &str, pattern: &str| json!({"what": what, "wanted": wanted, "unlike": "", "pattern": pattern});
    if let Some(pattern) = &flags.pattern {
        let events = json!({"pattern": filter("what this pattern does", "", pattern)});
        return Ok((Asked::Pattern(pattern.clone()), Sought::from([("events".to_owned(), events)])));
    }
    if let Some(path) = &flags.event {
        let recorded = recorded(path)?;
        let event = |(at, event): (usize, &serde_json::Value)| {
            let name = event.get("eventName").and_then(serde_json::Value::as_str).unwrap_or("event");
            (format!("{name} {}", at + 1), filter(&format!("the event {name}"), &event.to_string(), ""))
        };
        let events: serde_json::Map<String, serde_json::Value> = recorded.iter().enumerate().map(event).collect();
        let asked = Asked::Events(path.clone(), recorded.len());
        return Ok((asked, Sought::from([("events".to_owned(), events.into())])));
    }
    let kind = flags.kind.name();
    Ok((Asked::Kind(kind.clone()), Sought::from([("kind".to_owned(), json!(kind))])))
}

/// The events of a file: one, or the records of a log file of `CloudTrail`.
fn recorded(path: &Path) -> Result<Vec<serde_json::Value>, Failure> {
    let help = "it has to be one event as CloudTrail writes it, or a log file with `Records`";
    let input = input::open(path).map_err(|error| input::unread(path, &error))?;
    let mut value: serde_json::Value =
        serde_json::from_reader(input).map_err(|error| input::unread(path, &error).help(help))?;
    let events = match value.get_mut("Records").map(serde_json::Value::take) {
        Some(serde_json::Value::Array(records)) => records,
        _ => vec![value],
    };
    let is_event = |event: &serde_json::Value| event.get("eventName").is_some_and(serde_json::Value::is_string);
    if events.is_empty() || !events.iter().all(is_event) {
        return Err(Failure::new(format!("{} holds something that is no event", path.display())).help(help));
    }
    Ok(events)
}

/// The rule that walks the way of each event that is looked for, or only tells the events' names.
fn rules(sought: &Sought, names: bool) -> Result<RuleSet, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::new(format!("the way cannot be followed: {}", causes(error)));
    let files = Files {
        metadata: include_str!("alarm_path.yaml").to_owned(),
        script: Some(include_str!("alarm_path.rhai").to_owned()),
        cases: None,
    };
    let rule =
        load::rule("account/alarm-path", &files, &Folder::builtin().libraries).map_err(|error| failed(&error))?;
    let mut given = BTreeMap::from([("names".to_owned(), Value::from(names))]);
    for (name, value) in sought {
        let text = serde_json::to_string(value).map_err(|error| failed(&error))?;
        given.insert(name.clone(), serde_json::from_str(&text).map_err(|error| failed(&error))?);
    }
    let parameters = ParameterValues::new(&rule, &given).map_err(|error| failed(&error))?;
    Ok(RuleSet::builtin().without_rules().with([Chosen::new(Arc::new(rule), parameters)]))
}
