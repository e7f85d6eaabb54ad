//! Where the parts of a repository lie.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use gix_discover::path::from_plain_file;
use gix_discover::repository::Kind;

use super::{Unusual, plain};

/// A work tree with its repository, all of it this user's own.
pub(super) struct Place {
    pub(super) root: PathBuf,
    pub(super) git_dir: PathBuf,
    pub(super) common_dir: PathBuf,
}

impl Place {
    /// Looks for a `.git` in the folder and those above. `None` where there is none, and nothing like a bare repository.
    ///
    /// Git looks no further than the folder's own file system.
    pub(super) fn around(folder: &Path) -> Result<Option<Self>, Unusual> {
        let folder = folder.canonicalize()?;
        let file_system = folder.metadata()?.dev();
        for above in folder.ancestors() {
            plain(above.metadata()?.dev() == file_system)?;
            if exists(&above.join(".git"))? {
                return Self::of(above).map(Some);
            }
            plain(!exists(&above.join("HEAD"))?)?;
        }
        Ok(None)
    }

    fn of(root: &Path) -> Result<Self, Unusual> {
        let dot_git = root.join(".git");
        let git_dir = match gix_discover::is_git(&dot_git)? {
            Kind::WorkTree { linked_git_dir: None } => dot_git.clone(),
            Kind::WorkTree { linked_git_dir: Some(git_dir) } | Kind::Submodule { git_dir } => git_dir,
            _ => return Err(Unusual),
        };
        let git_dir = git_dir.canonicalize()?;
        let common_dir = match from_plain_file(&git_dir.join("commondir")) {
            Some(path) => git_dir.join(path?).canonicalize()?,
            None => git_dir.clone(),
        };
        // Anybody else's is git's to refuse, or the user's to allow (`safe.directory`).
        let user = rustix::process::geteuid().as_raw();
        for path in [root, &dot_git, &git_dir] {
            plain(path.symlink_metadata()?.uid() == user)?;
        }
        Ok(Self { root: root.to_owned(), git_dir, common_dir })
    }

    /// A work tree beside the one that the repository was made with.
    pub(super) fn is_linked(&self) -> bool {
        self.git_dir != self.common_dir
    }
}

fn exists(path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
