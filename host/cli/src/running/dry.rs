//! What would run, told without any effect: `--dryrun`.
//!
//! What depends on jobs that have not run is said to be decided later, never guessed. Conditions are tried
//! under both assumptions, that the needed jobs succeed and that one fails; where both agree, the answer is certain.

mod show;

use std::collections::HashSet;
use std::sync::Arc;

use act_core::decide::{LabelAsk, LabelMapper};
use act_engine::place::place;
use act_engine::request::RunRequest;
use act_expr::{Called, Named, Object, Scope, Value};
use act_workflow::evaluate;
use act_workflow::expression::Expression;
use act_workflow::matrix::{self, Leg};
use act_workflow::model::{CallJob, Job, JobKind, StepsJob};
use act_workflow::source::Sources;
use act_workflow::step::{Step, StepKind};
use act_workflow::token::Token;
use serde::Serialize;

use super::plan::{Ready, mappers};
use crate::as_written::as_written;
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;

pub(super) use show::show;

/// A job as it would run.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct DryJob {
    /// Ids from the run's workflow down to this job, with `/`.
    job: String,
    needs: Vec<String>,
    when: When,
    /// Why it is decided later, or what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Empty when it is skipped, or when the matrix is known later.
    legs: Vec<DryLeg>,
    steps: Vec<DryStep>,
    /// Jobs of the workflow that it calls.
    #[serde(skip)]
    called: Vec<Self>,
}

/// Whether a job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum When {
    /// In any case.
    Always,
    /// Once all it needs succeeded.
    NeedsSucceed,
    /// Only once something it needs failed.
    ANeedFails,
    /// Not at all.
    Skipped,
    /// Nobody can say yet.
    Later,
    /// Its condition or matrix is wrong.
    Wrong,
}

/// One leg of a job; the only one where there is no matrix.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct DryLeg {
    name: String,
    /// None for a call, and where they are known later.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
    /// Which mapper placed it, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

/// A step as its file has it.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct DryStep {
    kind: &'static str,
    text: String,
}

/// Returns every job of a run, as far as it is known.
fn jobs(ready: &Ready, config: &Config) -> Vec<DryJob> {
    let request = &ready.prepared.request;
    let view = View { request, sources: &ready.sources, mappers: &mappers(config) };
    let jobs = request.selection.of(&request.workflow.jobs);
    view.level(&jobs, "", Some(&request.inputs))
}

struct View<'a> {
    request: &'a RunRequest,
    sources: &'a Sources,
    mappers: &'a [Arc<dyn LabelMapper>],
}

/// What is known where a job is looked at.
struct Known<'a> {
    /// Names of contexts whose values nobody knows yet.
    unknown: &'a [&'static str],
    contexts: Object,
}

