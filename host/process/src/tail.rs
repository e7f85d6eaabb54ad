//! Decides when to stop reading the pipes of a process that has exited: a pure state machine.
//!
//! What was in the pipes at the exit is always read. A process in the background may hold them open
//! for ever, so after that reading ends when both are closed, when nothing came for
//! [`Linger::quiet`], or at [`Linger::limit`]. actions/runner waits 5 s for the streams to close
//! (`ProcessExitedHandler` in `ProcessInvoker.cs`), which makes every step that starts a server 5 s long;
//! a helper that ends with its step (`exec > >(tee log)`) is done well within the shorter time.

use std::time::Duration;

use crate::spec::Stream;

/// How long output is awaited from processes that outlive the one started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linger {
    /// A pause this long ends it.
    pub quiet: Duration,
    /// Counted from the exit, it ends then at the latest.
    pub limit: Duration,
}

impl Default for Linger {
    fn default() -> Self {
        Self { quiet: Duration::from_millis(100), limit: Duration::from_secs(1) }
    }
}

/// What is still to be read of one process.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    linger: Linger,
    exited_at: Duration,
    last: Duration,
    /// Bytes to read yet that were written before the exit; `None` once the stream is closed.
    owed: [Option<u64>; 2],
}

impl Tail {
    /// Begins at the exit, with the bytes that each pipe holds, `None` for a closed one.
    pub(crate) const fn new(linger: Linger, now: Duration, owed: [Option<u64>; 2]) -> Self {
        Self { linger, exited_at: now, last: now, owed }
    }

    /// Takes in that bytes were read.
    pub(crate) const fn read(&mut self, stream: Stream, bytes: usize, now: Duration) {
        if let Some(owed) = &mut self.owed[stream.index()] {
            *owed = owed.saturating_sub(bytes as u64);
        }
        self.last = now;
    }

    /// Takes in that a stream reached its end.
    pub(crate) const fn closed(&mut self, stream: Stream) {
        self.owed[stream.index()] = None;
    }

    /// Takes in that the sink lets nobody read: silence means nothing then.
    pub(crate) const fn stalled(&mut self, now: Duration) {
        self.last = now;
    }

    /// Whether reading is over.
    pub(crate) fn is_over(&self, now: Duration) -> bool {
        self.wake_at().is_some_and(|at| at <= now)
    }

    /// Returns when reading is over if nothing more comes; `None` while bytes are owed.
    pub(crate) fn wake_at(&self) -> Option<Duration> {
        match self.owed {
            [None, None] => Some(self.exited_at),
            owed if owed.iter().flatten().any(|owed| *owed > 0) => None,
            _ => Some((self.last + self.linger.quiet).min(self.exited_at + self.linger.limit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINGER: Linger = Linger { quiet: Duration::from_millis(100), limit: Duration::from_millis(1_000) };

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn closed_pipes_end_it_at_once() {
        assert!(Tail::new(LINGER, at(5), [None, None]).is_over(at(5)));
        let mut tail = Tail::new(LINGER, at(5), [Some(3), None]);
        assert!(!tail.is_over(at(5)));
        tail.closed(Stream::Stdout);
        assert!(tail.is_over(at(5)));
    }

    #[test]
    fn what_was_written_before_the_exit_is_read_however_long_it_takes() {
        let mut tail = Tail::new(LINGER, at(0), [Some(10), Some(0)]);
        tail.read(Stream::Stdout, 9, at(5_000));
        assert!(!tail.is_over(at(60_000)));
        tail.read(Stream::Stdout, 1, at(70_000));
        assert!(tail.is_over(at(70_000)));
    }

    #[test]
    fn a_pause_or_the_limit_ends_it() {
        let mut tail = Tail::new(LINGER, at(0), [Some(0), Some(0)]);
        assert!(!tail.is_over(at(99)));
        assert!(tail.is_over(at(100)));
        for now in (50..1_000).step_by(50) {
            assert!(!tail.is_over(at(now)), "{now}");
            tail.read(Stream::Stderr, 1, at(now));
        }
        assert!(tail.is_over(at(1_000)));
    }

    #[test]
    fn a_stalled_sink_is_no_silence() {
        let mut tail = Tail::new(LINGER, at(0), [Some(0), None]);
        tail.stalled(at(300));
        assert!(!tail.is_over(at(350)));
        assert!(tail.is_over(at(400)));
    }
}
