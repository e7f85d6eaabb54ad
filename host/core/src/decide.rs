//! Ports: pure decisions. Facts and time are arguments; no clock, no environment, no IO.

use serde::{Deserialize, Serialize};

use crate::ids::LaunchId;
use crate::place::{Bind, Decision, Placement};

/// What a label mapper is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelAsk {
    /// The labels of `runs-on`, as written, all of which must be met. Compared without case.
    pub labels: Vec<String>,
    /// `runs-on.group`.
    pub group: Option<String>,
    /// `owner/name`.
    pub repository: String,
    /// The job's id.
    pub job: String,
}

/// What a label mapper answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub enum Mapped {
    /// The job is placed; nobody else is asked.
    Mine {
        /// Where it goes.
        placement: Placement,
        /// Why, in one line.
        reason: String,
    },
    /// Not for this mapper; the next one is asked.
    NotMine {
        /// Why not.
        reason: String,
        /// The label that it does not know, where one label is the reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
    },
    /// Meant for this mapper, and wrong: ends the chain, never falls through.
    Malformed {
        /// What is wrong.
        reason: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
}

/// Says where labels belong.
pub trait LabelMapper: Send + Sync {
    /// Returns the name that traces and messages use.
    fn name(&self) -> &str;

    /// Answers for one set of labels. The same ask gets the same answer.
    fn map(&self, ask: &LabelAsk) -> Mapped;
}

/// What a scheduler is asked: one launch of a placed job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The launch.
    pub launch: LaunchId,
    /// Where the mapper placed it.
    pub placement: Placement,
    /// What the job brings.
    pub bind: Bind,
}

/// What a scheduler rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ruling")]
pub enum Ruling {
    /// Make this machine and run the job on it.
    Launch(Decision),
    /// No machine here fits.
    Fail {
        /// Why, in one line.
        reason: String,
    },
}

/// Turns a placement into a decision.
pub trait Scheduler: Send + Sync {
    /// Returns the name that traces and messages use.
    fn name(&self) -> &str;

    /// Rules on one launch. The same case gets the same ruling.
    fn decide(&self, case: &Case) -> Ruling;
}
