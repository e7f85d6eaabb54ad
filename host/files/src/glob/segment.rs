//! Matches one segment of a path, between two `/`, against one segment of a pattern.
//!
//! Source: `minimatch` 10 with `dot`, `nobrace`, `noext`, as `@actions/glob` uses it (`ast.js`,
//! `brace-expressions.js`). Named classes follow Rust's Unicode tables, which differ from JavaScript's
//! property escapes in a few rare characters.

/// One segment of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// `**`: any number of segments.
    Globstar,
    /// One segment that says this.
    Tokens(Vec<Token>),
}

/// One part of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Char(char),
    /// `?`
    Any,
    /// `*`
    Star,
    /// `[…]`
    Class(Class),
    /// A class that can match nothing spoils the rest of its segment.
    Never,
}

/// A set of characters. `without` holds the named classes that are defined by what they lack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Class {
    negated: bool,
    within: Vec<Item>,
    without: Vec<Named>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Range(char, char),
    Named(Named),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Alnum,
    Alpha,
    Ascii,
    Blank,
    Cntrl,
    Digit,
    /// Separators and controls: what `[:graph:]` lacks.
    Unseen,
    Lower,
    Punct,
    Space,
    Upper,
    Word,
    Xdigit,
}

/// Name, meaning, and whether the meaning is what the class lacks.
const NAMED: [(&str, Named, bool); 14] = [
    ("[:alnum:]", Named::Alnum, false),
    ("[:alpha:]", Named::Alpha, false),
    ("[:ascii:]", Named::Ascii, false),
    ("[:blank:]", Named::Blank, false),
    ("[:cntrl:]", Named::Cntrl, false),
    ("[:digit:]", Named::Digit, false),
    ("[:graph:]", Named::Unseen, true),
    ("[:lower:]", Named::Lower, false),
    // So it stands in the original: exactly what should be left out.
    ("[:print:]", Named::Cntrl, false),
    ("[:punct:]", Named::Punct, false),
    ("[:space:]", Named::Space, false),
    ("[:upper:]", Named::Upper, false),
    ("[:word:]", Named::Word, false),
    ("[:xdigit:]", Named::Xdigit, false),
];

impl Segment {
    /// Reads a segment; everything means something, so nothing is refused.
    pub(super) fn parse(text: &str) -> Self {
        if text == "**" {
            return Self::Globstar;
        }
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let after = &rest[first.len_utf8()..];
            let (token, left) = match (first, after.chars().next()) {
                ('*', _) => (Token::Star, after),
                ('?', _) => (Token::Any, after),
                ('\\', Some(escaped)) => (Token::Char(escaped), &after[escaped.len_utf8()..]),
                ('[', _) => class(after).unwrap_or((Token::Char('['), after)),
                _ => (Token::Char(first), after),
            };
            if !(token == Token::Star && tokens.last() == Some(&Token::Star)) {
                tokens.push(token);
            }
            rest = left;
        }
        Self::Tokens(tokens)
    }

    /// Whether a whole segment of a path fits. A lone `*` wants at least one character.
    pub(super) fn fits(&self, segment: &str) -> bool {
        match self {
            Self::Globstar => false,
            Self::Tokens(tokens) if *tokens == [Token::Star] => !segment.is_empty(),
            Self::Tokens(tokens) => fits(tokens, segment),
        }
    }
}

/// Walks both from the left; at a mismatch the last star takes one character more.
fn fits(tokens: &[Token], text: &str) -> bool {
    let mut token = 0;
    let mut rest = text.chars();
    let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let mut ahead = rest.clone();
        match (tokens.get(token), ahead.next()) {
            (Some(Token::Star), _) => {
                token += 1;
                retry = Some((token, rest.clone()));
            }
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted.takes(found) => {
                token += 1;
                rest = ahead;
            }
            _ => {
                let Some((star, from)) = &mut retry else { return false };
                if from.next().is_none() {
                    return false;
                }
                token = *star;
                rest = from.clone();
            }
        }
    }
}

impl Token {
    fn takes(&self, found: char) -> bool {
        match self {
            Self::Char(wanted) => *wanted == found,
            Self::Any => true,
            Self::Class(class) => class.takes(found),
            Self::Star | Self::Never => false,
        }
    }
}