impl View<'_> {
    /// Looks at the jobs of one workflow. Without `inputs`, those are known later.
    fn level(&self, jobs: &[&Job], prefix: &str, inputs: Option<&Value>) -> Vec<DryJob> {
        let mut behind: HashSet<String> = HashSet::new();
        let mut seen = Vec::new();
        for job in in_order(jobs) {
            let blocked = job.needs.iter().any(|need| behind.contains(&need.value.as_str().to_lowercase()));
            let found = self.job(job, prefix, inputs, blocked);
            // `success()` looks at needs of needs, too: one that is skipped counts however far away.
            if blocked || found.when == When::Skipped {
                behind.insert(job.id.as_str().to_lowercase());
            }
            seen.push(found);
        }
        seen
    }

    fn job(&self, job: &Job, prefix: &str, inputs: Option<&Value>, blocked: bool) -> DryJob {
        let unknown: &[&str] = match (inputs, job.needs.is_empty()) {
            (Some(_), true) => &[],
            (Some(_), false) => &["needs"],
            (None, true) => &["inputs"],
            (None, false) => &["needs", "inputs"],
        };
        let contexts = Object::new()
            .with("github", self.request.github.clone())
            .with("vars", self.request.vars.clone())
            .with("inputs", inputs.cloned().unwrap_or_default());
        let known = Known { unknown, contexts };
        let key = format!("{prefix}{}", job.id);
        let (mut when, mut reason) = known.when(job, blocked);
        let mut legs = Vec::new();
        if when != When::Skipped {
            match self.legs(job, &known) {
                Ok(found) => legs = found,
                Err(Delay::Later(what)) => reason = Some(what),
                Err(Delay::Wrong(message)) => (when, reason) = (When::Wrong, Some(message)),
            }
        }
        let (steps, called) = match &job.kind {
            JobKind::Steps(steps) => (steps.steps.iter().map(|step| self.step(step)).collect(), Vec::new()),
            JobKind::Call(call) => (Vec::new(), self.call(call, &key, &known, legs.len())),
        };
        let needs = job.needs.iter().map(|need| need.value.to_string()).collect();
        DryJob { job: key, needs, when, reason, legs, steps, called }
    }

    fn call(&self, call: &CallJob, key: &str, known: &Known<'_>, legs: usize) -> Vec<DryJob> {
        let Some(called) = &call.called else { return Vec::new() };
        let settled = legs == 1 && call.with.as_ref().is_none_or(|with| known.unknown_in(with).is_none());
        let inputs =
            settled.then(|| evaluate::now(evaluate::call_inputs(call, called, known)).ok()).flatten();
        let jobs: Vec<&Job> = called.jobs.iter().collect();
        self.level(&jobs, &format!("{key}/"), inputs.as_ref())
    }

    fn legs(&self, job: &Job, known: &Known<'_>) -> Result<Vec<DryLeg>, Delay> {
        let strategy = match &job.strategy {
            None => Value::Null,
            Some(token) => known.evaluate("the matrix", token, evaluate::strategy)?,
        };
        let expanded = matrix::expand(job.id.as_str(), &strategy).map_err(|errors| {
            Delay::Wrong(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        })?;
        let wanted = expanded.legs.into_iter().filter(|leg| self.request.selection.takes(&leg.matrix));
        Ok(wanted.map(|leg| self.leg(job, &leg, known)).collect())
    }

    fn leg(&self, job: &Job, leg: &Leg, known: &Known<'_>) -> DryLeg {
        let contexts =
            known.contexts.clone().with("matrix", leg.matrix.clone()).with("strategy", leg.strategy.clone());
        let known = Known { contexts, ..*known };
        let default = || leg.display_name(job.id.as_str());
        let name = match &job.name {
            None => default(),
            Some(token) => match token.as_str() {
                Some(literal) => leg.display_name(literal),
                None => known
                    .evaluate("the name", token, evaluate::job_name)
                    .unwrap_or_else(|_| as_written(token, self.sources)),
            },
        };
        let name = if name.is_empty() { default() } else { name };
        match &job.kind {
            JobKind::Steps(steps) => self.placed(job, steps, name, &known),
            JobKind::Call(_) => DryLeg { name, labels: Vec::new(), place: None },
        }
    }

    fn placed(&self, job: &Job, steps: &StepsJob, name: String, known: &Known<'_>) -> DryLeg {
        let runs_on = match known.evaluate("runs-on", &steps.runs_on, evaluate::runs_on) {
            Ok(runs_on) => runs_on,
            Err(Delay::Later(reason) | Delay::Wrong(reason)) => {
                return DryLeg { name, labels: Vec::new(), place: Some(reason) };
            }
        };
        let ask = LabelAsk {
            labels: runs_on.labels.clone(),
            group: runs_on.group,
            repository: self.request.source.repository.clone(),
            job: job.id.to_string(),
        };
        let place = match place(self.mappers, &ask) {
            Ok(placed) => format!("{}: {}", placed.mapper, placed.reason),
            Err(unplaced) => unplaced.to_string(),
        };
        DryLeg { name, labels: runs_on.labels, place: Some(place) }
    }

    fn step(&self, step: &Step) -> DryStep {
        let name = step.name.as_ref().map(|name| as_written(name, self.sources));
        let own = || match &step.kind {
            StepKind::Run { run, .. } => {
                let script = run.literal_text();
                script.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
            }
            StepKind::Uses { uses, .. } => uses.value.to_string(),
            StepKind::Wait { .. }
            | StepKind::WaitAll
            | StepKind::Cancel { .. }
            | StepKind::Parallel { .. } => String::new(),
        };
        DryStep { kind: step.keyword(), text: name.filter(|name| !name.is_empty()).unwrap_or_else(own) }
    }
}

/// Why something has no value.
enum Delay {
    /// It depends on what has not run.
    Later(String),
    /// It is wrong.
    Wrong(String),
}

