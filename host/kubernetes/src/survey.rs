//! A look around a cluster: why a pod does not start there, or would not.
//!
//! Nodes, quotas and events are looked at where this account may; what it may not see is left out, and said to be.

mod fit;
mod quantity;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use act_core::decide::Seen;
use act_core::place::Decision;
use k8s_openapi::api::core::v1::{Event, Node, Pod, PodSpec, ResourceQuota};
use kube::api::ListParams;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

use crate::calls::with_causes;
use crate::config::KubernetesConfig;
use crate::connect::Connection;
use crate::labels::{MANAGED_BY, value};
use crate::objects::Objects;
use crate::seen::{Phase, UNHEALTHY, look};

/// One look: what takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often events are asked for that are not there yet, and after which time: all of it less than a machine's last words
/// are waited for.
const TRIES: u32 = 8;
const LATER: Duration = Duration::from_millis(400);

/// Pods of a job that wait and are told of.
const WAITING: usize = 3;

/// What was seen of a cluster.
#[derive(Clone, Debug)]
pub struct Survey {
    nodes: Result<Vec<Node>, String>,
    quotas: Result<Vec<ResourceQuota>, String>,
    /// Those of this program.
    pods: Vec<Pod>,
}

impl Survey {
    /// Looks around.
    pub async fn of(connection: &Connection, namespace: &str) -> Self {
        let client = &connection.client;
        let own = ListParams::default().labels(&format!("{}={}", MANAGED_BY.0, MANAGED_BY.1));
        let all = ListParams::default();
        let (nodes, quotas, pods) = tokio::join!(
            list(Api::all(client.clone()), &all),
            list(Api::namespaced(client.clone(), namespace), &all),
            list(Api::namespaced(client.clone(), namespace), &own),
        );
        Self { nodes, quotas, pods: pods.unwrap_or_default() }
    }

    /// Tells what keeps a decision's pod from starting, and which pods of the same job wait now, a line each.
    #[must_use]
    pub fn tell(&self, decision: &Decision, config: &KubernetesConfig) -> Vec<String> {
        let id = act_core::ids::MachineId("explained".to_owned());
        let Ok(objects) = Objects::of(&id, decision, "act-host", config) else { return Vec::new() };
        let machine = &objects.machine;
        let spec =
            if machine["kind"] == "Job" { &machine["spec"]["template"]["spec"] } else { &machine["spec"] };
        let Ok(spec) = serde_json::from_value::<PodSpec>(spec.clone()) else { return Vec::new() };
        let mut told = self.of_spec(&spec);
        told.extend(self.waiting(decision));
        told
    }

    /// Tells what keeps a pod of this form from starting.
    fn of_spec(&self, spec: &PodSpec) -> Vec<String> {
        let mut told = match &self.nodes {
            Ok(nodes) => fit::nodes(spec, nodes),
            Err(reason) => vec![format!("nodes cannot be looked at: {reason}")],
        };
        match &self.quotas {
            Ok(quotas) => told.extend(fit::quotas(spec, quotas)),
            Err(reason) => told.push(format!("quotas cannot be looked at: {reason}")),
        }
        told
    }

    fn waiting(&self, decision: &Decision) -> Vec<String> {
        let wanted = ["workflow", "job"].map(|key| {
            (format!("act-host.dev/{key}"), decision.bind.labels.get(key).map(|text| value(text)))
        });
        let is_same = |pod: &&Pod| {
            let labels = pod.metadata.labels.as_ref();
            wanted.iter().all(|(key, text)| {
                text.is_some() && labels.and_then(|labels| labels.get(key)) == text.as_ref()
            })
        };
        let tell = |pod: &Pod| match look(Some(pod)) {
            Phase::Waiting(seen) => {
                let name = pod.metadata.name.as_deref().unwrap_or_default();
                Some(format!("pod {name} waits: {}", text(&seen)))
            }
            Phase::Running | Phase::Ended(_) => None,
        };
        self.pods.iter().filter(is_same).filter_map(tell).take(WAITING).collect()
    }
}

/// Adds to what is seen of a pod what only others know: always why a service is not healthy, and where it is wanted
/// (`deep`) which nodes and quotas are in the way.
pub(crate) async fn explained(
    client: &Client,
    namespace: &str,
    pod: Option<Arc<Pod>>,
    seen: Seen,
    deep: bool,
) -> Seen {
    let Some(pod) = pod else { return seen };
    match seen {
        Seen::Other { code, text } if code == UNHEALTHY => {
            let said = last_probe(client, namespace, &pod).await;
            Seen::Other { code, text: said.map_or(text.clone(), |said| format!("{text}: {said}")) }
        }
        Seen::Unschedulable { text } if deep => {
            let more = against(client, namespace, &pod).await;
            Seen::Unschedulable { text: std::iter::once(text).chain(more).collect::<Vec<_>>().join("; ") }
        }
        seen => seen,
    }
}

/// Tells what each node has against a pod, of which only the essence is at hand.
async fn against(client: &Client, namespace: &str, pod: &Pod) -> Vec<String> {
    let own = format!("metadata.name={}", pod.metadata.name.as_deref().unwrap_or_default());
    let params = ListParams::default().fields(&own);
    let pods = list::<Pod>(Api::namespaced(client.clone(), namespace), &params).await;
    let nodes = list(Api::all(client.clone()), &ListParams::default()).await;
    match (pods, nodes) {
        (Ok(pods), Ok(nodes)) => {
            let spec = pods.into_iter().next().and_then(|pod| pod.spec).unwrap_or_default();
            fit::nodes(&spec, &nodes)
        }
        (Err(reason), _) => vec![format!("the pod cannot be looked at: {reason}")],
        (_, Err(reason)) => vec![format!("nodes cannot be looked at: {reason}")],
    }
}

/// Returns what the last probe of a service said, where events can be read. They come a little after what they are about.
async fn last_probe(client: &Client, namespace: &str, pod: &Pod) -> Option<String> {
    let uid = pod.metadata.uid.as_deref()?;
    let params = ListParams::default().fields(&format!("involvedObject.uid={uid},reason=Unhealthy"));
    let mut tries = 0;
    let last = loop {
        let events: Vec<Event> = list(Api::namespaced(client.clone(), namespace), &params).await.ok()?;
        let last = events.into_iter().max_by_key(|event| event.last_timestamp.as_ref().map(|time| time.0));
        tries += 1;
        match last {
            Some(last) => break last,
            None if tries < TRIES => tokio::time::sleep(LATER).await,
            None => return None,
        }
    };
    let message = last.message?;
    let said = message.split_once(" probe failed: ").map_or(&*message, |(_, said)| said);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    (!said.is_empty()).then(|| format!("its last probe said `{said}`"))
}

async fn list<K>(api: Api<K>, params: &ListParams) -> Result<Vec<K>, String>
where
    K: Resource + Clone + DeserializeOwned + std::fmt::Debug,
{
    match tokio::time::timeout(PATIENCE, api.list(params)).await {
        Ok(Ok(found)) => Ok(found.items),
        Ok(Err(kube::Error::Api(status))) => Err(status.message.clone()),
        Ok(Err(error)) => Err(with_causes(&error)),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

fn text(seen: &Seen) -> String {
    match seen {
        Seen::Pending { reason, .. } => reason.clone(),
        Seen::Unschedulable { text }
        | Seen::Quota { text }
        | Seen::Image { text, .. }
        | Seen::Evicted { text, .. }
        | Seen::OutOfMemory { text }
        | Seen::Lost { text }
        | Seen::Other { text, .. } => text.clone(),
    }
}
