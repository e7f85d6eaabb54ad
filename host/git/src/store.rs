//! Actions and reusable workflows of other repositories, one folder a commit.
//!
//! Online every reference is asked of its server once a run, with one shallow fetch; a full commit id that
//! lies here already is not asked for at all. Offline nothing is asked. What a reference meant is remembered
//! for both. The files are those of the commit: `export-ignore`, LFS and submodules are not looked at.
//!
//! A run keeps what it was told: the same reference gets the same commit, and those who ask at the same
//! time share one fetch, also its failure.

mod error;
mod fetch;
mod folder;
mod local;
mod server;

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use act_core::control::{FetchedAction, RemoteUses, Secret};
use act_core::tree::{Tree, TreeId};
use tokio::sync::OnceCell;

use crate::facts::is_object_id;
use crate::program::{Git, GitError};
use crate::tree::DirTree;

pub use error::StoreError;
use fetch::Fetch;
use folder::RepositoryFolder;
pub use local::{LocalRepository, MalformedLocalRepository};
pub use server::{MalformedServer, Server};

/// What a store is made of.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Folder of the store; made when needed, shared by everybody who runs.
    pub root: PathBuf,
    /// Where repositories are fetched from.
    pub server: Server,
    /// Sent to the server and to nobody else, by https or to this machine.
    pub token: Option<Secret>,
    /// Use what is here and ask no server.
    pub offline: bool,
    /// Folders that stand for repositories.
    pub local: Vec<LocalRepository>,
}

/// What a user should know, though nothing failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The server refused the token and served the repository without it.
    TokenRefused {
        /// The repository's URL.
        url: String,
        /// Git's words.
        reason: String,
    },
}

/// A workflow of another repository at a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedWorkflow {
    /// 40 (or 64) hex digits.
    pub commit: String,
    /// The file at the path asked for.
    pub bytes: Vec<u8>,
}

/// Gets actions and workflows for one run.
pub struct ActionStore {
    git: Git,
    options: StoreOptions,
    notify: Box<dyn Fn(Notice) + Send + Sync>,
    notified: AtomicBool,
    answers: Mutex<HashMap<String, Arc<OnceCell<Answer>>>>,
}

type Answer = Result<Source, StoreError>;

/// A repository at a commit, on this machine.
#[derive(Clone)]
struct Source {
    commit: String,
    folder: PathBuf,
    tree: Arc<dyn Tree>,
}

impl ActionStore {
    /// Opens a store for one run. `notify` is called once at the most for each kind of notice.
    pub fn new(git: Git, mut options: StoreOptions, notify: impl Fn(Notice) + Send + Sync + 'static) -> Self {
        // Git is told of its folders while it stands in one of them.
        options.root = std::path::absolute(&options.root).unwrap_or(options.root);
        Self {
            git,
            options,
            notify: Box::new(notify),
            notified: AtomicBool::new(false),
            answers: Mutex::new(HashMap::new()),
        }
    }

    /// Gets an action: its repository's files, and the manifest in its own folder.
    ///
    /// # Errors
    /// As [`StoreError`]. An action without a manifest is no error here.
    ///
    /// Source: actions/runner `ActionManager.cs` (`LoadAction`: action.yml, action.yaml, Dockerfile).
    pub async fn action(&self, uses: &RemoteUses) -> Result<FetchedAction, StoreError> {
        let source = self.source(uses).await?;
        let manifest = manifest(&source.folder, &uses.path)
            .map_err(|error| GitError::failed(format!("read the manifest of {uses}"), error))?;
        Ok(FetchedAction { commit: source.commit, tree: source.tree, manifest })
    }

    /// Gets a reusable workflow; `uses.path` is the path of its file.
    ///
    /// # Errors
    /// As [`StoreError`]; [`StoreError::FileNotFound`] where there is no such file.
    pub async fn workflow(&self, uses: &RemoteUses) -> Result<FetchedWorkflow, StoreError> {
        let source = self.source(uses).await?;
        let bytes = read_inside(&source.folder, &uses.path)
            .map_err(|error| GitError::failed(format!("read {uses}"), error))?
            .ok_or_else(|| StoreError::FileNotFound { uses: uses.to_string() })?;
        Ok(FetchedWorkflow { commit: source.commit, bytes })
    }

