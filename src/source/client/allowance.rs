//! How many requests a run may send in all, whatever they are for and how often they are tried.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// So many requests may be sent. Clones share what is left: the clients of several accounts have one allowance together.
#[derive(Clone, Debug)]
pub struct Allowance {
    requests: u64,
    left: Arc<AtomicU64>,
}

impl Allowance {
    /// So many requests, tries of the same call counted.
    pub fn new(requests: u64) -> Self {
        Self { requests, left: Arc::new(AtomicU64::new(requests)) }
    }

    /// Takes one request from what is left; false if nothing is.
    pub(super) fn take(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

/// Why a call was not made once nothing is left.
impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.requests == 1 { "" } else { "s" };
        write!(f, "not asked for, as the budget of {} request{plural} is used up", self.requests)
    }
}
