//! What to run, what comes out of it, and how it ends. Data only.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;

use crate::ladder::LadderTimes;
use crate::tail::Linger;

/// Names and values. Of entries of one name the last one counts.
pub type Variables<'a> = Vec<(Cow<'a, OsStr>, Cow<'a, OsStr>)>;

/// One process to start.
///
/// Its standard input is empty, and it leads a process group of its own.
#[derive(Clone, Debug)]
pub struct Spec<'a> {
    /// Program and arguments. A program without `/` is looked up on the `PATH` of `env`.
    pub argv: Vec<Cow<'a, OsStr>>,
    /// The whole environment: nothing is inherited.
    pub env: Variables<'a>,
    /// Must be a folder.
    pub cwd: Cow<'a, Path>,
    /// From start to the stop ladder.
    pub timeout: Option<Duration>,
    /// How it is stopped.
    pub ladder: LadderTimes,
    /// How long output is read once it has exited.
    pub linger: Linger,
}

/// Which of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    pub(crate) const BOTH: [Self; 2] = [Self::Stdout, Self::Stderr];

    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Stdout => 0,
            Self::Stderr => 1,
        }
    }
}

/// Some bytes of one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Which stream.
    pub stream: Stream,
    /// Where the bytes begin in it, from 0.
    pub offset: u64,
    /// 1 byte to 64 KiB.
    pub bytes: Bytes,
}

/// Where output goes. Called from the thread that drives the process, never concurrently.
///
/// Chunks of one stream are contiguous. Between the streams the order is that of arrival: two pipes
/// carry no common clock, so what a process wrote to both at nearly one time may swap places.
pub trait Sink {
    /// Whether more is welcome. While it is not, nothing is read and the process stalls on a full pipe,
    /// yet timeout and stop ladder go on. [`Control::resume`](crate::Control::resume) has it asked again.
    fn is_ready(&self) -> bool;

    /// Takes a chunk; must not block for long. Whose bytes are kept by nobody, their buffer takes in the next ones.
    fn take(&self, chunk: &Chunk);
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself; a signal counts as 128 + its number.
    Exited {
        /// The exit code.
        code: u32,
    },
    /// Its timeout had it stopped, whatever code it left with.
    TimedOut,
    /// It was stopped on request, whatever code it left with.
    Stopped,
    /// Nobody can say how, or it would not die.
    Lost {
        /// What is known.
        why: String,
    },
}
