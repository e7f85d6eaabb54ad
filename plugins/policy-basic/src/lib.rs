//! What most operators want first, by settings: who may write the actions, whether they are pinned, which labels a job
//! has, that forks get no secrets, and how much a job may ask for.
//!
//! What is not set is not judged, but for forks: their secrets are denied until a setting allows them.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod actions;
mod labels;
mod resources;
mod secrets;

use act_host_sdk::prelude::*;

struct Basic;

policy!(Basic);

impl Policy for Basic {
    fn judge(ask: &PolicyAsk) -> Result<Verdict, Error> {
        let settings = config::read()?;
        let (actions, forks) = (settings.get("actions"), settings.get("forks"));
        let mut wrong = Vec::new();
        let otherwise = match &ask.phase {
            Phase::JobQueued(queued) => {
                actions::check_job(&queued.content, actions, &mut wrong);
                secrets::check_job(ask, &queued.content, forks, &mut wrong);
                labels::judge(&ask.labels, settings.get("labels"))
            }
            Phase::JobStart(start) => resources::judge(&start.placement, settings.get("resources")),
            Phase::Launch(_) => Verdict::Abstain,
            // Actions of composite actions are known only when these are fetched.
            Phase::StepStart(step) => {
                actions::check_step(&step.content, actions, &mut wrong);
                Verdict::Abstain
            }
            Phase::Secret(secret) => {
                secrets::check_use(ask, secret, forks, &mut wrong);
                Verdict::Abstain
            }
        };
        Ok(denial(wrong).unwrap_or(otherwise))
    }
}

/// Makes one denial of all that is wrong, the first with its words and the others by number.
fn denial(mut wrong: Vec<String>) -> Option<Verdict> {
    let more = wrong.len().checked_sub(1)?;
    let first = wrong.swap_remove(0);
    Some(Verdict::Deny(if more > 0 { format!("{first}, and {more} more") } else { first }))
}

/// Writes a place as messages do.
fn at(place: &CodePlace) -> String {
    format!("{}:{}:{}", place.file, place.line, place.column)
}

#[cfg(test)]
mod tests;
