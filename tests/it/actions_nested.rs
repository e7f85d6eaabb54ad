//! Actions and workflows within each other, and servers that are somewhere else, or nowhere.

use act_tests::cli::Project;
use act_tests::git_server::GitServer;
use insta::assert_snapshot;

#[test]
fn composite_actions_nest_and_hand_values_through() {
    let mut project = Project::with(
        r#"
on: push
jobs:
  outer:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: outer
        uses: ./outer
        with: {word: deep}
      - run: echo "${{ steps.outer.outputs.twice }}"
      - uses: ./outer
        continue-on-error: true
        with: {word: fail}
"#,
    );
    project.file(
        "outer/action.yml",
        r#"
name: Outer
inputs: {word: {required: true}}
outputs: {twice: {value: "${{ steps.inner.outputs.said }} ${{ steps.inner.outputs.said }}"}}
runs:
  using: composite
  steps:
    - id: inner
      uses: ./inner
      with: {word: "<${{ inputs.word }}>"}
    - shell: bash
      run: echo "inner was ${{ steps.inner.outcome }}"
    - if: failure()
      shell: bash
      run: echo "told of the failure"
"#,
    );
    project.file(
        "inner/action.yaml",
        r#"
name: Inner
inputs: {word: {required: true}}
outputs: {said: {value: "${{ steps.say.outputs.said }}"}}
runs:
  using: composite
  steps:
    - id: say
      name: Say ${{ inputs.word }}
      shell: bash
      run: |
        echo "said=${{ inputs.word }}" >> "$GITHUB_OUTPUT"
        [ "${{ inputs.word }}" != "<fail>" ]
"#,
    );
    project.commit();
    assert_snapshot!(project.run(&[]), @r#"
    exit 0
    .github/workflows/ci.yml
    push main <commit>, .github/workflows/ci.yml #1, run <run>
    runs-on ubuntu-latest: runs `ubuntu-latest` as processes on this machine
    ▶ outer on act-host
    ▸ Run actions/checkout@v4
      Checked out the working tree of local/project
    ✓ Run actions/checkout@v4 (<time>)
    ▸ Run ./outer
      ▸ Run ./inner
        ✓ Say <deep> (<time>)
      ✓ Run ./inner (<time>)
      ▸ Run echo "inner was success"
        inner was success
      ✓ Run echo "inner was success" (<time>)
      ⊘ Run echo "told of the failure" (skipped)
    ✓ Run ./outer (<time>)
    ▸ Run echo "<deep> <deep>"
      <deep> <deep>
    ✓ Run echo "<deep> <deep>" (<time>)
    ▸ Run ./outer
      ▸ Run ./inner
        ▸ Say <fail>
          error: Process completed with exit code 1.
        ✗ Say <fail> (failed after <time>)
      ✗ Run ./inner (failed after <time>)
      ⊘ Run echo "inner was failure" (skipped)
      ▸ Run echo "told of the failure"
        told of the failure
      ✓ Run echo "told of the failure" (<time>)
    ! Run ./outer (failed after <time>, continue-on-error)

    ✗ Say <fail> failed, its last lines:
        error: Process completed with exit code 1.

      ✓ outer  success  <time>  Say <fail>

    ✓ .github/workflows/ci.yml succeeded in <time>
      full log: act-host runs logs <run>
    "#);
}

#[test]
fn checkout_brings_history_as_far_as_it_is_asked_for() {
    let mut project = Project::with(
        r#"
on: push
jobs:
  look:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {path: shallow}
      - uses: actions/checkout@v4
        with: {path: whole, fetch-depth: 0}
      - run: |
          echo "shallow has $(git -C shallow rev-list --count HEAD), whole has $(git -C whole rev-list --count HEAD)"
          git -C whole status --short
          git -C whole log --format=%s --max-count=1 -- added.txt
          git -C whole branch --show-current
          ls whole shallow
"#,
    );
    project.file("added.txt", "1\n").commit();
    project.file("added.txt", "2\n").file(".gitignore", "ignored\n").file("ignored", "").commit();
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let said = ran.stdout.split("▸ Run echo").nth(1).unwrap().split("✓ Run echo").next().unwrap();
    assert_snapshot!(said, @r#"
    "shallow has $(git -C shallow rev-list --count HEAD), whole has $(git -C whole rev-list --count HEAD)"
     shallow has 1, whole has 3
     all there is
     main
     shallow:
     added.txt
     
     whole:
     added.txt
    "#);
}

#[test]
fn a_remote_workflow_and_what_lies_beside_it_come_from_its_own_commit() {
    let server = GitServer::start();
    let called = r#"
on:
  workflow_call:
    inputs: {word: {type: string}, commit: {type: string}}
    outputs: {said: {value: "${{ jobs.nested.outputs.said }}"}}
jobs:
  say:
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ inputs.word }}
      - run: echo "${{ job.workflow_repository }} ${{ job.workflow_file_path }} ${{ job.workflow_ref }}"
      - run: test ${{ job.workflow_sha }} = ${{ inputs.commit }}
  nested:
    uses: ./.github/workflows/nested.yml
"#;
    let nested = |word: &str| {
        format!(
            "on:\n  workflow_call:\n    outputs: {{said: {{value: '${{{{ jobs.a.outputs.said }}}}'}}}}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    outputs: {{said: {word}}}\n    steps: [{{run: 'echo ${{{{ job.workflow_ref }}}}'}}]\n"
        )
    };
    let files =
        [(".github/workflows/called.yml", called), (".github/workflows/nested.yml", &nested("of v1"))];
    let commit = server.publish("acme/flows", "v1", &files);
    server.publish("acme/flows", "v2", &[(".github/workflows/nested.yml", &nested("of v2"))]);
    let caller = r#"
on: push
jobs:
  call:
    uses: acme/flows/.github/workflows/called.yml@v1
    with: {word: far, commit: COMMIT}
  show:
    needs: call
    runs-on: ubuntu-latest
    steps: [{run: "echo 'it is ${{ needs.call.outputs.said }}'"}]
"#;
    let mut project = Project::with(&caller.replace("COMMIT", &commit));
    server.stands_for_github(&mut project);
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(ran.lines_with("  it is of v1").len(), 1, "{ran}");
    assert_eq!(ran.lines_with("  far").len(), 1, "{ran}");
    let called = "acme/flows .github/workflows/called.yml acme/flows/.github/workflows/called.yml@v1";
    assert_eq!(ran.lines_with(&format!("  {called}")).len(), 1, "{ran}");
    let nested = "  acme/flows/.github/workflows/nested.yml@v1";
    assert_eq!(ran.lines_with(nested).len(), 1, "{ran}");
}