impl Class {
    fn takes(&self, found: char) -> bool {
        let within = self.within.iter().any(|item| match item {
            Item::Range(from, to) => (*from..=*to).contains(&found),
            Item::Named(named) => named.takes(found),
        });
        let without = !self.without.is_empty() && !self.without.iter().any(|named| named.takes(found));
        match self.negated {
            false => within || without,
            true => (!self.within.is_empty() && !within) || (!self.without.is_empty() && !without),
        }
    }
}

/// Reads a class from behind its `[`; `None` if it is never closed.
fn class(text: &str) -> Option<(Token, &str)> {
    let mut class = Class { negated: text.starts_with(['!', '^']), ..Class::default() };
    let mut rest = &text[usize::from(class.negated)..];
    let mut is_first = true;
    let mut from: Option<char> = None;
    loop {
        let mut c = rest.chars().next()?;
        let mut after = &rest[c.len_utf8()..];
        if c == ']' && !is_first {
            return Some((class.finish(), after));
        }
        is_first = false;
        if c == '['
            && let Some((name, named, lacks)) = NAMED.iter().find(|(name, ..)| rest.starts_with(name))
        {
            if from.is_some() {
                return Some((Token::Never, ""));
            }
            if *lacks {
                class.without.push(*named)
            } else {
                class.within.push(Item::Named(*named))
            }
            rest = &rest[name.len()..];
            continue;
        }
        if c == '\\' {
            c = after.chars().next()?;
            after = &after[c.len_utf8()..];
        }
        rest = after;
        if let Some(start) = from.take() {
            // A range the wrong way round is left out.
            if start <= c {
                class.within.push(Item::Range(start, c));
            }
        } else if after.starts_with("-]") {
            class.within.extend([Item::Range(c, c), Item::Range('-', '-')]);
            rest = &after[1..];
        } else if let Some(end) = after.strip_prefix('-') {
            from = Some(c);
            rest = end;
        } else {
            class.within.push(Item::Range(c, c));
        }
    }
}

impl Class {
    fn finish(self) -> Token {
        if self.within.is_empty() && self.without.is_empty() { Token::Never } else { Token::Class(self) }
    }
}

impl Named {
    fn takes(self, c: char) -> bool {
        match self {
            Self::Alnum => c.is_alphanumeric(),
            Self::Alpha => c.is_alphabetic(),
            Self::Ascii => c.is_ascii(),
            Self::Blank => {
                c == '\t' || c == ' ' || (c.is_whitespace() && !c.is_control() && !is_line_break(c))
            }
            Self::Cntrl => c.is_control(),
            Self::Digit => {
                if c.is_ascii() {
                    c.is_ascii_digit()
                } else {
                    c.is_numeric()
                }
            }
            Self::Unseen => c.is_control() || c.is_whitespace(),
            Self::Lower => c.is_lowercase(),
            // JavaScript's \p{P} leaves symbols out: $ + < = > ^ ` | ~
            Self::Punct => c.is_ascii_punctuation() && !"$+<=>^`|~".contains(c),
            Self::Space => c.is_whitespace(),
            Self::Upper => c.is_uppercase(),
            Self::Word => c.is_alphanumeric() || c == '_',
            Self::Xdigit => c.is_ascii_hexdigit(),
        }
    }
}

const fn is_line_break(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_fit_as_minimatch_says() {
        for (pattern, text, fits) in [
            ("a", "a", true),
            ("a", "A", false),
            ("*", "", false),
            ("*", ".hidden", true),
            ("**a", "xa", true),
            ("*.rs", ".rs", true),
            ("a*b*c", "axxbyybzc", true),
            ("a*b*c", "axxbyybz", false),
            ("?", "é", true),
            ("??", "a", false),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("a\\", "a\\", true),
            ("{a,b}", "a", false),
            ("{a,b}", "{a,b}", true),
            ("+(a)", "aa", false),
            ("[abc]", "b", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]", "b", false),
            ("[^a-c]", "d", true),
            ("[]a]", "]", true),
            ("[!]a]", "]", false),
            ("[a-]", "-", true),
            ("[c-a]", "b", false),
            ("[c-ax]", "x", true),
            ("[\\]]", "]", true),
            ("[a", "[a", true),
            ("[]", "[]", true),
            ("[[:digit:]]", "7", true),
            ("[[:digit:]x]", "x", true),
            ("[![:digit:]]", "7", false),
            ("[[:graph:]]", " ", false),
            ("[[:graph:]]", "a", true),
            ("[![:graph:]]", "a", false),
            ("[a-[:alpha:]]", "a", false),
        ] {
            assert_eq!(Segment::parse(pattern).fits(text), fits, "{pattern} on {text}");
        }
    }
}
