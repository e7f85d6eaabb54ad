//! From a workflow that was read and an event to a run: inputs, contexts, and all that cannot be done.
//!
//! Pure: `run`, `explain`, a dry run call it alike. What depends on jobs that have not run is left to
//! the dispatcher.

use std::sync::Arc;

use act_core::event::RunStarted;
use act_core::spec::{Debugging, SourceRef};
use act_expr::{Object, Value};
use act_workflow::evaluate;
use act_workflow::events::{EventFacts, InputDefinition, InputKind, resolve_inputs};
use act_workflow::ids::JobId;
use act_workflow::model::{Input, InputType, Workflow};
use act_workflow::source::Span;
use act_workflow::token::{Token, TokenKind};

use crate::github::{self, RepositoryFacts, RunFacts};
use crate::outcome::Outcomes;
use crate::refuse::{self, Finding};
use crate::request::{RunRequest, Selection};
use crate::scope::JobScope;
use crate::secrets::Secrets;

/// What the caller knows; see [`prepare`].
#[derive(Clone, Debug)]
pub struct Ask {
    /// Version of the program, for the first event.
    pub host: String,
    /// The workflow, with those it calls.
    pub workflow: Arc<Workflow>,
    /// File names by `FileId`.
    pub files: Vec<String>,
    /// The run.
    pub run: RunFacts,
    /// The repository.
    pub repository: RepositoryFacts,
    /// The event.
    pub facts: EventFacts,
    /// Its payload, an object.
    pub payload: serde_json::Value,
    /// The `vars` context.
    pub vars: Value,
    /// The run's secrets.
    pub secrets: Secrets,
    /// Variables laid under every job's own.
    pub env: Vec<(String, String)>,
    /// Ids as the user wrote them, and wanted legs.
    pub jobs: Vec<String>,
    /// See [`Selection::matrix`].
    pub matrix: Vec<(String, String)>,
    /// Whether the backend has containers.
    pub containers: bool,
    /// What becomes of debug lines.
    pub debug: Debugging,
    /// Whether secrets are shown.
    pub show_secrets: bool,
}

/// A run, ready to go, and what the user should know of it before.
pub struct Prepared {
    /// The run.
    pub request: RunRequest,
    /// One line each.
    pub notices: Vec<Finding>,
}

/// Makes a run of what is known, without any effect.
///
/// # Errors
/// Everything that keeps it from running, with places: unknown jobs, wrong inputs, what is not built yet.
pub fn prepare(ask: Ask) -> Result<Prepared, Vec<Finding>> {
    let mut wrong = Vec::new();
    let selection = select_jobs(&ask, &mut wrong);
    let jobs = selection.of(&ask.workflow.jobs);
    wrong.extend(refuse::refusals(jobs.iter().copied(), ask.containers));
    let mut notices = refuse::notices(jobs.iter().copied());
    if ask.containers {
        notices.extend(refuse::moved_ports(jobs.iter().copied()));
    }
    let (inputs, event_inputs) = match dispatch_inputs(&ask) {
        Ok(inputs) => inputs,
        Err(found) => {
            wrong.extend(found);
            (Value::Null, None)
        }
    };
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let event = event_of(&ask, event_inputs);
    let github = github::context(&ask.repository, &ask.run, &ask.facts, event);
    let title = title(&ask, &github, &inputs);
    let text = |name: &str| github.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let started = RunStarted {
        host: ask.host,
        workflow_file: ask.run.file.clone(),
        workflow: ask.run.workflow.clone(),
        title,
        event_name: text("event_name"),
        repository: text("repository"),
        reference: text("ref"),
        sha: text("sha"),
        actor: text("actor"),
        run_number: ask.run.number,
    };
    let source = SourceRef { repository: text("repository"), reference: text("ref"), sha: text("sha") };
    let request = RunRequest {
        run: ask.run.run,
        attempt: ask.run.attempt,
        started,
        workflow: ask.workflow,
        files: ask.files,
        github: github.into(),
        inputs,
        vars: ask.vars,
        secrets: ask.secrets,
        env: ask.env,
        source,
        selection,
        debug: ask.debug,
        show_secrets: ask.show_secrets,
    };
    Ok(Prepared { request, notices })
}

fn select_jobs(ask: &Ask, wrong: &mut Vec<Finding>) -> Selection {
    let mut jobs: Vec<JobId> = Vec::new();
    for wanted in &ask.jobs {
        match ask.workflow.job(wanted) {
            Some(job) => jobs.push(job.id.clone()),
            None => {
                let known: Vec<&str> = ask.workflow.jobs.iter().map(|job| job.id.as_str()).collect();
                let message = format!("there is no job `{wanted}`; the workflow has {}", known.join(", "));
                wrong.push(Finding { message, span: Span::whole(ask.workflow.file) });
            }
        }
    }
    Selection { jobs, matrix: ask.matrix.clone() }
}

