//! Run numbers: `github.run_number`, counted for each workflow file of each repository.
//!
//! Each has a file of its own, written in place: it never gets shorter, and to replace a file makes some disks write it
//! out at once, which takes half a millisecond of every run.

use std::borrow::Cow;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::files;

/// What a file holds; the names are for people.
#[derive(Serialize, Deserialize)]
struct Count<'a> {
    repository: Cow<'a, str>,
    workflow: Cow<'a, str>,
    /// The one last given.
    number: u64,
}

/// Gives the next run number of a workflow file, from 1. No number is given twice, whoever asks.
///
/// # Errors
/// What the disk said. A file that cannot be read is an error, not a new count.
pub fn next_run_number(root: &Path, repository: &str, workflow_file: &str) -> Result<u64, StoreError> {
    let repository = repository.to_lowercase();
    let folder = root.join("numbers");
    files::make_folder(&folder)?;
    let shown = workflow_file.rsplit('/').next().unwrap_or_default();
    let path = folder.join(files::name_for(shown, &format!("{repository}\n{workflow_file}")));
    let mut file = files::lock(&path)?;
    let unreadable = |error: serde_json::Error| StoreError::at("read", &path)(error.into());
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(StoreError::at("read", &path))?;
    let last = match text.as_str() {
        "" => 0,
        text => serde_json::from_str::<Count<'_>>(text).map_err(unreadable)?.number,
    };
    let count = Count { repository: repository.into(), workflow: workflow_file.into(), number: last + 1 };
    let text = serde_json::to_string(&count).map_err(unreadable)? + "\n";
    file.write_all_at(text.as_bytes(), 0).map_err(StoreError::at("write", &path))?;
    Ok(count.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_of_each_repository_counts_for_itself() {
        let root = tempfile::tempdir().unwrap();
        let next = |repository, file| next_run_number(root.path(), repository, file).unwrap();
        assert_eq!((next("o/r", "ci.yml"), next("O/R", "ci.yml"), next("o/r", "CI.yml")), (1, 2, 1));
        assert_eq!(next("o/other", "ci.yml"), 1);
        assert_eq!(next("o/r", "ci.yml"), 3);
    }

    #[test]
    fn no_number_is_given_twice_to_threads_that_ask_at_once() {
        let root = tempfile::tempdir().unwrap();
        let ask =
            || (0..25).map(|_| next_run_number(root.path(), "o/r", "ci.yml").unwrap()).collect::<Vec<_>>();
        let mut given = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        given.sort_unstable();
        assert_eq!(given, (1..=100).collect::<Vec<u64>>());
    }

    #[test]
    fn a_damaged_file_of_numbers_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(next_run_number(root.path(), "o/r", "ci.yml").unwrap(), 1);
        let file = std::fs::read_dir(root.path().join("numbers")).unwrap().next().unwrap().unwrap();
        std::fs::write(file.path(), "{").unwrap();
        assert!(next_run_number(root.path(), "o/r", "ci.yml").is_err());
    }
}
