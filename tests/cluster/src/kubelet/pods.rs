//! The pods of the node: each a folder with an agent in it, from its binding to the end of its deletion.

use std::collections::HashMap;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{StreamExt as _, pin_mut};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::process::Child;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::World;

/// Follows the pods of the node for ever.
pub(super) async fn keep(world: &Arc<World>) {
    let api: Api<Pod> = Api::all(world.client.clone());
    let config = watcher::Config::default().fields(&format!("spec.nodeName={}", world.node));
    let events = watcher(api, config).default_backoff();
    pin_mut!(events);
    // By uid: whether it is to go.
    let mut known: HashMap<String, watch::Sender<bool>> = HashMap::new();
    let mut living = JoinSet::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Apply(pod) | Event::InitApply(pod)) => {
                let uid = pod.metadata.uid.clone().unwrap();
                let is_going = pod.metadata.deletion_timestamp.is_some();
                let is_over = matches!(phase(&pod), Some("Succeeded" | "Failed"));
                if let Some(going) = known.get(&uid) {
                    going.send_replace(is_going);
                } else if !is_over {
                    let (send, receive) = watch::channel(is_going);
                    known.insert(uid, send);
                    living.spawn(live(Arc::clone(world), pod, receive));
                }
            }
            Ok(Event::Delete(pod)) => {
                // Also what was taken away by force.
                if let Some(going) = known.remove(pod.metadata.uid.as_ref().unwrap()) {
                    going.send_replace(true);
                }
            }
            Ok(Event::Init | Event::InitDone) | Err(_) => {}
        }
        while living.try_join_next().is_some() {}
    }
}

fn phase(pod: &Pod) -> Option<&str> {
    pod.status.as_ref()?.phase.as_deref()
}

/// One pod, until it is not there any more.
async fn live(world: Arc<World>, pod: Pod, mut going: watch::Receiver<bool>) {
    let name = pod.metadata.name.clone().unwrap();
    let namespace = pod.metadata.namespace.clone().unwrap();
    let api: Api<Pod> = Api::namespaced(world.client.clone(), &namespace);
    let root = world.folders.path().join(pod.metadata.uid.as_ref().unwrap());
    if !*going.borrow() {
        let mut agent = start(&world, &pod, &root);
        let count = {
            let mut roots = world.roots();
            roots.insert((namespace.clone(), name.clone()), root.clone());
            roots.len()
        };
        world.begun.fetch_add(1, Ordering::Relaxed);
        world.most.fetch_max(count, Ordering::Relaxed);
        let began = Timestamp::now();
        let running = json!({ "running": { "startedAt": time(began) } });
        tell(&api, &pod, "Running", &running).await;
        let ended = tokio::select! {
            ended = agent.wait() => ended.unwrap(),
            () = asked_to_go(&mut going) => stop(&mut agent, &pod).await,
        };
        world.roots().remove(&(namespace, name.clone()));
        let message = std::fs::read_to_string(root.join("dev/termination-log")).unwrap_or_default();
        let phase = if ended.success() { "Succeeded" } else { "Failed" };
        tell(&api, &pod, phase, &terminated(ended, began, &message)).await;
    }
    asked_to_go(&mut going).await;
    let preconditions = Some(Preconditions { uid: pod.metadata.uid.clone(), resource_version: None });
    let now = DeleteParams { grace_period_seconds: Some(0), preconditions, ..DeleteParams::default() };
    // What is gone already is gone.
    let _ = again(|| api.delete(&name, &now)).await;
    let _ = tokio::fs::remove_dir_all(root).await;
}

/// Waits until the pod is to go, for ever where nobody is left to say it.
async fn asked_to_go(going: &mut watch::Receiver<bool>) {
    if going.wait_for(|is_going| *is_going).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Starts the agent as the job's container says.
fn start(world: &World, pod: &Pod, root: &Path) -> Child {
    std::fs::create_dir_all(root.join("dev")).unwrap();
    let container = &pod.spec.as_ref().unwrap().containers[0];
    let line: Vec<String> =
        [&container.command, &container.args].into_iter().flatten().flatten().cloned().collect();
    let mut command = world.command(root, &line);
    for variable in container.env.iter().flatten() {
        command.env(&variable.name, variable.value.as_deref().unwrap_or_default());
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Asks the agent to end, and after the pod's time makes it.
async fn stop(agent: &mut Child, pod: &Pod) -> ExitStatus {
    if let Some(id) = agent.id().and_then(|id| Pid::from_raw(i32::try_from(id).unwrap())) {
        let _ = kill_process(id, Signal::TERM);
    }
    let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or(30);
    let grace = Duration::from_secs(u64::try_from(grace).unwrap_or(0));
    if tokio::time::timeout(grace, agent.wait()).await.is_err() {
        let _ = agent.start_kill();
    }
    agent.wait().await.unwrap()
}

/// Writes the status of a pod with its one container in a state.
async fn tell(api: &Api<Pod>, pod: &Pod, phase: &str, state: &Value) {
    let container = &pod.spec.as_ref().unwrap().containers[0];
    let is_ready = phase == "Running";
    let now = time(Timestamp::now());
    let condition = |kind: &str, is: bool| json!({ "type": kind, "status": if is { "True" } else { "False" }, "lastTransitionTime": now });
    let status = json!({
        "phase": phase,
        "startTime": now,
        "conditions": [
            condition("PodScheduled", true),
            condition("Initialized", true),
            condition("ContainersReady", is_ready),
            condition("Ready", is_ready),
        ],
        "containerStatuses": [{
            "name": container.name, "image": container.image, "imageID": "", "containerID": "fake://1",
            "ready": is_ready, "started": is_ready, "restartCount": 0, "state": state,
        }],
    });
    let patch = Patch::Merge(json!({ "metadata": { "uid": pod.metadata.uid }, "status": status }));
    let name = pod.metadata.name.as_ref().unwrap();
    let params = PatchParams::default();
    let _ = again(|| api.patch_status(name, &params, &patch)).await;
}

fn terminated(ended: ExitStatus, began: Timestamp, message: &str) -> Value {
    use std::os::unix::process::ExitStatusExt as _;
    let code = ended.code().unwrap_or_else(|| 128 + ended.signal().unwrap_or_default());
    let reason = if code == 0 { "Completed" } else { "Error" };
    json!({ "terminated": {
        "exitCode": code, "reason": reason, "message": message,
        "startedAt": time(began), "finishedAt": time(Timestamp::now()),
    } })
}

fn time(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// Repeats what only passes: a kubelet does not give up.
async fn again<T, F>(mut call: impl FnMut() -> F) -> kube::Result<T>
where
    F: Future<Output = kube::Result<T>>,
{
    loop {
        match call().await {
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409 | 422) => {
                return Err(kube::Error::Api(status));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            done => return done,
        }
    }
}
