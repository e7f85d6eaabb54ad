//! A host that is killed at any point: the job taken up again tells what an uncut one tells.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use act_core::control::CancelStage;
use act_core::environment::Root;
use act_core::record::Record;
use act_core::{Conclusion, JobEnd};
use act_job::run_job;
use act_tests::control::{Cut, Endless, MemoryControl};
use act_tests::job::{of_steps, of_workflow};
use act_tests::place::Place;
use act_tests::resume::{AsyncPlace, Case, Cuts, Far, Local, WithAgent};
use act_tests::story::Story;

const SCRIPTS: &str = r#"
env:
  WHERE: ${{ vars.COLOUR }} ${{ secrets.TOKEN_A }}
jobs:
  build:
    runs-on: x
    outputs:
      a: ${{ steps.script.outputs.a }}
      digest: ${{ steps.script.outputs.digest }}
      secret: ${{ steps.script.outputs.secret }}
    steps:
      - uses: actions/checkout@v4
      - id: script
        run: |
          W=h1d; W=${W}den
          echo "::add-mask::$W"
          echo "a word: $W, a secret: $TOKEN"
          echo "::set-output name=a::1"
          sleep 0.03
          echo "::stop-commands::end-of-text"
          echo "::error::only text"
          echo "::end-of-text::"
          echo "::group::numbers"; for i in 1 2 3; do echo "$i"; sleep 0.02; done; echo "::endgroup::"
          echo "::warning file=README::care about $W"
          echo "::add-matcher::m.json"
          echo "README:3: a problem"
          head -c 70000 /dev/zero | tr '\0' x; echo "$TOKEN"
          echo "digest=${{ hashFiles('README') }}" >> "$GITHUB_OUTPUT"
          echo "secret=$TOKEN" >> "$GITHUB_OUTPUT"
          echo "LATER=$W too" >> "$GITHUB_ENV"
          echo "/first" >> "$GITHUB_PATH"
          echo "sum $W" >> "$GITHUB_STEP_SUMMARY"
        env:
          TOKEN: ${{ secrets.TOKEN_A }}
      - run: exit 3
        continue-on-error: true
      - if: steps.script.outputs.a == '2'
        run: echo skipped
      - run: echo "README:4:${PATH%%:*}"; exit 1
      - run: echo "$LATER"
        if: failure()
"#;

const ACTIONS: &str = r#"
jobs:
  build:
    runs-on: x
    outputs:
      text: ${{ steps.composite.outputs.text }}
    steps:
      - uses: actions/checkout@v4
      - id: composite
        uses: ./act
        with: {word: "${{ secrets.TOKEN_A }}"}
      - uses: own/node/around@v1
      - uses: $/near
      - run: echo end
"#;

const ACTION: &str = r#"
inputs: {word: {}}
outputs: {text: {value: "${{ steps.in.outputs.text }}"}}
runs:
  using: composite
  steps:
    - id: in
      run: echo "text=from inside" >> "$GITHUB_OUTPUT"; echo "${{ inputs.word }}"
      shell: bash
    - uses: own/node@v1
"#;

const NODE: [(&str, &str); 5] = [
    ("around/action.yml", "runs: {using: composite, steps: [{uses: $/.}]}"),
    ("action.yml", "runs: {using: node20, pre: pre.js, main: main.js, post: post.js}"),
    ("pre.js", "console.log('::save-state name=p::early')"),
    ("main.js", "console.log('main', process.env.STATE_p); console.log('::save-state name=m::kept')"),
    ("post.js", "console.log('post', process.env.STATE_p, process.env.STATE_m)"),
];

const MATCHER: &str = r#"{"problemMatcher":[{"owner":"o","pattern":[{"regexp":"^(\\w+):(\\d+): ?(.+)$","file":1,"line":2,"message":3}]}]}"#;

fn host() -> MemoryControl {
    let git = "url = https://github.com/octo/hello\n";
    MemoryControl::default().secret("TOKEN_A", "s3cr3t-value").action("own/node@v1", &NODE).repository(&[
        ("README", "read me"),
        (".git/config", git),
        ("m.json", MATCHER),
        ("act/action.yml", ACTION),
        ("near/action.yml", "runs: {using: composite, steps: [{run: echo near, shell: bash}]}"),
    ])
}

