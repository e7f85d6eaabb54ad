//! One filter pattern: parsing, matching, and what is wrong with it.
//!
//! A pattern is matched against the whole name by walking a small automaton, all states at once: the time is
//! bounded by pattern length times name length, whatever the pattern (no backtracking).

use std::fmt;

/// One pattern of `branches`, `tags`, `paths` and their `-ignore` forms.
///
/// | text | meaning |
/// |---|---|
/// | `*` | any run of characters other than `/` |
/// | `**` | any run of characters |
/// | `**/` at the start of a path segment | zero or more whole segments |
/// | `?` | zero or one of what stands before it |
/// | `+` | one or more of what stands before it |
/// | `[abc]` `[a-z]` | one of these; ranges within `a-z`, `A-Z`, `0-9` |
/// | `!` in front | takes back what earlier patterns of the list matched |
/// | `\` | the next character stands for itself |
///
/// Names are compared with regard to case. A `?` or `+` with nothing before it stands for itself.
///
/// Source: GitHub docs, "Workflow syntax", *filter pattern cheat sheet*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    negated: bool,
    atoms: Vec<Atom>,
}

/// Why a text is no pattern. The offsets count characters from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternProblem {
    /// The text is empty.
    #[error("a pattern must not be empty")]
    Empty,
    /// The text is `!` alone.
    #[error("at least one character must follow '!'")]
    BareNegation,
    /// A `[` is never closed.
    #[error("the '[' at character {at} has no closing ']'")]
    UnclosedClass {
        /// Where the `[` stands.
        at: usize,
    },
    /// `[]` can match nothing.
    #[error("the '[]' at character {at} lists no character")]
    EmptyClass {
        /// Where the `[` stands.
        at: usize,
    },
    /// A range that is backwards, or not within one of the three alphabets.
    #[error("the range '{from}-{to}' at character {at} is not within a-z, A-Z or 0-9")]
    BadRange {
        /// First character of the range.
        from: char,
        /// Last character of the range.
        to: char,
        /// Where the range starts.
        at: usize,
    },
    /// The text ends in a lone `\`.
    #[error("nothing follows the '\\' at the end")]
    DanglingEscape,
}

/// A text that is no pattern, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid pattern '{pattern}': {problem}")]
pub struct PatternError {
    /// The text as written.
    pub pattern: String,
    /// What is wrong with it.
    pub problem: PatternProblem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Atom {
    Chars(Set, Repeat),
    /// `**/` at the start of a segment: nothing, or anything up to and with a `/`.
    Segments,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Set {
    One(char),
    NotSlash,
    Any,
    Class(Vec<(char, char)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Once,
    Optional,
    OneOrMore,
    Any,
}

impl Pattern {
    /// Reads one pattern.
    ///
    /// # Errors
    /// [`PatternError`] with the text and the first thing wrong in it.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let (negated, body) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let parsed = if text.is_empty() {
            Err(PatternProblem::Empty)
        } else if body.is_empty() {
            Err(PatternProblem::BareNegation)
        } else {
            Parser::new(body, usize::from(negated)).run()
        };
        match parsed {
            Ok(atoms) => Ok(Self { text: text.to_owned(), negated, atoms }),
            Err(problem) => Err(PatternError { pattern: text.to_owned(), problem }),
        }
    }

    /// Whether the pattern starts with `!`.
    #[must_use]
    pub fn is_negated(&self) -> bool {
        self.negated
    }

    /// The pattern as written, with its `!`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Says why no path of a repository can match, for patterns where that is plain to see.
    ///
    /// Paths are relative to the root and written without `./`, which is a common slip.
    #[must_use]
    pub fn never_matches_a_path(&self) -> Option<&'static str> {
        let body = self.text.strip_prefix('!').unwrap_or(&self.text);
        if body.starts_with("./") {
            Some("paths are relative to the repository's root and never start with './'")
        } else if body.starts_with("../") {
            Some("paths never lead out of the repository")
        } else if body.starts_with('/') {
            Some("paths are relative to the repository's root and never start with '/'")
        } else if body.starts_with(' ') || body.ends_with(' ') {
            Some("the pattern starts or ends with a space, which is part of the name to match")
        } else {
            None
        }
    }

