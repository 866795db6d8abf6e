//! GitHub's limits, and how a report is kept within them.
//!
//! They are those of
//! <https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit> and of
//! <https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/file-too-large>. What is beyond a
//! limit of what is taken sinks the whole file; what is beyond one of what is shown is cut by GitHub.

use std::cmp::Reverse;
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::evaluation::Evaluation;

/// Results of a run that are taken, and that are shown.
pub(super) const MOST_RESULTS: usize = 25_000;
pub(super) const MOST_SHOWN: usize = 5_000;
/// Runs of a file.
pub(super) const MOST_RUNS: usize = 20;
/// Rules of a run.
pub(super) const MOST_RULES: usize = 25_000;
/// Extensions of a run's tool.
pub(super) const MOST_EXTENSIONS: usize = 100;
/// Locations of a result that are taken, and that are shown.
pub(super) const MOST_LOCATIONS: usize = 1_000;
pub(super) const MOST_LOCATIONS_SHOWN: usize = 100;
/// Locations of a result's thread flows that are taken, and that are shown.
pub(super) const MOST_STEPS: usize = 10_000;
pub(super) const MOST_STEPS_SHOWN: usize = 1_000;
/// Tags of a rule that are taken, and that are shown.
pub(super) const MOST_TAGS_TAKEN: usize = 20;
pub(super) const MOST_TAGS: usize = 10;
/// Characters of a rule's short and full description.
pub(super) const MOST_CHARACTERS: usize = 1_024;
/// Bytes of the file once it is compressed by gzip: 10 MB, by the smaller of the two meanings.
pub(super) const MOST_BYTES: u64 = 10_000_000;

/// How much of a report goes into a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    /// So many results in a run.
    pub(super) results: usize,
    /// Whether results hold what the rules read.
    pub(super) evidence: bool,
    /// So many notifications of a kind.
    pub(super) notifications: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { results: MOST_RESULTS, evidence: true, notifications: usize::MAX }
    }
}

/// The notifications that stay in a file that is too large.
const FEW_NOTIFICATIONS: usize = 1_000;

impl Budget {
    /// The next smaller budget, if a file made by this one is larger than GitHub takes. What is told twice goes first, then
    /// the evidence, then results from the least severe on.
    pub(super) fn smaller(&self, bytes: &[u8]) -> io::Result<Option<Self>> {
        // No compressed file is larger than its content and some bytes.
        if (bytes.len() as u64) < MOST_BYTES - 100_000 {
            return Ok(None);
        }
        Ok(self.below(compressed_size(bytes)?))
    }

    fn below(&self, size: u64) -> Option<Self> {
        if size <= MOST_BYTES || self.results == 0 {
            return None;
        }
        if self.notifications > FEW_NOTIFICATIONS {
            return Some(Self { notifications: FEW_NOTIFICATIONS, ..self.clone() });
        }
        if self.evidence {
            return Some(Self { evidence: false, ..self.clone() });
        }
        // Somewhat fewer than would be in proportion: what is left may compress less well.
        let share = (self.results as u64).saturating_mul(MOST_BYTES) / size * 9 / 10;
        let results = usize::try_from(share).unwrap_or_default().min(self.results.saturating_sub(1));
        Some(Self { results, ..self.clone() })
    }

    /// Of more findings than a run may have the worst stay, and where code scanning shows only some, they come first. The
    /// number of those that are left out.
    pub(super) fn keep_worst(&self, findings: &mut Vec<&Evaluation>) -> usize {
        let left_out = findings.len().saturating_sub(self.results);
        if findings.len() > MOST_SHOWN.min(self.results) {
            findings.sort_by_key(|finding| Reverse(finding.severity));
            findings.truncate(self.results);
        }
        left_out
    }

    /// What is to be said of all that is not in the file, or will not be shown.
    pub(super) fn told(&self, findings: usize, results: usize, left_out: usize, notifications: usize) -> Vec<String> {
        let mut told = Vec::new();
        if left_out > 0 {
            let why = if self.results == MOST_RESULTS {
                format!("code scanning takes {MOST_RESULTS} of a run")
            } else {
                "code scanning takes files of 10 MB".to_owned()
            };
            told.push(format!("{left_out} of the less severe findings are left out: {why}"));
        }
        if results > MOST_SHOWN {
            let hidden = findings.max(results) - MOST_SHOWN;
            told.push(format!(
                "code scanning shows the {MOST_SHOWN} most severe results of a run, and not {hidden} more"
            ));
        }
        if !self.evidence && results > 0 {
            told.push("results are without what the rules read: code scanning takes files of 10 MB".to_owned());
        }
        if notifications > 0 {
            let what = "gaps and rule errors are left out: code scanning takes files of 10 MB";
            told.push(format!("{notifications} {what}"));
        }
        told
    }
}

/// How many bytes a file has once it is compressed: as uploads are, unless a quicker way, which makes it larger, is enough to
/// see that it is taken.
pub(super) fn compressed_size(bytes: &[u8]) -> io::Result<u64> {
    let quick = size_by(Compression::fast(), bytes)?;
    if quick <= MOST_BYTES { Ok(quick) } else { size_by(Compression::default(), bytes) }
}

fn size_by(level: Compression, bytes: &[u8]) -> io::Result<u64> {
    struct Count(u64);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut gzip = GzEncoder::new(Count(0), level);
    gzip.write_all(bytes)?;
    gzip.finish().map(|count| count.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_too_large_loses_the_least_first() {
        let mut budget = Budget::default();
        let mut sizes = vec![30_000_000, 25_000_000, 20_000_000, 12_000_000, 9_000_000].into_iter();
        let mut steps = Vec::new();
        while let Some(smaller) = budget.below(sizes.next().unwrap()) {
            steps.push((smaller.notifications, smaller.evidence, smaller.results));
            budget = smaller;
        }
        assert_eq!(
            steps,
            [(1_000, true, 25_000), (1_000, false, 25_000), (1_000, false, 11_250), (1_000, false, 8_437)]
        );
        let told = budget.told(30_000, 8_437, 21_563, 7);
        assert_eq!(
            told,
            [
                "21563 of the less severe findings are left out: code scanning takes files of 10 MB",
                "code scanning shows the 5000 most severe results of a run, and not 25000 more",
                "results are without what the rules read: code scanning takes files of 10 MB",
                "7 gaps and rule errors are left out: code scanning takes files of 10 MB",
            ]
        );
        // It ends, whatever is in the way.
        while let Some(smaller) = budget.below(u64::MAX) {
            budget = smaller;
        }
        assert_eq!(budget.results, 0);
    }

    #[test]
    fn what_is_large_but_compresses_stays_whole() {
        assert_eq!(Budget::default().smaller(&vec![b' '; 10_000_001]).unwrap(), None);
    }
}