fn judge(cuts: &Cuts, ends: &[&str], outputs: usize) {
    assert_eq!(cuts.uncut.story.ends(), ends);
    assert_eq!(cuts.uncut.result.outputs.len(), outputs, "{:?}", cuts.uncut.result.outputs);
    assert!(cuts.points > ends.len() * 4, "{}", cuts.points);
    let text = format!("cut at {} points\n", cuts.points);
    std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes()).unwrap();
}

async fn cut_scripts(place: &dyn AsyncPlace) {
    let spec = of_workflow(SCRIPTS);
    let case = Case { spec: &spec, control: &host, hidden: &["s3cr3t", "h1dden"] };
    let cuts = case.cut_everywhere(place).await;
    let ends = [
        "0-main success",
        "1-main success",
        "2-main failure/success",
        "3-main skipped",
        "4-main failure",
        "5-main success",
    ];
    judge(&cuts, &ends, 2);
    assert_eq!(cuts.uncut.story.step("4-main").messages[0].place.line, Some(4));
}

const SEVERAL: &str = r#"
- uses: actions/checkout@v4
- run: |
    echo '::add-matcher::first.json'
    echo 'in README'; sleep 0.02
    echo '  3 three'; sleep 0.02; echo '  4 four'; sleep 0.02
    echo '::add-matcher::second.json'
    echo '::add-matcher::third.json'; sleep 0.02
    echo '  5 five'; sleep 0.02
    echo 'plain'; sleep 0.02; echo '  7 nobody asked'; sleep 0.02
    echo 'one'; sleep 0.02; echo 'two'; sleep 0.02; echo 'three s3cr3t-value'
- run: echo '  8 of another process'; echo 'in README' >&2; sleep 0.02; echo '  6 of stderr' >&2
"#;

/// Two patterns with a loop; three patterns; and one that finds what those after it would, too.
const FIRST: &str = r#"{"problemMatcher":[{"owner":"first","pattern":[
    {"regexp":"^in (.+)$","file":1},{"regexp":"^  (\\d+) (.+)$","line":1,"message":2,"loop":true}]}]}"#;
const SECOND: &str = r#"{"problemMatcher":[{"owner":"second","severity":"warning","pattern":[
    {"regexp":"^(one)$","code":1},{"regexp":"^two$"},{"regexp":"^three (.+)$","message":1}]}]}"#;
const THIRD: &str = r#"{"problemMatcher":[{"owner":"third","severity":"notice","pattern":[
    {"regexp":"^(three) .+$","message":1}]},{"owner":"fourth","pattern":[{"regexp":"^(two)$","message":1}]}]}"#;

/// Matchers of several lines go on where they were, in the order in which the stream tries them.
async fn cut_matchers(place: &dyn AsyncPlace) {
    let spec = of_steps(SEVERAL);
    let control = || {
        let git = "url = https://github.com/octo/hello\n";
        MemoryControl::default().secret("TOKEN_A", "s3cr3t-value").repository(&[
            ("README", "read me"),
            (".git/config", git),
            ("first.json", FIRST),
            ("second.json", SECOND),
            ("third.json", THIRD),
        ])
    };
    let case = Case { spec: &spec, control: &control, hidden: &["s3cr3t"] };
    let cuts = case.cut_everywhere(place).await;
    judge(&cuts, &["0-main success", "1-main success", "2-main success"], 0);
    let steps = ["1-main", "2-main"].map(|step| &cuts.uncut.story.step(step).messages);
    let found: Vec<_> = steps
        .into_iter()
        .flatten()
        .map(|message| (message.place.file.as_deref(), message.place.line, message.text.as_str()))
        .collect();
    let readme = Some("README");
    let expected = [
        (readme, Some(3), "three"),
        (readme, Some(4), "four"),
        (readme, Some(5), "five"),
        (None, None, "two"),
        (None, None, "three"),
        (readme, Some(6), "of stderr"),
    ];
    assert_eq!(found, expected);
}

