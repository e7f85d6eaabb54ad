//! The file that a job is written in, and the repository that it lies in: what the `job` context says of both.
//!
//! Source: actions/runner `JobContext.cs`; GitHub docs, "Contexts reference", `job` context.

use act_core::control::RemoteUses;
use act_expr::{Object, Value};
use act_workflow::model::{CallTarget, JobKind};

use crate::dispatcher::Run;
use crate::job::LegCase;

/// Returns where the file of a called workflow lies, if in another repository than the run's; `caller` is where that of
/// the caller does.
pub(crate) fn callee(target: &CallTarget, caller: Option<&RemoteUses>) -> Option<RemoteUses> {
    match target {
        CallTarget::Local { path } => {
            caller.map(|caller| RemoteUses { path: path.to_string(), ..caller.clone() })
        }
        CallTarget::Remote { owner, repository, path, reference } => Some(RemoteUses {
            owner: owner.to_string(),
            repository: repository.to_string(),
            path: path.to_string(),
            reference: reference.to_string(),
        }),
    }
}

impl Run {
    /// Returns what a job's own context holds before its machine is known. The reference of another repository is given as
    /// the caller wrote it.
    pub(crate) async fn job_context(&self, case: &LegCase<'_>) -> Value {
        let mut path = self.request.started.workflow_file.clone();
        let mut elsewhere = None;
        for caller in &case.scope.callers {
            let JobKind::Call(call) = &caller.kind else { continue };
            elsewhere = callee(&call.target, elsewhere.as_ref());
            let (CallTarget::Local { path: called } | CallTarget::Remote { path: called, .. }) = &call.target;
            path = called.to_string();
        }
        let context = match elsewhere {
            Some(uses) => self.of_another(&uses).await,
            None => self.of_own(&path),
        };
        context.with("workflow_file_path", path).into()
    }

    fn of_own(&self, path: &str) -> Object {
        let of = |name: &str| self.request.github.get(name).cloned().unwrap_or_default();
        let (repository, run) = (of("repository"), of("workflow_ref"));
        let reference =
            run.as_str().and_then(|run| run.rsplit_once('@')).map_or("", |(_, reference)| reference);
        Object::new()
            .with("workflow_ref", format!("{}/{path}@{reference}", repository.as_str().unwrap_or_default()))
            .with("workflow_sha", of("workflow_sha"))
            .with("workflow_repository", repository)
    }

    async fn of_another(&self, uses: &RemoteUses) -> Object {
        let repository = RemoteUses { path: String::new(), ..uses.clone() };
        // It was there when the workflow was read; else nobody can say.
        let commit = self.host.sources.action(&repository).await.map(|fetched| fetched.commit);
        Object::new()
            .with("workflow_ref", uses.to_string())
            .with("workflow_sha", commit.map_or(Value::Null, Value::from))
            .with("workflow_repository", format!("{}/{}", uses.owner, uses.repository))
    }
}
