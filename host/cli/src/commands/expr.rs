//! `act-host expr`: evaluates expressions, one for a person or many for a program.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use act_expr::batch::{Answer, Request, answer, answer_line};
use act_expr::{Object, Value, coerce, json};
use clap::Args;

use crate::error::CliError;
use crate::exit::Exit;
use crate::parallel::map_in_order;
use crate::stream;

/// Bytes of requests that are taken in at once, where so many wait.
const BLOCK: usize = 1024 * 1024;
/// Bytes of requests that one processor answers before it looks for more.
const PIECE: usize = 4096;

/// Flags of `expr`.
#[derive(Args, Debug)]
pub(crate) struct Flags {
    /// The expression, with or without `${{ }}`
    #[arg(value_name = "EXPR", required_unless_present = "batch", allow_hyphen_values = true)]
    expression: Option<String>,

    /// Read the contexts from a JSON file: {"github": {…}, "env": {…}}
    #[arg(long, value_name = "FILE", conflicts_with = "batch")]
    context: Option<PathBuf>,

    /// Read requests from standard input: a line {"expr": …, "contexts": {…}} each, answered with a line
    ///
    /// The answer is {"kind": …, "value": …} or {"error": {"kind": …, "message": …}}.
    #[arg(long, conflicts_with = "expression")]
    batch: bool,
}

/// What can go wrong here.
#[derive(Debug, thiserror::Error)]
enum ExprError {
    #[error("{message}")]
    Failed { message: String },
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not a JSON object of contexts", path.display())]
    Context { path: PathBuf, source: serde_json::Error },
    #[error("cannot read standard input")]
    Input(#[source] io::Error),
}

/// Evaluates one expression, or answers requests until the input ends.
pub(crate) fn run(flags: &Flags) -> Result<Exit, CliError> {
    match &flags.expression {
        Some(expression) => one(expression, flags.context.as_deref()),
        None => batch(),
    }
}

fn one(text: &str, context: Option<&Path>) -> Result<Exit, CliError> {
    let contexts = context.map(read_contexts).transpose().map_err(CliError::invalid)?;
    let named = contexts.is_some();
    let request = Request { expr: bare(text).into(), contexts };
    match answer(&request) {
        Answer::Value(value) => {
            stream::print(|out| writeln!(out, "{}", shown(&value)))?;
            Ok(Exit::Success)
        }
        Answer::Failed(_, message) | Answer::Malformed(message) => {
            let lacks_contexts = !named && message.starts_with("Unrecognized named-value");
            let hint = lacks_contexts.then_some("contexts are given with `--context FILE.json`");
            Err(CliError::invalid(ExprError::Failed { message }).maybe_hint(hint))
        }
    }
}

/// Takes `${{` and `}}` away, where both are there.
fn bare(text: &str) -> &str {
    let inner = text.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
    inner.unwrap_or(text)
}

/// Text as it is, lists and maps as JSON, the rest as expressions write it.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => json::to_json(value),
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => coerce::to_text(value).to_string(),
    }
}

