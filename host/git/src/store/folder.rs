//! A repository's folder in the store. What may be read without the lock is complete, whoever was killed when.
//!
//! ```text
//! <root>/<server>/<owner>/<repository>/
//!     lock                held by whoever fetches; never removed
//!     mirror.git/         shallow and bare: what was fetched is not fetched again
//!     refs/<name>         what a reference meant when it was last fetched
//!     <commit>/           its files
//!     <commit>.completed  written after them
//!     partial/            files on their way to <commit>/; swept by the next who holds the lock
//! ```

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use act_core::control::RemoteUses;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::program::GitError;
use crate::tree::hex;

use super::server::Server;

/// What a reference meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    /// For people who look into the store.
    pub(super) reference: String,
    /// The commit, or the annotation of a tag.
    pub(super) object: String,
    /// The commit.
    pub(super) commit: String,
}

/// The place of one repository.
pub(super) struct RepositoryFolder {
    path: PathBuf,
}

/// Held while the store's folder of a repository changes.
pub(super) struct Lock(File);

impl Lock {
    /// Lends the lock to a process, as its standard input: if we are killed, it stays locked until that
    /// process has ended, too.
    pub(super) fn lend(&self) -> io::Result<Stdio> {
        self.0.try_clone().map(Stdio::from)
    }
}

impl RepositoryFolder {
    pub(super) fn of(root: &Path, server: &Server, uses: &RemoteUses) -> Self {
        // GitHub's names have no case.
        let [owner, repository] = [&uses.owner, &uses.repository].map(|name| name.to_ascii_lowercase());
        Self { path: root.join(server.folder_name()).join(owner).join(repository) }
    }

    /// Waits for the lock, as long as it takes. Safe to drop.
    pub(super) async fn lock(&self) -> Result<Lock, GitError> {
        let path = self.path.join("lock");
        let failed = |error: io::Error| GitError::failed(format!("lock {}", path.display()), error);
        std::fs::create_dir_all(&self.path).map_err(failed)?;
        let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
        let mut pause = Duration::from_millis(5);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
                // Asked again and again instead of waited for in a thread, which nobody could stop.
                Err(TryLockError::WouldBlock) => tokio::time::sleep(pause).await,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }

    pub(super) fn commit(&self, commit: &str) -> PathBuf {
        self.path.join(commit)
    }

    pub(super) fn mirror(&self) -> PathBuf {
        self.path.join("mirror.git")
    }

    pub(super) fn partial(&self) -> PathBuf {
        self.path.join("partial")
    }

    pub(super) fn partial_index(&self) -> PathBuf {
        self.path.join("partial.index")
    }

    fn marker(&self, commit: &str) -> PathBuf {
        self.path.join(format!("{commit}.completed"))
    }

    /// Says whether a commit's files are here, all of them.
    pub(super) fn has(&self, commit: &str) -> bool {
        self.marker(commit).is_file() && self.commit(commit).is_dir()
    }

    /// Returns the commit that a reference meant, if its files are here.
    pub(super) fn meant(&self, reference: &str) -> Option<String> {
        self.known(reference).map(|known| known.commit).filter(|commit| self.has(commit))
    }

    pub(super) fn known(&self, reference: &str) -> Option<Known> {
        let text = std::fs::read(self.reference(reference)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    pub(super) fn remember(&self, reference: &str, known: &Known) -> Result<(), GitError> {
        if self.known(reference).as_ref() == Some(known) {
            return Ok(());
        }
        let (path, partial) = (self.reference(reference), self.partial());
        let write = || {
            std::fs::create_dir_all(self.path.join("refs"))?;
            std::fs::write(&partial, serde_json::to_vec(known)?)?;
            std::fs::rename(&partial, &path)
        };
        write().map_err(|error| GitError::failed(format!("write {}", path.display()), error))
    }

    /// References are no file names: `a` and `a/b` can both be tags once one of them is gone.
    fn reference(&self, reference: &str) -> PathBuf {
        self.path.join("refs").join(reference_key(reference))
    }

    /// Makes the place ready for who holds the lock: what others left when they were killed goes.
    pub(super) async fn sweep(&self) -> Result<(), GitError> {
        let sweep = async {
            remove(&self.partial()).await?;
            remove(&self.partial_index()).await?;
            let mirror = self.mirror();
            for (folder, is_left) in [
                (mirror.clone(), is_lock as fn(&str) -> bool),
                (mirror.join("refs/act"), is_lock),
                (mirror.join("objects/pack"), |name| name.starts_with("tmp_")),
            ] {
                remove_where(&folder, is_left).await?;
            }
            make_mirror(&mirror)
        };
        sweep.await.map_err(|error| GitError::failed(format!("prepare {}", self.path.display()), error))
    }

    /// Forgets everything fetched; the files of commits stay.
    pub(super) async fn drop_mirror(&self) -> Result<(), GitError> {
        let mirror = self.mirror();
        remove(&mirror).await.map_err(|error| GitError::failed(format!("remove {}", mirror.display()), error))
    }

    /// Turns the files in `partial` into those of a commit.
    pub(super) async fn complete(&self, commit: &str) -> Result<(), GitError> {
        let folder = self.commit(commit);
        let complete = async {
            remove(&self.marker(commit)).await?;
            remove(&folder).await?;
            std::fs::rename(self.partial(), &folder)?;
            std::fs::write(self.marker(commit), "")?;
            remove(&self.partial_index()).await
        };
        complete.await.map_err(|error| GitError::failed(format!("write {}", folder.display()), error))
    }
}

/// Names a reference as a file: its digest.
pub(super) fn reference_key(reference: &str) -> String {
    hex(&Sha256::digest(reference)[..16])
}

fn is_lock(name: &str) -> bool {
    name.ends_with(".lock")
}

/// Writes what git needs to take a folder for a bare repository: three small files cost less than `git init`.
fn make_mirror(mirror: &Path) -> io::Result<()> {
    if mirror.join("HEAD").is_file() {
        return Ok(());
    }
    std::fs::create_dir_all(mirror.join("objects/pack"))?;
    std::fs::create_dir_all(mirror.join("refs"))?;
    std::fs::write(mirror.join("config"), "[core]\n\trepositoryformatversion = 0\n\tbare = true\n")?;
    // Last: it says that the rest is there.
    std::fs::write(mirror.join("HEAD"), "ref: refs/heads/none\n")
}

async fn remove(path: &Path) -> io::Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => tokio::fs::remove_dir_all(path).await,
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

async fn remove_where(folder: &Path, is_left: fn(&str) -> bool) -> io::Result<()> {
    let Ok(children) = std::fs::read_dir(folder) else { return Ok(()) };
    for child in children {
        let child = child?;
        if child.file_name().to_str().is_some_and(is_left) {
            remove(&child.path()).await?;
        }
    }
    Ok(())
}
