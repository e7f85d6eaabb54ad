//! One line of a glob: which paths it takes, and where a search for it begins.
//!
//! Source: `@actions/glob` 0.7 `internal-pattern.ts` and `internal-path-helper.ts` as they work on
//! Linux and macOS, and `matchOne` of `minimatch` 10.

use super::segment::Segment;

/// What a pattern, or several, take of a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) folder: bool,
    pub(super) file: bool,
}

impl Taken {
    pub(super) const fn is_any(self) -> bool {
        self.folder || self.file
    }
}

/// One pattern, made absolute.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) negated: bool,
    /// The longest leading part without wildcards: where to look.
    pub(super) search_path: String,
    /// Added to take what lies below whatever the written pattern takes.
    implicit: bool,
    folders_only: bool,
    ends_in_globstar: bool,
    /// Absolute, with single slashes, none at the end.
    text: String,
    segments: Vec<Segment>,
}

/// A pattern that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// Nothing is left after `!`.
    #[error("pattern cannot be empty")]
    Empty,
    /// `.` or `..` as a segment.
    #[error("Invalid pattern '{0}'. Relative pathing '.' and '..' is not allowed.")]
    Relative(String),
    /// `~` where no home folder is known.
    #[error("Unable to determine HOME directory")]
    NoHome,
}

impl Pattern {
    /// Reads one trimmed, non-empty line. `here` and `home` are absolute.
    pub(super) fn parse(line: &str, here: &str, home: Option<&str>) -> Result<Self, InvalidPattern> {
        let mut rest = line.trim();
        let mut negated = false;
        while let Some(after) = rest.strip_prefix('!') {
            negated = !negated;
            rest = after.trim();
        }
        let text = single_slashes(&absolute(rest, here, home)?);
        let folders_only = text.ends_with('/');
        Ok(Self::new(negated, false, folders_only, without_last_slash(&text)))
    }

    /// Returns the pattern for everything below what this one takes, unless it takes that already.
    pub(super) fn descendants(&self) -> Option<Self> {
        let wanted = self.folders_only || !self.ends_in_globstar;
        let text = format!("{}/**", self.text.trim_end_matches('/'));
        wanted.then(|| Self::new(self.negated, true, false, &text))
    }

    fn new(negated: bool, implicit: bool, folders_only: bool, text: &str) -> Self {
        let literals =
            names(text).map_while(|name| Some(literal(name)).filter(|literal| !literal.is_empty()));
        let mut segments: Vec<Segment> = text.split('/').map(Segment::parse).collect();
        segments.dedup_by(|one, other| *one == Segment::Globstar && *other == Segment::Globstar);
        Self {
            negated,
            search_path: literals.fold("/".to_owned(), |path, name| join(&path, &name)),
            implicit,
            folders_only,
            ends_in_globstar: names(text).last() == Some("**"),
            text: text.to_owned(),
            segments,
        }
    }

    /// Returns what the pattern takes of an absolute path that ends in no slash (but for `/` itself).
    pub(super) fn takes(&self, path: &str) -> Taken {
        let mut names: Vec<&str> = path.split('/').collect();
        if self.ends_in_globstar && !self.implicit && path != "/" {
            // `a/**` takes `a` itself, too.
            names.push("");
        }
        let is_taken = fits(&self.segments, &names);
        Taken { folder: is_taken, file: is_taken && !self.folders_only }
    }

    /// Whether something below a folder may be taken.
    pub(super) fn may_take_below(&self, path: &str) -> bool {
        if path == "/" {
            return true;
        }
        let names: Vec<&str> = path.split('/').collect();
        let head = self.segments.iter().take_while(|segment| **segment != Segment::Globstar);
        let head_fits = head.zip(&names).all(|(segment, name)| segment.fits(name));
        head_fits && (names.len() <= self.segments.len() || self.segments.contains(&Segment::Globstar))
    }
}

/// Whether a path, split at its slashes, fits as a whole.
fn fits(pattern: &[Segment], names: &[&str]) -> bool {
    let Some(first) = pattern.iter().position(|segment| *segment == Segment::Globstar) else {
        return all_fit(pattern, names);
    };
    let last = pattern.iter().rposition(|segment| *segment == Segment::Globstar).unwrap_or(first);
    let (head, tail) = (&pattern[..first], &pattern[last + 1..]);
    if names.len() < head.len() + tail.len() || !all_fit(head, &names[..head.len()]) {
        return false;
    }
    let (mut rest, end) = names[head.len()..].split_at(names.len() - head.len() - tail.len());
    if !all_fit(tail, end) {
        return false;
    }
    // What stands between two globstars may lie anywhere, in order: the leftmost place leaves most room.
    for body in
        pattern[first..=last].split(|segment| *segment == Segment::Globstar).filter(|body| !body.is_empty())
    {
        let Some(at) = rest.windows(body.len()).position(|window| all_fit(body, window)) else {
            return false;
        };
        rest = &rest[at + body.len()..];
    }
    // `a/**` wants something below `a`.
    !tail.is_empty() || !rest.is_empty()
}

fn all_fit(pattern: &[Segment], names: &[&str]) -> bool {
    pattern.len() == names.len() && pattern.iter().zip(names).all(|(segment, name)| segment.fits(name))
}

