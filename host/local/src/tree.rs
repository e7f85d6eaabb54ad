//! Brings a tree of files into a folder: copies, reflinked where the disk can, never hard links. Blocks.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use act_core::tree::{Tree, TreeEntry};
use act_files::TreeWriter;

/// Brings every entry of `tree` to `folder`; what lies there under other names stays. Stops between two of them where it
/// is not wanted any more.
pub(crate) fn put(tree: &dyn Tree, folder: &Path, is_unwanted: &dyn Fn() -> bool) -> io::Result<()> {
    let mut writer = TreeWriter::new(folder)?;
    tree.walk(&mut |path, entry| match entry {
        _ if is_unwanted() => Err(io::Error::other("nobody waits for it")),
        TreeEntry::Folder => writer.make_folder(path),
        TreeEntry::File { executable, .. } => {
            writer.make_file(path, executable, |target| copy(tree, path, target))
        }
        TreeEntry::Link(to) => writer.make_link(path, &to),
    })
}

fn copy(tree: &dyn Tree, path: &str, target: &Path) -> io::Result<()> {
    if let Some(source) = tree.file_path(path) {
        return reflink_copy::reflink_or_copy(source, target).map(drop);
    }
    let mut source = tree.open(path)?;
    io::copy(&mut source as &mut dyn Read, &mut File::create_new(target)?).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use act_core::tree::TreeId;
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::path::PathBuf;

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
            put(&tree, &at(""), &|| false).unwrap();
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
        put(&Given(vec![("d", FILE)], Some(from.clone())), &to, &|| false).unwrap();
        fs::write(to.join("d"), "changed").unwrap();
        assert_eq!(fs::read_to_string(from.join("d")).unwrap(), "original");
        assert_eq!(fs::metadata(to.join("d")).unwrap().nlink(), 1);
    }

    #[test]
    fn what_nobody_waits_for_stops() {
        let root = tempfile::tempdir().unwrap();
        let to = root.path().join("to");
        let asked = std::cell::Cell::new(0);
        let is_unwanted = || asked.replace(asked.get() + 1) == 1;
        let tree = Given(vec![("a", FILE), ("b", FILE), ("c", FILE)], None);
        assert_eq!(put(&tree, &to, &is_unwanted).unwrap_err().to_string(), "nobody waits for it");
        assert!(to.join("a").exists() && !to.join("b").exists() && !to.join("c").exists());
    }
}
