//! Actions: composite and JavaScript ones, from the repository and from elsewhere; checkout.

use act_core::Conclusion;
use act_core::event::StepWhat;
use act_tests::control::MemoryControl;
use act_tests::job::{of_steps, of_workflow};

use super::{everywhere, outputs};

const COMPOSITE: &str = r"
name: greet
inputs:
  who-to:
    required: true
  greeting:
    default: Hello from ${{ github.repository }}
  old:
    deprecationMessage: use another
outputs:
  text:
    value: ${{ steps.greet.outputs.text }}
  status:
    value: ${{ steps.fail.outcome }}/${{ steps.fail.conclusion }}
runs:
  using: composite
  steps:
    - id: greet
      run: |
        echo text='${{ inputs.greeting }}, ${{ inputs.who-to }}' >> $GITHUB_OUTPUT
        echo $GITHUB_ACTION ${{ github.action_status }} $OUTER $INNER ${INPUT_GREETING-none}
        basename ${{ github.action_path }}; echo LEFT=behind >> $GITHUB_ENV
      shell: bash
      env:
        INNER: ${{ env.OUTER }}!
    - id: fail
      run: exit ${{ inputs.old || 0 }}
      shell: bash
      continue-on-error: true
    - run: echo inner sees '${{ steps.outer.outputs.x }}' $LEFT
      shell: sh
";

/// Files without blanks in their places: what actions in the wild count on.
fn quoted(text: &str) -> String {
    text.replace(">> $GITHUB_OUTPUT", ">> \"$GITHUB_OUTPUT\"")
        .replace(">> $GITHUB_ENV", ">> \"$GITHUB_ENV\"")
        .replace(">> $GITHUB_STATE", ">> \"$GITHUB_STATE\"")
        .replace("basename ${{ github.action_path }}", "basename \"${{ github.action_path }}\"")
}

fn with_greet() -> MemoryControl {
    MemoryControl::default().repository(&[("greet/action.yml", &quoted(COMPOSITE))])
}

#[tokio::test]
async fn a_local_composite_action_has_its_own_scope() {
    let yaml = "
jobs:
  build:
    runs-on: x
    defaults: {run: {shell: python}}
    outputs:
      text: ${{ steps.it.outputs.text }}
      status: ${{ steps.it.outputs.status }}
      inner: ${{ steps.greet.outputs.text }}
    steps:
      - uses: actions/checkout@v4
      - id: outer
        run: print('')
      - id: it
        uses: ./greet
        env: {OUTER: around}
        with:
          who-to: you
          wrong: 1
          old: 3
";
    everywhere(&of_workflow(yaml), with_greet, |told| {
        assert_eq!(told.result.conclusion, Conclusion::Success, "{:?}", told.story.ends());
        let expected = ["Hello from octo/hello, you", "failure/success", ""];
        assert_eq!(outputs(told, &["text", "status", "inner"]), expected);
        let log = told.story.step("2-main").log();
        assert!(
            log.contains(
                "##[warning]Unexpected input(s) 'wrong', valid inputs are ['who-to', 'greeting', 'old']"
            ),
            "{log}"
        );
        assert!(
            log.contains("##[warning]Input 'old' has been deprecated with message: use another"),
            "{log}"
        );
        assert_eq!(told.story.step("2.0-main").lines, ["it success around around! none", "greet"]);
        assert_eq!(told.story.step("2.1-main").lines, ["##[error]Process completed with exit code 3."]);
        assert_eq!(told.story.step("2.2-main").lines, ["inner sees  behind"]);
        let ends = ["0-main success", "1-main success", "2-main success"];
        let top: Vec<_> = told.story.ends().into_iter().filter(|end| !end.starts_with("2.")).collect();
        assert_eq!(top, ends, "a composite action without posts inside has none");
    })
    .await;
}

#[tokio::test]
async fn a_failed_composite_action_still_sets_its_outputs() {
    let inner = "
outputs:
  kept: {value: '${{ steps.a.outputs.kept }}'}
runs:
  using: composite
  steps:
    - id: a
      run: echo kept=yes >> \"$GITHUB_OUTPUT\"; exit 4
      shell: bash
    - run: echo skipped
      shell: bash
    - run: echo failed here ${{ github.action_status }}
      if: failure()
      shell: bash
    - uses: ./nested
      if: always()
";
    let nested = "
runs:
  using: composite
  steps:
    - run: echo nested ${{ github.action_status }} ${{ job.status }}
      shell: bash
    - run: echo ${{ fromJSON('x') }}
      if: fromJSON('x')
      shell: bash
    - run: echo never
      if: always()
      shell: bash
";
    let yaml = "
jobs:
  build:
    runs-on: x
    outputs: {kept: '${{ steps.it.outputs.kept }}'}
    steps:
      - uses: actions/checkout@v4
      - id: it
        uses: ./inner
      - run: echo ${{ steps.it.outcome }}
        if: failure()
";
    let control = || {
        MemoryControl::default().repository(&[("inner/action.yaml", inner), ("nested/action.yml", nested)])
    };
    everywhere(&of_workflow(yaml), control, |told| {
        let ends = [
            "0-main success",
            "1-main failure",
            "1.0-main failure",
            "1.1-main skipped",
            "1.2-main success",
            "1.3-main failure",
            "1.3.0-main success",
            "1.3.1-main failure",
            "2-main success",
        ];
        assert_eq!(told.story.ends(), ends);
        assert_eq!(told.story.step("1.2-main").lines, ["failed here failure"]);
        assert_eq!(told.story.step("1.3.0-main").lines, ["nested success success"]);
        assert_eq!(outputs(told, &["kept"]), ["yes"]);
        assert_eq!(told.result.conclusion, Conclusion::Failure);
    })
    .await;
}

