//! Workflows that jobs call: what they are called with, as far as it is known.

use act_core::ids::JobKey;
use act_expr::Value;
use act_workflow::evaluate;
use act_workflow::model::{CallJob, CallSecrets, CalledWorkflow};
use act_workflow::token::{Token, TokenKind};

use super::jobs::{Case, Level, Previewer};
use super::unknown::{UnknownInputs, Unknowns};
use super::{Fate, JobPreview, Known};
use crate::cancel::Cancel;
use crate::dispatcher::WorkflowScope;
use crate::origin::callee;
use crate::scope::JobScope;
use crate::secrets::Secrets;

impl Previewer<'_> {
    pub(super) async fn call(
        &self,
        case: Case<'_>,
        call: &CallJob,
        key: &JobKey,
        name: &str,
    ) -> Known<Option<Vec<JobPreview>>> {
        let Some(called) = &call.called else { return Known::Now(None) };
        let unknown = unknown_inputs(call, called, &case.unknowns);
        let inputs = match self.inputs(call, called, &unknown, case.expressions) {
            Ok(inputs) => inputs,
            Err(messages) => return Known::Wrong(messages),
        };
        let scope = WorkflowScope {
            caller: Some(key),
            callers: case.level.scope.callers.iter().copied().chain([case.job]).collect(),
            prefix: format!("{name} / "),
            jobs: called.jobs.iter().collect(),
            enclosing: &called.enclosing,
            inputs,
            secrets: Secrets::default(),
            cancel: Cancel::root(),
            groups: Vec::new(),
        };
        let caller = match case.fate {
            Fate::Deferred(reason) => Some(format!("like {}: {reason}", case.job.id)),
            _ => case.unknowns.matrix.map(|matrix| format!("like {}: {matrix}", case.job.id)),
        };
        let repository = callee(&call.target, case.level.repository.as_ref());
        let level = Level { scope, inputs: unknown, caller: caller.as_deref(), repository };
        Known::Now(Some(self.level(&level).await))
    }

    /// Evaluates the inputs of a call, but for those that are not known.
    fn inputs(
        &self,
        call: &CallJob,
        called: &CalledWorkflow,
        unknown: &UnknownInputs,
        scope: &JobScope<'_>,
    ) -> Result<Value, Vec<String>> {
        let messages = |error: evaluate::EvaluateError| error.messages(&self.request.files);
        if !unknown.rest.is_empty() {
            return Ok(Value::Null);
        }
        if unknown.named.is_empty() {
            return evaluate::now(evaluate::call_inputs(call, called, scope)).map_err(messages);
        }
        let is_known = |name: &str| !unknown.named.keys().any(|known| known.eq_ignore_ascii_case(name));
        let entries = call.with.as_ref().and_then(Token::as_mapping).unwrap_or_default().iter();
        let entries = entries.filter(|(key, _)| is_known(&key.literal_text())).cloned().collect();
        let with = Some(Token::new(TokenKind::Mapping(entries), call.uses.span));
        let mut signature = called.signature.clone();
        signature.inputs.retain(|name, _| is_known(name.as_str()));
        let call = CallJob {
            uses: call.uses.clone(),
            target: call.target.clone(),
            with,
            secrets: CallSecrets::None,
            called: None,
        };
        let called = CalledWorkflow {
            file: called.file,
            name: None,
            signature,
            enclosing: called.enclosing.clone(),
            concurrency: None,
            permissions: None,
            jobs: Vec::new(),
        };
        evaluate::now(evaluate::call_inputs(&call, &called, scope)).map_err(messages)
    }
}

fn unknown_inputs(call: &CallJob, called: &CalledWorkflow, unknowns: &Unknowns<'_>) -> UnknownInputs {
    let mut unknown = UnknownInputs::default();
    let given = call.with.as_ref().and_then(Token::as_mapping).unwrap_or_default();
    let literal = given.iter().all(|(key, _)| !key.is_expression())
        && call.with.as_ref().is_none_or(|with| !with.is_expression());
    if !literal {
        let whole = call.with.as_ref().and_then(|with| unknowns.in_token(with));
        unknown.rest = whole.map(|deferred| deferred.0).unwrap_or_default();
        return unknown;
    }
    for (name, input) in &called.signature.inputs {
        let written = given.iter().find(|(key, _)| name.same_as(&key.literal_text())).map(|(_, value)| value);
        let token = written.or(input.default.as_ref());
        if let Some(deferred) = token.and_then(|token| unknowns.in_token(token)) {
            unknown.named.insert(name.as_str().to_owned(), deferred.0);
        }
    }
    unknown
}
