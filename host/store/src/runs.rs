//! The runs of a state folder: makes, lists, finds and forgets them.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use act_core::Conclusion;
use act_core::event::{Envelope, Event, RunStarted};
use act_core::ids::RunId;
use jiff::Timestamp;

use crate::error::{LogError, ResolveError, StoreError};
use crate::journal::Journal;
use crate::log::{EVENTS, RunLog};
use crate::owner::Owner;
use crate::read::LogReader;

/// How a finished run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub conclusion: Conclusion,
    /// Whether a job was lost.
    pub infrastructure: bool,
    /// Milliseconds.
    pub duration_ms: u64,
}

/// What a recorded run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// A living process writes it.
    Running,
    /// Its last event is there.
    Finished(Ended),
    /// Its process died before the last event: the machine's fault or the user's, never the workflow's.
    Interrupted,
}

/// One run, for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// Which.
    pub id: RunId,
    /// What it is doing.
    pub state: RunState,
    /// When it began; `None` if it died before it said so.
    pub started: Option<Timestamp>,
    /// What it said then.
    pub head: Option<RunStarted>,
    /// On the disk.
    pub bytes: u64,
}

/// How much is kept. Runs that are being written are always kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeepRuns {
    /// This many of the newest; `None` for all.
    pub runs: Option<usize>,
    /// The newest until they take this many bytes together; `None` for no limit.
    pub bytes: Option<u64>,
}

/// What was forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Newest first.
    pub runs: Vec<RunId>,
    /// Given back.
    pub bytes: u64,
}

/// Marks a folder that is being removed; nobody lists it.
const REMOVED: &str = ".removed-";

/// How often the bytes of all runs are counted at the end of one.
const COUNTED_EVERY_MILLIS: u64 = 10 * 60 * 1000;

/// More than the last event of a run takes.
const TAIL: u64 = 4096;

/// All runs recorded under one root.
#[derive(Clone, Debug)]
pub struct Runs {
    folder: PathBuf,
}

