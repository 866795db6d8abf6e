//! Text as HTML: nothing of it is markup but what this file writes.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::report::harmless;

/// Text between tags or in a quoted attribute.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    let text = harmless(text);
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The Markdown of a rule's texts, in the part of it that rules use: paragraphs, lists, blocks of code, and code within a
/// sentence. Everything else stands there as it was written.
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.trim_end().lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        if line.starts_with("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            code_block(&mut out, block.into_iter());
        } else if let Some(first) = line.strip_prefix("    ") {
            let mut block = vec![first];
            while let Some(next) = lines.next_if(|next| next.starts_with("    ") || next.trim().is_empty()) {
                block.push(next.strip_prefix("    ").unwrap_or(""));
            }
            while block.last().is_some_and(|line| line.is_empty()) {
                block.pop();
            }
            code_block(&mut out, block.into_iter());
        } else if let Some(first) = line.strip_prefix("- ") {
            out.push_str("<ul>");
            let mut item = Some(first.to_owned());
            while let Some(mut sentence) = item.take() {
                while let Some(next) = lines.next_if(|next| next.starts_with("  ")) {
                    sentence = format!("{sentence} {}", next.trim());
                }
                _ = write!(out, "<li>{}</li>", sentence_of(&sentence));
                item = lines.next_if(|next| next.starts_with("- ")).map(|next| next[2..].to_owned());
            }
            out.push_str("</ul>");
        } else {
            let mut sentence = line.trim().to_owned();
            while let Some(next) = lines.next_if(|next| !next.trim().is_empty() && !next.starts_with("```")) {
                sentence = format!("{sentence} {}", next.trim());
            }
            _ = write!(out, "<p>{}</p>", sentence_of(&sentence));
        }
    }
    out
}

/// Lines of code as they are.
pub(super) fn code_block<'t>(out: &mut String, lines: impl Iterator<Item = &'t str>) {
    let lines: Vec<Cow<'_, str>> = lines.map(escape).collect();
    _ = write!(out, "<pre><code>{}</code></pre>", lines.join("\n"));
}

/// A sentence, with what stands between backticks as code.
fn sentence_of(text: &str) -> String {
    let mut out = String::new();
    let mut parts = text.split('`').peekable();
    let mut is_code = false;
    while let Some(part) = parts.next() {
        // The last part has no backtick behind it.
        if is_code && parts.peek().is_some() {
            _ = write!(out, "<code>{}</code>", escape(part));
        } else {
            if is_code {
                out.push('`');
            }
            out.push_str(&escape(part));
        }
        is_code = !is_code;
    }
    out
}

/// An address of `https` that can be nothing but that.
pub(super) fn page(address: &str) -> Option<&str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/?#=&%:+;".contains(&byte);
    let rest = address.strip_prefix("https://")?;
    (!rest.is_empty() && rest.bytes().all(is_plain)).then_some(address)
}
