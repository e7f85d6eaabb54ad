//! How the agent gets into a pod, and how it is started there.

use std::sync::Arc;
use std::time::Duration;

use act_core::place::Os;
use base64::Engine as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::config::KubernetesConfig;
use crate::labels::MANAGED_BY;

/// Where the agent comes from.
#[derive(Clone)]
pub enum AgentSource {
    /// One immutable ConfigMap a namespace, made by this program: needs no registry.
    ConfigMap(Arc<[u8]>),
    /// A volume made of an image, with the agent in its root. Kubernetes 1.35 or later.
    Image {
        /// The image.
        reference: String,
    },
    /// The job's own image has it.
    InImage {
        /// Where, absolute.
        path: String,
    },
}

impl std::fmt::Debug for AgentSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ConfigMap(bytes) => write!(f, "ConfigMap({} bytes)", bytes.len()),
            Self::Image { reference } => write!(f, "Image({reference})"),
            Self::InImage { path } => write!(f, "InImage({path})"),
        }
    }
}

/// Where the agent keeps its socket and its journal.
pub const FOLDER: &str = "/act-host";

/// Where the agent is mounted.
const MOUNT: &str = "/act-host/bin";

/// The agent's file name.
const PROGRAM: &str = "act-agent";

/// `runner.name`.
pub(crate) const RUNNER: &str = "Kubernetes Runner";

/// Where the kubelet reads why a container ended.
pub(crate) const TERMINATION_LOG: &str = "/dev/termination-log";

/// `HOME`.
pub(crate) const HOME: &str = "/github/home";

/// Places of a job in its pod: name of the agent's flag, path.
pub const ROOTS: [(&str, &str); 7] = [
    ("home", HOME),
    ("workspace", "/github/workspace"),
    ("work", "/github"),
    ("temp", "/runner/temp"),
    ("actions", "/act-host/actions"),
    ("tools", "/opt/hostedtoolcache"),
    ("scratch", "/act-host/scratch"),
];

/// Where the image with Node.js is mounted, and where Node.js may lie in it.
const NODE: &str = "/act-host/node";
const NODE_FOLDERS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// Returns the volume that brings Node.js, with its mount.
pub(crate) fn node_volume(image: &str) -> (Value, Value) {
    let image = json!({ "reference": image, "pullPolicy": "IfNotPresent" });
    (
        json!({ "name": "act-node", "image": image }),
        json!({ "name": "act-node", "mountPath": NODE, "readOnly": true }),
    )
}

/// Returns where Node.js is looked for besides the job's image.
pub(crate) fn node_folders() -> Vec<String> {
    NODE_FOLDERS.iter().map(|folder| format!("{NODE}{folder}")).collect()
}

/// The largest value of a ConfigMap, all together.
const LARGEST: usize = 1_000_000;

/// How long a pod that is kept can be entered, where its deadline is not nearer.
const KEPT: Duration = Duration::from_secs(6 * 60 * 60);

impl AgentSource {
    /// Returns where the program lies in a pod.
    #[must_use]
    pub fn program(&self) -> String {
        match self {
            Self::ConfigMap(_) | Self::Image { .. } => format!("{MOUNT}/{PROGRAM}"),
            Self::InImage { path } => path.clone(),
        }
    }

    /// Returns the volume that brings it, with its mount.
    pub(crate) fn volume(&self) -> Option<(Value, Value)> {
        let source = match self {
            Self::ConfigMap(bytes) => json!({
                "configMap": { "name": config_map_name(bytes), "defaultMode": 0o555 },
            }),
            Self::Image { reference } => json!({
                "image": { "reference": reference, "pullPolicy": "IfNotPresent" },
            }),
            Self::InImage { .. } => return None,
        };
        let mut volume = json!({ "name": "act-agent" });
        if let (Some(volume), Value::Object(source)) = (volume.as_object_mut(), source) {
            volume.extend(source);
        }
        Some((volume, json!({ "name": "act-agent", "mountPath": MOUNT, "readOnly": true })))
    }

    /// Returns the ConfigMap that has to be there.
    ///
    /// # Errors
    /// It would be larger than the cluster takes.
    pub(crate) fn config_map(&self) -> Result<Option<Value>, String> {
        let Self::ConfigMap(bytes) = self else { return Ok(None) };
        if bytes.len() > LARGEST {
            return Err(format!("the agent has {} bytes, and a ConfigMap holds {LARGEST}", bytes.len()));
        }
        Ok(Some(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": { "name": config_map_name(bytes), "labels": { MANAGED_BY.0: MANAGED_BY.1 } },
            "immutable": true,
            "binaryData": { PROGRAM: base64::engine::general_purpose::STANDARD.encode(bytes) },
        })))
    }

    /// Returns what runs as the first process of a pod.
    pub(crate) fn serve(&self, config: &KubernetesConfig) -> Vec<String> {
        let grace = if config.keep { config.orphan_grace.max(KEPT) } else { config.orphan_grace };
        let grace = format!("{}s", grace.as_secs());
        let mut argv = vec![self.program(), "serve".to_owned(), "--dir".to_owned(), FOLDER.to_owned()];
        argv.extend(["--name".to_owned(), RUNNER.to_owned(), "--orphan-grace".to_owned(), grace]);
        argv.extend(["--termination-message".to_owned(), TERMINATION_LOG.to_owned()]);
        argv.extend(ROOTS.iter().flat_map(|(name, path)| [format!("--{name}"), (*path).to_owned()]));
        argv
    }

    /// Returns what joins a session to the agent's socket.
    #[must_use]
    pub fn proxy(&self) -> Vec<String> {
        vec![self.program(), "proxy".to_owned(), "--dir".to_owned(), FOLDER.to_owned()]
    }

    /// Returns whether it runs on a system.
    pub(crate) const fn runs_on(os: Os) -> bool {
        matches!(os, Os::Linux)
    }
}

/// Named by its content: what is immutable is never wrong.
pub(crate) fn config_map_name(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("act-agent-{hex}")
}
