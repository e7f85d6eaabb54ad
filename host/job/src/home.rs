//! What `uses` means in the file it stands in: `$/path` is a folder of that file's own repository.
//!
//! Source: actions/runner `ActionManager.ResolveSelfRepositoryReferences`.

use std::fmt;

use act_core::control::RemoteUses;
use act_workflow::uses::{CallTarget, UsesRef};

/// The repository that a workflow's or an action's file lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// The run's own, as `actions/checkout` brings it.
    Run,
    /// Another one; its path is empty. The reference stays one commit for the whole job.
    Other(RemoteUses),
}

/// An action that is at hand before its step comes; any other lies in the workspace, or is an image.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Source {
    /// At a path of the run's own repository.
    Run(String),
    /// In a repository that is fetched.
    Fetched(RemoteUses),
}

impl Home {
    /// Returns the home of a workflow by the name of its file: `owner/repo/.github/workflows/f.yml@ref` where it was
    /// fetched.
    pub(crate) fn of_workflow(file: &str) -> Self {
        match CallTarget::parse(file) {
            Ok(CallTarget::Remote { owner, repository, reference, .. }) => Self::Other(RemoteUses {
                owner: owner.to_string(),
                repository: repository.to_string(),
                path: String::new(),
                reference: reference.to_string(),
            }),
            Ok(CallTarget::Local { .. }) | Err(_) => Self::Run,
        }
    }

    /// Returns the action that a step of this home's file uses.
    pub(crate) fn source(&self, uses: &UsesRef) -> Option<Source> {
        match (uses, self) {
            (UsesRef::Remote { owner, repository, path, reference }, _) => {
                Some(Source::Fetched(RemoteUses {
                    owner: owner.to_string(),
                    repository: repository.to_string(),
                    path: path.to_string(),
                    reference: reference.to_string(),
                }))
            }
            (UsesRef::SelfRepository { path }, Self::Run) => Some(Source::Run(plain(path))),
            (UsesRef::SelfRepository { path }, Self::Other(own)) => {
                Some(Source::Fetched(RemoteUses { path: plain(path), ..own.clone() }))
            }
            (UsesRef::Local { .. } | UsesRef::Docker { .. }, _) => None,
        }
    }
}

impl Source {
    /// Returns the home of the action's own file.
    pub(crate) fn home(&self) -> Home {
        match self {
            Self::Run(_) => Home::Run,
            Self::Fetched(uses) => Home::Other(RemoteUses { path: String::new(), ..uses.clone() }),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(path) => write!(f, "$/{path}"),
            Self::Fetched(uses) => uses.fmt(f),
        }
    }
}

/// One spelling for each folder, as those of `owner/repo/path@ref` have.
fn plain(path: &str) -> String {
    let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, uses: &str) -> Option<String> {
        let uses = UsesRef::parse(uses).unwrap();
        Home::of_workflow(file).source(&uses).map(|source| source.to_string())
    }

    #[test]
    fn the_own_repository_is_that_of_the_file() {
        let far = "acme/flows/.github/workflows/called.yml@v1";
        for (file, uses, expected) in [
            (".github/workflows/ci.yml", "$/own/action", Some("$/own/action")),
            (".github/workflows/ci.yml", "$/./own//action/", Some("$/own/action")),
            ("/srv/a@b/.github/workflows/ci.yml", "$/own", Some("$/own")),
            (".github/workflows/odd@v1.yml", "$/own", Some("$/own")),
            (far, "$/own/action/", Some("acme/flows/own/action@v1")),
            (far, "$/.", Some("acme/flows@v1")),
            (far, "other/repo/sub@main", Some("other/repo/sub@main")),
            (far, "./here", None),
            (far, "docker://alpine", None),
        ] {
            assert_eq!(found(file, uses).as_deref(), expected, "{uses} in {file}");
        }
    }

    #[test]
    fn an_action_of_another_repository_is_at_home_there() {
        let uses = UsesRef::parse("acme/tools/deep/sub@v1").unwrap();
        let action = Home::Run.source(&uses).unwrap();
        let sibling = action.home().source(&UsesRef::parse("$/sibling").unwrap()).unwrap();
        assert_eq!(sibling.to_string(), "acme/tools/sibling@v1");
        assert_eq!(sibling.home(), action.home());
        assert_eq!(Source::Run("a".to_owned()).home(), Home::Run);
    }
}
