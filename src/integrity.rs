//! What the digests of a trail say of its files: which are as CloudTrail delivered them, which are not, and of which nobody can
//! tell. Data only: [`source::trail::verify`](crate::source::trail::verify) makes it, [`report::integrity`](crate::report::integrity)
//! writes it.
//!
//! Names of objects come from a bucket or a folder, and details hold what digests say: both are hostile text.

use std::ops::AddAssign;

use jiff::Timestamp;

/// What is known of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It is what CloudTrail delivered.
    Valid,
    /// It is not, or it contradicts what is said of it.
    Invalid,
    /// It was delivered, and is not there.
    Missing,
    /// Neither can be told.
    NotVerified,
}

impl State {
    /// The word for it: `not-verified`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Missing => "missing",
            Self::NotVerified => "not-verified",
        }
    }
}

/// Which kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A list of log files, signed by CloudTrail.
    Digest,
    /// A file with calls.
    LogFile,
}

impl Kind {
    /// The word for it: `log-file`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::LogFile => "log-file",
        }
    }
}

/// Why a file is not valid. Each has a word, for programs; a [`Problem`] has the sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Its content has another hash than the digest says that names it.
    HashDiffers,
    /// Its signature does not fit.
    SignatureInvalid,
    /// It names a key that CloudTrail did not sign with, or none that is known here.
    KeyUnknown,
    /// It says that it lies elsewhere.
    Moved,
    /// It names one that is not earlier as the one before it.
    OutOfOrder,
    /// It is not what a file of its kind is: not compressed, no JSON, something behind its end.
    Malformed,
    /// A digest names it, and it is not there.
    NotFound,
    /// Its signature is not known: it is that of an object's metadata, or stands in a later digest.
    SignatureUnknown,
    /// The keys could not be had.
    KeysUnknown,
    /// It is signed or hashed in a way that is not known here.
    UnknownAlgorithm,
    /// It could not be read.
    Unreadable,
    /// It lies outside of what was looked at.
    Elsewhere,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::HashDiffers,
        Self::SignatureInvalid,
        Self::KeyUnknown,
        Self::Moved,
        Self::OutOfOrder,
        Self::Malformed,
        Self::NotFound,
        Self::SignatureUnknown,
        Self::KeysUnknown,
        Self::UnknownAlgorithm,
        Self::Unreadable,
        Self::Elsewhere,
    ];

    /// The word for it: `hash-differs`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HashDiffers => "hash-differs",
            Self::SignatureInvalid => "signature-invalid",
            Self::KeyUnknown => "key-unknown",
            Self::Moved => "moved",
            Self::OutOfOrder => "out-of-order",
            Self::Malformed => "malformed",
            Self::NotFound => "not-found",
            Self::SignatureUnknown => "signature-unknown",
            Self::KeysUnknown => "keys-unknown",
            Self::UnknownAlgorithm => "unknown-algorithm",
            Self::Unreadable => "unreadable",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// A file that is not valid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// What it is.
    pub kind: Kind,
    /// Its key in the bucket, or its path in the folder; of a missing one as the digest has it.
    pub object: String,
    /// What is known of it; never [`State::Valid`].
    pub state: State,
    /// Why, in a word.
    pub reason: Reason,
    /// Why, as the rest of a sentence about the file: lower case, no full stop.
    pub detail: String,
}

/// How many files are how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// As they were delivered.
    pub valid: usize,
    /// Not as they were delivered.
    pub invalid: usize,
    /// Not there.
    pub missing: usize,
    /// Of which nobody can tell.
    pub not_verified: usize,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, state: State) {
        match state {
            State::Valid => self.valid += 1,
            State::Invalid => self.invalid += 1,
            State::Missing => self.missing += 1,
            State::NotVerified => self.not_verified += 1,
        }
    }

    /// All of them.
    pub fn sum(self) -> usize {
        self.valid + self.invalid + self.missing + self.not_verified
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.valid += other.valid;
        self.invalid += other.invalid;
        self.missing += other.missing;
        self.not_verified += other.not_verified;
    }
}

/// The digests of one trail, account and region, and the log files that they name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The account whose calls these are.
    pub account_id: String,
    /// The region of the calls.
    pub region: String,
    /// The trail.
    pub trail: String,
    /// The region in which the trail was made.
    pub home_region: String,
    /// These digests list what came too late for the others, and have a chain of their own.
    pub is_backfill: bool,
    /// From the earliest to the latest moment that a valid digest covers.
    pub covers: Option<(Timestamp, Timestamp)>,
    /// The digest before the first one, if that names one which is not among those that were looked at.
    pub goes_on_before: Option<String>,
    /// The end of the latest digest, if there should be later ones by the time that was asked for: logging ended, or they were
    /// deleted with all that they named.
    pub ends_at: Option<Timestamp>,
    /// Where the chain begins anew: logging or validation was off, or the last digests before were deleted. The end of the
    /// digest before, and the beginning of the one that has none before it.
    pub breaks: Vec<(Timestamp, Timestamp)>,
    /// The digests.
    pub digests: Counts,
    /// The log files.
    pub log_files: Counts,
    /// What is not valid, digests first, by name. Log files that are as they should be by a digest that is not verified itself are
    /// only counted, and so are those of a digest that is invalid.
    pub problems: Vec<Problem>,
}

/// What could not be listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unlisted {
    /// A folder.
    pub folder: String,
    /// Why, in a line.
    pub reason: String,
}

/// What was found out about the files of trails in one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// The chains, by account, region, trail, home region and kind.
    pub chains: Vec<Chain>,
    /// Log files of the time that no digest names, by name.
    pub uncovered: Vec<String>,
    /// Log files that were delivered after the latest digest of their account and region, by less than it takes for the next
    /// one to come.
    pub waiting: Vec<String>,
    /// Folders that could not be listed: what is in them is not judged.
    pub unlisted: Vec<Unlisted>,
}

/// What a verification comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All files are as they were delivered.
    Valid,
    /// At least one is not, or is missing.
    Invalid,
    /// None is known to be otherwise, but not all could be verified.
    Incomplete,
}

impl Outcome {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Incomplete => "incomplete",
        }
    }
}

impl Verification {
    /// The digests of all chains.
    pub fn digests(&self) -> Counts {
        self.sum(|chain| chain.digests)
    }

    /// The log files of all chains.
    pub fn log_files(&self) -> Counts {
        self.sum(|chain| chain.log_files)
    }

    fn sum(&self, counts: impl Fn(&Chain) -> Counts) -> Counts {
        self.chains.iter().map(counts).fold(Counts::default(), |mut sum, counts| {
            sum += counts;
            sum
        })
    }

    /// What it all comes to. What is wrong weighs more than what could not be verified.
    pub fn outcome(&self) -> Outcome {
        let mut all = self.digests();
        all += self.log_files();
        if all.invalid + all.missing > 0 {
            Outcome::Invalid
        } else if all.not_verified > 0
            || self.chains.iter().any(|chain| chain.ends_at.is_some() || !chain.breaks.is_empty())
            || !self.uncovered.is_empty()
            || !self.unlisted.is_empty()
        {
            Outcome::Incomplete
        } else {
            Outcome::Valid
        }
    }

    /// Whether there is nothing at all to be told.
    pub fn is_empty(&self) -> bool {
        self.chains.is_empty() && self.uncovered.is_empty() && self.waiting.is_empty() && self.unlisted.is_empty()
    }
}
