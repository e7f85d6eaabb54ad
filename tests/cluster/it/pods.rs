//! What a kubelet does for any pod: the cluster is a real one.

use act_cluster_tests::{Cluster, Namespace};
use serde_json::{Value, json};

#[test]
fn the_node_is_ready_and_says_its_version() {
    let Some(cluster) = Cluster::find() else { return };
    let nodes: Value = serde_json::from_str(&cluster.kubectl(["get", "nodes", "--output=json"])).unwrap();
    let node = &nodes["items"][0]["status"];
    let conditions = node["conditions"].as_array().unwrap();
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready").unwrap();
    assert_eq!(ready["status"], "True", "{ready:#}");
    assert!(node["nodeInfo"]["kubeletVersion"].as_str().unwrap().starts_with("v1."), "{node:#}");
}

#[test]
fn a_pod_runs_and_its_log_comes() {
    let Some(cluster) = Cluster::find() else { return };
    let namespace = Namespace::make(&cluster);
    namespace.run("one", "bed.local/busybox:1", &["sh", "-c", "echo out; echo err >&2; exit 3"], &json!({}));
    namespace.wait_phase("one", "Failed");
    let mut lines: Vec<_> = namespace.kubectl(["logs", "one"]).lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["err", "out"]);
    let pod = namespace.pod("one");
    assert_eq!(pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"], 3);
}

#[test]
fn a_command_in_a_pod_has_its_streams_and_its_exit_code() {
    let Some(cluster) = Cluster::find() else { return };
    let namespace = Namespace::make(&cluster);
    namespace.run("one", "bed.local/busybox:1", &["sleep", "600"], &json!({}));
    namespace.wait_phase("one", "Running");
    let script = "echo out; echo err >&2; exit 7";
    let output = namespace.output(["exec", "one", "--", "sh", "-c", script]);
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "out\n");
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("err\n"), "{output:?}");
}

#[test]
fn a_pod_that_eats_its_memory_is_killed_and_says_so() {
    let Some(cluster) = Cluster::find() else { return };
    let namespace = Namespace::make(&cluster);
    let containers = json!([{ "name": "main", "image": "bed.local/busybox:1", "command": ["tail", "/dev/zero"],
                              "resources": { "limits": { "memory": "32Mi" } } }]);
    namespace.run("one", "", &[], &json!({ "containers": containers }));
    namespace.wait_phase("one", "Failed");
    let ended = &namespace.pod("one")["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!((ended["reason"].as_str(), ended["exitCode"].as_i64()), (Some("OOMKilled"), Some(137)));
}

#[test]
fn a_program_in_a_pod_reaches_the_api_server_as_its_account() {
    let Some(cluster) = Cluster::find() else { return };
    let namespace = Namespace::make(&cluster);
    let script = "const https = require('https'), fs = require('fs'), at = '/var/run/secrets/kubernetes.io/serviceaccount/';
        https.get({ host: process.env.KUBERNETES_SERVICE_HOST, path: '/api/v1/namespaces/default/pods',
                    ca: fs.readFileSync(at + 'ca.crt'),
                    headers: { authorization: 'Bearer ' + fs.readFileSync(at + 'token') } },
                  answer => { console.log(answer.statusCode); answer.destroy(); });";
    namespace.run("one", "bed.local/node:1", &["node", "-e", script], &json!({}));
    namespace.wait_phase("one", "Succeeded");
    assert_eq!(namespace.kubectl(["logs", "one"]), "403\n", "known, and without rights");
}
