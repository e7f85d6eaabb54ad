//! Keeps a process's output until it is acknowledged, and hands it to whoever follows.
//!
//! Bounded: when it is full, the process is not read any more and stalls on its pipe. Nothing is ever cut.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use act_core::environment::{Cursor, EnvironmentError, ExecEnd, Followed, Stream};
use act_process::{Chunk, Sink};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

/// What a chunk costs beside its bytes, so that many short lines are bounded, too.
const OVERHEAD: usize = 64;

/// Chunks of a stream that come one after the other are joined up to so many bytes: else a line that is written letter
/// by letter would fill the spool before anybody could make sense of it.
const JOINED: usize = 4 * 1024;

/// The output of one process.
#[derive(Debug)]
pub(crate) struct Spool {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In order of arrival; `None` where all was acknowledged.
    chunks: VecDeque<Option<Chunk>>,
    /// The number of the first of them, counted from the start.
    first: u64,
    held: usize,
    written: Cursor,
    acked: Cursor,
    end: Option<ExecEnd>,
    waiting: Vec<Waker>,
}

/// How far a follower is.
#[derive(Clone, Copy, Debug)]
struct Place {
    chunk: u64,
    cursor: Cursor,
    is_over: bool,
}

impl Sink for Spool {
    fn is_ready(&self) -> bool {
        self.lock().held < self.limit
    }

    fn take(&self, chunk: &Chunk) {
        let mut state = self.lock();
        *state.written.of_mut(stream_of(chunk)) = end_of(chunk);
        state.held += chunk.bytes.len();
        match state.chunks.back_mut() {
            Some(Some(last))
                if last.stream == chunk.stream && last.bytes.len() + chunk.bytes.len() <= JOINED =>
            {
                join(&mut last.bytes, &chunk.bytes);
            }
            _ => {
                state.held += OVERHEAD;
                state.chunks.push_back(Some(chunk.clone()));
            }
        }
        wake(state);
    }
}

