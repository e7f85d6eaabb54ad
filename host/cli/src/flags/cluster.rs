//! Flags that say which cluster, and how jobs run on it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use super::value::{Backend, Delivery, Platform, Quantity, Target};
use crate::config::cluster::ClusterWords;

/// Which cluster, and how jobs run on it.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Kubernetes")]
pub(crate) struct ClusterFlags {
    /// Where all jobs run: `local` (this machine) or `kubernetes` [default: where the scheduler of act-host.toml says, else local]
    #[arg(long, value_name = "NAME", help_heading = "Machine")]
    pub(crate) backend: Option<Backend>,

    /// Use this kubeconfig [default: $KUBECONFIG, ~/.kube/config, or the account of the pod this runs in]
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// Make pods in this namespace [default: that of the context]
    #[arg(long, value_name = "NAME", value_parser = namespace)]
    pub(crate) namespace: Option<String>,

    /// Use this context of the kubeconfig [default: its current one]
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,

    /// How the agent gets into pods: `config-map`, `image:REFERENCE` (a volume) or `in-image[:PATH]` [default: config-map]
    #[arg(long, value_name = "HOW")]
    pub(crate) k8s_agent: Option<Delivery>,

    /// Bring Node.js into pods from this image, for JavaScript actions of jobs whose own image has none
    #[arg(long, value_name = "IMAGE")]
    pub(crate) k8s_node_image: Option<String>,

    /// Send this Node.js into pods that have none, for JavaScript actions: a program for Linux [default: node on PATH]
    #[arg(long, value_name = "FILE")]
    pub(crate) k8s_node: Option<PathBuf>,

    /// Give pods this service account
    #[arg(long, value_name = "NAME")]
    pub(crate) k8s_service_account: Option<String>,

    /// Ask for so much processor for each job, as `500m` [default: 250m]
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) k8s_cpu_request: Option<Quantity>,

    /// Ask for so much memory for each job, as `1Gi` [default: 512Mi]
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) k8s_memory_request: Option<Quantity>,

    /// Let each job have at most so much processor [default: 1000m]
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) k8s_cpu_limit: Option<Quantity>,

    /// Let each job have at most so much memory [default: 2Gi]
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) k8s_memory_limit: Option<Quantity>,

    /// Tell before the run why jobs go where they go, and look into why a pod waits
    #[arg(long)]
    pub(crate) debug_scheduling: bool,
}

fn namespace(text: &str) -> Result<String, &'static str> {
    if text.is_empty() { Err("kubernetes namespace is required") } else { Ok(text.to_owned()) }
}

impl ClusterFlags {
    /// Lays these flags over those of a weaker source.
    pub(super) fn over(self, weaker: Self) -> Self {
        Self {
            backend: self.backend.or(weaker.backend),
            kubeconfig: self.kubeconfig.or(weaker.kubeconfig),
            namespace: self.namespace.or(weaker.namespace),
            context: self.context.or(weaker.context),
            k8s_agent: self.k8s_agent.or(weaker.k8s_agent),
            k8s_node_image: self.k8s_node_image.or(weaker.k8s_node_image),
            k8s_node: self.k8s_node.or(weaker.k8s_node),
            k8s_service_account: self.k8s_service_account.or(weaker.k8s_service_account),
            debug_scheduling: self.debug_scheduling || weaker.debug_scheduling,
            k8s_cpu_request: self.k8s_cpu_request.or(weaker.k8s_cpu_request),
            k8s_memory_request: self.k8s_memory_request.or(weaker.k8s_memory_request),
            k8s_cpu_limit: self.k8s_cpu_limit.or(weaker.k8s_cpu_limit),
            k8s_memory_limit: self.k8s_memory_limit.or(weaker.k8s_memory_limit),
        }
    }

    /// Returns what they say, with what `-P` says of images; paths start from `root`.
    pub(crate) fn words(self, platforms: &[Platform], root: &Path) -> ClusterWords {
        let account = self.k8s_service_account.as_deref();
        let mut told = told(
            account,
            [
                ("requests", "cpu", self.k8s_cpu_request),
                ("requests", "memory", self.k8s_memory_request),
                ("limits", "cpu", self.k8s_cpu_limit),
                ("limits", "memory", self.k8s_memory_limit),
            ],
        );
        let images: Map<String, Value> = platforms.iter().filter_map(platform).collect();
        if !images.is_empty() {
            told.insert("platforms".to_owned(), images.into());
        }
        ClusterWords {
            backend: self.backend,
            kubeconfig: self.kubeconfig.map(|path| root.join(path)),
            namespace: self.namespace,
            context: self.context,
            agent: self.k8s_agent,
            node_image: self.k8s_node_image,
            node: self.k8s_node.map(|path| root.join(path)),
            told,
            ..ClusterWords::default()
        }
    }
}

/// Returns the platform that a `-P` stands for in the plugin's settings.
fn platform(platform: &Platform) -> Option<(String, Value)> {
    let value = match &platform.target {
        Target::ThisMachine | Target::Unmapped => return None,
        Target::Image(image) => json!({ "image": image }),
        Target::Pod { image, node } if node.is_empty() => json!({ "image": image }),
        Target::Pod { image, node } => {
            let node: Map<String, Value> =
                node.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect();
            json!({ "image": image, "nodeSelector": node })
        }
    };
    Some((platform.label.clone(), value))
}

/// Returns settings of the plugin `k8s`: `resources` are requests or limits, a name, an amount.
pub(crate) fn told(
    service_account: Option<&str>,
    resources: [(&str, &str, Option<Quantity>); 4],
) -> Map<String, Value> {
    let mut told = Map::new();
    if let Some(account) = service_account {
        told.insert("serviceAccount".to_owned(), account.into());
    }
    let mut amounts = json!({});
    for (kind, name, amount) in resources {
        if let Some(Quantity(amount)) = amount {
            amounts[kind][name] = amount.into();
        }
    }
    if amounts != json!({}) {
        told.insert("resources".to_owned(), amounts);
    }
    told
}
