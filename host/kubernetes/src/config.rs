//! What the operator says of the cluster, complete.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use act_core::place::Reach;
use act_remote::NodeFinder;
use serde_json::Value;

use crate::agent::AgentSource;

/// How jobs run on a cluster.
#[derive(Clone, Debug)]
pub struct KubernetesConfig {
    /// Where objects are made.
    pub namespace: String,
    /// How the agent gets into pods.
    pub agent: AgentSource,
    /// An image with Node.js, for images of jobs that have none: a volume of each pod. Kubernetes 1.35 or later.
    pub node_image: Option<String>,
    /// Which Node.js of this machine is sent to pods that have none and no such volume; `None` sends none.
    pub nodes: Option<NodeFinder>,
    /// What people are told where a job's image has no Node.js and an action needs it.
    pub node_advice: Option<String>,
    /// What workflows may ask for in `container.options`. A scheduler's decision needs a grant of its own.
    pub allowed: BTreeSet<Reach>,
    /// Merged into every pod: a `PodTemplateSpec`, or what is under its `spec`.
    pub pod_template: Option<Value>,
    /// `securityContext` of pods, where the decision does not say.
    pub pod_security: Option<Value>,
    /// `securityContext` of the job's container, where the decision does not say.
    pub container_security: Option<Value>,
    /// `dnsPolicy`.
    pub dns_policy: Option<String>,
    /// `dnsConfig`.
    pub dns_config: Option<Value>,
    /// What is put before the names of images without a registry: a mirror.
    pub image_mirror: Option<String>,
    /// How long an agent without a host goes on.
    pub orphan_grace: Duration,
    /// Beyond the job's own time, for start and end of a pod.
    pub spare_time: Duration,
    /// How long a finished Job of Kubernetes is kept, where one makes the pod.
    pub keep_finished: Duration,
    /// Whether the pods of jobs that failed are left as they are.
    pub keep: bool,
    /// How long a pod stays on a node that is silent.
    pub silent_node: Duration,
    /// Whether nodes are looked at to tell why a pod does not start.
    pub debug_scheduling: bool,
    /// How many calls to the API server are made a second in the long run.
    pub call_rate: NonZeroU32,
}

/// As other controllers do.
const CALL_RATE: NonZeroU32 = NonZeroU32::new(20).expect("it is not zero");

impl KubernetesConfig {
    /// Takes the defaults.
    #[must_use]
    pub fn new(namespace: impl Into<String>, agent: AgentSource) -> Self {
        Self {
            namespace: namespace.into(),
            agent,
            node_image: None,
            nodes: None,
            node_advice: None,
            allowed: BTreeSet::new(),
            pod_template: None,
            pod_security: None,
            container_security: None,
            dns_policy: None,
            dns_config: None,
            image_mirror: None,
            orphan_grace: Duration::from_secs(600),
            spare_time: Duration::from_secs(60),
            keep_finished: Duration::from_secs(3600),
            keep: false,
            silent_node: Duration::from_secs(45),
            debug_scheduling: false,
            call_rate: CALL_RATE,
        }
    }
}
