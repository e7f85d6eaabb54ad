//! Calls to the API: paced, with a time limit, and repeated while the API server cannot be reached.
//!
//! All calls are idempotent: names are computed, and what was made by a call whose reply was lost is found made.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use kube::Client;
use tokio::sync::Semaphore;

use crate::rights::Call;

/// After a pause, so many seconds' calls wait for no turn.
const BURST: f64 = 2.0;

/// Calls that wait for their answers at once: each has a connection of its own.
const UNANSWERED: usize = 32;

/// One call.
const TIMEOUT: Duration = Duration::from_secs(30);

/// From the first failure of a call to the last: an API server that starts again takes less.
const PATIENCE: Duration = Duration::from_secs(180);

/// Between two attempts.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Why a call did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// There is no such thing.
    #[error("not found: {0}")]
    NotFound(String),
    /// There is one of this name.
    #[error("it is there already: {0}")]
    Exists(String),
    /// It was changed meanwhile, or is another one.
    #[error("conflict: {0}")]
    Conflict(String),
    /// A quota is full.
    #[error("{0}")]
    Quota(String),
    /// The cluster does not take it.
    #[error("{0}")]
    Refused(String),
    /// This account may not.
    #[error("{0}")]
    Forbidden(String),
    /// The API server cannot be reached.
    #[error("the API server cannot be reached: {0}")]
    Unreachable(String),
}

/// The API, at a decent pace.
pub(crate) struct Cluster {
    pub(crate) client: Client,
    pace: Mutex<Pace>,
    unanswered: Semaphore,
}

/// Who comes first is first: a place is taken at once, and waited for afterwards.
struct Pace {
    /// Calls a second in the long run.
    rate: f64,
    /// Places that are free now; below zero those that are taken ahead.
    left: f64,
    at: Instant,
}

impl Cluster {
    /// Takes how many calls a second are made in the long run.
    pub(crate) fn new(client: Client, rate: u32) -> Self {
        let pace = Mutex::new(Pace::new(rate, Instant::now()));
        Self { client, pace, unanswered: Semaphore::new(UNANSWERED) }
    }

