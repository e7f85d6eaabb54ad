//! Finds messages of compilers and linters in the lines that processes print: problem matchers.
//!
//! [`Matchers`] is the job's: which matchers there are, newest first. [`Stream`] is that of one stream of
//! one process: how far matchers of several lines have come in it. Neither looks at files: see
//! [`Found::path`] for what is left to the caller.
//!
//! Patterns see each line as it is, colours and all, as on GitHub; its runner means to take colours out
//! first, but looks for NUL and `33[` instead of ESC and `[` (actions/runner issue 2341). So patterns in
//! use expect colours. A pattern that does not fit is tried without them, as was meant.
//!
//! Source: actions/runner `OutputManager.cs`, `IssueMatcher.cs`, `ExecutionContext.cs`; ADR 0276.

mod config;
mod dialect;
mod found;
mod pattern;
mod running;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use act_core::record::MatcherPoint;

use crate::command::same;
use crate::remark::Remark;

pub use config::{MatcherError, check, owners};
pub use found::{Found, is_config_of};
use pattern::Line;
use running::{Matcher, Running};

/// The problem matchers of a job. Built again by adding and removing the same things in the same order.
#[derive(Debug, Default)]
pub struct Matchers {
    /// First one first.
    matchers: Vec<Arc<Matcher>>,
    /// Counts changes, so that streams notice.
    version: u64,
}

/// How far the matchers have come in one stream of one process. Belongs to the [`Matchers`] that made it.
#[derive(Debug)]
pub struct Stream {
    running: Vec<Running>,
    version: u64,
}

/// What was seen in a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// A problem; then its [`Found::text`] is shown instead of the line. Else the line is plain output.
    pub found: Option<Found>,
    /// What to tell first.
    pub remarks: Vec<Remark>,
}

impl Matchers {
    /// Returns whether there are none: then every line is plain output.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.matchers.is_empty()
    }

    /// Returns the owners, first one first.
    pub fn owners(&self) -> impl Iterator<Item = &str> {
        self.matchers.iter().map(|matcher| matcher.owner.as_str())
    }

    /// Adds the matchers of a file before the others; one with the owner of another replaces it. Returns
    /// what to tell; nothing for a file without matchers.
    ///
    /// # Errors
    /// [`MatcherError`], and nothing is added.
    pub fn add(&mut self, json: &str) -> Result<Option<Remark>, MatcherError> {
        let added = config::read(json)?;
        if added.is_empty() {
            return Ok(None);
        }
        let names = quoted(added.iter().map(|matcher| matcher.owner.as_str()));
        let old = std::mem::take(&mut self.matchers);
        self.matchers = added.into_iter().map(Arc::new).collect();
        let new = self.matchers.len();
        for matcher in old {
            if !self.matchers[..new].iter().any(|known| same(&known.owner, &matcher.owner)) {
                self.matchers.push(matcher);
            }
        }
        self.version += 1;
        Ok(Some(Remark::debug(format!(
            "Added matchers: {names}. Problem matchers scan action output for known warning or error strings and report these inline."
        ))))
    }

    /// Removes the matcher of an owner, whatever its case. Returns what to tell.
    pub fn remove(&mut self, owner: &str) -> Remark {
        let gone = self.matchers.extract_if(.., |matcher| same(owner, &matcher.owner));
        let names = quoted(gone.map(|matcher| matcher.owner.clone()));
        self.version += 1;
        Remark::debug(format!("Removed matchers: {names}"))
    }

    /// Begins a stream.
    #[must_use]
    pub fn stream(&self) -> Stream {
        let running = self.matchers.iter().map(|matcher| Running::new(Arc::clone(matcher))).collect();
        Stream { running, version: self.version }
    }

    /// Takes a stream up where it was left by [`Matchers::point`].
    #[must_use]
    pub fn resume(&self, points: &[MatcherPoint]) -> Stream {
        if points.is_empty() {
            return self.stream();
        }
        let running = points.iter().filter_map(|point| {
            let matcher = self.matchers.iter().find(|matcher| matcher.owner == point.owner)?;
            Some(Running::resume(Arc::clone(matcher), point))
        });
        Stream { running: running.collect(), version: self.version }
    }

    /// Returns where a stream that [follows](Matchers::follow) stands; nothing if it is as a new one would be.
    #[must_use]
    pub fn point(&self, stream: &Stream) -> Vec<MatcherPoint> {
        let is_listed =
            |(running, listed): (&Running, &Arc<Matcher>)| running.is_new() && running.is_of(listed);
        let same_number = stream.running.len() == self.matchers.len();
        if same_number && stream.running.iter().zip(&self.matchers).all(is_listed) {
            return Vec::new();
        }
        stream.running.iter().map(Running::point).collect()
    }

    /// Lets a stream know what was added and removed. To be called after each such change: the order in which a stream
    /// tries its matchers depends on it.
    ///
    /// Source: `OutputManager.OnMatcherChanged`.
    pub fn follow(&self, stream: &mut Stream) {
        if stream.version != self.version {
            stream.follow(self);
        }
    }

    /// Looks at the next line of a stream. Lines that are commands are not shown to it.
    pub fn scan(&self, stream: &mut Stream, line: &str) -> Scanned {
        if self.matchers.is_empty() {
            return Scanned::default();
        }
        self.follow(stream);
        stream.scan(&Line::new(line))
    }
}

impl Stream {
    /// Takes over changes: what was there keeps its state, what is new goes first, one after the other.
    fn follow(&mut self, matchers: &Matchers) {
        self.version = matchers.version;
        self.running.retain(|running| matchers.matchers.iter().any(|listed| running.is_of(listed)));
        for listed in &matchers.matchers {
            if !self.running.iter().any(|running| running.is_of(listed)) {
                self.running.insert(0, Running::new(Arc::clone(listed)));
            }
        }
    }

    fn scan(&mut self, line: &Line<'_>) -> Scanned {
        let mut scanned = Scanned::default();
        for at in 0..self.running.len() {
            match self.running[at].step(line) {
                Ok(None) => {}
                Ok(Some(matched)) => {
                    for (other, running) in self.running.iter_mut().enumerate() {
                        if other != at {
                            running.reset();
                        }
                    }
                    scanned.found = found::convert(matched, &mut scanned.remarks);
                    if scanned.found.is_some() {
                        break;
                    }
                }
                Err(pattern::TooLong) => scanned.remarks.push(self.running[at].give_up()),
            }
        }
        scanned
    }
}

fn quoted(names: impl Iterator<Item = impl std::fmt::Display>) -> String {
    names.map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}
