//! YAML as a tree in which everything knows its line and column. What a text is to mean is decided by who reads it.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// Where something is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
}

/// `assize.yaml:12:3`.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column } = self;
        write!(f, "{file}:{line}:{column}")
    }
}

impl Position {
    pub(super) fn new(file: &Arc<str>, location: serde_saphyr::Location) -> Self {
        Self { file: Arc::clone(file), line: location.line(), column: location.column() }
    }
}

/// A value, and where it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub at: Position,
}

/// A part of a file.
#[derive(Debug, Deserialize)]
pub(super) struct Node(Spanned<Content>);

#[derive(Debug)]
pub(super) enum Content {
    Null,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Spanned<String>, Node)>),
}

impl Node {
    pub(super) fn content(&self) -> &Content {
        &self.0.value
    }

    pub(super) fn location(&self) -> serde_saphyr::Location {
        self.0.referenced
    }

    /// What it is, in a word.
    pub(super) fn kind(&self) -> &'static str {
        match self.content() {
            Content::Null => "nothing",
            Content::Boolean(_) => "true or false",
            Content::Integer(_) | Content::Number(_) => "a number",
            Content::Text(_) => "a text",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Content;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("YAML")
            }

            fn visit_unit<E>(self) -> Result<Content, E> {
                Ok(Content::Null)
            }

            fn visit_bool<E>(self, truth: bool) -> Result<Content, E> {
                Ok(Content::Boolean(truth))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Content, E> {
                Ok(Content::Integer(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Content, E> {
                #[expect(clippy::cast_precision_loss, reason = "no setting is so large; it is refused as it is")]
                Ok(i64::try_from(number).map_or(Content::Number(number as f64), Content::Integer))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Content, E> {
                Ok(Content::Number(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Content, E> {
                Ok(Content::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Content, E> {
                Ok(Content::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
                let mut list = Vec::new();
                while let Some(node) = access.next_element()? {
                    list.push(node);
                }
                Ok(Content::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
                let mut map = Vec::new();
                while let Some(entry) = access.next_entry()? {
                    map.push(entry);
                }
                Ok(Content::Map(map))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}
