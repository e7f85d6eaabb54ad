use act_core::Conclusion::{Failure, Success};
use insta::assert_snapshot;

use super::*;
use crate::tests::stream::{Stream, failure, place, step, success, text, trouble};
use crate::tests::{Page, alone};

pub(crate) const PLAIN: View = View { color: false, live: None, volume: Volume::Normal, fold_groups: false };

fn shown(view: View, events: &[Envelope]) -> String {
    let page = Page::default();
    let mut terminal = Terminal::new(alone(page.clone()), view);
    for event in events {
        terminal.event(event).unwrap();
        page.assert_whole_lines();
    }
    drop(terminal);
    page.text()
}

#[test]
fn a_run_of_one_job_that_succeeds() {
    assert_snapshot!(shown(PLAIN, &success()), @r#"
    CI: Fix the parser
    push main 0123456, .github/workflows/ci.yml #12, run 01M3250V000000000000000007
    runs-on ubuntu-latest: this machine
    ▶ build on laptop
    ✓ Run actions/checkout@v4 (1.2s)
    ▸ Test
      ▸ Compile
           Compiling act v0.1.0
            Finished in 3 s
      /usr/bin/git version
      100% größer 日本
      token is *** and moves nothing
    ✓ Test (1m 05s)
    ⊘ Deploy (skipped)
    ▸ Post Run actions/checkout@v4
      cleaned
    ✓ Post Run actions/checkout@v4 (0.0s)

    summary of Test
      ### Tests

      - 12 passed

      ✓ build  success    1m 07s

    ✓ CI succeeded in 1m 08s
      full log: act-host runs logs 01M3250V000000000000000007
    "#);
}

#[test]
fn folded_groups_show_their_titles_alone() {
    assert_snapshot!(shown(View { fold_groups: true, ..PLAIN }, &success()[9..11]), @r#"
    ▸ step 1-main
      ▸ Compile (2 lines)
      /usr/bin/git version
      100% größer 日本
      token is *** and moves nothing
    "#);
}

#[test]
fn a_quiet_run_shows_how_steps_end() {
    assert_snapshot!(shown(View { volume: Volume::Quiet, ..PLAIN }, &success()), @r#"
    CI: Fix the parser
    push main 0123456, .github/workflows/ci.yml #12, run 01M3250V000000000000000007
    runs-on ubuntu-latest: this machine
    ▶ build on laptop
    ✓ Run actions/checkout@v4 (1.2s)
    ✓ Test (1m 05s)
    ⊘ Deploy (skipped)
    ✓ Post Run actions/checkout@v4 (0.0s)

    summary of Test
      ### Tests

      - 12 passed

      ✓ build  success    1m 07s

    ✓ CI succeeded in 1m 08s
      full log: act-host runs logs 01M3250V000000000000000007
    "#);
}

#[test]
fn a_verbose_run_shows_what_steps_are_given() {
    assert_snapshot!(shown(View { volume: Volume::Verbose, ..PLAIN }, &success()), @r#"
    CI: Fix the parser
    push main 0123456, .github/workflows/ci.yml #12, run 01M3250V000000000000000007
    runs-on ubuntu-latest: this machine (built-in)
    ▶ build on laptop
    Current runner version: '0.1.0'
      actions/checkout@v4 is commit 1111111111111111111111111111111111111111
    ▸ Run actions/checkout@v4
        actions/checkout@v4
        with fetch-depth: 1
        with ref: 
        env CI_LEVEL: two lines
    ✓ Run actions/checkout@v4 (1.2s)
    ▸ Test
        cargo test
        exit 0
        shell: /usr/bin/bash -e {0}
        env CI_LEVEL: two lines
      ▸ Compile
           Compiling act v0.1.0
            Finished in 3 s
      debug: ##evaluating
      /usr/bin/git version
      100% größer 日本
      token is *** and moves nothing
    ✓ Test (1m 05s)
    ▸ Deploy
        false
        shell: /usr/bin/bash -e {0}
        env CI_LEVEL: two lines
    ⊘ Deploy (skipped)
    ▸ Post Run actions/checkout@v4
        actions/checkout@v4
        with fetch-depth: 1
        with ref: 
        env CI_LEVEL: two lines
      cleaned
    ✓ Post Run actions/checkout@v4 (0.0s)

    summary of Test
      ### Tests

      - 12 passed

      ✓ build  success    1m 07s

    ✓ CI succeeded in 1m 08s
      full log: act-host runs logs 01M3250V000000000000000007
    "#);
}

#[test]
fn a_matrix_of_which_a_leg_fails() {
    assert_snapshot!(shown(PLAIN, &failure()), @"
    CI: Fix the parser
    push main 0123456, .github/workflows/ci.yml #12, run 01M3250V000000000000000007
    [test (linux, 18)] waiting: max-parallel is 1
    [test (linux, 18)] ▶ on laptop
    [test (linux, 18)] ▸ Check
    [test (linux, 18)]   ▸ Lint
    [test (linux, 18)]     warning: unused variable `x`
    [test (linux, 18)]     linted
    [test (linux, 18)]     at src/main.rs:3:5
    [test (linux, 18)]   ✓ Lint (0.3s)
    [test (linux, 20)] waiting: max-parallel is 1
    [test (linux, 20)] ▶ on laptop
    [test (linux, 20)] ▸ Check
    [test (linux, 20)]   ▸ Lint
    [test (linux, 20)]     warning: unused variable `x`
    [test (linux, 20)]     linted
    [test (linux, 20)]     at src/main.rs:3:5
    [test (linux, 20)]   ✓ Lint (0.3s)
    [test (linux, 20)]   ▸ Unit tests
    [test (linux, 20)]     test number 1
    [test (linux, 20)]     test number 2
    [test (linux, 20)]     test number 3
    [test (linux, 20)]     test number 4
    [test (linux, 20)]     test number 5
    [test (linux, 20)]     test number 6
    [test (linux, 20)]     test number 7
    [test (linux, 20)]     test number 8
    [test (linux, 20)]     test number 9
    [test (linux, 20)]     test number 10
    [test (linux, 20)]     test number 11
    [test (linux, 20)]     test number 12
    [test (linux, 20)]     test number 13
    [test (linux, 20)]     test number 14
    [test (linux, 20)]     test number 15
    [test (linux, 20)]     test number 16
    [test (linux, 20)]     test number 17
    [test (linux, 20)]     test number 18
    [test (linux, 20)]     test number 19
    [test (linux, 20)]     test number 20
    [test (linux, 20)]     test number 21
    [test (linux, 20)]     test number 22
    [test (linux, 20)]     test number 23
    [test (linux, 20)]     test number 24
    [test (linux, 20)]     test number 25
    [test (linux, 20)]     test number 26
    [test (linux, 20)]     test number 27
    [test (linux, 20)]     test number 28
    [test (linux, 20)]     test number 29
    [test (linux, 20)]     test number 30
    [test (linux, 20)]     error: Process completed with exit code 101.
    [test (linux, 20)]   ✗ Unit tests (failed after 2.0s)
    [test (linux, 20)] ✗ Check (failed after 2.4s)
    [test (linux, 20)] ✗ job failed in 2.5s
    [test (linux, 18)] ✓ Check (0.4s)
    [test (linux, 18)] ✓ job succeeded in 0.5s
    [deploy]           ⊘ job was skipped: it needs `test`, which failed

    annotations
      warning: unused variable `x`
        src/main.rs:3:5  test (linux, 18) / Lint
      warning: unused variable `x`
        src/main.rs:3:5  test (linux, 20) / Lint

    ✗ test (linux, 20) / Unit tests failed, its last lines:
        test number 12
        test number 13
        test number 14
        test number 15
        test number 16
        test number 17
        test number 18
        test number 19
        test number 20
        test number 21
        test number 22
        test number 23
        test number 24
        test number 25
        test number 26
        test number 27
        test number 28
        test number 29
        test number 30
        error: Process completed with exit code 101.

      ⊘ deploy            skipped  it needs `test`, which failed
      ✓ test (linux, 18)  success      0.5s
      ✗ test (linux, 20)  failure      2.5s  Unit tests

    ✗ CI failed in 1m 08s
      full log: act-host runs logs 01M3250V000000000000000007
    ");
}

#[test]
fn what_was_lost_and_what_was_cancelled_is_told_apart() {
    assert_snapshot!(shown(PLAIN, &trouble()), @r#"
    CI: Fix the parser
    push main 0123456, .github/workflows/ci.yml #12, run 01M3250V000000000000000007
    notice: the filters would not have run this workflow (.github/workflows/ci.yml:2:1)
      but it was named
    ▶ far away on laptop
    [near]     ▶ on laptop
    [near]     ▸ Try
    [near]       error: Process completed with exit code 1.
    [near]     ! Try (failed after 0.0s, continue-on-error)
    cancelling: interrupted by the user
    [near]     ⊘ Wait (cancelled after 5.0s)
    [near]     ⊘ job was cancelled in 5.1s
    [far away] ! infrastructure failure: the machine was lost: the stream ended

    annotations
      error: Process completed with exit code 1.
        near / Try

      ! far away  lost           3.0s  the machine was lost: the stream ended
      ⊘ near      cancelled      5.1s

    ✗ CI failed (infrastructure) in 1m 08s
      full log: act-host runs logs 01M3250V000000000000000007
    "#);
}

#[test]
fn colours_are_ours_and_the_steps_but_end_with_the_line() {
    assert_snapshot!(shown(View { color: true, ..PLAIN }, &success()[7..14]), @r#"
    ␛[32m✓␛[0m step 0-main␛[2m (1.2s)␛[0m
    ▸ Test
      ␛[36m▸ Compile␛[0m
           Compiling act v0.1.0
        ␛[32m    Finished␛[0m in 3 s␛[0m
      ␛[34m/usr/bin/git version␛[0m
      100% größer 日本
      token is *** and moves nothing
    ␛[32m✓␛[0m Test␛[2m (1m 05s)␛[0m
    ␛[2m⊘␛[0m ␛[2mDeploy␛[0m␛[2m (skipped)␛[0m
    "#);
}

#[test]
fn long_summaries_and_many_annotations_are_cut_with_a_word_on_the_rest() {
    let mut run = Stream::start();
    run.queue("a", "a");
    run.begin("a", "a");
    run.run("a", step(0), "Many", "true");
    let markdown = (1..=50).map(|n| format!("line {n}\n")).collect();
    run.of("a", Event::Summary { step: step(0), markdown });
    for n in 0..25 {
        run.annotate("a", step(0), Level::Notice, "again", place("x", n, 1));
    }
    let report = shown(PLAIN, &run.finish(Success, false));
    assert!(report.contains("  line 20\n  … 30 more lines: act-host runs show"), "{report}");
    assert!(report.contains("  … 5 more\n"), "{report}");
}

#[test]
fn very_long_lines_pass_whole_and_once_more_cut() {
    let mut run = Stream::start();
    run.queue("a", "a");
    run.begin("a", "a");
    run.run("a", step(0), "Long", "true");
    let long = "ü".repeat(32 * 1024);
    run.output("a", step(0), vec![text(&long), LogLine::Marked(Mark::Continued, long.clone())]);
    run.end_step("a", step(0), Failure, 1);
    let report = shown(PLAIN, &run.finish(Failure, false));
    assert_eq!(report.lines().filter(|line| line.trim() == long).count(), 2);
    assert_eq!(report.lines().filter(|line| line.trim() == "ü".repeat(1000)).count(), 2);
}

#[test]
fn steps_that_run_stand_below_the_lines_and_leave_nothing_behind() {
    let view = View { live: Some(40), ..PLAIN };
    let (page, events) = (Page::default(), failure());
    let mut terminal = Terminal::new(alone(page.clone()), view);
    for event in &events[..8] {
        terminal.event(event).unwrap();
    }
    assert_snapshot!(page.text(), @r#"
    CI: Fix the parser
    push main 0123456, .github/workflows/ci.yml #12, run 01M3250V000000000000000007
      2 waiting
    ␍␛[1A␛[J  2 waiting
    ␍␛[1A␛[J[test (linux, 18)] waiting: max-parallel is 1
      2 waiting
    ␍␛[1A␛[J[test (linux, 18)] ▶ on laptop
    ⠼ test (linux,…  between steps 0.0s
      1 waiting
    "#);
    let (seen, writes) = (page.text().len(), page.writes());
    let now = events[7].time;
    terminal.tick(now).unwrap();
    assert_eq!(page.writes(), writes, "nothing is drawn anew at once");
    terminal.tick(now + std::time::Duration::from_secs(61)).unwrap();
    assert_eq!(page.writes(), writes + 1, "one write a drawing");
    assert_snapshot!(page.text()[seen..], @r#"
    ␍␛[2A␛[J⠼ test (linux,…  Check 1m 01s
      1 waiting
    "#);
    let seen = page.text().len();
    drop(terminal);
    assert_snapshot!(page.text()[seen..], @"␍␛[2A␛[J");
}

#[test]
fn a_live_report_ends_as_a_plain_one_does() {
    let page = Page::default();
    let mut terminal = Terminal::new(alone(page.clone()), View { live: Some(80), ..PLAIN });
    for event in failure() {
        terminal.event(&event).unwrap();
    }
    let (live, plain) = (page.text(), shown(PLAIN, &failure()));
    let end = |text: &str| text[text.find("annotations").unwrap()..].to_owned();
    assert_eq!(end(&live), end(&plain));
}

#[test]
fn a_silent_step_is_named_at_the_next_tick() {
    let page = Page::default();
    let mut terminal = Terminal::new(alone(page.clone()), PLAIN);
    let events = success();
    for event in &events[..6] {
        terminal.event(event).unwrap();
    }
    let seen = page.text().len();
    terminal.event(&events[6]).unwrap();
    assert_eq!(page.text().len(), seen);
    for _ in 0..2 {
        terminal.tick(events[6].time).unwrap();
    }
    assert_eq!(page.text()[seen..], *"▸ Run actions/checkout@v4\n");
}
