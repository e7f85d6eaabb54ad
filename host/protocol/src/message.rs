//! All that is said in a session after it began.
//!
//! Asks have a number of the host's, and an answer with the same number. All of them may be asked again, in another
//! stream, when the answer was lost. What needs no answer (acknowledgements, chunks, heartbeats) has none.

use serde::{Deserialize, Serialize};

use crate::exec::{Cursor, End, Spec, Stop, Stream};
use crate::hello::{Hello, Refusal, Welcome};

/// From the host to the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToAgent {
    /// First of all. Its place in this list stays.
    Hello(Hello),
    /// The host is there.
    Heartbeat,
    /// Wants an answer.
    Ask {
        /// The host's number of it.
        id: u64,
        /// What.
        ask: Ask,
    },
    /// Wants the output of a process from a cursor on, and its end.
    Follow {
        /// The host's number of it, not in use in this stream.
        follow: u32,
        /// Of which process.
        exec: String,
        /// From where.
        cursor: Cursor,
        /// Bytes that may be sent before the host says that it took some.
        window: u64,
    },
    /// The host took so many bytes more of a follow: as many more may be sent.
    Taken {
        /// Which.
        follow: u32,
        /// How many.
        bytes: u64,
    },
    /// Nobody wants to know any more.
    Unfollow {
        /// Which.
        follow: u32,
    },
    /// Output before the cursor is safe with the host, and may be forgotten.
    Ack {
        /// Of which process.
        exec: String,
        /// Up to where.
        cursor: Cursor,
    },
    /// A part of an upload is this frame's body. One that does not begin where the upload ends is left out.
    Chunk {
        /// Which upload.
        upload: String,
        /// Where in it.
        offset: u64,
    },
}

/// What a host asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// Start a process, once per id. Answered by [`Answer::Started`].
    Start {
        /// Its id.
        exec: String,
        /// What to run.
        spec: Spec,
        /// Followed from its first byte on under this number and within this window, if it is new.
        follow: Option<(u32, u64)>,
    },
    /// Stop a process; `Done` also where there is none.
    Stop {
        /// Which.
        exec: String,
        /// How hard.
        how: Stop,
    },
    /// How much of an upload is there? Answered by [`Answer::Held`].
    Open {
        /// Which.
        upload: String,
        /// Forget what is there before.
        afresh: bool,
    },
    /// Write the tree that an upload packs. `Done`, or [`Answer::Held`] where bytes are missing.
    Unpack {
        /// Which upload.
        upload: String,
        /// All its bytes.
        size: u64,
        /// SHA-256 of them.
        digest: [u8; 32],
        /// Where to; made if missing.
        path: String,
    },
    /// Bytes of a file of at most `limit` bytes: the body of [`Answer::Bytes`], `Nothing`, `TooLarge` or `Large`.
    Get {
        /// Which file.
        path: String,
        /// At most.
        limit: u64,
    },
    /// A part of a file, as [`Answer::Part`].
    Read {
        /// Which.
        source: Source,
        /// From where.
        offset: u64,
        /// Bytes at the most.
        length: u32,
    },
    /// What lies at a path, as [`Answer::Kind`].
    Stat {
        /// Where.
        path: String,
    },
    /// `hashFiles`, as [`Answer::Text`].
    HashFiles {
        /// The patterns.
        patterns: Vec<String>,
        /// Whether links are followed.
        follow_links: bool,
    },
    /// Where a program lies, as [`Answer::Text`].
    FindProgram {
        /// Its name.
        name: String,
        /// Looked at before `PATH`.
        prepend_path: Vec<String>,
    },
    /// What a program says of its version, as [`Answer::Text`].
    ProgramVersion {
        /// Where it lies.
        program: String,
    },
    /// Stop everything and end. `Done` when nothing runs any more.
    Shutdown,
}

/// Where a part of a file comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A file that was collected of a process, by its place in the list.
    Collected {
        /// Of which process.
        exec: String,
        /// Which of its files.
        index: u32,
    },
    /// A file where it lies.
    Path(String),
}

/// Which content a file had: inode, size, time of change in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The inode.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970, as far as the disk knows.
    pub changed: i128,
}

/// What lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// What an agent answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// It is done, or there was nothing to do.
    Done,
    /// Whether the process is new.
    Started {
        /// Else its id was known.
        new: bool,
    },
    /// So much of an upload is there.
    Held {
        /// Bytes.
        bytes: u64,
    },
    /// The file is this frame's body.
    Bytes,
    /// There is no such file.
    Nothing,
    /// Larger than the limit.
    TooLarge {
        /// Bytes.
        size: u64,
    },
    /// Within the limit, but to be read in parts.
    Large {
        /// What every part must show.
        stamp: Stamp,
    },
    /// The part is this frame's body; it is empty behind the end.
    Part {
        /// What the file was at that moment.
        stamp: Stamp,
    },
    /// What lies there, if anything does.
    Kind(Option<Kind>),
    /// A text, if there is one.
    Text(Option<String>),
}

/// Why an agent did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// The file system or the request is at fault; the agent lives.
    Refused(String),
    /// The agent is about to end, or its disk is.
    Lost(String),
}

/// From the agent to the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToHost {
    /// The session begins. Its place in this list stays.
    Welcome(Welcome),
    /// There will be none. Its place in this list stays.
    Refused(Refusal),
    /// The agent is there.
    Heartbeat,
    /// Answers an ask.
    Answer {
        /// The host's number.
        id: u64,
        /// What came of it.
        answer: Result<Answer, Failure>,
    },
    /// A follow has begun.
    Following {
        /// Which.
        follow: u32,
    },
    /// A follow cannot begin, or not go on.
    NotFollowing {
        /// Which.
        follow: u32,
        /// Why.
        failure: Failure,
    },
    /// Output is this frame's body; parts of a stream are contiguous.
    Output {
        /// Of which follow.
        follow: u32,
        /// Which stream.
        stream: Stream,
        /// Where the body begins in it.
        offset: u64,
    },
    /// The process has ended, and all its output was sent. The follow is over.
    Ended {
        /// Of which follow.
        follow: u32,
        /// How.
        end: End,
    },
    /// Somebody with a higher epoch took over; the stream ends.
    Fenced,
}
