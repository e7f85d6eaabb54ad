//! A tree of files as one stream of bytes: a head an entry, with the bytes of a file behind its head.
//!
//! ```text
//! u32 length of the head · head · bytes of a file, as many as the head says · … · u32 zero
//! ```

use std::io::{self, Read};

use serde::{Deserialize, Serialize};

/// Bytes of a head at the most: a path and the target of a link.
const MAX_HEAD: usize = 64 * 1024;

/// One entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Below the tree's root, with `/`, never `..`.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What lies at a path of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A file, whose bytes follow.
    File {
        /// May be executed.
        executable: bool,
        /// Bytes.
        size: u64,
    },
    /// A symbolic link and what it says.
    Link(String),
}

/// Bytes that are no packed tree, or an entry that does not go into one.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A head is longer than may be.
    #[error("the entry `{}` is too large for a tree: {size} bytes", path.escape_default())]
    TooLarge {
        /// The begin of its path.
        path: String,
        /// Of its head.
        size: usize,
    },
    /// The head is none.
    #[error("the packed tree is damaged: {0}")]
    Malformed(postcard::Error),
    /// What the source of the bytes says.
    #[error(transparent)]
    Read(#[from] io::Error),
}

/// Adds an entry's head to `out`; the bytes of a file go behind it.
///
/// # Errors
/// [`PackError::TooLarge`].
pub fn pack_entry(entry: &Entry, out: &mut Vec<u8>) -> Result<(), PackError> {
    let head = postcard::to_allocvec(entry).map_err(PackError::Malformed)?;
    let too_large = || PackError::TooLarge { path: entry.path.chars().take(100).collect(), size: head.len() };
    let length = u32::try_from(head.len()).ok().filter(|_| head.len() <= MAX_HEAD).ok_or_else(too_large)?;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&head);
    Ok(())
}

/// Adds what says that no entry follows.
pub fn end_pack(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0; 4]);
}

/// Reads the next entry's head; `None` behind the last one. The bytes of a file are the caller's to read.
///
/// # Errors
/// What the reader says, also at an end that comes too early; bytes that are no head.
pub fn unpack_entry(from: &mut impl Read) -> Result<Option<Entry>, PackError> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let size = u32::from_le_bytes(length) as usize;
    if size == 0 {
        return Ok(None);
    }
    if size > MAX_HEAD {
        return Err(PackError::TooLarge { path: String::new(), size });
    }
    let mut head = vec![0; size];
    from.read_exact(&mut head)?;
    postcard::from_bytes(&head).map(Some).map_err(PackError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<Entry> {
        let entry = |path: &str, kind| Entry { path: path.to_owned(), kind };
        vec![
            entry("a", EntryKind::Folder),
            entry("a/ü", EntryKind::File { executable: true, size: 3 }),
            entry("l", EntryKind::Link("../x".to_owned())),
        ]
    }

    fn packed() -> Vec<u8> {
        let mut out = Vec::new();
        for entry in entries() {
            pack_entry(&entry, &mut out).unwrap();
            if matches!(entry.kind, EntryKind::File { .. }) {
                out.extend_from_slice(b"abc");
            }
        }
        end_pack(&mut out);
        out
    }

    fn unpacked(mut from: &[u8]) -> Result<Vec<Entry>, PackError> {
        let mut entries = Vec::new();
        while let Some(entry) = unpack_entry(&mut from)? {
            if let EntryKind::File { size, .. } = entry.kind {
                let size = usize::try_from(size).unwrap_or(usize::MAX).min(from.len());
                from = &from[size..];
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        assert_eq!(unpacked(&packed()).unwrap(), entries());
        let path = "x".repeat(MAX_HEAD);
        let large = pack_entry(&Entry { path, kind: EntryKind::Folder }, &mut Vec::new()).unwrap_err();
        assert!(large.to_string().contains("too large"), "{large}");
    }

    #[test]
    fn no_bytes_make_unpacking_panic() {
        let mut random = fastrand::Rng::with_seed(3);
        for round in 0..5_000 {
            let mut bytes = packed();
            if round % 2 == 0 {
                bytes.truncate(random.usize(0..bytes.len()));
                assert!(unpacked(&bytes).is_err(), "the end is missing");
            } else {
                let at = random.usize(0..bytes.len());
                bytes[at] = random.u8(..);
                let _ = unpacked(&bytes);
            }
        }
    }
}
