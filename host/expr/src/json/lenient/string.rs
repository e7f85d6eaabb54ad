//! Quoted text and its escapes.

use super::Reader;
use crate::json::JsonError;

impl Reader<'_> {
    /// Reads a text in double or single quotes. Line breaks may stand in it as they are.
    pub(super) fn string(&mut self, quote: char) -> Result<String, JsonError> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = &self.source[self.at..];
            let Some(plain) = rest.find(['\\', quote]) else {
                self.at = self.source.len();
                return Err(self.unterminated(quote));
            };
            text.push_str(&rest[..plain]);
            self.at += plain + 1;
            if !rest[plain..].starts_with('\\') {
                return Ok(text);
            }
            self.escape(quote, &mut text)?;
        }
    }

    fn unterminated(&self, quote: char) -> JsonError {
        self.error(&format!("Unterminated string. Expected delimiter: {quote}."))
    }

    /// Reads what follows a backslash.
    fn escape(&mut self, quote: char, text: &mut String) -> Result<(), JsonError> {
        let Some(c) = self.peek() else { return Err(self.unterminated(quote)) };
        self.at += c.len_utf8();
        text.push(match c {
            'b' => '\x08',
            't' => '\t',
            'n' => '\n',
            'f' => '\x0c',
            'r' => '\r',
            '\\' | '"' | '\'' | '/' => c,
            'u' => return self.unicode(text),
            _ => return Err(self.error(&format!("Bad JSON escape sequence: \\{c}."))),
        });
        Ok(())
    }

    /// Reads the digits of `\u`; two that make a surrogate pair are one character, half a pair is U+FFFD.
    fn unicode(&mut self, text: &mut String) -> Result<(), JsonError> {
        let mut unit = self.unit()?;
        while (0xd800..0xdc00).contains(&unit) && self.source[self.at..].starts_with("\\u") {
            self.at += 2;
            let next = self.unit()?;
            if let Some(Ok(c)) = char::decode_utf16([unit, next]).next().filter(|decoded| decoded.is_ok()) {
                text.push(c);
                return Ok(());
            }
            text.push(char::REPLACEMENT_CHARACTER);
            unit = next;
        }
        text.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER));
        Ok(())
    }

    fn unit(&mut self) -> Result<u16, JsonError> {
        let digits: String = self.source[self.at..].chars().take(4).collect();
        if digits.encode_utf16().count() < 4 {
            return Err(self.error("Unexpected end while parsing Unicode escape sequence."));
        }
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.error(&format!("Invalid Unicode escape sequence: \\u{digits}.")));
        }
        self.at += digits.len();
        Ok(u16::from_str_radix(&digits, 16).unwrap_or_default())
    }
}
