//! A look at a script's text before it is compiled, for what Rhai's compiler has no setting to refuse.
//!
//! Values inside of others cannot be changed in place (`list[0] = x`, `map.name += x`, `this = x`). Rhai does not see a
//! value grow inside of another one, so a few lines could fill the memory past all its limits; and no rule needs it.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::CharIndices;

/// Operators of more than one character, longer ones first.
const OPERATORS: [&str; 26] = [
    "<<=", ">>=", "**=", "..=", "?.", "?[", "??", "==", "!=", "<=", ">=", "=>", "+=", "-=", "*=", "/=", "%=", "&=",
    "|=", "^=", "&&", "||", "<<", ">>", "**", "..",
];

const ASSIGNMENTS: [&str; 12] = ["=", "+=", "-=", "*=", "/=", "%=", "**=", "<<=", ">>=", "&=", "|=", "^="];

/// The names of the members that a script reads as `value.name`.
///
/// # Errors
/// What must not be in a script, with line and column.
pub(super) fn members(script: &str) -> Result<BTreeSet<&str>, String> {
    let mut members = BTreeSet::new();
    let mut lexer = Lexer::new(script);
    let (mut before_last, mut last) = ("", "");
    while let Some((at, token)) = lexer.next_token() {
        let member = is_name(last) && matches!(before_last, "." | "?.");
        if ASSIGNMENTS.contains(&token) && (member || last == "]" || last == "this") {
            let (line, column) = position(script, at);
            return Err(format!(
                "line {line}, column {column}: a value inside of another one cannot be changed; make a new one, or push to a list"
            ));
        }
        if member && token != "(" {
            members.insert(last);
        }
        before_last = last;
        last = token;
    }
    Ok(members)
}

/// The names that a script may read members by: those behind a dot, functions among them, and those in its texts, which may
/// come to `get("a.name[0]")` by way of a variable. What another method is asked with is none: `fixes("aws:SourceAccount")`.
pub(super) fn read_names(script: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut lexer = Lexer::new(script);
    let mut before = [""; 3];
    while let Some((_, token)) = lexer.next_token() {
        let [.., last] = before;
        if is_name(token) && matches!(last, "." | "?.") {
            names.insert(token);
        }
        let is_asked_with = matches!(before, ["." | "?.", method, "("] if !matches!(method, "get" | "contains"));
        if token.len() > 1 && token.starts_with('"') && token.ends_with('"') && !is_asked_with {
            names.extend(token.trim_matches('"').split(['.', '[', ']']).filter(|name| is_name(name)));
        }
        before.rotate_left(1);
        before[2] = token;
    }
    names
}

/// The functions by which a script comes to items other than the judged one: `item.related(type)`, `resources(type)`,
/// `find(type, name)`.
const LOOKUPS: [&str; 3] = ["related", "resources", "find"];

/// The types that a script names where it looks up items.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::rule) enum Lookups<'a> {
    /// These, and no others.
    Named(BTreeSet<&'a str>),
    /// It cannot be told from the text.
    Any,
}

impl Default for Lookups<'_> {
    fn default() -> Self {
        Self::Named(BTreeSet::new())
    }
}

impl Lookups<'_> {
    /// What one part of a script looks up, or another one.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Named(mut all), Self::Named(more)) => {
                all.extend(more);
                Self::Named(all)
            }
            _ => Self::Any,
        }
    }

    /// Whether items of this type may be looked up.
    pub(in crate::rule) fn may_name(&self, resource_type: &str) -> bool {
        match self {
            Self::Named(types) => types.contains(resource_type),
            Self::Any => true,
        }
    }
}

/// The types that stand in a script as `related("AWS::EC2::Instance")`, `resources("…", region)` or `find("…", name)`. One
/// call in any other form, and it is not known.
pub(super) fn lookups(script: &str) -> Lookups<'_> {
    let mut types = BTreeSet::new();
    let mut lexer = Lexer::new(script);
    let mut last = "";
    while let Some((at, token)) = lexer.next_token() {
        // Rhai lets every function be called on its first argument, or with it: then the type is not where it is looked for.
        let usual = matches!(last, "." | "?.") == (token == "related");
        last = token;
        if !LOOKUPS.contains(&token) {
            continue;
        }
        let literal = || {
            if !usual {
                return None;
            }
            let argument = script.get(at + token.len()..)?.trim_start().strip_prefix('(')?.trim_start();
            let (literal, rest) = argument.strip_prefix('"')?.split_once('"')?;
            (!literal.contains('\\') && rest.trim_start().starts_with([',', ')'])).then_some(literal)
        };
        match literal() {
            Some(literal) => types.insert(literal),
            None => return Lookups::Any,
        };
    }
    Lookups::Named(types)
}

/// The functions whose answer depends on the time of the snapshot.
const OF_THE_TIME: [&str; 6] = ["now", "days_since", "days_until", "hours_since", "seconds_since", "seconds_until"];

