//! The budget of requests for one service in one region: a bucket of tokens that fills at a steady rate, and more
//! slowly for a while after AWS has asked for less.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::clock::Clock;
use super::rate::Rate;

/// After a throttle it takes this long to come from nothing back to the whole rate: from one half, half of it.
const RECOVERY: Duration = Duration::from_mins(2);

/// The rate is never cut to less than this share.
const LEAST_SHARE: f64 = 1.0 / 16.0;

/// Throttles of requests that were under way together are one complaint, not many.
const SAME_COMPLAINT: Duration = Duration::from_secs(2);

/// The budget of one service (or one operation that AWS counts for itself) in one region.
#[derive(Debug)]
pub(super) struct Budget {
    full: Rate,
    state: Mutex<State>,
    /// Whoever waits for a token holds this, so that requests go in the order in which they came.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    /// Below zero after retries, which do not wait here.
    tokens: f64,
    /// Share of the full rate, from `LEAST_SHARE` to 1.
    share: f64,
    at: SystemTime,
    throttled_at: Option<SystemTime>,
}

impl Budget {
    pub(super) fn new(full: Rate, now: SystemTime) -> Self {
        let state = State { tokens: full.burst, share: 1.0, at: now, throttled_at: None };
        Self { full, state: Mutex::new(state), turn: tokio::sync::Mutex::new(()) }
    }

    /// Waits until one more request is within the budget, and takes it from there.
    pub(super) async fn wait(&self, clock: &Clock) {
        let _turn = self.turn.lock().await;
        while let Some(delay) = self.take_or_delay(clock.now()) {
            clock.sleep(delay).await;
        }
    }

    /// Takes a retry from the budget. It has waited for its back-off already, so it goes at once and those that come
    /// after it wait longer.
    pub(super) fn charge(&self, now: SystemTime) {
        self.refilled(now).tokens -= 1.0;
    }

    /// AWS said that this was too fast: from now on half of it, and nothing saved up.
    pub(super) fn throttled(&self, now: SystemTime) {
        let mut state = self.refilled(now);
        let heard = state.throttled_at.and_then(|before| now.duration_since(before).ok());
        if heard.is_some_and(|ago| ago < SAME_COMPLAINT) {
            return;
        }
        state.throttled_at = Some(now);
        state.share = (state.share / 2.0).max(LEAST_SHARE);
        state.tokens = state.tokens.min(0.0);
    }

    fn take_or_delay(&self, now: SystemTime) -> Option<Duration> {
        let mut state = self.refilled(now);
        if state.tokens >= 1.0 {
            state.tokens -= 1.0;
            return None;
        }
        let seconds = (1.0 - state.tokens) / (self.full.per_second * state.share);
        // The rounding of the two clocks must not lead to a wait of nothing.
        Some(Duration::from_secs_f64(seconds).max(Duration::from_millis(1)))
    }

    fn refilled(&self, now: SystemTime) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back adds nothing; it counts from its new time.
        let passed = now.duration_since(state.at).unwrap_or_default().as_secs_f64();
        state.at = now;
        state.tokens += passed * self.full.per_second * state.share;
        state.share = (state.share + passed / RECOVERY.as_secs_f64()).min(1.0);
        state.tokens = state.tokens.min((self.full.burst * state.share).max(1.0));
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Rate = Rate { per_second: 10.0, burst: 5.0 };

    fn seconds(seconds: f64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs_f64(1_000.0 + seconds)
    }

    /// How many requests go in a second that begins here, when as many as possible are made.
    fn in_a_second(budget: &Budget, from: f64) -> u32 {
        (0..1_000)
            .map(|step| u32::from(budget.take_or_delay(seconds(from + f64::from(step) / 1_000.0)).is_none()))
            .sum()
    }

    #[test]
    fn a_burst_and_then_the_rate() {
        let budget = Budget::new(FULL, seconds(0.0));
        assert_eq!(in_a_second(&budget, 0.0), 14);
        assert_eq!(in_a_second(&budget, 1.0), 10);
        assert_eq!(budget.take_or_delay(seconds(2.0)), None);
        let delay = budget.take_or_delay(seconds(2.0)).unwrap();
        assert!(delay > Duration::from_millis(50) && delay <= Duration::from_millis(100), "{delay:?}");
    }

    #[test]
    fn the_first_throttle_halves_the_rate_and_it_comes_back_slowly() {
        let budget = Budget::new(FULL, seconds(0.0));
        budget.throttled(seconds(0.0));
        budget.throttled(seconds(0.5));
        assert_eq!(in_a_second(&budget, 1.0), 7, "two saved while waiting, five in the second");
        assert_eq!(in_a_second(&budget, 2.0), 5);
        budget.throttled(seconds(3.0));
        assert_eq!(in_a_second(&budget, 3.0), 2);
        assert_eq!(in_a_second(&budget, 200.0), 14, "as if nothing had been");
    }

    #[test]
    fn the_rate_never_falls_to_nothing() {
        let budget = Budget::new(FULL, seconds(0.0));
        for step in 0..20 {
            budget.throttled(seconds(f64::from(step) * 2.0));
        }
        let delay = budget.take_or_delay(seconds(38.0)).unwrap();
        assert!(delay <= Duration::from_secs(2), "{delay:?}");
    }

    #[test]
    fn retries_go_on_account() {
        let budget = Budget::new(FULL, seconds(0.0));
        for _ in 0..25 {
            budget.charge(seconds(0.0));
        }
        assert_eq!(in_a_second(&budget, 1.0), 0, "twenty were taken ahead, which is two seconds");
        assert_eq!(in_a_second(&budget, 2.0), 9);
    }

    #[test]
    fn a_clock_that_is_set_back_neither_stalls_nor_floods() {
        let budget = Budget::new(FULL, seconds(1_000.0));
        assert_eq!(in_a_second(&budget, 0.0), 14);
        assert_eq!(in_a_second(&budget, 1.0), 10);
    }

    #[tokio::test]
    async fn waiting_sleeps_for_what_is_missing() {
        let clock = Clock::instant(seconds(0.0));
        let budget = Budget::new(FULL, clock.now());
        for _ in 0..5 {
            budget.wait(&clock).await;
        }
        assert_eq!(clock.now(), seconds(0.0), "the burst does not wait");
        for _ in 0..10 {
            budget.wait(&clock).await;
        }
        let waited = clock.now().duration_since(seconds(0.0)).unwrap().as_secs_f64();
        assert!((0.99..1.02).contains(&waited), "ten at ten a second: {waited}");
    }
}
