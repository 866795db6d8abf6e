//! One evaluation as it runs: what the script may see, what it has read so far, and why it had to stop.
//!
//! The state is the thread's own. A script's values are host types without a way back to their evaluation, and handing
//! it down in each of them would cost more than all else they do. What makes it safe: a script cannot outlive the
//! [`Run`] that it was started in, and nothing in a script starts another one.

#![expect(clippy::unnecessary_box_returns, reason = "the errors of Rhai's functions are boxed")]

mod asked;
mod evidence;

pub(super) use asked::ask;

use std::cell::{Cell, RefCell};
use std::fmt::Write;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use compact_str::CompactString;
use rhai::{Dynamic, EvalAltResult, Position};

use evidence::{Fact, LONGEST_VALUE, Reading, Readings, Shown, Where, cut};

use super::Rule;
use super::surface::Document;
use crate::evaluation::Evidence;
use crate::gap::Gap;
use crate::item::ConfigurationItem;
use crate::snapshot::{Place, Snapshot};
use crate::value::{Key, Unreadable, Value, code, escape};

/// What a script's calls give: a value, or the end of the evaluation.
pub(super) type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// More reads than this are not listed as evidence.
const MOST_EVIDENCE: usize = 64;

/// A script that does more than this goes in circles: the busiest rule over an account of 100,000 resources takes less.
const MOST_OPERATIONS: u64 = 5_000_000;

/// A guard for what the count of operations does not see, such as slow native functions. Far above what any rule takes,
/// since an answer must not depend on how fast the machine is.
const LONGEST: Duration = Duration::from_secs(20);

/// How much a script may add to its lists and texts, in bytes. Values that are dropped again count too.
const MOST_GROWTH: usize = 256 << 20;

thread_local! {
    static READINGS: RefCell<Readings> = RefCell::default();
    static RUN: RefCell<Option<Run>> = const { RefCell::new(None) };
    static OPERATIONS: Cell<u64> = const { Cell::new(0) };
    static GROWTH: Cell<usize> = const { Cell::new(0) };
    static NUMBER: Cell<u64> = const { Cell::new(0) };
}

/// The state of one evaluation.
pub(super) struct Run {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) rule: Arc<Rule>,
    pub(super) subject: Arc<ConfigurationItem>,
    /// What was read so far.
    read: Reading,
    /// The hashes of the paths that were read so far.
    seen: Vec<u64>,
    stop: Option<Gap>,
    started: Option<Instant>,
}

/// What is left when the script has ended.
pub(super) struct Ended {
    pub(super) evidence: Arc<[Evidence]>,
    /// The fact that could not be read. A script cannot go on past it, and if it did, this would still be the answer.
    pub(super) stop: Option<Gap>,
}

/// Starts an evaluation on this thread.
pub(super) fn begin(snapshot: &Arc<Snapshot>, rule: &Arc<Rule>, subject: &Arc<ConfigurationItem>) {
    OPERATIONS.set(0);
    GROWTH.set(0);
    NUMBER.set(NUMBER.get() + 1);
    RUN.with_borrow_mut(|run| {
        // The buffer of the one before is used again.
        let mut seen = run.take().map_or_else(Default::default, |before| before.seen);
        seen.clear();
        *run = Some(Run {
            snapshot: Arc::clone(snapshot),
            rule: Arc::clone(rule),
            subject: Arc::clone(subject),
            read: READINGS.with_borrow_mut(Readings::start),
            seen,
            stop: None,
            started: None,
        });
    });
}

/// Tells the evaluations of this thread apart: what a native remembers is good for one of them, as each has to note what
/// it reads.
pub(super) fn number() -> u64 {
    NUMBER.get()
}

/// Ends the evaluation of this thread.
pub(super) fn end() -> Ended {
    RUN.with_borrow_mut(|run| {
        let Some(run) = run else { return Ended { evidence: Arc::default(), stop: None } };
        let evidence = READINGS.with_borrow_mut(|readings| readings.list(run.read));
        Ended { evidence, stop: run.stop.take() }
    })
}

