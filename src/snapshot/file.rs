//! The file of a snapshot: JSON lines, the head first and then one item a line, in AWS Config's delivered form.
//!
//! A file of a million items is read in blocks of lines, so that the lines of one block can be looked at in parallel while
//! the next one is read, and nothing is held that is not wanted any more.

use std::io::{self, BufRead, Write};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{About, FORMAT, Snapshot, SnapshotError, VERSION};
use crate::item::{ConfigurationItem, KeyInFile};

/// A block ends with the line that makes it this long, in bytes. The small files of unit tests are to have several.
const BLOCK: usize = if cfg!(test) { 4 << 10 } else { 4 << 20 };

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    format: String,
    version: u32,
    items: usize,
    #[serde(flatten)]
    about: About,
}

impl Snapshot {
    /// Writes the snapshot as JSON lines: the head, then one item a line in AWS Config's delivered form.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        let head =
            Head { format: FORMAT.to_owned(), version: VERSION, items: self.items.len(), about: self.about.clone() };
        serde_json::to_writer(&mut out, &head)?;
        out.write_all(b"\n")?;
        for item in &self.items {
            serde_json::to_writer(&mut out, item.as_ref())?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Reads what [`Snapshot::write`] wrote.
    ///
    /// # Errors
    /// The line that is not what it should be. A file that is cut off is refused: a missing item would look deleted.
    pub fn read(input: impl BufRead) -> Result<Self, SnapshotError> {
        let mut reader = Reader::new(input)?;
        let mut items = Vec::new();
        while let Some(block) = reader.next_block()? {
            let lines: Vec<_> = block.lines().collect();
            let read: Vec<_> = lines.into_par_iter().map(Line::item).collect();
            for item in read {
                items.push(item?);
            }
        }
        Ok(Self::new(reader.about, items))
    }
}

/// A snapshot's file as it is read.
pub(crate) struct Reader<R> {
    input: R,
    about: About,
    /// How many items the head promises.
    promised: usize,
    /// How many lines of items were read.
    found: usize,
    /// Why there is nothing after them.
    broken: Option<io::Error>,
}

impl<R: BufRead> Reader<R> {
    /// Reads the head.
    ///
    /// # Errors
    /// The first line is not a snapshot's head.
    pub(crate) fn new(mut input: R) -> Result<Self, SnapshotError> {
        let mut line = Vec::new();
        input.read_until(b'\n', &mut line).map_err(SnapshotError::Io)?;
        let head: Head = serde_json::from_slice(&line).map_err(|_| SnapshotError::NotASnapshot)?;
        if head.format != FORMAT {
            return Err(SnapshotError::NotASnapshot);
        }
        if head.version > VERSION {
            return Err(SnapshotError::Version(head.version));
        }
        Ok(Self { input, about: head.about, promised: head.items, found: 0, broken: None })
    }

    /// What the snapshot is of.
    pub(crate) fn about(&self) -> &About {
        &self.about
    }

    /// The next lines; `None` when all were read.
    ///
    /// # Errors
    /// The file cannot be read on, or ends before all items came. All lines before were given out: what is wrong with
    /// them is to be said first.
    pub(crate) fn next_block(&mut self) -> Result<Option<Block>, SnapshotError> {
        let mut block = Block { first: self.found, text: Vec::with_capacity(BLOCK + BLOCK / 8), ends: Vec::new() };
        while block.text.len() < BLOCK && self.broken.is_none() {
            match self.input.read_until(b'\n', &mut block.text) {
                Ok(0) => break,
                Ok(_) => block.ends.push(block.text.len()),
                Err(error) => self.broken = Some(error),
            }
        }
        self.found += block.ends.len();
        if !block.ends.is_empty() {
            return Ok(Some(block));
        }
        if let Some(error) = self.broken.take() {
            return Err(SnapshotError::Io(error));
        }
        if self.found == self.promised {
            return Ok(None);
        }
        Err(SnapshotError::CutOff { promised: self.promised, found: self.found })
    }
}

/// Some lines of a snapshot's file, as they stand there.
pub(crate) struct Block {
    /// How many items come before, in the file.
    first: usize,
    text: Vec<u8>,
    /// Where each line ends in the text.
    ends: Vec<usize>,
}

impl Block {
    /// The lines, in their order.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let texts = starts.zip(&self.ends).map(|(start, end)| self.text.get(start..*end).unwrap_or_default());
        (self.first..).zip(texts).map(|(place, text)| Line { place, text })
    }
}

/// One line of a snapshot's file.
#[derive(Clone, Copy)]
pub(crate) struct Line<'b> {
    /// Its place among the lines of items, from 0.
    pub(crate) place: usize,
    text: &'b [u8],
}

impl<'b> Line<'b> {
    /// The item of the line.
    ///
    /// # Errors
    /// The line holds none.
    pub(crate) fn item(self) -> Result<ConfigurationItem, SnapshotError> {
        serde_json::from_slice(self.text).map_err(|source| self.wrong(source))
    }

    /// The key of the line's item. Of the rest not more is known than that it is JSON.
    ///
    /// # Errors
    /// The line holds no item.
    pub(crate) fn key(self) -> Result<KeyInFile<'b>, SnapshotError> {
        serde_json::from_slice(self.text).map_err(|source| self.wrong(source))
    }

    fn wrong(self, source: serde_json::Error) -> SnapshotError {
        // The head is line 1.
        SnapshotError::Line { line: self.place + 2, source }
    }
}

#[cfg(test)]
mod tests;
