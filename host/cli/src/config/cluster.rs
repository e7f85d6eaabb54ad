//! Which cluster, and how jobs run on it: what each source says, the stronger over the weaker.
//!
//! | source | strongest first |
//! |---|---|
//! | flags | the command line · files of flags |
//! | the environment | `ACT_BACKEND`, `ACT_K8S_…` |
//! | `act-host.toml` | the user's: `backend`, `[kubernetes]` |
//! | a YAML `.actrc` | `--config FILE` · `~/.config/act-host/actrc` · `~/.actrc` · `~/.config/act/actrc` |
//!
//! Where none of them names a namespace, the kubeconfig's context does. Objects are laid over each other key by key.

mod actrc;
mod environment;
mod file;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use act_core::place::Reach;
use serde_json::{Map, Value};

pub(crate) use self::actrc::{is_yaml, read as read_actrc};
pub(crate) use self::environment::read as read_environment;
pub(crate) use self::file::{backend, kubernetes};
use crate::flags::value::{Backend, Delivery};

/// What one source says; `None` where it says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ClusterWords {
    /// Where all jobs run.
    pub(crate) backend: Option<Backend>,
    /// A kubeconfig.
    pub(crate) kubeconfig: Option<PathBuf>,
    /// A context of it.
    pub(crate) context: Option<String>,
    /// Where pods are made; never empty.
    pub(crate) namespace: Option<String>,
    /// How the agent gets into pods.
    pub(crate) agent: Option<Delivery>,
    /// An image with Node.js, for jobs whose own has none.
    pub(crate) node_image: Option<String>,
    /// A Node.js of this machine that is sent where neither has one; `None` takes that on `PATH`.
    pub(crate) node: Option<PathBuf>,
    /// What workflows may ask for in `container.options`.
    pub(crate) allowed: Option<BTreeSet<Reach>>,
    /// A `PodTemplateSpec`, merged into every pod.
    pub(crate) pod_template: Option<Value>,
    /// `securityContext` of pods.
    pub(crate) pod_security: Option<Value>,
    /// `securityContext` of the job's container.
    pub(crate) container_security: Option<Value>,
    /// `dnsPolicy`.
    pub(crate) dns_policy: Option<String>,
    /// `dnsConfig`.
    pub(crate) dns_config: Option<Value>,
    /// Stands before images without a registry.
    pub(crate) image_mirror: Option<String>,
    /// How long an agent without a host goes on.
    pub(crate) orphan_grace: Option<Duration>,
    /// Beyond the job's own time.
    pub(crate) spare_time: Option<Duration>,
    /// How long a finished Job of Kubernetes is kept.
    pub(crate) keep_finished: Option<Duration>,
    /// How long a pod stays on a node that is silent.
    pub(crate) silent_node: Option<Duration>,
    /// Calls to the API server a second.
    pub(crate) call_rate: Option<NonZeroU32>,
    /// Settings of the plugin `k8s`, over those that act-host.toml has for it where flags and variables say them, under
    /// them where a YAML `.actrc` does.
    pub(crate) told: Map<String, Value>,
}

impl ClusterWords {
    /// Lays these words over those of a weaker source.
    pub(crate) fn over(self, weaker: Self) -> Self {
        Self {
            backend: self.backend.or(weaker.backend),
            kubeconfig: self.kubeconfig.or(weaker.kubeconfig),
            context: self.context.or(weaker.context),
            namespace: self.namespace.or(weaker.namespace),
            agent: self.agent.or(weaker.agent),
            node_image: self.node_image.or(weaker.node_image),
            node: self.node.or(weaker.node),
            allowed: self.allowed.or(weaker.allowed),
            pod_template: self.pod_template.or(weaker.pod_template),
            pod_security: merged(self.pod_security, weaker.pod_security),
            container_security: merged(self.container_security, weaker.container_security),
            dns_policy: self.dns_policy.or(weaker.dns_policy),
            dns_config: self.dns_config.or(weaker.dns_config),
            image_mirror: self.image_mirror.or(weaker.image_mirror),
            orphan_grace: self.orphan_grace.or(weaker.orphan_grace),
            spare_time: self.spare_time.or(weaker.spare_time),
            keep_finished: self.keep_finished.or(weaker.keep_finished),
            silent_node: self.silent_node.or(weaker.silent_node),
            call_rate: self.call_rate.or(weaker.call_rate),
            told: laid_over(self.told, weaker.told),
        }
    }
}

fn merged(stronger: Option<Value>, weaker: Option<Value>) -> Option<Value> {
    match (stronger, weaker) {
        (Some(stronger), Some(weaker)) => Some(lay(stronger, weaker)),
        (stronger, weaker) => stronger.or(weaker),
    }
}

fn lay(stronger: Value, weaker: Value) -> Value {
    match (stronger, weaker) {
        (Value::Object(stronger), Value::Object(weaker)) => laid_over(stronger, weaker).into(),
        (stronger, _) => stronger,
    }
}

/// Lays an object over another, key by key; names of platforms are compared without case, so all keys are.
pub(crate) fn laid_over(stronger: Map<String, Value>, mut weaker: Map<String, Value>) -> Map<String, Value> {
    for (key, value) in stronger {
        let known = weaker.keys().find(|known| known.eq_ignore_ascii_case(&key)).cloned();
        let value = match known.and_then(|known| weaker.remove(&known)) {
            Some(under) => lay(value, under),
            None => value,
        };
        weaker.insert(key, value);
    }
    weaker
}