#[test]
fn the_own_repository_is_that_of_the_file_which_says_so() {
    let server = GitServer::start();
    let say = |word: &str| {
        format!("runs:\n  using: composite\n  steps: [{{shell: bash, run: echo said by {word}}}]\n")
    };
    let uses = |actions: &[&str]| {
        let steps: Vec<String> = actions.iter().map(|action| format!("{{uses: {action}}}")).collect();
        format!("runs:\n  using: composite\n  steps: [{}]\n", steps.join(", "))
    };
    let called = "on: workflow_call\njobs:\n  say:\n    runs-on: ubuntu-latest\n    steps: [{uses: $/say}]\n";
    server.publish(
        "acme/tools",
        "v1",
        &[
            ("outer/action.yml", &uses(&["$/inner", "acme/others@v1", "$/say"])),
            ("inner/action.yml", &uses(&["$/say"])),
            ("say/action.yml", &say("tools v1")),
            (".github/workflows/called.yml", called),
        ],
    );
    server.publish("acme/tools", "v2", &[("say/action.yml", &say("tools v2"))]);
    server.publish(
        "acme/others",
        "v1",
        &[("action.yml", &uses(&["$/say"])), ("say/action.yml", &say("others"))],
    );
    let mut project = Project::with(
        r#"
on: push
jobs:
  steps:
    runs-on: ubuntu-latest
    steps:
      - uses: $/say
      - uses: acme/tools/outer@v1
      - uses: acme/tools/say@v2
  call:
    needs: steps
    uses: acme/tools/.github/workflows/called.yml@v1
"#,
    );
    project.file("say/action.yml", say("the project")).commit();
    server.stands_for_github(&mut project);
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let said = ran.lines_with("  said by ");
    let said: Vec<&str> = said.iter().filter_map(|line| Some(line.split_once("  said by ")?.1)).collect();
    assert_eq!(said, ["the project", "tools v1", "others", "tools v1", "tools v2", "tools v1"], "{ran}");
}

