//! What a scalar means: YAML 1.2 core schema when plain, text otherwise, unless a tag says more.
//!
//! Port of the `Match…` and `Parse…` methods of `YamlObjectReader.cs`.

use super::events::Scalar;
use crate::source::Span;
use crate::token::TokenKind;
use saphyr_parser::ScalarStyle;

const BOOLEAN: &str = "tag:yaml.org,2002:bool";
const FLOAT: &str = "tag:yaml.org,2002:float";
const INTEGER: &str = "tag:yaml.org,2002:int";
const NULL: &str = "tag:yaml.org,2002:null";
const STRING: &str = "tag:yaml.org,2002:str";

/// Why a scalar has no value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ScalarError<'a> {
    Style { style: &'static str, tag: &'a str },
    Tag { tag: &'a str },
    Value { value: &'a str, tag: &'a str },
}

impl ScalarError<'_> {
    /// GitHub's text, which names the place itself.
    pub(super) fn message(&self, at: &Span) -> String {
        let Span { line, column, .. } = at;
        match self {
            Self::Style { style, tag } => {
                format!(
                    "The scalar style '{style}' on line {line} and column {column} is not valid with the tag '{tag}'"
                )
            }
            Self::Tag { tag } => format!("Unexpected tag '{tag}'"),
            Self::Value { value, tag } => {
                format!(
                    "The value '{value}' on line {line} and column {column} is invalid for the type '{tag}'"
                )
            }
        }
    }
}

impl Scalar {
    /// The value of the scalar (`AllowLiteral`).
    pub(super) fn resolve(&self) -> Result<TokenKind, ScalarError<'_>> {
        let text = &*self.text;
        match self.tag.as_deref() {
            Some(STRING) => Ok(self.string()),
            Some(tag) => self.tagged(tag),
            None if self.style != ScalarStyle::Plain => Ok(self.string()),
            None => {
                if is_null(text) {
                    return Ok(TokenKind::Null);
                }
                if let Some(value) = boolean(text) {
                    return Ok(TokenKind::Bool(value));
                }
                // Most scalars are words: do not ask every rule of numbers about them.
                if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
                    return Ok(self.string());
                }
                let number = match integer(text)? {
                    Some(number) => Some(number),
                    None => float(text),
                };
                Ok(number.map_or_else(|| self.string(), TokenKind::Number))
            }
        }
    }

    fn string(&self) -> TokenKind {
        TokenKind::String(self.text.clone())
    }

    fn tagged<'a>(&'a self, tag: &'a str) -> Result<TokenKind, ScalarError<'a>> {
        if self.style != ScalarStyle::Plain {
            return Err(ScalarError::Style { style: style_name(self.style), tag });
        }
        let text = &*self.text;
        let value = match tag {
            BOOLEAN => boolean(text).map(TokenKind::Bool),
            FLOAT => float(text).map(TokenKind::Number),
            INTEGER => integer(text)?.map(TokenKind::Number),
            NULL => is_null(text).then_some(TokenKind::Null),
            _ => return Err(ScalarError::Tag { tag }),
        };
        value.ok_or(ScalarError::Value { value: text, tag })
    }
}

/// Names of YamlDotNet.
const fn style_name(style: ScalarStyle) -> &'static str {
    match style {
        ScalarStyle::Plain => "Plain",
        ScalarStyle::SingleQuoted => "SingleQuoted",
        ScalarStyle::DoubleQuoted => "DoubleQuoted",
        ScalarStyle::Literal => "Literal",
        ScalarStyle::Folded => "Folded",
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "null" | "Null" | "NULL" | "~")
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// `[-+]?[0-9]+`, `0x…`, `0o…`; the last two are 32-bit patterns and an error when wider.
fn integer(text: &str) -> Result<Option<f64>, ScalarError<'_>> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.parse().ok());
    }
    let (digits, radix) = match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) => (digits, 8),
        (None, None) => return Ok(None),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Ok(None);
    }
    match u32::from_str_radix(digits, radix) {
        Ok(bits) => Ok(Some(f64::from(bits.cast_signed()))),
        Err(_) => Err(ScalarError::Value { value: text, tag: INTEGER }),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, `[-+]?.inf`, `.nan`.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => {
            return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
        }
        ".nan" | ".NaN" | ".NAN" if unsigned.len() == text.len() => return Some(f64::NAN),
        _ => {}
    }
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let bytes = unsigned.as_bytes();
    let whole = digits(bytes);
    let mut end = whole;
    let mut fraction = 0;
    if bytes.get(end) == Some(&b'.') {
        fraction = digits(&bytes[end + 1..]);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let start = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
        let exponent = digits(bytes.get(start..)?);
        if exponent == 0 {
            return None;
        }
        end = start + exponent;
    }
    (end == bytes.len()).then(|| text.parse().ok())?
}
