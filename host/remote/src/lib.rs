//! A far machine as an [`Environment`](act_core::environment::Environment): one session with its agent, over any stream
//! of bytes.
//!
//! ```text
//! remote   the port                       link    dials, greets, reads and writes until the stream ends; again
//! desk     what is asked and awaited,     follow  one process's output on its way to who follows it
//!          whatever becomes of streams    send, fetch   trees and files in chunks, from where they broke off
//! dial     how streams are made, and what is known when none can be made     proof   what follows from that
//! node     a Node.js for machines that have none
//! ```
//! A lost stream is no error: whatever was asked is asked again in the next one, whatever is followed goes on at its
//! cursor. Only a machine that is gone, or stays silent for longer than the configured patience, ends a session; then
//! the proofs that are left decide what became of each process, and none of them makes a success of a guess.
#![warn(missing_docs)]

mod config;
mod convert;
mod desk;
mod dial;
mod fetch;
mod follow;
mod link;
mod node;
mod proof;
mod remote;
mod send;

pub use config::RemoteConfig;
pub use dial::{ByteStream, Dial, DialError, Verdict};
pub use node::NodeFinder;
pub use remote::Remote;
