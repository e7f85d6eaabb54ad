//! All events of a file, placed where GitHub places them.
//!
//! `saphyr-parser` is stricter and counts otherwise than YamlDotNet, which GitHub uses; the differences that real files
//! show are evened out here.

use crate::options::ParseOptions;
use crate::source::{FileId, Problem, Span};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

/// The events of a file up to its end, or up to what ends them early.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) events: Vec<Seen>,
    /// Why there are no more events, when the file is not well formed.
    pub(super) failure: Option<Problem>,
    /// Anchors and the event each one stands at, in ascending order of their ids.
    anchors: Vec<(usize, usize)>,
}

#[derive(Debug)]
pub(super) struct Seen {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) enum Kind {
    StreamStart,
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Scalar(Scalar),
    SequenceStart,
    SequenceEnd,
    MappingStart,
    MappingEnd,
    Alias(usize),
}

#[derive(Debug)]
pub(super) struct Scalar {
    pub(super) text: Arc<str>,
    pub(super) style: ScalarStyle,
    /// `tag:yaml.org,2002:int`.
    pub(super) tag: Option<Box<str>>,
}

impl Stream {
    /// The event an anchor stands at.
    pub(super) fn anchor(&self, id: usize) -> Option<usize> {
        self.anchors.binary_search_by_key(&id, |(id, _)| *id).ok().map(|place| self.anchors[place].1)
    }
}

/// How many comments without a blank before them are forgiven in a file.
const MAX_REPAIRS: usize = 32;
/// About what workflows have.
const BYTES_PER_EVENT: usize = 10;
const GLUED_COMMENT: &str = "comments must be separated from other tokens by whitespace";

/// Reads the events of a file; no more of them than the reader would take.
pub(super) fn collect(file: FileId, text: &str) -> Stream {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut repaired = Cow::Borrowed(text);
    for _ in 0..MAX_REPAIRS {
        match Collector::new(file, &repaired).run() {
            Ok(stream) => return stream,
            Err(comment) => repaired.to_mut().insert(comment, ' '),
        }
    }
    Collector::new(file, &repaired).run().unwrap_or_default()
}

struct Collector<'t> {
    file: FileId,
    text: &'t str,
    /// Byte at which each line starts; few files need it.
    lines: OnceCell<Vec<usize>>,
    stream: Stream,
}

impl<'t> Collector<'t> {
    fn new(file: FileId, text: &'t str) -> Self {
        let events = Vec::with_capacity(text.len() / BYTES_PER_EVENT);
        Self { file, text, lines: OnceCell::new(), stream: Stream { events, ..Stream::default() } }
    }

