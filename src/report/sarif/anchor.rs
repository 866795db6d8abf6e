//! The file of the repository for results whose resources have no definition there, and how files are named in URIs.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::integer;

/// The file of the repository in which all results are located.
///
/// A result is at the line of that file that names its rule, or else at its first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    uri: String,
    text: String,
    /// By rule, the line that asks for it.
    lines: BTreeMap<String, u64>,
}

/// What does not stand for itself in the path of a relative URI reference (RFC 3986, section 3.3). A colon would make
/// the first segment a scheme.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A path as a relative URI reference: a file of the repository, whatever its name holds. Parts such as `..` are left out.
pub(super) fn uri(path: &Path) -> String {
    let names = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy()),
        _ => None,
    });
    names.map(|name| utf8_percent_encode(&name, PATH).to_string()).collect::<Vec<_>>().join("/")
}

impl Anchor {
    /// The file at this path, as seen from the root of the repository, with this content. The path must not lead out of
    /// the repository: parts such as `..` are left out.
    pub fn new(path: &Path, text: impl Into<String>) -> Self {
        let uri = Some(uri(path)).filter(|uri| !uri.is_empty()).unwrap_or_else(|| DEFAULT_ANCHOR.to_owned());
        Self { uri, text: text.into(), lines: BTreeMap::new() }
    }

    /// The same, with the line, from 1, that asks for each rule. Of other rules the one that names them.
    #[must_use]
    pub fn with_lines(mut self, lines: BTreeMap<String, u64>) -> Self {
        self.lines = lines;
        self
    }

    /// The relative URI of the file.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The same as a path.
    pub(in crate::report) fn path(&self) -> String {
        percent_decode_str(&self.uri).decode_utf8_lossy().into_owned()
    }

    /// The line that asks for the rule, or else has its id, from 1; the first line if none does.
    pub(in crate::report) fn line(&self, rule: &str) -> i64 {
        self.line_of(rule).0
    }

    /// The line that asks for the rule, or else has its id, from 1, and its length in UTF-16 code units; the first line if
    /// none does.
    pub(super) fn line_of(&self, rule: &str) -> (i64, i64) {
        let asking = self.lines.get(rule).and_then(|line| usize::try_from(*line).ok()?.checked_sub(1));
        let asking = asking.and_then(|at| Some((at, self.text.lines().nth(at)?)));
        let found = asking.or_else(|| self.text.lines().enumerate().find(|(_, line)| has_word(line, rule)));
        let (at, line) = found.unwrap_or((0, self.text.lines().next().unwrap_or_default()));
        (integer(at) + 1, integer(line.encode_utf16().count()))
    }
}

/// The configuration file: code scanning accepts a relative path that is not in the repository, without a preview.
const DEFAULT_ANCHOR: &str = "assize.yaml";

impl Default for Anchor {
    fn default() -> Self {
        Self::new(Path::new(DEFAULT_ANCHOR), "")
    }
}

/// Whether the line has the id, and not as a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let part_of_id = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(part_of_id) && !after.is_some_and(part_of_id)
    })
}
