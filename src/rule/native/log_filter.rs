//! Filter patterns of CloudWatch Logs, applied to one event.
//!
//! Whether a metric filter counts sign-ins of the root user cannot be told from its text: conditions come in any order
//! and spacing, with wildcards, with more or fewer of them. So the pattern is run, on an event of the kind in question.
//!
//! The language: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>. CloudWatch
//! checks a pattern when the filter is made, so one that does not parse here is a case this module does not know, never
//! a filter that does not match.

use std::sync::Arc;

use regex_lite::Regex;

use crate::rule::run::{Outcome, fail, stop, with};
use crate::rule::surface::Surface;
use crate::value::{Unreadable, Value, code};

pub(super) fn register(surface: &mut Surface) {
    surface
        .function("filter_pattern_matches", |pattern: &str, event: &str| -> Outcome<bool> {
            let event = serde_json::from_str(event).map_err(|error| fail(format!("the event is not JSON: {error}")))?;
            matches(pattern, &event).or_else(|error| not_understood(&error))
        })
        .function("same_filter_pattern", |pattern: &str, wanted: &str| -> Outcome<bool> {
            let wanted = Pattern::parse(wanted).map_err(|error| fail(error.to_string()))?;
            Pattern::parse(pattern).map(|pattern| pattern == wanted).or_else(|error| not_understood(&error))
        });
}

/// A filter that cannot be read is a gap: it may be the one that is looked for.
fn not_understood(error: &PatternError) -> Outcome<bool> {
    let reason = Arc::new(Unreadable {
        operation: String::new(),
        action: None,
        code: code::NOT_UNDERSTOOD.to_owned(),
        message: error.to_string(),
    });
    let gap = with(|run| Ok(run.subject.full_gap(None, &reason)))?;
    Err(stop(gap))
}

/// A pattern that this module cannot read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("filter pattern not understood at character {at}: expected {expected}")]
pub struct PatternError {
    /// Counted in characters from 1.
    at: usize,
    /// What would be right there.
    expected: &'static str,
}

/// Whether a filter can be held against the pattern.
///
/// # Errors
/// The place in the pattern that is not understood.
pub fn check_filter_pattern(pattern: &str) -> Result<(), PatternError> {
    Pattern::parse(pattern).map(drop)
}

/// Whether the event, a JSON document, matches the pattern.
///
/// # Errors
/// The place in the pattern that is not understood. Space-delimited patterns (`[a, b]`) match no JSON event.
fn matches(pattern: &str, event: &Value) -> Result<bool, PatternError> {
    let mut parser = Parser::of(pattern);
    parser.skip_space();
    match parser.peek() {
        None => Ok(true),
        Some('{') => Ok(parser.document()?.holds(event)),
        Some('[') => Ok(false),
        Some(_) => parser.terms(&event.to_string()),
    }
}

/// A pattern in a form that two have if they say the same: whatever the spaces, the brackets and the order of conditions.
#[derive(Debug, PartialEq, Eq)]
enum Pattern {
    Json(String),
    /// Space-delimited or unstructured, without the spaces between its words.
    Words(Vec<String>),
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, PatternError> {
        if !text.trim_start().starts_with('{') {
            return Parser::of(text).words().map(Self::Words);
        }
        Parser::of(text).document().map(|condition| Self::Json(condition.canonical()))
    }
}

#[derive(Debug)]
enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Compare(Vec<Step>, Comparison, Operand),
    Is(Vec<Step>, Value),
    Exists(Vec<Step>, bool),
}

#[derive(Debug)]
enum Step {
    Member(String),
    Element(usize),
    EachElement,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug)]
enum Operand {
    Number(f64),
    /// With `*` for any run of characters.
    Text(String),
    Regex(Box<Regex>),
}

impl Condition {
    /// The condition as text, the same for those that say the same: of one alternative and of one condition there is no
    /// list, and the order in a list does not matter.
    fn canonical(&self) -> String {
        let (word, conditions) = match self {
            Self::Any(conditions) => (" || ", conditions),
            Self::All(conditions) => (" && ", conditions),
            one => return format!("{one:?}"),
        };
        let mut texts: Vec<String> = Vec::new();
        self.parts(conditions, &mut texts);
        texts.sort();
        texts.dedup();
        if let [one] = texts.as_slice() { one.clone() } else { format!("({})", texts.join(word)) }
    }

