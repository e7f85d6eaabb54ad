//! Reads a flat YAML map of names and values: `.env.yml`, `.secrets.yaml` and so on.
//!
//! Every value is the text as written (`yes`, `1.0` and `0x1` stay so), null is empty. Nothing nested, no
//! aliases, one document. Messages never show text of the file, which may be a secret.

use indexmap::IndexMap;
use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// Where text is no flat map, and why. Lines and columns start at 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub(crate) struct FlatMapError {
    /// From 1.
    pub(crate) line: usize,
    /// From 1.
    pub(crate) column: usize,
    /// What is wrong.
    pub(crate) problem: FlatMapProblem,
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FlatMapProblem {
    /// It is no YAML.
    #[error("invalid YAML")]
    Syntax,
    /// The root is a list or a scalar.
    #[error("expected names and values")]
    NoMap,
    /// A name is no scalar.
    #[error("expected a name")]
    Name,
    /// A value is a list, a map or an alias.
    #[error("expected a plain value: the map must be flat")]
    Nested,
    /// A name stands twice.
    #[error("this name stands twice")]
    Twice,
    /// Something follows the map.
    #[error("expected the end of the file")]
    Trailing,
}

/// Reads all pairs, in order. An empty file has none.
pub(crate) fn read(text: &str) -> Result<IndexMap<String, String>, FlatMapError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { parser: Parser::new_from_str(text), values: IndexMap::new() };
    reader.document()?;
    Ok(reader.values)
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    values: IndexMap<String, String>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), FlatMapError> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let at = error.marker();
                Err(FlatMapError { line: at.line(), column: at.col() + 1, problem: FlatMapProblem::Syntax })
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn document(&mut self) -> Result<(), FlatMapError> {
        loop {
            match self.next()? {
                (Event::Nothing | Event::StreamStart | Event::DocumentStart(_), _) => {}
                (Event::StreamEnd, _) => return Ok(()),
                (Event::Scalar(text, ..), _) if matches!(&*text, "" | "~" | "null") => return self.end(),
                (Event::MappingStart(..), _) => break,
                (_, at) => return fail(at, FlatMapProblem::NoMap),
            }
        }
        while self.pair()? {}
        self.end()
    }

    /// Reads one pair; false at the end of the map.
    fn pair(&mut self) -> Result<bool, FlatMapError> {
        let (name, at) = match self.next()? {
            (Event::MappingEnd, _) => return Ok(false),
            (Event::Scalar(name, ..), at) if !name.is_empty() => (name.into_owned(), at),
            (_, at) => return fail(at, FlatMapProblem::Name),
        };
        let value = match self.next()? {
            (Event::Scalar(text, ScalarStyle::Plain, ..), _) if matches!(&*text, "~" | "null") => {
                String::new()
            }
            (Event::Scalar(text, ..), _) => text.into_owned(),
            (_, at) => return fail(at, FlatMapProblem::Nested),
        };
        if self.values.insert(name, value).is_some() {
            return fail(at, FlatMapProblem::Twice);
        }
        Ok(true)
    }

    fn end(&mut self) -> Result<(), FlatMapError> {
        match self.next()? {
            (Event::DocumentEnd, _) => {}
            (_, at) => return fail(at, FlatMapProblem::Trailing),
        }
        match self.next()? {
            (Event::StreamEnd, _) => Ok(()),
            (_, at) => fail(at, FlatMapProblem::Trailing),
        }
    }
}

fn fail<T>(at: Span, problem: FlatMapProblem) -> Result<T, FlatMapError> {
    Err(FlatMapError { line: at.start.line(), column: at.start.col() + 1, problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_text_in_the_order_of_the_file() {
        let values = read("A: 1.0\n\"b\": yes\nC: |\n  x\n  y\nD:\nE: ~\nF: '~'\n").unwrap();
        let pairs: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("A", "1.0"), ("b", "yes"), ("C", "x\ny\n"), ("D", ""), ("E", ""), ("F", "~")]);
        for empty in ["", "# nothing\n", "---\n", "null", "\u{feff}"] {
            assert_eq!(read(empty).unwrap().len(), 0, "{empty:?}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_its_place() {
        for (text, expected) in [
            ("A: 1\nB: [x]", "line 2, column 4: expected a plain value: the map must be flat"),
            ("A: &a 1\nB: *a", "line 2, column 4: expected a plain value: the map must be flat"),
            ("- A", "line 1, column 1: expected names and values"),
            ("A=1", "line 1, column 1: expected names and values"),
            ("A: 1\nA: 2", "line 2, column 1: this name stands twice"),
            ("[a]: 1", "line 1, column 1: expected a name"),
            ("A: 1\n---\nB: 2", "line 2, column 1: expected the end of the file"),
            ("A: 'x", "line 1, column 6: invalid YAML"),
        ] {
            let error = read(text).unwrap_err().to_string();
            let same_problem = error.rsplit(": ").next() == expected.rsplit(": ").next();
            assert!(same_problem, "{text:?}: {error}");
        }
    }
}
