//! The log of a run: what `--json` says, what becomes of bytes that are no text, what is kept of earlier runs.

use act_tests::cli::Project;
use insta::assert_snapshot;

fn project() -> Project {
    Project::with(
        r#"
name: CI
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo built
  test:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: echo "testing ${{ secrets.KEY }}"; exit 1
"#,
    )
}

fn log(project: &Project) -> String {
    let runs = std::fs::read_dir(project.folder("state/runs")).unwrap();
    let run = runs.map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    let logs = std::fs::read_dir(&run).unwrap().map(|entry| entry.unwrap().path());
    let log = logs
        .filter(|path| path.extension().is_some_and(|name| name == "jsonl"))
        .find(|path| std::fs::read_to_string(path).unwrap().contains("run-started"));
    std::fs::read_to_string(log.unwrap()).unwrap()
}

#[test]
fn json_is_the_log_line_by_line() {
    let project = project();
    let output = project
        .command(act_tests::cli::act_host())
        .args(["run", "--json", "-s", "KEY=hidden-value"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, log(&project));
    assert!(!said.contains("hidden-value"));
    let events: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["seq"], index, "{event}");
    }
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!((types[0], *types.last().unwrap()), ("run-started", "run-finished"));
}

#[test]
fn earlier_runs_are_listed_shown_and_printed() {
    let project = project();
    assert_eq!(project.run(&["-j", "build"]).code, Some(0));
    assert_eq!(project.run(&["-s", "KEY=hidden-value"]).code, Some(1));
    assert_snapshot!(project.act(["runs"]), @"
    exit 0
    RUN                         WORKFLOW  EVENT  REF   STARTED           RESULT
    <run>  CI        push   main  <date>  failure in <time>
    <run>  CI        push   main  <date>  success in <time>
    ");
    assert_snapshot!(project.act(["runs", "show"]), @r#"
    exit 0
    run <run>
    CI
    push refs/heads/main <commit> by act-host
    .github/workflows/ci.yml #2 of local/project
    started <date> UTC
    failure in <time>

    ✓ build  success in <time>
      ✓ Run echo built  <time>

    ✗ test  failure in <time>
      ✗ Run echo "testing ***"; exit 1  <time>

    ✗ test / Run echo "testing ***"; exit 1 failed, its last lines:
        testing ***
        error: Process completed with exit code 1.
    "#);
    assert_snapshot!(project.act(["runs", "logs"]), @r#"
    exit 0
    build	Set up job	<date> Runner name: 'act-host'
    build	Set up job	<date> Operating system: Linux X64
    build	Run echo built	<date> ##[group]Run echo built
    build	Run echo built	<date> ␛[36;1mecho built␛[0m
    build	Run echo built	<date> shell: /usr/bin/bash -e {0}
    build	Run echo built	<date> ##[endgroup]
    build	Run echo built	<date> built
    test	Set up job	<date> Runner name: 'act-host'
    test	Set up job	<date> Operating system: Linux X64
    test	Run echo "testing ***"; exit 1	<date> ##[group]Run echo "testing ***"; exit 1
    test	Run echo "testing ***"; exit 1	<date> ␛[36;1mecho "testing ***"; exit 1␛[0m
    test	Run echo "testing ***"; exit 1	<date> shell: /usr/bin/bash -e {0}
    test	Run echo "testing ***"; exit 1	<date> ##[endgroup]
    test	Run echo "testing ***"; exit 1	<date> testing ***
    test	Run echo "testing ***"; exit 1	<date> ##[error]Process completed with exit code 1.
    "#);
}

#[test]
fn without_runs_there_is_nothing_to_list() {
    let project = project();
    assert_snapshot!(project.act(["runs"]), @"
    exit 0
    RUN  WORKFLOW  EVENT  REF  STARTED  RESULT
    ");
    assert_snapshot!(project.act(["runs", "show"]), @"
    exit 2
    --- stderr
    error: no run is recorded here
    hint: `act-host runs` lists them
    ");
    assert_snapshot!(project.act(["runs", "logs", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]), @"
    exit 2
    --- stderr
    error: no run is recorded here
    hint: `act-host runs` lists them
    ");
}

#[test]
fn output_that_is_no_text_is_shown_with_replacements() {
    let project = Project::with(
        r#"
on: push
jobs:
  bytes:
    runs-on: ubuntu-latest
    steps:
      - run: |
          printf 'before \xff\xfe after\n'
          printf 'nul\0byte\n'
          printf 'no line end'
      - run: head -c 300000 /dev/zero | tr '\0' 'x'; echo
      - run: head -c 100000 /dev/urandom
"#,
    );
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.lines_with("before \u{fffd}\u{fffd} after").len(), 1);
    assert_eq!(ran.lines_with("no line end"), ["  no line end"]);
    let xs: usize =
        ran.stdout.lines().filter(|line| line.trim().starts_with("xxx")).map(|line| line.trim().len()).sum();
    assert_eq!(xs, 300_000);
}
