//! Flags and files that choose what runs and what it is given.

use act_tests::cli::Project;
use insta::assert_snapshot;

const VALUES: &str = r#"
on:
  push:
  workflow_dispatch:
    inputs:
      who: {type: string, default: nobody}
jobs:
  show:
    runs-on: ubuntu-latest
    steps:
      - env: {SECRET: "${{ secrets.KEY }}"}
        run: |
          echo "env FROM=$FROM MORE=$MORE"
          echo "vars ${{ vars.REGION }}"
          echo "inputs ${{ inputs.who }} ${{ github.event.inputs.who }}"
          echo "secret $(printf %s "$SECRET" | rev) is not $SECRET"
"#;

fn said(project: &Project, args: &[&str]) -> String {
    let ran = project.run(args);
    assert_eq!(ran.code, Some(0), "{ran}");
    let is_said = |line: &&str| {
        ["env ", "vars ", "inputs ", "secret "].iter().any(|word| line.trim().starts_with(word))
    };
    ran.stdout.lines().map(str::trim).filter(is_said).collect::<Vec<_>>().join("\n")
}

#[test]
fn values_come_from_files_and_flags_win() {
    let mut project = Project::with(VALUES);
    project.file(".env", "FROM=file\nMORE=\"two words\"\n");
    project.file(".vars", "REGION=file-region\n");
    project.file(".secrets", "KEY=file-secret\n");
    project.file(".input", "who=file-input\n");
    assert_snapshot!(said(&project, &["workflow_dispatch"]), @"
    env FROM=file MORE=two words
    vars file-region
    inputs file-input file-input
    secret terces-elif is not ***
    ");
    let flags = [
        "workflow_dispatch",
        "--env",
        "FROM=flag",
        "--var",
        "REGION=flag-region",
        "-s",
        "KEY=flag-secret",
        "--input",
        "who=flag-input",
    ];
    assert_snapshot!(said(&project, &flags), @"
    env FROM=flag MORE=two words
    vars flag-region
    inputs flag-input flag-input
    secret terces-galf is not ***
    ");
}

#[test]
fn a_secret_without_a_value_is_taken_from_the_environment() {
    let mut project = Project::with(VALUES);
    project.env("KEY", "a-secret").env("FROM", "surroundings").env("MORE", "not asked for");
    assert_snapshot!(said(&project, &["push", "-s", "KEY", "--env", "FROM"]), @"
    env FROM=surroundings MORE=
    secret terces-a is not ***
    ");
}

#[test]
fn secrets_are_shown_only_on_the_users_word() {
    let project = Project::with(VALUES);
    let ran = project.run(&["push", "-s", "KEY=abcdef", "--insecure-secrets"]);
    assert_eq!(ran.lines_with("secret fedcba is not abcdef").len(), 1, "{ran}");
    let ran = project.run(&["push", "-s", "KEY=abcdef", "--json"]);
    assert!(!ran.stdout.contains("abcdef"), "{ran}");
}

#[test]
fn a_payload_is_the_event() {
    let mut project = Project::with(
        r#"
on:
  pull_request:
    branches: [main]
jobs:
  show:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo "${{ github.event.action }} #${{ github.event.number }} $GITHUB_REF $GITHUB_BASE_REF <- $GITHUB_HEAD_REF"
          echo "$(wc -l < "$GITHUB_EVENT_PATH" | xargs test 0 -le && echo read)"
"#,
    );
    project.file(
        "event.json",
        r#"{"action": "opened", "number": 7, "pull_request": {"number": 7, "head": {"ref": "topic"}, "base": {"ref": "main"}}}"#,
    );
    let ran = project.run(&["pull_request", "-e", "event.json"]);
    assert_eq!(ran.lines_with("  opened #7 refs/pull/7/merge main <- topic").len(), 1, "{ran}");

    project.file(
        "event.json",
        r#"{"pull_request": {"number": 7, "head": {"ref": "x"}, "base": {"ref": "other"}}}"#,
    );
    assert_snapshot!(project.run(&["pull_request", "-e", "event.json"]), @"
    exit 2
    --- stderr
    error: no workflow runs on `pull_request`
    hint: .github/workflows/ci.yml: branch 'other' matches no pattern of on.pull_request.branches
    hint: `--no-filters` runs them all the same, `-W FILE` one of them
    ");
}

#[test]
fn path_filters_see_what_git_says_of_the_commits_of_a_payload() {
    let workflow = "
on:
  push: {paths: [docs/**]}
  pull_request: {paths: [docs/**]}
jobs:
  show: {runs-on: ubuntu-latest, steps: [{run: echo runs}]}
";
    let mut project = Project::with(workflow);
    let first = project.commit().git(&["rev-parse", "HEAD"]);
    let docs = project.file("docs/a.md", "a").commit().git(&["rev-parse", "HEAD"]);
    let code = project.file("code.rs", "b").commit().git(&["rev-parse", "HEAD"]);
    let push = |before: &str, after: &str| format!(r#"{{"before": "{before}", "after": "{after}"}}"#);
    let pull_request = |base: &str, head: &str| {
        format!(
            r#"{{"number": 1, "pull_request": {{"base": {{"sha": "{base}"}}, "head": {{"sha": "{head}"}}}}}}"#
        )
    };
    for (event, payload, runs) in [
        ("push", push(first.trim(), docs.trim()), true),
        ("push", push(docs.trim(), code.trim()), false),
        ("pull_request", pull_request(first.trim(), code.trim()), true),
        ("pull_request", pull_request(docs.trim(), code.trim()), false),
        // A new branch, and commits that are not here: nobody knows, so nothing is held back.
        ("push", push(&"0".repeat(40), docs.trim()), true),
        ("push", push(&"1".repeat(40), &"2".repeat(40)), true),
    ] {
        let ran = project.file("event.json", &payload).run(&[event, "-e", "event.json"]);
        assert_eq!(ran.code, Some(if runs { 0 } else { 2 }), "{payload}: {ran}");
        assert_eq!(ran.stderr.contains(&format!("matches on.{event}.paths")), !runs, "{ran}");
    }
}

const TWO: &str = r#"
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    strategy: {matrix: {os: [a, b], v: [1, 2]}}
    steps: [{run: "true"}]
  test:
    needs: build
    runs-on: ubuntu-latest
    steps: [{run: "true"}]
  lint:
    runs-on: ubuntu-latest
    steps: [{run: "true"}]
"#;

/// The names of the jobs in the table at the end.
fn jobs(project: &Project, args: &[&str]) -> String {
    let ran = project.run(args);
    assert_eq!(ran.code, Some(0), "{ran}");
    // Where several files run, each line begins with its file.
    let lines = ran.stdout.lines().map(|line| line.split_once("│ ").map_or(line, |(_, line)| line));
    let rows = lines.filter_map(|line| line.strip_prefix("  ✓ ")?.split("  ").next());
    rows.collect::<Vec<_>>().join(", ")
}

#[test]
fn jobs_legs_and_files_can_be_chosen() {
    let mut project = Project::with(TWO);
    project.workflow(
        "nested/deep.yml",
        "on: push\njobs:\n  deep: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}\n",
    );
    project.file(
        "elsewhere.yml",
        "on: issues\njobs:\n  far: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}\n",
    );
    for (args, expected) in [
        (&["-j", "lint"][..], "lint"),
        (&["-j", "test", "--matrix", "os:a", "--concurrent-jobs", "1"], "build (a, 1), build (a, 2), test"),
        (&["-j", "build", "--matrix", "os:a", "--matrix", "v:2"], "build (a, 2)"),
        (&["-j", "lint", "-j", "deep", "--concurrent-jobs", "1"], "lint, deep"),
        (&["-W", "elsewhere.yml"], "far"),
        (&["issues", "-W", "elsewhere.yml"], "far"),
        (&["-W", ".github/workflows/nested"], "deep"),
        (&["-j", "lint", "--no-recurse"], "lint"),
    ] {
        assert_eq!(jobs(&project, args), expected, "{args:?}");
    }
}

#[test]
fn flags_can_stand_in_a_file_which_may_narrow_but_not_grant() {
    let mut project = Project::with(TWO);
    project.file(".actrc", "# what we mostly want\n-j lint\n--bind\n-s KEY=x\n--privileged\n");
    assert_snapshot!(project.run(&[]), @"
    exit 0
    .github/workflows/ci.yml
    push main <commit>, .github/workflows/ci.yml #1, run <run>
    runs-on ubuntu-latest: runs `ubuntu-latest` as processes on this machine
    ▶ lint on act-host
    ✓ Run true (<time>)

      ✓ lint  success  <time>

    ✓ .github/workflows/ci.yml succeeded in <time>
      full log: act-host runs logs <run>
    --- stderr
    notice: $REPO/.actrc:3: passed over: a file in the repository may not set this; put it into your own configuration
    notice: $REPO/.actrc:4: passed over: a file in the repository may not set this; put it into your own configuration
    notice: $REPO/.actrc:5: `--privileged` passed over: not built yet: jobs in containers
    ");
    project.outside("home/.actrc", "-j build\n--matrix os:b\n--matrix v:1\n--verbos\n");
    assert_snapshot!(project.run(&[]), @"
    exit 2
    --- stderr
    error: $HOME/.actrc:4: unexpected argument '--verbos' found
    hint: did you mean `--verbose`?
    ");
}

#[test]
fn a_link_named_act_takes_the_flags_of_act() {
    let project = Project::with(TWO);
    let mut act = project.shell("ln -s \"$(command -v act-host)\" \"$HOME/act\" && \"$HOME/act\" push -j lint -P ubuntu-latest=-self-hosted");
    act.saw("lint  success");
    assert_eq!(act.end().code, Some(0));
    let ran = project.shell("\"$HOME/act\" -l").end();
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.stdout.contains("build"), "{ran}");
}

#[test]
fn platforms_map_labels_to_this_machine_or_to_nothing() {
    let project =
        Project::with("on: push\njobs:\n  far: {runs-on: [self-hosted, gpu], steps: [{run: 'true'}]}\n");
    assert_snapshot!(project.run(&[]), @"
    exit 2
    --- stderr
    error: nothing here runs `runs-on: self-hosted, gpu`: `gpu` is no label of this machine (Linux X64)
     --> .github/workflows/ci.yml:3:18
      |
    3 |   far: {runs-on: [self-hosted, gpu], steps: [{run: 'true'}]}
      |                  ^^^^^^^^^^^^^^^^^^
      |
    hint: `-P gpu=-self-hosted` runs jobs with this label on this machine
    ");
    assert_eq!(project.run(&["-P", "gpu=-self-hosted"]).code, Some(0));
    assert_snapshot!(project.run(&["-P", "gpu=nvidia/cuda:12"]), @"
    exit 2
    --- stderr
    error: nothing here runs `runs-on: self-hosted, gpu`: `gpu` is mapped to the image `nvidia/cuda:12`, and containers are not built yet: map it with `-P gpu=-self-hosted`
     --> .github/workflows/ci.yml:3:18
      |
    3 |   far: {runs-on: [self-hosted, gpu], steps: [{run: 'true'}]}
      |                  ^^^^^^^^^^^^^^^^^^
    ");
}

#[test]
fn a_bound_workspace_is_the_working_tree_itself() {
    let mut project = Project::with(
        r#"
on: push
jobs:
  write:
    runs-on: ubuntu-latest
    steps:
      - run: cat present.txt
      - uses: actions/checkout@v4
      - run: |
          cat present.txt
          echo made > made.txt
"#,
    );
    project.file("present.txt", "it is here\n");
    let ran = project.run(&["--bind"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(ran.lines_with("  it is here").len(), 2, "{ran}");
    assert_eq!(std::fs::read_to_string(project.path("made.txt")).unwrap(), "made\n");
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(1), "{ran}");
}

#[test]
fn what_jobs_leave_can_be_kept() {
    let project = Project::with(
        "on: push\njobs:\n  write: {runs-on: ubuntu-latest, steps: [{run: 'echo made > made.txt'}]}\n",
    );
    let ran = project.run(&["--keep"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(project.leftovers(), ["<run>-write-1-1"]);
    let again = project.run(&[]);
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), ""));
    assert_eq!(project.leftovers(), ["<run>-write-1-1"]);
}

#[test]
fn less_and_more_can_be_shown() {
    let project = Project::with(
        r#"
on: push
jobs:
  talk:
    runs-on: ubuntu-latest
    steps:
      - name: Talk
        env: {WHO: world}
        run: |
          echo "hello $WHO${RUNNER_DEBUG+, who is debugged}"
          echo "::debug::inside"
"#,
    );
    assert_snapshot!(project.run(&["-q"]), @"
    exit 0
    .github/workflows/ci.yml
    push main <commit>, .github/workflows/ci.yml #1, run <run>
    runs-on ubuntu-latest: runs `ubuntu-latest` as processes on this machine
    ▶ talk on act-host
    ✓ Talk (<time>)

      ✓ talk  success  <time>

    ✓ .github/workflows/ci.yml succeeded in <time>
      full log: act-host runs logs <run>
    ");
    assert_snapshot!(project.run(&["-v"]), @r#"
    exit 0
    .github/workflows/ci.yml
    push main <commit>, .github/workflows/ci.yml #2, run <run>
    runs-on ubuntu-latest: runs `ubuntu-latest` as processes on this machine (this machine)
    ▶ talk on act-host
    Runner name: 'act-host'
    Operating system: Linux X64
    ▸ Talk
        echo "hello $WHO${RUNNER_DEBUG+, who is debugged}"
        echo "::debug::inside"
        shell: /usr/bin/bash -e {0}
        env WHO: world
      hello world
      debug: inside
    ✓ Talk (<time>)

      ✓ talk  success  <time>

    ✓ .github/workflows/ci.yml succeeded in <time>
      full log: act-host runs logs <run>
    "#);
}

#[test]
fn a_dry_run_starts_nothing() {
    let project = Project::with(
        "on: push\njobs:\n  touch: {runs-on: ubuntu-latest, steps: [{run: touch \"$HOME/touched\"}]}\n",
    );
    let ran = project.run(&["-n"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.stdout.contains("touch"), "{ran}");
    assert!(!project.folder("home/touched").exists());
    assert!(!project.folder("state/runs").exists());
    assert_eq!(project.leftovers(), [""; 0]);
}
