//! Who makes the machines of a run: this machine, or a cluster.

use std::path::Path;
use std::sync::Arc;

use act_core::place::Decision;
use act_core::provisioner::{Document, Provisioner};
use act_kubernetes::{Access, AgentSource, Connection, KubernetesConfig, KubernetesProvisioner};
use act_local::LocalProvisioner;

use super::host::this_machine;
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::value::Backend;

/// Who makes machines.
pub(super) enum Machines {
    Local(Arc<LocalProvisioner>),
    Cluster(Arc<KubernetesProvisioner>),
}

impl Machines {
    /// Opens what the configuration names; of a cluster, asks whether it answers and what this account may do.
    pub(super) async fn open(config: &Config) -> Result<Self, CliError> {
        match config.machine.backend {
            Backend::Local => local(config).map(Self::Local),
            Backend::Kubernetes => cluster(config).await.map(Self::Cluster),
        }
    }

    /// Returns the port.
    pub(super) fn provisioner(&self) -> Arc<dyn Provisioner> {
        match self {
            Self::Local(local) => local.clone(),
            Self::Cluster(cluster) => cluster.clone(),
        }
    }

    /// Ends: nothing is answered for any more.
    pub(super) async fn close(&self) {
        if let Self::Cluster(cluster) = self {
            cluster.close().await;
        }
    }
}

fn local(config: &Config) -> Result<Arc<LocalProvisioner>, CliError> {
    let provisioner = LocalProvisioner::open(this_machine(config)).map_err(|error| {
        let message = format!("cannot keep machines in {}: {error}", config.state.display());
        CliError::new(Exit::Infrastructure, message).hint("`ACT_HOST_STATE` names another folder for runs")
    })?;
    Ok(Arc::new(provisioner))
}

async fn cluster(config: &Config) -> Result<Arc<KubernetesProvisioner>, CliError> {
    let failed = |error| CliError::new(Exit::Infrastructure, error);
    if config.machine.bind {
        return Err(CliError::invalid(
            "`--bind` needs a machine that has the working tree, and a pod has not got it",
        ));
    }
    let choice = &config.machine.cluster;
    let access = Access { kubeconfig: choice.kubeconfig.clone(), context: choice.context.clone() };
    let connection = Connection::open(&access).await.map_err(failed)?;
    let namespace = choice.namespace.clone().unwrap_or_else(|| connection.namespace.clone());
    let agent = agent(choice.agent.as_deref())?;
    connection
        .check(&namespace, false)
        .await
        .map_err(|error| failed(error).hint("`act-host kubernetes rbac` prints the Role that is needed"))?;
    let settings = settings(config, namespace, agent);
    Ok(Arc::new(KubernetesProvisioner::new(
        connection.client,
        settings,
        &crate::running::plan::new_run_id().to_string(),
    )))
}

fn agent(path: Option<&Path>) -> Result<AgentSource, CliError> {
    let hint = "`act-agent` belongs beside this program; `ACT_HOST_AGENT` names another file";
    let Some(path) = path else {
        return Err(
            CliError::new(Exit::Infrastructure, "there is no agent that could go into pods").hint(hint)
        );
    };
    let bytes = std::fs::read(path).map_err(|error| {
        let message = format!("cannot read the agent {}: {error}", path.display());
        CliError::new(Exit::Infrastructure, message).hint(hint)
    })?;
    Ok(AgentSource::ConfigMap(bytes.into()))
}

fn settings(config: &Config, namespace: String, agent: AgentSource) -> KubernetesConfig {
    KubernetesConfig { keep: config.machine.keep, ..KubernetesConfig::new(namespace, agent) }
}

/// Returns what a decision would come to, without asking anybody.
pub(super) fn describe(config: &Config, decision: &Decision) -> Vec<Document> {
    match config.machine.backend {
        Backend::Local => act_local::describe(&this_machine(config), decision),
        Backend::Kubernetes => {
            let choice = &config.machine.cluster;
            let namespace = choice.namespace.clone().unwrap_or_else(|| "default".to_owned());
            // What would run is shown even where the agent is missing.
            let agent = agent(choice.agent.as_deref()).unwrap_or(AgentSource::ConfigMap(Arc::from([])));
            act_kubernetes::describe(decision, &settings(config, namespace, agent))
        }
    }
}
