//! What can be known of a run's labels before it starts: a job that nothing here can run is refused then.
//!
//! Labels that depend on jobs which have not run are left to the dispatcher.

use std::sync::Arc;

use act_core::decide::{LabelMapper, Policy};
use act_expr::{Object, Value};
use act_workflow::evaluate;
use act_workflow::matrix;
use act_workflow::model::{Job, JobKind, StepsJob};

use crate::facts::job_facts;
use crate::outcome::Outcomes;
use crate::place::{Unplaced, label_ask, place};
use crate::refuse::Finding;
use crate::request::RunRequest;
use crate::scope::JobScope;

/// Returns each job, and each leg, whose labels nobody maps; with what may help.
///
/// That a mapper fails is not the workflow's fault: the dispatcher will ask it again, and say so. Where there are
/// policies nothing is found: they may amend labels, or deny a job before anybody is asked where it belongs.
pub async fn unplaceable(
    request: &RunRequest,
    mappers: &[Arc<dyn LabelMapper>],
    policies: &[Arc<dyn Policy>],
) -> Vec<(Finding, Option<String>)> {
    let mut found = Vec::new();
    if !policies.is_empty() {
        return found;
    }
    let check = Check { request, mappers };
    for job in request.selection.of(&request.workflow.jobs) {
        check.job(job, &request.inputs, &mut found).await;
    }
    found
}

struct Check<'a> {
    request: &'a RunRequest,
    mappers: &'a [Arc<dyn LabelMapper>],
}

impl Check<'_> {
    async fn job(&self, job: &Job, inputs: &Value, found: &mut Vec<(Finding, Option<String>)>) {
        match &job.kind {
            JobKind::Steps(steps) => self.steps_job(job, steps, inputs, found).await,
            // What a called workflow is given is known when it is called.
            JobKind::Call(call) => {
                for job in call.called.iter().flat_map(|called| &called.jobs) {
                    Box::pin(self.job(job, &Value::Null, found)).await;
                }
            }
        }
    }

    async fn steps_job(
        &self,
        job: &Job,
        steps: &StepsJob,
        inputs: &Value,
        found: &mut Vec<(Finding, Option<String>)>,
    ) {
        let outcomes = Outcomes::default();
        let contexts = Object::new()
            .with("github", Value::Object(self.request.github.clone()))
            .with("vars", self.request.vars.clone())
            .with("inputs", inputs.clone());
        let scope = JobScope {
            contexts,
            outcomes: &outcomes,
            ancestors: &[],
            cancelled: false,
            secrets: &self.request.secrets,
        };
        for matrix in self.legs(job, &scope) {
            let scope = JobScope { contexts: scope.contexts.clone().with("matrix", matrix), ..scope.clone() };
            if let Some(unplaced) = self.leg(job, steps, &scope).await {
                let finding = Finding { message: unplaced.message, span: steps.runs_on.span };
                if !found.iter().any(|(known, _)| *known == finding) {
                    found.push((finding, unplaced.hint));
                }
            }
        }
    }

    /// Returns the legs that are known by now.
    fn legs(&self, job: &Job, scope: &JobScope<'_>) -> Vec<Value> {
        let strategy = match &job.strategy {
            None => return vec![Value::Null],
            Some(token) if names_unknown(token) => return Vec::new(),
            Some(token) => evaluate::now(evaluate::strategy(token, scope)),
        };
        // A wrong strategy is reported when its job comes.
        let expanded = strategy.ok().and_then(|value| matrix::expand(job.id.as_str(), &value).ok());
        let legs = expanded.into_iter().flat_map(|strategy| strategy.legs).map(|leg| leg.matrix);
        legs.filter(|matrix| self.request.selection.takes(matrix)).collect()
    }

    async fn leg(&self, job: &Job, steps: &StepsJob, scope: &JobScope<'_>) -> Option<Unplaced> {
        if names_unknown(&steps.runs_on) {
            return None;
        }
        let runs_on = evaluate::now(evaluate::runs_on(&steps.runs_on, scope)).ok()?;
        let matrix = scope.contexts.get("matrix").cloned().unwrap_or_default();
        let ask = label_ask(job_facts(self.request, job, None, None, &matrix), runs_on);
        place(self.mappers, &ask).await.err().filter(|unplaced| !unplaced.failed)
    }
}

/// Whether a token names what only a run knows: needs, or the inputs of a call.
fn names_unknown(token: &act_workflow::token::Token) -> bool {
    let mut unknown = false;
    token.each_expression(&mut |expression, _| {
        unknown |= expression
            .parsed()
            .uses()
            .iter()
            .any(|found| ["needs", "inputs"].iter().any(|name| found.context.eq_ignore_ascii_case(name)));
    });
    unknown
}
