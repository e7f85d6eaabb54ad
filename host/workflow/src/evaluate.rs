//! Evaluates what a file leaves open, at the moment it is known: tokens become values of the type their key wants.
//!
//! Every function answers [`Evaluated::Pending`] while the scope cannot answer a host call (a secret, `hashFiles`);
//! the caller finds the answer and calls again. Port of `WorkflowTemplateEvaluator.cs` and `TemplateEvaluator.cs`.

use std::fmt;

use act_expr::{Evaluation, HostCall, Object, Scope, Value, coerce};

use crate::model::{CallJob, CalledWorkflow};
use crate::source::Span;
use crate::step::If;
use crate::token::{Token, TokenKind};
use crate::triggers::{Input, InputType};

/// What evaluating came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Evaluated<T> {
    /// The value.
    Done(T),
    /// Answers are needed first.
    Pending(Vec<HostCall>),
}

impl<T> Evaluated<T> {
    fn and_then<U>(
        self,
        next: impl FnOnce(T) -> Result<Evaluated<U>, EvaluateError>,
    ) -> Result<Evaluated<U>, EvaluateError> {
        match self {
            Self::Done(value) => next(value),
            Self::Pending(calls) => Ok(Evaluated::Pending(calls)),
        }
    }

    fn try_map<U>(
        self,
        next: impl FnOnce(T) -> Result<U, EvaluateError>,
    ) -> Result<Evaluated<U>, EvaluateError> {
        self.and_then(|value| next(value).map(Evaluated::Done))
    }
}

/// Evaluation went wrong; the texts are GitHub's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluateError {
    /// What, and where it stands.
    pub problems: Vec<(Span, String)>,
}

impl EvaluateError {
    fn new(span: Span, message: impl Into<String>) -> Self {
        Self { problems: vec![(span, message.into())] }
    }

    /// Returns GitHub's texts: `The template is not valid. f.yml (Line: 1, Col: 2): …`.
    #[must_use]
    pub fn messages(&self, files: &[String]) -> Vec<String> {
        let message = |(span, text): &(Span, String)| {
            let file = files.get(usize::from(span.file.0)).map_or("", String::as_str);
            if span.is_whole_file() {
                format!("The template is not valid. {file}: {text}")
            } else {
                format!(
                    "The template is not valid. {file} (Line: {}, Col: {}): {text}",
                    span.line, span.column
                )
            }
        };
        self.problems.iter().map(message).collect()
    }
}

impl fmt::Display for EvaluateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (_, text)) in self.problems.iter().enumerate() {
            write!(f, "{}{text}", if index > 0 { "; " } else { "" })?;
        }
        Ok(())
    }
}

impl std::error::Error for EvaluateError {}

/// A result of this module.
pub type Result<T, E = EvaluateError> = std::result::Result<T, E>;

/// Takes the value where nothing can be pending: the scope answers every call at once.
///
/// # Errors
/// What went wrong, or that an answer was missing after all.
pub fn now<T>(evaluated: Result<Evaluated<T>>) -> Result<T> {
    match evaluated? {
        Evaluated::Done(value) => Ok(value),
        Evaluated::Pending(calls) => {
            let missing = calls.iter().map(|call| format!("{call:?}")).collect::<Vec<_>>().join(", ");
            Err(EvaluateError::new(Span::nowhere(), format!("No answer for {missing}")))
        }
    }
}

