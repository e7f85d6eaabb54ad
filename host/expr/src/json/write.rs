//! Writes JSON as `toJson` does: two spaces a level, keys in order, numbers as expressions show them.

use crate::number;
use crate::text::utf16_len;
use crate::value::Value;
use std::convert::Infallible;
use std::fmt::Write;

/// Writes a value as `toJson` does (`ToJson.cs`). NaN and infinities stand bare, as GitHub leaves them.
#[must_use]
pub fn to_json(value: &Value) -> String {
    match try_to_json(value, |_| Ok::<(), Infallible>(())) {
        Ok(json) => json,
        Err(never) => match never {},
    }
}

/// Writes a value, showing the length of each piece to `admit`, in UTF-16 units; the pieces are those GitHub's
/// memory accounting sees.
pub(crate) fn try_to_json<E>(value: &Value, admit: impl FnMut(usize) -> Result<(), E>) -> Result<String, E> {
    let mut writer = Writer { admit, out: String::new(), levels: Vec::new() };
    writer.value(value)?;
    while let Some(level) = writer.levels.last_mut() {
        match level.advance() {
            Some((None, item)) => writer.value(item)?,
            Some((Some(key), item)) => {
                writer.key(key)?;
                writer.value(item)?;
            }
            None => writer.close()?,
        }
    }
    Ok(writer.out)
}

/// An array or object that is being written, and how many of its items have been begun.
struct Level<'a> {
    of: &'a Value,
    begun: usize,
}

struct Writer<'a, F> {
    admit: F,
    out: String,
    levels: Vec<Level<'a>>,
}

impl<'a> Level<'a> {
    fn advance(&mut self) -> Option<(Option<&'a str>, &'a Value)> {
        let next = self.begun;
        self.begun += 1;
        match self.of {
            Value::Array(array) => array.get(next).map(|item| (None, item)),
            Value::Object(object) => object.get_index(next).map(|(key, item)| (Some(&**key), item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }
}

impl<'a, E, F: FnMut(usize) -> Result<(), E>> Writer<'a, F> {
    fn value(&mut self, value: &'a Value) -> Result<(), E> {
        let start = self.out.len();
        match self.levels.last() {
            Some(Level { of: Value::Object(_), .. }) => self.out.push_str(": "),
            Some(level) => {
                let begun = level.begun;
                self.begin_item(begun);
            }
            None => {}
        }
        let opened = self.scalar_or_bracket(value);
        self.admit_from(start)?;
        if opened {
            self.levels.push(Level { of: value, begun: 0 });
        }
        Ok(())
    }

    /// Writes what stands for the value on its line; true when items follow.
    fn scalar_or_bracket(&mut self, value: &Value) -> bool {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(bool) => self.out.push_str(if *bool { "true" } else { "false" }),
            Value::Number(number) => number::write(*number, &mut self.out),
            Value::String(text) => push_quoted(text, &mut self.out),
            Value::Array(array) if array.is_empty() => self.out.push_str("[]"),
            Value::Object(object) if object.is_empty() => self.out.push_str("{}"),
            Value::Array(_) => self.out.push('['),
            Value::Object(_) => self.out.push('{'),
        }
        matches!(value, Value::Array(array) if !array.is_empty())
            || matches!(value, Value::Object(object) if !object.is_empty())
    }

    fn key(&mut self, key: &str) -> Result<(), E> {
        let start = self.out.len();
        let begun = self.levels.last().map_or(1, |level| level.begun);
        self.begin_item(begun);
        push_quoted(key, &mut self.out);
        self.admit_from(start)
    }

    fn close(&mut self) -> Result<(), E> {
        let start = self.out.len();
        let closed = self.levels.pop();
        self.new_line();
        let is_array = closed.is_some_and(|level| matches!(level.of, Value::Array(_)));
        self.out.push(if is_array { ']' } else { '}' });
        self.admit_from(start)
    }

    fn begin_item(&mut self, begun: usize) {
        if begun > 1 {
            self.out.push(',');
        }
        self.new_line();
    }

    fn new_line(&mut self) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", self.levels.len()));
    }

    fn admit_from(&mut self, start: usize) -> Result<(), E> {
        (self.admit)(utf16_len(&self.out[start..]))
    }
}

fn push_quoted(text: &str, out: &mut String) {
    out.push('"');
    escape_into(text, '"', out);
    out.push('"');
}

/// Escapes a text for JSON as Newtonsoft does: control characters, backslashes, double quotes, U+0085, U+2028
/// and U+2029. Slashes and other characters stay as they are.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape_into(text, '"', &mut out);
    out
}

/// [`escape`] for a text within quotes of either kind.
pub(super) fn escape_into(text: &str, quote: char, out: &mut String) {
    let needs_escape =
        |c: char| c < ' ' || c == '\\' || c == quote || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
    let mut rest = text;
    while let Some(at) = rest.find(needs_escape) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = special.chars();
        if let Some(c) = chars.next() {
            push_escape(c, out);
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

fn push_escape(c: char, out: &mut String) {
    match c {
        '\t' => out.push_str("\\t"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\x0c' => out.push_str("\\f"),
        '\x08' => out.push_str("\\b"),
        '\\' | '"' | '\'' => out.extend(['\\', c]),
        _ => {
            let written = write!(out, "\\u{:04x}", c as u32);
            debug_assert!(written.is_ok(), "writing to a String does not fail");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_as_github_does() {
        let value: Value =
            serde_json::from_str(r#"{"a":[1,[],{},{"b":null}],"c/d":"x\"\\\u0001\u0085'/é\u007f","e":1e20}"#)
                .unwrap();
        assert_eq!(
            to_json(&value),
            "{\n  \"a\": [\n    1,\n    [],\n    {},\n    {\n      \"b\": null\n    }\n  ],\n  \"c/d\": \
             \"x\\\"\\\\\\u0001\\u0085'/é\u{7f}\",\n  \"e\": 1E+20\n}"
        );
    }
}
