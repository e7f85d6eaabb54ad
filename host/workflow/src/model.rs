//! A workflow as read: its triggers and its jobs, with expressions kept for later.
//!
//! Plain data that crosses wires. Nothing here is evaluated and nothing is checked: the reader makes these values, and
//! one that exists is well formed. Port of `WorkflowTemplate.cs`, `Job.cs`, `ReusableWorkflowJob.cs`.

pub use crate::permissions::{Level, Permissions, Scope};
pub use crate::step::{If, Step, StepKind, Text};
pub use crate::triggers::{
    CallSignature, EventFilters, Input, InputType, OutputDefinition, Schedule, SecretDefinition, Trigger,
    TriggerConfig, Triggers,
};
pub use crate::uses::{CallTarget, UsesRef};

use crate::ids::{JobId, SecretName};
use crate::source::{FileId, Span, Spanned};
use crate::token::Token;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A workflow file and every workflow it calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workflow {
    pub file: FileId,
    pub name: Option<Text>,
    pub description: Option<Text>,
    pub run_name: Option<Token>,
    pub on: Triggers,
    /// `env` and `defaults` of the file; every job holds them too.
    pub enclosing: Arc<Enclosing>,
    pub concurrency: Option<Token>,
    pub permissions: Option<Spanned<Permissions>>,
    /// In the order of the file.
    pub jobs: Vec<Job>,
}

impl Workflow {
    /// The job with this id, ignoring case.
    #[must_use]
    pub fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.id.same_as(id))
    }
}

/// What a file gives to all of its jobs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Enclosing {
    pub env: Option<Token>,
    pub defaults: Option<Token>,
}

/// A job of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub id: JobId,
    /// Where the id stands.
    pub id_span: Span,
    /// The whole job.
    pub span: Span,
    /// `None` when absent or an empty literal: the id is the name.
    pub name: Option<Token>,
    pub needs: Vec<Spanned<JobId>>,
    pub condition: If,
    /// Its own, or those of the file.
    pub permissions: Option<Spanned<Permissions>>,
    pub concurrency: Option<Token>,
    pub strategy: Option<Token>,
    /// `env` and `defaults` of the file that holds the job.
    pub enclosing: Arc<Enclosing>,
    pub kind: JobKind,
}

/// What a job does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobKind {
    Steps(Box<StepsJob>),
    Call(Box<CallJob>),
}

impl Job {
    /// The steps of the job; none for a call.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        match &self.kind {
            JobKind::Steps(job) => &job.steps,
            JobKind::Call(_) => &[],
        }
    }
}

/// A job that runs steps on a runner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepsJob {
    pub runs_on: Token,
    pub env: Option<Token>,
    pub environment: Option<Token>,
    pub defaults: Option<Token>,
    pub outputs: Option<Token>,
    pub container: Option<Token>,
    pub services: Option<Token>,
    /// Minutes.
    pub timeout_minutes: Option<Token>,
    /// Minutes.
    pub cancel_timeout_minutes: Option<Token>,
    pub continue_on_error: Option<Token>,
    pub snapshot: Option<Token>,
    pub steps: Vec<Step>,
}

/// A job that calls another workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallJob {
    pub uses: Text,
    pub target: CallTarget,
    pub with: Option<Token>,
    pub secrets: CallSecrets,
    /// The callee, when called workflows were loaded and it was in reach.
    pub called: Option<Box<CalledWorkflow>>,
}

/// The secrets a caller hands over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallSecrets {
    #[default]
    None,
    /// `secrets: inherit`.
    Inherit(Span),
    /// Name to expression, as a mapping.
    Map(Token),
}

impl CallSecrets {
    /// The names handed over one by one.
    pub fn names(&self) -> impl Iterator<Item = SecretName> {
        let entries = match self {
            Self::Map(token) => token.as_mapping().unwrap_or_default(),
            Self::None | Self::Inherit(_) => &[],
        };
        entries.iter().filter_map(|(key, _)| key.as_str().map(SecretName::new))
    }
}

/// A workflow as one job calls it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalledWorkflow {
    pub file: FileId,
    pub name: Option<Text>,
    pub signature: CallSignature,
    pub enclosing: Arc<Enclosing>,
    pub concurrency: Option<Token>,
    pub permissions: Option<Spanned<Permissions>>,
    pub jobs: Vec<Job>,
}
