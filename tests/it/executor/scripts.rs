//! `run` steps: shells, folders, variables, output of all kinds.

use act_core::Conclusion;
use act_core::event::{Level, StepWhat};
use act_tests::control::MemoryControl;
use act_tests::job::{of_steps, of_workflow};

use super::{everywhere, steps};

#[tokio::test]
async fn scripts_run_in_their_shell_and_say_which() {
    let yaml = "
- run: echo default $0 | sed 's/ .*//'; echo \"$-\" | grep -c e
- run: 'false | true; echo not reached'
  shell: bash
- run: echo sh
  shell: sh
  if: always()
- run: |
    import sys
    print('python', len(sys.argv))
  shell: python
  if: always()
- run: 'print(\"custom\"); import sys; print(sys.argv[1])'
  shell: python3 {0} extra
  if: always()
";
    steps(yaml, |told| {
        let story = &told.story;
        assert_eq!(story.step("0-main").lines, ["default", "1"]);
        assert_eq!(story.step("1-main").lines, ["##[error]Process completed with exit code 1."]);
        assert_eq!(story.step("2-main").lines, ["sh"]);
        assert_eq!(story.step("3-main").lines, ["python 1"]);
        assert_eq!(story.step("4-main").lines, ["custom", "extra"]);
        let StepWhat::Run { shell, .. } = &story.step("1-main").started.as_ref().unwrap().what else {
            panic!("a script was expected");
        };
        assert!(shell.ends_with("bash --noprofile --norc -e -o pipefail {0}"), "{shell}");
        assert_eq!(told.result.conclusion, Conclusion::Failure);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_shell_or_folder_fails_the_step_with_a_reason() {
    let yaml = "
- run: echo
  shell: bash -x
- run: echo
  shell: no-such-shell {0}
  if: always()
- run: echo
  working-directory: no/such/folder
  if: always()
";
    steps(yaml, |told| {
        let story = &told.story;
        assert!(story.step("0-main").log().contains("##[error]Invalid shell option. Shell must be"));
        assert_eq!(story.step("1-main").lines, ["##[error]no-such-shell: command not found"]);
        let log = story.step("2-main").log();
        assert!(log.starts_with("##[error]") && log.contains("no/such/folder"), "{log}");
        assert_eq!(story.ends(), ["0-main failure", "1-main failure", "2-main failure"]);
        assert!(story.steps.iter().flat_map(|step| &step.messages).all(|found| found.level == Level::Error));
    })
    .await;
}

#[tokio::test]
async fn defaults_hold_where_the_step_says_nothing() {
    let yaml = "
defaults:
  run:
    shell: sh
jobs:
  build:
    runs-on: x
    defaults:
      run:
        working-directory: sub
    steps:
      - run: mkdir -p sub/deep other; pwd
        working-directory: .
      - run: basename \"$PWD\"; case $0 in *.sh) echo script;; esac
      - run: basename \"$PWD\"
        working-directory: other
      - run: basename \"$PWD\"
        working-directory: ${{ github.workspace }}/sub/deep
      - run: echo ${BASH_VERSION:+bash}
        shell: bash
";
    everywhere(&of_workflow(yaml), MemoryControl::default, |told| {
        let story = &told.story;
        assert_eq!(story.step("0-main").lines, ["<Workspace>"]);
        assert_eq!(story.step("1-main").lines, ["sub", "script"]);
        assert_eq!(story.step("2-main").lines, ["other"]);
        assert_eq!(story.step("3-main").lines, ["deep"]);
        assert_eq!(story.step("4-main").lines, ["bash"]);
        assert_eq!(told.result.conclusion, Conclusion::Success);
    })
    .await;
}

#[tokio::test]
async fn variables_come_from_workflow_job_and_step_in_this_order() {
    let yaml = "
env:
  A: workflow
  B: workflow
  C: workflow
jobs:
  build:
    runs-on: x
    env:
      B: job
      C: job ${{ vars.COLOUR }}
    steps:
      - run: echo \"$A $B $C $INHERITED $CI $GITHUB_ACTIONS ${GITHUB_TOKEN-none}\"; echo C=later >> \"$GITHUB_ENV\"
        env:
          B: step
          CI: 'no'
      - run: echo \"$A $B $C ${{ env.C }} $CI $GITHUB_ACTION $RUNNER_OS\"
        env:
          A: ${{ env.C }} and ${{ vars.COLOUR }}
      - run: echo $GITHUB_REPOSITORY $GITHUB_WORKSPACE $RUNNER_TEMP $GITHUB_REF_PROTECTED $GITHUB_JOB; cat \"$GITHUB_EVENT_PATH\"
        env:
          GITHUB_REPOSITORY: no
";
    everywhere(&of_workflow(yaml), MemoryControl::default, |told| {
        let story = &told.story;
        assert_eq!(story.step("0-main").lines, ["workflow step job green yes no true none"]);
        assert_eq!(story.step("1-main").lines, ["later and green job later later true __run_2 Linux"]);
        let lines = &story.step("2-main").lines;
        assert_eq!(lines[0], "octo/hello <Workspace> <Temp> false build");
        assert_eq!(lines[1..].concat().replace([' ', '\n'], ""), r#"{"after":"1234"}"#);
        let env = &story.step("1-main").started.as_ref().unwrap().env;
        assert_eq!(env["A"], "later and green");
    })
    .await;
}

#[tokio::test]
async fn where_case_does_not_count_two_spellings_are_one_variable() {
    let yaml = "
- run: echo colour=green >> \"$GITHUB_ENV\"
  env: {COLOUR: red}
- run: echo \"$COLOUR\" \"${colour-unset}\" \"${{ env.COLOUR }}\"
  env: {COLOUR: '${{ env.Colour }}!'}
";
    let spec = of_steps(yaml);
    for (far, expected) in [(false, "! green !"), (true, "unset green!")] {
        let place =
            if far { act_tests::place::Place::far(3).await } else { act_tests::place::Place::local().await };
        let told = act_tests::resume::run(&spec, &place, &MemoryControl::default()).await;
        let line = told.story.step("1-main").log();
        // Linux processes tell spellings apart even there; what counts is that there is but one of them.
        if far {
            assert_eq!(line.split_whitespace().last(), Some("green!"), "{line}");
            assert_eq!(line.matches("green!").count(), 2, "{line}");
        } else {
            assert_eq!(line, expected);
        }
        place.release().await;
    }
}

#[tokio::test]
async fn output_of_all_kinds_becomes_lines() {
    let yaml = r"
- run: |
    printf 'crlf\r\nbare\rcr\n\nno end'
- run: printf 'a\xffb\xe2\x82\n'
- run: head -c 200000 /dev/zero | tr '\0' x; echo; echo after
- run: echo out; echo err >&2
- run: exit 77
  continue-on-error: true
- run: (sleep 30; echo late) & echo started
- run: cat; echo stdin is closed
";
    steps(yaml, |told| {
        let story = &told.story;
        assert_eq!(story.step("0-main").lines, ["crlf", "bare\rcr", "", "no end"]);
        assert_eq!(story.step("1-main").lines, ["a\u{fffd}b\u{fffd}"]);
        let long = &story.step("2-main").lines;
        assert_eq!((long[0].len(), long[0].trim_matches('x'), long[1].as_str()), (200_000, "", "after"));
        let mut both = story.step("3-main").lines.clone();
        both.sort();
        assert_eq!(both, ["err", "out"]);
        assert_eq!(story.step("4-main").lines, ["##[error]Process completed with exit code 77."]);
        assert_eq!(story.step("5-main").lines, ["started"]);
        assert_eq!(story.step("6-main").lines, ["stdin is closed"]);
    })
    .await;
}

#[tokio::test]
async fn steps_are_named_by_what_they_do() {
    let yaml = "
- run: echo ${{ github.actor }}
- run: |

    echo second
    echo third
- name: Hello ${{ vars.COLOUR }}
  run: exit 0
- name: Broken ${{ fromJSON('x') }}
  run: exit 0
- name: Skipped ${{ vars.COLOUR }}
  if: false
  run: exit 0
";
    steps(yaml, |told| {
        let names: Vec<_> =
            told.story.steps.iter().filter(|step| step.end.is_some()).map(|step| step.name()).collect();
        let broken = "Broken ${{ fromJSON('x') }}";
        assert_eq!(names, ["Run echo mona", "Run echo second", "Hello green", broken, "Skipped green"]);
    })
    .await;
}
