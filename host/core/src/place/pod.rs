//! A pod in Kubernetes, free of the job that runs in it: what a scheduler decides and a provisioner makes.
//!
//! Restart policy, agent, services, owner labels and names are the provisioner's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Arch, Os};

/// One job's pod. `None` and what is empty leave it to the operator's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PodShape {
    /// Whether a Job of Kubernetes makes the pod: it outlives this program, and others can queue it.
    #[serde(skip_serializing_if = "is_false")]
    pub as_job: bool,
    /// Of the job's container.
    pub image: String,
    /// When it is pulled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_policy: Option<PullPolicy>,
    /// Names of Secrets that hold logins at registries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secrets: Vec<String>,
    /// `None` for the configured one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Whose rights the pod has at the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// Of the image; Linux where nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<Os>,
    /// Of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arch: Option<Arch>,
    /// Of the job's container.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<PodResource>,
    /// Labels that the node has.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// A node meets all requirements of one of these; empty for any node.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub node_required: Vec<Vec<NodeRequirement>>,
    /// Nodes that are liked better.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub node_preferred: Vec<NodePreference>,
    /// Pods to be near, or far from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub affinities: Vec<PodAffinity>,
    /// How pods spread over places.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spread: Vec<PodSpread>,
    /// Taints that are borne.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// `RuntimeClass`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_class: Option<String>,
    /// `PriorityClass`. A number alone is refused by the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_class: Option<String>,
    /// Security settings.
    pub security: PodSecurity,
    /// Whether it has the node's network.
    #[serde(skip_serializing_if = "is_false")]
    pub host_network: bool,
    /// In the job's container.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<PodVolume>,
    /// Of the pod; the job's own are the bind's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Of the pod.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// What a scheduler and a provisioner agree on beyond these fields.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attrs: BTreeMap<String, String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// When an image is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PullPolicy {
    /// Before every start.
    Always,
    /// Where the node has not got it.
    IfNotPresent,
    /// Never: the node has it, or the pod fails.
    Never,
}

/// A resource of a container. Quantities in Kubernetes' form: `250m`, `2Gi`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodResource {
    /// `cpu`, `memory`, `nvidia.com/gpu`.
    pub name: String,
    /// At least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// At most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
}

/// How a requirement compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operator {
    /// The value is one of them.
    In,
    /// It is none of them.
    NotIn,
    /// The label is there.
    Exists,
    /// It is not.
    DoesNotExist,
    /// It is a number greater than the only one.
    Gt,
    /// It is a number less than it.
    Lt,
}

impl Operator {
    /// Returns the word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "In",
            Self::NotIn => "NotIn",
            Self::Exists => "Exists",
            Self::DoesNotExist => "DoesNotExist",
            Self::Gt => "Gt",
            Self::Lt => "Lt",
        }
    }
}

/// A requirement on a node's labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRequirement {
    /// The label.
    pub key: String,
    /// How it compares.
    pub operator: Operator,
    /// With what.
    #[serde(default)]
    pub values: Vec<String>,
}

/// Nodes that are liked better.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodePreference {
    /// From 1 to 100.
    pub weight: u32,
    /// All of them.
    pub requirements: Vec<NodeRequirement>,
}

/// Which pods: those with these labels, and with the same values of `own` as the pod itself has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PodMatch {
    /// Labels with their values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Keys of labels whose value is the pod's own: so a shape says "this run" and is no run's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<String>,
}

/// Pods that a pod wants to be near, or far from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodAffinity {
    /// Whether far from them.
    pub anti: bool,
    /// From 1 to 100; `None` where it is a must.
    pub weight: Option<u32>,
    /// What counts as one place: `kubernetes.io/hostname`.
    pub topology_key: String,
    /// Which pods.
    #[serde(flatten)]
    pub pods: PodMatch,
}

/// How pods spread over places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodSpread {
    /// How much more one place may have than another.
    pub max_skew: u32,
    /// What counts as one place.
    pub topology_key: String,
    /// Whether a pod waits rather than tilt it.
    pub required: bool,
    /// Which pods.
    #[serde(flatten)]
    pub pods: PodMatch,
}

