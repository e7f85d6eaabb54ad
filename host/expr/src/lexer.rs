//! Cuts a source into tokens and checks that each may follow the one before it.
//!
//! Ported from `LexicalAnalyzer.cs`. The lexer also keeps the open brackets, so a closing one that closes
//! nothing is found here, before anything is built.

use crate::error::ParseErrorKind;
use crate::number;
use crate::parse::narrow;
use smallvec::SmallVec;
use std::ops::Range;

/// An operator between values, or `!` before one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operator {
    /// `!`
    Not,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `==`
    Equal,
    /// `&&`
    And,
    /// `||`
    Or,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TokenKind {
    /// `(` around a part.
    StartGroup,
    /// `[`
    StartIndex,
    /// `(` after the name of a function.
    StartParameters,
    /// `)` of a group.
    EndGroup,
    /// `]`
    EndIndex,
    /// `)` of a function.
    EndParameters,
    /// `,`
    Separator,
    /// `.`
    Dereference,
    /// `*`
    Wildcard,
    Operator(Operator),
    Null,
    Boolean(bool),
    Number(f64),
    String,
    PropertyName,
    Function,
    NamedValue,
    /// The analysis stops here.
    Unexpected(ParseErrorKind),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    /// Bytes of the source.
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Token {
    pub(crate) const fn span(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl TokenKind {
    /// Whether a value may end with this token.
    const fn ends_value(self) -> bool {
        match self {
            Self::Null | Self::Boolean(_) | Self::Number(_) | Self::String => true,
            _ => self.ends_collection(),
        }
    }

    /// Whether something that can be indexed may end with this token.
    const fn ends_collection(self) -> bool {
        matches!(
            self,
            Self::EndGroup
                | Self::EndParameters
                | Self::EndIndex
                | Self::Wildcard
                | Self::PropertyName
                | Self::NamedValue
        )
    }

    /// Whether a value must begin after this token.
    const fn expects_value(self) -> bool {
        matches!(
            self,
            Self::Separator | Self::StartGroup | Self::StartParameters | Self::StartIndex | Self::Operator(_)
        )
    }

    /// Whether this token may come after `last`; `None` stands for the start of the source.
    fn may_follow(self, last: Option<Self>) -> bool {
        let starts_value = last.is_none_or(Self::expects_value);
        let after = |allowed: fn(Self) -> bool| last.is_some_and(allowed);
        match self {
            Self::StartGroup
            | Self::Operator(Operator::Not)
            | Self::Null
            | Self::Boolean(_)
            | Self::Number(_)
            | Self::String
            | Self::Function
            | Self::NamedValue => starts_value,
            Self::StartIndex | Self::Dereference => after(Self::ends_collection),
            Self::StartParameters => last == Some(Self::Function),
            Self::EndParameters => last == Some(Self::StartParameters) || after(Self::ends_value),
            Self::EndGroup | Self::EndIndex | Self::Separator | Self::Operator(_) => after(Self::ends_value),
            Self::Wildcard => matches!(last, Some(Self::StartIndex | Self::Dereference)),
            Self::PropertyName => last == Some(Self::Dereference),
            Self::Unexpected(_) => false,
        }
    }
}

/// Reads one token after another.
pub(crate) struct Lexer<'a> {
    source: &'a str,
    at: usize,
    last: Option<TokenKind>,
    /// `StartGroup`, `StartIndex` and `StartParameters` not closed yet.
    open: SmallVec<[TokenKind; 8]>,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self { source, at: 0, last: None, open: SmallVec::new() }
    }

    /// Whether a bracket is still open.
    pub(crate) fn has_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// The next token; `None` at the end of the source.
    pub(crate) fn next(&mut self) -> Option<Token> {
        self.at = self.skip_blanks(self.at);
        let start = self.at;
        let &byte = self.source.as_bytes().get(start)?;
        let read = self.read(byte);
        let kind = self.check(read);
        self.last = Some(kind);
        Some(Token { kind, start: narrow(start), end: narrow(self.at) })
    }

    /// Reads past one token and says what it looks like, wherever it stands.
    fn read(&mut self, byte: u8) -> TokenKind {
        match byte {
            b'(' if self.last == Some(TokenKind::Function) => self.single(TokenKind::StartParameters),
            b'(' => self.single(TokenKind::StartGroup),
            b'[' => self.single(TokenKind::StartIndex),
            b')' if self.open.last() == Some(&TokenKind::StartParameters) => {
                self.single(TokenKind::EndParameters)
            }
            b')' => self.single(TokenKind::EndGroup),
            b']' => self.single(TokenKind::EndIndex),
            b',' => self.single(TokenKind::Separator),
            b'*' => self.single(TokenKind::Wildcard),
            b'\'' => self.string(),
            b'!' | b'>' | b'<' | b'=' | b'&' | b'|' => self.operator(byte),
            b'.' if self.last.is_none_or(TokenKind::expects_value) => self.number(),
            b'.' => self.single(TokenKind::Dereference),
            b'-' | b'+' | b'0'..=b'9' => self.number(),
            _ => self.keyword(),
        }
    }

    const fn single(&mut self, kind: TokenKind) -> TokenKind {
        self.at += 1;
        kind
    }

    fn number(&mut self) -> TokenKind {
        let text = self.take_token(Dots::Belong);
        let number = number::parse(text);
        if number.is_nan() {
            TokenKind::Unexpected(ParseErrorKind::IllegalToken)
        } else {
            TokenKind::Number(number)
        }
    }

    fn keyword(&mut self) -> TokenKind {
        let text = self.take_token(Dots::End);
        if !is_legal_keyword(text) {
            return TokenKind::Unexpected(ParseErrorKind::IllegalToken);
        }
        if self.last == Some(TokenKind::Dereference) {
            return TokenKind::PropertyName;
        }
        match text {
            "null" => TokenKind::Null,
            "true" => TokenKind::Boolean(true),
            "false" => TokenKind::Boolean(false),
            "NaN" => TokenKind::Number(f64::NAN),
            "Infinity" => TokenKind::Number(f64::INFINITY),
            _ if self.source.as_bytes().get(self.skip_blanks(self.at)) == Some(&b'(') => TokenKind::Function,
            _ => TokenKind::NamedValue,
        }
    }

    fn string(&mut self) -> TokenKind {
        let bytes = self.source.as_bytes();
        self.at += 1;
        while let Some(&byte) = bytes.get(self.at) {
            self.at += 1;
            if byte == b'\'' {
                if bytes.get(self.at) != Some(&b'\'') {
                    return TokenKind::String;
                }
                self.at += 1;
            }
        }
        TokenKind::Unexpected(ParseErrorKind::IllegalToken)
    }

    fn operator(&mut self, first: u8) -> TokenKind {
        let second = self.source.as_bytes().get(self.at + 1).copied().unwrap_or_default();
        let (operator, length) = match (first, second) {
            (b'!', b'=') => (Operator::NotEqual, 2),
            (b'>', b'=') => (Operator::GreaterOrEqual, 2),
            (b'<', b'=') => (Operator::LessOrEqual, 2),
            (b'=', b'=') => (Operator::Equal, 2),
            (b'&', b'&') => (Operator::And, 2),
            (b'|', b'|') => (Operator::Or, 2),
            (b'!', _) => (Operator::Not, 1),
            (b'>', _) => (Operator::Greater, 1),
            (b'<', _) => (Operator::Less, 1),
            _ => {
                self.take_token(Dots::End);
                return TokenKind::Unexpected(ParseErrorKind::IllegalToken);
            }
        };
        self.at += length;
        TokenKind::Operator(operator)
    }

    /// Checks a token against what came before, and keeps account of brackets.
    fn check(&mut self, kind: TokenKind) -> TokenKind {
        use TokenKind::{
            EndGroup, EndIndex, EndParameters, Separator, StartGroup, StartIndex, StartParameters,
        };
        if matches!(kind, TokenKind::Unexpected(_)) {
            return kind;
        }
        let inside = self.open.last();
        let legal = kind.may_follow(self.last)
            && match kind {
                EndGroup => inside == Some(&StartGroup),
                EndIndex => inside == Some(&StartIndex),
                EndParameters | Separator => inside == Some(&StartParameters),
                _ => true,
            };
        if !legal {
            // A dot where none may stand begins a number that is none: the test suite counts it as such.
            let is_dot = kind == TokenKind::Dereference;
            let error = if is_dot { ParseErrorKind::IllegalToken } else { ParseErrorKind::MisplacedToken };
            return TokenKind::Unexpected(error);
        }
        match kind {
            StartGroup | StartIndex | StartParameters => self.open.push(kind),
            EndGroup | EndIndex | EndParameters => drop(self.open.pop()),
            _ => {}
        }
        kind
    }

    /// Moves past the current character and on to where a token ends; returns what it passed.
    fn take_token(&mut self, dots: Dots) -> &'a str {
        let start = self.at;
        let bytes = self.source.as_bytes();
        let char_length = |at| char_at(self.source, at).map_or(1, char::len_utf8);
        let mut at = start + char_length(start);
        while let Some(&byte) = bytes.get(at) {
            if !ENDS_TOKEN[usize::from(byte)] || (byte == b'.' && dots == Dots::Belong) {
                at += 1;
            } else if byte.is_ascii() || blank_length(self.source, at, byte) > 0 {
                break;
            } else {
                at += char_length(at);
            }
        }
        self.at = at;
        self.source.get(start..at).unwrap_or_default()
    }

    fn skip_blanks(&self, from: usize) -> usize {
        let mut at = from;
        while let Some(&byte) = self.source.as_bytes().get(at) {
            let length = blank_length(self.source, at, byte);
            if length == 0 {
                break;
            }
            at += length;
        }
        at
    }
}

/// How many bytes the blank takes that starts here; 0 when it is none.
fn blank_length(source: &str, at: usize, first: u8) -> usize {
    if first.is_ascii() {
        return usize::from(matches!(first, b'\t'..=b'\r' | b' '));
    }
    match char_at(source, at) {
        Some(c) if c.is_whitespace() => c.len_utf8(),
        _ => 0,
    }
}

fn char_at(source: &str, at: usize) -> Option<char> {
    source.get(at..)?.chars().next()
}

/// Whether a `.` belongs to the token, as in a number, or ends it.
#[derive(Clone, Copy, PartialEq)]
enum Dots {
    Belong,
    End,
}

/// Bytes before which a token ends (`TestTokenBoundary`), and those that take a closer look.
const ENDS_TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = byte >= 0x80
            || matches!(
                byte as u8,
                b'(' | b'[' | b')' | b']' | b',' | b'.' | b'!' | b'>' | b'<' | b'=' | b'&' | b'|' | b'\t'
                    ..=b'\r' | b' '
            );
        byte += 1;
    }
    table
};

/// Whether a text is a name: a letter or `_`, then letters, digits, `_` and `-`, ASCII only.
#[must_use]
pub fn is_legal_keyword(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}