/// Evaluates a token to a plain value, whatever it holds.
///
/// # Errors
/// The first expression that fails.
pub fn value(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Value>> {
    let mut pending = Vec::new();
    let value = evaluate(token, scope, &mut pending)?;
    Ok(if pending.is_empty() { Evaluated::Done(value) } else { Evaluated::Pending(pending) })
}

/// Goes on after a pending part, so that all that is missing is asked for at once.
fn evaluate(token: &Token, scope: &dyn Scope, pending: &mut Vec<HostCall>) -> Result<Value> {
    Ok(match &token.kind {
        TokenKind::Null | TokenKind::Insert => Value::Null,
        TokenKind::Bool(value) => Value::Bool(*value),
        TokenKind::Number(value) => Value::Number(*value),
        TokenKind::String(text) => Value::String(text.clone()),
        TokenKind::Expression(expression) => {
            let settings = act_expr::Settings::workflow();
            let failed = |error: act_expr::EvalError| EvaluateError::new(token.span, error.to_string());
            match expression.parsed().evaluate_with(scope, &settings).map_err(failed)? {
                Evaluation::Done(value) => value,
                Evaluation::Pending(calls) => {
                    pending.extend(calls);
                    Value::Null
                }
            }
        }
        TokenKind::Sequence(items) => {
            let mut values = Vec::with_capacity(items.len());
            for item in items {
                values.push(evaluate(item, scope, pending)?);
            }
            Value::array(values)
        }
        TokenKind::Mapping(entries) => mapping(entries, scope, pending)?.into(),
    })
}

fn mapping(entries: &[(Token, Token)], scope: &dyn Scope, pending: &mut Vec<HostCall>) -> Result<Object> {
    let mut object = Object::new();
    for (key, token) in entries {
        let value = evaluate(token, scope, pending)?;
        if matches!(key.kind, TokenKind::Insert) {
            match &value {
                Value::Object(inserted) => {
                    for (name, value) in inserted.iter() {
                        object.insert_if_absent(name.clone(), value.clone());
                    }
                }
                Value::Null => {}
                _ => return Err(EvaluateError::new(token.span, "Expected a mapping")),
            }
            continue;
        }
        let name = evaluate(key, scope, pending)?;
        object.insert_if_absent(coerce::to_shared_text(&name), value);
    }
    Ok(object)
}

fn scalar(value: &Value, span: Span) -> Result<String> {
    match value {
        Value::Object(_) => Err(EvaluateError::new(span, "A mapping was not expected")),
        Value::Array(_) => Err(EvaluateError::new(span, "A sequence was not expected")),
        scalar => Ok(coerce::to_text(scalar).into_owned()),
    }
}

/// Evaluates a scalar to text; null is empty.
///
/// # Errors
/// A failing expression, or a mapping or sequence.
pub fn text(token: &Token, scope: &dyn Scope) -> Result<Evaluated<String>> {
    value(token, scope)?.try_map(|value| scalar(&value, token.span))
}

fn texts(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Vec<(String, String)>>> {
    value(token, scope)?.try_map(|value| match &value {
        Value::Null => Ok(Vec::new()),
        Value::Object(object) => {
            object.iter().map(|(name, value)| Ok((name.to_string(), scalar(value, token.span)?))).collect()
        }
        _ => Err(EvaluateError::new(token.span, "Expected a mapping")),
    })
}

fn number(value: &Value, span: Span) -> Result<f64> {
    let number = match value {
        Value::Object(_) => return Err(EvaluateError::new(span, "A mapping was not expected")),
        Value::Array(_) => return Err(EvaluateError::new(span, "A sequence was not expected")),
        scalar => coerce::to_number(scalar),
    };
    if number.is_nan() {
        let shown = coerce::to_text(value);
        return Err(EvaluateError::new(span, format!("Unexpected value '{shown}'")));
    }
    Ok(number)
}

fn boolean(value: &Value, span: Span) -> Result<bool> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        other => Err(EvaluateError::new(span, format!("Unexpected value '{}'", coerce::to_text(other)))),
    }
}

/// Evaluates a condition: true unless its value is falsy.
///
/// # Errors
/// A failing expression.
pub fn condition(condition: &If, scope: &dyn Scope) -> Result<Evaluated<bool>> {
    let token = Token::new(
        TokenKind::Expression(condition.expression.clone()),
        condition.span.unwrap_or_else(Span::nowhere),
    );
    value(&token, scope)?.try_map(|value| Ok(coerce::is_truthy(&value)))
}

