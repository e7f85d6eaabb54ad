//! A command line in one text, as the runner hands it to docker.

/// Splits at blanks. Double quotes hold words together, and so do single quotes where a word, or a value behind `=`,
/// begins with them; a backslash takes their meaning from `"` and `\`.
///
/// Source: actions/runner, which leaves it to .NET's `ProcessStartInfo.Arguments`; the single quotes are those of act.
pub(super) fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars().peekable();
    while let Some(next) = chars.next() {
        match next {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '"' => quoted(&mut chars, '"', word.get_or_insert_default())?,
            '\'' if word.as_deref().is_none_or(|word| word.ends_with('=')) => {
                quoted(&mut chars, '\'', word.get_or_insert_default())?;
            }
            '\\' if matches!(chars.peek(), Some('"' | '\\')) => {
                word.get_or_insert_default().extend(chars.next());
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quoted(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    quote: char,
    word: &mut String,
) -> Result<(), String> {
    while let Some(next) = chars.next() {
        match next {
            next if next == quote => return Ok(()),
            '\\' if quote == '"' && matches!(chars.peek(), Some('"' | '\\')) => word.extend(chars.next()),
            other => word.push(other),
        }
    }
    Err(format!("a {quote} is not closed"))
}