/// Reads the state of this thread's evaluation.
pub(super) fn with<T>(look: impl FnOnce(&Run) -> Outcome<T>) -> Outcome<T> {
    RUN.with_borrow(|run| run.as_ref().map_or_else(|| Err(fail("this can be called in an evaluation only")), look))
}

/// Counts one operation of a script. Gives the reason to end it, if there is one.
pub(super) fn tick() -> Option<Dynamic> {
    let count = OPERATIONS.get() + 1;
    OPERATIONS.set(count);
    if count & 0xfff != 0 {
        return None;
    }
    if count >= MOST_OPERATIONS {
        return Some(format!("the script does more than {MOST_OPERATIONS} operations").into());
    }
    let late = RUN.with_borrow_mut(|run| {
        run.as_mut().is_some_and(|run| run.started.get_or_insert_with(Instant::now).elapsed() > LONGEST)
    });
    late.then(|| format!("the script takes longer than {} seconds", LONGEST.as_secs()).into())
}

/// Counts what a script adds to a list or a text.
///
/// Rhai checks the size of a value when it is made or passed, and looks at the whole of it each time; a value inside
/// another one it does not see grow. This counts what is added, once, wherever it goes.
pub(super) fn grow(bytes: usize) -> Outcome<()> {
    let growth = GROWTH.get().saturating_add(bytes);
    GROWTH.set(growth);
    if growth > MOST_GROWTH {
        return Err(fail("the script makes more than 256 MiB of lists and texts"));
    }
    Ok(())
}

/// About how many bytes a value takes.
pub(super) fn weight(value: &Dynamic) -> usize {
    let inside = if let Some(document) = value.read_lock::<Document>() {
        // The facts of an item are shared with it; what a script parsed is its own.
        if document.origin.is_none() { document.members.iter().map(|(_, value)| tree_weight(value)).sum() } else { 0 }
    } else if let Ok(array) = value.as_array_ref() {
        array.iter().map(weight).sum()
    } else if let Ok(map) = value.as_map_ref() {
        map.values().map(|value| weight(value) + 24).sum()
    } else if let Ok(text) = value.as_immutable_string_ref() {
        text.len()
    } else {
        0
    };
    inside + size_of::<Dynamic>()
}

fn tree_weight(value: &Value) -> usize {
    let inside = match value {
        Value::Array(elements) => elements.iter().map(tree_weight).sum(),
        Value::Object(members) => members.iter().map(|(_, value)| tree_weight(value)).sum(),
        Value::String(text) => text.len(),
        _ => 0,
    };
    inside + size_of::<Value>()
}

/// A defect of the script.
pub(super) fn fail(message: impl Into<String>) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(message.into().into(), Position::NONE))
}

/// A fact that decides cannot be read: ends the evaluation as `INSUFFICIENT_DATA`. The first one stays.
pub(super) fn stop(gap: Gap) -> Box<EvalAltResult> {
    let message = gap.reason.to_string();
    RUN.with_borrow_mut(|run| {
        if let Some(run) = run {
            run.stop.get_or_insert(gap);
        }
    });
    fail(message)
}

/// Looks at one of several things of which another may decide. What of it cannot be read is handed back instead of being the
/// end of the evaluation; who asked has to [`stop`] at it unless another one decides.
pub(super) fn postpone<T>(look: impl FnOnce() -> Outcome<T>) -> Outcome<Result<T, Gap>> {
    // What ended the evaluation before stays its end.
    let earlier = exchange_stop(None);
    let seen = look();
    match exchange_stop(earlier) {
        Some(gap) => Ok(Err(gap)),
        None => seen.map(Ok),
    }
}

fn exchange_stop(stop: Option<Gap>) -> Option<Gap> {
    RUN.with_borrow_mut(|run| std::mem::replace(&mut run.as_mut()?.stop, stop))
}

/// A fact that the script was given cannot be understood: ends the evaluation. Where the fact stood is not known any
/// more, so it is said of the judged item.
pub(super) fn stop_at_subject(code: &str, message: String) -> Box<EvalAltResult> {
    let reason = Unreadable { operation: String::new(), action: None, code: code.to_owned(), message };
    let subject = RUN.with_borrow(|run| run.as_ref().map(|run| Arc::clone(&run.subject)));
    match subject {
        Some(subject) => stop(subject.full_gap(None, &Arc::new(reason))),
        None => fail(reason.message),
    }
}

