//! Starts a process and drives it to its end.

use std::ffi::OsStr;
use std::io;
use std::mem;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

use crate::control::{Bell, Control};
use crate::error::SpawnError;
use crate::ladder::{Cause, Ladder, Rung};
use crate::pipes::Pipes;
use crate::spec::{Chunk, End, Sink, Spec};
use crate::tail::{Linger, Tail};
use crate::{program, reap, table};

/// A process that was started and is not driven yet: it writes into its pipes, at most. It is killed with all that
/// descends from it when it is dropped.
#[derive(Debug)]
#[must_use = "a process that nobody drives is killed"]
pub struct Running {
    child: Child,
    has_exited: bool,
    /// Whether nobody waits for it any more.
    is_over: bool,
    pid: Pid,
    began: Instant,
    exit: OwnedFd,
    pipes: Pipes,
    ladder: Ladder,
    linger: Linger,
}

/// How a process ended, and what it left.
#[derive(Debug)]
pub struct Finished {
    /// How.
    pub end: End,
    /// There if processes in the background still hold the pipes.
    pub leftover: Option<Leftover>,
}

/// Pipes that outlived their process. Dropping it makes the next write of whoever holds them fail.
#[derive(Debug)]
pub struct Leftover(Pipes);

/// Starts a process. Blocks until it executes its program, about a third of a millisecond.
///
/// # Errors
/// [`SpawnError`]; nothing runs then.
pub fn start(spec: &Spec<'_>) -> Result<Running, SpawnError> {
    let name = spec.argv.first().ok_or(SpawnError::NoProgram)?;
    let program = program::resolve(name, &spec.env, &spec.cwd)?;
    let explain = |source| SpawnError::explain(&program, &spec.cwd, size_of_arguments(spec), source);
    let (pipes, writers) = Pipes::new().map_err(explain)?;
    let mut command = command(name, &program, spec, writers);
    let began = Instant::now();
    let mut child = spawn(&mut command).map_err(explain)?;
    let pid = Pid::from_child(&child);
    match watch(pid) {
        Ok(exit) => {
            let ladder = Ladder::new(spec.ladder, spec.timeout);
            Ok(Running {
                child,
                has_exited: false,
                is_over: false,
                pid,
                began,
                exit,
                pipes,
                ladder,
                linger: spec.linger,
            })
        }
        Err(error) => {
            let _ = kill_process_group(pid, Signal::KILL);
            let _ = child.wait();
            reap::unlist(child.id().cast_signed());
            Err(explain(error))
        }
    }
}

/// Everything here keeps to what `posix_spawn` can do, which is twice as fast as fork and exec: no
/// hooks, and an absolute program, since a changed `PATH` and a bare name together rule it out.
fn command(name: &OsStr, program: &Path, spec: &Spec<'_>, [stdout, stderr]: [Stdio; 2]) -> Command {
    let mut command = Command::new(program);
    command
        .arg0(name)
        .args(&spec.argv[1..])
        .env_clear()
        .envs(spec.env.iter().map(|(name, value)| (name, value)))
        .current_dir(&*spec.cwd)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr);
    command
}

/// Starts and lists the child. A program file that was just written may still be open in another child
/// of this process, between its fork and its exec; that passes.
fn spawn(command: &mut Command) -> io::Result<Child> {
    let mut tries = 0;
    loop {
        let child = reap::list(|| command.spawn().map(|child| (child.id().cast_signed(), child)));
        match child {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < 20 => tries += 1,
            done => return done,
        }
        std::thread::sleep(Duration::from_millis(tries));
    }
}

/// Returns something that `poll` calls readable once the process has exited.
fn watch(pid: Pid) -> io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    if let Ok(exit) = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) {
        return Ok(exit);
    }
    watch_by_thread(pid)
}

/// For systems that have no such thing, and containers that refuse it: a thread sleeps until the exit and then closes a
/// pipe.
fn watch_by_thread(pid: Pid) -> io::Result<OwnedFd> {
    let (end, held) = io::pipe()?;
    let wait = move || {
        let exited = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(pid), exited), Err(Errno::INTR)) {}
        drop(held);
    };
    std::thread::Builder::new().spawn(wait)?;
    Ok(end.into())
}

