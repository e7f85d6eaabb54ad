use super::*;
use crate::called::NoFiles;
use crate::model::{Job, JobKind, StepsJob, Workflow};
use crate::options::ParseOptions;
use crate::read::read_workflow;
use crate::source::Sources;
use act_expr::{Called, Named, Reply};

/// Contexts from JSON; `secrets` are lazy and `hashFiles` waits until it is told.
struct TestScope {
    contexts: Value,
    hash: Option<&'static str>,
}

impl Scope for TestScope {
    fn context(&self, name: &str) -> Named {
        match name {
            "secrets" => Named::Lazy,
            _ => self.contexts.get(name).cloned().map_or(Named::Unknown, Named::Value),
        }
    }

    fn lookup(&self, _: &str, _: &str) -> Reply {
        Reply::Pending
    }

    fn call(&self, function: &str, _: &[Value]) -> Called {
        match (function, self.hash) {
            ("hashFiles", Some(hash)) => Called::Value(hash.into()),
            ("hashFiles", None) => Called::Pending,
            _ => Called::Value(Value::Bool(function == "success")),
        }
    }
}

fn scope() -> TestScope {
    let contexts = serde_json::json!({
        "matrix": { "os": "linux", "n": 5, "text": "5", "yes": true, "none": null, "list": ["a", "b"],
                    "group": { "group": "g", "labels": ["x"] }, "env": { "A": 1, "B": null }, "deep": "[[1]]" },
        "github": { "ref": "refs/heads/main", "yes": true, "list": ["a", "b"] },
    });
    TestScope { contexts: contexts.into(), hash: Some("abc") }
}

fn read(text: &str) -> Workflow {
    let read =
        read_workflow(&mut Sources::new(), "w.yml", text.as_bytes(), &ParseOptions::default(), &mut NoFiles);
    read.workflow.unwrap_or_else(|| panic!("{:?}", read.problems))
}

/// The job of a workflow whose job has these lines.
fn job(lines: &str) -> Job {
    let lines: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    let runs_on = if lines.contains("    runs-on:") { "" } else { "    runs-on: ubuntu-latest\n" };
    let text = format!("on: push\njobs:\n  a:\n{runs_on}{lines}    steps: [{{run: x}}]\n");
    read(&text).jobs.remove(0)
}

fn steps_job(lines: &str) -> StepsJob {
    match job(lines).kind {
        JobKind::Steps(job) => *job,
        JobKind::Call(_) => panic!("a call"),
    }
}

fn shown<T: std::fmt::Debug>(result: Result<Evaluated<T>>) -> String {
    match result {
        Ok(Evaluated::Done(value)) => format!("{value:?}"),
        Ok(Evaluated::Pending(calls)) => format!("pending {}", calls.len()),
        Err(error) => format!("error {error}"),
    }
}

