//! `kill -9` of the program: the log stays readable, and what was left behind is cleared by the next run.

use act_tests::cli::Project;

const WAITS: &str = "on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: echo said before the end
      - run: |
          sleep 1000 &
          echo it waits
          wait
";

#[test]
fn a_killed_run_is_shown_as_interrupted_and_swept_by_the_next() {
    let mut project = Project::with(WAITS);
    let mut run = project.start(["run"]);
    run.saw("it waits").kill();
    assert_eq!(run.end().code, None);
    assert!(!project.leftovers().is_empty(), "the processes of a killed host were expected to live on");

    let shown = project.act(["runs"]);
    assert!(shown.stdout.contains("interrupted"), "{shown}");
    let logs = project.act(["runs", "logs", "latest"]);
    assert!(logs.stdout.contains("said before the end"), "{logs}");

    project.workflow(
        "ci.yml",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: echo well}]\n",
    );
    let next = project.run(&[]);
    assert_eq!(next.code, Some(0), "{next}");
    assert!(next.stderr.contains("left behind"), "{next}");
    assert_eq!(project.leftovers(), [""; 0], "{next}");
}

#[test]
fn the_log_of_a_killed_run_holds_whole_lines_only() {
    let workflow = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: \"yes | head -c 1000000000\"}]\n";
    let project = Project::with(workflow);
    let mut run = project.start(["run", "--json"]);
    run.saw("\"lines\"").kill();
    let _ = run.end();
    let logs = project.act(["runs", "show", "latest"]);
    assert_eq!(logs.code, Some(0), "{logs}");
    assert!(logs.stdout.contains("interrupted"), "{logs}");
}
