//! The files through which steps speak: variables, folders, outputs, state, summaries.

use act_core::Conclusion;
use act_tests::control::MemoryControl;
use act_tests::job::of_workflow;

use super::{everywhere, outputs, steps};

#[tokio::test]
async fn variables_and_folders_hold_for_later_steps() {
    let yaml = "
- run: |
    echo A=1 >> \"$GITHUB_ENV\"
    printf 'B<<EOF\\nline 1\\n\\nline 2\\nEOF\\n' >> \"$GITHUB_ENV\"
    echo NODE_OPTIONS=--inspect >> \"$GITHUB_ENV\"
    echo GITHUB_SHA=fake >> \"$GITHUB_ENV\"
    echo \"now: ${A-unset}\"
    printf '/one\\n\\n/two\\n' >> \"$GITHUB_PATH\"
- run: |
    echo \"$A|$B|${GITHUB_SHA:0:4}\"
    echo ${PATH%%:/usr*} | cut -d: -f1-2
    echo /one >> \"$GITHUB_PATH\"
- run: |
    echo $PATH | cut -d: -f1-2; ls \"$(dirname \"$GITHUB_ENV\")\" | wc -l
";
    steps(yaml, |told| {
        let story = &told.story;
        let first = story.step("0-main").log();
        assert!(first.contains("now: unset"));
        assert!(
            first.contains("##[error]Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command."),
            "{first}"
        );
        assert_eq!(story.step("1-main").lines, ["1|line 1", "", "line 2|1234", "/two:/one"]);
        assert_eq!(story.step("2-main").lines, ["/one:/two", "5"]);
    })
    .await;
}

#[tokio::test]
async fn outputs_are_seen_by_later_steps_and_by_the_job() {
    let yaml = "
jobs:
  build:
    runs-on: x
    outputs:
      plain: ${{ steps.a.outputs.plain }}
      json: ${{ toJSON(steps.a.outputs) }}
      empty: ${{ steps.none.outputs.x }}
      secret: is ${{ steps.a.outputs.secret }}
      failed: ${{ steps.b.outputs.kept }}
    steps:
      - id: a
        run: |
          echo plain=old >> \"$GITHUB_OUTPUT\"
          echo PLAIN=new >> \"$GITHUB_OUTPUT\"
          echo secret=hush-hush >> \"$GITHUB_OUTPUT\"
          echo '::add-mask::hush-hush'
      - id: b
        run: echo kept=yes >> \"$GITHUB_OUTPUT\"; exit 1
        continue-on-error: true
      - run: echo ${{ steps.a.outputs.plain }} ${{ steps.b.outcome }} ${{ steps.b.conclusion }}
";
    everywhere(&of_workflow(yaml), MemoryControl::default, |told| {
        assert_eq!(told.story.step("2-main").lines, ["new failure success"]);
        assert_eq!(outputs(told, &["plain", "failed"]), ["new", "yes"]);
        assert_eq!(told.result.outputs.keys().collect::<Vec<_>>(), ["plain", "failed"]);
        let log = told.story.step("-post").log();
        assert!(log.contains("##[warning]Skip output 'secret' since it may contain secret."), "{log}");
        assert_eq!(told.result.conclusion, Conclusion::Success);
    })
    .await;
}

#[tokio::test]
async fn a_file_of_the_wrong_form_fails_its_step() {
    let yaml = "
- run: echo nonsense >> \"$GITHUB_OUTPUT\"
- run: printf 'A<<EOF\\nx\\n' >> \"$GITHUB_ENV\"
  if: always()
- run: exit 3
  if: always()
";
    steps(yaml, |told| {
        let log = |step| told.story.step(step).log();
        let wrong = "##[error]Unable to process file command 'output' successfully.";
        assert_eq!(log("0-main"), format!("{wrong}\n##[error]Invalid format 'nonsense'"));
        assert!(log("1-main").contains("Invalid value. Matching delimiter not found 'EOF'"));
        assert_eq!(told.story.ends(), ["0-main failure", "1-main failure", "2-main failure"]);
    })
    .await;
}

#[tokio::test]
async fn summaries_are_masked_and_limited() {
    let yaml = "
- run: |
    echo '# Title' >> \"$GITHUB_STEP_SUMMARY\"
    echo 'the word is hunter2' >> \"$GITHUB_STEP_SUMMARY\"
    echo '::add-mask::hunter2'
- run: head -c 1100000 /dev/zero | tr '\\0' s > \"$GITHUB_STEP_SUMMARY\"
";
    steps(yaml, |told| {
        let first = told.story.step("0-main");
        assert_eq!(first.summaries.concat().trim_end(), "# Title\nthe word is ***");
        let second = told.story.step("1-main");
        assert!(second.log().contains("$GITHUB_STEP_SUMMARY upload aborted"), "{}", second.log());
        assert!(second.summaries.is_empty());
    })
    .await;
}
