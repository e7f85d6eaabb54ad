//! The private half of a run: frozen inputs, and what each job needs to be resumed. Mode 0600.
//!
//! Each entry of records knows which events belong to it, so that a resumed run keeps both or neither.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use act_core::event::JobStamp;
use act_core::record::Record;
use act_core::spec::SPEC_VERSION;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{ReadError, StoreError};
use crate::read::Lines;

/// Name of the journal in a run's folder.
const JOURNAL: &str = "journal.jsonl";

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "entry")]
pub enum Entry {
    /// An input of the run.
    Frozen(Frozen),
    /// What happened in a job, or in the run where there is no stamp.
    Records {
        /// When it was written down.
        time: Timestamp,
        /// Who spoke.
        job: Option<JobStamp>,
        /// The sequence number of the first event that belongs to the records.
        first: u64,
        /// The one after the last: `first` if none does.
        next: u64,
        /// In order.
        records: Vec<Record>,
    },
}

/// An input as the run saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frozen {
    /// What it is.
    pub name: String,
    /// It.
    pub value: serde_json::Value,
}

/// [`Entry::Records`] before it is written.
#[derive(Serialize)]
pub(crate) struct RecordsRef<'a> {
    pub(crate) time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) job: Option<&'a JobStamp>,
    pub(crate) first: u64,
    pub(crate) next: u64,
    pub(crate) records: &'a [Record],
}

#[derive(Serialize)]
struct FrozenRef<'a, T> {
    name: &'a str,
    value: &'a T,
}

#[derive(Serialize)]
struct Line<'a, T> {
    v: u32,
    entry: &'static str,
    #[serde(flatten)]
    content: &'a T,
}

/// Writes an entry of records as a line.
pub(crate) fn write_records(into: &mut Vec<u8>, entry: &RecordsRef<'_>) -> serde_json::Result<()> {
    write_line(into, &Line { v: SPEC_VERSION, entry: "records", content: entry })
}

/// Writes a frozen input as a line.
pub(crate) fn write_frozen(into: &mut Vec<u8>, name: &str, value: &impl Serialize) -> serde_json::Result<()> {
    write_line(into, &Line { v: SPEC_VERSION, entry: "frozen", content: &FrozenRef { name, value } })
}

fn write_line(into: &mut Vec<u8>, line: &impl Serialize) -> serde_json::Result<()> {
    serde_json::to_writer(&mut *into, line)?;
    into.push(b'\n');
    Ok(())
}

/// Where the last entry of records stands, and which events it claims.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastRecords {
    pub(crate) offset: u64,
    pub(crate) first: u64,
    pub(crate) next: u64,
}

/// Reads a run's journal, entry by entry.
#[derive(Debug)]
pub struct Journal {
    lines: Lines<BufReader<File>>,
}

impl Journal {
    /// Returns where the journal of a run lies.
    pub(crate) fn path(folder: &Path) -> PathBuf {
        folder.join(JOURNAL)
    }

    /// Opens the journal of the run in `folder`.
    pub(crate) fn read(folder: &Path) -> Result<Self, StoreError> {
        let path = Self::path(folder);
        let file = File::open(&path).map_err(StoreError::at("open", &path))?;
        Ok(Self { lines: Lines::new(BufReader::new(file), path) })
    }

    /// Finds the last entry of records; `None` also where there is no journal at all.
    pub(crate) fn last_records(folder: &Path) -> Result<Option<LastRecords>, ReadError> {
        let mut journal = match Self::read(folder) {
            Err(error) if error.source.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let mut last = None;
        while let Some(entry) = journal.next().transpose()? {
            if let Entry::Records { first, next, .. } = entry {
                last = Some(LastRecords { offset: journal.lines.span().offset, first, next });
            }
        }
        Ok(last)
    }

    /// Returns where the last whole line read so far ends.
    pub(crate) fn end(&self) -> u64 {
        self.lines.end()
    }

    /// Whether the journal ends in the middle of a line, which is left out.
    #[must_use]
    pub fn ended_mid_line(&self) -> bool {
        self.lines.ended_mid_line()
    }
}

impl Iterator for Journal {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.lines.next_as(u64::from(SPEC_VERSION))
    }
}
