//! What can go wrong with an evaluation: places and GitHub's texts.

use crate::source::{Problem, Span};
use std::fmt;

/// Evaluation went wrong; the texts are GitHub's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluateError {
    /// What, and where it stands.
    pub problems: Vec<(Span, String)>,
}

impl EvaluateError {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { problems: vec![(span, message.into())] }
    }

    /// Returns GitHub's texts: `The template is not valid. f.yml (Line: 1, Col: 2): …`. `files` are the names of the
    /// files by their ids.
    #[must_use]
    pub fn messages(&self, files: &[String]) -> Vec<String> {
        let message = |(span, text): &(Span, String)| {
            let place = match (files.get(usize::from(span.file.0)), span.is_whole_file()) {
                (Some(file), true) => format!("{file}: "),
                (Some(file), false) => format!("{file} (Line: {}, Col: {}): ", span.line, span.column),
                (None, _) => String::new(),
            };
            format!("The template is not valid. {place}{text}")
        };
        self.problems.iter().map(message).collect()
    }
}

impl From<Vec<Problem>> for EvaluateError {
    fn from(problems: Vec<Problem>) -> Self {
        Self { problems: problems.into_iter().map(|problem| (problem.span, problem.message)).collect() }
    }
}

impl fmt::Display for EvaluateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (_, text)) in self.problems.iter().enumerate() {
            write!(f, "{}{text}", if index > 0 { "; " } else { "" })?;
        }
        Ok(())
    }
}

impl std::error::Error for EvaluateError {}
