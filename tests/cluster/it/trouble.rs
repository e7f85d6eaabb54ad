//! What goes wrong with a job's pod, as a user of the program sees it: never a success, always by its name.

use act_cluster_tests::cluster::until;
use act_cluster_tests::{Cluster, User};
use act_tests::cli::{Project, Ran};
use serde_json::json;

fn user(cluster: &Cluster, workflow: &str) -> User {
    User::of(Project::with(workflow), cluster)
}

fn one_job(container: &str, steps: &str) -> String {
    format!("on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n{container}    steps:\n{steps}")
}

fn lost(ran: &Ran, said: &str) {
    assert_eq!(ran.code, Some(3), "{ran}");
    assert!(ran.stdout.contains(said), "not said: {said}\n{ran}");
    assert!(!ran.stdout.contains("✓ job"), "{ran}");
}

#[test]
fn an_image_that_cannot_be_had_is_named_with_the_reason() {
    let Some(cluster) = Cluster::find_own() else { return };
    for (image, said) in [
        ("bed.local/Upper", "invalid"),
        ("registry.bed.local/nope:1", "not found"),
        ("registry.bed.local/foreign:1", "no match for platform"),
        ("private.bed.local/busybox:1", "authorization"),
    ] {
        let workflow = one_job(&format!("    container: {image}\n"), "      - run: echo never\n");
        let user = user(&cluster, &workflow).with_settings("waits.image = 2");
        let ran = user.run(&[]);
        assert_eq!(ran.code, Some(1), "{ran}");
        let error = ran.lines_with("error:").join("");
        assert!(error.contains(image) && error.contains(said) && error.contains("ci.yml:3"), "{ran}");
        until("nothing is left", || user.left().is_empty());
    }
}

const WAITS: &str = "      - run: |
          echo it waits
          sleep 600
";

fn job_pod(user: &User) -> String {
    let words = ["get", "pods", "--selector=app=act-runner", "--output=name"];
    user.namespace.kubectl(words).trim().trim_start_matches("pod/").to_owned()
}

#[test]
fn a_pod_that_is_deleted_or_evicted_under_its_step_is_lost() {
    let Some(cluster) = Cluster::find() else { return };
    for (how, said) in [("delete", "the pod was deleted"), ("evict", "evicted: EvictionByEvictionAPI")] {
        let user = user(&cluster, &one_job("", WAITS));
        let mut run = user.start(&[]);
        run.saw("it waits");
        let pod = job_pod(&user);
        match how {
            "delete" => drop(user.namespace.kubectl(["delete", "pod", &pod, "--wait=false"])),
            _ => user.namespace.evict(&pod),
        }
        let ran = run.end();
        lost(&ran, said);
        until("nothing is left", || user.left().is_empty());
    }
}

#[test]
fn a_job_without_enough_memory_is_never_a_success() {
    let Some(cluster) = Cluster::find() else { return };
    let container = "    container: { image: 'bed.local/node:1', options: --memory 64m }\n";
    let steps = "      - run: node -e 'const all = []; for (;;) all.push(Buffer.alloc(1e6, 1))'\n";
    let user = user(&cluster, &one_job(container, steps));
    let ran = user.run(&[]);
    // The system may kill one process, or all of the container and the agent with them.
    match ran.code {
        Some(1) => assert!(ran.stdout.contains("exit code 137"), "{ran}"),
        _ => lost(&ran, "out of memory"),
    }
    until("nothing is left", || user.left().is_empty());
}

#[test]
fn a_container_that_ends_without_a_word_is_lost() {
    let Some(cluster) = Cluster::find_own() else { return };
    let user = user(&cluster, &one_job("", WAITS));
    let mut run = user.start(&[]);
    run.saw("it waits");
    let uid = user.namespace.pod(&job_pod(&user))["metadata"]["uid"].as_str().unwrap().to_owned();
    kill_agent(&uid);
    lost(&run.end(), "the agent ended with exit code 137");
    until("nothing is left", || user.left().is_empty());
}

/// Kills the first process of a pod's job, which a process in the pod cannot.
fn kill_agent(uid: &str) {
    let uid = [uid.to_owned(), uid.replace('-', "_")];
    let mut killed = 0;
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let read = |name: &str| std::fs::read_to_string(process.path().join(name)).unwrap_or_default();
        let (groups, words) = (read("cgroup"), read("cmdline"));
        if uid.iter().any(|uid| groups.contains(uid)) && words.contains("serve\0") {
            let pid = process.file_name().into_string().unwrap();
            assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
            killed += 1;
        }
    }
    assert_eq!(killed, 1);
}

#[test]
fn a_full_quota_is_waited_for() {
    let Some(cluster) = Cluster::find() else { return };
    let user = user(&cluster, &one_job("", "      - run: echo after all\n"));
    let quota = json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "one" },
        "spec": { "hard": { "pods": "1" } } });
    user.namespace.apply(&quota);
    until("the quota counts", || {
        user.namespace.kubectl(["get", "quota", "one", "--output=yaml"]).contains("used:")
    });
    user.namespace.run("first", "bed.local/busybox:1", &["sleep", "600"], &json!({}));
    let mut run = user.start(&[]);
    run.saw("exceeded quota");
    user.namespace.kubectl(["delete", "pod", "first"]);
    let ran = run.end();
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.stdout.contains("after all"), "{ran}");
    until("nothing is left", || user.left().is_empty());
}

#[test]
fn a_run_that_is_cancelled_while_its_image_is_pulled_leaves_nothing() {
    let Some(cluster) = Cluster::find_own() else { return };
    let container = "    container: registry.bed.local/nope:1\n";
    let user = user(&cluster, &one_job(container, "      - run: echo never\n"));
    let mut run = user.start(&[]);
    run.saw("nope:1: not found").interrupt();
    let ran = run.end();
    assert_eq!(ran.code, Some(130), "{ran}");
    assert!(ran.stdout.contains("was cancelled"), "{ran}");
    until("nothing is left", || user.left().is_empty());
}

#[test]
fn a_run_that_is_cancelled_while_a_post_step_runs_ends_cancelled_and_leaves_nothing() {
    let Some(cluster) = Cluster::find() else { return };
    let steps = "      - uses: actions/checkout@v4\n      - uses: ./action\n";
    let mut project = Project::with(&one_job("", steps));
    project.file("action/action.yml", "runs: { using: node20, main: main.js, post: post.js }\n");
    project.file("action/main.js", "console.log('main')");
    project.file(
        "action/post.js",
        "console.log('post begins'); setTimeout(() => console.log('post ends'), 600000)",
    );
    project.commit();
    let user = User::of(project, &cluster);
    let mut run = user.start(&[]);
    // Posts run although the job is cancelled: who cannot wait says so again.
    run.saw("post begins").interrupt();
    std::thread::sleep(std::time::Duration::from_secs(1));
    run.interrupt();
    let ran = run.end();
    assert_eq!(ran.code, Some(130), "{ran}");
    assert!(!ran.stdout.contains("post ends"), "{ran}");
    until("nothing is left", || user.left().is_empty());
}
