//! What a job asks of a machine (placement), and what was decided to give it (decision).

pub mod container;
mod decision;
pub mod pod;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use decision::{Bind, Decision, Shape};
pub use pod::{PodShape, Reach};

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

/// How much of something: at least this, and where the machine has more, not more than that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Amount {
    /// A request in Kubernetes, the smallest machine of a fleet.
    pub least: u64,
    /// A limit in Kubernetes, the largest machine of a fleet. `None` leaves it open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<u64>,
}

/// Graphics processors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gpu {
    /// How many.
    pub count: u32,
    /// Which, in the words of whoever has them: `nvidia-tesla-v100`. `None` for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// One backend to try, and what differs there from the placement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// Its name in the configuration.
    pub backend: String,
    /// [`Placement::pool`] there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// [`Placement::spot`] there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot: Option<bool>,
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
    pub cpu_millis: Option<Amount>,
    /// Bytes of memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Amount>,
    /// Bytes of disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk: Option<u64>,
    /// Graphics processors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu: Option<Gpu>,
    /// Image of the machine or the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Which group of machines, by its name in the backend: a warm pool, a node pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// Whether the machine may be one that can be taken away at any time, and is cheaper for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot: Option<bool>,
    /// Backends to try, in order. Where there are none, the configured one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<Hop>,
    /// Who comes first where machines are short: the higher number. 0 where nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// What a mapper and a scheduler agree on beyond these fields.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attrs: BTreeMap<String, String>,
}

impl Placement {
    /// Takes over what `patch` says: a value that is set and hops that are there replace, attrs are added or
    /// replaced one by one. Nothing can be unset.
    pub fn amend(&mut self, patch: &Self) {
        let Self { os, arch, cpu_millis, memory, disk, gpu, image, pool, spot, hops, priority, attrs } =
            patch;
        self.os = os.or(self.os);
        self.arch = arch.or(self.arch);
        self.cpu_millis = cpu_millis.or(self.cpu_millis);
        self.memory = memory.or(self.memory);
        self.disk = disk.or(self.disk);
        self.gpu = gpu.clone().or(self.gpu.take());
        self.image = image.clone().or(self.image.take());
        self.pool = pool.clone().or(self.pool.take());
        self.spot = spot.or(self.spot);
        if !hops.is_empty() {
            self.hops.clone_from(hops);
        }
        self.priority = priority.or(self.priority);
        self.attrs.extend(attrs.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_replaces_what_it_sets_and_leaves_the_rest() {
        let attrs = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let hop = |backend: &str| Hop { backend: backend.to_owned(), pool: None, spot: None };
        let mut placement = Placement {
            os: Some(Os::Linux),
            memory: Some(Amount { least: 1, most: None }),
            hops: vec![hop("near"), hop("far")],
            attrs: attrs(&[("a", "1"), ("b", "1")]),
            ..Placement::default()
        };
        placement.amend(&Placement {
            memory: Some(Amount { least: 2, most: Some(4) }),
            spot: Some(false),
            attrs: attrs(&[("b", "2"), ("c", "2")]),
            ..Placement::default()
        });
        let wanted = Placement {
            os: Some(Os::Linux),
            memory: Some(Amount { least: 2, most: Some(4) }),
            spot: Some(false),
            hops: vec![hop("near"), hop("far")],
            attrs: attrs(&[("a", "1"), ("b", "2"), ("c", "2")]),
            ..Placement::default()
        };
        assert_eq!(placement, wanted);
        placement.amend(&Placement { hops: vec![hop("other")], ..Placement::default() });
        assert_eq!(placement.hops, [hop("other")]);
    }
}
