//! The working tree as `actions/checkout` of the run's own repository gets it.
//!
//! Tracked files as they are now and untracked ones that no rule ignores; what is deleted is left out.
//! Submodules and repositories inside follow the same rule, without a `.git` of their own. The list is taken
//! once; bytes are read when the tree is copied.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use act_core::tree::{Tree, TreeEntry, TreeId};
use ignore::WalkBuilder;
use tempfile::TempDir;

use crate::facts::Repository;
use crate::program::{Git, GitError};

use super::dot_git::{self, Objects};
use super::listing::{Entry, Listing, Looked, look};

/// A working tree, listed.
#[derive(Debug)]
pub struct WorkingTree {
    id: TreeId,
    listing: Listing,
    left_out: Vec<String>,
    /// Where packed objects lie, for as long as somebody reads them.
    _packed: Option<TempDir>,
}

impl WorkingTree {
    /// Lists a repository's working tree, with a `.git` in which status, log, diff and commit work.
    ///
    /// `fetch_depth` is the number of commits of history, with the current ref alone; 0 is all of it, with
    /// all branches and tags. One git process, one more for every submodule, one for a depth other than 1, and one to
    /// pack `objects`.
    ///
    /// # Errors
    /// As [`GitError`].
    ///
    /// Source: actions/checkout, README, "fetch-depth"; act's copy of the working directory.
    pub async fn of_repository(
        git: &Git,
        repository: &Repository,
        fetch_depth: u32,
        objects: Objects<'_>,
    ) -> Result<Self, GitError> {
        let files = list(git, &repository.root);
        let (files, dot_git) = tokio::join!(files, dot_git::make(git, repository, fetch_depth, objects));
        let (listing, left_out) = files?;
        let dot_git = dot_git?;
        let listing = listing.with(dot_git.entries);
        let head = repository.head.commit().unwrap_or("unborn");
        let id = TreeId(format!("{head}+{}", listing.digest()));
        Ok(Self { id, listing, left_out, _packed: dot_git.packed })
    }

    /// Lists a folder outside of git: all files but those a `.gitignore` in it excludes; no `.git`.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn of_folder(folder: PathBuf) -> Result<Self, GitError> {
        let (listing, left_out) = blocking(move || {
            let paths = unignored(&folder)?;
            let sorted = sort_out(&folder, paths)?;
            let mut entries = sorted.entries;
            // Every folder is named by the walk: those with something in them speak for themselves.
            let parents: std::collections::HashSet<String> = entries
                .iter()
                .map(|entry| &entry.path)
                .chain(&sorted.folders)
                .filter_map(|path| parent(path))
                .collect();
            let empty = sorted.folders.iter().filter(|folder| !parents.contains(*folder));
            entries.extend(empty.map(|folder| Entry::folder(folder)));
            Ok((Listing::new(folder, entries), sorted.left_out))
        })
        .await?;
        let id = TreeId(format!("folder+{}", listing.digest()));
        Ok(Self { id, listing, left_out, _packed: None })
    }

    /// Returns the paths that are not in the tree because their names, or what they link to, are not UTF-8.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }
}

impl Tree for WorkingTree {
    fn id(&self) -> TreeId {
        self.id.clone()
    }

    fn shared_folder(&self) -> Option<&Path> {
        None
    }

    fn walk(&self, visit: &mut dyn FnMut(&str, TreeEntry) -> io::Result<()>) -> io::Result<()> {
        self.listing.visit(visit)
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
        self.listing.open(path)
    }

    fn file_path(&self, path: &str) -> Option<PathBuf> {
        self.listing.file_path(path)
    }
}

fn parent(path: &str) -> Option<String> {
    path.rsplit_once('/').map(|(folder, _)| folder.to_owned())
}

/// Paths, looked at.
#[derive(Default)]
struct Sorted {
    entries: Vec<Entry>,
    folders: Vec<String>,
    left_out: Vec<String>,
}

/// Lists tracked and unignored files of a repository and of the repositories in it.
async fn list(git: &Git, root: &Path) -> Result<(Listing, Vec<String>), GitError> {
    let mut entries = Vec::new();
    let mut left_out = Vec::new();
    let mut repositories = vec![String::new()];
    while let Some(repository) = repositories.pop() {
        let paths = ls_files(git, root, &repository).await?;
        let folder = root.to_owned();
        let sorted = blocking(move || sort_out(&folder, paths)).await?;
        entries.extend(sorted.entries);
        left_out.extend(sorted.left_out);
        for folder in sorted.folders {
            // Git names a folder only where another repository begins; an uninitialised one is empty.
            let is_repository = root.join(&folder).join(".git").symlink_metadata().is_ok();
            if is_repository { repositories.push(folder) } else { entries.push(Entry::folder(&folder)) }
        }
    }
    Ok((Listing::new(root.to_owned(), entries), left_out))
}

/// Returns the files of the repository at `inside`, as paths below `root`.
async fn ls_files(git: &Git, root: &Path, inside: &str) -> Result<Vec<Vec<u8>>, GitError> {
    let folder = root.join(inside);
    let mut command = git.at(&folder);
    command.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    if !inside.is_empty() {
        // A `.git` that leads nowhere must not make git answer for the repository around it.
        command.env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap_or(root));
    }
    let answer = git.answer(command).await?;
    if !answer.ok && (inside.is_empty() || !answer.stderr.contains("not a git repository")) {
        return Err(answer.error("list the working tree"));
    }
    let prefix = if inside.is_empty() { String::new() } else { format!("{inside}/") };
    let names = answer.stdout.split(|byte| *byte == 0).map(|name| name.strip_suffix(b"/").unwrap_or(name));
    let names = names.filter(|name| !name.is_empty() && *name != b"." && !name.starts_with(b"../"));
    Ok(names.map(|name| [prefix.as_bytes(), name].concat()).collect())
}

fn sort_out(root: &Path, paths: Vec<Vec<u8>>) -> io::Result<Sorted> {
    let mut sorted = Sorted::default();
    for path in paths {
        let path = match String::from_utf8(path) {
            Ok(path) => path,
            Err(error) => {
                sorted.left_out.push(String::from_utf8_lossy(error.as_bytes()).into_owned());
                continue;
            }
        };
        match look(root, &path)? {
            Looked::Entry(entry) => sorted.entries.push(entry),
            Looked::Folder => sorted.folders.push(path),
            Looked::Nothing => {}
            Looked::Unreadable => sorted.left_out.push(path),
        }
    }
    Ok(sorted)
}

/// Walks a folder by its own `.gitignore` files; those above it and those of the user do not count.
fn unignored(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    let walk = WalkBuilder::new(folder)
        .hidden(false)
        .parents(false)
        .ignore(false)
        .git_global(false)
        .git_exclude(false)
        .require_git(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build();
    let mut paths = Vec::new();
    for entry in walk {
        let entry = entry.map_err(io::Error::other)?;
        if let Ok(path) = entry.path().strip_prefix(folder)
            && !path.as_os_str().is_empty()
        {
            paths.push(path.as_os_str().as_encoded_bytes().to_vec());
        }
    }
    Ok(paths)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, GitError> {
    let what = "read the working tree";
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(|error| GitError::failed(what, error)),
        Err(error) => Err(GitError::failed(what, error)),
    }
}