/// A listing that the script asked for is not complete.
pub(super) fn stop_at_listing(place: &Place, reason: &Arc<Unreadable>) -> Box<EvalAltResult> {
    stop(place.gap(reason))
}

/// Where a value stands: in which item, and there below which names. Made as a script walks down, written out only for
/// what it reads.
#[derive(Clone, Debug)]
pub(super) enum Path {
    /// A section of an item: `configuration` and so on. Nearly every script asks for one, so it takes no memory of its own.
    Section { item: Arc<ConfigurationItem>, segment: Segment, hash: u64 },
    /// A place in a section.
    Inside(Arc<Step>),
}

/// One step below another place.
#[derive(Debug)]
pub(super) struct Step {
    above: Path,
    segment: Segment,
    /// Of all segments from the root. Two paths are taken as one when their hashes are.
    hash: u64,
}

/// One step of a path.
#[derive(Clone, Debug)]
pub(super) enum Segment {
    Fixed(&'static str),
    Name(Key),
    Index(usize),
}

impl Path {
    /// A section of an item: `configuration` and so on.
    pub(super) fn section(item: &Arc<ConfigurationItem>, name: &'static str) -> Self {
        let segment = Segment::Fixed(name);
        let hash = mix_segment(*ROOT, &segment);
        Self::Section { item: Arc::clone(item), segment, hash }
    }

    /// One step further down.
    pub(super) fn below(&self, segment: Segment) -> Self {
        let hash = mix_segment(self.hash(), &segment);
        Self::Inside(Arc::new(Step { above: self.clone(), segment, hash }))
    }

    fn item(&self) -> &Arc<ConfigurationItem> {
        let mut path = self;
        loop {
            match path {
                Self::Section { item, .. } => return item,
                Self::Inside(step) => path = &step.above,
            }
        }
    }

    fn hash(&self) -> u64 {
        match self {
            Self::Section { hash, .. } => *hash,
            Self::Inside(step) => step.hash,
        }
    }

    fn segment(&self) -> &Segment {
        match self {
            Self::Section { segment, .. } => segment,
            Self::Inside(step) => &step.segment,
        }
    }

    fn above(&self) -> Option<&Self> {
        match self {
            Self::Section { .. } => None,
            Self::Inside(step) => Some(&step.above),
        }
    }

    /// Notes that a script read what stands one step below. `None` stands for a list or an object, whose members are
    /// noted as they are read.
    pub(super) fn note(&self, segment: &Segment, value: Option<&Value>) {
        self.note_below(std::slice::from_ref(segment), value);
    }

    /// Notes that a script read what stands several steps below.
    pub(super) fn note_below(&self, down: &[Segment], value: Option<&Value>) {
        let hash = down.iter().fold(self.hash(), mix_segment);
        note(self.item(), Where { above: Some(self), down, hash }, value.map_or(Shown::Nothing, Shown::Value));
    }

    /// Notes that a script read that there is nothing in this list or object.
    pub(super) fn note_empty(&self, value: &Value) {
        note(self.item(), Where { above: Some(self), down: &[], hash: self.hash() }, Shown::Value(value));
    }

    /// The fact one step below cannot be read: ends the evaluation.
    pub(super) fn stop(&self, segment: &Segment, reason: &Arc<Unreadable>) -> Box<EvalAltResult> {
        let pointer = pointer(Some(self), std::slice::from_ref(segment));
        stop(self.item().full_gap(Some(pointer), reason))
    }

