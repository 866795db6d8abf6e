//! What a client has done so far.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// How far a client is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Requests sent; retries are counted.
    pub requests: u64,
    /// How many of them were answered with: too fast.
    pub throttles: u64,
    /// The last of them: service, operation and region.
    pub last: Option<(Arc<str>, Arc<str>, Arc<str>)>,
}

/// Counts for all calls of one client.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    requests: Arc<Mutex<BTreeMap<String, u64>>>,
    progress: Arc<watch::Sender<Progress>>,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self { requests: Arc::default(), progress: Arc::new(watch::Sender::new(Progress::default())) }
    }

    /// One attempt begins.
    pub(super) fn attempt(&self, service: &Arc<str>, operation: &Arc<str>, region: &Arc<str>) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry(format!("{service}:{operation}")).or_default() += 1;
        drop(requests);
        self.progress.send_modify(|progress| {
            progress.requests += 1;
            progress.last = Some((Arc::clone(service), Arc::clone(operation), Arc::clone(region)));
        });
    }

    /// One attempt was answered with: too fast.
    pub(super) fn throttle(&self) {
        self.progress.send_modify(|progress| progress.throttles += 1);
    }

    pub(super) fn requests(&self) -> BTreeMap<String, u64> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }
}
