//! One problem matcher and how far it has come: the state machine over several lines.
//!
//! Source: actions/runner `IssueMatcher.cs`.

use std::sync::Arc;

use act_core::record::{Captured, MatcherPoint};

use super::pattern::{Groups, Line, Pattern, TooLong};
use crate::remark::Remark;

/// A matcher as its file describes it, checked.
#[derive(Debug)]
pub(super) struct Matcher {
    pub(super) owner: String,
    /// Where a line says none; empty for none.
    pub(super) severity: String,
    /// Where a line says none; empty for none.
    pub(super) from_path: String,
    /// At least one.
    pub(super) patterns: Vec<Pattern>,
}

/// A complete match.
#[derive(Debug)]
pub(super) struct Matched {
    pub(super) captured: Captured,
    /// The line as the last pattern saw it.
    pub(super) text: String,
}

/// A matcher at work on a stream.
#[derive(Debug)]
pub(super) struct Running {
    matcher: Arc<Matcher>,
    /// What each pattern but the last one found, while the next one may still go on from it.
    state: Vec<Option<Captured>>,
    given_up: bool,
}

impl Running {
    pub(super) fn new(matcher: Arc<Matcher>) -> Self {
        let state = vec![None; matcher.patterns.len() - 1];
        Self { matcher, state, given_up: false }
    }

    /// Makes one that goes on from where another one was.
    pub(super) fn resume(matcher: Arc<Matcher>, point: &MatcherPoint) -> Self {
        let mut running = Self::new(matcher);
        if point.begun.len() == running.state.len() {
            running.state.clone_from(&point.begun);
        }
        running.given_up = point.given_up;
        running
    }

    /// Returns where it stands.
    pub(super) fn point(&self) -> MatcherPoint {
        let begun = if self.state.iter().any(Option::is_some) { self.state.clone() } else { Vec::new() };
        MatcherPoint { owner: self.matcher.owner.clone(), begun, given_up: self.given_up }
    }

    /// Whether it stands at its beginning.
    pub(super) fn is_new(&self) -> bool {
        !self.given_up && self.state.iter().all(Option::is_none)
    }

    pub(super) fn is_of(&self, matcher: &Arc<Matcher>) -> bool {
        Arc::ptr_eq(&self.matcher, matcher)
    }

    pub(super) fn reset(&mut self) {
        self.state.fill(None);
    }

    /// Takes the next line. Later patterns look first, so that a line goes on before it begins anew.
    pub(super) fn step(&mut self, line: &Line<'_>) -> Result<Option<Matched>, TooLong> {
        if self.given_up {
            return Ok(None);
        }
        let matcher = Arc::clone(&self.matcher);
        let last = matcher.patterns.len() - 1;
        for (at, pattern) in matcher.patterns.iter().enumerate().rev() {
            let before = match at.checked_sub(1) {
                None => None,
                Some(before) if self.state[before].is_none() => continue,
                Some(before) => self.state[before].clone(),
            };
            match pattern.captures(line)? {
                Some(groups) if at == last => return Ok(Some(self.complete(pattern, before, &groups))),
                Some(groups) => self.state[at] = Some(read(before, pattern, &groups)),
                None if at == last => self.interrupt(),
                None => self.state[at] = None,
            }
        }
        Ok(None)
    }

    /// Ends the way to the last pattern; for a single pattern there is none.
    fn interrupt(&mut self) {
        if let Some(before) = self.state.last_mut() {
            *before = None;
        }
    }

    fn complete(&mut self, pattern: &Pattern, before: Option<Captured>, groups: &Groups<'_>) -> Matched {
        self.reset();
        let mut captured = read(before.clone(), pattern, groups);
        fill(&mut captured.severity, &self.matcher.severity);
        fill(&mut captured.from_path, &self.matcher.from_path);
        if pattern.repeats
            && let Some(kept) = self.state.last_mut()
        {
            *kept = before;
        }
        Matched { captured, text: groups.text.to_owned() }
    }

    /// Takes part no more. GitHub tries three times first; here a second try cannot end otherwise.
    pub(super) fn give_up(&mut self) -> Remark {
        self.given_up = true;
        Remark::warning(format!(
            "Removing issue matcher '{}'. Matcher failed 3 times. Error: The Regex engine has timed out while trying to match a pattern to an input string. This can occur for many reasons, including very large inputs or excessive backtracking caused by nested quantifiers, back-references and other factors.",
            self.matcher.owner
        ))
    }
}

/// Adds what a pattern captured to what those before it did; the first one to set a property counts.
fn read(before: Option<Captured>, pattern: &Pattern, groups: &Groups<'_>) -> Captured {
    let before = before.unwrap_or_default();
    let set = |old: Option<String>, group: Option<usize>| old.or_else(|| Some(groups.get(group?).to_owned()));
    Captured {
        file: set(before.file, pattern.file),
        line: set(before.line, pattern.line),
        column: set(before.column, pattern.column),
        severity: set(before.severity, pattern.severity),
        code: set(before.code, pattern.code),
        message: set(before.message, pattern.message),
        from_path: set(before.from_path, pattern.from_path),
    }
}

fn fill(value: &mut Option<String>, default: &str) {
    if value.as_deref().unwrap_or_default().is_empty() && !default.is_empty() {
        *value = Some(default.to_owned());
    }
}