    /// Whether the pattern, its `!` aside, matches the whole of `name`.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let mut now = States::new(self.atoms.len());
        let mut next = States::new(self.atoms.len());
        self.enter(0, &mut now);
        for c in name.chars() {
            for &state in &now.list {
                self.advance(state, c, &mut next);
            }
            std::mem::swap(&mut now, &mut next);
            next.clear();
            if now.list.is_empty() {
                return false;
            }
        }
        now.contains(2 * self.atoms.len())
    }

    /// Enters the state before atom `index`, and all states reached without reading a character.
    fn enter(&self, index: usize, states: &mut States) {
        let mut index = index;
        while states.add(2 * index) {
            match self.atoms.get(index) {
                Some(Atom::Segments | Atom::Chars(_, Repeat::Optional | Repeat::Any)) => index += 1,
                Some(Atom::Chars(..)) | None => break,
            }
        }
    }

    /// Reads `c` in `state`. Even states stand before an atom, odd ones inside [`Atom::Segments`].
    fn advance(&self, state: usize, c: char, next: &mut States) {
        let index = state / 2;
        match self.atoms.get(index) {
            None => {}
            Some(Atom::Segments) => {
                let inside = state % 2 == 1;
                if inside && c == '/' {
                    self.enter(index, next);
                } else {
                    next.add(2 * index + 1);
                }
            }
            Some(Atom::Chars(set, repeat)) if set.holds(c) => {
                if matches!(repeat, Repeat::OneOrMore | Repeat::Any) {
                    self.enter(index, next);
                }
                self.enter(index + 1, next);
            }
            Some(Atom::Chars(..)) => {}
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The set of states the automaton is in: a list to walk and a bit for each to ask.
struct States {
    list: Vec<usize>,
    present: Vec<bool>,
}

impl States {
    fn new(atoms: usize) -> Self {
        Self { list: Vec::new(), present: vec![false; 2 * atoms + 2] }
    }

    /// Adds a state; `false` if it was there already.
    fn add(&mut self, state: usize) -> bool {
        let added = !self.present[state];
        if added {
            self.present[state] = true;
            self.list.push(state);
        }
        added
    }

    fn contains(&self, state: usize) -> bool {
        self.present[state]
    }

    fn clear(&mut self) {
        for state in self.list.drain(..) {
            self.present[state] = false;
        }
    }
}

impl Set {
    fn holds(&self, c: char) -> bool {
        match self {
            Self::One(only) => *only == c,
            Self::NotSlash => c != '/',
            Self::Any => true,
            Self::Class(ranges) => ranges.iter().any(|&(from, to)| (from..=to).contains(&c)),
        }
    }
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    /// Characters of the written text before `chars`, so that offsets in errors fit what was written.
    before: usize,
    atoms: Vec<Atom>,
}

impl Parser {
    fn new(body: &str, before: usize) -> Self {
        Self { chars: body.chars().collect(), at: 0, before, atoms: Vec::new() }
    }

    fn run(mut self) -> Result<Vec<Atom>, PatternProblem> {
        while let Some(c) = self.take() {
            match c {
                '*' => self.star(),
                '?' | '+' if !self.atoms.is_empty() => self.repeat(c),
                '[' => self.class()?,
                '\\' => {
                    let escaped = self.take().ok_or(PatternProblem::DanglingEscape)?;
                    self.push(Set::One(escaped), Repeat::Once);
                }
                other => self.push(Set::One(other), Repeat::Once),
            }
        }
        Ok(self.atoms)
    }

    fn take(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied();
        self.at += usize::from(c.is_some());
        c
    }

    fn take_if(&mut self, wanted: char) -> bool {
        let found = self.chars.get(self.at) == Some(&wanted);
        self.at += usize::from(found);
        found
    }

    fn push(&mut self, set: Set, repeat: Repeat) {
        self.atoms.push(Atom::Chars(set, repeat));
    }

    fn star(&mut self) {
        let opens_segment = matches!(
            self.atoms.last(),
            None | Some(Atom::Segments | Atom::Chars(Set::One('/'), Repeat::Once))
        );
        if !self.take_if('*') {
            self.push(Set::NotSlash, Repeat::Any);
        } else if opens_segment && self.take_if('/') {
            self.atoms.push(Atom::Segments);
        } else {
            self.push(Set::Any, Repeat::Any);
        }
    }

    /// Folds `?` or `+` into the atom before; on one that repeats already the two combine (`a+?` is `a*`).
    fn repeat(&mut self, mark: char) {
        let Some(Atom::Chars(_, repeat)) = self.atoms.last_mut() else {
            return; // `**/` already stands for zero or more
        };
        *repeat = match (*repeat, mark) {
            (Repeat::Once, '?') => Repeat::Optional,
            (Repeat::Once, _) => Repeat::OneOrMore,
            (Repeat::Optional, '?') => Repeat::Optional,
            (Repeat::OneOrMore, '+') => Repeat::OneOrMore,
            (Repeat::Optional | Repeat::OneOrMore | Repeat::Any, _) => Repeat::Any,
        };
    }

    fn class(&mut self) -> Result<(), PatternProblem> {
        let at = self.before + self.at;
        let mut ranges = Vec::new();
        loop {
            let start = self.before + self.at + 1;
            let from = match self.take().ok_or(PatternProblem::UnclosedClass { at })? {
                ']' if ranges.is_empty() => return Err(PatternProblem::EmptyClass { at }),
                ']' => break,
                '\\' => self.take().ok_or(PatternProblem::UnclosedClass { at })?,
                other => other,
            };
            let to = self.range_end().unwrap_or(from);
            if to != from && !within_one_alphabet(from, to) {
                return Err(PatternProblem::BadRange { from, to, at: start });
            }
            ranges.push((from, to));
        }
        self.push(Set::Class(ranges), Repeat::Once);
        Ok(())
    }

    /// Takes `-x` if it is there; a `-` right before `]` stands for itself.
    fn range_end(&mut self) -> Option<char> {
        let to = *self.chars.get(self.at + 1)?;
        if self.chars[self.at] != '-' || to == ']' {
            return None;
        }
        self.at += 2;
        Some(to)
    }
}

fn within_one_alphabet(from: char, to: char) -> bool {
    let alphabet = ['a'..='z', 'A'..='Z', '0'..='9'];
    from <= to && alphabet.iter().any(|range| range.contains(&from) && range.contains(&to))
}
