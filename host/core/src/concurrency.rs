//! Port: `concurrency` groups, within a run and between the runs that share a state folder.
//!
//! A group has one seat. Who asks waits for it in line; who comes later may push those before it out
//! of the line, or ask the holder to give the seat up. What a holder or a waiter does then (cancel a
//! job, cancel a run) is the caller's business.
//!
//! Source: GitHub docs, "Control the concurrency of workflows and jobs"; the scheduler is closed.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// How many may wait in a group whose asks say `queue: max`.
pub const MAX_PENDING: usize = 100;

/// What happens to those who already wait (`concurrency.queue`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupQueue {
    /// One may wait: a newcomer supersedes whoever waits.
    #[default]
    Single,
    /// Up to [`MAX_PENDING`] wait, first come first served; a newcomer to a full line is superseded at once.
    Max,
}

/// Who asks, or holds: the text that messages show, unique among the living (`<run id>` or `<run id>/<job key>`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Holder(pub String);

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// An ask for the seat of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupAsk {
    /// `owner/name`: groups of two repositories are never one. Compared without case.
    pub repository: String,
    /// `concurrency.group`, evaluated. Compared without case.
    pub group: String,
    /// Who asks.
    pub holder: Holder,
    /// Whether the one who holds the seat is asked to leave.
    pub cancel_in_progress: bool,
    /// What happens to those who wait.
    pub queue: GroupQueue,
}

/// What came of waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Granted {
    /// The seat is the asker's until it leaves.
    Seated,
    /// It never will be: the asker is to be cancelled.
    Superseded {
        /// Who came later, or, for a full line, who holds the seat.
        by: Holder,
    },
}

/// The line could not be kept: the disk's fault, never the workflow's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot keep the concurrency group `{group}`: {reason}")]
pub struct GroupError {
    /// Which group.
    pub group: String,
    /// What went wrong.
    pub reason: String,
}

/// Keeps the lines of all groups.
///
/// A process that dies leaves every seat and every line it stands in, without a word.
#[async_trait]
pub trait ConcurrencyGroups: Send + Sync {
    /// Joins the line; does not wait. Those superseded, or asked to leave, know when this returns.
    async fn enter(&self, ask: &GroupAsk) -> Result<Box<dyn Seat>, GroupError>;
}

/// A place in a group's line, and later its seat. Dropping it leaves, too.
#[async_trait]
pub trait Seat: Send + Sync {
    /// Waits for the seat. May be dropped and called again; the answer does not change once given.
    async fn granted(&self) -> Result<Granted, GroupError>;

    /// Waits until somebody asks for the seat with `cancel-in-progress`, and says who. May be dropped
    /// and called again.
    async fn cancel_requested(&self) -> Holder;

    /// Leaves the line, or gives the seat up.
    async fn leave(self: Box<Self>);
}
