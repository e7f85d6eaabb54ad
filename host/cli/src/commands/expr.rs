//! `act-host expr`: evaluates expressions, one for a person or many for a program.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
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
/// Requests that one processor answers before it looks for more.
const PIECE: usize = 64;

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
    let mut input = BufReader::with_capacity(BLOCK, io::stdin().lock());
    let mut failure = None;
    stream::print(|out| {
        let mut block = Vec::new();
        loop {
            block.clear();
            match read_block(&mut input, &mut block) {
                Ok(0) => return Ok(()),
                Ok(_) => answer_block(&block, out)?,
                Err(error) => {
                    failure = Some(error);
                    return Ok(());
                }
            }
            // Nothing more has arrived: whoever asked waits for the answers.
            if input.buffer().is_empty() {
                out.flush()?;
            }
        }
    })?;
    match failure {
        Some(error) => Err(CliError::invalid(ExprError::Input(error))),
        None => Ok(Exit::Success),
    }
}

/// Reads a line, and all whole ones that have arrived with it. Returns how many bytes; 0 at the end.
fn read_block(input: &mut impl BufRead, block: &mut Vec<u8>) -> io::Result<usize> {
    let waiting = input.fill_buf()?;
    match waiting.iter().rposition(|byte| *byte == b'\n') {
        Some(last) => {
            block.extend_from_slice(&waiting[..=last]);
            input.consume(last + 1);
            Ok(last + 1)
        }
        None => input.read_until(b'\n', block),
    }
}

fn answer_block(block: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let lines = block.split(|byte| *byte == b'\n');
    let asked: Vec<&[u8]> = lines.filter(|line| !line.trim_ascii().is_empty()).collect();
    let pieces: Vec<&[&[u8]]> = asked.chunks(PIECE).collect();
    let mut written = Ok(());
    let write = |replies: String| {
        if written.is_ok() {
            written = out.write_all(replies.as_bytes());
        }
    };
    map_in_order(&pieces, |lines| replies(lines), write);
    written
}

fn replies(lines: &[&[u8]]) -> String {
    lines.iter().fold(String::new(), |mut replies, line| {
        replies.push_str(&reply(line));
        replies.push('\n');
        replies
    })
}

/// Answers one line; bytes that are no text are answered as any other line that is no request.
fn reply(line: &[u8]) -> String {
    match std::str::from_utf8(line) {
        Ok(line) => answer_line(line.trim_end_matches(['\r', '\n'])),
        Err(error) => {
            let malformed = Answer::Malformed(format!("the line is not UTF-8: {error}"));
            // Text under text keys cannot fail to be JSON.
            serde_json::to_string(&malformed).unwrap_or_default()
        }
    }
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

    #[test]
    fn what_arrives_together_is_answered_in_order() {
        let asked: String = (0..2000).map(|n| format!("{{\"expr\":\"{n}\"}}\n\n")).collect();
        let mut input = BufReader::with_capacity(5000, asked.as_bytes());
        let (mut block, mut out) = (Vec::new(), Vec::new());
        while read_block(&mut input, &mut block).unwrap() > 0 {
            answer_block(&block, &mut out).unwrap();
            block.clear();
        }
        let expected: String =
            (0..2000).map(|n| format!("{{\"kind\":\"Number\",\"value\":{n}}}\n")).collect();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_line_longer_than_the_buffer_is_answered_whole() {
        let long = format!("{{\"expr\":\"'{}'\"}}", "x".repeat(500));
        let mut input = BufReader::with_capacity(16, long.as_bytes());
        let (mut block, mut out) = (Vec::new(), Vec::new());
        assert_eq!(read_block(&mut input, &mut block).unwrap(), long.len());
        answer_block(&block, &mut out).unwrap();
        assert!(out.len() > 500 && read_block(&mut input, &mut block).unwrap() == 0);
    }

    #[test]
    fn a_line_is_answered_with_a_line_whatever_it_holds() {
        for (line, expected) in [
            (&b"{\"expr\":\"1\"}\r\n"[..], r#"{"kind":"Number","value":1}"#),
            (b"{\"expr\":\"1\"}", r#"{"kind":"Number","value":1}"#),
            (b"x\n", r#"{"error":{"kind":"request""#),
            (b"\xff\n", r#"{"error":{"kind":"request","message":"the line is not UTF-8"#),
        ] {
            let reply = reply(line);
            assert!(reply.starts_with(expected) && !reply.contains('\n'), "{reply}");
        }
    }
}
