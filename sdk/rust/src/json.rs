//! A small reader of JSON, for settings: a plugin that brings no other stays small.
//!
//! Numbers are kept as they are written; only whole ones can be asked for.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// How deep values may be nested: deeper ones would exhaust the stack.
const DEPTH: u8 = 64;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`; also what is not there.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string.
    String(String),
    /// A list.
    List(Vec<Self>),
    /// An object, in order. Of a key that comes twice the last one counts.
    Object(Vec<(String, Self)>),
}

/// What stands for what is not there.
static NOTHING: Json = Json::Null;

impl Json {
    /// Reads one value and nothing behind it.
    ///
    /// # Errors
    /// What was expected, and at which byte.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { text, at: 0 };
        let read = reader.value(DEPTH).and_then(|value| {
            reader.space();
            if reader.at == text.len() { Ok(value) } else { Err("the end") }
        });
        read.map_err(|expected| format!("expected {expected} at byte {}", reader.at))
    }

    /// Returns the value of a key; [`Json::Null`] where there is none, or this is no object.
    #[must_use]
    pub fn get(&self, key: &str) -> &Self {
        match self {
            Self::Object(pairs) => {
                pairs.iter().rev().find(|(name, _)| name == key).map_or(&NOTHING, |(_, value)| value)
            }
            _ => &NOTHING,
        }
    }

    /// Returns whether it is `null`, or not there.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns a truth value.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns a whole number from 0.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Returns a text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns what is in a list; nothing of anything else.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// Returns the texts of a list; what else is in it is left out.
    pub fn strings(&self) -> impl Iterator<Item = &str> {
        self.items().iter().filter_map(Self::as_str)
    }
}

/// Where it stands. Code of a plugin is dear: one function for what all brackets have in common, and one place that
/// makes a text of a mistake.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// What was expected where the reader stands.
type Expected = &'static str;

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn value(&mut self, depth: u8) -> Result<Json, Expected> {
        let Some(depth) = depth.checked_sub(1) else { return Err("fewer values inside each other") };
        self.space();
        match self.peek() {
            Some(b'{') => {
                let mut pairs = Vec::new();
                self.members(b'}', |reader| {
                    reader.space();
                    let key = reader.string()?;
                    reader.space();
                    if !reader.take(b':') {
                        return Err("`:`");
                    }
                    pairs.push((key, reader.value(depth)?));
                    Ok(())
                })?;
                Ok(Json::Object(pairs))
            }
            Some(b'[') => {
                let mut items = Vec::new();
                self.members(b']', |reader| {
                    items.push(reader.value(depth)?);
                    Ok(())
                })?;
                Ok(Json::List(items))
            }
            Some(b'"') => self.string().map(Json::String),
            _ => self.word(),
        }
    }

    /// Reads what is between two brackets, with commas in between.
    fn members(
        &mut self,
        close: u8,
        mut member: impl FnMut(&mut Self) -> Result<(), Expected>,
    ) -> Result<(), Expected> {
        self.at += 1;
        self.space();
        if self.take(close) {
            return Ok(());
        }
        loop {
            member(self)?;
            self.space();
            if self.take(close) {
                return Ok(());
            }
            if !self.take(b',') {
                return Err("`,` or the closing bracket");
            }
        }
    }

    /// Reads a number, as loosely as its characters (what it means is asked for later), or one of the three words.
    fn word(&mut self) -> Result<Json, Expected> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'a'..=b'z' | b'E' | b'-' | b'+' | b'.')) {
            self.at += 1;
        }
        let word = self.text.get(start..self.at).unwrap_or_default();
        match word {
            "true" => Ok(Json::Bool(true)),
            "false" => Ok(Json::Bool(false)),
            "null" => Ok(Json::Null),
            _ if word.starts_with(|c: char| c == '-' || c.is_ascii_digit())
                && word.ends_with(|c: char| c.is_ascii_digit()) =>
            {
                Ok(Json::Number(word.into()))
            }
            _ => {
                self.at = start;
                Err("a value")
            }
        }
    }

    fn string(&mut self) -> Result<String, Expected> {
        if !self.take(b'"') {
            return Err("a string");
        }
        let mut made = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            // Only ASCII ends a piece, so it is whole.
            made.push_str(self.text.get(start..self.at).unwrap_or_default());
            if self.take(b'"') {
                return Ok(made);
            }
            if !self.take(b'\\') {
                return Err("`\"`");
            }
            made.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, Expected> {
        let plain = match self.peek() {
            Some(plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err("an escape"),
        };
        self.at += 1;
        Ok(plain)
    }

    /// Reads `XXXX`, and where that is the first half of a pair, `\uXXXX` behind it.
    fn unicode(&mut self) -> Result<char, Expected> {
        let mut code = self.hex()?;
        if code & 0xfc00 == 0xd800 && self.take(b'\\') {
            if !self.take(b'u') {
                return Err("the other half of a pair");
            }
            code = 0x1_0000 + ((code & 0x3ff) << 10) + (self.hex()? & 0x3ff);
        }
        // Half a pair alone is no character; JSON allows it, and nothing can be done with it.
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, Expected> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code << 4 | digit.ok_or("a hexadecimal digit")?;
            self.at += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_meant() {
        let text = r#" { "a": [1, -2.5e3, true, null], "b": {"c": "x\n\"\u00e9\ud83d\ude00 é"}, "a2": [] , "n": 7} "#;
        let json = Json::parse(text).unwrap();
        assert_eq!(json.get("b").get("c").as_str(), Some("x\n\"é😀 é"));
        assert_eq!(json.get("n").as_u64(), Some(7));
        assert_eq!(json.get("a").items().len(), 4);
        assert_eq!(json.get("a").items()[1], Json::Number("-2.5e3".into()));
        assert!(json.get("a").items()[3].is_null() && json.get("nowhere").get("deeper").is_null());
        assert_eq!(Json::parse("{}"), Ok(Json::Object(Vec::new())));
    }

    #[test]
    fn what_is_no_json_is_refused_with_the_place() {
        for (text, said) in [
            ("", "expected a value at byte 0"),
            ("{\"a\" 1}", "expected `:` at byte 5"),
            ("[1 2]", "expected `,` or the closing bracket at byte 3"),
            ("[1,]", "expected a value at byte 3"),
            ("\"a", "expected `\"` at byte 2"),
            ("\"\\x\"", "expected an escape at byte 2"),
            ("\"\\u12é\"", "expected a hexadecimal digit at byte 5"),
            ("1-", "expected a value at byte 0"),
            ("{} x", "expected the end at byte 3"),
            ("trueish", "expected a value at byte 0"),
            ("\"a\nb\"", "expected `\"` at byte 2"),
            ("\"\\ud83d\\n\"", "expected the other half of a pair at byte 8"),
            ("{1:2}", "expected a string at byte 1"),
        ] {
            assert_eq!(Json::parse(text), Err(said.into()), "{text}");
        }
        assert!(Json::parse(&"[".repeat(100_000)).is_err_and(|said| said.contains("fewer values")));
    }
}
