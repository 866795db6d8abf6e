//! The SDK's standard retries, on the budget of the place that is asked.

use std::sync::Arc;

use aws_smithy_runtime::client::retries::classifiers::run_classifiers_on_ctx;
use aws_smithy_runtime::client::retries::strategy::StandardRetryStrategy;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{RetryAction, RetryReason};
use aws_smithy_runtime_api::client::retries::{RetryStrategy, ShouldAttempt};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::ErrorKind;

use super::budget::Budget;
use super::clock::Clock;
use super::tally::Tally;

/// Retries of one call. The SDK's strategy keeps the permit of its last retry, so each call has one of its own: shared,
/// the calls would take each other's permits and drain the partition.
#[derive(Debug)]
pub(super) struct BudgetedRetry {
    standard: StandardRetryStrategy,
    budget: Option<Arc<Budget>>,
    tally: Tally,
    clock: Clock,
}

impl BudgetedRetry {
    pub(super) fn new(budget: Option<Arc<Budget>>, tally: Tally, clock: Clock) -> Self {
        Self { standard: StandardRetryStrategy::new(), budget, tally, clock }
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
        let throttled = matches!(
            run_classifiers_on_ctx(components.retry_classifiers(), context),
            RetryAction::RetryIndicated(RetryReason::RetryableError { kind: ErrorKind::ThrottlingError, .. })
        );
        if throttled {
            self.tally.throttle();
        }
        let decision = self.standard.should_attempt_retry(context, components, config)?;
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
