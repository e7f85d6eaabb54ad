//! A job of a few lines of YAML, as the engine would hand it to the executor.

use std::time::Duration;

use act_core::JobSpec;
use act_core::spec::{JobContexts, RunDefaults, SPEC_VERSION, SecretName, SourceRef};
use act_expr::{Object, Value};
use act_workflow::called::NoFiles;
use act_workflow::model::JobKind;
use act_workflow::options::ParseOptions;
use act_workflow::read::read_workflow;
use act_workflow::source::Sources;
use act_workflow::token::Token;

use crate::place::launch;

/// Makes the spec of a workflow's one job. The text is the whole file but for `on:`; problems fail the test.
#[must_use]
pub fn of_workflow(yaml: &str) -> JobSpec {
    let text = format!("on: push\n{yaml}");
    let mut sources = Sources::default();
    let name = ".github/workflows/test.yml";
    let read = read_workflow(&mut sources, name, text.as_bytes(), &ParseOptions::default(), &mut NoFiles);
    let problems: Vec<_> =
        read.problems.iter().map(|problem| problem.display(&sources).to_string()).collect();
    let workflow = read.workflow.unwrap_or_else(|| panic!("{problems:#?}\n{text}"));
    let job = workflow.jobs.into_iter().next().unwrap();
    let JobKind::Steps(steps) = job.kind else { panic!("a job of steps was expected") };
    let defaults = |key: &str| {
        let of = |token: &Option<Token>| token.as_ref()?.get("run")?.get(key).cloned();
        of(&steps.defaults).or_else(|| of(&job.enclosing.defaults))
    };
    JobSpec {
        version: SPEC_VERSION,
        launch: launch(),
        name: "build".to_owned(),
        files: vec![name.to_owned()],
        env: job.enclosing.env.clone().into_iter().chain(steps.env.clone()).collect(),
        defaults: RunDefaults { shell: defaults("shell"), working_directory: defaults("working-directory") },
        outputs: steps.outputs.clone(),
        steps: steps.steps,
        contexts: contexts(),
        secrets: vec![SecretName("TOKEN_A".to_owned())],
        source: SourceRef {
            repository: "octo/hello".to_owned(),
            reference: "refs/heads/main".to_owned(),
            sha: "1234567890123456789012345678901234567890".to_owned(),
        },
        cancel_timeout: Duration::from_secs(300),
        debug: act_core::spec::Debugging::Off,
        show_secrets: false,
    }
}

/// Makes the spec of a job that has these steps and nothing else.
#[must_use]
pub fn of_steps(steps: &str) -> JobSpec {
    of_workflow(&format!("jobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n{}", indent(steps, 6)))
}

fn indent(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
}

fn contexts() -> JobContexts {
    let github = Object::new()
        .with("repository", "octo/hello")
        .with("ref", "refs/heads/main")
        .with("ref_name", "main")
        .with("sha", "1234567890123456789012345678901234567890")
        .with("actor", "mona")
        .with("job", "build")
        .with("workflow", "CI")
        .with("event_name", "push")
        .with("server_url", "https://github.com")
        .with("ref_protected", Value::Bool(false))
        .with("event", Object::new().with("after", "1234"));
    JobContexts {
        github: github.into(),
        inputs: Value::Null,
        vars: Object::new().with("COLOUR", "green").into(),
        needs: Object::new().into(),
        strategy: Object::new().into(),
        matrix: Value::Null,
        job: Object::new().into(),
    }
}
