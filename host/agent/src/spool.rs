//! Keeps a process's output on disk until it is acknowledged, in segments that go as a whole.
//!
//! ```text
//! out.N: offset of standard output · offset of standard error · (stream · length · bytes)…
//! ```
//! Numbers are little-endian: u64, u64, u8, u32. What a reader gets was written before. When unacknowledged output has
//! reached the cap nobody reads the process any more, and it stalls on its pipe: nothing is ever cut. A torn record at
//! the end is what an agent that was killed left behind; the process ended with it.

mod reader;

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, IoSlice, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use act_process::{Chunk, Sink};
use act_protocol::{Cursor, Stream};

pub(crate) use reader::{Next, Reader};

/// Bytes after which a segment is closed and the next one begun.
const SEGMENT: u64 = 4 * 1024 * 1024;
const SEGMENT_HEAD: u64 = 16;
const RECORD_HEAD: u64 = 5;

/// The output of one process.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    cap: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    segments: VecDeque<Segment>,
    /// The last segment, while it may grow.
    file: Option<File>,
    written: Cursor,
    acked: Cursor,
    /// Bytes on disk.
    kept: u64,
    /// Why nothing can be written any more.
    broken: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    number: u64,
    begin: Cursor,
    end: Cursor,
    length: u64,
}

impl Spool {
    /// Begins the output of a new process. Nothing is written before there is some.
    pub(crate) fn new(folder: &Path, cap: u64) -> Self {
        Self { folder: folder.to_owned(), cap, state: Mutex::default() }
    }

    /// Finds the output of a process that an agent before this one ran.
    pub(crate) fn recover(folder: &Path, cap: u64) -> io::Result<Self> {
        let mut numbers: Vec<u64> = fs::read_dir(folder)?
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.strip_prefix("out.")?.parse().ok())
            .collect();
        numbers.sort_unstable();
        let mut state = State::default();
        for number in numbers {
            let bytes = fs::read(path_of(folder, number))?;
            let Some(segment) = measure(number, &bytes) else { continue };
            if state.segments.is_empty() {
                state.acked = segment.begin;
            } else if segment.begin != state.written {
                break;
            }
            state.written = segment.end;
            state.kept += segment.length;
            state.segments.push_back(segment);
        }
        Ok(Self { folder: folder.to_owned(), cap, state: Mutex::new(state) })
    }

    /// Returns how much was written.
    pub(crate) fn written(&self) -> Cursor {
        self.lock().written
    }

    /// Returns why output could not be kept, if so.
    pub(crate) fn broken(&self) -> Option<String> {
        self.lock().broken.clone()
    }

    /// Forgets what is before `cursor`. Returns whether there was no room before and is now.
    pub(crate) fn ack(&self, cursor: Cursor) -> bool {
        let mut state = self.lock();
        let was_full = state.kept >= self.cap;
        state.acked.stdout = state.acked.stdout.max(cursor.stdout.min(state.written.stdout));
        state.acked.stderr = state.acked.stderr.max(cursor.stderr.min(state.written.stderr));
        while let Some(first) = state.segments.front().copied() {
            let may_grow = state.segments.len() == 1 && first.length < SEGMENT;
            if may_grow || !state.acked.covers(first.end) {
                break;
            }
            if state.segments.len() == 1 {
                state.file = None;
            }
            state.segments.pop_front();
            state.kept -= first.length;
            let _ = fs::remove_file(path_of(&self.folder, first.number));
        }
        was_full && state.kept < self.cap
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Spool {
    fn is_ready(&self) -> bool {
        self.lock().kept < self.cap
    }

    fn take(&self, chunk: &Chunk) {
        let mut state = self.lock();
        if state.broken.is_some() {
            return;
        }
        let stream = match chunk.stream {
            act_process::Stream::Stdout => Stream::Stdout,
            act_process::Stream::Stderr => Stream::Stderr,
        };
        if let Err(error) = state.append(&self.folder, stream, &chunk.bytes) {
            state.broken = Some(format!("its output cannot be kept: {error}"));
        }
    }
}

impl State {
    fn append(&mut self, folder: &Path, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        if self.file.is_none() || self.segments.back().is_none_or(|last| last.length >= SEGMENT) {
            self.begin_segment(folder)?;
        }
        let Ok(length) = u32::try_from(bytes.len()) else { return Err(io::ErrorKind::InvalidInput.into()) };
        let [a, b, c, d] = length.to_le_bytes();
        let head = [u8::from(stream == Stream::Stderr), a, b, c, d];
        let Some((file, segment)) = self.file.as_mut().zip(self.segments.back_mut()) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        write_both(file, &head, bytes)?;
        *self.written.of_mut(stream) += bytes.len() as u64;
        segment.end = self.written;
        let size = RECORD_HEAD + bytes.len() as u64;
        segment.length += size;
        self.kept += size;
        Ok(())
    }

    fn begin_segment(&mut self, folder: &Path) -> io::Result<()> {
        let number =
            self.segments.back().map_or(self.written.stdout + self.written.stderr, |last| last.number + 1);
        let mut file = File::create(path_of(folder, number))?;
        file.write_all(&self.written.stdout.to_le_bytes())?;
        file.write_all(&self.written.stderr.to_le_bytes())?;
        let segment = Segment { number, begin: self.written, end: self.written, length: SEGMENT_HEAD };
        self.segments.push_back(segment);
        self.kept += SEGMENT_HEAD;
        self.file = Some(file);
        Ok(())
    }
}

/// Writes a record at once, as long as the disk takes it at once.
fn write_both(file: &mut File, head: &[u8], bytes: &[u8]) -> io::Result<()> {
    let written = loop {
        match file.write_vectored(&[IoSlice::new(head), IoSlice::new(bytes)]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => break done?,
        }
    };
    file.write_all(head.get(written..).unwrap_or_default())?;
    file.write_all(bytes.get(written.saturating_sub(head.len())..).unwrap_or_default())
}

/// Finds out what a segment holds, up to the first record that is not whole.
fn measure(number: u64, bytes: &[u8]) -> Option<Segment> {
    let mut rest = bytes;
    let mut begin = Cursor::default();
    for stream in [Stream::Stdout, Stream::Stderr] {
        let mut offset = [0; 8];
        rest.read_exact(&mut offset).ok()?;
        *begin.of_mut(stream) = u64::from_le_bytes(offset);
    }
    let (mut end, mut length) = (begin, SEGMENT_HEAD);
    while let Some((stream, count)) = reader::record(rest) {
        let size = usize::try_from(RECORD_HEAD).ok()?.checked_add(count)?;
        let Some(after) = rest.get(size..) else { break };
        rest = after;
        *end.of_mut(stream) += count as u64;
        length += size as u64;
    }
    Some(Segment { number, begin, end, length })
}

fn path_of(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("out.{number}"))
}

#[cfg(test)]
mod tests;
