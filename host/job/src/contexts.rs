//! The contexts of a job and its steps, and the variables that processes get of them.

use act_core::JobSpec;
use act_core::environment::{Environment, Facts, LogicalPath, Root, Target};
use act_core::spec::Debugging;
use act_expr::{Object, Value};
use indexmap::IndexMap;

/// Members of `github` that every process of a job sees, and the variables that hold them.
///
/// Source: actions/runner `GitHubContext.cs`, as for [`OF_STEP`]; command files are the rest of its list.
const OF_JOB: [(&str, &str); 28] = [
    ("actor", "GITHUB_ACTOR"),
    ("actor_id", "GITHUB_ACTOR_ID"),
    ("api_url", "GITHUB_API_URL"),
    ("base_ref", "GITHUB_BASE_REF"),
    ("event_name", "GITHUB_EVENT_NAME"),
    ("event_path", "GITHUB_EVENT_PATH"),
    ("graphql_url", "GITHUB_GRAPHQL_URL"),
    ("head_ref", "GITHUB_HEAD_REF"),
    ("job", "GITHUB_JOB"),
    ("ref_name", "GITHUB_REF_NAME"),
    ("ref_protected", "GITHUB_REF_PROTECTED"),
    ("ref_type", "GITHUB_REF_TYPE"),
    ("ref", "GITHUB_REF"),
    ("repository", "GITHUB_REPOSITORY"),
    ("repository_id", "GITHUB_REPOSITORY_ID"),
    ("repository_owner", "GITHUB_REPOSITORY_OWNER"),
    ("repository_owner_id", "GITHUB_REPOSITORY_OWNER_ID"),
    ("retention_days", "GITHUB_RETENTION_DAYS"),
    ("run_attempt", "GITHUB_RUN_ATTEMPT"),
    ("run_id", "GITHUB_RUN_ID"),
    ("run_number", "GITHUB_RUN_NUMBER"),
    ("server_url", "GITHUB_SERVER_URL"),
    ("sha", "GITHUB_SHA"),
    ("triggering_actor", "GITHUB_TRIGGERING_ACTOR"),
    ("workflow", "GITHUB_WORKFLOW"),
    ("workflow_ref", "GITHUB_WORKFLOW_REF"),
    ("workflow_sha", "GITHUB_WORKFLOW_SHA"),
    ("workspace", "GITHUB_WORKSPACE"),
];

/// Those that differ from step to step.
const OF_STEP: [(&str, &str); 4] = [
    ("action_path", "GITHUB_ACTION_PATH"),
    ("action_ref", "GITHUB_ACTION_REF"),
    ("action_repository", "GITHUB_ACTION_REPOSITORY"),
    ("action", "GITHUB_ACTION"),
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

/// Returns the variables that `github` and `runner` give to every process of a job.
pub(crate) fn variables_of_job(contexts: &Object) -> Vec<(String, String)> {
    let mut variables = members(contexts.get("github"), &OF_JOB);
    for (name, value) in contexts.get("runner").and_then(Value::as_object).into_iter().flat_map(Object::iter)
    {
        if let Some(text) = value.as_str() {
            variables.push((format!("RUNNER_{}", name.to_ascii_uppercase()), text.to_owned()));
        }
    }
    variables.push(("GITHUB_ACTIONS".to_owned(), "true".to_owned()));
    variables
}

/// Returns the variables that the `github` context of a step gives to its processes, beside those of its job.
pub(crate) fn variables_of_step(github: &Value) -> Vec<(String, String)> {
    members(Some(github), &OF_STEP)
}

fn members(github: Option<&Value>, names: &[(&str, &str)]) -> Vec<(String, String)> {
    let Some(github) = github.and_then(Value::as_object) else { return Vec::new() };
    let variable = |(member, variable): &(&str, &str)| {
        let text = match github.get(member)? {
            Value::String(text) => text.to_string(),
            Value::Bool(value) => value.to_string(),
            _ => return None,
        };
        Some(((*variable).to_owned(), text))
    };
    names.iter().filter_map(variable).collect()
}
