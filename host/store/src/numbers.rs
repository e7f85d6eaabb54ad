//! Run numbers: `github.run_number`, counted for each workflow file of each repository.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::StoreError;
use crate::files;

/// Repository, lower case, to workflow file to the number last given.
type Numbers = BTreeMap<String, BTreeMap<String, u64>>;

/// Gives the next run number of a workflow file, from 1. No number is given twice, whoever asks.
///
/// # Errors
/// What the disk said. A file of numbers that cannot be read is an error, not a new count.
pub fn next_run_number(root: &Path, repository: &str, workflow_file: &str) -> Result<u64, StoreError> {
    files::make_folder(root)?;
    let _turn = files::lock(&root.join("numbers.lock"))?;
    let path = root.join("numbers.json");
    let mut numbers: Numbers = match files::read_text(&path)? {
        Some(text) => serde_json::from_str(&text).map_err(|e| StoreError::at("read", &path)(e.into()))?,
        None => Numbers::new(),
    };
    let files = numbers.entry(repository.to_lowercase()).or_default();
    let number = files.entry(workflow_file.to_owned()).or_default();
    *number += 1;
    let given = *number;
    let text =
        serde_json::to_string_pretty(&numbers).map_err(|e| StoreError::at("write", &path)(e.into()))?;
    files::replace(&path, &text)?;
    Ok(given)
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
        std::fs::write(root.path().join("numbers.json"), "{").unwrap();
        assert!(next_run_number(root.path(), "o/r", "ci.yml").is_err());
    }
}
