//! Several workflow files that one event starts: side by side, on one output.

use act_tests::cli::Project;
use insta::assert_snapshot;

/// A workflow that goes on when another one has come as far.
fn meets(own: &str, other: &str) -> String {
    format!(
        r#"
on: push
jobs:
  meet:
    runs-on: ubuntu-latest
    steps:
      - name: Meet
        run: |
          touch "$HOME/{own}"
          while [ ! -e "$HOME/{other}" ]; do sleep 0.05; done
          echo "{own} met {other}"
"#
    )
}

fn met() -> Project {
    let mut project = Project::new();
    project.workflow("one.yml", &meets("one", "three"));
    project.workflow("three.yaml", &meets("three", "one")).commit();
    project
}

#[test]
fn they_run_side_by_side_and_each_line_says_whose_it_is() {
    let ran = met().run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    for label in ["one.yml    │ ", "three.yaml │ "] {
        let lines = ran.stdout.lines().filter_map(|line| line.strip_prefix(label));
        assert!(lines.clone().any(|line| line.contains(" met ")), "{ran}");
        assert_eq!(lines.filter(|line| line.starts_with("✓ .github/workflows/")).count(), 1, "{ran}");
    }
    let (told, ends) = ran.stdout.split_at(ran.stdout.find("one.yml    │\n").unwrap());
    assert!(told.contains("one met three") && told.contains("three met one"), "{ran}");
    assert_snapshot!(ends, @"
    one.yml    │
    one.yml    │   ✓ meet  success  <time>
    one.yml    │
    one.yml    │ ✓ .github/workflows/one.yml succeeded in <time>
    one.yml    │   full log: act-host runs logs <run>
    three.yaml │
    three.yaml │   ✓ meet  success  <time>
    three.yaml │
    three.yaml │ ✓ .github/workflows/three.yaml succeeded in <time>
    three.yaml │   full log: act-host runs logs <run>
    ");
}

/// `script` gives the program a terminal.
#[test]
fn on_a_terminal_what_runs_in_each_stands_below_the_lines() {
    let ran = met().shell("NO_COLOR=1 script --quiet --return --command 'act-host run' /dev/null").end();
    assert_eq!(ran.code, Some(0), "{ran}");
    for label in ["one.yml    │ ", "three.yaml │ "] {
        let is_drawn = |line: &str| line.contains(label) && line.contains(" meet  between steps ");
        assert!(ran.stdout.lines().any(is_drawn), "{ran}");
    }
    assert!(ran.stdout.contains("␛[2A␛[J"), "both at once, and taken away again: {ran}");
}

#[test]
fn programs_get_each_event_of_each_run() {
    let ran = met().run(&["--json"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let events: Vec<serde_json::Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ended = events.iter().filter(|event| event["type"] == "run-finished").count();
    assert_eq!(ended, 2, "{ran}");
}

#[test]
fn githubs_form_names_the_file_too() {
    let ran = met().run(&["--log-format", "github"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    for line in ["one.yml\tmeet\tMeet\t<date> one met three", "three.yaml\tmeet\tMeet\t<date> three met one"]
    {
        assert_eq!(ran.lines_with(line), [line], "{ran}");
    }
}

#[test]
fn they_share_the_places_of_concurrent_jobs() {
    let workflow = r#"
on: push
jobs:
  alone:
    runs-on: ubuntu-latest
    strategy: {matrix: {n: [1, 2]}}
    steps:
      - run: mkdir "$HOME/alone"; sleep 0.1; rmdir "$HOME/alone"
"#;
    let mut project = Project::new();
    project.workflow("one.yml", workflow).workflow("two.yml", workflow).commit();
    let ran = project.run(&["--concurrent-jobs", "1"]);
    assert_eq!(ran.code, Some(0), "{ran}");
}

#[test]
fn one_that_fails_fails_the_whole_and_the_others_end_as_they_would() {
    let mut project = Project::new();
    project.workflow("fails.yml", "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: exit 1}]}}\n");
    project.workflow(
        "works.yml",
        "on: push\njobs: {b: {runs-on: ubuntu-latest, steps: [{run: echo it is done}]}}\n",
    );
    let ran = project.commit().run(&["-q"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    let ends: Vec<_> = ran.stdout.lines().filter(|line| line.contains(" in <time>")).collect();
    assert_snapshot!(ends.join("\n"), @"
    fails.yml │ ✗ .github/workflows/fails.yml failed in <time>
    works.yml │ ✓ .github/workflows/works.yml succeeded in <time>
    ");
}
