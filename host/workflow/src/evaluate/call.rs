//! What passes between a job and the workflow it calls.

use super::step::text_of;
use super::{EvaluateError, Evaluated, Result, evaluate, to_value};
use crate::model::{CallJob, CalledWorkflow};
use crate::schema::Schema;
use crate::token::{Token, TokenKind};
use crate::triggers::{Input, InputType, OutputDefinition};
use crate::values::Variables;
use act_expr::{HostCall, Object, Scope, Value};

/// Evaluates the secrets a job hands to the workflow it calls; empty ones are left out.
///
/// # Errors
/// A failing expression, or a value that is no scalar.
pub fn call_secrets(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Variables>> {
    let schema = Schema::workflow();
    evaluate(schema, "workflow-job-secrets", token, scope)?.try_map(|token| {
        let entries = token.as_mapping().unwrap_or_default().iter();
        let texts =
            entries.map(|(name, value)| (name.literal_text().to_string(), value.literal_text().to_string()));
        Ok(texts.filter(|(_, text)| !text.is_empty()).collect())
    })
}

/// Evaluates the inputs of a called workflow: what is given, what is not by default, each of its type.
///
/// # Errors
/// A failing expression, a value of another type, a required input without a value.
pub fn call_inputs(call: &CallJob, called: &CalledWorkflow, scope: &dyn Scope) -> Result<Evaluated<Value>> {
    let given = match &call.with {
        Some(token) => evaluate(Schema::workflow(), "workflow-job-with", token, scope)?,
        None => Evaluated::Done(Token::new(TokenKind::Mapping(Vec::new()), call.uses.span)),
    };
    given.and_then(|given| {
        let mut inputs = Object::new();
        let mut pending = Vec::new();
        for (name, input) in &called.signature.inputs {
            let mut entries = given.as_mapping().unwrap_or_default().iter();
            let written = entries.find(|(key, _)| name.same_as(&key.literal_text())).map(|(_, value)| value);
            let Some(token) = written.or(input.default.as_ref()) else {
                if input.required {
                    let text = format!("Input {name} is required, but not provided while calling.");
                    return Err(EvaluateError::new(call.uses.span, text));
                }
                inputs.insert(name.as_str(), default_of(input.kind));
                continue;
            };
            if let Some(value) = typed(input, token, scope, &mut pending)? {
                inputs.insert(name.as_str(), value);
            }
        }
        Ok(if pending.is_empty() { Evaluated::Done(inputs.into()) } else { Evaluated::Pending(pending) })
    })
}

/// Evaluates the outputs of a called workflow, in a scope that has `jobs`.
///
/// # Errors
/// A failing expression, or a value that is no scalar.
pub fn call_outputs(called: &CalledWorkflow, scope: &dyn Scope) -> Result<Evaluated<Variables>> {
    let mut outputs = Variables::new();
    let mut pending = Vec::new();
    for (name, OutputDefinition { value, .. }) in &called.signature.outputs {
        let Some(token) = value else { continue };
        match text_of("workflow-output-context", token, scope)? {
            Evaluated::Done(text) => outputs.push((name.as_str().to_owned(), text)),
            Evaluated::Pending(calls) => pending.extend(calls),
        }
    }
    Ok(if pending.is_empty() { Evaluated::Done(outputs) } else { Evaluated::Pending(pending) })
}

fn typed(
    input: &Input,
    token: &Token,
    scope: &dyn Scope,
    pending: &mut Vec<HostCall>,
) -> Result<Option<Value>> {
    let definition = match input.kind {
        InputType::Boolean => "boolean-needs-context",
        InputType::Number => "number-needs-context",
        InputType::String | InputType::Choice | InputType::Environment => "string-needs-context",
    };
    match evaluate(Schema::workflow(), definition, token, scope)? {
        Evaluated::Done(token) => to_value(&token).map(Some),
        Evaluated::Pending(calls) => {
            pending.extend(calls);
            Ok(None)
        }
    }
}

fn default_of(kind: InputType) -> Value {
    match kind {
        InputType::Boolean => Value::Bool(false),
        InputType::Number => Value::Number(0.0),
        InputType::String | InputType::Choice | InputType::Environment => "".into(),
    }
}
