//! Reads JSON the way Newtonsoft's `JsonTextReader` does, straight into values.
//!
//! Two oddities are kept because workflows can see them: an array slot or property left empty (`[1,,2]`) is the
//! empty text, and a text that begins with a comment is that comment. One is not: constructors
//! (`new Date(1)`) are refused.

use super::JsonError;
use super::write::escape_into;
use crate::number;
use crate::object::Object;
use crate::text::utf16_len;
use crate::value::{Array, Value};
use std::sync::Arc;

mod literal;
mod string;

/// `JsonReader.MaxDepth`.
const MAX_DEPTH: usize = 64;

/// Where the reader stands (`JsonReader.State`).
#[derive(Clone, Copy, PartialEq)]
enum State {
    Start,
    ObjectStart,
    Object,
    Property,
    ArrayStart,
    Array,
    PostValue,
}

/// An array or object being read.
enum Frame {
    Array { items: Vec<Value> },
    Object { pairs: Vec<(Arc<str>, Value)>, key: Option<Arc<str>> },
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
    state: State,
    frames: Vec<Frame>,
}

/// Reads the first value of a text.
pub(super) fn parse(text: &str) -> Result<Value, JsonError> {
    let mut reader = Reader { source: text, at: 0, state: State::Start, frames: Vec::new() };
    loop {
        let found = match reader.state {
            State::Start | State::Property | State::ArrayStart | State::Array => reader.value()?,
            State::ObjectStart | State::Object => reader.member()?,
            State::PostValue => reader.separator()?,
        };
        if let Some(value) = found {
            return Ok(value);
        }
    }
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        let byte = *self.source.as_bytes().get(self.at)?;
        if byte.is_ascii() { Some(char::from(byte)) } else { self.source[self.at..].chars().next() }
    }

    /// The character here; NUL at the end, as in Newtonsoft's buffer.
    fn current(&self) -> char {
        self.peek().unwrap_or('\0')
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.source.as_bytes().get(self.at + ahead).copied()
    }

    /// Passes blanks, and NULs, which Newtonsoft takes for blanks.
    fn skip_blanks(&mut self) {
        while let Some(c) = self.peek().filter(|&c| c == '\0' || c.is_whitespace()) {
            self.at += c.len_utf8();
        }
    }

    /// Reads a value, or the start or end of an array or object. Returns the outermost value once it is complete.
    fn value(&mut self) -> Result<Option<Value>, JsonError> {
        self.skip_blanks();
        let Some(c) = self.peek() else { return Err(self.end_of_text()) };
        let value = match c {
            '"' | '\'' => self.string(c)?.into(),
            't' => self.literal("true", Value::Bool(true), "Error parsing boolean value.")?,
            'f' => self.literal("false", Value::Bool(false), "Error parsing boolean value.")?,
            'n' => self.null()?,
            'N' => self.literal("NaN", Value::Number(f64::NAN), "Error parsing NaN value.")?,
            'I' => self.literal("Infinity", Value::Number(f64::INFINITY), "Error parsing Infinity value.")?,
            '-' if self.byte(1) == Some(b'I') => {
                self.literal("-Infinity", Value::Number(f64::NEG_INFINITY), "Error parsing -Infinity value.")?
            }
            'u' => self.literal("undefined", Value::from(""), "Error parsing undefined value.")?,
            '/' => return self.comment().map(|text| (self.state == State::Start).then(|| Value::from(text))),
            '{' => return self.open(Frame::Object { pairs: Vec::new(), key: None }, State::ObjectStart),
            '[' => return self.open(Frame::Array { items: Vec::new() }, State::ArrayStart),
            ']' => return self.close_array(),
            // The comma stays: an empty slot is a value of its own, and the comma ends it.
            ',' => Value::from(""),
            ')' => {
                self.at += 1;
                return Err(self.wrong_end("EndConstructor"));
            }
            _ if c.is_numeric() || c == '-' || c == '.' => self.number(c)?,
            _ => return Err(self.unexpected(c)),
        };
        Ok(self.complete(value))
    }

    /// Reads a key and its colon, a comment, or the end of an object.
    fn member(&mut self) -> Result<Option<Value>, JsonError> {
        self.skip_blanks();
        let Some(c) = self.peek() else { return Err(self.end_of_text()) };
        match c {
            '}' => {
                self.at += 1;
                return self.close_object();
            }
            '/' => {
                self.comment()?;
                return Ok(None);
            }
            _ => {}
        }
        let name: Arc<str> = match c {
            '"' | '\'' => self.string(c)?.into(),
            _ if is_identifier(c) => self.bare_key()?.into(),
            _ => return Err(self.error(&format!("Invalid property identifier character: {c}."))),
        };
        self.skip_blanks();
        if self.peek() != Some(':') {
            let got = self.current();
            return Err(self.error(&format!(
                "Invalid character after parsing property name. Expected ':' but got: {got}."
            )));
        }
        self.at += 1;
        self.state = State::Property;
        if let Some(Frame::Object { key, .. }) = self.frames.last_mut() {
            *key = Some(name);
        }
        Ok(None)
    }

    /// Reads what may follow a value inside an array or object.
    fn separator(&mut self) -> Result<Option<Value>, JsonError> {
        self.skip_blanks();
        let Some(c) = self.peek() else { return Err(self.end_of_text()) };
        match c {
            '}' => {
                self.at += 1;
                self.close_object()
            }
            ']' => self.close_array(),
            ')' => {
                self.at += 1;
                Err(self.wrong_end("EndConstructor"))
            }
            '/' => self.comment().map(|_| None),
            ',' => {
                self.at += 1;
                let in_array = matches!(self.frames.last(), Some(Frame::Array { .. }));
                self.state = if in_array { State::Array } else { State::Object };
                Ok(None)
            }
            _ => {
                Err(self
                    .error(&format!("After parsing a value an unexpected character was encountered: {c}.")))
            }
        }
    }

    fn open(&mut self, frame: Frame, state: State) -> Result<Option<Value>, JsonError> {
        self.at += 1;
        self.state = state;
        self.frames.push(frame);
        if self.frames.len() > MAX_DEPTH {
            return Err(self.error(&format!("The reader's MaxDepth of {MAX_DEPTH} has been exceeded.")));
        }
        Ok(None)
    }

    fn close_array(&mut self) -> Result<Option<Value>, JsonError> {
        self.at += 1;
        match self.frames.pop() {
            Some(Frame::Array { items }) => Ok(self.complete(Array::from(items).into())),
            other => Err(self.mismatch("EndArray", other)),
        }
    }

    fn close_object(&mut self) -> Result<Option<Value>, JsonError> {
        match self.frames.pop() {
            Some(Frame::Object { pairs, .. }) => Ok(self.complete(object(pairs).into())),
            other => Err(self.mismatch("EndObject", other)),
        }
    }

    /// Puts a complete value where it belongs; gives it back if it is the outermost.
    fn complete(&mut self, value: Value) -> Option<Value> {
        match self.frames.last_mut() {
            None => return Some(value),
            Some(Frame::Array { items }) => items.push(value),
            Some(Frame::Object { pairs, key }) => pairs.push((key.clone().unwrap_or_default(), value)),
        }
        self.state = State::PostValue;
        None
    }

    /// A closing bracket of the wrong kind: the frame it would have closed is gone when GitHub reports it.
    fn mismatch(&self, token: &str, closed: Option<Frame>) -> JsonError {
        let kind = match closed {
            None => "None",
            Some(Frame::Array { .. }) => "Array",
            Some(Frame::Object { .. }) => "Object",
        };
        self.error(&format!("JsonToken {token} is not valid for closing JsonType {kind}."))
    }

    fn wrong_end(&mut self, token: &str) -> JsonError {
        let closed = self.frames.pop();
        self.mismatch(token, closed)
    }

    fn unexpected(&self, c: char) -> JsonError {
        self.error(&format!("Unexpected character encountered while parsing value: {c}."))
    }

    fn end_of_text(&self) -> JsonError {
        let token = match self.frames.first() {
            None => return self.error("Error reading JToken from JsonReader."),
            Some(Frame::Array { .. }) => "JArray",
            Some(Frame::Object { .. }) => "JObject",
        };
        let just_opened =
            self.frames.len() == 1 && matches!(self.state, State::ArrayStart | State::ObjectStart);
        if just_opened {
            self.error(&format!("Error reading {token} from JsonReader."))
        } else {
            self.error(&format!("Unexpected end of content while loading {token}."))
        }
    }

    /// Adds path, line and position to a message (`JsonPosition.FormatMessage`).
    fn error(&self, message: &str) -> JsonError {
        let passed = self.source.get(..self.at).unwrap_or(self.source);
        let (breaks, line_start) = line_of(passed, self.source.len());
        let position = utf16_len(&passed[line_start..]);
        // GitHub counts lines from 1, but says 0 when nothing was read at all.
        let line = if self.state == State::Start && position == 0 { 0 } else { breaks + 1 };
        JsonError(format!("{message} Path '{}', line {line}, position {position}.", self.path()))
    }

    fn path(&self) -> String {
        let just_opened = matches!(self.state, State::ArrayStart | State::ObjectStart);
        let inside = self.frames.len() - usize::from(just_opened && !self.frames.is_empty());
        let mut path = String::new();
        for (depth, frame) in self.frames[..inside].iter().enumerate() {
            frame.push_path(depth + 1 < self.frames.len(), &mut path);
        }
        path
    }
}

