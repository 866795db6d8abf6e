//! The shape of a script's text: its tokens, which braces hold statements, where conditions and operands begin and end.
//!
//! What the rule authors' tools change in a script they change in its text, so that lines and columns stay what an author
//! sees. For that the nesting of brackets and the words around them are enough.

use super::scan::{Lexer, is_name, position};

/// One token with the byte at which it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) at: usize,
    pub(super) text: &'a str,
}

impl Token<'_> {
    pub(super) fn end(self) -> usize {
        self.at + self.text.len()
    }
}

/// A script in tokens.
pub(super) struct Shape<'a> {
    pub(super) script: &'a str,
    pub(super) tokens: Vec<Token<'a>>,
}

/// A part of a script, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Between what stands on both sides of an operand of `&&`, `||` or `??`, beside brackets.
const ENDS_OPERAND: [&str; 24] = [
    ",", ";", "=>", "=", "&&", "||", "??", "|", "+=", "-=", "*=", "/=", "%=", "**=", "|=", "&=", "^=", "<<=", ">>=",
    "if", "while", "return", "else", "`",
];

impl<'a> Shape<'a> {
    pub(super) fn of(script: &'a str) -> Self {
        let mut lexer = Lexer::new(script);
        let tokens = std::iter::from_fn(|| lexer.next_token()).map(|(at, text)| Token { at, text }).collect();
        Self { script, tokens }
    }

    pub(super) fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    pub(super) fn before(&self, at: usize) -> &'a str {
        at.checked_sub(1).map_or("", |at| self.text(at))
    }

    /// Line and column of a token.
    pub(super) fn position(&self, at: usize) -> (usize, usize) {
        self.tokens.get(at).map_or((1, 1), |token| position(self.script, token.at))
    }

    /// The part of the script from one token up to another one, which is not in it.
    pub(super) fn extent(&self, from: usize, to: usize) -> Option<Extent> {
        let start = self.tokens.get(from)?.at;
        let end = self.tokens.get(to.checked_sub(1)?)?.end();
        (start < end).then_some(Extent { start, end })
    }

    pub(super) fn part(&self, extent: Extent) -> &'a str {
        self.script.get(extent.start..extent.end).unwrap_or_default()
    }

    /// Whether this token opens a block of statements: no object map, no arms of a `switch`.
    pub(super) fn opens_block(&self, at: usize) -> bool {
        self.text(at) == "{" && self.before(at) != "#" && !self.opens_switch(at)
    }

    /// Whether this token opens the arms of a `switch`.
    pub(super) fn opens_switch(&self, at: usize) -> bool {
        if self.text(at) != "{" {
            return false;
        }
        let mut depth = 0_usize;
        for before in (0..at).rev() {
            match self.text(before) {
                ")" | "]" | "}" => depth += 1,
                "switch" if depth == 0 => return true,
                "(" | "[" | "{" | "${" | ";" | "=>" | "," | "if" | "while" | "for" | "loop" | "else" | "fn"
                    if depth == 0 =>
                {
                    return false;
                }
                "(" | "[" | "{" | "${" => depth -= 1,
                _ => {}
            }
        }
        false
    }

    /// The token that closes the bracket at a place, or the end of the script.
    pub(super) fn closes(&self, opened: usize) -> usize {
        let mut depth = 0_usize;
        for at in opened..self.tokens.len() {
            match self.text(at) {
                "(" | "[" | "{" | "${" => depth += 1,
                ")" | "]" | "}" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return at;
                    }
                }
                _ => {}
            }
        }
        self.tokens.len()
    }

    /// The first token from a place for which `ends` says so that is in no bracket opened since.
    pub(super) fn find(&self, from: usize, ends: impl Fn(usize, &str) -> bool) -> usize {
        let mut at = from;
        while at < self.tokens.len() {
            let text = self.text(at);
            if ends(at, text) || matches!(text, ")" | "]" | "}") {
                return at;
            }
            at = if matches!(text, "(" | "[" | "{" | "${") { self.closes(at) + 1 } else { at + 1 };
        }
        at
    }

    /// The condition of the `if` or `while` at a place: the tokens from the first up to the block, or to the arm that it
    /// guards.
    pub(super) fn condition(&self, at: usize) -> (usize, usize) {
        (at + 1, self.find(at + 1, |at, text| text == "=>" || self.opens_block(at)))
    }

    /// The operand that begins behind the operator at a place.
    pub(super) fn right_operand(&self, operator: usize) -> (usize, usize) {
        let ends = |at: usize, text: &str| ENDS_OPERAND.contains(&text) || self.opens_block(at);
        (operator + 1, self.find(operator + 1, ends))
    }

    /// The operand that ends before the operator at a place.
    pub(super) fn left_operand(&self, operator: usize) -> (usize, usize) {
        let mut depth = 0_usize;
        let mut first = operator;
        for at in (0..operator).rev() {
            let text = self.text(at);
            match text {
                ")" | "]" | "}" => depth += 1,
                "(" | "[" | "{" | "${" if depth == 0 => break,
                "(" | "[" | "{" | "${" => depth -= 1,
                _ if depth == 0 && ENDS_OPERAND.contains(&text) => break,
                _ => {}
            }
            first = at;
        }
        (first, operator)
    }

    /// Whether the `in` at a place belongs to a `for`.
    pub(super) fn is_of_for(&self, at: usize) -> bool {
        let mut before = at;
        while let Some(earlier) = before.checked_sub(1) {
            before = earlier;
            match self.text(before) {
                "for" => return true,
                "(" | ")" | "," => {}
                text if is_name(text) => {}
                _ => return false,
            }
        }
        false
    }
}