/// Evaluates an `env` mapping.
///
/// # Errors
/// A failing expression, or a value that is no scalar.
pub fn step_env(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Vec<(String, String)>>> {
    texts(token, scope)
}

/// Evaluates `with` of a step.
///
/// # Errors
/// A failing expression, or a value that is no scalar.
pub fn step_inputs(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Vec<(String, String)>>> {
    texts(token, scope)
}

/// Evaluates the name of a step.
///
/// # Errors
/// A failing expression.
pub fn step_name(token: &Token, scope: &dyn Scope) -> Result<Evaluated<String>> {
    text(token, scope)
}

/// Evaluates the default of an action's input.
///
/// # Errors
/// A failing expression.
pub fn input_default(token: &Token, scope: &dyn Scope) -> Result<Evaluated<String>> {
    text(token, scope)
}

/// Evaluates `timeout-minutes` of a step, in whole minutes; 0 for none.
///
/// # Errors
/// A failing expression, or no number.
pub fn step_timeout(token: &Token, scope: &dyn Scope) -> Result<Evaluated<u64>> {
    // Fractions are cut off, as by the cast of `WorkflowTemplateConverter.ConvertToStepTimeout`.
    value(token, scope)?.try_map(|value| number(&value, token.span).map(|minutes| minutes.max(0.0) as u64))
}

/// Evaluates `continue-on-error` of a step.
///
/// # Errors
/// A failing expression, or no boolean.
pub fn step_continue_on_error(token: &Token, scope: &dyn Scope) -> Result<Evaluated<bool>> {
    value(token, scope)?.try_map(|value| boolean(&value, token.span))
}

/// Evaluates `continue-on-error` of a job.
///
/// # Errors
/// A failing expression, or no boolean.
pub fn job_continue_on_error(token: &Token, scope: &dyn Scope) -> Result<Evaluated<bool>> {
    step_continue_on_error(token, scope)
}

/// Evaluates `timeout-minutes` or `cancel-timeout-minutes` of a job.
///
/// # Errors
/// A failing expression, or no number.
pub fn job_minutes(token: &Token, scope: &dyn Scope) -> Result<Evaluated<f64>> {
    value(token, scope)?.try_map(|value| number(&value, token.span))
}

/// Evaluates the name of a job.
///
/// # Errors
/// A failing expression.
pub fn job_name(token: &Token, scope: &dyn Scope) -> Result<Evaluated<String>> {
    text(token, scope)
}

/// Evaluates the outputs of a job.
///
/// # Errors
/// A failing expression, or a value that is no scalar.
pub fn job_outputs(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Vec<(String, String)>>> {
    texts(token, scope)
}

/// Evaluates a `strategy`, for [`crate::matrix::expand`].
///
/// # Errors
/// A failing expression.
pub fn strategy(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Value>> {
    value(token, scope)
}

/// What `runs-on` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunsOn {
    /// All of these must be met.
    pub labels: Vec<String>,
    /// The runner group.
    pub group: Option<String>,
}

/// Evaluates `runs-on`.
///
/// # Errors
/// A failing expression, or a form that is none of label, labels, group and labels.
pub fn runs_on(token: &Token, scope: &dyn Scope) -> Result<Evaluated<RunsOn>> {
    let labels = |value: &Value| match value {
        Value::Array(items) => items.iter().map(|item| scalar(item, token.span)).collect(),
        Value::Null => Ok(Vec::new()),
        other => scalar(other, token.span).map(|label| vec![label]),
    };
    value(token, scope)?.try_map(|value| {
        let found = match &value {
            Value::Object(object) => RunsOn {
                labels: object.get("labels").map(labels).transpose()?.unwrap_or_default(),
                group: object.get("group").map(|group| scalar(group, token.span)).transpose()?,
            },
            other => RunsOn { labels: labels(other)?, group: None },
        };
        if found.group.is_none() && found.labels.iter().all(|label| label.trim().is_empty()) {
            return Err(EvaluateError::new(token.span, "Unexpected value ''"));
        }
        Ok(found)
    })
}

/// What `concurrency` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// Not empty, less than 400 characters.
    pub group: String,
    /// Whether the one in progress is to be cancelled.
    pub cancel_in_progress: bool,
    /// `queue: max`: those who wait stay.
    pub queue_max: bool,
}

/// Evaluates `concurrency`.
///
/// # Errors
/// A failing expression, an empty or too long group, settings that exclude each other.
pub fn concurrency(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Concurrency>> {
    value(token, scope)?.try_map(|value| {
        let found = match &value {
            Value::Object(object) => Concurrency {
                group: object
                    .get("group")
                    .map(|group| scalar(group, token.span))
                    .transpose()?
                    .unwrap_or_default(),
                cancel_in_progress: match object.get("cancel-in-progress") {
                    None | Some(Value::Null) => false,
                    Some(value) => boolean(value, token.span)?,
                },
                queue_max: object.get("queue").and_then(Value::as_str) == Some("max"),
            },
            other => {
                Concurrency { group: scalar(other, token.span)?, cancel_in_progress: false, queue_max: false }
            }
        };
        let wrong = |text: &str| Err(EvaluateError::new(token.span, text));
        if found.group.is_empty() {
            return wrong("Concurrency group name cannot be empty");
        }
        if found.group.encode_utf16().count() >= 400 {
            return wrong("Concurrency group name must be less than 400 characters");
        }
        if found.queue_max && found.cancel_in_progress {
            return wrong("'queue: max' cannot be used with 'cancel-in-progress: true'");
        }
        Ok(found)
    })
}

/// Evaluates the secrets a job hands to the workflow it calls.
///
/// # Errors
/// A failing expression.
pub fn call_secrets(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Vec<(String, String)>>> {
    texts(token, scope)
}

/// Evaluates the inputs of a called workflow: what is given, what is not by default, each of its type.
///
/// # Errors
/// A failing expression, a value of another type, a required input without a value.
pub fn call_inputs(call: &CallJob, called: &CalledWorkflow, scope: &dyn Scope) -> Result<Evaluated<Value>> {
    let given = match &call.with {
        Some(token) => value(token, scope)?,
        None => Evaluated::Done(Value::Null),
    };
    given.and_then(|given| {
        let mut inputs = Object::new();
        let mut pending = Vec::new();
        for (name, input) in &called.signature.inputs {
            let span = call.with.as_ref().map_or(call.uses.span, |with| with.span);
            let value = match given.get(name.as_str()).cloned() {
                Some(value) => typed(input, value, span)?,
                None => match &input.default {
                    Some(token) => typed(input, evaluate(token, scope, &mut pending)?, token.span)?,
                    None if input.required => {
                        let text = format!("Input {name} is required, but not provided while calling.");
                        return Err(EvaluateError::new(span, text));
                    }
                    None => default_of(input.kind),
                },
            };
            inputs.insert(name.as_str(), value);
        }
        Ok(if pending.is_empty() { Evaluated::Done(inputs.into()) } else { Evaluated::Pending(pending) })
    })
}

fn default_of(kind: InputType) -> Value {
    match kind {
        InputType::Boolean => Value::Bool(false),
        InputType::Number => Value::Number(0.0),
        InputType::String | InputType::Choice | InputType::Environment => "".into(),
    }
}

fn typed(input: &Input, value: Value, span: Span) -> Result<Value> {
    Ok(match input.kind {
        InputType::Boolean => Value::Bool(boolean(&value, span)?),
        InputType::Number => Value::Number(number(&value, span)?),
        InputType::String | InputType::Choice | InputType::Environment => scalar(&value, span)?.into(),
    })
}
