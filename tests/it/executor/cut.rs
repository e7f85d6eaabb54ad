//! A host that is killed at any point: the job taken up again tells what an uncut one tells.

use std::sync::atomic::AtomicU64;

use act_core::Conclusion;
use act_tests::control::MemoryControl;
use act_tests::job::of_workflow;
use act_tests::resume::{Case, Cuts, Far, Local};

const WORKFLOW: &str = r#"
env:
  WHERE: ${{ vars.COLOUR }} ${{ secrets.TOKEN_A }}
jobs:
  build:
    runs-on: x
    outputs:
      a: ${{ steps.script.outputs.a }}
      digest: ${{ steps.script.outputs.digest }}
      composite: ${{ steps.composite.outputs.text }}
      secret: ${{ steps.script.outputs.secret }}
    steps:
      - uses: actions/checkout@v4
      - id: script
        run: |
          W=h1d; W=${W}den
          echo "::add-mask::$W"
          echo "a word: $W, a secret: $TOKEN"
          echo "::set-output name=a::1"
          sleep 0.05
          echo "::stop-commands::end-of-text"
          echo "::error::only text"
          echo "::end-of-text::"
          echo "::group::numbers"; for i in 1 2 3; do echo "$i"; sleep 0.03; done; echo "::endgroup::"
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
      - id: composite
        uses: ./act
        with: {word: "${{ env.LATER }}"}
      - uses: own/node@v1
      - run: echo "README:4:${PATH%%:*}"; exit 1
      - run: echo "$LATER"
        if: failure()
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

const NODE: [(&str, &str); 4] = [
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
    ])
}

fn judge(cuts: &Cuts) {
    let story = &cuts.uncut.story;
    let ends = [
        "5-pre success",
        "0-main success",
        "1-main success",
        "2-main failure/success",
        "3-main skipped",
        "4-main success",
        "4.0-main success",
        "4.1-main success",
        "5-main success",
        "6-main failure",
        "7-main success",
        "5-post success",
        "4-post success",
        "4.1-post success",
    ];
    assert_eq!(story.ends(), ends);
    assert_eq!(cuts.uncut.result.conclusion, Conclusion::Failure);
    assert_eq!(cuts.uncut.result.outputs.len(), 3, "{:?}", cuts.uncut.result.outputs);
    assert_eq!(story.step("6-main").messages[0].place.line, Some(4));
    assert!(cuts.points >= 100, "{}", cuts.points);
    let text = format!("cut at {} points\n", cuts.points);
    std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_job_cut_anywhere_on_this_machine_tells_the_same() {
    let spec = of_workflow(WORKFLOW);
    let case = Case { spec: &spec, control: &host, hidden: &["s3cr3t", "h1dden"] };
    judge(&case.cut_everywhere(&Local).await);
}

#[tokio::test]
async fn a_job_cut_anywhere_on_the_far_machine_tells_the_same() {
    let spec = of_workflow(WORKFLOW);
    let case = Case { spec: &spec, control: &host, hidden: &["s3cr3t", "h1dden"] };
    judge(&case.cut_everywhere(&Far(AtomicU64::new(1))).await);
}
