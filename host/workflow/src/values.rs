//! Parts of a workflow after evaluation: plain values without expressions.
//!
//! Made by [`crate::evaluate`]; plain data that crosses wires.

use crate::step::If;
use crate::token::Token;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Variables in the order of the file, the last of equal names counting.
pub type Variables = IndexMap<Arc<str>, Arc<str>>;

/// Where a job wants to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunsOn {
    /// All of them have to match, ignoring case.
    pub labels: Vec<Arc<str>>,
    /// Runner group: `name`, `org/name` or `ent/name`.
    pub group: Option<Arc<str>>,
}

/// A container of a job or a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Never empty, without `docker://`.
    pub image: Arc<str>,
    pub env: Variables,
    /// Options of `docker create`, as one text.
    pub options: Option<Arc<str>>,
    /// Only services.
    pub entrypoint: Option<Arc<str>>,
    /// Only services: what follows the image.
    pub command: Option<Arc<str>>,
    pub volumes: Vec<Arc<str>>,
    /// `8080:80`, `6379/tcp`, `80`.
    pub ports: Vec<Arc<str>>,
    pub credentials: Option<Credentials>,
}

/// A login at an image registry.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    pub username: Option<Arc<str>>,
    pub password: Option<Arc<str>>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// A concurrency group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concurrency {
    /// Compared ignoring case; at most 400 UTF-16 units.
    pub group: Arc<str>,
    pub cancel_in_progress: bool,
    pub queue: Queue,
}

/// How many runs may wait for a concurrency group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Queue {
    /// One; a newer one takes its place.
    #[default]
    Single,
    /// Many, first come first served.
    Max,
}

/// The environment a job deploys to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Never empty.
    pub name: Arc<str>,
    /// Evaluated on the runner, when the job has run.
    pub url: Option<Token>,
    /// `false`: gates and secrets without a deployment record.
    pub deployment: bool,
}

/// The custom image a job makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub image_name: Arc<str>,
    /// `N.*`.
    pub version: Arc<str>,
    pub condition: Option<If>,
}
