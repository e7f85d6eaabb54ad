//! One line of JSON in, one out: evaluates an expression for a caller outside the process.
//!
//! A request is `{"expr": "…", "contexts": {…}}`; the names it may use are the keys of `contexts`, and host
//! functions are not available. The reply is `{"kind": "String", "value": "…"}` or
//! `{"error": {"kind": "lexing|parsing|evaluation", "message": "…"}}`. JSON has no NaN and no infinities: as a
//! value they are the texts `"NaN"`, `"Infinity"` and `"-Infinity"`, under the kind `Number`.

use crate::error::{ExpressionError, Stage};
use crate::object::Object;
use crate::scope::{Evaluation, HostCall};
use crate::syntax::Syntax;
use crate::tree::Expression;
use crate::value::Value;
use crate::{number, value};
use serde::ser::{SerializeMap, SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::error::Error;

/// What a line asks.
#[derive(Debug, Deserialize)]
pub struct Request<'a> {
    /// The expression, without `${{` and `}}`.
    #[serde(borrow)]
    pub expr: Cow<'a, str>,
    /// The contexts it may name.
    #[serde(default)]
    pub contexts: Option<Object>,
}

/// What a line is answered with.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The value.
    Value(Value),
    /// The stage that failed, and GitHub's message.
    Failed(Stage, String),
    /// The line is no request.
    Malformed(String),
}

/// Answers one line; the reply, which has no line break, is appended to `out`. Bytes that are no text are answered as
/// any other line that is no request.
pub fn answer_line(line: &[u8], out: &mut Vec<u8>) {
    let answer = match std::str::from_utf8(line).map(serde_json::from_str::<Request<'_>>) {
        Ok(Ok(request)) => answer(&request),
        Ok(Err(error)) => Answer::Malformed(error.to_string()),
        Err(error) => Answer::Malformed(format!("the line is not UTF-8: {error}")),
    };
    let written = serde_json::to_writer(out, &answer);
    debug_assert!(written.is_ok(), "numbers and keys of an answer cannot fail to be JSON");
}

/// Answers one request.
#[must_use]
pub fn answer(request: &Request<'_>) -> Answer {
    let nothing = Object::new();
    let contexts = request.contexts.as_ref().unwrap_or(&nothing);
    match evaluate(&request.expr, contexts) {
        Ok(Evaluation::Done(value)) => Answer::Value(value),
        Ok(Evaluation::Pending(questions)) => Answer::Failed(Stage::Evaluation, unanswered(&questions)),
        Err(error) => Answer::Failed(error.stage(), with_causes(&error)),
    }
}

fn evaluate(expr: &str, contexts: &Object) -> Result<Evaluation, ExpressionError> {
    let syntax = Syntax::new().contexts(contexts.keys().cloned());
    Ok(Expression::parse(expr, &syntax)?.evaluate(contexts)?)
}

fn unanswered(questions: &[HostCall]) -> String {
    format!("{} questions to the host have no answer", questions.len())
}

/// A message with those of its causes, as GitHub joins them.
fn with_causes(error: &ExpressionError) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message.push_str(": ");
        message.push_str(&error.to_string());
        cause = error.source();
    }
    message
}

/// A number JSON may have no name for.
struct Named<'a>(&'a Value);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Number(number) if !number.is_finite() => {
                serializer.serialize_str(&number::to_string(*number))
            }
            Value::Array(array) => serializer.collect_seq(array.iter().map(Named)),
            Value::Object(object) => {
                let mut map = serializer.serialize_map(Some(object.len()))?;
                for (key, value) in object.iter() {
                    map.serialize_entry(&**key, &Named(value))?;
                }
                map.end()
            }
            other => other.serialize(serializer),
        }
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Problem<'a> {
            kind: &'a str,
            message: &'a str,
        }
        let problem = match self {
            Self::Value(value) => {
                let mut reply = serializer.serialize_struct("Answer", 2)?;
                reply.serialize_field("kind", value::Kind::name(value.kind()))?;
                reply.serialize_field("value", &Named(value))?;
                return reply.end();
            }
            Self::Failed(stage, message) => Problem { kind: stage.name(), message },
            Self::Malformed(message) => Problem { kind: "request", message },
        };
        let mut reply = serializer.serialize_struct("Answer", 1)?;
        reply.serialize_field("error", &problem)?;
        reply.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_answered_with_a_line() {
        let answer = |line: &[u8]| {
            let mut out = Vec::new();
            answer_line(line, &mut out);
            String::from_utf8(out).unwrap()
        };
        for (line, reply) in [
            (
                r#"{"expr":"a.b","contexts":{"A":{"B":[1,null,"x"]}}}"#,
                r#"{"kind":"Array","value":[1,null,"x"]}"#,
            ),
            (r#"{"expr":"NaN"}"#, r#"{"kind":"Number","value":"NaN"}"#),
            (r#"{"expr":""}"#, r#"{"kind":"Null","value":null}"#),
            (r#"{"expr":"'\n'"}"#, r#"{"kind":"String","value":"\n"}"#),
            (
                r#"{"expr":"a","contexts":null}"#,
                r#"{"error":{"kind":"parsing","message":"Unrecognized named-value: 'a'. Located at position 1 within expression: a"}}"#,
            ),
            (
                r#"{"expr":"@"}"#,
                r#"{"error":{"kind":"lexing","message":"Unexpected symbol: '@'. Located at position 1 within expression: @"}}"#,
            ),
            (
                r#"{"expr":"fromJson('x')"}"#,
                r#"{"error":{"kind":"evaluation","message":"Error parsing fromJson: Unexpected character encountered while parsing value: x. Path '', line 0, position 0."}}"#,
            ),
        ] {
            assert_eq!(answer(line.as_bytes()), reply);
        }
        for (line, reply) in [
            (&b"{}"[..], r#"{"error":{"kind":"request","message":"missing field `expr`"#),
            (b"\xff", r#"{"error":{"kind":"request","message":"the line is not UTF-8"#),
        ] {
            assert!(answer(line).starts_with(reply), "{}", answer(line));
        }
    }
}
