//! Rewrites regular expressions of .NET, with its option `ECMAScript`, for `fancy-regex`.
//!
//! What differs: `\d \w \s` mean ASCII; an escaped character without meaning stands for itself; `[` and
//! `&&` in a class and a lone `{` are plain text; `\033` is octal; named groups are numbered after the
//! others. Left as they are: `\b` next to letters beyond ASCII. Refused: conditions, balancing groups and
//! the option `n`, which no known matcher uses.
//!
//! Source: dotnet/runtime `RegexParser.cs`.

mod class;
mod escape;

use std::fmt::Write;

use escape::Escape;

/// A pattern for `fancy-regex`.
#[derive(Debug)]
pub(super) struct Translated {
    pub(super) text: String,
    /// .NET's number of a group to its place among all groups; 0 is the whole match.
    pub(super) groups: Vec<usize>,
}

/// Rewrites a pattern; the error says what is wrong with it.
pub(super) fn translate(pattern: &str) -> Result<Translated, String> {
    let groups = Names::read(pattern)?.numbers();
    let mut writer =
        Writer { rest: pattern, out: String::with_capacity(pattern.len() + 16), groups: &groups };
    while let Some(c) = writer.next() {
        writer.write(c)?;
    }
    Ok(Translated { text: writer.out, groups: groups.places })
}

/// The named and unnamed groups of a pattern, in order.
#[derive(Default)]
struct Names<'a>(Vec<Option<&'a str>>);

/// The groups by number, and the names of the last ones.
struct Groups<'a> {
    places: Vec<usize>,
    names: Vec<(&'a str, usize)>,
}

impl<'a> Names<'a> {
    fn read(pattern: &'a str) -> Result<Self, String> {
        let mut names = Self::default();
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            let after = &rest[c.len_utf8()..];
            rest = match c {
                '\\' => after.get(after.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default(),
                '[' => class::read(after)?.1,
                '(' => {
                    let open = Open::read(after)?;
                    match open.kind {
                        Kind::Plain => names.0.push(None),
                        Kind::Named(name) => names.0.push(Some(name)),
                        Kind::Other | Kind::Comment => {}
                    }
                    open.rest
                }
                _ => after,
            };
        }
        Ok(names)
    }

    fn numbers(&self) -> Groups<'a> {
        let all = || self.0.iter().zip(1..);
        let mut places = vec![0];
        places.extend(all().filter(|(name, _)| name.is_none()).map(|(_, place)| place));
        let mut names: Vec<(&'a str, usize)> = Vec::new();
        for (name, place) in all() {
            let Some(name) = name else { continue };
            if !names.iter().any(|(known, _)| known == name) {
                names.push((name, place));
                places.push(place);
            }
        }
        Groups { places, names }
    }
}

/// What follows an opening parenthesis.
struct Open<'a> {
    kind: Kind<'a>,
    /// As to be written.
    text: &'a str,
    rest: &'a str,
}

enum Kind<'a> {
    Plain,
    Named(&'a str),
    /// Captures nothing.
    Other,
    Comment,
}

impl<'a> Open<'a> {
    fn read(after: &'a str) -> Result<Self, String> {
        let Some(inner) = after.strip_prefix('?') else {
            return match after.starts_with('*') {
                true => Err("Quantifier '*' following nothing.".to_owned()),
                false => Ok(Self { kind: Kind::Plain, text: "", rest: after }),
            };
        };
        if inner.starts_with('#') {
            let (_, rest) = inner.split_once(')').ok_or("Unterminated (?#...) comment.")?;
            return Ok(Self { kind: Kind::Comment, text: "", rest });
        }
        for kind in [":", "=", "!", ">", "<=", "<!"] {
            if let Some(rest) = inner.strip_prefix(kind) {
                return Ok(Self { kind: Kind::Other, text: &after[..=kind.len()], rest });
            }
        }
        match (inner.strip_prefix('<'), inner.strip_prefix('\'')) {
            (Some(name), _) => Self::named(name, '>'),
            (_, Some(name)) => Self::named(name, '\''),
            _ => Self::options(after, inner),
        }
    }

