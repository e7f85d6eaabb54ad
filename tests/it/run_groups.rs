//! Concurrency groups, between processes that know nothing of each other.

use act_tests::cli::Project;

fn project(cancel: bool) -> Project {
    Project::with(&format!(
        r#"
on: push
concurrency: {{group: deploy, cancel-in-progress: {cancel}}}
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo begun $WHO
          while [ ! -e "$HOME/$WHO may end" ]; do sleep 0.05; done
          echo ended $WHO
"#
    ))
}

#[test]
fn a_second_run_of_a_group_waits_for_the_first_and_a_third_takes_its_place() {
    let mut project = project(false);
    let mut first = project.start(["run", "--env", "WHO=first"]);
    first.saw("  begun first");
    let mut second = project.start(["run", "--env", "WHO=second"]);
    second.saw("waiting for the concurrency group `deploy`");
    let mut third = project.start(["run", "--env", "WHO=third"]);
    third.saw("waiting for the concurrency group `deploy`");
    let second = second.end();
    assert_eq!(second.lines_with("begun second"), [""; 0]);
    insta::assert_snapshot!(second, @"
    exit 130
    .github/workflows/ci.yml
    push main <commit>, .github/workflows/ci.yml #2, run <run>
    notice: waiting for the concurrency group `deploy`
    cancelling: Canceling since a higher priority waiting request for 'deploy' exists (<run>)

    ⊘ .github/workflows/ci.yml was cancelled in <time>
      full log: act-host runs logs <run>
    ");
    project.outside("home/first may end", "");
    assert_eq!(first.end().code, Some(0));
    third.saw("  begun third");
    project.outside("home/third may end", "");
    assert_eq!(third.end().code, Some(0));
}

#[test]
fn a_newcomer_may_cancel_what_is_in_progress() {
    let mut project = project(true);
    let mut first = project.start(["run", "--env", "WHO=first"]);
    first.saw("  begun first");
    project.outside("home/second may end", "");
    let second = project.run(&["--env", "WHO=second"]);
    assert_eq!(second.code, Some(0), "{second}");
    insta::assert_snapshot!(first.end(), @"
    exit 130
    .github/workflows/ci.yml
    push main <commit>, .github/workflows/ci.yml #1, run <run>
    runs-on ubuntu-latest: runs `ubuntu-latest` as processes on this machine
    ▶ deploy on act-host
    ▸ Run echo begun $WHO
      begun first
    cancelling: its concurrency group was asked for by <run>
      error: The operation was canceled.
    ⊘ Run echo begun $WHO (cancelled after <time>)

    annotations
      error: The operation was canceled.
        Run echo begun $WHO

      ⊘ deploy  cancelled  <time>

    ⊘ .github/workflows/ci.yml was cancelled in <time>
      full log: act-host runs logs <run>
    ");
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn one_who_waits_for_a_group_can_be_interrupted() {
    let project = project(false);
    let mut first = project.start(["run", "--env", "WHO=first"]);
    first.saw("  begun first");
    let mut second = project.start(["run", "--env", "WHO=second"]);
    second.saw("waiting for the concurrency group `deploy`").interrupt();
    assert_eq!(second.end().code, Some(130));
    first.interrupt();
    assert_eq!(first.end().code, Some(130));
}

#[test]
fn a_killed_holder_gives_its_group_up() {
    let mut project = project(false);
    let mut first = project.start(["run", "--env", "WHO=first"]);
    first.saw("  begun first").kill();
    let first = first.end();
    assert_eq!(first.code, None, "{first}");
    project.outside("home/second may end", "");
    assert_eq!(project.run(&["--env", "WHO=second"]).code, Some(0));
}

#[test]
fn a_group_of_a_job_counts_within_the_run_too() {
    let project = Project::with(
        r#"
on: push
jobs:
  legs:
    runs-on: ubuntu-latest
    concurrency: {group: one, queue: max}
    strategy:
      matrix:
        n: [1, 2, 3]
    steps:
      - run: mkdir "$HOME/alone"; sleep 0.1; rmdir "$HOME/alone"
"#,
    );
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
}
