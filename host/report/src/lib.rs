//! Tells people and programs what a run does. Reads events only, never the engine.
//!
//! ```text
//! terminal   for people, while it runs: plain lines, or with a live part below them       live, paint, clean, end
//! github     GitHub's own log form, for `--log-format github` and `runs logs`
//! json       the log's own lines
//! screen     the lines of several runs on one output, and what runs now below them
//! recorded   `runs`, `runs show`, `runs logs`: the same from a run's log, later
//! tally      what reporters remember of a run
//! ```
//!
//! Whether there is a terminal, how wide it is and whether colour is wanted are the caller's to say.
//! [`words`] says answers and decisions in one line each, for other texts as well.
#![warn(missing_docs)]

pub mod words;

mod clean;
mod duration;
mod end;
mod github;
mod json;
mod live;
mod paint;
mod recorded;
mod screen;
mod tally;
mod terminal;

use std::io;

use act_core::event::Envelope;
use act_store::Appended;
use jiff::Timestamp;

pub use github::{Github, Names};
pub use json::Json;
pub use recorded::{LogFilter, RecordedError, list, logs, show};
pub use screen::{Screen, Seat};
pub use terminal::{Terminal, View, Volume};

/// Takes a run's events in order.
pub trait Reporter: Send {
    /// Takes one event.
    fn event(&mut self, envelope: &Envelope) -> io::Result<()>;

    /// Takes what was written to the log at once, also as its lines.
    fn appended(&mut self, appended: &Appended) -> io::Result<()> {
        appended.envelopes.iter().try_for_each(|envelope| self.event(envelope))
    }

    /// Is told how wide the terminal is, where there is one.
    fn resize(&mut self, _columns: u16) {}

    /// Is called some ten times a second while nothing may happen.
    fn tick(&mut self, _now: Timestamp) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
