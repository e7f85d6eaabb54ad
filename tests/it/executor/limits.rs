//! Time limits of steps.

use act_core::Conclusion;
use act_tests::control::MemoryControl;
use act_tests::job::of_steps;
use jiff::SignedDuration;

use super::everywhere;

/// The clock jumps to less than two seconds before the end of the minute.
fn late() -> MemoryControl {
    let almost = SignedDuration::from_millis(58_500);
    MemoryControl::default().repository(&[("act/action.yml", ACTION)]).advance_at("wait for it", almost)
}

const ACTION: &str = "
runs:
  using: composite
  steps:
    - run: echo wait for it
      shell: bash
    - run: echo begins; exec sleep 60
      shell: bash
    - run: echo never
      if: always()
      shell: bash
";

#[tokio::test]
async fn a_composite_action_that_takes_too_long_is_stopped_within() {
    let yaml = "
- uses: actions/checkout@v4
- uses: ./act
  name: Slow
  timeout-minutes: 1
  continue-on-error: true
- run: echo after
";
    everywhere(&of_steps(yaml), late, |told| {
        let story = &told.story;
        assert_eq!(story.step("1.1-main").lines, ["begins", "##[error]The action has timed out."]);
        assert!(!story.has("1.2-main"));
        assert_eq!(story.step("1-main").end, Some((Conclusion::Failure, Conclusion::Success)));
        assert_eq!(story.step("2-main").lines, ["after"]);
        assert_eq!(told.result.conclusion, Conclusion::Success);
    })
    .await;
}

#[tokio::test]
async fn a_step_that_takes_too_long_is_stopped() {
    let yaml = "
- run: sleep 60
  id: slow
  name: Slow
  timeout-minutes: ${{ fromJSON('1.9') }}
- run: echo ${{ steps.slow.outcome }}
  if: failure()
";
    // The clock says that the minute is almost over as soon as the step has begun.
    let host = || late().advance_when_begun("0", SignedDuration::from_millis(58_500));
    everywhere(&of_steps(yaml), host, |told| {
        let slow = told.story.step("0-main");
        assert_eq!(slow.lines, ["##[error]The action 'Slow' has timed out after 1 minutes."]);
        assert_eq!(told.story.ends(), ["0-main failure", "1-main success"]);
        assert_eq!(told.story.step("1-main").lines, ["failure"]);
    })
    .await;
}

#[tokio::test]
async fn a_limit_that_is_no_number_limits_nothing() {
    let yaml = "
- run: echo ran
  timeout-minutes: ${{ fromJSON('nonsense') }}
- run: echo ran, too
  timeout-minutes: ${{ fromJSON('0.4') }}
";
    everywhere(&of_steps(yaml), MemoryControl::default, |told| {
        let log = told.story.step("0-main").log();
        let text = "##[error]An error occurred when attempting to determine the step timeout.";
        assert!(log.contains(text) && log.ends_with("ran"), "{log}");
        assert_eq!(told.story.ends(), ["0-main success", "1-main success"]);
    })
    .await;
}
