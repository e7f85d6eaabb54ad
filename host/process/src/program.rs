//! Finds programs on a `PATH` that is handed in.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::error::SpawnError;
use crate::spec::Variables;

/// Finds an executable file in the folders of a `PATH`, first folder first.
///
/// Empty and relative entries are taken from `cwd`. Source: actions/runner `WhichUtil.cs`, which looks
/// through the job's `PATH` in the same order.
#[must_use]
pub fn find_program(name: &OsStr, path: &OsStr, cwd: &Path) -> Option<PathBuf> {
    let in_folder = |folder: PathBuf| {
        let mut file = if folder.is_absolute() { folder } else { cwd.join(folder) };
        file.push(name);
        file
    };
    std::env::split_paths(path).map(in_folder).find(|file| is_executable(file))
}

/// Says which file a start executes.
pub(crate) fn resolve(name: &OsStr, env: &Variables<'_>, cwd: &Path) -> Result<PathBuf, SpawnError> {
    if name.as_bytes().contains(&b'/') {
        return Ok(cwd.join(name));
    }
    let path = env.iter().rev().find(|(key, _)| **key == *"PATH").map(|(_, value)| &**value);
    path.filter(|_| !name.is_empty())
        .and_then(|path| find_program(name, path, cwd))
        .ok_or_else(|| SpawnError::NotFound { program: name.to_string_lossy().into_owned() })
}

fn is_executable(file: &Path) -> bool {
    access(file, Access::EXEC_OK).is_ok() && file.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_folder_with_an_executable_file_wins() {
        let root = tempfile::tempdir().unwrap();
        let at = |rest: &str| root.path().join(rest);
        for folder in ["a/tool", "b", "c"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        std::fs::write(at("b/tool"), "not executable").unwrap();
        std::os::unix::fs::symlink("/bin/sh", at("c/tool")).unwrap();
        let path = std::env::join_paths([at("a"), at("b"), PathBuf::from("c")]).unwrap();
        assert_eq!(find_program(OsStr::new("tool"), &path, root.path()), Some(at("c/tool")));
        assert_eq!(find_program(OsStr::new("other"), &path, root.path()), None);
        let missing = resolve(OsStr::new("tool"), &Vec::new(), root.path()).unwrap_err();
        assert_eq!(missing.to_string(), "tool: command not found");
    }
}
