//! What was decided to be made for a job: a shape, free of the job, and what binds the job to it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::container::{JobContainer, Service};
use super::pod::{PodShape, Reach};
use super::{Arch, Os};

/// What runs the job, free of the job itself, so that machines of one shape can be kept warm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Shape {
    /// Processes on the machine this program runs on.
    Process {
        /// Must be the machine's own.
        os: Os,
        /// Must be the machine's own.
        arch: Arch,
    },
    /// A pod in Kubernetes.
    Pod(Box<PodShape>),
}

impl Shape {
    /// Returns how it reaches beyond a machine of its own, each with what does.
    #[must_use]
    pub fn reaches(&self) -> Vec<(Reach, &'static str)> {
        match self {
            Self::Process { .. } => vec![(Reach::Process, "processes on this machine")],
            Self::Pod(pod) => pod.reaches(),
        }
    }
}

/// What ties a shape to one job: all that its workflow says of containers, and what the machine is marked with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bind {
    /// `owner/name`: the workspace folder is named after it.
    pub repository: String,
    /// Until the machine must be gone.
    pub deadline: Option<Duration>,
    /// What the machine is marked with, for those who look for it: labels of a pod, tags of an instance.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// `container`: what the steps run in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Box<JobContainer>>,
    /// `services`: what runs beside the steps, in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
}

impl Bind {
    /// Returns whether the job asks for containers, its own or services.
    #[must_use]
    pub const fn has_containers(&self) -> bool {
        self.container.is_some() || !self.services.is_empty()
    }
}

/// What the scheduler decided for one launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The machine.
    pub shape: Shape,
    /// The job on it.
    pub bind: Bind,
}
