//! The SDK's standard retries, on the budget of the place that is asked.
//!
//! What can pass by itself is tried up to the client's number of attempts: no connection, one that broke before the
//! whole answer was there, silence, a throttle, a status of 500, 502, 503 or 504 whoever gave it. An answer that arrived
//! whole, says that all is well, and is not the operation's (a proxy's page, another operation's document) is asked for
//! once more in a call: a proxy that has gone mad stays so, and the place is not asked five times for what it did answer.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_runtime::client::retries::classifiers::run_classifiers_on_ctx;
use aws_smithy_runtime::client::retries::strategy::StandardRetryStrategy;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{RetryAction, RetryReason};
use aws_smithy_runtime_api::client::retries::{RetryStrategy, ShouldAttempt};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::ErrorKind;

use super::allowance::Allowance;
use super::budget::Budget;
use super::clock::Clock;
use super::error::Malformed;
use super::tally::Tally;

/// Retries of one call. The SDK's strategy keeps the permit of its last retry, so each call has one of its own: shared,
/// the calls would take each other's permits and drain the partition.
#[derive(Debug)]
pub(super) struct BudgetedRetry {
    standard: StandardRetryStrategy,
    budget: Option<Arc<Budget>>,
    allowance: Option<Allowance>,
    tally: Tally,
    clock: Clock,
    /// The call was made again for an answer that was not the operation's.
    asked_once_more: AtomicBool,
}

impl BudgetedRetry {
    pub(super) fn new(budget: Option<Arc<Budget>>, allowance: Option<Allowance>, tally: Tally, clock: Clock) -> Self {
        let standard = StandardRetryStrategy::new();
        Self { standard, budget, allowance, tally, clock, asked_once_more: AtomicBool::new(false) }
    }

    /// Whether this is the second answer of the call that is not the operation's.
    fn is_malformed_again(&self, context: &InterceptorContext) -> bool {
        let malformed = match context.output_or_error() {
            Some(Err(error)) => error.source().and_then(|cause| cause.downcast_ref::<Malformed>()).is_some(),
            _ => false,
        };
        malformed && self.asked_once_more.swap(true, Ordering::Relaxed)
    }
}

impl RetryStrategy for BudgetedRetry {
    fn should_attempt_initial_request(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<ShouldAttempt, BoxError> {
        // It waited for the budget before it came here, outside of the time that the operation has.
        self.standard.should_attempt_initial_request(components, config)
    }

    fn should_attempt_retry(
        &self,
        context: &InterceptorContext,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<ShouldAttempt, BoxError> {
        if self.is_malformed_again(context) {
            return Ok(ShouldAttempt::No);
        }
        let throttled = matches!(
            run_classifiers_on_ctx(components.retry_classifiers(), context),
            RetryAction::RetryIndicated(RetryReason::RetryableError { kind: ErrorKind::ThrottlingError, .. })
        );
        if throttled {
            self.tally.throttle();
        }
        let mut decision = self.standard.should_attempt_retry(context, components, config)?;
        if decision != ShouldAttempt::No && self.allowance.as_ref().is_some_and(|allowance| !allowance.take()) {
            decision = ShouldAttempt::No;
        }
        if let Some(budget) = &self.budget {
            if throttled {
                budget.throttled(self.clock.now());
            }
            if decision != ShouldAttempt::No {
                budget.charge(self.clock.now());
            }
        }
        Ok(decision)
    }
}
