//! Starts one process, reads what it writes, stops it when told, and leaves nothing behind.
//!
//! It knows bytes, signals and process ids; steps, logs and files are its callers'. There is no async
//! runtime in here, on purpose: one thread that sleeps in `poll(2)` on two pipes, the process and a
//! wake-up serves a host with a runtime and a small static agent without one alike, and it keeps the stop
//! ladder running while a consumer is stuck. Callers choose the thread for the start, which blocks a third of a
//! millisecond, and for the rest; most processes of a job are over in a few, and worth that wait in the same thread.
//!
//! ```text
//! spec     what to run               ladder, tail   pure: when to signal, when to stop reading
//! program  where a program lies      running, pipes the loop that joins them
//! control  stop, resume, abandon     table, look, reap, sweep   /proc, zombies, what outlived its step
//! ```
//! Linux is complete; on other Unix systems there is no `/proc`, so only process groups are reached.
#![warn(missing_docs)]

mod control;
mod error;
mod ladder;
mod look;
mod pipes;
mod program;
mod reap;
mod running;
mod spec;
mod sweep;
mod table;
mod tail;

pub use control::{Control, Stop};
pub use error::SpawnError;
pub use ladder::{Cause, Ladder, LadderTimes, Rung};
pub use program::find_program;
pub use reap::{become_reaper, collect};
pub use running::{Finished, Leftover, Running, start};
pub use spec::{Chunk, End, Sink, Spec, Stream, Variables};
pub use sweep::{Killed, Marker, Sweep, Swept, is_swept, sweep};
pub use tail::Linger;
