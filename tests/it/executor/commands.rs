//! Workflow commands in the output of processes.

use act_core::Conclusion;
use act_core::event::Level;
use act_tests::control::MemoryControl;
use act_tests::job::{of_steps, of_workflow};

use super::{everywhere, outputs, steps};

#[tokio::test]
async fn commands_are_obeyed_on_both_streams() {
    let yaml = "
jobs:
  build:
    runs-on: x
    outputs:
      one: ${{ steps.a.outputs.one }}
      two: ${{ steps.a.outputs.TWO }}
    steps:
      - id: a
        run: |
          echo '::set-output name=one::1%0A%25'
          echo '::set-output name=two::2' >&2
          sleep 0.2
          echo '::group::Title%0Ahere'
          echo '##[endgroup]'
          echo '::warning file=a.c,line=3,endLine=4,col=5,title=Care::look%0Aout'
          echo '::NOTICE::well'
          echo '::error ::bad'
          echo '::unknown::plain'
          echo '  ::debug::hidden'
          echo 'text ::warning::not a command'
";
    everywhere(&of_workflow(yaml), MemoryControl::default, |told| {
        assert_eq!(outputs(told, &["one", "two"]), ["1\n%", "2"]);
        let step = told.story.step("0-main");
        let lines: Vec<_> = step.lines.iter().filter(|line| !line.contains("set-output")).collect();
        let expected = [
            "##[group]Title",
            "here",
            "##[endgroup]",
            "##[warning]look",
            "out",
            "##[notice]well",
            "##[error]bad",
            "::unknown::plain",
            "text ::warning::not a command",
        ];
        assert_eq!(lines, expected);
        let care = step.messages.iter().find(|message| message.title.is_some()).unwrap();
        assert_eq!((care.level, care.text.as_str()), (Level::Warning, "look\nout"));
        assert_eq!(care.place.file.as_deref(), Some("a.c"));
        assert_eq!((care.place.line, care.place.end_line), (Some(3), Some(4)));
        assert_eq!(told.result.conclusion, Conclusion::Success);
    })
    .await;
}

#[tokio::test]
async fn stopped_commands_are_text_until_the_token_comes() {
    let yaml = "
- run: |
    echo '::stop-commands::token-of-mine'
    echo '::error::text'
    echo '::token-of-mine::'
    echo '::notice::again'
    echo '::stop-commands::error'
";
    steps(yaml, |told| {
        let step = told.story.step("0-main");
        assert_eq!(step.lines[..4], ["::stop-commands::***", "::error::text", "::***::", "##[notice]again"]);
        assert!(step.lines[4].starts_with("##[error]You cannot use a endToken"), "{:?}", step.lines);
        assert_eq!(told.story.ends(), ["0-main failure"]);
    })
    .await;
}

