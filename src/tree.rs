//! What a file says, as a tree in which everything knows its line. HCL, YAML and JSON all become one.

pub(crate) mod yaml;

use std::ops::Range;
use std::sync::Arc;

use crate::location::Location;

/// A part of one line, the first of what it speaks of. Columns are UTF-16 code units, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) line: u64,
    pub(crate) column: u64,
    pub(crate) end: u64,
}

impl Span {
    pub(crate) fn in_file(self, file: &Arc<str>) -> Location {
        Location { file: Arc::clone(file), line: self.line, column: self.column, end_column: self.end }
    }
}

/// A value, and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) content: Content,
    pub(crate) at: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Null,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Member>),
    /// Known only after deployment, with what stands there.
    Unresolved(String),
    /// The same of something that has a name within the template, by which a policy may speak of it; or of a secret, for which a
    /// mark stands in.
    Reference {
        what: String,
        stand_in: String,
    },
    /// Nobody wrote it, and the provider chooses it: known only after deployment, unless AWS's default is known.
    Computed(String),
}

impl Content {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A member of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// From the name on.
    pub(crate) at: Span,
    pub(crate) value: Node,
}

impl Node {
    pub(crate) fn members(&self) -> &[Member] {
        match &self.content {
            Content::Map(members) => members,
            _ => &[],
        }
    }

    pub(crate) fn elements(&self) -> &[Self] {
        match &self.content {
            Content::List(elements) => elements,
            _ => &[],
        }
    }

    pub(crate) fn member(&self, name: &str) -> Option<&Member> {
        self.members().iter().find(|member| member.name == name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.member(name).map(|member| &member.value)
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.content.text()
    }

    /// What it is, if that is known only after deployment.
    pub(crate) fn unresolved(&self) -> Option<&str> {
        match &self.content {
            Content::Unresolved(what) | Content::Reference { what, .. } | Content::Computed(what) => Some(what),
            _ => None,
        }
    }

    /// A single value as text.
    pub(crate) fn plain(&self) -> Option<String> {
        match &self.content {
            Content::Text(text) => Some(text.clone()),
            Content::Boolean(truth) => Some(truth.to_string()),
            Content::Integer(number) => Some(number.to_string()),
            Content::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Whether the text stands anywhere in it.
    pub(crate) fn holds(&self, wanted: &str) -> bool {
        match &self.content {
            Content::Text(text) => text == wanted,
            Content::List(elements) => elements.iter().any(|element| element.holds(wanted)),
            Content::Map(members) => members.iter().any(|member| member.value.holds(wanted)),
            _ => false,
        }
    }
}

/// How much a tree holds. Few bytes of a file can stand for many: aliases, and functions of templates, repeat what stands
/// elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    pub(crate) nodes: usize,
    pub(crate) bytes: usize,
}

impl Size {
    const MOST_NODES: usize = 1_000_000;
    const MOST_BYTES: usize = 64 << 20;
    /// The limits, in words.
    pub(crate) const TOO_MUCH: &str = "more than 1000000 nodes or 64 MiB of text";

    pub(crate) fn of(node: &Node) -> Self {
        let text = match &node.content {
            Content::Text(text) | Content::Unresolved(text) | Content::Computed(text) => text.len(),
            Content::Reference { what, stand_in } => what.len() + stand_in.len(),
            _ => 0,
        };
        let elements = node.elements().iter().map(Self::of);
        let members = node.members().iter().map(|member| {
            let name = Self { nodes: 0, bytes: member.name.len() };
            Self::of(&member.value).and(name)
        });
        elements.chain(members).fold(Self { nodes: 1, bytes: text }, Self::and)
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self { nodes: self.nodes.saturating_add(other.nodes), bytes: self.bytes.saturating_add(other.bytes) }
    }

    pub(crate) fn is_too_much(self) -> bool {
        self.nodes > Self::MOST_NODES || self.bytes > Self::MOST_BYTES
    }
}

/// Where the lines of a text begin.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// The first line of a range of bytes.
    pub(crate) fn span(&self, range: &Range<usize>) -> Span {
        let line = self.starts.partition_point(|start| *start <= range.start).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or_default();
        let next = self.starts.get(line + 1).map_or(self.text.len(), |next| next - 1);
        let units = |to: usize| {
            let before = self.text.get(start..to).unwrap_or_default().trim_end_matches('\r');
            before.encode_utf16().count() as u64 + 1
        };
        let column = units(range.start);
        let end = units(range.end.min(next)).max(column);
        Span { line: line as u64 + 1, column, end }
    }
}

impl Span {
    /// From here to where another ends, if both are on one line.
    pub(crate) fn to(self, other: Self) -> Self {
        if self.line == other.line { Self { end: other.end.max(self.end), ..self } } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_of_the_first_line_in_utf16_units() {
        let text = "a\n  é𝄞 = {\r\n}\n";
        let lines = Lines::new(text);
        assert_eq!(lines.span(&(0..1)), Span { line: 1, column: 1, end: 2 });
        let block = text.find('é').unwrap();
        assert_eq!(lines.span(&(block..text.len())), Span { line: 2, column: 3, end: 10 });
        assert_eq!(lines.span(&(text.len()..text.len())).line, 4);
    }
}
