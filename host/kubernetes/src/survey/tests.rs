use serde_json::{Value, json};

use super::*;

fn node(name: &str, labels: &Value, more: &Value) -> Node {
    let mut node = json!({
        "metadata": { "name": name, "labels": labels },
        "spec": {},
        "status": { "allocatable": { "cpu": "2", "memory": "8Gi", "pods": "110" } },
    });
    if let Some(taints) = more.get("taints") {
        node["spec"]["taints"] = taints.clone();
    }
    if more.get("cordoned").is_some() {
        node["spec"]["unschedulable"] = json!(true);
    }
    serde_json::from_value(node).unwrap()
}

fn spec(more: &Value) -> PodSpec {
    let mut spec = json!({ "containers": [{ "name": "runner", "resources": { "requests": { "cpu": "250m", "memory": "1Gi" } } }] });
    for (key, value) in more.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    serde_json::from_value(spec).unwrap()
}

#[test]
fn what_keeps_every_node_from_a_pod_is_named() {
    let plain = json!({});
    let nodes = [
        node("a", &json!({ "pool": "small", "kubernetes.io/os": "linux" }), &plain),
        node(
            "b",
            &json!({ "pool": "gpu", "kubernetes.io/os": "linux" }),
            &json!({ "taints": [{ "key": "nvidia.com/gpu", "value": "yes", "effect": "NoSchedule" }] }),
        ),
        node("c", &json!({ "pool": "old" }), &json!({ "cordoned": true })),
    ];
    let big = json!({ "containers": [{ "name": "runner", "resources": { "requests": { "cpu": "4", "memory": "16Gi" } } }] });
    let required = |expressions: Value| {
        json!({ "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{ "matchExpressions": expressions }] } } } })
    };
    for (more, told) in [
        (json!({}), vec![]),
        (json!({ "nodeSelector": { "docker-enabled": "true" } }), vec!["no node has `docker-enabled=true`"]),
        (
            json!({ "nodeSelector": { "pool": "big" } }),
            vec!["no node has `pool=big`; there are `gpu`, `old`, `small`"],
        ),
        (
            json!({ "nodeSelector": { "pool": "old", "kubernetes.io/os": "linux" } }),
            vec!["no node has all of `kubernetes.io/os=linux`, `pool=old`"],
        ),
        (
            json!({ "nodeSelector": { "pool": "gpu" } }),
            vec!["node b: the pod does not tolerate its taint `nvidia.com/gpu=yes:NoSchedule`"],
        ),
        (
            json!({ "nodeSelector": { "pool": "gpu" }, "tolerations": [{ "key": "nvidia.com/gpu", "operator": "Exists" }] }),
            vec![],
        ),
        (json!({ "nodeSelector": { "pool": "old" } }), vec!["node c: it is cordoned"]),
        (
            big,
            vec![
                "it asks for 4 cpu, and the largest node that fits has 2",
                "it asks for 16Gi memory, and the largest node that fits has 8Gi",
            ],
        ),
        (required(json!([{ "key": "arch", "operator": "Exists" }])), vec!["no node has `arch`"]),
        (required(json!([{ "key": "pool", "operator": "DoesNotExist" }])), vec!["every node has `pool`"]),
    ] {
        assert_eq!(fit::nodes(&spec(&more), &nodes), told, "{more}");
    }
    assert_eq!(fit::nodes(&spec(&plain), &[]), ["the cluster has no node"]);
}

#[test]
fn a_quota_without_room_is_named() {
    let quota = |hard: Value, used: Value| -> ResourceQuota {
        serde_json::from_value(
            json!({ "metadata": { "name": "ci" }, "status": { "hard": hard, "used": used } }),
        )
        .unwrap()
    };
    let full =
        quota(json!({ "pods": "3", "requests.cpu": "1" }), json!({ "pods": "3", "requests.cpu": "900m" }));
    let told = fit::quotas(&spec(&json!({})), &[full]);
    assert_eq!(
        told,
        [
            "quota `ci` has no room: of 3 pods 3 are used, and it asks for 1",
            "quota `ci` has no room: of 1 requests.cpu 900m are used, and it asks for 0.25",
        ]
    );
    let free = quota(json!({ "pods": "3", "limits.cpu": "1" }), json!({ "pods": "2" }));
    assert_eq!(fit::quotas(&spec(&json!({})), &[free]), [""; 0]);
}

#[test]
fn amounts_are_compared_whatever_their_unit() {
    for (text, thousandths) in [
        ("1", Some(1000.0)),
        ("250m", Some(250.0)),
        ("1Ki", Some(1_024_000.0)),
        ("1.5", Some(1500.0)),
        ("x", None),
        ("1x", None),
    ] {
        assert_eq!(quantity::thousandths(text), thousandths, "{text}");
    }
}
