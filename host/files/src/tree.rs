//! Writes a tree of files into a folder, entry by entry: real copies, never hard links. Blocks.

use std::collections::HashSet;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// Writes entries below a folder; what lies there under other names stays.
///
/// Paths are relative, with `/`, never `..`. Links on the way that somebody else left are replaced by folders, so
/// nothing is written elsewhere.
#[derive(Debug)]
pub struct TreeWriter {
    root: PathBuf,
    /// Known to be folders, not links to some.
    folders: HashSet<PathBuf>,
}

impl TreeWriter {
    /// Begins, and makes the folder if need be.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { root: folder.to_owned(), folders: HashSet::from([folder.to_owned()]) })
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// A path that leads out of the tree; what the system says.
    pub fn make_folder(&mut self, path: &str) -> io::Result<()> {
        let target = self.target(path)?;
        self.folder(&target)
    }

    /// Writes a file: `fill` makes it at the path it is given, where nothing lies.
    ///
    /// # Errors
    /// A path that leads out of the tree; what the system or `fill` says.
    pub fn make_file(
        &mut self,
        path: &str,
        executable: bool,
        fill: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<()> {
        let target = self.target(path)?;
        self.clear(&target)?;
        fill(&target)?;
        let mode = if executable { 0o755 } else { 0o644 };
        fs::set_permissions(&target, Permissions::from_mode(mode))
    }

    /// Makes a symbolic link; what it says is not looked at.
    ///
    /// # Errors
    /// A path that leads out of the tree; what the system says.
    pub fn make_link(&mut self, path: &str, to: &str) -> io::Result<()> {
        let target = self.target(path)?;
        self.clear(&target)?;
        symlink(to, &target)
    }

    fn target(&self, path: &str) -> io::Result<PathBuf> {
        let is_inside = path.split('/').all(|name| !matches!(name, "" | "." | ".."));
        let outside =
            || io::Error::new(io::ErrorKind::InvalidInput, format!("`{path}` leads out of its tree"));
        is_inside.then(|| self.root.join(path)).ok_or_else(outside)
    }

    /// Makes way for a file or a link, and the folders that lead to it.
    fn clear(&mut self, target: &Path) -> io::Result<()> {
        if let Some(parent) = target.parent() {
            self.folder(parent)?;
        }
        match fs::symlink_metadata(target) {
            Ok(metadata) if metadata.is_dir() => {
                self.folders.retain(|folder| !folder.starts_with(target));
                crate::remove::remove_folder(target)
            }
            Ok(_) => fs::remove_file(target),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn folder(&mut self, folder: &Path) -> io::Result<()> {
        if self.folders.contains(folder) {
            return Ok(());
        }
        if let Some(parent) = folder.parent() {
            self.folder(parent)?;
        }
        match fs::symlink_metadata(folder) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => {
                fs::remove_file(folder)?;
                fs::create_dir(folder)?;
            }
            Err(_) => fs::create_dir(folder)?,
        }
        self.folders.insert(folder.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_outside_whatever_stands_in_the_way() {
        let root = tempfile::tempdir().unwrap();
        let (to, outside) = (root.path().join("to"), root.path().join("outside"));
        fs::create_dir_all(to.join("d")).unwrap();
        fs::create_dir(&outside).unwrap();
        symlink(&outside, to.join("b")).unwrap();
        symlink(outside.join("f"), to.join("f")).unwrap();
        let mut writer = TreeWriter::new(&to).unwrap();
        let fill = |target: &Path| fs::write(target, "x");
        for path in ["b/c", "d", "f"] {
            writer.make_file(path, false, fill).unwrap();
        }
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
        assert!(to.join("b/c").is_file() && to.join("d").is_file());
        for path in ["../x", "/etc/x", "a//b", ""] {
            assert!(writer.make_file(path, false, fill).is_err(), "{path}");
            assert!(writer.make_folder(path).is_err() && writer.make_link(path, "x").is_err(), "{path}");
        }
        // A link of the tree itself leads nowhere, either.
        writer.make_link("l", outside.to_str().unwrap()).unwrap();
        writer.make_file("l/x", true, fill).unwrap();
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
        assert_eq!(fs::metadata(to.join("l/x")).unwrap().permissions().mode() & 0o777, 0o755);
    }
}
