//! A tree of files that becomes an image.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::listen;

pub(super) struct Tree<'a> {
    root: &'a Path,
}

impl<'a> Tree<'a> {
    pub(super) fn new(root: &'a Path) -> Self {
        Self { root }
    }

    /// Says whether something is there, be it a link to nothing.
    pub(super) fn has(&self, place: &str) -> bool {
        self.root.join(place).symlink_metadata().is_ok()
    }

    /// Copies one file, what it links to instead of a link; it can be read and executed as before.
    pub(super) fn copy(&self, from: &Path, place: &str) -> Result<(), String> {
        let to = self.ready(place)?;
        fs::copy(from, &to).map_err(|error| format!("cannot copy {}: {error}", from.display()))?;
        Ok(())
    }

    /// Copies a whole tree as it is.
    pub(super) fn copy_all(&self, from: &Path, place: &str) -> Result<(), String> {
        let to = self.root.join(place);
        fs::create_dir_all(&to).map_err(|error| format!("{place}: {error}"))?;
        let said = listen(Command::new("cp").arg("-a").arg(from.join(".")).arg(to))?;
        if said.success { Ok(()) } else { Err(said.text) }
    }

    pub(super) fn write(&self, place: &str, text: &str) -> Result<(), String> {
        fs::write(self.ready(place)?, text).map_err(|error| format!("{place}: {error}"))
    }

    pub(super) fn link(&self, target: &str, place: &str) -> Result<(), String> {
        symlink(target, self.ready(place)?).map_err(|error| format!("{place}: {error}"))
    }

    /// Removes a file; there may be none.
    pub(super) fn remove(&self, place: &str) -> Result<(), String> {
        if self.has(place) {
            fs::remove_file(self.root.join(place)).map_err(|error| format!("{place}: {error}"))?;
        }
        Ok(())
    }

    /// Makes a folder in which everybody may write.
    pub(super) fn open_folder(&self, place: &str) -> Result<(), String> {
        let folder = self.root.join(place);
        fs::create_dir_all(&folder)
            .and_then(|()| fs::set_permissions(&folder, fs::Permissions::from_mode(0o1777)))
            .map_err(|error| format!("{place}: {error}"))
    }

    pub(super) fn names(&self, place: &str) -> Result<Vec<String>, String> {
        let entries = fs::read_dir(self.root.join(place)).map_err(|error| format!("{place}: {error}"))?;
        Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
    }

    /// Copies the shared libraries of a program of this machine, and its loader, to where the program looks for them.
    pub(super) fn libraries_of(&self, program: &Path) -> Result<(), String> {
        let said = listen(Command::new("ldd").arg(program).env("LC_ALL", "C"))?;
        if !said.success && !said.text.contains("not a dynamic executable") {
            return Err(format!("ldd {}: {}", program.display(), said.text));
        }
        for library in libraries(&said.text) {
            let place = library.trim_start_matches('/');
            if !self.has(place) {
                self.copy(Path::new(library), place)?;
            }
        }
        Ok(())
    }

    fn ready(&self, place: &str) -> Result<PathBuf, String> {
        let path = self.root.join(place);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| format!("{place}: {error}"))?;
        }
        Ok(path)
    }
}

/// Finds a program of this machine, links followed.
pub(crate) fn on_path(name: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
    let found = found.ok_or_else(|| format!("{name} is missing on this machine: an image is made of it"))?;
    fs::canonicalize(&found).map_err(|error| format!("{}: {error}", found.display()))
}

/// Reads `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)` and `/lib64/ld-linux-x86-64.so.2 (0x…)`.
fn libraries(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_those_with_a_place() {
        let text = "\tlinux-vdso.so.1 (0x1)\n\tlibc.so.6 => /lib/a/libc.so.6 (0x2)\n\t/lib64/ld.so.2 (0x3)\n";
        assert_eq!(libraries(text).collect::<Vec<_>>(), ["/lib/a/libc.so.6", "/lib64/ld.so.2"]);
    }
}
