//! How often a plugin may fail before it is no longer asked for a while.
//!
//! A plugin that traps on every job costs its limits each time, and says the same each time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many failures …
const FAILURES: usize = 5;
/// … within this time …
const WITHIN: Duration = Duration::from_secs(60);
/// … and it is not asked for this long.
const PAUSE: Duration = Duration::from_secs(30);

/// The restart budget of one plugin.
#[derive(Default)]
pub(crate) struct Health(Mutex<Record>);

#[derive(Default)]
struct Record {
    failures: Vec<Instant>,
    last: String,
    paused: Option<Instant>,
}

impl Health {
    /// Whether the plugin may be asked; else why not.
    pub(crate) fn check(&self, now: Instant) -> Result<(), String> {
        let mut record = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match record.paused {
            Some(until) if now < until => Err(format!(
                "it is not asked for now: it failed {FAILURES} times within {} s, the last time so: {}",
                WITHIN.as_secs(),
                record.last
            )),
            Some(_) => {
                *record = Record::default();
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, now: Instant, why: &str) {
        let mut record = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        record.failures.retain(|at| now.saturating_duration_since(*at) < WITHIN);
        record.failures.push(now);
        why.clone_into(&mut record.last);
        if record.failures.len() >= FAILURES {
            record.paused = Some(now + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_that_keeps_failing_is_paused_and_asked_again_later() {
        let (health, start) = (Health::default(), Instant::now());
        for _ in 0..FAILURES {
            assert_eq!(health.check(start), Ok(()));
            health.failed(start, "trap");
        }
        let said = health.check(start + PAUSE / 2).unwrap_err();
        assert!(said.contains("5 times") && said.ends_with("trap"), "{said}");
        assert_eq!(health.check(start + PAUSE), Ok(()));
        health.failed(start + PAUSE, "trap");
        assert_eq!(health.check(start + PAUSE), Ok(()));
    }

    #[test]
    fn failures_that_lie_far_apart_pause_nothing() {
        let (health, start) = (Health::default(), Instant::now());
        for failure in 0..20 {
            let now = start + WITHIN / 4 * failure;
            assert_eq!(health.check(now), Ok(()));
            health.failed(now, "trap");
        }
    }
}
