//! What a host sends in chunks: kept on disk until it is whole, then put where it belongs.
//!
//! Chunks need no answer. One that does not begin where the upload ends is left out: the host learns how much is there
//! when it wants the upload used, and goes on from there.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use act_files::TreeWriter;
use act_protocol::{EntryKind, PackError, unpack_entry};
use sha2::{Digest, Sha256};

use crate::journal::digest;

/// All uploads of this agent's process. Another process begins with none.
#[derive(Debug)]
pub(crate) struct Uploads {
    folder: PathBuf,
    known: Mutex<HashMap<String, Arc<Mutex<Upload>>>>,
}

#[derive(Debug, Default)]
struct Upload {
    path: PathBuf,
    file: Option<File>,
    bytes: u64,
    failed: Option<String>,
    /// It was used: what for.
    done: Option<(Whole, PathBuf)>,
}

/// What an upload is when it is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) size: u64,
    pub(crate) digest: [u8; 32],
}

/// Why an upload cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotUsed {
    /// There is only so much of it.
    Held(u64),
    /// The disk or the tree is at fault.
    Failed(String),
}

impl Uploads {
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        let folder = dir.join("uploads");
        act_files::remove_folder(&folder)?;
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, known: Mutex::default() })
    }

    /// Returns how much is there.
    pub(crate) fn held(&self, name: &str, afresh: bool) -> u64 {
        let upload = self.upload(name);
        let mut upload = lock(&upload);
        if afresh {
            upload.clear();
        }
        upload.bytes
    }

    pub(crate) fn append(&self, name: &str, offset: u64, bytes: &[u8]) {
        lock(&self.upload(name)).append(offset, bytes);
    }

    /// Whether an upload is whole.
    pub(crate) fn check(&self, name: &str, whole: Whole) -> Result<(), NotUsed> {
        lock(&self.upload(name)).check(whole)
    }

    /// Moves an upload that was found whole to the path of a file.
    pub(crate) fn deliver(&self, name: &str, to: &Path) -> io::Result<()> {
        let upload = self.upload(name);
        let mut upload = lock(&upload);
        // What lies there is replaced, never written into, as with a small file.
        act_files::write(to, b"")?;
        fs::copy(&upload.path, to)?;
        upload.clear();
        Ok(())
    }

    /// Writes the tree that an upload packs; done once, however often it is asked for.
    pub(crate) fn unpack(&self, name: &str, whole: Whole, to: &Path) -> Result<(), NotUsed> {
        let upload = self.upload(name);
        let mut upload = lock(&upload);
        if upload.done.as_ref().is_some_and(|(was, path)| *was == whole && path == to) {
            return Ok(());
        }
        upload.check(whole)?;
        let failed = |error: PackError| NotUsed::Failed(format!("cannot write {}: {error}", to.display()));
        unpack(&upload.path, to).map_err(failed)?;
        upload.clear();
        upload.done = Some((whole, to.to_owned()));
        Ok(())
    }

    fn upload(&self, name: &str) -> Arc<Mutex<Upload>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(upload) = known.get(name) {
            return Arc::clone(upload);
        }
        let path = self.folder.join(digest(name));
        let upload = Arc::new(Mutex::new(Upload { path, ..Upload::default() }));
        known.insert(name.to_owned(), Arc::clone(&upload));
        upload
    }
}

