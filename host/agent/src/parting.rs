//! Keeps the message that stays when the machine is gone: how each process ended.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use act_protocol::{End, Parting, PartingEnd};

/// More ends than fit are never needed.
const ENDS: usize = 128;

#[derive(Debug)]
pub(crate) struct PartingFile {
    path: Option<PathBuf>,
    message: Mutex<Parting>,
}

impl PartingFile {
    pub(crate) fn new(path: Option<&Path>, job: &str) -> Self {
        let message = Parting { v: 1, job: job.to_owned(), ..Parting::default() };
        Self { path: path.map(Path::to_owned), message: Mutex::new(message) }
    }

    /// Notes whose job it is, once that is known.
    pub(crate) fn belongs_to(&self, job: &str) {
        job.clone_into(&mut self.message.lock().unwrap_or_else(PoisonError::into_inner).job);
    }

    pub(crate) fn ended(&self, exec: &str, end: &End) {
        let mut message = self.message.lock().unwrap_or_else(PoisonError::into_inner);
        let id = exec.strip_prefix(&message.job).and_then(|rest| rest.strip_prefix('/')).unwrap_or(exec);
        let end = PartingEnd::new(id, end);
        message.ends.push(end);
        if message.ends.len() > ENDS {
            message.ends.remove(0);
            message.dropped += 1;
        }
        self.write(&message);
    }

    pub(crate) fn why(&self, why: &str) {
        let mut message = self.message.lock().unwrap_or_else(PoisonError::into_inner);
        message.why = Some(why.to_owned());
        self.write(&message);
    }

    /// Written in place: the file is a mount of its own. One that cannot be written is one proof less, no more.
    fn write(&self, message: &Parting) {
        let Some(path) = &self.path else { return };
        let opened = OpenOptions::new().write(true).create(true).truncate(true).open(path);
        let _ = opened.and_then(|mut file| file.write_all(message.to_json().as_bytes()));
    }
}
