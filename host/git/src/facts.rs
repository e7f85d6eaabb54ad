//! What the working directory is, found once a run.
//!
//! Where everything about the repository is plain, its files are read (`read`), which starts no process. Whatever is
//! not, and whatever looks wrong, is asked of git (`ask`): two processes at the same time, and git's own words
//! for an error. Both find the same, and what that means is decided here.
//!
//! Neither lists refs: twenty thousand tags cost nothing. The tag of a detached HEAD is therefore taken from the HEAD's
//! own log, as `git status` does, and then verified by git.

mod ask;
mod read;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::program::{Git, GitError};
use crate::remote::{Place, place_of, without_credentials};
use crate::settings::Settings;

use read::Surroundings;

/// What the working directory is to git.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Facts {
    /// No work tree of git, which is no error: a run uses placeholders.
    NotARepository,
    /// Part of one.
    Repository(Box<Repository>),
}

/// A repository with a work tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Top folder of the work tree.
    pub root: PathBuf,
    /// Holds HEAD and the index. Of a linked work tree or a submodule it lies elsewhere.
    pub git_dir: PathBuf,
    /// Holds objects and refs; the same as `git_dir` but for linked work trees.
    pub common_dir: PathBuf,
    /// What is checked out.
    pub head: Head,
    /// Branch that `refs/remotes/<remote>/HEAD` points to.
    pub default_branch: Option<String>,
    /// The remote asked for, where there is one.
    pub remote: Option<Remote>,
    pub(crate) settings: Settings,
}

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// A branch without a commit.
    Unborn {
        /// Its name, without `refs/heads/`.
        branch: String,
    },
    /// A branch.
    Branch {
        /// Its name, without `refs/heads/`.
        name: String,
        /// Its commit.
        commit: String,
    },
    /// A commit that was checked out by the name of a tag.
    Tag {
        /// Its name, without `refs/tags/`.
        name: String,
        /// The commit, or the annotation.
        object: String,
        /// The commit.
        commit: String,
    },
    /// A commit.
    Detached {
        /// The commit.
        commit: String,
    },
}

impl Head {
    /// Returns the commit, 40 or 64 hex digits; `None` where there is none yet.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        match self {
            Self::Unborn { .. } => None,
            Self::Branch { commit, .. } | Self::Tag { commit, .. } | Self::Detached { commit } => {
                Some(commit)
            }
        }
    }

    /// Returns the full name as in `github.ref`: `refs/heads/…` or `refs/tags/…`; `None` when detached.
    #[must_use]
    pub fn reference(&self) -> Option<String> {
        match self {
            Self::Unborn { branch } => Some(format!("refs/heads/{branch}")),
            Self::Branch { name, .. } => Some(format!("refs/heads/{name}")),
            Self::Tag { name, .. } => Some(format!("refs/tags/{name}")),
            Self::Detached { .. } => None,
        }
    }
}

/// A remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its name, such as `origin`.
    pub name: String,
    /// Where it is fetched from, without credentials.
    pub url: String,
    /// Server and `owner/name`, where the URL names them.
    pub place: Option<Place>,
}

/// Finds out what `folder` is, and where its remote `remote` lives.
///
/// # Errors
/// As [`GitError`]. A folder outside every work tree is [`Facts::NotARepository`], a HEAD without a commit
/// is [`Head::Unborn`]: neither is an error.
pub async fn facts(git: &Git, folder: &Path, remote: &str) -> Result<Facts, GitError> {
    let found = match read::found(&Surroundings::of(git), folder, remote) {
        Ok(found) => found,
        Err(read::Unusual) => ask::found(git, folder, remote).await?,
    };
    let Some(found) = found else { return Ok(Facts::NotARepository) };
    let url = match &found.settings.remote_url {
        Some(url) => Some(spelled_out(git, &found.root, remote, url).await),
        None => None,
    };
    Ok(Facts::Repository(Box::new(Repository {
        head: found.head(git).await?,
        default_branch: found.default_branch(remote),
        root: found.root,
        git_dir: found.git_dir,
        common_dir: found.common_dir,
        remote: url.map(|url| Remote {
            name: remote.to_owned(),
            place: place_of(&url),
            url: without_credentials(&url),
        }),
        settings: found.settings,
    })))
}

