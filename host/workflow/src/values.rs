//! Parts of a workflow after evaluation: plain values without expressions.
//!
//! Made by [`crate::evaluate`]; plain data that crosses wires.

use crate::step::If;
use crate::token::Token;
use serde::{Deserialize, Serialize};

/// Names and texts in the order of the file; of equal names the last text counts, at the place of the first.
pub type Variables = Vec<(String, String)>;

/// Where a job wants to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunsOn {
    /// All of them have to match, ignoring case.
    pub labels: Vec<String>,
    /// Runner group: `name`, `org/name` or `ent/name`.
    pub group: Option<String>,
}

/// A container of a job or a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Never empty, without `docker://`.
    pub image: String,
    pub env: Variables,
    /// Options of `docker create`, as one text.
    pub options: Option<String>,
    /// Only services.
    pub entrypoint: Option<String>,
    /// Only services: what follows the image.
    pub command: Option<String>,
    pub volumes: Vec<String>,
    /// `8080:80`, `6379/tcp`, `80`.
    pub ports: Vec<String>,
    pub credentials: Option<Credentials>,
}

/// Services by their names, in the order of the file; one without a container is not started.
pub type Services = Vec<(String, Option<Container>)>;

/// A login at an image registry.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    pub username: Option<String>,
    pub password: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// A concurrency group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concurrency {
    /// Compared ignoring case; not empty, at most 400 UTF-16 units.
    pub group: String,
    /// Whether a newcomer cancels the one in progress.
    pub cancel_in_progress: bool,
    /// `queue: max`: those who wait stay, first come first served; else a newcomer takes the place of the one waiting.
    pub queue_max: bool,
}

/// The environment a job deploys to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Never empty.
    pub name: String,
    /// Evaluated on the runner, when the job has run.
    pub url: Option<Token>,
    /// `false`: gates and secrets without a deployment record.
    pub deployment: bool,
}

/// The custom image a job makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub image_name: String,
    /// `N.*`.
    pub version: String,
    pub condition: Option<If>,
}

/// What steps run with unless they say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDefaults {
    pub shell: Option<String>,
    pub working_directory: Option<String>,
}