impl Runs {
    /// Names the runs under the state folder `root`. Touches nothing.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { folder: root.join("runs") }
    }

    /// Returns the folder of a run, whether it is there or not.
    #[must_use]
    pub fn folder(&self, run: RunId) -> PathBuf {
        self.folder.join(run.to_string())
    }

    /// Starts the log of a new run.
    ///
    /// # Errors
    /// What the disk said.
    pub fn create(&self, run: RunId) -> Result<RunLog, LogError> {
        RunLog::create(&self.folder(run), run)
    }

    /// Goes on with the log of a run whose process is gone.
    ///
    /// # Errors
    /// [`LogError::Owned`] if it is not gone; [`LogError::Read`] if what it left cannot be read.
    pub fn reopen(&self, run: RunId) -> Result<RunLog, LogError> {
        RunLog::reopen(&self.folder(run), run)
    }

    /// Opens a run's log for reading.
    ///
    /// # Errors
    /// What the disk said.
    pub fn read(&self, run: RunId) -> Result<LogReader, StoreError> {
        LogReader::open(&self.folder(run))
    }

    /// Opens a run's private journal.
    ///
    /// # Errors
    /// What the disk said.
    pub fn journal(&self, run: RunId) -> Result<Journal, StoreError> {
        Journal::read(&self.folder(run))
    }

    /// Returns the ids of all recorded runs, newest first.
    ///
    /// # Errors
    /// What the disk said. No folder, no runs.
    pub fn ids(&self) -> Result<Vec<RunId>, StoreError> {
        Ok(ids(&self.names()?))
    }

    /// Returns the newest runs, newest first, at most `limit` of them.
    ///
    /// # Errors
    /// What the disk said. A run that vanishes meanwhile is left out.
    pub fn list(&self, limit: Option<usize>) -> Result<Vec<RunSummary>, StoreError> {
        let ids = self.ids()?.into_iter().take(limit.unwrap_or(usize::MAX));
        ids.filter_map(|id| self.summary(id).transpose()).collect()
    }

    /// Finds the run that a person means: `latest`, a whole id, or its beginning or end, in any case.
    ///
    /// # Errors
    /// None fits, or several do.
    pub fn resolve(&self, text: &str) -> Result<RunId, ResolveError> {
        let ids = self.ids()?;
        let Some(&newest) = ids.first() else { return Err(ResolveError::Empty) };
        if text.eq_ignore_ascii_case("latest") {
            return Ok(newest);
        }
        let wanted = text.to_ascii_uppercase();
        let fits = |id: &RunId| {
            let id = id.to_string();
            id.starts_with(&wanted) || id.ends_with(&wanted)
        };
        let candidates: Vec<RunId> = ids.into_iter().filter(fits).collect();
        match candidates[..] {
            _ if text.is_empty() => Err(ResolveError::Unknown { text: text.to_owned() }),
            [] => Err(ResolveError::Unknown { text: text.to_owned() }),
            [one] => Ok(one),
            _ => Err(ResolveError::Ambiguous { text: text.to_owned(), candidates }),
        }
    }

    /// Returns what a list shows of one run; `None` if there is none of this id.
    ///
    /// # Errors
    /// What the disk said.
    pub fn summary(&self, id: RunId) -> Result<Option<RunSummary>, StoreError> {
        let folder = self.folder(id);
        if !folder.is_dir() {
            return Ok(None);
        }
        // Asked before the end is read: a run that ends in between is shown as ended, not as interrupted.
        let lives = Owner::lives(&folder)?;
        let (started, head) = head(&folder)?;
        let state = match (ended(&folder)?, lives) {
            (Some(ended), _) => RunState::Finished(ended),
            (None, true) => RunState::Running,
            (None, false) => RunState::Interrupted,
        };
        Ok(Some(RunSummary { id, state, started, head, bytes: size(&folder)? }))
    }

    /// Forgets the oldest runs, until what is left fits.
    ///
    /// # Errors
    /// What the disk said; what was forgotten before it stays forgotten.
    pub fn prune(&self, keep: &KeepRuns) -> Result<Pruned, StoreError> {
        let names = self.names()?;
        self.sweep(&names)?;
        let (mut kept, mut kept_bytes, mut pruned) = (0, 0, Pruned::default());
        for id in ids(&names) {
            let is_many = keep.runs.is_some_and(|most| kept >= most);
            // A size costs several calls of the system: it is asked for where it decides.
            let bytes = if is_many || keep.bytes.is_some() { size(&self.folder(id))? } else { 0 };
            let is_large = keep.bytes.is_some_and(|most| kept_bytes + bytes > most);
            if (is_many || is_large) && self.forget(id)? {
                pruned.runs.push(id);
                pruned.bytes += bytes;
            } else {
                (kept, kept_bytes) = (kept + 1, kept_bytes + bytes);
            }
        }
        Ok(pruned)
    }

    /// Does as [`Self::prune`], cheaply enough for the end of every run: bytes are counted by the first run of
    /// each ten minutes.
    ///
    /// # Errors
    /// As there.
    pub fn prune_often(&self, keep: &KeepRuns) -> Result<Pruned, StoreError> {
        let ids = self.ids()?;
        let window = |id: &RunId| id.millis() / COUNTED_EVERY_MILLIS;
        let is_first = ids.first().map(window) != ids.get(1).map(window);
        self.prune(&KeepRuns { runs: keep.runs, bytes: keep.bytes.filter(|_| is_first) })
    }

    /// Removes a run, unless a living process writes it. Renamed first: no half of it is ever listed.
    fn forget(&self, id: RunId) -> Result<bool, StoreError> {
        let folder = self.folder(id);
        let Some(_owner) = Owner::try_take(&folder)? else { return Ok(false) };
        let removed = self.folder.join(format!("{REMOVED}{id}"));
        fs::rename(&folder, &removed).map_err(StoreError::at("remove", &folder))?;
        fs::remove_dir_all(&removed).map_err(StoreError::at("remove", &removed))?;
        Ok(true)
    }

    /// Removes what an earlier removal left behind when it was killed.
    fn sweep(&self, names: &[String]) -> Result<(), StoreError> {
        for name in names.iter().filter(|name| name.starts_with(REMOVED)) {
            let path = self.folder.join(name);
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::at("remove", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn names(&self) -> Result<Vec<String>, StoreError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::at("list", &self.folder)(error)),
        };
        let names = entries.map(|entry| Ok(entry?.file_name().into_string().unwrap_or_default()));
        names.collect::<io::Result<_>>().map_err(StoreError::at("list", &self.folder))
    }
}

fn ids(names: &[String]) -> Vec<RunId> {
    let mut ids: Vec<RunId> = names.iter().filter_map(|name| name.parse().ok()).collect();
    ids.sort_unstable_by(|one, other| other.cmp(one));
    ids
}

/// Reads what a run said first. A damaged beginning is nothing said.
fn head(folder: &Path) -> Result<(Option<Timestamp>, Option<RunStarted>), StoreError> {
    if !folder.join(EVENTS).exists() {
        return Ok((None, None));
    }
    Ok(match LogReader::open(folder)?.next() {
        Some(Ok(Envelope { time, event: Event::RunStarted(head), .. })) => (Some(time), Some(*head)),
        Some(Ok(Envelope { time, .. })) => (Some(time), None),
        Some(Err(_)) | None => (None, None),
    })
}

/// Reads a run's end, if its last whole line is one.
fn ended(folder: &Path) -> Result<Option<Ended>, StoreError> {
    let path = folder.join(EVENTS);
    let tail = match tail(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(StoreError::at("read", &path))?,
    };
    let Some(whole) = tail.iter().rposition(|byte| *byte == b'\n') else { return Ok(None) };
    let begin = tail[..whole].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    Ok(match serde_json::from_slice(&tail[begin..whole]) {
        Ok(Envelope { event: Event::RunFinished { conclusion, infrastructure, duration_ms }, .. }) => {
            Some(Ended { conclusion, infrastructure, duration_ms })
        }
        // Another event, or the end of one that is longer than an end ever is.
        _ => None,
    })
}

fn tail(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    Ok(tail)
}

/// Returns the bytes of a run's files; its folder is flat.
fn size(folder: &Path) -> Result<u64, StoreError> {
    let sizes = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.metadata()?.len())).sum::<io::Result<u64>>());
    match sizes {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        other => other.map_err(StoreError::at("list", folder)),
    }
}

#[cfg(test)]
mod tests;
