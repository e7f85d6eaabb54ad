//! How a session begins: the first frame of each direction. Their layout stays as it is in all versions.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a host says first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The lowest and highest version it speaks.
    pub versions: (u32, u32),
    /// The launch it speaks for; an agent belongs to one launch.
    pub launch: String,
    /// Raised by each takeover: a lower one than before is refused, a higher one ends the session before.
    pub epoch: u64,
    /// How often something is to be said at least, in milliseconds.
    pub heartbeat: u32,
    /// Whether bodies are to be made smaller, in both directions: where the way costs more than that.
    pub squeezed: bool,
}

/// What an agent replies to a [`Hello`] that it accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version that both speak from now on.
    pub version: u32,
    /// Which agent this is, for people.
    pub agent: String,
    /// Drawn when the agent's process began: another one has no memory of half-done uploads.
    pub instance: u64,
    /// Where it runs.
    pub machine: Machine,
}

/// What processes find on an agent's machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// As Rust names it: `linux`.
    pub os: String,
    /// As Rust names it: `x86_64`, `aarch64`.
    pub arch: String,
    /// What people call it.
    pub name: String,
    /// Where the places of a job lie.
    pub roots: Roots,
}

/// Absolute paths of the places of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roots {
    /// The working directory of steps.
    pub workspace: String,
    /// The folder that holds the workspace.
    pub work: String,
    /// Temporary files, a job long.
    pub temp: String,
    /// Small files, a step long.
    pub scratch: String,
    /// Where fetched actions lie.
    pub actions: String,
    /// Installed tools.
    pub tools: String,
}

/// Why an agent does not speak with a host. It closes the stream after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// No version in common.
    Version {
        /// The lowest and highest that the agent speaks.
        versions: (u32, u32),
        /// Which agent this is.
        agent: String,
    },
    /// The agent belongs to another launch.
    Launch {
        /// To which.
        launch: String,
    },
    /// Somebody with a higher epoch was here.
    Fenced {
        /// The highest seen.
        epoch: u64,
    },
    /// It is about to end.
    Ending {
        /// Why.
        why: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { versions: (low, high), agent } => {
                write!(f, "{agent} speaks versions {low} to {high} of the protocol; this host speaks others")
            }
            Self::Launch { launch } => write!(f, "the agent belongs to {launch}"),
            Self::Fenced { epoch } => write!(f, "another process took over (epoch {epoch})"),
            Self::Ending { why } => write!(f, "the agent is about to end: {why}"),
        }
    }
}

impl Hello {
    /// Returns the highest version that both speak.
    #[must_use]
    pub fn common(&self, mine: (u32, u32)) -> Option<u32> {
        let highest = self.versions.1.min(mine.1);
        (highest >= self.versions.0.max(mine.0)).then_some(highest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_common_version_is_spoken() {
        for (theirs, mine, common) in [
            ((1, 1), (1, 1), Some(1)),
            ((1, 4), (2, 3), Some(3)),
            ((3, 9), (1, 3), Some(3)),
            ((4, 5), (1, 3), None),
            ((1, 2), (3, 3), None),
            ((5, 1), (1, 5), None),
        ] {
            let hello = Hello {
                versions: theirs,
                launch: String::new(),
                epoch: 1,
                heartbeat: 5_000,
                squeezed: false,
            };
            assert_eq!(hello.common(mine), common, "{theirs:?} {mine:?}");
        }
    }
}