#[test]
fn labels_come_from_texts_lists_and_mappings() {
    for (value, expected) in [
        ("linux", r#"RunsOn { labels: ["linux"], group: None }"#),
        ("${{ matrix.os }}", r#"RunsOn { labels: ["linux"], group: None }"#),
        ("${{ matrix.list }}", r#"RunsOn { labels: ["a", "b"], group: None }"#),
        (
            "[x, '${{ matrix.list }}', '${{ matrix.n }}']",
            r#"RunsOn { labels: ["x", "a", "b", "5"], group: None }"#,
        ),
        ("${{ matrix.group }}", r#"RunsOn { labels: ["x"], group: Some("g") }"#),
        ("{group: 'org/${{ matrix.os }}'}", r#"RunsOn { labels: [], group: Some("org/linux") }"#),
        ("${{ matrix.none }}", "error Unexpected value ''"),
        (
            "{group: 'a/${{ matrix.os }}'}",
            "error Invalid runs-on group name 'a/linux'. Please use 'organization/' or 'enterprise/' prefix to target a single runner group.",
        ),
    ] {
        let job = steps_job(&format!("runs-on: {value}"));
        assert_eq!(shown(runs_on(&job.runs_on, &scope())), expected, "{value}");
    }
}

#[test]
fn numbers_and_booleans_are_not_made_of_texts() {
    for (value, expected) in [
        ("5", "5.0"),
        ("2.9", "2.9"),
        ("${{ matrix.n }}", "5.0"),
        ("${{ matrix.text }}", "error Unexpected value '5'"),
        ("${{ fromJSON(matrix.text) }}", "5.0"),
        (
            "${{ fromJSON('{') }}",
            "error Error parsing fromJson; Error reading JToken from JsonReader. Path '', line 1, position 1.",
        ),
    ] {
        let job = steps_job(&format!("timeout-minutes: {value}"));
        let actual = shown(job_minutes(job.timeout_minutes.as_ref().unwrap(), &scope()));
        if expected.starts_with("error Error parsing") {
            assert!(actual.starts_with("error Error parsing fromJson; "), "{actual}");
        } else {
            assert_eq!(actual, expected, "{value}");
        }
    }
    for (value, expected) in [
        ("true", "true"),
        ("${{ matrix.yes }}", "true"),
        ("${{ 'true' == 'x' }}", "false"),
        ("${{ matrix.os }}", "error Unexpected value 'linux'"),
    ] {
        let job = steps_job(&format!("continue-on-error: {value}"));
        let token = job.continue_on_error.unwrap();
        assert_eq!(shown(job_continue_on_error(&token, &scope())), expected, "{value}");
    }
}

#[test]
fn variables_are_texts_and_mappings_are_merged() {
    for (value, expected) in [
        (
            "{A: 1, B: true, C: null, D: '${{ matrix.os }}-x'}",
            r#"[("A", "1"), ("B", "true"), ("C", ""), ("D", "linux-x")]"#,
        ),
        ("${{ matrix.env }}", r#"[("A", "1"), ("B", "")]"#),
        ("{'${{ insert }}': '${{ matrix.env }}', C: x}", r#"[("A", "1"), ("B", ""), ("C", "x")]"#),
        ("{'${{ matrix.os }}': x}", r#"[("linux", "x")]"#),
        ("{A: x, '${{ insert }}': '${{ matrix.env }}'}", "error 'A' is already defined"),
        ("{A: '${{ matrix.list }}'}", "error A sequence was not expected"),
        ("{'${{ insert }}': '${{ matrix.os }}'}", "error Expected a mapping"),
        ("{'${{ matrix.list }}': x}", "error Expected a string"),
        ("{A: '${{ secrets.X }}', B: '${{ secrets.Y }}'}", "pending 2"),
    ] {
        let job = steps_job(&format!("env: {value}"));
        assert_eq!(shown(step_env(&job.env.unwrap(), &scope())), expected, "{value}");
    }
}

#[test]
fn containers_without_image_are_none() {
    for (value, expected) in [
        ("node:20", Some("node:20")),
        ("docker://node:20", Some("node:20")),
        ("${{ matrix.none }}", None),
        ("''", None),
        ("{image: '${{ matrix.none }}'}", None),
        (
            "{image: '${{ matrix.os }}', ports: ['80', '${{ matrix.n }}'], env: {A: '${{ matrix.n }}'}}",
            Some("linux"),
        ),
    ] {
        let job = steps_job(&format!("container: {value}"));
        let found = now(container(&job.container.unwrap(), &scope())).unwrap();
        assert_eq!(found.map(|container| container.image).as_deref(), expected, "{value}");
    }
    let job = steps_job("services: {a: {image: redis, command: 'x y'}, b: '${{ matrix.none }}'}");
    let found = now(services(&job.services.unwrap(), &scope())).unwrap();
    assert_eq!(found[0].1.as_ref().unwrap().command.as_deref(), Some("x y"));
    assert_eq!(found[1], ("b".to_owned(), None));
}

#[test]
fn the_url_of_an_environment_waits_for_the_runner() {
    let job = steps_job("environment: {name: '${{ matrix.os }}', url: 'https://${{ steps.x.outputs.y }}'}");
    let found = now(environment(&job.environment.unwrap(), &scope())).unwrap().unwrap();
    assert_eq!(found.name, "linux");
    assert!(found.deployment);
    assert_eq!(shown(environment_url(&found.url.unwrap(), &scope())), r#""https://""#);
    let job = steps_job("environment: '${{ matrix.none }}'");
    assert_eq!(shown(environment(&job.environment.unwrap(), &scope())), "None");
}

#[test]
fn concurrency_groups_are_not_empty() {
    for (value, expected) in [
        ("a", r#"Concurrency { group: "a", cancel_in_progress: false, queue_max: false }"#),
        (
            "{group: '${{ github.ref }}', cancel-in-progress: '${{ matrix.yes }}'}",
            r#"Concurrency { group: "refs/heads/main", cancel_in_progress: true, queue_max: false }"#,
        ),
        (
            "{group: a, queue: max}",
            r#"Concurrency { group: "a", cancel_in_progress: false, queue_max: true }"#,
        ),
        ("{group: '${{ matrix.none }}'}", "error Unexpected value ''"),
        (
            "{group: a, queue: max, cancel-in-progress: '${{ matrix.yes }}'}",
            "error `queue: max` cannot be combined with `cancel-in-progress: true`",
        ),
    ] {
        let job = job(&format!("concurrency: {value}"));
        assert_eq!(shown(concurrency(&job.concurrency.unwrap(), &scope())), expected, "{value}");
    }
}

#[test]
fn strategies_keep_the_types_of_their_values() {
    let job = job(
        "strategy: {fail-fast: '${{ github.yes }}', matrix: {a: [1, '${{ github.list }}'], include: '${{ fromJSON(''[{\"b\": null}]'') }}'}}",
    );
    let value = now(strategy(&job.strategy.unwrap(), &scope())).unwrap();
    assert_eq!(
        serde_json::to_string(&value).unwrap(),
        r#"{"fail-fast":true,"matrix":{"a":[1,"a","b"],"include":[{"b":null}]}}"#
    );
}

#[test]
fn conditions_are_truthy_or_wait_for_answers() {
    for (value, hash, expected) in [
        ("matrix.os == 'linux'", None, "true"),
        ("failure()", None, "false"),
        ("${{ matrix.none }}", None, "false"),
    ] {
        let text = format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{{run: x, if: \"{value}\"}}]");
        let step = read(&text).jobs.remove(0).steps()[0].clone();
        assert_eq!(shown(condition(&step.condition, &TestScope { hash, ..scope() })), expected, "{value}");
    }
    let text = "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: x, if: hashFiles('a') == 'abc'}]";
    let step = read(text).jobs.remove(0).steps()[0].clone();
    assert_eq!(shown(condition(&step.condition, &TestScope { hash: None, ..scope() })), "pending 1");
    assert_eq!(shown(condition(&step.condition, &scope())), "true");
}

#[test]
fn defaults_of_run_are_texts() {
    let job = steps_job("defaults: {run: {shell: bash, working-directory: '${{ matrix.os }}'}}");
    let found = now(run_defaults(&job.defaults.unwrap(), &scope())).unwrap();
    assert_eq!(
        found,
        RunDefaults { shell: Some("bash".to_owned()), working_directory: Some("linux".to_owned()) }
    );
}
