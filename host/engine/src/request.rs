//! What a run is asked to do, complete: everything read, checked and selected.

use std::sync::Arc;

use act_core::event::RunStarted;
use act_core::ids::{Attempt, RunId};
use act_core::spec::{Debugging, SourceRef};
use act_expr::{Object, Value};
use act_workflow::ids::JobId;
use act_workflow::model::{Job, Workflow};
use serde::{Deserialize, Serialize};

use crate::secrets::Secrets;

/// One run of one workflow.
#[derive(Clone)]
pub struct RunRequest {
    /// Its id.
    pub run: RunId,
    /// `github.run_attempt`.
    pub attempt: Attempt,
    /// What the first event tells.
    pub started: RunStarted,
    /// The workflow, with the workflows it calls.
    pub workflow: Arc<Workflow>,
    /// File names by `FileId`.
    pub files: Vec<String>,
    /// The `github` context, without what belongs to a job. Each job holds it.
    pub github: Arc<Object>,
    /// The `inputs` context of a dispatch or a call; null without.
    pub inputs: Value,
    /// The `vars` context.
    pub vars: Value,
    /// The run's secrets.
    pub secrets: Secrets,
    /// Variables laid under every job's own `env`.
    pub env: Vec<(String, String)>,
    /// What `actions/checkout` of this repository means.
    pub source: SourceRef,
    /// Which jobs and legs are wanted.
    pub selection: Selection,
    /// What becomes of debug lines.
    pub debug: Debugging,
    /// Whether secrets are shown. Only on the user's own word.
    pub show_secrets: bool,
}

/// A request as it is written down for whoever takes its run up again: without its workflow, which is read again from
/// the text it had, and without what its secrets hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FrozenRequest {
    attempt: Attempt,
    started: RunStarted,
    github: Object,
    inputs: Value,
    vars: Value,
    secrets: Vec<String>,
    env: Vec<(String, String)>,
    source: SourceRef,
    selection: Selection,
    debug: Debugging,
    show_secrets: bool,
}

impl RunRequest {
    /// Returns it as it is written down.
    #[must_use]
    pub fn freeze(&self) -> FrozenRequest {
        FrozenRequest {
            attempt: self.attempt,
            started: self.started.clone(),
            github: Object::clone(&self.github),
            inputs: self.inputs.clone(),
            vars: self.vars.clone(),
            secrets: self.secrets.names().map(|name| name.0.clone()).collect(),
            env: self.env.clone(),
            source: self.source.clone(),
            selection: self.selection.clone(),
            debug: self.debug,
            show_secrets: self.show_secrets,
        }
    }
}

impl FrozenRequest {
    /// Makes a request of it again.
    ///
    /// # Errors
    /// The names of secrets that the run had and that are not given any more.
    pub fn thaw(
        self,
        run: RunId,
        workflow: Arc<Workflow>,
        files: Vec<String>,
        secrets: Secrets,
    ) -> Result<RunRequest, Vec<String>> {
        let missing: Vec<String> =
            self.secrets.into_iter().filter(|name| secrets.get(name).is_none()).collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        Ok(RunRequest {
            run,
            attempt: self.attempt,
            started: self.started,
            workflow,
            files,
            github: self.github.into(),
            inputs: self.inputs,
            vars: self.vars,
            secrets,
            env: self.env,
            source: self.source,
            selection: self.selection,
            debug: self.debug,
            show_secrets: self.show_secrets,
        })
    }
}

/// Which jobs and legs of a workflow are wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Selection {
    /// These and what they need; all where there are none.
    pub jobs: Vec<JobId>,
    /// Legs whose value of a key is one of those given for it: different keys all, same key any.
    pub matrix: Vec<(String, String)>,
}

impl Selection {
    /// Returns the jobs to run, in the order of the file.
    #[must_use]
    pub fn of<'a>(&self, jobs: &'a [Job]) -> Vec<&'a Job> {
        if self.jobs.is_empty() {
            return jobs.iter().collect();
        }
        let mut wanted: Vec<&JobId> = self.jobs.iter().collect();
        let mut index = 0;
        while let Some(id) = wanted.get(index).copied() {
            let needs = jobs.iter().filter(|job| job.id.same_as(id.as_str())).flat_map(|job| &job.needs);
            for need in needs {
                if !wanted.contains(&&need.value) {
                    wanted.push(&need.value);
                }
            }
            index += 1;
        }
        jobs.iter().filter(|job| wanted.iter().any(|id| id.same_as(job.id.as_str()))).collect()
    }

    /// Whether a leg is wanted.
    #[must_use]
    pub fn takes(&self, matrix: &Value) -> bool {
        self.matrix.iter().all(|(key, _)| {
            let Some(value) = matrix.get(key) else { return true };
            let value = act_expr::coerce::to_text(value);
            self.matrix.iter().filter(|(other, _)| other == key).any(|(_, wanted)| *wanted == value)
        })
    }
}
