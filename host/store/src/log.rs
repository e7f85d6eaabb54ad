//! Writes one run's log and journal.
//!
//! Gives out sequence numbers and refuses those who were taken over from. Each append is one write to the
//! journal and one to the log, whole lines both, and both or neither: what cannot be written whole is
//! cut back. Nothing is synced to the disk: a run does not outlive a power cut, but a `kill -9`.
//!
//! The caller's `&mut` is also the order in which it publishes: seq by seq.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use act_core::event::{EVENT_VERSION, Envelope, Event, JobStamp};
use act_core::ids::{Attempt, Epoch, JobKey, Launch, RunId};
use act_core::record::Record;
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use serde::Serialize;

use crate::error::{LogError, StoreError};
use crate::files;
use crate::journal::{Journal, RecordsRef, write_frozen, write_records};
use crate::line;
use crate::owner::Owner;
use crate::read::LogReader;

/// Name of the log in a run's folder.
pub(crate) const EVENTS: &str = "events.jsonl";

/// What an append wrote to the log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Appended {
    /// With their sequence numbers.
    pub envelopes: Vec<Envelope>,
    /// The same, as the lines of the log: each ends in a newline.
    pub lines: Bytes,
}

/// The log and the journal of a run that this process owns.
#[derive(Debug)]
pub struct RunLog {
    run: RunId,
    next: u64,
    epochs: Epochs,
    events: Appender,
    journal: Appender,
    // Both keep their memory from one append to the next.
    lines: BytesMut,
    private: Vec<u8>,
    _owner: Owner,
}

impl RunLog {
    /// Starts the log of a new run, in a folder that holds none.
    pub(crate) fn create(folder: &Path, run: RunId) -> Result<Self, LogError> {
        files::make_folder(folder)?;
        let owner = Owner::take(folder, run)?;
        Self::open(folder, run, owner, 0, Epochs::default())
    }

    /// Goes on with a run whose owner is gone: first cuts off what was only half written.
    pub(crate) fn reopen(folder: &Path, run: RunId) -> Result<Self, LogError> {
        let owner = Owner::take(folder, run)?;
        let last = Journal::last_records(folder)?;
        let scan = scan(folder, last.map_or(0, |entry| entry.first))?;
        let torn = last.filter(|entry| entry.next > scan.next);
        let mut journal = Journal::read(folder)?;
        while journal.next().transpose()?.is_some() {}
        let (end, next) = match torn {
            Some(entry) => (scan.first_offset.unwrap_or(scan.end), entry.first.min(scan.next)),
            None => (scan.end, scan.next),
        };
        let journal_end = torn.map_or(journal.end(), |entry| entry.offset);
        let mut log = Self::open(folder, run, owner, next, scan.epochs)?;
        log.events.cut(end)?;
        log.journal.cut(journal_end)?;
        Ok(log)
    }

    fn open(folder: &Path, run: RunId, owner: Owner, next: u64, epochs: Epochs) -> Result<Self, LogError> {
        let events = Appender::open(folder.join(EVENTS), 0o644)?;
        let journal = Appender::open(Journal::path(folder), 0o600)?;
        let (lines, private) = (BytesMut::new(), Vec::new());
        Ok(Self { run, next, epochs, events, journal, lines, private, _owner: owner })
    }

    /// Returns the run.
    #[must_use]
    pub const fn run(&self) -> RunId {
        self.run
    }

    /// Returns who spoke last for a job; `None` where nobody did.
    #[must_use]
    pub fn speaker(&self, job: &JobKey) -> Option<JobStamp> {
        let &(attempt, launch, epoch) = self.epochs.0.get(job)?;
        Some(JobStamp { job: job.clone(), attempt, launch, epoch })
    }

    /// Writes events to the log and records to the journal, and gives the events their numbers.
    ///
    /// `stamp` is the job that speaks, `None` for the run itself; `time` is written with each event.
    ///
    /// # Errors
    /// [`LogError::Fenced`] if a higher epoch has spoken for the launch; [`LogError::Full`] and the
    /// disk's other refusals. After an error neither file has grown.
    pub fn append(
        &mut self,
        stamp: Option<&JobStamp>,
        events: Vec<Event>,
        records: &[Record],
        time: Timestamp,
    ) -> Result<Appended, LogError> {
        if let Some(stamp) = stamp {
            self.epochs.admit(stamp)?;
        }
        let first = self.next;
        let envelopes = (first..).zip(events).map(|(seq, event)| Envelope {
            v: EVENT_VERSION,
            seq,
            time,
            run: self.run,
            job: stamp.cloned(),
            event,
        });
        let mut envelopes: Vec<_> = envelopes.collect();
        let next = first + envelopes.len() as u64;
        self.lines.clear();
        for envelope in &mut envelopes {
            line::write(&mut self.lines, envelope).map_err(LogError::Form)?;
        }
        self.private.clear();
        if !records.is_empty() {
            let entry = RecordsRef { time, job: stamp, first, next, records };
            write_records(&mut self.private, &entry).map_err(LogError::Form)?;
        }
        self.write()?;
        self.next = next;
        if let Some(stamp) = stamp {
            self.epochs.note(stamp);
        }
        Ok(Appended { envelopes, lines: self.lines.split().freeze() })
    }

