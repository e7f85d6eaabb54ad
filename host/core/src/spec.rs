//! A job, ready to cross a wire: everything its executor is told before it begins.

use std::time::Duration;

use act_expr::Value;
use act_workflow::step::Step;
use act_workflow::token::Token;
use serde::{Deserialize, Serialize};

use crate::ids::LaunchId;

/// The form of [`JobSpec`] and [`crate::record::Record`] that this build writes and reads.
pub const SPEC_VERSION: u32 = 1;

/// Name of a secret, as workflows write it; compared without case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretName(pub String);

/// What becomes of debug lines, and whether steps are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Debugging {
    /// They are dropped.
    #[default]
    Off,
    /// They are in the log; steps see no difference.
    Log,
    /// Steps see `RUNNER_DEBUG` as well, and commands are echoed (`ACTIONS_STEP_DEBUG`).
    Steps,
}

/// A job as its executor gets it. Secrets and `github.token` are names here, never values.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobSpec {
    /// [`SPEC_VERSION`].
    pub version: u32,
    /// Which launch of which job.
    pub launch: LaunchId,
    /// The name people see.
    pub name: String,
    /// File names by [`act_workflow::FileId`], for messages.
    pub files: Vec<String>,
    /// In order.
    pub steps: Vec<Step>,
    /// `env:` mappings around the steps, outermost first: the workflow's, the job's.
    pub env: Vec<Token>,
    /// `defaults.run`, the job's over the workflow's.
    pub defaults: RunDefaults,
    /// The `outputs:` mapping.
    pub outputs: Option<Token>,
    /// Contexts that do not change while the job runs.
    pub contexts: JobContexts,
    /// The secrets that exist, for `toJSON(secrets)`; what they hold is asked of `Control`.
    pub secrets: Vec<SecretName>,
    /// What `actions/checkout` of this repository means.
    pub source: SourceRef,
    /// How long after a cancellation the job may still run `always()` steps and posts.
    pub cancel_timeout: Duration,
    /// What becomes of debug lines.
    pub debug: Debugging,
    /// Whether values that masks would hide are shown all the same. Never set but on the user's own word.
    #[serde(default)]
    pub show_secrets: bool,
}

/// What `run` steps have when they say nothing. Evaluated by the executor, once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RunDefaults {
    /// `defaults.run.shell`.
    pub shell: Option<Token>,
    /// `defaults.run.working-directory`.
    pub working_directory: Option<Token>,
}

/// The contexts a job begins with. Each is an object, or null where it does not exist.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobContexts {
    /// Without `token`, `workspace`, `event_path` and what belongs to a step: the executor adds them.
    pub github: Value,
    /// Inputs of the called workflow or of the dispatch.
    pub inputs: Value,
    /// Configuration variables.
    pub vars: Value,
    /// Results and outputs of the jobs this one needs.
    pub needs: Value,
    /// `fail-fast`, `job-index`, `job-total`, `max-parallel`.
    pub strategy: Value,
    /// This leg's values, or null.
    pub matrix: Value,
    /// Members of `job` that are known from the start: `workflow_ref`, `workflow_sha` and so on.
    pub job: Value,
}

/// The repository and commit that the run is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRef {
    /// `owner/name`.
    pub repository: String,
    /// `github.ref`.
    pub reference: String,
    /// `github.sha`.
    pub sha: String,
}
