//! What is known of a run that is taken up again: what was told, how jobs ended, what was decided, what they wrote down.
//!
//! A run that is new has none of it. The walk through the workflow is the same both times; what was told is not told
//! again, a job that ended is not run again, and one that had begun goes on where it is.

use std::collections::HashMap;
use std::mem::discriminant;
use std::sync::{Mutex, PoisonError};

use act_core::decide::LabelAsk;
use act_core::event::{Envelope, Event, JobJudged, JobStamp};
use act_core::ids::{Epoch, JobKey, Launch, LaunchId};
use act_core::place::Decision;
use act_core::record::Record;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;
use crate::place::Placed;

/// A launch that was decided on, as it is written down before its machine is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Launched {
    /// Which.
    pub launch: LaunchId,
    /// Which backend of its placement, from 0.
    pub hop: u32,
    /// When it was decided on.
    pub at: Timestamp,
    /// What the labels were asked as.
    pub ask: LabelAsk,
    /// What was answered.
    pub placed: Placed,
    /// What the scheduler decided.
    pub decision: Decision,
}

/// What was told of a job, or of the run, with the launch it was told of.
type Told = Vec<(Launch, Event)>;

/// The run before it was cut. Filled from its log and its journal, in their order.
#[derive(Debug, Default)]
pub struct Past {
    began: Option<Timestamp>,
    epoch: Option<Epoch>,
    told: Mutex<HashMap<Option<JobKey>, Told>>,
    ends: HashMap<JobKey, Outcome>,
    launches: HashMap<JobKey, Vec<Launched>>,
    records: HashMap<(JobKey, Launch), Vec<Record>>,
}

impl Past {
    /// Takes in a line of the log.
    pub fn told(&mut self, envelope: Envelope) {
        let Envelope { time, job, event, .. } = envelope;
        self.began.get_or_insert(time);
        self.epoch = self.epoch.max(job.as_ref().map(|stamp| stamp.epoch));
        if let (Some(stamp), Event::JobFinished { conclusion, outputs, loss, .. }) = (&job, &event) {
            let (outputs, lost) = (outputs.clone(), loss.is_some());
            self.ends.insert(stamp.job.clone(), Outcome { result: *conclusion, outputs, lost });
        }
        if is_of_engine(&event) {
            let launch = job.as_ref().map_or(Launch(0), |stamp| stamp.launch);
            let told = self.told.get_mut().unwrap_or_else(PoisonError::into_inner);
            told.entry(job.map(|stamp| stamp.job)).or_default().push((launch, event));
        }
    }

    /// Takes in what a job wrote down.
    pub fn kept(&mut self, stamp: &JobStamp, records: Vec<Record>) {
        self.records.entry((stamp.job.clone(), stamp.launch)).or_default().extend(records);
    }

    /// Takes in a launch.
    pub fn launched(&mut self, launched: Launched) {
        self.launches.entry(launched.launch.job.clone()).or_default().push(launched);
    }

    /// Returns the launches that were decided on of jobs that had not ended: their machines may be there.
    pub fn open_launches(&self) -> impl Iterator<Item = &Launched> {
        let open = self.launches.iter().filter(|(key, _)| !self.ends.contains_key(key));
        open.filter_map(|(_, launches)| launches.last())
    }

    /// Whether there is anything of it: the run is not new.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.began.is_some()
    }

    /// Returns when the run began.
    pub(crate) const fn began(&self) -> Option<Timestamp> {
        self.began
    }

    /// Returns who speaks from now on: one more than who spoke before.
    pub(crate) fn next_epoch(&self) -> Epoch {
        Epoch(self.epoch.map_or(1, |last| last.0 + 1))
    }

    /// Whether something was told before: each thing counts once.
    pub(crate) fn has_told(&self, stamp: Option<&JobStamp>, event: &Event) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let key = stamp.map(|stamp| stamp.job.clone());
        let Some(known) = told.get_mut(&key) else { return false };
        let is_same = |(launch, known): &(Launch, Event)| match event {
            Event::JobStarted { .. } => {
                discriminant(known) == discriminant(event)
                    && stamp.is_some_and(|stamp| stamp.launch == *launch)
            }
            event if is_told_once(event) => discriminant(known) == discriminant(event),
            event => known == event,
        };
        let Some(index) = known.iter().position(is_same) else { return false };
        if !is_told_once(event) {
            known.remove(index);
        }
        true
    }

    /// Returns what policies said of a job, in order.
    pub(crate) fn judged(&self, key: &JobKey) -> Vec<JobJudged> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let known = told.get(&Some(key.clone())).map_or(&[][..], Vec::as_slice);
        let verdict = |(_, event): &(Launch, Event)| match event {
            Event::JobJudged(said) => Some(JobJudged::clone(said)),
            _ => None,
        };
        known.iter().filter_map(verdict).collect()
    }

    /// Whether a job came as far as to have legs, or one of itself.
    pub(crate) fn has_legs(&self, key: &JobKey) -> bool {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_leg = |event: &Event| matches!(event, Event::JobExpanded { .. } | Event::JobQueued { .. });
        told.get(&Some(key.clone())).is_some_and(|known| known.iter().any(|(_, event)| is_leg(event)))
    }

    /// Returns how a job ended; its outputs unmasked, where it ran.
    pub(crate) fn end(&self, key: &JobKey) -> Option<Outcome> {
        let mut outcome = self.ends.get(key)?.clone();
        let last = self.launches.get(key).and_then(|launches| launches.last());
        for record in last.into_iter().flat_map(|last| self.records(key, last.launch.launch)) {
            if let Record::JobEnded { outputs, .. } = record {
                outcome.outputs.clone_from(outputs);
            }
        }
        Some(outcome)
    }

    /// Whether any job below one, in the workflow that it calls, was ever spoken of.
    pub(crate) fn has_below(&self, key: &JobKey) -> bool {
        let above = key.segments();
        let is_below = |key: &JobKey| key.segments().len() > above.len() && key.segments().starts_with(above);
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.keys().flatten().any(is_below)
    }

    /// Returns the launches of a job, in order.
    pub(crate) fn launches(&self, key: &JobKey) -> &[Launched] {
        self.launches.get(key).map_or(&[], Vec::as_slice)
    }

    /// Returns what a launch wrote down.
    pub(crate) fn records(&self, key: &JobKey, launch: Launch) -> &[Record] {
        self.records.get(&(key.clone(), launch)).map_or(&[], Vec::as_slice)
    }
}

/// Whether the engine says this itself; all else is the executor's, which keeps its own past.
const fn is_of_engine(event: &Event) -> bool {
    is_told_once(event)
        || matches!(
            event,
            Event::Notice { .. }
                | Event::JobWaiting { .. }
                | Event::JobPlaced(_)
                | Event::JobUnplaced { .. }
                | Event::JobJudged(_)
        )
}

/// Whether this is said once of a run, a job or a launch, whatever is in it.
const fn is_told_once(event: &Event) -> bool {
    matches!(
        event,
        Event::RunStarted(_)
            | Event::JobExpanded { .. }
            | Event::JobQueued { .. }
            | Event::JobStarted { .. }
            | Event::JobFinished { .. }
    )
}
