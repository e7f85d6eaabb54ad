//! What a job asks of a machine (placement), and what was decided to give it (decision).

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// An operating system, written as `runner.os` writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Os {
    /// Linux.
    Linux,
    /// `macOS`.
    #[serde(rename = "macOS")]
    MacOs,
    /// Windows.
    Windows,
}

impl fmt::Display for Os {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linux => "Linux",
            Self::MacOs => "macOS",
            Self::Windows => "Windows",
        })
    }
}

/// A processor, written as `runner.arch` writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Arch {
    /// 32-bit Intel.
    X86,
    /// 64-bit Intel.
    X64,
    /// 32-bit ARM.
    Arm,
    /// 64-bit ARM.
    Arm64,
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86 => "X86",
            Self::X64 => "X64",
            Self::Arm => "ARM",
            Self::Arm64 => "ARM64",
        })
    }
}

/// What a job asks of the machine it runs on. `None` leaves it to the scheduler.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Placement {
    /// Operating system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<Os>,
    /// Processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arch: Option<Arch>,
    /// Thousandths of a processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_millis: Option<u64>,
    /// Bytes of memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Bytes of disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk: Option<u64>,
    /// Image of the machine or the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// What a mapper and a scheduler agree on beyond these fields.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attrs: BTreeMap<String, String>,
}

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
}

/// What ties a shape to one job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bind {
    /// `owner/name`: the workspace folder is named after it.
    pub repository: String,
    /// Until the machine must be gone.
    pub deadline: Option<Duration>,
}

/// What the scheduler decided for one launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The machine.
    pub shape: Shape,
    /// The job on it.
    pub bind: Bind,
}
