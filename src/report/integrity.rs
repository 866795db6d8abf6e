//! Whether a trail's files are as they were delivered, for people and for programs.
//!
//! Within version 1 of the JSON form members are added and never renamed, removed or given another meaning.
//! `docs/trail.schema.json` is its schema.

use std::io::{self, Write};

use anstyle::Style;
use jiff::Timestamp;
use serde::Serialize;

use super::harmless;
use super::style::{BOLD, BROKEN, DIM, GAP, GOOD, styled};
use super::terminal::{Layout, counted};
use crate::integrity::{Chain, Counts, Kind, Outcome, Problem, State, Unlisted, Verification};

/// The first member of the JSON form says that it is one, by this word.
pub const FORMAT: &str = "assize-trail-verification";

/// The version of the JSON form. It is raised when a member changes its meaning.
pub const VERSION: u32 = 1;

/// What was verified: the place, as it was named, and the time.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// A folder, or `s3://bucket/folder`.
    pub place: &'a str,
    /// The beginning, if one was given.
    pub since: Option<Timestamp>,
    /// The end, if one was given.
    pub until: Option<Timestamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerificationFile<'v> {
    format: &'static str,
    version: u32,
    assize_version: &'static str,
    place: &'v str,
    since: Option<String>,
    until: Option<String>,
    outcome: &'static str,
    digests: CountsFile,
    log_files: CountsFile,
    chains: Vec<ChainFile<'v>>,
    uncovered: &'v [String],
    waiting: &'v [String],
    unlisted: Vec<UnlistedFile<'v>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CountsFile {
    valid: usize,
    invalid: usize,
    missing: usize,
    not_verified: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChainFile<'v> {
    account_id: &'v str,
    aws_region: &'v str,
    trail: &'v str,
    home_region: &'v str,
    backfill: bool,
    covers: Option<TimesFile>,
    goes_on_before: Option<&'v str>,
    ends_at: Option<String>,
    breaks: Vec<TimesFile>,
    digests: CountsFile,
    log_files: CountsFile,
    problems: Vec<ProblemFile<'v>>,
}

#[derive(Serialize)]
struct TimesFile {
    from: String,
    to: String,
}

#[derive(Serialize)]
struct ProblemFile<'v> {
    kind: &'static str,
    object: &'v str,
    state: &'static str,
    reason: &'static str,
    detail: &'v str,
}

#[derive(Serialize)]
struct UnlistedFile<'v> {
    folder: &'v str,
    reason: &'v str,
}

impl From<Counts> for CountsFile {
    fn from(Counts { valid, invalid, missing, not_verified }: Counts) -> Self {
        Self { valid, invalid, missing, not_verified }
    }
}

impl From<(Timestamp, Timestamp)> for TimesFile {
    fn from((from, to): (Timestamp, Timestamp)) -> Self {
        Self { from: from.to_string(), to: to.to_string() }
    }
}

impl<'v> From<&'v Problem> for ProblemFile<'v> {
    fn from(problem: &'v Problem) -> Self {
        let Problem { kind, object, state, reason, detail } = problem;
        Self { kind: kind.as_str(), object, state: state.as_str(), reason: reason.as_str(), detail }
    }
}

impl<'v> From<&'v Chain> for ChainFile<'v> {
    fn from(chain: &'v Chain) -> Self {
        Self {
            account_id: &chain.account_id,
            aws_region: &chain.region,
            trail: &chain.trail,
            home_region: &chain.home_region,
            backfill: chain.is_backfill,
            covers: chain.covers.map(TimesFile::from),
            goes_on_before: chain.goes_on_before.as_deref(),
            ends_at: chain.ends_at.map(|time| time.to_string()),
            breaks: chain.breaks.iter().copied().map(TimesFile::from).collect(),
            digests: chain.digests.into(),
            log_files: chain.log_files.into(),
            problems: chain.problems.iter().map(ProblemFile::from).collect(),
        }
    }
}

impl<'v> From<&'v Unlisted> for UnlistedFile<'v> {
    fn from(Unlisted { folder, reason }: &'v Unlisted) -> Self {
        Self { folder, reason }
    }
}

/// Writes everything as indented JSON with an end of line.
///
/// # Errors
/// What the writer says.
pub fn write_json(verification: &Verification, asked: Asked<'_>, mut out: impl Write) -> io::Result<()> {
    let file = VerificationFile {
        format: FORMAT,
        version: VERSION,
        assize_version: env!("CARGO_PKG_VERSION"),
        place: asked.place,
        since: asked.since.map(|time| time.to_string()),
        until: asked.until.map(|time| time.to_string()),
        outcome: verification.outcome().as_str(),
        digests: verification.digests().into(),
        log_files: verification.log_files().into(),
        chains: verification.chains.iter().map(ChainFile::from).collect(),
        uncovered: &verification.uncovered,
        waiting: &verification.waiting,
        unlisted: verification.unlisted.iter().map(UnlistedFile::from).collect(),
    };
    serde_json::to_writer_pretty(&mut out, &file)?;
    out.write_all(b"\n")
}

