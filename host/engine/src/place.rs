//! Labels → placement → decision: the first mapper that answers decides.

use std::sync::Arc;

use act_core::decide::{Case, LabelAsk, LabelMapper, Mapped, Ruling};
use act_core::place::{Decision, Placement};

use crate::ports::Host;

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

/// Asks mappers in order.
///
/// # Errors
/// A label that nobody maps, or one that is malformed.
pub fn place(mappers: &[Arc<dyn LabelMapper>], ask: &LabelAsk) -> Result<Placed, Unplaced> {
    let labels = ask.labels.join(", ");
    let mut reasons = Vec::new();
    for mapper in mappers {
        match mapper.map(ask) {
            Mapped::Mine { placement, reason } => {
                return Ok(Placed { mapper: mapper.name().to_owned(), placement, reason });
            }
            Mapped::NotMine { reason } => reasons.push(reason),
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
        hint: ask.labels.first().map(hint),
    })
}

impl Host {
    /// Asks the scheduler.
    ///
    /// # Errors
    /// Why no machine here fits.
    pub fn decide(&self, case: &Case) -> Result<Decision, Unplaced> {
        match self.scheduler.decide(case) {
            Ruling::Launch(decision) => Ok(decision),
            Ruling::Fail { reason } => Err(Unplaced { message: reason, hint: None }),
        }
    }
}
