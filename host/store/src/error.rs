//! What can go wrong with the state folder, by what the reader would do next.

use std::io;
use std::path::{Path, PathBuf};

use act_core::event::JobStamp;
use act_core::ids::{Epoch, Launch, RunId};

/// The disk refused.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} {}", path.display())]
pub struct StoreError {
    /// What was tried, as a verb.
    pub what: &'static str,
    /// On which file or folder.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

impl StoreError {
    /// Returns a function for `map_err`.
    pub(crate) fn at(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { what, path, source }
    }
}

/// A run's log took nothing of what it was given: it ends where it ended before.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No room: free some, and the run can be started again.
    #[error("no room to write {}", path.display())]
    Full {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Somebody with a higher epoch speaks for this launch, or a later launch for the job: stop.
    #[error("job `{}` was taken over by launch {}, epoch {}", stamp.job, newest.0.0, newest.1.0)]
    Fenced {
        /// Who asked.
        stamp: Box<JobStamp>,
        /// Who speaks.
        newest: (Launch, Epoch),
    },
    /// Another living process writes this run.
    #[error("run {run} is being written by another process")]
    Owned {
        /// Which run.
        run: RunId,
    },
    /// After an earlier error the files could not be cut back to their last whole lines.
    #[error("{} ends in a broken line and takes no more", path.display())]
    Broken {
        /// Which file.
        path: PathBuf,
    },
    /// An event or a record has no JSON form.
    #[error("cannot write down an event")]
    Form(#[source] serde_json::Error),
    /// What the log holds cannot be read, so nothing is added to it.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The disk refused in another way.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A line of a log cannot be read. Lines after it can.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Written by a later version of the program.
    #[error("{}:{line} is of version {version}, written by a newer act-host", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// What it says.
        version: u64,
    },
    /// Not a line that this program writes.
    #[error("{}:{line} is damaged", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The disk refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A text names no run, or more than one.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// There are no runs at all.
    #[error("no run is recorded here")]
    Empty,
    /// None fits.
    #[error("no run `{text}`")]
    Unknown {
        /// What was asked for.
        text: String,
    },
    /// Several fit; give more of it.
    #[error("`{text}` may be any of {} runs: {}", candidates.len(), list(candidates))]
    Ambiguous {
        /// What was asked for.
        text: String,
        /// Newest first.
        candidates: Vec<RunId>,
    },
    /// The disk refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn list(candidates: &[RunId]) -> String {
    let mut text = candidates.iter().take(3).map(RunId::to_string).collect::<Vec<_>>().join(", ");
    if candidates.len() > 3 {
        text.push_str(", …");
    }
    text
}
