//! A job that calls another workflow: its inputs, its secrets, its jobs, its outputs.

use act_core::Conclusion;
use act_core::control::{CancelStage, Secret};
use act_core::event::{Event, Level};
use act_workflow::evaluate;
use act_workflow::model::{CallJob, CallSecrets, CalledWorkflow};
use indexmap::IndexMap;

use crate::dispatcher::{Run, WorkflowScope};
use crate::group::{MaybeSeat, NoSeat, hold};
use crate::job::LegCase;
use crate::outcome::{Outcome, Outcomes};
use crate::scope::JobScope;
use crate::secrets::Secrets;

impl Run {
    /// Runs the jobs of a called workflow.
    /// `groups` are the concurrency groups held so far.
    pub(crate) async fn call(&self, case: &LegCase<'_>, call: &CallJob, mut groups: Vec<String>) -> Outcome {
        let began = self.host.clock.now();
        let Some(called) = &call.called else {
            let message = format!("the called workflow `{}` was not read", call.uses.value);
            return self.end_wrong(&case.key, &case.name, case.job, vec![message]);
        };
        let prepared = self.prepare_call(case, call, called);
        let (inputs, secrets) = match prepared {
            Ok(prepared) => prepared,
            Err(messages) => return self.end_wrong(&case.key, &case.name, case.job, messages),
        };
        let seat = match self.enter_called_group(case, called, &inputs, &groups).await {
            Ok(seat) => seat,
            Err(outcome) => return outcome,
        };
        groups.extend(seat.iter().map(|taken| taken.group.clone()));
        let scope = WorkflowScope {
            caller: Some(&case.key),
            callers: case.scope.callers.iter().copied().chain([case.job]).collect(),
            prefix: format!("{} / ", case.name),
            jobs: called.jobs.iter().collect(),
            enclosing: &called.enclosing,
            inputs,
            secrets,
            cancel: case.cancel.clone(),
            groups,
        };
        let cancel = case.cancel.clone();
        let outcomes = hold(seat, self.run_jobs(&scope), |by| {
            let message = format!("Canceling since its concurrency group was asked for by {by}");
            self.notice(Some(&case.key), Level::Error, None, message);
            cancel.raise(CancelStage::Cancel);
        })
        .await;
        let mut outcome = Outcome {
            result: outcomes
                .values()
                .map(|outcome| outcome.result)
                .fold(Conclusion::Skipped, Conclusion::merge),
            outputs: IndexMap::new(),
            lost: outcomes.values().any(|outcome| outcome.lost),
        };
        match self.call_outputs(&scope, called, &outcomes) {
            Ok(outputs) => outcome.outputs = outputs,
            Err(messages) => return self.end_wrong(&case.key, &case.name, case.job, messages),
        }
        self.say(
            Some(&case.key),
            Event::JobFinished {
                name: case.name.clone(),
                conclusion: outcome.result,
                outputs: outcome.outputs.clone(),
                reason: None,
                loss: None,
                duration_ms: self.millis_since(began),
            },
        );
        outcome
    }

    /// Waits for the seat of the called workflow's own group.
    async fn enter_called_group(
        &self,
        case: &LegCase<'_>,
        called: &CalledWorkflow,
        inputs: &act_expr::Value,
        groups: &[String],
    ) -> Result<MaybeSeat, Outcome> {
        let Some(token) = &called.concurrency else { return Ok(None) };
        let contexts = case.expressions.contexts.clone().with("inputs", inputs.clone());
        let expressions = JobScope { contexts, ..case.expressions.clone() };
        match self.enter_group(Some(&case.key), token, &expressions, &case.cancel, groups).await {
            Ok(seat) => Ok(seat),
            Err(NoSeat::Cancelled(reason)) => {
                self.notice(Some(&case.key), Level::Error, Some(token.span), reason);
                Err(self.end_unstarted(&case.key, &case.name, Conclusion::Cancelled, None))
            }
            Err(NoSeat::Failed(messages)) => Err(self.end_wrong(&case.key, &case.name, case.job, messages)),
        }
    }

    fn prepare_call(
        &self,
        case: &LegCase<'_>,
        call: &CallJob,
        called: &CalledWorkflow,
    ) -> Result<(act_expr::Value, Secrets), Vec<String>> {
        let messages = |error: evaluate::EvaluateError| error.messages(&self.request.files);
        let inputs =
            evaluate::now(evaluate::call_inputs(call, called, &case.expressions)).map_err(messages)?;
        let secrets = match &call.secrets {
            CallSecrets::Inherit(_) => case.scope.secrets.clone(),
            CallSecrets::None => self.token_of(&case.scope.secrets).collect(),
            CallSecrets::Map(token) => {
                let given =
                    evaluate::now(evaluate::call_secrets(token, &case.expressions)).map_err(messages)?;
                let given = given.into_iter().filter(|(_, value)| !value.is_empty());
                let given = given.map(|(name, value)| (name, Secret::new(value)));
                self.token_of(&case.scope.secrets).chain(given).collect()
            }
        };
        Ok((inputs, secrets))
    }

    /// The run's own token reaches every called workflow, whatever is handed over.
    fn token_of(&self, secrets: &Secrets) -> impl Iterator<Item = (String, Secret)> {
        const TOKEN: &str = "GITHUB_TOKEN";
        secrets.get(TOKEN).cloned().map(|token| (TOKEN.to_owned(), token)).into_iter()
    }

    fn call_outputs(
        &self,
        scope: &WorkflowScope<'_>,
        called: &CalledWorkflow,
        outcomes: &Outcomes,
    ) -> Result<IndexMap<String, String>, Vec<String>> {
        let expressions = JobScope {
            contexts: self.contexts(scope).with("jobs", outcomes.jobs(&called.jobs)),
            outcomes,
            ancestors: &[],
            cancelled: false,
            secrets: &scope.secrets,
        };
        let mut outputs = IndexMap::new();
        for (name, output) in &called.signature.outputs {
            let Some(token) = &output.value else { continue };
            let value = evaluate::now(evaluate::text(token, &expressions))
                .map_err(|error| error.messages(&self.request.files))?;
            outputs.insert(name.as_str().to_owned(), value);
        }
        Ok(outputs)
    }
}
