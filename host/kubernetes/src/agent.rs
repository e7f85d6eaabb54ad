//! How the agent gets into a pod, and how it is started there.
//!
//! A ConfigMap holds one file, and 1 MiB: an agent for each processor is one of its own, and the pod's decision says
//! which of them is mounted.

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
    /// One immutable ConfigMap a namespace and processor, made by this program: needs no registry. The first goes into
    /// pods that name no processor, which are kept to nodes of its own.
    ConfigMap(Vec<Binary>),
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
            Self::ConfigMap(binaries) => write!(f, "ConfigMap({binaries:?})"),
            Self::Image { reference } => write!(f, "Image({reference})"),
            Self::InImage { path } => write!(f, "InImage({path})"),
        }
    }
}

/// An agent's file.
#[derive(Clone)]
pub struct Binary {
    /// As nodes are labelled: `amd64`; `None` where the file does not say.
    processor: Option<&'static str>,
    /// Of the ConfigMap. Named by its content: what is immutable is never wrong.
    name: String,
    bytes: Arc<[u8]>,
}

impl Binary {
    /// Takes a file, which says itself what it runs on.
    #[must_use]
    pub fn new(bytes: Arc<[u8]>) -> Self {
        let digest = Sha256::digest(&bytes);
        let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { processor: processor_of(&bytes), name: format!("{PROGRAM}-{hex}"), bytes }
    }

    /// Returns the processor that it runs on, as nodes are labelled; `None` where the file does not say.
    pub(crate) const fn processor(&self) -> Option<&'static str> {
        self.processor
    }

    /// Returns the name of the ConfigMap.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the ConfigMap that has to be there.
    ///
    /// # Errors
    /// It would be larger than the cluster takes.
    pub(crate) fn config_map(&self) -> Result<Value, String> {
        if self.bytes.len() > LARGEST {
            return Err(format!("the agent has {} bytes, and a ConfigMap holds {LARGEST}", self.bytes.len()));
        }
        Ok(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": { "name": self.name, "labels": { MANAGED_BY.0: MANAGED_BY.1 } },
            "immutable": true,
            "binaryData": { PROGRAM: base64::engine::general_purpose::STANDARD.encode(&self.bytes) },
        }))
    }
}

impl std::fmt::Debug for Binary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} for {}", self.name, self.processor.unwrap_or("any processor"))
    }
}

/// The machine that a program is for, by its ELF header: `e_machine`.
fn processor_of(program: &[u8]) -> Option<&'static str> {
    let header = program.get(..20).filter(|header| header.starts_with(b"\x7fELF"))?;
    match u16::from_le_bytes([header[18], header[19]]) {
        3 => Some("386"),
        40 => Some("arm"),
        62 => Some("amd64"),
        183 => Some("arm64"),
        _ => None,
    }
}

/// Returns what the file of an agent for a processor is called, as nodes are labelled: `act-agent-x86_64` for `amd64`.
#[must_use]
pub fn file_name(processor: &str) -> String {
    let processor = match processor {
        "amd64" => "x86_64",
        "arm64" => "aarch64",
        other => other,
    };
    format!("{PROGRAM}-{processor}")
}

/// Where the agent keeps its socket and its journal.
pub const FOLDER: &str = "/act-host";

/// Where the agent is mounted.
const MOUNT: &str = "/act-host/bin";

/// The agent's file name.
pub const PROGRAM: &str = "act-agent";

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

    /// Returns the file that goes into a pod whose node has this processor, as nodes are labelled; `None` where an image
    /// brings it.
    ///
    /// # Errors
    /// There is none for it, and what to do about it.
    pub(crate) fn binary(&self, processor: Option<&str>) -> Result<Option<&Binary>, String> {
        let Self::ConfigMap(binaries) = self else { return Ok(None) };
        let Some(wanted) = processor else { return Ok(binaries.first()) };
        let exact = binaries.iter().find(|binary| binary.processor == Some(wanted));
        let found = exact.or_else(|| binaries.iter().find(|binary| binary.processor.is_none()));
        found.map(Some).ok_or_else(|| {
            let known: Vec<&str> = binaries.iter().filter_map(|binary| binary.processor).collect();
            format!(
                "a job in a pod on {wanted} cannot be run: there is an agent for {} only; `{}` belongs beside this \
                 program, or the agent into an image",
                known.join(" and "),
                file_name(wanted)
            )
        })
    }

    /// Returns the volume that brings it, with its mount; `binary` is what [`Self::binary`] answered.
    pub(crate) fn volume(&self, binary: Option<&Binary>) -> Option<(Value, Value)> {
        let source = match (self, binary) {
            (Self::ConfigMap(_), Some(binary)) => json!({
                "configMap": { "name": binary.name(), "defaultMode": 0o555 },
            }),
            (Self::Image { reference }, _) => json!({
                "image": { "reference": reference, "pullPolicy": "IfNotPresent" },
            }),
            (Self::InImage { .. } | Self::ConfigMap(_), _) => return None,
        };
        let mut volume = json!({ "name": "act-agent" });
        if let (Some(volume), Value::Object(source)) = (volume.as_object_mut(), source) {
            volume.extend(source);
        }
        Some((volume, json!({ "name": "act-agent", "mountPath": MOUNT, "readOnly": true })))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(machine: u16) -> Binary {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(18, 0);
        bytes.extend(machine.to_le_bytes());
        Binary::new(bytes.into())
    }

    fn chosen(all: &[Binary], processor: Option<&str>) -> Result<String, String> {
        let source = AgentSource::ConfigMap(all.to_vec());
        source.binary(processor).map(|found| found.unwrap().name().to_owned())
    }

    #[test]
    fn a_pod_gets_the_agent_of_its_processor() {
        let (intel, arm, unknown) = (elf(62), elf(183), Binary::new(Arc::from(&b"#!/bin/sh"[..])));
        let both = [intel.clone(), arm.clone()];
        assert_eq!(chosen(&both, None).unwrap(), intel.name());
        assert_eq!(chosen(&both, Some("amd64")).unwrap(), intel.name());
        assert_eq!(chosen(&both, Some("arm64")).unwrap(), arm.name());
        assert_eq!(chosen(&[intel, unknown.clone()], Some("arm64")).unwrap(), unknown.name());
    }

    #[test]
    fn without_an_agent_for_a_processor_it_is_said_what_to_do() {
        let told = |all: &[Binary], processor| chosen(all, Some(processor)).unwrap_err();
        assert_eq!(
            told(&[elf(62)], "arm64"),
            "a job in a pod on arm64 cannot be run: there is an agent for amd64 only; `act-agent-aarch64` belongs \
             beside this program, or the agent into an image"
        );
        assert!(told(&[elf(62), elf(183)], "s390x").contains("for amd64 and arm64 only; `act-agent-s390x`"));
    }

    #[test]
    fn an_agent_that_no_config_map_holds_is_refused() {
        let large = Binary::new(vec![0; LARGEST + 1].into());
        assert!(large.config_map().unwrap_err().contains("has 1000001 bytes"));
        assert_eq!(elf(62).config_map().unwrap()["metadata"]["name"], elf(62).name());
    }
}
