//! Labels to placements: a platform by its name, else each label as one of the node's.

use act_host_sdk::prelude::*;

use crate::platform::{self, Platform};

/// Names the platform, for the scheduler.
pub(crate) const PLATFORM: &str = "kubernetes-platform";

/// Labels of the node, for the scheduler: `key=value,key=value`.
pub(crate) const NODE: &str = "kubernetes-node";

pub(crate) fn map(ask: &LabelAsk, settings: &Json) -> Mapped {
    let labels: Vec<String> =
        ask.labels.iter().chain(&ask.group).map(|label| label.to_ascii_lowercase()).collect();
    if labels.is_empty() {
        return Mapped::not_mine("there is no label");
    }
    for label in &labels {
        if let Some(platform) = Platform::find(label, settings) {
            return found(label, &platform, &labels, settings);
        }
    }
    if let Some(mac) = labels.iter().find(|label| label.starts_with("macos") || *label == "darwin") {
        return Mapped::unknown(mac, "no node of Kubernetes runs macOS");
    }
    composite(&labels, settings)
}

fn found(label: &str, platform: &Platform<'_>, labels: &[String], settings: &Json) -> Mapped {
    if platform.image().is_none() {
        return Mapped::malformed(format!("platform `{label}` must specify an image"), None);
    }
    if platform.os() == Some(Os::Macos) {
        return Mapped::malformed(format!("platform `{label}`: no node of Kubernetes runs macOS"), None);
    }
    let mut placement = Placement::new().attr(PLATFORM, label);
    placement.os = platform.os();
    placement.arch = platform.arch();
    let others: Vec<&str> = labels.iter().map(String::as_str).filter(|other| *other != label).collect();
    let beside = match &others[..] {
        [] => String::new(),
        others => format!("; beside it `{}` says nothing more", others.join("`, `")),
    };
    Mapped::mine(with_backends(placement, settings), format!("platform `{label}`{beside}"))
}

/// GitHub's own systems: one that is no platform is a mistake, not a label of a node.
const SYSTEMS: [&str; 2] = ["ubuntu-", "windows-"];

fn composite(labels: &[String], settings: &Json) -> Mapped {
    let mut placement = Placement::new();
    let mut node: Vec<(&str, &str)> = Vec::new();
    for label in labels {
        match label.as_str() {
            "self-hosted" => node.push(("node-type", "self-hosted")),
            "linux" => placement.os = Some(Os::Linux),
            "windows" => placement.os = Some(Os::Windows),
            "x64" => placement.arch = Some(Arch::X64),
            "arm64" => placement.arch = Some(Arch::Arm64),
            "gpu" => node.push(("accelerator", "gpu")),
            other => {
                let near = nearest(other, platform::names(settings));
                if near.is_some() || SYSTEMS.iter().any(|system| other.starts_with(system)) {
                    let reason = format!("there is no platform `{other}`");
                    return Mapped::malformed(reason, near.map(str::to_owned));
                }
                if let Some(wrong) = wrong_key(other) {
                    let reason = format!(
                        "`{other}` can be no label of a node: {wrong}; a platform of this name can say what it stands for"
                    );
                    return Mapped::malformed(reason, None);
                }
                node.push((other, "true"));
            }
        }
    }
    let node: Vec<String> = node.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let reason = match &node[..] {
        [] => "any node".to_owned(),
        node => format!("nodes with {}", node.join(" ")),
    };
    if !node.is_empty() {
        placement = placement.attr(NODE, node.join(","));
    }
    Mapped::mine(with_backends(placement, settings), reason)
}

fn with_backends(placement: Placement, settings: &Json) -> Placement {
    settings.get("backends").strings().fold(placement, Placement::hop)
}

/// Returns why a text cannot be the key of a label, if so: `prefix/name`, the name of 1 to 63 letters, digits and `-_.`.
pub(crate) fn wrong_key(key: &str) -> Option<&'static str> {
    let (prefix, name) = key.rsplit_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let is_edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let is_fine = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes.len() > 63 {
        return Some("a name has 1 to 63 characters");
    }
    if !bytes.iter().all(is_fine) || !is_edge(bytes.first()) || !is_edge(bytes.last()) {
        return Some(
            "a name is made of letters, digits, `-`, `_` and `.`, and begins and ends with a letter or a digit",
        );
    }
    let is_domain = |prefix: &str| {
        !prefix.is_empty()
            && prefix.len() <= 253
            && prefix.split('.').all(|part| {
                let part = part.as_bytes();
                is_edge(part.first())
                    && is_edge(part.last())
                    && part
                        .iter()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
            })
    };
    prefix.is_some_and(|prefix| !is_domain(prefix)).then_some("what is before `/` must be a domain")
}
