//! Finds workflow files: those that were named, and those in folders.
//!
//! In a folder only `.yml` and `.yaml` count, in the order of their names, links to files included; a file
//! that is named counts whatever it is called.

use std::collections::HashSet;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

/// Where GitHub looks.
pub(crate) const DEFAULT: &str = ".github/workflows";

/// Levels of folders that are searched; deeper there are only links that lead in circles.
const MAX_DEPTH: usize = 16;

/// A workflow file that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    /// Where to read it.
    pub(crate) path: PathBuf,
    /// How messages and contexts call it: from the root of the repository, with `/`; absolute outside of it.
    pub(crate) name: String,
    /// Whether the user named the file itself, not a folder that holds it.
    pub(crate) named: bool,
}

/// Why no files can be listed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DiscoverError {
    /// What was named is not there.
    #[error("there is no file or folder {}", path.display())]
    Missing {
        /// What was named.
        path: PathBuf,
        /// A folder above that has workflows, where nothing was named.
        above: Option<PathBuf>,
    },
    /// A folder cannot be listed.
    #[error("cannot read the folder {}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A folder holds no workflow.
    #[error("there are no workflows in {}", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
}

/// Lists the workflow files under `paths`, each once; no paths means [`DEFAULT`]. Paths start from `root`.
pub(crate) fn workflows(root: &Path, paths: &[PathBuf], recurse: bool) -> Result<Vec<Found>, DiscoverError> {
    let default = [PathBuf::from(DEFAULT)];
    let paths = if paths.is_empty() { &default[..] } else { paths };
    let root = &clean(root);
    let mut found = Vec::new();
    for path in paths {
        found.extend(below(root, path, recurse)?);
    }
    // One folder lists a file once.
    if paths.len() > 1 {
        let mut seen = HashSet::new();
        found.retain(|file| seen.insert(file.path.clone()));
    }
    Ok(found)
}

fn below(root: &Path, path: &Path, recurse: bool) -> Result<Vec<Found>, DiscoverError> {
    let full = clean(&root.join(path));
    if full.is_file() {
        return Ok(vec![Found { name: name(root, &full), path: full, named: true }]);
    }
    if !full.is_dir() {
        let above = if path == Path::new(DEFAULT) { above(root) } else { None };
        return Err(DiscoverError::Missing { path: path.to_owned(), above });
    }
    let mut found = Vec::new();
    list(&full, if recurse { MAX_DEPTH } else { 0 }, &mut found)?;
    if found.is_empty() {
        return Err(DiscoverError::Empty { path: path.to_owned() });
    }
    let named = |path: PathBuf| Found { name: name(root, &path), path, named: false };
    Ok(found.into_iter().map(named).collect())
}

fn list(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), DiscoverError> {
    let failed = |source| DiscoverError::Folder { path: folder.to_owned(), source };
    let entries = fs::read_dir(folder).map_err(failed)?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_cached_key(DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // A link counts as what it leads to, which costs a look at it.
        let kind = entry.file_type().ok().filter(|kind| !kind.is_symlink());
        let is_dir = kind.map_or_else(|| path.is_dir(), |kind| kind.is_dir());
        // A link that leads nowhere is found, too: reading it says so.
        let is_file = kind.map_or_else(|| path.is_file() || !path.exists(), |kind| kind.is_file());
        if is_dir && depth > 0 {
            list(&path, depth - 1, found)?;
        } else if is_yaml(&path) && is_file {
            found.push(path);
        }
    }
    Ok(())
}

/// Returns the nearest folder above `root` that has workflows.
pub(crate) fn above(root: &Path) -> Option<PathBuf> {
    root.ancestors().skip(1).find(|folder| folder.join(DEFAULT).is_dir()).map(Path::to_owned)
}

/// Whether a file's name is one of YAML.
pub(crate) fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        extension.eq_ignore_ascii_case("yml") || extension.eq_ignore_ascii_case("yaml")
    })
}

/// Takes `.` out, so that one file has one path.
fn clean(path: &Path) -> PathBuf {
    path.components().collect()
}

/// Returns how a file is called in messages; `root` is clean.
fn name(root: &Path, path: &Path) -> String {
    let shown = path.strip_prefix(root).unwrap_or(path);
    shown.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    fn names(root: &Path, paths: &[&str], recurse: bool) -> Result<Vec<String>, String> {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let found = workflows(root, &paths, recurse).map_err(|error| error.to_string())?;
        Ok(found
            .into_iter()
            .map(|file| format!("{}{}", file.name, if file.named { "!" } else { "" }))
            .collect())
    }

    #[test]
    fn folders_give_yaml_files_in_order_and_named_files_are_taken_as_they_are() {
        let folder = repository(&[
            ".github/workflows/b.yml",
            ".github/workflows/a.yaml",
            ".github/workflows/README.md",
            ".github/workflows/deep/c.YML",
            "x.txt",
        ]);
        let root = folder.path();
        let (a, b, c) =
            (".github/workflows/a.yaml", ".github/workflows/b.yml", ".github/workflows/deep/c.YML");
        assert_eq!(names(root, &[], true).unwrap(), [a, b, c]);
        assert_eq!(names(root, &[], false).unwrap(), [a, b]);
        assert_eq!(names(root, &["./x.txt", "x.txt"], true).unwrap(), ["x.txt!"]);
        assert_eq!(names(root, &[b, ".github/workflows/deep"], true).unwrap(), [&format!("{b}!"), c]);
        assert_eq!(names(&root.join("."), &[], false).unwrap(), [a, b]);
    }

    #[test]
    fn what_is_missing_is_named_and_so_is_a_folder_above_that_has_it() {
        let folder = repository(&[".github/workflows/a.yml", "sub/empty/x.md"]);
        let root = folder.path();
        assert_eq!(names(root, &["nope.yml"], true).unwrap_err(), "there is no file or folder nope.yml");
        assert_eq!(names(root, &["sub"], true).unwrap_err(), "there are no workflows in sub");
        let error = workflows(&root.join("sub/empty"), &[], true).unwrap_err();
        let DiscoverError::Missing { above, .. } = error else { panic!("{error}") };
        assert_eq!(above.as_deref(), Some(root));
    }
}
