//! Collects problems under GitHub's limits: so many, so long.
//!
//! Port of `TemplateValidationErrors.cs` and the error half of `TemplateContext.cs`.

use crate::options::ParseOptions;
use crate::source::{Problem, Sources, Span};
use act_expr::text::utf16_len;

/// The problems of one read or one evaluation, in the order they were found.
#[derive(Debug)]
pub(crate) struct Problems {
    found: Vec<Problem>,
    max: usize,
    max_length: usize,
}

impl Problems {
    pub(crate) const fn new(options: &ParseOptions) -> Self {
        Self { found: Vec::new(), max: options.max_errors, max_length: options.max_error_message_length }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Keeps a problem, unless there are too many; cuts its message where GitHub cuts it, the place counted in.
    pub(crate) fn add(&mut self, sources: &Sources, mut problem: Problem) {
        if self.found.len() >= self.max {
            return;
        }
        let place = utf16_len(&problem.place(sources));
        let room = self.max_length.saturating_sub(place);
        if utf16_len(&problem.message) > room {
            problem.message = cut(&problem.message, room) + "[...]";
        }
        self.found.push(problem);
    }

    /// Marks every problem that does not point into `caller.file` as one of the workflow called at `caller`.
    pub(crate) fn called_from(&mut self, caller: Span) {
        for problem in self
            .found
            .iter_mut()
            .filter(|problem| problem.span.file != caller.file && problem.called_from.is_none())
        {
            problem.called_from = Some(caller);
        }
    }

    pub(crate) fn into_vec(self) -> Vec<Problem> {
        self.found
    }
}

/// The first `units` UTF-16 units of a text.
fn cut(text: &str, units: usize) -> String {
    let mut left = units;
    let fits = |c: &char| match left.checked_sub(c.len_utf16()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn long_messages_are_cut_with_their_place_counted() {
        let mut sources = Sources::new();
        let file = sources.add("w.yml", "");
        let options = ParseOptions { max_error_message_length: 30, ..ParseOptions::default() };
        let mut problems = Problems::new(&options);
        problems.add(&sources, Problem::new(Span::at(file, 1, 2), "0123456789"));
        let text = problems.into_vec()[0].display(&sources).to_string();
        assert_eq!(text, "w.yml (Line: 1, Col: 2): 01234[...]");
    }

    #[test]
    fn the_eleventh_problem_is_dropped() {
        let mut problems = Problems::new(&ParseOptions::default());
        for _ in 0..11 {
            problems.add(&Sources::new(), Problem::new(Span::whole(FileId(0)), "x"));
        }
        assert_eq!(problems.into_vec().len(), 10);
    }
}
