//! A process: what to run, what comes of it. Paths are absolute, as processes on the machine see them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Which of a process's two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How much of each stream, in bytes from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Of standard output.
    pub stdout: u64,
    /// Of standard error.
    pub stderr: u64,
}

impl Cursor {
    /// Returns the offset of one stream.
    #[must_use]
    pub const fn of(self, stream: Stream) -> u64 {
        match stream {
            Stream::Stdout => self.stdout,
            Stream::Stderr => self.stderr,
        }
    }

    /// Returns the offset of one stream, to be moved.
    pub const fn of_mut(&mut self, stream: Stream) -> &mut u64 {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }

    /// Whether both streams are at least as far as in `other`.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        self.stdout >= other.stdout && self.stderr >= other.stderr
    }
}

/// What to run. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Laid over the machine's own variables; later entries win.
    pub env: Vec<(String, String)>,
    /// Put before `PATH`, first entry first.
    pub prepend_path: Vec<String>,
    /// Must exist.
    pub cwd: String,
    /// From start to the stop ladder.
    pub timeout: Option<u64>,
    /// The waits of the stop ladder: from SIGINT to SIGTERM, and from there to killing the tree.
    pub ladder: (u64, u64),
    /// Written before it starts.
    pub files_before: Vec<FileIn>,
    /// Brought back when it has ended.
    pub collect_after: Vec<Wish>,
}

/// A file to write before a process starts; parents are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileIn {
    /// Where.
    pub path: String,
    /// What.
    pub content: Content,
}

/// The bytes of a file that goes in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// Here they are.
    Inline(Bytes),
    /// They came before, in chunks.
    Uploaded {
        /// Of the upload.
        upload: String,
        /// Bytes.
        size: u64,
        /// SHA-256 of them.
        digest: [u8; 32],
    },
}

/// A file to bring back and to remove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Where.
    pub path: String,
    /// Bytes at the most; of a larger file only its size comes back.
    pub limit: u64,
}

/// How hard to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stop {
    /// The whole ladder.
    Ask,
    /// From SIGTERM on.
    Insist,
    /// Kill the tree now.
    Kill,
}

/// The end of a process, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// How.
    pub how: Ending,
    /// All that it wrote.
    pub written: Cursor,
    /// In the order of [`Spec::collect_after`].
    pub files: Vec<Collected>,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// By itself. A signal counts as 128 + its number.
    Exited {
        /// The exit code.
        code: u32,
    },
    /// Stopped by its timeout.
    TimedOut,
    /// Stopped on request.
    Stopped,
    /// Never began.
    NotStarted {
        /// Why, for people.
        reason: String,
    },
    /// Nobody can say. Never success.
    Lost {
        /// What is known.
        why: String,
    },
}

/// What was found of a [`Wish`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Collected {
    /// The whole file.
    Bytes(Bytes),
    /// Larger than the limit.
    TooLarge {
        /// Bytes.
        size: u64,
    },
    /// No such file.
    Missing,
    /// Larger than what rides with an end: kept on the machine, to be read in chunks.
    Kept {
        /// Bytes.
        size: u64,
        /// SHA-256 of them.
        digest: [u8; 32],
    },
}
