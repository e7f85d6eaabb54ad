//! Actions and workflows of other repositories, from a real git server; JavaScript and composite actions; checkouts.

use act_tests::cli::Project;
use act_tests::git_server::GitServer;

const NODE: &str = "name: node\ndescription: d\ninputs: {who: {description: d, default: world}}\noutputs: {said: {description: d}}\nruns: {using: node20, pre: pre.js, main: main.js, post: post.js}\n";

/// A server with a JavaScript action, a composite action that uses it, and a workflow.
fn server() -> (GitServer, String) {
    let server = GitServer::start();
    let files = [
        ("action.yml", NODE),
        ("pre.js", "console.log('pre of', process.env.INPUT_WHO)\n"),
        (
            "main.js",
            "const fs = require('fs');\nconsole.log('hello', process.env.INPUT_WHO);\nfs.appendFileSync(process.env.GITHUB_OUTPUT, `said=hello ${process.env.INPUT_WHO}\\n`);\nfs.appendFileSync(process.env.GITHUB_STATE, 'kept=from main\\n');\n",
        ),
        ("post.js", "console.log('post knows', process.env.STATE_kept)\n"),
        (
            "nested/action.yml",
            "name: nested\ndescription: d\noutputs: {said: {description: d, value: '${{ steps.inner.outputs.said }}'}}\nruns:\n  using: composite\n  steps:\n    - id: inner\n      uses: octo/tools@v1\n      with: {who: nested}\n    - shell: bash\n      run: test -f \"$GITHUB_ACTION_PATH/action.yml\" && echo the action is at hand\n",
        ),
        (
            ".github/workflows/called.yml",
            "on: {workflow_call: {inputs: {word: {type: string, required: true}}, outputs: {back: {value: '${{ jobs.a.outputs.back }}'}}}}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    outputs: {back: '${{ steps.s.outputs.back }}'}\n    steps:\n      - id: s\n        run: echo \"back=${{ inputs.word }} and back\" >> \"$GITHUB_OUTPUT\"\n",
        ),
    ];
    let commit = server.publish("octo/tools", "v1", &files);
    (server, commit)
}

fn project(server: &GitServer, steps: &str) -> Project {
    let mut project =
        Project::with(&format!("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n{steps}"));
    server.stands_for_github(&mut project);
    project
}

/// Whether these lines come in this order.
fn in_order(text: &str, lines: &[&str]) {
    let mut rest = text;
    for line in lines {
        let at = rest.find(line).unwrap_or_else(|| panic!("`{line}` is missing, or too early:\n{text}"));
        rest = &rest[at + line.len()..];
    }
}

#[test]
fn a_remote_action_runs_its_three_parts_around_the_steps() {
    let (server, commit) = server();
    let steps = "      - run: echo first step\n      - id: tool\n        uses: octo/tools@v1\n        with: {who: you}\n      - run: echo \"it said ${{ steps.tool.outputs.said }}\"\n";
    let project = project(&server, steps);
    let ran = project.run(&["--json"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.stdout.contains("action-resolved"), "the log names no commit of {commit}: {ran}");
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    in_order(
        &ran.stdout,
        &["pre of you", "first step", "hello you", "it said hello you", "post knows from main"],
    );
}

#[test]
fn a_composite_action_holds_remote_ones_and_gives_their_outputs() {
    let (server, _) = server();
    let steps = "      - id: n\n        uses: octo/tools/nested@v1\n      - run: echo \"it said ${{ steps.n.outputs.said }}\"\n";
    let ran = project(&server, steps).run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    in_order(
        &ran.stdout,
        &[
            "pre of nested",
            "hello nested",
            "the action is at hand",
            "it said hello nested",
            "post knows from main",
        ],
    );
}

#[test]
fn what_was_fetched_serves_without_a_network() {
    let (server, commit) = server();
    let project = project(&server, "      - uses: octo/tools@v1\n");
    let offline = project.run(&["--action-offline-mode"]);
    assert_ne!(offline.code, Some(0), "nothing was fetched yet: {offline}");
    let online = project.run(&[]);
    assert_eq!(online.code, Some(0), "{online}");
    drop(server);
    let offline = project.run(&["--action-offline-mode"]);
    assert_eq!((offline.code, offline.lines_with("hello world").len()), (Some(0), 1), "{offline}");
    let mut pinned = project;
    pinned.workflow(
        "ci.yml",
        &format!(
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{{uses: octo/tools@{commit}}}]\n"
        ),
    );
    let pinned = pinned.run(&[]);
    assert_eq!(pinned.code, Some(0), "a commit that is here needs no server: {pinned}");
}

