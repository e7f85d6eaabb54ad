//! Looks at what fell to this program, once for all who want to look at the same time.
//!
//! Jobs that end together are swept together. Whoever asks gets a table that was begun after it asked, by itself or by
//! another. Nobody looks below the processes that drivers wait for: each is the child of a thread of its own, so a host
//! with two hundred jobs at once would read more files for that than for all their steps.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::reap;
use crate::table::{self, Entry};

/// Looks that several may share.
struct Looks {
    /// How many were begun.
    begun: AtomicU64,
    /// Held while one is taken; the one before, with its number.
    last: Mutex<(u64, Arc<[Entry]>)>,
}

impl Looks {
    fn new() -> Self {
        Self { begun: AtomicU64::new(0), last: Mutex::new((0, Arc::from([]))) }
    }

    fn look(&self, read: impl FnOnce() -> Vec<Entry>) -> Arc<[Entry]> {
        let wanted = self.begun.load(Ordering::SeqCst) + 1;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Who waited for the lock may find that another one looked for it.
        if last.0 < wanted {
            let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            *last = (number, read().into());
        }
        last.1.clone()
    }
}

/// Returns all that no driver waits for, with what descends from it, and perhaps others.
pub(crate) fn unawaited() -> Arc<[Entry]> {
    use std::sync::LazyLock;
    static LOOKS: LazyLock<Looks> = LazyLock::new(Looks::new);
    LOOKS.look(|| table::below(reap::unawaited))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::thread;
    use std::time::Duration;

    use rustix::process::getpid;

    use super::*;

    #[test]
    fn who_asks_later_gets_a_look_that_is_begun_later() {
        let looks = Looks::new();
        let first = looks.look(table::read);
        assert!(first.iter().any(|entry| entry.pid == getpid().as_raw_nonzero().get()));
        assert!(looks.look(Vec::new).is_empty());
    }

    #[test]
    fn who_asks_while_one_looks_shares_the_next_look() {
        let (looks, taken) = (Looks::new(), AtomicUsize::new(0));
        let slow = || {
            taken.fetch_add(1, Ordering::SeqCst);
            // Until all the others have asked, which they do once the first look is begun.
            thread::sleep(Duration::from_millis(200));
            Vec::new()
        };
        thread::scope(|scope| {
            scope.spawn(|| looks.look(slow));
            while looks.begun.load(Ordering::SeqCst) == 0 {
                thread::yield_now();
            }
            for _ in 0..8 {
                scope.spawn(|| looks.look(slow));
            }
        });
        let taken = taken.into_inner();
        assert!((2..=9).contains(&taken), "{taken}: never the one that was begun before");
        assert_eq!(looks.begun.into_inner(), taken as u64);
    }
}