fn size_of_arguments(spec: &Spec<'_>) -> usize {
    let arguments = spec.argv.iter().map(|argument| argument.len() + 1);
    let variables = spec.env.iter().map(|(name, value)| name.len() + value.len() + 2);
    arguments.chain(variables).sum()
}

impl Running {
    /// Returns the process's number, which is its group's too.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it exits, but not for long. Returns whether it has, and nobody else holds its pipes: [`Self::drive`] does
    /// not wait then.
    #[must_use]
    pub fn is_over_within(&mut self, limit: Duration) -> bool {
        let mut exit = [PollFd::new(&self.exit, PollFlags::IN)];
        self.has_exited = matches!(poll(&mut exit, Timespec::try_from(limit).ok().as_ref()), Ok(1));
        if self.has_exited {
            self.pipes.let_go();
        }
        self.has_exited && self.pipes.are_ended()
    }

    /// Reads, waits, stops when told or out of time; returns when the process has ended and what it
    /// wrote has been taken. A sink that is never ready keeps it from returning, unless abandoned.
    pub fn drive(mut self, control: &Control, sink: &impl Sink) -> Finished {
        if self.has_exited && !self.pipes.is_open() {
            return Finished { end: self.collect(), leftover: None };
        }
        let end = match control.attend() {
            Ok(bell) => self.run(control, &bell, sink),
            Err(error) => {
                self.kill_tree();
                let _ = self.child.wait();
                self.forget();
                End::Lost { why: format!("cannot watch process {}: {error}", self.id()) }
            }
        };
        self.pipes.let_go();
        let is_held = self.pipes.is_open() && !control.is_abandoned();
        Finished { end, leftover: is_held.then(|| Leftover(mem::take(&mut self.pipes))) }
    }

    fn run(&mut self, control: &Control, bell: &Bell<'_>, sink: &impl Sink) -> End {
        if let Some(lost) = self.until_exit(control, bell, sink) {
            return lost;
        }
        let end = self.collect();
        self.pipes.let_go();
        self.until_silence(control, bell, sink);
        end
    }

    /// Returns `None` at the exit, else why it is not awaited any more.
    fn until_exit(&mut self, control: &Control, bell: &Bell<'_>, sink: &impl Sink) -> Option<End> {
        loop {
            let now = self.began.elapsed();
            if let Some(stop) = control.wanted() {
                self.ladder.request(stop, now);
            }
            while let Some(rung) = self.ladder.due(now) {
                match rung {
                    Rung::Interrupt => self.signal(Signal::INT),
                    Rung::Terminate => self.signal(Signal::TERM),
                    Rung::Kill => self.kill_tree(),
                    Rung::GiveUp => {
                        let why = format!("process {} survived SIGKILL", self.id());
                        self.leave();
                        return Some(End::Lost { why });
                    }
                }
            }
            if control.is_abandoned() {
                self.pipes.close();
            }
            let wait = self.ladder.wake_at().map(|at| at.saturating_sub(now));
            let heard = self.pipes.listen(bell, Some(&self.exit), sink.is_ready(), wait);
            self.pipes.read(&heard, sink, |_, _| {});
            if heard.exit {
                return None;
            }
            self.hang_up_if_at_terminal();
            reap::collect_sometimes();
        }
    }

    fn until_silence(&mut self, control: &Control, bell: &Bell<'_>, sink: &impl Sink) {
        let mut tail = Tail::new(self.linger, self.began.elapsed(), self.pipes.filled());
        while !control.is_abandoned() {
            let (now, is_ready) = (self.began.elapsed(), sink.is_ready());
            if tail.is_over(now) {
                return;
            }
            if !is_ready {
                tail.stalled(now);
            }
            let wait = tail.wake_at().map(|at| at.saturating_sub(now));
            let heard = self.pipes.listen(bell, None, is_ready, wait);
            let now = self.began.elapsed();
            self.pipes.read(&heard, sink, |stream, bytes| match bytes {
                0 => tail.closed(stream),
                bytes => tail.read(stream, bytes, now),
            });
        }
    }