    fn named(name: &'a str, close: char) -> Result<Self, String> {
        let (name, rest) = name.split_once(close).ok_or("Unrecognized grouping construct.")?;
        if name.is_empty() || !name.chars().all(|c| c == '_' || c.is_alphanumeric()) {
            return Err("Invalid group name.".to_owned());
        }
        Ok(Self { kind: Kind::Named(name), text: "", rest })
    }

    fn options(after: &'a str, inner: &'a str) -> Result<Self, String> {
        let end = inner.find(|c: char| !"imsx-".contains(c)).unwrap_or(inner.len());
        if !inner[end..].starts_with([':', ')']) {
            return Err("Unrecognized grouping construct.".to_owned());
        }
        // The parenthesis of `(?i)` is left to be written as any other.
        let end = if inner[end..].starts_with(':') { end + 1 } else { end };
        Ok(Self { kind: Kind::Other, text: &after[..=end], rest: &inner[end..] })
    }
}

struct Writer<'a> {
    rest: &'a str,
    out: String,
    groups: &'a Groups<'a>,
}

impl Writer<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn write(&mut self, c: char) -> Result<(), String> {
        match c {
            '\\' => return self.escape(),
            '[' => {
                let (class, rest) = class::read(self.rest)?;
                self.out.push_str(&class);
                self.rest = rest;
            }
            '(' => {
                let open = Open::read(self.rest)?;
                if !matches!(open.kind, Kind::Comment) {
                    self.out.push('(');
                    self.out.push_str(open.text);
                }
                self.rest = open.rest;
            }
            '{' => self.brace(),
            '}' | ']' => literal(&mut self.out, c),
            c => self.out.push(c),
        }
        Ok(())
    }

    /// `{2}`, `{2,}` and `{2,3}` repeat; any other brace is plain text.
    fn brace(&mut self) {
        let bounds = self.rest.split_once('}').map(|(bounds, _)| bounds).unwrap_or_default();
        let (low, high) = bounds.split_once(',').unwrap_or((bounds, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if low.is_empty() || !digits(low) || !digits(high) {
            return literal(&mut self.out, '{');
        }
        self.out.push('{');
        self.out.push_str(bounds);
        self.out.push('}');
        self.rest = &self.rest[bounds.len() + 1..];
    }

    fn escape(&mut self) -> Result<(), String> {
        let (escape, rest) = escape::read(self.rest, self.groups.places.len())?;
        self.rest = rest;
        match escape {
            Escape::Literal(c) => literal(&mut self.out, c),
            Escape::Set { ranges, negated } => class::write_set(&mut self.out, ranges, negated),
            Escape::Property(text) => {
                self.out.push('\\');
                self.out.push_str(text);
            }
            Escape::Assertion(text) => self.out.push_str(text),
            Escape::Group(number) => self.back_reference(self.groups.places.get(number).copied())?,
            Escape::Name(name) => {
                let place = self.groups.names.iter().find(|(known, _)| *known == name);
                self.back_reference(place.map(|(_, place)| *place))?;
            }
        }
        Ok(())
    }

    fn back_reference(&mut self, place: Option<usize>) -> Result<(), String> {
        let place = place.ok_or("Reference to undefined group.")?;
        // In a group of its own, so that a digit behind it stays apart.
        write!(self.out, "(?:\\{place})").map_err(|error| error.to_string())
    }
}

/// Writes a character that stands for itself.
fn literal(out: &mut String, c: char) {
    match c {
        ' ' => out.push_str("\\x20"),
        // Escaped, these two would be ends of words.
        '<' | '>' => out.push(c),
        c if c.is_ascii_punctuation() => {
            out.push('\\');
            out.push(c);
        }
        c => out.push(c),
    }
}
