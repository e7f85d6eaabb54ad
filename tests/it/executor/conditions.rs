//! Conditions, outcomes and conclusions.

use act_core::Conclusion;
use act_tests::control::MemoryControl;
use act_tests::job::of_workflow;

use super::{everywhere, outputs, steps};

#[tokio::test]
async fn a_failure_skips_what_does_not_ask_for_it() {
    let yaml = "
- run: exit 1
  continue-on-error: true
  id: forgiven
- run: echo ${{ job.status }}
- run: exit 2
- run: echo not run
- run: echo ${{ job.status }}
  if: failure()
- run: echo always
  if: always()
- run: echo cancelled
  if: cancelled()
- run: echo well
  if: ${{ !cancelled() && steps.forgiven.outcome == 'failure' && steps.forgiven.conclusion == 'success' }}
";
    steps(yaml, |told| {
        let ends = [
            "0-main failure/success",
            "1-main success",
            "2-main failure",
            "3-main skipped",
            "4-main success",
            "5-main success",
            "6-main skipped",
            "7-main success",
        ];
        assert_eq!(told.story.ends(), ends);
        assert_eq!(told.story.step("1-main").lines, ["success"]);
        assert_eq!(told.story.step("4-main").lines, ["failure"]);
        assert_eq!(told.story.step("7-main").lines, ["well"]);
        assert_eq!(told.result.conclusion, Conclusion::Failure);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_evaluated_fails_the_step_unforgiven() {
    let yaml = "
- run: echo condition
  if: fromJSON('nonsense')
  continue-on-error: true
- run: echo env
  if: always()
  continue-on-error: true
  env:
    A: ${{ fromJSON('nonsense') }}
- run: echo ${{ fromJSON('nonsense') }}
  if: always()
  continue-on-error: true
- run: exit 1
  if: always()
  continue-on-error: ${{ fromJSON('nonsense') }}
";
    steps(yaml, |told| {
        let ends = ["0-main failure", "1-main failure", "2-main failure/success", "3-main failure"];
        assert_eq!(told.story.ends(), ends);
        let log = told.story.step("3-main").log();
        assert!(log.contains("an error occurred when attempting to determine whether to continue on error"));
        assert_eq!(told.result.conclusion, Conclusion::Failure);
    })
    .await;
}

#[tokio::test]
async fn a_broken_job_environment_fails_the_job_before_its_steps() {
    let yaml = "
jobs:
  build:
    runs-on: x
    env:
      A: ${{ fromJSON('nonsense') }}
    outputs:
      status: ${{ job.status }}
    steps:
      - run: echo never
        if: always()
";
    everywhere(&of_workflow(yaml), MemoryControl::default, |told| {
        assert_eq!(told.result.conclusion, Conclusion::Failure);
        assert!(told.story.ends().is_empty(), "{:?}", told.story.ends());
        assert!(told.story.step("-pre").log().contains("##[error]"), "{told:?}");
        assert_eq!(outputs(told, &["status"]), ["failure"]);
    })
    .await;
}

#[tokio::test]
async fn files_are_hashed_when_the_expression_is_evaluated() {
    let yaml = "
- run: echo \"${{ hashFiles('*.lock') }}|\"; echo one > a.lock
- run: echo \"${{ hashFiles('*.lock') }}\"; printf 'one\\n' | sha256sum | cut -c1-64 | xxd -r -p | sha256sum | cut -c1-64
- run: echo ${{ hashFiles('--bad', 'x') }}
- run: echo yes
  if: failure() && hashFiles('a.lock') != ''
";
    steps(yaml, |told| {
        assert_eq!(told.story.step("0-main").lines, ["|"]);
        let lines = &told.story.step("1-main").lines;
        assert_eq!(lines[0].len(), 64);
        assert!(lines.get(1).is_none_or(|own| own.is_empty() || *own == lines[0]), "{lines:?}");
        assert!(told.story.step("2-main").log().contains("Invalid glob option --bad"));
        assert_eq!(told.story.step("3-main").lines, ["yes"]);
    })
    .await;
}
