//! `cargo xtask agent`: builds the agent, one static file a processor, and sees that it stays small enough to travel in
//! a ConfigMap.

use std::fs;
use std::path::PathBuf;

use crate::cargo::{add_target, cargo, listen, root, target_folder};

/// What tests find the agent by.
pub(crate) const VARIABLE: &str = "ACT_HOST_AGENT";

/// What tests find the agent for arm64 by.
pub(crate) const ARM64_VARIABLE: &str = "ACT_HOST_AGENT_ARM64";

const PROFILE: &str = "agent";
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];

/// A ConfigMap holds 1 MiB, its names and the form of its bytes included.
const LARGEST: u64 = 1_000_000;

/// Returns where the agent for a target lies once it is built.
fn path(target: &str) -> PathBuf {
    target_folder().join(target).join(PROFILE).join("act-agent")
}

/// Returns the agent that runs on this machine; `None` where none of them does.
pub(crate) fn native() -> Option<PathBuf> {
    let target = TARGETS.iter().find(|target| target.starts_with(std::env::consts::ARCH));
    target.map(|target| path(target)).filter(|_| cfg!(target_os = "linux"))
}

/// Returns the agent for arm64.
pub(crate) fn arm64() -> PathBuf {
    path(TARGETS[1])
}

/// Builds all of them; returns a line each, with its size and its place.
///
/// # Errors
/// What the compiler said; one that is too large.
pub(crate) fn build() -> Result<String, String> {
    let mut lines = Vec::new();
    for target in TARGETS {
        add_target(target)?;
        let arguments = [
            "build",
            "--quiet",
            "--package=act-agent",
            "--bin=act-agent",
            "--profile",
            PROFILE,
            "--target",
            target,
        ];
        // The linker that comes with Rust links for either processor, and needs no C compiler.
        let linker = format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_"));
        let said = listen(cargo(&arguments).env(linker, "rust-lld"))?;
        if !said.success {
            return Err(said.text);
        }
        let path = path(target);
        let size = fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?.len();
        if size > LARGEST {
            return Err(format!(
                "{} has {size} bytes, {LARGEST} at the most: what got into it?",
                path.display()
            ));
        }
        let shown = path.strip_prefix(root()).unwrap_or(&path);
        lines.push(format!("{size:>9} bytes  {}", shown.display()));
    }
    Ok(lines.join("\n"))
}
