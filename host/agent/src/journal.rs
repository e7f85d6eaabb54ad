//! What was begun and how it ended, on disk: written before it is told to anybody.
//!
//! ```text
//! <dir>/journal/job, epoch           whose machine it is, and who spoke for it last
//!               execs/<digest>/begin written before the process is started: from then on its id is known
//!                              out.N what it wrote, see spool
//!                              end   how it ended, with small files that came back
//!                              file.N   a larger one
//! ```
//! A file that must be whole is written beside its place and renamed. Nothing is synced to the disk: the journal
//! outlives this process, not the machine, whose disk is gone when it is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use act_protocol::{Collected, Cursor, End, Ending};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The journal's folder.
#[derive(Clone, Debug)]
pub(crate) struct Journal(PathBuf);

/// Says that a process is known.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Begin {
    exec: String,
    /// How many files are to come back.
    wishes: u32,
}

/// A process that an agent before this one knew.
#[derive(Debug)]
pub(crate) struct Past {
    pub(crate) exec: String,
    pub(crate) folder: PathBuf,
    /// Of an agent that was killed before it wrote how many files are to come back, there are none.
    pub(crate) wishes: u32,
    pub(crate) end: Option<End>,
}

impl Journal {
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        let journal = Self(dir.join("journal"));
        fs::create_dir_all(journal.0.join("execs"))?;
        Ok(journal)
    }

    pub(crate) fn job(&self) -> Option<String> {
        fs::read_to_string(self.0.join("job")).ok().filter(|job| !job.is_empty())
    }

    pub(crate) fn note_job(&self, job: &str) -> io::Result<()> {
        replace(&self.0.join("job"), job.as_bytes())
    }

    pub(crate) fn epoch(&self) -> u64 {
        fs::read_to_string(self.0.join("epoch")).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    pub(crate) fn note_epoch(&self, epoch: u64) -> io::Result<()> {
        replace(&self.0.join("epoch"), epoch.to_string().as_bytes())
    }

    /// Makes a process known, and returns its folder.
    pub(crate) fn begin(&self, exec: &str, wishes: usize) -> io::Result<PathBuf> {
        let folder = self.0.join("execs").join(digest(exec));
        fs::create_dir_all(&folder)?;
        let begin = Begin { exec: exec.to_owned(), wishes: u32::try_from(wishes).unwrap_or(u32::MAX) };
        replace(&folder.join("begin"), &encoded(&begin)?)?;
        Ok(folder)
    }

    /// Returns all processes that are known. A folder without a beginning is one that never began.
    pub(crate) fn past(&self) -> io::Result<Vec<Past>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(self.0.join("execs"))? {
            let folder = entry?.path();
            let begin =
                fs::read(folder.join("begin")).ok().and_then(|bytes| postcard::from_bytes(&bytes).ok());
            let Some(Begin { exec, wishes }) = begin else { continue };
            let end = fs::read(folder.join("end")).ok().and_then(|bytes| postcard::from_bytes(&bytes).ok());
            all.push(Past { exec, folder, wishes, end });
        }
        Ok(all)
    }
}

impl Past {
    /// Returns how it ended; a process whose end nobody wrote down is lost.
    pub(crate) fn end(&self, written: Cursor) -> End {
        self.end.clone().unwrap_or_else(|| End {
            how: Ending::Lost { why: "the agent that ran it was killed before it ended".to_owned() },
            written,
            files: (0..self.wishes.min(1_000)).map(|_| Collected::Missing).collect(),
        })
    }
}

/// Writes how a process ended; afterwards that is what happened.
pub(crate) fn note_end(folder: &Path, end: &End) -> io::Result<()> {
    replace(&folder.join("end"), &encoded(end)?)
}

/// Returns where a file that came back of a process lies.
pub(crate) fn kept_file(folder: &Path, index: u32) -> PathBuf {
    folder.join(format!("file.{index}"))
}

/// Writes a file so that it is there with all its bytes, or as before.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    fs::write(&fresh, bytes)?;
    fs::rename(fresh, path)
}

fn encoded(value: &impl Serialize) -> io::Result<Vec<u8>> {
    postcard::to_allocvec(value).map_err(io::Error::other)
}

/// Names a file after any text.
pub(crate) fn digest(text: &str) -> String {
    act_files::hex(&Sha256::digest(text)[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_is_known_and_lost_until_it_has_an_end() {
        let root = tempfile::tempdir().unwrap();
        let journal = Journal::open(root.path()).unwrap();
        let exec = "run/a b/1.1/0-main-0";
        let folder = journal.begin(exec, 2).unwrap();
        fs::create_dir(root.path().join("journal/execs/never-began")).unwrap();
        let past = Journal::open(root.path()).unwrap().past().unwrap();
        assert_eq!((past.len(), past[0].exec.as_str()), (1, exec));
        let lost = past[0].end(Cursor { stdout: 4, stderr: 0 });
        assert!(matches!(lost.how, Ending::Lost { .. }) && lost.written.stdout == 4 && lost.files.len() == 2);
        let end = End { how: Ending::Exited { code: 7 }, written: Cursor::default(), files: Vec::new() };
        note_end(&folder, &end).unwrap();
        assert_eq!(journal.past().unwrap()[0].end(Cursor::default()), end);
        journal.note_epoch(4).unwrap();
        journal.note_job("run/x").unwrap();
        let again = Journal::open(root.path()).unwrap();
        assert_eq!((again.epoch(), again.job().as_deref()), (4, Some("run/x")));
    }
}
