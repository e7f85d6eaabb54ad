//! Collects the dead that nobody else will: orphans that fell to this process.
//!
//! A process that calls [`become_reaper`] inherits the orphans of everything it started (on Linux), so
//! none escapes to PID 1, and has to collect them. It must not collect a child that somebody else
//! waits for: those started here are on a list, and other children of this program (git, say) stand in
//! this program's own process group, which nothing that a step starts does.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitOptions, getpgrp, getpid, waitid, waitpgid, waitpid};

use crate::{look, table};

/// How often zombies are looked for while processes run.
pub(crate) const PERIOD: Duration = Duration::from_secs(1);

/// Children that a driver waits for. Starting holds the lock for reading from before the fork, so that
/// nobody takes a child for an orphan in the moment before it is listed.
static OWN: RwLock<Mutex<BTreeSet<i32>>> = RwLock::new(Mutex::new(BTreeSet::new()));

/// Children that no driver waits for any more, and nobody has collected: they did not fall to the first thread, as
/// orphans do, and are looked for by their numbers.
static LEFT: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

static IS_REAPER: AtomicBool = AtomicBool::new(false);

/// Makes this process inherit the orphans of its descendants. Process-wide; to be called once, early.
///
/// # Errors
/// What the kernel says, where it knows no subreapers. Does nothing on systems other than Linux.
pub fn become_reaper() -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        // To PID 1 they fall anyway.
        if getpid() != Pid::INIT {
            rustix::process::set_child_subreaper(Some(getpid()))?;
        }
        IS_REAPER.store(true, Ordering::Release);
    }
    Ok(())
}

/// Says whether everything that was started here descends from this process for good.
pub(crate) fn is_reaper() -> bool {
    IS_REAPER.load(Ordering::Acquire)
}

/// Starts a child that is a group leader, and lists it.
pub(crate) fn list<T, E>(start: impl FnOnce() -> Result<(i32, T), E>) -> Result<T, E> {
    let own = OWN.read().unwrap_or_else(PoisonError::into_inner);
    let (pid, child) = start()?;
    locked(&own).insert(pid);
    Ok(child)
}

/// Takes a child off the list once its status is known, and collects the dead of its group.
pub(crate) fn unlist(pid: i32) {
    let own = OWN.read().unwrap_or_else(PoisonError::into_inner);
    locked(&own).remove(&pid);
    drop(own);
    if let Some(group) = Pid::from_raw(pid) {
        while let Ok(Some((pid, _))) = waitpgid(group, WaitOptions::NOHANG) {
            locked(&LEFT).remove(&pid.as_raw_nonzero().get());
        }
    }
}

/// Takes a child off the list whose status nobody waits for any more: it survives SIGKILL, or has just been sent it.
pub(crate) fn leave(pid: i32) {
    locked(&LEFT).insert(pid);
    unlist(pid);
}

/// Returns the children that drivers wait for now, also those that were being started a moment ago.
pub(crate) fn awaited() -> BTreeSet<i32> {
    let own = OWN.write().unwrap_or_else(PoisonError::into_inner);
    locked(&own).clone()
}

/// Returns what nobody waits for and may have to be collected: whatever fell to this program, and what drivers left.
pub(crate) fn unawaited() -> Vec<i32> {
    let fallen = table::children_of_first_thread(getpid().as_raw_nonzero().get());
    let left = locked(&LEFT);
    fallen.into_iter().chain(left.iter().copied()).collect()
}

/// Collects every dead orphan now. Drivers do it while they run; for a program that is PID 1, to be called from time to
/// time when nothing does: what enters its container from outside leaves orphans, too.
pub fn collect() {
    // Asking for any dead child is one system call; who they are is looked up only if there is one.
    let any = waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT);
    if !matches!(any, Ok(Some(_))) {
        return;
    }
    let (me, my_group) = (getpid().as_raw_nonzero().get(), getpgrp().as_raw_nonzero().get());
    let own = OWN.write().unwrap_or_else(PoisonError::into_inner);
    for dead in look::unawaited().iter().filter(|entry| entry.zombie && entry.parent == me) {
        let waited_for = locked(&own).contains(&dead.pid);
        if let Some(pid) = Pid::from_raw(dead.pid).filter(|_| dead.group != my_group && !waited_for) {
            let _: Result<_, Errno> = waitpid(Some(pid), WaitOptions::NOHANG);
            locked(&LEFT).remove(&dead.pid);
        }
    }
}

/// Collects dead orphans, at most once a [`PERIOD`] however many drivers call it, and not at the first call: a
/// driver calls as its own child dies, and there the table would be read for that one alone.
pub(crate) fn collect_sometimes() {
    static LAST: Mutex<Option<Instant>> = Mutex::new(None);
    let now = Instant::now();
    {
        let Ok(mut last) = LAST.try_lock() else { return };
        if now - *last.get_or_insert(now) < PERIOD {
            return;
        }
        *last = Some(now);
    }
    collect();
}

fn locked(pids: &Mutex<BTreeSet<i32>>) -> MutexGuard<'_, BTreeSet<i32>> {
    pids.lock().unwrap_or_else(PoisonError::into_inner)
}
