//! Parts of jobs and workflows.

use super::step::{boolean_of, number_of, text_of, texts_of};
use super::{Evaluated, Result, evaluate, judge, to_value, unravel};
use crate::convert::early::{self, When, texts};
use crate::convert::snapshot as snapshots;
use crate::schema::Schema;
use crate::token::Token;
use crate::values::{
    Concurrency, Container, Environment, RunDefaults, RunsOn, Services, Snapshot, Variables,
};
use act_expr::{Scope, Value};

/// Evaluates `run-name`.
///
/// # Errors
/// A failing expression, or a mapping or sequence.
pub fn run_name(token: &Token, scope: &dyn Scope) -> Result<Evaluated<String>> {
    text_of("run-name", token, scope)
}

/// Evaluates the name of a job.
///
/// # Errors
/// A failing expression, or a mapping or sequence.
pub fn job_name(token: &Token, scope: &dyn Scope) -> Result<Evaluated<String>> {
    text_of("string-strategy-context", token, scope)
}

/// Evaluates `continue-on-error` of a job.
///
/// # Errors
/// A failing expression, or no boolean.
pub fn job_continue_on_error(token: &Token, scope: &dyn Scope) -> Result<Evaluated<bool>> {
    boolean_of("boolean-strategy-context", token, scope)
}

/// Evaluates `timeout-minutes` or `cancel-timeout-minutes` of a job. Fractions stay: GitHub cuts them off, and
/// half a minute would be none.
///
/// # Errors
/// A failing expression, or no number.
pub fn job_minutes(token: &Token, scope: &dyn Scope) -> Result<Evaluated<f64>> {
    number_of("number-strategy-context", token, scope)
}

/// Evaluates the outputs of a job.
///
/// # Errors
/// A failing expression, or a value that is no scalar.
pub fn job_outputs(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Variables>> {
    texts_of(Schema::workflow(), "job-outputs", token, scope)
}

/// Evaluates a `strategy`, for [`crate::matrix::expand`].
///
/// # Errors
/// A failing expression, or a value of the wrong type.
pub fn strategy(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Value>> {
    evaluate(Schema::workflow(), "strategy", token, scope)?.try_map(|token| to_value(&token))
}

/// Evaluates `runs-on`.
///
/// # Errors
/// A failing expression, an empty label, or a form that is none of label, labels, group and labels.
pub fn runs_on(token: &Token, scope: &dyn Scope) -> Result<Evaluated<RunsOn>> {
    let done =
        |token: Token| judge(&token, |token, problems| early::runs_on(token, When::Evaluated, problems));
    evaluate(Schema::workflow(), "runs-on", token, scope)?.try_map(done)
}

/// Evaluates `concurrency` of a job.
///
/// # Errors
/// A failing expression, an empty or too long group, settings that exclude each other.
pub fn concurrency(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Concurrency>> {
    concurrency_of("job-concurrency", token, scope)
}

/// Evaluates `concurrency` of a workflow.
///
/// # Errors
/// A failing expression, an empty or too long group, settings that exclude each other.
pub fn workflow_concurrency(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Concurrency>> {
    concurrency_of("workflow-concurrency", token, scope)
}

fn concurrency_of(definition: &str, token: &Token, scope: &dyn Scope) -> Result<Evaluated<Concurrency>> {
    let done =
        |token: Token| judge(&token, |token, problems| early::concurrency(token, When::Evaluated, problems));
    evaluate(Schema::workflow(), definition, token, scope)?.try_map(done)
}

/// Evaluates `container`; none when its image is empty.
///
/// # Errors
/// A failing expression, or a value of the wrong type.
pub fn container(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Option<Container>>> {
    let done =
        |token: Token| judge(&token, |token, problems| early::container(token, When::Evaluated, problems));
    evaluate(Schema::workflow(), "container-value", token, scope)?.try_map(done)
}

/// Evaluates `services`, by their names; one whose image is empty is not started.
///
/// # Errors
/// A failing expression, or a value of the wrong type.
pub fn services(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Services>> {
    let done =
        |token: Token| judge(&token, |token, problems| early::services(token, When::Evaluated, problems));
    evaluate(Schema::workflow(), "services-value", token, scope)?.try_map(done)
}

/// Evaluates `environment` but for its URL, which is evaluated when the job has run; none when its name is empty.
///
/// # Errors
/// A failing expression, or a value of the wrong type.
pub fn environment(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Option<Environment>>> {
    let schema = Schema::workflow();
    let url = schema.named("string-runner-context-no-secrets");
    let done = |token: Token| judge(&token, |token, _| early::environment(token, When::Evaluated));
    unravel::evaluate(schema, schema.named("job-environment"), Some(url), token, scope)?.try_map(done)
}

/// Evaluates [`Environment::url`].
///
/// # Errors
/// A failing expression, or a mapping or sequence.
pub fn environment_url(token: &Token, scope: &dyn Scope) -> Result<Evaluated<String>> {
    text_of("string-runner-context-no-secrets", token, scope)
}

/// Evaluates `snapshot` but for its condition.
///
/// # Errors
/// A failing expression, or a value of the wrong type.
pub fn snapshot(token: &Token, scope: &dyn Scope) -> Result<Evaluated<Option<Snapshot>>> {
    let schema = Schema::workflow();
    let condition = schema.named("snapshot-if");
    let done =
        |token: Token| judge(&token, |token, problems| snapshots::snapshot(token, When::Evaluated, problems));
    unravel::evaluate(schema, schema.named("snapshot"), Some(condition), token, scope)?.try_map(done)
}

/// Evaluates `defaults` of a workflow or a job: what stands under `run`.
///
/// # Errors
/// A failing expression, or a value that is no text.
pub fn run_defaults(token: &Token, scope: &dyn Scope) -> Result<Evaluated<RunDefaults>> {
    let Some(run) = token.get("run") else { return Ok(Evaluated::Done(RunDefaults::default())) };
    let done = |token: Token| {
        let mut found = judge(&token, |token, _| texts(token, When::Evaluated, "defaults run"))?;
        let mut take = |name: &str| {
            let index = found.iter().position(|(key, _)| key.eq_ignore_ascii_case(name))?;
            Some(found.swap_remove(index).1)
        };
        Ok(RunDefaults { shell: take("shell"), working_directory: take("working-directory") })
    };
    evaluate(Schema::workflow(), "job-defaults-run", run, scope)?.try_map(done)
}
