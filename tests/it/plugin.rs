//! Plugins in runs: real components, asked by the built program.
//!
//! `cargo xtask plugins` builds them, and `ACT_HOST_PLUGINS` says where they are.

use std::path::PathBuf;

use act_tests::cli::{Project, Ran};
use insta::assert_snapshot;

/// Returns a component's file. Where there is none the test says so and ends, but in CI.
pub(crate) fn component(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("ACT_HOST_PLUGINS").map(PathBuf::from);
    let found = folder.map(|folder| folder.join(name).with_extension("wasm")).filter(|path| path.exists());
    if found.is_none() {
        let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
        assert!(
            !is_ci,
            "{name} was not built: run `cargo xtask plugins`, and name the folder with ACT_HOST_PLUGINS"
        );
        eprintln!("skipped: {name} was not built; `cargo xtask plugins` does, ACT_HOST_PLUGINS says where");
    }
    found
}

/// A repository with this workflow, and components in `plugins/` beside the user's act-host.toml.
pub(crate) fn project(workflow: &str, components: &[&str]) -> Option<Project> {
    let mut project = Project::with(workflow);
    for name in components {
        let bytes = std::fs::read(component(name)?).unwrap();
        project.outside(&format!("home/.config/act-host/plugins/{name}.wasm"), bytes);
    }
    Some(project)
}

pub(crate) fn users_file(project: &mut Project, text: &str) {
    project.outside("home/.config/act-host/act-host.toml", text);
}

/// Digests change with whatever a component is built of.
pub(crate) fn steady(ran: &Ran) -> String {
    let text = ran.to_string();
    let mut shown = String::new();
    let mut hex = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_hexdigit() {
            hex.push(c);
            continue;
        }
        shown.push_str(match hex.len() {
            64 => "<digest>",
            12 if !hex.chars().all(|c| c.is_ascii_digit()) => "<digest>",
            _ => &hex,
        });
        hex.clear();
        shown.push(c);
    }
    shown.pop();
    shown
}

const ACME: &str = "
on: push
jobs:
  build:
    runs-on: acme-small
    steps: [{run: echo built}]
";

const ACME_FILE: &str = "[[plugin]]\nname = \"labels-acme\"\nsource = \"plugins/labels-acme.wasm\"\n";

#[test]
fn a_label_of_somebody_elses_is_placed_by_their_plugin() {
    let Some(mut project) = project(ACME, &["labels-acme"]) else { return };
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(2), "without the plugin nobody knows the label: {ran}");
    users_file(&mut project, ACME_FILE);
    assert_snapshot!(steady(&project.run(&[])), @"
    exit 0
    .github/workflows/ci.yml
    push main <commit>, .github/workflows/ci.yml #1, run <run>
    runs-on acme-small: acme's machine `acme-small`
    ▶ build on act-host
    ▸ Run echo built
      built
    ✓ Run echo built (<time>)

      ✓ build  success  <time>

    ✓ .github/workflows/ci.yml succeeded in <time>
      full log: act-host runs logs <run>
    ");
}