const NODE: &str = "
name: node
inputs:
  Some Name: {default: '1'}
  given: {}
runs:
  using: node20
  pre: pre.js
  pre-if: runner.os == 'Linux'
  main: dist/main.js
  post: post.js
  post-if: success() || env.POST == 'yes'
";

const SAY: &str = "const fs = require('fs');
const out = (file, text) => fs.appendFileSync(process.env[file], text + '\\n');
";

fn node_action(name: &str) -> Vec<(String, String)> {
    let main = format!(
        "{SAY}console.log('main {name}', process.env['INPUT_SOME_NAME'], process.env.INPUT_GIVEN, process.env.STATE_pre);
out('GITHUB_STATE', 'main={name}');
out('GITHUB_OUTPUT', 'answer=42');
console.log('::save-state name=CamelCase::kept');
console.log(process.env.GITHUB_ACTION_REPOSITORY, process.env.GITHUB_ACTION_REF, process.env.GITHUB_ACTION);
if (process.env.INPUT_GIVEN === 'fail') {{ console.log('::error::it failed'); process.exitCode = 1; }}
"
    );
    [
        ("action.yml", NODE.to_owned()),
        ("pre.js", format!("{SAY}console.log('pre {name}'); out('GITHUB_STATE', 'pre=early');")),
        ("dist/main.js", main),
        ("post.js", format!("console.log('post {name}', process.env.STATE_main, process.env.STATE_CamelCase, process.env.STATE_pre);")),
    ]
    .map(|(path, text)| (path.to_owned(), text))
    .to_vec()
}

fn with_nodes() -> MemoryControl {
    let mut control = MemoryControl::default();
    for name in ["a", "b"] {
        let files = node_action(name);
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        control = control.action(&format!("own/{name}@v1"), &files);
    }
    control
}

#[tokio::test]
async fn javascript_actions_run_before_during_and_after_the_steps() {
    let yaml = "
jobs:
  build:
    runs-on: x
    outputs: {answer: '${{ steps.first.outputs.answer }}'}
    steps:
      - run: echo first
      - id: first
        uses: own/a@v1
        with: {given: hi}
      - uses: own/b@v1
        name: Named
        with: {given: fail}
      - uses: own/b@v1
      - run: echo POST=yes >> \"$GITHUB_ENV\"
        if: always()
";
    everywhere(&of_workflow(yaml), with_nodes, |told| {
        let ends = [
            "1-pre success",
            "2-pre success",
            "3-pre success",
            "0-main success",
            "1-main success",
            "2-main failure",
            "3-main skipped",
            "4-main success",
            "3-post success",
            "2-post success",
            "1-post success",
        ];
        assert_eq!(told.story.ends(), ends);
        let lines = |step: &str| {
            let lines = &told.story.step(step).lines;
            lines.iter().filter(|line| !line.contains("deprecated")).cloned().collect::<Vec<_>>()
        };
        assert_eq!(lines("1-pre"), ["pre a"]);
        assert_eq!(lines("1-main"), ["main a 1 hi early", "own/a v1 first"]);
        assert_eq!(lines("2-main"), ["main b 1 fail early", "own/b v1 __own_b", "##[error]it failed"]);
        assert_eq!(lines("1-post"), ["post a a kept early"]);
        assert_eq!(lines("3-post"), ["post b undefined undefined early"]);
        let name = |step| told.story.step(step).name().to_owned();
        assert_eq!(
            ["1-pre", "2-pre", "2-post", "1-post"].map(name),
            ["Pre Run own/a@v1", "Pre Named", "Post Named", "Post Run own/a@v1"]
        );
        assert_eq!(outputs(told, &["answer"]), ["42"]);
        let resolved: Vec<_> = told.story.resolved.iter().map(|(uses, _)| uses.as_str()).collect();
        assert_eq!(resolved, ["own/a@v1", "own/b@v1"]);
        let StepWhat::Uses { uses, with } = &told.story.step("1-main").started.as_ref().unwrap().what else {
            panic!("an action was expected");
        };
        assert_eq!((uses.as_str(), with["given"].as_str()), ("own/a@v1", "hi"));
    })
    .await;
}

