//! Reads a run's log, also while it is being written and after its writer was killed.
//!
//! A last line without its end is left out, and said: at most one is there after a `kill -9`. Asked again,
//! a reader goes on with what was written since.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use act_core::event::{EVENT_VERSION, Envelope};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{ReadError, StoreError};
use crate::log::EVENTS;

/// Where a line stands in its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Of its first byte.
    pub offset: u64,
    /// Bytes, its newline with them.
    pub length: u64,
}

/// Reads a run's log, envelope by envelope.
#[derive(Debug)]
pub struct LogReader {
    lines: Lines<BufReader<File>>,
}

impl LogReader {
    /// Opens the log of the run in `folder`.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(EVENTS);
        let file = File::open(&path).map_err(StoreError::at("open", &path))?;
        Ok(Self { lines: Lines::new(BufReader::with_capacity(1 << 16, file), path) })
    }

    /// Opens the log a second way: from the line at `span`, as [`LogReader::span`] gave it.
    ///
    /// # Errors
    /// What the disk said.
    pub fn go_to(&mut self, span: Span) -> Result<(), StoreError> {
        let path = self.lines.path.clone();
        self.lines.source.seek(SeekFrom::Start(span.offset)).map_err(StoreError::at("read", &path))?;
        self.lines.restart(span.offset);
        Ok(())
    }

    /// Returns where the line read last stands.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.lines.span()
    }

    /// Returns the line read last, its newline with it.
    #[must_use]
    pub fn line(&self) -> &[u8] {
        &self.lines.line
    }

    /// Returns where the last whole line read so far ends.
    pub(crate) const fn end(&self) -> u64 {
        self.lines.end()
    }

    /// Whether the log ends in the middle of a line, which is left out.
    #[must_use]
    pub fn ended_mid_line(&self) -> bool {
        self.lines.ended_mid_line()
    }
}

impl Iterator for LogReader {
    type Item = Result<Envelope, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.lines.next_as(u64::from(EVENT_VERSION))
    }
}

/// Whole lines of a file that may still grow.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    source: R,
    path: PathBuf,
    line: Vec<u8>,
    span: Span,
    number: u64,
    whole: bool,
}

#[derive(Deserialize)]
struct Versioned {
    v: u64,
}

impl<R: Read + BufRead> Lines<R> {
    pub(crate) const fn new(source: R, path: PathBuf) -> Self {
        Self { source, path, line: Vec::new(), span: Span { offset: 0, length: 0 }, number: 0, whole: true }
    }

    fn restart(&mut self, offset: u64) {
        self.line.clear();
        self.whole = true;
        self.span = Span { offset, length: 0 };
    }

    pub(crate) const fn span(&self) -> Span {
        self.span
    }

    pub(crate) const fn end(&self) -> u64 {
        if self.whole { self.span.offset + self.span.length } else { self.span.offset }
    }

    pub(crate) fn ended_mid_line(&self) -> bool {
        !self.whole && !self.line.is_empty()
    }

    /// Reads one more line of a form that has a version. `None` where no whole line is left.
    pub(crate) fn next_as<T: DeserializeOwned>(&mut self, version: u64) -> Option<Result<T, ReadError>> {
        match self.advance() {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => return Some(Err(error.into())),
        }
        let read = serde_json::from_slice(&self.line);
        Some(read.map_err(|source| self.complaint(version, source)))
    }

    /// Goes to the next line. A line that was there in part is completed, not read anew.
    fn advance(&mut self) -> Result<bool, StoreError> {
        if self.whole {
            self.span = Span { offset: self.end(), length: 0 };
            self.line.clear();
        }
        let path = &self.path;
        self.source.read_until(b'\n', &mut self.line).map_err(StoreError::at("read", path))?;
        self.whole = self.line.last() == Some(&b'\n');
        self.span.length = self.line.len() as u64;
        self.number += u64::from(self.whole);
        Ok(self.whole)
    }

    fn complaint(&self, known: u64, source: serde_json::Error) -> ReadError {
        let (path, line) = (self.path.clone(), self.number);
        match serde_json::from_slice::<Versioned>(&self.line) {
            Ok(Versioned { v }) if v > known => ReadError::Newer { path, line, version: v },
            _ => ReadError::Damaged { path, line, source },
        }
    }
}
