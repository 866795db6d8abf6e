//! Taking the tree of a file apart: each thing that is not as it should be becomes a mistake with its place, and reading
//! goes on, so that all mistakes are told at once.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use serde_saphyr::{Location, Spanned};

use super::node::{Content, Located, Node, Position};
use super::{Mistake, secret};
use crate::nearest::hint;

/// Collects the mistakes of one file.
pub(super) struct Reader {
    pub(super) file: Arc<str>,
    pub(super) mistakes: Vec<Mistake>,
}

/// The members of a mapping, whose keys are known ones.
pub(super) struct Section<'n> {
    members: &'n [(Spanned<String>, Node)],
    location: Location,
}

impl<'n> Section<'n> {
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.members.iter().find(|(name, _)| name.value == key).map(|(_, node)| node)
    }

    pub(super) fn location(&self) -> Location {
        self.location
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

impl Reader {
    pub(super) fn new(file: &str) -> Self {
        Self { file: Arc::from(file), mistakes: Vec::new() }
    }

    pub(super) fn at(&self, location: Location) -> Position {
        Position::new(&self.file, location)
    }

    pub(super) fn wrong(&mut self, location: Location, message: impl Into<String>) {
        let at = self.at(location);
        self.mistakes.push(Mistake { at, message: message.into() });
    }

    pub(super) fn located<T>(&self, node: &Node, value: T) -> Located<T> {
        Located { value, at: self.at(node.location()) }
    }

    /// A mapping of these keys; `what` is where they stand: ``in `accounts` ``.
    pub(super) fn section<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Option<Section<'n>> {
        let members = self.members(node, what)?;
        for (name, _) in members {
            let key = name.value.as_str();
            if known.contains(&key) {
                continue;
            }
            let message = if secret::is_name_of_one(key) {
                format!("{what} `{key}` looks like a credential: {}", secret::REFUSED)
            } else {
                let near = hint(key, known.iter().copied());
                let near = if near.is_empty() { format!("; there are {}", known.join(", ")) } else { near };
                format!("{what} there is no key `{key}`{near}")
            };
            self.wrong(name.referenced, message);
        }
        Some(Section { members, location: node.location() })
    }

    /// A mapping of any keys.
    pub(super) fn members<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [(Spanned<String>, Node)]> {
        match node.content() {
            Content::Map(members) => Some(members),
            Content::Null => Some(&[]),
            _ => {
                self.expected(node, &format!("{what} a mapping"));
                None
            }
        }
    }

    fn expected(&mut self, node: &Node, wanted: &str) {
        let message = format!("{wanted} is expected, and this is {}", node.kind());
        self.wrong(node.location(), message);
    }

    pub(super) fn list<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match node.content() {
            Content::List(list) => list,
            Content::Null => &[],
            _ => {
                self.expected(node, "a list");
                &[]
            }
        }
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, node: &Node) -> Option<Located<String>> {
        match node.content() {
            Content::Text(text) if text.trim().is_empty() => {
                self.wrong(node.location(), "the text is empty");
                None
            }
            Content::Text(text) if secret::holds_one(text) => {
                self.wrong(node.location(), format!("this looks like an access key: {}", secret::REFUSED));
                None
            }
            Content::Text(text) => Some(self.located(node, text.trim().to_owned())),
            Content::Boolean(_) | Content::Integer(_) | Content::Number(_) => {
                let message = format!("a text is expected, and this is {}: write it in quotes", node.kind());
                self.wrong(node.location(), message);
                None
            }
            _ => {
                self.expected(node, "a text");
                None
            }
        }
    }

    /// One text, or a list of them.
    pub(super) fn texts(&mut self, node: &Node) -> Vec<Located<String>> {
        match node.content() {
            Content::List(list) => list.iter().filter_map(|node| self.text(node)).collect(),
            _ => self.text(node).into_iter().collect(),
        }
    }

    /// A text that stands for something.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&mut self, node: &Node) -> Option<Located<T>> {
        let text = self.text(node)?;
        match text.value.parse() {
            Ok(value) => Some(Located { value, at: text.at }),
            Err(error) => {
                self.wrong(node.location(), error.to_string());
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, node: &Node) -> Option<Located<bool>> {
        if let Content::Boolean(truth) = node.content() {
            return Some(self.located(node, *truth));
        }
        self.expected(node, "true or false");
        None
    }

    /// An account id: digits, with or without quotes. Without them leading zeros make a number of it that is none of the
    /// integers.
    pub(super) fn account_id(&mut self, node: &Node) -> Option<Located<String>> {
        let id = match node.content() {
            Content::Integer(number) => number.to_string(),
            Content::Number(number) => format!("{number:012}"),
            Content::Text(text) => text.clone(),
            _ => String::new(),
        };
        if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(self.located(node, id));
        }
        self.wrong(node.location(), "an account id has twelve digits");
        None
    }

    /// A text that `parse` knows; `known` are the words there are.
    pub(super) fn word<T>(
        &mut self,
        node: &Node,
        known: &[&str],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Located<T>> {
        let text = self.text(node)?;
        if let Some(value) = parse(&text.value) {
            return Some(Located { value, at: text.at });
        }
        let near = hint(&text.value, known.iter().copied());
        let message = format!("`{}` is none of {}{near}", text.value, known.join(", "));
        self.wrong(node.location(), message);
        None
    }

    /// A value of a parameter as text, as on a command line.
    pub(super) fn parameter(&mut self, node: &Node) -> Option<String> {
        Some(match node.content() {
            Content::Boolean(truth) => truth.to_string(),
            Content::Integer(number) => number.to_string(),
            Content::Number(number) => number.to_string(),
            Content::List(words) => {
                let words: Option<Vec<String>> = words.iter().map(|word| self.parameter(word)).collect();
                words?.join(",")
            }
            Content::Map(_) => json(node).to_string(),
            Content::Text(_) => self.text(node)?.value,
            Content::Null => {
                self.expected(node, "a value");
                return None;
            }
        })
    }
}

fn json(node: &Node) -> serde_json::Value {
    match node.content() {
        Content::Null => serde_json::Value::Null,
        Content::Boolean(truth) => (*truth).into(),
        Content::Integer(number) => (*number).into(),
        Content::Number(number) => (*number).into(),
        Content::Text(text) => text.as_str().into(),
        Content::List(list) => list.iter().map(json).collect(),
        Content::Map(members) => members.iter().map(|(name, node)| (name.value.clone(), json(node))).collect(),
    }
}
