//! Problem matchers in the output of steps.

use act_core::event::Level;
use act_tests::control::MemoryControl;
use act_tests::job::of_steps;

use super::everywhere;

const MATCHER: &str = r#"{"problemMatcher": [
  {"owner": "one", "severity": "warning", "pattern": [
    {"regexp": "^(.+):(\\d+): (.+)$", "file": 1, "line": 2, "message": 3}]},
  {"owner": "two", "pattern": [
    {"regexp": "^in (.+)$", "file": 1},
    {"regexp": "^  (\\d+) (.+)$", "line": 1, "message": 2, "loop": true}]}
]}"#;

fn repository() -> MemoryControl {
    let config = "[remote \"origin\"]\n\turl = https://github.com/octo/hello\n";
    MemoryControl::default().secret("T", "sw0rdfish").repository(&[
        (".git/config", config),
        ("m.json", MATCHER),
        ("src/a.c", ""),
        ("src/b.c", ""),
        ("other/.git/config", "[remote \"origin\"]\n\turl = https://github.com/some/fork\n"),
        ("other/c.c", ""),
    ])
}

#[tokio::test]
async fn problems_in_the_output_become_annotations() {
    let yaml = "
- uses: actions/checkout@v4
- run: |
    echo '::add-matcher::m.json'
    echo 'src/a.c:3: oh sw0rdfish'
    echo 'src/gone.c:4: gone'
    echo \"$PWD/src/../src/b.c:5: absolute\"
    echo \"other/c.c:6: of another repository\"
    echo '::remove-matcher owner=ONE::'
    echo 'src/a.c:7: nobody looks'
    echo 'in src/b.c'
    echo '  8 eight'
    echo '  9 nine'
    echo 'end'
    echo '  10 ten'
- run: printf 'in src/a.c\\n  1 still there\\n' >&2
";
    everywhere(&of_steps(yaml), repository, |told| {
        let step = told.story.step("1-main");
        let found: Vec<_> = step
            .messages
            .iter()
            .map(|message| {
                (message.level, message.text.as_str(), message.place.file.as_deref(), message.place.line)
            })
            .collect();
        let expected = [
            (Level::Warning, "oh ***", Some("src/a.c"), Some(3)),
            (Level::Warning, "gone", None, Some(4)),
            (Level::Warning, "absolute", Some("src/b.c"), Some(5)),
            (Level::Warning, "of another repository", None, Some(6)),
            (Level::Error, "eight", Some("src/b.c"), Some(8)),
            (Level::Error, "nine", Some("src/b.c"), Some(9)),
        ];
        assert_eq!(found, expected);
        assert_eq!(step.lines[0], "##[warning]src/a.c:3: oh ***");
        assert_eq!(step.lines[1], "##[warning]src/gone.c:4: gone");
        assert!(step.lines.contains(&"src/a.c:7: nobody looks".to_owned()));
        assert!(step.lines.contains(&"##[error]  9 nine".to_owned()));
        let later = told.story.step("2-main");
        assert_eq!(later.messages.len(), 1, "{later:?}");
        assert_eq!(told.story.ends()[1], "1-main success");
    })
    .await;
}

#[tokio::test]
async fn a_matcher_file_may_be_wrong() {
    let yaml = "
- uses: actions/checkout@v4
- run: echo '{\"problemMatcher\":[{\"pattern\":[]}]}' > bad.json; echo '::add-matcher::bad.json'
- run: echo '::remove-matcher::m.json'; echo '::remove-matcher::none.json'; echo '::remove-matcher owner=none::'
  if: always()
";
    everywhere(&of_steps(yaml), repository, |told| {
        let log = told.story.step("1-main").log();
        assert!(
            log.starts_with("##[error]Unable to process command '::add-matcher::bad.json' successfully."),
            "{log}"
        );
        assert!(told.story.step("2-main").log().contains("Could not find file '<Workspace>/none.json'."));
        assert_eq!(told.story.ends(), ["0-main success", "1-main failure", "2-main failure"]);
    })
    .await;
}
