//! Texts: what Rhai's string packages have, without their ways to make texts of any size; words, globs, JSON.

use std::cell::RefCell;
use std::collections::HashMap;

use regex_lite::{Regex, RegexBuilder};
use rhai::{Array, Dynamic, ImmutableString};

use crate::rule::run::{Outcome, fail, grow};
use crate::rule::surface::{Surface, to_dynamic};
use crate::value::Value;

/// The words between commas, without the space around them.
pub(in crate::rule) fn csv(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// Whether the text is as the pattern says: `*` stands for any characters, `?` for one. Takes time in proportion to the
/// product of both lengths at worst, whatever the pattern.
pub(in crate::rule) fn matches_glob(pattern: &str, text: &str) -> bool {
    // Without `?` a character that takes several bytes is matched byte by byte.
    if text.is_ascii() || !pattern.contains('?') {
        return glob(pattern.as_bytes(), text.as_bytes(), b'*', b'?', |a, b| a == b);
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    glob(&pattern, &text, '*', '?', |a, b| a == b)
}

/// The same for names that are ASCII, whatever their letter case.
pub(super) fn matches_glob_in_any_case(pattern: &str, text: &str) -> bool {
    glob(pattern.as_bytes(), text.as_bytes(), b'*', b'?', u8::eq_ignore_ascii_case)
}

fn glob<C: Copy + PartialEq>(pattern: &[C], text: &[C], any: C, one: C, same: impl Fn(&C, &C) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on after the last `*` took one character more.
    let mut back: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(p), text.get(t)) {
            (Some(wanted), _) if *wanted == any => {
                p += 1;
                back = Some((p, t));
            }
            (Some(wanted), Some(character)) if *wanted == one || same(wanted, character) => {
                p += 1;
                t += 1;
            }
            (None, None) => return true,
            _ => {
                let Some((after, from)) = back.filter(|(_, from)| *from < text.len()) else { return false };
                p = after;
                t = from + 1;
                back = Some((after, t));
            }
        }
    }
}

thread_local! {
    /// Patterns stand in scripts, so there are few; more than this come from a script that makes them up.
    static PATTERNS: RefCell<HashMap<String, Regex>> = RefCell::new(HashMap::new());
}

const MOST_PATTERNS: usize = 256;

/// Nothing looks at the clock while a pattern is matched, so the pattern has to be short.
const LONGEST_PATTERN: usize = 2_048;

/// Whether the pattern is found in the text. The engine takes time in proportion to the product of both lengths at worst.
fn matches_regex(pattern: &str, text: &str) -> Outcome<bool> {
    PATTERNS.with_borrow_mut(|patterns| {
        if let Some(regex) = patterns.get(pattern) {
            return Ok(regex.is_match(text));
        }
        let regex = RegexBuilder::new(pattern)
            .size_limit(64 << 10)
            .build()
            .map_err(|error| fail(format!("\"{pattern}\" is not a pattern: {error}")))?;
        let found = regex.is_match(text);
        if patterns.len() >= MOST_PATTERNS {
            patterns.clear();
        }
        patterns.insert(pattern.to_owned(), regex);
        Ok(found)
    })
}

fn words<'a>(words: impl Iterator<Item = &'a str>) -> Array {
    words.map(|word| ImmutableString::from(word).into()).collect()
}

fn slice(text: &str, start: i64, length: i64) -> ImmutableString {
    let count = text.chars().count();
    let start = match usize::try_from(start) {
        Ok(start) => start,
        Err(_) => count.saturating_sub(usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    text.chars().skip(start).take(usize::try_from(length).unwrap_or(0)).collect::<String>().into()
}

pub(super) fn register(surface: &mut Surface) {
    surface
        .function("len", |text: &str| i64::try_from(text.chars().count()).unwrap_or(i64::MAX))
        .function("is_empty", |text: &str| text.is_empty())
        .function("contains", |text: &str, part: &str| text.contains(part))
        .function("starts_with", |text: &str, start: &str| text.starts_with(start))
        .function("ends_with", |text: &str, end: &str| text.ends_with(end))
        .function("index_of", |text: &str, part: &str| -> i64 {
            text.find(part)
                .and_then(|at| text.get(..at))
                .map_or(-1, |before| i64::try_from(before.chars().count()).unwrap_or(-1))
        })
        .function("lower", |text: &str| ImmutableString::from(text.to_lowercase()))
        .function("upper", |text: &str| ImmutableString::from(text.to_uppercase()))
        .function("trim", |text: &str| ImmutableString::from(text.trim()))
        .function("sub_string", |text: &str, start: i64| slice(text, start, i64::MAX))
        .function("sub_string", |text: &str, start: i64, length: i64| slice(text, start, length))
        .function("split", |text: &str, separator: &str| -> Array {
            if separator.is_empty() { words(std::iter::once(text)) } else { words(text.split(separator)) }
        })
        .function("replace", |text: &str, old: &str, new: &str| -> Outcome<ImmutableString> {
            if old.is_empty() {
                return Ok(text.into());
            }
            grow(text.len() + text.matches(old).count().saturating_mul(new.len()))?;
            Ok(text.replace(old, new).into())
        })
        .function("to_string", |number: i64| ImmutableString::from(number.to_string()))
        .function("to_string", |number: f64| ImmutableString::from(number.to_string()))
        .function("to_string", |truth: bool| ImmutableString::from(truth.to_string()))
        .function("parse_int", |text: &str| -> Dynamic {
            text.trim().parse::<i64>().map_or(Dynamic::UNIT, Dynamic::from)
        })
        .function("csv", |text: &str| words(csv(text)))
        .function("matches_glob", |pattern: &str, text: &str| -> Outcome<bool> {
            if pattern.len() > LONGEST_PATTERN {
                return Err(fail(format!("a pattern is longer than {LONGEST_PATTERN} bytes")));
            }
            Ok(matches_glob(pattern, text))
        })
        .function("matches_regex", matches_regex)
        .function("parse_json", |text: &str| -> Outcome<Dynamic> {
            // A tree takes a few times the space of its text.
            grow(text.len() * 4)?;
            let value: Value =
                serde_json::from_str(text).map_err(|error| fail(format!("the text is not JSON: {error}")))?;
            to_dynamic(&value, None)
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_texts() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("s3:Get*", "s3:GetObject", true),
            ("s3:Get*", "s3:PutObject", false),
            ("*Object", "s3:GetObject", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1b2b3", false),
            ("i-?", "i-é", true),
            ("i-?", "i-", false),
            ("*?", "", false),
        ] {
            assert_eq!(matches_glob(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_ends() {
        assert!(!matches_glob(&"a*".repeat(200), &"a".repeat(199)));
        assert!(!matches_glob(&format!("{}b", "*a".repeat(100)), &"a".repeat(5_000)));
    }
}