#[test]
fn an_action_that_cannot_be_had_fails_the_job_with_the_reason() {
    let (server, _) = server();
    for (uses, texts) in [
        ("octo/nothing@v1", &["octo/nothing"][..]),
        ("octo/tools@v9", &["octo/tools@v9", "unable to find version `v9`"]),
        ("octo/tools/nowhere@v1", &["action.yml", "nowhere"]),
    ] {
        let ran = project(&server, &format!("      - uses: {uses}\n      - run: echo never\n")).run(&[]);
        assert_eq!(ran.code, Some(1), "{uses}: {ran}");
        texts.iter().for_each(|text| assert!(ran.stdout.contains(text), "{uses}, `{text}`: {ran}"));
        assert!(!ran.stdout.contains("  never"), "{ran}");
    }
}

#[test]
fn no_network_is_said() {
    let mut project = Project::with(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{uses: octo/tools@v1}]\n",
    );
    project.outside("home/.gitconfig", "[url \"git://127.0.0.1:1/\"]\n\tinsteadOf = https://github.com/\n");
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stdout.contains("could not reach") || ran.stdout.contains("unable to connect"), "{ran}");
}

#[test]
fn a_folder_stands_for_a_repository() {
    let (server, _) = server();
    let project = project(&server, "      - uses: octo/tools@v7\n");
    let folder = format!("octo/tools@v7={}", server.folder("octo/tools").display());
    let ran = project.run(&["--local-repository", &folder]);
    assert_eq!((ran.code, ran.lines_with("hello world").len()), (Some(0), 1), "{ran}");
}

#[test]
fn a_workflow_of_another_repository_is_called() {
    let (server, _) = server();
    let mut project = Project::with(
        "on: push\njobs:\n  call:\n    uses: octo/tools/.github/workflows/called.yml@v1\n    with: {word: there}\n  after:\n    needs: call\n    runs-on: ubuntu-latest\n    steps: [{run: 'echo \"${{ needs.call.outputs.back }}\"'}]\n",
    );
    server.stands_for_github(&mut project);
    let ran = project.run(&[]);
    assert_eq!((ran.code, ran.lines_with("  there and back").len()), (Some(0), 1), "{ran}");
}

#[test]
fn the_nearest_node_is_taken_with_a_word() {
    let mut project = Project::with(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{uses: actions/checkout@v4}, {uses: ./old}]\n",
    );
    project.file("old/action.yml", "name: o\ndescription: d\nruns: {using: node99, main: m.js}\n");
    project.file("old/m.js", "console.log('it ran')\n").commit();
    let ran = project.run(&[]);
    // The grammar of actions knows no such node yet, or it runs on the one there is.
    if ran.code == Some(0) {
        assert!(ran.stdout.contains("node99") && ran.stdout.contains("warning"), "{ran}");
    } else {
        assert!(ran.stdout.contains("node99"), "{ran}");
    }
}

#[test]
fn a_checkout_is_the_working_tree_with_a_git_that_works() {
    let mut project = Project::with(
        "on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: test -z \"$(ls -A)\" && echo empty before
      - uses: actions/checkout@v4
      - run: |
          echo \"edited: $(cat edited)\"
          echo \"commits: $(git rev-list --count HEAD)\"
          test ! -e ignored && echo ignored files stay away
          git status --short
          git -c user.name=a -c user.email=a@b commit -qam inside && git log -1 --format='log: %s'
      - uses: actions/checkout@v4
        with: {path: sub/whole, fetch-depth: 0}
      - run: |
          echo \"all commits: $(git -C sub/whole rev-list --count HEAD), tags: $(git -C sub/whole tag)\"
",
    );
    project.file(".gitignore", "ignored\n").file("edited", "one").commit();
    project.git(&["tag", "v1"]);
    project.commit();
    project.file("edited", "two").file("ignored", "x");
    let head = project.git(&["rev-parse", "HEAD"]);
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    in_order(
        &ran.stdout,
        &[
            "empty before",
            "edited: two",
            "commits: 1",
            "ignored files stay away",
            " M edited",
            "log: inside",
            "all commits: 3, tags: v1",
        ],
    );
    assert_eq!(project.git(&["rev-parse", "HEAD"]), head, "the repository itself was changed");
    assert_eq!(std::fs::read_to_string(project.path("edited")).unwrap(), "two");
}