/// Writes a paragraph for each chain, with what is wrong in it, and what it comes to.
///
/// # Errors
/// What the writer says.
pub fn write_text(verification: &Verification, layout: &Layout, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, color: layout.color, limit: layout.limit.unwrap_or(usize::MAX) };
    for chain in &verification.chains {
        page.chain(chain)?;
    }
    page.list(
        "not covered",
        &verification.uncovered,
        "no digest names them: nothing tells whether CloudTrail delivered them as they are",
    )?;
    page.list(
        "waiting",
        &verification.waiting,
        "they are younger than the latest digest: the next one will name them",
    )?;
    for unlisted in &verification.unlisted {
        let label = styled(layout.color, GAP, "gap");
        writeln!(page.out, "{label}: the folder {} could not be listed", harmless(&unlisted.folder))?;
        writeln!(page.out, "  = {}\n", harmless(&unlisted.reason))?;
    }
    page.sum(verification)
}

struct Page<'o> {
    out: &'o mut dyn Write,
    color: bool,
    limit: usize,
}

impl Page<'_> {
    fn chain(&mut self, chain: &Chain) -> io::Result<()> {
        let Chain { account_id, region, trail, home_region, .. } = chain;
        let late = if chain.is_backfill { ", digests of late files" } else { "" };
        let head = format!("trail {trail} of {home_region}: account {account_id} in {region}{late}");
        writeln!(self.out, "{}", styled(self.color, BOLD, harmless(&head)))?;
        if let Some((from, to)) = chain.covers {
            writeln!(self.out, "  verified   {} to {}", moment(from), moment(to))?;
        }
        writeln!(self.out, "  digests    {}", told(chain.digests))?;
        writeln!(self.out, "  log files  {}", told(chain.log_files))?;
        for (from, to) in &chain.breaks {
            let between = format!("no digest from {} to {}", moment(*from), moment(*to));
            writeln!(self.out, "  = {between}: logging or its validation was off, or digests were deleted")?;
        }
        if let Some(object) = &chain.goes_on_before {
            writeln!(self.out, "  = the digest before the first one was not looked at: {}", harmless(object))?;
        }
        if let Some(end) = chain.ends_at {
            writeln!(self.out, "  = no digest after {}: logging ended, or later ones were deleted", moment(end))?;
        }
        writeln!(self.out)?;
        for problem in chain.problems.iter().take(self.limit) {
            self.problem(problem)?;
        }
        self.more(chain.problems.len(), "problems")
    }

    fn problem(&mut self, problem: &Problem) -> io::Result<()> {
        let (word, style) = match problem.state {
            State::Valid => ("valid", GOOD),
            State::Invalid => ("invalid", BROKEN),
            State::Missing => ("missing", BROKEN),
            State::NotVerified => ("not verified", GAP),
        };
        let kind = match problem.kind {
            Kind::Digest => "digest",
            Kind::LogFile => "log file",
        };
        let label = styled(self.color, style, format!("{word}[{}]", problem.reason.as_str()));
        writeln!(self.out, "{label}: {kind} {}", harmless(&problem.object))?;
        writeln!(self.out, "  = {}\n", harmless(&problem.detail))
    }

    /// Log files that have the same to be said of them.
    fn list(&mut self, label: &str, objects: &[String], why: &str) -> io::Result<()> {
        if objects.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "{}: {}", styled(self.color, GAP, label), counted(objects.len(), "log file"))?;
        writeln!(self.out, "  = {why}")?;
        for object in objects.iter().take(self.limit) {
            writeln!(self.out, "  - {}", harmless(object))?;
        }
        if objects.len() > self.limit {
            writeln!(self.out, "  … and {} more", objects.len() - self.limit)?;
        }
        writeln!(self.out)
    }

    fn more(&mut self, all: usize, what: &str) -> io::Result<()> {
        match all.checked_sub(self.limit).filter(|more| *more > 0) {
            Some(more) => writeln!(self.out, "{}\n", styled(self.color, DIM, format!("… and {more} more {what}"))),
            None => Ok(()),
        }
    }

    fn sum(&mut self, verification: &Verification) -> io::Result<()> {
        let (label, style): (&str, Style) = match verification.outcome() {
            Outcome::Valid => ("valid", GOOD),
            Outcome::Invalid => ("invalid", BROKEN),
            Outcome::Incomplete => ("incomplete", GAP),
        };
        let (digests, logs) = (verification.digests(), verification.log_files());
        let mut sum = format!("digests: {}; log files: {}", told(digests), told(logs));
        if !verification.uncovered.is_empty() {
            sum = format!("{sum}; {} in no digest", verification.uncovered.len());
        }
        writeln!(self.out, "{}: {sum}", styled(self.color, style, label))
    }
}

fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn told(counts: Counts) -> String {
    let Counts { valid, invalid, missing, not_verified } = counts;
    let parts = [(invalid, "invalid"), (missing, "missing"), (not_verified, "not verified")];
    let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!(", {count} {word}"));
    format!("{valid} valid{}", parts.collect::<String>())
}
