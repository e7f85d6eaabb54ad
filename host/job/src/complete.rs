//! A job's own environment and defaults at its start, its outputs at its end.

use act_core::ids::{Phase, StepRef};
use act_core::record::Record;
use act_core::{JobResult, Loss};
use act_expr::{Object, Value};
use act_workflow::evaluate;
use indexmap::IndexMap;

use crate::contexts;
use crate::executor::{Defaults, Executor, Halt, job_part};
use crate::scope::StepScope;
use crate::variables;

/// All outputs of a job together, in UTF-16 units of two bytes.
const MAX_OUTPUTS: usize = 1024 * 1024;

impl Executor<'_> {
    fn job_scope(&self) -> StepScope {
        let mut contexts = self.contexts.clone();
        let mut job = self.contexts.get("job").map_or_else(Object::new, Value::to_object);
        job.insert("status", self.state.status.as_str());
        contexts.insert("job", job);
        let root = self.state.scopes.get(&act_core::StepPath::job());
        contexts.insert("steps", root.map_or_else(|| Object::new().into(), |scope| scope.value()));
        contexts.insert("env", contexts::env_context(self.env.facts(), &self.state.env));
        StepScope::new(contexts, self.state.status, None)
    }

    /// Evaluates the workflow's and the job's `env`, then `defaults.run`.
    ///
    /// # Errors
    /// [`Halt::Failed`] when an expression fails.
    pub(crate) async fn evaluate_job_env(&mut self, at: &StepRef) -> Result<(), Halt> {
        self.take_token().await?;
        let spec = self.spec;
        for token in &spec.env {
            let mut scope = self.job_scope();
            let evaluate = |scope: &StepScope| evaluate::step_env(token, scope);
            let own = self.evaluate(at, &mut scope, evaluate).await?;
            variables::extend(&mut self.state.env, own, self.env.facts().env_ignores_case);
        }
        let mut scope = self.job_scope();
        let mut text = async |token: &Option<act_workflow::token::Token>| -> Result<Option<String>, Halt> {
            let Some(token) = token else { return Ok(None) };
            let evaluate = |scope: &StepScope| evaluate::text(token, scope);
            let text = self.evaluate(at, &mut scope, evaluate).await?;
            Ok(Some(text).filter(|text| !text.is_empty()))
        };
        let shell = text(&spec.defaults.shell).await?;
        let working_directory = text(&spec.defaults.working_directory).await?;
        self.defaults = Defaults { shell, working_directory };
        Ok(())
    }

    /// Puts `github.token` in its place, if the run has one and the job may see it.
    async fn take_token(&mut self) -> Result<(), Halt> {
        let at = job_part(Phase::Pre);
        let token = match self.secret(&at, "GITHUB_TOKEN").await {
            Ok(token) => token,
            Err(halt) => {
                halt.messages()?.iter().for_each(|message| self.warn(&at, message));
                Value::Null
            }
        };
        let mut github = self.contexts.get("github").map_or_else(Object::new, Value::to_object);
        github.insert("token", if token == Value::Null { "".into() } else { token });
        self.contexts.insert("github", github);
        Ok(())
    }

    /// Evaluates the outputs and ends the job.
    ///
    /// # Errors
    /// When the end cannot be kept, or does not count.
    pub(crate) async fn complete(&mut self) -> Result<JobResult, Loss> {
        self.notice_cancel().await?;
        let at = job_part(Phase::Post);
        let outputs = match self.outputs(&at).await {
            Ok(outputs) => outputs,
            Err(halt) => {
                let messages = halt.messages()?;
                self.error(&at, "Fail to evaluate job outputs");
                messages.iter().for_each(|message| self.error(&at, message));
                self.state.status = self.state.status.merge(act_core::Conclusion::Failure);
                IndexMap::new()
            }
        };
        let conclusion = self.state.status.conclusion();
        let control = self.control;
        let is_end = |record: &Record| matches!(record, Record::JobEnded { .. });
        let end = || Record::JobEnded { conclusion, outputs: outputs.clone(), at: control.now() };
        self.journal.settle("the job's end", is_end, end).await?;
        match self.state.policy_failure.take() {
            Some(failure) => Err(Loss::Policy(failure)),
            None => Ok(JobResult { conclusion, outputs }),
        }
    }

    /// Source: actions/runner `JobExtension.FinalizeJob`.
    async fn outputs(&mut self, at: &StepRef) -> Result<IndexMap<String, String>, Halt> {
        let Some(token) = &self.spec.outputs else { return Ok(IndexMap::new()) };
        self.say(at, "Evaluate and set job outputs");
        let mut scope = self.job_scope();
        let evaluate = |scope: &StepScope| evaluate::job_outputs(token, scope);
        let found = self.evaluate(at, &mut scope, evaluate).await?;
        let mut outputs = IndexMap::new();
        let mut size = 0;
        for (name, value) in found {
            if value.is_empty() {
                self.debug(at, &format!("Skip output '{name}' since it's empty"));
            } else if self.masker.mask(&value) != value {
                self.warn(at, &format!("Skip output '{name}' since it may contain secret."));
            } else {
                size += 2 * (name.encode_utf16().count() + value.encode_utf16().count());
                self.say(at, &format!("Set output '{name}'"));
                outputs.insert(name, value);
            }
        }
        if size > MAX_OUTPUTS {
            return Err(Halt::failed(format!(
                "The outputs of the job hold {size} bytes; at most {MAX_OUTPUTS} are allowed"
            )));
        }
        Ok(outputs)
    }
}
