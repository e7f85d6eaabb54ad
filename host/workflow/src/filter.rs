//! Decides whether an event passes the filters that a workflow's `on` puts on it.
//!
//! Three layers, each usable alone: one [`Pattern`], an ordered [`PatternList`] in which the last match
//! wins, and [`select`], which weighs a whole trigger (types, branches, tags, paths …) against the facts of
//! an event and says why not when it says no.
//!
//! GitHub's own evaluation is closed; what is decided here follows its documentation ("Workflow syntax",
//! *filter pattern cheat sheet*). This module knows neither YAML nor files: callers hand in texts, and the
//! list of changed files if they know it.

mod list;
mod pattern;
mod select;

pub use list::{Filter, PatternList};
pub use pattern::{Pattern, PatternError, PatternProblem};
pub use select::{EventFilter, Exclusion, Notice, Selection, select};

#[cfg(test)]
mod tests;
