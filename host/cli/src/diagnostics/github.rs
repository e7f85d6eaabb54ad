//! A problem as a workflow command, which GitHub turns into an annotation of the file.
//!
//! Escapes as `@actions/core` does (`command.ts`).

use std::fmt::Write as _;

use act_workflow::source::{Problem, Sources};

/// Writes `::error file=…,line=…,col=…::message` with its line break.
pub(super) fn command(problem: &Problem, sources: &Sources, file: &str) -> String {
    let name = sources.name(problem.span.file);
    let mut text = format!("::error file={}", property(if name.is_empty() { file } else { name }));
    let span = problem.span;
    if !span.is_whole_file() {
        let _ =
            write!(text, ",line={},endLine={},col={}", span.line, span.end_line.max(span.line), span.column);
        // GitHub knows the end column of one line only, and counts it in.
        if span.end_line == span.line && span.end_column > span.column {
            let _ = write!(text, ",endColumn={}", span.end_column - 1);
        }
    }
    text + "::" + &data(&problem.message) + "\n"
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