#[tokio::test]
async fn masks_hold_from_the_next_line_on() {
    let yaml = "
- run: |
    echo 'before hunter2'
    echo '::add-mask::hunter2'; echo 'same hunter2 chunk'
    sleep 0.2
    echo 'next hunter2 chunk'
    echo '::add-mask::first line%0Asecond line'
    echo 'a second line, a first line'
    echo '::add-mask::'
    echo '::echo::on'
    echo '::add-mask::swordfish'
    echo '::group::x'
    echo '::echo::off'
    echo '::group::y'
    echo aHVudGVyMg== and hunter%32
- run: echo later hunter2
  name: about hunter2
- run: echo \"${{ env.WORD }}\"
  env:
    WORD: hunter2 and swordfish
";
    steps(yaml, |told| {
        let step = told.story.step("0-main");
        let expected = [
            "before hunter2",
            "same *** chunk",
            "next *** chunk",
            "a ***, a ***",
            "##[warning]Can't add secret mask for empty string in ##[add-mask] command.",
            "::add-mask::***",
            "::group::x",
            "##[group]x",
            "::echo::off",
            "##[group]y",
            "*** and hunter%32",
        ];
        assert_eq!(step.lines, expected);
        let later = told.story.step("1-main");
        assert_eq!((later.name(), later.lines[0].as_str()), ("about ***", "later ***"));
        let started = told.story.step("2-main").started.clone().unwrap();
        assert_eq!(started.env["WORD"], "*** and ***");
        assert_eq!(told.story.step("2-main").lines, ["*** and ***"]);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_command_fails_its_step_and_shows_the_line() {
    let yaml = "
- run: |
    echo '::set-output::x'
    echo '::set-env name=A::1'
    echo '::add-matcher::none.json'
    echo '##[start-action display=x;id=y]'
- run: echo skipped
";
    steps(yaml, |told| {
        let log = told.story.step("0-main").log();
        for text in [
            "##[error]Unable to process command '::set-output::x' successfully.",
            "##[error]Required field 'name' is missing in ##[set-output] command.",
            "##[error]The `set-env` command is disabled.",
            "##[error]Could not find file",
            r"##[\start-action display=x;id=y]",
        ] {
            assert!(log.contains(text), "{text} in {log}");
        }
        assert_eq!(told.story.ends(), ["0-main failure", "1-main skipped"]);
    })
    .await;
}

#[tokio::test]
async fn set_env_and_add_path_work_where_they_are_allowed() {
    let yaml = "
- run: |
    echo '::set-env name=A::1'
    echo '::add-path::/from/command'
  env:
    ACTIONS_ALLOW_UNSECURE_COMMANDS: true
- run: echo \"$A ${PATH%%:*}\"
";
    steps(yaml, |told| assert_eq!(told.story.step("1-main").lines, ["1 /from/command"])).await;
}

#[tokio::test]
async fn ten_annotations_of_a_level_are_kept_and_all_are_shown() {
    let yaml = "
- run: |
    for i in $(seq 15); do echo \"::error::number $i\"; echo \"::notice::$i\"; done
    exit 1
";
    steps(yaml, |told| {
        let step = told.story.step("0-main");
        assert_eq!(step.lines.len(), 31);
        let of = |level| step.messages.iter().filter(|message| message.level == level).count();
        assert_eq!((of(Level::Error), of(Level::Notice)), (10, 10));
    })
    .await;
}

#[tokio::test]
async fn a_command_may_be_longer_than_a_line_of_the_log() {
    let yaml = "
jobs:
  build:
    runs-on: x
    outputs:
      long: ${{ steps.a.outputs.long }}
    steps:
      - id: a
        run: |
          printf '::set-output name=long::'; head -c 300000 /dev/zero | tr '\\0' y; echo
          printf '::warning::'; head -c 100000 /dev/zero | tr '\\0' z; echo
          printf '  ::no-command::'; head -c 100000 /dev/zero | tr '\\0' w; echo
          echo end
";
    everywhere(&of_workflow(yaml), MemoryControl::default, |told| {
        assert_eq!(told.result.outputs["long"], "y".repeat(300_000));
        let step = told.story.step("0-main");
        let warning = step.messages.iter().find(|message| message.text.starts_with("zzz")).unwrap();
        assert_eq!(warning.text.len(), 4096);
        let last: Vec<usize> = step.lines.iter().rev().take(2).map(String::len).collect();
        assert_eq!(last, [3, 100_016]);
    })
    .await;
}

#[tokio::test]
async fn debugging_shows_more() {
    let mut spec = of_steps("- run: |\n    echo '::debug::seen'; echo \"$RUNNER_DEBUG\"; echo '::group::g'");
    spec.debug = act_core::spec::Debugging::Steps;
    everywhere(&spec, MemoryControl::default, |told| {
        let lines = &told.story.step("0-main").lines;
        for line in ["##[debug]seen", "1", "::group::g", "##[group]g"] {
            assert!(lines.iter().any(|known| known == line), "{line} in {lines:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_longest_commands_come_whole_on_both_streams_at_once() {
    let yaml = r#"
- run: |
    echo "::add-mask::$(seq 20000 | tr -d '\n')"
    say() { printf "::group::"; head -c 1100000 /dev/zero | tr '\0' "$1"; echo; }
    say o & say e >&2 & wait
- run: |
    echo "::add-mask::early"
    printf "::group::"; head -c 200000 /dev/zero | tr '\0' x; echo; echo late and early
"#;
    steps(yaml, |told| {
        let mut lines = told.story.step("0-main").lines.clone();
        lines.sort();
        let expected = ["e", "o"].map(|letter| format!("##[group]{}", letter.repeat(1_100_000)));
        assert!(lines == expected, "{:?}", lines.iter().map(String::len).collect::<Vec<_>>());
        let lines = &told.story.step("1-main").lines;
        assert_eq!((lines[0].len(), lines[1].as_str()), ("##[group]".len() + 200_000, "late and ***"));
    })
    .await;
}
