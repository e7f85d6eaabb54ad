//! Small file work around a process: what goes in before it, what comes back after it. Blocks.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use bytes::Bytes;
use rustix::fs::OFlags;
#[cfg(target_os = "linux")]
use rustix::fs::{FileType, Mode};

/// What a bounded read found.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// The whole file.
    Bytes(Bytes),
    /// More than the limit.
    TooLarge {
        /// Bytes.
        size: u64,
    },
    /// No regular file.
    Nothing,
}

/// Writes a new file and the folders that lead to it. What lies there is replaced, never written into:
/// a step may have put a link or a pipe in its place.
///
/// # Errors
/// What the system says.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match create(path, bytes) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            create(path, bytes)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            create(path, bytes)
        }
        written => written,
    }
}

/// Writes a file where there is none. Most are empty, as those of commands are: these need not be opened.
fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if bytes.is_empty() {
        let mode = Mode::from_raw_mode(0o666);
        return Ok(rustix::fs::mknodat(rustix::fs::CWD, path, FileType::RegularFile, mode, 0)?);
    }
    File::create_new(path)?.write_all(bytes)
}

/// Opens a file to read; a pipe that somebody put there holds nobody.
///
/// # Errors
/// What the system says.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// What the system says of a file that is there.
pub fn read(path: &Path, limit: u64) -> io::Result<Found> {
    let file = match open(path) {
        Ok(file) => file,
        Err(error) if is_absence(&error) => return Ok(Found::Nothing),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(Found::Nothing);
    }
    if metadata.len() > limit {
        return Ok(Found::TooLarge { size: metadata.len() });
    }
    read_open(file, metadata.len(), limit)
}

/// The file may still grow, so its size is only a hint.
fn read_open(file: File, size: u64, limit: u64) -> io::Result<Found> {
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    let size = bytes.len() as u64;
    Ok(if size > limit { Found::TooLarge { size } } else { Found::Bytes(bytes.into()) })
}

/// Takes a file away and returns what it held. One that cannot be read counts as missing.
#[must_use]
pub fn collect(path: &Path, limit: u64) -> Found {
    // Most command files stay empty, and need not be opened to see it.
    let is_empty = |found: &fs::Metadata| found.is_file() && found.len() == 0;
    let found = match fs::symlink_metadata(path) {
        Ok(found) if is_empty(&found) => Ok(Found::Bytes(Bytes::new())),
        _ => read(path, limit),
    };
    let _ = fs::remove_file(path);
    found.unwrap_or(Found::Nothing)
}

/// Whether an error says that there is nothing at a path.
#[must_use]
pub fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_collected_once_and_within_their_limit() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/out");
        write(&path, b"12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), Found::Bytes(Bytes::from_static(b"12345")));
        assert_eq!(read(&path, 4).unwrap(), Found::TooLarge { size: 5 });
        assert_eq!(collect(&path, 4), Found::TooLarge { size: 5 });
        assert_eq!(collect(&path, 4), Found::Nothing);
        write(&path, b"").unwrap();
        assert_eq!(collect(&path, 4), Found::Bytes(Bytes::new()));
        assert!(!path.exists());
        assert_eq!(read(&path.join("below"), 4).unwrap(), Found::Nothing);
        assert_eq!(read(root.path(), 4).unwrap(), Found::Nothing);
    }

    #[test]
    fn a_pipe_in_place_of_a_file_holds_nobody() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("pipe");
        let pipe = || assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        pipe();
        assert_eq!(collect(&path, 100), Found::Nothing);
        assert!(!path.exists());
        pipe();
        write(&path, b"x").unwrap();
        assert_eq!(collect(&path, 100), Found::Bytes(Bytes::from_static(b"x")));
    }
}
