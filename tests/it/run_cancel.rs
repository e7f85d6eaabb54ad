//! Ctrl-C: the first cancels as GitHub does, the second kills; nothing is left behind either way.

use act_tests::cli::Project;
use insta::assert_snapshot;

const SLOW: &str = r#"
on: push
jobs:
  slow:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: ./with-post
      - run: |
          sleep 1000 &
          echo it waits
          wait
      - run: echo not reached
      - if: cancelled()
        run: echo cleaned up
  after:
    needs: slow
    runs-on: ubuntu-latest
    steps:
      - run: echo not reached either
  always:
    needs: after
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: echo slow was ${{ needs.slow.result }}, after was ${{ needs.after.result }}
"#;

fn slow() -> Project {
    let mut project = Project::with(SLOW);
    project.file("with-post/action.yml", "runs: {using: node24, main: main.js, post: post.js}\n");
    project.file("with-post/main.js", "console.log('main ran')\n");
    project.file("with-post/post.js", "console.log('post ran')\n");
    project.commit();
    project
}

#[test]
fn one_ctrl_c_cancels_the_run_and_lets_it_clean_up() {
    let project = slow();
    let mut run = project.start(["run"]);
    run.saw("it waits").interrupt();
    assert_snapshot!(run.end(), @"");
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn sigterm_cancels_as_ctrl_c_does() {
    let project = slow();
    let mut run = project.start(["run"]);
    run.saw("it waits").terminate();
    let ran = run.end();
    assert_eq!(ran.code, Some(130), "{ran}");
    assert_eq!(ran.lines_with("  cleaned up").len(), 1, "{ran}");
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn a_second_ctrl_c_kills_whatever_resists() {
    let project = Project::with(
        r#"
on: push
jobs:
  stubborn:
    runs-on: ubuntu-latest
    steps:
      - run: |
          trap 'echo it will not end' INT TERM
          echo it waits
          while :; do sleep 0.1; done
      - if: always()
        run: echo not reached
"#,
    );
    let mut run = project.start(["run"]);
    run.saw("  it waits").interrupt().saw("  it will not end").interrupt();
    let ran = run.end();
    assert_eq!(ran.code, Some(130), "{ran}");
    assert_eq!(ran.lines_with("not reached"), [""; 0]);
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn one_ctrl_c_ends_a_run_of_several_workflows() {
    let mut project = slow();
    project.workflow("z.yml", SLOW).commit();
    let mut run = project.start(["run"]);
    run.saw("it waits").interrupt();
    let ran = run.end();
    assert_eq!(ran.code, Some(130), "{ran}");
    assert_eq!(ran.lines_with("z.yml"), [""; 0]);
}