#[tokio::test]
async fn posts_inside_remote_composite_actions_run_from_the_last_to_the_first() {
    let outer = "
runs:
  using: composite
  steps:
    - uses: own/a@v1
      with: {given: x}
    - run: echo $GITHUB_ACTION_REPOSITORY '${{ github.action_repository }}' $FROM
      shell: bash
      env: {FROM: '${{ github.action_repository }}@${{ github.action_ref }}'}
    - uses: own/b@v1
";
    let control = || with_nodes().action("own/outer@main", &[("deep/action.yml", outer)]);
    let spec = of_steps(
        "- uses: own/outer/deep@main\n- run: exit 1\n- run: echo POST=yes >> \"$GITHUB_ENV\"\n  if: always()",
    );
    everywhere(&spec, control, |told| {
        let ends = told.story.ends();
        let expected = [
            "0-pre success",
            "0.0-pre success",
            "0.2-pre success",
            "0-main success",
            "0.0-main success",
            "0.1-main success",
            "0.2-main success",
            "1-main failure",
            "2-main success",
            "0-post success",
            "0.2-post success",
            "0.0-post success",
        ];
        assert_eq!(ends, expected);
        assert_eq!(told.story.step("0.1-main").lines, [" own/outer@main"]);
        assert!(told.story.step("0.0-main").log().contains("own/a v1 __own_outer"));
    })
    .await;
}

#[tokio::test]
async fn a_local_action_has_no_pre_part_and_says_so() {
    let files = node_action("here");
    let files: Vec<(String, String)> =
        files.into_iter().map(|(path, text)| (format!("act/{path}"), text)).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let spec = of_steps("- uses: actions/checkout@v4\n- uses: ./act");
    everywhere(
        &spec,
        || MemoryControl::default().repository(&files),
        |told| {
            assert_eq!(told.story.ends(), ["0-main success", "1-main success", "1-post success"]);
            let log = told.story.step("1-main").log();
            assert!(log.contains("`pre` execution is not supported for local action from './act'"), "{log}");
            assert!(log.contains("main here 1  undefined"), "{log}");
        },
    )
    .await;
}

#[tokio::test]
async fn actions_that_cannot_be_had_fail_with_a_reason() {
    let missing = of_steps("- run: echo never\n- uses: no/where@v9");
    everywhere(&missing, MemoryControl::default, |told| {
        assert_eq!(told.result.conclusion, Conclusion::Failure);
        assert!(told.story.ends().is_empty());
        let log = told.story.step("-pre").log();
        assert!(log.contains("##[error]Unable to resolve action `no/where@v9`"), "{log}");
    })
    .await;
    let local = of_steps("- uses: ./gone");
    everywhere(&local, MemoryControl::default, |told| {
        let log = told.story.step("0-main").log();
        let text = "##[error]Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under '<Workspace>/gone'. Did you forget to run actions/checkout before running your local action?";
        assert_eq!(log, text);
    })
    .await;
    let wrong =
        || MemoryControl::default().action("own/bad@v1", &[("action.yml", "runs: {using: nonsense}")]);
    everywhere(&of_steps("- uses: own/bad@v1"), wrong, |told| {
        assert_eq!(told.result.conclusion, Conclusion::Failure);
        assert!(told.story.step("-pre").log().contains("own/bad@v1/action.yml"), "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn a_checkout_brings_the_working_tree() {
    let yaml = "
- run: ls -A | wc -l
- uses: actions/checkout@v4
  id: c
- uses: actions/checkout@v4
  with: {path: sub/other, fetch-depth: 0}
- run: cat README sub/other/README; echo ${{ steps.c.outputs.commit }}
- uses: actions/checkout@v4
  with: {path: ../out}
";
    let control = || MemoryControl::default().repository(&[("README", "read me\n"), ("a/b", "")]);
    everywhere(&of_steps(yaml), control, |told| {
        assert_eq!(told.story.step("0-main").lines, ["0"]);
        let lines = &told.story.step("3-main").lines;
        assert_eq!(lines[..], ["read me", "read me", "1234567890123456789012345678901234567890"]);
        let log = told.story.step("4-main").log();
        assert_eq!(log, "##[error]Repository path '../out' is not under the workspace");
    })
    .await;
    everywhere(&of_steps("- uses: actions/checkout@v4"), MemoryControl::default, |told| {
        assert_eq!(told.story.step("0-main").lines, ["##[error]there is no repository here"]);
    })
    .await;
}

#[tokio::test]
async fn a_step_that_is_not_admitted_fails_and_runs_nothing() {
    let control = || {
        let mut control = MemoryControl::default();
        control.refused.insert("1".to_owned(), "not on Saturdays".to_owned());
        control
    };
    everywhere(&of_steps("- run: echo 1\n- run: echo 2\n- run: echo 3\n  if: always()"), control, |told| {
        assert_eq!(told.story.ends(), ["0-main success", "1-main failure", "2-main success"]);
        assert_eq!(told.story.step("1-main").lines, ["##[error]not on Saturdays"]);
    })
    .await;
}
