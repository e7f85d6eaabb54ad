//! Wakes threads that wait for anything to happen: output, an end, a reply.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Rung after every change; who waits says up to which ring it has looked.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rings: Mutex<u64>,
    heard: Condvar,
}

impl Bell {
    pub(crate) fn ring(&self) {
        *self.rings.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.heard.notify_all();
    }

    /// Returns how often it has rung. To be asked before looking at what may change.
    pub(crate) fn rings(&self) -> u64 {
        *self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a ring after `seen`, so long at the most.
    pub(crate) fn wait(&self, seen: u64, limit: Duration) {
        let rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.heard.wait_timeout_while(rings, limit, |rings| *rings == seen));
    }
}
