//! What a user is told of an action that cannot be had: what, why, where it is used, what to do. A line each; the
//! first says enough to go on.

use std::collections::HashMap;

use act_core::control::{ActionError, RemoteUses};
use act_engine::request::RunRequest;
use act_git::StoreError;
use act_workflow::model::{Job, JobKind};

/// Where the steps of a run use which actions, as `file:line`.
#[derive(Debug, Default)]
pub(crate) struct UsedAt(HashMap<String, Vec<String>>);

impl UsedAt {
    /// Looks through the workflow, and those that it calls.
    pub(crate) fn of(request: &RunRequest) -> Self {
        let mut used = Self::default();
        used.take(&request.workflow.jobs, &request.files);
        used
    }

    fn take(&mut self, jobs: &[Job], files: &[String]) {
        for job in jobs {
            for uses in job.steps().iter().filter_map(|step| step.uses()) {
                let file = files.get(usize::from(uses.span.file.0)).map_or("?", String::as_str);
                let places = self.0.entry(uses.value.to_string()).or_default();
                places.push(format!("{file}:{}", uses.span.line));
            }
            if let JobKind::Call(call) = &job.kind
                && let Some(called) = &call.called
            {
                self.take(&called.jobs, files);
            }
        }
    }

    /// Says what is wrong with an action. One that only other actions use has no place in the workflow.
    pub(crate) fn explain(&self, uses: &RemoteUses, error: &StoreError) -> ActionError {
        let reason = error.reason().map(|reason| reason.strip_prefix("fatal: ").unwrap_or(reason).to_owned());
        let places = self.0.get(&uses.to_string()).map(|places| places.join(", "));
        let who = match places {
            Some(places) => format!("`{uses}` is used at {places}"),
            None => format!("`{uses}` is used by another action"),
        };
        let hint = error.hint().map(|hint| format!("hint: {hint}"));
        let lines = [Some(error.to_string()), reason, Some(who), hint];
        ActionError { message: lines.into_iter().flatten().collect::<Vec<_>>().join("\n") }
    }
}