    /// The fact one step below is absent, and the script took it for given: ends the evaluation.
    pub(super) fn stop_at_absent(&self, segment: &Segment) -> Box<EvalAltResult> {
        let pointer = pointer(Some(self), std::slice::from_ref(segment));
        let reason = Arc::new(Unreadable {
            operation: String::new(),
            action: None,
            code: code::ABSENT.to_owned(),
            message: format!("{pointer} is absent"),
        });
        stop(self.item().full_gap(Some(pointer), &reason))
    }
}

/// Notes that a script read an attribute of an item.
pub(super) fn note_attribute(item: &Arc<ConfigurationItem>, name: &'static str, value: &Value) {
    let segment = Segment::Fixed(name);
    let hash = mix_segment(*ROOT, &segment);
    note(item, Where { above: None, down: &[segment], hash }, Shown::Value(value));
}

/// Notes that a script read which resources of a type an item is linked to.
pub(super) fn note_links(item: &Arc<ConfigurationItem>, resource_type: &str, linked: impl Iterator<Item = Arc<str>>) {
    let segment = Segment::Fixed("relationships");
    // Links to several types stand under one path; the type keeps them apart.
    let hash = mix(mix_segment(*ROOT, &segment), resource_type.as_bytes());
    let mut text = CompactString::from(resource_type);
    for (count, label) in linked.enumerate() {
        if text.len() > LONGEST_VALUE {
            break;
        }
        text.push_str(if count == 0 { " " } else { ", " });
        text.push_str(&label);
    }
    if text.len() == resource_type.len() {
        text.push_str(" none");
    }
    note(item, Where { above: None, down: &[segment], hash }, Shown::Text(&cut(text)));
}

/// Notes what a script read at a place, if it did not read it before.
fn note(item: &Arc<ConfigurationItem>, place: Where<'_>, shown: Shown<'_>) {
    RUN.with_borrow_mut(|run| {
        let Some(run) = run else { return };
        if run.seen.len() >= MOST_EVIDENCE {
            return;
        }
        let of_subject = Arc::ptr_eq(item, &run.subject);
        let hash = if of_subject {
            place.hash
        } else {
            mix(mix(place.hash, item.key.resource_type.as_bytes()), item.key.resource_id.as_bytes())
        };
        if run.seen.contains(&hash) {
            return;
        }
        run.seen.push(hash);
        let fact = Fact { item: (!of_subject).then_some(item), place, hash, shown };
        run.read = READINGS.with_borrow_mut(|readings| readings.after(run.read, &fact));
    });
}

/// Eight bytes at a time, each folded in by a multiplication of which both halves count, as wyhash does. Names in an
/// account are anybody's to choose: who does not know [`ROOT`] cannot choose two that are taken as one.
fn mix(hash: u64, bytes: &[u8]) -> u64 {
    let step = |hash: u64, word: u64| {
        let (low, high) = (hash ^ word).carrying_mul(0x9e37_79b9_7f4a_7c15, 0);
        low ^ high
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(hash, |hash, word| step(hash, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    // The length tells `a` and `a\0` apart.
    step(hash, u64::from_le_bytes(last) ^ (bytes.len() as u64) << 56)
}

/// The hash of an item itself, above its sections and attributes: another one in each run. No answer depends on it, as
/// hashes are only compared with each other.
static ROOT: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0));

fn mix_segment(hash: u64, segment: &Segment) -> u64 {
    match segment {
        Segment::Fixed(name) => mix(hash, name.as_bytes()),
        Segment::Name(name) => mix(hash, name.as_bytes()),
        Segment::Index(index) => mix(!hash, &index.to_le_bytes()),
    }
}

/// The steps down to a place, the last one first.
fn steps<'a>(above: Option<&'a Path>, down: &'a [Segment]) -> impl Iterator<Item = &'a Segment> {
    let mut next = above;
    down.iter().rev().chain(std::iter::from_fn(move || {
        let path = next?;
        next = path.above();
        Some(path.segment())
    }))
}

/// The JSON pointer of a place.
fn pointer(above: Option<&Path>, down: &[Segment]) -> String {
    let steps: Vec<&Segment> = steps(above, down).collect();
    let mut pointer = String::with_capacity(48);
    for step in steps.into_iter().rev() {
        pointer.push('/');
        match step {
            Segment::Fixed(name) => pointer.push_str(name),
            Segment::Name(name) if name.contains(['~', '/']) => pointer.push_str(&escape(name)),
            Segment::Name(name) => pointer.push_str(name),
            Segment::Index(index) => {
                let _ = write!(pointer, "{index}");
            }
        }
    }
    pointer
}

/// Hashes by [`mix`]. Keys that are hashes already stay as they are.
pub(super) type Mixing = BuildHasherDefault<Mixer>;

#[derive(Default)]
pub(super) struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = mix(self.0, bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
