//! Delivery: what is new in the store goes out as AWS Config would send it, and what does not get through waits for the next
//! time. `assize deliver` does it alone; `scan` and `collect` do it when they are done.

mod hub;

use std::collections::{BTreeMap, VecDeque};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use assize::config::Deliver;
use assize::deliver::{self, Parcel, Target};
use assize::history::{History, HistoryError, Waiting};
use assize::notification;
use assize::report::terminal::counted;
use assize::source::client::{ApiError, ConnectOptions};
use assize::source::config_bucket::Address;
use assize::source::delivery::{Delivery, Topic};
use serde_json::Value as Json;
use tokio::runtime::Runtime;

use super::config_account::runtime;
use crate::cli;
use crate::failure::{Failure, causes};
use crate::output::{self, Colors};
use crate::settings::Settings;
use crate::{exit, input, store};

const FILE: &str = "file";
const SNS: &str = "sns";
const S3: &str = "s3";

/// The channels that take messages, in the order in which each message goes to them.
const MESSAGES: [&str; 2] = [FILE, SNS];

pub(crate) fn run(mut flags: cli::Deliver, colors: Colors) -> Result<u8, Failure> {
    let mut settings = Settings::load(&flags.config)?;
    settings.store(&mut flags.store);
    let asked = settings.deliver().ok_or_else(|| {
        Failure::new("nothing says where to deliver to")
            .help("docs/deliver.md describes the section `deliver` of assize.yaml")
    })?;
    let mut history = store::existing(&flags.store, "no file: what is new is told by a store")?;
    history.begin_delivery().map_err(|error| store::failure(&error))?;
    if flags.forget {
        forget(&mut history, &asked).map_err(|error| store::failure(&error))?;
    }
    let (messages, findings) = deliver(&mut history, &asked, colors)?;
    let findings = if asked.hubs.is_empty() { String::new() } else { format!(", {}", counted(findings, "finding")) };
    output::note(colors, &format!("{}{findings} delivered", counted(messages, "message")))?;
    Ok(exit::CLEAN)
}

/// Forgets what waits for channels that there are no more.
fn forget(history: &mut History, asked: &Deliver) -> Result<(), HistoryError> {
    let waiting = history.waiting()?;
    let gone: Vec<i64> =
        waiting.iter().filter(|parcel| !asked.has(&parcel.channel)).filter_map(|parcel| parcel.id).collect();
    history.settle(&gone, &[], None)
}

/// Says, before the first snapshot is appended, that what is new from now on is to be delivered.
pub(crate) fn begin(history: Option<&mut History>, asked: Option<&Deliver>) -> Result<(), Failure> {
    match (asked, history) {
        (None, _) => Ok(()),
        (Some(_), Some(history)) => history.begin_delivery().map_err(|error| store::failure(&error)),
        (Some(_), None) => {
            Err(Failure::new("`deliver` of the configuration file needs a store, which knows what is new")
                .help("name one with `store` in the file or with --store FILE; --no-config does without both"))
        }
    }
}

/// What became of all that was to be sent.
#[derive(Default)]
struct Settled {
    /// Messages and files that got through.
    messages: usize,
    /// Findings that did.
    findings: usize,
    /// Findings of other accounts than the one whose credentials deliver.
    elsewhere: usize,
    /// What waited, and does not any more.
    done: Vec<i64>,
    still: Vec<Waiting>,
}