fn absolute(pattern: &str, here: &str, home: Option<&str>) -> Result<String, InvalidPattern> {
    if pattern.is_empty() {
        return Err(InvalidPattern::Empty);
    }
    let is_rooted = pattern.starts_with('/');
    for (index, name) in names(pattern).map(literal).enumerate() {
        if name == ".." || name == "." && (index > 0 || is_rooted) {
            return Err(InvalidPattern::Relative(pattern.to_owned()));
        }
    }
    let below =
        |prefix: char| pattern.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    Ok(if let Some(rest) = below('.') {
        escape(here) + rest
    } else if let Some(rest) = below('~') {
        escape(home.ok_or(InvalidPattern::NoHome)?) + rest
    } else if is_rooted {
        pattern.to_owned()
    } else {
        join(&escape(here), pattern)
    })
}

/// Escapes what would be a wildcard in a path.
fn escape(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for (index, c) in path.char_indices() {
        let closes = || {
            path[index + 1..].split('/').next().is_some_and(|rest| rest.find(']').is_some_and(|at| at > 0))
        };
        match c {
            '\\' => escaped.push_str("\\\\"),
            '[' if closes() => escaped.push_str("[[]"),
            '?' => escaped.push_str("[?]"),
            '*' => escaped.push_str("[*]"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Returns what a segment without wildcards says, empty for one with.
fn literal(segment: &str) -> String {
    let mut literal = String::new();
    let mut rest = segment;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        let (said, left) = match (c, after.chars().next()) {
            ('*' | '?', _) => return String::new(),
            ('\\', Some(escaped)) => (escaped, &after[escaped.len_utf8()..]),
            ('[', Some(_)) => match set(after) {
                Some((set, _)) if set.chars().count() > 1 => return String::new(),
                Some((set, left)) if !set.is_empty() => (set.chars().next().unwrap_or('['), left),
                _ => (c, after),
            },
            _ => (c, after),
        };
        literal.push(said);
        rest = left;
    }
    literal
}

/// Reads `…]` with its escapes taken off; `None` if it is never closed.
fn set(text: &str) -> Option<(String, &str)> {
    let mut set = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((index, c)) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(_)) => set.extend(chars.next().map(|(_, escaped)| escaped)),
            (']', _) => return Some((set, &text[index + 1..])),
            _ => set.push(c),
        }
    }
    None
}

/// Returns the folder that holds an absolute path; `/` for `/`.
pub(super) fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => &path[..at],
    }
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.ends_with('/') { format!("{path}{name}") } else { format!("{path}/{name}") }
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

fn single_slashes(path: &str) -> String {
    let mut text = path.to_owned();
    while text.contains("//") {
        text = text.replace("//", "/");
    }
    text
}

fn without_last_slash(path: &str) -> &str {
    path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text, "/w", Some("/home/me")).unwrap()
    }

    #[test]
    fn patterns_become_absolute_and_know_where_to_look() {
        for (text, search_path) in [
            ("a", "/w/a"),
            ("**/a", "/w"),
            ("a/b*/c", "/w/a"),
            ("./a", "/w/a"),
            (".", "/w"),
            ("~/a", "/home/me/a"),
            ("/x//y/", "/x/y"),
            ("a/[b]/c", "/w/a/b/c"),
            ("a/[bc]/d", "/w/a"),
            ("a\\*b", "/w/a*b"),
            ("! ! a", "/w/a"),
        ] {
            assert_eq!(pattern(text).search_path, search_path, "{text}");
        }
        assert!(pattern("!a").negated && !pattern("!!a").negated);
        let here = Pattern::parse("x", "/w[1]/a*b", None).unwrap();
        assert_eq!(here.search_path, "/w[1]/a*b/x");
    }

    #[test]
    fn some_patterns_are_refused() {
        for text in ["../a", "a/../b", "a/./b", "a/.", "/./a", "a/[.]/b"] {
            let error = Pattern::parse(text, "/w", None).unwrap_err();
            assert_eq!(error, InvalidPattern::Relative(text.to_owned()));
        }
        assert_eq!(Pattern::parse("!", "/w", None).unwrap_err(), InvalidPattern::Empty);
        assert_eq!(Pattern::parse("~", "/w", None).unwrap_err(), InvalidPattern::NoHome);
    }

    #[test]
    fn paths_are_taken_as_by_the_original() {
        for (text, path, file) in [
            ("a", "/w/a", true),
            ("a", "/w/a/b", false),
            ("a/*", "/w/a/b", true),
            ("a/**", "/w/a", true),
            ("a/**", "/w/a/b/c", true),
            ("a/**", "/w/ab", false),
            ("**/c", "/w/c", true),
            ("**/c", "/w/a/b/c", true),
            ("**/c", "/w/a/b/cc", false),
            ("a/**/c", "/w/a/c", true),
            ("a/**/b/**/c", "/w/a/x/b/y/b/c", true),
            ("a/**/b/**/c", "/w/a/x/c", false),
            ("a/**/b/**", "/w/a/b/c", true),
            ("**/*.lock", "/w/.x/y.lock", true),
            ("a/", "/w/a", false),
        ] {
            assert_eq!(pattern(text).takes(path).file, file, "{text} on {path}");
        }
        assert!(pattern("a/").takes("/w/a").folder);
        assert!(pattern("a").descendants().unwrap().takes("/w/a/b/c").file);
        assert!(!pattern("a").descendants().unwrap().takes("/w/a").file);
        assert!(pattern("a/**").descendants().is_none());
    }

    #[test]
    fn a_search_goes_only_where_something_may_be() {
        for (text, path, may) in [
            ("a/b/c", "/w/a", true),
            ("a/b/c", "/w/x", false),
            ("a/*/c", "/w/a/b/c/d", false),
            ("a/**/c", "/w/a/b/c/d", true),
            ("a/**/c", "/w", true),
            ("a/**/c", "/w/b", false),
            ("a", "/", true),
        ] {
            assert_eq!(pattern(text).may_take_below(path), may, "{text} on {path}");
        }
    }
}
