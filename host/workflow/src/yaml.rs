//! YAML events with places, aliases expanded: what the template reader reads.
//!
//! Knows YAML and nothing of workflows. Aliases replay the events of their anchor, so an alias bomb costs what its
//! expansion costs, up to a limit; merge keys are ordinary keys. Port of `Conversion/YamlObjectReader.cs`, on the
//! events of `saphyr-parser`.

mod events;
mod scalar;
#[cfg(test)]
mod tests;

use crate::options::ParseOptions;
use crate::source::{FileId, Problem, Span};
use crate::token::Token;
use events::{Kind, Seen, Stream};

/// Reads the events of one document.
pub(crate) struct YamlReader {
    file: FileId,
    stream: Stream,
    /// Number of events of the file taken so far.
    taken: usize,
    replays: Vec<Replay>,
    current: usize,
    nodes: u32,
}

/// Where in an anchor's events an alias stands.
#[derive(Debug)]
struct Replay {
    index: usize,
    depth: u32,
}

impl YamlReader {
    /// Starts reading at the one document of `text`.
    pub(crate) fn start(file: FileId, text: &str) -> Result<Self, Problem> {
        let stream = events::collect(file, text);
        let mut reader = Self { file, stream, taken: 0, replays: Vec::new(), current: 0, nodes: 0 };
        reader.take()?;
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
        &self.stream.events[self.current]
    }

    /// Moves to the next event: of the innermost alias, else of the file (`MoveNext`).
    fn advance(&mut self) -> Result<(), Problem> {
        self.leave_finished_replay();
        if let Some(replay) = self.replays.last_mut() {
            replay.index += 1;
            self.current = replay.index;
        } else {
            self.take()?;
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
        match self.stream.events[self.current].kind {
            Kind::SequenceStart | Kind::MappingStart => replay.depth += 1,
            Kind::SequenceEnd | Kind::MappingEnd => replay.depth -= 1,
            _ => {}
        }
        if replay.depth == 0 {
            self.replays.pop();
        }
    }

    fn enter_anchor(&mut self, anchor: usize) -> Result<(), Problem> {
        let Some(index) = self.stream.anchor(anchor) else {
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
        for seen in &self.stream.events[index..self.taken] {
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

    /// Takes the next event of the file.
    fn take(&mut self) -> Result<(), Problem> {
        if self.taken < self.stream.events.len() {
            self.current = self.taken;
            self.taken += 1;
            return Ok(());
        }
        Err(self
            .stream
            .failure
            .clone()
            .unwrap_or_else(|| Problem::new(Span::whole(self.file), "Expected a parse event")))
    }
}
