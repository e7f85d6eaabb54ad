//! What is known of a job when somebody must answer for it.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::ids::{Attempt, JobKey};

/// Whose change the run is about. Comes from the event, never from a file of the change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// The repository's own.
    Own,
    /// A fork's: whoever wrote it has no rights here.
    Fork,
    /// The event does not say.
    #[default]
    Unknown,
}

/// What is known of a job. Only the repository is always there: a webhook knows little more than labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobFacts {
    /// `github.repository`: `owner/name`.
    pub repository: String,
    /// Path of the run's workflow file, from the repository's root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow_file: Option<String>,
    /// `github.workflow`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// The job instance within the run: `caller/build.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<JobKey>,
    /// The job's id in its own file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The name people see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The leg's values, each as `${{ matrix.key }}` shows it; objects and arrays as JSON.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub matrix: IndexMap<String, String>,
    /// `github.event_name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_name: Option<String>,
    /// `github.ref`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// `github.sha`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha: Option<String>,
    /// `github.actor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Whose change it is.
    pub trust: Trust,
    /// `github.run_attempt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,
}
