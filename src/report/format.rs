//! The formats of a report by the words that ask for them, and what they need to know beside the report.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use super::{Report, asff, csv, github, html, json, jsonl, junit, markdown, ocsf, sarif, terminal};

/// A format in which a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// For people.
    Terminal,
    /// For programs: everything, versioned, with a schema in `docs/report.schema.json`.
    Json,
    /// The same, a record a line.
    Jsonl,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// For people who read it in a browser, print it or hand it on: one page.
    Html,
    /// For a job's summary or a ticket: GitHub's Markdown.
    Markdown,
    /// For test views: the XML of `JUnit`.
    Junit,
    /// For spreadsheets.
    Csv,
    /// For security data lakes: OCSF's Compliance Finding.
    Ocsf,
    /// For Security Hub: the AWS Security Finding Format.
    Asff,
    /// For the log of a workflow of GitHub: annotations.
    Github,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 11] = [
        Self::Terminal,
        Self::Json,
        Self::Jsonl,
        Self::Sarif,
        Self::Html,
        Self::Markdown,
        Self::Junit,
        Self::Csv,
        Self::Ocsf,
        Self::Asff,
        Self::Github,
    ];

    /// The word by which it is asked for.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Sarif => "sarif",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Junit => "junit",
            Self::Csv => "csv",
            Self::Ocsf => "ocsf",
            Self::Asff => "asff",
            Self::Github => "github",
        }
    }
}

/// How much of the report a format has that can have more or less: HTML, CSV, `JUnit`, OCSF, ASFF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extent {
    /// What is not as it should be: findings, exempted ones too, and what could not be judged.
    #[default]
    Findings,
    /// What is as it should be, and what no rule speaks of, as well.
    Full,
}

impl Extent {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Findings, Self::Full];

    /// The word by which it is asked for.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Findings => "findings",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no format `{0}`")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.into_iter().find(|format| format.as_str() == word).ok_or_else(|| UnknownFormat(word.to_owned()))
    }
}

/// What the formats need to know beside the report.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How the terminal's text is laid out.
    pub terminal: terminal::Layout,
    /// The file that findings of live resources are located in.
    pub anchor: sarif::Anchor,
    /// Whether SARIF has exempted findings too, as suppressed results. GitHub ignores the suppression and opens an alert
    /// for each: for an upload they are left out, and counted in a notification.
    pub suppressions: bool,
    /// How much the report has, in formats that can have more or less.
    pub extent: Extent,
}

/// Writes a report.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, format: Format, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Terminal => terminal::write(report, &options.terminal, out),
        Format::Json => json::write(report, out),
        Format::Jsonl => jsonl::write(report, out),
        Format::Sarif => sarif::write(report, options, out),
        Format::Html => html::write(report, options.extent, out),
        Format::Markdown => markdown::write(report, out),
        Format::Junit => junit::write(report, options.extent, out),
        Format::Csv => csv::write(report, options.extent, out),
        Format::Ocsf => ocsf::write(report, options.extent, out),
        Format::Asff => asff::write(report, options.extent, out),
        Format::Github => github::write(report, options, out),
    }
}
