//! Starts a process and drives it to its end.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

use crate::control::{Bell, Control};
use crate::error::SpawnError;
use crate::ladder::{Cause, Ladder, Rung};
use crate::pipes::Pipes;
use crate::spec::{Chunk, End, Sink, Spec};
use crate::tail::{Linger, Tail};
use crate::{program, reap, table};

/// A process that was started and is not driven yet: it writes into its pipes, at most.
#[derive(Debug)]
#[must_use = "a process that nobody drives is neither read nor collected"]
pub struct Running {
    child: Child,
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

/// Starts a process. Blocks until it executes its program, about half a millisecond.
///
/// # Errors
/// [`SpawnError`]; nothing runs then.
pub fn start(spec: &Spec) -> Result<Running, SpawnError> {
    let name = spec.argv.first().ok_or(SpawnError::NoProgram)?;
    let program = program::resolve(name, &spec.env, &spec.cwd)?;
    let explain = |source| SpawnError::explain(&program, &spec.cwd, size_of_arguments(spec), source);
    let mut command = command(name, &program, spec);
    let began = Instant::now();
    let mut child = spawn(&mut command).map_err(explain)?;
    let pid = Pid::from_child(&child);
    match prepare(&mut child, pid) {
        Ok((exit, pipes)) => {
            let ladder = Ladder::new(spec.ladder, spec.timeout);
            Ok(Running { child, pid, began, exit, pipes, ladder, linger: spec.linger })
        }
        Err(error) => {
            let _ = kill_process_group(pid, Signal::KILL);
            let _ = child.wait();
            reap::unlist(child.id().cast_signed());
            Err(explain(error.into()))
        }
    }
}

/// Everything here keeps to what `posix_spawn` can do, which is twice as fast as fork and exec: no
/// hooks, and an absolute program, since a changed `PATH` and a bare name together rule it out.
fn command(name: &OsStr, program: &Path, spec: &Spec) -> Command {
    let mut command = Command::new(program);
    command
        .arg0(name)
        .args(&spec.argv[1..])
        .env_clear()
        .envs(spec.env.iter().map(|(name, value)| (name, value)))
        .current_dir(&spec.cwd)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
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

fn prepare(child: &mut Child, pid: Pid) -> Result<(OwnedFd, Pipes), Errno> {
    let pipes = Pipes::new(child.stdout.take().map(OwnedFd::from), child.stderr.take().map(OwnedFd::from))?;
    Ok((watch(pid)?, pipes))
}

/// Returns something that `poll` calls readable once the process has exited.
#[cfg(target_os = "linux")]
fn watch(pid: Pid) -> Result<OwnedFd, Errno> {
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())
}

/// Where there is no such thing, a thread sleeps until the exit and then closes a pipe.
#[cfg(not(target_os = "linux"))]
fn watch(pid: Pid) -> Result<OwnedFd, Errno> {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let (end, held) = rustix::pipe::pipe()?;
    for fd in [&end, &held] {
        rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC)?;
    }
    let wait = move || {
        while waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) == Err(Errno::INTR) {}
        drop(held);
    };
    std::thread::Builder::new().spawn(wait).map_err(|_| Errno::AGAIN)?;
    Ok(end)
}

fn size_of_arguments(spec: &Spec) -> usize {
    let arguments = spec.argv.iter().map(|argument| argument.len() + 1);
    let variables = spec.env.iter().map(|(name, value): &(OsString, OsString)| name.len() + value.len() + 2);
    arguments.chain(variables).sum()
}

impl Running {
    /// Returns the process's number, which is its group's too.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Reads, waits, stops when told or out of time; returns when the process has ended and what it
    /// wrote has been taken. A sink that is never ready keeps it from returning, unless abandoned.
    pub fn drive(mut self, control: &Control, sink: &impl Sink) -> Finished {
        let end = match control.attend() {
            Ok(bell) => self.run(control, &bell, sink),
            Err(error) => {
                self.kill_tree();
                let _ = self.child.wait();
                self.lost(format!("cannot watch process {}: {error}", self.id()))
            }
        };
        let is_held = self.pipes.is_open() && !control.is_abandoned();
        Finished { end, leftover: is_held.then_some(Leftover(self.pipes)) }
    }

    fn run(&mut self, control: &Control, bell: &Bell<'_>, sink: &impl Sink) -> End {
        if let Some(lost) = self.until_exit(control, bell, sink) {
            return lost;
        }
        let end = self.collect();
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
                        return Some(self.lost(format!("process {} survived SIGKILL", self.id())));
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
        let mut tail = Tail::new(self.linger, self.began.elapsed(), self.pipes.held());
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
        reap::unlist(self.child.id().cast_signed());
        match (self.ladder.cause(), status) {
            (Some(Cause::Timeout), _) => End::TimedOut,
            (Some(Cause::Request), _) => End::Stopped,
            (None, Ok(status)) => End::Exited { code: code_of(status) },
            (None, Err(error)) => End::Lost { why: format!("cannot collect process {}: {error}", self.id()) },
        }
    }

    fn lost(&self, why: String) -> End {
        reap::unlist(self.child.id().cast_signed());
        End::Lost { why }
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
        let table = table::below(root);
        let tree = table::descendants(&table, root);
        let _ = kill_process(self.pid, Signal::KILL);
        let _ = kill_process_group(self.pid, Signal::KILL);
        for entry in table.iter().filter(|entry| tree.contains(&entry.pid)) {
            table::kill(entry);
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
