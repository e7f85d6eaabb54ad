//! Who writes a run: the living process that holds the lock of its `owner` file.

use std::fs::File;
use std::path::Path;
use std::thread;
use std::time::Duration;

use act_core::ids::RunId;

use crate::error::{LogError, StoreError};
use crate::files;

/// Name of the file in a run's folder.
const OWNER: &str = "owner";

/// How often and how long apart the lock is tried: somebody who only looks holds it for a moment.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// Held for as long as this process writes the run.
#[derive(Debug)]
pub(crate) struct Owner {
    // Held for its lock.
    _file: File,
}

impl Owner {
    /// Takes a run, unless a living process has it.
    pub(crate) fn take(folder: &Path, run: RunId) -> Result<Self, LogError> {
        let path = folder.join(OWNER);
        let file = files::open_lock(&path)?;
        for _ in 0..TRIES {
            if files::try_lock(&file, &path)? {
                return Ok(Self { _file: file });
            }
            thread::sleep(PAUSE);
        }
        Err(LogError::Owned { run })
    }

    /// Takes a run only if that is possible at once.
    pub(crate) fn try_take(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = folder.join(OWNER);
        let file = files::open_lock(&path)?;
        Ok(files::try_lock(&file, &path)?.then_some(Self { _file: file }))
    }

    /// Says whether a living process writes the run.
    pub(crate) fn lives(folder: &Path) -> Result<bool, StoreError> {
        files::is_locked(&folder.join(OWNER))
    }
}
