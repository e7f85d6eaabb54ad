//! Reads dotenv text: `.env`, `.secrets`, `.vars`, `.input`.
//!
//! The language is that of `joho/godotenv`, which `act` reads these files with: `export`, `NAME: value`, comments,
//! single quotes (literal), double quotes (escapes, several lines), `$NAME` and `${NAME}` of an earlier line.
//! Two differences: a `$NAME` that no earlier line defines stays as written (act loses it, and with it half a
//! password), and an error says where. Nothing is taken from the environment: a file in a repository must not
//! be able to read it. Messages never show text of the file, which may be a secret.

use indexmap::IndexMap;

/// Where text is no dotenv, and why. Lines and columns start at 1, columns count characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub(crate) struct DotenvError {
    /// From 1.
    pub(crate) line: usize,
    /// From 1.
    pub(crate) column: usize,
    /// What is wrong.
    pub(crate) problem: DotenvProblem,
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DotenvProblem {
    /// A character that no name has.
    #[error("a name consists of letters, digits, `_`, `.` and `-`")]
    Name,
    /// No `=`.
    #[error("expected NAME=VALUE")]
    Assignment,
    /// A quote that is not closed.
    #[error("the quote is not closed")]
    OpenQuote,
    /// Something after the closing quote.
    #[error("only a comment may follow a closing quote")]
    AfterQuote,
}

/// Reads all assignments, in order; the last of a name counts.
pub(crate) fn read(text: &str) -> Result<IndexMap<String, String>, DotenvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { text, at: 0, values: IndexMap::new() };
    while reader.skip_to_statement() {
        reader.statement()?;
    }
    Ok(reader.values)
}

struct Reader<'a> {
    text: &'a str,
    /// Byte offset.
    at: usize,
    values: IndexMap<String, String>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn fail<T>(&self, at: usize, problem: DotenvProblem) -> Result<T, DotenvError> {
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        Err(DotenvError { line, column, problem })
    }

    /// Skips blanks, empty lines and comments; false at the end.
    fn skip_to_statement(&mut self) -> bool {
        loop {
            self.at += self.rest().len() - self.rest().trim_start().len();
            match self.rest().chars().next() {
                None => return false,
                Some('#') => self.at += line_of(self.rest()).len(),
                Some(_) => return true,
            }
        }
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches(is_blank).len();
    }

    fn statement(&mut self) -> Result<(), DotenvError> {
        if let Some(after) = self.rest().strip_prefix("export")
            && after.starts_with(is_blank)
            && !after.trim_start_matches(is_blank).starts_with(['=', ':'])
        {
            self.at += "export".len();
            self.skip_blanks();
        }
        let name = self.name()?;
        let value = self.value()?;
        self.values.insert(name, value);
        Ok(())
    }

    fn name(&mut self) -> Result<String, DotenvError> {
        let start = self.at;
        let length = self.rest().find(|c: char| !is_name(c)).unwrap_or(self.rest().len());
        self.at += length;
        let name = self.text[start..self.at].to_owned();
        self.skip_blanks();
        match self.rest().chars().next() {
            Some('=' | ':') if length > 0 => {
                self.at += 1;
                self.skip_blanks();
                Ok(name)
            }
            None | Some('\n' | '\r' | '=' | ':') => self.fail(self.at, DotenvProblem::Assignment),
            Some(_) if length > 0 && self.at > start + length => {
                self.fail(self.at, DotenvProblem::Assignment)
            }
            Some(_) => self.fail(self.at, DotenvProblem::Name),
        }
    }

    fn value(&mut self) -> Result<String, DotenvError> {
        match self.rest().chars().next() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            _ => Ok(self.unquoted()),
        }
    }

    /// Everything to the end of the line, or to a comment that follows a blank.
    fn unquoted(&mut self) -> String {
        let line = line_of(self.rest());
        self.at += line.len();
        let line = line.trim_end_matches('\r');
        let comment = line.char_indices().rev().find(|(at, c)| *c == '#' && line[..*at].ends_with(is_blank));
        let value = comment.map_or(line, |(at, _)| &line[..at]);
        let value = if value.starts_with('#') { "" } else { value };
        self.expand(value.trim_matches(is_blank), false)
    }

    fn quoted(&mut self, quote: char) -> Result<String, DotenvError> {
        let open = self.at;
        let body = &self.rest()[1..];
        let Some(length) = closing(body, quote) else { return self.fail(open, DotenvProblem::OpenQuote) };
        self.at += length + 2;
        self.skip_blanks();
        if !self.rest().is_empty() && !self.rest().starts_with(['\n', '\r', '#']) {
            return self.fail(self.at, DotenvProblem::AfterQuote);
        }
        self.at += line_of(self.rest()).len();
        let body = body[..length].replace("\r\n", "\n");
        Ok(if quote == '"' { self.expand(&body, true) } else { body })
    }

    /// Resolves references to earlier lines, and escapes: all of them inside quotes, else only `\$`.
    fn expand(&self, text: &str, quoted: bool) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(['\\', '$']) {
            out.push_str(&rest[..at]);
            let special = &rest[at..];
            let taken = match special.as_bytes() {
                [b'$', ..] => self.reference(special, &mut out),
                [b'\\', b'$', ..] => escape(special, &mut out),
                _ if quoted => escape(special, &mut out),
                _ => {
                    out.push('\\');
                    1
                }
            };
            rest = &special[taken..];
        }
        out + rest
    }

    /// Writes what `$NAME…` stands for and returns how many bytes that was.
    fn reference(&self, text: &str, out: &mut String) -> usize {
        let braced = text.starts_with("${");
        let start = if braced { 2 } else { 1 };
        let name_length = text[start..].find(|c: char| !is_reference(c)).unwrap_or(text.len() - start);
        let end = start + name_length;
        let closed = !braced || text[end..].starts_with('}');
        match self.values.get(&text[start..end]) {
            Some(value) if closed => {
                out.push_str(value);
                end + usize::from(braced)
            }
            _ => {
                out.push('$');
                1
            }
        }
    }
}

/// Returns where the quote that opened `body` is closed: not behind a backslash.
fn closing(body: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    body.char_indices().find_map(|(at, c)| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && !escaped && quote == '"';
        closes.then_some(at)
    })
}

/// Writes what `\x…` stands for and returns how many bytes that was.
fn escape(text: &str, out: &mut String) -> usize {
    let Some(c) = text[1..].chars().next() else {
        out.push('\\');
        return 1;
    };
    match c {
        'n' => out.push('\n'),
        'r' => out.push('\r'),
        other => out.push(other),
    }
    1 + c.len_utf8()
}

fn line_of(text: &str) -> &str {
    &text[..text.find('\n').unwrap_or(text.len())]
}

fn is_blank(c: char) -> bool {
    c != '\n' && c.is_whitespace()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-')
}

fn is_reference(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests;
