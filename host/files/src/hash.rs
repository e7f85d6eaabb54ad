//! `hashFiles`: SHA-256 over the digests of the files that patterns take in a workspace.
//!
//! Source: actions/runner `Misc/expressionFunc/hashFiles/src/hashFiles.ts` and `HashFilesFunction.cs`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::glob::{Glob, GlobError, InvalidPattern};

const TIMEOUT: Duration = Duration::from_secs(120);

/// Why no hash was computed. Texts are GitHub's, with the cause behind them.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Patterns or the disk.
    #[error("hashFiles('{patterns}') failed. Fail to hash files under directory '{}'. {cause}", workspace.display())]
    Failed {
        /// As written, quotes doubled.
        patterns: String,
        /// Where it looked.
        workspace: PathBuf,
        /// What went wrong.
        cause: Cause,
    },
    /// More than two minutes.
    #[error("hashFiles('{patterns}') couldn't finish within {} seconds.", TIMEOUT.as_secs())]
    TimedOut {
        /// As written, quotes doubled.
        patterns: String,
    },
}

/// What went wrong on the way.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The search.
    #[error(transparent)]
    Glob(#[from] GlobError),
    /// A file that was found.
    #[error("{}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It took too long.
    #[error("time is up")]
    Late,
}

/// Computes the hash: 64 hex digits, or nothing where no file is taken. Blocks.
///
/// Only files inside `workspace` count, which must be absolute and free of links; folders do not.
/// Links to files count with what they point to. `home` stands for `~`.
///
/// # Errors
/// A pattern that is none, a file that cannot be read, or more than two minutes.
pub fn hash_files(
    workspace: &Path,
    home: Option<&str>,
    patterns: &[String],
    follow_links: bool,
) -> Result<String, HashError> {
    let deadline = Instant::now() + TIMEOUT;
    compute(workspace, home, &patterns.join("\n"), follow_links, deadline).map_err(|cause| {
        let patterns = patterns.join(", ").replace('\'', "''");
        match cause {
            Cause::Late => HashError::TimedOut { patterns },
            cause => HashError::Failed { patterns, workspace: workspace.to_owned(), cause },
        }
    })
}

fn compute(
    workspace: &Path,
    home: Option<&str>,
    lines: &str,
    follow_links: bool,
    deadline: Instant,
) -> Result<String, Cause> {
    let here = workspace.to_string_lossy();
    let invalid = |error: InvalidPattern| Cause::Glob(error.into());
    let glob = Glob::parse(lines, &here, home, follow_links).map_err(invalid)?;
    let mut all = Sha256::new();
    let mut is_any = false;
    glob.walk(|path| -> Result<(), Cause> {
        let failed = |source| Cause::Read { path: path.to_owned(), source };
        if path == workspace || !path.starts_with(workspace) || fs::metadata(path).map_err(failed)?.is_dir() {
            return Ok(());
        }
        let mut file = crate::small::open(path).map_err(failed)?;
        all.update(digest(&mut file, deadline).map_err(failed)?.ok_or(Cause::Late)?);
        is_any = true;
        Ok(())
    })?;
    Ok(if is_any { hex(&all.finalize()) } else { String::new() })
}

/// Returns `None` when time is up.
fn digest(file: &mut File, deadline: Instant) -> io::Result<Option<[u8; 32]>> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    while Instant::now() < deadline {
        match file.read(&mut buffer)? {
            0 => return Ok(Some(hash.finalize().into())),
            count => hash.update(&buffer[..count]),
        }
    }
    Ok(None)
}

/// Writes bytes as hex digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha256(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    #[test]
    fn the_hash_is_over_the_digests_of_files_in_byte_order() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("b/inner")).unwrap();
        for (name, text) in [("b/inner/x.lock", "1"), ("B.lock", "2"), ("a.lock", "3"), ("other", "4")] {
            fs::write(root.join(name), text).unwrap();
        }
        let expected = |texts: &[&str]| {
            let digests: Vec<u8> = texts.iter().flat_map(|text| sha256(text.as_bytes())).collect();
            hex(&sha256(&digests))
        };
        let hash = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
            hash_files(&root, None, &patterns, false).unwrap()
        };
        assert_eq!(hash(&["**/*.lock"]), expected(&["2", "3", "1"]));
        assert_eq!(hash(&["**/*.lock", "!b/**"]), expected(&["2", "3"]));
        assert_eq!(hash(&["b"]), expected(&["1"]));
        assert_eq!(hash(&["none", "/etc/passwd"]), "");
        let absolute = root.join("a.lock").to_str().unwrap().to_owned();
        assert_eq!(hash(&[&absolute]), expected(&["3"]));
    }

    #[test]
    fn what_cannot_be_read_fails_with_the_reason() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        std::os::unix::fs::symlink("nowhere", root.join("broken")).unwrap();
        let hash = |pattern: &str, follow| hash_files(&root, None, &[pattern.to_owned()], follow);
        let error = hash("*", false).unwrap_err().to_string();
        let begin =
            format!("hashFiles('*') failed. Fail to hash files under directory '{}'. ", root.display());
        assert!(error.starts_with(&begin), "{error}");
        assert_eq!(hash("*", true).unwrap(), "");
        assert!(hash("../x", false).unwrap_err().to_string().contains("Relative pathing"));
    }
}
