//! What people see of the agent: a line when a process begins, and one when it has ended. Never what it writes.

use std::io::Write;
use std::time::Duration;

use act_protocol::Ending;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

pub(crate) fn begin(id: &str) {
    line(&format!("begin {id}"));
}

pub(crate) fn end(id: &str, how: &Ending, took: Duration) {
    let how = match how {
        Ending::Exited { code } => format!("exit {code}"),
        Ending::TimedOut => "timed out".to_owned(),
        Ending::Stopped => "stopped".to_owned(),
        Ending::NotStarted { .. } => "not started".to_owned(),
        Ending::Lost { .. } => "lost".to_owned(),
    };
    line(&format!("end {id} {how} ({:.1} s)", took.as_secs_f64()));
}

pub(crate) fn remark(text: &str) {
    line(text);
}

/// Writes a line if there is room for it: a pipe that nobody reads must hold no process.
fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let mut watched = [PollFd::new(&out, PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let has_room = poll(&mut watched, Some(&now)).is_ok_and(|ready| ready > 0);
    if has_room && watched[0].revents().contains(PollFlags::OUT) {
        let _ = out.write_all(format!("{text}\n").as_bytes());
        let _ = out.flush();
    }
}
