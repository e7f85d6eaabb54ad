//! The node object and its Lease.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use super::{ADDRESS, TAINT, World};

/// How often it says that it lives. The bed's controllers take a node for lost after eight seconds.
const TURN: Duration = Duration::from_secs(2);

const MANAGER: &str = "test-kubelet";

/// With which the API server hands a websocket of `pods/exec` on as it is; to others it talks SPDY.
const WEBSOCKETS: &str = "ExtendWebSocketsToKubelet";

/// Makes the node and says that it is ready.
pub(super) async fn register(world: &World) {
    let api: Api<Node> = Api::all(world.client.clone());
    let node = json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": { "name": world.node, "labels": {
            "kubernetes.io/hostname": world.node, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
        } },
        "spec": { "taints": [{ "key": TAINT, "value": world.node, "effect": "NoSchedule" }] },
    });
    api.patch(&world.node, &PatchParams::apply(MANAGER).force(), &Patch::Apply(node)).await.unwrap();
    renew(world).await.unwrap();
    tell(world).await.unwrap();
}

/// Renews it for ever.
pub(super) async fn keep(world: &World) {
    loop {
        tokio::time::sleep(TURN).await;
        // What fails is tried again in the next turn.
        let _ = renew(world).await;
        let _ = tell(world).await;
    }
}

/// Takes the node away.
pub(super) async fn remove(world: &World) {
    let params = DeleteParams::default();
    let api: Api<Node> = Api::all(world.client.clone());
    let _ = api.delete(&world.node, &params).await;
    let api: Api<Lease> = Api::namespaced(world.client.clone(), "kube-node-lease");
    let _ = api.delete(&world.node, &params).await;
}

async fn renew(world: &World) -> kube::Result<()> {
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": { "name": world.node },
        "spec": {
            "holderIdentity": world.node, "leaseDurationSeconds": 40,
            "renewTime": format!("{:.6}", Timestamp::now()),
        },
    });
    let api: Api<Lease> = Api::namespaced(world.client.clone(), "kube-node-lease");
    let params = PatchParams::apply(MANAGER).force();
    api.patch(&world.node, &params, &Patch::Apply(lease)).await.map(drop)
}

async fn tell(world: &World) -> kube::Result<()> {
    let api: Api<Node> = Api::all(world.client.clone());
    let status = json!({ "status": status(world.port, Timestamp::now()) });
    api.patch_status(&world.node, &PatchParams::default(), &Patch::Merge(status)).await.map(drop)
}

fn status(port: u16, now: Timestamp) -> Value {
    let now = format!("{now:.0}");
    let room =
        json!({ "cpu": "100000", "memory": "1000Ti", "ephemeral-storage": "1000Ti", "pods": "100000" });
    let condition = |kind: &str, is: &str, reason: &str| {
        json!({
            "type": kind, "status": is, "reason": reason, "message": reason,
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        })
    };
    json!({
        "capacity": room,
        "allocatable": room,
        "conditions": [
            condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
            condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID"),
            condition("Ready", "True", "KubeletReady"),
        ],
        "addresses": [{ "type": "InternalIP", "address": ADDRESS }],
        "daemonEndpoints": { "kubeletEndpoint": { "Port": port } },
        "declaredFeatures": [WEBSOCKETS],
    })
}
