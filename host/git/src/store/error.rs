//! Why an action or a workflow of another repository could not be had.

use act_core::control::ActionError;

use crate::program::GitError;

/// What went wrong; the texts are GitHub's own where it has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No owner and repository.
    #[error("Expected format {{org}}/{{repo}}[/path]@ref. Actual '{uses}'")]
    Malformed {
        /// As written.
        uses: String,
    },
    /// The repository has no such branch, tag or commit.
    #[error("Unable to resolve action `{source_name}`, unable to find version `{reference}`")]
    VersionNotFound {
        /// `owner/repository@reference`.
        source_name: String,
        /// The reference.
        reference: String,
        /// Git's words.
        reason: String,
    },
    /// The reference is the beginning of a commit's id.
    #[error(
        "Unable to resolve action `{source_name}`, the provided ref `{reference}` is the shortened version of a \
         commit SHA, which is not supported. Please use the full commit SHA instead."
    )]
    ShortCommit {
        /// `owner/repository@reference`.
        source_name: String,
        /// The reference.
        reference: String,
    },
    /// No such repository, or not for us.
    #[error("Unable to resolve action {repository}, repository not found")]
    RepositoryNotFound {
        /// `owner/repository`.
        repository: String,
        /// Git's words.
        reason: String,
    },
    /// The repository has no file at the path of a reusable workflow.
    #[error("`{uses}`: workflow was not found.")]
    FileNotFound {
        /// `owner/repository/path@reference`.
        uses: String,
    },
    /// No network, or nobody listens.
    #[error("could not reach {url}")]
    Unreachable {
        /// The repository's URL.
        url: String,
        /// Git's words.
        reason: String,
        /// Whether the reference is known from an earlier run.
        known: bool,
    },
    /// Offline, and never fetched before.
    #[error("`{source_name}` is not in the store, and nothing is fetched offline")]
    NotFetched {
        /// `owner/repository@reference`.
        source_name: String,
    },
    /// A folder that should stand for a repository cannot be read.
    #[error("cannot read the local repository {folder}")]
    LocalRepository {
        /// The folder.
        folder: String,
        /// What the disk said.
        reason: String,
    },
    /// Git, or the disk of the store.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl StoreError {
    /// Returns what the other side said, without the token.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::VersionNotFound { reason, .. }
            | Self::RepositoryNotFound { reason, .. }
            | Self::Unreachable { reason, .. }
            | Self::LocalRepository { reason, .. } => Some(reason),
            Self::Malformed { .. }
            | Self::ShortCommit { .. }
            | Self::FileNotFound { .. }
            | Self::NotFetched { .. }
            | Self::Git(_) => None,
        }
    }

    /// Returns what may help.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::RepositoryNotFound { .. } => Some("a private repository needs a token that may read it"),
            Self::Unreachable { known: true, .. } => {
                Some("it was fetched before: offline mode uses that copy")
            }
            Self::Unreachable { known: false, .. } => {
                Some("what was fetched before can be used in offline mode")
            }
            Self::NotFetched { .. } => Some("run once without offline mode"),
            Self::Malformed { .. }
            | Self::VersionNotFound { .. }
            | Self::ShortCommit { .. }
            | Self::FileNotFound { .. }
            | Self::LocalRepository { .. }
            | Self::Git(_) => None,
        }
    }
}

impl From<StoreError> for ActionError {
    fn from(error: StoreError) -> Self {
        let mut message = error.to_string();
        if let Some(reason) = error.reason() {
            message.extend([": ", reason]);
        }
        if let Some(hint) = error.hint() {
            message.extend([" (", hint, ")"]);
        }
        Self { message }
    }
}
