//! What a rule has to say to the reader of the log besides its answer.

use act_core::event::{Level, Mark};

/// A line for the log. A warning or error is an annotation of the step as well; debug lines are shown
/// when debugging only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What kind of line.
    pub mark: Mark,
    /// GitHub's text.
    pub text: String,
}

impl Remark {
    /// Makes a line that is shown when debugging only.
    pub fn debug(text: impl Into<String>) -> Self {
        Self { mark: Mark::Debug, text: text.into() }
    }

    /// Makes an annotation.
    pub fn annotation(level: Level, text: impl Into<String>) -> Self {
        Self { mark: level.into(), text: text.into() }
    }

    /// Makes a warning.
    pub fn warning(text: impl Into<String>) -> Self {
        Self::annotation(Level::Warning, text)
    }
}
