//! The files of a repository on this disk, for readers of workflows that call other workflows.

use std::fs;
use std::path::{Component, Path, PathBuf};

use act_workflow::called::{Found, WorkflowFiles};
use act_workflow::model::CallTarget;

use crate::nearest::nearest;
use crate::world::World;

/// Finds called workflows in one repository; those of other repositories are not looked for.
pub(crate) struct RepositoryFiles<'a> {
    root: &'a Path,
    world: &'a World,
}

impl<'a> RepositoryFiles<'a> {
    /// Starts at the root of the repository.
    pub(crate) const fn new(root: &'a Path, world: &'a World) -> Self {
        Self { root, world }
    }

    fn local(&self, path: &str) -> Found {
        let Some(full) = inside(self.root, path) else {
            return Found::Missing("the path leads out of the repository".to_owned());
        };
        match fs::read(&full) {
            Ok(bytes) => Found::Workflow { name: shown(&full, self.world).into(), bytes, trusted: true },
            Err(_) if !full.exists() => Found::Missing(absent(&full, path)),
            Err(error) => Found::Missing(format!("{path} cannot be read: {error}")),
        }
    }
}

impl WorkflowFiles for RepositoryFiles<'_> {
    fn find(&mut self, _caller: &str, target: &CallTarget) -> Found {
        match target {
            CallTarget::Local { path } => self.local(path),
            CallTarget::Remote { .. } => Found::OutOfReach,
        }
    }
}

/// Returns a path of the repository, written with `/`, on this disk; `None` when it leads out of it.
pub(crate) fn inside(root: &Path, path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    plain.then(|| root.join(path).components().collect())
}

fn absent(full: &Path, path: &str) -> String {
    let names: Vec<String> = full
        .parent()
        .and_then(|folder| fs::read_dir(folder).ok())
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let wanted = full.file_name().unwrap_or_default().to_string_lossy();
    match nearest(&wanted, names.iter().map(String::as_str)) {
        Some(name) => format!("there is no file {path}; did you mean `{name}`?"),
        None => format!("there is no file {path}"),
    }
}

/// Returns how a file is called in messages: from the working directory where it lies below it.
pub(crate) fn shown(path: &Path, world: &World) -> String {
    let below = world.cwd.as_deref().and_then(|cwd| path.strip_prefix(cwd).ok());
    below.unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// The repositories that files belong to. Files come folder by folder, and each folder is asked for once.
#[derive(Default)]
pub(crate) struct Roots {
    folder: PathBuf,
    root: PathBuf,
}

impl Roots {
    /// Returns the folder of the `.github` above a file, else that of the `.git` above it, else its own.
    pub(crate) fn of(&mut self, path: &Path) -> PathBuf {
        let folder = path.parent().unwrap_or(path);
        if self.folder.as_os_str() != folder.as_os_str() {
            self.folder = folder.to_owned();
            self.root = root_of(folder);
        }
        self.root.clone()
    }
}

fn root_of(folder: &Path) -> PathBuf {
    let github = folder.ancestors().find(|folder| folder.file_name() == Some(".github".as_ref()));
    let root = github
        .and_then(Path::parent)
        .or_else(|| folder.ancestors().find(|folder| folder.join(".git").exists()));
    root.unwrap_or(folder).to_owned()
}
