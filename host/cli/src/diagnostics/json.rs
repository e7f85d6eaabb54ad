//! A checked file for programs.

use serde::Serialize;

use super::CheckedFile;

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    jobs: &'a [String],
    errors: Vec<Mistake<'a>>,
}

/// Lines and columns start at 1, the end is exclusive; all are 0 when the file as a whole is meant.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mistake<'a> {
    message: &'a str,
    /// Only where it is another file, one that is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

/// Writes one line, without its end.
pub(super) fn line(file: &CheckedFile) -> String {
    let errors = file.problems.iter().map(|problem| {
        let name = file.sources.name(problem.span.file);
        Mistake {
            message: &problem.message,
            file: (!name.is_empty() && name != file.name).then_some(name),
            line: problem.span.line,
            column: problem.span.column,
            end_line: problem.span.end_line,
            end_column: problem.span.end_column,
            hint: problem.hint.as_deref(),
        }
    });
    let line = Line { file: &file.name, jobs: &file.jobs, errors: errors.collect() };
    // Text and numbers under text keys: nothing here can fail to be JSON.
    serde_json::to_string(&line).unwrap_or_default()
}