/// Whether a script names a function whose answer depends on the time.
pub(super) fn asks_for_the_time(script: &str) -> bool {
    let mut lexer = Lexer::new(script);
    std::iter::from_fn(|| lexer.next_token()).any(|(_, token)| OF_THE_TIME.contains(&token))
}

pub(in crate::rule) fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Line and column of a byte, both from 1.
pub(super) fn position(script: &str, at: usize) -> (usize, usize) {
    let before = script.get(..at).unwrap_or(script);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(1, |line| line.chars().count() + 1);
    (line, column)
}

/// Names, operators, signs and texts, without comments. A text between backticks comes in pieces: a backtick, `${` and `}`
/// around each expression in it, a backtick.
pub(super) struct Lexer<'a> {
    script: &'a str,
    rest: Peekable<CharIndices<'a>>,
    /// For each text between backticks that is open, how many braces are open in its `${…}`.
    braces: Vec<usize>,
    /// Whether what comes next is text between backticks.
    in_template: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(script: &'a str) -> Self {
        Self { script, rest: script.char_indices().peekable(), braces: Vec::new(), in_template: false }
    }

    fn ahead(&self) -> &'a str {
        let mut rest = self.rest.clone();
        rest.next().and_then(|(at, _)| self.script.get(at..)).unwrap_or_default()
    }

    /// The text from a byte up to here.
    fn since(&mut self, at: usize) -> &'a str {
        let end = self.rest.peek().map_or(self.script.len(), |(end, _)| *end);
        self.script.get(at..end).unwrap_or_default()
    }

    fn skip(&mut self, characters: usize) {
        for _ in 0..characters {
            self.rest.next();
        }
    }

    /// The next token with the byte at which it begins.
    pub(super) fn next_token(&mut self) -> Option<(usize, &'a str)> {
        if self.in_template {
            return self.template_token();
        }
        loop {
            let (at, first) = *self.rest.peek()?;
            let ahead = self.ahead();
            if first.is_whitespace() {
                self.skip(1);
            } else if ahead.starts_with("//") {
                while self.rest.next_if(|(_, character)| *character != '\n').is_some() {}
            } else if ahead.starts_with("/*") {
                self.skip_comment();
            } else if first == '"' || first == '\'' {
                self.skip(1);
                self.skip_text(first);
                return Some((at, self.since(at)));
            } else if first == '#' && ahead.trim_start_matches('#').starts_with('"') {
                self.skip_raw_text(ahead);
                return Some((at, self.since(at)));
            } else if first == '`' || first == '}' && self.braces.last() == Some(&0) {
                if first == '}' {
                    self.braces.pop();
                }
                self.skip(1);
                self.in_template = true;
                return Some((at, self.since(at)));
            } else {
                return Some((at, self.token(at, first, ahead)));
            }
        }
    }

    fn token(&mut self, at: usize, first: char, ahead: &'a str) -> &'a str {
        if first.is_alphanumeric() || first == '_' {
            while self.rest.next_if(|(_, character)| character.is_alphanumeric() || *character == '_').is_some() {}
            return self.since(at);
        }
        let operator = OPERATORS.into_iter().find(|operator| ahead.starts_with(operator));
        if let Some(operator) = operator {
            self.skip(operator.len());
            return operator;
        }
        match (first, self.braces.last_mut()) {
            ('{', Some(open)) => *open += 1,
            ('}', Some(open)) => *open -= 1,
            _ => {}
        }
        self.skip(1);
        ahead.get(..first.len_utf8()).unwrap_or_default()
    }

    fn skip_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            let ahead = self.ahead();
            if ahead.starts_with("/*") {
                depth += 1;
                self.skip(2);
            } else if ahead.starts_with("*/") {
                depth -= 1;
                self.skip(2);
                if depth == 0 {
                    return;
                }
            } else if self.rest.next().is_none() {
                return;
            }
        }
    }

    /// To behind the closing quote. Two quotes in a row are one inside of the text, as is one behind a backslash.
    fn skip_text(&mut self, quote: char) {
        while let Some((_, character)) = self.rest.next() {
            if character == '\\' {
                self.rest.next();
            } else if character == quote && self.rest.next_if(|(_, next)| *next == quote).is_none() {
                return;
            }
        }
    }

    /// `#"…"#`, with any number of `#`.
    fn skip_raw_text(&mut self, ahead: &str) {
        let hashes = ahead.chars().take_while(|character| *character == '#').count();
        self.skip(hashes + 1);
        let end = format!("\"{}", "#".repeat(hashes));
        while !self.ahead().starts_with(&end) {
            if self.rest.next().is_none() {
                return;
            }
        }
        self.skip(end.len());
    }

    /// The closing backtick, or the next `${`.
    fn template_token(&mut self) -> Option<(usize, &'a str)> {
        self.in_template = false;
        while let Some((at, character)) = self.rest.next() {
            if character == '`' && self.rest.next_if(|(_, next)| *next == '`').is_none() {
                return Some((at, self.since(at)));
            }
            if character == '$' && self.rest.next_if(|(_, next)| *next == '{').is_some() {
                self.braces.push(0);
                return Some((at, self.since(at)));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