    /// Writes an input of the run to the journal, so that a resumed run sees what this one saw. Never a
    /// secret's value.
    ///
    /// # Errors
    /// As [`RunLog::append`].
    pub fn freeze(&mut self, name: &str, value: &impl Serialize) -> Result<(), LogError> {
        self.private.clear();
        self.lines.clear();
        write_frozen(&mut self.private, name, value).map_err(LogError::Form)?;
        self.write()
    }

    /// Writes what the two buffers hold: the journal first, so that no event is without its records.
    fn write(&mut self) -> Result<(), LogError> {
        let before = self.journal.length;
        self.journal.append(&self.private)?;
        self.events.append(&self.lines).or_else(|error| {
            self.journal.cut(before)?;
            Err(error)
        })
    }
}

/// Who spoke for each launch.
#[derive(Debug, Default)]
struct Epochs(HashMap<JobKey, (Attempt, Launch, Epoch)>);

impl Epochs {
    /// Refuses a speaker who was taken over from. A later launch is another's: it fences the earlier ones.
    fn admit(&self, stamp: &JobStamp) -> Result<(), LogError> {
        match self.0.get(&stamp.job) {
            Some(&newest) if newest > (stamp.attempt, stamp.launch, stamp.epoch) => {
                Err(LogError::Fenced { stamp: Box::new(stamp.clone()), newest: (newest.1, newest.2) })
            }
            _ => Ok(()),
        }
    }

    fn note(&mut self, stamp: &JobStamp) {
        let spoken = (stamp.attempt, stamp.launch, stamp.epoch);
        match self.0.get_mut(&stamp.job) {
            Some(newest) => *newest = spoken,
            None => drop(self.0.insert(stamp.job.clone(), spoken)),
        }
    }
}

/// What a log of a dead owner holds.
struct Scan {
    /// The number after the last whole line's.
    next: u64,
    /// Where the last whole line ends.
    end: u64,
    /// Where the asked event's line begins.
    first_offset: Option<u64>,
    epochs: Epochs,
}

fn scan(folder: &Path, first: u64) -> Result<Scan, LogError> {
    let mut scan = Scan { next: 0, end: 0, first_offset: None, epochs: Epochs::default() };
    let mut reader = LogReader::open(folder)?;
    while let Some(envelope) = reader.next().transpose()? {
        if envelope.seq == first {
            scan.first_offset = Some(reader.span().offset);
        }
        scan.next = envelope.seq + 1;
        if let Some(stamp) = &envelope.job {
            scan.epochs.note(stamp);
        }
    }
    scan.end = reader.end();
    Ok(scan)
}

/// A file that grows by whole lines.
#[derive(Debug)]
struct Appender {
    path: PathBuf,
    file: File,
    length: u64,
    broken: bool,
}

impl Appender {
    fn open(path: PathBuf, mode: u32) -> Result<Self, StoreError> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        let file = options.open(&path).map_err(StoreError::at("open", &path))?;
        let length = fs::metadata(&path).map_err(StoreError::at("read", &path))?.len();
        Ok(Self { path, file, length, broken: false })
    }

    fn append(&mut self, lines: &[u8]) -> Result<(), LogError> {
        if self.broken {
            return Err(LogError::Broken { path: self.path.clone() });
        }
        if lines.is_empty() {
            return Ok(());
        }
        if let Err(source) = self.file.write_all(lines) {
            self.cut(self.length)?;
            return Err(refusal(&self.path, source));
        }
        self.length += lines.len() as u64;
        Ok(())
    }

    /// Makes the file end at `length`. A file that cannot be cut takes no more lines: the next one
    /// would go on in the middle of another.
    fn cut(&mut self, length: u64) -> Result<(), LogError> {
        if self.file.set_len(length).is_err() {
            self.broken = true;
            return Err(LogError::Broken { path: self.path.clone() });
        }
        self.length = length;
        Ok(())
    }
}

/// Tells a full disk from the rest.
fn refusal(path: &Path, source: io::Error) -> LogError {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    match source.kind() {
        StorageFull | QuotaExceeded | FileTooLarge => LogError::Full { path: path.to_owned(), source },
        _ => StoreError::at("write", path)(source).into(),
    }
}

#[cfg(test)]
mod tests;
