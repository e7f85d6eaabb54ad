//! The state of a job: plain data, changed only by what was settled in the journal.

use std::collections::HashMap;

use act_core::Conclusion;
use act_core::ids::StepPath;
use act_expr::{Object, Value};
use indexmap::IndexMap;

use crate::annotations::Annotations;
use crate::matcher::Matchers;

/// What a job has come to.
#[derive(Default)]
pub(crate) struct State {
    /// `job.status`: what `success()`, `failure()` and `cancelled()` go by outside composite actions.
    pub(crate) status: Status,
    /// Variables of every step: the job's `env`, then what steps wrote to `GITHUB_ENV`.
    pub(crate) env: IndexMap<String, String>,
    /// What steps added to `PATH`, in the order they added it: the last comes first on it.
    pub(crate) path: Vec<String>,
    /// `steps` of the job and of each composite action, by the path of the step that uses it.
    pub(crate) scopes: HashMap<StepPath, Scope>,
    /// `STATE_*` of each action, by its step.
    pub(crate) saved: HashMap<StepPath, IndexMap<String, String>>,
    /// The problem matchers in force.
    pub(crate) matchers: Matchers,
    /// Steps whose post part is owed, in the order they were registered; run from the last to the first.
    pub(crate) posts: Vec<StepPath>,
    /// The same inside composite actions, by the composite's step.
    pub(crate) inner_posts: HashMap<StepPath, Vec<StepPath>>,
    /// How many annotations steps have left.
    pub(crate) annotations: Annotations,
    /// Whether the event's payload lies in the environment.
    pub(crate) event_written: bool,
    /// Whether the job's cancellation was taken in.
    pub(crate) cancel_seen: bool,
    /// The first failure of a policy: nobody knows what it would have said, so the job does not count.
    pub(crate) policy_failure: Option<String>,
}

impl State {
    /// Takes the job's cancellation in: its result is replaced, whatever it was.
    ///
    /// Source: `StepsRunner.RunAsync`, the callback on the job's cancellation.
    pub(crate) const fn cancel(&mut self) {
        self.status = Status::Cancelled;
        self.cancel_seen = true;
    }
}

/// How well the job does so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    #[default]
    Success,
    Failure,
    Cancelled,
}

impl Status {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
        }
    }

    /// Takes a step's conclusion in. A cancelled job whose later step fails has failed.
    ///
    /// Source: `TaskResultUtil.MergeTaskResults`.
    pub(crate) const fn merge(self, conclusion: Conclusion) -> Self {
        match (self, conclusion) {
            (Self::Failure, _) | (_, Conclusion::Failure) => Self::Failure,
            (Self::Cancelled, _) | (_, Conclusion::Cancelled) => Self::Cancelled,
            (Self::Success, Conclusion::Success | Conclusion::Skipped) => Self::Success,
        }
    }

    pub(crate) const fn conclusion(self) -> Conclusion {
        match self {
            Self::Success => Conclusion::Success,
            Self::Failure => Conclusion::Failure,
            Self::Cancelled => Conclusion::Cancelled,
        }
    }
}

/// The `steps` context of one scope.
#[derive(Clone, Default)]
pub(crate) struct Scope(IndexMap<String, StepFacts>);

#[derive(Clone)]
struct StepFacts {
    outputs: Object,
    outcome: Conclusion,
    conclusion: Conclusion,
}

impl Scope {
    /// Keeps how a step ended. A made-up id (`__run`) is in no context.
    ///
    /// Source: `ExecutionContext.UpdateGlobalStepsContext`.
    pub(crate) fn finish(&mut self, id: &str, outputs: Object, outcome: Conclusion, conclusion: Conclusion) {
        if !id.starts_with("__") {
            self.0.insert(id.to_owned(), StepFacts { outputs, outcome, conclusion });
        }
    }

    pub(crate) fn value(&self) -> Value {
        Value::object(self.0.iter().map(|(id, facts)| {
            let step = Object::new()
                .with("outputs", facts.outputs.clone())
                .with("outcome", facts.outcome.as_str())
                .with("conclusion", facts.conclusion.as_str());
            (id.as_str(), step)
        }))
    }
}