    async fn source(&self, uses: &RemoteUses) -> Answer {
        let repository = format!("{}/{}", uses.owner, uses.repository).to_ascii_lowercase();
        let key = format!("{repository}@{}", uses.reference);
        let cell = Arc::clone(self.answers().entry(key.clone()).or_default());
        let answer = cell.get_or_init(|| self.obtain(uses)).await.clone();
        if answer.is_err() {
            // Those who waited share the failure; those who come later try again.
            let mut answers = self.answers();
            if answers.get(&key).is_some_and(|known| Arc::ptr_eq(known, &cell)) {
                answers.remove(&key);
            }
        }
        answer
    }

    fn answers(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<OnceCell<Answer>>>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn obtain(&self, uses: &RemoteUses) -> Answer {
        check(uses)?;
        if let Some(local) =
            self.options.local.iter().find(|local| local.stands_for(uses, &self.options.server))
        {
            let (commit, tree) = local.open(&self.git).await?;
            return Ok(Source { commit, folder: local.folder.clone(), tree: Arc::new(tree) });
        }
        let folder = RepositoryFolder::of(&self.options.root, &self.options.server, uses);
        // A commit's id means that commit for ever; every other reference may move.
        let reference = if is_object_id(&uses.reference) {
            uses.reference.to_ascii_lowercase()
        } else {
            uses.reference.clone()
        };
        let commit = if is_object_id(&reference) && folder.has(&reference) {
            reference
        } else if self.options.offline {
            folder.meant(&reference).ok_or_else(|| StoreError::NotFetched { source_name: uses.source() })?
        } else {
            self.fetch(uses, &folder, &reference).await?
        };
        let path = folder.commit(&commit);
        let tree = DirTree::frozen(TreeId(commit.clone()), path.clone());
        Ok(Source { commit, folder: path, tree: Arc::new(tree) })
    }

    /// Asks the server what a reference is, and brings its commit.
    async fn fetch(
        &self,
        uses: &RemoteUses,
        folder: &RepositoryFolder,
        reference: &str,
    ) -> Result<String, StoreError> {
        let lock = folder.lock().await?;
        if is_object_id(reference) && folder.has(reference) {
            return Ok(reference.to_owned());
        }
        let fetch = Fetch::new(&self.git, &self.options, uses, (folder, &lock), reference);
        let (known, refused) = fetch.run().await?;
        if let Some(reason) = refused
            && !self.notified.swap(true, Ordering::Relaxed)
        {
            (self.notify)(Notice::TokenRefused { url: fetch.url().to_owned(), reason });
        }
        folder.remember(reference, &known)?;
        Ok(known.commit)
    }
}

/// Refuses names that are no names of GitHub's: they would leave the store's folder, or be read by git as
/// something else than a reference.
///
/// Source: `git check-ref-format`; actions/runner: "Expected format {org}/{repo}[/path]@ref".
fn check(uses: &RemoteUses) -> Result<(), StoreError> {
    let is_name = |name: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        !name.is_empty() && name.bytes().all(allowed) && !name.bytes().all(|byte| byte == b'.')
    };
    let reference = &uses.reference;
    let is_reference = !reference.is_empty()
        && !reference.starts_with(['-', '/'])
        && !reference.ends_with(['/', '.'])
        && !["..", "@{", "//"].iter().any(|part| reference.contains(part))
        && !reference.contains(|character: char| character.is_control() || " ~^:?*[\\".contains(character));
    if !is_name(&uses.owner) || !is_name(&uses.repository) {
        return Err(StoreError::Malformed { uses: uses.to_string() });
    }
    if !is_reference {
        let (source_name, reference) = (uses.source(), reference.clone());
        return Err(StoreError::VersionNotFound {
            source_name,
            reference,
            reason: "no valid name".to_owned(),
        });
    }
    Ok(())
}

fn manifest(folder: &Path, path: &str) -> std::io::Result<Option<(String, Vec<u8>)>> {
    for name in ["action.yml", "action.yaml", "Dockerfile", "dockerfile"] {
        let file =
            if path.is_empty() { name.to_owned() } else { format!("{}/{name}", path.trim_end_matches('/')) };
        if let Some(bytes) = read_inside(folder, &file)? {
            return Ok(Some((name.to_owned(), bytes)));
        }
    }
    Ok(None)
}

/// Reads a file that lies in a folder, also by what links say; `None` where there is none.
fn read_inside(folder: &Path, path: &str) -> std::io::Result<Option<Vec<u8>>> {
    if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Ok(None);
    }
    let Ok(file) = folder.join(path).canonicalize() else { return Ok(None) };
    if !file.starts_with(folder.canonicalize()?) || !file.is_file() {
        return Ok(None);
    }
    std::fs::read(file).map(Some)
}

#[cfg(test)]
mod tests;
