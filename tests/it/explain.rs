//! `act-host explain`: who would decide what, and the exit code that says whether jobs would run.

use act_tests::cli::Project;
use insta::assert_snapshot;

use crate::plugin::{AMEND, BASIC, DEPLOY, FORK, project, steady, users_file};

/// What was told, on whatever machine.
fn anywhere(told: &str) -> String {
    let lines = told.lines().filter(|line| !line.contains("$STATE"));
    lines.collect::<Vec<_>>().join("\n").replace("X64", "ARCH").replace("ARM64", "ARCH")
}

const WORKFLOW: &str = "
on: push
jobs:
  build:
    strategy: {matrix: {os: [ubuntu-latest, moon]}}
    runs-on: ${{ matrix.os }}
    steps: [{run: echo built}]
  off: {if: false, runs-on: ubuntu-latest, steps: [{run: echo off}]}
";

#[test]
fn without_plugins_this_machine_answers() {
    let project = Project::with(WORKFLOW);
    let ran = project.act(["explain"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert_snapshot!(anywhere(&ran.stdout), @"
    .github/workflows/ci.yml (.github/workflows/ci.yml) on push refs/heads/main
      build.0  build (ubuntu-latest)  (would run: needs nothing)
        labels     ubuntu-latest  .github/workflows/ci.yml:6
        mapper     this machine: mine: runs `ubuntu-latest` as processes on this machine
        placement  Linux, ARCH
        decision   this machine: processes on this machine, Linux ARCH
        processes on this machine (Linux, ARCH)
      build.1  build (moon)  (unplaced: nothing here runs `runs-on: moon`: `moon` is no label of this machine (Linux ARCH))
        hint: `-P moon=-self-hosted` runs jobs with this label on this machine
        labels     moon  .github/workflows/ci.yml:6
        mapper     this machine: not mine: `moon` is no label of this machine (Linux ARCH)
      off  (skipped: its condition is false)
    ");
    assert_eq!(project.act(["explain", "--matrix", "os:ubuntu-latest"]).code, Some(0));
    assert_eq!(project.act(["explain", "-j", "off"]).code, Some(1));
    assert_eq!(project.act(["explain", "-j", "nope"]).code, Some(2));
}

#[test]
fn json_is_one_object_an_instance() {
    let project = Project::with(WORKFLOW);
    let ran = project.act(["explain", "--format", "json"]);
    let lines: Vec<serde_json::Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = lines.iter().map(|line| {
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}:{}", text("key"), text("status"), line["runs_on"]["file"], line["runs_on"]["line"])
    });
    assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r#"
    build.0 run ".github/workflows/ci.yml":6
    build.1 unplaced ".github/workflows/ci.yml":6
    off skip null:null
    "#);
}

#[test]
fn a_forks_secret_is_denied_with_its_place_and_nothing_is_started() {
    let Some(mut project) = project(DEPLOY, &["policy-basic"]) else { return };
    users_file(&mut project, BASIC);
    project.file("fork.json", FORK);
    let ran = project.act(["explain", "pull_request", "-e", "fork.json", "-j", "deploy"]);
    assert_snapshot!(ran, @"
    exit 1
    .github/workflows/ci.yml (.github/workflows/ci.yml) on pull_request refs/heads/main
      deploy  (denied: by policy-basic: an event of a fork asks for the secret `DEPLOY_TOKEN` (.github/workflows/ci.yml:12:18), .github/workflows/ci.yml:7)
        labels     ubuntu-latest  .github/workflows/ci.yml:8
        policy     policy-basic (job-queued): denies: an event of a fork asks for the secret `DEPLOY_TOKEN` (.github/workflows/ci.yml:12:18)
    ");
    assert!(!project.folder("state/runs").exists(), "nothing ran");
    assert_eq!(project.act(["explain", "push", "-j", "deploy"]).code, Some(0));
}

#[test]
fn an_amend_is_told_with_the_labels_before_and_behind_it() {
    let workflow = DEPLOY.replace("ubuntu-latest", "self-hosted");
    let Some(mut project) = project(&workflow, &["policy-basic"]) else { return };
    users_file(&mut project, &format!("{BASIC}{AMEND}"));
    let ran = project.act(["explain", "push", "-j", "build"]);
    assert_snapshot!(anywhere(&ran.stdout), @"
    .github/workflows/ci.yml (.github/workflows/ci.yml) on push refs/heads/main
      build  (would run: needs nothing)
        labels     self-hosted  .github/workflows/ci.yml:5
        policy     policy-basic (job-queued): amends labels to self-hosted, linux: each job has the labels `linux`
        mapper     this machine: mine: runs `self-hosted`, `linux` as processes on this machine
        policy     policy-basic (job-start): abstains
        placement  Linux, ARCH
        decision   this machine: processes on this machine, Linux ARCH
        policy     policy-basic (launch): abstains
        processes on this machine (Linux, ARCH)
    ");
}

#[test]
fn a_plugin_that_traps_is_an_infrastructure_failure_and_one_that_cannot_be_loaded_too() {
    let workflow = DEPLOY.replace("ubuntu-latest", "panic");
    let Some(project) = project(&workflow, &["guest-hostile"]) else { return };
    let ran = project.act([
        "explain",
        "-j",
        "build",
        "--plugin",
        "../home/.config/act-host/plugins/guest-hostile.wasm",
    ]);
    assert_eq!(ran.code, Some(3), "{ran}");
    assert!(ran.stdout.contains("plugin failed"), "{ran}");
    let ran = project.act(["explain", "--plugin", "no-such-plugin"]);
    assert_snapshot!(steady(&ran), @"
    exit 3
    --- stderr
    error: there is no installed plugin `no-such-plugin`
    hint: no plugin is installed; `act-host plugin install FILE` installs one
    ");
}

#[test]
fn what_a_plugin_needs_the_network_or_a_store_for_is_left_open() {
    let workflow = DEPLOY.replace("ubuntu-latest", "kv-fill");
    let Some(mut project) = project(&workflow, &["guest-greedy"]) else { return };
    users_file(
        &mut project,
        "[[plugin]]\nname = \"guest-greedy\"\nsource = \"plugins/guest-greedy.wasm\"\n\
         [[plugin.grant.http]]\nhosts = [\"https://api.example.com\"]\n[plugin.grant.kv]\nquota = \"64KiB\"\n",
    );
    let ran = project.act(["explain", "push", "-j", "build"]);
    assert_snapshot!(ran, @"
    exit 1
    .github/workflows/ci.yml (.github/workflows/ci.yml) on push refs/heads/main
      build  (unknown: it takes kv to say, which is not given here)
        labels     kv-fill  .github/workflows/ci.yml:5
        mapper     guest-greedy: unknown, needs kv
    ");
    let ran = project.act(["run", "-n", "-v", "push", "-j", "build"]);
    assert_snapshot!(ran, @"
    exit 1
    .github/workflows/ci.yml (.github/workflows/ci.yml) on push refs/heads/main
      build  (unknown: it takes kv to say, which is not given here)
        [kv-fill]
          mapper guest-greedy: unknown, needs kv
        steps
          1. Run echo built
    ");
    assert!(!project.folder("state/plugins").exists(), "nothing is kept: {ran}");
}
