//! Cancellation and kill in the middle of a job.

use act_core::Conclusion;
use act_core::control::CancelStage;
use act_tests::control::{Endless, MemoryControl};
use act_tests::job::of_steps;

use super::everywhere;

const STEPS: &str = "
- run: echo ready; exec sleep 60
- run: echo not run
- run: echo ${{ job.status }}
  if: always()
- run: exit 1
  if: cancelled()
- run: echo failed
  if: failure()
- run: echo end ${{ job.status }}
  if: always()
";

#[tokio::test]
async fn a_cancelled_job_still_runs_what_always_runs() {
    let control = || MemoryControl::default().cancel_at("ready", CancelStage::Cancel);
    everywhere(&of_steps(STEPS), control, |told| {
        let ends = [
            "0-main cancelled",
            "1-main skipped",
            "2-main success",
            "3-main failure",
            "4-main skipped",
            "5-main success",
        ];
        assert_eq!(told.story.ends(), ends);
        assert_eq!(told.story.step("0-main").lines, ["ready", "##[error]The operation was canceled."]);
        assert_eq!(told.story.step("2-main").lines, ["cancelled"]);
        assert_eq!(told.story.step("5-main").lines, ["end cancelled"]);
        assert_eq!(told.result.conclusion, Conclusion::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn a_step_that_always_runs_is_not_stopped_by_a_cancellation() {
    let yaml = "
- run: echo ready; sleep 0.5; echo done
  if: always()
- run: echo not run
";
    let control = || MemoryControl::default().cancel_at("ready", CancelStage::Cancel);
    everywhere(&of_steps(yaml), control, |told| {
        assert_eq!(told.story.step("0-main").lines, ["ready", "done"]);
        assert_eq!(told.story.ends(), ["0-main success", "1-main skipped"]);
        assert_eq!(told.result.conclusion, Conclusion::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn a_kill_ends_the_step_at_once_and_starts_nothing_more() {
    let yaml = "
- run: trap '' INT TERM; echo ready; sleep 60; echo late
  if: always()
- run: echo never
  if: always()
";
    let control = || MemoryControl::default().cancel_at("ready", CancelStage::Kill);
    everywhere(&of_steps(yaml), control, |told| {
        assert_eq!(told.story.ends(), ["0-main cancelled"]);
        assert_eq!(told.result.conclusion, Conclusion::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn a_cancellation_inside_a_composite_action_skips_its_rest() {
    let action = "
runs:
  using: composite
  steps:
    - run: echo ready; exec sleep 60
      shell: bash
    - run: echo not run
      shell: bash
    - run: echo inner ${{ github.action_status }} ${{ job.status }}
      if: always()
      shell: bash
    - run: echo inner cancelled
      if: cancelled()
      shell: bash
";
    let control = || {
        MemoryControl::default()
            .repository(&[("act/action.yml", action)])
            .cancel_at("ready", CancelStage::Cancel)
    };
    let spec = of_steps(
        "- uses: actions/checkout@v4\n- uses: ./act\n- run: echo no\n- run: echo yes\n  if: always()",
    );
    everywhere(&spec, control, |told| {
        let ends = [
            "0-main success",
            "1-main cancelled",
            "1.0-main cancelled",
            "1.1-main skipped",
            "1.2-main success",
            "1.3-main success",
            "2-main skipped",
            "3-main success",
        ];
        assert_eq!(told.story.ends(), ends);
        assert_eq!(told.story.step("1.2-main").lines, ["inner cancelled cancelled"]);
        assert_eq!(told.result.conclusion, Conclusion::Cancelled);
    })
    .await;
}

const CHECKOUT: &str = "
- uses: actions/checkout@v4
- run: echo not run
- run: echo always
  if: always()
";

#[tokio::test]
async fn a_checkout_is_stopped_by_a_cancellation() {
    let control = || MemoryControl::default().cancel_in(Endless::Checkout, CancelStage::Cancel);
    everywhere(&of_steps(CHECKOUT), control, |told| {
        assert_eq!(told.story.ends(), ["0-main cancelled", "1-main skipped", "2-main success"]);
        assert_eq!(told.story.step("0-main").lines, ["##[error]The operation was canceled."]);
        assert_eq!(told.result.conclusion, Conclusion::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn a_checkout_that_always_runs_is_stopped_by_a_kill() {
    let yaml = "
- uses: actions/checkout@v4
  if: always() && hashFiles('none') == ''
- run: echo never
  if: always()
";
    let control = || MemoryControl::default().cancel_in(Endless::Checkout, CancelStage::Kill);
    everywhere(&of_steps(yaml), control, |told| {
        assert_eq!(told.story.ends(), ["0-main cancelled"]);
        assert_eq!(told.result.conclusion, Conclusion::Cancelled);
    })
    .await;
}

/// Cancels while `far/slow@v1` is fetched, which never ends.
fn slow(files: &[(&str, &str)], stage: CancelStage) -> MemoryControl {
    let fetch = Endless::Fetch("far/slow@v1".to_owned());
    MemoryControl::default().repository(files).cancel_in(fetch, stage)
}

/// As GitHub's runner: no step runs, not even what always runs.
#[tokio::test]
async fn a_job_that_is_cancelled_while_its_actions_are_fetched_runs_no_step() {
    let yaml = "
- run: echo never
- uses: far/slow@v1
- run: echo never
  if: always()
";
    let control = || slow(&[], CancelStage::Cancel);
    everywhere(&of_steps(yaml), control, |told| {
        assert_eq!(told.story.ends(), [""; 0]);
        let lines = &told.story.step("-pre").lines;
        assert_eq!(lines.last().unwrap(), "##[error]The operation was canceled.", "{lines:?}");
        assert_eq!(told.result.conclusion, Conclusion::Cancelled);
    })
    .await;
}

const USES_SLOW: &str = "runs: {using: composite, steps: [{uses: far/slow@v1}]}";

#[tokio::test]
async fn a_local_action_is_stopped_while_what_it_uses_is_fetched() {
    let yaml = "
- uses: actions/checkout@v4
- uses: ./act
- run: echo not run
- run: echo always
  if: always()
";
    let control = || slow(&[("act/action.yml", USES_SLOW)], CancelStage::Cancel);
    everywhere(&of_steps(yaml), control, |told| {
        let ends = ["0-main success", "1-main cancelled", "2-main skipped", "3-main success"];
        assert_eq!(told.story.ends(), ends);
        assert_eq!(told.story.step("1-main").lines, ["##[error]The operation was canceled."]);
        assert_eq!(told.result.conclusion, Conclusion::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn a_local_action_that_always_runs_is_stopped_by_a_kill_while_what_it_uses_is_fetched() {
    let yaml = "
- uses: actions/checkout@v4
- uses: ./act
  if: always()
- run: echo never
  if: always()
";
    let control = || slow(&[("act/action.yml", USES_SLOW)], CancelStage::Kill);
    everywhere(&of_steps(yaml), control, |told| {
        assert_eq!(told.story.ends(), ["0-main success", "1-main cancelled"]);
        assert_eq!(told.result.conclusion, Conclusion::Cancelled);
    })
    .await;
}
