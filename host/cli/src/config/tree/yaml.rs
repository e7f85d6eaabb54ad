//! YAML to the tree: one document, a table as a whole, without aliases and tags.
//!
//! Plain words are what YAML 1.2's core schema makes of them: `null`, `true`, `false`, numbers, else texts.

use act_workflow::source::{Problem, Span, Spanned};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span as Range, StrInput};

use super::{Data, Node, Page, Table};

/// How deep values may lie in each other.
const DEEPEST: usize = 64;

pub(super) fn parse(page: &Page, text: &str) -> Option<Table> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let parsed = Reader { page, parser: Parser::new_from_str(text) }.document();
    parsed.map_err(|problem| page.note(problem)).ok()
}

struct Reader<'a, 't> {
    page: &'a Page,
    parser: Parser<'t, StrInput<'t>>,
}

impl<'t> Reader<'_, 't> {
    fn next(&mut self) -> Result<(Event<'t>, Range), Problem> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let (line, column) = position(error.marker());
                Err(Problem::new(
                    Span::at(self.page.file, line, column),
                    format!("invalid YAML: {}", error.info()),
                ))
            }
            None => Ok((Event::StreamEnd, Range::default())),
        }
    }

    fn document(mut self) -> Result<Table, Problem> {
        let table = loop {
            match self.next()? {
                (Event::Nothing | Event::StreamStart | Event::DocumentStart(_), _) => {}
                (Event::StreamEnd, _) => return Ok(Table::new()),
                (Event::Scalar(text, ScalarStyle::Plain, ..), _) if is_null(&text) => break Table::new(),
                (Event::MappingStart(..), _) => break self.table(0)?,
                (_, at) => return Err(self.problem(at, "expected keys and values")),
            }
        };
        loop {
            match self.next()? {
                (Event::DocumentEnd, _) => {}
                (Event::StreamEnd, _) => return Ok(table),
                (_, at) => return Err(self.problem(at, "expected the end of the file")),
            }
        }
    }

    /// Reads the pairs of a table to its end.
    fn table(&mut self, depth: usize) -> Result<Table, Problem> {
        let mut table = Table::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(table),
                (Event::Scalar(name, ..), at) => Spanned::new(name.into_owned(), self.span(at)),
                (_, at) => return Err(self.problem(at, "a key must be a text")),
            };
            let next = self.next()?;
            let node = self.node(next, depth)?;
            match table.iter().find(|(known, _)| known.value == key.value) {
                Some((first, _)) => {
                    let name = crate::stream::harmless(&key.value);
                    let message = format!("`{name}` is there already, in line {}", first.span.line);
                    self.page.wrong(key.span, message);
                }
                None => table.push((key, node)),
            }
        }
    }

    fn node(&mut self, (event, at): (Event<'t>, Range), depth: usize) -> Result<Node, Problem> {
        if depth > DEEPEST {
            return Err(self.problem(at, "too many values in each other"));
        }
        let span = self.span(at);
        let data = match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) => plain(&text),
            Event::Scalar(text, ..) => Data::Text(text.into_owned()),
            Event::MappingStart(..) => Data::Table(self.table(depth + 1)?),
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break Data::List(items),
                        next => items.push(self.node(next, depth + 1)?),
                    }
                }
            }
            _ => return Err(self.problem(at, "an alias has no meaning here")),
        };
        Ok(Node { span, data })
    }

    fn span(&self, at: Range) -> Span {
        let ((line, column), (end_line, end_column)) = (position(&at.start), position(&at.end));
        Span { file: self.page.file, line, column, end_line, end_column }
    }

    fn problem(&self, at: Range, message: &str) -> Problem {
        Problem::new(self.span(at), message)
    }
}

fn position(at: &Marker) -> (u32, u32) {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    (number(at.line()), number(at.col() + 1))
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn plain(text: &str) -> Data {
    match text {
        _ if is_null(text) => Data::Null,
        "true" | "True" | "TRUE" => Data::Flag(true),
        "false" | "False" | "FALSE" => Data::Flag(false),
        _ => number(text).map_or_else(|| Data::Text(text.to_owned()), Data::Number),
    }
}

fn number(text: &str) -> Option<serde_json::Number> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    let is_number = text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '.'))
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'));
    text.parse().ok().filter(|_| is_number).and_then(serde_json::Number::from_f64)
}
