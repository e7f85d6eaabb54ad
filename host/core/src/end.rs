//! How steps, jobs and runs end.

use std::fmt;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// The four results GitHub knows, of a step, a job and a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Conclusion {
    /// Done, and well.
    Success,
    /// Done, and not well.
    Failure,
    /// Stopped on request, or never begun because of one.
    Cancelled,
    /// Its condition was false.
    Skipped,
}

impl Conclusion {
    /// Returns the word that contexts show: `success`, `failure`, `cancelled` or `skipped`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }

    /// Returns the graver of two ends: failure, then cancelled, then success, then skipped.
    ///
    /// Source: actions/runner `TaskResultUtil.MergeTaskResults`.
    #[must_use]
    pub const fn merge(self, other: Self) -> Self {
        match (self, other) {
            (Self::Failure, _) | (_, Self::Failure) => Self::Failure,
            (Self::Cancelled, _) | (_, Self::Cancelled) => Self::Cancelled,
            (Self::Success, _) | (_, Self::Success) => Self::Success,
            (Self::Skipped, Self::Skipped) => Self::Skipped,
        }
    }
}

impl fmt::Display for Conclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a job that ran to its end leaves to the jobs that need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobResult {
    /// How it ended; never [`Conclusion::Skipped`] here: a skipped job is never executed.
    pub conclusion: Conclusion,
    /// Its outputs, those that might hold a secret left out. 1 MiB at most in all.
    pub outputs: IndexMap<String, String>,
}

/// Why a job could not be brought to an end: the machine's fault or ours, never the workflow's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "detail")]
pub enum Loss {
    /// No machine could be had.
    #[error("no machine could be had: {0}")]
    NotProvisioned(String),
    /// A policy failed, which denies. Which, and why.
    #[error("{0}")]
    Policy(String),
    /// The machine is gone, or does not answer any more.
    #[error("the machine was lost: {0}")]
    Machine(String),
    /// A process ended and nobody can say how.
    #[error("the end of a process was lost: {0}")]
    Exit(String),
    /// The log could not be written, so nothing could be said of the job any more.
    #[error("the log could not be written: {0}")]
    Log(String),
    /// Somebody with a higher epoch speaks for this launch.
    #[error("another process took this job over")]
    Fenced,
    /// What was recorded does not fit the job: the journal is of another version, or damaged.
    #[error("the journal does not fit the job: {0}")]
    Journal(String),
}

/// What executing a job gives back: only the dispatcher turns an interruption into a
/// retry, a hop or an infrastructure failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// The job ran to its end.
    Concluded(JobResult),
    /// It did not, and it is not the workflow's doing.
    Interrupted(Loss),
}

#[cfg(test)]
mod tests {
    use super::Conclusion::{Cancelled, Failure, Skipped, Success};

    #[test]
    fn the_graver_end_wins_whatever_the_order() {
        for (one, other, both) in [
            (Success, Skipped, Success),
            (Success, Failure, Failure),
            (Cancelled, Success, Cancelled),
            (Cancelled, Failure, Failure),
            (Skipped, Skipped, Skipped),
        ] {
            assert_eq!(one.merge(other), both);
            assert_eq!(other.merge(one), both);
        }
    }
}
