//! What people read when something is wrong before the run: the whole message, as it stands on the screen.

use act_tests::cli::{Project, Ran};
use insta::assert_snapshot;

/// Ends with code 2 before anything runs, and says the error first.
fn refused(project: &Project, args: &[&str]) -> Ran {
    let ran = project.run(args);
    assert_eq!(ran.code, Some(2), "{ran}");
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.starts_with("error: ") || ran.stderr.contains("\nerror: "), "{ran}");
    assert!(!project.folder("state/runs").exists(), "a run was recorded: {ran}");
    ran
}

const GOOD: &str = "on: push\njobs:\n  a: {runs-on: ubuntu-latest, steps: [{run: echo ran}]}\n";

#[test]
fn broken_yaml_is_shown_with_its_line() {
    let project = Project::with("on: push\njobs:\n  a:\n    steps: [\n  b: }\n");
    assert_snapshot!(refused(&project, &[]), @"
    exit 2
    --- stderr
    error: invalid YAML: invalid indentation
     --> .github/workflows/ci.yml:5:3
      |
    5 |   b: }
      |   ^
    ");
}

#[test]
fn all_mistakes_of_all_files_are_told_at_once() {
    let mut project = Project::with(
        "on: push\njobs:\n  a: {runs-on: ubuntu-latest, stesp: []}\n  b: {needs: c, runs-on: x, steps: [{}]}\n",
    );
    project.workflow("other.yml", "on: pusch\njobs: {}\n");
    assert_snapshot!(refused(&project, &[]), @"
    exit 2
    --- stderr
    error: Unexpected value 'stesp'
     --> .github/workflows/ci.yml:3:31
      |
    3 |   a: {runs-on: ubuntu-latest, stesp: []}
      |                               ^^^^^

    error: There's not enough info to determine what you meant. Add one of these properties: parallel, run, shell, uses, with, working-directory
     --> .github/workflows/ci.yml:4:37
      |
    4 |   b: {needs: c, runs-on: x, steps: [{}]}
      |                                     ^

    error: Unexpected value 'pusch'
     --> .github/workflows/other.yml:1:5
      |
    1 | on: pusch
      |     ^^^^^
    ");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let mut project = Project::new();
    project.file(".github/workflows/ci.yml", b"on: push\njobs: \xff\xfe\n").commit();
    assert_snapshot!(refused(&project, &[]), @"
    exit 2
    --- stderr
    error: the file is not valid UTF-8
     --> .github/workflows/ci.yml:2:7
      |
    2 | jobs: ��
      |       ^
    ");
}

#[test]
fn folders_that_are_missing_or_empty_are_named() {
    let mut project = Project::new();
    assert_snapshot!(refused(&project, &[]), @"
    exit 2
    --- stderr
    error: there is no file or folder .github/workflows
    ");
    project.file(".github/workflows/readme.txt", "");
    assert_snapshot!(refused(&project, &[]), @"
    exit 2
    --- stderr
    error: there are no workflows in .github/workflows
    ");
    assert_snapshot!(refused(&project, &["-W", "nowhere"]), @"
    exit 2
    --- stderr
    error: there is no file or folder nowhere
    ");
    assert_snapshot!(refused(&project, &["-C", "nowhere"]), @"
    exit 2
    --- stderr
    error: there is no folder $REPO/nowhere
    ");
}

#[test]
fn an_event_file_must_be_a_json_object() {
    let mut project = Project::with(GOOD);
    project.file("event.json", "{\"a\": nonsense}");
    assert_snapshot!(refused(&project, &["-e", "event.json"]), @"
    exit 2
    --- stderr
    error: $REPO/event.json is not a JSON object
      caused by: expected ident at line 1 column 8
    ");
    project.file("event.json", "[1]");
    assert_snapshot!(refused(&project, &["-e", "event.json"]), @"
    exit 2
    --- stderr
    error: $REPO/event.json is not a JSON object
      caused by: invalid type: sequence, expected a map at line 1 column 0
    ");
    assert_snapshot!(refused(&project, &["-e", "nowhere.json"]), @"
    exit 2
    --- stderr
    error: there is no file $REPO/nowhere.json
    ");
}

#[test]
fn names_that_nothing_has_come_with_the_nearest() {
    let project = Project::with(GOOD);
    assert_snapshot!(refused(&project, &["pusch"]), @"
    exit 2
    --- stderr
    error: unknown event 'pusch'
    hint: did you mean `push`?
    ");
    assert_snapshot!(refused(&project, &["-j", "b"]), @"
    exit 2
    --- stderr
    error: no workflow has a job `b`
    hint: did you mean `a`?
    ");
    assert_snapshot!(refused(&project, &["--jobb", "a"]), @"
    exit 2
    --- stderr
    error: unexpected argument '--jobb' found
    hint: did you mean `--job`?
    ");
    assert_snapshot!(refused(&project, &["issues"]), @"
    exit 2
    --- stderr
    error: no workflow runs on `issues`
    hint: .github/workflows/ci.yml: 'issues' is not among the events of on
    hint: `--no-filters` runs them all the same, `-W FILE` one of them
    ");
}

#[test]
fn inputs_of_a_dispatch_are_checked() {
    let project = Project::with(
        r#"
on:
  workflow_dispatch:
    inputs:
      size: {type: choice, options: [small, large], required: true}
      count: {type: number}
      force: {type: boolean}
jobs:
  a: {runs-on: ubuntu-latest, steps: [{run: "true"}]}
"#,
    );
    assert_snapshot!(refused(&project, &["workflow_dispatch"]), @"
    exit 2
    --- stderr
    error: Required input 'size' not provided
     --> .github/workflows/ci.yml:3:3
      |
    3 |   workflow_dispatch:
      |   ^^^^^^^^^^^^^^^^^
    ");
    let wrong =
        ["--input", "size=huge", "--input", "count=many", "--input", "force=perhaps", "--input", "other=1"];
    assert_snapshot!(refused(&project, &wrong), @r#"
    exit 2
    --- stderr
    error: Provided value 'huge' for input 'size' not in the list of allowed values
     --> .github/workflows/ci.yml:3:3
      |
    3 |   workflow_dispatch:
      |   ^^^^^^^^^^^^^^^^^

    error: Provided value 'many' for input 'count' is not a number
     --> .github/workflows/ci.yml:3:3
      |
    3 |   workflow_dispatch:
      |   ^^^^^^^^^^^^^^^^^

    error: Provided value 'perhaps' for input 'force' not in the list of allowed values
     --> .github/workflows/ci.yml:3:3
      |
    3 |   workflow_dispatch:
      |   ^^^^^^^^^^^^^^^^^

    error: Unexpected inputs provided: ["other"]
     --> .github/workflows/ci.yml:3:3
      |
    3 |   workflow_dispatch:
      |   ^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn files_of_values_are_checked_without_telling_them() {
    let mut project = Project::with(GOOD);
    project.file(".secrets", "GOOD=1\nthis line holds hunter2 and no name\n");
    let ran = refused(&project, &[]);
    assert!(!ran.stderr.contains("hunter2"), "{ran}");
    assert_snapshot!(ran, @"
    exit 2
    --- stderr
    error: $REPO/.secrets: line 2, column 6: expected NAME=VALUE
    ");
    assert_snapshot!(refused(&project, &["--secret-file", "nowhere"]), @"
    exit 2
    --- stderr
    error: there is no file $REPO/nowhere
    ");
    std::fs::remove_file(project.path(".secrets")).unwrap();
    assert_snapshot!(refused(&project, &["-s", "KEY"]), @"
    exit 2
    --- stderr
    error: `--secret KEY`: the environment has no `KEY`
    hint: give it a value: `--secret KEY=…`
    ");
}

#[test]
fn what_is_not_built_yet_is_refused_in_one_list() {
    let project = Project::with(
        r#"
on: push
jobs:
  first:
    runs-on: ubuntu-latest
    steps: [{run: touch "$HOME/started"}]
  a:
    runs-on: ubuntu-latest
    container: alpine
    services: {db: {image: postgres}}
    steps:
      - uses: docker://alpine
      - run: sleep 1
        background: true
"#,
    );
    assert_snapshot!(refused(&project, &[]), @"
    exit 2
    --- stderr
    error: job `a`: `container` is not built yet on this machine: `--backend kubernetes` has containers
     --> .github/workflows/ci.yml:9:16
      |
    9 |     container: alpine
      |                ^^^^^^

    error: job `a`: `services` are not built yet on this machine: `--backend kubernetes` has containers
      --> .github/workflows/ci.yml:10:15
       |
    10 |     services: {db: {image: postgres}}
       |               ^^^^^^^^^^^^^^^^^^^^^^^

    error: job `a`: Docker actions are not built yet
      --> .github/workflows/ci.yml:12:15
       |
    12 |       - uses: docker://alpine
       |               ^^^^^^^^^^^^^^^

    error: job `a`: background steps are not built yet
      --> .github/workflows/ci.yml:13:9
       |
    13 |       - run: sleep 1
       |         ^^^^^^^^^^^^
    ");
    assert!(!project.folder("home/started").exists());
}

#[test]
fn a_label_that_nobody_maps_is_refused_before_anything_starts() {
    let project = Project::with(
        "on: push\njobs:\n  first: {runs-on: ubuntu-latest, steps: [{run: touch \"$HOME/started\"}]}\n  far: {runs-on: windows-latest, steps: [{run: 'true'}]}\n  typo: {runs-on: ubuntu-lastest, steps: [{run: 'true'}]}\n",
    );
    assert_snapshot!(refused(&project, &[]), @"
    exit 2
    --- stderr
    error: nothing here runs `runs-on: windows-latest`: `windows-latest` is no label of this machine (Linux X64)
     --> .github/workflows/ci.yml:4:18
      |
    4 |   far: {runs-on: windows-latest, steps: [{run: 'true'}]}
      |                  ^^^^^^^^^^^^^^
      |
    hint: `-P windows-latest=-self-hosted` runs jobs with this label on this machine

    error: nothing here runs `runs-on: ubuntu-lastest`: no runner has the label `ubuntu-lastest`
     --> .github/workflows/ci.yml:5:19
      |
    5 |   typo: {runs-on: ubuntu-lastest, steps: [{run: 'true'}]}
      |                   ^^^^^^^^^^^^^^
      |
    hint: did you mean `ubuntu-latest`?
    ");
    assert!(!project.folder("home/started").exists());
}

#[test]
fn a_folder_that_is_called_like_a_file_is_no_workflow() {
    let mut project = Project::with(GOOD);
    project.file(".github/workflows/x.yml/inside.txt", "");
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
}

#[test]
fn a_state_folder_that_cannot_be_written_is_an_infrastructure_failure() {
    let mut project =
        Project::with("on: push\njobs:\n  a: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}\n");
    project.outside("file", "");
    let state = project.folder("file/state").display().to_string();
    project.env("ACT_HOST_STATE", state);
    assert_snapshot!(project.run(&[]), @"
    exit 3
    --- stderr
    error: cannot keep machines in $ROOT/file/state: Not a directory (os error 20)
    hint: `ACT_HOST_STATE` names another folder for runs
    ");
}