const SAY: &str = "runs:\n  using: composite\n  steps: [{shell: bash, run: echo said by TAG}]\n";

fn uses(action: &str) -> Project {
    Project::with(&format!(
        "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo before\n      - uses: {action}\n"
    ))
}

#[test]
fn another_server_can_be_named() {
    let server = GitServer::start();
    server.publish("acme/say", "v1", &[("sub/action.yml", &SAY.replace("TAG", "v1"))]);
    let mut project = uses("acme/say/sub@v1");
    project.env("GITHUB_SERVER_URL", server.as_folder());
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(ran.lines_with("  said by v1").len(), 1, "{ran}");
}

#[test]
fn without_a_network_the_first_line_of_trouble_names_the_server() {
    let mut project = uses("acme/say@v1");
    project.env("GITHUB_SERVER_URL", "http://127.0.0.1:1");
    assert_snapshot!(project.run(&[]), @"
    exit 1
    .github/workflows/ci.yml
    push main <commit>, .github/workflows/ci.yml #1, run <run>
    runs-on ubuntu-latest: runs `ubuntu-latest` as processes on this machine
    ▶ one on act-host
    error: could not reach http://<server>/acme/say

    annotations
      error: could not reach http://<server>/acme/say
        unable to access 'http://<server>/acme/say/': Failed to connect to 127.0.0.1 port 1 after <time>: Couldn't connect to server
        `acme/say@v1` is used at .github/workflows/ci.yml:7
        hint: what was fetched before can be used in offline mode
        Set up job

      ✗ one  failure  <time>

    ✗ .github/workflows/ci.yml failed in <time>
      full log: act-host runs logs <run>
    ");
    let mut project =
        Project::with("on: push\njobs:\n  call: {uses: acme/flows/.github/workflows/x.yml@v1}\n");
    project.env("GITHUB_SERVER_URL", "http://127.0.0.1:1");
    assert_snapshot!(project.run(&[]), @r#"
    exit 2
    --- stderr
    error: error parsing called workflow "acme/flows/.github/workflows/x.yml@v1": workflow was not found.
     --> .github/workflows/ci.yml:3:16
      |
    3 |   call: {uses: acme/flows/.github/workflows/x.yml@v1}
      |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
    hint: could not reach http://<server>/acme/flows: fatal: unable to access 'http://<server>/acme/flows/': Failed to connect to 127.0.0.1 port 1 after <time>: Couldn't connect to server (what was fetched before can be used in offline mode)
    "#);
}

#[test]
fn a_job_knows_the_file_that_it_is_written_in() {
    let job = |trigger: &str, more: &str| {
        format!(
            "on: {trigger}\njobs:\n  own:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo \"it is ${{{{ job.workflow_ref }}}} ${{{{ \
             job.workflow_file_path }}}} ${{{{ job.workflow_sha == github.sha }}}}\"\n{more}"
        )
    };
    let mut project = Project::with(&job("push", "  call: {uses: ./.github/workflows/called.yml}\n"));
    project.workflow("called.yml", &job("workflow_call", ""));
    let ran = project.run(&["--concurrent-jobs", "1", "-W", ".github/workflows/ci.yml"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_snapshot!(ran.lines_with("  it is").join("\n"), @"
    [own]          it is local/project/.github/workflows/ci.yml@refs/heads/main .github/workflows/ci.yml true
    [call / own]   it is local/project/.github/workflows/called.yml@refs/heads/main .github/workflows/called.yml true
    ");
}
