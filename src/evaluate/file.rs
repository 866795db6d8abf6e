//! Rules on a snapshot's file, without holding all of its items: those that rules look up in other items stay, each of the
//! others goes as soon as it is judged.
//!
//! The file is read twice: to see whether its items stand in the order of their keys and to keep what may be looked up, and
//! to judge. What comes out is what comes of reading it whole and judging that.

use std::collections::BTreeSet;
use std::io::{self, BufRead};
use std::sync::Arc;

use rayon::prelude::*;

use super::{CHUNK, Judged, Options, Outcome, Work, finish, judge_all, judge_chunk, on_threads};
use crate::evaluation::{Evaluation, RuleError};
use crate::item::{ConfigurationItem, KeyInFile};
use crate::rule::RuleSet;
use crate::snapshot::{Block, Contents, Line, NotCollected, Reader, Snapshot, SnapshotError};

/// Judges all items of a snapshot's file by the rules. `open` gives the file's content from its beginning, each time.
///
/// A file whose items do not stand in the order of their keys, as no snapshot is written, is read into memory.
///
/// # Errors
/// Those of [`Snapshot::read`].
pub fn run_file<R: BufRead + Send>(
    rules: &RuleSet,
    open: impl Fn() -> io::Result<R> + Sync,
    options: &Options,
) -> Result<Judged, SnapshotError> {
    on_threads(options, || judge_file(rules, &open, options))
}

fn judge_file<R: BufRead + Send>(
    rules: &RuleSet,
    open: &(impl Fn() -> io::Result<R> + Sync),
    options: &Options,
) -> Result<Judged, SnapshotError> {
    let open = || open().map_err(SnapshotError::Io);
    let kept = match survey(open()?, &rules.looked_up()) {
        Ok(Some(kept)) => kept,
        Ok(None) => {
            let snapshot = Arc::new(Snapshot::read(open()?)?);
            let outcome = judge_all(rules, &snapshot, options);
            return Ok(Judged::of(&snapshot, outcome));
        }
        Err(error) => {
            // It looks at a part of each line only: another part of a line before may be wrong as well.
            check(open()?)?;
            return Err(error);
        }
    };
    let about = kept.snapshot.about();
    let mut outcome = Outcome { evaluations: Vec::new(), rule_errors: rules.errors().to_vec() };
    let mut contents = Contents::default();
    let not_collected = NotCollected::of(about);
    let work = Work::new(rules, about, options);
    let judge = |lines: &[Line<'_>]| kept.judge(lines, &work, &not_collected);
    each_block(
        Reader::new(open()?)?,
        |block| -> Vec<_> { block.lines().collect::<Vec<_>>().par_chunks(CHUNK).map(judge).collect() },
        |chunks| {
            for chunk in chunks {
                let Chunk { evaluations, errors, contents: more } = chunk?;
                outcome.evaluations.extend(evaluations);
                outcome.rule_errors.extend(errors);
                contents.extend(more);
            }
            Ok(())
        },
    )?;
    finish(&mut outcome, &work, &kept.snapshot);
    Ok(Judged { about: about.clone(), contents, outcome })
}

/// Works on each block of a file while the next one is read, and takes the results in their order.
fn each_block<R: BufRead + Send, T: Send>(
    mut reader: Reader<R>,
    work: impl Fn(&Block) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), SnapshotError>,
) -> Result<(), SnapshotError> {
    let mut block = reader.next_block()?;
    while let Some(current) = block {
        let (next, done) = rayon::join(|| reader.next_block(), || work(&current));
        // What is wrong with these lines comes before what is wrong with the next ones.
        take(done)?;
        block = next?;
    }
    Ok(())
}

/// The items that rules may look up.
struct Kept {
    /// A snapshot that holds no others.
    snapshot: Arc<Snapshot>,
    /// Where each of its items stands among the lines of the file.
    places: Vec<usize>,
}

/// What became of some lines.
struct Chunk {
    evaluations: Vec<Evaluation>,
    errors: Vec<RuleError>,
    contents: Contents,
}

