//! Labels → placement: the first mapper that answers decides.

use std::sync::Arc;

use act_core::decide::{JobFacts, LabelAsk, LabelMapper, Mapped, MapperAnswer};
use act_core::place::Placement;
use act_workflow::evaluate::RunsOn;
use serde::{Deserialize, Serialize};

/// A placed job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Whether a mapper or the scheduler failed itself: an infrastructure failure, not the workflow's fault.
    pub failed: bool,
    /// The capability that it asked for and does not have here.
    pub needs: Option<String>,
}

/// Asks mappers in order, until one answers for the job or refuses it.
pub async fn answers(mappers: &[Arc<dyn LabelMapper>], ask: &LabelAsk) -> Vec<MapperAnswer> {
    let mut answers = Vec::new();
    for mapper in mappers {
        let answer = mapper.map(ask).await;
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
/// A label that nobody maps, or one that is malformed; a mapper that failed.
pub async fn place(mappers: &[Arc<dyn LabelMapper>], ask: &LabelAsk) -> Result<Placed, Unplaced> {
    verdict(ask, answers(mappers, ask).await)
}

/// Draws the end from what mappers answered.
///
/// # Errors
/// A label that nobody maps, or one that is malformed; a mapper that failed.
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
                    failed: false,
                    needs: None,
                });
            }
            Mapped::Failed { reason, needs } => {
                let message = format!("the label mapper `{mapper}` failed: {reason}");
                let hint = needs.as_ref().map(|needs| format!("it needs `{needs}`"));
                return Err(Unplaced { message, hint, failed: true, needs });
            }
        }
    }
    let hint = |label| format!("`-P {label}=-self-hosted` runs jobs with this label on this machine");
    Err(Unplaced {
        message: format!("nothing here runs `runs-on: {labels}`: {}", reasons.join("; ")),
        hint: unknown.map(hint),
        failed: false,
        needs: None,
    })
}

/// Makes the ask of a job, or a leg, from what its `runs-on` came to.
#[must_use]
pub fn label_ask(facts: JobFacts, runs_on: RunsOn) -> LabelAsk {
    let RunsOn { labels, group, .. } = runs_on;
    LabelAsk { labels, group, facts }
}

impl Unplaced {
    /// Returns the message, and the hint where there is one, a line each.
    #[must_use]
    pub fn lines(self) -> Vec<String> {
        let hint = self.hint.map(|hint| format!("hint: {hint}"));
        std::iter::once(self.message).chain(hint).collect()
    }
}
