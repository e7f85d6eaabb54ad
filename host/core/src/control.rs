//! Port: what the executor of a job may ask of whoever runs it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::decide::StepContent;
use crate::end::Loss;
use crate::environment::LogicalPath;
use crate::event::Event;
use crate::ids::StepRef;
use crate::record::Record;
use crate::spec::SecretName;
use crate::tree::Tree;

/// Records and the events that belong to them: kept together or not at all.
///
/// A resumed executor emits no event of a record that it was given back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Emission {
    /// For the private journal, in order.
    pub records: Vec<Record>,
    /// For the masked log, in order.
    pub events: Vec<Event>,
}

/// A secret's value. Shows itself to nobody by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub const fn new(value: String) -> Self {
        Self(value)
    }

    /// Hands the value out: to the masker, to a process's environment, to an expression.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// What a policy may refuse a job that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// To begin a step.
    Step {
        /// Which.
        step: StepRef,
        /// What it runs, with the commit of an action that was fetched.
        content: Box<StepContent>,
    },
    /// To use a secret.
    Secret {
        /// Which.
        name: SecretName,
        /// For which step; `None` for the machine, before there is a step.
        step: Option<StepRef>,
    },
}

/// Whether it may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Admission {
    /// It may.
    Allowed,
    /// It may not: the step fails.
    Denied {
        /// Why, as people read it.
        reason: String,
        /// What failed, where that is why: then the job ends as a failure of the infrastructure.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<String>,
    },
}

/// An action, or a workflow, of another repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RemoteUses {
    /// The owner.
    pub owner: String,
    /// The repository.
    pub repository: String,
    /// Below the repository's root; empty for the root.
    pub path: String,
    /// Branch, tag or commit.
    pub reference: String,
}

impl RemoteUses {
    /// Returns `owner/repository@reference`: what is fetched, whatever the path in it.
    #[must_use]
    pub fn source(&self) -> String {
        format!("{}/{}@{}", self.owner, self.repository, self.reference)
    }
}

impl fmt::Display for RemoteUses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.repository)?;
        if !self.path.is_empty() {
            write!(f, "/{}", self.path)?;
        }
        write!(f, "@{}", self.reference)
    }
}

/// An action of another repository at a commit.
#[derive(Clone)]
pub struct FetchedAction {
    /// 40 (or 64) hex digits.
    pub commit: String,
    /// The repository's files at that commit.
    pub tree: Arc<dyn Tree>,
    /// File name and text of the manifest in the action's own folder: `action.yml`, `action.yaml`, or a `Dockerfile`.
    pub manifest: Option<(String, Vec<u8>)>,
}

/// Why an action could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ActionError {
    /// For people: what was asked for, of whom, what came back.
    pub message: String,
}

/// What `actions/checkout` of the run's own repository asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckoutAsk {
    /// Where in the environment.
    pub path: LogicalPath,
    /// Commits of history; 0 for all of it, with all branches and tags.
    pub fetch_depth: u32,
    /// Whether git's objects must come along. Else they may be borrowed from where the repository lies.
    pub with_objects: bool,
}

/// What it gets.
#[derive(Clone)]
pub enum Checkout {
    /// The working tree, with a `.git` that works.
    Tree(Arc<dyn Tree>),
    /// The workspace is the working tree itself.
    InPlace,
}

/// How far a cancellation has gone. Cancel is a record; this is its shadow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CancelStage {
    /// Nobody wants the job to end.
    #[default]
    None,
    /// End as GitHub ends a cancelled job: `always()` steps and posts still run.
    Cancel,
    /// End now.
    Kill,
}

/// What the executor may ask. Every answer is the caller's: the executor reads no clock, no disk, no environment.
#[async_trait]
pub trait Control: Send + Sync {
    /// Keeps records and publishes events; durable when it returns, both or neither.
    async fn emit(&self, emission: Emission) -> Result<(), Loss>;

    /// Returns the time.
    fn now(&self) -> Timestamp;

    /// Returns all values that must never be shown, asked for or not.
    fn masks(&self) -> Vec<Secret>;

    /// Returns one secret at the moment of its use, whether or not it may be used; `None` where there is none of this
    /// name.
    async fn secret(&self, name: &SecretName) -> Option<Secret>;

    /// Whether [`Control::admit`] may refuse anything; where not, it need not be asked.
    fn may_refuse(&self) -> bool;

    /// Says whether something may be.
    async fn admit(&self, wanted: &Wanted) -> Admission;

    /// Gets an action. The same reference gets the same commit for the whole run.
    async fn action(&self, uses: &RemoteUses) -> Result<FetchedAction, ActionError>;

    /// Gets the run's own repository.
    async fn checkout(&self, ask: &CheckoutAsk) -> Result<Checkout, ActionError>;

    /// Returns the stage of cancellation, now.
    fn cancel_stage(&self) -> CancelStage;

    /// Waits until the stage is beyond `seen`.
    async fn cancelled_beyond(&self, seen: CancelStage) -> CancelStage;
}
