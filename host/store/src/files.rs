//! Opening, locking and replacing files, with errors that name them.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::StoreError;

/// Returns a name for what belongs to `key`: some of `shown`, for people, and a digest of the key.
pub(crate) fn name_for(shown: &str, key: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let mut name: String = shown.chars().take(40).map(plain).collect();
    name.push('-');
    for byte in &Sha256::digest(key)[..12] {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// Makes a folder and its parents.
pub(crate) fn make_folder(path: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(path).map_err(StoreError::at("make the folder", path))
}

/// Opens a file to lock it, making it if need be.
pub(crate) fn open_lock(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .map_err(StoreError::at("open", path))
}

/// Takes the lock, waiting for it: only for locks that nobody holds for long.
pub(crate) fn lock(path: &Path) -> Result<File, StoreError> {
    let file = open_lock(path)?;
    file.lock().map_err(StoreError::at("lock", path))?;
    Ok(file)
}

/// Takes the lock if it is free.
pub(crate) fn try_lock(file: &File, path: &Path) -> Result<bool, StoreError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(StoreError::at("lock", path)(source)),
    }
}

/// Says whether somebody holds the exclusive lock of a file. A file that is not there is held by nobody.
pub(crate) fn is_locked(path: &Path) -> Result<bool, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(StoreError::at("open", path)(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(source)) => Err(StoreError::at("lock", path)(source)),
    }
}

/// Reads a text file; `None` if there is none.
pub(crate) fn read_text(path: &Path) -> Result<Option<String>, StoreError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::at("read", path)(error)),
    }
}

/// Writes a file so that a reader sees the old text or the new, never a part. Callers exclude each other.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), StoreError> {
    let fresh = path.with_extension("new");
    fs::write(&fresh, text).map_err(StoreError::at("write", &fresh))?;
    fs::rename(&fresh, path).map_err(StoreError::at("replace", path))
}

/// Removes a file, if there is one.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::at("remove", path)(error)),
        _ => Ok(()),
    }
}
