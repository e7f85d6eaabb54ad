//! A pattern of a problem matcher, and the line it looks at.

use std::borrow::Cow;

use fancy_regex::{Captures, Regex, RegexBuilder};

use super::dialect;

/// Stands for GitHub's limit of one second, but is the same on every machine. Patterns without
/// look-around and back-references take linear time and never come near.
const BACKTRACKS: usize = 5_000_000;

/// Instructions of a compiled pattern, at the most.
const PROGRAM_LIMIT: usize = 100_000;

/// A regular expression, and which of its groups hold what.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) regex: Compiled,
    pub(super) file: Option<usize>,
    pub(super) line: Option<usize>,
    pub(super) column: Option<usize>,
    pub(super) severity: Option<usize>,
    pub(super) code: Option<usize>,
    pub(super) message: Option<usize>,
    pub(super) from_path: Option<usize>,
    /// `loop`: goes on from the same state, line after line.
    pub(super) repeats: bool,
}

/// A regular expression that was written for .NET.
#[derive(Debug)]
pub(super) struct Compiled {
    regex: Regex,
    /// .NET's number of a group to that of [`Regex`].
    groups: Vec<usize>,
}

/// Matching took too many steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// A line with colours, and without where it has any.
pub(super) struct Line<'a> {
    raw: &'a str,
    plain: Option<String>,
}

/// The groups of a match.
pub(super) struct Groups<'a> {
    captures: Captures<'a, str>,
    numbers: &'a [usize],
    /// The line as the pattern saw it.
    pub(super) text: &'a str,
}

impl Compiled {
    /// Compiles a pattern; the error says why not.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        let translated = dialect::translate(pattern)?;
        let regex = RegexBuilder::new(&translated.text)
            .backtrack_limit(BACKTRACKS)
            .max_prog_size(PROGRAM_LIMIT)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { regex, groups: translated.groups })
    }

    /// Counts the groups, with that of the whole match.
    pub(super) const fn group_count(&self) -> usize {
        self.groups.len()
    }

    pub(super) fn captures<'a>(&'a self, text: &'a str) -> Result<Option<Groups<'a>>, TooLong> {
        // Most lines do not match, and to see this much is cheaper than to capture.
        if !self.regex.is_match(text).map_err(|_| TooLong)? {
            return Ok(None);
        }
        let captures = self.regex.captures(text).map_err(|_| TooLong)?;
        Ok(captures.map(|captures| Groups { captures, numbers: &self.groups, text }))
    }
}

impl Pattern {
    pub(super) fn captures<'a>(&'a self, line: &'a Line<'_>) -> Result<Option<Groups<'a>>, TooLong> {
        match (self.regex.captures(line.raw)?, &line.plain) {
            (None, Some(plain)) => self.regex.captures(plain),
            (groups, _) => Ok(groups),
        }
    }
}

impl Groups<'_> {
    /// Returns what a group captured; empty if it took no part.
    pub(super) fn get(&self, number: usize) -> &str {
        let group = self.numbers.get(number).and_then(|at| self.captures.get(*at));
        group.map_or("", |group| group.as_str())
    }
}

impl<'a> Line<'a> {
    pub(super) fn new(raw: &'a str) -> Self {
        let plain = match without_colours(raw) {
            Cow::Borrowed(_) => None,
            Cow::Owned(plain) => Some(plain),
        };
        Self { raw, plain }
    }
}

/// Takes out ESC, `[`, digits and semicolons, and an `m`.
fn without_colours(text: &str) -> Cow<'_, str> {
    const START: &str = "\x1b[";
    // One byte is found several times as fast as two.
    if !text.contains('\x1b') || !text.contains(START) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split(START);
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        plain.push_str(rest.strip_prefix('m').unwrap_or(rest));
    }
    Cow::Owned(plain)
}