impl Spool {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default() }
    }

    /// Takes the end in; the last thing that happens to a spool.
    pub(crate) fn end(&self, end: ExecEnd) {
        let mut state = self.lock();
        state.end = Some(end);
        wake(state);
    }

    /// Forgets what is before `cursor`. Returns whether there was no room before and is now.
    pub(crate) fn ack(&self, cursor: Cursor) -> bool {
        let mut state = self.lock();
        let was_full = state.held >= self.limit;
        for stream in [Stream::Stdout, Stream::Stderr] {
            let known = cursor.of(stream).min(state.written.of(stream));
            let acked = state.acked.of_mut(stream);
            *acked = known.max(*acked);
        }
        state.forget();
        was_full && state.held < self.limit
    }

    /// Follows from a cursor on.
    ///
    /// # Errors
    /// Refused for a cursor before what was acknowledged; the stream gives the same error if somebody
    /// else acknowledges what it has not brought yet.
    pub(crate) fn follow(
        self: Arc<Self>,
        cursor: Cursor,
    ) -> Result<BoxStream<'static, Result<Followed, EnvironmentError>>, EnvironmentError> {
        let mut place = {
            let state = self.lock();
            state.check(cursor)?;
            Place { chunk: state.first, cursor, is_over: false }
        };
        Ok(stream::poll_fn(move |context| self.poll(&mut place, context)).boxed())
    }

    fn poll(
        &self,
        place: &mut Place,
        context: &Context<'_>,
    ) -> Poll<Option<Result<Followed, EnvironmentError>>> {
        if place.is_over {
            return Poll::Ready(None);
        }
        let mut state = self.lock();
        if let Err(forgotten) = state.check(place.cursor) {
            place.is_over = true;
            return Poll::Ready(Some(Err(forgotten)));
        }
        if let Some(output) = state.next(place) {
            return Poll::Ready(Some(Ok(output)));
        }
        if let Some(end) = &state.end {
            place.is_over = true;
            return Poll::Ready(Some(Ok(Followed::Ended(end.clone()))));
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            state.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes who waits, who then does not have to wait for the lock as well.
fn wake(mut state: MutexGuard<'_, State>) {
    let waiting = std::mem::take(&mut state.waiting);
    drop(state);
    waiting.into_iter().for_each(Waker::wake);
}

impl State {
    fn check(&self, cursor: Cursor) -> Result<(), EnvironmentError> {
        let is_kept = cursor.stdout >= self.acked.stdout && cursor.stderr >= self.acked.stderr;
        is_kept.then_some(()).ok_or_else(|| {
            EnvironmentError::Refused("the output asked for was acknowledged, and is forgotten".to_owned())
        })
    }

    fn next(&self, place: &mut Place) -> Option<Followed> {
        // The chunk before may have grown since.
        place.chunk = place.chunk.saturating_sub(1).max(self.first);
        loop {
            let index = usize::try_from(place.chunk - self.first).ok()?;
            let slot = self.chunks.get(index)?;
            place.chunk += 1;
            let Some(chunk) = slot else { continue };
            let stream = stream_of(chunk);
            let (from, to) = (place.cursor.of(stream), end_of(chunk));
            if to <= from {
                continue;
            }
            // Kept chunks are contiguous and none begins behind an admissible cursor.
            let skip = usize::try_from(from.saturating_sub(chunk.offset)).unwrap_or(0);
            *place.cursor.of_mut(stream) = to;
            return Some(Followed::Output { stream, offset: from, bytes: chunk.bytes.slice(skip..) });
        }
    }

    /// Drops what is acknowledged, stopping as soon as each stream has shown something that is not.
    fn forget(&mut self) {
        let mut is_done =
            [self.acked.stdout == self.written.stdout, self.acked.stderr == self.written.stderr];
        let is_all = is_done == [true, true];
        for slot in &mut self.chunks {
            if is_done == [true, true] && !is_all {
                break;
            }
            let Some(chunk) = slot else { continue };
            let acked = self.acked.of(stream_of(chunk));
            if end_of(chunk) <= acked {
                self.held -= chunk.bytes.len() + OVERHEAD;
                *slot = None;
                continue;
            }
            let skip = usize::try_from(acked.saturating_sub(chunk.offset)).unwrap_or(0);
            chunk.bytes.advance(skip);
            chunk.offset += skip as u64;
            self.held -= skip;
            is_done[usize::from(stream_of(chunk) == Stream::Stderr)] = true;
        }
        while let Some(None) = self.chunks.front() {
            self.chunks.pop_front();
            self.first += 1;
        }
    }
}

/// Adds bytes, in place where nobody else holds those before and there is room.
fn join(bytes: &mut Bytes, more: &[u8]) {
    let mut joined = match std::mem::take(bytes).try_into_mut() {
        Ok(unique) => unique,
        Err(shared) => BytesMut::from(&shared[..]),
    };
    joined.extend_from_slice(more);
    *bytes = joined.freeze();
}

const fn stream_of(chunk: &Chunk) -> Stream {
    match chunk.stream {
        act_process::Stream::Stdout => Stream::Stdout,
        act_process::Stream::Stderr => Stream::Stderr,
    }
}

const fn end_of(chunk: &Chunk) -> u64 {
    chunk.offset + chunk.bytes.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use act_core::environment::Ending;
    use act_process::Stream::{Stderr, Stdout};
    use futures_util::FutureExt;

    fn spool(limit: usize, chunks: &[(act_process::Stream, &'static str)]) -> Arc<Spool> {
        let spool = Spool::new(limit);
        let mut offsets = [0, 0];
        for (stream, text) in chunks {
            let offset = &mut offsets[usize::from(*stream == Stderr)];
            spool.take(&Chunk {
                stream: *stream,
                offset: *offset,
                bytes: Bytes::from_static(text.as_bytes()),
            });
            *offset += text.len() as u64;
        }
        Arc::new(spool)
    }

    fn at(stdout: u64, stderr: u64) -> Cursor {
        Cursor { stdout, stderr }
    }

    /// Everything a follower gets without waiting: `o` or `e`, the offset, the text.
    fn followed(spool: &Arc<Spool>, cursor: Cursor) -> Vec<String> {
        let mut stream = Arc::clone(spool).follow(cursor).unwrap();
        let mut seen = Vec::new();
        while let Some(Some(item)) = stream.next().now_or_never() {
            seen.push(match item {
                Ok(Followed::Output { stream, offset, bytes }) => {
                    let letter = if stream == Stream::Stdout { 'o' } else { 'e' };
                    format!("{letter}{offset} {}", String::from_utf8_lossy(&bytes))
                }
                Ok(Followed::Ended(end)) => format!("{:?}", end.how),
                Err(error) => error.to_string(),
            });
        }
        seen
    }

    #[test]
    fn followers_begin_where_they_like_and_end_with_the_end() {
        let spool = spool(1_000, &[(Stdout, "abc"), (Stderr, "x"), (Stdout, "def")]);
        assert_eq!(followed(&spool, at(0, 0)), ["o0 abc", "e0 x", "o3 def"]);
        assert_eq!(followed(&spool, at(2, 1)), ["o2 c", "o3 def"]);
        spool.end(ExecEnd { how: Ending::Stopped, files: Vec::new() });
        assert_eq!(followed(&spool, at(5, 0)), ["e0 x", "o5 f", "Stopped"]);
        assert_eq!(followed(&spool, at(6, 1)), ["Stopped"]);
    }

    #[test]
    fn what_is_acknowledged_is_forgotten_and_makes_room() {
        let spool = spool(150, &[(Stdout, "abc"), (Stderr, "x"), (Stdout, "def")]);
        assert!(!spool.is_ready());
        assert!(spool.ack(at(4, 0)));
        assert!(spool.is_ready());
        assert_eq!(followed(&spool, at(4, 0)), ["e0 x", "o4 ef"]);
        assert!(Arc::clone(&spool).follow(at(3, 0)).is_err());
        assert!(!spool.ack(at(2, 0)), "an older acknowledgement changes nothing");
        assert!(!spool.ack(at(99, 99)));
        assert_eq!(spool.lock().held, 0);
        assert_eq!(followed(&spool, at(6, 1)), Vec::<String>::new());
    }

    #[test]
    fn a_follower_that_was_overtaken_by_an_acknowledgement_is_told() {
        let spool = spool(1_000, &[(Stdout, "abc"), (Stderr, "x"), (Stdout, "def")]);
        let mut stream = Arc::clone(&spool).follow(at(0, 0)).unwrap();
        assert!(stream.next().now_or_never().unwrap().unwrap().is_ok());
        spool.ack(at(6, 0));
        assert!(stream.next().now_or_never().unwrap().unwrap().is_err());
        assert!(stream.next().now_or_never().unwrap().is_none());
    }

    #[test]
    fn what_is_written_letter_by_letter_costs_no_more_than_its_bytes() {
        let limit = 100_000;
        let spool = spool(limit, &[]);
        let mut stream = Arc::clone(&spool).follow(at(0, 0)).unwrap();
        let mut seen = Vec::new();
        let mut written = 0;
        while spool.is_ready() {
            let bytes = Bytes::copy_from_slice(&[b'a' + u8::try_from(written % 26).unwrap()]);
            spool.take(&Chunk { stream: Stdout, offset: written, bytes });
            written += 1;
            // A follower that has seen the chunk before it grew sees the rest.
            while written % 7 == 0
                && let Some(Some(Ok(Followed::Output { offset, bytes, .. }))) = stream.next().now_or_never()
            {
                assert_eq!(offset, seen.len() as u64);
                seen.extend_from_slice(&bytes);
            }
        }
        assert!(written > 98_000, "{written}");
        assert_eq!(seen.len() as u64, written - written % 7);
        assert!((0..).zip(&seen).all(|(at, byte)| *byte == b'a' + u8::try_from(at % 26).unwrap()));
        spool.ack(at(written, 0));
        assert_eq!(spool.lock().held, 0);
    }
}
