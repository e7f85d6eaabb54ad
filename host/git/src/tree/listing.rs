//! A list of a tree's entries: what the disk holds at each path, or bytes in memory.
//!
//! Entries are kept in byte order of their paths. Nothing lies below a link or a file of the same list, so
//! whoever writes the list into an empty folder stays inside it.

use std::collections::HashSet;
use std::fs::{File, Metadata};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use act_core::tree::TreeEntry;
use sha2::{Digest, Sha256};

/// One path of a tree.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) kind: TreeEntry,
    pub(super) bytes: Bytes,
}

/// Where a file's bytes are.
#[derive(Debug)]
pub(super) enum Bytes {
    /// At the entry's path below the listed folder; with the time of its last change, in nanoseconds.
    Below(u128),
    /// Somewhere else on this machine, and changed then.
    At(PathBuf, u128),
    /// Here.
    Held(Arc<[u8]>),
    /// A folder or a link has none.
    None,
}

impl Entry {
    pub(super) fn held(path: &str, text: impl Into<Vec<u8>>) -> Self {
        let bytes: Arc<[u8]> = text.into().into();
        let kind = TreeEntry::File { executable: false, size: bytes.len() as u64 };
        Self { path: path.to_owned(), kind, bytes: Bytes::Held(bytes) }
    }

    pub(super) fn folder(path: &str) -> Self {
        Self { path: path.to_owned(), kind: TreeEntry::Folder, bytes: Bytes::None }
    }

    /// Names a file elsewhere; `None` where there is none.
    pub(super) fn copy_of(path: &str, source: PathBuf) -> io::Result<Option<Self>> {
        let Some(metadata) = present(source.symlink_metadata())? else { return Ok(None) };
        let kind = TreeEntry::File { executable: false, size: metadata.len() };
        Ok(Some(Self { path: path.to_owned(), kind, bytes: Bytes::At(source, changed(&metadata)) }))
    }
}

/// What lies at a listed path.
pub(super) enum Looked {
    /// Something a tree can hold.
    Entry(Entry),
    /// A folder, of which only the name is known.
    Folder,
    /// Nothing, or nothing a tree can hold: a socket, a pipe, a device.
    Nothing,
    /// A link that points to no text.
    Unreadable,
}

/// Looks at `path` below `root` without following links.
pub(super) fn look(root: &Path, path: &str) -> io::Result<Looked> {
    let full = root.join(path);
    let Some(metadata) = present(full.symlink_metadata())? else { return Ok(Looked::Nothing) };
    let (kind, bytes) = if metadata.is_symlink() {
        let Ok(target) = full.read_link()?.into_os_string().into_string() else {
            return Ok(Looked::Unreadable);
        };
        (TreeEntry::Link(target), Bytes::None)
    } else if metadata.is_dir() {
        return Ok(Looked::Folder);
    } else if metadata.is_file() {
        let file = TreeEntry::File { executable: is_executable(&metadata), size: metadata.len() };
        (file, Bytes::Below(changed(&metadata)))
    } else {
        return Ok(Looked::Nothing);
    };
    Ok(Looked::Entry(Entry { path: path.to_owned(), kind, bytes }))
}

/// Turns "there is nothing" into `None`.
fn present(metadata: io::Result<Metadata>) -> io::Result<Option<Metadata>> {
    match metadata {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn changed(metadata: &Metadata) -> u128 {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    modified.map_or(0, |since| since.as_nanos())
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}

/// Entries below a folder.
#[derive(Debug)]
pub(super) struct Listing {
    root: PathBuf,
    entries: Vec<Entry>,
}

impl Listing {
    /// Orders the entries; of those at the same path the first one stays.
    pub(super) fn new(root: PathBuf, mut entries: Vec<Entry>) -> Self {
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        entries.dedup_by(|later, first| later.path == first.path);
        let leaves: HashSet<String> = entries
            .iter()
            .filter(|entry| matches!(entry.kind, TreeEntry::Link(_)))
            .map(|entry| entry.path.clone())
            .collect();
        if !leaves.is_empty() {
            // A tracked folder that the user replaced by a link: its files are seen through the link.
            entries.retain(|entry| !above(&entry.path).any(|folder| leaves.contains(folder)));
        }
        Self { root, entries }
    }

    /// Adds entries that the list does not know yet.
    pub(super) fn with(mut self, more: Vec<Entry>) -> Self {
        self.entries.extend(more);
        Self::new(self.root, self.entries)
    }

    /// Returns 16 hex digits that change when an entry does, as far as size and time of change tell.
    pub(super) fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for entry in &self.entries {
            hash.update(format!("{:?}\0{:?}\0", entry.path, entry.kind));
            match &entry.bytes {
                Bytes::Below(changed) | Bytes::At(_, changed) => hash.update(changed.to_le_bytes()),
                Bytes::Held(bytes) => hash.update(bytes),
                Bytes::None => {}
            }
        }
        hex(&hash.finalize()[..8])
    }

    pub(super) fn visit(&self, visit: &mut dyn FnMut(&str, TreeEntry) -> io::Result<()>) -> io::Result<()> {
        self.entries.iter().try_for_each(|entry| visit(&entry.path, entry.kind.clone()))
    }

    pub(super) fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
        if let Some(Bytes::Held(bytes)) = self.find(path).map(|entry| &entry.bytes) {
            return Ok(Box::new(Cursor::new(Arc::clone(bytes))));
        }
        let file = self.file_path(path).ok_or_else(|| not_listed(path))?;
        Ok(Box::new(File::open(file)?))
    }

    pub(super) fn file_path(&self, path: &str) -> Option<PathBuf> {
        match &self.find(path)?.bytes {
            Bytes::Below(_) => Some(self.root.join(path)),
            Bytes::At(file, _) => Some(file.clone()),
            Bytes::Held(_) | Bytes::None => None,
        }
    }

    fn find(&self, path: &str) -> Option<&Entry> {
        self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok().map(|at| &self.entries[at])
    }
}

/// Returns the folders above a path, the nearest last.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

pub(super) fn not_listed(path: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("`{path}` is no file of this tree"))
}

/// Writes bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}
