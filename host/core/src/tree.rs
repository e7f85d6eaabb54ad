//! A tree of files that an environment takes in: an action at a commit, a working tree.

use std::fmt;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// What a tree holds at one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreeEntry {
    /// A folder, named only where it is empty or its mode matters.
    Folder,
    /// A file; bytes are read by [`Tree::open`].
    File {
        /// May be executed.
        executable: bool,
        /// Bytes.
        size: u64,
    },
    /// A symbolic link and what it says, unresolved.
    Link(String),
}

/// Names a tree's content: equal ids, equal bytes. A commit's id, a digest.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TreeId(pub String);

impl fmt::Display for TreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Files that somebody holds and an environment wants. Paths are relative, with `/`, never `..`.
///
/// Reading may block: environments call it where blocking is allowed.
pub trait Tree: Send + Sync {
    /// Returns the content's name.
    fn id(&self) -> TreeId;

    /// Returns a folder of this machine that holds exactly this tree and that nobody will change, if
    /// there is one: an environment on this machine uses it in place instead of copying.
    fn shared_folder(&self) -> Option<&Path>;

    /// Calls `visit` for every entry, parents before their children, in byte order of the paths.
    ///
    /// # Errors
    /// The first error of the disk or of `visit`.
    fn walk(&self, visit: &mut dyn FnMut(&str, TreeEntry) -> io::Result<()>) -> io::Result<()>;

    /// Opens a file that [`Tree::walk`] named.
    ///
    /// # Errors
    /// What the disk said.
    fn open(&self, path: &str) -> io::Result<Box<dyn io::Read + Send>>;

    /// Returns where on this machine the bytes of a file lie, if they do, so that a copy may be a
    /// reflink. The caller must not change them.
    fn file_path(&self, path: &str) -> Option<std::path::PathBuf>;
}
