//! The styles of text on a terminal. A style is written only where colours are wanted.

use std::fmt;

use anstyle::{AnsiColor, Style};

use crate::evaluation::Severity;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const LINK: Style = AnsiColor::Blue.on_default().bold();
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(super) const GAP: Style = AnsiColor::Magenta.on_default().bold();
pub(super) const BROKEN: Style = AnsiColor::Red.on_default().bold();

/// The style in which a severity is shown.
pub fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::BrightRed.on_default().bold().underline(),
        Severity::High => AnsiColor::Red.on_default().bold(),
        Severity::Medium => AnsiColor::Yellow.on_default().bold(),
        Severity::Low => AnsiColor::Cyan.on_default().bold(),
        Severity::Informational => AnsiColor::Blue.on_default(),
    }
}

/// One word or sentence in a style.
pub(super) struct Styled<T> {
    style: Style,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { style, text } = self;
        write!(f, "{style}{text}{style:#}")
    }
}

/// Text in a style, if there are to be colours.
pub(super) fn styled<T>(color: bool, style: Style, text: T) -> Styled<T> {
    Styled { style: if color { style } else { Style::new() }, text }
}
