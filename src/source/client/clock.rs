//! Time as the client sees it: that of the machine, or one that passes only by sleeping.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, Sleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource, TimeSource};

/// What the client asks for the time and sleeps by. Cloning it is cheap, and all clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    time: SharedTimeSource,
    sleep: SharedAsyncSleep,
    instant: bool,
}

impl Clock {
    /// The clock of the machine. Sleeping needs a tokio runtime with its time driver.
    pub fn system() -> Self {
        let (time, sleep) = (SharedTimeSource::new(SystemTimeSource::new()), SharedAsyncSleep::new(TokioSleep::new()));
        Self { time, sleep, instant: false }
    }

    /// A clock that stands at `start` and is moved by sleeping alone, which takes no time. With it a back-off, and a
    /// timeout of an answer that never comes, cost nothing.
    ///
    /// A timeout ends at the first moment at which its operation cannot go on at once, so this is a clock for answers
    /// that are there already, as in a replay, and not for a network.
    pub fn instant(start: SystemTime) -> Self {
        let time = VirtualTime(Arc::new(Mutex::new(start)));
        Self { time: SharedTimeSource::new(time.clone()), sleep: SharedAsyncSleep::new(time), instant: true }
    }

    /// The clock of the machine, with sleeps that take a part of their time: for tests with a network.
    #[cfg(test)]
    pub(super) fn hurried(part: u32) -> Self {
        #[derive(Debug)]
        struct Hurried(u32);
        impl AsyncSleep for Hurried {
            fn sleep(&self, duration: Duration) -> Sleep {
                TokioSleep::new().sleep(duration / self.0)
            }
        }
        Self { sleep: SharedAsyncSleep::new(Hurried(part)), ..Self::system() }
    }

    /// The time now.
    pub fn now(&self) -> SystemTime {
        self.time.now()
    }

    /// Whether sleeping takes no time, so that a timeout ends as soon as its operation pauses.
    pub(super) fn is_instant(&self) -> bool {
        self.instant
    }

    pub(super) async fn sleep(&self, duration: Duration) {
        self.sleep.sleep(duration).await;
    }

    pub(super) fn time_source(&self) -> SharedTimeSource {
        self.time.clone()
    }

    pub(super) fn sleep_impl(&self) -> SharedAsyncSleep {
        self.sleep.clone()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

#[derive(Clone, Debug)]
struct VirtualTime(Arc<Mutex<SystemTime>>);

impl TimeSource for VirtualTime {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncSleep for VirtualTime {
    fn sleep(&self, duration: Duration) -> Sleep {
        let time = Arc::clone(&self.0);
        // Time passes when the sleep is waited for, not when it is made: most timeouts never are.
        Sleep::new(async move {
            let mut now = time.lock().unwrap_or_else(PoisonError::into_inner);
            *now = now.checked_add(duration).unwrap_or(*now);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleeping_moves_an_instant_clock_and_nothing_else_does() {
        let clock = Clock::instant(SystemTime::UNIX_EPOCH);
        let other = clock.clone();
        drop(clock.sleep_impl().sleep(Duration::from_hours(1)));
        assert_eq!(other.now(), SystemTime::UNIX_EPOCH);
        clock.sleep(Duration::from_hours(1)).await;
        assert_eq!(other.now(), SystemTime::UNIX_EPOCH + Duration::from_hours(1));
    }
}
