//! What one read carries along: files, problems, limits.
//!
//! Port of `ObjectTemplating/TemplateContext.cs`.

use crate::memory::Memory;
use crate::options::ParseOptions;
use crate::problems::Problems;
use crate::source::{FileId, Problem, Sources, Span};

/// The state of one read, through all files it draws in.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) options: &'a ParseOptions,
    pub(crate) sources: &'a mut Sources,
    pub(crate) problems: Problems,
    pub(crate) memory: Memory,
    /// Jobs of all files so far.
    pub(crate) jobs: usize,
}

impl<'a> Context<'a> {
    pub(crate) fn new(options: &'a ParseOptions, sources: &'a mut Sources) -> Self {
        let depth = options.max_depth.min(ParseOptions::DEPTH_CEILING);
        let memory = Memory::new(depth, ParseOptions::MAX_EVENTS, options.max_result_size);
        Self { options, sources, problems: Problems::new(options), memory, jobs: 0 }
    }

    /// Notes a problem at a place.
    pub(crate) fn error(&mut self, span: Span, message: impl Into<String>) {
        self.problems.add(self.sources, Problem::new(span, message));
    }

    /// Notes a problem.
    pub(crate) fn problem(&mut self, problem: Problem) {
        self.problems.add(self.sources, problem);
    }

    /// Names a file; its name counts against the size limit, as with GitHub.
    pub(crate) fn add_file(&mut self, name: &str, text: &str) -> Result<FileId, Problem> {
        if let Some(known) = self.sources.find(name) {
            return Ok(known);
        }
        let file = self.sources.add(name, text);
        self.memory.add_text(name).map_err(|error| Problem::new(Span::whole(file), error.to_string()))?;
        Ok(file)
    }
}
