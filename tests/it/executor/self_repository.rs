//! `$/path`: an action of the repository that holds the file which says so.

use act_core::Conclusion;
use act_tests::control::MemoryControl;
use act_tests::job::of_steps;

use super::everywhere;

/// Says which repository it is of, and what `github` says of it.
fn says(word: &str) -> String {
    format!(
        "runs:\n  using: composite\n  steps:\n    - run: echo \"{word} $FROM\"; basename \"$GITHUB_ACTION_PATH\"\n      shell: bash\n      env: {{FROM: '${{{{ github.action_repository }}}} ${{{{ github.action_ref }}}}'}}\n"
    )
}

const OUTER: &str = "
runs:
  using: composite
  steps:
    - uses: $/inner
    - uses: ./local
    - uses: acme/other@v2
";

const INNER: &str = "
runs:
  using: composite
  steps:
    - uses: $/deep/say/
    - run: echo after
      shell: bash
";

const PARTS: [(&str, &str); 4] = [
    ("action.yml", "runs: {using: node20, pre: pre.js, main: main.js, post: post.js}"),
    ("pre.js", "console.log('pre')"),
    ("main.js", "console.log('main', process.env.GITHUB_ACTION_REPOSITORY, process.env.GITHUB_ACTION_REF)"),
    ("post.js", "console.log('post')"),
];

fn host() -> MemoryControl {
    let (own, tools, other) = (says("the run's"), says("of the tools"), says("of the other"));
    let local = "runs: {using: composite, steps: [{uses: $/say}]}";
    let parts = PARTS.map(|(path, text)| (format!("parts/{path}"), text));
    let mut files: Vec<(&str, &str)> = parts.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    files.extend([("say/action.yml", own.as_str()), ("local/action.yml", local)]);
    MemoryControl::default()
        .repository(&files)
        .action(
            "acme/tools@v1",
            &[("outer/action.yml", OUTER), ("inner/action.yaml", INNER), ("deep/say/action.yml", &tools)],
        )
        .action(
            "acme/other@v2",
            &[
                ("action.yml", "runs: {using: composite, steps: [{uses: $/say}, {uses: $/parts}]}"),
                ("say/action.yml", &other),
                ("parts/action.yml", PARTS[0].1),
                ("parts/pre.js", PARTS[1].1),
                ("parts/main.js", PARTS[2].1),
                ("parts/post.js", PARTS[3].1),
            ],
        )
}

#[tokio::test]
async fn every_file_means_its_own_repository() {
    let yaml = "
- uses: $/say
- uses: actions/checkout@v4
- uses: acme/tools/outer@v1
- uses: $/parts
";
    everywhere(&of_steps(yaml), host, |told| {
        assert_eq!(told.result.conclusion, Conclusion::Success, "{:?}", told.story.ends());
        let line = |step: &str| told.story.step(step).lines[0].clone();
        let own = "octo/hello 1234567890123456789012345678901234567890";
        assert_eq!(line("0.0-main"), format!("the run's {own}"));
        assert_eq!(line("2.0.0.0-main"), "of the tools acme/tools v1");
        assert_eq!(told.story.step("2.0.0.0-main").lines[1], "say");
        assert_eq!(line("2.1.0.0-main"), format!("the run's {own}"), "a local action is the workflow's");
        assert_eq!(line("2.2.0.0-main"), "of the other acme/other v2");
        assert_eq!(line("2.2.1-main"), "main acme/other v2");
        assert_eq!(line("3-main"), format!("main {own}"));
        let parts: Vec<_> = told.story.ends().into_iter().filter(|end| !end.contains("-main")).collect();
        let expected = [
            "2-pre success",
            "2.2-pre success",
            "2.2.1-pre success",
            "3-pre success",
            "3-post success",
            "2-post success",
            "2.2-post success",
            "2.2.1-post success",
        ];
        assert_eq!(parts, expected, "unlike `./`, it has a pre part, and a post part inside of others");
        let names = ["0-main", "2.0-main", "2.0.0-main"].map(|step| told.story.step(step).name().to_owned());
        assert_eq!(names, ["Run $/say", "Run $/inner", "Run $/deep/say/"]);
        let set_up = told.story.step("-pre").log();
        assert_eq!(set_up.matches("Download action repository 'acme/tools@v1'").count(), 1, "{set_up}");
        let uses = ["acme/tools/outer@v1", "acme/other@v2", "acme/tools/inner@v1"].map(str::to_owned);
        let resolved: Vec<_> = told.story.resolved.iter().map(|(uses, _)| uses.clone()).collect();
        assert_eq!(resolved[..3], uses);
        let commits = |name: &str| {
            let of = told.story.resolved.iter().filter(|(uses, _)| uses.starts_with(name));
            of.map(|(_, commit)| commit.as_str()).collect::<std::collections::BTreeSet<_>>().len()
        };
        assert_eq!((commits("acme/tools"), commits("acme/other")), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn in_a_workflow_of_another_repository_it_is_that_one() {
    let mut spec = of_steps("- uses: actions/checkout@v4\n- uses: $/deep/say\n- uses: ./local");
    spec.files[0] = "acme/tools/.github/workflows/called.yml@v1".to_owned();
    let control = || {
        let tools = says("of the tools");
        let files =
            [("deep/say/action.yml", tools.as_str()), ("say/action.yml", &says("beside the workflow"))];
        let mut control = host();
        control.actions.remove("acme/tools@v1");
        control.action("acme/tools@v1", &files)
    };
    everywhere(&spec, control, |told| {
        assert_eq!(told.story.step("1.0-main").lines[0], "of the tools acme/tools v1");
        assert_eq!(told.story.step("2.0.0-main").lines[0], "beside the workflow acme/tools v1");
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_fails_the_set_up_and_is_named() {
    let control = || {
        host().action("acme/bad@v1", &[("action.yml", "runs: {using: composite, steps: [{uses: $/gone}]}")])
    };
    for (uses, name) in [("$/gone", "$/gone"), ("acme/bad@v1", "acme/bad/gone@v1")] {
        everywhere(&of_steps(&format!("- run: echo never\n- uses: {uses}")), control, |told| {
            assert!(told.story.ends().is_empty());
            let log = told.story.step("-pre").log();
            let text = format!(
                "##[error]Can't find 'action.yml', 'action.yaml' or 'Dockerfile' for action '{name}'."
            );
            assert!(log.contains(&text), "{log}");
        })
        .await;
    }
    everywhere(&of_steps("- uses: $/say"), MemoryControl::default, |told| {
        assert!(told.story.step("-pre").log().contains("##[error]there is no repository here"), "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn actions_that_use_themselves_end_at_the_runners_depth() {
    let text = "##[error]Composite action depth exceeded max depth 9";
    let control = || {
        let ring = [("action.yml", "runs: {using: composite, steps: [{uses: $/.}]}")];
        let near = "runs: {using: composite, steps: [{uses: ./ring}]}";
        MemoryControl::default().repository(&[("ring/action.yml", near)]).action("acme/ring@v1", &ring)
    };
    everywhere(&of_steps("- run: echo never\n- uses: acme/ring@v1"), control, |told| {
        assert!(told.story.step("-pre").log().contains(text), "{told:?}");
        assert!(told.story.ends().is_empty());
    })
    .await;
    everywhere(&of_steps("- uses: actions/checkout@v4\n- uses: ./ring"), control, |told| {
        assert_eq!(told.result.conclusion, Conclusion::Failure);
        let deepest = "1.0.0.0.0.0.0.0.0.0.0-main";
        assert_eq!(told.story.step(deepest).lines, [text]);
    })
    .await;
}