    /// Takes the status of a process that has exited. Being stopped counts more than the code it left with:
    /// who traps SIGINT may well exit with 0.
    fn collect(&mut self) -> End {
        let status = self.child.wait();
        self.forget();
        match (self.ladder.cause(), status) {
            (Some(Cause::Timeout), _) => End::TimedOut,
            (Some(Cause::Request), _) => End::Stopped,
            (None, Ok(status)) => End::Exited { code: code_of(status) },
            (None, Err(error)) => End::Lost { why: format!("cannot collect process {}: {error}", self.id()) },
        }
    }

    /// To be called once the status is known.
    fn forget(&mut self) {
        reap::unlist(self.child.id().cast_signed());
        self.is_over = true;
    }

    /// Leaves it to whoever collects the dead.
    fn leave(&mut self) {
        reap::leave(self.child.id().cast_signed());
        self.is_over = true;
    }

    /// Signals the group, or the process alone where it has left its group.
    fn signal(&self, signal: Signal) {
        if kill_process_group(self.pid, signal).is_err() {
            let _ = kill_process(self.pid, signal);
        }
    }

    /// Ends who waits for the terminal that this program was started from: in a group of its own it gets no
    /// answer there and would stay stopped for ever. It is treated as one whose terminal is gone, which
    /// comes nearest to a runner that has none. Who stops for another reason is left alone.
    fn hang_up_if_at_terminal(&self) {
        let stopped = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        let Ok(Some(status)) = waitid(WaitId::Pid(self.pid), stopped) else { return };
        let at_terminal = [Signal::TTIN, Signal::TTOU].map(Signal::as_raw);
        if status.stopping_signal().is_some_and(|signal| at_terminal.contains(&signal)) {
            self.signal(Signal::HUP);
            self.signal(Signal::CONT);
        }
    }

    /// Kills the group and all descendants. The table is read first: with its parents a process loses
    /// its place in the tree. Who is forked in that moment is left to the sweep at the job's end.
    fn kill_tree(&self) {
        let root = self.pid.as_raw_nonzero().get();
        let table = table::below(|| vec![root]);
        let tree = table::descendants(&table, root);
        let _ = kill_process(self.pid, Signal::KILL);
        let _ = kill_process_group(self.pid, Signal::KILL);
        for entry in table.iter().filter(|entry| tree.contains(&entry.pid)) {
            table::kill(entry);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_over {
            self.kill_tree();
            self.leave();
        }
    }
}

fn code_of(status: ExitStatus) -> u32 {
    match (status.code(), status.signal()) {
        (Some(code), _) => code.cast_unsigned(),
        (None, Some(signal)) => 128 + signal.cast_unsigned(),
        (None, None) => 255,
    }
}

impl Leftover {
    /// Reads and drops what still comes, so that a server started in the background neither stalls nor
    /// dies of its closed output; returns when nobody holds the pipes any more, or when abandoned.
    ///
    /// Source: actions/runner goes on reading such streams without showing them (`ProcessInvoker.cs`).
    pub fn discard(mut self, control: &Control) {
        let Ok(bell) = control.attend() else { return };
        while self.0.is_open() && !control.is_abandoned() {
            let heard = self.0.listen(&bell, None, true, None);
            self.0.read(&heard, &Nowhere, |_, _| {});
            reap::collect_sometimes();
        }
    }
}

struct Nowhere;

impl Sink for Nowhere {
    fn is_ready(&self) -> bool {
        true
    }

    fn take(&self, _: &Chunk) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_is_seen_by_a_thread_as_well() {
        let mut child = Command::new("sh").args(["-c", "sleep 0.1; exit 3"]).spawn().unwrap();
        let exit = watch_by_thread(Pid::from_child(&child)).unwrap();
        let mut watched = [PollFd::new(&exit, PollFlags::IN)];
        assert_eq!(poll(&mut watched, Some(&Timespec::default())), Ok(0), "it has not exited yet");
        assert_eq!(poll(&mut watched, None), Ok(1));
        assert_eq!(child.try_wait().unwrap().and_then(|status| status.code()), Some(3));
    }
}
