//! Keeps source files readable: none of a room's own files may outgrow one subject.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::root;

/// Lines of a file at the most.
const LIMIT: usize = 600;

/// Checks `host/*/src`, tests excepted: a table of cases may be as long as its subject.
///
/// # Errors
/// Each file that is too long, and what to do.
pub(crate) fn check() -> Result<String, String> {
    let root = root();
    let mut files = Vec::new();
    for room in entries(&root.join("host"))? {
        collect(&room.join("src"), &mut files)?;
    }
    let mut long = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let lines = text.lines().count();
        if lines > LIMIT {
            let name = file.strip_prefix(&root).unwrap_or(file);
            long.push(format!("{}: {lines} lines, {LIMIT} at the most: two subjects?", name.display()));
        }
    }
    if long.is_empty() {
        Ok(format!("{} files, none over {LIMIT} lines", files.len()))
    } else {
        Err(long.join("\n"))
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    for path in entries(folder)? {
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "tests") {
                collect(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_name().is_none_or(|name| name != "tests.rs")
        {
            files.push(path);
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let read = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = read.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}
