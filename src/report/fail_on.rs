//! What makes a run a failure: words of the flag `--fail-on` and of `fail_on` in the configuration file.

use std::fmt;
use std::str::FromStr;

use super::Report;
use crate::evaluation::{Evaluation, Severity};

/// When a run has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailOn {
    /// For findings of this severity and worse; nothing: for no finding.
    pub least: Option<Severity>,
    /// Only findings that were not there before count.
    pub only_new: bool,
    /// What could not be read or judged is a failure too.
    pub gaps: bool,
}

/// Any finding.
impl Default for FailOn {
    fn default() -> Self {
        Self { least: Some(Severity::Informational), only_new: false, gaps: false }
    }
}

impl FailOn {
    /// The words there are. Of severities one may stand, `never` alone, the others beside each other with a comma.
    pub const WORDS: [&'static str; 8] = ["critical", "high", "medium", "low", "informational", "new", "gaps", "never"];

    /// Whether the report is a failure. Without an earlier run all findings are new.
    pub fn is_failed(self, report: &Report) -> bool {
        let is_new = |finding: &Evaluation| {
            let standing = report.drift.as_ref().and_then(|drift| drift.standing(finding));
            standing.is_none_or(|standing| standing.open_since.is_none())
        };
        let counts = |finding: &Evaluation| {
            self.least.is_some_and(|least| finding.severity >= least) && (!self.only_new || is_new(finding))
        };
        report.findings().any(counts) || self.gaps && !report.is_complete()
    }
}

/// Words that say nothing, or one thing and its opposite.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FailOnError {
    /// A word that is none.
    #[error("`{word}` is none of {}{hint}", FailOn::WORDS.join(", "))]
    Unknown {
        /// The word.
        word: String,
        /// What was probably meant.
        hint: String,
    },
    /// Words that cannot stand beside each other.
    #[error("{0}")]
    Together(&'static str),
}

impl FromStr for FailOn {
    type Err = FailOnError;

    fn from_str(text: &str) -> Result<Self, FailOnError> {
        let mut asked = Self { least: None, only_new: false, gaps: false };
        let mut is_never = false;
        let words: Vec<&str> = text.split(',').map(str::trim).collect();
        for word in &words {
            match (*word, Severity::ALL.into_iter().find(|severity| severity.as_str() == *word)) {
                (_, Some(severity)) if asked.least.replace(severity).is_some() => {
                    return Err(FailOnError::Together("name one severity: what is worse counts as well"));
                }
                (_, Some(_)) => {}
                ("new", _) => asked.only_new = true,
                ("gaps", _) => asked.gaps = true,
                ("never", _) => is_never = true,
                (word, _) => {
                    let hint = crate::nearest::hint(word, &Self::WORDS);
                    return Err(FailOnError::Unknown { word: word.to_owned(), hint });
                }
            }
        }
        if is_never && words.len() > 1 {
            return Err(FailOnError::Together("`never` stands alone"));
        }
        if asked.only_new {
            asked.least.get_or_insert(Severity::Informational);
        }
        Ok(asked)
    }
}

/// The words that stand for it.
impl fmt::Display for FailOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = self.least.filter(|least| !self.only_new || *least != Severity::Informational);
        let words = [severity.map(Severity::as_str), self.only_new.then_some("new"), self.gaps.then_some("gaps")];
        let words: Vec<&str> = words.into_iter().flatten().collect();
        f.write_str(if words.is_empty() { "never".to_owned() } else { words.join(",") }.as_str())
    }
}
