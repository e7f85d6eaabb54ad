//! What expressions of a job see before it runs: contexts, the state of the jobs it needs, secrets.

use act_expr::{Called, Named, Object, Reply, Scope, Value};
use act_workflow::ids::JobId;

use crate::outcome::Outcomes;
use crate::secrets::Secrets;

/// The contexts of one job, or leg, at the moment it is looked at.
#[derive(Clone)]
pub(crate) struct JobScope<'a> {
    pub(crate) contexts: Object,
    /// How the jobs before it ended.
    pub(crate) outcomes: &'a Outcomes,
    /// All jobs it depends on, the needs of needs as well.
    pub(crate) ancestors: &'a [JobId],
    pub(crate) cancelled: bool,
    /// Visible where the schema lets `secrets` be named.
    pub(crate) secrets: &'a Secrets,
}

impl JobScope<'_> {
    /// Source: GitHub docs, "Evaluate expressions", status check functions; see `docs/semantics.md`.
    fn status_function(&self, name: &str, args: &[Value]) -> Option<bool> {
        let named: Vec<&str> = args.iter().filter_map(Value::as_str).collect();
        let counts = |id: &&JobId| named.is_empty() || named.iter().any(|name| id.same_as(name));
        let mut considered = self.ancestors.iter().filter(counts);
        match name.to_ascii_lowercase().as_str() {
            "always" => Some(true),
            "cancelled" => Some(self.cancelled),
            "success" => Some(!self.cancelled && considered.all(|id| self.outcomes.succeeded(id))),
            "failure" => Some(!self.cancelled && considered.any(|id| self.outcomes.failed(id))),
            _ => None,
        }
    }
}

impl Scope for JobScope<'_> {
    fn context(&self, name: &str) -> Named {
        match self.contexts.get(name) {
            Some(value) => Named::Value(value.clone()),
            None if name.eq_ignore_ascii_case("secrets") => Named::Lazy,
            None => Named::Unknown,
        }
    }

    fn lookup(&self, _context: &str, key: &str) -> Reply {
        Reply::Value(self.secrets.get(key).map_or(Value::Null, |secret| secret.reveal().into()))
    }

    fn whole(&self, _context: &str) -> Reply {
        let all = self
            .secrets
            .names()
            .filter_map(|name| self.secrets.get(&name.0).map(|secret| (name.0.as_str(), secret.reveal())));
        Reply::Value(Value::object(all))
    }

    fn call(&self, function: &str, args: &[Value]) -> Called {
        match self.status_function(function, args) {
            Some(value) => Called::Value(Value::Bool(value)),
            None => Called::Error(format!("Unrecognized function: '{function}'")),
        }
    }
}
