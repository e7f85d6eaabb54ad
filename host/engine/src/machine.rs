//! A machine from its making to its end: what is seen of it is shown to the scheduler, whose rulings count.
//!
//! While a job waits for its machine, a ruling may give the machine up. While the job runs, what is seen is only taken
//! down: a machine that is gone shows in the job's environment, and then the scheduler is asked.

use std::sync::Arc;
use std::time::Duration;

use act_core::decide::{Ruling, Seen};
use act_core::environment::Environment;
use act_core::event::{Event, Level};
use act_core::provisioner::{Machine, Release, Released};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use jiff::Timestamp;

use crate::dispatcher::Run;
use crate::job::LegCase;
use crate::launches::Launches;

/// How long a machine that is gone may take to say why.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How long a scheduler that asks to be asked again at once is left alone.
pub(crate) const SHORTEST_WAIT: Duration = Duration::from_millis(100);

/// A launch that came to nothing, and what the scheduler rules on it.
pub(crate) struct Ruled {
    pub(crate) ruling: Ruling,
    /// What was seen, in one line.
    pub(crate) why: String,
}

/// Why there is no environment.
pub(crate) enum Unready {
    Cancelled,
    Ruled(Ruled),
    /// The job's time was over. What it waited for.
    TimeUp(String),
}

/// What is seen of one machine.
pub(crate) struct Watch {
    stream: BoxStream<'static, Seen>,
    /// The last thing, with what people read of it.
    last: Option<Seen>,
}

impl Watch {
    pub(crate) const fn new(stream: BoxStream<'static, Seen>) -> Self {
        Self { stream, last: None }
    }

    /// Watches a machine that is gone.
    pub(crate) fn of_gone(text: &str) -> Self {
        let last = Some(Seen::Lost { text: text.to_owned() });
        Self { stream: stream::pending().boxed(), last }
    }

    /// Waits for the next thing; for ever when there is nothing more to come.
    async fn next(&mut self) -> Seen {
        match self.stream.next().await {
            Some(seen) => {
                self.last = Some(seen.clone());
                seen
            }
            None => std::future::pending().await,
        }
    }

    /// Takes down what is seen until `work` is done.
    pub(crate) async fn beside<T>(&mut self, work: impl Future<Output = T>, mut saw: impl FnMut(&Seen)) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                seen = self.next() => saw(&seen),
            }
        }
    }

    /// Returns why a machine is gone: what was seen that says so, else that nobody knows.
    pub(crate) async fn end(&mut self, text: &str, started: bool) -> Seen {
        let unknown = || Seen::Lost { text: text.to_owned() };
        self.known_end(started).await.unwrap_or_else(unknown)
    }

    /// Returns what was seen that says why a machine is gone, if it is.
    pub(crate) async fn known_end(&mut self, started: bool) -> Option<Seen> {
        let said = tokio::time::timeout(LAST_WORDS, async {
            while !self.last.as_ref().is_some_and(is_end) {
                self.next().await;
            }
        });
        let _ = said.await;
        Some(match self.last.clone().filter(is_end)? {
            Seen::Evicted { started: ran, text } => Seen::Evicted { started: started || ran, text },
            seen => seen,
        })
    }
}

/// Whether a machine of which this is seen is gone for good.
const fn is_end(seen: &Seen) -> bool {
    matches!(seen, Seen::Evicted { .. } | Seen::OutOfMemory { .. } | Seen::Lost { .. } | Seen::Other { .. })
}

/// Returns what people read of something that was seen.
pub(crate) fn text(seen: &Seen) -> String {
    match seen {
        Seen::Pending { reason, .. } => reason.clone(),
        Seen::Unschedulable { text } => format!("no room: {text}"),
        Seen::Quota { text } | Seen::Lost { text } => text.clone(),
        Seen::Image { text, .. } => format!("the image cannot be used: {text}"),
        Seen::Evicted { text, .. } => format!("evicted: {text}"),
        Seen::OutOfMemory { text } => format!("out of memory: {text}"),
        // What these say, the text says.
        Seen::Other { code, text } if code == "refused" || code == "Exited" => text.clone(),
        Seen::Other { code, text } => format!("{code}: {text}"),
    }
}

