//! Signals to this program, and what its jobs inherit of them.
//!
//! The first Ctrl-C cancels as GitHub does, the second kills. A polite end from outside counts as a Ctrl-C.
//! Both count even where they were ignored at the start, as a script's `&` makes it: whoever sends one means it.

use std::convert::Infallible;

use act_core::control::CancelStage;
use act_engine::Cancel;

/// Takes signals from now on, until the program ends: handlers are never taken away again.
pub(crate) struct StopSignals(Option<Streams>);

impl StopSignals {
    /// Starts to listen; to be called before anything is started that should have signals as a fresh shell has.
    /// Without handlers a signal does what it does to every program.
    pub(crate) fn listen() -> Self {
        clear_ignored();
        Self(Streams::open().ok())
    }

    /// Raises the stage with each signal.
    pub(crate) async fn cancel(&mut self, cancel: &Cancel) -> Infallible {
        let Some(streams) = &mut self.0 else { return std::future::pending().await };
        loop {
            streams.next().await;
            let first = cancel.stage() == CancelStage::None;
            cancel.raise(if first { CancelStage::Cancel } else { CancelStage::Kill });
        }
    }
}

#[cfg(unix)]
struct Streams {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Streams {
    fn open() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Streams;

#[cfg(not(unix))]
impl Streams {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
    fn open() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

/// Keeps jobs from inheriting what this program ignores: a script's `&` has it ignore Ctrl-C, `nohup` the end of
/// its terminal, and steps that ignore those could not be cancelled, nor trap them.
///
/// A handler that does nothing is as good as ignoring here, and unlike that it does not outlive `exec`. Only
/// Linux tells what is ignored.
#[cfg(target_os = "linux")]
fn clear_ignored() {
    use tokio::signal::unix::{SignalKind, signal};
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = ignored(&status);
    for kind in [SignalKind::hangup(), SignalKind::quit()] {
        if ignored & (1 << (kind.as_raw_value() - 1)) != 0 {
            // Without a handler the job inherits what it would have inherited anyway.
            let _ = signal(kind);
        }
    }
}

#[cfg(not(target_os = "linux"))]
const fn clear_ignored() {}

/// Returns the mask of ignored signals: the lowest bit is of signal 1.
#[cfg(target_os = "linux")]
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        assert_eq!(ignored("Name:\tx\nSigBlk:\tff\nSigIgn:\t0000000000001003\nSigCgt:\t1\n"), 0x1003);
        assert_eq!(ignored(""), 0);
    }
}
