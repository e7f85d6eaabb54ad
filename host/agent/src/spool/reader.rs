//! Reads a spool from a cursor on, while it grows.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use act_protocol::{CHUNK, Cursor, Stream};

use super::{RECORD_HEAD, SEGMENT_HEAD, Segment, Spool, path_of};

const HEAD: usize = RECORD_HEAD as usize;

/// Read at a time: any record fits (64 KiB and its head), and many short ones.
const WINDOW: usize = 128 * 1024;

/// One follower's place in a spool.
#[derive(Debug)]
pub(crate) struct Reader {
    spool: Arc<Spool>,
    /// What was given out.
    cursor: Cursor,
    place: Option<Place>,
}

#[derive(Debug)]
struct Place {
    segment: u64,
    file: File,
    /// Where the next record begins: in the file, and in the streams.
    at: u64,
    streams: Cursor,
    /// What was read of the file, and from where on.
    window: Vec<u8>,
    window_at: u64,
}

/// What a reader finds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Bytes of one stream, which were added to the buffer.
    Output { stream: Stream, offset: u64 },
    /// All that was written was given out.
    Nothing,
    /// What comes next was acknowledged, and is forgotten; or it cannot be read.
    Gone(String),
}

impl Reader {
    pub(crate) fn new(spool: Arc<Spool>, cursor: Cursor) -> Self {
        Self { spool, cursor, place: None }
    }

    /// Whether it may go on at all.
    pub(crate) fn check(&self) -> Result<(), String> {
        let state = self.spool.lock();
        let forgotten = || "the output asked for was acknowledged, and is forgotten".to_owned();
        self.cursor.covers(state.acked).then_some(()).ok_or_else(forgotten)
    }

    /// Whether all that was written was given out.
    pub(crate) fn is_at_end(&self) -> bool {
        self.cursor.covers(self.spool.written())
    }

    /// Adds the next bytes of one stream to `out`, at most `budget` and [`CHUNK`] of them.
    pub(crate) fn next(&mut self, budget: usize, out: &mut Vec<u8>) -> Next {
        if budget == 0 {
            return Next::Nothing;
        }
        loop {
            match self.step(budget.min(CHUNK), out) {
                Ok(Some(next)) => return next,
                Ok(None) => {}
                // Acknowledged between a look at the spool and one at the disk, or a disk that fails.
                Err(error) => {
                    self.place = None;
                    let lost = || format!("the output cannot be read: {error}");
                    return Next::Gone(self.check().err().unwrap_or_else(lost));
                }
            }
        }
    }

    /// Returns `None` where it moved on without finding anything to give out.
    fn step(&mut self, budget: usize, out: &mut Vec<u8>) -> io::Result<Option<Next>> {
        let Some(segment) = self.segment() else {
            return Ok(Some(self.check().err().map_or(Next::Nothing, Next::Gone)));
        };
        if self.place.as_ref().is_none_or(|place| place.segment != segment.number) {
            let file = File::open(path_of(&self.spool.folder, segment.number))?;
            let (number, streams, at) = (segment.number, segment.begin, SEGMENT_HEAD);
            self.place =
                Some(Place { segment: number, file, at, streams, window: Vec::new(), window_at: at });
        }
        let Some(place) = &mut self.place else { return Ok(None) };
        place.load(segment.length)?;
        Ok(place.gather(&mut self.cursor, budget, out))
    }

    /// Returns the segment to read from; `None` when all is given out.
    fn segment(&self) -> Option<Segment> {
        let state = self.spool.lock();
        if self.cursor.covers(state.written) || !self.cursor.covers(state.acked) {
            return None;
        }
        let here = self.place.as_ref();
        let has_more = |segment: &&Segment| match here {
            Some(place) if place.segment == segment.number => place.at < segment.length,
            Some(place) => segment.number > place.segment,
            None => !self.cursor.covers(segment.end),
        };
        state.segments.iter().find(has_more).copied()
    }
}

impl Place {
    /// Has the next record in the window, as a whole.
    fn load(&mut self, length: u64) -> io::Result<()> {
        let is_whole = record(self.rest()).is_some_and(|(_, count)| self.rest().len() >= HEAD + count);
        if !is_whole {
            let size = usize::try_from(length.saturating_sub(self.at)).unwrap_or(WINDOW).min(WINDOW);
            self.window.resize(size, 0);
            self.window_at = self.at;
            self.file.read_exact_at(&mut self.window, self.at)?;
        }
        Ok(())
    }

    fn rest(&self) -> &[u8] {
        let skip = usize::try_from(self.at - self.window_at).unwrap_or(usize::MAX);
        self.window.get(skip..).unwrap_or_default()
    }

    /// Takes records of one stream from the window, up to a budget; those before the cursor are passed over.
    fn gather(&mut self, cursor: &mut Cursor, budget: usize, out: &mut Vec<u8>) -> Option<Next> {
        let mut found: Option<(Stream, u64)> = None;
        let mut left = budget;
        while let Some((stream, count)) = record(self.rest()) {
            let Some(bytes) = self.rest().get(HEAD..HEAD + count) else { break };
            let (from, to) = (self.streams.of(stream), self.streams.of(stream) + count as u64);
            let seen = cursor.of(stream);
            if to > seen {
                if found.is_some_and(|(known, _)| known != stream) || left == 0 {
                    break;
                }
                found.get_or_insert((stream, seen));
                let skip = usize::try_from(seen.saturating_sub(from)).unwrap_or(0);
                let news = &bytes[skip..bytes.len().min(skip + left)];
                out.extend_from_slice(news);
                left -= news.len();
                *cursor.of_mut(stream) += news.len() as u64;
                if cursor.of(stream) < to {
                    break;
                }
            }
            *self.streams.of_mut(stream) = to;
            self.at += (HEAD + count) as u64;
        }
        found.map(|(stream, offset)| Next::Output { stream, offset })
    }
}

/// Reads a record's head.
pub(super) fn record(bytes: &[u8]) -> Option<(Stream, usize)> {
    let stream = if *bytes.first()? == 0 { Stream::Stdout } else { Stream::Stderr };
    let length = bytes.get(1..5)?.try_into().ok().map(u32::from_le_bytes)?;
    Some((stream, usize::try_from(length).ok()?))
}
