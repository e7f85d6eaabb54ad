//! Tests that break the cluster: the API server, the kubelet. One at a time.
#![allow(clippy::unwrap_used, reason = "code of tests: what goes wrong fails them")]

use std::sync::{Mutex, MutexGuard, PoisonError};

use act_cluster_tests::cluster::until;
use act_cluster_tests::{Cluster, Namespace, User};
use act_tests::cli::Project;
use serde_json::json;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The cluster, and the right to break it.
fn cluster() -> Option<(Cluster, MutexGuard<'static, ()>)> {
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    Cluster::find_own().map(|cluster| (cluster, guard))
}

/// A pod that writes a line ten times a second, running.
fn talking(cluster: &Cluster) -> Namespace {
    let namespace = Namespace::make(cluster);
    let script = "i=0; while true; do i=$((i + 1)); echo $i; sleep 0.1; done";
    namespace.run("one", "bed.local/busybox:1", &["sh", "-c", script], &json!({}));
    namespace.wait_phase("one", "Running");
    namespace
}

fn container(namespace: &Namespace) -> (String, u64) {
    let status = &namespace.pod("one")["status"]["containerStatuses"][0];
    (status["containerID"].as_str().unwrap().to_owned(), status["restartCount"].as_u64().unwrap())
}

#[test]
fn a_killed_api_server_comes_back_and_no_pod_notices() {
    let Some((cluster, _guard)) = cluster() else { return };
    let namespace = talking(&cluster);
    let (before, starts) = (container(&namespace), cluster.starts("kube-apiserver"));
    cluster.fault("apiserver-kill");
    until("it is started again", || cluster.starts("kube-apiserver") > starts);
    cluster.wait_ready();
    assert_eq!(container(&namespace), before);
    namespace.run("two", "bed.local/busybox:1", &["true"], &json!({}));
    namespace.wait_phase("two", "Succeeded");
}

#[test]
fn a_paused_api_server_does_not_answer_and_then_does() {
    let Some((cluster, _guard)) = cluster() else { return };
    cluster.wait_ready();
    cluster.fault("apiserver-pause 4");
    let mut ask = cluster.command(["get", "--raw", "/readyz", "--request-timeout=1s"]);
    let output = ask.output().unwrap();
    assert!(!output.status.success(), "it answers: {output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("refused"), "it hangs, and does not refuse: {said}");
    cluster.wait_ready();
}

#[test]
fn an_api_server_that_is_down_refuses_until_its_time_is_over() {
    let Some((cluster, _guard)) = cluster() else { return };
    cluster.wait_ready();
    let starts = cluster.starts("kube-apiserver");
    cluster.fault("apiserver-down 3");
    let mut ask = cluster.command(["get", "--raw", "/readyz", "--request-timeout=1s"]);
    let output = ask.output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("refused"), "{output:?}");
    cluster.wait_ready();
    assert_eq!(cluster.starts("kube-apiserver"), starts + 1);
}

#[test]
fn a_restarted_kubelet_finds_its_containers() {
    let Some((cluster, _guard)) = cluster() else { return };
    let namespace = talking(&cluster);
    for (component, fault) in
        [("kubelet", "kubelet-restart"), ("kubelet", "kubelet-kill"), ("containerd", "containerd-kill")]
    {
        let (before, starts) = (container(&namespace), cluster.starts(component));
        cluster.fault(fault);
        until("it is started again", || cluster.starts(component) > starts);
        until("commands run again", || namespace.output(["exec", "one", "--", "true"]).status.success());
        assert_eq!(container(&namespace), before, "{fault}");
    }
}

#[test]
fn a_lost_node_is_noticed_and_found_again() {
    let Some((cluster, _guard)) = cluster() else { return };
    let ready = |cluster: &Cluster| {
        let path = "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}";
        cluster.kubectl(["get", "node", "bed", "--output", path])
    };
    assert_eq!(ready(&cluster), "True");
    cluster.fault("kubelet-pause 20");
    until("the node is lost", || ready(&cluster) == "Unknown");
    until("the node is back", || ready(&cluster) == "True");
}

/// A run whose step says what it does for ten seconds; the API server is broken under it.
fn under_a_run(fault: &str) {
    let Some((cluster, _guard)) = cluster() else { return };
    let workflow = "
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    container: bed.local/busybox:1
    defaults: { run: { shell: sh } }
    steps:
      - run: i=0; while [ $i -lt 100 ]; do i=$((i + 1)); echo line $i.; sleep 0.1; done
      - run: echo the next step
";
    let user = User::of(Project::with(workflow), &cluster);
    let mut live = user.start(&[]);
    live.saw("line 5.");
    cluster.fault(fault);
    let ran = live.end();
    cluster.wait_ready();
    assert_eq!(ran.code, Some(0), "{ran}");
    for line in 1..=100 {
        assert_eq!(ran.lines_with(&format!("line {line}.")).len(), 1, "line {line}: {ran}");
    }
    assert_eq!(ran.lines_with("  the next step").len(), 1, "{ran}");
    until("nothing is left", || user.left().is_empty());
}

#[test]
fn a_step_outlives_the_api_server() {
    under_a_run("apiserver-kill");
}

#[test]
fn a_step_outlives_a_minute_without_an_answer() {
    under_a_run("apiserver-pause 60");
}

#[test]
fn a_step_outlives_a_restart_of_the_kubelet() {
    under_a_run("kubelet-restart");
}
