//! What is refused in `on` beyond the schema.

use crate::called::NoFiles;
use crate::options::ParseOptions;
use crate::read::read_workflow;
use crate::source::Sources;

/// Reads a workflow with this `on`, and shows each problem as `line:column message (hint)`.
fn problems(on: &str) -> Vec<String> {
    let text = format!("on:\n{on}jobs: {{ a: {{ runs-on: x, steps: [run: y] }} }}\n");
    let mut sources = Sources::new();
    let read = read_workflow(&mut sources, "w.yml", text.as_bytes(), &ParseOptions::default(), &mut NoFiles);
    assert_eq!(read.workflow.is_some(), read.problems.is_empty());
    let shown = read.problems.into_iter().map(|problem| {
        let hint = problem.hint.unwrap_or_default();
        format!("{}:{} {} ({hint})", problem.span.line, problem.span.column, problem.message)
    });
    shown.collect()
}

#[test]
fn a_cron_expression_has_to_be_one() {
    const REFUSED: &str =
        "Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday)";
    let found = problems(
        "  schedule:\n    - cron: '*/5 0-6 * JAN mon'\n    - cron: '@daily'\n    - cron: '60 * * * *'\n",
    );
    assert_eq!(
        found,
        [
            format!("4:13 {REFUSED} (1 fields instead of 5)"),
            format!("5:13 {REFUSED} (minute 60 is not within 0-59)"),
        ]
    );
}

#[test]
fn a_time_zone_has_to_be_one() {
    let found = problems(
        "  schedule:\n    - {cron: '0 0 * * *', timezone: Mars/Olympus}\n    - {cron: '0 0 * * *', timezone: asia/tokyo}\n",
    );
    assert_eq!(
        found,
        ["3:37 Unknown time zone 'Mars/Olympus'. Expected an IANA name such as 'Europe/Berlin'. ()"]
    );
}

#[test]
fn filters_have_to_be_patterns() {
    let found = problems(
        "  push:\n    branches: ['releases/[0-9]+', '[a']\n    tags-ignore: '!'\n    paths: ['**/*.rs', '!x', 'x[z-a]']\n",
    );
    let found: Vec<_> =
        found.iter().filter_map(|problem| problem.split_once(" (")).map(|(text, _)| text).collect();
    assert_eq!(
        found,
        [
            "3:35 invalid pattern '[a': the '[' at character 1 has no closing ']'",
            "4:18 invalid pattern '!': at least one character must follow '!'",
            "5:30 invalid pattern 'x[z-a]': the range 'z-a' at character 3 is not within a-z, A-Z or 0-9",
        ]
    );
}

#[test]
fn names_that_are_no_patterns_are_taken_as_they_are() {
    assert!(problems("  workflow_run: { workflows: ['[a'], types: [completed] }\n").is_empty());
}

#[test]
fn a_dispatch_has_25_inputs_at_most() {
    let on = |count: usize| {
        let inputs: String = (1..=count).map(|n| format!("      i{n}: {{ type: string }}\n")).collect();
        problems(&format!("  workflow_dispatch:\n    inputs:\n{inputs}"))
    };
    assert!(on(25).is_empty());
    assert_eq!(
        on(27),
        [
            "29:7 you may only define up to 25 `inputs` for a `workflow_dispatch` event (there are 27; this is the first too many)"
        ]
    );
}

#[test]
fn a_called_workflow_may_have_more_inputs() {
    let inputs: String = (1..=30).map(|n| format!("      i{n}: {{ type: string }}\n")).collect();
    assert!(problems(&format!("  workflow_call:\n    inputs:\n{inputs}")).is_empty());
}
