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
    project.file("with-post/main.js", "echo main ran\n").file("with-post/post.js", "echo post ran\n");
    project.fake_node().commit();
    project
}

#[test]
fn one_ctrl_c_cancels_the_run_and_lets_it_clean_up() {
    let project = slow();
    let mut run = project.start(["run"]);
    run.saw("it waits").interrupt();
    assert_snapshot!(run.end(), @"
    exit 130
    .github/workflows/ci.yml
    push main <commit>, .github/workflows/ci.yml #1, run <run>
    runs-on ubuntu-latest: runs `ubuntu-latest` as processes on this machine
    ▶ slow on act-host
    ▸ Run actions/checkout@v4
      Checked out the working tree of local/project
    ✓ Run actions/checkout@v4 (<time>)
    ▸ Run ./with-post
      main ran
    ✓ Run ./with-post (<time>)
    ▸ Run sleep 1000 &
      it waits
      error: The operation was canceled.
    ⊘ Run sleep 1000 & (cancelled after <time>)
    ⊘ Run echo not reached (skipped)
    ▸ Run echo cleaned up
      cleaned up
    ✓ Run echo cleaned up (<time>)
    ▸ Post Run ./with-post
      post ran
    ✓ Post Run ./with-post (<time>)
    [after] ⊘ job was cancelled: the run was cancelled
    [always] ▶ on act-host
    [always] ▸ Run echo slow was , after was cancelled
    [always]   slow was , after was cancelled
    [always] ✓ Run echo slow was , after was cancelled (<time>)
    [always] ✓ job succeeded in <time>

    annotations
      error: The operation was canceled.
        slow / Run sleep 1000 &

      ⊘ slow    cancelled  <time>
      ⊘ after   cancelled  the run was cancelled
      ✓ always  success  <time>

    ⊘ .github/workflows/ci.yml was cancelled in <time>
      full log: act-host runs logs <run>
    ");
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
          while :; do sleep 0.1 || true; done
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
    run.saw("ci.yml │   it waits").saw("z.yml  │   it waits").interrupt();
    let ran = run.end();
    assert_eq!(ran.code, Some(130), "{ran}");
    assert_eq!(ran.lines_with("  cleaned up").len(), 2, "{ran}");
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn who_waits_for_a_place_and_runs_whatever_happens_still_runs_after_ctrl_c() {
    let project = Project::with(
        r#"
on: push
jobs:
  slow:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo it waits
          sleep 1000
  next:
    runs-on: ubuntu-latest
    steps: [{run: echo not reached}]
  always:
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: echo it still runs
      - if: ${{ !cancelled() }}
        run: echo and is not cancelled
"#,
    );
    let mut run = project.start(["run", "--concurrent-jobs", "1"]);
    run.saw("  it waits").interrupt();
    let ran = run.end();
    assert_eq!(ran.lines_with("not reached"), [""; 0], "{ran}");
    assert_eq!(ran.lines_with("  it still runs").len(), 1, "{ran}");
    let (_, end) = ran.stdout.split_once("annotations\n").unwrap();
    assert_snapshot!(end, @"
      error: The operation was canceled.
        slow / Run echo it waits

      ⊘ slow    cancelled  <time>
      ⊘ next    cancelled  the run was cancelled
      ✓ always  success  <time>

    ⊘ .github/workflows/ci.yml was cancelled in <time>
      full log: act-host runs logs <run>
    ");
    assert_eq!(ran.code, Some(130), "{ran}");
}

#[cfg(target_os = "linux")]
#[test]
fn steps_do_not_inherit_signals_that_the_program_ignores() {
    let project = Project::with(
        r#"
on: push
jobs:
  signals:
    runs-on: ubuntu-latest
    steps:
      - name: Look at what is ignored
        run: |
          mask=$(sed -n 's/^SigIgn:[[:space:]]*//p' /proc/self/status)
          echo "of HUP, INT, QUIT, PIPE and TERM: $((0x$mask & 0x5007))"
      - name: Hang up
        run: |
          kill -HUP $PPID
          kill -QUIT $PPID
          echo the program goes on
      - name: Wait
        run: |
          trap 'echo it was interrupted; exit 1' INT
          echo it waits
          sleep 1000 &
          wait
"#,
    );
    let mut run = project.shell("trap '' INT QUIT HUP; exec act-host run");
    run.saw("  it waits").interrupt();
    assert_snapshot!(run.end(), @"
    exit 130
    .github/workflows/ci.yml
    push main <commit>, .github/workflows/ci.yml #1, run <run>
    runs-on ubuntu-latest: runs `ubuntu-latest` as processes on this machine
    ▶ signals on act-host
    ▸ Look at what is ignored
      of HUP, INT, QUIT, PIPE and TERM: 0
    ✓ Look at what is ignored (<time>)
    ▸ Hang up
      the program goes on
    ✓ Hang up (<time>)
    ▸ Wait
      it waits
      it was interrupted
      error: The operation was canceled.
    ⊘ Wait (cancelled after <time>)

    annotations
      error: The operation was canceled.
        Wait

      ⊘ signals  cancelled  <time>

    ⊘ .github/workflows/ci.yml was cancelled in <time>
      full log: act-host runs logs <run>
    ");
    assert_eq!(project.leftovers(), [""; 0]);
}
