//! The state folder: what outlives a process.
//!
//! ```text
//! <root>/runs/<RunId>/events.jsonl    the masked log of a run: one Envelope a line          log, read
//! <root>/runs/<RunId>/journal.jsonl   private (0600): frozen inputs and records             log, journal
//! <root>/runs/<RunId>/owner           locked while a living process writes the run          owner
//! <root>/numbers/                     run numbers of workflow files                         numbers
//! <root>/groups/                      lines and seats of concurrency groups                 groups
//! ```
//!
//! Who lives is told by locks of open files, which the system drops with the process, never by pids
//! or by time. The root is the caller's: nothing here reads the environment or a clock.
#![warn(missing_docs)]

mod error;
mod files;
mod groups;
mod journal;
mod line;
mod log;
mod numbers;
mod owner;
mod read;
mod runs;

pub use error::{LogError, ReadError, ResolveError, StoreError};
pub use groups::FileGroups;
pub use journal::{Entry, Frozen, Journal};
pub use log::{Appended, RunLog};
pub use numbers::next_run_number;
pub use read::{LogReader, Span};
pub use runs::{Ended, KeepRuns, Pruned, RunState, RunSummary, Runs};
