//! Ordered lists of patterns, and the two ways a workflow uses them: to admit, or to ignore.

use super::pattern::{Pattern, PatternError};

/// Patterns in the order written. The last one that matches decides: a plain pattern says yes, one with `!`
/// says no, and a name that none matches is a no.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PatternList {
    patterns: Vec<Pattern>,
}

impl PatternList {
    /// Reads all patterns.
    ///
    /// # Errors
    /// One [`PatternError`] for each text that is no pattern, in order.
    pub fn parse<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Result<Self, Vec<PatternError>> {
        let mut patterns = Vec::new();
        let mut errors = Vec::new();
        for text in texts {
            match Pattern::parse(text.as_ref()) {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(Self { patterns }) } else { Err(errors) }
    }

    /// Whether the last pattern that matches `name` is one without `!`.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let deciding = self.patterns.iter().rev().find(|pattern| pattern.matches(name));
        deciding.is_some_and(|pattern| !pattern.is_negated())
    }

    /// Whether the list has a pattern without `!`. One that hasn't can match nothing, and GitHub's
    /// documentation asks for at least one.
    #[must_use]
    pub fn has_positive(&self) -> bool {
        self.patterns.iter().any(|pattern| !pattern.is_negated())
    }

    /// The patterns, in order.
    #[must_use]
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }
}

/// `branches: …` or `branches-ignore: …`; likewise for tags and paths.
///
/// One of the two, never both: GitHub refuses a workflow that gives both for one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Names that the list matches pass.
    Only(PatternList),
    /// Names that the list matches don't pass.
    Ignore(PatternList),
}

impl Filter {
    /// Whether `name` passes.
    #[must_use]
    pub fn admits(&self, name: &str) -> bool {
        match self {
            Self::Only(list) => list.matches(name),
            Self::Ignore(list) => !list.matches(name),
        }
    }

    /// Whether any of `names` passes. None does if there are none: a push that changes no file passes
    /// neither `paths` nor `paths-ignore`.
    pub fn admits_any<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) -> bool {
        names.into_iter().any(|name| self.admits(name.as_ref()))
    }

    /// Whether this is the `-ignore` form.
    #[must_use]
    pub fn is_ignore(&self) -> bool {
        matches!(self, Self::Ignore(_))
    }

    /// The list, in either form.
    #[must_use]
    pub fn list(&self) -> &PatternList {
        match self {
            Self::Only(list) | Self::Ignore(list) => list,
        }
    }
}