#[test]
fn what_a_plugin_logs_is_kept_and_shown_to_those_who_look_closer() {
    let Some(mut project) = project(ACME, &["labels-acme"]) else { return };
    users_file(&mut project, ACME_FILE);
    let said = "plugin labels-acme: acme-small for local/project";
    assert_eq!(project.run(&[]).lines_with(said), [""; 0]);
    assert_eq!(project.run(&["-v"]).lines_with(said), [said]);
    let kept = project.run(&["--json"]);
    let kept = kept.lines_with(r#""type":"plugin-log""#);
    let line: serde_json::Value = serde_json::from_str(kept.first().unwrap()).unwrap();
    assert_eq!(
        (&line["plugin"], &line["level"], &line["job"]),
        (&"labels-acme".into(), &"debug".into(), &"build".into())
    );
}

#[test]
fn a_plugin_that_traps_is_named_and_ends_the_run_as_an_infrastructure_failure() {
    let Some(project) = project(&ACME.replace("acme-small", "panic"), &["guest-hostile"]) else { return };
    let ran = project.run(&["--plugin", "../home/.config/act-host/plugins/guest-hostile.wasm"]);
    assert_eq!(ran.code, Some(3), "{ran}");
    for part in ["plugin `guest-hostile` 0.1.0 (", "`judge`: panicked", "the guest gave up"] {
        assert!(ran.to_string().contains(part), "{part}: {ran}");
    }
}

#[test]
fn another_component_than_the_pinned_one_is_not_loaded() {
    let Some(mut project) = project(ACME, &["labels-acme"]) else { return };
    users_file(&mut project, &format!("{ACME_FILE}sha256 = \"{}\"\n", "0".repeat(64)));
    assert_snapshot!(steady(&project.run(&[])), @"
    exit 3
    --- stderr
    error: plugin `labels-acme` cannot be loaded: its digest is sha256:<digest>, and sha256:<digest> is pinned: it is another component
    hint: it is set up in $HOME/.config/act-host/act-host.toml:2
    ");
}

#[test]
fn a_repository_may_pin_a_plugin_that_it_does_not_bring() {
    let Some(mut project) = project(ACME, &["labels-acme"]) else { return };
    users_file(&mut project, ACME_FILE);
    let pin = format!("[[plugin]]\nname = \"labels-acme\"\nsha256 = \"{}\"\n", "0".repeat(64));
    let ran = project.file("act-host.toml", pin).run(&[]);
    assert_eq!(ran.code, Some(3), "{ran}");
    assert!(ran.stderr.contains("is pinned"), "{ran}");
}

#[test]
fn a_plugin_that_lacks_a_grant_says_which_lines_give_it() {
    let Some(mut project) = project(ACME, &["guest-greedy"]) else { return };
    users_file(&mut project, "[[plugin]]\nname = \"guest-greedy\"\nsource = \"plugins/guest-greedy.wasm\"\n");
    assert_snapshot!(project.run(&[]), @r#"
    exit 3
    --- stderr
    error: plugin `guest-greedy` cannot be loaded: it needs requests over the network (`http`) and a store of its own (`kv`), which is not granted; `act-host plugin grant --write $HOME/.config/act-host/plugins/guest-greedy.wasm` grants it, or these lines of act-host.toml, in its `[[plugin]]` where it has one:

    [[plugin]]
    name = "guest-greedy"
    source = "$HOME/.config/act-host/plugins/guest-greedy.wasm"
    [[plugin.grant.http]]  # wants to reach what it must not
    hosts = ["http://localhost:1", "https://api.example.com", "http://169.254.169.254"]
    methods = ["GET", "POST"]
    [plugin.grant.kv]  # wants to fill it
    quota = "64KiB"

    hint: it is set up in $HOME/.config/act-host/act-host.toml:2
    "#);
    let ran =
        project.act(["plugin", "grant", "../home/.config/act-host/plugins/guest-greedy.wasm", "--write"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let ran = project.act(["explain"]);
    assert!(!ran.stderr.contains("cannot be loaded"), "{ran}");
    let ran = project.act(["plugin", "grant", "../home/.config/act-host/plugins/guest-greedy.wasm"]);
    assert_eq!(ran.stdout, "guest-greedy is granted all that it asks for\n");
}

#[test]
fn settings_that_do_not_fit_the_schema_are_refused() {
    let Some(mut project) = project(ACME, &["labels-acme"]) else { return };
    users_file(&mut project, &format!("{ACME_FILE}settings = {{ pol = \"big\" }}\n"));
    assert_snapshot!(project.run(&[]), @"
    exit 3
    --- stderr
    error: plugin `labels-acme` cannot be loaded: its settings are wrong: Additional properties are not allowed ('pol' was unexpected)
    hint: it is set up in $HOME/.config/act-host/act-host.toml:2
    ");
}

#[test]
fn a_repository_can_neither_bring_nor_grant_nor_name_a_plugin() {
    let mut project = Project::with(&ACME.replace("acme-small", "ubuntu-latest"));
    let text = "[[plugin]]\nname = \"evil\"\nsource = \"evil.wasm\"\n[plugin.grant.kv]\nquota = \"1GiB\"\n";
    assert_snapshot!(project.file("act-host.toml", text).run(&[]), @r#"
    exit 2
    --- stderr
    error: a file in the repository may not bring a plugin along
     --> act-host.toml:3:1
      |
    3 | source = "evil.wasm"
      | ^^^^^^
      |
    hint: it may pin (`sha256`), lower `limits` and `revoke`; all else is for your own act-host.toml

    error: a file in the repository may not grant anything; it may take grants away: `revoke = ["http"]`
     --> act-host.toml:4:9
      |
    4 | [plugin.grant.kv]
      |         ^^^^^
      |
    hint: it may pin (`sha256`), lower `limits` and `revoke`; all else is for your own act-host.toml
    "#);
    std::fs::remove_file(project.path("act-host.toml")).unwrap();
    let ran = project.file(".actrc", "--plugin evil.wasm\n").run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.stderr.contains("may not set this"), "{ran}");
}

#[test]
fn without_plugins_nothing_of_their_host_is_started() {
    let project = Project::with(&ACME.replace("acme-small", "ubuntu-latest"));
    for args in [&["run"][..], &["explain"], &["run", "-n"]] {
        let ran = project.act(args);
        assert_eq!(ran.code, Some(0), "{ran}");
    }
    for folder in ["cache/act-host/plugins", "state/plugins"] {
        assert!(!project.folder(folder).exists(), "{folder}");
    }
}

/// Two plugins of one name would share a store and a place in messages.
#[test]
fn two_plugins_do_not_share_a_name() {
    let Some(mut project) = project(ACME, &["labels-acme"]) else { return };
    let bytes = std::fs::read(component("labels-acme").unwrap()).unwrap();
    project.file("other.wasm", bytes);
    let first = "../home/.config/act-host/plugins/labels-acme.wasm";
    assert_snapshot!(project.run(&["--plugin", first, "--plugin", "other.wasm"]), @"
    exit 2
    --- stderr
    error: two plugins are called `labels-acme`: $REPO/../home/.config/act-host/plugins/labels-acme.wasm and $REPO/other.wasm
    hint: `name` and `source` in act-host.toml give one another name
    ");
}

pub(crate) const DEPLOY: &str = "
on: [push, pull_request]
jobs:
  build:
    runs-on: ubuntu-latest
    steps: [{run: echo built}]
  deploy:
    runs-on: ubuntu-latest
    steps:
      - run: echo deploying
        env:
          TOKEN: ${{ secrets.DEPLOY_TOKEN }}
";

pub(crate) const FORK: &str = r#"{"pull_request": {
    "head": {"ref": "x", "sha": "1111111111111111111111111111111111111111", "repo": {"full_name": "stranger/hello"}},
    "base": {"ref": "main", "sha": "2222222222222222222222222222222222222222", "repo": {"full_name": "octo/hello"}}
}, "repository": {"full_name": "octo/hello"}}"#;

pub(crate) const BASIC: &str =
    "[[plugin]]\nname = \"policy-basic\"\nsource = \"plugins/policy-basic.wasm\"\n";

#[test]
fn a_forks_job_that_asks_for_a_secret_is_denied_with_reason_file_and_line() {
    let Some(mut project) = project(DEPLOY, &["policy-basic"]) else { return };
    users_file(&mut project, BASIC);
    project.file("fork.json", FORK);
    let ran = project.run(&["pull_request", "-e", "fork.json", "-s", "DEPLOY_TOKEN=hunter22"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert_snapshot!(ran.lines_with("error").join("\n"), @"[deploy] error: denied by policy policy-basic: an event of a fork asks for the secret `DEPLOY_TOKEN` (.github/workflows/ci.yml:12:18) (.github/workflows/ci.yml:7:3)");
    assert!(!ran.stdout.contains("deploying"), "{ran}");
    let ran = project.run(&["push", "-s", "DEPLOY_TOKEN=hunter22"]);
    assert_eq!(ran.code, Some(0), "the repository's own push may: {ran}");
}

pub(crate) const AMEND: &str = "settings = { labels = { required = [\"linux\"], missing = \"add\" } }\n";

#[test]
fn what_a_policy_amends_is_told_in_the_run() {
    let Some(mut project) = project(&DEPLOY.replace("ubuntu-latest", "self-hosted"), &["policy-basic"])
    else {
        return;
    };
    users_file(&mut project, &format!("{BASIC}{AMEND}"));
    let ran = project.run(&["push", "-j", "build"]);
    assert_snapshot!(ran, @"
    exit 0
    .github/workflows/ci.yml
    push main <commit>, .github/workflows/ci.yml #1, run <run>
    policy policy-basic: amends labels to self-hosted, linux: each job has the labels `linux`
    runs-on self-hosted, linux: runs `self-hosted`, `linux` as processes on this machine
    ▶ build on act-host
    ▸ Run echo built
      built
    ✓ Run echo built (<time>)

      ✓ build  success  <time>

    ✓ .github/workflows/ci.yml succeeded in <time>
      full log: act-host runs logs <run>
    ");
}