type Inputs = (Value, Option<serde_json::Map<String, serde_json::Value>>);

/// Returns the `inputs` context, and `github.event.inputs` where there are any.
fn dispatch_inputs(ask: &Ask) -> Result<Inputs, Vec<Finding>> {
    let Some(declared) = ask.workflow.on.dispatch() else { return Ok((Value::Null, None)) };
    if ask.facts.event.name() != "workflow_dispatch" {
        return Ok((Value::Null, None));
    }
    let span = ask.workflow.on.get("workflow_dispatch").map_or_else(Span::nowhere, |trigger| trigger.span);
    let definitions: Vec<_> = declared.iter().map(|(name, input)| definition(name.as_str(), input)).collect();
    match resolve_inputs(&definitions, &ask.facts.inputs) {
        Ok(resolved) => {
            let context = Value::from(serde_json::Value::Object(resolved.context));
            Ok((context, Some(resolved.event)))
        }
        Err(errors) => {
            let finding =
                |error: act_workflow::events::InputError| Finding { message: error.to_string(), span };
            Err(errors.into_iter().map(finding).collect())
        }
    }
}

fn definition(name: &str, input: &Input) -> InputDefinition {
    let kind = match input.kind {
        InputType::String => InputKind::String,
        InputType::Boolean => InputKind::Boolean,
        InputType::Number => InputKind::Number,
        InputType::Choice => InputKind::Choice(input.options.iter().map(ToString::to_string).collect()),
        InputType::Environment => InputKind::Environment,
    };
    let default = input.default.as_ref().and_then(literal);
    InputDefinition { name: name.to_owned(), kind, required: input.required, default }
}

fn literal(token: &Token) -> Option<serde_json::Value> {
    match &token.kind {
        TokenKind::Bool(value) => Some((*value).into()),
        TokenKind::Number(value) => Some((*value).into()),
        TokenKind::String(text) => Some((&**text).into()),
        TokenKind::Null
        | TokenKind::Expression(_)
        | TokenKind::Insert
        | TokenKind::Sequence(_)
        | TokenKind::Mapping(_) => None,
    }
}

/// Returns `github.event`: the payload, with the inputs as GitHub sends them, and where it is silent
/// about the repository, what is known of it.
fn event_of(ask: &Ask, inputs: Option<serde_json::Map<String, serde_json::Value>>) -> Value {
    let mut payload = ask.payload.as_object().cloned().unwrap_or_default();
    if let Some(inputs) = inputs {
        payload.insert("inputs".to_owned(), inputs.into());
    }
    let facts = &ask.repository;
    let (owner, name) = facts.repository.split_once('/').unwrap_or(("", &facts.repository));
    let known = serde_json::json!({
        "name": name,
        "full_name": facts.repository,
        "default_branch": facts.default_branch,
        "owner": { "login": owner, "name": owner },
        "html_url": format!("{}/{}", facts.server_url, facts.repository),
    });
    fill(payload.entry("repository").or_insert(serde_json::Value::Null), &known);
    let sender = serde_json::json!({ "login": facts.actor });
    fill(payload.entry("sender").or_insert(serde_json::Value::Null), &sender);
    if let Some(git_ref) = &ask.facts.git_ref
        && matches!(ask.facts.event.name(), "push" | "workflow_dispatch")
    {
        payload.entry("ref").or_insert_with(|| git_ref.as_str().into());
    }
    Value::from(serde_json::Value::Object(payload))
}

/// Adds what is missing.
fn fill(value: &mut serde_json::Value, known: &serde_json::Value) {
    match (value, known) {
        (serde_json::Value::Object(object), serde_json::Value::Object(known)) => {
            for (key, known) in known {
                fill(object.entry(key.clone()).or_insert(serde_json::Value::Null), known);
            }
        }
        (value @ serde_json::Value::Null, known) => *value = known.clone(),
        _ => {}
    }
}

/// Returns what GitHub shows as the run's title: `run-name`, or the workflow's name.
fn title(ask: &Ask, github: &Object, inputs: &Value) -> String {
    let Some(token) = &ask.workflow.run_name else { return ask.run.workflow.clone() };
    let outcomes = Outcomes::default();
    let secrets = Secrets::default();
    let scope = JobScope {
        contexts: Object::new()
            .with("github", github.clone())
            .with("inputs", inputs.clone())
            .with("vars", ask.vars.clone()),
        outcomes: &outcomes,
        ancestors: &[],
        cancelled: false,
        secrets: &secrets,
    };
    // A name that cannot be made is no reason not to run.
    let title = evaluate::now(evaluate::text(token, &scope)).unwrap_or_default();
    if title.trim().is_empty() { ask.run.workflow.clone() } else { title }
}
