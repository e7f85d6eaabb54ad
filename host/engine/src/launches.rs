//! The launches of one leg: what the scheduler's rulings make of its case.
//!
//! Pure: the dispatcher asks, waits and makes machines. Each hop and each machine that was refused raise the launch's
//! number; the same rulings give the same numbers. Workflows see none of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use act_core::decide::{Case, JobFacts, PastLaunch, Ruling, Seen, Sighting};
use act_core::ids::{JobKey, Launch, LaunchId};
use act_core::place::{Bind, Decision, Placement};
use jiff::Timestamp;

use crate::past::Launched;
use crate::place::Unplaced;
use crate::placing::PlacedLeg;
use crate::request::RunRequest;

/// The number of a job's first launch.
pub(crate) const FIRST: Launch = Launch(1);

/// Launches of one attempt, at the most: who is refused more often is not served by another.
const MAX_LAUNCHES: u32 = 100;

/// What is kept of one launch, at the most: the rest is more of the same.
const MAX_SIGHTINGS: usize = 32;

/// The launches of one leg.
pub(crate) struct Launches {
    /// Of the next launch, or of the one that goes on.
    pub(crate) case: Case,
    /// Before its hop changed it.
    placement: Placement,
    /// Why hops were given up, each with its name.
    given_up: Vec<String>,
}

/// What is to be done.
pub(crate) enum Next {
    /// This machine is wanted.
    Launch(Arc<Decision>),
    /// The scheduler is to be asked, with the case as it is now.
    Ask,
    /// As before, but not before then.
    Wait { until: Timestamp, reason: String },
}

impl Launches {
    /// Begins with the first launch of a placed leg.
    pub(crate) fn new(
        request: &RunRequest,
        key: &JobKey,
        facts: JobFacts,
        placement: Placement,
        bind: Bind,
        now: Timestamp,
    ) -> Self {
        let bind = Bind {
            repository: request.source.repository.clone(),
            labels: labels(request, key, &facts),
            ..bind
        };
        let case = Case {
            launch: LaunchId { run: request.run, job: key.clone(), attempt: request.attempt, launch: FIRST },
            facts,
            placement: on_hop(&placement, 0),
            hop: 0,
            bind,
            now,
            waiting_since: now,
            history: Vec::new(),
        };
        Self { case, placement, given_up: Vec::new() }
    }

    /// Goes on where a host that is gone had come to.
    pub(crate) fn take_up(&mut self, past: &[Launched]) {
        let Some(last) = past.last() else { return };
        self.case.launch.launch = last.launch.launch;
        self.case.hop = last.hop;
        self.case.placement = on_hop(&self.placement, last.hop as usize);
        self.case.waiting_since = past.first().map_or(last.at, |first| first.at);
        let history = past.iter().map(|past| PastLaunch {
            launch: past.launch.launch,
            hop: past.hop,
            at: past.at,
            decision: Arc::new(past.decision.clone()),
            seen: Vec::new(),
        });
        self.case.history = history.collect();
    }

    /// Follows a ruling on a case that was not decided.
    ///
    /// # Errors
    /// Why there is no machine.
    pub(crate) fn follow(&mut self, scheduler: &str, ruling: Ruling) -> Result<Next, Unplaced> {
        match ruling {
            Ruling::Launch(decision) => Ok(self.decided(decision)),
            Ruling::Wait { until, reason } => Ok(Next::Wait { until, reason }),
            Ruling::NextHop { reason } => self.next_hop(&reason),
            Ruling::Fail { reason } => Err(Unplaced { failed: false, ..lost(reason) }),
            Ruling::Keep => {
                Err(scheduler_failed(scheduler, "it ruled to keep a launch that there is not", None))
            }
            Ruling::Failed { reason, needs } => Err(scheduler_failed(scheduler, &reason, needs)),
        }
    }

    /// Follows a ruling on a launch that came to nothing: what comes now is another launch, but for one whose machine was
    /// not made (`unmade`) and that is to wait for it.
    ///
    /// # Errors
    /// Why there is no machine.
    pub(crate) fn follow_end(
        &mut self,
        scheduler: &str,
        ruling: Ruling,
        why: &str,
        unmade: bool,
    ) -> Result<Next, Unplaced> {
        match ruling {
            Ruling::Keep => Err(lost(why.to_owned())),
            Ruling::Wait { .. } if unmade => self.follow(scheduler, ruling),
            Ruling::Launch(_) | Ruling::Wait { .. } => {
                self.raise(why)?;
                self.follow(scheduler, ruling)
            }
            Ruling::NextHop { .. } | Ruling::Fail { .. } | Ruling::Failed { .. } => {
                self.follow(scheduler, ruling)
            }
        }
    }

