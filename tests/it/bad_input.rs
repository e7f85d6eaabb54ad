//! Input that is hostile, or met by a hostile machine: a clear error, its exit code, nothing half done. What the messages
//! of everyday mistakes look like is in `messages`.

use act_tests::cli::{Project, Ran};

const STEPS: &str = "    runs-on: ubuntu-latest\n    steps: [{run: echo never}]\n";

/// Runs a workflow that must be refused before anything starts.
fn refused(workflow: impl AsRef<[u8]>) -> Ran {
    let mut project = Project::new();
    project.file(".github/workflows/ci.yml", workflow).commit();
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(!ran.stdout.contains("never"), "{ran}");
    assert!(!project.folder("state/runs").exists(), "a run was recorded: {ran}");
    assert_eq!(project.leftovers(), [""; 0]);
    ran
}

fn says(ran: &Ran, texts: &[&str]) {
    for text in texts {
        assert!(ran.stderr.contains(text), "`{text}` is not said:\n{ran}");
    }
}

#[test]
fn a_file_of_ten_megabytes_is_too_large() {
    let workflow = format!("on: push\njobs:\n  a:\n{STEPS}# {}\n", "x".repeat(10 << 20));
    says(&refused(workflow), &["ci.yml"]);
}

#[test]
fn an_alias_bomb_is_no_bomb() {
    let mut workflow = "on: push\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*x{}", level - 1); 10].join(", ");
        workflow += format!("x{level}: &x{level} [{aliases}]\n").as_str();
    }
    workflow += "jobs:\n  a:\n";
    workflow += STEPS;
    says(&refused(workflow), &["ci.yml"]);
}

#[test]
fn ten_thousand_levels_are_too_deep() {
    let workflow = format!("on: push\nenv: {}{}\n", "[".repeat(10_000), "]".repeat(10_000));
    says(&refused(workflow), &["ci.yml"]);
}

#[test]
fn a_binary_file_is_no_workflow() {
    let bytes: Vec<u8> = (0..=255_u8).cycle().take(4096).collect();
    says(&refused(bytes), &["ci.yml"]);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_fine() {
    let workflow = format!("\u{feff}on: push\njobs:\n  a:\n{}", STEPS.replace("never", "it runs"));
    let project = Project::with(&workflow.replace('\n', "\r\n"));
    let ran = project.run(&[]);
    assert_eq!((ran.code, ran.lines_with("  it runs").len()), (Some(0), 1), "{ran}");
}

#[test]
fn a_workflow_that_cannot_be_read_is_said_and_the_others_are_not_run_alone() {
    let mut project = Project::with(&format!("on: push\njobs:\n  a:\n{STEPS}"));
    // Everybody may read a file, if they are root; nobody can read what a link to nowhere says.
    std::os::unix::fs::symlink("nowhere.yml", project.path(".github/workflows/broken.yml")).unwrap();
    project.commit();
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(2), "{ran}");
    says(&ran, &["broken.yml"]);
    assert!(!ran.stdout.contains("never"), "{ran}");
}

#[test]
fn what_github_refuses_of_triggers_is_refused_by_every_command_that_reads() {
    let inputs: String = (1..=26).map(|n| format!("      i{n}:\n")).collect();
    let workflow = format!(
        "on:
  push: {{branches: ['[a']}}
  schedule: [{{cron: '@daily'}}]
  workflow_dispatch:
    inputs:\n{inputs}jobs:\n  a:\n{STEPS}"
    );
    let project = Project::with(&workflow);
    for command in [&["validate"][..], &["list"], &["graph"], &["run"], &["run", "-n"]] {
        let ran = project.act(command);
        assert_eq!(ran.code, Some(2), "{command:?}: {ran}");
        let said = format!("{}{}", ran.stdout, ran.stderr);
        for text in [
            "invalid pattern '[a'",
            "ci.yml:2:21",
            "Invalid cron expression.",
            "ci.yml:3:21",
            "you may only define up to 25 `inputs` for a `workflow_dispatch` event",
            "ci.yml:31:7",
        ] {
            assert!(said.contains(text), "{command:?} does not say `{text}`:\n{ran}");
        }
        assert!(!ran.stdout.contains("never"), "{ran}");
    }
}

#[test]
fn a_matrix_of_257_legs_fails_its_job_with_the_count() {
    let legs: Vec<String> = (0..257).map(|leg| leg.to_string()).collect();
    let workflow =
        format!("on: push\njobs:\n  a:\n    strategy: {{matrix: {{v: [{}]}}}}\n{STEPS}", legs.join(", "));
    let project = Project::with(&workflow);
    let ran = project.run(&[]);
    assert!(matches!(ran.code, Some(1 | 2)), "{ran}");
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("257") && said.contains("256"), "{ran}");
    assert!(!said.contains("  never"), "{ran}");
}

