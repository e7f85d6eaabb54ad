//! Shows what is wrong with files: for people with an excerpt, for programs as JSON, for GitHub as commands.
//!
//! Decides nothing about files; what is wrong comes from `act_workflow`, with places.

mod excerpt;
mod github;
mod json;

use act_workflow::source::{Problem, Sources};

pub(crate) use excerpt::render;

/// A file that was checked.
#[derive(Debug)]
pub(crate) struct CheckedFile {
    /// As messages call it.
    pub(crate) name: String,
    /// Ids of its jobs, in order; none when it is not valid or has none.
    pub(crate) jobs: Vec<String>,
    /// All mistakes in it and in what it calls.
    pub(crate) problems: Vec<Problem>,
    /// The texts that places point into.
    pub(crate) sources: Sources,
}

impl CheckedFile {
    /// One JSON object, without a line break.
    pub(crate) fn json(&self) -> String {
        json::line(self)
    }

    /// One `::error` command a problem, each with its line break.
    pub(crate) fn github(&self) -> String {
        self.problems.iter().map(|problem| github::command(problem, &self.sources, &self.name)).collect()
    }

    /// Each problem with its excerpt and an empty line.
    pub(crate) fn excerpts(&self, colour: bool) -> String {
        self.problems.iter().map(|problem| render(problem, &self.sources, colour) + "\n").collect()
    }
}

#[cfg(test)]
mod tests;
