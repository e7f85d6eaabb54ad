//! A tree of files in memory: an action at a commit, a working tree.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use act_core::tree::{Tree, TreeEntry, TreeId};

/// Files by path. Nothing of it lies on a disk.
#[derive(Clone, Debug)]
pub struct MemoryTree {
    id: TreeId,
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug)]
enum Entry {
    File { bytes: Vec<u8>, executable: bool },
    Link(String),
    Folder,
}

impl MemoryTree {
    /// Makes a tree of plain files.
    #[must_use]
    pub fn new(id: &str, files: &[(&str, &str)]) -> Self {
        let file = |text: &str| Entry::File { bytes: text.as_bytes().to_vec(), executable: false };
        let entries = files.iter().map(|(path, text)| ((*path).to_owned(), file(text))).collect();
        Self { id: TreeId(id.to_owned()), entries }
    }

    /// Adds a file that may be executed.
    #[must_use]
    pub fn executable(mut self, path: &str, text: &str) -> Self {
        let entry = Entry::File { bytes: text.as_bytes().to_vec(), executable: true };
        self.entries.insert(path.to_owned(), entry);
        self
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn link(mut self, path: &str, to: &str) -> Self {
        self.entries.insert(path.to_owned(), Entry::Link(to.to_owned()));
        self
    }

    /// Adds an empty folder.
    #[must_use]
    pub fn folder(mut self, path: &str) -> Self {
        self.entries.insert(path.to_owned(), Entry::Folder);
        self
    }

    /// Returns a file's text, for its manifest.
    #[must_use]
    pub fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        match self.entries.get(path)? {
            Entry::File { bytes, .. } => Some(bytes.clone()),
            Entry::Link(_) | Entry::Folder => None,
        }
    }
}

impl Tree for MemoryTree {
    fn id(&self) -> TreeId {
        self.id.clone()
    }

    fn shared_folder(&self) -> Option<&Path> {
        None
    }

    fn walk(&self, visit: &mut dyn FnMut(&str, TreeEntry) -> io::Result<()>) -> io::Result<()> {
        self.entries.iter().try_for_each(|(path, entry)| {
            let entry = match entry {
                Entry::File { bytes, executable } => {
                    TreeEntry::File { executable: *executable, size: bytes.len() as u64 }
                }
                Entry::Link(to) => TreeEntry::Link(to.clone()),
                Entry::Folder => TreeEntry::Folder,
            };
            visit(path, entry)
        })
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn io::Read + Send>> {
        let bytes = self.bytes(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(io::Cursor::new(bytes)))
    }

    fn file_path(&self, _: &str) -> Option<PathBuf> {
        None
    }
}

/// A tree as seen from another machine: no folder of this one is shared.
pub(crate) struct Distant(pub(crate) Arc<dyn Tree>);

impl Tree for Distant {
    fn id(&self) -> TreeId {
        self.0.id()
    }

    fn shared_folder(&self) -> Option<&Path> {
        None
    }

    fn walk(&self, visit: &mut dyn FnMut(&str, TreeEntry) -> io::Result<()>) -> io::Result<()> {
        self.0.walk(visit)
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn io::Read + Send>> {
        self.0.open(path)
    }

    fn file_path(&self, _: &str) -> Option<PathBuf> {
        None
    }
}
