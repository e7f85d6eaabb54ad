//! The session between a host and the agent on a far machine: what is said, how it is framed, and how large it may be.
//!
//! ```text
//! hello     who speaks for which launch, in which version     message   all that is said after that
//! exec      a process: what to run, how it ended              frame     bytes on the way, bounded
//! pack      a tree of files as one stream of bytes            parting   what a machine leaves behind when it ends
//! squeeze   bodies made smaller
//! ```
//! Nothing in here does IO or knows a clock. Any stream of bytes carries a session, and a session outlives its streams:
//! everything that is asked may be asked again. A process is named by its id and started once, output is named by its
//! offset, an upload by what it holds. So there is no number of a message that both sides would have to keep beyond
//! their own death; frames are numbered within one stream only, to notice one that loses or repeats something.
//!
//! Neither side trusts the other's bytes: whatever they are, reading them gives a message or an error.
#![warn(missing_docs)]

mod exec;
mod frame;
mod hello;
mod message;
mod pack;
mod parting;
mod squeeze;

pub use exec::{Collected, Content, Cursor, End, Ending, FileIn, Spec, Stop, Stream, Wish};
pub use frame::{Decoder, Encoder, Frame, FrameError, Side};
pub use hello::{Hello, Machine, Refusal, Roots, Welcome};
pub use message::{Answer, Ask, Failure, Kind, Source, Stamp, ToAgent, ToHost};
pub use pack::{Entry, EntryKind, PackError, end_pack, pack_entry, unpack_entry};
pub use parting::{Parting, PartingEnd};

/// The version of everything after [`Hello`] and its reply.
pub const VERSION: u32 = 1;

/// Bytes of one frame that goes to the agent: arguments and variables of a process may be some megabytes.
pub const MAX_TO_AGENT: usize = 16 * 1024 * 1024;

/// Bytes of one frame that goes to the host, which talks to hundreds of agents and believes none of them.
pub const MAX_TO_HOST: usize = 1024 * 1024;

/// Bytes of output, of a file or of a tree that go in one frame. Nothing smaller than a frame gets through a stream that
/// ends early, so they are small; and others need not wait long behind one.
pub const CHUNK: usize = 32 * 1024;

/// Files of one process that ride with its start or its end, bytes together; what is larger goes in chunks.
pub const INLINE: usize = 32 * 1024;
