//! How other threads reach the one that drives a process.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::Errno;

/// How hard to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// The whole ladder.
    Ask,
    /// From SIGTERM on.
    Insist,
    /// Kill the tree now.
    Kill,
}

/// A handle on one process. Clones are the same handle; it may be used before the start and after the end.
#[derive(Clone, Debug, Default)]
pub struct Control(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// 0: nothing, 1..=3: [`Stop`].
    stop: AtomicU8,
    abandoned: AtomicBool,
    /// There while somebody drives the process.
    bell: Mutex<Option<Arc<OwnedFd>>>,
}

impl Control {
    /// Wants the process stopped; a milder wish than an earlier one changes nothing.
    pub fn stop(&self, stop: Stop) {
        self.0.stop.fetch_max(stop as u8 + 1, Ordering::AcqRel);
        self.ring();
    }

    /// Has the sink asked again whether it is ready.
    pub fn resume(&self) {
        self.ring();
    }

    /// Wants no more output read, neither of the process nor of what outlived it. Whoever still
    /// writes gets SIGPIPE. Stops nothing by itself.
    pub fn abandon(&self) {
        self.0.abandoned.store(true, Ordering::Release);
        self.ring();
    }

    pub(crate) fn wanted(&self) -> Option<Stop> {
        match self.0.stop.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Stop::Ask),
            2 => Some(Stop::Insist),
            _ => Some(Stop::Kill),
        }
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.0.abandoned.load(Ordering::Acquire)
    }

    /// Hangs up a bell that [`Control`]'s callers ring until the guard is dropped.
    pub(crate) fn attend(&self) -> Result<Bell<'_>, Errno> {
        let (hear, ring) = new_bell()?;
        *self.0.bell.lock().unwrap_or_else(PoisonError::into_inner) = Some(ring);
        Ok(Bell { control: self, hear })
    }

    fn ring(&self) {
        let bell = self.0.bell.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(bell) = bell {
            // A full counter or pipe has rung already.
            let _ = rustix::io::write(&*bell, &1_u64.to_ne_bytes());
        }
    }
}

/// The driver's end of a [`Control`].
pub(crate) struct Bell<'a> {
    control: &'a Control,
    hear: Arc<OwnedFd>,
}

impl Bell<'_> {
    pub(crate) fn silence(&self) {
        let _ = rustix::io::read(&*self.hear, &mut [0_u8; 64]);
    }
}

impl AsFd for Bell<'_> {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.hear.as_fd()
    }
}

impl Drop for Bell<'_> {
    fn drop(&mut self) {
        self.control.0.bell.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

#[cfg(target_os = "linux")]
fn new_bell() -> Result<(Arc<OwnedFd>, Arc<OwnedFd>), Errno> {
    use rustix::event::{EventfdFlags, eventfd};
    let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
    Ok((Arc::clone(&bell), bell))
}

#[cfg(not(target_os = "linux"))]
fn new_bell() -> Result<(Arc<OwnedFd>, Arc<OwnedFd>), Errno> {
    let (hear, ring) = rustix::pipe::pipe()?;
    for end in [&hear, &ring] {
        rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
        rustix::io::ioctl_fionbio(end, true)?;
    }
    Ok((Arc::new(hear), Arc::new(ring)))
}
