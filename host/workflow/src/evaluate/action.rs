//! Parts of actions. Port of the `Evaluate…` methods of `ActionManifestManager.cs`.

use super::step::texts_of;
use super::{Evaluated, Result, evaluate, judge};
use crate::action::ActionManifest;
use crate::schema::Schema;
use crate::token::Token;
use crate::values::Variables;
use act_expr::Scope;

/// Evaluates the default of an action's input.
///
/// # Errors
/// A failing expression, or a mapping or sequence.
pub fn input_default(token: &Token, scope: &dyn Scope) -> Result<Evaluated<String>> {
    text_of("input-default-context", token, scope)
}

/// Evaluates the outputs of a composite action, in the scope of its steps.
///
/// # Errors
/// A failing expression, or a value that is no scalar.
pub fn action_outputs(action: &ActionManifest, scope: &dyn Scope) -> Result<Evaluated<Variables>> {
    let mut outputs = Variables::new();
    let mut pending = Vec::new();
    for (name, output) in &action.outputs {
        let Some(token) = &output.value else { continue };
        match text_of("output-value", token, scope)? {
            Evaluated::Done(text) => outputs.push((name.as_str().to_owned(), text)),
            Evaluated::Pending(calls) => pending.extend(calls),
        }
    }
    Ok(if pending.is_empty() { Evaluated::Done(outputs) } else { Evaluated::Pending(pending) })
}

/// Evaluates `args` of a docker action.
///
/// # Errors
/// A failing expression, or an item that is no scalar.
pub fn container_args(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Vec<String>>> {
    evaluate(Schema::action(), "container-runs-args", token, scope)?.try_map(|token| {
        judge(&token, |token, _| {
            let items = token.expect_sequence("container args")?.iter();
            items.map(|item| item.expect_string("container arg").map(ToString::to_string)).collect()
        })
    })
}

/// Evaluates `env` of a docker action.
///
/// # Errors
/// A failing expression, or a value that is no scalar.
pub fn container_env(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Variables>> {
    texts_of(Schema::action(), "container-runs-env", token, scope)
}

fn text_of(definition: &str, token: &Token, scope: &dyn Scope) -> Result<Evaluated<String>> {
    let done =
        |token: Token| judge(&token, |token, _| token.expect_string(definition).map(ToString::to_string));
    evaluate(Schema::action(), definition, token, scope)?.try_map(done)
}
