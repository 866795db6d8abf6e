//! How far reading an account is, on one line of the terminal. Without somebody to look at it nothing is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use assize::collect::{Done, Event};
use assize::report::harmless;
use assize::source::client::{Client, Progress as Requests};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

use crate::output;

pub(super) struct Progress {
    bar: ProgressBar,
    gaps: Arc<AtomicUsize>,
    follower: Option<JoinHandle<()>>,
}

impl Progress {
    /// Begins to show the requests of a client, if a person looks at standard error.
    pub(super) fn start(client: &Client) -> Option<Self> {
        if !output::is_watched() {
            return None;
        }
        let bar = ProgressBar::new(0);
        // The template is a constant, and the default does where it were wrong.
        if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {pos}/{len} types  {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        let gaps = Arc::new(AtomicUsize::new(0));
        let mut requests = client.progress();
        let follower = tokio::spawn({
            let (bar, gaps) = (bar.clone(), Arc::clone(&gaps));
            async move {
                while requests.changed().await.is_ok() {
                    let line = line(&requests.borrow_and_update(), gaps.load(Ordering::Relaxed));
                    bar.set_message(line);
                    // The terminal need not know of every single one.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        });
        Some(Self { bar, gaps, follower: Some(follower) })
    }

    /// Begins to count accounts, if a person looks at standard error.
    pub(super) fn of_accounts(accounts: usize) -> Option<Self> {
        if !output::is_watched() {
            return None;
        }
        let bar = ProgressBar::new(u64::try_from(accounts).unwrap_or(u64::MAX));
        if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {pos}/{len} accounts  {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Some(Self { bar, gaps: Arc::default(), follower: None })
    }

    /// What is to be told of each account that is read.
    pub(super) fn done(&self) -> Done {
        let bar = self.bar.clone();
        Arc::new(move |account_id| {
            bar.inc(1);
            bar.set_message(harmless(account_id).into_owned());
        })
    }

    /// What collecting is to tell its events.
    pub(super) fn listener(&self) -> Arc<dyn Fn(&Event) + Send + Sync> {
        let (bar, gaps) = (self.bar.clone(), Arc::clone(&self.gaps));
        Arc::new(move |event| match event {
            Event::Started { types, .. } => bar.set_length(u64::try_from(*types).unwrap_or(u64::MAX)),
            Event::Read { .. } => bar.inc(1),
            Event::Gap(_) => _ = gaps.fetch_add(1, Ordering::Relaxed),
            _ => {}
        })
    }

    /// Takes the line away.
    pub(super) fn finish(self) {
        if let Some(follower) = self.follower {
            follower.abort();
        }
        self.bar.finish_and_clear();
    }
}

/// `412 requests, 2 throttled, 1 gap  s3:GetBucketPolicy in eu-west-1`.
fn line(requests: &Requests, gaps: usize) -> String {
    let mut line = format!("{} requests", requests.requests);
    if requests.throttles > 0 {
        line = format!("{line}, {} throttled", requests.throttles);
    }
    if gaps > 0 {
        line = format!("{line}, {gaps} gap{}", if gaps == 1 { "" } else { "s" });
    }
    if let Some((service, operation, region)) = &requests.last {
        line = format!("{line}  {service}:{operation} in {region}");
    }
    harmless(&line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_counts_what_there_is() {
        let mut requests = Requests::default();
        assert_eq!(line(&requests, 0), "0 requests");
        requests.requests = 412;
        requests.throttles = 2;
        requests.last = Some(("s3".into(), "GetBucketPolicy".into(), "eu-west-1".into()));
        assert_eq!(line(&requests, 1), "412 requests, 2 throttled, 1 gap  s3:GetBucketPolicy in eu-west-1");
    }
}