impl Frame {
    /// Appends this frame's part of a path. An array counts the values it has begun, so while it reads one that
    /// is no array or object, the path still names the value before.
    fn push_path(&self, has_open_child: bool, path: &mut String) {
        match self {
            Self::Array { items } => {
                let index = (items.len() + usize::from(has_open_child)).saturating_sub(1);
                path.extend(["[", &index.to_string(), "]"]);
            }
            Self::Object { key: Some(key), .. } => push_key(key, path),
            Self::Object { key: None, .. } => {}
        }
    }
}

fn push_key(key: &str, path: &mut String) {
    let special = |c| {
        matches!(
            c,
            '.' | ' '
                | '\''
                | '/'
                | '"'
                | '['
                | ']'
                | '('
                | ')'
                | '\\'
                | '\t'
                | '\n'
                | '\r'
                | '\x0c'
                | '\x08'
                | '\u{85}'
                | '\u{2028}'
                | '\u{2029}'
        )
    };
    if key.contains(special) {
        path.push_str("['");
        escape_into(key, '\'', path);
        path.push_str("']");
    } else {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key);
    }
}

/// Makes an object of its pairs, in Newtonsoft's two steps: the same key twice keeps its place and its last
/// value; then keys that differ in case are joined, later ones overriding.
fn object(pairs: Vec<(Arc<str>, Value)>) -> Object {
    let exact = pairs.iter().cloned().collect::<Object>();
    if exact.len() == pairs.len() {
        return exact;
    }
    let mut distinct = Object::case_sensitive();
    distinct.extend(pairs);
    distinct.iter().map(|(key, value)| (Arc::clone(key), value.clone())).collect()
}

fn is_identifier(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// How many line breaks the text has, and where its last line starts. Newtonsoft takes `\r\n` for one break,
/// but for two when nothing follows it.
fn line_of(passed: &str, total: usize) -> (usize, usize) {
    let bytes = passed.as_bytes();
    let mut found = (0, 0);
    for (at, byte) in bytes.iter().enumerate() {
        let joined = *byte == b'\n' && at > 0 && bytes[at - 1] == b'\r' && at + 1 < total;
        if joined {
            found.1 = at + 1;
        } else if matches!(byte, b'\n' | b'\r') {
            found = (found.0 + 1, at + 1);
        }
    }
    found
}
