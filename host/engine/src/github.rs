//! The `github` context of a run: what GitHub would fill in, from what is known here.
//!
//! Source: GitHub docs, "Contexts reference", `github` context.

use act_core::ids::{Attempt, RunId};
use act_expr::{Object, Value};
use act_workflow::events::EventFacts;

/// What is known of the repository and of who runs its workflows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryFacts {
    /// `owner/name`.
    pub repository: String,
    /// `https://github.com`, without a slash at the end.
    pub server_url: String,
    /// `github.actor`.
    pub actor: String,
    /// Short name of the default branch.
    pub default_branch: String,
}

/// What identifies a run to its workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFacts {
    /// The id; `github.run_id` is [`RunId::number`].
    pub run: RunId,
    /// `github.run_attempt`.
    pub attempt: Attempt,
    /// `github.run_number`.
    pub number: u64,
    /// `github.workflow`.
    pub workflow: String,
    /// Path of the workflow file from the repository's root.
    pub file: String,
}

/// Makes the context, without what belongs to a job or a step. `event` is `github.event`.
#[must_use]
pub fn context(repository: &RepositoryFacts, run: &RunFacts, facts: &EventFacts, event: Value) -> Object {
    let (owner, _) = repository.repository.split_once('/').unwrap_or((&repository.repository, ""));
    let server = repository.server_url.as_str();
    let api = match server {
        "https://github.com" => "https://api.github.com".to_owned(),
        other => format!("{other}/api/v3"),
    };
    let graphql = match server {
        "https://github.com" => "https://api.github.com/graphql".to_owned(),
        other => format!("{other}/api/graphql"),
    };
    let of_event =
        |pointer: [&str; 2]| event.get(pointer[0]).and_then(|part| part.get(pointer[1])).map(id_text);
    let reference = facts.git_ref.as_ref().map_or("", |git_ref| git_ref.as_str());
    let mut github = Object::new();
    for (name, value) in facts.github_fields() {
        github.insert(name, value);
    }
    github
        .with("actor", repository.actor.as_str())
        .with("actor_id", of_event(["sender", "id"]).unwrap_or_default())
        .with("api_url", api)
        .with("event", event.clone())
        .with("graphql_url", graphql)
        .with("ref_protected", false)
        .with("repository", repository.repository.as_str())
        .with("repository_id", of_event(["repository", "id"]).unwrap_or_default())
        .with("repository_owner", owner)
        .with("repository_owner_id", owner_id(&event))
        .with("repositoryUrl", format!("git://{}/{}.git", host(server), repository.repository))
        .with("retention_days", "90")
        .with("run_attempt", run.attempt.0.to_string())
        .with("run_id", run.run.number().to_string())
        .with("run_number", run.number.to_string())
        .with("secret_source", "Actions")
        .with("server_url", server)
        .with("triggering_actor", repository.actor.as_str())
        .with("workflow", run.workflow.as_str())
        .with("workflow_ref", format!("{}/{}@{reference}", repository.repository, run.file))
        .with("workflow_sha", facts.sha.as_deref().unwrap_or_default())
}

fn host(server: &str) -> &str {
    server.split_once("://").map_or(server, |(_, host)| host)
}

fn owner_id(event: &Value) -> String {
    let owner = event.get("repository").and_then(|repository| repository.get("owner"));
    owner.and_then(|owner| owner.get("id")).map(id_text).unwrap_or_default()
}

fn id_text(value: &Value) -> String {
    act_expr::coerce::to_text(value).into_owned()
}
