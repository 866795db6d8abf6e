//! Words in lines: how many of something, when, and what fits the width.

use unicode_width::UnicodeWidthStr;

use crate::report::harmless;

/// `1 rule`, `2 rules`.
pub fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// `2026-01-02 03:04:05 UTC`; a text that is no such time as it is.
pub(in crate::report) fn moment(time: &str) -> String {
    match (time.get(..10), time.get(10..11), time.get(11..19)) {
        (Some(date), Some("T"), Some(clock)) if time.ends_with('Z') => format!("{date} {clock} UTC"),
        _ => time.to_owned(),
    }
}

/// Text made harmless, and broken between words into lines of at most `width` columns, the first of which begins at column
/// `first` and the others at column `rest`. A longer word has a line of its own.
pub fn wrap(text: &str, width: usize, first: usize, rest: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut column = first;
    for word in text.split_whitespace() {
        let word = harmless(word);
        let columns = word.width();
        if line.is_empty() {
            column += columns;
        } else if column + 1 + columns <= width {
            line.push(' ');
            column += 1 + columns;
        } else {
            lines.push(std::mem::take(&mut line));
            column = rest + columns;
        }
        line.push_str(&word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// At most so many columns, with an ellipsis where something was left out.
pub(in crate::report) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used > columns {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}