async fn cut_actions(place: &dyn AsyncPlace) {
    let spec = of_workflow(ACTIONS);
    let case = Case { spec: &spec, control: &host, hidden: &["s3cr3t", "h1dden"] };
    let ends = [
        "2-pre success",
        "2.0-pre success",
        "0-main success",
        "1-main success",
        "1.0-main success",
        "1.1-main success",
        "2-main success",
        "2.0-main success",
        "3-main success",
        "3.0-main success",
        "4-main success",
        "1-post success",
        "1.1-post success",
        "2-post success",
        "2.0-post success",
    ];
    judge(&case.cut_everywhere(place).await, &ends, 1);
}

/// Whoever takes a cancelled job up cancels it, too.
async fn cut_cancelled(place: &dyn AsyncPlace) {
    let steps = "
- run: echo before
- run: echo ready; exec sleep 60
- run: echo not run
- run: sleep 0.1; echo always ${{ job.status }}
  if: always()
";
    let spec = of_steps(steps);
    let control = || host().cancel_at("ready", CancelStage::Cancel);
    let case = Case { spec: &spec, control: &control, hidden: &["s3cr3t"] };
    let ends = ["0-main success", "1-main cancelled", "2-main skipped", "3-main success"];
    let cuts = case.cut_everywhere(place).await;
    judge(&cuts, &ends, 0);
    assert_eq!(cuts.uncut.result.conclusion, Conclusion::Cancelled);
}

/// Whoever takes up a job that was stopped while the host worked for it stops there, too.
async fn cut_stopped(place: &dyn AsyncPlace) {
    let local = ("late/action.yml", "runs: {using: composite, steps: [{uses: $/near}, {uses: far/slow@v1}]}");
    let near = ("near/action.yml", "runs: {using: composite, steps: [{run: echo near, shell: bash}]}");
    let last = "\n- run: sleep 0.1; echo always ${{ job.status }}\n  if: always()";
    let fetch = || Endless::Fetch("far/slow@v1".to_owned());
    let cases: [(&str, Endless, &[&str]); 3] = [
        ("- uses: own/node@v1\n- uses: far/slow@v1", fetch(), &[]),
        (
            "- uses: actions/checkout@v4\n- uses: ./late",
            fetch(),
            &["0-main success", "1-main cancelled", "2-main success"],
        ),
        ("- uses: actions/checkout@v4", Endless::Checkout, &["0-main cancelled", "1-main success"]),
    ];
    for (steps, endless, ends) in cases {
        let spec = of_steps(&format!("{steps}{last}"));
        let control = || host().repository(&[local, near]).cancel_in(endless.clone(), CancelStage::Cancel);
        let case = Case { spec: &spec, control: &control, hidden: &["s3cr3t"] };
        let cuts = case.cut_everywhere(place).await;
        assert_eq!(cuts.uncut.story.ends(), ends);
        assert_eq!(cuts.uncut.result.conclusion, Conclusion::Cancelled);
        assert!(cuts.points > 6, "{}", cuts.points);
    }
}

/// A policy that has changed its mind while the host was gone: what it had let begin goes on.
#[tokio::test]
async fn what_was_admitted_before_a_cut_stays_admitted_and_nothing_else_does() {
    let steps = "
- run: echo $TOKEN
  env: {TOKEN: '${{ secrets.TOKEN_A }}'}
- run: echo two
  if: always()
";
    let spec = of_steps(steps);
    for number in 1.. {
        let place = Local.make().await;
        let first = host().cut(Cut::After(number));
        let end = run_job(&spec, &*place.env, &first, &[]).await;
        let (records, events) = first.kept();
        let admitted = |step: &str| {
            records.iter().any(|record| match record {
                Record::Judged { step: of, secret: None, .. } => of.path.to_string() == step,
                _ => false,
            })
        };
        let mut second = host().with_past(records.clone(), events);
        second.refused = ["0", "1"].map(|step| (step.to_owned(), "no more".to_owned())).into();
        let JobEnd::Concluded(result) = run_job(&spec, &*place.env, &second, &records).await else {
            panic!("interrupted when cut after {number}");
        };
        let story = Story::of(&second.kept().1);
        let end_of = |step| if admitted(step) { "success" } else { "failure" };
        let ends = [format!("0-main {}", end_of("0")), format!("1-main {}", end_of("1"))];
        assert_eq!(story.ends(), ends, "cut after {number}: {records:?}");
        let is_clean = ["0", "1"].into_iter().all(admitted);
        assert_eq!(result.conclusion == Conclusion::Success, is_clean, "cut after {number}");
        place.release().await;
        if matches!(end, JobEnd::Concluded(_)) {
            assert!(is_clean && number > 6, "{number}: {records:?}");
            break;
        }
    }
}