    /// The texts of what stands in a list, with lists of the same kind taken apart.
    fn parts(&self, conditions: &[Self], texts: &mut Vec<String>) {
        for condition in conditions {
            match (self, condition.inner()) {
                (Self::Any(_), Self::Any(inner)) | (Self::All(_), Self::All(inner)) => self.parts(inner, texts),
                (_, inner) => texts.push(inner.canonical()),
            }
        }
    }

    /// The condition without brackets around it alone.
    fn inner(&self) -> &Self {
        match self {
            Self::Any(conditions) | Self::All(conditions) => match conditions.as_slice() {
                [one] => one.inner(),
                _ => self,
            },
            one => one,
        }
    }

    fn holds(&self, event: &Value) -> bool {
        match self {
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(event)),
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(event)),
            Self::Compare(path, comparison, operand) => {
                values(event, path).into_iter().any(|value| operand.compare(*comparison, value))
            }
            Self::Is(path, wanted) => values(event, path).contains(&wanted),
            Self::Exists(path, wanted) => values(event, path).is_empty() != *wanted,
        }
    }
}

impl Operand {
    fn compare(&self, comparison: Comparison, value: &Value) -> bool {
        match self {
            Self::Number(wanted) => {
                #[expect(clippy::cast_precision_loss, reason = "as precise as the filter, which compares as a number")]
                let number = match value {
                    Value::Integer(number) => *number as f64,
                    Value::Float(number) => *number,
                    Value::String(text) => match text.parse() {
                        Ok(number) => number,
                        Err(_) => return comparison == Comparison::NotEqual,
                    },
                    _ => return false,
                };
                match comparison {
                    Comparison::Equal => number.total_cmp(wanted).is_eq(),
                    Comparison::NotEqual => number.total_cmp(wanted).is_ne(),
                    Comparison::Less => number < *wanted,
                    Comparison::LessOrEqual => number <= *wanted,
                    Comparison::Greater => number > *wanted,
                    Comparison::GreaterOrEqual => number >= *wanted,
                }
            }
            Self::Text(pattern) => Self::equality(comparison, value, |text| wildcard(pattern, text)),
            Self::Regex(regex) => Self::equality(comparison, value, |text| regex.is_match(text)),
        }
    }

    fn equality(comparison: Comparison, value: &Value, equal: impl Fn(&str) -> bool) -> bool {
        let text = match value {
            Value::String(text) => text.to_string(),
            Value::Integer(_) | Value::Float(_) | Value::Bool(_) => value.to_string(),
            _ => return false,
        };
        match comparison {
            Comparison::Equal => equal(&text),
            Comparison::NotEqual => !equal(&text),
            _ => false,
        }
    }
}

/// The values at a path: none if it is absent, several behind `[*]`.
fn values<'a>(event: &'a Value, path: &[Step]) -> Vec<&'a Value> {
    let mut values = vec![event];
    for step in path {
        values = match step {
            Step::Member(name) => values.into_iter().filter_map(|value| value.get(name)).collect(),
            Step::Element(at) => values.into_iter().filter_map(|value| value.as_array()?.get(*at)).collect(),
            Step::EachElement => values.into_iter().filter_map(Value::as_array).flatten().collect(),
        };
    }
    values
}

/// Whether `text` is `pattern`, in which `*` stands for any run of characters.
fn wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    let mut rest = rest;
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// CloudWatch takes patterns of 1,024 characters; what is read from a file may be longer.
const DEEPEST: usize = 100;

struct Parser {
    text: Vec<char>,
    at: usize,
    /// How many brackets are open.
    depth: usize,
}

impl Parser {
    fn of(text: &str) -> Self {
        Self { text: text.chars().collect(), at: 0, depth: 0 }
    }

