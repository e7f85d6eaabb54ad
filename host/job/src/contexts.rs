//! The contexts of a job and its steps, and the variables that processes get of them.

use act_core::JobSpec;
use act_core::environment::{Environment, Facts, LogicalPath, Root, Target};
use act_core::spec::Debugging;
use act_expr::{Object, Value};
use indexmap::IndexMap;

/// Members of `github` that every process sees as `GITHUB_<NAME>`.
///
/// Source: actions/runner `GitHubContext.cs`.
const IN_ENVIRONMENT: [&str; 37] = [
    "action_path",
    "action_ref",
    "action_repository",
    "action",
    "actor",
    "actor_id",
    "api_url",
    "base_ref",
    "env",
    "event_name",
    "event_path",
    "graphql_url",
    "head_ref",
    "job",
    "output",
    "path",
    "ref_name",
    "ref_protected",
    "ref_type",
    "ref",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "retention_days",
    "run_attempt",
    "run_id",
    "run_number",
    "server_url",
    "sha",
    "state",
    "step_summary",
    "triggering_actor",
    "workflow",
    "workflow_ref",
    "workflow_sha",
    "workspace",
];

/// Where the event's payload lies. GitHub has it below `RUNNER_TEMP`, as it has command files.
pub(crate) fn event_file() -> LogicalPath {
    LogicalPath::new(Root::Scratch, "_github_workflow/event.json")
}

/// Returns the contexts that stay the same for the whole job.
pub(crate) fn of_job(spec: &JobSpec, env: &dyn Environment) -> Object {
    let place = |path: &LogicalPath| env.path(&Target::Job, path).0;
    let root = |root: Root| place(&LogicalPath::new(root, ""));
    let mut github = spec.contexts.github.to_object();
    github.insert("workspace", root(Root::Workspace));
    github.insert("event_path", place(&event_file()));
    let given = &spec.contexts;
    Object::new()
        .with("github", github)
        .with("inputs", given.inputs.clone())
        .with("vars", given.vars.clone())
        .with("needs", given.needs.clone())
        .with("strategy", given.strategy.clone())
        .with("matrix", given.matrix.clone())
        .with("runner", runner(spec, env.facts(), &root))
        .with("job", job(spec, env.facts()))
}

fn runner(spec: &JobSpec, facts: &Facts, root: &dyn Fn(Root) -> String) -> Object {
    let mut runner = Object::new()
        .with("os", facts.os.to_string())
        .with("arch", facts.arch.to_string())
        .with("name", facts.name.as_str())
        .with("environment", "self-hosted")
        .with("tool_cache", root(Root::Tools))
        .with("temp", root(Root::Temp))
        .with("workspace", root(Root::Work));
    if spec.debug == Debugging::Steps {
        runner.insert("debug", "1");
    }
    runner
}

fn job(spec: &JobSpec, facts: &Facts) -> Object {
    let mut job = spec.contexts.job.to_object();
    if !facts.services.is_empty() {
        let services = facts.services.iter().map(|(name, service)| {
            let ports =
                Value::object(service.ports.iter().map(|(inner, outer)| (inner.as_str(), outer.as_str())));
            let service = Object::new()
                .with("id", service.id.as_str())
                .with("network", service.network.as_str())
                .with("ports", ports);
            (name.as_str(), service)
        });
        job.insert("services", Value::object(services));
    }
    job
}

/// Returns the `env` context: case counts, but on Windows.
pub(crate) fn env_context(facts: &Facts, variables: &IndexMap<String, String>) -> Value {
    let mut env = if facts.env_ignores_case { Object::new() } else { Object::case_sensitive() };
    for (name, value) in variables {
        env.insert(name.as_str(), value.as_str());
    }
    env.into()
}

/// Adds the variables that `github` and `runner` give to every process, over what the workflow set.
pub(crate) fn add_variables(variables: &mut IndexMap<String, String>, github: &Value, runner: &Value) {
    if let Some(github) = github.as_object() {
        for name in IN_ENVIRONMENT {
            match github.get(name) {
                Some(Value::String(text)) => {
                    variables.insert(format!("GITHUB_{}", name.to_ascii_uppercase()), text.to_string());
                }
                Some(Value::Bool(value)) => {
                    variables.insert(format!("GITHUB_{}", name.to_ascii_uppercase()), value.to_string());
                }
                _ => {}
            }
        }
    }
    for (name, value) in runner.as_object().into_iter().flat_map(Object::iter) {
        if let Some(text) = value.as_str() {
            variables.insert(format!("RUNNER_{}", name.to_ascii_uppercase()), text.to_owned());
        }
    }
    variables.insert("GITHUB_ACTIONS".to_owned(), "true".to_owned());
    variables.entry("CI".to_owned()).or_insert_with(|| "true".to_owned());
}
