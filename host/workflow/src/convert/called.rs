//! A workflow as a job calls it: its jobs, and whether call and callee fit together.
//!
//! Port of `ConvertToReferencedWorkflow` and of the input and secret checks of `WorkflowTemplateConverter.cs`.

use super::permissions::{self, Limit};
use super::triggers::signature;
use super::{inherit_permissions, parts};
use crate::context::Context;
use crate::model::{CallJob, CallSecrets, CallSignature, CalledWorkflow, Job};
use crate::options::PermissionsPolicy;
use crate::source::{FileId, Problem, Span};
use crate::token::{Token, TokenKind};
use crate::triggers::InputType;
use act_expr::text::eq_ignore_case;

/// The job that calls.
pub(crate) struct Caller<'a> {
    pub(crate) id_span: Span,
    pub(crate) call: &'a CallJob,
    /// Name of the callee's file.
    pub(crate) callee: &'a str,
    pub(crate) permissions: Option<&'a super::Permissions>,
    /// The callee belongs to the caller's own organization.
    pub(crate) trusted: bool,
    pub(crate) policy: PermissionsPolicy,
}

/// Reads a called workflow; `None` when a problem keeps it from being one.
pub(crate) fn called(
    context: &mut Context<'_>,
    root: Token,
    file: FileId,
    caller: &Caller<'_>,
) -> Option<CalledWorkflow> {
    let root_span = root.span;
    let parts = parts(context, root)?;
    let signature = match parts.on.as_ref().map(|on| (call_trigger(on), on.span)) {
        Some((Some(signature), _)) => signature,
        other => {
            let span = other.map_or(root_span, |(_, span)| span);
            context.error(span, "workflow_call key is not defined in the referenced workflow.");
            return None;
        }
    };
    check_inputs(context, &signature, caller);
    check_secrets(context, &signature, caller);
    let mut jobs = parts.jobs;
    check_permissions(context, &jobs, parts.permissions.as_ref(), caller);
    inherit_permissions(&mut jobs, parts.permissions.as_ref().or(caller.permissions));
    Some(CalledWorkflow {
        file,
        name: parts.name,
        signature,
        enclosing: parts.enclosing,
        concurrency: parts.concurrency,
        permissions: parts.permissions,
        jobs,
    })
}

/// The signature of a workflow that can be called.
fn call_trigger(on: &Token) -> Option<CallSignature> {
    match &on.kind {
        TokenKind::String(event) => (&**event == "workflow_call").then(CallSignature::default),
        TokenKind::Sequence(events) => {
            events.iter().any(|event| event.as_str() == Some("workflow_call")).then(CallSignature::default)
        }
        _ => on.get("workflow_call").map(signature),
    }
}

fn given(token: Option<&Token>) -> impl Iterator<Item = (&str, &Token)> {
    token
        .and_then(Token::as_mapping)
        .unwrap_or_default()
        .iter()
        .filter_map(|(key, value)| Some((key.as_str()?, value)))
}

fn check_inputs(context: &mut Context<'_>, signature: &CallSignature, caller: &Caller<'_>) {
    let with = caller.call.with.as_ref();
    for (name, input) in &signature.inputs {
        if let Some(problem) = input.default.as_ref().and_then(|default| misfit(input.kind, default)) {
            context.problem(problem);
        }
        let value = given(with).find(|(key, _)| eq_ignore_case(key, name.as_str()));
        match value {
            Some((_, value)) => {
                misfit(input.kind, value).into_iter().for_each(|problem| context.problem(problem))
            }
            None if input.required => {
                context.error(
                    caller.call.uses.span,
                    format!("Input {name} is required, but not provided while calling."),
                );
            }
            None => {}
        }
    }
    for (key, value) in given(with) {
        if !signature.inputs.keys().any(|name| eq_ignore_case(name.as_str(), key)) {
            context.error(
                value.span,
                format!("Invalid input, {key} is not defined in the referenced workflow."),
            );
        }
    }
}

/// The problem of a literal that is not of its input's type; any literal is text.
fn misfit(kind: InputType, value: &Token) -> Option<Problem> {
    let fits = match (kind, &value.kind) {
        (_, TokenKind::Expression(_) | TokenKind::Insert) => true,
        (InputType::Boolean, kind) => matches!(kind, TokenKind::Bool(_)),
        (InputType::Number, kind) => matches!(kind, TokenKind::Number(_)),
        (InputType::String | InputType::Choice | InputType::Environment, _) => true,
    };
    (!fits).then(|| Problem::new(value.span, format!("Unexpected value '{}'", value.literal_text())))
}

fn check_secrets(context: &mut Context<'_>, signature: &CallSignature, caller: &Caller<'_>) {
    let map = match &caller.call.secrets {
        CallSecrets::Inherit(_) => return,
        CallSecrets::None => None,
        CallSecrets::Map(token) => Some(token),
    };
    for (name, _) in signature.secrets.iter().filter(|(_, secret)| secret.required) {
        if !given(map).any(|(key, _)| eq_ignore_case(key, name.as_str())) {
            context.error(
                caller.call.uses.span,
                format!("Secret {name} is required, but not provided while calling."),
            );
        }
    }
    for (key, value) in given(map) {
        if !signature.secrets.keys().any(|name| eq_ignore_case(name.as_str(), key)) {
            context.error(
                value.span,
                format!("Invalid secret, {key} is not defined in the referenced workflow."),
            );
        }
    }
}

fn check_permissions(
    context: &mut Context<'_>,
    jobs: &[Job],
    root: Option<&super::Permissions>,
    caller: &Caller<'_>,
) {
    let limit = Limit {
        explicit: caller.permissions.map(|given| &given.value),
        policy: caller.policy,
        trusted: caller.trusted,
    };
    let callee = caller.callee;
    if let Some(excess) = root.and_then(|root| permissions::excess(&root.value, limit)) {
        context.error(
            caller.id_span,
            format!("Error calling workflow '{callee}'. The workflow '{callee}' is requesting {excess}."),
        );
    }
    for job in jobs {
        if let Some(excess) =
            job.permissions.as_ref().and_then(|requested| permissions::excess(&requested.value, limit))
        {
            let name = job.name.as_ref().map_or_else(|| job.id.as_str().into(), Token::literal_text);
            context.error(
                caller.id_span,
                format!("Error calling workflow '{callee}'. The nested job '{name}' is requesting {excess}."),
            );
        }
    }
}
