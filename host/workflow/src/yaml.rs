//! YAML events with places, aliases expanded: what the template reader reads.
//!
//! Knows YAML and nothing of workflows. Aliases replay the events of their anchor, so an alias bomb costs what its
//! expansion costs, up to a limit; merge keys are ordinary keys. Port of `Conversion/YamlObjectReader.cs`, on the
//! events of `saphyr-parser`.

mod scalar;
#[cfg(test)]
mod tests;

use crate::options::ParseOptions;
use crate::source::{FileId, Problem, Span};
use crate::token::Token;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, StrInput};
use std::borrow::Cow;
use std::sync::Arc;

/// Reads the events of one document.
pub(crate) struct YamlReader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    file: FileId,
    /// Every event so far: aliases replay them.
    events: Vec<Seen>,
    /// Anchors and the event each one stands at. Ids grow, so the newest is last.
    anchors: Vec<(usize, usize)>,
    replays: Vec<Replay>,
    current: usize,
    nodes: u32,
}

#[derive(Debug)]
struct Seen {
    kind: Kind,
    span: Span,
}

#[derive(Debug)]
enum Kind {
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
struct Scalar {
    text: Arc<str>,
    style: ScalarStyle,
    /// `tag:yaml.org,2002:int`.
    tag: Option<Box<str>>,
}

/// Where in an anchor's events an alias stands.
#[derive(Debug)]
struct Replay {
    index: usize,
    depth: u32,
}

impl<'a> YamlReader<'a> {
    /// Starts reading at the one document of `text`.
    pub(crate) fn start(file: FileId, text: &'a str) -> Result<Self, Problem> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let parser = Parser::new_from_str(text);
        let mut reader = Self {
            parser,
            file,
            events: Vec::new(),
            anchors: Vec::new(),
            replays: Vec::new(),
            current: 0,
            nodes: 0,
        };
        reader.pull()?;
        reader.advance()?;
        if matches!(reader.event().kind, Kind::DocumentStart) {
            reader.advance()?;
            return Ok(reader);
        }
        Err(Problem::new(Span::whole(file), "Expected document start parse event")
            .with_hint("the file is empty"))
    }

    /// Checks that nothing but the end follows.
    pub(crate) fn end(&mut self) -> Result<(), Problem> {
        if !matches!(self.event().kind, Kind::DocumentEnd) {
            return Err(Problem::new(self.event().span, "Expected document end parse event"));
        }
        self.advance()?;
        if !matches!(self.event().kind, Kind::StreamEnd) {
            let problem = Problem::new(self.event().span, "Expected stream end parse event");
            return Err(problem.with_hint("a file holds one YAML document"));
        }
        Ok(())
    }

    /// Takes a scalar, if one is next.
    pub(crate) fn scalar(&mut self) -> Result<Option<Token>, Problem> {
        let Seen { kind: Kind::Scalar(scalar), span } = self.event() else { return Ok(None) };
        let token = match scalar.resolve() {
            Ok(kind) => Token::new(kind, *span),
            Err(error) => return Err(Problem::new(Span::whole(self.file), error.message(span))),
        };
        self.advance()?;
        Ok(Some(token))
    }

    /// Takes the start of a sequence, if one is next.
    pub(crate) fn sequence_start(&mut self) -> Result<Option<Span>, Problem> {
        self.take_if(|kind| matches!(kind, Kind::SequenceStart))
    }

    /// Takes the end of a sequence, if it is next.
    pub(crate) fn sequence_end(&mut self) -> Result<Option<Span>, Problem> {
        self.take_if(|kind| matches!(kind, Kind::SequenceEnd))
    }

    /// Takes the start of a mapping, if one is next.
    pub(crate) fn mapping_start(&mut self) -> Result<Option<Span>, Problem> {
        self.take_if(|kind| matches!(kind, Kind::MappingStart))
    }

    /// Takes the end of a mapping, if it is next.
    pub(crate) fn mapping_end(&mut self) -> Result<Option<Span>, Problem> {
        self.take_if(|kind| matches!(kind, Kind::MappingEnd))
    }

    /// Whether the end of a mapping is next.
    pub(crate) fn is_at_mapping_end(&self) -> bool {
        matches!(self.event().kind, Kind::MappingEnd)
    }

    /// Where the next event stands.
    pub(crate) fn span(&self) -> Span {
        self.event().span
    }