impl Kept {
    /// Judges the items of some lines that follow each other.
    fn judge(
        &self,
        lines: &[Line<'_>],
        work: &Work<'_>,
        not_collected: &NotCollected<'_>,
    ) -> Result<Chunk, SnapshotError> {
        let first = lines.first().map_or(0, |line| line.place);
        let before = self.places.partition_point(|place| *place < first);
        let mut kept = self.places.iter().zip(self.snapshot.items()).skip(before).peekable();
        let mut contents = Contents::default();
        let mut items = Vec::with_capacity(lines.len());
        for line in lines {
            let item = if let Some((_, item)) = kept.next_if(|(place, _)| **place == line.place) {
                // The very one that others look up: what is read of it is then its own, not another item's.
                Arc::clone(item)
            } else {
                let mut item = line.item()?;
                not_collected.obscure(&mut item);
                Arc::new(item)
            };
            contents.add(&item);
            items.push(item);
        }
        let (evaluations, errors) = judge_chunk(work, &self.snapshot, &items);
        Ok(Chunk { evaluations, errors, contents })
    }
}

/// Looks through a file for items of some types. `None` if its items are not in the order of their keys, or some of them
/// have one key.
fn survey<R: BufRead + Send>(file: R, types: &BTreeSet<Arc<str>>) -> Result<Option<Kept>, SnapshotError> {
    let reader = Reader::new(file)?;
    let about = reader.about().clone();
    let (mut items, mut places) = (Vec::new(), Vec::new());
    let mut last: Option<KeyInFile<'_>> = None;
    let mut in_order = true;
    each_block(
        reader,
        |block| Surveyed::of(block, types),
        |surveyed| {
            let surveyed = surveyed?;
            in_order &= surveyed.in_order && last.as_ref().is_none_or(|last| surveyed.first.as_ref() > Some(last));
            last = surveyed.last;
            for (place, item) in surveyed.found.into_iter().filter(|_| in_order) {
                places.push(place);
                items.push(item);
            }
            Ok(())
        },
    )?;
    Ok(in_order.then(|| Kept { snapshot: Arc::new(Snapshot::new(about, items)), places }))
}

/// What a look through some lines gave.
struct Surveyed {
    first: Option<KeyInFile<'static>>,
    last: Option<KeyInFile<'static>>,
    /// Whether each key is greater than the one before it.
    in_order: bool,
    /// The items of the types that are looked for, each with its place.
    found: Vec<(usize, ConfigurationItem)>,
}

impl Surveyed {
    fn of(block: &Block, types: &BTreeSet<Arc<str>>) -> Result<Self, SnapshotError> {
        let lines: Vec<_> = block.lines().collect();
        let looked: Vec<_> = lines.into_par_iter().with_min_len(CHUNK).map(|line| look(line, types)).collect();
        let (mut keys, mut found) = (Vec::with_capacity(looked.len()), Vec::new());
        for one in looked {
            let (key, item) = one?;
            keys.push(key);
            found.extend(item);
        }
        let in_order = keys.is_sorted_by(|a, b| a < b);
        let (first, last) = (keys.first().map(KeyInFile::owned), keys.last().map(KeyInFile::owned));
        Ok(Self { first, last, in_order, found })
    }
}

/// The key of a line's item, and the item with its place if it is of one of the types.
fn look<'b>(
    line: Line<'b>,
    types: &BTreeSet<Arc<str>>,
) -> Result<(KeyInFile<'b>, Option<(usize, ConfigurationItem)>), SnapshotError> {
    let key = line.key()?;
    let item = if types.contains(key.resource_type()) { Some((line.place, line.item()?)) } else { None };
    Ok((key, item))
}

/// Reads every line as an item.
///
/// # Errors
/// The first one that is none, or the end that came too early.
fn check<R: BufRead + Send>(file: R) -> Result<(), SnapshotError> {
    each_block(Reader::new(file)?, |block| block.lines().try_for_each(|line| line.item().map(drop)), |checked| checked)
}

#[cfg(test)]
mod tests;
