//! What is different between two states, in the formats in which it is written.
//!
//! As with the report on one run, each format is one file with its own wire types, the same differences give the same
//! bytes, and text from AWS is made harmless for its medium.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

pub(super) use self::terminal::property_text;
use super::terminal::Layout;
use super::{Report, RuleSummary, UnknownFormat, sarif};
use crate::diff::{Cause, ChangeType, Diff, RuleVersion};
use crate::value::Value;

mod baseline;
pub mod json;
mod markdown;
mod messages;
mod terminal;

/// A format in which differences are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// For people at a terminal.
    Terminal,
    /// For programs: everything, versioned, with a schema in `docs/diff.schema.json`.
    Json,
    /// For what listens to AWS Config: its notifications, one a line.
    Jsonl,
    /// For people who read it in a ticket, a pull request or a mail.
    Markdown,
    /// For code scanning: the newer state's findings with their `baselineState`.
    Sarif,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 5] = [Self::Terminal, Self::Json, Self::Jsonl, Self::Markdown, Self::Sarif];

    /// The word by which it is asked for.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Markdown => "markdown",
            Self::Sarif => "sarif",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.into_iter().find(|format| format.as_str() == word).ok_or_else(|| UnknownFormat(word.to_owned()))
    }
}

/// What the formats need to know beside the differences.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How the terminal's text is laid out. Its limit holds for Markdown as well.
    pub terminal: Layout,
    /// The file that findings of live resources are located in.
    pub anchor: sarif::Anchor,
}

/// What was compared, beside what is different.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// What is different.
    pub diff: &'a Diff<'a>,
    /// What the older state is called: a file, a number.
    pub from: &'a str,
    /// What the newer state is called.
    pub to: &'a str,
    /// The newer state's report, which SARIF is made of. Without one there are no results.
    pub report: Option<&'a Report>,
}

/// Writes what is different.
///
/// # Errors
/// What the writer says.
pub fn write(compared: &Compared, format: Format, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Terminal => terminal::write(compared, &options.terminal, out),
        Format::Json => json::write(compared, out),
        Format::Jsonl => messages::write(compared.diff, out),
        Format::Markdown => markdown::write(compared, options.terminal.limit, out),
        Format::Sarif => baseline::write(compared, &options.anchor, out),
    }
}

impl RuleSummary {
    /// What has to be known of the rule to tell whether it has changed.
    pub fn version(&self) -> RuleVersion {
        RuleVersion {
            id: self.id.clone(),
            digest: self.digest.clone(),
            severity: self.severity,
            parameters: self.parameters.clone(),
        }
    }
}

/// A value as JSON, as a person reads it.
fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), ToString::to_string)
}

/// A cause as half a sentence. `quoted` makes the words of others harmless.
fn why(cause: &Cause, quoted: impl Fn(&str) -> String) -> String {
    let listed = |words: &[String]| words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", ");
    match cause {
        Cause::Resource { resource, change, paths } => {
            let what = resource.as_deref().map_or_else(|| "the resource".to_owned(), &quoted);
            match change {
                ChangeType::Create => format!("{what} was created"),
                ChangeType::Delete => format!("{what} was deleted"),
                ChangeType::Update if paths.is_empty() => format!("{what} changed"),
                ChangeType::Update => format!("{what} changed: {}", listed(paths)),
            }
        }
        Cause::Readability { gap, is_readable: true } => format!("it can be read again ({})", quoted(&gap.reason.code)),
        Cause::Readability { gap, .. } => format!("it could not be read: {}", quoted(&gap.reason.to_string())),
        Cause::Rule { change: ChangeType::Create, .. } => "the rule was not run before".to_owned(),
        Cause::Rule { change: ChangeType::Delete, .. } => "the rule was not run again".to_owned(),
        Cause::Rule { text, parameters, .. } => match (text, parameters.is_empty()) {
            (_, true) => "the rule changed".to_owned(),
            (true, false) => format!("the rule changed, and its parameters {}", listed(parameters)),
            (false, false) => format!("the rule's parameters changed: {}", listed(parameters)),
        },
        Cause::Exemption { is_in_force: true, reason, .. } => format!("it is accepted: {}", quoted(reason)),
        Cause::Exemption { reason, .. } => format!("it is accepted no longer: {}", quoted(reason)),
        Cause::Time => "time has passed".to_owned(),
        Cause::Unknown => "no cause shows".to_owned(),
    }
}

#[cfg(test)]
mod tests;