    /// Returns the launch as it is written down before its machine is asked for.
    pub(crate) fn written(&self, leg: &PlacedLeg, decision: &Decision) -> Launched {
        Launched {
            launch: self.case.launch.clone(),
            hop: self.case.hop,
            at: self.case.now,
            ask: leg.ask.clone(),
            placed: leg.placed.clone(),
            decision: decision.clone(),
        }
    }

    /// Takes down what was seen of the launch. Of what is seen again and again the first time is kept, and the last.
    pub(crate) fn saw(&mut self, seen: &Seen, at: Timestamp) {
        self.case.now = at;
        let Some(last) = self.case.history.last_mut() else { return };
        if last.seen.last().is_some_and(|known| known.seen == *seen) {
            return;
        }
        if last.seen.len() >= MAX_SIGHTINGS {
            last.seen.remove(1);
        }
        last.seen.push(Sighting { at, seen: seen.clone() });
    }

    fn decided(&mut self, decision: Decision) -> Next {
        let decision = Arc::new(decision);
        let Case { launch, hop, now, history, .. } = &mut self.case;
        // What waited for its machine is the same launch as before.
        if let Some(last) = history.last_mut().filter(|last| last.launch == launch.launch) {
            last.decision = decision.clone();
            return Next::Launch(decision);
        }
        let past = PastLaunch {
            launch: launch.launch,
            hop: *hop,
            at: *now,
            decision: decision.clone(),
            seen: Vec::new(),
        };
        self.case.history.push(past);
        Next::Launch(decision)
    }

    fn next_hop(&mut self, reason: &str) -> Result<Next, Unplaced> {
        let hop = self.case.hop as usize;
        let here = self.placement.hops.get(hop).map_or("the only backend", |hop| hop.backend.as_str());
        self.given_up.push(format!("{here}: {reason}"));
        if hop + 1 >= self.placement.hops.len() {
            return Err(lost(format!("there is no backend left to try: {}", self.given_up.join("; "))));
        }
        self.raise(reason)?;
        self.case.hop += 1;
        self.case.placement = on_hop(&self.placement, hop + 1);
        Ok(Next::Ask)
    }

    fn raise(&mut self, reason: &str) -> Result<(), Unplaced> {
        let launch = &mut self.case.launch.launch;
        if launch.0 >= MAX_LAUNCHES {
            return Err(lost(format!("given up after {MAX_LAUNCHES} launches: {reason}")));
        }
        launch.0 += 1;
        Ok(())
    }
}

/// Returns what machines of a job are marked with, for people who look for them.
fn labels(request: &RunRequest, key: &JobKey, facts: &JobFacts) -> BTreeMap<String, String> {
    let label = |name: &str, value: String| (name.to_owned(), value);
    let named = [("job", &facts.job), ("workflow", &facts.workflow)];
    let named = named.into_iter().filter_map(|(name, value)| Some(label(name, value.clone()?)));
    named.chain([label("run-id", request.run.to_string()), label("key", key.to_string())]).collect()
}

/// Returns a placement as one of its hops changes it.
fn on_hop(placement: &Placement, hop: usize) -> Placement {
    let mut here = placement.clone();
    if let Some(hop) = placement.hops.get(hop) {
        here.pool = hop.pool.clone().or(here.pool);
        here.spot = hop.spot.or(here.spot);
    }
    here
}

const fn lost(message: String) -> Unplaced {
    Unplaced { message, hint: None, failed: true, needs: None }
}

fn scheduler_failed(scheduler: &str, reason: &str, needs: Option<String>) -> Unplaced {
    let hint = needs.as_ref().map(|needs| format!("it needs `{needs}`"));
    Unplaced { message: format!("the scheduler `{scheduler}` failed: {reason}"), hint, failed: true, needs }
}

/// Returns when a run began, as its id says.
pub(crate) fn began(request: &RunRequest) -> Timestamp {
    let millis = i64::try_from(request.run.millis()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}