    fn take_if(&mut self, matches: fn(&Kind) -> bool) -> Result<Option<Span>, Problem> {
        if !matches(&self.event().kind) {
            return Ok(None);
        }
        let span = self.event().span;
        self.advance()?;
        Ok(Some(span))
    }

    fn event(&self) -> &Seen {
        &self.events[self.current]
    }

    /// Moves to the next event: of the innermost alias, else of the file (`MoveNext`).
    fn advance(&mut self) -> Result<(), Problem> {
        self.leave_finished_replay();
        if let Some(replay) = self.replays.last_mut() {
            replay.index += 1;
            self.current = replay.index;
        } else {
            self.pull()?;
        }
        if let Kind::Alias(anchor) = self.event().kind {
            self.enter_anchor(anchor)?;
        }
        self.nodes += 1;
        if self.nodes > ParseOptions::MAX_NODES {
            return Err(Problem::new(Span::whole(self.file), "Maximum YAML nodes exceeded"));
        }
        Ok(())
    }

    fn leave_finished_replay(&mut self) {
        let Some(replay) = self.replays.last_mut() else { return };
        match self.events[self.current].kind {
            Kind::SequenceStart | Kind::MappingStart => replay.depth += 1,
            Kind::SequenceEnd | Kind::MappingEnd => replay.depth -= 1,
            _ => {}
        }
        if replay.depth == 0 {
            self.replays.pop();
        }
    }

    fn enter_anchor(&mut self, anchor: usize) -> Result<(), Problem> {
        let found =
            self.anchors.binary_search_by_key(&anchor, |(id, _)| *id).map(|place| self.anchors[place].1);
        let Ok(index) = found else {
            return Err(Problem::new(self.event().span, "Unknown anchor"));
        };
        // An alias inside its own anchor would replay itself for ever.
        if self.replays.iter().any(|replay| replay.index == index) || self.is_open(index) {
            return Err(Problem::new(self.event().span, "an alias may not stand inside what it repeats"));
        }
        self.current = index;
        self.replays.push(Replay { index, depth: 0 });
        Ok(())
    }

    /// Whether the collection that starts at `index` has not ended yet.
    fn is_open(&self, index: usize) -> bool {
        let mut depth = 0_u32;
        for seen in &self.events[index..] {
            match seen.kind {
                Kind::SequenceStart | Kind::MappingStart => depth += 1,
                Kind::SequenceEnd | Kind::MappingEnd => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return false;
            }
        }
        true
    }

    /// Gets the next event of the file.
    fn pull(&mut self) -> Result<(), Problem> {
        let (event, span) = match self.parser.next_event() {
            Some(Ok(next)) => next,
            Some(Err(error)) => return Err(self.syntax_problem(&error)),
            None => return Err(Problem::new(Span::whole(self.file), "Expected a parse event")),
        };
        let index = self.events.len();
        let (kind, anchor) = keep(event);
        if anchor > 0 {
            self.anchors.push((anchor, index));
        }
        let span = self.place(&kind, span);
        self.events.push(Seen { kind, span });
        self.current = index;
        Ok(())
    }

    /// GitHub places an empty value behind the colon or dash before it.
    fn place(&self, kind: &Kind, span: saphyr_parser::Span) -> Span {
        let empty = matches!(kind, Kind::Scalar(scalar) if scalar.text.is_empty() && scalar.style == ScalarStyle::Plain);
        let start = if empty { span.end } else { span.start };
        let (line, column) = position(start);
        let (end_line, end_column) = position(span.end);
        Span { file: self.file, line, column, end_line, end_column }
    }

    fn syntax_problem(&self, error: &ScanError) -> Problem {
        let (line, column) = position(*error.marker());
        Problem::new(Span::at(self.file, line, column), format!("invalid YAML: {}", error.info()))
    }
}

fn position(marker: saphyr_parser::Marker) -> (u32, u32) {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    (number(marker.line()), number(marker.col() + 1))
}

fn keep(event: Event<'_>) -> (Kind, usize) {
    match event {
        Event::Nothing | Event::StreamStart => (Kind::StreamStart, 0),
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
            (Kind::Scalar(Scalar { text: shared(text), style, tag }), anchor)
        }
    }
}

fn shared(text: Cow<'_, str>) -> Arc<str> {
    match text {
        Cow::Borrowed(text) => text.into(),
        Cow::Owned(text) => text.into(),
    }
}
