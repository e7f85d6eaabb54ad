//! Evaluates what a file leaves open, at the moment it is known: tokens become values of the type their key wants.
//!
//! Every function answers [`Evaluated::Pending`] while the scope cannot answer a host call (a secret, `hashFiles`); the
//! caller finds the answers and calls again. Which value fits is the schema's, as when reading: `timeout-minutes` takes a
//! number, not a text with digits. Port of `WorkflowTemplateEvaluator.cs`.

mod action;
mod call;
mod error;
mod job;
mod step;
#[cfg(test)]
mod tests;
mod unravel;

pub use action::{action_outputs, container_args, container_env, input_default};
pub use call::{call_inputs, call_outputs, call_secrets};
pub use error::EvaluateError;
pub use job::{
    concurrency, container, environment, environment_url, job_continue_on_error, job_minutes, job_name,
    job_outputs, run_defaults, run_name, runs_on, services, snapshot, strategy, workflow_concurrency,
};
pub use step::{condition, step_continue_on_error, step_env, step_inputs, step_name, step_timeout, text};

pub use crate::values::{
    Concurrency, Container, Credentials, Environment, RunDefaults, RunsOn, Services, Snapshot, Variables,
};

use crate::schema::Schema;
use crate::source::{Problem, Span};
use crate::token::Token;
use act_expr::{HostCall, Scope, Value};

/// What evaluating came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Evaluated<T> {
    /// The value.
    Done(T),
    /// Answers are needed first.
    Pending(Vec<HostCall>),
}

impl<T> Evaluated<T> {
    fn and_then<U>(self, next: impl FnOnce(T) -> Result<Evaluated<U>>) -> Result<Evaluated<U>> {
        match self {
            Self::Done(value) => next(value),
            Self::Pending(calls) => Ok(Evaluated::Pending(calls)),
        }
    }

    fn try_map<U>(self, next: impl FnOnce(T) -> Result<U>) -> Result<Evaluated<U>> {
        self.and_then(|value| next(value).map(Evaluated::Done))
    }
}

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
/// Every expression that fails, and texts or collections where they cannot be.
pub fn value(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Value>> {
    let schema = Schema::workflow();
    evaluate(schema, "job-if-result", token, scope)?.try_map(|token| to_value(&token))
}

/// Evaluates a token as a value of the definition `name`.
fn evaluate(
    schema: &'static Schema,
    name: &str,
    token: &Token,
    scope: &dyn Scope,
) -> Result<Evaluated<Token>> {
    unravel::evaluate(schema, schema.named(name), None, token, scope)
}

fn to_value(token: &Token) -> Result<Value> {
    let still_open =
        || EvaluateError::new(token.span, "A template expression is not allowed in this context");
    token.to_value().ok_or_else(still_open)
}

/// Judges an evaluated token by the rules that are also used when reading.
fn judge<T>(token: &Token, rule: impl FnOnce(&Token, &mut Vec<Problem>) -> Result<T, Problem>) -> Result<T> {
    let mut problems = Vec::new();
    let result = rule(token, &mut problems);
    match result {
        Ok(value) if problems.is_empty() => Ok(value),
        Ok(_) => Err(EvaluateError::from(problems)),
        Err(problem) => {
            problems.push(problem);
            Err(EvaluateError::from(problems))
        }
    }
}
