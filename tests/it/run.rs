//! What a user sees of a run.

use act_tests::cli::Project;
use insta::assert_snapshot;

#[test]
fn a_green_run_shows_its_steps_and_ends_with_a_table() {
    let project = Project::with(
        r#"
name: CI
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Look around
        run: |
          ls -A
          git log --format=%s
      - run: |
          echo '# Built' >> "$GITHUB_STEP_SUMMARY"
          echo "::notice file=src/main.c,line=3::well done"
"#,
    );
    assert_snapshot!(project.run(&[]), @r#"
    exit 0
    CI
    push main <commit>, .github/workflows/ci.yml #1, run <run>
    runs-on ubuntu-latest: runs `ubuntu-latest` as processes on this machine
    ▶ build on act-host
    ▸ Run actions/checkout@v4
      Checked out the working tree of local/project
    ✓ Run actions/checkout@v4 (<time>)
    ▸ Look around
      .git
      .github
      all there is
    ✓ Look around (<time>)
    ▸ Run echo '# Built' >> "$GITHUB_STEP_SUMMARY"
      notice: well done
      at src/main.c:3
    ✓ Run echo '# Built' >> "$GITHUB_STEP_SUMMARY" (<time>)

    summary of Run echo '# Built' >> "$GITHUB_STEP_SUMMARY"
      # Built

    annotations
      notice: well done
        src/main.c:3  Run echo '# Built' >> "$GITHUB_STEP_SUMMARY"

      ✓ build  success  <time>

    ✓ CI succeeded in <time>
      full log: act-host runs logs <run>
    "#);
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn a_failing_run_ends_with_what_the_failing_step_said() {
    let project = Project::with(
        r#"
name: CI
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: seq 1 1000
      - name: Unit tests
        run: |
          seq 1 1000
          echo "assertion failed: left == right"
          exit 3
      - run: echo not reached
      - name: Clean up
        if: always()
        run: echo cleaned
"#,
    );
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(1));
    let (_, end) = ran.stdout.split_once("✓ Clean up (<time>)\n").unwrap();
    assert_snapshot!(end.trim_start(), @"
    ✗ Unit tests failed, its last lines:
        983
        984
        985
        986
        987
        988
        989
        990
        991
        992
        993
        994
        995
        996
        997
        998
        999
        1000
        assertion failed: left == right
        error: Process completed with exit code 3.

      ✗ test  failure  <time>  Unit tests

    ✗ CI failed in <time>
      full log: act-host runs logs <run>
    ");
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn values_pass_from_job_to_job_and_through_the_matrix() {
    let project = Project::with(
        r#"
on: push
jobs:
  plan:
    runs-on: ubuntu-latest
    outputs:
      cells: ${{ steps.plan.outputs.cells }}
    steps:
      - id: plan
        run: echo 'cells=["x", "y"]' >> "$GITHUB_OUTPUT"
  build:
    needs: plan
    runs-on: ubuntu-latest
    strategy:
      matrix:
        cell: ${{ fromJSON(needs.plan.outputs.cells) }}
        n: [1]
        include: [{cell: z, extra: yes}]
    outputs:
      last: ${{ steps.make.outputs.made }}
      seldom: ${{ steps.make.outputs.seldom }}
    steps:
      - id: make
        run: |
          echo "made=${{ matrix.cell }}${{ matrix.n }}${{ matrix.extra }}" >> "$GITHUB_OUTPUT"
          [ ${{ matrix.cell }} != x ] || echo "seldom=only ${{ matrix.cell }}" >> "$GITHUB_OUTPUT"
  show:
    needs: [plan, build]
    runs-on: ubuntu-latest
    steps:
      - run: echo '${{ toJSON(needs.build) }}'
"#,
    );
    let ran = project.run(&["--concurrent-jobs", "1"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let shown = ran.lines_with("[show]").join("\n");
    assert_snapshot!(shown, @r#"
    [show]           ▶ on act-host
    [show]           ▸ Run echo '{
    [show]             {
    [show]               "result": "success",
    [show]               "outputs": {
    [show]                 "last": "zyes",
    [show]                 "seldom": "only x"
    [show]               }
    [show]             }
    [show]           ✓ Run echo '{ (<time>)
    [show]           ✓ job succeeded in <time>
    "#);
}

#[test]
fn a_job_that_is_skipped_says_so_and_those_after_it_follow() {
    let project = Project::with(
        r#"
on: push
jobs:
  release:
    if: github.ref_type == 'tag'
    runs-on: ubuntu-latest
    steps:
      - run: echo released
  announce:
    needs: release
    runs-on: ubuntu-latest
    steps:
      - run: echo announced
  report:
    needs: announce
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: echo "announce was ${{ needs.announce.result }}"
"#,
    );
    assert_snapshot!(project.run(&[]), @r#"
    exit 0
    .github/workflows/ci.yml
    push main <commit>, .github/workflows/ci.yml #1, run <run>
    ⊘ release was skipped: its `if` is false: github.ref_type == 'tag'
    [announce] ⊘ job was skipped: it needs `release`, which was skipped
    runs-on ubuntu-latest: runs `ubuntu-latest` as processes on this machine
    [report]   ▶ on act-host
    [report]   ▸ Run echo "announce was skipped"
    [report]     announce was skipped
    [report]   ✓ Run echo "announce was skipped" (<time>)
    [report]   ✓ job succeeded in <time>

      ⊘ release   skipped  its `if` is false: github.ref_type == 'tag'
      ⊘ announce  skipped  it needs `release`, which was skipped
      ✓ report    success  <time>

    ✓ .github/workflows/ci.yml succeeded in <time>
      full log: act-host runs logs <run>
    "#);
}

#[test]
fn a_job_that_does_not_start_says_why() {
    let project = Project::with(
        r#"
on: push
jobs:
  fails: {runs-on: ubuntu-latest, steps: [{run: exit 1}]}
  works: {runs-on: ubuntu-latest, steps: [{run: "true"}]}
  after: {needs: [works, fails], if: github.ref_name, runs-on: ubuntu-latest, steps: [{run: "true"}]}
  far-after: {needs: after, if: success() && true, runs-on: ubuntu-latest, steps: [{run: "true"}]}
  both: {needs: works, if: success() && (false) && (github.sha), runs-on: ubuntu-latest, steps: [{run: "true"}]}
  rescue: {needs: works, if: "${{ failure() }}", runs-on: ubuntu-latest, steps: [{run: "true"}]}
  long:
    needs: works
    if: >-
      contains(github.ref, 'refs/tags/a-tag-with-a-long-name)')
      && contains(github.ref, 'refs/tags/another')
    runs-on: ubuntu-latest
    steps: [{run: "true"}]
"#,
    );
    let ran = project.run(&["--json"]);
    let ends = ran.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut reasons: Vec<_> = ends
        .filter(|event| event["type"] == "job-finished")
        .map(|event| format!("{}: {}", event["job"].as_str().unwrap(), event["reason"]))
        .collect();
    reasons.sort();
    assert_snapshot!(reasons.join("\n"), @r#"
    after: "it needs `fails`, which failed"
    both: "its `if` is false: success() && (false) && (github.sha)"
    fails: null
    far-after: "it needs `after`, which was skipped"
    long: "its `if` is false: contains(github.ref, 'refs/tags/a-tag-with-a-long-name)') && contains(github.ref, 'refs/tags/another')"
    rescue: "its `if` is false: failure()"
    works: null
    "#);
    let shown = project.act(["runs", "show"]);
    let mut unstarted = shown.lines_with("⊘");
    unstarted.sort_unstable();
    assert_snapshot!(unstarted.join("\n"), @"
    ⊘ after  skipped: it needs `fails`, which failed
    ⊘ both  skipped: its `if` is false: success() && (false) && (github.sha)
    ⊘ far-after  skipped: it needs `after`, which was skipped
    ⊘ long  skipped: its `if` is false: contains(github.ref, 'refs/tags/a-tag-with-a-long-name)') && contains(github.ref, 'refs/tags/another')
    ⊘ rescue  skipped: its `if` is false: failure()
    ");
}

#[test]
fn a_failure_ends_the_other_legs_unless_it_is_told_not_to() {
    let workflow = |fail_fast: &str| {
        format!(
            r#"
on: push
jobs:
  legs:
    runs-on: ubuntu-latest
    strategy:
      fail-fast: {fail_fast}
      max-parallel: 1
      matrix:
        n: [1, 2, 3]
    steps:
      - run: "[ ${{{{ matrix.n }}}} != 1 ]"
"#
        )
    };
    let table = |fail_fast| {
        let ran = Project::with(&workflow(fail_fast)).run(&["-q"]);
        assert_eq!(ran.code, Some(1));
        ran.stdout.split("\n\n").nth(2).unwrap_or(&ran.stdout).to_owned()
    };
    assert_snapshot!(table("true"), @"
    ✗ legs (1)  failure  <time>  Run [ 1 != 1 ]
    ⊘ legs (2)  cancelled  another job of its matrix failed
    ⊘ legs (3)  cancelled  another job of its matrix failed
    ");
    assert_snapshot!(table("false"), @"
    ✗ legs (1)  failure  <time>  Run [ 1 != 1 ]
    ✓ legs (2)  success  <time>
    ✓ legs (3)  success  <time>
    ");
}

#[test]
fn a_failure_ends_legs_that_run() {
    let project = Project::with(
        r#"
on: push
jobs:
  legs:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        does: [fail, wait]
    steps:
      - if: matrix.does == 'wait'
        run: touch "$HOME/waits"; sleep 100
      - if: matrix.does == 'fail'
        run: |
          while [ ! -e "$HOME/waits" ]; do sleep 0.05; done
          rm "$HOME/waits"
          exit 1
"#,
    );
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.lines_with("legs (fail)  failure").len(), 1, "{ran}");
    assert_eq!(ran.lines_with("legs (wait)  cancelled").len(), 1, "{ran}");
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn no_more_legs_run_at_once_than_max_parallel_says() {
    let project = Project::with(
        r#"
on: push
jobs:
  legs:
    runs-on: ubuntu-latest
    strategy:
      max-parallel: 2
      matrix:
        n: [1, 2, 3, 4, 5, 6]
    steps:
      - run: |
          mkdir "$HOME/running-${{ matrix.n }}"
          sleep 0.1
          echo "at once: $(ls "$HOME" | grep -c running)"
          rmdir "$HOME/running-${{ matrix.n }}"
"#,
    );
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let counts = ran.lines_with("  at once:");
    assert_eq!(counts.len(), 6, "{ran}");
    assert!(counts.iter().all(|line| line.ends_with(": 1") || line.ends_with(": 2")), "{ran}");
}

/// The program's one thread waits for short steps: those of one job must not keep another from its beginning.
#[test]
fn jobs_of_short_steps_run_side_by_side() {
    let job = |name: &str| {
        format!("  {name}:\n    runs-on: ubuntu-latest\n    steps:\n{}", "      - run: ':'\n".repeat(20))
    };
    let project = Project::with(&format!("on: push\njobs:\n{}{}", job("one"), job("other")));
    let ran = project.run(&["--json"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let events = ran.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut until_an_end = events.take_while(|event| event["type"] != "job-finished");
    let steps: Vec<_> = until_an_end.by_ref().filter(|event| event["type"] == "step-started").collect();
    let begun = |job: &str| steps.iter().filter(|step| step["job"] == job).count();
    assert!(begun("one") >= 5 && begun("other") >= 5, "{} and {}", begun("one"), begun("other"));
}

#[test]
fn a_job_that_may_fail_keeps_the_run_green() {
    let project = Project::with(
        r#"
on: push
jobs:
  flaky:
    runs-on: ubuntu-latest
    continue-on-error: true
    steps:
      - run: exit 1
  after:
    needs: flaky
    runs-on: ubuntu-latest
    steps:
      - run: echo "flaky was ${{ needs.flaky.result }}"
"#,
    );
    assert_snapshot!(project.run(&[]), @r#"
    exit 0
    .github/workflows/ci.yml
    push main <commit>, .github/workflows/ci.yml #1, run <run>
    runs-on ubuntu-latest: runs `ubuntu-latest` as processes on this machine
    ▶ flaky on act-host
    ▸ Run exit 1
      error: Process completed with exit code 1.
    ✗ Run exit 1 (failed after <time>)
    [after] ▶ on act-host
    [after] ▸ Run echo "flaky was success"
    [after]   flaky was success
    [after] ✓ Run echo "flaky was success" (<time>)
    [after] ✓ job succeeded in <time>

    ✗ flaky / Run exit 1 failed, its last lines:
        error: Process completed with exit code 1.

      ✗ flaky  failure  <time>  Run exit 1
      ✓ after  success  <time>

    ✓ .github/workflows/ci.yml succeeded in <time>
      full log: act-host runs logs <run>
    "#);
}

#[test]
fn a_job_that_takes_too_long_is_stopped() {
    let project = Project::with(
        r#"
on: push
jobs:
  slow:
    runs-on: ubuntu-latest
    timeout-minutes: 0.01
    steps:
      - run: sleep 100
      - if: always()
        run: echo cleaned
      - run: echo not reached
"#,
    );
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    // On a busy machine the time may be up before the first step begins: how far it came is not asserted.
    let limit =
        "error: The job running on runner act-host has exceeded the maximum execution time of 0.01 minutes.";
    assert_eq!(ran.lines_with(limit), [limit], "{ran}");
    assert_eq!(ran.lines_with("  cleaned"), ["  cleaned"], "{ran}");
    assert_eq!(ran.lines_with("  not reached"), [""; 0], "{ran}");
    let (_, end) = ran.stdout.split_once("\n\n").unwrap();
    assert_snapshot!(end.trim_start(), @"
    ⊘ slow  cancelled  <time>  The job running on runner act-host has exceeded the maximum execution time of 0.01 minutes.

    ⊘ .github/workflows/ci.yml was cancelled in <time>
      full log: act-host runs logs <run>
    ");
    let shown = project.act(["runs", "show"]);
    assert_snapshot!(shown.lines_with("time of").join("\n"), @"
    ⊘ slow  cancelled in <time>: The job running on runner act-host has exceeded the maximum execution time of 0.01 minutes.
    [slow] error: The job running on runner act-host has exceeded the maximum execution time of 0.01 minutes.
    ");
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn a_step_leaves_no_process_behind() {
    let project = Project::with(
        r#"
on: push
jobs:
  daemons:
    runs-on: ubuntu-latest
    steps:
      - run: |
          sleep 1000 &
          setsid sleep 1001 > /dev/null 2>&1 < /dev/null &
          (setsid nohup env -i sleep 1002 > /dev/null 2>&1 &)
          echo started
      - run: pgrep -c sleep > /dev/null && echo they live until the job ends
"#,
    );
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn a_run_is_named_as_run_name_says() {
    let project = Project::with(
        r#"
name: Deploy
run-name: Deploy ${{ github.ref_name }} to ${{ inputs.where }}
on:
  workflow_dispatch:
    inputs:
      where: {type: string, default: nowhere}
jobs:
  one:
    runs-on: ubuntu-latest
    steps: [{run: "true"}]
"#,
    );
    let ran = project.run(&["--input", "where=the moon"]);
    assert_eq!(ran.stdout.lines().next(), Some("Deploy: Deploy main to the moon"), "{ran}");
}
