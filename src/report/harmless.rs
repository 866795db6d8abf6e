//! Text that does nothing but show, whoever wrote it and wherever it is shown.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text that does nothing but show: characters that move the cursor, change the direction of reading, or cannot be seen
/// are written as their code points (`\u{202e}`), tabs and ends of lines as `\t` and `\n`.
///
/// A build server reads what a step prints, and does what lines that begin with `::word` or hold `##[word` or `##word[`
/// say. These lose their first sign in the same way.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let at = command(text);
    if at.is_none() && !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut next = at;
    for (at, c) in text.char_indices() {
        match c {
            _ if next == Some(at) => {
                _ = write!(out, "\\u{{{:x}}}", u32::from(c));
                let rest = at + c.len_utf8();
                next = text.get(rest..).and_then(marked).map(|found| rest + found);
            }
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            // Writing to a string cannot fail.
            _ if is_harmful(c) => _ = write!(out, "\\u{{{:x}}}", u32::from(c)),
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Where a build server would see the first command.
fn command(text: &str) -> Option<usize> {
    let start = text.len() - text.trim_start().len();
    let word = text.get(start..).and_then(|text| text.strip_prefix("::")).unwrap_or_default();
    let name =
        word.find(|c: char| c.is_whitespace() || c == ':' || c == '/').and_then(|end| word.get(..end)).unwrap_or(word);
    // `::1` and `::ffff:10.0.0.1` are addresses; no command is called by hexadecimal digits alone.
    let is_command = !name.is_empty() && !name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'.');
    if is_command { Some(start) } else { marked(text) }
}

/// Where `##[` or `##word[` stands.
fn marked(text: &str) -> Option<usize> {
    text.match_indices("##").map(|(at, _)| at).find(|at| {
        let rest = text.get(at + 2..).unwrap_or_default();
        rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).starts_with('[')
    })
}

/// Whether the character does something else than show.
pub(super) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // soft hyphen; Arabic letter mark; Hangul fillers; Mongolian vowel separator
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{180e}'
            // zero-width and directional marks; separators, embeddings and overrides; isolates and invisible operators
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            // byte order mark; interlinear annotations; language tags and the selectors after them
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}