#[tokio::test]
async fn cancelled_jobs_cut_anywhere_tell_the_same() {
    cut_cancelled(&Local).await;
    cut_cancelled(&Far(AtomicU64::new(2_000))).await;
}

#[tokio::test]
async fn stopped_jobs_cut_anywhere_tell_the_same() {
    cut_stopped(&Local).await;
    cut_stopped(&Far(AtomicU64::new(8_000))).await;
}

#[tokio::test]
async fn scripts_cut_anywhere_on_this_machine_tell_the_same() {
    cut_scripts(&Local).await;
}

#[tokio::test]
async fn scripts_cut_anywhere_on_the_far_machine_tell_the_same() {
    cut_scripts(&Far(AtomicU64::new(1))).await;
}

#[tokio::test]
async fn actions_cut_anywhere_on_this_machine_tell_the_same() {
    cut_actions(&Local).await;
}

#[tokio::test]
async fn actions_cut_anywhere_on_the_far_machine_tell_the_same() {
    cut_actions(&Far(AtomicU64::new(1_000))).await;
}

#[tokio::test]
async fn matchers_cut_between_their_lines_on_this_machine_find_the_same() {
    cut_matchers(&Local).await;
}

#[tokio::test]
async fn matchers_cut_between_their_lines_on_the_far_machine_find_the_same() {
    cut_matchers(&Far(AtomicU64::new(3_000))).await;
}

#[tokio::test]
async fn scripts_cut_anywhere_over_an_agent_tell_the_same() {
    cut_scripts(&WithAgent(AtomicU64::new(4_000))).await;
}

#[tokio::test]
async fn actions_cut_anywhere_over_an_agent_tell_the_same() {
    cut_actions(&WithAgent(AtomicU64::new(5_000))).await;
}

#[tokio::test]
async fn matchers_cut_between_their_lines_over_an_agent_find_the_same() {
    cut_matchers(&WithAgent(AtomicU64::new(6_000))).await;
}

#[tokio::test]
async fn cancelled_jobs_cut_anywhere_over_an_agent_tell_the_same() {
    cut_cancelled(&WithAgent(AtomicU64::new(7_000))).await;
}

/// The step's end is kept with what comes next, and nothing does.
#[tokio::test]
async fn a_machine_lost_between_two_steps_takes_no_end_with_it() {
    let mut place = Place::local().await;
    let steps = "- name: first\n  run: touch up; until [ -e go ]; do sleep 0.01; done\n- run: echo never";
    let (spec, env, control) = (of_steps(steps), Arc::clone(&place.env), MemoryControl::default());
    let take_over = async {
        let up = place.at(Root::Workspace, "up").0;
        while !Path::new(&up).exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        place.take_over().await;
        place.write("go", "");
    };
    let (end, ()) = tokio::join!(run_job(&spec, &*env, &control, &[]), take_over);
    assert!(!matches!(end, JobEnd::Concluded(_)), "{end:?}");
    let (records, events) = control.kept();
    assert!(matches!(records[..], [.., Record::Ended { .. }, Record::Finished { .. }]), "{records:?}");
    assert!(Story::of(&events).steps.last().unwrap().end.is_some());
    place.release().await;
}
