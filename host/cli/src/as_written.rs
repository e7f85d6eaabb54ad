//! Shows a scalar as its file has it: text with expressions in it is composed to `format(…)` when it is read.

use act_workflow::source::Sources;
use act_workflow::token::Token;

/// Returns the scalar's text, without quotes where it stands on one line; its composed form otherwise.
pub(crate) fn as_written(token: &Token, sources: &Sources) -> String {
    let composed = || token.literal_text().to_string();
    if token.as_expression().is_none() || token.span.line != token.span.end_line {
        return composed();
    }
    on_one_line(token, sources).filter(|text| text.contains("${{")).unwrap_or_else(composed)
}

fn on_one_line(token: &Token, sources: &Sources) -> Option<String> {
    let span = token.span;
    let line = sources.get(span.file)?.text.lines().nth((span.line as usize).checked_sub(1)?)?;
    let start = span.column.checked_sub(1)? as usize;
    let length = span.end_column.saturating_sub(span.column) as usize;
    let text: String = line.chars().skip(start).take(length).collect();
    Some(text.trim().trim_matches(['\'', '"']).to_owned())
}
