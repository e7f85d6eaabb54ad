//! Parts of steps.

use super::{Evaluated, Result, evaluate, judge};
use crate::convert::early::{When, texts};
use crate::schema::Schema;
use crate::source::Span;
use crate::step::If;
use crate::token::{Token, TokenKind};
use crate::values::Variables;
use act_expr::{Scope, coerce};

/// Evaluates a condition: true unless its value is falsy.
///
/// # Errors
/// A failing expression.
pub fn condition(condition: &If, scope: &dyn Scope) -> Result<Evaluated<bool>> {
    let span = condition.span.unwrap_or_else(Span::nowhere);
    let token = Token::new(TokenKind::Expression(condition.expression.clone()), span);
    super::value(&token, scope)?.try_map(|value| Ok(coerce::is_truthy(&value)))
}

/// Evaluates a scalar to text; null is empty. For `run`, `shell` and `working-directory`, in workflows and actions.
///
/// # Errors
/// A failing expression, or a mapping or sequence.
pub fn text(token: &Token, scope: &dyn Scope) -> Result<Evaluated<String>> {
    text_of("string-steps-context", token, scope)
}

pub(super) fn text_of(definition: &str, token: &Token, scope: &dyn Scope) -> Result<Evaluated<String>> {
    let done =
        |token: Token| judge(&token, |token, _| token.expect_string(definition).map(ToString::to_string));
    evaluate(Schema::workflow(), definition, token, scope)?.try_map(done)
}

pub(super) fn texts_of(
    schema: &'static Schema,
    definition: &str,
    token: &Token,
    scope: &dyn Scope,
) -> Result<Evaluated<Variables>> {
    let done = |token: Token| judge(&token, |token, _| texts(token, When::Evaluated, definition));
    evaluate(schema, definition, token, scope)?.try_map(done)
}

/// Evaluates an `env` mapping, of a workflow, a job or a step.
///
/// # Errors
/// A failing expression, or a value that is no scalar.
pub fn step_env(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Variables>> {
    texts_of(Schema::workflow(), "step-env", token, scope)
}

/// Evaluates `with` of a step.
///
/// # Errors
/// A failing expression, or a value that is no scalar.
pub fn step_inputs(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Variables>> {
    texts_of(Schema::workflow(), "step-with", token, scope)
}

/// Evaluates the name of a step.
///
/// # Errors
/// A failing expression, or a mapping or sequence.
pub fn step_name(token: &Token, scope: &dyn Scope) -> Result<Evaluated<String>> {
    text(token, scope)
}

/// Evaluates `timeout-minutes` of a step, in whole minutes, fractions cut off; 0 for none.
///
/// # Errors
/// A failing expression, or no number.
pub fn step_timeout(token: &Token, scope: &dyn Scope) -> Result<Evaluated<u64>> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, as .NET's does; fractions are cut off"
    )]
    number_of("number-steps-context", token, scope)?.try_map(|minutes| Ok(minutes as u64))
}

pub(super) fn number_of(definition: &str, token: &Token, scope: &dyn Scope) -> Result<Evaluated<f64>> {
    let done = |token: Token| judge(&token, |token, _| token.expect_number("timeout-minutes"));
    evaluate(Schema::workflow(), definition, token, scope)?.try_map(done)
}

/// Evaluates `continue-on-error` of a step.
///
/// # Errors
/// A failing expression, or no boolean.
pub fn step_continue_on_error(token: &Token, scope: &dyn Scope) -> Result<Evaluated<bool>> {
    boolean_of("boolean-steps-context", token, scope)
}

pub(super) fn boolean_of(definition: &str, token: &Token, scope: &dyn Scope) -> Result<Evaluated<bool>> {
    let done = |token: Token| judge(&token, |token, _| token.expect_bool("continue-on-error"));
    evaluate(Schema::workflow(), definition, token, scope)?.try_map(done)
}