    /// A pattern for JSON events.
    fn document(&mut self) -> Result<Condition, PatternError> {
        self.expect('{', "`{`")?;
        let condition = self.any_of()?;
        self.expect('}', "`}`")?;
        self.end()?;
        Ok(condition)
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn error(&self, expected: &'static str) -> PatternError {
        PatternError { at: self.at + 1, expected }
    }

    fn take(&mut self, word: &str) -> bool {
        self.skip_space();
        let length = word.chars().count();
        let there = self.text.get(self.at..self.at + length).is_some_and(|text| text.iter().copied().eq(word.chars()));
        if there {
            self.at += length;
        }
        there
    }

    fn expect(&mut self, what: char, expected: &'static str) -> Result<(), PatternError> {
        if self.take(what.encode_utf8(&mut [0; 4])) { Ok(()) } else { Err(self.error(expected)) }
    }

    fn end(&mut self) -> Result<(), PatternError> {
        self.skip_space();
        if self.peek().is_none() { Ok(()) } else { Err(self.error("the end of the pattern")) }
    }

    fn any_of(&mut self) -> Result<Condition, PatternError> {
        let mut conditions = vec![self.all_of()?];
        while self.take("||") {
            conditions.push(self.all_of()?);
        }
        Ok(Condition::Any(conditions))
    }

    fn all_of(&mut self) -> Result<Condition, PatternError> {
        let mut conditions = vec![self.condition()?];
        while self.take("&&") {
            conditions.push(self.condition()?);
        }
        Ok(Condition::All(conditions))
    }

    fn condition(&mut self) -> Result<Condition, PatternError> {
        if self.take("(") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(self.error("fewer brackets within each other"));
            }
            let inner = self.any_of()?;
            self.expect(')', "`)`, `&&` or `||`")?;
            self.depth -= 1;
            return Ok(inner);
        }
        let path = self.path()?;
        if self.take("NOT EXISTS") {
            return Ok(Condition::Exists(path, false));
        }
        if self.take("EXISTS") {
            return Ok(Condition::Exists(path, true));
        }
        if self.take("IS") {
            for (word, value) in [("TRUE", true.into()), ("FALSE", false.into()), ("NULL", Value::Null)] {
                if self.take(word) {
                    return Ok(Condition::Is(path, value));
                }
            }
            return Err(self.error("`TRUE`, `FALSE` or `NULL`"));
        }
        // The longer ones first: `<=` begins like `<`.
        let comparisons = [
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("=", Comparison::Equal),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let found = comparisons.into_iter().find(|(sign, _)| self.take(sign));
        let (_, comparison) = found.ok_or_else(|| self.error("a comparison, `IS` or `NOT EXISTS`"))?;
        let operand = self.operand()?;
        Ok(Condition::Compare(path, comparison, operand))
    }

