//! The jobs of a file. Port of `ConvertToJobs` and `ConvertToJob` of `WorkflowTemplateConverter.cs`.

use super::early::{self, When, literal};
use super::permissions::permissions;
use super::snapshot::snapshot;
use super::steps::StepReader;
use super::{condition, needs, strategy};
use crate::context::Context;
use crate::id_builder::IdBuilder;
use crate::ids::JobId;
use crate::model::{CallJob, CallSecrets, CallTarget, Enclosing, Job, JobKind, Step, StepsJob};
use crate::permissions::Permissions;
use crate::schema::Schema;
use crate::source::{Problem, Span, Spanned};
use crate::step::{If, Text};
use crate::token::{Token, TokenKind};
use std::sync::Arc;

/// Reads `jobs`; what is wrong goes to the context.
pub(crate) fn jobs(context: &mut Context<'_>, token: Token, enclosing: &Arc<Enclosing>) -> Vec<Job> {
    let span = token.span;
    let TokenKind::Mapping(entries) = token.kind else {
        if let Err(problem) = token.expect_mapping("jobs") {
            context.problem(problem);
        }
        return Vec::new();
    };
    let ids: Vec<Token> = entries.iter().map(|(key, _)| key.clone()).collect();
    let mut jobs = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        context.jobs += 1;
        match job(context, &key, value, enclosing) {
            Ok(job) => jobs.extend(job),
            Err(problem) => context.problem(problem),
        }
    }
    let problems = if context.problems.is_empty() {
        needs::check(&jobs, span)
    } else {
        // GitHub says nothing then, since jobs are missing that could not be read.
        needs::strangers(&jobs, ids.iter().filter_map(Token::as_str))
    };
    problems.into_iter().for_each(|problem| context.problem(problem));
    jobs
}

/// The properties of a job as far as they were read.
#[derive(Default)]
struct Parts {
    name: Option<Token>,
    condition: Option<If>,
    needs: Vec<Spanned<JobId>>,
    permissions: Option<Spanned<Permissions>>,
    concurrency: Option<Token>,
    strategy: Option<Token>,
    runs_on: Option<Token>,
    env: Option<Token>,
    environment: Option<Token>,
    defaults: Option<Token>,
    outputs: Option<Token>,
    container: Option<Token>,
    services: Option<Token>,
    timeout_minutes: Option<Token>,
    cancel_timeout_minutes: Option<Token>,
    continue_on_error: Option<Token>,
    snapshot: Option<Token>,
    steps: Vec<Step>,
    uses: Option<(Text, CallTarget)>,
    with: Option<Token>,
    secrets: CallSecrets,
}

fn job(
    context: &mut Context<'_>,
    key: &Token,
    value: Token,
    enclosing: &Arc<Enclosing>,
) -> Result<Option<Job>, Problem> {
    let id = key.expect_string("jobs key")?;
    if let Err(error) = IdBuilder::default().add_known(id) {
        context.error(key.span, error.to_string());
    }
    let span = Span { end_line: value.span.end_line, end_column: value.span.end_column, ..key.span };
    value.expect_mapping("jobs value")?;
    let TokenKind::Mapping(entries) = value.kind else { return Ok(None) };
    let mut reader = JobReader { id, context, parts: Parts::default() };
    for (key, value) in entries {
        reader.property(&key, value)?;
    }
    let mut parts = reader.parts;
    let condition = match parts.condition.take() {
        Some(condition) => condition,
        None => condition::condition(None, &Schema::workflow().allowed("job-if"), "Job if")?,
    };
    let name = parts.name.take().filter(|name| name.as_str() != Some(""));
    let (needs, permissions) = (std::mem::take(&mut parts.needs), parts.permissions.take());
    let (concurrency, strategy) = (parts.concurrency.take(), parts.strategy.take());
    let Some(kind) = parts.into_kind() else { return Ok(None) };
    let (id, id_span, enclosing) = (JobId::new(id.clone()), key.span, enclosing.clone());
    Ok(Some(Job {
        id,
        id_span,
        span,
        name,
        needs,
        condition,
        permissions,
        concurrency,
        strategy,
        enclosing,
        kind,
    }))
}

