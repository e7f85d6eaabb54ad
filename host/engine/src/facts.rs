//! What mappers, policies and schedulers are told of a job, and whose change it is.

use act_core::decide::{JobFacts, Trust};
use act_core::ids::JobKey;
use act_expr::{Object, Value};
use act_workflow::model::Job;

use crate::request::RunRequest;

/// Returns what is known of a job, or of a leg: `key` and `name` where it is certain which, `matrix` null without one.
pub(crate) fn job_facts(
    request: &RunRequest,
    job: &Job,
    key: Option<&JobKey>,
    name: Option<&str>,
    matrix: &Value,
) -> JobFacts {
    let started = &request.started;
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let values = matrix.as_object().into_iter().flat_map(Object::iter);
    JobFacts {
        repository: request.source.repository.clone(),
        workflow_file: known(&started.workflow_file),
        workflow: known(&started.workflow),
        key: key.cloned(),
        job: Some(job.id.as_str().to_owned()),
        name: name.map(str::to_owned),
        matrix: values.map(|(name, value)| (name.to_string(), matrix_text(value))).collect(),
        event_name: known(&started.event_name),
        reference: known(&started.reference),
        sha: known(&started.sha),
        actor: known(&started.actor),
        trust: trust(&started.event_name, &request.github, &request.source.repository),
        attempt: Some(request.attempt),
    }
}

/// Returns a value as an expression shows it, objects and arrays as JSON.
fn matrix_text(value: &Value) -> String {
    match value {
        Value::Object(_) | Value::Array(_) => serde_json::to_string(value).unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            act_expr::coerce::to_text(value).into_owned()
        }
    }
}

/// Says whose change a run is about. A pull request is the fork's whose branch it is, also where the workflow is the
/// base's own (`pull_request_target`, `workflow_run`): what it brings may be run or read all the same.
fn trust(event_name: &str, github: &Object, repository: &str) -> Trust {
    let head: &[&str] = match event_name {
        "pull_request" | "pull_request_target" | "pull_request_review" | "pull_request_review_comment" => {
            &["pull_request", "head", "repo", "full_name"]
        }
        "workflow_run" => &["workflow_run", "head_repository", "full_name"],
        _ => return Trust::Own,
    };
    let event = github.get("event");
    let head = head.iter().fold(event, |value, key| value.and_then(|value| value.get(key)));
    match head.and_then(Value::as_str) {
        Some(head) if head.eq_ignore_ascii_case(repository) => Trust::Own,
        Some(_) => Trust::Fork,
        None => Trust::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_comes_from_the_events_own_word_on_the_head() {
        let pull = |repo: serde_json::Value| serde_json::json!({"pull_request": {"head": {"repo": repo}}});
        let run = |name: &str| serde_json::json!({"workflow_run": {"head_repository": {"full_name": name}}});
        let named = |name: &str| pull(serde_json::json!({ "full_name": name }));
        for (event, payload, expected) in [
            ("push", named("eve/hello"), Trust::Own),
            ("pull_request", named("Octo/Hello"), Trust::Own),
            ("pull_request", named("eve/hello"), Trust::Fork),
            ("pull_request_target", named("eve/hello"), Trust::Fork),
            ("workflow_run", run("eve/hello"), Trust::Fork),
            ("workflow_run", run("octo/hello"), Trust::Own),
            // The fork was deleted, or the event was made up without a payload.
            ("pull_request", pull(serde_json::Value::Null), Trust::Unknown),
            ("pull_request", serde_json::json!({}), Trust::Unknown),
        ] {
            let github = Object::new().with("event", Value::from(payload.clone()));
            assert_eq!(trust(event, &github, "octo/hello"), expected, "{event} {payload}");
        }
    }

    #[test]
    fn matrix_values_are_texts() {
        let value = |text: &str| act_expr::json::parse(text).unwrap();
        for (json, text) in
            [("\"a b\"", "a b"), ("18", "18"), ("true", "true"), ("{\"a\": [1]}", "{\"a\":[1]}")]
        {
            assert_eq!(matrix_text(&value(json)), text);
        }
    }
}