impl Known<'_> {
    /// Decides whether a job runs. `blocked`: a job that it needs, or that one of those needs, is skipped.
    fn when(&self, job: &Job, blocked: bool) -> (When, Option<String>) {
        let expression = &job.condition.expression;
        if let Some(name) = self.unknown_name(expression) {
            return (When::Later, Some(format!("the condition depends on `{name}`")));
        }
        let (succeed, fail) = match (job.needs.is_empty(), blocked) {
            (true, _) => (State::SUCCEED, State::SUCCEED),
            (false, true) => (State::SKIPPED, State::SKIPPED),
            (false, false) => (State::SUCCEED, State::FAIL),
        };
        let holds =
            |state| evaluate::now(evaluate::condition(&job.condition, &Assumed { known: self, state }));
        match (holds(succeed), holds(fail)) {
            (Ok(true), Ok(true)) => (When::Always, None),
            (Ok(true), Ok(false)) => (When::NeedsSucceed, None),
            (Ok(false), Ok(true)) => (When::ANeedFails, None),
            (Ok(false), Ok(false)) if blocked => {
                (When::Skipped, Some("a job that it needs is skipped".to_owned()))
            }
            (Ok(false), Ok(false)) => (When::Skipped, Some("its condition is false".to_owned())),
            (Err(error), _) | (_, Err(error)) => (When::Wrong, Some(error.messages(&[]).join("; "))),
        }
    }

    fn evaluate<T>(
        &self,
        what: &str,
        token: &Token,
        evaluate: fn(&Token, &dyn Scope) -> evaluate::Result<evaluate::Evaluated<T>>,
    ) -> Result<T, Delay> {
        if let Some(name) = self.unknown_in(token) {
            return Err(Delay::Later(format!("{what} depends on `{name}`")));
        }
        evaluate::now(evaluate(token, self)).map_err(|error| Delay::Wrong(error.messages(&[]).join("; ")))
    }

    fn unknown_in(&self, token: &Token) -> Option<&'static str> {
        let mut found = None;
        token.each_expression(&mut |expression, _| found = found.or_else(|| self.unknown_name(expression)));
        found
    }

    fn unknown_name(&self, expression: &Expression) -> Option<&'static str> {
        let uses = expression.parsed().uses();
        self.unknown
            .iter()
            .copied()
            .find(|name| uses.iter().any(|used| used.context.eq_ignore_ascii_case(name)))
    }
}

impl Scope for Known<'_> {
    fn context(&self, name: &str) -> Named {
        self.contexts.context(name)
    }
}

/// How the needed jobs are taken to have ended.
#[derive(Clone, Copy)]
struct State {
    success: bool,
    failure: bool,
}

impl State {
    const SUCCEED: Self = Self { success: true, failure: false };
    const FAIL: Self = Self { success: false, failure: true };
    const SKIPPED: Self = Self { success: false, failure: false };
}

/// A scope under an assumption.
struct Assumed<'a> {
    known: &'a Known<'a>,
    state: State,
}

impl Scope for Assumed<'_> {
    fn context(&self, name: &str) -> Named {
        self.known.context(name)
    }

    fn call(&self, function: &str, _args: &[Value]) -> Called {
        match function.to_ascii_lowercase().as_str() {
            "always" => Called::Value(true.into()),
            "cancelled" => Called::Value(false.into()),
            "success" => Called::Value(self.state.success.into()),
            "failure" => Called::Value(self.state.failure.into()),
            _ => Called::Error(format!("Unrecognized function: '{function}'")),
        }
    }
}

/// Returns the jobs so that each stands behind those it needs, else in the order of the file.
fn in_order<'a>(jobs: &[&'a Job]) -> Vec<&'a Job> {
    let mut waiting = jobs.to_vec();
    let mut ordered: Vec<&Job> = Vec::new();
    while !waiting.is_empty() {
        let is_waiting = |id: &str| waiting.iter().any(|job| job.id.same_as(id));
        let (ready, blocked): (Vec<_>, Vec<_>) =
            waiting.iter().partition(|job| !job.needs.iter().any(|need| is_waiting(need.value.as_str())));
        if ready.is_empty() {
            ordered.extend(blocked);
            break;
        }
        ordered.extend(ready);
        waiting = blocked;
    }
    ordered
}

#[cfg(test)]
mod tests;
