//! Processes by id and start time: an id alone may be another's by now.

use std::fs;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) id: u32,
    /// In the kernel's ticks since the machine started.
    started: u64,
}

impl Process {
    /// Returns the process that has this id now.
    pub(super) fn of(id: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let about = about(&stat)?;
        (about.state != 'Z').then_some(Self { id, started: about.started })
    }

    pub(super) fn written(self) -> Value {
        json!({ "id": self.id, "started": self.started })
    }

    pub(super) fn recorded(value: &Value) -> Option<Self> {
        Some(Self { id: value["id"].as_u64()?.try_into().ok()?, started: value["started"].as_u64()? })
    }

    /// Says whether it is still this one. One that ended and that its parent has not noticed counts as gone.
    pub(super) fn is_alive(&self) -> bool {
        Self::of(self.id) == Some(*self)
    }

    pub(super) fn first_child(self) -> Option<Self> {
        let children = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            (about(&stat)?.parent == self.id).then_some(id)
        });
        children.filter_map(Self::of).next()
    }

    /// Kills it and waits until it is gone; that it is gone already is fine.
    pub(super) fn kill(self) -> Result<(), String> {
        let of = |error: rustix::io::Errno| format!("cannot kill process {}: {error}", self.id);
        let Some(pid) = i32::try_from(self.id).ok().and_then(Pid::from_raw) else { return Ok(()) };
        let handle = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(handle) => handle,
            Err(rustix::io::Errno::SRCH) => return Ok(()),
            Err(error) => return Err(of(error)),
        };
        // The handle is of whoever has the id now: is that still the one?
        if !self.is_alive() {
            return Ok(());
        }
        match pidfd_send_signal(&handle, Signal::KILL) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(of(error)),
        }
        // It is readable when the process has ended, and with it all others of its namespace.
        loop {
            match poll(&mut [PollFd::new(&handle, PollFlags::IN)], None) {
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => thread::sleep(Duration::from_millis(1)),
                Err(error) => return Err(of(error)),
            }
        }
    }
}

struct About {
    state: char,
    parent: u32,
    started: u64,
}

/// Reads `/proc/ID/stat`; the name in it may have spaces and brackets.
fn about(stat: &str) -> Option<About> {
    let rest: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(About {
        state: rest.first()?.chars().next()?,
        parent: rest.get(1)?.parse().ok()?,
        started: rest.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_start() {
        let this = Process::of(std::process::id()).expect("this process is there");
        assert!(this.is_alive());
        assert_eq!(Process::recorded(&this.written()), Some(this));
        assert!(!Process { started: this.started + 1, ..this }.is_alive());
    }

    #[test]
    fn a_name_with_brackets_is_no_trouble() {
        let stat = "7 (a) b) S 3 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0";
        let about = about(stat).expect("a line of the kernel's");
        assert_eq!((about.state, about.parent, about.started), ('S', 3, 4711));
    }
}
