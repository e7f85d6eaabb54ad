//! Labels → placement → decision: the first mapper that answers decides.

use std::sync::Arc;

use act_core::decide::{Case, LabelAsk, LabelMapper, Mapped, Ruling, Scheduler};
use act_core::place::{Decision, Placement};
use act_workflow::evaluate::RunsOn;
use act_workflow::model::Job;
use serde::Serialize;

/// A placed job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Which mapper answered.
    pub mapper: String,
    /// What it said.
    pub placement: Placement,
    /// Why.
    pub reason: String,
}

/// Why a job has no place. The text says which labels, and what each mapper said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unplaced {
    /// For people.
    pub message: String,
    /// What may help.
    pub hint: Option<String>,
}

/// What one mapper answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MapperAnswer {
    /// Its name.
    pub mapper: String,
    /// What it said.
    #[serde(flatten)]
    pub answer: Mapped,
}

/// Asks mappers in order, until one answers for the job or refuses it.
#[must_use]
pub fn answers(mappers: &[Arc<dyn LabelMapper>], ask: &LabelAsk) -> Vec<MapperAnswer> {
    let mut answers = Vec::new();
    for mapper in mappers {
        let answer = mapper.map(ask);
        let goes_on = matches!(answer, Mapped::NotMine { .. });
        answers.push(MapperAnswer { mapper: mapper.name().to_owned(), answer });
        if !goes_on {
            break;
        }
    }
    answers
}

/// Asks mappers in order.
///
/// # Errors
/// A label that nobody maps, or one that is malformed.
pub fn place(mappers: &[Arc<dyn LabelMapper>], ask: &LabelAsk) -> Result<Placed, Unplaced> {
    verdict(ask, answers(mappers, ask))
}

/// Draws the end from what mappers answered.
///
/// # Errors
/// A label that nobody maps, or one that is malformed.
pub fn verdict(ask: &LabelAsk, answers: Vec<MapperAnswer>) -> Result<Placed, Unplaced> {
    let labels = ask.labels.join(", ");
    let mut reasons = Vec::new();
    let mut unknown = None;
    for MapperAnswer { mapper, answer } in answers {
        match answer {
            Mapped::Mine { placement, reason } => return Ok(Placed { mapper, placement, reason }),
            Mapped::NotMine { reason, label } => {
                reasons.push(reason);
                unknown = unknown.or(label);
            }
            Mapped::Malformed { reason, nearest } => {
                return Err(Unplaced {
                    message: format!("nothing here runs `runs-on: {labels}`: {reason}"),
                    hint: nearest.map(|nearest| format!("did you mean `{nearest}`?")),
                });
            }
        }
    }
    let hint = |label| format!("`-P {label}=-self-hosted` runs jobs with this label on this machine");
    Err(Unplaced {
        message: format!("nothing here runs `runs-on: {labels}`: {}", reasons.join("; ")),
        hint: unknown.map(hint),
    })
}

/// Asks the scheduler.
///
/// # Errors
/// Why no machine here fits.
pub fn decide(scheduler: &dyn Scheduler, case: &Case) -> Result<Decision, Unplaced> {
    match scheduler.decide(case) {
        Ruling::Launch(decision) => Ok(decision),
        Ruling::Fail { reason } => Err(Unplaced { message: reason, hint: None }),
    }
}

/// Makes the ask of a job, or a leg, from what its `runs-on` came to.
#[must_use]
pub fn label_ask(job: &Job, runs_on: RunsOn, repository: &str) -> LabelAsk {
    let RunsOn { labels, group, .. } = runs_on;
    LabelAsk { labels, group, repository: repository.to_owned(), job: job.id.as_str().to_owned() }
}

impl Unplaced {
    /// Returns the message, and the hint where there is one, a line each.
    #[must_use]
    pub fn lines(self) -> Vec<String> {
        let hint = self.hint.map(|hint| format!("hint: {hint}"));
        std::iter::once(self.message).chain(hint).collect()
    }
}