    fn lines(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            let breaks = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(breaks.map(|(index, _)| index + 1)).collect()
        })
    }

    /// Collects the events. `Err` is the byte of a `#` that wants a blank before it: GitHub takes `[a]#b` for a comment.
    fn run(mut self) -> Result<Stream, usize> {
        for next in Parser::new_from_str(self.text) {
            match next {
                // Within `[]` and `{}` the scanner takes the sign of a block scalar for text.
                Ok((Event::Scalar(text, ScalarStyle::Plain, ..), span)) if text.starts_with(['|', '>']) => {
                    let message = "a block scalar is not allowed in a flow collection";
                    return Ok(self.fail(&ScanError::new_str(span.start, message)));
                }
                Ok((event, span)) => self.keep(event, span),
                Err(error) if error.info() == GLUED_COMMENT => match self.glued_comment(*error.marker()) {
                    Some(comment) => return Err(comment),
                    None => return Ok(self.fail(&error)),
                },
                Err(error) => return Ok(self.fail(&error)),
            }
            if self.stream.events.len() > ParseOptions::MAX_NODES as usize {
                break;
            }
        }
        Ok(self.stream)
    }

    fn fail(mut self, error: &ScanError) -> Stream {
        let (line, column) = match self.line(error.marker().line()) {
            Some(_) => position(*error.marker()),
            None => self.end(),
        };
        let problem =
            Problem::new(Span::at(self.file, line, column), format!("invalid YAML: {}", error.info()));
        self.stream.failure = Some(problem);
        self.stream
    }

    /// Behind the last character of the file.
    fn end(&self) -> (u32, u32) {
        let last = self.lines().len();
        (clamp(last), clamp(self.line(last).map_or(0, |line| line.chars().count()) + 1))
    }

    /// The `#` at or after a place on its line that has no blank before it.
    fn glued_comment(&self, marker: Marker) -> Option<usize> {
        let start = self.byte_at(marker)?;
        let line = self.text[start..].lines().next()?;
        let comment = start + line.find('#')?;
        self.text[..comment].ends_with(|c: char| !c.is_whitespace()).then_some(comment)
    }

    fn byte_at(&self, marker: Marker) -> Option<usize> {
        let line = self.line(marker.line())?;
        let start = self.lines()[marker.line() - 1];
        Some(start + line.char_indices().nth(marker.col()).map_or(line.len(), |(index, _)| index))
    }

    /// A line by its number, without its line break.
    fn line(&self, number: usize) -> Option<&'t str> {
        let start = *self.lines().get(number.checked_sub(1)?)?;
        let end = self.lines().get(number).copied().unwrap_or(self.text.len());
        Some(self.text[start..end].trim_end_matches(['\n', '\r']))
    }

    fn keep(&mut self, event: Event<'_>, span: saphyr_parser::Span) {
        let (kind, anchor) = match event {
            Event::Nothing => return,
            Event::StreamStart => (Kind::StreamStart, 0),
            Event::StreamEnd => (Kind::StreamEnd, 0),
            Event::DocumentStart(_) => (Kind::DocumentStart, 0),
            Event::DocumentEnd => (Kind::DocumentEnd, 0),
            Event::Alias(anchor) => (Kind::Alias(anchor), 0),
            Event::SequenceStart(anchor, _) => (Kind::SequenceStart, anchor),
            Event::SequenceEnd => (Kind::SequenceEnd, 0),
            Event::MappingStart(anchor, _) => (Kind::MappingStart, anchor),
            Event::MappingEnd => (Kind::MappingEnd, 0),
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix).into());
                let text = self.scalar_text(text, style, span.end);
                (Kind::Scalar(Scalar { text, style, tag }), anchor)
            }
        };
        if anchor > 0 {
            self.stream.anchors.push((anchor, self.stream.events.len()));
        }
        let span = self.place(&kind, anchor, span);
        self.stream.events.push(Seen { kind, span });
    }

    /// A block scalar that ends with the file ends with a line break only if the file does.
    fn scalar_text(&self, text: Cow<'_, str>, style: ScalarStyle, end: Marker) -> Arc<str> {
        let is_last = || {
            end.line() == self.lines().len()
                && self.line(end.line()).is_some_and(|line| line.chars().count() == end.col())
        };
        match text.strip_suffix('\n') {
            Some(rest) if is_block(style) && !self.text.ends_with(['\n', '\r']) && is_last() => rest.into(),
            _ => text.into(),
        }
    }

    fn place(&self, kind: &Kind, anchor: usize, span: saphyr_parser::Span) -> Span {
        let (end_line, end_column) = position(span.end);
        let (line, column) = match kind {
            Kind::Scalar(scalar) if scalar.text.is_empty() && scalar.style == ScalarStyle::Plain => {
                let column = end_column + u32::from(self.is_at_indicator(span.end));
                return Span::at(self.file, end_line, column);
            }
            Kind::Scalar(scalar) if is_block(scalar.style) && scalar.tag.is_none() && anchor == 0 => {
                self.block_header(span.start).unwrap_or_else(|| position(span.start))
            }
            _ => position(span.start),
        };
        Span { file: self.file, line, column, end_line, end_column }
    }

    /// An empty value stands behind the colon or dash before it, not on it.
    fn is_at_indicator(&self, marker: Marker) -> bool {
        self.byte_at(marker).is_some_and(|byte| self.text[byte..].starts_with([':', '-', '?']))
    }

    /// Where the `|` or `>` stands whose content starts at `content`.
    fn block_header(&self, content: Marker) -> Option<(u32, u32)> {
        let is_blank = |line: &str| line.trim().is_empty();
        let number =
            (1..content.line()).rev().find(|number| self.line(*number).is_some_and(|line| !is_blank(line)));
        let number = number.filter(|_| !self.is_at_header(content)).unwrap_or(content.line());
        let line = self.line(number)?;
        let (column, _) =
            line.chars().enumerate().zip(line.char_indices()).find_map(|((column, _), (byte, _))| {
                let starts_word = line[..byte].chars().next_back().is_none_or(char::is_whitespace);
                (starts_word && is_header(&line[byte..])).then_some((column, byte))
            })?;
        Some((clamp(number), clamp(column + 1)))
    }

    /// A block scalar without content is placed at its header.
    fn is_at_header(&self, marker: Marker) -> bool {
        self.byte_at(marker)
            .is_some_and(|byte| is_header(self.text[byte..].lines().next().unwrap_or_default()))
            && self.stream.events.last().is_none_or(|last| last.span.end_line == clamp(marker.line()))
    }
}

const fn is_block(style: ScalarStyle) -> bool {
    matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
}

/// `|`, `>-`, `|2+ # comment`.
fn is_header(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(['|', '>']) else { return false };
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
    let comment = rest.trim_start();
    comment.is_empty() || (comment.starts_with('#') && comment.len() < rest.len())
}

fn position(marker: Marker) -> (u32, u32) {
    (clamp(marker.line()), clamp(marker.col() + 1))
}

fn clamp(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
