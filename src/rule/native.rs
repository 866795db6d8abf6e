//! What scripts should not reinvent: texts, times, ARNs, address ranges, policy documents.
//!
//! Each native takes a script's values and gives one, or the end of the evaluation. Those that look at more than one
//! fact are three-valued inside: an unreadable fact ends the evaluation only if the others do not decide.

pub(super) mod text;
mod time;

use super::surface::Surface;

pub(super) fn register(surface: &mut Surface) {
    text::register(surface);
    time::register(surface);
}

pub(super) fn name_types(_engine: &mut rhai::Engine) {}
