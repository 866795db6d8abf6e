//! What scripts should not reinvent: texts, times, ARNs, ranges of ports and addresses, policy documents.
//!
//! Each native takes a script's values and gives one, or the end of the evaluation. Those that look at more than one
//! fact are three-valued inside: an unreadable fact ends the evaluation only if the others do not decide.

mod arn;
mod fact;
mod log_filter;
mod network;
mod policy;
pub(super) mod text;
mod time;

pub use log_filter::{PatternError, check_filter_pattern};

use super::surface::Surface;

pub(super) fn register(surface: &mut Surface) {
    arn::register(surface);
    log_filter::register(surface);
    network::register(surface);
    policy::register(surface);
    text::register(surface);
    time::register(surface);
    #[cfg(test)]
    surface.function("panic_for_a_test", || -> bool { panic!("as the test wants") });
}

pub(super) fn name_types(engine: &mut rhai::Engine) {
    policy::name_types(engine);
}
