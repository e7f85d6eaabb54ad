//! Every way a command can end badly: what the user reads, and the exit code.
//!
//! Libraries and modules have errors of their own without advice; here each becomes a [`CliError`] with the hints
//! that only the command line can know.

use std::error::Error;
use std::fmt::{self, Write as _};

use crate::exit::Exit;

/// What a command gives up with.
#[derive(Debug)]
pub(crate) struct CliError {
    /// The code.
    pub(crate) exit: Exit,
    /// What went wrong, with its causes.
    source: Box<dyn Error + Send + Sync>,
    /// What to do about it.
    hints: Vec<String>,
}

impl CliError {
    /// Wraps an error.
    pub(crate) fn new(exit: Exit, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { exit, source: source.into(), hints: Vec::new() }
    }

    /// The user's input is at fault.
    pub(crate) fn invalid(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::Invalid, source)
    }

    /// The same, with another code.
    #[must_use]
    pub(crate) fn of(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Adds advice.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds advice, if there is some.
    #[must_use]
    pub(crate) fn maybe_hint(self, hint: Option<impl Into<String>>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// Returns the whole message, in colour if asked: the error, its causes, the hints.
    pub(crate) fn render(&self, colour: bool) -> String {
        let paint = |text: &str, style: anstyle::Style| {
            if colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
        };
        let bold = anstyle::Style::new().bold();
        let error = bold.fg_color(Some(anstyle::AnsiColor::Red.into()));
        let hint = bold.fg_color(Some(anstyle::AnsiColor::Cyan.into()));
        let mut text = format!("{} {}\n", paint("error:", error), self.source);
        let mut cause = self.source.source();
        while let Some(error) = cause {
            let _ = writeln!(text, "  caused by: {error}");
            cause = error.source();
        }
        for advice in &self.hints {
            let _ = writeln!(text, "{} {advice}", paint("hint:", hint));
        }
        text
    }
}

impl fmt::Display for CliError {
    /// The error alone, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl From<crate::folders::NoFolder> for CliError {
    fn from(error: crate::folders::NoFolder) -> Self {
        Self::invalid(error)
    }
}

impl From<crate::actrc::ActrcError> for CliError {
    fn from(error: crate::actrc::ActrcError) -> Self {
        let hint = match &error {
            crate::actrc::ActrcError::Line { problem, .. } => problem.hint.clone(),
            crate::actrc::ActrcError::Read { .. } => None,
        };
        Self::invalid(error).maybe_hint(hint)
    }
}

impl From<crate::discover::DiscoverError> for CliError {
    fn from(error: crate::discover::DiscoverError) -> Self {
        use crate::discover::DiscoverError;
        let hint = match &error {
            DiscoverError::Missing { above: Some(above), .. } => {
                Some(format!("workflows are in {}: use `-C {0}`", above.display()))
            }
            _ => None,
        };
        Self::invalid(error).maybe_hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read x")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn causes_and_hints_follow_the_error_each_on_its_line() {
        let cause = std::io::Error::other("disk on fire");
        let error = CliError::invalid(Outer(cause)).hint("buy a new one");
        insta::assert_snapshot!(error.render(false), @r"
        error: cannot read x
          caused by: disk on fire
        hint: buy a new one
        ");
    }
}