impl Run {
    /// Waits until a machine is ready, for as long as the scheduler and the job's time let it.
    pub(crate) async fn ready(
        &self,
        case: &LegCase<'_>,
        launches: &mut Launches,
        machine: &Machine,
        watch: &mut Watch,
    ) -> Result<Arc<dyn Environment>, Unready> {
        let launch = launches.case.launch.clone();
        let mut bind = self.host.provisioner.bind(machine, &launch, self.epoch);
        let mut told = None;
        let mut again: Option<Timestamp> = None;
        loop {
            let timer = self.turn(launches, again);
            let seen = tokio::select! {
                // First, so that who is cancelled is not given a machine that is ready at the same moment.
                biased;
                () = self.stays_out(case) => return Err(Unready::Cancelled),
                ready = &mut bind => match ready {
                    Ok(env) => return Ok(env),
                    Err(error) => {
                        let end = watch.end(&error.to_string(), self.has_begun(&case.key)).await;
                        return Err(Unready::Ruled(self.ruled(launches, end).await));
                    }
                },
                seen = watch.next() => seen,
                is_time_up = timer => match (is_time_up, watch.last.clone()) {
                    (true, last) => return Err(Unready::TimeUp(last.map_or_else(
                        || "the machine was not ready".to_owned(), |seen| text(&seen)))),
                    (false, Some(seen)) => seen,
                    (false, None) => continue,
                },
            };
            let Ruled { ruling, why } = self.ruled(launches, seen).await;
            let waits = match ruling {
                Ruling::Keep => {
                    again = None;
                    why
                }
                Ruling::Wait { until, reason } => {
                    again = Some(until);
                    reason
                }
                ruling => return Err(Unready::Ruled(Ruled { ruling, why })),
            };
            if told.as_ref() != Some(&waits) {
                self.say(Some(&case.key), Event::JobWaiting { reason: waits.clone() });
                told = Some(waits);
            }
        }
    }

    /// Takes down what is seen and asks the scheduler.
    pub(crate) async fn ruled(&self, launches: &mut Launches, seen: Seen) -> Ruled {
        launches.saw(&seen, self.host.clock.now());
        let ruling = self.host.scheduler.react(&launches.case, &seen).await;
        Ruled { ruling, why: text(&seen) }
    }

    /// Waits until the scheduler is to be asked again, or until the job's time is up, which it returns.
    async fn turn(&self, launches: &Launches, again: Option<Timestamp>) -> bool {
        let now = self.host.clock.now();
        let case = &launches.case;
        let left = case.bind.deadline.map(|limit| limit.saturating_sub(since(case.waiting_since, now)));
        let again = again.map(|until| since(now, until).max(SHORTEST_WAIT));
        match (left, again) {
            (Some(left), Some(again)) => {
                tokio::time::sleep(left.min(again)).await;
                left <= again
            }
            (Some(left), None) => {
                tokio::time::sleep(left).await;
                true
            }
            (None, Some(again)) => {
                tokio::time::sleep(again).await;
                false
            }
            (None, None) => std::future::pending().await,
        }
    }

    /// Takes a machine down, and says so where that cannot be confirmed, or where it is kept.
    pub(crate) async fn release(&self, case: &LegCase<'_>, machine: &Machine, why: Release) {
        let (level, message) = match self.host.provisioner.release(machine, why).await {
            Released::Gone => return,
            Released::Unconfirmed(what) => {
                (Level::Warning, format!("the job's machine could not be taken down wholly: {what}"))
            }
            Released::Kept(how) => (Level::Notice, format!("the job's machine is kept: {how}")),
        };
        self.notice(Some(&case.key), level, None, message);
    }
}

/// Returns the time from one moment to a later one.
pub(crate) fn since(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}
