//! The cluster of a run: how it is connected, what its pods are told, and why it cannot be had.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use act_core::decide::Seen;
use act_kubernetes::{
    Access, AgentSource, Binary, ConnectError, Connection, KubernetesConfig, KubernetesProvisioner,
    NodeFinder,
};
use act_process::find_program;

use crate::config::Machine;
use crate::config::cluster::ClusterWords;
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::value::Delivery;

/// What a connection to the cluster is made of.
pub(super) struct ClusterWanted {
    pub(super) machine: Machine,
    /// Names this process there.
    pub(super) host: String,
}

/// Why a cluster cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClusterError {
    #[error("`--bind` needs a machine that has the working tree, and a pod has not got it")]
    Bind,
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Agent(#[from] AgentError),
}

/// Why there is no agent that could go into pods.
#[derive(Debug, thiserror::Error)]
pub(super) enum AgentError {
    #[error("there is no agent that could go into pods")]
    Missing,
    #[error("cannot read the agent {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
}

impl ClusterError {
    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Bind | Self::Connect(ConnectError::Server { .. } | ConnectError::Namespace(_)) => None,
            Self::Connect(ConnectError::Config(_)) => Some("`--kubeconfig FILE` names another one"),
            Self::Connect(ConnectError::NoNamespace) => {
                Some("`--namespace NAME` says where pods are made; the context of the kubeconfig may, too")
            }
            Self::Connect(ConnectError::Rights { .. }) => {
                Some("`act-host kubernetes rbac` prints the Role that is needed")
            }
            Self::Agent(_) => {
                Some("`act-agent` belongs beside this program; `ACT_HOST_AGENT` names another file")
            }
        }
    }

    /// As a scheduler is told. A server that does not answer now may do so later; of all else nothing can be had.
    pub(super) fn seen(&self) -> Seen {
        let hint = self.hint().map(|hint| format!(" ({hint})"));
        let text = format!("{self}{}", hint.unwrap_or_default());
        match self {
            Self::Connect(ConnectError::Server { .. }) => {
                Seen::Other { code: "unreachable".to_owned(), text }
            }
            _ => Seen::Lost { text },
        }
    }
}

impl From<ClusterError> for CliError {
    fn from(error: ClusterError) -> Self {
        let is_invalid =
            matches!(error, ClusterError::Bind | ClusterError::Connect(ConnectError::NoNamespace));
        let exit = if is_invalid { Exit::Invalid } else { Exit::Infrastructure };
        let hint = error.hint();
        Self::new(exit, error).maybe_hint(hint)
    }
}

impl ClusterWanted {
    pub(super) async fn connect(&self) -> Result<Arc<KubernetesProvisioner>, ClusterError> {
        let Self { machine, host } = self;
        if machine.bind {
            return Err(ClusterError::Bind);
        }
        let words = &machine.cluster;
        let connection = Connection::open(&access(words)).await?;
        let namespace = words.namespace.clone().or_else(|| connection.namespace.clone());
        let namespace = namespace.ok_or(ConnectError::NoNamespace)?;
        let agent = agent(words, &machine.agents)?;
        connection.check(&namespace).await?;
        let settings = settings(words, namespace, agent, machine);
        Ok(Arc::new(KubernetesProvisioner::new(connection.client, settings, host)))
    }
}

pub(super) fn access(words: &ClusterWords) -> Access {
    Access { kubeconfig: words.kubeconfig.clone(), context: words.context.clone() }
}

fn agent(words: &ClusterWords, files: &[PathBuf]) -> Result<AgentSource, AgentError> {
    match &words.agent {
        Some(Delivery::Image(reference)) => return Ok(AgentSource::Image { reference: reference.clone() }),
        Some(Delivery::InImage(path)) => return Ok(AgentSource::InImage { path: path.clone() }),
        Some(Delivery::ConfigMap) | None => {}
    }
    if files.is_empty() {
        return Err(AgentError::Missing);
    }
    let read = |path: &PathBuf| match std::fs::read(path) {
        Ok(bytes) => Ok(Binary::new(bytes.into())),
        Err(source) => Err(AgentError::Read { path: path.clone(), source }),
    };
    files.iter().map(read).collect::<Result<_, _>>().map(AgentSource::ConfigMap)
}

/// What to do where a job's image has no Node.js.
const NODE_ADVICE: &str = "take an image that has Node.js, name one that brings it with `--k8s-node-image` or a file that runs there with `--k8s-node`, or add a setup step before this one";

/// Finds the Node.js that is sent into pods: the one that was named, else that of the wanted version on this machine's
/// `PATH`, else the one there is.
fn nodes(machine: &Machine) -> NodeFinder {
    let named = machine.cluster.node.clone();
    let path = machine.host_env.get(OsStr::new("PATH")).cloned().unwrap_or_default();
    NodeFinder(Arc::new(move |wanted| {
        let on_path = |name: &str| find_program(name.as_ref(), &path, Path::new("/"));
        named.clone().or_else(|| on_path(&format!("node{wanted}"))).or_else(|| on_path("node"))
    }))
}

fn settings(
    words: &ClusterWords,
    namespace: String,
    agent: AgentSource,
    machine: &Machine,
) -> KubernetesConfig {
    let words = words.clone();
    let mut config = KubernetesConfig::new(namespace, agent);
    config.node_advice = Some(NODE_ADVICE.to_owned());
    config.node_image = words.node_image;
    config.nodes = Some(nodes(machine));
    config.pod_template = words.pod_template;
    config.pod_security = words.pod_security;
    config.container_security = words.container_security;
    config.dns_policy = words.dns_policy;
    config.dns_config = words.dns_config;
    config.image_mirror = words.image_mirror;
    config.keep = machine.keep;
    config.debug_scheduling = machine.debug_scheduling;
    config.allowed = words.allowed.unwrap_or(config.allowed);
    config.orphan_grace = words.orphan_grace.unwrap_or(config.orphan_grace);
    config.spare_time = words.spare_time.unwrap_or(config.spare_time);
    config.keep_finished = words.keep_finished.unwrap_or(config.keep_finished);
    config.silent_node = words.silent_node.unwrap_or(config.silent_node);
    config.call_rate = words.call_rate.unwrap_or(config.call_rate);
    config
}

/// What pods are told, without a connection: as well as it is known.
pub(super) fn described_as(machine: &Machine) -> KubernetesConfig {
    let words = &machine.cluster;
    let namespace = words.namespace.clone().or_else(|| access(words).namespace());
    let namespace = namespace.unwrap_or_else(|| "<namespace>".to_owned());
    // What would run is shown even where the agent is missing.
    let any = |_| AgentSource::ConfigMap(vec![Binary::new(Arc::from([]))]);
    let agent = agent(words, &machine.agents).unwrap_or_else(any);
    settings(words, namespace, agent, machine)
}