/// A short form such as `gh:octo/app` stands for a URL by an `insteadOf` of the user's configuration. A URL
/// that reads as one is taken as written: there `insteadOf` names a mirror, or ssh, and not whose it is.
async fn spelled_out(git: &Git, root: &Path, remote: &str, url: &str) -> String {
    let known = url.contains("://") || url.contains('@') || url.starts_with(['/', '.']);
    if known || place_of(url).is_some_and(|place| place.server.contains('.')) {
        return url.to_owned();
    }
    match git.ask("read the remote", root, ["remote", "get-url", remote]).await {
        Ok(stdout) => String::from_utf8_lossy(&stdout).trim().to_owned(),
        Err(_) => url.to_owned(),
    }
}

/// What was found of a repository, before anybody says what it means.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    root: PathBuf,
    git_dir: PathBuf,
    common_dir: PathBuf,
    /// What HEAD leads to, where that exists.
    commit: Option<String>,
    /// Full name of the ref that HEAD stands for in the end; `None` where it is detached, or there is no commit.
    head: Option<String>,
    /// Full name of the ref that `refs/remotes/<remote>/HEAD` is a name for; `None` where there is no commit, too.
    default_branch: Option<String>,
    settings: Settings,
}

impl Found {
    fn default_branch(&self, remote: &str) -> Option<String> {
        let tracked = format!("refs/remotes/{remote}/");
        self.default_branch.as_deref()?.strip_prefix(&tracked).map(str::to_owned)
    }

    async fn head(&self, git: &Git) -> Result<Head, GitError> {
        let Some(commit) = self.commit.clone() else {
            return Ok(Head::Unborn { branch: self.unborn_branch()? });
        };
        match self.head.as_deref().and_then(|name| name.strip_prefix("refs/heads/")) {
            Some(name) => Ok(Head::Branch { name: name.to_owned(), commit }),
            None => Ok(self.tag(git, &commit).await.unwrap_or(Head::Detached { commit })),
        }
    }

    fn unborn_branch(&self) -> Result<String, GitError> {
        let path = self.git_dir.join("HEAD");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| GitError::failed(format!("read {}", path.display()), error))?;
        match text.trim().strip_prefix("ref: refs/heads/") {
            Some(branch) => Ok(branch.to_owned()),
            None => Err(GitError::failed("resolve HEAD", format!("`{}` names no commit", text.trim()))),
        }
    }

    /// Returns the tag that HEAD was moved to last, if it still is the same commit.
    async fn tag(&self, git: &Git, commit: &str) -> Option<Head> {
        let name = last_checkout(&self.git_dir.join("logs/HEAD"))?;
        let name = name.strip_prefix("refs/").unwrap_or(&name);
        let name = name.strip_prefix("tags/").unwrap_or(name).to_owned();
        let (tag, peeled) = (format!("refs/tags/{name}"), format!("refs/tags/{name}^{{commit}}"));
        // A full id is never a tag to git, and `v1~2` starts at one without being its name.
        if is_object_id(&name) || gix_ref::FullName::try_from(tag.as_str()).is_err() {
            return None;
        }
        let stdout = git.ask("resolve a tag", &self.root, ["rev-parse", &tag, &peeled]).await.ok()?;
        let stdout = String::from_utf8_lossy(&stdout);
        let (object, target) = stdout.trim().split_once('\n')?;
        (target == commit).then(|| Head::Tag { name, object: object.to_owned(), commit: commit.to_owned() })
    }
}

/// Reads what the last line of a HEAD's log says it was moved to: `… checkout: moving from main to v1`.
fn last_checkout(log: &Path) -> Option<String> {
    const TAIL: u64 = 4096;
    let mut file = File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail).ok()?;
    let tail = String::from_utf8_lossy(&tail);
    let (_, moved) = tail.lines().next_back()?.split_once("\tcheckout: moving from ")?;
    moved.rsplit_once(" to ").map(|(_, name)| name.to_owned())
}

/// Says whether a text is a full id of an object.
pub(crate) fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod both_ways;
#[cfg(test)]
mod tests;
