//! Decides when which signal is due: a pure state machine over a clock that is handed in.
//!
//! Source: actions/runner `ProcessInvoker.cs`, which sends SIGINT, waits 7.5 s, sends SIGTERM, waits
//! 2.5 s and kills the tree. It signals the process alone; here SIGINT and SIGTERM go to its group.

use std::time::Duration;

use crate::control::Stop;

/// How long a kill may take before the process is given up: it hangs in the kernel then.
const SURVIVES_KILL: Duration = Duration::from_secs(10);

/// The waits between the rungs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LadderTimes {
    /// From SIGINT to SIGTERM.
    pub interrupt: Duration,
    /// From SIGTERM to killing the tree.
    pub terminate: Duration,
}

impl Default for LadderTimes {
    fn default() -> Self {
        Self { interrupt: Duration::from_millis(7_500), terminate: Duration::from_millis(2_500) }
    }
}

/// What to do to the process now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// SIGINT to the group.
    Interrupt,
    /// SIGTERM to the group.
    Terminate,
    /// SIGKILL to the group and to every descendant.
    Kill,
    /// Wait no longer.
    GiveUp,
}

/// Why the process is being stopped; the first reason stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Somebody asked.
    Request,
    /// Its time was up.
    Timeout,
}

/// The stop ladder of one process. Times are counted from its start.
#[derive(Clone, Debug)]
pub struct Ladder {
    times: LadderTimes,
    timeout: Option<Duration>,
    cause: Option<Cause>,
    reached: Option<Rung>,
    next: Option<(Rung, Duration)>,
}

impl Ladder {
    /// Makes the ladder of a process that just started.
    #[must_use]
    pub const fn new(times: LadderTimes, timeout: Option<Duration>) -> Self {
        Self { times, timeout, cause: None, reached: None, next: None }
    }

    /// Takes in that somebody wants the process stopped. A milder request than what was done changes nothing.
    pub fn request(&mut self, stop: Stop, now: Duration) {
        let rung = match stop {
            Stop::Ask => Rung::Interrupt,
            Stop::Insist => Rung::Terminate,
            Stop::Kill => Rung::Kill,
        };
        self.begin(Cause::Request, rung, now);
    }

    /// Returns the next thing to do, if it is time; to be called until it returns `None`.
    pub fn due(&mut self, now: Duration) -> Option<Rung> {
        if self.cause.is_none() && self.timeout.is_some_and(|timeout| timeout <= now) {
            self.begin(Cause::Timeout, Rung::Interrupt, now);
        }
        let (rung, _) = self.next.filter(|(_, at)| *at <= now)?;
        self.reached = Some(rung);
        self.next = self.after(rung, now);
        Some(rung)
    }

    /// Returns when [`Ladder::due`] has something next, unless a request comes before.
    #[must_use]
    pub fn wake_at(&self) -> Option<Duration> {
        self.next.map(|(_, at)| at).or_else(|| self.timeout.filter(|_| self.cause.is_none()))
    }

    /// Returns why the process is being stopped, if it is.
    #[must_use]
    pub const fn cause(&self) -> Option<Cause> {
        self.cause
    }

    fn begin(&mut self, cause: Cause, rung: Rung, now: Duration) {
        self.cause.get_or_insert(cause);
        if self.reached < Some(rung) {
            self.next = Some((rung, now));
        }
    }

    fn after(&self, rung: Rung, now: Duration) -> Option<(Rung, Duration)> {
        match rung {
            Rung::Interrupt => Some((Rung::Terminate, now + self.times.interrupt)),
            Rung::Terminate => Some((Rung::Kill, now + self.times.terminate)),
            Rung::Kill => Some((Rung::GiveUp, now + SURVIVES_KILL)),
            Rung::GiveUp => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: LadderTimes =
        LadderTimes { interrupt: Duration::from_secs(7), terminate: Duration::from_secs(2) };

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Plays requests against a clock of whole seconds and returns what was done when.
    fn play(timeout: Option<u64>, requests: &[(u64, Stop)]) -> (Vec<(u64, Rung)>, Option<Cause>) {
        let mut ladder = Ladder::new(TIMES, timeout.map(seconds));
        let mut done = Vec::new();
        for now in 0..60 {
            for (_, stop) in requests.iter().filter(|(at, _)| *at == now) {
                ladder.request(*stop, seconds(now));
            }
            while let Some(rung) = ladder.due(seconds(now)) {
                done.push((now, rung));
            }
        }
        (done, ladder.cause())
    }

    #[test]
    fn each_request_enters_the_ladder_at_its_rung() {
        use Rung::{GiveUp, Interrupt, Kill, Terminate};
        let full = vec![(3, Interrupt), (10, Terminate), (12, Kill), (22, GiveUp)];
        for (case, requests, done) in [
            ("ask", vec![(3, Stop::Ask)], full.clone()),
            ("insist", vec![(3, Stop::Insist)], vec![(3, Terminate), (5, Kill), (15, GiveUp)]),
            ("kill", vec![(3, Stop::Kill)], vec![(3, Kill), (13, GiveUp)]),
            ("asking again changes nothing", vec![(3, Stop::Ask), (5, Stop::Ask)], full),
            (
                "a stronger request jumps ahead",
                vec![(3, Stop::Ask), (5, Stop::Kill), (6, Stop::Insist)],
                vec![(3, Interrupt), (5, Kill), (15, GiveUp)],
            ),
        ] {
            assert_eq!(play(None, &requests), (done, Some(Cause::Request)), "{case}");
        }
        assert_eq!(play(None, &[]), (Vec::new(), None));
    }

    #[test]
    fn the_first_cause_stands() {
        let (done, cause) = play(Some(4), &[(6, Stop::Kill)]);
        assert_eq!((done[0], done[1]), ((4, Rung::Interrupt), (6, Rung::Kill)));
        assert_eq!(cause, Some(Cause::Timeout));
        assert_eq!(play(Some(4), &[(3, Stop::Ask)]).1, Some(Cause::Request));
    }

    #[test]
    fn it_says_when_it_wants_to_be_woken() {
        let mut ladder = Ladder::new(TIMES, Some(seconds(4)));
        assert_eq!(ladder.wake_at(), Some(seconds(4)));
        ladder.request(Stop::Ask, seconds(1));
        assert_eq!(ladder.wake_at(), Some(seconds(1)));
        assert_eq!(ladder.due(seconds(1)), Some(Rung::Interrupt));
        assert_eq!(ladder.wake_at(), Some(seconds(8)));
        assert_eq!(Ladder::new(TIMES, None).wake_at(), None);
    }
}
