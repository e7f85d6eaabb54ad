//! How jobs ended, as the jobs after them see it.

use std::collections::HashMap;

use act_core::Conclusion;
use act_expr::{Object, Value};
use act_workflow::ids::JobId;
use act_workflow::model::Job;
use indexmap::IndexMap;

/// How one job ended, all its legs together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// `needs.<id>.result`. A job that failed with `continue-on-error` counts as a success.
    pub(crate) result: Conclusion,
    /// `needs.<id>.outputs`. Of a matrix, the last leg that set one wins.
    pub(crate) outputs: IndexMap<String, String>,
    /// Whether a leg was lost: an infrastructure failure.
    pub(crate) lost: bool,
}

impl Outcome {
    pub(crate) fn plain(result: Conclusion) -> Self {
        Self { result, outputs: IndexMap::new(), lost: false }
    }

    /// Takes another leg's end in, in the order in which the legs end.
    pub(crate) fn add_leg(&mut self, leg: Self) {
        self.result = self.result.merge(leg.result);
        self.lost |= leg.lost;
        // An empty output does not hide what another leg said.
        self.outputs.extend(leg.outputs.into_iter().filter(|(_, value)| !value.is_empty()));
    }
}

/// How the jobs of one workflow ended so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcomes(HashMap<JobId, Outcome>);

impl Outcomes {
    pub(crate) fn insert(&mut self, job: JobId, outcome: Outcome) {
        self.0.insert(job, outcome);
    }

    pub(crate) fn contains(&self, job: &JobId) -> bool {
        self.0.contains_key(job)
    }

    pub(crate) fn get(&self, job: &JobId) -> Option<&Outcome> {
        self.0.get(job)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Outcome> {
        self.0.values()
    }

    pub(crate) fn succeeded(&self, job: &JobId) -> bool {
        self.0.get(job).is_some_and(|outcome| outcome.result == Conclusion::Success)
    }

    pub(crate) fn failed(&self, job: &JobId) -> bool {
        self.0.get(job).is_some_and(|outcome| outcome.result == Conclusion::Failure)
    }

    /// Returns the `needs` context of a job: what it names itself, not what that needs.
    pub(crate) fn needs(&self, job: &Job) -> Value {
        Value::object(job.needs.iter().filter_map(|need| {
            let outcome = self.get(&need.value)?;
            Some((need.value.as_str(), outcome.value()))
        }))
    }

    /// Returns the `jobs` context, for the outputs of a called workflow.
    pub(crate) fn jobs(&self, jobs: &[Job]) -> Value {
        let known = jobs.iter().filter_map(|job| Some((job.id.as_str(), self.get(&job.id)?.value())));
        Value::object(known)
    }
}

impl Outcome {
    fn value(&self) -> Object {
        let outputs = Value::object(self.outputs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        Object::new().with("result", self.result.as_str()).with("outputs", outputs)
    }
}
