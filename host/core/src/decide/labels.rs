//! Port: where labels belong.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::JobFacts;
use crate::place::Placement;

/// What a label mapper is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelAsk {
    /// The labels of `runs-on`, as written, all of which must be met. Compared without case.
    pub labels: Vec<String>,
    /// `runs-on.group`.
    pub group: Option<String>,
    /// What is known of the job.
    pub facts: JobFacts,
}

/// What a label mapper answers. Every answer but [`Mapped::NotMine`] ends the chain.
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
    /// Meant for this mapper, and wrong: the workflow's fault. Never falls through.
    Malformed {
        /// What is wrong.
        reason: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// The mapper itself failed: a trap, a limit, a host that it cannot reach. Never falls through; ends the job
    /// as an infrastructure failure.
    Failed {
        /// What happened.
        reason: String,
        /// The capability that it asked for and does not have here, as in an explanation: `http`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        needs: Option<String>,
    },
}

/// What one mapper answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapperAnswer {
    /// Its name.
    pub mapper: String,
    /// What it said.
    #[serde(flatten)]
    pub answer: Mapped,
}

/// Says where labels belong.
#[async_trait]
pub trait LabelMapper: Send + Sync {
    /// Returns the name that traces and messages use.
    fn name(&self) -> &str;

    /// Answers for one set of labels. The same ask gets the same answer; a failure is an answer as well.
    async fn map(&self, ask: &LabelAsk) -> Mapped;
}
