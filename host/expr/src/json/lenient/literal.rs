//! Names, numbers and comments.

use super::{Reader, is_identifier, number};
use crate::json::JsonError;
use crate::value::Value;

/// Longer integers are refused (`MaximumJavascriptIntegerCharacterLength`).
const MAX_INTEGER_LENGTH: usize = 380;

impl Reader<'_> {
    /// Reads a name such as `true`, which must be followed by something that ends it.
    pub(super) fn literal(&mut self, name: &str, value: Value, message: &str) -> Result<Value, JsonError> {
        let rest = self.source.as_bytes().get(self.at..).unwrap_or_default();
        if self.source[self.at..].chars().nth(name.len() - 1).is_none() {
            self.at = self.source.len();
            return Err(self.error("Unexpected end when reading JSON."));
        }
        let matching =
            rest.iter().zip(name.as_bytes()).take_while(|(found, expected)| found == expected).count();
        self.at += matching;
        if matching == name.len() && self.at_separator() { Ok(value) } else { Err(self.error(message)) }
    }

    /// Whether a name may end here.
    fn at_separator(&self) -> bool {
        match self.peek() {
            None | Some('\0' | '}' | ']' | ',') => true,
            Some('/') => matches!(self.byte(1), Some(b'*' | b'/')),
            Some(c) => c.is_whitespace(),
        }
    }

    pub(super) fn null(&mut self) -> Result<Value, JsonError> {
        match self.byte(1) {
            Some(b'u') => self.literal("null", Value::Null, "Error parsing null value."),
            Some(b'e') => Err(self.error("Unexpected content while parsing JSON.")),
            Some(_) => Err(self.unexpected('n')),
            None => {
                self.at += 1;
                Err(self.error("Unexpected end when reading JSON."))
            }
        }
    }

    /// Reads a number: decimal, hexadecimal after `0x`, or octal after any other leading zero.
    pub(super) fn number(&mut self, first: char) -> Result<Value, JsonError> {
        let start = self.at;
        while let Some(c) = self.peek().filter(|&c| c != '\0') {
            if !matches!(c, '-' | '+' | 'a'..='f' | 'A'..='F' | 'x' | 'X' | '.' | '0'..='9') {
                if c.is_whitespace() || matches!(c, ',' | '}' | ']' | ')' | '/') {
                    break;
                }
                return Err(
                    self.error(&format!("Unexpected character encountered while parsing number: {c}."))
                );
            }
            self.at += 1;
        }
        let text = &self.source[start..self.at];
        let other_base = first == '0' && !matches!(text.as_bytes().get(1), None | Some(b'.' | b'e' | b'E'));
        if !other_base && integer_digits(text).is_some() && text.len() > MAX_INTEGER_LENGTH {
            return Err(self.number_error(&format!("JSON integer {text} is too large to parse.")));
        }
        let number = if other_base { based(text) } else { decimal(text) };
        match number {
            Some(number) => Ok(Value::Number(number)),
            None => Err(self.number_error(&format!("Input string '{text}' is not a valid number."))),
        }
    }

    /// When a number fails, Newtonsoft has already counted it as a value.
    fn number_error(&mut self, message: &str) -> JsonError {
        if self.frames.is_empty() {
            return self.error(message);
        }
        let _ = self.complete(Value::Null);
        self.error(message)
    }

    /// Reads a comment and returns its text.
    pub(super) fn comment(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        let Some(kind) = self.byte(0).filter(|_| self.byte(1).is_some()) else {
            return Err(self.error("Unexpected end while parsing comment."));
        };
        if kind != b'*' && kind != b'/' {
            let got = self.current();
            return Err(self.error(&format!("Error parsing comment. Expected: *, got {got}.")));
        }
        self.at += 1;
        let rest = &self.source[self.at..];
        let (length, passed) = if kind == b'/' {
            let end = rest.find(['\r', '\n']).unwrap_or(rest.len());
            (end, end)
        } else if let Some(end) = rest.find("*/") {
            (end, end + 2)
        } else {
            self.at = self.source.len();
            return Err(self.error("Unexpected end while parsing comment."));
        };
        let text = rest[..length].to_owned();
        self.at += passed;
        Ok(text)
    }

    /// Reads a key without quotes.
    pub(super) fn bare_key(&mut self) -> Result<String, JsonError> {
        let start = self.at;
        loop {
            match self.peek() {
                None => return Err(self.error("Unexpected end while parsing unquoted property name.")),
                Some(c) if is_identifier(c) => self.at += c.len_utf8(),
                Some(c) if c.is_whitespace() || c == ':' || c == '\0' => {
                    return Ok(self.source[start..self.at].to_owned());
                }
                Some(c) => {
                    return Err(
                        self.error(&format!("Invalid JavaScript property identifier character: {c}."))
                    );
                }
            }
        }
    }
}

/// The digits of a whole number, without its sign.
fn integer_digits(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

fn decimal(text: &str) -> Option<f64> {
    let number = number::parse_decimal(text)?;
    // `-0` is an integer to Newtonsoft, and integers know no negative zero.
    let integer_zero = number == 0.0 && integer_digits(text).is_some();
    Some(if integer_zero { 0.0 } else { number })
}

/// `Convert.ToInt64` with base 16 or 8: the digits are the bits of a 64-bit integer.
fn based(text: &str) -> Option<f64> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = hexadecimal.map_or((text, 8), |digits| (digits, 16));
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "every number of the language is a double")]
    u64::from_str_radix(digits, radix).ok().map(|bits| bits.cast_signed() as f64)
}
