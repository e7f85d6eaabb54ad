//! What `uses` points at: actions for steps, workflows for jobs.
//!
//! Decides the form of a reference; finding and fetching it is the caller's.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// What a step's `uses` points at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum UsesRef {
    /// `./path` (or `.\path`): a folder of the workspace at the time the step runs, as written.
    Local { path: Arc<str> },
    /// `$/path`: a folder of the repository and commit that holds the file using it; no checkout needed.
    /// `path` is without `$/`, never empty.
    SelfRepository { path: Arc<str> },
    /// `owner/repo[/path]@reference`; `path` is empty for the root.
    Remote {
        owner: Arc<str>,
        repository: Arc<str>,
        path: Arc<str>,
        reference: Arc<str>,
    },
    /// `docker://image`, without the prefix.
    Docker { image: Arc<str> },
}

/// Prefix of an image reference in `uses`, `container` and `services`.
pub const DOCKER_PREFIX: &str = "docker://";

impl UsesRef {
    /// Reads a step's `uses`; `None` when it fits no form.
    ///
    /// Source: `WorkflowTemplateConverter.ConvertToStep`, `PipelineConstants.TryParseSelfRepository`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(image) = text.strip_prefix(DOCKER_PREFIX) {
            return Some(Self::Docker {
                image: image.into(),
            });
        }
        if text.starts_with("./") || text.starts_with(".\\") {
            return Some(Self::Local { path: text.into() });
        }
        if let Some(path) = self_repository_path(text) {
            return Some(Self::SelfRepository { path: path.into() });
        }
        let (name, reference) = text.split_once('@')?;
        if reference.is_empty() || reference.contains('@') {
            return None;
        }
        let mut segments = name
            .split(['/', '\\'])
            .filter(|segment| !segment.is_empty());
        let (owner, repository) = (segments.next()?, segments.next()?);
        let path = segments.collect::<Vec<_>>().join("/");
        Some(Self::Remote {
            owner: owner.into(),
            repository: repository.into(),
            path: path.into(),
            reference: reference.into(),
        })
    }
}

fn self_repository_path(text: &str) -> Option<&str> {
    let path = text.strip_prefix("$/")?.trim_start_matches('/');
    (!path.is_empty()).then_some(path)
}

impl fmt::Display for UsesRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { path } => f.write_str(path),
            Self::SelfRepository { path } => write!(f, "$/{path}"),
            Self::Remote {
                owner,
                repository,
                path,
                reference,
            } if path.is_empty() => write!(f, "{owner}/{repository}@{reference}"),
            Self::Remote {
                owner,
                repository,
                path,
                reference,
            } => write!(f, "{owner}/{repository}/{path}@{reference}"),
            Self::Docker { image } => write!(f, "{DOCKER_PREFIX}{image}"),
        }
    }
}