/// Delivers what waits and what is new, in this order, and gives back how many messages and files, and how many findings, got
/// through.
///
/// Each channel keeps its order: after the first failure everything else waits that goes there. A message that is sent
/// and whose sending the store could not note any more goes out again: each is delivered at least once.
pub(crate) fn deliver(history: &mut History, asked: &Deliver, colors: Colors) -> Result<(usize, usize), Failure> {
    let failed = |error: &dyn std::error::Error| Failure::new(causes(error));
    let bucket = asked.bucket.as_ref();
    let mut queue: VecDeque<Waiting> = history.waiting().map_err(|error| store::failure(&error))?.into();
    let new = history.undelivered().map_err(|error| store::failure(&error))?;
    for snapshot in &new {
        let prefix = bucket.map(Address::folder).unwrap_or_default();
        let target = bucket.map(|bucket| Target { bucket: bucket.bucket(), prefix: &prefix });
        let parcels = deliver::of_snapshot(history, snapshot, target).map_err(|error| failed(&error))?;
        let findings = deliver::findings(history, snapshot, &asked.hubs).map_err(|error| failed(&error))?;
        for parcel in parcels.into_iter().chain(findings) {
            post(parcel, asked, &mut queue).map_err(|error| failed(&error))?;
        }
    }
    let until = new.last().map(|snapshot| snapshot.id);
    if queue.is_empty() {
        history.settle(&[], &[], until).map_err(|error| store::failure(&error))?;
        return Ok((0, 0));
    }
    let mut channels = Channels { asked, runtime: runtime()?, delivery: None, broken: BTreeMap::new() };
    let (findings, superseded) = hub::take(&mut queue);
    let mut settled = Settled { done: superseded, ..Settled::default() };
    while let Some(parcel) = queue.pop_front() {
        match channels.send(&parcel) {
            Ok(()) => {
                settled.messages += 1;
                settled.done.extend(parcel.id);
                if parcel.file.is_some() {
                    follow(&parcel, asked, &mut queue, |message| Some(message.clone()));
                }
            }
            Err(error) => {
                // That it waits is told once, and on the other channels.
                if parcel.id.is_none() && parcel.file.is_some() {
                    follow(&parcel, asked, &mut queue, |message| {
                        notification::failed(message, &error.code, &error.message)
                    });
                }
                settled.still.push(parcel);
            }
        }
    }
    for (channel, findings) in findings {
        channels.import(&channel, findings, &mut settled);
    }
    let Settled { messages, findings, elsewhere, done, still } = settled;
    history.settle(&done, &still, until).map_err(|error| store::failure(&error))?;
    if elsewhere > 0 {
        let what = counted(elsewhere, "finding");
        let note =
            format!("note: {what} of other accounts not sent: Security Hub takes those of an account from it alone");
        output::note(colors, &note)?;
    }
    if channels.broken.is_empty() {
        return Ok((messages, findings));
    }
    let why = channels.broken.iter().map(|(channel, error)| {
        let waiting = still.iter().filter(|parcel| parcel.channel == *channel).count();
        let what = match channel.as_str() {
            S3 => "file",
            hub if Deliver::hub_of(hub).is_some() => "finding",
            _ => "message",
        };
        let name = asked.channels().into_iter().find(|(key, _)| key == channel);
        let name = name.map_or_else(|| format!("`{channel}`"), |(_, name)| name);
        format!("waiting for {name}: {}, as {}", counted(waiting, what), error.told)
    });
    Err(Failure::new(format!("not everything could be delivered\n{}", why.collect::<Vec<_>>().join("\n")))
        .help("the store keeps it; the next scan, or assize deliver, tries again"))
}

/// Puts a parcel into the queue of each channel that is to have it.
fn post(parcel: Parcel, asked: &Deliver, queue: &mut VecDeque<Waiting>) -> std::io::Result<()> {
    let messages = MESSAGES.into_iter().filter(|channel| asked.has(channel));
    let message = |channel: &str, message: &Json| Waiting {
        channel: channel.to_owned(),
        message: message.to_string(),
        ..Waiting::default()
    };
    let file = |key: String, body: Vec<u8>, then: Json| Waiting {
        channel: S3.to_owned(),
        message: then.to_string(),
        file: Some((key, body)),
        ..Waiting::default()
    };
    match parcel {
        Parcel::Message(one) => queue.extend(messages.map(|channel| message(channel, &one))),
        Parcel::File { key, body, completed } => {
            let then: serde_json::Map<_, _> = messages.map(|channel| (channel.to_owned(), completed.clone())).collect();
            queue.push_back(file(key, body, then.into()));
        }
        Parcel::Finding { hub, finding } => queue.push_back(message(&Deliver::hub(&hub), &finding)),
        Parcel::Oversized { message: whole, key, summary } => {
            // A file takes messages of any size.
            if asked.has(FILE) {
                queue.push_back(message(FILE, &whole));
            }
            if asked.has(SNS) && asked.has(S3) {
                queue.push_back(file(key, deliver::compressed(&whole)?, serde_json::json!({ SNS: summary })));
            } else if asked.has(SNS) {
                queue.push_back(message(SNS, &summary));
            }
        }
    }
    Ok(())
}

