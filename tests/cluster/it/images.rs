//! The images of our own, and the registries that give them or not.

use act_cluster_tests::cluster::until;
use act_cluster_tests::{Cluster, Namespace};
use serde_json::json;

#[test]
fn the_image_of_javascript_actions_has_node_bash_and_git() {
    let Some(cluster) = Cluster::find() else { return };
    let namespace = Namespace::make(&cluster);
    let script = "set -e; cd /tmp; node -p '6 * 7'; git init -q --initial-branch=main r; cd r; echo x >x; git add x
        git -c user.name=n -c user.email=e@example.org commit -qm one; git log --format=%s; [[ -n $BASH_VERSION ]]";
    namespace.run("one", "bed.local/node:1", &["bash", "-c", script], &json!({}));
    namespace.wait_phase("one", "Succeeded");
    assert_eq!(namespace.kubectl(["logs", "one"]), "42\none\n");
}

#[test]
fn an_image_with_nothing_but_a_program_has_no_shell() {
    let Some(cluster) = Cluster::find() else { return };
    let namespace = Namespace::make(&cluster);
    namespace.run("one", "bed.local/static:1", &["/tool", "print", "alone"], &json!({}));
    namespace.run("two", "bed.local/static:1", &["/bin/sh"], &json!({}));
    namespace.wait_phase("one", "Succeeded");
    assert_eq!(namespace.kubectl(["logs", "one"]), "alone\n");
    namespace.wait_phase("two", "Failed");
    let ended = &namespace.pod("two")["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!(ended["reason"], "StartError", "{ended:#}");
}

#[test]
fn the_databases_are_real_servers() {
    let Some(cluster) = Cluster::find() else { return };
    let namespace = Namespace::make(&cluster);
    let env = |name: &str, value: &str| json!({ "name": name, "value": value });
    let containers = json!([
        { "name": "main", "image": "bed.local/postgres:1",
          "env": [env("POSTGRES_USER", "me"), env("POSTGRES_PASSWORD", "secret"), env("POSTGRES_DB", "app")] },
        { "name": "redis", "image": "bed.local/redis:1" },
    ]);
    namespace.run("one", "", &[], &json!({ "containers": containers }));
    namespace.wait_phase("one", "Running");
    let ask = |container: &str, words: &[&str]| {
        let mut answer = String::new();
        until(&format!("{container} answers"), || {
            let output = namespace.output([&["exec", "one", "--container", container, "--"], words].concat());
            answer = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            output.status.success()
        });
        answer
    };
    let url = "postgresql://me:secret@127.0.0.1/app";
    assert_eq!(ask("main", &["psql", url, "--tuples-only", "--no-align", "--command", "select 6 * 7"]), "42");
    let wrong =
        namespace.output(["exec", "one", "-c", "main", "--", "psql", "postgresql://me:no@127.0.0.1/app"]);
    assert!(!wrong.status.success(), "a wrong password is refused");
    assert_eq!(ask("redis", &["redis-cli", "set", "answer", "42"]), "OK");
    assert_eq!(ask("redis", &["redis-cli", "get", "answer"]), "42");
}

#[test]
fn an_image_is_pulled_from_the_open_registry() {
    let Some(cluster) = Cluster::find_own() else { return };
    let namespace = Namespace::make(&cluster);
    let pull = json!([{ "name": "main", "image": "registry.bed.local/busybox:1", "imagePullPolicy": "Always",
                        "command": ["echo", "pulled"] }]);
    namespace.run("one", "", &[], &json!({ "containers": pull }));
    namespace.wait_phase("one", "Succeeded");
    assert_eq!(namespace.kubectl(["logs", "one"]), "pulled\n");
}

#[test]
fn the_private_registry_gives_to_who_has_the_password_and_to_nobody_else() {
    let Some(cluster) = Cluster::find_own() else { return };
    let namespace = Namespace::make(&cluster);
    for (secret, password) in [("right", "bed-password"), ("wrong", "other")] {
        let server = "--docker-server=private.bed.local";
        let password = format!("--docker-password={password}");
        namespace.kubectl([
            "create",
            "secret",
            "docker-registry",
            secret,
            server,
            "--docker-username=bed",
            &password,
        ]);
    }
    let pull = json!([{ "name": "main", "image": "private.bed.local/busybox:1", "imagePullPolicy": "Always",
                        "command": ["echo", "pulled"] }]);
    let with = |secret: &str| json!({ "containers": pull, "imagePullSecrets": [{ "name": secret }] });
    namespace.run("without", "", &[], &json!({ "containers": pull }));
    namespace.run("wrong", "", &[], &with("wrong"));
    namespace.run("right", "", &[], &with("right"));
    namespace.wait_phase("right", "Succeeded");
    let message = namespace.wait_reason("without", "ErrImagePull");
    assert!(message.contains("no basic auth credentials"), "{message}");
    let message = namespace.wait_reason("wrong", "ErrImagePull");
    assert!(message.contains("401 Unauthorized") || message.contains("authorization failed"), "{message}");
}

#[test]
fn images_that_cannot_be_had_say_why() {
    let Some(cluster) = Cluster::find_own() else { return };
    let namespace = Namespace::make(&cluster);
    for (pod, image, reason, wanted) in [
        ("missing", "registry.bed.local/missing:1", "ErrImagePull", "not found"),
        ("foreign", "registry.bed.local/foreign:1", "ErrImagePull", "no match for platform"),
        ("unknown", "elsewhere.bed.local/busybox:1", "ErrImagePull", "elsewhere.bed.local"),
        ("invalid", "No Image", "InvalidImageName", "couldn't parse image name"),
    ] {
        namespace.run(pod, image, &["true"], &json!({}));
        let message = namespace.wait_reason(pod, reason);
        assert!(message.contains(wanted), "{pod}: {message}");
    }
}