fn read_contexts(path: &Path) -> Result<Object, ExprError> {
    let bytes = fs::read(path).map_err(|source| ExprError::Read { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|source| ExprError::Context { path: path.to_owned(), source })
}

/// Answers lines as they come: whoever talks line by line is answered line by line, and what has arrived
/// together is answered on all processors.
fn batch() -> Result<Exit, CliError> {
    let mut requests = Requests::new(io::stdin().lock(), BLOCK);
    let mut failure = None;
    stream::print(|out| {
        loop {
            match requests.next() {
                Ok([]) => return Ok(()),
                Ok(lines) => answer_lines(lines, out)?,
                Err(error) => {
                    failure = Some(error);
                    return Ok(());
                }
            }
            // Whoever asked may wait for the answers before they go on.
            out.flush()?;
        }
    })?;
    match failure {
        Some(error) => Err(CliError::invalid(ExprError::Input(error))),
        None => Ok(Exit::Success),
    }
}

/// Whole lines of what is read.
struct Requests<R> {
    input: R,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were read, and of these, those that were handed out.
    filled: usize,
    handed: usize,
}

impl<R: Read> Requests<R> {
    fn new(input: R, room: usize) -> Self {
        Self { input, buffer: vec![0; room], filled: 0, handed: 0 }
    }

    /// Waits for a line and returns it, with all whole ones that have arrived with it; nothing at the end.
    fn next(&mut self) -> io::Result<&[u8]> {
        self.buffer.copy_within(self.handed..self.filled, 0);
        self.filled -= self.handed;
        loop {
            if self.filled == self.buffer.len() {
                self.buffer.resize(2 * self.filled, 0);
            }
            let read = match self.input.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            let arrived = &self.buffer[self.filled..self.filled + read];
            let last = arrived.iter().rposition(|byte| *byte == b'\n');
            let whole = last.map(|last| self.filled + last + 1);
            self.filled += read;
            // The last line may lack its end.
            if let Some(whole) = whole.or((read == 0).then_some(self.filled)) {
                self.handed = whole;
                return Ok(&self.buffer[..whole]);
            }
        }
    }
}

fn answer_lines(lines: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let mut written = Ok(());
    let write = |replies: Vec<u8>| {
        if written.is_ok() {
            written = out.write_all(&replies);
        }
    };
    map_in_order(&pieces(lines), |piece| replies(piece), write);
    written
}

/// Cuts lines into pieces of whole ones.
fn pieces(lines: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::with_capacity(lines.len() / PIECE + 1);
    let mut rest = lines;
    while !rest.is_empty() {
        let after = rest.get(PIECE..).and_then(|after| after.iter().position(|byte| *byte == b'\n'));
        let (piece, others) = rest.split_at(after.map_or(rest.len(), |after| PIECE + after + 1));
        pieces.push(piece);
        rest = others;
    }
    pieces
}

fn replies(lines: &[u8]) -> Vec<u8> {
    let mut replies = Vec::with_capacity(lines.len());
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        answer_line(line, &mut replies);
        replies.push(b'\n');
    }
    replies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_as_people_read_it() {
        for (expression, expected) in [
            ("1 + 1", None),
            ("'a b'", Some("a b")),
            ("${{ 1.50 }}", Some("1.5")),
            ("true", Some("true")),
            ("null", Some("null")),
            ("fromJson('[1]')", Some("[\n  1\n]")),
        ] {
            let request = Request { expr: bare(expression).into(), contexts: None };
            let shown = match answer(&request) {
                Answer::Value(value) => Some(shown(&value)),
                Answer::Failed(..) | Answer::Malformed(_) => None,
            };
            assert_eq!(shown.as_deref(), expected, "{expression}");
        }
    }

    /// Gives a few bytes a time, as a pipe may.
    struct Dripping<'a>(&'a [u8], usize);

    impl Read for Dripping<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let (now, later) = self.0.split_at(self.1.min(self.0.len()).min(buffer.len()));
            buffer[..now.len()].copy_from_slice(now);
            self.0 = later;
            Ok(now.len())
        }
    }

    fn answered(asked: &[u8], drip: usize, room: usize) -> String {
        let mut requests = Requests::new(Dripping(asked, drip), room);
        let mut out = Vec::new();
        loop {
            match requests.next().unwrap() {
                [] => return String::from_utf8(out).unwrap(),
                lines => answer_lines(lines, &mut out).unwrap(),
            }
        }
    }

    #[test]
    fn what_arrives_is_answered_in_order_however_it_arrives() {
        let asked: String = (0..5000).map(|n| format!("{{\"expr\":\"{n}\"}}\n\n")).collect();
        let expected: String =
            (0..5000).map(|n| format!("{{\"kind\":\"Number\",\"value\":{n}}}\n")).collect();
        for (drip, room) in [(usize::MAX, 1 << 20), (5000, 1 << 20), (7, 64), (usize::MAX, 1)] {
            assert_eq!(answered(asked.as_bytes(), drip, room), expected, "{drip} {room}");
        }
    }

    #[test]
    fn a_line_longer_than_the_buffer_is_answered_whole_also_without_its_end() {
        let long = format!("{{\"expr\":\"'{}'\"}}", "x".repeat(9000));
        let reply = answered(long.as_bytes(), 16, 16);
        assert!(reply.len() > 9000 && reply.lines().count() == 1, "{reply}");
        assert_eq!(answered(format!("{long}\n{long}").as_bytes(), 4096, 16), reply.repeat(2));
        assert_eq!(answered(b"", 1, 16), "");
    }

    #[test]
    fn pieces_are_whole_lines() {
        let lines = "0123456789\n".repeat(1000);
        let pieces = pieces(lines.as_bytes());
        assert_eq!(pieces.concat(), lines.as_bytes());
        assert!(pieces.len() > 2 && pieces.iter().all(|piece| piece.ends_with(b"\n")));
    }

    #[test]
    fn a_line_is_answered_with_a_line_whatever_it_holds() {
        for (line, expected) in [
            (&b"{\"expr\":\"1\"}\r\n"[..], r#"{"kind":"Number","value":1}"#),
            (b"{\"expr\":\"1\"}", r#"{"kind":"Number","value":1}"#),
            (b"x\n", r#"{"error":{"kind":"request""#),
            (b"\xff\n", r#"{"error":{"kind":"request","message":"the line is not UTF-8"#),
        ] {
            let reply = answered(line, 4, 16);
            assert!(reply.starts_with(expected) && reply.lines().count() == 1, "{reply}");
        }
    }
}
