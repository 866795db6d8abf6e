//! How assize says that it could not do its work: one sentence, and what to do about it.

use std::error::Error;
use std::fmt;

use anstyle::{AnsiColor, Style};
use assize::report::harmless;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();

/// Why the command ended without having done its work.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    help: Option<String>,
}

impl Failure {
    /// A sentence of the command's own.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    /// What was being done, and the error that ended it with all its causes.
    pub(crate) fn of(doing: impl fmt::Display, error: &dyn Error) -> Self {
        Self::new(format!("{doing}: {}", causes(error)))
    }

    /// The same with a line that says what to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// This and another thing that is wrong.
    pub(crate) fn and(self, other: Self) -> Self {
        let helps: Vec<String> = self.help.into_iter().chain(other.help).collect();
        Self {
            message: format!("{}\n{}", self.message.trim_end(), other.message),
            help: (!helps.is_empty()).then(|| helps.join("; ")),
        }
    }
}

/// An error and its causes in one sentence. A cause that the sentence has already is not said twice.
pub(crate) fn causes(error: &dyn Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !sentence.contains(&text) {
            sentence = format!("{sentence}: {text}");
        }
        cause = error.source();
    }
    sentence
}

/// With styles, which the stream takes out where they do not belong. Parsers show the line they failed at: ends of lines
/// stay, everything else that is not text does not.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.message.trim_end().lines();
        writeln!(f, "{ERROR}error{ERROR:#}: {}", harmless(lines.next().unwrap_or_default()))?;
        for line in lines {
            writeln!(f, "  {}", harmless(line))?;
        }
        if let Some(help) = &self.help {
            writeln!(f, "{HELP}help{HELP:#}: {}", harmless(help))?;
        }
        Ok(())
    }
}
