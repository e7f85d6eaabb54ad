//! What runs the agent for arm64 on another processor: qemu, this machine's own or Debian's, unpacked and not installed.

use std::path::PathBuf;

use crate::agent;
use crate::cluster::{debian, tree};

/// What tests find it by.
const VARIABLE: &str = "ACT_HOST_QEMU_ARM64";

/// As programs of this machine: the one that needs no library first.
const PROGRAMS: [&str; 2] = ["qemu-aarch64-static", "qemu-aarch64"];

/// As Debian has it, older releases first; the later ones have but one package, which is static.
const PACKAGES: [(&str, &str); 2] =
    [("qemu-user-static", "usr/bin/qemu-aarch64-static"), ("qemu-user", "usr/bin/qemu-aarch64")];

/// What a test program is told: the agent for arm64, and what runs it here.
#[derive(Default)]
pub(crate) struct Arm64 {
    variables: Vec<(&'static str, PathBuf)>,
}

impl Arm64 {
    /// Finds an emulator, or fetches one.
    ///
    /// # Errors
    /// In CI: why there is none.
    pub(crate) fn find() -> Result<(Self, String), String> {
        let agent = (agent::ARM64_VARIABLE, agent::arm64());
        if std::env::consts::ARCH == "aarch64" {
            return Ok((Self { variables: vec![agent] }, "this machine runs it".to_owned()));
        }
        match emulator() {
            Ok(path) => {
                let said = path.display().to_string();
                Ok((Self { variables: vec![agent, (VARIABLE, path)] }, said))
            }
            Err(why) if std::env::var("CI").is_ok_and(|value| value == "true") => Err(why),
            Err(why) => Ok((Self::default(), format!("skipped: {}", why.trim_end()))),
        }
    }

    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        self.variables.iter().map(|(name, path)| (*name, path))
    }
}

#[expect(clippy::print_stdout, reason = "a tool for terminals; what takes long says so")]
fn say(what: &str) {
    println!("    {what}");
}

fn emulator() -> Result<PathBuf, String> {
    if let Some(path) = PROGRAMS.iter().find_map(|name| tree::on_path(name).ok()) {
        return Ok(path);
    }
    if std::env::consts::OS != "linux" {
        return Err("qemu runs programs of Linux on Linux only".to_owned());
    }
    let [(package, path), (newer, path_there)] = PACKAGES;
    debian::file(package, path, &say).or_else(|_| debian::file(newer, path_there, &say))
}
