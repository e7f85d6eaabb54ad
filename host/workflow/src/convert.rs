//! Makes workflows of checked tokens, and finds what the schema cannot: ids, needs, matrices, calls.
//!
//! Port of `Conversion/WorkflowTemplateConverter.cs`. Loading called workflows is [`crate::called`]'s.

pub(crate) mod called;
pub(crate) mod condition;
pub(crate) mod early;
mod jobs;
mod needs;
mod permissions;
pub(crate) mod snapshot;
pub(crate) mod steps;
pub(crate) mod strategy;
pub(crate) mod triggers;

use crate::context::Context;
use crate::model::{Enclosing, Job, Workflow};
use crate::source::{FileId, Problem, Spanned};
use crate::step::Text;
use crate::token::{Token, TokenKind};
use std::sync::Arc;

/// Reads the root of a workflow; `None` when a problem keeps it from being one.
pub(crate) fn workflow(context: &mut Context<'_>, root: Token, file: FileId) -> Option<Workflow> {
    let parts = parts(context, root)?;
    let mut found = Vec::new();
    let on = parts.on.as_ref().map(|on| triggers::triggers(on, &mut found)).unwrap_or_default();
    found.into_iter().for_each(|problem| context.problem(problem));
    let mut jobs = parts.jobs;
    inherit_permissions(&mut jobs, parts.permissions.as_ref());
    Some(Workflow {
        file,
        name: parts.name,
        description: parts.description,
        run_name: parts.run_name,
        on,
        enclosing: parts.enclosing,
        concurrency: parts.concurrency,
        permissions: parts.permissions,
        jobs,
    })
}

type Permissions = Spanned<crate::permissions::Permissions>;

/// What a workflow file holds, called or not.
#[derive(Default)]
struct Parts {
    on: Option<Token>,
    name: Option<Text>,
    description: Option<Text>,
    run_name: Option<Token>,
    enclosing: Arc<Enclosing>,
    concurrency: Option<Token>,
    permissions: Option<Permissions>,
    jobs: Vec<Job>,
}

fn parts(context: &mut Context<'_>, root: Token) -> Option<Parts> {
    if let Err(problem) = root.expect_mapping("root") {
        context.problem(problem);
        return None;
    }
    let TokenKind::Mapping(mut entries) = root.kind else { return None };
    let mut take = |name: &str| {
        let index = entries.iter().position(|(key, _)| key.as_str() == Some(name))?;
        Some(std::mem::replace(&mut entries[index].1, Token::new(TokenKind::Null, root.span)))
    };
    // Jobs hold what encloses them, wherever in the file that stands.
    let enclosing = Arc::new(Enclosing { env: take("env"), defaults: take("defaults") });
    let mut parts = Parts { enclosing, ..Parts::default() };
    for (key, value) in entries {
        if let Err(problem) = part(context, &mut parts, &key, value) {
            context.problem(problem);
        }
    }
    Some(parts)
}

fn part(context: &mut Context<'_>, parts: &mut Parts, key: &Token, value: Token) -> Result<(), Problem> {
    match &**key.expect_string("root key")? {
        "on" => parts.on = Some(value),
        "name" => parts.name = text(value),
        "description" => parts.description = text(value),
        "run-name" => parts.run_name = Some(value),
        "env" | "defaults" => {}
        "permissions" => parts.permissions = Some(permissions::permissions(&value)?),
        "concurrency" => {
            let mut found = Vec::new();
            let result = early::concurrency(&value, early::When::Reading, &mut found);
            found.into_iter().for_each(|problem| context.problem(problem));
            result?;
            parts.concurrency = Some(value);
        }
        "jobs" => parts.jobs = jobs::jobs(context, value, &parts.enclosing),
        _ => return Err(key.unexpected_value("root key")),
    }
    Ok(())
}

fn text(value: Token) -> Option<Text> {
    match value.kind {
        TokenKind::String(text) => Some(Spanned::new(text, value.span)),
        _ => None,
    }
}

/// Jobs that say nothing have what the file says.
fn inherit_permissions(jobs: &mut [Job], permissions: Option<&Permissions>) {
    for job in jobs.iter_mut().filter(|job| job.permissions.is_none()) {
        job.permissions = permissions.cloned();
    }
}
