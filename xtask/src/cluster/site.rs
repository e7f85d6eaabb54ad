//! Where a bed has what: its folder, its addresses, its configuration.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::cache;
use super::programs::Programs;
use crate::cargo::root;

/// The node: its own address, that of the registries, and the gateway of the pods.
pub(crate) const NODE_ADDRESS: &str = "10.89.0.1";
/// The API server: the address of the service `kubernetes`, so that pods reach it without any proxy.
pub(crate) const SERVER_ADDRESS: &str = "10.96.0.1";
pub(crate) const SERVER: &str = "https://10.96.0.1:443";
pub(crate) const NODE: &str = "bed";
/// A registry that anybody may pull from, and one that wants a password.
pub(crate) const REGISTRIES: [(&str, &str); 2] =
    [("registry.bed.local", "http://10.89.0.1:5000"), ("private.bed.local", "http://10.89.0.1:5001")];
/// User and password of the second.
pub(crate) const CREDENTIALS: &str = "bed:bed-password";

/// Templates, from the root.
const TEMPLATES: &str = "tests/cluster/config";

/// Each template with its place in the bed's folder.
const CONFIGURATION: [(&str, &str); 6] = [
    ("containerd.toml", "etc/containerd.toml"),
    ("network.conflist", "etc/network/10-bed.conflist"),
    ("kubelet.yaml", "etc/kubelet.yaml"),
    ("registry.yml", "etc/registry.yml"),
    ("registry-private.yml", "etc/registry-private.yml"),
    ("htpasswd", "etc/htpasswd"),
];

/// Sockets have short names: what the kernel takes is 107 bytes.
const LONGEST_SOCKET: usize = 107;

/// The folder of one bed.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    folder: PathBuf,
}

impl Site {
    /// Returns the site of the bed with this name.
    ///
    /// # Errors
    /// A name that is no name; a folder too deep for sockets.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > 40 || !name.bytes().all(is_letter) {
            return Err(format!(
                "`{name}` is no name of a bed: small letters, digits and `-`, 40 at the most"
            ));
        }
        let site = Self { folder: beds()?.join(name) };
        if site.control().as_os_str().len() > LONGEST_SOCKET {
            return Err(format!("{} is too deep for sockets: set ACT_HOST_CACHE", site.folder.display()));
        }
        Ok(site)
    }

    /// Takes the folder as it is: in the bed, and for those that were left.
    pub(crate) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    pub(crate) fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn at_place(&self, place: &str) -> PathBuf {
        self.folder.join(place)
    }

    /// Where faults are asked for, from inside and outside.
    pub(crate) fn control(&self) -> PathBuf {
        self.at_place("control")
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.at_place("keys/admin.kubeconfig")
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.folder.join("log").join(format!("{name}.log"))
    }

    /// The name of the control groups below which all pods are.
    pub(crate) fn group(&self) -> String {
        let digest = Sha256::digest(self.folder.as_os_str().as_encoded_bytes());
        let short: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        format!("act-host-bed-{short}")
    }

    /// Makes the folder with its configuration.
    ///
    /// # Errors
    /// The disk's own.
    pub(crate) fn lay_out(&self, programs: &Programs) -> Result<(), String> {
        for place in ["log", "etc/network", "volumeplugins"] {
            cache::make_folder(&self.at_place(place))?;
        }
        for (template, place) in CONFIGURATION {
            let from = root().join(TEMPLATES).join(template);
            let text = fs::read_to_string(&from).map_err(|error| format!("{}: {error}", from.display()))?;
            self.write(place, &self.fill(&text, programs))?;
        }
        for (name, address) in REGISTRIES {
            let host = format!(
                "server = \"{address}\"\n[host.\"{address}\"]\n  capabilities = [\"pull\", \"resolve\", \"push\"]\n"
            );
            cache::make_folder(&self.at_place(&format!("etc/hosts/{name}")))?;
            self.write(&format!("etc/hosts/{name}/hosts.toml"), &host)?;
        }
        self.write("etc/resolv.conf", "")
    }

    fn write(&self, place: &str, text: &str) -> Result<(), String> {
        let to = self.at_place(place);
        fs::write(&to, text).map_err(|error| format!("{}: {error}", to.display()))
    }

    fn fill(&self, text: &str, programs: &Programs) -> String {
        text.replace("@STATE@", &self.folder.display().to_string())
            .replace("@CONTAINERD@", &programs.containerd.display().to_string())
            .replace("@RUNC@", &programs.runc().display().to_string())
            .replace("@GROUP@", &self.group())
    }
}

/// Returns the folder with a folder a bed.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn beds() -> Result<PathBuf, String> {
    cache::make_folder(&cache::folder()?.join("beds"))
}