/// What a taint does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TaintEffect {
    /// Keeps new pods off.
    NoSchedule,
    /// Keeps them off where it can.
    PreferNoSchedule,
    /// Drives off those that are there.
    NoExecute,
}

impl TaintEffect {
    /// Returns the word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
}

/// A taint that is borne.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toleration {
    /// `None` for all taints.
    pub key: Option<String>,
    /// `None` for any value.
    pub value: Option<String>,
    /// `None` for all effects.
    pub effect: Option<TaintEffect>,
    /// How long, for [`TaintEffect::NoExecute`]; `None` for ever.
    pub seconds: Option<u64>,
}

/// Security settings. `None` leaves it to the operator's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PodSecurity {
    /// User.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<u64>,
    /// Its group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_group: Option<u64>,
    /// The group that volumes belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fs_group: Option<u64>,
    /// Whether root is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_non_root: Option<bool>,
    /// Whether the image's files cannot be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only_root: Option<bool>,
    /// Whether a process may get more rights than its parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_privilege_escalation: Option<bool>,
    /// Whether it is as good as its node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privileged: Option<bool>,
    /// `RuntimeDefault`, `Unconfined`, or the path of a profile on the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seccomp: Option<String>,
    /// Without `CAP_`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_capabilities: Vec<String>,
    /// Without `CAP_`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drop_capabilities: Vec<String>,
}

/// What a volume is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum VolumeSource {
    /// `emptyDir`.
    Empty {
        /// The limit of its size, in Kubernetes' form.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<String>,
    },
    /// A `PersistentVolumeClaim` that exists.
    Claim {
        /// Its name.
        name: String,
    },
    /// A claim that is made for the pod and goes with it.
    NewClaim {
        /// In Kubernetes' form: `10Gi`.
        size: String,
        /// Its class.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        storage_class: Option<String>,
    },
    /// A folder of the node.
    HostPath {
        /// Where.
        path: String,
    },
}

/// A volume in the job's container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodVolume {
    /// Unique in the pod.
    pub name: String,
    /// Where it is seen.
    pub mount_path: String,
    /// Whether it can be written.
    #[serde(default)]
    pub read_only: bool,
    /// What it is.
    pub source: VolumeSource,
}

/// A kind of decision that reaches beyond the machine that is made for a job: who decides needs a grant for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Processes on the machine this program runs on.
    Process,
    /// A container that is as good as its node: privileged, or allowed to become so.
    Privileged,
    /// A folder of the node.
    HostPath,
    /// The node's network.
    HostNetwork,
    /// A namespace other than the configured one.
    Namespace,
}

impl Reach {
    /// Returns the word that manifests and settings use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Privileged => "privileged",
            Self::HostPath => "host-path",
            Self::HostNetwork => "host-network",
            Self::Namespace => "namespace",
        }
    }
}

/// The only capability that a restricted namespace lets a container add.
const HARMLESS_CAPABILITY: &str = "NET_BIND_SERVICE";

impl PodShape {
    /// Returns how the pod reaches beyond itself, each with what does.
    #[must_use]
    pub fn reaches(&self) -> Vec<(Reach, &'static str)> {
        let security = &self.security;
        let privileged =
            security.privileged == Some(true) || security.allow_privilege_escalation == Some(true);
        let powers = security.add_capabilities.iter().any(|name| name != HARMLESS_CAPABILITY)
            || security.seccomp.as_deref().is_some_and(|profile| profile.eq_ignore_ascii_case("unconfined"));
        let paths = self.volumes.iter().any(|volume| matches!(volume.source, VolumeSource::HostPath { .. }));
        let all = [
            (privileged, Reach::Privileged, "a privileged container"),
            (powers, Reach::Privileged, "a container with capabilities or without a seccomp profile"),
            (paths, Reach::HostPath, "a folder of the node"),
            (self.host_network, Reach::HostNetwork, "the node's network"),
            (self.namespace.is_some(), Reach::Namespace, "a namespace of its own"),
        ];
        all.into_iter().filter(|(is, ..)| *is).map(|(_, reach, why)| (reach, why)).collect()
    }
}
