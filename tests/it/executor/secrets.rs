//! Secrets: asked for when used, hidden everywhere.

use act_core::Conclusion;
use act_tests::control::MemoryControl;
use act_tests::job::{of_steps, of_workflow};

use super::everywhere;

fn host() -> MemoryControl {
    MemoryControl::default()
        .secret("TOKEN_A", "s3cr3t Value\"x")
        .secret("GITHUB_TOKEN", "ghs_abcdef0123456789")
}

#[tokio::test]
async fn secrets_are_hidden_in_every_form() {
    let yaml = r#"
- run: |
    echo "plain: $T"
    printf '%s' "$T" | base64
    printf 'a%s' "$T" | base64
    python3 -c 'import os,json,urllib.parse as u; t=os.environ["T"]; print(json.dumps(t)); print(u.quote(t))'
    echo "::warning title=$T,file=$T::$T"
    echo "::group::$T"
    echo "$T" >> "$GITHUB_STEP_SUMMARY"
    echo "tok=${{ github.token }}"
    echo "all=$ALL"
  name: with ${{ secrets.token_a }}
  env:
    T: ${{ secrets.TOKEN_A }}
    ALL: ${{ toJSON(secrets) }}
- run: 'echo empty: "${{ secrets.NONE }}."'
- run: exit 1
  if: env.X == 'x'
  env: {X: '${{ secrets.TOKEN_A }}'}
"#;
    everywhere(&of_steps(yaml), host, |told| {
        let shown = format!("{told:?}");
        let forms = ["s3cr3t", "Value", "ghs_abc", "czNjcjN0", "YXMzY3IzdCBWYWx1"];
        for hidden in forms {
            assert!(!shown.contains(hidden), "{hidden}");
        }
        let step = told.story.step("0-main");
        assert_eq!(step.name(), "with ***");
        assert_eq!(step.lines[0], "plain: ***");
        assert_eq!(step.started.as_ref().unwrap().env["T"], "***");
        assert_eq!(told.story.step("1-main").lines, ["empty: ."]);
        assert_eq!(told.result.conclusion, Conclusion::Success);
    })
    .await;
}

#[tokio::test]
async fn what_the_file_itself_says_is_masked_too() {
    let control = || MemoryControl::default().secret("TOKEN_A", "opensesame").secret("B", "SECRET_NAME");
    let yaml = "
- uses: ./opensesame
- run: echo opensesame
  if: false
- run: 'true'
  if: always()
  env: {SECRET_NAME: x}
";
    everywhere(&of_steps(yaml), control, |told| {
        let shown = format!("{told:?}");
        assert!(!shown.contains("opensesame") && !shown.contains("SECRET_NAME"), "{shown}");
        assert_eq!(told.story.step("0-main").name(), "Run ./***");
    })
    .await;
}

#[tokio::test]
async fn a_refused_secret_fails_the_step_that_uses_it() {
    let control = || {
        let mut control = host().secret("DEPLOY", "n0t-for-forks");
        control.denied.insert("DEPLOY".to_owned(), "a fork may not deploy".to_owned());
        control
    };
    let yaml = "
- run: echo before
- run: echo ${{ secrets.DEPLOY }}
- run: echo after
  if: failure()
";
    everywhere(&of_steps(yaml), control, |told| {
        assert_eq!(told.story.ends(), ["0-main success", "1-main failure", "2-main success"]);
        assert!(told.story.step("1-main").log().contains("a fork may not deploy"), "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn secrets_across_chunks_and_long_lines_stay_hidden() {
    let yaml = r#"
- run: |
    printf '%s' "${T:0:5}"; sleep 0.3; printf '%s\n' "${T:5}"
    head -c 65530 /dev/zero | tr '\0' x; printf '%s' "$T"; head -c 100 /dev/zero | tr '\0' y; echo
  env: {T: '${{ secrets.TOKEN_A }}'}
"#;
    everywhere(&of_steps(yaml), host, |told| {
        let lines = &told.story.step("0-main").lines;
        assert_eq!(lines[0], "***");
        let x = lines[1].trim_end_matches('y');
        assert_eq!((x.trim_start_matches('x'), x.len()), ("***", 65_533));
    })
    .await;
}

#[tokio::test]
async fn an_output_that_holds_a_secret_is_not_handed_on() {
    let yaml = "
jobs:
  build:
    runs-on: x
    outputs:
      bad: a${{ steps.a.outputs.b }}
      good: ${{ steps.a.outputs.c }}
    steps:
      - id: a
        run: echo b=$T >> \"$GITHUB_OUTPUT\"; echo c=1 >> \"$GITHUB_OUTPUT\"
        env: {T: '${{ secrets.TOKEN_A }}'}
";
    everywhere(&of_workflow(yaml), host, |told| {
        assert_eq!(told.result.outputs.keys().collect::<Vec<_>>(), ["good"]);
    })
    .await;
}
