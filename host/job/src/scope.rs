//! What a step's expressions see: an immutable snapshot of the contexts, and the answers found so far.

use act_expr::{Called, HostCall, Named, Object, Reply, Scope, Value};

use crate::state::Status;

/// The contexts of one step at one moment.
#[derive(Clone)]
pub(crate) struct StepScope {
    contexts: Object,
    job: Status,
    /// The status of the composite action around a main step; there `success()` goes by it.
    action: Option<Status>,
    answers: Vec<(HostCall, Answer)>,
}

#[derive(Clone)]
enum Answer {
    Value(Value),
    Error(String),
}

impl StepScope {
    pub(crate) const fn new(contexts: Object, job: Status, action: Option<Status>) -> Self {
        Self { contexts, job, action, answers: Vec::new() }
    }

    /// Replaces one context: `env` once the step's own is known, `inputs` of an action.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        self.contexts.insert(name, value);
    }

    /// Returns one context; null if there is none.
    pub(crate) fn get(&self, name: &str) -> Value {
        self.contexts.get(name).cloned().unwrap_or_default()
    }

    /// Says that the job was cancelled since.
    pub(crate) const fn cancel(&mut self) {
        self.job = Status::Cancelled;
        if self.action.is_some() {
            self.action = Some(Status::Cancelled);
        }
    }

    pub(crate) fn answer(&mut self, call: HostCall, value: Value) {
        self.answers.push((call, Answer::Value(value)));
    }

    pub(crate) fn refuse(&mut self, call: HostCall, reason: String) {
        self.answers.push((call, Answer::Error(reason)));
    }

    fn answered(&self, same: impl Fn(&HostCall) -> bool) -> Option<&Answer> {
        self.answers.iter().find(|(call, _)| same(call)).map(|(_, answer)| answer)
    }

    /// Source: actions/runner `Expressions/{Success,Failure,Cancelled,Always}Function.cs`.
    fn status_function(&self, name: &str) -> Option<bool> {
        let status = self.action.unwrap_or(self.job);
        match name.to_ascii_lowercase().as_str() {
            "always" => Some(true),
            "cancelled" => Some(self.job == Status::Cancelled),
            "success" => Some(status == Status::Success),
            "failure" => Some(status == Status::Failure),
            _ => None,
        }
    }
}

const SECRETS: &str = "secrets";

impl Scope for StepScope {
    fn context(&self, name: &str) -> Named {
        match self.contexts.get(name) {
            Some(value) => Named::Value(value.clone()),
            None if name.eq_ignore_ascii_case(SECRETS) => Named::Lazy,
            None => Named::Unknown,
        }
    }

    fn lookup(&self, _context: &str, key: &str) -> Reply {
        let same = |call: &HostCall| matches!(call, HostCall::Lookup { key: asked, .. } if asked.eq_ignore_ascii_case(key));
        reply(self.answered(same))
    }

    fn whole(&self, _context: &str) -> Reply {
        reply(self.answered(|call| matches!(call, HostCall::Whole { .. })))
    }

    fn call(&self, function: &str, args: &[Value]) -> Called {
        if let Some(value) = self.status_function(function) {
            return Called::Value(Value::Bool(value));
        }
        let same = |call: &HostCall| {
            matches!(call, HostCall::Function { name, args: asked }
                if name.eq_ignore_ascii_case(function) && asked == args)
        };
        match self.answered(same) {
            Some(Answer::Value(value)) => Called::Value(value.clone()),
            Some(Answer::Error(text)) => Called::Error(text.clone()),
            None => Called::Pending,
        }
    }
}

fn reply(answer: Option<&Answer>) -> Reply {
    match answer {
        Some(Answer::Value(value)) => Reply::Value(value.clone()),
        Some(Answer::Error(text)) => Reply::Error(text.clone()),
        None => Reply::Pending,
    }
}