impl Parts {
    /// `None` when neither `uses` nor `runs-on` is there, which the schema has reported.
    fn into_kind(self) -> Option<JobKind> {
        if let Some((uses, target)) = self.uses {
            let call = CallJob { uses, target, with: self.with, secrets: self.secrets, called: None };
            return Some(JobKind::Call(Box::new(call)));
        }
        Some(JobKind::Steps(Box::new(StepsJob {
            runs_on: self.runs_on?,
            env: self.env,
            environment: self.environment,
            defaults: self.defaults,
            outputs: self.outputs,
            container: self.container,
            services: self.services,
            timeout_minutes: self.timeout_minutes,
            cancel_timeout_minutes: self.cancel_timeout_minutes,
            continue_on_error: self.continue_on_error,
            snapshot: self.snapshot,
            steps: self.steps,
        })))
    }
}

struct JobReader<'a, 'c> {
    id: &'a str,
    context: &'a mut Context<'c>,
    parts: Parts,
}

impl JobReader<'_, '_> {
    fn property(&mut self, key: &Token, value: Token) -> Result<(), Problem> {
        let parts = &mut self.parts;
        match &**key.expect_string("job property name")? {
            "name" => parts.name = Some(value),
            "needs" => parts.needs = needs_of(&value)?,
            "env" => parts.env = Some(value),
            "outputs" => parts.outputs = Some(value),
            "defaults" => parts.defaults = Some(value),
            "with" => parts.with = Some(value),
            "permissions" => parts.permissions = Some(permissions(&value)?),
            "uses" => {
                let text = value.expect_string("job uses value")?.clone();
                let target =
                    CallTarget::parse(&text).map_err(|error| Problem::new(value.span, error.to_string()))?;
                parts.uses = Some((Spanned::new(text, value.span), target));
            }
            "secrets" if value.as_str() == Some("inherit") => {
                parts.secrets = CallSecrets::Inherit(value.span)
            }
            "secrets" => {
                value.expect_mapping("uses-secrets value")?;
                parts.secrets = CallSecrets::Map(value);
            }
            "if" => match condition::condition(Some(&value), &Schema::workflow().allowed("job-if"), "Job if")
            {
                Ok(condition) => parts.condition = Some(condition),
                Err(problem) => self.context.problem(problem),
            },
            "steps" => {
                parts.steps =
                    StepReader::new(self.context, &Schema::workflow().allowed("step-if")).steps(value)
            }
            _ => self.judged(key, value)?,
        }
        Ok(())
    }

    /// Properties that are checked now and converted when their expressions are evaluated.
    fn judged(&mut self, key: &Token, value: Token) -> Result<(), Problem> {
        let when = When::Reading;
        let mut found = Vec::new();
        let parts = &mut self.parts;
        let place = match key.as_str().unwrap_or_default() {
            "runs-on" => early::runs_on(&value, when, &mut found).map(|_| &mut parts.runs_on),
            "concurrency" => early::concurrency(&value, when, &mut found).map(|_| &mut parts.concurrency),
            "environment" => early::environment(&value, when).map(|_| &mut parts.environment),
            "container" => early::container(&value, when, &mut found).map(|_| &mut parts.container),
            "services" => early::services(&value, when, &mut found).map(|_| &mut parts.services),
            "snapshot" => snapshot(&value, when, &mut found).map(|_| &mut parts.snapshot),
            "strategy" => {
                strategy::check(self.id, &value, &mut found);
                Ok(&mut parts.strategy)
            }
            "timeout-minutes" => number(&value, "job timeout-minutes").map(|()| &mut parts.timeout_minutes),
            "cancel-timeout-minutes" => {
                number(&value, "job cancel-timeout-minutes").map(|()| &mut parts.cancel_timeout_minutes)
            }
            "continue-on-error" => {
                boolean(&value, "job continue-on-error").map(|()| &mut parts.continue_on_error)
            }
            _ => Err(key.unexpected_value("job key")),
        };
        match place {
            Ok(place) => *place = Some(value),
            Err(problem) => found.push(problem),
        }
        found.into_iter().for_each(|problem| self.context.problem(problem));
        Ok(())
    }
}

fn number(value: &Token, what: &str) -> Result<(), Problem> {
    literal(value, When::Reading, |value| value.expect_number(what)).map(|_| ())
}

fn boolean(value: &Token, what: &str) -> Result<(), Problem> {
    literal(value, When::Reading, |value| value.expect_bool(what)).map(|_| ())
}

fn needs_of(value: &Token) -> Result<Vec<Spanned<JobId>>, Problem> {
    let one = |token: &Token| {
        Ok(Spanned::new(JobId::new(token.expect_string("job needs item")?.clone()), token.span))
    };
    match value.as_sequence() {
        Some(items) => items.iter().map(one).collect(),
        None => Ok(vec![one(value)?]),
    }
}
