//! Writes a tree of files into a folder: copies, reflinked where the disk can, never hard links. Blocks.

use std::collections::HashSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use act_core::tree::{Tree, TreeEntry};

/// Brings every entry of `tree` to `folder`; what lies there under other names stays.
///
/// Links on the way that somebody else left are replaced by folders, so nothing is written elsewhere.
pub(crate) fn put(tree: &dyn Tree, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut writer = Writer { tree, root: folder.to_owned(), folders: HashSet::from([folder.to_owned()]) };
    tree.walk(&mut |path, entry| writer.put(path, &entry))
}

struct Writer<'a> {
    tree: &'a dyn Tree,
    root: PathBuf,
    /// Known to be folders, not links to some.
    folders: HashSet<PathBuf>,
}

impl Writer<'_> {
    fn put(&mut self, path: &str, entry: &TreeEntry) -> io::Result<()> {
        let target = self.target(path)?;
        match entry {
            TreeEntry::Folder => self.folder(&target),
            TreeEntry::File { executable, .. } => {
                self.clear(&target)?;
                self.copy(path, &target)?;
                let mode = if *executable { 0o755 } else { 0o644 };
                fs::set_permissions(&target, Permissions::from_mode(mode))
            }
            TreeEntry::Link(to) => {
                self.clear(&target)?;
                symlink(to, &target)
            }
        }
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

    fn copy(&self, path: &str, target: &Path) -> io::Result<()> {
        if let Some(source) = self.tree.file_path(path) {
            return reflink_copy::reflink_or_copy(source, target).map(drop);
        }
        let mut source = self.tree.open(path)?;
        io::copy(&mut source as &mut dyn Read, &mut File::create_new(target)?).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use act_core::tree::TreeId;
    use std::os::unix::fs::MetadataExt;

    /// Entries by path; a file's text lies beside the test or in memory.
    struct Given(Vec<(&'static str, TreeEntry)>, Option<PathBuf>);

    impl Tree for Given {
        fn id(&self) -> TreeId {
            TreeId("given".to_owned())
        }

        fn shared_folder(&self) -> Option<&Path> {
            None
        }

        fn walk(&self, visit: &mut dyn FnMut(&str, TreeEntry) -> io::Result<()>) -> io::Result<()> {
            self.0.iter().try_for_each(|(path, entry)| visit(path, entry.clone()))
        }

        fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
            Ok(Box::new(io::Cursor::new(path.to_owned().into_bytes())))
        }

        fn file_path(&self, path: &str) -> Option<PathBuf> {
            self.1.as_ref().map(|folder| folder.join(path))
        }
    }

    const FILE: TreeEntry = TreeEntry::File { executable: false, size: 0 };
    const TOOL: TreeEntry = TreeEntry::File { executable: true, size: 0 };

    #[test]
    fn a_tree_arrives_with_modes_links_and_empty_folders() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join("to").join(path);
        let link = TreeEntry::Link("tool".to_owned());
        let tree =
            Given(vec![("a", TreeEntry::Folder), ("b/c/tool", TOOL), ("b/c/x", link), ("d", FILE)], None);
        for _ in 0..2 {
            put(&tree, &at("")).unwrap();
            assert!(at("a").is_dir());
            assert_eq!(fs::read_to_string(at("b/c/x")).unwrap(), "b/c/tool");
            assert_eq!(fs::metadata(at("b/c/tool")).unwrap().mode() & 0o777, 0o755);
            assert_eq!(fs::metadata(at("d")).unwrap().mode() & 0o777, 0o644);
        }
    }

    #[test]
    fn files_are_copies_never_the_originals() {
        let root = tempfile::tempdir().unwrap();
        let from = root.path().join("from");
        fs::create_dir(&from).unwrap();
        fs::write(from.join("d"), "original").unwrap();
        let to = root.path().join("to");
        put(&Given(vec![("d", FILE)], Some(from.clone())), &to).unwrap();
        fs::write(to.join("d"), "changed").unwrap();
        assert_eq!(fs::read_to_string(from.join("d")).unwrap(), "original");
        assert_eq!(fs::metadata(to.join("d")).unwrap().nlink(), 1);
    }

    #[test]
    fn nothing_is_written_outside_whatever_stands_in_the_way() {
        let root = tempfile::tempdir().unwrap();
        let (to, outside) = (root.path().join("to"), root.path().join("outside"));
        fs::create_dir_all(to.join("d")).unwrap();
        fs::create_dir(&outside).unwrap();
        symlink(&outside, to.join("b")).unwrap();
        symlink(outside.join("f"), to.join("f")).unwrap();
        put(&Given(vec![("b/c", FILE), ("d", FILE), ("f", FILE)], None), &to).unwrap();
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
        assert!(to.join("b/c").is_file() && to.join("d").is_file());
        for path in ["../x", "/etc/x", "a//b", ""] {
            let path: &'static str = path;
            assert!(put(&Given(vec![(path, FILE)], None), &to).is_err(), "{path}");
        }
        // A link of the tree itself leads nowhere, either.
        let own_link = TreeEntry::Link(outside.to_str().unwrap().to_owned());
        put(&Given(vec![("l", own_link), ("l/x", FILE)], None), &to).unwrap();
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }
}
