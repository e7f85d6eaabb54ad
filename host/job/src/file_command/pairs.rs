//! The grammar of files of names and values.
//!
//! Source: actions/runner `FileCommandManager.cs`, `EnvFileKeyValuePairs`.

use super::{FileCommandError, LineEnds};

/// Gives name after name with its value; ends after the first error.
pub(super) struct Reader<'a> {
    text: &'a str,
    ends: LineEnds,
    at: usize,
    failed: bool,
}

/// A line without its end, and how long the end is: 0 for the last line of a file that does not end so.
struct Line<'a> {
    text: &'a str,
    end: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(text: &'a str, ends: LineEnds) -> Self {
        Self { text, ends, at: 0, failed: false }
    }

    fn line(&mut self) -> Option<Line<'a>> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return None;
        }
        let Some(lf) = rest.find('\n') else {
            self.at = self.text.len();
            return Some(Line { text: rest, end: 0 });
        };
        self.at += lf + 1;
        let line = &rest[..lf];
        Some(match line.strip_suffix('\r') {
            Some(line) if self.ends == LineEnds::CrLf => Line { text: line, end: 2 },
            _ => Line { text: line, end: 1 },
        })
    }

    fn entry(&mut self, line: &'a str) -> Result<(&'a str, &'a str), FileCommandError> {
        let equals = line.find('=');
        let heredoc = line.find("<<");
        match (equals, heredoc) {
            (Some(equals), None) => Ok((&line[..equals], &line[equals + 1..])),
            (Some(equals), Some(heredoc)) if equals < heredoc => Ok((&line[..equals], &line[equals + 1..])),
            (_, Some(heredoc)) => {
                let (name, delimiter) = (&line[..heredoc], &line[heredoc + 2..]);
                if name.is_empty() || delimiter.is_empty() {
                    return Err(FileCommandError::EmptyHeredoc(line.to_owned()));
                }
                Ok((name, self.heredoc(delimiter)?))
            }
            (None, None) => Err(FileCommandError::Format(line.to_owned())),
        }
    }

    fn heredoc(&mut self, delimiter: &str) -> Result<&'a str, FileCommandError> {
        let start = self.at;
        let mut end = start;
        loop {
            let Some(line) = self.line() else {
                return Err(FileCommandError::NoDelimiter(delimiter.to_owned()));
            };
            if line.text == delimiter {
                return Ok(&self.text[start..end]);
            }
            if line.end == 0 {
                return Err(FileCommandError::NoNewLine);
            }
            end = self.at - line.end;
        }
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<(&'a str, &'a str), FileCommandError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            let line = self.line()?;
            if !line.text.is_empty() {
                let entry = self.entry(line.text);
                self.failed = entry.is_err();
                return Some(entry);
            }
        }
        None
    }
}
