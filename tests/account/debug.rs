//! What the typed SDK read, as a tree: parsed from the `Debug` form of its outputs.
//!
//! The SDK's outputs cannot be serialised, and to compare them field by field in code would compare the fields that
//! somebody thought of. Their `Debug` form has them all: names in snake case, `Some` and `None`, enums as variants.

use std::collections::BTreeMap;

/// A node of what the SDK printed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Printed {
    /// `None`.
    Nothing,
    /// `true`, a number, or the name of an enum's variant.
    Word(String),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Printed>),
    /// A structure's fields or a map's entries, by name.
    Fields(BTreeMap<String, Printed>),
    /// A time, which is printed as it is written: `2026-01-02T03:04:05.678Z`.
    Time(jiff::Timestamp),
    /// `Blob { inner: 01ff }`.
    Bytes(Vec<u8>),
}

/// Parses the `Debug` form of an output.
///
/// # Panics
/// Where the form is not what `derive(Debug)` writes, with the place.
pub(crate) fn parse(text: &str) -> Printed {
    let mut parser = Parser { rest: text };
    let value = parser.value();
    assert!(parser.rest.trim().is_empty(), "something follows the value: {}", parser.near());
    value
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn value(&mut self) -> Printed {
        if self.take("[") {
            return Printed::List(self.until("]", Self::value));
        }
        if self.take("{") {
            return Printed::Fields(self.until("}", Self::field).into_iter().collect());
        }
        if self.rest.starts_with('"') {
            return Printed::Text(self.string());
        }
        if self.rest.get(10..11) == Some("T") && self.rest.starts_with(|letter: char| letter.is_ascii_digit()) {
            let (time, rest) = self.rest.split_at(self.rest.find('Z').unwrap() + 1);
            self.rest = rest;
            return Printed::Time(time.parse().unwrap());
        }
        let word = self.word();
        if self.take(" {") {
            let fields: BTreeMap<String, Printed> = self.until("}", Self::field).into_iter().collect();
            return structure(&word, fields);
        }
        if self.take("(") {
            let mut inner = self.until(")", Self::value);
            assert_eq!(inner.len(), 1, "a variant of one value: {}", self.near());
            // `Some(…)`, and an enum's value that this SDK does not know: `Unknown(UnknownVariantValue("…"))`.
            return inner.remove(0);
        }
        match word.as_str() {
            "None" => Printed::Nothing,
            _ => Printed::Word(word),
        }
    }

    fn field(&mut self) -> (String, Printed) {
        let name = if self.rest.starts_with('"') { self.string() } else { self.word() };
        assert!(self.take(":"), "a field has a value: {}", self.near());
        self.space();
        (name, self.value())
    }

    /// What stands up to `end`, parted by commas.
    fn until<T>(&mut self, end: &str, one: impl Fn(&mut Self) -> T) -> Vec<T> {
        let mut found = Vec::new();
        loop {
            self.space();
            if self.take(end) {
                return found;
            }
            found.push(one(self));
            self.space();
            assert!(self.take(",") || self.rest.starts_with(end), "a comma or {end}: {}", self.near());
        }
    }

    fn string(&mut self) -> String {
        let mut text = String::new();
        let mut letters = self.rest.char_indices().skip(1);
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return text;
                }
                '\\' => match letters.next().map(|(_, escaped)| escaped) {
                    Some('n') => text.push('\n'),
                    Some('r') => text.push('\r'),
                    Some('t') => text.push('\t'),
                    Some('0') => text.push('\0'),
                    Some('u') => {
                        let code: String =
                            letters.by_ref().map(|(_, l)| l).skip(1).take_while(|letter| *letter != '}').collect();
                        text.extend(char::from_u32(u32::from_str_radix(&code, 16).unwrap()));
                    }
                    Some(escaped) => text.push(escaped),
                    None => break,
                },
                _ => text.push(letter),
            }
        }
        panic!("a string that does not end: {}", self.near());
    }

    fn word(&mut self) -> String {
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || "_-.+".contains(c))).unwrap_or(self.rest.len());
        assert!(end > 0, "a word: {}", self.near());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_owned()
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest.strip_prefix(text);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn near(&self) -> &str {
        let end = self.rest.char_indices().nth(80).map_or(self.rest.len(), |(at, _)| at);
        &self.rest[..end]
    }
}

fn structure(name: &str, mut fields: BTreeMap<String, Printed>) -> Printed {
    match (name, fields.remove("inner")) {
        ("Blob", Some(Printed::Word(hex))) => {
            let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            Printed::Bytes((0..hex.len()).step_by(2).map(byte).collect())
        }
        (_, inner) => {
            fields.extend(inner.map(|inner| ("inner".to_owned(), inner)));
            Printed::Fields(fields)
        }
    }
}

#[test]
fn every_form_is_parsed() {
    #[derive(Debug)]
    #[expect(dead_code, reason = "printed only")]
    struct Inner {
        name: Option<String>,
        words: Option<Vec<&'static str>>,
        map: BTreeMap<String, i32>,
        at: aws_smithy_types::DateTime,
        bytes: aws_smithy_types::Blob,
        kind: Option<aws_sdk_ec2::types::VolumeType>,
        absent: Option<bool>,
    }
    let printed = parse(&format!(
        "{:?}",
        Some(Inner {
            name: Some("say \"ä\u{7f}\"\n\\".to_owned()),
            words: Some(vec!["a, b", "}"]),
            map: BTreeMap::from([("k: 1".to_owned(), -1)]),
            at: aws_smithy_types::DateTime::from_millis(1_500),
            bytes: aws_smithy_types::Blob::new([1_u8, 255]),
            kind: Some(aws_sdk_ec2::types::VolumeType::Gp2),
            absent: None,
        })
    ));
    let text = |text: &str| Printed::Text(text.to_owned());
    let expected = BTreeMap::from([
        ("name".to_owned(), text("say \"ä\u{7f}\"\n\\")),
        ("words".to_owned(), Printed::List(vec![text("a, b"), text("}")])),
        ("map".to_owned(), Printed::Fields(BTreeMap::from([("k: 1".to_owned(), Printed::Word("-1".to_owned()))]))),
        ("at".to_owned(), Printed::Time("1970-01-01T00:00:01.5Z".parse().unwrap())),
        ("bytes".to_owned(), Printed::Bytes(vec![1, 255])),
        ("kind".to_owned(), Printed::Word("Gp2".to_owned())),
        ("absent".to_owned(), Printed::Nothing),
    ]);
    assert_eq!(printed, Printed::Fields(expected));
}
