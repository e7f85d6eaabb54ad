//! Decides the place of `notice`, `warning` and `error`: which of the given lines and columns hold.
//!
//! Source: actions/runner `ActionCommandManager.cs` (`IssueCommandExtension`), `IOUtil.cs`.

use act_core::event::{FilePlace, Level};

use super::{Command, Properties};
use crate::remark::Remark;

/// A message of a step, as its command gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// How grave.
    pub level: Level,
    /// What.
    pub message: String,
    /// Short form.
    pub title: Option<String>,
    /// Where; the file as written: see [`relative_to`].
    pub place: FilePlace,
}

impl Annotation {
    pub(super) fn read(level: Level, command: &Command, remarks: &mut Vec<Remark>) -> Self {
        let mut properties = command.properties.clone();
        let complaints = validate(&mut properties);
        remarks.extend(
            complaints.into_iter().map(|text| {
                Remark::debug(format!("Invalid {} command value. {text}", command.name.as_str()))
            }),
        );
        let number = |name| properties.get(name).and_then(integer).and_then(|n| u32::try_from(n).ok());
        Self {
            level,
            message: command.data.clone(),
            title: properties.get("title").map(str::to_owned),
            place: FilePlace {
                file: properties.get("file").map(str::to_owned),
                line: number("line"),
                end_line: number("endLine"),
                column: number("col"),
                end_column: number("endColumn"),
            },
        }
    }
}

/// Drops and fills in lines and columns as GitHub does; says what was wrong.
fn validate(properties: &mut Properties) -> Vec<&'static str> {
    let mut complaints = Vec::new();
    let text = |properties: &Properties, name| properties.get(name).map(str::to_owned);
    let mut line = text(properties, "line");
    let end_line = text(properties, "endLine");
    let column = text(properties, "col");
    let end_column = text(properties, "endColumn");
    // The numbers stay those that were written, also where a text is filled in below.
    let number = |text: &Option<String>| text.as_deref().and_then(integer);
    let (line_number, end_line_number) = (number(&line), number(&end_line));
    let (column_number, end_column_number) = (number(&column), number(&end_column));
    let has_column = column_number.is_some() || end_column_number.is_some();
    let mut has_line = line_number.is_some();

    if end_line_number.is_some() && !has_line {
        complaints.push("'endLine' can only be set if 'line' is provided");
        fill(properties, "line", end_line.as_ref());
        has_line = true;
        line.clone_from(&end_line);
    }
    if end_column_number.is_some() && column_number.is_none() {
        complaints.push("'endColumn' can only be set if 'col' is provided");
        fill(properties, "col", end_column.as_ref());
    }
    if !has_line && has_column {
        complaints.push("'col' and 'endColumn' can only be set if 'line' value is provided.");
        drop_both(properties, "col", "endColumn");
    }
    if end_line_number.is_some() && line != end_line && has_column {
        complaints.push("'col' and 'endColumn' cannot be set if 'line' and 'endLine' are different values.");
        drop_both(properties, "col", "endColumn");
    }
    if end_line_number.is_some_and(|end| end < line_number.unwrap_or(0)) {
        complaints.push("'endLine' cannot be less than 'line'.");
        drop_both(properties, "line", "endLine");
    }
    if end_column_number.is_some_and(|end| end < column_number.unwrap_or(0)) {
        complaints.push("'endColumn' cannot be less than 'col'.");
        drop_both(properties, "col", "endColumn");
    }
    complaints
}

fn fill(properties: &mut Properties, name: &str, value: Option<&String>) {
    if let Some(value) = value {
        properties.set(name, value.clone());
    }
}

fn drop_both(properties: &mut Properties, first: &str, second: &str) {
    properties.remove(first);
    properties.remove(second);
}

/// Reads a whole number as .NET's `int.TryParse` does: blanks around it and a sign are fine.
fn integer(text: &str) -> Option<i32> {
    let blank = |c: char| matches!(c, '\t'..='\r' | ' ');
    text.trim_matches(blank).parse().ok()
}

/// Returns what follows `folder` in `path`, where `path` lies in it; else `path` as it is. Empty where
/// they are the same. Pure: the file need not exist.
///
/// Source: actions/runner `IOUtil.cs`, `MakeRelative`.
#[must_use]
pub fn relative_to<'a>(path: &'a str, folder: &str) -> &'a str {
    match path.strip_prefix(folder) {
        Some(rest) if rest.is_empty() || folder.ends_with('/') => rest,
        Some(rest) => rest.strip_prefix('/').unwrap_or(path),
        None => path,
    }
}