fn lock(upload: &Arc<Mutex<Upload>>) -> MutexGuard<'_, Upload> {
    upload.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Upload {
    fn append(&mut self, offset: u64, bytes: &[u8]) {
        if offset != self.bytes || self.failed.is_some() || self.done.is_some() {
            return;
        }
        match self.write(bytes) {
            Ok(()) => self.bytes += bytes.len() as u64,
            Err(error) => self.failed = Some(format!("cannot write {}: {error}", self.path.display())),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => File::create(&self.path)?,
        };
        file.write_all(bytes)?;
        self.file = Some(file);
        Ok(())
    }

    fn check(&mut self, whole: Whole) -> Result<(), NotUsed> {
        if let Some(why) = self.failed.take() {
            self.clear();
            return Err(NotUsed::Failed(why));
        }
        let is_same = || whole.size == 0 || hash(&self.path).is_ok_and(|found| found == whole.digest);
        let is_whole = self.bytes == whole.size && is_same();
        if is_whole {
            if self.file.is_none() {
                // Of nothing no chunk came.
                let made = File::create(&self.path).map_err(|error| NotUsed::Failed(error.to_string()))?;
                self.file = Some(made);
            }
            return Ok(());
        }
        if self.bytes >= whole.size {
            self.clear();
        }
        Err(NotUsed::Held(self.bytes))
    }

    fn clear(&mut self) {
        let _ = fs::remove_file(&self.path);
        *self = Self { path: std::mem::take(&mut self.path), ..Self::default() };
    }
}

fn hash(path: &Path) -> io::Result<[u8; 32]> {
    let (mut file, mut hash) = (File::open(path)?, Sha256::new());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hash.finalize().into()),
            count => hash.update(&buffer[..count]),
        }
    }
}

fn unpack(from: &Path, to: &Path) -> Result<(), PackError> {
    let mut from = BufReader::with_capacity(64 * 1024, File::open(from)?);
    let mut writer = TreeWriter::new(to)?;
    while let Some(entry) = unpack_entry(&mut from)? {
        match entry.kind {
            EntryKind::Folder => writer.make_folder(&entry.path)?,
            EntryKind::Link(target) => writer.make_link(&entry.path, &target)?,
            EntryKind::File { executable, size } => {
                writer.make_file(&entry.path, executable, |target| {
                    let copied = io::copy(&mut from.by_ref().take(size), &mut File::create_new(target)?)?;
                    if copied == size { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
                })?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use act_protocol::{Entry, end_pack, pack_entry};

    fn whole(bytes: &[u8]) -> Whole {
        Whole { size: bytes.len() as u64, digest: Sha256::digest(bytes).into() }
    }

    fn tree() -> Vec<u8> {
        let mut packed = Vec::new();
        let file = EntryKind::File { executable: false, size: 4 };
        pack_entry(&Entry { path: "a/b".to_owned(), kind: file }, &mut packed).unwrap();
        packed.extend_from_slice(b"text");
        end_pack(&mut packed);
        packed
    }

    #[test]
    fn an_upload_goes_on_where_it_broke_off() {
        let root = tempfile::tempdir().unwrap();
        let uploads = Uploads::open(root.path()).unwrap();
        let (tree, to) = (tree(), root.path().join("to"));
        let unpack = || uploads.unpack("t", whole(&tree), &to);
        assert_eq!(unpack(), Err(NotUsed::Held(0)));
        uploads.append("t", 0, &tree[..5]);
        uploads.append("t", 9, &tree[9..]);
        uploads.append("t", 0, &tree[..5]);
        assert_eq!((uploads.held("t", false), unpack()), (5, Err(NotUsed::Held(5))));
        uploads.append("t", 5, &tree[5..]);
        assert_eq!(unpack(), Ok(()));
        assert_eq!(fs::read_to_string(to.join("a/b")).unwrap(), "text");
        fs::write(to.join("a/b"), "changed").unwrap();
        assert_eq!(unpack(), Ok(()), "the answer was lost, and is given again");
        assert_eq!(fs::read_to_string(to.join("a/b")).unwrap(), "changed");
    }

    #[test]
    fn what_was_damaged_begins_anew() {
        let root = tempfile::tempdir().unwrap();
        let uploads = Uploads::open(root.path()).unwrap();
        let tree = tree();
        let mut damaged = tree.clone();
        damaged[9] ^= 1;
        uploads.append("t", 0, &damaged);
        assert_eq!(uploads.check("t", whole(&tree)), Err(NotUsed::Held(0)));
        uploads.append("t", 0, &tree);
        assert_eq!(uploads.check("t", whole(&tree)), Ok(()));
        let to = root.path().join("deep/file");
        uploads.deliver("t", &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), tree);
        assert_eq!(uploads.held("t", false), 0);
    }
}