#[test]
fn a_label_that_nobody_maps_refuses_the_run() {
    for (label, hint) in [
        ("ubuntu-lastest", "did you mean `ubuntu-latest`?"),
        ("[self-hosted, gpu]", "-P gpu=-self-hosted"),
        ("macos-latest", "-P macos-latest=-self-hosted"),
    ] {
        let steps = STEPS.replace("ubuntu-latest", label);
        let ran = refused(format!("on: push\njobs:\n  a:\n{steps}"));
        says(&ran, &["ci.yml:4:", hint]);
    }
}

#[test]
fn labels_of_a_matrix_are_checked_leg_by_leg() {
    let workflow = "on: push
jobs:
  a:
    strategy: {matrix: {os: [ubuntu-latest, plan9]}}
    runs-on: ${{ matrix.os }}
    steps: [{run: echo never}]
";
    says(&refused(workflow), &["plan9", "ci.yml:5:"]);
}

#[test]
fn invalid_utf_8_in_output_is_replaced() {
    let workflow = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: \"printf 'a\\\\377b\\\\n'\"}]\n";
    let ran = Project::with(workflow).run(&[]);
    assert_eq!((ran.code, ran.lines_with("  a\u{fffd}b").len()), (Some(0), 1), "{ran}");
}

#[test]
fn a_reader_that_goes_away_does_not_end_the_run() {
    let workflow = "on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: seq 1 200000
      - run: touch \"$HOME/reached\"
";
    let project = Project::with(workflow);
    let ran = project.shell("act-host run | head -1").end();
    assert!(project.folder("home/reached").exists(), "{ran}");
    assert!(ran.stderr.is_empty(), "{ran}");
}

#[test]
fn a_full_disk_for_the_log_is_an_infrastructure_failure() {
    let workflow = "on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: seq 1 200000
      - run: touch \"$HOME/reached\"
";
    let project = Project::with(workflow);
    // A file system of its own, seen by nobody else, gone with the shell.
    let script = "mount -t tmpfs -o size=512k none \"$ACT_HOST_STATE/runs\" 2>/dev/null || exit 99; act-host run >/dev/null";
    std::fs::create_dir_all(project.folder("state/runs")).unwrap();
    let ran = project.shell(&format!("unshare --mount bash -c '{script}' || exit $?")).end();
    if ran.code == Some(99) || ran.stderr.contains("unshare failed") {
        eprintln!("skipped: mounting a file system needs root");
        return;
    }
    assert_eq!(ran.code, Some(3), "{ran}");
    assert!(!project.folder("home/reached").exists(), "the run went on without a log: {ran}");
    assert_eq!(project.leftovers(), [""; 0]);
}

/// Runs the program as somebody who may read only what modes allow, which root may not be kept from.
fn as_nobody(project: &Project, args: &str) -> Option<Ran> {
    let script = format!(
        r#"
if [ "$(id -u)" != 0 ]; then exec act-host {args}; fi
cp "$(command -v act-host)" ../act-host && chown -R 65534:65534 .. || exit 99
setpriv --reuid=65534 --regid=65534 --clear-groups true || exit 99
exec setpriv --reuid=65534 --regid=65534 --clear-groups ../act-host {args}
"#
    );
    let ran = project.shell(&script).end();
    if ran.code == Some(99) {
        eprintln!("skipped: root is not kept from reading, and `setpriv` does not work: {ran}");
        return None;
    }
    Some(ran)
}

#[test]
fn what_may_not_be_read_is_named_with_the_reason() {
    use std::os::unix::fs::PermissionsExt;
    let workflow = format!("on: push\njobs:\n  a:\n{STEPS}");
    for (path, args) in [
        (".github/workflows/ci.yml", "run"),
        (".github/workflows/ci.yml", "validate"),
        (".github/workflows/ci.yml", "list"),
        (".github/workflows", "run"),
        (".secrets", "run"),
        (".actrc", "run"),
        ("event.json", "run -e event.json"),
    ] {
        let mut project = Project::with(&workflow);
        project.file(".secrets", "KEY=value\n").file(".actrc", "-v\n").file("event.json", "{}");
        let mode = |mode| {
            std::fs::set_permissions(project.path(path), std::fs::Permissions::from_mode(mode)).unwrap();
        };
        mode(0o000);
        let ran = as_nobody(&project, args);
        mode(0o755);
        let Some(ran) = ran else { return };
        assert_eq!(ran.code, Some(2), "{path}, {args}: {ran}");
        // What `validate` finds goes to standard output.
        let said = ran.to_string();
        assert!(said.contains(path) && said.contains("Permission denied"), "{path}, {args}: {ran}");
        assert!(!said.contains("never"), "{ran}");
    }
}