    /// Makes a call until it is answered.
    ///
    /// # Errors
    /// What the API server says; that it cannot be reached.
    pub(crate) async fn call<T, F>(&self, call: Call, mut work: impl FnMut() -> F) -> Result<T, CallError>
    where
        F: Future<Output = kube::Result<T>>,
    {
        let mut first_failure = None;
        let mut pause = SHORTEST;
        loop {
            self.turn(call).await;
            // Nobody closes it. Behind others that are not answered a Lease would run out, too.
            let place = if is_urgent(call) { None } else { self.unanswered.acquire().await.ok() };
            let began = Instant::now();
            let failed = match tokio::time::timeout(TIMEOUT, work()).await {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(error)) => judge(&error).map_err(|error| blame(error, call))?,
                Err(_) => Passing { text: format!("no answer within {} s", TIMEOUT.as_secs()), after: None },
            };
            drop(place);
            let pause_now = failed.after.unwrap_or(pause).min(PATIENCE);
            if first_failure.get_or_insert(began).elapsed() + pause > PATIENCE {
                return Err(CallError::Unreachable(failed.text));
            }
            tokio::time::sleep(pause_now.mul_f64(0.75 + 0.5 * fastrand::f64())).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// Waits until another call may be made. Each is traced: they are what a cluster pays for a job.
    pub(crate) async fn turn(&self, call: Call) {
        tracing::debug!(target: "act_host::kubernetes", ?call, "asked");
        // Behind thousands of others a Lease would run out, and others would take its machines down.
        if is_urgent(call) {
            return;
        }
        let wait = self.pace.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take(Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}

/// Whether a call waits for no other one: late, it would cost a process its machines.
fn is_urgent(call: Call) -> bool {
    call == Call::PatchLease
}

impl Pace {
    fn new(rate: u32, now: Instant) -> Self {
        let rate = f64::from(rate);
        Self { rate, left: rate * BURST, at: now }
    }

    /// Takes the next place; says how long until its time.
    fn take(&mut self, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * self.rate).min(self.rate * BURST) - 1.0;
        self.at = now;
        Duration::from_secs_f64((-self.left).max(0.0) / self.rate)
    }
}

/// A failure that passes.
struct Passing {
    text: String,
    after: Option<Duration>,
}

/// Tells failures that pass from answers.
fn judge(error: &kube::Error) -> Result<Passing, CallError> {
    let kube::Error::Api(status) = error else {
        return match error {
            kube::Error::HyperError(_) | kube::Error::Service(_) | kube::Error::ReadEvents(_) => {
                Ok(Passing { text: with_causes(error), after: None })
            }
            error => Err(CallError::Refused(with_causes(error))),
        };
    };
    let text = status.message.clone();
    Err(match status.code {
        429 | 500 | 502 | 503 | 504 => {
            let seconds = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
            let after = (seconds > 0).then(|| Duration::from_secs(u64::from(seconds)));
            return Ok(Passing { text, after });
        }
        // Somebody was faster, with the object or with the quota that counts it.
        409 if text.contains("the object has been modified") => return Ok(Passing { text, after: None }),
        404 => CallError::NotFound(text),
        409 if status.reason == "AlreadyExists" => CallError::Exists(text),
        409 => CallError::Conflict(text),
        403 if text.contains("exceeded quota") => CallError::Quota(quota(&text)),
        401 | 403 => CallError::Forbidden(text),
        _ => CallError::Refused(text),
    })
}

/// Says which right is missing.
fn blame(error: CallError, call: Call) -> CallError {
    match error {
        CallError::Forbidden(text) => {
            let right = call.right();
            CallError::Forbidden(format!(
                "{text} (needs `{}` on `{}`; `act-host kubernetes rbac` prints the Role)",
                right.verb, right.resource
            ))
        }
        error => error,
    }
}

/// Leaves out the pod's name, which says nothing: `pods "…" is forbidden: exceeded quota: …`.
fn quota(text: &str) -> String {
    text.find("exceeded quota").map_or(text, |at| &text[at..]).to_owned()
}

/// Returns an error with what caused it, in one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::Status;

    fn api(code: u16, reason: &str, message: &str) -> kube::Error {
        let status = Status { code, ..Status::failure(message, reason) };
        kube::Error::Api(Box::new(status))
    }

    #[test]
    fn answers_are_told_from_failures_that_pass() {
        let quota =
            "pods \"p\" is forbidden: exceeded quota: ci, requested: pods=1, used: pods=3, limited: pods=3";
        for (error, expected) in [
            (api(404, "NotFound", "no"), CallError::NotFound("no".into())),
            (api(409, "AlreadyExists", "yes"), CallError::Exists("yes".into())),
            (api(409, "Conflict", "uid"), CallError::Conflict("uid".into())),
            (api(403, "Forbidden", quota), CallError::Quota(quota[23..].into())),
            (api(403, "Forbidden", "no right"), CallError::Forbidden("no right".into())),
            (api(422, "Invalid", "wrong"), CallError::Refused("wrong".into())),
        ] {
            assert_eq!(judge(&error).map(|_| ()), Err(expected));
        }
        for code in [429, 500, 503, 504] {
            assert!(judge(&api(code, "", "later")).is_ok(), "{code}");
        }
        let faster = "Operation cannot be fulfilled on resourcequotas \"ci\": the object has been modified; please apply your changes to the latest version and try again";
        assert!(judge(&api(409, "Conflict", faster)).is_ok());
    }

    #[test]
    fn a_burst_is_followed_by_a_steady_pace_in_the_order_of_asking() {
        let now = Instant::now();
        let mut pace = Pace::new(20, now);
        assert!((0..40).all(|_| pace.take(now).is_zero()));
        let waits: Vec<Duration> = (0..3).map(|_| pace.take(now)).collect();
        assert_eq!(waits, [50, 100, 150].map(Duration::from_millis));
        let later = now + Duration::from_millis(100);
        assert_eq!(pace.take(later), Duration::from_millis(100));
        assert!(pace.take(later + Duration::from_millis(200)).is_zero());
    }
}
