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
    Remote { owner: Arc<str>, repository: Arc<str>, path: Arc<str>, reference: Arc<str> },
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
            return Some(Self::Docker { image: image.into() });
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
        let mut segments = name.split(['/', '\\']).filter(|segment| !segment.is_empty());
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
            Self::Remote { owner, repository, path, reference } if path.is_empty() => {
                write!(f, "{owner}/{repository}@{reference}")
            }
            Self::Remote { owner, repository, path, reference } => {
                write!(f, "{owner}/{repository}/{path}@{reference}")
            }
            Self::Docker { image } => write!(f, "{DOCKER_PREFIX}{image}"),
        }
    }
}

/// Where a called workflow lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CallTarget {
    /// `./.github/workflows/f.yml` or `$/…`: same repository and commit as the caller. Without the prefix.
    Local { path: Arc<str> },
    /// `owner/repo/.github/workflows/f.yml@reference`.
    Remote { owner: Arc<str>, repository: Arc<str>, path: Arc<str>, reference: Arc<str> },
}

/// Why a job's `uses` points at no workflow. The texts are what GitHub shows for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCallTarget {
    #[error("invalid value workflow reference: no version specified")]
    NoVersion,
    #[error("invalid value workflow reference: cannot specify version when calling local workflows")]
    LocalVersion,
    #[error(
        "invalid value workflow reference: references to workflows must be prefixed with format 'owner/repository/' or './' for local workflows"
    )]
    Prefix,
    #[error(
        "invalid value workflow reference: references to workflows must be rooted in '.github/workflows'"
    )]
    Root,
}

impl CallTarget {
    /// Reads a job's `uses`.
    ///
    /// # Errors
    /// What [`InvalidCallTarget`] lists.
    pub fn parse(text: &str) -> Result<Self, InvalidCallTarget> {
        if let Some(path) = text.strip_prefix("./").or_else(|| text.strip_prefix("$/")) {
            return match (path.contains('@'), is_rooted(path)) {
                (true, _) => Err(InvalidCallTarget::LocalVersion),
                (false, false) => Err(InvalidCallTarget::Root),
                (false, true) => Ok(Self::Local { path: path.into() }),
            };
        }
        let (name, reference) = text.split_once('@').unwrap_or((text, ""));
        let mut segments = name.splitn(3, '/');
        let (owner, repository) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
        let path = segments.next().unwrap_or_default();
        if owner.is_empty() || repository.is_empty() || path.is_empty() {
            return Err(InvalidCallTarget::Prefix);
        }
        if reference.is_empty() {
            return Err(InvalidCallTarget::NoVersion);
        }
        if !is_rooted(path) {
            return Err(InvalidCallTarget::Root);
        }
        Ok(Self::Remote {
            owner: owner.into(),
            repository: repository.into(),
            path: path.into(),
            reference: reference.into(),
        })
    }
}

fn is_rooted(path: &str) -> bool {
    path.strip_prefix(".github/workflows/").is_some_and(|file| !file.is_empty())
}

impl fmt::Display for CallTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { path } => write!(f, "./{path}"),
            Self::Remote { owner, repository, path, reference } => {
                write!(f, "{owner}/{repository}/{path}@{reference}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_to_actions_have_four_forms() {
        for (text, kind, shown) in [
            ("actions/checkout@v4", "remote", "actions/checkout@v4"),
            ("a/b/c\\d@ref/x", "remote", "a/b/c/d@ref/x"),
            ("./local", "local", "./local"),
            (".\\local", "local", ".\\local"),
            ("$/own/action", "self", "$/own/action"),
            ("docker://alpine:3", "docker", "docker://alpine:3"),
            ("$/", "none", ""),
            ("a/b", "none", ""),
            ("a@b", "none", ""),
            ("a/b@", "none", ""),
            ("a/b@c@d", "none", ""),
        ] {
            let uses = UsesRef::parse(text);
            let actual = match uses {
                None => "none",
                Some(UsesRef::Local { .. }) => "local",
                Some(UsesRef::SelfRepository { .. }) => "self",
                Some(UsesRef::Remote { .. }) => "remote",
                Some(UsesRef::Docker { .. }) => "docker",
            };
            assert_eq!(actual, kind, "{text}");
            assert_eq!(uses.map(|uses| uses.to_string()).unwrap_or_default(), shown, "{text}");
        }
    }

    #[test]
    fn references_to_workflows_are_rooted_and_have_a_version_unless_local() {
        for (text, expected) in [
            ("o/r/.github/workflows/f.yml@v1", Ok("o/r/.github/workflows/f.yml@v1")),
            ("./.github/workflows/f.yml", Ok("./.github/workflows/f.yml")),
            ("$/.github/workflows/f.yml", Ok("./.github/workflows/f.yml")),
            ("o/r/.github/workflows/f.yml", Err(InvalidCallTarget::NoVersion)),
            ("./.github/workflows/f.yml@v1", Err(InvalidCallTarget::LocalVersion)),
            ("f.yml@v1", Err(InvalidCallTarget::Prefix)),
            ("o/r/f.yml@v1", Err(InvalidCallTarget::Root)),
            ("./f.yml", Err(InvalidCallTarget::Root)),
        ] {
            assert_eq!(
                CallTarget::parse(text).map(|target| target.to_string()),
                expected.map(str::to_owned),
                "{text}"
            );
        }
    }
}
