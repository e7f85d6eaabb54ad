//! `act-host plugin …`: from nothing to a plugin that is installed and granted what it asks for.

use std::path::Path;

use act_tests::cli::{Project, Ran};
use insta::assert_snapshot;

use crate::plugin::{component, steady};

fn plugin(project: &Project, args: &[&str]) -> Ran {
    project.act(["plugin"].iter().chain(args))
}

#[test]
fn plugins_are_installed_listed_and_removed_by_name() {
    let Some(acme) = component("labels-acme") else { return };
    let project = Project::new();
    let acme = acme.display().to_string();
    assert_snapshot!(steady(&plugin(&project, &["list"])), @"
    exit 0
    --- stderr
    no plugin is installed; `act-host plugin install FILE` installs one
    ");
    assert_snapshot!(steady(&plugin(&project, &["install", &acme])), @"
    exit 0
    installed labels-acme 0.1.0
      sha256:<digest>
    ");
    assert_eq!(plugin(&project, &["install", &acme, "--name", "mine"]).code, Some(0));
    assert_snapshot!(steady(&plugin(&project, &["list"])), @"
    exit 0
    labels-acme  0.1.0  Acme's machines: acme-small, acme-large, acme-gpu.
    mine  0.1.0  Acme's machines: acme-small, acme-large, acme-gpu.
    ");
    assert_snapshot!(steady(&plugin(&project, &["remove", "main"])), @"
    exit 2
    --- stderr
    error: there is no installed plugin `main`
    hint: installed are: labels-acme, mine
    ");
    assert_eq!(plugin(&project, &["remove", "mine"]).code, Some(0));
    assert_eq!(plugin(&project, &["list"]).stdout.lines().count(), 1);
    assert_eq!(plugin(&project, &["install", &acme, "--name", "../x"]).code, Some(2));
}

#[test]
fn a_plugin_is_told_in_words_people_understand() {
    let Some(greedy) = component("guest-greedy") else { return };
    let project = Project::new();
    let greedy = greedy.display().to_string();
    let checked = plugin(&project, &["check", &greedy]);
    assert_eq!(checked.code, Some(0), "{checked}");
    for part in ["guest-greedy 0.1.0", "kv: 64KiB: wants to fill it", "http: GET, POST of http://localhost:1"]
    {
        assert!(checked.stdout.contains(part), "{part}: {checked}");
    }
    let inspected = plugin(&project, &["inspect", &greedy, "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&inspected.stdout).unwrap();
    assert_eq!(found["name"], "guest-greedy");
    assert_eq!(found["request"]["kv"]["quota"], 65_536);
    assert_snapshot!(plugin(&project, &["grant", &greedy]).stdout.replace(&greedy, "<file>"), @r#"
    [[plugin]]
    name = "guest-greedy"
    source = "<file>"
    [[plugin.grant.http]]  # wants to reach what it must not
    hosts = ["http://localhost:1", "https://api.example.com", "http://169.254.169.254"]
    methods = ["GET", "POST"]
    [plugin.grant.kv]  # wants to fill it
    quota = "64KiB"
    "#);
}

#[test]
fn what_is_no_plugin_is_refused_with_the_reason() {
    let mut project = Project::new();
    project.file("x.wasm", "not wasm").file("y.wasm", b"\0asm\x0d\0\x01\0");
    assert_snapshot!(plugin(&project, &["check", "x.wasm"]), @"
    exit 2
    --- stderr
    error: $REPO/x.wasm is no plugin: it is not a component: it is not WebAssembly
    ");
    assert_snapshot!(plugin(&project, &["check", "y.wasm"]), @"
    exit 2
    --- stderr
    error: this plugin cannot be loaded: it is neither a label mapper nor a policy nor a scheduler: it exports nothing; a plugin exports `act-host:label-mapper/label-mapper`, `act-host:policy/policy` or `act-host:scheduler/scheduler`, version 0.1
    ");
    assert_snapshot!(plugin(&project, &["install", "y.wasm"]), @"
    exit 2
    --- stderr
    error: $REPO/y.wasm is no plugin: there is no manifest in it (custom section `act-host:manifest`): build it with `act-host plugin build`
    ");
    assert_eq!(plugin(&project, &["inspect", "none.wasm"]).code, Some(2));
}

#[test]
fn a_new_plugin_of_each_kind_builds_and_answers_its_fixtures() {
    // Where components were built, there is all that builds one.
    if component("labels-acme").is_none() {
        return;
    }
    let mut project = Project::new();
    let home = std::env::home_dir().unwrap();
    let tools = [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")];
    for (name, below) in tools {
        let path = std::env::var(name).unwrap_or_else(|_| home.join(below).display().to_string());
        project.env(name, path);
    }
    // The toolchain that builds these tests can build plugins, and there need be no other.
    if let Ok(toolchain) = std::env::var("RUSTUP_TOOLCHAIN") {
        project.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    // One place for all runs of this test, so that cargo finds again what it built, and nothing piles up.
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(3).map(Path::to_owned).unwrap_or_default().join("new-plugins");
    project.env("CARGO_TARGET_DIR", target.display().to_string());
    let sources = target.join("sources");
    let _ = std::fs::remove_dir_all(&sources);
    let path = |kind: &str| sources.join(format!("a-{kind}")).display().to_string();
    for kind in ["label-mapper", "policy", "scheduler"] {
        let made = plugin(&project, &["new", "--kind", kind, &path(kind)]);
        assert_eq!(made.code, Some(0), "{made}");
        let tested = plugin(&project, &["test", &path(kind)]);
        assert_eq!(tested.code, Some(0), "{tested}");
        assert!(tested.stdout.ends_with(" passed, 0 failed\n"), "{tested}");
    }
    let policy = path("policy");
    assert_eq!(plugin(&project, &["new", "--kind", "policy", &policy]).code, Some(2), "it is there");
    let fixture = sources.join("a-policy/tests/fixtures/own.toml");
    std::fs::write(fixture, "ask = {}\n[expect]\nverdict = \"deny\"\n").unwrap();
    let failed = plugin(&project, &["test", &policy, "--plugin", &format!("{policy}/a-policy.wasm")]);
    assert_snapshot!(failed, @r#"
    exit 1
    ok      allowed.toml
    ok      denied.toml
    FAILED  own.toml
      verdict: expected "deny", got "abstain"
      answer: {"verdict":"abstain"}
    2 passed, 1 failed
    "#);
}