    fn path(&mut self) -> Result<Vec<Step>, PatternError> {
        self.expect('$', "`$`, the start of a selector")?;
        let mut steps = Vec::new();
        loop {
            match self.peek() {
                Some('.') => {
                    self.at += 1;
                    let name = self.word(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '@' | '/'));
                    if name.is_empty() {
                        return Err(self.error("the name of a property"));
                    }
                    steps.push(Step::Member(name));
                }
                Some('[') => {
                    self.at += 1;
                    let step = match self.peek() {
                        Some('*') => {
                            self.at += 1;
                            Step::EachElement
                        }
                        Some(quote @ ('"' | '\'')) => Step::Member(self.quoted(quote)?),
                        _ => {
                            let digits = self.word(|c| c.is_ascii_digit());
                            Step::Element(digits.parse().map_err(|_| self.error("an index"))?)
                        }
                    };
                    self.expect(']', "`]`")?;
                    steps.push(step);
                }
                _ => return Ok(steps),
            }
        }
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let word: String = rest.iter().copied().take_while(|c| belongs(*c)).collect();
        self.at += word.chars().count();
        word
    }

    fn quoted(&mut self, quote: char) -> Result<String, PatternError> {
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.peek() {
                None => return Err(self.error("the closing quote")),
                Some(c) if c == quote => {
                    self.at += 1;
                    return Ok(text);
                }
                Some('\\') => {
                    self.at += 1;
                    text.push(self.peek().ok_or_else(|| self.error("an escaped character"))?);
                }
                Some(c) => text.push(c),
            }
            self.at += 1;
        }
    }

    fn operand(&mut self) -> Result<Operand, PatternError> {
        self.skip_space();
        match self.peek() {
            Some('"') => Ok(Operand::Text(self.quoted('"')?)),
            Some('%') => Ok(Operand::Regex(Box::new(self.regex()?))),
            _ => {
                let word = self.word(|c| !c.is_whitespace() && !matches!(c, ')' | '}' | '&' | '|' | '('));
                match word.parse() {
                    Ok(number) => Ok(Operand::Number(number)),
                    Err(_) if word.is_empty() => Err(self.error("a value")),
                    Err(_) => Ok(Operand::Text(word)),
                }
            }
        }
    }

    fn regex(&mut self) -> Result<Regex, PatternError> {
        let start = self.at;
        self.at += 1;
        let source = self.word(|c| c != '%');
        if self.peek().is_none() {
            return Err(self.error("the closing `%`"));
        }
        self.at += 1;
        Regex::new(&source).map_err(|_| PatternError { at: start + 1, expected: "a regular expression" })
    }

    /// The words of a pattern that is no JSON one, as they are written but for the spaces between them. What stands between
    /// quotes, and a regular expression, is of one word.
    fn words(&mut self) -> Result<Vec<String>, PatternError> {
        let mut words = Vec::new();
        loop {
            self.skip_space();
            let start = self.at;
            while let Some(c) = self.peek().filter(|c| !c.is_whitespace()) {
                match c {
                    '"' => _ = self.quoted('"')?,
                    '%' if matches!(self.text.get(start..self.at), Some([] | ['?' | '-'])) => _ = self.regex()?,
                    _ => self.at += 1,
                }
            }
            match self.text.get(start..self.at) {
                Some(word) if !word.is_empty() => words.push(word.iter().collect()),
                _ => return Ok(words),
            }
        }
    }

    /// Unstructured patterns: every term must be in the text, of those marked `?` at least one, of those marked `-`
    /// none.
    fn terms(&mut self, text: &str) -> Result<bool, PatternError> {
        let (mut all, mut any, mut none) = (true, None, true);
        loop {
            self.skip_space();
            let mark = self.peek();
            if matches!(mark, Some('?' | '-')) {
                self.at += 1;
            }
            let found = match self.peek() {
                None => return Ok(all && none && any.unwrap_or(true)),
                Some('"') => text.contains(&self.quoted('"')?),
                Some('%') => self.regex()?.is_match(text),
                Some(_) => text.contains(&self.word(|c| !c.is_whitespace())),
            };
            match mark {
                Some('?') => any = Some(any.unwrap_or(false) || found),
                Some('-') => none &= !found,
                _ => all &= found,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT_SIGN_IN: &str = r#"{
        "eventType": "AwsConsoleSignIn", "eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com",
        "userIdentity": {"type": "Root", "accountId": "111122223333"},
        "additionalEventData": {"MFAUsed": "No"}, "readOnly": false, "errorCode": null, "count": 3,
        "resources": [{"type": "a"}, {"type": "b"}]
    }"#;

    fn event() -> Value {
        serde_json::from_str(ROOT_SIGN_IN).expect("the event parses")
    }

    #[test]
    fn equivalent_patterns_match_alike() {
        for pattern in [
            r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }"#,
            r#"{$.userIdentity.type="Root"&&$.userIdentity.invokedBy NOT EXISTS&&$.eventType!="AwsServiceEvent"}"#,
            r#"{ $.eventType != "AwsServiceEvent" && ($.userIdentity.invokedBy NOT EXISTS) && $.userIdentity.type = Root }"#,
            r#"{ ($.eventName = ConsoleLogin) && ($.userIdentity.type = "R*t") }"#,
            "{ $.userIdentity.type = %^Ro+t$% }",
            r#"{ $.userIdentity.type = "IAMUser" || ($.eventSource = "signin*" && $.userIdentity.type = "Root") }"#,
            r#"{ $['userIdentity'].type = "Root" }"#,
            "",
            "Root ConsoleLogin",
            "\"\\\"type\\\":\\\"Root\\\"\" -AssumedRole",
            "?Nothing ?Root",
        ] {
            assert_eq!(matches(pattern, &event()), Ok(true), "{pattern}");
        }
    }

    #[test]
    fn other_patterns_do_not_match() {
        for pattern in [
            r#"{ $.userIdentity.type = "IAMUser" }"#,
            r#"{ $.userIdentity.type = "Root" && $.eventType = "AwsApiCall" }"#,
            r#"{ $.userIdentity.type = "Root" && $.userIdentity.accountId NOT EXISTS }"#,
            r#"{ $.userIdentity.type != "R*" }"#,
            r#"{ $.missing != "x" }"#,
            "[ip, user, request]",
            "Root AssumeRole",
            "Root -ConsoleLogin",
            "?Nothing ?None",
        ] {
            assert_eq!(matches(pattern, &event()), Ok(false), "{pattern}");
        }
    }

    #[test]
    fn patterns_are_the_same_if_they_say_the_same() {
        let same = |a: &str, b: &str| Pattern::parse(a).expect(a) == Pattern::parse(b).expect(b);
        let pattern = r#"{ ($.eventName = "ConsoleLogin") && ($.errorMessage = "Failed authentication") }"#;
        for other in [
            r#"{ $.eventName = ConsoleLogin && $.errorMessage = "Failed authentication" }"#,
            r#"{($.errorMessage="Failed authentication")&&($.eventName="ConsoleLogin")}"#,
            r#"{ (($.eventName = ConsoleLogin)) && ($.errorMessage = "Failed authentication") && $.eventName = ConsoleLogin }"#,
        ] {
            assert!(same(pattern, other), "{other}");
        }
        for other in [
            r#"{ $.eventName = ConsoleLogin || $.errorMessage = "Failed authentication" }"#,
            r#"{ $.eventName != ConsoleLogin && $.errorMessage = "Failed authentication" }"#,
            r#"{ $.eventName = ConsoleLogin && $.errorMessage = "Failed  authentication" }"#,
            "{ $.eventName = ConsoleLogin }",
            "ConsoleLogin",
        ] {
            assert!(!same(pattern, other), "{other}");
        }
        assert!(same("{ $.a = 1 || ($.b = 2 || $.c = 3) }", "{ $.c = 3 || $.b = 2 || $.a = 1 }"));
        assert!(!same("{ $.a = 1 && ($.b = 2 || $.c = 3) }", "{ $.a = 1 && $.b = 2 || $.c = 3 }"));
        assert!(same(" Root  ConsoleLogin ", "Root ConsoleLogin"));
        assert!(same("\"Failed  login\"  -%a  b%", " \"Failed  login\" -%a  b%"));
        assert!(!same("\"Failed  login\"", "\"Failed login\""));
        assert!(!same("%a  b%", "%a b%"));
        assert!(!same("-%a  b%", "-%a b%"));
        assert!(same("[ip,  user = \"a  b\"]", "[ip, user = \"a  b\"]"));
        assert!(Pattern::parse("\"Failed login").is_err());
    }

    #[test]
    fn brackets_are_followed_to_a_depth_that_no_pattern_needs() {
        let pattern = |depth: usize| format!("{{ {}$.count = 3{} }}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(matches(&pattern(100), &event()), Ok(true));
        assert_eq!(Pattern::parse(&pattern(100)), Pattern::parse("{ $.count = 3 }"));
        let many = format!("{{ {} }}", vec!["($.count = 3)"; 200].join(" && "));
        assert_eq!(matches(&many, &event()), Ok(true));
        for depth in [101, 100_000] {
            let error = matches(&pattern(depth), &event()).expect_err("it is too deep");
            assert_eq!(error.expected, "fewer brackets within each other");
            assert_eq!(Pattern::parse(&pattern(depth)), Err(error));
        }
    }

    #[test]
    fn numbers_truth_values_nulls_and_lists_are_compared_as_what_they_are() {
        for (pattern, expected) in [
            ("{ $.count > 2 && $.count <= 3 && $.count != 4 }", true),
            ("{ $.count = 3.0 }", true),
            ("{ $.count >= 3.5 }", false),
            ("{ $.readOnly IS FALSE }", true),
            ("{ $.readOnly IS TRUE }", false),
            ("{ $.errorCode IS NULL }", true),
            ("{ $.missing IS NULL }", false),
            ("{ $.resources[1].type = b }", true),
            ("{ $.resources[2].type = b }", false),
            ("{ $.resources[*].type = b }", true),
        ] {
            assert_eq!(matches(pattern, &event()), Ok(expected), "{pattern}");
        }
    }

    #[test]
    fn what_is_not_understood_is_an_error_with_its_place() {
        for (pattern, at) in
            [("{ $.a = }", 9), ("{ $.a ~ 1 }", 7), ("{ $.a = 1", 10), ("{ a = 1 }", 3), ("{ $.a = 1 } x", 13)]
        {
            assert_eq!(matches(pattern, &event()).map_err(|error| error.at), Err(at), "{pattern}");
        }
    }

    #[test]
    fn wildcards_match_any_run_of_characters() {
        for (pattern, text, expected) in [
            ("a*c", "abbc", true),
            ("a*c", "ac", true),
            ("*", "", true),
            ("a*b*c", "a-c-b", false),
            ("ab", "abc", false),
            ("*ab*ab", "ab", false),
        ] {
            assert_eq!(wildcard(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