/// Puts the messages that follow a file to the front of the queue.
fn follow(parcel: &Waiting, asked: &Deliver, queue: &mut VecDeque<Waiting>, told: impl Fn(&Json) -> Option<Json>) {
    let then: serde_json::Map<String, Json> = serde_json::from_str(&parcel.message).unwrap_or_default();
    // Each goes to the front: the last one first.
    for channel in MESSAGES.into_iter().rev().filter(|channel| asked.has(channel)) {
        if let Some(message) = then.get(channel).and_then(&told) {
            let channel = channel.to_owned();
            queue.push_front(Waiting { channel, message: message.to_string(), ..Waiting::default() });
        }
    }
}

/// Why a channel takes nothing.
#[derive(Clone)]
struct Broken {
    code: String,
    message: String,
    told: String,
}

impl Broken {
    fn of(error: &dyn std::error::Error) -> Self {
        let told = causes(error);
        Self { code: "DeliveryFailed".to_owned(), message: told.clone(), told }
    }

    /// The configuration file named the channel when the parcel was posted, and does not any more.
    fn gone() -> Self {
        let told =
            "`deliver` of the configuration file does not name it any more; assize deliver --forget drops what waits"
                .to_owned();
        Self { code: "NoChannel".to_owned(), message: told.clone(), told }
    }

    fn of_call(error: &ApiError) -> Self {
        Self { code: error.code.clone(), message: error.message.clone(), told: causes(error) }
    }
}

struct Channels<'a> {
    asked: &'a Deliver,
    runtime: Runtime,
    /// Made when the first message wants it.
    delivery: Option<Result<Delivery, Broken>>,
    /// By the key of the channel in the configuration file.
    broken: BTreeMap<String, Broken>,
}

impl Channels<'_> {
    fn send(&mut self, parcel: &Waiting) -> Result<(), Broken> {
        let channel = &parcel.channel;
        if let Some(broken) = self.broken.get(channel) {
            return Err(broken.clone());
        }
        let sent = if self.asked.has(channel) { self.attempt(parcel) } else { Err(Broken::gone()) };
        if let Err(broken) = &sent {
            self.broken.insert(channel.clone(), broken.clone());
        }
        sent
    }

    fn attempt(&mut self, parcel: &Waiting) -> Result<(), Broken> {
        match (&self.asked.file, &self.asked.topic, &self.asked.bucket, &parcel.file) {
            (Some(path), _, _, _) if parcel.channel == FILE => {
                append(path, &parcel.message).map_err(|error| Broken::of(&error))
            }
            (_, Some(topic), _, _) if parcel.channel == SNS => self.publish(topic, &parcel.message),
            (_, _, Some(bucket), Some((key, body))) => self.put(bucket, key, body),
            _ => Ok(()),
        }
    }

    fn publish(&mut self, topic: &Topic, message: &str) -> Result<(), Broken> {
        let subject = serde_json::from_str(message).map(|message| notification::subject(&message)).unwrap_or_default();
        let delivery = self.connected()?;
        let sent = self.runtime.block_on(delivery.publish(topic, &subject, message));
        sent.map_err(|error| Broken::of_call(&error))
    }

    fn put(&mut self, bucket: &Address, key: &str, body: &[u8]) -> Result<(), Broken> {
        let delivery = self.connected()?;
        let sent = self.runtime.block_on(delivery.put(bucket.bucket(), key, body));
        sent.map_err(|error| Broken::of_call(&error))
    }

    fn connected(&mut self) -> Result<Delivery, Broken> {
        let (asked, runtime) = (self.asked, &self.runtime);
        let connect = || {
            let options = input::identified(
                ConnectOptions::new(),
                asked.profile.as_deref(),
                asked.role_arn.as_deref(),
                asked.external_id.as_deref(),
            );
            runtime.block_on(Delivery::connect(options)).map_err(|error| Broken::of(&error))
        };
        self.delivery.get_or_insert_with(connect).clone()
    }
}

/// One line more. It is written at once, so that nobody reads half of it.
fn append(path: &Path, message: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{message}\n").as_bytes())?;
    file.flush()
}
