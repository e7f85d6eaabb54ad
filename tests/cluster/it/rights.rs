//! The account that `act-host kubernetes rbac` prints: what it may is enough, and what it may not is said.

use act_cluster_tests::cluster::until;
use act_cluster_tests::{Cluster, User};
use act_tests::cli::Project;
use serde_json::{Value, json};

const PLATFORM: &str = "platforms.ubuntu-latest.image = 'bed.local/node:1'";

/// Needs every call that a run makes: a service, a Secret, files that go up.
const WORKFLOW: &str = "on: push
jobs:
  one:
    runs-on: ubuntu-latest
    services:
      cache: { image: bed.local/redis:1, env: { PASS: '${{ secrets.PASS }}' } }
    steps:
      - uses: actions/checkout@v4
      - run: git status --short && echo checked out
";

/// Gives the account to a user, with a Role that was changed so.
fn limited(cluster: &Cluster, workflow: &str, change: impl Fn(String) -> String) -> User {
    let mut user = User::of(Project::with(workflow), cluster);
    let name = user.namespace.name.clone();
    let printed = user.project.act(["kubernetes", "rbac", "--namespace", &name]);
    assert_eq!(printed.code, Some(0), "{printed}");
    user.project.outside("role.yaml", change(printed.stdout));
    let file = user.project.folder("role.yaml").display().to_string();
    user.namespace.kubectl(["apply", "--filename", &file]);
    let token = user.namespace.kubectl(["create", "token", "act-host"]);
    let view = cluster.kubectl(["config", "view", "--raw", "--minify", "--flatten", "--output=json"]);
    let mut kubeconfig: Value = serde_json::from_str(&view).unwrap();
    kubeconfig["users"][0]["user"] = json!({ "token": token.trim() });
    user.project.outside("limited.kubeconfig", kubeconfig.to_string());
    let file = user.project.folder("limited.kubeconfig").display().to_string();
    user.project.env("KUBECONFIG", file);
    user
}

#[test]
fn the_printed_role_is_enough_for_pods_and_for_jobs() {
    let Some(cluster) = Cluster::find() else { return };
    let mut user = limited(&cluster, WORKFLOW, |role| role);
    for settings in [PLATFORM.to_owned(), format!("job = true\n{PLATFORM}")] {
        user = user.with_settings(&settings);
        let ran = user.run(&["-s", "PASS=hidden"]);
        assert!(ran.code == Some(0) && ran.stdout.contains("checked out"), "{ran}");
        until("nothing is left", || user.left().is_empty());
    }
}

#[test]
fn a_right_that_is_missing_is_named_before_anything_is_made() {
    let Some(cluster) = Cluster::find() else { return };
    let plain = "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps: [{run: echo ran}]\n";
    for (from, to, settings, code, said) in [
        (
            "verbs: [get, create] }",
            "verbs: [get] }",
            "",
            3,
            "it lacks `create` on `pods/exec`, `create` on `configmaps`",
        ),
        (
            "verbs: [create, get, list, patch, delete]",
            "verbs: [create, get, list]",
            "job = true\n",
            1,
            "it lacks `patch` on `jobs`, `delete` on `jobs`",
        ),
    ] {
        let user = limited(&cluster, plain, |role| role.replace(from, to));
        let user = user.with_settings(&format!("{settings}{PLATFORM}"));
        let ran = user.run(&[]);
        assert_eq!(ran.code, Some(code), "{ran}");
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains(said), "{ran}");
        assert_eq!(user.left(), [""; 0]);
    }
}
