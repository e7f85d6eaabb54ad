//! Port: what is made for a placed job, and what is done about what is seen of it.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::JobFacts;
use crate::ids::{Launch, LaunchId};
use crate::place::{Bind, Decision, Placement};

/// What a scheduler is asked: one launch of a placed job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The launch.
    pub launch: LaunchId,
    /// What is known of the job.
    pub facts: JobFacts,
    /// Where the mapper placed it, policies' amends counted in, and what its hop says of pool and spot.
    pub placement: Placement,
    /// Which of [`Placement::hops`] this launch tries; 0 where there are none.
    pub hop: u32,
    /// What the job brings.
    pub bind: Bind,
    /// The time: a scheduler has no clock of its own.
    pub now: Timestamp,
    /// Since when the job waits for a machine.
    pub waiting_since: Timestamp,
    /// Earlier launches of this attempt, oldest first, and in [`Scheduler::react`] this one at the end.
    pub history: Vec<PastLaunch>,
}

/// A launch that was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastLaunch {
    /// Which.
    pub launch: Launch,
    /// On which hop.
    pub hop: u32,
    /// When it was decided.
    pub at: Timestamp,
    /// What was decided.
    pub decision: Arc<Decision>,
    /// What was seen of it, oldest first.
    pub seen: Vec<Sighting>,
}

/// Something that was seen of a launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub seen: Seen,
}

/// What happens to a machine before, or while, its job runs on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "seen")]
pub enum Seen {
    /// It is being made.
    Pending {
        /// What it waits for.
        reason: String,
        /// Since when.
        since: Timestamp,
    },
    /// Nowhere has room for it: no node fits, the cloud has no such machine now.
    Unschedulable {
        /// What the backend says.
        text: String,
    },
    /// A limit on what may be used is reached.
    Quota {
        /// What the backend says.
        text: String,
    },
    /// Its image cannot be used.
    Image {
        /// What is wrong.
        kind: ImageTrouble,
        /// What the backend says.
        text: String,
    },
    /// It was taken away for others: preempted, drained, reclaimed.
    Evicted {
        /// Whether the job had begun.
        started: bool,
        /// What the backend says.
        text: String,
    },
    /// It used more memory than it had.
    OutOfMemory {
        /// What the backend says.
        text: String,
    },
    /// Nobody can say what became of it.
    Lost {
        /// What is known.
        text: String,
    },
    /// Anything else.
    Other {
        /// The backend's own word: `CreateContainerConfigError`.
        code: String,
        /// What the backend says.
        text: String,
    },
}

/// What is wrong with an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageTrouble {
    /// Its name can never be right.
    InvalidName,
    /// It could not be pulled; it is tried again.
    Pull,
    /// It could not be pulled several times; the waits grow.
    BackOff,
    /// It is not there, and pulling is switched off.
    NeverPull,
    /// It is there, and cannot be read.
    Inspect,
    /// It is for another system or processor.
    Platform,
}

/// What a scheduler rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ruling")]
pub enum Ruling {
    /// Make this machine and run the job on it; as a reaction, take down what there is before.
    Launch(Decision),
    /// Ask again then, or when something new is seen.
    Wait {
        /// When at the latest.
        until: Timestamp,
        /// What for, in one line.
        reason: String,
    },
    /// Give this hop up and try the next of the placement; fails where it was the last.
    NextHop {
        /// Why, in one line.
        reason: String,
    },
    /// No machine here fits.
    Fail {
        /// Why, in one line.
        reason: String,
    },
    /// Leave the launch as it is. A reaction only: as a decision it is a failure.
    Keep,
    /// The scheduler itself failed: a trap, a limit. Ends the job as an infrastructure failure.
    Failed {
        /// What happened.
        reason: String,
        /// The capability that it asked for and does not have here, as in an explanation: `http`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        needs: Option<String>,
    },
}

/// Turns a placement into a decision, and answers what is seen of it.
#[async_trait]
pub trait Scheduler: Send + Sync {
    /// Returns the name that traces and messages use.
    fn name(&self) -> &str;

    /// Rules on one launch. The same case gets the same ruling; a failure is a ruling as well.
    async fn decide(&self, case: &Case) -> Ruling;

    /// Rules on what is seen of a launch that was decided.
    async fn react(&self, case: &Case, seen: &Seen) -> Ruling;
}
